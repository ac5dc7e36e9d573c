//! `/false-alerts`: how often people on no list raise an alert, as officers judged, beside the prediction. Must not
//! show a face, a score or a threshold.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use tapal_domain::{
    false_alert::{Rate, Side},
    id::SiteId,
    role::Permission,
};
use tapal_store::false_alert::{Alarm, alarms};

use super::{
    Counted, SiteCounted, Wanted,
    chart::{self, ByCamera, ByDay, figure},
    report,
};
use crate::{
    console::{Notice, Shell, Tone, Visit, failure, show, visit::show_as},
    error::ApiResult,
    extract::Params,
    group::table::GroupTable,
    state::AppState,
};

struct Choice {
    id: String,
    name: String,
    chosen: bool,
}

/// One row of a table.
struct Row {
    name: String,
    searched: String,
    not_same: String,
    undecided: String,
    predicted: String,
    seen_rate: String,
    worst_rate: String,
    predicted_rate: String,
}

struct AlarmCard {
    tone: Tone,
    title: String,
    text: String,
}

struct Section {
    id: String,
    name: String,
    alarms: Vec<AlarmCard>,
    cameras: Vec<Row>,
    days: Vec<Row>,
    by_camera: ByCamera,
    by_day: ByDay,
    caption: String,
    notes: Vec<String>,
    is_empty: bool,
    groups: Option<GroupTable>,
}

#[derive(Template)]
#[template(path = "false_alert/list.html")]
struct FalseAlertsPage {
    shell: Shell,
    notice: Option<Notice>,
    sites: Vec<Choice>,
    from: String,
    to: String,
    sections: Vec<Section>,
    total: Option<Row>,
    file: String,
}

/// Filter of the page; empty fields are no filter.
#[derive(Deserialize, Default)]
pub struct Filter {
    #[serde(default)]
    site: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// `GET /false-alerts`.
pub async fn list(
    State(state): State<AppState>,
    visit: Visit,
    Params(filter): Params<Filter>,
) -> ApiResult<Response> {
    let shell = visit.polling("false-alerts", 10_000);
    let chosen: Option<SiteId> = filter.site.parse().ok();
    let day = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let wanted = Wanted {
        site: chosen,
        from: day(&filter.from),
        to: day(&filter.to),
    };
    let (found, refused) = match report(&state, &visit.session, &wanted).await {
        Ok(found) => (found, None),
        Err(error) if failure::is_mendable(&error) => {
            let usual = Wanted {
                site: chosen,
                ..Wanted::default()
            };
            let found = report(&state, &visit.session, &usual).await?;
            (found, Some((failure::problem(&shell, &error), error.http)))
        }
        Err(error) => return Err(error),
    };
    let sites = crate::site::visible(&state, &visit.session).await?;
    let choice = |site: &tapal_store::site::Site| Choice {
        id: site.id.to_string(),
        name: site.name.clone(),
        chosen: Some(site.id) == chosen,
    };
    let total =
        (found.sites.len() > 1).then(|| row(&shell, shell.t("false-alert-all"), &found.counted));
    let query = chosen.map_or(String::new(), |site| format!("&site={site}"));
    let status = refused.as_ref().map(|(_, status)| *status);
    let page = FalseAlertsPage {
        notice: refused.map(|(notice, _)| notice),
        sites: sites.iter().map(choice).collect(),
        file: format!(
            "/false-alerts.csv?from={}&to={}{query}",
            found.from, found.to
        ),
        sections: found
            .sites
            .iter()
            .map(|site| section(&shell, site))
            .collect(),
        total,
        from: found.from,
        to: found.to,
        shell,
    };
    match status {
        Some(status) => show_as(status, page),
        None => show(page),
    }
}

fn section(shell: &Shell, site: &SiteCounted) -> Section {
    let mut cameras: Vec<Row> = site
        .cameras
        .iter()
        .map(|own| row(shell, own.name.clone(), &own.counted))
        .collect();
    if site.cameras.len() > 1 {
        cameras.push(row(shell, shell.t("false-alert-site"), &site.counted));
    }
    let tally = &site.counted.tally;
    let mut notes = Vec::new();
    if tally.predicted < tally.searched {
        let n = shell.number(tally.searched - tally.predicted);
        notes.push(shell.t1("false-alert-unpredicted", "n", n));
    }
    if tally.beyond > 0 {
        notes.push(shell.t1("false-alert-beyond", "n", shell.number(tally.beyond)));
    }
    let searched = shell.number(site.counted.non_mated);
    Section {
        id: site.site.to_string(),
        name: site.name.clone(),
        alarms: site
            .alarms
            .iter()
            .map(|alarm| alarm_card(shell, site, alarm))
            .collect(),
        by_camera: chart::by_camera(shell, &site.cameras),
        by_day: chart::by_day(shell, &site.days),
        days: site
            .days
            .iter()
            .map(|own| row(shell, own.day.clone(), &own.counted))
            .collect(),
        caption: shell.t1("false-alert-caption", "n", searched),
        notes,
        is_empty: tally.searched == 0 && tally.at_worst() == 0,
        groups: site.groups.as_ref().map(|own| GroupTable::of(shell, own)),
        cameras,
    }
}

fn interval(shell: &Shell, rate: &Rate, factor: f64) -> String {
    let part = |value: f64| figure(shell.lang, value * factor);
    format!(
        "{} ({}–{})",
        part(rate.value),
        part(rate.low),
        part(rate.high)
    )
}

fn row(shell: &Shell, name: String, counted: &Counted) -> Row {
    let (tally, none) = (&counted.tally, || "–".to_owned());
    let rate = |rate: Option<Rate>| rate.map_or_else(none, |rate| interval(shell, &rate, 1_000.0));
    Row {
        name,
        searched: shell.number(counted.non_mated),
        not_same: shell.number(tally.not_same),
        undecided: shell.number(tally.undecided + tally.open),
        predicted: counted
            .prediction
            .map_or_else(none, |all| interval(shell, &all, 1.0)),
        seen_rate: rate(counted.rate),
        worst_rate: rate(counted.worst_rate),
        predicted_rate: rate(counted.predicted_rate),
    }
}

/// Seen and predicted for 1,000 searches, in one short line.
pub(super) fn rates(shell: &Shell, counted: &Counted) -> String {
    let none = || "–".to_owned();
    let of = |rate: Option<Rate>| rate.map_or_else(none, |rate| interval(shell, &rate, 1_000.0));
    shell.t2(
        "false-alert-rates",
        ("seen", &of(counted.rate)),
        ("predicted", &of(counted.predicted_rate)),
    )
}

fn alarm_card(shell: &Shell, site: &SiteCounted, alarm: &Alarm) -> AlarmCard {
    let name = match alarm.camera {
        None => site.name.clone(),
        Some(id) => site
            .cameras
            .iter()
            .find(|own| own.camera == id)
            .map_or_else(String::new, |own| own.name.clone()),
    };
    let counted = Counted::from(alarm.tally);
    let predicted = counted
        .prediction
        .map_or_else(|| "–".to_owned(), |all| interval(shell, &all, 1.0));
    let values: [(&str, &dyn std::fmt::Display); 4] = [
        ("since", &shell.full(&alarm.raised_at)),
        ("seen", &shell.number(alarm.tally.not_same)),
        ("n", &shell.number(counted.non_mated)),
        ("predicted", &predicted),
    ];
    let code = alarm.side.name();
    AlarmCard {
        tone: tone(alarm.side),
        title: shell.t1(&format!("false-alert-{code}"), "name", name),
        text: crate::console::words::text(shell.lang, &format!("false-alert-{code}-text"), &values),
    }
}

fn tone(side: Side) -> Tone {
    match side {
        Side::TooMany => Tone::Red,
        Side::TooFew => Tone::Amber,
    }
}

/// The line on the start page while an alarm stands; `None` otherwise, or when the visitor may not see the counts.
pub async fn standing(state: &AppState, visit: &Visit, shell: &Shell) -> ApiResult<Option<Notice>> {
    if !visit.session.may(Permission::ReadAttempts) {
        return Ok(None);
    }
    let found = alarms(&state.db, visit.session.site).await?;
    let worst = match found.iter().any(|alarm| alarm.side == Side::TooMany) {
        true => Side::TooMany,
        false => Side::TooFew,
    };
    Ok((!found.is_empty()).then(|| {
        Notice::new(
            tone(worst),
            shell.t1("false-alert-standing", "n", found.len()),
            shell.t("false-alert-standing-text"),
        )
    }))
}
