//! The law as dated data: how long an order may hold, who may cause it, why, and what an officer may do. A constant of
//! the law never stands in code, except the floor that a citizen is never refused entry. Must not read a clock.

mod action;
pub(crate) mod kind;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{LazyLock, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};

use crate::{day::Day, entry::Agency};

pub use action::{Action, Row, Standing, Subject};
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
    /// What follows a stay that was too long. Absent: an officer decides every one.
    #[serde(default)]
    pub overstay: Option<OverstayRules>,
    /// For how long a foreigner without a visa may stay.
    #[serde(default)]
    pub visits: Vec<Visit>,
    /// How long second line may take. Absent: [`SecondLineRules::default`].
    #[serde(default)]
    pub second_line: SecondLineRules,
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

/// What follows a stay that was too long, by whole days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverstayRules {
    /// Charge for each day, IDR.
    pub charge_per_day: u64,
    /// So many days and more are not settled by the charge.
    pub charge_below_days: u32,
    /// More days than this are proposed for deportation. Between the two an officer decides.
    pub propose_above_days: u32,
    /// Where it stands.
    pub source: Source,
}

/// How long a person may be kept in second line, and how long one found to be somebody else is not stopped again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondLineRules {
    /// Longest time from the moment an officer takes the case, minutes.
    pub custody_minutes: u32,
    /// Days for which a document is cleared for an order.
    pub cleared_days: u32,
    /// Where it stands.
    pub source: Source,
}

impl Default for SecondLineRules {
    /// A working day, and half a year: no text was read.
    fn default() -> Self {
        SecondLineRules {
            custody_minutes: 480,
            cleared_days: 180,
            source: Source {
                citation: String::new(),
                verified: false,
            },
        }
    }
}

/// A stay without a visa.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visit {
    /// Code, also the key of its words.
    pub code: String,
    /// Days, the day of arrival counted.
    pub days: u32,
    /// Whose (ICAO codes).
    pub nationalities: Vec<String>,
    /// Where it stands.
    pub source: Source,
}

impl Pack {
    /// The ground with this code.
    pub fn ground(&self, code: &str) -> Option<&Ground> {
        self.grounds.iter().find(|ground| ground.code == code)
    }

    /// How people of a nationality may stay without a visa.
    pub fn visits_of(&self, nationality: &str) -> impl Iterator<Item = &Visit> {
        self.visits
            .iter()
            .filter(move |visit| visit.nationalities.iter().any(|own| own == nationality))
    }

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
    /// A cell of the table is missing, or there twice.
    #[error("the table of actions needs exactly one row for {0}")]
    Cell(String),
    /// A code is there twice.
    #[error("the code {0} is there twice")]
    Twice(String),
    /// Both charged and proposed.
    #[error("a stay that is settled by the charge may not also be proposed for deportation")]
    Overstay,
    /// A visit nobody could make, or there twice.
    #[error("the visit {0} needs at least one day, and a code of its own")]
    Visit(String),
    /// A kind nobody could file.
    #[error("{0} needs a requester, a form, a reason and a term of at least a day")]
    Empty(&'static str),
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
    whole(&pack)?;
    Ok(pack)
}

/// Nothing is missing and nothing is there twice.
fn whole(pack: &Pack) -> Result<(), BadPack> {
    for (site, direction, citizen, subject) in action::cells() {
        if pack.rows_of((site, direction, citizen, subject)) != 1 {
            let who = if citizen { "a citizen" } else { "a foreigner" };
            return Err(BadPack::Cell(format!(
                "{site:?}, {direction:?}, {who}, {}",
                subject.name()
            )));
        }
    }
    let mut codes = BTreeSet::new();
    let reasons = pack.reasons.iter().map(|reason| &reason.code);
    let grounds = pack.grounds.iter().map(|ground| &ground.code);
    let named = reasons
        .map(|code| ("reason", code))
        .chain(grounds.map(|code| ("ground", code)));
    for (what, code) in named {
        if !codes.insert((what, code)) {
            return Err(BadPack::Twice(code.clone()));
        }
    }
    if let Some(rules) = &pack.overstay
        && rules.charge_below_days > rules.propose_above_days
    {
        return Err(BadPack::Overstay);
    }
    let mut visits = BTreeSet::new();
    for visit in &pack.visits {
        if visit.days == 0 || !visits.insert(&visit.code) {
            return Err(BadPack::Visit(visit.code.clone()));
        }
    }
    for (kind, rules) in &pack.kinds {
        let lasts = |term: Term| !matches!(term, Term::Months(0) | Term::Days(0));
        let more = rules.extension.as_ref().is_none_or(|more| lasts(more.most));
        let filed = !rules.requesters.is_empty() && !rules.forms.is_empty();
        if !filed || !lasts(rules.first) || !more || pack.reasons_for(*kind).next().is_none() {
            return Err(BadPack::Empty(kind.name()));
        }
    }
    Ok(())
}

const TEXTS: [&str; 2] = [include_str!("id-2021.toml"), include_str!("id-2025.toml")];

/// Oldest first. A pack that cannot be read is left out; a test keeps that from happening.
static SHIPPED: LazyLock<Vec<Pack>> =
    LazyLock::new(|| TEXTS.iter().filter_map(|text| read(text).ok()).collect());

/// What holds now. A pack that was put in place stays in memory for good: there are a few in a program's life, and an
/// answer given by one must stay readable.
static IN_PLACE: LazyLock<RwLock<&'static [Pack]>> =
    LazyLock::new(|| RwLock::new(arranged(SHIPPED.clone())));

fn arranged(mut packs: Vec<Pack>) -> &'static [Pack] {
    packs.sort_by_key(|pack| pack.effective_from);
    Vec::leak(packs)
}

/// Puts packs in place beside the shipped ones, or in the place of those with the same id. Whoever calls has made sure
/// that two people approved them.
pub fn put_in_place(approved: Vec<Pack>) {
    let mut packs = SHIPPED.clone();
    for pack in approved {
        packs.retain(|other| other.id != pack.id);
        packs.push(pack);
    }
    *IN_PLACE.write().unwrap_or_else(PoisonError::into_inner) = arranged(packs);
}

/// The text of a shipped pack.
pub fn shipped_text(id: &str) -> Option<&'static str> {
    let mine = |text: &&&str| read(text).is_ok_and(|pack| pack.id == id);
    TEXTS.iter().find(mine).copied()
}

/// Every pack, oldest first.
pub fn all() -> &'static [Pack] {
    &IN_PLACE.read().unwrap_or_else(PoisonError::into_inner)
}

/// The pack that holds on `day`.
pub fn pack_for(day: Day) -> Option<&'static Pack> {
    all().iter().rev().find(|pack| pack.effective_from <= day)
}

/// The pack with this id.
pub fn by_id(id: &str) -> Option<&'static Pack> {
    all().iter().find(|pack| pack.id == id)
}
