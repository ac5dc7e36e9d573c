//! `/sites` and `/sites/{id}`: the deployment record and whether the matcher may run, cameras, lanes, desks,
//! thresholds. Must not check a field itself: the site's own functions do.

use std::collections::HashMap;

use askama::Template;
use axum::{Form, extract::State, response::Response};
use tapal_domain::{
    entry::ListKind,
    id::SiteId,
    role::Permission,
    site::{Deployment, Direction, NotDeployed, SiteKind},
    time::DAY_MS,
};

use super::{DeskInput, LaneInput, SiteInput, SiteView};
use crate::{
    camera::{CameraInput, page as camera_page},
    console::{
        Notice, Shell, Visit, failure, see_other, show,
        start::{SiteLine, kind_code, site_lines},
        visit::show_as,
        when::Zone,
    },
    error::{ApiError, ApiResult},
    extract::At,
    state::AppState,
};

#[derive(Template)]
#[template(path = "site/list.html")]
struct SitesPage {
    shell: Shell,
    notice: Option<Notice>,
    rows: Vec<SiteLine>,
    may_edit: bool,
}

struct Named {
    id: String,
    name: String,
}

struct LaneRow {
    id: String,
    name: String,
    direction: String,
    desk: String,
}

struct ListChoice {
    code: &'static str,
    name: String,
    chosen: bool,
}

struct Record {
    decree: String,
    purpose: String,
    lists: Vec<ListChoice>,
    hours: String,
    dpia: String,
    sign_posted: bool,
    from: String,
    to: String,
}

struct ThresholdRow {
    name: String,
    possible: String,
    strong: String,
}

struct ZoneChoice {
    minutes: i64,
    name: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "site/page.html")]
struct SitePage {
    shell: Shell,
    notice: Option<Notice>,
    site: Named,
    kind: String,
    zone: String,
    is_checkpoint: bool,
    refusal: String,
    cameras: Vec<camera_page::Tile>,
    deployment: Record,
    desks: Vec<Named>,
    lanes: Vec<LaneRow>,
    thresholds: Vec<ThresholdRow>,
    may_see_thresholds: bool,
    policy: crate::policy::page::Line,
    may_see_counts: bool,
    zones: Vec<ZoneChoice>,
    may_edit: bool,
}

/// `GET /sites`.
pub async fn list(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let notice = visit.done();
    show(sites(&state, &visit, notice).await?)
}

async fn sites(state: &AppState, visit: &Visit, notice: Option<Notice>) -> ApiResult<SitesPage> {
    let shell = visit.polling("sites", 5_000);
    let rows = site_lines(state, visit, &shell).await?;
    let may_edit = visit.session.may(Permission::EditSites) && visit.session.site.is_none();
    Ok(SitesPage {
        notice,
        rows,
        may_edit,
        shell,
    })
}

/// `GET /sites/{id}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
) -> ApiResult<Response> {
    let notice = visit.done();
    show(site(&state, &visit, id, notice).await?)
}

async fn site(
    state: &AppState,
    visit: &Visit,
    id: SiteId,
    notice: Option<Notice>,
) -> ApiResult<SitePage> {
    let view = super::view(state, &visit.session, id).await?;
    let mut shell = visit.polling("sites", 5_000);
    let zone = Zone(view.site.utc_offset_minutes);
    shell.zone = zone;
    let cameras = camera_page::tiles(state, visit, &shell, Some(id)).await?;
    let cameras = match visit.session.site {
        Some(_) => cameras,
        None => cameras
            .into_iter()
            .filter(|tile| tile.site == view.site.name)
            .collect(),
    };
    let lane = |lane: &tapal_store::site::Lane| LaneRow {
        id: lane.id.to_string(),
        name: lane.name.clone(),
        direction: camera_page::direction(&shell, lane.direction),
        desk: view
            .desks
            .iter()
            .find(|desk| lane.desk == Some(desk.id))
            .map_or_else(|| "–".into(), |desk| desk.name.clone()),
    };
    Ok(SitePage {
        notice,
        kind: shell.t(&format!("site-kind-{}", kind_code(view.site.kind))),
        zone: zone.name(),
        is_checkpoint: view.site.kind == SiteKind::Checkpoint,
        refusal: view
            .not_deployed
            .map(|why| shell.word("refused", not_deployed_code(why)))
            .unwrap_or_default(),
        cameras,
        deployment: record(&shell, zone, view.deployment.as_ref()),
        desks: view
            .desks
            .iter()
            .map(|desk| Named {
                id: desk.id.to_string(),
                name: desk.name.clone(),
            })
            .collect(),
        lanes: view.lanes.iter().map(lane).collect(),
        thresholds: threshold_rows(&shell, &view),
        may_see_thresholds: crate::policy::may_see_scores(&visit.session),
        policy: crate::policy::page::line(state, &shell, id).await?,
        may_see_counts: visit.session.may(Permission::ReadAttempts),
        zones: zones(view.site.utc_offset_minutes),
        may_edit: visit.session.may(Permission::EditSites),
        site: Named {
            id: id.to_string(),
            name: view.site.name,
        },
        shell,
    })
}

fn not_deployed_code(why: NotDeployed) -> &'static str {
    match why {
        NotDeployed::NoRecord => "no_record",
        NotDeployed::Incomplete => "incomplete",
        NotDeployed::NoLists => "no_lists",
        NotDeployed::NoSign => "no_sign",
        NotDeployed::NotInForce => "not_in_force",
    }
}

fn record(shell: &Shell, zone: Zone, record: Option<&Deployment>) -> Record {
    let text = |get: fn(&Deployment) -> &String| record.map(|r| get(r).clone()).unwrap_or_default();
    let choice = |list: ListKind| ListChoice {
        code: list.name(),
        name: shell.word("list", list.name()),
        chosen: record.is_some_and(|record| record.lists.contains(&list)),
    };
    Record {
        decree: text(|r| &r.decree),
        purpose: text(|r| &r.purpose),
        hours: record.map_or_else(|| "00:00-24:00".into(), |r| r.hours.clone()),
        dpia: text(|r| &r.dpia_reference),
        lists: ListKind::ALL.into_iter().map(choice).collect(),
        sign_posted: record.is_some_and(|r| r.sign_posted),
        from: zone.iso_day(record.map_or(shell.now, |r| r.valid_from)),
        to: zone.iso_day(record.map_or(shell.now + 365 * DAY_MS, |r| r.valid_to)),
    }
}

fn threshold_rows(shell: &Shell, view: &SiteView) -> Vec<ThresholdRow> {
    let text = |value: Option<f32>| value.map(|value| format!("{value:.3}")).unwrap_or_default();
    let row = |list: ListKind| {
        let own = view
            .thresholds
            .iter()
            .find(|threshold| threshold.list == list);
        ThresholdRow {
            name: shell.word("list", list.name()),
            possible: text(own.map(|t| t.possible)),
            strong: text(own.map(|t| t.strong)),
        }
    };
    ListKind::ALL.into_iter().map(row).collect()
}

fn zones(chosen: i64) -> Vec<ZoneChoice> {
    let known = [
        (420, "WIB (UTC+7)"),
        (480, "WITA (UTC+8)"),
        (540, "WIT (UTC+9)"),
    ];
    known
        .into_iter()
        .map(|(minutes, name)| ZoneChoice {
            minutes,
            name,
            chosen: minutes == chosen,
        })
        .collect()
}

/// Fields of a form by name; unknown ones are ignored.
type Fields = HashMap<String, String>;

fn field<'a>(form: &'a Fields, name: &str) -> &'a str {
    form.get(name).map_or("", |text| text.trim())
}

fn kind(form: &Fields) -> SiteKind {
    if field(form, "kind") == "monitoring_site" {
        SiteKind::MonitoringSite
    } else {
        SiteKind::Checkpoint
    }
}

fn direction(form: &Fields) -> Direction {
    match field(form, "direction") {
        "arrival" => Direction::Arrival,
        "departure" => Direction::Departure,
        _ => Direction::Neither,
    }
}

fn site_input(form: &Fields) -> SiteInput {
    let utc_offset_minutes = field(form, "utc_offset_minutes").parse().unwrap_or(420);
    SiteInput {
        name: field(form, "name").to_owned(),
        kind: kind(form),
        utc_offset_minutes,
    }
}

/// `POST /sites`.
pub async fn add(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    if visit.session.site.is_some() {
        return Err(ApiError::forbidden());
    }
    match super::add_by(&state, visit.session.by(), site_input(&form)).await {
        Ok(id) => see_other(format!("/sites/{id}?done=site")),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("sites"), &error);
            show_as(error.http, sites(&state, &visit, Some(notice)).await?)
        }
        Err(error) => Err(error),
    }
}

/// The end of every form of a site: back to its page, or the page with what is wrong.
async fn after(
    state: &AppState,
    visit: &Visit,
    id: SiteId,
    done: &str,
    outcome: ApiResult<()>,
) -> ApiResult<Response> {
    match outcome {
        Ok(()) => see_other(format!("/sites/{id}?done={done}")),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("sites"), &error);
            show_as(error.http, site(state, visit, id, Some(notice)).await?)
        }
        Err(error) => Err(error),
    }
}

/// `POST /sites/{id}`.
pub async fn change(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    visit.session.require_site(id)?;
    let outcome = super::change_by(&state, visit.session.by(), id, site_input(&form)).await;
    after(&state, &visit, id, "saved", outcome).await
}

/// `POST /sites/{id}/deployment`.
pub async fn deploy(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    visit.session.require_site(id)?;
    let zone = Zone(
        tapal_store::site::get(&state.db, id)
            .await?
            .utc_offset_minutes,
    );
    let outcome = match deployment(zone, &form) {
        Ok(record) => super::deploy_by(&state, visit.session.by(), id, record).await,
        Err(error) => Err(error),
    };
    after(&state, &visit, id, "saved", outcome).await
}

fn deployment(zone: Zone, form: &Fields) -> ApiResult<Deployment> {
    let day = |name: &str| {
        zone.start_of(field(form, name))
            .ok_or_else(|| ApiError::invalid("bad_date", "a date cannot be read"))
    };
    let chosen = |list: &ListKind| form.contains_key(&format!("list_{}", list.name()));
    Ok(Deployment {
        decree: field(form, "decree").to_owned(),
        purpose: field(form, "purpose").to_owned(),
        lists: ListKind::ALL.into_iter().filter(chosen).collect(),
        hours: field(form, "hours").to_owned(),
        dpia_reference: field(form, "dpia_reference").to_owned(),
        sign_posted: form.contains_key("sign_posted"),
        valid_from: day("valid_from")?,
        valid_to: day("valid_to")?,
    })
}

/// `POST /sites/{id}/desks`.
pub async fn add_desk(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    visit.session.require_site(id)?;
    let input = DeskInput {
        name: field(&form, "name").to_owned(),
    };
    let outcome = super::add_desk_by(&state, visit.session.by(), id, &input)
        .await
        .map(|_| ());
    after(&state, &visit, id, "saved", outcome).await
}

/// `POST /sites/{id}/lanes`.
pub async fn add_lane(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    visit.session.require_site(id)?;
    let input = LaneInput {
        name: field(&form, "name").to_owned(),
        direction: direction(&form),
        desk: field(&form, "desk").parse().ok(),
    };
    let outcome = super::add_lane_by(&state, visit.session.by(), id, &input)
        .await
        .map(|_| ());
    after(&state, &visit, id, "saved", outcome).await
}

/// `POST /sites/{id}/cameras`.
pub async fn add_camera(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    visit.session.require_site(id)?;
    let input = CameraInput {
        name: field(&form, "name").to_owned(),
        lane: field(&form, "lane").parse().ok(),
        direction: direction(&form),
        source: Some(field(&form, "source").to_owned()),
        fps: field(&form, "fps").parse().ok(),
        detect_width: None,
        min_eye_distance_px: None,
        enabled: None,
    };
    let outcome = crate::camera::add_to(&state, visit.session.by(), id, &input)
        .await
        .map(|_| ());
    after(&state, &visit, id, "camera", outcome).await
}
