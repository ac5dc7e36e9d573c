//! Asking the orders in force by name and document number: for desk, visa, queue and API one function. Called a name
//! check because `screening` is the judge of a face's score. Every question is recorded and counted; what was asked is
//! not. Must not decide anything about a person, nor answer with an order that is not in force there.

pub mod list;
pub mod page;
pub mod rate;
pub mod subject;
pub mod weights;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    day::Day,
    entry::Agency,
    id::{EntryId, OrderId, SiteId},
    name_check::{Here, Purpose, Verdict, answers_to_a_name},
    role::Permission,
    rule_pack::OrderKind,
    site::SiteKind,
    time::UtcMs,
};
use tapal_names::{Row, Screening};
use tapal_store::{
    Note,
    name_check::{Line, Listed},
};
use utoipa::ToSchema;
use uuid::Uuid;

use self::{list::Among, subject::Asked};
use crate::{
    AppState, Session,
    console::{Lang, words},
    error::ApiResult,
    extract::Input,
};

/// A question.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct NameCheckInput {
    /// Who.
    #[serde(flatten)]
    pub who: Asked,
    /// Where; the account's own site when left out. Its calendar day says what is in force.
    #[serde(default)]
    pub site: Option<SiteId>,
    /// What for.
    pub purpose: Purpose,
}

/// An answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NameCheckReply {
    /// Under which the question is recorded.
    pub id: Uuid,
    /// When.
    pub at: UtcMs,
    /// The day it was there; absent where no site is named, then it is in force everywhere in the country.
    pub day: Option<Day>,
    /// Orders the list holds.
    pub listed: usize,
    /// Who answers: document numbers first, then names, best first; at most 50.
    pub hits: Vec<NameCheckHit>,
    /// Hits by name beyond those 50.
    pub more: usize,
    /// Names under the same keys that were not compared, because there were too many. When it is not 0, ask with more
    /// of the name.
    pub left_out: usize,
}

/// One order that names such a person. A hit decides nothing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NameCheckHit {
    /// In a word.
    pub verdict: Verdict,
    /// Whether a document number is the same.
    pub document: bool,
    /// Likeness of the names alone, 0 to 1; a match from 0.5. Absent where there were none to compare.
    pub name_score: Option<f32>,
    /// With what else is known, 0 to 1; for the order of hits.
    pub score: f32,
    /// The listed name that answered.
    pub name: String,
    /// What the order does.
    pub kind: OrderKind,
    /// Whose order it is.
    pub agency: Agency,
    /// What to do, in the language of the account.
    pub advice: String,
    /// The order itself, for those who may read all orders.
    pub order: Option<NameCheckOrder>,
    /// Why: one row a feature, also where one side did not have it.
    pub rows: Vec<NameCheckRow>,
}

/// Where to read on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NameCheckOrder {
    /// The order; absent for the demonstration's entries, which have none.
    pub id: Option<OrderId>,
    /// The entry, where there is no order.
    pub entry: Option<EntryId>,
    /// Its number at the agency.
    pub reference: String,
    /// First day in force.
    pub first_day: Day,
    /// Last day in force; absent for life.
    pub last_day: Option<Day>,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NameCheckRow {
    /// What was compared.
    pub feature: &'static str,
    /// `supports`, `contradicts`, `absent` or `neutral`.
    pub verdict: &'static str,
    /// Its part of the sum, natural log-odds.
    pub weight: f32,
    /// The part of the name asked for; empty where there is none.
    pub asked: String,
    /// The part of the listed name.
    pub listed: String,
}

impl From<&Row> for NameCheckRow {
    fn from(row: &Row) -> Self {
        NameCheckRow {
            feature: row.feature.code(),
            verdict: row.verdict.code(),
            weight: row.weight,
            asked: row.left.as_str().to_owned(),
            listed: row.right.as_str().to_owned(),
        }
    }
}

/// A listed person who answered, before it is read again.
pub(crate) struct Answer {
    pub who: Listed,
    pub document: bool,
    pub name_score: Option<f32>,
    pub score: f32,
    /// Which of the names of the order, from 0.
    pub listed: usize,
    pub rows: Vec<NameCheckRow>,
}

impl Answer {
    pub(crate) fn verdict(&self) -> Verdict {
        Verdict::of(self.document, self.name_score, self.score)
    }
}

/// One answer a person: document numbers first, then names, each best first.
pub(crate) fn answers(found: &Screening<Listed>) -> Vec<Answer> {
    let by_name = |who: Listed| found.names.iter().find(|hit| hit.id == who);
    let score = |rows: &[Row]| {
        let sum: f32 = rows.iter().map(|row| row.weight).sum();
        1.0 / (1.0 + (-sum).exp())
    };
    let mut all: Vec<Answer> = Vec::with_capacity(found.documents.len() + found.names.len());
    for hit in &found.documents {
        all.push(Answer {
            who: hit.id,
            document: true,
            name_score: hit.name_score,
            score: score(&hit.rows),
            listed: by_name(hit.id).map_or(0, |hit| hit.listed),
            rows: hit.rows.iter().map(NameCheckRow::from).collect(),
        });
    }
    for hit in &found.names {
        if all.iter().all(|known| known.who != hit.id) {
            all.push(Answer {
                who: hit.id,
                document: false,
                name_score: Some(hit.name_score),
                score: hit.score,
                listed: hit.listed,
                rows: hit.rows.iter().map(NameCheckRow::from).collect(),
            });
        }
    }
    all
}

/// Most hits by name in an answer.
const MOST_HITS: usize = 50;

/// Where somebody asks: the days it is there, and what kind of place.
pub(crate) async fn here(
    state: &AppState,
    site: Option<SiteId>,
    now: UtcMs,
) -> ApiResult<(Here, Option<SiteKind>)> {
    let Some(site) = site else {
        return Ok((Here::anywhere(now), None));
    };
    let site = tapal_store::site::get(&state.db, site).await?;
    Ok((Here::at(now, site.utc_offset_minutes), Some(site.kind)))
}

/// Asks, records that somebody asked, and answers.
pub async fn ask(
    state: &AppState,
    session: &Session,
    question: NameCheckInput,
) -> ApiResult<NameCheckReply> {
    session.require(Permission::CheckNames)?;
    let asked = question.who.checked()?;
    let site = question.site.or(session.site);
    if let Some(site) = site {
        session.require_site(site)?;
    }
    let now = state.clock.now();
    let (here, kind) = here(state, site, now).await?;
    list::catch_up(state).await?;
    state.rate.ask(session.account, now)?;
    let found = screen(state, &asked, here).await?;
    let mut reply = NameCheckReply {
        id: state.clock.new_uuid(),
        at: now,
        day: site.map(|_| here.earliest),
        listed: state.names.len(),
        hits: hits(state, session, here, kind, answers(&found)).await?,
        more: found.more,
        left_out: found.left_out,
    };
    reply.hits.shrink_to_fit();
    let documents = reply.hits.iter().filter(|hit| hit.document).count();
    // Neither the name nor anything made from it: that somebody asked, where, what for, and how many answered.
    let detail = serde_json::json!({ "site": site, "purpose": question.purpose, "hits": reply.hits.len() + reply.more,
        "documents": documents, "left_out": reply.left_out });
    let note = Note::new(session.by(), "name_check.asked", "name_check", reply.id);
    tapal_store::audit::record(&state.db, now, note.with(detail)).await?;
    Ok(reply)
}

/// Who is in force here and answers, away from the threads that serve.
pub(crate) async fn screen(
    state: &AppState,
    asked: &Asked,
    here: Here,
) -> ApiResult<Screening<Listed>> {
    let (state, subject) = (state.clone(), asked.subject());
    let screen = move || {
        state
            .names
            .screen(Among::Approved, &subject, MOST_HITS, |_, term, by_name| {
                here.in_force(term.status, term.first_day, term.last_day)
                    && (!by_name || answers_to_a_name(term.kind))
            })
    };
    tokio::task::spawn_blocking(screen)
        .await
        .map_err(crate::ApiError::internal)
}

/// The answers as this person may see them, each read again: what ended in between is not in it.
async fn hits(
    state: &AppState,
    session: &Session,
    here: Here,
    site: Option<SiteKind>,
    answers: Vec<Answer>,
) -> ApiResult<Vec<NameCheckHit>> {
    let who: Vec<Listed> = answers.iter().map(|answer| answer.who).collect();
    let lines = tapal_store::name_check::lines(&state.db, &who).await?;
    let lang = Lang::from_code(&session.language).unwrap_or_default();
    let mut hits = Vec::with_capacity(answers.len());
    for answer in answers {
        let line = lines.iter().find(|line| line.who == answer.who);
        let Some(line) =
            line.filter(|line| here.in_force(line.status, line.first_day, line.last_day))
        else {
            continue;
        };
        let whole = session.may(Permission::ReadAllOrders);
        hits.push(NameCheckHit {
            verdict: answer.verdict(),
            document: answer.document,
            name_score: answer.name_score,
            score: answer.score,
            name: name_of(line, answer.listed),
            kind: line.kind,
            agency: line.agency,
            advice: advice(lang, line.kind, site),
            order: whole.then(|| order_of(line)),
            rows: answer.rows,
        });
    }
    Ok(hits)
}

/// The listed name at this place: the full name, then the others.
pub(crate) fn name_of(line: &Line, listed: usize) -> String {
    let subject = &line.subject;
    let alias = listed.checked_sub(1).and_then(|at| subject.aliases.get(at));
    alias.unwrap_or(&subject.person.full_name).clone()
}

fn order_of(line: &Line) -> NameCheckOrder {
    NameCheckOrder {
        id: line.who.order(),
        entry: match line.who {
            Listed::Order(_) => None,
            Listed::Entry(id) => Some(id),
        },
        reference: line.reference.clone(),
        first_day: line.first_day,
        last_day: line.last_day,
    }
}

/// What to do, by the kind of order; where no entry or exit is decided, that only.
pub(crate) fn advice(lang: Lang, kind: OrderKind, site: Option<SiteKind>) -> String {
    let key = match (site, kind) {
        (Some(SiteKind::MonitoringSite), OrderKind::AlertOnly | OrderKind::LostDocument)
        | (Some(SiteKind::Checkpoint) | None, _) => {
            format!("name-check-advice-{}", kind.name())
        }
        (Some(SiteKind::MonitoringSite), _) => "name-check-advice-elsewhere".into(),
    };
    words::text(lang, &key, &[])
}

/// Asks the orders in force by name and document number. Every question is recorded, not what was asked; 429 with the
/// seconds to wait when an account asks very often; 503 `names_loading` for some seconds after a start.
#[utoipa::path(post, path = "/api/v1/name-checks", tag = "name_check", operation_id = "name_check_ask", request_body = NameCheckInput, responses((status = 200, body = NameCheckReply)))]
pub async fn check(
    State(state): State<AppState>,
    session: Session,
    Input(question): Input<NameCheckInput>,
) -> ApiResult<Json<NameCheckReply>> {
    Ok(Json(ask(&state, &session, question).await?))
}
