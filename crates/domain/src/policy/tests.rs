//! Tables and properties of the budget. Must not need a model: the calibrations are made up.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::calibration::{MissPoint, RatePoint, Standing};

/// Intervals twice as wide to either side; trusted down to 1e-6, continued to 1e-8.
fn table() -> Calibration {
    let point = |score, fmr: f64| RatePoint {
        score,
        fmr,
        low: fmr / 2.0,
        high: fmr * 2.0,
    };
    let miss = |score, fnmr: f64| MissPoint {
        score,
        fnmr,
        low: fnmr / 2.0,
        high: fnmr * 2.0,
    };
    Calibration {
        counted_fmr: 1e-4,
        trusted_fmr: 1e-6,
        points: vec![
            point(0.2, 1e-2),
            point(0.4, 1e-4),
            point(0.6, 1e-6),
            point(0.8, 1e-8),
        ],
        misses: vec![miss(0.2, 0.01), miss(0.8, 0.07)],
        ..Calibration::default()
    }
}

fn budget(x: f64, y: u64) -> Budget {
    Budget {
        false_alerts_per_day: x,
        passers_by_per_day: y,
        shift_hours: 8.0,
    }
}

#[test]
fn a_budget_becomes_a_threshold_with_what_to_expect_there() {
    // 2 in 10,000 against 100 templates: 2e-6 a comparison, reached by the upper end at 0.6.
    let plan = plan(&budget(2.0, 10_000), 100, &table()).unwrap();
    assert!((plan.possible - 0.6).abs() < 2e-4, "{plan:?}");
    assert!((plan.per_day.value - 1.0).abs() < 0.01, "{plan:?}");
    assert!((plan.per_day.high - 2.0).abs() < 0.01 && plan.per_day.high <= 2.0);
    assert!((plan.per_shift.value - plan.per_day.value / 3.0).abs() < 1e-12);
    assert!((plan.miss.unwrap().value - 0.05).abs() < 1e-3);
    assert_eq!(plan.per_passer_by.standing, Standing::Fitted);
    // Ten times rarer than the promise: the upper end 2e-7 lies at 0.7.
    assert!((plan.strong - 0.7).abs() < 2e-4, "{plan:?}");
    assert_eq!(plan.strong_is, Strong::TenTimesRarer);
}

#[test]
fn what_the_model_cannot_keep_is_refused_with_what_it_can() {
    let refused = plan(&budget(1.0, 10_000), 1_000, &table()).unwrap_err();
    let Unreachable::TooStrict {
        needed,
        trusted,
        smallest_per_day,
        strictest,
    } = refused
    else {
        panic!("{refused:?}")
    };
    assert!((needed - 1e-7).abs() < 1e-9 && (trusted - 2e-6).abs() < 1e-8);
    assert!((smallest_per_day - 20.0).abs() < 0.1, "{smallest_per_day}");
    assert!((strictest.possible - 0.6).abs() < 1e-4);
    // The smallest budget told can be kept.
    assert!(plan(&budget(smallest_per_day * 1.0001, 10_000), 1_000, &table()).is_ok());
    assert_eq!(
        plan(&budget(1.0, 100), 10, &Calibration::default()),
        Err(Unreachable::NoCalibration)
    );
}

#[test]
fn the_end_of_the_table_is_said() {
    let mut short = table();
    short.points.truncate(3);
    let check = |x: f64, expect: Strong| {
        let plan = plan(&budget(x, 10_000), 100, &short).unwrap();
        assert_eq!(plan.strong_is, expect, "{plan:?}");
        assert!(plan.strong > plan.possible, "{plan:?}");
    };
    check(200.0, Strong::TenTimesRarer);
    check(4.0, Strong::TableEnd);
    check(2.0, Strong::Nowhere);
}

#[test]
fn the_size_is_rounded_up_to_two_digits() {
    for (n, expect) in [
        (0, 10),
        (9, 10),
        (10, 10),
        (11, 11),
        (99, 99),
        (100, 100),
        (101, 110),
        (1_000, 1_000),
        (1_001, 1_100),
        (123_456, 130_000),
        (999_999, 1_000_000),
    ] {
        assert_eq!(planned_for(n), expect, "{n}");
    }
}

#[test]
fn a_budget_that_means_nothing_is_refused() {
    assert_eq!(budget(1.0, 1_000).check(), Ok(()));
    for (x, y, hours) in [
        (0.0, 1_000, 8.0),
        (-1.0, 1_000, 8.0),
        (f64::NAN, 1_000, 8.0),
        (f64::INFINITY, 1_000, 8.0),
        (1.0, 0, 8.0),
        (1.0, 1, 8.0),
        (1.0, 1_000, 0.0),
        (1.0, 1_000, 25.0),
    ] {
        let wrong = Budget {
            shift_hours: hours,
            ..budget(x, y)
        };
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
}

#[test]
fn nobody_decides_on_their_own_proposal() {
    let (a, b) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
    let check = |decider, decision, expect| {
        assert_eq!(may_decide(Some(a), decider, decision), expect);
    };
    check(a, Decision::Approve, Err(MayNotDecide::SamePerson));
    check(a, Decision::Reject, Err(MayNotDecide::SamePerson));
    check(a, Decision::Withdraw, Ok(()));
    check(b, Decision::Approve, Ok(()));
    check(b, Decision::Reject, Ok(()));
    check(b, Decision::Withdraw, Err(MayNotDecide::NotProposer));
    assert_eq!(may_decide(None, b, Decision::Approve), Ok(()));
}

proptest! {
    #[test]
    fn a_longer_list_never_lowers_the_threshold(
        x in 0.01f64..100.0, y in 200u64..100_000, n in 1u64..5_000, more in 1u64..5_000, spread in 0.0f64..8.0,
    ) {
        let table = Calibration { spread, ..table() };
        let short = plan(&budget(x, y), n, &table);
        let long = plan(&budget(x, y), n + more, &table);
        match (short, long) {
            (Ok(a), Ok(b)) => prop_assert!(b.possible >= a.possible, "{a:?} {b:?}"),
            (Err(_), Ok(b)) => prop_assert!(false, "a longer list made it reachable: {b:?}"),
            _ => {}
        }
    }

    #[test]
    fn the_expected_false_alerts_keep_the_budget(
        x in 0.01f64..100.0, y in 200u64..100_000, n in 1u64..100_000, spread in 0.0f64..8.0,
    ) {
        let table = Calibration { spread, ..table() };
        if let Ok(plan) = plan(&budget(x, y), n, &table) {
            // The best value keeps it with room; the upper end up to rounding of a stored score.
            prop_assert!(plan.per_day.value <= x, "{plan:?}");
            prop_assert!(plan.per_day.high <= x * 1.002, "{plan:?}");
            prop_assert!(plan.per_passer_by.standing <= Standing::Fitted, "{plan:?}");
            prop_assert!(plan.strong >= plan.possible);
        }
    }

    #[test]
    fn doubling_the_list_moves_the_threshold_up(x in 1.0f64..20.0, n in 10u64..200) {
        let (one, two) = (plan(&budget(x, 10_000), n, &table()), plan(&budget(x, 10_000), 2 * n, &table()));
        if let (Ok(one), Ok(two)) = (one, two) {
            prop_assume!(one.possible > 0.2001);
            prop_assert!(two.possible > one.possible, "{one:?} {two:?}");
        }
    }

    #[test]
    fn the_planned_size_is_never_too_small_and_little_too_large(n in 0u64..10_000_000) {
        let planned = planned_for(n);
        prop_assert!(planned >= n && (planned as f64) <= (n.max(10) as f64) * 1.1);
    }
}
