//! Quality against error: searches by how good the searching photograph is. Counting only.

use serde::Serialize;

use super::Study;
use super::bootstrap::{Resamples, Share};
use super::search::Outcome;
use crate::Quality;

/// What is measured of a photograph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// One number for all, 0 to 1.
    Overall,
    /// Pixels between the eyes.
    EyeDistance,
    /// Degrees turned to either side.
    Yaw,
    /// Fine detail.
    Sharpness,
}

impl Measure {
    fn of(self, quality: &Quality) -> f32 {
        match self {
            Measure::Overall => quality.overall,
            Measure::EyeDistance => quality.eye_distance_px,
            Measure::Yaw => quality.yaw_deg.abs(),
            Measure::Sharpness => quality.sharpness,
        }
    }
}

/// A fifth of the photographs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Band {
    /// Lowest value in it.
    pub from: f32,
    /// Highest value in it.
    pub to: f32,
    /// Missed searches of listed people.
    pub fnir: Share,
    /// Searches of unlisted people that raised somebody.
    pub fpir: Share,
}

/// One measure, from the lowest fifth to the highest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bands {
    /// Which.
    pub measure: Measure,
    /// Five bands of equally many photographs.
    pub bands: Vec<Band>,
}

const BANDS: usize = 5;

/// All measures, at one outcome.
pub(super) fn bands(study: &Study, outcome: &Outcome, draws: &Resamples) -> Vec<Bands> {
    let all = [
        Measure::Overall,
        Measure::EyeDistance,
        Measure::Yaw,
        Measure::Sharpness,
    ];
    let of = |measure: Measure| {
        let value = |p: usize| study.quality[p].as_ref().map(|q| measure.of(q));
        let mut values = (0..study.owner.len()).filter_map(value).collect::<Vec<_>>();
        values.sort_by(f32::total_cmp);
        let edge = |band: usize| values[(values.len() * band / BANDS).min(values.len() - 1)];
        let band = |band: usize| {
            let (from, to) = (edge(band), edge(band + 1));
            let last = band + 1 == BANDS;
            let inside = |p: usize| value(p).is_some_and(|v| from <= v && (v < to || last));
            Band {
                from,
                to,
                fnir: outcome.listed.share(&study.owner, draws, inside),
                fpir: outcome.unlisted.share(&study.owner, draws, inside),
            }
        };
        let bands = if values.is_empty() {
            Vec::new()
        } else {
            (0..BANDS).map(band).collect()
        };
        Bands { measure, bands }
    };
    all.map(of).into()
}
