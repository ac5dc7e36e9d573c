//! Policy by budget: "at most x false alerts a day at this site with y passers-by a day" becomes a threshold for the
//! list loaded now, or a refusal that says what could be kept. Must not fit (the calibration was fitted elsewhere),
//! and must not promise a rate outside the range in which the calibration may be trusted.

use serde::{Deserialize, Serialize};

use crate::{
    calibration::{Calibration, Estimate, fmr_for, fpir},
    id::AccountId,
    screening::Threshold,
};

/// What the administrator allows at one site. All lists the site searches share one gallery and one budget.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PolicyBudget))]
pub struct Budget {
    /// Most false alerts a day, above 0.
    pub false_alerts_per_day: f64,
    /// People who walk past the site's cameras a day and are searched.
    pub passers_by_per_day: u64,
    /// Hours of one shift, for telling officers what to expect.
    #[serde(default = "eight")]
    pub shift_hours: f64,
}

fn eight() -> f64 {
    8.0
}

impl Budget {
    /// What is wrong with it, if anything.
    pub fn check(&self) -> Result<(), &'static str> {
        let (x, y) = (self.false_alerts_per_day, self.passers_by_per_day as f64);
        if !(x.is_finite() && x > 0.0) {
            return Err("say how many false alerts a day are allowed: a number above 0");
        }
        if !(1.0..=1e8).contains(&y) {
            return Err("say how many people walk past a day: 1 to 100,000,000");
        }
        if x >= y {
            return Err(
                "a budget of one false alert for every passer-by or more is no budget; allow fewer",
            );
        }
        if !(0.5..=24.0).contains(&self.shift_hours) {
            return Err("a shift lasts half an hour to 24 hours");
        }
        Ok(())
    }

    /// Chance of a false alert a passer-by that spends the budget.
    pub fn fpir(&self) -> f64 {
        self.false_alerts_per_day / self.passers_by_per_day as f64
    }

    /// From a chance a passer-by to false alerts a day.
    pub fn per_day(&self, chance: Estimate) -> Estimate {
        chance.map(|share| share * self.passers_by_per_day as f64)
    }

    /// From a chance a passer-by to false alerts a shift, passers-by spread evenly over the day.
    pub fn per_shift(&self, chance: Estimate) -> Estimate {
        self.per_day(chance)
            .map(|alerts| alerts * self.shift_hours / 24.0)
    }
}

/// How a site's thresholds are set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PolicySetting))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Setting {
    /// Computed from a budget, anew whenever the list changes size.
    Budget(Budget),
    /// Set by hand, list by list; they stay as they are however the list grows.
    Manual {
        /// One a list.
        thresholds: Vec<Threshold>,
    },
}

/// Where the higher threshold ("strong") comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strong {
    /// Ten times rarer than the alert threshold.
    TenTimesRarer,
    /// Where the calibration's table ends: rarer, but not ten times.
    TableEnd,
    /// The alert threshold is already where the table ends: no alert is called strong.
    Nowhere,
}

/// What a budget means for one model and one size of the list.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PolicyPlan))]
pub struct Plan {
    /// Templates it was computed for: those on the list, rounded up by [`planned_for`].
    pub gallery_templates: u64,
    /// Cosine similarity from which an alert is raised, rounded up to four decimals.
    pub possible: f32,
    /// Cosine similarity from which the band is Match.
    pub strong: f32,
    /// Where `strong` comes from.
    pub strong_is: Strong,
    /// Chance that a passer-by on no list raises an alert.
    pub per_passer_by: Estimate,
    /// False alerts a day.
    pub per_day: Estimate,
    /// False alerts a shift.
    pub per_shift: Estimate,
    /// Share of listed people missed, by single photographs; `None` when the calibration does not say.
    pub miss: Option<Estimate>,
}

/// Why a budget cannot be kept with a model at a size of the list, and what could be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unreachable {
    /// The model has no calibration: nothing can be promised.
    #[error("this model has no calibration, so no rate of false alerts can be promised")]
    NoCalibration,
    /// A lower false-match rate is needed than the calibration may be trusted for.
    #[error(
        "this needs at most {needed:.1e} false matches a comparison; the model may be trusted down to {trusted:.1e}"
    )]
    TooStrict {
        /// False-match rate of one comparison that the budget needs.
        needed: f64,
        /// Lowest rate that may be promised: the upper end of the interval at the end of the trusted range.
        trusted: f64,
        /// Smallest budget, in false alerts a day, that can be kept at this size and these passers-by.
        smallest_per_day: f64,
        /// What the strictest trusted threshold gives: kept while the budget cannot be.
        strictest: Box<Plan>,
    },
}

/// The size a threshold is computed for: templates on the list rounded UP to two significant digits, at least ten,
/// so that it is never too low and a change of a few entries moves nothing.
pub fn planned_for(templates: u64) -> u64 {
    let n = templates.max(10);
    let mut unit = 1;
    while n / unit >= 100 {
        unit *= 10;
    }
    n.div_ceil(unit) * unit
}

/// Highest score whose false-match rate may still be trusted, and the upper end of that rate's interval.
fn limit(calibration: &Calibration) -> Option<(f32, f64)> {
    let last = calibration.points.last()?;
    calibration.fmr(last.score)?;
    let trusted = calibration.trusted_fmr;
    let score = if last.fmr >= trusted * 0.999 {
        last.score
    } else {
        let w = calibration
            .points
            .windows(2)
            .find(|w| w[0].fmr >= trusted && trusted > w[1].fmr)?;
        let (a, b) = (w[0].fmr.ln(), w[1].fmr.max(1e-15).ln());
        let along = ((trusted.max(1e-15).ln() - a) / (b - a)).clamp(0.0, 1.0);
        w[0].score + (w[1].score - w[0].score) * along as f32
    };
    Some((score, calibration.fmr(score)?.high))
}

/// Rounds a score up to four decimals: what is stored, shown and sent is the same number, never a lower one.
fn rounded_up(score: f32) -> f32 {
    ((f64::from(score) * 1e4 - 1e-3).ceil() / 1e4) as f32
}

/// The higher threshold above `possible`.
fn strong(calibration: &Calibration, possible: f32, promised: f64) -> (f32, Strong) {
    let end = calibration.points.last().map_or(1.0, |p| p.score);
    match calibration.score_for(promised / 10.0) {
        Some(score) if score > possible => (rounded_up(score), Strong::TenTimesRarer),
        _ if end > possible + 1e-3 => (rounded_up(end), Strong::TableEnd),
        _ => (1.0, Strong::Nowhere),
    }
}

fn at(budget: &Budget, n: u64, calibration: &Calibration, score: f32, fmr: f64) -> Option<Plan> {
    let possible = score.min(1.0);
    let chance = calibration.fpir(possible, n)?;
    let (strong, strong_is) = strong(calibration, possible, fmr);
    Some(Plan {
        gallery_templates: n,
        possible,
        strong: strong.min(1.0),
        strong_is,
        per_passer_by: chance,
        per_day: budget.per_day(chance),
        per_shift: budget.per_shift(chance),
        miss: calibration.miss(possible),
    })
}

/// The threshold that keeps a budget against `gallery_templates` templates, with what to expect there.
/// The upper end of the calibration's interval keeps the budget, not only its best value; a budget that would need
/// a rate below the trusted range is refused. Chances by [`fpir`] and [`fmr_for`] (ISO/IEC 19795-1, open set).
pub fn plan(
    budget: &Budget,
    gallery_templates: u64,
    calibration: &Calibration,
) -> Result<Plan, Unreachable> {
    let n = gallery_templates.max(1);
    let (end, trusted) = limit(calibration).ok_or(Unreachable::NoCalibration)?;
    let needed = fmr_for(budget.fpir(), n, calibration.spread);
    let score = (needed >= trusted * 0.999)
        .then(|| calibration.score_for(needed))
        .flatten();
    // Within a hair of the end the table's own rounding decides; the end itself keeps it.
    let score = score.or((needed >= trusted * 0.999).then_some(end));
    let planned = match score {
        Some(score) => {
            let score = rounded_up(score).min(end).max(score);
            at(budget, n, calibration, score, needed)
        }
        None => {
            let strictest =
                at(budget, n, calibration, end, trusted).ok_or(Unreachable::NoCalibration)?;
            let chance = fpir(trusted, n, calibration.spread);
            return Err(Unreachable::TooStrict {
                needed,
                trusted,
                smallest_per_day: chance * budget.passers_by_per_day as f64,
                strictest: Box::new(strictest),
            });
        }
    };
    planned.ok_or(Unreachable::NoCalibration)
}

/// What a second person, or the proposer, does with a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PolicyDecision))]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It comes into force.
    Approve,
    /// It does not.
    Reject,
    /// The proposer takes it back.
    Withdraw,
}

impl Decision {
    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
        }
    }
}

/// Why somebody may not decide a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MayNotDecide {
    /// The proposer decides on their own proposal.
    #[error("who proposed a change cannot decide on it; another policy administrator must")]
    SamePerson,
    /// Somebody else takes a proposal back.
    #[error("only who proposed a change can take it back; reject it instead")]
    NotProposer,
}

/// Two people for every change: the proposer never approves or rejects, and only the proposer withdraws.
pub fn may_decide(
    proposer: Option<AccountId>,
    decider: AccountId,
    decision: Decision,
) -> Result<(), MayNotDecide> {
    let same = proposer == Some(decider);
    match (decision, same) {
        (Decision::Approve | Decision::Reject, true) => Err(MayNotDecide::SamePerson),
        (Decision::Withdraw, false) => Err(MayNotDecide::NotProposer),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
