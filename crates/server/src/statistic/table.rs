//! Figures as tables, once for every form they go out in: page, CSV, XLSX and PDF show the same number because they have
//! it from here. Must not count, nor let the edition for the public hold a number that is not.

use tapal_domain::statistic::{
    Breakdown, Count, Cross, Cut, Dimension, Figure, Report, Shown, folded, masked,
};
use tapal_store::site::Site;

use super::words;
use crate::console::{Lang, words::text};

/// Whom an edition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// Every number exact.
    Inside,
    /// Small counts by nationality and reason are hidden: those below this number.
    Public(u64),
}

/// One table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Which figure.
    pub figure: Figure,
    /// By what; two for a table with columns.
    pub by: Vec<Dimension>,
    /// Codes and names of the columns; empty for a table of one number a row.
    pub columns: Vec<(String, String)>,
    /// Rows: code, name, numbers; the last number is the sum of the row.
    pub rows: Vec<Row>,
    /// The figure.
    pub total: u64,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Code.
    pub code: String,
    /// As people read it.
    pub name: String,
    /// One a column, or one.
    pub numbers: Vec<Shown>,
}

/// Everything of one document.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Its title.
    pub title: String,
    /// First and last day.
    pub period: (String, String),
    /// How far the ledger was read.
    pub cut: Cut,
    /// Version of the definitions.
    pub definitions: u32,
    /// Figures with name, value and meaning.
    pub figures: Vec<(Figure, u64)>,
    /// The tables.
    pub tables: Vec<Table>,
    /// Its language.
    pub lang: Lang,
    /// Whom it is for.
    pub edition: Edition,
}

/// A number as it is written; `None` is left out.
pub fn shown(lang: Lang, value: Shown, below: u64) -> String {
    match value {
        Shown::Exact(n) => words::number(lang, n),
        Shown::Few => format!("<{below}"),
        Shown::Withheld => text(lang, "statistic-withheld", &[]),
    }
}

impl Edition {
    /// From which number on a count is published.
    pub fn below(self) -> u64 {
        match self {
            Self::Inside => 0,
            Self::Public(below) => below,
        }
    }
}

fn simple(
    lang: Lang,
    sites: &[Site],
    figure: Figure,
    by: Dimension,
    rows: &[Count],
    total: u64,
) -> Table {
    let row = |count: &Count| Row {
        name: words::code(lang, by, &count.code, sites),
        numbers: vec![Shown::Exact(count.n)],
        code: count.code.clone(),
    };
    Table {
        figure,
        by: vec![by],
        columns: Vec::new(),
        rows: rows.iter().map(row).collect(),
        total,
    }
}

/// A breakdown as a table.
pub fn breakdown(lang: Lang, sites: &[Site], own: &Breakdown) -> Table {
    simple(lang, sites, own.figure, own.by, &own.rows, own.total)
}

fn crossed(lang: Lang, figure: Figure, cross: &Cross, edition: Edition) -> Table {
    let masked = masked(cross, edition.below());
    let row = |(at, own): (usize, &tapal_domain::statistic::CrossRow)| {
        let mut numbers = masked[at].clone();
        numbers.push(Shown::Exact(own.total));
        Row {
            code: own.code.clone(),
            name: words::code(lang, Dimension::Nationality, &own.code, &[]),
            numbers,
        }
    };
    let column = |head: &Count| {
        let name = words::code(lang, Dimension::Reason, &head.code, &[]);
        (head.code.clone(), name)
    };
    Table {
        figure,
        by: vec![Dimension::Nationality, Dimension::Reason],
        columns: cross.columns.iter().map(column).collect(),
        rows: cross.rows.iter().enumerate().map(row).collect(),
        total: cross.total,
    }
}

/// What the public reads of a breakdown: the two headlines every way, entries and exits by place and time, of the rest
/// the figure only.
fn is_public(own: &Breakdown) -> bool {
    let by_people = matches!(own.by, Dimension::Nationality | Dimension::Reason);
    match own.figure {
        Figure::RefusedEntries | Figure::DeferredDepartures => !by_people,
        Figure::Entries | Figure::Departures => {
            matches!(own.by, Dimension::Checkpoint | Dimension::Period)
        }
        _ => false,
    }
}

/// Breakdowns that say something: a figure is not split by what it is defined by.
fn says_something(own: &Breakdown) -> bool {
    let fixed = match own.by {
        Dimension::Outcome => own.figure.outcome().is_some(),
        Dimension::Citizenship => {
            own.figure.citizen().is_some() || own.figure == Figure::RefusedEntries
        }
        Dimension::Direction => !matches!(own.figure, Figure::HandedOver | Figure::Crossings),
        Dimension::Reason => matches!(own.figure, Figure::Entries | Figure::Departures),
        _ => false,
    };
    !fixed && !own.rows.is_empty()
}

/// Tables of a period, inside.
pub fn of_period(
    lang: Lang,
    sites: &[Site],
    (title, period, cut): (String, (String, String), Cut),
    figures: Vec<(Figure, u64)>,
    breakdowns: &[Breakdown],
) -> Tables {
    let own = breakdowns.iter().filter(|own| says_something(own));
    Tables {
        title,
        period,
        cut,
        definitions: tapal_domain::statistic::DEFINITIONS,
        figures,
        tables: own.map(|own| breakdown(lang, sites, own)).collect(),
        lang,
        edition: Edition::Inside,
    }
}

/// Tables of a month's report.
pub fn of_report(lang: Lang, sites: &[Site], report: &Report, edition: Edition) -> Tables {
    let crosses = [
        (Figure::RefusedEntries, &report.refused),
        (Figure::DeferredDepartures, &report.deferred),
    ];
    let own = report.breakdowns.iter().filter(|own| says_something(own));
    let own = own.filter(|own| edition == Edition::Inside || is_public(own));
    let mut tables: Vec<Table> = own.map(|own| breakdown(lang, sites, own)).collect();
    for (figure, whole) in crosses {
        if whole.rows.is_empty() {
            continue;
        }
        let cross = match edition {
            Edition::Inside => whole.clone(),
            Edition::Public(below) => folded(whole, below),
        };
        if edition != Edition::Inside {
            // The margins of the table below, so that no number is exact here and hidden there.
            let rows: Vec<Count> = cross
                .rows
                .iter()
                .map(|row| Count {
                    code: row.code.clone(),
                    n: row.total,
                })
                .collect();
            tables.push(simple(
                lang,
                sites,
                figure,
                Dimension::Nationality,
                &rows,
                whole.total,
            ));
            tables.push(simple(
                lang,
                sites,
                figure,
                Dimension::Reason,
                &cross.columns,
                whole.total,
            ));
        }
        tables.push(crossed(lang, figure, &cross, edition));
    }
    tables.sort_by_key(|table| table.figure);
    let month = words::period(lang, &report.month.to_string());
    Tables {
        title: text(lang, "statistic-report-title", &[("month", &month)]),
        period: (report.from.to_string(), report.to.to_string()),
        cut: report.cut,
        definitions: report.definitions,
        figures: Figure::ALL
            .iter()
            .map(|figure| (*figure, report.figure(*figure)))
            .collect(),
        tables,
        lang,
        edition,
    }
}

impl Tables {
    /// A number as this document writes it.
    pub fn shown(&self, value: Shown) -> String {
        shown(self.lang, value, self.edition.below())
    }

    /// The heading of a table.
    pub fn heading(&self, table: &Table) -> String {
        let by: Vec<String> = table
            .by
            .iter()
            .map(|by| words::dimension(self.lang, *by))
            .collect();
        format!(
            "{} · {}",
            words::figure(self.lang, table.figure),
            by.join(" × ")
        )
    }
}
