//! The highest scores of strangers, continued: a generalised Pareto distribution over a high threshold. Pure numbers.
//!
//! Peaks over threshold: Coles, An Introduction to Statistical Modeling of Extreme Values (2001), chapter 4. Fitted by
//! probability-weighted moments (Hosking and Wallis, Technometrics 29, 1987), which is stable for some hundred
//! exceedances and shapes below 1/2.

/// Rate of scores at or above x, for x above `from`: rate * (1 + shape (x - from) / scale)^(-1/shape).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// Where the tail begins.
    pub from: f64,
    /// Share of all comparisons at or above `from`.
    pub rate: f64,
    /// Scale, in units of the score.
    pub scale: f64,
    /// Shape: 0 exponential, below 0 with an end, above 0 heavier.
    pub shape: f64,
}

/// Fewer exceedances than this do not speak about a shape: the tail is taken as exponential.
const FOR_A_SHAPE: f64 = 30.0;
/// How far from 0 a shape is expected to be, before any score is seen: the highest of many sums of small parts, such as
/// cosines in hundreds of dimensions, have an exponential tail (Gumbel's domain, shape 0).
const EXPECTED_SHAPE: f64 = 0.05;
/// Sampling variance of the shape, times the number of exceedances, near shape 0 (Hosking and Wallis 1987).
const SHAPE_VARIANCE: f64 = 4.0 / 3.0;

impl Tail {
    /// Fits to scores, highest first, with weights; all lie among `total` comparisons. `share` of them are exceedances.
    /// `None` when the list does not reach so far, or all scores are the same.
    pub fn fit(
        falling: impl Iterator<Item = (f64, f64)> + Clone,
        total: f64,
        share: f64,
    ) -> Option<Self> {
        let wanted = total * share;
        let mut above = 0.0;
        let from = falling.clone().find_map(|(score, weight)| {
            above += weight;
            (above >= wanted).then_some(score)
        })?;
        let (mut weights, mut mean, mut second) = (0.0, 0.0, 0.0);
        for (score, weight) in falling.take_while(|(score, _)| *score > from) {
            // Share of exceedances above this one, its own half counted: the plotting position.
            let rank = weights + weight / 2.0;
            mean += weight * (score - from);
            second += weight * (score - from) * rank;
            weights += weight;
        }
        if weights <= 0.0 || mean <= 0.0 {
            return None;
        }
        let (mean, second) = (mean / weights, second / weights / weights);
        let spare = mean - 2.0 * second;
        let (scale, shape) = if weights < FOR_A_SHAPE || spare <= 0.0 {
            (mean, 0.0)
        } else {
            // Drawn towards 0 as far as few exceedances demand; many speak for themselves.
            let prior = EXPECTED_SHAPE * EXPECTED_SHAPE;
            let shape = (2.0 - mean / spare).clamp(-0.5, 0.45);
            let shape = shape * prior / (prior + SHAPE_VARIANCE / weights);
            (mean * (1.0 - shape), shape)
        };
        Some(Tail {
            from,
            rate: weights / total,
            scale,
            shape,
        })
    }

    /// The same mean excess with a shape of at least 0: an end of the scale is never promised.
    pub fn without_end(self) -> Self {
        let shape = self.shape.max(0.0);
        let mean = self.scale / (1.0 - self.shape);
        Tail {
            scale: mean * (1.0 - shape),
            shape,
            ..self
        }
    }

    /// Share of comparisons at or above a score of at least `from`.
    pub fn at(&self, score: f64) -> f64 {
        let x = (score - self.from).max(0.0) / self.scale;
        if self.shape.abs() < 1e-6 {
            return self.rate * (-x).exp();
        }
        self.rate * (1.0 + self.shape * x).max(0.0).powf(-1.0 / self.shape)
    }

    /// The score with this rate, at most `rate`.
    pub fn score(&self, rate: f64) -> f64 {
        let times = (rate / self.rate).min(1.0);
        if self.shape.abs() < 1e-6 {
            return self.from - self.scale * times.ln();
        }
        self.from + self.scale / self.shape * (times.powf(-self.shape) - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::bootstrap::Random;
    use super::*;

    #[test]
    fn a_known_tail_is_found_again() {
        for shape in [-0.2, 0.0, 0.2] {
            let truth = Tail {
                from: 0.25,
                rate: 1.0,
                scale: 0.03,
                shape,
            };
            let mut random = Random::new(11);
            let mut scores = (0..20_000)
                .map(|_| truth.score(random.uniform().max(1e-12)))
                .collect::<Vec<_>>();
            scores.sort_by(|a, b| b.total_cmp(a));
            let falling = scores.iter().map(|s| (*s, 1.0));
            let found = Tail::fit(falling, 20_000_000.0, 0.000_9).unwrap();
            assert!((found.shape - shape).abs() < 0.04, "{shape}: {found:?}");
            // 1 in 100 of the exceedances, and far beyond: the rate at the true score of one in 10,000 more.
            for deeper in [1e-2, 1e-4] {
                let rate = found.at(truth.score(deeper)) / (1e-3 * deeper);
                assert!((0.5..2.0).contains(&rate), "{shape} {deeper}: {rate}");
            }
            let back = found.at(found.score(1e-8));
            assert!((back / 1e-8 - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_scale_that_ends_is_not_promised() {
        let ends = Tail {
            from: 0.2,
            rate: 1e-3,
            scale: 0.05,
            shape: -0.5,
        };
        assert_eq!(ends.at(0.31), 0.0);
        let open = ends.without_end();
        assert!(open.at(0.31) > 0.0 && open.shape == 0.0);
        let heavy = Tail { shape: 0.2, ..ends };
        assert!((heavy.without_end().scale - heavy.scale).abs() < 1e-12);
    }

    #[test]
    fn too_short_a_list_gives_no_tail() {
        let some = [(0.5, 1.0), (0.4, 1.0)];
        assert_eq!(Tail::fit(some.into_iter(), 1000.0, 0.01), None);
        assert_eq!(Tail::fit([(0.5, 1.0); 40].into_iter(), 1000.0, 0.01), None);
    }
}
