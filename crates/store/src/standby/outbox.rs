//! What a standby server recorded and the centre has not confirmed: each thing whole, as it is now, in the order in which
//! it must be handed in. Must not forget a position; only the centre's verdict does that.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tapal_domain::{
    crossing::{Draft, Nationality},
    id::{AlertId, CaseId, CrossingId, HolderId},
    standby::{
        HandedAlert, HandedCase, HandedCrossing, HandedDocument, HandedHolder, Noun, Record,
        StandbyAuditRow,
    },
    wire::AlertReport,
};

use super::waiting;
use crate::{
    alert, crossing,
    db::{Db, args},
    error::{Error, Result},
    holder, second_line,
    vault::hex,
};

/// What waits at a position.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Its position.
    pub seq: i64,
    /// What; `None` when there is no such thing (any more), so that there is nothing to hand in.
    pub record: Option<Record>,
}

/// What waits, in its order, at most `most`.
pub async fn next(db: &Db, most: i64) -> Result<Vec<Waiting>> {
    let mut all = Vec::new();
    for (seq, noun, of) in waiting(db, most).await? {
        let record = match record(db, noun, &of).await {
            Ok(record) => Some(record),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error),
        };
        all.push(Waiting { seq, record });
    }
    Ok(all)
}

fn parsed<T: std::str::FromStr>(of: &str) -> Result<T> {
    of.parse()
        .map_err(|_| Error::other("something that is no id waits to be handed in"))
}

async fn record(db: &Db, noun: Noun, of: &str) -> Result<Record> {
    match noun {
        Noun::Holder => Ok(Record::Holder(holder_of(db, parsed(of)?).await?)),
        Noun::Crossing => {
            let handed = crossing_of(db, parsed(of)?).await?;
            Ok(Record::Crossing(Box::new(handed)))
        }
        Noun::Case => {
            let id: CaseId = parsed(of)?;
            let steps = second_line::get(db, id, None).await?.case.steps().to_vec();
            Ok(Record::Case(HandedCase { id, steps }))
        }
        Noun::Alert => Ok(Record::Alert(Box::new(alert_of(db, parsed(of)?).await?))),
        _ => Err(Error::other(
            "something waits that no standby server hands in",
        )),
    }
}

async fn holder_of(db: &Db, id: HolderId) -> Result<HandedHolder> {
    let known = holder::get(db, id).await?;
    let documents = known.documents.into_iter().map(|one| HandedDocument {
        id: one.id,
        kind: one.kind,
        issuing_state: one.issuing_state,
        number: one.number,
        expires: one.expires,
    });
    Ok(HandedHolder {
        id,
        nationality: known.holder.nationality,
        identity: known.holder.identity,
        documents: documents.collect(),
    })
}

/// The holder that was recorded with a crossing stands behind it in line, and is handed in with it: a record of the
/// ledger names its holder for good.
async fn newcomer(db: &Db, holder: Option<HolderId>) -> Result<Option<HandedHolder>> {
    let Some(id) = holder else {
        return Ok(None);
    };
    let sql = "SELECT seq FROM standby_outbox WHERE noun = 'holder' AND of = $1";
    if db.first(sql, args![id]).await?.is_none() {
        return Ok(None);
    }
    match holder_of(db, id).await {
        Ok(handed) => Ok(Some(handed)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn crossing_of(db: &Db, id: CrossingId) -> Result<HandedCrossing> {
    let (kept, who) = (
        crossing::get(db, id).await?,
        crossing::identity(db, id).await?,
    );
    let draft = Draft {
        outcome: kept.outcome,
        direction: kept.direction,
        nationality: Nationality::new(&kept.nationality).map_err(Error::other)?,
        ground: kept.ground,
        detection: kept.detection,
        stay_until: kept.stay_until,
        charge: kept.charge.and_then(|idr| u64::try_from(idr).ok()),
    };
    Ok(HandedCrossing {
        id,
        site: kept.site,
        lane: kept.lane,
        desk: kept.desk,
        at: kept.at,
        day: kept.day,
        holder: kept.holder,
        newcomer: newcomer(db, kept.holder).await?,
        issuing_state: who.issuing_state,
        number: who.number,
        name: who.name,
        birth_date: who.birth_date,
        sex: who.sex,
        draft,
        order: kept.order,
        alert: kept.alert,
        case: kept.case,
        permit: kept.permit,
        receipt: kept.receipt,
        officer: kept.officer,
        authoriser: kept.authoriser,
        others: others(db, id).await?,
    })
}

/// Hits that the officer found to be about somebody else, as the audit record says.
async fn others(db: &Db, id: CrossingId) -> Result<Vec<String>> {
    let sql = "SELECT detail FROM audit WHERE subject = $1 AND action = 'desk.judged_other' ORDER BY seq LIMIT 1";
    let row = db.first(sql, args![format!("crossing:{id}")]).await?;
    let Some(row) = row else {
        return Ok(Vec::new());
    };
    let detail: serde_json::Value = row.json("detail")?;
    let hits = detail["hits"].as_array().into_iter().flatten();
    Ok(hits
        .filter_map(|hit| hit.as_str().map(str::to_owned))
        .collect())
}

async fn alert_of(db: &Db, id: AlertId) -> Result<HandedAlert> {
    let stored = alert::get(db, id).await?;
    let mut probes = Vec::new();
    if stored.destroyed_at.is_none() {
        for n in 0..stored.probes {
            match alert::probe(db, id, n).await {
                Ok(jpeg) => probes.push(STANDARD.encode(&jpeg[..])),
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
    }
    let seen = stored.evidence;
    let report = AlertReport {
        id,
        camera: stored.camera,
        track: seen.track,
        captured_at: stored.captured_at,
        judged_at: seen.judged_at,
        model_id: seen.model_id,
        entry: stored.entry,
        entry_version: seen.entry_version,
        list_version: seen.list_version,
        gallery_size: seen.gallery_size,
        score: seen.score,
        threshold: seen.threshold,
        band: seen.band,
        others: seen.others,
        shots: seen.shots,
        quality: seen.quality,
        face_box: seen.face_box,
        probes,
    };
    Ok(HandedAlert {
        edge: stored.edge,
        report,
        steps: stored.life.steps().to_vec(),
    })
}

/// Rows of this server's own audit record after `sent`, at most `most`.
pub async fn audit(db: &Db, sent: i64, most: i64) -> Result<Vec<StandbyAuditRow>> {
    let sql = "SELECT seq, at, actor, action, subject, detail, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2";
    let rows = db.all(sql, args![sent, most]).await?;
    rows.iter().map(audit_row).collect()
}

/// A row of an audit record as it travels.
pub(super) fn audit_row(row: &crate::db::Row) -> Result<StandbyAuditRow> {
    Ok(StandbyAuditRow {
        seq: row.int("seq")?,
        at: row.at("at")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        subject: row.text("subject")?,
        detail: row.text("detail")?,
        hash: hex(&row.blob("hash")?),
    })
}

/// The centre has the audit record up to this row.
pub async fn audit_sent(db: &Db, now: tapal_domain::time::UtcMs, seq: i64) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE standby_self SET audit_sent = $1 WHERE audit_sent < $1";
    tx.run(sql, args![seq]).await?;
    tx.commit_unaudited(crate::db::Unaudited::Copied).await
}

/// The centre has this holder with the crossing that brought it: nothing of it waits.
pub async fn came_along(db: &Db, now: tapal_domain::time::UtcMs, id: HolderId) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "DELETE FROM standby_outbox WHERE noun = 'holder' AND of = $1";
    tx.run(sql, args![id]).await?;
    tx.commit_unaudited(crate::db::Unaudited::Copied).await
}
