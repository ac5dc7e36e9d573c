//! `/statistics`: how many were refused, deferred, let in and out, why, and where the records are. Must not show who.

use askama::Template;
use axum::{extract::State, response::Response};
use tapal_domain::{
    crossing::Detection,
    day::Day,
    role::Permission,
    statistic::{Breakdown, Cell, Dimension, Figure, Month, breakdowns, split, total},
};
use tapal_store::statistic::Grain;

use super::{
    Asked, Wanted,
    chart::{self, Bars, Columns},
    words,
};
use crate::{
    console::{Notice, Shell, Visit, failure, show, visit::show_as, words::text},
    error::ApiResult,
    extract::Params,
    order::page::Choice,
    state::AppState,
};

/// A number with the address of its records; empty for those who may not read them.
pub(crate) struct Number {
    pub text: String,
    pub href: String,
}

struct FigureCard {
    name: String,
    n: Number,
    means: String,
    parts: Vec<(String, Number)>,
}

pub(crate) struct TableRow {
    pub name: String,
    pub numbers: Vec<Number>,
}

pub(crate) struct TableBlock {
    pub id: String,
    pub title: String,
    pub heads: Vec<String>,
    pub rows: Vec<TableRow>,
    pub total: Vec<Number>,
}

struct BarBlock {
    id: String,
    title: String,
    caption: String,
    bars: Bars,
    table: TableBlock,
}

struct Fields {
    from: String,
    to: String,
    as_of: String,
    nationality: String,
    sites: Vec<Choice>,
    directions: Vec<Choice>,
    citizenships: Vec<Choice>,
    detections: Vec<Choice>,
    reasons: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "statistic/page.html")]
struct StatisticsPage {
    shell: Shell,
    notice: Option<Notice>,
    fields: Fields,
    as_of_line: String,
    headlines: Vec<FigureCard>,
    others: Vec<FigureCard>,
    periods: Columns,
    period_table: TableBlock,
    period_caption: String,
    bars: Vec<BarBlock>,
    tables: Vec<TableBlock>,
    files: Vec<(&'static str, String)>,
    is_empty: bool,
}

impl Fields {
    /// Whether a condition beyond the period is set.
    fn narrowed(&self) -> bool {
        let lists = [
            &self.sites,
            &self.directions,
            &self.citizenships,
            &self.detections,
            &self.reasons,
        ];
        let chosen = lists.iter().any(|list| list.iter().any(|one| one.chosen));
        chosen || !self.nationality.is_empty()
    }
}

/// The numbers of one page, with their addresses.
pub(crate) struct Numbers<'a> {
    pub shell: &'a Shell,
    pub asked: &'a Asked,
    pub may_open: bool,
}

impl Numbers<'_> {
    /// A number whose records are those of the question, with these codes instead.
    fn of(&self, n: u64, with: &[(&str, &str)]) -> Number {
        let href = match self.may_open && n > 0 {
            true => format!("/crossings?{}", self.asked.query(with)),
            false => String::new(),
        };
        Number {
            text: self.shell.number(n),
            href,
        }
    }

    /// The fields that narrow a question to a figure.
    fn figure(&self, figure: Figure) -> Vec<(&'static str, String)> {
        let mut with = vec![("figure", figure.name().to_owned())];
        if let Some(outcome) = figure.outcome() {
            with.push(("outcome", outcome.name().to_owned()));
        }
        if let Some(citizen) = figure.citizen() {
            let code = tapal_domain::statistic::citizenship(citizen);
            with.push(("citizenship", code.to_owned()));
        }
        with
    }

    /// The fields that narrow a question to a row of a breakdown.
    fn row(&self, by: Dimension, code: &str) -> Vec<(&'static str, String)> {
        let field = match by {
            Dimension::Reason => "reason",
            Dimension::Nationality => "nationality",
            Dimension::Citizenship => "citizenship",
            Dimension::Direction => "direction",
            Dimension::Checkpoint => "site",
            Dimension::Detection => "detection",
            Dimension::Outcome => "outcome",
            Dimension::Period => return self.period(code),
        };
        vec![(field, code.to_owned())]
    }

    fn period(&self, code: &str) -> Vec<(&'static str, String)> {
        let asked = &self.asked.filter;
        let (first, last) = match (code.parse::<Month>(), code.parse::<Day>()) {
            (Ok(month), _) => (month.first_day(), month.last_day()),
            (_, Ok(day)) => (day, day),
            _ => return Vec::new(),
        };
        vec![
            ("from", first.max(asked.from).to_string()),
            ("to", last.min(asked.to).to_string()),
        ]
    }

    fn narrowed(&self, n: u64, figure: Figure, by: Option<(Dimension, &str)>) -> Number {
        let mut with = self.figure(figure);
        if let Some((by, code)) = by {
            with.extend(self.row(by, code));
        }
        let with: Vec<(&str, &str)> = with.iter().map(|(k, v)| (*k, v.as_str())).collect();
        self.of(n, &with)
    }

    fn table(&self, own: &Breakdown) -> TableBlock {
        let lang = self.shell.lang;
        let row = |count: &tapal_domain::statistic::Count| TableRow {
            name: words::code(lang, own.by, &count.code, &self.asked.sites),
            numbers: vec![self.narrowed(count.n, own.figure, Some((own.by, &count.code)))],
        };
        TableBlock {
            id: format!("{}-{}", own.figure.name(), own.by.name()),
            title: format!(
                "{} · {}",
                words::figure(lang, own.figure),
                words::dimension(lang, own.by)
            ),
            heads: vec![
                words::dimension(lang, own.by),
                self.shell.t("statistic-records"),
            ],
            rows: own.rows.iter().map(row).collect(),
            total: vec![self.narrowed(own.total, own.figure, None)],
        }
    }
}

/// `GET /statistics`.
pub async fn page(
    State(state): State<AppState>,
    visit: Visit,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Response> {
    let shell = visit.shell("statistics");
    let (asked, refused) = match wanted.asked(&state, &visit.session).await {
        Ok(asked) => (asked, None),
        Err(error) if failure::is_mendable(&error) => {
            let usual = Wanted::default().asked(&state, &visit.session).await?;
            let notice = failure::problem(&shell, &error);
            (usual, Some((notice, error.http)))
        }
        Err(error) => return Err(error),
    };
    let cells = asked.cells(&state).await?;
    let status = refused.as_ref().map(|(_, status)| *status);
    let may_open = visit.session.may(Permission::ReadCrossings);
    let page = build(shell, &asked, &cells, may_open, refused.map(|(own, _)| own));
    match status {
        Some(status) => show_as(status, page),
        None => show(page),
    }
}

fn build(
    shell: Shell,
    asked: &Asked,
    cells: &[Cell],
    may_open: bool,
    notice: Option<Notice>,
) -> StatisticsPage {
    let numbers = Numbers {
        shell: &shell,
        asked,
        may_open,
    };
    let card = |figure: Figure, parts: &[Figure]| FigureCard {
        name: words::figure(shell.lang, figure),
        n: numbers.narrowed(total(cells, figure), figure, None),
        means: words::means(shell.lang, figure),
        parts: parts
            .iter()
            .map(|part| {
                let key = format!("statistic-part-{}", part.name());
                (
                    shell.t(&key),
                    numbers.narrowed(total(cells, *part), *part, None),
                )
            })
            .collect(),
    };
    let deferred = [Figure::DeferredForeigners, Figure::DeferredCitizens];
    let headlines = vec![
        card(Figure::RefusedEntries, &[]),
        card(Figure::DeferredDepartures, &deferred),
    ];
    let others = [
        Figure::Entries,
        Figure::Departures,
        Figure::HandedOver,
        Figure::Crossings,
    ];
    let others = others.map(|figure| card(figure, &[])).into();
    let periods = chart::columns(shell.lang, cells, &periods_of(asked));
    let period_table = period_table(&numbers, &periods);
    let refused_and_deferred =
        total(cells, Figure::RefusedEntries) + total(cells, Figure::DeferredDepartures);
    let bars = bars(&numbers, cells);
    let split_by = [
        Dimension::Checkpoint,
        Dimension::Detection,
        Dimension::Citizenship,
        Dimension::Outcome,
        Dimension::Direction,
    ];
    let tables = breakdowns(cells, &split_by);
    let own = tables.iter().filter(|own| is_shown(own));
    let tables = own.map(|own| numbers.table(own)).collect();
    let caption = caption(&shell, asked, refused_and_deferred);
    let files = super::file::Form::ALL.map(|form| {
        let end = form.end();
        (end, format!("/statistics.{end}?{}", asked.query(&[])))
    });
    StatisticsPage {
        notice,
        fields: fields(&shell, asked, cells),
        as_of_line: as_of_line(&shell, asked),
        headlines,
        others,
        period_caption: caption,
        periods,
        period_table,
        bars,
        tables,
        files: files.into(),
        is_empty: total(cells, Figure::Crossings) == 0,
        shell,
    }
}

fn is_shown(own: &Breakdown) -> bool {
    let headline = Figure::HEADLINES.contains(&own.figure);
    match own.by {
        Dimension::Checkpoint => headline || own.figure == Figure::Crossings,
        Dimension::Detection => headline,
        Dimension::Citizenship => own.figure == Figure::DeferredDepartures,
        Dimension::Outcome | Dimension::Direction => own.figure == Figure::Crossings,
        _ => false,
    }
}

/// Every period from the first day to the last, those without records too.
fn periods_of(asked: &Asked) -> Vec<String> {
    let (from, to) = (asked.filter.from, asked.filter.to);
    let mut all = Vec::new();
    match asked.grain {
        Grain::Day => {
            let mut day = Some(from);
            while let Some(own) = day.filter(|own| *own <= to) {
                all.push(own.to_string());
                day = own.plus_days(1);
            }
        }
        Grain::Month => {
            let mut month = Month::of(from);
            while month.first_day() <= to {
                all.push(month.to_string());
                month = month.next();
            }
        }
    }
    all
}

fn caption(shell: &Shell, asked: &Asked, n: u64) -> String {
    let period = shell.days(asked.filter.from, asked.filter.to);
    let values: [(&str, &dyn std::fmt::Display); 3] = [
        ("n", &shell.number(n)),
        ("period", &period),
        ("as_of", &shell.full(&asked.cut.as_of)),
    ];
    text(shell.lang, "statistic-caption", &values)
}

fn as_of_line(shell: &Shell, asked: &Asked) -> String {
    let place = shell.number(asked.cut.seq.unsigned_abs());
    let key = if asked.now {
        "statistic-line-now"
    } else {
        "statistic-line-then"
    };
    shell.t2(
        key,
        ("at", &shell.full(&asked.cut.as_of)),
        ("place", &place),
    )
}

fn period_table(numbers: &Numbers<'_>, chart: &Columns) -> TableBlock {
    let shell = numbers.shell;
    let row = |own: &chart::Period| {
        let part = |(n, (figure, _)): (&u64, (Figure, &str))| {
            numbers.narrowed(*n, figure, Some((Dimension::Period, &own.code)))
        };
        let mut all: Vec<Number> = own.parts.iter().zip(chart::PARTS).map(part).collect();
        all.push(Number {
            text: shell.number(own.total),
            href: String::new(),
        });
        TableRow {
            name: own.name.clone(),
            numbers: all,
        }
    };
    let sum = |at: usize| chart.periods.iter().map(|own| own.parts[at]).sum::<u64>();
    let mut total: Vec<Number> = chart::PARTS
        .iter()
        .enumerate()
        .map(|(at, (figure, _))| numbers.narrowed(sum(at), *figure, None))
        .collect();
    let all: u64 = chart.periods.iter().map(|own| own.total).sum();
    total.push(Number {
        text: shell.number(all),
        href: String::new(),
    });
    let figures = chart::PARTS.map(|(figure, _)| shell.word("statistic-key", figure.name()));
    let mut heads = vec![words::dimension(shell.lang, Dimension::Period)];
    heads.extend(figures);
    heads.push(shell.t("statistic-total"));
    TableBlock {
        id: "periods".into(),
        title: shell.t("statistic-by-period-title"),
        heads,
        rows: chart.periods.iter().map(row).collect(),
        total,
    }
}

fn bars(numbers: &Numbers<'_>, cells: &[Cell]) -> Vec<BarBlock> {
    let shell = numbers.shell;
    let block = |figure: Figure, by: Dimension| {
        let rows = split(cells, figure, by);
        let own = Breakdown {
            figure,
            total: total(cells, figure),
            by,
            rows,
        };
        BarBlock {
            id: format!("chart-{}-{}", figure.name(), by.name()),
            title: format!(
                "{} · {}",
                words::figure(shell.lang, figure),
                words::dimension(shell.lang, by)
            ),
            caption: caption(shell, numbers.asked, own.total),
            bars: chart::bars(shell.lang, by, &own.rows),
            table: numbers.table(&own),
        }
    };
    let both = [Dimension::Reason, Dimension::Nationality];
    let all = both
        .into_iter()
        .flat_map(|by| Figure::HEADLINES.map(|figure| block(figure, by)));
    all.filter(|block| !block.bars.bars.is_empty()).collect()
}

fn fields(shell: &Shell, asked: &Asked, cells: &[Cell]) -> Fields {
    let own = &asked.filter;
    let choice = |code: &str, name: String, chosen: bool| Choice {
        code: code.to_owned(),
        name,
        chosen,
    };
    let site = |site: &tapal_store::site::Site| {
        choice(
            &site.id.to_string(),
            site.name.clone(),
            own.site == Some(site.id),
        )
    };
    let way = |code: &str| {
        let chosen = asked.query(&[]).contains(&format!("direction={code}"));
        choice(code, shell.word("crossing-direction", code), chosen)
    };
    let people = |citizen: bool| {
        let code = tapal_domain::statistic::citizenship(citizen);
        choice(
            code,
            shell.word("statistic", code),
            own.citizen == Some(citizen),
        )
    };
    let detection = |by: &Detection| {
        choice(
            by.name(),
            shell.word("crossing-detection", by.name()),
            own.detection == Some(*by),
        )
    };
    // The reasons there are in the period, and the one asked for.
    let mut reasons: Vec<String> = split(cells, Figure::Crossings, Dimension::Reason)
        .into_iter()
        .map(|row| row.code)
        .collect();
    if let Some(asked) = &own.reason
        && !reasons.contains(asked)
    {
        reasons.push(asked.clone());
    }
    let reason = |code: &String| {
        let name = words::code(shell.lang, Dimension::Reason, code, &[]);
        choice(code, name, own.reason.as_ref() == Some(code))
    };
    Fields {
        from: own.from.to_string(),
        to: own.to.to_string(),
        as_of: match asked.now {
            true => String::new(),
            false => shell.zone.iso_day(asked.cut.as_of),
        },
        nationality: own.nationality.clone().unwrap_or_default(),
        sites: match asked.sites.len() {
            0 | 1 => Vec::new(),
            _ => asked.sites.iter().map(site).collect(),
        },
        directions: ["arrival", "departure"].map(way).into(),
        citizenships: [false, true].map(people).into(),
        detections: Detection::ALL.iter().map(detection).collect(),
        reasons: reasons.iter().map(reason).collect(),
    }
}
