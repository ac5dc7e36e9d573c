//! `tapal eval names CASES.csv`: the shipped comparison of names on pairs with a known answer, at the shipped threshold.
//! Prints counts only, unless `--errors` asks for the pairs it got wrong; must not tune anything.

mod cases;
mod report;

use std::path::PathBuf;

use anyhow::{Context, Result};
use tapal_names::compare;

use self::{cases::Case, report::Report};
use crate::{clock, progress};

/// Arguments of `tapal eval names`.
#[derive(clap::Args)]
pub struct Args {
    /// A CSV file with the columns name1, name2, is_match (true or false) and quality (STRONG, MEDIUM or WEAK).
    cases: PathBuf,
    /// Also print each pair that was judged wrongly, with its weight table, to standard error.
    #[arg(long)]
    errors: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Passes over all pairs for the time a pair takes; the median counts.
const PASSES: usize = 9;

/// Runs it.
pub fn run(args: Args) -> Result<()> {
    let shown = args.cases.display();
    let text = std::fs::read_to_string(&args.cases).with_context(|| {
        format!(
            "cannot read {shown}; give a CSV file in UTF-8 with {}",
            cases::COLUMNS
        )
    })?;
    let cases = cases::read(&text).with_context(|| format!("{shown} is no list of cases"))?;
    let found: Vec<_> = cases
        .iter()
        .map(|case| compare(&case.name1, &case.name2))
        .collect();
    if args.errors {
        for (case, found) in cases
            .iter()
            .zip(&found)
            .filter(|(case, found)| case.is_match != found.is_match())
        {
            report::explain(case, found);
        }
    }
    let scores: Vec<f32> = found.iter().map(|found| found.score).collect();
    let report = Report::new(&cases, &scores, cost(&cases), clock::now().0);
    if args.json {
        progress::result(&serde_json::to_string_pretty(&report)?);
    } else {
        report.print();
    }
    Ok(())
}

/// Processor time a pair, from the raw names, in microseconds: least, middle and most of several passes.
fn cost(cases: &[Case]) -> [f64; 3] {
    let mut passes = Vec::with_capacity(PASSES);
    let mut bar = progress::Bar::new("timing", PASSES as u64);
    for pass in 0..PASSES {
        // Long enough for the system's clock of processor time.
        let rounds = 20_000 / cases.len().max(1) + 1;
        let before = crate::cmds::bench::search::measure::thread_ms();
        for _ in 0..rounds {
            for case in cases {
                std::hint::black_box(compare(&case.name1, &case.name2));
            }
        }
        let spent = crate::cmds::bench::search::measure::thread_ms() - before;
        passes.push(spent * 1e3 / (rounds * cases.len()) as f64);
        bar.set(pass as u64 + 1);
    }
    passes.sort_by(f64::total_cmp);
    [passes[0], passes[PASSES / 2], passes[PASSES - 1]]
}
