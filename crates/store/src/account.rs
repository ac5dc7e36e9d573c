//! Accounts. Password hashes come in and go out as text; hashing is the server's. Must not keep a password.

use serde::Serialize;
use sha2::{Digest, Sha256};
use tapal_domain::{
    entry::Agency,
    id::{AccountId, DeskId, SiteId},
    role::Role,
    time::{MINUTE_MS, UtcMs},
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, args},
    error::{Error, Result},
};

/// One account, without its password hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Name to sign in with; lower case.
    pub username: String,
    /// Name shown.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// Site; `None` for all.
    pub site: Option<SiteId>,
    /// Desk; `None` for all of the site.
    pub desk: Option<DeskId>,
    /// Agency of a liaison.
    pub agency: Option<Agency>,
    /// `id` or `en`.
    pub language: String,
    /// Whether the password is a one-time one.
    pub must_change: bool,
    /// When it was opened.
    pub created_at: UtcMs,
    /// When it was closed; a closed account cannot sign in.
    pub closed_at: Option<UtcMs>,
}

/// An account as handed in.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Id made by the caller.
    pub id: AccountId,
    /// Name to sign in with; stored in lower case.
    pub username: String,
    /// Name shown.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// Site.
    pub site: Option<SiteId>,
    /// Desk; must be of that site.
    pub desk: Option<DeskId>,
    /// Agency of a liaison.
    pub agency: Option<Agency>,
    /// `id` or `en`.
    pub language: String,
}

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, username, display_name, role, site, desk, agency, language, must_change, created_at, closed_at, password_hash FROM account ",
            $where
        )
    };
}

fn read(row: &Row) -> Result<Account> {
    Ok(Account {
        id: row.id("id")?,
        username: row.text("username")?,
        display_name: row.text("display_name")?,
        role: row.name("role")?,
        site: row.opt_id("site")?,
        desk: row.opt_id("desk")?,
        agency: row.opt_name("agency")?,
        language: row.text("language")?,
        must_change: row.flag("must_change")?,
        created_at: row.at("created_at")?,
        closed_at: row.opt_at("closed_at")?,
    })
}

/// A page of accounts by user name, after `after`, at most `limit`.
pub async fn list(db: &Db, after: &str, limit: i64) -> Result<Vec<Account>> {
    list_of(db, None, after, limit).await
}

/// As [`list`], of one site or of all.
pub async fn list_of(
    db: &Db,
    site: Option<SiteId>,
    after: &str,
    limit: i64,
) -> Result<Vec<Account>> {
    db.all(
        select!("WHERE username > $1 AND ($3 IS NULL OR site = $3) ORDER BY username LIMIT $2"),
        args![after, limit, site],
    )
    .await?
    .iter()
    .map(read)
    .collect()
}

/// One account.
pub async fn get(db: &Db, id: AccountId) -> Result<Account> {
    read(&db.one(select!("WHERE id = $1"), args![id]).await?)
}

/// The name shown of every account, closed ones too.
pub async fn names(db: &Db) -> Result<std::collections::HashMap<AccountId, String>> {
    let rows = db
        .all("SELECT id, display_name FROM account", args![])
        .await?;
    rows.iter()
        .map(|row| Ok((row.id("id")?, row.text("display_name")?)))
        .collect()
}

/// An open account and its password hash, by user name.
pub async fn find(db: &Db, username: &str) -> Result<Option<(Account, String)>> {
    let row = db
        .first(
            select!("WHERE username = $1 AND closed_at IS NULL"),
            args![username.to_lowercase()],
        )
        .await?;
    row.map(|row| Ok((read(&row)?, row.text("password_hash")?)))
        .transpose()
}

async fn own_desk(tx: &mut Tx, new: &NewAccount) -> Result<()> {
    match (new.site, new.desk) {
        (_, None) => Ok(()),
        (None, Some(_)) => Err(Error::Conflict("account.desk needs a site".into())),
        (Some(site), Some(desk)) => tx
            .one(
                "SELECT id FROM desk WHERE id = $1 AND site = $2",
                args![desk, site],
            )
            .await
            .map(|_| ()),
    }
}

/// Opens an account. `must_change` says that the password is a one-time one.
pub async fn open(
    db: &Db,
    now: UtcMs,
    by: By,
    new: &NewAccount,
    password_hash: &str,
    must_change: bool,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    own_desk(&mut tx, new).await?;
    let sql = "INSERT INTO account (id, username, display_name, role, site, desk, language, password_hash, must_change, created_at, agency) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let values = args![
        new.id,
        new.username.to_lowercase(),
        &new.display_name,
        new.role.name(),
        new.site,
        new.desk,
        &new.language,
        password_hash,
        must_change,
        now,
        new.agency.map(Agency::name)
    ];
    tx.run(sql, values).await?;
    tx.commit(Note::new(by, "account.opened", "account", new.id).with(detail(new)))
        .await
}

fn detail(new: &NewAccount) -> serde_json::Value {
    serde_json::json!({ "role": new.role, "site": new.site, "desk": new.desk, "agency": new.agency })
}

/// Changes role, place, shown name and language. The user name stays; open sessions end, because rights changed.
pub async fn change(db: &Db, now: UtcMs, by: By, new: &NewAccount) -> Result<()> {
    let mut tx = db.begin(now).await?;
    own_desk(&mut tx, new).await?;
    let sql = "UPDATE account SET display_name = $2, role = $3, site = $4, desk = $5, language = $6, agency = $7 WHERE id = $1 AND closed_at IS NULL RETURNING id";
    tx.one(
        sql,
        args![
            new.id,
            &new.display_name,
            new.role.name(),
            new.site,
            new.desk,
            &new.language,
            new.agency.map(Agency::name)
        ],
    )
    .await?;
    tx.run("DELETE FROM session WHERE account = $1", args![new.id])
        .await?;
    tx.commit(Note::new(by, "account.changed", "account", new.id).with(detail(new)))
        .await
}

/// Closes an account and ends its sessions.
pub async fn close(db: &Db, now: UtcMs, by: By, id: AccountId) -> Result<()> {
    let mut tx = db.begin(now).await?;
    tx.one(
        "UPDATE account SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL RETURNING id",
        args![id, now],
    )
    .await?;
    tx.run("DELETE FROM session WHERE account = $1", args![id])
        .await?;
    tx.commit(Note::new(by, "account.closed", "account", id))
        .await
}

/// Sets a password and ends the account's sessions; `must_change` for a one-time one.
pub async fn set_password(
    db: &Db,
    now: UtcMs,
    by: By,
    id: AccountId,
    password_hash: &str,
    must_change: bool,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE account SET password_hash = $2, must_change = $3 WHERE id = $1 AND closed_at IS NULL RETURNING username";
    let username = tx
        .one(sql, args![id, password_hash, must_change])
        .await?
        .text("username")?;
    tx.run("DELETE FROM session WHERE account = $1", args![id])
        .await?;
    tx.run(
        "DELETE FROM sign_in_attempt WHERE name = $1",
        args![throttle_name(&username)],
    )
    .await?;
    let action = if must_change {
        "account.password_reset"
    } else {
        "account.password_changed"
    };
    tx.commit(Note::new(by, action, "account", id)).await
}

/// Remembers the language a person chose.
pub async fn set_language(db: &Db, now: UtcMs, id: AccountId, language: &str) -> Result<()> {
    let mut tx = db.begin(now).await?;
    tx.run(
        "UPDATE account SET language = $2 WHERE id = $1",
        args![id, language],
    )
    .await?;
    tx.commit(
        Note::new(By::Account(id), "account.language_set", "account", id)
            .with(serde_json::json!({ "language": language })),
    )
    .await
}

/// Failures in a row and the last failure under a throttling name ([`throttle_name`] or `net:<address>`).
pub async fn failures(db: &Db, name: &str, now: UtcMs) -> Result<(u32, UtcMs)> {
    let row = db
        .first(
            "SELECT failures, last_at FROM sign_in_attempt WHERE name = $1",
            args![name],
        )
        .await?;
    row.map_or(Ok((0, UtcMs(0))), |row| {
        let last = row.at("last_at")?;
        let failures = faded(name, row.int("failures")?, last, now);
        Ok((failures.try_into().unwrap_or(u32::MAX), last))
    })
}

/// The count of an address halves every ten minutes: a whole desk row shares it. The count of a name stays.
fn faded(name: &str, failures: i64, last: UtcMs, now: UtcMs) -> i64 {
    if !name.starts_with("net:") {
        return failures;
    }
    failures >> (now.since_ms(last) / (10 * MINUTE_MS)).clamp(0, 62)
}

/// Counts one more failure under each name, and records the refusal.
pub async fn sign_in_failed(
    db: &Db,
    now: UtcMs,
    names: &[String],
    account: Option<AccountId>,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO sign_in_attempt (name, failures, last_at) VALUES ($1, $3, $2) \
               ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at";
    let known = "SELECT failures, last_at FROM sign_in_attempt WHERE name = $1";
    for name in names {
        let before = match tx.first(known, args![name]).await? {
            Some(row) => faded(name, row.int("failures")?, row.at("last_at")?, now),
            None => 0,
        };
        tx.run(sql, args![name, now, before + 1]).await?;
    }
    let id = account.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
    tx.commit(Note::new(By::System, "session.refused", "account", id))
        .await
}

/// The name under which failures of a user name are counted; a hash, because people type passwords into the wrong field.
pub fn throttle_name(username: &str) -> String {
    let hash = Sha256::digest(username.to_lowercase());
    format!("account:{}", crate::vault::hex(&hash[..16]))
}
