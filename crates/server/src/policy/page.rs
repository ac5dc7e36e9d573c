//! `/sites/{id}/policy`: what is in force, the curve, what a change would do, proposals and what happened before.
//! Who judges alerts sees one line. Must not check a field itself: the policy's own functions do.

use std::collections::HashMap;

use askama::Template;
use axum::{Form, extract::State, response::Response};
use tapal_domain::{
    calibration::Standing,
    entry::ListKind,
    id::{AccountId, ProposalId, SiteId},
    policy::{Budget, Decision, Setting},
    role::Permission,
    screening::Threshold,
};
use tapal_store::policy::{self as stored, Figures, Proposal};

use super::{
    DecisionInput, ProposalInput,
    chart::{self, Chart},
    figures::{at_score, figures, lowest, mark},
    may_see_scores, view,
    view::{Preview, Source, Stand},
    words,
};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as, when::Zone},
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

/// One figure with its name.
struct Fact {
    name: String,
    value: String,
    note: String,
}

struct GrowthRow {
    templates: String,
    possible: String,
    per_day: String,
    miss: String,
}

struct PreviewBlock {
    reachable: bool,
    refused: String,
    smallest: String,
    could: String,
    facts: Vec<Fact>,
    growth: Vec<GrowthRow>,
    has_miss: bool,
}

struct Side {
    setting: String,
    possible: String,
    strong: String,
    per_day: String,
    chance: String,
    miss: String,
}

struct Waiting {
    id: String,
    who: String,
    when: String,
    reason: String,
    own: bool,
    seen: String,
    now: Side,
    then: Side,
    moved: String,
    unreachable: String,
}

struct Happened {
    when: String,
    who: String,
    what: String,
    tone: Tone,
    icon: &'static str,
    more: String,
    reason: String,
}

struct ThresholdRow {
    code: &'static str,
    name: String,
    possible: String,
    strong: String,
    possible_shown: String,
    strong_shown: String,
}

struct Label {
    at: i64,
    text: String,
}

struct Drawing {
    chart: Chart,
    ticks: Vec<Label>,
    scores: Vec<Label>,
    shares: Vec<Label>,
    chosen: String,
    budget: String,
    rows: Vec<[String; 3]>,
    caption: String,
    note: String,
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
        drawing: sees.then(|| drawing(state, &shell, &stand, budget.as_ref())).flatten(),
        typed_budget: budget_of(&typed).map_or(String::new(), |b| words::budget(&shell, &b)),
        typed,
        preview: tried.map(|tried| preview_block(&shell, &tried)),
        bad,
        waiting,
        history,
        shell,
    })
}

fn source(shell: &Shell, stand: &Stand) -> String {
    match (stand.source, &stand.in_force) {
        (Source::Budget, Some(own)) => words::setting(shell, &own.setting),
        (Source::Manual, Some(own)) => {
            shell.t1("policy-source-manual", "day", shell.day(own.changed_at))
        }
        (_, Some(_)) => shell.t("policy-source-other-model"),
        (_, None) => shell.t("policy-source-suggested"),
    }
}

fn facts(shell: &Shell, stand: &Stand) -> Vec<Fact> {
    let fact = |key: &str, value: String, note: String| Fact {
        name: shell.t(key),
        value,
        note,
    };
    let e = &stand.expected;
    let mut out = Vec::new();
    if let Some(shift) = e.per_shift {
        out.push(fact("policy-per-shift", words::with_interval(shell, shift), String::new()));
    }
    if let Some(day) = e.per_day {
        out.push(fact("policy-per-day", words::with_interval(shell, day), String::new()));
    }
    if let Some(chance) = e.per_passer_by {
        let note = words::standing(shell, chance.standing);
        out.push(fact("policy-chance", words::one_in(shell, chance.value), note));
    } else {
        out.push(fact("policy-chance", "–".into(), shell.t("policy-no-calibration")));
    }
    match e.miss {
        Some(miss) => {
            let note = match miss.standing {
                Standing::Beyond => shell.t("policy-miss-beyond"),
                _ => String::new(),
            };
            out.push(fact("policy-miss", words::share_interval(shell, miss), note));
        }
        None => out.push(fact("policy-miss", "–".into(), shell.t("policy-miss-unknown"))),
    }
    let size = shell.t2(
        "policy-size-for",
        ("n", &shell.number(stand.templates)),
        ("planned", &shell.number(stand.planned_for)),
    );
    out.push(fact("policy-size", shell.number(stand.templates), size));
    out
}

fn threshold_rows(shell: &Shell, thresholds: &[Threshold]) -> Vec<ThresholdRow> {
    let row = |list: ListKind| {
        let own = thresholds.iter().find(|t| t.list == list);
        let text = |value: Option<f32>| value.map(|v| format!("{v:.4}")).unwrap_or_default();
        let shown =
            |value: Option<f32>| value.map_or("–".into(), |v| words::score(shell.lang, v));
        ThresholdRow {
            code: list.name(),
            name: shell.word("list", list.name()),
            possible: text(own.map(|t| t.possible)),
            strong: text(own.map(|t| t.strong)),
            possible_shown: shown(own.map(|t| t.possible)),
            strong_shown: shown(own.map(|t| t.strong)),
        }
    };
    ListKind::ALL.into_iter().map(row).collect()
}

fn drawing(
    state: &AppState,
    shell: &Shell,
    stand: &Stand,
    budget: Option<&Budget>,
) -> Option<Drawing> {
    let calibration = &state.config.model.calibration;
    let n = stand.planned_for;
    let chart = chart::chart(calibration, n, stand.lowest, budget)?;
    let label = |at: i64, text: String| Label { at, text };
    let rows = calibration.points.iter().map(|point| {
        let chance = calibration.fpir(point.score, n).map_or(0.0, |e| e.value);
        let miss = calibration.miss(point.score);
        [
            words::score(shell.lang, point.score),
            words::one_in(shell, chance),
            miss.map_or("–".into(), |miss| words::share(shell.lang, miss.value)),
        ]
    });
    let ticks = chart.ticks.iter();
    let scores = chart.scores.iter();
    let shares = chart.misses.iter().flat_map(|misses| &misses.ticks);
    Some(Drawing {
        ticks: ticks
            .map(|t| label(t.at, words::one_in(shell, t.value)))
            .collect(),
        scores: scores
            .map(|t| label(t.at, words::score(shell.lang, ((t.value * 1e3).round() / 1e3) as f32)))
            .collect(),
        shares: shares
            .map(|t| label(t.at, words::share(shell.lang, t.value)))
            .collect(),
        chosen: stand
            .lowest
            .map(|score| shell.t1("policy-chart-chosen", "score", words::score(shell.lang, score)))
            .unwrap_or_default(),
        budget: budget
            .map(|budget| shell.t1("policy-chart-budget", "one", words::one_in(shell, budget.fpir())))
            .unwrap_or_default(),
        rows: rows.collect(),
        caption: shell.t2(
            "policy-chart-caption",
            ("n", &shell.number(n)),
            ("model", &state.config.model.pack),
        ),
        note: calibration.note.clone(),
        chart,
    })
}

fn preview_block(shell: &Shell, tried: &Preview) -> PreviewBlock {
    let figure = |value: f64| words::figure(shell.lang, value);
    let mut facts = Vec::new();
    if let Some(plan) = &tried.plan {
        let mut add = |key: &str, value: String, note: String| {
            facts.push(Fact {
                name: shell.t(key),
                value,
                note,
            });
        };
        let possible = words::score(shell.lang, plan.possible);
        add("policy-threshold", possible, words::standing(shell, plan.per_passer_by.standing));
        let strong = words::score(shell.lang, plan.strong);
        add("policy-threshold-strong", strong, words::strong(shell, plan.strong_is));
        let none = String::new;
        add("policy-per-shift", words::with_interval(shell, plan.per_shift), none());
        add("policy-per-day", words::with_interval(shell, plan.per_day), none());
        add("policy-chance", words::one_in(shell, plan.per_passer_by.value), none());
        match plan.miss {
            Some(miss) => add("policy-miss", words::share_interval(shell, miss), none()),
            None => add("policy-miss", "–".into(), shell.t("policy-miss-unknown")),
        }
    }
    let row = |growth: &view::Growth| GrowthRow {
        templates: shell.number(growth.templates),
        possible: growth.possible.map_or_else(
            || shell.t("policy-growth-unreachable"),
            |score| words::score(shell.lang, score),
        ),
        per_day: growth.per_day.map_or("–".into(), |e| figure(e.value)),
        miss: growth
            .miss
            .map_or("–".into(), |e| words::share(shell.lang, e.value)),
    };
    PreviewBlock {
        reachable: tried.reachable,
        refused: match tried.plan {
            Some(_) => shell.t("policy-unreachable"),
            None => shell.t("policy-no-calibration"),
        },
        smallest: tried
            .smallest_per_day
            .map(|x| {
                // Rounded up: the number told must itself be reachable.
                let up = words::figure(shell.lang, x * 1.05);
                shell.t2(
                    "policy-smallest",
                    ("x", &up),
                    ("y", &shell.number(tried.budget.passers_by_per_day)),
                )
            })
            .unwrap_or_default(),
        could: match tried.could.as_slice() {
            [] => shell.t("policy-could-none"),
            packs => shell.t1("policy-could", "packs", packs.join(", ")),
        },
        has_miss: tried.growth.iter().any(|growth| growth.miss.is_some()),
        growth: tried.growth.iter().map(row).collect(),
        facts,
    }
}

fn side(
    state: &AppState,
    shell: &Shell,
    setting: String,
    thresholds: &[Threshold],
    n: u64,
    budget: Option<&Budget>,
) -> Side {
    let none = || "–".to_owned();
    let low = lowest(thresholds, &[]);
    let strong = thresholds.iter().map(|t| t.strong).min_by(f32::total_cmp);
    let (chance, miss) = low.map_or((None, None), |score| at_score(state, score, n));
    Side {
        setting,
        possible: low.map_or_else(none, |v| words::score(shell.lang, v)),
        strong: strong.map_or_else(none, |v| words::score(shell.lang, v)),
        per_day: chance
            .zip(budget)
            .map_or_else(none, |(c, b)| words::with_interval(shell, b.per_day(c))),
        chance: chance.map_or_else(none, |c| words::one_in(shell, c.value)),
        miss: miss.map_or_else(none, |m| words::share_interval(shell, m)),
    }
}

fn waits(
    state: &AppState,
    shell: &Shell,
    visit: &Visit,
    stand: &Stand,
    proposal: &Proposal,
    names: &Names,
) -> Waiting {
    let now = figures(state, &proposal.setting, stand.templates);
    let of = |setting: &Setting| match setting {
        Setting::Budget(budget) => Some(*budget),
        Setting::Manual { .. } => None,
    };
    let proposed = of(&proposal.setting);
    // Both sides are told for the same passers-by, so that they can be compared.
    let people = proposed.or(stand.in_force.as_ref().and_then(|own| of(&own.setting)));
    let moved = !now.same_effect(&proposal.shown);
    Waiting {
        id: proposal.id.to_string(),
        who: names.of(proposal.proposed_by, shell),
        when: shell.full(&proposal.proposed_at),
        reason: proposal.reason.clone(),
        own: proposal.proposed_by == Some(visit.session.account),
        seen: mark(&now),
        now: side(
            state,
            shell,
            source(shell, stand),
            &stand.thresholds,
            stand.planned_for,
            people.as_ref(),
        ),
        then: side(
            state,
            shell,
            words::setting(shell, &proposal.setting),
            &now.thresholds,
            now.planned_for,
            people.as_ref(),
        ),
        moved: if moved {
            shell.t2(
                "policy-moved",
                ("then", &shell.number(proposal.shown.planned_for)),
                ("now", &shell.number(now.planned_for)),
            )
        } else {
            String::new()
        },
        unreachable: if now.kept {
            String::new()
        } else {
            shell.t("policy-unreachable-now")
        },
    }
}

/// Names of the people in the history.
struct Names(HashMap<AccountId, String>);

impl Names {
    async fn read(state: &AppState, proposals: &[Proposal]) -> ApiResult<Self> {
        let mut names = HashMap::new();
        for proposal in proposals {
            for id in [proposal.proposed_by, proposal.decided_by] {
                let Some(id) = id.filter(|id| !names.contains_key(id)) else {
                    continue;
                };
                names.insert(id, tapal_store::account::get(&state.db, id).await?.display_name);
            }
        }
        Ok(Self(names))
    }

    fn of(&self, id: Option<AccountId>, shell: &Shell) -> String {
        id.and_then(|id| self.0.get(&id).cloned())
            .unwrap_or_else(|| shell.t("policy-machine"))
    }
}

/// The audit record of the policy in words, newest first.
async fn happened(
    state: &AppState,
    shell: &Shell,
    site: SiteId,
    proposals: &[Proposal],
    names: &Names,
) -> ApiResult<Vec<Happened>> {
    let subject = format!("policy:{site}");
    let rows = tapal_store::audit::list(&state.db, None, Some(&subject), 30).await?;
    let one = |row: &tapal_store::audit::Recorded| {
        let detail: serde_json::Value = serde_json::from_str(&row.detail).unwrap_or_default();
        let proposal = detail["proposal"].as_str().and_then(|id| id.parse().ok());
        let proposal = proposals.iter().find(|p| Some(p.id) == proposal);
        let who = row
            .actor
            .strip_prefix("account:")
            .and_then(|id| id.parse().ok());
        let (tone, icon) = match row.action.as_str() {
            "policy.approved" | "policy.set_up" => (Tone::Green, "circle-check"),
            "policy.rejected" | "policy.withdrawn" => (Tone::Grey, "circle-x"),
            "policy.refused" => (Tone::Amber, "shield-alert"),
            "policy.recomputed" => (recomputed_tone(&detail), "refresh-cw"),
            _ => (Tone::Grey, "scale"),
        };
        Happened {
            when: shell.full(&row.at),
            who: names.of(who, shell),
            what: shell.word("policy-did", row.action.trim_start_matches("policy.")),
            tone,
            icon,
            more: more(shell, &detail),
            reason: match (row.action.as_str(), proposal) {
                ("policy.proposed", Some(p)) => p.reason.clone(),
                ("policy.approved" | "policy.rejected" | "policy.withdrawn", Some(p)) => {
                    p.decision_reason.clone().unwrap_or_default()
                }
                _ => String::new(),
            },
        }
    };
    Ok(rows.iter().map(one).collect())
}

fn recomputed_tone(detail: &serde_json::Value) -> Tone {
    match detail["after"]["kept"].as_bool() {
        Some(false) => Tone::Amber,
        _ => Tone::Grey,
    }
}

fn more(shell: &Shell, detail: &serde_json::Value) -> String {
    let figures = |value: &serde_json::Value| serde_json::from_value::<Figures>(value.clone()).ok();
    let lowest = |f: &Figures| {
        lowest(&f.thresholds, &[]).map_or("–".into(), |score| words::score(shell.lang, score))
    };
    if let (Some(before), Some(after)) = (figures(&detail["before"]), figures(&detail["after"])) {
        return words::say(
            shell,
            "policy-recomputed-more",
            &[
                ("n0", &shell.number(before.templates)),
                ("n1", &shell.number(after.templates)),
                ("t0", &lowest(&before)),
                ("t1", &lowest(&after)),
            ],
        );
    }
    let setting = serde_json::from_value::<Setting>(detail["setting"].clone()).ok();
    let at = figures(&detail["figures"]).or(figures(&detail["shown"]));
    match (setting, at) {
        (Some(setting), Some(figures)) => words::say(
            shell,
            "policy-set-more",
            &[
                ("setting", &words::setting(shell, &setting)),
                ("score", &lowest(&figures)),
                ("n", &shell.number(figures.planned_for)),
            ],
        ),
        _ => String::new(),
    }
}

/// Fields of a form by name.
type Fields = HashMap<String, String>;

fn field<'a>(form: &'a Fields, name: &str) -> &'a str {
    form.get(name).map_or("", |text| text.trim())
}

fn setting(form: &Fields) -> ApiResult<Setting> {
    if field(form, "kind") != "manual" {
        let wrong = || ApiError::invalid("bad_budget", "a number of the budget cannot be read");
        return budget_of(&typed(form, None)).map(Setting::Budget).ok_or_else(wrong);
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
    after(&state, &visit, site, done, outcome.map(|_| ()), &Fields::new()).await
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
            show_as(error.http, page(state, visit, id, Some(notice), form).await?)
        }
        Err(error) => Err(error),
    }
}
