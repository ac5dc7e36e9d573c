//! The counts as a file for a spreadsheet: the same figures as the page, one row a camera and day, or a row a group
//! label. Must not hold more than the page does.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use tapal_store::{camera, false_alert};

use super::{Wanted, day_text, range, report};
use crate::{AppState, Session, error::ApiResult, extract::Params};

const HEAD: &str = "site,camera,day,searched,judged_not_same,judged_similar,undecided,open,predicted_searches,predicted_at_most,expected,expected_low,expected_high\r\n";

/// `GET /false-alerts.csv`.
pub async fn file(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Response> {
    let mut sites = crate::site::visible(&state, &session).await?;
    sites.retain(|site| wanted.site.is_none_or(|only| only == site.id));
    let latest = sites.iter().map(|site| site.utc_offset_minutes).max();
    let (from, to) = range(state.clock.now(), latest.unwrap_or(0), &wanted)?;
    let own = session.site.or(wanted.site);
    let cameras = camera::list(&state.db, own).await?;
    let mut text = HEAD.to_owned();
    for day in false_alert::days(&state.db, own, from, to).await? {
        let Some(site) = sites.iter().find(|site| site.id == day.site) else {
            continue;
        };
        let name = cameras.iter().find(|camera| camera.id == day.camera);
        let name = name.map_or("", |camera| camera.name.as_str());
        let t = day.tally;
        text.push_str(&format!(
            "{},{},{},{},{},{},{},{},{},{},{:.6},{:.6},{:.6}\r\n",
            cell(&site.name),
            cell(name),
            day_text(day.day),
            t.searched,
            t.not_same,
            t.similar,
            t.undecided,
            t.open,
            t.predicted,
            t.beyond,
            t.expected,
            t.expected_low,
            t.expected_high
        ));
    }
    Ok(reply("attachment; filename=\"false-alerts.csv\"", text))
}

fn reply(disposition: &'static str, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}

const GROUP_HEAD: &str = "site,from,to,label,passers_by,false_alerts,rate,rate_low,rate_high,verdict,unlabelled_of_site\r\n";

/// `GET /false-alerts/groups.csv`: one row a site and group label, where labels may be recorded.
pub async fn groups(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Response> {
    let found = report(&state, &session, &wanted).await?;
    let mut text = GROUP_HEAD.to_owned();
    for site in &found.sites {
        let Some(table) = &site.groups else {
            continue;
        };
        for row in &table.rows {
            let rate = row.rate.map_or(",,".to_owned(), |rate| {
                format!("{:.8},{:.8},{:.8}", rate.value, rate.low, rate.high)
            });
            text.push_str(&format!(
                "{},{},{},{},{},{},{rate},{},{}\r\n",
                cell(&site.name),
                found.from,
                found.to,
                cell(&row.label),
                row.passers_by,
                row.false_alerts,
                row.verdict.name(),
                table.unlabelled
            ));
        }
    }
    Ok(reply(
        "attachment; filename=\"false-alerts-groups.csv\"",
        text,
    ))
}

/// A name in quotes; one that a spreadsheet would take for a formula gets an apostrophe in front.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let mark = if formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_name_is_never_a_formula_nor_breaks_its_cell() {
        for (text, expect) in [
            ("Lane 2, above desk 4", "\"Lane 2, above desk 4\""),
            ("the \"old\" gate", "\"the \"\"old\"\" gate\""),
            ("=1+1", "\"'=1+1\""),
            ("@x", "\"'@x\""),
        ] {
            assert_eq!(cell(text), expect);
        }
    }
}
