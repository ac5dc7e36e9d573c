//! Photographs that come as a ZIP archive, one after another. Must not trust what the archive says of sizes, nor use a
//! name in it as a path.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use super::file::Unusable;

/// Most bytes of an archive.
pub const ARCHIVE_BYTES: usize = 256 * 1024 * 1024;
/// Most files of an archive.
const FILES: usize = 20_000;
/// Most bytes of one picture, unpacked.
const PICTURE_BYTES: u64 = 12 * 1024 * 1024;

type Archive = zip::ZipArchive<BufReader<File>>;

fn open(path: &Path) -> Result<(Archive, Vec<usize>), Unusable> {
    let file = File::open(path).map_err(|_| Unusable("unreadable"))?;
    let mut archive =
        zip::ZipArchive::new(BufReader::new(file)).map_err(|_| Unusable("not_an_archive"))?;
    if archive.len() > FILES {
        return Err(Unusable("too_many_files"));
    }
    let mut files = Vec::new();
    for at in 0..archive.len() {
        let one = archive
            .by_index_raw(at)
            .map_err(|_| Unusable("not_an_archive"))?;
        let hidden = match one.name() {
            Ok(name) => name_of(&name).starts_with('.') || name.starts_with("__MACOSX/"),
            Err(_) => false,
        };
        if one.is_file() && !hidden {
            files.push(at);
        }
    }
    Ok((archive, files))
}

/// The name without its folders.
fn name_of(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// How many files an archive holds.
pub fn count(path: &Path) -> Result<usize, Unusable> {
    let (_, files) = open(path)?;
    if files.is_empty() {
        return Err(Unusable("empty_file"));
    }
    Ok(files.len())
}

/// One file: its number from 1, its name, its bytes or why not.
pub type Picture = (i64, String, Result<Vec<u8>, &'static str>);

/// Gives every file after number `after` to `sink` until it says `false`.
pub fn read(
    path: &Path,
    after: i64,
    sink: &mut dyn FnMut(Picture) -> bool,
) -> Result<(), Unusable> {
    let (mut archive, files) = open(path)?;
    for (n, at) in files
        .into_iter()
        .enumerate()
        .map(|(n, at)| (n as i64 + 1, at))
    {
        if n <= after {
            continue;
        }
        let (name, bytes) = match archive.by_index(at) {
            Ok(mut one) => {
                let name = one.name().map(|name| name_of(&name).to_owned());
                (name.unwrap_or_default(), unpacked(&mut one))
            }
            Err(_) => (String::new(), Err("damaged_picture")),
        };
        if !sink((n, name, bytes)) {
            break;
        }
    }
    Ok(())
}

fn unpacked(one: &mut impl Read) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::new();
    one.take(PICTURE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| "damaged_picture")?;
    if bytes.len() as u64 > PICTURE_BYTES {
        return Err("picture_too_large");
    }
    Ok(bytes)
}

/// What a key or a name of a file comes to: small letters and digits, one hyphen for anything between.
pub fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

/// The slugs a file may go by: its name without the ending, and without a number after it (`R-1-2.jpg`).
pub fn slugs(name: &str) -> Vec<String> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let whole = slug(stem);
    let mut all = vec![whole.clone()];
    if let Some((head, tail)) = whole.rsplit_once('-')
        && matches!(tail.parse::<u8>(), Ok(2..=9))
    {
        all.push(head.to_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_goes_by_the_number_of_its_order() {
        for (name, expect) in [
            ("R-1_2026.jpg", &["r-1-2026"][..]),
            (
                "kep 77 rahasia-2.PNG",
                &["kep-77-rahasia-2", "kep-77-rahasia"],
            ),
            ("R-1.jpg", &["r-1"]),
            ("x", &["x"]),
        ] {
            assert_eq!(slugs(name), expect, "{name}");
        }
        assert_eq!(slug("KEP-77/RAHASIA"), "kep-77-rahasia");
        assert_eq!(name_of("../../a\\b/c.jpg"), "c.jpg");
    }
}
