//! Accounts: opening, changing, resetting, closing. Must not show a password but once, to who made it.

pub mod page;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    entry::Agency,
    id::{AccountId, DeskId, SiteId},
    role::{Permission, Role},
};
use tapal_store::{
    By,
    account::{self, Account, NewAccount},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    extract::{At, Input, Params},
    session::sign_in::{hash, one_time_password},
};

/// An account as handed in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct AccountInput {
    /// Name to sign in with: 3 to 32 small letters, digits, dots or hyphens. Ignored in changes.
    #[serde(default)]
    pub username: String,
    /// Name shown.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// Site; leave it out for all sites.
    pub site: Option<SiteId>,
    /// Desk of that site; leave it out for all desks.
    pub desk: Option<DeskId>,
    /// Agency of a liaison; nobody else has one.
    #[serde(default)]
    pub agency: Option<Agency>,
    /// `id` or `en`; `id` when left out.
    pub language: Option<String>,
}

/// A one-time password, told once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OneTime {
    /// The account.
    pub account: AccountId,
    /// Name to sign in with.
    pub username: String,
    /// To be changed at the first sign-in. It is not stored and cannot be shown again.
    pub password: String,
}

/// Where a page of accounts begins.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
pub struct Wanted {
    /// Only user names after this one.
    pub after: Option<String>,
}

impl AccountInput {
    /// Checks every field, with a message a person understands.
    pub fn checked(self, id: AccountId) -> ApiResult<NewAccount> {
        let username = self.username.trim().to_lowercase();
        let letters = username
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
        if !letters || !(3..=32).contains(&username.len()) {
            return Err(ApiError::invalid(
                "bad_username",
                "a user name has 3 to 32 small letters, digits, dots or hyphens",
            ));
        }
        let display_name = crate::camera::name_of(&self.display_name)?;
        let language = self.language.unwrap_or_else(|| "id".to_owned());
        if !matches!(language.as_str(), "id" | "en") {
            return Err(ApiError::invalid(
                "bad_language",
                "the language is id or en",
            ));
        }
        if self.desk.is_some() && self.site.is_none() {
            return Err(ApiError::invalid(
                "desk_without_site",
                "a desk belongs to a site: choose the site too",
            ));
        }
        let own_orders_only =
            self.role.may(Permission::DraftOrders) && !self.role.may(Permission::ReadAllOrders);
        if own_orders_only != self.agency.is_some() {
            return Err(ApiError::invalid(
                "bad_agency",
                "a liaison needs an agency, and nobody else has one",
            ));
        }
        Ok(NewAccount {
            id,
            username,
            display_name,
            role: self.role,
            site: self.site,
            desk: self.desk,
            agency: self.agency,
            language,
        })
    }
}

/// Accounts by user name, at most 100.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "account", params(Wanted), responses((status = 200, body = Vec<Account>)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<Vec<Account>>> {
    Ok(Json(
        account::list_of(
            &state.db,
            session.site,
            wanted.after.as_deref().unwrap_or(""),
            100,
        )
        .await?,
    ))
}

/// Opens an account with a one-time password.
pub async fn open(state: &AppState, by: By, input: AccountInput) -> ApiResult<OneTime> {
    let password = one_time_password()?;
    let (account, username) = open_with(state, by, input, &password, true).await?;
    Ok(OneTime {
        account,
        username,
        password,
    })
}

/// Opens an account with a given password; for the command line and the demonstration.
pub async fn open_with(
    state: &AppState,
    by: By,
    input: AccountInput,
    password: &str,
    must_change: bool,
) -> ApiResult<(AccountId, String)> {
    let new = input.checked(AccountId(state.clock.new_uuid()))?;
    let hash = hash(state, password.to_owned()).await?;
    match account::open(&state.db, state.clock.now(), by, &new, &hash, must_change).await {
        Err(tapal_store::Error::Conflict(_)) => Err(ApiError::new(
            StatusCode::CONFLICT,
            "username_taken",
            "this user name is taken, or the site or desk does not exist",
        )),
        opened => opened
            .map(|()| (new.id, new.username))
            .map_err(ApiError::from),
    }
}

/// Opens an account.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "account", request_body = AccountInput, responses((status = 201, body = OneTime)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    Input(input): Input<AccountInput>,
) -> ApiResult<(StatusCode, Json<OneTime>)> {
    within(&session, input.site)?;
    Ok((
        StatusCode::CREATED,
        Json(open(&state, session.by(), input).await?),
    ))
}

/// Changes role, place, shown name and language of an account; it must sign in anew. Nobody changes their own.
pub async fn change_by(
    state: &AppState,
    session: &Session,
    id: AccountId,
    mut input: AccountInput,
) -> ApiResult<Account> {
    not_own(session, id)?;
    within(session, input.site)?;
    input.username = reachable(state, session, id).await?.username;
    account::change(
        &state.db,
        state.clock.now(),
        session.by(),
        &input.checked(id)?,
    )
    .await?;
    Ok(account::get(&state.db, id).await?)
}

/// An administrator of one site opens and moves accounts within it, never one of all sites.
pub fn within(session: &Session, site: Option<SiteId>) -> ApiResult<()> {
    if session.site.is_none() || session.site == site {
        return Ok(());
    }
    Err(ApiError::forbidden())
}

/// The account, if this administrator may touch it; as not found otherwise.
pub async fn reachable(state: &AppState, session: &Session, id: AccountId) -> ApiResult<Account> {
    let found = account::get(&state.db, id).await?;
    within(session, found.site).map_err(|_| ApiError::not_found())?;
    Ok(found)
}

fn not_own(session: &Session, id: AccountId) -> ApiResult<()> {
    if session.account == id {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "own_account",
            "another administrator must change your account",
        ));
    }
    Ok(())
}

/// Changes an account.
#[utoipa::path(patch, path = "/api/v1/accounts/{id}", tag = "account", params(("id" = AccountId, Path)), request_body = AccountInput, responses((status = 200, body = Account)))]
pub async fn change(
    State(state): State<AppState>,
    session: Session,
    At(id): At<AccountId>,
    Input(input): Input<AccountInput>,
) -> ApiResult<Json<Account>> {
    Ok(Json(change_by(&state, &session, id, input).await?))
}

/// Gives an account a new one-time password and ends its sessions.
pub async fn reset_by(state: &AppState, by: By, id: AccountId) -> ApiResult<OneTime> {
    let username = account::get(&state.db, id).await?.username;
    let password = one_time_password()?;
    let hash = hash(state, password.clone()).await?;
    account::set_password(&state.db, state.clock.now(), by, id, &hash, true).await?;
    Ok(OneTime {
        account: id,
        username,
        password,
    })
}

/// Resets a password.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/password", tag = "account", params(("id" = AccountId, Path)), responses((status = 200, body = OneTime)))]
pub async fn reset(
    State(state): State<AppState>,
    session: Session,
    At(id): At<AccountId>,
) -> ApiResult<Json<OneTime>> {
    reachable(&state, &session, id).await?;
    Ok(Json(reset_by(&state, session.by(), id).await?))
}

/// Closes an account and ends its sessions.
#[utoipa::path(delete, path = "/api/v1/accounts/{id}", tag = "account", params(("id" = AccountId, Path)), responses((status = 204)))]
pub async fn close(
    State(state): State<AppState>,
    session: Session,
    At(id): At<AccountId>,
) -> ApiResult<StatusCode> {
    not_own(&session, id)?;
    reachable(&state, &session, id).await?;
    account::close(&state.db, state.clock.now(), session.by(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
