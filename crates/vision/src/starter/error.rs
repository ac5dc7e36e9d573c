//! What can go wrong while the starter pack is fetched and converted, in words for an operator.
//! It carries no bytes of what was read.

use std::path::PathBuf;

/// Why the starter pack was not installed. Nothing of a failed installation stays behind.
#[derive(Debug, thiserror::Error)]
pub enum StarterError {
    /// A package client is not installed.
    #[error(
        "`{client}` is not installed, so the starter pack's packages cannot be fetched. Run `{install}` as root, or run `{command}` on another machine and give the folder with `--from`"
    )]
    ClientMissing {
        /// The program looked for.
        client: &'static str,
        /// How Debian installs it.
        install: &'static str,
        /// The command that would have run.
        command: String,
    },
    /// A package client ran and failed.
    #[error(
        "`{command}` failed: {why}. Check the network or the registry's settings, or run it on another machine and give the folder with `--from`"
    )]
    ClientFailed {
        /// The command that ran.
        command: String,
        /// Its last words, shortened.
        why: String,
    },
    /// A package archive is not in the folder given.
    #[error("{folder} holds no {file}. Run `{command}` there first")]
    PackageMissing {
        /// Where it was looked for.
        folder: PathBuf,
        /// The archive's name.
        file: &'static str,
        /// The command that fetches it.
        command: String,
    },
    /// A file's SHA-256 is not the pinned one.
    #[error(
        "{file} has SHA-256 {found}, but {wanted} is pinned: it is damaged or was changed. Delete it and fetch it again"
    )]
    WrongHash {
        /// Which file.
        file: String,
        /// Its hash.
        found: String,
        /// The pinned hash.
        wanted: String,
    },
    /// A file is not in the format its name promises.
    #[error("the {what} cannot be read: {why}. Fetch the package again")]
    Format {
        /// Which kind of file.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// A file or folder could not be read or written.
    #[error("{path}: {cause}")]
    Io {
        /// Which path.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// The converted files could not be installed as a pack.
    #[error(transparent)]
    Pack(#[from] crate::pack::PackError),
}

impl StarterError {
    pub(super) fn format(what: impl Into<String>, why: impl Into<String>) -> Self {
        StarterError::Format {
            what: what.into(),
            why: why.into(),
        }
    }

    pub(super) fn truncated(what: &str) -> Self {
        StarterError::format(what, "it ends too early")
    }

    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |cause| StarterError::Io { path, cause }
    }
}
