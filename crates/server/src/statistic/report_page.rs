//! `/statistics/reports`: the monthly reports, their files, and what corrections have changed since. Must not give an
//! exact report to who belongs to one checkpoint.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::statistic::Month;
use tapal_store::statistic;

use super::{
    file::{Form, reply},
    report::verify_kept,
    table::{Edition, of_report},
    words,
};
use crate::{
    console::{Lang, Shell, Visit, show},
    error::{ApiError, ApiResult},
    extract::{At, Params},
    state::AppState,
};

struct Line {
    month: String,
    code: String,
    made: String,
    place: String,
    definitions: i64,
    hash: String,
}

#[derive(Template)]
#[template(path = "statistic/reports.html")]
struct ReportsPage {
    shell: Shell,
    lines: Vec<Line>,
    next: String,
    exact: bool,
}

/// `GET /statistics/reports`.
pub async fn list(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let shell = visit.shell("statistics");
    let lines = statistic::reports(&state.db).await?;
    let line = |own: &statistic::ReportLine| Line {
        month: words::period(shell.lang, &own.month.to_string()),
        code: own.month.to_string(),
        made: shell.full(&own.made_at),
        place: shell.number(own.cut.seq.unsigned_abs()),
        definitions: own.definitions,
        hash: own.hash.get(..16).unwrap_or_default().to_owned(),
    };
    let next = match statistic::next_month(&state.db).await? {
        None => String::new(),
        Some(month) => {
            let at = super::job::due_at(&state, month).await?;
            let name = words::period(shell.lang, &month.to_string());
            shell.t2(
                "statistic-report-next",
                ("month", &name),
                ("at", &shell.full(&at)),
            )
        }
    };
    show(ReportsPage {
        lines: lines.iter().map(line).collect(),
        next,
        exact: visit.session.site.is_none(),
        shell,
    })
}

struct ThenNow {
    name: String,
    then: String,
    now: String,
    changed: bool,
}

#[derive(Template)]
#[template(path = "statistic/report.html")]
struct ReportPage {
    shell: Shell,
    month: String,
    code: String,
    facts: Vec<(String, String)>,
    hash: String,
    same: bool,
    rows: Vec<ThenNow>,
    changed: bool,
}

/// `GET /statistics/reports/{month}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(month): At<Month>,
) -> ApiResult<Response> {
    super::report::whole(&visit.session)?;
    let shell = visit.shell("statistics");
    let kept = statistic::report(&state.db, month).await?;
    let checked = verify_kept(&state, &kept).await?;
    let row = |own: &super::report::ThenAndNow| ThenNow {
        name: words::figure(shell.lang, own.figure),
        then: shell.number(own.then),
        now: shell.number(own.now),
        changed: own.then != own.now,
    };
    let rows: Vec<ThenNow> = checked.figures.iter().map(row).collect();
    let tables = of_report(shell.lang, &[], &kept.report, Edition::Inside);
    show(ReportPage {
        month: words::period(shell.lang, &month.to_string()),
        code: month.to_string(),
        facts: super::letter::facts(&tables),
        hash: checked.hash,
        same: checked.same,
        changed: rows.iter().any(|row| row.changed),
        rows,
        shell,
    })
}

/// Which edition of a file.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Which {
    /// `1` for every number exact.
    exact: String,
}

/// `GET /statistics/reports/{month}/{file}`: `report.pdf`, `report.xlsx` or `report.csv`; the edition for the public
/// unless `?exact=1`.
pub async fn file(
    State(state): State<AppState>,
    visit: Visit,
    At((month, name)): At<(Month, String)>,
    Params(which): Params<Which>,
) -> ApiResult<Response> {
    let form = Form::ALL
        .into_iter()
        .find(|form| name == format!("report.{}", form.end()));
    let form = form.ok_or_else(ApiError::not_found)?;
    let (edition, name) = match which.exact.as_str() {
        "1" => {
            super::report::whole(&visit.session)?;
            (Edition::Inside, format!("report-{month}-inside"))
        }
        _ => {
            let below = state.config.small_count;
            (Edition::Public(below), format!("report-{month}"))
        }
    };
    let kept = statistic::report(&state.db, month).await?;
    let sites = tapal_store::site::list(&state.db).await?;
    let own = visit.shell("statistics").lang;
    let other = Lang::ALL.into_iter().filter(|lang| *lang != own);
    // Letters begin with the Indonesian part; a spreadsheet is in the reader's language.
    let languages: Vec<Lang> = match form {
        Form::Pdf => Lang::ALL.to_vec(),
        Form::Csv | Form::Xlsx => [own].into_iter().chain(other).collect(),
    };
    let all: Vec<_> = languages
        .into_iter()
        .map(|lang| of_report(lang, &sites, &kept.report, edition))
        .collect();
    reply(form, &name, &all)
}
