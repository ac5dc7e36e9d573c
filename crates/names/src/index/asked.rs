//! A name asked for: its keys, how rare its parts are on this list, and which listed names cannot be a match whatever
//! else they hold. Only what the weight table rules out may be left out here.

use super::{
    Outline,
    key::{Key, keyed, keys},
    posting::Postings,
};
use crate::{
    name::{MOST_PARTS, Name},
    weight::{ABSENT, INITIAL, START, SUPPORT, WHOLE},
};

/// See the module.
pub(super) struct Asked {
    pub keys: Vec<Key>,
    outline: Outline,
    /// Bits there are keys for.
    bits: u32,
    /// Hundredths of a natural logarithm, by part: shared exactly, and shared at all.
    rarity: [(i32, i32); 8],
    /// Bits of the parts that are so rare that one of the others may be missing.
    few: u8,
    /// By how many keyed parts a listed name has: whether it can reach the threshold at all.
    possible: [bool; MOST_PARTS + 4],
}

impl Asked {
    /// `most`: a part under whose keys there are at most so many names is rare.
    pub fn new(name: &Name, postings: &Postings, listed: usize, most: usize) -> Self {
        let keys = keys(name);
        let (mut exact, mut under, mut bits) = ([0usize; 8], [0usize; 8], 0u8);
        for key in &keys {
            let count = postings.get(key.hash).len();
            bits |= key.parts;
            for at in (0..8).filter(|at| key.parts >> at & 1 == 1) {
                under[at] += count;
                exact[at] += if key.exact { count } else { 0 };
            }
        }
        let few = (0..8)
            .filter(|at| under[*at] <= most)
            .fold(0, |few, at| few | 1 << at);
        let rarity =
            |count: usize| ((listed as f32 / (count + 1) as f32 + 1.0).ln() * 100.0) as i32;
        let mut rarities = [(0, 0); 8];
        for at in 0..8 {
            rarities[at] = (rarity(exact[at]), rarity(under[at]));
        }
        Asked {
            outline: Outline::of(name),
            bits: bits.count_ones(),
            rarity: rarities,
            few,
            possible: possible(name),
            keys,
        }
    }

    /// How promising a listed name is that shares these parts (low half: at all, high half: exactly); `None` when it cannot
    /// be a match.
    pub fn rank(&self, mask: u16, listed: Outline) -> Option<i32> {
        let shared = (mask & 0xff) as u8;
        let (asked, loose) = (self.outline, listed.loose() || self.outline.loose());
        let possible = self.possible.get(usize::from(listed.keyed));
        let hopeless = !loose && !possible.copied().unwrap_or(true);
        if hopeless || initial_differs(asked, listed) || initial_differs(listed, asked) {
            return None;
        }
        // Parts left over on both sides contradict: all parts of the shorter name must be shared. A rare one vouches for
        // one that its keys miss; initials on both sides may stand for a part each.
        let need = u32::from(asked.keyed.min(listed.keyed))
            .min(self.bits)
            .max(1);
        let both_short = asked.initials != 0 && listed.initials != 0;
        let spare = u32::from(shared & self.few != 0) + u32::from(both_short);
        if shared.count_ones() + spare < need {
            return None;
        }
        let mut rank = 0;
        for (at, (exact, at_all)) in self.rarity.iter().enumerate() {
            if shared >> at & 1 == 1 {
                rank += if mask >> (8 + at) & 1 == 1 {
                    *exact
                } else {
                    *at_all
                };
            }
        }
        // A name with many more parts, or fewer, has more that is absent.
        Some(rank - 80 * i32::from(asked.parts.abs_diff(listed.parts)))
    }
}

/// Whether the initials of one fit no part of the other, which has parts to spare: that contradicts.
fn initial_differs(one: Outline, other: Outline) -> bool {
    one.initials != 0 && one.initials & other.letters == 0 && other.parts > one.keyed
}

/// The most a listed name with so many keyed parts can reach: every part shared as well as can be, the lightest absent.
fn possible(name: &Name) -> [bool; MOST_PARTS + 4] {
    let mut weights: Vec<f32> = name
        .parts
        .iter()
        .filter(|part| keyed(part))
        .map(|part| f32::from(part.weight) / 1000.0)
        .collect();
    weights.sort_by(|x, y| y.total_cmp(x));
    let lightest = 0.45;
    let mut all = [true; MOST_PARTS + 4];
    for (parts, possible) in all.iter_mut().enumerate().skip(1) {
        let both = parts.min(weights.len());
        let shared: f32 = (0..both)
            .map(|at| weights[at] * SUPPORT[at.min(SUPPORT.len() - 1)])
            .sum();
        let own: f32 = weights[both..].iter().sum();
        let other = lightest * (parts - both) as f32;
        let whole = if parts == weights.len() { WHOLE } else { 0.0 };
        // A word joined there is several parts here: a little more, so that none is ruled out for it.
        let joined = if parts.abs_diff(weights.len()) <= 2 {
            INITIAL
        } else {
            0.0
        };
        *possible = START + shared + whole + joined + ABSENT * (own + other) >= 0.0;
    }
    all
}
