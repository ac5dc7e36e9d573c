//! `GET /api/v1/standby/copies`: what changed at the centre, for the standby server of one checkpoint. Must not answer
//! anybody else, nor about another checkpoint's own things.

use axum::{Json, extract::State};
use serde::Deserialize;
use tapal_domain::standby::Copies;
use tapal_store::standby::copy;
use utoipa::IntoParams;

use crate::{AppState, edge::identity::Standby, error::ApiResult, extract::Params};

/// Most things a page holds; it also ends at about 4 MiB.
const MOST: usize = 4_000;

/// Where the copies stand.
#[derive(Debug, Deserialize, IntoParams)]
pub struct After {
    /// `upto` of the last page that was written; 0 or nothing from the beginning.
    pub after: Option<i64>,
}

/// What changed after a position, oldest first, whole: sealed columns open, for this standby server to seal again.
#[utoipa::path(get, path = "/api/v1/standby/copies", tag = "standby", params(After), responses((status = 200, body = Copies)))]
pub async fn copies(
    State(state): State<AppState>,
    standby: Standby,
    Params(at): Params<After>,
) -> ApiResult<Json<Copies>> {
    let now = state.clock.now();
    let after = at.after.unwrap_or(0).max(0);
    copy::noted(&state.db, now, standby.id, after).await?;
    let page = copy::copies(&state.db, standby.site, after, MOST, now).await?;
    Ok(Json(page))
}
