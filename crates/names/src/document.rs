//! Document numbers: only an equal number is the same number. Case, spaces and dashes do not count; O and 0 stay two
//! letters, I and 1 too, because real numbers differ in nothing else. Never validated by pattern (ICAO 9303: no check here).

use zeroize::Zeroize;

/// A number as it is compared. Personal data: `Debug` is redacted, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DocumentNumber(String);

impl DocumentNumber {
    /// The number as it is compared; `None` when no letter or digit is left, as of `-` or an empty field.
    #[must_use]
    pub fn of(written: &str) -> Option<Self> {
        let kept = written.chars().filter(|sign| sign.is_alphanumeric());
        let mut number = String::with_capacity(written.len());
        for sign in kept {
            match wide(sign) {
                Some(plain) => number.push(plain),
                None => number.extend(sign.to_uppercase()),
            }
        }
        (!number.is_empty()).then_some(DocumentNumber(number))
    }

    /// The compared form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Full-width digits and letters are the plain ones.
fn wide(sign: char) -> Option<char> {
    let plain = u32::from(sign).checked_sub(0xfee0)?;
    let plain = char::from_u32(plain).filter(char::is_ascii_alphanumeric)?;
    Some(plain.to_ascii_uppercase())
}

impl std::fmt::Debug for DocumentNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DocumentNumber(redacted)")
    }
}

impl Drop for DocumentNumber {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        DocumentNumber::of(a) == DocumentNumber::of(b)
    }

    #[test]
    fn case_spaces_and_dashes_do_not_count() {
        assert!(same("x 123-4567", "X1234567"));
        assert!(same("Ｘ１２３", "X123"));
        assert!(same("C/1234.567", "c1234567"));
    }

    #[test]
    fn letters_are_never_taken_for_digits() {
        assert!(!same("XO12", "X012"));
        assert!(!same("XI12", "X112"));
        assert!(!same("X123", "X1234"));
        assert!(!same("0123", "123"), "a leading zero is part of the number");
    }

    #[test]
    fn nothing_is_no_number_and_none_is_printed() {
        assert_eq!(DocumentNumber::of(" - "), None);
        let number = DocumentNumber::of("X1234567").unwrap();
        assert_eq!(number.as_str(), "X1234567");
        assert!(!format!("{number:?}").contains("123"));
    }
}
