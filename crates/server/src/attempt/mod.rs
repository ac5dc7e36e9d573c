//! Recent attempts: why nothing was raised. Must not show a face or a score.

pub mod page;

use axum::{Json, extract::State};
use serde::Deserialize;
use tapal_domain::{
    id::{CameraId, SiteId},
    time::UtcMs,
};
use tapal_store::attempt::{self, Filter, Recorded};
use utoipa::IntoParams;

use crate::{AppState, Session, error::ApiResult, extract::Params};

/// Which attempts.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
pub struct Wanted {
    /// Only of this camera.
    pub camera: Option<CameraId>,
    /// Only of this site.
    pub site: Option<SiteId>,
    /// Only older than this instant, UTC ms.
    pub before: Option<UtcMs>,
}

impl Wanted {
    /// As a filter that keeps to the account's own site.
    pub fn filter(&self, session: &Session) -> Filter {
        Filter {
            site: session.site.or(self.site),
            camera: self.camera,
            before: self.before,
        }
    }
}

/// Recent attempts, newest first, at most 100.
#[utoipa::path(get, path = "/api/v1/attempts", tag = "attempt", params(Wanted), responses((status = 200, body = Vec<Recorded>)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<Vec<Recorded>>> {
    Ok(Json(
        attempt::list(&state.db, &wanted.filter(&session), 100).await?,
    ))
}
