//! The audit record: appending in the transaction of the change, reading, verifying, and the signed checkpoint
//! that makes a cut tail visible. Must not hold names, faces, document numbers or tokens: ids and codes only.

use std::path::Path;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    audit::{GENESIS, Row as Link, Verifier, link},
    id::{AccountId, EdgeId, StandbyId},
    time::UtcMs,
};

use crate::{
    db::{Db, Row, Tx, args},
    error::{Error, Result},
    vault::{from_hex, hex, write_private},
};

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A signed-in person.
    Account(AccountId),
    /// A camera node.
    Edge(EdgeId),
    /// A standby server.
    Standby(StandbyId),
    /// A timer of the centre.
    Clock,
    /// Somebody at the machine's own command line, or the program itself.
    System,
}

impl std::fmt::Display for By {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Edge(id) => write!(f, "edge:{id}"),
            Self::Standby(id) => write!(f, "standby:{id}"),
            Self::Clock => f.write_str("clock"),
            Self::System => f.write_str("system"),
        }
    }
}

/// What the audit row of a change says; the store adds number, time and hash.
#[derive(Clone, Debug)]
pub struct Note {
    /// Who.
    pub by: By,
    /// `noun.past_participle`.
    pub action: &'static str,
    /// `noun:<id>`.
    pub subject: String,
    /// Ids and codes; its keys are sorted, so the text is canonical.
    pub detail: serde_json::Value,
}

impl Note {
    /// A note without further detail.
    pub fn new(by: By, action: &'static str, noun: &str, id: impl std::fmt::Display) -> Self {
        Self {
            by,
            action,
            subject: format!("{noun}:{id}"),
            detail: serde_json::json!({}),
        }
    }

    /// The note with detail.
    pub fn with(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }
}

/// One recorded row, as shown and exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = AuditRecorded))]
pub struct Recorded {
    /// Position.
    pub seq: i64,
    /// When.
    pub at: UtcMs,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// On what.
    pub subject: String,
    /// More, as JSON text.
    pub detail: String,
    /// Chain hash, hex.
    pub hash: String,
}

pub(crate) async fn append(tx: &mut Tx, note: Note) -> Result<()> {
    let last = tx
        .first(
            "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
            args![],
        )
        .await?;
    let (seq, head) = match last {
        None => (0, GENESIS),
        Some(row) => (
            row.int("seq")?,
            row.blob("hash")?
                .try_into()
                .map_err(|_| Error::other("a stored audit hash is damaged"))?,
        ),
    };
    let row = Link {
        seq: seq + 1,
        at: tx.now(),
        actor: note.by.to_string(),
        action: note.action.to_owned(),
        subject: note.subject,
        detail: note.detail.to_string(),
    };
    let hash = link(&head, &row);
    let sql = "INSERT INTO audit (seq, at, actor, action, subject, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = args![
        row.seq,
        row.at,
        row.actor,
        row.action,
        row.subject,
        row.detail,
        hash.to_vec()
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// Records something that changed nothing else, such as a refusal.
pub async fn record(db: &Db, now: UtcMs, note: Note) -> Result<()> {
    db.begin(now).await?.commit(note).await
}

fn read(row: &Row) -> Result<(Link, Vec<u8>)> {
    let link = Link {
        seq: row.int("seq")?,
        at: row.at("at")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        subject: row.text("subject")?,
        detail: row.text("detail")?,
    };
    Ok((link, row.blob("hash")?))
}

/// A page of rows, newest first, below `before` (or from the newest), at most `limit`; `subject` narrows it.
pub async fn list(
    db: &Db,
    before: Option<i64>,
    subject: Option<&str>,
    limit: i64,
) -> Result<Vec<Recorded>> {
    let sql = "SELECT seq, at, actor, action, subject, detail, hash FROM audit \
               WHERE seq < $1 AND ($2 IS NULL OR subject = $2) ORDER BY seq DESC LIMIT $3";
    let rows = db
        .all(sql, args![before.unwrap_or(i64::MAX), subject, limit])
        .await?;
    rows.iter()
        .map(|row| {
            let (r, hash) = read(row)?;
            let Link {
                seq,
                at,
                actor,
                action,
                subject,
                detail,
            } = r;
            Ok(Recorded {
                seq,
                at,
                actor,
                action,
                subject,
                detail,
                hash: hex(&hash),
            })
        })
        .collect()
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = AuditVerdict))]
pub struct Verdict {
    /// Rows that fit.
    pub rows: i64,
    /// Hash of the last one, hex.
    pub head: String,
    /// The first fault, in words; `None` when the record is whole.
    pub fault: Option<String>,
    /// Row number of the newest signed checkpoint that was compared, if there is one.
    pub checkpoint: Option<i64>,
}

/// Walks the whole chain in pages and compares it with the signed checkpoint file, which must exist once one was
/// written. `progress` gets the rows done so far.
pub async fn verify(
    db: &Db,
    checkpoint: Option<(&Path, &VerifyingKey)>,
    mut progress: impl FnMut(i64) + Send,
) -> Result<Verdict> {
    let mark = match checkpoint {
        Some((path, key)) => read_checkpoint(path, key),
        None => Ok(None),
    };
    let mut verifier = Verifier::default();
    let mut fault = mark.as_ref().err().cloned();
    let mark = mark.ok().flatten();
    let sql = "SELECT seq, at, actor, action, subject, detail, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT 2000";
    // Numbers below 1 would hide in front of the chain.
    let mut after = i64::MIN;
    'pages: loop {
        let rows = db.all(sql, args![after]).await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            let (link, hash) = read(row)?;
            after = link.seq;
            if let Err(broken) = verifier.push(&link, &hash) {
                fault = Some(broken.to_string());
                break 'pages;
            }
            if let Some(mark) = mark
                .as_ref()
                .filter(|mark| mark.seq == link.seq && mark.hash != hex(&hash))
            {
                fault = Some(format!(
                    "row {} differs from the signed checkpoint: the record was rewritten",
                    mark.seq
                ));
                break 'pages;
            }
        }
        progress(verifier.head().0);
    }
    let (rows, head) = verifier.head();
    if let Some(mark) = mark
        .as_ref()
        .filter(|mark| fault.is_none() && mark.seq > rows)
    {
        fault = Some(format!(
            "the record ends at row {rows}, but row {} was signed: its end was cut off",
            mark.seq
        ));
    }
    Ok(Verdict {
        rows,
        head: hex(&head),
        fault,
        checkpoint: mark.map(|mark| mark.seq),
    })
}

/// The chain's head at one instant, signed by the centre and kept outside the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Row number.
    pub seq: i64,
    /// Its hash, hex.
    pub hash: String,
    /// When it was signed.
    pub at: UtcMs,
    /// Ed25519 over `tapal-checkpoint-1\n<seq>\n<hash>\n<at>`, hex.
    pub signature: String,
}

fn checkpoint_text(seq: i64, hash: &str, at: UtcMs) -> String {
    format!("tapal-checkpoint-1\n{seq}\n{hash}\n{}", at.0)
}

/// Signs the present head and writes it; returns it, or `None` when there is nothing new to sign.
pub async fn write_checkpoint(
    db: &Db,
    path: &Path,
    key: &SigningKey,
    now: UtcMs,
) -> Result<Option<Checkpoint>> {
    let Some(row) = db
        .first(
            "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
            args![],
        )
        .await?
    else {
        return Ok(None);
    };
    let (seq, hash) = (row.int("seq")?, hex(&row.blob("hash")?));
    match read_checkpoint(path, &key.verifying_key()) {
        // Never overwrite the proof of a cut tail with a younger, shorter chain.
        Ok(Some(old)) if old.seq >= seq => return Ok(None),
        Ok(_) => {}
        Err(fault) => return Err(Error::Other(fault)),
    }
    let signature = hex(&key
        .sign(checkpoint_text(seq, &hash, now).as_bytes())
        .to_bytes());
    let checkpoint = Checkpoint {
        seq,
        hash,
        at: now,
        signature,
    };
    let text = crate::db::to_json(&checkpoint)?;
    write_private(path, text.as_bytes()).map_err(|e| {
        Error::Other(format!(
            "cannot write the audit checkpoint {}: {e}",
            path.display()
        ))
    })?;
    Ok(Some(checkpoint))
}

fn read_checkpoint(
    path: &Path,
    key: &VerifyingKey,
) -> std::result::Result<Option<Checkpoint>, String> {
    let wrong = || {
        format!(
            "the audit checkpoint {} is damaged or was signed by another key",
            path.display()
        )
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => {
            return Err(format!(
                "the audit checkpoint {} cannot be read: {e}",
                path.display()
            ));
        }
    };
    let mark: Checkpoint = serde_json::from_str(&text).map_err(|_| wrong())?;
    let signature: [u8; 64] = from_hex(&mark.signature)
        .and_then(|s| s.try_into().ok())
        .ok_or_else(wrong)?;
    let signed = checkpoint_text(mark.seq, &mark.hash, mark.at);
    key.verify_strict(signed.as_bytes(), &Signature::from_bytes(&signature))
        .map_err(|_| wrong())?;
    Ok(Some(mark))
}
