//! People in process, sealed, and hits of new orders among them. Must not hold a face, nor keep anybody after the
//! process is over.

use tapal_domain::{
    day::Day,
    id::{AccountId, AlertId, InProcessHitId, InProcessId, OrderId, SiteId},
    in_process::{Decision, Kind},
    time::UtcMs,
};
use zeroize::Zeroizing;

use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, args, to_name},
    error::{Error, Result},
    event::{self, Audience, News},
    name_check::Listed,
};

/// Somebody to be recorded as in process.
pub struct New<'a> {
    /// Id made by the caller.
    pub id: InProcessId,
    /// Which process.
    pub kind: Kind,
    /// Its number there; one person a number.
    pub reference: &'a str,
    /// The site it belongs to, if one.
    pub site: Option<SiteId>,
    /// Who, as JSON of the caller's; sealed here.
    pub subject: &'a [u8],
    /// When the process is over at the latest.
    pub expires_at: UtcMs,
}

/// Somebody in process.
pub struct Held {
    /// Its id.
    pub id: InProcessId,
    /// The site it belongs to, if one.
    pub site: Option<SiteId>,
    /// Who, as it was handed in.
    pub subject: Zeroizing<Vec<u8>>,
}

/// A hit to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Id made by the caller.
    pub id: InProcessHitId,
    /// Who is in process.
    pub of: Of,
    /// Whom it may be.
    pub listed: Listed,
    /// Where it is looked at; `None` for those who see all sites.
    pub site: Option<SiteId>,
}

/// Who was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Somebody in process.
    Person(InProcessId),
    /// The person of an alert that is not decided.
    Alert(AlertId),
}

/// A recorded hit.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its id.
    pub id: InProcessHitId,
    /// Who was hit.
    pub of: Of,
    /// Which process, and its number there; absent for an alert.
    pub process: Option<(Kind, String)>,
    /// Whom it may be.
    pub listed: Listed,
    /// Where.
    pub site: Option<SiteId>,
    /// When it was found.
    pub found_at: UtcMs,
}

/// Records somebody in process, with the hits found at once; the same number again replaces who it was. Gives the id.
pub async fn put(
    db: &Db,
    now: UtcMs,
    by: By,
    new: &New<'_>,
    hits: &[Found],
) -> Result<InProcessId> {
    let mut tx = db.begin(now).await?;
    let sql = "DELETE FROM in_process WHERE kind = $1 AND reference = $2";
    let again = tx
        .run(sql, args![to_name(&new.kind)?, new.reference])
        .await?;
    let id = new.id.to_string();
    let sealed = tx.vault().seal("in_process", &id, "subject", new.subject)?;
    let sql = "INSERT INTO in_process (id, kind, reference, site, subject_sealed, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = args![
        &id,
        to_name(&new.kind)?,
        new.reference,
        new.site,
        sealed,
        new.expires_at,
        now
    ];
    tx.run(sql, values).await?;
    for hit in hits {
        insert_hit(&mut tx, hit).await?;
    }
    let detail = serde_json::json!({ "kind": new.kind, "expires_at": new.expires_at, "again": again > 0, "hits": hits.len() });
    let note = Note::new(by, "in_process.put", "in_process", &id);
    tx.commit(note.with(detail)).await?;
    Ok(new.id)
}

/// The process is over: the person and what was found are deleted.
pub async fn take(db: &Db, now: UtcMs, by: By, id: InProcessId) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "DELETE FROM in_process WHERE id = $1";
    if tx.run(sql, args![id]).await? == 0 {
        return Err(Error::NotFound);
    }
    tx.commit(Note::new(by, "in_process.taken", "in_process", id))
        .await
}

/// Deletes everybody whose process is over, hits on alerts that are decided, and hits whose order is over; how many
/// people.
pub async fn expire(db: &Db, now: UtcMs) -> Result<u64> {
    let over = "SELECT EXISTS (SELECT 1 FROM in_process WHERE expires_at <= $1) \
                OR EXISTS (SELECT 1 FROM in_process_hit h JOIN alert a ON a.id = h.alert WHERE a.ended_at IS NOT NULL) \
                OR EXISTS (SELECT 1 FROM in_process_hit h JOIN orders o ON o.id = h.listed WHERE o.status NOT IN ('approved', 'extension_requested')) \
                OR EXISTS (SELECT 1 FROM in_process_hit h JOIN entry e ON e.id = h.listed WHERE e.ended_at IS NOT NULL) AS over";
    if !db.one(over, args![now]).await?.flag("over")? {
        return Ok(0);
    }
    let mut tx = db.begin(now).await?;
    let sql = "DELETE FROM in_process WHERE expires_at <= $1";
    let people = tx.run(sql, args![now]).await?;
    let sql = "DELETE FROM in_process_hit WHERE alert IN (SELECT id FROM alert WHERE ended_at IS NOT NULL) \
               OR listed IN (SELECT id FROM orders WHERE status NOT IN ('approved', 'extension_requested')) \
               OR listed IN (SELECT id FROM entry WHERE ended_at IS NOT NULL)";
    let hits = tx.run(sql, args![]).await?;
    let note = Note::new(By::Clock, "in_process.expired", "in_process", "all");
    tx.commit(note.with(serde_json::json!({ "people": people, "hits": hits })))
        .await?;
    Ok(people)
}

/// People whose process is not over, by id, after `after`: at most `limit`, by one query.
pub async fn page(
    db: &Db,
    now: UtcMs,
    after: Option<InProcessId>,
    limit: i64,
) -> Result<Vec<Held>> {
    let sql = "SELECT id, site, subject_sealed FROM in_process WHERE expires_at > $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3";
    let rows = db.all(sql, args![now, after, limit]).await?;
    rows.iter().map(|row| held(db, row)).collect()
}

/// One of them, while the process is not over.
pub async fn get(db: &Db, now: UtcMs, id: InProcessId) -> Result<Held> {
    let sql = "SELECT id, site, subject_sealed FROM in_process WHERE expires_at > $1 AND id = $2";
    held(db, &db.one(sql, args![now, id]).await?)
}

fn held(db: &Db, row: &Row) -> Result<Held> {
    let id: InProcessId = row.id("id")?;
    let sealed = row.blob("subject_sealed")?;
    let subject = db
        .vault()
        .open("in_process", &id.to_string(), "subject", &sealed)?;
    Ok(Held {
        id,
        site: row.opt_id("site")?,
        subject,
    })
}

/// Alerts that nobody has decided yet: where, and whom they are about.
pub async fn open_alerts(db: &Db) -> Result<Vec<(AlertId, SiteId, Listed)>> {
    let sql = "SELECT a.id, a.site, a.entry, o.id AS of FROM alert a LEFT JOIN orders o ON o.entry = a.entry \
               WHERE a.ended_at IS NULL ORDER BY a.id";
    let rows = db.all(sql, args![]).await?;
    rows.iter()
        .map(|row| {
            let listed = match row.opt_text("of")? {
                Some(order) => Listed::read("order", &order)?,
                None => Listed::read("entry", &row.text("entry")?)?,
            };
            Ok((row.id("id")?, row.id("site")?, listed))
        })
        .collect()
}

/// Orders that have begun by `day` and are still to be held against the people in process.
pub async fn due(db: &Db, day: Day) -> Result<Vec<OrderId>> {
    let sql = "SELECT of FROM in_process_due WHERE first_day <= $1 ORDER BY of LIMIT 500";
    let rows = db.all(sql, args![day.to_string()]).await?;
    rows.iter().map(|row| row.id("of")).collect()
}

/// Records what an order found among the people in process; it is due no more.
pub async fn done(
    db: &Db,
    now: UtcMs,
    order: OrderId,
    looked: usize,
    hits: &[Found],
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "DELETE FROM in_process_due WHERE of = $1";
    if tx.run(sql, args![order]).await? == 0 {
        return Ok(());
    }
    for hit in hits {
        insert_hit(&mut tx, hit).await?;
    }
    let detail = serde_json::json!({ "looked": looked, "hits": hits.len() });
    let note = Note::new(By::Clock, "in_process.screened", "order", order);
    tx.commit(note.with(detail)).await
}

async fn insert_hit(tx: &mut Tx, hit: &Found) -> Result<()> {
    let (person, alert) = match hit.of {
        Of::Person(id) => (Some(id), None),
        Of::Alert(id) => (None, Some(id)),
    };
    let known =
        "SELECT 1 AS known FROM in_process_hit WHERE listed = $1 AND (person = $2 OR alert = $3)";
    let listed = hit.listed.to_string();
    if tx
        .first(known, args![&listed, person, alert])
        .await?
        .is_some()
    {
        return Ok(());
    }
    // Somebody whose process ended while the order was held against all of them is no longer there.
    let sql = "INSERT INTO in_process_hit (id, person, alert, noun, listed, site, found_at) SELECT $1, $2, $3, $4, $5, $6, $7 \
               WHERE EXISTS (SELECT 1 FROM in_process WHERE id = $2) OR EXISTS (SELECT 1 FROM alert WHERE id = $3 AND ended_at IS NULL)";
    let values = args![
        hit.id,
        person,
        alert,
        hit.listed.noun(),
        listed,
        hit.site,
        tx.now()
    ];
    if tx.run(sql, values).await? == 0 {
        return Ok(());
    }
    let news = News {
        kind: "in_process.found",
        site: hit.site,
        desk: None,
        audience: Audience::InProcess,
        payload: serde_json::json!({ "hit": hit.id }),
    };
    event::tell(tx, news).await.map(|_| ())
}

const HITS: &str = "SELECT h.id, h.person, h.alert, h.noun, h.listed, h.site, h.found_at, p.kind, p.reference FROM in_process_hit h \
    LEFT JOIN in_process p ON p.id = h.person LEFT JOIN alert a ON a.id = h.alert \
    WHERE h.decided_at IS NULL AND ($1 IS NULL OR h.site = $1) AND ($2 IS NULL OR h.id = $2) \
    AND (p.expires_at > $3 OR (a.id IS NOT NULL AND a.ended_at IS NULL)) ORDER BY h.found_at, h.id LIMIT $4";

/// Hits that wait for a person, of one site or all, oldest first.
pub async fn hits(db: &Db, now: UtcMs, site: Option<SiteId>, limit: i64) -> Result<Vec<Hit>> {
    let none: Option<InProcessHitId> = None;
    let rows = db.all(HITS, args![site, none, now, limit]).await?;
    rows.iter().map(hit).collect()
}

/// One hit that waits for a person, of one site or all.
pub async fn hit_of(db: &Db, now: UtcMs, site: Option<SiteId>, id: InProcessHitId) -> Result<Hit> {
    hit(&db.one(HITS, args![site, Some(id), now, 1i64]).await?)
}

fn hit(row: &Row) -> Result<Hit> {
    let of = match (row.opt_id("person")?, row.opt_id("alert")?) {
        (Some(id), _) => Of::Person(id),
        (None, Some(id)) => Of::Alert(id),
        (None, None) => return Err(Error::other("a hit of nobody is stored")),
    };
    let process = row.opt_name::<Kind>("kind")?;
    Ok(Hit {
        id: row.id("id")?,
        of,
        process: process.zip(row.opt_text("reference")?),
        listed: Listed::read(&row.text("noun")?, &row.text("listed")?)?,
        site: row.opt_id("site")?,
        found_at: row.at("found_at")?,
    })
}

/// Records what a person decided about a hit.
pub async fn decide(
    db: &Db,
    now: UtcMs,
    by: AccountId,
    hit: &Hit,
    decision: Decision,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE in_process_hit SET decided_at = $2, decision = $3 WHERE id = $1 AND decided_at IS NULL";
    if tx.run(sql, args![hit.id, now, to_name(&decision)?]).await? == 0 {
        return Err(Error::Conflict("somebody decided this just now".into()));
    }
    let of = match hit.of {
        Of::Person(id) => id.to_string(),
        Of::Alert(id) => id.to_string(),
    };
    let detail =
        serde_json::json!({ "decision": decision, "of": of, "listed": hit.listed.to_string() });
    let note = Note::new(
        By::Account(by),
        "in_process.decided",
        "in_process_hit",
        hit.id,
    );
    tx.commit(note.with(detail)).await
}
