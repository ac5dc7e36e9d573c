//! The ledger of crossings, over HTTP. Must not change a record; a correction is another one.

pub mod correction;
pub mod page;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tapal_domain::{id::CrossingId, role::Permission};
use tapal_store::crossing::{self, Crossing};
use utoipa::{IntoParams, ToSchema};

use crate::{
    AppState, Session,
    desk::{CrossingDone, CrossingInput, decide::decide},
    error::ApiResult,
    extract::{At, Input, Params},
    statistic::{Records, Wanted, page_of},
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

/// Records of the ledger that hold, the last day first, a page of 100; without who crossed. At a checkpoint its own.
#[utoipa::path(get, path = "/api/v1/crossings", tag = "crossing", operation_id = "crossing_list", params(Wanted), responses((status = 200, body = Records)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<Records>> {
    let asked = wanted.asked(&state, &session).await?;
    Ok(Json(page_of(&state, &asked, wanted.before).await?))
}

/// Who crossed, as the document said. `Debug` is redacted.
#[derive(Clone, Serialize, ToSchema)]
pub struct CrossingIdentity {
    /// Issuing state.
    pub issuing_state: String,
    /// Document number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Birth date, unknown parts as the document writes them.
    pub birth_date: String,
    /// Sex as the document writes it.
    pub sex: String,
}

impl std::fmt::Debug for CrossingIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CrossingIdentity(redacted)")
    }
}

/// A record with everything that stands for it or that it stands for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CrossingView {
    /// The record.
    pub crossing: Crossing,
    /// Whether it holds: nothing corrects it.
    pub holds: bool,
    /// All records of its chain, the oldest first; the last one holds.
    pub chain: Vec<Crossing>,
    /// Who crossed, where it was asked for.
    pub identity: Option<CrossingIdentity>,
}

/// What of a record is asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct Look {
    /// Whether to open who crossed; the look is recorded.
    pub identity: bool,
}

/// A record of the account's own checkpoint, or of any where it has none. Who crossed is opened for those who may see
/// holders, and the look recorded.
pub(crate) async fn view(
    state: &AppState,
    session: &Session,
    id: CrossingId,
    look: Look,
) -> ApiResult<CrossingView> {
    let crossing = crossing::get(&state.db, id).await?;
    session.require_site(crossing.site)?;
    let identity = match look.identity {
        false => None,
        true => {
            session.require(Permission::ReadHolders)?;
            let now = state.clock.now();
            tapal_store::look::record(&state.db, now, session.account, "crossing", id, "identity")
                .await?;
            let own = crossing::identity(&state.db, id).await?;
            Some(CrossingIdentity {
                issuing_state: own.issuing_state,
                number: own.number,
                name: own.name,
                birth_date: own.birth_date,
                sex: own.sex,
            })
        }
    };
    Ok(CrossingView {
        holds: crossing::current(&state.db, id).await?,
        chain: crossing::chain(&state.db, id).await?,
        crossing,
        identity,
    })
}

/// One record of the ledger and its chain of corrections. `identity=true` opens who crossed and is recorded.
#[utoipa::path(get, path = "/api/v1/crossings/{id}", tag = "crossing", operation_id = "crossing_get", params(("id" = CrossingId, Path), Look), responses((status = 200, body = CrossingView)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CrossingId>,
    Params(look): Params<Look>,
) -> ApiResult<Json<CrossingView>> {
    Ok(Json(view(&state, &session, id, look).await?))
}
