//! A short lower-case ASCII word held in place: names are compared by the million, without an allocation each.
//! Must not be printed: it is a piece of somebody's name.

use zeroize::Zeroize;

/// Letters kept of one part of a name; the rest of a longer one is left out.
pub const LONGEST: usize = 24;

/// Up to [`LONGEST`] ASCII letters. `Debug` is redacted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Word {
    bytes: [u8; LONGEST],
    len: u8,
}

impl Word {
    /// No letter yet.
    pub const EMPTY: Word = Word {
        bytes: [0; LONGEST],
        len: 0,
    };

    /// The first letters of `text`, which is ASCII.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let mut word = Word::EMPTY;
        word.extend(text);
        word
    }

    /// Adds a letter, if there is room.
    pub fn push(&mut self, letter: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
            *place = letter;
            self.len += 1;
        }
    }

    /// Adds letters, as far as there is room.
    pub fn extend(&mut self, letters: &[u8]) {
        letters.iter().for_each(|letter| self.push(*letter));
    }

    /// Keeps the first `len` letters.
    pub fn truncate(&mut self, len: usize) {
        for gone in self.bytes.iter_mut().skip(len) {
            *gone = 0;
        }
        self.len = self.len.min(u8::try_from(len).unwrap_or(u8::MAX));
    }

    /// The letters.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The letters as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }

    /// How many letters.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl std::hash::Hash for Word {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write(self.bytes());
    }
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Word(redacted)")
    }
}

impl Zeroize for Word {
    fn zeroize(&mut self) {
        self.bytes.zeroize();
        self.len.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_first_letters_and_shows_none() {
        let word = Word::of(b"abcdefghijklmnopqrstuvwxyz");
        assert_eq!(word.as_str(), "abcdefghijklmnopqrstuvwx");
        assert!(!format!("{word:?}").contains("abc"));
        let mut word = Word::of(b"suharto");
        word.truncate(3);
        assert_eq!(word, Word::of(b"suh"), "what was cut off leaves nothing");
    }
}
