//! The weight table of an answer in words and bars. Must not weigh anything itself.

use super::NameCheckRow;
use crate::console::{Shell, Tone};

/// One row of the table.
pub struct WeightLine {
    /// The feature.
    pub name: String,
    /// The two words compared; empty where there are none.
    pub words: String,
    /// What it says.
    pub says: String,
    /// Colour of that; the word stands beside it.
    pub tone: Tone,
    /// The weight with its sign.
    pub weight: String,
    /// End of the class of the bar.
    pub code: &'static str,
    /// Where the bar begins, of 120.
    pub x: f32,
    /// How long it is.
    pub width: f32,
}

/// Half the width of the drawing, and how many units of log-odds it stands for.
const HALF: f32 = 60.0;
const MOST: f32 = 5.0;

/// The rows in words; the start of the sum is left out.
pub fn lines(shell: &Shell, rows: &[NameCheckRow]) -> Vec<WeightLine> {
    let told = rows.iter().filter(|row| row.feature != "start");
    told.map(|row| line(shell, row)).collect()
}

fn line(shell: &Shell, row: &NameCheckRow) -> WeightLine {
    let length = row.weight.abs().min(MOST) / MOST * HALF;
    let sign = if row.weight < 0.0 { "\u{2212}" } else { "+" };
    let weight = match row.weight == 0.0 {
        true => "0".to_owned(),
        false => format!("{sign}{}", shell.decimal(row.weight.abs())),
    };
    WeightLine {
        name: shell.word("name-check-feature", row.feature),
        words: match (row.asked.as_str(), row.listed.as_str()) {
            ("", "") => String::new(),
            (asked, "") => asked.to_owned(),
            ("", listed) => listed.to_owned(),
            (asked, listed) if asked == listed => asked.to_owned(),
            (asked, listed) => format!("{asked} / {listed}"),
        },
        says: shell.word("name-check-says", row.verdict),
        tone: match row.verdict {
            "supports" => Tone::Amber,
            "contradicts" => Tone::Violet,
            _ => Tone::Grey,
        },
        weight,
        code: row.verdict,
        x: if row.weight < 0.0 {
            HALF - length
        } else {
            HALF
        },
        width: length,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{Lang, shell::Theme};
    use tapal_domain::{name_check::Purpose, time::UtcMs};
    use tapal_names::{Feature, Verdict};

    #[test]
    fn every_feature_and_verdict_has_its_word_and_a_bar_stays_in_its_box() {
        for lang in Lang::ALL {
            let shell = Shell::outside(lang, Theme::System, UtcMs(0), false, "x", "/".into());
            for feature in Feature::ALL {
                for verdict in [
                    Verdict::Supports,
                    Verdict::Contradicts,
                    Verdict::Absent,
                    Verdict::Neutral,
                ] {
                    for weight in [-9.0, -1.0, 0.0, 0.5, 9.0] {
                        let row = NameCheckRow {
                            feature: feature.code(),
                            verdict: verdict.code(),
                            weight,
                            asked: "a".into(),
                            listed: String::new(),
                        };
                        let line = line(&shell, &row);
                        assert!(!line.name.starts_with('[') && !line.says.starts_with('['));
                        assert!(line.x >= 0.0 && line.x + line.width <= 2.0 * HALF);
                    }
                }
            }
            for code in Purpose::ALL.map(Purpose::name) {
                assert!(!shell.word("name-check-purpose", code).starts_with('['));
            }
            for verdict in tapal_domain::name_check::Verdict::ALL {
                let word = shell.word("name-check-verdict", verdict.name());
                assert!(!word.starts_with('['), "{word}");
            }
            for kind in tapal_domain::rule_pack::OrderKind::ALL {
                let word = shell.word("name-check-advice", kind.name());
                assert!(!word.starts_with('['), "{word}");
            }
        }
    }
}
