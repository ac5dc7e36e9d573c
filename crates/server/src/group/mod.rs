//! Group labels a site may lawfully record: two people decide on the set, an officer copies one label from the document
//! after an alert ended as a different person, a supervisor counts passers-by. Must not infer a group from anything.

pub mod ask;
pub mod page;
pub mod proposal;
pub mod record;
pub mod table;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    group::LabelSet,
    id::{AlertId, ProposalId, SiteId},
    policy::Decision,
};
use tapal_store::{
    false_alert::local_day,
    group::{self, GroupSet},
};
use utoipa::ToSchema;

pub use table::table;

use crate::{
    AppState, Session,
    error::ApiResult,
    extract::{At, Input},
    false_alert::day_text,
};

/// Days of counts shown.
const SHOWN_DAYS: i64 = 28;

/// How many people of a label walked past on a local day.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = GroupDayCount)]
pub struct DayCount {
    /// `YYYY-MM-DD`, in the local time of the site.
    pub day: String,
    /// A label of the set in force.
    pub label: String,
    /// People.
    pub passers_by: u64,
}

/// The labels of a site.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupsView {
    /// The set in force; `null` where no groups are recorded.
    pub in_force: Option<GroupSet>,
    /// The set that waits for a second policy administrator.
    pub waiting: Option<GroupSet>,
    /// Passers-by of the last four weeks, newest first.
    pub counts: Vec<DayCount>,
}

/// A decision as handed in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = GroupDecisionInput)]
pub struct DecisionInput {
    /// What.
    pub decision: Decision,
    /// Why; 3 to 500 characters. Never a name.
    pub reason: String,
}

/// The label of one alert.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = GroupLabelInput)]
pub struct LabelInput {
    /// A label of the set in force, as it stands in the document.
    pub label: String,
}

/// The labels of a site this person may see.
pub async fn view(state: &AppState, session: &Session, id: SiteId) -> ApiResult<GroupsView> {
    session.require_site(id)?;
    let site = tapal_store::site::get(&state.db, id).await?;
    let in_force = group::in_force(&state.db, id).await?;
    let mut counts = Vec::new();
    if let Some(set) = &in_force {
        let today = local_day(state.clock.now(), site.utc_offset_minutes);
        let found = group::counts(&state.db, set.id, today - SHOWN_DAYS + 1, today).await?;
        counts.extend(found.into_iter().map(|own| DayCount {
            day: day_text(own.day),
            label: own.label,
            passers_by: own.passers_by,
        }));
    }
    Ok(GroupsView {
        in_force,
        waiting: group::waiting(&state.db, id).await?,
        counts,
    })
}

/// The group labels that may be recorded at a site, and the passers-by counted.
#[utoipa::path(get, path = "/api/v1/sites/{id}/groups", tag = "group", params(("id" = SiteId, Path)), responses((status = 200, body = GroupsView)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
) -> ApiResult<Json<GroupsView>> {
    Ok(Json(view(&state, &session, id).await?))
}

/// Proposes a set of labels with its legal ground; another policy administrator decides on it.
#[utoipa::path(post, path = "/api/v1/sites/{id}/groups/proposals", tag = "group", params(("id" = SiteId, Path)), request_body = LabelSet, responses((status = 201, body = GroupsView)))]
pub async fn propose(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
    Input(set): Input<LabelSet>,
) -> ApiResult<(StatusCode, Json<GroupsView>)> {
    proposal::propose_by(&state, &session, id, set).await?;
    let view = view(&state, &session, id).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Decides on a proposed set, or takes one's own back. An approval ends the set in force before.
#[utoipa::path(post, path = "/api/v1/groups/proposals/{id}/decision", tag = "group", params(("id" = ProposalId, Path)), request_body = DecisionInput, responses((status = 200, body = GroupsView)))]
pub async fn decide(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ProposalId>,
    Input(input): Input<DecisionInput>,
) -> ApiResult<Json<GroupsView>> {
    let site = proposal::decide_by(&state, &session, id, input).await?;
    Ok(Json(view(&state, &session, site).await?))
}

/// Ends the recording of groups at a site at once; one person is enough to stop.
#[utoipa::path(delete, path = "/api/v1/sites/{id}/groups", tag = "group", params(("id" = SiteId, Path)), responses((status = 200, body = GroupsView)))]
pub async fn end(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
) -> ApiResult<Json<GroupsView>> {
    proposal::end_by(&state, &session, id).await?;
    Ok(Json(view(&state, &session, id).await?))
}

/// Sets how many people of a label walked past on a day; a count of before is replaced, and both are audited.
#[utoipa::path(put, path = "/api/v1/sites/{id}/groups/counts", tag = "group", params(("id" = SiteId, Path)), request_body = DayCount, responses((status = 200, body = GroupsView)))]
pub async fn count(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
    Input(input): Input<DayCount>,
) -> ApiResult<Json<GroupsView>> {
    record::count_by(&state, &session, id, input).await?;
    Ok(Json(view(&state, &session, id).await?))
}

/// Records the group label of an alert that ended as a different person, once, as in the document.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/group", tag = "group", params(("id" = AlertId, Path)), request_body = LabelInput, responses((status = 204)))]
pub async fn label(
    State(state): State<AppState>,
    session: Session,
    At(id): At<AlertId>,
    Input(input): Input<LabelInput>,
) -> ApiResult<StatusCode> {
    record::label_by(&state, &session, id, &input.label).await?;
    Ok(StatusCode::NO_CONTENT)
}
