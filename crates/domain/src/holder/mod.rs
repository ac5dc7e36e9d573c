//! Holders: people with travel documents, as the registry knows them. Whether a person is a citizen follows from the
//! nationality and is never said twice. Must not refuse a document number for its pattern (ICAO Doc 9303 has none), nor
//! join two holders: people say that two are one person, and can take it back.

pub mod comparison;
mod permit;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{day::Day, id::HolderId, rule_pack::kind::names};

pub use permit::{
    Arriving, Entries, NotAPermit, Permit, PermitKind, PermitRefusal, PermitState, Stay,
    last_day_of_use,
};

/// Who a holder is. Personal data: sealed where it is stored, and `Debug` is redacted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HolderIdentity))]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Primary identifier as the zone has it: the surname, or the whole name of somebody with one name. Parts apart by a blank.
    pub primary: String,
    /// Secondary identifier as the zone has it; empty for somebody with one name.
    #[serde(default)]
    pub secondary: String,
    /// The whole name in the letters of the document.
    pub full_name: String,
    /// `M`, `F` or `X`.
    pub sex: String,
    /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`; empty when unknown.
    #[serde(default)]
    pub birth_date: String,
    /// National identity number, 16 digits; empty when there is none.
    #[serde(default)]
    pub nik: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(redacted)")
    }
}

/// Why somebody cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAHolder {
    /// No name.
    #[error("give the primary identifier and the whole name, at most 200 characters each")]
    Name,
    /// Letters that a zone cannot hold.
    #[error("an identifier of the zone has letters A to Z and blanks only; transliterate it first")]
    Identifier,
    /// No sex as documents write it.
    #[error("sex is M, F or X, as in the document")]
    Sex,
    /// No date of birth.
    #[error("the birth date is YYYY-MM-DD, YYYY-MM, YYYY or empty")]
    Birth,
    /// Not sixteen digits.
    #[error("a NIK has 16 digits")]
    Nik,
}

impl NotAHolder {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Name => "holder_name",
            Self::Identifier => "holder_identifier",
            Self::Sex => "bad_sex",
            Self::Birth => "bad_birth_date",
            Self::Nik => "bad_nik",
        }
    }
}

impl Identity {
    /// Tidied and checked. The parts of a NIK are not held against birth date and sex: both may have been corrected since.
    pub fn checked(mut self) -> Result<Self, NotAHolder> {
        let tidy = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.primary = tidy(&self.primary).to_uppercase();
        self.secondary = tidy(&self.secondary).to_uppercase();
        self.full_name = tidy(&self.full_name);
        self.sex = self.sex.trim().to_uppercase();
        self.birth_date = self.birth_date.trim().to_owned();
        self.nik = self
            .nik
            .chars()
            .filter(|sign| !sign.is_whitespace())
            .collect();
        let long = |text: &str| text.chars().count() > 200;
        if self.primary.is_empty() || self.full_name.is_empty() {
            return Err(NotAHolder::Name);
        }
        if [&self.primary, &self.secondary, &self.full_name]
            .into_iter()
            .any(|text| long(text))
        {
            return Err(NotAHolder::Name);
        }
        let zone = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase() || b == b' ');
        if !zone(&self.primary) || !zone(&self.secondary) {
            return Err(NotAHolder::Identifier);
        }
        if !matches!(self.sex.as_str(), "M" | "F" | "X") {
            return Err(NotAHolder::Sex);
        }
        if !birth_is_date(&self.birth_date) {
            return Err(NotAHolder::Birth);
        }
        let sixteen = self.nik.len() == 16 && self.nik.bytes().all(|b| b.is_ascii_digit());
        if !(self.nik.is_empty() || sixteen) {
            return Err(NotAHolder::Nik);
        }
        Ok(self)
    }
}

/// A day of the calendar, a month, a year, or nothing.
fn birth_is_date(text: &str) -> bool {
    let whole = match text.len() {
        0 => return true,
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    whole.parse::<Day>().is_ok()
}

/// What kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HolderDocumentKind))]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A passport.
    Passport,
    /// A card that says a stay permit.
    PermitCard,
    /// An identity card that may be used to travel.
    IdentityCard,
    /// A travel document in place of a passport (SPLP, of a refugee, of a stateless person).
    TravelCertificate,
    /// A seafarer's or crew member's document.
    CrewDocument,
    /// Another one.
    Other,
}

names!(DocumentKind {
    Passport "passport",
    PermitCard "permit_card",
    IdentityCard "identity_card",
    TravelCertificate "travel_certificate",
    CrewDocument "crew_document",
    Other "other",
});

/// Where a document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HolderDocumentStatus))]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// In use.
    Valid,
    /// Reported lost.
    Lost,
    /// Reported stolen.
    Stolen,
    /// Another one was issued in its place.
    Replaced,
    /// Cancelled by whoever issued it.
    Cancelled,
}

names!(DocumentStatus {
    Valid "valid",
    Lost "lost",
    Stolen "stolen",
    Replaced "replaced",
    Cancelled "cancelled",
});

impl DocumentStatus {
    /// Whether it may still turn up at a desk as the only document of its number: two such of one state and number cannot be.
    pub fn live(self) -> bool {
        matches!(self, Self::Valid | Self::Lost | Self::Stolen)
    }

    /// Whether this status may follow. What was replaced or cancelled stays so; a report of a loss may be taken back.
    pub fn may_become(self, next: Self) -> bool {
        self.live() && self != next
    }
}

/// Why a document cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotADocument {
    /// No letter or digit, or too long for any zone.
    #[error("a document number has 1 to 24 letters and digits")]
    Number,
    /// No code of an issuing state.
    #[error(
        "the issuing state is the code of the document, one to three letters A to Z, such as IDN or D"
    )]
    Issuer,
    /// Replaced and cancelled documents stay so.
    #[error("this document was replaced or cancelled and stays so; record another document")]
    Over,
}

impl NotADocument {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Number => "holder_number",
            Self::Issuer => "holder_issuer",
            Self::Over => "document_over",
        }
    }
}

/// A number as it is kept: capital letters and digits. Nine characters in a passport's zone; a card's may go on in the
/// optional data (nine and 13 more: Doc 9303-5, 4.2.2). No pattern beyond that.
pub fn document_number(written: &str) -> Result<String, NotADocument> {
    let skipped = |sign: char| sign.is_whitespace() || matches!(sign, '-' | '<' | '.' | '/');
    let number: String = written.chars().filter(|sign| !skipped(*sign)).collect();
    let number = number.to_ascii_uppercase();
    let plain = number
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let fits = plain && (1..=24).contains(&number.len());
    fits.then_some(number).ok_or(NotADocument::Number)
}

/// An issuing state or organisation as it is kept, fillers cut off.
pub fn issuing_state(written: &str) -> Result<String, NotADocument> {
    let code = written.trim().trim_end_matches('<').to_ascii_uppercase();
    let fits = (1..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase());
    fits.then_some(code).ok_or(NotADocument::Issuer)
}

/// Two holders in the order in which their pair is recorded: it is one pair, from whichever side it is looked at. `None`
/// for one holder.
pub fn pair(one: HolderId, other: HolderId) -> Option<(HolderId, HolderId)> {
    match one.cmp(&other) {
        std::cmp::Ordering::Less => Some((one, other)),
        std::cmp::Ordering::Greater => Some((other, one)),
        std::cmp::Ordering::Equal => None,
    }
}
