//! `/standbys`: standby servers, how they stand, announcing and retiring; what was found when their records came in. An
//! enrolment token is in one reply only. Must not show it twice, nor name a person.

use std::collections::HashMap;

use askama::Template;
use axum::{Form, extract::State, response::Response};
use tapal_domain::{
    id::{AccountId, FindingId, SiteId, StandbyId},
    role::Permission,
    standby::{AGED_MS, LIMIT_MS, Noun},
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};
use tapal_store::standby::{self, Standby, finding, finding::StandbyFinding};

use super::api::{NewStandby, announce, retire_by, settle_by};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
    extract::At,
    state::AppState,
};

struct Row {
    id: String,
    name: String,
    site: String,
    state: String,
    tone: Tone,
    icon: &'static str,
    age: String,
    /// Minutes of [`LIMIT_MS`], as far as the bar goes; `None` where there are no copies.
    minutes: Option<i64>,
    waiting: String,
    may_retire: bool,
}

struct Found {
    n: usize,
    id: String,
    title: String,
    tone: Tone,
    icon: &'static str,
    when: String,
    site: String,
    by: String,
    why: String,
    lists: String,
    reasons: Vec<String>,
    orders: Vec<String>,
    link: String,
    link_text: String,
    /// Where what was kept can be read; empty where nothing was, or for whom it is not.
    content: String,
    settled: String,
    reason: String,
    may_settle: bool,
}

struct Choice {
    code: String,
    name: String,
}

#[derive(Template)]
#[template(path = "standby/list.html")]
struct StandbysPage {
    shell: Shell,
    notice: Option<Notice>,
    secret: String,
    rows: Vec<Row>,
    sites: Vec<Choice>,
    found: Option<Vec<Found>>,
    may_edit: bool,
    limit_minutes: i64,
}

/// `GET /standbys`.
pub async fn list(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let notice = visit.done();
    show(page(&state, &visit, notice, String::new()).await?)
}

async fn page(
    state: &AppState,
    visit: &Visit,
    notice: Option<Notice>,
    secret: String,
) -> ApiResult<StandbysPage> {
    // A page with a token on it must not fetch itself anew: the token would vanish.
    let mut shell = match secret.is_empty() {
        true => visit.polling("standbys", 5_000),
        false => visit.shell("standbys"),
    };
    if !secret.is_empty() {
        shell.after = None;
    }
    shell.path = "/standbys".into();
    let session = &visit.session;
    let sites = crate::site::visible(state, session).await?;
    let may_edit = session.may(Permission::EditEdges);
    let name = |id: SiteId| {
        let site = sites.iter().find(|site| site.id == id);
        site.map(|site| site.name.clone()).unwrap_or_default()
    };
    let all = standby::list(&state.db, session.site).await?;
    let rows = all
        .iter()
        .rev()
        .map(|one| row(&shell, name(one.site), one, may_edit));
    let rows = rows.collect();
    let found = match session.may(Permission::ReadCrossings) {
        true => Some(findings(state, visit, &shell, name).await?),
        false => None,
    };
    let free = |site: &&tapal_store::site::Site| {
        let own = |one: &&Standby| one.site == site.id && one.retired_at.is_none();
        site.kind == tapal_domain::site::SiteKind::Checkpoint && !all.iter().any(|one| own(&one))
    };
    Ok(StandbysPage {
        notice,
        secret,
        rows,
        sites: sites
            .iter()
            .filter(free)
            .map(|site| Choice {
                code: site.id.to_string(),
                name: site.name.clone(),
            })
            .collect(),
        found,
        may_edit,
        limit_minutes: LIMIT_MS / MINUTE_MS,
        shell,
    })
}

/// `3 days`, `5 hours` or `12 minutes`, rounded down.
fn span(shell: &Shell, ms: i64) -> String {
    match ms {
        DAY_MS.. => shell.t1("span-days", "n", ms / DAY_MS),
        HOUR_MS.. => shell.t1("span-hours", "n", ms / HOUR_MS),
        _ => shell.t1("span-minutes", "n", ms.max(0) / MINUTE_MS),
    }
}

fn row(shell: &Shell, site: String, one: &Standby, may_edit: bool) -> Row {
    let age_ms = one.heard_at.map(|at| shell.now.since_ms(at));
    let silent = age_ms.is_none_or(|ms| ms > AGED_MS);
    let (state, tone, icon) = match (one.retired_at, one.enrolled_at, one.heard_at) {
        (Some(_), ..) => (shell.t("standby-retired"), Tone::Grey, "archive"),
        (None, None, _) => (shell.t("standby-waiting"), Tone::Amber, "hourglass"),
        (None, Some(_), None) => (shell.t("standby-never"), Tone::Amber, "hourglass"),
        (None, Some(_), Some(at)) if silent => {
            let text = shell.t1("standby-silent", "at", shell.full(&at));
            (text, Tone::Red, "wifi-off")
        }
        _ => match one.alone_since {
            Some(since) => {
                let text = shell.t1("standby-alone", "at", shell.full(&since));
                (text, Tone::Amber, "plug")
            }
            None => (shell.t("standby-hands-on"), Tone::Green, "circle-check"),
        },
    };
    let live = age_ms.filter(|_| one.retired_at.is_none());
    Row {
        id: one.id.to_string(),
        name: one.name.clone(),
        site,
        state,
        tone,
        icon,
        age: match live {
            Some(ms) if ms < MINUTE_MS => shell.t("standby-age-now"),
            Some(ms) => span(shell, ms),
            None => "–".into(),
        },
        minutes: live.map(|ms| ms.clamp(0, LIMIT_MS) / MINUTE_MS),
        waiting: shell.number(one.waiting.max(0) as u64),
        may_retire: may_edit && one.retired_at.is_none(),
    }
}

async fn findings(
    state: &AppState,
    visit: &Visit,
    shell: &Shell,
    name: impl Fn(SiteId) -> String,
) -> ApiResult<Vec<Found>> {
    let all = finding::findings(&state.db, visit.session.site, 200).await?;
    let accounts = tapal_store::account::list(&state.db, "", 10_000).await?;
    let people = |ids: &[AccountId]| {
        let names = ids.iter().map(|id| {
            let account = accounts.iter().find(|account| account.id == *id);
            account.map_or_else(|| "–".into(), |account| account.display_name.clone())
        });
        names.collect::<Vec<String>>().join(", ")
    };
    let session = &visit.session;
    let one = |(n, found): (usize, &StandbyFinding)| {
        let by = found.by();
        let open = found.settled_at.is_none();
        let (tone, icon) = match open {
            true => (Tone::Amber, "triangle-alert"),
            false => (Tone::Grey, "check"),
        };
        let (link, link_text) = link(shell, found);
        let settled = match (found.settled_at, found.settled_by) {
            (Some(at), Some(who)) => shell.t2(
                "standby-settled-by",
                ("who", &people(&[who])),
                ("at", &shell.full(&at)),
            ),
            _ => String::new(),
        };
        Found {
            n,
            id: found.id.to_string(),
            title: shell.word("standby-kind", found.kind.name()),
            tone,
            icon,
            when: shell.full(&found.found_at),
            site: name(found.site),
            by: people(&by),
            why: shell.word("standby-why", found.kind.name()),
            lists: lists(shell, found),
            reasons: found
                .reasons()
                .iter()
                .map(|code| shell.word("standby-reason", code))
                .collect(),
            orders: orders(found),
            link,
            link_text,
            content: match found.kept && session.may(Permission::SettleFindings) {
                true => format!("/api/v1/standbys/findings/{}/content", found.id),
                false => String::new(),
            },
            settled,
            reason: found.reason.clone().unwrap_or_default(),
            may_settle: open
                && session.may(Permission::SettleFindings)
                && !by.contains(&session.account),
        }
    };
    Ok(all.iter().enumerate().map(one).collect())
}

fn texts<'a>(found: &'a StandbyFinding, key: &str) -> Vec<&'a str> {
    let all = found.detail[key].as_array().into_iter().flatten();
    all.filter_map(|one| one.as_str()).collect()
}

fn lists(shell: &Shell, found: &StandbyFinding) -> String {
    let words = texts(found, "subjects");
    let words = words
        .iter()
        .map(|code| shell.word("crossing-subject", code));
    words.collect::<Vec<String>>().join(", ")
}

fn orders(found: &StandbyFinding) -> Vec<String> {
    let all = texts(found, "orders");
    all.iter().map(|id| (*id).to_owned()).collect()
}

/// The page of what a finding is about, where it has one at the centre.
fn link(shell: &Shell, found: &StandbyFinding) -> (String, String) {
    let (path, of) = match found.noun {
        Noun::Crossing
            if !found.kept || found.kind == tapal_domain::standby::FindingKind::Differs =>
        {
            ("crossings", found.of.clone())
        }
        Noun::Holder => match found.detail["crossing"].as_str() {
            Some(crossing) => ("crossings", crossing.to_owned()),
            None => return (String::new(), String::new()),
        },
        Noun::Case if found.kind == tapal_domain::standby::FindingKind::Diverged => {
            ("second-line", found.of.clone())
        }
        Noun::Alert if found.kind == tapal_domain::standby::FindingKind::Diverged => {
            ("alerts", found.of.clone())
        }
        _ => return (String::new(), String::new()),
    };
    let text = shell.word("standby-to", path);
    (format!("/{path}/{of}"), text)
}

async fn refused(state: &AppState, visit: &Visit, error: ApiError) -> ApiResult<Response> {
    if !failure::is_mendable(&error) {
        return Err(error);
    }
    let notice = failure::problem(&visit.shell("standbys"), &error);
    show_as(
        error.http,
        page(state, visit, Some(notice), String::new()).await?,
    )
}

fn text<'a>(form: &'a HashMap<String, String>, name: &str) -> &'a str {
    form.get(name).map(|text| text.trim()).unwrap_or_default()
}

/// `POST /standbys`.
pub async fn add(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form<HashMap<String, String>>,
) -> ApiResult<Response> {
    let site = text(&form, "site")
        .parse::<SiteId>()
        .map_err(|_| ApiError::invalid("bad_form", "a field is missing or has the wrong form"));
    let site = match site {
        Ok(site) => site,
        Err(error) => return refused(&state, &visit, error).await,
    };
    let new = NewStandby {
        site,
        name: text(&form, "name").to_owned(),
    };
    match announce(&state, &visit.session, &new).await {
        Ok(announced) => show(page(&state, &visit, None, announced.token).await?),
        Err(error) => refused(&state, &visit, error).await,
    }
}

/// `POST /standbys/{id}/retire`.
pub async fn retire(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<StandbyId>,
) -> ApiResult<Response> {
    retire_by(&state, &visit.session, id).await?;
    see_other("/standbys?done=standby-retired")
}

/// `POST /standbys/findings/{id}/settlement`.
pub async fn settle(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<FindingId>,
    Form(form): Form<HashMap<String, String>>,
) -> ApiResult<Response> {
    match settle_by(&state, &visit.session, id, text(&form, "reason")).await {
        Ok(()) => see_other("/standbys?done=standby-settled"),
        Err(error) => refused(&state, &visit, error).await,
    }
}
