//! What is known beside a name: date of birth, perhaps in part, sex, nationality. They corroborate or contradict; none of
//! them, and not all together, makes or unmakes a hit.

use crate::weight::{Feature, Row, Verdict};

/// A date of birth of which month and day may be unknown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    year: u16,
    month: u8,
    day: u8,
}

/// Not a date of birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a date of birth is written YYYY, YYYY-MM or YYYY-MM-DD and must exist in the calendar, such as 1984 or 1984-07-30"
)]
pub struct NotABirth;

impl std::str::FromStr for Birth {
    type Err = NotABirth;
    /// `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, also with `/`; `00` for an unknown month or day.
    fn from_str(text: &str) -> Result<Self, NotABirth> {
        let pieces: Vec<&str> = text.trim().split(['-', '/']).collect();
        let number = |at: usize, size: usize| match pieces.get(at) {
            None => Ok(0),
            Some(piece) if piece.len() == size && piece.bytes().all(|b| b.is_ascii_digit()) => {
                piece.parse::<u16>().map_err(|_| NotABirth)
            }
            Some(_) => Err(NotABirth),
        };
        let (year, month, day) = (number(0, 4)?, number(1, 2)?, number(2, 2)?);
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            0 => 0,
            2 => 28 + u16::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if pieces.len() > 3 || year < 1850 || month > 12 || day > days {
            return Err(NotABirth);
        }
        Ok(Birth {
            year,
            month: u8::try_from(month).unwrap_or(0),
            day: u8::try_from(day).unwrap_or(0),
        })
    }
}

impl std::fmt::Debug for Birth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Birth(redacted)")
    }
}

/// As in documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// F.
    Female,
    /// M.
    Male,
}

/// A country's code in capitals, two or three letters; both sides must use the same table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country([u8; 3]);

impl Country {
    /// `None` unless it is two or three letters.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        let code = code.trim().as_bytes();
        let mut out = [0; 3];
        if !(2..=3).contains(&code.len()) || !code.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        for (place, letter) in out.iter_mut().zip(code) {
            *place = letter.to_ascii_uppercase();
        }
        Some(Country(out))
    }
}

/// What is known beside the name; `None` is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    /// Date of birth.
    pub birth: Option<Birth>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Nationality.
    pub nationality: Option<Country>,
}

/// Log-odds of each, as far as both sides know it.
const BORN_SAME_DAY: f32 = 2.0;
const BORN_SAME_MONTH: f32 = 1.2;
const BORN_SAME_YEAR: f32 = 0.7;
/// Day and month exchanged, as between countries.
const BORN_TURNED: f32 = 1.0;
/// The year is the same or next, the rest is not.
const BORN_NEAR: f32 = -1.0;
const BORN_FAR: f32 = -3.0;
const SEX: (f32, f32) = (0.2, -2.0);
const NATIONALITY: (f32, f32) = (0.3, -0.7);

/// Three rows: date of birth, sex, nationality, each with what it says or that it was absent.
pub(crate) fn rows(a: &Facts, b: &Facts) -> [Row; 3] {
    [
        known(
            Feature::Birth,
            a.birth.zip(b.birth).map(|(a, b)| birth(a, b)),
        ),
        known(
            Feature::Sex,
            a.sex
                .zip(b.sex)
                .map(|(a, b)| if a == b { SEX.0 } else { SEX.1 }),
        ),
        known(
            Feature::Nationality,
            a.nationality
                .zip(b.nationality)
                .map(|(a, b)| if a == b { NATIONALITY.0 } else { NATIONALITY.1 }),
        ),
    ]
}

fn known(feature: Feature, weight: Option<f32>) -> Row {
    match weight {
        None => Row::of(feature, Verdict::Absent, 0.0),
        Some(weight) if weight < 0.0 => Row::of(feature, Verdict::Contradicts, weight),
        Some(weight) => Row::of(feature, Verdict::Supports, weight),
    }
}

fn birth(a: Birth, b: Birth) -> f32 {
    let apart = a.year.abs_diff(b.year);
    if apart > 1 {
        return BORN_FAR;
    }
    let month_known = a.month != 0 && b.month != 0;
    let day_known = month_known && a.day != 0 && b.day != 0;
    let same_day = day_known && (a.month, a.day) == (b.month, b.day);
    let turned = day_known && (a.month, a.day) == (b.day, b.month);
    match (apart, month_known) {
        (0, false) => BORN_SAME_YEAR,
        (0, true) if same_day => BORN_SAME_DAY,
        (0, true) if !day_known && a.month == b.month => BORN_SAME_MONTH,
        (0, true) if turned => BORN_TURNED,
        (1, true) if same_day => BORN_SAME_YEAR,
        _ => BORN_NEAR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn born(text: &str) -> Birth {
        text.parse().unwrap()
    }

    #[test]
    fn dates_may_be_partial() {
        assert_eq!(born("1984-07"), born("1984/07/00"));
        assert!(
            [
                "",
                "84",
                "1984-13",
                "1984-02-30",
                "1984-7-3",
                "1984-07-30-1",
                "1984-00-05",
                "0000"
            ]
            .iter()
            .all(|text| text.parse::<Birth>().is_err())
        );
        assert_eq!(
            "x".parse::<Birth>()
                .unwrap_err()
                .to_string()
                .split(' ')
                .next(),
            Some("a")
        );
    }

    #[test]
    fn dates_corroborate_by_what_is_known() {
        let weight = |a: &str, b: &str| birth(born(a), born(b));
        assert_eq!(weight("1984-07-30", "1984-07-30"), BORN_SAME_DAY);
        assert_eq!(weight("1984-07", "1984-07-30"), BORN_SAME_MONTH);
        assert_eq!(weight("1984", "1984-07-30"), BORN_SAME_YEAR);
        assert_eq!(weight("1984-05-07", "1984-07-05"), BORN_TURNED);
        assert_eq!(weight("1984-05-07", "1984-06-09"), BORN_NEAR);
        assert_eq!(weight("1984", "1990"), BORN_FAR);
        assert_eq!(weight("1984-07-30", "1985-07-30"), BORN_SAME_YEAR);
    }

    #[test]
    fn what_is_not_known_is_absent() {
        let sides = (
            Facts {
                sex: Some(Sex::Female),
                nationality: Country::of("idn"),
                ..Facts::default()
            },
            Facts {
                sex: Some(Sex::Male),
                nationality: Country::of("IDN"),
                birth: Some(born("1984")),
            },
        );
        let verdicts = rows(&sides.0, &sides.1).map(|row| row.verdict);
        assert_eq!(
            verdicts,
            [Verdict::Absent, Verdict::Contradicts, Verdict::Supports]
        );
        assert_eq!(Country::of("x1"), None);
    }
}
