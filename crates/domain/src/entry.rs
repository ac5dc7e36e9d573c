//! Entries of the lawful lists: who, by whose order, from when to when.
//! Must not let an entry exist without order, requester and end, nor an entry ban on a citizen.
//! The full legal life (orders, extensions, objections) comes with the travel-ban list.

use serde::{Deserialize, Serialize};

use crate::{id::EntryId, time::UtcMs};

/// Which list an entry is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    /// Cegah: may not leave.
    ExitBan,
    /// Tangkal: may not enter. Foreigners only.
    EntryBan,
    /// DPO: wanted by the police or prosecutor.
    Wanted,
    /// INTERPOL red notice. A request, not a warrant.
    RedNotice,
}

impl ListKind {
    /// Every list, in the order shown.
    pub const ALL: [ListKind; 4] = [Self::ExitBan, Self::EntryBan, Self::Wanted, Self::RedNotice];

    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExitBan => "exit_ban",
            Self::EntryBan => "entry_ban",
            Self::Wanted => "wanted",
            Self::RedNotice => "red_notice",
        }
    }

    /// The list with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.name() == name)
    }
}

/// The bodies that may cause an entry (UU 6/2011 Art 91(2)); immutable once recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Agency {
    /// The immigration authority itself.
    Immigration,
    /// Ministry of Finance.
    Finance,
    /// Attorney-General's office.
    AttorneyGeneral,
    /// National police.
    Police,
    /// Corruption eradication commission (KPK).
    Kpk,
    /// National narcotics agency (BNN).
    Bnn,
    /// INTERPOL national central bureau.
    InterpolBureau,
    /// Another body empowered by statute.
    OtherByStatute,
}

impl Agency {
    /// Every agency, in the order shown.
    pub const ALL: [Agency; 8] = [
        Self::Immigration,
        Self::Finance,
        Self::AttorneyGeneral,
        Self::Police,
        Self::Kpk,
        Self::Bnn,
        Self::InterpolBureau,
        Self::OtherByStatute,
    ];

    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Immigration => "immigration",
            Self::Finance => "finance",
            Self::AttorneyGeneral => "attorney_general",
            Self::Police => "police",
            Self::Kpk => "kpk",
            Self::Bnn => "bnn",
            Self::InterpolBureau => "interpol_bureau",
            Self::OtherByStatute => "other_by_statute",
        }
    }

    /// The agency with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|agency| agency.name() == name)
    }
}

/// Who the entry is about. `Debug` is redacted: a name must never reach a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    /// Full name; Indonesian mononyms are whole names.
    pub full_name: String,
    /// `M`, `F` or `X` as in ICAO Doc 9303.
    pub sex: String,
    /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`; empty when unknown.
    pub birth_date: String,
    /// ISO 3166-1 alpha-3 or ICAO code of the nationality.
    pub nationality: String,
    /// Passport or other document number, if known.
    pub document_number: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(redacted)")
    }
}

impl Person {
    /// Whether the person is an Indonesian citizen.
    pub fn is_citizen(&self) -> bool {
        self.nationality.eq_ignore_ascii_case("IDN")
    }
}

/// One entry: one order about one person on one list. Built only by [`Entry::new`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "Draft")]
pub struct Entry {
    id: EntryId,
    list: ListKind,
    person: Person,
    order_reference: String,
    agency: Agency,
    in_force_from: UtcMs,
    in_force_to: UtcMs,
    version: u32,
}

/// What a clerk hands in; becomes an [`Entry`] when it is lawful.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Draft {
    /// Id chosen at the edge of the program.
    pub id: EntryId,
    /// Which list.
    pub list: ListKind,
    /// Who.
    pub person: Person,
    /// Number of the order, decision or request.
    pub order_reference: String,
    /// The responsible requester.
    pub agency: Agency,
    /// First instant in force.
    pub in_force_from: UtcMs,
    /// First instant no longer in force.
    pub in_force_to: UtcMs,
    /// Counts changes; 1 when new.
    pub version: u32,
}

/// Why a draft cannot become an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLawful {
    /// Invariant: a citizen can never be refused entry.
    #[error("a citizen cannot be given an entry ban")]
    EntryBanOnCitizen,
    /// No order, no entry.
    #[error("the order reference is missing: no entry without an order")]
    NoOrder,
    /// Names are mandatory (UU 6/2011 Art 94).
    #[error("the person's name is missing")]
    NoName,
    /// The nationality decides which lists are possible.
    #[error("the nationality must be a three-letter code, such as IDN")]
    NoNationality,
    /// The period must end after it starts.
    #[error("the period must end after it starts")]
    EmptyPeriod,
}

impl NotLawful {
    /// Stable code for API clients.
    pub fn code(self) -> &'static str {
        match self {
            Self::EntryBanOnCitizen => "entry_ban_on_citizen",
            Self::NoOrder => "order_missing",
            Self::NoName => "name_missing",
            Self::NoNationality => "nationality_missing",
            Self::EmptyPeriod => "period_empty",
        }
    }
}

impl TryFrom<Draft> for Entry {
    type Error = NotLawful;
    fn try_from(draft: Draft) -> Result<Self, NotLawful> {
        Entry::new(draft)
    }
}

impl Entry {
    /// The entry a lawful draft describes.
    pub fn new(draft: Draft) -> Result<Self, NotLawful> {
        let Draft {
            id,
            list,
            person,
            order_reference,
            agency,
            in_force_from,
            in_force_to,
            version,
        } = draft;
        if person.full_name.trim().is_empty() {
            return Err(NotLawful::NoName);
        }
        if person.nationality.len() != 3
            || !person.nationality.bytes().all(|b| b.is_ascii_alphabetic())
        {
            return Err(NotLawful::NoNationality);
        }
        if list == ListKind::EntryBan && person.is_citizen() {
            return Err(NotLawful::EntryBanOnCitizen);
        }
        if order_reference.trim().is_empty() {
            return Err(NotLawful::NoOrder);
        }
        if in_force_to <= in_force_from {
            return Err(NotLawful::EmptyPeriod);
        }
        Ok(Self {
            id,
            list,
            person,
            order_reference,
            agency,
            in_force_from,
            in_force_to,
            version,
        })
    }

    /// Its id.
    pub fn id(&self) -> EntryId {
        self.id
    }
    /// Its list.
    pub fn list(&self) -> ListKind {
        self.list
    }
    /// Who it is about.
    pub fn person(&self) -> &Person {
        &self.person
    }
    /// Number of the order.
    pub fn order_reference(&self) -> &str {
        &self.order_reference
    }
    /// The responsible requester.
    pub fn agency(&self) -> Agency {
        self.agency
    }
    /// First instant in force.
    pub fn in_force_from(&self) -> UtcMs {
        self.in_force_from
    }
    /// First instant no longer in force.
    pub fn in_force_to(&self) -> UtcMs {
        self.in_force_to
    }
    /// Counts changes.
    pub fn version(&self) -> u32 {
        self.version
    }
    /// Whether it is in force at this instant: from inclusive, to exclusive.
    pub fn in_force(&self, now: UtcMs) -> bool {
        in_force(self.in_force_from, self.in_force_to, now)
    }
}

/// The one rule of "in force at this instant": from inclusive, to exclusive.
pub fn in_force(from: UtcMs, to: UtcMs, now: UtcMs) -> bool {
    from <= now && now < to
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            id: EntryId(uuid::Uuid::from_u128(1)),
            list: ListKind::ExitBan,
            person: Person {
                full_name: "Contoh".into(),
                sex: "M".into(),
                birth_date: "1980".into(),
                nationality: "IDN".into(),
                document_number: String::new(),
            },
            order_reference: "R-1/2026".into(),
            agency: Agency::Police,
            in_force_from: UtcMs(10),
            in_force_to: UtcMs(20),
            version: 1,
        }
    }

    fn check(change: impl Fn(&mut Draft), expect: Option<NotLawful>) {
        let mut draft = draft();
        change(&mut draft);
        assert_eq!(Entry::new(draft.clone()).err(), expect);
        // The wire cannot smuggle in what the constructor refuses.
        let json = serde_json::to_string(&draft).unwrap();
        assert_eq!(
            serde_json::from_str::<Entry>(&json).is_err(),
            expect.is_some()
        );
    }

    #[test]
    fn only_lawful_drafts_become_entries() {
        check(|_| {}, None);
        check(
            |d| d.list = ListKind::EntryBan,
            Some(NotLawful::EntryBanOnCitizen),
        );
        check(
            |d| (d.list, d.person.nationality) = (ListKind::EntryBan, "idn".into()),
            Some(NotLawful::EntryBanOnCitizen),
        );
        check(
            |d| (d.list, d.person.nationality) = (ListKind::EntryBan, "RUS".into()),
            None,
        );
        check(
            |d| d.order_reference = "  ".into(),
            Some(NotLawful::NoOrder),
        );
        check(|d| d.person.full_name.clear(), Some(NotLawful::NoName));
        check(
            |d| d.person.nationality = "ID".into(),
            Some(NotLawful::NoNationality),
        );
        check(
            |d| d.in_force_to = d.in_force_from,
            Some(NotLawful::EmptyPeriod),
        );
    }

    #[test]
    fn in_force_from_the_first_instant_to_just_before_the_last() {
        let entry = Entry::new(draft()).unwrap();
        for (now, expect) in [(9, false), (10, true), (19, true), (20, false)] {
            assert_eq!(entry.in_force(UtcMs(now)), expect, "at {now}");
        }
    }

    #[test]
    fn a_person_never_prints() {
        assert_eq!(format!("{:?}", draft().person), "Person(redacted)");
    }
}
