//! `/imports`, `/imports/{id}`: hand a file in, say what it means, look at what would happen, decide. Looking at names is
//! recorded by the functions called. Must not decide anything itself.

use std::collections::HashMap;

use askama::Template;
use axum::{
    Form,
    extract::{Multipart, State},
    response::Response,
};
use tapal_domain::{
    entry::Agency,
    id::ImportId,
    import::{Action, Field, Format, Phase, RowState},
    order::Status,
    role::Permission,
    rule_pack::{self, OrderForm, OrderKind},
};
use tapal_store::import::{self, Import};

use super::{
    ImportGiven, ImportRowView, ImportSetup, ImportView, apply_by, archive, decide_by, discard_by,
    find, may, report, rows_file, set_up_by, view,
};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
    extract::At,
    order::{
        page::{Choice, choices},
        today,
    },
    state::AppState,
};

/// Rows shown on the page; the report has all of them.
const SHOWN: i64 = 50;

struct Line {
    id: String,
    agency: String,
    format: String,
    when: String,
    rows: String,
    state: String,
    tone: Tone,
}

#[derive(Template)]
#[template(path = "import/list.html")]
struct ImportsPage {
    shell: Shell,
    notice: Option<Notice>,
    lines: Vec<Line>,
    may_draft: bool,
    agencies: Vec<Choice>,
    formats: Vec<Choice>,
}

fn tone(phase: Phase) -> Tone {
    match phase {
        Phase::Uploaded | Phase::Preview | Phase::Applied => Tone::Amber,
        Phase::Approved => Tone::Green,
        Phase::Failed => Tone::Red,
        _ => Tone::Grey,
    }
}

fn line(shell: &Shell, import: &ImportView) -> Line {
    Line {
        id: import.id.to_string(),
        agency: shell.word("agency", import.agency.name()),
        format: shell.word("import-format", import.format.name()),
        when: shell.full(&import.created_at),
        rows: shell.number(import.total.max(import.done) as u64),
        state: shell.word("import-phase", import.phase.name()),
        tone: tone(import.phase),
    }
}

/// `GET /imports`.
pub async fn list(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    show(list_page(&state, &visit, visit.done()).await?)
}

async fn list_page(
    state: &AppState,
    visit: &Visit,
    notice: Option<Notice>,
) -> ApiResult<ImportsPage> {
    let mut shell = visit.shell("imports");
    shell.path = "/imports".into();
    let own = visit.session.orders_of()?;
    let found = import::list(&state.db, own, None, 100).await?;
    let agencies = Agency::ALL
        .into_iter()
        .filter(|agency| own.is_none_or(|own| own == *agency));
    Ok(ImportsPage {
        notice,
        lines: found
            .into_iter()
            .map(|one| line(&shell, &view::of(one)))
            .collect(),
        may_draft: visit.session.may(Permission::DraftOrders),
        agencies: choices(&shell, "agency", agencies.map(Agency::name), ""),
        formats: choices(
            &shell,
            "import-format",
            Format::ALL.iter().map(|format| format.name()),
            "",
        ),
        shell,
    })
}

/// A refused form as a message; the code of a file that cannot be used has words of its own.
fn problem(shell: &Shell, error: &ApiError) -> Notice {
    let text = shell.word("import-problem", error.code);
    match text.starts_with('[') {
        true => failure::problem(shell, error),
        false => Notice::new(Tone::Red, text, ""),
    }
}

fn mendable(error: &ApiError) -> bool {
    failure::is_mendable(error) || error.code == "too_large"
}

/// `POST /imports`.
pub async fn add(
    State(state): State<AppState>,
    visit: Visit,
    form: Multipart,
) -> ApiResult<Response> {
    match rows_file(&state, &visit.session, form).await {
        Ok(id) => see_other(format!("/imports/{id}")),
        Err(error) if mendable(&error) => {
            let notice = problem(&visit.shell("imports"), &error);
            show_as(error.http, list_page(&state, &visit, Some(notice)).await?)
        }
        Err(error) => Err(error),
    }
}

struct ColumnChoice {
    field: &'static str,
    name: String,
    options: Vec<Choice>,
}

struct RowLine {
    n: String,
    name: String,
    reference: String,
    what: Vec<String>,
    order: String,
    state: String,
    tone: Tone,
}

struct SetupForm {
    columns: Vec<ColumnChoice>,
    not_utf8: bool,
    kinds: Vec<Choice>,
    forms: Vec<Choice>,
    reasons: Vec<Choice>,
    checkpoints: Vec<Choice>,
    reason_text: String,
    ordered_on: String,
    first_day: String,
    last_day: String,
}

#[derive(Template)]
#[template(path = "import/page.html")]
struct ImportPage {
    shell: Shell,
    notice: Option<Notice>,
    line: Line,
    works: bool,
    done: i64,
    total: i64,
    progress: String,
    problem: String,
    skipped: String,
    setup: Option<SetupForm>,
    counts: Vec<(String, String)>,
    faults: Vec<(String, String)>,
    orders: Vec<(String, String)>,
    broken: Vec<RowLine>,
    first: Vec<RowLine>,
    photos: Vec<(String, String)>,
    may_apply: bool,
    new_rows: String,
    may_attach: bool,
    may_approve: bool,
    waiting: String,
    may_undo: bool,
    may_discard: bool,
}

/// `GET /imports/{id}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<ImportId>,
) -> ApiResult<Response> {
    show(import_page(&state, &visit, id, visit.done()).await?)
}

fn setup_form(
    shell: &Shell,
    import: &Import,
    setup: &ImportSetup,
    sites: Vec<(String, String)>,
) -> SetupForm {
    let given = &setup.given;
    let day =
        |day: Option<tapal_domain::day::Day>| day.map_or(String::new(), |day| day.to_string());
    let now = today(shell.now);
    let options = |field: Field| {
        let chosen = setup.columns.get(&field).copied().unwrap_or(0);
        let heading = |(at, heading): (usize, &String)| Choice {
            code: (at + 1).to_string(),
            name: heading.clone(),
            chosen: at + 1 == chosen,
        };
        setup.headings.iter().enumerate().map(heading).collect()
    };
    let columns = Field::ALL
        .iter()
        .filter(|_| import.format.has_columns())
        .map(|field| ColumnChoice {
            field: field.name(),
            name: shell.word("import-field", field.name()),
            options: options(*field),
        });
    let reasons = rule_pack::pack_for(now)
        .map(|pack| pack.reasons.as_slice())
        .unwrap_or_default();
    SetupForm {
        columns: columns.collect(),
        not_utf8: !setup.utf8,
        kinds: choices(
            shell,
            "order-kind",
            OrderKind::ALL.iter().map(|kind| kind.name()),
            given.kind.map_or("", OrderKind::name),
        ),
        forms: choices(
            shell,
            "order-form",
            OrderForm::ALL.iter().map(|form| form.name()),
            given.form.map_or("", OrderForm::name),
        ),
        reasons: choices(
            shell,
            "order-reason",
            reasons
                .iter()
                .filter(|reason| !reason.kinds.is_empty())
                .map(|reason| reason.code.as_str()),
            &given.reason,
        ),
        checkpoints: sites
            .into_iter()
            .map(|(code, name)| Choice {
                code,
                name,
                chosen: false,
            })
            .collect(),
        reason_text: given.reason_text.clone(),
        ordered_on: day(given.ordered_on.or(Some(now))),
        first_day: day(given.first_day.or(Some(now))),
        last_day: day(given.last_day),
    }
}

fn row_line(shell: &Shell, row: &ImportRowView) -> RowLine {
    let cell = |field: Field| row.cells.get(&field).cloned().unwrap_or_default();
    let name = match cell(Field::FullName) {
        name if name.is_empty() => {
            format!("{} {}", cell(Field::GivenName), cell(Field::FamilyName))
        }
        name => name,
    };
    let mut what: Vec<String> = Vec::new();
    for fault in &row.faults {
        let words = report::fault_words(shell.lang, &fault.code, row.twice_of);
        let place = match (&fault.column, fault.field) {
            (Some(column), _) => column.clone(),
            (None, Some(field)) => shell.word("import-field", field.name()),
            (None, None) => String::new(),
        };
        what.push(if place.is_empty() {
            words
        } else {
            format!("{place}: {words}")
        });
    }
    what.extend(row.gaps.iter().map(|gap| shell.word("order-gap", gap)));
    what.extend(
        row.outcome
            .iter()
            .map(|code| report::outcome_words(shell.lang, code)),
    );
    let (state, tone) = match (row.status, row.state) {
        (Some(status), _) => (
            shell.word("order-status", status.name()),
            if status.is_approved() {
                Tone::Green
            } else {
                Tone::Grey
            },
        ),
        (None, state) => (
            shell.word("import-row", state.name()),
            match state {
                RowState::New => Tone::Green,
                RowState::Unchanged => Tone::Grey,
                RowState::Differs => Tone::Amber,
                RowState::Broken => Tone::Red,
            },
        ),
    };
    RowLine {
        n: shell.number(row.n as u64),
        name: name.trim().to_owned(),
        reference: match cell(Field::Reference) {
            text if text.is_empty() => cell(Field::SourceKey),
            text => text,
        },
        what,
        order: row.order.map_or(String::new(), |id| id.to_string()),
        state,
        tone,
    }
}

async fn sites(state: &AppState) -> ApiResult<Vec<(String, String)>> {
    let all = tapal_store::site::list(&state.db).await?;
    let checkpoint =
        |site: &tapal_store::site::Site| site.kind == tapal_domain::site::SiteKind::Checkpoint;
    Ok(all
        .into_iter()
        .filter(checkpoint)
        .map(|site| (site.id.to_string(), site.name))
        .collect())
}

async fn import_page(
    state: &AppState,
    visit: &Visit,
    id: ImportId,
    notice: Option<Notice>,
) -> ApiResult<ImportPage> {
    let import = find(state, &visit.session, id).await?;
    let works = import.phase.works() && import.problem.is_none();
    let mut shell = match works {
        true => visit.polling("imports", 1_000),
        false => visit.shell("imports"),
    };
    shell.path = format!("/imports/{id}");
    // Counting every row each second would only slow the work down.
    let whole = match works {
        true => view::of(import.clone()),
        false => view::whole(state, import.clone()).await?,
    };
    let rows = async |wanted, limit| -> ApiResult<Vec<RowLine>> {
        let rows = view::rows(state, &visit.session, &import, wanted, (0, limit)).await?;
        Ok(rows.iter().map(|row| row_line(&shell, row)).collect())
    };
    // Nothing moves on the page while rows are read: names are shown when there is something to decide.
    let (first, broken) = match works
        || matches!(
            import.phase,
            Phase::Uploaded | Phase::Failed | Phase::Dropped
        ) {
        true => (Vec::new(), Vec::new()),
        false => (
            rows(None, 20).await?,
            rows(Some(RowState::Broken), SHOWN).await?,
        ),
    };
    let counts = whole.counts.unwrap_or_default();
    let order = |status: Status| counts.orders.get(status.name()).copied().unwrap_or(0);
    let waiting = order(Status::Submitted) + order(Status::AwaitingSecond);
    let open = order(Status::Draft)
        + waiting
        + order(Status::Approved)
        + order(Status::ExtensionRequested);
    let new = counts.rows.get(RowState::New.name()).copied().unwrap_or(0);
    let can = |action: Action| may(&visit.session, &import, action).is_ok() && !works;
    let setup = match (
        &whole.setup,
        can(Action::Read) && import.phase == Phase::Uploaded,
    ) {
        (Some(setup), true) => Some(setup_form(&shell, &import, setup, sites(state).await?)),
        _ => None,
    };
    let photos = import::photos(&state.db, id, SHOWN).await?.1;
    let refused = photos
        .into_iter()
        .filter_map(|photo| Some((photo.name, photo.code?)));
    let mut shown_counts: Vec<(String, String)> = RowState::ALL
        .iter()
        .map(|state| {
            let n = counts.rows.get(state.name()).copied().unwrap_or(0);
            (
                shell.word("import-row", state.name()),
                shell.number(n as u64),
            )
        })
        .collect();
    shown_counts.push((
        shell.t("import-incomplete"),
        shell.number(counts.incomplete as u64),
    ));
    let faults = counts
        .faults
        .iter()
        .map(|(code, n)| (report::fault_words(shell.lang, code, None), *n));
    let mut faults: Vec<(String, i64)> = faults.collect();
    faults.sort_by_key(|(_, n)| -n);
    let resting = import
        .problem
        .as_ref()
        .map(|code| problem(&shell, &ApiError::invalid("import_rests", code.clone())));
    Ok(ImportPage {
        line: line(&shell, &view::of(import.clone())),
        works,
        done: import.done,
        total: import.total,
        progress: match import.total {
            0 => shell.t1("import-done-rows", "done", shell.number(import.done as u64)),
            _ => shell.t2(
                "import-done-of",
                ("done", &shell.number(import.done as u64)),
                ("total", &shell.number(import.total as u64)),
            ),
        },
        problem: import.problem.as_ref().map_or(String::new(), |code| {
            let words = shell.word("import-problem", code);
            match (words.starts_with('['), resting) {
                (true, Some(notice)) => notice.title,
                _ => words,
            }
        }),
        skipped: match import.skipped {
            0 => String::new(),
            n => shell.t1("import-skipped", "n", shell.number(n as u64)),
        },
        setup,
        counts: if new + counts.rows.len() as i64 == 0 {
            Vec::new()
        } else {
            shown_counts
        },
        faults: faults
            .into_iter()
            .map(|(text, n)| (text, shell.number(n as u64)))
            .collect(),
        orders: counts
            .orders
            .iter()
            .map(|(status, n)| (shell.word("order-status", status), shell.number(*n as u64)))
            .collect(),
        broken,
        first,
        photos: refused
            .map(|(name, code)| (name, photo_words(&shell, &code)))
            .collect(),
        may_apply: can(Action::Apply) && import.phase == Phase::Preview && new > 0,
        new_rows: shell.number(new as u64),
        may_attach: can(Action::Attach) && order(Status::Draft) > 0,
        may_approve: can(Action::Approve) && waiting > 0,
        waiting: shell.number(waiting as u64),
        may_undo: can(Action::Undo) && open > 0,
        may_discard: can(Action::Drop) && import.phase != Phase::Dropped,
        notice,
        shell,
    })
}

fn photo_words(shell: &Shell, code: &str) -> String {
    let own = shell.word("import-photo", code);
    match own.starts_with('[') {
        true => shell.word_or_other("photo", code),
        false => own,
    }
}

async fn acted(
    state: &AppState,
    visit: &Visit,
    id: ImportId,
    outcome: ApiResult<()>,
) -> ApiResult<Response> {
    match outcome {
        Ok(()) => see_other(format!("/imports/{id}")),
        Err(error) if mendable(&error) => {
            let notice = problem(&visit.shell("imports"), &error);
            show_as(
                error.http,
                import_page(state, visit, id, Some(notice)).await?,
            )
        }
        Err(error) => Err(error),
    }
}

fn said(typed: &HashMap<String, String>) -> ApiResult<ImportSetup> {
    let text = |name: &str| typed.get(name).map(|text| text.trim()).unwrap_or_default();
    let day = |name: &str| match text(name) {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|wrong: tapal_domain::day::NotADay| {
                ApiError::invalid("bad_date", wrong.to_string())
            }),
    };
    let column = |field: &Field| {
        Some((
            *field,
            text(&format!("column_{}", field.name()))
                .parse::<usize>()
                .ok()?,
        ))
    };
    Ok(ImportSetup {
        windows_1252: text("encoding") == "windows_1252",
        columns: Field::ALL.iter().filter_map(column).collect(),
        given: ImportGiven {
            kind: OrderKind::from_name(text("kind")),
            form: OrderForm::from_name(text("form")),
            ordered_on: day("ordered_on")?,
            reason: text("reason").to_owned(),
            reason_text: text("reason_text").to_owned(),
            first_day: day("first_day")?,
            last_day: day("last_day")?,
            checkpoint: text("checkpoint").parse().ok(),
        },
        ..ImportSetup::default()
    })
}

/// `POST /imports/{id}/setup`.
pub async fn set_up(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<ImportId>,
    Form(typed): Form<HashMap<String, String>>,
) -> ApiResult<Response> {
    let outcome = match said(&typed) {
        Ok(setup) => set_up_by(&state, &visit.session, id, setup).await,
        Err(error) => Err(error),
    };
    acted(&state, &visit, id, outcome).await
}

/// `POST /imports/{id}/application`.
pub async fn apply(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<ImportId>,
) -> ApiResult<Response> {
    let outcome = apply_by(&state, &visit.session, id).await;
    acted(&state, &visit, id, outcome).await
}

/// `POST /imports/{id}/photos`.
pub async fn photograph(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<ImportId>,
    form: Multipart,
) -> ApiResult<Response> {
    let outcome = archive(&state, &visit.session, id, form).await;
    acted(&state, &visit, id, outcome).await
}

/// `POST /imports/{id}/discard`.
pub async fn discard(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<ImportId>,
) -> ApiResult<Response> {
    match discard_by(&state, &visit.session, id).await {
        Ok(()) => see_other("/imports?done=import-dropped"),
        Err(error) => acted(&state, &visit, id, Err(error)).await,
    }
}

/// `POST /imports/{id}/decision`.
pub async fn decide(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<ImportId>,
    Form(typed): Form<HashMap<String, String>>,
) -> ApiResult<Response> {
    let text = |name: &str| typed.get(name).cloned().unwrap_or_default();
    let outcome = match text("decision").as_str() {
        "approve" => decide_by(&state, &visit.session, id, (false, String::new())).await,
        "undo" => decide_by(&state, &visit.session, id, (true, text("note"))).await,
        _ => Err(ApiError::invalid(
            "bad_form",
            "a field is missing or has the wrong form",
        )),
    };
    acted(&state, &visit, id, outcome).await
}
