//! The ledger of crossings, over HTTP. Must not change a record; a correction is another one.

use axum::{Json, extract::State, http::StatusCode};

use crate::{
    AppState, Session,
    desk::{CrossingDone, CrossingInput, decide::decide},
    error::ApiResult,
    extract::Input,
};

/// Records an entry or an exit. The lists, the stay and the visa are asked again here: what the desk's menu does not
/// offer is refused with 409 (`not_offered`, `second_line_needed`, `receipt_missing`). The same id again is answered with
/// 200 and recorded once; the same id for another decision is 409 `id_taken`. A citizen's refusal is 422
/// `citizen_refused`, whatever stands beside it.
#[utoipa::path(post, path = "/api/v1/crossings", tag = "crossing", operation_id = "crossing_add", request_body = CrossingInput,
    responses((status = 201, body = CrossingDone), (status = 200, body = CrossingDone)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    Input(input): Input<CrossingInput>,
) -> ApiResult<(StatusCode, Json<CrossingDone>)> {
    let done = decide(&state, &session, input).await?;
    let status = match done.again {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    Ok((status, Json(done)))
}
