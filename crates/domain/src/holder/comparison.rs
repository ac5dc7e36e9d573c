//! One face against one portrait: in which band a score falls, by how often two different people reach it. Must not decide
//! who stands there: a band is one piece of evidence beside document and name, and an officer judges.

use serde::{Deserialize, Serialize};

use crate::{
    calibration::{Calibration, Estimate},
    rule_pack::kind::names,
};

/// Two different people reach the upper band at most this often (upper end of the interval). Automated border gates are
/// run at a false-match rate of 0.1 % or below (Frontex, Best practice technical guidelines for ABC); ten times stricter.
pub const SAME_AT_MOST: f64 = 1e-4;
/// A score that more than this share of different people reach says nothing for the same person.
pub const DIFFERENT_ABOVE: f64 = 1e-2;

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ComparisonBand))]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Two different people are seldom so alike.
    SameLikely,
    /// It says neither.
    Unclear,
    /// Many different people are so alike.
    DifferentLikely,
}

names!(Band {
    SameLikely "same_likely",
    Unclear "unclear",
    DifferentLikely "different_likely",
});

/// The band of a score, and how often two different people reach it. Without a measured table nothing can be said.
pub fn band(score: f32, calibration: &Calibration) -> (Band, Option<Estimate>) {
    let Some(first) = calibration.points.first() else {
        return (Band::Unclear, None);
    };
    match calibration.fmr(score) {
        Some(rate) if rate.high <= SAME_AT_MOST => (Band::SameLikely, Some(rate)),
        Some(rate) if rate.value > DIFFERENT_ABOVE => (Band::DifferentLikely, Some(rate)),
        Some(rate) => (Band::Unclear, Some(rate)),
        // Below the table: more often than its first point says.
        None if score < first.score && first.fmr >= DIFFERENT_ABOVE => {
            (Band::DifferentLikely, None)
        }
        None => (Band::Unclear, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_is_what_strangers_reach_not_how_high_a_score_looks() {
        let table = Calibration::counted(&[(0.1, 0.05), (0.2, 1e-2), (0.4, 1e-4), (0.6, 1e-6)]);
        let check = |score: f32, expect: Band| assert_eq!(band(score, &table).0, expect, "{score}");
        check(-0.5, Band::DifferentLikely);
        check(0.15, Band::DifferentLikely);
        check(0.201, Band::Unclear);
        check(0.39, Band::Unclear);
        check(0.401, Band::SameLikely);
        check(0.99, Band::SameLikely);
        check(f32::NAN, Band::Unclear);
    }

    #[test]
    fn the_upper_end_of_the_interval_must_hold_and_without_a_table_nothing_is_said() {
        let mut wide = Calibration::counted(&[(0.2, 1e-2), (0.4, 1e-4)]);
        wide.points[1].high = 2e-4;
        assert_eq!(band(0.5, &wide).0, Band::Unclear);
        assert_eq!(band(0.9, &Calibration::default()), (Band::Unclear, None));
        let short = Calibration::counted(&[(0.3, 1e-4), (0.5, 1e-6)]);
        assert_eq!(
            band(0.1, &short),
            (Band::Unclear, None),
            "the table does not reach so far"
        );
    }
}
