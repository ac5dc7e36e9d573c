//! Photographs of an order, sealed. One that is replaced stays, marked, so that it can be seen what was approved when.
//! Must not give pixels to anybody but who shows them and records the look.

use tapal_domain::{id::OrderId, time::UtcMs, wire::ShotQuality};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, args, to_json},
    entry::{NewPhoto, template_bytes},
    error::{Error, Result},
};

/// One photograph's description.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderPhoto {
    /// Position, from 0; never used again.
    pub n: i64,
    /// Model of its template.
    pub model_id: String,
    /// Its measures.
    pub quality: ShotQuality,
    /// When it was stored.
    pub created_at: UtcMs,
    /// When another one took its place.
    pub replaced_at: Option<UtcMs>,
}

/// All photographs of an order, also replaced ones, without pixels.
pub async fn photos(db: &Db, of: OrderId) -> Result<Vec<OrderPhoto>> {
    let sql = "SELECT n, model_id, quality, created_at, replaced_at FROM order_photo WHERE of = $1 ORDER BY n";
    let photo = |row: &Row| {
        Ok(OrderPhoto {
            n: row.int("n")?,
            model_id: row.text("model_id")?,
            quality: row.json("quality")?,
            created_at: row.at("created_at")?,
            replaced_at: row.opt_at("replaced_at")?,
        })
    };
    db.all(sql, args![of]).await?.iter().map(photo).collect()
}

/// Adds a photograph; its position.
pub async fn add_photo(db: &Db, now: UtcMs, by: By, of: OrderId, photo: &NewPhoto) -> Result<i64> {
    let mut tx = db.begin(now).await?;
    let n = insert(&mut tx, of, photo).await?;
    let detail = serde_json::json!({ "n": n, "model_id": photo.model_id });
    tx.commit(Note::new(by, "order.photo_added", "order", of).with(detail))
        .await?;
    Ok(n)
}

/// Puts a photograph in the place of another, which stays, marked.
pub async fn replace_photo(
    db: &Db,
    now: UtcMs,
    by: By,
    of: OrderId,
    old: i64,
    photo: &NewPhoto,
) -> Result<i64> {
    let mut tx = db.begin(now).await?;
    let sql =
        "UPDATE order_photo SET replaced_at = $3 WHERE of = $1 AND n = $2 AND replaced_at IS NULL";
    if tx.run(sql, args![of, old, now]).await? == 0 {
        return Err(Error::NotFound);
    }
    let n = insert(&mut tx, of, photo).await?;
    let detail = serde_json::json!({ "n": n, "instead_of": old, "model_id": photo.model_id });
    tx.commit(Note::new(by, "order.photo_replaced", "order", of).with(detail))
        .await?;
    Ok(n)
}

pub(super) async fn insert(tx: &mut Tx, of: OrderId, photo: &NewPhoto) -> Result<i64> {
    let row = tx
        .one(
            "SELECT COUNT(*) AS n FROM order_photo WHERE of = $1",
            args![of],
        )
        .await?;
    let (n, id) = (row.int("n")?, photo.id.to_string());
    let template = Zeroizing::new(template_bytes(&photo.template));
    let seal = |column: &str, plain: &[u8]| tx.vault().seal("order_photo", &id, column, plain);
    let (original, portrait, template) = (
        seal("photo", &photo.photo)?,
        seal("portrait", &photo.portrait_jpeg)?,
        seal("template", &template)?,
    );
    let sql = "INSERT INTO order_photo (id, of, n, model_id, quality, photo_sealed, portrait_sealed, template_sealed, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let quality = to_json(&photo.quality)?;
    let values = args![
        &id,
        of,
        n,
        &photo.model_id,
        quality,
        original,
        portrait,
        template,
        tx.now()
    ];
    tx.run(sql, values).await?;
    Ok(n)
}

/// The aligned portrait `n`, JPEG. The caller records the look.
pub async fn portrait(db: &Db, of: OrderId, n: i64) -> Result<Zeroizing<Vec<u8>>> {
    let sql = "SELECT id, portrait_sealed FROM order_photo WHERE of = $1 AND n = $2";
    let row = db.one(sql, args![of, n]).await?;
    let sealed = row.blob("portrait_sealed")?;
    db.vault()
        .open("order_photo", &row.text("id")?, "portrait", &sealed)
}

/// The photographs that are not replaced, whole, for the entry an approval makes. `ids` makes the entry's own.
pub async fn kept_photos(db: &Db, of: OrderId, ids: impl Fn() -> Uuid) -> Result<Vec<NewPhoto>> {
    let sql = "SELECT id, model_id, quality, photo_sealed, portrait_sealed, template_sealed FROM order_photo \
               WHERE of = $1 AND replaced_at IS NULL ORDER BY n";
    let photo = |row: &Row| {
        let id = row.text("id")?;
        let open = |column: &str, sealed: &str| {
            db.vault()
                .open("order_photo", &id, column, &row.blob(sealed)?)
        };
        let template = open("template", "template_sealed")?;
        let values = template.as_chunks::<4>().0.iter();
        Ok(NewPhoto {
            id: ids(),
            photo: open("photo", "photo_sealed")?.to_vec(),
            portrait_jpeg: open("portrait", "portrait_sealed")?.to_vec(),
            template: values.map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            model_id: row.text("model_id")?,
            quality: row.json("quality")?,
        })
    };
    db.all(sql, args![of]).await?.iter().map(photo).collect()
}
