//! `/accounts`: opening, resetting, closing. A one-time password is in one reply only, never in an address.
//! Must not show it twice.

use std::collections::HashMap;

use askama::Template;
use axum::{Form, extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::{
    entry::Agency,
    id::{AccountId, DeskId, SiteId},
    role::{Permission, Role},
};
use tapal_store::{account::Account, site};

use super::{AccountInput, OneTime};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
    extract::{At, Params},
    state::AppState,
};

struct Row {
    id: String,
    name: String,
    username: String,
    role: String,
    place: String,
    state: String,
    tone: Tone,
    open: bool,
    me: bool,
    keys: bool,
}

struct Choice {
    code: String,
    name: String,
    chosen: bool,
}

#[derive(Default)]
struct Typed {
    display_name: String,
    username: String,
    role: String,
    place: String,
    agency: String,
}

#[derive(Template)]
#[template(path = "account/list.html")]
struct AccountsPage {
    shell: Shell,
    notice: Option<Notice>,
    secret: String,
    secret_for: String,
    rows: Vec<Row>,
    older: String,
    roles: Vec<Choice>,
    places: Vec<Choice>,
    agencies: Vec<Choice>,
    form: Typed,
}

/// Where a page of accounts begins.
#[derive(Deserialize, Default)]
pub struct Wanted {
    #[serde(default)]
    after: String,
}

const PAGE: i64 = 100;

/// `GET /accounts`.
pub async fn list(
    State(state): State<AppState>,
    visit: Visit,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Response> {
    let notice = visit.done();
    show(
        page(
            &state,
            &visit,
            &wanted.after,
            notice,
            None,
            Typed::default(),
        )
        .await?,
    )
}

async fn page(
    state: &AppState,
    visit: &Visit,
    after: &str,
    notice: Option<Notice>,
    secret: Option<OneTime>,
    form: Typed,
) -> ApiResult<AccountsPage> {
    let mut shell = visit.shell("accounts");
    shell.path = "/accounts".into();
    let places = places(state, visit, &form.place).await?;
    let found = tapal_store::account::list_of(&state.db, visit.session.site, after, PAGE).await?;
    let older = match found.last() {
        Some(last) if found.len() as i64 == PAGE => {
            format!("/accounts?after={}", failure::encoded(&last.username))
        }
        _ => String::new(),
    };
    let role = |role: Role| Choice {
        code: role.name().into(),
        name: shell.word("role", role.name()),
        chosen: role.name() == form.role,
    };
    let agency = |agency: Agency| Choice {
        code: agency.name().into(),
        name: shell.word("agency", agency.name()),
        chosen: agency.name() == form.agency,
    };
    Ok(AccountsPage {
        agencies: Agency::ALL.into_iter().map(agency).collect(),
        notice,
        secret_for: secret
            .as_ref()
            .map(|secret| secret.username.clone())
            .unwrap_or_default(),
        secret: secret.map(|secret| secret.password).unwrap_or_default(),
        rows: found
            .iter()
            .map(|account| row(&shell, visit, &places, account))
            .collect(),
        older,
        roles: Role::ALL.into_iter().map(role).collect(),
        places,
        form,
        shell,
    })
}

/// Places as `site` or `site/desk`.
async fn places(state: &AppState, visit: &Visit, chosen: &str) -> ApiResult<Vec<Choice>> {
    let mut all = Vec::new();
    let mut add = |code: String, name: String| {
        all.push(Choice {
            chosen: code == chosen,
            code,
            name,
        })
    };
    for own in crate::site::visible(state, &visit.session).await? {
        add(own.id.to_string(), own.name.clone());
        for desk in site::desks(&state.db, own.id).await? {
            add(
                format!("{}/{}", own.id, desk.id),
                format!("{} · {}", own.name, desk.name),
            );
        }
    }
    Ok(all)
}

fn row(shell: &Shell, visit: &Visit, places: &[Choice], account: &Account) -> Row {
    let code = match (account.site, account.desk) {
        (Some(site), Some(desk)) => format!("{site}/{desk}"),
        (Some(site), None) => site.to_string(),
        _ => String::new(),
    };
    let place = places.iter().find(|place| place.code == code);
    let (key, tone) = match (account.closed_at, account.must_change) {
        (Some(_), _) => ("account-closed", Tone::Grey),
        (None, true) => ("account-must-change", Tone::Amber),
        (None, false) => ("account-open", Tone::Green),
    };
    Row {
        id: account.id.to_string(),
        name: account.display_name.clone(),
        username: account.username.clone(),
        role: shell.word("role", account.role.name()),
        place: place.map_or_else(|| shell.t("account-all-sites"), |place| place.name.clone()),
        state: shell.t(key),
        tone,
        open: account.closed_at.is_none(),
        me: account.id == visit.session.account,
        keys: account.agency.is_some() || account.role.may(Permission::SendPassengerLists),
    }
}

/// `POST /accounts`.
pub async fn add(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form<HashMap<String, String>>,
) -> ApiResult<Response> {
    let text = |name: &str| {
        form.get(name)
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    };
    let typed = Typed {
        display_name: text("display_name"),
        username: text("username"),
        role: text("role"),
        place: text("place"),
        agency: text("agency"),
    };
    let outcome = match input(&typed, text("language")) {
        Ok(input) => match super::within(&visit.session, input.site) {
            Ok(()) => super::open(&state, visit.session.by(), input).await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match outcome {
        Ok(secret) => show(page(&state, &visit, "", None, Some(secret), Typed::default()).await?),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("accounts"), &error);
            show_as(
                error.http,
                page(&state, &visit, "", Some(notice), None, typed).await?,
            )
        }
        Err(error) => Err(error),
    }
}

fn input(typed: &Typed, language: String) -> ApiResult<AccountInput> {
    let bad = || ApiError::invalid("bad_form", "a field is missing or has the wrong form");
    let (site, desk) = typed
        .place
        .split_once('/')
        .unwrap_or((typed.place.as_str(), ""));
    let site: Option<SiteId> = if site.is_empty() {
        None
    } else {
        Some(site.parse().map_err(|_| bad())?)
    };
    let desk: Option<DeskId> = if desk.is_empty() {
        None
    } else {
        Some(desk.parse().map_err(|_| bad())?)
    };
    let agency = match typed.agency.as_str() {
        "" => None,
        name => Some(Agency::from_name(name).ok_or_else(bad)?),
    };
    Ok(AccountInput {
        agency,
        username: typed.username.clone(),
        display_name: typed.display_name.clone(),
        role: Role::from_name(&typed.role).ok_or_else(bad)?,
        site,
        desk,
        language: Some(language).filter(|language| !language.is_empty()),
    })
}

/// `POST /accounts/{id}/password`.
pub async fn reset(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<AccountId>,
) -> ApiResult<Response> {
    super::reachable(&state, &visit.session, id).await?;
    let secret = super::reset_by(&state, visit.session.by(), id).await?;
    show(page(&state, &visit, "", None, Some(secret), Typed::default()).await?)
}

/// `POST /accounts/{id}/close`.
pub async fn close(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<AccountId>,
) -> ApiResult<Response> {
    super::not_own(&visit.session, id)?;
    super::reachable(&state, &visit.session, id).await?;
    tapal_store::account::close(&state.db, state.clock.now(), visit.session.by(), id).await?;
    see_other("/accounts?done=closed")
}
