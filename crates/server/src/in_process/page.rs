//! `/in-process`: people in process whom an order in force names, to be looked at by a person. Must not decide anything
//! itself.

use askama::Template;
use axum::{Form, extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::{id::InProcessHitId, in_process::Decision};

use super::{InProcessHit, decide_by, waiting};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
    extract::At,
    name_check::{
        page::look,
        weights::{WeightLine, lines},
    },
    state::AppState,
};

struct Card {
    n: usize,
    id: String,
    title: String,
    found: String,
    site: String,
    alert: String,
    names: String,
    listed: String,
    kind: String,
    agency: String,
    verdict: String,
    tone: Tone,
    icon: &'static str,
    score: String,
    rows: Vec<WeightLine>,
}

#[derive(Template)]
#[template(path = "in_process/list.html")]
struct InProcessPage {
    shell: Shell,
    notice: Option<Notice>,
    cards: Vec<Card>,
}

/// `GET /in-process`.
pub async fn list(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let notice = visit.done();
    show(page(&state, &visit, notice).await?)
}

async fn page(state: &AppState, visit: &Visit, notice: Option<Notice>) -> ApiResult<InProcessPage> {
    let shell = visit.polling("in-process", 15_000);
    let sites = tapal_store::site::list(&state.db).await?;
    let hits = waiting(state, &visit.session).await?;
    let cards = hits.iter().enumerate().map(|(n, hit)| {
        let site = sites.iter().find(|site| Some(site.id) == hit.site);
        let site = site.map_or_else(|| shell.t("in-process-no-site"), |site| site.name.clone());
        card(&shell, hit, site, n)
    });
    Ok(InProcessPage {
        notice,
        cards: cards.collect(),
        shell,
    })
}

fn card(shell: &Shell, hit: &InProcessHit, site: String, n: usize) -> Card {
    let mut card = Card {
        n,
        id: hit.id.to_string(),
        title: shell.t("in-process-alert"),
        found: shell.full(&hit.found_at),
        site,
        alert: hit.alert.map_or(String::new(), |alert| alert.to_string()),
        names: String::new(),
        listed: String::new(),
        kind: String::new(),
        agency: String::new(),
        verdict: String::new(),
        tone: Tone::Amber,
        icon: "hourglass",
        score: String::new(),
        rows: Vec::new(),
    };
    let Some(person) = &hit.person else {
        return card;
    };
    let kind = shell.word("in-process-kind", person.kind.name());
    card.title = format!("{kind} {}", person.reference);
    card.names = person.names.join(" · ");
    card.listed = person.listed_name.clone();
    card.kind = shell.word("order-kind", person.order_kind.name());
    card.agency = shell.word("agency", person.agency.name());
    card.verdict = shell.word("name-check-verdict", person.verdict.name());
    (card.tone, card.icon) = look(person.verdict);
    if let Some(score) = person.name_score {
        card.score = shell.t1("name-check-score", "n", (score * 100.0).round() as u32);
    }
    card.rows = lines(shell, &person.rows);
    card
}

/// The form of a decision.
#[derive(Deserialize)]
pub struct DecisionForm {
    decision: Decision,
}

/// `POST /in-process/hits/{id}/decision`.
pub async fn decide(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<InProcessHitId>,
    form: Result<Form<DecisionForm>, axum::extract::rejection::FormRejection>,
) -> ApiResult<Response> {
    let wrong = || ApiError::invalid("bad_form", "a field is missing or has the wrong form");
    let Form(DecisionForm { decision }) = form.map_err(|_| wrong())?;
    match decide_by(&state, &visit.session, id, decision).await {
        Ok(()) => see_other("/in-process?done=order"),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("in-process"), &error);
            show_as(error.http, page(&state, &visit, Some(notice)).await?)
        }
        Err(error) => Err(error),
    }
}
