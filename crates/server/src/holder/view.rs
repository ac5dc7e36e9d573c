//! What a client may see of a holder, and what it may hand in. Must be the only way a holder leaves the server.

use serde::{Deserialize, Serialize};
use tapal_domain::{
    day::Day,
    holder::{
        DocumentKind, DocumentStatus, Entries, Identity, Permit, PermitKind, PermitState, Stay,
        document_number, issuing_state, last_day_of_use,
    },
    id::{HolderId, PermitId, SiteId},
    person::SamePerson,
    time::UtcMs,
};
use tapal_store::holder::{Document, Linked, NewDocument, PortraitInfo, Record};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
    error::{ApiError, ApiResult},
};

/// A holder with everything the registry knows, without pixels.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HolderView {
    /// Its id.
    pub id: HolderId,
    /// Whether a citizen.
    pub citizen: bool,
    /// Whose citizen, ICAO code.
    #[schema(value_type = String)]
    pub nationality: String,
    /// Who.
    pub identity: Identity,
    /// When it was recorded.
    pub created_at: UtcMs,
    /// When the identity was last changed.
    pub changed_at: UtcMs,
    /// Documents, newest first.
    pub documents: Vec<HolderDocumentView>,
    /// Visas and permits, newest first.
    pub permits: Vec<PermitView>,
    /// The portrait in use.
    pub portrait: Option<PortraitInfo>,
    /// Others that people said are the same person, or not.
    pub linked: Vec<Linked>,
    /// The document that was asked for.
    #[schema(value_type = Option<String>)]
    pub asked: Option<Uuid>,
}

/// A document of a holder.
#[derive(Clone, Serialize, ToSchema)]
pub struct HolderDocumentView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Uuid,
    /// What kind.
    pub kind: DocumentKind,
    /// Issuing state.
    pub issuing_state: String,
    /// Number.
    pub number: String,
    /// Last day of its validity.
    pub expires: Option<Day>,
    /// Where it stands.
    pub status: DocumentStatus,
    /// Since when.
    pub status_at: UtcMs,
    /// What the status rests on.
    pub reference: String,
}

impl std::fmt::Debug for HolderDocumentView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HolderDocumentView(redacted)")
    }
}

impl HolderDocumentView {
    fn of(document: &Document) -> Self {
        Self {
            id: document.id,
            kind: document.kind,
            issuing_state: document.issuing_state.clone(),
            number: document.number.clone(),
            expires: document.expires,
            status: document.status,
            status_at: document.status_at,
            reference: document.reference.clone(),
        }
    }
}

/// A visa or permit, and how often it served.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PermitView {
    /// Its id.
    pub id: PermitId,
    /// Visa or stay permit.
    pub kind: PermitKind,
    /// Index.
    pub index: String,
    /// How many entries.
    pub entries: Entries,
    /// How many the ledger of crossings says it served.
    pub entries_used: i64,
    /// First day of use.
    pub valid_from: Day,
    /// Last day of use.
    pub valid_until: Day,
    /// How long one may stay.
    pub stay: Stay,
    /// Checkpoints; every one when empty.
    pub sites: Vec<SiteId>,
    /// The document it was issued for, when it is one of this holder's.
    #[schema(value_type = Option<String>)]
    pub document: Option<Uuid>,
    /// Whether it was issued for one document.
    pub one_document: bool,
    /// Where it stands.
    pub state: PermitState,
}

impl HolderView {
    /// Of a record; asks the ledger how often each permit served.
    pub async fn of(state: &AppState, record: &Record) -> ApiResult<Self> {
        let mut permits = Vec::with_capacity(record.permits.len());
        for permit in &record.permits {
            let used = tapal_store::crossing::entries_used(&state.db, permit.id).await?;
            permits.push(permit_view(record, permit, used));
        }
        let holder = &record.holder;
        Ok(Self {
            id: holder.id,
            citizen: holder.citizen(),
            nationality: holder.nationality.code().to_owned(),
            identity: holder.identity.clone(),
            created_at: holder.created_at,
            changed_at: holder.changed_at,
            documents: record
                .documents
                .iter()
                .map(HolderDocumentView::of)
                .collect(),
            permits,
            portrait: record.portrait.clone(),
            linked: record.linked.clone(),
            asked: record.asked,
        })
    }
}

fn permit_view(record: &Record, permit: &Permit, entries_used: i64) -> PermitView {
    let own = |mark: &Vec<u8>| record.documents.iter().find(|one| one.mark == *mark);
    PermitView {
        id: permit.id,
        kind: permit.kind,
        index: permit.index.clone(),
        entries: permit.entries,
        entries_used,
        valid_from: permit.valid_from,
        valid_until: permit.valid_until,
        stay: permit.stay,
        sites: permit.sites.clone(),
        document: permit.document.as_ref().and_then(own).map(|one| one.id),
        one_document: permit.document.is_some(),
        state: permit.state,
    }
}

/// Whom to look up: by issuing state and exact number of a document, or by exact NIK. There is no other way.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HolderLookup {
    /// Issuing state of the document, ICAO code.
    pub issuing_state: String,
    /// Number of the document.
    pub number: String,
    /// National identity number, 16 digits.
    pub nik: String,
}

/// A holder as handed in.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HolderInput {
    /// Whose citizen, ICAO code; `IDN` is a citizen.
    pub nationality: String,
    /// Who.
    pub identity: Identity,
}

/// A document as handed in.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HolderDocumentInput {
    /// What kind.
    pub kind: DocumentKind,
    /// Issuing state, ICAO code.
    pub issuing_state: String,
    /// Number; never checked by a pattern.
    pub number: String,
    /// Last day of its validity.
    #[serde(default)]
    pub expires: Option<Day>,
}

impl HolderDocumentInput {
    pub(super) fn checked(self, id: Uuid, holder: HolderId) -> ApiResult<NewDocument> {
        let wrong =
            |e: tapal_domain::holder::NotADocument| ApiError::invalid(e.code(), e.to_string());
        Ok(NewDocument {
            id,
            holder,
            kind: self.kind,
            issuing_state: issuing_state(&self.issuing_state).map_err(wrong)?,
            number: document_number(&self.number).map_err(wrong)?,
            expires: self.expires,
        })
    }
}

/// What became of a document.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HolderDocumentStatusInput {
    /// The new status.
    pub status: DocumentStatus,
    /// What it rests on, such as the number of a report; at most 120 characters.
    #[serde(default)]
    pub reference: String,
}

/// A visa or permit as handed in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PermitInput {
    /// Visa or stay permit.
    pub kind: PermitKind,
    /// Index, such as `B1`, `D2`, `ITAS`.
    pub index: String,
    /// How many entries.
    pub entries: Entries,
    /// First day of use: for a visa the day of issue.
    pub valid_from: Day,
    /// Last day of use; instead of it `use_within_days`.
    #[serde(default)]
    pub valid_until: Option<Day>,
    /// Days after `valid_from` within which it may be used, such as 90 of an e-VoA.
    #[serde(default)]
    pub use_within_days: Option<u32>,
    /// How long one may stay.
    pub stay: Stay,
    /// Checkpoints it may be used at; every one when empty.
    #[serde(default)]
    pub sites: Vec<SiteId>,
    /// The document it is issued for; any of the holder's when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub document: Option<Uuid>,
}

impl PermitInput {
    /// As the domain takes it.
    pub(super) fn checked(self, id: PermitId, record: &Record) -> ApiResult<Permit> {
        let bad = |code: &'static str, text: &str| ApiError::invalid(code, text);
        let document = match self.document {
            None => None,
            Some(id) => {
                let own = record.documents.iter().find(|one| one.id == id);
                let own =
                    own.ok_or_else(|| bad("permit_document", "name a document of this holder"))?;
                Some(own.mark.clone())
            }
        };
        let last = match (self.valid_until, self.use_within_days) {
            (Some(day), None) => Some(day),
            (None, Some(days)) => last_day_of_use(self.valid_from, days),
            _ => None,
        };
        let last = last.ok_or_else(|| {
            bad(
                "permit_days",
                "give either the last day to use it, or the days within which it may be used",
            )
        })?;
        let permit = Permit {
            id,
            holder: record.holder.id,
            kind: self.kind,
            index: self.index.trim().to_ascii_uppercase(),
            entries: self.entries,
            valid_from: self.valid_from,
            valid_until: last,
            stay: self.stay,
            sites: self.sites,
            document,
            state: PermitState::Issued,
        };
        permit
            .check()
            .map_err(|e| ApiError::invalid(e.code(), e.to_string()))?;
        Ok(permit)
    }
}

/// Whether another holder is the same person.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HolderLinkInput {
    /// The other one.
    pub other: HolderId,
    /// What; a later decision takes it back.
    pub decision: SamePerson,
    /// Why, in 3 to 500 characters.
    pub reason: String,
}
