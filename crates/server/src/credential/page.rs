//! `/accounts/{id}/credentials`: an agency's keys. A key is in one reply only, never in an address.

use std::collections::HashMap;

use askama::Template;
use axum::{Form, extract::State, response::Response};
use tapal_domain::{
    id::{AccountId, CredentialId},
    role::Permission,
};
use tapal_store::credential::Credential;

use super::{CredentialInput, CredentialMade};
use crate::{
    account::reachable,
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::ApiResult,
    extract::At,
    state::AppState,
};

struct Row {
    id: String,
    label: String,
    made: String,
    ends: String,
    used: String,
    state: String,
    tone: Tone,
    live: bool,
}

#[derive(Template)]
#[template(path = "credential/list.html")]
struct CredentialsPage {
    shell: Shell,
    notice: Option<Notice>,
    key: String,
    account: String,
    name: String,
    can_make: bool,
    rows: Vec<Row>,
    label: String,
    days: String,
}

/// `GET /accounts/{id}/credentials`.
pub async fn list(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<AccountId>,
) -> ApiResult<Response> {
    let notice = visit.done();
    show(page(&state, &visit, id, notice, None).await?)
}

async fn page(
    state: &AppState,
    visit: &Visit,
    id: AccountId,
    notice: Option<Notice>,
    made: Option<CredentialMade>,
) -> ApiResult<CredentialsPage> {
    let account = reachable(state, &visit.session, id).await?;
    let mut shell = visit.shell("accounts");
    shell.path = format!("/accounts/{id}/credentials");
    let found = tapal_store::credential::list(&state.db, id).await?;
    let now = state.clock.now();
    let row = |one: &Credential| {
        let (word, tone) = match (one.ended_at, one.expires_at <= now) {
            (Some(_), _) => ("credential-ended", Tone::Grey),
            (None, true) => ("credential-expired", Tone::Grey),
            (None, false) => ("credential-live", Tone::Green),
        };
        Row {
            id: one.id.to_string(),
            label: one.label.clone(),
            made: shell.full(&one.created_at),
            ends: shell.full(&one.ended_at.unwrap_or(one.expires_at)),
            used: one
                .used_at
                .map_or_else(|| shell.t("credential-never"), |at| shell.full(&at)),
            state: shell.t(word),
            tone,
            live: one.ended_at.is_none() && one.expires_at > now,
        }
    };
    Ok(CredentialsPage {
        notice,
        key: made.map(|made| made.key).unwrap_or_default(),
        account: id.to_string(),
        name: account.display_name,
        can_make: account.closed_at.is_none()
            && (account.agency.is_some() || account.role.may(Permission::SendPassengerLists)),
        rows: found.iter().map(row).collect(),
        label: String::new(),
        days: "90".into(),
        shell,
    })
}

/// `POST /accounts/{id}/credentials`.
pub async fn add(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<AccountId>,
    Form(form): Form<HashMap<String, String>>,
) -> ApiResult<Response> {
    let text = |name: &str| form.get(name).map(|text| text.trim()).unwrap_or_default();
    let input = CredentialInput {
        label: text("label").to_owned(),
        days: text("days").parse().unwrap_or(0),
    };
    match super::make_by(&state, &visit.session, id, input).await {
        Ok(made) => show(page(&state, &visit, id, None, Some(made)).await?),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("accounts"), &error);
            let mut page = page(&state, &visit, id, Some(notice), None).await?;
            (page.label, page.days) = (text("label").into(), text("days").into());
            show_as(error.http, page)
        }
        Err(error) => Err(error),
    }
}

/// `POST /credentials/{id}/end`.
pub async fn end(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CredentialId>,
) -> ApiResult<Response> {
    let account = super::end_by(&state, &visit.session, id).await?;
    see_other(format!("/accounts/{account}/credentials?done=key"))
}
