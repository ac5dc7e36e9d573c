//! Everybody an order or entry names, read in pages for the list in memory, and what changed since. Must not say who is
//! in force (the domain does), and reads no photograph.

use std::{fmt, str::FromStr};

use tapal_domain::{
    day::Day,
    entry::{Agency, Person},
    id::{EntryId, OrderId},
    order::{Action, Status, Step, Subject},
    rule_pack::OrderKind,
};
use zeroize::Zeroizing;

use crate::{
    db::{Db, Row, args, from_json, to_json},
    error::{Error, Result},
};

/// Who is listed: by an order, or (the demonstration's invented people) by an entry without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listed {
    /// By an order.
    Order(OrderId),
    /// By an entry that has no order.
    Entry(EntryId),
}

impl Listed {
    /// The noun of its table, as in `name_change`.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Order(_) => "order",
            Self::Entry(_) => "entry",
        }
    }

    /// Its order, if it has one.
    pub fn order(self) -> Option<OrderId> {
        match self {
            Self::Order(id) => Some(id),
            Self::Entry(_) => None,
        }
    }

    pub(crate) fn read(noun: &str, id: &str) -> Result<Self> {
        let wrong = || Error::other("a listed person is stored in a form that is not known");
        match noun {
            "order" => OrderId::from_str(id).map(Self::Order).map_err(|_| wrong()),
            "entry" => EntryId::from_str(id).map(Self::Entry).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(id) => id.fmt(f),
            Self::Entry(id) => id.fmt(f),
        }
    }
}

/// One listed person as the order or entry says it now. `Debug` is redacted by the subject's own.
#[derive(Clone, Debug)]
pub struct Line {
    /// By what.
    pub who: Listed,
    /// What the order does.
    pub kind: OrderKind,
    /// Whose order it is.
    pub agency: Agency,
    /// Where it stands; an entry without an order is approved until it ends.
    pub status: Status,
    /// First day in force.
    pub first_day: Day,
    /// Last day in force, extensions counted; absent for life.
    pub last_day: Option<Day>,
    /// Whom it names.
    pub subject: Subject,
    /// Its number at the agency.
    pub reference: String,
}

/// Orders that are neither refused nor over, by id, after `after`: at most `limit`, by one query.
pub async fn orders(db: &Db, after: Option<OrderId>, limit: i64) -> Result<Vec<Line>> {
    let sql = "SELECT o.id, o.kind, o.agency, o.status, o.first_day, o.last_day, s.n, s.step_sealed FROM orders o \
               JOIN order_step s ON s.of = o.id AND s.n = (SELECT MAX(d.n) FROM order_step d WHERE d.of = o.id AND d.action = 'draft') \
               WHERE ($1 IS NULL OR o.id > $1) AND o.status NOT IN ('refused', 'lapsed', 'revoked', 'acquitted') ORDER BY o.id LIMIT $2";
    let rows = db.all(sql, args![after, limit]).await?;
    rows.iter().map(|row| order_line(db, row)).collect()
}

/// Live entries without an order, by id, after `after`: at most `limit`, by one query.
pub async fn entries(db: &Db, after: Option<EntryId>, limit: i64) -> Result<Vec<Line>> {
    let sql = "SELECT e.id, e.list, e.agency, e.first_day, e.last_day, e.identity_sealed FROM entry e \
               WHERE ($1 IS NULL OR e.id > $1) AND e.ended_at IS NULL \
               AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.entry = e.id) ORDER BY e.id LIMIT $2";
    let rows = db.all(sql, args![after, limit]).await?;
    rows.iter().map(|row| entry_line(db, row)).collect()
}

/// Those of `these` that are still listed, by two queries; who is not among them is listed no more.
pub async fn lines(db: &Db, these: &[Listed]) -> Result<Vec<Line>> {
    let ids = |noun: &str| -> Vec<String> {
        let own = these.iter().filter(|one| one.noun() == noun);
        own.map(Listed::to_string).collect()
    };
    let (orders, entries) = (ids("order"), ids("entry"));
    let mut lines = Vec::with_capacity(these.len());
    if !orders.is_empty() {
        let sql = "SELECT o.id, o.kind, o.agency, o.status, o.first_day, o.last_day, s.n, s.step_sealed FROM orders o \
                   JOIN order_step s ON s.of = o.id AND s.n = (SELECT MAX(d.n) FROM order_step d WHERE d.of = o.id AND d.action = 'draft') \
                   WHERE o.id IN (SELECT value FROM json_each($1)) AND o.status NOT IN ('refused', 'lapsed', 'revoked', 'acquitted')";
        for row in db.all(sql, args![to_json(&orders)?]).await? {
            lines.push(order_line(db, &row)?);
        }
    }
    if !entries.is_empty() {
        let sql = "SELECT e.id, e.list, e.agency, e.first_day, e.last_day, e.identity_sealed FROM entry e \
                   WHERE e.id IN (SELECT value FROM json_each($1)) AND e.ended_at IS NULL \
                   AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.entry = e.id)";
        for row in db.all(sql, args![to_json(&entries)?]).await? {
            lines.push(entry_line(db, &row)?);
        }
    }
    Ok(lines)
}

/// How many listed people [`orders`] and [`entries`] give, about: for progress.
pub async fn count(db: &Db) -> Result<i64> {
    let sql = "SELECT (SELECT COUNT(*) FROM orders WHERE status NOT IN ('refused', 'lapsed', 'revoked', 'acquitted')) \
               + (SELECT COUNT(*) FROM entry e WHERE e.ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.entry = e.id)) AS n";
    db.one(sql, args![]).await?.int("n")
}

/// The number of the newest change; 0 when there was none.
pub async fn head(db: &Db) -> Result<i64> {
    let sql = "SELECT COALESCE(MAX(seq), 0) AS seq FROM name_change";
    db.one(sql, args![]).await?.int("seq")
}

/// What changed after number `after`, oldest first, at most `limit`.
pub async fn changes(db: &Db, after: i64, limit: i64) -> Result<Vec<(i64, Listed)>> {
    let sql = "SELECT seq, noun, of FROM name_change WHERE seq > $1 ORDER BY seq LIMIT $2";
    let rows = db.all(sql, args![after, limit]).await?;
    rows.iter()
        .map(|row| {
            let listed = Listed::read(&row.text("noun")?, &row.text("of")?)?;
            Ok((row.int("seq")?, listed))
        })
        .collect()
}

fn text(plain: &Zeroizing<Vec<u8>>) -> Result<&str> {
    std::str::from_utf8(plain).map_err(Error::other)
}

fn order_line(db: &Db, row: &Row) -> Result<Line> {
    let id: OrderId = row.id("id")?;
    let place = crate::order::place(id, row.int("n")?);
    let sealed = row.blob("step_sealed")?;
    let plain = db.vault().open("order_step", &place, "step", &sealed)?;
    let step: Step = from_json(text(&plain)?)?;
    let Action::Draft { contents } = step.action else {
        return Err(Error::other("a draft of an order does not read as one"));
    };
    let status = row.text("status")?;
    Ok(Line {
        who: Listed::Order(id),
        kind: row.name("kind")?,
        agency: row.name("agency")?,
        status: Status::from_name(&status)
            .ok_or_else(|| Error::other("an unknown status is stored"))?,
        first_day: row.day("first_day")?,
        last_day: row.opt_id("last_day")?,
        reference: contents.reference.clone(),
        subject: contents.subject.clone(),
    })
}

#[derive(serde::Deserialize)]
struct Identity {
    person: Person,
    order_reference: String,
}

fn entry_line(db: &Db, row: &Row) -> Result<Line> {
    let id: EntryId = row.id("id")?;
    let sealed = row.blob("identity_sealed")?;
    let plain = db
        .vault()
        .open("entry", &id.to_string(), "identity", &sealed)?;
    let identity: Identity = from_json(text(&plain)?)?;
    Ok(Line {
        who: Listed::Entry(id),
        // Every list has the name of the order that puts somebody on it.
        kind: row.name("list")?,
        agency: row.name("agency")?,
        status: Status::Approved,
        first_day: row.day("first_day")?,
        last_day: row.opt_id("last_day")?,
        subject: Subject {
            person: identity.person,
            aliases: Vec::new(),
            birth_place: String::new(),
            nik: String::new(),
            address: String::new(),
            occupation: String::new(),
        },
        reference: identity.order_reference,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tapal_domain::entry::ListKind;

    #[test]
    fn every_list_has_the_name_of_an_order() {
        for list in ListKind::ALL {
            let kind = OrderKind::from_name(list.name());
            assert_eq!(kind.and_then(OrderKind::list), Some(list));
        }
    }

    #[test]
    fn what_is_listed_reads_back() {
        let order = Listed::Order(OrderId(uuid::Uuid::from_u128(7)));
        let entry = Listed::Entry(EntryId(uuid::Uuid::from_u128(8)));
        for one in [order, entry] {
            assert_eq!(Listed::read(one.noun(), &one.to_string()), Ok(one));
        }
        assert!(Listed::read("camera", &order.to_string()).is_err());
        assert!(Listed::read("order", "x").is_err());
        assert_eq!((order.order().is_some(), entry.order()), (true, None));
    }
}
