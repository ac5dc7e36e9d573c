//! Whether the centre is there, as this standby server sees it, and what its copies are good for meanwhile. Must not ask
//! the centre itself (`keep` does), nor forget an outage over a restart.

use std::sync::atomic::{AtomicI64, Ordering};

use tapal_domain::{standby::Standing, time::UtcMs};
use tapal_store::standby::Own;
use tokio::sync::{Notify, RwLock, RwLockReadGuard, RwLockWriteGuard, watch};

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The centre; requests are handed on.
    Centre,
    /// This standby server, from its copies.
    Alone,
    /// This standby server still, while it hands in what it recorded.
    CatchingUp,
}

impl Mode {
    /// The name used in JSON and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Centre => "centre",
            Self::Alone => "alone",
            Self::CatchingUp => "catching_up",
        }
    }
}

/// Everything a page or a desk needs to know of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who answers.
    pub mode: Mode,
    /// Since when this standby server goes on alone.
    pub since: Option<UtcMs>,
    /// When its copies were last the centre's.
    pub heard_at: Option<UtcMs>,
    /// Whether they were whole at least once.
    pub complete: bool,
    /// Records it has to hand in, when last counted.
    pub waiting: i64,
}

/// The link of one standby server.
#[derive(Debug)]
pub struct Link {
    seen: watch::Sender<Seen>,
    /// The latest instant asked about: a clock that is set back makes no copy younger.
    latest: AtomicI64,
    gate: RwLock<()>,
    nudged: Notify,
}

impl Link {
    /// From what the database knows. Until the centre answers it goes on alone.
    pub fn new(own: &Own) -> Self {
        let (seen, _) = watch::channel(Seen {
            mode: Mode::Alone,
            since: own.alone_since,
            heard_at: own.heard_at,
            complete: own.complete,
            waiting: own.waiting,
        });
        Self {
            seen,
            latest: AtomicI64::new(i64::MIN),
            gate: RwLock::new(()),
            nudged: Notify::new(),
        }
    }

    /// As it is now.
    pub fn seen(&self) -> Seen {
        *self.seen.borrow()
    }

    /// What the copies are good for.
    pub fn standing(&self, now: UtcMs) -> Standing {
        let seen = self.seen();
        let latest = self.latest.fetch_max(now.0, Ordering::Relaxed);
        // Set back to before the last word of the centre: its age is not known. Else the oldest it was ever seen counts.
        match Standing::of(seen.heard_at, seen.complete, now) {
            Standing::Unknown => Standing::Unknown,
            _ => Standing::of(seen.heard_at, seen.complete, UtcMs(latest.max(now.0))),
        }
    }

    /// Who answers now.
    pub fn mode(&self) -> Mode {
        self.seen().mode
    }

    /// Tells of changes.
    pub fn changes(&self) -> watch::Receiver<Seen> {
        self.seen.subscribe()
    }

    /// The centre did not answer: from now on this standby server does.
    pub fn lost(&self, now: UtcMs) {
        self.seen.send_if_modified(|seen| {
            let was = seen.mode;
            seen.mode = Mode::Alone;
            seen.since = seen.since.or(Some(now));
            was != Mode::Alone
        });
    }

    /// Takes over what the database knows, whoever answers.
    pub fn renewed(&self, own: &Own) {
        self.seen.send_if_modified(|seen| {
            let before = *seen;
            seen.heard_at = own.heard_at;
            seen.complete = own.complete;
            seen.waiting = own.waiting;
            *seen != before
        });
    }

    /// Takes over what the database knows; `mode` as given.
    pub fn set(&self, mode: Mode, own: &Own) {
        self.seen.send_if_modified(|seen| {
            let next = Seen {
                mode,
                since: match mode {
                    Mode::Centre => None,
                    _ => seen.since.or(own.alone_since),
                },
                heard_at: own.heard_at,
                complete: own.complete,
                waiting: own.waiting,
            };
            let changed = *seen != next;
            *seen = next;
            changed
        });
    }

    /// Something was changed at the centre from here: the copies are worth renewing at once.
    pub fn nudge(&self) {
        self.nudged.notify_one();
    }

    /// Ends when something was changed at the centre from here since the last time.
    pub async fn nudged(&self) {
        self.nudged.notified().await;
    }

    /// Held by whatever may record something here, so that nobody hands over to the centre in the middle of it.
    pub async fn recording(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().await
    }

    /// Held while the centre takes over again: nothing is being recorded here.
    pub async fn handing_over(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    /// Ends when the centre begins or ceases to answer.
    pub async fn turned(&self) {
        let mut changes = self.changes();
        let here = self.mode() == Mode::Centre;
        while (changes.borrow_and_update().mode == Mode::Centre) == here {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tapal_domain::id::{SiteId, StandbyId};
    use uuid::Uuid;

    fn own(heard_at: Option<i64>, alone_since: Option<i64>) -> Own {
        Own {
            id: StandbyId(Uuid::from_u128(1)),
            site: SiteId(Uuid::from_u128(2)),
            upto: 0,
            complete: heard_at.is_some(),
            heard_at: heard_at.map(UtcMs),
            alone_since: alone_since.map(UtcMs),
            audit_sent: 0,
            waiting: 0,
        }
    }

    #[test]
    fn it_starts_alone_and_an_outage_keeps_its_beginning_over_a_restart() {
        let link = Link::new(&own(Some(5), Some(7)));
        link.lost(UtcMs(90));
        assert_eq!(
            (link.mode(), link.seen().since),
            (Mode::Alone, Some(UtcMs(7)))
        );
        link.set(Mode::CatchingUp, &own(Some(5), Some(7)));
        assert_eq!(link.seen().since, Some(UtcMs(7)));
        link.set(Mode::Centre, &own(Some(95), None));
        assert_eq!(
            (link.seen().since, link.seen().heard_at),
            (None, Some(UtcMs(95)))
        );
        link.lost(UtcMs(100));
        assert_eq!(link.seen().since, Some(UtcMs(100)));
        // Copies that arrive while a request finds the centre silent do not make it answer again.
        link.renewed(&own(Some(101), None));
        assert_eq!(
            (link.mode(), link.seen().heard_at),
            (Mode::Alone, Some(UtcMs(101)))
        );
    }

    #[test]
    fn a_clock_set_back_makes_no_copy_younger() {
        const HOUR: i64 = 3_600_000;
        let link = Link::new(&own(Some(0), None));
        assert_eq!(link.standing(UtcMs(72 * HOUR)), Standing::Aged);
        assert_eq!(link.standing(UtcMs(73 * HOUR)), Standing::Old);
        assert_eq!(link.standing(UtcMs(HOUR)), Standing::Old);
        assert_eq!(link.standing(UtcMs(-HOUR)), Standing::Unknown);
        link.set(Mode::Centre, &own(Some(73 * HOUR), None));
        assert_eq!(link.standing(UtcMs(73 * HOUR)), Standing::Current);
    }

    #[tokio::test]
    async fn a_stream_ends_when_another_answers_and_not_before() {
        let link = std::sync::Arc::new(Link::new(&own(Some(5), None)));
        link.set(Mode::Centre, &own(Some(5), None));
        let waits = tokio::spawn({
            let link = link.clone();
            async move { link.turned().await }
        });
        tokio::task::yield_now().await;
        link.set(Mode::Centre, &own(Some(6), None));
        tokio::task::yield_now().await;
        assert!(!waits.is_finished(), "a younger copy is no turn");
        link.lost(UtcMs(9));
        waits.await.unwrap();
    }
}
