//! `/persons/{order}`: the order and the others that may be about the same person, side by side. Must not decide
//! anything itself.

use askama::Template;
use axum::{Form, extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::{id::OrderId, person::SamePerson, role::Permission};

use super::{PersonDecisionInput, PersonOrder, decide_by, view};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
    extract::At,
    name_check::{
        page::look,
        weights::{WeightLine, lines},
    },
    order::{
        OrderView,
        page::{Row, row},
        sheet::{StepLine, step_line},
    },
    state::AppState,
};

struct Column {
    n: usize,
    row: Row,
    born: String,
    aliases: String,
    verdict: String,
    verdict_tone: Tone,
    icon: &'static str,
    score: String,
    rows: Vec<WeightLine>,
    decision: &'static str,
    decided: String,
    decided_tone: Tone,
    steps: Vec<StepLine>,
}

#[derive(Template)]
#[template(path = "person/page.html")]
struct PersonPage {
    shell: Shell,
    notice: Option<Notice>,
    own: Column,
    others: Vec<Column>,
    left_out: String,
    more: String,
    may_decide: bool,
}

/// `GET /persons/{order}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<OrderId>,
) -> ApiResult<Response> {
    let notice = visit.done();
    show(page(&state, &visit, id, notice).await?)
}

async fn page(
    state: &AppState,
    visit: &Visit,
    id: OrderId,
    notice: Option<Notice>,
) -> ApiResult<PersonPage> {
    let shell = visit.shell("orders");
    let person = view(state, &visit.session, id).await?;
    let own = column(state, &shell, &person.of, None, 0).await?;
    let mut others = Vec::with_capacity(person.others.len());
    for (n, other) in person.others.iter().enumerate() {
        others.push(column(state, &shell, &other.order, Some(other), n + 1).await?);
    }
    let some = |n: usize, key: &str| match n {
        0 => String::new(),
        n => shell.t1(key, "n", n),
    };
    let decides = [Permission::RecordOrders, Permission::ApproveOrders];
    Ok(PersonPage {
        notice,
        own,
        others,
        left_out: some(person.left_out, "name-check-left-out"),
        more: some(person.more, "person-more"),
        may_decide: decides.into_iter().any(|right| visit.session.may(right)),
        shell,
    })
}

async fn column(
    state: &AppState,
    shell: &Shell,
    view: &OrderView,
    other: Option<&PersonOrder>,
    n: usize,
) -> ApiResult<Column> {
    let mut steps = Vec::with_capacity(view.steps.len());
    for step in &view.steps {
        steps.push(step_line(state, shell, step).await?);
    }
    let subject = &view.contents.subject;
    let verdict = other.and_then(|other| other.verdict);
    let (verdict_tone, icon) = verdict.map_or((Tone::Grey, "info"), look);
    let decision = other.and_then(|other| other.decision);
    let decided = match other.and_then(|other| other.decided_by.zip(other.decided_at)) {
        Some((by, at)) => {
            let who = tapal_store::account::get(&state.db, by).await?.display_name;
            format!("{who}, {}", shell.full(&at))
        }
        None => String::new(),
    };
    Ok(Column {
        n,
        row: row(shell, view),
        born: subject.person.birth_date.clone(),
        aliases: subject.aliases.join(" · "),
        verdict: verdict.map_or(String::new(), |verdict| {
            shell.word("name-check-verdict", verdict.name())
        }),
        verdict_tone,
        icon,
        score: match other.and_then(|other| other.name_score) {
            Some(score) => shell.t1("name-check-score", "n", (score * 100.0).round() as u32),
            None => String::new(),
        },
        rows: other.map_or_else(Vec::new, |other| lines(shell, &other.rows)),
        decision: decision.unwrap_or(SamePerson::Undecided).name(),
        decided,
        decided_tone: match decision {
            Some(SamePerson::Same) => Tone::Green,
            _ => Tone::Grey,
        },
        steps,
    })
}

/// The form of a decision.
#[derive(Deserialize)]
pub struct DecisionForm {
    other: OrderId,
    decision: SamePerson,
}

/// `POST /persons/{order}/decisions`.
pub async fn decide(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<OrderId>,
    form: Result<Form<DecisionForm>, axum::extract::rejection::FormRejection>,
) -> ApiResult<Response> {
    let wrong = || ApiError::invalid("bad_form", "a field is missing or has the wrong form");
    let Form(DecisionForm { other, decision }) = form.map_err(|_| wrong())?;
    let input = PersonDecisionInput { other, decision };
    match decide_by(&state, &visit.session, id, input).await {
        Ok(()) => see_other(format!("/persons/{id}?done=order")),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("orders"), &error);
            show_as(error.http, page(&state, &visit, id, Some(notice)).await?)
        }
        Err(error) => Err(error),
    }
}
