//! Records who looked at which photograph. One row a person, photograph and minute is enough: a page shows it once
//! and zooms many times. Must not be skipped by a read of a biometric.

use tapal_domain::{
    id::AccountId,
    time::{MINUTE_MS, UtcMs},
};

use crate::{
    audit::{By, Note},
    db::{Db, args},
    error::Result,
};

/// Records a look at `subject` (`alert:<id>`, `entry:<id>`) of `what` (`probe`, `enrolled`, `identity`, ...).
pub async fn record(
    db: &Db,
    now: UtcMs,
    account: AccountId,
    noun: &str,
    id: impl std::fmt::Display,
    what: &str,
) -> Result<()> {
    let (subject, minute) = (format!("{noun}:{id}:{what}"), now.0.div_euclid(MINUTE_MS));
    let known = "SELECT minute FROM look WHERE account = $1 AND subject = $2 AND minute = $3";
    if db
        .first(known, args![account, &subject, minute])
        .await?
        .is_some()
    {
        return Ok(());
    }
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO look (account, subject, minute) VALUES ($1, $2, $3) ON CONFLICT (account, subject, minute) DO NOTHING";
    if tx.run(sql, args![account, &subject, minute]).await? == 0 {
        return Ok(());
    }
    tx.commit(
        Note::new(By::Account(account), "biometric.read", noun, id)
            .with(serde_json::json!({ "what": what })),
    )
    .await
}
