//! The registry of holders: people with travel documents, the role that SIMKIM plays. Somebody is found by the exact
//! number of a document or a NIK and in no other way. Must not list holders, search them by name or face, or compare a face
//! with more than the one portrait of a named holder: a gallery of all passport holders is refused by design.

pub mod compare;
pub mod extension;
pub mod outside;
pub mod page;
mod sheet;
pub mod simulator;
pub mod view;

use axum::{Json, body::Bytes, extract::State, http::StatusCode, response::Response};
use tapal_domain::{
    crossing::Nationality,
    holder::{Identity, document_number, issuing_state},
    id::{HolderId, PermitId},
};
use tapal_store::{
    Error as StoreError,
    holder::{self, DOCUMENT_KNOWN, Record},
};
use uuid::Uuid;

use crate::{
    AppState, Session,
    entry::input::enrol,
    error::{ApiError, ApiResult},
    extract::{At, Input},
};
pub use compare::compare;
pub use view::{
    HolderDocumentInput, HolderDocumentStatusInput, HolderDocumentView, HolderInput,
    HolderLinkInput, HolderLookup, HolderView, PermitInput, PermitView,
};

/// Most bytes of one photograph.
pub const PHOTO_BYTES: usize = crate::entry::input::PHOTO_BYTES;

/// Records that this person looked at who a holder is.
async fn looked(state: &AppState, session: &Session, id: HolderId) -> ApiResult<()> {
    let now = state.clock.now();
    Ok(
        tapal_store::look::record(&state.db, now, session.account, "holder", id, "identity")
            .await?,
    )
}

/// A holder; the look is recorded.
pub async fn read_by(state: &AppState, session: &Session, id: HolderId) -> ApiResult<Record> {
    let record = holder::get(&state.db, id).await?;
    looked(state, session, id).await?;
    Ok(record)
}

/// Holders by exact document number or exact NIK; each look is recorded. Empty when the registry knows nobody.
pub async fn lookup_by(
    state: &AppState,
    session: &Session,
    wanted: &HolderLookup,
) -> ApiResult<Vec<Record>> {
    let nik: String = wanted
        .nik
        .chars()
        .filter(|sign| !sign.is_whitespace())
        .collect();
    let found = match (wanted.number.trim().is_empty(), nik.is_empty()) {
        (false, true) => {
            let wrong =
                |e: tapal_domain::holder::NotADocument| ApiError::invalid(e.code(), e.to_string());
            let state_code = issuing_state(&wanted.issuing_state).map_err(wrong)?;
            let number = document_number(&wanted.number).map_err(wrong)?;
            let found = holder::by_document(&state.db, &state_code, &number).await?;
            found.into_iter().collect()
        }
        (true, false) => {
            let mut found = Vec::new();
            for id in holder::by_nik(&state.db, &nik).await? {
                found.push(holder::get(&state.db, id).await?);
            }
            found
        }
        _ => {
            return Err(ApiError::invalid(
                "nothing_asked",
                "give issuing state and number of a document, or a NIK; holders are found by exact number only",
            ));
        }
    };
    for record in &found {
        looked(state, session, record.holder.id).await?;
    }
    Ok(found)
}

fn checked(input: HolderInput) -> ApiResult<(Nationality, Identity)> {
    let nationality = Nationality::new(&input.nationality)
        .map_err(|e| ApiError::invalid("bad_nationality", e.to_string()))?;
    let identity = input.identity.checked();
    Ok((
        nationality,
        identity.map_err(|e| ApiError::invalid(e.code(), e.to_string()))?,
    ))
}

/// A conflict of the store in words that say what to do.
fn conflict(error: StoreError) -> ApiError {
    let known = |code, text: &str| ApiError::new(StatusCode::CONFLICT, code, text);
    match error {
        StoreError::Conflict(text) if text == DOCUMENT_KNOWN => known(
            "document_known",
            "a live document of this state and number is recorded; look it up, and record there that it is replaced or cancelled first",
        ),
        StoreError::Conflict(text) => known("holder_state", &text),
        other => other.into(),
    }
}

/// Records a holder.
pub async fn add_by(
    state: &AppState,
    session: &Session,
    input: HolderInput,
) -> ApiResult<HolderId> {
    let (nationality, identity) = checked(input)?;
    let (now, id) = (state.clock.now(), HolderId(state.clock.new_uuid()));
    holder::add(&state.db, now, session.by(), id, &nationality, &identity).await?;
    Ok(id)
}

/// Records a holder with the first document; neither without the other.
pub async fn add_with_by(
    state: &AppState,
    session: &Session,
    input: HolderInput,
    document: HolderDocumentInput,
) -> ApiResult<HolderId> {
    let (nationality, identity) = checked(input)?;
    let (now, id) = (state.clock.now(), HolderId(state.clock.new_uuid()));
    let new = document.checked(state.clock.new_uuid(), id)?;
    let done = holder::add_with(
        &state.db,
        now,
        session.by(),
        id,
        (&nationality, &identity),
        &new,
    )
    .await;
    done.map_err(conflict)?;
    Ok(id)
}

/// Changes who a holder is; the former record is kept.
pub async fn change_by(
    state: &AppState,
    session: &Session,
    id: HolderId,
    input: HolderInput,
) -> ApiResult<()> {
    let (nationality, identity) = checked(input)?;
    Ok(holder::change(
        &state.db,
        state.clock.now(),
        session.by(),
        id,
        &nationality,
        &identity,
    )
    .await?)
}

/// Records a document.
pub async fn add_document_by(
    state: &AppState,
    session: &Session,
    id: HolderId,
    input: HolderDocumentInput,
) -> ApiResult<Uuid> {
    let new = input.checked(state.clock.new_uuid(), id)?;
    let done = holder::add_document(&state.db, state.clock.now(), session.by(), &new).await;
    done.map_err(conflict)?;
    Ok(new.id)
}

/// Records what became of a document.
pub async fn set_status_by(
    state: &AppState,
    session: &Session,
    at: (HolderId, Uuid),
    input: &HolderDocumentStatusInput,
) -> ApiResult<()> {
    let reference = input.reference.trim();
    if reference.chars().count() > 120 {
        return Err(ApiError::invalid(
            "too_long",
            "a reference has at most 120 characters",
        ));
    }
    let now = state.clock.now();
    let done = holder::set_status(
        &state.db,
        now,
        session.by(),
        at.0,
        at.1,
        input.status,
        reference,
    )
    .await;
    done.map_err(conflict)
}

/// Records a visa or permit.
pub async fn add_permit_by(
    state: &AppState,
    session: &Session,
    id: HolderId,
    input: PermitInput,
) -> ApiResult<PermitId> {
    let record = holder::get(&state.db, id).await?;
    if record.holder.citizen() {
        return Err(ApiError::invalid(
            "permit_citizen",
            "a citizen needs no visa or permit",
        ));
    }
    let permit = input.checked(PermitId(state.clock.new_uuid()), &record)?;
    holder::add_permit(&state.db, state.clock.now(), session.by(), &permit).await?;
    Ok(permit.id)
}

/// Cancels a permit for good.
pub async fn cancel_permit_by(
    state: &AppState,
    session: &Session,
    at: (HolderId, PermitId),
) -> ApiResult<()> {
    let now = state.clock.now();
    let done = holder::cancel_permit(&state.db, now, session.by(), at.0, at.1).await;
    done.map_err(conflict)
}

/// Stores a portrait, judged like a photograph for a list; the one before becomes history.
pub async fn set_portrait_by(
    state: &AppState,
    session: &Session,
    id: HolderId,
    image: Vec<u8>,
) -> ApiResult<()> {
    holder::get(&state.db, id).await?;
    let photo = enrol(state, image).await?;
    Ok(holder::add_portrait(&state.db, state.clock.now(), session.by(), id, &photo).await?)
}

/// Says whether two holders are one person. Nothing is joined; another decision takes it back.
pub async fn link_by(
    state: &AppState,
    session: &Session,
    id: HolderId,
    input: &HolderLinkInput,
) -> ApiResult<()> {
    let reason = input.reason.trim();
    if !(3..=500).contains(&reason.chars().count()) {
        return Err(ApiError::invalid(
            "link_reason",
            "say why, in 3 to 500 characters",
        ));
    }
    if id == input.other {
        return Err(ApiError::invalid(
            "same_holder",
            "a holder is always the same person; name another one",
        ));
    }
    let pair = (id, input.other);
    let done = holder::decide(
        &state.db,
        state.clock.now(),
        session.account,
        pair,
        input.decision,
        reason,
    )
    .await;
    done.map_err(conflict)
}

async fn shown(state: &AppState, session: &Session, id: HolderId) -> ApiResult<Json<HolderView>> {
    let record = read_by(state, session, id).await?;
    Ok(Json(HolderView::of(state, &record).await?))
}

/// Holders by exact document number or exact NIK: one, or none; several only for a NIK recorded twice. The question is
/// in the body, so that no number is in an address.
#[utoipa::path(post, path = "/api/v1/holders/lookups", tag = "holder", operation_id = "holder_lookup", request_body = HolderLookup, responses((status = 200, body = Vec<HolderView>)))]
pub async fn lookup(
    State(state): State<AppState>,
    session: Session,
    Input(input): Input<HolderLookup>,
) -> ApiResult<Json<Vec<HolderView>>> {
    let mut found = Vec::new();
    for record in lookup_by(&state, &session, &input).await? {
        found.push(HolderView::of(&state, &record).await?);
    }
    Ok(Json(found))
}

/// Records a holder.
#[utoipa::path(post, path = "/api/v1/holders", tag = "holder", operation_id = "holder_add", request_body = HolderInput, responses((status = 201, body = HolderView)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    Input(input): Input<HolderInput>,
) -> ApiResult<(StatusCode, Json<HolderView>)> {
    let id = add_by(&state, &session, input).await?;
    Ok((StatusCode::CREATED, shown(&state, &session, id).await?))
}

/// One holder; the look is recorded.
#[utoipa::path(get, path = "/api/v1/holders/{id}", tag = "holder", operation_id = "holder_get", params(("id" = HolderId, Path)), responses((status = 200, body = HolderView)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<HolderId>,
) -> ApiResult<Json<HolderView>> {
    shown(&state, &session, id).await
}

/// Changes who a holder is; the former record is kept.
#[utoipa::path(put, path = "/api/v1/holders/{id}", tag = "holder", operation_id = "holder_change", params(("id" = HolderId, Path)), request_body = HolderInput, responses((status = 200, body = HolderView)))]
pub async fn change(
    State(state): State<AppState>,
    session: Session,
    At(id): At<HolderId>,
    Input(input): Input<HolderInput>,
) -> ApiResult<Json<HolderView>> {
    change_by(&state, &session, id, input).await?;
    shown(&state, &session, id).await
}

/// Records a document. 409 `document_known` when a live one has this state and number.
#[utoipa::path(post, path = "/api/v1/holders/{id}/documents", tag = "holder", operation_id = "holder_add_document", params(("id" = HolderId, Path)), request_body = HolderDocumentInput, responses((status = 201, body = HolderView)))]
pub async fn add_document(
    State(state): State<AppState>,
    session: Session,
    At(id): At<HolderId>,
    Input(input): Input<HolderDocumentInput>,
) -> ApiResult<(StatusCode, Json<HolderView>)> {
    add_document_by(&state, &session, id, input).await?;
    Ok((StatusCode::CREATED, shown(&state, &session, id).await?))
}

/// Records that a document is lost, stolen, replaced, cancelled, or found again.
#[utoipa::path(put, path = "/api/v1/holders/{id}/documents/{document}/status", tag = "holder", operation_id = "holder_document_status", params(("id" = HolderId, Path), ("document" = String, Path)), request_body = HolderDocumentStatusInput, responses((status = 200, body = HolderView)))]
pub async fn set_status(
    State(state): State<AppState>,
    session: Session,
    At((id, document)): At<(HolderId, Uuid)>,
    Input(input): Input<HolderDocumentStatusInput>,
) -> ApiResult<Json<HolderView>> {
    set_status_by(&state, &session, (id, document), &input).await?;
    shown(&state, &session, id).await
}

/// Records a visa or permit.
#[utoipa::path(post, path = "/api/v1/holders/{id}/permits", tag = "holder", operation_id = "holder_add_permit", params(("id" = HolderId, Path)), request_body = PermitInput, responses((status = 201, body = HolderView)))]
pub async fn add_permit(
    State(state): State<AppState>,
    session: Session,
    At(id): At<HolderId>,
    Input(input): Input<PermitInput>,
) -> ApiResult<(StatusCode, Json<HolderView>)> {
    add_permit_by(&state, &session, id, input).await?;
    Ok((StatusCode::CREATED, shown(&state, &session, id).await?))
}

/// Cancels a visa or permit for good.
#[utoipa::path(delete, path = "/api/v1/holders/{id}/permits/{permit}", tag = "holder", operation_id = "holder_cancel_permit", params(("id" = HolderId, Path), ("permit" = PermitId, Path)), responses((status = 200, body = HolderView)))]
pub async fn cancel_permit(
    State(state): State<AppState>,
    session: Session,
    At((id, permit)): At<(HolderId, PermitId)>,
) -> ApiResult<Json<HolderView>> {
    cancel_permit_by(&state, &session, (id, permit)).await?;
    shown(&state, &session, id).await
}

/// Stores a portrait (JPEG or PNG as the body); the one before becomes history. 422 `photo_refused` says what is wrong.
#[utoipa::path(put, path = "/api/v1/holders/{id}/portrait", tag = "holder", operation_id = "holder_set_portrait", params(("id" = HolderId, Path)), request_body(content = Vec<u8>, content_type = "image/jpeg"), responses((status = 200, body = HolderView)))]
pub async fn set_portrait(
    State(state): State<AppState>,
    session: Session,
    At(id): At<HolderId>,
    body: Bytes,
) -> ApiResult<Json<HolderView>> {
    set_portrait_by(&state, &session, id, body.to_vec()).await?;
    shown(&state, &session, id).await
}

/// Portrait `n` of a holder; the look is recorded before the bytes go out.
#[utoipa::path(get, path = "/api/v1/holders/{id}/portraits/{n}", tag = "holder", operation_id = "holder_portrait", params(("id" = HolderId, Path), ("n" = i64, Path)), responses((status = 200, body = Vec<u8>, content_type = "image/jpeg")))]
pub async fn portrait(
    State(state): State<AppState>,
    session: Session,
    At((id, n)): At<(HolderId, i64)>,
) -> ApiResult<Response> {
    let bytes = holder::portrait(&state.db, id, n).await?;
    let now = state.clock.now();
    tapal_store::look::record(&state.db, now, session.account, "holder", id, "portrait").await?;
    Ok(crate::alert::photo::jpeg(&bytes))
}

/// Says whether another holder is the same person. It holds from both sides, joins nothing, and is taken back by another
/// decision.
#[utoipa::path(post, path = "/api/v1/holders/{id}/links", tag = "holder", operation_id = "holder_link", params(("id" = HolderId, Path)), request_body = HolderLinkInput, responses((status = 200, body = HolderView)))]
pub async fn link(
    State(state): State<AppState>,
    session: Session,
    At(id): At<HolderId>,
    Input(input): Input<HolderLinkInput>,
) -> ApiResult<Json<HolderView>> {
    link_by(&state, &session, id, &input).await?;
    shown(&state, &session, id).await
}
