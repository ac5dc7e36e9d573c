//! The endpoints camera nodes call, exactly as `tapal_domain::wire` describes them. Must not answer a node about
//! a camera, list or site that is not its own.

use axum::{Json, extract::State};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::Signer;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tapal_domain::{
    id::SiteId,
    screening::Threshold,
    wire::{
        AlertReceived, AlertReport, EdgeConfig, EnrolReply, EnrolRequest, HealthReply,
        HealthReport, ListDelta, RemovalReceipt, SignedDelta,
    },
};
use tapal_store::{
    Error, alert, camera,
    edge::{self, Proof},
    false_alert::Rates,
    site,
};
use utoipa::IntoParams;

use super::identity::{Device, Signing};
use crate::{
    AppState,
    error::{ApiError, ApiResult},
    extract::{Input, Params},
};

/// Enrols a node with its one-time token.
#[utoipa::path(post, path = "/api/v1/edges/enrol", tag = "device", request_body = EnrolRequest, responses((status = 200, body = EnrolReply)))]
pub async fn enrol(
    State(state): State<AppState>,
    Input(request): Input<EnrolRequest>,
) -> ApiResult<Json<EnrolReply>> {
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
    let token_hash = Sha256::digest(request.token.trim());
    let (edge, site) = match edge::enrol(&state.db, state.clock.now(), &token_hash, &key).await {
        Err(Error::NotFound) => {
            return Err(ApiError::new(
                axum::http::StatusCode::FORBIDDEN,
                "bad_token",
                "the token is unknown, used or older than 24 hours; make a new one on the console's page of camera nodes",
            ));
        }
        enrolled => enrolled?,
    };
    let centre_key = STANDARD.encode(state.signing_key.verifying_key().as_bytes());
    Ok(Json(EnrolReply {
        edge,
        site,
        centre_key,
    }))
}

/// What this node must do.
#[utoipa::path(get, path = "/api/v1/edge/config", tag = "device", responses((status = 200, body = EdgeConfig)))]
pub async fn config(State(state): State<AppState>, device: Device) -> ApiResult<Json<EdgeConfig>> {
    // The revision is read first: a change in between makes the node pull again, never miss it.
    let own = site::get(&state.db, device.site).await?;
    Ok(Json(EdgeConfig {
        revision: own.revision,
        site: device.site,
        kind: own.kind,
        deployment: site::deployment(&state.db, device.site).await?,
        cameras: camera::configs(&state.db, device.site).await?,
        thresholds: thresholds(&state, device.site).await?,
        model_id: state.model_id().to_owned(),
        now: state.clock.now(),
    }))
}

/// The site's own thresholds for today's model; for lists without one, the pack's.
pub async fn thresholds(state: &AppState, site: SiteId) -> ApiResult<Vec<Threshold>> {
    let mut all = site::thresholds(&state.db, site, state.model_id()).await?;
    for suggested in &state.config.model.thresholds {
        if !all.iter().any(|own| own.list == suggested.list) {
            all.push(*suggested);
        }
    }
    Ok(all)
}

/// Where the node's list stands.
#[derive(Debug, Deserialize, IntoParams)]
pub struct Since {
    /// Version the node holds; 0 or nothing for the whole list.
    pub since: Option<i64>,
}

/// What changed on the lists of this node's site, signed by the centre.
#[utoipa::path(get, path = "/api/v1/edge/list", tag = "device", params(Since), responses((status = 200, body = SignedDelta)))]
pub async fn list(
    State(state): State<AppState>,
    device: Device,
    Params(at): Params<Since>,
) -> ApiResult<Json<SignedDelta>> {
    let now = state.clock.now();
    // The threshold first, then the list: no node is given a grown list before its threshold was computed.
    crate::policy::keep::one(&state, device.site, now).await?;
    let delta = edge::delta(
        &state.db,
        device.site,
        at.since.unwrap_or(0),
        state.model_id(),
        now,
    )
    .await?;
    let mut delta = delta;
    if delta.since == 0 {
        // Whoever asks for the whole list may have lost its own: it must say of each copy that it is gone.
        delta.removals = edge::unproven(&state.db, device.edge, &delta.upserts).await?;
    }
    edge::hand_over(&state.db, now, device.edge, delta.version, &delta.upserts).await?;
    let delta = ListDelta {
        site: device.site,
        since: delta.since,
        version: delta.version,
        model_id: state.model_id().to_owned(),
        upserts: delta.upserts,
        removals: delta.removals,
        made_at: now,
    };
    let body = serde_json::to_string(&delta).map_err(ApiError::internal)?;
    let signature = STANDARD.encode(state.signing_key.sign(body.as_bytes()).to_bytes());
    Ok(Json(SignedDelta { body, signature }))
}

/// Proof that a template left the node.
#[utoipa::path(post, path = "/api/v1/edge/receipts", tag = "device", request_body = RemovalReceipt, responses((status = 204)))]
pub async fn receipt(
    State(state): State<AppState>,
    device: Device,
    signing: Signing,
    body: String,
) -> ApiResult<axum::http::StatusCode> {
    let receipt: RemovalReceipt = serde_json::from_str(&body)
        .map_err(|_| ApiError::invalid("bad_json", "this is not a removal receipt"))?;
    let proof = Proof {
        text: signing.text,
        signature: signing.signature,
        body,
    };
    edge::receive(&state.db, state.clock.now(), device.edge, &receipt, &proof).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// How the node and its cameras are, and recent attempts.
#[utoipa::path(post, path = "/api/v1/edge/health", tag = "device", request_body = HealthReport, responses((status = 200, body = HealthReply)))]
pub async fn health(
    State(state): State<AppState>,
    device: Device,
    Input(report): Input<HealthReport>,
) -> ApiResult<Json<HealthReply>> {
    let now = state.clock.now();
    let thresholds = thresholds(&state, device.site).await?;
    let rates = Rates {
        model_id: state.model_id(),
        calibration: &state.config.model.calibration,
        thresholds: &thresholds,
    };
    let (db, edge, site) = (&state.db, device.edge, device.site);
    let centre = edge::report(db, now, edge, site, &report, &rates).await?;
    Ok(Json(HealthReply {
        revision: centre.revision,
        list_version: centre.list_version,
        model_id: state.model_id().to_owned(),
        now,
        answers: Some((report.boot, report.seq)),
    }))
}

const PROBE_BYTES: usize = 1024 * 1024;

fn probes(report: &AlertReport) -> ApiResult<Vec<Vec<u8>>> {
    let wrong = || {
        ApiError::invalid(
            "bad_probes",
            "an alert needs 1 to 5 JPEGs of at most 1 MiB, base64",
        )
    };
    if !(1..=5).contains(&report.probes.len()) {
        return Err(wrong());
    }
    let jpeg = |text: &String| {
        STANDARD
            .decode(text)
            .ok()
            .filter(|jpeg| jpeg.starts_with(&[0xff, 0xd8]) && jpeg.len() <= PROBE_BYTES)
    };
    report
        .probes
        .iter()
        .map(|text| jpeg(text).ok_or_else(wrong))
        .collect()
}

/// Receives an alert: recorded once, however often it is sent.
#[utoipa::path(post, path = "/api/v1/alerts", tag = "device", request_body = AlertReport, responses((status = 200, body = AlertReceived)))]
pub async fn alert(
    State(state): State<AppState>,
    device: Device,
    Input(report): Input<AlertReport>,
) -> ApiResult<Json<AlertReceived>> {
    let probes = probes(&report)?;
    let now = state.clock.now();
    match alert::ingest(
        &state.db,
        now,
        device.edge,
        device.site,
        &report,
        &probes,
        &state.config.timers,
    )
    .await
    {
        Err(Error::Conflict(what)) => Err(ApiError::invalid(
            "alert_refused",
            format!("this alert can never be recorded: {what}"),
        )),
        received => Ok(Json(received?)),
    }
}
