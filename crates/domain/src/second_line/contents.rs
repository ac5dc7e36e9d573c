//! What is said in a case of second line: who was referred and why, whom the officer reached, who took the person over.
//! Must not hold a face. `Debug` of whatever names a person is redacted.

use serde::{Deserialize, Serialize};

use crate::{
    crossing::{Detection, Nationality},
    entry::Agency,
    id::{AlertId, CrossingId, HolderId, LaneId, OrderId, SiteId},
    rule_pack::{self, OrderKind, kind::names},
    site::Direction,
    time::UtcMs,
};

/// Why somebody is looked at more closely. The last three protect: they lead to the safeguarding path and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecondLineReason))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An order in force may name the person.
    ListHit,
    /// The face may not be that of the document's holder.
    ImposterDoubt,
    /// The document may be false, altered, or not valid.
    DocumentDoubt,
    /// Stay, visa or overstay.
    Stay,
    /// Suspected non-procedural migrant worker; by interview only.
    NonProceduralWorker,
    /// The person asks for asylum.
    AsylumClaim,
    /// The person is, or may be, a minor alone or in doubtful company.
    Minor,
    /// Signs of a victim of trafficking.
    VictimIndicator,
}

names!(Reason {
    ListHit "list_hit",
    ImposterDoubt "imposter_doubt",
    DocumentDoubt "document_doubt",
    Stay "stay",
    NonProceduralWorker "non_procedural_worker",
    AsylumClaim "asylum_claim",
    Minor "minor",
    VictimIndicator "victim_indicator",
});

impl Reason {
    /// Whether it leads to the safeguarding path.
    pub fn protects(self) -> bool {
        matches!(
            self,
            Self::AsylumClaim | Self::Minor | Self::VictimIndicator
        )
    }

    /// Whether an officer's own finding can carry a refusal or a deferral with a ground of the rule pack.
    pub fn is_finding(self) -> bool {
        matches!(
            self,
            Self::ImposterDoubt | Self::DocumentDoubt | Self::Stay | Self::NonProceduralWorker
        )
    }
}

/// The traveller as the document says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecondLineTraveller))]
pub struct Traveller {
    /// Full name.
    pub name: String,
    /// `YYYY-MM-DD`, `YYYY-MM`, `YYYY` or empty.
    #[serde(default)]
    pub birth_date: String,
    /// `M`, `F`, `X` or empty.
    #[serde(default)]
    pub sex: String,
    /// Whose citizen.
    pub nationality: Nationality,
    /// Issuing state or organisation.
    pub issuer: String,
    /// Document number.
    pub document_number: String,
}

impl std::fmt::Debug for Traveller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Traveller(redacted)")
    }
}

/// An order that may name the traveller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecondLineHit))]
pub struct Hit {
    /// Which.
    pub order: OrderId,
    /// What it does.
    pub kind: OrderKind,
    /// Whose it is.
    pub agency: Agency,
}

impl Hit {
    /// The row of the rule table it leads to; none for a mere alert to the agency.
    pub fn subject(&self) -> Option<rule_pack::Subject> {
        use rule_pack::Subject;
        match self.kind {
            OrderKind::ExitBan | OrderKind::UrgentExitBan => Some(Subject::ExitBan),
            OrderKind::EntryBan => Some(Subject::EntryBan),
            OrderKind::Wanted => Some(Subject::Wanted),
            OrderKind::RedNotice => Some(Subject::RedNotice),
            OrderKind::LostDocument => Some(Subject::LostDocument),
            OrderKind::AlertOnly => None,
        }
    }
}

/// What the desk hands to second line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecondLineReferral))]
pub struct Referral {
    /// The record of the ledger that will end the case; made at the desk, so a resend is recognised.
    pub crossing: CrossingId,
    /// Where.
    pub site: SiteId,
    /// In which lane.
    #[serde(default)]
    pub lane: Option<LaneId>,
    /// Which way.
    pub direction: Direction,
    /// Who, as the document says.
    pub traveller: Traveller,
    /// Why; one at least.
    pub reasons: Vec<Reason>,
    /// In the officer's words; at most 2,000 characters.
    #[serde(default)]
    pub text: String,
    /// What brought it up.
    pub detection: Detection,
    /// The alert of this lane, if one.
    #[serde(default)]
    pub alert: Option<AlertId>,
    /// Orders that may name the traveller.
    #[serde(default)]
    pub hits: Vec<Hit>,
    /// The record in the registry, if one was found.
    #[serde(default)]
    pub holder: Option<HolderId>,
}

/// How an agency was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By telephone.
    Telephone,
    /// By a message.
    Message,
    /// Over the agency's own system, such as I-24/7.
    System,
    /// In person.
    InPerson,
}

names!(Channel {
    Telephone "telephone",
    Message "message",
    System "system",
    InPerson "in_person",
});

/// One try to reach an agency or the national bureau.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecondLineContact))]
pub struct Contact {
    /// Whom.
    pub agency: Agency,
    /// When it was tried.
    pub tried_at: UtcMs,
    /// How.
    pub channel: Channel,
    /// Who answered, by name or number; empty when nobody did.
    #[serde(default)]
    pub person: String,
    /// Whether somebody was reached.
    pub reached: bool,
    /// The answer; empty when nobody was reached.
    #[serde(default)]
    pub answer: String,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Contact");
        shown
            .field("agency", &self.agency)
            .field("reached", &self.reached);
        shown.finish_non_exhaustive()
    }
}

/// How the receiving officer signed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecondLineSignature))]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum Signature {
    /// Drawn: SVG path data in a box of 600 by 200, `M x y L x y ...` in whole numbers; at most 20,000 characters.
    Drawn {
        /// The path.
        path: String,
    },
    /// Typed, with why it was not drawn.
    Typed {
        /// The name as typed.
        name: String,
        /// Why.
        why: String,
    },
}

/// Most characters of a drawn signature.
pub const LONGEST_PATH: usize = 20_000;

impl Signature {
    /// Whether it can be kept: at least one stroke with a length, nothing but moves and lines inside the box; or a name
    /// and a reason.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Drawn { path } => path.len() <= LONGEST_PATH && is_path(path),
            Self::Typed { name, why } => {
                let long = |text: &str| (3..=200).contains(&text.trim().chars().count());
                long(name) && long(why)
            }
        }
    }
}

/// `M x y` begins a stroke, `L x y` goes on with it.
fn is_path(path: &str) -> bool {
    let mut words = path.split_ascii_whitespace();
    let (mut begun, mut lines) = (false, 0usize);
    while let Some(command) = words.next() {
        let mut inside = |most: u32| {
            let plain = |word: &&str| word.len() <= 3 && word.bytes().all(|b| b.is_ascii_digit());
            let number = words
                .next()
                .filter(plain)
                .and_then(|word| word.parse().ok());
            number.is_some_and(|number: u32| number <= most)
        };
        if !(inside(600) && inside(200)) {
            return false;
        }
        match command {
            "M" => begun = true,
            "L" if begun => lines += 1,
            _ => return false,
        }
    }
    lines >= 2
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signature(redacted)")
    }
}

/// Who took the person over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = SecondLineReceiver))]
pub struct Receiver {
    /// Of which agency.
    pub agency: Agency,
    /// Name.
    pub name: String,
    /// Rank; may be empty.
    #[serde(default)]
    pub rank: String,
    /// Service number.
    pub number: String,
    /// Signature.
    pub signature: Signature,
}

impl Receiver {
    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        let fits = |text: &str, least: usize| (least..=200).contains(&text.trim().chars().count());
        let named = fits(&self.name, 2) && fits(&self.rank, 0) && fits(&self.number, 1);
        named && self.signature.is_whole()
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("agency", &self.agency)
            .finish_non_exhaustive()
    }
}
