//! Alerts for officers: the queue, one alert, actions. Must not change an alert except through the domain, nor
//! send one except as a view.

pub mod html;
pub mod page;
pub mod panel;
pub mod photo;
pub mod view;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    alert::{Action, Status},
    id::AlertId,
    opinion::Opinion,
};
use tapal_store::alert::{self, Filter, Stored};
use utoipa::{IntoParams, ToSchema};

use self::view::{AlertView, Names};
use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    extract::{At, Input, Params},
};

/// Most alerts in one reply.
pub const PAGE: i64 = 200;
/// Most open alerts looked through for one queue.
const MOST_OPEN: i64 = 5_000;
/// Longest reason, characters.
const REASON_CHARS: usize = 1_000;

/// Which alerts.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
pub struct Wanted {
    /// `mine` (default) or `all`.
    pub queue: Option<Queue>,
    /// Only with this status; only with `queue=all`.
    pub status: Option<Status>,
    /// Only older than this one.
    pub before: Option<AlertId>,
}

/// Which queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// What waits for you.
    Mine,
    /// All alerts you may read.
    All,
}

/// An alert this person may read, or not found.
pub async fn readable(state: &AppState, session: &Session, id: AlertId) -> ApiResult<Stored> {
    let stored = alert::get(&state.db, id).await?;
    session.require_site(stored.site)?;
    // Recorded as withdrawn on arrival: evidence without a lawful order is shown to nobody.
    if stored.life.status() == Status::Withdrawn && stored.probes == 0 {
        return Err(ApiError::not_found());
    }
    Ok(stored)
}

/// The alerts wanted; `mine` oldest first, because the oldest is the most urgent, `all` newest first.
pub async fn queue(
    state: &AppState,
    session: &Session,
    wanted: &Wanted,
) -> ApiResult<Vec<AlertView>> {
    let names = Names::load(state).await?;
    let mine = wanted.queue.unwrap_or(Queue::Mine) == Queue::Mine;
    let status = wanted.status.filter(|_| !mine);
    let filter = Filter {
        site: session.site,
        status,
        open_only: mine,
        before: wanted.before,
    };
    // Of open alerts the oldest are the most urgent: none may fall off the end of a page.
    let limit = if mine { MOST_OPEN } else { PAGE };
    let stored = alert::list(&state.db, &filter, limit).await?;
    let readable = stored
        .iter()
        .filter(|s| !(s.life.status() == Status::Withdrawn && s.probes == 0));
    let views = readable.map(|stored| view::summary(state, &names, session, stored));
    let mut views: Vec<AlertView> = views.filter(|view| !mine || view.mine.is_some()).collect();
    if mine {
        views.reverse();
        views.truncate(PAGE as usize);
    }
    Ok(views)
}

/// Alerts: my queue, or all I may read.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alert", params(
    ("queue" = Option<Queue>, Query, description = "`mine` (default) or `all`"),
    ("status" = Option<Status>, Query, description = "only with this status; only with `queue=all`"),
    ("before" = Option<AlertId>, Query, description = "only older than this one")), responses((status = 200, body = Vec<AlertView>)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<Vec<AlertView>>> {
    Ok(Json(queue(&state, &session, &wanted).await?))
}

/// One alert as this person may see it.
pub async fn show(state: &AppState, session: &Session, id: AlertId) -> ApiResult<AlertView> {
    let stored = readable(state, session, id).await?;
    view::full(state, session, &stored).await
}

/// One alert.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alert", params(("id" = AlertId, Path)), responses((status = 200, body = AlertView)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<AlertId>,
) -> ApiResult<Json<AlertView>> {
    Ok(Json(show(&state, &session, id).await?))
}

/// Takes an action for the signed-in person; a refusal is recorded too. The new status.
pub async fn act(
    state: &AppState,
    session: &Session,
    id: AlertId,
    action: Action,
) -> ApiResult<Status> {
    readable(state, session, id).await?;
    let now = state.clock.now();
    Ok(alert::act(
        &state.db,
        now,
        id,
        action,
        session.actor(),
        &state.config.timers,
    )
    .await??)
}

/// An opinion or a resolution.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Judged {
    /// The answer; a resolution must be `same` or `different`.
    pub opinion: Opinion,
    /// Why, in the officer's words; 1 to 1000 characters.
    pub reason: String,
}

impl Judged {
    fn checked(self) -> ApiResult<Self> {
        if self.reason.chars().count() > REASON_CHARS {
            return Err(ApiError::invalid(
                "reason_too_long",
                "a reason has at most 1000 characters",
            ));
        }
        Ok(Self {
            opinion: self.opinion,
            reason: self.reason.trim().to_owned(),
        })
    }

    /// As a first or second opinion.
    pub fn opinion(self) -> ApiResult<Action> {
        let Self { opinion, reason } = self.checked()?;
        Ok(Action::Opine { opinion, reason })
    }

    /// As a supervisor's resolution.
    pub fn resolution(self) -> ApiResult<Action> {
        let Self { opinion, reason } = self.checked()?;
        Ok(Action::Resolve { opinion, reason })
    }
}

/// Takes an alert.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/acknowledgement", tag = "alert", params(("id" = AlertId, Path)),
    responses((status = 200, body = AlertView)))]
pub async fn acknowledge(
    State(state): State<AppState>,
    session: Session,
    At(id): At<AlertId>,
) -> ApiResult<Json<AlertView>> {
    act(&state, &session, id, Action::Acknowledge).await?;
    Ok(Json(show(&state, &session, id).await?))
}

/// Gives the first or the second opinion.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/opinions", tag = "alert", params(("id" = AlertId, Path)), request_body = Judged,
    responses((status = 200, body = AlertView)))]
pub async fn opine(
    State(state): State<AppState>,
    session: Session,
    At(id): At<AlertId>,
    Input(judged): Input<Judged>,
) -> ApiResult<Json<AlertView>> {
    act(&state, &session, id, judged.opinion()?).await?;
    Ok(Json(show(&state, &session, id).await?))
}

/// Settles a disagreement.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/resolution", tag = "alert", params(("id" = AlertId, Path)), request_body = Judged,
    responses((status = 200, body = AlertView)))]
pub async fn resolve(
    State(state): State<AppState>,
    session: Session,
    At(id): At<AlertId>,
    Input(judged): Input<Judged>,
) -> ApiResult<Json<AlertView>> {
    act(&state, &session, id, judged.resolution()?).await?;
    Ok(Json(show(&state, &session, id).await?))
}
