//! Closes orders whose last day is over. Their entries have lapsed by themselves before; this is the record of it.

use tapal_domain::{order::Action, time::UtcMs};
use tapal_store::{By, order};

use super::{act, today};
use crate::{AppState, error::ApiResult};

/// Closes what is over at `now`; how many.
pub async fn run_due(state: &AppState, now: UtcMs) -> ApiResult<usize> {
    let over = order::over(&state.db, today(now)).await?;
    let mut closed = 0;
    for id in over {
        let filed = order::get(&state.db, id, None).await?;
        match act(state, filed, Action::Lapse, None, By::Clock).await {
            Ok(_) => closed += 1,
            Err(error) => {
                tracing::error!(order = %id, code = error.code, "an order could not be closed; it is tried again")
            }
        }
    }
    Ok(closed)
}
