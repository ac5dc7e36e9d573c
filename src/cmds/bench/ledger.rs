//! `tapal bench ledger`: ledgers of invented crossings of one year in SQLite, each ten times the one before; how quickly a
//! desk finds a traveller's stay, how long a monthly report and a year's figures take. Says nothing about a cold disk: the
//! system has the file in memory, as on a centre that is at work.

use std::{path::Path, time::Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;
use tapal_domain::{
    crossing::Outcome,
    day::Day,
    id::{AccountId, SiteId},
    site::SiteKind,
    statistic::{Figure, Month, total},
};
use tapal_names::synthetic::Dice;
use tapal_server::statistic::set_up::{Place, Plan, holder, number};
use tapal_store::{
    By, Db, Vault, crossing, document, site,
    statistic::{self, Filter, Grain},
};
use uuid::Uuid;

use super::search::measure::line_of;
use crate::{centre, clock, progress};

/// Arguments of `tapal bench ledger`.
#[derive(clap::Args)]
pub struct Args {
    /// Crossings of the largest ledger; the others have a tenth and a hundredth.
    #[arg(long, default_value_t = 1_000_000)]
    n: u64,
    /// Questions of each kind.
    #[arg(long, default_value_t = 2_000)]
    queries: usize,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    processor: String,
    cores_allowed: String,
    load_before: String,
    load_after: String,
    made_at_ms: i64,
    shape: &'static str,
    queries: usize,
    ledgers: Vec<Ledger>,
}

/// One ledger. Milliseconds by the clock.
#[derive(Serialize)]
struct Ledger {
    n: u64,
    travellers: u64,
    corrected: u64,
    file_mib: f64,
    record_us_each: f64,
    /// Entries and exits of a holder, from which the stay is computed.
    by_holder: Spread,
    /// The same by the document, its mark included.
    by_document: Spread,
    /// The report of a month: read, put together, every figure every way.
    month_report: Spread,
    month_records: u64,
    /// All figures of the year, by month.
    year_figures: Spread,
    /// The first 100 records behind a figure of the year.
    records_page: Spread,
}

#[derive(Clone, Copy, Serialize)]
struct Spread {
    times: usize,
    p50: f64,
    p99: f64,
    max: f64,
}

impl Spread {
    fn of(mut ms: Vec<f64>) -> Self {
        ms.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (ms.len() as f64 * share).ceil() as usize;
            ms.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
        };
        Self {
            times: ms.len(),
            p50: at(0.5),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

/// Rows of one change while filling.
const CHUNK: u64 = 5_000;
const DAYS: u32 = 365;

/// Runs it.
pub fn run(args: Args) -> Result<()> {
    if !(1_000..=20_000_000).contains(&args.n) || args.queries == 0 {
        bail!(
            "give 1,000 to 20,000,000 crossings and at least one question, such as --n 1000000 --queries 2000"
        );
    }
    let load = || {
        let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        text.trim().to_owned()
    };
    let load_before = load();
    let folder = std::env::temp_dir().join(format!("tapal-bench-ledger-{}", std::process::id()));
    let ledgers = centre::runtime()?.block_on(async {
        let mut all = Vec::new();
        for n in [args.n / 100, args.n / 10, args.n] {
            let own = folder.join(n.to_string());
            std::fs::create_dir_all(&own)?;
            all.push(ledger(&own, n, args.queries).await?);
            std::fs::remove_dir_all(&own)?;
        }
        anyhow::Ok(all)
    });
    // It may hold the ledger that failed.
    let _absent = std::fs::remove_dir_all(&folder);
    let report = Report {
        processor: line_of("/proc/cpuinfo", "model name").unwrap_or_default(),
        cores_allowed: line_of("/proc/self/status", "Cpus_allowed_list").unwrap_or_default(),
        load_before,
        load_after: load(),
        made_at_ms: clock::now().0,
        shape: "one year in the order of time, 3 checkpoints, 6 crossings a traveller, 24 nationalities, one in 800 refused, one in 250 deferred, one in 2,000 corrected",
        queries: args.queries,
        ledgers: ledgers?,
    };
    if args.json {
        progress::result(&serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

fn ms_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e3
}

async fn ledger(folder: &Path, n: u64, queries: usize) -> Result<Ledger> {
    let vault = Vault::open_or_create(&folder.join("data.key"))?;
    let file = folder.join("tapal.db");
    let db = Db::open(&file, vault).await?;
    let plan = plan(&db, n).await?;
    let began = Instant::now();
    fill(&db, &plan, n).await?;
    let record_us_each = ms_since(began) * 1e3 / n as f64;
    let corrected = correct(&db, &plan, n).await?;
    let cut = statistic::cut(&db, clock::now()).await?;
    let mut dice = Dice::new(5);
    let (mut by_holder, mut by_document) = (Vec::new(), Vec::new());
    for _ in 0..queries {
        let who = dice.roll(plan.travellers as usize) as u64;
        let began = Instant::now();
        let found = crossing::marks(&db, &[holder(who)], Vec::new(), 50).await?;
        by_holder.push(ms_since(began));
        let state = nationality(&plan, who)?;
        let began = Instant::now();
        let mark = document::mark(db.vault(), &state, &number(who))?;
        let same = crossing::marks(&db, &[], mark, 50).await?;
        by_document.push(ms_since(began));
        if found != same || found.is_empty() {
            bail!("a traveller's marks by holder and by document differ: the measurement is wrong");
        }
    }
    let (mut month_report, mut month_records) = (Vec::new(), 0);
    for at in 0..12 {
        let month = Month::of(plan.first.plus_days(at * 30 + 15).unwrap_or(plan.first));
        let began = Instant::now();
        let report = statistic::compute(&db, month, cut).await?;
        month_report.push(ms_since(began));
        month_records = month_records.max(report.records);
    }
    let year = Filter::period(
        plan.first,
        plan.first.plus_days(DAYS.into()).unwrap_or(plan.first),
    );
    let (mut year_figures, mut records_page) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let began = Instant::now();
        let cells = statistic::cells(&db, &year, cut, Grain::Month).await?;
        if total(&cells, Figure::Crossings) != n {
            bail!("the year's figure is not the number of crossings: the measurement is wrong");
        }
        year_figures.push(ms_since(began));
        let refused = Filter {
            outcome: Some(Outcome::RefusedEntry),
            ..year.clone()
        };
        let began = Instant::now();
        statistic::records(&db, &refused, cut, None, 101).await?;
        records_page.push(ms_since(began));
    }
    db.close().await;
    let bytes = std::fs::metadata(&file).map_or(0, |file| file.len());
    Ok(Ledger {
        n,
        travellers: plan.travellers,
        corrected,
        file_mib: bytes as f64 / 1_048_576.0,
        record_us_each,
        by_holder: Spread::of(by_holder),
        by_document: Spread::of(by_document),
        month_report: Spread::of(month_report),
        month_records,
        year_figures: Spread::of(year_figures),
        records_page: Spread::of(records_page),
    })
}

async fn plan(db: &Db, n: u64) -> Result<Plan> {
    let mut places = Vec::new();
    for (at, utc_offset_minutes) in (1..).zip([420, 480, 540]) {
        let site = SiteId(Uuid::from_u128(at));
        let new = site::NewSite {
            name: format!("Checkpoint {at}"),
            kind: SiteKind::Checkpoint,
            utc_offset_minutes,
        };
        site::add(db, clock::now(), By::System, site, &new).await?;
        places.push(Place {
            site,
            utc_offset_minutes,
        });
    }
    let first: Day = "2025-01-01".parse().context("the first day")?;
    Ok(Plan {
        places,
        officer: AccountId(Uuid::from_u128(9)),
        first,
        days: DAYS,
        travellers: (n / 6).max(1),
    })
}

fn refused(error: tapal_server::ApiError) -> anyhow::Error {
    anyhow!("{}", error.message)
}

/// The crossing with this number: as many each day, in the order of time.
fn one(plan: &Plan, n: u64, at: u64) -> Result<crossing::NewCrossing> {
    let day = at * u64::from(DAYS) / n;
    plan.any_on(at, day as i64).map_err(refused)
}

fn nationality(plan: &Plan, who: u64) -> Result<String> {
    let own = plan.ordinary(who).map_err(refused)?;
    Ok(own.identity.issuing_state)
}

async fn fill(db: &Db, plan: &Plan, n: u64) -> Result<()> {
    let mut bar = progress::Bar::new("recording", n);
    let mut at = 0;
    while at < n {
        let end = (at + CHUNK).min(n);
        let chunk: Result<Vec<_>> = (at..end).map(|at| one(plan, n, at)).collect();
        crossing::seed(db, clock::now(), &chunk?).await?;
        at = end;
        bar.set(at);
    }
    Ok(())
}

/// One in 2,000 was recorded with the wrong id of a person and stands corrected; how many.
async fn correct(db: &Db, plan: &Plan, n: u64) -> Result<u64> {
    let mut corrected = 0;
    for at in (1..n).step_by(2_000) {
        let wrong = one(plan, n, at)?;
        let mut right = wrong.clone();
        right.id = tapal_domain::id::CrossingId(Uuid::from_u128((1 << 120) | u128::from(at)));
        crossing::correct(db, clock::now(), wrong.id, &right, "measured").await?;
        corrected += 1;
    }
    Ok(corrected)
}

fn print(report: &Report) {
    progress::result(&format!("{}; {}", report.processor, report.shape));
    progress::result(
        "crossings | file MiB | stay by holder p50 / p99 ms | by document p50 / p99 ms | month report p50 / max ms | year p50 ms | records page p50 ms",
    );
    for own in &report.ledgers {
        progress::result(&format!(
            "{} | {:.0} | {:.2} / {:.2} | {:.2} / {:.2} | {:.0} / {:.0} | {:.0} | {:.0}",
            own.n,
            own.file_mib,
            own.by_holder.p50,
            own.by_holder.p99,
            own.by_document.p50,
            own.by_document.p99,
            own.month_report.p50,
            own.month_report.max,
            own.year_figures.p50,
            own.records_page.p50
        ));
    }
}
