//! `/orders`, `/orders/new`, `/orders/{id}/edit`: the clerk's and liaison's drafts and the approver's queue. Looking at names is recorded by the functions called. Must not decide anything itself.

use askama::Template;
use axum::{
    extract::{Multipart, State},
    response::Response,
};
use serde::Deserialize;
use tapal_domain::{
    day::Day,
    entry::Agency,
    id::OrderId,
    order::{Handed, Status},
    role::Permission,
    rule_pack::{self, OrderForm, OrderKind},
    site::SiteKind,
};
use tapal_store::order;

use super::{
    OrderView,
    api::{Wanted, page},
    calendar::{self, Month},
    correct_by, draft_by,
    form::{Typed, read},
    look, photograph_by, today,
};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
    extract::{At, Params},
    state::AppState,
};

pub(crate) struct Choice {
    pub code: String,
    pub name: String,
    pub chosen: bool,
}

pub(crate) struct Row {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub agency: String,
    pub reference: String,
    pub period: String,
    pub state: String,
    pub tone: Tone,
}

struct Ending {
    day: String,
    kind: String,
    n: i64,
}

#[derive(Template)]
#[template(path = "order/list.html")]
struct OrdersPage {
    shell: Shell,
    notice: Option<Notice>,
    statuses: Vec<Choice>,
    soon: bool,
    rows: Vec<Row>,
    ending: Vec<Ending>,
    months: Vec<Month>,
    on: String,
    older: String,
    may_draft: bool,
}

#[derive(Template)]
#[template(path = "order/form.html")]
struct FormPage {
    shell: Shell,
    notice: Option<Notice>,
    /// Where the form goes; an order that is corrected keeps its kind and agency.
    action: String,
    correcting: bool,
    kinds: Vec<Choice>,
    forms: Vec<Choice>,
    agencies: Vec<Choice>,
    reasons: Vec<Choice>,
    checkpoints: Vec<Choice>,
    form: Typed,
    photo_errors: Vec<String>,
}

/// Filter of the list.
#[derive(Deserialize, Default)]
pub struct Filter {
    #[serde(default)]
    status: String,
    soon: Option<String>,
    on: Option<Day>,
    before: Option<OrderId>,
}

/// `GET /orders`.
pub async fn list(
    State(state): State<AppState>,
    visit: Visit,
    Params(filter): Params<Filter>,
) -> ApiResult<Response> {
    let shell = visit.shell("orders");
    let soon = filter.soon.is_some();
    let wanted = Wanted {
        status: Status::from_name(&filter.status),
        ends_within: soon.then_some(30),
        ends_on: filter.on,
        before: filter.before,
    };
    let found = page(&state, &visit.session, wanted).await?;
    let older = match found.last() {
        Some(last) if found.len() == 100 => {
            let soon = if soon { "&soon=yes" } else { "" };
            let on = filter.on.map_or(String::new(), |day| format!("&on={day}"));
            format!(
                "/orders?status={}{soon}{on}&before={}",
                filter.status, last.id
            )
        }
        _ => String::new(),
    };
    let from = today(shell.now);
    let span = calendar::span(from);
    let ending = order::ending(&state.db, visit.session.orders_of()?, span).await?;
    let months = calendar::months(&shell, from, &ending);
    let ending = ending.into_iter().map(|(day, kind, n)| Ending {
        day: day_of(&shell, day),
        kind: shell.word("order-kind", kind.name()),
        n,
    });
    show(OrdersPage {
        notice: visit.done(),
        statuses: choices(
            &shell,
            "order-status",
            Status::ALL.iter().map(|s| s.name()),
            &filter.status,
        ),
        soon,
        rows: found.iter().map(|view| row(&shell, view)).collect(),
        ending: ending.collect(),
        months,
        on: filter.on.map_or(String::new(), |day| day_of(&shell, day)),
        older,
        may_draft: visit.session.may(Permission::DraftOrders),
        shell,
    })
}

pub(crate) fn choices<'a>(
    shell: &Shell,
    kind: &str,
    names: impl Iterator<Item = &'a str>,
    chosen: &str,
) -> Vec<Choice> {
    let choice = |name: &str| Choice {
        code: name.to_owned(),
        name: shell.word(kind, name),
        chosen: name == chosen,
    };
    names.map(choice).collect()
}

pub(crate) fn day_of(shell: &Shell, day: Day) -> String {
    shell
        .days(day, day)
        .split(" – ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn tone(view: &OrderView) -> Tone {
    match view.status {
        Status::Draft => Tone::Grey,
        Status::Returned
        | Status::Submitted
        | Status::AwaitingSecond
        | Status::ExtensionRequested => Tone::Amber,
        Status::Approved if view.in_force_today => Tone::Green,
        Status::Approved => Tone::Amber,
        Status::Refused | Status::Lapsed | Status::Revoked | Status::Acquitted => Tone::Grey,
    }
}

pub(crate) fn row(shell: &Shell, view: &OrderView) -> Row {
    let contents = &view.contents;
    let period = match view.last_day {
        Some(last) => shell.days(contents.first_day, last),
        None => shell.t1("order-for-life", "day", day_of(shell, contents.first_day)),
    };
    Row {
        id: view.id.to_string(),
        name: contents.subject.person.full_name.clone(),
        kind: shell.word("order-kind", contents.kind.name()),
        agency: shell.word("agency", contents.agency.name()),
        reference: contents.reference.clone(),
        period,
        state: shell.word("order-status", view.status.name()),
        tone: tone(view),
    }
}

/// `GET /orders/new`.
pub async fn new(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let day = today(visit.shell("orders").now);
    let own = visit.session.orders_of()?;
    let typed = Typed {
        kind: OrderKind::ExitBan.name().into(),
        agency: own.map_or("", Agency::name).into(),
        sex: "M".into(),
        ordered_on: day.to_string(),
        first_day: day.to_string(),
        last_day: day
            .plus_months(6)
            .map_or(String::new(), |day| day.to_string()),
        ..Typed::default()
    };
    show(form_page(&state, &visit, "/orders".into(), typed, None).await?)
}

async fn form_page(
    state: &AppState,
    visit: &Visit,
    action: String,
    typed: Typed,
    problem: Option<&ApiError>,
) -> ApiResult<FormPage> {
    let mut shell = visit.shell("orders");
    let correcting = action != "/orders";
    if problem.is_some() {
        shell.path = if correcting {
            format!("{action}/edit")
        } else {
            "/orders/new".into()
        };
    }
    let own = visit.session.orders_of()?;
    let agencies = Agency::ALL
        .into_iter()
        .filter(|agency| own.is_none_or(|own| own == *agency));
    let mut checkpoints = Vec::new();
    for site in tapal_store::site::list(&state.db).await? {
        if site.kind == SiteKind::Checkpoint {
            let code = site.id.to_string();
            checkpoints.push(Choice {
                chosen: code == typed.checkpoint,
                name: site.name,
                code,
            });
        }
    }
    let pack = rule_pack::pack_for(today(shell.now));
    let reasons = pack.map(|pack| pack.reasons.as_slice()).unwrap_or_default();
    let photo_errors = problem
        .map(|error| photo_errors(&shell, error))
        .unwrap_or_default();
    let notice = problem.map(|error| match photo_errors.is_empty() {
        true => failure::problem(&shell, error),
        false => Notice::new(Tone::Red, shell.t("photo-refused"), photo_errors.join(" ")),
    });
    Ok(FormPage {
        kinds: choices(
            &shell,
            "order-kind",
            OrderKind::ALL.iter().map(|kind| kind.name()),
            &typed.kind,
        ),
        forms: choices(
            &shell,
            "order-form",
            OrderForm::ALL.iter().map(|form| form.name()),
            &typed.form,
        ),
        agencies: choices(&shell, "agency", agencies.map(Agency::name), &typed.agency),
        reasons: choices(
            &shell,
            "order-reason",
            reasons.iter().map(|reason| reason.code.as_str()),
            &typed.reason,
        ),
        checkpoints,
        notice,
        action,
        correcting,
        form: typed,
        photo_errors,
        shell,
    })
}

fn photo_errors(shell: &Shell, error: &ApiError) -> Vec<String> {
    match error.code {
        "photo_refused" => error
            .reasons
            .iter()
            .map(|code| shell.word_or_other("photo", code))
            .collect(),
        _ => Vec::new(),
    }
}

/// `POST /orders`.
pub async fn add(
    State(state): State<AppState>,
    visit: Visit,
    form: Multipart,
) -> ApiResult<Response> {
    let (typed, photos) = read(form).await?;
    let outcome = match typed.handed() {
        Ok(handed) => draft_by(&state, &visit.session, handed, photos).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(id) => see_other(format!("/orders/{id}?done=drafted")),
        Err(error) if failure::is_mendable(&error) => show_as(
            error.http,
            form_page(&state, &visit, "/orders".into(), typed, Some(&error)).await?,
        ),
        Err(error) => Err(error),
    }
}

/// `GET /orders/{id}/edit`.
pub async fn edit(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<OrderId>,
) -> ApiResult<Response> {
    let view = look(&state, &visit.session, id).await?;
    show(
        form_page(
            &state,
            &visit,
            format!("/orders/{id}"),
            Typed::of(&view.contents),
            None,
        )
        .await?,
    )
}

/// `POST /orders/{id}`: a correction, with more photographs.
pub async fn correct(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<OrderId>,
    form: Multipart,
) -> ApiResult<Response> {
    let (mut typed, photos) = read(form).await?;
    let known = look(&state, &visit.session, id).await?;
    // The form does not offer them: they never change.
    typed.kind = known.contents.kind.name().into();
    typed.agency = known.contents.agency.name().into();
    let outcome = match typed.handed() {
        Ok(handed) => correct_with(&state, &visit, id, handed, photos).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => see_other(format!("/orders/{id}?done=corrected")),
        Err(error) if failure::is_mendable(&error) => show_as(
            error.http,
            form_page(&state, &visit, format!("/orders/{id}"), typed, Some(&error)).await?,
        ),
        Err(error) => Err(error),
    }
}

async fn correct_with(
    state: &AppState,
    visit: &Visit,
    id: OrderId,
    handed: Handed,
    photos: Vec<Vec<u8>>,
) -> ApiResult<()> {
    for photo in photos {
        photograph_by(state, &visit.session, id, photo, None).await?;
    }
    correct_by(state, &visit.session, id, handed)
        .await
        .map(|_| ())
}
