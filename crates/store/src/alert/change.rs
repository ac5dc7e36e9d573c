//! Changing alerts: receiving one from an edge, a person's or the clock's action. Each in one transaction with
//! step, audit row and event. Must not apply an action in any other way than through the domain.

use tapal_domain::{
    alert::{Action, Actor, Alert, Refused, Status, Step, Timers},
    day::Day,
    entry::ListKind,
    id::{AlertId, DeskId, EdgeId, EntryId, LaneId, SiteId},
    site::Deployment,
    time::UtcMs,
    wire::{AlertReceived, AlertReport, OtherCandidate},
};

use super::{Evidence, Stored, get_in, step_id};
use crate::{
    audit::{By, Note},
    db::{Db, Tx, args, to_json, to_name},
    error::{Error, Result},
    event::{self, Audience, News},
};

/// Receives an alert of an edge once. `probes` are its decoded JPEGs. [`Error::Conflict`] names what is unknown or
/// not this edge's: `alert.camera`, `alert.entry`, `alert.id`; sending it again cannot help then.
pub async fn ingest(
    db: &Db,
    now: UtcMs,
    edge: EdgeId,
    site: SiteId,
    report: &AlertReport,
    probes: &[Vec<u8>],
    timers: &Timers,
) -> Result<AlertReceived> {
    let mut tx = db.begin(now).await?;
    if let Some(row) = tx
        .first("SELECT edge FROM alert WHERE id = $1", args![report.id])
        .await?
    {
        return match row.id::<EdgeId>("edge")? == edge {
            true => Ok(AlertReceived::AlreadyRecorded),
            false => Err(Error::Conflict("alert.id belongs to another node".into())),
        };
    }
    let (lane, desk) = place(&mut tx, site, report).await?;
    let searched = lists_of(&mut tx, site).await?;
    let list = entry_list(&mut tx, report.entry)
        .await?
        .ok_or(Error::Conflict("alert.entry is unknown".into()))?;
    let today = today(&mut tx, site).await?;
    let shown = live(&mut tx, report.entry, &searched, today).await?;
    let mut life = Alert::raise(report.id, edge, now);
    if !shown {
        life.apply(Action::Withdraw, Actor::Clock, now)
            .map_err(Error::other)?;
    }
    let others = if shown {
        live_others(&mut tx, report, &searched, today).await?
    } else {
        Vec::new()
    };
    // Evidence of somebody whose order is not in force is not kept.
    let probes = if shown { probes } else { &[] };
    let evidence = evidence(report, list, others);
    insert(
        &mut tx,
        Place {
            edge,
            site,
            lane,
            desk,
        },
        report,
        &evidence,
        probes.len(),
        &life,
        timers,
    )
    .await?;
    for (n, jpeg) in (0_i64..).zip(probes) {
        let sealed = tx
            .vault()
            .seal("alert_probe", &step_id(report.id, n), "photo", jpeg)?;
        tx.run(
            "INSERT INTO alert_probe (alert, n, photo_sealed) VALUES ($1, $2, $3)",
            args![report.id, n, sealed],
        )
        .await?;
    }
    for (n, step) in (0_i64..).zip(life.steps()) {
        insert_step(&mut tx, report.id, n, step).await?;
    }
    if shown {
        tell(&mut tx, "alert.raised", site, desk, &life).await?;
    }
    let detail = serde_json::json!({ "camera": report.camera, "entry": report.entry, "entry_version": report.entry_version,
        "list_version": report.list_version, "model_id": report.model_id, "band": report.band, "captured_at": report.captured_at,
        "status": life.status() });
    tx.commit(Note::new(By::Edge(edge), "alert.raised", "alert", report.id).with(detail))
        .await?;
    Ok(if shown {
        AlertReceived::Recorded
    } else {
        AlertReceived::Withdrawn
    })
}

#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) edge: EdgeId,
    pub(super) site: SiteId,
    pub(super) lane: Option<LaneId>,
    pub(super) desk: Option<DeskId>,
}

pub(super) async fn place(
    tx: &mut Tx,
    site: SiteId,
    report: &AlertReport,
) -> Result<(Option<LaneId>, Option<DeskId>)> {
    let sql = "SELECT c.lane, l.desk FROM camera c LEFT JOIN lane l ON l.id = c.lane WHERE c.id = $1 AND c.site = $2";
    match tx.first(sql, args![report.camera, site]).await? {
        Some(row) => Ok((row.opt_id("lane")?, row.opt_id("desk")?)),
        None => Err(Error::Conflict(
            "alert.camera is not of this node's site".into(),
        )),
    }
}

pub(super) async fn lists_of(tx: &mut Tx, site: SiteId) -> Result<Vec<ListKind>> {
    let row = tx
        .first("SELECT record FROM deployment WHERE site = $1", args![site])
        .await?;
    Ok(row
        .map(|row| row.json::<Deployment>("record"))
        .transpose()?
        .map(|record| record.lists)
        .unwrap_or_default())
}

pub(super) async fn entry_list(tx: &mut Tx, entry: EntryId) -> Result<Option<ListKind>> {
    let row = tx
        .first("SELECT list FROM entry WHERE id = $1", args![entry])
        .await?;
    row.map(|row| row.name("list")).transpose()
}

/// The day it is at a site: entries count days of the place.
pub(super) async fn today(tx: &mut Tx, site: SiteId) -> Result<Day> {
    let sql = "SELECT utc_offset_minutes FROM site WHERE id = $1";
    let row = tx.one(sql, args![site]).await?;
    Ok(Day::at(tx.now(), row.int("utc_offset_minutes")?))
}

/// In force on this day, not ended nor held back, on a list this site may search.
pub(super) async fn live(
    tx: &mut Tx,
    entry: EntryId,
    searched: &[ListKind],
    today: Day,
) -> Result<bool> {
    let sql = "SELECT list, first_day, last_day FROM entry WHERE id = $1 AND ended_at IS NULL \
               AND NOT EXISTS (SELECT 1 FROM entry_hold h WHERE h.entry = entry.id AND h.decided_at IS NULL)";
    let Some(row) = tx.first(sql, args![entry]).await? else {
        return Ok(false);
    };
    let days = row.day("first_day")?..=row.day("last_day")?;
    Ok(searched.contains(&row.name::<ListKind>("list")?) && days.contains(&today))
}

pub(super) async fn live_others(
    tx: &mut Tx,
    report: &AlertReport,
    searched: &[ListKind],
    today: Day,
) -> Result<Vec<OtherCandidate>> {
    let mut others = Vec::new();
    for other in report.others.iter().take(5) {
        if other.entry != report.entry && live(tx, other.entry, searched, today).await? {
            others.push(*other);
        }
    }
    Ok(others)
}

pub(super) fn evidence(
    report: &AlertReport,
    list: ListKind,
    others: Vec<OtherCandidate>,
) -> Evidence {
    Evidence {
        track: report.track,
        judged_at: report.judged_at,
        model_id: report.model_id.clone(),
        list,
        entry_version: report.entry_version,
        list_version: report.list_version,
        gallery_size: report.gallery_size,
        score: report.score,
        threshold: report.threshold,
        band: report.band,
        others,
        shots: report.shots,
        quality: report.quality,
        face_box: report.face_box,
    }
}

pub(super) async fn insert(
    tx: &mut Tx,
    at: Place,
    report: &AlertReport,
    evidence: &Evidence,
    probes: usize,
    life: &Alert,
    timers: &Timers,
) -> Result<()> {
    let status = life.status();
    let sql = "INSERT INTO alert (id, site, camera, lane, desk, edge, entry, received_at, captured_at, status, level, due_at, ended_at, probes, evidence) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let ended_at = (!status.is_open()).then_some(tx.now());
    let values = args![
        report.id,
        at.site,
        report.camera,
        at.lane,
        at.desk,
        at.edge,
        report.entry,
        tx.now(),
        report.captured_at,
        status.name(),
        to_name(&life.level())?,
        life.next_due_at(timers),
        ended_at,
        probes as i64,
        to_json(evidence)?
    ];
    tx.run(sql, values).await.map(|_| ())
}

pub(super) async fn insert_step(tx: &mut Tx, alert: AlertId, n: i64, step: &Step) -> Result<()> {
    let sealed = tx.vault().seal(
        "alert_step",
        &step_id(alert, n),
        "step",
        to_json(step)?.as_bytes(),
    )?;
    let account = match step.actor {
        Actor::Account(account, _) => Some(account),
        Actor::Edge(_) | Actor::Clock => None,
    };
    let sql = "INSERT INTO alert_step (alert, n, at, action, account, step_sealed) VALUES ($1, $2, $3, $4, $5, $6)";
    tx.run(
        sql,
        args![
            alert,
            n,
            step.at,
            to_name(&step.action.kind())?,
            account,
            sealed
        ],
    )
    .await
    .map(|_| ())
}

pub(super) async fn tell(
    tx: &mut Tx,
    kind: &'static str,
    site: SiteId,
    desk: Option<DeskId>,
    life: &Alert,
) -> Result<()> {
    let payload =
        serde_json::json!({ "alert": life.id(), "status": life.status(), "level": life.level() });
    event::tell(
        tx,
        News {
            kind,
            site: Some(site),
            desk,
            audience: Audience::Alerts,
            payload,
        },
    )
    .await
    .map(|_| ())
}

/// Takes an action, or refuses it. A person's refused try is audited like a successful one.
pub async fn act(
    db: &Db,
    now: UtcMs,
    id: AlertId,
    action: Action,
    actor: Actor,
    timers: &Timers,
) -> Result<std::result::Result<Status, Refused>> {
    let mut tx = db.begin(now).await?;
    let mut stored = get_in(&mut tx, id).await?;
    let kind = action.kind();
    match apply(&mut tx, &mut stored, action, actor, timers).await? {
        Ok(note) => {
            tx.commit(note).await?;
            Ok(Ok(stored.life.status()))
        }
        Err(refused) => {
            if let Actor::Account(..) = actor {
                let detail = serde_json::json!({ "action": kind, "code": refused.code(), "status": refused.status() });
                tx.commit(Note::new(by(actor), "alert.action_refused", "alert", id).with(detail))
                    .await?;
            }
            Ok(Err(refused))
        }
    }
}

fn by(actor: Actor) -> By {
    match actor {
        Actor::Account(account, _) => By::Account(account),
        Actor::Edge(edge) => By::Edge(edge),
        Actor::Clock => By::Clock,
    }
}

/// Applies, stores the step and the computed columns, tells the consoles; the audit row is for the caller to commit.
async fn apply(
    tx: &mut Tx,
    stored: &mut Stored,
    action: Action,
    actor: Actor,
    timers: &Timers,
) -> Result<std::result::Result<Note, Refused>> {
    let now = tx.now();
    let step = match stored.life.apply(action, actor, now) {
        Ok(step) => step.clone(),
        Err(refused) => return Ok(Err(refused)),
    };
    let life = &stored.life;
    insert_step(tx, life.id(), life.steps().len() as i64 - 1, &step).await?;
    let status = life.status();
    let sql = "UPDATE alert SET status = $2, level = $3, due_at = $4, ended_at = $5 WHERE id = $1";
    let ended_at = (!status.is_open()).then_some(now);
    tx.run(
        sql,
        args![
            life.id(),
            status.name(),
            to_name(&life.level())?,
            life.next_due_at(timers),
            ended_at
        ],
    )
    .await?;
    tell(tx, "alert.changed", stored.site, stored.desk, life).await?;
    Ok(Ok(note(&step, actor, life)))
}

/// The audit row of a step. The officer's own words are not repeated here: they may name people.
pub(super) fn note(step: &Step, actor: Actor, life: &Alert) -> Note {
    let (action, mut detail) = match &step.action {
        Action::Raise => ("alert.raised", serde_json::json!({})),
        Action::Acknowledge => ("alert.acknowledged", serde_json::json!({})),
        Action::Release => ("alert.released", serde_json::json!({})),
        Action::Escalate { to } => ("alert.escalated", serde_json::json!({ "to": to })),
        Action::Opine { opinion, .. } => (
            "alert.opinion_given",
            serde_json::json!({ "opinion": opinion }),
        ),
        Action::Resolve { opinion, .. } => {
            ("alert.resolved", serde_json::json!({ "opinion": opinion }))
        }
        Action::Expire => ("alert.expired", serde_json::json!({})),
        Action::Withdraw => ("alert.withdrawn", serde_json::json!({})),
    };
    detail["status"] = serde_json::json!(life.status());
    Note::new(by(actor), action, "alert", life.id()).with(detail)
}

/// Withdraws every open alert on an entry that is no longer in force; part of that change. Returns how many.
pub(crate) async fn withdraw_all(tx: &mut Tx, entry: EntryId) -> Result<usize> {
    let sql = "SELECT id FROM alert WHERE entry = $1 AND status IN ('raised', 'acknowledged', 'first_opinion', 'disagreed') ORDER BY id";
    let rows = tx.all(sql, args![entry]).await?;
    for row in &rows {
        let note = withdraw(tx, row.id("id")?).await?;
        tx.note(note).await?;
    }
    Ok(rows.len())
}

/// Withdraws one open alert; the caller records the note.
pub(crate) async fn withdraw(tx: &mut Tx, id: AlertId) -> Result<Note> {
    let mut stored = get_in(tx, id).await?;
    // Timers do not matter: a withdrawn alert has none.
    let timers = Timers::default();
    let applied = apply(tx, &mut stored, Action::Withdraw, Actor::Clock, &timers);
    applied.await?.map_err(Error::other)
}

/// Does what timers owe at `now`: escalates or expires. Returns the alerts that moved. One that cannot be read is
/// logged by id and tried again next time; the others move.
pub async fn run_due(db: &Db, now: UtcMs, timers: &Timers) -> Result<Vec<AlertId>> {
    let mut moved = Vec::new();
    for row in db
        .all(
            "SELECT id FROM alert WHERE due_at <= $1 ORDER BY due_at",
            args![now],
        )
        .await?
    {
        let id: AlertId = row.id("id")?;
        match run_one(db, now, id, timers).await {
            Ok(true) => moved.push(id),
            Ok(false) => {}
            Err(error) => tracing::error!(alert = %id, %error, "the timer of an alert failed"),
        }
    }
    Ok(moved)
}

/// Whether the alert moved.
async fn run_one(db: &Db, now: UtcMs, id: AlertId, timers: &Timers) -> Result<bool> {
    let mut tx = db.begin(now).await?;
    let mut stored = get_in(&mut tx, id).await?;
    let Some(action) = stored.life.due(timers, now) else {
        // Timers were changed in the settings: remember the new instant.
        let sql = "UPDATE alert SET due_at = $2 WHERE id = $1";
        let next = stored.life.next_due_at(timers).map(|at| at.max(now + 1));
        tx.run(sql, args![id, next]).await?;
        tx.commit_unaudited(crate::db::Unaudited::Telemetry).await?;
        return Ok(false);
    };
    let note = apply(&mut tx, &mut stored, action, Actor::Clock, timers)
        .await?
        .map_err(Error::other)?;
    tx.commit(note).await?;
    Ok(true)
}
