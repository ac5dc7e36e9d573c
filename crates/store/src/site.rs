//! Sites with their deployment record, desks, lanes and thresholds. Every change raises the site's revision, so
//! that its node fetches its configuration anew. Must not touch list versions except through `entry`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tapal_domain::{
    id::{DeskId, LaneId, SiteId},
    screening::Threshold,
    site::{Deployment, Direction, SiteKind},
    time::UtcMs,
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, args, to_json, to_name},
    error::Result,
    event::{self, Audience, News},
};

/// One site.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Name shown to people; unique.
    pub name: String,
    /// What kind of place.
    pub kind: SiteKind,
    /// Local time zone as minutes east of UTC (420 WIB, 480 WITA, 540 WIT).
    pub utc_offset_minutes: i64,
    /// Grows with every change of the site, its cameras or policy.
    pub revision: i64,
    /// Grows with every change of the lists it searches.
    pub list_version: i64,
    /// When it was recorded.
    pub created_at: UtcMs,
}

/// A site as handed in.
#[derive(Clone, Debug, Deserialize)]
pub struct NewSite {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: SiteKind,
    /// Minutes east of UTC.
    pub utc_offset_minutes: i64,
}

/// One officers' desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Desk {
    /// Its id.
    pub id: DeskId,
    /// Its site.
    pub site: SiteId,
    /// Name, unique in the site.
    pub name: String,
}

/// One lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lane {
    /// Its id.
    pub id: LaneId,
    /// Its site.
    pub site: SiteId,
    /// Name, unique in the site.
    pub name: String,
    /// Which way travellers walk.
    pub direction: Direction,
    /// The desk that takes its alerts first.
    pub desk: Option<DeskId>,
}

const SITE: &str = "SELECT id, name, kind, utc_offset_minutes, revision, list_version, created_at FROM site ORDER BY name";
const ONE_SITE: &str = "SELECT id, name, kind, utc_offset_minutes, revision, list_version, created_at FROM site WHERE id = $1";

fn read_site(row: &Row) -> Result<Site> {
    Ok(Site {
        id: row.id("id")?,
        name: row.text("name")?,
        kind: row.name("kind")?,
        utc_offset_minutes: row.int("utc_offset_minutes")?,
        revision: row.int("revision")?,
        list_version: row.int("list_version")?,
        created_at: row.at("created_at")?,
    })
}

fn read_desk(row: &Row) -> Result<Desk> {
    Ok(Desk {
        id: row.id("id")?,
        site: row.id("site")?,
        name: row.text("name")?,
    })
}

fn read_lane(row: &Row) -> Result<Lane> {
    Ok(Lane {
        id: row.id("id")?,
        site: row.id("site")?,
        name: row.text("name")?,
        direction: row.name("direction")?,
        desk: row.opt_id("desk")?,
    })
}

/// All sites by name.
pub async fn list(db: &Db) -> Result<Vec<Site>> {
    db.all(SITE, args![]).await?.iter().map(read_site).collect()
}

/// One site.
pub async fn get(db: &Db, id: SiteId) -> Result<Site> {
    read_site(&db.one(ONE_SITE, args![id]).await?)
}

/// The desks of a site by name.
pub async fn desks(db: &Db, site: SiteId) -> Result<Vec<Desk>> {
    db.all(
        "SELECT id, site, name FROM desk WHERE site = $1 ORDER BY name",
        args![site],
    )
    .await?
    .iter()
    .map(read_desk)
    .collect()
}

/// The lanes of a site by name.
pub async fn lanes(db: &Db, site: SiteId) -> Result<Vec<Lane>> {
    let sql = "SELECT id, site, name, direction, desk FROM lane WHERE site = $1 ORDER BY name";
    db.all(sql, args![site])
        .await?
        .iter()
        .map(read_lane)
        .collect()
}

/// One lane.
pub async fn lane(db: &Db, id: LaneId) -> Result<Lane> {
    let sql = "SELECT id, site, name, direction, desk FROM lane WHERE id = $1";
    read_lane(&db.one(sql, args![id]).await?)
}

/// The deployment record of a site, if it has one.
pub async fn deployment(db: &Db, site: SiteId) -> Result<Option<Deployment>> {
    let row = db
        .first("SELECT record FROM deployment WHERE site = $1", args![site])
        .await?;
    row.map(|row| row.json("record")).transpose()
}

/// The thresholds of a site for one model.
pub async fn thresholds(db: &Db, site: SiteId, model_id: &str) -> Result<Vec<Threshold>> {
    let sql = "SELECT list, possible, strong FROM threshold WHERE site = $1 AND model_id = $2 ORDER BY list";
    let rows = db.all(sql, args![site, model_id]).await?;
    let read = |row: &Row| {
        Ok(Threshold {
            list: row.name("list")?,
            possible: row.real("possible")? as f32,
            strong: row.real("strong")? as f32,
        })
    };
    rows.iter().map(read).collect()
}

/// Raises the revision and tells the consoles; part of every change of a site.
pub(crate) async fn touch(tx: &mut Tx, site: SiteId) -> Result<()> {
    tx.one(
        "UPDATE site SET revision = revision + 1 WHERE id = $1 RETURNING revision",
        args![site],
    )
    .await?;
    let news = News {
        kind: "site.changed",
        site: Some(site),
        desk: None,
        audience: Audience::Sites,
        payload: serde_json::json!({ "site": site }),
    };
    event::tell(tx, news).await.map(|_| ())
}

/// Records a new site.
pub async fn add(db: &Db, now: UtcMs, by: By, id: SiteId, new: &NewSite) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO site (id, name, kind, utc_offset_minutes, revision, list_version, created_at) VALUES ($1, $2, $3, $4, 1, 0, $5)";
    tx.run(
        sql,
        args![
            id,
            &new.name,
            to_name(&new.kind)?,
            new.utc_offset_minutes,
            now
        ],
    )
    .await?;
    crate::lapse::zones_changed(&mut tx).await?;
    touch(&mut tx, id).await?;
    tx.commit(Note::new(by, "site.added", "site", id)).await
}

/// Changes a site's name, kind and zone. In another zone every entry begins and ends at another instant: the site's
/// node gets them all anew.
pub async fn change(db: &Db, now: UtcMs, by: By, id: SiteId, new: &NewSite) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let before = tx
        .first(
            "SELECT utc_offset_minutes FROM site WHERE id = $1",
            args![id],
        )
        .await?;
    let before = before
        .map(|row| row.int("utc_offset_minutes"))
        .transpose()?;
    let sql = "UPDATE site SET name = $2, kind = $3, utc_offset_minutes = $4 WHERE id = $1";
    tx.run(
        sql,
        args![id, &new.name, to_name(&new.kind)?, new.utc_offset_minutes],
    )
    .await?;
    if before.is_some_and(|before| before != new.utc_offset_minutes) {
        crate::lapse::zones_changed(&mut tx).await?;
        let sql = "SELECT record FROM deployment WHERE site = $1";
        if let Some(row) = tx.first(sql, args![id]).await? {
            for list in row.json::<Deployment>("record")?.lists {
                crate::entry::list_moved(&mut tx, id, list).await?;
            }
        }
    }
    touch(&mut tx, id).await?;
    tx.commit(Note::new(by, "site.changed", "site", id)).await
}

/// Records or replaces the deployment record. Lists that come or go change what the site's node holds.
pub async fn deploy(db: &Db, now: UtcMs, by: By, site: SiteId, record: &Deployment) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let old: Option<Deployment> = match tx
        .first("SELECT record FROM deployment WHERE site = $1", args![site])
        .await?
    {
        Some(row) => Some(row.json("record")?),
        None => None,
    };
    let sql = "INSERT INTO deployment (site, record, changed_at) VALUES ($1, $2, $3) \
               ON CONFLICT (site) DO UPDATE SET record = excluded.record, changed_at = excluded.changed_at";
    tx.run(sql, args![site, to_json(record)?, now]).await?;
    let before = old.map(|old| old.lists).unwrap_or_default();
    for list in tapal_domain::entry::ListKind::ALL {
        if before.contains(&list) != record.lists.contains(&list) {
            crate::entry::list_moved(&mut tx, site, list).await?;
        }
    }
    touch(&mut tx, site).await?;
    let detail = serde_json::json!({ "decree": record.decree, "lists": record.lists, "dpia": record.dpia_reference,
        "sign_posted": record.sign_posted, "valid_from": record.valid_from, "valid_to": record.valid_to });
    tx.commit(Note::new(by, "deployment.recorded", "site", site).with(detail))
        .await
}

/// Records a desk.
pub async fn add_desk(db: &Db, now: UtcMs, by: By, desk: &Desk) -> Result<()> {
    let mut tx = db.begin(now).await?;
    tx.run(
        "INSERT INTO desk (id, site, name) VALUES ($1, $2, $3)",
        args![desk.id, desk.site, &desk.name],
    )
    .await?;
    touch(&mut tx, desk.site).await?;
    tx.commit(
        Note::new(by, "desk.added", "desk", desk.id).with(serde_json::json!({ "site": desk.site })),
    )
    .await
}

/// Renames a desk; [`crate::Error::NotFound`] when the site has no such desk.
pub async fn change_desk(db: &Db, now: UtcMs, by: By, desk: &Desk) -> Result<()> {
    let mut tx = db.begin(now).await?;
    tx.one(
        "UPDATE desk SET name = $3 WHERE id = $1 AND site = $2 RETURNING id",
        args![desk.id, desk.site, &desk.name],
    )
    .await?;
    touch(&mut tx, desk.site).await?;
    tx.commit(
        Note::new(by, "desk.changed", "desk", desk.id)
            .with(serde_json::json!({ "site": desk.site })),
    )
    .await
}

async fn own_desk(tx: &mut Tx, lane: &Lane) -> Result<()> {
    if let Some(desk) = lane.desk {
        tx.one(
            "SELECT id FROM desk WHERE id = $1 AND site = $2",
            args![desk, lane.site],
        )
        .await?;
    }
    Ok(())
}

/// Records a lane; its desk must be of the same site.
pub async fn add_lane(db: &Db, now: UtcMs, by: By, lane: &Lane) -> Result<()> {
    let mut tx = db.begin(now).await?;
    own_desk(&mut tx, lane).await?;
    let sql = "INSERT INTO lane (id, site, name, direction, desk) VALUES ($1, $2, $3, $4, $5)";
    tx.run(
        sql,
        args![
            lane.id,
            lane.site,
            &lane.name,
            to_name(&lane.direction)?,
            lane.desk
        ],
    )
    .await?;
    touch(&mut tx, lane.site).await?;
    tx.commit(
        Note::new(by, "lane.added", "lane", lane.id)
            .with(serde_json::json!({ "site": lane.site, "desk": lane.desk })),
    )
    .await
}

/// Changes a lane.
pub async fn change_lane(db: &Db, now: UtcMs, by: By, lane: &Lane) -> Result<()> {
    let mut tx = db.begin(now).await?;
    own_desk(&mut tx, lane).await?;
    let sql = "UPDATE lane SET name = $3, direction = $4, desk = $5 WHERE id = $1 AND site = $2 RETURNING id";
    tx.one(
        sql,
        args![
            lane.id,
            lane.site,
            &lane.name,
            to_name(&lane.direction)?,
            lane.desk
        ],
    )
    .await?;
    touch(&mut tx, lane.site).await?;
    tx.commit(
        Note::new(by, "lane.changed", "lane", lane.id)
            .with(serde_json::json!({ "site": lane.site, "desk": lane.desk })),
    )
    .await
}

/// Names of all lanes and desks, for showing where an alert came from.
pub async fn place_names(db: &Db) -> Result<(HashMap<LaneId, String>, HashMap<DeskId, String>)> {
    let lanes = db.all("SELECT id, name FROM lane", args![]).await?;
    let desks = db.all("SELECT id, name FROM desk", args![]).await?;
    let lanes = lanes
        .iter()
        .map(|row| Ok((row.id("id")?, row.text("name")?)))
        .collect::<Result<_>>()?;
    let desks = desks
        .iter()
        .map(|row| Ok((row.id("id")?, row.text("name")?)))
        .collect::<Result<_>>()?;
    Ok((lanes, desks))
}
