//! Correcting a record of the ledger: another record that stands for it, judged like a new decision, with who and why.
//! Must not change the record, nor who it is about.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use tapal_domain::{
    crossing::{Decision, Detection, Draft, Nationality, Outcome},
    day::Day,
    id::CrossingId,
    rule_pack,
    site::Direction,
};
use tapal_store::crossing::{self, Crossing, NewCrossing};
use utoipa::ToSchema;

use crate::{
    AppState, Session,
    desk::decide::unlawful,
    error::{ApiError, ApiResult},
    extract::{At, Input},
};

/// Letters of a reason.
const REASON: std::ops::RangeInclusive<usize> = 5..=500;

/// What a record should have said. Place, time and person stay those of the record.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionInput {
    /// Made by the client, so that a resend is refused and not recorded twice; the centre makes one when left out.
    #[serde(default)]
    pub id: Option<CrossingId>,
    /// What was decided; `void` strikes the record out.
    pub outcome: Outcome,
    /// Which way; as recorded when left out.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Whose citizen; as recorded when left out.
    #[serde(default)]
    pub nationality: Option<Nationality>,
    /// Why, for a refusal or a deferral.
    #[serde(default)]
    pub ground: Option<String>,
    /// What brought it up; as recorded when left out.
    #[serde(default)]
    pub detection: Option<Detection>,
    /// Last lawful day, for a foreigner's entry.
    #[serde(default)]
    pub stay_until: Option<Day>,
    /// Overstay charge that was paid, IDR, for a foreigner's departure.
    #[serde(default)]
    pub charge: Option<u64>,
    /// Why it is corrected, 5 to 500 letters.
    pub reason: String,
}

fn conflict(code: &'static str, message: &str) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, code, message)
}

/// The decision the record should have said.
fn draft(input: &CorrectionInput, wrong: &Crossing) -> ApiResult<Draft> {
    let nationality = match &input.nationality {
        Some(own) => own.clone(),
        None => Nationality::new(&wrong.nationality).map_err(ApiError::internal)?,
    };
    Ok(Draft {
        outcome: input.outcome,
        direction: input.direction.unwrap_or(wrong.direction),
        nationality,
        ground: input.ground.clone().filter(|code| !code.is_empty()),
        detection: input.detection.unwrap_or(wrong.detection),
        stay_until: input.stay_until,
        charge: input.charge,
    })
}

/// Whether a draft says what the record says already.
fn is_same(draft: &Draft, wrong: &Crossing) -> bool {
    draft.outcome == wrong.outcome
        && draft.direction == wrong.direction
        && draft.nationality.code() == wrong.nationality
        && draft.ground == wrong.ground
        && draft.detection == wrong.detection
        && draft.stay_until == wrong.stay_until
        && draft.charge.and_then(|idr| i64::try_from(idr).ok()) == wrong.charge
}

/// Corrects a record; the id of the one that stands for it.
pub async fn correct(
    state: &AppState,
    session: &Session,
    id: CrossingId,
    input: CorrectionInput,
) -> ApiResult<CrossingId> {
    let wrong = crossing::get(&state.db, id).await?;
    session.require_site(wrong.site)?;
    let reason = input.reason.trim();
    if !REASON.contains(&reason.chars().count()) {
        return Err(ApiError::invalid(
            "correction_reason",
            "say why the record is corrected, in 5 to 500 letters",
        ));
    }
    if !crossing::current(&state.db, id).await? {
        return Err(conflict(
            "corrected_already",
            "another record stands for this one already; correct that one",
        ));
    }
    let draft = draft(&input, &wrong)?;
    if is_same(&draft, &wrong) {
        return Err(ApiError::invalid(
            "nothing_corrected",
            "the record says this already; change what is wrong",
        ));
    }
    let site = tapal_store::site::get(&state.db, wrong.site).await?;
    let pack = rule_pack::pack_for(wrong.day)
        .ok_or_else(|| ApiError::internal("a record of a day without a rule pack"))?;
    let decision = Decision::new(draft, site.kind, wrong.day, pack).map_err(unlawful)?;
    let new = NewCrossing {
        id: input
            .id
            .unwrap_or_else(|| CrossingId(state.clock.new_uuid())),
        site: wrong.site,
        lane: wrong.lane,
        desk: wrong.desk,
        at: wrong.at,
        day: wrong.day,
        holder: wrong.holder,
        identity: crossing::identity(&state.db, id).await?,
        receipt: wrong.receipt.filter(|_| decision.draft().charge.is_some()),
        decision,
        order: wrong.order,
        alert: wrong.alert,
        case: wrong.case,
        permit: wrong.permit,
        officer: session.account,
        authoriser: wrong.authoriser,
    };
    crossing::correct(&state.db, state.clock.now(), id, &new, reason).await?;
    Ok(new.id)
}

/// Records that a record of the ledger is to be read otherwise. Judged like a new decision: 422 `citizen_refused` and its
/// like; 409 `corrected_already` where another record stands for it.
#[utoipa::path(post, path = "/api/v1/crossings/{id}/corrections", tag = "crossing", operation_id = "crossing_correct", params(("id" = CrossingId, Path)), request_body = CorrectionInput,
    responses((status = 201, body = Crossing)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CrossingId>,
    Input(input): Input<CorrectionInput>,
) -> ApiResult<(StatusCode, Json<Crossing>)> {
    let made = correct(&state, &session, id, input).await?;
    let made = crossing::get(&state.db, made).await?;
    Ok((StatusCode::CREATED, Json(made)))
}
