//! Device identity: every request of a camera node or a standby server is signed with the key it enrolled, is fresh, and
//! is used once. Must not reveal whether a node exists, nor take one kind for the other.

use axum::{
    body::Body,
    extract::{FromRequestParts, Request},
    http::{HeaderMap, StatusCode, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};
use tapal_domain::{
    id::{EdgeId, SiteId, StandbyId},
    time::{MINUTE_MS, UtcMs},
    wire::{header, signed_text},
};
use tapal_store::vault::hex;

use crate::{
    error::{ApiError, ApiResult},
    routes::Access,
    session::guard::{Guard, read_body},
};

/// How far a node's clock may be from the centre's.
pub const SKEW_MS: i64 = 5 * MINUTE_MS;

/// The node that signed the request.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    /// The node.
    pub edge: EdgeId,
    /// Its site; it speaks for no other.
    pub site: SiteId,
}

impl<S: Send + Sync> FromRequestParts<S> for Device {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Device>()
            .copied()
            .ok_or_else(refused)
    }
}

/// The standby server that signed the request.
#[derive(Clone, Copy, Debug)]
pub struct Standby {
    /// Which one.
    pub id: StandbyId,
    /// Its checkpoint; it speaks for no other.
    pub site: SiteId,
}

impl<S: Send + Sync> FromRequestParts<S> for Standby {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Standby>()
            .copied()
            .ok_or_else(refused)
    }
}

/// What the node signed with the request: kept with a receipt, so that it can be checked again.
#[derive(Clone, Debug)]
pub struct Signing {
    /// The text the signature covers.
    pub text: String,
    /// Base64 of the signature.
    pub signature: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Signing {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Signing>()
            .cloned()
            .ok_or_else(refused)
    }
}

fn refused() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "not_this_node",
        "the request is not signed by an enrolled node; enrol it with a token from the console",
    )
}

struct Claim {
    edge: EdgeId,
    time: UtcMs,
    nonce: String,
    signature: Signature,
}

fn claim(headers: &HeaderMap) -> Option<Claim> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let signature = STANDARD.decode(text(header::SIGNATURE)?).ok()?;
    let nonce = text(header::NONCE)?.to_owned();
    Some(Claim {
        edge: text(header::EDGE)?.parse().ok()?,
        time: UtcMs(text(header::TIME)?.parse().ok()?),
        nonce: (8..=64).contains(&nonce.len()).then_some(nonce)?,
        signature: Signature::from_slice(&signature).ok()?,
    })
}

/// Checks signature, time and nonce, and hands the request on with its [`Device`] or [`Standby`].
pub async fn verify(guard: &Guard, request: Request) -> ApiResult<Request> {
    let state = &guard.state;
    let claim = claim(request.headers()).ok_or_else(refused)?;
    let now = state.clock.now();
    if now.since_ms(claim.time).abs() > SKEW_MS {
        let message = format!(
            "the node's clock is more than 5 minutes off; the centre's time is {} (UTC ms)",
            now.0
        );
        let mut error = ApiError::new(StatusCode::UNAUTHORIZED, "clock_skew", message);
        // The node signs its next request by this time.
        error.reasons = vec![now.0.to_string()];
        return Err(error);
    }
    let standby = StandbyId(claim.edge.0);
    let known = match guard.access {
        Access::Standby => tapal_store::standby::key(&state.db, standby).await,
        _ => tapal_store::edge::key(&state.db, claim.edge).await,
    };
    let (site, key) = match known {
        Err(tapal_store::Error::NotFound) => return Err(refused()),
        known => known?,
    };
    let (mut parts, body) = request.into_parts();
    let body = read_body(body, guard.body_limit).await?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let signed = signed_text(
        parts.method.as_str(),
        path,
        claim.time,
        &claim.nonce,
        &hex(&Sha256::digest(&body)),
    );
    let key: [u8; 32] = key.try_into().map_err(|_| refused())?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| refused())?;
    key.verify_strict(signed.as_bytes(), &claim.signature)
        .map_err(|_| refused())?;
    // Only after the signature: strangers cannot fill the table.
    if !tapal_store::nonce::fresh(&state.db, now, claim.edge, &claim.nonce, claim.time).await? {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "replayed",
            "this request was received before",
        ));
    }
    parts.extensions.insert(Signing {
        text: signed,
        signature: STANDARD.encode(claim.signature.to_bytes()),
    });
    match guard.access {
        Access::Standby => parts
            .extensions
            .insert(Standby { id: standby, site })
            .is_some(),
        _ => parts
            .extensions
            .insert(Device {
                edge: claim.edge,
                site,
            })
            .is_some(),
    };
    Ok(Request::from_parts(parts, Body::from(body)))
}
