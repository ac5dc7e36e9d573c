//! What the enrolment audit found of list entries, which it holds back, and what a person decided about them.
//! Must not hold a score or a template, and lets no entry out without a decision.

use serde::Serialize;
use tapal_domain::{
    background::{Finding, MayNotDecide, may_decide},
    entry::ListKind,
    id::{AccountId, EntryId},
    time::UtcMs,
};
use zeroize::Zeroizing;

use crate::{
    audit::{By, Note},
    db::{Db, Tx, args, to_json},
    error::{Error, Result},
};

/// What was found of one photograph.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoFinding {
    /// The photograph, from 0.
    pub n: i64,
    /// Model of its template.
    pub model_id: String,
    /// When.
    pub at: UtcMs,
    /// What.
    pub finding: Finding,
}

/// What a person decided about an entry that was held back.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decision {
    /// When it was held back.
    pub held_at: UtcMs,
    /// When it was decided.
    pub decided_at: UtcMs,
    /// Who decided.
    pub decided_by: AccountId,
    /// Whether it went out.
    pub accepted: bool,
    /// Why, in the words of who decided.
    pub reason: String,
}

impl std::fmt::Debug for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decision(redacted)")
    }
}

/// Stores what was found of each photograph, in order; part of the change of the entry.
pub(crate) async fn store(
    tx: &mut Tx,
    entry: EntryId,
    model_id: &str,
    findings: &[Finding],
) -> Result<()> {
    let sql = "INSERT INTO entry_finding (entry, n, model_id, at, finding) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (entry, n) DO UPDATE SET model_id = excluded.model_id, at = excluded.at, finding = excluded.finding";
    for (n, finding) in (0_i64..).zip(findings) {
        let values = args![entry, n, model_id, tx.now(), to_json(finding)?];
        tx.run(sql, values).await?;
    }
    Ok(())
}

/// Holds a new entry back; part of its recording.
pub(crate) async fn hold(tx: &mut Tx, entry: EntryId) -> Result<()> {
    let sql = "INSERT INTO entry_hold (entry, held_at) VALUES ($1, $2)";
    tx.run(sql, args![entry, tx.now()]).await.map(|_| ())
}

/// Whether an entry is held back.
pub(crate) async fn is_held(tx: &mut Tx, entry: EntryId) -> Result<bool> {
    let sql = "SELECT entry FROM entry_hold WHERE entry = $1 AND decided_at IS NULL";
    Ok(tx.first(sql, args![entry]).await?.is_some())
}

/// What was found of the photographs of an entry.
pub async fn of(db: &Db, entry: EntryId) -> Result<Vec<PhotoFinding>> {
    let sql = "SELECT n, model_id, at, finding FROM entry_finding WHERE entry = $1 ORDER BY n";
    let rows = db.all(sql, args![entry]).await?;
    let read = |row: &crate::db::Row| {
        Ok(PhotoFinding {
            n: row.int("n")?,
            model_id: row.text("model_id")?,
            at: row.at("at")?,
            finding: row.json("finding")?,
        })
    };
    rows.iter().map(read).collect()
}

/// What was decided about an entry, if it was held back and somebody decided.
pub async fn decision(db: &Db, entry: EntryId) -> Result<Option<Decision>> {
    let sql = "SELECT held_at, decided_at, decided_by, accepted, reason_sealed FROM entry_hold \
               WHERE entry = $1 AND decided_at IS NOT NULL";
    let Some(row) = db.first(sql, args![entry]).await? else {
        return Ok(None);
    };
    let sealed = row.blob("reason_sealed")?;
    let id = entry.to_string();
    let reason = db.vault().open("entry_hold", &id, "reason", &sealed)?;
    Ok(Some(Decision {
        held_at: row.at("held_at")?,
        decided_at: row.at("decided_at")?,
        decided_by: row.id("decided_by")?,
        accepted: row.flag("accepted")?,
        reason: String::from_utf8_lossy(&reason).into_owned(),
    }))
}

/// How many live entries wait for a decision.
pub async fn waiting(db: &Db) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS n FROM entry_hold h JOIN entry e ON e.id = h.entry \
               WHERE h.decided_at IS NULL AND e.ended_at IS NULL";
    db.one(sql, args![]).await?.int("n")
}

/// Lets a held entry out to the nodes, or ends it. [`Error::Conflict`] when it is not held any more. A refused try is
/// audited like a successful one.
pub async fn decide(
    db: &Db,
    now: UtcMs,
    account: AccountId,
    id: EntryId,
    accept: bool,
    reason: &str,
) -> Result<std::result::Result<(), MayNotDecide>> {
    let mut tx = db.begin(now).await?;
    let sql = "SELECT e.list, e.created_by FROM entry e JOIN entry_hold h ON h.entry = e.id \
               WHERE e.id = $1 AND e.ended_at IS NULL AND h.decided_at IS NULL";
    let row = match tx.first(sql, args![id]).await? {
        Some(row) => row,
        None => {
            tx.one("SELECT id FROM entry WHERE id = $1", args![id])
                .await?;
            return Err(Error::Conflict("entry is not held back".into()));
        }
    };
    let recorded_by = row.text("created_by")?;
    let recorded_by = recorded_by
        .strip_prefix("account:")
        .and_then(|id| id.parse().ok());
    let by = By::Account(account);
    if let Err(why) = may_decide(recorded_by, account, reason) {
        let code = match why {
            MayNotDecide::OwnEntry => "own_entry",
            MayNotDecide::NoReason => "no_reason",
        };
        let note = Note::new(by, "entry.decision_refused", "entry", id);
        tx.commit(note.with(serde_json::json!({ "code": code })))
            .await?;
        return Ok(Err(why));
    }
    let mut withdrawn = 0;
    if !accept {
        // Still held while it ends: no node hears of an entry it never had.
        withdrawn = crate::entry::close(&mut tx, id, "refused").await?;
    }
    let plain = Zeroizing::new(reason.trim().to_owned());
    let sealed = tx
        .vault()
        .seal("entry_hold", &id.to_string(), "reason", plain.as_bytes())?;
    let sql = "UPDATE entry_hold SET decided_at = $2, decided_by = $3, accepted = $4, reason_sealed = $5 WHERE entry = $1";
    tx.run(sql, args![id, now, account, accept, sealed]).await?;
    let action = if accept {
        let list: ListKind = row.name("list")?;
        crate::entry::moved(&mut tx, id, list, "entry.changed").await?;
        "entry.audit_accepted"
    } else {
        "entry.audit_refused"
    };
    // The words of who decided are not repeated here: they may name people.
    let detail = serde_json::json!({ "alerts_withdrawn": withdrawn });
    tx.commit(Note::new(by, action, "entry", id).with(detail))
        .await?;
    Ok(Ok(()))
}

/// One template of a live entry, for the audit of another. `Debug` is redacted.
pub struct LiveTemplate {
    /// The entry.
    pub entry: EntryId,
    /// The photograph, from 0.
    pub n: i64,
    /// L2-normalised values.
    pub values: Zeroizing<Vec<f32>>,
}

impl std::fmt::Debug for LiveTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LiveTemplate(redacted)")
    }
}

/// Templates of one model of live entries, held ones included, after the place `after` (entry and photograph), at most
/// `limit`: a long list is read in pieces.
pub async fn live_templates(
    db: &Db,
    now: UtcMs,
    model_id: &str,
    after: Option<(EntryId, i64)>,
    limit: i64,
) -> Result<Vec<LiveTemplate>> {
    let (entry, n) = match after {
        Some((entry, n)) => (entry.to_string(), n),
        None => (String::new(), -1),
    };
    let sql = "SELECT p.id, p.entry, p.n, p.template_sealed FROM entry_photo p JOIN entry e ON e.id = p.entry \
               WHERE e.ended_at IS NULL AND e.in_force_to > $1 AND p.model_id = $2 AND (p.entry, p.n) > ($3, $4) \
               ORDER BY p.entry, p.n LIMIT $5";
    let rows = db.all(sql, args![now, model_id, entry, n, limit]).await?;
    let read = |row: &crate::db::Row| {
        let sealed = row.blob("template_sealed")?;
        let plain = db
            .vault()
            .open("entry_photo", &row.text("id")?, "template", &sealed)?;
        let values = plain
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes));
        Ok(LiveTemplate {
            entry: row.id("entry")?,
            n: row.int("n")?,
            values: Zeroizing::new(values.collect()),
        })
    };
    rows.iter().map(read).collect()
}

/// Records that a background was installed: how many people, of which origin, its checksum.
pub async fn background_installed(
    db: &Db,
    now: UtcMs,
    by: By,
    model_id: &str,
    detail: serde_json::Value,
) -> Result<()> {
    let tx = db.begin(now).await?;
    tx.commit(Note::new(by, "background.installed", "model", model_id).with(detail))
        .await
}
