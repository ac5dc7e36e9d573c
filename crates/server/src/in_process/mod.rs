//! People in process: the seam for visas, stay permits, passport appointments and gates. Each of them says who is in
//! process until when; who is on the list is looked at by a person at once, and again when an order comes into force.
//! Must not hold a face, refuse anybody, nor keep anybody after the process is over.

pub mod page;
pub mod rescreen;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    entry::Agency,
    id::{AlertId, InProcessHitId, InProcessId, SiteId},
    in_process::{Decision, Kind, may_expire_at},
    name_check::{Verdict, answers_to_a_name},
    rule_pack::OrderKind,
    time::UtcMs,
};
use tapal_names::{Index, Subject};
use tapal_store::{
    in_process::{self, Found, Hit, New, Of},
    name_check::{Line, Listed},
};
use utoipa::ToSchema;

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    extract::{At, Input},
    name_check::{
        Answer, NameCheckRow, answers, here, list, name_of, screen,
        subject::{Asked, of_order},
    },
};

/// Somebody in process.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct InProcessInput {
    /// Which process.
    pub kind: Kind,
    /// Its number there, such as that of an application; the same number again replaces who it was.
    pub reference: String,
    /// Who.
    pub who: Asked,
    /// The site it belongs to, if one: only its officers look.
    #[serde(default)]
    pub site: Option<SiteId>,
    /// When the process is over at the latest; a year at most.
    pub expires_at: UtcMs,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct InProcessPut {
    /// Its id, to take it away.
    pub id: InProcessId,
    /// Whether a person has to look first. Why is not said here.
    pub to_look_at: bool,
}

/// A hit that waits for a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InProcessHit {
    /// Its id.
    pub id: InProcessHitId,
    /// When it was found.
    pub found_at: UtcMs,
    /// The site it belongs to, if one.
    pub site: Option<SiteId>,
    /// The alert whose person another order names too; nothing more is said of it before two people have judged.
    pub alert: Option<AlertId>,
    /// Somebody in process; absent for an alert.
    pub person: Option<InProcessPerson>,
}

/// Somebody in process, and the order that names such a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InProcessPerson {
    /// Which process.
    pub kind: Kind,
    /// Its number there.
    pub reference: String,
    /// Names as handed in.
    pub names: Vec<String>,
    /// In a word.
    pub verdict: Verdict,
    /// Likeness of the names alone, 0 to 1.
    pub name_score: Option<f32>,
    /// The listed name that answers.
    pub listed_name: String,
    /// What the order does.
    pub order_kind: OrderKind,
    /// Whose order it is.
    pub agency: Agency,
    /// Why: one row a feature.
    pub rows: Vec<NameCheckRow>,
}

/// A decision about a hit.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub struct InProcessDecisionInput {
    /// What; `seen` for an alert, `same` or `another` for somebody in process.
    pub decision: Decision,
}

/// Records somebody in process; looks at once who on the list it may be.
pub async fn put_by(
    state: &AppState,
    session: &Session,
    input: InProcessInput,
) -> ApiResult<InProcessPut> {
    let asked = input.who.checked()?;
    let now = state.clock.now();
    let reference = input.reference.trim();
    if !(1..=120).contains(&reference.chars().count()) {
        return Err(ApiError::invalid(
            "reference_missing",
            "give the number of the process, in 1 to 120 characters",
        ));
    }
    if !may_expire_at(input.expires_at, now) {
        return Err(ApiError::invalid(
            "bad_expiry",
            "say when the process is over: in the future, and within 366 days",
        ));
    }
    let (here, _) = here(state, input.site, now).await?;
    list::catch_up(state).await?;
    let found = answers(&screen(state, &asked, here).await?);
    let id = InProcessId(state.clock.new_uuid());
    let hits: Vec<Found> = found
        .iter()
        .map(|answer| Found {
            id: InProcessHitId(state.clock.new_uuid()),
            of: Of::Person(id),
            listed: answer.who,
            site: input.site,
        })
        .collect();
    let subject = serde_json::to_vec(&asked).map_err(ApiError::internal)?;
    let new = New {
        id,
        kind: input.kind,
        reference,
        site: input.site,
        subject: &subject,
        expires_at: input.expires_at,
    };
    in_process::put(&state.db, now, session.by(), &new, &hits).await?;
    Ok(InProcessPut {
        id,
        to_look_at: !hits.is_empty(),
    })
}

/// Whether, and how, a listed person answers to somebody: the list of one.
pub(crate) fn answer_of(line: &Line, asked: &Subject) -> Option<Answer> {
    let mut one = Index::default();
    one.put(line.who, &of_order(&line.subject));
    let answer = answers(&one.screen(asked, 1)).into_iter().next();
    answer.filter(|answer| answer.document || answers_to_a_name(line.kind))
}

/// Who was handed in.
pub(crate) fn asked_of(subject: &[u8]) -> ApiResult<Asked> {
    serde_json::from_slice(subject).map_err(|_| {
        ApiError::internal("somebody in process is stored in a form that is not known")
    })
}

/// Hits that wait for a person, of this account's site or all; each look at a name is recorded.
pub async fn waiting(state: &AppState, session: &Session) -> ApiResult<Vec<InProcessHit>> {
    let now = state.clock.now();
    let hits = in_process::hits(&state.db, now, session.site, 100).await?;
    let who: Vec<Listed> = hits.iter().map(|hit| hit.listed).collect();
    let lines = tapal_store::name_check::lines(&state.db, &who).await?;
    let mut shown = Vec::with_capacity(hits.len());
    for hit in hits {
        let line = lines.iter().find(|line| line.who == hit.listed);
        if let Some(line) = line
            && let Some(hit) = shown_hit(state, session, &hit, line).await?
        {
            shown.push(hit);
        }
    }
    Ok(shown)
}

/// A hit as it may be shown; nothing when the order is not in force there now.
async fn shown_hit(
    state: &AppState,
    session: &Session,
    hit: &Hit,
    line: &Line,
) -> ApiResult<Option<InProcessHit>> {
    let now = state.clock.now();
    let (here, _) = here(state, hit.site, now).await?;
    if !here.in_force(line.status, line.first_day, line.last_day) {
        return Ok(None);
    }
    let mut view = InProcessHit {
        id: hit.id,
        found_at: hit.found_at,
        site: hit.site,
        alert: None,
        person: None,
    };
    let id = match hit.of {
        Of::Alert(id) => {
            view.alert = Some(id);
            return Ok(Some(view));
        }
        Of::Person(id) => id,
    };
    let held = in_process::get(&state.db, now, id).await?;
    let asked = asked_of(&held.subject)?;
    let (Some((kind, reference)), Some(answer)) =
        (hit.process.clone(), answer_of(line, &asked.subject()))
    else {
        return Ok(None);
    };
    let account = session.account;
    tapal_store::look::record(&state.db, now, account, "in_process", id, "identity").await?;
    view.person = Some(InProcessPerson {
        kind,
        reference,
        names: asked.names,
        verdict: answer.verdict(),
        name_score: answer.name_score,
        listed_name: name_of(line, answer.listed),
        order_kind: line.kind,
        agency: line.agency,
        rows: answer.rows,
    });
    Ok(Some(view))
}

/// Records what this person decided about a hit. Nothing follows by itself.
pub async fn decide_by(
    state: &AppState,
    session: &Session,
    id: InProcessHitId,
    decision: Decision,
) -> ApiResult<()> {
    let now = state.clock.now();
    let hit = in_process::hit_of(&state.db, now, session.site, id).await?;
    if matches!(hit.of, Of::Alert(_)) != (decision == Decision::Seen) {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_decision",
            "an alert is only marked as seen; somebody in process is the same person or another one",
        ));
    }
    Ok(in_process::decide(&state.db, now, session.account, &hit, decision).await?)
}

/// Says that somebody is in process until when. Who may be on the list is looked at by a person; 503 `names_loading` for
/// some seconds after a start: then nobody was recorded.
#[utoipa::path(post, path = "/api/v1/in-process", tag = "in_process", operation_id = "in_process_put", request_body = InProcessInput, responses((status = 201, body = InProcessPut)))]
pub async fn put(
    State(state): State<AppState>,
    session: Session,
    Input(input): Input<InProcessInput>,
) -> ApiResult<(StatusCode, Json<InProcessPut>)> {
    let put = put_by(&state, &session, input).await?;
    Ok((StatusCode::CREATED, Json(put)))
}

/// Says that a process is over: the person and all hits are deleted.
#[utoipa::path(delete, path = "/api/v1/in-process/{id}", tag = "in_process", operation_id = "in_process_take", params(("id" = InProcessId, Path)), responses((status = 204)))]
pub async fn take(
    State(state): State<AppState>,
    session: Session,
    At(id): At<InProcessId>,
) -> ApiResult<StatusCode> {
    let now = state.clock.now();
    in_process::take(&state.db, now, session.by(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hits that wait for a person, oldest first, at most 100.
#[utoipa::path(get, path = "/api/v1/in-process", tag = "in_process", operation_id = "in_process_list", responses((status = 200, body = Vec<InProcessHit>)))]
pub async fn hits(
    State(state): State<AppState>,
    session: Session,
) -> ApiResult<Json<Vec<InProcessHit>>> {
    Ok(Json(waiting(&state, &session).await?))
}

/// Records what a person decided after looking. Nothing follows by itself.
#[utoipa::path(post, path = "/api/v1/in-process/hits/{id}/decision", tag = "in_process", operation_id = "in_process_decide", params(("id" = InProcessHitId, Path)), request_body = InProcessDecisionInput, responses((status = 204)))]
pub async fn decide(
    State(state): State<AppState>,
    session: Session,
    At(id): At<InProcessHitId>,
    Input(input): Input<InProcessDecisionInput>,
) -> ApiResult<StatusCode> {
    decide_by(&state, &session, id, input.decision).await?;
    Ok(StatusCode::NO_CONTENT)
}
