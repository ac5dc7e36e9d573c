//! The audit record for those who may read it. Must not change it.

pub mod page;

use axum::{Json, extract::State};
use serde::Deserialize;
use tapal_store::audit::{self, Recorded, Verdict};
use utoipa::IntoParams;

use crate::{AppState, Session, error::ApiResult, extract::Params, jobs::CHECKPOINT_FILE};

/// Which rows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
pub struct Wanted {
    /// Only rows before this number.
    pub before: Option<i64>,
    /// Only about this subject, such as `alert:<id>`.
    pub subject: Option<String>,
}

/// Rows, newest first, at most 100.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(Wanted), responses((status = 200, body = Vec<Recorded>)))]
pub async fn list(
    State(state): State<AppState>,
    _: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<Vec<Recorded>>> {
    Ok(Json(
        audit::list(&state.db, wanted.before, wanted.subject.as_deref(), 100).await?,
    ))
}

/// Checks the whole chain against the signed checkpoint.
pub async fn check(state: &AppState, progress: impl FnMut(i64) + Send) -> ApiResult<Verdict> {
    let path = state.config.data_dir.join(CHECKPOINT_FILE);
    let key = state.signing_key.verifying_key();
    Ok(audit::verify(&state.db, Some((&path, &key)), progress).await?)
}

/// Checks the whole record.
#[utoipa::path(get, path = "/api/v1/audit/verification", tag = "audit", responses((status = 200, body = Verdict)))]
pub async fn verify(State(state): State<AppState>, _: Session) -> ApiResult<Json<Verdict>> {
    Ok(Json(check(&state, |_| {}).await?))
}
