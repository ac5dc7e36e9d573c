//! Figures as a PDF: what they count, how far the ledger was read, every table. Must not write another number than the
//! other forms do.

use tapal_domain::day::Day;

use super::{
    table::{Edition, Table, Tables},
    words,
};
use crate::{
    console::{Lang, when::Zone, words::text},
    error::{ApiError, ApiResult},
    pdf::{self, Block, Letter, Part},
};

/// Period, cut and definitions, as terms and values.
pub fn facts(tables: &Tables) -> Vec<(String, String)> {
    let t = |key: &str| text(tables.lang, key, &[]);
    let zone = Zone(super::HEAD_OFFICE);
    let edition = match tables.edition {
        Edition::Inside => t("statistic-edition-inside"),
        Edition::Public(below) => text(
            tables.lang,
            "statistic-edition-public",
            &[("below", &below)],
        ),
    };
    vec![
        (
            t("statistic-period"),
            format!("{} – {}", tables.period.0, tables.period.1),
        ),
        (
            t("statistic-as-of"),
            zone.full(tables.lang, tables.cut.as_of),
        ),
        (
            t("statistic-place"),
            words::number(tables.lang, tables.cut.seq.unsigned_abs()),
        ),
        (t("statistic-definitions"), tables.definitions.to_string()),
        (t("statistic-edition"), edition),
    ]
}

fn rows(tables: &Tables, table: &Table) -> Block {
    let total = text(tables.lang, "statistic-total", &[]);
    let row = |row: &super::table::Row| {
        let numbers = row.numbers.iter().map(|value| tables.shown(*value));
        let heads = table.columns.iter().map(|(_, name)| name.as_str());
        let heads: Vec<&str> = heads.chain([total.as_str()]).collect();
        let words: Vec<String> = match table.columns.is_empty() {
            true => numbers.collect(),
            // A zero is left out: most of a table of two dimensions is zero.
            false => heads
                .iter()
                .zip(numbers)
                .filter(|(_, number)| number != "0")
                .map(|(head, number)| format!("{head} {number}"))
                .collect(),
        };
        (row.name.clone(), words.join(" · "))
    };
    let mut all: Vec<(String, String)> = table.rows.iter().map(row).collect();
    all.push((total.clone(), words::number(tables.lang, table.total)));
    Block::Facts(all)
}

/// The part of a letter in one language.
pub fn part(tables: &Tables) -> Part {
    let lang = tables.lang;
    let mut blocks = vec![
        Block::Heading(1, tables.title.clone()),
        Block::Facts(facts(tables)),
        Block::Heading(2, text(lang, "statistic-figures", &[])),
    ];
    let figure = |(figure, n): &(tapal_domain::statistic::Figure, u64)| {
        let means = words::means(lang, *figure);
        let value = format!("{} · {means}", words::number(lang, *n));
        (words::figure(lang, *figure), value)
    };
    blocks.push(Block::Facts(tables.figures.iter().map(figure).collect()));
    for table in &tables.tables {
        blocks.push(Block::Heading(2, tables.heading(table)));
        blocks.push(rows(tables, table));
    }
    blocks.push(Block::Small(text(lang, "statistic-source", &[])));
    Part {
        language: match lang {
            Lang::Id => "id",
            Lang::En => "en",
        },
        blocks,
    }
}

/// The PDF, a part a language.
pub fn set(all: &[Tables]) -> ApiResult<Vec<u8>> {
    let Some(first) = all.first() else {
        return Err(ApiError::internal("a letter without a language"));
    };
    let mut parts: Vec<Part> = all.iter().map(part).collect();
    for part in parts.iter_mut().skip(1) {
        part.blocks.insert(0, Block::NewPage);
    }
    let letter = Letter {
        title: first.title.clone(),
        parts,
        foot: text(first.lang, "statistic-foot", &[("place", &first.cut.seq)]),
        made_on: Day::at(first.cut.as_of, super::HEAD_OFFICE).parts(),
    };
    pdf::set(&letter).map_err(|error| match error {
        pdf::Unset::Letters => ApiError::invalid("letters_missing", error.to_string()),
        pdf::Unset::Library(_) => ApiError::internal(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistic::table::{Row, shown};
    use tapal_domain::{
        statistic::{Cut, Dimension, Figure, Shown},
        time::UtcMs,
    };

    fn tables(lang: Lang, edition: Edition) -> Tables {
        let row = |code: &str, numbers: Vec<Shown>| Row {
            code: code.into(),
            name: code.into(),
            numbers,
        };
        let crossed = Table {
            figure: Figure::RefusedEntries,
            by: vec![Dimension::Nationality, Dimension::Reason],
            columns: vec![("a".into(), "A".into()), ("b".into(), "B".into())],
            rows: vec![
                row(
                    "MYS",
                    vec![Shown::Exact(1_200), Shown::Few, Shown::Exact(1_203)],
                ),
                row(
                    "CHN",
                    vec![Shown::Withheld, Shown::Exact(0), Shown::Exact(19)],
                ),
            ],
            total: 1_222,
        };
        Tables {
            title: "Title".into(),
            period: ("2026-03-01".into(), "2026-03-31".into()),
            cut: Cut {
                as_of: UtcMs(1_800_000_000_000),
                seq: 7_402,
            },
            definitions: 1,
            figures: vec![(Figure::RefusedEntries, 1_222)],
            tables: vec![crossed],
            lang,
            edition,
        }
    }

    #[test]
    fn the_letter_says_the_numbers_of_the_tables_and_how_far_the_ledger_was_read() {
        let own = tables(Lang::En, Edition::Public(5));
        let text = format!("{:?}", part(&own).blocks);
        for words in [
            "1,222 · Records that hold",
            "A 1,200 · B <5 · Total 1,203",
            "A withheld · Total 19",
            "7,402",
            "below 5 are hidden",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert_eq!(shown(Lang::Id, Shown::Exact(1_222), 0), "1.222");
        let both = [
            tables(Lang::Id, Edition::Inside),
            tables(Lang::En, Edition::Inside),
        ];
        assert!(set(&both).unwrap().starts_with(b"%PDF"));
    }
}
