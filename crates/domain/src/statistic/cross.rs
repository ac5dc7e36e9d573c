//! Two dimensions at once, and what of it may be published: a small count can point at one person. Must not be used for
//! what is read inside: there every number is exact.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Cell, Count, Dimension, Figure};

/// The code of small groups put together.
pub const OTHER: &str = "other";

/// A figure split by two dimensions, with every margin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StatisticCross))]
pub struct Cross {
    /// Codes and totals of the columns, the most frequent first.
    pub columns: Vec<Count>,
    /// Rows, the most frequent first.
    pub rows: Vec<CrossRow>,
    /// Everything.
    pub total: u64,
}

/// One row of a table of two dimensions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StatisticCrossRow))]
pub struct CrossRow {
    /// Its code.
    pub code: String,
    /// One number a column.
    pub cells: Vec<u64>,
    /// All of them.
    pub total: u64,
}

/// A number as the public reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The number itself.
    Exact(u64),
    /// At least one, and fewer than the least that is published.
    Few,
    /// Left out, because a small one beside it could be worked out from it.
    Withheld,
}

/// A figure split by two dimensions.
pub fn cross(cells: &[Cell], figure: Figure, rows: Dimension, columns: Dimension) -> Cross {
    let heads = super::split(cells, figure, columns);
    let mut sums: BTreeMap<(String, String), u64> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| figure.counts(cell)) {
        let key = (rows.code(cell), columns.code(cell));
        *sums.entry(key).or_default() += cell.n;
    }
    let row = |own: Count| {
        let of = |head: &Count| {
            let key = (own.code.clone(), head.code.clone());
            sums.get(&key).copied().unwrap_or(0)
        };
        CrossRow {
            cells: heads.iter().map(of).collect(),
            total: own.n,
            code: own.code,
        }
    };
    let rows: Vec<CrossRow> = super::split(cells, figure, rows)
        .into_iter()
        .map(row)
        .collect();
    Cross {
        total: rows.iter().map(|row| row.total).sum(),
        columns: heads,
        rows,
    }
}

/// Rows and columns with fewer than `below` put together as [`OTHER`], so that no margin points at anybody.
pub fn folded(cross: &Cross, below: u64) -> Cross {
    let rows = fold(cross.rows.iter().map(|row| row.total).collect(), below);
    let columns = fold(cross.columns.iter().map(|head| head.n).collect(), below);
    let heads = |groups: &[Vec<usize>]| -> Vec<String> {
        let code = |group: &Vec<usize>| match group[..] {
            [one] => cross.columns[one].code.clone(),
            _ => OTHER.into(),
        };
        groups.iter().map(code).collect()
    };
    let row = |group: &Vec<usize>| {
        let sum = |column: &Vec<usize>| {
            let of = |row: &usize| {
                column
                    .iter()
                    .map(|at| cross.rows[*row].cells[*at])
                    .sum::<u64>()
            };
            group.iter().map(of).sum()
        };
        CrossRow {
            code: match group[..] {
                [one] => cross.rows[one].code.clone(),
                _ => OTHER.into(),
            },
            cells: columns.iter().map(sum).collect(),
            total: group.iter().map(|row| cross.rows[*row].total).sum(),
        }
    };
    let counts = columns
        .iter()
        .map(|group| group.iter().map(|at| cross.columns[*at].n).sum());
    Cross {
        rows: rows.iter().map(row).collect(),
        columns: heads(&columns)
            .into_iter()
            .zip(counts)
            .map(|(code, n)| Count { code, n })
            .collect(),
        total: cross.total,
    }
}

/// Groups of positions, the largest first: one each, and a last one of all that are small. It takes in the smallest of
/// the others until it is not small itself.
fn fold(sizes: Vec<u64>, below: u64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|a, b| sizes[*b].cmp(&sizes[*a]));
    let kept = order.iter().take_while(|at| sizes[**at] >= below).count();
    let mut small = order.split_off(kept);
    let sum = |group: &[usize]| group.iter().map(|at| sizes[*at]).sum::<u64>();
    while !small.is_empty() && (small.len() < 2 || sum(&small) < below) {
        let Some(next) = order.pop() else { break };
        small.insert(0, next);
    }
    let mut groups: Vec<Vec<usize>> = order.into_iter().map(|at| vec![at]).collect();
    if !small.is_empty() {
        groups.push(small);
    }
    groups
}

/// The cells as the public reads them, row by row. Every count from 1 to below `below` is hidden, and so many others that in
/// no row and no column what is hidden can be told from the total: at least two, together not small.
pub fn masked(cross: &Cross, below: u64) -> Vec<Vec<Shown>> {
    let (height, width) = (cross.rows.len(), cross.columns.len());
    let mut shown: Vec<Vec<Shown>> = cross
        .rows
        .iter()
        .map(|row| {
            let show = |n: &u64| match n {
                1.. if *n < below => Shown::Few,
                n => Shown::Exact(*n),
            };
            row.cells.iter().map(show).collect()
        })
        .collect();
    loop {
        let rows = (0..height).map(|row| (0..width).map(|at| (row, at)).collect::<Vec<_>>());
        let columns = (0..width).map(|at| (0..height).map(|row| (row, at)).collect::<Vec<_>>());
        let next = rows
            .chain(columns)
            .find_map(|line| more_to_hide(cross, &shown, &line, below));
        match next {
            Some((row, at)) => shown[row][at] = Shown::Withheld,
            None => return shown,
        }
    }
}

/// The smallest number of a line that must be hidden too; `None` when the line gives nothing away.
fn more_to_hide(
    cross: &Cross,
    shown: &[Vec<Shown>],
    line: &[(usize, usize)],
    below: u64,
) -> Option<(usize, usize)> {
    let number = |at: &(usize, usize)| cross.rows[at.0].cells[at.1];
    let (hidden, open): (Vec<_>, Vec<_>) = line
        .iter()
        .copied()
        .partition(|at| !matches!(shown[at.0][at.1], Shown::Exact(_)));
    let safe =
        hidden.is_empty() || (hidden.len() > 1 && hidden.iter().map(number).sum::<u64>() >= below);
    match safe {
        true => None,
        false => open
            .into_iter()
            .filter(|at| number(at) > 0)
            .min_by_key(number),
    }
}
