//! The rows of an import as read: what each is compared with what is recorded. Must not give cells to anybody but who
//! shows them and records the look, or makes orders of them.

use std::collections::HashMap;

use tapal_domain::{
    id::{ImportId, OrderId},
    import::{Fault, Phase, RowState},
    order::Status,
    time::UtcMs,
};
use zeroize::Zeroizing;

use super::{Import, move_mark};
use crate::{
    db::{Db, Row, Tx, Unaudited, args, to_json},
    error::Result,
    vault::hex,
};

/// One row that was read. `cells` is JSON text.
pub struct Staged {
    /// Its number in the file.
    pub n: i64,
    /// What is wrong with it; nothing for a good one.
    pub faults: Vec<Fault>,
    /// What a person will have to fill in, as codes.
    pub gaps: Vec<&'static str>,
    /// What it is known by.
    pub key: Option<Vec<u8>>,
    /// What a photograph of it may be called.
    pub slugs: [Option<Vec<u8>>; 2],
    /// What it says.
    pub content: Option<Vec<u8>>,
    /// Its cells.
    pub cells: Zeroizing<String>,
}

/// Keeps the next rows of a file that is being read, and says how far it came.
pub async fn stage(
    db: &Db,
    now: UtcMs,
    import: &Import,
    from: i64,
    rows: &[Staged],
    skipped: i64,
) -> Result<i64> {
    let last = rows.last().map_or(from, |row| row.n);
    let mut tx = db.begin(now).await?;
    move_mark(
        &mut tx,
        import.id,
        Phase::Reading,
        (from, last),
        rows.len() as i64,
    )
    .await?;
    let sql = "UPDATE import SET skipped = $2 WHERE id = $1";
    tx.run(sql, args![import.id, skipped]).await?;
    put(&mut tx, import.id, rows).await?;
    tx.commit_unaudited(Unaudited::ImportProgress).await?;
    Ok(last)
}

/// Keeps rows, a handful of statements for all of them.
async fn put(tx: &mut Tx, of: ImportId, rows: &[Staged]) -> Result<()> {
    let keys = || rows.iter().filter_map(|row| row.key.as_deref());
    let mut first = earlier(tx, of, keys()).await?;
    let known = known(tx, keys()).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let (mut state, mut faults, mut twice_of) = (RowState::Broken, row.faults.clone(), None);
        if let (true, Some(key)) = (faults.is_empty(), &row.key) {
            if let Some(n) = first.get(key) {
                twice_of = Some(*n);
                faults.push(Fault::row("twice"));
            } else {
                first.insert(key.clone(), row.n);
                state = state_of(&known, key, row.content.as_deref());
            }
        }
        let sealed = tx.vault().seal(
            "import_row",
            &place(of, row.n),
            "cells",
            row.cells.as_bytes(),
        )?;
        let mark = |mark: &Option<Vec<u8>>| mark.as_deref().map(hex);
        all.push(serde_json::json!({
            "n": row.n, "state": state, "code": faults.first().map(|fault| &fault.code),
            "faults": (!faults.is_empty()).then(|| to_json(&faults)).transpose()?, "twice_of": twice_of,
            "gaps": row.gaps.join(","), "key": mark(&row.key), "slug": mark(&row.slugs[0]), "other": mark(&row.slugs[1]),
            "content": mark(&row.content), "cells": hex(&sealed),
        }));
    }
    let sql = "INSERT INTO import_row (of, n, state, code, faults, twice_of, gaps, key, slug, other_slug, content, cells_sealed) \
               SELECT $1, value->>'n', value->>'state', value->>'code', value->>'faults', value->>'twice_of', value->>'gaps', \
               unhex(value->>'key'), unhex(value->>'slug'), unhex(value->>'other'), unhex(value->>'content'), unhex(value->>'cells') \
               FROM json_each($2)";
    tx.run(sql, args![of, to_json(&all)?]).await.map(|_| ())
}

fn list<'a>(keys: impl Iterator<Item = &'a [u8]>) -> Result<String> {
    to_json(&keys.map(hex).collect::<Vec<_>>())
}

/// Rows of this import that said these keys before, by key.
async fn earlier<'a>(
    tx: &mut Tx,
    of: ImportId,
    keys: impl Iterator<Item = &'a [u8]>,
) -> Result<HashMap<Vec<u8>, i64>> {
    // CROSS JOIN keeps the keys outside: the other way round every row would be held against every key.
    let sql = "SELECT r.key, MIN(r.n) AS n FROM json_each($2) j CROSS JOIN import_row r \
               WHERE r.of = $1 AND r.key = unhex(j.value) AND r.state <> 'broken' GROUP BY r.key";
    let rows = tx.all(sql, args![of, list(keys)?]).await?;
    rows.iter()
        .map(|row| Ok((row.blob("key")?, row.int("n")?)))
        .collect()
}

/// What earlier imports recorded under these keys: content by key.
pub(super) async fn known<'a>(
    tx: &mut Tx,
    keys: impl Iterator<Item = &'a [u8]>,
) -> Result<HashMap<Vec<u8>, Vec<u8>>> {
    let sql = "SELECT k.key, k.content FROM json_each($1) j CROSS JOIN import_key k WHERE k.key = unhex(j.value)";
    let rows = tx.all(sql, args![list(keys)?]).await?;
    rows.iter()
        .map(|row| Ok((row.blob("key")?, row.blob("content")?)))
        .collect()
}

/// What a row is, compared with what is known.
pub(super) fn state_of(
    known: &HashMap<Vec<u8>, Vec<u8>>,
    key: &[u8],
    content: Option<&[u8]>,
) -> RowState {
    match known.get(key) {
        None => RowState::New,
        Some(found) if Some(found.as_slice()) == content => RowState::Unchanged,
        Some(_) => RowState::Differs,
    }
}

fn place(of: ImportId, n: i64) -> String {
    format!("{of}:{n}")
}

/// One row as kept.
pub struct ImportRow {
    /// Its number in the file.
    pub n: i64,
    /// What it is.
    pub state: RowState,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// The row that said the same key first.
    pub twice_of: Option<i64>,
    /// What a person has to fill in.
    pub gaps: Vec<String>,
    /// The order it became.
    pub order: Option<OrderId>,
    /// Where that order stands.
    pub status: Option<Status>,
    /// Why its approval or end was refused, as a code.
    pub outcome: Option<String>,
    /// Its cells, JSON text.
    pub cells: Zeroizing<Vec<u8>>,
}

fn read(db: &Db, of: ImportId, row: &Row) -> Result<ImportRow> {
    let n = row.int("n")?;
    let sealed = row.blob("cells_sealed")?;
    let gaps = row.text("gaps")?;
    Ok(ImportRow {
        n,
        state: row.name("state")?,
        faults: match row.opt_text("faults")? {
            Some(_) => row.json("faults")?,
            None => Vec::new(),
        },
        twice_of: row.opt_int("twice_of")?,
        gaps: gaps
            .split(',')
            .filter(|gap| !gap.is_empty())
            .map(str::to_owned)
            .collect(),
        order: row.opt_id("orders")?,
        status: row.opt_name("status")?,
        outcome: row.opt_text("outcome")?,
        cells: db
            .vault()
            .open("import_row", &place(of, n), "cells", &sealed)?,
    })
}

/// Rows after `after`, in the file's order.
pub async fn rows(
    db: &Db,
    of: ImportId,
    state: Option<RowState>,
    after: i64,
    limit: i64,
) -> Result<Vec<ImportRow>> {
    // With the state given by name the index is walked in order; without, the primary key is.
    let all = "SELECT r.*, o.status FROM import_row r LEFT JOIN orders o ON o.id = r.orders WHERE r.of = $1 AND r.n > $2 ORDER BY r.n LIMIT $3";
    let some = "SELECT r.*, o.status FROM import_row r LEFT JOIN orders o ON o.id = r.orders WHERE r.of = $1 AND r.n > $2 AND r.state = $4 ORDER BY r.n LIMIT $3";
    let found = match state {
        None => db.all(all, args![of, after, limit]).await?,
        Some(state) => db.all(some, args![of, after, limit, state.name()]).await?,
    };
    found.iter().map(|row| read(db, of, row)).collect()
}

/// Rows that need an explanation, after `after`: broken, different, or with an order that was refused something.
pub async fn to_explain(db: &Db, of: ImportId, after: i64, limit: i64) -> Result<Vec<ImportRow>> {
    let sql = "SELECT r.*, o.status FROM import_row r LEFT JOIN orders o ON o.id = r.orders WHERE r.of = $1 AND r.n > $2 \
               AND (r.state IN ('broken', 'differs') OR r.outcome IS NOT NULL) ORDER BY r.n LIMIT $3";
    let found = db.all(sql, args![of, after, limit]).await?;
    found.iter().map(|row| read(db, of, row)).collect()
}

/// A good row that is to become an order: number, key, content, cells.
pub type ToRecord = (i64, Vec<u8>, Vec<u8>, Zeroizing<Vec<u8>>);

/// The next good rows that no order was made of.
pub async fn to_record(db: &Db, of: ImportId, after: i64, limit: i64) -> Result<Vec<ToRecord>> {
    let sql = "SELECT n, key, content, cells_sealed FROM import_row WHERE of = $1 AND n > $2 AND state = 'new' AND orders IS NULL ORDER BY n LIMIT $3";
    let row = |row: &Row| {
        let n = row.int("n")?;
        let sealed = row.blob("cells_sealed")?;
        let cells = db
            .vault()
            .open("import_row", &place(of, n), "cells", &sealed)?;
        Ok((n, row.blob("key")?, row.blob("content")?, cells))
    };
    let rows = db.all(sql, args![of, after, limit]).await?;
    rows.iter().map(row).collect()
}

/// How many rows are what, and where their orders stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Rows by state.
    pub rows: Vec<(RowState, i64)>,
    /// New rows that lack something a person has to fill in.
    pub incomplete: i64,
    /// Broken rows by the first thing wrong with them, most first.
    pub faults: Vec<(String, i64)>,
    /// Orders by status.
    pub orders: Vec<(Status, i64)>,
    /// Orders whose approval or end was refused.
    pub refused: i64,
}

/// Counts the rows of an import.
pub async fn tally(db: &Db, of: ImportId) -> Result<Tally> {
    let mut tally = Tally::default();
    let sql = "SELECT state, COUNT(*) AS n FROM import_row WHERE of = $1 GROUP BY state";
    for row in db.all(sql, args![of]).await? {
        tally.rows.push((row.name("state")?, row.int("n")?));
    }
    let sql = "SELECT COUNT(*) AS n FROM import_row WHERE of = $1 AND state = 'new' AND gaps <> ''";
    tally.incomplete = db.one(sql, args![of]).await?.int("n")?;
    let sql = "SELECT code, COUNT(*) AS n FROM import_row WHERE of = $1 AND state = 'broken' GROUP BY code ORDER BY n DESC, code";
    for row in db.all(sql, args![of]).await? {
        tally.faults.push((row.text("code")?, row.int("n")?));
    }
    let sql = "SELECT o.status, COUNT(*) AS n, COUNT(r.outcome) AS refused FROM import_row r JOIN orders o ON o.id = r.orders WHERE r.of = $1 GROUP BY o.status";
    for row in db.all(sql, args![of]).await? {
        tally.orders.push((row.name("status")?, row.int("n")?));
        tally.refused += row.int("refused")?;
    }
    Ok(tally)
}
