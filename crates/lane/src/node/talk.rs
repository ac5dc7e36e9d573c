//! The talk with the centre: a health report every second; its reply says whether config or list changed, and both
//! are pulled then. Receipts for removals. Everything learned is kept on disk, so that a restart without the
//! centre works.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tapal_domain::{
    time::UtcMs,
    wire::{AlertReport, CLOCK_OFF_MS, EdgeConfig, HealthReply, HealthReport, SignedDelta},
};

use super::Node;
use crate::{
    centre::{Method, Reply, Unreachable},
    list::ListError,
    sender,
    worker::lock,
};

const EVERY: Duration = Duration::from_secs(1);
/// Attempts in one report.
const ATTEMPTS_A_REPORT: usize = 500;
const CONFIG_NAME: &str = "config";

#[derive(Debug, thiserror::Error)]
pub(super) enum TalkError {
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("the centre answered with status {0}")]
    Status(u16),
    #[error("the centre's answer cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("a reply to an earlier report came late; it says an old time and is not used")]
    Stale,
    #[error(transparent)]
    List(#[from] ListError),
}

impl Node {
    pub(crate) fn talk(&self) {
        let (mut seq, mut reached) = (0, true);
        while !self.stop.load(Ordering::Relaxed) {
            seq += 1;
            let outcome = self.exchange(seq);
            if outcome.is_ok() != reached {
                match &outcome {
                    Ok(()) => tracing::info!("the centre is reached again"),
                    Err(error) => {
                        tracing::warn!(%error, "the talk with the centre failed; it goes on trying")
                    }
                }
            }
            reached = outcome.is_ok();
            self.rest(EVERY);
        }
    }

    fn rest(&self, time: Duration) {
        let step = Duration::from_millis(50);
        let mut left = time;
        while !left.is_zero() && !self.stop.load(Ordering::Relaxed) {
            std::thread::sleep(step.min(left));
            left = left.saturating_sub(step);
        }
    }

    pub(super) fn exchange(&self, seq: u64) -> Result<(), TalkError> {
        let report = self.health(seq);
        let asked_ms = self.clock.uptime_ms();
        let body = serde_json::to_vec(&report)?;
        let path = "/api/v1/edge/health";
        let reply = self.centre.send(Method::Post, path, &body)?;
        if let Some(now) = told_time(&reply) {
            self.hear(now, asked_ms);
        }
        let reply: HealthReply = serde_json::from_slice(&ok(reply)?.body)?;
        if reply.answers.is_some_and(|said| said != (self.boot, seq)) {
            return Err(TalkError::Stale);
        }
        self.hear(reply.now, asked_ms);
        self.acknowledge(&report);
        if seq == 1 || self.is_config_old(&reply) {
            self.pull_config()?;
        }
        let list = lock(&self.list);
        let due = list.version() != reply.list_version
            || !list.is_known()
            || list.must_start_over(self.clock.moment().latest);
        drop(list);
        if due {
            self.pull_list()?;
            // Signed, but from before the centre said which version is the right one.
            if lock(&self.list).version() < reply.list_version {
                return Err(TalkError::Stale);
            }
        }
        let (now, uptime_ms) = (self.clock.now(), self.clock.uptime_ms());
        if let Err(error) = lock(&self.freshness).confirm(now, uptime_ms) {
            tracing::error!(%error, "the age of the list cannot be kept; after a restart the centre must confirm it");
        }
        self.send_receipts()
    }

    fn is_config_old(&self, reply: &HealthReply) -> bool {
        let config = lock(&self.config);
        config.as_ref().is_none_or(|config| {
            // A centre that enrols with another model has the same revision.
            config.revision != reply.revision
                || (!reply.model_id.is_empty() && config.model_id != reply.model_id)
        })
    }

    fn health(&self, seq: u64) -> HealthReport {
        let attempts = lock(&self.desk.attempts)
            .iter()
            .take(ATTEMPTS_A_REPORT)
            .copied()
            .collect();
        // One lock at a time: the keeper holds `cameras` while it takes others.
        let list_version = lock(&self.list).version();
        let refused = lock(&self.refused).clone();
        let in_memory = lock(&self.desk.in_memory).len();
        let cameras = self.camera_health();
        HealthReport {
            boot: self.boot,
            seq,
            sent_at: self.clock.now(),
            engine: self.engine_name.clone(),
            pack: self.room.card.name.clone(),
            model_id: self.gallery.model_id().into(),
            demonstration: self.room.card.demonstration,
            list_version,
            gallery_size: self.gallery.len() as u64,
            refused,
            spooled: (self.spool.len() + in_memory) as u64,
            cameras,
            attempts,
            clock_ahead_ms: self.reckoning.skew_ms(),
        }
    }

    /// The centre has these attempts.
    fn acknowledge(&self, report: &HealthReport) {
        let mut attempts = lock(&self.desk.attempts);
        for sent in &report.attempts {
            if attempts.front().is_some_and(|first| first.id == sent.id) {
                attempts.pop_front();
            } else {
                attempts.retain(|kept| kept.id != sent.id);
            }
        }
    }

    fn hear(&self, centre: UtcMs, asked_ms: i64) {
        let before = self.reckoning.skew_ms();
        self.reckoning.heard(centre, asked_ms);
        if let Err(error) = self.reckoning.keep() {
            tracing::error!(%error, "the time cannot be kept; after a restart the centre must say it");
        }
        let skew = self.reckoning.skew_ms();
        let off = |skew: i64| skew.abs() > CLOCK_OFF_MS;
        if skew.is_some_and(off) && !before.is_some_and(off) {
            tracing::warn!(
                ahead_ms = skew,
                "this machine's clock differs from the centre's, whose time is used; set it right"
            );
        }
    }

    fn pull_config(&self) -> Result<(), TalkError> {
        let reply = ok(self.centre.send(Method::Get, "/api/v1/edge/config", &[])?)?;
        let config: EdgeConfig = serde_json::from_slice(&reply.body)?;
        // It may hold camera passwords: sealed.
        let path = self.options.data.join("config.sealed");
        if let Err(error) = self.sealer.write(&path, CONFIG_NAME, &reply.body) {
            tracing::error!(%error, "the config cannot be kept; a restart without the centre would not work");
        }
        tracing::info!(
            revision = config.revision,
            cameras = config.cameras.len(),
            "config pulled"
        );
        *lock(&self.config) = Some(config);
        Ok(())
    }

    /// The config of an earlier run.
    pub(crate) fn load_config(&self) {
        let path = self.options.data.join("config.sealed");
        match self.sealer.read(&path, CONFIG_NAME) {
            Ok(Some(json)) => *lock(&self.config) = serde_json::from_slice(&json).ok(),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the kept config cannot be used"),
        }
    }

    fn pull_list(&self) -> Result<(), TalkError> {
        let since = lock(&self.list).since(self.clock.moment().latest);
        match self.pull_list_since(since) {
            Err(TalkError::List(ListError::OutOfOrder)) if since != 0 => self.pull_list_since(0),
            // The centre changed its model: only the config says so to the keeper.
            Err(wrong @ TalkError::List(ListError::WrongModel(_))) => {
                self.pull_config()?;
                Err(wrong)
            }
            pulled => pulled,
        }
    }

    fn pull_list_since(&self, since: i64) -> Result<(), TalkError> {
        let path = format!("/api/v1/edge/list?since={since}");
        let reply = ok(self.centre.send(Method::Get, &path, &[])?)?;
        let signed: SignedDelta = serde_json::from_slice(&reply.body)?;
        let mut list = lock(&self.list);
        list.apply(&signed, self.clock.now())?;
        tracing::info!(
            version = list.version(),
            entries = self.gallery.len(),
            "list pulled"
        );
        Ok(())
    }

    fn send_receipts(&self) -> Result<(), TalkError> {
        let receipts = lock(&self.list).receipts().map_err(ListError::Disk)?;
        for receipt in receipts {
            let body = serde_json::to_vec(&receipt)?;
            ok(self
                .centre
                .send(Method::Post, "/api/v1/edge/receipts", &body)?)?;
            lock(&self.list)
                .acknowledged(&receipt)
                .map_err(ListError::Disk)?;
        }
        Ok(())
    }

    /// Alerts the disk did not take go straight to the centre. No lock is held while the network is waited for:
    /// the inference threads put alerts in here.
    pub(crate) fn send_from_memory(&self) {
        loop {
            let next = lock(&self.desk.in_memory).front().cloned();
            let Some(report) = next else { return };
            let Ok(body) = serde_json::to_vec(&report) else {
                return;
            };
            match self.centre.send(Method::Post, "/api/v1/alerts", &body) {
                Ok(reply) if (200..300).contains(&reply.status) => {}
                Ok(reply) if sender::never(reply.status) => {
                    tracing::error!(alert = %report.id, status = reply.status, "the centre refused an alert for good; it is set aside");
                    if !self.set_aside_from_memory(&report) {
                        return;
                    }
                }
                _ => return,
            }
            lock(&self.desk.in_memory).retain(|kept| kept.id != report.id);
        }
    }

    /// Whether the refused alert now lies on disk; until then it stays in memory.
    fn set_aside_from_memory(&self, report: &AlertReport) -> bool {
        let aside = self.spool.put(report);
        if let Err(error) = &aside {
            tracing::error!(alert = %report.id, %error, "a refused alert cannot be set aside; make room on the disk");
            return false;
        }
        if let Err(error) = self.spool.set_aside(report.id) {
            tracing::error!(alert = %report.id, %error, "a refused alert cannot be set aside; it is tried again");
        }
        true
    }
}

/// The centre's time in its refusal of a request whose time is too far off: the next request is signed with it.
fn told_time(reply: &Reply) -> Option<UtcMs> {
    #[derive(serde::Deserialize)]
    struct Refusal {
        code: String,
        #[serde(default)]
        reasons: Vec<String>,
    }
    let refusal: Refusal = match reply.status {
        401 => serde_json::from_slice(&reply.body).ok()?,
        _ => return None,
    };
    let told = refusal.reasons.first()?.parse().ok()?;
    (refusal.code == "clock_skew").then_some(UtcMs(told))
}

fn ok(reply: Reply) -> Result<Reply, TalkError> {
    if (200..300).contains(&reply.status) {
        Ok(reply)
    } else {
        Err(TalkError::Status(reply.status))
    }
}
