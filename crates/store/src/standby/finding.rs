//! What was found when records were handed in: listed, and settled by a person with a reason. Must not remove a finding,
//! nor let whoever made the record settle it.

use serde::Serialize;
use serde_json::{Value, json};
use tapal_domain::{
    id::{AccountId, FindingId, SiteId, StandbyId},
    standby::{Finding, FindingKind, MayNotSettle, Noun, may_settle},
    time::UtcMs,
};
use zeroize::Zeroizing;

use super::take::From;
use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, args},
    error::{Error, Result},
    event::{self, Audience, News},
};

/// One finding as it is shown: codes and ids.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StandbyFinding {
    /// Its id.
    pub id: FindingId,
    /// Who handed it in.
    pub standby: StandbyId,
    /// Where.
    pub site: SiteId,
    /// Why a person must look.
    pub kind: FindingKind,
    /// About what.
    pub noun: Noun,
    /// Its id.
    pub of: String,
    /// Lists that count, orders and reasons, as codes and ids.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub detail: Value,
    /// Whether it was not recorded, and is kept here, sealed.
    pub kept: bool,
    /// When it was found.
    pub found_at: UtcMs,
    /// When it was settled.
    pub settled_at: Option<UtcMs>,
    /// By whom.
    pub settled_by: Option<AccountId>,
    /// Why, in that person's words.
    pub reason: Option<String>,
}

impl StandbyFinding {
    /// Who made the record.
    pub fn by(&self) -> Vec<AccountId> {
        let all = self.detail["by"].as_array().into_iter().flatten();
        all.filter_map(|id| id.as_str()?.parse().ok()).collect()
    }

    /// Reasons, as codes.
    pub fn reasons(&self) -> Vec<&str> {
        let all = self.detail["reasons"].as_array().into_iter().flatten();
        all.filter_map(Value::as_str).collect()
    }
}

/// Notes something found; its audit row, or `None` when it was found before.
pub(super) async fn put(
    tx: &mut Tx,
    from: From,
    found: &Finding,
    detail: Value,
    content: Option<&str>,
) -> Result<Option<Note>> {
    let (kind, noun) = (found.kind.name(), found.noun.name());
    let mark = match content {
        Some(content) => tx.vault().mark("standby_finding", content.as_bytes())?,
        None => Vec::new(),
    };
    let known = "SELECT id FROM standby_finding WHERE kind = $1 AND noun = $2 AND of = $3 AND content_mark = $4";
    if tx
        .first(known, args![kind, noun, &found.of, mark.clone()])
        .await?
        .is_some()
    {
        return Ok(None);
    }
    let kept = match content {
        Some(content) => Some(tx.vault().seal(
            "standby_finding",
            &found.id.to_string(),
            "kept",
            content.as_bytes(),
        )?),
        None => None,
    };
    let sql = "INSERT INTO standby_finding (id, standby, site, kind, noun, of, detail, kept_sealed, content_mark, found_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let now = tx.now();
    let values = args![
        found.id,
        from.id,
        from.site,
        kind,
        noun,
        &found.of,
        detail.to_string(),
        kept,
        mark,
        now
    ];
    tx.run(sql, values).await?;
    let news = News {
        kind: "standby.found",
        site: Some(from.site),
        desk: None,
        audience: Audience::Standbys,
        payload: json!({ "id": found.id, "kind": kind, "noun": noun }),
    };
    event::tell(tx, news).await?;
    let note = Note::new(
        By::Standby(from.id),
        "standby.found",
        "standby_finding",
        found.id,
    );
    let told = json!({ "kind": kind, "noun": noun, "of": found.of, "reasons": detail["reasons"] });
    Ok(Some(note.with(told)))
}

fn read(db: &Db, row: &Row) -> Result<StandbyFinding> {
    let id = row.text("id")?;
    let reason = match row.opt_blob("reason_sealed")? {
        Some(sealed) => {
            let plain = db.vault().open("standby_finding", &id, "reason", &sealed)?;
            Some(String::from_utf8_lossy(&plain).into_owned())
        }
        None => None,
    };
    Ok(StandbyFinding {
        id: row.id("id")?,
        standby: row.id("standby")?,
        site: row.id("site")?,
        kind: row.name("kind")?,
        noun: row.name("noun")?,
        of: row.text("of")?,
        detail: row.json("detail")?,
        kept: row.flag("kept")?,
        found_at: row.at("found_at")?,
        settled_at: row.opt_at("settled_at")?,
        settled_by: row.opt_id("settled_by")?,
        reason,
    })
}

/// Findings of a checkpoint or of all, open ones first, then the newest; at most `most`.
pub async fn findings(db: &Db, site: Option<SiteId>, most: i64) -> Result<Vec<StandbyFinding>> {
    let sql = "SELECT id, standby, site, kind, noun, of, detail, kept_sealed IS NOT NULL AS kept, found_at, settled_at, settled_by, reason_sealed \
               FROM standby_finding WHERE ($1 IS NULL OR site = $1) \
               ORDER BY settled_at IS NOT NULL, found_at DESC, id DESC LIMIT $2";
    let rows = db.all(sql, args![site, most]).await?;
    rows.iter().map(|row| read(db, row)).collect()
}

/// How many wait for a person.
pub async fn open_findings(db: &Db, site: Option<SiteId>) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS n FROM standby_finding WHERE settled_at IS NULL AND ($1 IS NULL OR site = $1)";
    db.one(sql, args![site]).await?.int("n")
}

/// What was not recorded, as it was handed in (JSON), at `site` or anywhere. The caller records the look.
pub async fn kept(db: &Db, site: Option<SiteId>, id: FindingId) -> Result<Zeroizing<Vec<u8>>> {
    let sql = "SELECT kept_sealed FROM standby_finding WHERE id = $1 AND kept_sealed IS NOT NULL AND ($2 IS NULL OR site = $2)";
    let sealed = db.one(sql, args![id, site]).await?.blob("kept_sealed")?;
    let id = id.to_string();
    db.vault().open("standby_finding", &id, "kept", &sealed)
}

/// Settles a finding of `site`, or of any without one. A refused try is audited like a successful one.
pub async fn settle(
    db: &Db,
    now: UtcMs,
    (account, site): (AccountId, Option<SiteId>),
    id: FindingId,
    reason: &str,
) -> Result<std::result::Result<(), MayNotSettle>> {
    let mut tx = db.begin(now).await?;
    let sql = "SELECT id, standby, site, kind, noun, of, detail, kept_sealed IS NOT NULL AS kept, found_at, settled_at, settled_by, reason_sealed \
               FROM standby_finding WHERE id = $1 AND ($2 IS NULL OR site = $2)";
    let found = read(db, &tx.one(sql, args![id, site]).await?)?;
    if found.settled_at.is_some() {
        return Err(Error::Conflict("this finding was settled before".into()));
    }
    let by = By::Account(account);
    if let Err(why) = may_settle(&found.by(), account, reason) {
        let note = Note::new(by, "standby.settlement_refused", "standby_finding", id);
        tx.commit(note.with(json!({ "code": why.code() }))).await?;
        return Ok(Err(why));
    }
    let plain = Zeroizing::new(reason.trim().to_owned());
    let sealed = tx.vault().seal(
        "standby_finding",
        &id.to_string(),
        "reason",
        plain.as_bytes(),
    )?;
    let sql = "UPDATE standby_finding SET settled_at = $2, settled_by = $3, reason_sealed = $4 WHERE id = $1";
    tx.run(sql, args![id, now, account, sealed]).await?;
    let news = News {
        kind: "standby.settled",
        site: Some(found.site),
        desk: None,
        audience: Audience::Standbys,
        payload: json!({ "id": id }),
    };
    event::tell(&mut tx, news).await?;
    let note = Note::new(by, "standby.settled", "standby_finding", id);
    tx.commit(note.with(json!({ "kind": found.kind, "of": found.of })))
        .await?;
    Ok(Ok(()))
}
