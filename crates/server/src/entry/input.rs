//! An entry as handed in, by JSON or by form, and its photographs through the vision seam.
//! Must not run vision on an async thread, nor keep bytes that were refused.

use axum::http::StatusCode;
use serde::Deserialize;
use tapal_domain::{
    day::Day,
    entry::{Agency, Draft, ListKind, Person},
    id::EntryId,
};
use tapal_store::entry::NewPhoto;
use utoipa::ToSchema;

use crate::{
    AppState,
    error::{ApiError, ApiResult},
};

/// Most bytes of one request with photographs.
pub const PHOTO_BYTES: usize = 12 * 1024 * 1024;

/// An entry as handed in. In a form the same names, days as `YYYY-MM-DD`, the photographs as files named `photo`.
#[derive(Clone, Deserialize, ToSchema)]
pub struct EntryInput {
    /// Which list.
    pub list: ListKind,
    /// Full name.
    pub full_name: String,
    /// `M`, `F` or `X`.
    pub sex: String,
    /// `YYYY-MM-DD`, `YYYY-MM`, `YYYY` or empty.
    #[serde(default)]
    pub birth_date: String,
    /// Three-letter code.
    pub nationality: String,
    /// Passport or other document number, if known.
    #[serde(default)]
    pub document_number: String,
    /// Number of the order, decision or request.
    pub order_reference: String,
    /// The responsible requester.
    pub agency: Agency,
    /// First day in force, by the calendar of each checkpoint.
    pub first_day: Day,
    /// Last day in force; at the checkpoint's midnight after it the entry lapses.
    pub last_day: Day,
    /// 1 to 4 photographs, JPEG or PNG, base64 (JSON only).
    #[serde(default)]
    pub photos: Vec<String>,
}

pub(crate) fn birth_date_ok(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = parts
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let in_range = |i: usize, high: u32| {
        parts
            .get(i)
            .is_none_or(|part| part.parse::<u32>().is_ok_and(|n| (1..=high).contains(&n)))
    };
    text.is_empty()
        || digits
            && matches!(lengths[..], [4] | [4, 2] | [4, 2, 2])
            && in_range(1, 12)
            && in_range(2, 31)
}

impl EntryInput {
    /// The draft the domain judges.
    pub fn draft(self, id: EntryId) -> ApiResult<Draft> {
        let tidy = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !matches!(self.sex.as_str(), "M" | "F" | "X") {
            return Err(ApiError::invalid(
                "bad_sex",
                "sex is M, F or X, as in the document",
            ));
        }
        if !birth_date_ok(&self.birth_date) {
            return Err(ApiError::invalid(
                "bad_birth_date",
                "the birth date is YYYY-MM-DD, YYYY-MM, YYYY or empty",
            ));
        }
        if [
            &self.full_name,
            &self.order_reference,
            &self.document_number,
        ]
        .iter()
        .any(|text| text.chars().count() > 200)
        {
            return Err(ApiError::invalid(
                "too_long",
                "names and numbers have at most 200 characters",
            ));
        }
        let person = Person {
            full_name: tidy(self.full_name),
            sex: self.sex,
            birth_date: self.birth_date,
            nationality: self.nationality.trim().to_uppercase(),
            document_number: self.document_number.trim().to_uppercase(),
        };
        let order_reference = tidy(self.order_reference);
        Ok(Draft {
            id,
            list: self.list,
            person,
            order_reference,
            agency: self.agency,
            first_day: self.first_day,
            last_day: self.last_day,
            version: 1,
        })
    }
}

/// One photograph through the vision seam, on a thread made for that.
pub async fn enrol(state: &AppState, photo: Vec<u8>) -> ApiResult<NewPhoto> {
    let no_model = || {
        ApiError::new(
            StatusCode::CONFLICT,
            "no_model",
            "no model pack is installed; run `tapal models install` first",
        )
    };
    let enrol = state.enrol.clone().ok_or_else(no_model)?;
    let id = state.clock.new_uuid();
    let work = move || {
        let model_id = enrol.model_id().to_owned();
        enrol.enrol(&photo).map(|face| NewPhoto {
            id,
            portrait_jpeg: face.portrait_jpeg,
            template: face.template,
            model_id,
            quality: face.quality,
            photo,
        })
    };
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(ApiError::internal)?;
    done.map_err(|refused| {
        let mut error = ApiError::invalid("photo_refused", refused.message);
        error.reasons = vec![refused.code.to_owned()];
        error
    })
}

#[cfg(test)]
mod tests {
    use super::birth_date_ok;

    #[test]
    fn birth_dates_may_be_partial() {
        for (text, good) in [
            ("", true),
            ("1980", true),
            ("1980-02", true),
            ("1980-02-29", true),
            ("80", false),
            ("1980-13", false),
            ("1980-00-01", false),
            ("1980-01-32", false),
            ("1980-1-1", false),
            ("1980-01-01-01", false),
            ("abcd", false),
        ] {
            assert_eq!(birth_date_ok(text), good, "{text}");
        }
    }
}
