//! Keys of machines: an agency's own system files orders with one. Must not store a key itself, only its SHA-256.

use serde::Serialize;
use tapal_domain::{
    id::{AccountId, CredentialId},
    time::{MINUTE_MS, UtcMs},
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, Unaudited, args},
    error::{Error, Result},
    session::{self, Live},
};

/// Most live keys of one account.
const MOST: i64 = 5;

/// One key, without what it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// The account it acts as.
    pub account: AccountId,
    /// Which machine has it, in words.
    pub label: String,
    /// When it was made.
    pub created_at: UtcMs,
    /// When it ends by itself.
    pub expires_at: UtcMs,
    /// When it was last used, to the minute.
    pub used_at: Option<UtcMs>,
    /// When a person ended it.
    pub ended_at: Option<UtcMs>,
}

fn read(row: &Row) -> Result<Credential> {
    Ok(Credential {
        id: row.id("id")?,
        account: row.id("account")?,
        label: row.text("label")?,
        created_at: row.at("created_at")?,
        expires_at: row.at("expires_at")?,
        used_at: row.opt_at("used_at")?,
        ended_at: row.opt_at("ended_at")?,
    })
}

/// Records a new key. A conflict when the account has too many, or is closed.
pub async fn add(db: &Db, now: UtcMs, by: By, new: &Credential, token_hash: &[u8]) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO credential (id, account, label, token_hash, created_at, expires_at) \
               SELECT $1, a.id, $3, $4, $5, $6 FROM account a WHERE a.id = $2 AND a.closed_at IS NULL AND \
               (SELECT COUNT(*) FROM credential c WHERE c.account = a.id AND c.ended_at IS NULL AND c.expires_at > $5) < $7";
    let values = args![
        new.id,
        new.account,
        &new.label,
        token_hash,
        now,
        new.expires_at,
        MOST
    ];
    if tx.run(sql, values).await? == 0 {
        return Err(Error::Conflict(format!(
            "an account has at most {MOST} live keys, and a closed one none; end one first"
        )));
    }
    let detail = serde_json::json!({ "account": new.account, "expires_at": new.expires_at });
    tx.commit(Note::new(by, "credential.made", "credential", new.id).with(detail))
        .await
}

/// Keys of an account, newest first.
pub async fn list(db: &Db, account: AccountId) -> Result<Vec<Credential>> {
    let sql = "SELECT id, account, label, created_at, expires_at, used_at, ended_at FROM credential WHERE account = $1 ORDER BY id DESC LIMIT 100";
    db.all(sql, args![account])
        .await?
        .iter()
        .map(read)
        .collect()
}

/// One key.
pub async fn get(db: &Db, id: CredentialId) -> Result<Credential> {
    let sql = "SELECT id, account, label, created_at, expires_at, used_at, ended_at FROM credential WHERE id = $1";
    read(&db.one(sql, args![id]).await?)
}

/// Ends a key at once.
pub async fn end(db: &Db, now: UtcMs, by: By, id: CredentialId) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE credential SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL RETURNING id";
    tx.one(sql, args![id, now]).await?;
    tx.commit(Note::new(by, "credential.ended", "credential", id))
        .await
}

/// Whom a live key acts as. Its use is noted once a minute.
pub async fn find(db: &Db, token_hash: &[u8], now: UtcMs) -> Result<Option<Live>> {
    let sql = "SELECT a.id, a.username, a.display_name, a.role, a.site, a.desk, a.agency, a.language, 0 AS must_change, '' AS csrf, \
               COALESCE(c.used_at, 0) AS seen_at FROM credential c JOIN account a ON a.id = c.account \
               WHERE c.token_hash = $1 AND c.ended_at IS NULL AND c.expires_at > $2 AND a.closed_at IS NULL";
    let row = db.first(sql, args![token_hash, now]).await?;
    let Some(live) = row.as_ref().map(session::live).transpose()? else {
        return Ok(None);
    };
    if now.since_ms(live.seen_at) >= MINUTE_MS {
        let mut tx = db.begin(now).await?;
        let sql = "UPDATE credential SET used_at = $2 WHERE token_hash = $1";
        tx.run(sql, args![token_hash, now]).await?;
        tx.commit_unaudited(Unaudited::SessionSeen).await?;
    }
    Ok(Some(live))
}
