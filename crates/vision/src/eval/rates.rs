//! Counting: accept rates, their bounds, from compared pairs. Pure numbers; it opens nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::bootstrap::Random;

const ROUNDS: usize = 500;
/// Fewer impostor pairs than this above the threshold say nothing about its rate.
const LEAST_IMPOSTORS_ABOVE: f64 = 1.0;

/// True accept rate at one false accept rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accepted {
    /// Share of impostor pairs let through.
    pub far: f64,
    /// Share of genuine pairs let through; null when there are too few impostor pairs to say.
    pub tar: Option<f64>,
    /// Bootstrap 95 % bounds over people; null likewise.
    pub ci95: Option<[f64; 2]>,
    /// The cosine above which a pair is let through.
    pub threshold: Option<f32>,
}

/// One compared pair: its score (none when a face was not found) and the person it is counted under.
pub(super) struct Compared {
    pub(super) score: Option<f32>,
    pub(super) person: usize,
}

/// Missing scores lie below everything.
fn score(compared: &Compared) -> f32 {
    compared.score.unwrap_or(f32::NEG_INFINITY)
}

/// TAR at one FAR, counted over the pairs; unknown where the impostor pairs are too few.
pub(super) fn accepted(far: f64, genuine: &[Compared], impostor: &[Compared]) -> Accepted {
    let unknown = Accepted {
        far,
        tar: None,
        ci95: None,
        threshold: None,
    };
    if genuine.is_empty() || impostor.len() as f64 * far < LEAST_IMPOSTORS_ABOVE {
        return unknown;
    }
    let mut scores = impostor.iter().map(score).collect::<Vec<_>>();
    scores.sort_by(|a, b| b.total_cmp(a));
    let threshold = scores[(scores.len() as f64 * far).floor() as usize];
    let share = |list: &[&Compared], threshold: f32| {
        list.iter().filter(|c| score(c) > threshold).count() as f64 / list.len().max(1) as f64
    };
    let tar = share(&genuine.iter().collect::<Vec<_>>(), threshold);
    let rounds = bootstrap(far, &scores, genuine, share);
    let bound = |q: f64| rounds[((rounds.len() - 1) as f64 * q).round() as usize];
    Accepted {
        far,
        tar: Some(tar),
        ci95: Some([bound(0.025), bound(0.975)]),
        threshold: Some(threshold),
    }
}

/// TAR of `ROUNDS` resamplings, rising: people are drawn with replacement, each with all their genuine pairs;
/// the number of impostor pairs above the threshold is drawn from its Poisson distribution.
fn bootstrap(
    far: f64,
    impostor_falling: &[f32],
    genuine: &[Compared],
    share: impl Fn(&[&Compared], f32) -> f64,
) -> Vec<f64> {
    let mut by_person: BTreeMap<usize, Vec<&Compared>> = BTreeMap::new();
    for compared in genuine {
        by_person.entry(compared.person).or_default().push(compared);
    }
    let people = by_person.into_values().collect::<Vec<_>>();
    let mut random = Random::new(0x5eed);
    let mut uniform = || random.uniform();
    let mean = impostor_falling.len() as f64 * far;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let drawn =
            (0..people.len()).flat_map(|_| &people[(uniform() * people.len() as f64) as usize]);
        let drawn = drawn.copied().collect::<Vec<_>>();
        let above = poisson(mean, &mut uniform).min(impostor_falling.len() - 1);
        rounds.push(share(&drawn, impostor_falling[above]));
    }
    rounds.sort_by(f64::total_cmp);
    rounds
}

/// Normal approximation for large means, Knuth's product for small ones.
fn poisson(mean: f64, uniform: &mut impl FnMut() -> f64) -> usize {
    if mean > 50.0 {
        let (u, v) = (uniform().max(1e-12), uniform());
        let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        return (mean + mean.sqrt() * normal).round().max(0.0) as usize;
    }
    let (limit, mut product, mut n) = ((-mean).exp(), uniform(), 0);
    while product > limit {
        product *= uniform();
        n += 1;
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(scores: &[f32]) -> Vec<Compared> {
        scores
            .iter()
            .enumerate()
            .map(|(i, s)| Compared {
                score: Some(*s),
                person: i / 2,
            })
            .collect()
    }

    #[test]
    fn tar_is_counted_strictly_above_the_threshold() {
        let impostor = compared(&(0..200).map(|i| i as f32 / 1000.0).collect::<Vec<_>>());
        let genuine = compared(&[0.5, 0.6, 0.197, 0.1]);
        let at = accepted(1e-2, &genuine, &impostor);
        assert_eq!((at.tar, at.threshold), (Some(0.5), Some(0.197)));
        let [low, high] = at.ci95.unwrap();
        assert!(low <= 0.5 && high >= 0.5 && low >= 0.0 && high <= 1.0);
        assert_eq!(
            accepted(1e-3, &genuine, &impostor).tar,
            None,
            "200 pairs say nothing about 1 in 1,000"
        );
    }

    #[test]
    fn a_missing_face_counts_as_refused() {
        let impostor = compared(&[0.1; 100]);
        let mut genuine = compared(&[0.9]);
        genuine.push(Compared {
            score: None,
            person: 9,
        });
        assert_eq!(accepted(1e-2, &genuine, &impostor).tar, Some(0.5));
    }
}
