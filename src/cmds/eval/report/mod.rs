//! The report of `tapal eval search`: one HTML file that loads nothing, light and dark, Indonesian and English.
//! It shows counts and rates; no photograph and no name may ever be in it.

mod chart;
mod charts;
mod scale;
mod tables;
mod words;

use tapal_vision::eval::SearchReport;

use self::chart::escape;
use self::words::{Word, word};

/// Language of the report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Language {
    /// Indonesian.
    Id,
    /// English.
    En,
}

impl Language {
    fn code(self) -> &'static str {
        match self {
            Language::Id => "id",
            Language::En => "en",
        }
    }
}

const STYLE: &str = include_str!("style.css");

/// The whole page. `thresholds` are the card's: possible, match. Without a language both are in it, with a switch that
/// needs no script.
pub fn page(report: &SearchReport, thresholds: [f32; 2], language: Option<Language>) -> String {
    let code = language.unwrap_or(Language::Id).code();
    let title = word(Word::Title, language.unwrap_or(Language::En));
    let body = match language {
        Some(one) => content(report, thresholds, one),
        None => {
            let switch = "<input class=\"switch\" type=\"radio\" name=\"language\" id=\"in-id\" aria-label=\"Bahasa Indonesia\" checked><input class=\"switch\" type=\"radio\" name=\"language\" id=\"in-en\" aria-label=\"English\"><p class=\"choose\"><label for=\"in-id\">Bahasa Indonesia</label> <label for=\"in-en\">English</label></p>";
            let both = [Language::Id, Language::En].map(|l| content(report, thresholds, l));
            format!("{switch}{}", both.concat())
        }
    };
    format!(
        "<!doctype html><html lang=\"{code}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{} - {}</title><style>{STYLE}</style></head><body>{body}</body></html>\n",
        escape(&title),
        escape(&report.model_id)
    )
}

fn content(report: &SearchReport, thresholds: [f32; 2], language: Language) -> String {
    let say = |w: Word| escape(&word(w, language));
    let both = |title: Word, text: Word, chart: String, table: String| {
        let label = say(title);
        // A table of many columns lies below its chart, not beside it.
        let beside = if title == Word::PredictedTitle {
            "below"
        } else {
            "both"
        };
        format!(
            "<h2>{}</h2><div class=\"{beside}\"><figure>{chart}<figcaption>{} {}</figcaption></figure><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">{table}</div></div>",
            label,
            say(text),
            escape(&tables::counts(report, language, title)),
        )
    };
    let plain = |title: Word, text: Word, table: String| {
        let label = say(title);
        format!(
            "<h2>{label}</h2><p class=\"soft\">{}</p><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">{table}</div>",
            say(text)
        )
    };
    let groups = if report.groups.is_empty() {
        format!(
            "<h2>{}</h2><p>{}</p>",
            say(Word::GroupsTitle),
            say(Word::NoGroups)
        )
    } else {
        plain(
            Word::GroupsTitle,
            Word::GroupsText,
            tables::groups(report, language),
        )
    };
    let suspects = if report.with_suspects.is_empty() {
        String::new()
    } else {
        plain(
            Word::SuspectsTitle,
            Word::SuspectsText,
            tables::suspects(report, language),
        )
    };
    let parts = [
        format!(
            "<h1>{}</h1>{}",
            say(Word::Title),
            tables::summary(report, language)
        ),
        both(
            Word::PredictedTitle,
            Word::PredictedText,
            charts::predicted(report, language),
            tables::predicted(report, language),
        ),
        plain(
            Word::BudgetTitle,
            Word::BudgetText,
            tables::budget(report, language),
        ),
        both(
            Word::TradeTitle,
            Word::TradeText,
            charts::trade(report, language),
            tables::trade(report, language),
        ),
        plain(
            Word::RanksTitle,
            Word::RanksText,
            tables::ranks(report, language),
        ),
        both(
            Word::CalibrationTitle,
            Word::CalibrationText,
            charts::calibration(report, language),
            tables::calibration(report, language),
        ),
        both(
            Word::HistogramTitle,
            Word::HistogramText,
            charts::histogram(report, thresholds, language),
            tables::histogram(report, language),
        ),
        both(
            Word::OneTitle,
            Word::OneText,
            charts::one_to_one(report, language),
            tables::one_to_one(report, language),
        ),
        groups,
        both(
            Word::QualityTitle,
            Word::QualityText,
            charts::quality(report, language),
            tables::quality(report, language),
        ),
        suspects,
        format!(
            "<h2>{}</h2><p>{}</p>",
            say(Word::Limits),
            say(Word::LimitsText)
        ),
    ];
    let text = match language {
        Language::Id => commas(&parts.concat()),
        Language::En => parts.concat(),
    };
    format!("<main lang=\"{}\">{text}</main>", language.code())
}

/// Decimal points outside tags become commas, as Indonesian writes them; versions such as 1.31.1 stay.
fn commas(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let (mut number, mut tag) = (String::new(), false);
    let flush = |number: &mut String, out: &mut String| {
        let inside = number.trim_end_matches('.');
        let decimal = inside.matches('.').count() == 1 && !inside.starts_with('.');
        if decimal {
            let rest = &number[inside.len()..];
            out.push_str(&inside.replace('.', ","));
            out.push_str(rest);
        } else {
            out.push_str(number);
        }
        number.clear();
    };
    for c in html.chars() {
        if !tag && (c.is_ascii_digit() || c == '.') {
            number.push(c);
            continue;
        }
        flush(&mut number, &mut out);
        tag = if tag { c != '>' } else { c == '<' };
        out.push(c);
    }
    flush(&mut number, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_people_read_get_commas() {
        let html = "<path d=\"M1.5 2\"/>0.5 % (1.2 – 3.). Mesin 1.31.1, N = 7.";
        let expect = "<path d=\"M1.5 2\"/>0,5 % (1,2 – 3.). Mesin 1.31.1, N = 7.";
        assert_eq!(commas(html), expect);
    }
}
