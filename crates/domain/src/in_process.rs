//! People in process: somebody with a booking, an application, a gate in use, until a named instant. A new order is held
//! against them once. Must not hold a face, nor keep anybody after the process is over.

use serde::{Deserialize, Serialize};

use crate::time::{DAY_MS, UtcMs};

/// In which process somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = InProcessKind))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A visa that is applied for, or issued and not used.
    Visa,
    /// A stay permit that is applied for.
    Stay,
    /// An appointment or application for a passport.
    Passport,
    /// A gate in use.
    Gate,
}

impl Kind {
    /// Every kind, in the order shown.
    pub const ALL: [Kind; 4] = [Self::Visa, Self::Stay, Self::Passport, Self::Gate];

    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Visa => "visa",
            Self::Stay => "stay",
            Self::Passport => "passport",
            Self::Gate => "gate",
        }
    }
}

/// What a person decided after looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = InProcessDecision))]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is the person of the order: what follows is done by hand, in that process.
    Same,
    /// It is somebody else.
    Another,
    /// Of an alert: that another order names its person was seen. Who it is, the two opinions say.
    Seen,
}

impl Decision {
    /// Every decision, in the order shown.
    pub const ALL: [Decision; 3] = [Self::Same, Self::Another, Self::Seen];

    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Another => "another",
            Self::Seen => "seen",
        }
    }
}

/// Nobody is held longer than this; a process that lasts longer hands its people in again.
pub const LONGEST_MS: i64 = 366 * DAY_MS;

/// Whether an expiry can be recorded at `now`: in the future, and not beyond [`LONGEST_MS`].
pub fn may_expire_at(expires_at: UtcMs, now: UtcMs) -> bool {
    (1..=LONGEST_MS).contains(&expires_at.since_ms(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_held_for_ever() {
        let now = UtcMs(1_000);
        for (ms, expect) in [
            (0, false),
            (-1, false),
            (1, true),
            (LONGEST_MS, true),
            (LONGEST_MS + 1, false),
        ] {
            assert_eq!(may_expire_at(now + ms, now), expect, "{ms}");
        }
    }
}
