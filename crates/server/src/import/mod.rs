//! Imports: orders that come as a file. Hand in, say what it means, look at what would happen, have it recorded; another
//! person approves or undoes all of it. Must not be a way around an order's own rules: every row becomes one and is
//! judged like one that was typed. A liaison must not learn of another agency's file.

pub mod api;
mod cell;
mod draft;
mod file;
pub mod page;
mod photo;
mod receive;
pub mod report;
mod setup;
mod view;
pub mod work;

use std::path::PathBuf;

use axum::http::StatusCode;
use tapal_domain::{
    entry::Agency,
    id::ImportId,
    import::{Action, Phase, Refused, RowState},
    order::Status,
};
use tapal_store::import::{self, Import, Step};

pub use receive::{archive, rows_file};
pub use setup::{ImportGiven, ImportSetup};
pub use view::{ImportPhotoView, ImportRowView, ImportView};

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
};

/// Most bytes of a form with a file of rows.
pub const LIST_FORM_BYTES: usize = file::FILE_BYTES + 64 * 1024;
/// Most bytes of a form with an archive of photographs.
pub const ARCHIVE_FORM_BYTES: usize = photo::ARCHIVE_BYTES + 64 * 1024;
/// Most imports the centre has work with at a time; it does one after another.
const QUEUE: i64 = 20;

/// The folder where files wait until they are read.
fn folder(state: &AppState) -> PathBuf {
    state.config.data_dir.join("imports")
}

/// A file of rows.
fn rows_path(state: &AppState, id: ImportId) -> PathBuf {
    folder(state).join(id.to_string())
}

/// An archive of photographs.
fn archive_path(state: &AppState, id: ImportId) -> PathBuf {
    folder(state).join(format!("{id}.zip"))
}

async fn remove(path: PathBuf) {
    match tokio::fs::remove_file(&path).await {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => tracing::error!(%error, "a file that was imported could not be removed"),
    }
}

fn refused(why: Refused) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, why.code(), why.to_string())
}

/// One import, if it is this person's to see.
pub async fn find(state: &AppState, session: &Session, id: ImportId) -> ApiResult<Import> {
    Ok(import::get(&state.db, id, session.orders_of()?).await?)
}

/// Whether this person may hand in orders of `agency`.
fn own_agency(session: &Session, agency: Agency) -> ApiResult<()> {
    if session.orders_of()?.is_some_and(|own| own != agency) {
        return Err(ApiError::invalid(
            "other_agency",
            "a liaison files orders of its own agency only",
        ));
    }
    Ok(())
}

/// Whether this person may do `action` to this import now; the phase it leads to.
pub fn may(session: &Session, import: &Import, action: Action) -> ApiResult<Phase> {
    session.require(action.permission())?;
    let hands = [Some(import.created_by), import.applied_by];
    action
        .next(import.phase, session.account, &hands)
        .map_err(refused)
}

/// Does one thing to an import; what takes long is done by [`work`].
async fn act_by(
    state: &AppState,
    session: &Session,
    import: &Import,
    action: Action,
    mut step: Step,
) -> ApiResult<()> {
    let to = may(session, import, action)?;
    let now = state.clock.now();
    if import.phase == to {
        import::resume(&state.db, now, Some(import.id)).await?;
        return Ok(());
    }
    if to.works() && import::queued(&state.db).await? >= QUEUE {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "import_queue_full",
            "the centre has enough files to work on; try again when one is done",
        ));
    }
    if step.total.is_none() {
        step.total = total(state, import, action).await?;
    }
    import::advance(&state.db, now, session.by(), import, to, step).await?;
    if to == Phase::Dropped {
        remove(rows_path(state, import.id)).await;
    }
    Ok(())
}

/// How many rows the work has that `action` begins.
async fn total(state: &AppState, import: &Import, action: Action) -> ApiResult<Option<i64>> {
    let tally = import::tally(&state.db, import.id).await?;
    let orders = |which: fn(Status) -> bool| -> i64 {
        let all = tally.orders.iter().filter(|(status, _)| which(*status));
        all.map(|(_, n)| n).sum()
    };
    let over = |status| {
        matches!(
            status,
            Status::Refused | Status::Lapsed | Status::Revoked | Status::Acquitted
        )
    };
    Ok(match action {
        Action::Apply => {
            let new = tally.rows.iter().find(|(state, _)| *state == RowState::New);
            Some(new.map_or(0, |(_, n)| *n))
        }
        Action::Approve => Some(orders(|status| {
            matches!(status, Status::Submitted | Status::AwaitingSecond)
        })),
        Action::Undo => {
            let all = tally.orders.iter().filter(|(status, _)| !over(*status));
            Some(all.map(|(_, n)| n).sum())
        }
        _ => None,
    })
}

/// Says what a file means, and has its rows read.
pub async fn set_up_by(
    state: &AppState,
    session: &Session,
    id: ImportId,
    said: ImportSetup,
) -> ApiResult<()> {
    let import = find(state, session, id).await?;
    let setup = setup_of(state, id).await?.with(said);
    if import.phase != Phase::Reading
        && let Some(code) = setup.lacks(import.format)
    {
        return Err(ApiError::invalid(code, lacking(code)));
    }
    let step = Step {
        setup: Some(serde_json::to_string(&setup).map_err(ApiError::internal)?),
        ..Step::default()
    };
    act_by(state, session, &import, Action::Read, step).await
}

fn lacking(code: &str) -> &'static str {
    match code {
        "columns_missing" => {
            "say which column holds the name, and which the number of the order or a key of the row"
        }
        "column_unknown" => "a column number lies outside the file; the first column is 1",
        _ => {
            "say the kind, form, reason, day of the order and first day once for all rows, or which columns hold them"
        }
    }
}

/// What is known of the file of an import.
pub async fn setup_of(state: &AppState, id: ImportId) -> ApiResult<ImportSetup> {
    let text = import::setup(&state.db, id).await?;
    serde_json::from_slice(&text).map_err(|_| ApiError::internal("a stored setup does not read"))
}

/// Has the good rows recorded as orders.
pub async fn apply_by(state: &AppState, session: &Session, id: ImportId) -> ApiResult<()> {
    let import = find(state, session, id).await?;
    let step = Step {
        applied_by: Some(session.account),
        ..Step::default()
    };
    act_by(state, session, &import, Action::Apply, step).await
}

/// Throws an import away of which nothing was recorded.
pub async fn discard_by(state: &AppState, session: &Session, id: ImportId) -> ApiResult<()> {
    let import = find(state, session, id).await?;
    act_by(state, session, &import, Action::Drop, Step::default()).await
}

/// Approves the orders of an import, or ends them with the reason `note`.
pub async fn decide_by(
    state: &AppState,
    session: &Session,
    id: ImportId,
    (undo, note): (bool, String),
) -> ApiResult<()> {
    let import = find(state, session, id).await?;
    let action = if undo { Action::Undo } else { Action::Approve };
    may(session, &import, action)?;
    let note = note.trim().to_owned();
    if undo && !(3..=400).contains(&note.chars().count()) {
        return Err(ApiError::invalid(
            "reference_missing",
            "say why, or give the number of the letter, in 3 to 400 characters",
        ));
    }
    let step = Step {
        note: undo.then_some(note),
        decided_by: Some(session.account),
        ..Step::default()
    };
    act_by(state, session, &import, action, step).await
}
