//! The standard pack's real weights, when they are beside the project: accuracy, agreement of the engines,
//! hostile models. Without them each test says why it is skipped: the project stands alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tapal_vision::pack::{FileState, verify};
use tapal_vision::{
    Analyser, DetectSize, Engine, EngineChoice, ImageLimits, Pack, Source, Template, decode_image,
    engine, eval, pack,
};

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

fn built_in() -> Arc<dyn Engine> {
    engine(EngineChoice::Rten, None).unwrap()
}

fn installed(models: &Path) -> Option<Pack> {
    let source = Source::Folder(shared("models")?);
    pack::install(models, "standard", &source, &built_in(), &mut |_| ()).unwrap();
    Some(Pack::open(models, "standard").unwrap())
}

/// One template per probe of the first rendered people.
fn probes(analyser: &mut Analyser, root: &Path) -> Vec<Template> {
    let mut templates = Vec::new();
    for person in 1..=8 {
        let bytes = fs::read(root.join(format!("portraits/s{person:03}.jpg"))).unwrap();
        let frame = decode_image(&bytes, &ImageLimits::default()).unwrap();
        let faces = analyser.detect(&frame).unwrap();
        let crop = analyser.align(&frame, eval::subject(&frame, &faces).unwrap());
        templates.extend(analyser.embed(&[crop]).unwrap());
    }
    templates
}

#[test]
fn the_pipeline_reaches_the_bare_model() {
    let (Some(root), Some(list)) = (shared("faces/lfw-dev"), shared("faces/lfw-dev-pairs.tsv"))
    else {
        return;
    };
    let models = tempfile::tempdir().unwrap();
    let Some(pack) = installed(models.path()) else {
        return;
    };
    // Every pair takes minutes on two cores with the built-in engine: a third is enough to see a fault.
    let pairs = eval::load_pairs(&list).unwrap();
    let full = std::env::var("TAPAL_TEST_FULL").is_ok_and(|v| v == "1");
    let pairs = if full {
        pairs
    } else {
        pairs.into_iter().step_by(11).collect()
    };
    let (engine, threads) = (
        built_in(),
        std::thread::available_parallelism().map_or(2, |n| n.get()),
    );
    let setup = eval::Setup {
        pack: &pack,
        engine: &engine,
        detect: DetectSize::default(),
        threads,
        cache: None,
    };
    let report = eval::pairs(&root, &pairs, &setup, &|_, _| ()).unwrap();
    assert_eq!(report.failures_to_enrol, 0);
    if full {
        // The bare model (YuNet at full size, least-squares alignment, ONNX Runtime) measured .9992 here.
        let tar = report.tar[0].tar.unwrap();
        assert!((tar - 0.9992).abs() <= 0.002, "{report:?}");
    }
}

#[test]
fn both_engines_agree_and_batches_change_nothing() {
    let Some(root) = shared("synthetic") else {
        return;
    };
    let models = tempfile::tempdir().unwrap();
    let Some(pack) = installed(models.path()) else {
        return;
    };
    let mut first = Analyser::new(&pack, &built_in(), DetectSize::default()).unwrap();
    let rten = probes(&mut first, &root);
    match engine(EngineChoice::Ort, None) {
        Ok(accelerator) => {
            let mut second = Analyser::new(&pack, &accelerator, DetectSize::default()).unwrap();
            for (a, b) in rten.iter().zip(&probes(&mut second, &root)) {
                assert!(a.cosine(b).unwrap() > 0.9999);
            }
        }
        Err(error) => println!("skipped the accelerator: {error}"),
    }
    let bytes = fs::read(root.join("portraits/s001.jpg")).unwrap();
    let frame = decode_image(&bytes, &ImageLimits::default()).unwrap();
    let faces = first.detect(&frame).unwrap();
    let crops = (0..8)
        .map(|_| first.align(&frame, &faces[0]))
        .collect::<Vec<_>>();
    for one in first.embed(&crops).unwrap() {
        assert!(one.cosine(&rten[0]).unwrap() > 0.99999);
    }
}

#[test]
fn a_truncated_model_installs_nothing() {
    let Some(models) = shared("models") else {
        return;
    };
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for file in &pack::info(target.path(), "standard").unwrap().card.files {
        fs::copy(models.join(&file.name), source.path().join(&file.name)).unwrap();
    }
    let cut = source.path().join("edgeface_xs.onnx");
    let bytes = fs::read(&cut).unwrap();
    fs::remove_file(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let from = Source::Folder(source.path().into());
    let error = pack::install(target.path(), "standard", &from, &built_in(), &mut |_| ())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("truncated") && error.contains("tapal models install standard"),
        "{error}"
    );
    let states = verify(target.path(), "standard").unwrap();
    assert!(states.iter().all(|s| s.state == FileState::Missing));
}
