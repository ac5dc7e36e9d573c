//! Destroys what may no longer be kept. Counts go into the audit record; contents never.
//! Must not touch probes of alerts with a hit, steps, or the audit record itself.

use serde::Serialize;
use tapal_domain::time::{DAY_MS, MINUTE_MS, UtcMs};

use crate::{
    alert::Evidence,
    audit::{By, Note},
    db::{Db, Tx, Unaudited, args, to_json},
    error::Result,
    session::{ABSOLUTE_MS, IDLE_MS},
};

/// How many of each were destroyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Destroyed {
    /// Alerts without a hit whose photographs went.
    pub alerts: u64,
    /// Photographs of them.
    pub probes: u64,
    /// Alerts with a hit whose other candidates went.
    pub others: u64,
    /// Photographs and portraits of list entries that ended.
    pub entry_photos: u64,
    /// Photographs of orders that were refused or are over.
    pub order_photos: u64,
    /// Attempts.
    pub attempts: u64,
    /// Sessions that ended by themselves.
    pub sessions: u64,
}

/// Destroys photographs and other candidates of alerts that ended without a hit `keep_ms` ago, other candidates of
/// those with a hit, photographs and portraits of entries and orders that ended then, attempts of that age,
/// ended sessions, old nonces, looks, throttling counts and events.
pub async fn destroy(db: &Db, now: UtcMs, keep_ms: i64) -> Result<Destroyed> {
    let mut tx = db.begin(now).await?;
    let mut gone = Destroyed::default();
    let due = "SELECT id, evidence FROM alert WHERE status IN ('not_same', 'unresolved_expired', 'withdrawn') \
               AND destroyed_at IS NULL AND ended_at <= $1";
    for row in tx.all(due, args![now - keep_ms]).await? {
        let id = row.text("id")?;
        gone.probes += tx
            .run("DELETE FROM alert_probe WHERE alert = $1", args![&id])
            .await?;
        let evidence = Evidence {
            others: Vec::new(),
            ..row.json("evidence")?
        };
        let sql = "UPDATE alert SET destroyed_at = $2, evidence = $3 WHERE id = $1";
        gone.alerts += tx.run(sql, args![id, now, to_json(&evidence)?]).await?;
    }
    gone.others = strip_others(&mut tx, now - keep_ms).await?;
    let sql = "DELETE FROM entry_photo WHERE entry IN (SELECT id FROM entry WHERE ended_at <= $1)";
    gone.entry_photos = tx.run(sql, args![now - keep_ms]).await?;
    let sql = "DELETE FROM order_photo WHERE of IN (SELECT id FROM orders \
               WHERE status IN ('refused', 'lapsed', 'revoked', 'acquitted') AND changed_at <= $1)";
    gone.order_photos = tx.run(sql, args![now - keep_ms]).await?;
    gone.attempts = tx
        .run("DELETE FROM attempt WHERE at <= $1", args![now - keep_ms])
        .await?;
    let sql = "DELETE FROM session WHERE seen_at <= $1 OR created_at <= $2";
    gone.sessions = tx.run(sql, args![now - IDLE_MS, now - ABSOLUTE_MS]).await?;
    // A nonce counts until its own time is out of skew, on either side.
    tx.run(
        "DELETE FROM nonce WHERE at < $1",
        args![now - 11 * MINUTE_MS],
    )
    .await?;
    tx.run(
        "DELETE FROM look WHERE minute < $1",
        args![now.0.div_euclid(MINUTE_MS) - 10],
    )
    .await?;
    tx.run(
        "DELETE FROM sign_in_attempt WHERE last_at < $1",
        args![now - DAY_MS],
    )
    .await?;
    tx.run("DELETE FROM event WHERE at < $1", args![now - DAY_MS])
        .await?;
    if gone == Destroyed::default() {
        tx.commit_unaudited(Unaudited::Telemetry).await?;
    } else {
        let note = Note::new(By::Clock, "retention.destroyed", "retention", "all");
        tx.commit(note.with(serde_json::json!(gone))).await?;
    }
    Ok(gone)
}

/// Alerts with a hit keep their evidence; the others who only looked alike are forgotten.
async fn strip_others(tx: &mut Tx, before: UtcMs) -> Result<u64> {
    let due = "SELECT id, evidence FROM alert WHERE ended_at <= $1 AND destroyed_at IS NULL \
               AND json_array_length(evidence, '$.others') > 0";
    let rows = tx.all(due, args![before]).await?;
    for row in &rows {
        let evidence = Evidence {
            others: Vec::new(),
            ..row.json("evidence")?
        };
        let sql = "UPDATE alert SET evidence = $2 WHERE id = $1";
        tx.run(sql, args![row.text("id")?, to_json(&evidence)?])
            .await?;
    }
    Ok(rows.len() as u64)
}
