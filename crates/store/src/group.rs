//! Group labels of a site: proposed and decided sets, the label of an alert judged false, passers-by counted. Every change
//! is one transaction with its audit row. Must not decide who may, nor write a person's label into the audit record.

use serde::Serialize;
use tapal_domain::{
    group::{Counted, LabelSet},
    id::{AccountId, AlertId, ProposalId, SiteId},
    policy::Decision,
    time::UtcMs,
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, args, to_json},
    error::{Error, Result},
};

/// One set of labels: proposed, decided, in force or ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = GroupSet))]
pub struct GroupSet {
    /// Its id.
    pub id: ProposalId,
    /// The site.
    pub site: SiteId,
    /// Labels and legal ground.
    #[serde(flatten)]
    pub set: LabelSet,
    /// By whom.
    pub proposed_by: AccountId,
    /// When.
    pub proposed_at: UtcMs,
    /// What was decided, if anything yet.
    pub decision: Option<Decision>,
    /// By whom.
    pub decided_by: Option<AccountId>,
    /// When.
    pub decided_at: Option<UtcMs>,
    /// Why.
    pub reason: Option<String>,
    /// When it ceased to hold: replaced, or ended.
    pub ended_at: Option<UtcMs>,
}

fn read(row: &Row) -> Result<GroupSet> {
    let decision = match row.opt_text("decision")? {
        Some(_) => Some(row.name::<Decision>("decision")?),
        None => None,
    };
    Ok(GroupSet {
        id: row.id("id")?,
        site: row.id("site")?,
        set: LabelSet {
            labels: row.json("labels")?,
            legal_ground: row.text("legal_ground")?,
        },
        proposed_by: row.id("proposed_by")?,
        proposed_at: row.at("proposed_at")?,
        decision,
        decided_by: row.opt_id("decided_by")?,
        decided_at: row.opt_at("decided_at")?,
        reason: row.opt_text("reason")?,
        ended_at: row.opt_at("ended_at")?,
    })
}

/// One set.
pub async fn get(db: &Db, id: ProposalId) -> Result<GroupSet> {
    let sql = "SELECT * FROM group_set WHERE id = $1";
    read(&db.one(sql, args![id]).await?)
}

/// The set in force at a site; `None` where no groups are recorded.
pub async fn in_force(db: &Db, site: SiteId) -> Result<Option<GroupSet>> {
    let sql =
        "SELECT * FROM group_set WHERE site = $1 AND decision = 'approve' AND ended_at IS NULL";
    db.first(sql, args![site])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// The set that waits for a decision at a site, if any.
pub async fn waiting(db: &Db, site: SiteId) -> Result<Option<GroupSet>> {
    let sql = "SELECT * FROM group_set WHERE site = $1 AND decision IS NULL";
    db.first(sql, args![site])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// Records a proposal; [`Error::Conflict`] while another one waits at the site.
pub async fn propose(db: &Db, new: &GroupSet) -> Result<()> {
    let mut tx = db.begin(new.proposed_at).await?;
    let sql = "INSERT INTO group_set (id, site, labels, legal_ground, proposed_by, proposed_at) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = args![
        new.id,
        new.site,
        to_json(&new.set.labels)?,
        &new.set.legal_ground,
        new.proposed_by,
        new.proposed_at
    ];
    tx.run(sql, values).await?;
    let detail = serde_json::json!({ "proposal": new.id, "set": new.set });
    tx.commit(note(By::Account(new.proposed_by), "group.proposed", new.site).with(detail))
        .await
}

/// Records a decision; an approval ends the set in force before. [`Error::NotFound`] when somebody else decided first.
pub async fn decide(
    db: &Db,
    now: UtcMs,
    waiting: &GroupSet,
    by: AccountId,
    decision: Decision,
    reason: &str,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    if decision == Decision::Approve {
        let sql = "UPDATE group_set SET ended_at = $2 WHERE site = $1 AND decision = 'approve' AND ended_at IS NULL";
        tx.run(sql, args![waiting.site, now]).await?;
    }
    let sql = "UPDATE group_set SET decision = $2, decided_by = $3, decided_at = $4, reason = $5 \
               WHERE id = $1 AND decision IS NULL RETURNING id";
    tx.one(sql, args![waiting.id, decision.name(), by, now, reason])
        .await?;
    let action = match decision {
        Decision::Approve => "group.approved",
        Decision::Reject => "group.rejected",
        Decision::Withdraw => "group.withdrawn",
    };
    let detail = serde_json::json!({ "proposal": waiting.id, "proposed_by": waiting.proposed_by, "set": waiting.set });
    tx.commit(note(By::Account(by), action, waiting.site).with(detail))
        .await
}

/// Ends the set in force: nothing is recorded from now on. [`Error::NotFound`] when it has ended already.
pub async fn end(db: &Db, now: UtcMs, by: By, set: &GroupSet) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE group_set SET ended_at = $2 WHERE id = $1 AND decision = 'approve' AND ended_at IS NULL RETURNING id";
    tx.one(sql, args![set.id, now]).await?;
    let detail = serde_json::json!({ "proposal": set.id });
    tx.commit(note(by, "group.ended", set.site).with(detail))
        .await
}

/// Records an attempt that was refused, such as deciding on one's own proposal.
pub async fn refused(db: &Db, now: UtcMs, by: By, set: &GroupSet, code: &str) -> Result<()> {
    let detail = serde_json::json!({ "proposal": set.id, "code": code });
    let note = note(by, "group.refused", set.site).with(detail);
    crate::audit::record(db, now, note).await
}

/// Whether an alert carries a label already.
pub async fn is_labelled(db: &Db, alert: AlertId) -> Result<bool> {
    let sql = "SELECT alert FROM group_label WHERE alert = $1";
    Ok(db.first(sql, args![alert]).await?.is_some())
}

/// Records the one label of an alert that ended as `not_same`. [`Error::Conflict`] when it has one, [`Error::NotFound`]
/// when the set is no longer in force or the alert ended otherwise. The audit row says that, not which.
pub async fn label(
    db: &Db,
    now: UtcMs,
    by: AccountId,
    alert: AlertId,
    set: &GroupSet,
    label: &str,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO group_label (alert, group_set, label, recorded_by, recorded_at) \
               SELECT a.id, g.id, $3, $4, $5 FROM alert a JOIN group_set g ON g.site = a.site \
               WHERE a.id = $1 AND a.status = 'not_same' AND g.id = $2 AND g.decision = 'approve' AND g.ended_at IS NULL";
    if tx.run(sql, args![alert, set.id, label, by, now]).await? == 0 {
        return Err(Error::NotFound);
    }
    let detail = serde_json::json!({ "proposal": set.id });
    let note = Note::new(By::Account(by), "group.label_recorded", "alert", alert);
    tx.commit(note.with(detail)).await
}

/// Sets how many people of a label walked past on a local day; a count of before is replaced, and both are audited.
pub async fn count(
    db: &Db,
    now: UtcMs,
    by: AccountId,
    set: &GroupSet,
    (day, label): (i64, &str),
    passers_by: u64,
) -> Result<()> {
    let passers_by = i64::try_from(passers_by).map_err(Error::other)?;
    let mut tx = db.begin(now).await?;
    let sql = "SELECT passers_by FROM group_count WHERE group_set = $1 AND day = $2 AND label = $3";
    let old = match tx.first(sql, args![set.id, day, label]).await? {
        Some(row) => Some(row.int("passers_by")?),
        None => None,
    };
    let sql = "INSERT INTO group_count (group_set, day, label, passers_by, recorded_by, recorded_at) \
               SELECT id, $2, $3, $4, $5, $6 FROM group_set WHERE id = $1 AND decision = 'approve' AND ended_at IS NULL \
               ON CONFLICT (group_set, day, label) DO UPDATE SET passers_by = excluded.passers_by, \
               recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at";
    let values = args![set.id, day, label, passers_by, by, now];
    if tx.run(sql, values).await? == 0 {
        return Err(Error::NotFound);
    }
    let detail = serde_json::json!({ "proposal": set.id, "day": day, "label": label, "old": old, "new": passers_by });
    tx.commit(note(By::Account(by), "group.counted", set.site).with(detail))
        .await
}

/// One count of passers-by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// Days since 1970-01-01 in local time.
    pub day: i64,
    /// The label.
    pub label: String,
    /// People who walked past.
    pub passers_by: u64,
}

/// Counts of passers-by from `from` to `to`, both included, newest first.
pub async fn counts(db: &Db, set: ProposalId, from: i64, to: i64) -> Result<Vec<DayCount>> {
    let sql = "SELECT day, label, passers_by FROM group_count WHERE group_set = $1 AND day >= $2 AND day <= $3 \
               ORDER BY day DESC, label";
    let rows = db.all(sql, args![set, from, to]).await?;
    let read = |row: &Row| {
        Ok(DayCount {
            day: row.int("day")?,
            label: row.text("label")?,
            passers_by: row.int("passers_by")?.unsigned_abs(),
        })
    };
    rows.iter().map(read).collect()
}

/// What was counted of each label of a set, in its order, and the false alerts without a label. An alert counts on the
/// local day it was received, and only where passers-by were counted that day: of its label, or of any when it has none.
pub async fn tally(db: &Db, set: &GroupSet, from: i64, to: i64) -> Result<(Vec<Counted>, u64)> {
    let mut rows: Vec<Counted> = set
        .set
        .labels
        .iter()
        .map(|label| Counted {
            label: label.clone(),
            passers_by: 0,
            false_alerts: 0,
        })
        .collect();
    for count in counts(db, set.id, from, to).await? {
        if let Some(row) = rows.iter_mut().find(|row| row.label == count.label) {
            row.passers_by += count.passers_by;
        }
    }
    let sql = "SELECT x.label, COUNT(*) AS n FROM (\
                 SELECT l.label, (a.received_at + s.utc_offset_minutes * 60000) / 86400000 AS day \
                 FROM alert a JOIN site s ON s.id = a.site \
                 LEFT JOIN group_label l ON l.alert = a.id AND l.group_set = $2 \
                 WHERE a.site = $1 AND a.status = 'not_same' \
                 AND a.received_at >= ($3 - 1) * 86400000 AND a.received_at < ($4 + 2) * 86400000) x \
               WHERE x.day >= $3 AND x.day <= $4 AND EXISTS (SELECT 1 FROM group_count c \
                 WHERE c.group_set = $2 AND c.day = x.day AND (x.label IS NULL OR c.label = x.label)) GROUP BY x.label";
    let mut unlabelled = 0;
    for found in db.all(sql, args![set.site, set.id, from, to]).await? {
        let n = found.int("n")?.unsigned_abs();
        match found.opt_text("label")? {
            None => unlabelled += n,
            Some(label) => {
                if let Some(row) = rows.iter_mut().find(|row| row.label == label) {
                    row.false_alerts += n;
                }
            }
        }
    }
    Ok((rows, unlabelled))
}

fn note(by: By, action: &'static str, site: SiteId) -> Note {
    Note::new(by, action, "group", site)
}
