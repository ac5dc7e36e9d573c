//! What the enrolment audit found, in words, and the decision about an entry it holds back. Must not show a score, nor
//! decide who may: the domain does.

use axum::{Form, Json, extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use tapal_domain::{
    background::{Finding, LEAST, MayNotDecide, NotCounted, PointCount},
    id::EntryId,
    role::Permission,
};
use tapal_store::{account, entry, finding};
use utoipa::ToSchema;

use super::{EntryDetail, detail};
use crate::{
    AppState, Session,
    console::{Notice, Shell, Tone, Visit, failure, see_other, visit::show_as},
    error::{ApiError, ApiResult},
    extract::{At, Input},
    false_alert::chart::figure,
};

/// A decision about an entry that the enrolment audit holds back.
#[derive(Clone, Deserialize, ToSchema)]
pub struct DecisionInput {
    /// Whether it goes out to the nodes; otherwise it ends.
    pub accept: bool,
    /// Why; kept with the entry.
    pub reason: String,
}

/// Decides; by the API and by the page.
pub async fn decide(
    state: &AppState,
    session: &Session,
    id: EntryId,
    input: &DecisionInput,
) -> ApiResult<()> {
    if input.reason.chars().count() > 1_000 {
        return Err(ApiError::invalid(
            "too_long",
            "a reason has at most 1,000 characters",
        ));
    }
    let now = state.clock.now();
    let (account, accept) = (session.account, input.accept);
    match finding::decide(&state.db, now, account, id, accept, &input.reason).await {
        Err(tapal_store::Error::Conflict(_)) => Err(ApiError::new(
            StatusCode::CONFLICT,
            "not_held",
            "this entry is not held back any more",
        )),
        decided => match decided? {
            Ok(()) => Ok(()),
            Err(MayNotDecide::OwnEntry) => Err(ApiError::new(
                StatusCode::CONFLICT,
                "own_entry",
                "who recorded an entry never decides about it",
            )),
            Err(MayNotDecide::NoReason) => Err(ApiError::invalid(
                "reason_missing",
                "a decision needs its reason",
            )),
        },
    }
}

/// Lets an entry that the enrolment audit holds back out to the nodes, or ends it.
#[utoipa::path(post, path = "/api/v1/entries/{id}/decision", tag = "entry", params(("id" = EntryId, Path)), request_body = DecisionInput, responses((status = 200, body = EntryDetail)))]
pub async fn decision(
    State(state): State<AppState>,
    session: Session,
    At(id): At<EntryId>,
    Input(input): Input<DecisionInput>,
) -> ApiResult<Json<EntryDetail>> {
    decide(&state, &session, id, &input).await?;
    Ok(Json(detail(&state, &session, id).await?))
}

/// The form on the entry's page.
#[derive(Deserialize)]
pub struct DecisionForm {
    decision: String,
    #[serde(default)]
    reason: String,
}

/// `POST /entries/{id}/decision`.
pub async fn form(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<EntryId>,
    Form(form): Form<DecisionForm>,
) -> ApiResult<Response> {
    let input = DecisionInput {
        accept: match form.decision.as_str() {
            "accept" => true,
            "refuse" => false,
            _ => return Err(ApiError::invalid("bad_form", "accept or refuse")),
        },
        reason: form.reason,
    };
    match decide(&state, &visit.session, id, &input).await {
        Ok(()) => see_other(format!("/entries/{id}?done=judged")),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("entries"), &error);
            let page = super::page::entry(&state, &visit, id, Some(notice)).await?;
            show_as(error.http, page)
        }
        Err(error) => Err(error),
    }
}

/// An entry that this one resembles.
pub struct Twin {
    /// Its page.
    pub href: String,
    /// Whom it names.
    pub name: String,
}

/// The audit as the entry's page shows it.
pub struct Card {
    /// How it ended.
    pub title: String,
    /// Colour of that.
    pub tone: Tone,
    /// What was found, in sentences.
    pub lines: Vec<String>,
    /// Entries it resembles.
    pub twins: Vec<Twin>,
    /// What was decided, if it was held back.
    pub decided: String,
    /// Why, in the words of who decided.
    pub reason: String,
    /// Whether this visitor may decide now.
    pub may_decide: bool,
}

/// The audit of an entry in words. Naming an entry that it resembles is a look at an identity, and recorded.
pub async fn card(
    state: &AppState,
    visit: &Visit,
    shell: &Shell,
    detail: &EntryDetail,
) -> ApiResult<Card> {
    let id = detail.recorded.entry.id();
    let held = detail.recorded.held_at.is_some();
    let flagged = detail.audit.iter().any(|own| own.finding.is_flagged());
    let counted = detail
        .audit
        .iter()
        .any(|own| own.finding.not_counted.is_none());
    let (key, tone) = match (held, flagged, counted) {
        (true, ..) => ("finding-held", Tone::Amber),
        (false, true, _) => ("finding-flagged", Tone::Amber),
        (false, false, true) => ("finding-clear", Tone::Green),
        (false, false, false) => ("finding-none", Tone::Grey),
    };
    let mut lines = Vec::new();
    for own in &detail.audit {
        let label = shell.t1("entry-photo-alt", "n", own.n + 1);
        for line in sentences(shell, &own.finding) {
            lines.push(match detail.audit.len() {
                1 => line,
                _ => format!("{label}: {line}"),
            });
        }
    }
    if detail.audit.is_empty() {
        lines.push(shell.t("finding-before"));
    }
    let decided = match finding::decision(&state.db, id).await? {
        None => (String::new(), String::new()),
        Some(decision) => {
            let who = account::get(&state.db, decision.decided_by).await?;
            let key = match decision.accepted {
                true => "finding-accepted",
                false => "finding-refused",
            };
            let when = shell.full(&decision.decided_at);
            let text = shell.t2(key, ("who", &who.display_name), ("when", &when));
            (text, decision.reason)
        }
    };
    Ok(Card {
        title: shell.t(key),
        tone,
        lines,
        twins: twins(state, visit, detail).await?,
        decided: decided.0,
        reason: decided.1,
        may_decide: held && visit.session.may(Permission::DecideEntries),
    })
}

async fn twins(state: &AppState, visit: &Visit, detail: &EntryDetail) -> ApiResult<Vec<Twin>> {
    let mut twins: Vec<Twin> = Vec::new();
    for other in detail.audit.iter().flat_map(|own| &own.finding.resembles) {
        let href = format!("/entries/{other}");
        if twins.iter().any(|known| known.href == href) {
            continue;
        }
        let recorded = entry::get(&state.db, *other).await?;
        let (now, account) = (state.clock.now(), visit.session.account);
        tapal_store::look::record(&state.db, now, account, "entry", other, "identity").await?;
        twins.push(Twin {
            href,
            name: recorded.entry.person().full_name.clone(),
        });
    }
    Ok(twins)
}

fn sentences(shell: &Shell, finding: &Finding) -> Vec<String> {
    let people = shell.number(finding.people);
    let mut lines = Vec::new();
    match finding.not_counted {
        Some(NotCounted::TooFew) => lines.push(shell.t2(
            "finding-too-few",
            ("people", &people),
            ("least", &shell.number(LEAST)),
        )),
        Some(NotCounted::NoCalibration) => lines.push(shell.t("finding-no-calibration")),
        None => lines.push(shell.t1("finding-people", "people", &people)),
    }
    lines.extend(finding.points.iter().map(|point| counted(shell, point)));
    if finding.alerts > 0 {
        lines.push(shell.t1("finding-alerts", "n", finding.alerts));
    }
    lines
}

fn counted(shell: &Shell, point: &PointCount) -> String {
    let key = match point.is_odd() {
        true => "finding-point-odd",
        false => "finding-point",
    };
    let one_in = shell.number((1.0 / point.fmr).round() as u64);
    let values: [(&str, &dyn std::fmt::Display); 4] = [
        ("seen", &shell.number(point.seen)),
        ("in", &one_in),
        ("expected", &figure(shell.lang, point.expected)),
        ("bound", &shell.number(point.bound)),
    ];
    crate::console::words::text(shell.lang, key, &values)
}

/// How many entries wait for a decision, as a message on the list of entries; `None` when none does.
pub async fn waiting(state: &AppState, shell: &Shell) -> ApiResult<Option<Notice>> {
    Ok(match finding::waiting(&state.db).await? {
        0 => None,
        n => Some(Notice::new(
            Tone::Amber,
            shell.t1("finding-waiting", "n", n),
            shell.t("finding-waiting-text"),
        )),
    })
}
