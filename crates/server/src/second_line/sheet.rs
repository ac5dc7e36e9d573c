//! `/second-line/{id}`: one column down which an officer works: who, why, what was found, whom to ask, what it is, what
//! may be done, hand-over, timeline. Must not decide what may be done (the domain does).

use std::collections::HashMap;

use askama::Template;
use axum::{Form, extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::{
    entry::Agency,
    id::{AccountId, CaseId, OrderId},
    role::Permission,
    rule_pack::Action as Act,
    second_line::{Action, Case, Channel, Contact, Kind, Reason, Receiver, Signature},
    time::MINUTE_MS,
};

use super::{
    CaseStep, CaseView, OfferedAct, act_by,
    page::{ClockLine, clock, direction, tone},
    seen,
};
use crate::{
    alert::panel::{in_groups, or_dash, sex},
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
    extract::At,
    order::page::{Choice, choices, day_of},
    state::AppState,
};

struct Listed {
    id: String,
    kind: String,
    agency: String,
    confirmed: bool,
}

struct ActLine {
    code: String,
    name: String,
    /// Button of the keyboard.
    key: usize,
    grave: bool,
    waits: bool,
    grounds: Vec<(String, String)>,
    needs_stay: bool,
    needs_receipt: bool,
    words_needed: bool,
}

struct StepLine {
    when: String,
    what: String,
    who: String,
    note: String,
    tone: Tone,
}

#[derive(Default)]
struct Can {
    take: bool,
    take_over: bool,
    interview: bool,
    contact: bool,
    conclude: bool,
    decide: bool,
    authorise: bool,
    own_decision: bool,
    hand_over: bool,
    close: bool,
}

#[derive(Template)]
#[template(path = "second_line/page.html")]
struct CasePage {
    shell: Shell,
    notice: Option<Notice>,
    id: String,
    name: String,
    state: String,
    tone: Tone,
    protected: bool,
    clock: Option<ClockLine>,
    facts: Vec<(String, String)>,
    reasons: Vec<String>,
    text: String,
    alert: String,
    listed: Vec<Listed>,
    reason_choices: Vec<Choice>,
    agencies: Vec<Choice>,
    channels: Vec<Choice>,
    acts: Vec<ActLine>,
    decided: String,
    owed: Vec<String>,
    /// Whether somebody must hand the person over.
    hand_over: bool,
    letter: bool,
    signature: String,
    steps: Vec<StepLine>,
    today: String,
    can: Can,
}

/// `GET /second-line/{id}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CaseId>,
) -> ApiResult<Response> {
    let notice = visit.done();
    show(page(&state, &visit, id, notice).await?)
}

async fn page(
    state: &AppState,
    visit: &Visit,
    id: CaseId,
    notice: Option<Notice>,
) -> ApiResult<CasePage> {
    let shell = visit.shell("second-line");
    let (case, view) = seen(state, &visit.session, id).await?;
    let names = tapal_store::account::names(&state.db).await?;
    let words = |reason: &Reason| shell.word("case-reason", reason.name());
    let place = tapal_store::site::get(&state.db, view.referral.site).await?;
    let acts: Vec<ActLine> = view
        .offer
        .acts
        .iter()
        .enumerate()
        .map(|(at, act)| act_line(&shell, act, at + 1))
        .collect();
    Ok(CasePage {
        notice,
        id: id.to_string(),
        name: view.referral.traveller.name.clone(),
        state: shell.word("case-status", view.status.name()),
        tone: tone(view.status),
        protected: view.protected,
        clock: clock(&shell, &view),
        facts: facts(&shell, &view, &place.name),
        reasons: view.reasons.iter().map(words).collect(),
        text: view.referral.text.clone(),
        alert: view
            .referral
            .alert
            .map_or(String::new(), |alert| alert.to_string()),
        listed: listed(&shell, &view),
        reason_choices: choices(
            &shell,
            "case-reason",
            Reason::ALL.iter().map(|one| one.name()),
            "",
        ),
        agencies: agencies(&shell, &view),
        channels: choices(
            &shell,
            "case-channel",
            Channel::ALL.iter().map(|one| one.name()),
            "",
        ),
        acts,
        decided: decided(&shell, &view, &names),
        owed: view
            .offer
            .owed
            .iter()
            .map(|act| act_word(&shell, *act))
            .collect(),
        hand_over: view.offer.hand_over,
        letter: super::notice::is_told(&view),
        signature: drawn(&case),
        steps: view
            .steps
            .iter()
            .map(|step| step_line(&shell, step, &names))
            .collect(),
        today: crate::second_line::law(state, view.referral.site, shell.now)
            .await?
            .day
            .to_string(),
        can: can(visit, &view),
        shell,
    })
}

fn drawn(case: &Case) -> String {
    match case.receiver().map(|receiver| &receiver.signature) {
        Some(Signature::Drawn { path }) => path.clone(),
        _ => String::new(),
    }
}

fn can(visit: &Visit, view: &CaseView) -> Can {
    let may = |kind: Kind| {
        let allowed = view.allowed.contains(&kind);
        allowed
            && kind
                .permission()
                .is_some_and(|permission| visit.session.may(permission))
    };
    let mine = view.taken_by == Some(visit.session.account);
    let own = view
        .decided
        .as_ref()
        .is_some_and(|one| one.by == visit.session.account);
    let begun = view.taken_by.is_some();
    Can {
        take: may(Kind::Take) && !begun,
        take_over: may(Kind::Take) && begun && !mine,
        interview: may(Kind::Interview) && begun,
        contact: may(Kind::Contact),
        conclude: may(Kind::Conclude),
        decide: may(Kind::Decide),
        authorise: may(Kind::Authorise) && !own,
        own_decision: view.allowed.contains(&Kind::Authorise) && own,
        hand_over: may(Kind::HandOver),
        close: may(Kind::Close),
    }
}

fn facts(shell: &Shell, view: &CaseView, place: &str) -> Vec<(String, String)> {
    let (referral, person) = (&view.referral, &view.referral.traveller);
    let facts = [
        ("entry-nationality", person.nationality.code().to_owned()),
        ("entry-document", in_groups(&person.document_number)),
        ("case-issuer", person.issuer.clone()),
        ("entry-birth-date", person.birth_date.clone()),
        ("entry-sex", sex(shell, &person.sex)),
        ("case-where", place.to_owned()),
        (
            "case-direction",
            shell.word("crossing-direction", direction(view)),
        ),
        (
            "case-found-by",
            shell.word("crossing-detection", referral.detection.name()),
        ),
        ("case-opened", shell.full(&view.opened_at)),
    ];
    facts
        .map(|(key, value)| (shell.t(key), or_dash(&value)))
        .into()
}

fn listed(shell: &Shell, view: &CaseView) -> Vec<Listed> {
    let hits = view.referral.hits.iter();
    hits.map(|hit| Listed {
        id: hit.order.to_string(),
        kind: shell.word("order-kind", hit.kind.name()),
        agency: shell.word("agency", hit.agency.name()),
        confirmed: view.confirmed.contains(&hit.order),
    })
    .collect()
}

/// Agencies to ask, those of the orders first.
fn agencies(shell: &Shell, view: &CaseView) -> Vec<Choice> {
    let mut all: Vec<Agency> = view.referral.hits.iter().map(|hit| hit.agency).collect();
    all.extend(Agency::ALL);
    let mut once: Vec<Agency> = Vec::with_capacity(Agency::ALL.len());
    for agency in all {
        if !once.contains(&agency) {
            once.push(agency);
        }
    }
    choices(shell, "agency", once.iter().map(|agency| agency.name()), "")
}

pub(super) fn act_code(act: Act) -> String {
    let code = serde_json::to_value(act).ok();
    code.and_then(|code| code.as_str().map(str::to_owned))
        .unwrap_or_default()
}

pub(super) fn act_word(shell: &Shell, act: Act) -> String {
    shell.word("crossing-action", act_code(act))
}

fn act_line(shell: &Shell, act: &OfferedAct, key: usize) -> ActLine {
    let ground = |ground: &super::view::OfferedGround| {
        let name = shell.word("crossing-ground", &ground.code);
        let source = match (ground.citation.is_empty(), ground.verified) {
            (true, _) => shell.t("case-citation-open"),
            (false, true) => ground.citation.clone(),
            (false, false) => shell.t1("case-citation-unverified", "source", &ground.citation),
        };
        (ground.code.clone(), format!("{name} ({source})"))
    };
    ActLine {
        code: act_code(act.act),
        name: act_word(shell, act.act),
        key,
        grave: tapal_domain::second_line::needs_authoriser(act.act),
        waits: act.needs_authoriser,
        grounds: act.grounds.iter().map(ground).collect(),
        needs_stay: act.needs_stay,
        needs_receipt: act.needs_receipt,
        words_needed: act.act == Act::Safeguard,
    }
}

fn decided(shell: &Shell, view: &CaseView, names: &HashMap<AccountId, String>) -> String {
    let Some(one) = &view.decided else {
        return String::new();
    };
    let name = |id: &AccountId| names.get(id).cloned().unwrap_or_default();
    let ground = one
        .ground
        .as_ref()
        .map(|code| shell.word("crossing-ground", code));
    let until = one.stay_until.map(|day| day_of(shell, day));
    let mut parts = vec![act_word(shell, one.act)];
    parts.extend(ground);
    parts.extend(until);
    parts.push(name(&one.by));
    if let Some(by) = &one.authorised_by {
        parts.push(shell.t1("case-authorised-by", "name", name(by)));
    }
    parts.join(" · ")
}

fn step_line(shell: &Shell, step: &CaseStep, names: &HashMap<AccountId, String>) -> StepLine {
    let who = match step.by {
        Some(by) => names.get(&by).cloned().unwrap_or_default(),
        None => shell.t("case-by-clock"),
    };
    let mut notes: Vec<String> = Vec::new();
    for (at, code) in step.codes.iter().enumerate() {
        notes.push(match (step.action, at) {
            (Kind::Open | Kind::Interview, _) => shell.word("case-reason", code),
            (Kind::Conclude, _) => shell.word("case-status", code),
            (Kind::Decide, 0) => shell.word("crossing-action", code),
            (Kind::Decide, _) => shell.word("crossing-ground", code),
            _ => format!("{code} %"),
        });
    }
    if let Some(contact) = &step.contact {
        let reached = if contact.reached {
            "case-reached"
        } else {
            "case-not-reached"
        };
        notes.push(shell.word("agency", contact.agency.name()));
        notes.push(shell.word("case-channel", contact.channel.name()));
        notes.push(shell.full(&contact.tried_at));
        notes.push(shell.t(reached));
        notes.push(contact.person.clone());
    }
    if let Some(receiver) = &step.receiver {
        notes.push(shell.word("agency", receiver.agency.name()));
        notes.extend([&receiver.name, &receiver.rank, &receiver.number].map(String::clone));
        let signed = if receiver.drawn {
            "case-signed"
        } else {
            "case-signed-typed"
        };
        notes.push(shell.t(signed));
    }
    notes.push(step.text.clone());
    notes.retain(|note| !note.trim().is_empty());
    let tone = match step.action {
        Kind::Alarm => Tone::Red,
        Kind::Authorise | Kind::Close | Kind::HandOver => Tone::Green,
        Kind::Decide | Kind::Decline => Tone::Violet,
        _ => Tone::Grey,
    };
    StepLine {
        when: shell.full(&step.at),
        what: shell.word("case-step", step.action.name()),
        who,
        note: notes.join(" · "),
        tone,
    }
}

fn bad_form() -> ApiError {
    ApiError::invalid("bad_form", "a field is missing or has the wrong form")
}

async fn acted(
    state: &AppState,
    visit: &Visit,
    id: CaseId,
    action: ApiResult<Action>,
) -> ApiResult<Response> {
    let outcome = match action {
        Ok(action) => act_by(state, &visit.session, id, action).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(_) => see_other(format!("/second-line/{id}?done=case")),
        Err(error) if failure::is_mendable(&error) => {
            visit.session.require(Permission::ReadCases)?;
            let notice = failure::problem(&visit.shell("second-line"), &error);
            show_as(error.http, page(state, visit, id, Some(notice)).await?)
        }
        Err(error) => Err(error),
    }
}

/// Fields of a form that may stand there more than once.
type Pairs = Vec<(String, String)>;

fn one_of<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    let found = pairs.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value.trim())
}

fn some_of(pairs: &Pairs, name: &str) -> Option<String> {
    Some(one_of(pairs, name))
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// Every value of a field, read; a wrong one is a wrong form.
fn all_of<T>(pairs: &Pairs, name: &str, read: impl Fn(&str) -> Option<T>) -> ApiResult<Vec<T>> {
    let values = pairs.iter().filter(|(key, _)| key == name);
    values
        .map(|(_, value)| read(value).ok_or_else(bad_form))
        .collect()
}

/// `POST /second-line/{id}/taking`.
pub async fn take(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CaseId>,
) -> ApiResult<Response> {
    acted(&state, &visit, id, Ok(Action::Take)).await
}

/// `POST /second-line/{id}/interviews`.
pub async fn interview(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CaseId>,
    Form(pairs): Form<Pairs>,
) -> ApiResult<Response> {
    let text = one_of(&pairs, "text").to_owned();
    let reasons = all_of(&pairs, "reason", Reason::from_name);
    let action = reasons.map(|reasons| Action::Interview { reasons, text });
    acted(&state, &visit, id, action).await
}

/// `POST /second-line/{id}/contacts`.
pub async fn contact(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CaseId>,
    Form(pairs): Form<Pairs>,
) -> ApiResult<Response> {
    let read = || -> ApiResult<Action> {
        let ago: i64 = one_of(&pairs, "ago").parse().map_err(|_| bad_form())?;
        let contact = Contact {
            agency: Agency::from_name(one_of(&pairs, "agency")).ok_or_else(bad_form)?,
            tried_at: state.clock.now() - ago.clamp(0, 1_440) * MINUTE_MS,
            channel: Channel::from_name(one_of(&pairs, "channel")).ok_or_else(bad_form)?,
            person: one_of(&pairs, "person").to_owned(),
            reached: one_of(&pairs, "reached") == "yes",
            answer: one_of(&pairs, "answer").to_owned(),
        };
        Ok(Action::Contact { contact })
    };
    acted(&state, &visit, id, read()).await
}

/// `POST /second-line/{id}/conclusion`.
pub async fn conclude(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CaseId>,
    Form(pairs): Form<Pairs>,
) -> ApiResult<Response> {
    let hit = one_of(&pairs, "hit") == "yes";
    let text = one_of(&pairs, "text").to_owned();
    let ticked = all_of(&pairs, "confirmed", |order| order.parse::<OrderId>().ok());
    let action = ticked.map(|confirmed| Action::Conclude {
        hit,
        confirmed,
        text,
    });
    acted(&state, &visit, id, action).await
}

/// `POST /second-line/{id}/decision`.
pub async fn decide(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CaseId>,
    Form(pairs): Form<Pairs>,
) -> ApiResult<Response> {
    let read = || -> ApiResult<Action> {
        let act = serde_json::from_value(serde_json::json!(one_of(&pairs, "act")));
        let stay_until = some_of(&pairs, "stay_until")
            .map(|day| day.parse())
            .transpose();
        let charge = some_of(&pairs, "charge")
            .map(|text| text.parse())
            .transpose();
        Ok(Action::Decide {
            act: act.map_err(|_| bad_form())?,
            ground: some_of(&pairs, "ground"),
            stay_until: stay_until.map_err(|_| bad_form())?,
            charge: charge.map_err(|_| bad_form())?,
            receipt: some_of(&pairs, "receipt"),
            text: one_of(&pairs, "text").to_owned(),
            waits: false,
        })
    };
    acted(&state, &visit, id, read()).await
}

/// The answer of another person.
#[derive(Deserialize)]
pub struct AuthorisationForm {
    answer: String,
    #[serde(default)]
    text: String,
}

/// `POST /second-line/{id}/authorisation`.
pub async fn authorise(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CaseId>,
    Form(form): Form<AuthorisationForm>,
) -> ApiResult<Response> {
    let action = match form.answer.as_str() {
        "authorise" => Ok(Action::Authorise),
        "decline" => Ok(Action::Decline { text: form.text }),
        _ => Err(bad_form()),
    };
    acted(&state, &visit, id, action).await
}

/// `POST /second-line/{id}/hand-over`.
pub async fn hand_over(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CaseId>,
    Form(pairs): Form<Pairs>,
) -> ApiResult<Response> {
    let text = |name: &str| one_of(&pairs, name).to_owned();
    let signature = match some_of(&pairs, "path") {
        Some(path) => Signature::Drawn { path },
        None => Signature::Typed {
            name: text("typed"),
            why: text("why"),
        },
    };
    let agency = Agency::from_name(one_of(&pairs, "agency")).ok_or_else(bad_form);
    let action = agency.map(|agency| Action::HandOver {
        receiver: Receiver {
            agency,
            name: text("name"),
            rank: text("rank"),
            number: text("number"),
            signature,
        },
    });
    acted(&state, &visit, id, action).await
}

/// `POST /second-line/{id}/closure`.
pub async fn close(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CaseId>,
) -> ApiResult<Response> {
    acted(&state, &visit, id, Ok(Action::Close)).await
}
