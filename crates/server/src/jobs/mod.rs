//! What the centre does by itself: thresholds follow the list, alerts that nobody took move on, lapsed entries leave, old photographs are
//! destroyed, the audit head is signed. Must not decide about a person. Each job takes `now`, so a test can run
//! any instant; the loop only chooses when to look.

use std::time::Duration;

use tapal_domain::time::{MINUTE_MS, UtcMs};
use tapal_store::{alert, audit, edge, lapse, retention, second_line};

use crate::{false_alert::watch, state::AppState};

/// Name of the signed audit head in the data folder.
pub const CHECKPOINT_FILE: &str = "audit-checkpoint.json";

/// When the slow jobs ran last.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    policies: crate::policy::keep::Seen,
    retention_at: Option<UtcMs>,
    late_at: Option<UtcMs>,
    checkpoint_at: Option<UtcMs>,
    looked_at: Option<UtcMs>,
    rules_at: Option<UtcMs>,
    reported_at: Option<UtcMs>,
}

/// Does everything that is due at `now`. A job that fails is logged and tried again next time; the others run.
pub async fn run_due(state: &AppState, ran: &mut Ran, now: UtcMs) {
    match lapse::run_due(&state.db, now).await {
        Ok(lapsed) if lapsed.is_empty() => {}
        Ok(lapsed) => tracing::info!(entries = lapsed.len(), "entries lapsed"),
        Err(error) => tracing::error!(%error, "lapsing entries failed; it is tried again"),
    }
    if let Err(error) = crate::order::lapse::run_due(state, now).await {
        tracing::error!(
            code = error.code,
            "orders that are over were not closed; it is tried again"
        );
    }
    if due(ran.late_at, now, MINUTE_MS) {
        if let Err(error) = crate::rule_pack::keep::reload(state, &mut ran.rules_at).await {
            tracing::error!(
                code = error.code,
                "rule packs were not looked for; it is tried again"
            );
        }
        ran.late_at = Some(now);
        match edge::mark_late(&state.db, now).await {
            Ok(0) => {}
            Ok(copies) => tracing::warn!(copies, "nodes have not proven removals in time"),
            Err(error) => {
                tracing::error!(%error, "late removals were not looked for; it is tried again")
            }
        }
    }
    // After lapsing: what left the list no longer counts.
    if let Err(error) = crate::policy::keep::all(state, &mut ran.policies, now).await {
        tracing::error!(%error, "a threshold was not computed anew; it is tried again");
    }
    if let Err(error) = alert::run_due(&state.db, now, &state.config.timers).await {
        tracing::error!(%error, "alert timers failed; they are tried again");
    }
    if let Err(error) = crate::second_line::clock::run_due(state, now).await {
        tracing::error!(
            code = error.code,
            "clocks of second line failed; they are tried again"
        );
    }
    if due(ran.retention_at, now, 10 * MINUTE_MS) {
        ran.retention_at = Some(now);
        match retention::destroy(&state.db, now, state.config.retention_ms).await {
            Ok(gone) => tracing::info!(
                alerts = gone.alerts,
                probes = gone.probes,
                entry_photos = gone.entry_photos,
                attempts = gone.attempts,
                "retention"
            ),
            Err(error) => tracing::error!(%error, "retention failed; it is tried again"),
        }
    }
    if due(ran.looked_at, now, 10 * MINUTE_MS) {
        ran.looked_at = Some(now);
        if let Err(error) = watch::look(state, now).await {
            tracing::error!(%error, "false alerts were not held against their prediction; it is tried again");
        }
    }
    if due(ran.reported_at, now, 10 * MINUTE_MS) {
        ran.reported_at = Some(now);
        match crate::statistic::job::run_due(state, now).await {
            Ok(0) => {}
            Ok(reports) => tracing::info!(reports, "monthly reports made"),
            Err(error) => tracing::error!(
                code = error.code,
                "a monthly report was not made; it is tried again"
            ),
        }
    }
    if due(ran.checkpoint_at, now, 5 * MINUTE_MS) {
        ran.checkpoint_at = Some(now);
        checkpoint(state, now).await;
    }
}

/// What a standby server does by itself while it goes on alone: entries end on their day, and what was raised on them with
/// them; alerts and cases are not forgotten. What belongs to the centre (closing orders, thresholds, retention, reports)
/// waits for it.
pub async fn run_alone(state: &AppState, ran: &mut Ran, now: UtcMs) {
    if let Err(error) = lapse::run_due(&state.db, now).await {
        tracing::error!(%error, "lapsing entries failed; it is tried again");
    }
    if let Err(error) = alert::run_due(&state.db, now, &state.config.timers).await {
        tracing::error!(%error, "alert timers failed; they are tried again");
    }
    if let Err(error) = crate::second_line::clock::run_due(state, now).await {
        tracing::error!(
            code = error.code,
            "clocks of second line failed; they are tried again"
        );
    }
    if due(ran.checkpoint_at, now, 5 * MINUTE_MS) {
        ran.checkpoint_at = Some(now);
        checkpoint(state, now).await;
    }
}

/// Signs the head of the audit chain and keeps it beside the database.
pub async fn checkpoint(state: &AppState, now: UtcMs) {
    let path = state.config.data_dir.join(CHECKPOINT_FILE);
    if let Err(error) = audit::write_checkpoint(&state.db, &path, &state.signing_key, now).await {
        tracing::error!(%error, "the audit checkpoint was not written");
    }
}

fn due(last: Option<UtcMs>, now: UtcMs, every_ms: i64) -> bool {
    last.is_none_or(|last| now.since_ms(last) >= every_ms || now < last)
}

/// Runs the jobs until the program ends: at the next instant something is due, at every change, at least once a minute.
pub async fn run(state: AppState) {
    let mut wakes = state.db.wakes();
    let mut ran = Ran::default();
    loop {
        let now = state.clock.now();
        run_due(&state, &mut ran, now).await;
        let pause = tokio::time::sleep(pause(&state, now).await);
        tokio::select! {
            woken = wakes.changed() => if woken.is_err() { return },
            () = pause => {}
        }
    }
}

const FAILED_MS: i64 = 5_000;

async fn pause(state: &AppState, now: UtcMs) -> Duration {
    let alert = alert::next_due(&state.db).await.ok().flatten();
    let lapse = lapse::next(&state.db, now).await.ok().flatten();
    let second_line = second_line::next_due(&state.db).await.ok().flatten();
    let next = alert
        .into_iter()
        .chain(lapse)
        .chain(second_line)
        // What is still owed after the jobs ran has failed: it is tried again, but not at once.
        .map(|at| match at.since_ms(now) {
            ..=0 => FAILED_MS,
            ms => ms,
        })
        .min()
        .unwrap_or(MINUTE_MS);
    // At least 50 ms, so that a job that keeps failing cannot spin.
    Duration::from_millis(next.clamp(50, MINUTE_MS) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_jobs_run_at_first_then_at_their_interval_and_after_a_clock_set_back() {
        for (last, now, expect) in [
            (None, 0, true),
            (Some(0), 9, false),
            (Some(0), 10, true),
            (Some(100), 50, true),
        ] {
            assert_eq!(
                due(last.map(UtcMs), UtcMs(now), 10),
                expect,
                "{last:?} {now}"
            );
        }
    }
}
