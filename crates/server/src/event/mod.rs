//! `GET /api/v1/events`: what happens, as server-sent events with numbers, replayed after a reconnect.
//! Must not send what the account may not know: right and site are checked for every event.

pub mod hub;

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response, Sse, sse},
};
use futures_util::{Stream, stream};
use serde::Deserialize;
use tapal_domain::{
    role::Permission,
    time::{MINUTE_MS, UtcMs},
};
use tapal_store::event::{self, Audience, Event};
use tokio::sync::broadcast::{self, error::RecvError};
use utoipa::IntoParams;

use crate::{AppState, Session, error::ApiResult, extract::Params};

/// Where to begin; the header `Last-Event-ID` of a reconnecting browser wins.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
pub struct Begin {
    /// Events after this number; only what is new when left out.
    pub after: Option<i64>,
}

/// The right one needs to be told.
fn needed(audience: Audience) -> Permission {
    match audience {
        Audience::Alerts => Permission::ReadAlerts,
        Audience::Attempts => Permission::ReadAttempts,
        Audience::Sites => Permission::ReadSites,
        Audience::Entries => Permission::ReadEntries,
        Audience::InProcess => Permission::JudgeInProcess,
        Audience::Crossings => Permission::ReadCrossings,
        Audience::Cases => Permission::ReadCases,
        Audience::PassengerLists => Permission::ReadPassengerLists,
        Audience::Standbys => Permission::ReadStandbys,
    }
}

/// Whether this person may be told of this event.
pub fn may_know(session: &Session, event: &Event) -> bool {
    let here = match (session.site, event.site) {
        (Some(own), Some(site)) => own == site,
        (Some(_), None) | (None, _) => true,
    };
    here && session.may(needed(event.audience))
}

/// Live events.
#[utoipa::path(get, path = "/api/v1/events", tag = "event", params(Begin), responses((status = 200, body = String, content_type = "text/event-stream")))]
pub async fn stream(
    State(state): State<AppState>,
    session: Session,
    Params(begin): Params<Begin>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let resumed = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok());
    // Subscribed before anything is read: what happens in between comes live, and its number says it is known.
    let live = state.hub.subscribe();
    let head = event::head(&state.db).await?;
    let after = resumed.or(begin.after).unwrap_or(head);
    // An empty table has lost everything up to the head.
    let oldest = event::oldest(&state.db).await?.unwrap_or(head + 1);
    let lost = after > head || after + 1 < oldest;
    let console = Console {
        checked_at: state.clock.now(),
        state,
        session,
        live,
        last: if lost { head } else { after },
        replay: Vec::new(),
        stage: Stage::Hello { lost },
    };
    let pings = sse::KeepAlive::new()
        .interval(Duration::from_secs(15))
        .event(sse::Event::default().event("ping").data("{}"));
    let mut reply = Sse::new(console.events()).keep_alive(pings).into_response();
    reply
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(reply)
}

enum Stage {
    Hello { lost: bool },
    Replay,
    Live,
}

/// One console's place in the stream of events.
struct Console {
    state: AppState,
    session: Session,
    live: broadcast::Receiver<Arc<Event>>,
    last: i64,
    replay: Vec<Event>,
    stage: Stage,
    checked_at: UtcMs,
}

/// How often a stream looks whether its session still lives, silent or not.
const SESSION_CHECK_MS: i64 = MINUTE_MS;

impl Console {
    fn events(self) -> impl Stream<Item = Result<sse::Event, Infallible>> {
        stream::unfold(self, |mut console| async move {
            let event = console.next().await?;
            Some((Ok(event), console))
        })
    }

    /// The next event to send; `None` ends the stream and the browser reconnects.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            match self.stage {
                Stage::Hello { lost } => {
                    self.stage = Stage::Replay;
                    // `stale` tells a page to load its data anew: what it missed is no longer kept.
                    let name = if lost { "stale" } else { "hello" };
                    return Some(
                        sse::Event::default()
                            .event(name)
                            .id(self.last.to_string())
                            .data("{}")
                            .retry(Duration::from_secs(1)),
                    );
                }
                Stage::Replay => {
                    if !self.session_lives(false).await {
                        return None;
                    }
                    if let Some(event) = self.replayed().await? {
                        return Some(event);
                    }
                    self.stage = Stage::Live;
                }
                Stage::Live => {
                    if let Some(event) = self.heard().await? {
                        return Some(event);
                    }
                }
            }
        }
    }

    /// From the table, page by page; `Some(None)` when it is read to its end, `None` when it cannot be read.
    async fn replayed(&mut self) -> Option<Option<sse::Event>> {
        loop {
            if self.replay.is_empty() {
                self.replay = event::after(&self.state.db, self.last, 200).await.ok()?;
                self.replay.reverse();
            }
            let Some(event) = self.replay.pop() else {
                return Some(None);
            };
            self.last = event.seq;
            if may_know(&self.session, &event) {
                return Some(message(&event));
            }
        }
    }

    /// From the hub; `Some(None)` for what is not for this console, `None` to end.
    async fn heard(&mut self) -> Option<Option<sse::Event>> {
        let left = SESSION_CHECK_MS - self.state.clock.now().since_ms(self.checked_at);
        let left = Duration::from_millis(left.clamp(1, SESSION_CHECK_MS) as u64);
        let event = match tokio::time::timeout(left, self.live.recv()).await {
            Ok(Ok(event)) => Some(event),
            // Too slow: the stream ends, the browser resumes from the table.
            Ok(Err(RecvError::Lagged(_) | RecvError::Closed)) => return None,
            Err(_silent) => None,
        };
        if !self.session_lives(event.is_none()).await {
            return None;
        }
        let Some(event) = event else {
            return Some(None);
        };
        if event.seq <= self.last {
            return Some(None);
        }
        self.last = event.seq;
        let known = may_know(&self.session, &event);
        Some(if known { message(&event) } else { None })
    }

    /// Whether the session is still the one this stream was opened with: same right, same place. Looks when `silent`
    /// or a minute after the last look.
    async fn session_lives(&mut self, silent: bool) -> bool {
        let now = self.state.clock.now();
        if !silent && (0..SESSION_CHECK_MS).contains(&now.since_ms(self.checked_at)) {
            return true;
        }
        self.checked_at = now;
        let own = &self.session;
        let live = tapal_store::session::find(&self.state.db, &own.token_hash, now).await;
        matches!(live, Ok(Some(live)) if (live.role, live.site, live.must_change) == (own.role, own.site, own.must_change))
    }
}

fn message(event: &Event) -> Option<sse::Event> {
    let data = serde_json::json!({ "at": event.at, "site": event.site, "desk": event.desk, "payload": event.payload });
    Some(
        sse::Event::default()
            .id(event.seq.to_string())
            .event(&event.kind)
            .data(data.to_string()),
    )
}
