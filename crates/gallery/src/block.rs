//! Where templates lie: blocks of a fixed number of rows, so that growing never leaves a copy behind in freed memory.
//! A search holds on to the blocks it started with; whoever changes one that is being read changes a copy, and the old
//! one is wiped when its last reader lets go. Must not know scores.

use std::sync::Arc;

use tapal_domain::{entry::ListKind, id::EntryId, time::UtcMs};
use zeroize::Zeroize;

use crate::coarse::Coarse;
use crate::kernel::Codes;
use crate::memory::Values;
use crate::quantise::{Scale, quantise};

/// Rows a block: 1,024 rows of 512 values are 0.75 MiB of codes and 2 MiB of exact values.
pub(crate) const ROWS: usize = 1024;

/// Whose row it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Owner {
    /// Number of the entry in this gallery.
    pub slot: u32,
    pub entry: EntryId,
    pub entry_version: u32,
    pub list: ListKind,
    pub in_force_from: UtcMs,
    pub in_force_to: UtcMs,
}

/// The extremes of the scales in a block; never too narrow, perhaps too wide after a removal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub least_step: f32,
    pub most_step: f32,
    pub most_error: f32,
}

/// A fixed piece of the gallery. Codes and exact values lie apart: a scan reads the codes only.
#[derive(Clone)]
pub(crate) struct Block {
    /// Half-byte codes: what a scan for one probe reads.
    pub coarse: Coarse,
    pub codes: Codes,
    /// The exact values, row-major.
    pub exact: Values,
    pub scales: Vec<Scale>,
    /// One a row in use.
    pub owners: Vec<Owner>,
    pub extent: Extent,
}

impl Block {
    /// `None` when there is no memory left.
    pub(crate) fn new(dimension: usize) -> Option<Self> {
        Some(Block {
            coarse: Coarse::new(dimension),
            codes: Codes::new(dimension, ROWS)?,
            exact: Values::new(ROWS * dimension)?,
            scales: vec![Scale::default(); ROWS],
            owners: Vec::with_capacity(ROWS),
            extent: Extent {
                least_step: f32::INFINITY,
                most_step: 0.0,
                most_error: 0.0,
            },
        })
    }

    pub(crate) fn rows(&self) -> usize {
        self.owners.len()
    }

    pub(crate) fn exact(&self, row: usize) -> &[f32] {
        let dimension = self.exact.len() / ROWS;
        &self.exact[row * dimension..(row + 1) * dimension]
    }

    /// Fills the next row; there must be room.
    pub(crate) fn push(&mut self, owner: Owner, values: &[f32]) {
        self.push_with(owner, |row| {
            row.copy_from_slice(values);
            true
        });
    }

    /// Lets `fill` write the next row in its place; there must be room. Where it says no, nothing is left of it.
    pub(crate) fn push_with(
        &mut self,
        owner: Owner,
        fill: impl FnOnce(&mut [f32]) -> bool,
    ) -> bool {
        let (row, dimension) = (self.rows(), self.exact.len() / ROWS);
        let values = &mut self.exact[row * dimension..(row + 1) * dimension];
        if !fill(values) {
            values.zeroize();
            return false;
        }
        self.scales[row] = quantise(values, self.codes.row_mut(row));
        self.coarse.put(row, values);
        self.owners.push(owner);
        self.widen(row);
        true
    }

    fn widen(&mut self, row: usize) {
        let scale = self.scales[row];
        let extent = &mut self.extent;
        extent.least_step = extent.least_step.min(scale.step);
        extent.most_step = extent.most_step.max(scale.step);
        extent.most_error = extent.most_error.max(scale.error);
    }

    fn take_over(&mut self, row: usize, from: &Block, other: usize) {
        let dimension = self.exact.len() / ROWS;
        self.codes
            .row_mut(row)
            .copy_from_slice(from.codes.row(other));
        self.exact[row * dimension..(row + 1) * dimension].copy_from_slice(from.exact(other));
        self.scales[row] = from.scales[other];
        self.owners[row] = from.owners[other];
        self.coarse.take_over(row, &from.coarse, other);
        self.widen(row);
    }

    fn move_last_to(&mut self, row: usize) {
        let (dimension, last) = (self.exact.len() / ROWS, self.rows() - 1);
        let mut codes = self.codes.row(last).to_vec();
        self.codes.row_mut(row).copy_from_slice(&codes);
        codes.zeroize();
        self.exact
            .copy_within(last * dimension..(last + 1) * dimension, row * dimension);
        self.scales[row] = self.scales[last];
        self.coarse.move_within(last, row);
        self.owners[row] = self.owners[last];
    }

    fn wipe_last(&mut self) {
        let (dimension, last) = (self.exact.len() / ROWS, self.rows() - 1);
        self.codes.row_mut(last).zeroize();
        self.coarse.wipe(last);
        self.exact[last * dimension..(last + 1) * dimension].zeroize();
        self.scales[last] = Scale::default();
        self.owners.pop();
    }
}

/// All rows, without gaps. A clone shares the blocks.
#[derive(Clone)]
pub(crate) struct Rows {
    dimension: usize,
    pub blocks: Vec<Arc<Block>>,
}

impl Rows {
    pub(crate) fn new(dimension: usize) -> Self {
        Rows {
            dimension,
            blocks: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        let full = self.blocks.len().saturating_sub(1) * ROWS;
        self.blocks.last().map_or(0, |last| full + last.rows())
    }

    /// Appends rows and gives their numbers. `None`, and nothing changed, when there is no memory left.
    pub(crate) fn append(&mut self, owner: Owner, templates: &[Vec<f32>]) -> Option<Vec<u32>> {
        let (first, end) = (self.len(), self.len() + templates.len());
        let mut fresh = Vec::new();
        for _ in self.blocks.len()..end.div_ceil(ROWS) {
            fresh.push(Arc::new(Block::new(self.dimension)?));
        }
        self.blocks.append(&mut fresh);
        for (at, values) in (first..end).zip(templates) {
            Arc::make_mut(&mut self.blocks[at / ROWS]).push(owner, values);
        }
        Some((first as u32..end as u32).collect())
    }

    /// Wipes a row; the last row takes its place. Gives the slot of the row that moved, if one did.
    pub(crate) fn remove(&mut self, at: usize) -> Option<u32> {
        let last = self.len().checked_sub(1)?;
        let mut tail = self.blocks.pop()?;
        let block = Arc::make_mut(&mut tail);
        let moved = (at != last).then(|| block.owners[last % ROWS].slot);
        if moved.is_some() {
            match self.blocks.get_mut(at / ROWS) {
                Some(home) => Arc::make_mut(home).take_over(at % ROWS, block, last % ROWS),
                None => block.move_last_to(at % ROWS),
            }
        }
        block.wipe_last();
        if block.rows() > 0 {
            self.blocks.push(tail);
        }
        moved
    }
}
