//! `tapal eval search ROOT`: open-set 1:N on held-out people, predicted and measured, as JSON, lines or a report.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use tapal_vision::eval::{self, AtRate, SearchOptions, SearchReport, Share};

use super::{
    baseline,
    report::{self, Language},
    study::{Progress, With, same_people},
};
use crate::{cmds::Settings, progress};

/// Arguments of `tapal eval search`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of photographs, `<identity>/<n>.jpg`; may hold groups.tsv (`identity<TAB>label...`, columns named in
    /// its head line) and same_person.tsv (`identity<TAB>identity`).
    root: PathBuf,
    #[command(flatten)]
    with: With,
    /// List sizes, besides the largest possible.
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_values_t = [100, 1000])]
    sizes: Vec<usize>,
    /// Random divisions of the people, each with a calibration of its own.
    #[arg(long, default_value_t = 100)]
    splits: usize,
    /// Where chance begins: the same seed gives the same figures.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Pairs of folders that show one person, `identity<TAB>identity`; otherwise same_person.tsv in ROOT, or by rule.
    #[arg(long, value_name = "FILE")]
    same_people: Option<PathBuf>,
    /// Write those pairs to a file, to look at. It holds names: keep it where the photographs are.
    #[arg(long, value_name = "FILE")]
    write_same_people: Option<PathBuf>,
    /// Write a report with charts: one file that needs no other.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Language of the report; otherwise both, with a switch.
    #[arg(long, value_enum)]
    language: Option<Language>,
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
    if !(2..=10_000).contains(&args.splits) {
        bail!("--splits must be 2 to 10000");
    }
    let opened = args.with.open(settings)?;
    let (folder, study) = opened.study(&args.root)?;
    let same = same_people(args.same_people.as_ref(), &args.root, &folder, &study)?;
    if let Some(path) = &args.write_same_people {
        let line = |(a, b): &(u32, u32)| {
            format!(
                "{}\t{}\n",
                folder.people[*a as usize], folder.people[*b as usize]
            )
        };
        let text = same.pairs.iter().map(line).collect::<String>();
        fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let options = SearchOptions {
        sizes: args.sizes,
        splits: args.splits,
        seed: args.seed,
        threads: opened.threads(),
        ..SearchOptions::default()
    };
    let bar = Progress::default();
    let show = |label: &'static str, done: usize, total: usize| bar.show(label, done, total);
    let result = eval::search(&study, &folder, &same, opened.about(), &options, &show)?;
    if args.json {
        progress::result(&serde_json::to_string_pretty(&result)?);
    } else {
        print(&result);
    }
    if let Some(path) = &args.html {
        let page = report::page(&result, opened.thresholds(), args.language);
        fs::write(path, page).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let measured = baseline::of_search(&result);
    if let Some(path) = &args.check {
        baseline::check(path, &measured)?;
    }
    match &args.write_baseline {
        Some(path) => baseline::write(path, measured),
        None => Ok(()),
    }
}

fn print(report: &SearchReport) {
    progress::result(&format!(
        "{} on {}: {} photographs of {} people, {} without a usable face, {} pairs of people taken for one ({})",
        report.model_id,
        report.engine,
        report.images,
        report.people,
        report.failures_to_enrol,
        report.same_people.pairs,
        report.same_people.source
    ));
    for size in &report.by_n {
        for (rate, row) in size.fnir_at_fpir.iter().rev() {
            progress::result(&match row {
                Some(row) => line(size.n, rate, row),
                None => format!(
                    "N {}: FPIR {rate}: the calibration does not reach so low",
                    size.n
                ),
            });
        }
    }
    for row in &report.budget {
        progress::result(&format!(
            "budget {:.0e}: N {} -> {}: threshold {:.3} -> {:.3}, measured FPIR {} -> {} (unchanged threshold: {}): {}",
            row.fpir,
            row.n[0],
            row.n[1],
            row.threshold[0],
            row.threshold[1],
            share(&row.measured[0]),
            share(&row.measured[1]),
            share(&row.unchanged),
            if row.kept { "kept" } else { "NOT kept" }
        ));
    }
}

fn line(n: usize, rate: &str, row: &AtRate) -> String {
    let p = row.predicted.fpir;
    format!(
        "N {n}: threshold {:.3}: FPIR predicted {rate} ({:.1e} to {:.1e}), measured {} ({}); FNIR {}",
        row.threshold,
        p.low,
        p.high,
        share(&row.measured.fpir),
        if row.inside { "inside" } else { "OUTSIDE" },
        share(&row.measured.fnir)
    )
}

fn share(share: &Share) -> String {
    match (share.value, share.ci95) {
        (Some(value), Some([low, high])) => format!("{value:.5} ({low:.5} to {high:.5})"),
        _ => "unknown".into(),
    }
}
