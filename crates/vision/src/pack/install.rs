//! Installing, checking and adding packs. All or nothing: files are gathered and verified in memory, written
//! to a staging folder, synced, and swapped in with one rename. It never runs a model on anybody's picture.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::card::{self, Card, ModelFile};
use super::fetch::{Fetched, Source};
use super::{Pack, PackError, Role, built_in, check_hash, find_card, read_limited, sha256};
use crate::analyser::Analyser;
use crate::detect::DetectSize;
use crate::engine::Engine;

/// What an installation is doing, for a line on stderr.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Fetching from a place.
    Fetching(String),
    /// A file was found and its hash is right.
    Verified(String),
    /// A file here is already the right one.
    Kept(String),
    /// Running each network once.
    Trying(String),
    /// A step of a conversion.
    Converting(String),
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Progress::Fetching(what) => write!(f, "fetching {what}"),
            Progress::Verified(what) => write!(f, "verified {what}"),
            Progress::Kept(what) => write!(f, "already here: {what}"),
            Progress::Trying(what) => write!(f, "trying {what}"),
            Progress::Converting(what) => write!(f, "converting {what}"),
        }
    }
}

/// A finished installation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Installed {
    /// The pack.
    pub name: String,
    /// Its recogniser's id.
    pub model_id: String,
    /// Where its files are.
    pub folder: PathBuf,
}

/// Whether a pack can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Every file is here with the right size.
    Installed,
    /// At least one file is missing.
    Missing,
    /// A file or the card is not what it should be.
    Damaged,
}

/// One line of `models list`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// The pack's name.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// For showing and testing only.
    pub demonstration: bool,
    /// Licence.
    pub licence: String,
    /// Comes with Tapal, or was added here.
    pub built_in: bool,
    /// Whether it can be used. Sizes only; `models verify` compares hashes.
    pub state: State,
}

/// State of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// The hash is right.
    Right,
    /// Not here.
    Missing,
    /// Other bytes.
    Wrong,
}

/// One line of `models verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileCheck {
    /// File name.
    pub name: String,
    /// What is wrong with it, if anything.
    pub state: FileState,
}

/// What `models info` shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Info {
    /// The whole card.
    pub card: Card,
    /// Comes with Tapal, or was added here.
    pub built_in: bool,
    /// Where its files are or would be.
    pub folder: PathBuf,
    /// State of every file, by hash.
    pub files: Vec<FileCheck>,
    /// Whether every file is right.
    pub installed: bool,
}

/// Every built-in and added pack.
pub fn list(models_dir: &Path) -> Result<Vec<Listed>, PackError> {
    let mut cards = built_in()?
        .into_iter()
        .map(|c| (c, true))
        .collect::<Vec<_>>();
    let folders = fs::read_dir(models_dir).into_iter().flatten().flatten();
    let mut names = folders
        .filter_map(|e| e.file_name().into_string().ok())
        .collect::<Vec<_>>();
    names.sort();
    for name in names {
        let known = cards.iter().any(|(c, _)| c.name == name);
        let has_card = models_dir.join(&name).join(card::FILE_NAME).is_file();
        if !known
            && has_card
            && let Ok(card) = find_card(models_dir, &name)
        {
            cards.push((card, false));
        }
    }
    Ok(cards
        .into_iter()
        .map(|(card, built_in)| listed(models_dir, card, built_in))
        .collect())
}

fn listed(models_dir: &Path, card: Card, built_in: bool) -> Listed {
    let size = |f: &ModelFile| {
        fs::metadata(models_dir.join(&card.name).join(&f.name))
            .map(|m| m.len())
            .ok()
    };
    let sizes = card
        .files
        .iter()
        .map(|f| (f.bytes, size(f)))
        .collect::<Vec<_>>();
    let state = if sizes.iter().any(|(_, found)| found.is_none()) {
        State::Missing
    } else if sizes.iter().any(|(wanted, found)| Some(*wanted) != *found) {
        State::Damaged
    } else {
        State::Installed
    };
    let Card {
        name,
        title,
        demonstration,
        licence,
        ..
    } = card;
    Listed {
        name,
        title,
        demonstration,
        licence,
        built_in,
        state,
    }
}

/// Compares every file of a pack with its pinned hash. To prove the shapes too, open the pack and make an
/// [`Analyser`].
pub fn verify(models_dir: &Path, name: &str) -> Result<Vec<FileCheck>, PackError> {
    let card = find_card(models_dir, name)?;
    let folder = models_dir.join(&card.name);
    let check = |file: &ModelFile| {
        let path = folder.join(&file.name);
        let state = match path.is_file() {
            false => FileState::Missing,
            true if sha256(&read_limited(&path)?) == file.sha256 => FileState::Right,
            true => FileState::Wrong,
        };
        Ok(FileCheck {
            name: file.name.clone(),
            state,
        })
    };
    card.files.iter().map(check).collect()
}

/// The card and the state of a pack, installed or not.
pub fn info(models_dir: &Path, name: &str) -> Result<Info, PackError> {
    let card = find_card(models_dir, name)?;
    let files = verify(models_dir, name)?;
    let built_in = built_in()?.iter().any(|c| c.name == name);
    let installed = files.iter().all(|f| f.state == FileState::Right);
    Ok(Info {
        folder: models_dir.join(&card.name),
        card,
        built_in,
        files,
        installed,
    })
}

/// Installs a built-in pack from `source`. Files that are here already and right are kept, so that a pack
/// can be completed file by file only as a whole: a missing or wrong file leaves everything as it was.
pub fn install(
    models_dir: &Path,
    name: &str,
    source: &Source,
    engine: &Arc<dyn Engine>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Installed, PackError> {
    let card = find_card(models_dir, name)?;
    let mut fetched = Fetched::open(source, &card, progress)?;
    let folder = models_dir.join(&card.name);
    let mut files = Vec::with_capacity(card.files.len());
    for file in &card.files {
        let bytes = match fetched.take(file)? {
            Some(bytes) => {
                check_hash(&card.name, file, &bytes)?;
                progress(Progress::Verified(file.name.clone()));
                bytes
            }
            None => {
                let here = folder.join(&file.name);
                let kept = if here.is_file() {
                    Some(read_limited(&here)?)
                } else {
                    None
                };
                let kept = kept.filter(|bytes| sha256(bytes) == file.sha256);
                progress(Progress::Kept(file.name.clone()));
                kept.ok_or_else(|| PackError::NotInSource {
                    pack: card.name.clone(),
                    file: file.name.clone(),
                    place: source.place(),
                })?
            }
        };
        files.push(bytes);
    }
    place(models_dir, &card, files, engine, progress)
}

/// Tries `files` (one per file of the card, in its order, already verified) and puts them in place in one
/// step. Built-in cards stay in the program; an added pack's card is written beside its files.
pub fn place(
    models_dir: &Path,
    card: &Card,
    files: Vec<Vec<u8>>,
    engine: &Arc<dyn Engine>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Installed, PackError> {
    if files.len() != card.files.len() {
        return Err(PackError::Card(
            "the number of files differs from the card".into(),
        ));
    }
    for (file, bytes) in card.files.iter().zip(&files) {
        check_hash(&card.name, file, bytes)?;
    }
    progress(Progress::Trying(card.model_id.clone()));
    let parts = card
        .files
        .iter()
        .zip(&files)
        .map(|(f, b)| (f.role, Arc::from(b.as_slice())))
        .collect();
    let pack = Pack::from_parts(card.clone(), parts);
    Analyser::new(&pack, engine, DetectSize::default())?;
    for bytes in pack.files(Role::Liveness) {
        engine.load(&bytes, 1)?;
    }
    swap_in(models_dir, card, &files)?;
    let folder = models_dir.join(&card.name);
    Ok(Installed {
        name: card.name.clone(),
        model_id: card.model_id.clone(),
        folder,
    })
}

fn swap_in(models_dir: &Path, card: &Card, files: &[Vec<u8>]) -> Result<(), PackError> {
    let (staging, old) = (format!(".{}.new", card.name), format!(".{}.old", card.name));
    let (staging, old) = (models_dir.join(staging), models_dir.join(old));
    let folder = models_dir.join(&card.name);
    for leftover in [&staging, &old] {
        if leftover.exists() {
            fs::remove_dir_all(leftover).map_err(|e| PackError::io(leftover, e))?;
        }
    }
    fs::create_dir_all(&staging).map_err(|e| PackError::io(&staging, e))?;
    for (file, bytes) in card.files.iter().zip(files) {
        write_synced(&staging.join(&file.name), bytes)?;
    }
    if !built_in()?.iter().any(|c| c.name == card.name) {
        let text = toml::to_string(card).map_err(|e| PackError::Card(e.to_string()))?;
        write_synced(&staging.join(card::FILE_NAME), text.as_bytes())?;
    }
    sync_folder(&staging)?;
    if folder.exists() {
        fs::rename(&folder, &old).map_err(|e| PackError::io(&folder, e))?;
    }
    fs::rename(&staging, &folder).map_err(|e| PackError::io(&folder, e))?;
    sync_folder(models_dir)?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(|e| PackError::io(&old, e))?;
    }
    Ok(())
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), PackError> {
    let write = || {
        let mut file = fs::File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|e| PackError::io(path, e))
}

fn sync_folder(path: &Path) -> Result<(), PackError> {
    fs::File::open(path)
        .and_then(|f| f.sync_all())
        .map_err(|e| PackError::io(path, e))
}

/// Adds a pack of the operator's own from a card (TOML) whose files lie beside it. Hashes and sizes left
/// empty are filled in; each network is run once, so a card that does not fit its model is refused.
pub fn add(
    models_dir: &Path,
    card_path: &Path,
    engine: &Arc<dyn Engine>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Installed, PackError> {
    let text = fs::read_to_string(card_path).map_err(|e| PackError::io(card_path, e))?;
    let mut card = Card::parse(&text)?;
    if built_in()?.iter().any(|c| c.name == card.name) || card.name == crate::stub::NAME {
        return Err(PackError::Card(format!(
            "the name `{}` is taken by a built-in pack",
            card.name
        )));
    }
    let beside = card_path.parent().unwrap_or(Path::new("."));
    let mut files = Vec::with_capacity(card.files.len());
    for file in &mut card.files {
        let path = beside.join(&file.name);
        if !path.is_file() {
            let (pack, file, place) = (card.name, file.name.clone(), beside.display().to_string());
            return Err(PackError::NotInSource { pack, file, place });
        }
        let bytes = read_limited(&path)?;
        if file.sha256.is_empty() {
            file.sha256 = sha256(&bytes);
        }
        check_hash(&card.name, file, &bytes)?;
        file.bytes = bytes.len() as u64;
        progress(Progress::Verified(file.name.clone()));
        files.push(bytes);
    }
    place(models_dir, &card.checked()?, files, engine, progress)
}

#[cfg(test)]
#[path = "install_tests.rs"]
mod tests;
