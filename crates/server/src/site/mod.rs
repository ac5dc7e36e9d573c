//! Sites with deployment record, desks and lanes; thresholds are shown here and set in `policy`. Must not start a matcher: the node decides by
//! `domain::site::may_run` at every instant.

pub mod page;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    id::{DeskId, LaneId, SiteId},
    screening::Threshold,
    site::{Deployment, Direction, NotDeployed, may_run},
};
use tapal_store::{
    By,
    site::{self, Desk, Lane, NewSite, Site},
};
use utoipa::ToSchema;

use crate::{
    AppState, Session,
    camera::name_of,
    error::{ApiError, ApiResult},
    extract::{At, Input},
};

/// A site as handed in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct SiteInput {
    /// Name, unique.
    pub name: String,
    /// What kind of place.
    pub kind: tapal_domain::site::SiteKind,
    /// Local time, minutes east of UTC: 420 (WIB), 480 (WITA) or 540 (WIT) in Indonesia.
    pub utc_offset_minutes: i64,
}

impl SiteInput {
    fn checked(self) -> ApiResult<NewSite> {
        if !(-720..=840).contains(&self.utc_offset_minutes) || self.utc_offset_minutes % 15 != 0 {
            return Err(ApiError::invalid(
                "bad_offset",
                "the local time is a number of minutes east of UTC, such as 420 for WIB",
            ));
        }
        Ok(NewSite {
            name: name_of(&self.name)?,
            kind: self.kind,
            utc_offset_minutes: self.utc_offset_minutes,
        })
    }
}

/// A site with everything but its cameras.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SiteView {
    /// The site.
    #[serde(flatten)]
    pub site: Site,
    /// Its deployment record.
    pub deployment: Option<Deployment>,
    /// Why its matcher refuses to run now; `null` when it runs.
    pub not_deployed: Option<NotDeployed>,
    /// Its desks.
    pub desks: Vec<Desk>,
    /// Its lanes.
    pub lanes: Vec<Lane>,
    /// Its thresholds for today's model, with the pack's where it has none of its own. Empty for who may judge alerts and who only enrols devices.
    pub thresholds: Vec<Threshold>,
}

/// Everything about one site.
pub async fn view(state: &AppState, session: &Session, id: SiteId) -> ApiResult<SiteView> {
    session.require_site(id)?;
    let deployment = site::deployment(&state.db, id).await?;
    Ok(SiteView {
        site: site::get(&state.db, id).await?,
        not_deployed: may_run(deployment.as_ref(), state.clock.now()).err(),
        deployment,
        desks: site::desks(&state.db, id).await?,
        lanes: site::lanes(&state.db, id).await?,
        thresholds: match crate::policy::may_see_scores(session) {
            true => crate::edge::device::thresholds(state, id).await?,
            // Who judges must not know how far a score is from the line.
            false => Vec::new(),
        },
    })
}

/// Sites the account may see.
pub async fn visible(state: &AppState, session: &Session) -> ApiResult<Vec<Site>> {
    let mut sites = site::list(&state.db).await?;
    sites.retain(|one| session.site.is_none_or(|own| own == one.id));
    Ok(sites)
}

/// Sites.
#[utoipa::path(get, path = "/api/v1/sites", tag = "site", responses((status = 200, body = Vec<Site>)))]
pub async fn list(State(state): State<AppState>, session: Session) -> ApiResult<Json<Vec<Site>>> {
    Ok(Json(visible(&state, &session).await?))
}

/// One site with its deployment record, desks, lanes and thresholds.
#[utoipa::path(get, path = "/api/v1/sites/{id}", tag = "site", params(("id" = SiteId, Path)), responses((status = 200, body = SiteView)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
) -> ApiResult<Json<SiteView>> {
    Ok(Json(view(&state, &session, id).await?))
}

/// Records a site; its id.
pub async fn add_by(state: &AppState, by: By, input: SiteInput) -> ApiResult<SiteId> {
    let id = SiteId(state.clock.new_uuid());
    site::add(&state.db, state.clock.now(), by, id, &input.checked()?).await?;
    Ok(id)
}

/// Records a site.
#[utoipa::path(post, path = "/api/v1/sites", tag = "site", request_body = SiteInput, responses((status = 201, body = Site)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    Input(input): Input<SiteInput>,
) -> ApiResult<(StatusCode, Json<Site>)> {
    if session.site.is_some() {
        return Err(ApiError::forbidden());
    }
    let id = add_by(&state, session.by(), input).await?;
    Ok((StatusCode::CREATED, Json(site::get(&state.db, id).await?)))
}

/// Changes a site's name, kind and zone.
pub async fn change_by(state: &AppState, by: By, id: SiteId, input: SiteInput) -> ApiResult<()> {
    Ok(site::change(&state.db, state.clock.now(), by, id, &input.checked()?).await?)
}

/// Changes a site.
#[utoipa::path(patch, path = "/api/v1/sites/{id}", tag = "site", params(("id" = SiteId, Path)), request_body = SiteInput, responses((status = 200, body = SiteView)))]
pub async fn change(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
    Input(input): Input<SiteInput>,
) -> ApiResult<Json<SiteView>> {
    session.require_site(id)?;
    site::change(
        &state.db,
        state.clock.now(),
        session.by(),
        id,
        &input.checked()?,
    )
    .await?;
    Ok(Json(view(&state, &session, id).await?))
}

/// Records or replaces the deployment record. An incomplete one is kept as it is, and the matcher stays off.
pub async fn deploy_by(
    state: &AppState,
    by: By,
    id: SiteId,
    mut record: Deployment,
) -> ApiResult<()> {
    if record.valid_to <= record.valid_from {
        return Err(ApiError::invalid(
            "period_empty",
            "the record must end after it begins",
        ));
    }
    let texts = [
        &record.decree,
        &record.purpose,
        &record.hours,
        &record.dpia_reference,
    ];
    if texts.iter().any(|text| text.chars().count() > 500) {
        return Err(ApiError::invalid(
            "too_long",
            "each text of the record has at most 500 characters",
        ));
    }
    record.lists.sort();
    record.lists.dedup();
    Ok(site::deploy(&state.db, state.clock.now(), by, id, &record).await?)
}

/// Records or replaces the deployment record.
#[utoipa::path(put, path = "/api/v1/sites/{id}/deployment", tag = "site", params(("id" = SiteId, Path)), request_body = Deployment, responses((status = 200, body = SiteView)))]
pub async fn deploy(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
    Input(record): Input<Deployment>,
) -> ApiResult<Json<SiteView>> {
    session.require_site(id)?;
    deploy_by(&state, session.by(), id, record).await?;
    Ok(Json(view(&state, &session, id).await?))
}

/// A desk as handed in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct DeskInput {
    /// Name, unique in the site.
    pub name: String,
}

/// Records a desk of a site; its id.
pub async fn add_desk_by(
    state: &AppState,
    by: By,
    site: SiteId,
    input: &DeskInput,
) -> ApiResult<DeskId> {
    let desk = Desk {
        id: DeskId(state.clock.new_uuid()),
        site,
        name: name_of(&input.name)?,
    };
    site::add_desk(&state.db, state.clock.now(), by, &desk).await?;
    Ok(desk.id)
}

/// Records a desk.
#[utoipa::path(post, path = "/api/v1/sites/{id}/desks", tag = "site", params(("id" = SiteId, Path)), request_body = DeskInput, responses((status = 201, body = SiteView)))]
pub async fn add_desk(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
    Input(input): Input<DeskInput>,
) -> ApiResult<(StatusCode, Json<SiteView>)> {
    session.require_site(id)?;
    add_desk_by(&state, session.by(), id, &input).await?;
    Ok((StatusCode::CREATED, Json(view(&state, &session, id).await?)))
}

/// Renames a desk.
#[utoipa::path(patch, path = "/api/v1/sites/{id}/desks/{desk}", tag = "site", params(("id" = SiteId, Path), ("desk" = DeskId, Path)), request_body = DeskInput, responses((status = 200, body = SiteView)))]
pub async fn change_desk(
    State(state): State<AppState>,
    session: Session,
    At((id, desk)): At<(SiteId, DeskId)>,
    Input(input): Input<DeskInput>,
) -> ApiResult<Json<SiteView>> {
    session.require_site(id)?;
    let desk = Desk {
        id: desk,
        site: id,
        name: name_of(&input.name)?,
    };
    site::change_desk(&state.db, state.clock.now(), session.by(), &desk).await?;
    Ok(Json(view(&state, &session, id).await?))
}

/// A lane as handed in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct LaneInput {
    /// Name, unique in the site.
    pub name: String,
    /// Which way travellers walk.
    pub direction: Direction,
    /// The desk that takes its alerts first.
    pub desk: Option<DeskId>,
}

/// Records a lane of a site; its id.
pub async fn add_lane_by(
    state: &AppState,
    by: By,
    site: SiteId,
    input: &LaneInput,
) -> ApiResult<LaneId> {
    let lane = Lane {
        id: LaneId(state.clock.new_uuid()),
        site,
        name: name_of(&input.name)?,
        direction: input.direction,
        desk: input.desk,
    };
    site::add_lane(&state.db, state.clock.now(), by, &lane).await?;
    Ok(lane.id)
}

/// Records a lane.
#[utoipa::path(post, path = "/api/v1/sites/{id}/lanes", tag = "site", params(("id" = SiteId, Path)), request_body = LaneInput, responses((status = 201, body = SiteView)))]
pub async fn add_lane(
    State(state): State<AppState>,
    session: Session,
    At(id): At<SiteId>,
    Input(input): Input<LaneInput>,
) -> ApiResult<(StatusCode, Json<SiteView>)> {
    session.require_site(id)?;
    add_lane_by(&state, session.by(), id, &input).await?;
    Ok((StatusCode::CREATED, Json(view(&state, &session, id).await?)))
}

/// Changes a lane.
#[utoipa::path(patch, path = "/api/v1/sites/{id}/lanes/{lane}", tag = "site", params(("id" = SiteId, Path), ("lane" = LaneId, Path)), request_body = LaneInput, responses((status = 200, body = SiteView)))]
pub async fn change_lane(
    State(state): State<AppState>,
    session: Session,
    At((id, lane)): At<(SiteId, LaneId)>,
    Input(input): Input<LaneInput>,
) -> ApiResult<Json<SiteView>> {
    session.require_site(id)?;
    let lane = Lane {
        id: lane,
        site: id,
        name: name_of(&input.name)?,
        direction: input.direction,
        desk: input.desk,
    };
    site::change_lane(&state.db, state.clock.now(), session.by(), &lane).await?;
    Ok(Json(view(&state, &session, id).await?))
}
