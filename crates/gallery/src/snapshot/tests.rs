//! A snapshot comes back as it was, or not at all.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use super::*;
use crate::{Gallery, ListKind, Listed, tests as vectors};
use tapal_domain::id::EntryId;

const MODEL: &str = "stub@00000000";

/// Stands in for the node's cipher: bytes turned over, and a CRC over them and their place.
fn seal(place: &[u8], piece: &mut Vec<u8>) -> bool {
    let tag = crc32fast::hash(&[place, piece.as_slice()].concat());
    piece.iter_mut().for_each(|byte| *byte ^= 0x5a);
    piece.extend(tag.to_le_bytes());
    true
}

fn open(place: &[u8], piece: &mut Vec<u8>) -> bool {
    let Some(at) = piece.len().checked_sub(4) else {
        return false;
    };
    let tag = piece.split_off(at);
    piece.iter_mut().for_each(|byte| *byte ^= 0x5a);
    crc32fast::hash(&[place, piece.as_slice()].concat()).to_le_bytes() == tag.as_slice()
}

struct Kept(PathBuf);

impl Kept {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tapal-snapshot-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Kept(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("gallery")
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn filled(entries: u128, dimension: usize) -> Gallery {
    let gallery = Gallery::new(MODEL, dimension);
    for n in 0..entries {
        let views = (0..1 + n % 3).map(|view| {
            let seed = (n * 7 + view) as u64;
            vectors::template(dimension, n as u64 % 40, seed, 0.5)
        });
        let listed = Listed {
            entry: EntryId(Uuid::from_u128(n)),
            entry_version: n as u32 + 3,
            list: ListKind::ALL[n as usize % 4],
            in_force_from: UtcMs(n as i64),
            in_force_to: UtcMs(n as i64 + 9),
            templates: views.collect(),
        };
        gallery.put(MODEL, &listed).unwrap();
    }
    gallery
}

fn stamp() -> Stamp {
    Stamp {
        build: "0.2.0".into(),
        made_at: UtcMs(77),
    }
}

fn written(gallery: &Gallery) -> (Kept, Vec<u8>) {
    let kept = Kept::new();
    write(gallery, &kept.path(), &stamp(), &seal, &|_| ()).unwrap();
    let bytes = std::fs::read(kept.path()).unwrap();
    (kept, bytes)
}

fn read(kept: &Kept) -> Result<(Gallery, Stamp), SnapshotError> {
    load(&kept.path(), MODEL, 64, &open, 3, &|_| ())
}

#[test]
fn it_comes_back_as_it_was() {
    let gallery = filled(1500, 64);
    let (kept, bytes) = written(&gallery);
    let (again, said) = read(&kept).unwrap();
    assert_eq!(said, stamp());
    assert_eq!(
        (again.len(), again.templates()),
        (1500, gallery.templates())
    );
    let queries: Vec<Vec<f32>> = (0..40).map(|c| vectors::template(64, c, 99, 0.5)).collect();
    let queries: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
    let ask = |gallery: &Gallery| gallery.search(MODEL, &queries, 7).unwrap();
    assert_eq!(ask(&again), ask(&gallery));
    // And it can still be changed.
    for n in 0..1500 {
        assert!(again.remove(EntryId(Uuid::from_u128(n))));
    }
    assert_eq!(again.templates(), 0);
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(kept.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!kept.path().with_extension("new").exists());
    // No template lies in it as it is.
    let first = queries[0][0].to_le_bytes();
    let plain = vectors::template(64, 0, 0, 0.5);
    let plain: Vec<u8> = plain[..4].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_ne!(first, [0; 4]);
    assert!(!bytes.windows(16).any(|window| window == plain));
}

#[test]
fn an_empty_gallery_is_a_file_too() {
    let (kept, _) = written(&Gallery::new(MODEL, 64));
    assert!(read(&kept).unwrap().0.is_empty());
}

#[test]
fn what_was_cut_or_changed_is_refused() {
    let (kept, bytes) = written(&filled(40, 64));
    for cut in [0, 7, 15, 16, 60, 80, 100, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(kept.path(), &bytes[..cut]).unwrap();
        assert!(read(&kept).is_err(), "cut to {cut}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    std::fs::write(kept.path(), &longer).unwrap();
    assert!(matches!(read(&kept), Err(SnapshotError::Damaged { .. })));
    for at in (0..120).chain((120..bytes.len()).step_by(97)) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(kept.path(), &flipped).unwrap();
        assert!(read(&kept).is_err(), "byte {at}");
    }
}

/// A bit changed together with its checksum is still found by the seal.
#[test]
fn a_forged_checksum_does_not_help() {
    let (kept, mut bytes) = written(&filled(40, 64));
    let (piece, length) = (bytes.len() - 4 - 700, bytes.len());
    bytes[piece] ^= 1;
    let head = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let crc = crc32fast::hash(&bytes[head + 4..length - 4]).to_le_bytes();
    bytes[length - 4..].copy_from_slice(&crc);
    std::fs::write(kept.path(), &bytes).unwrap();
    assert!(matches!(read(&kept), Err(SnapshotError::Sealed { .. })));
}

/// Numbers that claim more than the file holds must not make the reader take memory.
#[test]
fn a_head_that_lies_is_refused() {
    let (kept, bytes) = written(&filled(4, 64));
    let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    for (at, lie) in [
        (12, u32::MAX),
        (16, u32::MAX),
        (16, 0),
        (20, u32::MAX),
        (24, u32::MAX),
        (28, u32::MAX),
        (12, 3),
    ] {
        let mut forged = bytes.clone();
        forged[at..at + 4].copy_from_slice(&lie.to_le_bytes());
        let crc = crc32fast::hash(&forged[..length - 4]).to_le_bytes();
        forged[length - 4..length].copy_from_slice(&crc);
        std::fs::write(kept.path(), &forged).unwrap();
        assert!(read(&kept).is_err(), "{lie} at {at}");
    }
}

#[test]
fn another_model_or_size_is_refused() {
    let (kept, _) = written(&filled(4, 64));
    let other = load(&kept.path(), "other", 64, &open, 1, &|_| ());
    assert!(matches!(other, Err(SnapshotError::Gallery(_))));
    let other = load(&kept.path(), MODEL, 128, &open, 1, &|_| ());
    assert!(matches!(other, Err(SnapshotError::Gallery(_))));
}

#[test]
fn it_is_never_written_unsealed() {
    let kept = Kept::new();
    for seal in [
        |_: &[u8], _: &mut Vec<u8>| false,
        |_: &[u8], _: &mut Vec<u8>| true,
    ] {
        let refused = write(&filled(4, 64), &kept.path(), &stamp(), &seal, &|_| ());
        assert!(matches!(refused, Err(SnapshotError::NotSealed { .. })));
        assert!(!kept.path().exists());
    }
}
