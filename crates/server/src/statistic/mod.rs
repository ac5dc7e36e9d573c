//! Figures from the ledger of crossings: asked for a period, a part and a past instant, with the records behind each.
//! Must not count by another condition than the records are read by, nor show who crossed.

pub mod chart;
pub mod file;
pub mod job;
pub mod letter;
pub mod page;
pub mod report;
pub mod report_page;
pub mod set_up;
pub mod table;
pub mod words;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    crossing::{Detection, Nationality, Outcome},
    day::Day,
    id::SiteId,
    site::Direction,
    statistic::{Breakdown, Cell, Cut, DEFINITIONS, Dimension, Figure, breakdowns, total},
    time::UtcMs,
};
use tapal_store::{
    crossing::Crossing,
    site::Site,
    statistic::{self, Filter, Grain},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    AppState, Session,
    console::Lang,
    error::{ApiError, ApiResult},
    extract::Params,
};

/// Most days of one question.
const MOST_DAYS: i64 = 3_700;
/// Longest period that is counted by day unless asked otherwise.
const DAYS_BY_DAY: i64 = 62;
/// Minutes east of UTC where no checkpoint says otherwise: Jakarta.
pub(crate) const HEAD_OFFICE: i64 = 420;

/// Which figures or records; what is empty or left out is no condition.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct Wanted {
    /// First day of the checkpoint's calendar, `YYYY-MM-DD`; when left out, that of the same month a year before.
    pub from: String,
    /// Last day.
    pub to: String,
    /// The ledger as it was at the end of this day `YYYY-MM-DD`, or at this instant in UTC ms; now when left out.
    pub as_of: String,
    /// Checkpoint.
    pub site: String,
    /// `arrival` or `departure`.
    pub direction: String,
    /// ICAO code.
    pub nationality: String,
    /// `citizen` or `foreigner`.
    pub citizenship: String,
    /// What was decided.
    pub outcome: String,
    /// Ground of the rule pack; `none` for records that name none.
    pub reason: String,
    /// What brought it up.
    pub detection: String,
    /// Only what this figure counts.
    pub figure: String,
    /// `day` or `month`; by the length of the period when left out.
    pub by: String,
    /// Records below this place of the ledger, as a page before ended.
    pub before: Option<i64>,
}

/// A question that was understood.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which records.
    pub filter: Filter,
    /// How far the ledger is read.
    pub cut: Cut,
    /// Whether the ledger is read as it is now.
    pub now: bool,
    /// How finely.
    pub grain: Grain,
    /// The checkpoints this account may see.
    pub sites: Vec<Site>,
}

fn bad(field: &'static str, hint: &str) -> ApiError {
    ApiError::invalid(
        "bad_filter",
        format!("{field} cannot be used: {hint}; compare with /api/v1/openapi.json"),
    )
}

/// The value of a field; empty is none.
fn named<T>(
    text: &str,
    field: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> ApiResult<Option<T>> {
    match text.trim() {
        "" => Ok(None),
        text => read(text)
            .map(Some)
            .ok_or_else(|| bad(field, "it is not one of its values")),
    }
}

fn day(text: &str) -> ApiResult<Option<Day>> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            ApiError::invalid("bad_date", "a date cannot be read; write it as YYYY-MM-DD")
        }),
    }
}

impl Wanted {
    /// The question of this account, at its own checkpoint where it has one.
    pub async fn asked(&self, state: &AppState, session: &Session) -> ApiResult<Asked> {
        let sites = crate::site::visible(state, session).await?;
        let site = named(&self.site, "site", |text| text.parse::<SiteId>().ok())?;
        if let Some(site) = site {
            session.require_site(site)?;
        }
        let site = session.site.or(site);
        let offset = |latest: bool| {
            let own = sites
                .iter()
                .filter(|one| site.is_none_or(|id| id == one.id));
            let all = own.map(|one| one.utc_offset_minutes);
            let chosen = if latest { all.max() } else { all.min() };
            chosen.unwrap_or(HEAD_OFFICE)
        };
        let now = state.clock.now();
        let (from, to) = self.period(Day::at(now, offset(true)))?;
        let as_of = self.instant(offset(false))?.filter(|at| *at < now);
        let mut filter = Filter {
            site,
            ..self.filter(from, to)?
        };
        if let Some(figure) = named(&self.figure, "figure", Figure::from_name)? {
            filter.outcome = figure.outcome().or(filter.outcome);
            filter.citizen = figure.citizen().or(filter.citizen);
        }
        let grain = match self.by.trim() {
            "day" => Grain::Day,
            "month" => Grain::Month,
            "" if to.since(from) < DAYS_BY_DAY => Grain::Day,
            "" => Grain::Month,
            _ => return Err(bad("by", "it is day or month")),
        };
        Ok(Asked {
            filter,
            cut: statistic::cut(&state.db, as_of.unwrap_or(now)).await?,
            now: as_of.is_none(),
            grain,
            sites,
        })
    }

    fn period(&self, today: Day) -> ApiResult<(Day, Day)> {
        let to = day(&self.to)?.unwrap_or(today);
        let usual = || {
            let (_, _, date) = to.parts();
            let first = to.plus_days(1 - i64::from(date));
            first.and_then(|first| first.plus_months(-12)).unwrap_or(to)
        };
        let from = day(&self.from)?.unwrap_or_else(usual);
        match to.since(from) {
            0..MOST_DAYS => Ok((from, to)),
            _ => Err(ApiError::invalid(
                "bad_period",
                "the first day comes before the last, at most ten years apart",
            )),
        }
    }

    /// The instant up to which records count. A day counts to its end, where it ends last.
    fn instant(&self, utc_offset_minutes: i64) -> ApiResult<Option<UtcMs>> {
        match self.as_of.trim() {
            "" => Ok(None),
            ms if ms.bytes().all(|b| b.is_ascii_digit()) => {
                let ms = ms.parse().map_err(|_| bad("as_of", "it is too large"))?;
                Ok(Some(UtcMs(ms)))
            }
            text => Ok(day(text)?.map(|day| day.ends(utc_offset_minutes) - 1)),
        }
    }

    fn filter(&self, from: Day, to: Day) -> ApiResult<Filter> {
        let nationality = named(&self.nationality, "nationality", |text| {
            Nationality::new(text).ok()
        })?;
        let code = |text: &str| {
            let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            (plain && text.len() <= 60).then(|| text.to_owned())
        };
        Ok(Filter {
            from,
            to,
            site: None,
            direction: named(&self.direction, "direction", |text| match text {
                "arrival" => Some(Direction::Arrival),
                "departure" => Some(Direction::Departure),
                _ => None,
            })?,
            nationality: nationality.map(String::from),
            citizen: named(&self.citizenship, "citizenship", |text| match text {
                "citizen" => Some(true),
                "foreigner" => Some(false),
                _ => None,
            })?,
            outcome: named(&self.outcome, "outcome", Outcome::from_name)?,
            reason: named(&self.reason, "reason", code)?,
            detection: named(&self.detection, "detection", Detection::from_name)?,
        })
    }
}

impl Asked {
    /// Its fields for an address; the codes in `with` stand instead of its own.
    pub fn query(&self, with: &[(&str, &str)]) -> String {
        let own = &self.filter;
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let direction = own.direction.map(|way| match way {
            Direction::Arrival => "arrival",
            _ => "departure",
        });
        let fields = [
            ("from", own.from.to_string()),
            ("to", own.to.to_string()),
            (
                "as_of",
                if self.now {
                    String::new()
                } else {
                    self.cut.as_of.0.to_string()
                },
            ),
            (
                "site",
                own.site.map(|id| id.to_string()).unwrap_or_default(),
            ),
            ("direction", text(direction)),
            ("nationality", text(own.nationality.as_deref())),
            (
                "citizenship",
                text(own.citizen.map(tapal_domain::statistic::citizenship)),
            ),
            ("outcome", text(own.outcome.map(Outcome::name))),
            ("reason", text(own.reason.as_deref())),
            ("detection", text(own.detection.map(Detection::name))),
            ("figure", String::new()),
        ];
        let instead = |key: &str| with.iter().find(|(name, _)| *name == key);
        let pair = |(key, value): (&str, String)| {
            let value = instead(key).map_or(value, |(_, value)| (*value).to_owned());
            (!value.is_empty()).then(|| format!("{key}={value}"))
        };
        let pairs: Vec<String> = fields.into_iter().filter_map(pair).collect();
        pairs.join("&")
    }

    /// The records counted.
    pub async fn cells(&self, state: &AppState) -> ApiResult<Vec<Cell>> {
        Ok(statistic::cells(&state.db, &self.filter, self.cut, self.grain).await?)
    }
}

/// A figure with its meaning.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StatisticFigureValue)]
pub struct FigureValue {
    /// Which.
    pub figure: Figure,
    /// Its value.
    pub n: u64,
    /// What it counts, in the language of the account.
    pub means: String,
    /// Where the records behind it are.
    pub records: String,
}

/// Figures of a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Statistics {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// How far the ledger was read.
    pub cut: Cut,
    /// Version of the definitions.
    pub definitions: u32,
    /// The figures.
    pub figures: Vec<FigureValue>,
    /// Each of them split by each dimension; the rows of one sum to its total.
    pub breakdowns: Vec<Breakdown>,
}

/// Figures of the ledger: by period, part and source, now or as of a past day. At a checkpoint its own only.
#[utoipa::path(get, path = "/api/v1/statistics", tag = "statistic", operation_id = "statistic_get", params(Wanted), responses((status = 200, body = Statistics)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<Statistics>> {
    let asked = wanted.asked(&state, &session).await?;
    let cells = asked.cells(&state).await?;
    let lang = Lang::from_code(&session.language).unwrap_or_default();
    let figure = |figure: &Figure| FigureValue {
        figure: *figure,
        n: total(&cells, *figure),
        means: words::means(lang, *figure),
        records: format!(
            "/api/v1/statistics/records?{}",
            asked.query(&[("figure", figure.name())])
        ),
    };
    Ok(Json(Statistics {
        from: asked.filter.from,
        to: asked.filter.to,
        cut: asked.cut,
        definitions: DEFINITIONS,
        figures: Figure::ALL.iter().map(figure).collect(),
        breakdowns: breakdowns(&cells, Dimension::ALL),
    }))
}

/// Records of the ledger, a page of them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Records {
    /// The last day first; at most 100.
    pub records: Vec<Crossing>,
    /// What `before` is for the next page; absent on the last one.
    pub next: Option<i64>,
}

/// Records on a page.
pub(crate) const PAGE: i64 = 100;

/// A page of the records behind a question.
pub async fn page_of(state: &AppState, asked: &Asked, before: Option<i64>) -> ApiResult<Records> {
    let mut records =
        statistic::records(&state.db, &asked.filter, asked.cut, before, PAGE + 1).await?;
    let more = records.len() as i64 > PAGE;
    records.truncate(PAGE as usize);
    Ok(Records {
        next: records.last().filter(|_| more).map(|last| last.seq),
        records,
    })
}

/// The records behind a figure: the same conditions, the same cut. Without who crossed.
#[utoipa::path(get, path = "/api/v1/statistics/records", tag = "statistic", operation_id = "statistic_records", params(Wanted), responses((status = 200, body = Records)))]
pub async fn records(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<Records>> {
    let asked = wanted.asked(&state, &session).await?;
    Ok(Json(page_of(&state, &asked, wanted.before).await?))
}
