//! Templates in, ranked candidates out: exact 1:N search over the lists a site may search.
//! It compares templates of one model only, keeps no picture and no name, and does not judge a score.

mod block;
mod coarse;
mod held;
mod kernel;
mod memory;
mod quantise;
mod search;
pub mod snapshot;
pub mod synthetic;
#[cfg(test)]
mod tests;
mod yardstick;

use std::sync::{Arc, PoisonError, RwLock};

use held::Held;
use tapal_domain::{entry::ListKind, id::EntryId, screening::Candidate, time::UtcMs};

pub use kernel::Kernel;
pub use quantise::dot;
pub use search::Effort;

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
    /// The machine has no memory left.
    #[error("there is no memory left for another template; a template needs 5.5 bytes a value")]
    NoMemory,
}

/// All entries of one node. A search reads the gallery as it was when it began; changes do not wait for it.
pub struct Gallery {
    model_id: String,
    dimension: usize,
    held: RwLock<Held>,
}

impl Gallery {
    /// An empty gallery for templates of `dimension` values made by `model_id`.
    pub fn new(model_id: impl Into<String>, dimension: usize) -> Self {
        Gallery {
            model_id: model_id.into(),
            dimension,
            held: RwLock::new(Held::new(dimension)),
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
        held.put(listed)
    }

    /// Removes and wipes an entry; whether it was there. No search that begins afterwards finds it. Where a search is
    /// reading at this moment, the wiping happens when it ends.
    pub fn remove(&self, entry: EntryId) -> bool {
        self.held
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(entry)
    }

    /// Removes and wipes everything.
    pub fn clear(&self) {
        let empty = Held::new(self.dimension);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *held, empty);
        drop(held);
        drop(old);
    }

    /// The entries held, in no order.
    pub fn entries(&self) -> Vec<EntryId> {
        self.read().by_entry.keys().copied().collect()
    }

    /// For each query the `k` most similar entries, strongest first, each by its best template. Exactly what a
    /// plain f32 scan gives; all queries share one pass over the templates. On the caller's thread.
    pub fn search(
        &self,
        model_id: &str,
        queries: &[&[f32]],
        k: usize,
    ) -> Result<Vec<Vec<Candidate>>, GalleryError> {
        self.search_with(model_id, queries, k, Effort::default())
    }

    /// [`Gallery::search`] on several threads, or with a chosen kernel. Entries removed while it ran are left out.
    pub fn search_with(
        &self,
        model_id: &str,
        queries: &[&[f32]],
        k: usize,
        effort: Effort,
    ) -> Result<Vec<Vec<Candidate>>, GalleryError> {
        self.check_model(model_id)?;
        for query in queries {
            self.check_template(query)?;
        }
        let rows = Arc::clone(&self.read().rows);
        let found = search::search(&rows, queries, k, effort);
        let held = self.read();
        let candidate = |(place, score): &((u32, u32), f32)| {
            let owner = rows.blocks[place.0 as usize].owners[place.1 as usize];
            held.by_entry
                .contains_key(&owner.entry)
                .then_some(Candidate {
                    entry: owner.entry,
                    entry_version: owner.entry_version,
                    list: owner.list,
                    in_force_from: owner.in_force_from,
                    in_force_to: owner.in_force_to,
                    score: *score,
                })
        };
        let answer = found.iter().map(|best| best.iter().filter_map(candidate));
        Ok(answer.map(Iterator::collect).collect())
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
        if is_unit(values) {
            Ok(())
        } else {
            Err(GalleryError::NotNormalised)
        }
    }
}

/// Whether the search's error bound holds for it: it is proven for unit vectors only. NaN fails this too.
fn is_unit(values: &[f32]) -> bool {
    (dot(values, values) - 1.0).abs() <= 1e-3
}

impl std::fmt::Debug for Gallery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gallery({}, {} entries)", self.model_id, self.len())
    }
}
