//! `/api/v1/second-line`. Must not authorise anything itself: the route table and [`super`] do.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    crossing::Detection,
    day::Day,
    entry::Agency,
    id::{AlertId, CaseId, CrossingId, HolderId, LaneId, OrderId, SiteId},
    rule_pack::{Action as Act, OrderKind},
    second_line::{Action, Channel, Contact, Hit, Reason, Receiver, Referral, Traveller},
    site::Direction,
    time::UtcMs,
};
use utoipa::ToSchema;

use super::{CaseView, act_by, look, open, queue};
use crate::{
    AppState, Session,
    error::ApiResult,
    extract::{At, Input, Params},
};

/// A traveller for second line.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SecondLineInput {
    /// The record of the ledger that will end the case; made by the caller, so a resend is recognised.
    pub crossing: CrossingId,
    /// Where.
    pub site: SiteId,
    /// In which lane.
    #[serde(default)]
    pub lane: Option<LaneId>,
    /// Which way.
    pub direction: Direction,
    /// Who, as the document says.
    pub traveller: Traveller,
    /// Why.
    pub reasons: Vec<Reason>,
    /// In the officer's words.
    #[serde(default)]
    pub text: String,
    /// What brought it up.
    pub detection: Detection,
    /// The alert of this lane.
    #[serde(default)]
    pub alert: Option<AlertId>,
    /// Orders in force that may name the traveller.
    #[serde(default)]
    pub orders: Vec<OrderId>,
    /// The record in the registry.
    #[serde(default)]
    pub holder: Option<HolderId>,
}

impl From<SecondLineInput> for Referral {
    fn from(input: SecondLineInput) -> Self {
        // Kind and agency are looked up.
        let hit = |order| Hit {
            order,
            kind: OrderKind::AlertOnly,
            agency: Agency::Immigration,
        };
        Referral {
            crossing: input.crossing,
            site: input.site,
            lane: input.lane,
            direction: input.direction,
            traveller: input.traveller,
            reasons: input.reasons,
            text: input.text,
            detection: input.detection,
            alert: input.alert,
            hits: input.orders.into_iter().map(hit).collect(),
            holder: input.holder,
        }
    }
}

/// The case.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct SecondLineOpened {
    /// Its id.
    pub id: CaseId,
}

/// Which cases.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Wanted {
    /// Those closed last instead of the open ones.
    #[serde(default)]
    pub closed: bool,
}

/// What asking and looking brought.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SecondLineInterviewInput {
    /// In codes.
    pub reasons: Vec<Reason>,
    /// In words, 3 to 2,000 characters.
    pub text: String,
}

/// A try to reach an agency.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SecondLineContactInput {
    /// Whom.
    pub agency: Agency,
    /// When; now when left out.
    #[serde(default)]
    pub tried_at: Option<UtcMs>,
    /// How.
    pub channel: Channel,
    /// Who answered.
    #[serde(default)]
    pub person: String,
    /// Whether somebody was reached.
    pub reached: bool,
    /// The answer.
    #[serde(default)]
    pub answer: String,
}

/// Whether it is so.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SecondLineConclusionInput {
    /// Whether it is.
    pub hit: bool,
    /// Orders whose person it is.
    #[serde(default)]
    pub confirmed: Vec<OrderId>,
    /// Why.
    pub text: String,
}

/// What is done.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SecondLineDecisionInput {
    /// One of those offered.
    #[schema(value_type = String)]
    pub act: Act,
    /// Code of the ground, for a refusal or a deferral.
    #[serde(default)]
    pub ground: Option<String>,
    /// Last day of a foreigner's stay, for an entry.
    #[serde(default)]
    pub stay_until: Option<Day>,
    /// Overstay charge paid, IDR.
    #[serde(default)]
    pub charge: Option<u64>,
    /// Number of its receipt.
    #[serde(default)]
    pub receipt: Option<String>,
    /// In words.
    #[serde(default)]
    pub text: String,
}

/// Another person's answer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SecondLineAuthorisationInput {
    /// Yes or no.
    pub authorise: bool,
    /// Why not.
    #[serde(default)]
    pub text: String,
}

async fn done(
    state: &AppState,
    session: &Session,
    id: CaseId,
    action: Action,
) -> ApiResult<Json<CaseView>> {
    act_by(state, session, id, action).await?;
    Ok(Json(look(state, session, id).await?))
}

/// Open cases of this account's site or all, oldest first, or those closed last; at most 100.
#[utoipa::path(get, path = "/api/v1/second-line", tag = "second_line", operation_id = "second_line_list",
    params(("closed" = Option<bool>, Query, description = "those closed last instead of the open ones")), responses((status = 200, body = Vec<CaseView>)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<Vec<CaseView>>> {
    Ok(Json(queue(&state, &session, wanted.closed).await?))
}

/// Refers a traveller to second line. The same crossing again gives the same case.
#[utoipa::path(post, path = "/api/v1/second-line", tag = "second_line", operation_id = "second_line_open", request_body = SecondLineInput, responses((status = 201, body = SecondLineOpened)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    Input(input): Input<SecondLineInput>,
) -> ApiResult<(StatusCode, Json<SecondLineOpened>)> {
    let id = open(&state, &session, input.into()).await?;
    Ok((StatusCode::CREATED, Json(SecondLineOpened { id })))
}

/// One case; the look is recorded.
#[utoipa::path(get, path = "/api/v1/second-line/{id}", tag = "second_line", operation_id = "second_line_get", params(("id" = CaseId, Path)), responses((status = 200, body = CaseView)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CaseId>,
) -> ApiResult<Json<CaseView>> {
    Ok(Json(look(&state, &session, id).await?))
}

/// Takes the case, or takes it over from a colleague. The first time the person's clock begins.
#[utoipa::path(post, path = "/api/v1/second-line/{id}/taking", tag = "second_line", operation_id = "second_line_take", params(("id" = CaseId, Path)), responses((status = 200, body = CaseView)))]
pub async fn take(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CaseId>,
) -> ApiResult<Json<CaseView>> {
    done(&state, &session, id, Action::Take).await
}

/// Records what asking and looking brought. A reason that protects lets what was decided fall.
#[utoipa::path(post, path = "/api/v1/second-line/{id}/interviews", tag = "second_line", operation_id = "second_line_interview", params(("id" = CaseId, Path)), request_body = SecondLineInterviewInput, responses((status = 200, body = CaseView)))]
pub async fn interview(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CaseId>,
    Input(input): Input<SecondLineInterviewInput>,
) -> ApiResult<Json<CaseView>> {
    let SecondLineInterviewInput { reasons, text } = input;
    done(&state, &session, id, Action::Interview { reasons, text }).await
}

/// Records a try to reach an agency or the national bureau.
#[utoipa::path(post, path = "/api/v1/second-line/{id}/contacts", tag = "second_line", operation_id = "second_line_contact", params(("id" = CaseId, Path)), request_body = SecondLineContactInput, responses((status = 200, body = CaseView)))]
pub async fn contact(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CaseId>,
    Input(input): Input<SecondLineContactInput>,
) -> ApiResult<Json<CaseView>> {
    let contact = Contact {
        agency: input.agency,
        tried_at: input.tried_at.unwrap_or_else(|| state.clock.now()),
        channel: input.channel,
        person: input.person,
        reached: input.reached,
        answer: input.answer,
    };
    done(&state, &session, id, Action::Contact { contact }).await
}

/// Says whether it is so. 422 `case_bureau_first` for a red notice before the national bureau answered; 409
/// `order_not_in_force` for an order that has ended.
#[utoipa::path(post, path = "/api/v1/second-line/{id}/conclusion", tag = "second_line", operation_id = "second_line_conclude", params(("id" = CaseId, Path)), request_body = SecondLineConclusionInput, responses((status = 200, body = CaseView)))]
pub async fn conclude(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CaseId>,
    Input(input): Input<SecondLineConclusionInput>,
) -> ApiResult<Json<CaseView>> {
    let SecondLineConclusionInput {
        hit,
        confirmed,
        text,
    } = input;
    done(
        &state,
        &session,
        id,
        Action::Conclude {
            hit,
            confirmed,
            text,
        },
    )
    .await
}

/// Decides what is done, out of what is offered. A refusal, a deferral or a hand-over waits for another person.
#[utoipa::path(post, path = "/api/v1/second-line/{id}/decision", tag = "second_line", operation_id = "second_line_decide", params(("id" = CaseId, Path)), request_body = SecondLineDecisionInput, responses((status = 200, body = CaseView)))]
pub async fn decide(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CaseId>,
    Input(input): Input<SecondLineDecisionInput>,
) -> ApiResult<Json<CaseView>> {
    let action = Action::Decide {
        act: input.act,
        ground: input.ground,
        stay_until: input.stay_until,
        charge: input.charge,
        receipt: input.receipt,
        text: input.text,
        waits: false,
    };
    done(&state, &session, id, action).await
}

/// Authorises what another person decided, or sends it back.
#[utoipa::path(post, path = "/api/v1/second-line/{id}/authorisation", tag = "second_line", operation_id = "second_line_authorise", params(("id" = CaseId, Path)), request_body = SecondLineAuthorisationInput, responses((status = 200, body = CaseView)))]
pub async fn authorise(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CaseId>,
    Input(input): Input<SecondLineAuthorisationInput>,
) -> ApiResult<Json<CaseView>> {
    let action = match input.authorise {
        true => Action::Authorise,
        false => Action::Decline { text: input.text },
    };
    done(&state, &session, id, action).await
}

/// Records that the authority concerned took the person over, with the receiving officer's signature.
#[utoipa::path(post, path = "/api/v1/second-line/{id}/hand-over", tag = "second_line", operation_id = "second_line_hand_over", params(("id" = CaseId, Path)), request_body = Receiver, responses((status = 200, body = CaseView)))]
pub async fn hand_over(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CaseId>,
    Input(receiver): Input<Receiver>,
) -> ApiResult<Json<CaseView>> {
    done(&state, &session, id, Action::HandOver { receiver }).await
}

/// Ends the case: what was decided stands in the ledger, in the same change. Again it changes nothing.
#[utoipa::path(post, path = "/api/v1/second-line/{id}/closure", tag = "second_line", operation_id = "second_line_close", params(("id" = CaseId, Path)), responses((status = 200, body = CaseView)))]
pub async fn close(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CaseId>,
) -> ApiResult<Json<CaseView>> {
    done(&state, &session, id, Action::Close).await
}
