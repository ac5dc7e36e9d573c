//! The audit record of a standby server as it is handed in: its own chain, kept beside the centre's, each hand-over anchored
//! in the centre's chain by the head it reached. Must not take a row that does not follow the one before.

use serde_json::json;
use tapal_domain::{
    audit::{GENESIS, Row as Link, Verifier, link},
    id::StandbyId,
    standby::StandbyAuditRow,
    time::UtcMs,
};

use super::{outbox::audit_row, take::From};
use crate::{
    audit::{By, Note, Verdict},
    db::{Db, Tx, Unaudited, args},
    error::{Error, Result},
    vault::{from_hex, hex},
};

/// How a standby server stands, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// How far its copies go.
    pub upto: i64,
    /// Records that wait.
    pub waiting: i64,
    /// Since when it goes on alone.
    pub alone_since: Option<UtcMs>,
}

/// Where a chain does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The first row that does not fit.
    pub seq: i64,
}

fn link_of(row: &StandbyAuditRow) -> Link {
    Link {
        seq: row.seq,
        at: row.at,
        actor: row.actor.clone(),
        action: row.action.clone(),
        subject: row.subject.clone(),
        detail: row.detail.clone(),
    }
}

/// Where the kept chain ends.
async fn head(tx: &mut Tx, id: StandbyId) -> Result<(i64, [u8; 32])> {
    let sql = "SELECT audit_seq, audit_hash FROM standby WHERE id = $1";
    let row = tx.one(sql, args![id]).await?;
    let hash = match row.opt_blob("audit_hash")? {
        Some(hash) => hash
            .try_into()
            .map_err(|_| Error::other("a stored audit hash is damaged"))?,
        None => GENESIS,
    };
    Ok((row.int("audit_seq")?, hash))
}

/// The rows that go on from the kept ones, with their hashes, or where the chain breaks. Rows that were handed in before
/// (the reply was lost) must be the same.
async fn following<'a>(
    tx: &mut Tx,
    id: StandbyId,
    rows: &'a [StandbyAuditRow],
) -> Result<std::result::Result<Vec<(&'a StandbyAuditRow, [u8; 32])>, Broken>> {
    let (mut seq, mut hash) = head(tx, id).await?;
    let mut new = Vec::with_capacity(rows.len());
    for row in rows {
        let broken = Ok(Err(Broken { seq: row.seq }));
        let said = from_hex(&row.hash).unwrap_or_default();
        if row.seq <= seq {
            let sql = "SELECT hash FROM standby_audit WHERE standby = $1 AND seq = $2";
            let kept = tx.first(sql, args![id, row.seq]).await?;
            match kept {
                Some(kept) if kept.blob("hash")? == said => continue,
                _ => return broken,
            }
        }
        let next = link(&hash, &link_of(row));
        if row.seq != seq + 1 || said != next {
            return broken;
        }
        (seq, hash) = (row.seq, next);
        new.push((row, next));
    }
    Ok(Ok(new))
}

/// Whether these rows go on from the kept ones. A break is audited, once.
pub async fn check(
    db: &Db,
    now: UtcMs,
    from: From,
    rows: &[StandbyAuditRow],
) -> Result<std::result::Result<(), Broken>> {
    let mut tx = db.begin(now).await?;
    let broken = match following(&mut tx, from.id, rows).await? {
        Ok(_) => return Ok(Ok(())),
        Err(broken) => broken,
    };
    let detail = json!({ "seq": broken.seq });
    let said = "SELECT detail FROM audit WHERE subject = $1 AND action = 'standby.audit_broken' ORDER BY seq DESC LIMIT 1";
    let last = tx
        .first(said, args![format!("standby:{}", from.id)])
        .await?;
    let last = last.map(|row| row.text("detail")).transpose()?;
    if last != Some(detail.to_string()) {
        let note = Note::new(
            By::Standby(from.id),
            "standby.audit_broken",
            "standby",
            from.id,
        );
        tx.commit(note.with(detail)).await?;
    }
    Ok(Err(broken))
}

/// Keeps the rows and how the standby server stands; an audit row where anything came. The last row kept.
pub async fn over(
    db: &Db,
    now: UtcMs,
    from: From,
    (rows, records): (&[StandbyAuditRow], usize),
    stand: Stand,
) -> Result<i64> {
    let mut tx = db.begin(now).await?;
    let new = following(&mut tx, from.id, rows)
        .await?
        .map_err(|_| Error::Conflict("the audit record changed on the way".into()))?;
    for (row, hash) in &new {
        let sql = "INSERT INTO standby_audit (standby, seq, at, actor, action, subject, detail, hash) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = args![
            from.id,
            row.seq,
            row.at,
            &row.actor,
            &row.action,
            &row.subject,
            &row.detail,
            hash.to_vec()
        ];
        tx.run(sql, values).await?;
    }
    let (seq, hash) = match new.last() {
        Some((row, hash)) => (row.seq, *hash),
        None => head(&mut tx, from.id).await?,
    };
    let sql = "UPDATE standby SET audit_seq = $2, audit_hash = $3, upto = $4, waiting = $5, alone_since = $6, heard_at = $7 WHERE id = $1";
    let kept = (seq > 0).then(|| hash.to_vec());
    let values = args![
        from.id,
        seq,
        kept,
        stand.upto,
        stand.waiting,
        stand.alone_since,
        now
    ];
    tx.run(sql, values).await?;
    if records == 0 && new.is_empty() {
        tx.commit_unaudited(Unaudited::Telemetry).await?;
        return Ok(seq);
    }
    let note = Note::new(
        By::Standby(from.id),
        "standby.handed_in",
        "standby",
        from.id,
    );
    let detail = json!({ "records": records, "rows": new.len(), "row": seq, "head": hex(&hash) });
    tx.commit(note.with(detail)).await?;
    Ok(seq)
}

/// Kept rows of a standby server after row `after`, oldest first, at most `most`.
pub async fn audit(db: &Db, id: StandbyId, after: i64, most: i64) -> Result<Vec<StandbyAuditRow>> {
    let sql = "SELECT seq, at, actor, action, subject, detail, hash FROM standby_audit \
               WHERE standby = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let rows = db.all(sql, args![id, after, most]).await?;
    rows.iter().map(audit_row).collect()
}

/// Walks the kept chain of a standby server, and compares its end with what the centre's own chain says of the last
/// hand-over.
pub async fn verify(db: &Db, id: StandbyId) -> Result<Verdict> {
    let mut verifier = Verifier::default();
    let mut fault = None;
    let sql = "SELECT seq, at, actor, action, subject, detail, hash FROM standby_audit \
               WHERE standby = $1 AND seq > $2 ORDER BY seq LIMIT 2000";
    let mut after = i64::MIN;
    'pages: loop {
        let rows = db.all(sql, args![id, after]).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let row = audit_row(row)?;
            after = row.seq;
            let hash = from_hex(&row.hash).unwrap_or_default();
            if let Err(broken) = verifier.push(&link_of(&row), &hash) {
                fault = Some(broken.to_string());
                break 'pages;
            }
        }
    }
    let (rows, head) = verifier.head();
    let said = "SELECT detail FROM audit WHERE subject = $1 AND action = 'standby.handed_in' ORDER BY seq DESC LIMIT 1";
    let said = db.first(said, args![format!("standby:{id}")]).await?;
    let said: Option<serde_json::Value> = said.map(|row| row.json("detail")).transpose()?;
    let anchored = match &said {
        Some(said) => said["row"] == json!(rows) && said["head"] == json!(hex(&head)),
        None => rows == 0,
    };
    if fault.is_none() && !anchored {
        fault = Some(
            "the rows kept do not end where the centre's own record says the last hand-over ended"
                .into(),
        );
    }
    Ok(Verdict {
        rows,
        head: hex(&head),
        fault,
        checkpoint: None,
    })
}
