//! What a score of one model means: how often two different people reach it, how often one person does not, and
//! in which range that may be trusted. A table that was measured and fitted elsewhere (`tapal eval`); this module
//! only reads it. Must not fit, and must not promise a rate beyond what the table covers.

use serde::{Deserialize, Serialize};

/// At this score this share of comparisons of two different people reach it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RatePoint {
    /// Cosine similarity, -1 to 1.
    pub score: f32,
    /// False-match rate at that score, above 0, at most 1.
    pub fmr: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
}

/// Below this score this share of comparisons of one person with themselves stays.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MissPoint {
    /// Cosine similarity, -1 to 1.
    pub score: f32,
    /// Share missed at that threshold, 0 to 1.
    pub fnmr: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
}

/// How well a number is founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Counted on photographs.
    Counted,
    /// Continued by the fitted tail, within the range in which it may be trusted.
    Fitted,
    /// Beyond that range: a number to be wary of, never to promise.
    Beyond,
}

/// A number with its 95 % interval and how well it is founded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Estimate {
    /// Best value.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How well it is founded.
    pub standing: Standing,
}

impl Estimate {
    /// The same function of value and both ends; it must not fall.
    pub fn map(self, of: impl Fn(f64) -> f64) -> Self {
        Self {
            value: of(self.value),
            low: of(self.low),
            high: of(self.high),
            ..self
        }
    }
}

/// The calibration of one model: stored with its card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Calibration {
    /// On what it was measured, and what it does not say.
    pub note: String,
    /// Lowest false-match rate that was counted (at least ten comparisons above the score).
    pub counted_fmr: f64,
    /// Lowest false-match rate that may be trusted: below it the fit was not verified.
    pub trusted_fmr: f64,
    /// How unevenly false matches fall on people: relative variance of the false-match rate between probes.
    /// 0 means every comparison is independent. See [`fpir`].
    pub spread: f64,
    /// Rising scores, falling rates; counted points first, then the fitted tail.
    pub points: Vec<RatePoint>,
    /// Rising scores, rising shares.
    pub misses: Vec<MissPoint>,
}

/// Chance that a passer-by on no list reaches a threshold against one of `gallery` templates, when a single
/// comparison does so with chance `fmr`. With `spread` 0: 1 - (1 - fmr)^N (ISO/IEC 19795-1, independent
/// comparisons). Otherwise the per-probe rate is gamma-distributed with that relative variance, which gives the
/// negative binomial zero term: 1 - (1 + spread N fmr)^(-1/spread). Some people resemble many others
/// (Doddington et al. 1998, "wolves"), so false candidates cluster and fewer people raise them.
pub fn fpir(fmr: f64, gallery: u64, spread: f64) -> f64 {
    let (fmr, n) = (fmr.clamp(0.0, 1.0), gallery as f64);
    if spread > 1e-9 {
        -(-(spread * n * fmr).ln_1p() / spread).exp_m1()
    } else {
        -(n * (-fmr).ln_1p()).exp_m1()
    }
}

/// The false-match rate of one comparison at which [`fpir`] is `wanted`.
pub fn fmr_for(wanted: f64, gallery: u64, spread: f64) -> f64 {
    let (wanted, n) = (wanted.clamp(0.0, 1.0 - 1e-12), gallery.max(1) as f64);
    let none = (-wanted).ln_1p();
    if spread > 1e-9 {
        ((-none * spread).exp_m1() / (spread * n)).clamp(0.0, 1.0)
    } else {
        -(none / n).exp_m1()
    }
}

impl Calibration {
    /// A table of counted points (score, rate) without intervals, for tests and examples.
    pub fn counted(points: &[(f32, f64)]) -> Self {
        let rate = points.last().map_or(1.0, |(_, fmr)| *fmr);
        let point = |&(score, fmr): &(f32, f64)| RatePoint {
            score,
            fmr,
            low: fmr,
            high: fmr,
        };
        Self {
            counted_fmr: rate,
            trusted_fmr: rate,
            points: points.iter().map(point).collect(),
            ..Self::default()
        }
    }

    /// What is wrong with it, if anything: scores rise, rates fall, intervals hold their value.
    pub fn check(&self) -> Result<(), &'static str> {
        let rate = |v: f64| v > 0.0 && v <= 1.0;
        let share = |v: f64| (0.0..=1.0).contains(&v);
        if !self
            .points
            .windows(2)
            .all(|w| w[0].score < w[1].score && w[0].fmr >= w[1].fmr)
            || !self.points.iter().all(|p| {
                p.score.is_finite()
                    && rate(p.fmr)
                    && share(p.low)
                    && p.low <= p.fmr
                    && p.fmr <= p.high
            })
        {
            return Err(
                "calibration points need rising scores, falling rates between 0 and 1 and intervals around them",
            );
        }
        if !self
            .misses
            .windows(2)
            .all(|w| w[0].score < w[1].score && w[0].fnmr <= w[1].fnmr)
            || !self.misses.iter().all(|p| {
                p.score.is_finite() && share(p.fnmr) && p.low <= p.fnmr && p.fnmr <= p.high
            })
        {
            return Err(
                "calibration misses need rising scores, rising shares between 0 and 1 and intervals around them",
            );
        }
        let sound = self.spread >= 0.0 && self.spread.is_finite();
        let rates = [self.trusted_fmr, self.counted_fmr];
        if !sound || !rates.iter().all(|r| share(*r)) {
            return Err(
                "calibration spread must not be negative, and its rates lie between 0 and 1",
            );
        }
        Ok(())
    }

    /// False-match rate of one comparison at `score`, log-linear between points. `None` below the first point or
    /// without two points. Beyond the last point its rate holds, never a smaller one, and stands as `Beyond`.
    pub fn fmr(&self, score: f32) -> Option<Estimate> {
        if self.points.len() < 2 || score.is_nan() {
            return None;
        }
        let last = *self.points.last()?;
        let (value, low, high) = if score >= last.score {
            (last.fmr, last.low, last.high)
        } else {
            let w = self
                .points
                .windows(2)
                .find(|w| w[0].score <= score && score < w[1].score)?;
            let along = f64::from(score - w[0].score) / f64::from(w[1].score - w[0].score);
            let between = |a: f64, b: f64| {
                let (a, b) = (a.max(1e-15).ln(), b.max(1e-15).ln());
                (a + along * (b - a)).exp()
            };
            (
                between(w[0].fmr, w[1].fmr),
                between(w[0].low, w[1].low),
                between(w[0].high, w[1].high),
            )
        };
        let standing = if score > last.score {
            Standing::Beyond
        } else {
            self.standing(value)
        };
        Some(Estimate {
            value,
            low,
            high,
            standing,
        })
    }

    fn standing(&self, fmr: f64) -> Standing {
        // Points are written with few digits: a hair below the limit is still the limit.
        if fmr >= self.counted_fmr * 0.999 {
            Standing::Counted
        } else if fmr >= self.trusted_fmr * 0.999 {
            Standing::Fitted
        } else {
            Standing::Beyond
        }
    }

    /// Chance that a passer-by on no list reaches `score` against one of `gallery` templates.
    pub fn fpir(&self, score: f32, gallery: u64) -> Option<Estimate> {
        Some(
            self.fmr(score)?
                .map(|rate| fpir(rate, gallery, self.spread)),
        )
    }

    /// Share of listed people missed at a threshold, by single photographs. `None` without points or below the first.
    pub fn miss(&self, score: f32) -> Option<Estimate> {
        let (first, last) = (*self.misses.first()?, *self.misses.last()?);
        let standing = |outside: bool| match outside {
            true => Standing::Beyond,
            false => Standing::Counted,
        };
        let at = |p: MissPoint, outside: bool| Estimate {
            value: p.fnmr,
            low: p.low,
            high: p.high,
            standing: standing(outside),
        };
        if score.is_nan() || score < first.score {
            return None;
        }
        if score >= last.score {
            return Some(at(last, score > last.score));
        }
        let w = self
            .misses
            .windows(2)
            .find(|w| w[0].score <= score && score < w[1].score)?;
        let along = f64::from(score - w[0].score) / f64::from(w[1].score - w[0].score);
        let between = |a: f64, b: f64| a + along * (b - a);
        Some(Estimate {
            value: between(w[0].fnmr, w[1].fnmr),
            low: between(w[0].low, w[1].low),
            high: between(w[0].high, w[1].high),
            standing: Standing::Counted,
        })
    }

    /// Lowest score at which the upper end of the false-match rate is at most `fmr`: the budget holds even when the
    /// calibration is as wrong as its interval says. `None` when the table does not reach so low.
    pub fn score_for(&self, fmr: f64) -> Option<f32> {
        let first = self.points.first()?;
        if self.points.len() < 2 || fmr.is_nan() || fmr <= 0.0 {
            return None;
        }
        if fmr >= first.high {
            return Some(first.score);
        }
        let w = self
            .points
            .windows(2)
            .find(|w| w[0].high > fmr && fmr >= w[1].high)?;
        let (a, b) = (w[0].high.ln(), w[1].high.max(1e-15).ln());
        let along = ((fmr.ln() - a) / (b - a)).clamp(0.0, 1.0);
        Some(w[0].score + (w[1].score - w[0].score) * along as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table() -> Calibration {
        let point = |score, fmr: f64| RatePoint {
            score,
            fmr,
            low: fmr / 2.0,
            high: fmr * 2.0,
        };
        let miss = |score, fnmr: f64| MissPoint {
            score,
            fnmr,
            low: fnmr / 2.0,
            high: fnmr * 2.0,
        };
        Calibration {
            counted_fmr: 1e-4,
            trusted_fmr: 1e-6,
            points: vec![
                point(0.2, 1e-2),
                point(0.4, 1e-4),
                point(0.6, 1e-6),
                point(0.8, 1e-8),
            ],
            misses: vec![miss(0.2, 0.01), miss(0.6, 0.05)],
            ..Calibration::default()
        }
    }

    #[test]
    fn the_rate_is_log_linear_and_says_how_well_it_is_founded() {
        let check = |score: f32, expect: Option<(i32, Standing)>| {
            let got = table().fmr(score);
            let got = got.map(|e| ((e.value.log10() * 10.0).round() as i32, e.standing));
            assert_eq!(got, expect, "{score}");
        };
        check(0.1, None);
        check(0.2, Some((-20, Standing::Counted)));
        check(0.3, Some((-30, Standing::Counted)));
        check(0.4, Some((-40, Standing::Counted)));
        check(0.5, Some((-50, Standing::Fitted)));
        check(0.7, Some((-70, Standing::Beyond)));
        check(0.95, Some((-80, Standing::Beyond)));
        check(f32::NAN, None);
        assert_eq!(Calibration::default().fmr(0.5), None);
    }

    #[test]
    fn false_alerts_grow_with_the_list() {
        // The worked example of sizing: f = 1e-6 gives 0.1 %, 1.0 %, 9.5 %.
        for (n, expect) in [(1_000, 0.0010), (10_000, 0.00995), (100_000, 0.0952)] {
            assert!((fpir(1e-6, n, 0.0) - expect).abs() < 1e-4, "{n}");
            assert!(
                fpir(1e-6, n, 5.0) <= fpir(1e-6, n, 0.0),
                "clustered false matches fall on fewer people"
            );
        }
    }

    #[test]
    fn the_threshold_keeps_the_upper_end_within_the_rate() {
        let table = table();
        let score = table.score_for(2e-4).unwrap();
        assert!((score - 0.4).abs() < 1e-4, "{score}");
        assert_eq!(table.score_for(1e-9), None);
        assert_eq!(table.score_for(0.5), Some(0.2));
        assert_eq!(table.score_for(0.0), None);
    }

    #[test]
    fn misses_rise_with_the_threshold() {
        let table = table();
        assert!((table.miss(0.4).unwrap().value - 0.03).abs() < 1e-6);
        assert_eq!(table.miss(0.1), None);
        assert_eq!(table.miss(0.9).unwrap().standing, Standing::Beyond);
    }

    #[test]
    fn a_table_that_contradicts_itself_is_refused() {
        assert_eq!(table().check(), Ok(()));
        let check = |change: &dyn Fn(&mut Calibration)| {
            let mut wrong = table();
            change(&mut wrong);
            assert!(wrong.check().is_err(), "{wrong:?}");
        };
        check(&|c| c.points[1].score = 0.1);
        check(&|c| c.points[1].fmr = 0.5);
        check(&|c| c.points[0].low = 0.9);
        check(&|c| c.misses[1].fnmr = 0.0);
        check(&|c| c.spread = -1.0);
        check(&|c| c.trusted_fmr = 2.0);
    }

    proptest! {
        #[test]
        fn rate_and_chance_are_inverse(wanted in 1e-7f64..0.5, n in 1u64..1_000_000, spread in 0.0f64..20.0) {
            let rate = fmr_for(wanted, n, spread);
            prop_assume!(rate < 1.0);
            let back = fpir(rate, n, spread);
            prop_assert!((back - wanted).abs() <= 1e-6 * wanted + 1e-12, "{back} {wanted}");
        }

        #[test]
        fn a_stricter_rate_never_lowers_the_threshold(a in 1e-8f64..1e-2, b in 1e-8f64..1e-2) {
            let (strict, loose) = (a.min(b), a.max(b));
            if let Some(high) = table().score_for(strict) {
                prop_assert!(table().score_for(loose).is_some_and(|low| low <= high));
            }
        }
    }
}
