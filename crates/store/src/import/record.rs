//! Making orders of rows, a chunk a change, and finding those that wait for a decision. Must not make a second order of
//! a row: the key of each is taken in the same change.

use tapal_domain::{
    id::{ImportId, OrderId},
    import::{Phase, RowState},
    order::Order,
    time::UtcMs,
};

use super::{Import, move_mark, row::known};
use crate::{
    audit::{By, Note},
    db::{Db, Unaudited, args},
    error::Result,
    order::batch,
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
    let mut recorded = 0;
    for one in made {
        let order = match &one.order {
            Ok(order) => order,
            Err(code) => {
                let sql = "UPDATE import_row SET outcome = $3 WHERE of = $1 AND n = $2";
                tx.run(sql, args![import.id, one.n, *code]).await?;
                continue;
            }
        };
        // Another file may have brought the same row since this one was read.
        let state = known(&mut tx, &one.key, Some(&one.content)).await?;
        if state != RowState::New {
            let sql = "UPDATE import_row SET state = $3 WHERE of = $1 AND n = $2";
            tx.run(sql, args![import.id, one.n, state.name()]).await?;
            continue;
        }
        batch::put(&mut tx, order).await?;
        let sql = "UPDATE import_row SET orders = $3 WHERE of = $1 AND n = $2";
        tx.run(sql, args![import.id, one.n, order.id()]).await?;
        let sql = "INSERT INTO import_key (key, content, orders) VALUES ($1, $2, $3)";
        tx.run(sql, args![&one.key[..], &one.content[..], order.id()])
            .await?;
        recorded += 1;
    }
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
