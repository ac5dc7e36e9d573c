//! The audit of new photographs before an entry goes into force: against the installed background and all other live
//! entries. Must not decide: the domain's rule flags, a person decides.

use std::{collections::BTreeMap, sync::Arc};

use tapal_domain::{
    background::{Compared, Finding, audit},
    entry::ListKind,
    id::EntryId,
};
use tapal_store::{
    entry::NewPhoto,
    finding::{LiveTemplate, live_templates},
    site,
};
use tapal_vision::Template;

use crate::{
    AppState,
    enrol::background::Background,
    error::{ApiError, ApiResult},
};

/// Templates of other entries read at a time.
const PIECE: i64 = 1_000;

/// What is found of each photograph of an entry on `list`; `own` is the entry itself when it is recorded already.
pub async fn findings(
    state: &AppState,
    list: ListKind,
    own: Option<EntryId>,
    photos: &[NewPhoto],
) -> ApiResult<Vec<Finding>> {
    let templates: Vec<Template> = photos
        .iter()
        .filter_map(|photo| Template::new(photo.model_id.as_str().into(), photo.template.clone()))
        .collect();
    if templates.len() != photos.len() {
        return Err(ApiError::internal("a template is no direction"));
    }
    let threshold = lowest_threshold(state, list).await?;
    let mut entries = vec![Alike::default(); templates.len()];
    let (now, mut after) = (state.clock.now(), None);
    loop {
        let piece = live_templates(&state.db, now, state.model_id(), after, PIECE).await?;
        let Some(last) = piece.last() else { break };
        after = Some((last.entry, last.n));
        for one in piece.iter().filter(|one| Some(one.entry) != own) {
            compare(&templates, one, &mut entries);
        }
    }
    let background = background(state).await;
    let calibration = &state.config.model.calibration;
    let found = templates.iter().zip(entries).map(|(template, alike)| {
        let compared = Compared {
            background: background
                .as_ref()
                .map(|all| all.scores(template))
                .unwrap_or_default(),
            entries: alike.scores(threshold),
        };
        let likeness = background.as_ref().map(|all| all.likeness());
        audit(calibration, likeness, &compared, threshold)
    });
    Ok(found.collect())
}

/// Scores of one template to each other entry: its first photograph, and its best.
#[derive(Clone, Default)]
struct Alike(BTreeMap<EntryId, (f32, f32)>);

impl Alike {
    /// One score an entry. For the count the first photograph stands for the person; the best one says whether the
    /// two would raise each other's alerts.
    fn scores(self, threshold: f32) -> Vec<(EntryId, f32)> {
        let one = |(id, (first, best)): (EntryId, (f32, f32))| match best >= threshold {
            true => (id, best),
            false => (id, first),
        };
        self.0.into_iter().map(one).collect()
    }
}

fn compare(templates: &[Template], other: &LiveTemplate, into: &mut [Alike]) {
    let Some(model) = templates.first().map(|own| own.model_id.clone()) else {
        return;
    };
    let Some(other_template) = Template::new(model, other.values.to_vec()) else {
        return;
    };
    for (template, alike) in templates.iter().zip(into) {
        if let Some(score) = template.cosine(&other_template) {
            let (_, best) = alike.0.entry(other.entry).or_insert((score, score));
            *best = best.max(score);
        }
    }
}

/// The lowest score at which any site raises an alert with an entry of this list.
async fn lowest_threshold(state: &AppState, list: ListKind) -> ApiResult<f32> {
    let mut lowest = f32::INFINITY;
    let mut take = |thresholds: &[tapal_domain::screening::Threshold]| {
        for threshold in thresholds.iter().filter(|own| own.list == list) {
            lowest = lowest.min(threshold.possible);
        }
    };
    take(&state.config.model.thresholds);
    for one in site::list(&state.db).await? {
        take(&crate::edge::device::thresholds(state, one.id).await?);
    }
    Ok(lowest)
}

/// The installed background. A damaged one is logged and taken as none: the page then says how few people there were.
async fn background(state: &AppState) -> Option<Arc<Background>> {
    let own = state.clone();
    let read = move || {
        let (vault, folder) = (own.db.vault(), &own.config.data_dir);
        own.background.get(vault, folder, own.model_id())
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::error!(%error, "the background of the enrolment audit cannot be used");
            None
        }
        Err(error) => {
            tracing::error!(%error, "the background of the enrolment audit was not read");
            None
        }
    }
}
