//! What every request and reply gets: an id, strict headers, a time limit, one log line. Must not log a query,
//! a body, a cookie or a name.

use std::time::{Duration, Instant};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{error::ApiError, state::AppState};

tokio::task_local! {
    static ID: String;
}

/// The id of the request being answered; empty outside one.
pub fn current_id() -> String {
    ID.try_with(Clone::clone).unwrap_or_default()
}

const TIME_LIMIT: Duration = Duration::from_secs(30);

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'; media-src 'self'; manifest-src 'self'; font-src 'self'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CSP),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: with it browsers send `Origin: null` with our own forms.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The outermost layer.
pub async fn wrap(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let id = state.clock.new_uuid().simple().to_string();
    let started = Instant::now();
    let method = request.method().clone();
    let uri_path = request.uri().path().to_owned();
    let path = request
        .extensions()
        .get::<axum::extract::MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let answer = async {
        match tokio::time::timeout(TIME_LIMIT, next.run(request)).await {
            Ok(reply) => reply,
            Err(_) => ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "timeout",
                "the centre took too long; try again",
            )
            .into_response(),
        }
    };
    let mut reply = ID.scope(id.clone(), answer).await;
    for (name, value) in HEADERS {
        reply
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    if uri_path == "/desk" || uri_path.starts_with("/desk/") {
        // The one page with a camera of its own: a face against the portrait of the document's holder.
        let policy = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()";
        let name = HeaderName::from_static("permissions-policy");
        reply
            .headers_mut()
            .insert(name, HeaderValue::from_static(policy));
    }
    // Whatever a handler does not allow to be kept is not kept.
    reply
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&id) {
        reply
            .headers_mut()
            .insert(HeaderName::from_static("x-request-id"), value);
    }
    let (status, ms) = (
        reply.status().as_u16(),
        started.elapsed().as_millis() as u64,
    );
    tracing::debug!(request_id = %id, %method, path = path.as_deref().unwrap_or("(none)"), status, ms, "answered");
    reply
}
