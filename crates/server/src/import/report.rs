//! What is wrong with the rows of an import, as a file for a spreadsheet, so that it can be put right at its source. Must
//! not let a cell become a formula, nor hold all rows in memory.

use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use tapal_domain::{id::ImportId, import::RowState};
use tapal_store::import;

use super::{ImportRowView, ImportSetup, find, setup_of, view};
use crate::{
    AppState, Session,
    console::Lang,
    console::words,
    error::{ApiError, ApiResult},
    extract::At,
};

const HEAD: [&str; 7] = ["row", "state", "code", "field", "column", "words", "cell"];

/// Rows that are broken, differ, or whose order was refused, as CSV: number, state, code, field, column, words, and the
/// person's own cell. The look is recorded.
#[utoipa::path(get, path = "/api/v1/imports/{id}/report", tag = "import", operation_id = "import_report", params(("id" = ImportId, Path)),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub async fn file(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ImportId>,
) -> ApiResult<Response> {
    find(&state, &session, id).await?;
    let now = state.clock.now();
    tapal_store::look::record(&state.db, now, session.account, "import", id, "identities").await?;
    let setup = setup_of(&state, id).await?;
    let lang = Lang::from_code(&session.language).unwrap_or_default();
    // Spreadsheets take a file for UTF-8 when it begins with the mark.
    let head = format!("\u{feff}{}\r\n", HEAD.join(","));
    let begin = Some((state, Bytes::from(head), 0_i64));
    let pages = stream::unfold((begin, setup), move |(at, setup)| async move {
        let (state, ready, after) = at?;
        let next = page(&state, id, after, &setup, lang).await;
        Some(match next {
            Ok(Some((bytes, last))) => (Ok(ready), (Some((state, bytes, last)), setup)),
            Ok(None) => (Ok(ready), (None, setup)),
            Err(error) => (Err(std::io::Error::other(error.message)), (None, setup)),
        })
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"import-rows.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(pages)).into_response())
}

async fn page(
    state: &AppState,
    id: ImportId,
    after: i64,
    setup: &ImportSetup,
    lang: Lang,
) -> ApiResult<Option<(Bytes, i64)>> {
    let rows = import::to_explain(&state.db, id, after, 1_000).await?;
    let Some(last) = rows.last().map(|row| row.n) else {
        return Ok(None);
    };
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        write(&mut writer, &view::row(row, setup)?, lang).map_err(ApiError::internal)?;
    }
    let bytes = writer.into_inner().map_err(ApiError::internal)?;
    Ok(Some((bytes.into(), last)))
}

fn write(writer: &mut csv::Writer<Vec<u8>>, row: &ImportRowView, lang: Lang) -> csv::Result<()> {
    let (n, state) = (row.n.to_string(), row.state.name());
    for fault in &row.faults {
        let field = fault.field.map_or("", |field| field.name());
        let column = fault.column.clone().unwrap_or_default();
        let cell = fault
            .field
            .and_then(|field| row.cells.get(&field))
            .cloned()
            .unwrap_or_default();
        let words = fault_words(lang, &fault.code, row.twice_of);
        writer.write_record([
            &n,
            state,
            &fault.code,
            field,
            &plain(&column),
            &words,
            &plain(&cell),
        ])?;
    }
    let other = match (&row.outcome, row.state) {
        (Some(code), _) => Some(code.as_str()),
        (None, RowState::Differs) => Some("differs"),
        _ => None,
    };
    if let Some(code) = other {
        writer.write_record([&n, state, code, "", "", &outcome_words(lang, code), ""])?;
    }
    Ok(())
}

/// What is wrong, in words.
pub fn fault_words(lang: Lang, code: &str, twice_of: Option<i64>) -> String {
    match code.strip_prefix("gap_") {
        Some(gap) => words::text(lang, &format!("order-gap-{gap}"), &[]),
        None => words::text(
            lang,
            &format!("import-fault-{code}"),
            &[("row", &twice_of.unwrap_or(0))],
        ),
    }
}

/// Why nothing was done with an order or a row, in words.
pub fn outcome_words(lang: Lang, code: &str) -> String {
    for key in [format!("import-outcome-{code}"), format!("problem-{code}")] {
        let text = words::text(lang, &key, &[]);
        if !text.starts_with('[') {
            return text;
        }
    }
    code.to_owned()
}

/// A cell that a spreadsheet would take for a formula gets a mark before it (OWASP, CSV injection).
fn plain(cell: &str) -> String {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_never_becomes_a_formula() {
        for (cell, expect) in [
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
            ("-5", "'-5"),
            ("Contoh", "Contoh"),
        ] {
            assert_eq!(plain(cell), expect);
        }
    }
}
