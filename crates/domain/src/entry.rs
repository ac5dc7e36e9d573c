//! Entries of the lawful lists: who, by whose order, from which day to which. Days are those of the checkpoint's own
//! calendar, so that the same entry begins and ends at another instant in each zone.
//! Must not let an entry exist without order, requester and end, nor an entry ban on a citizen.
//! The full legal life (orders, extensions, objections) comes with the travel-ban list.

use serde::{Deserialize, Serialize};

use crate::{
    day::Day,
    id::EntryId,
    time::{Moment, UtcMs},
};

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
        self.nationality.trim().eq_ignore_ascii_case("IDN")
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
    first_day: Day,
    last_day: Day,
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
    /// First day in force.
    pub first_day: Day,
    /// Last day in force.
    pub last_day: Day,
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
    /// The last day may not be before the first.
    #[error("the last day must not be before the first day")]
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
            first_day,
            last_day,
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
        if last_day < first_day {
            return Err(NotLawful::EmptyPeriod);
        }
        Ok(Self {
            id,
            list,
            person,
            order_reference,
            agency,
            first_day,
            last_day,
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
    /// First day in force.
    pub fn first_day(&self) -> Day {
        self.first_day
    }
    /// Last day in force.
    pub fn last_day(&self) -> Day {
        self.last_day
    }
    /// First instant in force where clocks are `utc_offset_minutes` ahead of UTC.
    pub fn in_force_from(&self, utc_offset_minutes: i64) -> UtcMs {
        self.first_day.starts(utc_offset_minutes)
    }
    /// First instant no longer in force there.
    pub fn in_force_to(&self, utc_offset_minutes: i64) -> UtcMs {
        self.last_day.ends(utc_offset_minutes)
    }
    /// Counts changes.
    pub fn version(&self) -> u32 {
        self.version
    }
    /// Whether it is in force there at this instant: whether the local day is one of its days.
    pub fn in_force(&self, now: UtcMs, utc_offset_minutes: i64) -> bool {
        (self.first_day..=self.last_day).contains(&Day::at(now, utc_offset_minutes))
    }
}

/// The zones of the country, minutes ahead of UTC: WIB, WITA, WIT.
pub const COUNTRY_OFFSETS: [i64; 3] = [420, 480, 540];

/// The envelope of a period: from where its first day begins first to where its last day ends last, over `offsets`
/// and the zones of the country.
pub fn reach(first_day: Day, last_day: Day, offsets: &[i64]) -> (UtcMs, UtcMs) {
    let all = || COUNTRY_OFFSETS.iter().chain(offsets).copied();
    let (east, west) = (all().max().unwrap_or(0), all().min().unwrap_or(0));
    (first_day.starts(east), last_day.ends(west))
}

/// The one rule of "in force at this instant": from inclusive, to exclusive. When the present is known only between
/// bounds it must be in force at all of them: in doubt for the person.
pub fn in_force(from: UtcMs, to: UtcMs, now: impl Into<Moment>) -> bool {
    let now = now.into();
    from <= now.earliest && now.latest < to
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MINUTE_MS;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

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
            first_day: day("2023-11-03"),
            last_day: day("2023-11-22"),
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
            |d| d.last_day = day("2023-11-02"),
            Some(NotLawful::EmptyPeriod),
        );
    }

    /// In force from the first instant of the first day to just before the day after the last, in one zone.
    fn check_days(first: &str, last: &str, utc_offset_minutes: i64) {
        let entry = Entry::new(Draft {
            first_day: day(first),
            last_day: day(last),
            ..draft()
        });
        let entry = entry.unwrap();
        let from = entry.in_force_from(utc_offset_minutes);
        let to = entry.in_force_to(utc_offset_minutes);
        for (now, expect) in [
            (from + -1, false),
            (from, true),
            (to + -MINUTE_MS, true),
            (to + -1, true),
            (to, false),
        ] {
            assert_eq!(entry.in_force(now, utc_offset_minutes), expect);
            assert_eq!(in_force(from, to, now), expect, "both forms of the rule");
        }
    }

    #[test]
    fn the_first_and_the_last_day_count_whole() {
        for offset in [420, 480, 540, 0, -720, 840] {
            check_days("2023-11-03", "2023-11-22", offset);
            check_days("2024-02-29", "2024-02-29", offset);
        }
    }

    #[test]
    fn an_urgent_ban_of_twenty_days_lapses_at_local_midnight_of_each_zone() {
        // 20 days from 3 November: the last is the 22nd. 23:59 there is in force, 00:00 of the 23rd is not.
        let ban = Entry::new(draft()).unwrap();
        assert_eq!(ban.last_day().since(ban.first_day()) + 1, 20);
        for (offset, midnight_utc) in [
            (420, 1_700_672_400_000), // 2023-11-22T17:00:00Z
            (480, 1_700_668_800_000), // 16:00
            (540, 1_700_665_200_000), // 15:00
        ] {
            let midnight = UtcMs(midnight_utc);
            assert!(ban.in_force(midnight + -MINUTE_MS, offset), "{offset}");
            assert!(!ban.in_force(midnight, offset), "{offset}");
        }
    }

    #[test]
    fn at_one_instant_it_may_be_in_force_in_jakarta_and_over_in_jayapura() {
        let ban = Entry::new(draft()).unwrap();
        // 22 November, 23:30 in Jakarta: 01:30 of the 23rd in Jayapura.
        let now = UtcMs(1_700_672_400_000 - 30 * MINUTE_MS);
        let found = [420, 480, 540].map(|offset| ban.in_force(now, offset));
        assert_eq!(found, [true, false, false]);
    }

    #[test]
    fn the_envelope_begins_in_the_east_and_ends_in_the_west() {
        let ban = Entry::new(draft()).unwrap();
        let (first, last) = (ban.first_day(), ban.last_day());
        for (offsets, east, west) in [(&[][..], 540, 420), (&[0, 480], 540, 0), (&[600], 600, 420)]
        {
            let expect = (ban.in_force_from(east), ban.in_force_to(west));
            assert_eq!(reach(first, last, offsets), expect, "{offsets:?}");
        }
    }

    #[test]
    fn in_doubt_about_the_time_it_is_not_in_force() {
        let check = |earliest, latest, expect| {
            let now = Moment {
                earliest: UtcMs(earliest),
                latest: UtcMs(latest),
            };
            assert_eq!(in_force(UtcMs(10), UtcMs(20), now), expect, "{now:?}");
        };
        check(10, 19, true);
        check(9, 19, false);
        check(10, 20, false);
        assert!(!in_force(UtcMs(10), UtcMs(20), Moment::UNKNOWN));
    }

    #[test]
    fn a_person_never_prints() {
        assert_eq!(format!("{:?}", draft().person), "Person(redacted)");
    }
}
