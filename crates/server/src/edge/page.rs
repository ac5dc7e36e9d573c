//! `/edges`: camera nodes, their state, announcing and retiring. An enrolment token is in one reply only.
//! Must not show it twice.

use std::collections::HashMap;

use askama::Template;
use axum::{Form, extract::State, response::Response};
use tapal_domain::{
    id::{EdgeId, SiteId},
    role::Permission,
    time::{DAY_MS, HOUR_MS, MINUTE_MS, UtcMs},
    wire::CLOCK_OFF_MS,
};
use tapal_store::edge::Edge;

use super::NewEdge;
use crate::{
    console::{
        Notice, Shell, Tone, Visit, failure, see_other, show,
        visit::{SILENT_MS, show_as},
    },
    error::{ApiError, ApiResult},
    extract::At,
    state::AppState,
};

struct Row {
    id: String,
    name: String,
    site: String,
    state: String,
    tone: Tone,
    icon: &'static str,
    reason: String,
    notes: Vec<String>,
    heard: Option<UtcMs>,
    engine: String,
    may_retire: bool,
}

struct Choice {
    code: String,
    name: String,
}

#[derive(Template)]
#[template(path = "edge/list.html")]
struct EdgesPage {
    shell: Shell,
    notice: Option<Notice>,
    secret: String,
    rows: Vec<Row>,
    sites: Vec<Choice>,
    may_edit: bool,
}

/// `GET /edges`.
pub async fn list(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let notice = visit.done();
    show(page(&state, &visit, notice, String::new()).await?)
}

async fn page(
    state: &AppState,
    visit: &Visit,
    notice: Option<Notice>,
    secret: String,
) -> ApiResult<EdgesPage> {
    // A page with a token on it must not fetch itself anew: the token would vanish.
    let mut shell = if secret.is_empty() {
        visit.polling("edges", 2_000)
    } else {
        visit.shell("edges")
    };
    if !secret.is_empty() {
        shell.after = None;
    }
    shell.path = "/edges".into();
    let sites = crate::site::visible(state, &visit.session).await?;
    let nodes = tapal_store::edge::list(&state.db, visit.session.site).await?;
    let late = tapal_store::edge::late(&state.db).await?;
    let may_edit = visit.session.may(Permission::EditEdges);
    let site_name = |id: SiteId| {
        sites
            .iter()
            .find(|site| site.id == id)
            .map(|site| site.name.clone())
            .unwrap_or_default()
    };
    Ok(EdgesPage {
        notice,
        secret,
        rows: nodes
            .iter()
            .map(|node| {
                let late = late.get(&node.id).copied().unwrap_or_default();
                row(&shell, site_name(node.site), node, may_edit, late)
            })
            .collect(),
        sites: sites
            .iter()
            .map(|site| Choice {
                code: site.id.to_string(),
                name: site.name.clone(),
            })
            .collect(),
        may_edit,
        shell,
    })
}

/// What somebody should do about a node: its clock, and removals it has not proven.
fn notes(shell: &Shell, node: &Edge, late: i64) -> Vec<String> {
    let mut notes = Vec::new();
    if node.retired_at.is_some() {
        return notes;
    }
    let ahead_ms = node
        .health
        .as_ref()
        .and_then(|health| health.clock_ahead_ms);
    if let Some(ahead_ms) = ahead_ms.filter(|ms| ms.abs() > CLOCK_OFF_MS) {
        let key = match ahead_ms > 0 {
            true => "edge-clock-ahead",
            false => "edge-clock-behind",
        };
        notes.push(shell.t1(key, "by", span(shell, ahead_ms.abs())));
    }
    if late > 0 {
        notes.push(shell.t1("edge-late", "n", late));
    }
    notes
}

/// `3 d`, `5 h` or `12 min`, rounded down.
fn span(shell: &Shell, ms: i64) -> String {
    match ms {
        DAY_MS.. => shell.t1("span-days", "n", ms / DAY_MS),
        HOUR_MS.. => shell.t1("span-hours", "n", ms / HOUR_MS),
        _ => shell.t1("span-minutes", "n", ms / MINUTE_MS),
    }
}

fn row(shell: &Shell, site: String, node: &Edge, may_edit: bool, late: i64) -> Row {
    let refused = node
        .health
        .as_ref()
        .and_then(|health| health.refused.as_deref());
    let silent = node
        .health_at
        .is_none_or(|at| shell.now.since_ms(at) > SILENT_MS);
    let (key, tone, icon) = if node.retired_at.is_some() {
        ("edge-retired", Tone::Grey, "archive")
    } else if node.enrolled_at.is_none() {
        ("edge-waiting", Tone::Amber, "hourglass")
    } else if silent {
        ("edge-silent", Tone::Red, "plug")
    } else if refused.is_some() {
        ("edge-refused", Tone::Amber, "triangle-alert")
    } else {
        ("edge-alive", Tone::Green, "circle-check")
    };
    Row {
        id: node.id.to_string(),
        name: node.name.clone(),
        site,
        state: shell.t(key),
        tone,
        icon,
        reason: refused
            .map(|code| shell.word_or_other("refused", code))
            .unwrap_or_default(),
        notes: notes(shell, node, late),
        heard: node.health_at,
        engine: node.health.as_ref().map_or_else(
            || "–".into(),
            |health| format!("{} · {}", health.engine, health.pack),
        ),
        may_retire: may_edit && node.retired_at.is_none(),
    }
}

/// `POST /edges`.
pub async fn add(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form<HashMap<String, String>>,
) -> ApiResult<Response> {
    let text = |name: &str| form.get(name).map(|text| text.trim()).unwrap_or_default();
    let site = text("site")
        .parse::<SiteId>()
        .map_err(|_| ApiError::invalid("bad_form", "a field is missing or has the wrong form"))?;
    visit.session.require_site(site)?;
    match super::announce(
        &state,
        visit.session.by(),
        &NewEdge {
            site,
            name: text("name").to_owned(),
        },
    )
    .await
    {
        Ok(announced) => show(page(&state, &visit, None, announced.token).await?),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("edges"), &error);
            show_as(
                error.http,
                page(&state, &visit, Some(notice), String::new()).await?,
            )
        }
        Err(error) => Err(error),
    }
}

/// `POST /edges/{id}/retire`.
pub async fn retire(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<EdgeId>,
) -> ApiResult<Response> {
    super::retire_by(&state, &visit.session, id).await?;
    see_other("/edges?done=retired")
}
