//! `/second-line`: who waits, who is looked at and for how long, and what waits for another person. Must not decide
//! anything itself.

use std::collections::HashMap;

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::{id::SiteId, second_line::Status, time::MINUTE_MS};

use super::{CaseView, queue};
use crate::{
    console::{Notice, Shell, Tone, Visit, show},
    error::ApiResult,
    extract::Params,
    state::AppState,
};

/// A clock as shown.
pub(super) struct ClockLine {
    pub latest: String,
    pub runs: bool,
    pub tone: Tone,
    pub words: String,
}

struct Row {
    id: String,
    name: String,
    place: String,
    reasons: String,
    opened: String,
    state: String,
    tone: Tone,
    who: String,
    mine: bool,
    clock: Option<ClockLine>,
}

#[derive(Template)]
#[template(path = "second_line/list.html")]
struct QueuePage {
    shell: Shell,
    notice: Option<Notice>,
    closed: bool,
    rows: Vec<Row>,
}

/// Which cases.
#[derive(Default, Deserialize)]
pub struct Filter {
    closed: Option<String>,
}

/// `GET /second-line`.
pub async fn list(
    State(state): State<AppState>,
    visit: Visit,
    Params(filter): Params<Filter>,
) -> ApiResult<Response> {
    let shell = visit.polling("second-line", 15_000);
    let closed = filter.closed.is_some();
    let cases = queue(&state, &visit.session, closed).await?;
    let names = tapal_store::account::names(&state.db).await?;
    let sites = tapal_store::site::list(&state.db).await?;
    let sites: HashMap<SiteId, String> =
        sites.into_iter().map(|site| (site.id, site.name)).collect();
    let row = |case: &CaseView| {
        let site = sites.get(&case.referral.site).cloned().unwrap_or_default();
        let direction = shell.word("crossing-direction", direction(case));
        Row {
            id: case.id.to_string(),
            name: case.referral.traveller.name.clone(),
            place: format!("{site} · {direction}"),
            reasons: reasons(&shell, case),
            opened: shell.full(&case.opened_at),
            state: shell.word("case-status", case.status.name()),
            tone: tone(case.status),
            who: case
                .taken_by
                .and_then(|by| names.get(&by).cloned())
                .unwrap_or_default(),
            mine: case.taken_by == Some(visit.session.account),
            clock: clock(&shell, case),
        }
    };
    let mut rows: Vec<Row> = cases.iter().map(row).collect();
    if !closed {
        // One's own first; the order of waiting stays within.
        rows.sort_by_key(|row| !row.mine);
    }
    show(QueuePage {
        notice: visit.done(),
        closed,
        rows,
        shell,
    })
}

pub(super) fn direction(case: &CaseView) -> &'static str {
    match case.referral.direction {
        tapal_domain::site::Direction::Arrival => "arrival",
        tapal_domain::site::Direction::Departure => "departure",
        tapal_domain::site::Direction::Neither => "neither",
    }
}

/// Reasons in words.
pub(super) fn reasons(shell: &Shell, case: &CaseView) -> String {
    let words = case
        .reasons
        .iter()
        .map(|reason| shell.word("case-reason", reason.name()));
    words.collect::<Vec<_>>().join(" · ")
}

/// Colour of a status.
pub(super) fn tone(status: Status) -> Tone {
    match status {
        Status::Opened => Tone::Amber,
        Status::Hit => Tone::Red,
        Status::AwaitingAuthoriser => Tone::Violet,
        Status::NoHit | Status::HandedOver | Status::Closed => Tone::Green,
        Status::Taken | Status::Action => Tone::Grey,
    }
}

/// The person's clock; absent until the case is taken.
pub(super) fn clock(shell: &Shell, case: &CaseView) -> Option<ClockLine> {
    let began = case.custody_began?;
    let until = began + i64::from(case.longest_minutes) * MINUTE_MS;
    let runs = case.custody_ended.is_none();
    let at = case.custody_ended.unwrap_or(shell.now);
    let over = at >= until;
    let (tone, key) = match (runs, over, case.alarmed) {
        (true, true, _) => (Tone::Red, "case-clock-over"),
        (true, false, 80..) => (Tone::Amber, "case-clock-soon"),
        (true, false, _) => (Tone::Grey, "case-clock-runs"),
        (false, true, _) => (Tone::Red, "case-clock-was-over"),
        (false, false, _) => (Tone::Green, "case-clock-stopped"),
    };
    let minutes = at.since_ms(began) / MINUTE_MS;
    Some(ClockLine {
        latest: shell.full(&until),
        runs,
        tone,
        words: shell.t2(
            key,
            ("hours", &(minutes / 60)),
            ("minutes", &format!("{:02}", minutes % 60)),
        ),
    })
}
