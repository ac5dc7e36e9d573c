//! At the standby server: pages of copies in the place of what it holds. Must not write over what it still owes the centre,
//! nor lose what it could not write yet.

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tapal_domain::{
    standby::{Bundle, Cell, Copies, Noun},
    time::UtcMs,
};
use zeroize::Zeroizing;

use super::{For, place};
use crate::{
    db::{Db, Tx, Unaudited, Value, args, from_json, to_json},
    error::{Error, Result},
    standby::shape::{self, How, Shape, Table},
    vault::Vault,
};

/// What became of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Things that were replaced or removed.
    pub written: usize,
    /// Things that wait until this standby server's own record of them is confirmed.
    pub kept_back: usize,
    /// Whether the law's data is among what was written.
    pub rules: bool,
}

/// At the standby server: puts a page in the place of what it holds, all of it or nothing. What it recorded itself and the
/// centre has not confirmed stays; the copy is kept (sealed) and written by a later page, when nothing is owed any more.
pub async fn apply(db: &Db, copies: &Copies) -> Result<Applied> {
    let mut tx = db.begin(copies.now).await?;
    begin(&mut tx).await?;
    let owed = Owed::read(&mut tx).await?;
    let mut waited = kept_back(&mut tx, &owed).await?;
    let newer: HashSet<(Noun, &str)> = copies.bundles.iter().map(key).collect();
    waited.retain(|bundle| !newer.contains(&key(bundle)));
    let mut done = Applied::default();
    let mut write: Vec<&Bundle> = waited.iter().collect();
    for bundle in &copies.bundles {
        if owed.holds(bundle) {
            keep_back(&mut tx, bundle).await?;
            done.kept_back += 1;
        } else {
            write.push(bundle);
        }
    }
    // Older copies of what is written now are worth nothing any more.
    let now: Vec<String> = write.iter().map(|one| named(one.noun, &one.of)).collect();
    let sql = "DELETE FROM standby_kept_back WHERE noun || ':' || of IN (SELECT value FROM json_each($1))";
    tx.run(sql, args![to_json(&now)?]).await?;
    done.written = write.len();
    done.rules = write.iter().any(|one| one.noun == Noun::RulePack);
    let names = |one: &&Bundle| matches!(one.noun, Noun::Order | Noun::Entry);
    if write.iter().any(names) {
        // The list of names takes in what changed.
        tx.told();
    }
    for shape in shape::all() {
        let own = write.iter().filter(|bundle| bundle.noun == shape.noun);
        let own: Vec<&Bundle> = own.copied().collect();
        if !own.is_empty() {
            replace(&mut tx, shape, &own).await?;
        }
    }
    // Nobody is in process here; the triggers of orders note them all the same.
    tx.run("DELETE FROM in_process_due", args![]).await?;
    let sql = "UPDATE standby_self SET applying = 0, upto = $1";
    tx.run(sql, args![copies.upto]).await?;
    tx.commit_unaudited(Unaudited::Copied).await?;
    Ok(done)
}

fn key(bundle: &Bundle) -> (Noun, &str) {
    (bundle.noun, bundle.of.as_str())
}

/// Whether copies wait until something is confirmed: [`apply`] is called then, whether or not a page brings anything.
pub async fn waits(db: &Db) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM standby_kept_back) AS waits";
    db.one(sql, args![]).await?.flag("waits")
}

fn named(noun: Noun, of: &str) -> String {
    format!("{}:{of}", noun.name())
}

async fn begin(tx: &mut Tx) -> Result<()> {
    match tx
        .run("UPDATE standby_self SET applying = 1", args![])
        .await?
    {
        1 => Ok(()),
        _ => Err(Error::Conflict(
            "copies are written at a standby server only; set it up with its token first".into(),
        )),
    }
}

/// What this standby server recorded and the centre has not confirmed.
#[derive(Default)]
struct Owed {
    things: HashSet<(Noun, String)>,
    /// Documents of cases: what was cleared in them came with the case.
    marks: HashSet<String>,
    /// Documents of people recorded here first: whoever the centre has with one of them would take it over.
    papers: HashSet<Vec<u8>>,
}

impl Owed {
    async fn read(tx: &mut Tx) -> Result<Self> {
        let sql = "SELECT noun, of FROM standby_outbox UNION \
                   SELECT 'holder', c.holder FROM standby_outbox o JOIN crossing c ON c.id = o.of WHERE o.noun = 'crossing' AND c.holder IS NOT NULL";
        let mut owed = Self::default();
        for row in tx.all(sql, args![]).await? {
            owed.things.insert((row.name("noun")?, row.text("of")?));
        }
        let sql = "SELECT DISTINCT lower(hex(s.document_mark)) AS mark FROM standby_outbox o JOIN second_line s ON s.id = o.of WHERE o.noun = 'case'";
        for row in tx.all(sql, args![]).await? {
            owed.marks.insert(row.text("mark")?);
        }
        let sql = "SELECT d.mark FROM standby_outbox o JOIN holder_document d ON d.holder = o.of WHERE o.noun = 'holder'";
        for row in tx.all(sql, args![]).await? {
            owed.papers.insert(row.blob("mark")?);
        }
        Ok(owed)
    }

    fn is_owed(&self, noun: Noun, of: &str) -> bool {
        let mark = || {
            of.split_once(':')
                .is_some_and(|(mark, _)| self.marks.contains(mark))
        };
        self.things.contains(&(noun, of.to_owned())) || (noun == Noun::Cleared && mark())
    }

    fn holds(&self, bundle: &Bundle) -> bool {
        self.is_owed(bundle.noun, &bundle.of) || self.holds_a_paper_of(bundle)
    }

    fn holds_a_paper_of(&self, bundle: &Bundle) -> bool {
        if self.papers.is_empty() || bundle.noun != Noun::Holder {
            return false;
        }
        let tables = bundle.tables.iter().flatten();
        let mut documents = tables.filter(|rows| rows.table == "holder_document");
        documents.any(|rows| {
            let at = rows.columns.iter().position(|column| column == "mark");
            let marks = rows.rows.iter().filter_map(|row| row.get(at?));
            let mut marks = marks.filter_map(|cell| match cell {
                Cell::Bytes(text) => STANDARD.decode(text).ok(),
                _ => None,
            });
            marks.any(|mark| self.papers.contains(&mark))
        })
    }
}

async fn keep_back(tx: &mut Tx, bundle: &Bundle) -> Result<()> {
    let plain = Zeroizing::new(to_json(bundle)?);
    let place = named(bundle.noun, &bundle.of);
    let sealed = tx
        .vault()
        .seal("standby_kept_back", &place, "bundle", plain.as_bytes())?;
    let sql =
        "INSERT OR REPLACE INTO standby_kept_back (noun, of, bundle_sealed) VALUES ($1, $2, $3)";
    let values = args![bundle.noun.name(), &bundle.of, sealed];
    tx.run(sql, values).await.map(|_| ())
}

/// What waited and may be written now.
async fn kept_back(tx: &mut Tx, owed: &Owed) -> Result<Vec<Bundle>> {
    let mut ready = Vec::new();
    let rows = tx
        .all(
            "SELECT noun, of, bundle_sealed FROM standby_kept_back ORDER BY noun, of",
            args![],
        )
        .await?;
    for row in rows {
        let (noun, of): (Noun, String) = (row.name("noun")?, row.text("of")?);
        if owed.is_owed(noun, &of) {
            continue;
        }
        let place = named(noun, &of);
        let sealed = row.blob("bundle_sealed")?;
        let plain = tx
            .vault()
            .open("standby_kept_back", &place, "bundle", &sealed)?;
        let bundle: Bundle = from_json(std::str::from_utf8(&plain).map_err(Error::other)?)?;
        if !owed.holds(&bundle) {
            ready.push(bundle);
        }
    }
    Ok(ready)
}

async fn replace(tx: &mut Tx, shape: &Shape, bundles: &[&Bundle]) -> Result<()> {
    let ids: Vec<&str> = bundles.iter().map(|bundle| bundle.of.as_str()).collect();
    remove(tx, shape, &ids, true).await?;
    for rows in bundles
        .iter()
        .flat_map(|bundle| bundle.tables.iter().flatten())
    {
        let table = shape.tables.iter().find(|table| table.name == rows.table);
        let table = table.filter(|table| rows.columns.iter().eq(table.columns));
        let table = table.ok_or_else(|| {
            Error::other("the centre and this standby server are of different versions; put the centre's version here")
        })?;
        for row in &rows.rows {
            let values = values(tx.vault(), table, row)?;
            tx.run(table.insert, values).await?;
        }
    }
    match shape.noun {
        Noun::Order => {
            note_names(tx, "order", &to_json(&gone(bundles))?).await?;
            // An entry with an order is listed by that.
            let sql = "SELECT entry FROM orders WHERE id IN (SELECT value FROM json_each($1)) AND entry IS NOT NULL";
            let rows = tx.all(sql, args![to_json(&ids)?]).await?;
            let entries = rows.iter().map(|row| row.text("entry"));
            let entries = entries.collect::<Result<Vec<_>>>()?;
            note_names(tx, "entry", &to_json(&entries)?).await
        }
        Noun::Entry => note_names(tx, "entry", &to_json(&gone(bundles))?).await,
        _ => Ok(()),
    }
}

fn gone<'a>(bundles: &[&'a Bundle]) -> Vec<&'a str> {
    let gone = bundles.iter().filter(|bundle| bundle.tables.is_none());
    gone.map(|bundle| bundle.of.as_str()).collect()
}

/// Tells the list of names of what has no row any more, or another meaning.
async fn note_names(tx: &mut Tx, noun: &'static str, ids: &str) -> Result<()> {
    let sql = "DELETE FROM name_change WHERE of IN (SELECT value FROM json_each($1))";
    tx.run(sql, args![ids]).await?;
    let sql = "INSERT INTO name_change (noun, of) SELECT $2, value FROM json_each($1)";
    tx.run(sql, args![ids, noun]).await.map(|_| ())
}

async fn remove(tx: &mut Tx, shape: &Shape, ids: &[&str], whole: bool) -> Result<()> {
    let ids = to_json(&ids)?;
    for table in shape
        .tables
        .iter()
        .rev()
        .filter(|table| whole || !table.always)
    {
        tx.run(table.delete, args![&ids]).await?;
    }
    Ok(())
}

/// One row as it is stored here.
fn values(vault: &Vault, table: &Table, row: &[Cell]) -> Result<Vec<Value>> {
    let wrong = || Error::Other(format!("a copied row of {} does not fit", table.name));
    if row.len() != table.columns.len() {
        return Err(wrong());
    }
    let bytes = |text: &String| STANDARD.decode(text).map_err(|_| wrong());
    let plain = |cell: &Cell| {
        Ok(match cell {
            Cell::Null => Value::Null,
            Cell::Int(number) => Value::Int(*number),
            Cell::Real(number) => Value::Real(*number),
            Cell::Text(text) => Value::Text(text.clone()),
            Cell::Bytes(text) | Cell::Sealed(text) => Value::Blob(bytes(text)?),
        })
    };
    let mut values = row.iter().map(plain).collect::<Result<Vec<Value>>>()?;
    for (n, (column, cell)) in table.columns.iter().zip(row).enumerate() {
        let sealed = match table.how(column) {
            Some(How::Sealed(what) | How::Blank(what)) => Some(what),
            _ => None,
        };
        match (sealed, cell) {
            (_, Cell::Null) => {}
            (Some(what), Cell::Sealed(text)) => {
                let (plain, place) = (Zeroizing::new(bytes(text)?), place(table, &values)?);
                values[n] = Value::Blob(vault.seal(table.name, &place, what, &plain)?);
            }
            (None, cell) if !matches!(cell, Cell::Sealed(_)) => {}
            _ => return Err(wrong()),
        }
    }
    Ok(values)
}

/// At the standby server: removes what time alone made needless (a permit ran out, a case was closed a week ago), unless
/// it is owed to the centre. Gives how many. Looks at everything it holds: once an hour is often enough.
pub async fn tidy(db: &Db, now: UtcMs) -> Result<usize> {
    let own = crate::standby::own(db).await?.ok_or(Error::NotFound)?;
    let to = For::site(db, own.site, now).await?;
    let mut over = Vec::new();
    for shape in shape::all() {
        if let Some(sql) = shape.over {
            let values = args![None::<i64>, to.site, to.now, &to.today];
            let rows = db.all(sql, values).await?;
            let ids = rows.iter().map(|row| row.text("of"));
            over.push((shape, ids.collect::<Result<Vec<_>>>()?));
        }
    }
    if over.iter().all(|(_, ids)| ids.is_empty()) {
        return Ok(0);
    }
    let mut tx = db.begin(now).await?;
    begin(&mut tx).await?;
    let owed = Owed::read(&mut tx).await?;
    let mut removed = 0;
    for (shape, ids) in &over {
        let ids = ids.iter().map(String::as_str);
        let ids: Vec<&str> = ids.filter(|of| !owed.is_owed(shape.noun, of)).collect();
        remove(&mut tx, shape, &ids, false).await?;
        removed += ids.len();
    }
    tx.run("UPDATE standby_self SET applying = 0", args![])
        .await?;
    tx.commit_unaudited(Unaudited::Copied).await?;
    Ok(removed)
}
