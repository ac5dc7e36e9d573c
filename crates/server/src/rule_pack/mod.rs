//! The law's data: what is in place, and changes of it, proposed by one person and decided by another. Must not judge a
//! pack (the domain does), nor change one without a second person.

pub mod keep;
pub mod page;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    day::Day,
    id::ProposalId,
    policy::{Decision, MayNotDecide, may_decide},
    rule_pack::{self, Pack},
};
use tapal_store::{
    Error,
    rule_pack::{self as stored, Proposal},
};
use utoipa::ToSchema;

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    extract::{At, Input},
    policy::proposal::reason,
};

/// The longest text of a pack, bytes.
const MOST: usize = 128 * 1024;

/// A pack in place.
#[derive(Debug, Serialize, ToSchema)]
pub struct RulePackView {
    /// Such as `id-2025`.
    pub id: String,
    /// First day it holds.
    pub effective_from: Day,
    /// The laws it stands for.
    pub title: String,
    /// Values whose text of the law was read.
    pub verified: usize,
    /// Values with a source.
    pub sources: usize,
    /// The whole pack as text (TOML).
    pub text: String,
}

/// A proposed pack.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct RulePackInput {
    /// The whole pack as text (TOML). One with the id of a pack in place takes its place; another one is added.
    pub text: String,
    /// Why, 3 to 500 characters.
    pub reason: String,
}

/// What somebody decides about a proposal.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct RulePackDecisionInput {
    /// `approve`, `reject` or `withdraw`.
    pub decision: Decision,
    /// Why, 3 to 500 characters.
    pub reason: String,
}

/// Where the values of a pack stand.
fn sources(pack: &Pack) -> Vec<&rule_pack::Source> {
    let kinds = pack.kinds.values().flat_map(|kind| {
        let more = kind.extension.as_ref().map(|more| &more.source);
        std::iter::once(&kind.source).chain(more)
    });
    kinds
        .chain([&pack.clocks.source, &pack.clocks.objection_source])
        .chain(pack.reasons.iter().map(|reason| &reason.source))
        .chain(pack.grounds.iter().map(|ground| &ground.source))
        .chain(pack.overstay.iter().map(|rules| &rules.source))
        .chain(pack.visits.iter().map(|visit| &visit.source))
        .collect()
}

/// The text in place for a pack: the one approved last, or the shipped one.
async fn text_of(state: &AppState, id: &str) -> ApiResult<String> {
    let (_, texts) = stored::approved(&state.db).await?;
    let mine = |text: &String| rule_pack::read(text).is_ok_and(|pack| pack.id == id);
    Ok(texts
        .into_iter()
        .find(mine)
        .or_else(|| rule_pack::shipped_text(id).map(str::to_owned))
        .unwrap_or_default())
}

/// Packs in place, oldest first.
#[utoipa::path(get, path = "/api/v1/rule-packs", tag = "rule_pack", operation_id = "rule_pack_list", responses((status = 200, body = Vec<RulePackView>)))]
pub async fn list(State(state): State<AppState>, _: Session) -> ApiResult<Json<Vec<RulePackView>>> {
    let mut all = Vec::new();
    for pack in rule_pack::all() {
        let sources = sources(pack);
        all.push(RulePackView {
            id: pack.id.clone(),
            effective_from: pack.effective_from,
            title: pack.title.clone(),
            verified: sources.iter().filter(|source| source.verified).count(),
            sources: sources.len(),
            text: text_of(&state, &pack.id).await?,
        });
    }
    Ok(Json(all))
}

/// Records a proposal of the signed-in person.
pub async fn propose_by(
    state: &AppState,
    session: &Session,
    input: RulePackInput,
) -> ApiResult<Proposal> {
    let reason = reason(&input.reason)?;
    if input.text.len() > MOST {
        return Err(ApiError::invalid(
            "bad_pack",
            "a rule pack has at most 128 KiB",
        ));
    }
    let pack = rule_pack::read(&input.text)
        .map_err(|wrong| ApiError::invalid("bad_pack", wrong.to_string()))?;
    let same_day =
        |other: &&Pack| other.id != pack.id && other.effective_from == pack.effective_from;
    if let Some(other) = rule_pack::all().iter().find(same_day) {
        return Err(ApiError::invalid(
            "bad_pack",
            format!(
                "{} begins on the same day: one pack holds on a day",
                other.id
            ),
        ));
    }
    if input.text == text_of(state, &pack.id).await? {
        return Err(ApiError::invalid("no_change", "this is the pack in place"));
    }
    let new = Proposal {
        id: ProposalId(state.clock.new_uuid()),
        pack: pack.id,
        text: input.text,
        reason,
        proposed_by: session.account,
        proposed_at: state.clock.now(),
        decision: None,
        decided_by: None,
        decided_at: None,
        decision_reason: None,
    };
    match stored::propose(&state.db, state.clock.now(), session.by(), &new).await {
        Err(Error::Conflict(_)) => Err(ApiError::new(
            StatusCode::CONFLICT,
            "proposal_waiting",
            "another proposal waits for this pack; it must be decided or taken back first",
        )),
        done => Ok(done.map(|()| new)?),
    }
}

/// Decides; with an approval the pack is in place at once.
pub async fn decide_by(
    state: &AppState,
    session: &Session,
    id: ProposalId,
    input: RulePackDecisionInput,
) -> ApiResult<()> {
    let reason = reason(&input.reason)?;
    let proposal = stored::get(&state.db, id).await?;
    let now = state.clock.now();
    if let Err(why) = may_decide(Some(proposal.proposed_by), session.account, input.decision) {
        let code = match why {
            MayNotDecide::SamePerson => "same_person",
            MayNotDecide::NotProposer => "not_proposer",
        };
        stored::refused(&state.db, now, session.by(), &proposal, code).await?;
        return Err(ApiError::new(StatusCode::CONFLICT, code, why.to_string()));
    }
    let what = (input.decision, reason.as_str());
    stored::decide(&state.db, now, session.account, &proposal, what)
        .await
        .map_err(|error| match error {
            Error::NotFound => ApiError::new(
                StatusCode::CONFLICT,
                "already_decided",
                "somebody decided about this proposal already",
            ),
            other => other.into(),
        })?;
    keep::load(state).await?;
    Ok(())
}

/// Proposes a pack.
#[utoipa::path(post, path = "/api/v1/rule-packs/proposals", tag = "rule_pack", operation_id = "rule_pack_propose", request_body = RulePackInput, responses((status = 201, body = Proposal)))]
pub async fn propose(
    State(state): State<AppState>,
    session: Session,
    Input(input): Input<RulePackInput>,
) -> ApiResult<(StatusCode, Json<Proposal>)> {
    let made = propose_by(&state, &session, input).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Decides about a proposal: never by who made it.
#[utoipa::path(post, path = "/api/v1/rule-packs/proposals/{id}/decision", tag = "rule_pack", operation_id = "rule_pack_decide", params(("id" = ProposalId, Path)), request_body = RulePackDecisionInput, responses((status = 200, body = Proposal)))]
pub async fn decide(
    State(state): State<AppState>,
    session: Session,
    At(id): At<ProposalId>,
    Input(input): Input<RulePackDecisionInput>,
) -> ApiResult<Json<Proposal>> {
    decide_by(&state, &session, id, input).await?;
    Ok(Json(stored::get(&state.db, id).await?))
}
