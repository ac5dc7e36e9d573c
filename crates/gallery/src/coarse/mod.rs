//! The first look at a row when one probe is searched: half a byte a value, so that a scan reads half the memory.
//! It only rules rows out, with a proven bound; whatever is left goes to the int8 codes. Must not rank anything.

mod probe;
#[cfg(target_arch = "x86_64")]
mod x86;

use pulp::NullaryFnOnce;
use zeroize::Zeroize;

pub(crate) use probe::CoarseProbe;

use crate::block::ROWS;
use crate::quantise::{ROUNDER, fast};

/// Steps between two values, for a unit vector of `d` values: .335 standard deviations, the best a uniform scale
/// of 16 steps can do for normally spread values (J. Max, "Quantizing for minimum distortion", 1960).
const STEP: f32 = 0.335;
/// The 16 steps lie at -7.5, -6.5, ... 7.5.
const MIDDLE: f32 = 7.5;
/// A scan walks so many places of a block at once: more memory pages are under way at a time.
const WALKS: usize = 4;
/// Values that are coded together.
const LANES: usize = 16;
/// Rows that are judged together.
const GROUP: usize = 16;
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
        let step = step(self.dimension);
        self.errors[row] = fast(Halve {
            values,
            step,
            lines: self.row_mut(row),
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
    lines: &'a mut [Line],
}

impl NullaryFnOnce for Halve<'_> {
    type Output = f32;

    #[inline(always)]
    fn call(self) -> f32 {
        let (low, high) = halves(self.values, self.lines.len());
        let mut high = high.chunks(LINE);
        let mut squares = [0.0f32; LANES];
        for (line, low) in self.lines.iter_mut().zip(low.chunks(LINE)) {
            let high = high.next().unwrap_or_default();
            if let (Ok(low), Ok(high)) = (
                <&[f32; LINE]>::try_from(low),
                <&[f32; LINE]>::try_from(high),
            ) {
                halve_line(line, low, high, self.step, &mut squares);
                continue;
            }
            line.0.fill(0);
            for (at, byte) in line.0.iter_mut().enumerate() {
                for (value, shift) in [(low.get(at), 0), (high.get(at), 4)] {
                    if let Some(value) = value {
                        let (code, rest) = half(*value, self.step);
                        *byte |= code << shift;
                        squares[at % LANES] += rest * rest;
                    }
                }
            }
        }
        // Raised by more than the f32 sums above can have lost, as for the int8 codes.
        squares.iter().sum::<f32>().sqrt() * 1.001 + 1e-6
    }
}

/// Code of a value, and what it leaves out.
#[inline(always)]
fn half(value: f32, step: f32) -> (u8, f32) {
    let shifted = (value * (1.0 / step) + MIDDLE).clamp(0.0, 15.0) + ROUNDER;
    let code = shifted.to_bits().wrapping_sub(ROUNDER.to_bits()) as u8;
    (code, value - (shifted - ROUNDER - MIDDLE) * step)
}

/// A whole line: of known length, so that the compiler takes many values at once.
#[inline(always)]
fn halve_line(
    line: &mut Line,
    low: &[f32; LINE],
    high: &[f32; LINE],
    step: f32,
    squares: &mut [f32; LANES],
) {
    let bytes = line.0.as_chunks_mut::<LANES>().0.iter_mut();
    let halves = low
        .as_chunks::<LANES>()
        .0
        .iter()
        .zip(high.as_chunks::<LANES>().0);
    for (bytes, (low, high)) in bytes.zip(halves) {
        for lane in 0..LANES {
            let (low, rest) = half(low[lane], step);
            squares[lane] += rest * rest;
            let (high, rest) = half(high[lane], step);
            squares[lane] += rest * rest;
            bytes[lane] = low | high << 4;
        }
    }
}

/// The values that go to the low halves of `lines` lines, and the rest.
fn halves(values: &[f32], lines: usize) -> (&[f32], &[f32]) {
    values.split_at((lines * LINE).min(values.len()))
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

    /// The rows of the first `used` that may reach the bar, given to `left` in their order.
    pub(crate) fn sift(
        self,
        coarse: &Coarse,
        used: usize,
        probe: &CoarseProbe,
        bar: f32,
        left: &mut Vec<u16>,
    ) {
        let (mut products, mut masks) = ([0; ROWS], [0; ROWS / GROUP]);
        self.products(coarse, probe, &mut products);
        self.masks(&products, &coarse.errors, probe, bar, &mut masks);
        for (first, mask) in (0..used).step_by(GROUP).zip(&masks) {
            let mut mask = *mask;
            while mask != 0 {
                let row = first + mask.trailing_zeros() as usize;
                mask &= mask - 1;
                if row < used {
                    left.push(row as u16);
                }
            }
        }
    }

    /// The product of every row with the probe.
    fn products(self, coarse: &Coarse, probe: &CoarseProbe, out: &mut [i32; ROWS]) {
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
            _ => (0..)
                .zip(out)
                .for_each(|(row, out)| *out = probe.product(coarse.row(row))),
        }
    }

    /// Which rows with these products and errors may reach the bar, [`GROUP`] a mask.
    fn masks(
        self,
        products: &[i32; ROWS],
        errors: &[f32],
        probe: &CoarseProbe,
        bar: f32,
        masks: &mut [u16; ROWS / GROUP],
    ) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Fast::Wide(simd) => simd.vectorize(x86::Sift {
                simd,
                products,
                errors,
                probe,
                bar,
                masks,
            }),
            #[cfg(target_arch = "x86_64")]
            Fast::Narrow(simd) => simd.vectorize(x86::Sift {
                simd,
                products,
                errors,
                probe,
                bar,
                masks,
            }),
            #[cfg(not(target_arch = "x86_64"))]
            _ => {
                for ((row, product), error) in (0..).zip(products).zip(errors) {
                    let reached = u16::from(probe.most(*product, *error) >= bar);
                    masks[row / GROUP] |= reached << (row % GROUP);
                }
            }
        }
    }

    /// Asks for a row's codes, which arrive while something else is done.
    pub(crate) fn fetch(self, codes: &[i8]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Fast::Wide(simd) => x86::fetch(*simd, codes),
            #[cfg(target_arch = "x86_64")]
            Fast::Narrow(simd) => x86::fetch(simd, codes),
            #[cfg(not(target_arch = "x86_64"))]
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantise::{Scale, dot, quantise};
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
            // A row that may reach the bar is left, one that cannot is not.
            for fast in Fast::all() {
                let left = |bar, used| {
                    let mut left = Vec::new();
                    fast.sift(&coarse, used, &probe, bar, &mut left);
                    left.contains(&1000)
                };
                for bar in [f32::NEG_INFINITY, most - 0.3, most - 1e-6, most] {
                    prop_assert!(left(bar, 1001));
                    prop_assert!(!left(bar, 1000));
                }
                prop_assert!(!left(most + 1e-6, 1001));
            }
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
