//! A name taken apart and prepared once: parts with their sounds, roles and weights, without titles and particles.
//! Must not compare; must not be printed.

use zeroize::Zeroize;

use crate::{
    lexicon::{Known, lexicon},
    script::Script,
    sound::sound,
    token::{Token, tokens},
    word::Word,
};

/// Most parts that are looked at.
pub(crate) const MOST_PARTS: usize = 12;

/// What a part is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A given name or surname; which of them is not known.
    Plain,
    /// A single letter.
    Initial,
    /// A first `H.`: an initial or the pilgrim's title.
    MaybeTitle,
    /// "Son of", in the form of the part itself: -ovich, -ovna.
    Patronymic,
}

/// Son or daughter of, as written between parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Descent {
    Son,
    Daughter,
}

/// One part.
#[derive(Clone)]
pub(crate) struct Part {
    pub text: Word,
    pub sound: Word,
    pub role: Role,
    pub script: Script,
    /// Spellings of one common name share it; 0 is none.
    pub group: u16,
    /// Another group is another name.
    pub distinct: bool,
    /// Thousandths of a rare part's weight.
    pub weight: u16,
    /// A given name and its short forms share it; 0 is none.
    pub short: u16,
    /// Letters of `sound` before an ending that many names share.
    pub stem: u8,
    /// Which ending; 0 is none.
    pub ending: u8,
    /// The particle before it.
    pub before: Word,
    /// The signs, where each is a syllable.
    pub signs: [u16; 3],
}

/// A prepared name. Holds personal data: `Debug` is redacted, and it is wiped when dropped.
#[derive(Clone)]
pub struct Name {
    pub(crate) parts: Vec<Part>,
    pub(crate) comma: bool,
    pub(crate) descent: Option<Descent>,
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Name(redacted)")
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        for part in &mut self.parts {
            part.text.zeroize();
            part.sound.zeroize();
            part.signs.zeroize();
        }
    }
}

impl Name {
    /// Prepares a name as it was written, in any script and order. An empty one has no parts and matches nothing.
    #[must_use]
    pub fn new(written: &str) -> Self {
        let mut name = Name {
            parts: Vec::with_capacity(5),
            comma: false,
            descent: None,
        };
        let mut tokens = tokens(written);
        name.comma = tokens.iter().any(|token| token.after_comma);
        drop_degrees(&mut tokens);
        drop_titles(&mut tokens);
        gather(&mut name, &tokens);
        join_eastern(&mut name.parts);
        name.parts.iter_mut().for_each(Part::annotate);
        name.parts.shrink_to_fit();
        name
    }

    /// How many parts it has, titles and particles left out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.parts.capacity() * std::mem::size_of::<Part>()
    }

    /// Whether nothing was left that could be compared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

fn drop_degrees(tokens: &mut Vec<Token>) {
    let counted = |token: &Token| ["jr", "sr", "ii", "iii", "iv"].contains(&token.text.as_str());
    let degree = |token: &Token| {
        counted(token) || token.entry.degree && (token.after_comma || token.text.len() > 2)
    };
    while tokens.len() > 2 && tokens.last().is_some_and(degree) {
        tokens.pop();
    }
}

fn drop_titles(tokens: &mut Vec<Token>) {
    let title = |token: &Token| token.text.len() > 1 && token.entry.known == Some(Known::Title);
    if tokens
        .iter()
        .any(|token| !title(token) && token.text.len() > 1)
    {
        tokens.retain(|token| !title(token));
    }
}

/// Particles that are names where they stand first or last (Vietnamese, Chinese and short ones).
const LOOSE: [&str; 12] = [
    "le", "do", "di", "an", "as", "at", "te", "zu", "wa", "ad", "ar", "la",
];

fn gather(name: &mut Name, tokens: &[Token]) {
    let particle = |token: &Token| token.entry.known == Some(Known::Particle);
    let others = tokens.iter().filter(|token| !particle(token)).count();
    // Ko Tae Bin: three syllables after a surname of China or Korea are no particles.
    let eastern = matches!(tokens, [a, b, c] if a.entry.eastern != 0
        && [a, b, c].iter().all(|token| token.text.len() > 1 && one_vowel(&token.text)));
    let mut before = Word::EMPTY;
    for (at, token) in tokens.iter().enumerate() {
        let edge = at == 0 || at + 1 == tokens.len();
        let loose = edge && LOOSE.contains(&token.text.as_str());
        if particle(token) && !loose && !eastern && (others > 1 || at > 0) {
            match token.text.as_str() {
                "bin" | "ibn" | "ben" | "bn" => name.descent = name.descent.or(Some(Descent::Son)),
                "binti" | "bint" | "binte" => {
                    name.descent = name.descent.or(Some(Descent::Daughter))
                }
                _ => {}
            }
            before = token.text;
            continue;
        }
        if name.parts.len() >= MOST_PARTS {
            break;
        }
        add(&mut name.parts, token, before, at == 0);
        before = Word::EMPTY;
    }
}

/// Beginnings of "servant of" that are written as one word with what follows.
const SERVANT: [&str; 8] = [
    "abdul", "abdur", "abdel", "abdal", "abdus", "abder", "abdoul", "abdool",
];
/// Endings written alone or joined: "of the faith", "of God".
const FAITH: [&str; 10] = [
    "uddin", "eddine", "eddin", "addin", "aldin", "uldin", "udeen", "uddeen", "aldeen", "eldin",
];

fn add(parts: &mut Vec<Part>, token: &Token, before: Word, first: bool) {
    let text = token.text.as_str();
    if let Some(last) = parts.last_mut().filter(|last| last.text.len() > 1) {
        let ending = match text {
            "din" | "deen" | "dine" | "ddin" | "uddin" | "eddine" | "eddin" | "addin" => "udin",
            "ullah" | "allah" | "ulla" | "lah" | "llah" => "ullah",
            _ => "",
        };
        if !ending.is_empty() {
            let keep = if ending == "ullah" && last.text.as_str().starts_with("abd") {
                3
            } else {
                last.text.len()
            };
            last.text.truncate(keep);
            last.text.extend(ending.as_bytes());
            return;
        }
    }
    if token.cluster {
        for letter in token.text.bytes() {
            parts.push(Part::new(Word::of(&[*letter]), before, token, first));
        }
        return;
    }
    let servant = SERVANT
        .iter()
        .filter(|_| text.starts_with("ab"))
        .find(|start| text.starts_with(**start));
    if let Some(start) = servant.filter(|start| text.len() >= start.len() + 4) {
        let rest = &text[start.len()..];
        if !["lah", "llah", "lahi"].contains(&rest)
            && !rest.starts_with("lla")
            && !patronymic(&token.text)
        {
            parts.push(Part::new(Word::of(start.as_bytes()), before, token, first));
            parts.push(Part::new(
                faith(Word::of(rest.as_bytes())),
                Word::EMPTY,
                token,
                false,
            ));
            return;
        }
    }
    parts.push(Part::new(faith(token.text), before, token, first));
}

/// Saifuddin, Saifeddine, Saif-al-Din: one ending.
fn faith(mut text: Word) -> Word {
    if !text.bytes().contains(&b'd') {
        return text;
    }
    let ending = FAITH
        .iter()
        .find(|ending| text.bytes().ends_with(ending.as_bytes()));
    if let Some(ending) = ending.filter(|ending| text.len() >= ending.len() + 3) {
        text.truncate(text.len() - ending.len());
        text.extend(b"udin");
    }
    text
}

fn patronymic(text: &Word) -> bool {
    const ENDS: [&str; 14] = [
        "ovich", "evich", "ovych", "evych", "ovitch", "evitch", "ovna", "evna", "ivna", "yivna",
        "ovic", "evic", "ivich", "yich",
    ];
    let last = text.bytes().last();
    text.len() > 6
        && matches!(last, Some(b'h' | b'a' | b'c'))
        && ENDS
            .iter()
            .any(|end| text.bytes().ends_with(end.as_bytes()))
}

/// Kim Jong-un, Kim Jong Un: after a surname of China or Korea, two syllables apart are one given name.
fn join_eastern(parts: &mut Vec<Part>) {
    let [a, b, c] = parts.as_slice() else { return };
    let syllable = |part: &Part| {
        part.role == Role::Plain && (2..=6).contains(&part.text.len()) && one_vowel(&part.text)
    };
    if ![a, b, c].into_iter().all(syllable) {
        return;
    }
    let eastern = |part: &Part| lexicon().entry(&part.text).eastern != 0;
    let at = if eastern(a) {
        1
    } else if eastern(c) {
        0
    } else {
        return;
    };
    let second = parts.remove(at + 1);
    if let Some(first) = parts.get_mut(at) {
        first.text.extend(second.text.bytes());
    }
}

fn one_vowel(text: &Word) -> bool {
    let vowel = |letter: &u8| b"aeiouy".contains(letter);
    let letters = text.bytes();
    let starts = (0..letters.len())
        .filter(|at| vowel(&letters[*at]) && (*at == 0 || !vowel(&letters[at - 1])));
    starts.count() <= 1
}

impl Part {
    fn new(text: Word, before: Word, token: &Token, first: bool) -> Self {
        let role = match text.len() {
            1 if first && text.as_str() == "h" => Role::MaybeTitle,
            1 => Role::Initial,
            _ => Role::Plain,
        };
        Part {
            text,
            sound: Word::EMPTY,
            role,
            script: token.script,
            group: 0,
            distinct: false,
            weight: 1000,
            short: 0,
            stem: 0,
            ending: 0,
            before,
            signs: token.signs,
        }
    }

    /// Looks the part up and works out what comparing needs.
    fn annotate(&mut self) {
        self.sound = sound(self.text.bytes());
        if self.role != Role::Plain {
            self.weight = 300;
            return;
        }
        if patronymic(&self.text) {
            // Slavic names are as often written without it.
            (self.role, self.weight) = (Role::Patronymic, 600);
        }
        let entry = lexicon().entry(&self.text);
        self.short = entry.short;
        if let Some(Known::Common {
            group,
            weight,
            distinct,
        }) = entry.known
        {
            (self.group, self.weight, self.distinct) = (group, weight, distinct);
        } else if entry.eastern != 0 {
            (self.group, self.weight, self.distinct) = (entry.eastern, 600, true);
        } else if self.text.len() <= 2 {
            self.weight = 600;
        }
        (self.ending, self.stem) = ending(self.sound.bytes());
    }

    /// The sound without its shared ending.
    pub fn stem(&self) -> Word {
        Word::of(&self.sound.bytes()[..usize::from(self.stem)])
    }

    /// Whether each sign is a syllable and the signs are kept.
    pub fn by_signs(&self) -> bool {
        self.signs[0] != 0
    }
}

/// Endings, as they sound, that make names of many roots look alike.
const ENDINGS: [&[u8]; 15] = [
    b"ovic", b"evic", b"ovih", b"evih", b"ovna", b"evna", b"ivna", b"dotir", b"ula", b"ala",
    b"udin", b"zai", b"svili", b"zade", b"zoda",
];

fn ending(sound: &[u8]) -> (u8, u8) {
    for (number, end) in (1u8..).zip(ENDINGS) {
        if sound.len() >= end.len() + 2 && sound.ends_with(end) {
            // -ovich and -evich are one, -ullah and -allah too.
            let number = match number {
                1..=7 => 1,
                9 | 10 => 9,
                14 | 15 => 14,
                other => other,
            };
            return (number, u8::try_from(sound.len() - end.len()).unwrap_or(0));
        }
    }
    (0, u8::try_from(sound.len()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(written: &str) -> String {
        let name = Name::new(written);
        let texts: Vec<&str> = name.parts.iter().map(|part| part.text.as_str()).collect();
        texts.join(" ")
    }

    #[test]
    fn titles_degrees_and_particles_are_no_parts() {
        assert_eq!(parts("Ir. H. Joko Widodo"), "h joko widodo");
        assert_eq!(parts("Dr. Siti Aminah, S.Pd."), parts("Siti Aminah S.Pd"));
        assert_eq!(parts("Drs. Hj. Budi Santoso, MM"), "budi santoso");
        assert_eq!(parts("Mohammed bin Salman Al Saud"), "mohammed salman saud");
        assert_eq!(parts("Haji"), "haji", "nothing else is left to compare");
        assert_eq!(parts("Ben Netanyahu"), "ben netanyahu");
        assert_eq!(parts("Nguyen Van An"), "nguyen an");
    }

    #[test]
    fn joined_and_split_words_meet() {
        assert_eq!(parts("Abdurrahman Wahid"), "abdur rahman wahid");
        assert_eq!(parts("Abd al-Rahman Wahid"), "abd rahman wahid");
        assert_eq!(parts("Abd Allah"), "abdullah");
        assert_eq!(parts("Saif al-Din"), parts("Saifuddin"));
        assert_eq!(parts("VladimirPutin"), "vladimir putin");
        assert_eq!(parts("McDonald"), "mcdonald");
        assert_eq!(parts("Kim Jong-un"), parts("Kim Jong Un"));
        assert_eq!(parts("Jong Un Kim"), "jongun kim");
        assert_eq!(parts("JC Juncker"), "j c juncker");
        assert_eq!(parts("Ig0r Sech1n"), "igor sechin");
    }

    #[test]
    fn east_asian_signs_are_surname_and_given_name() {
        assert_eq!(parts("习近平"), "xi jinping");
        assert_eq!(parts("김정은").split(' ').count(), 2);
        assert_eq!(parts("贝拉克·奥巴马").split(' ').count(), 2);
    }

    #[test]
    fn nothing_is_printed_and_rubbish_is_survived() {
        assert_eq!(format!("{:?}", Name::new("Suharto")), "Name(redacted)");
        for rubbish in ["", " ", "---", ",,,", "12345", "\u{200d}", "'", "🙂"] {
            assert!(Name::new(rubbish).is_empty(), "{rubbish:?}");
        }
        assert!(Name::new(&"ab ".repeat(500)).len() <= MOST_PARTS + 1);
    }

    #[test]
    fn common_parts_weigh_less() {
        let name = Name::new("Moh. Suryatmaja");
        assert!(name.parts[0].weight < name.parts[1].weight);
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_prepared(text in "\\PC{0,60}") {
            let name = Name::new(&text);
            proptest::prop_assert!(name.parts.iter().all(|part| part.text.bytes().iter().all(u8::is_ascii_lowercase)));
        }
    }
}
