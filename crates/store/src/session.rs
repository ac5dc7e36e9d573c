//! Sessions, known only by the SHA-256 of their token. Must not store a token itself.

use tapal_domain::{
    entry::Agency,
    id::{AccountId, DeskId, SiteId},
    role::Role,
    time::{HOUR_MS, MINUTE_MS, UtcMs},
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, Unaudited, args},
    error::Result,
};

/// A session ends when unused for this long.
pub const IDLE_MS: i64 = 30 * MINUTE_MS;
/// A session ends at this age.
pub const ABSOLUTE_MS: i64 = 12 * HOUR_MS;

/// A live session with its account.
#[derive(Clone, Debug)]
pub struct Live {
    /// Account.
    pub account: AccountId,
    /// User name.
    pub username: String,
    /// Name shown.
    pub display_name: String,
    /// Role now.
    pub role: Role,
    /// Site now.
    pub site: Option<SiteId>,
    /// Desk now.
    pub desk: Option<DeskId>,
    /// Agency of a liaison.
    pub agency: Option<Agency>,
    /// Language.
    pub language: String,
    /// Whether the password must be changed first.
    pub must_change: bool,
    /// CSRF token.
    pub csrf: String,
    /// When it was last used, to the minute.
    pub seen_at: UtcMs,
}

/// The live session of a token, if any.
pub async fn find(db: &Db, token_hash: &[u8], now: UtcMs) -> Result<Option<Live>> {
    let sql = "SELECT a.id, a.username, a.display_name, a.role, a.site, a.desk, a.agency, a.language, a.must_change, s.csrf, s.seen_at \
               FROM session s JOIN account a ON a.id = s.account \
               WHERE s.token_hash = $1 AND s.seen_at > $2 AND s.created_at > $3 AND a.closed_at IS NULL";
    let row = db
        .first(sql, args![token_hash, now - IDLE_MS, now - ABSOLUTE_MS])
        .await?;
    row.as_ref().map(live).transpose()
}

pub(crate) fn live(row: &Row) -> Result<Live> {
    Ok(Live {
        account: row.id("id")?,
        username: row.text("username")?,
        display_name: row.text("display_name")?,
        role: row.name("role")?,
        site: row.opt_id("site")?,
        desk: row.opt_id("desk")?,
        agency: row.opt_name("agency")?,
        language: row.text("language")?,
        must_change: row.flag("must_change")?,
        csrf: row.text("csrf")?,
        seen_at: row.at("seen_at")?,
    })
}

/// Starts a session after a sign-in: failures counted under the account's own name are forgotten, those of an
/// address (`net:`) halved, because others share it.
pub async fn start(
    db: &Db,
    now: UtcMs,
    account: AccountId,
    token_hash: &[u8],
    csrf: &str,
    names: &[String],
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO session (token_hash, account, csrf, created_at, seen_at) VALUES ($1, $2, $3, $4, $4)";
    tx.run(sql, args![token_hash, account, csrf, now]).await?;
    for name in names {
        let sql = match name.starts_with("net:") {
            true => "UPDATE sign_in_attempt SET failures = failures / 2 WHERE name = $1",
            false => "DELETE FROM sign_in_attempt WHERE name = $1",
        };
        tx.run(sql, args![name]).await?;
    }
    tx.commit(Note::new(
        By::Account(account),
        "session.started",
        "account",
        account,
    ))
    .await
}

/// Notes that a session was used; callers do so once a minute.
pub async fn touch(db: &Db, now: UtcMs, token_hash: &[u8]) -> Result<()> {
    let mut tx = db.begin(now).await?;
    tx.run(
        "UPDATE session SET seen_at = $2 WHERE token_hash = $1",
        args![token_hash, now],
    )
    .await?;
    tx.commit_unaudited(Unaudited::SessionSeen).await
}

/// Ends a session.
pub async fn end(db: &Db, now: UtcMs, account: AccountId, token_hash: &[u8]) -> Result<()> {
    let mut tx = db.begin(now).await?;
    tx.run(
        "DELETE FROM session WHERE token_hash = $1",
        args![token_hash],
    )
    .await?;
    tx.commit(Note::new(
        By::Account(account),
        "session.ended",
        "account",
        account,
    ))
    .await
}
