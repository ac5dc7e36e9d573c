//! Keys with which an agency's own system files orders: `Authorization: Bearer` (RFC 6750). Must not show a key but
//! once, to who made it, nor make one for an account that is not an agency's.

pub mod page;

use axum::{Json, extract::State, http::StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tapal_domain::{
    id::{AccountId, CredentialId},
    role::Permission,
    time::{DAY_MS, UtcMs},
};
use tapal_store::credential::{self, Credential};
use utoipa::ToSchema;

use crate::{
    AppState, Session,
    account::reachable,
    error::{ApiError, ApiResult},
    extract::{At, Input},
};

/// The longest a key lives, days.
const MOST_DAYS: u16 = 366;
/// How a key begins, so that a scanner for leaked keys finds one in a file or a log.
const PREFIX: &str = "tapal_";

/// A key as asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct CredentialInput {
    /// Which machine will have it, in words.
    pub label: String,
    /// In how many days it ends: 1 to 366.
    pub days: u16,
}

/// A new key, told once.
#[derive(Serialize, ToSchema)]
pub struct CredentialMade {
    /// Its id.
    pub id: CredentialId,
    /// To be sent as `Authorization: Bearer KEY`. It is not stored and cannot be shown again.
    pub key: String,
    /// When it ends by itself.
    pub expires_at: UtcMs,
}

/// Makes a key for an agency's account.
pub async fn make_by(
    state: &AppState,
    session: &Session,
    id: AccountId,
    input: CredentialInput,
) -> ApiResult<CredentialMade> {
    let account = reachable(state, session, id).await?;
    // A carrier is no agency, and has a machine too.
    if account.agency.is_none() && !account.role.may(Permission::SendPassengerLists) {
        return Err(ApiError::invalid(
            "not_an_agency",
            "only the account of an agency's liaison can have a key: open one for the agency's system",
        ));
    }
    if !(1..=MOST_DAYS).contains(&input.days) {
        return Err(ApiError::invalid(
            "bad_days",
            format!("a key lives 1 to {MOST_DAYS} days"),
        ));
    }
    let mut secret = [0u8; 32];
    getrandom::fill(&mut secret).map_err(ApiError::internal)?;
    let key = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret));
    let now = state.clock.now();
    let new = Credential {
        id: CredentialId(state.clock.new_uuid()),
        account: id,
        label: crate::camera::name_of(&input.label)?,
        created_at: now,
        expires_at: now + i64::from(input.days) * DAY_MS,
        used_at: None,
        ended_at: None,
    };
    let made = credential::add(&state.db, now, session.by(), &new, &Sha256::digest(&key)).await;
    made.map_err(|error| match error {
        tapal_store::Error::Conflict(why) => {
            ApiError::new(StatusCode::CONFLICT, "too_many_keys", why)
        }
        other => other.into(),
    })?;
    Ok(CredentialMade {
        id: new.id,
        key,
        expires_at: new.expires_at,
    })
}

/// Ends a key at once.
pub async fn end_by(state: &AppState, session: &Session, id: CredentialId) -> ApiResult<AccountId> {
    let account = credential::get(&state.db, id).await?.account;
    reachable(state, session, account).await?;
    credential::end(&state.db, state.clock.now(), session.by(), id).await?;
    Ok(account)
}

/// Keys of an account, newest first.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/credentials", tag = "credential", operation_id = "credential_list", params(("id" = AccountId, Path)), responses((status = 200, body = Vec<Credential>)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    At(id): At<AccountId>,
) -> ApiResult<Json<Vec<Credential>>> {
    reachable(&state, &session, id).await?;
    Ok(Json(credential::list(&state.db, id).await?))
}

/// Makes a key for an agency's account.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/credentials", tag = "credential", operation_id = "credential_add", params(("id" = AccountId, Path)), request_body = CredentialInput, responses((status = 201, body = CredentialMade)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    At(id): At<AccountId>,
    Input(input): Input<CredentialInput>,
) -> ApiResult<(StatusCode, Json<CredentialMade>)> {
    let made = make_by(&state, &session, id, input).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Ends a key at once.
#[utoipa::path(delete, path = "/api/v1/credentials/{id}", tag = "credential", operation_id = "credential_end", params(("id" = CredentialId, Path)), responses((status = 204)))]
pub async fn end(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CredentialId>,
) -> ApiResult<StatusCode> {
    end_by(&state, &session, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
