//! A gallery as one file, so that a node with a long list is ready again within seconds. The file holds biometrics: it
//! is sealed piece by piece with the caller's key, and there is no way to write it unsealed. Must not keep a key.
//!
//! Layout, little-endian: head (magic, version, length of the head, values a template, rows, bytes a seal adds, time, model,
//! build, CRC-32), the seal of the head, then pieces of up to 1,024 rows: sealed owners and exact values, and the CRC-32
//! of the sealed bytes. The codes are not kept: they are made again faster than they could be opened.

mod head;
mod load;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use tapal_domain::time::UtcMs;

use crate::GalleryError;

pub use load::load;
pub use write::write;

/// Seals or opens a piece in place, bound to the place given (the head of the file and the number of the piece).
/// Sealing adds the same number of bytes to every piece; opening takes them away. `false`: it could not be done.
pub type Seal<'a> = &'a (dyn Fn(&[u8], &mut Vec<u8>) -> bool + Sync);

/// Told how many templates are done, from any thread.
pub type Progress<'a> = &'a (dyn Fn(u64) + Sync);

/// What a snapshot says about itself besides its templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// What made the templates besides the model, such as the program's version; at most 128 bytes.
    pub build: String,
    /// When it was written.
    pub made_at: UtcMs,
}

/// Why a snapshot could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The disk said no.
    #[error("{path}: {cause}. Check that the folder exists, may be written and has room")]
    Io {
        /// Where.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// Something else, or a version this program does not know.
    #[error("{path} is not a snapshot this version can read; fetch the list again from the centre")]
    Foreign {
        /// Where.
        path: PathBuf,
    },
    /// Cut off, or bytes have changed.
    #[error("{path} is damaged ({what}); remove it and fetch the list again from the centre")]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What was wrong.
        what: &'static str,
    },
    /// Written with another key, or changed on purpose.
    #[error("{path} could not be opened with this key: it belongs to another node or was changed")]
    Sealed {
        /// Where.
        path: PathBuf,
    },
    /// It could not be sealed, so it was not written.
    #[error("{path} was not written: the templates could not be sealed")]
    NotSealed {
        /// Where.
        path: PathBuf,
    },
    /// Another model, or no memory.
    #[error(transparent)]
    Gallery(#[from] GalleryError),
}

impl SnapshotError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> SnapshotError + '_ {
        move |cause| SnapshotError::Io {
            path: path.to_owned(),
            cause,
        }
    }

    fn damaged(path: &Path, what: &'static str) -> SnapshotError {
        SnapshotError::Damaged {
            path: path.to_owned(),
            what,
        }
    }
}
