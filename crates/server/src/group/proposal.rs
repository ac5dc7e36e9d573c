//! Which labels may be recorded at a site: one policy administrator proposes a set with its legal ground, another one
//! decides; either may end it at once. Must not decide who may (the domain does).

use axum::http::StatusCode;
use tapal_domain::{
    group::LabelSet,
    id::{ProposalId, SiteId},
    policy::{MayNotDecide, may_decide},
};
use tapal_store::{
    Error,
    group::{self, GroupSet},
};

use super::DecisionInput;
use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
};

pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, code, message)
}

/// Nothing may be recorded at this site.
pub(super) fn no_set() -> ApiError {
    conflict(
        "no_groups",
        "no group labels may be recorded at this site: two policy administrators decide on them, with a legal ground",
    )
}

/// Records a proposal of the signed-in person.
pub async fn propose_by(
    state: &AppState,
    session: &Session,
    site: SiteId,
    set: LabelSet,
) -> ApiResult<ProposalId> {
    session.require_site(site)?;
    tapal_store::site::get(&state.db, site).await?;
    let set = set
        .check()
        .map_err(|bad| ApiError::invalid(bad.code(), bad.to_string()))?;
    let new = GroupSet {
        id: ProposalId(state.clock.new_uuid()),
        site,
        set,
        proposed_by: session.account,
        proposed_at: state.clock.now(),
        decision: None,
        decided_by: None,
        decided_at: None,
        reason: None,
        ended_at: None,
    };
    match group::propose(&state.db, &new).await {
        Err(Error::Conflict(_)) => Err(conflict(
            "proposal_waiting",
            "another proposal waits at this site; it must be decided or taken back first",
        )),
        done => Ok(done.map(|()| new.id)?),
    }
}

/// Decides a proposal as the signed-in person; the site it is of.
pub async fn decide_by(
    state: &AppState,
    session: &Session,
    id: ProposalId,
    input: DecisionInput,
) -> ApiResult<SiteId> {
    let waiting = group::get(&state.db, id).await?;
    session.require_site(waiting.site)?;
    let now = state.clock.now();
    let decided_already = || {
        conflict(
            "already_decided",
            "this proposal has been decided; look at the labels in force",
        )
    };
    if waiting.decision.is_some() {
        return Err(decided_already());
    }
    if let Err(refused) = may_decide(Some(waiting.proposed_by), session.account, input.decision) {
        let code = match refused {
            MayNotDecide::SamePerson => "same_person",
            MayNotDecide::NotProposer => "not_proposer",
        };
        group::refused(&state.db, now, session.by(), &waiting, code).await?;
        return Err(conflict(code, refused.to_string()));
    }
    let reason = input.reason.trim();
    if !(3..=500).contains(&reason.chars().count()) {
        return Err(ApiError::invalid(
            "reason_missing",
            "say why, in 3 to 500 characters",
        ));
    }
    let decision = input.decision;
    match group::decide(&state.db, now, &waiting, session.account, decision, reason).await {
        Err(Error::NotFound) => Err(decided_already()),
        done => Ok(done.map(|()| waiting.site)?),
    }
}

/// Ends the recording of groups at a site. Stopping needs one person only.
pub async fn end_by(state: &AppState, session: &Session, site: SiteId) -> ApiResult<()> {
    session.require_site(site)?;
    tapal_store::site::get(&state.db, site).await?;
    let set = group::in_force(&state.db, site).await?.ok_or_else(no_set)?;
    match group::end(&state.db, state.clock.now(), session.by(), &set).await {
        Err(Error::NotFound) => Err(no_set()),
        done => Ok(done?),
    }
}
