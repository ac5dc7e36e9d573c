//! Invented people with known answers: normal vectors, so the scores of strangers have a known tail.

use std::collections::HashSet;

use super::*;
use crate::eval::bootstrap::Random;
use crate::eval::{Grouping, Photograph, Scores};
use crate::{Face, Frame, Quality, Template};

const DIMENSION: usize = 96;

fn normal(random: &mut Random) -> f32 {
    let (u, v) = (random.uniform().max(1e-12), random.uniform());
    ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
}

/// `people` with one to four photographs each; `blur` is how far a photograph strays from its person.
fn invented(people: usize, blur: f32) -> (Folder, Study) {
    let mut random = Random::new(77);
    let (mut templates, mut owner) = (Vec::new(), Vec::new());
    for person in 0..people {
        let own = (0..DIMENSION)
            .map(|_| normal(&mut random))
            .collect::<Vec<_>>();
        for _ in 0..1 + person % 4 {
            let values = own.iter().map(|v| v + blur * normal(&mut random)).collect();
            templates.push(Template::new("m".into(), values).unwrap());
            owner.push(person);
        }
    }
    let face = Face {
        bbox: [0.0, 0.0, 100.0, 100.0],
        score: 0.9,
        landmarks: [
            [30.0, 40.0],
            [70.0, 40.0],
            [50.0, 60.0],
            [35.0, 80.0],
            [65.0, 80.0],
        ],
    };
    let quality = Quality::measure(&Frame::filled(112, 112, [90; 3]), &face);
    let given = templates.iter().map(Some).collect::<Vec<_>>();
    let label = |p: usize| Some(if p.is_multiple_of(10) { "few" } else { "many" }.to_owned());
    let folder = Folder {
        people: (0..people).map(|p| format!("secret-name-{p}")).collect(),
        photographs: owner
            .iter()
            .enumerate()
            .map(|(i, person)| Photograph {
                path: format!("secret-name-{person}/{i}.jpg"),
                person: *person,
            })
            .collect(),
        groups: vec![Grouping {
            name: "size".into(),
            labels: (0..people).map(label).collect(),
        }],
    };
    let study = Study {
        people,
        quality: vec![Some(quality); owner.len()],
        scores: Scores::of(&given, 2),
        owner,
    };
    (folder, study)
}

fn report(people: usize, threads: usize) -> Result<SearchReport, EvalError> {
    let (folder, study) = invented(people, 0.7);
    let about = About {
        pack: "p".into(),
        model_id: "m@1".into(),
        engine: "none".into(),
    };
    let options = SearchOptions {
        sizes: vec![100],
        splits: 20,
        rounds: 100,
        seed: 4,
        threads,
    };
    search(
        &study,
        &folder,
        &SamePeople::default(),
        about,
        &options,
        &|_, _, _| (),
    )
}

#[test]
fn what_is_predicted_is_what_held_out_people_show() {
    let report = report(400, 2).unwrap();
    assert_eq!(
        report.by_n.iter().map(|s| s.n).collect::<Vec<_>>(),
        [100, 260]
    );
    for size in &report.by_n {
        for rate in ["1e-1", "1e-2"] {
            let row = size.fnir_at_fpir[rate].as_ref().unwrap();
            assert!(row.inside, "N {} at {rate}: {row:?}", size.n);
            assert!(row.measured.fnir.value <= row.measured.fnir_rank1.value);
        }
        let at = |rate: &str| size.fnir_at_fpir[rate].as_ref().unwrap();
        assert!(at("1e-2").threshold > at("1e-1").threshold);
        assert!(at("1e-2").measured.fnir.value >= at("1e-1").measured.fnir.value);
        let curve = &size.curve.points;
        assert!(curve.windows(2).all(
            |w| w[0].threshold <= w[1].threshold && w[0].false_negative <= w[1].false_negative
        ));
        assert!(size.ranks[0].no_threshold.value >= size.ranks[2].no_threshold.value);
    }
    let low = report.by_n[0].fnir_at_fpir["1e-2"]
        .as_ref()
        .unwrap()
        .threshold;
    let high = report.by_n[1].fnir_at_fpir["1e-2"]
        .as_ref()
        .unwrap()
        .threshold;
    assert!(high > low, "a longer list needs a higher threshold");
    // Cosines of two random directions: standard deviation 1 / sqrt(96), so 1 in 1,000 lies above 0.31.
    let calibration = report.calibration.unwrap();
    let at = calibration
        .points
        .iter()
        .find(|p| (0.8e-3..1.2e-3).contains(&p.fmr))
        .unwrap();
    assert!((at.score - 0.31).abs() < 0.02, "{at:?}");
    assert!(calibration.trusted_fmr <= calibration.counted_fmr);
}

#[test]
fn doubling_the_list_raises_the_threshold_and_keeps_the_budget() {
    let report = report(400, 2).unwrap();
    let budget = report.budget.iter().find(|b| b.fpir == 2e-2).unwrap();
    assert_eq!(budget.n, [130, 260]);
    assert!(budget.threshold[1] > budget.threshold[0]);
    assert!(budget.kept, "{budget:?}");
    assert!(budget.unchanged.value > budget.measured[1].value);
}

#[test]
fn the_same_seed_gives_the_same_figures_on_any_number_of_threads_and_names_nobody() {
    let (one, two) = (report(120, 1).unwrap(), report(120, 3).unwrap());
    assert_eq!(one, two);
    let text = serde_json::to_string(&one).unwrap();
    assert!(!text.contains("secret-name"));
    let few = one.groups.iter().find(|g| g.label == "few").unwrap();
    assert_eq!((few.people, few.fpir_verdict), (12, Verdict::TooFew));
    assert!(report(8, 1).is_err());
}

#[test]
fn one_person_under_two_names_is_found_and_left_out() {
    let (_, mut study) = invented(300, 0.3);
    // Person 299 is person 298 again; each keeps an own folder. Their photographs compare like those of one person.
    let (first, second) = (
        study.of_person()[298].clone(),
        study.of_person()[299].clone(),
    );
    let n = study.owner.len();
    let scores = (0..n)
        .map(|i| study.scores.row(i).to_vec())
        .collect::<Vec<_>>();
    let none = Compared::of(&study, &HashSet::new(), 0.1);
    assert!(super::super::suspects(&study, &none).pairs.is_empty());
    study.scores = Scores::from_fn(n, |i, j| {
        let both = |a: &[usize], b: &[usize]| a.contains(&i) && b.contains(&j);
        if both(&first, &second) || both(&second, &first) {
            0.9
        } else {
            scores[i][j]
        }
    });
    let all = Compared::of(&study, &HashSet::new(), 0.1);
    let found = super::super::suspects(&study, &all);
    assert_eq!(found.pairs, HashSet::from([(298, 299)]));
    let without = Compared::of(&study, &found.pairs, 0.1);
    let dropped = (first.len() * second.len()) as f64;
    assert_eq!(all.n_strangers - without.n_strangers, dropped);
}
