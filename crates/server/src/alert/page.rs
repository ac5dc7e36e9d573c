//! The officer's pages: my queue, one alert, taking it, giving an opinion, settling a disagreement. Everything shown
//! comes from the view model. Must not reach past it to the entry, the score or an opinion.

use super::{
    html::{AlertPage, Photo, QueueItem, REASONS, RecentPage, RecentRow},
    panel,
    view::{self, AlertView},
};
use crate::{
    console::{Notice, Shell, Tone, Visit, see_other, show, visit::show_as, when::Zone},
    error::ApiResult,
    extract::At,
    session::Session,
    state::AppState,
};
use axum::{Form, extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use tapal_domain::{
    alert::{Action, Level, Status, queue::Why},
    id::AlertId,
    opinion::Opinion,
    screening::NotSearched,
    time::{HOUR_MS, SECOND_MS},
};

/// The alerts that wait for this person: taken ones first, then by what is due soonest.
async fn queue(state: &AppState, session: &Session) -> ApiResult<Vec<AlertView>> {
    let mut mine = super::queue(state, session, &super::Wanted::default()).await?;
    mine.sort_by_key(|view| {
        (
            view.mine != Some(Why::TakenByYou),
            view.next_due_at,
            view.id,
        )
    });
    Ok(mine)
}

/// How many alerts wait for this person.
pub async fn waiting(state: &AppState, session: &Session) -> ApiResult<usize> {
    Ok(super::queue(state, session, &super::Wanted::default())
        .await?
        .len())
}

/// `GET /alerts`: the first alert of my queue, or an empty board.
pub async fn first(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    match queue(&state, &visit.session).await?.first() {
        Some(view) => see_other(format!("/alerts/{}", view.id)),
        None => {
            let (shell, queue, reasons) = frame(&state, &visit, None).await?;
            show(AlertPage {
                shell,
                queue,
                reasons,
                alert: None,
                notice: None,
            })
        }
    }
}

/// `GET /alerts/{id}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<AlertId>,
) -> ApiResult<Response> {
    let page = page(&state, &visit, id, None, None).await?;
    show(page)
}

/// What came back with a form that was refused.
#[derive(Default)]
struct Typed {
    opinion: String,
    why: String,
    reason: String,
}

/// The alert with a message over it.
pub async fn with_notice(
    state: &AppState,
    visit: &Visit,
    id: AlertId,
    notice: Notice,
) -> ApiResult<AlertPage> {
    page(state, visit, id, Some(notice), None).await
}

async fn page(
    state: &AppState,
    visit: &Visit,
    id: AlertId,
    notice: Option<Notice>,
    typed: Option<Typed>,
) -> ApiResult<AlertPage> {
    let stored = super::readable(state, &visit.session, id).await?;
    let view = view::full(state, &visit.session, &stored).await?;
    let (mut shell, queue, reasons) = frame(state, visit, Some(id)).await?;
    shell.zone = Zone(view.utc_offset_minutes);
    let mut panel = panel::panel(&shell, &visit.session, &view, &stored.life);
    panel.group = crate::group::ask::of(state, &visit.session, &stored).await?;
    if let Some(typed) = typed {
        (panel.chosen, panel.why, panel.typed) = (typed.opinion, typed.why, typed.reason);
    }
    Ok(AlertPage {
        shell,
        queue,
        reasons,
        alert: Some(panel),
        notice,
    })
}

async fn frame(
    state: &AppState,
    visit: &Visit,
    current: Option<AlertId>,
) -> ApiResult<(Shell, Vec<QueueItem>, String)> {
    let mut shell = visit.shell("alerts");
    let mine = queue(state, &visit.session).await?;
    shell.waiting = mine.len();
    let items = mine
        .iter()
        .map(|view| item(&shell, view, current))
        .collect();
    let reasons = quiet_reasons(state, visit, &shell).await?;
    Ok((shell, items, reasons))
}

fn item(shell: &Shell, view: &AlertView, current: Option<AlertId>) -> QueueItem {
    let place = view
        .lane_name
        .clone()
        .unwrap_or_else(|| view.camera_name.clone());
    let band = panel::band_word(shell, view.band);
    let what = match view.status {
        Status::Raised => band.clone(),
        status => shell.word("stage", status.name()),
    };
    let where_ = if shell.place.is_none() {
        format!("{}, {place}", view.site_name)
    } else {
        place.clone()
    };
    let why = view
        .mine
        // The stage says that already.
        .filter(|why| *why != Why::SecondOpinion)
        .map(|why| shell.word("why", panel::why_code(why)))
        .unwrap_or_default();
    let (tone, icon) = panel::queue_look(view);
    QueueItem {
        id: view.id.to_string(),
        tone,
        icon,
        clock: Zone(view.utc_offset_minutes).clock(view.captured_at),
        announce: shell.t2("alert-announce", ("what", &what), ("where", &where_)),
        place: where_,
        what,
        why,
        due_at: view.next_due_at,
        current: current == Some(view.id),
        urgent: tone == Tone::Red,
    }
}

/// `not searched: 12 (too dark, side on)` over the last hour; empty for those who may not read attempts.
async fn quiet_reasons(state: &AppState, visit: &Visit, shell: &Shell) -> ApiResult<String> {
    if !visit
        .session
        .may(tapal_domain::role::Permission::ReadAttempts)
    {
        return Ok(String::new());
    }
    let filter = tapal_store::attempt::Filter {
        site: visit.session.site,
        ..Default::default()
    };
    let tally = tapal_store::attempt::tally(&state.db, &filter, shell.now - HOUR_MS).await?;
    let quiet: Vec<(String, i64)> = tally
        .into_iter()
        .filter_map(|(_, reason, n)| reason.map(|reason| (reason, n)))
        .collect();
    let total: i64 = quiet.iter().map(|(_, n)| n).sum();
    if total == 0 {
        return Ok(shell.t("attempt-all-searched"));
    }
    let known = |code: &&(String, i64)| {
        NotSearched::ALL
            .iter()
            .any(|reason| reason.name() == code.0)
    };
    let words: Vec<String> = quiet
        .iter()
        .filter(known)
        .take(2)
        .map(|(code, _)| shell.word("not-searched", code))
        .collect();
    Ok(shell.t2("attempt-quiet", ("n", &total), ("why", &words.join(", "))))
}

/// `POST /alerts/{id}/acknowledgement`.
pub async fn acknowledge(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<AlertId>,
) -> ApiResult<Response> {
    act(&state, &visit, id, Action::Acknowledge, Typed::default()).await
}

/// The opinion form: a choice, and a reason by key, in own words, or both.
#[derive(Deserialize)]
pub struct OpinionForm {
    opinion: Option<String>,
    why: Option<String>,
    #[serde(default)]
    reason: String,
}

/// Longest reason kept, characters.
const REASON_MAX_CHARS: usize = 400;

impl OpinionForm {
    /// The opinion and the stored reason `[code] own words`; nothing chosen gives `None`.
    fn read(&self) -> (Option<Opinion>, String) {
        let opinion = match self.opinion.as_deref() {
            Some("same") => Some(Opinion::Same),
            Some("different") => Some(Opinion::Different),
            Some("cannot_tell") => Some(Opinion::CannotTell),
            _ => None,
        };
        let own: String = self.reason.trim().chars().take(REASON_MAX_CHARS).collect();
        let code = self.why.as_deref().filter(|why| REASONS.contains(why));
        let reason = match code {
            Some(code) if own.is_empty() => format!("[{code}]"),
            Some(code) => format!("[{code}] {own}"),
            None => own,
        };
        (opinion, reason)
    }

    fn typed(self) -> Typed {
        Typed {
            opinion: self.opinion.unwrap_or_default(),
            why: self.why.unwrap_or_default(),
            reason: self.reason,
        }
    }
}

/// `POST /alerts/{id}/opinions`.
pub async fn opine(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<AlertId>,
    Form(form): Form<OpinionForm>,
) -> ApiResult<Response> {
    match form.read() {
        (Some(opinion), reason) => {
            act(
                &state,
                &visit,
                id,
                Action::Opine { opinion, reason },
                form.typed(),
            )
            .await
        }
        (None, _) => incomplete(&state, &visit, id, form.typed()).await,
    }
}

/// `POST /alerts/{id}/resolution`.
pub async fn resolve(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<AlertId>,
    Form(form): Form<OpinionForm>,
) -> ApiResult<Response> {
    match form.read() {
        (Some(opinion), reason) => {
            act(
                &state,
                &visit,
                id,
                Action::Resolve { opinion, reason },
                form.typed(),
            )
            .await
        }
        (None, _) => incomplete(&state, &visit, id, form.typed()).await,
    }
}

async fn incomplete(
    state: &AppState,
    visit: &Visit,
    id: AlertId,
    typed: Typed,
) -> ApiResult<Response> {
    let shell = visit.shell("alerts");
    let notice = Notice::new(
        Tone::Amber,
        shell.t("conflict-incomplete"),
        shell.t("conflict-incomplete-text"),
    );
    show_as(
        StatusCode::UNPROCESSABLE_ENTITY,
        page(state, visit, id, Some(notice), Some(typed)).await?,
    )
}

/// Takes an action; a refusal comes back as a calm message over the alert as it now stands.
async fn act(
    state: &AppState,
    visit: &Visit,
    id: AlertId,
    action: Action,
    typed: Typed,
) -> ApiResult<Response> {
    match super::act(state, &visit.session, id, action).await {
        Ok(_) => see_other(format!("/alerts/{id}")),
        Err(error) => match error.status {
            None => Err(error),
            Some(status) => {
                let notice = refusal(&visit.shell("alerts"), error.code, status);
                show_as(
                    error.http,
                    page(state, visit, id, Some(notice), Some(typed)).await?,
                )
            }
        },
    }
}

fn refusal(shell: &Shell, code: &str, status: Status) -> Notice {
    let key = format!("conflict-{code}");
    let status = shell.word("stage", status.name());
    Notice::new(
        Tone::Amber,
        shell.t(&key),
        shell.t1(&format!("{key}-text"), "status", status),
    )
}

/// `GET /alerts/recent`: the last alerts of my sites, with how they ended.
pub async fn recent(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let shell = visit.shell("recent");
    let wanted = super::Wanted {
        queue: Some(super::Queue::All),
        ..super::Wanted::default()
    };
    let views = super::queue(&state, &visit.session, &wanted).await?;
    let row = |view: AlertView| RecentRow {
        id: view.id.to_string(),
        when: Zone(view.utc_offset_minutes).full(shell.lang, view.captured_at),
        band: panel::band_word(&shell, view.band),
        status: shell.word("stage", view.status.name()),
        tone: panel::stage_tone(view.status),
        site: view.site_name,
        camera: view.camera_name,
    };
    let rows = views.into_iter().map(row).collect();
    show(RecentPage { rows, shell })
}

/// Photographs of an alert as addresses of the API, which records each look.
pub fn photos(shell: &Shell, view: &AlertView) -> (Vec<Photo>, Vec<Photo>, Vec<Photo>) {
    let base = format!("/api/v1/alerts/{}", view.id);
    let label = |key: &str, n: i64, of: i64| shell.t2(key, ("n", &(n + 1)), ("of", &of));
    let probes = (0..view.probes).map(|n| Photo {
        src: format!("{base}/probes/{n}"),
        label: label("alert-shot-of", n, view.probes),
    });
    let enrolled = (0..view.enrolled).map(|n| Photo {
        src: format!("{base}/enrolled/{n}"),
        label: label("alert-photo-of", n, view.enrolled),
    });
    let shown = if view.photos_destroyed {
        0
    } else {
        view.others
    };
    let others = (0..shown).map(|k| Photo {
        src: format!("{base}/others/{k}/enrolled"),
        label: shell.t1("alert-other-n", "n", k + 1),
    });
    (probes.collect(), enrolled.collect(), others.collect())
}

/// What happens when the visible clock reaches zero.
pub fn at_zero(shell: &Shell, view: &AlertView) -> String {
    match (view.next_due_at, view.status, view.level) {
        (None, ..) => String::new(),
        (_, Status::Raised, Level::Desk) => shell.t("then-supervisor"),
        (_, Status::Raised, Level::Supervisor) => shell.t("then-command_centre"),
        (_, Status::Acknowledged, _) => shell.t("then-release"),
        _ => shell.t("then-expire"),
    }
}

/// Seconds as text of the language, one decimal.
pub fn seconds(shell: &Shell, ms: u32) -> String {
    shell.t1(
        "attempt-seconds",
        "n",
        shell.decimal(f64::from(ms) / SECOND_MS as f64),
    )
}
