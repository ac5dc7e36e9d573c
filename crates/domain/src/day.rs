//! Calendar days: the law counts days of the checkpoint's own calendar, not hours. Must not read a clock.

use jiff::{Span, civil::Date};
use serde::{Deserialize, Serialize};

use crate::time::{DAY_MS, MINUTE_MS, UtcMs};

/// A day of the calendar, in no zone. As text `2026-11-28`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, example = "2026-11-28"))]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

/// Not a day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a date is written YYYY-MM-DD and must exist in the calendar, such as 2026-11-28")]
pub struct NotADay;

impl std::str::FromStr for Day {
    type Err = NotADay;
    fn from_str(text: &str) -> Result<Self, NotADay> {
        let text = text.trim();
        // Ten characters only: the library takes more forms than a clerk would expect.
        let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = plain.then(|| text.parse().ok()).flatten();
        date.map(Day).ok_or(NotADay)
    }
}

impl TryFrom<String> for Day {
    type Error = NotADay;
    fn try_from(text: String) -> Result<Self, NotADay> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

const EPOCH: Date = Date::constant(1970, 1, 1);

impl Day {
    /// The day it is at `at` where clocks are `utc_offset_minutes` ahead of UTC. Saturates at the calendar's ends.
    pub fn at(at: UtcMs, utc_offset_minutes: i64) -> Self {
        let local = at + utc_offset_minutes.saturating_mul(MINUTE_MS);
        let span = Span::new().try_days(local.0.div_euclid(DAY_MS));
        let far = if local.0 < 0 { Date::MIN } else { Date::MAX };
        Day(span.map_or(far, |span| EPOCH.saturating_add(span)))
    }

    /// Its first instant where clocks are `utc_offset_minutes` ahead of UTC.
    pub fn starts(self, utc_offset_minutes: i64) -> UtcMs {
        UtcMs(self.since(Day(EPOCH)) * DAY_MS - utc_offset_minutes.saturating_mul(MINUTE_MS))
    }

    /// The first instant after it there.
    pub fn ends(self, utc_offset_minutes: i64) -> UtcMs {
        self.starts(utc_offset_minutes) + DAY_MS
    }

    /// Monday is 0, Sunday 6.
    pub fn weekday(self) -> u8 {
        self.0.weekday().to_monday_zero_offset().unsigned_abs()
    }

    /// Year, month from 1, day from 1.
    pub fn parts(self) -> (i16, u8, u8) {
        let (year, month, day) = (self.0.year(), self.0.month(), self.0.day());
        (year, month.unsigned_abs(), day.unsigned_abs())
    }

    /// So many days later; earlier when negative. `None` past the calendar's ends.
    pub fn plus_days(self, days: i64) -> Option<Self> {
        let span = Span::new().try_days(days).ok()?;
        self.0.checked_add(span).ok().map(Day)
    }

    /// The day of the same number so many months later; the last of that month where it has no such day.
    pub fn plus_months(self, months: i64) -> Option<Self> {
        let span = Span::new().try_months(months).ok()?;
        self.0.checked_add(span).ok().map(Day)
    }

    /// Days from `earlier` to this one; negative when it is before.
    pub fn since(self, earlier: Day) -> i64 {
        // Both lie within 20,000 years: days always fit.
        earlier
            .0
            .until(self.0)
            .map_or(0, |span| i64::from(span.get_days()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn only_days_of_the_calendar_are_read() {
        for text in ["2024-02-29", "2026-11-28", " 1970-01-01 "] {
            assert_eq!(day(text).to_string(), text.trim());
        }
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "28-11-2026",
            "2026-1-1",
            "",
            "2026-11-28T00:00",
            "20261128",
        ] {
            assert_eq!(bad.parse::<Day>(), Err(NotADay), "{bad}");
        }
    }

    #[test]
    fn months_keep_the_number_of_the_day_where_they_can() {
        for (from, months, to) in [
            ("2022-11-03", 6, "2023-05-03"),
            ("2023-05-03", 6, "2023-11-03"),
            ("2024-08-31", 6, "2025-02-28"),
            ("2023-08-31", 6, "2024-02-29"),
            ("2024-02-29", 120, "2034-02-28"),
        ] {
            assert_eq!(day(from).plus_months(months), Some(day(to)), "{from}");
        }
    }

    #[test]
    fn a_day_is_that_of_the_place() {
        // 2026-11-21T16:30:00Z: still the 21st in Jakarta, the 22nd in Denpasar and Jayapura.
        let at = UtcMs(1_795_278_600_000);
        for (offset, expect) in [
            (420, "2026-11-21"),
            (480, "2026-11-22"),
            (540, "2026-11-22"),
            (-720, "2026-11-21"),
        ] {
            assert_eq!(Day::at(at, offset), day(expect), "{offset}");
        }
        assert_eq!(day("2026-11-22").since(day("2025-11-22")), 365);
    }

    proptest! {
        #[test]
        fn a_day_holds_from_its_first_instant_to_its_last(days in -100_000i64..100_000, offset in -720i64..=840) {
            let day = Day(EPOCH).plus_days(days).unwrap();
            let (start, end) = (day.starts(offset), day.ends(offset));
            prop_assert_eq!(Day::at(start, offset), day);
            prop_assert_eq!(Day::at(end + -1, offset), day);
            prop_assert!(Day::at(start + -1, offset) < day && Day::at(end, offset) > day);
            prop_assert_eq!(day.since(Day(EPOCH)), days);
        }
    }
}
