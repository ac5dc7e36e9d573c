//! Measures a pack by hand: accuracy on pairs, engine latency. A developer's tool.
//! `cargo run --release -p tapal-vision --example measure -- pairs|all|speed MODELS_DIR PACK ENGINE ROOT [PAIRS]`
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's tool"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tapal_vision::{
    Analyser, Crop, DetectSize, EngineChoice, Frame, Pack, Source, engine, eval, pack,
};

fn main() -> Result<(), Box<dyn Error>> {
    let args = std::env::args().skip(1).collect::<Vec<_>>();
    let [what, models, name, choice, root, rest @ ..] = &args[..] else {
        return Err(
            "measure pairs|all|speed|install MODELS_DIR PACK auto|rten|ort ROOT [PAIRS] [DETECT]"
                .into(),
        );
    };
    let engine = engine(choice.parse::<EngineChoice>()?, None)?;
    let models = Path::new(models);
    if what == "install" {
        let done = pack::install(models, name, &Source::parse(root), &engine, &mut |p| {
            eprintln!("{p}")
        })?;
        println!("{}", serde_json::to_string_pretty(&done)?);
        return Ok(());
    }
    let pack = Pack::open(models, name)?;
    let detect = rest.get(1).map_or(Ok(DetectSize::default()), |t| {
        t.parse().map(DetectSize::Longest)
    })?;
    let threads = std::thread::available_parallelism()?.get();
    let setup = eval::Setup {
        pack: &pack,
        engine: &engine,
        detect,
        threads,
        cache: None,
    };
    let quiet = |_, _| ();
    match what.as_str() {
        "pairs" => {
            let pairs = eval::load_pairs(&PathBuf::from(rest.first().ok_or("PAIRS?")?))?;
            let report = eval::pairs(Path::new(root), &pairs, &setup, &quiet)?;
            println!("{}", serde_json::to_string_pretty(&report)?);
        }
        "all" => {
            let report = eval::all_pairs(Path::new(root), &setup, &quiet)?;
            println!("{}", serde_json::to_string_pretty(&report)?);
        }
        _ => speed(&pack, &engine)?,
    }
    Ok(())
}

/// Median milliseconds of detection at two sizes and of embedding 1 and 8 crops.
fn speed(
    pack: &Pack,
    engine: &std::sync::Arc<dyn tapal_vision::Engine>,
) -> Result<(), Box<dyn Error>> {
    let mut analyser = Analyser::new(pack, engine, DetectSize::Longest(640))?;
    let mut noise = 1u32;
    let mut pixels = |n: usize| {
        let mut next = || {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        };
        (0..n).map(|_| next()).collect::<Vec<u8>>()
    };
    let frame = Frame::new(1280, 720, pixels(1280 * 720 * 3)).ok_or("frame")?;
    let size = analyser.card().input_size;
    let crops = (0..8)
        .map(|_| Crop {
            size,
            rgb: pixels((size * size * 3) as usize),
        })
        .collect::<Vec<_>>();
    println!("{}", engine.name());
    println!(
        "detect 640: {:.1} ms",
        median(|| analyser.detect(&frame).map(|_| ()))?
    );
    println!(
        "embed 1: {:.1} ms",
        median(|| analyser.embed(&crops[..1]).map(|_| ()))?
    );
    println!(
        "embed 8: {:.1} ms",
        median(|| analyser.embed(&crops).map(|_| ()))?
    );
    analyser.set_detect_size(DetectSize::Full);
    println!(
        "detect full: {:.1} ms",
        median(|| analyser.detect(&frame).map(|_| ()))?
    );
    Ok(())
}

fn median<E: Error + 'static>(
    mut run: impl FnMut() -> Result<(), E>,
) -> Result<f64, Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..31 {
        let begun = Instant::now();
        run()?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[15])
}
