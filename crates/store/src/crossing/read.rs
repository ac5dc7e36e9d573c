//! Reading the ledger. A corrected record is never part of what holds; its chain shows it.

use tapal_domain::{
    day::Day,
    id::{AlertId, CrossingId, HolderId, PermitId},
    stay::Mark,
};

use super::{Crossing, Identity};
use crate::{
    db::{Db, Row, args, from_json, to_json},
    error::Result,
};

/// The columns of [`Crossing`], of a table named `c`.
macro_rules! columns {
    ($($rest:tt)+) => {
        concat!(
            "SELECT c.id, c.seq, c.site, c.lane, c.desk, c.direction, c.at, c.day, c.holder, c.citizen, c.nationality, c.outcome, \
             c.ground, c.detection, c.order_id, c.alert, c.case_id, c.permit, c.stay_until, c.charge, c.receipt, c.officer, c.authoriser, \
             c.recorded_at, c.corrects, c.correction_reason FROM crossing c ",
            $($rest)+
        )
    };
}
pub(crate) use columns;

/// A row of [`columns!`].
pub(crate) fn crossing(row: &Row) -> Result<Crossing> {
    Ok(Crossing {
        id: row.id("id")?,
        seq: row.int("seq")?,
        site: row.id("site")?,
        lane: row.opt_id("lane")?,
        desk: row.opt_id("desk")?,
        direction: row.name("direction")?,
        at: row.at("at")?,
        day: row.day("day")?,
        holder: row.opt_id("holder")?,
        citizen: row.flag("citizen")?,
        nationality: row.text("nationality")?,
        outcome: row.name("outcome")?,
        ground: row.opt_text("ground")?,
        detection: row.name("detection")?,
        order: row.opt_id("order_id")?,
        alert: row.opt_id("alert")?,
        case: row.opt_id("case_id")?,
        permit: row.opt_id("permit")?,
        stay_until: row.opt_id("stay_until")?,
        charge: row.opt_int("charge")?,
        receipt: row.opt_text("receipt")?,
        officer: row.id("officer")?,
        authoriser: row.opt_id("authoriser")?,
        recorded_at: row.at("recorded_at")?,
        corrects: row.opt_id("corrects")?,
        correction_reason: row.opt_text("correction_reason")?,
    })
}

/// One record, corrected or not.
pub async fn get(db: &Db, id: CrossingId) -> Result<Crossing> {
    crossing(&db.one(columns!("WHERE c.id = $1"), args![id]).await?)
}

/// Who it was about. The caller records the look.
pub async fn identity(db: &Db, id: CrossingId) -> Result<Identity> {
    let row = db
        .one(
            "SELECT identity_sealed FROM crossing WHERE id = $1",
            args![id],
        )
        .await?;
    let plain = db.vault().open(
        "crossing",
        &id.to_string(),
        "identity",
        &row.blob("identity_sealed")?,
    )?;
    from_json(&String::from_utf8_lossy(&plain))
}

/// A record, what it stands for and what stands for it, oldest first.
pub async fn chain(db: &Db, id: CrossingId) -> Result<Vec<Crossing>> {
    let sql = columns!(
        "WHERE c.id IN (WITH RECURSIVE back (id) AS (SELECT $1 UNION SELECT k.corrects FROM crossing k JOIN back b ON k.id = b.id WHERE k.corrects IS NOT NULL), \
         forth (id) AS (SELECT id FROM back UNION SELECT k.id FROM crossing k JOIN forth f ON k.corrects = f.id) SELECT id FROM forth) ORDER BY c.seq"
    );
    let rows = db.all(sql, args![id]).await?;
    rows.iter().map(crossing).collect()
}

/// Whether nothing stands for this record.
pub async fn current(db: &Db, id: CrossingId) -> Result<bool> {
    let row = db
        .first("SELECT id FROM crossing WHERE corrects = $1", args![id])
        .await?;
    Ok(row.is_none())
}

/// What holds about a holder, newest first, at most `most`.
pub async fn by_holder(db: &Db, holder: HolderId, most: usize) -> Result<Vec<Crossing>> {
    let sql = columns!(
        "WHERE c.holder = $1 AND c.outcome <> 'void' AND NOT EXISTS (SELECT 1 FROM crossing k WHERE k.corrects = c.id) ORDER BY c.at DESC, c.seq DESC LIMIT $2"
    );
    let rows = db
        .all(sql, args![holder, i64::try_from(most).unwrap_or(i64::MAX)])
        .await?;
    rows.iter().map(crossing).collect()
}

/// What holds about a document (its mark, see [`crate::document::mark`]), newest first, at most `most`.
pub async fn by_document(db: &Db, mark: Vec<u8>, most: usize) -> Result<Vec<Crossing>> {
    let sql = columns!(
        "WHERE c.document_mark = $1 AND c.outcome <> 'void' AND NOT EXISTS (SELECT 1 FROM crossing k WHERE k.corrects = c.id) ORDER BY c.at DESC, c.seq DESC LIMIT $2"
    );
    let rows = db
        .all(sql, args![mark, i64::try_from(most).unwrap_or(i64::MAX)])
        .await?;
    rows.iter().map(crossing).collect()
}

/// One entry or exit, with what was added to the stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The record.
    pub crossing: CrossingId,
    /// What it means for the stay.
    pub mark: Mark,
}

/// Entries and exits of one person, oldest first.
pub type Marks = Vec<Entry>;

/// The columns of a mark, of a table named `c`. What was added to a stay stays with it when its entry is corrected: it is
/// looked for along the records the current one stands for.
macro_rules! mark_columns {
    ($($rest:tt)+) => {
        concat!(
            "SELECT c.id, c.outcome, c.day, COALESCE((WITH RECURSIVE back (id) AS (SELECT c.id UNION \
             SELECT k.corrects FROM crossing k JOIN back b ON k.id = b.id WHERE k.corrects IS NOT NULL) \
             SELECT x.until FROM stay_extension x WHERE x.entry IN (SELECT id FROM back) ORDER BY x.at DESC, x.n DESC LIMIT 1), c.stay_until) AS until \
             FROM crossing c WHERE ",
            $($rest)+,
            " AND c.outcome IN ('entered', 'departed') AND NOT EXISTS (SELECT 1 FROM crossing k WHERE k.corrects = c.id) \
             ORDER BY c.at DESC, c.seq DESC LIMIT $2"
        )
    };
}

/// Entries and exits of one person, under all the holders people said are one (see [`crate::holder::one_person`]), or of a
/// document where no holder is known; the last `most`, oldest first.
pub async fn marks(db: &Db, holders: &[HolderId], document: Vec<u8>, most: usize) -> Result<Marks> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = match holders {
        [] => {
            let sql = mark_columns!("c.document_mark = $1");
            db.all(sql, args![document, most]).await?
        }
        [holder] => {
            let sql = mark_columns!("c.holder = $1");
            db.all(sql, args![*holder, most]).await?
        }
        all => {
            let sql = mark_columns!("c.holder IN (SELECT value FROM json_each($1))");
            db.all(sql, args![to_json(&all)?, most]).await?
        }
    };
    let mut marks = rows.iter().map(mark_of).collect::<Result<Marks>>()?;
    marks.reverse();
    Ok(marks)
}

fn mark_of(row: &Row) -> Result<Entry> {
    let day: Day = row.day("day")?;
    let mark = match row.text("outcome")?.as_str() {
        "entered" => Mark::Entry {
            day,
            until: row.opt_id("until")?,
        },
        _ => Mark::Exit { day },
    };
    Ok(Entry {
        crossing: row.id("id")?,
        mark,
    })
}

/// How many entries a visa or permit has served.
pub async fn entries_used(db: &Db, permit: PermitId) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS used FROM crossing c WHERE c.permit = $1 AND c.outcome = 'entered' \
               AND NOT EXISTS (SELECT 1 FROM crossing k WHERE k.corrects = c.id)";
    db.one(sql, args![permit]).await?.int("used")
}

/// Whether a record rests on this alert already.
pub async fn of_alert(db: &Db, alert: AlertId) -> Result<bool> {
    let sql = "SELECT id FROM crossing WHERE alert = $1 LIMIT 1";
    Ok(db.first(sql, args![alert]).await?.is_some())
}
