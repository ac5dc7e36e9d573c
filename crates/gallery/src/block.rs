//! Where templates lie: blocks of a fixed number of rows, so that growing never leaves a copy behind in freed
//! memory and one block of codes stays in the processor's cache while a batch of queries passes over it.

use zeroize::Zeroize;

use crate::quantise::{Scale, quantise};

/// Rows a block: 256 rows of 512 codes are 128 KiB.
pub(crate) const ROWS: usize = 256;

/// A fixed piece of the gallery.
pub(crate) struct Block {
    /// int8 codes, row-major.
    pub codes: Box<[i8]>,
    /// The exact values, row-major.
    pub exact: Box<[f32]>,
    /// One a row.
    pub scales: Box<[Scale]>,
    /// Slot of the entry each row belongs to.
    pub slots: Box<[u32]>,
    /// Rows in use.
    pub rows: usize,
}

impl Block {
    fn new(dimension: usize) -> Self {
        Block {
            codes: vec![0; ROWS * dimension].into(),
            exact: vec![0.0; ROWS * dimension].into(),
            scales: vec![Scale::default(); ROWS].into(),
            slots: vec![0; ROWS].into(),
            rows: 0,
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.codes.zeroize();
        self.exact.zeroize();
    }
}

/// All rows, without gaps.
pub(crate) struct Rows {
    dimension: usize,
    pub blocks: Vec<Block>,
}

impl Rows {
    pub(crate) fn new(dimension: usize) -> Self {
        Rows {
            dimension,
            blocks: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.blocks
            .last()
            .map_or(0, |last| (self.blocks.len() - 1) * ROWS + last.rows)
    }

    /// Appends a row and gives its number.
    pub(crate) fn push(&mut self, slot: u32, values: &[f32]) -> usize {
        if self.blocks.last().is_none_or(|last| last.rows == ROWS) {
            self.blocks.push(Block::new(self.dimension));
        }
        let (at, dimension) = (self.len(), self.dimension);
        let block = &mut self.blocks[at / ROWS];
        let row = at % ROWS;
        let span = row * dimension..(row + 1) * dimension;
        block.scales[row] = quantise(values, &mut block.codes[span.clone()]);
        block.exact[span].copy_from_slice(values);
        block.slots[row] = slot;
        block.rows += 1;
        at
    }

    /// Wipes a row; the last row takes its place. Gives the slot of the row that moved, if one did.
    pub(crate) fn remove(&mut self, at: usize) -> Option<u32> {
        let last = self.len().checked_sub(1)?;
        let dimension = self.dimension;
        let mut moved = None;
        let mut tail = self.blocks.pop()?;
        let from = (last % ROWS) * dimension..(last % ROWS + 1) * dimension;
        if at != last {
            let home = if at / ROWS == last / ROWS {
                None
            } else {
                self.blocks.get_mut(at / ROWS)
            };
            let row = at % ROWS;
            let slot = tail.slots[last % ROWS];
            match home {
                None => {
                    tail.codes.copy_within(from.clone(), row * dimension);
                    tail.exact.copy_within(from.clone(), row * dimension);
                    tail.scales[row] = tail.scales[last % ROWS];
                    tail.slots[row] = slot;
                }
                Some(home) => {
                    let to = row * dimension..(row + 1) * dimension;
                    home.codes[to.clone()].copy_from_slice(&tail.codes[from.clone()]);
                    home.exact[to].copy_from_slice(&tail.exact[from.clone()]);
                    home.scales[row] = tail.scales[last % ROWS];
                    home.slots[row] = slot;
                }
            }
            moved = Some(slot);
        }
        tail.codes[from.clone()].zeroize();
        tail.exact[from].zeroize();
        tail.rows -= 1;
        if tail.rows > 0 {
            self.blocks.push(tail);
        }
        moved
    }
}
