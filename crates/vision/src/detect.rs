//! Finding faces: the trait every detector fulfils, and what they share (scaling, overlap removal).
//! A detector says where faces are; whether one is good enough is `quality`'s question.

pub(crate) mod blobs;
pub(crate) mod yunet;

use std::sync::Arc;

use fast_image_resize as fir;
use serde::{Deserialize, Serialize};

use crate::engine::{Engine, EngineError};
use crate::frame::{Face, Frame};
use crate::pack::PackError;

/// How large the detector sees a picture. Smaller pictures are never enlarged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DetectSize {
    /// Scale the longer side down to this many pixels.
    Longest(u32),
    /// Every pixel.
    Full,
}

impl Default for DetectSize {
    /// 640: a 1280 x 720 or 1920 x 1080 camera at a lane, faces within a few metres.
    fn default() -> Self {
        DetectSize::Longest(640)
    }
}

impl DetectSize {
    /// The size at which a picture of `width` x `height` is searched.
    pub fn of(self, width: u32, height: u32) -> (u32, u32) {
        let longest = width.max(height);
        match self {
            DetectSize::Longest(limit) if longest > limit => {
                let scale = f64::from(limit.max(32)) / f64::from(longest);
                let side = |s: u32| ((f64::from(s) * scale).round() as u32).max(1);
                (side(width), side(height))
            }
            _ => (width, height),
        }
    }
}

/// Something that finds faces with one or more networks.
pub trait Detector: Send {
    /// Every face, in the frame's own pixels, best score first.
    fn detect(&mut self, frame: &Frame, size: DetectSize) -> Result<Vec<Face>, EngineError>;

    /// How many times finer than the detection size its later stages look, at most.
    fn detail(&self) -> u32 {
        1
    }
}

/// Which detector a pack's files belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DetectorKind {
    /// One network, strides 8/16/32.
    Yunet,
    /// Three networks: proposal, refinement, output, in the card's order.
    Mtcnn,
    /// The test stub: coloured squares.
    Blobs,
}

/// The detector's part of a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorCard {
    /// Which decoding.
    pub kind: DetectorKind,
    /// Lowest score reported, 0 to 1.
    pub score: f32,
    /// Overlap (intersection over union) above which the weaker box is dropped.
    pub overlap: f32,
    /// Smallest face looked for, in pixels at detection size; only pyramids use it.
    #[serde(default)]
    pub smallest_px: Option<f32>,
}

/// Loads a detector from its card and files.
pub(crate) fn load(
    card: &DetectorCard,
    files: &[Arc<[u8]>],
    engine: &Arc<dyn Engine>,
) -> Result<Box<dyn Detector>, PackError> {
    let one = || {
        files
            .first()
            .ok_or_else(|| PackError::Card("it has no file with role `detector`".into()))
    };
    Ok(match card.kind {
        DetectorKind::Yunet => Box::new(yunet::YuNet::load(card, one()?, engine)?),
        DetectorKind::Blobs => Box::new(blobs::Blobs::load(card, one()?, engine)?),
        DetectorKind::Mtcnn => Box::new(crate::starter::mtcnn::Mtcnn::load(card, files, engine)?),
    })
}

/// Shrinks a frame to `width` x `height` (antialiased); `None` when it already has that size.
pub fn shrink(frame: &Frame, width: u32, height: u32) -> Option<Vec<u8>> {
    if (frame.width, frame.height) == (width, height) {
        return None;
    }
    let source =
        fir::images::ImageRef::new(frame.width, frame.height, &frame.rgb, fir::PixelType::U8x3)
            .ok()?;
    let mut out = fir::images::Image::new(width, height, fir::PixelType::U8x3);
    let options = fir::ResizeOptions::new()
        .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
    fir::Resizer::new()
        .resize(&source, &mut out, &options)
        .ok()?;
    Some(out.into_vec())
}

/// Takes faces from one picture size to another.
pub(crate) fn enlarge(faces: &mut [Face], [sx, sy]: [f32; 2]) {
    for face in faces {
        let [x, y, w, h] = face.bbox;
        face.bbox = [x * sx, y * sy, w * sx, h * sy];
        face.landmarks = face.landmarks.map(|[x, y]| [x * sx, y * sy]);
    }
}

/// Keeps the best of overlapping faces (greedy, by score).
pub fn keep_best(mut faces: Vec<Face>, overlap: f32) -> Vec<Face> {
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Face> = Vec::with_capacity(faces.len());
    for face in faces {
        if kept
            .iter()
            .all(|k| intersection_over_union(&k.bbox, &face.bbox) <= overlap)
        {
            kept.push(face);
        }
    }
    kept
}

/// Shared area over joint area of two boxes (left, top, width, height).
pub fn intersection_over_union(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let across = (a[0] + a[2]).min(b[0] + b[2]) - a[0].max(b[0]);
    let down = (a[1] + a[3]).min(b[1] + b[3]) - a[1].max(b[1]);
    let shared = across.max(0.0) * down.max(0.0);
    let joint = a[2] * a[3] + b[2] * b[3] - shared;
    if joint > 0.0 { shared / joint } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detection_size_only_shrinks() {
        let check = |size: DetectSize, given: (u32, u32), want: (u32, u32)| {
            assert_eq!(size.of(given.0, given.1), want, "{size:?} of {given:?}");
        };
        check(DetectSize::Longest(640), (1280, 720), (640, 360));
        check(DetectSize::Longest(640), (1920, 1080), (640, 360));
        check(DetectSize::Longest(640), (250, 250), (250, 250));
        check(DetectSize::Longest(640), (486, 972), (320, 640));
        check(DetectSize::Longest(640), (100_000, 10), (640, 1));
        check(DetectSize::Full, (1920, 1080), (1920, 1080));
    }

    #[test]
    fn overlapping_faces_become_one() {
        let face = |x: f32, score: f32| Face {
            bbox: [x, 0.0, 10.0, 10.0],
            landmarks: [[0.0; 2]; 5],
            score,
        };
        let kept = keep_best(vec![face(0.0, 0.6), face(1.0, 0.9), face(30.0, 0.7)], 0.3);
        assert_eq!(kept.iter().map(|f| f.score).collect::<Vec<_>>(), [0.9, 0.7]);
    }
}
