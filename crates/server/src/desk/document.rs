//! The document a traveller shows at a desk: read by a machine, or typed by the officer. Must not keep it, nor refuse a
//! number by its pattern (ICAO Doc 9303 has none).

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tapal_documents::{country, mrz};
use tapal_domain::{crossing::Nationality, day::Day};
use tapal_store::crossing::Identity;
use utoipa::ToSchema;

use crate::{
    error::{ApiError, ApiResult},
    name_check::subject::Asked,
};

/// What was read or typed. Either the lines of the machine readable zone, or the fields. `Debug` is redacted.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeskDocument)]
#[serde(default)]
pub struct DocumentInput {
    /// The lines of the zone; when given, the fields below are not looked at.
    pub mrz: String,
    /// `photo` when the lines come from a photograph of the page; empty otherwise.
    pub by: String,
    /// Issuing state, one to three letters as in the document.
    pub issuing_state: String,
    /// Document number.
    pub number: String,
    /// Surname, or the only name.
    pub surname: String,
    /// Given names.
    pub given_names: String,
    /// Nationality, one to three letters as in the document.
    pub nationality: String,
    /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
    pub birth_date: String,
    /// `M`, `F` or `X`.
    pub sex: String,
    /// `YYYY-MM-DD`.
    pub expiry: String,
}

impl std::fmt::Debug for DocumentInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DocumentInput(redacted)")
    }
}

/// A document that can be asked about. `Debug` is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Issuing state.
    pub issuing_state: String,
    /// Number.
    pub number: String,
    /// Surname, or the only name.
    pub surname: String,
    /// Given names.
    pub given_names: String,
    /// Whose citizen.
    pub nationality: Nationality,
    /// As far as known.
    pub birth_date: String,
    /// `M`, `F`, `X` or empty.
    pub sex: String,
    /// Last day of validity; `None` where the document says none.
    pub expiry: Option<Day>,
    /// Whether a machine read it and every check digit agreed.
    pub read: bool,
    /// Whether it was read from a photograph: check digits do not prove what a camera saw.
    pub photographed: bool,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Document(redacted)")
    }
}

fn invalid(code: &'static str, message: &str) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

impl DocumentInput {
    /// The document, if it can be asked about.
    pub fn checked(&self, today: Day) -> ApiResult<Document> {
        match self.mrz.trim() {
            "" => self.typed(),
            lines => Ok(Document {
                photographed: self.by == "photo",
                ..from_zone(lines, today)?
            }),
        }
    }

    fn typed(&self) -> ApiResult<Document> {
        let words = |text: &str| -> String {
            let words: Vec<&str> = text.split_whitespace().collect();
            words.join(" ")
        };
        let code = |text: &str| text.trim().trim_end_matches('<').to_uppercase();
        let (number, surname) = (words(&self.number), words(&self.surname));
        if number.is_empty() {
            return Err(invalid("number_missing", "give the number of the document"));
        }
        if surname.is_empty() {
            return Err(invalid(
                "name_missing",
                "give the name; the only name of a person stands in the field of the surname",
            ));
        }
        let all = [&number, &surname, &self.given_names];
        if all.iter().any(|text| text.chars().count() > 200) {
            return Err(invalid(
                "too_long",
                "a name or number has at most 200 characters",
            ));
        }
        let issuing_state = code(&self.issuing_state);
        if !country::is_known(&issuing_state) {
            return Err(invalid(
                "bad_issuer",
                "the issuing state is a code of travel documents, such as IDN or D",
            ));
        }
        let nationality = code(&self.nationality);
        if !country::is_known(&nationality) {
            return Err(invalid(
                "nationality_missing",
                "the nationality is a code of travel documents, such as IDN or D",
            ));
        }
        let expiry = match self.expiry.trim() {
            "" => None,
            day => Some(day.parse().map_err(|_| {
                invalid("bad_expiry_date", "the last day of validity is YYYY-MM-DD")
            })?),
        };
        let document = Document {
            issuing_state,
            number,
            surname,
            given_names: words(&self.given_names),
            nationality: Nationality::new(&nationality)
                .map_err(|e| invalid("nationality_missing", &e.to_string()))?,
            birth_date: self.birth_date.trim().to_owned(),
            sex: self.sex.trim().to_uppercase(),
            expiry,
            read: false,
            photographed: false,
        };
        document.asked().checked()?;
        Ok(document)
    }
}

/// The faults of a zone, as codes.
pub fn faults(reading: &mrz::Reading) -> Vec<String> {
    let codes = reading.faults.iter().map(|fault| {
        let name = serde_json::to_value(fault).unwrap_or_default();
        name.as_str().unwrap_or_default().to_owned()
    });
    codes.collect()
}

fn from_zone(lines: &str, today: Day) -> ApiResult<Document> {
    let reading = mrz::read(lines, today);
    if !reading.valid {
        let mut error = invalid(
            "mrz_invalid",
            "the machine readable zone was not read without fault; read it again, or type what is printed",
        );
        error.reasons = faults(&reading);
        return Err(error);
    }
    if reading.document.starts_with('V') {
        return Err(invalid(
            "mrz_visa",
            "this is a visa; read the passport first",
        ));
    }
    let nationality = Nationality::new(&reading.nationality)
        .map_err(|e| invalid("nationality_missing", &e.to_string()))?;
    Ok(Document {
        issuing_state: reading.issuer.clone(),
        number: reading.number.clone(),
        surname: reading.surname.clone(),
        given_names: reading.given_names.clone(),
        nationality,
        birth_date: reading.birth.clone(),
        sex: reading.sex.clone(),
        expiry: reading.expiry.parse().ok(),
        read: true,
        photographed: false,
    })
}

impl Document {
    /// The name in reading order.
    pub fn name(&self) -> String {
        format!("{} {}", self.given_names, self.surname)
            .trim()
            .to_owned()
    }

    /// Whether it is over on `today`.
    pub fn expired(&self, today: Day) -> bool {
        self.expiry.is_some_and(|last| last < today)
    }

    /// As the list of names is asked.
    pub fn asked(&self) -> Asked {
        Asked {
            names: vec![self.name()],
            birth_date: self.birth_date.clone(),
            sex: self.sex.clone(),
            nationality: country::alpha3(self.nationality.code()).unwrap_or_default(),
            documents: vec![self.number.clone()],
        }
    }

    /// As the ledger keeps it, sealed.
    pub fn identity(&self) -> Identity {
        Identity {
            issuing_state: self.issuing_state.clone(),
            number: self.number.clone(),
            name: self.name(),
            birth_date: self.birth_date.clone(),
            sex: self.sex.clone(),
        }
    }
}
