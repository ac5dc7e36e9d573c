//! Writes a snapshot: the file is there whole or not at all, and readable by its owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::head::{Head, place};
use super::{Progress, Seal, SnapshotError, Stamp};
use crate::block::{Block, Owner};
use crate::{Gallery, ListKind};

/// Writes `gallery` as it is at this moment, sealed by `seal`: to `PATH.new`, synced, then renamed. Searches and changes
/// go on meanwhile.
pub fn write(
    gallery: &Gallery,
    path: &Path,
    stamp: &Stamp,
    seal: Seal<'_>,
    progress: Progress<'_>,
) -> Result<(), SnapshotError> {
    let not_sealed = || SnapshotError::NotSealed { path: path.into() };
    let rows = Arc::clone(&gallery.read().rows);
    // What a seal adds shows on an empty piece; the real one is bound to the finished head.
    let mut probe = Vec::new();
    if !seal(&[], &mut probe) || probe.is_empty() {
        return Err(not_sealed());
    }
    let head = Head {
        dimension: gallery.dimension as u32,
        rows: rows.len() as u64,
        overhead: probe.len() as u32,
        stamp: stamp.clone(),
        model_id: gallery.model_id.clone(),
    };
    let head_bytes = head.bytes().ok_or_else(not_sealed)?;
    let sealed = |number: u64, mut piece: Zeroizing<Vec<u8>>| {
        let expect = piece.len() + head.overhead as usize;
        let done = seal(&place(&head_bytes, number), &mut piece) && piece.len() == expect;
        done.then_some(piece).ok_or_else(not_sealed)
    };
    let staging = path.with_extension("new");
    let io = || SnapshotError::io(&staging);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = BufWriter::new(options.open(&staging).map_err(io())?);
    file.write_all(&head_bytes).map_err(io())?;
    file.write_all(&sealed(u64::MAX, Zeroizing::default())?)
        .map_err(io())?;
    for (number, block) in (0u64..).zip(&rows.blocks) {
        let piece = sealed(number, plain(block, &head))?;
        file.write_all(&piece).map_err(io())?;
        let crc = crc32fast::hash(&piece).to_le_bytes();
        file.write_all(&crc).map_err(io())?;
        progress(number * crate::block::ROWS as u64 + block.rows() as u64);
    }
    let file = file
        .into_inner()
        .map_err(|error| io()(error.into_error()))?;
    file.sync_all().map_err(io())?;
    fs::rename(&staging, path).map_err(SnapshotError::io(path))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let sync = File::open(folder).and_then(|folder| folder.sync_all());
    sync.map_err(SnapshotError::io(folder))
}

/// Owners, then exact values, with room for the seal so that no copy is left behind by growing.
fn plain(block: &Block, head: &Head) -> Zeroizing<Vec<u8>> {
    let bytes = block.rows() * head.row_bytes() + head.overhead as usize;
    let mut piece = Zeroizing::new(Vec::with_capacity(bytes));
    for owner in &block.owners {
        put_owner(&mut piece, owner);
    }
    let values = &block.exact[..block.rows() * head.dimension as usize];
    piece.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    piece
}

fn put_owner(piece: &mut Vec<u8>, owner: &Owner) {
    let list = ListKind::ALL.iter().position(|kind| *kind == owner.list);
    piece.extend(owner.entry.0.as_u128().to_le_bytes());
    piece.extend(owner.entry_version.to_le_bytes());
    piece.push(list.unwrap_or(usize::from(u8::MAX)) as u8);
    piece.extend(owner.in_force_from.0.to_le_bytes());
    piece.extend(owner.in_force_to.0.to_le_bytes());
}
