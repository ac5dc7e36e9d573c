//! `GET /healthz`: whether this centre can serve. Must not say anything about people or places.

use axum::{Json, extract::State};
use serde::Serialize;
use tapal_domain::{standby::Standing, time::UtcMs};
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
    /// At a standby server: how its link to the centre is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standby: Option<StandbyHealth>,
}

/// How a standby server is.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandbyHealth {
    /// `centre`, `alone` or `catching_up`: who answers.
    pub mode: &'static str,
    /// Since when it goes on alone.
    pub since: Option<UtcMs>,
    /// When its copies were last the centre's.
    pub heard_at: Option<UtcMs>,
    /// What they are good for.
    pub copies: Standing,
    /// Records it has to hand in.
    pub waiting: i64,
}

/// Whether the database answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Healthy)))]
pub async fn get(State(state): State<AppState>) -> ApiResult<Json<Healthy>> {
    let events = tapal_store::event::head(&state.db).await?;
    let link = state.config.link.as_deref();
    let now = state.clock.now();
    let waiting = match link {
        Some(_) => tapal_store::standby::own(&state.db)
            .await?
            .map_or(0, |own| own.waiting),
        None => 0,
    };
    Ok(Json(Healthy {
        status: "ok",
        events,
        demonstration: state.config.model.demonstration,
        standby: link.map(|link| {
            let seen = link.seen();
            StandbyHealth {
                mode: seen.mode.name(),
                since: seen.since,
                heard_at: seen.heard_at,
                copies: link.standing(now),
                waiting,
            }
        }),
    }))
}
