//! How alike two parts are, 0 to 1, and by which rule. Must not weigh one part against another: `compare` does.

use crate::{
    distance::{HALF, LETTER, distance, similarity},
    name::{Part, Role},
    script::Script,
    sound::{bare_skeleton, skeleton, vowel},
    weight::PAIR_AT,
    word::Word,
};

/// Two parts held against each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Likeness {
    /// 0 to 1.
    pub score: f32,
    /// By a table of short forms.
    pub short_form: bool,
}

impl Likeness {
    const NONE: Likeness = by(0.0);
}

const fn by(score: f32) -> Likeness {
    Likeness {
        score,
        short_form: false,
    }
}

/// Spelled alike once; what is left of 1 tells it from the same spelling.
const SAME_SOUND: f32 = 0.97;
/// By short form, as Bill and William.
const SHORT_FORM: f32 = 0.85;

/// Holds two parts against each other; neither is an initial.
pub(crate) fn likeness(a: &Part, b: &Part) -> Likeness {
    within(a, b, HALF)
}

/// Whether two parts can be the same one; quicker than their likeness.
pub(crate) fn can_pair(a: &Part, b: &Part) -> bool {
    // Tenths a letter that PAIR_AT leaves.
    const MOST: u16 = 3;
    within(a, b, MOST).score >= PAIR_AT
}

/// `most`: tenths of a letter for each letter, beyond which sounds are not alike at all.
fn within(a: &Part, b: &Part, most: u16) -> Likeness {
    if a.text == b.text {
        return by(1.0);
    }
    // Two names of which all spellings are known, or two roles: other names, however near.
    if a.group != 0 && b.group != 0 && (a.group == b.group || (a.distinct && b.distinct)) {
        return if a.group == b.group {
            by(0.98)
        } else {
            Likeness::NONE
        };
    }
    if (a.role == Role::Patronymic) != (b.role == Role::Patronymic) {
        return Likeness::NONE;
    }
    if a.by_signs() && b.by_signs() {
        return by(signs(a.signs, b.signs));
    }
    if a.sound == b.sound {
        return by(SAME_SOUND);
    }
    if a.short != 0 && a.short == b.short {
        return Likeness {
            score: SHORT_FORM,
            short_form: true,
        };
    }
    if (a.script == Script::Abjad) != (b.script == Script::Abjad) {
        return by(unvowelled(a, b));
    }
    if a.ending != 0 && a.ending == b.ending {
        return by(similarity(&a.stem(), &b.stem(), most).min(0.96));
    }
    let score = similarity(&a.sound, &b.sound, most).min(0.96);
    // Without vowels each letter carries more.
    let strict = if a.script == Script::Abjad { 1.3 } else { 1.0 };
    by((1.0 - (1.0 - score) * strict).max(0.0))
}

/// A sign is a syllable: another sign is no slip of the pen.
fn signs(a: [u16; 3], b: [u16; 3]) -> f32 {
    let count = |signs: [u16; 3]| signs.iter().filter(|sign| **sign != 0).count();
    let same = a
        .iter()
        .zip(b)
        .filter(|(x, y)| **x != 0 && **x == *y)
        .count();
    same as f32 / count(a).max(count(b)).max(1) as f32
}

/// One is written without vowels: only consonants can be compared, and long vowels may stand as w and y.
fn unvowelled(a: &Part, b: &Part) -> f32 {
    let (bare, full) = if a.script == Script::Abjad {
        (a, b)
    } else {
        (b, a)
    };
    let other = skeleton(full.sound.bytes());
    let best = [false, true].map(|long| {
        let bones = bones(bare.sound.bytes(), long);
        let longer = bones.len().max(other.len());
        if longer < 2 {
            return 0.0;
        }
        let far = f32::from(distance(bones.bytes(), other.bytes())) / f32::from(LETTER);
        (0.9 - far / longer as f32).max(0.0)
    });
    best[0].max(best[1])
}

/// The skeleton of a word whose w and y may be long vowels.
pub(crate) fn bones(sound: &[u8], long_vowels: bool) -> Word {
    if !long_vowels {
        return bare_skeleton(sound);
    }
    let mut kept = Word::EMPTY;
    for (at, letter) in sound.iter().enumerate() {
        if at == 0 || !(vowel(*letter) || matches!(letter, b'v' | b'y')) {
            kept.push(*letter);
        }
    }
    bare_skeleton(kept.bytes())
}

/// Parts of one name joined, against one part of the other.
pub(crate) fn joined<'p>(parts: impl IntoIterator<Item = &'p Part>, whole: &Part) -> f32 {
    let mut text = Word::EMPTY;
    for part in parts {
        text.extend(part.text.bytes());
    }
    if unlike(&text, &whole.text) {
        return 0.0;
    }
    if text == whole.text {
        return 1.0;
    }
    similarity(&crate::sound::sound(text.bytes()), &whole.sound, HALF)
}

/// A part with its particle, as in Benmohamed or Alrawi, against one part of the other.
pub(crate) fn with_particle(part: &Part, whole: &Part) -> f32 {
    if part.before.is_empty() {
        return 0.0;
    }
    let mut text = part.before;
    text.extend(part.text.bytes());
    if unlike(&text, &whole.text) {
        return 0.0;
    }
    if text == whole.text {
        return 1.0;
    }
    similarity(&crate::sound::sound(text.bytes()), &whole.sound, HALF)
}

/// Whether two spellings cannot be one joined word: one is much longer, or they begin unlike.
fn unlike(a: &Word, b: &Word) -> bool {
    let first = |word: &Word| word.bytes().first().copied().unwrap_or(0);
    let class = |letter: u8| skeleton(&[letter]).bytes().first().copied();
    let open = |letter: u8| b"hjxy".contains(&letter);
    let (x, y) = (first(a), first(b));
    a.len().min(b.len()) * 10 < a.len().max(b.len()) * 7
        || (x != y && !open(x) && !open(y) && class(x) != class(y))
}

/// Whether an initial can stand for the part.
pub(crate) fn initial_of(initial: &Part, part: &Part) -> bool {
    let first = |word: &Word| word.bytes().first().copied();
    first(&initial.text) == first(&part.text) || first(&initial.sound) == first(&part.sound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Name;

    fn score(a: &str, b: &str) -> f32 {
        let (a, b) = (Name::new(a), Name::new(b));
        likeness(&a.parts[0], &b.parts[0]).score
    }

    #[test]
    fn spellings_slips_and_other_names() {
        assert_eq!(score("Suharsono", "Soeharsono"), 0.97);
        assert!(score("Suryatmaja", "Soerjatmadja") > 0.95);
        assert_eq!(score("Moh", "Muhammad"), 0.98);
        assert!(score("Margoshvili", "Margoshvili") >= 1.0);
        assert!(score("Wiryawan", "Wiryavan") > 0.95);
        assert!(score("Usmanov", "Usmnaov") > 0.85);
        assert_eq!(score("Rahim", "Rahman"), 0.0, "two known names");
        assert_eq!(
            score("Oleksandr", "Oleksandrovych"),
            0.0,
            "a son is not the father"
        );
        assert!(
            score("Tomasdottir", "Jonsdottir") < 0.7,
            "the ending says nothing"
        );
        assert!(score("Hamidullah", "Waliullah") < 0.5);
        assert!(score("Bill", "William") > 0.8);
    }

    #[test]
    fn scripts_meet() {
        assert!(score("باراك", "Barack") > 0.8);
        assert!(score("بوتين", "Putin") > 0.8);
        assert!(score("Лавров", "Lavrov") > 0.9);
        assert!(score("أوباما", "Obama") > 0.8);
        assert!(
            score("خامنه‌ای", "Khamenei") > 0.8,
            "no vowel between m and n is written"
        );
        assert!(score("بوتين", "Merkel") < 0.5);
    }
}
