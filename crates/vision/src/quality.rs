//! How usable a face is, measured from pixels and five landmarks, and the reason when it is not.
//! It measures and names a reason; whether a person is searched is the caller's decision.

use serde::{Deserialize, Serialize};

use crate::frame::{Face, Frame};
use crate::geometry::{align, arcface_points, luma};

/// Side of the aligned crop on which everything is measured.
const SIDE: usize = 112;

/// Why a face was not searched. `Side-on` is yaw, `too steep` is pitch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// Too few pixels between the eyes.
    TooSmall,
    /// Underexposed.
    TooDark,
    /// Overexposed.
    TooBright,
    /// Out of focus or moving.
    Blurred,
    /// Turned to the side.
    SideOn,
    /// Looking up or down.
    TooSteep,
    /// Part of the face seems covered.
    Occluded,
    /// The detector is unsure that this is a face.
    LowConfidence,
    /// The face leaves the picture.
    CutOff,
}

/// What was measured of one face.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Pixels between the eyes in the frame.
    pub eye_distance_px: f32,
    /// Fine detail against contrast; about 0.05 out of focus, 0.3 and more sharp.
    pub sharpness: f32,
    /// Mean brightness of the face, 0 to 1.
    pub exposure: f32,
    /// Standard deviation of its brightness, 0 to 1.
    pub contrast: f32,
    /// Turned to the side, degrees; positive looks to image right.
    pub yaw_deg: f32,
    /// Positive looks up, degrees.
    pub pitch_deg: f32,
    /// Tilted in the picture, degrees; positive is clockwise.
    pub roll_deg: f32,
    /// Cue that eyes or mouth are covered, 0 to 1.
    pub occlusion: f32,
    /// Share of the face's box inside the frame, 0 to 1.
    pub inside: f32,
    /// The detector's score, 0 to 1.
    pub detector_score: f32,
    /// One number to rank shots of one person by, 0 to 1.
    pub overall: f32,
}

/// From where on a face is not searched or enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QualityLimits {
    /// Least pixels between the eyes.
    pub eye_distance_px: f32,
    /// Least sharpness.
    pub sharpness: f32,
    /// Least mean brightness.
    pub darkest: f32,
    /// Greatest mean brightness.
    pub brightest: f32,
    /// Least contrast.
    pub contrast: f32,
    /// Greatest turn to either side, degrees.
    pub yaw_deg: f32,
    /// Greatest nod up or down, degrees.
    pub pitch_deg: f32,
    /// Greatest occlusion cue.
    pub occlusion: f32,
    /// Least share of the box inside the frame.
    pub inside: f32,
    /// Least detector score.
    pub detector_score: f32,
}

impl Default for QualityLimits {
    /// For cameras: refuses what a recogniser makes little of.
    fn default() -> Self {
        QualityLimits {
            eye_distance_px: 20.0,
            sharpness: 0.02,
            darkest: 0.10,
            brightest: 0.92,
            contrast: 0.04,
            yaw_deg: 45.0,
            pitch_deg: 25.0,
            occlusion: 0.9,
            inside: 0.9,
            detector_score: 0.65,
        }
    }
}

impl QualityLimits {
    /// For photographs a person will be recognised by: frontal, sharp, well lit.
    pub fn enrolment() -> Self {
        QualityLimits {
            eye_distance_px: 40.0,
            sharpness: 0.04,
            darkest: 0.18,
            brightest: 0.88,
            contrast: 0.06,
            yaw_deg: 25.0,
            // Pitch from five points is a cue: it strays by 8 degrees on frontal portraits, up to 25.
            pitch_deg: 35.0,
            occlusion: 0.8,
            inside: 0.97,
            detector_score: 0.75,
        }
    }
}

impl Quality {
    /// Measures one face of a frame.
    pub fn measure(frame: &Frame, face: &Face) -> Quality {
        Self::in_patch(frame, face, face.share_inside(frame.width, frame.height))
    }

    /// Measures a face in a patch cut out around it; `inside`: the share of its box that lies in the whole picture.
    pub fn in_patch(frame: &Frame, face: &Face, inside: f32) -> Quality {
        let crop = align(frame, face, &arcface_points(SIDE as u32), SIDE as u32);
        let grey = crop
            .rgb
            .chunks_exact(3)
            .map(|p| luma(f32::from(p[0]), f32::from(p[1]), f32::from(p[2])) / 255.0)
            .collect::<Vec<_>>();
        let (exposure, contrast) = brightness(&grey);
        let (yaw_deg, pitch_deg, roll_deg) = pose(&face.landmarks);
        let mut quality = Quality {
            eye_distance_px: face.eye_distance(),
            sharpness: sharpness(&grey),
            exposure,
            contrast,
            yaw_deg,
            pitch_deg,
            roll_deg,
            occlusion: occlusion(&crop.rgb),
            inside,
            detector_score: face.score,
            overall: 0.0,
        };
        quality.overall = quality.rank();
        quality
    }

    /// `Ok` when the face may be searched, else the first reason, most telling first.
    pub fn verdict(&self, limits: &QualityLimits) -> Result<(), Rejection> {
        // Written so that a measure that is not a number fails its check.
        let checks = [
            (
                self.detector_score >= limits.detector_score,
                Rejection::LowConfidence,
            ),
            (self.inside >= limits.inside, Rejection::CutOff),
            (
                self.eye_distance_px >= limits.eye_distance_px,
                Rejection::TooSmall,
            ),
            (self.yaw_deg.abs() <= limits.yaw_deg, Rejection::SideOn),
            (
                self.pitch_deg.abs() <= limits.pitch_deg,
                Rejection::TooSteep,
            ),
            (self.exposure >= limits.darkest, Rejection::TooDark),
            (self.exposure <= limits.brightest, Rejection::TooBright),
            (self.contrast >= limits.contrast, Rejection::Blurred),
            (self.sharpness >= limits.sharpness, Rejection::Blurred),
            (self.occlusion <= limits.occlusion, Rejection::Occluded),
        ];
        match checks.iter().find(|(passed, _)| !passed) {
            Some((_, reason)) => Err(*reason),
            None => Ok(()),
        }
    }

    /// Product of how close each measure is to "as good as it gets".
    fn rank(&self) -> f32 {
        let upto = |value: f32, full: f32| (value / full).clamp(0.0, 1.0);
        let turned = 1.0 - upto(self.yaw_deg.abs(), 70.0).powi(2);
        let nodded = 1.0 - upto(self.pitch_deg.abs(), 60.0).powi(2);
        let light = 1.0 - upto((self.exposure - 0.5).abs(), 0.5).powi(3);
        let size = upto(self.eye_distance_px, 60.0).powf(0.7);
        let sharp = upto(self.sharpness, 0.25).powf(0.5);
        let rank = size * sharp * turned * nodded * light * upto(self.contrast, 0.1);
        let rank = rank * self.detector_score * self.inside.powi(2) * (1.0 - 0.5 * self.occlusion);
        if rank.is_finite() {
            rank.clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

/// Mean and standard deviation over the inner face (brows to chin).
fn brightness(grey: &[f32]) -> (f32, f32) {
    let inner = region(grey, 24..88, 32..104);
    let mean = inner.iter().sum::<f32>() / inner.len() as f32;
    let variance = inner.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / inner.len() as f32;
    (mean, variance.sqrt())
}

fn region(grey: &[f32], columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> Vec<f32> {
    rows.flat_map(|y| &grey[y * SIDE + columns.start..y * SIDE + columns.end])
        .copied()
        .collect()
}

/// Root mean square of the Laplacian over the inner face, against its contrast. On the aligned crop, so
/// that it says how much detail the recogniser gets, whatever the size in the frame.
fn sharpness(grey: &[f32]) -> f32 {
    let (mut sum, mut count) = (0.0f32, 0.0f32);
    for y in 28..104 {
        for x in 20..92 {
            let at = y * SIDE + x;
            let laplacian =
                4.0 * grey[at] - grey[at - 1] - grey[at + 1] - grey[at - SIDE] - grey[at + SIDE];
            sum += laplacian * laplacian;
            count += 1.0;
        }
    }
    let (_, contrast) = brightness(grey);
    (sum / count).sqrt() / contrast.max(0.02)
}

/// How far the nose stands out, in eye distances: fitted on 200 rendered heads of known pose.
const NOSE_DEPTH: f32 = 0.47;
/// Where a level nose lies between eyes (0) and mouth (1), fitted likewise.
const LEVEL_NOSE: f32 = 0.56;
/// Faces differ in length more than nods show, so this is the best linear guess and reads low for strong nods.
const DEGREES_A_SHARE: f32 = 150.0;

/// Yaw, pitch and roll from where the nose lies between eyes and mouth.
fn pose(points: &[[f32; 2]; 5]) -> (f32, f32, f32) {
    let [left, right, nose, mouth_left, mouth_right] = *points;
    let middle = |a: [f32; 2], b: [f32; 2]| [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
    let (eyes, mouth) = (middle(left, right), middle(mouth_left, mouth_right));
    let roll = (right[1] - left[1]).atan2(right[0] - left[0]);
    let (sin, cos) = roll.sin_cos();
    let upright = |p: [f32; 2]| {
        let (x, y) = (p[0] - eyes[0], p[1] - eyes[1]);
        [x * cos + y * sin, y * cos - x * sin]
    };
    let (nose, mouth) = (upright(nose), upright(mouth));
    let width = (right[0] - left[0]).hypot(right[1] - left[1]).max(1e-3);
    let height = mouth[1].max(1e-3);
    let across = (nose[0] - mouth[0] * 0.5) / width;
    let down = nose[1] / height;
    let yaw = (across / NOSE_DEPTH).atan().to_degrees();
    let pitch = ((LEVEL_NOSE - down) * DEGREES_A_SHARE).clamp(-90.0, 90.0);
    (yaw, pitch, roll.to_degrees())
}

/// Whether mouth or eyes look unlike the rest of the face: a cue, not a proof. A mask changes the colour
/// below the nose; dark glasses make the eyes far darker than the cheeks. Beards, shadows and make-up stay
/// below the usual limit; a skin-coloured covering is missed.
fn occlusion(rgb: &[u8]) -> f32 {
    let cheeks = [patch(rgb, 24..36, 64..76), patch(rgb, 76..88, 64..76)];
    let cheek = blend(&cheeks);
    let mouth = blend(&[patch(rgb, 38..74, 86..90), patch(rgb, 34..78, 96..106)]);
    let eyes = blend(&[patch(rgb, 30..46, 48..57), patch(rgb, 66..82, 48..57)]);
    let colour = |c: [f32; 3]| {
        let light = luma(c[0], c[1], c[2]);
        // Opponent colours against brightness, so that shade alone does not count.
        [
            (c[0] - light) / (light + 20.0),
            (c[2] - light) / (light + 20.0),
        ]
    };
    let (a, b) = (colour(cheek), colour(mouth));
    let covered_mouth = ((a[0] - b[0]).hypot(a[1] - b[1]) - MOUTH.0) / (MOUTH.1 - MOUTH.0);
    let light = |c: [f32; 3]| luma(c[0], c[1], c[2]);
    let dark = light(eyes) / light(cheek).max(1.0);
    let covered_eyes = (EYES.0 - dark) / (EYES.0 - EYES.1);
    let brightest_cheek = cheeks.iter().map(|c| light(*c)).fold(1.0, f32::max);
    // In deep shade the ratio says nothing.
    let covered_eyes = if brightest_cheek < 40.0 {
        0.0
    } else {
        covered_eyes
    };
    covered_mouth.max(covered_eyes).clamp(0.0, 1.0)
}

/// Colour distance of mouth and cheek at which the cue begins, and at which it is sure.
const MOUTH: (f32, f32) = (0.15, 0.33);
/// Brightness of eyes against cheeks at which the cue begins, and at which it is sure.
const EYES: (f32, f32) = (0.4, 0.15);

/// Mean colour of a part of the aligned crop.
fn patch(rgb: &[u8], columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> [f32; 3] {
    let count = (columns.len() * rows.len()) as f32;
    let mut sum = [0.0f32; 3];
    for y in rows {
        let line = &rgb[(y * SIDE + columns.start) * 3..(y * SIDE + columns.end) * 3];
        for pixel in line.chunks_exact(3) {
            sum.iter_mut()
                .zip(pixel)
                .for_each(|(s, v)| *s += f32::from(*v));
        }
    }
    sum.map(|s| s / count)
}

fn blend(parts: &[[f32; 3]]) -> [f32; 3] {
    std::array::from_fn(|c| parts.iter().map(|p| p[c]).sum::<f32>() / parts.len() as f32)
}

impl From<Rejection> for tapal_domain::screening::NotSearched {
    fn from(reason: Rejection) -> Self {
        match reason {
            Rejection::TooSmall => Self::TooSmall,
            Rejection::TooDark => Self::TooDark,
            Rejection::TooBright => Self::TooBright,
            Rejection::Blurred => Self::Blurred,
            Rejection::SideOn => Self::SideOn,
            Rejection::TooSteep => Self::TooSteep,
            Rejection::Occluded => Self::Occluded,
            Rejection::LowConfidence => Self::LowConfidence,
            Rejection::CutOff => Self::CutOff,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::ARCFACE_112;

    fn good() -> Quality {
        Quality {
            eye_distance_px: 60.0,
            sharpness: 0.4,
            exposure: 0.5,
            contrast: 0.15,
            yaw_deg: 0.0,
            pitch_deg: 0.0,
            roll_deg: 0.0,
            occlusion: 0.0,
            inside: 1.0,
            detector_score: 0.93,
            overall: 0.8,
        }
    }

    #[test]
    fn every_reason_has_its_measure() {
        let check = |change: &dyn Fn(&mut Quality), want: Result<(), Rejection>| {
            let mut quality = good();
            change(&mut quality);
            assert_eq!(
                quality.verdict(&QualityLimits::default()),
                want,
                "{quality:?}"
            );
        };
        check(&|_| (), Ok(()));
        check(&|q| q.eye_distance_px = 12.0, Err(Rejection::TooSmall));
        check(&|q| q.exposure = 0.03, Err(Rejection::TooDark));
        check(&|q| q.exposure = 0.97, Err(Rejection::TooBright));
        check(&|q| q.sharpness = 0.01, Err(Rejection::Blurred));
        check(&|q| q.contrast = 0.01, Err(Rejection::Blurred));
        check(&|q| q.yaw_deg = -60.0, Err(Rejection::SideOn));
        check(&|q| q.pitch_deg = 40.0, Err(Rejection::TooSteep));
        check(&|q| q.occlusion = 1.0, Err(Rejection::Occluded));
        check(&|q| q.detector_score = 0.4, Err(Rejection::LowConfidence));
        check(&|q| q.inside = 0.5, Err(Rejection::CutOff));
        check(&|q| q.sharpness = f32::NAN, Err(Rejection::Blurred));
    }

    #[test]
    fn enrolment_is_stricter_than_a_camera() {
        let (camera, desk) = (QualityLimits::default(), QualityLimits::enrolment());
        assert!(desk.eye_distance_px > camera.eye_distance_px && desk.sharpness > camera.sharpness);
        assert!(desk.darkest > camera.darkest && desk.brightest < camera.brightest);
        assert!(desk.contrast > camera.contrast && desk.occlusion < camera.occlusion);
        // Not pitch: a person can look at a portrait's pitch, the five points stray too far to refuse by.
        assert!(desk.yaw_deg < camera.yaw_deg);
        assert!(desk.inside > camera.inside && desk.detector_score > camera.detector_score);
    }

    /// A drawn face whose landmarks are already the aligned ones, `shade` from 0 to 1.
    fn drawn(shade: f32, blur: usize) -> Frame {
        let mut frame = Frame::filled(112, 112, [0; 3]);
        for y in 0..112usize {
            for x in 0..112usize {
                let stripes = (0..=blur).map(|d| ((x + d) / 3 + y / 3) % 2).sum::<usize>();
                let detail = stripes as f32 / (blur + 1) as f32;
                let v = (255.0 * shade * (0.7 + 0.3 * detail)).min(255.0);
                frame.rgb[(y * 112 + x) * 3..][..3].copy_from_slice(&[v as u8; 3]);
            }
        }
        frame
    }

    fn face() -> Face {
        Face {
            bbox: [0.0, 0.0, 112.0, 112.0],
            landmarks: ARCFACE_112,
            score: 0.9,
        }
    }

    #[test]
    fn light_and_detail_are_measured() {
        let (day, night) = (
            Quality::measure(&drawn(0.8, 0), &face()),
            Quality::measure(&drawn(0.05, 0), &face()),
        );
        assert!(
            day.exposure > 0.5 && night.exposure < 0.06,
            "{day:?} {night:?}"
        );
        assert_eq!(
            night.verdict(&QualityLimits::default()),
            Err(Rejection::TooDark)
        );
        let soft = Quality::measure(&drawn(0.8, 5), &face());
        assert!(day.sharpness > 2.0 * soft.sharpness, "{day:?} {soft:?}");
        assert!(day.overall >= soft.overall);
    }

    #[test]
    fn pose_follows_the_nose() {
        let check = |nose: [f32; 2], yaw: std::ops::Range<f32>, pitch: std::ops::Range<f32>| {
            let mut points = ARCFACE_112;
            points[2] = nose;
            let (y, p, roll) = pose(&points);
            assert!(
                yaw.contains(&y) && pitch.contains(&p) && roll.abs() < 1.0,
                "{nose:?}: {y} {p} {roll}"
            );
        };
        check([56.1, 74.4], -3.0..3.0, -3.0..3.0);
        check([72.0, 74.4], 30.0..60.0, -3.0..3.0);
        check([40.0, 74.4], -60.0..-30.0, -3.0..3.0);
        check([56.1, 62.0], -3.0..3.0, 25.0..60.0);
        check([56.1, 86.0], -3.0..3.0, -60.0..-25.0);
    }

    #[test]
    fn a_blue_mask_and_dark_glasses_are_noticed() {
        let mut skin = Frame::filled(112, 112, [200, 150, 120]);
        assert_eq!(occlusion(&skin.rgb), 0.0);
        let mut paint = |rows: std::ops::Range<usize>, colour: [u8; 3]| {
            for at in rows.start * 112..rows.end * 112 {
                skin.rgb[at * 3..at * 3 + 3].copy_from_slice(&colour);
            }
            occlusion(&skin.rgb)
        };
        assert!(paint(82..112, [110, 150, 200]) > 0.9);
        assert_eq!(paint(82..112, [200, 150, 120]), 0.0);
        assert!(paint(44..60, [15, 15, 15]) > 0.9);
    }

    #[test]
    fn a_face_without_area_is_refused_not_a_crash() {
        let frame = drawn(0.5, 0);
        let nothing = Face {
            bbox: [0.0; 4],
            landmarks: [[3.0, 3.0]; 5],
            score: 0.9,
        };
        assert!(
            Quality::measure(&frame, &nothing)
                .verdict(&QualityLimits::default())
                .is_err()
        );
        let broken = Face {
            bbox: [f32::NAN; 4],
            landmarks: [[f32::NAN; 2]; 5],
            score: f32::NAN,
        };
        assert!(
            Quality::measure(&frame, &broken)
                .verdict(&QualityLimits::default())
                .is_err()
        );
    }
}
