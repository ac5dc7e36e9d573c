//! Proposed and decided changes of the rule packs. Must not judge a pack's text, nor who may decide (the domain does).

use serde::Serialize;
use tapal_domain::{
    id::{AccountId, ProposalId},
    policy::Decision,
    time::UtcMs,
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, args},
    error::Result,
};

/// One proposed pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = RulePackProposal))]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// Id of the pack.
    pub pack: String,
    /// The whole pack as text (TOML).
    pub text: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub proposed_by: AccountId,
    /// When.
    pub proposed_at: UtcMs,
    /// What was decided, if anything yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// By whom.
    pub decided_by: Option<AccountId>,
    /// When.
    pub decided_at: Option<UtcMs>,
    /// Why.
    pub decision_reason: Option<String>,
}

fn read(row: &Row) -> Result<Proposal> {
    let decision = match row.opt_text("decision")? {
        Some(_) => Some(row.name::<Decision>("decision")?),
        None => None,
    };
    Ok(Proposal {
        id: row.id("id")?,
        pack: row.text("pack")?,
        text: row.text("text")?,
        reason: row.text("reason")?,
        proposed_by: row.id("proposed_by")?,
        proposed_at: row.at("proposed_at")?,
        decision,
        decided_by: row.opt_id("decided_by")?,
        decided_at: row.opt_at("decided_at")?,
        decision_reason: row.opt_text("decision_reason")?,
    })
}

/// Records a proposal. A conflict when one waits for the same pack.
pub async fn propose(db: &Db, now: UtcMs, by: By, new: &Proposal) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO rule_pack_proposal (id, pack, text, reason, proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = args![
        new.id,
        &new.pack,
        &new.text,
        &new.reason,
        new.proposed_by,
        now
    ];
    tx.run(sql, values).await?;
    let detail = serde_json::json!({ "proposal": new.id, "reason": new.reason });
    tx.commit(Note::new(by, "rule_pack.proposed", "rule_pack", &new.pack).with(detail))
        .await
}

/// One proposal.
pub async fn get(db: &Db, id: ProposalId) -> Result<Proposal> {
    let sql = "SELECT * FROM rule_pack_proposal WHERE id = $1";
    read(&db.one(sql, args![id]).await?)
}

/// Proposals, waiting ones first, then newest first; at most 50.
pub async fn list(db: &Db) -> Result<Vec<Proposal>> {
    let sql = "SELECT * FROM rule_pack_proposal ORDER BY decision IS NOT NULL, id DESC LIMIT 50";
    db.all(sql, args![]).await?.iter().map(read).collect()
}

/// Records a decision. Not found when somebody else decided first.
pub async fn decide(
    db: &Db,
    now: UtcMs,
    by: AccountId,
    proposal: &Proposal,
    (decision, reason): (Decision, &str),
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE rule_pack_proposal SET decision = $2, decided_by = $3, decided_at = $4, decision_reason = $5 \
               WHERE id = $1 AND decision IS NULL RETURNING id";
    tx.one(sql, args![proposal.id, decision.name(), by, now, reason])
        .await?;
    let action = match decision {
        Decision::Approve => "rule_pack.approved",
        Decision::Reject => "rule_pack.rejected",
        Decision::Withdraw => "rule_pack.withdrawn",
    };
    let detail = serde_json::json!({ "proposal": proposal.id, "proposed_by": proposal.proposed_by, "reason": reason });
    tx.commit(Note::new(By::Account(by), action, "rule_pack", &proposal.pack).with(detail))
        .await
}

/// Records an attempt that was refused, such as deciding on one's own proposal.
pub async fn refused(db: &Db, now: UtcMs, by: By, proposal: &Proposal, code: &str) -> Result<()> {
    let detail = serde_json::json!({ "proposal": proposal.id, "code": code });
    let note = Note::new(by, "rule_pack.refused", "rule_pack", &proposal.pack).with(detail);
    crate::audit::record(db, now, note).await
}

/// When the last approval was, and the text approved last for each pack.
pub async fn approved(db: &Db) -> Result<(Option<UtcMs>, Vec<String>)> {
    let sql = "SELECT text, MAX(decided_at) AS at FROM rule_pack_proposal WHERE decision = 'approve' GROUP BY pack ORDER BY pack";
    let (mut last, mut texts) = (None, Vec::new());
    for row in db.all(sql, args![]).await? {
        last = last.max(Some(row.at("at")?));
        texts.push(row.text("text")?);
    }
    Ok((last, texts))
}
