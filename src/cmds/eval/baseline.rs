//! `--check FILE`: has accuracy been lost since the committed baseline? It compares numbers and names the worse ones.
//!
//! The rule: a share of errors is significantly worse when its new value lies above the upper end of the interval over people
//! that it had in the baseline. Same photographs, so a change inside the interval is chance of the set at most.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tapal_vision::eval::{Report, SearchReport, Share};

/// One share of errors: lower is better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metric {
    value: f64,
    /// Above this it is a loss: the upper end of its 95 % interval when the baseline was written.
    worst: f64,
}

/// One evaluation of one model on one set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    evaluation: String,
    model_id: String,
    images: usize,
    errors: BTreeMap<String, Metric>,
}

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Baseline {
    rule: String,
    measurements: Vec<Measurement>,
}

const RULE: &str = "a loss is an error rate above `worst`, the upper end of its 95 % interval over people when this was written";

fn metric(share: &Share) -> Option<Metric> {
    Some(Metric {
        value: share.value?,
        worst: share.ci95?[1],
    })
}

/// The error rates of a search evaluation.
pub fn of_search(report: &SearchReport) -> Measurement {
    let mut errors = BTreeMap::new();
    let failed = report.failures_to_enrol as f64 / report.images.max(1) as f64;
    let worst = failed + 3.0 / report.images.max(1) as f64;
    errors.insert(
        "failures to enrol".into(),
        Metric {
            value: failed,
            worst,
        },
    );
    for size in &report.by_n {
        for (rate, row) in &size.fnir_at_fpir {
            let Some(row) = row else { continue };
            let name = format!("N={} FPIR={rate}", size.n);
            let own = row.at_measured_fpir.as_ref().map(|m| &m.fnir);
            let named = [
                ("FNIR", own),
                ("FNIR at the predicted threshold", Some(&row.measured.fnir)),
                ("FPIR at the predicted threshold", Some(&row.measured.fpir)),
            ];
            for (what, share) in named {
                if let Some(metric) = share.and_then(metric) {
                    errors.insert(format!("{what}, {name}"), metric);
                }
            }
        }
    }
    for row in &report.budget {
        let name = format!("budget {:.0e} broken when the list doubles", row.fpir);
        let value = f64::from(u8::from(!row.kept));
        errors.insert(name, Metric { value, worst: 0.5 });
    }
    for point in &report.one_to_one.points {
        let name = format!("FNMR at FMR {:.1e}", point.false_positive);
        let (value, worst) = (point.false_negative, point.ci95[1]);
        errors.insert(name, Metric { value, worst });
    }
    Measurement {
        evaluation: "search".into(),
        model_id: report.model_id.clone(),
        images: report.images,
        errors,
    }
}

/// The error rates of an evaluation of pairs.
pub fn of_pairs(report: &Report) -> Measurement {
    let row = |row: &tapal_vision::eval::Accepted| {
        let (value, worst) = (1.0 - row.tar?, 1.0 - row.ci95?[0]);
        Some((
            format!("refused at FAR {:.0e}", row.far),
            Metric { value, worst },
        ))
    };
    Measurement {
        evaluation: "pairs".into(),
        model_id: report.model_id.clone(),
        images: report.images,
        errors: report.tar.iter().filter_map(row).collect(),
    }
}

/// Compares with the file; an error names every loss.
pub fn check(path: &Path, now: &Measurement) -> Result<()> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("the baseline {} cannot be read", path.display()))?;
    let baseline: Baseline = serde_json::from_str(&text).with_context(|| {
        format!(
            "{} is no baseline; write one with --write-baseline",
            path.display()
        )
    })?;
    let losses = losses(&baseline, now)?;
    if losses.is_empty() {
        return Ok(());
    }
    bail!(
        "accuracy was lost against {}:\n  {}",
        path.display(),
        losses.join("\n  ")
    )
}

fn losses(baseline: &Baseline, now: &Measurement) -> Result<Vec<String>> {
    let same = |m: &&Measurement| m.evaluation == now.evaluation && m.model_id == now.model_id;
    let Some(before) = baseline.measurements.iter().find(same) else {
        bail!(
            "the baseline holds no `{}` of the model {}; add it with --write-baseline",
            now.evaluation,
            now.model_id
        );
    };
    if before.images != now.images {
        bail!(
            "the baseline was written with {} photographs, here are {}: another set cannot be compared",
            before.images,
            now.images
        );
    }
    let mut losses = Vec::new();
    for (name, was) in &before.errors {
        match now.errors.get(name) {
            // Written with few digits: a hair is no loss.
            Some(is) if is.value <= was.worst + 1e-9 => {}
            Some(is) => losses.push(format!(
                "{name}: {:.5} was {:.5}, at most {:.5}",
                is.value, was.value, was.worst
            )),
            None => losses.push(format!("{name}: not measured any more")),
        }
    }
    Ok(losses)
}

/// Puts the measurement into the file, in place of an earlier one of the same evaluation and model.
pub fn write(path: &Path, now: Measurement) -> Result<()> {
    let mut baseline = match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)
            .with_context(|| format!("{} is no baseline and is left alone", path.display()))?,
        Err(_) => Baseline::default(),
    };
    baseline.rule = RULE.into();
    let same = |m: &Measurement| m.evaluation == now.evaluation && m.model_id == now.model_id;
    baseline.measurements.retain(|m| !same(m));
    baseline.measurements.push(now);
    let text = serde_json::to_string_pretty(&baseline)? + "\n";
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement(value: f64) -> Measurement {
        let metric = Metric { value, worst: 0.05 };
        Measurement {
            evaluation: "search".into(),
            model_id: "m@1".into(),
            images: 10,
            errors: BTreeMap::from([("FNIR".to_owned(), metric)]),
        }
    }

    #[test]
    fn only_a_value_beyond_the_old_interval_is_a_loss() {
        let folder = std::env::temp_dir().join(format!("tapal-baseline-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("baseline.json");
        write(&path, measurement(0.03)).unwrap();
        write(&path, measurement(0.03)).unwrap();
        for (value, lost) in [(0.0, false), (0.03, false), (0.05, false), (0.051, true)] {
            assert_eq!(check(&path, &measurement(value)).is_err(), lost, "{value}");
        }
        let mut gone = measurement(0.0);
        gone.errors.clear();
        let mut other = measurement(0.0);
        other.images = 11;
        let mut model = measurement(0.0);
        model.model_id = "m@2".into();
        for (wrong, part) in [
            (gone, "not measured"),
            (other, "another set"),
            (model, "holds no"),
        ] {
            let error = check(&path, &wrong).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
