//! The life of one case of second line: an append-only list of actions; the status is computed from it, and one table
//! says which actions a status allows. Must not let one person alone refuse, defer or hand over, nor let an INTERPOL hit
//! stand before the national bureau was heard, nor do any of it to whoever is protected.

mod action;
mod contents;
mod offer;
#[cfg(test)]
mod tests;

use crate::{
    crossing::Decision,
    day::Day,
    entry::Agency,
    id::{AccountId, CaseId, OrderId},
    rule_pack::{Action as Act, OrderKind, Pack},
    site::SiteKind,
    time::UtcMs,
};

pub use action::{Action, Kind, Refused, Status, Step};
pub use contents::{
    Channel, Contact, Hit, LONGEST_PATH, Reason, Receiver, Referral, Signature, Traveller,
};
pub use offer::{Offer, needs_authoriser, outcome};

/// What holds where the case is.
#[derive(Clone, Copy, Debug)]
pub struct Law<'a> {
    /// The rule pack of the day.
    pub pack: &'a Pack,
    /// What kind of place it is.
    pub site: SiteKind,
    /// The day it is there.
    pub day: Day,
}

/// What was concluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// Whether it is so.
    pub hit: bool,
    /// Orders whose person it is.
    pub confirmed: Vec<OrderId>,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub act: Act,
    /// Why, as a code of the rule pack.
    pub ground: Option<String>,
    /// Last day of the stay.
    pub stay_until: Option<Day>,
    /// Charge, IDR.
    pub charge: Option<u64>,
    /// Number of its receipt.
    pub receipt: Option<String>,
    /// By whom.
    pub by: AccountId,
    /// Who authorised it; nobody where none is needed, or not yet.
    pub authorised_by: Option<AccountId>,
}

/// One case with all that was done in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    id: CaseId,
    referral: Referral,
    steps: Vec<Step>,
    status: Status,
    conclusion: Option<Conclusion>,
    decided: Option<Decided>,
}

const LONGEST_TEXT: usize = 2_000;

fn says(text: &str) -> bool {
    (3..=LONGEST_TEXT).contains(&text.trim().chars().count())
}

impl Case {
    /// A new case.
    pub fn open(
        id: CaseId,
        referral: Referral,
        by: AccountId,
        now: UtcMs,
    ) -> Result<Self, Refused> {
        let person = &referral.traveller;
        let fits = |text: &str, least: usize| (least..=200).contains(&text.trim().chars().count());
        let whole = !referral.reasons.is_empty()
            && referral.reasons.len() <= Reason::ALL.len()
            && referral.hits.len() <= 50
            && referral.text.chars().count() <= LONGEST_TEXT
            && fits(&person.name, 1)
            && fits(&person.document_number, 1)
            && fits(&person.issuer, 1)
            && fits(&person.birth_date, 0)
            && fits(&person.sex, 0);
        if !whole {
            return Err(Refused::Incomplete);
        }
        let action = Action::Open {
            referral: Box::new(referral.clone()),
        };
        Ok(Case {
            id,
            referral,
            steps: vec![Step {
                at: now,
                by: Some(by),
                action,
            }],
            status: Status::Opened,
            conclusion: None,
            decided: None,
        })
    }

    /// From stored steps; `None` when the first is no referral.
    pub fn replay(id: CaseId, steps: Vec<Step>) -> Option<Self> {
        let mut steps = steps.into_iter();
        let first = steps.next()?;
        let (Action::Open { referral }, Some(by)) = (first.action, first.by) else {
            return None;
        };
        let mut case = Case::open(id, *referral, by, first.at).ok()?;
        steps.for_each(|step| case.take(step));
        Some(case)
    }

    /// Its id.
    pub fn id(&self) -> CaseId {
        self.id
    }
    /// What the desk said.
    pub fn referral(&self) -> &Referral {
        &self.referral
    }
    /// All steps, oldest first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
    /// Where it stands.
    pub fn status(&self) -> Status {
        self.status
    }
    /// What was concluded.
    pub fn conclusion(&self) -> Option<&Conclusion> {
        self.conclusion.as_ref()
    }
    /// What was decided.
    pub fn decided(&self) -> Option<&Decided> {
        self.decided.as_ref()
    }

    /// All reasons so far, of desk and interviews, once each.
    pub fn reasons(&self) -> Vec<Reason> {
        let mut all = self.referral.reasons.clone();
        for step in &self.steps {
            if let Action::Interview { reasons, .. } = &step.action {
                all.extend(reasons);
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether anybody saw a claim of asylum, a minor, or signs of a victim.
    pub fn protected(&self) -> bool {
        self.reasons().into_iter().any(Reason::protects)
    }

    /// Tries to reach somebody, oldest first.
    pub fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Contact { contact } => Some(contact),
            _ => None,
        })
    }

    /// Who has it now.
    pub fn taken_by(&self) -> Option<AccountId> {
        let last = self
            .steps
            .iter()
            .rev()
            .find(|step| step.action == Action::Take);
        last.and_then(|step| step.by)
    }

    /// Who took the person over.
    pub fn receiver(&self) -> Option<&Receiver> {
        self.steps.iter().find_map(|step| match &step.action {
            Action::HandOver { receiver } => Some(receiver),
            _ => None,
        })
    }

    /// Orders that the person is not: found so by a person, at the end.
    pub fn cleared(&self) -> Vec<OrderId> {
        let Some(conclusion) = &self.conclusion else {
            return Vec::new();
        };
        let hits = self.referral.hits.iter().map(|hit| hit.order);
        hits.filter(|order| !conclusion.confirmed.contains(order))
            .collect()
    }

    /// When the person's clock began, and when it ended.
    pub fn custody(&self) -> Option<(UtcMs, Option<UtcMs>)> {
        let first = |kinds: &[Kind]| {
            let step = self
                .steps
                .iter()
                .find(|step| kinds.contains(&step.action.kind()));
            step.map(|step| step.at)
        };
        Some((first(&[Kind::Take])?, first(&[Kind::HandOver, Kind::Close])))
    }

    /// The highest alarm so far, hundredths of the longest time.
    pub fn alarmed(&self) -> u8 {
        let alarms = self.steps.iter().filter_map(|step| match step.action {
            Action::Alarm { percent } => Some(percent),
            _ => None,
        });
        alarms.max().unwrap_or(0)
    }

    /// The next alarm, and its instant; none when the clock stands or both were given.
    pub fn next_alarm(&self, longest_ms: i64) -> Option<(u8, UtcMs)> {
        let (began, None) = self.custody()? else {
            return None;
        };
        let percent = match self.alarmed() {
            0..80 => 80,
            80..100 => 100,
            _ => return None,
        };
        Some((percent, began + longest_ms / 100 * i64::from(percent)))
    }

    /// What the clock owes at `now`, if anything; the caller applies it. One alarm where both are due: the higher.
    pub fn due(&self, longest_ms: i64, now: UtcMs) -> Option<Action> {
        let (percent, at) = self.next_alarm(longest_ms)?;
        if now < at {
            return None;
        }
        let (began, _) = self.custody()?;
        let over = now.since_ms(began) >= longest_ms;
        Some(Action::Alarm {
            percent: if over { 100 } else { percent },
        })
    }

    /// Kinds that make sense now: what the status allows, without what could only be refused.
    pub fn allowed(&self, law: &Law) -> Vec<Kind> {
        let offer = self.offer(law);
        let fits = |kind: &Kind| match kind {
            Kind::Alarm => false,
            Kind::Conclude => !self.protected(),
            Kind::Decide => !offer.acts.is_empty(),
            Kind::HandOver => self.hand_over_due(law),
            Kind::Close => self.may_close(law).is_ok(),
            _ => true,
        };
        self.status.allowed().iter().copied().filter(fits).collect()
    }

    fn hand_over_due(&self, law: &Law) -> bool {
        self.status == Status::Action && !self.protected() && self.offer(law).hand_over
    }

    fn may_close(&self, law: &Law) -> Result<(), Refused> {
        let offer = self.offer(law);
        let handed = !offer.hand_over || self.status == Status::HandedOver;
        let decided =
            offer.acts.is_empty() || matches!(self.status, Status::Action | Status::HandedOver);
        if !handed || !decided {
            return Err(Refused::NotDone);
        }
        let owed = self.owed(law);
        if !owed.is_empty() {
            return Err(Refused::Owed(owed));
        }
        self.decision(law)
            .transpose()
            .map(|_| ())
            .map_err(Refused::from)
    }

    /// Appends an action, or says why not. Nothing changes on refusal.
    pub fn apply(
        &mut self,
        action: Action,
        by: Option<AccountId>,
        law: &Law,
        now: UtcMs,
    ) -> Result<&Step, Refused> {
        let refused = Refused::Status(self.status);
        if !self.status.allowed().contains(&action.kind())
            || by.is_none() != (action.kind() == Kind::Alarm)
        {
            return Err(refused);
        }
        self.check(&action, by, law, now)?;
        let action = self.judged(action, law);
        // Steps never run backwards, whatever a clock does.
        let at = self.steps.last().map_or(now, |last| now.max(last.at));
        self.take(Step { at, by, action });
        self.steps.last().ok_or(refused)
    }

    /// The action with what the rules of the day say of it.
    fn judged(&self, mut action: Action, law: &Law) -> Action {
        if let Action::Decide { act, waits, .. } = &mut action {
            *waits = self.offer(law).waits.contains(act);
        }
        action
    }

    fn check(
        &self,
        action: &Action,
        by: Option<AccountId>,
        law: &Law,
        now: UtcMs,
    ) -> Result<(), Refused> {
        match action {
            Action::Interview { reasons, text }
                if reasons.is_empty() || reasons.len() > 8 || !says(text) =>
            {
                Err(Refused::Incomplete)
            }
            Action::Contact { contact } => self.check_contact(contact, now),
            Action::Conclude {
                hit,
                confirmed,
                text,
            } => self.check_conclusion(*hit, confirmed, text),
            Action::Decide { .. } => self.check_decision(action, by, law),
            Action::Authorise | Action::Decline { .. } => self.check_authoriser(action, by, law),
            Action::HandOver { .. } if self.protected() => Err(Refused::Protected),
            Action::HandOver { .. } if !self.hand_over_due(law) => Err(Refused::NotOffered),
            Action::HandOver { receiver } if !receiver.is_whole() => Err(Refused::NotSigned),
            Action::Close => self.may_close(law),
            _ => Ok(()),
        }
    }

    fn check_contact(&self, contact: &Contact, now: UtcMs) -> Result<(), Refused> {
        let opened = self.steps.first().map_or(now, |step| step.at);
        // A minute of leeway for the officer's own watch.
        if contact.tried_at > now + 60_000 || contact.tried_at < opened - 60_000 {
            return Err(Refused::BadTime);
        }
        let named = contact.person.chars().count() <= 200;
        let answered = match contact.reached {
            true => says(&contact.answer) && !contact.person.trim().is_empty(),
            false => contact.answer.trim().is_empty(),
        };
        (named && answered).then_some(()).ok_or(Refused::Incomplete)
    }

    /// Whether the national bureau was reached and answered.
    fn bureau_answered(&self) -> bool {
        self.contacts()
            .any(|contact| contact.agency == Agency::InterpolBureau && contact.reached)
    }

    fn check_conclusion(
        &self,
        hit: bool,
        confirmed: &[OrderId],
        text: &str,
    ) -> Result<(), Refused> {
        if self.protected() {
            return Err(Refused::Protected);
        }
        if !says(text) {
            return Err(Refused::Incomplete);
        }
        let of_referral =
            |order: &OrderId| self.referral.hits.iter().find(|one| one.order == *order);
        let mut notices = false;
        for order in confirmed {
            let found = of_referral(order).ok_or(Refused::NothingConfirmed)?;
            notices |= found.kind == OrderKind::RedNotice;
        }
        let finding = self.reasons().into_iter().any(Reason::is_finding);
        if (hit && confirmed.is_empty() && !finding) || (!hit && !confirmed.is_empty()) {
            return Err(Refused::NothingConfirmed);
        }
        if notices && !self.bureau_answered() {
            return Err(Refused::BureauFirst);
        }
        Ok(())
    }

    fn check_decision(
        &self,
        action: &Action,
        by: Option<AccountId>,
        law: &Law,
    ) -> Result<(), Refused> {
        let (Action::Decide { text, .. }, Some(by)) = (action, by) else {
            return Err(Refused::Incomplete);
        };
        let Some(decided) = Decided::of(action, by) else {
            return Err(Refused::Incomplete);
        };
        if self.protected() && decided.act != Act::Safeguard {
            return Err(Refused::Protected);
        }
        if !self.offer(law).acts.contains(&decided.act) {
            return Err(Refused::NotOffered);
        }
        if text.chars().count() > LONGEST_TEXT || (decided.act == Act::Safeguard && !says(text)) {
            return Err(Refused::Incomplete);
        }
        let receipt = decided
            .receipt
            .as_deref()
            .map(str::trim)
            .unwrap_or_default();
        let receipted = (1..=60).contains(&receipt.chars().count());
        if (decided.act == Act::Charge)
            != (receipted && decided.charge.is_some_and(|charge| charge > 0))
        {
            return Err(Refused::NoReceipt);
        }
        if let Some(draft) = self.draft(&decided, law) {
            Decision::new(draft, law.site, law.day, law.pack)?;
        }
        Ok(())
    }

    fn check_authoriser(
        &self,
        action: &Action,
        by: Option<AccountId>,
        law: &Law,
    ) -> Result<(), Refused> {
        if let Action::Decline { text } = action
            && !says(text)
        {
            return Err(Refused::Incomplete);
        }
        let decided = self.decided.as_ref().ok_or(Refused::NotDone)?;
        if by == Some(decided.by) {
            return Err(Refused::SamePerson);
        }
        if *action == Action::Authorise && !self.offer(law).acts.contains(&decided.act) {
            return Err(Refused::NotOffered);
        }
        Ok(())
    }

    fn take(&mut self, step: Step) {
        match &step.action {
            Action::Open { .. } | Action::Contact { .. } | Action::Alarm { .. } => {}
            Action::Take if self.status == Status::Opened => self.status = Status::Taken,
            Action::Take => {}
            Action::Interview { reasons, .. } => {
                let protects = reasons.iter().any(|reason| reason.protects());
                if protects && matches!(self.status, Status::AwaitingAuthoriser | Status::Action) {
                    // What was decided falls: the safeguarding path stands alone.
                    self.fall_back();
                }
            }
            Action::Conclude { hit, confirmed, .. } => {
                self.status = if *hit { Status::Hit } else { Status::NoHit };
                self.conclusion = Some(Conclusion {
                    hit: *hit,
                    confirmed: confirmed.clone(),
                });
            }
            Action::Decide { waits, .. } => {
                self.status = match waits {
                    true => Status::AwaitingAuthoriser,
                    false => Status::Action,
                };
                self.decided = step.by.and_then(|by| Decided::of(&step.action, by));
            }
            Action::Authorise => {
                self.status = Status::Action;
                if let Some(decided) = &mut self.decided {
                    decided.authorised_by = step.by;
                }
            }
            Action::Decline { .. } => self.fall_back(),
            Action::HandOver { .. } => self.status = Status::HandedOver,
            Action::Close => self.status = Status::Closed,
        }
        self.steps.push(step);
    }

    fn fall_back(&mut self) {
        self.decided = None;
        self.status = match &self.conclusion {
            Some(conclusion) if conclusion.hit => Status::Hit,
            Some(_) => Status::NoHit,
            None => Status::Taken,
        };
    }
}

impl Decided {
    fn of(action: &Action, by: AccountId) -> Option<Self> {
        let Action::Decide {
            act,
            ground,
            stay_until,
            charge,
            receipt,
            ..
        } = action
        else {
            return None;
        };
        Some(Decided {
            act: *act,
            ground: ground.clone(),
            stay_until: *stay_until,
            charge: *charge,
            receipt: receipt.clone(),
            by,
            authorised_by: None,
        })
    }
}
