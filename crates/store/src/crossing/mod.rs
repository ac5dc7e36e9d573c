//! The ledger of crossings: recording once, correcting by another record, reading what holds. Must not change or remove
//! a record, nor take a decision that the domain did not make.

mod extend;
mod read;
mod seed;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tapal_domain::{
    crossing::{Decision, Detection, Nationality, Outcome},
    day::Day,
    holder,
    id::{
        AccountId, AlertId, CaseId, CrossingId, DeskId, HolderId, LaneId, OrderId, PermitId, SiteId,
    },
    site::Direction,
    time::UtcMs,
};

use crate::{
    audit::{By, Note},
    db::{Db, Tx, args, to_json, to_name},
    document,
    error::{Error, Result},
    event::{self, Audience, News},
    holder::NewDocument,
};

pub use extend::{Extension, extend};
pub use read::{
    Entry, Marks, by_document, by_holder, chain, current, entries_used, get, identity, marks,
    of_alert,
};
pub(crate) use read::{columns, crossing};
pub use seed::seed;

/// Who crossed, as the document said. Sealed in the ledger.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Issuing state, ICAO code.
    pub issuing_state: String,
    /// Document number.
    pub number: String,
    /// Name as shown.
    pub name: String,
    /// Birth date as the document writes it, unknown parts as `XX`.
    pub birth_date: String,
    /// Sex as the document writes it.
    pub sex: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(redacted)")
    }
}

/// Something to record.
#[derive(Clone, Debug)]
pub struct NewCrossing {
    /// Made where it was decided.
    pub id: CrossingId,
    /// Where.
    pub site: SiteId,
    /// Which lane.
    pub lane: Option<LaneId>,
    /// Which desk.
    pub desk: Option<DeskId>,
    /// When it was decided.
    pub at: UtcMs,
    /// The day it was at the checkpoint.
    pub day: Day,
    /// The holder in the registry, if found.
    pub holder: Option<HolderId>,
    /// Who.
    pub identity: Identity,
    /// What.
    pub decision: Decision,
    /// The order it rests on.
    pub order: Option<OrderId>,
    /// The alert it rests on.
    pub alert: Option<AlertId>,
    /// The case of second line it ends.
    pub case: Option<CaseId>,
    /// The visa or permit that served.
    pub permit: Option<PermitId>,
    /// Number of the receipt of an overstay charge.
    pub receipt: Option<String>,
    /// Who decided.
    pub officer: AccountId,
    /// Who authorised a refusal, a deferral or a hand-over.
    pub authoriser: Option<AccountId>,
}

/// One row of the ledger, without who crossed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Crossing {
    /// Its id.
    pub id: CrossingId,
    /// Its place in the ledger.
    pub seq: i64,
    /// Where.
    pub site: SiteId,
    /// Which lane.
    pub lane: Option<LaneId>,
    /// Which desk.
    pub desk: Option<DeskId>,
    /// Which way.
    pub direction: Direction,
    /// When it was decided.
    pub at: UtcMs,
    /// The day it was at the checkpoint.
    pub day: Day,
    /// The holder in the registry.
    pub holder: Option<HolderId>,
    /// Whether a citizen.
    pub citizen: bool,
    /// Whose citizen, ICAO code.
    pub nationality: String,
    /// What.
    pub outcome: Outcome,
    /// Why.
    pub ground: Option<String>,
    /// What brought it up.
    pub detection: Detection,
    /// The order it rests on.
    pub order: Option<OrderId>,
    /// The alert it rests on.
    pub alert: Option<AlertId>,
    /// The case of second line it ended.
    pub case: Option<CaseId>,
    /// The visa or permit that served.
    pub permit: Option<PermitId>,
    /// Last lawful day given at entry.
    pub stay_until: Option<Day>,
    /// Overstay charge paid, IDR.
    pub charge: Option<i64>,
    /// Number of its receipt.
    pub receipt: Option<String>,
    /// Who decided.
    pub officer: AccountId,
    /// Who authorised.
    pub authoriser: Option<AccountId>,
    /// When the centre recorded it.
    pub recorded_at: UtcMs,
    /// The record this one stands for.
    pub corrects: Option<CrossingId>,
    /// Why.
    pub correction_reason: Option<String>,
}

/// What recording did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is in the ledger now.
    New,
    /// It was there already, the same.
    Again,
}

/// What makes two records the same, whoever sends them and whenever.
fn content_hash(new: &NewCrossing) -> Result<Vec<u8>> {
    let text = to_json(&(
        (new.site, new.at, new.day, new.holder, &new.identity),
        new.decision.draft(),
        (
            new.order,
            new.alert,
            new.case,
            new.permit,
            &new.receipt,
            new.officer,
            new.authoriser,
        ),
    ))?;
    Ok(Sha256::digest(text).to_vec())
}

/// Records a crossing with its audit row; again is no error, a different one under the same id is
/// [`Error::Conflict`].
pub async fn record(db: &Db, now: UtcMs, new: &NewCrossing) -> Result<Recorded> {
    let mut tx = db.begin(now).await?;
    let done = record_in(&mut tx, new).await?;
    if done == Recorded::Again {
        return Ok(done);
    }
    tx.commit(note(new, "crossing.recorded")).await?;
    Ok(done)
}

/// As [`record`], with the first record of a foreigner whom the registry did not know: one change, two audit rows.
pub async fn record_with_holder(
    db: &Db,
    now: UtcMs,
    new: &NewCrossing,
    (nationality, identity, paper): (&Nationality, &holder::Identity, &NewDocument),
) -> Result<Recorded> {
    let mut tx = db.begin(now).await?;
    let done = record_in(&mut tx, new).await?;
    if done == Recorded::Again {
        return Ok(done);
    }
    crate::holder::add_in(&mut tx, paper.holder, nationality, identity).await?;
    crate::holder::add_document_in(&mut tx, paper).await?;
    let by = By::Account(new.officer);
    let added = Note::new(by, "holder.added", "holder", paper.holder);
    let detail = serde_json::json!({ "citizen": false, "nationality": nationality.code(), "crossing": new.id });
    tx.note(added.with(detail)).await?;
    tx.commit(note(new, "crossing.recorded")).await?;
    Ok(done)
}

/// The audit row of a crossing: codes and ids.
pub fn note(new: &NewCrossing, action: &'static str) -> Note {
    let draft = new.decision.draft();
    let detail = serde_json::json!({ "site": new.site, "outcome": draft.outcome, "ground": draft.ground,
        "detection": draft.detection, "order": new.order, "alert": new.alert, "case": new.case, "authoriser": new.authoriser });
    Note::new(By::Account(new.officer), action, "crossing", new.id).with(detail)
}

/// Records a crossing in a running change; whoever commits adds [`note`] when the answer is [`Recorded::New`].
pub async fn record_in(tx: &mut Tx, new: &NewCrossing) -> Result<Recorded> {
    let hash = content_hash(new)?;
    let known = "SELECT content_hash FROM crossing WHERE id = $1";
    if let Some(row) = tx.first(known, args![new.id]).await? {
        return match row.blob("content_hash")? == hash {
            true => Ok(Recorded::Again),
            false => Err(Error::Conflict(
                "this id already names another crossing".into(),
            )),
        };
    }
    insert(tx, new, hash, None).await?;
    Ok(Recorded::New)
}

/// Records that `wrong` is to be read as `new` from now on. `Conflict` when somebody corrected it already.
pub async fn correct(
    db: &Db,
    now: UtcMs,
    wrong: CrossingId,
    new: &NewCrossing,
    reason: &str,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    tx.one("SELECT seq FROM crossing WHERE id = $1", args![wrong])
        .await?;
    let hash = content_hash(new)?;
    insert(&mut tx, new, hash, Some((wrong, reason))).await?;
    let mut note = note(new, "crossing.corrected");
    if let Some(detail) = note.detail.as_object_mut() {
        detail.insert("corrects".into(), serde_json::json!(wrong));
    }
    tx.commit(note).await
}

async fn write(
    tx: &mut Tx,
    new: &NewCrossing,
    hash: Vec<u8>,
    corrects: Option<(CrossingId, &str)>,
) -> Result<()> {
    let draft = new.decision.draft();
    let identity = to_json(&new.identity)?;
    let sealed = tx.vault().seal(
        "crossing",
        &new.id.to_string(),
        "identity",
        identity.as_bytes(),
    )?;
    let mark = document::mark(
        tx.vault(),
        &new.identity.issuing_state,
        &new.identity.number,
    )?;
    let sql = "INSERT INTO crossing (id, seq, site, lane, desk, direction, at, day, holder, document_mark, identity_sealed, \
               citizen, nationality, outcome, ground, detection, order_id, alert, case_id, permit, stay_until, charge, receipt, \
               officer, authoriser, recorded_at, content_hash, corrects, correction_reason) \
               SELECT $1, MAX(COALESCE((SELECT MAX(seq) FROM crossing), 0), COALESCE((SELECT first_seq FROM standby_self), 0)) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
               $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28";
    let values = args![
        new.id,
        new.site,
        new.lane,
        new.desk,
        to_name(&draft.direction)?,
        new.at,
        new.day,
        new.holder,
        mark,
        sealed,
        draft.nationality.citizen(),
        draft.nationality.code(),
        draft.outcome.name(),
        draft.ground.clone(),
        draft.detection.name(),
        new.order,
        new.alert,
        new.case,
        new.permit,
        draft.stay_until,
        draft
            .charge
            .map(|idr| i64::try_from(idr).unwrap_or(i64::MAX)),
        new.receipt.clone(),
        new.officer,
        new.authoriser,
        tx.now(),
        hash,
        corrects.map(|(wrong, _)| wrong),
        corrects.map(|(_, reason)| reason.to_owned()),
    ];
    tx.run(sql, values).await.map(|_| ())
}

async fn insert(
    tx: &mut Tx,
    new: &NewCrossing,
    hash: Vec<u8>,
    corrects: Option<(CrossingId, &str)>,
) -> Result<()> {
    write(tx, new, hash, corrects).await?;
    let news = News {
        kind: if corrects.is_some() {
            "crossing.corrected"
        } else {
            "crossing.recorded"
        },
        site: Some(new.site),
        desk: new.desk,
        audience: Audience::Crossings,
        payload: serde_json::json!({ "id": new.id }),
    };
    event::tell(tx, news).await?;
    Ok(())
}
