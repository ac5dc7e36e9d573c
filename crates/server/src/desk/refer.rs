//! From the desk to second line: what is known of the traveller goes with the referral. Must not decide anything, and
//! must not send a hit that the officer or second line found to be somebody else.

use tapal_domain::{
    id::{CaseId, CrossingId},
    second_line::{Hit, Reason, Referral, Traveller},
};

use super::{
    assess::{Assessment, Judged, Place, Weight},
    decide::detection,
    document::Document,
};
use crate::{AppState, Session, error::ApiResult, second_line};

/// Refers the traveller. The same id of the later crossing gives the same case.
pub async fn refer(
    state: &AppState,
    session: &Session,
    (place, document, assessment): (&Place, &Document, &Assessment),
    judged: &Judged,
    (crossing, reasons, text): (CrossingId, Vec<Reason>, String),
) -> ApiResult<CaseId> {
    let counts =
        |hit: &&super::assess::Hit| matches!(hit.weight, Weight::Counts | Weight::Doubt { .. });
    let hits = assessment.hits.iter().filter(counts).filter_map(|hit| {
        Some(Hit {
            order: hit.who.order()?,
            kind: hit.kind,
            agency: hit.agency,
        })
    });
    let referral = Referral {
        crossing,
        site: place.site.id,
        lane: Some(place.lane.id),
        direction: place.direction,
        traveller: Traveller {
            name: document.name(),
            birth_date: document.birth_date.clone(),
            sex: document.sex.clone(),
            nationality: document.nationality.clone(),
            issuer: document.issuing_state.clone(),
            document_number: document.number.clone(),
        },
        reasons,
        text,
        detection: detection(assessment),
        alert: judged.alert,
        hits: hits.collect(),
        holder: assessment.holder,
    };
    second_line::open(state, session, referral).await
}
