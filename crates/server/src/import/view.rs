//! An import as it is shown. Must not decide anything, nor show cells without the look being recorded.

use std::collections::BTreeMap;

use serde::Serialize;
use tapal_domain::{
    entry::Agency,
    id::{AccountId, ImportId, OrderId},
    import::{Field, Format, Phase, RowState},
    order::Status,
    time::UtcMs,
    wire::ShotQuality,
};
use tapal_store::import::{self, Import, ImportPhoto, ImportRow};
use utoipa::ToSchema;

use super::{ImportSetup, setup_of};
use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
};

/// An import. The counts are absent in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    /// Its id.
    pub id: ImportId,
    /// Whose orders.
    pub agency: Agency,
    /// How the file is written.
    pub format: Format,
    /// Where it stands.
    pub phase: Phase,
    /// When it was handed in.
    pub created_at: UtcMs,
    /// When it last moved on.
    pub changed_at: UtcMs,
    /// Who handed it in.
    pub created_by: AccountId,
    /// Who had its orders recorded, or added photographs last.
    pub applied_by: Option<AccountId>,
    /// Who approved or ended them.
    pub decided_by: Option<AccountId>,
    /// Size of the file, bytes.
    pub bytes: i64,
    /// Rows of the work under way or done last that are done.
    pub done: i64,
    /// All rows of it; 0 while that is not known.
    pub total: i64,
    /// Rows that are not persons.
    pub skipped: i64,
    /// Why it failed or rests, as a code.
    pub problem: Option<String>,
    /// What is known of the file and was said about it.
    pub setup: Option<ImportSetup>,
    /// What its rows are.
    pub counts: Option<ImportCounts>,
}

/// How many rows are what.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ImportCounts {
    /// Rows by state: `new`, `unchanged`, `differs`, `broken`.
    pub rows: BTreeMap<String, i64>,
    /// New rows that lack something a person has to fill in: they stay drafts.
    pub incomplete: i64,
    /// Broken rows by the first thing wrong with them.
    pub faults: BTreeMap<String, i64>,
    /// Orders made of rows, by status.
    pub orders: BTreeMap<String, i64>,
    /// Orders whose approval or end was refused.
    pub refused: i64,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportFaultView {
    /// As a stable code.
    pub code: String,
    /// Which field.
    pub field: Option<Field>,
    /// The heading of its column, where the file has headings.
    pub column: Option<String>,
}

/// One row.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportRowView {
    /// Its number in the file: the line, the row of the sheet, or the how manieth notice.
    pub n: i64,
    /// What it is.
    pub state: RowState,
    /// What is wrong with it, all at once.
    pub faults: Vec<ImportFaultView>,
    /// The row that had the same key first.
    pub twice_of: Option<i64>,
    /// What a person has to fill in, as codes of gaps.
    pub gaps: Vec<String>,
    /// The order it became.
    pub order: Option<OrderId>,
    /// Where that order stands.
    pub status: Option<Status>,
    /// Why its approval or end was refused, as a code.
    pub outcome: Option<String>,
    /// What it says, by field.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    pub cells: BTreeMap<Field, String>,
}

/// One picture of an archive.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportPhotoView {
    /// Its place in the archive, from 1.
    pub n: i64,
    /// Its name there.
    pub name: String,
    /// The order it was put beside.
    pub order: Option<OrderId>,
    /// Why not, as a code.
    pub code: Option<String>,
    /// Its measures.
    pub quality: Option<ShotQuality>,
}

impl From<ImportPhoto> for ImportPhotoView {
    fn from(photo: ImportPhoto) -> Self {
        let ImportPhoto {
            n,
            name,
            order,
            code,
            quality,
        } = photo;
        ImportPhotoView {
            n,
            name,
            order,
            code,
            quality,
        }
    }
}

/// The view of an import for a list.
pub fn of(import: Import) -> ImportView {
    ImportView {
        id: import.id,
        agency: import.agency,
        format: import.format,
        phase: import.phase,
        created_at: import.created_at,
        changed_at: import.changed_at,
        created_by: import.created_by,
        applied_by: import.applied_by,
        decided_by: import.decided_by,
        bytes: import.bytes,
        done: import.done,
        total: import.total,
        skipped: import.skipped,
        problem: import.problem,
        setup: None,
        counts: None,
    }
}

/// The view of an import with its counts.
pub async fn whole(state: &AppState, import: Import) -> ApiResult<ImportView> {
    let tally = import::tally(&state.db, import.id).await?;
    let setup = setup_of(state, import.id).await?;
    Ok(ImportView {
        setup: Some(setup),
        counts: Some(ImportCounts {
            rows: tally
                .rows
                .iter()
                .map(|(state, n)| (state.name().to_owned(), *n))
                .collect(),
            incomplete: tally.incomplete,
            faults: tally.faults.into_iter().collect(),
            orders: tally
                .orders
                .iter()
                .map(|(status, n)| (status.name().to_owned(), *n))
                .collect(),
            refused: tally.refused,
        }),
        ..of(import)
    })
}

/// The view of a row, with the headings of its file.
pub fn row(row: ImportRow, setup: &ImportSetup) -> ApiResult<ImportRowView> {
    let column = |field: Option<Field>| {
        let at = setup.columns.get(&field?)?.checked_sub(1)?;
        setup.headings.get(at).cloned()
    };
    let faults = row.faults.into_iter().map(|fault| ImportFaultView {
        column: column(fault.field),
        code: fault.code,
        field: fault.field,
    });
    Ok(ImportRowView {
        n: row.n,
        state: row.state,
        faults: faults.collect(),
        twice_of: row.twice_of,
        gaps: row.gaps,
        order: row.order,
        status: row.status,
        outcome: row.outcome,
        cells: serde_json::from_slice(&row.cells)
            .map_err(|_| ApiError::internal("stored cells do not read"))?,
    })
}

/// A page of rows; the look is recorded.
pub async fn rows(
    state: &AppState,
    session: &Session,
    import: &Import,
    wanted: Option<RowState>,
    (after, limit): (i64, i64),
) -> ApiResult<Vec<ImportRowView>> {
    let setup = setup_of(state, import.id).await?;
    let found = import::rows(&state.db, import.id, wanted, after, limit).await?;
    let now = state.clock.now();
    tapal_store::look::record(
        &state.db,
        now,
        session.account,
        "import",
        import.id,
        "identities",
    )
    .await?;
    found.into_iter().map(|one| row(one, &setup)).collect()
}
