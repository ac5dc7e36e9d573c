//! The one place of the binary that reads the clock. Everything below takes `now` as an argument.

use tapal_domain::time::UtcMs;

/// The system's time.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> UtcMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    UtcMs(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
}
