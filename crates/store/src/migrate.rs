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
    (15, include_str!("../migrations/0015_import.sql")),
    (16, include_str!("../migrations/0016_name_check.sql")),
    (17, include_str!("../migrations/0017_credential.sql")),
    (18, include_str!("../migrations/0018_rule_pack.sql")),
    (19, include_str!("../migrations/0019_crossing.sql")),
    (20, include_str!("../migrations/0020_holder.sql")),
    (21, include_str!("../migrations/0021_second_line.sql")),
    (22, include_str!("../migrations/0022_statistic.sql")),
    (23, include_str!("../migrations/0023_passenger_list.sql")),
    (24, include_str!("../migrations/0024_standby.sql")),
];

/// Runs what has not run yet.
pub(crate) async fn run(pool: &SqlitePool) -> Result<()> {
    run_these(pool, FILES).await
}

async fn run_these(pool: &SqlitePool, files: &[(i64, &'static str)]) -> Result<()> {
    let table =
        "CREATE TABLE IF NOT EXISTS migration (version BIGINT PRIMARY KEY, sha256 BLOB NOT NULL)";
    sqlx::query(table).execute(pool).await?;
    let done = sqlx::query("SELECT version, sha256 FROM migration ORDER BY version")
        .fetch_all(pool)
        .await?;
    let mut ran = Vec::new();
    for row in &done {
        let (version, hash): (i64, Vec<u8>) = (row.try_get("version")?, row.try_get("sha256")?);
        let known = files.iter().find(|(v, _)| *v == version);
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
    for (version, text) in files.iter().filter(|(version, _)| !ran.contains(version)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Two sites, a node at each, three entries and two receipts, as the version before days had them.
    const BEFORE: &str = r#"
        INSERT INTO site (id, name, kind, utc_offset_minutes, revision, list_version, created_at) VALUES
          ('west', 'Jakarta', 'checkpoint', 420, 1, 5, 0), ('east', 'Jayapura', 'checkpoint', 540, 1, 2, 0);
        INSERT INTO deployment (site, record, changed_at) VALUES
          ('west', '{"lists":["exit_ban","wanted"]}', 0), ('east', '{"lists":["wanted"]}', 0);
        INSERT INTO entry (id, list, agency, in_force_from, in_force_to, version, identity_sealed, created_at, created_by, ended_at, end_reason) VALUES
          ('a', 'wanted', 'police', 1698944400000, 1700672400000, 1, x'00', 0, 'system', NULL, NULL),
          ('b', 'exit_ban', 'kpk', 1698944400000, 1700672400000, 1, x'00', 0, 'system', NULL, NULL),
          ('c', 'wanted', 'police', 1698944400000, 1700672400000, 2, x'00', 0, 'system', 5, 'revoked');
        INSERT INTO edge (id, site, name, created_at, health_at) VALUES ('w', 'west', 'W', 0, 70), ('e', 'east', 'E', 0, NULL);
        INSERT INTO receipt (edge, entry, version, removed_at, received_at) VALUES ('w', 'c', 3, 10, 11), ('w', 'c', 4, 20, 21);
    "#;

    #[tokio::test]
    async fn what_an_earlier_version_recorded_is_carried_over() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("old.db").display());
        let pool = SqlitePool::connect(&url).await.unwrap();
        let old: Vec<_> = FILES.iter().copied().filter(|(n, _)| *n <= 4).collect();
        run_these(&pool, &old).await.unwrap();
        sqlx::raw_sql(BEFORE).execute(&pool).await.unwrap();
        run(&pool).await.unwrap();
        run(&pool).await.unwrap();
        let check = async |sql: &'static str, expect: &str| {
            let row = sqlx::query(sql).fetch_one(&pool).await.unwrap();
            let found: Option<String> = row.try_get(0).unwrap();
            assert_eq!(found.as_deref(), Some(expect), "{sql}");
        };
        check(
            "SELECT group_concat(first_day || ' ' || last_day) FROM entry WHERE id = 'a'",
            "2023-11-03 2023-11-22",
        )
        .await;
        // Every live entry a site searches is a change for it; nothing else.
        check("SELECT group_concat(site || version || entry) FROM (SELECT * FROM list_change ORDER BY site, version)", "east3a,west6a,west7b").await;
        check(
            "SELECT group_concat(id || list_version) FROM (SELECT * FROM site ORDER BY id)",
            "east3,west7",
        )
        .await;
        // The node that was heard of holds what its site searches; the last receipt of each copy stands.
        check("SELECT group_concat(edge || entry || handed_at) FROM (SELECT * FROM entry_copy ORDER BY entry)", "wa70,wb70,wc20").await;
        check(
            "SELECT group_concat(edge || entry || version || ' ' || removed_at) FROM receipt",
            "wc4 20",
        )
        .await;
    }
}
