//! Cameras as rows: what they are, where they look, and their last reported health. Sources may hold
//! credentials: they are stored encrypted and shown without them. Must not read video.

use serde::Serialize;
use tapal_domain::{
    id::{CameraId, DeskId, EdgeId, LaneId, SiteId},
    site::Direction,
    time::UtcMs,
    wire::{CameraConfig, CameraHealth, Counters},
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, args, to_name},
    error::{Error, Result},
    site::touch,
};

/// One camera without its credentials.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Camera {
    /// Its id.
    pub id: CameraId,
    /// Its site.
    pub site: SiteId,
    /// The lane it looks at.
    pub lane: Option<LaneId>,
    /// The desk of that lane.
    pub desk: Option<DeskId>,
    /// Name, unique in the site.
    pub name: String,
    /// Which way people walk.
    pub direction: Direction,
    /// Source without user name and password.
    pub source_shown: String,
    /// Frames analysed a second.
    pub fps: f32,
    /// Width at which faces are looked for, pixels.
    pub detect_width: u32,
    /// Smallest distance between the eyes, pixels.
    pub min_eye_distance_px: f32,
    /// Whether it runs.
    pub enabled: bool,
}

/// A camera as handed in.
#[derive(Clone)]
pub struct NewCamera {
    /// Id made by the caller.
    pub id: CameraId,
    /// Its site.
    pub site: SiteId,
    /// Its lane; must be of the same site.
    pub lane: Option<LaneId>,
    /// Name.
    pub name: String,
    /// Which way people walk.
    pub direction: Direction,
    /// Full source; `None` keeps the one stored (changes only).
    pub source: Option<String>,
    /// Frames analysed a second.
    pub fps: f32,
    /// Detection width, pixels.
    pub detect_width: u32,
    /// Smallest eye distance, pixels.
    pub min_eye_distance_px: f32,
    /// Whether it runs.
    pub enabled: bool,
}

/// A camera's last report and today's counters.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Seen {
    /// The node that reported.
    pub edge: EdgeId,
    /// When the centre heard of it.
    pub at: UtcMs,
    /// The report.
    pub health: CameraHealth,
}

/// The source without credentials: `rtsp://user:pw@host/x` becomes `rtsp://***@host/x`, query values are hidden.
pub fn without_credentials(source: &str) -> String {
    let (head, query) = source.split_once('?').map_or((source, ""), |(h, q)| (h, q));
    let shown = match head.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest
                .split_once('/')
                .map_or((rest, None), |(a, p)| (a, Some(p)));
            let authority = authority
                .rsplit_once('@')
                .map_or(authority.to_owned(), |(_, host)| format!("***@{host}"));
            path.map_or(format!("{scheme}://{authority}"), |path| {
                format!("{scheme}://{authority}/{path}")
            })
        }
        None => head.to_owned(),
    };
    if query.is_empty() {
        shown
    } else {
        format!("{shown}?***")
    }
}

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT c.id, c.site, c.lane, l.desk, c.name, c.direction, c.source_sealed, c.source_shown, c.fps, c.detect_width, ",
            "c.min_eye_distance_px, c.enabled FROM camera c LEFT JOIN lane l ON l.id = c.lane ",
            $where
        )
    };
}

fn read(row: &Row) -> Result<Camera> {
    Ok(Camera {
        id: row.id("id")?,
        site: row.id("site")?,
        lane: row.opt_id("lane")?,
        desk: row.opt_id("desk")?,
        name: row.text("name")?,
        direction: row.name("direction")?,
        source_shown: row.text("source_shown")?,
        fps: row.real("fps")? as f32,
        detect_width: row.int("detect_width")?.try_into().map_err(Error::other)?,
        min_eye_distance_px: row.real("min_eye_distance_px")? as f32,
        enabled: row.flag("enabled")?,
    })
}

/// Cameras by name; of one site, or of all with `None`.
pub async fn list(db: &Db, site: Option<SiteId>) -> Result<Vec<Camera>> {
    let sql = select!("WHERE ($1 IS NULL OR c.site = $1) ORDER BY c.name, c.id");
    db.all(sql, args![site]).await?.iter().map(read).collect()
}

/// One camera.
pub async fn get(db: &Db, id: CameraId) -> Result<Camera> {
    read(&db.one(select!("WHERE c.id = $1"), args![id]).await?)
}

/// The cameras of a site as its node needs them, sources in full.
pub async fn configs(db: &Db, site: SiteId) -> Result<Vec<CameraConfig>> {
    let rows = db
        .all(
            select!("WHERE c.site = $1 ORDER BY c.name, c.id"),
            args![site],
        )
        .await?;
    let config = |row: &Row| {
        let c = read(row)?;
        let source = db.vault().open(
            "camera",
            &c.id.to_string(),
            "source",
            &row.blob("source_sealed")?,
        )?;
        Ok(CameraConfig {
            camera: c.id,
            name: c.name,
            lane: c.lane,
            direction: c.direction,
            source: String::from_utf8_lossy(&source).into_owned(),
            fps: c.fps,
            detect_width: c.detect_width,
            min_eye_distance_px: c.min_eye_distance_px,
            enabled: c.enabled,
        })
    };
    rows.iter().map(config).collect()
}

/// Records a camera. Its source is mandatory.
pub async fn add(db: &Db, now: UtcMs, by: By, new: &NewCamera) -> Result<()> {
    let source = new
        .source
        .as_deref()
        .ok_or(Error::Conflict("camera.source is missing".into()))?;
    let mut tx = db.begin(now).await?;
    if let Some(lane) = new.lane {
        tx.one(
            "SELECT id FROM lane WHERE id = $1 AND site = $2",
            args![lane, new.site],
        )
        .await?;
    }
    let sealed = tx
        .vault()
        .seal("camera", &new.id.to_string(), "source", source.as_bytes())?;
    let sql = "INSERT INTO camera (id, site, lane, name, direction, source_sealed, source_shown, fps, detect_width, min_eye_distance_px, enabled) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let values = args![
        new.id,
        new.site,
        new.lane,
        &new.name,
        to_name(&new.direction)?,
        sealed,
        without_credentials(source),
        new.fps,
        new.detect_width,
        new.min_eye_distance_px,
        new.enabled
    ];
    tx.run(sql, values).await?;
    touch(&mut tx, new.site).await?;
    tx.commit(Note::new(by, "camera.added", "camera", new.id).with(detail(new)))
        .await
}

/// Changes a camera of the same site.
pub async fn change(db: &Db, now: UtcMs, by: By, new: &NewCamera) -> Result<()> {
    let mut tx = db.begin(now).await?;
    if let Some(lane) = new.lane {
        tx.one(
            "SELECT id FROM lane WHERE id = $1 AND site = $2",
            args![lane, new.site],
        )
        .await?;
    }
    let sql = "UPDATE camera SET lane = $3, name = $4, direction = $5, fps = $6, detect_width = $7, min_eye_distance_px = $8, enabled = $9 \
               WHERE id = $1 AND site = $2 RETURNING id";
    let values = args![
        new.id,
        new.site,
        new.lane,
        &new.name,
        to_name(&new.direction)?,
        new.fps,
        new.detect_width,
        new.min_eye_distance_px,
        new.enabled
    ];
    tx.one(sql, values).await?;
    if let Some(source) = &new.source {
        let sealed = tx
            .vault()
            .seal("camera", &new.id.to_string(), "source", source.as_bytes())?;
        let sql = "UPDATE camera SET source_sealed = $2, source_shown = $3 WHERE id = $1";
        tx.run(sql, args![new.id, sealed, without_credentials(source)])
            .await?;
    }
    touch(&mut tx, new.site).await?;
    tx.commit(Note::new(by, "camera.changed", "camera", new.id).with(detail(new)))
        .await
}

fn detail(new: &NewCamera) -> serde_json::Value {
    serde_json::json!({ "site": new.site, "lane": new.lane, "enabled": new.enabled, "source_changed": new.source.is_some() })
}

/// The last report about each camera of a site, or of all.
pub async fn seen(db: &Db, site: Option<SiteId>) -> Result<Vec<Seen>> {
    let sql = "SELECT h.edge, h.at, h.health FROM camera_health h JOIN camera c ON c.id = h.camera WHERE ($1 IS NULL OR c.site = $1)";
    let rows = db.all(sql, args![site]).await?;
    rows.iter()
        .map(|row| {
            Ok(Seen {
                edge: row.id("edge")?,
                at: row.at("at")?,
                health: row.json("health")?,
            })
        })
        .collect()
}

/// Counters of each camera on one day (days since 1970-01-01 UTC).
pub async fn counted(db: &Db, site: Option<SiteId>, day: i64) -> Result<Vec<(CameraId, Counters)>> {
    let sql = "SELECT k.camera, k.counters FROM edge_counter k JOIN camera c ON c.id = k.camera WHERE ($1 IS NULL OR c.site = $1) AND k.day = $2";
    let rows = db.all(sql, args![site, day]).await?;
    rows.iter()
        .map(|row| Ok((row.id("camera")?, row.json("counters")?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_source_has_no_credentials() {
        for (source, expect) in [
            (
                "rtsp://admin:p@ss@10.0.0.5:554/live/1",
                "rtsp://***@10.0.0.5:554/live/1",
            ),
            (
                "rtsp://10.0.0.5/live?user=a&pwd=b",
                "rtsp://10.0.0.5/live?***",
            ),
            ("https://u:p@cam", "https://***@cam"),
            ("file:clips/a.mp4", "file:clips/a.mp4"),
            ("v4l2:/dev/video0", "v4l2:/dev/video0"),
        ] {
            assert_eq!(without_credentials(source), expect);
        }
    }
}
