//! What time it is when the machine's clock may be wrong: the centre's last word plus the time that has passed since,
//! like a ship's dead reckoning. It gives bounds, not a guess: what ends is held against the latest instant it may be,
//! what begins against the earliest. Must not believe the machine's clock, only the difference of two readings of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tapal_domain::{
    id::{EdgeId, SiteId},
    time::{DAY_MS, MINUTE_MS, Moment, UtcMs},
};
use uuid::Uuid;

use crate::{
    clock::Clock,
    freshness::LIST_LIMIT_MS,
    seal::{SealError, Sealer},
    worker::lock,
};

const NAME: &str = "time";
/// How often the latest instant known is written: after a restart time begins at most this much earlier.
const WRITTEN_EVERY_MS: i64 = MINUTE_MS;
/// The machine's clock set back by more than this since the last run shows that it cannot be believed.
const TOLERANCE_MS: i64 = 5 * MINUTE_MS;
/// A clock so far behind the last known instant was never set: every start of the machine begins it anew.
const UNSET_MS: i64 = 60 * DAY_MS;
/// Crystals are within 100 parts in a million; twice that is allowed for, an hour in 208 days.
const DRIFT_DIVISOR: i64 = 5_000;
/// A leap of the clock must stand so long, by uptime, before anything is dropped for it, so that the centre, where it
/// is reached, can say otherwise first. Nothing can match meanwhile: that is judged by [`Moment::latest`].
const LEAP_STANDS_MS: i64 = MINUTE_MS;

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Saved {
    site: SiteId,
    edge: EdgeId,
    /// The earliest instant it can have been when this was written.
    at: UtcMs,
    /// The likely instant, and how much later it may have been.
    likely: UtcMs,
    late_ms: i64,
    /// For how long the node may have been off unnoticed since the centre's last word.
    off_ms: i64,
    /// What the machine's clock showed then.
    wall: UtcMs,
    /// Whether that was known to be wrong.
    lost: bool,
    heard: bool,
    /// Which start of the machine it was, and how long before.
    boot: Option<(Uuid, i64)>,
}

/// A known instant, and what the machine's clocks showed then.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    /// Not before.
    at: UtcMs,
    likely: UtcMs,
    /// How much later than likely it may have been: the reply was under way at most so long.
    late_ms: i64,
    /// For how long the node may have been off unnoticed since.
    off_ms: i64,
    wall: UtcMs,
    uptime_ms: i64,
    /// Said by the centre since the machine was started; otherwise what was known before.
    heard: bool,
    /// The machine's clock had lost itself when the last run began.
    lost: bool,
}

#[derive(Debug, Default)]
struct State {
    anchor: Option<Anchor>,
    written: Option<UtcMs>,
    /// Since which uptime the clocks have disagreed.
    leapt_at: Option<i64>,
    skew_ms: Option<i64>,
}

/// The node's time. As a [`Clock`] it gives the likely instant, in the centre's time.
pub struct Reckoning {
    machine: Arc<dyn Clock>,
    path: PathBuf,
    sealer: Sealer,
    owner: (SiteId, EdgeId),
    state: Mutex<State>,
}

impl Reckoning {
    /// Goes on from the latest instant an earlier run of this enrolment knew: time never runs back over a restart.
    pub fn open(
        folder: &Path,
        sealer: Sealer,
        owner: (SiteId, EdgeId),
        machine: Arc<dyn Clock>,
    ) -> Self {
        let path = folder.join("time.sealed");
        let saved = match sealer.read(&path, NAME) {
            Ok(json) => json.and_then(|json| serde_json::from_slice::<Saved>(&json).ok()),
            Err(error) => {
                tracing::warn!(%error, "the time of the last run is not known; nothing is searched until the centre answers");
                None
            }
        };
        let saved = saved.filter(|saved| (saved.site, saved.edge) == owner);
        let anchor = saved.map(|saved| saved.anchor(machine.as_ref()));
        let state = State {
            anchor,
            ..State::default()
        };
        let time = Reckoning {
            machine,
            path,
            sealer,
            owner,
            state: Mutex::new(state),
        };
        // At once: the next start must know of this one.
        if let Err(error) = time.keep() {
            tracing::error!(%error, "the time cannot be kept; after a restart the centre must say it");
        }
        time
    }

    /// The centre said what time it is, in answer to what was asked at `asked_uptime_ms`.
    pub fn heard(&self, centre: UtcMs, asked_uptime_ms: i64) {
        let (wall, uptime_ms) = (self.machine.now(), self.machine.uptime_ms());
        let late_ms = (uptime_ms - asked_uptime_ms).max(0);
        let before = self.moment();
        let mut state = lock(&self.state);
        let back_ms = before.earliest.since_ms(centre + late_ms);
        if state.anchor.is_some() && back_ms > TOLERANCE_MS {
            tracing::warn!(
                back_ms,
                "the centre's clock was set back; its time is taken"
            );
        }
        state.anchor = Some(Anchor {
            at: centre,
            likely: centre,
            late_ms,
            off_ms: 0,
            wall,
            uptime_ms,
            heard: true,
            lost: false,
        });
        state.leapt_at = None;
        state.skew_ms = Some(wall.since_ms(centre + late_ms / 2));
    }

    /// How far the machine's clock was ahead of the centre's at its last word.
    pub fn skew_ms(&self) -> Option<i64> {
        lock(&self.state).skew_ms
    }

    /// Whether nothing can be said about the time: no centre was ever heard, or the machine's clock lost itself while
    /// the node was off (an empty battery) and the centre has not been heard since.
    pub fn is_lost(&self) -> bool {
        let wall = self.machine.now();
        let anchor = lock(&self.state).anchor;
        anchor.is_none_or(|anchor| anchor.is_lost(wall))
    }

    /// The instant up to which ended orders are dropped: one that has passed for certain; one that only the machine's
    /// clock tells of when it has told so for a minute.
    pub fn drop_up_to(&self) -> UtcMs {
        let (wall, uptime_ms) = (self.machine.now(), self.machine.uptime_ms());
        let mut state = lock(&self.state);
        let Some(anchor) = state.anchor else {
            return UtcMs(i64::MIN);
        };
        let (certain, likely) = (anchor.earliest(uptime_ms), anchor.likely(wall, uptime_ms));
        if likely.since_ms(certain) <= MINUTE_MS {
            state.leapt_at = None;
            return certain;
        }
        let since = *state.leapt_at.get_or_insert(uptime_ms);
        match uptime_ms - since >= LEAP_STANDS_MS {
            true => likely,
            false => certain,
        }
    }

    /// Writes the latest instant known, once a minute.
    pub fn keep(&self) -> Result<(), SealError> {
        let (wall, likely, moment) = (self.machine.now(), self.now(), self.moment());
        let at = moment.earliest;
        let mut state = lock(&self.state);
        let due = |written: UtcMs| at.since_ms(written).abs() >= WRITTEN_EVERY_MS;
        let Some(anchor) = state.anchor.filter(|_| state.written.is_none_or(due)) else {
            return Ok(());
        };
        let (site, edge) = self.owner;
        let saved = Saved {
            site,
            edge,
            at,
            likely,
            late_ms: moment.latest.since_ms(likely) - anchor.off_ms,
            off_ms: anchor.off_ms,
            wall,
            lost: anchor.is_lost(wall),
            heard: anchor.heard,
            boot: self.machine.boot(),
        };
        let json = serde_json::to_vec(&saved).map_err(|e| SealError::io(&self.path)(e.into()))?;
        self.sealer.write(&self.path, NAME, &json)?;
        state.written = Some(at);
        Ok(())
    }
}

impl Saved {
    /// What it tells a later run.
    fn anchor(self, machine: &dyn Clock) -> Anchor {
        // The same start of the machine: it counted the time between, and nothing is in doubt.
        let between = match (self.boot, machine.boot()) {
            (Some((then, before)), Some((now, after))) if then == now => Some(after - before),
            _ => None,
        };
        // Otherwise how long it was off only its clock tells, and that may have stood still. In doubt for the person:
        // for as long as a list may be searched at all.
        let off_ms = match between {
            Some(_) => 0,
            None => LIST_LIMIT_MS + WRITTEN_EVERY_MS,
        };
        Anchor {
            at: self.at,
            likely: self.likely,
            late_ms: self.late_ms,
            off_ms: self.off_ms + off_ms,
            wall: self.wall,
            uptime_ms: machine.uptime_ms() - between.unwrap_or(0).max(0),
            heard: self.heard && between.is_some(),
            lost: self.lost,
        }
    }
}

impl Anchor {
    /// By uptime, which nobody can set and which never counts too much.
    fn earliest(&self, uptime_ms: i64) -> UtcMs {
        let passed = uptime_ms - self.uptime_ms;
        self.at + (passed - passed / DRIFT_DIVISOR)
    }

    /// By uptime or by how far the machine's clock went, whichever is more: the clock goes on while the machine sleeps.
    fn likely(&self, wall: UtcMs, uptime_ms: i64) -> UtcMs {
        let passed = (uptime_ms - self.uptime_ms).max(wall.since_ms(self.wall));
        self.likely + passed
    }

    fn moment(&self, wall: UtcMs, uptime_ms: i64) -> Moment {
        let likely = self.likely(wall, uptime_ms);
        let drift_ms = likely.since_ms(self.likely) / DRIFT_DIVISOR;
        Moment {
            earliest: self.earliest(uptime_ms),
            latest: likely + (self.late_ms + drift_ms + self.off_ms),
        }
    }

    fn is_lost(&self, wall: UtcMs) -> bool {
        let unset = wall + UNSET_MS < self.at;
        !self.heard && (self.lost || unset || wall + TOLERANCE_MS < self.wall)
    }
}

impl Clock for Reckoning {
    fn now(&self) -> UtcMs {
        let (wall, uptime_ms) = (self.machine.now(), self.machine.uptime_ms());
        let anchor = lock(&self.state).anchor;
        anchor.map_or(wall, |anchor| anchor.likely(wall, uptime_ms))
    }

    fn moment(&self) -> Moment {
        let (wall, uptime_ms) = (self.machine.now(), self.machine.uptime_ms());
        let anchor = lock(&self.state).anchor;
        anchor.map_or(Moment::UNKNOWN, |anchor| anchor.moment(wall, uptime_ms))
    }

    fn uptime_ms(&self) -> i64 {
        self.machine.uptime_ms()
    }

    fn id(&self) -> Uuid {
        self.machine.id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;
    use tapal_domain::time::HOUR_MS;

    const START: UtcMs = UtcMs(1_800_000_000_000);

    fn open(folder: &Path, machine: &Arc<FixedClock>) -> Reckoning {
        let owner = (SiteId(Uuid::from_u128(1)), EdgeId(Uuid::from_u128(2)));
        Reckoning::open(folder, Sealer::new(&[1; 32]), owner, machine.clone())
    }

    /// A node whose clock is `ahead_ms` wrong and which has just heard the centre.
    fn heard(ahead_ms: i64) -> (tempfile::TempDir, Arc<FixedClock>, Reckoning) {
        let (folder, machine) = (
            tempfile::tempdir().unwrap(),
            Arc::new(FixedClock::at(START)),
        );
        machine.set_wall(START + ahead_ms);
        let time = open(folder.path(), &machine);
        time.heard(START, machine.uptime_ms());
        time.keep().unwrap();
        (folder, machine, time)
    }

    /// Between the bounds is the truth, and they are not further apart than `wide_ms`.
    fn check(time: &Reckoning, truth: UtcMs, wide_ms: i64) {
        let Moment { earliest, latest } = time.moment();
        assert!(
            earliest <= truth && truth <= latest,
            "{earliest:?} {truth:?} {latest:?}"
        );
        assert!(
            latest.since_ms(earliest) <= wide_ms,
            "{}",
            latest.since_ms(earliest)
        );
    }

    #[test]
    fn a_clock_that_is_wrong_all_the_time_does_not_matter_with_the_link_or_without() {
        for ahead in [-30 * DAY_MS, -3 * DAY_MS, 0, 3 * DAY_MS, 3_650 * DAY_MS] {
            let (_folder, machine, time) = heard(ahead);
            for hours in [0, 1, 10, 61] {
                machine.advance(hours * HOUR_MS);
                let truth = START + machine.uptime_ms() - START.0;
                check(&time, truth, 2 * MINUTE_MS);
                assert_eq!(time.now(), truth, "what is recorded is the centre's time");
            }
            assert_eq!(time.skew_ms(), Some(ahead));
        }
    }

    #[test]
    fn a_reply_long_under_way_leaves_so_much_doubt() {
        let (_folder, machine, time) = heard(0);
        let asked = machine.uptime_ms();
        machine.advance(8_000);
        // Answered at once, or only just now: both are possible.
        time.heard(START, asked);
        check(&time, START, 8_000);
        check(&time, START + 8_000, 8_000);
    }

    #[test]
    fn a_clock_that_leaps_ahead_ends_at_once_begins_nothing_and_drops_only_after_a_minute() {
        let (_folder, machine, time) = heard(0);
        machine.set_wall(START + 400 * DAY_MS);
        let moment = time.moment();
        assert_eq!(moment.earliest, START, "nothing begins by it");
        assert!(
            moment.latest >= START + 400 * DAY_MS,
            "what it says ended does not match"
        );
        assert_eq!(time.drop_up_to(), START);
        machine.advance(MINUTE_MS);
        assert!(time.drop_up_to() >= START + 400 * DAY_MS);
        // The centre says otherwise: all is as before.
        time.heard(START + MINUTE_MS, machine.uptime_ms());
        check(&time, START + MINUTE_MS, 0);
        assert_eq!(time.drop_up_to(), START + MINUTE_MS);
    }

    #[test]
    fn a_clock_set_back_does_not_bring_back_the_past() {
        let (_folder, machine, time) = heard(0);
        machine.advance(HOUR_MS);
        machine.set_wall(START - 5 * DAY_MS);
        check(&time, START + HOUR_MS, 2_000);
        assert!(START + HOUR_MS - 1_000 < time.drop_up_to());
    }

    #[test]
    fn asleep_for_a_day_it_is_a_day_later() {
        let (_folder, machine, time) = heard(0);
        // Uptime stood still, the machine's clock went on.
        machine.set_wall(START + DAY_MS);
        assert!(time.moment().latest >= START + DAY_MS);
    }

    #[test]
    fn after_a_restart_without_the_centre_what_may_have_ended_meanwhile_counts_as_ended() {
        let (folder, _machine, time) = heard(-DAY_MS);
        drop(time);
        // Off for ten hours. Its clock stood still for nine of them: nobody can know.
        let machine = Arc::new(FixedClock::at(UtcMs(7)));
        machine.set_wall(START - DAY_MS + HOUR_MS);
        let time = open(folder.path(), &machine);
        let Moment { earliest, latest } = time.moment();
        assert!(!time.is_lost());
        assert_eq!(
            earliest, START,
            "time does not run back, and nothing begins for certain"
        );
        assert!(latest >= START + 72 * HOUR_MS);
        assert_eq!(time.now(), START + HOUR_MS, "likely");
        time.heard(START + 10 * HOUR_MS, machine.uptime_ms());
        check(&time, START + 10 * HOUR_MS, 0);
    }

    #[test]
    fn each_start_of_the_machine_without_the_centre_adds_to_the_doubt() {
        let (folder, _machine, time) = heard(0);
        drop(time);
        for starts in 1..4 {
            let machine = Arc::new(FixedClock::at(UtcMs(7)));
            machine.set_wall(START);
            let moment = open(folder.path(), &machine).moment();
            assert_eq!(moment.earliest, START);
            assert!(moment.latest >= START + starts * 72 * HOUR_MS);
        }
    }

    #[test]
    fn a_program_started_again_on_a_running_machine_knows_the_time() {
        let folder = tempfile::tempdir().unwrap();
        let machine = Arc::new(FixedClock::at(UtcMs(HOUR_MS)));
        machine.set_boot(Uuid::from_u128(8));
        machine.set_wall(START - 5 * DAY_MS);
        let time = open(folder.path(), &machine);
        time.heard(START, machine.uptime_ms());
        time.keep().unwrap();
        for n in 1..20 {
            machine.advance(10 * MINUTE_MS);
            // Somebody sets the clock back meanwhile: that is not looked at.
            machine.set_wall(START - (5 + n) * DAY_MS);
            let time = open(folder.path(), &machine);
            check(&time, START + n * 10 * MINUTE_MS, MINUTE_MS);
            assert!(!time.is_lost());
        }
        // Another start of the machine.
        machine.set_boot(Uuid::from_u128(9));
        let Moment { earliest, latest } = open(folder.path(), &machine).moment();
        assert!(latest.since_ms(earliest) >= 72 * HOUR_MS);
    }

    #[test]
    fn an_empty_clock_battery_is_noticed_until_the_centre_is_heard() {
        let (folder, _machine, time) = heard(0);
        assert!(!time.is_lost());
        drop(time);
        let machine = Arc::new(FixedClock::at(UtcMs(7)));
        let time = open(folder.path(), &machine);
        assert!(time.is_lost(), "1970");
        assert!(time.now() >= START, "time never runs back");
        time.keep().unwrap();
        assert!(
            open(folder.path(), &machine).is_lost(),
            "not forgotten by the next restart"
        );
        time.heard(START + DAY_MS, machine.uptime_ms());
        assert!(!time.is_lost());
        time.keep().unwrap();
        // 1970 again: no later than before, and wrong all the same.
        assert!(open(folder.path(), &machine).is_lost());
    }

    #[test]
    fn who_never_heard_a_centre_knows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let time = open(folder.path(), &Arc::new(FixedClock::at(START)));
        assert!(time.is_lost());
        assert_eq!(time.moment(), Moment::UNKNOWN);
        assert_eq!(time.drop_up_to(), UtcMs(i64::MIN));
    }

    #[test]
    fn another_enrolment_does_not_inherit_it() {
        let (folder, machine, _time) = heard(0);
        let owner = (SiteId(Uuid::from_u128(1)), EdgeId(Uuid::from_u128(3)));
        let other = Reckoning::open(folder.path(), Sealer::new(&[1; 32]), owner, machine);
        assert!(other.is_lost());
    }
}
