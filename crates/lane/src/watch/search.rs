//! What may be searched, and the one way from a template to an alert: search, then judge at that instant. Must not let an
//! entry match that is not in force for certain.

use std::sync::Arc;

use tapal_domain::{
    entry::{ListKind, in_force},
    screening::{Candidate, Judgement, Threshold, judge},
    time::{Moment, UtcMs},
};
use tapal_gallery::{Gallery, GalleryError};

use crate::clock::Clock;

/// Candidates asked of the gallery.
const CANDIDATES: usize = 8;

/// What the camera may search now.
#[derive(Clone)]
pub struct Lists {
    /// The templates.
    pub gallery: Arc<Gallery>,
    /// Lists this site may search.
    pub lists: Vec<ListKind>,
    /// Thresholds a list.
    pub thresholds: Vec<Threshold>,
    /// Version of the list held.
    pub version: i64,
}

/// What one search led to.
pub struct Judged {
    /// What the machine may conclude.
    pub judgement: Judgement,
    /// Whether an entry not in force would have reached its threshold.
    pub a_lapsed_one: bool,
}

impl Lists {
    /// Searches, and judges at the instant after: there is no other way from a template to an alert.
    pub fn judged(
        &self,
        model_id: &str,
        queries: &[&[f32]],
        clock: &dyn Clock,
    ) -> Result<Vec<Judged>, GalleryError> {
        let found = self.gallery.search(model_id, queries, CANDIDATES)?;
        let now = clock.moment();
        let judged = |candidates: &Vec<Candidate>| Judged {
            judgement: judge(candidates, &self.lists, &self.thresholds, now),
            a_lapsed_one: would_match_if_in_force(candidates, self, now),
        };
        Ok(found.iter().map(judged).collect())
    }
}

fn would_match_if_in_force(candidates: &[Candidate], lists: &Lists, now: Moment) -> bool {
    let lapsed = candidates
        .iter()
        .filter(|c| !in_force(c.in_force_from, c.in_force_to, now));
    let as_if: Vec<Candidate> = lapsed
        .map(|c| Candidate {
            in_force_from: UtcMs(0),
            in_force_to: UtcMs(1),
            ..*c
        })
        .collect();
    judge(&as_if, &lists.lists, &lists.thresholds, UtcMs(0)) != Judgement::Unknown
}
