//! `POST /api/v1/standby/records`: what a standby server recorded while it was alone. Each crossing that let somebody pass is
//! looked at again with what the centre knows; it stands, and a person is told. Must not decide again, nor drop anything.

mod again;

use axum::{Json, extract::State, http::StatusCode};
use tapal_domain::{
    id::FindingId,
    standby::{HandedIn, HandedReply, Record, Taken},
};
use tapal_store::standby::{
    handed::{Stand, check, over},
    take,
};

use crate::{
    AppState,
    edge::identity::Standby,
    error::{ApiError, ApiResult},
    extract::Input,
};

/// Most bytes of one hand-over.
pub const RECORDS_BYTES: usize = 16 * 1024 * 1024;
/// Most records and audit rows in one.
const MOST_RECORDS: usize = 100;
const MOST_ROWS: usize = 2_000;

/// Takes what a standby server recorded, in its order: one verdict a record. What fails for a reason of the moment fails
/// the request; it is sent again, and what was taken is known then.
#[utoipa::path(post, path = "/api/v1/standby/records", tag = "device", operation_id = "standby_records", request_body = HandedIn, responses((status = 200, body = HandedReply)))]
pub async fn records(
    State(state): State<AppState>,
    standby: Standby,
    Input(handed): Input<HandedIn>,
) -> ApiResult<Json<HandedReply>> {
    if handed.records.len() > MOST_RECORDS || handed.audit.len() > MOST_ROWS {
        return Err(ApiError::invalid(
            "too_many",
            "hand in at most 100 records and 2,000 audit rows at once",
        ));
    }
    let now = state.clock.now();
    let from = take::From {
        id: standby.id,
        site: standby.site,
    };
    if let Err(broken) = check(&state.db, now, from, &handed.audit).await? {
        let message = format!(
            "row {} of the audit record handed in does not follow the one before; nothing was taken. Compare the standby server's data with its backup",
            broken.seq
        );
        return Err(ApiError::new(StatusCode::CONFLICT, "audit_broken", message));
    }
    let mut taken = Vec::with_capacity(handed.records.len());
    for record in &handed.records {
        let objection = match record {
            Record::Crossing(crossing) => again::objection(&state, standby.site, crossing).await?,
            _ => None,
        };
        let new_id = || FindingId(state.clock.new_uuid());
        let with = take::With {
            objection,
            findings: [new_id(), new_id()],
            timers: &state.config.timers,
        };
        taken.push(take::record(&state.db, now, from, record, &with).await?);
    }
    let stand = Stand {
        upto: handed.upto,
        waiting: handed.waiting,
        alone_since: handed.alone_since,
    };
    // What was known is no news: a repeat leaves no row.
    let new = taken.iter().filter(|one| **one != Taken::Known).count();
    let what = (&handed.audit[..], new);
    let audit_seq = over(&state.db, now, from, what, stand).await?;
    Ok(Json(HandedReply {
        taken,
        audit_seq,
        now,
    }))
}
