//! Fetches the two packages with the machine's own clients, `npm` and `pip`, and reads their archives.
//! Packages are asked for by name and version; where they come from is the clients' configuration.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::StarterError;
use crate::pack::sha256;

/// A package that carries models.
#[derive(Debug, Clone, Copy)]
pub(super) struct Package {
    /// What people call it.
    pub(super) title: &'static str,
    /// The archive its client writes.
    pub(super) archive: &'static str,
    /// SHA-256 of the archive.
    sha256: &'static str,
    /// Its size: no larger file is read.
    bytes: u64,
    /// Programs that can fetch it, in order of preference, each with its first arguments.
    clients: &'static [(&'static str, &'static [&'static str])],
    /// The rest of the command, before the folder.
    arguments: &'static [&'static str],
    /// How Debian installs the client.
    install: &'static str,
}

/// MTCNN's three nets.
pub(super) const FACENET_PYTORCH: Package = Package {
    title: "facenet-pytorch 2.6.0 (PyPI)",
    archive: "facenet_pytorch-2.6.0-py3-none-any.whl",
    sha256: "ecb82b27beb226d106f2219efe8f829b01b87a8595badd01545679bdb9f19cca",
    bytes: 1_881_930,
    clients: &[("pip3", &[]), ("python3", &["-m", "pip"])],
    arguments: &[
        "download",
        "facenet-pytorch==2.6.0",
        "--no-deps",
        "--disable-pip-version-check",
        "--dest",
    ],
    install: "apt-get install python3-pip",
};

/// The recognition network.
pub(super) const FACE_API: Package = Package {
    title: "@vladmandic/face-api 1.7.15 (npm)",
    archive: "vladmandic-face-api-1.7.15.tgz",
    sha256: "0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
    bytes: 12_677_476,
    clients: &[("npm", &[])],
    arguments: &[
        "pack",
        "@vladmandic/face-api@1.7.15",
        "--ignore-scripts",
        "--pack-destination",
    ],
    install: "apt-get install npm",
};

impl Package {
    /// The command a person would type to fetch the archive into `folder`.
    pub(super) fn command(&self, folder: &str) -> String {
        let (program, first) = self.clients[0];
        let words = [program]
            .into_iter()
            .chain(first.iter().chain(self.arguments).copied());
        words.chain([folder]).collect::<Vec<_>>().join(" ")
    }

    /// Runs the client; the archive then lies in `folder`.
    pub(super) fn fetch(&self, folder: &Path) -> Result<(), StarterError> {
        for (program, first) in self.clients {
            let mut child = Command::new(program);
            child
                .args(*first)
                .args(self.arguments)
                // Its own folder, so that a relative path is not taken twice.
                .arg(".")
                .current_dir(folder)
                .stdin(Stdio::null());
            let ended = match child.output() {
                Ok(ended) => ended,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                Err(e) => return Err(self.failed(folder, e.to_string())),
            };
            let words = String::from_utf8_lossy(&ended.stderr);
            if ended.status.success() {
                return Ok(());
            }
            if !words.contains("No module named pip") {
                return Err(self.failed(folder, last_lines(&words)));
            }
        }
        let (client, install) = (self.clients[0].0, self.install);
        Err(StarterError::ClientMissing {
            client,
            install,
            command: self.command("."),
        })
    }

    fn failed(&self, folder: &Path, why: String) -> StarterError {
        StarterError::ClientFailed {
            command: self.command(&folder.display().to_string()),
            why,
        }
    }

    /// The archive's bytes out of `folder`, checked against the pinned hash.
    pub(super) fn read(&self, folder: &Path) -> Result<Vec<u8>, StarterError> {
        let path = folder.join(self.archive);
        if !path.is_file() {
            let command = self.command(".");
            return Err(StarterError::PackageMissing {
                folder: folder.to_owned(),
                file: self.archive,
                command,
            });
        }
        let file = fs::File::open(&path).map_err(StarterError::io(&path))?;
        let mut bytes = Vec::new();
        file.take(self.bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(StarterError::io(&path))?;
        let found = sha256(&bytes);
        if found != self.sha256 {
            let (file, wanted) = (self.archive.to_owned(), self.sha256.to_owned());
            return Err(StarterError::WrongHash {
                file,
                found,
                wanted,
            });
        }
        Ok(bytes)
    }
}

/// The end of what a client said: enough to act on, not a page.
fn last_lines(words: &str) -> String {
    let lines = words
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>();
    let text = lines[lines.len().saturating_sub(3)..].join("; ");
    text.chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Package = Package {
        clients: &[("tapal-no-such-client", &[])],
        ..FACE_API
    };
    const FAILING: Package = Package {
        clients: &[("sh", &["-c", "echo one >&2; echo no network >&2; exit 3"])],
        ..FACE_API
    };

    #[test]
    fn each_failure_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let check = |error: StarterError, words: &[&str]| {
            let text = error.to_string();
            assert!(words.iter().all(|w| text.contains(w)), "{text}");
        };
        check(
            NOBODY.fetch(folder.path()).unwrap_err(),
            &["not installed", "apt-get install npm", "--from"],
        );
        check(
            FAILING.fetch(folder.path()).unwrap_err(),
            &["one; no network", "--from"],
        );
        check(
            FACE_API.read(folder.path()).unwrap_err(),
            &[
                "holds no vladmandic-face-api-1.7.15.tgz",
                "npm pack @vladmandic/face-api@1.7.15",
            ],
        );
        fs::write(folder.path().join(FACE_API.archive), b"not it").unwrap();
        check(
            FACE_API.read(folder.path()).unwrap_err(),
            &["0d77fffe", "fetch it again"],
        );
    }
}
