//! Orders that come many at a time, in one change with whatever else belongs to it. Must not commit: the caller's
//! change holds the audit row, one for all of them.

use tapal_domain::{
    id::{ImportId, OrderId},
    order::Order,
};

use super::{Tx, args, photo, put_step, to_name};
use crate::{
    db::Db,
    entry::NewPhoto,
    error::Result,
    event::{self, Audience, News},
};

/// Records a new order with all its steps.
pub(crate) async fn put(tx: &mut Tx, order: &Order) -> Result<()> {
    let contents = order.contents();
    let sql = "INSERT INTO orders (id, kind, agency, status, first_day, last_day, steps, created_at, changed_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let values = args![
        order.id(),
        to_name(&contents.kind)?,
        contents.agency.name(),
        order.status().name(),
        contents.first_day.to_string(),
        order.last_day().map(|day| day.to_string()),
        order.steps().len() as i64,
        tx.now()
    ];
    tx.run(sql, values).await?;
    for (n, step) in order.steps().iter().enumerate() {
        put_step(tx, order.id(), n as i64, step).await?;
    }
    Ok(())
}

/// Adds a photograph within the caller's change.
pub(crate) async fn put_photo(tx: &mut Tx, of: OrderId, photo: &NewPhoto) -> Result<i64> {
    photo::insert(tx, of, photo).await
}

/// Tells consoles that orders of an import changed: one event for all of them.
pub(crate) async fn tell(tx: &mut Tx, import: ImportId) -> Result<()> {
    let news = News {
        kind: "order.changed",
        site: None,
        desk: None,
        audience: Audience::Entries,
        payload: serde_json::json!({ "import": import }),
    };
    event::tell(tx, news).await.map(|_| ())
}

/// How many photographs an order has that are not replaced.
pub async fn photos_kept(db: &Db, of: OrderId) -> Result<usize> {
    let sql = "SELECT COUNT(*) AS n FROM order_photo WHERE of = $1 AND replaced_at IS NULL";
    Ok(db.one(sql, args![of]).await?.int("n")? as usize)
}
