//! Portraits of holders: kept sealed with their template, replaced but not overwritten. Must not be searched: a template is
//! read for one named holder only, and no query here returns those of several.

use serde::Serialize;
use tapal_domain::{id::HolderId, time::UtcMs, wire::ShotQuality};
use zeroize::Zeroizing;

use crate::{
    audit::{By, Note},
    db::{Db, Row, args, to_json},
    entry::{NewPhoto, template_bytes},
    error::{Error, Result},
};

/// A portrait's description.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HolderPortrait))]
pub struct PortraitInfo {
    /// Position, from 0; the highest is in use.
    pub n: i64,
    /// Model of its template.
    pub model_id: String,
    /// Its measures.
    pub quality: ShotQuality,
    /// When it was stored.
    pub created_at: UtcMs,
}

fn described(row: &Row) -> Result<PortraitInfo> {
    Ok(PortraitInfo {
        n: row.int("n")?,
        model_id: row.text("model_id")?,
        quality: row.json("quality")?,
        created_at: row.at("created_at")?,
    })
}

/// Stores a portrait; it is the one in use from now on, those before are history.
pub async fn add_portrait(
    db: &Db,
    now: UtcMs,
    by: By,
    holder: HolderId,
    photo: &NewPhoto,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    tx.one("SELECT id FROM holder WHERE id = $1", args![holder])
        .await?;
    let id = photo.id.to_string();
    let template = Zeroizing::new(template_bytes(&photo.template));
    let seal = |column: &str, plain: &[u8]| tx.vault().seal("holder_portrait", &id, column, plain);
    let sealed = (
        seal("photo", &photo.photo)?,
        seal("portrait", &photo.portrait_jpeg)?,
        seal("template", &template)?,
    );
    let sql = "INSERT INTO holder_portrait (id, holder, n, model_id, quality, photo_sealed, portrait_sealed, template_sealed, created_at) \
               SELECT $1, $2, COALESCE((SELECT MAX(n) + 1 FROM holder_portrait WHERE holder = $2), 0), $3, $4, $5, $6, $7, $8";
    let values = args![
        &id,
        holder,
        &photo.model_id,
        to_json(&photo.quality)?,
        sealed.0,
        sealed.1,
        sealed.2,
        now
    ];
    tx.run(sql, values).await?;
    let detail = serde_json::json!({ "model_id": photo.model_id });
    tx.commit(Note::new(by, "holder.portrait_added", "holder", holder).with(detail))
        .await
}

/// The portrait in use.
pub(super) async fn newest(db: &Db, holder: HolderId) -> Result<Option<PortraitInfo>> {
    let sql = "SELECT n, model_id, quality, created_at FROM holder_portrait WHERE holder = $1 ORDER BY n DESC LIMIT 1";
    db.first(sql, args![holder])
        .await?
        .as_ref()
        .map(described)
        .transpose()
}

/// All portraits of one holder, newest first, without pixels.
pub async fn portraits(db: &Db, holder: HolderId) -> Result<Vec<PortraitInfo>> {
    let sql = "SELECT n, model_id, quality, created_at FROM holder_portrait WHERE holder = $1 ORDER BY n DESC LIMIT 100";
    let rows = db.all(sql, args![holder]).await?;
    rows.iter().map(described).collect()
}

/// Portrait `n` of a holder, JPEG, aligned by the eyes. The caller records the look.
pub async fn portrait(db: &Db, holder: HolderId, n: i64) -> Result<Zeroizing<Vec<u8>>> {
    let sql = "SELECT id, portrait_sealed FROM holder_portrait WHERE holder = $1 AND n = $2";
    let row = db.one(sql, args![holder, n]).await?;
    db.vault().open(
        "holder_portrait",
        &row.text("id")?,
        "portrait",
        &row.blob("portrait_sealed")?,
    )
}

/// The template of the portrait in use, with its model; `None` without a portrait. For one comparison, then it is wiped.
pub async fn live_template(
    db: &Db,
    holder: HolderId,
) -> Result<Option<(String, Zeroizing<Vec<f32>>)>> {
    let sql = "SELECT id, model_id, template_sealed FROM holder_portrait WHERE holder = $1 ORDER BY n DESC LIMIT 1";
    let Some(row) = db.first(sql, args![holder]).await? else {
        return Ok(None);
    };
    let plain = db.vault().open(
        "holder_portrait",
        &row.text("id")?,
        "template",
        &row.blob("template_sealed")?,
    )?;
    let value = |bytes: &[u8]| {
        bytes
            .try_into()
            .map(f32::from_le_bytes)
            .map_err(Error::other)
    };
    let values = plain
        .chunks_exact(4)
        .map(value)
        .collect::<Result<Vec<f32>>>()?;
    Ok(Some((row.text("model_id")?, Zeroizing::new(values))))
}

/// The photograph of the portrait in use, as handed in, to be enrolled with another model. Never for a screen.
pub async fn photograph(db: &Db, holder: HolderId) -> Result<Zeroizing<Vec<u8>>> {
    let sql =
        "SELECT id, photo_sealed FROM holder_portrait WHERE holder = $1 ORDER BY n DESC LIMIT 1";
    let row = db.one(sql, args![holder]).await?;
    db.vault().open(
        "holder_portrait",
        &row.text("id")?,
        "photo",
        &row.blob("photo_sealed")?,
    )
}
