//! `/api/v1/statistics/reports`: the monthly reports as they were made, and whether the ledger still says the same. Must
//! not change one.

use axum::{Json, extract::State};
use serde::Serialize;
use tapal_domain::statistic::{Figure, Month, Report};
use tapal_store::statistic::{self, Kept, ReportLine};
use utoipa::ToSchema;

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    extract::At,
};

/// A whole report holds the numbers of every checkpoint: who belongs to one reads the public edition.
pub fn whole(session: &Session) -> ApiResult<()> {
    match session.site {
        None => Ok(()),
        Some(_) => Err(ApiError::forbidden()),
    }
}

/// The reports that were made, the last month first.
#[utoipa::path(get, path = "/api/v1/statistics/reports", tag = "statistic", operation_id = "statistic_reports", responses((status = 200, body = Vec<ReportLine>)))]
pub async fn list(State(state): State<AppState>) -> ApiResult<Json<Vec<ReportLine>>> {
    Ok(Json(statistic::reports(&state.db).await?))
}

/// The report of a month with every number, as it was made. For accounts without a checkpoint of their own.
#[utoipa::path(get, path = "/api/v1/statistics/reports/{month}", tag = "statistic", operation_id = "statistic_report", params(("month" = Month, Path)), responses((status = 200, body = Report)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(month): At<Month>,
) -> ApiResult<Json<Report>> {
    whole(&session)?;
    Ok(Json(statistic::report(&state.db, month).await?.report))
}

/// A report held against the ledger.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StatisticVerification)]
pub struct Verification {
    /// Fingerprint of the report as it was made, hex.
    pub hash: String,
    /// Fingerprint of the same computed now, as far as the ledger was read then.
    pub recomputed: String,
    /// Whether they are the same.
    pub same: bool,
    /// Figures then and as the ledger says now, with the corrections since.
    pub figures: Vec<ThenAndNow>,
}

/// A figure then and now.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = StatisticThenAndNow)]
pub struct ThenAndNow {
    /// Which.
    pub figure: Figure,
    /// As it was reported.
    pub then: u64,
    /// As it is now.
    pub now: u64,
}

/// Computes a report anew, as far as the ledger was read then and as far as it goes now.
pub async fn verify_kept(state: &AppState, kept: &Kept) -> ApiResult<Verification> {
    let month = kept.report.month;
    let again = statistic::compute(&state.db, month, kept.report.cut).await?;
    let recomputed = statistic::fingerprint(&again)?;
    let cut = statistic::cut(&state.db, state.clock.now()).await?;
    let now = statistic::compute(&state.db, month, cut).await?;
    let figure = |figure: &Figure| ThenAndNow {
        figure: *figure,
        then: kept.report.figure(*figure),
        now: now.figure(*figure),
    };
    Ok(Verification {
        same: recomputed == kept.hash,
        hash: tapal_store::vault::hex(&kept.hash),
        recomputed: tapal_store::vault::hex(&recomputed),
        figures: Figure::ALL.iter().map(figure).collect(),
    })
}

/// Whether the ledger still gives the report of a month, and what corrections since changed.
#[utoipa::path(get, path = "/api/v1/statistics/reports/{month}/verification", tag = "statistic", operation_id = "statistic_verify", params(("month" = Month, Path)), responses((status = 200, body = Verification)))]
pub async fn verify(
    State(state): State<AppState>,
    session: Session,
    At(month): At<Month>,
) -> ApiResult<Json<Verification>> {
    whole(&session)?;
    let kept = statistic::report(&state.db, month).await?;
    Ok(Json(verify_kept(&state, &kept).await?))
}
