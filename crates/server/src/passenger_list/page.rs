//! `/passenger-lists` and `/passenger-lists/{id}`: journeys with somebody to decide about first, and one journey's people.
//! Must not decide anything itself.

use askama::Template;
use axum::{Form, extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::{
    id::{PassengerId, PassengerListId},
    passenger_list::{Advice, Decision},
    role::Permission,
};
use tapal_store::passenger_list;

use super::{
    api::{PassengerListView, PassengerView, full},
    decide_by,
};
use crate::{
    alert::panel::{in_groups, or_dash},
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::ApiResult,
    extract::At,
    name_check::page::look,
    order::page::day_of,
    state::AppState,
};

struct Row {
    id: String,
    journey: String,
    route: String,
    arrives: String,
    kind: String,
    accepted: i64,
    left_out: i64,
    state: String,
    tone: Tone,
}

#[derive(Template)]
#[template(path = "passenger_list/list.html")]
struct ListsPage {
    shell: Shell,
    notice: Option<Notice>,
    rows: Vec<Row>,
}

struct HitLine {
    verdict: String,
    tone: Tone,
    icon: &'static str,
    what: String,
    name: String,
}

struct Card {
    n: i64,
    id: String,
    name: String,
    facts: Vec<(String, String)>,
    hits: Vec<HitLine>,
    decided: String,
    tone: Tone,
    citizen: bool,
}

struct Line {
    n: i64,
    name: String,
    nationality: String,
    document: String,
    notes: String,
}

#[derive(Template)]
#[template(path = "passenger_list/page.html")]
struct ListPage {
    shell: Shell,
    notice: Option<Notice>,
    row: Row,
    departs: String,
    came: String,
    cards: Vec<Card>,
    others: Vec<Line>,
    may: bool,
}

/// `2026-11-28T10:50` as a day and a time, by the clocks of the place.
fn moment(shell: &Shell, text: &str) -> String {
    let Some((day, time)) = text.split_once('T') else {
        return or_dash("");
    };
    match day.parse() {
        Ok(day) => format!("{}, {time}", day_of(shell, day)),
        Err(_) => or_dash(""),
    }
}

fn row(shell: &Shell, list: &PassengerListView) -> Row {
    let (state, tone) = match (list.waiting, list.referred) {
        (0, 0) => (shell.t("passenger-list-quiet"), Tone::Green),
        (0, _) => (shell.t("passenger-list-decided"), Tone::Green),
        (n, _) => (shell.t1("passenger-list-waiting", "n", n), Tone::Amber),
    };
    Row {
        id: list.id.to_string(),
        journey: list.journey.clone(),
        route: format!("{} → {}", list.origin, list.destination),
        arrives: moment(shell, &list.arrives),
        kind: shell.word("passenger-list-kind", &list.kind),
        accepted: list.accepted,
        left_out: list.left_out,
        state,
        tone,
    }
}

/// `GET /passenger-lists`.
pub async fn list(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let shell = visit.polling("passenger-lists", 30_000);
    let lists = passenger_list::lists(&state.db, 200).await?;
    let rows = lists
        .iter()
        .map(|list| row(&shell, &PassengerListView::from(list)));
    show(ListsPage {
        notice: visit.done(),
        rows: rows.collect(),
        shell,
    })
}

/// `GET /passenger-lists/{id}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<PassengerListId>,
) -> ApiResult<Response> {
    let notice = visit.done();
    show(page(&state, &visit, id, notice).await?)
}

async fn page(
    state: &AppState,
    visit: &Visit,
    id: PassengerListId,
    notice: Option<Notice>,
) -> ApiResult<ListPage> {
    let shell = visit.shell("passenger-lists");
    let found = full(state, &visit.session, id).await?;
    let (referred, others): (Vec<_>, Vec<_>) = found
        .people
        .iter()
        .partition(|one| one.advice == Advice::Refer);
    Ok(ListPage {
        notice,
        row: row(&shell, &found.list),
        departs: moment(&shell, &found.list.departs),
        came: shell.full(&found.list.received_at),
        cards: referred.into_iter().map(|one| card(&shell, one)).collect(),
        others: others.into_iter().map(|one| line(&shell, one)).collect(),
        may: visit.session.may(Permission::JudgePassengers),
        shell,
    })
}

fn name(one: &PassengerView) -> String {
    format!("{} {}", one.surname, one.given_names)
        .trim()
        .to_owned()
}

fn card(shell: &Shell, one: &PassengerView) -> Card {
    let hits = one.hits.iter().map(|hit| {
        let (tone, icon) = look(hit.verdict);
        HitLine {
            verdict: shell.word("name-check-verdict", hit.verdict.name()),
            tone,
            icon,
            what: format!(
                "{} · {}",
                shell.word("order-kind", hit.kind.name()),
                shell.word("agency", hit.agency.name())
            ),
            name: hit.name.clone(),
        }
    });
    let (decided, tone) = match one.decision {
        None => (String::new(), Tone::Amber),
        Some(Decision::Board) => (shell.t("passenger-decided-board"), Tone::Green),
        Some(Decision::NoBoard) => (shell.t("passenger-decided-no_board"), Tone::Red),
    };
    let decided = match one.reason.is_empty() {
        true => decided,
        false => format!("{decided} · {}", one.reason),
    };
    Card {
        n: one.n,
        id: one.id.to_string(),
        name: name(one),
        facts: [
            ("entry-birth-date", one.birth_date.clone()),
            ("entry-nationality", one.nationality.clone()),
            ("entry-document", in_groups(&one.document_number)),
            ("passenger-notes", notes(shell, one)),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (shell.t(key), value))
        .collect(),
        hits: hits.collect(),
        decided,
        tone,
        citizen: one.nationality == tapal_domain::crossing::HOME,
    }
}

fn notes(shell: &Shell, one: &PassengerView) -> String {
    let notes = [
        (one.crew, "passenger-crew"),
        (one.in_transit, "passenger-in-transit"),
    ];
    let words = notes
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, key)| shell.t(key));
    words.collect::<Vec<_>>().join(" · ")
}

fn line(shell: &Shell, one: &PassengerView) -> Line {
    Line {
        n: one.n,
        name: name(one),
        nationality: or_dash(&one.nationality),
        document: in_groups(&one.document_number),
        notes: notes(shell, one),
    }
}

/// The form of a decision.
#[derive(Deserialize)]
pub struct DecisionForm {
    decision: Decision,
    #[serde(default)]
    reason: String,
}

/// `POST /passengers/{id}/decision`.
pub async fn decide(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<PassengerId>,
    Form(form): Form<DecisionForm>,
) -> ApiResult<Response> {
    match decide_by(&state, &visit.session, id, form.decision, &form.reason).await {
        Ok(list) => see_other(format!("/passenger-lists/{list}?done=case")),
        Err(error) if failure::is_mendable(&error) => {
            let (list, _) = passenger_list::person(&state.db, id).await?;
            let notice = failure::problem(&visit.shell("passenger-lists"), &error);
            show_as(error.http, page(&state, &visit, list, Some(notice)).await?)
        }
        Err(error) => Err(error),
    }
}
