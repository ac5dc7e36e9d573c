//! A template as int8, with a proven bound on how far its dot product may be from the true one.
//! Must not decide anything: the search uses the bound so that no true candidate is ever missed.

use simsimd::SpatialSimilarity;

/// What is known of one quantised vector besides its codes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Scale {
    /// Value of one step: `value = code * step`.
    pub step: f32,
    /// Length of the difference between the vector and its codes.
    pub error: f32,
}

/// Writes the codes of `values` and says how exact they are.
pub(crate) fn quantise(values: &[f32], codes: &mut [i8]) -> Scale {
    let largest = values.iter().fold(0.0f32, |most, v| most.max(v.abs()));
    if largest <= 0.0 || !largest.is_finite() {
        codes.fill(0);
        return Scale::default();
    }
    let step = largest / 127.0;
    let mut error = 0.0f64;
    for (code, value) in codes.iter_mut().zip(values) {
        let rounded = (value / step).round().clamp(-127.0, 127.0);
        *code = rounded as i8;
        error += f64::from(value - rounded * step).powi(2);
    }
    Scale {
        step,
        error: error.sqrt() as f32,
    }
}

/// Dot product of two code vectors of one length; exact (integers).
pub(crate) fn dot_codes(a: &[i8], b: &[i8]) -> f32 {
    match i8::dot(a, b) {
        Some(dot) => dot as f32,
        None => a
            .iter()
            .zip(b)
            .map(|(x, y)| i32::from(*x) * i32::from(*y))
            .sum::<i32>() as f32,
    }
}

/// The approximate dot product and the most it may differ from the true one. For unit vectors v = v' + e and
/// u = u' + d: v.u - v'.u' = e.u' + v.d, so at most |e| (1 + |d|) + |d| by Cauchy-Schwarz.
pub(crate) fn approximate(dot: f32, a: Scale, b: Scale) -> (f32, f32) {
    // The last term covers rounding of the f32 sums themselves, ours and the exact one's.
    (
        dot * a.step * b.step,
        a.error * (1.0 + b.error) + b.error + 1e-5,
    )
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_kernel_counts_exactly(pairs in proptest::collection::vec((-127i8..=127, -127i8..=127), 1..700)) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
            let expect: i32 = a.iter().zip(&b).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum();
            prop_assert_eq!(dot_codes(&a, &b), expect as f32);
        }

        #[test]
        fn the_bound_holds(pairs in proptest::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 8..600)) {
            let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
            let (a, b) = (unit(a), unit(b));
            let (mut ca, mut cb) = (vec![0; a.len()], vec![0; b.len()]);
            let (sa, sb) = (quantise(&a, &mut ca), quantise(&b, &mut cb));
            let (near, bound) = approximate(dot_codes(&ca, &cb), sa, sb);
            prop_assert!((near - dot(&a, &b)).abs() <= bound);
        }
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
        assert_eq!(
            quantise(&[f32::NAN, f32::INFINITY, 1.0, 0.0], &mut codes),
            Scale::default()
        );
    }
}
