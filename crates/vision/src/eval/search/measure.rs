//! From the searches of all divisions to shares, curves and tables with intervals over people.

use std::collections::BTreeMap;

use serde::Serialize;
use tapal_domain::calibration::{Calibration, Estimate, fmr_for};

use super::divide::{Division, Searches};
use super::{AtRate, FPIRS, Measured, Miss, Predicted, REPORTED, Size};
use crate::eval::bootstrap::{Event, Resamples, Share, Tally, median};
use crate::eval::{Compared, Folder, Study};

/// All divisions of one size.
pub(super) struct Pool {
    pub(super) n: usize,
    pub(super) prefixes: Vec<usize>,
    pub(super) divisions: Vec<Division>,
}

/// What happened at one threshold, over all divisions.
pub(in crate::eval) struct Outcome {
    /// Searches with unlisted people; events name the entry that was raised.
    pub(in crate::eval) unlisted: Tally,
    /// Searches with listed people; an event is a miss at any rank.
    pub(in crate::eval) listed: Tally,
}

/// One point of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Cosine.
    pub threshold: f32,
    /// False match or false positive identification rate.
    pub false_positive: f64,
    /// False non-match or false negative identification rate, any rank.
    pub false_negative: f64,
    /// Its 95 % interval over people.
    pub ci95: [f64; 2],
}

/// A detection error trade-off, from frequent false positives to rare ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curve {
    /// Rising thresholds.
    pub points: Vec<CurvePoint>,
}

/// Misses by rank.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankRow {
    /// Among the first so many candidates.
    pub rank: usize,
    /// Without a threshold: a person looks through the candidates.
    pub no_threshold: Share,
    /// At the threshold for an FPIR of 1e-2; null where none is known.
    pub at_threshold: Option<Share>,
}

/// What may be said of a group against all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Fewer than 30 people, or fewer than ten photographs with an event in the group or outside: nothing can be concluded.
    TooFew,
    /// The intervals of the group and of the others overlap: a difference is not shown, nor is equality.
    NotShown,
    /// The intervals do not overlap.
    Differs,
}

/// One label of one grouping.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRow {
    /// Column of `groups.tsv`.
    pub grouping: String,
    /// The label.
    pub label: String,
    /// People with it.
    pub people: usize,
    /// Of unlisted people of this group.
    pub fpir: Share,
    /// What may be said of it.
    pub fpir_verdict: Verdict,
    /// Of listed people of this group.
    pub fnir: Share,
    /// What may be said of it.
    pub fnir_verdict: Verdict,
}

/// One false-alert budget before and after the list doubled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Budget {
    /// Share of passers-by on no list who may be raised.
    pub fpir: f64,
    /// Entries before and after.
    pub n: [usize; 2],
    /// Mean threshold chosen for each, by the upper end of the false-match rate.
    pub threshold: [f32; 2],
    /// Divisions in which the calibration reached so low, and of them those whose threshold rose.
    pub splits: [usize; 2],
    /// Measured at each with its own threshold.
    pub measured: [Share; 2],
    /// Measured after doubling with the threshold of before.
    pub unchanged: Share,
    /// The threshold rose in every division and the measured rate stayed within the budget both times.
    pub kept: bool,
}

impl Pool {
    /// Searches of the longest list.
    fn longest(division: &Division) -> Option<&Searches> {
        division.searches.last()
    }

    /// Counts at thresholds chosen a division; divisions without one are left out.
    fn at(
        &self,
        study: &Study,
        which: usize,
        threshold: impl Fn(&Division) -> Option<f32>,
        rank: usize,
    ) -> Outcome {
        let photographs = study.owner.len();
        let (mut unlisted, mut listed) = (Tally::new(photographs), Tally::new(photographs));
        for division in &self.divisions {
            let (Some(threshold), Some(searches)) =
                (threshold(division), division.searches.get(which))
            else {
                continue;
            };
            for s in &searches.unlisted {
                let event = Event {
                    photograph: s.photograph,
                    with: Some(s.with),
                };
                unlisted.try_once(s.photograph, (s.top >= threshold).then_some(event));
            }
            for s in &searches.listed {
                let event = Event {
                    photograph: s.photograph,
                    with: None,
                };
                let missed = s.rank > rank || s.mate < threshold;
                listed.try_once(s.photograph, missed.then_some(event));
            }
        }
        Outcome { unlisted, listed }
    }

    /// Counts at the thresholds that predict a wanted FPIR.
    pub(super) fn outcome(&self, study: &Study, fpir: f64) -> Outcome {
        self.at(study, self.last(), |d| self.threshold(d, fpir), usize::MAX)
    }

    fn last(&self) -> usize {
        self.prefixes.len().saturating_sub(1)
    }

    fn threshold(&self, division: &Division, fpir: f64) -> Option<f32> {
        score_at(division.calibration.as_ref()?, fpir, self.n as u64)
    }

    /// Everything of one size.
    pub(super) fn size(&self, study: &Study, draws: &Resamples) -> Size {
        let first = self.divisions.first();
        let at = |fpir: &f64| (format!("{fpir:.0e}"), self.at_rate(study, draws, *fpir));
        let ranks = [1, 5, 20].map(|rank| {
            let all = |_: &Division| Some(f32::NEG_INFINITY);
            let free = self.at(study, self.last(), all, rank).listed;
            let bound = |d: &Division| self.threshold(d, REPORTED);
            let bound = self.at(study, self.last(), bound, rank).listed;
            let bound = bound.share(&study.owner, draws, |_| true);
            RankRow {
                rank,
                no_threshold: free.share(&study.owner, draws, |_| true),
                at_threshold: bound.value.map(|_| bound),
            }
        });
        Size {
            n: self.n,
            splits: self.divisions.len(),
            calibration_people: first.map_or(0, |d| d.calibration_people),
            unlisted_people: first.map_or(0, |d| d.unlisted_people),
            fnir_at_fpir: FPIRS.iter().map(at).collect(),
            curve: self.curve(study, draws),
            ranks: ranks.into(),
        }
    }

    fn at_rate(&self, study: &Study, draws: &Resamples, fpir: f64) -> Option<AtRate> {
        let known = self.divisions.iter().filter_map(|d| {
            let calibration = d.calibration.as_ref()?;
            let threshold = self.threshold(d, fpir)?;
            Some((d, calibration, threshold))
        });
        let known = known.collect::<Vec<_>>();
        if known.is_empty() {
            return None;
        }
        let n = self.n as u64;
        let promised = known.iter().filter_map(|(_, c, t)| c.fpir(*t, n));
        let promised = promised.collect::<Vec<_>>();
        let predicted = Predicted {
            fpir: middle(&promised)?,
            fnir: mean_miss(&known),
        };
        let outcome = self.outcome(study, fpir);
        let first = self.at(study, self.last(), |d| self.threshold(d, fpir), 1);
        let share = |tally: &Tally| tally.share(&study.owner, draws, |_| true);
        let measured = Measured {
            fpir: share(&outcome.unlisted),
            fnir: share(&outcome.listed),
            fnir_rank1: share(&first.listed),
        };
        let within = |e: &Estimate, v: f64| e.low <= v && v <= e.high;
        let single = known
            .iter()
            .zip(&promised)
            .filter(|((d, _, threshold), promise)| {
                let searches = Self::longest(d).map_or(&[][..], |s| &s.unlisted);
                let above = searches.iter().filter(|s| s.top >= *threshold).count();
                within(promise, above as f64 / searches.len().max(1) as f64)
            });
        Some(AtRate {
            threshold: known.iter().map(|(_, _, t)| t).sum::<f32>() / known.len() as f32,
            splits: known.len(),
            inside: measured
                .fpir
                .value
                .is_some_and(|v| within(&predicted.fpir, v)),
            splits_inside: single.count() as f64 / known.len() as f64,
            at_measured_fpir: self.at_measured(study, draws, fpir),
            predicted,
            measured,
        })
    }

    /// All top scores of unlisted searches, highest first.
    fn tops(&self) -> Vec<f32> {
        let searches = self.divisions.iter().filter_map(Self::longest);
        let mut tops = searches.flat_map(|s| s.unlisted.iter().map(|u| u.top));
        let mut tops = tops.by_ref().collect::<Vec<_>>();
        tops.sort_by(|a, b| b.total_cmp(a));
        tops
    }

    /// `None` when fewer than ten searches over all divisions would lie above: the threshold would be chance.
    fn at_measured(&self, study: &Study, draws: &Resamples, fpir: f64) -> Option<Miss> {
        let tops = self.tops();
        let above = (tops.len() as f64 * fpir) as usize;
        let threshold = *tops.get(above)?;
        let outcome = self.at(
            study,
            self.last(),
            |_| Some(threshold.next_up()),
            usize::MAX,
        );
        (above >= 10).then(|| Miss {
            threshold,
            fnir: outcome.listed.share(&study.owner, draws, |_| true),
        })
    }

    fn curve(&self, study: &Study, draws: &Resamples) -> Curve {
        let tops = self.tops();
        let mut points = Vec::<CurvePoint>::new();
        for step in 2..=16 {
            let above = (tops.len() as f64 * 10f64.powf(-f64::from(step) / 4.0)) as usize;
            let Some(threshold) = tops.get(above).filter(|_| above >= 10) else {
                continue;
            };
            let outcome = self.at(
                study,
                self.last(),
                |_| Some(threshold.next_up()),
                usize::MAX,
            );
            let share = outcome.listed.share(&study.owner, draws, |_| true);
            if let (Some(false_negative), Some(ci95)) = (share.value, share.ci95) {
                points.push(CurvePoint {
                    threshold: *threshold,
                    false_positive: above as f64 / tops.len() as f64,
                    false_negative,
                    ci95,
                });
            }
        }
        Curve { points }
    }

    /// Doubling: the first prefix is the list before, the second after.
    pub(super) fn budget(&self, study: &Study, draws: &Resamples, fpir: f64) -> Option<Budget> {
        let [before, after] = self.prefixes[..] else {
            return None;
        };
        let safe = |d: &Division, n: usize| {
            let calibration = d.calibration.as_ref()?;
            calibration.score_for(fmr_for(fpir, n as u64, calibration.spread))
        };
        let both = |d: &Division| Some((safe(d, before)?, safe(d, after)?));
        let chosen = self.divisions.iter().filter_map(both).collect::<Vec<_>>();
        if chosen.is_empty() {
            return None;
        }
        let rose = chosen.iter().filter(|(a, b)| b > a).count();
        let mean = |pick: &dyn Fn(&(f32, f32)) -> f32| {
            chosen.iter().map(pick).sum::<f32>() / chosen.len() as f32
        };
        let measure = |which: usize, threshold: &dyn Fn(&Division) -> Option<f32>| {
            let outcome = self.at(study, which, threshold, usize::MAX);
            outcome.unlisted.share(&study.owner, draws, |_| true)
        };
        let first = |d: &Division| both(d).map(|t| t.0);
        let second = |d: &Division| both(d).map(|t| t.1);
        let measured = [measure(0, &first), measure(1, &second)];
        let under = measured.iter().all(|m| m.value.is_some_and(|v| v <= fpir));
        Some(Budget {
            fpir,
            n: [before, after],
            threshold: [mean(&|t| t.0), mean(&|t| t.1)],
            splits: [chosen.len(), rose],
            unchanged: measure(1, &first),
            kept: under && rose == chosen.len(),
            measured,
        })
    }

    /// By group label, at the thresholds for an FPIR of 1e-2.
    pub(super) fn groups(
        &self,
        study: &Study,
        folder: &Folder,
        draws: &Resamples,
    ) -> Vec<GroupRow> {
        let outcome = self.outcome(study, REPORTED);
        let mut rows = Vec::new();
        for grouping in &folder.groups {
            let mut labels = BTreeMap::<&str, usize>::new();
            for label in grouping.labels.iter().flatten() {
                *labels.entry(label).or_default() += 1;
            }
            for (label, people) in labels {
                let is = |photograph: usize| {
                    let label_of = grouping.labels[study.owner[photograph]].as_deref();
                    (label_of == Some(label), label_of.is_some())
                };
                let pair = |tally: &Tally| {
                    let own = tally.share(&study.owner, draws, |p| is(p).0);
                    let others = tally.share(&study.owner, draws, |p| is(p) == (false, true));
                    let verdict = verdict(people, &own, &others);
                    (own, verdict)
                };
                let (fpir, fpir_verdict) = pair(&outcome.unlisted);
                let (fnir, fnir_verdict) = pair(&outcome.listed);
                rows.push(GroupRow {
                    grouping: grouping.name.clone(),
                    label: label.to_owned(),
                    people,
                    fpir,
                    fpir_verdict,
                    fnir,
                    fnir_verdict,
                });
            }
        }
        rows
    }
}

/// The rule of [`Verdict`].
fn verdict(people: usize, own: &Share, others: &Share) -> Verdict {
    const PEOPLE: usize = 30;
    const EVENTS: usize = 10;
    match (own.ci95, others.ci95) {
        (Some(a), Some(b))
            if people >= PEOPLE && own.with_event >= EVENTS && others.with_event >= EVENTS =>
        {
            let apart = a[1] < b[0] || b[1] < a[0];
            if apart {
                Verdict::Differs
            } else {
                Verdict::NotShown
            }
        }
        _ => Verdict::TooFew,
    }
}

/// The score at which a calibration predicts an FPIR, by its best value; `None` when its table does not reach it.
fn score_at(calibration: &Calibration, fpir: f64, n: u64) -> Option<f32> {
    let (first, last) = (calibration.points.first()?, calibration.points.last()?);
    let at = |score: f32| calibration.fpir(score, n).map(|e| e.value);
    if at(first.score)? < fpir || at(last.score)? > fpir {
        return None;
    }
    let (mut low, mut high) = (first.score, last.score);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if at(middle)? > fpir {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

/// Medians of values and ends, and the weakest standing: single intervals of small parts may reach down to nothing.
fn middle(all: &[Estimate]) -> Option<Estimate> {
    let median = |pick: &dyn Fn(&Estimate) -> f64| median(all.iter().map(pick).collect());
    Some(Estimate {
        value: median(&|e| e.value)?,
        low: median(&|e| e.low)?,
        high: median(&|e| e.high)?,
        standing: all.iter().map(|e| e.standing).max()?,
    })
}

fn mean_miss(known: &[(&Division, &Calibration, f32)]) -> Option<[f64; 3]> {
    let all = known
        .iter()
        .filter_map(|(_, c, threshold)| c.miss(*threshold));
    let all = all.map(|e| [e.value, e.low, e.high]).collect::<Vec<_>>();
    let mean = |i: usize| all.iter().map(|e| e[i]).sum::<f64>() / all.len() as f64;
    (!all.is_empty()).then(|| [0, 1, 2].map(mean))
}

/// FNMR against FMR over all comparisons, down to ten comparisons of two people.
pub(super) fn one_to_one(compared: &Compared, draws: &Resamples) -> Curve {
    let mut points = Vec::new();
    for step in 4.. {
        let above = compared.n_strangers * 10f64.powf(-f64::from(step) / 4.0);
        if above < 10.0 {
            break;
        }
        let Some(at) = compared.strangers.get(above as usize) else {
            continue;
        };
        let (false_negative, ci95) = draws.misses(&compared.genuine, at.score);
        points.push(CurvePoint {
            threshold: at.score,
            false_positive: above.floor() / compared.n_strangers,
            false_negative,
            ci95,
        });
    }
    Curve { points }
}
