//! `/crossings`: the records behind a figure, and one record with its chain of corrections. Must not show who crossed
//! before it is asked for and recorded.

use std::collections::BTreeMap;

use askama::Template;
use axum::{Form, extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::{
    crossing::{Detection, Nationality, Outcome},
    id::{AccountId, CrossingId, SiteId},
    role::Permission,
    rule_pack,
    site::Direction,
    statistic::Dimension,
};
use tapal_store::crossing::Crossing;

use super::{
    CrossingIdentity, CrossingView, Look,
    correction::{CorrectionInput, correct},
    view,
};
use crate::{
    AppState,
    console::{Notice, Shell, Visit, failure, see_other, show, visit::show_as, when::Zone},
    error::{ApiError, ApiResult},
    extract::{At, Params},
    order::page::Choice,
    statistic::{Asked, Wanted, page_of, words},
};

struct Row {
    id: String,
    place: String,
    day: String,
    at: String,
    site: String,
    direction: String,
    outcome: String,
    reason: String,
    detection: String,
    nationality: String,
    officer: String,
    why: String,
    corrected: bool,
    current: bool,
}

#[derive(Template)]
#[template(path = "crossing/list.html")]
struct CrossingsPage {
    shell: Shell,
    notice: Option<Notice>,
    conditions: Vec<(String, String)>,
    rows: Vec<Row>,
    older: String,
    figures: String,
}

/// Sites by id, for names and local time.
type Places = BTreeMap<SiteId, tapal_store::site::Site>;

async fn places(state: &AppState) -> ApiResult<Places> {
    let sites = tapal_store::site::list(&state.db).await?;
    Ok(sites.into_iter().map(|site| (site.id, site)).collect())
}

fn row(shell: &Shell, places: &Places, own: &Crossing) -> Row {
    let site = places.get(&own.site);
    let zone = site.map_or(shell.zone, |site| Zone(site.utc_offset_minutes));
    let reason = own.ground.as_deref();
    Row {
        id: own.id.to_string(),
        place: shell.number(own.seq.unsigned_abs()),
        day: own.day.to_string(),
        at: format!("{} {}", zone.clock(own.at), zone.name()),
        site: site.map_or_else(String::new, |site| site.name.clone()),
        direction: shell.word("crossing-direction", direction(own.direction)),
        outcome: shell.word("crossing-outcome", own.outcome.name()),
        reason: reason.map_or_else(String::new, |code| {
            words::code(shell.lang, Dimension::Reason, code, &[])
        }),
        detection: shell.word("crossing-detection", own.detection.name()),
        nationality: own.nationality.clone(),
        officer: String::new(),
        why: own.correction_reason.clone().unwrap_or_default(),
        corrected: own.corrects.is_some(),
        current: true,
    }
}

fn direction(way: Direction) -> &'static str {
    match way {
        Direction::Arrival => "arrival",
        Direction::Departure => "departure",
        Direction::Neither => "neither",
    }
}

/// `GET /crossings`.
pub async fn list(
    State(state): State<AppState>,
    visit: Visit,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Response> {
    let shell = visit.shell("crossings");
    let (asked, refused) = match wanted.asked(&state, &visit.session).await {
        Ok(asked) => (asked, None),
        Err(error) if failure::is_mendable(&error) => {
            let usual = Wanted::default().asked(&state, &visit.session).await?;
            (usual, Some((failure::problem(&shell, &error), error.http)))
        }
        Err(error) => return Err(error),
    };
    let found = page_of(&state, &asked, wanted.before).await?;
    let places = places(&state).await?;
    let status = refused.as_ref().map(|(_, status)| *status);
    let page = CrossingsPage {
        notice: refused.map(|(notice, _)| notice),
        conditions: conditions(&shell, &asked),
        rows: found
            .records
            .iter()
            .map(|own| row(&shell, &places, own))
            .collect(),
        older: match found.next {
            Some(before) => format!("/crossings?{}&before={before}", asked.query(&[])),
            None => String::new(),
        },
        figures: match visit.session.may(Permission::ReadStatistics) {
            true => format!("/statistics?{}", asked.query(&[])),
            false => String::new(),
        },
        shell,
    };
    match status {
        Some(status) => show_as(status, page),
        None => show(page),
    }
}

/// What the records on the page have in common.
fn conditions(shell: &Shell, asked: &Asked) -> Vec<(String, String)> {
    let own = &asked.filter;
    let mut all = vec![
        (shell.t("statistic-period"), shell.days(own.from, own.to)),
        (
            shell.t("statistic-as-of"),
            match asked.now {
                true => shell.t("statistic-now"),
                false => shell.full(&asked.cut.as_of),
            },
        ),
    ];
    let mut add = |by: Dimension, code: Option<String>| {
        if let Some(code) = code {
            let name = words::code(shell.lang, by, &code, &asked.sites);
            all.push((words::dimension(shell.lang, by), name));
        }
    };
    add(Dimension::Checkpoint, own.site.map(|id| id.to_string()));
    add(Dimension::Outcome, own.outcome.map(|one| one.name().into()));
    add(Dimension::Reason, own.reason.clone());
    add(
        Dimension::Direction,
        own.direction.map(|way| direction(way).into()),
    );
    add(Dimension::Nationality, own.nationality.clone());
    add(
        Dimension::Citizenship,
        own.citizen
            .map(|one| tapal_domain::statistic::citizenship(one).into()),
    );
    add(
        Dimension::Detection,
        own.detection.map(|one| one.name().into()),
    );
    all
}

#[derive(Template)]
#[template(path = "crossing/one.html")]
struct CrossingPage {
    shell: Shell,
    notice: Option<Notice>,
    id: String,
    own: Row,
    holds: bool,
    facts: Vec<(String, String)>,
    who: Option<CrossingIdentity>,
    may_look: bool,
    may_correct: bool,
    chain: Vec<Row>,
    last: String,
    form: Typed,
    outcomes: Vec<Choice>,
    directions: Vec<Choice>,
    detections: Vec<Choice>,
    grounds: Vec<Choice>,
}

/// `GET /crossings/{id}`; `?identity=true` opens who crossed.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CrossingId>,
    Params(look): Params<Look>,
) -> ApiResult<Response> {
    let found = view(&state, &visit.session, id, look).await?;
    let typed = Typed::of(&found.crossing);
    show(page(&state, &visit, found, typed, visit.done()).await?)
}

async fn page(
    state: &AppState,
    visit: &Visit,
    found: CrossingView,
    form: Typed,
    notice: Option<Notice>,
) -> ApiResult<CrossingPage> {
    let shell = visit.shell("crossings");
    let places = places(state).await?;
    let own = &found.crossing;
    let last = found.chain.last().map(|one| one.id);
    let mut chain = Vec::with_capacity(found.chain.len());
    for one in &found.chain {
        let mut line = row(&shell, &places, one);
        line.at = shell.full(&one.recorded_at);
        line.officer = officer(state, one.officer).await?;
        line.current = Some(one.id) == last;
        chain.push(line);
    }
    let may_correct = visit.session.may(Permission::CorrectCrossings) && found.holds;
    Ok(CrossingPage {
        id: own.id.to_string(),
        own: row(&shell, &places, own),
        facts: facts(&shell, &places, own, &officer(state, own.officer).await?),
        may_look: visit.session.may(Permission::ReadHolders) && found.identity.is_none(),
        may_correct,
        last: last.map(|id| id.to_string()).unwrap_or_default(),
        outcomes: Outcome::ALL
            .iter()
            .map(|one| choice(&shell, "crossing-outcome", one.name(), &form.outcome))
            .collect(),
        directions: ["arrival", "departure"]
            .map(|code| choice(&shell, "crossing-direction", code, &form.direction))
            .into(),
        detections: Detection::ALL
            .iter()
            .map(|one| choice(&shell, "crossing-detection", one.name(), &form.detection))
            .collect(),
        grounds: grounds(&shell, own, &form.ground),
        holds: found.holds,
        who: found.identity,
        notice,
        chain,
        form,
        shell,
    })
}

fn choice(shell: &Shell, kind: &str, code: &str, chosen: &str) -> Choice {
    Choice {
        name: shell.word(kind, code),
        chosen: code == chosen,
        code: code.to_owned(),
    }
}

fn grounds(shell: &Shell, own: &Crossing, chosen: &str) -> Vec<Choice> {
    let pack = rule_pack::pack_for(own.day);
    let all = pack.into_iter().flat_map(|pack| &pack.grounds);
    let one = |ground: &rule_pack::Ground| Choice {
        name: words::code(shell.lang, Dimension::Reason, &ground.code, &[]),
        chosen: ground.code == chosen,
        code: ground.code.clone(),
    };
    all.map(one).collect()
}

/// Name of who decided; the id where the account is gone.
async fn officer(state: &AppState, id: AccountId) -> ApiResult<String> {
    match tapal_store::account::get(&state.db, id).await {
        Ok(own) => Ok(own.display_name),
        Err(tapal_store::Error::NotFound) => Ok(id.to_string()),
        Err(error) => Err(error.into()),
    }
}

fn facts(shell: &Shell, places: &Places, own: &Crossing, officer: &str) -> Vec<(String, String)> {
    let line = row(shell, places, own);
    let t = |key: &str| shell.t(key);
    let all = vec![
        (
            words::dimension(shell.lang, Dimension::Checkpoint),
            line.site,
        ),
        (t("crossing-decided"), format!("{} {}", line.day, line.at)),
        (
            words::dimension(shell.lang, Dimension::Direction),
            line.direction,
        ),
        (
            words::dimension(shell.lang, Dimension::Nationality),
            line.nationality,
        ),
        (words::dimension(shell.lang, Dimension::Reason), line.reason),
        (
            words::dimension(shell.lang, Dimension::Detection),
            line.detection,
        ),
        (
            t("crossing-stay-until"),
            own.stay_until
                .map(|day| day.to_string())
                .unwrap_or_default(),
        ),
        (
            t("crossing-charge"),
            own.charge
                .map(|idr| format!("Rp {}", shell.number(idr)))
                .unwrap_or_default(),
        ),
        (
            t("crossing-receipt"),
            own.receipt.clone().unwrap_or_default(),
        ),
        (t("crossing-officer"), officer.to_owned()),
        (t("crossing-recorded-at"), shell.full(&own.recorded_at)),
        (t("crossing-place"), line.place),
    ];
    all.into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// The fields of a correction as typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    outcome: String,
    direction: String,
    nationality: String,
    ground: String,
    detection: String,
    stay_until: String,
    charge: String,
    reason: String,
}

impl Typed {
    fn of(own: &Crossing) -> Self {
        Self {
            outcome: own.outcome.name().into(),
            direction: direction(own.direction).into(),
            nationality: own.nationality.clone(),
            ground: own.ground.clone().unwrap_or_default(),
            detection: own.detection.name().into(),
            stay_until: own
                .stay_until
                .map(|day| day.to_string())
                .unwrap_or_default(),
            charge: own.charge.map(|idr| idr.to_string()).unwrap_or_default(),
            reason: String::new(),
        }
    }

    fn input(&self) -> ApiResult<CorrectionInput> {
        let unread = |what: &str| ApiError::invalid("bad_filter", format!("{what} cannot be read"));
        let outcome = Outcome::from_name(&self.outcome).ok_or_else(|| unread("the outcome"))?;
        // What does not belong to the outcome is left out, so that choosing another one is enough.
        let entry =
            outcome == Outcome::Entered && self.nationality.trim() != tapal_domain::crossing::HOME;
        let day = match self.stay_until.trim() {
            "" => None,
            text => Some(text.parse().map_err(|_| {
                ApiError::invalid("bad_date", "a date cannot be read; write it as YYYY-MM-DD")
            })?),
        };
        let charge = match self.charge.trim() {
            "" => None,
            text => Some(text.parse().map_err(|_| unread("the charge"))?),
        };
        Ok(CorrectionInput {
            id: None,
            outcome,
            direction: match self.direction.as_str() {
                "arrival" => Some(Direction::Arrival),
                "departure" => Some(Direction::Departure),
                _ => None,
            },
            nationality: Some(
                Nationality::new(&self.nationality)
                    .map_err(|e| ApiError::invalid("nationality_missing", e.to_string()))?,
            ),
            ground: Some(self.ground.clone()).filter(|_| outcome.needs_ground().is_some()),
            detection: Detection::from_name(&self.detection),
            stay_until: day.filter(|_| entry),
            charge: charge.filter(|_| outcome == Outcome::Departed),
            reason: self.reason.clone(),
        })
    }
}

/// `POST /crossings/{id}/corrections`.
pub async fn correction(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CrossingId>,
    Form(typed): Form<Typed>,
) -> ApiResult<Response> {
    let outcome = match typed.input() {
        Ok(input) => correct(&state, &visit.session, id, input).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(made) => see_other(format!("/crossings/{made}?done=crossing-corrected")),
        Err(error) if failure::is_mendable(&error) => {
            let found = view(&state, &visit.session, id, Look::default()).await?;
            let notice = failure::problem(&visit.shell("crossings"), &error);
            show_as(
                error.http,
                page(&state, &visit, found, typed, Some(notice)).await?,
            )
        }
        Err(error) => Err(error),
    }
}
