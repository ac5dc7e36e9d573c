//! Whom somebody asks for, and whom an order names, in the form the index compares. Must not keep either.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tapal_domain::order;
use tapal_names::{Birth, Country, Facts, Sex, Subject};
use utoipa::ToSchema;

use crate::error::{ApiError, ApiResult};

/// Somebody as papers or a form describe them. Every field may be empty, but a name or a document number is needed.
/// `Debug` is redacted.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NameCheckSubject)]
#[serde(default)]
pub struct Asked {
    /// Names, as written; at most 10.
    pub names: Vec<String>,
    /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`.
    pub birth_date: String,
    /// `M`, `F` or `X`.
    pub sex: String,
    /// Three letters, as in the document.
    pub nationality: String,
    /// Document numbers, as written; at most 10.
    pub documents: Vec<String>,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked(redacted)")
    }
}

const MOST: usize = 10;

impl Asked {
    /// Tidied, if it can be asked.
    pub fn checked(self) -> ApiResult<Self> {
        let tidy = |texts: Vec<String>| -> Vec<String> {
            let texts = texts.iter().map(|text| {
                let words: Vec<&str> = text.split_whitespace().collect();
                words.join(" ")
            });
            texts.filter(|text| !text.is_empty()).collect()
        };
        let asked = Asked {
            names: tidy(self.names),
            documents: tidy(self.documents),
            birth_date: self.birth_date.trim().to_owned(),
            sex: self.sex.trim().to_uppercase(),
            nationality: self.nationality.trim().to_uppercase(),
        };
        let long = |texts: &[String]| {
            texts.len() > MOST || texts.iter().any(|text| text.chars().count() > 200)
        };
        let (names, documents) = (&asked.names, &asked.documents);
        if names.is_empty() && documents.is_empty() {
            return Err(ApiError::invalid(
                "nothing_asked",
                "give a name or a document number",
            ));
        }
        if long(names) || long(documents) {
            return Err(ApiError::invalid(
                "too_long",
                "at most 10 names and 10 document numbers of 200 characters each can be asked at once",
            ));
        }
        if !asked.birth_date.is_empty() && asked.birth_date.parse::<Birth>().is_err() {
            return Err(ApiError::invalid(
                "bad_birth_date",
                "the birth date is YYYY-MM-DD, YYYY-MM, YYYY or empty",
            ));
        }
        if !["", "M", "F", "X"].contains(&asked.sex.as_str()) {
            return Err(ApiError::invalid("bad_sex", "the sex is M, F, X or empty"));
        }
        let letters = asked.nationality.bytes().all(|b| b.is_ascii_alphabetic());
        if !letters || !matches!(asked.nationality.len(), 0 | 3) {
            return Err(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "nationality_missing",
                "the nationality is a three-letter code, such as IDN, or empty",
            ));
        }
        Ok(asked)
    }

    /// As the index is asked.
    pub fn subject(&self) -> Subject {
        let facts = facts(&self.birth_date, &self.sex, &self.nationality);
        Subject::new(self.names.clone(), self.documents.clone(), facts)
    }
}

fn facts(birth_date: &str, sex: &str, nationality: &str) -> Facts {
    Facts {
        birth: birth_date.parse().ok(),
        sex: match sex {
            "M" => Some(Sex::Male),
            "F" => Some(Sex::Female),
            _ => None,
        },
        nationality: Country::of(nationality),
    }
}

/// Whom an order names: the full name first, then the others in their order; document number and national id number.
pub fn of_order(subject: &order::Subject) -> Subject {
    let person = &subject.person;
    let mut names = Vec::with_capacity(1 + subject.aliases.len());
    names.push(person.full_name.clone());
    names.extend(subject.aliases.iter().cloned());
    let documents = [&person.document_number, &subject.nik];
    let documents = documents.into_iter().filter(|number| !number.is_empty());
    let facts = facts(&person.birth_date, &person.sex, &person.nationality);
    Subject::new(names, documents.cloned().collect(), facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_a_number_is_needed_and_the_rest_must_read() {
        let good = Asked {
            names: vec!["  Budi   Contoh ".into(), " ".into()],
            nationality: "idn".into(),
            sex: "m".into(),
            birth_date: "1984-07".into(),
            ..Asked::default()
        };
        let checked = good.clone().checked().unwrap();
        assert_eq!(
            (checked.names, checked.nationality.as_str()),
            (vec!["Budi Contoh".to_owned()], "IDN")
        );
        let refused = |change: &dyn Fn(&mut Asked)| {
            let mut asked = good.clone();
            change(&mut asked);
            asked.checked().unwrap_err().code
        };
        assert_eq!(refused(&|a| a.names.clear()), "nothing_asked");
        assert_eq!(refused(&|a| a.names = vec!["x".into(); 11]), "too_long");
        assert_eq!(
            refused(&|a| a.documents = vec!["x".repeat(201)]),
            "too_long"
        );
        assert_eq!(
            refused(&|a| a.birth_date = "3 Feb".into()),
            "bad_birth_date"
        );
        assert_eq!(refused(&|a| a.sex = "Q".into()), "bad_sex");
        assert_eq!(
            refused(&|a| a.nationality = "ID".into()),
            "nationality_missing"
        );
        assert!(!format!("{good:?}").contains("Budi"));
    }
}
