//! Crossings: what was decided about one traveller at a checkpoint. A record is never changed; another one corrects it.
//! Must not let a citizen be refused entry: such a decision cannot be built.

mod menu;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{
    day::Day,
    rule_pack::{Action, Pack, kind::names},
    site::{Direction, SiteKind},
};

pub use menu::{Choice, Menu, Stands, menu};

/// The country whose citizens are never refused entry.
pub const HOME: &str = "IDN";

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CrossingOutcome))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Let in.
    Entered,
    /// Let out.
    Departed,
    /// Entry refused. Never a citizen.
    RefusedEntry,
    /// Departure deferred.
    DeferredDeparture,
    /// Handed over to the authority concerned.
    HandedOver,
    /// Nothing happened: a record that strikes out the one it corrects.
    Void,
}

names!(Outcome {
    Entered "entered",
    Departed "departed",
    RefusedEntry "refused_entry",
    DeferredDeparture "deferred_departure",
    HandedOver "handed_over",
    Void "void",
});

impl Outcome {
    /// The direction it belongs to; `None` for both.
    fn direction(self) -> Option<Direction> {
        match self {
            Self::Entered | Self::RefusedEntry => Some(Direction::Arrival),
            Self::Departed | Self::DeferredDeparture => Some(Direction::Departure),
            Self::HandedOver | Self::Void => None,
        }
    }

    /// The act a ground must carry for it.
    pub fn needs_ground(self) -> Option<Action> {
        match self {
            Self::RefusedEntry => Some(Action::RefuseEntry),
            Self::DeferredDeparture => Some(Action::DeferDeparture),
            _ => None,
        }
    }

    /// Whether one officer at a desk may record it alone. The others are decided in second line, with an authoriser.
    pub fn at_a_desk(self) -> bool {
        matches!(self, Self::Entered | Self::Departed)
    }
}

/// What brought the traveller to attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Detection {
    /// Nothing: an ordinary traveller.
    None,
    /// A camera's match, confirmed by people.
    Face,
    /// A document number on a list.
    Document,
    /// A name on a list.
    Name,
    /// A rule: visa, stay, validity of the document.
    Rule,
    /// The officer, by looking or asking.
    Officer,
    /// A passenger list, before arrival.
    PassengerList,
}

names!(Detection {
    None "none",
    Face "face",
    Document "document",
    Name "name",
    Rule "rule",
    Officer "officer",
    PassengerList "passenger_list",
});

/// Whose citizen a traveller is, by the document shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", schema(value_type = String, example = "IDN"))]
pub struct Nationality(String);

/// Not a nationality as a travel document writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a nationality is the code of the travel document, one to three letters A to Z, such as IDN or D"
)]
pub struct NotANationality;

impl Nationality {
    /// The code of ICAO Doc 9303-3 section 5, fillers cut off.
    pub fn new(code: &str) -> Result<Self, NotANationality> {
        let code = code.trim().trim_end_matches('<').to_ascii_uppercase();
        let fits = (1..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase());
        fits.then_some(Self(code)).ok_or(NotANationality)
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.0
    }

    /// Whether it is the country's own.
    pub fn citizen(&self) -> bool {
        self.0 == HOME
    }
}

impl TryFrom<String> for Nationality {
    type Error = NotANationality;
    fn try_from(code: String) -> Result<Self, NotANationality> {
        Self::new(&code)
    }
}

impl From<Nationality> for String {
    fn from(own: Nationality) -> String {
        own.0
    }
}

/// What somebody wants to record, before it is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CrossingDraft))]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// What.
    pub outcome: Outcome,
    /// Which way the traveller walks.
    pub direction: Direction,
    /// Whose citizen.
    pub nationality: Nationality,
    /// Why, for a refusal or a deferral: a code of the rule pack.
    #[serde(default)]
    pub ground: Option<String>,
    /// What brought it up.
    pub detection: Detection,
    /// The last lawful day of a foreigner's stay, for an entry.
    #[serde(default)]
    pub stay_until: Option<Day>,
    /// The overstay charge that was paid, IDR, for a departure.
    #[serde(default)]
    pub charge: Option<u64>,
}

/// A decision that the law allows. Only [`Decision::new`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision(Draft);

/// Why a decision cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlawful {
    /// The floor.
    #[error(
        "a citizen cannot be refused entry; admit, and hand over to the authority concerned where an order asks for it"
    )]
    CitizenRefused,
    /// Where no entry or exit is decided.
    #[error("no entry or exit is decided at a monitoring site; tell the authority concerned")]
    Elsewhere,
    /// An arrival departs, or a departure enters.
    #[error("this outcome does not belong to this direction; choose the direction of the lane")]
    WrongWay,
    /// Neither arrival nor departure.
    #[error("a crossing is an arrival or a departure; choose one")]
    NoWay,
    /// Refusal or deferral without ground.
    #[error("a refusal or a deferral needs its ground; choose one of those the rule pack lists")]
    NoGround,
    /// A ground that does not carry the act, or is in no pack of that day.
    #[error(
        "this ground does not carry this decision on that day; choose one of those the rule pack lists"
    )]
    WrongGround,
    /// A ground, stay or charge where none belongs.
    #[error(
        "ground, stay and charge belong to a refusal or deferral, a foreigner's entry and a foreigner's departure only"
    )]
    Superfluous,
    /// A foreigner's entry without a last day.
    #[error("the entry of a foreigner needs the last day of the stay, the day of arrival or later")]
    NoStay,
}

impl Decision {
    /// Judges a draft for a checkpoint whose calendar says `day`, by the pack of that day.
    pub fn new(draft: Draft, site: SiteKind, day: Day, pack: &Pack) -> Result<Self, Unlawful> {
        let citizen = draft.nationality.citizen();
        if citizen && draft.outcome == Outcome::RefusedEntry {
            return Err(Unlawful::CitizenRefused);
        }
        if site != SiteKind::Checkpoint {
            return Err(Unlawful::Elsewhere);
        }
        if draft.direction == Direction::Neither {
            return Err(Unlawful::NoWay);
        }
        if draft
            .outcome
            .direction()
            .is_some_and(|own| own != draft.direction)
        {
            return Err(Unlawful::WrongWay);
        }
        match (draft.outcome.needs_ground(), draft.ground.as_deref()) {
            (None, None) => {}
            (None, Some(_)) => return Err(Unlawful::Superfluous),
            (Some(_), None) => return Err(Unlawful::NoGround),
            (Some(act), Some(code)) => {
                if pack.ground(code).is_none_or(|ground| ground.carries != act) {
                    return Err(Unlawful::WrongGround);
                }
            }
        }
        let stays = draft.outcome == Outcome::Entered && !citizen;
        match draft.stay_until {
            Some(_) if !stays => return Err(Unlawful::Superfluous),
            Some(until) if until < day => return Err(Unlawful::NoStay),
            None if stays => return Err(Unlawful::NoStay),
            _ => {}
        }
        if draft.charge.is_some() && (draft.outcome != Outcome::Departed || citizen) {
            return Err(Unlawful::Superfluous);
        }
        Ok(Self(draft))
    }

    /// What is decided.
    pub fn draft(&self) -> &Draft {
        &self.0
    }
}
