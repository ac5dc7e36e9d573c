//! One person's way past one camera: the shots taken, the template fused from them, the reasons why views were not
//! usable, and what became of it. Templates and patches are wiped when it is dropped; only counters outlive it.

use std::collections::BTreeMap;

use tapal_domain::{
    id::{AlertId, EntryId},
    screening::NotSearched,
    time::UtcMs,
};
use tapal_vision::{Quality, Template};
use zeroize::Zeroize;

use crate::shot::Shot;

/// Shots kept for the alert.
const SHOTS_KEPT: usize = 5;
/// Shots after which only a clearly better one is taken.
const ENOUGH: u32 = 10;
/// A better view must be this much better to be worth a run of the recogniser.
const BETTER: f32 = 1.07;
/// Least time between two shots of a person, milliseconds.
const SPACING_MS: i64 = 100;
/// Views turned at least this much further, in degrees, add to what is known of a face.
const OTHER_SIDE_DEG: f32 = 12.0;

/// What became of a person.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// Not decided yet.
    Open,
    /// An alert was raised.
    Raised {
        /// Its id.
        alert: AlertId,
        /// The entry.
        entry: EntryId,
        /// With what score.
        score: f32,
    },
    /// The same person as an earlier alert of this pass.
    Merged {
        /// That alert.
        alert: AlertId,
        /// Its entry.
        entry: EntryId,
        /// With what score.
        score: f32,
    },
}

/// An entry found, but held by somebody else in view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blocked {
    /// The entry.
    pub entry: EntryId,
    /// The alert about it.
    pub alert: AlertId,
    /// The two were seen in one picture, so they are two people.
    pub beside: bool,
    /// Found after the last view: while the holder stays there is nothing to search again.
    pub leaving: bool,
}

/// One person in front of one camera.
pub struct Pass {
    /// First seen, wall time.
    pub begun_at: UtcMs,
    /// Last seen, wall time.
    pub last_at: UtcMs,
    /// Last seen, uptime.
    pub last_ms: i64,
    /// Where last seen: left, top, width, height as shares of the frame.
    pub place: [f32; 4],
    /// Frames seen in.
    pub frames: u32,
    /// What became of it.
    pub fate: Fate,
    /// A search found an entry that is not in force.
    pub lapsed_match: bool,
    /// Shots fused.
    pub shots: u32,
    /// Shots fused when it was last searched.
    pub searched: u32,
    /// Whether the newest shot was searched for the last time.
    pub settled: bool,
    /// The last search found only entries that others in view hold.
    pub blocked: Option<Blocked>,
    refused: BTreeMap<NotSearched, u32>,
    sum: Vec<f32>,
    model_id: Option<std::sync::Arc<str>>,
    kept: Vec<Shot>,
    best: f32,
    turned: (f32, f32),
    last_shot_ms: i64,
}

impl Pass {
    /// A person seen for the first time.
    pub fn begin(at: UtcMs, uptime_ms: i64) -> Self {
        Pass {
            begun_at: at,
            last_at: at,
            last_ms: uptime_ms,
            place: [0.0; 4],
            frames: 0,
            fate: Fate::Open,
            lapsed_match: false,
            shots: 0,
            searched: 0,
            settled: true,
            blocked: None,
            refused: BTreeMap::new(),
            sum: Vec::new(),
            model_id: None,
            kept: Vec::new(),
            best: 0.0,
            turned: (f32::INFINITY, f32::NEG_INFINITY),
            last_shot_ms: i64::MIN / 2,
        }
    }

    /// The person was seen in a frame.
    pub fn seen(&mut self, at: UtcMs, uptime_ms: i64, place: [f32; 4]) {
        self.place = place;
        self.last_at = at;
        self.last_ms = uptime_ms;
        self.frames += 1;
    }

    /// A view could not be used.
    pub fn refuse(&mut self, reason: NotSearched) {
        *self.refused.entry(reason).or_default() += 1;
    }

    /// Whether a look at this face can still change anything; saves measuring every frame of a decided person.
    pub fn is_due(&self, uptime_ms: i64) -> bool {
        self.fate == Fate::Open && uptime_ms - self.last_shot_ms >= SPACING_MS
    }

    /// Whether a usable view is worth a run of the recogniser. The first always is; later ones when they are
    /// better or show another side. `contested`: the track may have changed hands, so a look is due anyway.
    pub fn wants(&self, quality: &Quality, uptime_ms: i64, contested: bool) -> bool {
        let waited = uptime_ms - self.last_shot_ms;
        if self.shots == 0 {
            return true;
        }
        if waited < SPACING_MS {
            return false;
        }
        if contested {
            return waited >= 2 * SPACING_MS;
        }
        if self.fate != Fate::Open {
            return false;
        }
        let better = quality.overall > self.best * if self.shots < ENOUGH { BETTER } else { 1.3 };
        let yaw = quality.yaw_deg;
        let other_side =
            yaw < self.turned.0 - OTHER_SIDE_DEG || yaw > self.turned.1 + OTHER_SIDE_DEG;
        let fair = quality.overall > 0.6 * self.best && self.shots < ENOUGH;
        better || (fair && (other_side || (self.shots < 3 && waited >= 3 * SPACING_MS)))
    }

    /// Adds a shot: fused weighted by its quality, kept for the alert if it is among the best.
    pub fn add(&mut self, shot: Shot, template: &Template, uptime_ms: i64) {
        let weight = shot.quality.overall.max(0.02);
        if self.sum.len() != template.values.len() {
            self.sum.zeroize();
            self.sum = vec![0.0; template.values.len()];
        }
        self.sum
            .iter_mut()
            .zip(&template.values)
            .for_each(|(sum, v)| *sum += weight * v);
        self.model_id = Some(template.model_id.clone());
        self.shots += 1;
        self.settled = false;
        self.last_shot_ms = uptime_ms;
        self.best = self.best.max(shot.quality.overall);
        let yaw = shot.quality.yaw_deg;
        self.turned = (self.turned.0.min(yaw), self.turned.1.max(yaw));
        if self.fate == Fate::Open {
            self.kept.push(shot);
            self.kept
                .sort_by(|a, b| b.quality.overall.total_cmp(&a.quality.overall));
            self.kept.truncate(SHOTS_KEPT);
        }
    }

    /// The fused template.
    pub fn template(&self) -> Option<Template> {
        Template::new(self.model_id.clone()?, self.sum.clone())
    }

    /// The best shots, best first.
    pub fn best_shots(&self) -> &[Shot] {
        &self.kept
    }

    /// Decided: the shots have served.
    pub fn decide(&mut self, fate: Fate) {
        self.fate = fate;
        self.kept.clear();
        self.settled = true;
        self.blocked = None;
    }

    /// This pass goes on as `later`, which turned out to be the same person.
    pub fn absorb(&mut self, mut later: Pass) {
        self.last_at = later.last_at;
        self.last_ms = later.last_ms;
        self.place = later.place;
        self.frames += later.frames;
        for (reason, count) in &later.refused {
            *self.refused.entry(*reason).or_default() += count;
        }
        if self.sum.is_empty() {
            self.sum = std::mem::take(&mut later.sum);
            self.model_id = later.model_id.take();
        } else {
            self.sum
                .iter_mut()
                .zip(&later.sum)
                .for_each(|(sum, v)| *sum += v);
        }
        self.shots += later.shots;
        self.last_shot_ms = self.last_shot_ms.max(later.last_shot_ms);
        self.best = self.best.max(later.best);
        self.turned = (
            self.turned.0.min(later.turned.0),
            self.turned.1.max(later.turned.1),
        );
        if self.fate == Fate::Open {
            self.kept.append(&mut later.kept);
            self.kept
                .sort_by(|a, b| b.quality.overall.total_cmp(&a.quality.overall));
            self.kept.truncate(SHOTS_KEPT);
            self.settled = self.settled && later.settled;
            self.blocked = self.blocked.or(later.blocked);
        }
    }

    /// Why there was no usable view: the most frequent reason, distance only when there was no other, since
    /// everybody is far away at first.
    pub fn why_not(&self) -> NotSearched {
        let near = self
            .refused
            .iter()
            .filter(|(reason, _)| **reason != NotSearched::TooSmall);
        let most = near
            .max_by_key(|(_, count)| **count)
            .map(|(reason, _)| *reason);
        match most {
            Some(reason) => reason,
            None if self.refused.is_empty() => NotSearched::TooBrief,
            None => NotSearched::TooSmall,
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.sum.zeroize();
    }
}

impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pass({} frames, {} shots)", self.frames, self.shots)
    }
}
