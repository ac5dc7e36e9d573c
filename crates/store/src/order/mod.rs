//! Orders: their steps, and the entry an approval makes, in one change. What an order says is encrypted. Must not
//! decide what may be done (the domain does), nor let an entry move without its order's step.

pub(crate) mod batch;
mod photo;

use std::collections::HashMap;

use tapal_domain::{
    background::Finding,
    day::Day,
    entry::{Agency, Entry},
    id::{EntryId, OrderId},
    order::{Order, Status, Step},
    rule_pack::OrderKind,
    time::UtcMs,
};
use zeroize::Zeroizing;

pub use batch::photos_kept;
pub use photo::{OrderPhoto, add_photo, kept_photos, photos, portrait, replace_photo};

use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, args, from_json, to_json, to_name},
    entry::{self, NewPhoto},
    error::{Error, Result},
    event::{self, Audience, News},
};

/// One order with what the store knows beside its steps. `Debug` is redacted by the order's own parts.
#[derive(Clone, Debug)]
pub struct Filed {
    /// The order.
    pub order: Order,
    /// The entry its approval made.
    pub entry: Option<EntryId>,
    /// When it was first recorded.
    pub created_at: UtcMs,
    /// When anything was last done to it.
    pub changed_at: UtcMs,
}

/// What a step does to the entry.
pub enum Effect {
    /// Nothing.
    None,
    /// Makes it, with its photographs and what the enrolment audit found of them.
    Enter(Box<Entry>, Vec<NewPhoto>, Vec<Finding>),
    /// Gives it more days.
    Extend(EntryId, Day),
    /// Ends it.
    End(EntryId, &'static str),
}

/// Which orders. All of them narrow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Only of this agency: what a liaison may see.
    pub agency: Option<Agency>,
    /// Only in this status.
    pub status: Option<Status>,
    /// With the next one: only those whose last day is this or later.
    pub from: Option<Day>,
    /// Only approved ones whose last day is this or earlier.
    pub until: Option<Day>,
    /// Only older than this one.
    pub before: Option<OrderId>,
}

/// Records a new draft.
pub async fn file(db: &Db, now: UtcMs, by: By, order: &Order) -> Result<()> {
    let [step] = order.steps() else {
        return Err(Error::other("a new order has one step"));
    };
    let contents = order.contents();
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO orders (id, kind, agency, status, first_day, last_day, steps, created_at, changed_at) \
               VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7)";
    let values = args![
        order.id(),
        to_name(&contents.kind)?,
        contents.agency.name(),
        order.status().name(),
        contents.first_day.to_string(),
        order.last_day().map(|day| day.to_string()),
        now
    ];
    tx.run(sql, values).await?;
    put_step(&mut tx, order.id(), 0, step).await?;
    tell(&mut tx, order.id()).await?;
    let detail = serde_json::json!({ "kind": contents.kind, "agency": contents.agency });
    tx.commit(Note::new(by, "order.drafted", "order", order.id()).with(detail))
        .await
}

/// Records the last step of `order`, which was `before` steps long, with what it does to the entry. A conflict when
/// somebody was quicker.
pub async fn record(db: &Db, now: UtcMs, by: By, order: &Order, effect: Effect) -> Result<()> {
    let Some(step) = order.steps().last() else {
        return Err(Error::other("an order has steps"));
    };
    let before = order.steps().len() as i64 - 1;
    let contents = order.contents();
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE orders SET status = $3, first_day = $4, last_day = $5, steps = steps + 1, changed_at = $6 \
               WHERE id = $1 AND steps = $2";
    let values = args![
        order.id(),
        before,
        order.status().name(),
        contents.first_day.to_string(),
        order.last_day().map(|day| day.to_string()),
        now
    ];
    if tx.run(sql, values).await? == 0 {
        return Err(Error::Conflict(
            "somebody else changed this order just now".into(),
        ));
    }
    put_step(&mut tx, order.id(), before, step).await?;
    match effect {
        Effect::None => {}
        Effect::Enter(made, photos, findings) => {
            // Who wrote the order recorded the entry: whoever approved it may still decide about a hold.
            let wrote = order.steps().first().and_then(|step| step.by);
            let recorded_by = wrote.map_or(by, By::Account);
            let mut note = entry::insert(&mut tx, recorded_by, &made, &photos, &findings).await?;
            note.by = by;
            tx.note(note).await?;
            let sql = "UPDATE orders SET entry = $2 WHERE id = $1 AND entry IS NULL";
            let values = args![order.id(), made.id()];
            if tx.run(sql, values).await? == 0 {
                return Err(Error::Conflict("this order has an entry already".into()));
            }
        }
        Effect::Extend(id, last_day) => entry::extend(&mut tx, id, last_day).await?,
        Effect::End(id, reason) => match entry::close(&mut tx, id, reason).await {
            // It ended by itself, or was ended before.
            Ok(_) | Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        },
    }
    tell(&mut tx, order.id()).await?;
    let detail = serde_json::json!({ "action": step.action.name(), "status": order.status(), "last_day": order.last_day() });
    tx.commit(Note::new(by, "order.changed", "order", order.id()).with(detail))
        .await
}

async fn put_step(tx: &mut Tx, order: OrderId, n: i64, step: &Step) -> Result<()> {
    let sealed = seal_step(tx, order, n, step)?;
    let sql = "INSERT INTO order_step (of, n, at, account, action, step_sealed) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = args![order, n, step.at, step.by, step.action.name(), sealed];
    tx.run(sql, values).await.map(|_| ())
}

fn seal_step(tx: &Tx, order: OrderId, n: i64, step: &Step) -> Result<Vec<u8>> {
    let plain = Zeroizing::new(to_json(step)?);
    tx.vault()
        .seal("order_step", &place(order, n), "step", plain.as_bytes())
}

pub(crate) fn place(order: OrderId, n: i64) -> String {
    format!("{order}:{n}")
}

async fn tell(tx: &mut Tx, order: OrderId) -> Result<()> {
    let news = News {
        kind: "order.changed",
        site: None,
        desk: None,
        audience: Audience::Entries,
        payload: serde_json::json!({ "order": order }),
    };
    event::tell(tx, news).await.map(|_| ())
}

/// The orders of these rows, in their order; all steps by one query.
async fn read(db: &Db, rows: &[Row]) -> Result<Vec<Filed>> {
    let ids = rows.iter().map(|row| row.id("id"));
    let ids: Vec<OrderId> = ids.collect::<Result<_>>()?;
    let sql = "SELECT of, n, step_sealed FROM order_step WHERE of IN (SELECT value FROM json_each($1)) ORDER BY of, n";
    let mut steps: HashMap<OrderId, Vec<Step>> = HashMap::with_capacity(ids.len());
    for row in db.all(sql, args![to_json(&ids)?]).await? {
        let id: OrderId = row.id("of")?;
        let (place, sealed) = (place(id, row.int("n")?), row.blob("step_sealed")?);
        let plain = db.vault().open("order_step", &place, "step", &sealed)?;
        let step = from_json(std::str::from_utf8(&plain).map_err(Error::other)?)?;
        steps.entry(id).or_default().push(step);
    }
    let mut filed = Vec::with_capacity(rows.len());
    for (id, row) in ids.into_iter().zip(rows) {
        let order = Order::replay(id, steps.remove(&id).unwrap_or_default());
        filed.push(Filed {
            order: order.ok_or_else(|| Error::other("an order without a draft is stored"))?,
            entry: row.opt_id("entry")?,
            created_at: row.at("created_at")?,
            changed_at: row.at("changed_at")?,
        });
    }
    Ok(filed)
}

/// One order, of `agency` where that is given: what belongs to another one does not exist.
pub async fn get(db: &Db, id: OrderId, agency: Option<Agency>) -> Result<Filed> {
    let sql = "SELECT id, entry, created_at, changed_at FROM orders WHERE id = $1 AND ($2 IS NULL OR agency = $2)";
    let row = db.one(sql, args![id, agency.map(Agency::name)]).await?;
    let found = read(db, &[row]).await?;
    found.into_iter().next().ok_or(Error::NotFound)
}

/// Orders, newest first.
pub async fn list(db: &Db, wanted: Wanted, limit: i64) -> Result<Vec<Filed>> {
    let sql = "SELECT o.id, o.entry, o.created_at, o.changed_at FROM orders o WHERE ($1 IS NULL OR o.agency = $1) \
               AND ($2 IS NULL OR o.status = $2) AND ($3 IS NULL OR o.id < $3) \
               AND ($4 IS NULL OR (o.last_day <= $4 AND ($6 IS NULL OR o.last_day >= $6) AND o.status IN ('approved', 'extension_requested'))) \
               ORDER BY o.id DESC LIMIT $5";
    let values = args![
        wanted.agency.map(Agency::name),
        wanted.status.map(Status::name),
        wanted.before,
        wanted.until.map(|day| day.to_string()),
        limit,
        wanted.from.map(|day| day.to_string())
    ];
    read(db, &db.all(sql, values).await?).await
}

/// The order behind an entry.
pub async fn of_entry(db: &Db, entry: EntryId) -> Result<Option<OrderId>> {
    let row = db
        .first("SELECT id FROM orders WHERE entry = $1", args![entry])
        .await?;
    row.map(|row| row.id("id")).transpose()
}

/// Alerts that an entry raised, and how many of them two people called similar.
pub async fn alerts(db: &Db, entry: EntryId) -> Result<(i64, i64)> {
    let sql = "SELECT COUNT(*) AS n, COALESCE(SUM(status = 'similar'), 0) AS similar FROM alert WHERE entry = $1";
    let row = db.one(sql, args![entry]).await?;
    Ok((row.int("n")?, row.int("similar")?))
}

/// Approved orders whose last day is before `today`: the calendar has to close them.
pub async fn over(db: &Db, today: Day) -> Result<Vec<OrderId>> {
    let sql = "SELECT id FROM orders WHERE status IN ('approved', 'extension_requested') AND last_day < $1 ORDER BY id";
    let rows = db.all(sql, args![today.to_string()]).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// Approved orders whose entry ended apart from them.
pub async fn without_entry(db: &Db) -> Result<Vec<OrderId>> {
    let sql = "SELECT o.id FROM orders o JOIN entry e ON e.id = o.entry \
               WHERE o.status IN ('approved', 'extension_requested') AND e.ended_at IS NOT NULL AND e.end_reason <> 'lapsed' ORDER BY o.id";
    let rows = db.all(sql, args![]).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// How many approved orders end on each day from `from` to `to`, of one agency or all.
pub async fn ending(
    db: &Db,
    agency: Option<Agency>,
    (from, to): (Day, Day),
) -> Result<Vec<(Day, OrderKind, i64)>> {
    let sql = "SELECT last_day, kind, COUNT(*) AS n FROM orders WHERE status IN ('approved', 'extension_requested') \
               AND last_day >= $1 AND last_day <= $2 AND ($3 IS NULL OR agency = $3) GROUP BY last_day, kind ORDER BY last_day, kind";
    let values = args![from.to_string(), to.to_string(), agency.map(Agency::name)];
    let rows = db.all(sql, values).await?;
    rows.iter()
        .map(|row| Ok((row.day("last_day")?, row.name("kind")?, row.int("n")?)))
        .collect()
}
