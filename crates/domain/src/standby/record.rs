//! What a standby server recorded while it was alone, as it is handed in: whole, so that the centre can judge it again by
//! the same rules. Must not name a face in `Debug`, nor let an order, an account or a citizen's papers be handed in.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Noun;
use crate::{
    alert,
    crossing::{Decision, Draft, Nationality, Outcome, Unlawful},
    day::Day,
    holder::{DocumentKind, Identity},
    id::{
        AccountId, AlertId, CaseId, CrossingId, DeskId, EdgeId, HolderId, LaneId, OrderId,
        PermitId, SiteId,
    },
    rule_pack, second_line,
    site::SiteKind,
    time::{MINUTE_MS, UtcMs},
    wire::AlertReport,
};

/// How far apart two records of one act may be: the centre took it, the reply was lost, and it was done again.
pub const AGAIN_MS: i64 = 2 * MINUTE_MS;
/// How far ahead of the centre's clock a record may be.
const AHEAD_MS: i64 = 5 * MINUTE_MS;

/// Whether two instants may be those of one act.
pub fn again(one: UtcMs, other: UtcMs) -> bool {
    one.since_ms(other).abs() <= AGAIN_MS
}

/// One thing that was recorded. There is no form for anything else: an order or an account cannot be handed in.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StandbyRecord))]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A foreigner whom the copies did not have.
    Holder(HandedHolder),
    /// A record of the ledger.
    Crossing(Box<HandedCrossing>),
    /// A case of second line with its steps.
    Case(HandedCase),
    /// An alert with its steps.
    Alert(Box<HandedAlert>),
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} {}, redacted)", self.noun().name(), self.of())
    }
}

impl Record {
    /// What it is.
    pub fn noun(&self) -> Noun {
        match self {
            Self::Holder(_) => Noun::Holder,
            Self::Crossing(_) => Noun::Crossing,
            Self::Case(_) => Noun::Case,
            Self::Alert(_) => Noun::Alert,
        }
    }

    /// Its id.
    pub fn of(&self) -> String {
        match self {
            Self::Holder(one) => one.id.to_string(),
            Self::Crossing(one) => one.id.to_string(),
            Self::Case(one) => one.id.to_string(),
            Self::Alert(one) => one.report.id.to_string(),
        }
    }

    /// Who made it, once each.
    pub fn by(&self) -> Vec<AccountId> {
        let mut all: Vec<AccountId> = match self {
            Self::Holder(_) => Vec::new(),
            Self::Crossing(one) => [Some(one.officer), one.authoriser]
                .into_iter()
                .flatten()
                .collect(),
            Self::Case(one) => one.steps.iter().filter_map(|step| step.by).collect(),
            Self::Alert(one) => {
                let account = |step: &alert::Step| match step.actor {
                    alert::Actor::Account(account, _) => Some(account),
                    _ => None,
                };
                one.steps.iter().filter_map(account).collect()
            }
        };
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// A foreigner recorded for the first time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HandedHolder {
    /// The id it got.
    pub id: HolderId,
    /// Whose citizen; never the country's own.
    pub nationality: Nationality,
    /// Who.
    pub identity: Identity,
    /// The documents shown, at least one.
    pub documents: Vec<HandedDocument>,
}

/// One document of a foreigner.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HandedDocument {
    /// Its id.
    pub id: Uuid,
    /// What kind.
    pub kind: DocumentKind,
    /// Issuing state, as documents write it.
    pub issuing_state: String,
    /// Number.
    pub number: String,
    /// Last day of its validity.
    pub expires: Option<Day>,
}

/// A record of the ledger. Corrections are not made without the centre.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HandedCrossing {
    /// Its id.
    pub id: CrossingId,
    /// Where.
    pub site: SiteId,
    /// Which lane.
    pub lane: Option<LaneId>,
    /// Which desk.
    pub desk: Option<DeskId>,
    /// When it was decided.
    pub at: UtcMs,
    /// The day it was at the checkpoint.
    pub day: Day,
    /// The holder, as the standby server knew it.
    pub holder: Option<HolderId>,
    /// The holder itself, where it was recorded with this crossing and not handed in yet.
    pub newcomer: Option<HandedHolder>,
    /// Issuing state of the document.
    pub issuing_state: String,
    /// Number of the document.
    pub number: String,
    /// Name in reading order.
    pub name: String,
    /// Birth date as the document writes it.
    pub birth_date: String,
    /// Sex as the document writes it.
    pub sex: String,
    /// What was decided; judged again.
    pub draft: Draft,
    /// The order it rests on.
    pub order: Option<OrderId>,
    /// The alert it rests on.
    pub alert: Option<AlertId>,
    /// The case it ended.
    pub case: Option<CaseId>,
    /// The visa or permit that served.
    pub permit: Option<PermitId>,
    /// Number of the receipt of an overstay charge.
    pub receipt: Option<String>,
    /// Who decided.
    pub officer: AccountId,
    /// Who authorised.
    pub authoriser: Option<AccountId>,
    /// Hits that the officer found to be about somebody else.
    #[serde(default)]
    pub others: Vec<String>,
}

/// A case with all its steps.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HandedCase {
    /// Its id.
    pub id: CaseId,
    /// From the referral on.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub steps: Vec<second_line::Step>,
}

/// An alert with all its steps.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HandedAlert {
    /// The node that raised it.
    pub edge: EdgeId,
    /// What the node reported.
    pub report: AlertReport,
    /// From the raising on.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub steps: Vec<alert::Step>,
}

macro_rules! redacted {
    ($($name:ident)+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )+};
}
redacted!(HandedHolder HandedDocument HandedCrossing HandedCase HandedAlert);

/// What the place of a record is, as the centre has it.
#[derive(Clone, Copy, Debug)]
pub struct Where {
    /// The checkpoint the standby server speaks for.
    pub site: SiteId,
    /// What kind of place.
    pub kind: SiteKind,
    /// Its clock, minutes east of UTC.
    pub utc_offset_minutes: i64,
}

/// Why something cannot be recorded, whatever a person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotRecorded {
    /// Of another checkpoint.
    OtherSite,
    /// In the future, or on another day than its instant says.
    Time,
    /// A citizen refused, a ground that does not carry it, and the like.
    Decision,
    /// A correction: the centre makes those.
    Correction,
    /// A refusal, deferral or hand-over without a case of second line that two people brought to that end.
    TwoPeople,
    /// A citizen's papers: the passport desk records those.
    Citizen,
    /// Identity or document cannot be read.
    Person,
    /// The account is unknown, of another checkpoint, or has no such right.
    Account,
    /// The camera, node or entry is unknown, or not of this checkpoint.
    Place,
    /// It has no first step, or the rules refuse a step.
    Step,
}

impl NotRecorded {
    /// Every reason.
    pub const ALL: [NotRecorded; 10] = [
        Self::OtherSite,
        Self::Time,
        Self::Decision,
        Self::Correction,
        Self::TwoPeople,
        Self::Citizen,
        Self::Person,
        Self::Account,
        Self::Place,
        Self::Step,
    ];

    /// Stable code; the name used in JSON and translation keys.
    pub fn code(self) -> &'static str {
        match self {
            Self::OtherSite => "other_site",
            Self::Time => "time",
            Self::Decision => "decision",
            Self::Correction => "correction",
            Self::TwoPeople => "two_people",
            Self::Citizen => "citizen",
            Self::Person => "person",
            Self::Account => "account",
            Self::Place => "place",
            Self::Step => "step",
        }
    }
}

impl From<Unlawful> for NotRecorded {
    fn from(_: Unlawful) -> Self {
        Self::Decision
    }
}

impl HandedCrossing {
    /// The decision built again by the rules of its own day and place; the centre's clock says `now`.
    pub fn decision(&self, place: &Where, now: UtcMs) -> Result<Decision, NotRecorded> {
        if self.site != place.site {
            return Err(NotRecorded::OtherSite);
        }
        let day = Day::at(self.at, place.utc_offset_minutes);
        if self.at > now + AHEAD_MS || day != self.day {
            return Err(NotRecorded::Time);
        }
        if self.draft.outcome == Outcome::Void {
            return Err(NotRecorded::Correction);
        }
        let fits = |text: &str, least: usize| (least..=200).contains(&text.chars().count());
        let receipt = self.receipt.as_deref().unwrap_or_default();
        if !fits(&self.number, 1)
            || !fits(&self.issuing_state, 1)
            || !fits(&self.name, 1)
            || !fits(&self.birth_date, 0)
            || !fits(&self.sex, 0)
            || receipt.chars().count() > 60
        {
            return Err(NotRecorded::Person);
        }
        let pack = rule_pack::pack_for(day).ok_or(NotRecorded::Time)?;
        let decision = Decision::new(self.draft.clone(), place.kind, day, pack)?;
        let authorised = self.authoriser.is_some_and(|other| other != self.officer);
        let by_two = authorised && self.case.is_some();
        match self.draft.outcome.at_a_desk() || by_two {
            true => Ok(decision),
            false => Err(NotRecorded::TwoPeople),
        }
    }
}

impl HandedHolder {
    /// Identity and documents as the registry keeps them.
    pub fn checked(&self) -> Result<(Identity, Vec<HandedDocument>), NotRecorded> {
        if self.nationality.citizen() {
            return Err(NotRecorded::Citizen);
        }
        let identity = self.identity.clone().checked();
        let identity = identity.map_err(|_| NotRecorded::Person)?;
        if self.documents.is_empty() || self.documents.len() > 20 {
            return Err(NotRecorded::Person);
        }
        let document = |one: &HandedDocument| {
            let state = crate::holder::issuing_state(&one.issuing_state);
            let number = crate::holder::document_number(&one.number);
            Ok(HandedDocument {
                issuing_state: state.map_err(|_| NotRecorded::Person)?,
                number: number.map_err(|_| NotRecorded::Person)?,
                ..one.clone()
            })
        };
        let documents = self.documents.iter().map(document);
        Ok((
            identity,
            documents.collect::<Result<Vec<_>, NotRecorded>>()?,
        ))
    }
}

/// Why somebody may not settle a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MayNotSettle {
    /// One person's record, another person's look.
    #[error("you made this record, or had a part in it; another person must settle what was found")]
    OwnRecord,
    /// Without words nobody knows later why.
    #[error("say what you found and did, in 3 to 2,000 characters")]
    NoReason,
}

impl MayNotSettle {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::OwnRecord => "own_record",
            Self::NoReason => "no_reason",
        }
    }
}

/// Whether `account` may settle what was found of a record that `by` made.
pub fn may_settle(by: &[AccountId], account: AccountId, reason: &str) -> Result<(), MayNotSettle> {
    if by.contains(&account) {
        return Err(MayNotSettle::OwnRecord);
    }
    let said = (3..=2_000).contains(&reason.trim().chars().count());
    said.then_some(()).ok_or(MayNotSettle::NoReason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{crossing::Detection, site::Direction};

    const NOW: UtcMs = UtcMs(1_795_278_600_000);

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn place() -> Where {
        Where {
            site: SiteId(id(1)),
            kind: SiteKind::Checkpoint,
            utc_offset_minutes: 420,
        }
    }

    fn crossing(outcome: Outcome, nationality: &str) -> HandedCrossing {
        let arrival = matches!(outcome, Outcome::Entered | Outcome::RefusedEntry);
        HandedCrossing {
            id: CrossingId(id(2)),
            site: SiteId(id(1)),
            lane: None,
            desk: None,
            at: NOW,
            day: Day::at(NOW, 420),
            holder: None,
            newcomer: None,
            issuing_state: nationality.into(),
            number: "X1".into(),
            name: "Anna Contoh".into(),
            birth_date: String::new(),
            sex: String::new(),
            draft: Draft {
                outcome,
                direction: match arrival {
                    true => Direction::Arrival,
                    false => Direction::Departure,
                },
                nationality: Nationality::new(nationality).unwrap(),
                ground: (outcome == Outcome::RefusedEntry).then(|| "no_visa".into()),
                detection: Detection::None,
                stay_until: (outcome == Outcome::Entered && nationality != "IDN")
                    .then(|| Day::at(NOW, 420)),
                charge: None,
            },
            order: None,
            alert: None,
            case: None,
            permit: None,
            receipt: None,
            officer: AccountId(id(5)),
            authoriser: None,
            others: Vec::new(),
        }
    }

    #[test]
    fn what_was_decided_is_judged_again() {
        let judged = |change: fn(&mut HandedCrossing), outcome, nationality| {
            let mut handed = crossing(outcome, nationality);
            change(&mut handed);
            handed.decision(&place(), NOW).map(|_| ())
        };
        let plain: fn(&mut HandedCrossing) = |_| {};
        assert_eq!(judged(plain, Outcome::Entered, "FRA"), Ok(()));
        assert_eq!(judged(plain, Outcome::Departed, "IDN"), Ok(()));
        let decision = Err(NotRecorded::Decision);
        assert_eq!(judged(plain, Outcome::RefusedEntry, "IDN"), decision);
        let two: fn(&mut HandedCrossing) = |one| {
            one.case = Some(CaseId(id(7)));
            one.authoriser = Some(AccountId(id(6)));
        };
        assert_eq!(judged(two, Outcome::RefusedEntry, "IDN"), decision);
        assert_eq!(judged(two, Outcome::RefusedEntry, "FRA"), Ok(()));
        let alone = Err(NotRecorded::TwoPeople);
        assert_eq!(judged(plain, Outcome::RefusedEntry, "FRA"), alone);
        let same: fn(&mut HandedCrossing) = |one| {
            one.case = Some(CaseId(id(7)));
            one.authoriser = Some(one.officer);
        };
        assert_eq!(judged(same, Outcome::RefusedEntry, "FRA"), alone);
        for (change, expect) in [
            (
                (|one| one.site = SiteId(id(3))) as fn(&mut HandedCrossing),
                NotRecorded::OtherSite,
            ),
            (|one| one.at = NOW + AHEAD_MS + 1, NotRecorded::Time),
            (
                |one| one.day = "2026-01-01".parse().unwrap(),
                NotRecorded::Time,
            ),
            (|one| one.number.clear(), NotRecorded::Person),
            (
                |one| one.draft.outcome = Outcome::Void,
                NotRecorded::Correction,
            ),
        ] {
            assert_eq!(judged(change, Outcome::Entered, "FRA"), Err(expect));
        }
    }

    #[test]
    fn only_foreigners_with_a_document_are_recorded_away_from_the_registry() {
        let identity = Identity {
            primary: "CONTOH".into(),
            secondary: "ANNA".into(),
            full_name: "Anna Contoh".into(),
            sex: "F".into(),
            birth_date: String::new(),
            nik: String::new(),
        };
        let mut holder = HandedHolder {
            id: HolderId(id(9)),
            nationality: Nationality::new("FRA").unwrap(),
            identity,
            documents: Vec::new(),
        };
        assert_eq!(holder.checked(), Err(NotRecorded::Person));
        holder.documents.push(HandedDocument {
            id: id(10),
            kind: DocumentKind::Passport,
            issuing_state: "FRA".into(),
            number: "X1".into(),
            expires: None,
        });
        assert!(holder.checked().is_ok());
        holder.nationality = Nationality::new("IDN").unwrap();
        assert_eq!(holder.checked(), Err(NotRecorded::Citizen));
    }

    #[test]
    fn nobody_settles_what_was_found_of_their_own_record() {
        let (one, other) = (AccountId(id(1)), AccountId(id(2)));
        assert_eq!(
            may_settle(&[one], one, "looked"),
            Err(MayNotSettle::OwnRecord)
        );
        assert_eq!(may_settle(&[one], other, "looked"), Ok(()));
        assert_eq!(
            may_settle(&[one], other, "  .. "),
            Err(MayNotSettle::NoReason)
        );
    }

    #[test]
    fn nothing_of_a_person_is_in_debug_and_no_order_can_be_handed_in() {
        let record = Record::Crossing(Box::new(crossing(Outcome::Entered, "FRA")));
        let text = format!("{record:?}");
        assert!(
            !text.contains("Contoh") && text.contains("crossing"),
            "{text}"
        );
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
        for noun in ["order", "account", "entry", "site", "cleared"] {
            let text = format!(r#"{{"{noun}":{{"id":"{}"}}}}"#, id(1));
            assert!(serde_json::from_str::<Record>(&text).is_err(), "{noun}");
        }
        for reason in NotRecorded::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
        }
    }
}
