//! The one place where access is decided: finds who asks (session, key of a machine or node), checks CSRF on every
//! changing request with a session, and enforces the table's access column. Must run before every handler.

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Limited};
use sha2::{Digest, Sha256};
use tapal_domain::time::MINUTE_MS;
use tapal_store::session::Live;

use super::Session;
use crate::{
    error::{ApiError, ApiResult},
    routes::Access,
    state::AppState,
};

/// Name of the session cookie. The prefix makes browsers insist on Secure, Path=/ and no Domain.
pub const COOKIE: &str = "__Host-tapal";

/// What the guard of one route knows.
#[derive(Clone)]
pub struct Guard {
    /// For the database and the clock.
    pub state: AppState,
    /// Who may.
    pub access: Access,
    /// Most bytes of a body.
    pub body_limit: usize,
}

/// Layer of every route.
pub async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match admit(&guard, request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn admit(guard: &Guard, mut request: Request) -> ApiResult<Request> {
    if matches!(guard.access, Access::Device | Access::Standby) {
        return crate::edge::identity::verify(guard, request).await;
    }
    if let Some(token) = bearer(request.headers()) {
        let session = of_machine(guard, request.uri(), &token).await?;
        request.extensions_mut().insert(session);
        return Ok(request);
    }
    let changing = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changing {
        same_origin(&guard.state, request.uri(), request.headers())?;
    }
    let Some(session) = find(&guard.state, request.headers()).await? else {
        return match guard.access {
            Access::Public => Ok(request),
            _ => Err(ApiError::not_signed_in()),
        };
    };
    // A public form (sign-in, language) may have been loaded before or without this session; the origin was checked.
    if changing && guard.access != Access::Public {
        request = check_csrf(guard, &session, request).await?;
    }
    allowed(guard.access, &session)?;
    if is_use(&request) {
        note_use(&guard.state, &session).await?;
    }
    request.extensions_mut().insert(session);
    Ok(request)
}

fn allowed(access: Access, session: &Session) -> ApiResult<()> {
    let may = match access {
        Access::Public | Access::SignedIn => return Ok(()),
        Access::Needs(permission) => session.may(permission),
        Access::Either(one, other) => session.may(one) || session.may(other),
        Access::Device | Access::Standby => false,
    };
    if session.must_change {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "password_change_needed",
            "this password was given to you for one use; choose your own first",
        ));
    }
    if may {
        Ok(())
    } else {
        Err(ApiError::forbidden())
    }
}

/// The session of the request's cookie, if it is live.
pub async fn find(state: &AppState, headers: &HeaderMap) -> ApiResult<Option<Session>> {
    let Some(token) = cookie(headers).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()) else {
        return Ok(None);
    };
    let token_hash = Sha256::digest(&token).to_vec();
    let live = tapal_store::session::find(&state.db, &token_hash, state.clock.now()).await?;
    Ok(live.map(|live| session_of(live, token_hash)))
}

fn session_of(live: Live, token_hash: Vec<u8>) -> Session {
    Session {
        account: live.account,
        username: live.username,
        display_name: live.display_name,
        role: live.role,
        site: live.site,
        desk: live.desk,
        agency: live.agency,
        language: live.language,
        must_change: live.must_change,
        csrf: live.csrf,
        seen_at: live.seen_at,
        token_hash,
    }
}

/// The key a machine sends (RFC 6750). Where there is one, a cookie beside it is not looked at.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

/// The account a machine's key acts as: in the API only, and never at what belongs to a person's own sign-in. A
/// browser never sends such a header by itself, so nothing here asks for a CSRF token.
async fn of_machine(guard: &Guard, uri: &Uri, token: &str) -> ApiResult<Session> {
    let (state, hash) = (&guard.state, Sha256::digest(token).to_vec());
    let live = tapal_store::credential::find(&state.db, &hash, state.clock.now()).await?;
    let session = session_of(live.ok_or_else(ApiError::not_signed_in)?, hash);
    if !uri.path().starts_with("/api/v1/") || !guard.access.of_agencies() {
        return Err(ApiError::forbidden());
    }
    allowed(guard.access, &session)?;
    Ok(session)
}

/// What a page fetches by itself is no use of the session, nor is a stream that reconnects: an unattended screen
/// signs out.
fn is_use(request: &Request) -> bool {
    !request.headers().contains_key(&QUIET) && request.uri().path() != "/api/v1/events"
}

/// Notes that a person used the session, once a minute.
async fn note_use(state: &AppState, session: &Session) -> ApiResult<()> {
    let now = state.clock.now();
    if now.since_ms(session.seen_at) >= MINUTE_MS {
        tapal_store::session::touch(&state.db, now, &session.token_hash).await?;
    }
    Ok(())
}

/// A page sends this header with what it fetches by itself, so that an unattended screen signs out.
const QUIET: HeaderName = HeaderName::from_static("x-tapal-quiet");

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Refuses a changing request that another site's page made a browser send.
fn same_origin(state: &AppState, uri: &Uri, headers: &HeaderMap) -> ApiResult<()> {
    let foreign = || {
        ApiError::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "this request came from another site's page",
        )
    };
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().map_err(|_| foreign())?;
        // HTTP/2 has no Host header: the address itself names the host.
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .or_else(|| uri.authority().map(|authority| authority.as_str()))
            .unwrap_or_default();
        let own = origin
            .strip_prefix("https://")
            .is_some_and(|name| name == host);
        return if own || state.config.origins.iter().any(|known| known == origin) {
            Ok(())
        } else {
            Err(foreign())
        };
    }
    match headers.get("sec-fetch-site").map(|site| site.as_bytes()) {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err(foreign()),
    }
}

/// The token must be in the header, or in the form. For a form the body is read once and handed on.
async fn check_csrf(guard: &Guard, session: &Session, request: Request) -> ApiResult<Request> {
    let wrong = || {
        ApiError::new(
            StatusCode::FORBIDDEN,
            "csrf",
            "this page is out of date or the request did not come from it; load it again",
        )
    };
    if let Some(token) = request.headers().get("x-csrf-token") {
        return if same(token.as_bytes(), session.csrf.as_bytes()) {
            Ok(request)
        } else {
            Err(wrong())
        };
    }
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let is_form = kind.starts_with("application/x-www-form-urlencoded");
    if !is_form && !kind.starts_with("multipart/form-data") {
        return Err(wrong());
    }
    let (parts, body) = request.into_parts();
    if !is_form {
        // Files go by in pieces: only the beginning, where the token stands, is held back.
        let (head, body) = beginning(body).await?;
        return match multipart_token(&head, &session.csrf) {
            true => Ok(Request::from_parts(parts, body)),
            false => Err(wrong()),
        };
    }
    let bytes = read_body(body, guard.body_limit).await?;
    match form_token(&bytes, &session.csrf) {
        true => Ok(Request::from_parts(parts, Body::from(bytes))),
        false => Err(wrong()),
    }
}

/// Bytes of a form among which its token must be.
const HEAD_BYTES: usize = 4_096;

/// The first bytes of a body, and the body with them in place again.
async fn beginning(body: Body) -> ApiResult<(Vec<u8>, Body)> {
    let broken = |_| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_form",
            "the form did not arrive whole; try again",
        )
    };
    let mut rest = body.into_data_stream();
    let (mut head, mut pieces) = (Vec::new(), Vec::new());
    while head.len() < HEAD_BYTES {
        let Some(piece) = rest.next().await.transpose().map_err(broken)? else {
            break;
        };
        head.extend_from_slice(&piece[..piece.len().min(HEAD_BYTES)]);
        pieces.push(Ok(piece));
    }
    Ok((head, Body::from_stream(stream::iter(pieces).chain(rest))))
}

fn form_token(body: &[u8], expected: &str) -> bool {
    body.split(|&byte| byte == b'&').any(|pair| {
        pair.strip_prefix(b"csrf=")
            .is_some_and(|token| same(token, expected.as_bytes()))
    })
}

/// The token part must be among the first of the form, before any file.
fn multipart_token(body: &[u8], expected: &str) -> bool {
    let head = &body[..body.len().min(HEAD_BYTES)];
    let needle = format!("name=\"csrf\"\r\n\r\n{expected}\r\n");
    head.windows(needle.len())
        .any(|window| same(window, needle.as_bytes()))
}

/// Compares without telling by time where the difference is.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

/// Reads a body up to its limit.
pub(crate) async fn read_body(body: Body, limit: usize) -> ApiResult<Bytes> {
    let too_large = || {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("at most {limit} bytes can be sent here"),
        )
    };
    Ok(Limited::new(body, limit)
        .collect()
        .await
        .map_err(|_| too_large())?
        .to_bytes())
}
