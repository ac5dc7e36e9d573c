//! Whether the centre's own desk would have let this traveller pass, at that instant and place, with what the centre knows
//! now. Must not decide: what it says is shown to a person.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tapal_domain::{
    crossing::Outcome,
    day::Day,
    id::{LaneId, OrderId, SiteId},
    rule_pack::{self, Action},
    site::Direction,
    standby::HandedCrossing,
};
use tapal_store::{alert, crossing, holder::Record, second_line, site::Lane};

use crate::{
    AppState,
    desk::{
        assess::{Assessment, Hit, Judged, Place, Registry, Weight, assess},
        document::Document,
    },
    error::ApiResult,
};

/// Why not, as codes and ids; `None` where it would have, where nobody passed, and for what is there already.
pub(super) async fn objection(
    state: &AppState,
    site: SiteId,
    handed: &HandedCrossing,
) -> ApiResult<Option<Value>> {
    let passes = matches!(handed.draft.outcome, Outcome::Entered | Outcome::Departed);
    // What is recorded already, or cannot be, is not looked at again.
    let known = crossing::get(&state.db, handed.id).await.is_ok();
    if !passes || known || handed.site != site {
        return Ok(None);
    }
    let Some(place) = place(state, handed).await? else {
        return Ok(None);
    };
    let record = tapal_store::holder::by_document(&state.db, &handed.issuing_state, &handed.number);
    let document = document(handed, record.await?.as_ref());
    let case = match handed.case {
        Some(_) => match second_line::of_crossing(&state.db, handed.id).await? {
            Some(id) => Some(second_line::get(&state.db, id, None).await?.case),
            None => None,
        },
        None => None,
    };
    let judged = Judged {
        others: handed.others.iter().cloned().collect(),
        alert: similar(state, handed).await?,
        alert_others: BTreeSet::new(),
        protected: false,
        afterwards: true,
    };
    let found = assess(state, &place, &document, &judged).await?;
    let looked_at: Vec<OrderId> = case
        .iter()
        .flat_map(|case| case.referral().hits.iter().map(|hit| hit.order))
        .collect();
    Ok(match handed.case {
        // Second line decided what it was asked; only what it did not know is told.
        Some(_) => told(&found, &looked_at, handed).filter(|_| {
            let mut hits = found.hits.iter();
            !offered(&found, handed) && hits.any(|hit| stands_out(hit, &looked_at))
        }),
        None => told(&found, &[], handed).filter(|_| !offered(&found, handed)),
    })
}

async fn place(state: &AppState, handed: &HandedCrossing) -> ApiResult<Option<Place>> {
    let site = tapal_store::site::get(&state.db, handed.site).await?;
    let day = Day::at(handed.at, site.utc_offset_minutes);
    let Some(pack) = rule_pack::pack_for(day) else {
        return Ok(None);
    };
    let lane = Lane {
        id: handed.lane.unwrap_or(LaneId(uuid::Uuid::nil())),
        site: site.id,
        name: String::new(),
        direction: handed.draft.direction,
        desk: handed.desk,
    };
    Ok(Some(Place {
        direction: match handed.draft.direction {
            Direction::Neither => return Ok(None),
            own => own,
        },
        site,
        lane,
        now: handed.at,
        day,
        pack,
    }))
}

/// The linked alert, once two people found it similar; what stood open then was answered at the standby server.
async fn similar(
    state: &AppState,
    handed: &HandedCrossing,
) -> ApiResult<Option<tapal_domain::id::AlertId>> {
    let Some(id) = handed.alert else {
        return Ok(None);
    };
    match alert::get(&state.db, id).await {
        Ok(stored) if stored.life.status() == tapal_domain::alert::Status::Similar => Ok(Some(id)),
        Ok(_) | Err(tapal_store::Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The document as the ledger keeps it. The name is one there; it is parted as the registry parts it where that fits.
/// Whether the document was over was seen at the desk; the ledger does not say.
fn document(handed: &HandedCrossing, record: Option<&Record>) -> Document {
    let words: Vec<&str> = handed.name.split_whitespace().collect();
    let letters = |text: &str| -> String {
        let kept = text.chars().filter(|sign| sign.is_alphanumeric());
        kept.flat_map(char::to_uppercase).collect()
    };
    let begins = |one: &str, other: &str| one.starts_with(other) || other.starts_with(one);
    let parted = record.and_then(|record| {
        let own = &record.holder.identity;
        (0..words.len()).rev().find_map(|at| {
            let (given, surname) = (words[..at].join(" "), words[at..].join(" "));
            let fits = begins(&letters(&own.primary), &letters(&surname))
                && begins(&letters(&own.secondary), &letters(&given));
            fits.then_some((given, surname))
        })
    });
    let (given_names, surname) = parted.unwrap_or_else(|| (String::new(), handed.name.clone()));
    Document {
        issuing_state: handed.issuing_state.clone(),
        number: handed.number.clone(),
        surname,
        given_names,
        nationality: handed.draft.nationality.clone(),
        birth_date: handed.birth_date.clone(),
        sex: handed.sex.clone(),
        expiry: None,
        read: false,
        photographed: false,
    }
}

/// Whether the desk here would have offered what was recorded.
fn offered(found: &Assessment, handed: &HandedCrossing) -> bool {
    let choices = &found.menu.choices;
    let choice = choices
        .iter()
        .find(|choice| choice.records == Some(handed.draft.outcome));
    choice.is_some_and(|choice| choice.action != Action::Charge || handed.draft.charge.is_some())
}

fn stands_out(hit: &Hit, looked_at: &[OrderId]) -> bool {
    let counts = matches!(hit.weight, Weight::Counts | Weight::Doubt { .. });
    counts
        && hit
            .who
            .order()
            .is_none_or(|order| !looked_at.contains(&order))
}

fn told(found: &Assessment, looked_at: &[OrderId], handed: &HandedCrossing) -> Option<Value> {
    let hits: Vec<&Hit> = found
        .hits
        .iter()
        .filter(|hit| stands_out(hit, looked_at))
        .collect();
    let orders: Vec<OrderId> = hits.iter().filter_map(|hit| hit.who.order()).collect();
    let arrives = handed.draft.outcome == Outcome::Entered;
    let foreign = !handed.draft.nationality.citizen();
    let mut reasons = Vec::new();
    let mut because = |holds: bool, code: &'static str| {
        if holds {
            reasons.push(code);
        }
    };
    because(!found.subjects.is_empty(), "list");
    let doubt = |hit: &&Hit| matches!(hit.weight, Weight::Doubt { .. });
    because(hits.iter().any(doubt), "name");
    because(found.held, "case_open");
    because(found.registry == Registry::Differs, "registry");
    because(found.expired, "document_over");
    because(found.overstay.is_some(), "overstay");
    because(arrives && foreign && found.bases.is_empty(), "no_basis");
    Some(json!({ "subjects": found.subjects, "orders": orders, "reasons": reasons }))
}
