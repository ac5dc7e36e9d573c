//! A site's policy: what is in force with the figures computed from it, proposals and decisions, and the threshold
//! rows that nodes get. Must not compute a threshold (the domain does) nor decide who may (the domain does).

use serde::{Deserialize, Serialize};
use tapal_domain::{
    entry::ListKind,
    id::{AccountId, ProposalId, SiteId},
    policy::{Decision, Setting},
    screening::Threshold,
    time::UtcMs,
};

use crate::{
    audit::{By, Note},
    db::{Db, Row, Tx, args, to_json},
    error::{Error, Result},
};

/// What a setting comes to for one model and one size of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PolicyFigures))]
pub struct Figures {
    /// The model the scores are of.
    pub model_id: String,
    /// Templates of that model on the site's lists when it was computed.
    pub templates: u64,
    /// The size it was computed for: at least `templates`.
    pub planned_for: u64,
    /// Whether the budget is kept; `true` for thresholds set by hand.
    pub kept: bool,
    /// False alerts a day to expect (best value), where a budget and a calibration are there.
    pub per_day: Option<f64>,
    /// One a list.
    pub thresholds: Vec<Threshold>,
}

impl Figures {
    /// Whether a node would behave alike: same model, same thresholds, same promise.
    pub fn same_effect(&self, other: &Self) -> bool {
        self.model_id == other.model_id
            && self.thresholds == other.thresholds
            && self.kept == other.kept
            && self.planned_for == other.planned_for
    }
}

/// The policy in force at a site.
#[derive(Clone, Debug, PartialEq)]
pub struct InForce {
    /// The site.
    pub site: SiteId,
    /// Budget, or thresholds by hand.
    pub setting: Setting,
    /// The proposal it came from; `None` when the machine's setup made it.
    pub proposal: Option<ProposalId>,
    /// When it came into force.
    pub changed_at: UtcMs,
    /// What it comes to now.
    pub figures: Figures,
    /// When that was computed.
    pub computed_at: UtcMs,
}

/// One proposed change.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PolicyProposal))]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// The site.
    pub site: SiteId,
    /// What is proposed.
    pub setting: Setting,
    /// What it came to when it was proposed.
    pub shown: Figures,
    /// Why.
    pub reason: String,
    /// By whom; `None` for the machine's setup.
    pub proposed_by: Option<AccountId>,
    /// When.
    pub proposed_at: UtcMs,
    /// What was decided, if anything yet.
    pub decision: Option<Decision>,
    /// By whom.
    pub decided_by: Option<AccountId>,
    /// When.
    pub decided_at: Option<UtcMs>,
    /// Why.
    pub decision_reason: Option<String>,
}

/// A decision to be recorded. `figures` come into force with an approval.
pub struct Decided<'a> {
    /// The proposal.
    pub proposal: &'a Proposal,
    /// Who decides.
    pub by: AccountId,
    /// What.
    pub decision: Decision,
    /// Why.
    pub reason: &'a str,
    /// What it comes to at this instant.
    pub figures: &'a Figures,
}

/// Templates of `model_id` that the node of a site holds now: live entries on the lists the site searches.
pub async fn gallery_templates(db: &Db, site: SiteId, model_id: &str, now: UtcMs) -> Result<u64> {
    let lists = crate::site::deployment(db, site)
        .await?
        .map(|record| record.lists)
        .unwrap_or_default();
    let sql = "SELECT COUNT(*) AS n FROM entry e JOIN entry_photo p ON p.entry = e.id AND p.model_id = $3 \
               WHERE e.list IN (SELECT value FROM json_each($1)) AND e.ended_at IS NULL AND e.last_day >= $2 \
               AND NOT EXISTS (SELECT 1 FROM entry_hold h WHERE h.entry = e.id AND h.decided_at IS NULL)";
    let offset = crate::site::get(db, site).await?.utc_offset_minutes;
    let today = tapal_domain::day::Day::at(now, offset).to_string();
    let values = args![to_json(&lists)?, today, model_id];
    let row = db.one(sql, values).await?;
    row.int("n")?.try_into().map_err(Error::other)
}

fn read(row: &Row) -> Result<InForce> {
    Ok(InForce {
        site: row.id("site")?,
        setting: row.json("setting")?,
        proposal: row.opt_id("proposal")?,
        changed_at: row.at("changed_at")?,
        figures: row.json("figures")?,
        computed_at: row.at("computed_at")?,
    })
}

/// The policy in force at a site, if one was ever approved or set up.
pub async fn get(db: &Db, site: SiteId) -> Result<Option<InForce>> {
    let sql = "SELECT site, setting, proposal, changed_at, figures, computed_at FROM policy WHERE site = $1";
    db.first(sql, args![site])
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

/// Every policy in force.
pub async fn list(db: &Db) -> Result<Vec<InForce>> {
    let sql = "SELECT site, setting, proposal, changed_at, figures, computed_at FROM policy ORDER BY site";
    db.all(sql, args![]).await?.iter().map(read).collect()
}

fn read_proposal(row: &Row) -> Result<Proposal> {
    let decision = match row.opt_text("decision")? {
        Some(_) => Some(row.name::<Decision>("decision")?),
        None => None,
    };
    Ok(Proposal {
        id: row.id("id")?,
        site: row.id("site")?,
        setting: row.json("setting")?,
        shown: row.json("shown")?,
        reason: row.text("reason")?,
        proposed_by: row.opt_id("proposed_by")?,
        proposed_at: row.at("proposed_at")?,
        decision,
        decided_by: row.opt_id("decided_by")?,
        decided_at: row.opt_at("decided_at")?,
        decision_reason: row.opt_text("decision_reason")?,
    })
}

/// One proposal.
pub async fn proposal(db: &Db, id: ProposalId) -> Result<Proposal> {
    let sql = "SELECT * FROM policy_proposal WHERE id = $1";
    read_proposal(&db.one(sql, args![id]).await?)
}

/// The proposals of a site, newest first: the waiting one, if any, and at most `limit` in all.
pub async fn proposals(db: &Db, site: SiteId, limit: i64) -> Result<Vec<Proposal>> {
    let sql = "SELECT * FROM policy_proposal WHERE site = $1 \
               ORDER BY decision IS NOT NULL, proposed_at DESC, id DESC LIMIT $2";
    let rows = db.all(sql, args![site, limit]).await?;
    rows.iter().map(read_proposal).collect()
}

/// Records a proposal; [`Error::Conflict`] while another one waits at the site.
pub async fn propose(db: &Db, now: UtcMs, by: By, new: &Proposal) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO policy_proposal (id, site, setting, shown, reason, proposed_by, proposed_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (setting, shown) = (to_json(&new.setting)?, to_json(&new.shown)?);
    let values = args![
        new.id,
        new.site,
        setting,
        shown,
        &new.reason,
        new.proposed_by,
        now
    ];
    tx.run(sql, values).await?;
    tell(&mut tx, new.site).await?;
    let detail =
        serde_json::json!({ "proposal": new.id, "setting": new.setting, "shown": new.shown });
    tx.commit(note(by, "policy.proposed", new.site).with(detail))
        .await
}

/// Records a decision; with an approval the setting and its thresholds come into force in the same transaction.
/// [`Error::NotFound`] when somebody else decided first.
pub async fn decide(db: &Db, now: UtcMs, decided: Decided<'_>) -> Result<()> {
    let Decided {
        proposal,
        by,
        decision,
        reason,
        figures,
    } = decided;
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE policy_proposal SET decision = $2, decided_by = $3, decided_at = $4, decision_reason = $5 \
               WHERE id = $1 AND decision IS NULL RETURNING id";
    tx.one(sql, args![proposal.id, decision.name(), by, now, reason])
        .await?;
    let site = proposal.site;
    if decision == Decision::Approve {
        let set = (&proposal.setting, Some(proposal.id));
        put(&mut tx, site, set, figures).await?;
        enforce(&mut tx, site, figures).await?;
    } else {
        tell(&mut tx, site).await?;
    }
    let action = match decision {
        Decision::Approve => "policy.approved",
        Decision::Reject => "policy.rejected",
        Decision::Withdraw => "policy.withdrawn",
    };
    let detail = serde_json::json!({ "proposal": proposal.id, "proposed_by": proposal.proposed_by,
        "setting": proposal.setting, "figures": figures });
    tx.commit(note(By::Account(by), action, site).with(detail))
        .await
}

/// Sets a policy without a second person: only for the machine's own setup (demonstration, measurements, tests),
/// which has no accounts yet. Audited as such.
pub async fn set_up(
    db: &Db,
    now: UtcMs,
    site: SiteId,
    setting: &Setting,
    figures: &Figures,
) -> Result<()> {
    let mut tx = db.begin(now).await?;
    put(&mut tx, site, (setting, None), figures).await?;
    enforce(&mut tx, site, figures).await?;
    let detail = serde_json::json!({ "setting": setting, "figures": figures });
    tx.commit(note(By::System, "policy.set_up", site).with(detail))
        .await
}

/// The list changed size, or the model its meaning: puts the new figures and thresholds in the place of `old`'s and
/// raises the site's revision. [`Error::NotFound`] when the policy was changed meanwhile; the next look sees that.
pub async fn recompute(db: &Db, now: UtcMs, old: &InForce, figures: &Figures) -> Result<()> {
    let mut tx = db.begin(now).await?;
    let sql = "UPDATE policy SET figures = $2, computed_at = $3 \
               WHERE site = $1 AND changed_at = $4 AND computed_at = $5 RETURNING site";
    let new = to_json(figures)?;
    let values = args![old.site, new, now, old.changed_at, old.computed_at];
    tx.one(sql, values).await?;
    enforce(&mut tx, old.site, figures).await?;
    let detail = serde_json::json!({ "before": old.figures, "after": figures });
    tx.commit(note(By::Clock, "policy.recomputed", old.site).with(detail))
        .await
}

/// Records an attempt that was refused, such as deciding on one's own proposal.
pub async fn refused(db: &Db, now: UtcMs, by: By, proposal: &Proposal, code: &str) -> Result<()> {
    let detail = serde_json::json!({ "proposal": proposal.id, "code": code });
    let note = note(by, "policy.refused", proposal.site).with(detail);
    crate::audit::record(db, now, note).await
}

async fn put(
    tx: &mut Tx,
    site: SiteId,
    (setting, proposal): (&Setting, Option<ProposalId>),
    figures: &Figures,
) -> Result<()> {
    let sql = "INSERT INTO policy (site, setting, proposal, changed_at, figures, computed_at) VALUES ($1, $2, $3, $4, $5, $4) \
               ON CONFLICT (site) DO UPDATE SET setting = excluded.setting, proposal = excluded.proposal, \
               changed_at = excluded.changed_at, figures = excluded.figures, computed_at = excluded.computed_at";
    let (setting, now) = (to_json(setting)?, tx.now());
    let values = args![site, setting, proposal, now, to_json(figures)?];
    tx.run(sql, values).await.map(|_| ())
}

/// Writes the threshold rows of a site for one model, and raises its revision so that its node fetches them.
async fn enforce(tx: &mut Tx, site: SiteId, figures: &Figures) -> Result<()> {
    let sql = "INSERT INTO threshold (site, list, model_id, possible, strong) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (site, list, model_id) DO UPDATE SET possible = excluded.possible, strong = excluded.strong";
    for t in &figures.thresholds {
        let list: &'static str = ListKind::name(t.list);
        let values = args![site, list, &figures.model_id, t.possible, t.strong];
        tx.run(sql, values).await?;
    }
    crate::site::touch(tx, site).await
}

/// Tells the consoles that a page of the site has changed; the node need not fetch anything.
async fn tell(tx: &mut Tx, site: SiteId) -> Result<()> {
    let news = crate::event::News {
        kind: "policy.changed",
        site: Some(site),
        desk: None,
        audience: crate::event::Audience::Sites,
        payload: serde_json::json!({ "site": site }),
    };
    crate::event::tell(tx, news).await.map(|_| ())
}

fn note(by: By, action: &'static str, site: SiteId) -> Note {
    Note::new(by, action, "policy", site)
}
