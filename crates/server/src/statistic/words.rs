//! The words of figures, dimensions and codes. Must not choose what is counted.

use tapal_domain::statistic::{Dimension, Figure, NO_REASON, OTHER};
use tapal_store::site::Site;

use crate::console::{
    Lang,
    words::{self, text},
};

/// Name of a figure.
pub fn figure(lang: Lang, figure: Figure) -> String {
    text(lang, &format!("statistic-figure-{}", figure.name()), &[])
}

/// What it counts, exactly.
pub fn means(lang: Lang, figure: Figure) -> String {
    text(lang, &format!("statistic-means-{}", figure.name()), &[])
}

/// Name of a dimension.
pub fn dimension(lang: Lang, by: Dimension) -> String {
    text(lang, &format!("statistic-by-{}", by.name()), &[])
}

/// A code of a dimension as people read it. A code of a rule pack that has no words here stands as it is.
pub fn code(lang: Lang, by: Dimension, code: &str, sites: &[Site]) -> String {
    if code == OTHER {
        return text(lang, "statistic-other", &[]);
    }
    let word = |kind: &str| {
        let found = text(lang, &format!("{kind}-{code}"), &[]);
        match found.starts_with('[') {
            true => code.replace('_', " "),
            false => found,
        }
    };
    match by {
        Dimension::Reason if code == NO_REASON => text(lang, "statistic-no-reason", &[]),
        Dimension::Reason => word("crossing-ground"),
        Dimension::Citizenship => word("statistic"),
        Dimension::Direction => word("crossing-direction"),
        Dimension::Detection => word("crossing-detection"),
        Dimension::Outcome => word("crossing-outcome"),
        Dimension::Checkpoint => sites
            .iter()
            .find(|site| site.id.to_string() == code)
            .map_or_else(|| code.to_owned(), |site| site.name.clone()),
        Dimension::Period => period(lang, code),
        Dimension::Nationality => code.to_owned(),
    }
}

/// `2026-11` as `Nov 2026`; a day stands as it is written.
pub fn period(lang: Lang, code: &str) -> String {
    match code.split_once('-') {
        Some((year, month)) if month.len() == 2 => {
            let month = month.trim_start_matches('0');
            format!("{} {year}", text(lang, &format!("month-{month}"), &[]))
        }
        _ => code.to_owned(),
    }
}

/// A number in the form of the language.
pub fn number(lang: Lang, n: u64) -> String {
    words::number(lang, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_and_dimension_has_its_words_and_every_figure_its_meaning() {
        for lang in Lang::ALL {
            for own in Figure::ALL {
                for words in [figure(lang, *own), means(lang, *own)] {
                    assert!(!words.starts_with('['), "{words}");
                }
            }
            for by in Dimension::ALL {
                assert!(!dimension(lang, *by).starts_with('['), "{by:?}");
            }
            for (by, own) in [
                (Dimension::Reason, NO_REASON),
                (Dimension::Reason, "no_visa"),
                (Dimension::Citizenship, "citizen"),
                (Dimension::Citizenship, "foreigner"),
                (Dimension::Direction, "arrival"),
                (Dimension::Detection, "face"),
                (Dimension::Outcome, "entered"),
                (Dimension::Nationality, OTHER),
            ] {
                assert!(!code(lang, by, own, &[]).contains(['[', '_']), "{own}");
            }
        }
        assert_eq!(period(Lang::En, "2026-03"), "Mar 2026");
        assert_eq!(period(Lang::En, "2026-03-09"), "2026-03-09");
        assert_eq!(
            code(Lang::En, Dimension::Reason, "a_new_ground", &[]),
            "a new ground"
        );
    }
}
