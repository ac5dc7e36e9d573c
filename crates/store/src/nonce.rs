//! Nonces of signed requests, remembered until their time is out of skew. Must not outlive that.

use tapal_domain::{id::EdgeId, time::UtcMs};

use crate::{
    db::{Db, Unaudited, args},
    error::Result,
};

/// Remembers a nonce; `false` when it was seen before: a replay.
pub async fn fresh(db: &Db, now: UtcMs, edge: EdgeId, nonce: &str, sent_at: UtcMs) -> Result<bool> {
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO nonce (edge, nonce, at) VALUES ($1, $2, $3) ON CONFLICT (edge, nonce) DO NOTHING";
    let new = tx.run(sql, args![edge, nonce, sent_at]).await? == 1;
    tx.commit_unaudited(Unaudited::Nonce).await?;
    Ok(new)
}
