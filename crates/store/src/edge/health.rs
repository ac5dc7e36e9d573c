//! A node's health report: last state of node and cameras, counters a day, attempts. Must not take a late report
//! for news, nor count anything twice.

use std::collections::HashMap;

use tapal_domain::{
    id::{BootId, CameraId, EdgeId, SiteId},
    time::{DAY_MS, MINUTE_MS, UtcMs},
    wire::{CameraHealth, Counters, HealthReport},
};

use crate::{
    db::{Db, Tx, Unaudited, args, to_json},
    error::Result,
    event::{self, Audience, News},
    false_alert::Rates,
};

/// Where the centre stands; the node pulls what is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Centre {
    /// Revision of the site's configuration.
    pub revision: i64,
    /// Version of the site's list.
    pub list_version: i64,
}

/// Takes a report in. A late one (same start, smaller number) only has its attempts stored. `rates` say what the
/// searches it counts predict.
pub async fn report(
    db: &Db,
    now: UtcMs,
    edge: EdgeId,
    site: SiteId,
    report: &HealthReport,
    rates: &Rates<'_>,
) -> Result<Centre> {
    let mut tx = db.begin(now).await?;
    let cameras: Vec<CameraId> = tx
        .all("SELECT id FROM camera WHERE site = $1", args![site])
        .await?
        .iter()
        .map(|row| row.id("id"))
        .collect::<Result<_>>()?;
    let attempts: Vec<_> = report
        .attempts
        .iter()
        .filter(|a| cameras.contains(&a.camera))
        .take(500)
        .copied()
        .collect();
    let newer = newer(&mut tx, edge, report).await?;
    let mut news: HashMap<CameraId, &'static str> = HashMap::new();
    for camera in crate::attempt::store(&mut tx, site, &attempts).await? {
        news.insert(camera, "attempt.recorded");
    }
    if newer {
        store(&mut tx, edge, report).await?;
        for camera in report
            .cameras
            .iter()
            .filter(|c| cameras.contains(&c.camera))
        {
            if store_camera(&mut tx, edge, site, report.boot, camera, rates).await? {
                tell(
                    &mut tx,
                    site,
                    camera.camera,
                    "camera.changed",
                    Audience::Sites,
                )
                .await?;
            }
        }
    }
    for (camera, kind) in news {
        tell(&mut tx, site, camera, kind, Audience::Attempts).await?;
    }
    let row = tx
        .one(
            "SELECT revision, list_version FROM site WHERE id = $1",
            args![site],
        )
        .await?;
    let centre = Centre {
        revision: row.int("revision")?,
        list_version: row.int("list_version")?,
    };
    tx.commit_unaudited(Unaudited::Telemetry).await?;
    Ok(centre)
}

async fn newer(tx: &mut Tx, edge: EdgeId, report: &HealthReport) -> Result<bool> {
    let row = tx
        .one(
            "SELECT health_boot, health_seq, health_at FROM edge WHERE id = $1",
            args![edge],
        )
        .await?;
    let Some(boot) = row.opt_id::<BootId>("health_boot")? else {
        return Ok(true);
    };
    if boot == report.boot {
        return Ok(row
            .opt_int("health_seq")?
            .is_none_or(|seq| (report.seq as i64) > seq));
    }
    // Start ids are in order of the node's time. An earlier start is a straggler, unless its clock went back.
    let silent_ms = row
        .opt_at("health_at")?
        .map_or(i64::MAX, |at| tx.now().since_ms(at));
    Ok(report.boot > boot || silent_ms > MINUTE_MS)
}

async fn store(tx: &mut Tx, edge: EdgeId, report: &HealthReport) -> Result<()> {
    let kept = HealthReport {
        attempts: Vec::new(),
        ..report.clone()
    };
    let sql = "UPDATE edge SET health = $2, health_boot = $3, health_seq = $4, health_at = $5 WHERE id = $1";
    tx.run(
        sql,
        args![
            edge,
            to_json(&kept)?,
            report.boot,
            report.seq as i64,
            tx.now()
        ],
    )
    .await
    .map(|_| ())
}

/// Stores a camera's report and adds what it counted since the last one to the day. Whether its state changed.
async fn store_camera(
    tx: &mut Tx,
    edge: EdgeId,
    site: SiteId,
    boot: BootId,
    camera: &CameraHealth,
    rates: &Rates<'_>,
) -> Result<bool> {
    let old = tx
        .first(
            "SELECT boot, health FROM camera_health WHERE camera = $1",
            args![camera.camera],
        )
        .await?;
    let old: Option<(BootId, CameraHealth)> = old
        .map(|row| Ok::<_, crate::Error>((row.id("boot")?, row.json("health")?)))
        .transpose()?;
    let changed = old
        .as_ref()
        .is_none_or(|(_, old)| old.state != camera.state || old.reason != camera.reason);
    let counted = match &old {
        Some((known, old)) if *known == boot => minus(&camera.counters, &old.counters),
        _ => camera.counters.clone(),
    };
    if counted != Counters::default() {
        count(tx, camera.camera, &counted).await?;
        crate::false_alert::add(tx, site, camera.camera, &counted, rates).await?;
    }
    let sql = "INSERT INTO camera_health (camera, edge, boot, at, health) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (camera) DO UPDATE SET edge = excluded.edge, boot = excluded.boot, at = excluded.at, health = excluded.health";
    tx.run(
        sql,
        args![camera.camera, edge, boot, tx.now(), to_json(camera)?],
    )
    .await?;
    Ok(changed)
}

async fn count(tx: &mut Tx, camera: CameraId, counted: &Counters) -> Result<()> {
    let day = tx.now().0.div_euclid(DAY_MS);
    let old = tx
        .first(
            "SELECT counters FROM edge_counter WHERE camera = $1 AND day = $2",
            args![camera, day],
        )
        .await?;
    let old: Counters = old.map_or(Ok(Counters::default()), |row| row.json("counters"))?;
    let sql = "INSERT INTO edge_counter (camera, day, counters) VALUES ($1, $2, $3) \
               ON CONFLICT (camera, day) DO UPDATE SET counters = excluded.counters";
    tx.run(sql, args![camera, day, to_json(&plus(&old, counted))?])
        .await
        .map(|_| ())
}

fn combine(a: &Counters, b: &Counters, with: impl Fn(u64, u64) -> u64) -> Counters {
    let mut not_searched = a.not_searched.clone();
    for (reason, n) in &b.not_searched {
        let own = not_searched.entry(*reason).or_default();
        *own = with(*own, *n);
    }
    not_searched.retain(|_, n| *n > 0);
    Counters {
        frames: with(a.frames, b.frames),
        frames_dropped: with(a.frames_dropped, b.frames_dropped),
        frames_bad: with(a.frames_bad, b.frames_bad),
        persons: with(a.persons, b.persons),
        faces: with(a.faces, b.faces),
        not_searched,
        searches: with(a.searches, b.searches),
        matches: with(a.matches, b.matches),
        merged: with(a.merged, b.merged),
        destroyed: with(a.destroyed, b.destroyed),
    }
}

fn plus(a: &Counters, b: &Counters) -> Counters {
    combine(a, b, u64::saturating_add)
}

fn minus(a: &Counters, b: &Counters) -> Counters {
    combine(a, b, u64::saturating_sub)
}

async fn tell(
    tx: &mut Tx,
    site: SiteId,
    camera: CameraId,
    kind: &'static str,
    audience: Audience,
) -> Result<()> {
    let payload = serde_json::json!({ "camera": camera });
    event::tell(
        tx,
        News {
            kind,
            site: Some(site),
            desk: None,
            audience,
            payload,
        },
    )
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tapal_domain::screening::NotSearched;

    #[test]
    fn counters_add_up_and_never_go_below_zero() {
        let a = Counters {
            persons: 5,
            not_searched: [(NotSearched::TooDark, 2)].into(),
            ..Default::default()
        };
        let b = Counters {
            persons: 3,
            not_searched: [(NotSearched::TooDark, 2)].into(),
            ..Default::default()
        };
        assert_eq!(
            minus(&a, &b),
            Counters {
                persons: 2,
                ..Default::default()
            }
        );
        assert_eq!(minus(&b, &a), Counters::default());
        assert_eq!(
            plus(&b, &minus(&a, &b)),
            Counters {
                not_searched: b.not_searched.clone(),
                ..a
            }
        );
    }
}
