//! The events table: the truth for consoles, replayed by number. Payloads hold ids and codes only.
//! Must not be written outside the transaction of the change it tells about.

use serde::Serialize;
use tapal_domain::{
    id::{DeskId, SiteId},
    time::UtcMs,
};

use crate::{
    db::{Db, Row, Tx, args, from_json, to_name},
    error::Result,
};

/// Which right one needs to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Those who may read alerts.
    Alerts,
    /// Those who may read attempts.
    Attempts,
    /// Those who may read sites and cameras.
    Sites,
    /// Those who may read list entries.
    Entries,
    /// Those who judge hits among people in process.
    InProcess,
    /// Those who may read the ledger of crossings.
    Crossings,
    /// Those who may see cases of second line.
    Cases,
    /// Those who may see passenger lists.
    PassengerLists,
    /// Those who see standby servers and what was found when their records came in.
    Standbys,
}

/// What happened, before it has a number.
#[derive(Clone, Debug)]
pub struct News {
    /// `noun.past_participle`, such as `alert.raised`.
    pub kind: &'static str,
    /// The site it happened at; `None` for all sites.
    pub site: Option<SiteId>,
    /// The desk it is for, if one.
    pub desk: Option<DeskId>,
    /// Who may be told.
    pub audience: Audience,
    /// Ids and codes.
    pub payload: serde_json::Value,
}

/// One recorded event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Its number; grows, without repetition.
    pub seq: i64,
    /// When.
    pub at: UtcMs,
    /// What.
    pub kind: String,
    /// Where.
    pub site: Option<SiteId>,
    /// For which desk.
    pub desk: Option<DeskId>,
    /// Who may be told.
    #[serde(skip)]
    pub audience: Audience,
    /// Ids and codes.
    pub payload: serde_json::Value,
}

/// Appends an event to the running change.
pub async fn tell(tx: &mut Tx, news: News) -> Result<i64> {
    let seq = tx
        .one(
            "INSERT INTO counter (name, value) VALUES ('event', 1) ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value",
            args![],
        )
        .await?
        .int("value")?;
    let sql = "INSERT INTO event (seq, at, kind, site, desk, audience, payload) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = args![
        seq,
        tx.now(),
        news.kind,
        news.site,
        news.desk,
        to_name(&news.audience)?,
        news.payload.to_string()
    ];
    tx.run(sql, values).await?;
    tx.told();
    Ok(seq)
}

fn read(row: &Row) -> Result<Event> {
    Ok(Event {
        seq: row.int("seq")?,
        at: row.at("at")?,
        kind: row.text("kind")?,
        site: row.opt_id("site")?,
        desk: row.opt_id("desk")?,
        audience: row.name("audience")?,
        payload: from_json(&row.text("payload")?)?,
    })
}

/// Events after number `after`, oldest first, at most `limit`.
pub async fn after(db: &Db, after: i64, limit: i64) -> Result<Vec<Event>> {
    let sql = "SELECT seq, at, kind, site, desk, audience, payload FROM event WHERE seq > $1 ORDER BY seq LIMIT $2";
    db.all(sql, args![after, limit])
        .await?
        .iter()
        .map(read)
        .collect()
}

/// The newest number given out; 0 when there was none.
pub async fn head(db: &Db) -> Result<i64> {
    let row = db
        .first("SELECT value FROM counter WHERE name = 'event'", args![])
        .await?;
    row.map_or(Ok(0), |row| row.int("value"))
}

/// The oldest number still kept; a reader that is further behind must load everything anew.
pub async fn oldest(db: &Db) -> Result<Option<i64>> {
    let row = db
        .first("SELECT seq FROM event ORDER BY seq LIMIT 1", args![])
        .await?;
    row.map(|row| row.int("seq")).transpose()
}
