//! The one error of the API: `{code, message, request_id}`. 4xx messages help people; 5xx hide the cause, which is
//! logged once, here. Must not carry personal data.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tapal_domain::alert::{Refused, Status};

/// What a client is told. Also put into the reply's extensions, so that a page can show it in the user's language.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// HTTP status.
    pub http: StatusCode,
    /// Stable code; translation key `error-<code>` of the pages.
    pub code: &'static str,
    /// English text for people.
    pub message: String,
    /// Where the alert stands, when an action on it was refused.
    pub status: Option<Status>,
    /// Seconds to wait before trying again.
    pub retry_after_s: Option<i64>,
    /// Further codes, such as the reasons a photograph was refused.
    pub reasons: Vec<String>,
}

/// The JSON text of an error.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// Stable code.
    pub code: String,
    /// English text for people.
    pub message: String,
    /// Quote it when asking for help.
    pub request_id: String,
    /// Where the alert stands, when an action on it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Seconds to wait before trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<i64>,
    /// Further codes, such as the reasons a photograph was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// Shorthand of handlers.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// Any error.
    pub fn new(http: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            http,
            code,
            message: message.into(),
            status: None,
            retry_after_s: None,
            reasons: Vec::new(),
        }
    }
    /// 400 or 422: what was sent cannot be used.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }
    /// 401.
    pub fn not_signed_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "not_signed_in",
            "sign in first; a session ends after 30 minutes without use",
        )
    }
    /// 403.
    pub fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "your role does not allow this; ask your supervisor if you need it",
        )
    }
    /// 404.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is no such thing here, or it is not yours to see",
        )
    }
    /// 500: the cause goes to the log, not to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something failed inside the centre; quote the request id to your administrator",
        )
    }
    /// 429 with a wait.
    pub fn wait(ms: i64) -> Self {
        let seconds = (ms + 999) / 1_000;
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "wait",
            format!("too many failed tries; try again in {seconds} seconds"),
        );
        error.retry_after_s = Some(seconds);
        error
    }
}

impl From<tapal_store::Error> for ApiError {
    fn from(error: tapal_store::Error) -> Self {
        match error {
            tapal_store::Error::NotFound => Self::not_found(),
            tapal_store::Error::Conflict(constraint) => {
                tracing::info!(%constraint, "conflict");
                Self::new(
                    StatusCode::CONFLICT,
                    "conflict",
                    "this exists already, or something it needs is missing; look at the present state and try again",
                )
            }
            tapal_store::Error::Unavailable(cause) => {
                tracing::error!(%cause, "database not available");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "the database does not answer; try again in a few seconds",
                )
            }
            tapal_store::Error::Other(cause) => Self::internal(cause),
        }
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let http = match refused {
            Refused::NotAllowed { .. } | Refused::SameOfficer { .. } => StatusCode::CONFLICT,
            Refused::NotYours { .. } => StatusCode::FORBIDDEN,
            Refused::Incomplete { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut error = Self::new(http, refused.code(), refused.to_string());
        error.status = Some(refused.status());
        error
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            code: self.code.to_owned(),
            message: self.message.clone(),
            request_id: crate::request::current_id(),
            status: self.status,
            retry_after_s: self.retry_after_s,
            reasons: self.reasons.clone(),
        };
        let mut reply = (self.http, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            reply
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        reply
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        reply.extensions_mut().insert(self);
        reply
    }
}
