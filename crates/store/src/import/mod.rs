//! Imports: the file that was handed in, its rows, and how far the work on it has come. What rows say is encrypted.
//! Must not let anything be recorded twice: each chunk moves the import's own mark in the same change.

mod photo;
mod record;
mod row;

use tapal_domain::{
    entry::Agency,
    id::{AccountId, ImportId},
    import::{Format, Phase},
    time::UtcMs,
};
use zeroize::Zeroizing;

pub use photo::{ImportPhoto, attach, photographed, photos, place_of, refuse_photo};
pub use record::{Made, Waiting, decided, record, waiting};
pub use row::{ImportRow, Staged, Tally, rows, stage, tally, to_explain, to_record};

use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, Unaudited, args, to_name},
    error::{Error, Result},
    order::batch,
};

/// One import.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// Whose orders.
    pub agency: Agency,
    /// How the file is written.
    pub format: Format,
    /// Where it stands.
    pub phase: Phase,
    /// When it was handed in.
    pub created_at: UtcMs,
    /// When it last moved on.
    pub changed_at: UtcMs,
    /// Who handed it in.
    pub created_by: AccountId,
    /// Who had its orders recorded.
    pub applied_by: Option<AccountId>,
    /// Who approved or ended them.
    pub decided_by: Option<AccountId>,
    /// Size of the file.
    pub bytes: i64,
    /// Rows of the work under way, as far as that is known; 0 when not.
    pub total: i64,
    /// Rows of it that are done.
    pub done: i64,
    /// The row up to which the work is done.
    pub mark: i64,
    /// Rows of the file that are not persons.
    pub skipped: i64,
    /// Why it failed or rests, as a code.
    pub problem: Option<String>,
}

fn read(row: &Row) -> Result<Import> {
    Ok(Import {
        id: row.id("id")?,
        agency: row.name("agency")?,
        format: row.name("format")?,
        phase: row.name("phase")?,
        created_at: row.at("created_at")?,
        changed_at: row.at("changed_at")?,
        created_by: row.id("created_by")?,
        applied_by: row.opt_id("applied_by")?,
        decided_by: row.opt_id("decided_by")?,
        bytes: row.int("bytes")?,
        total: row.int("total")?,
        done: row.int("done")?,
        mark: row.int("mark")?,
        skipped: row.int("skipped")?,
        problem: row.opt_text("problem")?,
    })
}

/// Records a file that arrived. `setup` is JSON text; the store does not read it.
pub async fn add(db: &Db, now: UtcMs, by: By, import: &Import, setup: &str) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sealed = seal(&tx, import.id, "setup", setup)?;
    let sql = "INSERT INTO import (id, agency, format, phase, created_at, changed_at, created_by, setup_sealed, bytes, total, done, mark, skipped) \
               VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, 0, 0, 0)";
    let values = args![
        import.id,
        import.agency.name(),
        import.format.name(),
        import.phase.name(),
        now,
        import.created_by,
        sealed,
        import.bytes,
        import.total
    ];
    tx.run(sql, values).await?;
    let detail = serde_json::json!({ "agency": import.agency, "format": import.format, "bytes": import.bytes });
    tx.commit(Note::new(by, "import.uploaded", "import", import.id).with(detail))
        .await
}

fn seal(tx: &Tx, id: ImportId, column: &str, plain: &str) -> Result<Vec<u8>> {
    tx.vault()
        .seal("import", &id.to_string(), column, plain.as_bytes())
}

/// One import, of `agency` where that is given: what belongs to another one does not exist.
pub async fn get(db: &Db, id: ImportId, agency: Option<Agency>) -> Result<Import> {
    let sql = "SELECT * FROM import WHERE id = $1 AND ($2 IS NULL OR agency = $2)";
    read(&db.one(sql, args![id, agency.map(Agency::name)]).await?)
}

/// Imports, newest first.
pub async fn list(
    db: &Db,
    agency: Option<Agency>,
    before: Option<ImportId>,
    limit: i64,
) -> Result<Vec<Import>> {
    let sql = "SELECT * FROM import WHERE ($1 IS NULL OR agency = $1) AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3";
    let rows = db
        .all(sql, args![agency.map(Agency::name), before, limit])
        .await?;
    rows.iter().map(read).collect()
}

/// What was said about the file, as JSON text.
pub async fn setup(db: &Db, id: ImportId) -> Result<Zeroizing<Vec<u8>>> {
    let row = db
        .one("SELECT setup_sealed FROM import WHERE id = $1", args![id])
        .await?;
    let sealed = row.blob("setup_sealed")?;
    db.vault().open("import", &id.to_string(), "setup", &sealed)
}

/// Why an import is undone, in the approver's words.
pub async fn note(db: &Db, id: ImportId) -> Result<String> {
    let row = db
        .one("SELECT note_sealed FROM import WHERE id = $1", args![id])
        .await?;
    let Some(sealed) = row.opt_blob("note_sealed")? else {
        return Ok(String::new());
    };
    let plain = db
        .vault()
        .open("import", &id.to_string(), "note", &sealed)?;
    String::from_utf8(plain.to_vec()).map_err(Error::other)
}

/// What goes with a step of an import.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// What the file means, as JSON text.
    pub setup: Option<String>,
    /// Why.
    pub note: Option<String>,
    /// Who has its orders recorded.
    pub applied_by: Option<AccountId>,
    /// Who decides.
    pub decided_by: Option<AccountId>,
    /// Rows of the work that begins.
    pub total: Option<i64>,
}

/// Moves an import from one phase to the next. A conflict when somebody was quicker.
pub async fn advance(
    db: &Db,
    now: UtcMs,
    by: By,
    import: &Import,
    to: Phase,
    step: Step,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let setup = step.setup.as_ref();
    let setup = setup
        .map(|text| seal(&tx, import.id, "setup", text))
        .transpose()?;
    let note = step.note.as_ref();
    let note = note
        .map(|text| seal(&tx, import.id, "note", text))
        .transpose()?;
    let sql = "UPDATE import SET phase = $3, changed_at = $4, mark = 0, done = 0, problem = NULL, \
               setup_sealed = COALESCE($5, setup_sealed), note_sealed = COALESCE($6, note_sealed), \
               applied_by = COALESCE($7, applied_by), decided_by = COALESCE($8, decided_by), total = COALESCE($9, total) \
               WHERE id = $1 AND phase = $2";
    let values = args![
        import.id,
        import.phase.name(),
        to.name(),
        now,
        setup,
        note,
        step.applied_by,
        step.decided_by,
        step.total
    ];
    if tx.run(sql, values).await? == 0 {
        return Err(Error::Conflict(
            "somebody else changed this import just now".into(),
        ));
    }
    if to == Phase::Dropped {
        tx.run("DELETE FROM import_row WHERE of = $1", args![import.id])
            .await?;
    }
    batch::tell(&mut tx, import.id).await?;
    let detail = serde_json::json!({ "phase": to });
    tx.commit(Note::new(by, "import.changed", "import", import.id).with(detail))
        .await
}

/// Ends the work under way: the phase it leads to, or `problem` where it cannot go on.
pub async fn finish(db: &Db, now: UtcMs, import: &Import, problem: Option<&str>) -> Result<()> {
    let failed = import.phase == Phase::Reading && problem.is_some();
    let to = match (failed, problem) {
        (true, _) => Phase::Failed,
        // It rests where it is: a person or the next start goes on with it.
        (false, Some(_)) => import.phase,
        (false, None) => import.phase.done(),
    };
    let mut tx = db.begin(now).await?;
    let sql =
        "UPDATE import SET phase = $3, changed_at = $4, problem = $5 WHERE id = $1 AND phase = $2";
    let values = args![import.id, import.phase.name(), to.name(), now, problem];
    if tx.run(sql, values).await? == 0 {
        return Ok(());
    }
    if failed {
        tx.run("DELETE FROM import_row WHERE of = $1", args![import.id])
            .await?;
    }
    if to == Phase::Preview {
        let sql = "UPDATE import SET total = (SELECT COUNT(*) FROM import_row WHERE of = $1), done = (SELECT COUNT(*) FROM import_row WHERE of = $1) WHERE id = $1";
        tx.run(sql, args![import.id]).await?;
    }
    if to == Phase::Undone {
        // The same rows may come again, put right.
        let sql =
            "DELETE FROM import_key WHERE orders IN (SELECT orders FROM import_row WHERE of = $1)";
        tx.run(sql, args![import.id]).await?;
    }
    batch::tell(&mut tx, import.id).await?;
    let detail = serde_json::json!({ "phase": to, "problem": problem });
    tx.commit(Note::new(By::System, "import.changed", "import", import.id).with(detail))
        .await
}

/// The import the centre works on next.
pub async fn next(db: &Db) -> Result<Option<Import>> {
    let sql = "SELECT * FROM import WHERE phase IN ('reading', 'applying', 'attaching', 'approving', 'undoing') AND problem IS NULL \
               ORDER BY changed_at, id LIMIT 1";
    db.first(sql, args![]).await?.as_ref().map(read).transpose()
}

/// How many imports the centre has work with.
pub async fn queued(db: &Db) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS n FROM import WHERE phase IN ('reading', 'applying', 'attaching', 'approving', 'undoing')";
    db.one(sql, args![]).await?.int("n")
}

/// Lets what rested because of a problem go on: at the start, and when a person asks for `only`.
pub async fn resume(db: &Db, now: UtcMs, only: Option<ImportId>) -> Result<u64> {
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE import SET problem = NULL WHERE problem IS NOT NULL AND ($1 IS NULL OR id = $1) \
               AND phase IN ('reading', 'applying', 'attaching', 'approving', 'undoing')";
    let n = tx.run(sql, args![only]).await?;
    if let Some(id) = only {
        batch::tell(&mut tx, id).await?;
    }
    tx.commit_unaudited(Unaudited::ImportProgress).await?;
    Ok(n)
}

/// Imports nobody went on with since `before`: their files and rows are not kept.
pub async fn stale(db: &Db, before: UtcMs) -> Result<Vec<Import>> {
    let sql = "SELECT * FROM import WHERE phase IN ('uploaded', 'preview', 'failed') AND changed_at < $1 ORDER BY id LIMIT 100";
    let rows = db.all(sql, args![before]).await?;
    rows.iter().map(read).collect()
}

/// Moves the mark of the work under way; a conflict when another hand moved it.
pub(crate) async fn move_mark(
    tx: &mut Tx,
    id: ImportId,
    phase: Phase,
    (from, to): (i64, i64),
    more: i64,
) -> Result<()> {
    let sql = "UPDATE import SET mark = $4, done = done + $5, total = MAX(total, done + $5) WHERE id = $1 AND phase = $2 AND mark = $3";
    let values = args![id, to_name(&phase)?, from, to, more];
    if tx.run(sql, values).await? == 0 {
        return Err(Error::Conflict("this import was moved on already".into()));
    }
    Ok(())
}
