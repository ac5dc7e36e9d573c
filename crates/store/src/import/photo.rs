//! Photographs that came as an archive for the orders of an import. Must not put one beside an order that is no draft,
//! nor the same one twice: the picture and its line are one change.

use tapal_domain::{
    id::{ImportId, OrderId},
    import::Phase,
    time::UtcMs,
    wire::ShotQuality,
};

use super::{Import, move_mark};
use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, Unaudited, args, to_json},
    entry::NewPhoto,
    error::Result,
    order::batch,
};

/// What became of one picture of an archive.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportPhoto {
    /// Its place in the archive, from 1.
    pub n: i64,
    /// Its name there.
    pub name: String,
    /// The order it was put beside.
    pub order: Option<OrderId>,
    /// Why not, as a code.
    pub code: Option<String>,
    /// Its measures.
    pub quality: Option<ShotQuality>,
}

/// The draft a picture with this name belongs to: its order and how many rows go by that name.
pub async fn place_of(db: &Db, of: ImportId, slug: &[u8]) -> Result<Vec<(OrderId, bool)>> {
    let sql = "SELECT r.orders, o.status IN ('draft', 'returned') AS open FROM import_row r JOIN orders o ON o.id = r.orders \
               WHERE r.of = $1 AND r.slug = $2 \
               UNION SELECT r.orders, o.status IN ('draft', 'returned') AS open FROM import_row r JOIN orders o ON o.id = r.orders \
               WHERE r.of = $1 AND r.other_slug = $2 LIMIT 2";
    let rows = db.all(sql, args![of, slug]).await?;
    rows.iter()
        .map(|row| Ok((row.id("orders")?, row.flag("open")?)))
        .collect()
}

/// Puts a picture beside its draft.
pub async fn attach(
    db: &Db,
    now: UtcMs,
    by: By,
    import: &Import,
    (n, name): (i64, &str),
    order: OrderId,
    photo: &NewPhoto,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    line(
        &mut tx,
        import,
        n,
        name,
        Some(order),
        None,
        Some(&photo.quality),
    )
    .await?;
    let at = batch::put_photo(&mut tx, order, photo).await?;
    let detail = serde_json::json!({ "n": at, "model_id": photo.model_id, "import": import.id });
    tx.commit(Note::new(by, "order.photo_added", "order", order).with(detail))
        .await
}

/// Notes why a picture was not taken.
pub async fn refuse_photo(
    db: &Db,
    now: UtcMs,
    import: &Import,
    n: i64,
    name: &str,
    code: &str,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    line(&mut tx, import, n, name, None, Some(code), None).await?;
    tx.commit_unaudited(Unaudited::ImportProgress).await
}

async fn line(
    tx: &mut Tx,
    import: &Import,
    n: i64,
    name: &str,
    order: Option<OrderId>,
    code: Option<&str>,
    quality: Option<&ShotQuality>,
) -> Result<()> {
    move_mark(tx, import.id, Phase::Attaching, (n - 1, n), 1).await?;
    let batch = import.changed_at;
    let place = format!("{}:{}:{n}", import.id, batch.0);
    let sealed = tx
        .vault()
        .seal("import_photo", &place, "name", name.as_bytes())?;
    let sql = "INSERT INTO import_photo (of, batch, n, name_sealed, orders, code, quality) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = args![
        import.id,
        batch,
        n,
        sealed,
        order,
        code,
        quality.map(to_json).transpose()?
    ];
    tx.run(sql, values).await.map(|_| ())
}

/// The orders that got photographs in the run under way.
pub async fn photographed(db: &Db, import: &Import) -> Result<Vec<OrderId>> {
    let sql = "SELECT DISTINCT orders FROM import_photo WHERE of = $1 AND batch = $2 AND orders IS NOT NULL";
    let rows = db.all(sql, args![import.id, import.changed_at]).await?;
    rows.iter().map(|row| row.id("orders")).collect()
}

/// What became of the pictures, newest archive first; those that were not taken before the others.
pub async fn photos(db: &Db, of: ImportId, limit: i64) -> Result<(i64, Vec<ImportPhoto>)> {
    let taken = "SELECT COUNT(*) AS n FROM import_photo WHERE of = $1 AND orders IS NOT NULL";
    let taken = db.one(taken, args![of]).await?.int("n")?;
    let sql = "SELECT batch, n, name_sealed, orders, code, quality FROM import_photo WHERE of = $1 ORDER BY code IS NULL, batch DESC, n LIMIT $2";
    let photo = |row: &Row| {
        let (n, batch) = (row.int("n")?, row.int("batch")?);
        let sealed = row.blob("name_sealed")?;
        let name = db.vault().open(
            "import_photo",
            &format!("{of}:{batch}:{n}"),
            "name",
            &sealed,
        )?;
        Ok(ImportPhoto {
            n,
            name: String::from_utf8_lossy(&name).into_owned(),
            order: row.opt_id("orders")?,
            code: row.opt_text("code")?,
            quality: match row.opt_text("quality")? {
                Some(_) => Some(row.json("quality")?),
                None => None,
            },
        })
    };
    let rows = db.all(sql, args![of, limit]).await?;
    Ok((taken, rows.iter().map(photo).collect::<Result<_>>()?))
}
