//! List entries: recording one with its photograph, reading, ending. Reading identities is recorded.
//! Must not keep a photograph that was refused, nor record an entry the domain calls unlawful.

pub mod audit;
pub mod finding;
pub mod input;
pub mod page;
pub mod reenrol;
pub mod removal;

use axum::{Json, extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    entry::{Entry, ListKind, reach},
    id::EntryId,
};
use tapal_store::{
    By,
    entry::{self, PhotoInfo, Recorded},
    finding::PhotoFinding,
};
use utoipa::ToSchema;

pub use input::{EntryInput, enrol};

use crate::{
    AppState, Session,
    alert::photo::jpeg,
    error::{ApiError, ApiResult},
    extract::{At, Input, Params},
};

/// Which entries.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Wanted {
    /// Only of this list.
    pub list: Option<ListKind>,
    /// Whether ended ones are left out.
    pub live: Option<bool>,
    /// Only older than this one.
    pub before: Option<EntryId>,
}

/// An entry with photographs and proofs of removal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryDetail {
    /// The entry.
    #[serde(flatten)]
    pub recorded: Recorded,
    /// Whether it is in force somewhere now and searched: not ended, not held back. At a checkpoint its own calendar counts.
    pub in_force_now: bool,
    /// Its photographs, without pixels.
    pub photo_infos: Vec<PhotoInfo>,
    /// What the enrolment audit found of each photograph.
    pub audit: Vec<PhotoFinding>,
    /// Which nodes were given it, and which of them proved that it is gone.
    pub removal: removal::Removal,
}

/// A page of at most 100 entries; looking at names is recorded once a minute.
pub async fn page(
    state: &AppState,
    session: &Session,
    wanted: &Wanted,
) -> ApiResult<Vec<Recorded>> {
    let entries = entry::list(
        &state.db,
        wanted.list,
        wanted.live.unwrap_or(false),
        wanted.before,
        100,
    )
    .await?;
    tapal_store::look::record(
        &state.db,
        state.clock.now(),
        session.account,
        "entry",
        "all",
        "identities",
    )
    .await?;
    Ok(entries)
}

/// List entries, newest first.
#[utoipa::path(get, path = "/api/v1/entries", tag = "entry", params(
    ("list" = Option<ListKind>, Query, description = "only of this list"),
    ("live" = Option<bool>, Query, description = "true leaves out ended ones"),
    ("before" = Option<EntryId>, Query, description = "only older than this one")), responses((status = 200, body = Vec<Recorded>)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    Params(wanted): Params<Wanted>,
) -> ApiResult<Json<Vec<Recorded>>> {
    Ok(Json(page(&state, &session, &wanted).await?))
}

/// One entry in full; the look is recorded.
pub async fn detail(state: &AppState, session: &Session, id: EntryId) -> ApiResult<EntryDetail> {
    let (now, recorded) = (state.clock.now(), entry::get(&state.db, id).await?);
    tapal_store::look::record(&state.db, now, session.account, "entry", id, "identity").await?;
    Ok(EntryDetail {
        in_force_now: recorded.held_at.is_none() && recorded.in_force_somewhere(now),
        recorded,
        photo_infos: entry::photos(&state.db, id).await?,
        audit: tapal_store::finding::of(&state.db, id).await?,
        removal: removal::of(state, id, now).await?,
    })
}

/// One entry.
#[utoipa::path(get, path = "/api/v1/entries/{id}", tag = "entry", params(("id" = EntryId, Path)), responses((status = 200, body = EntryDetail)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<EntryId>,
) -> ApiResult<Json<EntryDetail>> {
    Ok(Json(detail(&state, &session, id).await?))
}

/// Portrait `n` of an entry in force or held back by the enrolment audit; 410 `entry_not_in_force` otherwise.
#[utoipa::path(get, path = "/api/v1/entries/{id}/portraits/{n}", tag = "entry", params(("id" = EntryId, Path), ("n" = i64, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg")))]
pub async fn portrait(
    State(state): State<AppState>,
    session: Session,
    At((id, n)): At<(EntryId, i64)>,
) -> ApiResult<Response> {
    let recorded = entry::get(&state.db, id).await?;
    let held = recorded.held_at.is_some();
    let now = state.clock.now();
    if recorded.ended_at.is_some() || !(held || recorded.in_force_somewhere(now)) {
        return Err(ApiError::new(
            StatusCode::GONE,
            "entry_not_in_force",
            "this entry is not in force: its photograph is shown to nobody",
        ));
    }
    let bytes = entry::portrait(&state.db, id, n).await?;
    tapal_store::look::record(
        &state.db,
        state.clock.now(),
        session.account,
        "entry",
        id,
        "portrait",
    )
    .await?;
    Ok(jpeg(&bytes))
}

/// Records a lawful entry with its photographs (JPEG or PNG bytes); all or nothing. For the machine's own setup: people
/// write orders.
pub async fn record(
    state: &AppState,
    by: By,
    input: EntryInput,
    photos: Vec<Vec<u8>>,
) -> ApiResult<EntryId> {
    let draft = input.draft(EntryId(state.clock.new_uuid()))?;
    let entry = Entry::new(draft)
        .map_err(|unlawful| ApiError::invalid(unlawful.code(), unlawful.to_string()))?;
    let (_, over_at) = reach(entry.first_day(), entry.last_day(), &[]);
    if over_at <= state.clock.now() {
        return Err(ApiError::invalid(
            "period_over",
            "the last day of this order is already over",
        ));
    }
    let mut enrolled = Vec::with_capacity(photos.len());
    for photo in photos {
        enrolled.push(enrol(state, photo).await?);
    }
    if enrolled.is_empty() {
        return Err(ApiError::invalid(
            "photo_missing",
            "an entry needs a photograph of the face (UU 6/2011 Art 94)",
        ));
    }
    let findings = audit::findings(state, entry.list(), None, &enrolled).await?;
    let now = state.clock.now();
    entry::add_audited(&state.db, now, by, &entry, &enrolled, &findings).await?;
    Ok(entry.id())
}

/// Why an entry ends before its time.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct End {
    /// What ended it.
    pub reason: EndReason,
}

/// What can end an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The requesting agency revoked it.
    Revoked,
    /// A court acquitted the person for good.
    Acquitted,
    /// It was recorded by mistake.
    Mistake,
    /// Another entry takes its place.
    Replaced,
}

impl EndReason {
    /// Every reason, in the order shown.
    pub const ALL: [EndReason; 4] = [
        Self::Revoked,
        Self::Acquitted,
        Self::Mistake,
        Self::Replaced,
    ];

    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Acquitted => "acquitted",
            Self::Mistake => "mistake",
            Self::Replaced => "replaced",
        }
    }
}

/// Refuses to end an entry apart from the order behind it.
pub async fn by_its_order(state: &AppState, id: EntryId) -> ApiResult<()> {
    match tapal_store::order::of_entry(&state.db, id).await? {
        Some(_) => Err(ApiError::new(
            StatusCode::CONFLICT,
            "entry_has_order",
            "end the order: the entry ends with it",
        )),
        None => Ok(()),
    }
}

/// Ends an entry: it leaves every list, open alerts on it are withdrawn.
#[utoipa::path(post, path = "/api/v1/entries/{id}/end", tag = "entry", params(("id" = EntryId, Path)), request_body = End, responses((status = 200, body = EntryDetail)))]
pub async fn end(
    State(state): State<AppState>,
    session: Session,
    At(id): At<EntryId>,
    Input(end): Input<End>,
) -> ApiResult<Json<EntryDetail>> {
    by_its_order(&state, id).await?;
    entry::end(
        &state.db,
        state.clock.now(),
        session.by(),
        id,
        end.reason.name(),
    )
    .await?;
    Ok(Json(detail(&state, &session, id).await?))
}
