//! `/desk`: the next traveller, then who it is, whether they may pass, and what may be done. What is shown lives in the
//! form only: nothing of a traveller stands in an address. Must not decide itself.

use askama::Template;
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    response::Response,
};
use serde::Deserialize;
use tapal_domain::{
    crossing::Outcome,
    id::{CrossingId, LaneId},
    role::Permission,
    second_line::Reason,
    site::{Direction, SiteKind},
};
use tapal_store::{Note, crossing};

use super::{
    assess::{Assessment, Judged, Place, assess, place},
    decide::{CrossingInput, decide},
    document::{Document, DocumentInput},
    sample,
    sheet::{Sheet, sheet},
};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, see_other, show, visit::show_as},
    error::{ApiError, ApiResult},
    extract::Params,
    state::AppState,
};

/// `?lane=&direction=&last=`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Where {
    lane: Option<LaneId>,
    direction: Option<Direction>,
    last: Option<CrossingId>,
}

/// The form of a traveller: the document, what was said about hits, and what is decided.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    lane: String,
    direction: String,
    /// The document, as it was read or typed.
    #[serde(flatten)]
    pub document: DocumentInput,
    others: String,
    other: String,
    alert: String,
    /// The pressed button, as below: what it says goes into the field that every form carries.
    alert_this: String,
    alert_others: String,
    alert_other: String,
    protected: String,
    protect: String,
    id: String,
    outcome: String,
    basis: String,
    receipt: String,
    /// Reasons for second line, each a box of its own.
    list_hit: String,
    imposter_doubt: String,
    document_doubt: String,
    stay: String,
    non_procedural_worker: String,
    asylum_claim: String,
    minor: String,
    victim_indicator: String,
    text: String,
}

struct LaneLine {
    href: String,
    name: String,
    direction: String,
    chosen: bool,
}

/// A passport of the demonstration.
struct SampleLine {
    name: String,
    zone: String,
}

struct Last {
    tone: Tone,
    icon: &'static str,
    title: String,
    text: String,
}

#[derive(Template)]
#[template(path = "desk/page.html")]
struct DeskPage {
    shell: Shell,
    notice: Option<Notice>,
    faults: Vec<String>,
    lane: String,
    lane_name: String,
    direction: String,
    direction_word: String,
    here: String,
    both: bool,
    lanes: Vec<LaneLine>,
    last: Option<Last>,
    form: Typed,
    typing: bool,
    samples: Vec<SampleLine>,
    sheet: Option<Sheet>,
}

impl Typed {
    fn lane(&self) -> ApiResult<LaneId> {
        self.lane.parse().map_err(|_| bad_form())
    }

    fn direction(&self) -> Option<Direction> {
        match self.direction.as_str() {
            "arrival" => Some(Direction::Arrival),
            "departure" => Some(Direction::Departure),
            _ => None,
        }
    }

    /// What the officer said, with what the pressed button adds.
    fn judged(&mut self) -> Judged {
        let join = |list: &mut String, one: &mut String| {
            if !one.is_empty() {
                list.push(' ');
                list.push_str(one);
                one.clear();
            }
        };
        join(&mut self.others, &mut self.other);
        join(&mut self.alert_others, &mut self.alert_other);
        for (field, pressed) in [
            (&mut self.alert, &mut self.alert_this),
            (&mut self.protected, &mut self.protect),
        ] {
            if !pressed.is_empty() {
                *field = std::mem::take(pressed);
            }
        }
        let others = self.others.split_whitespace().map(str::to_owned).collect();
        let alerts = self.alert_others.split_whitespace();
        Judged {
            others,
            alert: self.alert.parse().ok(),
            alert_others: alerts.filter_map(|id| id.parse().ok()).collect(),
            protected: !self.protected.is_empty(),
            afterwards: false,
        }
    }

    fn reasons(&self) -> Vec<Reason> {
        let ticked = |reason: &&Reason| {
            let field = match reason {
                Reason::ListHit => &self.list_hit,
                Reason::ImposterDoubt => &self.imposter_doubt,
                Reason::DocumentDoubt => &self.document_doubt,
                Reason::Stay => &self.stay,
                Reason::NonProceduralWorker => &self.non_procedural_worker,
                Reason::AsylumClaim => &self.asylum_claim,
                Reason::Minor => &self.minor,
                Reason::VictimIndicator => &self.victim_indicator,
            };
            !field.is_empty()
        };
        Reason::ALL.iter().filter(ticked).copied().collect()
    }

    fn decision(&mut self) -> ApiResult<CrossingInput> {
        let judged = self.judged();
        let some = |text: &String| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        Ok(CrossingInput {
            id: self.id.parse().map_err(|_| bad_form())?,
            lane: self.lane()?,
            direction: self.direction(),
            document: self.document.clone(),
            outcome: Outcome::from_name(&self.outcome).ok_or_else(bad_form)?,
            basis: some(&self.basis),
            receipt: some(&self.receipt),
            others: judged.others.into_iter().collect(),
            alert: judged.alert,
            alert_others: judged.alert_others.into_iter().collect(),
        })
    }
}

impl DeskPage {
    /// The page with the traveller's sheet on it.
    async fn with_sheet(
        mut self,
        state: &AppState,
        (place, document, found): (&Place, &Document, &Assessment),
        judged: &Judged,
        id: CrossingId,
    ) -> ApiResult<Self> {
        let made = sheet(state, &self.shell, place, document, found, judged, id);
        self.sheet = Some(made.await?);
        Ok(self)
    }
}

fn bad_form() -> ApiError {
    ApiError::invalid("bad_form", "a field is missing or has the wrong form")
}

/// `GET /desk`.
pub async fn next(
    State(state): State<AppState>,
    visit: Visit,
    Params(wanted): Params<Where>,
) -> ApiResult<Response> {
    let lanes = lanes(&state, &visit).await?;
    let own = |lane: &&tapal_store::site::Lane| {
        visit.session.desk.is_some() && lane.desk == visit.session.desk
    };
    let mine: Vec<_> = lanes.iter().filter(own).collect();
    let chosen = match (wanted.lane, lanes.as_slice(), mine.as_slice()) {
        (Some(lane), _, _) => Some(lane),
        (None, [only], _) => Some(only.id),
        (None, _, [only]) => Some(only.id),
        _ => None,
    };
    let Some(lane) = chosen else {
        let shell = visit.shell("desk");
        return show(empty(shell, lines(&visit, &lanes, None)));
    };
    let place = place(&state, &visit.session, lane, wanted.direction).await?;
    let mut page = blank(&visit, &place, &lanes, Typed::default());
    page.notice = visit.done();
    page.last = match wanted.last {
        Some(id) => last(&state, &visit, &page.shell, id).await?,
        None => None,
    };
    show(page)
}

/// Lanes of the checkpoints this person may work at.
async fn lanes(state: &AppState, visit: &Visit) -> ApiResult<Vec<tapal_store::site::Lane>> {
    let mut all = Vec::new();
    for site in tapal_store::site::list(&state.db).await? {
        let own = visit.session.site.is_none_or(|own| own == site.id);
        if own && site.kind == SiteKind::Checkpoint {
            all.extend(tapal_store::site::lanes(&state.db, site.id).await?);
        }
    }
    Ok(all)
}

fn direction_code(direction: Direction) -> &'static str {
    match direction {
        Direction::Arrival => "arrival",
        Direction::Departure => "departure",
        Direction::Neither => "neither",
    }
}

fn lines(
    visit: &Visit,
    lanes: &[tapal_store::site::Lane],
    chosen: Option<LaneId>,
) -> Vec<LaneLine> {
    let shell = visit.shell("desk");
    let line = |lane: &tapal_store::site::Lane| LaneLine {
        href: format!("/desk?lane={}", lane.id),
        name: lane.name.clone(),
        direction: shell.word("crossing-direction", direction_code(lane.direction)),
        chosen: chosen == Some(lane.id),
    };
    lanes.iter().map(line).collect()
}

/// In the demonstration there is no reader on the desk.
fn samples(shell: &Shell) -> Vec<SampleLine> {
    let all = sample::ALL.iter().filter(|_| shell.demo);
    all.map(|sample| SampleLine {
        name: shell.word("desk-sample", sample.code),
        zone: sample.zone().join("\n"),
    })
    .collect()
}

fn empty(shell: Shell, lanes: Vec<LaneLine>) -> DeskPage {
    DeskPage {
        notice: None,
        faults: Vec::new(),
        lane: String::new(),
        lane_name: String::new(),
        direction: String::new(),
        direction_word: String::new(),
        here: String::new(),
        both: false,
        lanes,
        last: None,
        form: Typed::default(),
        typing: false,
        samples: samples(&shell),
        sheet: None,
        shell,
    }
}

fn blank(visit: &Visit, place: &Place, lanes: &[tapal_store::site::Lane], form: Typed) -> DeskPage {
    let shell = visit.shell("desk");
    let direction = direction_code(place.direction);
    DeskPage {
        lane: place.lane.id.to_string(),
        lane_name: place.lane.name.clone(),
        direction: direction.into(),
        direction_word: shell.word("crossing-direction", direction),
        here: match place.lane.direction {
            Direction::Neither => format!("/desk?lane={}&direction={direction}", place.lane.id),
            _ => format!("/desk?lane={}", place.lane.id),
        },
        both: place.lane.direction == Direction::Neither,
        form,
        ..empty(shell, lines(visit, lanes, Some(place.lane.id)))
    }
}

/// What was done with the traveller before, if this officer did it.
async fn last(
    state: &AppState,
    visit: &Visit,
    shell: &Shell,
    id: CrossingId,
) -> ApiResult<Option<Last>> {
    let known = match crossing::get(&state.db, id).await {
        Ok(known) if known.officer == visit.session.account => known,
        _ => return Ok(None),
    };
    let text = match known.stay_until {
        Some(until) => shell.t1(
            "desk-stay-until",
            "day",
            crate::order::page::day_of(shell, until),
        ),
        None => String::new(),
    };
    Ok(Some(Last {
        tone: Tone::Green,
        icon: "circle-check",
        title: shell.word("desk-done", known.outcome.name()),
        text,
    }))
}

/// `POST /desk`: a document was read or typed, or something was said about a hit.
pub async fn present(
    State(state): State<AppState>,
    visit: Visit,
    form: Result<Form<Typed>, FormRejection>,
) -> ApiResult<Response> {
    let Form(mut typed) = form.map_err(|_| bad_form())?;
    let place = place(&state, &visit.session, typed.lane()?, typed.direction()).await?;
    let lanes = lanes(&state, &visit).await?;
    let judged = typed.judged();
    let outcome = presented(&state, &visit, &place, &typed.document, &judged).await;
    let page = blank(&visit, &place, &lanes, typed);
    match outcome {
        Ok((document, assessment)) => {
            let id = CrossingId(state.clock.new_uuid());
            let known = (&place, &document, &assessment);
            show(page.with_sheet(&state, known, &judged, id).await?)
        }
        Err(error) => problem(page, error),
    }
}

/// Looks, and records that somebody looked: not at whom.
async fn presented(
    state: &AppState,
    visit: &Visit,
    place: &Place,
    input: &DocumentInput,
    judged: &Judged,
) -> ApiResult<(Document, Assessment)> {
    visit.session.require(Permission::RecordCrossings)?;
    let document = input.checked(place.day)?;
    let assessment = assess(state, place, &document, judged).await?;
    let detail = serde_json::json!({ "site": place.site.id, "lane": place.lane.id, "hits": assessment.hits.len(),
        "read": document.read, "left_out": assessment.left_out });
    let note = Note::new(visit.session.by(), "desk.asked", "lane", place.lane.id);
    tapal_store::audit::record(&state.db, place.now, note.with(detail)).await?;
    Ok((document, assessment))
}

fn problem(mut page: DeskPage, error: ApiError) -> ApiResult<Response> {
    let loading = error.code == "names_loading";
    if !loading && !failure::is_mendable(&error) {
        return Err(error);
    }
    page.notice = Some(match loading {
        true => Notice::new(
            Tone::Amber,
            page.shell.t("name-check-loading"),
            page.shell.t("name-check-loading-text"),
        ),
        false => failure::problem(&page.shell, &error),
    });
    let fault = |code: &String| page.shell.word("desk-fault", code);
    page.faults = error.reasons.iter().map(fault).collect();
    page.typing = page.form.document.mrz.trim().is_empty();
    show_as(error.http, page)
}

/// `POST /desk/crossings`: the decision.
pub async fn record(
    State(state): State<AppState>,
    visit: Visit,
    form: Result<Form<Typed>, FormRejection>,
) -> ApiResult<Response> {
    let Form(mut typed) = form.map_err(|_| bad_form())?;
    let input = typed.decision()?;
    let place = place(&state, &visit.session, input.lane, input.direction).await?;
    let error = match decide(&state, &visit.session, input).await {
        Ok(done) => {
            let lanes = lanes(&state, &visit).await?;
            let page = blank(&visit, &place, &lanes, Typed::default());
            return see_other(format!("{}&last={}", page.here, done.id));
        }
        Err(error) => error,
    };
    // The traveller again, as everything stands now, and why it was not recorded.
    if !failure::is_mendable(&error) {
        return Err(error);
    }
    let lanes = lanes(&state, &visit).await?;
    let judged = typed.judged();
    let again = presented(&state, &visit, &place, &typed.document, &judged).await;
    let id = typed.id.parse().map_err(|_| bad_form())?;
    let mut page = blank(&visit, &place, &lanes, typed);
    if let Ok((document, assessment)) = again {
        let known = (&place, &document, &assessment);
        page = page.with_sheet(&state, known, &judged, id).await?;
    }
    page.notice = Some(failure::problem(&page.shell, &error));
    show_as(error.http, page)
}

/// `POST /desk/referrals`: to second line.
pub async fn refer(
    State(state): State<AppState>,
    visit: Visit,
    form: Result<Form<Typed>, FormRejection>,
) -> ApiResult<Response> {
    let Form(mut typed) = form.map_err(|_| bad_form())?;
    let place = place(&state, &visit.session, typed.lane()?, typed.direction()).await?;
    let id: CrossingId = typed.id.parse().map_err(|_| bad_form())?;
    let lanes = lanes(&state, &visit).await?;
    let judged = typed.judged();
    let document = typed.document.checked(place.day)?;
    let found = assess(&state, &place, &document, &judged).await?;
    let what = (id, typed.reasons(), typed.text.clone());
    let known = (&place, &document, &found);
    let error = match super::refer::refer(&state, &visit.session, known, &judged, what).await {
        Ok(_) => {
            let page = blank(&visit, &place, &lanes, Typed::default());
            return see_other(format!("{}&done=referred", page.here));
        }
        Err(error) if failure::is_mendable(&error) => error,
        Err(error) => return Err(error),
    };
    let page = blank(&visit, &place, &lanes, typed);
    let mut page = page.with_sheet(&state, known, &judged, id).await?;
    page.notice = Some(failure::problem(&page.shell, &error));
    show_as(error.http, page)
}
