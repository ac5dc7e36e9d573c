//! `tapal eval names` and `tapal bench names` as scripts see them: JSON with the promised fields, errors that say what to
//! do. The pairs here are invented; the real development file is used where it lies beside the checkout.

#![allow(clippy::unwrap_used, clippy::panic)] // a test says best by panicking what is wrong

use std::{fs, path::Path, process::Command};

use serde_json::Value;

fn tapal(args: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tapal"))
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn json(args: &[&str]) -> Value {
    let (_, out, err) = tapal(args);
    serde_json::from_str(&out)
        .unwrap_or_else(|e| panic!("tapal {args:?} is not JSON alone: {e}\n{out}{err}"))
}

/// A file that is gone when the test is.
struct Cases(std::path::PathBuf);

impl Cases {
    fn new(name: &str, text: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("tapal-names-{name}-{}.csv", std::process::id()));
        fs::write(&path, text).unwrap();
        Cases(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Cases {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
}

#[test]
fn the_promised_fields_are_there() {
    let cases = Cases::new(
        "good",
        "quality,name1,name2,is_match\nSTRONG,Soerjatmadja,Suryatmaja,true\nSTRONG,Fajrin Sadewa,\"SADEWA, Fajrin\",true\n\
         MEDIUM,Fajrin Sadewa,Fajrin Mahendra,false\nWEAK,Suharsono Jaya,Fajrin Mahendra,true\n",
    );
    let report = json(&["eval", "names", cases.path(), "--json"]);
    assert_eq!(
        (
            report["strong_right"].as_u64(),
            report["strong_total"].as_u64()
        ),
        (Some(2), Some(2))
    );
    assert_eq!(
        (report["precision"].as_f64(), report["n"].as_u64()),
        (Some(1.0), Some(4))
    );
    assert!((report["recall"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9);
    assert!((report["f1"].as_f64().unwrap() - 0.8).abs() < 1e-9);
    assert_eq!(report["threshold"].as_f64(), Some(0.5));
    assert!(report["cpu_us_per_pair"].as_f64().is_some());
    let (good, out, err) = tapal(&["eval", "names", cases.path(), "--errors"]);
    assert!(
        good && out.contains("F1") && !out.contains("Fajrin"),
        "{out}"
    );
    assert!(
        err.contains("missed: Suharsono Jaya") && err.contains("other_part"),
        "{err}"
    );
}

#[test]
fn a_bad_file_is_an_error_that_says_what_to_do() {
    let refused = |path: &str, hint: &str| {
        let (good, out, err) = tapal(&["eval", "names", path, "--json"]);
        assert!(!good && out.is_empty() && err.contains(hint), "{err}");
    };
    refused("nowhere.csv", "cannot read nowhere.csv");
    refused(
        Cases::new("header", "a,b\n1,2\n").path(),
        "no column `name1`",
    );
    let row = Cases::new(
        "row",
        "name1,name2,is_match,quality\nFajrin,Fajrin,perhaps,WEAK\n",
    );
    refused(
        row.path(),
        "line 2: is_match is `perhaps`; write true or false",
    );
}

#[test]
fn a_small_bench_reports_every_kind() {
    let report = json(&["bench", "names", "--n", "2000", "--queries", "10", "--json"]);
    assert_eq!(report["kinds"].as_array().unwrap().len(), 6);
    for field in ["build_s", "bytes_per_name", "p50_ms", "p99_ms"] {
        assert!(report[field].as_f64().is_some(), "{field}");
    }
    assert!(report["blocking"]["recall"].as_f64().unwrap() > 0.9);
    assert!(
        tapal(&["bench", "names", "--n", "0"])
            .2
            .contains("--n 1000000")
    );
}

/// The acceptance figure, where the file is.
#[test]
fn the_development_pairs_reach_their_goal() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/names-dev.csv");
    if !file.exists() {
        eprintln!("skipped: no development pairs beside the checkout");
        return;
    }
    let report = json(&["eval", "names", file.to_str().unwrap(), "--json"]);
    assert!(report["f1"].as_f64().unwrap() >= 0.85, "{report}");
    assert_eq!(report["strong_right"], report["strong_total"], "{report}");
}
