//! Holders of the demonstration's setup, under the rules of the registry. Must not be called from a route.

use tapal_domain::{
    crossing::Nationality,
    holder::Permit,
    id::{HolderId, PermitId},
};
use tapal_store::{By, holder};

use super::{HolderDocumentInput, HolderInput, PermitInput, checked, conflict};
use crate::{AppState, entry::input::enrol, error::ApiResult};

/// An invented person of the setup.
pub struct Invented {
    /// Who.
    pub who: HolderInput,
    /// The document.
    pub document: HolderDocumentInput,
    /// Visas and permits.
    pub permits: Vec<PermitInput>,
    /// A photograph, JPEG or PNG.
    pub photo: Option<Vec<u8>>,
}

/// Records an invented person with document, permits and portrait; all permits are for that document.
pub async fn set_up(state: &AppState, invented: Invented) -> ApiResult<(HolderId, Vec<Permit>)> {
    let (nationality, identity): (Nationality, _) = checked(invented.who)?;
    let (now, id) = (state.clock.now(), HolderId(state.clock.new_uuid()));
    let document = invented.document.checked(state.clock.new_uuid(), id)?;
    let who = (&nationality, &identity);
    let done = holder::add_with(&state.db, now, By::System, id, who, &document).await;
    done.map_err(conflict)?;
    let record = holder::get(&state.db, id).await?;
    let mut permits = Vec::with_capacity(invented.permits.len());
    for mut input in invented.permits {
        input.document = Some(document.id);
        let permit = input.checked(PermitId(state.clock.new_uuid()), &record)?;
        holder::add_permit(&state.db, now, By::System, &permit).await?;
        permits.push(permit);
    }
    if let Some(photo) = invented.photo {
        let photo = enrol(state, photo).await?;
        holder::add_portrait(&state.db, now, By::System, id, &photo).await?;
    }
    Ok((id, permits))
}
