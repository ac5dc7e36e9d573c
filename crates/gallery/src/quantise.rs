//! A template as int8, with a proven bound on how far its dot product may be from the true one.
//! Must not decide anything: the search uses the bound so that no true candidate is ever missed.

/// What is known of one quantised vector besides its codes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Scale {
    /// Value of one step: `value = code * step`.
    pub step: f32,
    /// At least the length of the difference between the vector and its codes.
    pub error: f32,
}

/// Values that are coded together.
const LANES: usize = 16;

/// Longest a template may be: the gallery takes squared lengths up to 1.001.
pub(crate) const LONGEST: f32 = 1.0006;

/// Adding and subtracting this rounds an f32 below 2^22 to a whole number; its low bits then are that number.
pub(crate) const ROUNDER: f32 = 12_582_912.0;

/// Writes the codes of `values` and says how exact they are.
pub(crate) fn quantise(values: &[f32], codes: &mut [i8]) -> Scale {
    fast(Quantise { values, codes })
}

/// Runs `work` with the widest instructions this processor has; the answer is the same with any.
pub(crate) fn fast<W: pulp::NullaryFnOnce>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V4::try_new() {
            return simd.vectorize(work);
        }
        if let Some(simd) = pulp::x86::V3::try_new() {
            return simd.vectorize(work);
        }
    }
    work.call()
}

/// Not a closure: only what is inlined whole is compiled with the instructions.
struct Quantise<'a> {
    values: &'a [f32],
    codes: &'a mut [i8],
}

impl pulp::NullaryFnOnce for Quantise<'_> {
    type Output = Scale;

    #[inline(always)]
    fn call(self) -> Scale {
        quantise_here(self.values, self.codes)
    }
}

#[inline(always)]
fn quantise_here(values: &[f32], codes: &mut [i8]) -> Scale {
    let largest = largest(values);
    if largest <= 0.0 || !largest.is_finite() {
        codes.fill(0);
        return Scale::default();
    }
    let (step, steps) = (largest / 127.0, 127.0 / largest);
    let mut squares = [0.0f32; LANES];
    let (whole, rest) = values.as_chunks::<LANES>();
    let (whole_codes, rest_codes) = codes.as_chunks_mut::<LANES>();
    // One step for all lanes after the other: so the compiler takes all lanes at once.
    for (codes, values) in whole_codes.iter_mut().zip(whole) {
        let shifted = values.map(|value| value * steps + ROUNDER);
        *codes = shifted.map(low_bits);
        for lane in 0..LANES {
            let rest = values[lane] - (shifted[lane] - ROUNDER) * step;
            squares[lane] += rest * rest;
        }
    }
    for ((value, to), square) in rest.iter().zip(rest_codes).zip(&mut squares) {
        let shifted = value * steps + ROUNDER;
        *to = low_bits(shifted);
        let rest = value - (shifted - ROUNDER) * step;
        *square += rest * rest;
    }
    // Raised by more than the f32 sums above can have lost: 2^-23 a value, and a thousandth of the sum.
    let error = squares.iter().sum::<f32>().sqrt() * 1.001 + 3e-7;
    Scale { step, error }
}

/// The whole number in a value to which [`ROUNDER`] was added.
#[inline(always)]
fn low_bits(shifted: f32) -> i8 {
    shifted.to_bits().wrapping_sub(ROUNDER.to_bits()) as i8
}

/// Of the magnitudes. Without its sign an f32 has the order of its bits, and whole numbers have a fast maximum; what is
/// no number counts as more than any.
#[inline(always)]
fn largest(values: &[f32]) -> f32 {
    let magnitude = |value: &f32| value.to_bits() & (u32::MAX >> 1);
    let (whole, rest) = values.as_chunks::<LANES>();
    let mut most = [0; LANES];
    for values in whole {
        for lane in 0..LANES {
            most[lane] = magnitude(&values[lane]).max(most[lane]);
        }
    }
    let all = most.into_iter().chain(rest.iter().map(magnitude));
    f32::from_bits(all.max().unwrap_or_default())
}

/// The most an approximate product with `probe` may be off is `once + row.error * each`. For vectors v = v' + e and
/// u = u' + d: v.u - v'.u' = e.u' + v.d, so at most |e| (|u| + |d|) + |v| |d| by Cauchy-Schwarz.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    once: f32,
    each: f32,
}

impl Bound {
    pub(crate) fn of(probe: Scale, dimension: usize) -> Self {
        // Rounding of f32 itself: the exact score adds dimension / 8 products a lane, then 8 lanes and a rest of 7.
        let rounding = (dimension as f32 / 8.0 + 32.0) * f32::EPSILON * 0.51 * 1.002 + 1e-6;
        Bound {
            once: LONGEST * probe.error + rounding,
            each: LONGEST + probe.error,
        }
    }

    /// For a row with this error.
    pub(crate) fn row(self, error: f32) -> f32 {
        self.once + error * self.each
    }
}

/// The f32 dot product every score of this crate means: eight running sums, in a fixed order.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a_parts, b_parts) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a_parts
        .remainder()
        .iter()
        .zip(b_parts.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a_parts.zip(b_parts) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Kernel;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_bound_holds(pairs in proptest::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 8..600)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            check(&unit(a), &unit(b));
        }

        #[test]
        fn the_bound_holds_for_few_large_values(at in 0usize..512, size in 0.1f32..100.0, seed in any::<u64>()) {
            let noise = |seed: u64| (0..512).map(move |i| (((seed ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f32) / 1.7e7 - 0.5);
            let (mut a, b): (Vec<f32>, Vec<f32>) = (noise(seed).collect(), noise(!seed).collect());
            a[at] = size;
            check(&unit(a.clone()), &unit(b));
            check(&unit(a.clone()), &unit(a));
        }
    }

    /// Against a sum in f64, so that the rounding of our own f32 score is part of what is tested.
    fn check(a: &[f32], b: &[f32]) {
        let (mut ca, mut cb) = (vec![0; a.len()], vec![0; b.len()]);
        let (sa, sb) = (quantise(a, &mut ca), quantise(b, &mut cb));
        let near = Kernel::Portable.dot(&ca, &cb) as f32 * sa.step * sb.step;
        let bound = Bound::of(sb, a.len()).row(sa.error);
        let true_score: f64 = a
            .iter()
            .zip(b)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum();
        assert!((near - dot(a, b)).abs() <= bound);
        assert!((f64::from(near) - true_score).abs() <= f64::from(bound));
        let error: f64 = a
            .iter()
            .zip(&ca)
            .map(|(v, c)| (f64::from(*v) - f64::from(*c) * f64::from(sa.step)).powi(2))
            .sum();
        assert!(error.sqrt() <= f64::from(sa.error));
    }

    fn unit(mut values: Vec<f32>) -> Vec<f32> {
        values[0] += 1.5;
        let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt();
        values.iter_mut().for_each(|v| *v /= norm);
        values
    }

    #[test]
    fn odd_vectors_do_not_break_it() {
        let mut codes = [1i8; 4];
        assert_eq!(quantise(&[0.0; 4], &mut codes), Scale::default());
        assert_eq!(codes, [0; 4]);
        let infinite = [f32::NAN, f32::INFINITY, 1.0, 0.0];
        assert_eq!(quantise(&infinite, &mut codes), Scale::default());
        quantise(&[1.0, -1.0, 0.5, -0.004], &mut codes);
        assert_eq!(codes, [127, -127, 64, -1]);
    }
}
