//! Visas and stay permits: which one serves an arrival, and until when. How often one was used is what the ledger of
//! crossings says; it is an argument here. Must not count entries itself, nor refuse anybody: a desk gets a reason.

use serde::{Deserialize, Serialize};

use crate::{
    day::Day,
    id::{HolderId, PermitId, SiteId},
    rule_pack::kind::names,
    stay,
};

/// A visa, or a permit to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PermitKind {
    /// A visa: used at an entry, which begins a stay of so many days.
    Visa,
    /// A stay permit (ITAS, ITAP) with re-entry: the stay ends with the permit.
    StayPermit,
}

names!(PermitKind {
    Visa "visa",
    StayPermit "stay_permit",
});

/// How many entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PermitEntries))]
#[serde(rename_all = "snake_case")]
pub enum Entries {
    /// One.
    Single,
    /// As many as it lasts.
    Multiple,
}

names!(Entries {
    Single "single",
    Multiple "multiple",
});

/// Where a permit stands. That it is used or over is no state: the ledger and the calendar say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PermitState {
    /// Issued.
    Issued,
    /// Cancelled; stays so.
    Cancelled,
}

names!(PermitState {
    Issued "issued",
    Cancelled "cancelled",
});

/// How long one may stay on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PermitStay))]
#[serde(rename_all = "snake_case")]
pub enum Stay {
    /// So many days an entry; the day of arrival is day 1.
    Days(u32),
    /// Until this day, whenever one enters.
    Until(Day),
}

/// A visa or stay permit of a holder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit {
    /// Its id.
    pub id: PermitId,
    /// Whose.
    pub holder: HolderId,
    /// Visa or stay permit.
    pub kind: PermitKind,
    /// Index, such as `B1`, `D2`, `C312`, `ITAS`.
    pub index: String,
    /// How many entries.
    pub entries: Entries,
    /// First day it may be used.
    pub valid_from: Day,
    /// Last day it may be used.
    pub valid_until: Day,
    /// How long one may stay.
    pub stay: Stay,
    /// Checkpoints it may be used at; every one when empty.
    pub sites: Vec<SiteId>,
    /// The mark of the document it was issued for; `None` for whatever document its holder shows.
    pub document: Option<Vec<u8>>,
    /// Where it stands.
    pub state: PermitState,
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Permit");
        shown
            .field("id", &self.id)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// An arrival that a permit may serve.
#[derive(Clone, Copy, Debug)]
pub struct Arriving<'a> {
    /// The checkpoint's day.
    pub day: Day,
    /// The checkpoint.
    pub site: SiteId,
    /// The mark of the document shown.
    pub document: &'a [u8],
    /// How many entries the ledger says it served.
    pub entries_used: i64,
}

/// Why a permit does not serve an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PermitRefusal {
    /// Cancelled.
    #[error("this permit was cancelled")]
    Cancelled,
    /// Its first day is not there.
    #[error("this permit cannot be used yet")]
    NotYet,
    /// Its last day of use is past.
    #[error("the last day to use this permit is past")]
    Expired,
    /// Single, and used.
    #[error("this permit was for one entry and was used")]
    UsedUp,
    /// Issued for another document.
    #[error(
        "this permit was issued for another document; a new passport needs a new permit, or a transfer"
    )]
    OtherDocument,
    /// Not at this checkpoint.
    #[error("this permit cannot be used at this checkpoint")]
    OtherSite,
    /// Nothing is left of the stay.
    #[error("no day of the stay is left on this permit")]
    NoStayLeft,
}

names!(PermitRefusal {
    Cancelled "cancelled",
    NotYet "not_yet",
    Expired "expired",
    UsedUp "used_up",
    OtherDocument "other_document",
    OtherSite "other_site",
    NoStayLeft "no_stay_left",
});

/// The last day a visa may be used when it may be so many days after its issue. An e-VoA has 90: on day 90 after issue it
/// serves, on day 91 it does not.
pub fn last_day_of_use(issued: Day, days: u32) -> Option<Day> {
    issued.plus_days(days.into())
}

impl Permit {
    /// Whether it serves this arrival; the last lawful day of the stay that begins.
    pub fn serves(&self, arriving: &Arriving<'_>) -> Result<Day, PermitRefusal> {
        use PermitRefusal::{
            Cancelled, Expired, NoStayLeft, NotYet, OtherDocument, OtherSite, UsedUp,
        };
        if self.state == PermitState::Cancelled {
            return Err(Cancelled);
        }
        if arriving.day < self.valid_from {
            return Err(NotYet);
        }
        if arriving.day > self.valid_until {
            return Err(Expired);
        }
        if self.entries == Entries::Single && arriving.entries_used > 0 {
            return Err(UsedUp);
        }
        if self
            .document
            .as_deref()
            .is_some_and(|own| own != arriving.document)
        {
            return Err(OtherDocument);
        }
        if !self.sites.is_empty() && !self.sites.contains(&arriving.site) {
            return Err(OtherSite);
        }
        self.stay_from(arriving.day).ok_or(NoStayLeft)
    }

    /// The last lawful day of a stay that begins on `arrival`; `None` when no day is left.
    pub fn stay_from(&self, arrival: Day) -> Option<Day> {
        match self.stay {
            Stay::Days(days) => stay::until(arrival, days),
            Stay::Until(until) => (until >= arrival).then_some(until),
        }
    }

    /// Whether it can be recorded: an index, days in order, a stay of some days.
    pub fn check(&self) -> Result<(), NotAPermit> {
        let index = (1..=12).contains(&self.index.len())
            && self.index.bytes().all(|b| b.is_ascii_alphanumeric());
        if !index {
            return Err(NotAPermit::Index);
        }
        if self.valid_until < self.valid_from {
            return Err(NotAPermit::Days);
        }
        match self.stay {
            Stay::Days(days) if !(1..=3_660).contains(&days) => Err(NotAPermit::Stay),
            Stay::Until(until) if until < self.valid_from => Err(NotAPermit::Stay),
            _ => Ok(()),
        }
    }
}

/// Why a permit cannot be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPermit {
    /// No index.
    #[error("the index of a visa or permit has 1 to 12 letters and digits, such as B1, D2 or ITAS")]
    Index,
    /// It ends before it begins.
    #[error("the last day to use it is before the first one")]
    Days,
    /// No stay.
    #[error(
        "give the days of a stay (1 to 3660), or its last day, not before the first day of use"
    )]
    Stay,
}

impl NotAPermit {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Index => "permit_index",
            Self::Days => "permit_days",
            Self::Stay => "permit_stay",
        }
    }
}
