//! Camera nodes: enrolment, keys, retirement. Health is in `health`, lists in `delta`, copies of templates and their
//! receipts in `copy`.
//! Must not store an enrolment token itself, only its hash.

mod copy;
mod delta;
mod health;

pub use copy::{
    Checked, EntryCopy, Proof, check_receipts, copies, hand_over, late, mark_late, receive,
    unproven,
};
pub use delta::{Delta, delta};
pub use health::{Centre, report};

use serde::Serialize;
use tapal_domain::{
    id::{EdgeId, SiteId},
    time::UtcMs,
    wire::HealthReport,
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, args},
    error::{Error, Result},
    event::{self, Audience, News},
};

/// One camera node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Edge {
    /// Its id.
    pub id: EdgeId,
    /// Its site.
    pub site: SiteId,
    /// Name shown.
    pub name: String,
    /// When it was announced in the console.
    pub created_at: UtcMs,
    /// Until when its one-time token may be used.
    pub token_expires_at: Option<UtcMs>,
    /// When it enrolled.
    pub enrolled_at: Option<UtcMs>,
    /// When it was retired.
    pub retired_at: Option<UtcMs>,
    /// When the centre last heard of it.
    pub health_at: Option<UtcMs>,
    /// Its last report, without attempts.
    pub health: Option<HealthReport>,
}

const COLUMNS: &str = "SELECT id, site, name, created_at, token_expires_at, enrolled_at, retired_at, health_at, health FROM edge \
                       WHERE ($1 IS NULL OR site = $1) ORDER BY created_at, id";

fn read(row: &Row) -> Result<Edge> {
    Ok(Edge {
        id: row.id("id")?,
        site: row.id("site")?,
        name: row.text("name")?,
        created_at: row.at("created_at")?,
        token_expires_at: row.opt_at("token_expires_at")?,
        enrolled_at: row.opt_at("enrolled_at")?,
        retired_at: row.opt_at("retired_at")?,
        health_at: row.opt_at("health_at")?,
        health: row
            .opt_text("health")?
            .map(|text| crate::db::from_json(&text))
            .transpose()?,
    })
}

/// Nodes of a site, or of all.
pub async fn list(db: &Db, site: Option<SiteId>) -> Result<Vec<Edge>> {
    db.all(COLUMNS, args![site])
        .await?
        .iter()
        .map(read)
        .collect()
}

/// A node to be enrolled.
#[derive(Clone, Debug)]
pub struct NewEdge {
    /// Id made by the caller.
    pub id: EdgeId,
    /// Its site.
    pub site: SiteId,
    /// Name shown.
    pub name: String,
    /// SHA-256 of its one-time token.
    pub token_hash: Vec<u8>,
    /// Until when the token may be used.
    pub token_expires_at: UtcMs,
}

/// Announces a node; it enrols with the token whose hash is given, before that expires.
pub async fn announce(db: &Db, now: UtcMs, by: By, new: NewEdge) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let note = Note::new(by, "edge.announced", "edge", new.id);
    let note = note.with(serde_json::json!({ "site": new.site }));
    let sql = "INSERT INTO edge (id, site, name, token_hash, token_expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = args![
        new.id,
        new.site,
        new.name,
        new.token_hash,
        new.token_expires_at,
        now
    ];
    tx.run(sql, values).await?;
    tx.commit(note).await
}

/// Enrols a node by its token, once. The same key may repeat it, because a reply can be lost on the way.
pub async fn enrol(
    db: &Db,
    now: UtcMs,
    token_hash: &[u8],
    public_key: &[u8],
) -> Result<(EdgeId, SiteId)> {
    let mut tx = db.begin(now).await?;
    let sql = "SELECT id, site, public_key FROM edge WHERE token_hash = $1 AND token_expires_at > $2 AND retired_at IS NULL";
    let row = tx.one(sql, args![token_hash, now]).await?;
    let (id, site) = (row.id::<EdgeId>("id")?, row.id::<SiteId>("site")?);
    match row.opt_blob("public_key")? {
        Some(known) if known == public_key => return Ok((id, site)),
        Some(_) => return Err(Error::NotFound),
        None => {}
    }
    tx.run(
        "UPDATE edge SET public_key = $2, enrolled_at = $3 WHERE id = $1",
        args![id, public_key, now],
    )
    .await?;
    changed(&mut tx, site, id).await?;
    tx.commit(
        Note::new(By::Edge(id), "edge.enrolled", "edge", id)
            .with(serde_json::json!({ "site": site })),
    )
    .await?;
    Ok((id, site))
}

async fn changed(tx: &mut crate::db::Tx, site: SiteId, id: EdgeId) -> Result<()> {
    let payload = serde_json::json!({ "edge": id });
    event::tell(
        tx,
        News {
            kind: "edge.changed",
            site: Some(site),
            desk: None,
            audience: Audience::Sites,
            payload,
        },
    )
    .await
    .map(|_| ())
}

/// Site and public key of a node that may speak.
pub async fn key(db: &Db, id: EdgeId) -> Result<(SiteId, Vec<u8>)> {
    let sql = "SELECT site, public_key FROM edge WHERE id = $1 AND retired_at IS NULL AND public_key IS NOT NULL";
    let row = db.one(sql, args![id]).await?;
    Ok((row.id("site")?, row.blob("public_key")?))
}

/// Retires a node: its signature is refused from now on.
pub async fn retire(db: &Db, now: UtcMs, by: By, id: EdgeId) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE edge SET retired_at = $2, token_hash = NULL WHERE id = $1 AND retired_at IS NULL RETURNING site";
    let site = tx.one(sql, args![id, now]).await?.id("site")?;
    changed(&mut tx, site, id).await?;
    tx.commit(Note::new(by, "edge.retired", "edge", id)).await
}
