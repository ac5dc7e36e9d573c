//! Takes alerts from the spool to the centre, oldest first, at least once: an alert leaves the spool only when the
//! centre says it has it, and one the centre stumbles over holds up no other. Must not drop; a resend is recognised by the alert's id.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tapal_domain::id::AlertId;

use crate::{
    centre::{Centre, Method},
    spool::Spool,
};

/// First wait after a failure; doubles.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// What became of one attempt to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The centre has it.
    Delivered,
    /// It can never be delivered and was set aside.
    SetAside,
    /// Try this one again later; others may go through.
    Later,
    /// Nothing goes through now.
    Stop,
}

/// Sends one alert.
pub fn send_one(spool: &Spool, centre: &dyn Centre, id: AlertId) -> Sent {
    let report = match spool.read(id) {
        Ok(Some(report)) => report,
        Ok(None) => return Sent::Delivered,
        Err(error) => {
            tracing::error!(alert = %id, %error, "a spooled alert cannot be read; it is set aside");
            return set_aside(spool, id);
        }
    };
    match centre.send(Method::Post, "/api/v1/alerts", &report) {
        Ok(reply) if (200..300).contains(&reply.status) => match spool.delivered(id) {
            Ok(()) => Sent::Delivered,
            Err(error) => {
                tracing::error!(alert = %id, %error, "a delivered alert cannot be deleted");
                Sent::Later
            }
        },
        Ok(reply) if never(reply.status) => {
            tracing::error!(alert = %id, status = reply.status, "the centre refused an alert for good; it is set aside");
            set_aside(spool, id)
        }
        Ok(reply) => {
            tracing::warn!(alert = %id, status = reply.status, "the centre cannot take an alert now");
            // 401: no signature of this node counts. 429: the centre asks for a pause. Else it may be this alert.
            if matches!(reply.status, 401 | 429) {
                Sent::Stop
            } else {
                Sent::Later
            }
        }
        Err(error) => {
            tracing::debug!(alert = %id, %error, "alert not sent yet");
            Sent::Stop
        }
    }
}

/// Statuses that no resend can change. Not among them: 401 and 403 (a clock or a key that a person will correct),
/// 408, 425 and 429 (later).
pub(crate) fn never(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 401 | 403 | 408 | 425 | 429)
}

fn set_aside(spool: &Spool, id: AlertId) -> Sent {
    match spool.set_aside(id) {
        Ok(()) => Sent::SetAside,
        Err(error) => {
            tracing::error!(alert = %id, %error, "an alert cannot be set aside");
            Sent::Later
        }
    }
}

/// Sends until told to stop; `each_round` runs once a round. On stopping, what waits stays in the spool.
pub fn run(spool: &Spool, centre: &dyn Centre, stop: &AtomicBool, each_round: &dyn Fn()) {
    let (mut mark, mut wait) = (0, FIRST_WAIT);
    while !stop.load(Ordering::Relaxed) {
        each_round();
        match round(spool, centre, stop) {
            Sent::Stop => {
                std::thread::sleep(wait);
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            // An alert the centre stumbles over must not delay a fresh one.
            Sent::Later => {
                mark = spool.wait(mark, wait);
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            Sent::Delivered | Sent::SetAside => {
                wait = FIRST_WAIT;
                mark = spool.wait(mark, Duration::from_secs(1));
            }
        }
    }
}

/// Sends what waits, once each; gives the worst that happened.
fn round(spool: &Spool, centre: &dyn Centre, stop: &AtomicBool) -> Sent {
    let mut worst = Sent::Delivered;
    for id in spool.waiting() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        match send_one(spool, centre, id) {
            Sent::Stop => return Sent::Stop,
            Sent::Later => worst = Sent::Later,
            Sent::Delivered | Sent::SetAside => {}
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::centre::{Reply, Unreachable};
    use crate::spool::tests::{report, spool};
    use std::collections::{BTreeMap, VecDeque};
    use std::sync::{Arc, Mutex};
    use tapal_domain::wire::AlertReport;
    use uuid::Uuid;

    /// A centre that records by id, and loses requests or replies as told: (request arrives, status or none).
    #[derive(Default)]
    struct Flaky {
        script: Mutex<VecDeque<(bool, Option<u16>)>>,
        recorded: Mutex<BTreeMap<u128, u32>>,
    }

    impl Centre for Flaky {
        fn send(&self, _: Method, path: &str, body: &[u8]) -> Result<Reply, Unreachable> {
            assert_eq!(path, "/api/v1/alerts");
            let report: AlertReport = serde_json::from_slice(body).unwrap();
            let (arrives, status) = self
                .script
                .lock()
                .unwrap()
                .pop_front()
                .unwrap_or((true, Some(200)));
            if arrives {
                // The id makes a resend harmless; the count shows that it was one.
                *self
                    .recorded
                    .lock()
                    .unwrap()
                    .entry(report.id.0.as_u128())
                    .or_default() += 1;
            }
            status
                .map(|status| Reply {
                    status,
                    body: Vec::new(),
                })
                .ok_or(Unreachable("test".into()))
        }
    }

    fn check(script: &[(bool, Option<u16>)], expect: &[Sent], left: usize, aside: u64) {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(folder.path());
        spool.put(&report(1)).unwrap();
        let centre = Flaky {
            script: Mutex::new(script.iter().copied().collect()),
            ..Flaky::default()
        };
        let got: Vec<Sent> = expect
            .iter()
            .map(|_| send_one(&spool, &centre, AlertId(Uuid::from_u128(1))))
            .collect();
        assert_eq!(
            (got.as_slice(), spool.len(), spool.refused()),
            (expect, left, aside),
            "{script:?}"
        );
    }

    #[test]
    fn an_alert_leaves_only_when_the_centre_has_it() {
        use Sent::*;
        check(&[(true, Some(200))], &[Delivered], 0, 0);
        check(
            &[(false, None), (true, Some(200))],
            &[Stop, Delivered],
            0,
            0,
        );
        check(&[(true, None), (true, Some(200))], &[Stop, Delivered], 0, 0);
        for later in [500, 503, 403, 408] {
            check(&[(false, Some(later))], &[Later], 1, 0);
        }
        for stop in [401, 429] {
            check(&[(false, Some(stop))], &[Stop], 1, 0);
        }
        for never in [400, 404, 409, 413, 422] {
            check(&[(false, Some(never))], &[SetAside], 0, 1);
        }
    }

    #[test]
    fn a_damaged_file_does_not_hold_up_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(folder.path());
        spool.put(&report(1)).unwrap();
        std::fs::write(
            folder.path().join(format!("{}.alert", Uuid::from_u128(1))),
            b"rubbish of a length",
        )
        .unwrap();
        assert_eq!(
            send_one(&spool, &Flaky::default(), AlertId(Uuid::from_u128(1))),
            Sent::SetAside
        );
    }

    /// Three alerts, the replies to them, and what is left after one round.
    fn check_round(script: &[(bool, Option<u16>)], expect: Sent, left: &[u128]) {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(folder.path());
        for n in 1..=3 {
            spool.put(&report(n)).unwrap();
        }
        let centre = Flaky {
            script: Mutex::new(script.iter().copied().collect()),
            ..Flaky::default()
        };
        assert_eq!(round(&spool, &centre, &AtomicBool::new(false)), expect);
        let waiting: Vec<u128> = spool.waiting().iter().map(|id| id.0.as_u128()).collect();
        assert_eq!(waiting, left, "{script:?}");
    }

    #[test]
    fn one_alert_the_centre_stumbles_over_does_not_hold_up_the_later_ones() {
        check_round(&[(false, Some(500))], Sent::Later, &[1]);
        check_round(&[(true, Some(200)), (false, Some(503))], Sent::Later, &[2]);
        check_round(&[(false, None)], Sent::Stop, &[1, 2, 3]);
        check_round(&[(false, Some(401))], Sent::Stop, &[1, 2, 3]);
        check_round(
            &[(true, Some(200)), (false, Some(429))],
            Sent::Stop,
            &[2, 3],
        );
    }

    #[test]
    fn lost_requests_and_replies_neither_lose_nor_double() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(spool(folder.path()));
        // Lost requests, lost replies, overload, and honest replies, in a mix.
        let mix = [
            (false, None),
            (true, None),
            (false, Some(503)),
            (true, Some(200)),
            (true, Some(500)),
        ];
        let script = (0..60).map(|i| mix[i * 7 % 5]).collect();
        let centre = Flaky {
            script: Mutex::new(script),
            ..Flaky::default()
        };
        for n in 1..=10 {
            spool.put(&report(n)).unwrap();
        }
        // The waits of `run` are skipped: one round after the other.
        for _ in 0..100 {
            round(&spool, &centre, &AtomicBool::new(false));
        }
        assert!(spool.is_empty());
        let recorded = centre.recorded.lock().unwrap();
        assert_eq!(
            recorded.keys().copied().collect::<Vec<_>>(),
            (1..=10).collect::<Vec<u128>>()
        );
        assert!(
            recorded.values().any(|times| *times > 1),
            "some were resent, and recognised by their id"
        );
    }
}
