//! Proposing and deciding: two people for every change of a policy, each with a reason, and an approval only of the
//! figures that were seen. Must not decide who may (the domain does).

use axum::http::StatusCode;
use tapal_domain::{
    id::{AccountId, ProposalId, SiteId},
    policy::{Decision, MayNotDecide, Setting, Unreachable, may_decide},
    screening::Threshold,
};
use tapal_store::{
    By, Error,
    policy::{self, Decided, Proposal},
};

use super::{
    DecisionInput, ProposalInput,
    figures::{self, figures, mark, tried},
};
use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
};

fn conflict(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, code, message)
}

/// Why somebody proposes or decides, trimmed.
pub(crate) fn reason(text: &str) -> ApiResult<String> {
    let text = text.trim();
    if !(3..=500).contains(&text.chars().count()) {
        return Err(ApiError::invalid(
            "reason_missing",
            "say why, in 3 to 500 characters",
        ));
    }
    Ok(text.to_owned())
}

fn hand_set(thresholds: &[Threshold]) -> ApiResult<()> {
    let range = 0.05..=1.0;
    let good = |t: &Threshold| {
        range.contains(&t.possible) && range.contains(&t.strong) && t.strong >= t.possible
    };
    let mut lists: Vec<_> = thresholds.iter().map(|t| t.list).collect();
    lists.sort();
    lists.dedup();
    if thresholds.is_empty() || lists.len() != thresholds.len() || !thresholds.iter().all(good) {
        return Err(ApiError::invalid(
            "bad_threshold",
            "a threshold is between 0.05 and 1, the higher one is not below the lower one, and each list has one",
        ));
    }
    Ok(())
}

/// Refuses a setting that means nothing or cannot be kept; an unreachable budget names what could be done.
fn check(state: &AppState, setting: &Setting, templates: u64) -> ApiResult<()> {
    if state.model_id().is_empty() {
        return Err(conflict(
            "no_model",
            "thresholds belong to a model, and none is installed; run `tapal models install` first",
        ));
    }
    let budget = match setting {
        Setting::Manual { thresholds } => return hand_set(thresholds),
        Setting::Budget(budget) => budget,
    };
    budget
        .check()
        .map_err(|what| ApiError::invalid("bad_budget", what))?;
    let tried = tried(state, budget, templates);
    match tried.outcome {
        Ok(_) => Ok(()),
        Err(unreachable) => {
            let mut error =
                ApiError::invalid("budget_unreachable", words(&unreachable, &tried.could));
            error.reasons = tried.could;
            Err(error)
        }
    }
}

/// The refusal in English: what can be kept here, and which model could keep what was asked.
fn words(unreachable: &Unreachable, could: &[String]) -> String {
    let smallest = match unreachable {
        Unreachable::TooStrict {
            smallest_per_day, ..
        } => format!(
            "; the smallest budget it can keep with this list and these passers-by is {smallest_per_day:.2} false alerts a day"
        ),
        Unreachable::NoCalibration => String::new(),
    };
    let other = match could {
        [] => "no other installed model could keep it".to_owned(),
        packs => format!(
            "the installed model {} could (changing to it means enrolling every entry again)",
            packs.join(" or ")
        ),
    };
    format!("{unreachable}{smallest}; {other}")
}

/// Records a proposal of the signed-in person.
pub async fn propose_by(
    state: &AppState,
    session: &Session,
    site: SiteId,
    input: ProposalInput,
) -> ApiResult<ProposalId> {
    session.require_site(site)?;
    propose_as(state, session.account, site, input).await
}

/// As [`propose_by`], for an account that the demonstration's setup knows.
pub async fn propose_as(
    state: &AppState,
    account: AccountId,
    site: SiteId,
    input: ProposalInput,
) -> ApiResult<ProposalId> {
    tapal_store::site::get(&state.db, site).await?;
    let reason = reason(&input.reason)?;
    let templates = figures::templates(state, site).await?;
    check(state, &input.setting, templates)?;
    let proposal = Proposal {
        id: ProposalId(state.clock.new_uuid()),
        site,
        shown: figures(state, &input.setting, templates),
        setting: input.setting,
        reason,
        proposed_by: Some(account),
        proposed_at: state.clock.now(),
        decision: None,
        decided_by: None,
        decided_at: None,
        decision_reason: None,
    };
    match policy::propose(
        &state.db,
        state.clock.now(),
        By::Account(account),
        &proposal,
    )
    .await
    {
        Err(Error::Conflict(_)) => Err(conflict(
            "proposal_waiting",
            "another proposal waits at this site; it must be decided or taken back first",
        )),
        done => Ok(done.map(|()| proposal.id)?),
    }
}

/// Sets a policy by the machine's own setup, before there is anybody to propose and decide. Audited as `policy.set_up`.
pub async fn set_up(state: &AppState, site: SiteId, setting: &Setting) -> ApiResult<()> {
    let templates = figures::templates(state, site).await?;
    check(state, setting, templates)?;
    let figures = figures(state, setting, templates);
    Ok(policy::set_up(&state.db, state.clock.now(), site, setting, &figures).await?)
}

/// Decides a proposal as the signed-in person; the site it is of.
pub async fn decide_by(
    state: &AppState,
    session: &Session,
    id: ProposalId,
    input: DecisionInput,
) -> ApiResult<SiteId> {
    let proposal = policy::proposal(&state.db, id).await?;
    session.require_site(proposal.site)?;
    let now = state.clock.now();
    let decided_already = || {
        conflict(
            "already_decided",
            "this proposal has been decided; look at the present policy",
        )
    };
    if proposal.decision.is_some() {
        return Err(decided_already());
    }
    if let Err(refused) = may_decide(proposal.proposed_by, session.account, input.decision) {
        let code = match refused {
            MayNotDecide::SamePerson => "same_person",
            MayNotDecide::NotProposer => "not_proposer",
        };
        policy::refused(
            &state.db,
            now,
            By::Account(session.account),
            &proposal,
            code,
        )
        .await?;
        return Err(conflict(code, refused.to_string()));
    }
    let reason = reason(&input.reason)?;
    let templates = figures::templates(state, proposal.site).await?;
    let current = figures(state, &proposal.setting, templates);
    if input.decision == Decision::Approve {
        if matches!(proposal.setting, Setting::Manual { .. })
            && proposal.shown.model_id != current.model_id
        {
            return Err(conflict(
                "other_model",
                "these thresholds were proposed for another model; reject them and propose anew",
            ));
        }
        check(state, &proposal.setting, templates)?;
        if input.seen != mark(&current) {
            return Err(conflict(
                "figures_changed",
                "the list or the model changed since the figures were shown; look at the new ones, then decide",
            ));
        }
    }
    let decided = Decided {
        proposal: &proposal,
        by: session.account,
        decision: input.decision,
        reason: &reason,
        figures: &current,
    };
    match policy::decide(&state.db, now, decided).await {
        Err(Error::NotFound) => Err(decided_already()),
        done => Ok(done.map(|()| proposal.site)?),
    }
}
