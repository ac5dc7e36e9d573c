//! Figures as a file for a spreadsheet: CSV with one number a line, XLSX with one table a sheet. Must not let a cell
//! become a formula, nor write another number than the page shows.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use tapal_domain::statistic::{Dimension, Figure, Shown, breakdowns, total};

use super::{
    Asked, Wanted, letter,
    table::{self, Table, Tables},
    words,
};
use crate::{
    AppState, Session,
    console::{Lang, words::text},
    error::{ApiError, ApiResult},
    extract::Params,
};

/// The forms a document goes out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated values.
    Csv,
    /// Office Open XML.
    Xlsx,
    /// Portable document.
    Pdf,
}

impl Form {
    /// Every form.
    pub const ALL: [Form; 3] = [Self::Pdf, Self::Xlsx, Self::Csv];

    /// The end of its file name.
    pub fn end(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pdf => "application/pdf",
        }
    }
}

/// A document in a form, named `name`; the PDF has a part for each of `all`, the others the first.
pub fn reply(form: Form, name: &str, all: &[Tables]) -> ApiResult<Response> {
    let first = all
        .first()
        .ok_or_else(|| ApiError::internal("a document without a language"))?;
    let bytes = match form {
        Form::Csv => csv(first)?,
        Form::Xlsx => xlsx(first).map_err(ApiError::internal)?,
        Form::Pdf => letter::set(all)?,
    };
    let headers = [
        (header::CONTENT_TYPE, form.kind().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.{}\"", form.end()),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// Where each number stands: figure, dimensions and codes, their names, the number.
pub fn csv(tables: &Tables) -> ApiResult<Vec<u8>> {
    let mut file = csv::Writer::from_writer(vec![0xEF, 0xBB, 0xBF]);
    let write = |file: &mut csv::Writer<Vec<u8>>, line: [&str; 12]| {
        file.write_record(line).map_err(ApiError::internal)
    };
    write(
        &mut file,
        [
            "figure",
            "by",
            "code",
            "name",
            "by_column",
            "column",
            "column_name",
            "n",
            "from",
            "to",
            "as_of_utc_ms",
            "ledger_place",
        ],
    )?;
    let (as_of, seq) = (tables.cut.as_of.0.to_string(), tables.cut.seq.to_string());
    let (from, to) = (&tables.period.0, &tables.period.1);
    for (figure, n) in &tables.figures {
        let (name, n) = (words::figure(tables.lang, *figure), n.to_string());
        let line = [
            figure.name(),
            "",
            "",
            &name,
            "",
            "",
            "",
            &n,
            from,
            to,
            &as_of,
            &seq,
        ];
        write(&mut file, line)?;
    }
    for table in &tables.tables {
        let by = |at: usize| table.by.get(at).map_or("", |by| by.name());
        for row in &table.rows {
            for (at, value) in row.numbers.iter().enumerate() {
                let column = table.columns.get(at);
                if column.is_none() && !table.columns.is_empty() {
                    continue; // the sum of the row stands in the table of one dimension
                }
                let n = plain(tables, *value);
                let (code, name) = column.map_or(("", ""), |own| (&own.0, &own.1));
                let name_of_row = cell(&row.name);
                let line = [
                    table.figure.name(),
                    by(0),
                    &row.code,
                    &name_of_row,
                    by(1),
                    code,
                    name,
                    &n,
                    from,
                    to,
                    &as_of,
                    &seq,
                ];
                write(&mut file, line)?;
            }
        }
    }
    file.into_inner().map_err(ApiError::internal)
}

/// A number without marks, for programs.
fn plain(tables: &Tables, value: Shown) -> String {
    match value {
        Shown::Exact(n) => n.to_string(),
        other => tables.shown(other),
    }
}

/// A name that a spreadsheet would take for a formula gets an apostrophe in front.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("{}{text}", if formula { "'" } else { "" })
}

fn xlsx(tables: &Tables) -> Result<Vec<u8>, XlsxError> {
    let bold = Format::new().set_bold();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(text(tables.lang, "statistic-sheet", &[]))?;
    sheet.set_column_width(0, 40)?.set_column_width(2, 90)?;
    sheet.write_with_format(0, 0, &tables.title, &bold)?;
    let mut at = 1;
    for (term, value) in letter::facts(tables) {
        sheet.write(at, 0, term)?.write(at, 1, value)?;
        at += 1;
    }
    at += 1;
    for (figure, n) in &tables.figures {
        sheet
            .write_with_format(at, 0, words::figure(tables.lang, *figure), &bold)?
            .write(at, 1, *n)?
            .write(at, 2, words::means(tables.lang, *figure))?;
        at += 1;
    }
    for (n, table) in tables.tables.iter().enumerate() {
        let sheet = book.add_worksheet();
        // A name of a sheet has at most 31 letters.
        sheet.set_name(format!("{:02} {}", n + 1, short(table)))?;
        one(sheet, tables, table, &bold)?;
    }
    book.save_to_buffer()
}

fn short(table: &Table) -> String {
    let by: Vec<&str> = table.by.iter().map(|by| by.name()).collect();
    let name = format!("{} {}", table.figure.name(), by.join(" x "));
    name.replace('_', " ").chars().take(28).collect()
}

fn one(
    sheet: &mut Worksheet,
    tables: &Tables,
    table: &Table,
    bold: &Format,
) -> Result<(), XlsxError> {
    sheet.set_column_width(0, 40)?;
    sheet.write_with_format(0, 0, tables.heading(table), bold)?;
    let total = text(tables.lang, "statistic-total", &[]);
    let columns = table.columns.iter().map(|(_, name)| name.as_str());
    let heads: Vec<&str> = columns.chain([total.as_str()]).collect();
    for (column, head) in (1..).zip(&heads) {
        sheet.write_with_format(2, column, *head, bold)?;
    }
    let mut at = 3;
    for row in &table.rows {
        sheet.write_string(at, 0, &row.name)?;
        for (column, value) in (1..).zip(&row.numbers) {
            match value {
                Shown::Exact(n) => sheet.write(at, column, *n)?,
                other => sheet.write_string(at, column, tables.shown(*other))?,
            };
        }
        at += 1;
    }
    let last = u16::try_from(heads.len()).unwrap_or(1);
    sheet
        .write_with_format(at, 0, total, bold)?
        .write_with_format(at, last, table.total, bold)?;
    Ok(())
}

async fn of_period(
    form: Form,
    state: AppState,
    session: Session,
    wanted: Wanted,
) -> ApiResult<Response> {
    let asked = wanted.asked(&state, &session).await?;
    let lang = Lang::from_code(&session.language).unwrap_or_default();
    let tables = tables(&state, &asked, lang).await?;
    reply(form, "statistics", &[tables])
}

/// The tables of a question.
pub async fn tables(state: &AppState, asked: &Asked, lang: Lang) -> ApiResult<Tables> {
    let cells = asked.cells(state).await?;
    let figures = Figure::ALL.iter().map(|own| (*own, total(&cells, *own)));
    let period = (asked.filter.from.to_string(), asked.filter.to.to_string());
    Ok(table::of_period(
        lang,
        &asked.sites,
        (text(lang, "statistic-title", &[]), period, asked.cut),
        figures.collect(),
        &breakdowns(&cells, Dimension::ALL),
    ))
}

/// `GET /statistics.csv`.
pub async fn as_csv(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Response> {
    of_period(Form::Csv, state, session, wanted).await
}

/// `GET /statistics.xlsx`.
pub async fn as_xlsx(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Response> {
    of_period(Form::Xlsx, state, session, wanted).await
}

/// `GET /statistics.pdf`.
pub async fn as_pdf(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Response> {
    of_period(Form::Pdf, state, session, wanted).await
}
