//! Cases of the demonstration's setup: referred and worked on by its accounts under the same rules as through the pages.
//! Must not be called from a route.

use tapal_domain::{
    id::{AccountId, CaseId},
    second_line::{Action, Referral},
};
use tapal_store::{By, second_line};

use super::{act, opened};
use crate::{AppState, error::ApiResult};

/// Refers a traveller as `desk`, then does these steps, each as the account beside it.
pub async fn set_up(
    state: &AppState,
    desk: AccountId,
    referral: Referral,
    steps: Vec<(AccountId, Action)>,
) -> ApiResult<CaseId> {
    let id = opened(state, referral, desk, By::System).await?;
    for (account, action) in steps {
        let filed = second_line::get(&state.db, id, None).await?;
        act(state, filed, action, Some(account), By::System).await?;
    }
    Ok(id)
}
