//! Reads a snapshot on several threads. Every byte may be hostile: sizes are checked against the file before memory is
//! taken, pieces are opened before they are read, templates are checked as if they came from anywhere.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use tapal_domain::{id::EntryId, time::UtcMs};
use zeroize::Zeroizing;

use super::head::{CRC, FIXED, Head, OWNER, Reader, place};
use super::{Progress, Seal, SnapshotError, Stamp};
use crate::block::{Block, Owner, ROWS, Rows};
use crate::held::Held;
use crate::{Gallery, GalleryError, ListKind};

/// A file whose head was read, opened and found to agree with its size.
struct Source<'a> {
    file: File,
    path: &'a Path,
    head: Head,
    head_bytes: Vec<u8>,
    open: Seal<'a>,
}

/// Reads the gallery at `path`, if it holds templates of `model_id` with `dimension` values. `open` undoes the seal.
pub fn load(
    path: &Path,
    model_id: &str,
    dimension: usize,
    open: Seal<'_>,
    threads: usize,
    progress: Progress<'_>,
) -> Result<(Gallery, Stamp), SnapshotError> {
    let source = Source::open(path, open)?;
    let gallery = Gallery::new(model_id, dimension);
    gallery.check_model(&source.head.model_id)?;
    if source.head.dimension as usize != dimension {
        return Err(GalleryError::WrongDimension {
            expected: dimension,
            given: source.head.dimension as usize,
        }
        .into());
    }
    let blocks = source.blocks(threads, progress)?;
    let held = place_all(dimension, blocks);
    let gallery = Gallery {
        held: RwLock::new(held),
        ..gallery
    };
    Ok((gallery, source.head.stamp))
}

impl<'a> Source<'a> {
    fn open(path: &'a Path, open: Seal<'a>) -> Result<Self, SnapshotError> {
        let file = File::open(path).map_err(SnapshotError::io(path))?;
        let size = file.metadata().map_err(SnapshotError::io(path))?.len();
        let short = |_| SnapshotError::damaged(path, "cut off");
        let mut fixed = [0; FIXED];
        file.read_exact_at(&mut fixed, 0).map_err(short)?;
        let mut head_bytes = vec![0; Head::length(&fixed, path)?];
        file.read_exact_at(&mut head_bytes, 0).map_err(short)?;
        let head = Head::read(&head_bytes, path)?;
        if head.offset(head_bytes.len(), head.pieces()) != size {
            return Err(SnapshotError::damaged(path, "its size"));
        }
        let mut seal = vec![0; head.overhead as usize];
        file.read_exact_at(&mut seal, head_bytes.len() as u64)
            .map_err(short)?;
        if !open(&place(&head_bytes, u64::MAX), &mut seal) || !seal.is_empty() {
            return Err(SnapshotError::Sealed { path: path.into() });
        }
        Ok(Source {
            file,
            path,
            head,
            head_bytes,
            open,
        })
    }

    fn blocks(&self, threads: usize, progress: Progress<'_>) -> Result<Vec<Block>, SnapshotError> {
        let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
        let work = || {
            let mut made = Vec::new();
            // One for all pieces: fresh memory for each would cost more than opening it.
            let mut piece = Zeroizing::new(Vec::new());
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.head.pieces() {
                    return Ok(made);
                }
                let block = self.block(number, &mut piece).inspect_err(|_| {
                    // Nobody need go on.
                    next.store(self.head.pieces(), Ordering::Relaxed);
                })?;
                let rows = block.rows() as u64;
                progress(done.fetch_add(rows, Ordering::Relaxed) + rows);
                made.push((number, block));
            }
        };
        let parts: Vec<Result<Vec<(u64, Block)>, SnapshotError>> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| match thread.join() {
                Ok(part) => part,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            all.into_iter().map(join).collect()
        });
        let mut made = Vec::with_capacity(self.head.pieces() as usize);
        for part in parts {
            made.extend(part?);
        }
        made.sort_unstable_by_key(|(number, _)| *number);
        Ok(made.into_iter().map(|(_, block)| block).collect())
    }

    /// Reads piece `number` by way of `piece`.
    fn block(&self, number: u64, piece: &mut Vec<u8>) -> Result<Block, SnapshotError> {
        let rows = self.head.rows_of(number);
        let sealed = rows * self.head.row_bytes() + self.head.overhead as usize;
        // Reserved whole at first, so that no copy is left behind by growing.
        piece.resize(sealed + CRC, 0);
        let at = self.head.offset(self.head_bytes.len(), number);
        let read = self.file.read_exact_at(piece, at);
        read.map_err(SnapshotError::io(self.path))?;
        let (body, crc) = piece.split_at(sealed);
        if crc32fast::hash(body).to_le_bytes() != crc {
            return Err(SnapshotError::damaged(self.path, "its checksum"));
        }
        piece.truncate(sealed);
        if !(self.open)(&place(&self.head_bytes, number), piece)
            || piece.len() != rows * self.head.row_bytes()
        {
            return Err(SnapshotError::Sealed {
                path: self.path.into(),
            });
        }
        let block = read_block(piece, rows, self.head.dimension as usize)?;
        block.ok_or_else(|| SnapshotError::damaged(self.path, "its templates"))
    }
}

/// `None`: what was opened is no list of unit vectors.
fn read_block(piece: &[u8], rows: usize, dimension: usize) -> Result<Option<Block>, GalleryError> {
    let mut block = Block::new(dimension).ok_or(GalleryError::NoMemory)?;
    let (owners, values) = piece.split_at(rows * OWNER);
    let owners = owners.chunks_exact(OWNER);
    for (owner, bytes) in owners.zip(values.chunks_exact(dimension * 4)) {
        let Some(owner) = read_owner(&mut Reader(owner)) else {
            return Ok(None);
        };
        let is_unit = block.push_with(owner, |row| {
            for (value, bytes) in row.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *value = f32::from_le_bytes(*bytes);
            }
            crate::is_unit(row)
        });
        if !is_unit {
            return Ok(None);
        }
    }
    Ok(Some(block))
}

fn read_owner(from: &mut Reader<'_>) -> Option<Owner> {
    Some(Owner {
        slot: 0,
        entry: EntryId(uuid::Uuid::from_u128(from.u128()?)),
        entry_version: from.u32()?,
        list: *ListKind::ALL.get(usize::from(from.u8()?))?,
        in_force_from: UtcMs(from.i64()?),
        in_force_to: UtcMs(from.i64()?),
    })
}

/// Numbers the entries in the order in which they come.
fn place_all(dimension: usize, mut blocks: Vec<Block>) -> Held {
    let rows: usize = blocks.iter().map(Block::rows).sum();
    let mut by_entry = HashMap::with_capacity(rows);
    let mut placed: Vec<Vec<u32>> = Vec::with_capacity(rows);
    for (first, block) in (0u32..).step_by(ROWS).zip(&mut blocks) {
        for (row, owner) in (first..).zip(&mut block.owners) {
            owner.slot = match by_entry.entry(owner.entry) {
                Entry::Occupied(held) => *held.get(),
                Entry::Vacant(free) => {
                    placed.push(Vec::with_capacity(1));
                    *free.insert(placed.len() as u32 - 1)
                }
            };
            placed[owner.slot as usize].push(row);
        }
    }
    let mut all = Rows::new(dimension);
    all.blocks = blocks.into_iter().map(Arc::new).collect();
    let placed = placed.into_iter().map(Vec::into_boxed_slice).collect();
    Held::of(all, placed, by_entry)
}
