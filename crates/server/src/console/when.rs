//! Local time of a site as text, with its zone. Must not read a clock.

use tapal_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, UtcMs};

use super::words::{Lang, text};

/// A fixed offset from UTC. Indonesia has three and no summer time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(pub i64);

impl Default for Zone {
    /// Western Indonesia Time, that of Jakarta.
    fn default() -> Self {
        Self(420)
    }
}

impl Zone {
    /// `WIB`, `WITA`, `WIT`, else `UTC+05:30`.
    pub fn name(self) -> String {
        match self.0 {
            420 => "WIB".into(),
            480 => "WITA".into(),
            540 => "WIT".into(),
            minutes => {
                let sign = if minutes < 0 { '-' } else { '+' };
                format!(
                    "UTC{sign}{:02}:{:02}",
                    minutes.abs() / 60,
                    minutes.abs() % 60
                )
            }
        }
    }

    /// Local year, month (1-12), day, and milliseconds of the day.
    fn civil(self, at: UtcMs) -> (i64, i64, i64, i64) {
        let local = at.0 + self.0 * MINUTE_MS;
        let (days, of_day) = (local.div_euclid(DAY_MS), local.rem_euclid(DAY_MS));
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
        let z = days + 719_468;
        let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let (day, month) = (
            doy - (153 * mp + 2) / 5 + 1,
            if mp < 10 { mp + 3 } else { mp - 9 },
        );
        (yoe + era * 400 + i64::from(month <= 2), month, day, of_day)
    }

    /// `14:02:11`.
    pub fn clock(self, at: UtcMs) -> String {
        let (_, _, _, ms) = self.civil(at);
        format!(
            "{:02}:{:02}:{:02}",
            ms / HOUR_MS,
            ms / MINUTE_MS % 60,
            ms / SECOND_MS % 60
        )
    }

    /// `21 Nov 2026`.
    pub fn day(self, lang: Lang, at: UtcMs) -> String {
        let (year, month, day, _) = self.civil(at);
        format!(
            "{day} {} {year}",
            text(lang, &format!("month-{month}"), &[])
        )
    }

    /// `21 Nov 2026, 14:02:11 WIB`.
    pub fn full(self, lang: Lang, at: UtcMs) -> String {
        format!("{}, {} {}", self.day(lang, at), self.clock(at), self.name())
    }

    /// `2026-11-21`, for date fields of forms.
    pub fn iso_day(self, at: UtcMs) -> String {
        let (year, month, day, _) = self.civil(at);
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// The first instant of a day given as `2026-11-21`.
    pub fn start_of(self, day: &str) -> Option<UtcMs> {
        let mut parts = day
            .trim()
            .splitn(3, '-')
            .map(|part| part.parse::<i64>().ok());
        let (year, month, date) = (parts.next()??, parts.next()??, parts.next()??);
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&date)
        {
            return None;
        }
        let y = year - i64::from(month <= 2);
        let (era, yoe) = (y.div_euclid(400), y.rem_euclid(400));
        let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + date - 1;
        let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
        let at = UtcMs(days * DAY_MS - self.0 * MINUTE_MS);
        // 31 February becomes another day: refuse it.
        (self.iso_day(at) == format!("{year:04}-{month:02}-{date:02}")).then_some(at)
    }
}

/// A duration as `00:14` or `1:02:03`; below zero is zero.
pub fn clock_text(ms: i64) -> String {
    let s = ms.max(0) / SECOND_MS;
    if s >= 3_600 {
        format!("{}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
    } else {
        format!("{:02}:{:02}", s / 60, s % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times() {
        let at = UtcMs(1_795_244_531_000); // 2026-11-21T07:02:11Z
        for (zone, clock, day) in [
            (420, "14:02:11", "2026-11-21"),
            (540, "16:02:11", "2026-11-21"),
            (1020, "00:02:11", "2026-11-22"),
        ] {
            assert_eq!(
                (
                    Zone(zone).clock(at).as_str(),
                    Zone(zone).iso_day(at).as_str()
                ),
                (clock, day)
            );
        }
        assert_eq!(Zone(420).full(Lang::En, at), "21 Nov 2026, 14:02:11 WIB");
        assert_eq!(Zone(-150).name(), "UTC-02:30");
    }

    #[test]
    fn a_day_starts_at_local_midnight() {
        for day in ["1970-01-02", "2024-02-29", "2026-12-31"] {
            let start = Zone(480).start_of(day).unwrap();
            assert_eq!(
                (
                    Zone(480).iso_day(start).as_str(),
                    Zone(480).clock(start).as_str()
                ),
                (day, "00:00:00")
            );
            assert_ne!(Zone(480).iso_day(start + -1), day);
        }
        for bad in ["2026-02-30", "2026-13-01", "tomorrow", "", "2026-01"] {
            assert_eq!(Zone(480).start_of(bad), None, "{bad}");
        }
    }
}
