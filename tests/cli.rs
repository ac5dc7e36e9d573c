//! The command line as scripts see it: JSON alone on standard output, words on standard error, exit 0 only on
//! success, and errors that say what to do next. No model, network or camera is needed.

#![allow(clippy::unwrap_used, clippy::panic)] // a test says best by panicking what is wrong

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// A data folder of its own, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tapal-cli-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Place(folder)
    }

    /// Runs `tapal` there, without the settings of whoever runs the tests.
    fn tapal(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tapal"));
        let ours = |name: &str| name.starts_with("TAPAL_") || name == "ORT_DYLIB_PATH";
        for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        command
            .args(args)
            .arg("--data")
            .arg(&self.0)
            .output()
            .unwrap()
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        let output = self.tapal(args);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        serde_json::from_str(&text)
            .unwrap_or_else(|e| panic!("tapal {args:?} is not JSON alone: {e}\n{text}"))
    }

    #[track_caller]
    fn refused(&self, args: &[&str], hints: &[&str]) {
        let output = self.tapal(args);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "tapal {args:?} succeeded");
        for hint in hints {
            assert!(
                words.contains(hint),
                "tapal {args:?} does not say `{hint}`:\n{words}"
            );
        }
        assert!(
            output.stdout.is_empty() || serde_json::from_slice::<Value>(&output.stdout).is_ok()
        );
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A folder that stays behind in the system's temporary place harms nothing.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn settings_name_their_source() {
    let place = Place::new("settings");
    fs::write(place.0.join("tapal.toml"), "threads = 2\n").unwrap();
    let shown = place.json(&["config", "show", "--json"]);
    let source = |key: &str| {
        let row = shown
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["key"] == key)
            .unwrap();
        (
            row["value"].as_str().unwrap().to_owned(),
            row["source"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(source("threads"), ("2".into(), "file".into()));
    assert_eq!(source("data").1, "flag");
    assert_eq!(source("engine"), ("auto".into(), "default".into()));
}

#[test]
fn a_wrong_setting_is_an_error_with_the_next_step() {
    let place = Place::new("wrong-setting");
    fs::write(place.0.join("tapal.toml"), "camera = 'rtsp'\n").unwrap();
    place.refused(
        &["config", "show"],
        &["unknown key `camera`", "tapal config show"],
    );
}

#[test]
fn packs_are_listed_before_any_is_installed() {
    let place = Place::new("packs");
    let listed = place.json(&["models", "list", "--json"]);
    let names: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"starter") && names.contains(&"standard"),
        "{names:?}"
    );
    place.refused(
        &["models", "verify"],
        &["no pack is installed", "tapal models list"],
    );
    place.refused(&["models", "install", "standard"], &["--from DIR"]);
    place.refused(&["models", "install", "nobody"], &["nobody"]);
}

#[test]
fn a_file_with_other_bytes_is_refused_and_leaves_nothing() {
    let place = Place::new("other-bytes");
    let files = place.0.join("files");
    fs::create_dir_all(&files).unwrap();
    let card =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/models/models.toml")).unwrap();
    for name in card.split('"').filter(|word| word.ends_with(".onnx")) {
        fs::write(files.join(name), b"not a model").unwrap();
    }
    let from = files.display().to_string();
    place.refused(
        &["models", "install", "standard", "--from", &from],
        &["SHA-256", "Nothing was changed"],
    );
    assert!(
        !place.0.join("models/standard").exists(),
        "a refused pack must not lie there half installed"
    );
}

#[test]
fn the_doctor_says_what_is_missing() {
    let place = Place::new("doctor");
    let report = place.json(&["doctor", "--json"]);
    assert_eq!(report["ok"], false, "without a model pack nothing can run");
    let checks = report["checks"].as_array().unwrap();
    let pack = checks
        .iter()
        .find(|check| check["name"] == "model pack")
        .unwrap();
    assert_eq!(pack["ok"], false);
    assert!(pack["next"].as_str().unwrap().contains("tapal models"));
    assert!(!place.tapal(&["doctor"]).status.success());
}

#[test]
fn administration_needs_a_centre_and_makes_its_first_account() {
    let place = Place::new("admin");
    place.refused(
        &["admin", "audit", "verify"],
        &["holds no centre", "--data"],
    );
    let made = place.tapal(&[
        "admin",
        "account",
        "add",
        "lukman",
        "--role",
        "system_admin",
    ]);
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let password = String::from_utf8(made.stdout).unwrap();
    assert!(
        password.trim().len() >= 12 && password.lines().count() == 1,
        "the password alone is on standard output"
    );
    let verdict = place.json(&["admin", "audit", "verify", "--json"]);
    assert!(
        verdict["rows"].as_i64().unwrap() >= 1,
        "opening an account is in the record"
    );
    assert!(verdict["fault"].is_null());
    let receipts = place.json(&["admin", "audit", "receipts", "--json"]);
    assert_eq!(
        (&receipts["good"], &receipts["bad"]),
        (&Value::from(0), &serde_json::json!([]))
    );
}

#[test]
fn the_demonstration_without_a_pack_says_how_to_get_one() {
    Place::new("no-pack").refused(&["demo", "--port", "0"], &["tapal models install starter"]);
}

#[test]
fn a_background_needs_people_and_is_sealed() {
    let place = Place::new("background");
    let people = place.0.join("people");
    fs::create_dir_all(&people).unwrap();
    let folder = people.to_str().unwrap();
    let args = ["models", "background", folder, "--pack", "stub", "--json"];
    place.refused(&args, &["holds no photographs", "one folder a person"]);
    fs::write(people.join("a.jpg"), b"no picture").unwrap();
    place.refused(&args, &["no photograph could be used", "not_an_image"]);
    place.refused(
        &["models", "background", "nowhere", "--pack", "stub"],
        &["cannot read the folder nowhere"],
    );
}

#[test]
fn a_day_fast_forwarded_shows_a_ban_lapse_at_each_midnight_and_its_receipts() {
    let place = Place::new("fast-forward");
    let output = place.tapal(&["demo", "--fast-forward"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}\n{words}");
    for line in [
        "2023-11-23 00:00:00 WIT   Jayapura: midnight",
        "2023-11-23 00:00:00 WITA  Denpasar: midnight",
        "2023-11-23 00:00:00 WIB   Jakarta: midnight",
        "Denpasar: line to the centre cut",
        "gone from 3 of 3 nodes",
        "Gone from 3 of 3 nodes.",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
    assert_eq!(text.matches("signature of the receipt checked").count(), 3);
}

#[test]
fn documents_from_standard_input_are_a_json_line_each() {
    use std::io::Write as _;
    let specimen = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    let wrong = specimen.replace("L898902C36", "L898902C37");
    let text = format!(
        "\n{specimen}\n\n\n{wrong}\r\n\r\n{}\nnot one\n",
        "x".repeat(5_000)
    );
    let mut child = Command::new(env!("CARGO_BIN_EXE_tapal"))
        .args(["mrz", "parse", "--json", "--on", "2026-11-28"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(found.len(), 3, "{text}");
    assert_eq!(
        (&found[0]["valid"], &found[0]["birth"]),
        (&Value::from(true), &Value::from("1974-08-12"))
    );
    assert_eq!(found[1]["faults"], serde_json::json!(["check_digit"]));
    assert_eq!(found[2]["faults"], serde_json::json!(["size"]));
}
