//! `/audit`: the record in pages, and the button that verifies its chain. Must not change it.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use tapal_store::audit::Recorded;

use crate::{
    console::{Notice, Shell, Tone, Visit, show},
    error::ApiResult,
    extract::Params,
    state::AppState,
};

struct Row {
    seq: i64,
    when: String,
    who: String,
    action: String,
    subject: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct AuditPage {
    shell: Shell,
    notice: Option<Notice>,
    rows: Vec<Row>,
    newer: String,
    older: String,
}

/// Where the page begins.
#[derive(Deserialize, Default)]
pub struct Wanted {
    before: Option<i64>,
}

const PAGE: i64 = 100;

/// `GET /audit`.
pub async fn list(
    State(state): State<AppState>,
    visit: Visit,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Response> {
    show(page(&state, &visit, wanted.before, None).await?)
}

async fn page(
    state: &AppState,
    visit: &Visit,
    before: Option<i64>,
    notice: Option<Notice>,
) -> ApiResult<AuditPage> {
    let mut shell = visit.shell("audit");
    if notice.is_some() {
        shell.path = "/audit".into();
    }
    let found = tapal_store::audit::list(&state.db, before, None, PAGE).await?;
    let row = |row: &Recorded| Row {
        seq: row.seq,
        when: shell.full(&row.at),
        who: row.actor.clone(),
        action: row.action.clone(),
        subject: row.subject.clone(),
        detail: if row.detail == "{}" {
            String::new()
        } else {
            row.detail.clone()
        },
    };
    Ok(AuditPage {
        notice,
        rows: found.iter().map(row).collect(),
        newer: if before.is_some() {
            "/audit".into()
        } else {
            String::new()
        },
        older: found
            .last()
            .filter(|last| last.seq > 1)
            .map(|last| format!("/audit?before={}", last.seq))
            .unwrap_or_default(),
        shell,
    })
}

/// `POST /audit/verify`.
pub async fn verify(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let shell = visit.shell("audit");
    let verdict = super::check(&state, |_| {}).await?;
    let notice = match verdict.fault {
        None => {
            let text = shell.t1("audit-verified-text", "n", shell.number(verdict.rows));
            Notice::new(Tone::Green, shell.t("audit-verified"), text)
        }
        Some(why) => Notice::new(
            Tone::Red,
            shell.t("audit-broken"),
            shell.t1("audit-broken-text", "why", why),
        ),
    };
    show(page(&state, &visit, None, Some(notice)).await?)
}
