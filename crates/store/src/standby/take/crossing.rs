//! A record of the ledger that is handed in: built again by the domain, once, with the holder the registry knows. Must not
//! let a citizen be refused, nor a second holder come to one document.

use serde_json::json;
use tapal_domain::{
    crossing::Decision,
    day::Day,
    id::{CaseId, HolderId},
    role::Permission,
    rule_pack,
    second_line::{Law, Status},
    standby::{FindingKind, HandedCrossing, NotRecorded, Noun, Where, again},
    time::UtcMs,
};

use super::{From, Went, With, found, holder, may, of_standby};
use crate::{
    audit::Note,
    crossing::{self, Identity, NewCrossing},
    db::{Tx, args, to_name},
    document,
    error::Result,
    second_line,
};

pub(super) async fn take(
    tx: &mut Tx,
    from: From,
    place: &Where,
    handed: &HandedCrossing,
    with: &With<'_>,
) -> Result<Went> {
    let mark = document::mark(tx.vault(), &handed.issuing_state, &handed.number)?;
    if let Some(same) = known(tx, handed, &mark).await? {
        return Ok(if same { Went::Known } else { Went::Differs });
    }
    let decision = match handed.decision(place, tx.now()) {
        Ok(decision) => decision,
        Err(why) => return Ok(why.into()),
    };
    let right = match handed.case {
        Some(_) => Permission::WorkCases,
        None => Permission::RecordCrossings,
    };
    if !may(tx, handed.officer, from.site, right).await? {
        return Ok(NotRecorded::Account.into());
    }
    if let Some(authoriser) = handed.authoriser
        && !may(tx, authoriser, from.site, Permission::AuthoriseCases).await?
    {
        return Ok(NotRecorded::Account.into());
    }
    let ended = ended(tx, place, handed, &decision).await?;
    if !handed.draft.outcome.at_a_desk() && !ended.agrees {
        return Ok(NotRecorded::TwoPeople.into());
    }
    let holder = match whose(tx, from, handed, mark, with).await? {
        Ok(holder) => holder,
        Err(why) => return Ok(why.into()),
    };
    let new = new(handed, decision, holder.id, ended.case);
    let mut notes = holder.notes;
    if let Some(detail) = objection(handed, &ended, with) {
        let about = (Noun::Crossing, handed.id.to_string());
        let kind = (with.findings[1], FindingKind::NotOffered);
        notes.extend(found(tx, from, kind, about, detail).await?);
    }
    crossing::record_in(tx, &new).await?;
    notes.push(of_standby(
        crossing::note(&new, "crossing.recorded"),
        from.id,
    ));
    Ok(Went::Recorded(notes))
}

/// Whether the record that has this id is the same; `None` when there is none. The instant may differ: the centre took
/// it, the reply was lost, and the officer's click was answered by the standby server.
async fn known(tx: &mut Tx, handed: &HandedCrossing, mark: &[u8]) -> Result<Option<bool>> {
    let sql = "SELECT site, officer, outcome, document_mark, at FROM crossing WHERE id = $1";
    let Some(row) = tx.first(sql, args![handed.id]).await? else {
        return Ok(None);
    };
    let same = row.text("site")? == handed.site.to_string()
        && row.text("officer")? == handed.officer.to_string()
        && row.text("outcome")? == to_name(&handed.draft.outcome)?
        && row.opt_blob("document_mark")?.as_deref() == Some(mark)
        && again(row.at("at")?, handed.at);
    Ok(Some(same))
}

/// What the centre has of the case that a crossing ended.
struct Ended {
    case: Option<CaseId>,
    /// Whether that case came to this end.
    agrees: bool,
}

async fn ended(
    tx: &mut Tx,
    place: &Where,
    handed: &HandedCrossing,
    decision: &Decision,
) -> Result<Ended> {
    let Some(said) = handed.case else {
        return Ok(Ended {
            case: None,
            agrees: false,
        });
    };
    let Some(case) = second_line::handed::of_crossing(tx, handed.id).await? else {
        return Ok(Ended {
            case: Some(said),
            agrees: false,
        });
    };
    let pack = rule_pack::pack_for(handed.day);
    let own = pack.and_then(|pack| {
        case.decision(&Law {
            pack,
            site: place.kind,
            day: handed.day,
        })
    });
    let decided = case.decided();
    let agrees = case.status() == Status::Closed
        && matches!(own, Some(Ok(own)) if own == *decision)
        && decided.is_none_or(|one| one.authorised_by == handed.authoriser);
    Ok(Ended {
        case: Some(case.id()),
        agrees,
    })
}

/// Why a person must look at a record that stands: codes and ids.
fn objection(handed: &HandedCrossing, ended: &Ended, with: &With<'_>) -> Option<serde_json::Value> {
    let case_differs = handed.case.is_some() && !ended.agrees;
    let mut detail = match (&with.objection, case_differs) {
        (None, false) => return None,
        (Some(objection), _) => objection.clone(),
        (None, true) => json!({ "reasons": [] }),
    };
    if case_differs && let Some(reasons) = detail["reasons"].as_array_mut() {
        reasons.push(json!("case_differs"));
    }
    let by: Vec<_> = [Some(handed.officer), handed.authoriser]
        .into_iter()
        .flatten()
        .collect();
    detail["by"] = json!(by);
    Some(detail)
}

/// The holder a record names, with what was noted on the way.
struct Whose {
    id: Option<HolderId>,
    notes: Vec<Note>,
}

async fn whose(
    tx: &mut Tx,
    from: From,
    handed: &HandedCrossing,
    mark: Vec<u8>,
    with: &With<'_>,
) -> Result<std::result::Result<Whose, NotRecorded>> {
    let mut notes = Vec::new();
    if let Some(newcomer) = &handed.newcomer {
        if handed.holder != Some(newcomer.id) {
            return Ok(Err(NotRecorded::Person));
        }
        let by = vec![handed.officer];
        let added =
            holder::add(tx, from, newcomer, (with.findings[0], Some(handed.id), by)).await?;
        let added = match added {
            Ok(added) => added,
            Err(why) => return Ok(Err(why)),
        };
        notes.extend(added.notes);
        return Ok(Ok(Whose {
            id: Some(added.holder),
            notes,
        }));
    }
    let Some(said) = handed.holder else {
        return Ok(Ok(Whose { id: None, notes }));
    };
    let there = "SELECT id FROM holder WHERE id = $1";
    let id = match tx.first(there, args![said]).await? {
        Some(_) => Some(said),
        // It was somebody whom the registry knew already, under another id.
        None => holder::of_document(tx, mark).await?,
    };
    Ok(Ok(Whose { id, notes }))
}

fn new(
    handed: &HandedCrossing,
    decision: Decision,
    holder: Option<HolderId>,
    case: Option<CaseId>,
) -> NewCrossing {
    let (at, day): (UtcMs, Day) = (handed.at, handed.day);
    NewCrossing {
        id: handed.id,
        site: handed.site,
        lane: handed.lane,
        desk: handed.desk,
        at,
        day,
        holder,
        identity: Identity {
            issuing_state: handed.issuing_state.clone(),
            number: handed.number.clone(),
            name: handed.name.clone(),
            birth_date: handed.birth_date.clone(),
            sex: handed.sex.clone(),
        },
        decision,
        order: handed.order,
        alert: handed.alert,
        case,
        permit: handed.permit,
        receipt: handed.receipt.clone(),
        officer: handed.officer,
        authoriser: handed.authoriser,
    }
}
