//! The group labels a site may lawfully record, taken from the document and nowhere else, and what false alerts counted
//! by label allow one to say. Must not infer a group from a face, nor say why groups differ.

use serde::{Deserialize, Serialize};

use crate::false_alert::{Rate, rate};

/// Fewest passers-by of a label before its rate is compared. With 1,000 passers-by and no false alert the rate may still
/// be as high as 3.7 in 1,000: below that nothing would be said, and a single person would make the figure.
pub const LEAST_PASSERS_BY: u64 = 1_000;
/// Most labels of a set: every pair is compared, and every comparison can err.
pub const MOST_LABELS: usize = 12;
/// Most passers-by of one label and day that can be entered; more is a slip of the pen.
pub const MOST_A_DAY: u64 = 1_000_000;

/// The labels of a site and what allows recording them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = GroupLabels))]
pub struct LabelSet {
    /// 2 to 12 words as they stand in the document, 1 to 40 characters each.
    pub labels: Vec<String>,
    /// The law or decree that allows recording them here; 3 to 300 characters.
    pub legal_ground: String,
}

/// Why a set of labels cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSet {
    /// Too few or too many.
    #[error(
        "give 2 to 12 labels: fewer cannot be compared, with more a difference by chance is likely"
    )]
    Number,
    /// One is empty, too long or has a control character.
    #[error("a label has 1 to 40 characters, as it stands in the document")]
    Label,
    /// Two are the same.
    #[error("each label is given once; capital letters make no difference")]
    Twice,
    /// The legal ground is missing.
    #[error(
        "name the law or decree that allows recording these labels at this site, in 3 to 300 characters"
    )]
    Ground,
}

impl BadSet {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Number => "group_number",
            Self::Label => "group_label",
            Self::Twice => "group_twice",
            Self::Ground => "group_ground",
        }
    }
}

impl LabelSet {
    /// The set without outer blanks, or why it cannot be used.
    pub fn check(self) -> Result<Self, BadSet> {
        let labels: Vec<String> = self
            .labels
            .iter()
            .map(|own| own.trim().to_owned())
            .collect();
        let legal_ground = self.legal_ground.trim().to_owned();
        if !(2..=MOST_LABELS).contains(&labels.len()) {
            return Err(BadSet::Number);
        }
        let good = |label: &String| {
            (1..=40).contains(&label.chars().count()) && !label.chars().any(char::is_control)
        };
        if !labels.iter().all(good) {
            return Err(BadSet::Label);
        }
        let mut known: Vec<String> = labels.iter().map(|own| own.to_lowercase()).collect();
        known.sort();
        known.dedup();
        if known.len() != labels.len() {
            return Err(BadSet::Twice);
        }
        if !(3..=300).contains(&legal_ground.chars().count()) {
            return Err(BadSet::Ground);
        }
        Ok(Self {
            labels,
            legal_ground,
        })
    }
}

/// What was counted of one label, on days on which its passers-by were counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The label.
    pub label: String,
    /// People who walked past, as the operator counted them.
    pub passers_by: u64,
    /// Alerts judged to show somebody else that carry the label.
    pub false_alerts: u64,
}

/// What a comparison of rates allows one to say, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = GroupVerdict))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Fewer than [`LEAST_PASSERS_BY`] of this label, or of every other one.
    TooFew,
    /// The intervals overlap, or would if the alerts without a label belonged to the lower one: not "no difference".
    NoDifferenceShown,
    /// The intervals of two labels do not overlap, even if every alert without a label belonged to the lower one.
    Differs,
}

impl Verdict {
    /// The name used in JSON and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooFew => "too_few",
            Self::NoDifferenceShown => "no_difference_shown",
            Self::Differs => "differs",
        }
    }
}

/// One label in the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = GroupRow))]
pub struct Row {
    /// The label.
    pub label: String,
    /// People who walked past, as the operator counted them: the denominator.
    pub passers_by: u64,
    /// Alerts judged to show somebody else that carry the label.
    pub false_alerts: u64,
    /// False alerts a passer-by with the exact 95 % Poisson interval (Garwood); missing when nobody was counted.
    pub rate: Option<Rate>,
    /// Against the other labels.
    pub verdict: Verdict,
}

/// False alerts by group label.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = GroupTable))]
pub struct Table {
    /// One a label, in the order of the set.
    pub rows: Vec<Row>,
    /// False alerts of the days counted that carry no label.
    pub unlabelled: u64,
    /// Their share of the false alerts of those days; missing when there were none.
    pub unlabelled_share: Option<f64>,
    /// Of the whole table: the strongest of its rows.
    pub verdict: Verdict,
}

/// Compares the labels of a set with each other.
pub fn compare(counted: Vec<Counted>, unlabelled: u64) -> Table {
    let verdicts: Vec<Verdict> = counted
        .iter()
        .enumerate()
        .map(|(n, own)| {
            let others = counted.iter().enumerate().filter(|(m, _)| *m != n);
            others
                .map(|(_, other)| pair(own, other, unlabelled))
                .max()
                .unwrap_or(Verdict::TooFew)
        })
        .collect();
    let labelled: u64 = counted.iter().map(|own| own.false_alerts).sum();
    let all = labelled + unlabelled;
    Table {
        verdict: verdicts.iter().copied().max().unwrap_or(Verdict::TooFew),
        rows: counted
            .into_iter()
            .zip(verdicts)
            .map(|(own, verdict)| Row {
                rate: rate(own.false_alerts, own.passers_by),
                label: own.label,
                passers_by: own.passers_by,
                false_alerts: own.false_alerts,
                verdict,
            })
            .collect(),
        unlabelled,
        unlabelled_share: (all > 0).then(|| unlabelled as f64 / all as f64),
    }
}

/// Two labels: the lower one is given every alert without a label before the intervals are held against each other.
fn pair(one: &Counted, other: &Counted, unlabelled: u64) -> Verdict {
    if one.passers_by.min(other.passers_by) < LEAST_PASSERS_BY {
        return Verdict::TooFew;
    }
    let above = |high: &Counted, low: &Counted| {
        let worst = rate(low.false_alerts + unlabelled, low.passers_by);
        let best = rate(high.false_alerts, high.passers_by);
        best.zip(worst).is_some_and(|(a, b)| a.low > b.high)
    };
    match above(one, other) || above(other, one) {
        true => Verdict::Differs,
        false => Verdict::NoDifferenceShown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(labels: &[&str], ground: &str) -> LabelSet {
        LabelSet {
            labels: labels.iter().map(|own| (*own).to_owned()).collect(),
            legal_ground: ground.to_owned(),
        }
    }

    #[test]
    fn a_set_has_few_distinct_labels_and_a_legal_ground() {
        let ground = "Decree 7/2026, article 4";
        let long = "x".repeat(41);
        let many: Vec<String> = (0..13).map(|n| format!("label {n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (labels, ground, expect) in [
            (&["M"][..], ground, BadSet::Number),
            (&many, ground, BadSet::Number),
            (&["M", " "], ground, BadSet::Label),
            (&["M", &long], ground, BadSet::Label),
            (&["M", "a\u{7}b"], ground, BadSet::Label),
            (&["M", "m"], ground, BadSet::Twice),
            (&["M", "F"], "  ", BadSet::Ground),
            (&["M", "F"], &"x".repeat(301), BadSet::Ground),
        ] {
            assert_eq!(set(labels, ground).check(), Err(expect), "{labels:?}");
        }
        let blanks = set(&[" M", "F\n"], " Decree 7/2026, article 4 ").check();
        assert_eq!(blanks, Ok(set(&["M", "F"], ground)));
        assert!(set(&many[..12], ground).check().is_ok());
    }

    fn table(rows: &[(u64, u64)], unlabelled: u64) -> Table {
        let counted = |(n, (passers_by, false_alerts)): (usize, &(u64, u64))| Counted {
            label: format!("label {n}"),
            passers_by: *passers_by,
            false_alerts: *false_alerts,
        };
        compare(rows.iter().enumerate().map(counted).collect(), unlabelled)
    }

    #[test]
    fn a_difference_is_called_only_when_it_survives_the_unlabelled() {
        use Verdict::*;
        for (rows, unlabelled, expect) in [
            // One passer-by fewer than enough, on either side: nothing.
            (&[(999, 40), (50_000, 0)][..], 0, [TooFew, TooFew]),
            (&[(50_000, 40), (999, 0)], 0, [TooFew, TooFew]),
            (&[(1_000, 40), (50_000, 0)], 0, [Differs, Differs]),
            // 8 in 1,000 (3.5 to 15.8) against 3 in 1,000 (0.6 to 8.8): overlap.
            (&[(1_000, 8), (1_000, 3)], 0, [NoDifferenceShown; 2]),
            (&[(10_000, 20), (10_000, 20)], 0, [NoDifferenceShown; 2]),
            // 40 (28.6 to 54.5) against 10 (4.8 to 18.4) of 10,000: apart.
            (&[(10_000, 40), (10_000, 10)], 0, [Differs; 2]),
            // 16 (9.1 to 26.0) still is below 28.6; 20 (12.2 to 30.9) is not.
            (&[(10_000, 40), (10_000, 10)], 6, [Differs; 2]),
            (&[(10_000, 40), (10_000, 10)], 10, [NoDifferenceShown; 2]),
            (&[(0, 0), (0, 0)], 0, [TooFew; 2]),
        ] {
            let found = table(rows, unlabelled);
            let verdicts: Vec<Verdict> = found.rows.iter().map(|row| row.verdict).collect();
            assert_eq!(verdicts, expect, "{rows:?} {unlabelled}");
            assert_eq!(found.verdict, expect[0]);
        }
    }

    #[test]
    fn rows_carry_exact_intervals_and_the_share_without_a_label() {
        let found = table(&[(2_000, 10), (0, 0), (5_000, 0)], 5);
        let first = found.rows[0].rate.unwrap();
        assert!((first.value - 0.005).abs() < 1e-12);
        // Garwood: 10 is 4.7954 to 18.3904; none is 0 to 3.6889.
        assert!((first.low - 4.7954 / 2_000.0).abs() < 1e-7);
        assert!((first.high - 18.3904 / 2_000.0).abs() < 1e-7);
        assert_eq!(found.rows[1].rate, None);
        let third = found.rows[2].rate.unwrap();
        assert_eq!((third.value, third.low), (0.0, 0.0));
        assert!((third.high - 3.6889 / 5_000.0).abs() < 1e-7);
        // A label without passers-by does not hide what the others show.
        assert_eq!(found.rows[1].verdict, Verdict::TooFew);
        // 2.40 in 1,000 at least, against 2.33 at most with all five without a label.
        assert_eq!(found.rows[0].verdict, Verdict::Differs);
        assert!((found.unlabelled_share.unwrap() - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(table(&[(1_000, 0), (1_000, 0)], 0).unlabelled_share, None);
    }
}
