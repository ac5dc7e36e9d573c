//! Standby servers in the API: announcing and retiring, what each holds, what was found, the audit record each handed in.
//! Must not show a token twice, nor let whoever made a record settle what was found of it.

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tapal_domain::{
    id::{FindingId, SiteId, StandbyId},
    role::Permission,
    standby::StandbyAuditRow,
    time::{HOUR_MS, UtcMs},
};
use tapal_store::{
    Note,
    audit::Verdict,
    standby::{self, Standby, finding, finding::StandbyFinding, handed},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    extract::{At, Input, Params},
    session::sign_in::random_token,
};

/// How long an enrolment token may be used.
pub const TOKEN_MS: i64 = 24 * HOUR_MS;
/// Most findings, and most rows, of one reply.
const MOST: i64 = 500;

/// A standby server to be enrolled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStandby {
    /// Its checkpoint; one a checkpoint.
    pub site: SiteId,
    /// Name shown.
    pub name: String,
}

/// An announced standby server with its token, told once.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandbyAnnounced {
    /// Its id.
    pub standby: StandbyId,
    /// One-time token: `tapal standby` needs it. It is not stored and cannot be shown again.
    pub token: String,
    /// Until when it may be used.
    pub expires_at: UtcMs,
}

/// Announces a standby server of the person's own site, or of any without one.
pub async fn announce(
    state: &AppState,
    session: &Session,
    new: &NewStandby,
) -> ApiResult<StandbyAnnounced> {
    session.require(Permission::EditEdges)?;
    session.require_site(new.site)?;
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 80 {
        return Err(ApiError::invalid(
            "name_missing",
            "give the standby server a name of 1 to 80 characters",
        ));
    }
    tapal_store::site::get(&state.db, new.site).await?;
    let (now, token) = (state.clock.now(), random_token()?);
    let (id, expires_at) = (StandbyId(state.clock.new_uuid()), now + TOKEN_MS);
    let row = standby::NewStandby {
        id,
        site: new.site,
        name: name.to_owned(),
        token_hash: Sha256::digest(&token).to_vec(),
        token_expires_at: expires_at,
    };
    match standby::announce(&state.db, now, session.by(), row).await {
        Err(tapal_store::Error::Conflict(why)) => {
            Err(ApiError::new(StatusCode::CONFLICT, "standby_refused", why))
        }
        done => {
            done?;
            Ok(StandbyAnnounced {
                standby: id,
                token,
                expires_at,
            })
        }
    }
}

/// One that this person may see.
async fn own(state: &AppState, session: &Session, id: StandbyId) -> ApiResult<Standby> {
    let all = standby::list(&state.db, session.site).await?;
    let found = all.into_iter().find(|one| one.id == id);
    found.ok_or_else(ApiError::not_found)
}

/// Retires a standby server of the person's own site.
pub async fn retire_by(state: &AppState, session: &Session, id: StandbyId) -> ApiResult<()> {
    session.require(Permission::EditEdges)?;
    own(state, session, id).await?;
    Ok(standby::retire(&state.db, state.clock.now(), session.by(), id).await?)
}

/// Settles a finding; what was refused is said.
pub async fn settle_by(
    state: &AppState,
    session: &Session,
    id: FindingId,
    reason: &str,
) -> ApiResult<()> {
    session.require(Permission::SettleFindings)?;
    let who = (session.account, session.site);
    match finding::settle(&state.db, state.clock.now(), who, id, reason).await? {
        Ok(()) => Ok(()),
        Err(why) => {
            let http = match why {
                tapal_domain::standby::MayNotSettle::OwnRecord => StatusCode::CONFLICT,
                tapal_domain::standby::MayNotSettle::NoReason => StatusCode::UNPROCESSABLE_ENTITY,
            };
            Err(ApiError::new(http, why.code(), why.to_string()))
        }
    }
}

/// Standby servers of this account's site or all: how far their copies go, what waits, since when they go on alone.
#[utoipa::path(get, path = "/api/v1/standbys", tag = "standby", operation_id = "standby_list", responses((status = 200, body = Vec<Standby>)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
) -> ApiResult<Json<Vec<Standby>>> {
    Ok(Json(standby::list(&state.db, session.site).await?))
}

/// Announces a standby server; the token is in this reply only.
#[utoipa::path(post, path = "/api/v1/standbys", tag = "standby", operation_id = "standby_add", request_body = NewStandby, responses((status = 201, body = StandbyAnnounced)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    Input(new): Input<NewStandby>,
) -> ApiResult<(StatusCode, Json<StandbyAnnounced>)> {
    let announced = announce(&state, &session, &new).await?;
    Ok((StatusCode::CREATED, Json(announced)))
}

/// Retires a standby server: its signature is refused from now on.
#[utoipa::path(delete, path = "/api/v1/standbys/{id}", tag = "standby", operation_id = "standby_retire", params(("id" = StandbyId, Path)), responses((status = 204)))]
pub async fn retire(
    State(state): State<AppState>,
    session: Session,
    At(id): At<StandbyId>,
) -> ApiResult<StatusCode> {
    retire_by(&state, &session, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was found when records came in, open findings first, then the newest; at most 500. Whoever may not
/// read crossings is told neither lists nor reasons.
#[utoipa::path(get, path = "/api/v1/standbys/findings", tag = "standby", operation_id = "standby_findings", responses((status = 200, body = Vec<StandbyFinding>)))]
pub async fn findings(
    State(state): State<AppState>,
    session: Session,
) -> ApiResult<Json<Vec<StandbyFinding>>> {
    let mut all = finding::findings(&state.db, session.site, MOST).await?;
    if !session.may(Permission::ReadCrossings) {
        // What is said of a crossing is for those who may read the ledger.
        for one in &mut all {
            (one.detail, one.reason) = (serde_json::json!({}), None);
        }
    }
    Ok(Json(all))
}

/// What was not recorded, as it was handed in; the look is recorded before it goes out. Of pictures only how many there are.
#[utoipa::path(get, path = "/api/v1/standbys/findings/{id}/content", tag = "standby", operation_id = "standby_finding_content", params(("id" = FindingId, Path)), responses((status = 200, body = serde_json::Value)))]
pub async fn content(
    State(state): State<AppState>,
    session: Session,
    At(id): At<FindingId>,
) -> ApiResult<([(HeaderName, &'static str); 1], Json<serde_json::Value>)> {
    let plain = finding::kept(&state.db, session.site, id).await?;
    let mut kept = serde_json::from_slice(&plain).map_err(ApiError::internal)?;
    count_pictures(&mut kept);
    let note = Note::new(
        session.by(),
        "standby.finding_opened",
        "standby_finding",
        id,
    );
    tapal_store::audit::record(&state.db, state.clock.now(), note).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(kept)))
}

/// Puts the number of pictures in the place of them.
fn count_pictures(kept: &mut serde_json::Value) {
    match kept {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_array().filter(|_| name == "probes") {
                    Some(pictures) => *value = pictures.len().into(),
                    None => count_pictures(value),
                }
            }
        }
        serde_json::Value::Array(all) => all.iter_mut().for_each(count_pictures),
        _ => {}
    }
}

/// Why a finding is settled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementInput {
    /// What was found and done, in 3 to 2,000 characters.
    pub reason: String,
}

impl std::fmt::Debug for SettlementInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SettlementInput(redacted)")
    }
}

/// Settles a finding of the person's own site. Whoever made the record cannot.
#[utoipa::path(post, path = "/api/v1/standbys/findings/{id}/settlement", tag = "standby", operation_id = "standby_settle", params(("id" = FindingId, Path)), request_body = SettlementInput, responses((status = 204)))]
pub async fn settle(
    State(state): State<AppState>,
    session: Session,
    At(id): At<FindingId>,
    Input(input): Input<SettlementInput>,
) -> ApiResult<StatusCode> {
    settle_by(&state, &session, id, &input.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
pub struct After {
    /// Rows after this one; from the first when left out.
    pub after: Option<i64>,
}

/// The audit record a standby server handed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandbyAudit {
    /// Whether the whole kept chain fits, and ends where the centre's own record says.
    pub verdict: Verdict,
    /// Rows, oldest first, at most 500.
    pub rows: Vec<StandbyAuditRow>,
}

/// The audit record a standby server handed in, and whether it is whole.
#[utoipa::path(get, path = "/api/v1/standbys/{id}/audit", tag = "standby", operation_id = "standby_audit", params(("id" = StandbyId, Path), After), responses((status = 200, body = StandbyAudit)))]
pub async fn audit(
    State(state): State<AppState>,
    session: Session,
    At(id): At<StandbyId>,
    Params(from): Params<After>,
) -> ApiResult<Json<StandbyAudit>> {
    own(&state, &session, id).await?;
    Ok(Json(StandbyAudit {
        verdict: handed::verify(&state.db, id).await?,
        rows: handed::audit(&state.db, id, from.after.unwrap_or(0), MOST).await?,
    }))
}
