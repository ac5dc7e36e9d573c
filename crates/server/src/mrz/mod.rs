//! Machine readable zones: typed or read by a reader, as lines; or from a photograph of the page. Must not keep the
//! photograph, nor call a zone valid that had to be corrected without saying so.

pub mod reader;

use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tapal_documents::mrz::{
    self,
    photo::{Line, Photographed, Place},
};
use tapal_domain::day::Day;
use tapal_vision::{ImageLimits, decode_image, zone::Zone};
use utoipa::ToSchema;

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    extract::Input,
};

/// Lines of one document.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MrzLinesInput {
    /// Two or three lines, apart by line ends.
    pub lines: String,
}

/// A reading: every field, every check digit with its verdict, everything that is wrong. The same as `tapal mrz parse`.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct MrzReading(pub mrz::Reading);

/// A zone from a photograph: `state` is `read`, `corrected` (with each correction: hold it against the document) or
/// `unsure`; `lines`, `reading`, and `sureness` of each field, 0 to 100.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct MrzPhotographed(pub Photographed);

/// The day it is where this person works.
async fn today(state: &AppState, session: &Session) -> ApiResult<Day> {
    let offset = match session.site {
        Some(site) => {
            tapal_store::site::get(&state.db, site)
                .await?
                .utc_offset_minutes
        }
        None => crate::console::when::Zone::default().0,
    };
    Ok(Day::at(state.clock.now(), offset))
}

/// Reads the zone of a page.
pub async fn from_photograph(image: Vec<u8>, today: Day) -> ApiResult<Photographed> {
    let found = tokio::task::spawn_blocking(move || {
        let frame = decode_image(&image, &ImageLimits::default()).map_err(|e| e.to_string())?;
        Ok::<_, String>(Zone::find(&frame))
    });
    let found = found.await.map_err(ApiError::internal)?;
    let zone = found
        .map_err(|cause| {
            ApiError::invalid(
                "not_an_image",
                format!("the photograph cannot be read: {cause}"),
            )
        })?
        .ok_or_else(no_zone)?;
    let _turn = reader::turn().await?;
    let read = tokio::task::spawn_blocking(move || {
        reader::signs(&zone).map(|signs| (lines(&zone, &signs), zone.columns))
    });
    let (lines, columns) = read.await.map_err(ApiError::internal)?.map_err(unread)?;
    Ok(mrz::photo::photographed(&lines, columns, today))
}

fn no_zone() -> ApiError {
    ApiError::invalid(
        "no_zone",
        "no machine readable zone was found; photograph the page from above, the two or three lines at the bottom whole and level, or type them",
    )
}

fn unread(failed: reader::Failed) -> ApiError {
    let code = match failed {
        reader::Failed::Missing => "no_ocr",
        reader::Failed::Slow | reader::Failed::Broken => "ocr_failed",
    };
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, failed.to_string())
}

/// What was seen, by line.
fn lines(zone: &Zone, signs: &[reader::Sign]) -> Vec<Line> {
    let middle = |left: usize, right: usize| (left + right) as f32 / 2.0;
    let line = |row: &tapal_vision::zone::Row| {
        let here =
            |sign: &&reader::Sign| (row.top..row.bottom).contains(&((sign.top + sign.bottom) / 2));
        let mut seen: Vec<_> = signs.iter().filter(here).map(reader::Sign::seen).collect();
        seen.sort_by(|a, b| a.middle.total_cmp(&b.middle));
        let place = |cell: &tapal_vision::zone::Cell| Place {
            column: cell.column,
            middle: middle(cell.left, cell.right),
        };
        Line {
            places: row.cells.iter().map(place).collect(),
            seen,
        }
    };
    zone.rows.iter().map(line).collect()
}

/// Reads the lines of one document.
#[utoipa::path(post, path = "/api/v1/mrz/lines", tag = "mrz", operation_id = "mrz_lines", request_body = MrzLinesInput, responses((status = 200, body = MrzReading)))]
pub async fn of_lines(
    State(state): State<AppState>,
    session: Session,
    Input(input): Input<MrzLinesInput>,
) -> ApiResult<Json<MrzReading>> {
    if input.lines.len() > 1_000 {
        return Err(ApiError::invalid(
            "too_long",
            "send the two or three lines of one document",
        ));
    }
    Ok(Json(MrzReading(mrz::read(
        &input.lines,
        today(&state, &session).await?,
    ))))
}

/// Reads the zone in a photograph of a document's page (JPEG or PNG as the body); nothing is kept. 422 `no_zone` when none is
/// found, 503 `no_ocr` when the centre's machine has no reader of characters.
#[utoipa::path(post, path = "/api/v1/mrz", tag = "mrz", operation_id = "mrz_photograph", request_body(content = Vec<u8>, content_type = "image/jpeg"), responses((status = 200, body = MrzPhotographed)))]
pub async fn of_photograph(
    State(state): State<AppState>,
    session: Session,
    body: Bytes,
) -> ApiResult<Json<MrzPhotographed>> {
    let day = today(&state, &session).await?;
    Ok(Json(MrzPhotographed(
        from_photograph(body.to_vec(), day).await?,
    )))
}
