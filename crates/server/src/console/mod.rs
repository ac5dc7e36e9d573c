//! What all console pages share: words in two languages, local time, the page's frame, embedded files.
//! Must not hold a page of its own (each noun's folder has its `page`) nor decide rights.

pub mod assets;
pub mod shell;
pub mod when;
pub mod words;

pub use shell::{Notice, Shell, Tone};
pub use words::Lang;
