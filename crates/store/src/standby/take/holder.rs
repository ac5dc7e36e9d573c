//! A foreigner whom a standby server recorded for the first time: recorded here too, unless the registry knows the document
//! already, whoever brought it there. Must not join people: the registry's own record is named, and a person is told.

use serde_json::json;
use tapal_domain::{
    id::{AccountId, CrossingId, FindingId, HolderId},
    standby::{FindingKind, HandedHolder, NotRecorded, Noun},
};

use super::{From, Went, found, of_standby};
use crate::{
    audit::{By, Note},
    db::{Tx, args},
    document,
    error::Result,
    holder::{NewDocument, add_document_in, add_in},
};

pub(super) async fn take(
    tx: &mut Tx,
    from: From,
    handed: &HandedHolder,
    finding: FindingId,
) -> Result<Went> {
    Ok(
        match add(tx, from, handed, (finding, None, Vec::new())).await? {
            Ok(added) => Went::Recorded(added.notes),
            Err(why) => why.into(),
        },
    )
}

/// The holder as the registry has it now, with the audit rows of what was done; none when it was there.
pub(super) struct Added {
    pub holder: HolderId,
    pub notes: Vec<Note>,
}

/// The holder of a document, a live one before one that was replaced or cancelled.
pub(super) async fn of_document(tx: &mut Tx, mark: Vec<u8>) -> Result<Option<HolderId>> {
    let sql = "SELECT holder FROM holder_document WHERE mark = $1 \
               ORDER BY status IN ('valid', 'lost', 'stolen') DESC, created_at DESC, id DESC LIMIT 1";
    let row = tx.first(sql, args![mark]).await?;
    row.map(|row| row.id("holder")).transpose()
}

pub(super) async fn add(
    tx: &mut Tx,
    from: From,
    handed: &HandedHolder,
    (finding, crossing, by): (FindingId, Option<CrossingId>, Vec<AccountId>),
) -> Result<std::result::Result<Added, NotRecorded>> {
    let (identity, documents) = match handed.checked() {
        Ok(checked) => checked,
        Err(why) => return Ok(Err(why)),
    };
    let there = "SELECT id FROM holder WHERE id = $1";
    let mut known = tx.first(there, args![handed.id]).await?.map(|_| handed.id);
    for one in &documents {
        if known.is_none() {
            let mark = document::mark(tx.vault(), &one.issuing_state, &one.number)?;
            known = of_document(tx, mark).await?;
        }
    }
    if let Some(holder) = known {
        let mut notes = Vec::new();
        if holder != handed.id {
            let detail = json!({ "holder": holder, "crossing": crossing, "by": by });
            let about = (Noun::Holder, handed.id.to_string());
            let kind = (finding, FindingKind::HolderKnown);
            notes.extend(found(tx, from, kind, about, detail).await?);
        }
        return Ok(Ok(Added { holder, notes }));
    }
    add_in(tx, handed.id, &handed.nationality, &identity).await?;
    for one in documents {
        let paper = NewDocument {
            id: one.id,
            holder: handed.id,
            kind: one.kind,
            issuing_state: one.issuing_state,
            number: one.number,
            expires: one.expires,
        };
        let taken = "SELECT id FROM holder_document WHERE id = $1";
        if tx.first(taken, args![one.id.to_string()]).await?.is_some() {
            return Ok(Err(NotRecorded::Person));
        }
        add_document_in(tx, &paper).await?;
    }
    let actor = match by.first() {
        Some(officer) => By::Account(*officer),
        None => By::Standby(from.id),
    };
    let note = Note::new(actor, "holder.added", "holder", handed.id);
    let detail =
        json!({ "citizen": false, "nationality": handed.nationality.code(), "crossing": crossing });
    Ok(Ok(Added {
        holder: handed.id,
        notes: vec![of_standby(note.with(detail), from.id)],
    }))
}
