//! Many invented crossings at once, for the demonstration, tests and measuring. Must not be called from a route: it
//! writes one audit row for all of them and wakes nobody.

use super::{NewCrossing, content_hash, write};
use crate::{
    audit::{By, Note},
    db::Db,
    error::Result,
};
use tapal_domain::time::UtcMs;

/// Records them as of `now`, in their order, in one change.
pub async fn seed(db: &Db, now: UtcMs, all: &[NewCrossing]) -> Result<()> {
    let Some(first) = all.first() else {
        return Ok(());
    };
    let mut tx = db.begin(now).await?;
    for new in all {
        let hash = content_hash(new)?;
        write(&mut tx, new, hash, None).await?;
    }
    let note = Note::new(By::System, "crossing.set_up", "crossing", first.id);
    tx.commit(note.with(serde_json::json!({ "n": all.len() })))
        .await
}
