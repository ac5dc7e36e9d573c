//! Orders of the demonstration's setup: written, handed in and approved by two of its accounts, as people would through
//! the pages, under the same rules. Must not be called from a route.

use tapal_domain::{
    id::{AccountId, OrderId},
    order::{Action, Contents, Handed, Order},
};
use tapal_store::{
    By,
    order::{self, Effect},
};

use super::{effect, refused, today};
use crate::{
    AppState,
    entry::input::enrol,
    error::{ApiError, ApiResult},
};

/// How far an order of the setup goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goes {
    /// A draft, with whatever it lacks.
    Draft,
    /// Handed in; waits for whoever approves.
    Submitted,
    /// Approved.
    Approved,
}

/// Files an order as `clerk`; `approver` is another account. One entry the enrolment audit holds is left so, to show
/// what that is: rendered people resemble one another more than real ones do, and were all of them held, the
/// demonstration would find nobody.
pub async fn set_up(
    state: &AppState,
    (clerk, approver): (AccountId, AccountId),
    handed: Handed,
    photo: Option<Vec<u8>>,
    goes: Goes,
) -> ApiResult<OrderId> {
    let contents = Contents::new(handed)
        .map_err(|unlawful| ApiError::invalid(unlawful.code(), unlawful.to_string()))?;
    let enrolled = match photo {
        Some(photo) => Some(enrol(state, photo).await?),
        None => None,
    };
    let (now, id) = (state.clock.now(), OrderId(state.clock.new_uuid()));
    let day = (now, today(now));
    let new = Order::draft(id, contents, clerk, now, day.1);
    order::file(&state.db, now, By::System, &new).await?;
    if let Some(photo) = &enrolled {
        order::add_photo(&state.db, now, By::System, id, photo).await?;
    }
    let photos = usize::from(enrolled.is_some());
    let steps = match goes {
        Goes::Draft => Vec::new(),
        Goes::Submitted => vec![(Action::Submit, clerk)],
        Goes::Approved => vec![(Action::Submit, clerk), (Action::Approve, approver)],
    };
    for (action, who) in steps {
        let before = order::get(&state.db, id, None).await?;
        let mut after = before.order.clone();
        after
            .apply(action, Some(who), day, photos)
            .map_err(|why| refused(&why))?;
        let mut effect = effect(state, &before, &after).await?;
        if let Effect::Enter(_, _, findings) = &mut effect
            && findings.iter().any(|found| found.is_flagged())
            && tapal_store::finding::waiting(&state.db).await? > 0
        {
            findings.clear();
        }
        order::record(&state.db, now, By::System, &after, effect).await?;
    }
    Ok(id)
}
