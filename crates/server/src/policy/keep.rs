//! Keeps every budget in force true to the list as it is now: when the list grows or shrinks, or the model's meaning
//! changes, thresholds are computed anew without anybody remembering. Must not touch thresholds set by hand.

use std::collections::HashMap;

use tapal_domain::{id::SiteId, policy::Setting, time::UtcMs};
use tapal_store::{Error, policy, policy::InForce, site};

use super::figures::figures;
use crate::state::AppState;

/// List versions that were looked at: a site whose list has not moved is not counted again.
pub type Seen = HashMap<SiteId, (i64, UtcMs)>;

/// Looks at every site with a budget whose list moved since the last look.
pub async fn all(state: &AppState, seen: &mut Seen, now: UtcMs) -> Result<(), Error> {
    let in_force = policy::list(&state.db).await?;
    if in_force.is_empty() {
        return Ok(());
    }
    let sites = site::list(&state.db).await?;
    let mut failed = None;
    for old in &in_force {
        let version = sites
            .iter()
            .find(|site| site.id == old.site)
            .map_or(0, |site| site.list_version);
        let stand = (version, old.changed_at);
        if seen.get(&old.site) == Some(&stand) {
            continue;
        }
        // A site that fails is tried again next time; the others are looked at.
        match keep(state, old, now).await {
            Ok(()) => {
                seen.insert(old.site, stand);
            }
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Looks at one site, before its node is given a changed list: the threshold is never older than the list.
pub async fn one(state: &AppState, site: SiteId, now: UtcMs) -> Result<(), Error> {
    match policy::get(&state.db, site).await? {
        Some(old) => keep(state, &old, now).await,
        None => Ok(()),
    }
}

async fn keep(state: &AppState, old: &InForce, now: UtcMs) -> Result<(), Error> {
    // Without a model there is nothing to compute; scores set by hand belong to the model they were set for.
    if state.model_id().is_empty() || matches!(old.setting, Setting::Manual { .. }) {
        return Ok(());
    }
    let templates = policy::gallery_templates(&state.db, old.site, state.model_id(), now).await?;
    let new = figures(state, &old.setting, templates);
    if new.same_effect(&old.figures) {
        return Ok(());
    }
    match policy::recompute(&state.db, now, old, &new).await {
        Ok(()) if !new.kept => {
            tracing::warn!(site = %old.site, planned_for = new.planned_for, "the list has outgrown the budget: it is not kept");
            Ok(())
        }
        // Somebody approved another policy in between: it was computed from the list as it is.
        Err(Error::NotFound) => Ok(()),
        done => done,
    }
}
