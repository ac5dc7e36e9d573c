//! An order as it is shown. Must not decide anything: status, gaps and clocks come from the domain.

use serde::Serialize;
use tapal_domain::{
    day::Day,
    id::{AccountId, EntryId, OrderId},
    order::{Action, Clock, Gap, Handed, Status, Step, clocks, gaps},
    rule_pack,
    time::UtcMs,
};
use tapal_store::order::{Filed, OrderPhoto};
use utoipa::ToSchema;

/// An order in full.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderView {
    /// Its id.
    pub id: OrderId,
    /// Where it stands.
    pub status: Status,
    /// What it says.
    pub contents: Handed,
    /// The last day in force, extensions counted; absent for life.
    pub last_day: Option<Day>,
    /// Whether it is in force today, where the country's day ends last.
    pub in_force_today: bool,
    /// What it lacks, while it is not approved.
    pub gaps: Vec<Gap>,
    /// Who must be told or answered by when.
    pub clocks: Vec<Clock>,
    /// What was done to it, oldest first.
    pub steps: Vec<OrderStep>,
    /// Photographs, also replaced ones.
    pub photos: Vec<OrderPhoto>,
    /// The entry it made.
    pub entry: Option<EntryId>,
    /// The rule pack of the day it bears.
    pub rule_pack: Option<String>,
    /// When it was first recorded.
    pub created_at: UtcMs,
}

/// One step, without what an earlier draft said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderStep {
    /// When.
    pub at: UtcMs,
    /// Who; absent for the calendar.
    pub by: Option<AccountId>,
    /// What, as a code.
    pub action: &'static str,
    /// The day it names: of a letter, an answer, a notification, a new end.
    pub day: Option<Day>,
    /// The number or words that go with it.
    pub note: Option<String>,
}

fn step(step: &Step) -> OrderStep {
    let (day, note) = match &step.action {
        Action::Return { note } | Action::Refuse { note } | Action::RefuseExtension { note } => {
            (None, Some(note.clone()))
        }
        Action::Notify { duty, on } => (Some(*on), Some(duty.name().to_owned())),
        Action::RequestExtension {
            reference,
            received_on,
            last_day,
        } => (
            Some(*last_day),
            Some(format!("{reference} ({received_on})")),
        ),
        Action::Object {
            received_on,
            reference,
        } => (Some(*received_on), Some(reference.clone())),
        Action::AnswerObjection { on, note, .. } => (Some(*on), Some(note.clone())),
        Action::Revoke { reference } | Action::Acquit { reference } => {
            (None, Some(reference.clone()))
        }
        Action::Draft { .. }
        | Action::Submit
        | Action::Approve
        | Action::ApproveExtension
        | Action::EntryEnded
        | Action::Lapse => (None, None),
    };
    OrderStep {
        at: step.at,
        by: step.by,
        action: step.action.name(),
        day,
        note,
    }
}

/// The view of an order on `today`.
pub fn of(filed: Filed, photos: Vec<OrderPhoto>, today: Day) -> OrderView {
    let order = &filed.order;
    let pack = rule_pack::pack_for(order.contents().ordered_on);
    let kept = photos
        .iter()
        .filter(|photo| photo.replaced_at.is_none())
        .count();
    let open = matches!(
        order.status(),
        Status::Draft | Status::Returned | Status::Submitted | Status::AwaitingSecond
    );
    OrderView {
        id: order.id(),
        status: order.status(),
        last_day: order.last_day(),
        in_force_today: order.in_force(today),
        gaps: match open {
            true => gaps(order.contents(), pack, kept, today),
            false => Vec::new(),
        },
        clocks: clocks(order, today),
        steps: order.steps().iter().map(step).collect(),
        contents: order.contents().clone().into(),
        photos,
        entry: filed.entry,
        rule_pack: pack.map(|pack| pack.id.clone()),
        created_at: filed.created_at,
    }
}
