//! The first sheet of an Excel workbook, read cell by cell. Must not unpack more than the bound, whatever the archive says
//! of its sizes.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use calamine::{DataRef, Reader, Xlsx, open_workbook};
use tapal_domain::import::{Fault, Field, Format};

use super::{
    Cells, Item, ROWS, Result, UNPACKED_BYTES, Unusable, WORKBOOK_BYTES, fields, unreadable,
};
use crate::import::setup::ImportSetup;

/// Most columns: a stray cell far to the right must not make a row of a million.
const COLUMNS: usize = 200;

/// Unpacks every part once and counts, so that a small file cannot fill the memory.
fn bounded(path: &Path) -> Result<()> {
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.len() > WORKBOOK_BYTES {
        return Err(Unusable("workbook_too_large"));
    }
    let mut archive =
        zip::ZipArchive::new(BufReader::new(file)).map_err(|_| Unusable("not_a_workbook"))?;
    if archive.len() > 1_000 {
        return Err(Unusable("workbook_too_large"));
    }
    let mut left = UNPACKED_BYTES;
    for at in 0..archive.len() {
        let part = archive
            .by_index(at)
            .map_err(|_| Unusable("not_a_workbook"))?;
        let read = io::copy(&mut part.take(left + 1), &mut io::sink())
            .map_err(|_| Unusable("not_a_workbook"))?;
        left = left
            .checked_sub(read)
            .ok_or(Unusable("workbook_too_large"))?;
    }
    Ok(())
}

fn text(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::String(text) | DataRef::DateTimeIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(n) => n.to_string(),
        DataRef::DateTime(at) => {
            let (y, m, d, ..) = at.to_ymd_hms_milli();
            format!("{y:04}-{m:02}-{d:02}")
        }
        _ => String::new(),
    }
}

/// Calls `each` with the number and the cells of every row that says anything.
fn walk(path: &Path, each: &mut dyn FnMut(i64, Vec<String>) -> bool) -> Result<()> {
    let mut book: Xlsx<_> =
        open_workbook(path).map_err(|_: calamine::XlsxError| Unusable("not_a_workbook"))?;
    let name = book
        .sheet_names()
        .first()
        .cloned()
        .ok_or(Unusable("empty_file"))?;
    let mut reader = book
        .worksheet_cells_reader(&name)
        .map_err(|_| Unusable("not_a_workbook"))?;
    let (mut at, mut row) = (0_u32, Vec::new());
    let mut rows = 0;
    let mut give = |at: u32, row: Vec<String>| -> Result<bool> {
        if row.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(true);
        }
        rows += 1;
        if rows > ROWS {
            return Err(Unusable("too_many_rows"));
        }
        Ok(each(i64::from(at) + 1, row))
    };
    while let Some(cell) = reader.next_cell().map_err(|_| Unusable("not_a_workbook"))? {
        let (line, column) = cell.get_position();
        if line != at {
            if !give(at, std::mem::take(&mut row))? {
                return Ok(());
            }
            at = line;
        }
        let column = column as usize;
        if column < COLUMNS {
            row.resize(row.len().max(column + 1), String::new());
            row[column] = text(cell.get_value());
        }
    }
    give(at, row).map(|_| ())
}

pub fn look(path: &Path) -> Result<(ImportSetup, i64)> {
    bounded(path)?;
    let (mut headings, mut lines) = (Vec::new(), 0);
    walk(path, &mut |_, row| {
        if lines == 0 {
            headings = row
                .iter()
                .map(|cell| cell.trim().chars().take(200).collect())
                .collect();
        }
        lines += 1;
        true
    })?;
    let data = |heading: &String| {
        crate::import::cell::day(heading).is_some() || heading.parse::<f64>().is_ok()
    };
    match headings.len() {
        0 => Err(Unusable("empty_file")),
        1 => Err(Unusable("no_header")),
        _ if headings.iter().any(data) => Err(Unusable("no_header")),
        _ => Ok((ImportSetup::preset(Format::Xlsx, headings), lines - 1)),
    }
}

pub fn read(path: &Path, setup: &ImportSetup, sink: &mut dyn FnMut(Item) -> bool) -> Result<()> {
    bounded(path)?;
    let fields = fields(setup);
    let mut first = true;
    walk(path, &mut |n, row| {
        if std::mem::take(&mut first) {
            return true;
        }
        let cells: Cells = row
            .iter()
            .zip(&fields)
            .filter_map(|(cell, field)| Some(((*field)?, cell.clone())))
            .collect();
        let beyond = row
            .iter()
            .skip(fields.len())
            .any(|cell| !cell.trim().is_empty());
        let faults = if beyond {
            vec![Fault::row("wrong_cells")]
        } else {
            Vec::new()
        };
        sink(Item::Row(n, whole(cells), faults))
    })
}

/// A year or number that a spreadsheet keeps as a decimal stands as it is shown.
fn whole(mut cells: Cells) -> Cells {
    for field in [Field::BirthDate, Field::Nik, Field::DocumentNumber] {
        if let Some(text) = cells.get_mut(&field)
            && let Some(short) = text.strip_suffix(".0")
        {
            *text = short.to_owned();
        }
    }
    cells
}
