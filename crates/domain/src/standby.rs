//! A checkpoint that goes on when the centre cannot be reached: how old its copies may be, what travels each way, and
//! what a person must look at afterwards. Must not decide about a traveller: the same rules hold as at the centre.

mod record;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    id::{FindingId, SiteId, StandbyId},
    time::{HOUR_MS, MINUTE_MS, UtcMs},
};

pub use record::{
    AGAIN_MS, HandedAlert, HandedCase, HandedCrossing, HandedDocument, HandedHolder, MayNotSettle,
    NotRecorded, Record, Where, again, may_settle,
};

/// Copies older than this decide nothing: lists may have grown and orders ended. 72 hours bridge a weekend with a broken
/// line, as at camera nodes (compare Regulation (EU) 2017/2226, article 21: records are kept where they are made).
pub const LIMIT_MS: i64 = 72 * HOUR_MS;
/// From this age pages say how old the copies are.
pub const AGED_MS: i64 = 5 * MINUTE_MS;
/// A clock set back by more than this says nothing.
const TOLERANCE_MS: i64 = 5 * MINUTE_MS;

/// What copies of an age are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CopiesStanding))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The centre was heard of a moment ago.
    Current,
    /// They decide, and pages say their age.
    Aged,
    /// They decide nothing: every traveller goes to second line.
    Old,
    /// They were never whole, or the clock was set back: they decide nothing.
    Unknown,
}

impl Standing {
    /// Of copies that were last the centre's at `heard_at`, and whole since the first time.
    pub fn of(heard_at: Option<UtcMs>, complete: bool, now: UtcMs) -> Self {
        match heard_at.filter(|_| complete).map(|at| now.since_ms(at)) {
            None => Self::Unknown,
            Some(..=-300_001) => Self::Unknown,
            Some(..=AGED_MS) => Self::Current,
            Some(..=LIMIT_MS) => Self::Aged,
            Some(_) => Self::Old,
        }
    }

    /// Whether a desk may decide by them.
    pub fn decides(self) -> bool {
        matches!(self, Self::Current | Self::Aged)
    }

    /// The name used in JSON and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Aged => "aged",
            Self::Old => "old",
            Self::Unknown => "unknown",
        }
    }
}

const _: () = assert!(TOLERANCE_MS == 300_000);

/// What is copied or handed in whole, under one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StandbyNoun))]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    /// A place with its desks, lanes, cameras and nodes.
    Site,
    /// An account; its password only where it works at this checkpoint.
    Account,
    /// A session of an account of this checkpoint.
    Session,
    /// A decided change of the law's data.
    RulePack,
    /// An order with its steps.
    Order,
    /// An entry of a list with its photographs.
    Entry,
    /// A person of the registry with documents, permits, portrait and marks of the ledger.
    Holder,
    /// A case of second line with its steps.
    Case,
    /// A document cleared for an order.
    Cleared,
    /// An alert of this checkpoint with its steps and pictures.
    Alert,
    /// One record of the ledger; only handed in.
    Crossing,
}

impl Noun {
    /// All, in the order in which they are copied first.
    pub const ALL: [Noun; 11] = [
        Self::Site,
        Self::Account,
        Self::Session,
        Self::RulePack,
        Self::Entry,
        Self::Order,
        Self::Holder,
        Self::Case,
        Self::Cleared,
        Self::Alert,
        Self::Crossing,
    ];

    /// The name used in JSON and SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Account => "account",
            Self::Session => "session",
            Self::RulePack => "rule_pack",
            Self::Order => "order",
            Self::Entry => "entry",
            Self::Holder => "holder",
            Self::Case => "case",
            Self::Cleared => "cleared",
            Self::Alert => "alert",
            Self::Crossing => "crossing",
        }
    }

    /// The noun with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|noun| noun.name() == name)
    }
}

/// One value of a row. Bytes travel as base64; a sealed column travels open inside TLS and is sealed again on arrival.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// SQL NULL.
    Null,
    /// Integers, times, flags.
    Int(i64),
    /// Floating point.
    Real(f64),
    /// Text, ids.
    Text(String),
    /// Bytes, base64.
    Bytes(String),
    /// The plain text of a sealed column, base64.
    Sealed(String),
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cell(redacted)")
    }
}

/// Rows of one table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rows {
    /// The table.
    pub table: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Values, as many a row as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

/// One thing, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bundle {
    /// What it is.
    pub noun: Noun,
    /// Its id.
    pub of: String,
    /// Its rows, table by table; `None` when the standby server has no need of it (any more).
    pub tables: Option<Vec<Rows>>,
}

/// `POST /api/v1/standbys/enrol`, unsigned: the one-time token proves the right to enrol.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StandbyEnrolRequest {
    /// One-time token from the console.
    pub token: String,
    /// Base64 of the Ed25519 public key, 32 bytes.
    pub public_key: String,
}

/// Reply to an enrolment.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StandbyEnrolReply {
    /// Its id from now on.
    pub standby: StandbyId,
    /// Its checkpoint.
    pub site: SiteId,
    /// Hex of the key by which documents are found again. Secret.
    pub documents_key: String,
}

/// `GET /api/v1/standby/copies?after=<n>`: what changed, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Copies {
    /// Position after these; sent as `after` next time.
    pub upto: i64,
    /// Whether more is waiting.
    pub more: bool,
    /// What changed.
    pub bundles: Vec<Bundle>,
    /// The centre's clock.
    pub now: UtcMs,
}

/// One audit row of a standby server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StandbyAuditRow {
    /// Position in its own chain, from 1.
    pub seq: i64,
    /// When.
    pub at: UtcMs,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// On what.
    pub subject: String,
    /// More, as JSON text.
    pub detail: String,
    /// Chain hash, hex.
    pub hash: String,
}

/// `POST /api/v1/standby/records`: what a standby server recorded, in its order, and how it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct HandedIn {
    /// How far its copies go.
    pub upto: i64,
    /// Records that wait after these.
    pub waiting: i64,
    /// Since when it goes on alone, if it does.
    pub alone_since: Option<UtcMs>,
    /// The next rows of its audit record.
    pub audit: Vec<StandbyAuditRow>,
    /// What it recorded.
    pub records: Vec<Record>,
}

/// What became of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// It is recorded now.
    Recorded,
    /// It was there already, the same.
    Known,
    /// It is kept as a finding, for a person; nothing was recorded.
    Kept,
}

/// Reply to records handed in: one verdict a record, in their order. What has one need not be sent again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandedReply {
    /// What became of each.
    pub taken: Vec<Taken>,
    /// The last audit row the centre has.
    pub audit_seq: i64,
    /// The centre's clock.
    pub now: UtcMs,
}

/// Why a person must look at something that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StandbyFindingKind))]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Recorded; but the centre, with what it knew at that instant, would not have let this traveller pass.
    NotOffered,
    /// Recorded; the registry knew the person already, and the record names that one.
    HolderKnown,
    /// Not recorded: this id names another record at the centre.
    Differs,
    /// Not recorded: this case or alert went on at the centre in another way.
    Diverged,
    /// Not recorded: no such thing can be recorded.
    Unlawful,
}

impl FindingKind {
    /// All, most pressing first.
    pub const ALL: [FindingKind; 5] = [
        Self::NotOffered,
        Self::Unlawful,
        Self::Differs,
        Self::Diverged,
        Self::HolderKnown,
    ];

    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotOffered => "not_offered",
            Self::HolderKnown => "holder_known",
            Self::Differs => "differs",
            Self::Diverged => "diverged",
            Self::Unlawful => "unlawful",
        }
    }
}

/// Something found: which, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its id.
    pub id: FindingId,
    /// Why.
    pub kind: FindingKind,
    /// About what.
    pub noun: Noun,
    /// Its id.
    pub of: String,
}

/// Whether steps handed in go on from those the centre has: `Some(n)` when the first `n` are the centre's and the rest
/// are new. Two records of one step are the same when `same` says so; a reply lost on the way makes them differ in time.
pub fn goes_on<T>(centre: &[T], handed: &[T], same: impl Fn(&T, &T) -> bool) -> Option<usize> {
    let begins = centre.len() <= handed.len() && centre.iter().zip(handed).all(|(a, b)| same(a, b));
    begins.then_some(centre.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcMs = UtcMs(1_795_278_600_000);

    #[test]
    fn copies_decide_for_72_hours_and_never_by_a_clock_set_back() {
        for (age_ms, expect) in [
            (0, Standing::Current),
            (AGED_MS, Standing::Current),
            (AGED_MS + 1, Standing::Aged),
            (72 * HOUR_MS, Standing::Aged),
            (72 * HOUR_MS + 1, Standing::Old),
            (-TOLERANCE_MS, Standing::Current),
            (-TOLERANCE_MS - 1, Standing::Unknown),
        ] {
            let standing = Standing::of(Some(NOW - age_ms), true, NOW);
            assert_eq!(standing, expect, "{age_ms}");
            assert_eq!(
                standing.decides(),
                matches!(expect, Standing::Current | Standing::Aged)
            );
        }
        assert_eq!(Standing::of(None, true, NOW), Standing::Unknown);
        assert_eq!(Standing::of(Some(NOW), false, NOW), Standing::Unknown);
    }

    #[test]
    fn steps_go_on_from_the_centre_or_not_at_all() {
        let same = |a: &u8, b: &u8| a == b;
        for (centre, handed, expect) in [
            (&[][..], &[1, 2][..], Some(0)),
            (&[1], &[1, 2], Some(1)),
            (&[1, 2], &[1, 2], Some(2)),
            (&[1, 2], &[1], None),
            (&[1, 3], &[1, 2, 3], None),
        ] {
            assert_eq!(
                goes_on(centre, handed, same),
                expect,
                "{centre:?} {handed:?}"
            );
        }
    }

    #[test]
    fn names_round_trip() {
        for noun in Noun::ALL {
            assert_eq!(Noun::from_name(noun.name()), Some(noun));
            assert_eq!(serde_json::to_value(noun).unwrap(), noun.name());
        }
        for kind in FindingKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
