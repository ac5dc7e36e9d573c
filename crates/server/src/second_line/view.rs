//! A case as it is shown. Must not decide anything: status, offer and clock come from the domain.

use serde::Serialize;
use tapal_domain::{
    crossing::Outcome,
    day::Day,
    entry::Agency,
    id::{AccountId, CaseId, OrderId},
    rule_pack::Action as Act,
    second_line::{
        Action, Case, Contact, Kind, Law, Reason, Referral, Signature, Status, Step, outcome,
    },
    time::UtcMs,
};
use tapal_store::second_line::Filed;
use utoipa::ToSchema;

/// A case in full.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecondLineCase)]
pub struct CaseView {
    /// Its id.
    pub id: CaseId,
    /// Where it stands.
    pub status: Status,
    /// What the desk said.
    pub referral: Referral,
    /// All reasons so far.
    pub reasons: Vec<Reason>,
    /// Whether the person is protected.
    pub protected: bool,
    /// When it was opened.
    pub opened_at: UtcMs,
    /// Who has it.
    pub taken_by: Option<AccountId>,
    /// When the person's clock began.
    pub custody_began: Option<UtcMs>,
    /// When it ended.
    pub custody_ended: Option<UtcMs>,
    /// Longest time, minutes, by the rule pack.
    pub longest_minutes: u32,
    /// Hundredths of the longest time for which an alarm was given: 0, 80 or 100.
    pub alarmed: u8,
    /// Whether it is so; absent before the conclusion.
    pub hit: Option<bool>,
    /// Orders whose person it is.
    pub confirmed: Vec<OrderId>,
    /// What was decided.
    pub decided: Option<CaseDecided>,
    /// What may be done.
    pub offer: CaseOffer,
    /// What makes sense now.
    pub allowed: Vec<Kind>,
    /// What was done, oldest first.
    pub steps: Vec<CaseStep>,
    /// When it was closed.
    pub closed_at: Option<UtcMs>,
}

/// What was decided.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecondLineDecided)]
pub struct CaseDecided {
    /// What.
    #[schema(value_type = String)]
    pub act: Act,
    /// What the ledger is told; absent where it is told nothing.
    pub outcome: Option<Outcome>,
    /// Why, as a code of the rule pack.
    pub ground: Option<String>,
    /// Last day of a foreigner's stay.
    pub stay_until: Option<Day>,
    /// By whom.
    pub by: AccountId,
    /// Who authorised it.
    pub authorised_by: Option<AccountId>,
}

/// What may be done.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecondLineOffer)]
pub struct CaseOffer {
    /// One of these is decided.
    pub acts: Vec<OfferedAct>,
    /// What must be done besides.
    #[schema(value_type = Vec<String>)]
    pub duties: Vec<Act>,
    /// Of these nobody has recorded anything.
    #[schema(value_type = Vec<String>)]
    pub owed: Vec<Act>,
    /// Whether the person must be handed over before the end.
    pub hand_over: bool,
}

/// One act, with the grounds that carry it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecondLineAct)]
pub struct OfferedAct {
    /// What.
    #[schema(value_type = String)]
    pub act: Act,
    /// Whether another person must authorise it.
    pub needs_authoriser: bool,
    /// Grounds, one of which it needs; empty where it needs none.
    pub grounds: Vec<OfferedGround>,
    /// Whether it needs the last day of a foreigner's stay.
    pub needs_stay: bool,
    /// Whether it needs a charge and its receipt.
    pub needs_receipt: bool,
}

/// A ground and where it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecondLineGround)]
pub struct OfferedGround {
    /// Code of the rule pack.
    pub code: String,
    /// Law and article; empty while it is open.
    pub citation: String,
    /// Whether the text was read.
    pub verified: bool,
}

/// One step.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecondLineStep)]
pub struct CaseStep {
    /// When.
    pub at: UtcMs,
    /// Who; absent for the clock.
    pub by: Option<AccountId>,
    /// What.
    pub action: Kind,
    /// Codes that go with it: reasons, the act, the ground, `hit` or `no_hit`, hundredths of the clock.
    pub codes: Vec<String>,
    /// The officer's words, or the answer.
    pub text: String,
    /// The try to reach somebody, if it is one.
    pub contact: Option<Contact>,
    /// The receiving officer's agency, name, rank and number, if it is a hand-over.
    pub receiver: Option<CaseReceiver>,
}

/// Who took the person over, without the signature.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SecondLineReceivedBy)]
pub struct CaseReceiver {
    /// Of which agency.
    pub agency: Agency,
    /// Name.
    pub name: String,
    /// Rank.
    pub rank: String,
    /// Service number.
    pub number: String,
    /// Whether the signature was drawn; otherwise it was typed.
    pub drawn: bool,
}

fn offered(case: &Case, act: Act, law: &Law) -> OfferedAct {
    let out = outcome(act);
    let carried = out.and_then(Outcome::needs_ground);
    let grounds = law
        .pack
        .grounds
        .iter()
        .filter(|ground| Some(ground.carries) == carried);
    let foreign = !case.referral().traveller.nationality.citizen();
    OfferedAct {
        act,
        needs_authoriser: case.offer(law).waits.contains(&act),
        grounds: grounds
            .map(|ground| OfferedGround {
                code: ground.code.clone(),
                citation: ground.source.citation.clone(),
                verified: ground.source.verified,
            })
            .collect(),
        needs_stay: foreign && out == Some(Outcome::Entered),
        needs_receipt: act == Act::Charge,
    }
}

fn step(step: &Step) -> CaseStep {
    let name = |act: &Act| {
        let code = serde_json::to_value(act).ok();
        code.and_then(|code| code.as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    let (mut contact, mut receiver) = (None, None);
    let (codes, text) = match &step.action {
        Action::Open { referral } => {
            let codes = referral
                .reasons
                .iter()
                .map(|reason| reason.name().to_owned());
            (codes.collect(), referral.text.clone())
        }
        Action::Interview { reasons, text } => {
            let codes = reasons.iter().map(|reason| reason.name().to_owned());
            (codes.collect(), text.clone())
        }
        Action::Contact { contact: tried } => {
            contact = Some(tried.clone());
            (Vec::new(), tried.answer.clone())
        }
        Action::Conclude { hit, text, .. } => {
            let code = if *hit { "hit" } else { "no_hit" };
            (vec![code.to_owned()], text.clone())
        }
        Action::Decide {
            act, ground, text, ..
        } => {
            let codes = std::iter::once(name(act)).chain(ground.clone());
            (codes.collect(), text.clone())
        }
        Action::Decline { text } => (Vec::new(), text.clone()),
        Action::HandOver { receiver: who } => {
            receiver = Some(CaseReceiver {
                agency: who.agency,
                name: who.name.clone(),
                rank: who.rank.clone(),
                number: who.number.clone(),
                drawn: matches!(who.signature, Signature::Drawn { .. }),
            });
            (Vec::new(), String::new())
        }
        Action::Alarm { percent } => (vec![percent.to_string()], String::new()),
        Action::Take | Action::Authorise | Action::Close => (Vec::new(), String::new()),
    };
    CaseStep {
        at: step.at,
        by: step.by,
        action: step.action.kind(),
        codes,
        text,
        contact,
        receiver,
    }
}

/// A case as it stands now.
pub(super) fn of(filed: Filed, law: &Law, now: UtcMs) -> CaseView {
    let case = &filed.case;
    let offer = case.offer(law);
    let custody = case.custody();
    CaseView {
        id: case.id(),
        status: case.status(),
        referral: case.referral().clone(),
        reasons: case.reasons(),
        protected: case.protected(),
        opened_at: case.steps().first().map_or(now, |step| step.at),
        taken_by: case.taken_by(),
        custody_began: custody.map(|(began, _)| began),
        custody_ended: custody.and_then(|(_, ended)| ended),
        longest_minutes: law.pack.second_line.custody_minutes,
        alarmed: case.alarmed(),
        hit: case.conclusion().map(|one| one.hit),
        confirmed: case
            .conclusion()
            .map_or(Vec::new(), |one| one.confirmed.clone()),
        decided: case.decided().map(|one| CaseDecided {
            act: one.act,
            outcome: outcome(one.act),
            ground: one.ground.clone(),
            stay_until: one.stay_until,
            by: one.by,
            authorised_by: one.authorised_by,
        }),
        offer: CaseOffer {
            acts: offer
                .acts
                .iter()
                .map(|act| offered(case, *act, law))
                .collect(),
            owed: case.owed(law),
            duties: offer.duties,
            hand_over: offer.hand_over,
        },
        allowed: case.allowed(law),
        steps: case.steps().iter().map(step).collect(),
        closed_at: filed.closed_at,
    }
}
