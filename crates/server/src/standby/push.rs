//! At a standby server: hands in what was recorded, until nothing waits. A position leaves the outbox only after the centre
//! said what became of it. Must not wait nor try again by itself: whoever calls does.

use std::collections::HashSet;

use axum::http::Method;
use bytes::Bytes;
use serde::Deserialize;
use tapal_domain::{
    standby::{HandedIn, HandedReply, Record, Taken},
    time::UtcMs,
};
use tapal_store::standby::{self, outbox};

use super::upstream::{Identity, Reply, Unreachable, Upstream};
use crate::AppState;

/// Where records go.
const PATH: &str = "/api/v1/standby/records";
/// Most records of one request.
const MOST: i64 = 100;
/// Most bytes of records of one request; a single larger one goes alone.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Most audit rows of one request.
const MOST_ROWS: i64 = 1_000;

/// What was handed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Recorded at the centre now.
    pub recorded: usize,
    /// There already.
    pub known: usize,
    /// Kept for a person.
    pub kept: usize,
}

/// Why not everything could be handed in. What was confirmed before stays so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// No reply.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// The centre says no, with its status and code.
    #[error("the centre refused what was handed in: {status} {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Its code, such as `audit_broken` or `not_this_node`.
        code: String,
    },
    /// The reply is none of this version.
    #[error("the centre answered something else than was asked; compare the versions of both")]
    Reply,
    /// This is no standby server, or its data cannot be read.
    #[error("what was recorded cannot be read: {0}")]
    Store(#[from] tapal_store::Error),
}

/// The part of an error that is looked at.
#[derive(Deserialize)]
struct Refusal {
    code: String,
    #[serde(default)]
    reasons: Vec<String>,
}

/// Hands in until nothing waits. One request goes in any case: the centre hears how this server stands.
pub async fn push(
    state: &AppState,
    upstream: &dyn Upstream,
    identity: &Identity,
) -> Result<Pushed, PushError> {
    let mut pushed = Pushed::default();
    let mut ahead_ms = 0;
    loop {
        let (seqs, handed) = batch(state).await?;
        let body = Bytes::from(serde_json::to_vec(&handed).map_err(|_| PushError::Reply)?);
        let reply = send(state, upstream, identity, body, &mut ahead_ms).await?;
        if reply.taken.len() != handed.records.len() {
            return Err(PushError::Reply);
        }
        let now = state.clock.now();
        for ((seq, record), taken) in seqs.into_iter().zip(&handed.records).zip(&reply.taken) {
            standby::confirmed(&state.db, now, seq).await?;
            if let (Record::Crossing(crossing), Taken::Recorded | Taken::Known) = (record, taken)
                && let Some(newcomer) = &crossing.newcomer
            {
                // Came with the crossing: the centre has this person, by whatever id.
                outbox::came_along(&state.db, now, newcomer.id).await?;
            }
            match taken {
                Taken::Recorded => pushed.recorded += 1,
                Taken::Known => pushed.known += 1,
                Taken::Kept => pushed.kept += 1,
            }
        }
        // Never further than was sent.
        let sent = handed.audit.last().map(|row| row.seq);
        if let Some(sent) = sent {
            outbox::audit_sent(&state.db, now, sent.min(reply.audit_seq)).await?;
        }
        if handed.waiting == 0 && handed.audit.len() < MOST_ROWS as usize {
            return Ok(pushed);
        }
    }
}

/// The next records with their positions.
async fn batch(state: &AppState) -> Result<(Vec<i64>, HandedIn), PushError> {
    let own = standby::own(&state.db).await?;
    let own = own.ok_or(tapal_store::Error::NotFound)?;
    let audit = outbox::audit(&state.db, own.audit_sent, MOST_ROWS).await?;
    let (mut seqs, mut records, mut bytes) = (Vec::new(), Vec::new(), 0);
    let (mut gone, mut along) = (0, HashSet::new());
    for one in outbox::next(&state.db, MOST).await? {
        let Some(record) = one.record else {
            // It went again before it could be handed in: there is nothing to tell.
            standby::confirmed(&state.db, state.clock.now(), one.seq).await?;
            gone += 1;
            continue;
        };
        match &record {
            // Goes with its crossing, and alone only if that could not be recorded.
            Record::Holder(holder) if along.contains(&holder.id) => continue,
            Record::Crossing(crossing) => along.extend(crossing.newcomer.iter().map(|one| one.id)),
            _ => {}
        }
        let size = serde_json::to_vec(&record)
            .map_err(|_| PushError::Reply)?
            .len();
        if !records.is_empty() && bytes + size > MOST_BYTES {
            break;
        }
        bytes += size;
        seqs.push(one.seq);
        records.push(record);
    }
    let rest = own.waiting - gone - records.len() as i64;
    let handed = HandedIn {
        upto: own.upto,
        waiting: rest.max(0),
        alone_since: own.alone_since,
        audit,
        records,
    };
    Ok((seqs, handed))
}

/// One signed request; signed once more by the centre's clock where that differs too much.
async fn send(
    state: &AppState,
    upstream: &dyn Upstream,
    identity: &Identity,
    body: Bytes,
    ahead_ms: &mut i64,
) -> Result<HandedReply, PushError> {
    for last in [false, true] {
        let now = state.clock.now() + *ahead_ms;
        let nonce = state.clock.new_uuid().simple().to_string();
        let mut headers = identity.sign((&Method::POST, PATH), (now, nonce), &body);
        headers.push(("content-type", "application/json".into()));
        let reply = upstream.send(Method::POST, PATH, headers, body.clone());
        let Reply { status, body } = reply.await?;
        if status == 200 {
            return serde_json::from_slice(&body).map_err(|_| PushError::Reply);
        }
        let refusal = serde_json::from_slice::<Refusal>(&body);
        let refusal = refusal.unwrap_or(Refusal {
            code: "no_code".into(),
            reasons: Vec::new(),
        });
        let told = refusal.reasons.first().and_then(|ms| ms.parse().ok());
        match told {
            Some(centre) if refusal.code == "clock_skew" && !last => {
                *ahead_ms = UtcMs(centre).since_ms(state.clock.now());
            }
            _ => {
                return Err(PushError::Refused {
                    status,
                    code: refusal.code,
                });
            }
        }
    }
    Err(PushError::Reply)
}
