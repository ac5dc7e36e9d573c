//! What can be done in a case of second line, by whom, and from which status. Must not look at what a case says: the case
//! itself does.

use serde::{Deserialize, Serialize};

use super::{Contact, Reason, Receiver, Referral};
use crate::{
    crossing::Unlawful,
    day::Day,
    id::{AccountId, OrderId},
    role::Permission,
    rule_pack::{Action as Act, kind::names},
    time::UtcMs,
};

/// What can be done in a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// A desk refers a traveller.
    Open {
        /// What the desk says.
        referral: Box<Referral>,
    },
    /// An officer takes the case, or takes it over. The first time the person's clock begins.
    Take,
    /// What asking and looking brought.
    Interview {
        /// In codes.
        reasons: Vec<Reason>,
        /// In the officer's words.
        text: String,
    },
    /// A try to reach an agency.
    Contact {
        /// Whom, when, how, and the answer.
        contact: Contact,
    },
    /// Whether it is so: the person of these orders, or what the officer found.
    Conclude {
        /// Whether it is.
        hit: bool,
        /// Orders whose person it is. All others of the referral are cleared.
        confirmed: Vec<OrderId>,
        /// Why, in the officer's words.
        text: String,
    },
    /// What is done with the person.
    Decide {
        /// One of those offered.
        act: Act,
        /// Why, for a refusal or a deferral: a code of the rule pack.
        #[serde(default)]
        ground: Option<String>,
        /// Last day of a foreigner's stay, for an entry.
        #[serde(default)]
        stay_until: Option<Day>,
        /// Charge paid, IDR, for a departure after an overstay.
        #[serde(default)]
        charge: Option<u64>,
        /// Number of the receipt of the charge.
        #[serde(default)]
        receipt: Option<String>,
        /// In the officer's words.
        #[serde(default)]
        text: String,
        /// Whether another person must say yes; found by the rules of that day, whatever is given here.
        #[serde(default)]
        waits: bool,
    },
    /// Another person says yes.
    Authorise,
    /// Another person says no; it is decided anew.
    Decline {
        /// Why.
        text: String,
    },
    /// The person is in the hands of the authority concerned.
    HandOver {
        /// Who signed for the person.
        receiver: Receiver,
    },
    /// The clock: so much of the longest time has gone.
    Alarm {
        /// 80 or 100 hundredths.
        percent: u8,
    },
    /// The end: what was decided stands in the ledger.
    Close,
}

/// The kind of an action, without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecondLineKind))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// See [`Action::Open`].
    Open,
    /// See [`Action::Take`].
    Take,
    /// See [`Action::Interview`].
    Interview,
    /// See [`Action::Contact`].
    Contact,
    /// See [`Action::Conclude`].
    Conclude,
    /// See [`Action::Decide`].
    Decide,
    /// See [`Action::Authorise`].
    Authorise,
    /// See [`Action::Decline`].
    Decline,
    /// See [`Action::HandOver`].
    HandOver,
    /// See [`Action::Alarm`].
    Alarm,
    /// See [`Action::Close`].
    Close,
}

names!(Kind {
    Open "open",
    Take "take",
    Interview "interview",
    Contact "contact",
    Conclude "conclude",
    Decide "decide",
    Authorise "authorise",
    Decline "decline",
    HandOver "hand_over",
    Alarm "alarm",
    Close "close",
});

impl Kind {
    /// Who may; nobody, where only the clock acts.
    pub fn permission(self) -> Option<Permission> {
        match self {
            Self::Open => Some(Permission::RecordCrossings),
            Self::Authorise | Self::Decline => Some(Permission::AuthoriseCases),
            Self::Alarm => None,
            _ => Some(Permission::WorkCases),
        }
    }
}

impl Action {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Open { .. } => Kind::Open,
            Self::Take => Kind::Take,
            Self::Interview { .. } => Kind::Interview,
            Self::Contact { .. } => Kind::Contact,
            Self::Conclude { .. } => Kind::Conclude,
            Self::Decide { .. } => Kind::Decide,
            Self::Authorise => Kind::Authorise,
            Self::Decline { .. } => Kind::Decline,
            Self::HandOver { .. } => Kind::HandOver,
            Self::Alarm { .. } => Kind::Alarm,
            Self::Close => Kind::Close,
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When it was recorded.
    pub at: UtcMs,
    /// Who; nobody for the clock.
    pub by: Option<AccountId>,
    /// What.
    #[serde(flatten)]
    pub action: Action,
}

/// Where a case stands; computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecondLineStatus))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for an officer.
    Opened,
    /// An officer looks.
    Taken,
    /// It is so.
    Hit,
    /// It is not.
    NoHit,
    /// Decided; waits for another person.
    AwaitingAuthoriser,
    /// Decided; to be carried out.
    Action,
    /// In the hands of the authority concerned.
    HandedOver,
    /// Over.
    Closed,
}

names!(Status {
    Opened "opened",
    Taken "taken",
    Hit "hit",
    NoHit "no_hit",
    AwaitingAuthoriser "awaiting_authoriser",
    Action "action",
    HandedOver "handed_over",
    Closed "closed",
});

impl Status {
    /// The one table of what may happen next; serves the pages, the API and [`Case::apply`].
    pub fn allowed(self) -> &'static [Kind] {
        use Kind::*;
        match self {
            Self::Opened => &[Take, Interview, Alarm],
            Self::Taken => &[Take, Interview, Contact, Conclude, Decide, Alarm],
            Self::Hit | Self::NoHit => &[Take, Interview, Contact, Conclude, Decide, Alarm, Close],
            Self::AwaitingAuthoriser => &[Take, Interview, Contact, Authorise, Decline, Alarm],
            Self::Action => &[Take, Interview, Contact, Decide, HandOver, Alarm, Close],
            Self::HandedOver => &[Contact, Close],
            Self::Closed => &[],
        }
    }
}

/// Why an action is not possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not from here.
    #[error("this cannot be done in a case that is {}", .0.name())]
    Status(Status),
    /// Two people are needed.
    #[error(
        "whoever decided a refusal, a deferral or a hand-over cannot authorise it; another person must"
    )]
    SamePerson,
    /// A reason, words or a person is missing.
    #[error("give at least one reason, and say what was found in 3 to 2,000 characters")]
    Incomplete,
    /// The bureau was not heard.
    #[error(
        "a red notice is a request: record the answer of the national bureau of INTERPOL before calling it a hit"
    )]
    BureauFirst,
    /// The safeguarding path stands alone.
    #[error("this person is protected: nothing is offered but the safeguarding path")]
    Protected,
    /// Not one of those offered.
    #[error(
        "this is not among what the rule table offers for this person here; the case's page lists what is"
    )]
    NotOffered,
    /// Not an order of the referral, or nothing that could be so.
    #[error(
        "confirm orders of this referral, or a finding of the officer; a hit of nothing is no hit"
    )]
    NothingConfirmed,
    /// The ledger would not take it.
    #[error(transparent)]
    Unlawful(#[from] Unlawful),
    /// No receipt, or one where nothing is charged.
    #[error(
        "an overstay charge needs its amount and the number of its receipt, and nothing else has one"
    )]
    NoReceipt,
    /// No decision yet, or the person was not handed over.
    #[error("first decide what is done, and record the hand-over where one is due")]
    NotDone,
    /// An agency that must be told was not tried.
    #[error("first record the contact with {}", .0.iter().map(|act| act_name(*act)).collect::<Vec<_>>().join(", "))]
    Owed(Vec<Act>),
    /// No whole signature.
    #[error(
        "name the receiving officer with service number, and have the hand-over signed, or typed with the reason why"
    )]
    NotSigned,
    /// There is no such time.
    #[error("a contact was tried after the case was opened and not in the future")]
    BadTime,
}

fn act_name(act: Act) -> &'static str {
    match act {
        Act::NotifyPolice => "the police",
        Act::NotifyBureau => "the national bureau of INTERPOL",
        _ => "the requesting agency",
    }
}

impl Refused {
    /// Stable code for API clients.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Status(_) => "case_status",
            Self::SamePerson => "case_same_person",
            Self::Incomplete => "case_incomplete",
            Self::BureauFirst => "case_bureau_first",
            Self::Protected => "case_protected",
            Self::NotOffered => "case_not_offered",
            Self::NothingConfirmed => "case_nothing_confirmed",
            Self::Unlawful(_) => "case_unlawful",
            Self::NoReceipt => "case_no_receipt",
            Self::NotDone => "case_not_done",
            Self::Owed(_) => "case_contact_owed",
            Self::NotSigned => "case_not_signed",
            Self::BadTime => "case_bad_time",
        }
    }
}
