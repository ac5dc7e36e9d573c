//! Where each field lies (ICAO Doc 9303: TD3 part 4, TD1 part 5, TD2 part 6, visas part 7). Positions count from 0 over
//! all lines one after another. Must not read a field.

use std::ops::Range;

use serde::Serialize;

/// The five sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Format {
    /// A card: three lines of 30.
    #[serde(rename = "TD1")]
    Td1,
    /// Two lines of 36.
    #[serde(rename = "TD2")]
    Td2,
    /// A passport: two lines of 44.
    #[serde(rename = "TD3")]
    Td3,
    /// A visa of two lines of 44.
    #[serde(rename = "MRV-A")]
    MrvA,
    /// A visa of two lines of 36.
    #[serde(rename = "MRV-B")]
    MrvB,
}

pub(super) struct Layout {
    pub document: Range<usize>,
    pub issuer: Range<usize>,
    pub name: Range<usize>,
    pub number: Range<usize>,
    pub nationality: Range<usize>,
    pub birth: Range<usize>,
    pub sex: Range<usize>,
    pub expiry: Range<usize>,
    pub optional: Range<usize>,
    pub optional_2: Option<Range<usize>>,
    /// Whether a long number goes on in the optional data.
    pub overflows: bool,
    /// Name, what it covers, where it stands.
    pub checks: Vec<(&'static str, Range<usize>, usize)>,
    pub composite: Option<Vec<Range<usize>>>,
    pub composite_at: usize,
    first: &'static [u8],
}

impl Format {
    pub(super) fn of(lines: &[String]) -> Option<Self> {
        let visa = lines.first()?.starts_with('V');
        let long = |count: usize, length: usize| {
            lines.len() == count && lines.iter().all(|line| line.chars().count() == length)
        };
        if long(3, 30) {
            Some(Self::Td1)
        } else if long(2, 44) {
            Some(if visa { Self::MrvA } else { Self::Td3 })
        } else if long(2, 36) {
            Some(if visa { Self::MrvB } else { Self::Td2 })
        } else {
            None
        }
    }

    pub(super) fn layout(self) -> Layout {
        match self {
            Self::Td1 => Layout {
                document: 0..2,
                issuer: 2..5,
                number: 5..14,
                optional: 15..30,
                birth: 30..36,
                sex: 37..38,
                expiry: 38..44,
                nationality: 45..48,
                optional_2: Some(48..59),
                name: 60..90,
                overflows: true,
                checks: vec![
                    ("number", 5..14, 14),
                    ("birth", 30..36, 36),
                    ("expiry", 38..44, 44),
                ],
                composite: Some(vec![5..30, 30..37, 38..45, 48..59]),
                composite_at: 59,
                first: b"ACI",
            },
            Self::Td2 => Layout {
                composite: Some(vec![36..46, 49..56, 57..71]),
                composite_at: 71,
                overflows: true,
                first: b"ACI",
                ..two_lines(36)
            },
            Self::MrvB => Layout {
                first: b"V",
                optional: 64..72,
                ..two_lines(36)
            },
            Self::MrvA => Layout {
                first: b"V",
                ..two_lines(44)
            },
            Self::Td3 => {
                let mut layout = two_lines(44);
                layout.optional = 72..86;
                layout.checks.push(("optional", 72..86, 86));
                layout.composite = Some(vec![44..54, 57..64, 65..87]);
                layout.composite_at = 87;
                layout
            }
        }
    }
}

/// What all documents of two lines share; the optional data go to the end.
fn two_lines(width: usize) -> Layout {
    let at = |range: Range<usize>| width + range.start..width + range.end;
    let end = if width == 36 { 35 } else { 44 };
    Layout {
        document: 0..2,
        issuer: 2..5,
        name: 5..width,
        number: at(0..9),
        nationality: at(10..13),
        birth: at(13..19),
        sex: at(20..21),
        expiry: at(21..27),
        optional: at(28..end),
        optional_2: None,
        overflows: false,
        checks: vec![
            ("number", at(0..9), width + 9),
            ("birth", at(13..19), width + 19),
            ("expiry", at(21..27), width + 27),
        ],
        composite: None,
        composite_at: 0,
        first: b"P",
    }
}

impl Layout {
    /// Whether the code is one of this size. The second letter is the issuer's choice, but neither a digit nor, on a
    /// card, V; `AC` is a crew member's certificate.
    pub fn is_document(&self, code: &str) -> bool {
        let [first, second] = code.as_bytes() else {
            return false;
        };
        let card = self.first.len() > 1;
        self.first.contains(first) && !second.is_ascii_digit() && !(card && *second == b'V')
    }
}
