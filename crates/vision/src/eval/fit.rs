//! From comparisons to a calibration: counted points, a continued tail, intervals over people, misses, and how far
//! the continuation was verified. Pure numbers; the rule of each step stands beside it.

use serde::Serialize;
use tapal_domain::calibration::{Calibration, MissPoint, RatePoint};

use super::bootstrap::{Random, interval, median};
use super::compare::Compared;
use super::{Comparison, Study, Tail, spread};

/// A rate is counted when at least so many comparisons lie at or above its score.
pub(super) const COUNTED: f64 = 10.0;
/// The tail is fitted to this share of the highest comparisons,
const TAIL_SHARE: f64 = 1e-3;
/// or to this many, when that is more,
const TAIL_LEAST: f64 = 300.0;
/// but to no more than this share.
const TAIL_MOST: f64 = 1e-2;
/// The table goes down to this rate; whether it may be trusted there is another matter.
const LOWEST: f64 = 1e-10;
/// The tail may be trusted only where the upper end of its interval is at most this many times the value.
const WIDEST: f64 = 5.0;
/// Points of the table of misses.
const MISS_POINTS: usize = 24;

/// How a fit is made.
#[derive(Clone, Copy)]
pub struct Fit {
    /// Rate of the first point; the comparisons handed over must reach so far.
    pub highest: f64,
    /// Rounds of resampling people.
    pub rounds: usize,
    /// Where chance begins.
    pub seed: u64,
}

impl Default for Fit {
    fn default() -> Self {
        Fit {
            highest: 0.1,
            rounds: 500,
            seed: 1,
        }
    }
}

/// Highest comparisons with the weights of a draw of people, and the fitted tail.
struct Weighted<'a> {
    falling: &'a [Comparison],
    /// Weight at or above each of them.
    above: Vec<f64>,
    total: f64,
    tail: Option<Tail>,
}

impl<'a> Weighted<'a> {
    fn of(falling: &'a [Comparison], weights: &[f32], compared: &Compared) -> Self {
        let weight = |c: &Comparison| f64::from(weights[c.a as usize] * weights[c.b as usize]);
        let mut sum = 0.0;
        let above = falling.iter().map(|c| {
            sum += weight(c);
            sum
        });
        let above = above.collect();
        let total = comparisons(weights, compared);
        let share = (TAIL_LEAST / total).clamp(TAIL_SHARE, TAIL_MOST);
        let scores = falling.iter().map(|c| (f64::from(c.score), weight(c)));
        let tail = Tail::fit(scores.filter(|(_, w)| *w > 0.0), total, share);
        Weighted {
            falling,
            above,
            total,
            tail,
        }
    }

    /// Share of comparisons at or above a score, counted.
    fn counted(&self, score: f64) -> f64 {
        let n = self
            .falling
            .partition_point(|c| f64::from(c.score) >= score);
        n.checked_sub(1).map_or(0.0, |i| self.above[i]) / self.total
    }

    /// The lowest score that at most this share reaches.
    fn score(&self, rate: f64) -> Option<f64> {
        let wanted = rate * self.total;
        let at = self.above.partition_point(|above| *above < wanted);
        self.falling.get(at).map(|c| f64::from(c.score))
    }
}

/// Comparisons of two people with a score, in a draw of people.
fn comparisons(weights: &[f32], compared: &Compared) -> f64 {
    let each = weights.iter().zip(&compared.photographs);
    let each = each.map(|(w, n)| f64::from(*w) * f64::from(*n));
    let (sum, squares) = each.fold((0.0, 0.0), |(s, q), v| (s + v, q + v * v));
    let doubles = compared.doubles.iter().map(|(a, b)| {
        let of =
            |p: u32| f64::from(weights[p as usize]) * f64::from(compared.photographs[p as usize]);
        of(*a) * of(*b)
    });
    (sum * sum - squares) / 2.0 - doubles.sum::<f64>()
}

/// Fits a calibration to the comparisons among the people in `mask` (weight 1 in, 0 out). `trusted_fmr` is where
/// counting ends until [`calibrate`] has verified more. `None` when they are too few for two points.
pub(super) fn fit(
    study: &Study,
    compared: &Compared,
    mask: &[f32],
    how: Fit,
) -> Option<Calibration> {
    let inside = |c: &&Comparison| mask[c.a as usize] > 0.0 && mask[c.b as usize] > 0.0;
    let falling = compared.strangers.iter().filter(inside).copied();
    let falling = falling.collect::<Vec<_>>();
    let all = Weighted::of(&falling, mask, compared);
    let places = places(&all, how.highest)?;
    let mut random = Random::new(how.seed);
    let draws = (0..how.rounds).map(|_| random.resample(mask));
    let draws = draws.collect::<Vec<_>>();
    let mut rows = vec![(Vec::new(), Vec::new()); places.len()];
    for draw in &draws {
        let drawn = Weighted::of(&falling, draw, compared);
        for (place, (free, open)) in places.iter().zip(&mut rows) {
            let (a, b) = match (place.counted, drawn.tail) {
                (false, Some(tail)) => (tail.at(place.score), tail.without_end().at(place.score)),
                (false, None) => continue,
                (true, _) => (drawn.counted(place.score), drawn.counted(place.score)),
            };
            free.push(a);
            open.push(b);
        }
    }
    let mut points = Vec::new();
    for (place, (free, open)) in places.iter().zip(rows) {
        let (low, high) = (interval(free)?[0], interval(open)?[1]);
        points.push(RatePoint {
            score: place.score as f32,
            fmr: place.rate,
            low: low.min(place.rate),
            high: high.max(place.rate),
        });
    }
    // An upper end that rises with the score would be chance: the wider one holds for all lower scores too.
    for at in (1..points.len()).rev() {
        points[at - 1].high = points[at - 1].high.max(points[at].high).min(1.0);
    }
    let counted = places.iter().rfind(|p| p.counted)?.rate;
    let misses = misses(compared, mask, &draws, &points);
    let calibration = Calibration {
        note: String::new(),
        counted_fmr: counted,
        trusted_fmr: counted,
        spread: spread::estimate(study, compared, mask).unwrap_or(0.0),
        points,
        misses,
    };
    calibration.check().ok().map(|()| calibration)
}

/// A point of the table before it has an interval.
struct Place {
    score: f64,
    rate: f64,
    counted: bool,
}

/// Two points a decade: where counting reaches, the score of that rank; beyond, the tail's.
fn places(all: &Weighted<'_>, highest: f64) -> Option<Vec<Place>> {
    let mut places = Vec::<Place>::new();
    for half in 0.. {
        let rate = highest * 10f64.powf(-f64::from(half) / 2.0);
        if rate < LOWEST * 0.999 {
            break;
        }
        let counted = rate * all.total >= COUNTED;
        let place = if counted {
            let score = all.score(rate)?;
            let rate = all.counted(score);
            Place {
                score,
                rate,
                counted,
            }
        } else {
            let score = all.tail?.score(rate);
            Place {
                score,
                rate,
                counted,
            }
        };
        let rises = places.last().is_none_or(|last| {
            place.score as f32 > last.score as f32 && place.rate <= last.rate && place.score < 1.0
        });
        if rises {
            places.push(place);
        }
    }
    (places.len() >= 2).then_some(places)
}

/// Share of comparisons of one person below each score, over the range of the points.
fn misses(
    compared: &Compared,
    mask: &[f32],
    draws: &[Vec<f32>],
    points: &[RatePoint],
) -> Vec<MissPoint> {
    let known = compared.genuine.iter().filter(|c| mask[c.a as usize] > 0.0);
    let known = known.collect::<Vec<_>>();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    if known.is_empty() {
        return Vec::new();
    }
    let mut people = known.iter().map(|c| c.a).collect::<Vec<_>>();
    people.sort_unstable();
    people.dedup();
    let below = |score: f32, weights: &[f32]| {
        let (mut all, mut missed) = (0.0f64, 0.0f64);
        for c in &known {
            let weight = f64::from(weights[c.a as usize]);
            all += weight;
            missed += if c.score < score { weight } else { 0.0 };
        }
        missed / all
    };
    let mut table = Vec::<MissPoint>::new();
    for at in 0..MISS_POINTS {
        let along = at as f32 / (MISS_POINTS - 1) as f32;
        let score = first.score + along * (last.score - first.score);
        let fnmr = below(score, mask);
        let [low, high] =
            interval(draws.iter().map(|d| below(score, d)).collect()).unwrap_or([0.0, 1.0]);
        // No miss among n people shows at most 3 / n.
        let least = if fnmr == 0.0 {
            3.0 / people.len() as f64
        } else {
            fnmr
        };
        table.push(MissPoint {
            score,
            fnmr,
            low: low.min(fnmr),
            high: high.max(least).min(1.0),
        });
    }
    table
}

/// How far a continued tail was right on people it had not seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verified {
    /// Random divisions: a quarter of the people fitted, the others counted.
    pub splits: usize,
    /// Lowest rate that a quarter could count.
    pub counted_fmr: f64,
    /// Rates the fit promised at its own scores, below what it could count, and what the others showed on average.
    pub rows: Vec<VerifiedRow>,
    /// The continuation was right down to so many times less than was counted; 1 when nothing was shown.
    pub factor: f64,
}

/// One continued rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct VerifiedRow {
    /// Promised.
    pub fmr: f64,
    /// Lower end of its interval, median over the divisions.
    pub low: f64,
    /// Upper end likewise.
    pub high: f64,
    /// Counted on the other people, mean over the divisions.
    pub measured: f64,
    /// Comparisons at or above the score among the others, mean over the divisions.
    pub above: f64,
    /// The mean lies within that interval and rests on at least ten comparisons.
    pub right: bool,
}

const VERIFY_SPLITS: usize = 40;

/// Fits to everybody and says how far down the fit may be trusted: the lowest rate of the table that is (a) not
/// further below the counted ones than a quarter of the people was continued correctly on the other three quarters,
/// and (b) has an upper end of at most five times its value. `progress` gets done and total.
pub fn calibrate(
    study: &Study,
    compared: &Compared,
    how: Fit,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Option<(Calibration, Verified)> {
    let everybody = vec![1.0; study.people];
    progress(0, VERIFY_SPLITS + 1);
    let mut calibration = fit(study, compared, &everybody, how)?;
    let verified = verify(study, compared, how, progress);
    let furthest = calibration.counted_fmr / verified.factor * 0.999;
    let trusted = calibration.points.iter().rfind(|p| {
        p.fmr >= calibration.counted_fmr * 0.999 || p.fmr >= furthest && p.high <= WIDEST * p.fmr
    });
    calibration.trusted_fmr = trusted.map_or(calibration.counted_fmr, |p| p.fmr);
    Some((calibration, verified))
}

fn verify(
    study: &Study,
    compared: &Compared,
    how: Fit,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Verified {
    let mut random = Random::new(how.seed ^ 0x0f17);
    // By rate: lower end, upper end, counted share, comparisons above, one a division.
    let mut found: Vec<(f64, Vec<[f64; 4]>)> = Vec::new();
    let (mut counted_fmr, mut splits) = (0.0f64, 0usize);
    for split in 0..VERIFY_SPLITS {
        progress(split + 1, VERIFY_SPLITS + 1);
        let mut people = (0..study.people).collect::<Vec<_>>();
        random.shuffle(&mut people);
        let mut mask = vec![0.0f32; study.people];
        people[..study.people / 4]
            .iter()
            .for_each(|p| mask[*p] = 1.0);
        let part = Fit {
            highest: TAIL_MOST,
            rounds: how.rounds.min(200),
            seed: how.seed + split as u64,
        };
        let Some(fitted) = fit(study, compared, &mask, part) else {
            continue;
        };
        let others = mask.iter().map(|m| 1.0 - m).collect::<Vec<_>>();
        let counts = |c: &&Comparison| others[c.a as usize] * others[c.b as usize] > 0.0;
        let total = comparisons(&others, compared);
        splits += 1;
        counted_fmr += fitted.counted_fmr.ln();
        for point in fitted
            .points
            .iter()
            .filter(|p| p.fmr < fitted.counted_fmr * 0.999)
        {
            let higher = compared
                .strangers
                .iter()
                .take_while(|c| c.score >= point.score);
            let above = higher.filter(counts).count() as f64;
            let row = [point.low, point.high, above / total, above];
            match found
                .iter_mut()
                .find(|(fmr, _)| (*fmr / point.fmr - 1.0).abs() < 1e-3)
            {
                Some((_, rows)) => rows.push(row),
                None => found.push((point.fmr, vec![row])),
            }
        }
    }
    let counted_fmr = (counted_fmr / splits.max(1) as f64).exp();
    found.sort_by(|x, y| y.0.total_cmp(&x.0));
    // A rate that only a few divisions had to continue is no average of anything.
    let often = found.iter().filter(|(_, rows)| rows.len() * 2 > splits);
    let rows = often.filter_map(|(fmr, rows)| {
        let column = |i: usize| rows.iter().map(|r| r[i]).collect::<Vec<_>>();
        let mean = |i: usize| column(i).iter().sum::<f64>() / rows.len() as f64;
        let (low, high) = (median(column(0))?, median(column(1))?);
        let (measured, above) = (mean(2), mean(3));
        let right = above >= COUNTED && low <= measured && measured <= high;
        Some(VerifiedRow {
            fmr: *fmr,
            low,
            high,
            measured,
            above,
            right,
        })
    });
    let rows = rows.take_while(|r| r.above >= 1.0).collect::<Vec<_>>();
    let right = rows.iter().take_while(|r| r.right).last();
    Verified {
        splits,
        counted_fmr,
        factor: right.map_or(1.0, |r| (counted_fmr / r.fmr).max(1.0)),
        rows,
    }
}
