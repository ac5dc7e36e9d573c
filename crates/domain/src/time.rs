//! Instants as UTC milliseconds. Must not read a clock.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct UtcMs(pub i64);

impl UtcMs {
    /// Milliseconds from `earlier` to `self`; negative when `self` is before it.
    pub fn since_ms(self, earlier: UtcMs) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<i64> for UtcMs {
    type Output = UtcMs;
    fn add(self, ms: i64) -> UtcMs {
        UtcMs(self.0.saturating_add(ms))
    }
}

impl Sub<i64> for UtcMs {
    type Output = UtcMs;
    fn sub(self, ms: i64) -> UtcMs {
        UtcMs(self.0.saturating_sub(ms))
    }
}

/// Bounds of the present: it is not before `earliest` and not after `latest`. Whoever reads a clock that cannot be wrong
/// has both alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Not before: for what begins.
    pub earliest: UtcMs,
    /// Not after: for what ends.
    pub latest: UtcMs,
}

impl Moment {
    /// Nothing is known: nothing has begun for certain, and everything may have ended.
    pub const UNKNOWN: Moment = Moment {
        earliest: UtcMs(i64::MIN),
        latest: UtcMs(i64::MAX),
    };
}

impl From<UtcMs> for Moment {
    fn from(now: UtcMs) -> Self {
        Moment {
            earliest: now,
            latest: now,
        }
    }
}

/// One second in milliseconds.
pub const SECOND_MS: i64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// One day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;
