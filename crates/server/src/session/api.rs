//! Sign-in and sign-out as JSON. Must not answer differently for a name that does not exist.

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    id::{AccountId, DeskId, SiteId},
    role::Role,
};
use utoipa::ToSchema;

use super::{Session, sign_in};
use crate::{AppState, error::ApiResult, extract::Input};

/// Name and password.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

/// The signed-in person. Repeat `csrf` as header `x-csrf-token` on every changing request.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The account.
    pub account: AccountId,
    /// User name.
    pub username: String,
    /// Name shown.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// Site; `null` for all.
    pub site: Option<SiteId>,
    /// Desk; `null` for all.
    pub desk: Option<DeskId>,
    /// `id` or `en`.
    pub language: String,
    /// The password is a one-time one: only `PUT /api/v1/session/password` is possible.
    pub must_change: bool,
    /// CSRF token.
    pub csrf: String,
}

/// Signs in; sets the session cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = Credentials, responses((status = 200, body = Me)))]
pub async fn start(
    State(state): State<AppState>,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    Input(given): Input<Credentials>,
) -> ApiResult<Response> {
    let peer = peer.map(|axum::Extension(ConnectInfo(peer))| peer);
    let signed_in = sign_in::sign_in(&state, &given.username, &given.password, peer).await?;
    let account = signed_in.account;
    let me = Me {
        account: account.id,
        username: account.username,
        display_name: account.display_name,
        role: account.role,
        site: account.site,
        desk: account.desk,
        language: account.language,
        must_change: account.must_change,
        csrf: signed_in.csrf,
    };
    Ok(([(header::SET_COOKIE, signed_in.cookie)], Json(me)).into_response())
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses((status = 200, body = Me)))]
pub async fn show(session: Session) -> Json<Me> {
    Json(Me {
        account: session.account,
        username: session.username,
        display_name: session.display_name,
        role: session.role,
        site: session.site,
        desk: session.desk,
        language: session.language,
        must_change: session.must_change,
        csrf: session.csrf,
    })
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204)))]
pub async fn end(State(state): State<AppState>, session: Session) -> ApiResult<Response> {
    let cookie = sign_in::sign_out(&state, &session).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// A change of one's own password.
#[derive(Deserialize, ToSchema)]
pub struct PasswordChange {
    /// The present one.
    pub old: String,
    /// The new one: at least 15 characters.
    pub new: String,
}

/// Changes one's own password; all own sessions end.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "session", request_body = PasswordChange, responses((status = 204)))]
pub async fn password(
    State(state): State<AppState>,
    session: Session,
    Input(change): Input<PasswordChange>,
) -> ApiResult<StatusCode> {
    sign_in::change_password(&state, &session, &change.old, &change.new).await?;
    Ok(StatusCode::NO_CONTENT)
}
