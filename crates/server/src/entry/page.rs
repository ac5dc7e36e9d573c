//! `/entries`, `/entries/new`, `/entries/{id}`: list entries for those who keep them. Looking at names is recorded by
//! the functions called. Must not judge a photograph or an order itself.

use askama::Template;
use axum::{Form, extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use tapal_domain::{entry::ListKind, id::EntryId, role::Permission};
use tapal_store::entry::{PhotoInfo, Recorded};

use super::{EndReason, Wanted, finding, removal};
use crate::{
    alert::panel::{in_groups, or_dash, sex},
    console::{Notice, Shell, Tone, Visit, see_other, show, visit::show_as},
    error::ApiResult,
    extract::{At, Params},
    state::AppState,
};

struct Choice {
    code: &'static str,
    name: String,
    chosen: bool,
}

struct Row {
    id: String,
    name: String,
    list: String,
    nationality: String,
    order: String,
    agency: String,
    in_force: String,
    state: String,
    tone: Tone,
}

#[derive(Template)]
#[template(path = "entry/list.html")]
struct EntriesPage {
    shell: Shell,
    notice: Option<Notice>,
    lists: Vec<Choice>,
    with_ended: bool,
    rows: Vec<Row>,
    older: String,
}

struct PhotoCard {
    src: String,
    label: String,
    quality: String,
}

#[derive(Template)]
#[template(path = "entry/page.html")]
pub(super) struct EntryPage {
    shell: Shell,
    notice: Option<Notice>,
    row: Row,
    birth_date: String,
    sex: String,
    document: String,
    recorded: String,
    ended: String,
    photos: Vec<PhotoCard>,
    reasons: Vec<Choice>,
    may_end: bool,
    held: bool,
    audit: finding::Card,
    removal: removal::Card,
}

/// Filter of the list; empty fields are no filter.
#[derive(Deserialize, Default)]
pub struct Filter {
    #[serde(default)]
    list: String,
    ended: Option<String>,
    before: Option<EntryId>,
}

/// `GET /entries`.
pub async fn list(
    State(state): State<AppState>,
    visit: Visit,
    Params(filter): Params<Filter>,
) -> ApiResult<Response> {
    let shell = visit.shell("entries");
    let list = ListKind::from_name(&filter.list);
    let with_ended = filter.ended.is_some();
    let wanted = Wanted {
        list,
        live: Some(!with_ended),
        before: filter.before,
    };
    let found = super::page(&state, &visit.session, &wanted).await?;
    let older = match found.last() {
        Some(last) if found.len() == 100 => {
            let ended = if with_ended { "&ended=yes" } else { "" };
            format!(
                "/entries?list={}{ended}&before={}",
                list.map_or("", ListKind::name),
                last.entry.id()
            )
        }
        _ => String::new(),
    };
    let unsearched = match super::reenrol::missing(&state).await? {
        0 => None,
        n => Some(Notice::new(
            Tone::Amber,
            shell.t1("entry-unsearched", "n", n as i64),
            shell.t("entry-unsearched-text"),
        )),
    };
    let held = finding::waiting(&state, &shell).await?;
    show(EntriesPage {
        notice: visit.done().or(held).or(unsearched),
        lists: lists(&shell, &filter.list),
        with_ended,
        rows: found.iter().map(|recorded| row(&shell, recorded)).collect(),
        older,
        shell,
    })
}

fn lists(shell: &Shell, chosen: &str) -> Vec<Choice> {
    let choice = |list: ListKind| Choice {
        code: list.name(),
        name: shell.word("list", list.name()),
        chosen: list.name() == chosen,
    };
    ListKind::ALL.into_iter().map(choice).collect()
}

fn row(shell: &Shell, recorded: &Recorded) -> Row {
    let entry = &recorded.entry;
    let (key, tone) = if recorded.ended_at.is_some() || shell.now >= recorded.ends_at {
        ("entry-over", Tone::Grey)
    } else if recorded.held_at.is_some() {
        ("entry-held", Tone::Amber)
    } else if shell.now < recorded.starts_at {
        ("entry-future", Tone::Amber)
    } else {
        ("entry-live", Tone::Green)
    };
    Row {
        id: entry.id().to_string(),
        name: entry.person().full_name.clone(),
        list: shell.word("list", entry.list().name()),
        nationality: entry.person().nationality.clone(),
        order: entry.order_reference().to_owned(),
        agency: shell.word("agency", entry.agency().name()),
        in_force: shell.days(entry.first_day(), entry.last_day()),
        state: shell.t(key),
        tone,
    }
}

/// `GET /entries/{id}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<EntryId>,
) -> ApiResult<Response> {
    let notice = visit.done();
    show(entry(&state, &visit, id, notice).await?)
}

pub(super) async fn entry(
    state: &AppState,
    visit: &Visit,
    id: EntryId,
    notice: Option<Notice>,
) -> ApiResult<EntryPage> {
    let shell = visit.shell("entries");
    let detail = super::detail(state, &visit.session, id).await?;
    let person = detail.recorded.entry.person().clone();
    let photo = |info: &PhotoInfo| PhotoCard {
        src: format!("/api/v1/entries/{id}/portraits/{}", info.n),
        label: shell.t1("entry-photo-alt", "n", info.n + 1),
        quality: format!("{} · {}", info.model_id, shell.day(info.created_at)),
    };
    let ended = detail.recorded.ended_at.map(|at| {
        let reason = detail
            .recorded
            .end_reason
            .as_deref()
            .map(|code| shell.word("end", code))
            .unwrap_or_default();
        format!("{} · {reason}", shell.full(&at))
    });
    let reason = |reason: EndReason| Choice {
        code: reason.name(),
        name: shell.word("end", reason.name()),
        chosen: false,
    };
    let held = detail.recorded.held_at.is_some();
    let audit = finding::card(state, visit, &shell, &detail).await?;
    Ok(EntryPage {
        held,
        audit,
        removal: removal::card(&shell, &detail.removal),
        notice,
        row: row(&shell, &detail.recorded),
        birth_date: or_dash(&person.birth_date),
        sex: sex(&shell, &person.sex),
        document: or_dash(&in_groups(&person.document_number)),
        recorded: shell.full(&detail.recorded.created_at),
        // The portrait of somebody who is not looked for is shown to nobody; who decides about a held one must see it.
        photos: match detail.in_force_now || held {
            true => detail.photo_infos.iter().map(photo).collect(),
            false => Vec::new(),
        },
        reasons: EndReason::ALL.into_iter().map(reason).collect(),
        may_end: visit.session.may(Permission::EndEntries) && ended.is_none(),
        ended: ended.unwrap_or_default(),
        shell,
    })
}

/// The ending form.
#[derive(Deserialize)]
pub struct EndForm {
    reason: String,
    sure: Option<String>,
}

/// `POST /entries/{id}/end`.
pub async fn end(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<EntryId>,
    Form(form): Form<EndForm>,
) -> ApiResult<Response> {
    let reason = EndReason::ALL
        .into_iter()
        .find(|reason| reason.name() == form.reason);
    let Some(reason) = reason.filter(|_| form.sure.is_some()) else {
        let notice = Notice::new(
            Tone::Amber,
            visit.shell("entries").t("problem-not_sure"),
            "",
        );
        return show_as(
            StatusCode::UNPROCESSABLE_ENTITY,
            entry(&state, &visit, id, Some(notice)).await?,
        );
    };
    super::by_its_order(&state, id).await?;
    tapal_store::entry::end(
        &state.db,
        state.clock.now(),
        visit.session.by(),
        id,
        reason.name(),
    )
    .await?;
    see_other(format!("/entries/{id}?done=ended"))
}
