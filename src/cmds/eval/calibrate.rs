//! `tapal eval calibrate ROOT`: fits score to false-match rate and prints the table for a model card.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::json;
use tapal_domain::calibration::Calibration;
use tapal_vision::eval;

use super::study::{Progress, With, same_people};
use crate::{cmds::Settings, progress};

/// Arguments of `tapal eval calibrate`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of photographs, `<identity>/<n>.jpg`.
    root: PathBuf,
    #[command(flatten)]
    with: With,
    /// Pairs of folders that show one person, `identity<TAB>identity`; otherwise same_person.tsv in ROOT, or by rule.
    #[arg(long, value_name = "FILE")]
    same_people: Option<PathBuf>,
    /// As JSON instead of TOML.
    #[arg(long, conflicts_with = "toml")]
    json: bool,
    /// As the TOML table of a card; this is what happens anyway.
    #[arg(long)]
    toml: bool,
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    let opened = args.with.open(settings)?;
    let (folder, study) = opened.study(&args.root)?;
    let same = same_people(args.same_people.as_ref(), &args.root, &folder, &study)?;
    let how = eval::Fit::default();
    let compared = eval::Compared::of(&study, &same.pairs, how.highest);
    let bar = Progress::default();
    let show = |done: usize, total: usize| bar.show("calibrating", done, total);
    let fitted = eval::calibrate(&study, &compared, how, &show);
    let (mut calibration, verified) = fitted.context(
        "too few comparisons of different people to fit anything: use a folder with more people",
    )?;
    calibration.note = format!(
        "{:.0} pairs of different people and {} pairs of one among {} photographs ({} people), through this pipeline; {} pairs of people who seem to be one left out. Say here what the photographs are like and what they do not show",
        compared.n_strangers,
        compared.genuine.len(),
        study.owner.len(),
        study.people,
        same.pairs.len()
    );
    if args.json {
        let value = json!({"calibration": calibration, "verified": verified});
        progress::result(&serde_json::to_string_pretty(&value)?);
    } else {
        progress::result(&table(&calibration));
    }
    Ok(())
}

/// The table as a card holds it.
pub fn table(c: &Calibration) -> String {
    let mut lines = vec![
        "[pack.calibration]".to_owned(),
        format!("note = {}", toml::Value::String(c.note.clone())),
        format!("counted_fmr = {:.3e}", c.counted_fmr),
        format!("trusted_fmr = {:.3e}", c.trusted_fmr),
        format!("spread = {:.3}", c.spread),
        "points = [".to_owned(),
    ];
    for p in &c.points {
        lines.push(format!(
            "  {{ score = {:.4}, fmr = {:.3e}, low = {:.3e}, high = {:.3e} }},",
            p.score, p.fmr, p.low, p.high
        ));
    }
    lines.extend(["]".to_owned(), "misses = [".to_owned()]);
    for p in &c.misses {
        lines.push(format!(
            "  {{ score = {:.4}, fnmr = {:.4}, low = {:.4}, high = {:.4} }},",
            p.score, p.fnmr, p.low, p.high
        ));
    }
    lines.push("]".to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_back_as_it_was() {
        let mut calibration = Calibration::counted(&[(0.25, 1e-2), (0.5, 1e-4)]);
        calibration.note = "a \"quoted\" word".into();
        calibration.spread = 0.5;
        let text = table(&calibration);
        let inner = text.strip_prefix("[pack.calibration]\n").unwrap();
        let read: Calibration = toml::from_str(inner).unwrap();
        assert_eq!(read, calibration);
    }
}
