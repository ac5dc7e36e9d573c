//! The one place of the centre that reads the time and makes ids. Must not be bypassed: tests own time through it.

use tapal_domain::time::UtcMs;
use uuid::Uuid;

/// Time and new ids, so that tests can fix both.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> UtcMs;
    /// A new UUIDv7.
    fn new_uuid(&self) -> Uuid;
}

/// The computer's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that reads the time"
    )]
    fn now(&self) -> UtcMs {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        UtcMs(since.map_or(0, |d| d.as_millis() as i64))
    }

    #[allow(clippy::disallowed_methods, reason = "the one place that makes ids")]
    fn new_uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}
