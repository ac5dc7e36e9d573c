//! What may be told of a site's policy, and what a budget would come to. Who judges alerts learns only what a shift
//! may expect. Must not compute a threshold itself.

use serde::Serialize;
use tapal_domain::{
    calibration::Estimate,
    entry::ListKind,
    id::SiteId,
    policy::{Budget, Plan, Setting, Unreachable, planned_for},
    screening::Threshold,
    time::UtcMs,
};
use tapal_store::policy::{self, Figures, InForce, Proposal};
use utoipa::ToSchema;

use super::{
    figures::{self, at_score, figures, lowest, mark, tried},
    may_see_scores,
};
use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
};

/// Where the thresholds in force come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PolicySource)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Nobody has set a policy: the model pack's own suggestion.
    Suggested,
    /// Set by hand by two people.
    Manual,
    /// Computed from a budget that two people set.
    Budget,
}

/// What to expect at the thresholds in force.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[schema(as = PolicyExpected)]
pub struct Expected {
    /// False alerts a shift; needs a budget, which says how many people pass.
    pub per_shift: Option<Estimate>,
    /// False alerts a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_day: Option<Estimate>,
    /// Chance that a passer-by on no list raises an alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_passer_by: Option<Estimate>,
    /// Share of listed people missed, by single photographs of the calibration's data, not of this site's cameras.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miss: Option<Estimate>,
}

/// A waiting or decided proposal.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PolicyProposalView)]
pub struct ProposalView {
    /// As proposed.
    #[serde(flatten)]
    pub proposal: Proposal,
    /// What it comes to now; only while it waits.
    pub now: Option<Figures>,
    /// To be sent back with an approval; only while it waits.
    pub seen: Option<String>,
}

/// A site's policy. For who judges alerts everything but `kept` and `expected.per_shift` is absent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PolicyView {
    /// The site.
    pub site: SiteId,
    /// Whether the budget is kept with the list as it is; `true` without a budget.
    pub kept: bool,
    /// What to expect.
    pub expected: Expected,
    /// Where the thresholds come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Model the scores are of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    /// Templates on the site's lists now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templates: Option<u64>,
    /// The size expectations are computed for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_for: Option<u64>,
    /// The setting in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<Setting>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<UtcMs>,
    /// Thresholds in force. Empty for who judges alerts and for who only enrols devices.
    pub thresholds: Vec<Threshold>,
    /// Proposals, the waiting one first.
    pub proposals: Vec<ProposalView>,
}

/// What a budget would come to with a longer list.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = PolicyGrowth)]
pub struct Growth {
    /// Templates.
    pub templates: u64,
    /// Threshold that keeps the budget; `None` when none can.
    pub possible: Option<f32>,
    /// False alerts a day at that threshold, or at the strictest trusted one.
    pub per_day: Option<Estimate>,
    /// Share of listed people missed there.
    pub miss: Option<Estimate>,
}

/// A budget tried out.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PolicyPreview)]
pub struct Preview {
    /// The budget.
    pub budget: Budget,
    /// Templates on the site's lists now.
    pub templates: u64,
    /// The size it was computed for.
    pub planned_for: u64,
    /// Whether it can be kept.
    pub reachable: bool,
    /// What it comes to; where it cannot be kept, what the strictest trusted threshold gives.
    pub plan: Option<Plan>,
    /// Where it cannot be kept: the smallest budget that can, false alerts a day.
    pub smallest_per_day: Option<f64>,
    /// Where it cannot be kept: other installed packs that could; changing means enrolling every entry again.
    pub could: Vec<String>,
    /// The same budget with lists of other sizes.
    pub growth: Vec<Growth>,
}

/// The policy of a site as this person may see it.
pub async fn view(state: &AppState, session: &Session, id: SiteId) -> ApiResult<PolicyView> {
    session.require_site(id)?;
    tapal_store::site::get(&state.db, id).await?;
    let in_force = policy::get(&state.db, id).await?;
    let stand = Stand::read(state, id, in_force).await?;
    let mut view = PolicyView {
        site: id,
        kept: stand.kept(),
        expected: Expected {
            per_shift: stand.expected.per_shift,
            ..Expected::default()
        },
        source: None,
        model_id: None,
        templates: None,
        planned_for: None,
        setting: None,
        changed_at: None,
        thresholds: Vec::new(),
        proposals: Vec::new(),
    };
    if !may_see_scores(session) {
        return Ok(view);
    }
    for proposal in policy::proposals(&state.db, id, 20).await? {
        let now = proposal
            .decision
            .is_none()
            .then(|| figures(state, &proposal.setting, stand.templates));
        view.proposals.push(ProposalView {
            seen: now.as_ref().map(mark),
            now,
            proposal,
        });
    }
    let changed_at = stand.in_force.as_ref().map(|own| own.changed_at);
    Ok(PolicyView {
        expected: stand.expected,
        source: Some(stand.source),
        model_id: Some(state.model_id().to_owned()),
        templates: Some(stand.templates),
        planned_for: Some(stand.planned_for),
        setting: stand.in_force.map(|own| own.setting),
        changed_at,
        thresholds: stand.thresholds,
        ..view
    })
}

/// How a site stands: its thresholds as nodes get them, and what to expect from those.
pub struct Stand {
    /// The policy in force.
    pub in_force: Option<InForce>,
    /// Where the thresholds come from.
    pub source: Source,
    /// As nodes get them.
    pub thresholds: Vec<Threshold>,
    /// The lists it covers: those the site's record names.
    pub lists: Vec<ListKind>,
    /// Templates on the list now.
    pub templates: u64,
    /// The size expectations are computed for.
    pub planned_for: u64,
    /// The lowest threshold of the lists searched.
    pub lowest: Option<f32>,
    /// What to expect.
    pub expected: Expected,
}

impl Stand {
    /// Reads it.
    pub async fn read(
        state: &AppState,
        site: SiteId,
        in_force: Option<InForce>,
    ) -> ApiResult<Self> {
        let thresholds = crate::edge::device::thresholds(state, site).await?;
        let templates = figures::templates(state, site).await?;
        let lists = tapal_store::site::deployment(&state.db, site)
            .await?
            .map(|record| record.lists)
            .unwrap_or_default();
        let source = match in_force.as_ref().map(|own| (&own.setting, &own.figures)) {
            Some((Setting::Budget(_), _)) => Source::Budget,
            // Scores of another model mean nothing: the pack's own suggestion holds until two people set new ones.
            Some((Setting::Manual { .. }, own)) if own.model_id == state.model_id() => {
                Source::Manual
            }
            _ => Source::Suggested,
        };
        let n = planned_for(templates);
        let lowest = lowest(&thresholds, &lists);
        let (chance, miss) = lowest.map_or((None, None), |score| at_score(state, score, n));
        let budget = match in_force.as_ref().map(|own| &own.setting) {
            Some(Setting::Budget(budget)) => Some(*budget),
            _ => None,
        };
        let expected = Expected {
            per_shift: chance.zip(budget).map(|(c, budget)| budget.per_shift(c)),
            per_day: chance.zip(budget).map(|(c, budget)| budget.per_day(c)),
            per_passer_by: chance,
            miss,
        };
        Ok(Self {
            in_force,
            source,
            thresholds,
            lists,
            templates,
            planned_for: n,
            lowest,
            expected,
        })
    }

    /// Whether the budget is kept; `true` without one.
    pub fn kept(&self) -> bool {
        self.in_force.as_ref().is_none_or(|own| own.figures.kept)
    }
}

/// Tries a budget at a site.
pub async fn preview(state: &AppState, site: SiteId, budget: &Budget) -> ApiResult<Preview> {
    budget
        .check()
        .map_err(|what| ApiError::invalid("bad_budget", what))?;
    let templates = figures::templates(state, site).await?;
    let tried_now = tried(state, budget, templates);
    let (plan, smallest) = plan_of(&tried_now.outcome);
    let growth = [1_u64, 2, 5, 10].map(|factor| {
        let n = templates.max(10).saturating_mul(factor);
        let tried = tried(state, budget, n);
        let (plan, _) = plan_of(&tried.outcome);
        Growth {
            templates: tried.planned_for,
            possible: tried
                .outcome
                .is_ok()
                .then_some(plan.map(|p| p.possible))
                .flatten(),
            per_day: plan.map(|plan| plan.per_day),
            miss: plan.and_then(|plan| plan.miss),
        }
    });
    Ok(Preview {
        budget: *budget,
        templates,
        planned_for: tried_now.planned_for,
        reachable: tried_now.outcome.is_ok(),
        plan,
        smallest_per_day: smallest,
        could: tried_now.could,
        growth: growth.to_vec(),
    })
}

fn plan_of(outcome: &Result<Plan, Unreachable>) -> (Option<Plan>, Option<f64>) {
    match outcome {
        Ok(plan) => (Some(*plan), None),
        Err(Unreachable::TooStrict {
            strictest,
            smallest_per_day,
            ..
        }) => (Some(**strictest), Some(*smallest_per_day)),
        Err(Unreachable::NoCalibration) => (None, None),
    }
}
