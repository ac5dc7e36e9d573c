//! `/entries`, `/entries/new`, `/entries/{id}`: list entries for those who keep them. Looking at names is recorded by
//! the functions called. Must not judge a photograph or an order itself.

use askama::Template;
use axum::{
    Form,
    extract::{Multipart, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use tapal_domain::{
    day::Day,
    entry::{Agency, ListKind},
    id::EntryId,
    role::Permission,
};
use tapal_store::entry::{PhotoInfo, Recorded};

use super::{EndReason, EntryInput, Wanted, finding, removal};
use crate::{
    alert::panel::{in_groups, or_dash, sex},
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
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
    may_draft: bool,
}

#[derive(Template)]
#[template(path = "entry/new.html")]
struct NewPage {
    shell: Shell,
    notice: Option<Notice>,
    lists: Vec<Choice>,
    agencies: Vec<Choice>,
    form: Typed,
    photo_errors: Vec<String>,
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
        may_draft: visit.session.may(Permission::DraftEntries),
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

fn agencies(shell: &Shell, chosen: &str) -> Vec<Choice> {
    let choice = |agency: Agency| Choice {
        code: agency.name(),
        name: shell.word("agency", agency.name()),
        chosen: agency.name() == chosen,
    };
    Agency::ALL.into_iter().map(choice).collect()
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

/// What was typed into the form of a new entry, kept when it comes back. The photograph must be chosen again.
#[derive(Default)]
struct Typed {
    list: String,
    agency: String,
    order_reference: String,
    full_name: String,
    sex: String,
    birth_date: String,
    nationality: String,
    document_number: String,
    first_day: String,
    last_day: String,
}

/// `GET /entries/new`.
pub async fn new(visit: Visit) -> ApiResult<Response> {
    let shell = visit.shell("entries");
    let today = Day::at(shell.now, visit.zone.0);
    let form = Typed {
        sex: "M".into(),
        first_day: today.to_string(),
        last_day: half_year(today),
        ..Typed::default()
    };
    show(new_page(shell, form, None, Vec::new()))
}

/// The last of six months beginning on this day.
fn half_year(first: Day) -> String {
    let last = first.plus_months(6).and_then(|day| day.plus_days(-1));
    last.map_or(String::new(), |day| day.to_string())
}

fn new_page(
    shell: Shell,
    form: Typed,
    notice: Option<Notice>,
    photo_errors: Vec<String>,
) -> NewPage {
    NewPage {
        lists: lists(&shell, &form.list),
        agencies: agencies(&shell, &form.agency),
        shell,
        notice,
        form,
        photo_errors,
    }
}

/// `POST /entries`.
pub async fn add(
    State(state): State<AppState>,
    visit: Visit,
    form: Multipart,
) -> ApiResult<Response> {
    let (typed, photos) = read_form(form).await?;
    let outcome = match input(&typed) {
        Ok(input) => super::record(&state, visit.session.by(), input, photos).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(id) => {
            let held = tapal_store::entry::get(&state.db, id).await?.held_at;
            let done = held.map_or("entry", |_| "held");
            see_other(format!("/entries/{id}?done={done}"))
        }
        Err(error) if failure::is_mendable(&error) => {
            let mut shell = visit.shell("entries");
            shell.path = "/entries/new".into();
            let photo_errors = photo_errors(&shell, &error);
            let notice = match photo_errors.is_empty() {
                true => failure::problem(&shell, &error),
                false => Notice::new(Tone::Red, shell.t("photo-refused"), photo_errors.join(" ")),
            };
            show_as(
                error.http,
                new_page(shell, typed, Some(notice), photo_errors),
            )
        }
        Err(error) => Err(error),
    }
}

fn photo_errors(shell: &Shell, error: &ApiError) -> Vec<String> {
    match error.code {
        "photo_missing" => vec![shell.t("photo-missing")],
        "photo_refused" => error
            .reasons
            .iter()
            .map(|code| shell.word_or_other("photo", code))
            .collect(),
        _ => Vec::new(),
    }
}

async fn read_form(mut form: Multipart) -> ApiResult<(Typed, Vec<Vec<u8>>)> {
    let broken = || {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_form",
            "the form did not arrive whole, or is larger than 12 MB; try again",
        )
    };
    let (mut typed, mut photos) = (Typed::default(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "photograph" {
            let bytes = field.bytes().await.map_err(|_| broken())?;
            // A browser sends an empty file when none was chosen.
            if !bytes.is_empty() && photos.is_empty() {
                photos.push(bytes.to_vec());
            }
            continue;
        }
        let text = field.text().await.map_err(|_| broken())?.trim().to_owned();
        let slot = match name.as_str() {
            "list" => &mut typed.list,
            "agency" => &mut typed.agency,
            "order_reference" => &mut typed.order_reference,
            "full_name" => &mut typed.full_name,
            "sex" => &mut typed.sex,
            "birth_date" => &mut typed.birth_date,
            "nationality" => &mut typed.nationality,
            "document_number" => &mut typed.document_number,
            "first_day" => &mut typed.first_day,
            "last_day" => &mut typed.last_day,
            _ => continue,
        };
        *slot = text;
    }
    Ok((typed, photos))
}

fn input(typed: &Typed) -> ApiResult<EntryInput> {
    let bad = || ApiError::invalid("bad_form", "a field is missing or has the wrong form");
    let day = |text: &str| {
        text.parse::<Day>()
            .map_err(|wrong| ApiError::invalid("bad_date", wrong.to_string()))
    };
    Ok(EntryInput {
        list: ListKind::from_name(&typed.list).ok_or_else(bad)?,
        full_name: typed.full_name.clone(),
        sex: typed.sex.clone(),
        birth_date: typed.birth_date.clone(),
        nationality: typed.nationality.clone(),
        document_number: typed.document_number.clone(),
        order_reference: typed.order_reference.clone(),
        agency: Agency::from_name(&typed.agency).ok_or_else(bad)?,
        first_day: day(&typed.first_day)?,
        last_day: day(&typed.last_day)?,
        photos: Vec::new(),
    })
}
