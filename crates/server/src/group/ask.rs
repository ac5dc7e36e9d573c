//! Whether an alert's page asks for the group label: only after it ended as a different person, only of an officer who
//! judged it, only where a set is in force. Must not show which label was recorded: nobody needs it about one person.

use tapal_domain::{alert::Status, role::Permission};
use tapal_store::{alert::Stored, group};

use crate::{AppState, Session, error::ApiResult};

/// What the page shows.
pub struct GroupAsk {
    /// Labels to choose from.
    pub labels: Vec<String>,
    /// Whether it is recorded already.
    pub recorded: bool,
}

/// What the page of an alert shows this person.
pub async fn of(
    state: &AppState,
    session: &Session,
    stored: &Stored,
) -> ApiResult<Option<GroupAsk>> {
    let ended = stored.life.status() == Status::NotSame;
    let judged = session.may(Permission::JudgeAlerts) && stored.life.judged_by(session.account);
    if !ended || !judged {
        return Ok(None);
    }
    let Some(set) = group::in_force(&state.db, stored.site).await? else {
        return Ok(None);
    };
    Ok(Some(GroupAsk {
        recorded: group::is_labelled(&state.db, stored.life.id()).await?,
        labels: set.set.labels,
    }))
}
