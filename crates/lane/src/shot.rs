//! One usable view of a face: a small patch of the frame for people to look at, and how good it is.
//! It lives in memory only, and its pixels are wiped when it is dropped.

use tapal_domain::{screening::NotSearched, time::UtcMs, wire::ShotQuality};
use tapal_vision::{Face, Frame, Quality, Rejection, encode_jpeg, portrait};

/// What a portrait shows, in eye distances from the middle of the eyes: left, right, up, down. The portrait is
/// 480 x 600 with the eyes 120 apart at (180, 250) and (300, 250); a little more allows for a tilted head.
const VIEW: [f32; 4] = [2.4, 2.4, 2.5, 3.3];
/// JPEG quality of a portrait.
const JPEG_QUALITY: u8 = 85;

/// One view.
#[derive(Debug)]
pub struct Shot {
    /// When the frame was captured.
    pub at: UtcMs,
    /// How good it is.
    pub quality: Quality,
    patch: Frame,
    face: Face,
}

impl Shot {
    /// Cuts a view out of a frame. `None` when the face lies outside it.
    pub fn cut(frame: &Frame, face: &Face, quality: Quality, at: UtcMs) -> Option<Self> {
        let [left, right, ..] = face.landmarks;
        let middle = [(left[0] + right[0]) / 2.0, (left[1] + right[1]) / 2.0];
        let eyes = face.eye_distance();
        let bound = |value: f32, most: u32| {
            if value.is_finite() {
                value.clamp(0.0, most as f32) as u32
            } else {
                0
            }
        };
        let (x0, x1) = (
            bound(middle[0] - VIEW[0] * eyes, frame.width),
            bound(middle[0] + VIEW[1] * eyes, frame.width),
        );
        let (y0, y1) = (
            bound(middle[1] - VIEW[2] * eyes, frame.height),
            bound(middle[1] + VIEW[3] * eyes, frame.height),
        );
        if x1 <= x0 || y1 <= y0 {
            return None;
        }
        let mut rgb = Vec::with_capacity((x1 - x0) as usize * (y1 - y0) as usize * 3);
        for y in y0..y1 {
            let line = (y * frame.width) as usize * 3;
            rgb.extend_from_slice(
                frame
                    .rgb
                    .get(line + x0 as usize * 3..line + x1 as usize * 3)?,
            );
        }
        let mut moved = *face;
        let shift = [x0 as f32, y0 as f32];
        moved.bbox = [
            face.bbox[0] - shift[0],
            face.bbox[1] - shift[1],
            face.bbox[2],
            face.bbox[3],
        ];
        moved.landmarks = face.landmarks.map(|[x, y]| [x - shift[0], y - shift[1]]);
        Some(Shot {
            at,
            quality,
            patch: Frame::new(x1 - x0, y1 - y0, rgb)?,
            face: moved,
        })
    }

    /// The 480 x 600 portrait as a JPEG.
    pub fn portrait(&self) -> Vec<u8> {
        encode_jpeg(&portrait(&self.patch, &self.face), JPEG_QUALITY)
    }

    /// What officers see of its quality.
    pub fn measures(&self) -> ShotQuality {
        let q = &self.quality;
        ShotQuality {
            eye_distance_px: q.eye_distance_px,
            sharpness: q.sharpness,
            exposure: q.exposure,
            yaw_deg: q.yaw_deg,
            pitch_deg: q.pitch_deg,
            overall: q.overall,
        }
    }
}

/// The word officers read for a rejection.
pub fn reason(rejection: Rejection) -> NotSearched {
    match rejection {
        Rejection::TooSmall => NotSearched::TooSmall,
        Rejection::TooDark => NotSearched::TooDark,
        Rejection::TooBright => NotSearched::TooBright,
        Rejection::Blurred => NotSearched::Blurred,
        Rejection::SideOn => NotSearched::SideOn,
        Rejection::TooSteep => NotSearched::TooSteep,
        Rejection::Occluded => NotSearched::Occluded,
        Rejection::LowConfidence => NotSearched::LowConfidence,
        Rejection::CutOff => NotSearched::CutOff,
    }
}
