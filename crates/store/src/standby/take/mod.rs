//! What the centre makes of a record that a standby server hands in: recorded once, known already, or kept sealed for a
//! person. One change with its audit rows each. Must not decide again about a traveller, nor drop anything.

mod crossing;
mod holder;

use serde_json::{Value, json};
use tapal_domain::{
    alert::Timers,
    id::{AccountId, FindingId, SiteId, StandbyId},
    role::{Permission, Role},
    standby::{Finding, FindingKind, NotRecorded, Noun, Record, Taken, Where},
    time::UtcMs,
};

use super::finding;
use crate::{
    alert,
    audit::Note,
    db::{Db, Tx, args, to_json},
    error::Result,
    second_line,
};

/// Who hands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct From {
    /// The standby server.
    pub id: StandbyId,
    /// Its checkpoint; it speaks for no other.
    pub site: SiteId,
}

/// What the caller found out, and ids for what may be found.
#[derive(Clone, Debug)]
pub struct With<'a> {
    /// Why the centre's own desk would not have let this traveller pass: codes and ids. `None` where it would have.
    pub objection: Option<Value>,
    /// Ids of two findings at most.
    pub findings: [FindingId; 2],
    /// When alerts move on.
    pub timers: &'a Timers,
}

/// What a record came to, within its change.
pub(crate) enum Went {
    /// It was there already.
    Known,
    /// Recorded; an audit row each for what was done.
    Recorded(Vec<Note>),
    /// The centre's record went another way.
    Diverged,
    /// This id names another record.
    Differs,
    /// No such thing can be recorded.
    Unlawful(NotRecorded),
}

impl std::convert::From<NotRecorded> for Went {
    fn from(why: NotRecorded) -> Self {
        Self::Unlawful(why)
    }
}

/// Takes one record. Whatever fails for a reason of the moment is an error, and nothing was taken.
pub async fn record(
    db: &Db,
    now: UtcMs,
    from: From,
    record: &Record,
    with: &With<'_>,
) -> Result<Taken> {
    let mut tx = db.begin(now).await?;
    let place = place(&mut tx, from).await?;
    let went = match record {
        Record::Crossing(handed) => crossing::take(&mut tx, from, &place, handed, with).await?,
        Record::Holder(handed) => holder::take(&mut tx, from, handed, with.findings[0]).await?,
        Record::Case(handed) => second_line::handed::take(&mut tx, from.id, &place, handed).await?,
        Record::Alert(handed) => {
            alert::handed::take(&mut tx, from.id, &place, handed, with.timers).await?
        }
    };
    let (kind, detail) = match went {
        Went::Known => return Ok(Taken::Known),
        Went::Recorded(mut notes) => {
            let Some(last) = notes.pop() else {
                return Ok(Taken::Known);
            };
            for note in notes {
                tx.note(note).await?;
            }
            tx.commit(last).await?;
            return Ok(Taken::Recorded);
        }
        Went::Diverged => (FindingKind::Diverged, json!({})),
        Went::Differs => (FindingKind::Differs, json!({})),
        Went::Unlawful(why) => (FindingKind::Unlawful, json!({ "reasons": [why.code()] })),
    };
    // Nothing of it stays but what a person must look at.
    drop(tx);
    keep(db, now, from, record, (with.findings[0], kind, detail)).await?;
    Ok(Taken::Kept)
}

async fn keep(
    db: &Db,
    now: UtcMs,
    from: From,
    record: &Record,
    (id, kind, mut detail): (FindingId, FindingKind, Value),
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    detail["by"] = json!(record.by());
    let found = Finding {
        id,
        kind,
        noun: record.noun(),
        of: record.of(),
    };
    let content = to_json(record)?;
    if let Some(note) = finding::put(&mut tx, from, &found, detail, Some(&content)).await? {
        tx.commit(note).await?;
    }
    Ok(())
}

/// Notes something about a record that is being recorded; its audit row goes with it.
async fn found(
    tx: &mut Tx,
    from: From,
    (id, kind): (FindingId, FindingKind),
    (noun, of): (Noun, String),
    detail: Value,
) -> Result<Option<Note>> {
    let found = Finding { id, kind, noun, of };
    finding::put(tx, from, &found, detail, None).await
}

async fn place(tx: &mut Tx, from: From) -> Result<Where> {
    let sql = "SELECT kind, utc_offset_minutes FROM site WHERE id = $1";
    let row = tx.one(sql, args![from.site]).await?;
    Ok(Where {
        site: from.site,
        kind: row.name("kind")?,
        utc_offset_minutes: row.int("utc_offset_minutes")?,
    })
}

/// The role of an account that may work at this checkpoint; `None` when there is no such account.
pub(crate) async fn role_of(tx: &mut Tx, account: AccountId, site: SiteId) -> Result<Option<Role>> {
    let sql = "SELECT role FROM account WHERE id = $1 AND (site IS NULL OR site = $2)";
    let row = tx.first(sql, args![account, site]).await?;
    row.map(|row| row.name("role")).transpose()
}

/// Whether this account has this right at this checkpoint.
pub(crate) async fn may(
    tx: &mut Tx,
    account: AccountId,
    site: SiteId,
    permission: Permission,
) -> Result<bool> {
    let role = role_of(tx, account, site).await?;
    Ok(role.is_some_and(|role| role.may(permission)))
}

/// The audit row of something that was done at a checkpoint alone: it says which standby server handed it in.
pub(crate) fn of_standby(mut note: Note, standby: StandbyId) -> Note {
    note.detail["standby"] = json!(standby);
    note
}
