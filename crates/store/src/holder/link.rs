//! Who people said is one person. Append-only; the last decision of a pair counts, and a later one takes it back. Must not
//! join records: a link is read, never carried out.

use std::collections::BTreeMap;

use tapal_domain::{
    holder::pair,
    id::{AccountId, HolderId},
    person::SamePerson,
    time::UtcMs,
};

use super::{Linked, read::opened_text};
use crate::{
    audit::{By, Note},
    db::{Db, args},
    error::{Error, Result},
};

/// Records what somebody said about two holders, and why. [`Error::Conflict`] for one holder, [`Error::NotFound`] for an
/// unknown one.
pub async fn decide(
    db: &Db,
    now: UtcMs,
    by: AccountId,
    of: (HolderId, HolderId),
    decision: SamePerson,
    reason: &str,
) -> Result<()> {
    let (one, other) = pair(of.0, of.1)
        .ok_or_else(|| Error::Conflict("a holder is always the same person".into()))?;
    let mut tx = db.begin(now).await?;
    for id in [one, other] {
        tx.one("SELECT id FROM holder WHERE id = $1", args![id])
            .await?;
    }
    let last = "SELECT COALESCE(MAX(n) + 1, 0) AS n FROM holder_link WHERE one = $1 AND other = $2";
    let n = tx.one(last, args![one, other]).await?.int("n")?;
    let reason = tx.vault().seal(
        "holder_link",
        &key(one, other, n),
        "reason",
        reason.as_bytes(),
    )?;
    let sql = "INSERT INTO holder_link (one, other, n, decision, reason_sealed, account, at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx.run(sql, args![one, other, n, decision.name(), reason, by, now])
        .await?;
    let detail = serde_json::json!({ "other": of.1, "decision": decision });
    tx.commit(Note::new(By::Account(by), "holder.link_decided", "holder", of.0).with(detail))
        .await
}

fn key(one: HolderId, other: HolderId, n: i64) -> String {
    format!("{one}:{other}:{n}")
}

/// What people said about a holder and others, and who follows from it by a chain of `same` (at most 50 others).
pub async fn linked(db: &Db, id: HolderId) -> Result<Vec<Linked>> {
    let own = "SELECT l.one, l.other, l.n, l.decision, l.reason_sealed, l.account, l.at FROM holder_link l \
               WHERE (l.one = $1 OR l.other = $1) AND l.n = (SELECT MAX(m.n) FROM holder_link m WHERE m.one = l.one AND m.other = l.other) LIMIT 50";
    let mut found = BTreeMap::new();
    for row in &db.all(own, args![id]).await? {
        let (one, other): (HolderId, HolderId) = (row.id("one")?, row.id("other")?);
        let place = key(one, other, row.int("n")?);
        let decision: SamePerson = row.name("decision")?;
        let holder = if one == id { other } else { one };
        let linked = Linked {
            holder,
            decision: Some(decision),
            same: decision == SamePerson::Same,
            by: Some(row.id("account")?),
            at: Some(row.at("at")?),
            reason: opened_text(
                db.vault(),
                row,
                "holder_link",
                &place,
                "reason",
                "reason_sealed",
            )?,
        };
        found.insert(holder, linked);
    }
    if found.values().any(|linked| linked.same) {
        follow(db, id, &mut found).await?;
    }
    Ok(found.into_values().collect())
}

/// A holder and all those who people said are the same person, directly or by a chain (at most 50).
pub async fn one_person(db: &Db, id: HolderId) -> Result<Vec<HolderId>> {
    let mut all = vec![id];
    let any = "SELECT EXISTS (SELECT 1 FROM holder_link WHERE one = $1 OR other = $1) AS linked";
    if db.one(any, args![id]).await?.flag("linked")? {
        let mut found = BTreeMap::new();
        follow(db, id, &mut found).await?;
        all.extend(found.into_keys());
    }
    Ok(all)
}

/// Adds whom a chain of `same` reaches; a pair that people called two stays so, and is shown as reached all the same.
async fn follow(db: &Db, id: HolderId, found: &mut BTreeMap<HolderId, Linked>) -> Result<()> {
    let sql = "WITH RECURSIVE reached (id) AS (SELECT $1 UNION \
               SELECT CASE WHEN l.one = r.id THEN l.other ELSE l.one END FROM reached r JOIN holder_link l ON l.one = r.id OR l.other = r.id \
               WHERE l.decision = 'same' AND l.n = (SELECT MAX(m.n) FROM holder_link m WHERE m.one = l.one AND m.other = l.other) LIMIT 50) \
               SELECT id FROM reached WHERE id <> $1";
    for row in &db.all(sql, args![id]).await? {
        let holder: HolderId = row.id("id")?;
        let blank = Linked {
            holder,
            decision: None,
            same: true,
            by: None,
            at: None,
            reason: String::new(),
        };
        found.entry(holder).or_insert(blank).same = true;
    }
    Ok(())
}
