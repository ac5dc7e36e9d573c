//! `tapal eval pairs ROOT PAIRS.tsv`: 1:1 comparison through the real detection and alignment.

use std::{path::PathBuf, sync::Mutex};

use anyhow::Result;
use serde_json::{Map, Value, json};
use tapal_vision::{DetectSize, eval};

use crate::{cmds::Settings, inference, progress};

/// Arguments of `tapal eval pairs`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of photographs, `<identity>/<n>.jpg`.
    root: PathBuf,
    /// Columns a, b, same; paths within ROOT.
    pairs: PathBuf,
    /// Model pack.
    #[arg(long, value_name = "NAME")]
    pack: Option<String>,
    /// Inference engine: auto, rten or ort.
    #[arg(long)]
    engine: Option<String>,
    /// Compare every photograph with every other instead of the listed pairs.
    #[arg(long)]
    all: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    let config = settings
        .with("pack", args.pack)
        .with("engine", args.engine)
        .load()?;
    let open = inference::open(&config)?;
    let setup = eval::Setup {
        pack: &open.pack,
        engine: &open.engine,
        detect: DetectSize::default(),
        threads: config.threads(),
    };
    let bar = Mutex::new(None::<progress::Bar>);
    let show = |done: usize, total: usize| {
        if let Ok(mut bar) = bar.lock() {
            bar.get_or_insert_with(|| progress::Bar::new("embedding", total as u64))
                .set(done as u64);
        }
    };
    let report = if args.all {
        eval::all_pairs(&args.root, &setup, &show)?.0
    } else {
        eval::pairs(&args.root, &eval::load_pairs(&args.pairs)?, &setup, &show)?
    };
    let tar: Map<String, Value> = report
        .tar
        .iter()
        .map(|row| {
            (
                rate(row.far),
                json!({"value": row.tar, "ci95": row.ci95, "threshold": row.threshold}),
            )
        })
        .collect();
    if args.json {
        let mut value = serde_json::to_value(&report)?;
        if let Some(object) = value.as_object_mut() {
            object.insert("tar".into(), Value::Object(tar));
        }
        progress::result(&serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    progress::result(&format!(
        "{} on {} ({} photographs, {} without a usable face)",
        report.model_id, report.engine, report.images, report.failures_to_enrol
    ));
    progress::result(&format!(
        "{} genuine pairs, {} impostor pairs",
        report.n_genuine, report.n_impostor
    ));
    for row in &report.tar {
        let far = rate(row.far);
        progress::result(&match (row.tar, row.ci95) {
            (Some(tar), Some([low, high])) => {
                format!("TAR at FAR {far}: {tar:.4} (95 % interval {low:.4} to {high:.4})")
            }
            _ => format!("TAR at FAR {far}: too few impostor pairs to say"),
        });
    }
    Ok(())
}

fn rate(far: f64) -> String {
    format!("{far:.0e}")
}
