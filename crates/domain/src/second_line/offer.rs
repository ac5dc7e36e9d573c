//! What may be done with the person of a case: by the rule table for each order that was confirmed, and by grounds for
//! what the officer found. Must not offer a refusal, a deferral or a hand-over for whoever is protected.

use super::{Case, Decided, Hit, Law, Reason};
use crate::{
    crossing::{Decision, Draft, Outcome, Unlawful},
    entry::Agency,
    rule_pack::{Action as Act, Standing, Subject},
    site::{Direction, SiteKind},
};

/// What may be done now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// One of these is decided; none where nobody decides about entry or exit.
    pub acts: Vec<Act>,
    /// What must be done besides, whatever is decided.
    pub duties: Vec<Act>,
    /// Those of the acts that another person must authorise.
    pub waits: Vec<Act>,
    /// Whether the person must be handed over before the case closes.
    pub hand_over: bool,
}

/// Acts that another person must authorise.
pub fn needs_authoriser(act: Act) -> bool {
    matches!(
        act,
        Act::RefuseEntry | Act::MayRefuseEntry | Act::DeferDeparture | Act::HandOver
    )
}

/// What an act writes into the ledger.
pub fn outcome(act: Act) -> Option<Outcome> {
    match act {
        Act::Admit => Some(Outcome::Entered),
        Act::AllowDeparture | Act::Charge => Some(Outcome::Departed),
        Act::RefuseEntry | Act::MayRefuseEntry => Some(Outcome::RefusedEntry),
        Act::DeferDeparture => Some(Outcome::DeferredDeparture),
        Act::HandOver => Some(Outcome::HandedOver),
        _ => None,
    }
}

/// The act that lets the traveller go on.
fn pass(direction: Direction) -> Option<Act> {
    match direction {
        Direction::Arrival => Some(Act::Admit),
        Direction::Departure => Some(Act::AllowDeparture),
        Direction::Neither => None,
    }
}

/// Whether a cell of the table lets the traveller go on: it says so, leaves it to the officer or to second line, or holds
/// nothing that stops anybody.
fn lets_pass(cell: &[Act]) -> bool {
    let says = |act: &Act| {
        matches!(
            act,
            Act::Admit | Act::AllowDeparture | Act::MayRefuseEntry | Act::SecondLine | Act::Verify
        )
    };
    let stops = |act: &Act| needs_authoriser(*act) || *act == Act::Charge;
    cell.iter().any(says) || !cell.iter().any(stops)
}

impl Offer {
    fn add(&mut self, act: Act) {
        if !self.acts.contains(&act) {
            self.acts.push(act);
        }
    }

    fn owe(&mut self, act: Act) {
        let duty = matches!(
            act,
            Act::NotifyAgency
                | Act::NotifyPolice
                | Act::NotifyBureau
                | Act::CheckEarlierBan
                | Act::FieldCheck
        );
        if duty && !self.duties.contains(&act) {
            self.duties.push(act);
        }
    }
}

impl Case {
    /// What may be done as the case stands. Empty before a conclusion, but for whoever is protected.
    pub fn offer(&self, law: &Law) -> Offer {
        let mut offer = Offer::default();
        if self.protected() {
            offer.acts.push(Act::Safeguard);
            return offer;
        }
        let Some(conclusion) = &self.conclusion else {
            return offer;
        };
        let (direction, decides) = (
            self.referral.direction,
            law.site == SiteKind::Checkpoint && self.referral.direction != Direction::Neither,
        );
        let citizen = self.referral.traveller.nationality.citizen();
        let (mut passes, overstay) = (true, self.overstay_found());
        for subject in self.confirmed_subjects() {
            let standing = Standing {
                citizen,
                protected: false,
            };
            let cell = law.pack.allowed((law.site, direction), standing, subject);
            // An overstay is charged, or let go by two people: who stayed too long must be able to leave.
            passes &= lets_pass(&cell) || subject == Subject::Overstay;
            for act in cell {
                offer.hand_over |= act == Act::HandOver;
                offer.owe(act);
                if decides && act != Act::HandOver && outcome(act).is_some() {
                    offer.add(act);
                }
            }
        }
        offer.acts.retain(|act| pass(direction) != Some(*act));
        if decides && conclusion.hit && self.reasons().iter().any(|reason| reason.is_finding()) {
            match direction {
                Direction::Departure => offer.add(Act::DeferDeparture),
                Direction::Arrival if !citizen => offer.add(Act::MayRefuseEntry),
                _ => {}
            }
        }
        if offer.hand_over && offer.acts.is_empty() && !passes {
            offer.add(Act::HandOver);
        }
        if let Some(act) = pass(direction).filter(|_| decides && passes) {
            offer.acts.insert(0, act);
        }
        let waits = |act: &Act| {
            needs_authoriser(*act) || offer.hand_over || (overstay && *act == Act::AllowDeparture)
        };
        offer.waits = offer.acts.iter().copied().filter(waits).collect();
        offer
    }

    /// Whether a foreigner was found to have stayed too long, or without right.
    fn overstay_found(&self) -> bool {
        let hit = self.conclusion.as_ref().is_some_and(|one| one.hit);
        let citizen = self.referral.traveller.nationality.citizen();
        hit && !citizen && self.reasons().contains(&Reason::Stay)
    }

    /// Rows of the rule table that the conclusion leads to.
    fn confirmed_subjects(&self) -> Vec<Subject> {
        let Some(conclusion) = self.conclusion.as_ref().filter(|one| one.hit) else {
            return Vec::new();
        };
        let confirmed = self.referral.hits.iter();
        let confirmed = confirmed.filter(|hit| conclusion.confirmed.contains(&hit.order));
        let mut subjects: Vec<Subject> = confirmed.filter_map(|hit| hit.subject()).collect();
        subjects.extend(self.overstay_found().then_some(Subject::Overstay));
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    }

    /// The record of the ledger that a decision makes; none where none is made.
    pub(super) fn draft(&self, decided: &Decided, law: &Law) -> Option<Draft> {
        let decides =
            self.referral.direction != Direction::Neither && law.site == SiteKind::Checkpoint;
        Some(Draft {
            outcome: outcome(decided.act).filter(|_| decides)?,
            direction: self.referral.direction,
            nationality: self.referral.traveller.nationality.clone(),
            ground: decided.ground.clone(),
            detection: self.referral.detection,
            stay_until: decided.stay_until,
            charge: decided.charge,
        })
    }

    /// The decision as the ledger takes it, judged by the law of the day; none where nothing is decided there.
    pub fn decision(&self, law: &Law) -> Option<Result<Decision, Unlawful>> {
        let draft = self.draft(self.decided.as_ref()?, law)?;
        Some(Decision::new(draft, law.site, law.day, law.pack))
    }

    /// Duties that nobody has recorded: an agency that must be told and was not tried.
    pub fn owed(&self, law: &Law) -> Vec<Act> {
        let tried = |agency: Agency| self.contacts().any(|contact| contact.agency == agency);
        let confirmed = |hit: &&Hit| {
            let conclusion = self.conclusion.as_ref();
            conclusion.is_some_and(|one| one.hit && one.confirmed.contains(&hit.order))
        };
        let told = |act: &Act| match act {
            Act::NotifyPolice => tried(Agency::Police),
            Act::NotifyBureau => tried(Agency::InterpolBureau),
            Act::NotifyAgency => self
                .referral
                .hits
                .iter()
                .filter(confirmed)
                .all(|hit| tried(hit.agency)),
            _ => true,
        };
        let mut owed = self.offer(law).duties;
        owed.retain(|act| !told(act));
        owed
    }
}
