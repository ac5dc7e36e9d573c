//! What people decided about pairs of orders: one person or two. Append-only; the last decision of a pair counts.
//! Must not join orders: each stays its own.

use tapal_domain::{
    id::{AccountId, OrderId},
    person::{SamePerson, pair},
    time::UtcMs,
};

use crate::{
    audit::{By, Note},
    db::{Db, args, to_name},
    error::{Error, Result},
    event::{self, Audience, News},
};

/// The last decision about an order and another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The other one.
    pub other: OrderId,
    /// What.
    pub decision: SamePerson,
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: UtcMs,
}

/// What was decided about `order` and others, from whichever side.
pub async fn decided(db: &Db, order: OrderId) -> Result<Vec<Decided>> {
    let sql = "SELECT CASE WHEN d.one = $1 THEN d.other ELSE d.one END AS other, d.decision, d.account, d.at FROM person_decision d \
               WHERE (d.one = $1 OR d.other = $1) AND d.n = (SELECT MAX(l.n) FROM person_decision l WHERE l.one = d.one AND l.other = d.other) \
               ORDER BY d.at";
    let rows = db.all(sql, args![order]).await?;
    rows.iter()
        .map(|row| {
            Ok(Decided {
                other: row.id("other")?,
                decision: row.name("decision")?,
                by: row.id("account")?,
                at: row.at("at")?,
            })
        })
        .collect()
}

/// Records what somebody decided about two orders.
pub async fn decide(
    db: &Db,
    now: UtcMs,
    by: AccountId,
    (one, other): (OrderId, OrderId),
    decision: SamePerson,
) -> Result<()> {
    let (one, other) = pair(one, other)
        .ok_or_else(|| Error::Conflict("an order is always about its own person".into()))?;
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO person_decision (one, other, n, decision, account, at) \
               SELECT $1, $2, COALESCE((SELECT MAX(n) + 1 FROM person_decision WHERE one = $1 AND other = $2), 0), $3, $4, $5";
    let values = args![one, other, to_name(&decision)?, by, now];
    tx.run(sql, values).await?;
    let news = News {
        kind: "person.decided",
        site: None,
        desk: None,
        audience: Audience::Entries,
        payload: serde_json::json!({ "one": one, "other": other }),
    };
    event::tell(&mut tx, news).await?;
    let detail = serde_json::json!({ "other": other, "decision": decision });
    let note = Note::new(By::Account(by), "person.decided", "order", one);
    tx.commit(note.with(detail)).await
}
