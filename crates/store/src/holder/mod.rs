//! The registry of holders: recording people, documents and permits, and finding a holder by exact document number or NIK.
//! Must not list holders nor find one by a face: the registry is asked about somebody who stands there, never searched.

mod link;
mod outside;
mod portrait;
mod read;
#[cfg(test)]
mod tests;

use serde::Serialize;
use tapal_domain::{
    crossing::Nationality,
    day::Day,
    holder::{DocumentKind, DocumentStatus, Identity, NotADocument, Permit, PermitState, Stay},
    id::{HolderId, PermitId},
    person::SamePerson,
    time::UtcMs,
};
use uuid::Uuid;

use crate::{
    audit::{By, Note},
    db::{Db, Tx, args, to_json},
    document,
    error::{Error, Result},
    vault::Vault,
};

pub use link::{decide, linked, one_person};
pub use outside::{Answered, keep_answer, last_answer};
pub use portrait::{PortraitInfo, add_portrait, live_template, photograph, portrait, portraits};
pub use read::{by_document, by_nik, former, get, permit, permits};

/// The constraint that two live documents of one state and number meet, as [`Error::Conflict`] names it.
pub const DOCUMENT_KNOWN: &str = "a live document of this state and number";

/// A holder with everything the registry knows, without pixels.
#[derive(Clone, Debug)]
pub struct Record {
    /// The holder.
    pub holder: Holder,
    /// Documents, newest first.
    pub documents: Vec<Document>,
    /// Visas and permits, newest first.
    pub permits: Vec<Permit>,
    /// The portrait in use, if there is one.
    pub portrait: Option<PortraitInfo>,
    /// Holders that people said are the same person, or not, or that follow from it.
    pub linked: Vec<Linked>,
    /// The document that was asked for; `None` when the holder was asked for otherwise.
    pub asked: Option<Uuid>,
}

impl Record {
    /// The document that was asked for.
    pub fn document(&self) -> Option<&Document> {
        self.documents.iter().find(|one| Some(one.id) == self.asked)
    }
}

/// One person of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub id: HolderId,
    /// Whose citizen.
    pub nationality: Nationality,
    /// Who.
    pub identity: Identity,
    /// When it was recorded.
    pub created_at: UtcMs,
    /// When the identity was last changed.
    pub changed_at: UtcMs,
}

impl Holder {
    /// Whether a citizen.
    pub fn citizen(&self) -> bool {
        self.nationality.citizen()
    }
}

/// One travel document. `Debug` is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub holder: HolderId,
    /// What kind.
    pub kind: DocumentKind,
    /// Issuing state, ICAO code.
    pub issuing_state: String,
    /// Number, capital letters and digits.
    pub number: String,
    /// Its mark, see [`crate::document::mark`].
    pub mark: Vec<u8>,
    /// Last day of its validity; `None` for a document without one.
    pub expires: Option<Day>,
    /// Where it stands.
    pub status: DocumentStatus,
    /// Since when.
    pub status_at: UtcMs,
    /// What the status rests on, such as the number of a police report; may be empty.
    pub reference: String,
    /// When it was recorded.
    pub created_at: UtcMs,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Document");
        shown
            .field("id", &self.id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Another holder, and whether it is the same person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HolderLinked))]
pub struct Linked {
    /// The other one.
    pub holder: HolderId,
    /// What was said last about this pair; `None` when it follows from other pairs only.
    pub decision: Option<SamePerson>,
    /// Whether a chain of `same` reaches it.
    pub same: bool,
    /// Who said it last.
    pub by: Option<tapal_domain::id::AccountId>,
    /// When.
    pub at: Option<UtcMs>,
    /// Why, as it was given.
    pub reason: String,
}

fn sealed_identity(vault: &Vault, id: HolderId, identity: &Identity) -> Result<Vec<u8>> {
    vault.seal(
        "holder",
        &id.to_string(),
        "identity",
        to_json(identity)?.as_bytes(),
    )
}

fn nik_mark(vault: &Vault, nik: &str) -> Result<Option<Vec<u8>>> {
    match nik.is_empty() {
        true => Ok(None),
        false => vault.mark("nik", nik.as_bytes()).map(Some),
    }
}

/// Records a holder. Whoever hands it in checked the identity ([`Identity::checked`]).
pub async fn add(
    db: &Db,
    now: UtcMs,
    by: By,
    id: HolderId,
    nationality: &Nationality,
    identity: &Identity,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    add_in(&mut tx, id, nationality, identity).await?;
    let detail =
        serde_json::json!({ "citizen": nationality.citizen(), "nationality": nationality.code() });
    tx.commit(Note::new(by, "holder.added", "holder", id).with(detail))
        .await
}

/// Records a holder in a running change; whoever commits writes the audit row.
pub async fn add_in(
    tx: &mut Tx,
    id: HolderId,
    nationality: &Nationality,
    identity: &Identity,
) -> Result<()> {
    let sql = "INSERT INTO holder (id, citizen, nationality, identity_sealed, nik_mark, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $6)";
    let sealed = sealed_identity(tx.vault(), id, identity)?;
    let nik = nik_mark(tx.vault(), &identity.nik)?;
    let now = tx.now();
    let values = args![
        id,
        nationality.citizen(),
        nationality.code(),
        sealed,
        nik,
        now
    ];
    tx.run(sql, values).await.map(|_| ())
}

/// Records a holder with the first document, both or neither. [`Error::Conflict`] as [`add_document`].
pub async fn add_with(
    db: &Db,
    now: UtcMs,
    by: By,
    id: HolderId,
    who: (&Nationality, &Identity),
    document: &NewDocument,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    add_in(&mut tx, id, who.0, who.1).await?;
    add_document_in(&mut tx, document).await?;
    let detail = serde_json::json!({ "citizen": who.0.citizen(), "nationality": who.0.code(), "document": document.id });
    tx.commit(Note::new(by, "holder.added", "holder", id).with(detail))
        .await
}

/// Puts another identity in the place of the one recorded, which is kept as a former one.
pub async fn change(
    db: &Db,
    now: UtcMs,
    by: By,
    id: HolderId,
    nationality: &Nationality,
    identity: &Identity,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let keep = "INSERT INTO holder_former (holder, n, nationality, identity_sealed, until) \
                SELECT id, (SELECT COUNT(*) FROM holder_former f WHERE f.holder = holder.id), nationality, identity_sealed, $2 FROM holder WHERE id = $1";
    if tx.run(keep, args![id, now]).await? == 0 {
        return Err(Error::NotFound);
    }
    let sql = "UPDATE holder SET citizen = $2, nationality = $3, identity_sealed = $4, nik_mark = $5, changed_at = $6 WHERE id = $1";
    let sealed = sealed_identity(tx.vault(), id, identity)?;
    let nik = nik_mark(tx.vault(), &identity.nik)?;
    tx.run(
        sql,
        args![
            id,
            nationality.citizen(),
            nationality.code(),
            sealed,
            nik,
            now
        ],
    )
    .await?;
    let detail =
        serde_json::json!({ "citizen": nationality.citizen(), "nationality": nationality.code() });
    tx.commit(Note::new(by, "holder.changed", "holder", id).with(detail))
        .await
}

/// A document to be recorded.
#[derive(Clone)]
pub struct NewDocument {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub holder: HolderId,
    /// What kind.
    pub kind: DocumentKind,
    /// Issuing state, as [`tapal_domain::holder::issuing_state`] keeps it.
    pub issuing_state: String,
    /// Number, as [`tapal_domain::holder::document_number`] keeps it.
    pub number: String,
    /// Last day of its validity.
    pub expires: Option<Day>,
}

impl std::fmt::Debug for NewDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewDocument(redacted)")
    }
}

/// Records a valid document. [`Error::Conflict`] with [`DOCUMENT_KNOWN`] when a live one has this state and number.
pub async fn add_document(db: &Db, now: UtcMs, by: By, new: &NewDocument) -> Result<()> {
    let mut tx = db.begin(now).await?;
    add_document_in(&mut tx, new).await?;
    let detail = serde_json::json!({ "document": new.id, "kind": new.kind });
    tx.commit(Note::new(by, "holder.document_added", "holder", new.holder).with(detail))
        .await
}

/// Records a document in a running change; whoever commits writes the audit row.
pub async fn add_document_in(tx: &mut Tx, new: &NewDocument) -> Result<()> {
    let mark = document::mark(tx.vault(), &new.issuing_state, &new.number)?;
    let live =
        "SELECT id FROM holder_document WHERE mark = $1 AND status IN ('valid', 'lost', 'stolen')";
    if tx.first(live, args![mark.clone()]).await?.is_some() {
        return Err(Error::Conflict(DOCUMENT_KNOWN.into()));
    }
    tx.one("SELECT id FROM holder WHERE id = $1", args![new.holder])
        .await?;
    let id = new.id.to_string();
    let number = tx
        .vault()
        .seal("holder_document", &id, "number", new.number.as_bytes())?;
    let sql = "INSERT INTO holder_document (id, holder, kind, issuing_state, number_sealed, mark, expires, status, status_at, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, 'valid', $8, $8)";
    let now = tx.now();
    let values = args![
        id,
        new.holder,
        new.kind.name(),
        &new.issuing_state,
        number,
        mark,
        new.expires,
        now
    ];
    tx.run(sql, values).await.map(|_| ())
}

/// Says that a document is lost, stolen, replaced, cancelled, or found again. A status that
/// cannot follow is [`Error::Conflict`] with the rule's text.
pub async fn set_status(
    db: &Db,
    now: UtcMs,
    by: By,
    holder: HolderId,
    id: Uuid,
    status: DocumentStatus,
    reference: &str,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let (key, owner) = (id.to_string(), holder);
    let row = tx
        .one(
            "SELECT status FROM holder_document WHERE id = $1 AND holder = $2",
            args![&key, owner],
        )
        .await?;
    let before: DocumentStatus = row.name("status")?;
    if !before.may_become(status) {
        return Err(Error::Conflict(NotADocument::Over.to_string()));
    }
    let sealed = match reference.is_empty() {
        true => None,
        false => {
            Some(
                tx.vault()
                    .seal("holder_document", &key, "reference", reference.as_bytes())?,
            )
        }
    };
    let sql = "UPDATE holder_document SET status = $2, status_at = $3, reference_sealed = $4 WHERE id = $1";
    tx.run(sql, args![&key, status.name(), now, sealed]).await?;
    let detail = serde_json::json!({ "document": id, "from": before, "to": status });
    tx.commit(Note::new(by, "holder.document_status", "holder", holder).with(detail))
        .await
}

/// Records a visa or permit. Whoever hands it in checked it ([`Permit::check`]).
pub async fn add_permit(db: &Db, now: UtcMs, by: By, permit: &Permit) -> Result<()> {
    let mut tx = db.begin(now).await?;
    add_permit_in(&mut tx, permit).await?;
    let detail = serde_json::json!({ "permit": permit.id, "index": permit.index });
    tx.commit(Note::new(by, "holder.permit_added", "holder", permit.holder).with(detail))
        .await
}

/// Records a permit in a running change; whoever commits writes the audit row.
pub async fn add_permit_in(tx: &mut Tx, permit: &Permit) -> Result<()> {
    tx.one("SELECT id FROM holder WHERE id = $1", args![permit.holder])
        .await?;
    let (days, until) = match permit.stay {
        Stay::Days(days) => (Some(days), None),
        Stay::Until(until) => (None, Some(until)),
    };
    let sql = "INSERT INTO permit (id, holder, kind, permit_index, entries, valid_from, valid_until, stay_days, stay_until, sites, document_mark, state, state_at, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)";
    let now = tx.now();
    let values = args![
        permit.id,
        permit.holder,
        permit.kind.name(),
        &permit.index,
        permit.entries.name(),
        permit.valid_from,
        permit.valid_until,
        days,
        until,
        to_json(&permit.sites)?,
        permit.document.clone(),
        permit.state.name(),
        now
    ];
    tx.run(sql, values).await.map(|_| ())
}

/// Cancels a permit for good. [`Error::Conflict`] when it was cancelled before.
pub async fn cancel_permit(
    db: &Db,
    now: UtcMs,
    by: By,
    holder: HolderId,
    id: PermitId,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let known = "SELECT state FROM permit WHERE id = $1 AND holder = $2";
    let state: PermitState = tx.one(known, args![id, holder]).await?.name("state")?;
    if state == PermitState::Cancelled {
        return Err(Error::Conflict("this permit was cancelled before".into()));
    }
    let sql = "UPDATE permit SET state = 'cancelled', state_at = $2 WHERE id = $1";
    tx.run(sql, args![id, now]).await?;
    let detail = serde_json::json!({ "permit": id });
    tx.commit(Note::new(by, "holder.permit_cancelled", "holder", holder).with(detail))
        .await
}
