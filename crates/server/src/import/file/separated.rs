//! Cells separated by commas, semicolons or tabs (RFC 4180, and what spreadsheets make of it), and OpenSanctions'
//! `targets.simple.csv`. Must not guess an encoding: a cell that is not what was said is named.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use csv::{ByteRecord, ReaderBuilder};
use tapal_domain::import::{Fault, Field, Format};

use super::{Cells, Item, ROWS, Result, Unusable, fields, unreadable};
use crate::import::setup::ImportSetup;

/// Most bytes of a row: beyond it a quote was probably not closed.
const ROW_BYTES: usize = 256 * 1024;
/// Columns of OpenSanctions we read; the others are no business of an order.
const TARGETS: [(&str, Field); 7] = [
    ("id", Field::SourceKey),
    ("name", Field::FullName),
    ("aliases", Field::Aliases),
    ("birth_date", Field::BirthDate),
    ("countries", Field::Nationality),
    ("addresses", Field::Address),
    ("sanctions", Field::ReasonText),
];

/// After the mark some programs put before UTF-8.
fn open(path: &Path) -> Result<BufReader<File>> {
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut head = [0; 3];
    let read = file.read(&mut head).map_err(unreadable)?;
    match &head[..read] {
        [0xef, 0xbb, 0xbf] => {}
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(Unusable("utf16")),
        [b'P', b'K', ..] => return Err(Unusable("is_workbook")),
        _ => {
            file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        }
    }
    Ok(file)
}

fn separator(line: &str) -> u8 {
    let count = |separator: u8| line.bytes().filter(|b| *b == separator).count();
    let most = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|s| (count(*s), *s == b','));
    most.unwrap_or(b',')
}

pub fn look(path: &Path, targets: bool) -> Result<(ImportSetup, i64)> {
    let mut file = open(path)?;
    let (mut lines, mut utf8, mut line) = (0, true, Vec::new());
    let mut first = String::new();
    // Lines are read with a bound: a file without any must not be taken into memory.
    while (&mut file)
        .take(ROW_BYTES as u64)
        .read_until(b'\n', &mut line)
        .map_err(unreadable)?
        > 0
    {
        if line.contains(&0) {
            return Err(Unusable("not_text"));
        }
        if first.trim().is_empty() {
            first = String::from_utf8_lossy(&line).into_owned();
        }
        utf8 &= line.len() == ROW_BYTES || std::str::from_utf8(&line).is_ok();
        lines += i64::from(!line.trim_ascii().is_empty());
        line.clear();
    }
    if first.trim().is_empty() {
        return Err(Unusable("empty_file"));
    }
    let separator = separator(&first);
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(first.as_bytes());
    let record = reader.records().next().and_then(|record| record.ok());
    let headings: Vec<String> = record
        .map(|record| {
            record
                .iter()
                .map(|cell| cell.trim().chars().take(200).collect())
                .collect()
        })
        .unwrap_or_default();
    let format = if targets {
        Format::OpenSanctions
    } else {
        Format::Csv
    };
    if targets
        && !["id", "schema", "name"]
            .iter()
            .all(|name| headings.iter().any(|heading| heading == name))
    {
        return Err(Unusable("wrong_header"));
    }
    // A first line with a day or a number in it is no line of headings.
    let data = |heading: &String| {
        crate::import::cell::day(heading).is_some() || heading.parse::<f64>().is_ok()
    };
    if headings.len() < 2 || headings.iter().any(data) {
        return Err(Unusable("no_header"));
    }
    let mut setup = ImportSetup::preset(format, headings);
    setup.separator = char::from(separator).to_string();
    setup.utf8 = utf8;
    Ok((setup, lines - 1))
}

/// One end of a line, `\n`, also after the last: so that lines can be counted.
struct Ends<R> {
    from: R,
    last: u8,
    over: bool,
}

impl<R: BufRead> Read for Ends<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let mut n = 0;
        while n < into.len() && !self.over {
            let ready = self.from.fill_buf()?;
            let Some(&byte) = ready.first() else {
                self.over = true;
                if !matches!(self.last, b'\n' | b'\r') {
                    into[n] = b'\n';
                    n += 1;
                }
                break;
            };
            // A lone `\r` ends a line, one before `\n` is dropped.
            let pair = byte == b'\n' && self.last == b'\r';
            if !pair {
                into[n] = if byte == b'\r' { b'\n' } else { byte };
                n += 1;
            }
            self.last = byte;
            self.from.consume(1);
        }
        Ok(n)
    }
}

/// Calls `each` with the number and the record of every row below the headings.
fn walk(
    path: &Path,
    setup: &ImportSetup,
    each: &mut dyn FnMut(i64, &ByteRecord) -> bool,
) -> Result<()> {
    let separator = setup.separator.bytes().next().unwrap_or(b',');
    let file = Ends {
        from: open(path)?,
        last: b'\n',
        over: false,
    };
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(true)
        .flexible(true)
        .from_reader(file);
    reader.byte_headers().map_err(unreadable)?;
    let (mut record, mut n, mut rows) = (ByteRecord::new(), 1, 0);
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        // Where the reader stands is below the row: back over its own lines.
        let inner = record
            .as_slice()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        let line = reader.position().line() as i64 - 1 - inner as i64;
        n = line.max(n + 1);
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        rows += 1;
        if rows > ROWS {
            return Err(Unusable("too_many_rows"));
        }
        if !each(n, &record) {
            return Ok(());
        }
    }
    Ok(())
}

fn text(cell: &[u8], field: Field, windows_1252: bool, faults: &mut Vec<Fault>) -> String {
    if windows_1252 {
        return encoding_rs::WINDOWS_1252
            .decode_without_bom_handling(cell)
            .0
            .into_owned();
    }
    match std::str::from_utf8(cell) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            faults.push(Fault::at("not_utf8", field));
            String::from_utf8_lossy(cell).into_owned()
        }
    }
}

fn cells(record: &ByteRecord, fields: &[Option<Field>], windows_1252: bool) -> (Cells, Vec<Fault>) {
    let (mut cells, mut faults) = (Cells::new(), Vec::new());
    if record.as_slice().len() > ROW_BYTES {
        return (cells, vec![Fault::row("open_quote")]);
    }
    // Spreadsheets leave empty cells at the end of a row out, or add some.
    let full = |at: usize| {
        record
            .get(at)
            .is_some_and(|cell| !cell.trim_ascii().is_empty())
    };
    if record.len() < fields.len() || (fields.len()..record.len()).any(full) {
        faults.push(Fault::row("wrong_cells"));
    }
    for (cell, field) in record.iter().zip(fields) {
        if let Some(field) = field {
            cells.insert(*field, text(cell, *field, windows_1252, &mut faults));
        }
    }
    (cells, faults)
}

pub fn read(path: &Path, setup: &ImportSetup, sink: &mut dyn FnMut(Item) -> bool) -> Result<()> {
    let fields = fields(setup);
    walk(path, setup, &mut |n, record| {
        let (cells, faults) = cells(record, &fields, setup.windows_1252);
        sink(Item::Row(n, cells, faults))
    })
}

/// OpenSanctions: persons, with lists of values brought to one.
pub fn targets(path: &Path, setup: &ImportSetup, sink: &mut dyn FnMut(Item) -> bool) -> Result<()> {
    let at = |name: &str| setup.headings.iter().position(|heading| heading == name);
    let mut fields = vec![None; setup.headings.len()];
    for (name, field) in TARGETS {
        if let Some(place) = at(name).and_then(|at| fields.get_mut(at)) {
            *place = Some(field);
        }
    }
    let (schema, identifiers) = (at("schema"), at("identifiers"));
    walk(path, setup, &mut |n, record| {
        if schema.and_then(|at| record.get(at)) != Some(&b"Person"[..]) {
            return sink(Item::Skipped);
        }
        let (mut cells, faults) = cells(record, &fields, setup.windows_1252);
        let number = identifiers
            .and_then(|at| record.get(at))
            .unwrap_or_default();
        cells.insert(
            Field::DocumentNumber,
            String::from_utf8_lossy(number).into_owned(),
        );
        narrow(&mut cells);
        sink(Item::Row(n, cells, faults))
    })
}

fn narrow(cells: &mut Cells) {
    let list = |text: &String| -> Vec<String> {
        text.split(';')
            .map(|one| one.trim().to_owned())
            .filter(|one| !one.is_empty())
            .collect()
    };
    if let Some(dates) = cells.get_mut(&Field::BirthDate) {
        // The most exact one.
        *dates = list(dates)
            .into_iter()
            .max_by_key(String::len)
            .unwrap_or_default();
    }
    if let Some(countries) = cells.get_mut(&Field::Nationality) {
        // Countries of a target are those it has to do with: only a single one is taken for its nationality.
        let all = list(countries);
        *countries = if all.len() == 1 {
            all.concat()
        } else {
            String::new()
        };
    }
    if let Some(numbers) = cells.get_mut(&Field::DocumentNumber) {
        *numbers = list(numbers).into_iter().next().unwrap_or_default();
    }
    if let Some(aliases) = cells.get_mut(&Field::Aliases) {
        *aliases = list(aliases)
            .into_iter()
            .take(20)
            .collect::<Vec<_>>()
            .join(";");
    }
    for field in [Field::Address, Field::ReasonText] {
        if let Some(text) = cells.get_mut(&field) {
            *text = text.chars().take(2_000).collect();
        }
    }
}
