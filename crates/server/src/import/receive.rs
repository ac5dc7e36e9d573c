//! Files that arrive: written piece by piece to the data folder, readable by its owner only, and looked at before anything
//! is recorded. Must not keep a file that was refused, nor hold one in memory.

use std::path::{Path, PathBuf};

use axum::{extract::Multipart, extract::multipart::Field, http::StatusCode};
use tapal_domain::{
    entry::Agency,
    id::{AccountId, ImportId},
    import::{Action, Format, Phase},
};
use tapal_store::import::{self, Import, Step};
use tokio::io::AsyncWriteExt;

use super::{
    ImportSetup, act_by, archive_path, file, find, folder, may, own_agency, photo, remove,
    rows_path, set_up_by,
};
use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
};

fn broken() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "bad_form",
        "the form did not arrive whole, lacks a field, or its file comes before the fields; try again",
    )
}

fn unusable(why: file::Unusable) -> ApiError {
    let text = "the file cannot be used as what it was said to be; the code says why";
    ApiError::invalid(why.0, text)
}

/// Writes a part to a file of its own; its size. What is larger than `most` is refused and removed.
async fn keep(part: &mut Field<'_>, path: &Path, most: usize) -> ApiResult<usize> {
    let written = write(part, path, most).await;
    if written.is_err() {
        remove(path.to_owned()).await;
    }
    written
}

async fn write(part: &mut Field<'_>, path: &Path, most: usize) -> ApiResult<usize> {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(path).await.map_err(ApiError::internal)?;
    let mut size = 0;
    while let Some(piece) = part.chunk().await.map_err(|_| broken())? {
        size += piece.len();
        if size > most {
            return Err(ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("a file has at most {most} bytes here; divide it"),
            ));
        }
        file.write_all(&piece).await.map_err(ApiError::internal)?;
    }
    file.sync_all().await.map_err(ApiError::internal)?;
    Ok(size)
}

async fn make_folder(state: &AppState) -> ApiResult<()> {
    let mut options = tokio::fs::DirBuilder::new();
    options.recursive(true);
    #[cfg(unix)]
    options.mode(0o700);
    let made = options.create(folder(state)).await;
    made.map_err(ApiError::internal)
}

/// The fields of the form before the file.
#[derive(Default)]
struct Said {
    agency: Option<Agency>,
    format: Option<Format>,
    setup: Option<ImportSetup>,
}

/// A file of rows: fields `agency`, `format`, perhaps `setup` (JSON), then `file`.
pub async fn rows_file(
    state: &AppState,
    session: &Session,
    mut form: Multipart,
) -> ApiResult<ImportId> {
    let mut said = Said::default();
    while let Some(mut part) = form.next_field().await.map_err(|_| broken())? {
        match part.name().unwrap_or_default() {
            "file" => {
                let (Some(agency), Some(format)) = (said.agency, said.format) else {
                    return Err(broken());
                };
                own_agency(session, agency)?;
                make_folder(state).await?;
                let id = ImportId(state.clock.new_uuid());
                let path = rows_path(state, id);
                let size = keep(&mut part, &path, file::FILE_BYTES).await?;
                let import = uploaded(id, agency, format, session.account, size);
                if let Err(error) = begin(state, session, import, path.clone()).await {
                    remove(path).await;
                    return Err(error);
                }
                if let Some(setup) = said.setup {
                    set_up_by(state, session, id, setup).await?;
                }
                return Ok(id);
            }
            "agency" => said.agency = Agency::from_name(&text(part).await?),
            "format" => said.format = Format::from_name(&text(part).await?),
            "setup" => {
                let setup = serde_json::from_str(&text(part).await?);
                said.setup = Some(setup.map_err(|_| broken())?);
            }
            _ => {
                text(part).await?;
            }
        }
    }
    Err(broken())
}

async fn text(part: Field<'_>) -> ApiResult<String> {
    Ok(part.text().await.map_err(|_| broken())?.trim().to_owned())
}

fn uploaded(id: ImportId, agency: Agency, format: Format, by: AccountId, bytes: usize) -> Import {
    Import {
        id,
        agency,
        format,
        phase: Phase::Uploaded,
        created_at: tapal_domain::time::UtcMs(0),
        changed_at: tapal_domain::time::UtcMs(0),
        created_by: by,
        applied_by: None,
        decided_by: None,
        bytes: bytes as i64,
        total: 0,
        done: 0,
        mark: 0,
        skipped: 0,
        problem: None,
    }
}

/// Looks at the file and records that it is here.
async fn begin(
    state: &AppState,
    session: &Session,
    mut import: Import,
    path: PathBuf,
) -> ApiResult<()> {
    let format = import.format;
    let looked = tokio::task::spawn_blocking(move || file::look(&path, format)).await;
    let (setup, rows) = looked.map_err(ApiError::internal)?.map_err(unusable)?;
    if rows > file::ROWS {
        return Err(unusable(file::Unusable("too_many_rows")));
    }
    import.total = rows;
    let setup = serde_json::to_string(&setup).map_err(ApiError::internal)?;
    let now = state.clock.now();
    import::add(&state.db, now, session.by(), &import, &setup).await?;
    Ok(())
}

/// An archive of photographs for the drafts of an import: a part named `file`.
pub async fn archive(
    state: &AppState,
    session: &Session,
    id: ImportId,
    mut form: Multipart,
) -> ApiResult<()> {
    let import = find(state, session, id).await?;
    may(session, &import, Action::Attach)?;
    if import.phase == Phase::Attaching {
        return act_by(state, session, &import, Action::Attach, Step::default()).await;
    }
    while let Some(mut part) = form.next_field().await.map_err(|_| broken())? {
        if part.name() != Some("file") {
            text(part).await?;
            continue;
        }
        make_folder(state).await?;
        // Under another name until it is whole: a second hand may send one at the same time.
        let path = folder(state).join(format!("{}.part", state.clock.new_uuid()));
        keep(&mut part, &path, photo::ARCHIVE_BYTES).await?;
        let looked = {
            let path = path.clone();
            tokio::task::spawn_blocking(move || photo::count(&path)).await
        };
        let step = match looked.map_err(ApiError::internal)? {
            Ok(pictures) => Step {
                applied_by: Some(session.account),
                total: Some(pictures as i64),
                ..Step::default()
            },
            Err(why) => {
                remove(path).await;
                return Err(unusable(why));
            }
        };
        let moved = tokio::fs::rename(&path, archive_path(state, id)).await;
        moved.map_err(ApiError::internal)?;
        return act_by(state, session, &import, Action::Attach, step).await;
    }
    Err(broken())
}
