//! What a site's node must add to and remove from its list. Must not send a name, a photograph or an order.

use tapal_domain::{
    day::Day,
    entry::ListKind,
    id::{EntryId, SiteId},
    time::UtcMs,
    wire::EntryTemplate,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    db::{Db, Row, args},
    error::{Error, Result},
};

/// Changes between two list versions of one site.
#[derive(Clone, Debug, Default)]
pub struct Delta {
    /// Version it starts from; 0 means the whole list.
    pub since: i64,
    /// Version it leads to.
    pub version: i64,
    /// New or changed entries.
    pub upserts: Vec<EntryTemplate>,
    /// Entries to remove.
    pub removals: Vec<EntryId>,
}

/// Changes after version `since`, with the instants of the site's own zone, of entries with a template of `model_id`. The whole list when `since` is 0, unknown, or further than the centre is.
pub async fn delta(db: &Db, site: SiteId, since: i64, model_id: &str, now: UtcMs) -> Result<Delta> {
    let own = crate::site::get(db, site).await?;
    let (version, offset) = (own.list_version, own.utc_offset_minutes);
    let lists = crate::site::deployment(db, site)
        .await?
        .map(|record| record.lists)
        .unwrap_or_default();
    let lists = serde_json::to_string(&lists).map_err(Error::other)?;
    let since = if (0..=version).contains(&since) {
        since
    } else {
        0
    };
    // An entry without a template for this model cannot match: it is not on the list the node gets. Nor is one that the
    // enrolment audit holds back.
    let sql = "SELECT e.id, e.list, e.first_day, e.last_day, e.version, p.id AS photo, p.template_sealed \
               FROM entry e JOIN entry_photo p ON p.entry = e.id AND p.model_id = $6 \
               WHERE e.list IN (SELECT value FROM json_each($1)) AND e.ended_at IS NULL AND e.last_day >= $2 \
               AND NOT EXISTS (SELECT 1 FROM entry_hold h WHERE h.entry = e.id AND h.decided_at IS NULL) \
               AND ($3 = 0 OR e.id IN (SELECT entry FROM list_change WHERE site = $4 AND version > $3 AND version <= $5)) \
               ORDER BY e.id, p.n";
    let values = args![
        lists,
        Day::at(now, offset).to_string(),
        since,
        site,
        version,
        model_id
    ];
    let mut upserts: Vec<EntryTemplate> = Vec::new();
    for row in &db.all(sql, values).await? {
        let id: EntryId = row.id("id")?;
        let template = template(db, row)?;
        match upserts.last_mut() {
            Some(last) if last.entry == id => last.templates.push(template),
            _ => upserts.push(upsert(id, row, template, offset)?),
        }
    }
    let mut removals = Vec::new();
    if since > 0 {
        let sql = "SELECT DISTINCT entry FROM list_change WHERE site = $1 AND version > $2 AND version <= $3 ORDER BY entry";
        for row in db.all(sql, args![site, since, version]).await? {
            let entry: EntryId = row.id("entry")?;
            if !upserts.iter().any(|kept| kept.entry == entry) {
                removals.push(entry);
            }
        }
    }
    Ok(Delta {
        since,
        version,
        upserts,
        removals,
    })
}

fn template(db: &Db, row: &Row) -> Result<String> {
    let plain = db.vault().open(
        "entry_photo",
        &row.text("photo")?,
        "template",
        &row.blob("template_sealed")?,
    )?;
    Ok(STANDARD.encode(&plain[..]))
}

fn upsert(
    entry: EntryId,
    row: &Row,
    template: String,
    utc_offset_minutes: i64,
) -> Result<EntryTemplate> {
    Ok(EntryTemplate {
        entry,
        entry_version: row.int("version")?.try_into().map_err(Error::other)?,
        list: row.name::<ListKind>("list")?,
        in_force_from: row.day("first_day")?.starts(utc_offset_minutes),
        in_force_to: row.day("last_day")?.ends(utc_offset_minutes),
        templates: vec![template],
    })
}
