//! A false-alert budget on real templates: doubling the list moves the threshold up, and people who are on no list
//! stay within the budget. Needs photographs and weights beside the project; says so when they are not there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tapal_domain::policy::{Budget, plan};
use tapal_vision::{DetectSize, Engine, EngineChoice, Pack, Source, Template, engine, eval, pack};

/// A path beside the project, or `None` with the reason printed.
fn shared(what: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(what);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: ../shared/{what} is not here");
    None
}

/// The first photograph of the first people, by name.
fn one_photograph_each(root: &Path, people: usize) -> Vec<String> {
    let sorted = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    };
    let mut out = Vec::new();
    for person in sorted(root).into_iter().take(people) {
        let photo = sorted(&root.join(&person)).into_iter().next();
        out.extend(photo.map(|photo| format!("{person}/{photo}")));
    }
    out
}

#[test]
fn doubling_the_list_moves_the_threshold_and_keeps_the_budget_on_real_templates() {
    let (Some(root), Some(models)) = (shared("faces/lfw-dev"), shared("models")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let engine: Arc<dyn Engine> = engine(EngineChoice::Rten, None).unwrap();
    pack::install(
        folder.path(),
        "standard",
        &Source::Folder(models),
        &engine,
        &mut |_| (),
    )
    .unwrap();
    let pack = Pack::open(folder.path(), "standard").unwrap();
    let setup = eval::Setup {
        pack: &pack,
        engine: &engine,
        detect: DetectSize::default(),
        threads: std::thread::available_parallelism().map_or(2, |n| n.get()),
        cache: None,
    };
    let names = one_photograph_each(&root, 1_200);
    let embedded = eval::embed(&root, &names, &setup, &|_, _| ()).unwrap();
    let templates: Vec<&Template> = names
        .iter()
        .filter_map(|name| embedded.template(name))
        .collect();
    let (listed, passing) = templates.split_at(400);
    assert!(passing.len() >= 700, "{} faces were found", templates.len());

    // 20 false alerts a day with 1,000 passers-by: 2 in 100.
    let budget = Budget {
        false_alerts_per_day: 20.0,
        passers_by_per_day: 1_000,
        shift_hours: 8.0,
    };
    let mut before = f32::MIN;
    for n in [100, 200, 400] {
        let plan = plan(&budget, n as u64, &pack.card().calibration).unwrap();
        assert!(plan.possible > before, "{n}: {plan:?}");
        before = plan.possible;
        let alerts = |one: &&&Template| {
            let best = listed[..n].iter().filter_map(|entry| entry.cosine(one));
            best.fold(f32::MIN, f32::max) >= plan.possible
        };
        let raised = passing.iter().filter(alerts).count();
        println!(
            "N = {n}: threshold {:.4}, predicted {:.4} ({:.4} to {:.4}), measured {raised} of {}",
            plan.possible,
            plan.per_passer_by.value,
            plan.per_passer_by.low,
            plan.per_passer_by.high,
            passing.len()
        );
        assert!(raised as f64 <= budget.fpir() * passing.len() as f64);
    }
}
