//! From a folder of photographs to the background of the enrolment audit: one template a person, no photograph kept.
//! Must not take a photograph that enrolment would refuse, nor read without bounds.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tapal_server::enrol::{
    Enrol,
    background::{Background, Installed, MOST_PEOPLE},
};
use tapal_store::Vault;

use crate::progress;

/// No photograph may be larger.
const MOST_BYTES: u64 = 12 << 20;

/// The photographs of one person.
pub type PersonPhotos = Vec<PathBuf>;

/// What came of a folder.
pub struct Made {
    /// What was written.
    pub installed: Installed,
    /// People of whom no photograph could be used, with the reason of the last.
    pub left_out: Vec<String>,
}

/// People of a folder: each folder in it is one, and each photograph that lies in it directly.
pub fn people(folder: &Path) -> Result<Vec<PersonPhotos>> {
    let mut found = Vec::new();
    for path in sorted(folder)? {
        if path.is_dir() {
            let photos: Vec<PathBuf> = sorted(&path)?
                .into_iter()
                .filter(|path| is_photo(path))
                .collect();
            if !photos.is_empty() {
                found.push(photos);
            }
        } else if is_photo(&path) {
            found.push(vec![path]);
        }
        if found.len() > MOST_PEOPLE {
            bail!(
                "{} holds more than {MOST_PEOPLE} people; give a folder with fewer",
                folder.display()
            );
        }
    }
    if found.is_empty() {
        bail!(
            "{} holds no photographs: one folder a person with JPEG or PNG files, or the files themselves",
            folder.display()
        );
    }
    Ok(found)
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let told = || format!("cannot read the folder {}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(told)? {
        paths.push(entry.with_context(told)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn is_photo(path: &Path) -> bool {
    let end = path.extension().and_then(|end| end.to_str());
    path.is_file()
        && end
            .is_some_and(|end| ["jpg", "jpeg", "png"].contains(&end.to_ascii_lowercase().as_str()))
}

/// Makes and installs the background: the first photograph of each person that enrolment takes.
pub fn install(
    enrol: &dyn Enrol,
    people: &[PersonPhotos],
    note: &str,
    vault: &Vault,
    data: &Path,
) -> Result<Made> {
    let mut bar = progress::Bar::new("making the background", people.len() as u64);
    let (mut templates, mut left_out) = (Vec::new(), Vec::new());
    for (n, photos) in people.iter().enumerate() {
        let mut last = String::new();
        let taken = photos.iter().find_map(|path| match take(enrol, path) {
            Ok(template) => Some(template),
            Err(why) => {
                last = why;
                None
            }
        });
        match taken {
            Some(template) => templates.push(template),
            None => left_out.push(last),
        }
        bar.set(n as u64 + 1);
    }
    if templates.is_empty() {
        bail!(
            "no photograph could be used; the last reason: {}",
            left_out.last().map_or("", String::as_str)
        );
    }
    let made = Background::new(enrol.model_id(), note, templates)?;
    Ok(Made {
        installed: made.install(vault, data)?,
        left_out,
    })
}

fn take(enrol: &dyn Enrol, path: &Path) -> Result<Vec<f32>, String> {
    let told = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let size = std::fs::metadata(path).map_err(|e| told(&e))?.len();
    if size > MOST_BYTES {
        return Err(told(&"larger than 12 MB"));
    }
    let bytes = std::fs::read(path).map_err(|e| told(&e))?;
    let enrolled = enrol.enrol(&bytes);
    enrolled
        .map(|face| face.template)
        .map_err(|refused| told(&refused.code))
}
