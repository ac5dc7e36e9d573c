//! What a score means: thresholds, bands, and the reasons why nothing was raised.
//! Must not compare templates (the gallery does) nor decide about a person (people do).

use serde::{Deserialize, Serialize};

use crate::{
    entry::{ListKind, in_force},
    id::EntryId,
    time::{Moment, UtcMs},
};

/// Why a track gave no search. Shown to officers, counted per camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotSearched {
    /// The eyes are too close together in the picture: too far away.
    TooSmall,
    /// Too little light on the face.
    TooDark,
    /// Too much light on the face.
    TooBright,
    /// Motion or focus blur.
    Blurred,
    /// Turned away to the side.
    SideOn,
    /// Looking down or seen from too high above.
    TooSteep,
    /// Part of the face is covered.
    Occluded,
    /// At the edge of the picture.
    CutOff,
    /// The detector was not sure that it is a face.
    LowConfidence,
    /// The person was seen too briefly for a steady view.
    TooBrief,
    /// The node was too busy; counted so that it can be seen.
    Overloaded,
}

impl NotSearched {
    /// Every reason, in the order shown.
    pub const ALL: [NotSearched; 11] = [
        Self::TooSmall,
        Self::TooDark,
        Self::TooBright,
        Self::Blurred,
        Self::SideOn,
        Self::TooSteep,
        Self::Occluded,
        Self::CutOff,
        Self::LowConfidence,
        Self::TooBrief,
        Self::Overloaded,
    ];

    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooSmall => "too_small",
            Self::TooDark => "too_dark",
            Self::TooBright => "too_bright",
            Self::Blurred => "blurred",
            Self::SideOn => "side_on",
            Self::TooSteep => "too_steep",
            Self::Occluded => "occluded",
            Self::CutOff => "cut_off",
            Self::LowConfidence => "low_confidence",
            Self::TooBrief => "too_brief",
            Self::Overloaded => "overloaded",
        }
    }
}

/// How strong a similarity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Below the threshold: nothing is raised, nothing is kept.
    Unknown,
    /// At or above the alert threshold.
    Possible,
    /// At or above the higher threshold.
    Match,
}

/// Policy of one site for one list with one model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Threshold {
    /// The list it applies to.
    pub list: ListKind,
    /// Cosine similarity, -1 to 1, from which an alert is raised.
    pub possible: f32,
    /// Cosine similarity from which the band is Match; at least `possible`.
    pub strong: f32,
}

impl Threshold {
    /// The band of a score. A score that is not a number is Unknown.
    pub fn band(&self, score: f32) -> Band {
        if score >= self.strong.max(self.possible) {
            Band::Match
        } else if score >= self.possible {
            Band::Possible
        } else {
            Band::Unknown
        }
    }
}

/// One entry the gallery ranked, with what is needed to judge it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The entry.
    pub entry: EntryId,
    /// Its version when the template was loaded.
    pub entry_version: u32,
    /// Its list.
    pub list: ListKind,
    /// First instant in force.
    pub in_force_from: UtcMs,
    /// First instant no longer in force.
    pub in_force_to: UtcMs,
    /// Cosine similarity.
    pub score: f32,
}

/// What the machine may conclude from one search.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// Nothing reaches its threshold: destroy crop and template now.
    Unknown,
    /// Raise an alert: the best candidate, its band, and weaker ones that also reach theirs.
    Raise {
        /// The strongest candidate.
        best: Candidate,
        /// Its band: Possible or Match.
        band: Band,
        /// Other entries that reach their own threshold, strongest first.
        others: Vec<Candidate>,
    },
}

/// Judges ranked candidates at the instant of the match. Skipped: entries not in force for certain, lists the site does
/// not subscribe to, lists without a threshold.
pub fn judge(
    candidates: &[Candidate],
    lists: &[ListKind],
    thresholds: &[Threshold],
    now: impl Into<Moment>,
) -> Judgement {
    let now = now.into();
    let band = |c: &Candidate| {
        let threshold = thresholds.iter().find(|t| t.list == c.list);
        threshold.map_or(Band::Unknown, |t| t.band(c.score))
    };
    let mut raised: Vec<Candidate> = candidates
        .iter()
        .filter(|c| lists.contains(&c.list) && in_force(c.in_force_from, c.in_force_to, now))
        .filter(|c| band(c) > Band::Unknown)
        .copied()
        .collect();
    // Strongest first; ties by entry so that a replay judges alike.
    raised.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.entry.cmp(&b.entry)));
    let mut raised = raised.into_iter();
    match raised.next() {
        None => Judgement::Unknown,
        Some(best) => Judgement::Raise {
            band: band(&best),
            best,
            others: raised.collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(n: u128, list: ListKind, score: f32) -> Candidate {
        Candidate {
            entry: EntryId(uuid::Uuid::from_u128(n)),
            entry_version: 1,
            list,
            in_force_from: UtcMs(100),
            in_force_to: UtcMs(200),
            score,
        }
    }
    const WANTED: Threshold = Threshold {
        list: ListKind::Wanted,
        possible: 0.4,
        strong: 0.6,
    };
    const EXIT: Threshold = Threshold {
        list: ListKind::ExitBan,
        possible: 0.5,
        strong: 0.7,
    };

    fn check(candidates: &[Candidate], now: i64, expect: Option<(u128, Band, usize)>) {
        let lists = [ListKind::Wanted, ListKind::ExitBan];
        let got = match judge(candidates, &lists, &[WANTED, EXIT], UtcMs(now)) {
            Judgement::Unknown => None,
            Judgement::Raise { best, band, others } => {
                Some((best.entry.0.as_u128(), band, others.len()))
            }
        };
        assert_eq!(got, expect, "{candidates:?} at {now}");
    }

    #[test]
    fn bands_by_list() {
        use ListKind::*;
        check(&[], 150, None);
        check(&[candidate(1, Wanted, 0.399)], 150, None);
        check(
            &[candidate(1, Wanted, 0.4)],
            150,
            Some((1, Band::Possible, 0)),
        );
        check(&[candidate(1, Wanted, 0.6)], 150, Some((1, Band::Match, 0)));
        check(&[candidate(1, ExitBan, 0.45)], 150, None);
        check(
            &[candidate(1, ExitBan, 0.55), candidate(2, Wanted, 0.5)],
            150,
            Some((1, Band::Possible, 1)),
        );
        check(&[candidate(1, Wanted, f32::NAN)], 150, None);
    }

    #[test]
    fn an_entry_not_in_force_at_this_instant_cannot_match() {
        let strong = [candidate(1, ListKind::Wanted, 0.99)];
        check(&strong, 99, None);
        check(&strong, 100, Some((1, Band::Match, 0)));
        check(&strong, 199, Some((1, Band::Match, 0)));
        check(&strong, 200, None);
    }

    #[test]
    fn a_list_the_site_does_not_subscribe_to_cannot_match() {
        check(&[candidate(1, ListKind::EntryBan, 0.99)], 150, None);
    }
}
