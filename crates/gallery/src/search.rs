//! The exact search: int8 scan with a proven error bound, then f32 for every row that could still be among the
//! best. Its answer is the one a plain f32 scan gives. Must not know thresholds or time.

use crate::block::{Block, Rows};
use crate::quantise::{Scale, approximate, dot, dot_codes, quantise};

/// One query while the rows pass by.
struct Query<'a> {
    values: &'a [f32],
    codes: Vec<i8>,
    scale: Scale,
    /// The `k` best lower bounds so far, one a slot, best first.
    floor: Vec<(u32, f32)>,
    /// Rows that may be among the best: row, slot, upper bound.
    open: Vec<(usize, u32, f32)>,
}

/// The best row of each of the `k` best slots, by true score, for each query. Ties go to the lower slot.
pub(crate) fn search(rows: &Rows, queries: &[&[f32]], k: usize) -> Vec<Vec<(u32, f32)>> {
    let mut running: Vec<Query<'_>> = queries.iter().map(|values| Query::new(values, k)).collect();
    let mut first_row = 0;
    for block in &rows.blocks {
        for query in &mut running {
            query.pass(block, first_row, k);
        }
        first_row += block.rows;
    }
    running.iter().map(|query| query.settle(rows, k)).collect()
}

impl<'a> Query<'a> {
    fn new(values: &'a [f32], k: usize) -> Self {
        let mut codes = vec![0; values.len()];
        let scale = quantise(values, &mut codes);
        Query {
            values,
            codes,
            scale,
            floor: Vec::with_capacity(k + 1),
            open: Vec::new(),
        }
    }

    /// The score below which a row cannot be among the `k` best any more.
    fn bar(&self, k: usize) -> f32 {
        if self.floor.len() < k {
            f32::NEG_INFINITY
        } else {
            self.floor.last().map_or(f32::INFINITY, |f| f.1)
        }
    }

    fn pass(&mut self, block: &Block, first_row: usize, k: usize) {
        let dimension = self.values.len();
        let mut bar = self.bar(k);
        for row in 0..block.rows {
            let codes = &block.codes[row * dimension..(row + 1) * dimension];
            let (near, bound) =
                approximate(dot_codes(codes, &self.codes), block.scales[row], self.scale);
            if near + bound < bar {
                continue;
            }
            let slot = block.slots[row];
            self.open.push((first_row + row, slot, near + bound));
            self.raise_floor(slot, near - bound, k);
            bar = self.bar(k);
        }
        // Keeps memory small on a long list whose scores creep up.
        if self.open.len() > 4096 {
            self.open.retain(|(_, _, most)| *most >= bar);
        }
    }

    fn raise_floor(&mut self, slot: u32, least: f32, k: usize) {
        match self.floor.iter_mut().find(|(s, _)| *s == slot) {
            Some(held) => held.1 = held.1.max(least),
            None => self.floor.push((slot, least)),
        }
        self.floor.sort_by(|a, b| b.1.total_cmp(&a.1));
        self.floor.truncate(k);
    }

    fn settle(&self, rows: &Rows, k: usize) -> Vec<(u32, f32)> {
        let (dimension, bar) = (self.values.len(), self.bar(k));
        let mut best: Vec<(u32, f32)> = self
            .open
            .iter()
            .filter(|(_, _, most)| *most >= bar)
            .map(|(row, slot, _)| {
                let (block, at) = (
                    &rows.blocks[row / crate::block::ROWS],
                    row % crate::block::ROWS,
                );
                (
                    *slot,
                    dot(
                        &block.exact[at * dimension..(at + 1) * dimension],
                        self.values,
                    ),
                )
            })
            .collect();
        best.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        best.dedup_by_key(|(slot, _)| *slot);
        best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        best.truncate(k);
        best
    }
}

impl Drop for Query<'_> {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.codes);
    }
}
