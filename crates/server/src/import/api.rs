//! `/api/v1/imports`. Must not authorise anything itself: the route table and [`super`] do.

use axum::{
    Json,
    extract::{Multipart, State},
    http::StatusCode,
};
use serde::Deserialize;
use tapal_domain::{id::ImportId, import::RowState};
use tapal_store::import;
use utoipa::ToSchema;

use super::{
    ImportPhotoView, ImportRowView, ImportSetup, ImportView, apply_by, archive, decide_by,
    discard_by, find, rows_file, set_up_by, view,
};
use crate::{
    AppState, Session,
    error::ApiResult,
    extract::{At, Input, Params},
};

/// Which imports.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    before: Option<ImportId>,
}

/// Which rows.
#[derive(Debug, Default, Deserialize)]
pub struct WantedRows {
    state: Option<RowState>,
    #[serde(default)]
    after: i64,
}

/// What an approver does with all orders of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportDecision {
    /// Approve those that wait for it.
    Approve,
    /// End all of them.
    Undo,
}

/// A decision about an import.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ImportDecisionInput {
    /// What.
    pub decision: ImportDecision,
    /// Why, or the number of the letter; needed to undo.
    #[serde(default)]
    pub note: String,
}

/// A file, in the order agency, format, setup, file.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the form; it is read piece by piece")]
pub struct ImportForm {
    /// Whose orders.
    agency: tapal_domain::entry::Agency,
    /// How the file is written.
    format: tapal_domain::import::Format,
    /// What it means, as JSON; may be said later.
    setup: Option<ImportSetup>,
    /// The file; at most 64 MiB, a workbook 20 MiB.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

/// An archive.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes the form; it is read piece by piece")]
pub struct ImportArchiveForm {
    /// A ZIP of JPEG and PNG files, each named by the reference or key of its row; at most 256 MiB.
    #[schema(format = Binary, content_media_type = "application/zip")]
    file: String,
}

/// Imports, newest first, at most 100; a liaison gets its own agency's.
#[utoipa::path(get, path = "/api/v1/imports", tag = "import", operation_id = "import_list", params(
    ("before" = Option<ImportId>, Query, description = "only older than this one")), responses((status = 200, body = Vec<ImportView>)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<Vec<ImportView>>> {
    let found = import::list(&state.db, session.orders_of()?, wanted.before, 100).await?;
    Ok(Json(found.into_iter().map(view::of).collect()))
}

async fn shown(state: &AppState, session: &Session, id: ImportId) -> ApiResult<Json<ImportView>> {
    let import = find(state, session, id).await?;
    Ok(Json(view::whole(state, import).await?))
}

/// Hands in a file. Nothing is recorded as an order by this. With `setup` its rows are read at once.
#[utoipa::path(post, path = "/api/v1/imports", tag = "import", operation_id = "import_add", request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 201, body = ImportView)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    form: Multipart,
) -> ApiResult<(StatusCode, Json<ImportView>)> {
    let id = rows_file(&state, &session, form).await?;
    Ok((StatusCode::CREATED, shown(&state, &session, id).await?))
}

/// One import with its counts and how far the work on it has come.
#[utoipa::path(get, path = "/api/v1/imports/{id}", tag = "import", operation_id = "import_get", params(("id" = ImportId, Path)), responses((status = 200, body = ImportView)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ImportId>,
) -> ApiResult<Json<ImportView>> {
    shown(&state, &session, id).await
}

/// Throws an import away of which nothing was recorded: its file and its rows are destroyed.
#[utoipa::path(delete, path = "/api/v1/imports/{id}", tag = "import", operation_id = "import_discard", params(("id" = ImportId, Path)), responses((status = 200, body = ImportView)))]
pub async fn discard(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ImportId>,
) -> ApiResult<Json<ImportView>> {
    discard_by(&state, &session, id).await?;
    shown(&state, &session, id).await
}

/// Says what the columns mean and what the file does not say; its rows are read then. Headings, separator and
/// encoding are the file's own and are not changed by this.
#[utoipa::path(put, path = "/api/v1/imports/{id}/setup", tag = "import", operation_id = "import_set_up", params(("id" = ImportId, Path)), request_body = ImportSetup, responses((status = 200, body = ImportView)))]
pub async fn set_up(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ImportId>,
    Input(setup): Input<ImportSetup>,
) -> ApiResult<Json<ImportView>> {
    set_up_by(&state, &session, id, setup).await?;
    shown(&state, &session, id).await
}

/// Rows, in the file's order, at most 200 after row `after`. The look is recorded.
#[utoipa::path(get, path = "/api/v1/imports/{id}/rows", tag = "import", operation_id = "import_rows", params(("id" = ImportId, Path),
    ("state" = Option<RowState>, Query, description = "only in this state"),
    ("after" = Option<i64>, Query, description = "only after this row")), responses((status = 200, body = Vec<ImportRowView>)))]
pub async fn rows(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ImportId>,
    Params(wanted): Params<WantedRows>,
) -> ApiResult<Json<Vec<ImportRowView>>> {
    let import = find(&state, &session, id).await?;
    let page = (wanted.after, 200);
    let found = view::rows(&state, &session, &import, wanted.state, page).await?;
    Ok(Json(found))
}

/// Has the good rows recorded as orders: complete ones handed in, the others as drafts.
#[utoipa::path(post, path = "/api/v1/imports/{id}/application", tag = "import", operation_id = "import_apply", params(("id" = ImportId, Path)), responses((status = 200, body = ImportView)))]
pub async fn apply(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ImportId>,
) -> ApiResult<Json<ImportView>> {
    apply_by(&state, &session, id).await?;
    shown(&state, &session, id).await
}

/// Hands in photographs for the drafts of an import; those that are complete then are handed in.
#[utoipa::path(post, path = "/api/v1/imports/{id}/photos", tag = "import", operation_id = "import_photograph", params(("id" = ImportId, Path)),
    request_body(content = ImportArchiveForm, content_type = "multipart/form-data"), responses((status = 200, body = ImportView)))]
pub async fn photograph(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ImportId>,
    form: Multipart,
) -> ApiResult<Json<ImportView>> {
    archive(&state, &session, id, form).await?;
    shown(&state, &session, id).await
}

/// What became of each photograph, at most 500, those that were not taken first. The look is recorded.
#[utoipa::path(get, path = "/api/v1/imports/{id}/photos", tag = "import", operation_id = "import_photos", params(("id" = ImportId, Path)), responses((status = 200, body = Vec<ImportPhotoView>)))]
pub async fn photos(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ImportId>,
) -> ApiResult<Json<Vec<ImportPhotoView>>> {
    find(&state, &session, id).await?;
    let now = state.clock.now();
    tapal_store::look::record(&state.db, now, session.account, "import", id, "identities").await?;
    let (_, found) = import::photos(&state.db, id, 500).await?;
    Ok(Json(found.into_iter().map(Into::into).collect()))
}

/// Approves the orders of an import that wait for it, or ends all of them; by another person than who handed it in.
#[utoipa::path(post, path = "/api/v1/imports/{id}/decision", tag = "import", operation_id = "import_decide", params(("id" = ImportId, Path)), request_body = ImportDecisionInput, responses((status = 200, body = ImportView)))]
pub async fn decide(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ImportId>,
    Input(input): Input<ImportDecisionInput>,
) -> ApiResult<Json<ImportView>> {
    let undo = input.decision == ImportDecision::Undo;
    decide_by(&state, &session, id, (undo, input.note)).await?;
    shown(&state, &session, id).await
}
