//! What the clock does in second line: rings at 80 and at 100 hundredths of the longest time, and deletes cleared pairs
//! that are over. Must not release or close anything.

use tapal_domain::time::UtcMs;
use tapal_store::{By, second_line};

use super::{act, law, longest_ms};
use crate::{error::ApiResult, state::AppState};

/// Rings for every case that is due; how many. One that fails is logged by id and tried again; the others ring.
pub async fn run_due(state: &AppState, now: UtcMs) -> ApiResult<usize> {
    let mut rung = 0;
    for id in second_line::due(&state.db, now).await? {
        let filed = second_line::get(&state.db, id, None).await?;
        let law = law(state, filed.case.referral().site, now).await?;
        let Some(action) = filed.case.due(longest_ms(&law), now) else {
            continue;
        };
        match act(state, filed, action, None, By::Clock).await {
            Ok(_) => rung += 1,
            Err(error) => {
                tracing::error!(case = %id, code = error.code, "the clock of a case failed")
            }
        }
    }
    second_line::expire(&state.db, now).await?;
    Ok(rung)
}
