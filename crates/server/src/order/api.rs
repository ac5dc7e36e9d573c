//! `/api/v1/orders`. Must not authorise anything itself: the route table and [`super`] do.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    day::Day,
    id::OrderId,
    order::{Action, Duty, Handed, Status},
};
use tapal_store::order;
use utoipa::ToSchema;

use super::{OrderView, act_by, correct_by, draft_by, look, photograph_by, today};
use crate::{
    AppState, Session,
    alert::photo::jpeg,
    error::{ApiError, ApiResult},
    extract::{At, Input, Params},
};

/// Which orders.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Wanted {
    /// Only in this status.
    pub status: Option<Status>,
    /// Only approved ones that end within so many days.
    pub ends_within: Option<u16>,
    /// Only approved ones whose last day is this.
    pub ends_on: Option<Day>,
    /// Only older than this one.
    pub before: Option<OrderId>,
}

impl Wanted {
    /// As the store asks.
    pub fn of(self, session: &Session, today: Day) -> ApiResult<order::Wanted> {
        let until = self.ends_within.map(|days| today.plus_days(days.into()));
        Ok(order::Wanted {
            agency: session.orders_of()?,
            status: self.status,
            from: self.ends_on,
            until: self.ends_on.or(until.flatten()),
            before: self.before,
        })
    }
}

/// A new order, with its photographs.
#[derive(Deserialize, ToSchema)]
pub struct OrderInput {
    /// What it says.
    #[serde(flatten)]
    pub contents: Handed,
    /// Photographs, JPEG or PNG, base64.
    #[serde(default)]
    pub photos: Vec<String>,
}

/// One more photograph.
#[derive(Deserialize, ToSchema)]
pub struct OrderPhotoInput {
    /// JPEG or PNG, base64.
    pub photo: String,
    /// The position of the one it replaces.
    pub instead_of: Option<i64>,
}

/// Position of a photograph.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderPhotoAdded {
    /// From 0.
    pub n: i64,
}

/// A letter of the agency asking for more time.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ExtensionInput {
    /// Its number.
    pub reference: String,
    /// The day it came.
    pub received_on: Day,
    /// The new last day.
    pub last_day: Day,
}

/// Somebody was told.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NotificationInput {
    /// Who: `notify_person` or `notify_minister`.
    pub duty: Duty,
    /// When.
    pub on: Day,
}

/// A written objection.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ObjectionInput {
    /// The day it came.
    pub received_on: Day,
    /// Number under which it is kept.
    pub reference: String,
}

/// What an approver does.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OrderDecisionInput)]
pub struct DecisionInput {
    /// What.
    pub decision: OrderDecision,
    /// Why, or the number of the letter or judgment; needed for everything but an approval.
    #[serde(default)]
    pub note: String,
}

/// What an approver can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderDecision {
    /// Approve the order.
    Approve,
    /// Hand it back.
    Return,
    /// Refuse it for good.
    Refuse,
    /// Give more time.
    ApproveExtension,
    /// Give no more time.
    RefuseExtension,
    /// The objection is right: the order ends.
    UpholdObjection,
    /// The objection is not right.
    RejectObjection,
    /// The agency takes it back.
    Revoke,
    /// A court acquitted the person.
    Acquit,
}

impl OrderDecision {
    /// As an action of the domain, on `today`.
    pub fn action(self, note: String, today: Day) -> Action {
        match self {
            Self::Approve => Action::Approve,
            Self::Return => Action::Return { note },
            Self::Refuse => Action::Refuse { note },
            Self::ApproveExtension => Action::ApproveExtension,
            Self::RefuseExtension => Action::RefuseExtension { note },
            Self::UpholdObjection => Action::AnswerObjection {
                on: today,
                upheld: true,
                note,
            },
            Self::RejectObjection => Action::AnswerObjection {
                on: today,
                upheld: false,
                note,
            },
            Self::Revoke => Action::Revoke { reference: note },
            Self::Acquit => Action::Acquit { reference: note },
        }
    }
}

fn photo(text: &str) -> ApiResult<Vec<u8>> {
    STANDARD
        .decode(text)
        .map_err(|_| ApiError::invalid("not_an_image", "a photograph is not valid base64"))
}

/// Orders, newest first, at most 100; a liaison gets its own agency's.
#[utoipa::path(get, path = "/api/v1/orders", tag = "order", operation_id = "order_list", params(
    ("status" = Option<Status>, Query, description = "only in this status"),
    ("ends_within" = Option<u16>, Query, description = "only approved ones that end within so many days"),
    ("ends_on" = Option<Day>, Query, description = "only approved ones whose last day is this"),
    ("before" = Option<OrderId>, Query, description = "only older than this one")), responses((status = 200, body = Vec<OrderView>)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<Vec<OrderView>>> {
    Ok(Json(page(&state, &session, wanted).await?))
}

/// A page of orders; looking at names is recorded once a minute.
pub async fn page(
    state: &AppState,
    session: &Session,
    wanted: Wanted,
) -> ApiResult<Vec<OrderView>> {
    let now = state.clock.now();
    let found = order::list(&state.db, wanted.of(session, today(now))?, 100).await?;
    tapal_store::look::record(
        &state.db,
        now,
        session.account,
        "order",
        "all",
        "identities",
    )
    .await?;
    let mut all = Vec::with_capacity(found.len());
    for filed in found {
        let photos = order::photos(&state.db, filed.order.id()).await?;
        all.push(super::view::of(filed, photos, today(now)));
    }
    Ok(all)
}

/// Files a draft.
#[utoipa::path(post, path = "/api/v1/orders", tag = "order", operation_id = "order_add", request_body = OrderInput, responses((status = 201, body = OrderView)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    Input(input): Input<OrderInput>,
) -> ApiResult<(StatusCode, Json<OrderView>)> {
    let photos: Vec<Vec<u8>> = input
        .photos
        .iter()
        .map(|text| photo(text))
        .collect::<ApiResult<_>>()?;
    if photos.len() > 4 {
        return Err(ApiError::invalid(
            "too_many_photos",
            "hand in at most 4 photographs at a time",
        ));
    }
    let id = draft_by(&state, &session, input.contents, photos).await?;
    Ok((StatusCode::CREATED, Json(look(&state, &session, id).await?)))
}

/// One order.
#[utoipa::path(get, path = "/api/v1/orders/{id}", tag = "order", operation_id = "order_get", params(("id" = OrderId, Path)), responses((status = 200, body = OrderView)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<OrderId>,
) -> ApiResult<Json<OrderView>> {
    Ok(Json(look(&state, &session, id).await?))
}

/// Corrects a draft. Requester and kind never change.
#[utoipa::path(put, path = "/api/v1/orders/{id}", tag = "order", operation_id = "order_correct", params(("id" = OrderId, Path)), request_body = Handed, responses((status = 200, body = OrderView)))]
pub async fn correct(
    State(state): State<AppState>,
    session: Session,
    At(id): At<OrderId>,
    Input(handed): Input<Handed>,
) -> ApiResult<Json<OrderView>> {
    correct_by(&state, &session, id, handed).await?;
    Ok(Json(look(&state, &session, id).await?))
}

/// Adds or replaces a photograph of a draft.
#[utoipa::path(post, path = "/api/v1/orders/{id}/photos", tag = "order", operation_id = "order_photo", params(("id" = OrderId, Path)), request_body = OrderPhotoInput, responses((status = 201, body = OrderPhotoAdded)))]
pub async fn add_photo(
    State(state): State<AppState>,
    session: Session,
    At(id): At<OrderId>,
    Input(input): Input<OrderPhotoInput>,
) -> ApiResult<(StatusCode, Json<OrderPhotoAdded>)> {
    let bytes = photo(&input.photo)?;
    let n = photograph_by(&state, &session, id, bytes, input.instead_of).await?;
    Ok((StatusCode::CREATED, Json(OrderPhotoAdded { n })))
}

/// Portrait `n` of an order that is open or in force; 410 `order_over` otherwise. The look is recorded.
#[utoipa::path(get, path = "/api/v1/orders/{id}/portraits/{n}", tag = "order", operation_id = "order_portrait", params(("id" = OrderId, Path), ("n" = i64, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg")))]
pub async fn portrait(
    State(state): State<AppState>,
    session: Session,
    At((id, n)): At<(OrderId, i64)>,
) -> ApiResult<Response> {
    let filed = order::get(&state.db, id, session.orders_of()?).await?;
    if matches!(
        filed.order.status(),
        Status::Refused | Status::Lapsed | Status::Revoked | Status::Acquitted
    ) {
        return Err(ApiError::new(
            StatusCode::GONE,
            "order_over",
            "this order is over: its photograph is shown to nobody",
        ));
    }
    let bytes = order::portrait(&state.db, id, n).await?;
    let now = state.clock.now();
    tapal_store::look::record(&state.db, now, session.account, "order", id, "portrait").await?;
    Ok(jpeg(&bytes))
}

/// Hands a complete draft to whoever approves.
#[utoipa::path(post, path = "/api/v1/orders/{id}/submission", tag = "order", operation_id = "order_submit", params(("id" = OrderId, Path)), responses((status = 200, body = OrderView)))]
pub async fn submit(
    State(state): State<AppState>,
    session: Session,
    At(id): At<OrderId>,
) -> ApiResult<Json<OrderView>> {
    act_by(&state, &session, id, Action::Submit).await?;
    Ok(Json(look(&state, &session, id).await?))
}

/// Asks for more time.
#[utoipa::path(post, path = "/api/v1/orders/{id}/extension", tag = "order", operation_id = "order_extend", params(("id" = OrderId, Path)), request_body = ExtensionInput, responses((status = 200, body = OrderView)))]
pub async fn extend(
    State(state): State<AppState>,
    session: Session,
    At(id): At<OrderId>,
    Input(input): Input<ExtensionInput>,
) -> ApiResult<Json<OrderView>> {
    let ExtensionInput {
        reference,
        received_on,
        last_day,
    } = input;
    let action = Action::RequestExtension {
        reference,
        received_on,
        last_day,
    };
    act_by(&state, &session, id, action).await?;
    Ok(Json(look(&state, &session, id).await?))
}

/// Records that the person or the Minister was told.
#[utoipa::path(post, path = "/api/v1/orders/{id}/notifications", tag = "order", operation_id = "order_notify", params(("id" = OrderId, Path)), request_body = NotificationInput, responses((status = 200, body = OrderView)))]
pub async fn notify(
    State(state): State<AppState>,
    session: Session,
    At(id): At<OrderId>,
    Input(input): Input<NotificationInput>,
) -> ApiResult<Json<OrderView>> {
    let action = Action::Notify {
        duty: input.duty,
        on: input.on,
    };
    act_by(&state, &session, id, action).await?;
    Ok(Json(look(&state, &session, id).await?))
}

/// Records a written objection. It does not suspend the order.
#[utoipa::path(post, path = "/api/v1/orders/{id}/objections", tag = "order", operation_id = "order_object", params(("id" = OrderId, Path)), request_body = ObjectionInput, responses((status = 200, body = OrderView)))]
pub async fn object(
    State(state): State<AppState>,
    session: Session,
    At(id): At<OrderId>,
    Input(input): Input<ObjectionInput>,
) -> ApiResult<Json<OrderView>> {
    let ObjectionInput {
        received_on,
        reference,
    } = input;
    act_by(
        &state,
        &session,
        id,
        Action::Object {
            received_on,
            reference,
        },
    )
    .await?;
    Ok(Json(look(&state, &session, id).await?))
}

/// Decides: never by who wrote it.
#[utoipa::path(post, path = "/api/v1/orders/{id}/decision", tag = "order", operation_id = "order_decide", params(("id" = OrderId, Path)), request_body = DecisionInput, responses((status = 200, body = OrderView)))]
pub async fn decide(
    State(state): State<AppState>,
    session: Session,
    At(id): At<OrderId>,
    Input(input): Input<DecisionInput>,
) -> ApiResult<Json<OrderView>> {
    let action = input.decision.action(input.note, today(state.clock.now()));
    act_by(&state, &session, id, action).await?;
    Ok(Json(look(&state, &session, id).await?))
}
