//! How far two sounds are apart: an edit distance in tenths of a letter, where a vowel for a vowel or a t for a d is less
//! than a letter and a first letter is more. Restricted Damerau-Levenshtein; must not know what a name is.

use crate::{
    sound::vowel,
    word::{LONGEST, Word},
};

/// A whole letter.
pub const LETTER: u16 = 10;

/// Pairs taken for each other in speech, in old spellings and between alphabets, in tenths.
const NEAR: [(u8, u8, u8); 24] = [
    (b'i', b'y', 2),
    (b'j', b'y', 3),
    (b'i', b'j', 3),
    (b's', b'z', 3),
    (b'c', b'k', 4),
    (b'c', b's', 4),
    (b'c', b'z', 4),
    (b'c', b'j', 5),
    (b'c', b'h', 5),
    (b'f', b'v', 4),
    (b'u', b'v', 4),
    (b'j', b'z', 4),
    (b'g', b'k', 4),
    (b't', b'd', 5),
    (b'p', b'b', 5),
    (b'f', b'p', 5),
    (b'b', b'v', 5),
    (b'g', b'h', 5),
    (b'h', b'k', 5),
    (b'm', b'n', 6),
    (b'g', b'j', 6),
    (b'd', b'z', 6),
    (b't', b'c', 8),
    (b'l', b'r', 7),
];

const SWAP: [[u8; 26]; 26] = table();

const fn table() -> [[u8; 26]; 26] {
    let mut all = [[10u8; 26]; 26];
    let mut a = 0;
    while a < 26 {
        let mut b = 0;
        while b < 26 {
            if a == b {
                all[a][b] = 0;
            } else if vowel(b'a' + a as u8) && vowel(b'a' + b as u8) {
                all[a][b] = 4;
            }
            b += 1;
        }
        a += 1;
    }
    let mut i = 0;
    while i < NEAR.len() {
        let (x, y, cost) = NEAR[i];
        all[(x - b'a') as usize][(y - b'a') as usize] = cost;
        all[(y - b'a') as usize][(x - b'a') as usize] = cost;
        i += 1;
    }
    all
}

fn swap(a: u8, b: u8, first: bool) -> u16 {
    let place = |letter: u8| usize::from(letter.wrapping_sub(b'a')).min(25);
    let cost = u16::from(SWAP[place(a)][place(b)]);
    if first { cost * 5 / 4 } else { cost }
}

/// What one letter more or less costs: a vowel beside a vowel is hardly heard, a last vowel little.
fn drop_cost(word: &[u8], at: usize) -> u16 {
    let letter = word[at];
    if vowel(letter) || letter == b'y' {
        let beside = |i: usize| word.get(i).is_some_and(|other| vowel(*other));
        return if beside(at + 1) || (at > 0 && beside(at - 1)) {
            3
        } else if at + 1 == word.len() {
            4
        } else {
            6
        };
    }
    match letter {
        b'h' => 5,
        // Latvian and Lithuanian add it to every man's name.
        b's' if at > 2 && at + 1 == word.len() => 5,
        _ if at == 0 => LETTER * 5 / 4,
        _ => LETTER,
    }
}

/// The distance, in tenths of a letter.
#[must_use]
pub fn distance(a: &[u8], b: &[u8]) -> u16 {
    within(a, b, u16::MAX).unwrap_or(u16::MAX)
}

/// The distance if it is at most `limit`; `None`, as soon as that is certain, if it is more.
fn within(a: &[u8], b: &[u8], limit: u16) -> Option<u16> {
    if a == b {
        return Some(0);
    }
    let mut least_before = 0;
    let mut before = [0u16; LONGEST + 1];
    let mut above = [0u16; LONGEST + 1];
    let mut row = [0u16; LONGEST + 1];
    let b = &b[..b.len().min(LONGEST)];
    let mut drop_b = [0u16; LONGEST];
    for (at, cost) in drop_b.iter_mut().enumerate().take(b.len()) {
        *cost = drop_cost(b, at);
        above[at + 1] = above[at] + *cost;
    }
    for (i, &x) in a.iter().enumerate() {
        let gone = drop_cost(a, i);
        row[0] = above[0] + gone;
        let mut least = row[0];
        for (j, &y) in b.iter().enumerate() {
            let mut best = above[j]
                + if x == y {
                    0
                } else {
                    swap(x, y, i == 0 && j == 0)
                };
            best = best.min(above[j + 1] + gone).min(row[j] + drop_b[j]);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y && x != y {
                best = best.min(before[j - 1] + 7);
            }
            row[j + 1] = best;
            least = least.min(best);
        }
        // Costs only grow, and an exchange looks back two rows.
        if least > limit && least_before > limit {
            return None;
        }
        (least_before, before, above) = (least, above, row);
    }
    Some(above[b.len()]).filter(|far| *far <= limit)
}

/// Less than half alike is not alike at all.
pub const HALF: u16 = LETTER / 2;

/// 1 for equal; 0 where the distance is more than `most` tenths for each letter of the longer one.
#[must_use]
pub fn similarity(a: &Word, b: &Word, most: u16) -> f32 {
    let longer = a.len().max(b.len());
    if longer == 0 {
        return 0.0;
    }
    let shorter = a.len().min(b.len());
    // A name less than half as long is another name, or a part of one.
    if shorter * 2 < longer {
        return 0.0;
    }
    let limit = u16::try_from(longer).unwrap_or(0) * most;
    let Some(far) = within(a.bytes(), b.bytes(), limit) else {
        return 0.0;
    };
    let far = f32::from(far) / f32::from(LETTER);
    (1.0 - far / longer as f32).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn far(a: &str, b: &str) -> u16 {
        distance(a.as_bytes(), b.as_bytes())
    }

    #[test]
    fn vowels_and_near_consonants_are_less_than_a_letter() {
        assert_eq!(far("laden", "ladin"), 4);
        assert_eq!(far("vukic", "vukik"), 4);
        assert_eq!(far("donald", "donlad"), 7);
        assert!(far("selena", "serena") < LETTER);
        assert_eq!(far("rawi", "ravi"), LETTER);
        assert!(far("tom", "dom") < far("tom", "rom"));
        assert_eq!(
            far("rom", "tom"),
            LETTER * 5 / 4,
            "a first letter weighs more"
        );
    }

    proptest::proptest! {
        #[test]
        fn it_is_a_distance(a in "[a-z]{0,24}", b in "[a-z]{0,24}") {
            proptest::prop_assert_eq!(far(&a, &b), far(&b, &a));
            proptest::prop_assert_eq!(far(&a, &a), 0);
            let likeness = similarity(&Word::of(a.as_bytes()), &Word::of(b.as_bytes()), HALF);
            proptest::prop_assert!((0.0..=1.0).contains(&likeness));
        }
    }
}
