//! The life of one alert: an append-only list of actions; the status is computed from it, and one table says
//! which actions a status allows. Must not let a machine dismiss or confirm: the clock only escalates, expires
//! an undecided alert as such, or withdraws one whose order lapsed (domain rules 4.1, steps 4 to 8).

pub mod queue;

use serde::{Deserialize, Serialize};

use crate::{
    id::{AccountId, AlertId, EdgeId},
    opinion::{Opinion, Outcome, combine},
    role::{Permission, Role},
    time::{MINUTE_MS, SECOND_MS, UtcMs},
};

/// Who did something to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// A camera node.
    Edge(EdgeId),
    /// A person.
    Account(AccountId, Role),
    /// A timer of the centre.
    Clock,
}

/// Whose screen an alert is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The desk of the lane.
    Desk,
    /// The site's supervisor.
    Supervisor,
    /// The command centre.
    CommandCentre,
}

/// What can be done to an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// An edge found a similarity.
    Raise,
    /// An officer takes it.
    Acknowledge,
    /// Whoever took it gave no opinion in time: it is everybody's again.
    Release,
    /// Nobody took it in time: the next level sees it too.
    Escalate {
        /// The level that now sees it.
        to: Level,
    },
    /// An officer's opinion, the first or the second.
    Opine {
        /// The answer.
        opinion: Opinion,
        /// Why, in the officer's words.
        reason: String,
    },
    /// A supervisor settles a disagreement.
    Resolve {
        /// Same or different; a supervisor who cannot tell leaves it open.
        opinion: Opinion,
        /// Why, in the supervisor's words.
        reason: String,
    },
    /// Nobody decided in time. It is counted as undecided, never as "no match".
    Expire,
    /// The order is no longer in force.
    Withdraw,
}

/// One step in an alert's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When the centre recorded it.
    pub at: UtcMs,
    /// Who.
    pub actor: Actor,
    /// What.
    #[serde(flatten)]
    pub action: Action,
}

/// Where an alert stands; computed, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for somebody to take it.
    Raised,
    /// Taken; waits for the first opinion.
    Acknowledged,
    /// One opinion given; waits for another person's.
    FirstOpinion,
    /// Two opinions that differ; waits for a supervisor.
    Disagreed,
    /// Settled: different persons.
    NotSame,
    /// Settled: similar; goes to second line, where documents decide.
    Similar,
    /// Nobody decided in time.
    UnresolvedExpired,
    /// The order lapsed before a decision.
    Withdrawn,
}

impl Status {
    /// Every status, in order of life.
    pub const ALL: [Status; 8] = [
        Self::Raised,
        Self::Acknowledged,
        Self::FirstOpinion,
        Self::Disagreed,
        Self::NotSame,
        Self::Similar,
        Self::UnresolvedExpired,
        Self::Withdrawn,
    ];

    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Acknowledged => "acknowledged",
            Self::FirstOpinion => "first_opinion",
            Self::Disagreed => "disagreed",
            Self::NotSame => "not_same",
            Self::Similar => "similar",
            Self::UnresolvedExpired => "unresolved_expired",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The status with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether the alert still waits for a person.
    pub fn is_open(self) -> bool {
        !self.allowed().is_empty()
    }

    /// The one table of what may happen next; serves the pages, the API and [`Alert::apply`].
    pub fn allowed(self) -> &'static [Kind] {
        use Kind::*;
        match self {
            Self::Raised => &[Acknowledge, Escalate, Expire, Withdraw],
            Self::Acknowledged => &[Opine, Release, Expire, Withdraw],
            Self::FirstOpinion => &[Opine, Expire, Withdraw],
            Self::Disagreed => &[Resolve, Expire, Withdraw],
            Self::NotSame | Self::Similar | Self::UnresolvedExpired | Self::Withdrawn => &[],
        }
    }
}

/// The kind of an action, without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// See [`Action::Raise`].
    Raise,
    /// See [`Action::Acknowledge`].
    Acknowledge,
    /// See [`Action::Release`].
    Release,
    /// See [`Action::Escalate`].
    Escalate,
    /// See [`Action::Opine`].
    Opine,
    /// See [`Action::Resolve`].
    Resolve,
    /// See [`Action::Expire`].
    Expire,
    /// See [`Action::Withdraw`].
    Withdraw,
}

impl Action {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Raise => Kind::Raise,
            Self::Acknowledge => Kind::Acknowledge,
            Self::Release => Kind::Release,
            Self::Escalate { .. } => Kind::Escalate,
            Self::Opine { .. } => Kind::Opine,
            Self::Resolve { .. } => Kind::Resolve,
            Self::Expire => Kind::Expire,
            Self::Withdraw => Kind::Withdraw,
        }
    }
}

/// Why an action was refused. Every refusal by a person is audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The status does not allow it.
    #[error("this alert is {}; that is no longer possible", .status.name())]
    NotAllowed {
        /// Where the alert stands.
        status: Status,
    },
    /// The two-person rule: one person, one say.
    #[error("you already gave an opinion on this alert; another person must give this one")]
    SameOfficer {
        /// Where the alert stands.
        status: Status,
    },
    /// This role, or this kind of actor, never may.
    #[error("this action is not yours to take")]
    NotYours {
        /// Where the alert stands.
        status: Status,
    },
    /// An opinion needs a reason, and a resolution must decide.
    #[error("give a reason, and choose same or different to settle a disagreement")]
    Incomplete {
        /// Where the alert stands.
        status: Status,
    },
}

impl Refused {
    /// Stable code for API clients.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotAllowed { .. } => "not_allowed_now",
            Self::SameOfficer { .. } => "same_officer",
            Self::NotYours { .. } => "not_yours",
            Self::Incomplete { .. } => "incomplete",
        }
    }
    /// The status at the time of refusal.
    pub fn status(self) -> Status {
        match self {
            Self::NotAllowed { status }
            | Self::SameOfficer { status }
            | Self::NotYours { status }
            | Self::Incomplete { status } => status,
        }
    }
}

/// When an untaken alert moves on. Milliseconds after the centre received it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timers {
    /// The site's supervisor sees it too.
    pub supervisor_ms: i64,
    /// The command centre sees it too. As long as this may an officer who took it stay without an opinion.
    pub command_centre_ms: i64,
    /// An undecided alert ends as `unresolved_expired`.
    pub expire_ms: i64,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            supervisor_ms: 20 * SECOND_MS,
            command_centre_ms: 120 * SECOND_MS,
            expire_ms: 30 * MINUTE_MS,
        }
    }
}

/// One alert's life so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    id: AlertId,
    steps: Vec<Step>,
}

impl Alert {
    /// A new alert, received by the centre at `now`.
    pub fn raise(id: AlertId, edge: EdgeId, now: UtcMs) -> Self {
        Self {
            id,
            steps: vec![Step {
                at: now,
                actor: Actor::Edge(edge),
                action: Action::Raise,
            }],
        }
    }

    /// An alert from its recorded steps. The first must be the raising.
    pub fn from_steps(id: AlertId, steps: Vec<Step>) -> Option<Self> {
        matches!(
            steps.first(),
            Some(Step {
                action: Action::Raise,
                ..
            })
        )
        .then_some(Self { id, steps })
    }

    /// Its id.
    pub fn id(&self) -> AlertId {
        self.id
    }

    /// What happened, oldest first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// When the centre received it.
    pub fn raised_at(&self) -> UtcMs {
        self.steps.first().map_or(UtcMs(0), |step| step.at)
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        self.steps
            .iter()
            .fold(Status::Raised, |status, step| match &step.action {
                Action::Raise | Action::Escalate { .. } => status,
                Action::Acknowledge => Status::Acknowledged,
                Action::Release => Status::Raised,
                Action::Opine { opinion, .. } => match (status, self.opinions().next()) {
                    (Status::FirstOpinion, Some((_, first))) => match combine(first, *opinion) {
                        Outcome::Similar => Status::Similar,
                        Outcome::NotSame => Status::NotSame,
                        Outcome::Disagreed => Status::Disagreed,
                    },
                    _ => Status::FirstOpinion,
                },
                Action::Resolve {
                    opinion: Opinion::Same,
                    ..
                } => Status::Similar,
                Action::Resolve { .. } => Status::NotSame,
                Action::Expire => Status::UnresolvedExpired,
                Action::Withdraw => Status::Withdrawn,
            })
    }

    /// The highest level that sees it.
    pub fn level(&self) -> Level {
        let escalations = self.steps.iter().filter_map(|step| match step.action {
            Action::Escalate { to } => Some(to),
            _ => None,
        });
        escalations.max().unwrap_or(Level::Desk)
    }

    /// Who took it; nobody once it was released.
    pub fn acknowledged_by(&self) -> Option<AccountId> {
        self.taken().map(|(account, _)| account)
    }

    fn taken(&self) -> Option<(AccountId, UtcMs)> {
        let last = self
            .steps
            .iter()
            .rev()
            .find(|step| matches!(step.action, Action::Acknowledge | Action::Release))?;
        match (&last.action, last.actor) {
            (Action::Acknowledge, Actor::Account(account, _)) => Some((account, last.at)),
            _ => None,
        }
    }

    /// The opinions so far, first to last, with who gave them.
    pub fn opinions(&self) -> impl Iterator<Item = (AccountId, Opinion)> + '_ {
        self.steps
            .iter()
            .filter_map(|step| match (&step.action, step.actor) {
                (Action::Opine { opinion, .. }, Actor::Account(account, _)) => {
                    Some((account, *opinion))
                }
                _ => None,
            })
    }

    /// Whether this account already gave an opinion.
    pub fn judged_by(&self, account: AccountId) -> bool {
        self.opinions().any(|(by, _)| by == account)
    }

    /// Whether the list category, name and order may be shown: only after both opinions, or after the end.
    pub fn may_reveal_entry(&self) -> bool {
        match self.status() {
            Status::Raised | Status::Acknowledged | Status::FirstOpinion => false,
            Status::Disagreed => false,
            Status::Similar => true,
            // A person found to be somebody else, or never judged, has no business with the entry's name.
            Status::NotSame | Status::UnresolvedExpired | Status::Withdrawn => false,
        }
    }

    /// Appends an action, or says why not. Nothing changes on refusal.
    pub fn apply(&mut self, action: Action, actor: Actor, now: UtcMs) -> Result<&Step, Refused> {
        let status = self.status();
        if !actor_may(&action, actor) {
            return Err(Refused::NotYours { status });
        }
        // Asked before the status, so that one person's second try is always told the true reason.
        if let (Kind::Opine | Kind::Resolve, Actor::Account(account, _)) = (action.kind(), actor)
            && self.judged_by(account)
        {
            return Err(Refused::SameOfficer { status });
        }
        if !status.allowed().contains(&action.kind()) {
            return Err(Refused::NotAllowed { status });
        }
        match &action {
            Action::Opine { reason, .. } if reason.trim().is_empty() => {
                return Err(Refused::Incomplete { status });
            }
            Action::Resolve { opinion, reason }
                if *opinion == Opinion::CannotTell || reason.trim().is_empty() =>
            {
                return Err(Refused::Incomplete { status });
            }
            Action::Escalate { to } if *to <= self.level() => {
                return Err(Refused::NotAllowed { status });
            }
            _ => {}
        }
        // Steps never run backwards, whatever a clock does.
        let at = self.steps.last().map_or(now, |last| now.max(last.at));
        self.steps.push(Step { at, actor, action });
        self.steps.last().ok_or(Refused::NotAllowed { status })
    }

    /// What the clock owes this alert at `now`, if anything; the caller applies it.
    pub fn due(&self, timers: &Timers, now: UtcMs) -> Option<Action> {
        let status = self.status();
        let age = now.since_ms(self.raised_at());
        if !status.is_open() {
            return None;
        }
        if age >= timers.expire_ms {
            return Some(Action::Expire);
        }
        if status == Status::Acknowledged {
            let (_, taken_at) = self.taken()?;
            return (now.since_ms(taken_at) >= timers.command_centre_ms).then_some(Action::Release);
        }
        if status != Status::Raised {
            return None;
        }
        let level = if age >= timers.command_centre_ms {
            Level::CommandCentre
        } else if age >= timers.supervisor_ms {
            Level::Supervisor
        } else {
            Level::Desk
        };
        (level > self.level()).then_some(Action::Escalate { to: level })
    }

    /// The next instant at which [`Alert::due`] can change, for the countdown and the job.
    pub fn next_due_at(&self, timers: &Timers) -> Option<UtcMs> {
        let raised = self.raised_at();
        match (self.status(), self.level()) {
            (status, _) if !status.is_open() => None,
            (Status::Raised, Level::Desk) => Some(raised + timers.supervisor_ms),
            (Status::Raised, Level::Supervisor) => Some(raised + timers.command_centre_ms),
            (Status::Acknowledged, _) => {
                let release = self.taken().map(|(_, at)| at + timers.command_centre_ms);
                release.into_iter().chain([raised + timers.expire_ms]).min()
            }
            _ => Some(raised + timers.expire_ms),
        }
    }
}

/// Which actor may take which action at all. Judging belongs to people, the clock never decides.
fn actor_may(action: &Action, actor: Actor) -> bool {
    match (action.kind(), actor) {
        (Kind::Acknowledge | Kind::Opine, Actor::Account(_, role)) => {
            role.may(Permission::JudgeAlerts)
        }
        (Kind::Resolve, Actor::Account(_, role)) => role.may(Permission::ResolveAlerts),
        (Kind::Release | Kind::Escalate | Kind::Expire | Kind::Withdraw, Actor::Clock) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
