//! What is held: the rows, and which of them belong to which entry. A search takes the rows and lets go of the rest
//! at once. Must not compare anything.

use std::collections::HashMap;
use std::sync::Arc;

use tapal_domain::id::EntryId;

use crate::block::{Owner, Rows};
use crate::{GalleryError, Listed};

pub(crate) struct Held {
    /// Shared with the searches under way; a change while one reads copies the blocks it touches.
    pub rows: Arc<Rows>,
    /// Numbers of the rows of each slot.
    pub placed: Vec<Box<[u32]>>,
    pub by_entry: HashMap<EntryId, u32>,
    free: Vec<u32>,
}

impl Held {
    pub(crate) fn new(dimension: usize) -> Self {
        Held {
            rows: Arc::new(Rows::new(dimension)),
            placed: Vec::new(),
            by_entry: HashMap::new(),
            free: Vec::new(),
        }
    }

    /// Rows that were read from a file, whose slots are set already.
    pub(crate) fn of(rows: Rows, placed: Vec<Box<[u32]>>, by_entry: HashMap<EntryId, u32>) -> Self {
        Held {
            rows: Arc::new(rows),
            placed,
            by_entry,
            free: Vec::new(),
        }
    }

    /// Puts an entry in, in place of what was held of it. Nothing changes on an error.
    pub(crate) fn put(&mut self, listed: &Listed) -> Result<(), GalleryError> {
        let slot = self.free.last().copied();
        let slot = slot.unwrap_or(self.placed.len() as u32);
        let owner = Owner {
            slot,
            entry: listed.entry,
            entry_version: listed.entry_version,
            list: listed.list,
            in_force_from: listed.in_force_from,
            in_force_to: listed.in_force_to,
        };
        // The new rows come before the old ones go, so that without memory the old ones stay.
        let rows = Arc::make_mut(&mut self.rows).append(owner, &listed.templates);
        let rows = rows.ok_or(GalleryError::NoMemory)?;
        self.free.pop();
        match self.placed.get_mut(slot as usize) {
            Some(place) => *place = rows.into(),
            None => self.placed.push(rows.into()),
        }
        if let Some(old) = self.by_entry.insert(listed.entry, slot) {
            self.vacate(old);
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, entry: EntryId) -> bool {
        let slot = self.by_entry.remove(&entry);
        if let Some(slot) = slot {
            self.vacate(slot);
        }
        slot.is_some()
    }

    fn vacate(&mut self, slot: u32) {
        // Highest first, so that a row still to be removed is never the one that moves.
        let mut going = std::mem::take(&mut self.placed[slot as usize]);
        going.sort_unstable_by(|a, b| b.cmp(a));
        let rows = Arc::make_mut(&mut self.rows);
        for at in going {
            let last = rows.len() as u32 - 1;
            if let Some(moved) = rows.remove(at as usize)
                && let Some(row) = self.placed[moved as usize]
                    .iter_mut()
                    .find(|row| **row == last)
            {
                *row = at;
            }
        }
        self.free.push(slot);
    }
}
