//! Days by which somebody must have been told or answered. Must not do it for them: a clock only says *overdue*.

use serde::{Deserialize, Serialize};

use super::{Action, Order};
use crate::{day::Day, rule_pack};

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = OrderDuty))]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// The person is told of the order.
    NotifyPerson,
    /// The Minister is told of the order.
    NotifyMinister,
    /// The objection is answered.
    AnswerObjection,
}

impl Duty {
    /// The name used in JSON and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotifyPerson => "notify_person",
            Self::NotifyMinister => "notify_minister",
            Self::AnswerObjection => "answer_objection",
        }
    }
}

/// One duty with its last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = OrderClock))]
pub struct Clock {
    /// What.
    pub duty: Duty,
    /// The last day on which it is in time.
    pub due: Day,
    /// When it was done.
    pub done: Option<Day>,
    /// Not done in time, or not done yet and the day is over.
    pub overdue: bool,
}

/// The duties an approved order brought, as of `today`. The days run from the decision.
pub fn clocks(order: &Order, today: Day) -> Vec<Clock> {
    let Some(decided) = order.approved_on() else {
        return Vec::new();
    };
    let Some(pack) = rule_pack::pack_for(decided) else {
        return Vec::new();
    };
    let done = |duty: Duty| {
        order.steps().iter().find_map(|step| match &step.action {
            Action::Notify { duty: told, on } if *told == duty => Some(*on),
            _ => None,
        })
    };
    let clock = |duty, from: Day, days: u32, done: Option<Day>| {
        let due = from.plus_days(days.into())?;
        let overdue = done.unwrap_or(today) > due;
        Some(Clock {
            duty,
            due,
            done,
            overdue,
        })
    };
    let times = &pack.clocks;
    let told = [
        (Duty::NotifyPerson, times.notify_person_days),
        (Duty::NotifyMinister, times.notify_minister_days),
    ];
    let mut all: Vec<Clock> = told
        .into_iter()
        .filter_map(|(duty, days)| clock(duty, decided, days, done(duty)))
        .collect();
    if let Some((received, answered)) = order.objection() {
        let days = times.objection_reply_days;
        all.extend(clock(Duty::AnswerObjection, received, days, answered));
    }
    all
}
