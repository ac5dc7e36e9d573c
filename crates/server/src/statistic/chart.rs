//! Charts as numbers for a template: refusals and deferrals by period, and bars by reason and nationality. Drawn with
//! classes only, from zero. Must not hold a number that is not in the table beside it.

use tapal_domain::statistic::{Cell, Count, Dimension, Figure, split};

use super::words;
use crate::console::Lang;

/// Width of every chart; a phone shows them about as large as they are.
pub const WIDTH: i64 = 360;
const LEFT: f64 = 4.0;
const PLOT: f64 = 352.0;
const TOP: i64 = 26;
const HEIGHT: f64 = 140.0;
/// Height of a row of bars.
const ROW: i64 = 40;
/// Most rows of a chart; the table has all.
const MOST_ROWS: usize = 12;
/// Up to so many columns carry their sum.
const MOST_SUMS: usize = 14;

/// The stacked parts of a column, from the bottom.
pub const PARTS: [(Figure, &str); 3] = [
    (Figure::RefusedEntries, ""),
    (Figure::DeferredForeigners, "bar--raised"),
    (Figure::DeferredCitizens, "bar--quiet"),
];

/// A rectangle.
pub struct Rect {
    /// Class of its colour.
    pub class: &'static str,
    /// Left edge.
    pub x: i64,
    /// Top.
    pub y: i64,
    /// Width.
    pub width: i64,
    /// Height.
    pub height: i64,
}

/// A word in its place.
pub struct Label {
    /// Middle or left edge.
    pub x: i64,
    /// Base line.
    pub y: i64,
    /// What it says.
    pub text: String,
}

/// One row of the table beside the chart of periods.
pub struct Period {
    /// Code, for its records.
    pub code: String,
    /// As people read it.
    pub name: String,
    /// One number a part.
    pub parts: [u64; 3],
    /// Their sum.
    pub total: u64,
}

/// The chart of periods.
pub struct Columns {
    /// Parts of columns.
    pub boxes: Vec<Rect>,
    /// Sums above the columns, where there are few.
    pub sums: Vec<Label>,
    /// First and last period.
    pub ends: (String, String),
    /// The key: a box and a word a part.
    pub keys: Vec<(Rect, Label)>,
    /// Base line.
    pub base: i64,
    /// Height of the drawing.
    pub height: i64,
    /// The rows of the table.
    pub periods: Vec<Period>,
}

/// Refusals and deferrals by the period cells were counted by, one column each, for every period in `all`.
pub fn columns(lang: Lang, cells: &[Cell], all: &[String]) -> Columns {
    let parts = PARTS.map(|(figure, _)| split(cells, figure, Dimension::Period));
    let periods: Vec<Period> = all
        .iter()
        .map(|code| {
            let of = |rows: &Vec<Count>| {
                let row = rows.iter().find(|row| row.code == *code);
                row.map_or(0, |row| row.n)
            };
            let parts = [of(&parts[0]), of(&parts[1]), of(&parts[2])];
            Period {
                name: words::period(lang, code),
                code: code.clone(),
                total: parts.iter().sum(),
                parts,
            }
        })
        .collect();
    let most = periods
        .iter()
        .map(|own| own.total)
        .max()
        .unwrap_or(0)
        .max(1);
    let step = PLOT / periods.len().max(1) as f64;
    let width = ((step * 0.78) as i64).clamp(1, 44);
    let base = TOP + 16 + HEIGHT as i64;
    let (mut boxes, mut sums) = (Vec::new(), Vec::new());
    for (at, own) in periods.iter().enumerate() {
        let x = (LEFT + at as f64 * step) as i64;
        let mut y = base;
        for (n, (_, class)) in own.parts.iter().zip(PARTS) {
            let height = (*n as f64 / most as f64 * HEIGHT).round() as i64;
            y -= height;
            boxes.push(Rect {
                class,
                x,
                y,
                width,
                height,
            });
        }
        if periods.len() <= MOST_SUMS && own.total > 0 {
            sums.push(Label {
                x: x + width / 2,
                y: y - 3,
                text: words::number(lang, own.total),
            });
        }
    }
    let end = |own: Option<&Period>| own.map(|own| own.name.clone()).unwrap_or_default();
    Columns {
        boxes,
        sums,
        ends: (end(periods.first()), end(periods.last())),
        keys: keys(lang),
        base,
        height: base + 18,
        periods,
    }
}

fn keys(lang: Lang) -> Vec<(Rect, Label)> {
    // The words are short enough for two on a line, measured by letters of about 6 units.
    let mut x = LEFT as i64;
    let key = |(figure, class): (Figure, &'static str)| {
        let text =
            crate::console::words::text(lang, &format!("statistic-key-{}", figure.name()), &[]);
        let own = (
            Rect {
                class,
                x,
                y: 2,
                width: 10,
                height: 10,
            },
            Label {
                x: x + 14,
                y: 11,
                text,
            },
        );
        x += 26 + own.1.text.chars().count() as i64 * 6;
        own
    };
    PARTS.into_iter().map(key).collect()
}

/// One horizontal bar with its word above it.
pub struct Bar {
    /// Code, for its records.
    pub code: String,
    /// As people read it.
    pub name: String,
    /// The number.
    pub n: String,
    /// Top of the row.
    pub y: i64,
    /// Length.
    pub width: i64,
}

/// A chart of bars, the longest first.
pub struct Bars {
    /// Bars.
    pub bars: Vec<Bar>,
    /// Height of the drawing.
    pub height: i64,
    /// Rows that only the table has.
    pub more: usize,
}

/// A breakdown as bars.
pub fn bars(lang: Lang, by: Dimension, rows: &[Count]) -> Bars {
    let most = rows.iter().map(|row| row.n).max().unwrap_or(0).max(1);
    let bar = |(at, row): (i64, &Count)| Bar {
        name: words::code(lang, by, &row.code, &[]),
        n: words::number(lang, row.n),
        y: at * ROW,
        // The number stands after its bar: room for it is left.
        width: (row.n as f64 / most as f64 * (PLOT - 56.0))
            .round()
            .max(1.0) as i64,
        code: row.code.clone(),
    };
    let shown = rows.len().min(MOST_ROWS);
    Bars {
        bars: (0..).zip(&rows[..shown]).map(bar).collect(),
        height: shown as i64 * ROW,
        more: rows.len() - shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tapal_domain::{
        crossing::{Detection, Outcome},
        id::SiteId,
        site::Direction,
    };

    fn cell(period: &str, outcome: Outcome, citizen: bool, n: u64) -> Cell {
        Cell {
            site: SiteId(uuid::Uuid::from_u128(1)),
            period: period.into(),
            direction: Direction::Departure,
            outcome,
            ground: None,
            detection: Detection::None,
            citizen,
            nationality: "MYS".into(),
            n,
        }
    }

    #[test]
    fn columns_stack_to_their_sum_and_stay_in_the_drawing() {
        let cells = [
            cell("2026-01", Outcome::RefusedEntry, false, 30),
            cell("2026-01", Outcome::DeferredDeparture, true, 50),
            cell("2026-01", Outcome::DeferredDeparture, false, 20),
            cell("2026-03", Outcome::RefusedEntry, false, 7),
            cell("2026-03", Outcome::Entered, false, 70_000),
        ];
        let all: Vec<String> = ["2026-01", "2026-02", "2026-03"]
            .map(str::to_owned)
            .to_vec();
        let chart = columns(Lang::En, &cells, &all);
        let totals: Vec<u64> = chart.periods.iter().map(|own| own.total).collect();
        assert_eq!(
            totals,
            [100, 0, 7],
            "a month without records has its column"
        );
        assert_eq!(chart.periods[0].parts, [30, 20, 50]);
        assert_eq!(chart.sums.len(), 2);
        for own in &chart.boxes {
            assert!(own.y >= TOP && own.y + own.height <= chart.base);
            assert!(own.x >= 0 && own.x + own.width <= WIDTH);
        }
        assert!(
            chart
                .keys
                .iter()
                .all(|(_, label)| label.x + label.text.len() as i64 * 6 <= WIDTH)
        );
        assert_eq!(chart.ends, ("Jan 2026".into(), "Mar 2026".into()));
    }

    #[test]
    fn bars_are_in_proportion_and_the_rest_is_counted() {
        let rows: Vec<Count> = (0..20)
            .map(|n| Count {
                code: format!("C{n}"),
                n: 200 - n * 10,
            })
            .collect();
        let chart = bars(Lang::En, Dimension::Nationality, &rows);
        assert_eq!((chart.bars.len(), chart.more), (12, 8));
        assert!(chart.bars.iter().all(|bar| bar.width <= 296));
        assert_eq!(chart.bars[0].width, 2 * chart.bars[10].width);
    }
}
