//! The report of a month: the figures, each split every way, fixed at a place of the ledger. The same ledger and the same
//! cut give the same report to the last letter. Must not hold a name, nor a number from anywhere else.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Cell, Count, Cross, Cut, DEFINITIONS, Dimension, Figure, cross, split, total};
use crate::{
    day::Day,
    time::{DAY_MS, UtcMs},
};

/// A month of the calendar. As text `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, example = "2026-11"))]
#[serde(try_from = "String", into = "String")]
pub struct Month(Day);

/// Not a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a month is written YYYY-MM, such as 2026-11")]
pub struct NotAMonth;

impl std::str::FromStr for Month {
    type Err = NotAMonth;
    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let day = format!("{}-01", text.trim());
        day.parse().map(Month).map_err(|_| NotAMonth)
    }
}

impl TryFrom<String> for Month {
    type Error = NotAMonth;
    fn try_from(text: String) -> Result<Self, NotAMonth> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> String {
        month.to_string()
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.to_string().get(..7).unwrap_or_default())
    }
}

impl Month {
    /// How long after a month its report is made: for so long a desk may decide without the centre before its records
    /// arrive.
    pub const WAIT_MS: i64 = 3 * DAY_MS;

    /// The month of a day.
    pub fn of(day: Day) -> Self {
        let first = i64::from(day.parts().2) - 1;
        Month(day.plus_days(-first).unwrap_or(day))
    }

    /// Its first day.
    pub fn first_day(self) -> Day {
        self.0
    }

    /// Its last day.
    pub fn last_day(self) -> Day {
        let next = self.next().0;
        next.plus_days(-1).unwrap_or(next)
    }

    /// The month after it.
    pub fn next(self) -> Self {
        Month(self.0.plus_months(1).unwrap_or(self.0))
    }

    /// When its report is due, where the last checkpoint to end the month is `utc_offset_minutes` ahead of UTC.
    pub fn due_at(self, utc_offset_minutes: i64) -> UtcMs {
        self.last_day().ends(utc_offset_minutes) + Self::WAIT_MS
    }
}

/// A figure split one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StatisticBreakdown))]
pub struct Breakdown {
    /// Which figure.
    pub figure: Figure,
    /// Its value.
    pub total: u64,
    /// By what.
    pub by: Dimension,
    /// The rows; they sum to the total.
    pub rows: Vec<Count>,
}

/// Every figure split by every dimension given.
pub fn breakdowns(cells: &[Cell], by: &[Dimension]) -> Vec<Breakdown> {
    let one = |figure: Figure, by: Dimension| Breakdown {
        figure,
        total: total(cells, figure),
        by,
        rows: split(cells, figure, by),
    };
    let all = Figure::ALL
        .iter()
        .flat_map(|figure| by.iter().map(move |by| one(*figure, *by)));
    all.collect()
}

/// The report of one month over all checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StatisticReport))]
pub struct Report {
    /// Which month.
    pub month: Month,
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// How far the ledger was read.
    pub cut: Cut,
    /// Version of the definitions.
    pub definitions: u32,
    /// All records of the month that hold.
    pub records: u64,
    /// Every figure, every way.
    pub breakdowns: Vec<Breakdown>,
    /// Refused entries by nationality and reason.
    pub refused: Cross,
    /// Deferred departures by nationality and reason.
    pub deferred: Cross,
}

impl Report {
    /// Puts the report together from the cells of the month, counted by day.
    pub fn of(month: Month, cut: Cut, cells: &[Cell]) -> Self {
        let pair = |figure| cross(cells, figure, Dimension::Nationality, Dimension::Reason);
        Self {
            month,
            from: month.first_day(),
            to: month.last_day(),
            cut,
            definitions: DEFINITIONS,
            records: total(cells, Figure::Crossings),
            breakdowns: breakdowns(cells, Dimension::ALL),
            refused: pair(Figure::RefusedEntries),
            deferred: pair(Figure::DeferredDepartures),
        }
    }

    /// The value of a figure.
    pub fn figure(&self, figure: Figure) -> u64 {
        let own = self.breakdowns.iter().find(|own| own.figure == figure);
        own.map_or(0, |own| own.total)
    }

    /// The fingerprint of a report's text, as it is kept.
    pub fn hash(text: &str) -> [u8; 32] {
        Sha256::digest(text.as_bytes()).into()
    }
}
