//! `POST /api/v1/standbys/enrol`: a standby server shows its one-time token and its public key, and is given the key by which
//! documents are found. Must not give that key twice to two, nor keep it anywhere else.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use tapal_domain::standby::{StandbyEnrolReply, StandbyEnrolRequest};
use tapal_store::{Error, standby, vault::hex};

use crate::{
    AppState,
    error::{ApiError, ApiResult},
    extract::Input,
};

/// Enrols a standby server with its one-time token. The same key may ask again until the token is over: a reply can be
/// lost.
#[utoipa::path(post, path = "/api/v1/standbys/enrol", tag = "device", operation_id = "standby_enrol", request_body = StandbyEnrolRequest, responses((status = 200, body = StandbyEnrolReply)))]
pub async fn enrol(
    State(state): State<AppState>,
    Input(request): Input<StandbyEnrolRequest>,
) -> ApiResult<Response> {
    let key = STANDARD
        .decode(&request.public_key)
        .ok()
        .and_then(|key| <[u8; 32]>::try_from(key).ok());
    let key = key
        .filter(|key| ed25519_dalek::VerifyingKey::from_bytes(key).is_ok_and(|key| !key.is_weak()));
    let key = key.ok_or_else(|| {
        ApiError::invalid(
            "bad_key",
            "the public key must be 32 bytes of Ed25519, base64",
        )
    })?;
    let documents = state.db.vault().documents_key().ok_or_else(|| {
        ApiError::new(
            StatusCode::CONFLICT,
            "no_documents_key",
            "this centre's data folder is from before there were standby servers: its documents are marked under the data key",
        )
    })?;
    let token_hash = Sha256::digest(request.token.trim());
    let enrolled = standby::enrol(&state.db, state.clock.now(), &token_hash, &key).await;
    let (standby, site) = match enrolled {
        Err(Error::NotFound) => {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "bad_token",
                "the token is unknown, used or older than 24 hours; make a new one on the console's page of standby servers",
            ));
        }
        enrolled => enrolled?,
    };
    let mut reply = Json(StandbyEnrolReply {
        standby,
        site,
        documents_key: hex(&documents),
    })
    .into_response();
    reply
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(reply)
}
