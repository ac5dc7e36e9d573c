//! The alarm when reality leaves the prediction: looks at each camera and each site over the last days, raises and
//! clears. Must not use a rule of its own: the domain has it. Takes `now`, so that a test can run any instant.

use tapal_domain::{
    false_alert::{Side, Tally, WINDOW_DAYS, alarm},
    id::{CameraId, SiteId},
    time::UtcMs,
};
use tapal_store::{
    Result,
    false_alert::{alarms, change_alarm, days, local_day},
    site,
};

use crate::AppState;

/// Looks once. A site that cannot be looked at is logged; the others are looked at.
pub async fn look(state: &AppState, now: UtcMs) -> Result<()> {
    for site in site::list(&state.db).await? {
        if let Err(error) = look_at(state, now, site.id, site.utc_offset_minutes).await {
            tracing::error!(site = %site.id, %error, "false alerts could not be held against their prediction");
        }
    }
    Ok(())
}

async fn look_at(state: &AppState, now: UtcMs, site: SiteId, offset: i64) -> Result<()> {
    let today = local_day(now, offset);
    let counted = days(&state.db, Some(site), today - WINDOW_DAYS + 1, today).await?;
    let standing = alarms(&state.db, Some(site)).await?;
    let mut scopes: Vec<(Option<CameraId>, Tally)> = vec![(None, Tally::default())];
    for day in &counted {
        scopes[0].1 = scopes[0].1.plus(day.tally);
        match scopes.iter_mut().find(|(own, _)| *own == Some(day.camera)) {
            Some((_, tally)) => *tally = tally.plus(day.tally),
            None => scopes.push((Some(day.camera), day.tally)),
        }
    }
    // A camera whose days are all past the window still has its alarm cleared.
    for own in &standing {
        if !scopes.iter().any(|(camera, _)| *camera == own.camera) {
            scopes.push((own.camera, Tally::default()));
        }
    }
    for (camera, tally) in scopes {
        let old: Option<Side> = standing
            .iter()
            .find(|own| own.camera == camera)
            .map(|own| own.side);
        let found = alarm(&tally, old);
        change_alarm(&state.db, now, (site, camera), old, found, &tally).await?;
    }
    Ok(())
}
