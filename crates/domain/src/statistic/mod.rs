//! Figures made from the ledger of crossings, and from nothing else: what each counts, what it may be split by, and how
//! it is put together. Must not know a person: a cell holds codes and a number.

mod cross;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    crossing::{Detection, Outcome},
    id::SiteId,
    rule_pack::kind::names,
    site::Direction,
    time::UtcMs,
};

pub use cross::{Cross, CrossRow, OTHER, Shown, cross, folded, masked};
pub use report::{Breakdown, Month, NotAMonth, Report, breakdowns};

/// Grows whenever the meaning of a figure changes, so that two figures under one name can be told apart.
pub const DEFINITIONS: u32 = 1;

/// The reason of a record that names none.
pub const NO_REASON: &str = "none";

/// Records of the ledger that share everything a figure may be split by, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The checkpoint.
    pub site: SiteId,
    /// Day `2026-11-28` or month `2026-11` of the checkpoint's calendar, as asked.
    pub period: String,
    /// Which way.
    pub direction: Direction,
    /// What was decided.
    pub outcome: Outcome,
    /// Why, a code of the rule pack.
    pub ground: Option<String>,
    /// What brought it up.
    pub detection: Detection,
    /// Whether a citizen.
    pub citizen: bool,
    /// ICAO code.
    pub nationality: String,
    /// How many.
    pub n: u64,
}

/// How far the ledger is read: what was recorded by an instant, and no further than a place in it. The place makes a
/// figure the same for ever, even where clocks were set back or a record was being written at that instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StatisticCut))]
pub struct Cut {
    /// Recorded by this instant.
    pub as_of: UtcMs,
    /// The last place in the ledger that is read.
    pub seq: i64,
}

/// A number with a name and an exact meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StatisticFigure))]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Entry refused. A citizen cannot be among them.
    RefusedEntries,
    /// Departure deferred, foreigners and citizens.
    DeferredDepartures,
    /// Departure deferred, foreigners.
    DeferredForeigners,
    /// Departure deferred, citizens.
    DeferredCitizens,
    /// Handed over to the authority concerned.
    HandedOver,
    /// Let in.
    Entries,
    /// Let out.
    Departures,
    /// Every record that holds.
    Crossings,
}

names!(Figure {
    RefusedEntries "refused_entries",
    DeferredDepartures "deferred_departures",
    DeferredForeigners "deferred_foreigners",
    DeferredCitizens "deferred_citizens",
    HandedOver "handed_over",
    Entries "entries",
    Departures "departures",
    Crossings "crossings",
});

impl Figure {
    /// The two that head every report.
    pub const HEADLINES: [Figure; 2] = [Self::RefusedEntries, Self::DeferredDepartures];

    /// The outcome a record must have; `None` for any that is not void.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::RefusedEntries => Some(Outcome::RefusedEntry),
            Self::DeferredDepartures | Self::DeferredForeigners | Self::DeferredCitizens => {
                Some(Outcome::DeferredDeparture)
            }
            Self::HandedOver => Some(Outcome::HandedOver),
            Self::Entries => Some(Outcome::Entered),
            Self::Departures => Some(Outcome::Departed),
            Self::Crossings => None,
        }
    }

    /// Whether it must be a citizen's; `None` for either.
    pub fn citizen(self) -> Option<bool> {
        match self {
            Self::DeferredForeigners => Some(false),
            Self::DeferredCitizens => Some(true),
            _ => None,
        }
    }

    /// Whether the records of a cell count.
    pub fn counts(self, cell: &Cell) -> bool {
        cell.outcome != Outcome::Void
            && self.outcome().is_none_or(|own| own == cell.outcome)
            && self.citizen().is_none_or(|own| own == cell.citizen)
    }
}

/// What a figure may be split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StatisticDimension))]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Ground of the rule pack.
    Reason,
    /// Nationality, ICAO code.
    Nationality,
    /// Citizen or foreigner.
    Citizenship,
    /// Arrival or departure.
    Direction,
    /// Site.
    Checkpoint,
    /// What brought it up.
    Detection,
    /// What was decided.
    Outcome,
    /// Day or month, as the cells were counted.
    Period,
}

names!(Dimension {
    Reason "reason",
    Nationality "nationality",
    Citizenship "citizenship",
    Direction "direction",
    Checkpoint "checkpoint",
    Detection "detection",
    Outcome "outcome",
    Period "period",
});

impl Dimension {
    /// The code a cell has in this dimension.
    pub fn code(self, cell: &Cell) -> String {
        match self {
            Self::Reason => cell.ground.clone().unwrap_or_else(|| NO_REASON.into()),
            Self::Nationality => cell.nationality.clone(),
            Self::Citizenship => citizenship(cell.citizen).into(),
            Self::Direction => match cell.direction {
                Direction::Arrival => "arrival",
                Direction::Departure => "departure",
                Direction::Neither => "neither",
            }
            .into(),
            Self::Checkpoint => cell.site.to_string(),
            Self::Detection => cell.detection.name().into(),
            Self::Outcome => cell.outcome.name().into(),
            Self::Period => cell.period.clone(),
        }
    }
}

/// The code of citizens and of foreigners.
pub fn citizenship(citizen: bool) -> &'static str {
    if citizen { "citizen" } else { "foreigner" }
}

/// One row of a breakdown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StatisticCount))]
pub struct Count {
    /// Code in the dimension.
    pub code: String,
    /// Records.
    pub n: u64,
}

/// The value of a figure.
pub fn total(cells: &[Cell], figure: Figure) -> u64 {
    let own = cells.iter().filter(|cell| figure.counts(cell));
    own.map(|cell| cell.n).sum()
}

/// A figure split by a dimension: periods in their order, everything else the most frequent first.
pub fn split(cells: &[Cell], figure: Figure, by: Dimension) -> Vec<Count> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| figure.counts(cell)) {
        *sums.entry(by.code(cell)).or_default() += cell.n;
    }
    let mut rows: Vec<Count> = sums
        .into_iter()
        .map(|(code, n)| Count { code, n })
        .collect();
    if by != Dimension::Period {
        rows.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.code.cmp(&b.code)));
    }
    rows
}
