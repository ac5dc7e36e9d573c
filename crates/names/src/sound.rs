//! How a part of a name sounds, roughly and alike for the spellings of many countries: old and new Indonesian, Arabic as
//! written in English, French and Indonesian, German and English Slavic. Must not decide anything.

use crate::word::Word;

/// Whether a letter is a vowel.
#[must_use]
pub const fn vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u')
}

/// A spelling, its condition, its sound. Conditions: `V` a vowel follows, `C` none does, `K` a consonant follows and
/// something stands before, `S` it is the start, `-` none.
type Rule = (&'static [u8], u8, &'static [u8]);

/// By first letter; of one letter the first that fits is applied, longest first. Old Indonesian oe/u, tj/c, dj/j, nj/ny, sj/sy, ch/kh are among them.
const RULES: [Rule; 45] = [
    (b"bh", b'-', b"b"),
    (b"cz", b'-', b"c"),
    (b"ch", b'K', b""),
    (b"ch", b'-', b"c"),
    (b"ck", b'-', b"k"),
    (b"dzh", b'-', b"j"),
    (b"dj", b'-', b"j"),
    (b"dz", b'-', b"z"),
    (b"dh", b'-', b"d"),
    (b"ee", b'-', b"i"),
    (b"gh", b'-', b"g"),
    (b"hs", b'S', b"s"),
    (b"ij", b'C', b"i"),
    (b"iy", b'C', b"i"),
    (b"j", b'C', b"i"),
    (b"kh", b'K', b""),
    (b"kh", b'-', b"h"),
    (b"lh", b'-', b"l"),
    (b"nj", b'V', b"ni"),
    (b"ny", b'V', b"ni"),
    (b"ng", b'C', b"n"),
    (b"oe", b'-', b"u"),
    (b"ou", b'-', b"u"),
    (b"oo", b'-', b"u"),
    (b"ph", b'-', b"f"),
    (b"qu", b'V', b"k"),
    (b"q", b'-', b"k"),
    (b"rh", b'-', b"r"),
    (b"sch", b'-', b"s"),
    (b"sh", b'-', b"s"),
    (b"sj", b'-', b"s"),
    (b"sy", b'V', b"s"),
    (b"tsch", b'-', b"c"),
    (b"tch", b'-', b"c"),
    (b"tj", b'-', b"c"),
    (b"ts", b'-', b"z"),
    (b"tz", b'-', b"z"),
    (b"th", b'-', b"t"),
    (b"wh", b'-', b"v"),
    (b"w", b'-', b"v"),
    (b"x", b'S', b"s"),
    (b"x", b'-', b"ks"),
    (b"yj", b'C', b"i"),
    (b"y", b'C', b"i"),
    (b"zh", b'-', b"j"),
];

/// The sound of lower-case ASCII letters.
#[must_use]
pub fn sound(text: &[u8]) -> Word {
    let mut out = Word::EMPTY;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let taken = rule(rest, at == 0);
        match taken {
            Some((from, _, to)) => {
                to.iter().for_each(|letter| put(&mut out, *letter));
                at += from.len();
            }
            None => {
                // Within a word a y before a vowel is a glide; only at the start it is a consonant.
                let letter = if rest[0] == b'y' && at > 0 {
                    b'i'
                } else {
                    rest[0]
                };
                let silent = letter == b'h'
                    && at > 0
                    && !rest
                        .get(1)
                        .is_some_and(|next| vowel(*next) || *next == b'y');
                if !silent {
                    put(&mut out, letter);
                }
                at += 1;
            }
        }
    }
    // A last h is not heard: Abdullah, Abdulla.
    while out.len() > 2 && out.bytes().last() == Some(&b'h') && vowel(out.bytes()[out.len() - 2]) {
        out.truncate(out.len() - 1);
    }
    out
}

/// Where the rules of a letter stand in the table.
const PLACES: [(u8, u8); 26] = places();

const fn places() -> [(u8, u8); 26] {
    let mut all = [(0, 0); 26];
    let mut at = 0;
    while at < RULES.len() {
        let letter = (RULES[at].0[0] - b'a') as usize;
        if all[letter].1 == 0 {
            all[letter].0 = at as u8;
        }
        all[letter].1 = at as u8 + 1;
        at += 1;
    }
    all
}

fn rule(rest: &[u8], start: bool) -> Option<&'static Rule> {
    let (from, to) = PLACES[usize::from(rest[0].wrapping_sub(b'a')).min(25)];
    RULES[usize::from(from)..usize::from(to)]
        .iter()
        .find(|(from, when, _)| {
            rest.starts_with(from) && {
                let next = rest.get(from.len()).copied();
                let open = next.is_some_and(|letter| vowel(letter) || letter == b'y');
                match when {
                    b'V' => open,
                    b'C' => !open,
                    b'K' => !start && !open && next.is_some(),
                    b'S' => start,
                    _ => true,
                }
            }
        })
}

/// Double letters count once.
fn put(out: &mut Word, letter: u8) {
    if out.bytes().last() != Some(&letter) {
        out.push(letter);
    }
}

/// The consonants, written alike where they are easily taken for each other, with a mark for a vowel in front. An h
/// within is left out. What spelling, dialect and vowels not written cannot change much.
#[must_use]
pub fn skeleton(sound: &[u8]) -> Word {
    consonants(sound, true)
}

/// The same of a word whose vowels are not written: neighbours are no cluster there.
#[must_use]
pub fn bare_skeleton(sound: &[u8]) -> Word {
    consonants(sound, false)
}

fn consonants(sound: &[u8], clusters: bool) -> Word {
    let mut out = Word::EMPTY;
    let mut before = 0;
    for (at, letter) in sound.iter().enumerate() {
        let class = match letter {
            b'a' | b'e' | b'i' | b'o' | b'u' | b'y' => b'a',
            b'c' | b'k' | b'g' | b'j' | b'q' => b'k',
            b's' | b'z' | b'x' => b's',
            b'd' | b't' => b't',
            b'b' | b'p' | b'f' | b'v' | b'w' => b'p',
            b'm' | b'n' => b'n',
            other => *other,
        };
        // Only neighbours count once: what stands between two vowels is a consonant of its own.
        if !(clusters && class == before) && (at == 0 || !matches!(class, b'a' | b'h')) {
            out.push(class);
        }
        before = class;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn alike(names: &[&str]) {
        let all: Vec<String> = names
            .iter()
            .map(|n| sound(n.as_bytes()).as_str().to_owned())
            .collect();
        assert!(
            all.windows(2).all(|two| two[0] == two[1]),
            "{names:?}: {all:?}"
        );
    }

    #[test]
    fn old_and_new_spellings_sound_alike() {
        alike(&["soekarno", "sukarno"]);
        alike(&["tjipto", "cipto"]);
        alike(&["djoko", "joko"]);
        alike(&["sjarif", "syarif", "sharif"]);
        alike(&["njoman", "nyoman"]);
        alike(&["achmad", "akhmad", "ahmad"]);
        alike(&["jusuf", "jusuff"]);
        alike(&["abdullah", "abdulla"]);
        alike(&["zelenskij", "zelenskiy", "zelensky", "zelenskyy"]);
        alike(&["jinping", "jinpin"]);
        alike(&["hsi", "xi"]);
        alike(&["mahmud", "mahmoud", "mahmood"]);
    }

    #[test]
    fn skeletons_forget_vowels_and_voice() {
        let bones = |name: &str| skeleton(sound(name.as_bytes()).bytes()).as_str().to_owned();
        assert_eq!(bones("usama"), bones("osama"));
        assert_eq!(bones("laden"), bones("ladin"));
        assert_eq!(bones("barak"), "prk");
        assert_eq!(bones("obama"), "apn");
    }
}
