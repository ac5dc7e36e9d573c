//! Cases of second line: their steps, the record of the ledger that ends one, and who was cleared for which order, each
//! in one change. Must not decide what may be done (the domain does), nor keep a face.

pub(crate) mod handed;

use std::collections::HashMap;

use tapal_domain::{
    id::{AlertId, CaseId, CrossingId, OrderId, SiteId},
    second_line::{Case, Status, Step},
    time::UtcMs,
};
use zeroize::Zeroizing;

use crate::{
    audit::{By, Note},
    crossing::{self, NewCrossing, Recorded},
    db::{Db, Row, Tx, args, from_json, to_json, to_name},
    document,
    error::{Error, Result},
    event::{self, Audience, News},
};

/// One case with what the store knows beside its steps. `Debug` is redacted by the case's own parts.
#[derive(Clone, Debug)]
pub struct Filed {
    /// The case.
    pub case: Case,
    /// When anything was last done in it.
    pub changed_at: UtcMs,
    /// When it was closed.
    pub closed_at: Option<UtcMs>,
}

/// What goes with a step.
#[derive(Clone, Copy, Debug, Default)]
pub struct With<'a> {
    /// The record of the ledger that ends the case.
    pub crossing: Option<&'a NewCrossing>,
    /// Until when the document is cleared for the orders it was found not to be the person of; at the end of the case.
    pub cleared_until: Option<UtcMs>,
    /// When the clock rings next.
    pub alarm_at: Option<UtcMs>,
}

/// Records a new case. The same crossing again gives the case that is there already.
pub async fn open(db: &Db, now: UtcMs, by: By, case: &Case) -> Result<CaseId> {
    let [step] = case.steps() else {
        return Err(Error::other("a new case has one step"));
    };
    let referral = case.referral();
    let mut tx = db.begin(now).await?;
    let known = "SELECT id, site, document_mark FROM second_line WHERE crossing = $1";
    let person = &referral.traveller;
    let mark = document::mark(tx.vault(), &person.issuer, &person.document_number)?;
    if let Some(row) = tx.first(known, args![referral.crossing]).await? {
        let same = row.id::<SiteId>("site")? == referral.site && row.blob("document_mark")? == mark;
        return match same {
            true => row.id("id"),
            false => Err(Error::Conflict(
                "this crossing belongs to another case".into(),
            )),
        };
    }
    let sql = "INSERT INTO second_line (id, crossing, site, direction, alert, document_mark, status, protected, steps, alarmed, opened_at, changed_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, $9, $9)";
    let values = args![
        case.id(),
        referral.crossing,
        referral.site,
        to_name(&referral.direction)?,
        referral.alert,
        mark,
        case.status().name(),
        case.protected(),
        now
    ];
    tx.run(sql, values).await?;
    put_step(&mut tx, case.id(), 0, step).await?;
    tell(&mut tx, "second_line.opened", case).await?;
    let detail = serde_json::json!({ "site": referral.site, "crossing": referral.crossing, "reasons": referral.reasons,
        "alert": referral.alert, "orders": referral.hits.iter().map(|hit| hit.order).collect::<Vec<_>>() });
    let note = Note::new(by, "second_line.opened", "second_line", case.id());
    tx.commit(note.with(detail)).await?;
    Ok(case.id())
}

/// Records the last step of `case` with what goes with it. A conflict when somebody was quicker.
pub async fn record(db: &Db, now: UtcMs, by: By, case: &Case, with: With<'_>) -> Result<()> {
    let Some(step) = case.steps().last() else {
        return Err(Error::other("a case has steps"));
    };
    let before = case.steps().len() as i64 - 1;
    let closed = case.status() == Status::Closed;
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE second_line SET status = $3, protected = $4, steps = steps + 1, taken_by = $5, taken_at = $6, alarmed = $7, \
               alarm_at = $8, changed_at = $9, closed_at = $10 WHERE id = $1 AND steps = $2";
    let values = args![
        case.id(),
        before,
        case.status().name(),
        case.protected(),
        case.taken_by(),
        case.custody().map(|(began, _)| began),
        i64::from(case.alarmed()),
        with.alarm_at,
        now,
        closed.then_some(now)
    ];
    if tx.run(sql, values).await? == 0 {
        return Err(Error::Conflict(
            "somebody else changed this case just now".into(),
        ));
    }
    put_step(&mut tx, case.id(), before, step).await?;
    if let Some(new) = with.crossing
        && crossing::record_in(&mut tx, new).await? == Recorded::New
    {
        tx.note(crossing::note(new, "crossing.recorded")).await?;
    }
    let cleared = match with.cleared_until.filter(|_| closed) {
        Some(until) => clear(&mut tx, case, until).await?,
        None => Vec::new(),
    };
    let kind = match step.action.kind() {
        tapal_domain::second_line::Kind::Alarm => "second_line.alarm",
        _ => "second_line.changed",
    };
    tell(&mut tx, kind, case).await?;
    // Codes and ids: what officers wrote may name people.
    let mut detail = serde_json::json!({ "action": step.action.kind(), "status": case.status() });
    if let Some(decided) = case.decided() {
        detail["act"] = serde_json::json!(decided.act);
        detail["ground"] = serde_json::json!(decided.ground);
    }
    if let tapal_domain::second_line::Action::Alarm { percent } = step.action {
        detail["percent"] = serde_json::json!(percent);
    }
    if !cleared.is_empty() {
        detail["cleared"] = serde_json::json!(cleared);
    }
    let note = Note::new(by, "second_line.changed", "second_line", case.id());
    tx.commit(note.with(detail)).await
}

/// Puts the pairs of a case that ends in place, and takes back those of orders whose person it is after all.
async fn clear(tx: &mut Tx, case: &Case, until: UtcMs) -> Result<Vec<OrderId>> {
    let person = &case.referral().traveller;
    let mark = document::mark(tx.vault(), &person.issuer, &person.document_number)?;
    let confirmed = case.conclusion().map(|one| one.confirmed.clone());
    for order in confirmed.unwrap_or_default() {
        let sql = "DELETE FROM cleared_pair WHERE document_mark = $1 AND order_id = $2";
        tx.run(sql, args![mark.clone(), order]).await?;
    }
    let cleared = case.cleared();
    for order in &cleared {
        let sql = "INSERT INTO cleared_pair (document_mark, order_id, case_id, until) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (document_mark, order_id) DO UPDATE SET case_id = excluded.case_id, until = excluded.until";
        tx.run(sql, args![mark.clone(), *order, case.id(), until])
            .await?;
    }
    Ok(cleared)
}

async fn put_step(tx: &mut Tx, case: CaseId, n: i64, step: &Step) -> Result<()> {
    let plain = Zeroizing::new(to_json(step)?);
    let place = place(case, n);
    let sealed = tx
        .vault()
        .seal("second_line_step", &place, "step", plain.as_bytes())?;
    let sql = "INSERT INTO second_line_step (of, n, at, account, action, step_sealed) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = args![case, n, step.at, step.by, step.action.kind().name(), sealed];
    tx.run(sql, values).await.map(|_| ())
}

fn place(case: CaseId, n: i64) -> String {
    format!("{case}:{n}")
}

async fn tell(tx: &mut Tx, kind: &'static str, case: &Case) -> Result<()> {
    let news = News {
        kind,
        site: Some(case.referral().site),
        desk: None,
        audience: Audience::Cases,
        payload: serde_json::json!({ "case": case.id(), "status": case.status(), "alarmed": case.alarmed() }),
    };
    event::tell(tx, news).await.map(|_| ())
}

/// The cases of these rows, in their order; all steps by one query.
async fn read(db: &Db, rows: &[Row]) -> Result<Vec<Filed>> {
    let ids = rows.iter().map(|row| row.id("id"));
    let ids: Vec<CaseId> = ids.collect::<Result<_>>()?;
    let sql = "SELECT of, n, step_sealed FROM second_line_step WHERE of IN (SELECT value FROM json_each($1)) ORDER BY of, n";
    let mut steps: HashMap<CaseId, Vec<Step>> = HashMap::with_capacity(ids.len());
    for row in db.all(sql, args![to_json(&ids)?]).await? {
        let id: CaseId = row.id("of")?;
        let (place, sealed) = (place(id, row.int("n")?), row.blob("step_sealed")?);
        let plain = db
            .vault()
            .open("second_line_step", &place, "step", &sealed)?;
        let step = from_json(std::str::from_utf8(&plain).map_err(Error::other)?)?;
        steps.entry(id).or_default().push(step);
    }
    let mut filed = Vec::with_capacity(rows.len());
    for (id, row) in ids.into_iter().zip(rows) {
        let case = Case::replay(id, steps.remove(&id).unwrap_or_default());
        filed.push(Filed {
            case: case.ok_or_else(|| Error::other("a case without a referral is stored"))?,
            changed_at: row.at("changed_at")?,
            closed_at: row.opt_at("closed_at")?,
        });
    }
    Ok(filed)
}

/// One case, of `site` where that is given.
pub async fn get(db: &Db, id: CaseId, site: Option<SiteId>) -> Result<Filed> {
    let sql = "SELECT id, changed_at, closed_at FROM second_line WHERE id = $1 AND ($2 IS NULL OR site = $2)";
    let row = db.one(sql, args![id, site]).await?;
    read(db, &[row])
        .await?
        .into_iter()
        .next()
        .ok_or(Error::NotFound)
}

/// The case a crossing is decided in, if one.
pub async fn of_crossing(db: &Db, crossing: CrossingId) -> Result<Option<CaseId>> {
    let sql = "SELECT id FROM second_line WHERE crossing = $1";
    let row = db.first(sql, args![crossing]).await?;
    row.map(|row| row.id("id")).transpose()
}

/// Whether somebody was referred with this alert: its person is known, and nobody else is asked about it.
pub async fn of_alert(db: &Db, alert: AlertId) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM second_line WHERE alert = $1) AS referred";
    db.one(sql, args![alert]).await?.flag("referred")
}

/// Open cases, oldest first: what waits longest stands on top. At most `limit`.
pub async fn waiting(db: &Db, site: Option<SiteId>, limit: i64) -> Result<Vec<Filed>> {
    let sql = "SELECT id, changed_at, closed_at FROM second_line WHERE closed_at IS NULL AND ($1 IS NULL OR site = $1) ORDER BY opened_at, id LIMIT $2";
    read(db, &db.all(sql, args![site, limit]).await?).await
}

/// Whether the bearer of a document (its mark) is in second line now, at whatever checkpoint.
pub async fn holds(db: &Db, document_mark: Vec<u8>) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM second_line WHERE document_mark = $1 AND closed_at IS NULL) AS held";
    db.one(sql, args![document_mark]).await?.flag("held")
}

/// Whether the bearer of a document (its mark) was in second line at this instant, at whatever checkpoint.
pub async fn held_at(db: &Db, document_mark: Vec<u8>, at: UtcMs) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM second_line WHERE document_mark = $1 AND opened_at <= $2 \
               AND (closed_at IS NULL OR closed_at > $2)) AS held";
    db.one(sql, args![document_mark, at]).await?.flag("held")
}

/// Cases closed last, newest first.
pub async fn closed(db: &Db, site: Option<SiteId>, limit: i64) -> Result<Vec<Filed>> {
    let sql = "SELECT id, changed_at, closed_at FROM second_line WHERE closed_at IS NOT NULL AND ($1 IS NULL OR site = $1) ORDER BY closed_at DESC, id LIMIT $2";
    read(db, &db.all(sql, args![site, limit]).await?).await
}

/// Cases whose clock rings by `now`.
pub async fn due(db: &Db, now: UtcMs) -> Result<Vec<CaseId>> {
    let sql =
        "SELECT id FROM second_line WHERE alarm_at <= $1 AND closed_at IS NULL ORDER BY alarm_at";
    let rows = db.all(sql, args![now]).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// When the next clock rings.
pub async fn next_due(db: &Db) -> Result<Option<UtcMs>> {
    let sql = "SELECT MIN(alarm_at) AS at FROM second_line WHERE closed_at IS NULL";
    db.one(sql, args![]).await?.opt_at("at")
}

/// Orders for which a person found that the bearer of this document (its mark, see [`crate::document::mark`]) is somebody
/// else. A new order, or another document, is not among them.
pub async fn cleared(db: &Db, document_mark: Vec<u8>, now: UtcMs) -> Result<Vec<OrderId>> {
    let sql = "SELECT order_id FROM cleared_pair WHERE document_mark = $1 AND until > $2 ORDER BY order_id";
    let rows = db.all(sql, args![document_mark, now]).await?;
    rows.iter().map(|row| row.id("order_id")).collect()
}

/// Deletes pairs that are over; how many.
pub async fn expire(db: &Db, now: UtcMs) -> Result<u64> {
    let over = "SELECT EXISTS (SELECT 1 FROM cleared_pair WHERE until <= $1) AS over";
    if !db.one(over, args![now]).await?.flag("over")? {
        return Ok(0);
    }
    let mut tx = db.begin(now).await?;
    let gone = tx
        .run("DELETE FROM cleared_pair WHERE until <= $1", args![now])
        .await?;
    let note = Note::new(By::Clock, "cleared_pair.expired", "cleared_pair", "all");
    tx.commit(note.with(serde_json::json!({ "pairs": gone })))
        .await?;
    Ok(gone)
}
