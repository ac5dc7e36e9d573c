//! The gallery against a plain f32 scan, through any history of changes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const MODEL: &str = "stub@00000000";

/// A unit vector near one of a few centres: like real templates, where neighbours are close.
pub(crate) fn template(dimension: usize, centre: u64, seed: u64, spread: f32) -> Vec<f32> {
    let mut values = noise(dimension, centre);
    for (value, jitter) in values.iter_mut().zip(noise(dimension, seed ^ 0x5eed_0000)) {
        *value += spread * jitter;
    }
    let norm = dot(&values, &values).sqrt();
    values.iter_mut().for_each(|v| *v /= norm);
    values
}

/// Sums of uniform numbers: close to normal, which is how the values of a face template spread.
fn noise(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    (0..n).map(|_| next() + next() + next()).collect()
}

fn listed(n: u128, version: u32, templates: Vec<Vec<f32>>) -> Listed {
    Listed {
        entry: EntryId(Uuid::from_u128(n)),
        entry_version: version,
        list: ListKind::Wanted,
        in_force_from: UtcMs(0),
        in_force_to: UtcMs(10),
        templates,
    }
}

/// What a plain f32 scan gives.
fn plain(held: &BTreeMap<u128, Listed>, query: &[f32], k: usize) -> Vec<f32> {
    let best = |l: &Listed| {
        l.templates
            .iter()
            .map(|t| dot(t, query))
            .fold(f32::NEG_INFINITY, f32::max)
    };
    let mut scores: Vec<f32> = held
        .values()
        .filter(|l| !l.templates.is_empty())
        .map(best)
        .collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    scores.truncate(k);
    scores
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_answer_is_that_of_a_plain_scan(
        steps in proptest::collection::vec((0u128..300, 0u8..5, 0u64..12, any::<u64>()), 1..900),
        dimension in prop_oneof![Just(128usize), Just(512), Just(33)],
        k in 1usize..8,
        spread in 0.05f32..1.5,
    ) {
        let gallery = Gallery::new(MODEL, dimension);
        let mut held = BTreeMap::new();
        for (n, what, centre, seed) in steps {
            if what == 0 {
                prop_assert_eq!(gallery.remove(EntryId(Uuid::from_u128(n))), held.remove(&n).is_some());
            } else {
                let templates = (1..what).map(|i| template(dimension, centre, seed ^ u64::from(i), spread)).collect();
                let entry = listed(n, 1, templates);
                gallery.put(MODEL, &entry).unwrap();
                held.insert(n, entry);
            }
        }
        prop_assert_eq!(gallery.len(), held.len());
        prop_assert_eq!(gallery.templates(), held.values().map(|l| l.templates.len()).sum::<usize>());
        let queries: Vec<Vec<f32>> = (0..5).map(|i| template(dimension, i, i ^ 0xabc, spread)).collect();
        let queries: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
        for (query, found) in queries.iter().zip(gallery.search(MODEL, &queries, k).unwrap()) {
            let scores: Vec<f32> = found.iter().map(|c| c.score).collect();
            prop_assert_eq!(&scores, &plain(&held, query, k));
            for candidate in &found {
                let entry = &held[&candidate.entry.0.as_u128()];
                prop_assert!(entry.templates.iter().any(|t| dot(t, query) == candidate.score));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Real-shaped: several views a person, people twice, the same photograph on two people, and any way to search.
    #[test]
    fn every_way_to_search_gives_the_plain_answer(
        dimension in prop_oneof![Just(128usize), Just(512), Just(160)],
        people in 100u64..900,
        asked in 1usize..40,
        k in 1usize..9,
        seed in any::<u64>(),
    ) {
        let crowd = synthetic::Crowd::new(dimension, seed);
        let gallery = Gallery::new(MODEL, dimension);
        for person in 0..people {
            // Every seventh person has exactly the templates of another one.
            let looks = if person % 7 == 3 { person / 2 } else { person };
            let views = (0..1 + person % 4).map(|view| crowd.template(looks, view / 2)).collect();
            gallery.put(MODEL, &listed(person.into(), 1, views)).unwrap();
        }
        // Known views, new views and strangers.
        let queries: Vec<Vec<f32>> = (0..asked as u64).map(|n| crowd.template(n * 37 % (people + 50), n % 3)).collect();
        let queries: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
        let expect = gallery.plain_scan(&queries, k, &|_| ());
        for threads in [1, 3] {
            for kernel in [Kernel::Best, Kernel::Portable] {
                let found = gallery.search_with(MODEL, &queries, k, Effort { threads, kernel }).unwrap();
                let found: Vec<Vec<_>> = found.iter().map(|f| f.iter().map(|c| (c.entry, c.score)).collect()).collect();
                prop_assert_eq!(&found, &expect);
            }
        }
        // Few at a time: half-byte codes first.
        for (few, threads) in [(1, 1), (2, 1), (3, 2)] {
            for (queries, expect) in queries.chunks(few).zip(expect.chunks(few)) {
                let effort = Effort { threads, ..Effort::default() };
                let found = gallery.search_with(MODEL, queries, k, effort).unwrap();
                let found: Vec<Vec<_>> = found.iter().map(|f| f.iter().map(|c| (c.entry, c.score)).collect()).collect();
                prop_assert_eq!(&found, &expect);
            }
        }
    }
}

#[test]
fn a_search_keeps_the_list_it_began_with_and_a_change_does_not_wait() {
    let gallery = Gallery::new(MODEL, 8);
    for n in 0..3000 {
        let views = vec![template(8, 1, n as u64, 0.5)];
        gallery.put(MODEL, &listed(n, 1, views)).unwrap();
    }
    // What a search under way holds on to.
    let reading = Arc::clone(&gallery.read().rows);
    let before = reading.blocks[0].exact.clone();
    let wiped = Arc::downgrade(&reading.blocks[0]);
    for n in 0..3000 {
        assert!(gallery.remove(EntryId(Uuid::from_u128(n))));
    }
    assert_eq!((gallery.len(), gallery.templates()), (0, 0));
    assert!(*reading.blocks[0].exact == *before);
    drop(reading);
    // The last reader let go: nothing holds the block, so it was wiped.
    assert!(wiped.upgrade().is_none());
}

#[test]
fn two_models_never_meet() {
    let gallery = Gallery::new(MODEL, 8);
    let entry = listed(1, 1, vec![template(8, 1, 1, 0.1)]);
    let wrong = GalleryError::WrongModel {
        held: MODEL.into(),
        given: "other".into(),
    };
    assert_eq!(gallery.put("other", &entry), Err(wrong.clone()));
    assert_eq!(gallery.search("other", &[], 1), Err(wrong));
    assert!(gallery.is_empty());
}

#[test]
fn damaged_templates_are_refused_and_change_nothing() {
    let gallery = Gallery::new(MODEL, 8);
    gallery
        .put(MODEL, &listed(1, 1, vec![template(8, 1, 1, 0.1)]))
        .unwrap();
    let check = |bad: Vec<f32>, expect: GalleryError| {
        let refused = gallery.put(
            MODEL,
            &listed(1, 2, vec![template(8, 1, 2, 0.1), bad.clone()]),
        );
        assert_eq!(refused, Err(expect.clone()));
        assert_eq!(gallery.search(MODEL, &[&bad], 1), Err(expect));
    };
    check(vec![0.0; 8], GalleryError::NotNormalised);
    check(vec![f32::NAN; 8], GalleryError::NotNormalised);
    check(
        vec![1.0; 7],
        GalleryError::WrongDimension {
            expected: 8,
            given: 7,
        },
    );
    let query = template(8, 1, 1, 0.1);
    assert_eq!(
        gallery.search(MODEL, &[&query], 5).unwrap()[0][0].entry_version,
        1
    );
}

#[test]
fn searches_go_on_while_the_list_changes() {
    let gallery = Gallery::new(MODEL, 64);
    let fixed = template(64, 7, 7, 0.1);
    gallery
        .put(MODEL, &listed(0, 1, vec![fixed.clone()]))
        .unwrap();
    std::thread::scope(|scope| {
        for lane in 1..3u128 {
            let gallery = &gallery;
            scope.spawn(move || {
                for round in 0..200u128 {
                    let entry = listed(
                        lane * 1000 + round % 50,
                        1,
                        vec![template(64, 1, round as u64, 0.5)],
                    );
                    gallery.put(MODEL, &entry).unwrap();
                    gallery.remove(EntryId(Uuid::from_u128(lane * 1000 + (round * 7) % 50)));
                }
            });
        }
        for _ in 0..500 {
            let found = gallery.search(MODEL, &[&fixed], 1).unwrap();
            assert_eq!(found[0][0].entry.0.as_u128(), 0);
        }
    });
}

fn owner(slot: u32) -> block::Owner {
    block::Owner {
        slot,
        entry: EntryId(Uuid::from_u128(slot.into())),
        entry_version: 1,
        list: ListKind::Wanted,
        in_force_from: UtcMs(0),
        in_force_to: UtcMs(10),
    }
}

/// In small memory and in large pages.
#[test]
fn a_removed_template_is_wiped() {
    for dimension in [4, 512] {
        let value = 1.0 / (dimension as f32).sqrt();
        let mut rows = block::Rows::new(dimension);
        for n in 0..3 {
            rows.append(owner(n), &[vec![value; dimension]]).unwrap();
        }
        assert!(!rows.blocks[0].coarse.is_wiped(2));
        assert_eq!(rows.remove(0), Some(2));
        assert_eq!(rows.remove(1), None);
        let block = &rows.blocks[0];
        assert!(block.exact[..dimension].iter().all(|v| *v == value));
        assert!(block.exact[dimension..].iter().all(|v| *v == 0.0));
        for row in 1..3 {
            assert!(block.codes.row(row).iter().all(|code| *code == 0));
            assert!(block.coarse.is_wiped(row));
        }
        assert_eq!(rows.len(), 1);
    }
}

#[test]
fn nothing_is_left_of_a_refused_row() {
    let mut block = block::Block::new(512).unwrap();
    assert!(!block.push_with(owner(1), |row| {
        row.fill(0.5);
        false
    }));
    assert_eq!(block.rows(), 0);
    assert!(block.exact.iter().all(|v| *v == 0.0));
    assert!(block.coarse.is_wiped(0));
}

#[test]
fn nothing_prints_a_template() {
    assert_eq!(
        format!("{:?}", listed(1, 1, vec![])),
        "Listed(00000000-0000-0000-0000-000000000001, redacted)"
    );
}
