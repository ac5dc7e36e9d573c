//! Brings the tables up to date at start, one numbered SQL file after another, each in its own transaction.
//! Must not change a file that was released: its text is remembered and checked.

use sha2::{Digest, Sha256};
use sqlx::{Row as _, SqlitePool};

use crate::error::{Error, Result};

const FILES: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_start.sql")),
    (2, include_str!("../migrations/0002_policy.sql")),
    (3, include_str!("../migrations/0003_false_alert.sql")),
    (4, include_str!("../migrations/0004_group.sql")),
    (6, include_str!("../migrations/0006_entry_days.sql")),
    (13, include_str!("../migrations/0013_entry_copy.sql")),
    (14, include_str!("../migrations/0014_order.sql")),
];

/// Runs what has not run yet.
pub(crate) async fn run(pool: &SqlitePool) -> Result<()> {
    let table =
        "CREATE TABLE IF NOT EXISTS migration (version BIGINT PRIMARY KEY, sha256 BLOB NOT NULL)";
    sqlx::query(table).execute(pool).await?;
    let done = sqlx::query("SELECT version, sha256 FROM migration ORDER BY version")
        .fetch_all(pool)
        .await?;
    let mut ran = Vec::new();
    for row in &done {
        let (version, hash): (i64, Vec<u8>) = (row.try_get("version")?, row.try_get("sha256")?);
        let known = FILES.iter().find(|(v, _)| *v == version);
        let (_, text) = known.ok_or_else(|| {
            Error::Other(format!("the database is newer than this program (table version {version}); use the newer program"))
        })?;
        if Sha256::digest(text).as_slice() != hash {
            return Err(Error::Other(format!(
                "migration {version} was changed after it ran on this database"
            )));
        }
        ran.push(version);
    }
    for (version, text) in FILES.iter().filter(|(version, _)| !ran.contains(version)) {
        let mut tx = pool.begin().await?;
        sqlx::raw_sql(*text).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO migration (version, sha256) VALUES ($1, $2)")
            .bind(*version)
            .bind(Sha256::digest(text).to_vec())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
    }
    Ok(())
}
