//! Two charts as numbers for a template: what was seen beside what was predicted, by camera; and day by day. Drawn with
//! classes only. Must not hold a word that is not also in the table beside it.

use super::{CameraCounted, DayCounted};
use crate::console::{
    Shell,
    words::{Lang, number},
};

/// Width of both charts; a phone shows them about as large as they are.
pub const WIDTH: f64 = 360.0;
const LEFT: f64 = 4.0;
const PLOT: f64 = 344.0;
const ROW: f64 = 62.0;
const DAYS_HEIGHT: f64 = 96.0;
const LONGEST_NAME: usize = 44;

/// A rate for 1,000 searches, by two significant digits.
pub fn figure(lang: Lang, value: f64) -> String {
    let text = match value {
        v if v <= 0.0 => return "0".into(),
        v if v < 0.000_1 => format!("< {:.4}", 0.0001),
        v if v >= 100.0 => return number(lang, v.round() as u64),
        v => {
            let digits = (1 - v.log10().floor() as i32).max(0) as usize;
            format!("{v:.digits$}")
        }
    };
    match lang {
        Lang::Id => text.replace('.', ","),
        Lang::En => text,
    }
}

/// One camera: what was seen (line and dot) over what was predicted (band).
pub struct Row {
    /// Its name, cut when long.
    pub name: String,
    /// The figures in words.
    pub words: String,
    /// Top of the row.
    pub y: i64,
    /// Left end of the interval seen.
    pub low: i64,
    /// Right end.
    pub high: i64,
    /// The value seen.
    pub value: i64,
    /// Left end and width of the band predicted, when there is one.
    pub band: Option<(i64, i64)>,
}

/// The chart by camera.
pub struct ByCamera {
    /// Rows, one a camera that searched somebody.
    pub rows: Vec<Row>,
    /// Height.
    pub height: i64,
    /// Words of the right end of the scale.
    pub most: String,
}

/// Draws cameras on one scale, false alerts for 1,000 searches, from zero.
pub fn by_camera(shell: &Shell, cameras: &[CameraCounted]) -> ByCamera {
    let shown: Vec<_> = cameras
        .iter()
        .filter_map(|own| Some((own, own.counted.rate?)))
        .collect();
    let most = shown
        .iter()
        .map(|(own, rate)| {
            let predicted = own.counted.predicted_rate.map_or(0.0, |p| p.high);
            rate.high.max(predicted)
        })
        .fold(1e-9, f64::max);
    let x = |share: f64| (LEFT + share.clamp(0.0, most) / most * PLOT).round() as i64;
    let row = |(n, (own, rate)): (usize, &(&CameraCounted, tapal_domain::false_alert::Rate))| Row {
        name: cut(&own.name),
        words: super::page::rates(shell, &own.counted),
        y: (n as f64 * ROW) as i64,
        low: x(rate.low),
        high: x(rate.high),
        value: x(rate.value),
        band: own.counted.predicted_rate.map(|p| {
            let left = x(p.low);
            (left, (x(p.high) - left).max(2))
        }),
    };
    ByCamera {
        rows: shown.iter().enumerate().map(row).collect(),
        height: (shown.len() as f64 * ROW + 22.0) as i64,
        most: figure(shell.lang, most * 1_000.0),
    }
}

fn cut(name: &str) -> String {
    match name.chars().count() {
        n if n > LONGEST_NAME => {
            let kept: String = name.chars().take(LONGEST_NAME - 1).collect();
            format!("{kept}…")
        }
        _ => name.to_owned(),
    }
}

/// One day: judged not the same, undecided above it, predicted as a line across.
pub struct Bar {
    /// Left edge.
    pub x: i64,
    /// Width.
    pub width: i64,
    /// Top and height of those judged not the same.
    pub sure: (i64, i64),
    /// Top and height of the undecided.
    pub open: (i64, i64),
    /// Height of the line of the prediction, when there is one.
    pub predicted: Option<i64>,
}

/// The chart by day.
pub struct ByDay {
    /// Bars, oldest first.
    pub bars: Vec<Bar>,
    /// Words of the top of the scale.
    pub most: String,
    /// First and last day.
    pub ends: (String, String),
}

/// Draws days, false alerts counted, from zero.
pub fn by_day(shell: &Shell, days: &[DayCounted]) -> ByDay {
    let value = |day: &DayCounted| {
        let predicted = day.counted.prediction.map_or(0.0, |p| p.value);
        (day.counted.tally.at_worst() as f64).max(predicted)
    };
    let most = days.iter().map(value).fold(1.0, f64::max);
    let tall = |count: f64| (count / most * DAYS_HEIGHT).round() as i64;
    let step = PLOT / days.len().max(1) as f64;
    let base = DAYS_HEIGHT as i64 + 16;
    let bar = |(n, day): (usize, &DayCounted)| {
        let tally = &day.counted.tally;
        let (sure, open) = (
            tall(tally.not_same as f64),
            tall((tally.undecided + tally.open) as f64),
        );
        Bar {
            x: (LEFT + n as f64 * step) as i64,
            width: ((step * 0.8) as i64).clamp(1, 40),
            sure: (base - sure, sure),
            open: (base - sure - open, open),
            predicted: day.counted.prediction.map(|p| base - tall(p.value)),
        }
    };
    let end = |day: Option<&DayCounted>| day.map(|day| day.day.clone()).unwrap_or_default();
    ByDay {
        bars: days.iter().enumerate().map(bar).collect(),
        most: match most.fract() == 0.0 {
            true => number(shell.lang, most as u64),
            false => figure(shell.lang, most),
        },
        ends: (end(days.first()), end(days.last())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_carry_two_digits_and_the_mark_of_the_language() {
        for (value, expect) in [
            (0.0, "0"),
            (0.000_01, "< 0.0001"),
            (0.004_21, "0.0042"),
            (0.42, "0.42"),
            (4.21, "4.2"),
            (42.1, "42"),
            (1_234.0, "1,234"),
        ] {
            assert_eq!(figure(Lang::En, value), expect);
        }
        assert_eq!(figure(Lang::Id, 4.21), "4,2");
    }
}
