//! One usable view of a face: a small patch of the frame for people to look at, and how good it is.
//! It lives in memory only, and its pixels are wiped when it is dropped.

use tapal_domain::{screening::NotSearched, time::UtcMs, wire::ShotQuality};
use tapal_vision::{
    Analyser, Crop, Face, Frame, Picture, Quality, Rejection, encode_jpeg, geometry, portrait,
};

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
    view: View,
}

/// A face with the part of the picture around it, in RGB: enough to measure, to align and to show it.
#[derive(Debug)]
pub struct View {
    patch: Frame,
    /// In the patch's pixels.
    face: Face,
    inside: f32,
}

impl View {
    /// Cuts a face out of a picture. `points` and `size`: the recogniser's crop. `None` when it lies outside.
    pub fn cut(picture: &Picture, face: &Face, points: &[[f32; 2]; 5], size: u32) -> Option<Self> {
        let [left, right, ..] = face.landmarks;
        let (x, y) = ((left[0] + right[0]) / 2.0, (left[1] + right[1]) / 2.0);
        let eyes = face.eye_distance();
        let shown = [
            x - VIEW[0] * eyes,
            y - VIEW[2] * eyes,
            x + VIEW[1] * eyes,
            y + VIEW[3] * eyes,
        ];
        let read = [
            geometry::reach(face, points, size)?,
            geometry::reach(face, &geometry::ARCFACE_112, 112)?,
        ];
        let bound = |value: f32, most: u32| {
            if value.is_finite() {
                value.clamp(0.0, most as f32) as u32
            } else {
                0
            }
        };
        let least = |i: usize| read.iter().fold(shown[i], |a, r| a.min(r[i])).floor() - 1.0;
        let most = |i: usize| read.iter().fold(shown[i], |a, r| a.max(r[i])).ceil() + 2.0;
        let (width, height) = (picture.width(), picture.height());
        let (x0, y0) = (bound(least(0), width), bound(least(1), height));
        let patch = picture.patch([x0, y0, bound(most(2), width), bound(most(3), height)])?;
        let mut moved = *face;
        moved.bbox[0] -= x0 as f32;
        moved.bbox[1] -= y0 as f32;
        moved.landmarks = face.landmarks.map(|[x, y]| [x - x0 as f32, y - y0 as f32]);
        Some(View {
            patch,
            face: moved,
            inside: face.share_inside(width, height),
        })
    }

    /// How good it is.
    pub fn quality(&self) -> Quality {
        Quality::in_patch(&self.patch, &self.face, self.inside)
    }

    /// The recogniser's crop.
    pub fn align(&self, analyser: &Analyser) -> Crop {
        analyser.align(&self.patch, &self.face)
    }
}

impl Shot {
    /// A view that was found good enough.
    pub fn new(view: View, quality: Quality, at: UtcMs) -> Self {
        Shot { at, quality, view }
    }

    /// The recogniser's crop.
    pub fn align(&self, analyser: &Analyser) -> Crop {
        self.view.align(analyser)
    }

    /// The 480 x 600 portrait as a JPEG.
    pub fn portrait(&self) -> Vec<u8> {
        encode_jpeg(&portrait(&self.view.patch, &self.view.face), JPEG_QUALITY)
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

#[cfg(test)]
mod tests {
    use super::*;
    use tapal_vision::geometry::{ARCFACE_112, align};

    /// A coloured pattern, and a face of `side` pixels with its corner at `x`, `y`, a little tilted.
    fn pictured(x: f32, y: f32, side: f32) -> (Picture, Face) {
        let mut frame = Frame::filled(320, 240, [0; 3]);
        for (i, pixel) in frame.rgb.chunks_exact_mut(3).enumerate() {
            let (column, row) = (i as u32 % 320, i as u32 / 320);
            pixel.copy_from_slice(&[(column % 200) as u8, (row % 220) as u8, 128]);
        }
        let place = |[u, v]: [f32; 2]| [x + (u + 0.1 * v) / 112.0 * side, y + v / 112.0 * side];
        let face = Face {
            bbox: [x, y, side, side],
            landmarks: ARCFACE_112.map(place),
            score: 0.9,
        };
        (Picture::of(&frame), face)
    }

    /// The patch must give the very crop that the whole picture gives, also where the picture ends.
    fn check(x: f32, y: f32, side: f32) {
        let (picture, face) = pictured(x, y, side);
        let whole = picture.patch([0, 0, 320, 240]).unwrap();
        let view = View::cut(&picture, &face, &ARCFACE_112, 112).unwrap();
        let (want, got) = (
            align(&whole, &face, &ARCFACE_112, 112),
            align(&view.patch, &view.face, &ARCFACE_112, 112),
        );
        let most = want
            .rgb
            .iter()
            .zip(&got.rgb)
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        assert!(most <= Some(2), "{x}, {y}, {side}: {most:?}");
        let inside = face.share_inside(320, 240);
        assert!((view.quality().inside - inside).abs() < 1e-6);
    }

    #[test]
    fn a_view_shows_the_recogniser_what_the_whole_picture_shows() {
        check(120.0, 80.0, 60.0);
        check(121.3, 81.7, 33.0);
        check(-10.0, 100.0, 60.0);
        check(290.0, 200.0, 60.0);
        check(100.0, -20.0, 130.0);
    }

    #[test]
    fn a_face_outside_or_without_area_gives_no_view() {
        let (picture, face) = pictured(2_000.0, 80.0, 60.0);
        assert!(View::cut(&picture, &face, &ARCFACE_112, 112).is_none());
        let broken = Face {
            landmarks: [[f32::NAN; 2]; 5],
            ..face
        };
        assert!(View::cut(&picture, &broken, &ARCFACE_112, 112).is_none());
        let point = Face {
            landmarks: [[50.0; 2]; 5],
            ..face
        };
        assert!(View::cut(&picture, &point, &ARCFACE_112, 112).is_none());
    }
}
