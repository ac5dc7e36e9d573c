//! YuNet: one small network, anchors at strides 8, 16 and 32, five landmarks each.
//! Only its input layout and its decoding live here.

use std::sync::Arc;

use super::{DetectSize, Detector, DetectorCard, enlarge, keep_best, shrink};
use crate::engine::{Engine, EngineError, NamedTensor, Network, Tensor, output};
use crate::frame::{Face, Frame};
use crate::pack::PackError;

const STRIDES: [usize; 3] = [8, 16, 32];
/// No sane box is larger than this many strides; a broken model must not make infinite ones.
const LARGEST_LOG: f32 = 6.0;

pub(crate) struct YuNet {
    network: Box<dyn Network>,
    input: Tensor,
    score: f32,
    overlap: f32,
}

impl YuNet {
    pub(crate) fn load(
        card: &DetectorCard,
        file: &[u8],
        engine: &Arc<dyn Engine>,
    ) -> Result<Self, PackError> {
        let network = engine.load(file, 1)?;
        let input = Tensor::zeros(&[1, 3, 64, 64]);
        let mut loaded = YuNet {
            network,
            input,
            score: card.score,
            overlap: card.overlap,
        };
        // One blank picture proves names and shapes before the first camera frame does.
        let blank = Frame::filled(64, 64, [0; 3]);
        loaded.detect(&blank, DetectSize::Full)?;
        Ok(loaded)
    }

    /// Blue, green, red planes of 0..255, padded with zeros to multiples of 32.
    fn fill(&mut self, rgb: &[u8], width: usize, height: usize) {
        let (columns, rows) = (width.next_multiple_of(32), height.next_multiple_of(32));
        self.input.shape.copy_from_slice(&[1, 3, rows, columns]);
        self.input.values.resize(3 * rows * columns, 0.0);
        let plane = rows * columns;
        let (blue, rest) = self.input.values.split_at_mut(plane);
        let (green, red) = rest.split_at_mut(plane);
        for (y, line) in rgb.chunks_exact(width * 3).enumerate() {
            let at = y * columns;
            let padded = at + width..at + columns;
            let line_blue = &mut blue[at..at + width];
            let line_green = &mut green[at..at + width];
            let line_red = &mut red[at..at + width];
            for (x, pixel) in line.chunks_exact(3).enumerate() {
                line_red[x] = f32::from(pixel[0]);
                line_green[x] = f32::from(pixel[1]);
                line_blue[x] = f32::from(pixel[2]);
            }
            for plane in [&mut *blue, &mut *green, &mut *red] {
                plane[padded.clone()].fill(0.0);
            }
        }
        for plane in [blue, green, red] {
            plane[height * columns..].fill(0.0);
        }
    }
}

impl Detector for YuNet {
    fn detect(&mut self, frame: &Frame, size: DetectSize) -> Result<Vec<Face>, EngineError> {
        let (width, height) = size.of(frame.width, frame.height);
        let small = shrink(frame, width, height);
        self.fill(
            small.as_deref().unwrap_or(&frame.rgb),
            width as usize,
            height as usize,
        );
        let outputs = self.network.run(std::slice::from_ref(&self.input))?;
        let columns = self.input.shape[3];
        let mut faces = Vec::new();
        for stride in STRIDES {
            decode(&outputs, stride, columns / stride, self.score, &mut faces)?;
        }
        let scale = [
            frame.width as f32 / width as f32,
            frame.height as f32 / height as f32,
        ];
        enlarge(&mut faces, scale);
        Ok(keep_best(faces, self.overlap))
    }
}

/// score = sqrt(cls * obj); centre = (grid + d) * stride; size = exp(d) * stride.
fn decode(
    outputs: &[NamedTensor],
    stride: usize,
    columns: usize,
    lowest: f32,
    faces: &mut Vec<Face>,
) -> Result<(), EngineError> {
    let part =
        |name: &str| output(outputs, &format!("{name}_{stride}")).map(|t| t.values.as_slice());
    let (class, object, bbox, points) = (part("cls")?, part("obj")?, part("bbox")?, part("kps")?);
    let n = class.len();
    if object.len() != n || bbox.len() != 4 * n || points.len() != 10 * n {
        return Err(EngineError::Shape(format!(
            "the outputs of stride {stride} differ in length"
        )));
    }
    let step = stride as f32;
    for i in 0..n {
        let score = (class[i].clamp(0.0, 1.0) * object[i].clamp(0.0, 1.0)).sqrt();
        if score.is_nan() || score <= lowest {
            continue;
        }
        let (gx, gy) = ((i % columns) as f32, (i / columns) as f32);
        let b = &bbox[4 * i..4 * i + 4];
        let [w, h] = [b[2], b[3]].map(|v| v.min(LARGEST_LOG).exp() * step);
        let (cx, cy) = ((gx + b[0]) * step, (gy + b[1]) * step);
        let k = &points[10 * i..10 * i + 10];
        let landmarks =
            std::array::from_fn(|p| [(gx + k[2 * p]) * step, (gy + k[2 * p + 1]) * step]);
        let face = Face {
            bbox: [cx - w / 2.0, cy - h / 2.0, w, h],
            landmarks,
            score,
        };
        let finite = face
            .bbox
            .iter()
            .chain(face.landmarks.iter().flatten())
            .all(|v| v.is_finite());
        if finite {
            faces.push(face);
        }
    }
    Ok(())
}
