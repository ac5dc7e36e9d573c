//! Templates in, ranked candidates out: exact 1:N search over the lists a site may search.
//! It compares templates of one model only, keeps no picture and no name, and does not judge a score.

mod block;
mod quantise;
mod search;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use tapal_domain::{entry::ListKind, id::EntryId, screening::Candidate, time::UtcMs};

pub use quantise::dot;

/// What one entry looks like to the gallery. `Debug` is redacted.
#[derive(Clone, PartialEq)]
pub struct Listed {
    /// The entry.
    pub entry: EntryId,
    /// Its version.
    pub entry_version: u32,
    /// Its list.
    pub list: ListKind,
    /// First instant in force.
    pub in_force_from: UtcMs,
    /// First instant no longer in force.
    pub in_force_to: UtcMs,
    /// One a photograph, L2-normalised.
    pub templates: Vec<Vec<f32>>,
}

impl std::fmt::Debug for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Listed({}, redacted)", self.entry)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.templates);
    }
}

/// Why the gallery refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GalleryError {
    /// Two models do not share a space: a score between them would mean nothing.
    #[error(
        "the list was enrolled with model `{held}` but the template comes from `{given}`; install the same pack on both sides"
    )]
    WrongModel {
        /// The gallery's model.
        held: String,
        /// The model of what was handed in.
        given: String,
    },
    /// Not as many values as the model gives.
    #[error(
        "a template has {given} values, this model gives {expected}; the sender is damaged or uses another model"
    )]
    WrongDimension {
        /// What the model gives.
        expected: usize,
        /// What came.
        given: usize,
    },
    /// Not a unit vector of finite numbers.
    #[error("a template is not a unit vector of finite numbers; enrol the photograph again")]
    NotNormalised,
}

/// All entries of one node. Searches run side by side; a change waits for them and holds them up for microseconds.
pub struct Gallery {
    model_id: String,
    dimension: usize,
    held: RwLock<Held>,
}

struct Held {
    rows: block::Rows,
    slots: Vec<Slot>,
    by_entry: HashMap<EntryId, u32>,
    free: Vec<u32>,
}

struct Slot {
    entry: EntryId,
    entry_version: u32,
    list: ListKind,
    in_force_from: UtcMs,
    in_force_to: UtcMs,
    rows: Vec<usize>,
}

impl Gallery {
    /// An empty gallery for templates of `dimension` values made by `model_id`.
    pub fn new(model_id: impl Into<String>, dimension: usize) -> Self {
        let held = Held {
            rows: block::Rows::new(dimension),
            slots: Vec::new(),
            by_entry: HashMap::new(),
            free: Vec::new(),
        };
        Gallery {
            model_id: model_id.into(),
            dimension,
            held: RwLock::new(held),
        }
    }

    /// The model all templates in here come from.
    pub fn model_id(&self) -> &str {
        &self.model_id
    }

    /// Values a template.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Entries held.
    pub fn len(&self) -> usize {
        self.read().by_entry.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Templates held.
    pub fn templates(&self) -> usize {
        self.read().rows.len()
    }

    /// Inserts an entry, or replaces it whole. Nothing changes on an error.
    pub fn put(&self, model_id: &str, listed: &Listed) -> Result<(), GalleryError> {
        self.check_model(model_id)?;
        for template in &listed.templates {
            self.check_template(template)?;
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.remove(listed.entry);
        held.insert(listed);
        Ok(())
    }

    /// Removes and wipes an entry; whether it was there.
    pub fn remove(&self, entry: EntryId) -> bool {
        self.held
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(entry)
    }

    /// Removes and wipes everything.
    pub fn clear(&self) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.rows.blocks.clear();
        held.slots.clear();
        held.by_entry.clear();
        held.free.clear();
    }

    /// The entries held, in no order.
    pub fn entries(&self) -> Vec<EntryId> {
        self.read().by_entry.keys().copied().collect()
    }

    /// For each query the `k` most similar entries, strongest first, each by its best template. Exactly what a
    /// plain f32 scan gives; all queries share one pass over the templates.
    pub fn search(
        &self,
        model_id: &str,
        queries: &[&[f32]],
        k: usize,
    ) -> Result<Vec<Vec<Candidate>>, GalleryError> {
        self.check_model(model_id)?;
        for query in queries {
            self.check_template(query)?;
        }
        let held = self.read();
        let found = search::search(&held.rows, queries, k);
        Ok(found
            .iter()
            .map(|best| {
                best.iter()
                    .map(|(slot, score)| held.candidate(*slot, *score))
                    .collect()
            })
            .collect())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_model(&self, given: &str) -> Result<(), GalleryError> {
        if given == self.model_id {
            return Ok(());
        }
        Err(GalleryError::WrongModel {
            held: self.model_id.clone(),
            given: given.into(),
        })
    }

    fn check_template(&self, values: &[f32]) -> Result<(), GalleryError> {
        if values.len() != self.dimension {
            return Err(GalleryError::WrongDimension {
                expected: self.dimension,
                given: values.len(),
            });
        }
        let length = dot(values, values);
        // The search's error bound is proven for unit vectors only. NaN fails this too.
        if (length - 1.0).abs() <= 1e-3 {
            Ok(())
        } else {
            Err(GalleryError::NotNormalised)
        }
    }
}

impl std::fmt::Debug for Gallery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gallery({}, {} entries)", self.model_id, self.len())
    }
}

impl Held {
    fn insert(&mut self, listed: &Listed) {
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        let rows = listed
            .templates
            .iter()
            .map(|values| self.rows.push(slot, values))
            .collect();
        let filled = Slot {
            entry: listed.entry,
            entry_version: listed.entry_version,
            list: listed.list,
            in_force_from: listed.in_force_from,
            in_force_to: listed.in_force_to,
            rows,
        };
        match self.slots.get_mut(slot as usize) {
            Some(place) => *place = filled,
            None => self.slots.push(filled),
        }
        self.by_entry.insert(listed.entry, slot);
    }

    fn remove(&mut self, entry: EntryId) -> bool {
        let Some(slot) = self.by_entry.remove(&entry) else {
            return false;
        };
        // Highest first, so that a row still to be removed is never the one that moves.
        let mut rows = std::mem::take(&mut self.slots[slot as usize].rows);
        rows.sort_unstable_by(|a, b| b.cmp(a));
        for at in rows {
            let last = self.rows.len() - 1;
            if let Some(moved) = self.rows.remove(at)
                && let Some(row) = self.slots[moved as usize]
                    .rows
                    .iter_mut()
                    .find(|row| **row == last)
            {
                *row = at;
            }
        }
        self.free.push(slot);
        true
    }

    fn candidate(&self, slot: u32, score: f32) -> Candidate {
        let slot = &self.slots[slot as usize];
        Candidate {
            entry: slot.entry,
            entry_version: slot.entry_version,
            list: slot.list,
            in_force_from: slot.in_force_from,
            in_force_to: slot.in_force_to,
            score,
        }
    }
}
