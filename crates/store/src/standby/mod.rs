//! Standby servers. At the centre: enrolment, keys, retirement, what each holds; at a standby server: which one it is and
//! since when it goes on alone. Copies are in `copy`, what it recorded in `outbox`, what the centre makes of that in `take`.
//! Must not store an enrolment token itself, only its hash.

pub mod copy;
pub mod finding;
pub mod handed;
pub mod outbox;
mod shape;
pub mod take;

use serde::Serialize;
use tapal_domain::{
    id::{SiteId, StandbyId},
    standby::Noun,
    time::UtcMs,
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, Unaudited, args},
    error::{Error, Result},
};

/// One standby server, as the centre knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Standby {
    /// Its id.
    pub id: StandbyId,
    /// Its checkpoint.
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
    pub heard_at: Option<UtcMs>,
    /// How far its copies go.
    pub upto: i64,
    /// Records it still has to hand in.
    pub waiting: i64,
    /// Since when it goes on alone, as it last said.
    pub alone_since: Option<UtcMs>,
}

fn read(row: &Row) -> Result<Standby> {
    Ok(Standby {
        id: row.id("id")?,
        site: row.id("site")?,
        name: row.text("name")?,
        created_at: row.at("created_at")?,
        token_expires_at: row.opt_at("token_expires_at")?,
        enrolled_at: row.opt_at("enrolled_at")?,
        retired_at: row.opt_at("retired_at")?,
        heard_at: row.opt_at("heard_at")?,
        upto: row.int("upto")?,
        waiting: row.int("waiting")?,
        alone_since: row.opt_at("alone_since")?,
    })
}

/// Standby servers of a checkpoint, or of all, oldest first.
pub async fn list(db: &Db, site: Option<SiteId>) -> Result<Vec<Standby>> {
    let sql = "SELECT id, site, name, created_at, token_expires_at, enrolled_at, retired_at, heard_at, upto, waiting, alone_since \
               FROM standby WHERE ($1 IS NULL OR site = $1) ORDER BY created_at, id";
    db.all(sql, args![site]).await?.iter().map(read).collect()
}

/// A standby server to be enrolled.
#[derive(Clone, Debug)]
pub struct NewStandby {
    /// Id made by the caller.
    pub id: StandbyId,
    /// Its checkpoint.
    pub site: SiteId,
    /// Name shown.
    pub name: String,
    /// SHA-256 of its one-time token.
    pub token_hash: Vec<u8>,
    /// Until when the token may be used.
    pub token_expires_at: UtcMs,
}

/// Announces a standby server; it enrols with the token whose hash is given, before that expires. `Conflict` when the
/// checkpoint has one, or when this centre's documents have no key of their own.
pub async fn announce(db: &Db, now: UtcMs, by: By, new: NewStandby) -> Result<()> {
    if db.vault().documents_key().is_none() {
        return Err(Error::Conflict(
            "this data folder is from before there were standby servers: its documents are marked under the data key".into(),
        ));
    }
    let mut tx = db.begin(now).await?;
    let there = "SELECT id FROM standby WHERE site = $1 AND retired_at IS NULL";
    if tx.first(there, args![new.site]).await?.is_some() {
        return Err(Error::Conflict(
            "this checkpoint has a standby server; retire it first".into(),
        ));
    }
    let sql = "INSERT INTO standby (id, site, name, token_hash, token_expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let (id, site) = (new.id, new.site);
    let values = args![
        id,
        site,
        new.name,
        new.token_hash,
        new.token_expires_at,
        now
    ];
    tx.run(sql, values).await?;
    let note = Note::new(by, "standby.announced", "standby", id);
    tx.commit(note.with(serde_json::json!({ "site": site })))
        .await
}

/// Every noun with what lists its ids: what a first standby server must be told of. `$1` is now.
const EVERYTHING: [&str; 10] = [
    "INSERT OR IGNORE INTO standby_change (noun, of) SELECT 'site', id FROM site ORDER BY id",
    "INSERT OR IGNORE INTO standby_change (noun, of) SELECT 'account', id FROM account ORDER BY id",
    "INSERT OR IGNORE INTO standby_change (noun, of) SELECT 'session', lower(hex(token_hash)) FROM session",
    "INSERT OR IGNORE INTO standby_change (noun, of) SELECT 'rule_pack', id FROM rule_pack_proposal ORDER BY id",
    "INSERT OR IGNORE INTO standby_change (noun, of) SELECT 'entry', id FROM entry WHERE ended_at IS NULL ORDER BY id",
    "INSERT OR IGNORE INTO standby_change (noun, of) SELECT 'order', id FROM orders \
     WHERE status IN ('approved', 'extension_requested') ORDER BY id",
    "INSERT OR IGNORE INTO standby_change (noun, of) SELECT 'holder', id FROM holder ORDER BY id",
    "INSERT OR IGNORE INTO standby_change (noun, of) SELECT 'case', id FROM second_line \
     WHERE closed_at IS NULL OR closed_at > $1 - 604800000 ORDER BY id",
    "INSERT OR IGNORE INTO standby_change (noun, of) SELECT 'cleared', lower(hex(document_mark)) || ':' || order_id FROM cleared_pair",
    "INSERT OR IGNORE INTO standby_change (noun, of) SELECT 'alert', id FROM alert \
     WHERE ended_at IS NULL OR received_at > $1 - 86400000 ORDER BY id",
];

/// Enrols a standby server by its token, once, and puts everything there is in line for it. The same key may repeat it,
/// because a reply can be lost on the way.
pub async fn enrol(
    db: &Db,
    now: UtcMs,
    token_hash: &[u8],
    public_key: &[u8],
) -> Result<(StandbyId, SiteId)> {
    let mut tx = db.begin(now).await?;
    let sql = "SELECT id, site, public_key FROM standby WHERE token_hash = $1 AND token_expires_at > $2 AND retired_at IS NULL";
    let row = tx.one(sql, args![token_hash, now]).await?;
    let (id, site) = (row.id::<StandbyId>("id")?, row.id::<SiteId>("site")?);
    match row.opt_blob("public_key")? {
        Some(known) if known == public_key => return Ok((id, site)),
        Some(_) => return Err(Error::NotFound),
        None => {}
    }
    let sql = "UPDATE standby SET public_key = $2, enrolled_at = $3 WHERE id = $1";
    tx.run(sql, args![id, public_key, now]).await?;
    for sql in EVERYTHING {
        tx.run(sql, args![now]).await?;
    }
    let note = Note::new(By::Standby(id), "standby.enrolled", "standby", id);
    tx.commit(note.with(serde_json::json!({ "site": site })))
        .await?;
    Ok((id, site))
}

/// Checkpoint and public key of an enrolled standby server that was not retired.
pub async fn key(db: &Db, id: StandbyId) -> Result<(SiteId, Vec<u8>)> {
    let sql = "SELECT site, public_key FROM standby WHERE id = $1 AND retired_at IS NULL AND public_key IS NOT NULL";
    let row = db.one(sql, args![id]).await?;
    Ok((row.id("site")?, row.blob("public_key")?))
}

/// Retires a standby server: its signature is refused from now on.
pub async fn retire(db: &Db, now: UtcMs, by: By, id: StandbyId) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE standby SET retired_at = $2, token_hash = NULL WHERE id = $1 AND retired_at IS NULL RETURNING site";
    let site: SiteId = tx.one(sql, args![id, now]).await?.id("site")?;
    let note = Note::new(by, "standby.retired", "standby", id);
    tx.commit(note.with(serde_json::json!({ "site": site })))
        .await
}

/// What a standby server knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// Which one it is.
    pub id: StandbyId,
    /// Its checkpoint.
    pub site: SiteId,
    /// How far its copies go.
    pub upto: i64,
    /// Whether they were whole at least once.
    pub complete: bool,
    /// When they were last the centre's.
    pub heard_at: Option<UtcMs>,
    /// Since when it goes on alone.
    pub alone_since: Option<UtcMs>,
    /// The last audit row the centre has.
    pub audit_sent: i64,
    /// Records it has to hand in.
    pub waiting: i64,
}

/// What this database knows of itself; `None` at a centre.
pub async fn own(db: &Db) -> Result<Option<Own>> {
    let sql = "SELECT id, site, upto, complete, heard_at, alone_since, audit_sent, \
               (SELECT COUNT(*) FROM standby_outbox) AS waiting FROM standby_self";
    let row = db.first(sql, args![]).await?;
    let own = |row: Row| {
        Ok(Own {
            id: row.id("id")?,
            site: row.id("site")?,
            upto: row.int("upto")?,
            complete: row.flag("complete")?,
            heard_at: row.opt_at("heard_at")?,
            alone_since: row.opt_at("alone_since")?,
            audit_sent: row.int("audit_sent")?,
            waiting: row.int("waiting")?,
        })
    };
    row.map(own).transpose()
}

/// Where the numbers of a standby server's own events begin, as those of its ledger (`first_seq` in its table).
const FIRST_EVENT: i64 = 1 << 40;

/// Makes this (empty) database that of a standby server. Again with the same id is no error.
pub async fn become_standby(db: &Db, now: UtcMs, id: StandbyId, site: SiteId) -> Result<()> {
    if let Some(own) = own(db).await? {
        return match own.id == id {
            true => Ok(()),
            false => Err(Error::Conflict(
                "this data folder belongs to another standby server".into(),
            )),
        };
    }
    if db
        .first("SELECT id FROM site LIMIT 1", args![])
        .await?
        .is_some()
    {
        return Err(Error::Conflict(
            "this data folder belongs to a centre; a standby server needs one of its own".into(),
        ));
    }
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO standby_self (one, id, site) VALUES (1, $1, $2)";
    tx.run(sql, args![id, site]).await?;
    // Events are numbered apart too: a page that goes over from one server to the other finds its number unknown there
    // and loads everything anew.
    let sql = "INSERT INTO counter (name, value) VALUES ('event', $1)";
    tx.run(sql, args![FIRST_EVENT]).await?;
    let note = Note::new(By::Standby(id), "standby.set_up", "standby", id);
    tx.commit(note.with(serde_json::json!({ "site": site })))
        .await
}

/// Notes since when this standby server goes on alone, or that it no longer does; each change has its audit row.
pub async fn go_alone(db: &Db, now: UtcMs, since: Option<UtcMs>) -> Result<()> {
    let own = own(db).await?.ok_or(Error::NotFound)?;
    if own.alone_since.is_some() == since.is_some() {
        return Ok(());
    }
    let mut tx = db.begin(now).await?;
    tx.run("UPDATE standby_self SET alone_since = $1", args![since])
        .await?;
    let action = match since {
        Some(_) => "standby.alone",
        None => "standby.back",
    };
    let note = Note::new(By::Standby(own.id), action, "standby", own.id);
    tx.commit(note.with(serde_json::json!({ "waiting": own.waiting })))
        .await
}

/// Notes that the copies are the centre's as of `at`.
pub async fn heard(db: &Db, at: UtcMs) -> Result<()> {
    let mut tx = db.begin(at).await?;
    tx.run(
        "UPDATE standby_self SET heard_at = $1, complete = 1",
        args![at],
    )
    .await?;
    tx.commit_unaudited(Unaudited::Copied).await
}

/// What this standby server recorded and the centre has not confirmed, in its order, at most `most`: position, noun, id.
pub async fn waiting(db: &Db, most: i64) -> Result<Vec<(i64, Noun, String)>> {
    let sql = "SELECT seq, noun, of FROM standby_outbox ORDER BY seq LIMIT $1";
    let rows = db.all(sql, args![most]).await?;
    rows.iter()
        .map(|row| Ok((row.int("seq")?, row.name("noun")?, row.text("of")?)))
        .collect()
}

/// The centre has what stood at this position. What was changed again since has another position, and stays.
pub async fn confirmed(db: &Db, now: UtcMs, seq: i64) -> Result<()> {
    let mut tx = db.begin(now).await?;
    tx.run("DELETE FROM standby_outbox WHERE seq = $1", args![seq])
        .await?;
    tx.commit_unaudited(Unaudited::Copied).await
}
