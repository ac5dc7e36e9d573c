//! Camera nodes: what they ask of the centre (`device`), who they are (`identity`), and their page in the console.
//! Must not speak to a node first: nodes pull.

pub mod device;
pub mod identity;
pub mod page;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tapal_domain::{
    id::{EdgeId, SiteId},
    time::{HOUR_MS, UtcMs},
};
use tapal_store::edge::{self, Edge};
use utoipa::{IntoParams, ToSchema};

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    extract::{At, Input, Params},
    session::sign_in::random_token,
};

/// How long an enrolment token may be used.
pub const TOKEN_MS: i64 = 24 * HOUR_MS;

/// Which site.
#[derive(Debug, Deserialize, IntoParams)]
pub struct OfSite {
    /// Only of this site.
    pub site: Option<SiteId>,
}

/// A node to be enrolled.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewEdge {
    /// Its site.
    pub site: SiteId,
    /// Name shown.
    pub name: String,
}

/// An announced node with its token, told once.
#[derive(Debug, Serialize, ToSchema)]
pub struct Announced {
    /// The node.
    pub edge: EdgeId,
    /// One-time token: `tapal edge enrol` needs it. It is not stored and cannot be shown again.
    pub token: String,
    /// Until when it may be used.
    pub expires_at: UtcMs,
}

/// Nodes with their last health.
#[utoipa::path(get, path = "/api/v1/edges", tag = "edge", params(OfSite), responses((status = 200, body = Vec<Edge>)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    Params(of): Params<OfSite>,
) -> ApiResult<Json<Vec<Edge>>> {
    Ok(Json(edge::list(&state.db, session.site.or(of.site)).await?))
}

/// Announces a node and gives its one-time token.
pub async fn announce(
    state: &AppState,
    by: tapal_store::By,
    new: &NewEdge,
) -> ApiResult<Announced> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 80 {
        return Err(ApiError::invalid(
            "name_missing",
            "give the node a name of 1 to 80 characters",
        ));
    }
    let (now, token) = (state.clock.now(), random_token()?);
    let (edge, expires_at) = (EdgeId(state.clock.new_uuid()), now + TOKEN_MS);
    let row = edge::NewEdge {
        id: edge,
        site: new.site,
        name: name.to_owned(),
        token_hash: Sha256::digest(&token).to_vec(),
        token_expires_at: expires_at,
    };
    edge::announce(&state.db, now, by, row).await?;
    Ok(Announced {
        edge,
        token,
        expires_at,
    })
}

/// Announces a node.
#[utoipa::path(post, path = "/api/v1/edges", tag = "edge", request_body = NewEdge, responses((status = 201, body = Announced)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    Input(new): Input<NewEdge>,
) -> ApiResult<(StatusCode, Json<Announced>)> {
    session.require_site(new.site)?;
    Ok((
        StatusCode::CREATED,
        Json(announce(&state, session.by(), &new).await?),
    ))
}

/// Retires a node.
#[utoipa::path(delete, path = "/api/v1/edges/{id}", tag = "edge", params(("id" = EdgeId, Path)), responses((status = 204)))]
pub async fn retire(
    State(state): State<AppState>,
    session: Session,
    At(id): At<EdgeId>,
) -> ApiResult<StatusCode> {
    retire_by(&state, &session, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Retires a node of the person's own site.
pub async fn retire_by(state: &AppState, session: &Session, id: EdgeId) -> ApiResult<()> {
    let own = edge::list(&state.db, session.site).await?;
    if !own.iter().any(|node| node.id == id) {
        return Err(ApiError::not_found());
    }
    Ok(edge::retire(&state.db, state.clock.now(), session.by(), id).await?)
}
