//! `/sites/{id}/groups`: the labels in force, a set that waits, counts of passers-by; and the form on an alert's page.
//! Must not check a field itself: the functions of the API do.

use std::collections::HashMap;

use askama::Template;
use axum::{Form, extract::State, response::Response};
use tapal_domain::{
    group::LabelSet,
    id::{AlertId, ProposalId, SiteId},
    policy::Decision,
    role::Permission,
};
use tapal_store::{
    account,
    group::{self, GroupSet},
};

use super::{DayCount, DecisionInput, proposal, record, view};
use crate::{
    console::{Notice, Shell, Visit, failure, see_other, show, visit::show_as, when::Zone},
    error::{ApiError, ApiResult},
    extract::At,
    state::AppState,
};

/// A set in words.
struct Sheet {
    id: String,
    labels: Vec<String>,
    ground: String,
    who: String,
    own: bool,
}

struct CountRow {
    day: String,
    label: String,
    passers_by: String,
}

#[derive(Template)]
#[template(path = "group/page.html")]
struct GroupsPage {
    shell: Shell,
    notice: Option<Notice>,
    site_id: String,
    site_name: String,
    in_force: Option<Sheet>,
    waiting: Option<Sheet>,
    counts: Vec<CountRow>,
    today: String,
    may_edit: bool,
    may_count: bool,
    typed: Fields,
}

impl GroupsPage {
    /// What came back with a form that was refused.
    fn typed(&self, name: &str) -> &str {
        field(&self.typed, name)
    }
}

/// Fields of a form by name.
type Fields = HashMap<String, String>;

fn field<'a>(form: &'a Fields, name: &str) -> &'a str {
    form.get(name).map_or("", |text| text.trim())
}

async fn sheet(state: &AppState, shell: &Shell, visit: &Visit, set: GroupSet) -> ApiResult<Sheet> {
    let proposer = account::get(&state.db, set.proposed_by).await?.display_name;
    let decider = match set.decided_by {
        Some(id) => Some(account::get(&state.db, id).await?.display_name),
        None => None,
    };
    let who = match (decider, set.decided_at) {
        (Some(decider), Some(at)) => {
            let values: [(&str, &dyn std::fmt::Display); 3] = [
                ("proposer", &proposer),
                ("decider", &decider),
                ("when", &shell.day(at)),
            ];
            crate::console::words::text(shell.lang, "group-decided-by", &values)
        }
        _ => shell.t2(
            "group-proposed-by",
            ("proposer", &proposer),
            ("when", &shell.day(set.proposed_at)),
        ),
    };
    Ok(Sheet {
        id: set.id.to_string(),
        labels: set.set.labels,
        ground: set.set.legal_ground,
        who,
        own: set.proposed_by == visit.session.account,
    })
}

async fn page(
    state: &AppState,
    visit: &Visit,
    id: SiteId,
    notice: Option<Notice>,
    typed: Fields,
) -> ApiResult<GroupsPage> {
    let found = view(state, &visit.session, id).await?;
    let site = tapal_store::site::get(&state.db, id).await?;
    let mut shell = visit.shell("sites");
    shell.zone = Zone(site.utc_offset_minutes);
    let in_force = match found.in_force {
        Some(set) => Some(sheet(state, &shell, visit, set).await?),
        None => None,
    };
    let waiting = match found.waiting {
        Some(set) => Some(sheet(state, &shell, visit, set).await?),
        None => None,
    };
    let row = |own: DayCount| CountRow {
        passers_by: shell.number(own.passers_by),
        day: own.day,
        label: own.label,
    };
    Ok(GroupsPage {
        notice,
        site_id: id.to_string(),
        site_name: site.name,
        in_force,
        waiting,
        counts: found.counts.into_iter().map(row).collect(),
        today: shell.zone.iso_day(shell.now),
        may_edit: visit.session.may(Permission::EditSites),
        may_count: visit.session.may(Permission::CountPassersBy),
        typed,
        shell,
    })
}

/// `GET /sites/{id}/groups`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
) -> ApiResult<Response> {
    show(page(&state, &visit, id, visit.done(), Fields::new()).await?)
}

/// `POST /sites/{id}/groups/proposals`: one label a line.
pub async fn propose(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    let lines = field(&form, "labels").lines().map(str::trim);
    let set = LabelSet {
        labels: lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect(),
        legal_ground: field(&form, "legal_ground").to_owned(),
    };
    let outcome = proposal::propose_by(&state, &visit.session, id, set).await;
    after(
        &state,
        &visit,
        id,
        "group-proposed",
        outcome.map(|_| ()),
        form,
    )
    .await
}

/// `POST /groups/proposals/{id}/decision`.
pub async fn decide(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<ProposalId>,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    let site = group::get(&state.db, id).await?.site;
    let (decision, done) = match field(&form, "decision") {
        "approve" => (Decision::Approve, "group-approved"),
        "withdraw" => (Decision::Withdraw, "group-decided"),
        _ => (Decision::Reject, "group-decided"),
    };
    let input = DecisionInput {
        decision,
        reason: field(&form, "reason").to_owned(),
    };
    let outcome = proposal::decide_by(&state, &visit.session, id, input).await;
    after(&state, &visit, site, done, outcome.map(|_| ()), form).await
}

/// `POST /sites/{id}/groups/end`.
pub async fn end(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
) -> ApiResult<Response> {
    let outcome = proposal::end_by(&state, &visit.session, id).await;
    after(&state, &visit, id, "group-ended", outcome, Fields::new()).await
}

/// `POST /sites/{id}/groups/counts`.
pub async fn count(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<SiteId>,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    let outcome = match field(&form, "passers_by").parse() {
        Ok(passers_by) => {
            let input = DayCount {
                day: field(&form, "day").to_owned(),
                label: field(&form, "label").to_owned(),
                passers_by,
            };
            record::count_by(&state, &visit.session, id, input).await
        }
        Err(_) => Err(ApiError::invalid(
            "bad_form",
            "the number of passers-by is a whole number",
        )),
    };
    after(&state, &visit, id, "group-counted", outcome, form).await
}

/// `POST /alerts/{id}/group`.
pub async fn label(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<AlertId>,
    Form(form): Form<Fields>,
) -> ApiResult<Response> {
    match record::label_by(&state, &visit.session, id, field(&form, "label")).await {
        Ok(()) => see_other(format!("/alerts/{id}")),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("alerts"), &error);
            let page = crate::alert::page::with_notice(&state, &visit, id, notice).await?;
            show_as(error.http, page)
        }
        Err(error) => Err(error),
    }
}

async fn after(
    state: &AppState,
    visit: &Visit,
    id: SiteId,
    done: &str,
    outcome: ApiResult<()>,
    form: Fields,
) -> ApiResult<Response> {
    match outcome {
        Ok(()) => see_other(format!("/sites/{id}/groups?done={done}")),
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
