//! `/attempts`: what became of everybody a camera saw, and why nothing was raised. Must not show a face or a score.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::{
    id::CameraId,
    time::{DAY_MS, UtcMs},
    wire::{Attempt, AttemptOutcome},
};
use tapal_store::{attempt, camera};

use crate::{
    alert::page::seconds,
    console::{Shell, Visit, show, when::Zone},
    error::ApiResult,
    extract::Params,
    state::AppState,
};

struct CameraChoice {
    id: String,
    name: String,
    chosen: bool,
}

struct Bar {
    label: String,
    count: String,
    class: &'static str,
    y: i64,
    width: i64,
}

struct Row {
    id: String,
    when: String,
    camera: String,
    outcome: String,
    href: String,
    seen: String,
    shots: u32,
}

#[derive(Template)]
#[template(path = "attempt/list.html")]
struct AttemptsPage {
    shell: Shell,
    shift: String,
    cameras: Vec<CameraChoice>,
    bars: Vec<Bar>,
    chart_height: i64,
    total: String,
    rows: Vec<Row>,
    older: String,
}

/// Filter of the page; empty fields are no filter.
#[derive(Deserialize, Default)]
pub struct Wanted {
    #[serde(default)]
    camera: String,
    before: Option<i64>,
}

const PAGE: i64 = 50;
const BAR_MAX: i64 = 240;
const BAR_STEP: i64 = 28;

/// `GET /attempts`.
pub async fn list(
    State(state): State<AppState>,
    visit: Visit,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Response> {
    let shell = visit.polling("attempts", 3_000);
    let chosen: Option<CameraId> = wanted.camera.parse().ok();
    let cameras = camera::list(&state.db, visit.session.site).await?;
    let sites = crate::site::visible(&state, &visit.session).await?;
    let filter = attempt::Filter {
        site: visit.session.site,
        camera: chosen,
        before: wanted.before.map(UtcMs),
    };
    let found = attempt::list(&state.db, &filter, PAGE).await?;
    let tally = attempt::tally(&state.db, &filter, shell.now - DAY_MS).await?;
    let name = |id: CameraId| {
        cameras
            .iter()
            .find(|camera| camera.id == id)
            .map(|camera| camera.name.clone())
            .unwrap_or_default()
    };
    let zone = |site| {
        sites
            .iter()
            .find(|known| known.id == site)
            .map_or(visit.zone, |known| Zone(known.utc_offset_minutes))
    };
    let may_open = visit
        .session
        .may(tapal_domain::role::Permission::ReadAlerts);
    let rows = found
        .iter()
        .map(|one| {
            row(
                &shell,
                zone(one.site),
                name(one.attempt.camera),
                &one.attempt,
                may_open,
            )
        })
        .collect();
    let older = match found.last() {
        Some(last) if found.len() as i64 == PAGE => format!(
            "/attempts?camera={}&before={}",
            wanted.camera, last.attempt.at.0
        ),
        _ => String::new(),
    };
    let choice = |camera: &camera::Camera| CameraChoice {
        id: camera.id.to_string(),
        name: camera.name.clone(),
        chosen: chosen == Some(camera.id),
    };
    let shift = match visit.session.site {
        Some(own) => crate::policy::page::line(&state, &shell, own).await?.shift,
        None => String::new(),
    };
    let bars = bars(&shell, &tally);
    let total: i64 = tally.iter().map(|(.., n)| n).sum();
    show(AttemptsPage {
        shift,
        cameras: cameras.iter().map(choice).collect(),
        chart_height: bars.len() as i64 * BAR_STEP,
        bars,
        total: shell.number(total as u64),
        rows,
        older: if chosen.is_some() || wanted.camera.is_empty() {
            older
        } else {
            String::new()
        },
        shell,
    })
}

fn row(shell: &Shell, zone: Zone, camera: String, attempt: &Attempt, may_open: bool) -> Row {
    let (outcome, alert) = match attempt.outcome {
        AttemptOutcome::NotSearched(reason) => (
            format!(
                "{}: {}",
                shell.t("outcome-not_searched"),
                shell.word("not-searched", reason.name())
            ),
            None,
        ),
        AttemptOutcome::BelowThreshold => (shell.t("outcome-below_threshold"), None),
        AttemptOutcome::NotInForce => (shell.t("outcome-not_in_force"), None),
        AttemptOutcome::Merged(alert) => (shell.t("outcome-merged"), Some(alert)),
        AttemptOutcome::Raised(alert) => (shell.t("outcome-raised"), Some(alert)),
    };
    Row {
        id: attempt.id.to_string(),
        when: format!("{} {}", zone.clock(attempt.at), zone.name()),
        camera,
        outcome,
        href: alert
            .filter(|_| may_open)
            .map(|alert| format!("/alerts/{alert}"))
            .unwrap_or_default(),
        seen: seconds(shell, attempt.seen_ms),
        shots: attempt.shots,
    }
}

fn bars(shell: &Shell, tally: &[(String, Option<String>, i64)]) -> Vec<Bar> {
    let most = tally.iter().map(|(.., n)| *n).max().unwrap_or(1).max(1);
    let bar = |(i, (outcome, reason, n)): (usize, &(String, Option<String>, i64))| Bar {
        label: match reason {
            Some(reason) => shell.word("not-searched", reason),
            None => shell.t(&format!("outcome-{outcome}-short")),
        },
        count: shell.number((*n).max(0) as u64),
        class: match outcome.as_str() {
            "raised" | "merged" => "bar--raised",
            "not_searched" => "bar--quiet",
            _ => "",
        },
        y: i as i64 * BAR_STEP,
        width: (n * BAR_MAX / most).max(2),
    };
    tally.iter().enumerate().map(bar).collect()
}
