//! All comparisons of a study in two heaps: one person, two people. Counting only; what it means is fitted elsewhere.

use std::collections::HashSet;

use serde::Serialize;

use super::Study;

/// Two people (or one, twice) and their cosine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Cosine; negative infinity where a face was not found.
    pub score: f32,
    /// The person with the lower number.
    pub a: u32,
    /// The other.
    pub b: u32,
}

/// Counts by score, for a picture of both heaps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Histogram {
    /// Lower edge of the first bin.
    pub from: f32,
    /// Width of a bin.
    pub step: f32,
    /// Comparisons of one person, a bin each.
    pub one_person: Vec<u64>,
    /// Comparisons of two people, a bin each.
    pub two_people: Vec<u64>,
}

/// Pairs of numbers of people who may be one person under two names.
pub(super) type Doubles = HashSet<(u32, u32)>;

/// All comparisons of a study.
pub struct Compared {
    /// Of one person, highest first.
    pub genuine: Vec<Comparison>,
    /// The highest ones of two people, highest first: at least the share `tail_share` of all.
    pub strangers: Vec<Comparison>,
    /// All comparisons of two people that have a score.
    pub n_strangers: f64,
    /// Photographs with a template, by person.
    pub photographs: Vec<u32>,
    /// Left out: pairs of people who may be one person.
    pub doubles: Doubles,
    /// Both heaps by score.
    pub histogram: Histogram,
}

const FINE: usize = 20_000;
const BINS: usize = 100;

impl Compared {
    /// Compares. `doubles` are left out of the comparisons of two people.
    pub fn of(study: &Study, doubles: &HashSet<(u32, u32)>, tail_share: f64) -> Self {
        let (mut genuine, mut fine) = (Vec::new(), vec![0u64; FINE]);
        let bin = |score: f32, bins: usize| {
            (((score + 1.0) / 2.0 * bins as f32).max(0.0) as usize).min(bins - 1)
        };
        each_pair(study, doubles, |c| {
            if c.a == c.b {
                genuine.push(c);
            } else if c.score.is_finite() {
                fine[bin(c.score, FINE)] += 1;
            }
        });
        let total = fine.iter().sum::<u64>();
        let wanted = (total as f64 * tail_share).ceil() as u64;
        let (mut above, mut cut) = (0, 0);
        for (at, n) in fine.iter().enumerate().rev() {
            above += n;
            if above >= wanted {
                cut = at;
                break;
            }
        }
        let mut strangers = Vec::with_capacity(above as usize);
        each_pair(study, doubles, |c| {
            if c.a != c.b && c.score.is_finite() && bin(c.score, FINE) >= cut {
                strangers.push(c);
            }
        });
        genuine.sort_by(|x, y| y.score.total_cmp(&x.score));
        strangers.sort_by(|x, y| y.score.total_cmp(&x.score));
        let mut histogram = Histogram {
            from: -1.0,
            step: 2.0 / BINS as f32,
            one_person: vec![0; BINS],
            two_people: fine.chunks(FINE / BINS).map(|c| c.iter().sum()).collect(),
        };
        let known = genuine.iter().filter(|c| c.score.is_finite());
        known.for_each(|c| histogram.one_person[bin(c.score, BINS)] += 1);
        Compared {
            genuine,
            strangers,
            n_strangers: total as f64,
            photographs: study.enrolled(),
            doubles: doubles.clone(),
            histogram,
        }
    }
}

fn each_pair(study: &Study, doubles: &Doubles, mut each: impl FnMut(Comparison)) {
    for i in 0..study.owner.len() {
        let others = study.owner.iter().zip(study.scores.row(i)).skip(i + 1);
        for (other, score) in others {
            let (a, b) = (study.owner[i] as u32, *other as u32);
            let (a, b) = (a.min(b), a.max(b));
            if doubles.is_empty() || !doubles.contains(&(a, b)) {
                let score = *score;
                each(Comparison { score, a, b });
            }
        }
    }
}
