//! Alerts as stored: the frozen evidence, the append-only steps, encrypted probes. Reading is here, changing in
//! `change`. Must not decide who may see what: the server's view does.

mod change;
pub(crate) mod handed;

pub use change::{act, ingest, run_due};
pub(crate) use change::{withdraw, withdraw_all};

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tapal_domain::{
    alert::{Alert, Status, Step},
    entry::ListKind,
    id::{AlertId, CameraId, DeskId, EdgeId, EntryId, LaneId, SiteId, TrackId},
    screening::Band,
    time::UtcMs,
    wire::{OtherCandidate, ShotQuality},
};
use zeroize::Zeroizing;

use crate::{
    db::{Db, Row, Tx, args, from_json},
    error::{Error, Result},
    vault::Vault,
};

/// What the edge saw, frozen at the instant of the match. Holds the score and the list: never sent to a judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The track.
    pub track: TrackId,
    /// When the edge judged.
    pub judged_at: UtcMs,
    /// Model of the template.
    pub model_id: String,
    /// List of the entry.
    pub list: ListKind,
    /// Version of the entry at the edge.
    pub entry_version: u32,
    /// List version at the edge.
    pub list_version: i64,
    /// Entries searched.
    pub gallery_size: u64,
    /// Cosine similarity.
    pub score: f32,
    /// The threshold it passed.
    pub threshold: f32,
    /// Its band.
    pub band: Band,
    /// Other candidates, strongest first.
    pub others: Vec<OtherCandidate>,
    /// Shots fused.
    pub shots: u32,
    /// Quality of the deciding shot.
    pub quality: ShotQuality,
    /// Where the face was in the deciding frame: x, y, width, height as shares of the frame.
    #[serde(default)]
    pub face_box: [f32; 4],
}

/// One alert in full. Not for a client: the server makes a view of it that hides what a judge must not know.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its life.
    pub life: Alert,
    /// Its site.
    pub site: SiteId,
    /// Its camera.
    pub camera: CameraId,
    /// The camera's lane when it was raised.
    pub lane: Option<LaneId>,
    /// The lane's desk when it was raised.
    pub desk: Option<DeskId>,
    /// The node that raised it.
    pub edge: EdgeId,
    /// The strongest entry.
    pub entry: EntryId,
    /// When the centre recorded it.
    pub received_at: UtcMs,
    /// When the deciding frame was captured.
    pub captured_at: UtcMs,
    /// Probes stored.
    pub probes: i64,
    /// The rest.
    pub evidence: Evidence,
    /// When its photographs were destroyed.
    pub destroyed_at: Option<UtcMs>,
}

/// Which alerts to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// Only of this site.
    pub site: Option<SiteId>,
    /// Only with this status.
    pub status: Option<Status>,
    /// Only those that still wait for a person.
    pub open_only: bool,
    /// Only older than this alert (ids are in order of time).
    pub before: Option<AlertId>,
}

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, site, camera, lane, desk, edge, entry, received_at, captured_at, probes, evidence, destroyed_at FROM alert ",
            $where
        )
    };
}

const STEPS: &str = "SELECT alert, n, step_sealed FROM alert_step WHERE alert = $1 ORDER BY n";

fn read(row: &Row, steps: Vec<Step>) -> Result<Stored> {
    let id: AlertId = row.id("id")?;
    Ok(Stored {
        life: Alert::from_steps(id, steps)
            .ok_or_else(|| Error::Other(format!("alert {id} lacks its first step")))?,
        site: row.id("site")?,
        camera: row.id("camera")?,
        lane: row.opt_id("lane")?,
        desk: row.opt_id("desk")?,
        edge: row.id("edge")?,
        entry: row.id("entry")?,
        received_at: row.at("received_at")?,
        captured_at: row.at("captured_at")?,
        probes: row.int("probes")?,
        evidence: row.json("evidence")?,
        destroyed_at: row.opt_at("destroyed_at")?,
    })
}

fn step_id(alert: AlertId, n: i64) -> String {
    format!("{alert}:{n}")
}

fn read_step(vault: &Vault, row: &Row) -> Result<(AlertId, Step)> {
    let alert: AlertId = row.id("alert")?;
    let plain = vault.open(
        "alert_step",
        &step_id(alert, row.int("n")?),
        "step",
        &row.blob("step_sealed")?,
    )?;
    Ok((
        alert,
        from_json(std::str::from_utf8(&plain).map_err(Error::other)?)?,
    ))
}

/// Alerts, newest first, at most `limit`.
pub async fn list(db: &Db, filter: &Filter, limit: i64) -> Result<Vec<Stored>> {
    let sql = select!(
        "WHERE ($1 IS NULL OR site = $1) AND ($2 IS NULL OR status = $2) \
         AND ($3 = 0 OR status IN ('raised', 'acknowledged', 'first_opinion', 'disagreed')) \
         AND ($4 IS NULL OR id < $4) ORDER BY id DESC LIMIT $5"
    );
    let rows = db
        .all(
            sql,
            args![
                filter.site,
                filter.status.map(Status::name),
                filter.open_only,
                filter.before,
                limit
            ],
        )
        .await?;
    let ids: Vec<String> = rows
        .iter()
        .map(|row| row.text("id"))
        .collect::<Result<_>>()?;
    // One query for all steps: JSON carries the ids, so the statement stays the same for any number.
    let sql = "SELECT alert, n, step_sealed FROM alert_step WHERE alert IN (SELECT value FROM json_each($1)) ORDER BY alert, n";
    let mut steps: HashMap<AlertId, Vec<Step>> = HashMap::new();
    for row in db.all(sql, args![crate::db::to_json(&ids)?]).await? {
        let (alert, step) = read_step(db.vault(), &row)?;
        steps.entry(alert).or_default().push(step);
    }
    rows.iter()
        .map(|row| read(row, steps.remove(&row.id("id")?).unwrap_or_default()))
        .collect()
}

/// One alert.
pub async fn get(db: &Db, id: AlertId) -> Result<Stored> {
    let row = db.one(select!("WHERE id = $1"), args![id]).await?;
    let rows = db.all(STEPS, args![id]).await?;
    let steps = rows
        .iter()
        .map(|row| Ok(read_step(db.vault(), row)?.1))
        .collect::<Result<_>>()?;
    read(&row, steps)
}

async fn get_in(tx: &mut Tx, id: AlertId) -> Result<Stored> {
    let row = tx.one(select!("WHERE id = $1"), args![id]).await?;
    let rows = tx.all(STEPS, args![id]).await?;
    let steps = rows
        .iter()
        .map(|row| Ok(read_step(tx.vault(), row)?.1))
        .collect::<Result<_>>()?;
    read(&row, steps)
}

/// Probe `n` (from 0, best first) of an alert, JPEG. The caller records the look.
pub async fn probe(db: &Db, id: AlertId, n: i64) -> Result<Zeroizing<Vec<u8>>> {
    let row = db
        .one(
            "SELECT photo_sealed FROM alert_probe WHERE alert = $1 AND n = $2",
            args![id, n],
        )
        .await?;
    db.vault().open(
        "alert_probe",
        &step_id(id, n),
        "photo",
        &row.blob("photo_sealed")?,
    )
}

/// The next instant at which a timer is due, over all alerts.
pub async fn next_due(db: &Db) -> Result<Option<UtcMs>> {
    db.one(
        "SELECT MIN(due_at) AS at FROM alert WHERE due_at IS NOT NULL",
        args![],
    )
    .await?
    .opt_at("at")
}

/// How many alerts have which status, received since an instant.
pub async fn tally(db: &Db, site: Option<SiteId>, since: UtcMs) -> Result<Vec<(Status, i64)>> {
    let sql = "SELECT status, COUNT(*) AS n FROM alert WHERE ($1 IS NULL OR site = $1) AND received_at >= $2 GROUP BY status ORDER BY status";
    let rows = db.all(sql, args![site, since]).await?;
    rows.iter()
        .map(|row| Ok((row.name("status")?, row.int("n")?)))
        .collect()
}
