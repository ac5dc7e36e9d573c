//! MTCNN on the engine seam: proposals over an image pyramid, then two nets that refine and place five points.
//! The pyramid starts at the smallest face asked for; the crops of the later nets come from the full frame.

use std::sync::Arc;

use super::boxes::{Candidate, Overlap, thin};
use super::pixels::{Pixels, normalise};
use crate::detect::{DetectSize, Detector, DetectorCard, keep_best};
use crate::engine::{Engine, EngineError, Network, Tensor, output};
use crate::frame::{Face, Frame};
use crate::pack::PackError;

/// Side of the proposal net's window and of the smallest picture it can read.
const WINDOW: f32 = 12.0;
/// Each pyramid level is this share of the one before. The authors' 0.709 costs a third more and found no
/// face more on the clips and photographs measured (docs/design/starter-pack.md).
const STEP: f32 = 0.6;
/// Scores that the first two nets must give; the last net's is the card's.
const PROPOSAL_SCORE: f32 = 0.6;
const REFINED_SCORE: f32 = 0.7;
/// Proposals kept per frame and crops per run: bound time and memory on a frame full of texture.
const MOST_PROPOSALS: usize = 256;
const LARGEST_BATCH: usize = 64;
/// Smallest face when the card names none, in pixels at detection size.
const SMALLEST_PX: f32 = 20.0;

/// The three nets, and a resizer that keeps its buffers.
pub(crate) struct Mtcnn {
    proposal: Box<dyn Network>,
    refinement: Box<dyn Network>,
    landmarks: Box<dyn Network>,
    smallest_px: f32,
    score: f32,
    overlap: f32,
    pixels: Pixels,
}

impl Mtcnn {
    /// Loads the nets; `files` are proposal, refinement and landmark net in this order.
    pub(crate) fn load(
        card: &DetectorCard,
        files: &[Arc<[u8]>],
        engine: &Arc<dyn Engine>,
    ) -> Result<Self, PackError> {
        let [proposal, refinement, landmarks] = files else {
            return Err(PackError::Card(format!(
                "an `mtcnn` detector has three files, this one has {}",
                files.len()
            )));
        };
        let mut detector = Mtcnn {
            proposal: engine.load(proposal, 1)?,
            refinement: engine.load(refinement, 1)?,
            landmarks: engine.load(landmarks, 1)?,
            smallest_px: card.smallest_px.unwrap_or(SMALLEST_PX).max(WINDOW),
            score: card.score,
            overlap: card.overlap,
            pixels: Pixels::default(),
        };
        detector.try_once()?;
        Ok(detector)
    }

    /// Runs each net on nothing, so that a wrong file shows now.
    fn try_once(&mut self) -> Result<(), EngineError> {
        let levels = self.proposal.run(&[Tensor::zeros(&[1, 3, 24, 36])])?;
        expect_shape(output(&levels, "prob")?, &[1, 2, 7, 13])?;
        expect_shape(output(&levels, "reg")?, &[1, 4, 7, 13])?;
        let refined = self.refinement.run(&[Tensor::zeros(&[1, 3, 24, 24])])?;
        expect_shape(output(&refined, "reg")?, &[1, 4])?;
        expect_shape(output(&refined, "prob")?, &[1, 2])?;
        let last = self.landmarks.run(&[Tensor::zeros(&[1, 3, 48, 48])])?;
        expect_shape(output(&last, "reg")?, &[1, 4])?;
        expect_shape(output(&last, "prob")?, &[1, 2])?;
        expect_shape(output(&last, "points")?, &[1, 10])
    }

    /// First stage: every window of every level that may be a face.
    fn propose(&mut self, frame: &Frame, size: DetectSize) -> Result<Vec<Candidate>, EngineError> {
        let (width, height) = (frame.width as f32, frame.height as f32);
        let mut scale =
            size.of(frame.width, frame.height).0 as f32 / width * WINDOW / self.smallest_px;
        let mut found = Vec::new();
        // Lower levels are shrunk from the first, which has all they need and is much smaller than the frame.
        let mut base: Option<Frame> = None;
        while width.min(height) * scale >= WINDOW {
            let side = |v: f32| (v * scale + 1.0) as u32;
            let level = self.pixels.resized(
                base.as_ref().unwrap_or(frame),
                None,
                [side(width), side(height)],
            )?;
            found.extend(self.propose_level(&level, scale)?);
            base.get_or_insert(level);
            scale *= STEP;
        }
        let mut found = thin(found, Overlap::Union(0.7));
        found.truncate(MOST_PROPOSALS);
        Ok(moved(found, 0.0))
    }

    fn propose_level(&mut self, level: &Frame, scale: f32) -> Result<Vec<Candidate>, EngineError> {
        let (w, h) = (level.width as usize, level.height as usize);
        let mut input = Tensor::zeros(&[1, 3, h, w]);
        normalise(&level.rgb, &mut input.values);
        let outputs = self.proposal.run(&[input])?;
        let (prob, reg) = (output(&outputs, "prob")?, output(&outputs, "reg")?);
        let [_, _, rows, columns] = prob.shape[..] else {
            return Err(EngineError::Shape(format!("{prob:?}")));
        };
        let cells = rows * columns;
        expect_shape(reg, &[1, 4, rows, columns])?;
        let mut found = Vec::new();
        for (cell, score) in prob.values[cells..]
            .iter()
            .enumerate()
            .filter(|(_, s)| **s >= PROPOSAL_SCORE)
        {
            let corner = |v: usize, to: f32| ((2.0 * v as f32 + to) / scale).floor();
            let (x, y) = (cell % columns, cell / columns);
            let window = [
                corner(x, 1.0),
                corner(y, 1.0),
                corner(x, WINDOW),
                corner(y, WINDOW),
            ];
            let shift = [0, 1, 2, 3].map(|k| reg.values[k * cells + cell]);
            found.push(Candidate::new(window, *score, shift));
        }
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(8 * MOST_PROPOSALS);
        Ok(thin(found, Overlap::Union(0.5)))
    }

    /// Second stage: most proposals are no face.
    fn refine(
        &mut self,
        frame: &Frame,
        proposals: &[Candidate],
    ) -> Result<Vec<Candidate>, EngineError> {
        let mut kept = Vec::new();
        for part in proposals.chunks(LARGEST_BATCH) {
            let input = self.pixels.patches(frame, part, 24)?;
            let outputs = self.refinement.run(&[input])?;
            let (prob, reg) = (output(&outputs, "prob")?, output(&outputs, "reg")?);
            for (row, (candidate, shift)) in
                part.iter().zip(reg.values.as_chunks::<4>().0).enumerate()
            {
                let score = prob.values[2 * row + 1];
                if score > REFINED_SCORE {
                    kept.push(Candidate {
                        score,
                        shift: *shift,
                        ..*candidate
                    });
                }
            }
        }
        Ok(moved(thin(kept, Overlap::Union(0.7)), 1.0))
    }

    /// Last stage: score, box and five points.
    fn place(
        &mut self,
        frame: &Frame,
        candidates: &[Candidate],
    ) -> Result<Vec<Candidate>, EngineError> {
        let mut placed = Vec::new();
        for part in candidates.chunks(LARGEST_BATCH) {
            let input = self.pixels.patches(frame, part, 48)?;
            let outputs = self.landmarks.run(&[input])?;
            let (prob, reg) = (output(&outputs, "prob")?, output(&outputs, "reg")?);
            let points = output(&outputs, "points")?.values.as_chunks::<10>().0;
            let rows = part
                .iter()
                .zip(reg.values.as_chunks::<4>().0)
                .zip(points)
                .enumerate();
            for (row, ((candidate, shift), points)) in rows {
                let score = prob.values[2 * row + 1];
                if score > self.score {
                    let [left, top, right, bottom] = candidate.corners;
                    let (w, h) = (right - left + 1.0, bottom - top + 1.0);
                    let at = |k: usize| [left - 1.0 + w * points[k], top - 1.0 + h * points[k + 5]];
                    let landmarks = [0, 1, 2, 3, 4].map(at);
                    placed.push(
                        Candidate {
                            score,
                            landmarks,
                            shift: *shift,
                            ..*candidate
                        }
                        .shifted(1.0),
                    );
                }
            }
        }
        placed.retain(Candidate::is_finite);
        Ok(thin(placed, Overlap::Smaller(0.7)))
    }
}

impl Detector for Mtcnn {
    fn detail(&self) -> u32 {
        2
    }

    fn detect(&mut self, frame: &Frame, size: DetectSize) -> Result<Vec<Face>, EngineError> {
        let proposals = self.propose(frame, size)?;
        let refined = self.refine(frame, &proposals)?;
        let placed = self.place(frame, &refined)?;
        let face = |c: Candidate| {
            let [left, top, right, bottom] = c.corners;
            Face {
                bbox: [left, top, right - left, bottom - top],
                landmarks: c.landmarks,
                score: c.score,
            }
        };
        Ok(keep_best(
            placed.into_iter().map(face).collect(),
            self.overlap,
        ))
    }
}

/// Boxes where their net wants them, made square for the next one.
fn moved(candidates: Vec<Candidate>, extra: f32) -> Vec<Candidate> {
    candidates
        .into_iter()
        .map(|c| c.shifted(extra).squared())
        .filter(Candidate::is_finite)
        .collect()
}

fn expect_shape(tensor: &Tensor, want: &[usize]) -> Result<(), EngineError> {
    if tensor.shape == want {
        return Ok(());
    }
    Err(EngineError::Shape(format!(
        "a detector net gives {:?} where {want:?} is expected",
        tensor.shape
    )))
}
