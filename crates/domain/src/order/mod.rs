//! The life of one order: an append-only list of actions; the status is computed from it, and one table says which
//! actions a status allows. Must not let one person both draft and approve, nor an order live beyond its lawful day.

mod clocks;
mod contents;
mod gap;
#[cfg(test)]
mod tests;

pub use clocks::{Clock, Duty, clocks};
pub use contents::{Contents, Handed, Subject};
pub use gap::{Gap, gaps};

use serde::{Deserialize, Serialize};

use crate::{
    day::Day,
    id::{AccountId, OrderId},
    role::Permission,
    rule_pack,
    time::UtcMs,
};

/// What can be done to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Recorded, or corrected before it is decided.
    Draft {
        /// What it says now.
        contents: Box<Contents>,
    },
    /// Complete, and handed to whoever approves.
    Submit,
    /// Handed back, with what is wrong.
    Return {
        /// In the approver's words.
        note: String,
    },
    /// Approved by another person.
    Approve,
    /// Refused for good.
    Refuse {
        /// In the approver's words.
        note: String,
    },
    /// The person or the Minister was told.
    Notify {
        /// Who was told.
        duty: Duty,
        /// On which day.
        on: Day,
    },
    /// The agency asks for more time.
    RequestExtension {
        /// Number of its letter.
        reference: String,
        /// The day the letter came.
        received_on: Day,
        /// The new last day.
        last_day: Day,
    },
    /// More time, by another person.
    ApproveExtension,
    /// No more time.
    RefuseExtension {
        /// In the approver's words.
        note: String,
    },
    /// The person objects. It does not suspend the order (UU 6/2011 Art 96).
    Object {
        /// The day the objection came.
        received_on: Day,
        /// Number under which it is kept.
        reference: String,
    },
    /// The objection is answered. One that is upheld ends the order.
    AnswerObjection {
        /// The day of the answer.
        on: Day,
        /// Whether the person is right.
        upheld: bool,
        /// In the answerer's words.
        note: String,
    },
    /// The agency takes it back.
    Revoke {
        /// Number of its letter.
        reference: String,
    },
    /// A court acquitted the person for good.
    Acquit {
        /// Number of the judgment.
        reference: String,
    },
    /// The entry ended apart from the order: the enrolment audit's hold was refused.
    EntryEnded,
    /// Its last day is over.
    Lapse,
}

impl Action {
    /// The name used in SQL and translation keys.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Draft { .. } => "draft",
            Self::Submit => "submit",
            Self::Return { .. } => "return",
            Self::Approve => "approve",
            Self::Refuse { .. } => "refuse",
            Self::Notify { .. } => "notify",
            Self::RequestExtension { .. } => "request_extension",
            Self::ApproveExtension => "approve_extension",
            Self::RefuseExtension { .. } => "refuse_extension",
            Self::Object { .. } => "object",
            Self::AnswerObjection { .. } => "answer_objection",
            Self::Revoke { .. } => "revoke",
            Self::Acquit { .. } => "acquit",
            Self::EntryEnded => "entry_ended",
            Self::Lapse => "lapse",
        }
    }

    /// Who may; nobody, where only the calendar acts.
    pub fn permission(&self) -> Option<Permission> {
        match self {
            Self::Draft { .. } | Self::Submit | Self::RequestExtension { .. } => {
                Some(Permission::DraftOrders)
            }
            Self::Notify { .. } | Self::Object { .. } => Some(Permission::RecordOrders),
            Self::Lapse | Self::EntryEnded => None,
            _ => Some(Permission::ApproveOrders),
        }
    }

    fn allowed_in(&self, status: Status) -> bool {
        use Status::*;
        match self {
            Self::Draft { .. } | Self::Submit => matches!(status, Draft | Returned),
            Self::Return { .. } => matches!(status, Submitted | AwaitingSecond),
            // A draft too: what an import left incomplete must be able to end.
            Self::Refuse { .. } => {
                matches!(status, Draft | Returned | Submitted | AwaitingSecond)
            }
            Self::Approve => matches!(status, Submitted | AwaitingSecond),
            Self::RequestExtension { .. } => status == Approved,
            Self::ApproveExtension | Self::RefuseExtension { .. } => status == ExtensionRequested,
            // What was due while it was in force can be recorded afterwards, too.
            Self::Notify { .. } | Self::AnswerObjection { .. } => {
                matches!(
                    status,
                    Approved | ExtensionRequested | Lapsed | Revoked | Acquitted
                )
            }
            Self::Object { .. }
            | Self::Revoke { .. }
            | Self::Acquit { .. }
            | Self::EntryEnded
            | Self::Lapse => matches!(status, Approved | ExtensionRequested),
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When it was recorded.
    pub at: UtcMs,
    /// The day it was, at the centre.
    pub day: Day,
    /// Who; nobody for the calendar.
    pub by: Option<AccountId>,
    /// What.
    #[serde(flatten)]
    pub action: Action,
}

/// Where an order stands; computed. Whether it is in force today is a matter of its days ([`Order::in_force`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = OrderStatus))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being written.
    Draft,
    /// Handed back.
    Returned,
    /// Waits for another person.
    Submitted,
    /// Approved once; a lifetime ban waits for the second, higher approval.
    AwaitingSecond,
    /// Approved.
    Approved,
    /// Approved; more time is asked for.
    ExtensionRequested,
    /// Refused.
    Refused,
    /// Its last day is over.
    Lapsed,
    /// Taken back, or ended by an objection.
    Revoked,
    /// Ended by an acquittal.
    Acquitted,
}

impl Status {
    /// Every status, in order of life.
    pub const ALL: [Status; 10] = [
        Self::Draft,
        Self::Returned,
        Self::Submitted,
        Self::AwaitingSecond,
        Self::Approved,
        Self::ExtensionRequested,
        Self::Refused,
        Self::Lapsed,
        Self::Revoked,
        Self::Acquitted,
    ];

    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Returned => "returned",
            Self::Submitted => "submitted",
            Self::AwaitingSecond => "awaiting_second",
            Self::Approved => "approved",
            Self::ExtensionRequested => "extension_requested",
            Self::Refused => "refused",
            Self::Lapsed => "lapsed",
            Self::Revoked => "revoked",
            Self::Acquitted => "acquitted",
        }
    }

    /// The status with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether two people have approved it and nothing ended it.
    pub fn is_approved(self) -> bool {
        matches!(self, Self::Approved | Self::ExtensionRequested)
    }
}

/// Why an action is not possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not from here.
    #[error("this cannot be done to an order that is {}", .0.name())]
    Status(Status),
    /// Two people are needed.
    #[error("whoever wrote or handed in an order cannot approve it; another person must")]
    SamePerson,
    /// Gaps are left.
    #[error("the order is not complete; what is missing is listed on its page")]
    Incomplete(Vec<Gap>),
    /// The letter came too late: the order ends on its day.
    #[error(
        "the request came {came} days before the last day, and {lead} are needed: the order ends on its day"
    )]
    TooLate {
        /// Days left when it came.
        came: i64,
        /// Days the law asks for.
        lead: u32,
    },
    /// No more extensions.
    #[error("an order of this kind cannot be extended again")]
    NoMoreExtensions,
    /// Longer than the law allows, or not longer at all.
    #[error("the new last day must lie after the old one, and no later than {0}")]
    BadLastDay(String),
    /// The requester, and what kind of order it is, never change.
    #[error("the requesting agency and the kind of an order never change; write a new order")]
    Immutable,
    /// A day in the future, or before the order.
    #[error("the day lies in the future, or before there was an order")]
    BadDay,
    /// There is an open objection already, or none to answer.
    #[error("there is no open objection, or one is open already")]
    Objection,
    /// A reference or note is needed.
    #[error("say why, or give the number of the letter, in 3 to 500 characters")]
    NoReference,
    /// Its last day is not over.
    #[error("the last day of the order is not over")]
    NotOver,
}

impl Refused {
    /// Stable code for API clients.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Status(_) => "order_status",
            Self::SamePerson => "order_same_person",
            Self::Incomplete(_) => "order_incomplete",
            Self::TooLate { .. } => "extension_too_late",
            Self::NoMoreExtensions => "no_more_extensions",
            Self::BadLastDay(_) => "bad_last_day",
            Self::Immutable => "order_immutable",
            Self::BadDay => "bad_day",
            Self::Objection => "objection",
            Self::NoReference => "reference_missing",
            Self::NotOver => "not_over",
        }
    }
}

/// One order with all that was done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    id: OrderId,
    contents: Contents,
    steps: Vec<Step>,
    status: Status,
    last_day: Option<Day>,
}

impl Order {
    /// A new draft.
    pub fn draft(id: OrderId, contents: Contents, by: AccountId, at: UtcMs, on: Day) -> Self {
        let contents_kept = contents.clone();
        let action = Action::Draft {
            contents: Box::new(contents),
        };
        Order {
            id,
            status: Status::Draft,
            last_day: contents_kept.last_day,
            contents: contents_kept,
            steps: vec![Step {
                at,
                day: on,
                by: Some(by),
                action,
            }],
        }
    }

    /// From stored steps; `None` when the first is no draft.
    pub fn replay(id: OrderId, steps: Vec<Step>) -> Option<Self> {
        let mut steps = steps.into_iter();
        let first = steps.next()?;
        let (Action::Draft { contents }, Some(by)) = (first.action, first.by) else {
            return None;
        };
        let mut order = Order::draft(id, *contents, by, first.at, first.day);
        steps.for_each(|step| order.take(step));
        Some(order)
    }

    /// Its id.
    pub fn id(&self) -> OrderId {
        self.id
    }
    /// What it says.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }
    /// All steps, oldest first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
    /// Where it stands.
    pub fn status(&self) -> Status {
        self.status
    }
    /// The last day in force, extensions counted; absent for life.
    pub fn last_day(&self) -> Option<Day> {
        self.last_day
    }

    /// Whether it is in force on `day` of a checkpoint's calendar.
    pub fn in_force(&self, day: Day) -> bool {
        self.status.is_approved()
            && self.contents.first_day <= day
            && self.last_day.is_none_or(|last| day <= last)
    }

    /// The day of the deciding approval.
    pub fn approved_on(&self) -> Option<Day> {
        let after = self.status.is_approved()
            || matches!(
                self.status,
                Status::Lapsed | Status::Revoked | Status::Acquitted
            );
        let last = self
            .steps
            .iter()
            .rev()
            .find(|step| step.action == Action::Approve);
        last.filter(|_| after).map(|step| step.day)
    }

    /// The last objection: when it came, and when it was answered.
    pub fn objection(&self) -> Option<(Day, Option<Day>)> {
        let mut last = None;
        for step in &self.steps {
            match &step.action {
                Action::Object { received_on, .. } => last = Some((*received_on, None)),
                Action::AnswerObjection { on, .. } => {
                    last = last.map(|(received, _)| (received, Some(*on)));
                }
                _ => {}
            }
        }
        last
    }

    /// Extensions that were approved.
    pub fn extensions(&self) -> usize {
        let approved = |step: &&Step| step.action == Action::ApproveExtension;
        self.steps.iter().filter(approved).count()
    }

    /// The extension that waits for an answer: its new last day.
    pub fn extension_asked(&self) -> Option<Day> {
        let asked = self.steps.iter().rev().find_map(|step| match step.action {
            Action::RequestExtension { last_day, .. } => Some(last_day),
            _ => None,
        });
        asked.filter(|_| self.status == Status::ExtensionRequested)
    }

    /// Does `action`, or says why not and changes nothing. `by` is nobody for the calendar, `on` the day it is at the
    /// centre, `photos` the usable photographs of the order. Rights are checked by [`Action::permission`] before.
    pub fn apply(
        &mut self,
        action: Action,
        by: Option<AccountId>,
        (at, on): (UtcMs, Day),
        photos: usize,
    ) -> Result<&Step, Refused> {
        if !action.allowed_in(self.status) {
            return Err(Refused::Status(self.status));
        }
        self.check(&action, by, on, photos)?;
        self.take(Step {
            at,
            day: on,
            by,
            action,
        });
        // There is always a last step: a draft has one.
        self.steps.last().ok_or(Refused::Status(self.status))
    }

    fn check(
        &self,
        action: &Action,
        by: Option<AccountId>,
        on: Day,
        photos: usize,
    ) -> Result<(), Refused> {
        match action {
            Action::Draft { contents } => {
                let same =
                    contents.agency == self.contents.agency && contents.kind == self.contents.kind;
                same.then_some(()).ok_or(Refused::Immutable)
            }
            Action::Submit => self.complete(photos, on),
            Action::Approve => {
                self.another(by)?;
                self.complete(photos, on)
            }
            Action::ApproveExtension => {
                self.another(by)?;
                let over = self.last_day.is_some_and(|last| on > last);
                (!over).then_some(()).ok_or(Refused::Status(Status::Lapsed))
            }
            Action::Return { note }
            | Action::Refuse { note }
            | Action::RefuseExtension { note } => said(note),
            Action::Notify { on: told, .. } => past(*told, on),
            Action::RequestExtension {
                reference,
                received_on,
                last_day,
            } => {
                said(reference)?;
                past(*received_on, on)?;
                // It cannot have come before there was anything to extend.
                if self
                    .approved_on()
                    .is_some_and(|approved| *received_on < approved)
                {
                    return Err(Refused::BadDay);
                }
                self.may_extend(*received_on, *last_day)
            }
            Action::Object {
                received_on,
                reference,
            } => {
                said(reference)?;
                past(*received_on, on)?;
                let open = self
                    .objection()
                    .is_some_and(|(_, answered)| answered.is_none());
                (!open).then_some(()).ok_or(Refused::Objection)
            }
            Action::AnswerObjection {
                on: answered, note, ..
            } => {
                said(note)?;
                past(*answered, on)?;
                let open = self
                    .objection()
                    .is_some_and(|(_, answered)| answered.is_none());
                open.then_some(()).ok_or(Refused::Objection)
            }
            Action::Revoke { reference } | Action::Acquit { reference } => said(reference),
            Action::EntryEnded => Ok(()),
            Action::Lapse => {
                let over = self.last_day.is_some_and(|last| on > last);
                over.then_some(()).ok_or(Refused::NotOver)
            }
        }
    }

    /// Everything that must be there is there, under the rules of the day the order bears.
    fn complete(&self, photos: usize, today: Day) -> Result<(), Refused> {
        let pack = rule_pack::pack_for(self.contents.ordered_on);
        let gaps = gaps(&self.contents, pack, photos, today);
        if gaps.is_empty() {
            Ok(())
        } else {
            Err(Refused::Incomplete(gaps))
        }
    }

    /// `by` wrote, handed in or approved nothing of this order since it was last handed back or decided.
    fn another(&self, by: Option<AccountId>) -> Result<(), Refused> {
        let hand = |step: &&Step| {
            matches!(
                step.action,
                Action::Draft { .. } | Action::Submit | Action::RequestExtension { .. }
            ) || (self.status == Status::AwaitingSecond && step.action == Action::Approve)
        };
        let own = self.steps.iter().filter(hand).any(|step| step.by == by);
        if by.is_none() || own {
            Err(Refused::SamePerson)
        } else {
            Ok(())
        }
    }

    fn may_extend(&self, received_on: Day, asked: Day) -> Result<(), Refused> {
        let pack = rule_pack::pack_for(received_on);
        let rules = pack.and_then(|pack| pack.kind(self.contents.kind));
        let extension = rules.and_then(|rules| rules.extension.as_ref());
        let (Some(extension), Some(last)) = (extension, self.last_day) else {
            return Err(Refused::NoMoreExtensions);
        };
        let times = extension.times.map(|times| times as usize);
        if times.is_some_and(|times| self.extensions() >= times) {
            return Err(Refused::NoMoreExtensions);
        }
        let came = last.since(received_on);
        if came < i64::from(extension.lead_days) {
            return Err(Refused::TooLate {
                came,
                lead: extension.lead_days,
            });
        }
        // Counted from the old last day: 2023-05-03 and six months give 2023-11-03.
        let most = extension.most.later(last);
        if asked > last && most.is_some_and(|most| asked <= most) {
            return Ok(());
        }
        Err(Refused::BadLastDay(
            most.map(|most| most.to_string()).unwrap_or_default(),
        ))
    }

    fn take(&mut self, step: Step) {
        let asked = self.extension_asked();
        self.status = match &step.action {
            Action::Draft { contents } => {
                self.last_day = contents.last_day;
                self.contents = (**contents).clone();
                Status::Draft
            }
            Action::Submit => Status::Submitted,
            Action::Return { .. } => Status::Returned,
            // A lifetime ban needs a second approval, by yet another person.
            Action::Approve if self.last_day.is_none() && self.status == Status::Submitted => {
                Status::AwaitingSecond
            }
            Action::Approve | Action::RefuseExtension { .. } => Status::Approved,
            Action::Refuse { .. } => Status::Refused,
            Action::RequestExtension { .. } => Status::ExtensionRequested,
            Action::ApproveExtension => {
                self.last_day = asked.or(self.last_day);
                Status::Approved
            }
            Action::AnswerObjection { upheld: true, .. } if self.status.is_approved() => {
                Status::Revoked
            }
            Action::Revoke { .. } | Action::EntryEnded => Status::Revoked,
            Action::Acquit { .. } => Status::Acquitted,
            Action::Lapse => Status::Lapsed,
            Action::Notify { .. } | Action::Object { .. } | Action::AnswerObjection { .. } => {
                self.status
            }
        };
        self.steps.push(step);
    }
}

fn said(text: &str) -> Result<(), Refused> {
    let good = (3..=500).contains(&text.trim().chars().count());
    good.then_some(()).ok_or(Refused::NoReference)
}

fn past(day: Day, today: Day) -> Result<(), Refused> {
    (day <= today).then_some(()).ok_or(Refused::BadDay)
}
