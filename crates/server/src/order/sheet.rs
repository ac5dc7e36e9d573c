//! `/orders/{id}`: one order with its gaps, what would change, its clocks and its timeline, and the forms of what may be
//! done now. Must not decide what may be done (the domain does).

use askama::Template;
use axum::{Form, extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::{
    day::Day,
    id::OrderId,
    order::{Action, Duty, Handed, Status},
    role::Permission,
    rule_pack,
};
use tapal_store::order;

use super::{
    OrderView, act_by,
    api::OrderDecision,
    page::{Choice, Row, choices, day_of, row},
    seen, today,
};
use crate::{
    alert::panel::{in_groups, or_dash, sex},
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
    extract::At,
    state::AppState,
};

struct Photo {
    src: String,
    label: String,
    quality: String,
    replaced: bool,
}

pub(crate) struct StepLine {
    pub when: String,
    pub what: String,
    pub who: String,
    pub note: String,
    pub tone: Tone,
}

struct ClockLine {
    what: String,
    due: String,
    state: String,
    tone: Tone,
}

struct Change {
    field: String,
    before: String,
    after: String,
}

#[derive(Template)]
#[template(path = "order/page.html")]
struct OrderPage {
    shell: Shell,
    notice: Option<Notice>,
    row: Row,
    facts: Vec<(String, String)>,
    gaps: Vec<String>,
    changes: Vec<Change>,
    photos: Vec<Photo>,
    clocks: Vec<ClockLine>,
    steps: Vec<StepLine>,
    entry: String,
    today: String,
    last_day: String,
    most: String,
    can: Can,
    letter: bool,
    /// Others that may be about the same person, in words; empty when there are none.
    same_person: String,
}

/// Which forms the page shows: what the status allows and the person may.
#[derive(Default)]
struct Can {
    edit: bool,
    submit: bool,
    decide: bool,
    decide_extension: bool,
    answer: bool,
    extend: bool,
    notify: Vec<Choice>,
    object: bool,
    end: bool,
}

/// `GET /orders/{id}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<OrderId>,
) -> ApiResult<Response> {
    let notice = visit.done();
    show(order_page(&state, &visit, id, notice).await?)
}

async fn order_page(
    state: &AppState,
    visit: &Visit,
    id: OrderId,
    notice: Option<Notice>,
) -> ApiResult<OrderPage> {
    let shell = visit.shell("orders");
    let (filed, view) = seen(state, &visit.session, id).await?;
    let over = matches!(
        view.status,
        Status::Refused | Status::Lapsed | Status::Revoked | Status::Acquitted
    );
    let photo = |photo: &order::OrderPhoto| Photo {
        src: format!("/api/v1/orders/{id}/portraits/{}", photo.n),
        label: shell.t1("entry-photo-alt", "n", photo.n + 1),
        quality: format!("{} · {}", photo.model_id, shell.day(photo.created_at)),
        replaced: photo.replaced_at.is_some(),
    };
    let mut steps = Vec::new();
    for step in &view.steps {
        steps.push(step_line(state, &shell, step).await?);
    }
    let mut facts = facts(&shell, &view);
    if let Some(entry) = view.entry {
        let (raised, similar) = order::alerts(&state.db, entry).await?;
        let words = shell.t2("order-alerts", ("n", &raised), ("similar", &similar));
        facts.push((shell.t("order-alerts-label"), words));
    }
    Ok(OrderPage {
        notice,
        row: row(&shell, &view),
        facts,
        gaps: view
            .gaps
            .iter()
            .map(|gap| shell.word("order-gap", gap.name()))
            .collect(),
        changes: changes(&shell, &filed.order),
        photos: match over {
            true => Vec::new(),
            false => view.photos.iter().map(photo).collect(),
        },
        clocks: view
            .clocks
            .iter()
            .map(|clock| clock_line(&shell, clock))
            .collect(),
        steps,
        entry: match visit.session.may(Permission::ReadEntries) {
            true => view.entry.map_or(String::new(), |entry| entry.to_string()),
            false => String::new(),
        },
        today: today(shell.now).to_string(),
        last_day: view.last_day.map_or(String::new(), |day| day.to_string()),
        most: longest(&view).map_or(String::new(), |day| day.to_string()),
        letter: visit.session.may(Permission::RecordOrders)
            && view.status.is_approved()
            && super::notice::is_told(view.contents.kind),
        can: can(&shell, visit, &view),
        same_person: same_person(state, visit, &shell, &filed, over).await?,
        shell,
    })
}

/// How many others may be about the same person, so that an approver knows it before deciding.
async fn same_person(
    state: &AppState,
    visit: &Visit,
    shell: &Shell,
    filed: &order::Filed,
    over: bool,
) -> ApiResult<String> {
    if over {
        return Ok(String::new());
    }
    match crate::person::others(state, &visit.session, filed).await {
        Ok(others) if others.count() == 0 => Ok(String::new()),
        Ok(others) => Ok(shell.t1("person-others", "n", others.count())),
        Err(error) if error.code == "names_loading" => Ok(shell.t("name-check-loading")),
        Err(error) => Err(error),
    }
}

/// The latest day an extension could reach.
fn longest(view: &OrderView) -> Option<Day> {
    let pack = rule_pack::pack_for(view.contents.ordered_on)?;
    let extension = pack.kind(view.contents.kind)?.extension.as_ref()?;
    extension.most.later(view.last_day?)
}

fn can(shell: &Shell, visit: &Visit, view: &OrderView) -> Can {
    let (drafts, records, approves) = (
        visit.session.may(Permission::DraftOrders),
        visit.session.may(Permission::RecordOrders),
        visit.session.may(Permission::ApproveOrders),
    );
    let own = |step: &&super::OrderStep| {
        step.by == Some(visit.session.account)
            && (matches!(step.action, "draft" | "submit" | "request_extension")
                || (view.status == Status::AwaitingSecond && step.action == "approve"))
    };
    let approves = approves && view.steps.iter().find(own).is_none();
    let writing = matches!(view.status, Status::Draft | Status::Returned);
    let live = view.status.is_approved();
    let objection = view
        .clocks
        .iter()
        .find(|clock| clock.duty == Duty::AnswerObjection);
    let open = objection.is_some_and(|clock| clock.done.is_none());
    let waiting = |duty: &Duty| {
        view.clocks
            .iter()
            .any(|clock| clock.duty == *duty && clock.done.is_none())
    };
    let duties = [Duty::NotifyPerson, Duty::NotifyMinister]
        .into_iter()
        .filter(waiting);
    Can {
        edit: drafts && writing,
        submit: drafts && writing && view.gaps.is_empty(),
        decide: approves && matches!(view.status, Status::Submitted | Status::AwaitingSecond),
        decide_extension: approves && view.status == Status::ExtensionRequested,
        answer: approves && open,
        extend: drafts && view.status == Status::Approved && longest(view).is_some(),
        notify: match records && live {
            true => choices(shell, "order-duty", duties.map(Duty::name), ""),
            false => Vec::new(),
        },
        object: records && live && !open,
        end: visit.session.may(Permission::ApproveOrders) && live,
    }
}

/// What an order says besides its name and its days.
fn said(shell: &Shell, contents: &Handed) -> Vec<(String, String)> {
    let (subject, person) = (&contents.subject, &contents.subject.person);
    let facts = [
        (
            "order-form-label",
            shell.word("order-form", contents.form.name()),
        ),
        ("entry-agency", shell.word("agency", contents.agency.name())),
        ("entry-order", contents.reference.clone()),
        ("order-ordered-on", day_of(shell, contents.ordered_on)),
        (
            "order-reason-label",
            shell.word("order-reason", &contents.reason),
        ),
        ("order-reason-text", contents.reason_text.clone()),
        ("order-aliases", subject.aliases.join(" · ")),
        ("entry-sex", sex(shell, &person.sex)),
        ("entry-birth-date", person.birth_date.clone()),
        ("order-birth-place", subject.birth_place.clone()),
        ("entry-nationality", person.nationality.clone()),
        ("entry-document", in_groups(&person.document_number)),
        ("order-nik", in_groups(&subject.nik)),
        ("order-address", subject.address.clone()),
        ("order-occupation", subject.occupation.clone()),
    ];
    let words = facts.map(|(key, value)| (shell.t(key), or_dash(&value)));
    words.into()
}

fn facts(shell: &Shell, view: &OrderView) -> Vec<(String, String)> {
    let mut facts = said(shell, &view.contents);
    let pack = view.rule_pack.clone().unwrap_or_default();
    facts.push((shell.t("order-rule-pack"), or_dash(&pack)));
    facts
}

pub(crate) async fn step_line(
    state: &AppState,
    shell: &Shell,
    step: &super::OrderStep,
) -> ApiResult<StepLine> {
    let who = match step.by {
        Some(by) => tapal_store::account::get(&state.db, by).await?.display_name,
        None => shell.t("order-by-calendar"),
    };
    let note = match (step.action, &step.note) {
        ("notify", Some(duty)) => shell.word("order-duty", duty),
        (_, note) => note.clone().unwrap_or_default(),
    };
    let day = step.day.map_or(String::new(), |day| day_of(shell, day));
    let tone = match step.action {
        "approve" | "approve_extension" => Tone::Green,
        "return" | "refuse" | "refuse_extension" | "object" | "request_extension" => Tone::Amber,
        _ => Tone::Grey,
    };
    Ok(StepLine {
        when: shell.full(&step.at),
        what: shell.word("order-step", step.action),
        who,
        note: [day, note]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        tone,
    })
}

fn clock_line(shell: &Shell, clock: &tapal_domain::order::Clock) -> ClockLine {
    let (state, tone) = match (clock.done, clock.overdue) {
        (Some(done), late) => {
            let key = if late {
                "order-clock-late"
            } else {
                "order-clock-done"
            };
            (
                shell.t1(key, "day", day_of(shell, done)),
                if late { Tone::Amber } else { Tone::Green },
            )
        }
        (None, true) => (shell.t("order-clock-overdue"), Tone::Red),
        (None, false) => (shell.t("order-clock-due"), Tone::Amber),
    };
    ClockLine {
        what: shell.word("order-duty", clock.duty.name()),
        due: day_of(shell, clock.due),
        state,
        tone,
    }
}

/// What waits for a decision, beside what was there: an extension beside the period in force, a corrected draft beside
/// the one that was handed back.
fn changes(shell: &Shell, order: &tapal_domain::order::Order) -> Vec<Change> {
    if let (Some(asked), Some(last)) = (order.extension_asked(), order.last_day()) {
        return vec![Change {
            field: shell.t("entry-to"),
            before: day_of(shell, last),
            after: day_of(shell, asked),
        }];
    }
    let steps = order.steps();
    let Some(back) = steps
        .iter()
        .rposition(|step| matches!(step.action, Action::Return { .. }))
    else {
        return Vec::new();
    };
    let before = steps[..back]
        .iter()
        .rev()
        .find_map(|step| match &step.action {
            Action::Draft { contents } => Some(contents),
            _ => None,
        });
    let Some(before) = before else {
        return Vec::new();
    };
    let words = |contents: &Handed| {
        let name = (
            shell.t("entry-name"),
            contents.subject.person.full_name.clone(),
        );
        let last = contents.last_day.map(|day| day_of(shell, day));
        let days = [
            (shell.t("entry-from"), day_of(shell, contents.first_day)),
            (shell.t("entry-to"), or_dash(&last.unwrap_or_default())),
        ];
        let said = std::iter::once(name)
            .chain(said(shell, contents))
            .chain(days);
        said.collect::<Vec<_>>()
    };
    let pairs = words(before).into_iter().zip(words(order.contents()));
    pairs
        .filter(|(before, after)| before.1 != after.1)
        .map(|((field, before), (_, after))| Change {
            field,
            before,
            after,
        })
        .collect()
}

/// What is done to an order from its page. Fields that an action does not need stay empty.
#[derive(Deserialize)]
pub struct ActForm {
    #[serde(default)]
    note: String,
    #[serde(default)]
    day: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    duty: String,
    #[serde(default)]
    decision: String,
}

impl ActForm {
    fn day(&self) -> ApiResult<Day> {
        self.day
            .parse()
            .map_err(|wrong: tapal_domain::day::NotADay| {
                ApiError::invalid("bad_date", wrong.to_string())
            })
    }
}

fn bad_form() -> ApiError {
    ApiError::invalid("bad_form", "a field is missing or has the wrong form")
}

async fn acted(
    state: &AppState,
    visit: &Visit,
    id: OrderId,
    action: ApiResult<Action>,
) -> ApiResult<Response> {
    let outcome = match action {
        Ok(action) => act_by(state, &visit.session, id, action).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(_) => see_other(format!("/orders/{id}?done=order")),
        Err(error) if failure::is_mendable(&error) => {
            let shell = visit.shell("orders");
            let mut notice = failure::problem(&shell, &error);
            if error.code == "order_incomplete" {
                let gaps: Vec<String> = error
                    .reasons
                    .iter()
                    .map(|code| shell.word("order-gap", code))
                    .collect();
                notice.text = gaps.join(" ");
            }
            show_as(
                error.http,
                order_page(state, visit, id, Some(notice)).await?,
            )
        }
        Err(error) => Err(error),
    }
}

/// `POST /orders/{id}/submission`.
pub async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<OrderId>,
) -> ApiResult<Response> {
    acted(&state, &visit, id, Ok(Action::Submit)).await
}

/// `POST /orders/{id}/extension`.
pub async fn extend(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<OrderId>,
    Form(form): Form<ActForm>,
) -> ApiResult<Response> {
    let until = form.until.parse::<Day>();
    let action = form.day().and_then(|received_on| {
        let last_day = until.map_err(|wrong| ApiError::invalid("bad_date", wrong.to_string()))?;
        Ok(Action::RequestExtension {
            reference: form.note.clone(),
            received_on,
            last_day,
        })
    });
    acted(&state, &visit, id, action).await
}

/// `POST /orders/{id}/notifications`.
pub async fn notify(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<OrderId>,
    Form(form): Form<ActForm>,
) -> ApiResult<Response> {
    let duty = [Duty::NotifyPerson, Duty::NotifyMinister]
        .into_iter()
        .find(|duty| duty.name() == form.duty);
    let action = form.day().and_then(|on| {
        Ok(Action::Notify {
            duty: duty.ok_or_else(bad_form)?,
            on,
        })
    });
    acted(&state, &visit, id, action).await
}

/// `POST /orders/{id}/objections`.
pub async fn object(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<OrderId>,
    Form(form): Form<ActForm>,
) -> ApiResult<Response> {
    let action = form.day().map(|received_on| Action::Object {
        received_on,
        reference: form.note.clone(),
    });
    acted(&state, &visit, id, action).await
}

/// `POST /orders/{id}/decision`.
pub async fn decide(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<OrderId>,
    Form(form): Form<ActForm>,
) -> ApiResult<Response> {
    let decision = serde_json::from_value::<OrderDecision>(form.decision.into());
    let day = today(state.clock.now());
    let action = decision
        .map_err(|_| bad_form())
        .map(|decision| decision.action(form.note, day));
    acted(&state, &visit, id, action).await
}
