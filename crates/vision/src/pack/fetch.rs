//! Where a pack's files come from: a folder, a file, an archive, an address. It only reads, within sizes the
//! card pins; whether the bytes are the right ones is checked by `install`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::card::{Card, ModelFile};
use super::install::Progress;
use super::{PackError, read_limited, sha256};

/// Where to take a pack's files from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder that holds them.
    Folder(PathBuf),
    /// One model file, or an uncompressed `.tar` of them.
    File(PathBuf),
    /// An address: of a `.tar`, or of a folder that serves the files by name. Fetched with `curl`.
    Url(String),
}

impl Source {
    /// Reads what a person typed after `--from`.
    pub fn parse(text: &str) -> Source {
        let address = ["http://", "https://", "file://"]
            .iter()
            .any(|p| text.starts_with(p));
        match (address, Path::new(text)) {
            (true, _) => Source::Url(text.to_owned()),
            (false, path) if path.is_dir() => Source::Folder(path.to_owned()),
            (false, path) => Source::File(path.to_owned()),
        }
    }

    pub(super) fn place(&self) -> String {
        match self {
            Source::Folder(path) | Source::File(path) => path.display().to_string(),
            Source::Url(url) => url.clone(),
        }
    }
}

/// What a source gave: files by name, a single file, or a place to look each one up.
pub(super) enum Fetched {
    Folder(PathBuf),
    Named(Vec<(String, Vec<u8>)>),
    Single(Vec<u8>),
    Address(String),
}

impl Fetched {
    pub(super) fn open(
        source: &Source,
        card: &Card,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Fetched, PackError> {
        match source {
            Source::Folder(path) => Ok(Fetched::Folder(path.clone())),
            Source::File(path) if has_ending(&path.to_string_lossy(), "tar") => {
                let file = fs::File::open(path).map_err(|e| PackError::io(path, e))?;
                Ok(Fetched::Named(unpack(file, card, path)?))
            }
            Source::File(path) => Ok(Fetched::Single(read_limited(path)?)),
            Source::Url(url) => {
                progress(Progress::Fetching(url.clone()));
                if !has_ending(url, "tar") {
                    return Ok(Fetched::Address(url.trim_end_matches('/').to_owned()));
                }
                let total = card.files.iter().map(|f| f.bytes + 2048).sum::<u64>() + 65_536;
                let bytes = curl(url, total)?;
                Ok(Fetched::Named(unpack(
                    bytes.as_slice(),
                    card,
                    Path::new(url),
                )?))
            }
        }
    }

    /// The bytes for one file of the card, if the source has any.
    pub(super) fn take(&mut self, file: &ModelFile) -> Result<Option<Vec<u8>>, PackError> {
        match self {
            Fetched::Folder(path) => {
                let path = path.join(&file.name);
                if path.is_file() {
                    read_limited(&path).map(Some)
                } else {
                    Ok(None)
                }
            }
            Fetched::Named(files) => {
                let at = files.iter().position(|(name, _)| *name == file.name);
                Ok(at.map(|at| files.swap_remove(at).1))
            }
            Fetched::Single(bytes) => Ok((sha256(bytes) == file.sha256).then(|| bytes.clone())),
            Fetched::Address(url) => curl(&format!("{url}/{}", file.name), file.bytes).map(Some),
        }
    }
}

fn has_ending(text: &str, ending: &str) -> bool {
    Path::new(text)
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case(ending))
}

/// The card's files out of an archive, wherever in it they lie. Nothing is written to disk, no other entry
/// is read, and no entry may be larger than its card says.
fn unpack(
    archive: impl Read,
    card: &Card,
    path: &Path,
) -> Result<Vec<(String, Vec<u8>)>, PackError> {
    let broken =
        |e: std::io::Error| PackError::io(path, format!("the archive cannot be read: {e}"));
    let mut found = Vec::new();
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let name = entry
            .path()
            .ok()
            .and_then(|p| p.file_name()?.to_str().map(str::to_owned));
        let Some(file) = card.files.iter().find(|f| name.as_deref() == Some(&f.name)) else {
            continue;
        };
        let mut bytes = Vec::new();
        entry
            .take(file.bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(broken)?;
        found.push((file.name.clone(), bytes));
    }
    Ok(found)
}

/// Fetches at most `limit` bytes. The hash is pinned, so the way there need not be trusted.
fn curl(url: &str, limit: u64) -> Result<Vec<u8>, PackError> {
    let failed = |cause: String| PackError::Fetch {
        place: url.to_owned(),
        cause,
    };
    let mut child = curl_command(url).spawn().map_err(|e| {
        failed(format!(
            "curl did not start ({e}); install it with `apt install curl`"
        ))
    })?;
    let mut bytes = Vec::new();
    if let Some(out) = child.stdout.take() {
        out.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| failed(e.to_string()))?;
    }
    // Past the limit curl finds its pipe closed and ends by itself.
    let ended = child
        .wait_with_output()
        .map_err(|e| failed(e.to_string()))?;
    if bytes.len() as u64 > limit {
        return Err(failed("it is larger than the card says".into()));
    }
    if !ended.status.success() {
        return Err(failed(
            String::from_utf8_lossy(&ended.stderr).trim().to_owned(),
        ));
    }
    Ok(bytes)
}

fn curl_command(url: &str) -> Command {
    let mut command = Command::new("curl");
    command
        .args([
            "--fail",
            "--silent",
            "--show-error",
            "--location",
            "--connect-timeout",
            "20",
        ])
        .args(["--proto", "=http,https,file", "--max-time", "900", "--"])
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
