//! Errors of page requests as pages, in the visitor's language, with the request id and the next step. Requests of
//! the API keep their JSON. Must not show a cause that the API hides.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::Response,
};

use super::{Notice, Shell, Tone, see_other, visit};
use crate::{error::ApiError, state::AppState};

/// An error page.
#[derive(Template)]
#[template(path = "error.html")]
struct FailurePage {
    shell: Shell,
    status: u16,
    title: String,
    text: String,
    next: String,
    request_id: String,
}

/// Layer over all routes.
pub async fn as_page(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") || path.starts_with("/assets/") || path.starts_with("/health") {
        return next.run(request).await;
    }
    let (uri, headers, method) = (
        request.uri().clone(),
        request.headers().clone(),
        request.method().clone(),
    );
    let reply = next.run(request).await;
    let status = reply.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return reply;
    }
    let is_page = reply
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page {
        return reply;
    }
    let code = reply
        .extensions()
        .get::<ApiError>()
        .map_or("", |error| error.code);
    let elsewhere = match code {
        "not_signed_in" if method == Method::GET => {
            Some(format!("/sign-in?ended=1&next={}", encoded(uri.path())))
        }
        "not_signed_in" => Some("/sign-in?ended=1".to_owned()),
        "password_change_needed" => Some("/password".to_owned()),
        _ => None,
    };
    let made = match elsewhere {
        Some(path) => see_other(path),
        None => failure(&state, &headers, &uri, status, code),
    };
    made.unwrap_or(reply)
}

fn failure(
    state: &AppState,
    headers: &axum::http::HeaderMap,
    uri: &axum::http::Uri,
    status: StatusCode,
    code: &str,
) -> Result<Response, ApiError> {
    // Without the navigation: a failing session or database must not make the error page fail too.
    let shell = visit::outside(state, headers, uri);
    let key = match (code, status.as_u16()) {
        ("csrf" | "foreign_origin", _) => "csrf",
        ("centre_unreachable", _) => "centre",
        ("centre_silent", _) => "silent",
        (_, 403) => "403",
        (_, 404 | 405) => "404",
        (_, 409) => "409",
        (_, 413) => "413",
        (_, 429) => "429",
        (_, 503) => "503",
        (_, 400..=499) => "400",
        _ => "500",
    };
    let part = |suffix: &str| shell.t(&format!("error-{key}{suffix}"));
    let (title, text, next) = (part(""), part("-text"), part("-next"));
    let page = FailurePage {
        status: status.as_u16(),
        title,
        text,
        next,
        request_id: crate::request::current_id(),
        shell,
    };
    visit::show_as(status, page)
}

/// A path as a query value.
pub fn encoded(path: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes()
        .map(|byte| {
            if keep(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// A refused form as a message in the page: the words of `problem-<code>`, else the API's English text.
pub fn problem(shell: &Shell, error: &ApiError) -> Notice {
    let text = shell.t(&format!("problem-{}", error.code));
    let text = if text.starts_with('[') {
        error.message.clone()
    } else {
        text
    };
    Notice::new(Tone::Red, text, "")
}

/// Whether an error is something the person can mend on the form, rather than a page of its own.
pub fn is_mendable(error: &ApiError) -> bool {
    matches!(
        error.http,
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT | StatusCode::BAD_REQUEST
    )
}
