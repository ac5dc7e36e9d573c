//! Model packs: a detector, a recogniser and their card, checked by hash before a byte of them is used.
//! Files are read and verified here; running them is `engine`'s work, fetching them `install`'s.

mod card;
mod fetch;
mod install;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use card::{Card, Channels, ModelFile, Preprocessing, Role, Thresholds, built_in};
pub use fetch::Source;
pub use install::{
    FileCheck, FileState, Info, Installed, Listed, Progress, State, add, info, install, list,
    place, verify,
};

use crate::engine::EngineError;

/// No model file may be larger: a face model is a few tens of megabytes.
const LARGEST_FILE: u64 = 512 << 20;

/// Why a pack cannot be used or installed. Every text says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// No such pack.
    #[error(
        "there is no pack `{0}`. `tapal models list` shows the packs; `tapal models add CARD.toml` adds one"
    )]
    Unknown(String),
    /// Known, but its files are not here.
    #[error(
        "the pack `{pack}` is not installed ({missing} is missing). Run `tapal models install {pack} --from DIR`, DIR holding its files"
    )]
    NotInstalled {
        /// The pack.
        pack: String,
        /// The first missing file.
        missing: String,
    },
    /// The place given holds no such file.
    #[error(
        "{place} does not hold {file}, which the pack `{pack}` needs. Nothing was installed; add the file and run the command again"
    )]
    NotInSource {
        /// The pack.
        pack: String,
        /// The file.
        file: String,
        /// The folder, archive or address.
        place: String,
    },
    /// The bytes are not the ones the card pins.
    #[error(
        "{file} is not the file the pack `{pack}` pins: SHA-256 {found}, wanted {wanted} ({bytes} bytes, wanted {wanted_bytes}). It is truncated, altered or another version. Nothing was changed; fetch it again and run `tapal models install {pack} --from DIR`"
    )]
    WrongHash {
        /// The pack.
        pack: String,
        /// The file.
        file: String,
        /// What it hashes to.
        found: String,
        /// What the card pins.
        wanted: String,
        /// Its size.
        bytes: u64,
        /// The pinned size.
        wanted_bytes: u64,
    },
    /// The card contradicts itself or cannot be read.
    #[error("the card cannot be used: {0}. Correct the card and run the command again")]
    Card(String),
    /// Reading or writing failed.
    #[error("{path}: {cause}. Check that the path exists, may be read and written, and has room")]
    Io {
        /// Where.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// Fetching failed.
    #[error(
        "{place} could not be fetched: {cause}. Fetch the files on another machine and use `--from DIR`"
    )]
    Fetch {
        /// The address.
        place: String,
        /// What the client said.
        cause: String,
    },
    /// The engine refused the model, or the model does not do what the card says.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl PackError {
    /// An [`PackError::Io`] about `path`.
    pub fn io(path: &Path, cause: impl ToString) -> Self {
        PackError::Io {
            path: path.to_owned(),
            cause: cause.to_string(),
        }
    }
}

/// An installed pack, its files read and verified.
pub struct Pack {
    card: Arc<Card>,
    files: Vec<(Role, Arc<[u8]>)>,
}

impl Pack {
    /// Opens an installed pack: reads the card, reads every file, compares each SHA-256. Shapes are proved
    /// by running each network once, in [`crate::Analyser::new`]. `stub` opens [`Pack::stub`].
    pub fn open(models_dir: &Path, name: &str) -> Result<Pack, PackError> {
        if name == crate::stub::NAME {
            return Ok(Pack::stub());
        }
        let card = find_card(models_dir, name)?;
        let folder = models_dir.join(&card.name);
        let mut files = Vec::with_capacity(card.files.len());
        for file in &card.files {
            let path = folder.join(&file.name);
            if !path.is_file() {
                return Err(PackError::NotInstalled {
                    pack: card.name,
                    missing: file.name.clone(),
                });
            }
            let bytes = read_limited(&path)?;
            check_hash(&card.name, file, &bytes)?;
            files.push((file.role, Arc::from(bytes)));
        }
        Ok(Pack {
            card: Arc::new(card),
            files,
        })
    }

    /// A tiny pack made by us, always there: its detector finds strongly coloured patches, its recogniser
    /// projects a shrunken crop at random but always the same way. For tests only.
    pub fn stub() -> Pack {
        crate::stub::pack()
    }

    pub(crate) fn from_parts(card: Card, files: Vec<(Role, Arc<[u8]>)>) -> Pack {
        Pack {
            card: Arc::new(card),
            files,
        }
    }

    /// What the pack is and how its models are used.
    pub fn card(&self) -> &Card {
        &self.card
    }

    pub(crate) fn shared_card(&self) -> Arc<Card> {
        self.card.clone()
    }

    /// The bytes of the files with this role, in the card's order.
    pub fn files(&self, role: Role) -> Vec<Arc<[u8]>> {
        self.files
            .iter()
            .filter(|(r, _)| *r == role)
            .map(|(_, bytes)| bytes.clone())
            .collect()
    }
}

impl std::fmt::Debug for Pack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pack({}, {})", self.card.name, self.card.model_id)
    }
}

/// The card of a built-in or added pack.
pub(crate) fn find_card(models_dir: &Path, name: &str) -> Result<Card, PackError> {
    if let Some(card) = built_in()?.into_iter().find(|c| c.name == name) {
        return Ok(card);
    }
    let path = models_dir.join(name).join(card::FILE_NAME);
    if !card::is_plain_name(name) || !path.is_file() {
        return Err(PackError::Unknown(name.to_owned()));
    }
    let text = fs::read_to_string(&path).map_err(|e| PackError::io(&path, e))?;
    Card::parse(&text)
}

/// Lower-case hexadecimal SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

pub(crate) fn check_hash(pack: &str, file: &ModelFile, bytes: &[u8]) -> Result<(), PackError> {
    let found = sha256(bytes);
    if found == file.sha256 {
        return Ok(());
    }
    Err(PackError::WrongHash {
        pack: pack.to_owned(),
        file: file.name.clone(),
        found,
        wanted: file.sha256.clone(),
        bytes: bytes.len() as u64,
        wanted_bytes: file.bytes,
    })
}

/// Reads a file of at most [`LARGEST_FILE`] bytes.
pub(crate) fn read_limited(path: &Path) -> Result<Vec<u8>, PackError> {
    let file = fs::File::open(path).map_err(|e| PackError::io(path, e))?;
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| PackError::io(path, e))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(PackError::io(
            path,
            "it is larger than any face model (512 MiB)",
        ));
    }
    Ok(bytes)
}
