//! Reading the registry, always one person at a time: by id, by document, by NIK. Must not read a portrait's pixels.

use tapal_domain::{
    crossing::Nationality,
    holder::{DocumentStatus, Identity, Permit, Stay},
    id::{HolderId, PermitId},
    time::UtcMs,
};
use uuid::Uuid;

use super::{Document, Holder, Record, link, portrait};
use crate::{
    db::{Db, Row, args, from_json},
    document,
    error::{Error, Result},
    vault::Vault,
};

/// Most documents, permits and former records read of one holder.
const MOST: i64 = 100;

fn opened(vault: &Vault, table: &str, id: &str, column: &str, sealed: &[u8]) -> Result<String> {
    let plain = vault.open(table, id, column, sealed)?;
    String::from_utf8(plain.to_vec()).map_err(|_| Error::other("a sealed text is damaged"))
}

pub(super) fn opened_text(
    vault: &Vault,
    row: &Row,
    table: &str,
    id: &str,
    column: &str,
    sealed: &str,
) -> Result<String> {
    match row.opt_blob(sealed)? {
        Some(bytes) => opened(vault, table, id, column, &bytes),
        None => Ok(String::new()),
    }
}

fn nationality(row: &Row) -> Result<Nationality> {
    Nationality::new(&row.text("nationality")?).map_err(Error::other)
}

fn identity_of(vault: &Vault, id: HolderId, row: &Row) -> Result<Identity> {
    let sealed = row.blob("identity_sealed")?;
    from_json(&opened(
        vault,
        "holder",
        &id.to_string(),
        "identity",
        &sealed,
    )?)
}

fn holder(vault: &Vault, row: &Row) -> Result<Holder> {
    let id: HolderId = row.id("id")?;
    Ok(Holder {
        id,
        nationality: nationality(row)?,
        identity: identity_of(vault, id, row)?,
        created_at: row.at("created_at")?,
        changed_at: row.at("changed_at")?,
    })
}

fn document_of(vault: &Vault, row: &Row) -> Result<Document> {
    let id = row.text("id")?;
    Ok(Document {
        number: opened_text(
            vault,
            row,
            "holder_document",
            &id,
            "number",
            "number_sealed",
        )?,
        reference: opened_text(
            vault,
            row,
            "holder_document",
            &id,
            "reference",
            "reference_sealed",
        )?,
        id: row.id("id")?,
        holder: row.id("holder")?,
        kind: row.name("kind")?,
        issuing_state: row.text("issuing_state")?,
        mark: row.blob("mark")?,
        expires: row.opt_id("expires")?,
        status: row.name("status")?,
        status_at: row.at("status_at")?,
        created_at: row.at("created_at")?,
    })
}

fn permit_of(row: &Row) -> Result<Permit> {
    let stay = match row.opt_int("stay_days")? {
        Some(days) => Stay::Days(u32::try_from(days).map_err(Error::other)?),
        None => Stay::Until(row.day("stay_until")?),
    };
    Ok(Permit {
        id: row.id("id")?,
        holder: row.id("holder")?,
        kind: row.name("kind")?,
        index: row.text("permit_index")?,
        entries: row.name("entries")?,
        valid_from: row.day("valid_from")?,
        valid_until: row.day("valid_until")?,
        stay,
        sites: row.json("sites")?,
        document: row.opt_blob("document_mark")?,
        state: row.name("state")?,
    })
}

/// A holder with everything; [`Error::NotFound`] when there is none. The caller records the look.
pub async fn get(db: &Db, id: HolderId) -> Result<Record> {
    let sql =
        "SELECT id, nationality, identity_sealed, created_at, changed_at FROM holder WHERE id = $1";
    let holder = holder(db.vault(), &db.one(sql, args![id]).await?)?;
    let sql = "SELECT id, holder, kind, issuing_state, number_sealed, mark, expires, status, status_at, reference_sealed, created_at \
               FROM holder_document WHERE holder = $1 ORDER BY created_at DESC, id DESC LIMIT $2";
    let rows = db.all(sql, args![id, MOST]).await?;
    let documents = rows
        .iter()
        .map(|row| document_of(db.vault(), row))
        .collect::<Result<_>>()?;
    Ok(Record {
        documents,
        permits: permits(db, id).await?,
        portrait: portrait::newest(db, id).await?,
        linked: link::linked(db, id).await?,
        asked: None,
        holder,
    })
}

/// The holder of a document, by issuing state and exact number; `None` when the registry has no such document. A live
/// document goes before one that was replaced or cancelled. The caller records the look.
pub async fn by_document(db: &Db, issuing_state: &str, number: &str) -> Result<Option<Record>> {
    let mark = document::mark(db.vault(), issuing_state, number)?;
    let sql = "SELECT id, holder, status FROM holder_document WHERE mark = $1 ORDER BY created_at DESC, id DESC LIMIT $2";
    let rows = db.all(sql, args![mark, MOST]).await?;
    let mut best: Option<(bool, &Row)> = None;
    for row in &rows {
        let live = row.name::<DocumentStatus>("status")?.live();
        if best.is_none_or(|(before, _)| live && !before) {
            best = Some((live, row));
        }
    }
    let Some((_, row)) = best else {
        return Ok(None);
    };
    let mut record = get(db, row.id("holder")?).await?;
    record.asked = Some(row.id::<Uuid>("id")?);
    Ok(Some(record))
}

/// The holders with this NIK, at most 20. More than one is for people to look at, never joined here.
pub async fn by_nik(db: &Db, nik: &str) -> Result<Vec<HolderId>> {
    let mark = db.vault().mark("nik", nik.as_bytes())?;
    let rows = db
        .all(
            "SELECT id FROM holder WHERE nik_mark = $1 ORDER BY created_at LIMIT 20",
            args![mark],
        )
        .await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// Visas and permits of a holder, newest first.
pub async fn permits(db: &Db, holder: HolderId) -> Result<Vec<Permit>> {
    let sql = "SELECT id, holder, kind, permit_index, entries, valid_from, valid_until, stay_days, stay_until, sites, document_mark, state \
               FROM permit WHERE holder = $1 ORDER BY valid_from DESC, id DESC LIMIT $2";
    let rows = db.all(sql, args![holder, MOST]).await?;
    rows.iter().map(permit_of).collect()
}

/// One permit.
pub async fn permit(db: &Db, id: PermitId) -> Result<Permit> {
    let sql = "SELECT id, holder, kind, permit_index, entries, valid_from, valid_until, stay_days, stay_until, sites, document_mark, state \
               FROM permit WHERE id = $1";
    permit_of(&db.one(sql, args![id]).await?)
}

/// What a holder was recorded as before, newest first: until when, nationality, identity.
pub async fn former(db: &Db, id: HolderId) -> Result<Vec<(UtcMs, Nationality, Identity)>> {
    let sql = "SELECT until, nationality, identity_sealed FROM holder_former WHERE holder = $1 ORDER BY n DESC LIMIT $2";
    let rows = db.all(sql, args![id, MOST]).await?;
    let one = |row: &Row| {
        Ok((
            row.at("until")?,
            nationality(row)?,
            identity_of(db.vault(), id, row)?,
        ))
    };
    rows.iter().map(one).collect()
}
