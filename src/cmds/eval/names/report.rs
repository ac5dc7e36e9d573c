//! What `tapal eval names` reports: rates at the shipped threshold with their intervals, and what choosing the threshold
//! on other folds would have given. Holds no name.

use serde::Serialize;
use tapal_names::{Comparison, THRESHOLD, synthetic::Dice};

use super::cases::{Case, Quality};
use crate::progress;

/// Resamplings of the interval.
const ROUNDS: usize = 2000;
const FOLDS: usize = 5;

/// Right and wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Confusion {
    pub true_positives: usize,
    pub false_positives: usize,
    pub false_negatives: usize,
    pub true_negatives: usize,
}

impl Confusion {
    fn of(cases: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut all = Confusion::default();
        for (truth, found) in cases {
            let count = match (truth, found) {
                (true, true) => &mut all.true_positives,
                (false, true) => &mut all.false_positives,
                (true, false) => &mut all.false_negatives,
                (false, false) => &mut all.true_negatives,
            };
            *count += 1;
        }
        all
    }

    fn precision(self) -> f64 {
        share(
            self.true_positives,
            self.true_positives + self.false_positives,
        )
    }

    fn recall(self) -> f64 {
        share(
            self.true_positives,
            self.true_positives + self.false_negatives,
        )
    }

    fn f1(self) -> f64 {
        share(
            2 * self.true_positives,
            2 * self.true_positives + self.false_positives + self.false_negatives,
        )
    }

    fn right(self) -> usize {
        self.true_positives + self.true_negatives
    }
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[derive(Serialize)]
pub struct ByQuality {
    quality: &'static str,
    right: usize,
    total: usize,
}

#[derive(Serialize)]
pub struct Report {
    f1: f64,
    precision: f64,
    recall: f64,
    threshold: f32,
    strong_right: usize,
    strong_total: usize,
    /// Processor time of a comparison from the raw names, median of the passes.
    cpu_us_per_pair: f64,
    /// Least and most of the passes.
    cpu_us_spread: [f64; 2],
    n: usize,
    matches: usize,
    /// 95 % interval of F1: pairs drawn with replacement.
    f1_ci95: [f64; 2],
    /// F1 when, for each of five folds, the threshold is the best of the other four.
    f1_threshold_from_other_folds: f64,
    confusion: Confusion,
    by_quality: Vec<ByQuality>,
    made_at_ms: i64,
}

impl Report {
    pub fn new(cases: &[Case], scores: &[f32], cost: [f64; 3], made_at_ms: i64) -> Self {
        let judged: Vec<(bool, f32)> = cases
            .iter()
            .zip(scores)
            .map(|(case, score)| (case.is_match, *score))
            .collect();
        let at = |threshold: f32| {
            Confusion::of(
                judged
                    .iter()
                    .map(|(truth, score)| (*truth, *score >= threshold)),
            )
        };
        let confusion = at(THRESHOLD);
        let by_quality: Vec<ByQuality> = Quality::ALL
            .iter()
            .map(|quality| {
                let own = cases
                    .iter()
                    .zip(scores)
                    .filter(|(case, _)| case.quality == *quality);
                let own =
                    Confusion::of(own.map(|(case, score)| (case.is_match, *score >= THRESHOLD)));
                let total = cases.iter().filter(|case| case.quality == *quality).count();
                ByQuality {
                    quality: quality.word(),
                    right: own.right(),
                    total,
                }
            })
            .collect();
        Report {
            f1: confusion.f1(),
            precision: confusion.precision(),
            recall: confusion.recall(),
            threshold: THRESHOLD,
            strong_right: by_quality[0].right,
            strong_total: by_quality[0].total,
            cpu_us_per_pair: cost[1],
            cpu_us_spread: [cost[0], cost[2]],
            n: cases.len(),
            matches: cases.iter().filter(|case| case.is_match).count(),
            f1_ci95: interval(&judged),
            f1_threshold_from_other_folds: other_folds(&judged),
            confusion,
            by_quality,
            made_at_ms,
        }
    }

    pub fn print(&self) {
        let c = &self.confusion;
        let lines = [
            format!(
                "{} pairs, {} of them one person; threshold {}",
                self.n, self.matches, self.threshold
            ),
            format!(
                "F1         {:.3} (95 % interval {:.3} to {:.3})",
                self.f1, self.f1_ci95[0], self.f1_ci95[1]
            ),
            format!(
                "           {:.3} with the threshold from other folds",
                self.f1_threshold_from_other_folds
            ),
            format!(
                "precision  {:.3} ({} of {})",
                self.precision,
                c.true_positives,
                c.true_positives + c.false_positives
            ),
            format!(
                "recall     {:.3} ({} of {})",
                self.recall, c.true_positives, self.matches
            ),
        ];
        lines.iter().for_each(|line| progress::result(line));
        for row in self.by_quality.iter().filter(|row| row.total > 0) {
            progress::result(&format!(
                "{:<10} {} of {} right",
                row.quality, row.right, row.total
            ));
        }
        let [least, most] = self.cpu_us_spread;
        progress::result(&format!(
            "a pair     {:.2} us of processor time ({least:.2} to {most:.2})",
            self.cpu_us_per_pair
        ));
    }
}

/// 2.5 % and 97.5 % of F1 over resamplings of the pairs.
fn interval(judged: &[(bool, f32)]) -> [f64; 2] {
    let mut dice = Dice::new(20_261_128);
    let mut all: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let drawn = (0..judged.len()).map(|_| judged[dice.roll(judged.len())]);
            Confusion::of(drawn.map(|(truth, score)| (truth, score >= THRESHOLD))).f1()
        })
        .collect();
    all.sort_by(f64::total_cmp);
    [all[ROUNDS / 40], all[ROUNDS - 1 - ROUNDS / 40]]
}

/// Each fold judged by the threshold that is best for the others.
fn other_folds(judged: &[(bool, f32)]) -> f64 {
    let mut dice = Dice::new(5);
    let folds: Vec<usize> = judged.iter().map(|_| dice.roll(FOLDS)).collect();
    let mut found = Vec::with_capacity(judged.len());
    for fold in 0..FOLDS {
        let rest = judged
            .iter()
            .zip(&folds)
            .filter(|(_, own)| **own != fold)
            .map(|(pair, _)| *pair);
        let threshold = best_threshold(&rest.collect::<Vec<_>>());
        let own = judged.iter().zip(&folds).filter(|(_, own)| **own == fold);
        found.extend(own.map(|((truth, score), _)| (*truth, *score >= threshold)));
    }
    Confusion::of(found).f1()
}

fn best_threshold(judged: &[(bool, f32)]) -> f32 {
    let f1 = |threshold: f32| {
        Confusion::of(
            judged
                .iter()
                .map(|(truth, score)| (*truth, *score >= threshold)),
        )
        .f1()
    };
    let mut best = (THRESHOLD, f1(THRESHOLD));
    for (_, threshold) in judged {
        let own = f1(*threshold);
        if own > best.1 {
            best = (*threshold, own);
        }
    }
    best.0
}

/// A wrongly judged pair, with its table.
pub fn explain(case: &Case, found: &Comparison) {
    let wrong = if case.is_match {
        "missed"
    } else {
        "not one person"
    };
    progress::say(&format!(
        "{:.2} {wrong}: {} / {}",
        found.score, case.name1, case.name2
    ));
    for row in &found.rows {
        progress::say(&format!(
            "  {:+.2} {:<12} {:<11} {} / {}",
            row.weight,
            row.feature.code(),
            row.verdict.code(),
            row.left.as_str(),
            row.right.as_str()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_counted() {
        let judged = [
            (true, true),
            (true, true),
            (true, false),
            (false, true),
            (false, false),
        ];
        let all = Confusion::of(judged);
        assert_eq!(
            (
                all.true_positives,
                all.false_positives,
                all.false_negatives,
                all.true_negatives
            ),
            (2, 1, 1, 1)
        );
        assert!((all.f1() - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(all.right(), 3);
    }

    #[test]
    fn a_perfect_list_has_no_spread() {
        let judged: Vec<(bool, f32)> = (0..40)
            .map(|i| (i % 2 == 0, if i % 2 == 0 { 0.9 } else { 0.1 }))
            .collect();
        assert_eq!(interval(&judged), [1.0, 1.0]);
        assert_eq!(other_folds(&judged), 1.0);
        assert_eq!(best_threshold(&[(true, 0.3), (false, 0.2)]), 0.3);
    }
}
