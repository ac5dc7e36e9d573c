//! `/name-checks`: one form for a person at a desk, and the answer below it. The question stands in no address and in
//! no record. Must not decide anything itself.

use askama::Template;
use axum::{Form, extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::{
    name_check::{Purpose, Verdict},
    role::Permission,
};

use super::{
    NameCheckHit, NameCheckInput, NameCheckReply, ask,
    subject::Asked,
    weights::{WeightLine, lines},
};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, show, visit::show_as},
    error::{ApiError, ApiResult},
    order::page::{Choice, choices},
    state::AppState,
};

/// The fields as typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    names: String,
    birth_date: String,
    sex: String,
    nationality: String,
    documents: String,
    site: String,
    purpose: String,
}

struct Card {
    verdict: String,
    tone: Tone,
    icon: &'static str,
    name: String,
    kind: String,
    agency: String,
    advice: String,
    score: String,
    href: String,
    person: String,
    reference: String,
    period: String,
    rows: Vec<WeightLine>,
    n: usize,
}

#[derive(Template)]
#[template(path = "name_check/page.html")]
struct NameCheckPage {
    shell: Shell,
    notice: Option<Notice>,
    form: Typed,
    sexes: Vec<Choice>,
    purposes: Vec<Choice>,
    sites: Vec<Choice>,
    listed: String,
    loading: bool,
    asked: bool,
    summary: String,
    left_out: String,
    more: String,
    cards: Vec<Card>,
}

/// `GET /name-checks`.
pub async fn form(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let typed = Typed {
        purpose: first_purpose(&visit).name().into(),
        ..Typed::default()
    };
    show(page(&state, &visit, typed, None, None).await?)
}

fn first_purpose(visit: &Visit) -> Purpose {
    match visit.session.may(Permission::ReadAllOrders) {
        true => Purpose::Order,
        false => Purpose::Desk,
    }
}

/// `POST /name-checks`.
pub async fn check(
    State(state): State<AppState>,
    visit: Visit,
    Form(typed): Form<Typed>,
) -> ApiResult<Response> {
    let outcome = match question(&typed) {
        Ok(question) => ask(&state, &visit.session, question).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(reply) => show(page(&state, &visit, typed, Some(&reply), None).await?),
        Err(error)
            if failure::is_mendable(&error)
                || matches!(error.code, "names_loading" | "too_many_checks") =>
        {
            let notice = problem(&visit.shell("name-checks"), &error);
            show_as(
                error.http,
                page(&state, &visit, typed, None, Some(notice)).await?,
            )
        }
        Err(error) => Err(error),
    }
}

fn problem(shell: &Shell, error: &ApiError) -> Notice {
    match (error.code, error.retry_after_s) {
        ("too_many_checks", Some(seconds)) => Notice::new(
            Tone::Amber,
            shell.t1("name-check-too-many", "n", seconds),
            "",
        ),
        ("names_loading", _) => Notice::new(
            Tone::Amber,
            shell.t("name-check-loading"),
            shell.t("name-check-loading-text"),
        ),
        _ => failure::problem(shell, error),
    }
}

fn question(typed: &Typed) -> ApiResult<NameCheckInput> {
    let bad = || ApiError::invalid("bad_form", "a field is missing or has the wrong form");
    let lines = |text: &str| text.lines().map(str::to_owned).collect();
    Ok(NameCheckInput {
        who: Asked {
            names: lines(&typed.names),
            birth_date: typed.birth_date.clone(),
            sex: typed.sex.clone(),
            nationality: typed.nationality.clone(),
            documents: lines(&typed.documents),
        },
        site: match typed.site.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|_| bad())?),
        },
        purpose: Purpose::from_name(&typed.purpose).ok_or_else(bad)?,
    })
}

async fn page(
    state: &AppState,
    visit: &Visit,
    form: Typed,
    reply: Option<&NameCheckReply>,
    notice: Option<Notice>,
) -> ApiResult<NameCheckPage> {
    let shell = visit.shell("name-checks");
    let mut sites = Vec::new();
    if visit.session.site.is_none() {
        for site in tapal_store::site::list(&state.db).await? {
            let code = site.id.to_string();
            sites.push(Choice {
                chosen: code == form.site,
                name: site.name,
                code,
            });
        }
    }
    let cards = reply.map_or_else(Vec::new, |reply| {
        let cards = reply.hits.iter().enumerate();
        cards.map(|(n, hit)| card(&shell, hit, n)).collect()
    });
    let some = |n: usize, key: &str| match n {
        0 => String::new(),
        n => shell.t1(key, "n", n),
    };
    Ok(NameCheckPage {
        notice,
        sexes: choices(&shell, "sex", ["M", "F", "X"].into_iter(), &form.sex),
        purposes: choices(
            &shell,
            "name-check-purpose",
            Purpose::ALL.iter().map(|purpose| purpose.name()),
            &form.purpose,
        ),
        sites,
        listed: shell.t1(
            "name-check-listed",
            "n",
            shell.number(state.names.len() as u64),
        ),
        loading: !state.names.is_ready(),
        asked: reply.is_some(),
        summary: reply.map_or_else(String::new, |reply| {
            shell.t1("name-check-summary", "n", reply.hits.len())
        }),
        left_out: reply.map_or_else(String::new, |reply| {
            some(reply.left_out, "name-check-left-out")
        }),
        more: reply.map_or_else(String::new, |reply| some(reply.more, "name-check-more")),
        cards,
        form,
        shell,
    })
}

/// Colour and icon of a verdict.
pub fn look(verdict: Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Document | Verdict::DocumentOtherName => (Tone::Red, "id-card"),
        Verdict::Likely => (Tone::Red, "user-check"),
        Verdict::Possible => (Tone::Amber, "circle-help"),
        Verdict::Doubtful => (Tone::Grey, "circle-help"),
    }
}

fn card(shell: &Shell, hit: &NameCheckHit, n: usize) -> Card {
    let (tone, icon) = look(hit.verdict);
    let order = hit.order.as_ref();
    let link = |start: &str| {
        let id = order.and_then(|order| order.id);
        id.map_or(String::new(), |id| format!("{start}/{id}"))
    };
    let entry = order.and_then(|order| order.entry);
    let period = order.map_or(String::new(), |order| match order.last_day {
        Some(last) => shell.days(order.first_day, last),
        None => {
            let first = crate::order::page::day_of(shell, order.first_day);
            shell.t1("order-for-life", "day", first)
        }
    });
    Card {
        verdict: shell.word("name-check-verdict", hit.verdict.name()),
        tone,
        icon,
        name: hit.name.clone(),
        kind: shell.word("order-kind", hit.kind.name()),
        agency: shell.word("agency", hit.agency.name()),
        advice: hit.advice.clone(),
        score: hit.name_score.map_or(String::new(), |score| {
            shell.t1("name-check-score", "n", (score * 100.0).round() as u32)
        }),
        href: match entry {
            Some(entry) => format!("/entries/{entry}"),
            None => link("/orders"),
        },
        person: link("/persons"),
        reference: order.map_or(String::new(), |order| order.reference.clone()),
        period,
        rows: lines(shell, &hit.rows),
        n,
    }
}
