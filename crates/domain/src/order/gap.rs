//! What an order still lacks before it can be approved: every gap at once, so that a clerk asks the agency only once.
//! Must not decide: the Minister, or whoever approves, may still refuse a complete order.

use serde::{Deserialize, Serialize};

use super::Contents;
use crate::{
    day::Day,
    rule_pack::{OrderKind, Pack},
};

/// One thing that is missing or not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = OrderGap))]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// No number of the order.
    Reference,
    /// The day it bears lies in the future, or after its first day.
    OrderedOn,
    /// No name.
    Name,
    /// Sex is not M, F or X.
    Sex,
    /// Neither a date nor a year of birth.
    BirthDate,
    /// No place of birth.
    BirthPlace,
    /// No three-letter nationality.
    Nationality,
    /// No photograph of the face.
    Photo,
    /// The reason is not one the law knows for this kind of order.
    Reason,
    /// The reason is not put into words.
    ReasonText,
    /// The law lets this agency cause no order of this kind.
    Requester,
    /// The law does not know this kind of order in this form.
    Form,
    /// Longer than the law allows.
    TooLong,
    /// No last day, and no lawful lifetime.
    NoEnd,
    /// The last day is over.
    Over,
    /// An urgent order names no checkpoint.
    Checkpoint,
    /// No rules are known for the day the order bears.
    NoRules,
}

impl Gap {
    /// Every gap, in the order of the form.
    pub const ALL: [Gap; 17] = [
        Self::Reference,
        Self::OrderedOn,
        Self::Name,
        Self::Sex,
        Self::BirthDate,
        Self::BirthPlace,
        Self::Nationality,
        Self::Photo,
        Self::Reason,
        Self::ReasonText,
        Self::Requester,
        Self::Form,
        Self::TooLong,
        Self::NoEnd,
        Self::Over,
        Self::Checkpoint,
        Self::NoRules,
    ];

    /// The name used in JSON and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::OrderedOn => "ordered_on",
            Self::Name => "name",
            Self::Sex => "sex",
            Self::BirthDate => "birth_date",
            Self::BirthPlace => "birth_place",
            Self::Nationality => "nationality",
            Self::Photo => "photo",
            Self::Reason => "reason",
            Self::ReasonText => "reason_text",
            Self::Requester => "requester",
            Self::Form => "form",
            Self::TooLong => "too_long",
            Self::NoEnd => "no_end",
            Self::Over => "over",
            Self::Checkpoint => "checkpoint",
            Self::NoRules => "no_rules",
        }
    }
}

/// Everything `contents` lacks under `pack` on `today`, with `photos` usable photographs.
pub fn gaps(contents: &Contents, pack: Option<&Pack>, photos: usize, today: Day) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut need = |there: bool, gap: Gap| {
        if !there {
            gaps.push(gap);
        }
    };
    let filled = |text: &str| !text.trim().is_empty();
    let (subject, person) = (&contents.subject, &contents.subject.person);
    need(filled(&contents.reference), Gap::Reference);
    let dated = contents.ordered_on <= today && contents.ordered_on <= contents.first_day;
    need(dated, Gap::OrderedOn);
    need(filled(&contents.reason_text), Gap::ReasonText);
    need(filled(&person.full_name), Gap::Name);
    need(matches!(person.sex.as_str(), "M" | "F" | "X"), Gap::Sex);
    need(filled(&person.birth_date), Gap::BirthDate);
    need(filled(&subject.birth_place), Gap::BirthPlace);
    let nationality = person.nationality.as_bytes();
    let three = nationality.len() == 3 && nationality.iter().all(u8::is_ascii_alphabetic);
    need(three, Gap::Nationality);
    need(
        contents.last_day.is_none_or(|last| today <= last),
        Gap::Over,
    );
    let urgent = contents.kind == OrderKind::UrgentExitBan;
    need(!urgent || contents.checkpoint.is_some(), Gap::Checkpoint);
    let rules = pack.and_then(|pack| Some((pack, pack.kind(contents.kind)?)));
    let Some((pack, rules)) = rules else {
        need(false, Gap::NoRules);
        return gaps;
    };
    need(photos > 0 || !rules.needs_photo, Gap::Photo);
    let reason = pack.reason(&contents.reason);
    let reason = reason.filter(|reason| reason.kinds.contains(&contents.kind));
    need(reason.is_some(), Gap::Reason);
    need(rules.requesters.contains(&contents.agency), Gap::Requester);
    need(rules.forms.contains(&contents.form), Gap::Form);
    match contents.last_day {
        Some(last) => {
            let most = rules.first.last_day(contents.first_day);
            need(most.is_some_and(|most| last <= most), Gap::TooLong);
        }
        None => need(
            rules.lifetime && reason.is_some_and(|reason| reason.grave),
            Gap::NoEnd,
        ),
    }
    gaps.sort();
    gaps
}
