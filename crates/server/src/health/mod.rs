//! `GET /healthz`: whether this centre can serve. Must not say anything about people or places.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{AppState, error::ApiResult};

/// A centre that can serve.
#[derive(Debug, Serialize, ToSchema)]
pub struct Healthy {
    /// Always `ok`; anything else is an error status.
    pub status: &'static str,
    /// Number of the newest event.
    pub events: i64,
    /// Whether the model pack is for demonstration only.
    pub demonstration: bool,
}

/// Whether the database answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Healthy)))]
pub async fn get(State(state): State<AppState>) -> ApiResult<Json<Healthy>> {
    let events = tapal_store::event::head(&state.db).await?;
    Ok(Json(Healthy {
        status: "ok",
        events,
        demonstration: state.config.model.demonstration,
    }))
}
