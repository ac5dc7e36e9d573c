//! Rates, budgets and expectations in the reader's words: two digits, an interval, and how well it is founded.
//! Must not compute a rate.

use std::fmt::Display;

use tapal_domain::{
    calibration::{Estimate, Standing},
    policy::{Budget, Setting, Strong},
};

use crate::console::{Lang, Shell, words};

/// Two significant digits in the language's form; whole numbers from 100 on.
pub fn figure(lang: Lang, value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if value >= 100.0 {
        return words::number(lang, two_digits(value) as u64);
    }
    if value > 0.0 && value < 1e-6 {
        return "~0".into();
    }
    let decimals = if value > 0.0 {
        (1 - value.log10().floor() as i32).clamp(0, 8) as usize
    } else {
        0
    };
    let mut text = format!("{value:.decimals$}");
    if text.contains('.') {
        text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    match lang {
        Lang::Id => text.replace('.', ","),
        Lang::En => text,
    }
}

fn two_digits(value: f64) -> f64 {
    let unit = 10_f64.powf(value.log10().floor() - 1.0).max(1.0);
    (value / unit).round() * unit
}

/// `0.3 (0.1 to 0.8)`.
pub fn with_interval(shell: &Shell, e: Estimate) -> String {
    let part = |value| figure(shell.lang, value);
    say(
        shell,
        "policy-interval",
        &[
            ("value", &part(e.value)),
            ("low", &part(e.low)),
            ("high", &part(e.high)),
        ],
    )
}

/// `about 1 in 12,000 passers-by (1 in 30,000 to 1 in 6,000)`.
pub fn one_in(shell: &Shell, chance: f64) -> String {
    if chance <= 0.0 {
        return shell.t("policy-one-in-none");
    }
    shell.t1("policy-one-in", "n", many(shell.lang, 1.0 / chance))
}

/// `1 in 12,000`, for the marks of an axis.
pub fn one_in_short(shell: &Shell, chance: f64) -> String {
    shell.t1("policy-one-in-short", "n", many(shell.lang, 1.0 / chance))
}

fn many(lang: Lang, value: f64) -> String {
    words::number(lang, two_digits(value.clamp(1.0, 1e15)) as u64)
}

/// A share as `4.2 %`.
pub fn share(lang: Lang, value: f64) -> String {
    format!("{} %", figure(lang, value * 100.0))
}

/// A share with its interval.
pub fn share_interval(shell: &Shell, e: Estimate) -> String {
    let part = |value| share(shell.lang, value);
    say(
        shell,
        "policy-interval",
        &[
            ("value", &part(e.value)),
            ("low", &part(e.low)),
            ("high", &part(e.high)),
        ],
    )
}

/// How well a number is founded.
pub fn standing(shell: &Shell, standing: Standing) -> String {
    shell.t(match standing {
        Standing::Counted => "policy-standing-counted",
        Standing::Fitted => "policy-standing-fitted",
        Standing::Beyond => "policy-standing-beyond",
    })
}

/// Where the higher threshold comes from.
pub fn strong(shell: &Shell, strong: Strong) -> String {
    shell.t(match strong {
        Strong::TenTimesRarer => "policy-strong-ten",
        Strong::TableEnd => "policy-strong-end",
        Strong::Nowhere => "policy-strong-none",
    })
}

/// A budget in a sentence.
pub fn budget(shell: &Shell, budget: &Budget) -> String {
    say(
        shell,
        "policy-budget",
        &[
            ("x", &figure(shell.lang, budget.false_alerts_per_day)),
            ("y", &words::number(shell.lang, budget.passers_by_per_day)),
        ],
    )
}

/// A setting in a few words.
pub fn setting(shell: &Shell, setting: &Setting) -> String {
    match setting {
        Setting::Budget(own) => budget(shell, own),
        Setting::Manual { .. } => shell.t("policy-by-hand"),
    }
}

/// A score as the administrator writes it.
pub fn score(lang: Lang, value: f32) -> String {
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
    match lang {
        Lang::Id => text.replace('.', ","),
        Lang::En => text,
    }
}

/// A sentence with any number of values.
pub fn say(shell: &Shell, key: &str, values: &[(&str, &dyn Display)]) -> String {
    words::text(shell.lang, key, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_two_digits_and_the_marks_of_the_language() {
        let check = |value: f64, en: &str, id: &str| {
            assert_eq!(figure(Lang::En, value), en);
            assert_eq!(figure(Lang::Id, value), id);
        };
        check(0.0, "0", "0");
        check(0.3, "0.3", "0,3");
        check(0.12345, "0.12", "0,12");
        check(0.00312, "0.0031", "0,0031");
        check(1.0, "1", "1");
        check(12.34, "12", "12");
        check(123.4, "120", "120");
        check(12_345.0, "12,000", "12.000");
        check(1e-9, "~0", "~0");
        check(f64::NAN, "–", "–");
        assert_eq!(many(Lang::En, 12_345.6), "12,000");
        assert_eq!(score(Lang::Id, 0.5), "0,5");
        assert_eq!(score(Lang::En, 0.38305), "0.383");
    }
}
