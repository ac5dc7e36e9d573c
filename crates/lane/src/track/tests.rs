//! Tables of walks through a picture, and the tracks they must give.

use super::*;

/// Centre x, centre y and side at a time, or not visible.
type Walk<'a> = &'a dyn Fn(i64) -> Option<[f32; 3]>;

/// Runs the walks at 8 frames a second; gives for each walk the keys it got, without repeats.
fn run(walks: &[Walk<'_>], until_ms: i64) -> (Vec<Vec<Key>>, Vec<Key>, Tracker) {
    let mut tracker = Tracker::new();
    let (mut keys, mut ended) = (vec![Vec::new(); walks.len()], Vec::new());
    for now in (0..until_ms).step_by(125) {
        let seen: Vec<(usize, [f32; 3])> = walks
            .iter()
            .enumerate()
            .filter_map(|(i, w)| Some((i, w(now)?)))
            .collect();
        let boxes: Vec<[f32; 4]> = seen
            .iter()
            .map(|(_, [x, y, s])| [x - s / 2.0, y - s / 2.0, *s, *s])
            .collect();
        let step = tracker.step(&boxes, now);
        for ((walk, _), key) in seen.iter().zip(&step.faces) {
            if keys[*walk].last() != Some(key) {
                keys[*walk].push(*key);
            }
        }
        ended.extend(step.ended);
    }
    (keys, ended, tracker)
}

fn check(walks: &[Walk<'_>], expect: &[&[Key]]) {
    let (keys, ..) = run(walks, 5_000);
    assert_eq!(keys, expect);
}

#[test]
fn one_walk_is_one_track() {
    check(
        &[&|t| {
            Some([
                200.0 + t as f32 * 0.1,
                100.0 + t as f32 * 0.05,
                30.0 + t as f32 * 0.02,
            ])
        }],
        &[&[1]],
    );
    // Fast to the side: more than its own size a frame once the speed is known.
    check(&[&|t| Some([t as f32 * 0.25, 100.0, 40.0])], &[&[1]]);
}

#[test]
fn a_short_occlusion_is_survived_a_long_one_is_not() {
    let walk = |from: i64, to: i64| {
        move |t: i64| (t < from || t >= to).then_some([200.0 + t as f32 * 0.03, 100.0, 50.0])
    };
    check(&[&walk(1_000, 2_250)], &[&[1]]);
    let (keys, ended, _) = run(&[&walk(1_000, 3_000)], 5_000);
    assert_eq!((keys, ended), (vec![vec![1, 2]], vec![1]));
}

#[test]
fn two_people_side_by_side_stay_two() {
    let beside = |x: f32| move |t: i64| Some([x, 100.0 + t as f32 * 0.05, 40.0]);
    check(&[&beside(200.0), &beside(250.0)], &[&[1], &[2]]);
}

#[test]
fn people_who_cross_keep_their_tracks_and_are_marked_for_a_look() {
    let left = |t: i64| Some([100.0 + t as f32 * 0.1, 100.0, 40.0]);
    let right = |t: i64| Some([500.0 - t as f32 * 0.1, 110.0, 44.0]);
    let (keys, _, tracker) = run(&[&left, &right], 4_000);
    assert_eq!(keys, vec![vec![1], vec![2]]);
    assert!(tracker.is_contested(1) && tracker.is_contested(2));
}

#[test]
fn one_who_hides_the_other_while_crossing_does_not_take_the_track() {
    let front = |t: i64| Some([100.0 + t as f32 * 0.1, 100.0, 50.0]);
    let behind =
        |t: i64| (!(1_500..2_500).contains(&t)).then_some([500.0 - t as f32 * 0.1, 105.0, 40.0]);
    let (keys, _, tracker) = run(&[&front, &behind], 4_000);
    assert_eq!(keys, vec![vec![1], vec![2]]);
    assert!(tracker.is_contested(1));
}

#[test]
fn confirming_and_splitting() {
    let mut tracker = Tracker::new();
    tracker.step(&[[0.0, 0.0, 40.0, 40.0], [20.0, 0.0, 40.0, 40.0]], 0);
    tracker.step(&[[0.0, 0.0, 40.0, 40.0], [20.0, 0.0, 40.0, 40.0]], 125);
    assert!(tracker.is_contested(1));
    tracker.confirm(1);
    assert!(!tracker.is_contested(1));
    assert_eq!(tracker.split(2), 3);
    let step = tracker.step(&[[20.0, 0.0, 40.0, 40.0]], 250);
    assert_eq!(step.faces, [3]);
    assert_eq!(tracker.clear(), [1, 3]);
}

#[test]
fn whoever_crosses_twice_its_own_size_a_second_is_fast() {
    let check = |speed: f32, expect: bool| {
        let mut tracker = Tracker::new();
        for now in (0..2_000).step_by(125) {
            let x = 100.0 + speed * 40.0 * now as f32 / 1000.0;
            tracker.step(&[[x, 100.0, 40.0, 40.0]], now);
        }
        assert_eq!(tracker.is_fast(1), expect, "{speed} sides a second");
    };
    check(0.0, false);
    check(1.0, false);
    check(4.0, true);
    assert!(!Tracker::new().is_fast(1));
}
