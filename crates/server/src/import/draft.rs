//! From the cells of a row to what an order says, with everything that is wrong at once. Must not be kinder than the
//! form of an order: what is lawful and complete is asked of the domain.

use std::collections::BTreeMap;

use tapal_documents::country::alpha3;
use tapal_domain::{
    day::Day,
    entry::{Agency, Person},
    id::SiteId,
    import::{Fault, Field, is_open},
    order::{Contents, Gap, Handed, Subject, gaps},
    rule_pack,
};

use super::{cell, setup::ImportSetup};

/// What a row says, by field.
pub type Cells = BTreeMap<Field, String>;

/// Most characters of a cell.
pub const CELL_CHARS: usize = 4_000;

/// What is the same for every row of a file.
pub struct Batch<'a> {
    /// What a person said about the file.
    pub setup: &'a ImportSetup,
    /// Whose orders.
    pub agency: Agency,
    /// Checkpoints by name.
    pub sites: &'a [(SiteId, String)],
    /// The day it is.
    pub today: Day,
}

/// A row that can become an order.
pub struct Built {
    /// What the order says.
    pub contents: Contents,
    /// What a person still has to fill in.
    pub gaps: Vec<Gap>,
    /// What the row is known by at its source.
    pub key: String,
}

impl Batch<'_> {
    /// The order of a row, or all that is wrong with it.
    pub fn build(&self, cells: &Cells) -> Result<Built, Vec<Fault>> {
        let mut faults = Vec::new();
        for (field, text) in cells {
            if text.chars().count() > CELL_CHARS {
                faults.push(Fault::at("cell_too_long", *field));
            }
        }
        let handed = self.handed(cells, &mut faults);
        let (Some(handed), true) = (handed, faults.is_empty()) else {
            return Err(faults);
        };
        let key = said(cells, Field::SourceKey).unwrap_or(&handed.reference);
        let key = key.split_whitespace().collect::<Vec<_>>().join(" ");
        let contents = crate::order::lawful(handed).map_err(|error| vec![fault_of(error.code)])?;
        let pack = rule_pack::pack_for(contents.ordered_on);
        // No photograph is there yet.
        let all = gaps(&contents, pack, 0, self.today);
        let grave = all.iter().filter(|gap| !is_open(**gap));
        let faults: Vec<Fault> = grave.map(|gap| Fault::gap(*gap)).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Built {
            contents,
            gaps: all,
            key,
        })
    }

    fn handed(&self, cells: &Cells, faults: &mut Vec<Fault>) -> Option<Handed> {
        let given = &self.setup.given;
        let text = |field: Field| said(cells, field).unwrap_or_default().trim().to_owned();
        if said(cells, Field::Agency).is_some_and(|agency| !same_agency(agency, self.agency)) {
            faults.push(Fault::at("other_agency", Field::Agency));
        }
        let kind = read(
            cells,
            Field::Kind,
            cell::kind,
            given.kind,
            "unknown_kind",
            faults,
        );
        let form = read(
            cells,
            Field::Form,
            cell::form,
            given.form,
            "unknown_form",
            faults,
        );
        let ordered_on = read(
            cells,
            Field::OrderedOn,
            cell::day,
            given.ordered_on,
            "bad_date",
            faults,
        );
        let first_day = read(
            cells,
            Field::FirstDay,
            cell::day,
            given.first_day,
            "bad_date",
            faults,
        );
        // For an entry ban for life there is no last day; the domain says whether that is lawful.
        let last_day = match said(cells, Field::LastDay) {
            None => given.last_day,
            Some(text) => read_cell(text, Field::LastDay, cell::day, "bad_date", faults),
        };
        let checkpoint = match said(cells, Field::Checkpoint) {
            None => given.checkpoint,
            Some(text) => read_cell(
                text,
                Field::Checkpoint,
                |text| self.site(text),
                "unknown_checkpoint",
                faults,
            ),
        };
        let person = Person {
            full_name: name(cells),
            sex: optional(
                cells,
                Field::Sex,
                |text| cell::sex(text).map(str::to_owned),
                "bad_sex",
                faults,
            ),
            birth_date: optional(
                cells,
                Field::BirthDate,
                cell::birth,
                "bad_birth_date",
                faults,
            ),
            nationality: optional(cells, Field::Nationality, alpha3, "bad_nationality", faults),
            document_number: text(Field::DocumentNumber),
        };
        let aliases = text(Field::Aliases);
        let reason = said(cells, Field::Reason).map(|code| code.trim().to_lowercase());
        let reason_text = said(cells, Field::ReasonText).unwrap_or(&given.reason_text);
        let reference = said(cells, Field::Reference).or(said(cells, Field::SourceKey));
        Some(Handed {
            kind: kind?,
            form: form?,
            agency: self.agency,
            reference: reference.unwrap_or_default().trim().to_owned(),
            ordered_on: ordered_on?,
            subject: Subject {
                person,
                aliases: aliases
                    .split(';')
                    .map(|one| one.trim().to_owned())
                    .filter(|one| !one.is_empty())
                    .collect(),
                birth_place: text(Field::BirthPlace),
                nik: text(Field::Nik),
                address: text(Field::Address),
                occupation: text(Field::Occupation),
            },
            reason: reason.unwrap_or_else(|| given.reason.clone()),
            reason_text: reason_text.trim().to_owned(),
            first_day: first_day?,
            last_day,
            checkpoint,
        })
    }

    fn site(&self, text: &str) -> Option<SiteId> {
        let same = |name: &str| name.trim().eq_ignore_ascii_case(text.trim());
        let found = self.sites.iter().find(|(_, name)| same(name));
        found.map(|(id, _)| *id)
    }
}

/// What a cell says, if it says anything.
fn said(cells: &Cells, field: Field) -> Option<&str> {
    cells
        .get(&field)
        .map(String::as_str)
        .filter(|text| !text.trim().is_empty())
}

fn name(cells: &Cells) -> String {
    let part = |field| said(cells, field).unwrap_or_default();
    match said(cells, Field::FullName) {
        Some(name) => name.to_owned(),
        None => format!("{} {}", part(Field::GivenName), part(Field::FamilyName))
            .trim()
            .to_owned(),
    }
}

fn same_agency(text: &str, agency: Agency) -> bool {
    let word = text.trim().to_lowercase().replace([' ', '-'], "_");
    let other = match word.as_str() {
        "imigrasi" => "immigration",
        "polri" | "polisi" => "police",
        "kejaksaan" => "attorney_general",
        "keuangan" => "finance",
        "interpol" | "ncb" => "interpol_bureau",
        other => other,
    };
    other == agency.name()
}

fn read_cell<T>(
    text: &str,
    field: Field,
    how: impl Fn(&str) -> Option<T>,
    code: &str,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let value = how(text);
    if value.is_none() {
        faults.push(Fault::at(code, field));
    }
    value
}

fn read<T: Copy>(
    cells: &Cells,
    field: Field,
    how: impl Fn(&str) -> Option<T>,
    given: Option<T>,
    code: &str,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    match (said(cells, field), given) {
        (Some(text), _) => read_cell(text, field, how, code, faults),
        (None, Some(given)) => Some(given),
        (None, None) => {
            faults.push(Fault::at("empty_cell", field));
            None
        }
    }
}

fn optional(
    cells: &Cells,
    field: Field,
    how: impl Fn(&str) -> Option<String>,
    code: &str,
    faults: &mut Vec<Fault>,
) -> String {
    let text = said(cells, field);
    text.and_then(|text| read_cell(text, field, how, code, faults))
        .unwrap_or_default()
}

fn fault_of(code: &str) -> Fault {
    match code {
        "entry_ban_on_citizen" => Fault::at(code, Field::Nationality),
        "period_empty" => Fault::at(code, Field::LastDay),
        "bad_birth_date" => Fault::at(code, Field::BirthDate),
        other => Fault::row(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tapal_domain::rule_pack::{OrderForm, OrderKind};

    fn setup() -> ImportSetup {
        let mut setup = ImportSetup::default();
        let given = &mut setup.given;
        given.kind = Some(OrderKind::ExitBan);
        given.form = Some(OrderForm::Request);
        given.ordered_on = cell::day("2026-01-02");
        given.first_day = cell::day("2026-01-02");
        given.last_day = cell::day("2026-05-02");
        given.reason = "criminal_case".into();
        given.reason_text = "A file at the agency.".into();
        setup
    }

    fn cells() -> Cells {
        let cell = |field, text: &str| (field, text.to_owned());
        Cells::from([
            cell(Field::Reference, "R-1/2026"),
            cell(Field::FullName, "Contoh  Satu"),
            cell(Field::Sex, "L"),
            cell(Field::BirthDate, "3/2/1980"),
            cell(Field::BirthPlace, "Kota Contoh"),
            cell(Field::Nationality, "ID"),
            cell(Field::Aliases, "Si Contoh; C. Satu"),
        ])
    }

    fn check(change: impl Fn(&mut Cells), expect: &[(&str, Option<Field>)]) {
        let (setup, mut cells) = (setup(), cells());
        change(&mut cells);
        let batch = Batch {
            setup: &setup,
            agency: Agency::Police,
            sites: &[],
            today: cell::day("2026-02-01").unwrap(),
        };
        let found = batch.build(&cells).err().unwrap_or_default();
        let found: Vec<_> = found
            .iter()
            .map(|fault| (fault.code.as_str(), fault.field))
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_cell_and_all_at_once() {
        use Field::*;
        let put = |field: Field, text: &'static str| {
            move |cells: &mut Cells| {
                cells.insert(field, text.into());
            }
        };
        check(|_| {}, &[]);
        check(put(FullName, " "), &[("gap_name", Some(FullName))]);
        check(put(Reference, ""), &[("gap_reference", Some(Reference))]);
        check(
            put(BirthDate, "31/02/1980"),
            &[("bad_birth_date", Some(BirthDate))],
        );
        check(put(Sex, "?"), &[("bad_sex", Some(Sex))]);
        check(
            put(Nationality, "Atlantis"),
            &[("bad_nationality", Some(Nationality))],
        );
        check(put(Kind, "ban"), &[("unknown_kind", Some(Kind))]);
        check(
            put(Kind, "tangkal"),
            &[("entry_ban_on_citizen", Some(Nationality))],
        );
        check(put(Form, "letter"), &[("unknown_form", Some(Form))]);
        check(put(Agency, "KPK"), &[("other_agency", Some(Agency))]);
        check(put(FirstDay, "2026-13-01"), &[("bad_date", Some(FirstDay))]);
        check(
            put(LastDay, "2026-01-01"),
            &[("period_empty", Some(LastDay))],
        );
        check(
            put(LastDay, "2027-05-02"),
            &[("gap_too_long", Some(LastDay))],
        );
        check(put(LastDay, "2026-01-20"), &[("gap_over", Some(LastDay))]);
        check(put(Reason, "because"), &[("gap_reason", Some(Reason))]);
        check(
            put(OrderedOn, "2026-03-01"),
            &[("gap_ordered_on", Some(OrderedOn))],
        );
        check(
            put(Checkpoint, "Nowhere"),
            &[("unknown_checkpoint", Some(Checkpoint))],
        );
        check(
            |cells| {
                cells.insert(Address, "x".repeat(CELL_CHARS + 1));
            },
            &[("cell_too_long", Some(Address))],
        );
        check(
            |cells| {
                cells.insert(Sex, "?".into());
                cells.insert(LastDay, "soon".into());
            },
            &[("bad_date", Some(LastDay)), ("bad_sex", Some(Sex))],
        );
    }

    #[test]
    fn a_good_row_says_what_the_form_would() {
        let (setup, cells) = (setup(), cells());
        let batch = Batch {
            setup: &setup,
            agency: Agency::Police,
            sites: &[],
            today: cell::day("2026-02-01").unwrap(),
        };
        let built = batch
            .build(&cells)
            .unwrap_or_else(|faults| panic!("{faults:?}"));
        let subject = &built.contents.subject;
        assert_eq!(subject.person.full_name, "Contoh Satu");
        assert_eq!(
            (
                subject.person.sex.as_str(),
                subject.person.birth_date.as_str()
            ),
            ("M", "1980-02-03")
        );
        assert_eq!(subject.person.nationality, "IDN");
        assert_eq!(subject.aliases, ["Si Contoh", "C. Satu"]);
        assert_eq!(
            (built.key.as_str(), &built.gaps[..]),
            ("R-1/2026", &[Gap::Photo][..])
        );
    }
}
