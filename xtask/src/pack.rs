//! Model packs, through `tapal models install`: xtask knows their names and nothing else about them.

use std::ffi::OsString;
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

/// The data folder that `tapal` will use: `--data`, `TAPAL_DATA` or `data` in the checkout.
pub fn data_folder(place: &Place, args: &[String]) -> PathBuf {
    let mut rest = args.iter();
    let mut given = None;
    while let Some(arg) = rest.next() {
        match arg.strip_prefix("--data") {
            Some("") => given = rest.next().map(OsString::from),
            Some(value) if value.starts_with('=') => given = Some(OsString::from(&value[1..])),
            _ => {}
        }
    }
    place.root.join(
        given
            .or_else(|| std::env::var_os("TAPAL_DATA"))
            .unwrap_or_else(|| "data".into()),
    )
}

/// The folder of installed packs that belongs to a data folder.
pub fn models_folder(data: &Path) -> PathBuf {
    let given = std::env::var_os("TAPAL_MODELS").filter(|value| !value.is_empty());
    given.map_or_else(|| data.join("models"), PathBuf::from)
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
    let data = data_folder(place, args);
    let named: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .take_while(|arg| !arg.starts_with('-'))
        .collect();
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
