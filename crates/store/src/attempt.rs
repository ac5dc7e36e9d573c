//! Recent attempts: why nothing was raised. No face, no score. Must not be kept longer than the retention job allows.

use serde::Serialize;
use tapal_domain::{
    id::{AttemptId, CameraId, SiteId},
    time::UtcMs,
    wire::{Attempt, AttemptOutcome},
};

use crate::{
    db::{Db, Row, Tx, args, from_json},
    error::{Error, Result},
};

/// One attempt with its site.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = AttemptRecorded))]
pub struct Recorded {
    /// Its site.
    pub site: SiteId,
    /// The attempt.
    #[serde(flatten)]
    pub attempt: Attempt,
}

/// Which attempts to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only of this site.
    pub site: Option<SiteId>,
    /// Only of this camera.
    pub camera: Option<CameraId>,
    /// Only older than this instant.
    pub before: Option<UtcMs>,
}

/// Stores attempts of a node; those known already are left alone. Returns the cameras with news.
pub(crate) async fn store(
    tx: &mut Tx,
    site: SiteId,
    attempts: &[Attempt],
) -> Result<Vec<CameraId>> {
    let mut cameras = Vec::new();
    for attempt in attempts {
        let outcome = serde_json::to_value(attempt.outcome).map_err(Error::other)?;
        let name = outcome["outcome"].as_str().unwrap_or_default().to_owned();
        let detail = outcome
            .get("detail")
            .and_then(|d| d.as_str())
            .map(str::to_owned);
        let sql = "INSERT INTO attempt (id, site, camera, at, seen_ms, shots, outcome, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                   ON CONFLICT (id) DO NOTHING";
        let values = args![
            attempt.id,
            site,
            attempt.camera,
            attempt.at,
            attempt.seen_ms,
            attempt.shots,
            name,
            detail
        ];
        if tx.run(sql, values).await? == 1 && !cameras.contains(&attempt.camera) {
            cameras.push(attempt.camera);
        }
    }
    Ok(cameras)
}

fn read(row: &Row) -> Result<Recorded> {
    let mut outcome = serde_json::json!({ "outcome": row.text("outcome")? });
    if let Some(detail) = row.opt_text("detail")? {
        outcome["detail"] = detail.into();
    }
    let outcome: AttemptOutcome = from_json(&outcome.to_string())?;
    let attempt = Attempt {
        id: row.id::<AttemptId>("id")?,
        camera: row.id("camera")?,
        at: row.at("at")?,
        seen_ms: row.int("seen_ms")?.try_into().map_err(Error::other)?,
        shots: row.int("shots")?.try_into().map_err(Error::other)?,
        outcome,
    };
    Ok(Recorded {
        site: row.id("site")?,
        attempt,
    })
}

/// Attempts, newest first, at most `limit`.
pub async fn list(db: &Db, filter: &Filter, limit: i64) -> Result<Vec<Recorded>> {
    let sql = "SELECT id, site, camera, at, seen_ms, shots, outcome, detail FROM attempt \
               WHERE ($1 IS NULL OR site = $1) AND ($2 IS NULL OR camera = $2) AND at < $3 ORDER BY at DESC, id DESC LIMIT $4";
    let before = filter.before.unwrap_or(UtcMs(i64::MAX));
    db.all(sql, args![filter.site, filter.camera, before, limit])
        .await?
        .iter()
        .map(read)
        .collect()
}

/// How many attempts ended how, since an instant: outcome, detail (for `not_searched`) and count.
pub async fn tally(
    db: &Db,
    filter: &Filter,
    since: UtcMs,
) -> Result<Vec<(String, Option<String>, i64)>> {
    let sql = "SELECT outcome, CASE WHEN outcome = 'not_searched' THEN detail END AS reason, COUNT(*) AS n FROM attempt \
               WHERE ($1 IS NULL OR site = $1) AND ($2 IS NULL OR camera = $2) AND at >= $3 GROUP BY 1, 2 ORDER BY n DESC";
    let rows = db
        .all(sql, args![filter.site, filter.camera, since])
        .await?;
    rows.iter()
        .map(|row| Ok((row.text("outcome")?, row.opt_text("reason")?, row.int("n")?)))
        .collect()
}
