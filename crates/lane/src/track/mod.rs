//! Faces of one camera followed from frame to frame: one track is one person from appearing to leaving. Survives a
//! short occlusion, gives each face to one track, and says when two tracks came so close that they may have been
//! swapped. It looks at places only; whose face it is, templates must say.

pub mod assign;
pub mod motion;
#[cfg(test)]
mod tests;

use motion::{Motion, place, unlike};

/// A track's name within its camera; never used twice.
pub type Key = u64;

/// How far apart a face may be from where a track should be, in face sides (see [`unlike`]), right after the
/// track was seen.
const GATE: f32 = 0.9;
/// How much wider the gate gets a second without sight.
const GATE_PER_S: f32 = 0.9;
/// Two claims on one face closer than this are a contest.
const CONTEST: f32 = 0.7;

/// Face sides a second from which a track needs every frame: it would leave the gate in a third of a second.
const FAST: f32 = 2.4;
/// How long a track waits for its face to be seen again, milliseconds.
pub const OCCLUSION_MS: i64 = 1_500;

/// What one frame changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// For each face, in order, its track.
    pub faces: Vec<Key>,
    /// Tracks that began with this frame.
    pub begun: Vec<Key>,
    /// Tracks not seen for [`OCCLUSION_MS`]: gone.
    pub ended: Vec<Key>,
}

#[derive(Debug)]
struct Track {
    key: Key,
    motion: Motion,
    contested: bool,
}

/// The tracks of one camera.
#[derive(Debug, Default)]
pub struct Tracker {
    tracks: Vec<Track>,
    last_key: Key,
}

impl Tracker {
    /// No tracks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives each face box (left, top, width, height) seen at `now_ms` to a track, old or new.
    pub fn step(&mut self, boxes: &[[f32; 4]], now_ms: i64) -> Step {
        let mut step = Step::default();
        let gone = |track: &Track| now_ms - track.motion.at_ms() > OCCLUSION_MS;
        step.ended = self
            .tracks
            .iter()
            .filter(|t| gone(t))
            .map(|t| t.key)
            .collect();
        self.tracks.retain(|track| !gone(track));

        let costs = self.costs(boxes, now_ms);
        self.mark_contests(&costs, boxes.len());
        let given = assign::assign(&costs, boxes.len(), 10.0);
        let mut owner = vec![None; boxes.len()];
        for (track, face) in self.tracks.iter_mut().zip(given) {
            if let Some(face) = face {
                track.motion.see(place(&boxes[face]), now_ms);
                owner[face] = Some(track.key);
            }
        }
        for (face, owner) in owner.into_iter().enumerate() {
            let key = owner.unwrap_or_else(|| {
                let key = self.begin(&boxes[face], now_ms);
                step.begun.push(key);
                key
            });
            step.faces.push(key);
        }
        step
    }

    /// Whether a track moves so far between two frames that it may be lost if the next one is left out.
    pub fn is_fast(&self, key: Key) -> bool {
        self.tracks
            .iter()
            .any(|t| t.key == key && t.motion.pace() > FAST)
    }

    /// Whether the track came close to another since it was last [`Tracker::confirm`]ed.
    pub fn is_contested(&self, key: Key) -> bool {
        self.tracks.iter().any(|t| t.key == key && t.contested)
    }

    /// The face on this track was found to be the same person's as before.
    pub fn confirm(&mut self, key: Key) {
        if let Some(track) = self.tracks.iter_mut().find(|t| t.key == key) {
            track.contested = false;
        }
    }

    /// The face on this track is another person's: a new track goes on with it, the old one ends.
    pub fn split(&mut self, key: Key) -> Key {
        self.last_key += 1;
        let fresh = self.last_key;
        if let Some(track) = self.tracks.iter_mut().find(|t| t.key == key) {
            track.key = fresh;
            track.contested = false;
        }
        fresh
    }

    /// Forgets a track.
    pub fn drop_track(&mut self, key: Key) {
        self.tracks.retain(|track| track.key != key);
    }

    /// Forgets every track; gives their keys.
    pub fn clear(&mut self) -> Vec<Key> {
        self.tracks.drain(..).map(|track| track.key).collect()
    }

    fn begin(&mut self, bbox: &[f32; 4], now_ms: i64) -> Key {
        self.last_key += 1;
        let motion = Motion::begin(place(bbox), now_ms);
        self.tracks.push(Track {
            key: self.last_key,
            motion,
            contested: false,
        });
        self.last_key
    }

    fn costs(&self, boxes: &[[f32; 4]], now_ms: i64) -> Vec<Vec<f32>> {
        let cost = |track: &Track, bbox: &[f32; 4]| {
            let unseen_s = (now_ms - track.motion.at_ms()) as f32 / 1000.0;
            let cost = unlike(track.motion.foretell(now_ms), place(bbox));
            if cost <= GATE + GATE_PER_S * unseen_s {
                cost
            } else {
                f32::INFINITY
            }
        };
        self.tracks
            .iter()
            .map(|track| boxes.iter().map(|bbox| cost(track, bbox)).collect())
            .collect()
    }

    /// A track with two near faces, or a face with two near tracks, may be given wrongly.
    fn mark_contests(&mut self, costs: &[Vec<f32>], faces: usize) {
        let near = |least: f32, cost: f32| cost.is_finite() && cost - least < CONTEST;
        let mut contested = vec![false; costs.len()];
        for (row, line) in costs.iter().enumerate() {
            let least = line.iter().copied().fold(f32::INFINITY, f32::min);
            contested[row] |= line.iter().filter(|c| near(least, **c)).count() > 1;
        }
        for face in 0..faces {
            let least = costs
                .iter()
                .map(|line| line[face])
                .fold(f32::INFINITY, f32::min);
            let claims: Vec<usize> = (0..costs.len())
                .filter(|row| near(least, costs[*row][face]))
                .collect();
            if claims.len() > 1 {
                claims.iter().for_each(|row| contested[*row] = true);
            }
        }
        for (track, contested) in self.tracks.iter_mut().zip(contested) {
            track.contested |= contested;
        }
    }
}
