//! The photographs of an alert: probes, enrolled portraits, other candidates' portraits. Each look is recorded
//! before the bytes go out. Must not serve a portrait of an entry that is not in force,
//! nor anything of a withdrawn alert.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use tapal_domain::{
    alert::Status,
    id::{AlertId, EntryId},
};
use tapal_store::{alert::Stored, entry, site};

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    extract::At,
};

/// A JPEG that only this person's screen may hold.
pub fn jpeg(bytes: &[u8]) -> Response {
    let mut reply = bytes.to_vec().into_response();
    reply
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    reply.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    reply
}

/// Whether the portrait of this candidate may be shown with this alert, now.
pub async fn enrolled_may_be_shown(
    state: &AppState,
    stored: &Stored,
    candidate: EntryId,
) -> ApiResult<bool> {
    if stored.destroyed_at.is_some() || stored.life.status() == Status::Withdrawn {
        return Ok(false);
    }
    let recorded = entry::get(&state.db, candidate).await?;
    let own = site::get(&state.db, stored.site).await?;
    Ok(recorded.in_force_at(state.clock.now(), own.utc_offset_minutes))
}

/// Probe `n` of an alert that was not withdrawn.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/probes/{n}", tag = "alert", params(("id" = AlertId, Path), ("n" = i64, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg")))]
pub async fn probe(
    State(state): State<AppState>,
    session: Session,
    At((id, n)): At<(AlertId, i64)>,
) -> ApiResult<Response> {
    let stored = super::readable(&state, &session, id).await?;
    if stored.life.status() == Status::Withdrawn {
        return Err(ApiError::not_found());
    }
    let bytes = tapal_store::alert::probe(&state.db, stored.life.id(), n).await?;
    tapal_store::look::record(
        &state.db,
        state.clock.now(),
        session.account,
        "alert",
        id,
        "probe",
    )
    .await?;
    Ok(jpeg(&bytes))
}

/// Enrolled portrait `n` of an alert's entry.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/enrolled/{n}", tag = "alert", params(("id" = AlertId, Path), ("n" = i64, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg")))]
pub async fn enrolled(
    State(state): State<AppState>,
    session: Session,
    At((id, n)): At<(AlertId, i64)>,
) -> ApiResult<Response> {
    let stored = super::readable(&state, &session, id).await?;
    portrait(&state, &session, &stored, stored.entry, n).await
}

/// First enrolled portrait of other candidate `k` of an alert.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/others/{k}/enrolled", tag = "alert", params(("id" = AlertId, Path), ("k" = usize, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg")))]
pub async fn other(
    State(state): State<AppState>,
    session: Session,
    At((id, k)): At<(AlertId, usize)>,
) -> ApiResult<Response> {
    let stored = super::readable(&state, &session, id).await?;
    let candidate = stored
        .evidence
        .others
        .get(k)
        .ok_or_else(ApiError::not_found)?
        .entry;
    portrait(&state, &session, &stored, candidate, 0).await
}

async fn portrait(
    state: &AppState,
    session: &Session,
    stored: &Stored,
    candidate: EntryId,
    n: i64,
) -> ApiResult<Response> {
    if !enrolled_may_be_shown(state, stored, candidate).await? {
        return Err(ApiError::not_found());
    }
    let bytes = entry::portrait(&state.db, candidate, n).await?;
    tapal_store::look::record(
        &state.db,
        state.clock.now(),
        session.account,
        "alert",
        stored.life.id(),
        "enrolled",
    )
    .await?;
    Ok(jpeg(&bytes))
}
