//! Orders that come many at a time, in one change with whatever else belongs to it. Must not commit: the caller's
//! change holds the audit row, one for all of them.

use tapal_domain::{
    id::{ImportId, OrderId},
    order::Order,
};

use super::{Tx, args, photo, seal_step, to_json};
use crate::{
    db::Db,
    entry::NewPhoto,
    error::Result,
    event::{self, Audience, News},
    vault::hex,
};

/// Records new orders with all their steps: two statements, however many there are.
pub(crate) async fn put(tx: &mut Tx, orders: &[&Order]) -> Result<()> {
    let (mut heads, mut steps) = (Vec::new(), Vec::new());
    for order in orders {
        let contents = order.contents();
        heads.push(serde_json::json!({
            "id": order.id(), "kind": contents.kind, "agency": contents.agency, "status": order.status(),
            "first": contents.first_day, "last": order.last_day(), "steps": order.steps().len(),
        }));
        for (n, step) in order.steps().iter().enumerate() {
            let sealed = seal_step(tx, order.id(), n as i64, step)?;
            steps.push(serde_json::json!({
                "of": order.id(), "n": n, "at": step.at, "account": step.by, "action": step.action.name(), "step": hex(&sealed),
            }));
        }
    }
    let sql = "INSERT INTO orders (id, kind, agency, status, first_day, last_day, steps, created_at, changed_at) \
               SELECT value->>'id', value->>'kind', value->>'agency', value->>'status', value->>'first', value->>'last', \
               value->>'steps', $2, $2 FROM json_each($1)";
    tx.run(sql, args![to_json(&heads)?, tx.now()]).await?;
    let sql = "INSERT INTO order_step (of, n, at, account, action, step_sealed) \
               SELECT value->>'of', value->>'n', value->>'at', value->>'account', value->>'action', unhex(value->>'step') FROM json_each($1)";
    tx.run(sql, args![to_json(&steps)?]).await?;
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
