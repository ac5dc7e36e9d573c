//! The ledger counted, the records behind a count, and reports as they were made. A count and its records are read by
//! one condition, so that they cannot differ. Must not count a record twice that was corrected, nor keep a figure.

use serde::Serialize;
use tapal_domain::{
    crossing::{Detection, Outcome},
    day::Day,
    id::SiteId,
    site::Direction,
    statistic::{Cell, Cut, Month, Report},
    time::UtcMs,
};

use crate::{
    audit::{By, Note},
    crossing::{Crossing, columns, crossing},
    db::{Db, Row, Value, args, from_json, to_json, to_name},
    error::Result,
    vault::hex,
};

/// Which records. `None` is no condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// First day of the checkpoint's calendar.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// Checkpoint.
    pub site: Option<SiteId>,
    /// Which way.
    pub direction: Option<Direction>,
    /// ICAO code.
    pub nationality: Option<String>,
    /// Citizens or foreigners.
    pub citizen: Option<bool>,
    /// What was decided.
    pub outcome: Option<Outcome>,
    /// Code of the rule pack, or [`tapal_domain::statistic::NO_REASON`].
    pub reason: Option<String>,
    /// What brought it up.
    pub detection: Option<Detection>,
}

impl Filter {
    /// Everything of a period.
    pub fn period(from: Day, to: Day) -> Self {
        Self {
            from,
            to,
            site: None,
            direction: None,
            nationality: None,
            citizen: None,
            outcome: None,
            reason: None,
            detection: None,
        }
    }
}

/// How finely a period is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// By day.
    Day,
    /// By month.
    Month,
}

/// The records a filter and a cut mean: [`args_of`] fills it.
macro_rules! condition {
    () => {
        "c.day >= $1 AND c.day <= $2 AND c.recorded_at <= $3 AND c.seq <= $4 AND c.outcome <> 'void' \
         AND ($5 IS NULL OR c.site = $5) AND ($6 IS NULL OR c.direction = $6) AND ($7 IS NULL OR c.nationality = $7) \
         AND ($8 IS NULL OR c.citizen = $8) AND ($9 IS NULL OR c.outcome = $9) \
         AND ($10 IS NULL OR COALESCE(c.ground, 'none') = $10) AND ($11 IS NULL OR c.detection = $11) \
         AND NOT EXISTS (SELECT 1 FROM crossing k WHERE k.corrects = c.id AND k.recorded_at <= $3 AND k.seq <= $4)"
    };
}

/// Counts in the order of the index `crossing_statistic`.
macro_rules! by_day {
    () => {
        concat!(
            "SELECT c.day AS period, c.site, c.direction, c.outcome, c.ground, c.detection, c.citizen, c.nationality, COUNT(*) AS n \
             FROM crossing c WHERE ",
            condition!(),
            " GROUP BY c.day, c.site, c.direction, c.outcome, c.ground, c.detection, c.citizen, c.nationality"
        )
    };
}

fn args_of(filter: &Filter, cut: Cut) -> Result<Vec<Value>> {
    let direction = filter.direction.as_ref().map(to_name).transpose()?;
    Ok(args![
        filter.from,
        filter.to,
        cut.as_of,
        cut.seq,
        filter.site,
        direction,
        filter.nationality.clone(),
        filter.citizen,
        filter.outcome.map(Outcome::name),
        filter.reason.clone(),
        filter.detection.map(Detection::name)
    ])
}

/// The ledger as of an instant, as far as it goes now.
pub async fn cut(db: &Db, as_of: UtcMs) -> Result<Cut> {
    let row = db
        .one("SELECT COALESCE(MAX(seq), 0) AS seq FROM crossing", args![])
        .await?;
    Ok(Cut {
        as_of,
        seq: row.int("seq")?,
    })
}

/// The records counted.
pub async fn cells(db: &Db, filter: &Filter, cut: Cut, grain: Grain) -> Result<Vec<Cell>> {
    let values = args_of(filter, cut)?;
    let rows = match grain {
        Grain::Day => db.all(by_day!(), values).await?,
        Grain::Month => {
            let sql = concat!(
                "SELECT substr(period, 1, 7) AS period, site, direction, outcome, ground, detection, citizen, nationality, \
                 CAST(SUM(n) AS BIGINT) AS n FROM (",
                by_day!(),
                ") d GROUP BY substr(period, 1, 7), site, direction, outcome, ground, detection, citizen, nationality"
            );
            db.all(sql, values).await?
        }
    };
    rows.iter().map(cell).collect()
}

fn cell(row: &Row) -> Result<Cell> {
    Ok(Cell {
        site: row.id("site")?,
        period: row.text("period")?,
        direction: row.name("direction")?,
        outcome: row.name("outcome")?,
        ground: row.opt_text("ground")?,
        detection: row.name("detection")?,
        citizen: row.flag("citizen")?,
        nationality: row.text("nationality")?,
        n: row.int("n")?.unsigned_abs(),
    })
}

/// The records behind a count, the last day first, at most `most`; below the record with place `before`, if given.
pub async fn records(
    db: &Db,
    filter: &Filter,
    cut: Cut,
    before: Option<i64>,
    most: i64,
) -> Result<Vec<Crossing>> {
    let sql = columns!(concat!(
        "WHERE ",
        condition!(),
        " AND ($12 IS NULL OR (c.day, c.seq) < (SELECT b.day, b.seq FROM crossing b WHERE b.seq = $12)) \
         ORDER BY c.day DESC, c.seq DESC LIMIT $13"
    ));
    let mut values = args_of(filter, cut)?;
    values.extend(args![before, most]);
    let rows = db.all(sql, values).await?;
    rows.iter().map(crossing).collect()
}

/// A report as it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it says.
    pub report: Report,
    /// Fingerprint of its text.
    pub hash: Vec<u8>,
    /// When it was made.
    pub made_at: UtcMs,
}

/// A line of the list of reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = StatisticReportLine))]
pub struct ReportLine {
    /// Which month.
    pub month: Month,
    /// How far the ledger was read.
    pub cut: Cut,
    /// Version of the definitions.
    pub definitions: i64,
    /// Fingerprint, hex.
    pub hash: String,
    /// When it was made.
    pub made_at: UtcMs,
}

/// Keeps the report of a month with its audit row; `false` when there is one already.
pub async fn keep(db: &Db, now: UtcMs, report: &Report) -> Result<bool> {
    let text = to_json(report)?;
    let hash = Report::hash(&text);
    let month = report.month.to_string();
    let mut tx = db.begin(now).await?;
    let sql = "INSERT INTO statistic_report (month, as_of, seq, definitions, content, hash, made_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (month) DO NOTHING";
    let values = args![
        &month,
        report.cut.as_of,
        report.cut.seq,
        report.definitions,
        text,
        hash.to_vec(),
        now
    ];
    if tx.run(sql, values).await? == 0 {
        return Ok(false);
    }
    let detail = serde_json::json!({ "hash": hex(&hash), "seq": report.cut.seq, "definitions": report.definitions });
    tx.commit(Note::new(By::Clock, "statistic.report_made", "report", month).with(detail))
        .await?;
    Ok(true)
}

/// The report of a month.
pub async fn report(db: &Db, month: Month) -> Result<Kept> {
    let sql = "SELECT content, hash, made_at FROM statistic_report WHERE month = $1";
    let row = db.one(sql, args![month.to_string()]).await?;
    Ok(Kept {
        report: from_json(&row.text("content")?)?,
        hash: row.blob("hash")?,
        made_at: row.at("made_at")?,
    })
}

/// All reports, the last month first.
pub async fn reports(db: &Db) -> Result<Vec<ReportLine>> {
    let sql = "SELECT month, as_of, seq, definitions, hash, made_at FROM statistic_report ORDER BY month DESC";
    let rows = db.all(sql, args![]).await?;
    let line = |row: &Row| {
        Ok(ReportLine {
            month: row.id("month")?,
            cut: Cut {
                as_of: row.at("as_of")?,
                seq: row.int("seq")?,
            },
            definitions: row.int("definitions")?,
            hash: hex(&row.blob("hash")?),
            made_at: row.at("made_at")?,
        })
    };
    rows.iter().map(line).collect()
}

/// The report of a month put together anew from the ledger as far as `cut`.
pub async fn compute(db: &Db, month: Month, cut: Cut) -> Result<Report> {
    let filter = Filter::period(month.first_day(), month.last_day());
    let cells = cells(db, &filter, cut, Grain::Day).await?;
    Ok(Report::of(month, cut, &cells))
}

/// The fingerprint a report has as text.
pub fn fingerprint(report: &Report) -> Result<Vec<u8>> {
    Ok(Report::hash(&to_json(report)?).to_vec())
}

/// The month whose report is to be made next: after the last one made, or the first of the ledger. `None` for an empty
/// ledger.
pub async fn next_month(db: &Db) -> Result<Option<Month>> {
    let last = db
        .first(
            "SELECT month FROM statistic_report ORDER BY month DESC LIMIT 1",
            args![],
        )
        .await?;
    if let Some(row) = last {
        return Ok(Some(row.id::<Month>("month")?.next()));
    }
    let first = db
        .first("SELECT day FROM crossing ORDER BY day LIMIT 1", args![])
        .await?;
    first.map(|row| Ok(Month::of(row.day("day")?))).transpose()
}

#[cfg(test)]
mod tests;
