//! How long a foreigner may stay, and whether it was too long: computed from the ledger of crossings, never stored. The
//! day of arrival is day 1, by the checkpoint's own calendar. Must not call anybody an overstayer for want of an exit.

use serde::{Deserialize, Serialize};

use crate::{day::Day, rule_pack::Pack};

/// The last lawful day of a stay of `days` that begins on `arrival`. `None` for no days, or past the calendar's end.
/// Arrival on 2023-09-29 with 30 days: until 2023-10-28.
pub fn until(arrival: Day, days: u32) -> Option<Day> {
    (days > 0)
        .then(|| arrival.plus_days(i64::from(days) - 1))
        .flatten()
}

/// The last lawful day after `days` more. 2023-10-28 and 30 days: until 2023-11-27.
pub fn extended(until: Day, days: u32) -> Option<Day> {
    (days > 0).then(|| until.plus_days(days.into())).flatten()
}

/// One mark in the ledger about one person, in the order it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// An entry; for a foreigner with the last lawful day.
    Entry {
        /// The checkpoint's day.
        day: Day,
        /// Last lawful day; extensions are counted in. `None` for a citizen.
        until: Option<Day>,
    },
    /// An exit.
    Exit {
        /// The checkpoint's day.
        day: Day,
    },
}

/// Where the ledger says a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Presence {
    /// The ledger holds nothing.
    Unknown,
    /// The last mark is an exit.
    Left {
        /// The day of it.
        day: Day,
    },
    /// Entered, within the stay (or a citizen).
    Here {
        /// Day of arrival, day 1.
        arrived: Day,
        /// Last lawful day.
        until: Option<Day>,
    },
    /// Entered, the stay is over and no exit is recorded. Not an overstayer: the exit may be what is missing.
    NoExitRecorded {
        /// Day of arrival.
        arrived: Day,
        /// Last lawful day.
        until: Day,
    },
}

/// Where the ledger says a person is on `today`, from its marks, oldest first.
pub fn presence(marks: &[Mark], today: Day) -> Presence {
    match marks.last() {
        None => Presence::Unknown,
        Some(Mark::Exit { day }) => Presence::Left { day: *day },
        Some(Mark::Entry { day, until }) => match until {
            Some(until) if *until < today => Presence::NoExitRecorded {
                arrived: *day,
                until: *until,
            },
            until => Presence::Here {
                arrived: *day,
                until: *until,
            },
        },
    }
}

/// Entries that another entry follows without an exit between: the first day of each.
pub fn exits_missing(marks: &[Mark]) -> Vec<Day> {
    let pairs = marks.windows(2).filter_map(|pair| match pair {
        [Mark::Entry { day, .. }, Mark::Entry { .. }] => Some(*day),
        _ => None,
    });
    pairs.collect()
}

/// Why a stay cannot be made longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotLonger {
    /// Not in the country, as far as the ledger knows.
    #[error("the ledger has no entry of this person without an exit; there is no stay to extend")]
    NotHere,
    /// It was over before.
    #[error(
        "the stay ended on {0}: what follows is decided when the person leaves, or in second line"
    )]
    Over(Day),
    /// Not later than it ends already.
    #[error("the new last day must be after {0}, the last day now")]
    NotLater(Day),
    /// More than a year at once.
    #[error("at most {MOST_DAYS} days can be given at once")]
    TooLong,
}

/// Most days given at once.
pub const MOST_DAYS: i64 = 366;

/// Whether the stay that the marks end with may last until `until`; its last lawful day now.
pub fn may_last(marks: &[Mark], today: Day, until: Day) -> Result<Day, NotLonger> {
    let Some(Mark::Entry {
        until: Some(now), ..
    }) = marks.last()
    else {
        return Err(NotLonger::NotHere);
    };
    match until.since(*now) {
        _ if *now < today => Err(NotLonger::Over(*now)),
        ..=0 => Err(NotLonger::NotLater(*now)),
        days if days > MOST_DAYS => Err(NotLonger::TooLong),
        _ => Ok(*now),
    }
}

/// What follows a stay that was too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "route", rename_all = "snake_case")]
pub enum Route {
    /// Settled by the charge, IDR.
    Charge {
        /// How much.
        amount: u64,
    },
    /// An officer decides in second line: the law names neither charge nor proposal, or no rule is known.
    Officer,
    /// Second line proposes deportation and an entry ban; an official decides.
    Propose,
}

/// A stay that was too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overstay {
    /// Whole days after the last lawful one, the day of departure counted.
    pub days: u32,
    /// What follows.
    #[serde(flatten)]
    pub route: Route,
}

/// Whether somebody who stands at the desk on `today` stayed too long, and what follows by the pack.
pub fn overstay(until: Day, today: Day, pack: &Pack) -> Option<Overstay> {
    let days = u32::try_from(today.since(until))
        .ok()
        .filter(|days| *days > 0)?;
    let route = match &pack.overstay {
        Some(rules) if days < rules.charge_below_days => Route::Charge {
            amount: u64::from(days).saturating_mul(rules.charge_per_day),
        },
        Some(rules) if days > rules.propose_above_days => Route::Propose,
        _ => Route::Officer,
    };
    Some(Overstay { days, route })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rule_pack, time::UtcMs};
    use proptest::prelude::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn pack() -> &'static Pack {
        rule_pack::by_id("id-2025").unwrap()
    }

    #[test]
    fn the_day_of_arrival_is_day_one() {
        let first = until(day("2023-09-29"), 30).unwrap();
        assert_eq!(first, day("2023-10-28"));
        assert_eq!(extended(first, 30), Some(day("2023-11-27")));
        assert_eq!(until(day("2023-09-29"), 1), Some(day("2023-09-29")));
        assert_eq!(
            (until(day("2023-09-29"), 0), extended(first, 0)),
            (None, None)
        );
    }

    #[test]
    fn the_day_is_that_of_the_checkpoint() {
        // 2026-11-21T16:30Z is before midnight at UTC+7 and after it at +8 and +9.
        let at = UtcMs(1_795_278_600_000);
        for (offset, last) in [
            (420, "2026-12-20"),
            (480, "2026-12-21"),
            (540, "2026-12-21"),
        ] {
            assert_eq!(until(Day::at(at, offset), 30), Some(day(last)), "{offset}");
        }
        // At local midnight itself it is the new day; a millisecond before, the old one.
        for offset in [420, 480, 540] {
            let midnight = day("2026-11-22").starts(offset);
            assert_eq!(
                until(Day::at(midnight, offset), 30),
                Some(day("2026-12-21"))
            );
            assert_eq!(
                until(Day::at(midnight + -1, offset), 30),
                Some(day("2026-12-20"))
            );
        }
    }

    fn check_overstay(days: i64, expect: Option<Route>) {
        let last = day("2023-10-28");
        let today = last.plus_days(days).unwrap();
        let found = overstay(last, today, pack());
        assert_eq!(found.map(|over| over.route), expect, "{days}");
        assert_eq!(found.map_or(0, |over| i64::from(over.days)), days.max(0));
    }

    #[test]
    fn sixty_days_is_neither_charge_nor_proposal() {
        check_overstay(-1, None);
        check_overstay(0, None);
        check_overstay(1, Some(Route::Charge { amount: 1_000_000 }));
        check_overstay(59, Some(Route::Charge { amount: 59_000_000 }));
        check_overstay(60, Some(Route::Officer));
        check_overstay(61, Some(Route::Propose));
        let mut silent = pack().clone();
        silent.overstay = None;
        let found = overstay(day("2023-10-28"), day("2023-10-29"), &silent).unwrap();
        assert_eq!(
            found.route,
            Route::Officer,
            "where no rule is known a person decides"
        );
    }

    #[test]
    fn a_stay_is_made_longer_before_it_is_over_and_never_shorter() {
        let here = |until: Option<&str>| {
            vec![Mark::Entry {
                day: day("2023-09-29"),
                until: until.map(day),
            }]
        };
        let last = day("2023-10-28");
        for (marks, today, until, expect) in [
            (
                here(Some("2023-10-28")),
                "2023-10-28",
                "2023-11-27",
                Ok(last),
            ),
            (
                here(Some("2023-10-28")),
                "2023-10-29",
                "2023-11-27",
                Err(NotLonger::Over(last)),
            ),
            (
                here(Some("2023-10-28")),
                "2023-10-01",
                "2023-10-28",
                Err(NotLonger::NotLater(last)),
            ),
            (
                here(Some("2023-10-28")),
                "2023-10-01",
                "2024-10-28",
                Ok(last),
            ),
            (
                here(Some("2023-10-28")),
                "2023-10-01",
                "2024-10-29",
                Err(NotLonger::TooLong),
            ),
            (
                here(None),
                "2023-10-01",
                "2023-11-27",
                Err(NotLonger::NotHere),
            ),
            (
                vec![Mark::Exit { day: last }],
                "2023-10-28",
                "2023-11-27",
                Err(NotLonger::NotHere),
            ),
            (vec![], "2023-10-28", "2023-11-27", Err(NotLonger::NotHere)),
        ] {
            assert_eq!(
                may_last(&marks, day(today), day(until)),
                expect,
                "{today} {until}"
            );
        }
    }

    #[test]
    fn no_exit_recorded_is_a_state_of_its_own() {
        let entry = |from: &str, to: &str| Mark::Entry {
            day: day(from),
            until: Some(day(to)),
        };
        let exit = |on: &str| Mark::Exit { day: day(on) };
        let here = [entry("2023-09-29", "2023-10-28")];
        let (arrived, until) = (day("2023-09-29"), day("2023-10-28"));
        assert_eq!(presence(&[], arrived), Presence::Unknown);
        assert_eq!(
            presence(&here, until),
            Presence::Here {
                arrived,
                until: Some(until)
            }
        );
        assert_eq!(
            presence(&here, day("2023-10-29")),
            Presence::NoExitRecorded { arrived, until }
        );
        let left = [here[0], exit("2023-10-20")];
        assert_eq!(
            presence(&left, day("2024-10-29")),
            Presence::Left {
                day: day("2023-10-20")
            }
        );
        let again = [here[0], entry("2024-01-01", "2024-01-30")];
        assert_eq!(exits_missing(&again), [arrived]);
        assert_eq!(exits_missing(&left), []);
        let citizen = [Mark::Entry {
            day: arrived,
            until: None,
        }];
        assert_eq!(
            presence(&citizen, day("2030-01-01")),
            Presence::Here {
                arrived,
                until: None
            }
        );
    }

    proptest! {
        #[test]
        fn a_stay_has_as_many_days_as_were_given(offset in -3_000i64..3_000, days in 1u32..2_000) {
            let arrival = day("2023-01-01").plus_days(offset).unwrap();
            let last = until(arrival, days).unwrap();
            prop_assert_eq!(last.since(arrival) + 1, i64::from(days));
            prop_assert_eq!(overstay(last, last, pack()), None);
            prop_assert_eq!(overstay(last, last.plus_days(1).unwrap(), pack()).unwrap().days, 1);
        }
    }
}
