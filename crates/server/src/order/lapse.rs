//! Closes orders whose last day is over. Their entries have lapsed by themselves before; this is the record of it.

use tapal_domain::{order::Action, time::UtcMs};
use tapal_store::{By, order};

use super::{act, today};
use crate::{AppState, error::ApiResult};

/// Closes what is over at `now`; how many.
pub async fn run_due(state: &AppState, now: UtcMs) -> ApiResult<usize> {
    let over = order::over(&state.db, today(now)).await?;
    let over = over.into_iter().map(|id| (id, Action::Lapse));
    let ended = order::without_entry(&state.db).await?;
    let ended = ended.into_iter().map(|id| (id, Action::EntryEnded));
    let mut closed = 0;
    for (id, action) in over.chain(ended) {
        let filed = order::get(&state.db, id, None).await?;
        match act(state, filed, action, None, By::Clock).await {
            Ok(_) => closed += 1,
            Err(error) => {
                tracing::error!(order = %id, code = error.code, "an order could not be closed; it is tried again")
            }
        }
    }
    Ok(closed)
}
