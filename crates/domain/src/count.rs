//! What a count allows one to say: Poisson tails and exact intervals. Pure arithmetic; must not know what was counted.
//! Rare events among many trials are Poisson-distributed; for a share it errs on the wide side of the binomial.

/// ln of the gamma function for x > 0 (Lanczos, g = 5, error below 2e-10).
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 6] = [
        76.180_091_729_471_46,
        -86.505_320_329_416_77,
        24.014_098_240_830_91,
        -1.231_739_572_450_155,
        0.120_865_097_386_617_9e-2,
        -0.539_523_938_495_3e-5,
    ];
    let base = x + 5.5;
    let base = base - (x + 0.5) * base.ln();
    let mut sum = 1.000_000_000_190_015;
    for (n, term) in (1_u8..).zip(TERMS) {
        sum += term / (x + f64::from(n));
    }
    (2.506_628_274_631_000_5 * sum / x).ln() - base
}

/// Regularised incomplete gamma functions (lower, upper) at (a, x): series below a + 1, continued fraction above.
fn gamma_shares(a: f64, x: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    let factor = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        for _ in 0..100_000 {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * 1e-15 {
                break;
            }
        }
        let lower = (factor * sum).clamp(0.0, 1.0);
        return (lower, 1.0 - lower);
    }
    let tiny = 1e-300;
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / tiny, 1.0 / b);
    let mut fraction = d;
    for n in 1..100_000_u32 {
        let n = f64::from(n);
        let an = -n * (n - a);
        b += 2.0;
        d = an * d + b;
        d = 1.0 / if d.abs() < tiny { tiny } else { d };
        c = b + an / c;
        c = if c.abs() < tiny { tiny } else { c };
        let step = d * c;
        fraction *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    let upper = (factor * fraction).clamp(0.0, 1.0);
    (1.0 - upper, upper)
}

/// Chance of `k` or more events when `mean` are expected.
pub fn at_least(k: u64, mean: f64) -> f64 {
    match k {
        0 => 1.0,
        k => gamma_shares(k as f64, mean).0,
    }
}

/// Chance of `k` or fewer events when `mean` are expected.
pub fn at_most(k: u64, mean: f64) -> f64 {
    gamma_shares(k as f64 + 1.0, mean).1
}

/// The smallest count that `mean` expected events reach with a chance of at most `chance`.
pub fn bound(mean: f64, chance: f64) -> u64 {
    let mut k = mean.max(0.0).floor() as u64;
    while at_least(k, mean) > chance {
        k += 1;
    }
    k
}

/// Exact 95 % interval of the mean behind a count (Garwood 1936): from where so many or more are rare to where so
/// few or fewer are.
pub fn interval(k: u64) -> (f64, f64) {
    const TAIL: f64 = 0.025;
    let furthest = k as f64 + 12.0 * (k as f64 + 1.0).sqrt() + 20.0;
    let low = match k {
        0 => 0.0,
        k => solve(0.0, furthest, |mean| at_least(k, mean) < TAIL),
    };
    (low, solve(0.0, furthest, |mean| at_most(k, mean) > TAIL))
}

/// Where `below` ceases to hold, between `from` and `to`, by halving.
fn solve(mut from: f64, mut to: f64, below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..80 {
        let middle = (from + to) / 2.0;
        if below(middle) {
            from = middle;
        } else {
            to = middle;
        }
    }
    (from + to) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tails_agree_with_the_sum_of_the_terms() {
        for mean in [0.03, 0.4, 3.0, 17.5, 240.0] {
            let (mut term, mut sum) = ((-mean_of(mean)).exp(), 0.0);
            for k in 0..40_u64 {
                assert!((at_least(k, mean) - (1.0 - sum)).abs() < 1e-9, "{k} {mean}");
                sum += term;
                assert!((at_most(k, mean) - sum).abs() < 1e-9, "{k} {mean}");
                term *= mean / (k + 1) as f64;
            }
        }
        fn mean_of(mean: f64) -> f64 {
            mean
        }
    }

    #[test]
    fn intervals_are_those_of_the_tables() {
        // Garwood's exact 95 % limits, as printed in tables of the Poisson distribution.
        for (k, low, high) in [
            (0, 0.0, 3.6889),
            (1, 0.0253, 5.5716),
            (5, 1.6235, 11.6683),
            (20, 12.2165, 30.8884),
            (100, 81.3636, 121.6273),
        ] {
            let (got_low, got_high) = interval(k);
            assert!((got_low - low).abs() < 1e-3, "{k}: {got_low}");
            assert!((got_high - high).abs() < 1e-3, "{k}: {got_high}");
        }
    }

    #[test]
    fn the_bound_is_the_first_count_that_is_rare() {
        for (mean, chance, expect) in [
            (0.0, 0.001, 1),
            (0.03, 0.001, 2),
            (0.3, 0.001, 4),
            (1.0, 0.001, 6),
            (10.0, 0.001, 22),
        ] {
            assert_eq!(bound(mean, chance), expect, "{mean}");
            assert!(at_least(expect, mean) <= chance && at_least(expect - 1, mean) > chance);
        }
    }

    proptest! {
        #[test]
        fn tails_add_up_to_one(k in 1_u64..5_000, mean in 0.0_f64..5_000.0) {
            let sum = at_least(k, mean) + at_most(k - 1, mean);
            prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }

        #[test]
        fn an_interval_holds_its_count(k in 0_u64..3_000) {
            let (low, high) = interval(k);
            prop_assert!(low <= k as f64 && (k as f64) < high);
        }
    }
}
