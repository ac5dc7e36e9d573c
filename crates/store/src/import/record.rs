//! Making orders of rows, a chunk a change, and finding those that wait for a decision. Must not make a second order of
//! a row: the key of each is taken in the same change.

use tapal_domain::{
    id::{ImportId, OrderId},
    import::{Phase, RowState},
    order::Order,
    time::UtcMs,
};

use super::{
    Import, move_mark,
    row::{known, state_of},
};
use crate::{
    audit::{By, Note},
    db::{Db, Unaudited, args, to_json},
    error::Result,
    order::batch,
    vault::hex,
};

/// An order made of a row.
pub struct Made {
    /// Number of the row.
    pub n: i64,
    /// What the row is known by.
    pub key: Vec<u8>,
    /// What it says.
    pub content: Vec<u8>,
    /// The order; `None` when the row cannot become one any more, with the reason as a code.
    pub order: std::result::Result<Box<Order>, &'static str>,
}

/// Records a chunk of orders with one audit row; how many. The mark moves from `from` to the last of them.
pub async fn record(
    db: &Db,
    now: UtcMs,
    by: By,
    import: &Import,
    from: i64,
    made: &[Made],
) -> Result<usize> {
    let last = made.last().map_or(from, |one| one.n);
    let mut tx = db.begin(now).await?;
    move_mark(
        &mut tx,
        import.id,
        Phase::Applying,
        (from, last),
        made.len() as i64,
    )
    .await?;
    // Another file may have brought the same row since this one was read.
    let known = known(&mut tx, made.iter().map(|one| &one.key[..])).await?;
    let (mut orders, mut became, mut moved) = (Vec::new(), Vec::new(), Vec::new());
    for one in made {
        let state = state_of(&known, &one.key, Some(&one.content));
        let (order, outcome) = match &one.order {
            Ok(order) if state == RowState::New => {
                orders.push(&**order);
                (Some(order.id()), None)
            }
            Ok(_) => (None, None),
            Err(code) => (None, Some(*code)),
        };
        let sql =
            "UPDATE import_row SET state = $3, orders = $4, outcome = $5 WHERE of = $1 AND n = $2";
        let values = args![import.id, one.n, state.name(), order, outcome];
        moved.push((sql, values));
        became.push(serde_json::json!({
            "order": order, "key": hex(&one.key), "content": hex(&one.content),
        }));
    }
    batch::put(&mut tx, &orders).await?;
    for (sql, values) in moved {
        tx.run(sql, values).await?;
    }
    let became = to_json(&became)?;
    let sql = "INSERT INTO import_key (key, content, orders) SELECT unhex(value->>'key'), unhex(value->>'content'), value->>'order' \
               FROM json_each($1) WHERE value->>'order' IS NOT NULL";
    tx.run(sql, args![&became]).await?;
    let recorded = orders.len();
    batch::tell(&mut tx, import.id).await?;
    let detail = serde_json::json!({ "from_row": made.first().map(|one| one.n), "to_row": last, "orders": recorded });
    tx.commit(Note::new(by, "import.recorded", "import", import.id).with(detail))
        .await?;
    Ok(recorded)
}

/// Which orders of an import wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// For an approval.
    Approval,
    /// To be ended.
    End,
}

/// The next orders that wait, after row `after`: row and order.
pub async fn waiting(
    db: &Db,
    of: ImportId,
    what: Waiting,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, OrderId)>> {
    let approval = "SELECT r.n, r.orders FROM import_row r JOIN orders o ON o.id = r.orders WHERE r.of = $1 AND r.n > $2 \
                    AND o.status IN ('submitted', 'awaiting_second') ORDER BY r.n LIMIT $3";
    let end = "SELECT r.n, r.orders FROM import_row r JOIN orders o ON o.id = r.orders WHERE r.of = $1 AND r.n > $2 \
               AND o.status NOT IN ('refused', 'lapsed', 'revoked', 'acquitted') ORDER BY r.n LIMIT $3";
    let sql = match what {
        Waiting::Approval => approval,
        Waiting::End => end,
    };
    let rows = db.all(sql, args![of, after, limit]).await?;
    rows.iter()
        .map(|row| Ok((row.int("n")?, row.id("orders")?)))
        .collect()
}

/// Notes how far deciding has come, and what was refused, as codes by row.
pub async fn decided(
    db: &Db,
    now: UtcMs,
    import: &Import,
    (from, to): (i64, i64),
    outcomes: &[(i64, Option<&'static str>)],
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    move_mark(
        &mut tx,
        import.id,
        import.phase,
        (from, to),
        outcomes.len() as i64,
    )
    .await?;
    for (n, code) in outcomes {
        let sql = "UPDATE import_row SET outcome = $3 WHERE of = $1 AND n = $2";
        tx.run(sql, args![import.id, *n, *code]).await?;
    }
    tx.commit_unaudited(Unaudited::ImportProgress).await
}
