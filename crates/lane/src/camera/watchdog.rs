//! When to start a source, when to give it up, how long to wait: a state machine fed with time.
//! Packets without frames are a dead source: only frames count as life. Must not touch a process.

use tapal_domain::wire::CameraState;

/// How patient the watchdog is. Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From start to the first frame. Long enough for a key frame every four seconds.
    pub start_ms: i64,
    /// Between two frames.
    pub frame_ms: i64,
    /// First wait after a failure; doubles.
    pub back_off_ms: i64,
    /// Longest wait. With a start of a second or two it keeps recovery below 10 s.
    pub most_back_off_ms: i64,
    /// A source that ran this long starts again with the first wait.
    pub healthy_ms: i64,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            start_ms: 8_000,
            frame_ms: 5_000,
            back_off_ms: 500,
            most_back_off_ms: 4_000,
            healthy_ms: 10_000,
        }
    }
}

/// What the supervisor must do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing.
    None,
    /// Start the child.
    Start,
    /// Kill the child; then call [`Watchdog::ended`].
    Kill(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waiting { until: i64 },
    Starting { since: i64 },
    Live { since: i64, last: i64 },
    Finished,
}

/// The watchdog of one source.
#[derive(Debug)]
pub struct Watchdog {
    patience: Patience,
    phase: Phase,
    failures: u32,
    restarts: u64,
    reason: Option<&'static str>,
}

impl Watchdog {
    /// A source not yet started; it starts at the first tick.
    pub fn new(patience: Patience) -> Self {
        Watchdog {
            patience,
            phase: Phase::Waiting { until: i64::MIN },
            failures: 0,
            restarts: 0,
            reason: None,
        }
    }

    /// What to do at `now`.
    pub fn tick(&self, now: i64) -> Order {
        match self.phase {
            Phase::Waiting { until } if now >= until => Order::Start,
            Phase::Starting { since } if now - since >= self.patience.start_ms => {
                Order::Kill("no_frames")
            }
            Phase::Live { last, .. } if now - last >= self.patience.frame_ms => {
                Order::Kill("no_frames")
            }
            _ => Order::None,
        }
    }

    /// The child was started.
    pub fn started(&mut self, now: i64) {
        self.phase = Phase::Starting { since: now };
    }

    /// A frame arrived.
    pub fn frame(&mut self, now: i64) {
        self.phase = match self.phase {
            Phase::Live { since, .. } => {
                if now - since >= self.patience.healthy_ms {
                    self.failures = 0;
                }
                Phase::Live { since, last: now }
            }
            Phase::Finished => Phase::Finished,
            _ => Phase::Live {
                since: now,
                last: now,
            },
        };
        self.reason = None;
    }

    /// The child ended, was killed or could not start; it is tried again after the back-off.
    pub fn ended(&mut self, now: i64, reason: &'static str) {
        let wait = self.patience.back_off_ms << self.failures.min(10);
        self.phase = Phase::Waiting {
            until: now + wait.min(self.patience.most_back_off_ms),
        };
        self.failures = self.failures.saturating_add(1);
        self.restarts += 1;
        self.reason = Some(reason);
    }

    /// A recording that is played once came to its end.
    pub fn finished(&mut self) {
        self.phase = Phase::Finished;
        self.reason = Some("ended");
    }

    /// For health.
    pub fn state(&self) -> CameraState {
        match self.phase {
            Phase::Live { .. } => CameraState::Live,
            Phase::Finished => CameraState::Down,
            Phase::Starting { .. } | Phase::Waiting { .. } if self.reason.is_some() => {
                CameraState::Down
            }
            Phase::Starting { .. } | Phase::Waiting { .. } => CameraState::Starting,
        }
    }

    /// Why it is down, as a code.
    pub fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// Times it was restarted.
    pub fn restarts(&self) -> u64 {
        self.restarts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Event {
        Tick(i64, Order),
        Started(i64),
        Frame(i64),
        Ended(i64),
    }
    use Event::*;

    fn check(events: &[Event], state: CameraState, restarts: u64) {
        let mut dog = Watchdog::new(Patience::default());
        for (i, event) in events.iter().enumerate() {
            match event {
                Tick(now, expect) => assert_eq!(dog.tick(*now), *expect, "event {i} at {now}"),
                Started(now) => dog.started(*now),
                Frame(now) => dog.frame(*now),
                Ended(now) => dog.ended(*now, "ffmpeg_exit"),
            }
        }
        assert_eq!((dog.state(), dog.restarts()), (state, restarts));
    }

    #[test]
    fn starts_lives_and_notices_silence() {
        let dead = Order::Kill("no_frames");
        check(&[Tick(0, Order::Start)], CameraState::Starting, 0);
        check(
            &[Started(0), Tick(7_999, Order::None), Tick(8_000, dead)],
            CameraState::Starting,
            0,
        );
        check(
            &[Started(0), Frame(900), Tick(5_899, Order::None)],
            CameraState::Live,
            0,
        );
        check(
            &[Started(0), Frame(900), Frame(1_000), Tick(6_000, dead)],
            CameraState::Live,
            0,
        );
        check(
            &[
                Started(0),
                Frame(900),
                Ended(1_000),
                Tick(1_499, Order::None),
            ],
            CameraState::Down,
            1,
        );
        check(
            &[Started(0), Ended(1_000), Tick(1_500, Order::Start)],
            CameraState::Down,
            1,
        );
        check(
            &[Started(0), Ended(1_000), Started(1_500)],
            CameraState::Down,
            1,
        );
        check(
            &[Started(0), Ended(1_000), Started(1_500), Frame(2_000)],
            CameraState::Live,
            1,
        );
    }

    #[test]
    fn waits_double_up_to_a_limit_and_health_resets_them() {
        let mut dog = Watchdog::new(Patience::default());
        let mut now = 0;
        for wait in [500, 1_000, 2_000, 4_000, 4_000, 4_000] {
            dog.ended(now, "ffmpeg_exit");
            assert_eq!(dog.tick(now + wait - 1), Order::None, "{wait}");
            assert_eq!(dog.tick(now + wait), Order::Start, "{wait}");
            now += wait;
        }
        dog.started(now);
        dog.frame(now);
        dog.frame(now + 10_000);
        dog.ended(now + 10_000, "ffmpeg_exit");
        assert_eq!(dog.tick(now + 10_500), Order::Start);
    }

    #[test]
    fn a_finished_recording_stays_finished() {
        let mut dog = Watchdog::new(Patience::default());
        dog.started(0);
        dog.frame(10);
        dog.finished();
        assert_eq!(
            (dog.tick(1_000_000), dog.reason()),
            (Order::None, Some("ended"))
        );
    }
}
