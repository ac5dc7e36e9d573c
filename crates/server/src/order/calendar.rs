//! The calendar of what ends: three months as weeks, a count a day. Must not name a person.

use std::collections::BTreeMap;

use tapal_domain::{day::Day, rule_pack::OrderKind};

use super::page::day_of;
use crate::console::Shell;

/// Months shown.
const MONTHS: i64 = 3;

/// One day of the picture.
#[derive(Default)]
pub(super) struct Cell {
    /// Day of the month; 0 where the month has none.
    pub number: u8,
    /// `2026-11-28`.
    pub iso: String,
    /// Orders that end then.
    pub n: i64,
    /// 0 to 4: how dark it is drawn.
    pub level: u8,
    /// What a screen reader says.
    pub label: String,
    /// Whether it is today.
    pub today: bool,
}

/// One month: its name and its weeks, Monday first.
pub(super) struct Month {
    pub name: String,
    pub weeks: Vec<Vec<Cell>>,
}

/// Days from `today` to the end of the last month shown.
pub(super) fn span(today: Day) -> (Day, Day) {
    let last = first_of(today)
        .plus_months(MONTHS)
        .and_then(|day| day.plus_days(-1));
    (today, last.unwrap_or(today))
}

fn first_of(day: Day) -> Day {
    day.plus_days(1 - i64::from(day.parts().2)).unwrap_or(day)
}

/// The picture.
pub(super) fn months(shell: &Shell, today: Day, ending: &[(Day, OrderKind, i64)]) -> Vec<Month> {
    let mut counts: BTreeMap<Day, i64> = BTreeMap::new();
    for (day, _, n) in ending {
        *counts.entry(*day).or_default() += n;
    }
    let most = counts.values().copied().max().unwrap_or(0).max(1);
    let first = first_of(today);
    let starts = (0..MONTHS).filter_map(|n| first.plus_months(n));
    starts
        .map(|start| {
            let (year, month, _) = start.parts();
            let mut weeks = vec![Vec::new()];
            weeks[0].resize_with(usize::from(start.weekday()), Cell::default);
            let mut day = start;
            while day.parts().1 == month {
                if weeks.last().is_some_and(|week| week.len() == 7) {
                    weeks.push(Vec::new());
                }
                let n = counts.get(&day).copied().unwrap_or(0);
                let cell = Cell {
                    number: day.parts().2,
                    iso: day.to_string(),
                    n,
                    level: level(n, most),
                    label: shell.t2(
                        "order-calendar-day",
                        ("n", &n),
                        ("day", &day_of(shell, day)),
                    ),
                    today: day == today,
                };
                if let Some(week) = weeks.last_mut() {
                    week.push(cell);
                }
                let Some(next) = day.plus_days(1) else { break };
                day = next;
            }
            if let Some(week) = weeks.last_mut() {
                week.resize_with(7, Cell::default);
            }
            Month {
                name: format!("{} {year}", shell.t(&format!("month-{month}"))),
                weeks,
            }
        })
        .collect()
}

/// None is blank; from one on, quarters of the most.
fn level(n: i64, most: i64) -> u8 {
    match n {
        0 => 0,
        n => u8::try_from((n * 4 + most - 1) / most)
            .unwrap_or(4)
            .clamp(1, 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{Lang, shell::Theme};
    use tapal_domain::time::UtcMs;

    #[test]
    fn a_month_has_its_days_once_and_weeks_of_seven() {
        let shell = Shell::outside(
            Lang::En,
            Theme::default(),
            UtcMs(0),
            false,
            "",
            String::new(),
        );
        let today: Day = "2026-11-28".parse().unwrap();
        let ending = [
            ("2026-11-30".parse().unwrap(), OrderKind::ExitBan, 3),
            ("2026-11-30".parse().unwrap(), OrderKind::Wanted, 1),
            ("2027-01-31".parse().unwrap(), OrderKind::ExitBan, 1),
        ];
        let months = months(&shell, today, &ending);
        let days = |month: &Month| {
            let cells = month.weeks.iter().flatten();
            cells
                .map(|cell| cell.number)
                .filter(|n| *n > 0)
                .collect::<Vec<_>>()
        };
        assert_eq!(days(&months[0]), (1..=30).collect::<Vec<u8>>());
        assert_eq!(days(&months[2]), (1..=31).collect::<Vec<u8>>());
        assert!(
            months
                .iter()
                .flat_map(|month| &month.weeks)
                .all(|week| week.len() == 7)
        );
        // 30 November 2026 is a Monday.
        let cell = &months[0].weeks[5][0];
        assert_eq!((cell.number, cell.n, cell.level), (30, 4, 4));
        assert_eq!(months[2].weeks[4][6].level, 1);
        assert_eq!(span(today).1.to_string(), "2027-01-31");
    }
}
