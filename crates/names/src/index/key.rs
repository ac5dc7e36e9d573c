//! Keys under which a name is found: what a slip, another spelling or a split word leaves as it was. Many keys find too
//! much, which the comparison throws out; none may be needed that a match would lack.

use crate::{
    likeness::bones,
    name::{Name, Part, Role},
    script::Script,
    sound::{skeleton, sound, vowel},
    word::Word,
};

/// A key and the parts of the name it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub hash: u32,
    /// A bit a part; the eighth and all after it share one.
    pub parts: u8,
    /// Of the part as it sounds, not of one with a letter left out.
    pub exact: bool,
}

fn bit(part: usize) -> u8 {
    1 << part.min(7)
}

/// Kinds, so that the keys of one do not meet those of another.
const BONES: u8 = 1;
const GROUP: u8 = 2;
const SHORT_FORM: u8 = 3;
const SHAPE: u8 = 4;
const BEGINNING: u8 = 5;

/// FNV-1a.
fn hash(kind: u8, bytes: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    for byte in std::iter::once(&kind).chain(bytes) {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    hash
}

/// Whether a part has keys of its own: initials and "servant of" are in every other name.
pub(super) fn keyed(part: &Part) -> bool {
    matches!(part.role, Role::Plain | Role::Patronymic) && part.weight > 250
}

/// All keys of a name, each once.
pub(super) fn keys(name: &Name) -> Vec<Key> {
    let mut found = Vec::with_capacity(32);
    let alone = name.parts.iter().filter(|part| keyed(part)).count() < 2;
    for (at, part) in name.parts.iter().enumerate() {
        if keyed(part) || alone {
            of_part(part, bit(at), &mut found);
        }
    }
    of_neighbours(name, &mut found);
    if let Some(first) = name.parts.first().filter(|part| keyed(part)) {
        of_beginning(first, &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn of_part(part: &Part, parts: u8, found: &mut Vec<Key>) {
    let unwritten = part.script == Script::Abjad;
    let bare = if unwritten {
        bones(part.sound.bytes(), false)
    } else {
        skeleton(part.sound.bytes())
    };
    let mut put = |kind: u8, bytes: &[u8]| {
        found.push(Key {
            hash: hash(kind, bytes),
            parts,
            exact: kind == GROUP || (kind == BONES && bytes == bare.bytes()),
        });
    };
    if part.group != 0 {
        put(GROUP, &part.group.to_le_bytes());
    }
    if part.short != 0 {
        put(SHORT_FORM, &part.short.to_le_bytes());
    }
    of_skeleton(&bare, &mut put);
    if unwritten {
        of_skeleton(&bones(part.sound.bytes(), true), &mut put);
    }
    // In old spelling a j within is a y, hardly a consonant.
    if part
        .sound
        .bytes()
        .iter()
        .skip(1)
        .any(|letter| *letter == b'j')
    {
        let mut without = Word::EMPTY;
        let kept = part
            .sound
            .bytes()
            .iter()
            .enumerate()
            .filter(|(at, letter)| *at == 0 || **letter != b'j');
        kept.for_each(|(_, letter)| without.push(*letter));
        put(BONES, skeleton(without.bytes()).bytes());
    }
    if bare.len() <= 3 {
        of_shape(&part.sound, &mut put);
    }
    if !part.before.is_empty() {
        let mut text = part.before;
        text.extend(part.text.bytes());
        put(BONES, skeleton(sound(text.bytes()).bytes()).bytes());
    }
}

/// The skeleton, and of a long one each with one letter left out: two skeletons a letter apart share one of these.
fn of_skeleton(bones: &Word, put: &mut impl FnMut(u8, &[u8])) {
    put(BONES, bones.bytes());
    if bones.len() > 3 {
        (0..bones.len()).for_each(|at| put(BONES, without(bones.bytes(), at).bytes()));
    }
}

fn without(bytes: &[u8], at: usize) -> Word {
    let mut shorter = Word::EMPTY;
    shorter.extend(&bytes[..at]);
    shorter.extend(&bytes[at + 1..]);
    shorter
}

/// Short words have too few consonants to leave one out, half the list would share the rest: where their vowels stand
/// tells them apart.
fn of_shape(sound: &Word, put: &mut impl FnMut(u8, &[u8])) {
    let shape = shape(sound.bytes());
    put(SHAPE, shape.bytes());
    for (at, letter) in shape.bytes().iter().enumerate() {
        if *letter != b'a' && shape.len() > 2 {
            put(
                SHAPE,
                self::shape(without(shape.bytes(), at).bytes()).bytes(),
            );
        }
    }
}

/// Vowels written alike, neighbours once.
fn shape(sound: &[u8]) -> Word {
    let mut shape = Word::EMPTY;
    for letter in sound {
        let place = if vowel(*letter) { b'a' } else { *letter };
        if place != b'a' || shape.bytes().last() != Some(&b'a') {
            shape.push(place);
        }
    }
    shape
}

/// Two neighbours, and three, as one word; a part with the particle behind it, as in MuhammadbinX.
fn of_neighbours(name: &Name, found: &mut Vec<Key>) {
    let mut put = |parts: u8, text: &Word| {
        found.push(Key {
            hash: hash(BONES, skeleton(sound(text.bytes()).bytes()).bytes()),
            parts,
            exact: false,
        });
    };
    for (from, pair) in name.parts.windows(2).enumerate() {
        let mut text = pair[0].text;
        if !pair[1].before.is_empty() && keyed(&pair[0]) {
            text.extend(pair[1].before.bytes());
            put(bit(from), &text);
            text.truncate(pair[0].text.len());
        }
        let mut turned = pair[1].text;
        turned.extend(pair[0].text.bytes());
        put(bit(from) | bit(from + 1), &turned);
        text.extend(pair[1].text.bytes());
        put(bit(from) | bit(from + 1), &text);
        if let Some(third) = name.parts.get(from + 2) {
            text.extend(third.text.bytes());
            put(bit(from) | bit(from + 1) | bit(from + 2), &text);
        }
    }
}

/// A first name may be cut short: Ben, Benjamin.
fn of_beginning(first: &Part, found: &mut Vec<Key>) {
    if first.text.len() >= 3 && !first.distinct {
        found.push(Key {
            hash: hash(BEGINNING, &first.text.bytes()[..3]),
            parts: bit(0),
            exact: false,
        });
    }
}
