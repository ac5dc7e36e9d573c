//! What a standby server does by itself: asks for copies while the centre answers; while it does not, does what is due
//! here, looks again, hands in, and gives the place back. Each turn takes its time from the clock, so that a test can run
//! any instant; the loop only chooses when. Must not give the place back while anything recorded here waits.

use std::{sync::Arc, time::Duration};

use tapal_domain::time::{HOUR_MS, MINUTE_MS, SECOND_MS, UtcMs};
use tapal_store::standby::{self, Own};

use super::{
    link::{Link, Mode},
    pull::pull,
    push::push,
    upstream::{Identity, Upstream},
};
use crate::{
    error::{ApiError, ApiResult},
    jobs,
    state::AppState,
};

/// How often copies are asked for while the centre answers.
const PULL_MS: i64 = 5 * SECOND_MS;
/// How long after a change that went through here copies are asked for.
const SOON: Duration = Duration::from_millis(250);
/// How often a standby server says how it stands when there is nothing else to hand in.
const SAY_MS: i64 = MINUTE_MS;
/// How often copies that are out of scope by time alone are dropped.
const TIDY_MS: i64 = HOUR_MS;
/// Looks in a row that may fail before this server answers by itself; a request that fails says so at once.
const MISSES: u32 = 2;

/// Everything a turn needs.
pub struct Keeper {
    /// This server.
    pub state: AppState,
    /// Its link.
    pub link: Arc<Link>,
    /// The way to the centre.
    pub upstream: Arc<dyn Upstream>,
    /// Who signs.
    pub identity: Identity,
    misses: u32,
    said_at: Option<UtcMs>,
    tidied_at: Option<UtcMs>,
    ran: jobs::Ran,
}

impl Keeper {
    /// One that has done nothing yet.
    pub fn new(
        state: AppState,
        link: Arc<Link>,
        upstream: Arc<dyn Upstream>,
        identity: Identity,
    ) -> Self {
        Self {
            state,
            link,
            upstream,
            identity,
            misses: 0,
            said_at: None,
            tidied_at: None,
            ran: jobs::Ran::default(),
        }
    }

    /// Does what is due; says who answers from now on.
    pub async fn turn(&mut self) -> Mode {
        let now = self.state.clock.now();
        let done = match self.link.mode() {
            Mode::Centre => self.beside(now).await,
            Mode::Alone | Mode::CatchingUp => self.alone(now).await,
        };
        if let Err(error) = done {
            tracing::error!(
                code = error.code,
                "a turn of the standby server failed; it is tried again"
            );
        }
        self.link.mode()
    }

    async fn own(&self) -> ApiResult<Own> {
        let own = standby::own(&self.state.db).await?;
        own.ok_or_else(|| ApiError::internal("this data folder is not that of a standby server"))
    }

    /// The centre answers: stay its copy.
    async fn beside(&mut self, now: UtcMs) -> ApiResult<()> {
        if let Err(error) = pull(&self.state, self.upstream.as_ref(), &self.identity).await {
            self.misses += 1;
            tracing::warn!(%error, misses = self.misses, "copies were not renewed");
            if self.misses >= MISSES {
                self.link.lost(now);
            }
            return Ok(());
        }
        self.misses = 0;
        if due(self.tidied_at, now, TIDY_MS) {
            self.tidied_at = Some(now);
            standby::copy::tidy(&self.state.db, now).await?;
        }
        if due(self.said_at, now, SAY_MS) {
            self.said_at = Some(now);
            if let Err(error) = push(&self.state, self.upstream.as_ref(), &self.identity).await {
                tracing::warn!(%error, "the centre was not told how this server stands");
            }
        }
        self.link.renewed(&self.own().await?);
        Ok(())
    }

    /// The centre does not answer, or did not a moment ago.
    async fn alone(&mut self, now: UtcMs) -> ApiResult<()> {
        let since = self.link.seen().since;
        if since.is_some() && self.own().await?.alone_since.is_none() {
            standby::go_alone(&self.state.db, now, since).await?;
        }
        jobs::run_alone(&self.state, &mut self.ran, now).await;
        if let Err(error) = push(&self.state, self.upstream.as_ref(), &self.identity).await {
            tracing::debug!(%error, "still alone");
            self.link.lost(now);
            self.link.set(Mode::Alone, &self.own().await?);
            return Ok(());
        }
        self.link.set(Mode::CatchingUp, &self.own().await?);
        if let Err(error) = pull(&self.state, self.upstream.as_ref(), &self.identity).await {
            tracing::warn!(%error, "records were handed in, copies were not renewed");
            self.link.set(Mode::Alone, &self.own().await?);
            return Ok(());
        }
        self.give_back(now).await
    }

    /// The centre takes over, unless something was recorded here meanwhile.
    async fn give_back(&mut self, now: UtcMs) -> ApiResult<()> {
        let held = self.link.handing_over().await;
        if self.own().await?.waiting > 0 {
            return Ok(());
        }
        standby::go_alone(&self.state.db, now, None).await?;
        self.link.set(Mode::Centre, &self.own().await?);
        drop(held);
        // The centre hears of it at once.
        self.link.nudge();
        (self.misses, self.said_at) = (0, None);
        Ok(())
    }

    /// Turns until the program ends.
    pub async fn run(mut self) {
        let mut changes = self.link.changes();
        loop {
            let before = self.link.mode();
            let after = self.turn().await;
            changes.mark_unchanged();
            let pause = match (before, after) {
                // One look failed: the next one says.
                (_, Mode::Centre) if self.misses > 0 => SECOND_MS,
                (_, Mode::Centre) => PULL_MS,
                // Something was recorded while the rest was handed in.
                (_, Mode::CatchingUp) => 50,
                (_, Mode::Alone) => 2 * SECOND_MS,
            };
            let pause = tokio::time::sleep(Duration::from_millis(pause as u64));
            let link = self.link.clone();
            tokio::select! {
                () = pause => {}
                changed = changes.changed() => if changed.is_err() { return },
                // Several changes in a row are one renewal.
                () = link.nudged() => tokio::time::sleep(SOON).await,
            }
        }
    }
}

fn due(last: Option<UtcMs>, now: UtcMs, every_ms: i64) -> bool {
    last.is_none_or(|last| now.since_ms(last) >= every_ms || now < last)
}
