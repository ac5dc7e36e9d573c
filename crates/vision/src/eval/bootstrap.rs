//! Chance and shares: repeatable random numbers, people drawn with replacement, intervals over people. Pure numbers.
//!
//! Comparisons of one person are not independent, so people are resampled, not comparisons. A comparison of two people
//! counts with the product of both weights (the pigeonhole bootstrap: Owen, Annals of Applied Statistics 1, 2007,
//! which for such crossed data is never too narrow by more than it is for one side).

use serde::Serialize;

use super::Comparison;

/// splitmix64: the same numbers everywhere and always.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to 1, without 1.
    pub(super) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// 0 to n - 1.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n.saturating_sub(1))
    }

    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }

    /// How often each of those with a weight in `mask` is drawn when as many are drawn with replacement as there are.
    pub(super) fn resample(&mut self, mask: &[f32]) -> Vec<f32> {
        let members = (0..mask.len()).filter(|i| mask[*i] > 0.0);
        let members = members.collect::<Vec<_>>();
        let mut weights = vec![0.0f32; mask.len()];
        for _ in 0..members.len() {
            weights[members[self.below(members.len())]] += 1.0;
        }
        weights
    }
}

/// An interval of 95 %.
pub type Interval = [f64; 2];

/// 2.5 % and 97.5 % of a list.
pub(super) fn interval(mut values: Vec<f64>) -> Option<Interval> {
    values.retain(|v| v.is_finite());
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = |q: f64| values[(last as f64 * q).round() as usize];
    Some([at(0.025), at(0.975)])
}

/// The middle of a list.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A share with its interval over people.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Events against trials, 0 to 1; null without trials.
    pub value: Option<f64>,
    /// 95 % interval over people; null without trials. With no event at all its upper end is 3 / people.
    pub ci95: Option<Interval>,
    /// Photographs that were searched with.
    pub photographs: usize,
    /// People they show.
    pub people: usize,
    /// Photographs with at least one event.
    pub with_event: usize,
}

/// What happened to one photograph: the other person it happened with, where there is one.
#[derive(Clone, Copy)]
pub(super) struct Event {
    pub(super) photograph: usize,
    pub(super) with: Option<usize>,
}

/// Trials by photograph and the events among them.
#[derive(Default, Clone)]
pub(super) struct Tally {
    pub(super) trials: Vec<u32>,
    pub(super) events: Vec<Event>,
}

impl Tally {
    pub(super) fn new(photographs: usize) -> Self {
        Tally {
            trials: vec![0; photographs],
            events: Vec::new(),
        }
    }

    pub(super) fn try_once(&mut self, photograph: usize, event: Option<Event>) {
        self.trials[photograph] += 1;
        self.events.extend(event);
    }

    /// The share among the photographs that `keep` lets through. `owner` by photograph, `draws` from [`Resamples`].
    pub(super) fn share(
        &self,
        owner: &[usize],
        draws: &Resamples,
        keep: impl Fn(usize) -> bool,
    ) -> Share {
        let mut by_person = vec![0.0f64; draws.people];
        let (mut photographs, mut with_event) = (0, vec![false; self.trials.len()]);
        for (photograph, trials) in self.trials.iter().enumerate() {
            if *trials > 0 && keep(photograph) {
                photographs += 1;
                by_person[owner[photograph]] += f64::from(*trials);
            }
        }
        let kept = self.events.iter().filter(|e| keep(e.photograph));
        let events = kept.map(|e| (owner[e.photograph], e)).collect::<Vec<_>>();
        events
            .iter()
            .for_each(|(_, e)| with_event[e.photograph] = true);
        let people = by_person.iter().filter(|t| **t > 0.0).count();
        let trials = by_person.iter().sum::<f64>();
        let share = |weights: &[f32]| {
            let weight = |(person, event): &(usize, &Event)| {
                let other = event.with.map_or(1.0, |p| weights[p]);
                f64::from(weights[*person] * other)
            };
            let happened = events.iter().map(weight).sum::<f64>();
            let tried = by_person.iter().zip(weights);
            happened / tried.map(|(t, w)| t * f64::from(*w)).sum::<f64>()
        };
        let ci95 = match (people, events.len()) {
            (0, _) => None,
            (_, 0) => Some([0.0, (3.0 / people as f64).min(1.0)]),
            _ => interval(draws.rounds.iter().map(|w| share(w).min(1.0)).collect()),
        };
        Share {
            value: (trials > 0.0).then(|| events.len() as f64 / trials),
            ci95,
            photographs,
            people,
            with_event: with_event.iter().filter(|w| **w).count(),
        }
    }
}

/// Weights of people, one vector a round of resampling.
pub(super) struct Resamples {
    people: usize,
    rounds: Vec<Vec<f32>>,
}

impl Resamples {
    pub(super) fn new(people: usize, rounds: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let all = vec![1.0; people];
        let rounds = (0..rounds).map(|_| random.resample(&all)).collect();
        Resamples { people, rounds }
    }

    /// Share of comparisons of one person at or below a score, with its interval.
    pub(super) fn misses(&self, genuine: &[Comparison], score: f32) -> (f64, Interval) {
        let (mut all, mut missed) = (vec![0.0f64; self.people], vec![0.0f64; self.people]);
        for c in genuine {
            all[c.a as usize] += 1.0;
            missed[c.a as usize] += f64::from(u8::from(c.score <= score));
        }
        let share = |weights: &[f32]| {
            let sum = |of: &[f64]| {
                of.iter()
                    .zip(weights)
                    .map(|(v, w)| v * f64::from(*w))
                    .sum::<f64>()
            };
            sum(&missed) / sum(&all)
        };
        let value = missed.iter().sum::<f64>() / (genuine.len().max(1)) as f64;
        let people = all.iter().filter(|n| **n > 0.0).count().max(1) as f64;
        let [low, high] =
            interval(self.rounds.iter().map(|w| share(w)).collect()).unwrap_or([0.0, 1.0]);
        (
            value,
            [
                low,
                if value == 0.0 {
                    (3.0 / people).min(1.0)
                } else {
                    high
                },
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_covers_the_truth_as_often_as_it_says() {
        // 60 people with a rate of their own (mean 0.3) and 6 photographs each: plain binomial intervals would miss.
        let (people, photographs) = (60, 6);
        let owner = (0..people * photographs).map(|p| p / photographs);
        let owner = owner.collect::<Vec<_>>();
        let draws = Resamples::new(people, 200, 1);
        let (mut random, mut covered) = (Random::new(5), 0);
        for _ in 0..200 {
            let mut tally = Tally::new(owner.len());
            for person in 0..people {
                let rate = if random.uniform() < 0.3 { 0.8 } else { 0.0857 };
                for photograph in person * photographs..(person + 1) * photographs {
                    let with = None;
                    let event = (random.uniform() < rate).then_some(Event { photograph, with });
                    tally.try_once(photograph, event);
                }
            }
            let [low, high] = tally.share(&owner, &draws, |_| true).ci95.unwrap();
            covered += usize::from(low <= 0.3 && 0.3 <= high);
        }
        assert!((180..=198).contains(&covered), "{covered} of 200");
    }

    #[test]
    fn nothing_seen_is_not_nothing_possible() {
        let draws = Resamples::new(50, 100, 1);
        let owner = (0..50).collect::<Vec<_>>();
        let mut tally = Tally::new(50);
        (0..50).for_each(|p| tally.try_once(p, None));
        let share = tally.share(&owner, &draws, |_| true);
        assert_eq!((share.value, share.ci95), (Some(0.0), Some([0.0, 0.06])));
        assert_eq!(tally.share(&owner, &draws, |_| false).value, None);
    }

    #[test]
    fn a_draw_keeps_to_its_mask() {
        let weights = Random::new(3).resample(&[1.0, 0.0, 1.0, 1.0]);
        assert_eq!((weights[1], weights.iter().sum::<f32>()), (0.0, 3.0));
    }
}
