//! Files as they come, one row after another: never the whole of one in memory but a workbook's shared words. Must not
//! judge what a row says, nor follow what a file says of itself (sizes, encodings) without looking.

mod notice;
mod separated;
mod sheet;

use std::path::Path;

use tapal_domain::import::{Fault, Field, Format};

use super::{draft::Cells, setup::ImportSetup};

/// Most bytes of a file of rows.
pub const FILE_BYTES: usize = 64 * 1024 * 1024;
/// Most bytes of a workbook, packed.
pub const WORKBOOK_BYTES: u64 = 20 * 1024 * 1024;
/// Most bytes of a workbook, unpacked.
pub const UNPACKED_BYTES: u64 = 300 * 1024 * 1024;
/// Most rows of a file.
pub const ROWS: i64 = 500_000;

/// Why a file cannot be used; a stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unusable(pub &'static str);

/// Shorthand of this module.
pub type Result<T> = std::result::Result<T, Unusable>;

/// What stands in a file, one after another.
pub enum Item {
    /// A row with its number in the file, its cells, and what is wrong with it as text.
    Row(i64, Cells, Vec<Fault>),
    /// Something that is no person.
    Skipped,
}

/// What is seen of a file before anything is said about it: headings, how cells are divided, about how many rows.
pub fn look(path: &Path, format: Format) -> Result<(ImportSetup, i64)> {
    match format {
        Format::Csv => separated::look(path, false),
        Format::OpenSanctions => separated::look(path, true),
        Format::Xlsx => sheet::look(path),
        Format::Interpol => notice::look(path),
    }
}

/// Gives every row to `sink` until it says `false`.
pub fn read(
    path: &Path,
    format: Format,
    setup: &ImportSetup,
    sink: &mut dyn FnMut(Item) -> bool,
) -> Result<()> {
    match format {
        Format::Csv => separated::read(path, setup, sink),
        Format::OpenSanctions => separated::targets(path, setup, sink),
        Format::Xlsx => sheet::read(path, setup, sink),
        Format::Interpol => notice::read(path, sink),
    }
}

fn unreadable<E>(_: E) -> Unusable {
    Unusable("unreadable")
}

/// Which field each column is, by its place from 0.
fn fields(setup: &ImportSetup) -> Vec<Option<Field>> {
    let mut fields = vec![None; setup.headings.len()];
    for (field, at) in &setup.columns {
        if let Some(place) = at.checked_sub(1).and_then(|at| fields.get_mut(at)) {
            *place = Some(*field);
        }
    }
    fields
}

#[cfg(test)]
mod tests;
