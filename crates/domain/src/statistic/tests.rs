//! What a figure counts, that its parts sum to it, and what the public may not work out.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn cell(outcome: Outcome, nationality: &str, ground: Option<&str>, n: u64) -> Cell {
    Cell {
        site: SiteId(Uuid::from_u128(1)),
        period: "2026-03-01".into(),
        direction: match outcome {
            Outcome::Entered | Outcome::RefusedEntry => Direction::Arrival,
            _ => Direction::Departure,
        },
        outcome,
        ground: ground.map(str::to_owned),
        detection: Detection::Officer,
        citizen: nationality == "IDN",
        nationality: nationality.into(),
        n,
    }
}

#[test]
fn each_figure_counts_its_records_and_no_others() {
    use Outcome::*;
    let cells = [
        cell(Entered, "MYS", None, 1),
        cell(Departed, "IDN", None, 2),
        cell(RefusedEntry, "MYS", Some("no_visa"), 4),
        cell(DeferredDeparture, "MYS", Some("on_exit_ban_list"), 8),
        cell(DeferredDeparture, "IDN", Some("on_exit_ban_list"), 16),
        cell(HandedOver, "IDN", None, 32),
        cell(Void, "IDN", None, 64),
    ];
    for (figure, expect) in [
        (Figure::RefusedEntries, 4),
        (Figure::DeferredDepartures, 24),
        (Figure::DeferredForeigners, 8),
        (Figure::DeferredCitizens, 16),
        (Figure::HandedOver, 32),
        (Figure::Entries, 1),
        (Figure::Departures, 2),
        (Figure::Crossings, 63),
    ] {
        assert_eq!(total(&cells, figure), expect, "{figure:?}");
    }
    let reasons = split(&cells, Figure::Crossings, Dimension::Reason);
    let codes: Vec<_> = reasons
        .iter()
        .map(|row| (row.code.as_str(), row.n))
        .collect();
    assert_eq!(
        codes,
        [("none", 35), ("on_exit_ban_list", 24), ("no_visa", 4)],
        "the most frequent first"
    );
}

#[test]
fn a_month_is_that_of_the_calendar_and_is_reported_when_late_records_are_in() {
    let month = |text: &str| text.parse::<Month>().unwrap();
    for (text, first, last) in [
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026-12", "2026-12-01", "2026-12-31"),
    ] {
        let own = month(text);
        assert_eq!(
            (own.first_day().to_string(), own.last_day().to_string()),
            (first.into(), last.into())
        );
        assert_eq!(Month::of(own.last_day()), own);
        assert_eq!(own.to_string(), text);
    }
    assert_eq!(month("2026-12").next(), month("2027-01"));
    for bad in ["2026-13", "2026", "2026-1", "", "2026-11-01"] {
        assert!(bad.parse::<Month>().is_err(), "{bad}");
    }
    // March ends last where clocks are 7 hours ahead: 2026-03-31T17:00Z; 72 hours on it is due.
    let ends = "2026-04-01".parse::<crate::day::Day>().unwrap().starts(420);
    assert_eq!(
        month("2026-03").due_at(420).since_ms(ends),
        72 * crate::time::HOUR_MS
    );
}

#[test]
fn the_same_cells_and_cut_give_the_same_report() {
    let mut cells = vec![
        cell(Outcome::RefusedEntry, "MYS", Some("no_visa"), 7),
        cell(Outcome::RefusedEntry, "CHN", Some("no_visa"), 7),
        cell(
            Outcome::DeferredDeparture,
            "IDN",
            Some("on_exit_ban_list"),
            3,
        ),
    ];
    let cut = Cut {
        as_of: UtcMs(5),
        seq: 17,
    };
    let text = |cells: &[Cell]| {
        let report = Report::of("2026-03".parse().unwrap(), cut, cells);
        serde_json::to_string(&report).unwrap()
    };
    let first = text(&cells);
    cells.reverse();
    assert_eq!(
        text(&cells),
        first,
        "the order of reading makes no difference"
    );
    assert_eq!(
        serde_json::from_str::<Report>(&first)
            .unwrap()
            .figure(Figure::RefusedEntries),
        14
    );
    cells[0].n += 1;
    assert_ne!(Report::hash(&text(&cells)), Report::hash(&first));
}

#[test]
fn a_small_number_is_hidden_and_cannot_be_worked_out() {
    let cells = [
        cell(Outcome::RefusedEntry, "MYS", Some("no_visa"), 40),
        cell(Outcome::RefusedEntry, "MYS", Some("no_means"), 2),
        cell(Outcome::RefusedEntry, "CHN", Some("no_visa"), 30),
        cell(Outcome::RefusedEntry, "CHN", Some("no_means"), 20),
        cell(Outcome::RefusedEntry, "NLD", Some("no_visa"), 1),
        cell(Outcome::RefusedEntry, "BEL", Some("no_visa"), 3),
    ];
    let whole = cross(
        &cells,
        Figure::RefusedEntries,
        Dimension::Nationality,
        Dimension::Reason,
    );
    assert_eq!(whole.total, 96);
    let public = folded(&whole, 5);
    let rows: Vec<_> = public
        .rows
        .iter()
        .map(|row| (row.code.as_str(), row.total))
        .collect();
    // One and three are too few even together: the next joins them.
    assert_eq!(rows, [("CHN", 50), (OTHER, 46)]);
    let public = folded(&whole, 4);
    let rows: Vec<_> = public
        .rows
        .iter()
        .map(|row| (row.code.as_str(), row.total))
        .collect();
    assert_eq!(rows, [("CHN", 50), ("MYS", 42), (OTHER, 4)]);
    let shown = masked(&public, 4);
    assert_eq!(shown[1][1], Shown::Few, "two of Malaysia");
    assert_eq!(shown[1][0], Shown::Withheld, "or 42 less 40 would tell");
    assert_eq!(
        shown[0],
        [Shown::Withheld, Shown::Withheld],
        "and so in each column"
    );
}

const GROUNDS: [&str; 4] = ["a", "b", "c", "d"];
const PEOPLE: [&str; 5] = ["IDN", "MYS", "CHN", "NLD", "AUS"];

prop_compose! {
    fn some_cell()(outcome in prop::sample::select(Outcome::ALL), people in 0usize..5, ground in prop::option::of(0usize..4), day in 1u8..4, site in 1u128..4, n in 0u64..12) -> Cell {
        let mut own = cell(outcome, PEOPLE[people], ground.map(|at| GROUNDS[at]), n);
        own.period = format!("2026-03-0{day}");
        own.site = SiteId(Uuid::from_u128(site));
        own
    }
}

proptest! {
    #[test]
    fn parts_sum_to_the_figure_along_every_dimension(cells in prop::collection::vec(some_cell(), 0..40)) {
        for figure in Figure::ALL.iter().copied() {
            for by in Dimension::ALL.iter().copied() {
                let sum: u64 = split(&cells, figure, by).iter().map(|row| row.n).sum();
                prop_assert_eq!(sum, total(&cells, figure));
            }
            let table = cross(&cells, figure, Dimension::Nationality, Dimension::Reason);
            for (at, head) in table.columns.iter().enumerate() {
                prop_assert_eq!(table.rows.iter().map(|row| row.cells[at]).sum::<u64>(), head.n);
            }
            prop_assert!(table.rows.iter().all(|row| row.cells.iter().sum::<u64>() == row.total));
            prop_assert_eq!(table.total, total(&cells, figure));
        }
        let parts = total(&cells, Figure::DeferredForeigners) + total(&cells, Figure::DeferredCitizens);
        prop_assert_eq!(parts, total(&cells, Figure::DeferredDepartures));
    }

    #[test]
    fn nothing_small_is_published_or_left_over(cells in prop::collection::vec(some_cell(), 1..60), below in 2u64..8) {
        let whole = cross(&cells, Figure::Crossings, Dimension::Nationality, Dimension::Reason);
        let public = folded(&whole, below);
        prop_assert_eq!(public.total, whole.total);
        prop_assert!(public.rows.len() == 1 || public.rows.iter().all(|row| row.total == 0 || row.total >= below));
        prop_assert!(public.columns.len() == 1 || public.columns.iter().all(|head| head.n == 0 || head.n >= below));
        let shown = masked(&public, below);
        let lines = (0..public.rows.len()).map(|row| (0..public.columns.len()).map(|at| (row, at)).collect::<Vec<_>>())
            .chain((0..public.columns.len()).map(|at| (0..public.rows.len()).map(|row| (row, at)).collect()));
        for line in lines {
            let number = |(row, at): (usize, usize)| public.rows[row].cells[at];
            let (open, hidden): (Vec<_>, Vec<_>) = line.into_iter().partition(|(row, at)| matches!(shown[*row][*at], Shown::Exact(_)));
            prop_assert!(open.iter().all(|at| number(*at) == 0 || number(*at) >= below));
            let sum: u64 = hidden.iter().map(|at| number(*at)).sum();
            let all_hidden = open.iter().all(|at| number(*at) == 0);
            prop_assert!(hidden.is_empty() || all_hidden || (hidden.len() > 1 && sum >= below));
        }
    }
}
