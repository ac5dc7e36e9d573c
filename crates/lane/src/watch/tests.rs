//! People of the stub pack walking through pictures: what is raised, merged, and let go.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use tapal_domain::{entry::ListKind, screening::Threshold, site::Direction};
use tapal_gallery::{Gallery, Listed};
use tapal_vision::stub::{StubFace, scene};
use tapal_vision::{DetectSize, EngineChoice, Pack, engine};
use uuid::Uuid;

use super::*;
use crate::clock::FixedClock;

const FRAME_MS: i64 = 125;

/// A camera with the stub pack.
struct Stage {
    analyser: Analyser,
    watch: Watch,
    lists: Lists,
    clock: FixedClock,
    /// Midnight strikes between each search and what follows from it.
    midnight: bool,
    raised: Vec<(u128, u32, Band)>,
    fates: Vec<AttemptOutcome>,
}

/// The instant before 10,000 at the first look at a frame, 10,000 from the second on.
struct Striking<'a> {
    clock: &'a FixedClock,
    looks: AtomicU32,
}

impl Clock for Striking<'_> {
    fn now(&self) -> UtcMs {
        self.clock.now()
    }
    fn moment(&self) -> Moment {
        let first = self.looks.fetch_add(1, Ordering::SeqCst) == 0;
        UtcMs(if first { 9_999 } else { 10_000 }).into()
    }
    fn uptime_ms(&self) -> i64 {
        self.clock.uptime_ms()
    }
    fn id(&self) -> Uuid {
        self.clock.id()
    }
}

fn pack() -> &'static Pack {
    static PACK: OnceLock<Pack> = OnceLock::new();
    PACK.get_or_init(Pack::stub)
}

fn config() -> CameraConfig {
    CameraConfig {
        camera: CameraId(Uuid::from_u128(1)),
        name: "stage".into(),
        lane: None,
        direction: Direction::Neither,
        source: "file:none".into(),
        fps: 8.0,
        detect_width: 640,
        min_eye_distance_px: 10.0,
        enabled: true,
    }
}

impl Stage {
    /// A camera that looks for these people; an entry's id is its person's number.
    fn new(listed: &[u64], in_force_to: i64) -> Self {
        let engine = engine(EngineChoice::Rten, None).unwrap();
        let mut analyser = Analyser::new(pack(), &engine, DetectSize::default()).unwrap();
        let card = pack().card();
        let gallery = Gallery::new(card.model_id.clone(), card.dimension);
        for person in listed {
            let picture = scene(200, 200, &[face(*person, 60, 60, 64)]);
            let found = analyser.detect(&picture).unwrap()[0];
            let crop = analyser.align(&picture, &found);
            let template = analyser.embed(&[crop]).unwrap().remove(0);
            let listed = Listed {
                entry: EntryId(Uuid::from_u128(u128::from(*person))),
                entry_version: 1,
                list: ListKind::Wanted,
                in_force_from: UtcMs(0),
                in_force_to: UtcMs(in_force_to),
                templates: vec![template.values.clone()],
            };
            gallery.put(analyser.model_id(), &listed).unwrap();
        }
        let thresholds = vec![Threshold {
            list: ListKind::Wanted,
            possible: 0.85,
            strong: 0.93,
        }];
        let lists = Lists {
            gallery: Arc::new(gallery),
            lists: vec![ListKind::Wanted],
            thresholds,
            version: 1,
        };
        let watch = Watch::new(&config(), card, Counters::default());
        Stage {
            analyser,
            watch,
            lists,
            clock: FixedClock::at(UtcMs(1_000)),
            midnight: false,
            raised: vec![],
            fates: vec![],
        }
    }

    fn frame(&mut self, faces: &[StubFace]) {
        self.clock.advance(FRAME_MS);
        let picture = Picture::of(&scene(480, 240, faces));
        let found = self.analyser.detect_in(&picture).unwrap();
        let (at, uptime) = (self.clock.now(), self.clock.uptime_ms());
        let taken = self.watch.look(&picture, &found, at, uptime);
        let crops: Vec<_> = taken.iter().map(|t| t.align(&self.analyser)).collect();
        let templates = self.analyser.embed(&crops).unwrap();
        let views = taken.into_iter().zip(templates).collect();
        let striking = Striking {
            clock: &self.clock,
            looks: AtomicU32::new(0),
        };
        let clock: &dyn Clock = match self.midnight {
            true => &striking,
            false => &self.clock,
        };
        let outcomes = self.watch.settle(views, &self.lists, clock, uptime);
        self.note(outcomes);
    }

    fn note(&mut self, outcomes: Vec<Outcome>) {
        for outcome in outcomes {
            match outcome {
                Outcome::Raise(raised) => {
                    assert!(
                        raised
                            .portraits
                            .iter()
                            .all(|jpeg| jpeg.starts_with(&[0xff, 0xd8]))
                    );
                    self.raised
                        .push((raised.best.entry.0.as_u128(), raised.shots, raised.band));
                }
                Outcome::Attempt(attempt) => self.fates.push(attempt.outcome),
            }
        }
    }

    /// Plays frames `from..to`.
    fn play(&mut self, from: i64, to: i64, scene: impl Fn(i64) -> Vec<StubFace>) {
        for n in from..to {
            self.frame(&scene(n));
        }
    }

    fn gap(&mut self) {
        let uptime = self.clock.uptime_ms();
        let outcomes = self.watch.gap(&self.lists, &self.clock, uptime);
        self.note(outcomes);
    }

    fn entries(&self) -> Vec<u128> {
        self.raised.iter().map(|(entry, ..)| *entry).collect()
    }
}

fn face(person: u64, x: i64, y: i64, side: i64) -> StubFace {
    StubFace {
        person,
        x: x as u32,
        y: y as u32,
        side: side as u32,
    }
}

/// A walk towards the camera.
fn walk(person: u64, n: i64) -> StubFace {
    face(person, 60 + 4 * n, 40 + n, 40 + 2 * n)
}

const NOBODY: fn(i64) -> Vec<StubFace> = |_| vec![];

#[test]
fn one_pass_is_one_alert_and_leaves_nothing_behind() {
    let mut stage = Stage::new(&[1, 2], i64::MAX);
    stage.play(0, 20, |n| vec![walk(1, n)]);
    stage.play(0, 40, NOBODY);
    assert_eq!(stage.entries(), [1]);
    assert!(matches!(stage.fates[..], [AttemptOutcome::Raised(_)]));
    assert_eq!(stage.watch.people(), 0);
    let counters = stage.watch.counters();
    assert_eq!(
        (counters.persons, counters.matches, counters.destroyed),
        (1, 1, 0)
    );
}

#[test]
fn somebody_else_is_destroyed_and_counted() {
    let mut stage = Stage::new(&[1, 2], i64::MAX);
    stage.play(0, 20, |n| vec![walk(7, n)]);
    stage.play(0, 40, NOBODY);
    assert_eq!(
        (stage.entries(), &stage.fates[..]),
        (vec![], &[AttemptOutcome::BelowThreshold][..])
    );
    let counters = stage.watch.counters();
    assert_eq!(
        (counters.persons, counters.destroyed, stage.watch.people()),
        (1, 1, 0)
    );
}

#[test]
fn the_same_person_later_is_a_new_pass() {
    let mut stage = Stage::new(&[1], i64::MAX);
    for _ in 0..3 {
        stage.play(0, 20, |n| vec![walk(1, n)]);
        stage.play(0, 60, NOBODY);
    }
    assert_eq!(stage.entries(), [1, 1, 1]);
}

#[test]
fn an_occlusion_or_a_lost_track_is_still_one_decision() {
    let mut stage = Stage::new(&[1], i64::MAX);
    // Hidden for one second: the track survives.
    stage.play(0, 24, |n| {
        if (8..16).contains(&n) {
            vec![]
        } else {
            vec![walk(1, n)]
        }
    });
    assert_eq!(stage.entries(), [1]);
    // Hidden for 2.25 s and back somewhere else: the face says who it is.
    stage.play(0, 18, NOBODY);
    stage.play(0, 10, |n| vec![face(1, 350 + n, 100, 70)]);
    assert_eq!(stage.entries(), [1]);
    let mut stage = Stage::new(&[], i64::MAX);
    stage.play(0, 10, |n| vec![walk(5, n)]);
    stage.play(0, 18, NOBODY);
    stage.play(0, 10, |n| vec![face(5, 350 + n, 100, 70)]);
    stage.play(0, 40, NOBODY);
    assert_eq!(stage.watch.counters().persons, 1);
}

#[test]
fn an_interrupted_source_does_not_double_an_alert() {
    let mut stage = Stage::new(&[1], i64::MAX);
    stage.play(0, 10, |n| vec![walk(1, n)]);
    stage.gap();
    assert_eq!(stage.watch.people(), 0);
    stage.clock.advance(2_000);
    stage.play(10, 20, |n| vec![walk(1, n)]);
    assert_eq!(stage.entries(), [1]);
    assert!(
        matches!(stage.fates[..], [AttemptOutcome::Raised(first), AttemptOutcome::Merged(again)] if first == again)
    );
}

#[test]
fn people_who_cross_do_not_swap_identities() {
    let crossing = |n: i64| {
        let (left, right) = (face(1, 40 + 8 * n, 80, 56), face(2, 400 - 8 * n, 84, 60));
        // While they overlap only the one in front is seen.
        if (19..26).contains(&n) {
            vec![right]
        } else {
            vec![left, right]
        }
    };
    for (listed, expect) in [
        (vec![1, 2], vec![1, 2]),
        (vec![2], vec![2]),
        (vec![1], vec![1]),
        (vec![], vec![]),
    ] {
        let mut stage = Stage::new(&listed, i64::MAX);
        stage.play(0, 40, crossing);
        stage.play(0, 40, NOBODY);
        let mut entries = stage.entries();
        entries.sort_unstable();
        assert_eq!(entries, expect, "listed {listed:?}");
    }
}

#[test]
fn a_track_that_changes_hands_is_a_new_person() {
    let mut stage = Stage::new(&[2], i64::MAX);
    // Person 7 steps away and person 2 stands in the same place in the next frame.
    stage.play(0, 24, |n| {
        vec![face(if n < 12 { 7 } else { 2 }, 100, 80, 60 + n)]
    });
    stage.play(0, 40, NOBODY);
    assert_eq!(stage.entries(), [2]);
    assert!(stage.fates.contains(&AttemptOutcome::BelowThreshold));
}

#[test]
fn one_entry_is_one_person_in_view() {
    // The same face twice in one picture: one of the two is somebody else, and only one alert is raised.
    let mut stage = Stage::new(&[1], i64::MAX);
    stage.play(0, 20, |_| vec![face(1, 60, 60, 60), face(1, 300, 60, 60)]);
    assert_eq!(stage.entries(), [1]);
}

#[test]
fn an_entry_whose_order_ended_cannot_match_and_says_so() {
    let mut stage = Stage::new(&[1], 1_500);
    stage.clock.advance(1_000);
    stage.play(0, 20, |n| vec![walk(1, n)]);
    stage.play(0, 40, NOBODY);
    assert_eq!(
        (stage.entries(), &stage.fates[..]),
        (vec![], &[AttemptOutcome::NotInForce][..])
    );
}

#[test]
fn an_order_that_ends_between_search_and_alert_raises_none() {
    for (midnight, expect) in [(false, &[1][..]), (true, &[])] {
        let mut stage = Stage::new(&[1], 10_000);
        stage.midnight = midnight;
        stage.play(0, 20, |n| vec![walk(1, n)]);
        stage.play(0, 40, NOBODY);
        assert_eq!(stage.entries(), expect);
        let quiet = matches!(stage.fates[..], [AttemptOutcome::NotInForce]);
        assert_eq!(quiet, midnight, "{:?}", stage.fates);
    }
}

#[test]
fn too_far_away_is_said_and_a_flicker_is_not_a_person() {
    let mut stage = Stage::new(&[1], i64::MAX);
    stage.play(0, 12, |n| vec![face(1, 100 + n, 100, 20)]);
    stage.play(0, 40, NOBODY);
    assert_eq!(
        stage.fates,
        [AttemptOutcome::NotSearched(
            tapal_domain::screening::NotSearched::TooSmall
        )]
    );
    stage.frame(&[face(7, 300, 20, 20)]);
    stage.play(0, 40, NOBODY);
    assert_eq!(stage.fates.len(), 1);
}

#[test]
fn a_single_usable_view_is_judged_when_the_person_leaves() {
    let mut stage = Stage::new(&[1], i64::MAX);
    stage.frame(&[face(1, 100, 80, 60)]);
    stage.play(0, 2, NOBODY);
    assert_eq!(stage.entries(), [] as [u128; 0]);
    stage.play(0, 3, NOBODY);
    assert_eq!(stage.entries(), [1]);
}

/// The same face twice, side by side: one of the two holds the entry.
fn twins() -> Stage {
    let mut stage = Stage::new(&[1], i64::MAX);
    stage.play(0, 20, |_| vec![face(1, 60, 60, 60), face(1, 300, 60, 60)]);
    assert_eq!(stage.entries(), [1]);
    stage
}

#[test]
fn who_is_like_a_held_entry_is_judged_alone_once_the_holder_left() {
    let mut alerts = Vec::new();
    // Each of the two leaves in turn: one of them is the holder.
    for stays in [60, 300] {
        let mut stage = twins();
        stage.play(0, 60, |_| vec![face(1, stays, 60, 60)]);
        alerts.push(stage.entries().len());
        stage.play(0, 40, NOBODY);
        assert!(!stage.fates.contains(&AttemptOutcome::BelowThreshold));
        assert_eq!(stage.fates.len(), 2, "each is reported once");
        assert_eq!(stage.watch.people(), 0);
    }
    alerts.sort_unstable();
    assert_eq!(alerts, [1, 2], "the other is alerted after the holder left");
}

#[test]
fn who_leaves_with_the_holder_is_not_reported_below_the_threshold() {
    let mut stage = twins();
    stage.play(0, 40, NOBODY);
    assert_eq!(stage.entries(), [1]);
    assert!(matches!(
        stage.fates[..],
        [AttemptOutcome::Raised(first), AttemptOutcome::Merged(again)] if first == again
    ));
}

#[test]
fn a_camera_that_is_edited_or_broken_does_not_double_an_alert() {
    for stopped in [true, false] {
        let mut stage = Stage::new(&[1], i64::MAX);
        stage.play(0, 10, |n| vec![walk(1, n)]);
        if stopped {
            stage.gap();
        }
        stage.watch = Watch::after(&config(), pack().card(), &stage.watch);
        stage.clock.advance(2_000);
        stage.play(10, 20, |n| vec![walk(1, n)]);
        assert_eq!(stage.entries(), [1], "stopped: {stopped}");
        assert_eq!(stage.watch.counters().merged, 1);
    }
}

/// Entries found with their scores, entries held with theirs: the entry claimed, and how many others stay.
fn check_claim(
    found: &[(u128, f32)],
    held: &[(u128, f32)],
    shots: u32,
    expect: Option<(u128, Band, usize)>,
) {
    let stage = Stage::new(&[], i64::MAX);
    let entry = |n: u128| EntryId(Uuid::from_u128(n));
    let candidate = |(n, score): &(u128, f32)| Candidate {
        entry: entry(*n),
        entry_version: 1,
        list: ListKind::Wanted,
        in_force_from: UtcMs(0),
        in_force_to: UtcMs(i64::MAX),
        score: *score,
    };
    let held: Vec<Held> = held
        .iter()
        .map(|(n, score)| Held {
            entry: entry(*n),
            score: *score,
            alert: AlertId(Uuid::from_u128(77)),
            last_ms: 5,
        })
        .collect();
    let mut pass = Pass::begin(UtcMs(5), 5);
    pass.shots = shots;
    let mut candidates = found.iter().map(candidate);
    let best = candidates.next().unwrap();
    let claim = Claim {
        pass: &mut pass,
        best,
        band: stage.lists.thresholds[0].band(best.score),
        others: candidates.collect(),
        leaving: false,
    };
    let got = one_to_one(claim, &held, &stage.lists)
        .map(|c| (c.best.entry.0.as_u128(), c.band, c.others.len()));
    assert_eq!(got, expect, "{found:?} {held:?}");
    let blocked = pass.blocked.map(|b| (b.entry, b.beside));
    let expect = expect.is_none().then(|| (entry(found[0].0), true));
    assert_eq!((blocked, pass.settled), (expect, expect.is_none()));
}

#[test]
fn a_claim_on_a_held_entry_goes_over_to_the_next_free_one() {
    use Band::{Match, Possible};
    check_claim(&[(1, 0.95)], &[(2, 0.99)], 3, Some((1, Match, 0)));
    check_claim(&[(1, 0.95)], &[(1, 0.96)], 3, None);
    // Clearly more similar than the holder, merged or not.
    check_claim(&[(1, 0.95)], &[(1, 0.86)], 3, Some((1, Match, 0)));
    let found = [(1, 0.95), (2, 0.94), (3, 0.86)];
    check_claim(&found, &[(1, 0.96)], 3, Some((2, Match, 2)));
    check_claim(&found, &[(1, 0.96), (2, 0.96)], 3, Some((3, Possible, 2)));
    // A weaker one is raised only after enough views.
    check_claim(&found, &[(1, 0.96), (2, 0.96)], 2, None);
    check_claim(&found, &[(1, 0.96), (2, 0.96), (3, 0.96)], 3, None);
}

#[test]
fn who_leaves_before_the_holder_is_searched_once_more_not_every_frame() {
    for stays in [60, 300] {
        let mut stage = twins();
        stage.play(0, 4, |_| vec![face(1, stays, 60, 60)]);
        let before = stage.watch.counters().searches;
        stage.play(0, 20, |_| vec![face(1, stays, 60, 60)]);
        assert!(stage.watch.counters().searches <= before + 4);
        stage.play(0, 40, NOBODY);
        assert_eq!(stage.watch.counters().destroyed, 0);
        assert_eq!(stage.watch.counters().persons, 2);
    }
}

#[test]
fn whoever_is_new_is_looked_at_closely_and_nobody_is_forgotten_while_held() {
    let mut stage = Stage::new(&[1], i64::MAX);
    let need = |stage: &Stage| stage.watch.need(stage.clock.uptime_ms() + FRAME_MS);
    assert_eq!(need(&stage), Need::Nobody);
    stage.frame(&[face(1, 60, 60, 64)]);
    assert_eq!(need(&stage), Need::Close);
    for _ in 0..5 {
        stage.frame(&[face(1, 60, 60, 64)]);
    }
    // Raised, and standing still: found again without any movement.
    assert_eq!((stage.entries(), need(&stage)), (vec![1], Need::Known));
    // A stranger who is not judged yet, then not found: the next frame is searched.
    stage.frame(&[face(1, 60, 60, 64), face(2, 300, 60, 64)]);
    assert_eq!(need(&stage), Need::Close);
    for _ in 0..2 {
        stage.frame(&[face(1, 60, 60, 64), face(2, 300, 60, 64)]);
    }
    assert_eq!(need(&stage), Need::Calm);
    for _ in 0..3 {
        stage.frame(&[face(1, 60, 60, 64)]);
    }
    assert_eq!(need(&stage), Need::Close);
    for _ in 0..12 {
        stage.frame(&[]);
    }
    assert_eq!((need(&stage), stage.watch.people()), (Need::Known, 2));
    for _ in 0..30 {
        stage.frame(&[]);
    }
    assert_eq!(need(&stage), Need::Nobody);
}
