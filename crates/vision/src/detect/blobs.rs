//! The stub's detector: a network marks strongly coloured pixels, and each connected patch is a "face".
//! It exists so that tests run without a model; it finds no real faces.

use std::sync::Arc;

use super::{DetectSize, Detector, DetectorCard, keep_best, shrink};
use crate::engine::{Engine, EngineError, Network, Tensor, output};
use crate::frame::{Face, Frame};
use crate::pack::PackError;

/// Smallest patch side that counts, in pixels at detection size.
const SMALLEST: usize = 8;
/// Where the five landmarks lie in a patch, as shares of its sides: the ArcFace places in the whole crop.
pub(crate) const PLACES: [[f32; 2]; 5] = [
    [0.34192, 0.46157],
    [0.65653, 0.45983],
    [0.50022, 0.64051],
    [0.37098, 0.82469],
    [0.63152, 0.82325],
];

pub(crate) struct Blobs {
    network: Box<dyn Network>,
    score: f32,
    overlap: f32,
}

impl Blobs {
    pub(crate) fn load(
        card: &DetectorCard,
        file: &[u8],
        engine: &Arc<dyn Engine>,
    ) -> Result<Self, PackError> {
        let network = engine.load(file, 1)?;
        let mut loaded = Blobs {
            network,
            score: card.score,
            overlap: card.overlap,
        };
        loaded.detect(&Frame::filled(32, 32, [0; 3]), DetectSize::Full)?;
        Ok(loaded)
    }
}

impl Detector for Blobs {
    fn detect(&mut self, frame: &Frame, size: DetectSize) -> Result<Vec<Face>, EngineError> {
        let (width, height) = size.of(frame.width, frame.height);
        let small = shrink(frame, width, height);
        let rgb = small.as_deref().unwrap_or(&frame.rgb);
        let (columns, rows) = (width as usize, height as usize);
        let mut input = Tensor::zeros(&[1, 3, rows, columns]);
        let plane = rows * columns;
        for (i, pixel) in rgb.chunks_exact(3).enumerate() {
            for (c, v) in pixel.iter().enumerate() {
                input.values[c * plane + i] = f32::from(*v);
            }
        }
        let outputs = self.network.run(&[input])?;
        let mask = &output(&outputs, "mask")?.values;
        if mask.len() != plane {
            return Err(EngineError::Shape(
                "the mask is not as large as the picture".into(),
            ));
        }
        let scale = [
            frame.width as f32 / width as f32,
            frame.height as f32 / height as f32,
        ];
        let patches = patches(mask, columns, rows, self.score);
        Ok(keep_best(
            patches.into_iter().map(|p| face(p, scale)).collect(),
            self.overlap,
        ))
    }
}

fn face((left, top, right, bottom): (usize, usize, usize, usize), [sx, sy]: [f32; 2]) -> Face {
    let (x, y) = (left as f32 * sx, top as f32 * sy);
    let (w, h) = (
        (right - left + 1) as f32 * sx,
        (bottom - top + 1) as f32 * sy,
    );
    let landmarks = PLACES.map(|[px, py]| [x + px * w, y + py * h]);
    Face {
        bbox: [x, y, w, h],
        landmarks,
        score: 0.95,
    }
}

/// Boxes (left, top, right, bottom; inclusive) of the connected patches above `lowest`.
fn patches(
    mask: &[f32],
    columns: usize,
    rows: usize,
    lowest: f32,
) -> Vec<(usize, usize, usize, usize)> {
    let mut seen = vec![false; mask.len()];
    let mut found = Vec::new();
    for start in 0..mask.len() {
        if seen[start] || mask[start] <= lowest {
            continue;
        }
        let (mut left, mut top, mut right, mut bottom) = (columns, rows, 0, 0);
        let mut open = vec![start];
        seen[start] = true;
        while let Some(at) = open.pop() {
            let (x, y) = (at % columns, at / columns);
            (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x), bottom.max(y));
            let near = [
                (x > 0).then(|| at - 1),
                (x + 1 < columns).then(|| at + 1),
                (y > 0).then(|| at - columns),
                (y + 1 < rows).then(|| at + columns),
            ];
            for next in near.into_iter().flatten() {
                if !seen[next] && mask[next] > lowest {
                    seen[next] = true;
                    open.push(next);
                }
            }
        }
        if right - left + 1 >= SMALLEST && bottom - top + 1 >= SMALLEST {
            found.push((left, top, right, bottom));
        }
    }
    found
}
