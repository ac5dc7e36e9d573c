//! Where things are: the checkout, the build output, our working folder. Paths only, nothing is made here
//! except the working folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders xtask works with.
pub struct Place {
    /// The checkout.
    pub root: PathBuf,
    /// Logs, fetched tools, folders of test runs: `target/xtask`.
    pub work: PathBuf,
    /// Cargo's build output, wherever the user keeps it.
    target: PathBuf,
}

impl Place {
    /// Finds the checkout that this xtask belongs to.
    pub fn find() -> Self {
        let manifest = std::env::var("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest)
            .parent()
            .map_or_else(|| PathBuf::from("."), Path::to_path_buf);
        let beside = std::env::current_exe()
            .ok()
            .and_then(|exe| Some(exe.parent()?.parent()?.to_path_buf()));
        let work = root.join("target/xtask");
        Place {
            target: beside.unwrap_or_else(|| root.join("target")),
            root,
            work,
        }
    }

    /// The `tapal` program of a profile: `debug` or `release`.
    pub fn tapal(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join("tapal")
    }

    /// A command that starts in the checkout and finds the tools that we fetched.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", self.path());
        command
    }

    /// `cargo`, the one that runs us.
    pub fn cargo(&self, args: &[&str]) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // What cargo told us about ourselves must not reach the build scripts of others.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command.args(args);
        command
    }

    /// The folder of a node that we fetched because the machine has none; used only when it exists.
    pub fn own_node(&self) -> PathBuf {
        self.work.join("node")
    }

    fn path(&self) -> OsString {
        let given = std::env::var_os("PATH").unwrap_or_default();
        let own = self.own_node().join("shims");
        if !own.is_dir() {
            return given;
        }
        let all = std::iter::once(own).chain(std::env::split_paths(&given));
        std::env::join_paths(all).unwrap_or(given)
    }
}
