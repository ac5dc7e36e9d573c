//! Ground truth of a folder of clips, and the scoring of alerts against it. Pure: no video, no network.
//! A pass is one person walking through once; an alert is right when the face it points at is the person it names.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// `groundtruth.json`: invented people, and who is where in which clip.
#[derive(Debug, Deserialize)]
pub struct Truth {
    /// Everybody.
    pub identities: Vec<Identity>,
    /// Clips by name.
    pub clips: BTreeMap<String, Clip>,
}

/// One rendered person.
#[derive(Clone, Debug, Deserialize)]
pub struct Identity {
    /// Short id, such as `s001`.
    pub id: String,
    /// Invented name.
    #[serde(default)]
    pub full_name: String,
    /// `M`, `F` or `X`.
    #[serde(default)]
    pub sex: String,
    /// `YYYY-MM-DD`.
    #[serde(default)]
    pub birth_date: String,
    /// ISO 3166-1 alpha-3.
    #[serde(default)]
    pub nationality: String,
    /// Invented specimen number.
    #[serde(default)]
    pub passport_number: String,
    /// Whether the clips are scored with this person on the list.
    #[serde(default)]
    pub watchlisted: bool,
    /// The portrait to enrol.
    pub portrait: Portrait,
}

/// A portrait's file.
#[derive(Clone, Debug, Deserialize)]
pub struct Portrait {
    /// Path within the folder.
    pub file: String,
}

/// One clip.
#[derive(Debug, Deserialize)]
pub struct Clip {
    /// Path within the folder.
    pub file: String,
    /// Frames a second.
    pub fps: f64,
    /// Frame width, pixels.
    pub width: f64,
    /// Frame height, pixels.
    pub height: f64,
    /// Number of frames.
    pub frames_total: u32,
    /// Passes.
    pub tracks: Vec<Track>,
    /// Faces by frame.
    #[serde(default)]
    pub frames: Vec<Frame>,
}

/// One pass.
#[derive(Clone, Debug, Deserialize)]
pub struct Track {
    /// Who.
    pub id: String,
    /// First frame with the person in view.
    pub first_frame: u32,
    /// Last frame with the person in view.
    pub last_frame: u32,
}

/// Faces of one frame.
#[derive(Debug, Deserialize)]
pub struct Frame {
    /// Frame number from 0.
    pub f: u32,
    /// Faces in it.
    pub faces: Vec<FaceTruth>,
}

/// One face.
#[derive(Debug, Deserialize)]
pub struct FaceTruth {
    /// Who.
    pub id: String,
    /// x, y, width, height in pixels.
    #[serde(rename = "box")]
    pub bbox: [f64; 4],
}

/// One alert as the centre recorded it.
#[derive(Clone, Debug)]
pub struct Raised {
    /// Who the alert names (`s001`).
    pub names: String,
    /// When the deciding frame was captured, in frames from the clip's start.
    pub frame: f64,
    /// x, y, width, height as shares of the frame; all zero when unknown.
    pub face_box: [f32; 4],
}

/// Score of one clip.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    /// People walking through.
    pub passes: usize,
    /// Of these, on the list.
    pub watchlisted_passes: usize,
    /// Alerts raised.
    pub alerts: usize,
    /// Alerts that name somebody else than the person in the picture.
    pub false_alerts: usize,
    /// Right alerts per watchlisted pass; 1.0 is the goal.
    pub alerts_per_watchlisted_pass: f64,
    /// Watchlisted passes without an alert.
    pub missed_passes: usize,
    /// Watchlisted passes with more than one alert.
    pub doubled_passes: usize,
}

/// Frames an alert may lie outside its pass: capture jitter of half a second.
const SLACK_S: f64 = 0.5;
/// How much nearer another face must be, in face widths plus shares of the slack, to make an alert false: capture
/// times are known to about a quarter of a second on a busy machine.
const AS_GOOD: f64 = 0.5;

impl Truth {
    /// Reads `groundtruth.json` of a folder.
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join("groundtruth.json");
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!(
                "cannot read {}: the folder needs groundtruth.json, portraits/ and clips/",
                path.display()
            )
        })?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not in the expected form", path.display()))
    }

    /// Whether this person is on the list.
    pub fn watchlisted(&self, id: &str) -> bool {
        self.identities.iter().any(|i| i.id == id && i.watchlisted)
    }

    /// Scores the alerts of one clip.
    pub fn score(&self, clip: &Clip, alerts: &[Raised]) -> Score {
        let wanted: Vec<&Track> = clip
            .tracks
            .iter()
            .filter(|t| self.watchlisted(&t.id))
            .collect();
        let mut hits = vec![0_usize; wanted.len()];
        let mut false_alerts = 0;
        for alert in alerts {
            let pass = wanted
                .iter()
                .position(|t| t.id == alert.names && clip.in_view(t, alert.frame));
            match pass {
                Some(i) if clip.points_at(alert) => hits[i] += 1,
                _ => false_alerts += 1,
            }
        }
        let right: usize = hits.iter().sum();
        Score {
            passes: clip.tracks.len(),
            watchlisted_passes: wanted.len(),
            alerts: alerts.len(),
            false_alerts,
            alerts_per_watchlisted_pass: if wanted.is_empty() {
                0.0
            } else {
                right as f64 / wanted.len() as f64
            },
            missed_passes: hits.iter().filter(|n| **n == 0).count(),
            doubled_passes: hits.iter().filter(|n| **n > 1).count(),
        }
    }
}

impl Clip {
    fn in_view(&self, track: &Track, frame: f64) -> bool {
        let slack = SLACK_S * self.fps;
        f64::from(track.first_frame) - slack <= frame
            && frame <= f64::from(track.last_frame) + slack
    }

    /// Whether the face the alert points at is the person it names. True when the place or the frames are unknown.
    /// People who cross pass the same pixels a few frames apart, so place and time are weighed together.
    fn points_at(&self, alert: &Raised) -> bool {
        let [x, y, w, h] = alert.face_box.map(f64::from);
        if w <= 0.0 || h <= 0.0 {
            return true;
        }
        let centre = ((x + w / 2.0) * self.width, (y + h / 2.0) * self.height);
        let slack = SLACK_S * self.fps;
        let (mut named, mut anybody) = (f64::INFINITY, f64::INFINITY);
        for frame in &self.frames {
            let late = (f64::from(frame.f) - alert.frame).abs() / slack;
            for face in frame.faces.iter().filter(|_| late <= 1.0) {
                let [x, y, w, h] = face.bbox;
                let away = (x + w / 2.0 - centre.0).hypot(y + h / 2.0 - centre.1) / w.max(1.0);
                anybody = anybody.min(away + late);
                if face.id == alert.names {
                    named = named.min(away + late);
                }
            }
        }
        anybody.is_infinite() || named <= anybody + AS_GOOD
    }
}

/// Percentile of sorted values by nearest rank; `None` for no values.
pub fn percentile(sorted: &[i64], share: f64) -> Option<i64> {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank.min(sorted.len()).checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth() -> Truth {
        serde_json::from_value(serde_json::json!({
            "identities": [
                {"id": "a", "watchlisted": true, "portrait": {"file": "a.jpg"}},
                {"id": "b", "watchlisted": true, "portrait": {"file": "b.jpg"}},
                {"id": "c", "portrait": {"file": "c.jpg"}}],
            "clips": {"x": {"file": "x.mp4", "fps": 10.0, "width": 100.0, "height": 100.0, "frames_total": 100,
                "tracks": [{"id": "a", "first_frame": 0, "last_frame": 40}, {"id": "b", "first_frame": 30, "last_frame": 80},
                           {"id": "c", "first_frame": 50, "last_frame": 90}],
                "frames": [{"f": 35, "faces": [{"id": "a", "box": [0.0, 0.0, 20.0, 20.0]}, {"id": "b", "box": [60.0, 60.0, 20.0, 20.0]}]},
                    {"f": 60, "faces": [{"id": "b", "box": [38.0, 38.0, 20.0, 20.0]}]},
                    {"f": 62, "faces": [{"id": "c", "box": [40.0, 40.0, 20.0, 20.0]}]}]}}
        })).unwrap()
    }

    fn raised(names: &str, frame: f64, face_box: [f32; 4]) -> Raised {
        Raised {
            names: names.into(),
            frame,
            face_box,
        }
    }

    fn check(alerts: &[Raised], right: f64, false_alerts: usize, missed: usize, doubled: usize) {
        let truth = truth();
        let score = truth.score(&truth.clips["x"], alerts);
        let got = (
            score.alerts_per_watchlisted_pass,
            score.false_alerts,
            score.missed_passes,
            score.doubled_passes,
        );
        assert_eq!(got, (right, false_alerts, missed, doubled), "{alerts:?}");
        assert_eq!((score.passes, score.watchlisted_passes), (3, 2));
    }

    #[test]
    fn alerts_are_scored_by_person_and_place() {
        let nowhere = [0.0; 4];
        check(&[], 0.0, 0, 2, 0);
        check(
            &[raised("a", 10.0, nowhere), raised("b", 40.0, nowhere)],
            1.0,
            0,
            0,
            0,
        );
        check(
            &[raised("a", 10.0, nowhere), raised("a", 20.0, nowhere)],
            1.0,
            0,
            1,
            1,
        );
        check(&[raised("a", 60.0, nowhere)], 0.0, 1, 2, 0);
        check(&[raised("c", 60.0, nowhere)], 0.0, 1, 2, 0);
        // Names a, but the face in that place is b's.
        check(&[raised("a", 35.0, [0.6, 0.6, 0.2, 0.2])], 0.0, 1, 2, 0);
        check(&[raised("a", 35.0, [0.0, 0.0, 0.2, 0.2])], 0.5, 0, 1, 0);
        // Where b stood two frames ago, c stands now: the alert on b is right, and one on a is not.
        check(&[raised("b", 60.0, [0.4, 0.4, 0.2, 0.2])], 0.5, 0, 1, 0);
        check(&[raised("a", 38.0, [0.6, 0.6, 0.2, 0.2])], 0.0, 1, 2, 0);
    }

    #[test]
    fn percentiles_by_nearest_rank() {
        let values: Vec<i64> = (1..=100).collect();
        assert_eq!(percentile(&values, 0.5), Some(50));
        assert_eq!(percentile(&values, 0.99), Some(99));
        assert_eq!(percentile(&[7], 0.99), Some(7));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
