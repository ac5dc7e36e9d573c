//! Axes of the report's charts: linear, logarithmic, normal deviates. Numbers only.

/// How values are laid out along an axis.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Linear,
    Log,
    /// Standard normal quantiles, in which the error trade-off of two normal heaps is a straight line
    /// (Martin et al., Eurospeech 1997).
    Normal,
}

/// One axis: what it runs over and where its marks are.
pub struct Axis {
    kind: Kind,
    from: f64,
    to: f64,
    /// Value and text of each mark.
    pub marks: Vec<(f64, String)>,
    /// What it shows, with its unit.
    pub title: String,
}

impl Axis {
    /// Whole steps between two values, with so many digits.
    pub fn linear(from: f64, to: f64, step: f64, digits: usize, title: &str) -> Self {
        let count = ((to - from) / step + 0.5).floor().max(1.0) as usize;
        let marks = (0..=count).map(|i| from + i as f64 * step);
        Axis {
            kind: Kind::Linear,
            marks: marks.map(|v| (v, format!("{v:.digits$}"))).collect(),
            from,
            to,
            title: title.into(),
        }
    }

    /// Powers of ten between two exponents.
    pub fn log(from: i32, to: i32, title: &str) -> Self {
        let marks = (from..=to).map(|e| (10f64.powi(e), rate(10f64.powi(e))));
        Axis {
            kind: Kind::Log,
            from: 10f64.powi(from),
            to: 10f64.powi(to),
            marks: marks.collect(),
            title: title.into(),
        }
    }

    /// Shares of errors in normal deviates, from 1 in 10^-low to 50 %.
    pub fn normal(from: f64, to: f64, title: &str) -> Self {
        let all = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8];
        let inside = all.iter().filter(|v| **v >= from * 0.999 && **v <= to);
        Axis {
            kind: Kind::Normal,
            from,
            to,
            marks: inside.map(|v| (*v, rate(*v))).collect(),
            title: title.into(),
        }
    }

    /// 0 at the beginning, 1 at the end; values outside are held at the ends.
    pub fn at(&self, value: f64) -> f64 {
        let place = |v: f64| match self.kind {
            Kind::Linear => v,
            Kind::Log => v.max(1e-300).log10(),
            Kind::Normal => deviate(v),
        };
        ((place(value) - place(self.from)) / (place(self.to) - place(self.from))).clamp(0.0, 1.0)
    }
}

/// A rate as people read it: 5 %, or 1 in so many.
pub fn rate(value: f64) -> String {
    if value <= 0.0 {
        return "0".into();
    }
    if value >= 0.000_95 {
        let percent = value * 100.0;
        let digits = if percent < 1.0 {
            2
        } else {
            usize::from(percent < 10.0)
        };
        let text = format!("{percent:.digits$}");
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        // The sign stays beside its number at the end of a line.
        return format!("{text}\u{a0}%");
    }
    let exponent = (value * 1.005).log10().floor() as i32;
    let lead = value / 10f64.powi(exponent);
    if (lead - 1.0).abs() < 0.005 {
        format!("10{}", raised(exponent))
    } else {
        format!("{lead:.1}·10{}", raised(exponent))
    }
}

fn raised(exponent: i32) -> String {
    let digit = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        d => char::from_u32(0x2070 + d.to_digit(10).unwrap_or(0)).unwrap_or(d),
    };
    exponent.to_string().chars().map(digit).collect()
}

/// Standard normal quantile: Newton steps on the distribution function (series and continued fraction).
pub fn deviate(share: f64) -> f64 {
    let p = share.clamp(1e-9, 1.0 - 1e-9);
    let (mut low, mut high) = (-6.5, 6.5);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if below(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// Standard normal distribution function (Abramowitz and Stegun 26.2.17; error below 7.5e-8) with the exact tail
/// expansion 26.2.12 beyond 3.
fn below(z: f64) -> f64 {
    let x = z.abs();
    let density = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let tail = if x > 3.0 {
        let y = x * x;
        density / x * (1.0 - 1.0 / y + 3.0 / (y * y) - 15.0 / (y * y * y) + 105.0 / y.powi(4))
    } else {
        let t = 1.0 / (1.0 + 0.231_641_9 * x);
        let terms = [
            0.319_381_530,
            -0.356_563_782,
            1.781_477_937,
            -1.821_255_978,
            1.330_274_429,
        ];
        density * terms.iter().rev().fold(0.0, |sum, b| (sum + b) * t)
    };
    if z < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_deviates_are_those_of_the_table() {
        for (share, z) in [
            (0.5, 0.0),
            (0.025, -1.959_964),
            (0.01, -2.326_348),
            (1e-4, -3.719_016),
            (0.8, 0.841_621),
        ] {
            assert!(
                (deviate(share) - z).abs() < 0.01,
                "{share}: {}",
                deviate(share)
            );
        }
    }

    #[test]
    fn rates_are_readable() {
        for (value, text) in [
            (0.05, "5\u{a0}%"),
            (0.012, "1.2\u{a0}%"),
            (0.001, "0.1\u{a0}%"),
            (1e-5, "10⁻⁵"),
            (3.16e-7, "3.2·10⁻⁷"),
            (9.99e-6, "10⁻⁵"),
            (9.99e-4, "0.1\u{a0}%"),
            (0.0, "0"),
            (0.5, "50\u{a0}%"),
            (0.2, "20\u{a0}%"),
        ] {
            assert_eq!(rate(value), text);
        }
    }

    #[test]
    fn an_axis_runs_from_end_to_end() {
        let axis = Axis::log(-4, -1, "x");
        assert!((axis.at(1e-4), axis.at(1e-1)) == (0.0, 1.0));
        assert!((axis.at(10f64.powf(-2.5)) - 0.5).abs() < 1e-9);
        assert_eq!(axis.at(1e-9), 0.0);
        let axis = Axis::normal(1e-4, 0.4, "x");
        assert!(axis.at(1e-2) > 0.3 && axis.marks.len() > 4);
    }
}
