//! Passenger lists: a carrier hands in who will come (UN/EDIFACT PAXLST), each is held against the orders in force by
//! document number and name, and officers look at those who answer before the journey ends. A machine says board or
//! refer; only a person says no. Must not keep anybody longer than a while after the arrival.

pub mod api;
pub mod cusres;
pub mod page;
pub mod screen;

use axum::http::StatusCode;
use tapal_documents::paxlst::{self, Fault, Interchange, Message};
use tapal_domain::{
    crossing::Nationality,
    day::Day,
    entry::COUNTRY_OFFSETS,
    id::{AccountId, PassengerId, PassengerListId},
    passenger_list::{Decision, expires_at, may_decide},
    role::Permission,
    time::UtcMs,
};
use tapal_store::{
    By,
    passenger_list::{self, NewList, NewPassenger, Passenger, Received, Who},
};

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    name_check::list,
};

/// The day it is at the centre.
fn today(now: UtcMs) -> Day {
    crate::order::today(now)
}

/// Where arrivals are counted when the place is not one of ours: the country's clocks that are behind, so that nobody is
/// deleted before the arrival.
fn offset() -> i64 {
    COUNTRY_OFFSETS.into_iter().min().unwrap_or(0)
}

/// A list that cannot be used: what is wrong, by segment.
fn spoiled(interchange: &Interchange) -> ApiError {
    let mut error = ApiError::invalid(
        "bad_passenger_list",
        "the list cannot be used: send it again whole; each reason gives the segment, counted from 1 without UNA, and what is wrong there",
    );
    let messages = interchange
        .messages
        .iter()
        .flat_map(|message| &message.faults);
    let faults = interchange.faults.iter().chain(messages);
    error.reasons = faults.take(50).map(named).collect();
    error
}

/// `12:count`, or `12:date:person 3`.
pub(crate) fn named(fault: &Fault) -> String {
    let wrong = serde_json::to_value(fault.wrong).ok();
    let wrong = wrong
        .and_then(|code| code.as_str().map(str::to_owned))
        .unwrap_or_default();
    match fault.person {
        Some(person) => format!("{}:{wrong}:person {person}", fault.segment),
        None => format!("{}:{wrong}", fault.segment),
    }
}

/// The state's letters as travel documents write them: Germany has one letter there and three elsewhere.
fn as_in_document(code: &str) -> String {
    match code {
        "DEU" => "D".to_owned(),
        code => code.to_owned(),
    }
}

fn who(person: &paxlst::Traveller) -> Who {
    let documents = person.documents.iter().filter(|one| !one.number.is_empty());
    let issuer = documents
        .clone()
        .next()
        .map_or("", |one| one.issuer.as_str());
    let issuer = if issuer.is_empty() {
        &person.nationality
    } else {
        issuer
    };
    Who {
        surname: person.surname.clone(),
        given_names: person.given_names.clone(),
        birth_date: person.birth.clone(),
        sex: person.sex.clone(),
        nationality: as_in_document(&person.nationality),
        issuer: as_in_document(issuer),
        documents: documents.map(|one| one.number.clone()).collect(),
        reference: person.reference.clone(),
        crew: person.crew,
        in_transit: person.in_transit,
        hits: Vec::new(),
    }
}

/// A message with everybody held against the list.
async fn screened(state: &AppState, message: &Message, now: UtcMs) -> ApiResult<NewList> {
    let people: Vec<Who> = message.people.iter().map(who).collect();
    let people = screen::all(state, people, now).await?;
    let person = |who: Who| NewPassenger {
        id: PassengerId(state.clock.new_uuid()),
        advice: screen::advice(&who),
        who,
    };
    Ok(NewList {
        id: PassengerListId(state.clock.new_uuid()),
        message: message.reference.clone(),
        kind: match message.kind {
            Some(paxlst::ListKind::Crew) => "crew",
            _ => "passengers",
        },
        journey: message.journey.clone(),
        carrier: message.carrier.clone(),
        origin: message.from.clone(),
        destination: message.to.clone(),
        departs: message.departs.clone(),
        arrives: message.arrives.clone(),
        left_out: i64::try_from(message.left_out).unwrap_or(i64::MAX),
        expires_at: expires_at(
            &message.arrives,
            offset(),
            now,
            state.config.passenger_list_ms,
        ),
        people: people.into_iter().map(person).collect(),
    })
}

/// What became of an interchange.
pub struct Handled {
    /// As read.
    pub interchange: Interchange,
    /// Its lists, in their order.
    pub lists: Vec<PassengerListId>,
    /// Whether it had come before.
    pub again: bool,
}

/// Takes one interchange of a carrier: all of it or nothing. Who cannot be used is counted and named by segment.
pub async fn receive_by(state: &AppState, session: &Session, bytes: &[u8]) -> ApiResult<Handled> {
    session.require(Permission::SendPassengerLists)?;
    received(state, session.account, session.by(), bytes).await
}

/// As [`receive_by`], for the demonstration's setup too: the carrier's account beside who does it.
pub async fn received(
    state: &AppState,
    account: AccountId,
    by: By,
    bytes: &[u8],
) -> ApiResult<Handled> {
    let now = state.clock.now();
    let interchange = paxlst::read(bytes, today(now));
    if !interchange.is_whole() {
        return Err(spoiled(&interchange));
    }
    list::catch_up(state).await?;
    let head = tapal_store::name_check::head(&state.db).await?;
    let mut lists = Vec::with_capacity(interchange.messages.len());
    for message in &interchange.messages {
        lists.push(screened(state, message, now).await?);
    }
    let new = Received {
        account,
        sender: &interchange.sender,
        interchange: &interchange.reference,
        bytes,
        screened: head,
        lists: &lists,
    };
    let received = passenger_list::receive(&state.db, now, by, &new).await;
    let (lists, again) = received.map_err(|error| match error {
        tapal_store::Error::Conflict(_) => ApiError::new(
            StatusCode::CONFLICT,
            "reference_taken",
            "this control reference was used for other lists; give every interchange its own",
        ),
        other => other.into(),
    })?;
    Ok(Handled {
        interchange,
        lists,
        again,
    })
}

/// The nationality of a passenger, where one was announced.
fn nationality(who: &Who) -> Option<Nationality> {
    Nationality::new(&who.nationality).ok()
}

/// Records what this person decided about somebody who was referred.
pub async fn decide_by(
    state: &AppState,
    session: &Session,
    id: PassengerId,
    decision: Decision,
    reason: &str,
) -> ApiResult<PassengerListId> {
    session.require(Permission::JudgePassengers)?;
    let (list, found) = passenger_list::person(&state.db, id).await?;
    may_decide(
        found.advice,
        nationality(&found.who).as_ref(),
        decision,
        reason,
    )
    .map_err(|why| ApiError::invalid(why.code(), why.to_string()))?;
    let now = state.clock.now();
    passenger_list::decide(&state.db, now, session.account, id, decision, reason.trim()).await?;
    Ok(list)
}

/// The people of a list; the look is recorded.
pub async fn people(
    state: &AppState,
    session: &Session,
    id: PassengerListId,
) -> ApiResult<Vec<Passenger>> {
    session.require(Permission::ReadPassengerLists)?;
    let people = passenger_list::people(&state.db, id).await?;
    let now = state.clock.now();
    tapal_store::look::record(
        &state.db,
        now,
        session.account,
        "passenger_list",
        id,
        "identities",
    )
    .await?;
    Ok(people)
}
