//! What an order says: who, by whom, why, from when to when (UU 6/2011 Art 94). Must not hold an entry ban on a
//! citizen: the type cannot be built.

use serde::{Deserialize, Serialize};

use crate::{
    day::Day,
    entry::{Agency, NotLawful, Person},
    id::SiteId,
    rule_pack::{OrderForm, OrderKind},
};

/// The person an order is about. `Debug` is redacted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = OrderSubject))]
pub struct Subject {
    /// Name, sex, birth date or year, nationality, document number.
    #[serde(flatten)]
    pub person: Person,
    /// Other names the person is known by.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Place of birth.
    #[serde(default)]
    pub birth_place: String,
    /// National id number of a citizen, if known.
    #[serde(default)]
    pub nik: String,
    /// Address, if known.
    #[serde(default)]
    pub address: String,
    /// Occupation, if known.
    #[serde(default)]
    pub occupation: String,
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subject(redacted)")
    }
}

/// An order as handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = OrderContents))]
pub struct Handed {
    /// What it does.
    pub kind: OrderKind,
    /// Decision, order or request.
    pub form: OrderForm,
    /// The responsible requester; never changed once recorded.
    pub agency: Agency,
    /// Its number at the agency.
    pub reference: String,
    /// The day it bears.
    pub ordered_on: Day,
    /// Whom it is about.
    pub subject: Subject,
    /// Code of the reason, from the rule pack.
    pub reason: String,
    /// The reason in words.
    #[serde(default)]
    pub reason_text: String,
    /// First day in force.
    pub first_day: Day,
    /// Last day in force; absent only for a lifetime entry ban.
    pub last_day: Option<Day>,
    /// The checkpoint an urgent order was sent to.
    #[serde(default)]
    pub checkpoint: Option<SiteId>,
}

/// A lawful [`Handed`]. Whether it is complete is another question ([`super::gaps`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Handed", into = "Handed")]
pub struct Contents(Handed);

impl Contents {
    /// Refuses what no order may say.
    pub fn new(handed: Handed) -> Result<Self, NotLawful> {
        let person = &handed.subject.person;
        if handed.kind == OrderKind::EntryBan && person.is_citizen() {
            return Err(NotLawful::EntryBanOnCitizen);
        }
        if handed.last_day.is_some_and(|last| last < handed.first_day) {
            return Err(NotLawful::EmptyPeriod);
        }
        Ok(Contents(handed))
    }
}

impl TryFrom<Handed> for Contents {
    type Error = NotLawful;
    fn try_from(handed: Handed) -> Result<Self, NotLawful> {
        Contents::new(handed)
    }
}

impl From<Contents> for Handed {
    fn from(contents: Contents) -> Handed {
        contents.0
    }
}

impl std::ops::Deref for Contents {
    type Target = Handed;
    fn deref(&self) -> &Handed {
        &self.0
    }
}
