//! Who is asking: sign-in, sign-out and the signed-in person of a request.
//! Must not be built from anything but a valid session cookie.

pub mod api;
pub mod guard;
pub mod page;
pub mod sign_in;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use tapal_domain::{
    alert::Actor,
    entry::Agency,
    id::{AccountId, DeskId, SiteId},
    role::{Permission, Role},
    time::UtcMs,
};
use tapal_store::By;

use crate::error::{ApiError, ApiResult};

/// The signed-in person. As a handler argument it refuses with 401 when nobody is signed in; `Option<Session>`
/// gives `None` instead. A session whose password must be changed first is refused by every route but the
/// sign-in ones (403 `password_change_needed`). CSRF was checked before a handler runs.
#[derive(Clone, Debug)]
pub struct Session {
    /// The account.
    pub account: AccountId,
    /// Name to sign in with.
    pub username: String,
    /// Name shown.
    pub display_name: String,
    /// Role.
    pub role: Role,
    /// Site; `None` sees all sites.
    pub site: Option<SiteId>,
    /// Desk; `None` serves all desks of the site.
    pub desk: Option<DeskId>,
    /// Agency of a liaison.
    pub agency: Option<Agency>,
    /// `id` or `en`.
    pub language: String,
    /// Whether a one-time password must be changed first.
    pub must_change: bool,
    /// Token that every changing request must repeat, as form field `csrf` or header `x-csrf-token`.
    pub csrf: String,
    pub(crate) seen_at: UtcMs,
    pub(crate) token_hash: Vec<u8>,
}

impl Session {
    /// Refuses unless the role has this permission.
    pub fn require(&self, permission: Permission) -> ApiResult<()> {
        if self.role.may(permission) {
            Ok(())
        } else {
            Err(ApiError::forbidden())
        }
    }

    /// Whether the role has this permission; for showing or hiding a button.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }

    /// Whose orders are seen: `None` for all. A liaison without an agency sees none.
    pub fn orders_of(&self) -> ApiResult<Option<Agency>> {
        match self.agency {
            _ if self.may(Permission::ReadAllOrders) => Ok(None),
            Some(agency) => Ok(Some(agency)),
            None => Err(ApiError::forbidden()),
        }
    }

    /// Refuses (as not found) what belongs to another site.
    pub fn require_site(&self, site: SiteId) -> ApiResult<()> {
        if self.site.is_none_or(|own| own == site) {
            Ok(())
        } else {
            Err(ApiError::not_found())
        }
    }

    /// As the actor of an alert's action.
    pub fn actor(&self) -> Actor {
        Actor::Account(self.account, self.role)
    }

    /// As the author of an audit row.
    pub fn by(&self) -> By {
        By::Account(self.account)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Session>()
            .cloned()
            .ok_or_else(ApiError::not_signed_in)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Session>().cloned())
    }
}
