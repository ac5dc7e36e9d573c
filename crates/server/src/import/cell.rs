//! Cells as people write them: days, sexes, kinds. Must not guess: what can mean two things is refused.

use tapal_domain::{
    day::Day,
    rule_pack::{OrderForm, OrderKind},
};

const MONTHS: [[&str; 2]; 12] = [
    ["januari", "january"],
    ["februari", "february"],
    ["maret", "march"],
    ["april", "april"],
    ["mei", "may"],
    ["juni", "june"],
    ["juli", "july"],
    ["agustus", "august"],
    ["september", "september"],
    ["oktober", "october"],
    ["november", "november"],
    ["desember", "december"],
];

fn month(word: &str) -> Option<usize> {
    let word = word.to_lowercase();
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return word.parse().ok().filter(|n| (1..=12).contains(n));
    }
    let same = |name: &&str| **name == word || (word.len() == 3 && name.starts_with(&word));
    // `agu` and `ags` are both written.
    let at = MONTHS.iter().position(|names| names.iter().any(same));
    at.or((word == "ags").then_some(7)).map(|at| at + 1)
}

/// Year, month and day of a date, as far as they are said: `1980-02-03`, `1980/2/3`, `3/2/1980` (day first, as here),
/// `3 Februari 1980`, `1980-02`, `1980`.
fn parts(text: &str) -> Option<(String, Option<usize>, Option<usize>)> {
    // A time after the day is left out.
    let text = text.trim();
    let text = text.split_once('T').map_or(text, |(day, _)| day);
    let text = text.strip_suffix(" 00:00:00").unwrap_or(text);
    let split = |c: char| matches!(c, '-' | '/' | '.' | ' ' | ',');
    let words: Vec<&str> = text.split(split).filter(|word| !word.is_empty()).collect();
    let year = |word: &str| {
        let good = word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
        good.then(|| word.to_owned())
    };
    let day = |word: &str| match word.len() {
        1 | 2 => word.parse::<usize>().ok(),
        _ => None,
    };
    match words[..] {
        [y] => Some((year(y)?, None, None)),
        [y, m] if year(y).is_some() => Some((year(y)?, Some(month(m)?), None)),
        [y, m, d] if year(y).is_some() => Some((year(y)?, Some(month(m)?), Some(day(d)?))),
        [d, m, y] => Some((year(y)?, Some(month(m)?), Some(day(d)?))),
        _ => None,
    }
}

/// A whole day.
pub fn day(text: &str) -> Option<Day> {
    match parts(text)? {
        (y, Some(m), Some(d)) => format!("{y}-{m:02}-{d:02}").parse().ok(),
        _ => None,
    }
}

/// A date of birth as far as it is known: `YYYY-MM-DD`, `YYYY-MM` or `YYYY`. `00` stands for an unknown part.
pub fn birth(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches("-00").trim_end_matches("/00");
    match parts(text)? {
        (y, None, _) => Some(y),
        (y, Some(m), None) => Some(format!("{y}-{m:02}")),
        (y, Some(m), Some(d)) => {
            let whole: Day = format!("{y}-{m:02}-{d:02}").parse().ok()?;
            Some(whole.to_string())
        }
    }
}

/// `M`, `F` or `X`.
pub fn sex(text: &str) -> Option<&'static str> {
    Some(match text.trim().to_lowercase().as_str() {
        "m" | "male" | "l" | "lk" | "laki-laki" | "laki laki" | "pria" => "M",
        "f" | "female" | "p" | "pr" | "perempuan" | "wanita" => "F",
        "x" => "X",
        _ => return None,
    })
}

/// The kind of an order by its code or its word.
pub fn kind(text: &str) -> Option<OrderKind> {
    let word = text.trim().to_lowercase().replace([' ', '-'], "_");
    Some(match word.as_str() {
        "cegah" | "pencegahan" => OrderKind::ExitBan,
        "cegah_mendesak" | "pencegahan_mendesak" => OrderKind::UrgentExitBan,
        "tangkal" | "penangkalan" => OrderKind::EntryBan,
        "dpo" => OrderKind::Wanted,
        other => OrderKind::from_name(other)?,
    })
}

/// The form of an order by its code or its word.
pub fn form(text: &str) -> Option<OrderForm> {
    let word = text.trim().to_lowercase();
    Some(match word.as_str() {
        "keputusan" => OrderForm::Decision,
        "perintah" => OrderForm::Order,
        "permintaan" => OrderForm::Request,
        other => OrderForm::from_name(other)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        for (text, expect) in [
            ("2026-02-03", Some("2026-02-03")),
            ("2026/2/3", Some("2026-02-03")),
            ("3/2/2026", Some("2026-02-03")),
            ("03.02.2026", Some("2026-02-03")),
            ("3 Februari 2026", Some("2026-02-03")),
            ("3 Feb 2026", Some("2026-02-03")),
            ("17 Agustus 2026", Some("2026-08-17")),
            ("17 Ags 2026", Some("2026-08-17")),
            ("2026-02-03T00:00:00", Some("2026-02-03")),
            ("2026-02-03 00:00:00", Some("2026-02-03")),
            ("31/2/2026", None),
            ("2/31/2026", None),
            ("3/2/26", None),
            ("2026", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(
                day(text).map(|d| d.to_string()).as_deref(),
                expect,
                "{text}"
            );
        }
        for (text, expect) in [
            ("1980/02/03", Some("1980-02-03")),
            ("1980", Some("1980")),
            ("1980-02", Some("1980-02")),
            ("1980-00-00", Some("1980")),
            ("3-2-1980", Some("1980-02-03")),
            ("1980-13", None),
            ("80", None),
        ] {
            assert_eq!(birth(text).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn words_of_both_languages_are_known() {
        assert_eq!(
            (sex("Perempuan"), sex("L"), sex("U")),
            (Some("F"), Some("M"), None)
        );
        assert_eq!(kind("Cegah mendesak"), Some(OrderKind::UrgentExitBan));
        assert_eq!(
            (kind("exit ban"), kind("ban")),
            (Some(OrderKind::ExitBan), None)
        );
        assert_eq!(form("Permintaan"), Some(OrderForm::Request));
    }
}
