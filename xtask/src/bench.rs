//! Small runs of `tapal bench`: they show that the measurements work and that the search is exact. Their times are
//! never judged: a shared machine may be slow.

use std::path::{Path, PathBuf};

use crate::accuracy::tapal;
use crate::pack::{self, STARTER};
use crate::place::Place;
use crate::step::Steps;

/// Runs them.
pub fn test(place: &Place, steps: &mut Steps, env: &[(&str, PathBuf)], data: &Path) {
    let mut peers = place.command("python3");
    peers.args(["-m", "compileall", "-q", "tests/peers"]);
    steps.run("peers are Python", &mut peers, 1);
    let small = ["bench", "search", "--n", "20000", "--rounds", "2", "--json"];
    steps.log("bench search, small", |log| {
        identical(&tapal(place, env, data, &small, log)?)
    });
    if !pack::installed(place, &place.tapal("debug"), data, STARTER) {
        for name in ["bench alerts, small", "bench video, small"] {
            steps.skip(name, "the pack is not installed");
        }
        return;
    }
    let few =
        "bench alerts --pack starter --consoles 20 --sites 2 --alerts 2 --every-ms 500 --json";
    let few: Vec<&str> = few.split(' ').collect();
    steps.log("bench alerts, small", |log| {
        let told = tapal(place, env, data, &few, log)?;
        let all = told.contains("\"deliveries\": 20") && told.contains("\"deliveries_due\": 20");
        all.then(String::new)
            .ok_or("not every console was told".into())
    });
    let clip = place.root.join("fixtures/people/clips/checkpoint_a.mp4");
    let clip = clip.to_string_lossy();
    let video = ["bench", "video", &*clip, "--pack", STARTER, "--json"];
    steps.log("bench video, small", |log| {
        tapal(place, env, data, &video, log).map(|_| String::new())
    });
}

/// Every probe got the answer of a plain f32 scan.
fn identical(json: &str) -> Result<String, String> {
    let shares: Vec<&str> = json
        .split("_identical\":")
        .skip(1)
        .filter_map(|part| part.split([',', '}', '\n']).next())
        .map(str::trim)
        .collect();
    let right = !shares.is_empty()
        && shares
            .iter()
            .all(|share| share.parse::<f64>().is_ok_and(|share| share == 1.0));
    right
        .then(|| format!("{} shares of 1", shares.len()))
        .ok_or(format!("not identical to f32: {shares:?}"))
}

#[cfg(test)]
mod tests {
    use super::identical;

    #[test]
    fn one_probe_with_another_answer_fails() {
        assert!(identical("{\"top1_identical\": 1.0, \"topk_identical\":1\n}").is_ok());
        assert!(identical("{\"top1_identical\": 0.98, \"topk_identical\": 1.0}").is_err());
        assert!(identical("{}").is_err());
    }
}
