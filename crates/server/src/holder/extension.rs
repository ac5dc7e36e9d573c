//! More time for a foreigner's stay: where the ledger says the person is, and a decision that gives it. Must not compute a
//! stay by itself, nor give time to a stay that is over.

use axum::{Form, Json, extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tapal_domain::{
    day::Day,
    id::{CrossingId, HolderId},
    stay::{self, Mark, NotLonger, Presence},
};
use tapal_store::{
    crossing::{self, Extension},
    holder,
};
use utoipa::ToSchema;

use super::sheet;
use crate::{
    AppState, Session,
    console::{Visit, failure, see_other, visit::show_as},
    error::{ApiError, ApiResult},
    extract::{At, Input},
};

/// More time.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StayExtensionInput {
    /// The new last lawful day.
    pub until: Day,
    /// Number of the decision that gives it, 1 to 60 characters.
    pub reference: String,
}

/// A stay that was made longer.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct StayExtended {
    /// The entry it began with.
    pub entry: CrossingId,
    /// Its last lawful day now.
    pub until: Day,
}

/// Marks of the ledger that are looked at.
const MARKS: usize = 50;

/// The marks of a person, and the day it is where the last was made.
async fn marks(state: &AppState, id: HolderId) -> ApiResult<(crossing::Marks, Day)> {
    let people = holder::one_person(&state.db, id).await?;
    let marks = crossing::marks(&state.db, &people, Vec::new(), MARKS).await?;
    let offset = match marks.last() {
        Some(last) => {
            let site = crossing::get(&state.db, last.crossing).await?.site;
            tapal_store::site::get(&state.db, site)
                .await?
                .utc_offset_minutes
        }
        None => 420,
    };
    Ok((marks, Day::at(state.clock.now(), offset)))
}

/// Where the ledger says a holder is.
pub(super) async fn presence(state: &AppState, id: HolderId) -> ApiResult<Presence> {
    let (marks, today) = marks(state, id).await?;
    let marks: Vec<Mark> = marks.iter().map(|entry| entry.mark).collect();
    Ok(stay::presence(&marks, today))
}

/// Gives a stay more time.
pub async fn extend_by(
    state: &AppState,
    session: &Session,
    id: HolderId,
    input: &StayExtensionInput,
) -> ApiResult<StayExtended> {
    let reference = input.reference.trim();
    if !(1..=60).contains(&reference.chars().count()) {
        return Err(ApiError::invalid(
            "extension_reference",
            "give the number of the decision, in 1 to 60 characters",
        ));
    }
    holder::get(&state.db, id).await?;
    let (marks, today) = marks(state, id).await?;
    let plain: Vec<Mark> = marks.iter().map(|entry| entry.mark).collect();
    stay::may_last(&plain, today, input.until).map_err(refused)?;
    let entry = marks.last().map(|last| last.crossing);
    let more = Extension {
        entry: entry.ok_or_else(ApiError::not_found)?,
        until: input.until,
        reference: reference.to_owned(),
    };
    crossing::extend(&state.db, state.clock.now(), session.account, &more).await?;
    Ok(StayExtended {
        entry: more.entry,
        until: more.until,
    })
}

fn refused(why: NotLonger) -> ApiError {
    let code = match why {
        NotLonger::NotHere => "stay_not_here",
        NotLonger::Over(_) => "stay_over",
        NotLonger::NotLater(_) => "stay_not_later",
        NotLonger::TooLong => "stay_too_long",
    };
    ApiError::new(StatusCode::CONFLICT, code, why.to_string())
}

/// Gives the stay of a foreigner who is in the country more time.
#[utoipa::path(post, path = "/api/v1/holders/{id}/extensions", tag = "holder", operation_id = "holder_extend_stay", params(("id" = HolderId, Path)), request_body = StayExtensionInput, responses((status = 201, body = StayExtended)))]
pub async fn extend_stay(
    State(state): State<AppState>,
    session: Session,
    At(id): At<HolderId>,
    Input(input): Input<StayExtensionInput>,
) -> ApiResult<(StatusCode, Json<StayExtended>)> {
    let done = extend_by(&state, &session, id, &input).await?;
    Ok((StatusCode::CREATED, Json(done)))
}

/// `POST /holders/{id}/extensions`.
pub async fn extend_form(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<HolderId>,
    Form(form): Form<HashMap<String, String>>,
) -> ApiResult<Response> {
    let field = |name: &str| form.get(name).map_or("", |text| text.trim());
    let until = field("until").parse::<Day>();
    let done = match until {
        Ok(until) => {
            let reference = field("reference").to_owned();
            let input = StayExtensionInput { until, reference };
            extend_by(&state, &visit.session, id, &input)
                .await
                .map(|_| ())
        }
        Err(e) => Err(ApiError::invalid("bad_date", e.to_string())),
    };
    match done {
        Ok(()) => see_other(format!("/holders/{id}?done=saved")),
        Err(error) if failure::is_mendable(&error) => {
            let notice = failure::problem(&visit.shell("holders"), &error);
            let page = sheet::page(&state, &visit, id, Some(notice), None).await?;
            show_as(error.http, page)
        }
        Err(error) => Err(error),
    }
}
