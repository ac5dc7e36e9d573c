//! What the outside registry answered last, sealed, by the mark of the document asked for. Must not stand for an answer of
//! today: whoever shows it says how old it is.

use tapal_domain::time::UtcMs;

use crate::{
    audit::Note,
    db::{Db, args},
    document,
    error::Result,
    vault::hex,
};

/// An answer as it was kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its JSON text; empty when the registry had no such document.
    pub json: String,
    /// Its ETag.
    pub etag: Option<String>,
    /// Whether there was such a document.
    pub found: bool,
    /// When it was asked for, or confirmed.
    pub asked_at: UtcMs,
}

impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answered(redacted)")
    }
}

/// Keeps an answer with the audit row of the question.
pub async fn keep_answer(
    db: &Db,
    note: Note,
    issuing_state: &str,
    number: &str,
    answer: &Answered,
) -> Result<()> {
    let mark = document::mark(db.vault(), issuing_state, number)?;
    let mut tx = db.begin(answer.asked_at).await?;
    let sealed = tx.vault().seal(
        "holder_outside",
        &hex(&mark),
        "answer",
        answer.json.as_bytes(),
    )?;
    let sql = "INSERT INTO holder_outside (mark, answer_sealed, etag, found, asked_at) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (mark) DO UPDATE SET answer_sealed = $2, etag = $3, found = $4, asked_at = $5";
    tx.run(
        sql,
        args![
            mark,
            sealed,
            answer.etag.clone(),
            answer.found,
            answer.asked_at
        ],
    )
    .await?;
    tx.commit(note).await
}

/// The answer kept about a document.
pub async fn last_answer(db: &Db, issuing_state: &str, number: &str) -> Result<Option<Answered>> {
    let mark = document::mark(db.vault(), issuing_state, number)?;
    let sql = "SELECT answer_sealed, etag, found, asked_at FROM holder_outside WHERE mark = $1";
    let Some(row) = db.first(sql, args![mark.clone()]).await? else {
        return Ok(None);
    };
    let plain = db.vault().open(
        "holder_outside",
        &hex(&mark),
        "answer",
        &row.blob("answer_sealed")?,
    )?;
    Ok(Some(Answered {
        json: String::from_utf8_lossy(&plain).into_owned(),
        etag: row.opt_text("etag")?,
        found: row.flag("found")?,
        asked_at: row.at("asked_at")?,
    }))
}
