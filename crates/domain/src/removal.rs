//! Where the copies of an entry's templates are: which camera node holds one, which proved that it is gone, which is
//! late. Must not read a clock, nor call a copy gone without a receipt.

use serde::{Deserialize, Serialize};

use crate::time::{MINUTE_MS, UtcMs};

/// A node that has not proven the removal so long after the order ended is late.
pub const LATE_AFTER_MS: i64 = 5 * MINUTE_MS;

/// What is known of one copy, at one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// From when on it has no business there: the midnight of the node's site after the last day, or the instant the
    /// entry was ended, whichever was first.
    pub due_at: UtcMs,
    /// When it left, as the node's receipt says, and when that receipt arrived.
    pub receipt: Option<(UtcMs, UtcMs)>,
    /// When the node was retired.
    pub retired_at: Option<UtcMs>,
}

/// Where one copy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CopyState {
    /// On the node, as it should be.
    Held,
    /// Should be gone; no receipt yet.
    Waiting {
        /// Since when.
        since: UtcMs,
    },
    /// No receipt for too long.
    Late {
        /// Since when it should be gone.
        since: UtcMs,
    },
    /// Proven gone.
    Gone {
        /// When it left the node's memory and disk.
        at: UtcMs,
    },
    /// Its node was retired before it proved anything: no receipt will come. Whoever took the machine out of use must
    /// see to it that its disk is wiped.
    Retired {
        /// When.
        at: UtcMs,
    },
}

impl Copy {
    /// Where it stands at `now`.
    pub fn state(&self, now: UtcMs) -> CopyState {
        match (self.receipt, self.retired_at) {
            // A node whose clock ran ahead cannot have removed it after its receipt arrived.
            (Some((removed_at, received_at)), _) => CopyState::Gone {
                at: removed_at.min(received_at),
            },
            (None, Some(at)) => CopyState::Retired { at },
            (None, None) if now < self.due_at => CopyState::Held,
            (None, None) if now.since_ms(self.due_at) < LATE_AFTER_MS => {
                CopyState::Waiting { since: self.due_at }
            }
            (None, None) => CopyState::Late { since: self.due_at },
        }
    }
}

/// All copies of an entry together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tally {
    /// Nodes that were given a copy.
    pub nodes: usize,
    /// Of those, proven gone.
    pub gone: usize,
    /// Of those, late.
    pub late: usize,
    /// Of those, retired before a receipt.
    pub retired: usize,
    /// When the last proven one left.
    pub last_gone_at: Option<UtcMs>,
}

impl Tally {
    /// Counts them.
    pub fn of(states: impl IntoIterator<Item = CopyState>) -> Self {
        let mut tally = Tally::default();
        for state in states {
            tally.nodes += 1;
            match state {
                CopyState::Held | CopyState::Waiting { .. } => {}
                CopyState::Late { .. } => tally.late += 1,
                CopyState::Retired { .. } => tally.retired += 1,
                CopyState::Gone { at } => {
                    tally.gone += 1;
                    tally.last_gone_at = tally.last_gone_at.max(Some(at));
                }
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(receipt: Option<(i64, i64)>, retired: Option<i64>, now: i64, expect: CopyState) {
        let copy = Copy {
            due_at: UtcMs(1_000),
            receipt: receipt.map(|(removed, received)| (UtcMs(removed), UtcMs(received))),
            retired_at: retired.map(UtcMs),
        };
        assert_eq!(copy.state(UtcMs(now)), expect, "{copy:?} at {now}");
    }

    #[test]
    fn a_copy_is_gone_only_by_receipt() {
        let since = UtcMs(1_000);
        check(None, None, 999, CopyState::Held);
        check(None, None, 1_000, CopyState::Waiting { since });
        check(
            None,
            None,
            1_000 + LATE_AFTER_MS - 1,
            CopyState::Waiting { since },
        );
        check(None, None, 1_000 + LATE_AFTER_MS, CopyState::Late { since });
        check(
            Some((1_007, 1_300)),
            None,
            9_000_000,
            CopyState::Gone { at: UtcMs(1_007) },
        );
        check(
            Some((1_007, 1_300)),
            Some(1_500),
            9_000_000,
            CopyState::Gone { at: UtcMs(1_007) },
        );
        // By a clock that ran ahead.
        check(
            Some((9_999, 1_300)),
            None,
            1_400,
            CopyState::Gone { at: UtcMs(1_300) },
        );
        check(
            None,
            Some(500),
            9_000_000,
            CopyState::Retired { at: UtcMs(500) },
        );
    }

    #[test]
    fn copies_add_up() {
        let since = UtcMs(1);
        let tally = Tally::of([
            CopyState::Held,
            CopyState::Waiting { since },
            CopyState::Late { since },
            CopyState::Gone { at: UtcMs(7) },
            CopyState::Gone { at: UtcMs(3) },
            CopyState::Retired { at: UtcMs(9) },
        ]);
        let expect = Tally {
            nodes: 6,
            gone: 2,
            late: 1,
            retired: 1,
            last_gone_at: Some(UtcMs(7)),
        };
        assert_eq!(tally, expect);
    }
}
