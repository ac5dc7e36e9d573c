//! What people record where a set of labels is in force: the label of an alert that ended as a different person, and
//! passers-by by label and day. Must not take a label that is not in the set, nor a second one for an alert.

use tapal_domain::{
    alert::Status,
    group::MOST_A_DAY,
    id::{AlertId, SiteId},
};
use tapal_store::{
    Error,
    false_alert::local_day,
    group::{self, GroupSet},
};

use super::{
    DayCount,
    proposal::{conflict, no_set},
};
use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    false_alert::day_number,
};

fn known<'a>(set: &'a GroupSet, label: &str) -> ApiResult<&'a str> {
    let label = label.trim();
    let found = set.set.labels.iter().find(|own| own.as_str() == label);
    found.map(String::as_str).ok_or_else(|| {
        ApiError::invalid(
            "unknown_label",
            "this label is not in the set of the site; choose one that is",
        )
    })
}

/// Records the label of an alert, as the officer who judged it read it in the document.
pub async fn label_by(
    state: &AppState,
    session: &Session,
    id: AlertId,
    label: &str,
) -> ApiResult<()> {
    let stored = crate::alert::readable(state, session, id).await?;
    let set = group::in_force(&state.db, stored.site)
        .await?
        .ok_or_else(no_set)?;
    if stored.life.status() != Status::NotSame {
        return Err(conflict(
            "alert_not_false",
            "a label is recorded only after an alert ended as a different person",
        ));
    }
    if !stored.life.judged_by(session.account) {
        return Err(conflict(
            "not_judge",
            "only an officer who judged this alert records its label",
        ));
    }
    let label = known(&set, label)?;
    let now = state.clock.now();
    match group::label(&state.db, now, session.account, id, &set, label).await {
        Err(Error::Conflict(_)) => Err(conflict(
            "label_recorded",
            "this alert has its label; it is recorded once",
        )),
        Err(Error::NotFound) => Err(no_set()),
        done => Ok(done?),
    }
}

/// Sets the passers-by of a label on a day that has begun.
pub async fn count_by(
    state: &AppState,
    session: &Session,
    id: SiteId,
    input: DayCount,
) -> ApiResult<()> {
    session.require_site(id)?;
    let site = tapal_store::site::get(&state.db, id).await?;
    let set = group::in_force(&state.db, id).await?.ok_or_else(no_set)?;
    let label = known(&set, &input.label)?;
    let (day, now) = (day_number(&input.day)?, state.clock.now());
    if day > local_day(now, site.utc_offset_minutes) {
        return Err(ApiError::invalid(
            "day_to_come",
            "this day has not begun; passers-by are counted, not planned",
        ));
    }
    if input.passers_by > MOST_A_DAY {
        return Err(ApiError::invalid(
            "too_many_passers_by",
            "more than 1,000,000 passers-by of one label a day is a slip of the pen; check the number",
        ));
    }
    let counted = (day, label);
    match group::count(
        &state.db,
        now,
        session.account,
        &set,
        counted,
        input.passers_by,
    )
    .await
    {
        Err(Error::NotFound) => Err(no_set()),
        done => Ok(done?),
    }
}
