//! The desk: one traveller, one document, one decision. Must not decide itself nor keep what was only shown.

pub mod assess;
pub mod decide;
pub mod document;
pub mod page;
pub mod refer;
pub mod sample;
pub mod sheet;

pub use decide::{CrossingDone, CrossingInput};
