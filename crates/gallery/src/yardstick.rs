//! What the search is measured against, on the same memory: a plain f32 scan, and reading the codes without any
//! arithmetic worth the name. For tests and `tapal bench`; must not be used to decide anything.

use std::hint::black_box;
use std::sync::Arc;

use tapal_domain::id::EntryId;

use crate::{Gallery, dot};

impl Gallery {
    /// The `k` best entries for each query by f32 products with every template, ties to the entry that came first: what
    /// [`Gallery::search`] must give. `progress` is told how many templates are done.
    pub fn plain_scan(
        &self,
        queries: &[&[f32]],
        k: usize,
        progress: &dyn Fn(u64),
    ) -> Vec<Vec<(EntryId, f32)>> {
        let rows = Arc::clone(&self.read().rows);
        let mut best: Vec<Vec<(u32, EntryId, f32)>> = vec![Vec::new(); queries.len()];
        let mut done = 0;
        for block in &rows.blocks {
            for row in 0..block.rows() {
                let owner = block.owners[row];
                for (best, query) in best.iter_mut().zip(queries) {
                    let score = dot(block.exact(row), query);
                    keep(best, (owner.slot, owner.entry, score), k);
                }
            }
            done += block.rows() as u64;
            progress(done);
        }
        let named = |best: Vec<(u32, EntryId, f32)>| best.into_iter().map(|b| (b.1, b.2)).collect();
        best.into_iter().map(named).collect()
    }

    /// Reads every code once and gives a sum of them, and how many bytes that were: the line no scan of them can beat.
    pub fn stream(&self) -> (u64, u64) {
        let rows = Arc::clone(&self.read().rows);
        let (mut sum, mut bytes) = (0u64, 0u64);
        for block in &rows.blocks {
            for tile in &block.codes.tiles {
                let mut lanes = [0i8; 64];
                for part in tile.as_slice().chunks_exact(64) {
                    for (lane, code) in lanes.iter_mut().zip(part) {
                        *lane = lane.wrapping_add(*code);
                    }
                }
                sum = lanes
                    .iter()
                    .fold(sum, |sum, lane| sum.wrapping_add(*lane as u64));
                bytes += tile.as_slice().len() as u64;
            }
        }
        (black_box(sum), bytes)
    }
}

fn keep(best: &mut Vec<(u32, EntryId, f32)>, new: (u32, EntryId, f32), k: usize) {
    if best.len() >= k && best.last().is_none_or(|last| new.2 < last.2) {
        return;
    }
    match best.iter_mut().find(|held| held.0 == new.0) {
        Some(held) if held.2 >= new.2 => return,
        Some(held) => *held = new,
        None => best.push(new),
    }
    best.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
    best.truncate(k);
}
