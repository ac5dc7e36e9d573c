//! Model packs, through `tapal models install`: xtask knows their names and nothing else about them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::{COMPILER, PIP, prepare};
use crate::place::Place;
use crate::process::ask;
use crate::step::Steps;

/// The pack that comes through ordinary package clients.
pub const STARTER: &str = "starter";
/// The pack an operator installs with licensed files at hand.
pub const STANDARD: &str = "standard";

/// The data folder of this checkout's own `tapal`: `TAPAL_DATA`, or `data`. Packs and accelerator lie there, and
/// the demonstration, whose data are a folder of their own, uses them too.
pub fn data_folder(place: &Place) -> PathBuf {
    place
        .root
        .join(std::env::var_os("TAPAL_DATA").unwrap_or_else(|| "data".into()))
}

/// The folder of installed packs that belongs to a data folder.
pub fn models_folder(data: &Path) -> PathBuf {
    std::env::var_os("TAPAL_MODELS").map_or_else(|| data.join("models"), PathBuf::from)
}

/// Where packs and accelerator are, for a `tapal` that runs on another data folder. What the user says wins.
pub fn environment(data: &Path) -> Vec<(&'static str, PathBuf)> {
    let mut all = vec![("TAPAL_MODELS", models_folder(data))];
    if let Some(library) = crate::accelerator::library(data) {
        all.push(("TAPAL_ORT_LIBRARY", library));
    }
    all.retain(|(name, _)| std::env::var_os(name).is_none());
    all
}

/// Whether a pack lies in the data folder and `tapal` finds its files right.
pub fn installed(place: &Place, tapal: &Path, data: &Path, pack: &str) -> bool {
    let mut verify = place.command(tapal);
    verify.args(["models", "verify", pack, "--data"]).arg(data);
    models_folder(data).join(pack).is_dir() && ask(&mut verify).is_some()
}

/// `tapal models install PACK`.
pub fn install(
    place: &Place,
    tapal: &Path,
    data: &Path,
    pack: &str,
    from: Option<&Path>,
) -> Command {
    let mut command = place.command(tapal);
    command
        .args(["models", "install", pack, "--data"])
        .arg(data);
    if let Some(folder) = from {
        command.arg("--from").arg(folder);
    }
    command
}

/// `cargo xtask models [pack..]`.
pub fn run(place: &Place, args: &[String]) -> Result<(), String> {
    let mut steps = Steps::new(&place.work)?;
    prepare(place, &mut steps, &[COMPILER, PIP])?;
    if !steps.run(
        "build tapal (release)",
        &mut place.cargo(&["build", "--release", "--package", "tapal"]),
        60,
    ) {
        return Err("tapal was not built".into());
    }
    let data = data_folder(place);
    let named: Vec<&str> = args.iter().map(String::as_str).collect();
    let packs = if named.is_empty() {
        vec![STARTER]
    } else {
        named
    };
    for pack in packs {
        if !steps.run(
            &format!("install the pack {pack}"),
            &mut install(place, &place.tapal("release"), &data, pack, None),
            15,
        ) {
            return Err(format!("the pack {pack} was not installed"));
        }
    }
    Ok(())
}
