//! Names and document numbers: how alike two are, why, and a searchable list of them. Pure: no I/O, no clock, no
//! randomness. It compares and finds; it must not decide what happens to a person.
//!
//! ```
//! let found = tapal_names::compare("Moh. Soerjatmadja", "SURYATMAJA, Muhammad");
//! assert!(found.is_match());
//! for row in &found.rows {
//!     let _ = (row.feature.code(), row.verdict.code(), row.weight);
//! }
//! ```

mod compare;
mod distance;
mod document;
mod facts;
mod index;
mod lexicon;
mod likeness;
mod name;
mod script;
mod sound;
pub mod synthetic;
mod token;
mod weight;
mod word;

pub use compare::{Comparison, compare, compare_names};
pub use document::DocumentNumber;
pub use facts::{Birth, Country, Facts, NotABirth, Sex};
pub use index::{DocumentHit, Index, NameHit, Screening, Subject};
pub use name::Name;
pub use weight::{Feature, Row, THRESHOLD, Verdict};
pub use word::Word;
