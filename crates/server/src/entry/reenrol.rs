//! After another model pack was installed: entries get templates of the new model from the photographs on file.
//! Must not give up on the others because of one, nor name anything but ids in the log.

use tapal_domain::id::EntryId;
use tapal_store::entry::{self, NewPhoto};

use super::enrol;
use crate::{AppState, error::ApiResult};

/// How many live entries nodes cannot find, because no photograph of theirs has a template of today's model.
/// 0 while no model is installed: the console says that in another place.
pub async fn missing(state: &AppState) -> ApiResult<usize> {
    if state.enrol.is_none() {
        return Ok(0);
    }
    let now = state.clock.now();
    let missing = entry::without_template(&state.db, now, state.model_id()).await?;
    Ok(missing.len())
}

/// Enrols every entry again that lacks a template of today's model, one after another. Runs once, at the start.
pub async fn reenrol(state: AppState) {
    if state.enrol.is_none() {
        return;
    }
    let (now, model_id) = (state.clock.now(), state.model_id());
    let missing = match entry::without_template(&state.db, now, model_id).await {
        Ok(missing) => missing,
        Err(error) => {
            tracing::error!(%error, "it could not be seen which entries lack a template");
            return;
        }
    };
    if missing.is_empty() {
        return;
    }
    tracing::warn!(
        entries = missing.len(),
        model_id,
        "entries without a template of this model are not searched; they are enrolled again"
    );
    let mut left = 0_usize;
    for id in missing {
        match one(&state, id).await {
            Ok(true) => tracing::info!(entry = %id, "enrolled again"),
            Ok(false) => left += 1,
            Err(error) => {
                left += 1;
                tracing::error!(entry = %id, code = error.code, "enrolling again failed");
            }
        }
    }
    if left > 0 {
        tracing::warn!(
            entries = left,
            "still without a template: they need a new photograph"
        );
    }
}

/// Whether at least one photograph could be used.
async fn one(state: &AppState, id: EntryId) -> ApiResult<bool> {
    let mut photos: Vec<NewPhoto> = Vec::new();
    for (row, photo) in entry::photographs(&state.db, id).await? {
        match enrol(state, photo.to_vec()).await {
            Ok(enrolled) => photos.push(NewPhoto {
                id: row,
                ..enrolled
            }),
            Err(refused) => {
                tracing::warn!(entry = %id, code = refused.code, reasons = ?refused.reasons, "a photograph was refused");
            }
        }
    }
    if photos.is_empty() {
        return Ok(false);
    }
    let list = entry::get(&state.db, id).await?.entry.list();
    let findings = super::audit::findings(state, list, Some(id), &photos).await?;
    entry::re_enrolled(&state.db, state.clock.now(), id, &photos, &findings).await?;
    Ok(true)
}
