//! `/rule-packs` and `/rule-packs/{id}`: the law's data, what is proposed beside what is in place, and the decision.
//! Must not judge a pack.

use std::collections::HashMap;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use similar::{ChangeTag, TextDiff};
use tapal_domain::{
    id::ProposalId,
    policy::Decision,
    role::Permission,
    rule_pack::{self, Pack, Term},
};
use tapal_store::rule_pack::{self as stored, Proposal};

use super::{RulePackDecisionInput, RulePackInput, decide_by, propose_by, sources, text_of};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
    extract::At,
    order::{page::day_of, today},
    state::AppState,
};

struct Row {
    id: String,
    title: String,
    from: String,
    read: String,
    state: String,
    tone: Tone,
}

/// A line of a change: `+`, `-` or a blank.
struct Line {
    sign: &'static str,
    text: String,
}

struct Waiting {
    id: String,
    pack: String,
    who: String,
    when: String,
    reason: String,
    lines: Vec<Line>,
    own: bool,
}

struct Past {
    pack: String,
    what: String,
    when: String,
    who: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "rule_pack/list.html")]
struct ListPage {
    shell: Shell,
    notice: Option<Notice>,
    rows: Vec<Row>,
    waiting: Vec<Waiting>,
    past: Vec<Past>,
    may_edit: bool,
}

/// One kind of order in words.
struct Kind {
    name: String,
    first: String,
    extension: String,
    who: String,
    law: String,
    read: bool,
}

#[derive(Template)]
#[template(path = "rule_pack/page.html")]
struct PackPage {
    shell: Shell,
    notice: Option<Notice>,
    id: String,
    title: String,
    from: String,
    read: String,
    kinds: Vec<Kind>,
    reasons: Vec<(String, String)>,
    may_edit: bool,
    text: String,
    reason: String,
}

fn read_of(shell: &Shell, pack: &Pack) -> String {
    let all = sources(pack);
    let read = all.iter().filter(|source| source.verified).count();
    shell.t2("rule-pack-read", ("n", &read), ("all", &all.len()))
}

/// `GET /rule-packs`.
pub async fn list(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let notice = visit.done();
    show(list_page(&state, &visit, notice).await?)
}

async fn list_page(state: &AppState, visit: &Visit, notice: Option<Notice>) -> ApiResult<ListPage> {
    let shell = visit.shell("rule-packs");
    let now = rule_pack::pack_for(today(shell.now)).map(|pack| pack.id.clone());
    let row = |pack: &Pack| {
        let (key, tone) = match (
            Some(&pack.id) == now.as_ref(),
            pack.effective_from > today(shell.now),
        ) {
            (true, _) => ("rule-pack-now", Tone::Green),
            (false, true) => ("rule-pack-later", Tone::Amber),
            (false, false) => ("rule-pack-before", Tone::Grey),
        };
        Row {
            id: pack.id.clone(),
            title: pack.title.clone(),
            from: day_of(&shell, pack.effective_from),
            read: read_of(&shell, pack),
            state: shell.t(key),
            tone,
        }
    };
    let rows = rule_pack::all().iter().map(row).collect();
    let (mut waiting, mut past) = (Vec::new(), Vec::new());
    for one in stored::list(&state.db).await? {
        match one.decision {
            None => waiting.push(waits(state, visit, &shell, one).await?),
            Some(decision) => past.push(Past {
                what: shell.word("rule-pack-decision", decision.name()),
                when: one.decided_at.map_or(String::new(), |at| shell.full(&at)),
                who: name(state, one.decided_by).await?,
                reason: one.decision_reason.unwrap_or_default(),
                pack: one.pack,
            }),
        }
    }
    Ok(ListPage {
        notice,
        rows,
        waiting,
        past,
        may_edit: visit.session.may(Permission::EditRules),
        shell,
    })
}

async fn name(state: &AppState, account: Option<tapal_domain::id::AccountId>) -> ApiResult<String> {
    Ok(match account {
        Some(id) => tapal_store::account::get(&state.db, id).await?.display_name,
        None => String::new(),
    })
}

async fn waits(
    state: &AppState,
    visit: &Visit,
    shell: &Shell,
    one: Proposal,
) -> ApiResult<Waiting> {
    let before = text_of(state, &one.pack).await?;
    Ok(Waiting {
        id: one.id.to_string(),
        who: name(state, Some(one.proposed_by)).await?,
        when: shell.full(&one.proposed_at),
        reason: one.reason,
        lines: lines(&before, &one.text),
        own: one.proposed_by == visit.session.account,
        pack: one.pack,
    })
}

/// What changes, with three lines around it.
fn lines(before: &str, after: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(before, after);
    let mut all = Vec::new();
    for (at, group) in diff.grouped_ops(3).iter().enumerate() {
        if at > 0 {
            all.push(Line {
                sign: "…",
                text: String::new(),
            });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            all.push(Line {
                sign: match change.tag() {
                    ChangeTag::Delete => "−",
                    ChangeTag::Insert => "+",
                    ChangeTag::Equal => "",
                },
                text: change.value().trim_end().to_owned(),
            });
        }
    }
    all
}

fn term(shell: &Shell, term: Term) -> String {
    match term {
        Term::Months(n) => shell.t1("rule-pack-months", "n", n),
        Term::Days(n) => shell.t1("rule-pack-days", "n", n),
    }
}

/// `GET /rule-packs/{id}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    let text = text_of(&state, &id).await?;
    show(pack_page(&visit, &id, None, (text, String::new()))?)
}

fn pack_page(
    visit: &Visit,
    id: &str,
    notice: Option<Notice>,
    (text, reason): (String, String),
) -> ApiResult<PackPage> {
    let shell = visit.shell("rule-packs");
    let pack = rule_pack::by_id(id).ok_or_else(ApiError::not_found)?;
    let kinds = pack.kinds.iter().map(|(kind, rules)| {
        let who: Vec<String> = rules
            .requesters
            .iter()
            .map(|agency| shell.word("agency", agency.name()))
            .collect();
        let extension = rules.extension.as_ref().map(|more| {
            let most = term(&shell, more.most);
            match more.times {
                Some(times) => shell.t2("rule-pack-times", ("most", &most), ("times", &times)),
                None => shell.t1("rule-pack-often", "most", most),
            }
        });
        Kind {
            name: shell.word("order-kind", kind.name()),
            first: term(&shell, rules.first),
            extension: extension.unwrap_or_else(|| shell.t("rule-pack-no-extension")),
            who: who.join(", "),
            law: rules.source.citation.clone(),
            read: rules.source.verified,
        }
    });
    let kinds = kinds.collect();
    let reason_of = |one: &rule_pack::Reason| {
        let kinds = one
            .kinds
            .iter()
            .map(|kind| shell.word("order-kind", kind.name()));
        (
            shell.word("order-reason", &one.code),
            kinds.collect::<Vec<_>>().join(", "),
        )
    };
    Ok(PackPage {
        notice,
        id: pack.id.clone(),
        title: pack.title.clone(),
        from: day_of(&shell, pack.effective_from),
        read: read_of(&shell, pack),
        kinds,
        reasons: pack.reasons.iter().map(reason_of).collect(),
        may_edit: visit.session.may(Permission::EditRules),
        text,
        reason,
        shell,
    })
}

/// `POST /rule-packs/{id}`: proposes the text of the form.
pub async fn propose(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> ApiResult<Response> {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let input = RulePackInput {
        // A browser sends CRLF; the pack in place has LF.
        text: field("text").replace("\r\n", "\n"),
        reason: field("reason"),
    };
    let typed = (input.text.clone(), input.reason.clone());
    match propose_by(&state, &visit.session, input).await {
        Ok(_) => see_other("/rule-packs?done=proposed"),
        Err(error) if failure::is_mendable(&error) => {
            let shell = visit.shell("rule-packs");
            let mut notice = failure::problem(&shell, &error);
            notice.text = error.message.clone();
            show_as(error.http, pack_page(&visit, &id, Some(notice), typed)?)
        }
        Err(error) => Err(error),
    }
}

/// `POST /rule-packs/proposals/{id}/decision`.
pub async fn decide(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<ProposalId>,
    Form(form): Form<HashMap<String, String>>,
) -> ApiResult<Response> {
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let decision = [Decision::Approve, Decision::Reject, Decision::Withdraw]
        .into_iter()
        .find(|decision| decision.name() == field("decision"))
        .ok_or_else(|| ApiError::invalid("bad_form", "choose what to decide"))?;
    let input = RulePackDecisionInput {
        decision,
        reason: field("reason"),
    };
    match decide_by(&state, &visit.session, id, input).await {
        Ok(()) => see_other("/rule-packs?done=decided"),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("rule-packs"), &error);
            show_as(error.http, list_page(&state, &visit, Some(notice)).await?)
        }
        Err(error) => Err(error),
    }
}
