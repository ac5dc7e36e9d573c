//! Dates and times of EDIFACT (element 2380 with the formats of 2379 that API uses). Must not read a clock.

use tapal_domain::day::Day;

/// Which century a year of two digits is in.
#[derive(Clone, Copy)]
pub(super) enum Century {
    /// Not after today.
    Past(Day),
    /// Nearest to today.
    Nearest(Day),
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `YYMMDD` (101, or no format) or `CCYYMMDD` (102) as `YYYY-MM-DD`.
pub(super) fn day(text: &str, century: Century) -> Option<Day> {
    if !digits(text) {
        return None;
    }
    let made = |year: i64, rest: &str| {
        let (month, day) = rest.split_at_checked(2)?;
        format!("{year:04}-{month}-{day}").parse::<Day>().ok()
    };
    match text.len() {
        8 => {
            let (year, rest) = text.split_at_checked(4)?;
            made(year.parse().ok()?, rest)
        }
        6 => {
            let (year, rest) = text.split_at_checked(2)?;
            let short: i64 = year.parse().ok()?;
            let (Century::Past(today) | Century::Nearest(today)) = century;
            let this = i64::from(today.parts().0).div_euclid(100) * 100;
            let all = [this - 100, this, this + 100].map(|base| made(base + short, rest));
            let mut known: Vec<Day> = all.into_iter().flatten().collect();
            if matches!(century, Century::Past(_)) {
                known.retain(|day| *day <= today);
            }
            known.into_iter().min_by_key(|day| day.since(today).abs())
        }
        _ => None,
    }
}

/// `YYMMDDHHMM` (201) or `CCYYMMDDHHMM` (203) as `YYYY-MM-DDTHH:MM`; a day alone is its midnight.
pub(super) fn instant(text: &str, today: Day) -> Option<String> {
    let (date, time) = match text.len() {
        10 => text.split_at_checked(6)?,
        12 => text.split_at_checked(8)?,
        6 | 8 => (text, "0000"),
        _ => return None,
    };
    if !digits(time) {
        return None;
    }
    let date = day(date, Century::Nearest(today))?;
    let (hour, minute) = time.split_at_checked(2)?;
    let fits = hour < "24" && minute < "60";
    fits.then(|| format!("{date}T{hour}:{minute}"))
}
