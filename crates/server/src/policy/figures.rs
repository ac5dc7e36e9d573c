//! From a site's setting to figures: the list counted, the domain's plan, and which other installed model could keep
//! a budget that this one cannot. Must not store anything.

use sha2::{Digest, Sha256};
use tapal_domain::{
    calibration::Estimate,
    entry::ListKind,
    id::SiteId,
    policy::{Budget, Plan, Setting, Unreachable, plan, planned_for},
    screening::Threshold,
};
use tapal_store::{policy::Figures, vault::hex};

use crate::{error::ApiResult, state::AppState};

/// A budget tried out at a size of the list.
pub struct Tried {
    /// Templates it was computed for.
    pub planned_for: u64,
    /// The plan, or why there is none.
    pub outcome: Result<Plan, Unreachable>,
    /// Installed packs, other than today's, that could keep it.
    pub could: Vec<String>,
}

/// Tries a budget with today's model, and with the other installed ones when it is out of reach.
pub fn tried(state: &AppState, budget: &Budget, templates: u64) -> Tried {
    let n = planned_for(templates);
    let model = &state.config.model;
    let outcome = plan(budget, n, &model.calibration);
    let could = match &outcome {
        Ok(_) => Vec::new(),
        Err(_) => model
            .others
            .iter()
            .filter(|other| plan(budget, n, &other.calibration).is_ok())
            .map(|other| other.pack.clone())
            .collect(),
    };
    Tried {
        planned_for: n,
        outcome,
        could,
    }
}

/// One pair of thresholds for every list: they share one gallery.
fn every_list(plan: &Plan) -> Vec<Threshold> {
    let threshold = |list| Threshold {
        list,
        possible: plan.possible,
        strong: plan.strong,
    };
    ListKind::ALL.into_iter().map(threshold).collect()
}

/// What a setting comes to for today's model and a list of `templates`.
pub fn figures(state: &AppState, setting: &Setting, templates: u64) -> Figures {
    let blank = Figures {
        model_id: state.model_id().to_owned(),
        templates,
        planned_for: planned_for(templates),
        kept: true,
        per_day: None,
        thresholds: Vec::new(),
    };
    let budget = match setting {
        Setting::Manual { thresholds } => {
            return Figures {
                thresholds: thresholds.clone(),
                ..blank
            };
        }
        Setting::Budget(budget) => budget,
    };
    match tried(state, budget, templates).outcome {
        Ok(plan) => Figures {
            thresholds: every_list(&plan),
            per_day: Some(plan.per_day.value),
            ..blank
        },
        // Nothing stricter can be promised: the strictest trusted threshold holds, and everybody is told.
        Err(Unreachable::TooStrict { strictest, .. }) => Figures {
            thresholds: every_list(&strictest),
            per_day: Some(strictest.per_day.value),
            kept: false,
            ..blank
        },
        Err(Unreachable::NoCalibration) => Figures {
            thresholds: state.config.model.thresholds.clone(),
            kept: false,
            ..blank
        },
    }
}

/// Names the figures a person saw, so that a decision on other figures is refused.
pub fn mark(figures: &Figures) -> String {
    let mut hash = Sha256::new();
    hash.update(figures.model_id.as_bytes());
    hash.update(figures.planned_for.to_be_bytes());
    hash.update([u8::from(figures.kept)]);
    for t in &figures.thresholds {
        hash.update(t.list.name().as_bytes());
        hash.update(t.possible.to_be_bytes());
        hash.update(t.strong.to_be_bytes());
    }
    hex(&hash.finalize()[..8])
}

/// Templates of today's model that the site's node holds.
pub async fn templates(state: &AppState, site: SiteId) -> ApiResult<u64> {
    let now = state.clock.now();
    Ok(tapal_store::policy::gallery_templates(&state.db, site, state.model_id(), now).await?)
}

/// The lowest alert threshold among the lists a site searches; all lists when its record names none.
pub fn lowest(thresholds: &[Threshold], lists: &[ListKind]) -> Option<f32> {
    let searched = |t: &&Threshold| lists.is_empty() || lists.contains(&t.list);
    thresholds
        .iter()
        .filter(searched)
        .map(|t| t.possible)
        .min_by(f32::total_cmp)
}

/// Chance that a passer-by raises a false alert at the lowest threshold, and the share of listed people missed there.
pub fn at_score(state: &AppState, score: f32, n: u64) -> (Option<Estimate>, Option<Estimate>) {
    let calibration = &state.config.model.calibration;
    (calibration.fpir(score, n), calibration.miss(score))
}
