//! Checks on data that lies beside the checkout on development machines and in CI (`../shared`): real
//! photographs and the standard models, which are never committed. Without it these steps are skipped.

use std::path::{Path, PathBuf};

use crate::pack::{self, STANDARD, STARTER};
use crate::place::Place;
use crate::step::Steps;

/// Installs the standard pack when its files are at hand.
pub fn standard_pack(place: &Place, steps: &mut Steps, data: &Path) {
    let files = place.root.join("../shared/models");
    if pack::installed(place, &place.tapal("debug"), data, STANDARD) {
        return;
    }
    if !files.is_dir() {
        steps.skip(
            "install the pack standard",
            "its files are not beside the checkout",
        );
        return;
    }
    let mut install = pack::install(place, &place.tapal("debug"), data, STANDARD, Some(&files));
    steps.run("install the pack standard", &mut install, 5);
}

/// Clips with ground truth through the real edge and centre, then real photographs.
pub fn test(place: &Place, steps: &mut Steps, env: &[(&str, PathBuf)], data: &Path) {
    let ready = |pack: &str| pack::installed(place, &place.tapal("debug"), data, pack);
    for name in [STARTER, STANDARD] {
        let step = format!("clips with ground truth, {name}");
        if !ready(name) {
            steps.skip(&step, "the pack is not installed");
            continue;
        }
        let clips = place.root.join("fixtures/people");
        let args = [
            "eval",
            "clips",
            &clips.to_string_lossy(),
            "--pack",
            name,
            "--json",
        ];
        steps.log(&step, |log| exact(&tapal(place, env, data, &args, log)?));
    }
    photographs(place, steps, env, data);
    names(place, steps, env, data);
}

/// Pairs of names that people judged: no clear case wrong, and no worse than the goal.
fn names(place: &Place, steps: &mut Steps, env: &[(&str, PathBuf)], data: &Path) {
    let cases = place.root.join("../shared/vectors/names-dev.csv");
    let step = "pairs of names";
    if !cases.is_file() {
        steps.skip(step, "the pairs are not beside the checkout");
        return;
    }
    let args = ["eval", "names", &*cases.to_string_lossy(), "--json"];
    steps.log(step, |log| {
        good_names(&tapal(place, env, data, &args, log)?)
    });
}

fn good_names(json: &str) -> Result<String, String> {
    let number = |key: &str| -> Option<f64> {
        let rest = json.split(&format!("\"{key}\":")).nth(1)?;
        rest.trim_start()
            .split([',', '}', '\n'])
            .next()?
            .trim()
            .parse()
            .ok()
    };
    let (f1, right, total) = (number("f1"), number("strong_right"), number("strong_total"));
    let note = format!("F1 {f1:?}, strong cases {right:?} of {total:?}");
    let good = f1.is_some_and(|f1| f1 >= 0.85) && right.is_some() && right == total;
    if good { Ok(note) } else { Err(note) }
}

/// Pairs of photographs, then lists with listed and unlisted people, against the committed baseline. Without the
/// cache, so that a change of our own code shows.
fn photographs(place: &Place, steps: &mut Steps, env: &[(&str, PathBuf)], data: &Path) {
    let faces = place.root.join("../shared/faces/lfw-dev");
    let pairs = place.root.join("../shared/faces/lfw-dev-pairs.tsv");
    let baseline = place.root.join("models/baseline.json");
    let ready = pack::installed(place, &place.tapal("debug"), data, STANDARD);
    let (faces, pairs) = (faces.to_string_lossy(), pairs.to_string_lossy());
    let evaluations = [
        (
            "pairs of photographs, standard",
            vec!["pairs", &*faces, &*pairs],
        ),
        ("lists of photographs, standard", vec!["search", &*faces]),
    ];
    for (step, what) in evaluations {
        if !Path::new(&*pairs).is_file() || !ready {
            steps.skip(step, "photographs or pack are not beside the checkout");
            continue;
        }
        let baseline = baseline.to_string_lossy();
        let rest = [
            "--pack",
            STANDARD,
            "--no-cache",
            "--json",
            "--check",
            &*baseline,
        ];
        let args = [vec!["eval"], what, rest.to_vec()].concat();
        steps.log(step, |log| {
            tapal(place, env, data, &args, log).map(|_| String::new())
        });
    }
}

/// Runs the program on a data folder; its output is the log, and the result when it succeeds.
pub fn tapal(
    place: &Place,
    env: &[(&str, PathBuf)],
    data: &Path,
    args: &[&str],
    log: &Path,
) -> Result<String, String> {
    let mut command = place.command(place.tapal("debug"));
    command
        .args(args)
        .arg("--data")
        .arg(data)
        .envs(env.iter().map(|(name, value)| (*name, value)));
    let output = command.output().map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let all = format!("{}\n{text}", String::from_utf8_lossy(&output.stderr));
    std::fs::write(log, all).map_err(|e| e.to_string())?;
    if output.status.success() {
        Ok(text)
    } else {
        Err(output.status.to_string())
    }
}

/// Every clip: one alert a watchlisted pass, none for others.
fn exact(json: &str) -> Result<String, String> {
    let numbers = |key: &str| -> Vec<f64> {
        let marker = format!("\"{key}\":");
        let parts = json.split(&marker).skip(1);
        parts
            .filter_map(|part| {
                part.trim_start()
                    .split([',', '}', '\n'])
                    .next()?
                    .trim()
                    .parse()
                    .ok()
            })
            .collect()
    };
    let (rates, false_alerts) = (
        numbers("alerts_per_watchlisted_pass"),
        numbers("false_alerts"),
    );
    let note = format!("alerts per watchlisted pass {rates:?}, false alerts {false_alerts:?}");
    let right = !rates.is_empty()
        && rates.iter().all(|rate| *rate == 1.0)
        && false_alerts.iter().all(|n| *n == 0.0);
    if right { Ok(note) } else { Err(note) }
}

#[cfg(test)]
mod tests {
    use super::{exact, good_names};

    #[test]
    fn a_strong_case_wrong_fails() {
        let told = |f1: &str, right: u32| {
            format!("{{\"f1\": {f1},\n\"strong_right\": {right}, \"strong_total\": 13}}")
        };
        assert!(good_names(&told("0.91", 13)).is_ok());
        assert!(good_names(&told("0.91", 12)).is_err());
        assert!(good_names(&told("0.84", 13)).is_err());
        assert!(good_names("{}").is_err());
    }

    #[test]
    fn only_exactly_one_alert_a_pass_is_right() {
        let json = |rate: &str, wrong: &str| {
            format!(
                "{{\"clips\": [{{\"clip\": \"a\", \"false_alerts\": {wrong}, \"alerts_per_watchlisted_pass\": {rate}}}]}}"
            )
        };
        assert!(exact(&json("1.0", "0")).is_ok());
        assert!(exact(&json("1", "0")).is_ok());
        assert!(exact(&json("0.9", "0")).is_err());
        assert!(exact(&json("1.0", "1")).is_err());
        assert!(exact("{}").is_err());
    }
}
