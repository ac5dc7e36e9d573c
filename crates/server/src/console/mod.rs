//! What all console pages share: words in two languages, local time, the page's frame, embedded files, error pages.
//! Must not hold a page of its own (each noun's folder has its `page`) nor decide rights.

pub mod assets;
pub mod failure;
pub mod shell;
pub mod start;
pub mod visit;
pub mod when;
pub mod words;

pub use shell::{Notice, Shell, Tone};
pub use visit::{Visit, see_other, show};
pub use words::Lang;
