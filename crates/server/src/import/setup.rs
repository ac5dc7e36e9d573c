//! What a person says about a file: which column holds what, and what the file does not say. Must not judge a row.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tapal_domain::{
    day::Day,
    id::SiteId,
    import::{Field, Format},
    rule_pack::{OrderForm, OrderKind},
};
use utoipa::ToSchema;

/// What is known of a file and what was said about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportSetup {
    /// Headings of the columns, in their order; empty for formats with names of their own.
    #[serde(default)]
    pub headings: Vec<String>,
    /// `,`, `;` or a tab.
    #[serde(default)]
    pub separator: String,
    /// Whether every cell is UTF-8.
    #[serde(default)]
    pub utf8: bool,
    /// Read cells as Windows-1252 instead.
    #[serde(default)]
    pub windows_1252: bool,
    /// Number of the column, from 1, of each field that has one.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, usize>)]
    pub columns: BTreeMap<Field, usize>,
    /// What the file does not say.
    #[serde(default)]
    pub given: ImportGiven,
}

/// What the file does not say, said once for all its rows. A cell that says it counts before this.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportGiven {
    /// Kind of the orders.
    #[serde(default)]
    pub kind: Option<OrderKind>,
    /// Their form.
    #[serde(default)]
    pub form: Option<OrderForm>,
    /// The day they bear.
    #[serde(default)]
    pub ordered_on: Option<Day>,
    /// Code of the reason.
    #[serde(default)]
    pub reason: String,
    /// The reason in words.
    #[serde(default)]
    pub reason_text: String,
    /// First day in force.
    #[serde(default)]
    pub first_day: Option<Day>,
    /// Last day in force.
    #[serde(default)]
    pub last_day: Option<Day>,
    /// The checkpoint urgent orders go to.
    #[serde(default)]
    pub checkpoint: Option<SiteId>,
}

/// What a heading may say, without spaces and marks, small.
const WORDS: &[(Field, &[&str])] = &[
    (
        Field::SourceKey,
        &[
            "sourcekey",
            "key",
            "id",
            "kunci",
            "idsumber",
            "sourceid",
            "entityid",
            "no",
            "nourut",
        ],
    ),
    (
        Field::Reference,
        &[
            "reference",
            "ref",
            "ordernumber",
            "orderno",
            "number",
            "nomor",
            "nomorsurat",
            "nosurat",
            "nomorkeputusan",
            "nomorpermintaan",
            "nomorperintah",
            "referensi",
        ],
    ),
    (
        Field::Kind,
        &["kind", "type", "jenis", "ordertype", "daftar"],
    ),
    (Field::Form, &["form", "bentuk"]),
    (
        Field::Agency,
        &["agency", "requester", "instansi", "lembaga", "pemohon"],
    ),
    (
        Field::OrderedOn,
        &[
            "orderedon",
            "orderdate",
            "dateoforder",
            "date",
            "tanggal",
            "tanggalsurat",
            "tanggalkeputusan",
        ],
    ),
    (
        Field::Reason,
        &["reason", "reasoncode", "alasan", "kodealasan"],
    ),
    (
        Field::ReasonText,
        &[
            "reasontext",
            "reasoninwords",
            "charge",
            "uraian",
            "uraianalasan",
            "perkara",
            "keterangan",
        ],
    ),
    (
        Field::FirstDay,
        &[
            "firstday",
            "from",
            "start",
            "startdate",
            "validfrom",
            "haripertama",
            "mulai",
            "berlakumulai",
            "tanggalmulai",
        ],
    ),
    (
        Field::LastDay,
        &[
            "lastday",
            "to",
            "until",
            "end",
            "enddate",
            "validto",
            "hariterakhir",
            "sampai",
            "berlakusampai",
            "tanggalakhir",
        ],
    ),
    (
        Field::Checkpoint,
        &["checkpoint", "site", "tpi", "tempatpemeriksaan"],
    ),
    (
        Field::FullName,
        &["fullname", "name", "nama", "namalengkap"],
    ),
    (
        Field::GivenName,
        &[
            "givenname",
            "givennames",
            "firstname",
            "forename",
            "namadepan",
        ],
    ),
    (
        Field::FamilyName,
        &[
            "familyname",
            "surname",
            "lastname",
            "namabelakang",
            "namakeluarga",
        ],
    ),
    (
        Field::Aliases,
        &["aliases", "alias", "aka", "othernames", "namalain"],
    ),
    (
        Field::Sex,
        &["sex", "gender", "jeniskelamin", "kelamin", "jk"],
    ),
    (
        Field::BirthDate,
        &[
            "birthdate",
            "dateofbirth",
            "dob",
            "born",
            "tanggallahir",
            "tgllahir",
        ],
    ),
    (
        Field::BirthPlace,
        &["birthplace", "placeofbirth", "pob", "tempatlahir"],
    ),
    (
        Field::Nationality,
        &[
            "nationality",
            "citizenship",
            "country",
            "kewarganegaraan",
            "warganegara",
            "negara",
        ],
    ),
    (
        Field::DocumentNumber,
        &[
            "documentnumber",
            "document",
            "passport",
            "passportnumber",
            "passportno",
            "paspor",
            "nomorpaspor",
            "nopaspor",
            "nomordokumen",
        ],
    ),
    (Field::Nik, &["nik", "nationalid", "ktp", "nomorktp"]),
    (Field::Address, &["address", "alamat"]),
    (Field::Occupation, &["occupation", "job", "pekerjaan"]),
];

fn plain(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// Which column probably holds what, by its heading in Indonesian or English. A person looks at it and puts it right.
pub fn guess(headings: &[String]) -> BTreeMap<Field, usize> {
    let mut columns = BTreeMap::new();
    for (at, heading) in headings.iter().enumerate() {
        let word = plain(heading);
        let field = WORDS
            .iter()
            .find(|(field, words)| words.contains(&word.as_str()) || plain(field.name()) == word);
        if let Some((field, _)) = field {
            columns.entry(*field).or_insert(at + 1);
        }
    }
    columns
}

impl ImportSetup {
    /// What OpenSanctions and INTERPOL files mean without being told.
    pub fn preset(format: Format, headings: Vec<String>) -> Self {
        let mut setup = ImportSetup {
            columns: match format.has_columns() {
                true => guess(&headings),
                false => BTreeMap::new(),
            },
            headings,
            utf8: true,
            ..ImportSetup::default()
        };
        if format == Format::Interpol {
            setup.given.kind = Some(OrderKind::RedNotice);
            setup.given.form = Some(OrderForm::Request);
        }
        setup
    }

    /// What is said, put into what is known. The headings and the separator are the file's own.
    pub fn with(mut self, said: ImportSetup) -> Self {
        self.columns = said.columns;
        self.windows_1252 = said.windows_1252;
        self.given = said.given;
        self
    }

    /// The code of what is still to be said, if anything.
    pub fn lacks(&self, format: Format) -> Option<&'static str> {
        let has = |field: Field| self.columns.contains_key(&field);
        let named = has(Field::FullName) || has(Field::FamilyName);
        let keyed = has(Field::Reference) || has(Field::SourceKey);
        if format.has_columns() && !(named && keyed) {
            return Some("columns_missing");
        }
        let beyond = |at: &usize| *at == 0 || *at > self.headings.len();
        if format.has_columns() && self.columns.values().any(beyond) {
            return Some("column_unknown");
        }
        let given = &self.given;
        let said = |field: Field, given: bool| given || has(field);
        let all = said(Field::Kind, given.kind.is_some())
            && said(Field::Form, given.form.is_some())
            && said(Field::OrderedOn, given.ordered_on.is_some())
            && said(Field::Reason, !given.reason.is_empty())
            && said(Field::FirstDay, given.first_day.is_some());
        (!all).then_some("given_missing")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_guessed_in_both_languages() {
        for (heading, field) in [
            ("Nama Lengkap", Field::FullName),
            ("Full name", Field::FullName),
            ("Tgl. Lahir", Field::BirthDate),
            ("Date of birth", Field::BirthDate),
            ("NOMOR SURAT", Field::Reference),
            ("order_number", Field::Reference),
            ("Jenis Kelamin", Field::Sex),
            ("Berlaku sampai", Field::LastDay),
            ("valid to", Field::LastDay),
            ("No. Paspor", Field::DocumentNumber),
            ("Kewarganegaraan", Field::Nationality),
        ] {
            let found = guess(&["?".into(), heading.into()]);
            assert_eq!(found.get(&field), Some(&2), "{heading}");
            assert_eq!(found.len(), 1, "{heading}");
        }
        for field in Field::ALL {
            assert!(
                guess(&[field.name().into()]).contains_key(field),
                "{field:?}"
            );
        }
    }

    #[test]
    fn what_neither_the_file_nor_the_person_says_is_asked_for() {
        let mut setup = ImportSetup::preset(Format::Csv, vec!["nama".into(), "nomor".into()]);
        assert_eq!(setup.lacks(Format::Csv), Some("given_missing"));
        setup.columns.remove(&Field::Reference);
        assert_eq!(setup.lacks(Format::Csv), Some("columns_missing"));
        setup.columns.insert(Field::Reference, 3);
        assert_eq!(setup.lacks(Format::Csv), Some("column_unknown"));
    }
}
