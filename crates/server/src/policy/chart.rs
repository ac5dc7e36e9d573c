//! The curve of a model as points of an SVG: false alerts a passer-by and misses against the threshold, with the
//! chosen point. Must not hold a word or a colour: those are the template's and the stylesheet's.

use tapal_domain::{
    calibration::{Calibration, Estimate},
    policy::Budget,
};

// Edges of the two plots in the view box, which is 640 wide.
const LEFT: i64 = 104;
const RIGHT: i64 = 616;
const TOP: i64 = 30;
const MIDDLE: i64 = 226;
const LOW_TOP: i64 = 282;
const LOW_END: i64 = 372;
const SAMPLES: usize = 64;

/// One mark of an axis.
pub struct Tick {
    /// Place along the axis.
    pub at: i64,
    /// What stands there: a score, a chance or a share.
    pub value: f64,
}

/// The lower plot, where the calibration says how many listed people are missed.
pub struct Misses {
    /// The curve.
    pub line: String,
    /// Its interval.
    pub band: String,
    /// Marks of shares.
    pub ticks: Vec<Tick>,
    /// Height of the chosen point.
    pub chosen: Option<i64>,
}

/// Everything the template draws.
pub struct Chart {
    /// Height of the drawing.
    pub height: i64,
    /// Bottom of the upper plot.
    pub bottom: i64,
    /// Bottom of the whole plot.
    pub end: i64,
    /// The curve of chances.
    pub line: String,
    /// Its interval.
    pub band: String,
    /// Marks of chances.
    pub ticks: Vec<Tick>,
    /// Marks of scores.
    pub scores: Vec<Tick>,
    /// Place of the chosen threshold.
    pub chosen: Option<(i64, i64)>,
    /// Height of the budget's line.
    pub budget: Option<i64>,
    /// From where the fit may not be trusted, if the table goes on beyond that.
    pub beyond: Option<i64>,
    /// The lower plot.
    pub misses: Option<Misses>,
}

struct Span {
    from: f64,
    to: f64,
    start: i64,
    end: i64,
}

impl Span {
    fn exact(&self, value: f64) -> f64 {
        let along = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        self.start as f64 + along * (self.end - self.start) as f64
    }

    fn at(&self, value: f64) -> i64 {
        self.exact(value).round() as i64
    }
}

/// Tenths of a unit, so that a flat curve does not climb in steps.
fn path(points: &[(f64, f64)]) -> String {
    let part = |(i, (x, y)): (usize, &(f64, f64))| {
        format!("{}{x:.1} {y:.1}", if i == 0 { "M" } else { "L" })
    };
    points.iter().enumerate().map(part).collect()
}

fn curve(
    across: &Span,
    up: &Span,
    samples: &[(f64, Estimate)],
    of: fn(f64) -> f64,
) -> (String, String) {
    let place = |get: fn(&Estimate) -> f64| -> Vec<(f64, f64)> {
        let point = |(score, e): &(f64, Estimate)| (across.exact(*score), up.exact(of(get(e))));
        samples.iter().map(point).collect()
    };
    let mut outline = place(|e| e.high);
    outline.extend(place(|e| e.low).into_iter().rev());
    (path(&place(|e| e.value)), path(&outline) + "Z")
}

/// Height of a chance on the logarithmic axis.
fn log(chance: f64) -> f64 {
    chance.max(1e-12).log10()
}

/// The drawing for one model and one size of the list; `None` when the model has no calibration.
pub fn chart(
    calibration: &Calibration,
    n: u64,
    chosen: Option<f32>,
    budget: Option<&Budget>,
) -> Option<Chart> {
    let (first, last) = (calibration.points.first()?, calibration.points.last()?);
    let top = chosen.map_or(last.score, |score| score.max(last.score));
    let across = Span {
        from: f64::from(first.score),
        to: f64::from(top) + 1e-6,
        start: LEFT,
        end: RIGHT,
    };
    let score_at = |i: usize| across.from + (across.to - across.from) * i as f64 / SAMPLES as f64;
    let sampled = |of: &dyn Fn(f32) -> Option<Estimate>| -> Vec<(f64, Estimate)> {
        let one = |i| Some((score_at(i), of(score_at(i) as f32)?));
        (0..=SAMPLES).filter_map(one).collect()
    };
    let chances = sampled(&|score| calibration.fpir(score, n));
    // The best values set the axis: a lower end of nearly nothing would press the curve against the top.
    let least = chances.iter().map(|(_, e)| e.value).fold(1.0, f64::min);
    let least = budget.map_or(least, |budget| least.min(budget.fpir()));
    let up = Span {
        from: log(least).floor(),
        to: 0.0,
        start: MIDDLE,
        end: TOP,
    };
    let (line, band) = curve(&across, &up, &chances, log);
    let misses = misses(
        calibration,
        &across,
        &sampled(&|score| calibration.miss(score)),
        chosen,
    );
    let end = if misses.is_some() { LOW_END } else { MIDDLE };
    let tens = |power: i32| Tick {
        at: up.at(f64::from(power)),
        value: 10_f64.powi(power),
    };
    let every = ((-up.from / 6.0).ceil() as usize).max(1);
    Some(Chart {
        height: end + 46,
        bottom: MIDDLE,
        end,
        ticks: (up.from as i32..=0)
            .rev()
            .step_by(every)
            .map(tens)
            .collect(),
        scores: (0..=4)
            .map(|i| score_at(i * SAMPLES / 4))
            .map(|value| Tick {
                at: across.at(value),
                value,
            })
            .collect(),
        chosen: chosen.and_then(|score| {
            let chance = calibration.fpir(score, n)?;
            Some((across.at(f64::from(score)), up.at(log(chance.value))))
        }),
        budget: budget.map(|budget| up.at(log(budget.fpir()))),
        beyond: beyond(calibration, &across),
        line,
        band,
        misses,
    })
}

fn beyond(calibration: &Calibration, across: &Span) -> Option<i64> {
    let trusted = |fmr: f64| fmr >= calibration.trusted_fmr * 0.999;
    let last = calibration.points.iter().rfind(|p| trusted(p.fmr))?;
    let at = across.at(f64::from(last.score));
    (at < RIGHT - 2).then_some(at)
}

fn misses(
    calibration: &Calibration,
    across: &Span,
    samples: &[(f64, Estimate)],
    chosen: Option<f32>,
) -> Option<Misses> {
    if samples.len() < 2 {
        return None;
    }
    let most = samples.iter().map(|(_, e)| e.high).fold(0.01, f64::max);
    let step = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5]
        .into_iter()
        .find(|step| most <= step * 2.0)
        .unwrap_or(0.5);
    let up = Span {
        from: 0.0,
        to: step * 2.0,
        start: LOW_END,
        end: LOW_TOP,
    };
    let (line, band) = curve(across, &up, samples, |share| share);
    let tick = |i: i32| Tick {
        at: up.at(step * f64::from(i)),
        value: step * f64::from(i),
    };
    Some(Misses {
        line,
        band,
        ticks: (0..=2).map(tick).collect(),
        chosen: chosen
            .and_then(|score| calibration.miss(score))
            .map(|e| up.at(e.value)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_lies_within_the_drawing_and_falls_as_the_threshold_rises() {
        let calibration = Calibration::counted(&[(0.3, 1e-4), (0.5, 1e-6)]);
        let budget = Budget {
            false_alerts_per_day: 1.0,
            passers_by_per_day: 10_000,
            shift_hours: 8.0,
        };
        let chart = chart(&calibration, 100, Some(0.4), Some(&budget)).unwrap();
        let (x, y) = chart.chosen.unwrap();
        assert!((LEFT..=RIGHT).contains(&x) && (TOP..=MIDDLE).contains(&y));
        // 0.4 is 1e-5 a comparison, 1e-3 a passer-by: the budget of 1e-4 lies below it on the drawing.
        assert!(chart.budget.unwrap() > y);
        assert!(chart.misses.is_none() && chart.end == MIDDLE);
        assert!(chart.ticks.windows(2).all(|w| w[0].at < w[1].at));
        assert_eq!(chart.beyond, None, "the whole table is trusted");
        assert!(super::chart(&Calibration::default(), 10, None, None).is_none());
        let wary = Calibration {
            trusted_fmr: 1e-4,
            ..calibration
        };
        let chart = super::chart(&wary, 100, None, None).unwrap();
        assert_eq!(chart.beyond, Some(LEFT), "trust ends at the first point");
    }
}
