//! Tidy: rules about the sources themselves, checked like any other test. Standard library only.
//! Each test names the file and the rule, so that the message alone says what to mend.

#![allow(clippy::unwrap_used, clippy::panic)] // a test says best by panicking what is wrong

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const LONGEST_FILE: usize = 800;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every tracked file, relative to the root; without git, every file that is not made.
fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output();
    if let Ok(output) = listed
        && output.status.success()
    {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let there = |path: &&str| !path.is_empty() && root().join(path).is_file();
        return text.split('\0').filter(there).map(str::to_owned).collect();
    }
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found
}

fn walk(folder: &Path, into: &mut Vec<String>) {
    const MADE: [&str; 6] = [
        ".git",
        "target",
        "node_modules",
        "dist",
        "data",
        "test-results",
    ];
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && !MADE.contains(&name.as_str()) {
            walk(&path, into);
        } else if path.is_file() {
            into.push(
                path.strip_prefix(root())
                    .unwrap()
                    .to_string_lossy()
                    .into_owned(),
            );
        }
    }
}

/// The text of a file, or `None` for pictures, clips and the like.
fn text(path: &str) -> Option<String> {
    String::from_utf8(fs::read(root().join(path)).unwrap()).ok()
}

fn sources() -> Vec<(String, String)> {
    let rust = files().into_iter().filter(|path| path.ends_with(".rs"));
    rust.map(|path| {
        (
            path.clone(),
            text(&path).unwrap_or_else(|| panic!("{path} is not UTF-8")),
        )
    })
    .collect()
}

/// Fails with all complaints at once: mending one at a time is tiresome.
#[track_caller]
fn none(rule: &str, complaints: impl IntoIterator<Item = String>) {
    let list: Vec<String> = complaints.into_iter().collect();
    assert!(list.is_empty(), "{rule}:\n  {}\n", list.join("\n  "));
}

#[test]
fn dependencies_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("domain", &[][..]),
        ("store", &["domain"][..]),
        ("vision", &["domain"]),
        ("gallery", &["domain"]),
        ("names", &[]),
        ("documents", &["domain"]),
        (
            "server",
            &["domain", "store", "vision", "gallery", "names", "documents"],
        ),
        ("lane", &["domain", "vision", "gallery"]),
    ]);
    let manifests = files()
        .into_iter()
        .filter(|p| p.starts_with("crates/") && p.ends_with("Cargo.toml"));
    let mut complaints = Vec::new();
    for path in manifests {
        let name = path.split('/').nth(1).unwrap().to_owned();
        let Some(may) = allowed.get(name.as_str()) else {
            complaints.push(format!(
                "{path}: a new crate; say here and in ARCHITECTURE.md what it may depend on"
            ));
            continue;
        };
        let manifest = text(&path).unwrap();
        let used = manifest
            .lines()
            .filter_map(|line| line.strip_prefix("tapal-"));
        let used = used.filter_map(|rest| rest.split([' ', '.', '=']).next());
        complaints.extend(
            used.filter(|dep| !may.contains(dep))
                .map(|dep| format!("{path} uses tapal-{dep}")),
        );
    }
    none(
        "a crate depends on one it must not know (server and lane meet over HTTP only)",
        complaints,
    );
}

#[test]
fn the_domain_is_pure() {
    let words = [
        "SystemTime",
        "Instant::now",
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::env",
        "rand::",
        "async fn",
    ];
    let domain = sources()
        .into_iter()
        .filter(|(path, _)| path.starts_with("crates/domain/src/"));
    let complaints = domain.flat_map(|(path, source)| {
        let hits = words.iter().filter(move |word| source.contains(**word));
        hits.map(move |word| format!("{path}: {word}"))
            .collect::<Vec<_>>()
    });
    none(
        "domain reads no time, randomness, files or network: take `now` and ids as arguments",
        complaints,
    );
}

#[test]
fn every_file_says_what_it_is_for() {
    let bare = sources()
        .into_iter()
        .filter(|(_, source)| !source.starts_with("//!"));
    none(
        "the first line is a `//!`: what the file is for and what it must not do",
        bare.map(|(path, _)| path),
    );
}

#[test]
fn files_stay_short() {
    let code = |path: &String| {
        [".rs", ".ts", ".css", ".mjs", ".html", ".sql", ".py"]
            .iter()
            .any(|end| path.ends_with(end))
    };
    let long = files().into_iter().filter(code).filter_map(|path| {
        let lines = text(&path)?.lines().count();
        (lines > LONGEST_FILE).then(|| format!("{path}: {lines} lines"))
    });
    none("at most 800 lines a file; split it by noun", long);
}

#[test]
fn modules_are_nouns_of_the_trade() {
    let vague = [
        "common", "utils", "util", "helpers", "helper", "manager", "service", "misc",
    ];
    let named = files().into_iter().filter(|path| {
        path.split('/')
            .any(|part| vague.contains(&part.split('.').next().unwrap_or(part)))
    });
    none("a name that says nothing: use the officer's noun", named);
}

#[test]
fn nothing_names_a_registry_or_a_machine() {
    // Written in halves so that this file passes its own test.
    let halves = [
        ("static.", "crates.io"),
        ("index.", "crates.io"),
        ("pypi", ".org"),
        ("pythonhosted", ".org"),
        ("registry.", "npmjs"),
        ("registry.", "yarnpkg"),
        ("deb.", "debian.org"),
        ("security.", "debian.org"),
        ("/wo", "rk/"),
        ("/fa", "rm/"),
        ("/tmp/", "tapal/"),
        ("/root", "/"),
        ("/home", "/"),
    ];
    let words: Vec<String> = halves.iter().map(|(a, b)| format!("{a}{b}")).collect();
    let complaints = files()
        .into_iter()
        .filter(|path| path != "Cargo.lock")
        .flat_map(|path| {
            let lines = text(&path).unwrap_or_default();
            let hit = |(at, line): (usize, &str)| {
                let word = words.iter().find(|word| line.contains(word.as_str()))?;
                Some(format!("{path}:{}: {word}", at + 1))
            };
            lines
                .lines()
                .enumerate()
                .filter_map(hit)
                .collect::<Vec<_>>()
        });
    none(
        "a registry's host or a path of somebody's machine",
        complaints,
    );
}

#[test]
fn the_project_stands_alone() {
    let neighbour = format!("..{}shared", '/');
    let may = |path: &str| {
        path.contains("tests")
            || path.contains("eval")
            || path.contains("/examples/")
            || path == "xtask/src/accuracy.rs"
    };
    let complaints = files().into_iter().filter(|path| !may(path));
    let complaints = complaints.filter(|path| text(path).is_some_and(|t| t.contains(&neighbour)));
    none(
        "only tests and evaluation may look beside the checkout",
        complaints,
    );
}

#[test]
fn readme_starts_with_the_two_commands() {
    let readme = text("README.md").unwrap();
    let block = readme.split("```").nth(1).unwrap_or_default();
    let commands: Vec<&str> = block
        .lines()
        .skip(1)
        .map(|line| line.split('#').next().unwrap().trim())
        .collect();
    assert_eq!(
        &commands[..2],
        ["cargo xtask demo", "cargo xtask test"],
        "README.md: the first code block is the two commands"
    );
}

#[test]
fn fixtures_say_where_they_come_from() {
    let all = files();
    let folders: BTreeSet<&str> = all
        .iter()
        .filter_map(|p| p.strip_prefix("fixtures/")?.split_once('/'))
        .map(|(f, _)| f)
        .collect();
    let bare = folders
        .into_iter()
        .filter(|folder| !all.contains(&format!("fixtures/{folder}/SOURCE.md")));
    none(
        "each folder of fixtures has a SOURCE.md",
        bare.map(|folder| format!("fixtures/{folder}")),
    );
}

#[test]
fn both_languages_say_the_same_things() {
    let keys = |language: &str| -> BTreeSet<String> {
        let folder = format!("crates/server/locales/{language}/");
        let own = files()
            .into_iter()
            .filter(|p| p.starts_with(&folder) && p.ends_with(".ftl"));
        own.flat_map(|path| messages(&text(&path).unwrap()))
            .collect()
    };
    let (id, en) = (keys("id"), keys("en"));
    let missing = |there: &BTreeSet<String>, here: &BTreeSet<String>, language: &'static str| {
        there
            .difference(here)
            .map(|key| format!("{key} is missing in {language}"))
            .collect::<Vec<_>>()
    };
    none(
        "Indonesian and English have the same keys",
        [missing(&en, &id, "id"), missing(&id, &en, "en")].concat(),
    );
}

/// Keys of a Fluent file; attributes as `key.attribute`.
fn messages(source: &str) -> Vec<String> {
    let mut current = String::new();
    let mut found = Vec::new();
    for line in source.lines() {
        let Some((left, _)) = line.split_once('=') else {
            continue;
        };
        let name = left.trim();
        let plain = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        };
        if line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '-') && plain(name) {
            current = name.to_owned();
            found.push(current.clone());
        } else if line.starts_with(' ') && name.strip_prefix('.').is_some_and(plain) {
            found.push(format!("{current}{name}"));
        }
    }
    found
}

#[test]
fn design_notes_have_a_status() {
    let notes = files()
        .into_iter()
        .filter(|path| path.starts_with("docs/design/") && path.ends_with(".md"));
    let bare = notes.filter(|path| {
        !text(path)
            .unwrap()
            .lines()
            .take(6)
            .any(|line| line.starts_with("Status:"))
    });
    none("a design note says `Status:` in its first lines", bare);
}

#[test]
fn design_notes_are_in_the_index() {
    let index = text("docs/design/README.md").unwrap();
    let notes = files()
        .into_iter()
        .filter_map(|path| path.strip_prefix("docs/design/").map(str::to_owned));
    let bare = notes.filter(|name| {
        name.ends_with(".md") && name != "README.md" && !index.contains(&format!("({name})"))
    });
    none("docs/design/README.md lists every note", bare);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let documents = files().into_iter().filter(|path| path.ends_with(".md"));
    let complaints = documents.flat_map(|path| {
        let folder = root().join(&path).parent().unwrap().to_owned();
        let source = text(&path).unwrap();
        let targets = source
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next());
        let dead = targets.filter(|target| {
            !target.is_empty() && !target.contains(':') && !folder.join(target).exists()
        });
        dead.map(|target| format!("{path} -> {target}"))
            .collect::<Vec<_>>()
    });
    none("a link to a file that is not there", complaints);
}

#[test]
fn locked_web_packages_name_no_host() {
    let lock = text("web/package-lock.json").unwrap_or_default();
    assert!(
        !lock.contains("\"resolved\""),
        "web/package-lock.json names hosts: run npm with omit-lockfile-registry-resolved=true"
    );
}

#[test]
fn faces_and_secrets_are_not_printable() {
    let private = [
        "Template",
        "Crop",
        "Frame",
        "Portrait",
        "Probe",
        "Person",
        "Password",
        "Secret",
        "SigningKey",
    ];
    let complaints = sources()
        .into_iter()
        .filter(|(path, _)| path.starts_with("crates/") && path.contains("/src/"))
        .flat_map(|(path, source)| {
            let lines: Vec<&str> = source.lines().collect();
            let derived = |at: usize| {
                let above = lines[..at]
                    .iter()
                    .rev()
                    .take_while(|line| line.trim_start().starts_with(['#', '/']));
                above
                    .clone()
                    .any(|line| line.contains("derive(") && line.contains("Debug"))
            };
            let named = |line: &str| {
                private.iter().any(|name| {
                    line.trim_start()
                        .starts_with(&format!("pub struct {name} "))
                })
            };
            let hits = (0..lines.len()).filter(|at| named(lines[*at]) && derived(*at));
            hits.map(|at| format!("{path}:{}: {}", at + 1, lines[at].trim()))
                .collect::<Vec<_>>()
        });
    none(
        "no derived Debug on what holds a face, a name or a secret: write one that redacts",
        complaints,
    );
}
