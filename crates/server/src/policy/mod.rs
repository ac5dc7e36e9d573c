//! A site's policy: a budget of false alerts becomes thresholds; two people change it; the machine keeps it true to
//! the list. Must not show a score to who judges alerts, and must not let one person change a threshold alone.

pub mod chart;
pub mod figures;
mod history;
pub mod keep;
pub mod page;
pub mod proposal;
mod sheet;
pub mod view;
pub mod words;

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use tapal_domain::{
    id::{ProposalId, SiteId},
    policy::{Budget, Decision, Setting},
    role::Permission,
};
use utoipa::{IntoParams, ToSchema};

pub use proposal::{decide_by, propose_as, propose_by, set_up};
pub use view::{PolicyView, Preview};

use crate::{
    AppState, Session,
    error::ApiResult,
    extract::{At, Input, Params},
};

/// Whether scores and thresholds may be shown: to who sets or inspects them, never to who judges.
pub fn may_see_scores(session: &Session) -> bool {
    !session.may(Permission::JudgeAlerts)
        && (session.may(Permission::EditSites) || session.may(Permission::ReadAudit))
}

/// A proposed change as handed in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = PolicyProposalInput)]
pub struct ProposalInput {
    /// Budget, or thresholds by hand.
    pub setting: Setting,
    /// Why; 3 to 500 characters. Never a name.
    pub reason: String,
}

/// A decision as handed in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = PolicyDecisionInput)]
pub struct DecisionInput {
    /// What.
    pub decision: Decision,
    /// Why; 3 to 500 characters. Never a name.
    pub reason: String,
    /// `seen` of the waiting proposal as it was read: an approval of figures that changed meanwhile is refused.
    #[serde(default)]
    pub seen: String,
}

/// A budget to try out.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
pub struct WhatIf {
    /// Most false alerts a day.
    pub false_alerts_per_day: f64,
    /// People who walk past a day.
    pub passers_by_per_day: u64,
    /// Hours of a shift; 8 when not given.
    pub shift_hours: Option<f64>,
}

impl WhatIf {
    /// As a budget.
    pub fn budget(self) -> Budget {
        Budget {
            false_alerts_per_day: self.false_alerts_per_day,
            passers_by_per_day: self.passers_by_per_day,
            shift_hours: self.shift_hours.unwrap_or(8.0),
        }
    }
}

/// The policy in force at a site with what to expect from it. Who judges alerts sees only what a shift may expect.
#[utoipa::path(get, path = "/api/v1/sites/{id}/policy", tag = "policy", params(("id" = SiteId, Path)), responses((status = 200, body = PolicyView)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
) -> ApiResult<Json<PolicyView>> {
    Ok(Json(view::view(&state, &session, id).await?))
}

/// What a budget would come to at a site now. Changes nothing.
#[utoipa::path(get, path = "/api/v1/sites/{id}/policy/preview", tag = "policy", params(("id" = SiteId, Path), WhatIf), responses((status = 200, body = Preview)))]
pub async fn preview(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
    Params(what_if): Params<WhatIf>,
) -> ApiResult<Json<Preview>> {
    session.require_site(id)?;
    tapal_store::site::get(&state.db, id).await?;
    Ok(Json(view::preview(&state, id, &what_if.budget()).await?))
}

/// Proposes a change; another policy administrator decides on it.
#[utoipa::path(post, path = "/api/v1/sites/{id}/policy/proposals", tag = "policy", params(("id" = SiteId, Path)), request_body = ProposalInput, responses((status = 201, body = PolicyView)))]
pub async fn propose(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
    Input(input): Input<ProposalInput>,
) -> ApiResult<(StatusCode, Json<PolicyView>)> {
    propose_by(&state, &session, id, input).await?;
    let view = view::view(&state, &session, id).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Decides on a proposal, or takes one's own back.
#[utoipa::path(post, path = "/api/v1/policy/proposals/{id}/decision", tag = "policy", params(("id" = ProposalId, Path)), request_body = DecisionInput, responses((status = 200, body = PolicyView)))]
pub async fn decide(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ProposalId>,
    Input(input): Input<DecisionInput>,
) -> ApiResult<Json<PolicyView>> {
    let site = decide_by(&state, &session, id, input).await?;
    Ok(Json(view::view(&state, &session, site).await?))
}
