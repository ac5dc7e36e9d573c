//! The one place of the camera node that reads time and makes ids. Everything else gets them as arguments.

use std::sync::atomic::{AtomicI64, Ordering};

use tapal_domain::time::{Moment, UtcMs};
use uuid::Uuid;

/// Time and fresh ids; tests own theirs.
pub trait Clock: Send + Sync {
    /// Wall time, for records.
    fn now(&self) -> UtcMs;
    /// Between which bounds the present lies, for what begins and ends.
    fn moment(&self) -> Moment {
        self.now().into()
    }
    /// Milliseconds since some fixed instant, never running backwards, for deadlines.
    fn uptime_ms(&self) -> i64;
    /// A fresh UUIDv7.
    fn id(&self) -> Uuid;
    /// Which start of the machine this is, and milliseconds since, asleep or not; `None` where the system does not say.
    fn boot(&self) -> Option<(Uuid, i64)> {
        None
    }
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// A clock whose uptime starts now.
    pub fn new() -> Self {
        SystemClock {
            started: std::time::Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one real clock of the camera node"
)]
impl Clock for SystemClock {
    fn now(&self) -> UtcMs {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        UtcMs(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }

    fn uptime_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn boot(&self) -> Option<(Uuid, i64)> {
        let text = |path| std::fs::read_to_string(path).ok();
        let boot = text("/proc/sys/kernel/random/boot_id")?
            .trim()
            .parse()
            .ok()?;
        let seconds: f64 = text("/proc/uptime")?.split(' ').next()?.parse().ok()?;
        Some((boot, (seconds * 1_000.0) as i64))
    }
}

/// A clock that stands still until told; its ids count up. Its wall time can be wrong.
#[derive(Debug, Default)]
pub struct FixedClock {
    uptime: AtomicI64,
    ahead: AtomicI64,
    boot: std::sync::Mutex<Option<Uuid>>,
    ids: AtomicI64,
}

impl FixedClock {
    /// A clock that stands at `now`.
    pub fn at(now: UtcMs) -> Self {
        FixedClock {
            uptime: AtomicI64::new(now.0),
            ahead: AtomicI64::new(0),
            boot: std::sync::Mutex::default(),
            ids: AtomicI64::new(1),
        }
    }

    /// Sets wall time alone, as somebody sets a clock; uptime stays.
    pub fn set_wall(&self, now: UtcMs) {
        let ahead = now.0 - self.uptime.load(Ordering::SeqCst);
        self.ahead.store(ahead, Ordering::SeqCst);
    }

    /// Says which start of the machine this is, as long ago as its uptime.
    pub fn set_boot(&self, boot: Uuid) {
        *crate::worker::lock(&self.boot) = Some(boot);
    }

    /// Moves it.
    pub fn advance(&self, ms: i64) {
        self.uptime.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> UtcMs {
        UtcMs(self.uptime.load(Ordering::SeqCst)) + self.ahead.load(Ordering::SeqCst)
    }

    fn uptime_ms(&self) -> i64 {
        self.uptime.load(Ordering::SeqCst)
    }

    fn boot(&self) -> Option<(Uuid, i64)> {
        let boot = *crate::worker::lock(&self.boot);
        boot.map(|boot| (boot, self.uptime_ms()))
    }

    fn id(&self) -> Uuid {
        Uuid::from_u128(self.ids.fetch_add(1, Ordering::SeqCst) as u128)
    }
}
