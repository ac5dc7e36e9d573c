//! The law as dated data: how long an order may hold, who may cause it, why, and what an officer may do. A constant of
//! the law never stands in code, except the floor that a citizen is never refused entry. Must not read a clock.

mod action;
pub(crate) mod kind;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

use crate::{day::Day, entry::Agency};

pub use action::{Action, Row, Subject};
pub use kind::{OrderForm, OrderKind};

/// A rule with where it stands. `verified` says whether the text was read, not recalled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Law and article; empty while it is open.
    pub citation: String,
    /// Whether the text was read.
    pub verified: bool,
}

/// The rules of one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Such as `id-2025`.
    pub id: String,
    /// First day it holds.
    pub effective_from: Day,
    /// The laws it stands for.
    pub title: String,
    /// Rules by kind of order; a kind that is not here does not exist.
    pub kinds: BTreeMap<OrderKind, KindRules>,
    /// Who must be told and answered by when.
    pub clocks: Clocks,
    /// Why an order may be made.
    pub reasons: Vec<Reason>,
    /// Why a foreigner may be refused entry, or anybody's departure deferred: for the counter.
    pub grounds: Vec<Ground>,
    /// What an officer may do.
    pub actions: Vec<Row>,
}

/// The rules of one kind of order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindRules {
    /// Who may cause it.
    pub requesters: Vec<Agency>,
    /// In which form.
    pub forms: Vec<OrderForm>,
    /// The longest first period.
    pub first: Term,
    /// More time, if there is any.
    pub extension: Option<Extension>,
    /// Whether it may be for life: with a grave reason and a second, higher approval.
    #[serde(default)]
    pub lifetime: bool,
    /// Whether it needs a photograph of the face.
    #[serde(default)]
    pub needs_photo: bool,
    /// Where it stands.
    pub source: Source,
}

/// A length of time in the law's own unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Calendar months: six months from 2022-11-03 hold until 2023-05-03, that day included.
    Months(u32),
    /// Days, the first one counted: twenty days from the 1st hold until the 20th.
    Days(u32),
}

impl Term {
    /// The last day of a period that starts on `first`.
    pub fn last_day(self, first: Day) -> Option<Day> {
        match self {
            Self::Months(months) => first.plus_months(months.into()),
            Self::Days(days) => first.plus_days(i64::from(days) - 1),
        }
    }

    /// The last day when a period that ended on `last` goes on for so long.
    pub fn later(self, last: Day) -> Option<Day> {
        match self {
            Self::Months(months) => last.plus_months(months.into()),
            Self::Days(days) => last.plus_days(days.into()),
        }
    }
}

/// More time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// The longest one extension may be.
    pub most: Term,
    /// How often; absent where the law sets no number, each time decided anew.
    pub times: Option<u32>,
    /// Days before the last day by which the request must have come.
    pub lead_days: u32,
    /// Where it stands.
    pub source: Source,
}

/// Days from the decision, or from the objection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    /// Until the person is told.
    pub notify_person_days: u32,
    /// Until the Minister is told.
    pub notify_minister_days: u32,
    /// Until an objection is answered.
    pub objection_reply_days: u32,
    /// Where the first two stand.
    pub source: Source,
    /// Where the last one stands.
    pub objection_source: Source,
}

/// Why an order may be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Code, also the key of its words.
    pub code: String,
    /// For which kinds.
    pub kinds: Vec<OrderKind>,
    /// Whether it can carry a ban for life.
    #[serde(default)]
    pub grave: bool,
    /// Where it stands.
    pub source: Source,
}

/// Why an officer may refuse entry or defer a departure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ground {
    /// Code, also the key of its words.
    pub code: String,
    /// The act it carries.
    pub carries: Action,
    /// Where it stands.
    pub source: Source,
}

impl Pack {
    /// The rules of a kind, if it exists.
    pub fn kind(&self, kind: OrderKind) -> Option<&KindRules> {
        self.kinds.get(&kind)
    }

    /// The reason with this code.
    pub fn reason(&self, code: &str) -> Option<&Reason> {
        self.reasons.iter().find(|reason| reason.code == code)
    }

    /// Reasons for a kind.
    pub fn reasons_for(&self, kind: OrderKind) -> impl Iterator<Item = &Reason> {
        self.reasons
            .iter()
            .filter(move |reason| reason.kinds.contains(&kind))
    }
}

/// Why a pack is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPack {
    /// Not of this form.
    #[error("the rule pack cannot be read: {0}")]
    Form(String),
    /// The floor that no pack may lower.
    #[error("a rule pack may not let a citizen be refused entry")]
    CitizenRefused,
    /// At a monitoring site nobody decides about entry or exit.
    #[error("a rule pack may not let anybody decide about entry or exit at a monitoring site")]
    Elsewhere,
    /// The entry ban is for foreigners; lifetime is for entry bans only.
    #[error("a rule pack may not let any order but an entry ban be for life")]
    Lifetime,
}

/// Reads a pack and holds it against the floor.
pub fn read(text: &str) -> Result<Pack, BadPack> {
    let pack: Pack = toml::from_str(text).map_err(|error| BadPack::Form(error.to_string()))?;
    if pack.actions.iter().any(Row::refuses_a_citizen) {
        return Err(BadPack::CitizenRefused);
    }
    if pack.actions.iter().any(Row::decides_elsewhere) {
        return Err(BadPack::Elsewhere);
    }
    let life =
        |(kind, rules): (&OrderKind, &KindRules)| rules.lifetime && *kind != OrderKind::EntryBan;
    if pack.kinds.iter().any(life) {
        return Err(BadPack::Lifetime);
    }
    Ok(pack)
}

const TEXTS: [&str; 2] = [include_str!("id-2021.toml"), include_str!("id-2025.toml")];

/// Oldest first. A pack that cannot be read is left out; a test keeps that from happening.
static PACKS: LazyLock<Vec<Pack>> = LazyLock::new(|| {
    let mut packs: Vec<Pack> = TEXTS.iter().filter_map(|text| read(text).ok()).collect();
    packs.sort_by_key(|pack| pack.effective_from);
    packs
});

/// Every pack, oldest first.
pub fn all() -> &'static [Pack] {
    &PACKS
}

/// The pack that holds on `day`.
pub fn pack_for(day: Day) -> Option<&'static Pack> {
    all().iter().rev().find(|pack| pack.effective_from <= day)
}

/// The pack with this id.
pub fn by_id(id: &str) -> Option<&'static Pack> {
    all().iter().find(|pack| pack.id == id)
}
