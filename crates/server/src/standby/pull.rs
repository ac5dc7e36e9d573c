//! A standby server brings its copies up to date: asks until nothing more waits, writes each page, notes when it heard.
//! Must not change a copy without a whole page, and decides nothing by what it got.

use axum::http::Method;
use bytes::Bytes;
use serde::Deserialize;
use tapal_domain::{
    standby::Copies,
    time::{MINUTE_MS, UtcMs},
};
use tapal_store::standby::{self, copy};

use super::upstream::{Identity, Reply, Unreachable, Upstream};
use crate::{error::ApiError, rule_pack::keep, state::AppState};

/// What a pull brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Pages that were written.
    pub pages: usize,
    /// Things that were replaced or removed.
    pub written: usize,
    /// Things that wait until the centre has what was recorded here.
    pub kept_back: usize,
}

/// Why the copies stay as they are, or as far as they came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PullError {
    /// No reply.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// The clocks are too far apart for a signature to count; minutes this one is ahead.
    #[error(
        "this machine's clock is {0} minutes ahead of the centre's (behind, where negative); set it by a time server"
    )]
    ClockSkew(i64),
    /// The centre does not take this standby server for one of its own.
    #[error(
        "the centre does not know this standby server (any more); enrol it with a new token from the console"
    )]
    NotEnrolled,
    /// The centre refused for another reason: status and code.
    #[error("the centre refused to hand over copies: {0} {1}")]
    Refused(u16, String),
    /// What came is no page of copies.
    #[error("the centre's answer is not understood; both must run the same version ({0})")]
    NotUnderstood(&'static str),
    /// The page could not be written here.
    #[error("copies could not be written: {0}")]
    NotWritten(#[from] tapal_store::Error),
    /// The page is written, but the law's data could not be put in place.
    #[error("a rule pack could not be put in place: {0}")]
    NotInPlace(&'static str),
}

/// Asks the centre for everything that changed since and writes it. Once it is through, the copies are the centre's as of
/// its last answer. On an error, what was written before it stays, and the next call goes on there.
pub async fn pull(
    state: &AppState,
    upstream: &dyn Upstream,
    identity: &Identity,
) -> Result<Pulled, PullError> {
    let own = standby::own(&state.db).await?;
    let mut upto = own.ok_or(tapal_store::Error::NotFound)?.upto;
    let mut pulled = Pulled::default();
    loop {
        let page = page(state, upstream, identity, upto).await?;
        if page.more && page.upto == upto {
            return Err(PullError::NotUnderstood("a page that leads nowhere"));
        }
        if page.upto != upto || !page.bundles.is_empty() || copy::waits(&state.db).await? {
            let applied = copy::apply(&state.db, &page).await?;
            pulled.pages += 1;
            pulled.written += applied.written;
            pulled.kept_back += applied.kept_back;
            if applied.rules {
                let failed = |error: ApiError| PullError::NotInPlace(error.code);
                keep::load(state).await.map_err(failed)?;
            }
        }
        upto = page.upto;
        if !page.more {
            standby::heard(&state.db, page.now).await?;
            return Ok(pulled);
        }
    }
}

async fn page(
    state: &AppState,
    upstream: &dyn Upstream,
    identity: &Identity,
    after: i64,
) -> Result<Copies, PullError> {
    let (method, path) = (Method::GET, format!("/api/v1/standby/copies?after={after}"));
    let (now, nonce) = (state.clock.now(), state.clock.new_uuid().to_string());
    let headers = identity.sign((&method, &path), (now, nonce), b"");
    let reply = upstream.send(method, &path, headers, Bytes::new()).await?;
    match reply.status {
        200 => serde_json::from_slice(&reply.body)
            .map_err(|_| PullError::NotUnderstood("not a page of copies")),
        _ => Err(refusal(&reply, now)),
    }
}

/// What an error says, as far as it is needed here.
#[derive(Deserialize)]
struct Said {
    code: String,
    #[serde(default)]
    reasons: Vec<String>,
}

/// A refusal in words that say what to do.
fn refusal(reply: &Reply, now: UtcMs) -> PullError {
    let Ok(said) = serde_json::from_slice::<Said>(&reply.body) else {
        return PullError::Refused(reply.status, "without a code".into());
    };
    let centre = said.reasons.first().and_then(|text| text.parse().ok());
    match (said.code.as_str(), centre) {
        ("clock_skew", Some(centre)) => {
            PullError::ClockSkew(now.since_ms(UtcMs(centre)) / MINUTE_MS)
        }
        ("not_this_node", _) => PullError::NotEnrolled,
        _ => PullError::Refused(reply.status, said.code),
    }
}
