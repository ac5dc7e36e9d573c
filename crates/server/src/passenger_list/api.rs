//! `/api/v1/passenger-lists`. Must not authorise anything itself, nor tell a carrier why somebody is referred.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    entry::Agency,
    id::{AccountId, PassengerId, PassengerListId},
    name_check::Verdict,
    passenger_list::{Advice, Answer, Decision},
    rule_pack::OrderKind,
    time::UtcMs,
};
use tapal_store::{
    name_check::{Line, Listed},
    passenger_list::{self, List, Passenger},
};
use utoipa::ToSchema;

use super::{Handled, cusres, decide_by, named, people, receive_by};
use crate::{
    AppState, Session,
    error::ApiResult,
    extract::{At, Input},
    name_check::here,
};

/// What a carrier is told of one list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PassengerListReply {
    /// Its id, to ask again.
    pub id: PassengerListId,
    /// Reference of the message.
    pub message: String,
    /// Carrier and number of the journey.
    pub journey: String,
    /// People taken.
    pub accepted: usize,
    /// People who could not be used; each is among the faults.
    pub left_out: i64,
    /// What is wrong, as `segment:code` or `segment:code:person n`. Only what does not spoil the list.
    pub faults: Vec<String>,
    /// One row a person.
    pub people: Vec<PassengerReply>,
}

/// What a carrier is told of one person. Why is not said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PassengerReply {
    /// Place among those accepted, from 1.
    pub n: i64,
    /// The carrier's own number of the person (RFF+ABO).
    pub reference: String,
    /// `board`, `refer` (ask again; a person looks first) or `no_board` (a person said no).
    pub answer: Answer,
}

/// A list as officers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PassengerListView {
    /// Its id.
    pub id: PassengerListId,
    /// `passengers` or `crew`.
    pub kind: String,
    /// Carrier and number of the journey.
    pub journey: String,
    /// Place of departure.
    pub origin: String,
    /// Place of arrival.
    pub destination: String,
    /// Scheduled departure there, `YYYY-MM-DDTHH:MM`, or empty.
    pub departs: String,
    /// Scheduled arrival there, or empty.
    pub arrives: String,
    /// People taken.
    pub accepted: i64,
    /// People who could not be used.
    pub left_out: i64,
    /// People referred.
    pub referred: i64,
    /// Of those, about whom nobody has decided.
    pub waiting: i64,
    /// When it came.
    pub received_at: UtcMs,
}

/// One list with those who were referred first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PassengerListFull {
    /// The list.
    pub list: PassengerListView,
    /// Its people.
    pub people: Vec<PassengerView>,
}

/// A passenger as officers see one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PassengerView {
    /// Its id.
    pub id: PassengerId,
    /// Place in the list, from 1.
    pub n: i64,
    /// Surname, or the only name.
    pub surname: String,
    /// Given names.
    pub given_names: String,
    /// `YYYY-MM-DD` or empty.
    pub birth_date: String,
    /// As announced.
    pub nationality: String,
    /// Number of the travel document.
    pub document_number: String,
    /// Whether of the crew.
    pub crew: bool,
    /// Whether on the way to another country.
    pub in_transit: bool,
    /// What the pre-screening says.
    pub advice: Advice,
    /// Orders in force that answer.
    pub hits: Vec<PassengerHitView>,
    /// What a person decided.
    pub decision: Option<Decision>,
    /// Who.
    pub decided_by: Option<AccountId>,
    /// Why.
    pub reason: String,
}

/// An order that answers. It decides nothing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PassengerHitView {
    /// In a word.
    pub verdict: Verdict,
    /// What the order does.
    pub kind: OrderKind,
    /// Whose it is.
    pub agency: Agency,
    /// The listed name.
    pub name: String,
}

/// A decision about somebody who was referred.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct PassengerDecisionInput {
    /// What. `no_board` never for a citizen.
    pub decision: Decision,
    /// Why, 3 to 500 characters.
    pub reason: String,
}

impl From<&List> for PassengerListView {
    fn from(list: &List) -> Self {
        PassengerListView {
            id: list.id,
            kind: list.kind.clone(),
            journey: list.journey.clone(),
            origin: list.origin.clone(),
            destination: list.destination.clone(),
            departs: list.departs.clone(),
            arrives: list.arrives.clone(),
            accepted: list.named,
            left_out: list.left_out,
            referred: list.referred,
            waiting: list.waiting,
            received_at: list.received_at,
        }
    }
}

fn told(passenger: &Passenger) -> PassengerReply {
    PassengerReply {
        n: passenger.n,
        reference: passenger.who.reference.clone(),
        answer: Answer::of(passenger.advice, passenger.decision),
    }
}

fn reply(list: &List, people: &[Passenger], faults: Vec<String>) -> PassengerListReply {
    let mut people: Vec<PassengerReply> = people.iter().map(told).collect();
    people.sort_by_key(|person| person.n);
    PassengerListReply {
        id: list.id,
        message: list.message.clone(),
        journey: list.journey.clone(),
        accepted: people.len(),
        left_out: list.left_out,
        faults,
        people,
    }
}

/// Takes one interchange of PAXLST messages (D.98B or D.02B), all of it or nothing; at most 2 MiB. The same control
/// reference with the same content again gives the same lists with 200; with another content 409 `reference_taken`. What
/// spoils a list is 422 `bad_passenger_list` with each segment. With `accept: application/edifact` the answer is CUSRES.
#[utoipa::path(post, path = "/api/v1/passenger-lists", tag = "passenger_list", operation_id = "passenger_list_send",
    request_body(content = String, content_type = "application/edifact"),
    responses((status = 201, body = Vec<PassengerListReply>), (status = 200, body = Vec<PassengerListReply>)))]
pub async fn send(
    State(state): State<AppState>,
    session: Session,
    headers: HeaderMap,
    bytes: Bytes,
) -> ApiResult<Response> {
    let handled = receive_by(&state, &session, &bytes).await?;
    let mut lists = Vec::with_capacity(handled.lists.len());
    for id in &handled.lists {
        let list = passenger_list::get(&state.db, *id, Some(session.account)).await?;
        let mut people = passenger_list::people(&state.db, *id).await?;
        people.sort_by_key(|person| person.n);
        lists.push((list, people));
    }
    let status = match handled.again {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    let wants = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    if wants.is_some_and(|wants| wants.contains("application/edifact")) {
        let text = cusres::reply(&handled.interchange, &lists, state.clock.now());
        return Ok((
            status,
            [(header::CONTENT_TYPE, "application/edifact")],
            text,
        )
            .into_response());
    }
    Ok((status, Json(replies(&handled, &lists))).into_response())
}

fn replies(handled: &Handled, lists: &[(List, Vec<Passenger>)]) -> Vec<PassengerListReply> {
    let messages = handled.interchange.messages.iter();
    let pairs = messages.zip(lists);
    pairs
        .map(|(message, (list, people))| {
            reply(list, people, message.faults.iter().map(named).collect())
        })
        .collect()
}

/// What stands now of a list of this carrier: a person may have decided since.
#[utoipa::path(get, path = "/api/v1/passenger-lists/{id}/answers", tag = "passenger_list", operation_id = "passenger_list_answers", params(("id" = PassengerListId, Path)), responses((status = 200, body = PassengerListReply)))]
pub async fn answers(
    State(state): State<AppState>,
    session: Session,
    At(id): At<PassengerListId>,
) -> ApiResult<Json<PassengerListReply>> {
    let list = passenger_list::get(&state.db, id, Some(session.account)).await?;
    let people = passenger_list::people(&state.db, id).await?;
    Ok(Json(reply(&list, &people, Vec::new())))
}

/// Lists that are not deleted yet: those with somebody to decide about first; at most 200.
#[utoipa::path(get, path = "/api/v1/passenger-lists", tag = "passenger_list", operation_id = "passenger_list_list", responses((status = 200, body = Vec<PassengerListView>)))]
pub async fn list(
    State(state): State<AppState>,
    _session: Session,
) -> ApiResult<Json<Vec<PassengerListView>>> {
    let lists = passenger_list::lists(&state.db, 200).await?;
    Ok(Json(lists.iter().map(PassengerListView::from).collect()))
}

/// One list, those who were referred first; the look is recorded.
#[utoipa::path(get, path = "/api/v1/passenger-lists/{id}", tag = "passenger_list", operation_id = "passenger_list_get", params(("id" = PassengerListId, Path)), responses((status = 200, body = PassengerListFull)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<PassengerListId>,
) -> ApiResult<Json<PassengerListFull>> {
    Ok(Json(full(&state, &session, id).await?))
}

/// One list for API and page.
pub(super) async fn full(
    state: &AppState,
    session: &Session,
    id: PassengerListId,
) -> ApiResult<PassengerListFull> {
    let list = passenger_list::get(&state.db, id, None).await?;
    let people = people(state, session, id).await?;
    let mut who: Vec<Listed> = Vec::new();
    for hit in people.iter().flat_map(|one| &one.who.hits) {
        who.push(hit.listed()?);
    }
    who.sort_unstable();
    who.dedup();
    let lines = tapal_store::name_check::lines(&state.db, &who).await?;
    let (here, _) = here(state, None, state.clock.now()).await?;
    let in_force = |line: &&Line| here.in_force(line.status, line.first_day, line.last_day);
    let lines: Vec<&Line> = lines.iter().filter(in_force).collect();
    Ok(PassengerListFull {
        list: PassengerListView::from(&list),
        people: people.iter().map(|one| view(one, &lines)).collect(),
    })
}

/// A passenger with the orders that are in force now.
fn view(passenger: &Passenger, lines: &[&Line]) -> PassengerView {
    let who = &passenger.who;
    let hit = |hit: &passenger_list::PassengerHit| {
        let listed = hit.listed().ok()?;
        let line = lines.iter().find(|line| line.who == listed)?;
        Some(PassengerHitView {
            verdict: hit.verdict,
            kind: line.kind,
            agency: line.agency,
            name: line.subject.person.full_name.clone(),
        })
    };
    PassengerView {
        id: passenger.id,
        n: passenger.n,
        surname: who.surname.clone(),
        given_names: who.given_names.clone(),
        birth_date: who.birth_date.clone(),
        nationality: who.nationality.clone(),
        document_number: who.documents.first().cloned().unwrap_or_default(),
        crew: who.crew,
        in_transit: who.in_transit,
        advice: passenger.advice,
        hits: who.hits.iter().filter_map(hit).collect(),
        decision: passenger.decision,
        decided_by: passenger.decided_by,
        reason: passenger.reason.clone(),
    }
}

/// Records what a person decided about somebody who was referred; the carrier is told when it asks.
#[utoipa::path(post, path = "/api/v1/passengers/{id}/decision", tag = "passenger_list", operation_id = "passenger_decide", params(("id" = PassengerId, Path)), request_body = PassengerDecisionInput, responses((status = 204)))]
pub async fn decide(
    State(state): State<AppState>,
    session: Session,
    At(id): At<PassengerId>,
    Input(input): Input<PassengerDecisionInput>,
) -> ApiResult<StatusCode> {
    decide_by(&state, &session, id, input.decision, &input.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
