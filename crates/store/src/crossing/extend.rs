//! More time in the country, given to the stay that began with an entry. Must not decide whether it may be given (the
//! domain does), nor change what was given before.

use tapal_domain::{
    day::Day,
    id::{AccountId, CrossingId},
    time::UtcMs,
};

use crate::{
    audit::{By, Note},
    db::{Db, args},
    error::{Error, Result},
};

/// More time for a stay.
#[derive(Clone, Debug)]
pub struct Extension {
    /// The record of the entry, the one that stands now.
    pub entry: CrossingId,
    /// The new last lawful day.
    pub until: Day,
    /// Number of the decision that gave it.
    pub reference: String,
}

/// Records it with its audit row. `Conflict` when the record was corrected meanwhile.
pub async fn extend(db: &Db, now: UtcMs, officer: AccountId, more: &Extension) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let stands = "SELECT id FROM crossing WHERE id = $1 AND outcome = 'entered' \
                  AND NOT EXISTS (SELECT 1 FROM crossing k WHERE k.corrects = crossing.id)";
    if tx.first(stands, args![more.entry]).await?.is_none() {
        return Err(Error::Conflict(
            "this record of an entry does not stand any more".into(),
        ));
    }
    let sql = "INSERT INTO stay_extension (entry, n, until, reference, officer, at) \
               SELECT $1, COALESCE((SELECT MAX(n) FROM stay_extension WHERE entry = $1), 0) + 1, $2, $3, $4, $5";
    let values = args![more.entry, more.until, more.reference.clone(), officer, now];
    tx.run(sql, values).await?;
    let note = Note::new(
        By::Account(officer),
        "stay.extended",
        "crossing",
        more.entry,
    );
    tx.commit(note.with(serde_json::json!({ "until": more.until })))
        .await
}
