//! A probe as the first look needs it, and what a product with a row's half-byte codes says about the true score.
//! Must not see a gallery.

use zeroize::Zeroize;

use super::{LINE, Line, lines_of, step};
use crate::quantise::{LONGEST, Scale};

/// A probe's int8 codes, laid out for [`Coarse`], and how to read the products.
pub(crate) struct CoarseProbe {
    pub(super) low: Vec<Line>,
    pub(super) high: Vec<Line>,
    /// Fifteen times the sum of the codes: the middle of the scale, taken off.
    pub(super) shift: i32,
    /// Score of one half of a product.
    pub(super) unit: f32,
    /// The bound is `once + error * each`, as for the int8 codes.
    pub(super) once: f32,
    pub(super) each: f32,
}

impl CoarseProbe {
    pub(crate) fn new(codes: &[i8], scale: Scale) -> Self {
        let (each, dimension) = (lines_of(codes.len()), codes.len());
        let lay = |codes: &[i8]| {
            let mut lines = vec![Line::default(); each];
            let bytes = lines.iter_mut().flat_map(|line| &mut line.0);
            bytes
                .zip(codes)
                .for_each(|(byte, code)| *byte = code.cast_unsigned());
            lines
        };
        let (low, high) = codes.split_at((each * LINE).min(dimension));
        CoarseProbe {
            low: lay(low),
            high: lay(high),
            shift: 15 * codes.iter().map(|code| i32::from(*code)).sum::<i32>(),
            unit: 0.5 * step(dimension) * scale.step,
            // 1e-5: the roundings of a score near 1 made from whole numbers in a few f32 steps.
            once: LONGEST * scale.error + 1e-5,
            each: LONGEST + scale.error,
        }
    }

    /// The most the true score of a row with this product and error can be. Plain Rust, to check what the processor units do.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    pub(crate) fn most(&self, product: i32, error: f32) -> f32 {
        (2 * product - self.shift) as f32 * self.unit + self.once + error * self.each
    }

    /// Plain Rust: for processors without the instructions below, and to check those.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    pub(super) fn product(&self, row: &[Line]) -> i32 {
        let half = |row: u8, probe: u8| i32::from(row) * i32::from(probe.cast_signed());
        let of_line = |((row, low), high): ((&Line, &Line), &Line)| -> i32 {
            let bytes = row.0.iter().zip(&low.0).zip(&high.0);
            bytes
                .map(|((row, low), high)| half(row & 15, *low) + half(row >> 4, *high))
                .sum()
        };
        row.iter().zip(&self.low).zip(&self.high).map(of_line).sum()
    }
}

impl Drop for CoarseProbe {
    fn drop(&mut self) {
        let lines = self.low.iter_mut().chain(&mut self.high);
        lines.for_each(|line| line.0.zeroize());
    }
}
