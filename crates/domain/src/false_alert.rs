//! False alerts, counted where they happen and held against what the calibration predicted: counts only, no faces.
//! FPIR is the share of searches of people on no list that raise an alert (ISO/IEC 19795-1, NIST FRTE 1:N). Must not
//! judge an alert: it counts what people found.

use serde::{Deserialize, Serialize};

use crate::{
    calibration::{Calibration, Estimate, Standing},
    count,
    screening::Threshold,
};

/// Chance that one person on no list raises an alert in one search, over all lists searched: each with its threshold
/// and number of templates. Lists are taken as independent. `None` when the calibration does not reach down to a
/// threshold. Beyond the range that was verified only "at most" can be said, so the lower end is 0.
pub fn chance(calibration: &Calibration, lists: &[(Threshold, u64)]) -> Option<Estimate> {
    let mut none = [1.0_f64; 3];
    let mut standing = Standing::Counted;
    for (threshold, templates) in lists.iter().filter(|(_, templates)| *templates > 0) {
        let one = calibration.fpir(threshold.possible, *templates)?;
        let low = match one.standing {
            Standing::Beyond => 0.0,
            _ => one.low,
        };
        for (none, share) in none.iter_mut().zip([one.value, low, one.high]) {
            *none *= 1.0 - share;
        }
        standing = standing.max(one.standing);
    }
    Some(Estimate {
        value: 1.0 - none[0],
        low: 1.0 - none[1],
        high: 1.0 - none[2],
        standing,
    })
}

/// What was counted of one camera or site over some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tally {
    /// People whose face was searched.
    pub searched: u64,
    /// Of these, for how many a prediction could be made when it happened.
    pub predicted: u64,
    /// Of those, for how many only "at most" could be said.
    pub beyond: u64,
    /// False alerts predicted as it happened: best value.
    pub expected: f64,
    /// Its lower end.
    pub expected_low: f64,
    /// Its upper end.
    pub expected_high: f64,
    /// Alerts finally judged to show somebody else.
    pub not_same: u64,
    /// Alerts judged similar: these people were searched as people on a list.
    pub similar: u64,
    /// Alerts that nobody decided: expired, or withdrawn because the order ended.
    pub undecided: u64,
    /// Alerts still being judged.
    pub open: u64,
}

/// A share of searches with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rate {
    /// Share.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Tally {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            searched: self.searched + other.searched,
            predicted: self.predicted + other.predicted,
            beyond: self.beyond + other.beyond,
            expected: self.expected + other.expected,
            expected_low: self.expected_low + other.expected_low,
            expected_high: self.expected_high + other.expected_high,
            not_same: self.not_same + other.not_same,
            similar: self.similar + other.similar,
            undecided: self.undecided + other.undecided,
            open: self.open + other.open,
        }
    }

    /// Searches of people on no list, as far as people found.
    pub fn non_mated(&self) -> u64 {
        self.searched.saturating_sub(self.similar)
    }

    /// Every alert that may have been a false one.
    pub fn at_worst(&self) -> u64 {
        self.not_same + self.undecided + self.open
    }

    /// False alerts a search, with the exact Poisson interval (Garwood); `None` without a search.
    pub fn rate(&self) -> Option<Rate> {
        rate(self.not_same, self.non_mated())
    }

    /// As [`Tally::rate`], should every undecided alert have been a false one.
    pub fn worst_rate(&self) -> Option<Rate> {
        rate(self.at_worst(), self.non_mated())
    }

    /// False alerts predicted for the searches of people on no list: value, low, high. `None` when fewer than half of
    /// the searches could be predicted.
    pub fn prediction(&self) -> Option<Rate> {
        if self.predicted == 0 || self.predicted * 2 < self.searched {
            return None;
        }
        // Those without a prediction are taken like the others, and those found to be listed are taken out.
        let scale = self.non_mated() as f64 / self.predicted as f64;
        Some(Rate {
            value: self.expected * scale,
            low: self.expected_low * scale,
            high: self.expected_high * scale,
        })
    }

    /// The prediction as a share of searches.
    pub fn predicted_rate(&self) -> Option<Rate> {
        let (all, searches) = (self.prediction()?, self.non_mated().max(1) as f64);
        Some(Rate {
            value: all.value / searches,
            low: all.low / searches,
            high: all.high / searches,
        })
    }
}

/// A count as a share of so many, with its exact interval; `None` of none.
pub(crate) fn rate(count: u64, searches: u64) -> Option<Rate> {
    if searches == 0 {
        return None;
    }
    let (n, (low, high)) = (searches as f64, count::interval(count));
    Some(Rate {
        value: (count as f64 / n).min(1.0),
        low: (low / n).min(1.0),
        high: (high / n).min(1.0),
    })
}

/// In which direction reality left the prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// More false alerts than the upper end of the prediction explains.
    TooMany,
    /// Fewer, even if every undecided alert was a false one, than its lower end explains: the test or the camera may
    /// be blind.
    TooFew,
}

impl Side {
    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooMany => "too_many",
            Self::TooFew => "too_few",
        }
    }
}

/// Days, today included, that an alarm looks at.
pub const WINDOW_DAYS: i64 = 7;
/// A count raises an alarm when the prediction brings it about at most this often, on either side.
pub const RAISE: f64 = 2e-4;
/// A standing alarm clears when the count is no rarer than this.
pub const CLEAR: f64 = 1e-2;
/// One or two false alerts are never an alarm.
const LEAST_SEEN: u64 = 3;
/// Silence is odd only where at least so many were to be expected.
const LEAST_EXPECTED: f64 = 5.0;

/// Whether reality has left the prediction with its own interval; `standing` is the alarm that stands now. Without a
/// prediction for most searches there is no alarm, and one that stands clears.
pub fn alarm(tally: &Tally, standing: Option<Side>) -> Option<Side> {
    let predicted = tally.prediction()?;
    let limit = |side| match standing {
        Some(own) if own == side => CLEAR,
        _ => RAISE,
    };
    if tally.not_same >= LEAST_SEEN
        && count::at_least(tally.not_same, predicted.high) <= limit(Side::TooMany)
    {
        return Some(Side::TooMany);
    }
    if predicted.low >= LEAST_EXPECTED
        && count::at_most(tally.at_worst(), predicted.low) <= limit(Side::TooFew)
    {
        return Some(Side::TooFew);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{calibration::RatePoint, entry::ListKind};

    fn threshold(list: ListKind, possible: f32) -> Threshold {
        Threshold {
            list,
            possible,
            strong: 0.9,
        }
    }

    fn table() -> Calibration {
        let point = |score, fmr: f64| RatePoint {
            score,
            fmr,
            low: fmr / 2.0,
            high: fmr * 2.0,
        };
        Calibration {
            counted_fmr: 1e-4,
            trusted_fmr: 1e-6,
            points: vec![point(0.2, 1e-2), point(0.4, 1e-4), point(0.6, 1e-6)],
            ..Calibration::default()
        }
    }

    #[test]
    fn the_chance_is_over_all_lists_at_their_own_thresholds() {
        let (wanted, exit) = (
            threshold(ListKind::Wanted, 0.4),
            threshold(ListKind::ExitBan, 0.6),
        );
        let one = chance(&table(), &[(wanted, 1_000)]).unwrap();
        assert!((one.value - 0.0951).abs() < 1e-3, "{one:?}");
        let both = chance(&table(), &[(wanted, 1_000), (exit, 1_000)]).unwrap();
        let expect = 1.0 - (1.0 - one.value) * (1.0 - 0.0009995);
        assert!((both.value - expect).abs() < 1e-5, "{both:?}");
        assert!(both.low < both.value && both.value < both.high);
        assert_eq!(both.standing, Standing::Fitted, "the weaker of the two");
        let empty = chance(&table(), &[(threshold(ListKind::Wanted, 0.1), 0)]).unwrap();
        assert_eq!(empty.high, 0.0, "an empty list raises nothing");
        assert_eq!(
            chance(&table(), &[(threshold(ListKind::Wanted, 0.1), 5)]),
            None
        );
    }

    #[test]
    fn beyond_the_verified_range_only_at_most_is_said() {
        let beyond = chance(&table(), &[(threshold(ListKind::Wanted, 0.7), 1_000)]).unwrap();
        assert_eq!((beyond.low, beyond.standing), (0.0, Standing::Beyond));
        assert!(beyond.high > 0.0);
    }

    fn counted(searched: u64, share: f64, not_same: u64, undecided: u64) -> Tally {
        Tally {
            searched,
            predicted: searched,
            expected: searched as f64 * share,
            expected_low: searched as f64 * share / 1.5,
            expected_high: searched as f64 * share * 1.5,
            not_same,
            undecided,
            ..Tally::default()
        }
    }

    #[test]
    fn a_rate_leaves_out_people_found_to_be_listed() {
        let tally = Tally {
            similar: 200,
            open: 2,
            ..counted(1_200, 0.01, 5, 3)
        };
        let rate = tally.rate().unwrap();
        assert!((rate.value - 0.005).abs() < 1e-12);
        assert!((rate.low - 1.6235e-3).abs() < 1e-6 && (rate.high - 1.16683e-2).abs() < 1e-6);
        assert!((tally.worst_rate().unwrap().value - 0.010).abs() < 1e-12);
        assert!((tally.prediction().unwrap().value - 10.0).abs() < 1e-9);
        assert!((tally.predicted_rate().unwrap().value - 0.01).abs() < 1e-12);
        assert_eq!(Tally::default().rate(), None);
    }

    #[test]
    fn without_a_prediction_for_half_the_searches_nothing_is_compared() {
        let mut tally = counted(1_000, 0.01, 40, 0);
        tally.predicted = 499;
        assert_eq!((tally.prediction(), alarm(&tally, None)), (None, None));
        tally.predicted = 500;
        assert!(tally.prediction().is_some());
    }

    #[test]
    fn an_alarm_rises_outside_the_interval_and_clears_well_inside() {
        let check = |not_same, undecided, standing, expect| {
            let tally = counted(1_000, 0.01, not_same, undecided);
            assert_eq!(alarm(&tally, standing), expect, "{not_same} {undecided}");
        };
        // 10 expected, 6.7 to 15: from 31 on it is too many; standing, it goes below 26.
        check(10, 0, None, None);
        check(15, 0, None, None);
        check(30, 0, None, None);
        check(31, 0, None, Some(Side::TooMany));
        check(26, 0, Some(Side::TooMany), Some(Side::TooMany));
        check(24, 0, Some(Side::TooMany), None);
        // Undecided ones are no ground for "too many".
        check(5, 100, None, None);
        // Seldom is silence odd: 6.7 at least were expected.
        check(0, 0, None, None);
        let quiet = |undecided| alarm(&counted(2_000, 0.01, 0, undecided), None);
        assert_eq!(quiet(0), Some(Side::TooFew), "13.3 at least were expected");
        assert_eq!(quiet(3), None, "three undecided ones may explain it");
        // One or two are never an alarm, however small the prediction.
        let rare = |not_same| alarm(&counted(1_000, 1e-7, not_same, 0), None);
        assert_eq!((rare(2), rare(3)), (None, Some(Side::TooMany)));
    }

    /// A plain seeded generator and Poisson draws (Knuth), for the simulation below.
    struct Dice(u64);

    impl Dice {
        fn uniform(&mut self) -> f64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        }

        fn poisson(&mut self, mean: f64) -> u64 {
            let (limit, mut product, mut k) = ((-mean).exp(), self.uniform(), 0);
            while product > limit {
                product *= self.uniform();
                k += 1;
            }
            k
        }
    }

    /// Days until the first alarm at each of many cameras that are looked at every day for a year.
    fn first_alarms(cameras: usize, a_day: f64, truth: f64, exact: bool) -> Vec<Option<usize>> {
        let mut dice = Dice(7);
        let one = |_| {
            let mut days = std::collections::VecDeque::new();
            (0..365).find(|_| {
                days.push_back(dice.poisson(a_day * truth));
                if days.len() > WINDOW_DAYS as usize {
                    days.pop_front();
                }
                let seen: u64 = days.iter().sum();
                let mut tally = counted(1_000 * days.len() as u64, a_day / 1_000.0, seen, 0);
                if exact {
                    (tally.expected_low, tally.expected_high) = (tally.expected, tally.expected);
                }
                alarm(&tally, None).is_some()
            })
        };
        (0..cameras).map(one).collect()
    }

    #[test]
    fn the_rule_itself_seldom_gives_a_false_alarm() {
        for a_day in [0.2, 1.0, 3.0] {
            // Worst case: the prediction is exact and has no interval of its own.
            let first = first_alarms(2_000, a_day, 1.0, true);
            let share = first.iter().flatten().count() as f64 / 2_000.0;
            assert!(share <= 0.08, "{a_day} a day: {share} of cameras a year");
            // With an interval of half as much again either way, hardly ever.
            let first = first_alarms(2_000, a_day, 1.0, false);
            let share = first.iter().flatten().count() as f64 / 2_000.0;
            assert!(share <= 0.01, "{a_day} a day, with interval: {share}");
        }
    }

    #[test]
    fn a_camera_with_far_more_false_alerts_is_noticed_within_days() {
        let mut first: Vec<usize> = first_alarms(500, 2.0, 4.0, false)
            .into_iter()
            .map(|day| day.expect("noticed within the year"))
            .collect();
        first.sort_unstable();
        assert!(first[250] <= 4, "half within {} days", first[250]);
        assert!(first[490] <= 14, "nearly all within {} days", first[490]);
    }
}
