//! A written name cut into words: at spaces, hyphens, points and commas, and where a small letter meets a capital. Digits
//! typed for letters are put right. Must not know what a word means.

use crate::{
    lexicon::{Entry, lexicon},
    script::{self, Script, Sign},
    word::Word,
};

/// One word.
#[derive(Clone, Copy)]
pub struct Token {
    pub text: Word,
    /// What the tables say about it.
    pub entry: Entry,
    pub script: Script,
    /// Stands behind a comma.
    pub after_comma: bool,
    /// Two or three capitals without a vowel: initials written together.
    pub cluster: bool,
    /// First signs of a word of syllable signs; 0 is none.
    pub signs: [u16; 3],
}

/// A word being read.
struct Reading {
    token: Token,
    capitals: usize,
    letters: usize,
    /// Letters after the first sign, and how many signs, of syllable signs.
    first_sign: usize,
    count: usize,
    first: [char; 2],
    small_before: bool,
}

const NEW: Reading = Reading {
    token: Token {
        text: Word::EMPTY,
        entry: Entry {
            known: None,
            degree: false,
            eastern: 0,
            short: 0,
        },
        script: Script::Alphabet,
        after_comma: false,
        cluster: false,
        signs: [0; 3],
    },
    capitals: 0,
    letters: 0,
    first_sign: 0,
    count: 0,
    first: ['\0'; 2],
    small_before: false,
};

/// Most words that are read.
const MOST: usize = 16;

/// The words of a name.
#[must_use]
pub fn tokens(written: &str) -> Vec<Token> {
    let mut found = Vec::with_capacity(6);
    let mut reading = NEW;
    let (mut comma, mut signs_apart) = (false, true);
    let mut rest = written.chars();
    while let Some(sign) = rest.next() {
        if found.len() >= MOST {
            break;
        }
        if reading.small_before && sign.is_uppercase() && reading.letters >= 3 {
            let small = rest.clone().take_while(|next| next.is_lowercase()).count();
            if small >= 2 {
                finish(&mut found, &mut reading, comma, false);
            }
        }
        match reading.read(sign) {
            Sign::Letters(_) | Sign::Nothing => {}
            Sign::Between => {
                signs_apart &= sign == ' ' || reading.count == 0;
                finish(&mut found, &mut reading, comma, false);
            }
            Sign::Comma => {
                finish(&mut found, &mut reading, comma, false);
                comma = comma || !found.is_empty();
            }
        }
    }
    let alone = found.is_empty() && signs_apart;
    finish(&mut found, &mut reading, comma, alone);
    // All in capitals, initials cannot be told from short names.
    let clusters = found.iter().filter(|token| token.cluster).count();
    if (1..found.len()).contains(&clusters) && !written.chars().any(char::is_lowercase) {
        found.iter_mut().for_each(|token| token.cluster = false);
    }
    found
}

impl Reading {
    fn read(&mut self, sign: char) -> Sign {
        // Most letters of most names.
        if sign.is_ascii_alphabetic() {
            if self.count < 2 {
                self.first[self.count] = sign;
            }
            self.token.text.push(sign.to_ascii_lowercase() as u8);
            self.count += 1;
            self.letters += 1;
            self.small_before = sign.is_ascii_lowercase();
            self.capitals += usize::from(!self.small_before);
            return Sign::Letters(Script::Alphabet);
        }
        let mut text = self.token.text;
        let kind = script::read(sign, &mut |letter| text.push(letter));
        if let Sign::Letters(script) = kind {
            if self.count < 2 {
                self.first[self.count] = sign;
            }
            if self.letters == 0 && matches!(sign, 'ع') {
                text.push(b'a');
            }
            if script == Script::Syllables {
                if let Some(place) = self.token.signs.get_mut(self.count) {
                    *place = (sign as u32 & 0xffff) as u16;
                }
                if self.count == 0 {
                    self.first_sign = text.len();
                }
            }
            self.count += 1;
            self.letters += 1;
            self.capitals += usize::from(sign.is_uppercase());
            self.small_before = sign.is_lowercase();
            self.token.script = script;
            self.token.text = text;
        }
        kind
    }
}

/// Ends the word, if there is one; `alone` when it is the whole name.
fn finish(found: &mut Vec<Token>, reading: &mut Reading, comma: bool, alone: bool) {
    if reading.token.text.is_empty() {
        *reading = NEW;
        return;
    }
    let mut done = std::mem::replace(reading, NEW);
    let letters = done.token.text.bytes();
    if !letters.iter().any(u8::is_ascii_alphabetic) {
        return;
    }
    if letters.iter().any(u8::is_ascii_digit) {
        done.token.text = letters_for_digits(letters);
    }
    done.token.after_comma = comma;
    if done.token.script == Script::Syllables && alone && (2..=4).contains(&done.count) {
        let whole = done.token.text.bytes();
        let (surname, given) = whole.split_at(done.first_sign.min(whole.len()));
        let signs = done.token.signs;
        let surname = Word::of(surname);
        found.push(Token {
            entry: lexicon().entry(&surname),
            text: surname,
            signs: [signs[0], 0, 0],
            ..done.token
        });
        found.push(Token {
            text: Word::of(given),
            signs: [signs[1], signs[2], 0],
            ..done.token
        });
        return;
    }
    if done.count > 3 {
        done.token.signs = [0; 3];
    }
    // The Arabic article, written with its word.
    if done.token.script == Script::Abjad && done.first == ['ا', 'ل'] && done.token.text.len() > 4
    {
        done.token.text = Word::of(&done.token.text.bytes()[2..]);
    }
    let vowel = |letter: &u8| b"aeiouy".contains(letter);
    done.token.cluster = (2..=3).contains(&done.letters)
        && done.capitals == done.letters
        && !done.token.text.bytes().iter().any(vowel)
        && !["ng", "md", "mc", "st", "dr", "hj", "mr", "rr", "rm", "kh"]
            .contains(&done.token.text.as_str());
    done.token.entry = lexicon().entry(&done.token.text);
    found.push(done.token);
}

/// Digits typed, or read by a machine, for the letters they look like.
fn letters_for_digits(letters: &[u8]) -> Word {
    let mut word = Word::EMPTY;
    for letter in letters {
        match letter {
            b'0' => word.push(b'o'),
            b'1' => word.push(b'i'),
            b'3' => word.push(b'e'),
            b'4' => word.push(b'a'),
            b'5' => word.push(b's'),
            b'7' => word.push(b't'),
            b'8' => word.push(b'b'),
            b'9' => word.push(b'g'),
            b'2' | b'6' => {}
            other => word.push(*other),
        }
    }
    word
}
