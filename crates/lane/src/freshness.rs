//! How long ago the centre last said which list is the right one: kept on disk, so that a restart does not make an
//! old list young. Must not be fooled by a clock that is set back.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tapal_domain::{
    id::{EdgeId, SiteId},
    time::{MINUTE_MS, UtcMs},
};

use crate::seal::{SealError, Sealer};

const NAME: &str = "fresh";
/// Without a word from the centre for longer the list may not be searched: people may have been taken off it.
/// 72 hours bridge a weekend with a broken line.
pub const LIST_LIMIT_MS: i64 = 72 * 60 * MINUTE_MS;
/// How often it is written: the list looks at most this much older after a restart.
const WRITTEN_EVERY_MS: i64 = 10 * MINUTE_MS;
/// A clock corrected by this much says nothing.
const TOLERANCE_MS: i64 = 5 * MINUTE_MS;

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Saved {
    site: SiteId,
    edge: EdgeId,
    at: UtcMs,
}

/// When the list was last known to be the centre's.
pub struct Freshness {
    path: PathBuf,
    sealer: Sealer,
    owner: (SiteId, EdgeId),
    last: Option<Last>,
    written: Option<UtcMs>,
}

#[derive(Clone, Copy)]
struct Last {
    at: UtcMs,
    /// How old it was when this process learned of it, and when that was by uptime.
    age_ms: i64,
    uptime_ms: i64,
}

impl Freshness {
    /// What an earlier run of this enrolment left; nothing when there is none, or when it lies in the future.
    pub fn open(
        folder: &Path,
        sealer: Sealer,
        owner: (SiteId, EdgeId),
        now: UtcMs,
        uptime_ms: i64,
    ) -> Self {
        let path = folder.join("fresh.sealed");
        let saved = match sealer.read(&path, NAME) {
            Ok(json) => json.and_then(|json| serde_json::from_slice::<Saved>(&json).ok()),
            Err(error) => {
                tracing::warn!(%error, "the age of the list is not known; it must be confirmed by the centre");
                None
            }
        };
        let saved = saved.filter(|saved| {
            (saved.site, saved.edge) == owner && now.since_ms(saved.at) >= -TOLERANCE_MS
        });
        let last = saved.map(|saved| Last {
            at: saved.at,
            age_ms: now.since_ms(saved.at).max(0),
            uptime_ms,
        });
        Freshness {
            path,
            sealer,
            owner,
            last,
            written: saved.map(|saved| saved.at),
        }
    }

    /// The centre said that the list held is the right one.
    pub fn confirm(&mut self, now: UtcMs, uptime_ms: i64) -> Result<(), SealError> {
        self.last = Some(Last {
            at: now,
            age_ms: 0,
            uptime_ms,
        });
        let due = |written: UtcMs| now.since_ms(written).abs() >= WRITTEN_EVERY_MS;
        if self.written.is_some_and(|written| !due(written)) {
            return Ok(());
        }
        let (site, edge) = self.owner;
        let json = serde_json::to_vec(&Saved {
            site,
            edge,
            at: now,
        });
        let json = json.map_err(|error| SealError::io(&self.path)(error.into()))?;
        self.sealer.write(&self.path, NAME, &json)?;
        self.written = Some(now);
        Ok(())
    }

    /// When the centre last said so.
    #[cfg(test)]
    pub fn confirmed_at(&self) -> Option<UtcMs> {
        self.last.map(|last| last.at)
    }

    /// Whether the list is young enough to be searched: by uptime, which nobody can set back, and by the wall
    /// clock, which goes on while the machine sleeps.
    pub fn is_young(&self, now: UtcMs, uptime_ms: i64) -> bool {
        self.last.is_some_and(|last| {
            let by_uptime = last.age_ms.saturating_add(uptime_ms - last.uptime_ms);
            by_uptime.max(now.since_ms(last.at)) <= LIST_LIMIT_MS
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const HOUR: i64 = 60 * MINUTE_MS;
    const START: UtcMs = UtcMs(1_000 * HOUR);

    fn open(folder: &Path, edge: u128, now: UtcMs) -> Freshness {
        let owner = (SiteId(Uuid::from_u128(1)), EdgeId(Uuid::from_u128(edge)));
        Freshness::open(folder, Sealer::new(&[1; 32]), owner, now, 0)
    }

    /// Confirmed at the start; then a restart (or not), and hours by the wall clock and by uptime.
    fn check(restart_after: Option<i64>, wall: i64, uptime: i64, expect: bool) {
        let folder = tempfile::tempdir().unwrap();
        let mut fresh = open(folder.path(), 1, START);
        assert!(!fresh.is_young(START, 0), "never confirmed");
        fresh.confirm(START, 0).unwrap();
        if let Some(hours) = restart_after {
            fresh = open(folder.path(), 1, START + hours * HOUR);
        }
        assert_eq!(
            fresh.is_young(START + wall * HOUR, uptime * HOUR),
            expect,
            "restart {restart_after:?}, wall {wall}, uptime {uptime}"
        );
    }

    #[test]
    fn a_list_grows_old_whatever_the_clock_does() {
        check(None, 72, 72, true);
        check(None, 73, 73, false);
        // Set back while it runs; asleep for days.
        check(None, -500, 1, true);
        check(None, -500, 73, false);
        check(None, 73, 1, false);
        // A restart does not make it young.
        check(Some(1), 1, 0, true);
        check(Some(70), 73, 3, false);
        check(Some(70), 70, 3, false);
        check(Some(80), 80, 0, false);
        // Started with a clock behind the last word of the centre: its age is not known.
        check(Some(-1), -1, 0, false);
    }

    #[test]
    fn another_enrolment_does_not_inherit_it() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path(), 1, START).confirm(START, 0).unwrap();
        assert!(!open(folder.path(), 2, START).is_young(START, 0));
        assert!(open(folder.path(), 1, START).is_young(START, 0));
    }
}
