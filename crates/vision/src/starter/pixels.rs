//! Pixels as MTCNN's nets want them: pyramid levels and square crops, resampled by area.
//! It keeps one resizer and no picture.

use fast_image_resize as fir;

use super::boxes::Candidate;
use crate::engine::{EngineError, Tensor};
use crate::frame::Frame;

/// A resizer that keeps its buffers.
#[derive(Default)]
pub(super) struct Pixels {
    resizer: fir::Resizer,
}

impl Pixels {
    /// Square crops of the full frame as a batch N,3,side,side; what lies outside the frame is black.
    pub(super) fn patches(
        &mut self,
        frame: &Frame,
        of: &[Candidate],
        side: u32,
    ) -> Result<Tensor, EngineError> {
        let n = side as usize;
        let mut batch = Tensor::zeros(&[of.len(), 3, n, n]);
        let mut patch = vec![0u8; n * n * 3];
        for (candidate, out) in of.iter().zip(batch.values.chunks_exact_mut(3 * n * n)) {
            patch.fill(0);
            if let Some((source, target)) = overlap_with_frame(&candidate.corners, frame, side) {
                let [x, y, w, h] = target.map(|v| v as usize);
                let seen = self.resized(frame, Some(source), [target[2], target[3]])?;
                for (row, line) in seen.rgb.chunks_exact(w * 3).take(h).enumerate() {
                    let at = ((y + row) * n + x) * 3;
                    patch[at..at + w * 3].copy_from_slice(line);
                }
            }
            normalise(&patch, out);
        }
        Ok(batch)
    }

    /// The part `source` (left, top, width, height) of a frame at another size, by area.
    pub(super) fn resized(
        &mut self,
        frame: &Frame,
        source: Option<[u32; 4]>,
        to: [u32; 2],
    ) -> Result<Frame, EngineError> {
        let failed = |cause: &dyn std::fmt::Display| {
            EngineError::Shape(format!("the frame cannot be resized: {cause}"))
        };
        let view =
            fir::images::ImageRef::new(frame.width, frame.height, &frame.rgb, fir::PixelType::U8x3);
        let view = view.map_err(|e| failed(&e))?;
        let mut out = fir::images::Image::new(to[0], to[1], fir::PixelType::U8x3);
        let mut how =
            fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Box));
        if let Some([x, y, w, h]) = source.map(|s| s.map(f64::from)) {
            how = how.crop(x, y, w, h);
        }
        self.resizer
            .resize(&view, &mut out, &how)
            .map_err(|e| failed(&e))?;
        Ok(Frame {
            width: to[0],
            height: to[1],
            rgb: out.into_vec(),
        })
    }
}

/// Where a box meets the frame, in frame pixels and in the pixels of a patch of `side`
/// (each left, top, width, height). `None` when they do not meet.
fn overlap_with_frame(
    corners: &[f32; 4],
    frame: &Frame,
    side: u32,
) -> Option<([u32; 4], [u32; 4])> {
    // The nets count pixels from one, hence `- 1` for the first.
    let (left, top) = (corners[0].trunc() - 1.0, corners[1].trunc() - 1.0);
    let (right, bottom) = (corners[2].trunc(), corners[3].trunc());
    let (width, height) = (right - left, bottom - top);
    if width < 1.0 || height < 1.0 {
        return None;
    }
    let (x0, y0) = (left.max(0.0), top.max(0.0));
    let (x1, y1) = (
        right.min(frame.width as f32),
        bottom.min(frame.height as f32),
    );
    if x1 - x0 < 1.0 || y1 - y0 < 1.0 {
        return None;
    }
    let place = |v: f32, from: f32, length: f32| {
        ((v - from) / length * side as f32)
            .round()
            .clamp(0.0, side as f32) as u32
    };
    let (u0, v0) = (place(x0, left, width), place(y0, top, height));
    let (u1, v1) = (place(x1, left, width), place(y1, top, height));
    let source = [x0, y0, x1 - x0, y1 - y0].map(|v| v as u32);
    (u1 > u0 && v1 > v0).then_some((source, [u0, v0, u1 - u0, v1 - v0]))
}

/// RGB8 pixels to three planes as the nets were trained.
pub(super) fn normalise(rgb: &[u8], out: &mut [f32]) {
    let plane = out.len() / 3;
    for (i, pixel) in rgb.chunks_exact(3).enumerate() {
        for (c, v) in pixel.iter().enumerate() {
            out[c * plane + i] = (f32::from(*v) - 127.5) * (1.0 / 128.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_meets_the_frame_in_the_right_place() {
        let frame = Frame::filled(100, 80, [255, 255, 255]);
        let check = |corners: [f32; 4], want: Option<([u32; 4], [u32; 4])>| {
            assert_eq!(
                overlap_with_frame(&corners, &frame, 24),
                want,
                "{corners:?}"
            );
        };
        check(
            [11.0, 21.0, 34.0, 44.0],
            Some(([10, 20, 24, 24], [0, 0, 24, 24])),
        );
        check(
            [-11.0, 21.0, 12.0, 44.0],
            Some(([0, 20, 12, 24], [12, 0, 12, 24])),
        );
        check(
            [89.0, 69.0, 112.0, 92.0],
            Some(([88, 68, 12, 12], [0, 0, 12, 12])),
        );
        check([200.0, 10.0, 220.0, 30.0], None);
        check([20.0, 20.0, 10.0, 10.0], None);
    }

    #[test]
    fn outside_the_frame_is_black() {
        let frame = Frame::filled(100, 80, [255, 255, 255]);
        let half = Candidate::new([-11.0, 21.0, 12.0, 44.0], 1.0, [0.0; 4]);
        let batch = Pixels::default().patches(&frame, &[half], 24).unwrap();
        assert_eq!(batch.shape, [1, 3, 24, 24]);
        assert!(
            batch.values[..12].iter().all(|v| *v < -0.99)
                && batch.values[12..24].iter().all(|v| *v > 0.99)
        );
    }
}
