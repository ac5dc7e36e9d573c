//! Makes the report of each month once it is over everywhere and late records are in: desks may decide for 72 hours
//! without the centre. Must not make a second report of a month.

use tapal_domain::{site::SiteKind, statistic::Month, time::UtcMs};
use tapal_store::statistic;

use crate::{error::ApiResult, state::AppState};

/// Most reports of one look, so that a centre that was off for years does not stop for them.
const MOST: usize = 24;

/// When the report of a month is due: counted from where the month ends last.
pub async fn due_at(state: &AppState, month: Month) -> ApiResult<UtcMs> {
    let sites = tapal_store::site::list(&state.db).await?;
    let checkpoints = sites
        .iter()
        .filter(|site| site.kind == SiteKind::Checkpoint);
    let last = checkpoints.map(|site| site.utc_offset_minutes).min();
    Ok(month.due_at(last.unwrap_or(super::HEAD_OFFICE)))
}

/// Makes what is due at `now`, the oldest month first; how many.
pub async fn run_due(state: &AppState, now: UtcMs) -> ApiResult<usize> {
    let mut made = 0;
    while made < MOST {
        let Some(month) = statistic::next_month(&state.db).await? else {
            break;
        };
        if due_at(state, month).await? > now {
            break;
        }
        let cut = statistic::cut(&state.db, now).await?;
        let report = statistic::compute(&state.db, month, cut).await?;
        if !statistic::keep(&state.db, now, &report).await? {
            break;
        }
        made += 1;
    }
    Ok(made)
}
