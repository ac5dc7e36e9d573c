//! Invented names, and the ways names get written otherwise, for tests and benches. Built of syllables and the commonest
//! given names, the same for the same number. Nobody's name is in here; it must not be used to make up evidence.

/// A source of numbers, the same for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Dice(seed)
    }

    /// The next number below `sides`, at least 0.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % sides.max(1) as u64).unwrap_or(0)
    }

    fn pick<'t>(&mut self, table: &[&'t str]) -> &'t str {
        let at = self.roll(table.len());
        table.get(at).copied().unwrap_or_default()
    }

    /// The first of a table far oftener than the last.
    fn common<'t>(&mut self, table: &[&'t str]) -> &'t str {
        let (a, b) = (self.roll(table.len()), self.roll(table.len()));
        table
            .get(a * b / table.len().max(1))
            .copied()
            .unwrap_or_default()
    }
}

const GIVEN: [&str; 64] = [
    "Muhammad", "Ahmad", "Siti", "Sri", "Abdul", "Nur", "Agus", "Dewi", "Budi", "Ali", "Eko",
    "Dwi", "Tri", "Andi", "Rudi", "Hadi", "Indra", "Dian", "Joko", "Yudi", "Arif", "Rizki",
    "Hasan", "Husain", "Ibrahim", "Ismail", "Yusuf", "Umar", "Usman", "Fatimah", "Aminah",
    "Aisyah", "Maria", "Yohanes", "Made", "Wayan", "Ketut", "Nyoman", "Putu", "Bambang", "Slamet",
    "Hendra", "Iwan", "Sari", "Ratna", "Maya", "Lina", "Rina", "Wati", "Yanti", "Agung", "Bayu",
    "Candra", "Dedi", "Edi", "Fajar", "Gita", "Heri", "Ika", "Johan", "Kiki", "Lukman", "Mega",
    "Nanda",
];
const JAVA: [&str; 24] = [
    "su", "har", "ti", "wi", "ra", "ni", "ka", "pra", "yo", "se", "tya", "no", "ma", "di", "san",
    "to", "wan", "ja", "sas", "tro", "kar", "ta", "ming", "gu",
];
const JAVA_END: [&str; 12] = [
    "wan", "no", "to", "ningsih", "wati", "man", "di", "yono", "dinata", "kusuma", "negara",
    "atmaja",
];
const ARAB: [&str; 22] = [
    "ha", "fa", "ri", "qa", "si", "za", "mu", "na", "sha", "ba", "ja", "ta", "wa", "di", "ru",
    "lu", "ghu", "khu", "bi", "mi", "ya", "ra",
];
const ARAB_END: [&str; 8] = ["ni", "ri", "wi", "di", "shi", "bi", "im", "an"];
const SLAV: [&str; 20] = [
    "bo", "ro", "ma", "gor", "ne", "pe", "tro", "sta", "vi", "do", "ku", "zne", "li", "so", "lo",
    "mi", "ra", "ta", "ve", "no",
];
const SLAV_END: [&str; 8] = ["ov", "enko", "sky", "in", "evich", "uk", "yan", "ev"];
const WEST: [&str; 22] = [
    "ber", "ken", "wal", "tor", "lan", "mar", "hol", "den", "gra", "fel", "ste", "bran", "cor",
    "dal", "el", "fin", "gar", "hen", "is", "jor", "kel", "lor",
];
const WEST_END: [&str; 10] = [
    "son", "ton", "berg", "ley", "mann", "er", "ford", "win", "ez", "ard",
];
const EAST: [&str; 12] = [
    "Kim", "Lee", "Park", "Wang", "Li", "Zhang", "Chen", "Liu", "Choi", "Yang", "Wu", "Huang",
];
const EAST_GIVEN: [&str; 24] = [
    "min", "jun", "ho", "soo", "young", "hyun", "wei", "xiao", "ming", "jing", "fang", "hong",
    "lei", "yong", "chul", "hee", "jae", "sung", "mei", "lin", "tao", "bo", "yu", "gang",
];

fn invented(dice: &mut Dice, syllables: &[&str], ends: &[&str]) -> String {
    let mut word = String::new();
    for _ in 0..1 + dice.roll(3) {
        word.push_str(dice.pick(syllables));
    }
    word.push_str(dice.pick(ends));
    capital(&word)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The name of the invented person number `who`.
#[must_use]
pub fn name(who: u64) -> String {
    let mut dice = Dice::new(who.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x6e61_6d65);
    let dice = &mut dice;
    match dice.roll(20) {
        // An Indonesian mononym, now and then one of the commonest.
        0 | 1 => invented(dice, &JAVA, &JAVA_END),
        2 if dice.roll(4) == 0 => dice.common(&GIVEN).to_owned(),
        2..=6 => format!(
            "{} {}",
            dice.common(&GIVEN),
            invented(dice, &JAVA, &JAVA_END)
        ),
        7..=9 => format!(
            "{} {} {}",
            dice.common(&GIVEN),
            dice.common(&GIVEN),
            invented(dice, &JAVA, &JAVA_END)
        ),
        10 => format!(
            "{} {}",
            invented(dice, &JAVA, &JAVA_END),
            invented(dice, &JAVA, &JAVA_END)
        ),
        11 | 12 => format!(
            "{} bin {}",
            dice.common(&GIVEN),
            invented(dice, &ARAB, &ARAB_END)
        ),
        13 | 14 => format!(
            "{} {} al-{}",
            dice.common(&GIVEN),
            invented(dice, &ARAB, &ARAB_END),
            invented(dice, &ARAB, &ARAB_END)
        ),
        15 | 16 => format!(
            "{} {}",
            invented(dice, &SLAV, &["a", "ir", "slav", "ei"]),
            invented(dice, &SLAV, &SLAV_END)
        ),
        17 | 18 => format!(
            "{} {}",
            invented(dice, &WEST, &["a", "y", "us", "ine"]),
            invented(dice, &WEST, &WEST_END)
        ),
        _ => format!(
            "{} {}-{}",
            dice.pick(&EAST),
            capital(dice.pick(&EAST_GIVEN)),
            dice.pick(&EAST_GIVEN)
        ),
    }
}

/// Ways in which a name gets written otherwise.
pub const WAYS: [&str; 11] = [
    "letter left out",
    "letters exchanged",
    "letter doubled",
    "vowel mistaken",
    "consonant mistaken",
    "old spelling",
    "order and comma",
    "capitals and title",
    "middle part dropped",
    "words joined",
    "first part an initial",
];

/// The name written otherwise, in one of [`WAYS`].
#[must_use]
pub fn otherwise(name: &str, way: usize, dice: &mut Dice) -> String {
    let mut parts: Vec<String> = name.split(' ').map(str::to_owned).collect();
    let longest = (0..parts.len())
        .max_by_key(|at| parts[*at].len())
        .unwrap_or(0);
    match way % WAYS.len() {
        slip @ 0..=4 => {
            parts[longest] = slipped(&parts[longest], slip, dice);
            parts.join(" ")
        }
        5 => old(name),
        6 if parts.len() > 1 => {
            let last = parts.pop().unwrap_or_default();
            format!("{last}, {}", parts.join(" "))
        }
        7 => format!(
            "{} {}",
            dice.pick(&["Dr.", "H.", "Ir.", "Drs.", "Mr.", "Hj."]),
            name.to_uppercase()
        ),
        8 if parts.len() > 2 => {
            parts.remove(1);
            parts.join(" ")
        }
        9 if parts.len() > 1 => parts.concat(),
        10 if parts.len() > 1 => {
            parts[0].truncate(1);
            format!("{}. {}", parts[0], parts[1..].join(" "))
        }
        _ => name.to_uppercase(),
    }
}

fn slipped(word: &str, slip: usize, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() < 4 {
        return word.to_owned();
    }
    let at = 1 + dice.roll(letters.len() - 2);
    match slip {
        0 => {
            letters.remove(at);
        }
        1 => letters.swap(at, at + 1),
        2 => letters.insert(at, letters[at]),
        3 => {
            if let Some(vowel) = letters
                .iter_mut()
                .skip(1)
                .find(|letter| "aeiou".contains(**letter))
            {
                *vowel = if *vowel == 'a' { 'e' } else { 'a' };
            }
        }
        _ => {
            let near = |letter: &char| {
                "bdgklmnprst"
                    .find(*letter)
                    .map(|at| b"ptkgrnmbldz"[at] as char)
            };
            if let Some((letter, other)) = letters
                .iter_mut()
                .skip(1)
                .find_map(|letter| near(letter).map(|other| (letter, other)))
            {
                *letter = other;
            }
        }
    }
    letters.into_iter().collect()
}

fn old(name: &str) -> String {
    let mut out = String::new();
    for letter in name.to_lowercase().chars() {
        match letter {
            'u' => out.push_str("oe"),
            'j' => out.push_str("dj"),
            'c' => out.push_str("tj"),
            'y' => out.push('j'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_repeat_by_number_and_differ_between_them() {
        assert_eq!(name(7), name(7));
        let some: std::collections::HashSet<String> = (0..1000).map(name).collect();
        assert!(some.len() > 900, "{}", some.len());
        assert!(
            (0..1000).any(|who| !name(who).contains(' ')),
            "some are mononyms"
        );
        assert_eq!(
            otherwise("Fajrin Sadewa", 6, &mut Dice::new(1)),
            "Sadewa, Fajrin"
        );
        assert_eq!(
            otherwise("Fajrin Sadewa", 10, &mut Dice::new(1)),
            "F. Sadewa"
        );
        assert_eq!(old("Suryadi Jaya"), "soerjadi djaja");
    }
}
