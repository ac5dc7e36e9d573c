//! `tapal bench embed`: templates a second by batch and finding faces by picture size, in processor time of one thread, on
//! every engine that can run here. Crops are made up: the cost does not depend on what they show.

use anyhow::Result;
use serde::Serialize;
use tapal_lane::worker::processor_us;
use tapal_vision::{Analyser, Crop, DetectSize, EngineChoice, Frame, Pack, engine_with_reason};

use crate::{cmds::Settings, inference, logging, progress};

const BATCHES: [usize; 5] = [1, 2, 4, 8, 16];
const SIZES: [(u32, u32); 4] = [(480, 270), (640, 360), (960, 540), (1280, 720)];

/// Arguments of `tapal bench embed`.
#[derive(clap::Args)]
pub struct Args {
    /// Model pack.
    #[arg(long, value_name = "NAME")]
    pack: Option<String>,
    /// Rounds; the engines take turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    pack: String,
    rows: Vec<Row>,
}

/// One engine and batch or size; the figures are of the rounds.
#[derive(Clone, Debug, Serialize)]
struct Row {
    engine: String,
    /// `embed` or `detect`.
    work: &'static str,
    /// Crops a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<usize>,
    /// Columns and rows of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<(u32, u32)>,
    /// Processor milliseconds a template or picture: least, middle, largest.
    ms: [f64; 3],
    /// Templates or pictures a processor second, from the middle.
    per_s: f64,
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    let config = settings.with("pack", args.pack).load()?;
    logging::start("warn");
    let name = inference::pack_name(&config)?;
    let pack = Pack::open(&config.models(), &name)?;
    let library = match config.text("ort_library") {
        "" => config.data(),
        text => text.into(),
    };
    let mut analysers = Vec::new();
    for choice in [EngineChoice::Ort, EngineChoice::Rten] {
        match engine_with_reason(choice, Some(&library)) {
            Ok((engine, _)) => {
                let analyser = Analyser::new(&pack, &engine, DetectSize::Full)?;
                analysers.push((engine.name(), analyser));
            }
            Err(error) => progress::say(&format!("left out: {error}")),
        }
    }
    let rows = measure(&mut analysers, args.rounds.max(1))?;
    let report = Report { pack: name, rows };
    if args.json {
        progress::result(&serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    progress::result(&format!(
        "{}, one thread, processor time, {} rounds",
        report.pack,
        args.rounds.max(1)
    ));
    for row in &report.rows {
        let what = row.batch.map_or_else(
            || {
                row.size
                    .map(|(w, h)| format!("{w}x{h}"))
                    .unwrap_or_default()
            },
            |n| format!("batch {n}"),
        );
        progress::result(&format!(
            "{:<20} {:<7} {:<9} {:>8.2} ms ({:.2} to {:.2}), {:>7.1}/s",
            row.engine, row.work, what, row.ms[1], row.ms[0], row.ms[2], row.per_s
        ));
    }
    Ok(())
}

fn measure(analysers: &mut [(String, Analyser)], rounds: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut bar = progress::Bar::new("measuring", (BATCHES.len() + SIZES.len()) as u64);
    for (step, batch) in BATCHES
        .map(Some)
        .into_iter()
        .chain([None; SIZES.len()])
        .enumerate()
    {
        let size = batch.is_none().then(|| SIZES[step - BATCHES.len()]);
        let mut found = vec![Vec::new(); analysers.len()];
        for _ in 0..rounds {
            for ((_, analyser), found) in analysers.iter_mut().zip(&mut found) {
                found.push(match size {
                    Some(size) => detect_ms(analyser, size)?,
                    None => embed_ms(analyser, batch.unwrap_or(1))?,
                });
            }
        }
        for ((engine, _), mut found) in analysers.iter().zip(found) {
            found.sort_by(f64::total_cmp);
            let ms = [found[0], found[found.len() / 2], found[found.len() - 1]];
            rows.push(Row {
                engine: engine.clone(),
                work: if size.is_some() { "detect" } else { "embed" },
                batch,
                size,
                ms,
                per_s: 1000.0 / ms[1].max(1e-6),
            });
        }
        bar.set(step as u64 + 1);
    }
    Ok(rows)
}

/// Processor milliseconds a template.
fn embed_ms(analyser: &mut Analyser, batch: usize) -> Result<f64> {
    let side = analyser.card().input_size;
    let rgb = |n: usize| {
        (0..side as usize * side as usize * 3)
            .map(|i| (i * 7 + n * 13) as u8)
            .collect()
    };
    let crops: Vec<Crop> = (0..batch)
        .map(|n| Crop {
            size: side,
            rgb: rgb(n),
        })
        .collect();
    timed(batch, || {
        analyser.embed(&crops)?;
        Ok(())
    })
}

/// Processor milliseconds a picture.
fn detect_ms(analyser: &mut Analyser, (width, height): (u32, u32)) -> Result<f64> {
    let frame = Frame::filled(width, height, [110, 120, 130]);
    timed(1, || {
        analyser.detect(&frame)?;
        Ok(())
    })
}

/// Runs once unmeasured, then for at least a third of a second of processor time.
fn timed(each: usize, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    work()?;
    let (began, mut runs) = (processor_us(), 0_usize);
    loop {
        work()?;
        runs += 1;
        let spent = processor_us().saturating_sub(began);
        if spent > 333_000 || runs >= 2_000 {
            return Ok(spent as f64 / 1000.0 / (runs * each) as f64);
        }
    }
}
