//! Dates of two-digit years (ICAO Doc 9303-3, 4.8). What is unknown of a birth is written as fillers. Must not make a
//! day up.

use tapal_domain::day::Day;

/// `YYYY-MM-DD`, `YYYY-MM`, `YYYY` or nothing, as far as it is known; `None` when it is no date. Nobody is born tomorrow:
/// such a year belongs to the century before.
pub(super) fn birth(text: &str, today: Day) -> Option<String> {
    let (year, month, day) = (text.get(0..2)?, text.get(2..4)?, text.get(4..6)?);
    let (year, month, day) = (part(year)?, part(month)?, part(day)?);
    let Some(year) = year else {
        // Without a year the rest is no date of birth; a year alone is.
        return (month.is_none() && day.is_none()).then(String::new);
    };
    let now = i32::from(today.parts().0);
    let month = match (month, day) {
        (None, Some(_)) => return None,
        (month, _) => month,
    };
    // As late as it can be, when parts are unknown.
    let century = now - now % 100;
    let passed = |full: i32| {
        let latest = format!(
            "{full:04}-{:02}-{:02}",
            month.unwrap_or(1),
            day.unwrap_or(1)
        );
        latest.parse::<Day>().ok().map(|first| first <= today)
    };
    let full = match passed(century + year) {
        Some(true) => century + year,
        // The 29th of February of a year without one is in no century, or in the other.
        Some(false) | None => century - 100 + year,
    };
    match (month, day) {
        (None, _) => Some(format!("{full:04}")),
        (Some(month), None) => (1..=12)
            .contains(&month)
            .then(|| format!("{full:04}-{month:02}")),
        (Some(month), Some(day)) => {
            let text = format!("{full:04}-{month:02}-{day:02}");
            text.parse::<Day>().ok().map(|day| day.to_string())
        }
    }
}

/// `YYYY-MM-DD` nearest to today: documents live some decades at most.
pub(super) fn expiry(text: &str, today: Day) -> Option<String> {
    let year = part(text.get(0..2)?)??;
    let (month, day) = (part(text.get(2..4)?)??, part(text.get(4..6)?)??);
    let now = i32::from(today.parts().0);
    let century = now - now % 100;
    let full = [century - 100, century, century + 100]
        .into_iter()
        .map(|century| century + year)
        .min_by_key(|full| (full - now).abs())?;
    let day = format!("{full:04}-{month:02}-{day:02}")
        .parse::<Day>()
        .ok()?;
    Some(day.to_string())
}

/// Two digits, or two fillers for unknown; anything else is wrong.
fn part(text: &str) -> Option<Option<i32>> {
    match text.as_bytes() {
        b"<<" => Some(None),
        [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => {
            Some(Some(i32::from(a - b'0') * 10 + i32::from(b - b'0')))
        }
        _ => None,
    }
}
