//! How unevenly false matches fall on people, from counts alone. See `tapal_domain::calibration::fpir`.

use super::{Compared, Study};

/// The rate at which it is estimated is the lowest with so many comparisons above its score: rarer says too little.
const LEAST: usize = 400;

/// Relative variance of the false-match rate between probes, at least 0. With f(p, j) the share of person j's photographs
/// that photograph p matches, the mean of f(p, j) f(p, k) over two different people j and k is the mean square of p's own
/// rate free of counting noise; the variance follows. `None` with too few people or matches.
pub(super) fn estimate(study: &Study, compared: &Compared, mask: &[f32]) -> Option<f64> {
    let inside = |person: usize| mask[person] > 0.0;
    let within = compared
        .strangers
        .iter()
        .filter(|c| inside(c.a as usize) && inside(c.b as usize));
    let threshold = within.take(LEAST).last()?.score;
    let members = (0..study.people).filter(|p| inside(*p) && compared.photographs[*p] > 0);
    let people = members.count() as f64;
    if people < 20.0 {
        return None;
    }
    let (mut sum, mut pairs, mut probes) = (0.0f64, 0.0f64, 0.0f64);
    let mut hits = vec![0.0f64; study.people];
    for (photograph, owner) in study.owner.iter().enumerate() {
        if !inside(*owner) || study.quality[photograph].is_none() {
            continue;
        }
        hits.iter_mut().for_each(|h| *h = 0.0);
        for (other, score) in study.scores.row(photograph).iter().enumerate() {
            let person = study.owner[other];
            if *score >= threshold && person != *owner && inside(person) {
                let pair = (person.min(*owner) as u32, person.max(*owner) as u32);
                if !compared.doubles.contains(&pair) {
                    hits[person] += 1.0 / f64::from(compared.photographs[person]);
                }
            }
        }
        let (all, squares) = hits.iter().fold((0.0, 0.0), |(s, q), h| (s + h, q + h * h));
        sum += all / (people - 1.0);
        pairs += (all * all - squares) / ((people - 1.0) * (people - 2.0));
        probes += 1.0;
    }
    let mean = sum / probes;
    (mean > 0.0).then(|| (pairs / probes / (mean * mean) - 1.0).max(0.0))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::bootstrap::Random;
    use super::super::scores::Scores;
    use super::*;
    use crate::{Frame, Quality};

    /// People whose chance to match others is the product of both people's own factors.
    fn study(factor: impl Fn(usize) -> f64) -> Study {
        let people = 400;
        let mut random = Random::new(9);
        let mut values = vec![0.0f32; people * people];
        for i in 0..people {
            for j in i + 1..people {
                let matched = random.uniform() < 0.01 * factor(i) * factor(j);
                let score = if matched { 0.9 } else { 0.1 } + random.uniform() as f32 * 0.01;
                (values[i * people + j], values[j * people + i]) = (score, score);
            }
        }
        let frame = Frame::filled(112, 112, [90; 3]);
        let face = crate::Face {
            bbox: [0.0, 0.0, 100.0, 100.0],
            score: 0.9,
            landmarks: [
                [30.0, 40.0],
                [70.0, 40.0],
                [50.0, 60.0],
                [35.0, 80.0],
                [65.0, 80.0],
            ],
        };
        let quality = Quality::measure(&frame, &face);
        Study {
            people,
            owner: (0..people).collect(),
            quality: vec![Some(quality); people],
            scores: Scores::from_fn(people, |i, j| values[i * people + j]),
        }
    }

    #[test]
    fn even_people_have_no_spread_and_uneven_ones_have_theirs() {
        let even = study(|_| 1.0);
        let compared = Compared::of(&even, &HashSet::new(), 0.1);
        let got = estimate(&even, &compared, &vec![1.0; 400]).unwrap();
        assert!(got < 0.1, "{got}");
        // Half with factor 0.4, half with 1.6: relative variance 0.36.
        let uneven = study(|p| if p % 2 == 0 { 0.4 } else { 1.6 });
        let compared = Compared::of(&uneven, &HashSet::new(), 0.1);
        let got = estimate(&uneven, &compared, &vec![1.0; 400]).unwrap();
        assert!((0.2..0.55).contains(&got), "{got}");
        assert_eq!(estimate(&uneven, &compared, &vec![0.0; 400]), None);
    }
}
