//! One to one: the face of whoever stands there against the portrait of one named holder. Must not keep or log the live
//! picture, its template or its score, and must not compare with anybody else.

use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use serde::Serialize;
use tapal_domain::{
    calibration::Standing,
    holder::comparison::{Band, band},
    id::HolderId,
};
use tapal_store::{Note, audit, holder};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::{
    AppState, Session,
    alert::view::one_in,
    entry::input::enrol,
    error::{ApiError, ApiResult},
    extract::At,
};

/// What a comparison says. No score: a band and how often two different people reach it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComparisonView {
    /// The band; absent when the picture could not be used.
    pub band: Option<Band>,
    /// About one in this many pairs of different people looks this alike; absent when that was not measured.
    pub chance_one_in: Option<u64>,
    /// The likeness is beyond what was measured: the chance is at most that.
    pub chance_at_most: bool,
    /// How well that number is founded.
    pub founded: Option<Standing>,
    /// Why the picture could not be used: `no_face`, `blurred` and others as at enrolment.
    pub reasons: Vec<String>,
    /// What to do then, in English.
    pub advice: String,
    /// Which portrait of the holder it was compared with, from 0.
    pub portrait: i64,
    /// The model.
    pub model_id: String,
}

/// Compares a live picture with the portrait in use, once, and records who did so about whom with which band.
pub async fn compare(
    state: &AppState,
    session: &Session,
    id: HolderId,
    image: Vec<u8>,
) -> ApiResult<ComparisonView> {
    let record = holder::get(&state.db, id).await?;
    let no_portrait = || {
        ApiError::new(
            StatusCode::CONFLICT,
            "no_portrait",
            "the registry has no portrait of this holder; compare with the document by eye",
        )
    };
    let portrait = record.portrait.ok_or_else(no_portrait)?.n;
    let mut view = ComparisonView {
        band: None,
        chance_one_in: None,
        chance_at_most: false,
        founded: None,
        reasons: Vec::new(),
        advice: String::new(),
        portrait,
        model_id: state.model_id().to_owned(),
    };
    match enrol(state, image).await {
        Ok(live) => {
            let own = portrait_template(state, id).await?;
            judge(state, &mut view, &Zeroizing::new(live.template), &own)?;
        }
        Err(refused) if refused.code == "photo_refused" => {
            (view.reasons, view.advice) = (refused.reasons, refused.message);
        }
        Err(error) => return Err(error),
    }
    let detail = serde_json::json!({ "band": view.band, "reasons": view.reasons, "portrait": portrait, "model_id": view.model_id });
    let note = Note::new(session.by(), "holder.compared", "holder", id).with(detail);
    audit::record(&state.db, state.clock.now(), note).await?;
    Ok(view)
}

fn judge(state: &AppState, view: &mut ComparisonView, live: &[f32], own: &[f32]) -> ApiResult<()> {
    if live.len() != own.len() {
        return Err(ApiError::internal(
            "two templates of one model differ in length",
        ));
    }
    let calibration = &state.config.model.calibration;
    let score: f32 = live.iter().zip(own).map(|(a, b)| a * b).sum();
    let (found, rate) = band(score, calibration);
    view.band = Some(found);
    view.chance_one_in = rate.and_then(|rate| one_in(rate.value));
    view.chance_at_most = calibration
        .points
        .last()
        .is_some_and(|last| score >= last.score);
    view.founded = rate.map(|rate| rate.standing);
    Ok(())
}

/// The template of the portrait in use; made anew, for this comparison only, when it is of another model.
async fn portrait_template(state: &AppState, id: HolderId) -> ApiResult<Zeroizing<Vec<f32>>> {
    let kept = holder::live_template(&state.db, id).await?;
    match kept {
        Some((model, template)) if model == state.model_id() => Ok(template),
        _ => {
            let photo = holder::photograph(&state.db, id).await?;
            Ok(Zeroizing::new(enrol(state, photo.to_vec()).await?.template))
        }
    }
}

/// Compares a live picture (JPEG or PNG as the body) with the portrait of this holder. The picture is not kept. A picture
/// that cannot be used gives no band but the reasons. 409 `no_portrait` without a portrait.
#[utoipa::path(post, path = "/api/v1/holders/{id}/comparison", tag = "holder", operation_id = "holder_compare", params(("id" = HolderId, Path)), request_body(content = Vec<u8>, content_type = "image/jpeg"), responses((status = 200, body = ComparisonView)))]
pub async fn comparison(
    State(state): State<AppState>,
    session: Session,
    At(id): At<HolderId>,
    body: Bytes,
) -> ApiResult<Json<ComparisonView>> {
    Ok(Json(compare(&state, &session, id, body.to_vec()).await?))
}
