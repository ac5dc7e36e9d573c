//! Copies of templates at nodes, and the signed receipts that prove they are gone. Must not take a receipt for more than
//! it is: it stands until the node is handed the entry again.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tapal_domain::{
    id::{EdgeId, EntryId, SiteId},
    removal::{Copy, CopyState, LATE_AFTER_MS},
    time::{DAY_MS, UtcMs},
    wire::{EntryTemplate, RemovalReceipt},
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, Unaudited, args, to_json},
    error::Result,
    event::{self, Audience, News},
    vault::hex,
};

/// What a node signed when it sent a receipt: enough to check it again without the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The text the signature covers (`tapal_domain::wire::signed_text`); its last line is the hash of the body.
    pub text: String,
    /// Base64 of the Ed25519 signature.
    pub signature: String,
    /// The body: JSON of the [`RemovalReceipt`].
    pub body: String,
}

impl Proof {
    /// Whether the holder of `public_key` signed exactly this receipt.
    pub fn proves(&self, public_key: &[u8], receipt: &RemovalReceipt) -> bool {
        let said = serde_json::from_str::<RemovalReceipt>(&self.body).ok();
        let hash = hex(&Sha256::digest(&self.body));
        let key = <[u8; 32]>::try_from(public_key).ok();
        let key = key.and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let signature = STANDARD.decode(&self.signature).ok();
        let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
        let (Some(key), Some(signature)) = (key, signature) else {
            return false;
        };
        said.as_ref() == Some(receipt)
            && self.text.rsplit('\n').next() == Some(hash.as_str())
            && key.verify_strict(self.text.as_bytes(), &signature).is_ok()
    }
}

/// Remembers which templates a node was handed. Receipts for them are void from then on; the audit record keeps them.
pub async fn hand_over(
    db: &Db,
    now: UtcMs,
    edge: EdgeId,
    version: i64,
    upserts: &[EntryTemplate],
) -> Result<()> {
    if upserts.is_empty() {
        return Ok(());
    }
    let entries: Vec<EntryId> = upserts.iter().map(|upsert| upsert.entry).collect();
    let entries = to_json(&entries)?;
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO entry_copy (edge, entry, version, handed_at) \
               SELECT $1, value, $2, $3 FROM json_each($4) WHERE true \
               ON CONFLICT (edge, entry) DO UPDATE SET version = excluded.version, handed_at = excluded.handed_at, late_at = NULL";
    tx.run(sql, args![edge, version, now, &entries]).await?;
    let sql = "DELETE FROM receipt WHERE edge = $1 AND entry IN (SELECT value FROM json_each($2))";
    tx.run(sql, args![edge, entries]).await?;
    tx.commit_unaudited(Unaudited::HandedOver).await
}

/// Entries a node was handed and has no receipt for, that are not on `upserts`: a node that asks for the whole list must
/// say of each that it is gone.
pub async fn unproven(db: &Db, edge: EdgeId, upserts: &[EntryTemplate]) -> Result<Vec<EntryId>> {
    let sql = "SELECT c.entry FROM entry_copy c WHERE c.edge = $1 \
               AND NOT EXISTS (SELECT 1 FROM receipt r WHERE r.edge = c.edge AND r.entry = c.entry) ORDER BY c.entry";
    let listed: std::collections::HashSet<EntryId> =
        upserts.iter().map(|upsert| upsert.entry).collect();
    let rows = db.all(sql, args![edge]).await?;
    let all: Result<Vec<EntryId>> = rows.iter().map(|row| row.id("entry")).collect();
    let mut all = all?;
    all.retain(|entry| !listed.contains(entry));
    Ok(all)
}

/// Stores the proof that a template left a node. One receipt a copy: repeated ones change nothing.
pub async fn receive(
    db: &Db,
    now: UtcMs,
    edge: EdgeId,
    receipt: &RemovalReceipt,
    proof: &Proof,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO receipt (edge, entry, version, removed_at, received_at, signed_text, signature, body) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (edge, entry) DO NOTHING";
    let (version, removed_at) = (receipt.version, receipt.removed_at);
    let values = args![
        edge,
        receipt.entry,
        version,
        removed_at,
        now,
        &proof.text,
        &proof.signature,
        &proof.body
    ];
    if tx.run(sql, values).await? == 0 {
        return Ok(());
    }
    tell(&mut tx, edge, receipt.entry, "entry.removal_proven").await?;
    let detail = serde_json::json!({ "entry": receipt.entry, "version": version, "removed_at": removed_at,
        "signed_text": proof.text, "signature": proof.signature, "body": proof.body });
    let note = Note::new(
        By::Edge(edge),
        "entry.removal_proven",
        "entry",
        receipt.entry,
    );
    tx.commit(note.with(detail)).await
}

async fn tell(tx: &mut Tx, edge: EdgeId, entry: EntryId, kind: &'static str) -> Result<()> {
    let news = News {
        kind,
        site: None,
        desk: None,
        audience: Audience::Entries,
        payload: serde_json::json!({ "entry": entry, "edge": edge }),
    };
    event::tell(tx, news).await.map(|_| ())
}

/// One copy of an entry at one node.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = EntryCopy))]
pub struct EntryCopy {
    /// The node.
    pub edge: EdgeId,
    /// Its name.
    pub edge_name: String,
    /// Its site.
    pub site: SiteId,
    /// Name of the site.
    pub site_name: String,
    /// Local time of the site, minutes east of UTC.
    pub utc_offset_minutes: i64,
    /// When it was last handed the templates.
    pub handed_at: UtcMs,
    /// From when on it has no business there.
    pub due_at: UtcMs,
    /// Where it stands.
    #[serde(flatten)]
    pub state: CopyState,
    /// When the receipt arrived.
    pub received_at: Option<UtcMs>,
    /// Whether the receipt's signature was checked again just now and is the node's. `None` without a receipt, or for one
    /// from before signatures were kept.
    pub verified: Option<bool>,
}

fn read(row: &Row, now: UtcMs, entry: EntryId) -> Result<EntryCopy> {
    let offset = row.int("utc_offset_minutes")?;
    let local_end = row.day("last_day")?.ends(offset);
    let due_at = row
        .opt_at("ended_at")?
        .map_or(local_end, |at| at.min(local_end));
    let receipt = match (row.opt_at("removed_at")?, row.opt_at("received_at")?) {
        (Some(removed_at), Some(received_at)) => Some((removed_at, received_at)),
        _ => None,
    };
    let copy = Copy {
        due_at,
        receipt,
        retired_at: row.opt_at("retired_at")?,
    };
    Ok(EntryCopy {
        edge: row.id("edge")?,
        edge_name: row.text("edge_name")?,
        site: row.id("site")?,
        site_name: row.text("site_name")?,
        utc_offset_minutes: offset,
        handed_at: row.at("handed_at")?,
        due_at,
        state: copy.state(now),
        received_at: receipt.map(|(_, received_at)| received_at),
        verified: verified(row, entry)?,
    })
}

fn verified(row: &Row, entry: EntryId) -> Result<Option<bool>> {
    let parts = (
        row.opt_text("signed_text")?,
        row.opt_text("signature")?,
        row.opt_text("body")?,
    );
    let (Some(text), Some(signature), Some(body)) = parts else {
        return Ok(None);
    };
    let receipt = RemovalReceipt {
        entry,
        version: row.int("version")?,
        removed_at: row.at("removed_at")?,
    };
    let proof = Proof {
        text,
        signature,
        body,
    };
    let key = row.opt_blob("public_key")?.unwrap_or_default();
    Ok(Some(proof.proves(&key, &receipt)))
}

/// What came of checking every receipt that stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Receipts whose signature is their node's.
    pub good: u64,
    /// Receipts from before signatures were kept.
    pub unsigned: u64,
    /// Receipts that their node did not sign so: node and entry.
    pub bad: Vec<(EdgeId, EntryId)>,
}

/// Checks every receipt's signature against its node's key, some at a time.
pub async fn check_receipts(db: &Db) -> Result<Checked> {
    let sql = "SELECT r.edge, r.entry, r.version, r.removed_at, r.signed_text, r.signature, r.body, g.public_key \
               FROM receipt r JOIN edge g ON g.id = r.edge WHERE (r.edge, r.entry) > ($1, $2) ORDER BY r.edge, r.entry LIMIT 1000";
    let (mut checked, mut after) = (Checked::default(), (String::new(), String::new()));
    loop {
        let rows = db.all(sql, args![&after.0, &after.1]).await?;
        let Some(last) = rows.last() else {
            return Ok(checked);
        };
        after = (last.text("edge")?, last.text("entry")?);
        for row in &rows {
            let entry: EntryId = row.id("entry")?;
            match verified(row, entry)? {
                Some(true) => checked.good += 1,
                Some(false) => checked.bad.push((row.id("edge")?, entry)),
                None => checked.unsigned += 1,
            }
        }
    }
}

/// Every copy of an entry that was ever handed over, by site and node.
pub async fn copies(db: &Db, now: UtcMs, entry: EntryId) -> Result<Vec<EntryCopy>> {
    let sql = "SELECT c.edge, g.name AS edge_name, g.site, s.name AS site_name, s.utc_offset_minutes, c.handed_at, e.last_day, \
               e.ended_at, g.retired_at, g.public_key, r.version, r.removed_at, r.received_at, r.signed_text, r.signature, r.body \
               FROM entry_copy c JOIN entry e ON e.id = c.entry JOIN edge g ON g.id = c.edge JOIN site s ON s.id = g.site \
               LEFT JOIN receipt r ON r.edge = c.edge AND r.entry = c.entry \
               WHERE c.entry = $1 ORDER BY s.name, g.name, g.id";
    let rows = db.all(sql, args![entry]).await?;
    rows.iter().map(|row| read(row, now, entry)).collect()
}

/// Marks the copies that have become late, with an audit row and an event each. Returns how many.
pub async fn mark_late(db: &Db, now: UtcMs) -> Result<usize> {
    let cut = now - LATE_AFTER_MS;
    // What was due more than a month ago was marked then.
    let sql = "SELECT c.edge, c.entry FROM entry e JOIN entry_copy c ON c.entry = e.id \
               JOIN edge g ON g.id = c.edge JOIN site s ON s.id = g.site \
               WHERE c.late_at IS NULL AND g.retired_at IS NULL \
               AND ((e.ended_at IS NOT NULL AND e.ended_at > $2) OR (e.ended_at IS NULL AND e.last_day < $3)) \
               AND (e.ended_at <= $1 OR e.last_day < strftime('%Y-%m-%d', $1 / 1000 + 60 * s.utc_offset_minutes, 'unixepoch')) \
               AND NOT EXISTS (SELECT 1 FROM receipt r WHERE r.edge = c.edge AND r.entry = c.entry)";
    let furthest_east = tapal_domain::day::Day::at(now, 14 * 60).to_string();
    let rows = db
        .all(sql, args![cut, now - 31 * DAY_MS, furthest_east])
        .await?;
    for row in &rows {
        let (edge, entry): (EdgeId, EntryId) = (row.id("edge")?, row.id("entry")?);
        let mut tx = db.begin(now).await?;
        let sql = "UPDATE entry_copy SET late_at = $3 WHERE edge = $1 AND entry = $2";
        tx.run(sql, args![edge, entry, now]).await?;
        tell(&mut tx, edge, entry, "entry.removal_late").await?;
        let note = Note::new(By::Clock, "entry.removal_late", "entry", entry);
        tx.commit(note.with(serde_json::json!({ "edge": edge })))
            .await?;
    }
    Ok(rows.len())
}

/// How many removals each node is late with.
pub async fn late(db: &Db) -> Result<HashMap<EdgeId, i64>> {
    let sql = "SELECT c.edge, COUNT(*) AS n FROM entry_copy c JOIN edge g ON g.id = c.edge \
               WHERE c.late_at IS NOT NULL AND g.retired_at IS NULL \
               AND NOT EXISTS (SELECT 1 FROM receipt r WHERE r.edge = c.edge AND r.entry = c.entry) GROUP BY c.edge";
    let rows = db.all(sql, args![]).await?;
    rows.iter()
        .map(|row| Ok((row.id("edge")?, row.int("n")?)))
        .collect()
}
