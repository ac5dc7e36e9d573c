//! The one address of a checkpoint: hands each request on to the centre while that answers, and to this server's own
//! routes while it does not. Must not do again what could do harm twice, and must not let anything be recorded here while
//! the centre takes over.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Limited};
use tower::ServiceExt;

use super::{
    alone,
    https::{Forward, Lost},
    link::{Link, Mode},
};
use crate::{error::ApiError, routes, state::AppState};

/// How long what this server could answer itself waits for the centre.
const SOON: Duration = Duration::from_secs(5);
/// How long a picture waits: reading a page or comparing a face takes a while.
const PICTURE: Duration = Duration::from_secs(15);
/// How long everything else waits; the centre gives up by itself before.
const LATE: Duration = Duration::from_secs(35);
/// Most bytes of a request that is held back so that it can be answered here: an alert with its pictures.
const HELD_BYTES: usize = 16 * 1024 * 1024;

/// Headers of one connection, not of the request (RFC 9110, 7.6.1).
const HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
];

/// Says who answered: `centre`, `alone` or `catching_up`.
pub const ANSWERED: HeaderName = HeaderName::from_static("tapal-answered");

#[derive(Clone)]
struct Proxy {
    state: AppState,
    link: Arc<Link>,
    centre: Arc<dyn Forward>,
    own: Router,
    silent: Router,
}

/// The service of a standby server.
pub fn app(state: AppState, link: Arc<Link>, centre: Arc<dyn Forward>) -> Router {
    let own = routes::app_of(state.clone(), alone::routes(), unreachable);
    let silent = routes::app_of(state.clone(), Vec::new(), silent);
    let proxy = Proxy {
        state,
        link,
        centre,
        own,
        silent,
    };
    Router::new().fallback(any).with_state(proxy)
}

/// What waits for the centre.
async fn unreachable() -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "centre_unreachable",
        "the centre cannot be reached; this waits until it can. The desk, second line and alerts go on",
    )
}

/// What broke off in the middle.
async fn silent() -> ApiError {
    ApiError::new(
        StatusCode::GATEWAY_TIMEOUT,
        "centre_silent",
        "the line to the centre broke; it is not known whether the centre has this. Look before you send it again",
    )
}

async fn any(State(proxy): State<Proxy>, request: Request) -> Response {
    // How this server itself is: also while the centre answers everything else.
    if request.uri().path() == "/healthz" {
        return proxy.here(request).await;
    }
    match alone::answers(request.method(), request.uri().path()) {
        true => proxy.either(request).await,
        false => proxy.centre_only(request).await,
    }
}

impl Proxy {
    /// What the centre answers, or this server.
    async fn either(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, HELD_BYTES).collect().await else {
            return ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("at most {HELD_BYTES} bytes can be sent here"),
            )
            .into_response();
        };
        let body = body.to_bytes();
        // Twice at most: the centre may take over between looking and holding the gate.
        for _ in 0..2 {
            if self.link.mode() == Mode::Centre {
                match self
                    .hand_on(again(&parts, &body), within(parts.uri.path()))
                    .await
                {
                    Ok(reply) => return reply,
                    Err(lost) => self.lost(&lost),
                }
            }
            let held = self.link.recording().await;
            if self.link.mode() != Mode::Centre {
                let reply = self.here(again(&parts, &body)).await;
                drop(held);
                return reply;
            }
        }
        unreachable().await.into_response()
    }

    /// What only the centre answers.
    async fn centre_only(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let page = again(&parts, &Bytes::new());
        if self.link.mode() != Mode::Centre {
            return self.here(page).await;
        }
        let reading = parts.method.is_safe();
        match self.hand_on(Request::from_parts(parts, body), LATE).await {
            Ok(reply) => reply,
            Err(lost) => {
                self.lost(&lost);
                let unknown = lost.sent && !reading;
                self.by(if unknown { &self.silent } else { &self.own }, page)
                    .await
            }
        }
    }

    fn lost(&self, lost: &Lost) {
        tracing::warn!(cause = lost.cause, "the centre does not answer");
        self.link.lost(self.state.clock.now());
    }

    /// This server's own answer.
    async fn here(&self, request: Request) -> Response {
        self.by(&self.own, request).await
    }

    async fn by(&self, router: &Router, request: Request) -> Response {
        let mode = self.link.mode();
        let reply = match router.clone().oneshot(request).await {
            Ok(reply) => reply,
            Err(never) => match never {},
        };
        self.marked(reply, mode)
    }

    /// The centre's answer.
    async fn hand_on(&self, mut request: Request, within: Duration) -> Result<Response, Lost> {
        // HTTP/2 names the host in the address; the centre compares it with the page's origin.
        if !request.headers().contains_key(header::HOST)
            && let Some(host) = request
                .uri()
                .authority()
                .and_then(|host| host.as_str().parse().ok())
        {
            request.headers_mut().insert(header::HOST, host);
        }
        strip(request.headers_mut());
        let changes = !request.method().is_safe();
        let mut reply = self.centre.forward(request, within).await?;
        strip(reply.headers_mut());
        if changes && !(reply.status().is_client_error() || reply.status().is_server_error()) {
            self.link.nudge();
        }
        Ok(self.marked(reply, Mode::Centre))
    }

    /// Says who answered; a stream of events ends when another answers, so that the page asks anew.
    fn marked(&self, mut reply: Response, mode: Mode) -> Response {
        let value = HeaderValue::from_static(mode.name());
        reply.headers_mut().insert(ANSWERED, value);
        let streams = reply
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        if !streams {
            return reply;
        }
        let link = self.link.clone();
        reply.map(|body| {
            let turned = async move { link.turned().await };
            let stream = body.into_data_stream().take_until(Box::pin(turned));
            // A stream whose line breaks ends; the page asks anew, and this server answers.
            Body::from_stream(stream.take_while(|part| std::future::ready(part.is_ok())))
        })
    }
}

/// How long the centre may take for what this server could answer itself.
fn within(path: &str) -> Duration {
    match path.ends_with("/mrz") || path.ends_with("/comparison") {
        true => PICTURE,
        false => SOON,
    }
}

/// The request once more.
fn again(parts: &Parts, body: &Bytes) -> Request {
    let mut request = Request::new(Body::from(body.clone()));
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.headers_mut() = parts.headers.clone();
    *request.extensions_mut() = parts.extensions.clone();
    request
}

fn strip(headers: &mut HeaderMap) {
    for name in &HOP {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}
