//! People searched and false alerts predicted, a camera and local day; alerts as people judged them beside it; alarms.
//! Must not count a search twice, nor hold anything about a person.

use std::collections::BTreeMap;

use serde::Serialize;
use tapal_domain::{
    alert::Status,
    calibration::{Calibration, Standing},
    entry::ListKind,
    false_alert::{Side, Tally, chance},
    id::{CameraId, SiteId},
    screening::Threshold,
    site::Deployment,
    time::{DAY_MS, MINUTE_MS, UtcMs},
    wire::Counters,
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, args, to_json},
    error::Result,
    event::{self, Audience, News},
};

/// What a prediction is made from: the model, its calibration and the thresholds in force at the site now.
#[derive(Clone, Copy, Debug)]
pub struct Rates<'a> {
    /// Model of the templates searched.
    pub model_id: &'a str,
    /// What its scores mean.
    pub calibration: &'a Calibration,
    /// Thresholds in force, one a list.
    pub thresholds: &'a [Threshold],
}

/// The number of the local day of an instant.
pub fn local_day(at: UtcMs, utc_offset_minutes: i64) -> i64 {
    (at + utc_offset_minutes * MINUTE_MS).0.div_euclid(DAY_MS)
}

/// Adds what a camera counted since its last report, with the false alerts that predicts at the thresholds and list of
/// this instant; part of storing the report, so that it counts once. Passes found again are not new people.
pub(crate) async fn add(
    tx: &mut Tx,
    site: SiteId,
    camera: CameraId,
    counted: &Counters,
    rates: &Rates<'_>,
) -> Result<()> {
    let searched = counted.destroyed + counted.matches;
    if searched == 0 {
        return Ok(());
    }
    let sizes = sizes(tx, site, rates.model_id).await?;
    let size = |list| sizes.iter().find(|(own, _)| *own == list).map(|(_, n)| *n);
    let lists: Vec<(Threshold, u64)> = rates
        .thresholds
        .iter()
        .filter_map(|threshold| Some((*threshold, size(threshold.list)?)))
        .collect();
    // A list with templates but without a threshold is searched by nobody.
    let chance = chance(rates.calibration, &lists);
    let row = tx
        .one(
            "SELECT utc_offset_minutes FROM site WHERE id = $1",
            args![site],
        )
        .await?;
    let day = local_day(tx.now(), row.int("utc_offset_minutes")?);
    let n = searched as f64;
    let predicted = chance.map_or(0, |_| searched);
    let beyond = chance.map_or(0, |c| match c.standing {
        Standing::Beyond => searched,
        _ => 0,
    });
    let of = |share: Option<f64>| n * share.unwrap_or(0.0);
    let sql = "INSERT INTO false_alert_day (camera, day, searched, predicted, beyond, expected, expected_low, expected_high) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (camera, day) DO UPDATE SET \
               searched = false_alert_day.searched + excluded.searched, predicted = false_alert_day.predicted + excluded.predicted, \
               beyond = false_alert_day.beyond + excluded.beyond, expected = false_alert_day.expected + excluded.expected, \
               expected_low = false_alert_day.expected_low + excluded.expected_low, \
               expected_high = false_alert_day.expected_high + excluded.expected_high";
    let values = args![
        camera,
        day,
        searched as i64,
        predicted as i64,
        beyond as i64,
        of(chance.map(|c| c.value)),
        of(chance.map(|c| c.low)),
        of(chance.map(|c| c.high))
    ];
    tx.run(sql, values).await.map(|_| ())
}

/// Templates a site searches now, by list. Counted anew when its list moved, or after a minute because entries come
/// into force by themselves.
async fn sizes(tx: &mut Tx, site: SiteId, model_id: &str) -> Result<Vec<(ListKind, u64)>> {
    let now = tx.now();
    let known = "SELECT g.sizes FROM false_alert_gallery g JOIN site s ON s.id = g.site AND s.list_version = g.list_version \
                 WHERE g.site = $1 AND g.model_id = $2 AND g.at <= $3 AND g.at > $4";
    let values = args![site, model_id, now, now - MINUTE_MS];
    if let Some(row) = tx.first(known, values).await? {
        return row.json("sizes");
    }
    let record = tx
        .first("SELECT record FROM deployment WHERE site = $1", args![site])
        .await?;
    let lists = match record {
        Some(row) => row.json::<Deployment>("record")?.lists,
        None => Vec::new(),
    };
    let sql = "SELECT e.list, COUNT(*) AS n FROM entry e JOIN entry_photo p ON p.entry = e.id AND p.model_id = $1 \
               WHERE e.ended_at IS NULL AND e.first_day <= $2 AND e.last_day >= $2 \
               AND NOT EXISTS (SELECT 1 FROM entry_hold h WHERE h.entry = e.id AND h.decided_at IS NULL) \
               AND e.list IN (SELECT value FROM json_each($3)) GROUP BY e.list ORDER BY e.list";
    let zone = "SELECT utc_offset_minutes FROM site WHERE id = $1";
    let offset = tx.one(zone, args![site]).await?.int("utc_offset_minutes")?;
    let today = tapal_domain::day::Day::at(now, offset).to_string();
    let values = args![model_id, today, to_json(&lists)?];
    let rows = tx.all(sql, values).await?;
    let sizes: Vec<(ListKind, u64)> = rows
        .iter()
        .map(|row| Ok((row.name("list")?, row.int("n")?.unsigned_abs())))
        .collect::<Result<_>>()?;
    let sql = "INSERT INTO false_alert_gallery (site, list_version, model_id, at, sizes) \
               SELECT id, list_version, $2, $3, $4 FROM site WHERE id = $1 ON CONFLICT (site) DO UPDATE SET \
               list_version = excluded.list_version, model_id = excluded.model_id, at = excluded.at, sizes = excluded.sizes";
    tx.run(sql, args![site, model_id, now, to_json(&sizes)?])
        .await?;
    Ok(sizes)
}

/// One camera on one local day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// Its site.
    pub site: SiteId,
    /// The camera.
    pub camera: CameraId,
    /// Days since 1970-01-01 in local time.
    pub day: i64,
    /// What was counted.
    pub tally: Tally,
}

/// Every camera and local day from `from` to `to`, both included, in order of day. Alerts from before searches were
/// counted are left out: they have nothing to be held against.
pub async fn days(db: &Db, site: Option<SiteId>, from: i64, to: i64) -> Result<Vec<Day>> {
    let sql = "SELECT c.site, f.camera, f.day, f.searched, f.predicted, f.beyond, f.expected, f.expected_low, f.expected_high \
               FROM false_alert_day f JOIN camera c ON c.id = f.camera \
               WHERE ($1 IS NULL OR c.site = $1) AND f.day >= $2 AND f.day <= $3";
    let mut all: BTreeMap<(i64, String), Day> = BTreeMap::new();
    for row in db.all(sql, args![site, from, to]).await? {
        let day = Day {
            site: row.id("site")?,
            camera: row.id("camera")?,
            day: row.int("day")?,
            tally: searches(&row)?,
        };
        all.insert((day.day, day.camera.to_string()), day);
    }
    let sql = "SELECT site, camera, day, status, COUNT(*) AS n FROM (\
                 SELECT a.site, a.camera, a.status, (a.received_at + s.utc_offset_minutes * 60000) / 86400000 AS day \
                 FROM alert a JOIN site s ON s.id = a.site WHERE ($1 IS NULL OR a.site = $1) \
                 AND a.received_at >= ($2 - 1) * 86400000 AND a.received_at < ($3 + 2) * 86400000) x \
               WHERE day >= $2 AND day <= $3 AND day >= (SELECT MIN(f.day) FROM false_alert_day f WHERE f.camera = x.camera) \
               GROUP BY site, camera, day, status";
    for row in db.all(sql, args![site, from, to]).await? {
        let (day, camera) = (row.int("day")?, row.id::<CameraId>("camera")?);
        let own = all.entry((day, camera.to_string())).or_insert(Day {
            site: row.id("site")?,
            camera,
            day,
            tally: Tally::default(),
        });
        let n = row.int("n")?.unsigned_abs();
        match row.name::<Status>("status")? {
            Status::NotSame => own.tally.not_same += n,
            Status::Similar => own.tally.similar += n,
            Status::UnresolvedExpired | Status::Withdrawn => own.tally.undecided += n,
            Status::Raised | Status::Acknowledged | Status::FirstOpinion | Status::Disagreed => {
                own.tally.open += n
            }
        }
    }
    Ok(all.into_values().collect())
}

fn searches(row: &Row) -> Result<Tally> {
    Ok(Tally {
        searched: row.int("searched")?.unsigned_abs(),
        predicted: row.int("predicted")?.unsigned_abs(),
        beyond: row.int("beyond")?.unsigned_abs(),
        expected: row.real("expected")?,
        expected_low: row.real("expected_low")?,
        expected_high: row.real("expected_high")?,
        ..Tally::default()
    })
}

/// Reality left the prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = FalseAlertAlarm))]
pub struct Alarm {
    /// The site.
    pub site: SiteId,
    /// The camera; `None` for the whole site.
    pub camera: Option<CameraId>,
    /// In which direction.
    pub side: Side,
    /// Since when.
    pub raised_at: UtcMs,
    /// What was counted then.
    pub tally: Tally,
}

/// Alarms that stand, newest first.
pub async fn alarms(db: &Db, site: Option<SiteId>) -> Result<Vec<Alarm>> {
    let sql = "SELECT site, camera, side, raised_at, tally FROM false_alert_alarm \
               WHERE cleared_at IS NULL AND ($1 IS NULL OR site = $1) ORDER BY raised_at DESC, camera";
    let rows = db.all(sql, args![site]).await?;
    let read = |row: &Row| {
        Ok(Alarm {
            site: row.id("site")?,
            camera: row.text("camera")?.parse().ok(),
            side: row.name("side")?,
            raised_at: row.at("raised_at")?,
            tally: row.json("tally")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Clears the alarm of a camera or site that stands, if any, and raises the one found, if any; each with its audit row
/// and event. `old` is what stood when the count was made.
pub async fn change_alarm(
    db: &Db,
    now: UtcMs,
    (site, camera): (SiteId, Option<CameraId>),
    old: Option<Side>,
    found: Option<Side>,
    tally: &Tally,
) -> Result<()> {
    if old == found {
        return Ok(());
    }
    let mut tx = db.begin(now).await?;
    let subject = camera.map_or(String::new(), |camera| camera.to_string());
    let (noun, id) = match camera {
        Some(camera) => ("camera", camera.to_string()),
        None => ("site", site.to_string()),
    };
    let detail = |side: Side| {
        serde_json::json!({ "side": side, "searched": tally.searched, "not_same": tally.not_same,
            "undecided": tally.undecided + tally.open })
    };
    let note = |action, side| Note::new(By::Clock, action, noun, &id).with(detail(side));
    let mut notes = Vec::new();
    if let Some(side) = old {
        let sql = "UPDATE false_alert_alarm SET cleared_at = $3 WHERE site = $1 AND camera = $2 AND cleared_at IS NULL";
        tx.run(sql, args![site, &subject, now]).await?;
        notes.push(note("false_alert.alarm_cleared", side));
    }
    if let Some(side) = found {
        let sql = "INSERT INTO false_alert_alarm (site, camera, side, raised_at, tally) VALUES ($1, $2, $3, $4, $5)";
        let values = args![site, &subject, side.name(), now, to_json(tally)?];
        tx.run(sql, values).await?;
        notes.push(note("false_alert.alarm_raised", side));
    }
    let kind = match found {
        Some(_) => "false_alert.alarm_raised",
        None => "false_alert.alarm_cleared",
    };
    let news = News {
        kind,
        site: Some(site),
        desk: None,
        audience: Audience::Attempts,
        payload: serde_json::json!({ "camera": camera }),
    };
    event::tell(&mut tx, news).await?;
    let last = notes.pop();
    for note in notes {
        tx.note(note).await?;
    }
    match last {
        Some(note) => tx.commit(note).await,
        None => Ok(()),
    }
}
