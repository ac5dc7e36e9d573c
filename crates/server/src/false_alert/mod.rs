//! False alerts counted where they happen, beside what was predicted for them: by site, camera and day. Counts only.
//! Must not show a face, a score or a threshold: those who judge alerts may see it.

pub mod chart;
pub mod csv;
pub mod page;
pub mod watch;

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    false_alert::{Rate, Tally},
    group::Table,
    id::{CameraId, SiteId},
    time::{DAY_MS, UtcMs},
};
use tapal_store::{
    camera,
    false_alert::{self, Alarm, Day, local_day},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    AppState, Session,
    console::when::Zone,
    error::{ApiError, ApiResult},
    extract::Params,
};

/// Most days of one report.
const MOST_DAYS: i64 = 400;
/// Days of a report that names none.
const USUAL_DAYS: i64 = 28;

/// Which counts.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
pub struct Wanted {
    /// Only of this site.
    pub site: Option<SiteId>,
    /// First local day, `YYYY-MM-DD`.
    pub from: Option<String>,
    /// Last local day, `YYYY-MM-DD`.
    pub to: Option<String>,
}

/// What was counted, and what it says.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Counted {
    /// The counts, and the prediction as it added up.
    #[serde(flatten)]
    pub tally: Tally,
    /// Searches of people on no list, as far as people found.
    pub non_mated: u64,
    /// Alerts judged to show somebody else, a search; exact 95 % Poisson interval (Garwood).
    pub rate: Option<Rate>,
    /// The same, should every undecided or open alert have been a false one.
    pub worst_rate: Option<Rate>,
    /// The prediction, a search; missing when fewer than half of the searches could be predicted.
    pub predicted_rate: Option<Rate>,
    /// The prediction in alerts.
    pub prediction: Option<Rate>,
}

impl From<Tally> for Counted {
    fn from(tally: Tally) -> Self {
        Self {
            non_mated: tally.non_mated(),
            rate: tally.rate(),
            worst_rate: tally.worst_rate(),
            predicted_rate: tally.predicted_rate(),
            prediction: tally.prediction(),
            tally,
        }
    }
}

/// One camera.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CameraCounted {
    /// The camera.
    pub camera: CameraId,
    /// Its name.
    pub name: String,
    /// Its counts.
    pub counted: Counted,
}

/// One local day of a site.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DayCounted {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Its counts.
    pub counted: Counted,
}

/// One site.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SiteCounted {
    /// The site.
    pub site: SiteId,
    /// Its name.
    pub name: String,
    /// All its cameras and days.
    pub counted: Counted,
    /// By camera.
    pub cameras: Vec<CameraCounted>,
    /// By day.
    pub days: Vec<DayCounted>,
    /// Alarms that stand now.
    pub alarms: Vec<Alarm>,
    /// By group label; `null` where no labels may be recorded.
    pub groups: Option<Table>,
}

/// A report.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FalseAlerts {
    /// First local day.
    pub from: String,
    /// Last local day.
    pub to: String,
    /// All sites together.
    pub counted: Counted,
    /// Each site.
    pub sites: Vec<SiteCounted>,
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
pub(crate) fn day_number(text: &str) -> ApiResult<i64> {
    let at = Zone(0).start_of(text.trim()).ok_or_else(|| {
        ApiError::invalid("bad_date", "a date cannot be read; write it as YYYY-MM-DD")
    })?;
    Ok(at.0.div_euclid(DAY_MS))
}

pub(crate) fn day_text(day: i64) -> String {
    Zone(0).iso_day(UtcMs(day * DAY_MS))
}

/// First and last day asked for; the last four weeks when none is named. The latest local day of any site ends it.
pub fn range(now: UtcMs, latest_offset: i64, wanted: &Wanted) -> ApiResult<(i64, i64)> {
    let named = |text: &Option<String>| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => day_number(text).map(Some),
    };
    let to = named(&wanted.to)?.unwrap_or_else(|| local_day(now, latest_offset));
    let from = named(&wanted.from)?.unwrap_or(to - USUAL_DAYS + 1);
    if from > to || to - from >= MOST_DAYS {
        return Err(ApiError::invalid(
            "bad_range",
            "the first day comes before the last, at most 400 days apart",
        ));
    }
    Ok((from, to))
}

/// The counts this person may see.
pub async fn report(
    state: &AppState,
    session: &Session,
    wanted: &Wanted,
) -> ApiResult<FalseAlerts> {
    let mut sites = crate::site::visible(state, session).await?;
    if let Some(only) = wanted.site {
        sites.retain(|site| site.id == only);
    }
    let latest = sites.iter().map(|site| site.utc_offset_minutes).max();
    let (from, to) = range(state.clock.now(), latest.unwrap_or(0), wanted)?;
    let own = session.site.or(wanted.site);
    let days = false_alert::days(&state.db, own, from, to).await?;
    let alarms = false_alert::alarms(&state.db, own).await?;
    let cameras = camera::list(&state.db, own).await?;
    let mut all = Tally::default();
    let mut counted = Vec::new();
    for site in sites {
        let groups = crate::group::table(state, site.id, from, to).await?;
        let here: Vec<&Day> = days.iter().filter(|day| day.site == site.id).collect();
        let total = sum(here.iter().map(|day| day.tally));
        all = all.plus(total);
        let of_camera = |camera: &camera::Camera| CameraCounted {
            camera: camera.id,
            name: camera.name.clone(),
            counted: sum(here
                .iter()
                .filter(|day| day.camera == camera.id)
                .map(|day| day.tally))
            .into(),
        };
        let mut by_day: BTreeMap<i64, Tally> = BTreeMap::new();
        for day in &here {
            let known = by_day.entry(day.day).or_default();
            *known = known.plus(day.tally);
        }
        let of_day = |(day, tally): (i64, Tally)| DayCounted {
            day: day_text(day),
            counted: tally.into(),
        };
        counted.push(SiteCounted {
            site: site.id,
            counted: total.into(),
            cameras: cameras
                .iter()
                .filter(|camera| camera.site == site.id)
                .map(of_camera)
                .collect(),
            days: by_day.into_iter().map(of_day).collect(),
            alarms: alarms
                .iter()
                .filter(|alarm| alarm.site == site.id)
                .copied()
                .collect(),
            groups,
            name: site.name,
        });
    }
    Ok(FalseAlerts {
        from: day_text(from),
        to: day_text(to),
        counted: all.into(),
        sites: counted,
    })
}

fn sum(tallies: impl Iterator<Item = Tally>) -> Tally {
    tallies.fold(Tally::default(), Tally::plus)
}

/// False alerts as people judged them, beside the prediction: by site, camera and local day.
#[utoipa::path(get, path = "/api/v1/false-alerts", tag = "false_alert", params(Wanted), responses((status = 200, body = FalseAlerts)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<FalseAlerts>> {
    Ok(Json(report(&state, &session, &wanted).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_of_local_days_and_bounded() {
        let wanted = |from: &str, to: &str| Wanted {
            from: Some(from.into()),
            to: Some(to.into()),
            site: None,
        };
        // 2026-11-27 23:30 UTC is the 28th in Jakarta.
        let now = UtcMs(1_795_822_200_000);
        let (from, to) = range(now, 420, &Wanted::default()).unwrap();
        assert_eq!(
            (day_text(from), day_text(to)),
            ("2026-11-01".into(), "2026-11-28".into())
        );
        let (from, to) = range(now, 420, &wanted("2026-01-01", "2026-01-01")).unwrap();
        assert_eq!(from, to);
        for (from, to) in [
            ("2026-01-02", "2026-01-01"),
            ("2024-01-01", "2026-01-01"),
            ("yesterday", "2026-01-01"),
        ] {
            assert!(range(now, 420, &wanted(from, to)).is_err(), "{from} {to}");
        }
    }
}
