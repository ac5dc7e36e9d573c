//! One random division of the people: a calibration fitted to some, a list and strangers from the others, all searches.

use tapal_domain::calibration::Calibration;

use crate::eval::Study;
use crate::eval::bootstrap::Random;
use crate::eval::compare::Compared;
use crate::eval::fit::{Fit, fit};

/// Rounds of the calibration of one division: its interval needs no third digit.
const ROUNDS: usize = 100;
/// Its table begins here: higher rates are no threshold of anybody.
const HIGHEST: f64 = 1e-2;

/// A search with a person on no list.
#[derive(Clone, Copy)]
pub(super) struct Unlisted {
    pub(super) photograph: usize,
    /// Highest score, and whose.
    pub(super) top: f32,
    pub(super) with: usize,
}

/// A search with a listed person.
#[derive(Clone, Copy)]
pub(super) struct Listed {
    pub(super) photograph: usize,
    /// Score of the own entry.
    pub(super) mate: f32,
    /// Its place, from 1.
    pub(super) rank: usize,
}

/// All searches of a list of one length.
pub(super) struct Searches {
    pub(super) unlisted: Vec<Unlisted>,
    pub(super) listed: Vec<Listed>,
}

/// One division.
pub(super) struct Division {
    pub(super) calibration: Option<Calibration>,
    pub(super) calibration_people: usize,
    pub(super) unlisted_people: usize,
    /// By length of the list.
    pub(super) searches: Vec<Searches>,
}

/// The largest list that leaves enough people to calibrate on and to stay unlisted: 65 % of all.
pub(super) fn largest(people: usize) -> usize {
    people * 65 / 100
}

/// Of those not on the list 60 %, but at most half of all people, are calibrated on; the others search unlisted.
pub(super) fn divide(
    study: &Study,
    compared: &Compared,
    of_person: &[Vec<usize>],
    n: usize,
    prefixes: &[usize],
    seed: u64,
) -> Division {
    let mut random = Random::new(seed);
    let mut people = (0..study.people).collect::<Vec<_>>();
    random.shuffle(&mut people);
    let (list, rest) = people.split_at(n.min(people.len()));
    let (known, unlisted) = rest.split_at((rest.len() * 6 / 10).min(study.people / 2));
    let mut mask = vec![0.0; study.people];
    known.iter().for_each(|p| mask[*p] = 1.0);
    let how = Fit {
        highest: HIGHEST,
        rounds: ROUNDS,
        seed,
    };
    let entry = |person: &usize, random: &mut Random| {
        let photographs = &of_person[*person];
        (*person, photographs[random.below(photographs.len())])
    };
    let list = list
        .iter()
        .map(|p| entry(p, &mut random))
        .collect::<Vec<_>>();
    let searches = prefixes.iter().map(|length| Searches {
        unlisted: strangers(study, compared, of_person, &list[..*length], unlisted),
        listed: mates(study, compared, of_person, &list[..*length]),
    });
    Division {
        searches: searches.collect(),
        calibration: fit(study, compared, &mask, how),
        calibration_people: known.len(),
        unlisted_people: unlisted.len(),
    }
}

fn strangers(
    study: &Study,
    compared: &Compared,
    of_person: &[Vec<usize>],
    list: &[(usize, usize)],
    unlisted: &[usize],
) -> Vec<Unlisted> {
    let mut searches = Vec::new();
    for person in unlisted {
        for photograph in &of_person[*person] {
            let row = study.scores.row(*photograph);
            let others = list
                .iter()
                .filter(|(other, _)| !double(compared, *person, *other));
            let best = others.map(|(other, entry)| (row[*entry], *other));
            let best = best.max_by(|a, b| a.0.total_cmp(&b.0));
            let (top, with) = best.unwrap_or((f32::NEG_INFINITY, *person));
            searches.push(Unlisted {
                photograph: *photograph,
                top,
                with,
            });
        }
    }
    searches
}

fn mates(
    study: &Study,
    compared: &Compared,
    of_person: &[Vec<usize>],
    list: &[(usize, usize)],
) -> Vec<Listed> {
    let mut searches = Vec::new();
    for (person, entry) in list {
        for photograph in of_person[*person].iter().filter(|p| *p != entry) {
            let row = study.scores.row(*photograph);
            let mate = row[*entry];
            let others = list
                .iter()
                .filter(|(other, _)| other != person && !double(compared, *person, *other));
            let better = others.filter(|(_, entry)| row[*entry] > mate).count();
            // A face that was not found is at no place at all.
            let rank = if mate.is_finite() {
                better + 1
            } else {
                usize::MAX
            };
            searches.push(Listed {
                photograph: *photograph,
                mate,
                rank,
            });
        }
    }
    searches
}

fn double(compared: &Compared, a: usize, b: usize) -> bool {
    !compared.doubles.is_empty()
        && compared
            .doubles
            .contains(&(a.min(b) as u32, a.max(b) as u32))
}
