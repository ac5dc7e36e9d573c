//! `/sites/{id}/policy`: what is in force, the curve, what a change would do, proposals and what happened before.
//! Who judges alerts sees one line. Must not check a field itself: the policy's own functions do.

use std::collections::HashMap;

use askama::Template;
use axum::{Form, extract::State, response::Response};
use tapal_domain::{
    entry::ListKind,
    id::{ProposalId, SiteId},
    policy::{Budget, Decision, Setting},
    role::Permission,
    screening::Threshold,
};
use tapal_store::policy as stored;

use super::{
    DecisionInput, ProposalInput,
    history::{Happened, Names, Waiting, happened, waits},
    may_see_scores,
    sheet::{
        Drawing, Fact, PreviewBlock, ThresholdRow, drawing, facts, preview_block, source,
        threshold_rows,
    },
    view,
    view::{Source, Stand},
    words,
};
use crate::{
    console::{Notice, Shell, Visit, failure, see_other, show, visit::show_as, when::Zone},
    error::{ApiError, ApiResult},
    extract::{At, Params},
    state::AppState,
};

/// What other pages say of a site's policy: one quiet line, and an amber one when the budget is not kept.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Expected false alerts a shift; empty without a budget.
    pub shift: String,
    /// What is wrong; empty while the budget is kept.
    pub broken: String,
}

/// The line of a site.
pub async fn line(state: &AppState, shell: &Shell, site: SiteId) -> ApiResult<Line> {
    let in_force = stored::get(&state.db, site).await?;
    if in_force.is_none() {
        return Ok(Line::default());
    }
    let stand = Stand::read(state, site, in_force).await?;
    Ok(line_of(shell, &stand))
}

fn line_of(shell: &Shell, stand: &Stand) -> Line {
    let shift = stand.expected.per_shift.map(|e| {
        let range = words::with_interval(shell, e);
        shell.t1("policy-shift-line", "range", range)
    });
    Line {
        shift: shift.unwrap_or_default(),
        broken: broken(shell, stand),
    }
}

fn broken(shell: &Shell, stand: &Stand) -> String {
    match (stand.kept(), stand.expected.per_day) {
        (true, _) => String::new(),
        (false, Some(day)) => {
            let n = words::figure(shell.lang, day.value);
            shell.t1("policy-not-kept", "n", n)
        }
        (false, None) => shell.t("policy-not-kept-unknown"),
    }
}

#[derive(Default)]
struct Typed {
    x: String,
    y: String,
    hours: String,
}

#[derive(Template)]
#[template(path = "policy/page.html")]
struct PolicyPage {
    shell: Shell,
    notice: Option<Notice>,
    site_id: String,
    site_name: String,
    sees: bool,
    may_edit: bool,
    line: Line,
    source: String,
    suggested: bool,
    facts: Vec<Fact>,
    thresholds: Vec<ThresholdRow>,
    drawing: Option<Drawing>,
    typed: Typed,
    typed_budget: String,
    preview: Option<PreviewBlock>,
    bad: String,
    waiting: Option<Waiting>,
    history: Vec<Happened>,
}

/// What the what-if form asked, as typed.
pub type Asked = HashMap<String, String>;

/// `GET /sites/{id}/policy`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
    Params(asked): Params<Asked>,
) -> ApiResult<Response> {
    let notice = visit.done();
    show(page(&state, &visit, id, notice, &asked).await?)
}

fn typed(asked: &Asked, budget: Option<&Budget>) -> Typed {
    let get = |name: &str| asked.get(name).map(|text| text.trim().to_owned());
    Typed {
        x: get("false_alerts_per_day")
            .or(budget.map(|b| b.false_alerts_per_day.to_string()))
            .unwrap_or_default(),
        y: get("passers_by_per_day")
            .or(budget.map(|b| b.passers_by_per_day.to_string()))
            .unwrap_or_default(),
        hours: get("shift_hours")
            .or(budget.map(|b| b.shift_hours.to_string()))
            .unwrap_or_else(|| "8".into()),
    }
}

fn budget_of(typed: &Typed) -> Option<Budget> {
    let number = |text: &str| text.replace(',', ".").parse::<f64>().ok();
    Some(Budget {
        false_alerts_per_day: number(&typed.x)?,
        passers_by_per_day: typed.y.parse().ok()?,
        shift_hours: number(&typed.hours)?,
    })
}

async fn page(
    state: &AppState,
    visit: &Visit,
    id: SiteId,
    notice: Option<Notice>,
    asked: &Asked,
) -> ApiResult<PolicyPage> {
    visit.session.require_site(id)?;
    let site = tapal_store::site::get(&state.db, id).await?;
    let mut shell = visit.polling("sites", 5_000);
    shell.zone = Zone(site.utc_offset_minutes);
    let stand = Stand::read(state, id, stored::get(&state.db, id).await?).await?;
    let sees = may_see_scores(&visit.session);
    let in_force = stand.in_force.as_ref().map(|own| &own.setting);
    let budget = match in_force {
        Some(Setting::Budget(budget)) => Some(*budget),
        _ => None,
    };
    let typed = typed(asked, budget.as_ref());
    let tried = match budget_of(&typed).filter(|_| sees && !state.model_id().is_empty()) {
        Some(budget) => view::preview(state, id, &budget).await.map(Some),
        None => Ok(None),
    };
    let asked_wrongly = asked.contains_key("passers_by_per_day") && budget_of(&typed).is_none();
    let bad = match &tried {
        Err(_) => shell.t("problem-bad_budget"),
        Ok(_) if asked_wrongly => shell.t("problem-bad_budget"),
        Ok(_) => String::new(),
    };
    let tried = tried.unwrap_or_default();
    let (mut waiting, mut history) = (None, Vec::new());
    if sees {
        let proposals = stored::proposals(&state.db, id, 50).await?;
        let names = Names::read(state, &proposals).await?;
        waiting = proposals
            .iter()
            .find(|proposal| proposal.decision.is_none())
            .map(|proposal| waits(state, &shell, visit, &stand, proposal, &names));
        history = happened(state, &shell, id, &proposals, &names).await?;
    }
    Ok(PolicyPage {
        notice,
        site_id: id.to_string(),
        site_name: site.name,
        sees,
        may_edit: visit.session.may(Permission::EditSites),
        line: line_of(&shell, &stand),
        source: source(&shell, &stand),
        suggested: stand.source == Source::Suggested,
        facts: facts(&shell, &stand),
        thresholds: threshold_rows(&shell, &stand.thresholds),
        drawing: sees
            .then(|| drawing(state, &shell, &stand, budget.as_ref()))
            .flatten(),
        typed_budget: budget_of(&typed).map_or(String::new(), |b| words::budget(&shell, &b)),
        typed,
        preview: tried.map(|tried| preview_block(&shell, &tried)),
        bad,
        waiting,
        history,
        shell,
    })
}

/// Fields of a form by name.
type Fields = HashMap<String, String>;

fn field<'a>(form: &'a Fields, name: &str) -> &'a str {
    form.get(name).map_or("", |text| text.trim())
}

fn setting(form: &Fields) -> ApiResult<Setting> {
    if field(form, "kind") != "manual" {
        let wrong = || ApiError::invalid("bad_budget", "a number of the budget cannot be read");
        return budget_of(&typed(form, None))
            .map(Setting::Budget)
            .ok_or_else(wrong);
    }
    let number = |name: String| field(form, &name).replace(',', ".").parse::<f32>().ok();
    let threshold = |list: ListKind| {
        let (possible, strong) = (
            number(format!("possible_{}", list.name())),
            number(format!("strong_{}", list.name())),
        );
        // NaN is outside every range: the policy's own check refuses it.
        (possible.is_some() || strong.is_some()).then(|| Threshold {
            list,
            possible: possible.unwrap_or(f32::NAN),
            strong: strong.unwrap_or(f32::NAN),
        })
    };
    Ok(Setting::Manual {
        thresholds: ListKind::ALL.into_iter().filter_map(threshold).collect(),
    })
}

/// `POST /sites/{id}/policy/proposals`.
pub async fn propose(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    visit.session.require_site(id)?;
    let outcome = match setting(&form) {
        Ok(setting) => {
            let reason = field(&form, "reason").to_owned();
            let input = ProposalInput { setting, reason };
            super::propose_by(&state, &visit.session, id, input).await
        }
        Err(error) => Err(error),
    };
    after(&state, &visit, id, "proposed", outcome.map(|_| ()), &form).await
}

/// `POST /policy/proposals/{id}/decision`.
pub async fn decide(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<ProposalId>,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    let site = stored::proposal(&state.db, id).await?.site;
    visit.session.require_site(site)?;
    let decision = match field(&form, "decision") {
        "approve" => Decision::Approve,
        "withdraw" => Decision::Withdraw,
        _ => Decision::Reject,
    };
    let input = DecisionInput {
        decision,
        reason: field(&form, "reason").to_owned(),
        seen: field(&form, "seen").to_owned(),
    };
    let outcome = super::decide_by(&state, &visit.session, id, input).await;
    let done = match decision {
        Decision::Approve => "approved",
        _ => "decided",
    };
    after(
        &state,
        &visit,
        site,
        done,
        outcome.map(|_| ()),
        &Fields::new(),
    )
    .await
}

async fn after(
    state: &AppState,
    visit: &Visit,
    id: SiteId,
    done: &str,
    outcome: ApiResult<()>,
    form: &Fields,
) -> ApiResult<Response> {
    match outcome {
        Ok(()) => see_other(format!("/sites/{id}/policy?done={done}")),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("sites"), &error);
            show_as(
                error.http,
                page(state, visit, id, Some(notice), form).await?,
            )
        }
        Err(error) => Err(error),
    }
}
