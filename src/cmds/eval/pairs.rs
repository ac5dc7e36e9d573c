//! `tapal eval pairs ROOT PAIRS.tsv`: 1:1 comparison through the real detection and alignment.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Map, Value, json};
use tapal_vision::eval;

use super::{
    baseline,
    study::{Progress, With},
};
use crate::{cmds::Settings, progress};

/// Arguments of `tapal eval pairs`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of photographs, `<identity>/<n>.jpg`.
    root: PathBuf,
    /// Columns a, b, same; paths within ROOT.
    pairs: PathBuf,
    #[command(flatten)]
    with: With,
    /// Compare every photograph with every other instead of the listed pairs.
    #[arg(long)]
    all: bool,
    /// Fail when accuracy was lost against this file.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// Put the result into this baseline file.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    let opened = args.with.open(settings)?;
    let bar = Progress::default();
    let show = |done: usize, total: usize| bar.show("embedding", done, total);
    let report = opened.with(|setup| {
        Ok(if args.all {
            eval::all_pairs(&args.root, setup, &show)?
        } else {
            eval::pairs(&args.root, &eval::load_pairs(&args.pairs)?, setup, &show)?
        })
    })?;
    if args.json {
        progress::result(&serde_json::to_string_pretty(&json(&report)?)?);
    } else {
        print(&report);
    }
    let measured = baseline::of_pairs(&report);
    if let Some(path) = &args.check {
        baseline::check(path, &measured)?;
    }
    match &args.write_baseline {
        Some(path) => baseline::write(path, measured),
        None => Ok(()),
    }
}

fn json(report: &eval::Report) -> Result<Value> {
    let row = |row: &eval::Accepted| {
        let value = json!({"value": row.tar, "ci95": row.ci95, "threshold": row.threshold});
        (rate(row.far), value)
    };
    let tar = report.tar.iter().map(row).collect::<Map<String, Value>>();
    let mut value = serde_json::to_value(report)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("tar".into(), Value::Object(tar));
    }
    Ok(value)
}

fn print(report: &eval::Report) {
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
}

fn rate(far: f64) -> String {
    format!("{far:.0e}")
}
