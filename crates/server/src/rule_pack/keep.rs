//! Puts the approved packs in place: at the start, after an approval, and once a minute for what another instance
//! approved. Must not take a pack that the domain does not read.

use tapal_domain::{rule_pack, time::UtcMs};
use tapal_store::rule_pack::approved;

use crate::{AppState, error::ApiResult};

/// Puts every approved pack in place; gives the time of the last approval. One that cannot be read any more, because a
/// newer version of this program asks for more, stays out and is named in the log.
pub async fn load(state: &AppState) -> ApiResult<Option<UtcMs>> {
    let (last, texts) = approved(&state.db).await?;
    let mut packs = Vec::new();
    for text in &texts {
        match rule_pack::read(text) {
            Ok(pack) => packs.push(pack),
            Err(error) => {
                tracing::error!(%error, "an approved rule pack cannot be read; the shipped one holds")
            }
        }
    }
    rule_pack::put_in_place(packs);
    Ok(last)
}

/// As [`load`], only when something was approved since `seen`.
pub async fn reload(state: &AppState, seen: &mut Option<UtcMs>) -> ApiResult<()> {
    let (last, _) = approved(&state.db).await?;
    if last > *seen {
        *seen = load(state).await?;
    }
    Ok(())
}
