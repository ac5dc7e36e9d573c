//! Fetches a pinned binary package through pip and unpacks it. pip itself checks the SHA-256, so a changed
//! file is refused; the Python that runs pip decides nothing, because platform and version are given.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::place::Place;

/// One package at one version, with the hash of its file for each kind of machine we know.
pub struct Wheel {
    /// The package's name.
    pub name: &'static str,
    /// The exact version.
    pub version: &'static str,
    /// Tags of the Python it is built for, as pip spells them: version, implementation, ABI.
    pub python: Option<[&'static str; 3]>,
    /// Machine (`std::env::consts::ARCH`), platform tag, SHA-256.
    pub files: &'static [(&'static str, &'static str, &'static str)],
}

/// Downloads and unpacks the package into a fresh folder under `work`; gives that folder.
/// The caller moves out what it wants and removes the rest.
pub fn fetch(place: &Place, wheel: &Wheel, log: &Path) -> Result<PathBuf, String> {
    let arch = std::env::consts::ARCH;
    let known = wheel
        .files
        .iter()
        .find(|(name, ..)| *name == arch && cfg!(target_os = "linux"));
    let (_, platform, sha256) =
        known.ok_or_else(|| format!("no {} package is pinned for {arch}", wheel.name))?;
    let folder = place.work.join(format!("fetch-{}", wheel.name));
    let fail = |e: std::io::Error| format!("{}: {e}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(fail)?;
    }
    fs::create_dir_all(&folder).map_err(fail)?;
    let pinned = folder.join("pinned.txt");
    fs::write(
        &pinned,
        format!("{}=={} --hash=sha256:{sha256}\n", wheel.name, wheel.version),
    )
    .map_err(fail)?;
    let mut pip = place.command("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
    ]);
    pip.args(["--platform", platform, "--dest"])
        .arg(&folder)
        .arg("--requirement")
        .arg(&pinned);
    if let Some([version, implementation, abi]) = wheel.python {
        pip.args([
            "--python-version",
            version,
            "--implementation",
            implementation,
            "--abi",
            abi,
        ]);
    }
    logged(&mut pip, log)
        .map_err(|why| format!("pip download {}=={}: {why}", wheel.name, wheel.version))?;
    let archive = fs::read_dir(&folder)
        .map_err(fail)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .ok_or("pip fetched no wheel")?;
    let unpacked = folder.join("unpacked");
    logged(
        place
            .command("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(&archive)
            .arg(&unpacked),
        log,
    )?;
    Ok(unpacked)
}

/// Runs a command with its output added to the log.
fn logged(command: &mut Command, log: &Path) -> Result<(), String> {
    let file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .map_err(|e| e.to_string())?;
    let second = file.try_clone().map_err(|e| e.to_string())?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(second)
        .status()
        .map_err(|e| e.to_string())?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{status}"))
    }
}
