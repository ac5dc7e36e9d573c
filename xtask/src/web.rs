//! The console's scripts and styles: `npm ci` and the Vite build, each skipped while its inputs are unchanged.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place::Place;
use crate::step::Steps;

/// Folders under web/ that the bundle does not depend on.
const ASIDE: [&str; 4] = ["node_modules", "dist", "test-results", "e2e"];

/// `cargo xtask web`.
pub fn run(place: &Place) -> Result<(), String> {
    let mut steps = Steps::new(&place.work)?;
    crate::machine::prepare(place, &mut steps, &[crate::machine::PIP])?;
    if packages(place, &mut steps) && build(place, &mut steps) {
        return Ok(());
    }
    Err("the console was not built".into())
}

/// An npm command in web/.
pub fn npm(place: &Place, args: &[&str]) -> Command {
    let mut command = place.command("npm");
    command
        .current_dir(place.root.join("web"))
        .env("CI", "true")
        .args(args);
    command
}

/// Installs the locked packages unless they are the installed ones.
pub fn packages(place: &Place, steps: &mut Steps) -> bool {
    let web = place.root.join("web");
    let inputs = hash(&[web.join("package.json"), web.join("package-lock.json")]);
    let stamp = web.join("node_modules/.tapal-packages");
    if fs::read_to_string(&stamp).is_ok_and(|known| known == inputs) {
        return true;
    }
    let quiet = ["ci", "--no-audit", "--no-fund", "--no-progress"];
    steps.run("npm ci", &mut npm(place, &quiet), 10) && fs::write(stamp, inputs).is_ok()
}

/// Bundles into web/dist unless the sources are unchanged.
pub fn build(place: &Place, steps: &mut Steps) -> bool {
    let web = place.root.join("web");
    let mut sources = Vec::new();
    collect(&web, &mut sources);
    sources.sort();
    let inputs = hash(&sources);
    let stamp = web.join("node_modules/.tapal-dist");
    if web.join("dist").is_dir() && fs::read_to_string(&stamp).is_ok_and(|known| known == inputs) {
        return true;
    }
    steps.run("build the web", &mut npm(place, &["run", "build"]), 10)
        && fs::write(stamp, inputs).is_ok()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let aside = path
            .file_name()
            .and_then(|n| n.to_str())
            .is_some_and(|name| ASIDE.contains(&name));
        if path.is_dir() && !aside {
            collect(&path, into);
        } else if path.is_file() {
            into.push(path);
        }
    }
}

fn hash(files: &[PathBuf]) -> String {
    let mut hasher = DefaultHasher::new();
    for path in files {
        hasher.write(path.as_os_str().as_encoded_bytes());
        hasher.write(&fs::read(path).unwrap_or_default());
    }
    format!("{:016x}", hasher.finish())
}
