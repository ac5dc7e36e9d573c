//! What an officer decides at the desk: assessed again on the server, then recorded once in the ledger. Must not record
//! what the menu does not offer, whatever a client sends.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tapal_domain::{
    crossing::{Decision, Detection, Draft, Outcome, Unlawful},
    day::Day,
    holder::{DocumentKind, Identity},
    id::{AlertId, CrossingId, HolderId, LaneId},
    rule_pack::Action,
    site::Direction,
    stay::Route,
};
use tapal_store::{
    Note,
    crossing::{self, NewCrossing, Recorded},
    holder::NewDocument,
};
use utoipa::ToSchema;

use super::{
    assess::{Assessment, Judged, Place, Says, Weight, assess, place},
    document::{Document, DocumentInput},
};
use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
};

/// A decision about a traveller. Sent again with the same id it is recorded once.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossingInput {
    /// Made by the client, a UUID version 7.
    pub id: CrossingId,
    /// The lane the traveller stands in.
    pub lane: LaneId,
    /// Which way, where the lane has both.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// The document shown.
    pub document: DocumentInput,
    /// `entered` or `departed`; everything else is decided in second line.
    pub outcome: Outcome,
    /// On what a foreigner stays, such as `visit:visa_exemption`; the first that serves when left out.
    #[serde(default)]
    pub basis: Option<String>,
    /// Number of the receipt of the overstay charge, where one is due.
    #[serde(default)]
    pub receipt: Option<String>,
    /// Hits that are about another person.
    #[serde(default)]
    pub others: Vec<String>,
    /// The alert of the lane that is about this traveller.
    #[serde(default)]
    pub alert: Option<AlertId>,
    /// Alerts of the lane that are about somebody else.
    #[serde(default)]
    pub alert_others: Vec<AlertId>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct CrossingDone {
    /// Under which it stands in the ledger.
    pub id: CrossingId,
    /// Whether it stood there already.
    pub again: bool,
    /// The last lawful day of a foreigner's stay.
    pub stay_until: Option<Day>,
}

/// An unlawful decision, as people are told.
pub fn unlawful(error: Unlawful) -> ApiError {
    let code = match error {
        Unlawful::CitizenRefused => "citizen_refused",
        Unlawful::Elsewhere => "no_decision_here",
        Unlawful::WrongWay | Unlawful::NoWay => "wrong_way",
        Unlawful::NoGround | Unlawful::WrongGround => "wrong_ground",
        Unlawful::Superfluous => "superfluous",
        Unlawful::NoStay => "no_stay",
    };
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, error.to_string())
}

fn refused(code: &'static str, message: &str) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, code, message)
}

/// Assesses again and records.
pub async fn decide(
    state: &AppState,
    session: &Session,
    input: CrossingInput,
) -> ApiResult<CrossingDone> {
    let place = place(state, session, input.lane, input.direction).await?;
    let document = input.document.checked(place.day)?;
    if let Some(done) = already(state, session, &input, &document).await? {
        return Ok(done);
    }
    // The floor answers first, whatever else is wrong.
    if document.nationality.citizen() && input.outcome == Outcome::RefusedEntry {
        return Err(unlawful(Unlawful::CitizenRefused));
    }
    if !input.outcome.at_a_desk() {
        return Err(refused(
            "second_line_needed",
            "a refusal, a deferral or a hand-over is decided in second line; refer the traveller",
        ));
    }
    let judged = Judged {
        others: input.others.iter().cloned().collect(),
        alert: input.alert,
        alert_others: input.alert_others.iter().copied().collect(),
        protected: false,
        afterwards: false,
    };
    let assessment = assess(state, &place, &document, &judged).await?;
    let mut new = judge(session, &input, &place, &document, &assessment)?;
    let recorded = match newcomer(state, &document, &assessment) {
        Some((holder, identity, paper)) => {
            new.holder = Some(holder);
            let who = (&document.nationality, &identity, &paper);
            crossing::record_with_holder(&state.db, place.now, &new, who).await?
        }
        None => crossing::record(&state.db, place.now, &new).await?,
    };
    if recorded == Recorded::New && !(judged.others.is_empty() && judged.alert_others.is_empty()) {
        note_others(state, session, &new, &judged.others, &judged.alert_others).await?;
    }
    Ok(CrossingDone {
        id: new.id,
        again: recorded == Recorded::Again,
        stay_until: new.decision.draft().stay_until,
    })
}

/// A foreigner whom the registry does not know yet is recorded with the first entry. Citizens are the passport desk's.
fn newcomer(
    state: &AppState,
    document: &Document,
    assessment: &Assessment,
) -> Option<(HolderId, Identity, NewDocument)> {
    if document.nationality.citizen() || assessment.holder.is_some() {
        return None;
    }
    let identity = Identity {
        primary: document.surname.clone(),
        secondary: document.given_names.clone(),
        full_name: document.name(),
        sex: match document.sex.as_str() {
            "" => "X".into(),
            sex => sex.into(),
        },
        birth_date: document.birth_date.clone(),
        nik: String::new(),
    };
    let holder = HolderId(state.clock.new_uuid());
    let paper = NewDocument {
        id: state.clock.new_uuid(),
        holder,
        kind: DocumentKind::Passport,
        issuing_state: tapal_domain::holder::issuing_state(&document.issuing_state).ok()?,
        number: tapal_domain::holder::document_number(&document.number).ok()?,
        expires: document.expiry,
    };
    Some((holder, identity.checked().ok()?, paper))
}

/// A decision that was sent before and recorded: the same answer, nothing new.
async fn already(
    state: &AppState,
    session: &Session,
    input: &CrossingInput,
    document: &Document,
) -> ApiResult<Option<CrossingDone>> {
    let known = match crossing::get(&state.db, input.id).await {
        Ok(known) => known,
        Err(tapal_store::Error::NotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let same = known.officer == session.account
        && known.outcome == input.outcome
        && known.lane == Some(input.lane)
        && crossing::identity(&state.db, input.id).await? == document.identity();
    if !same {
        return Err(refused(
            "id_taken",
            "this id names another crossing; use a new one for a new decision",
        ));
    }
    Ok(Some(CrossingDone {
        id: input.id,
        again: true,
        stay_until: known.stay_until,
    }))
}

/// The crossing the menu allows.
fn judge(
    session: &Session,
    input: &CrossingInput,
    place: &Place,
    document: &Document,
    assessment: &Assessment,
) -> ApiResult<NewCrossing> {
    let offered = assessment
        .menu
        .choices
        .iter()
        .find(|choice| choice.records == Some(input.outcome));
    let Some(offered) = offered else {
        return Err(refused(
            "not_offered",
            "the lists, the stay or the visa do not let this traveller pass here; look at the desk page, or refer to second line",
        ));
    };
    let mut charge = None;
    let receipt = input.receipt.as_deref().map(str::trim).unwrap_or_default();
    if offered.action == Action::Charge {
        charge = match assessment.overstay.map(|overstay| overstay.route) {
            Some(Route::Charge { amount }) => Some(amount),
            _ => None,
        };
        if receipt.is_empty() || receipt.chars().count() > 60 {
            return Err(refused(
                "receipt_missing",
                "give the number of the receipt of the overstay charge, at most 60 characters",
            ));
        }
    }
    let basis = match (&input.basis, assessment.bases.first()) {
        (Some(code), _) => assessment.bases.iter().find(|basis| basis.code == *code),
        (None, first) => first,
    };
    let stays = input.outcome == Outcome::Entered && !document.nationality.citizen();
    let draft = Draft {
        outcome: input.outcome,
        direction: place.direction,
        nationality: document.nationality.clone(),
        ground: None,
        detection: detection(assessment),
        stay_until: basis.filter(|_| stays).map(|basis| basis.until),
        charge,
    };
    let decision =
        Decision::new(draft, place.site.kind, place.day, place.pack).map_err(unlawful)?;
    let counts = |hit: &&super::assess::Hit| hit.weight == Weight::Counts;
    Ok(NewCrossing {
        id: input.id,
        site: place.site.id,
        lane: Some(place.lane.id),
        desk: place.lane.desk,
        at: place.now,
        day: place.day,
        holder: assessment.holder,
        identity: document.identity(),
        decision,
        order: assessment
            .hits
            .iter()
            .find(counts)
            .and_then(|hit| hit.who.order()),
        alert: input.alert,
        case: None,
        permit: basis.filter(|_| stays).and_then(|basis| basis.permit),
        receipt: charge.map(|_| receipt.to_owned()),
        officer: session.account,
        authoriser: None,
    })
}

/// What brought the traveller to attention, the strongest first.
pub fn detection(assessment: &Assessment) -> Detection {
    let counts = |says: fn(&super::assess::Hit) -> Says| {
        let mut hits = assessment.hits.iter();
        hits.any(|hit| hit.weight == Weight::Counts && says(hit) == Says::Supports)
    };
    if assessment.face_list.is_some() {
        Detection::Face
    } else if counts(|hit| hit.number) {
        Detection::Document
    } else if counts(|hit| hit.by_name) {
        Detection::Name
    } else if assessment.overstay.is_some() || assessment.expired {
        Detection::Rule
    } else {
        Detection::None
    }
}

async fn note_others(
    state: &AppState,
    session: &Session,
    new: &NewCrossing,
    others: &BTreeSet<String>,
    alerts: &BTreeSet<AlertId>,
) -> ApiResult<()> {
    let detail = serde_json::json!({ "hits": others, "alerts": alerts });
    let note = Note::new(session.by(), "desk.judged_other", "crossing", new.id);
    tapal_store::audit::record(&state.db, new.at, note.with(detail)).await?;
    Ok(())
}
