//! At the centre: what changed since, page by page. Must not hand over what `shape` leaves out.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tapal_domain::{
    id::{SiteId, StandbyId},
    standby::{Bundle, Cell, Copies, Noun, Rows},
    time::UtcMs,
};

use super::{For, column, place};
use crate::{
    audit::{By, Note},
    db::{Db, Row, Unaudited, Value, args, to_json},
    error::{Error, Result},
    standby::shape::{self, How, Table},
    vault::Vault,
};

/// A page ends when it holds about so many bytes.
const PAGE_BYTES: usize = 4 << 20;
/// Changes that are read together.
const TOGETHER: usize = 256;
/// What stands for the password of an account of another checkpoint: no hash of a password reads like it.
const NO_PASSWORD: &str = "!";

/// At the centre: what changed after position `after` for the standby server of `site`, oldest first, at most `most` things
/// and about 4 MiB. What changes while this is read has a higher position and comes again.
pub async fn copies(db: &Db, site: SiteId, after: i64, most: usize, now: UtcMs) -> Result<Copies> {
    let to = For::site(db, site, now).await?;
    let head = "SELECT COALESCE(MAX(seq), 0) AS seq FROM standby_change";
    let head = db.one(head, args![]).await?.int("seq")?;
    // A centre that was put back to an older state knows less than it handed out: from the beginning.
    let mut upto = if after > head { 0 } else { after };
    let (mut bundles, mut bytes) = (Vec::new(), 0);
    while bundles.len() < most && bytes < PAGE_BYTES {
        let sql = "SELECT seq, noun, of FROM standby_change WHERE seq > $1 ORDER BY seq LIMIT $2";
        let limit = i64::try_from(TOGETHER.min(most - bundles.len())).unwrap_or(i64::MAX);
        let changes = db.all(sql, args![upto, limit]).await?;
        if changes.is_empty() {
            break;
        }
        let changes = changes
            .iter()
            .map(|row| Ok((row.int("seq")?, row.name("noun")?, row.text("of")?)))
            .collect::<Result<Vec<(i64, Noun, String)>>>()?;
        let mut tables = bundled(db, &to, &changes).await?;
        for (seq, noun, of) in changes {
            if bytes >= PAGE_BYTES {
                break;
            }
            let tables = tables.remove(&(noun, of.clone()));
            bytes += 64 + tables.iter().flatten().map(weight).sum::<usize>();
            bundles.push(Bundle { noun, of, tables });
            upto = seq;
        }
    }
    Ok(Copies {
        more: upto < head,
        upto,
        bundles,
        now,
    })
}

type Tables = HashMap<(Noun, String), Vec<Rows>>;

/// The rows of these things, by a few queries a noun; what is not needed has none.
async fn bundled(db: &Db, to: &For, changes: &[(i64, Noun, String)]) -> Result<Tables> {
    let mut found = Tables::new();
    for shape in shape::all() {
        let own = changes.iter().filter(|(_, noun, _)| *noun == shape.noun);
        let ids: Vec<&str> = own.map(|(_, _, of)| of.as_str()).collect();
        if ids.is_empty() {
            continue;
        }
        let all = to_json(&ids)?;
        let values = args![&all, to.site, to.now, &to.today];
        let rows = db.all(shape.among, values).await?;
        let needed = rows.iter().map(|row| row.text("of"));
        let needed = to_json(&needed.collect::<Result<Vec<_>>>()?)?;
        for table in shape.tables {
            let ids = if table.always { &all } else { &needed };
            for row in db.all(table.select, args![ids]).await? {
                let cells = cells(db.vault(), to, table, &row)?;
                let tables = found.entry((shape.noun, row.text("owner")?)).or_default();
                match tables.last_mut().filter(|last| last.table == table.name) {
                    Some(last) => last.rows.push(cells),
                    None => tables.push(Rows {
                        table: table.name.to_owned(),
                        columns: table.columns.iter().map(|&name| name.into()).collect(),
                        rows: vec![cells],
                    }),
                }
            }
        }
    }
    Ok(found)
}

fn weight(rows: &Rows) -> usize {
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) | Cell::Bytes(text) | Cell::Sealed(text) => 12 + text.len(),
        _ => 20,
    };
    let columns: usize = rows.columns.iter().map(|name| 3 + name.len()).sum();
    40 + columns + rows.rows.iter().flatten().map(cell).sum::<usize>()
}

/// One row as it travels. Its first column is the owner.
pub(super) fn cells(vault: &Vault, to: &For, table: &Table, row: &Row) -> Result<Vec<Cell>> {
    let values = (0..table.columns.len()).map(|n| row.value(n + 1));
    let values = values.collect::<Result<Vec<Value>>>()?;
    let own = || matches!(column(table, &values, "site"), Some(Value::Text(site)) if *site == to.site.to_string());
    let cell = |(name, value): (&&str, &Value)| {
        Ok(match table.how(name) {
            _ if matches!(value, Value::Null) => Cell::Null,
            Some(How::Null) => Cell::Null,
            Some(How::Zero) => Cell::Int(0),
            Some(How::Blank(_)) => Cell::Sealed(String::new()),
            Some(How::Password) if !own() => Cell::Text(NO_PASSWORD.into()),
            Some(How::Sealed(what)) => {
                let Value::Blob(sealed) = value else {
                    return Err(Error::other("a sealed column holds no bytes"));
                };
                let plain = vault.open(table.name, &place(table, &values)?, what, sealed)?;
                Cell::Sealed(STANDARD.encode(&plain[..]))
            }
            Some(How::Password) | None => match value {
                Value::Null => Cell::Null,
                Value::Int(number) => Cell::Int(*number),
                Value::Real(number) => Cell::Real(*number),
                Value::Text(text) => Cell::Text(text.clone()),
                Value::Blob(bytes) => Cell::Bytes(STANDARD.encode(bytes)),
            },
        })
    };
    table.columns.iter().zip(&values).map(cell).collect()
}

/// At the centre: notes that a standby server was heard of, at most every few seconds, and how far its copies go. That it
/// began to copy has an audit row, once.
pub async fn noted(db: &Db, now: UtcMs, id: StandbyId, after: i64) -> Result<()> {
    const EVERY_MS: i64 = 5_000;
    let sql = "SELECT heard_at, upto, EXISTS (SELECT 1 FROM audit WHERE subject = 'standby:' || $1 AND action = 'standby.copied') AS begun \
               FROM standby WHERE id = $1";
    let row = db.one(sql, args![id]).await?;
    let begun = row.flag("begun")?;
    let recent = |at: UtcMs| (0..EVERY_MS).contains(&now.since_ms(at));
    if begun && row.opt_at("heard_at")?.is_some_and(recent) {
        return Ok(());
    }
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE standby SET heard_at = $2, upto = $3 WHERE id = $1";
    tx.run(sql, args![id, now, after]).await?;
    match begun {
        true => tx.commit_unaudited(Unaudited::Telemetry).await,
        false => {
            let note = Note::new(By::Standby(id), "standby.copied", "standby", id);
            tx.commit(note.with(serde_json::json!({ "after": after })))
                .await
        }
    }
}
