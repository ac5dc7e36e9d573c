//! The first look at a row when one probe is searched: half a byte a value, so that a scan reads half the memory.
//! It only rules rows out, with a proven bound; whatever is left goes to the int8 codes. Must not rank anything.

use pulp::NullaryFnOnce;
use zeroize::{Zeroize, Zeroizing};

use crate::block::ROWS;
use crate::quantise::{LONGEST, ROUNDER, Scale, fast};

/// Steps between two values, for a unit vector of `d` values: .335 standard deviations, the best a uniform scale
/// of 16 steps can do for normally spread values (J. Max, "Quantizing for minimum distortion", 1960).
const STEP: f32 = 0.335;
/// The 16 steps lie at -7.5, -6.5, ... 7.5.
const MIDDLE: f32 = 7.5;
/// A scan walks so many places of a block at once: more memory pages are under way at a time.
const WALKS: usize = 4;
/// Bytes of a cache line, and the most that are multiplied at once.
const LINE: usize = 64;
/// 16-bit sums hold eight products of a pair: 8 * 2 * 15 * 127 < 2^15. Half a line at a time makes two of a line.
const LINES_A_SUM: usize = 4;

/// A piece of a row as the processor takes it in, never across two cache lines.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u8; LINE]);

impl Default for Line {
    fn default() -> Self {
        Line([0; LINE])
    }
}

/// Half-byte codes of a block's rows. The low halves of a row hold its first values, the high halves the rest.
#[derive(Clone)]
pub(crate) struct Coarse {
    lines: Vec<Line>,
    dimension: usize,
    /// At least the length of what each row's codes leave out.
    pub errors: Vec<f32>,
}

/// Lines of one row.
fn lines_of(dimension: usize) -> usize {
    dimension.div_ceil(2 * LINE)
}

/// Value of one step.
fn step(dimension: usize) -> f32 {
    STEP / (dimension as f32).sqrt()
}

impl Coarse {
    pub(crate) fn new(dimension: usize) -> Self {
        Coarse {
            lines: vec![Line::default(); ROWS * lines_of(dimension)],
            dimension,
            errors: vec![0.0; ROWS],
        }
    }

    fn row(&self, row: usize) -> &[Line] {
        let each = lines_of(self.dimension);
        &self.lines[row * each..(row + 1) * each]
    }

    fn row_mut(&mut self, row: usize) -> &mut [Line] {
        let each = lines_of(self.dimension);
        &mut self.lines[row * each..(row + 1) * each]
    }

    /// Writes the codes of a unit vector.
    pub(crate) fn put(&mut self, row: usize, values: &[f32]) {
        let each = lines_of(self.dimension);
        let mut codes = Zeroizing::new(vec![0u8; 2 * each * LINE]);
        self.errors[row] = fast(Halve {
            values,
            step: step(self.dimension),
            codes: &mut codes,
            lines: &mut self.lines[row * each..(row + 1) * each],
        });
    }

    pub(crate) fn take_over(&mut self, row: usize, from: &Coarse, other: usize) {
        self.row_mut(row).copy_from_slice(from.row(other));
        self.errors[row] = from.errors[other];
    }

    pub(crate) fn move_within(&mut self, from: usize, to: usize) {
        let each = lines_of(self.dimension);
        self.lines
            .copy_within(from * each..(from + 1) * each, to * each);
        self.errors[to] = self.errors[from];
    }

    #[cfg(test)]
    pub(crate) fn is_wiped(&self, row: usize) -> bool {
        self.row(row).iter().all(|line| line.0 == [0; LINE])
    }

    pub(crate) fn wipe(&mut self, row: usize) {
        self.row_mut(row)
            .iter_mut()
            .for_each(|line| line.0.zeroize());
        self.errors[row] = 0.0;
    }
}

impl Drop for Coarse {
    fn drop(&mut self) {
        self.lines.iter_mut().for_each(|line| line.0.zeroize());
    }
}

/// Writes half-byte codes; gives the error.
struct Halve<'a> {
    values: &'a [f32],
    step: f32,
    codes: &'a mut [u8],
    lines: &'a mut [Line],
}

impl NullaryFnOnce for Halve<'_> {
    type Output = f32;

    #[inline(always)]
    fn call(self) -> f32 {
        let (step, steps) = (self.step, 1.0 / self.step);
        let mut squares = [0.0f32; 8];
        for (codes, values) in self.codes.chunks_mut(8).zip(self.values.chunks(8)) {
            for ((code, value), square) in codes.iter_mut().zip(values).zip(&mut squares) {
                let shifted = (value * steps + MIDDLE).clamp(0.0, 15.0) + ROUNDER;
                *code = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()) as u8;
                let rest = value - (shifted - ROUNDER - MIDDLE) * step;
                *square += rest * rest;
            }
        }
        let (low, high) = self.codes.split_at(self.lines.len() * LINE);
        let (low, high) = (low.as_chunks::<LINE>().0, high.as_chunks::<LINE>().0);
        for ((line, low), high) in self.lines.iter_mut().zip(low).zip(high) {
            for ((byte, low), high) in line.0.iter_mut().zip(low).zip(high) {
                *byte = low | high << 4;
            }
        }
        // Raised by more than the f32 sums above can have lost, as for the int8 codes.
        squares.iter().sum::<f32>().sqrt() * 1.001 + 1e-6
    }
}

/// A probe's int8 codes, laid out for [`Coarse`], and how to read the products.
pub(crate) struct CoarseProbe {
    low: Vec<Line>,
    high: Vec<Line>,
    /// Fifteen times the sum of the codes: the middle of the scale, taken off.
    shift: i32,
    /// Score of one half of a product.
    unit: f32,
    /// The bound is `once + error * each`, as for the int8 codes.
    once: f32,
    each: f32,
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

    /// The most the true score of a row with this product and error can be.
    pub(crate) fn most(&self, product: i32, error: f32) -> f32 {
        (2 * product - self.shift) as f32 * self.unit + self.once + error * self.each
    }

    /// No row with a product below this, and an error of at most `error`, can reach the bar.
    pub(crate) fn least(&self, bar: f32, error: f32) -> i32 {
        if bar == f32::NEG_INFINITY || self.unit <= 0.0 {
            return i32::MIN;
        }
        let needed = f64::from(bar - self.once - error * self.each - 1e-5) / f64::from(self.unit);
        ((needed + f64::from(self.shift)) / 2.0).floor() as i32 - 1
    }

    /// Plain Rust: for processors without the instructions below, and to check those.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn product(&self, row: &[Line]) -> i32 {
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

/// The instructions the scan uses.
#[derive(Clone, Copy)]
pub(crate) enum Fast {
    /// AVX-512 (BW).
    #[cfg(target_arch = "x86_64")]
    Wide(pulp::x86::V4),
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Narrow(pulp::x86::V3),
}

impl Fast {
    /// `None` where this processor has none that make the first look worth it.
    pub(crate) fn find() -> Option<Self> {
        Self::all().into_iter().next()
    }

    /// Everything this processor has, the best first.
    #[cfg(not(target_arch = "x86_64"))]
    fn all() -> Vec<Self> {
        Vec::new()
    }

    /// Everything this processor has, the best first.
    #[cfg(target_arch = "x86_64")]
    fn all() -> Vec<Self> {
        let wide = pulp::x86::V4::try_new().map(Fast::Wide);
        let narrow = pulp::x86::V3::try_new().map(Fast::Narrow);
        wide.into_iter().chain(narrow).collect()
    }

    /// The product of every row with the probe, in the order of rows.
    pub(crate) fn products(self, coarse: &Coarse, probe: &CoarseProbe, out: &mut [i32; ROWS]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Fast::Wide(simd) => simd.vectorize(x86::Scan {
                simd,
                coarse,
                probe,
                out,
            }),
            #[cfg(target_arch = "x86_64")]
            Fast::Narrow(simd) => simd.vectorize(x86::Scan {
                simd,
                coarse,
                probe,
                out,
            }),
            #[cfg(not(target_arch = "x86_64"))]
            _ => out.fill(i32::MAX),
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::{__m256i, __m512i};
    use pulp::{
        NullaryFnOnce,
        bytemuck::cast,
        x86::{V3, V4},
    };

    use super::{Coarse, CoarseProbe, LINES_A_SUM, Line, ROWS, WALKS};

    /// Not a closure: only what is inlined whole is compiled with the instructions.
    pub(super) struct Scan<'a, S> {
        pub simd: S,
        pub coarse: &'a Coarse,
        pub probe: &'a CoarseProbe,
        pub out: &'a mut [i32; ROWS],
    }

    /// The product of at most [`LINES_A_SUM`] lines.
    trait Lines: Copy {
        fn multiply(self, row: &[Line], low: &[Line], high: &[Line]) -> i32;
    }

    impl<S: Lines> NullaryFnOnce for Scan<'_, S> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let (rows, _) = self.coarse.lines.as_chunks::<LINES_A_SUM>();
            let probe = (
                <&[Line; LINES_A_SUM]>::try_from(self.probe.low.as_slice()).ok(),
                <&[Line; LINES_A_SUM]>::try_from(self.probe.high.as_slice()).ok(),
            );
            if let (Some(low), Some(high), true) = (probe.0, probe.1, rows.len() == ROWS) {
                // Up to 512 values: the probe stays in registers, and nothing is looked up.
                for first in 0..ROWS / WALKS {
                    for walk in 0..WALKS {
                        let row = walk * (ROWS / WALKS) + first;
                        self.out[row] = self.simd.multiply(&rows[row], low, high);
                    }
                }
                return;
            }
            for first in 0..ROWS / WALKS {
                for walk in 0..WALKS {
                    let row = walk * (ROWS / WALKS) + first;
                    self.out[row] = product(self.simd, self.coarse.row(row), self.probe);
                }
            }
        }
    }

    #[inline(always)]
    fn product<S: Lines>(simd: S, row: &[Line], probe: &CoarseProbe) -> i32 {
        let mut total = 0;
        let (rows, row) = row.as_chunks::<LINES_A_SUM>();
        let (lows, low) = probe.low.as_chunks::<LINES_A_SUM>();
        let (highs, high) = probe.high.as_chunks::<LINES_A_SUM>();
        for ((row, low), high) in rows.iter().zip(lows).zip(highs) {
            // A known length: the usual 512 values become one straight run.
            total += simd.multiply(row, low, high);
        }
        if !row.is_empty() {
            total += simd.multiply(row, low, high);
        }
        total
    }

    impl Lines for V4 {
        #[inline(always)]
        fn multiply(self, row: &[Line], low: &[Line], high: &[Line]) -> i32 {
            let (f, bw) = (self.avx512f, self.avx512bw);
            let (half, ones) = (f._mm512_set1_epi8(15), f._mm512_set1_epi16(1));
            let mut sums = [f._mm512_setzero_si512(); 2];
            for ((row, low), high) in row.iter().zip(low).zip(high) {
                let row: __m512i = cast(row.0);
                let (x, y) = (
                    f._mm512_and_si512(row, half),
                    f._mm512_and_si512(bw._mm512_srli_epi16::<4>(row), half),
                );
                let x = bw._mm512_maddubs_epi16(x, cast(low.0));
                let y = bw._mm512_maddubs_epi16(y, cast(high.0));
                sums = [
                    bw._mm512_add_epi16(sums[0], x),
                    bw._mm512_add_epi16(sums[1], y),
                ];
            }
            // Each sum nearly fills 16 bits: widened before they are added.
            let low = bw._mm512_madd_epi16(sums[0], ones);
            let high = bw._mm512_madd_epi16(sums[1], ones);
            f._mm512_reduce_add_epi32(f._mm512_add_epi32(low, high))
        }
    }

    impl Lines for V3 {
        #[inline(always)]
        fn multiply(self, row: &[Line], low: &[Line], high: &[Line]) -> i32 {
            let (avx, avx2) = (self.avx, self.avx2);
            let (half, ones) = (avx._mm256_set1_epi8(15), avx._mm256_set1_epi16(1));
            let mut sums = [avx._mm256_setzero_si256(); 2];
            for ((row, low), high) in row.iter().zip(low).zip(high) {
                let row: [__m256i; 2] = cast(row.0);
                let low: [__m256i; 2] = cast(low.0);
                let high: [__m256i; 2] = cast(high.0);
                for part in 0..2 {
                    let x = avx2._mm256_and_si256(row[part], half);
                    let y = avx2._mm256_srli_epi16::<4>(row[part]);
                    let x = avx2._mm256_maddubs_epi16(x, low[part]);
                    let y = avx2._mm256_maddubs_epi16(avx2._mm256_and_si256(y, half), high[part]);
                    sums = [
                        avx2._mm256_add_epi16(sums[0], x),
                        avx2._mm256_add_epi16(sums[1], y),
                    ];
                }
            }
            let low = avx2._mm256_madd_epi16(sums[0], ones);
            let high = avx2._mm256_madd_epi16(sums[1], ones);
            let lanes: [i32; 8] = cast(avx2._mm256_add_epi32(low, high));
            (lanes[0] + lanes[1] + lanes[2] + lanes[3])
                + (lanes[4] + lanes[5] + lanes[6] + lanes[7])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantise::{dot, quantise};
    use crate::tests::template;
    use proptest::prelude::*;

    proptest! {
        /// Products are exact with every instruction set, and the bound holds against a sum in f64.
        #[test]
        fn no_row_is_ruled_out_wrongly(dimension in 1usize..700, seed in any::<u64>(), spread in 0.01f32..2.0, large in prop::option::of(0.1f32..50.0)) {
            let mut row = template(dimension, seed % 3, seed, spread);
            if let Some(large) = large {
                row[seed as usize % dimension] += large;
                let norm = dot(&row, &row).sqrt();
                row.iter_mut().for_each(|v| *v /= norm);
            }
            let query = template(dimension, 1, !seed, spread);
            let mut codes = vec![0; dimension];
            let scale = quantise(&query, &mut codes);
            let probe = CoarseProbe::new(&codes, scale);
            let mut coarse = Coarse::new(dimension);
            coarse.put(1000, &row);
            let product = probe.product(coarse.row(1000));
            for fast in Fast::all() {
                let mut out = [i32::MAX; ROWS];
                fast.products(&coarse, &probe, &mut out);
                prop_assert_eq!(out[1000], product);
                prop_assert_eq!(out[7], 0);
            }
            let exact: f64 = row.iter().zip(&query).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            let most = probe.most(product, coarse.errors[1000]);
            prop_assert!(exact <= f64::from(most), "{} > {}", exact, most);
            prop_assert!(dot(&row, &query) <= most);
            // A row that reaches the bar is never below the least product.
            for bar in [most - 0.3, most - 1e-6, most] {
                prop_assert!(product >= probe.least(bar, coarse.errors[1000]));
            }
            // And the look rules something out: a bar well above the bound.
            prop_assert!(product < probe.least(most + 0.01, coarse.errors[1000]));
        }
    }

    #[test]
    fn the_widest_codes_do_not_overflow() {
        for dimension in [512, 1024, 1030] {
            let row = vec![1.0; dimension];
            let mut coarse = Coarse::new(dimension);
            coarse.put(0, &row);
            for code in [127i8, -127] {
                let probe = CoarseProbe::new(
                    &vec![code; dimension],
                    Scale {
                        step: 1.0,
                        error: 0.0,
                    },
                );
                let expect = 15 * i32::from(code) * dimension as i32;
                assert_eq!(probe.product(coarse.row(0)), expect);
                for fast in Fast::all() {
                    let mut out = [0; ROWS];
                    fast.products(&coarse, &probe, &mut out);
                    assert_eq!(out[0], expect, "{dimension}");
                }
            }
        }
    }
}
