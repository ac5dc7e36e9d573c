//! The stub pack end to end: what every other crate's tests rely on.

use std::sync::Arc;

use crate::stub::{StubFace, scene};
use crate::{
    Analyser, DetectSize, Engine, EngineChoice, Pack, Quality, QualityLimits, Template, engine,
};

fn analyser(size: DetectSize) -> Analyser {
    let engine: Arc<dyn Engine> = engine(EngineChoice::Rten, None).unwrap();
    Analyser::new(&Pack::stub(), &engine, size).unwrap()
}

fn templates(analyser: &mut Analyser, faces: &[StubFace]) -> Vec<Template> {
    let frame = scene(640, 360, faces);
    let found = analyser.detect(&frame).unwrap();
    assert_eq!(found.len(), faces.len());
    let crops = found
        .iter()
        .map(|f| analyser.align(&frame, f))
        .collect::<Vec<_>>();
    analyser.embed(&crops).unwrap()
}

fn face(person: u64, x: u32, side: u32) -> StubFace {
    StubFace {
        person,
        x,
        y: 60,
        side,
    }
}

#[test]
fn the_same_picture_gives_the_same_template() {
    let mut a = analyser(DetectSize::default());
    let first = templates(&mut a, &[face(1, 100, 120)]);
    assert_eq!(first, templates(&mut a, &[face(1, 100, 120)]));
    assert_eq!(
        first,
        templates(&mut analyser(DetectSize::default()), &[face(1, 100, 120)])
    );
    assert_eq!(&*first[0].model_id, Pack::stub().card().model_id);
}

#[test]
fn one_person_matches_at_any_place_and_size_and_others_do_not() {
    let mut a = analyser(DetectSize::default());
    let thresholds = Pack::stub().card().thresholds.clone();
    for person in 0..20 {
        let mine = templates(&mut a, &[face(person, 100, 120)]);
        let again = templates(&mut a, &[face(person, 303, 77)]);
        let other = templates(&mut a, &[face(person + 1, 100, 120)]);
        let (same, different) = (
            mine[0].cosine(&again[0]).unwrap(),
            mine[0].cosine(&other[0]).unwrap(),
        );
        assert!(same > thresholds.r#match, "{person}: {same}");
        assert!(different < thresholds.possible, "{person}: {different}");
    }
}

#[test]
fn a_smaller_detection_size_finds_the_same_person() {
    let frame = scene(1280, 720, &[face(3, 400, 160)]);
    let mut seen = Vec::new();
    for size in [DetectSize::Full, DetectSize::Longest(640)] {
        let mut a = analyser(size);
        let found = a.detect(&frame).unwrap();
        assert_eq!(found.len(), 1);
        assert!((found[0].bbox[0] - 400.0).abs() < 4.0 && (found[0].bbox[2] - 160.0).abs() < 6.0);
        let crop = a.align(&frame, &found[0]);
        seen.extend(a.embed(&[crop]).unwrap());
    }
    assert!(seen[0].cosine(&seen[1]).unwrap() > 0.95);
}

#[test]
fn a_batch_of_eight_is_eight_times_a_batch_of_one() {
    let mut a = analyser(DetectSize::default());
    let frames = (0..8)
        .map(|p| scene(320, 240, &[face(p, 50, 100)]))
        .collect::<Vec<_>>();
    let mut crops = Vec::new();
    for frame in &frames {
        let found = a.detect(frame).unwrap();
        crops.push(a.align(frame, &found[0]));
    }
    let together = a.embed(&crops).unwrap();
    for (crop, one) in crops.iter().zip(&together) {
        let alone = a.embed_all(&[crop]).unwrap();
        assert!(alone[0].cosine(one).unwrap() > 0.999_99);
    }
    assert!(a.embed(&[]).unwrap().is_empty());
}

#[test]
fn stub_faces_are_good_enough_to_search_and_to_enrol() {
    let mut a = analyser(DetectSize::default());
    for person in 0..20 {
        let frame = scene(640, 360, &[face(person, 200, 160)]);
        let found = a.detect(&frame).unwrap();
        let quality = Quality::measure(&frame, &found[0]);
        assert_eq!(
            quality.verdict(&QualityLimits::enrolment()),
            Ok(()),
            "{person}: {quality:?}"
        );
    }
}

#[test]
fn an_empty_picture_has_no_faces() {
    let mut a = analyser(DetectSize::default());
    assert!(a.detect(&scene(640, 360, &[])).unwrap().is_empty());
    assert!(a.detect(&scene(1, 1, &[])).unwrap().is_empty());
}
