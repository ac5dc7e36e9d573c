//! Check digits (ICAO Doc 9303-3, 4.9): weights 7, 3, 1, modulus 10. Must not say which character is wrong: it cannot know.

use serde::Serialize;

/// One check digit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `number`, `birth`, `expiry`, `optional` or `composite`.
    pub of: &'static str,
    /// What stands there.
    pub found: String,
    /// What should.
    pub expected: String,
    /// Whether they agree.
    pub good: bool,
}

impl Check {
    pub(super) fn new(of: &'static str, covered: &str, found: &str, may_be_blank: bool) -> Self {
        let expected = digit(covered).to_string();
        Check {
            of,
            good: found == expected || (may_be_blank && found == "<"),
            found: found.to_owned(),
            expected,
        }
    }
}

/// The check digit of a text: digits count themselves, A to Z 10 to 35, everything else nothing.
pub fn digit(text: &str) -> u32 {
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    };
    let weighed = text.bytes().zip([7, 3, 1].into_iter().cycle());
    weighed
        .map(|(byte, weight)| value(byte) * weight)
        .sum::<u32>()
        % 10
}
