//! Which chart shows what. It lays out figures that were measured elsewhere.

use tapal_vision::eval::{Bands, Curve, SearchReport};

use super::Language;
use super::chart::Chart;
use super::scale::{Axis, rate};
use super::tables::measure;
use super::words::{Word, word};

const SERIES: [&str; 4] = ["series1", "series2", "series3", "series4"];

/// Predicted and measured FPIR by list size.
pub fn predicted(report: &SearchReport, language: Language) -> String {
    let say = |w| word(w, language);
    let sizes = report.by_n.len();
    let mut x = Axis::linear(0.0, sizes as f64, 1.0, 0, &say(Word::ListSize));
    let place = |i: usize| i as f64 + 0.5;
    x.marks = (0..sizes)
        .map(|i| (place(i), format!("N = {}", report.by_n[i].n)))
        .collect();
    let y = Axis::log(-5, 0, "FPIR");
    let mut chart = Chart::new(&say(Word::PredictedTitle), x, y, 420.0);
    for (i, size) in report.by_n.iter().enumerate() {
        for (series, (name, row)) in size.fnir_at_fpir.iter().rev().enumerate() {
            let (Some(row), class) = (row, SERIES[series % 4]) else {
                continue;
            };
            let at = place(i) - 0.28 + 0.28 * series as f64;
            let p = row.predicted.fpir;
            chart.range(at, [p.low, p.high], p.value, class);
            if let Some(value) = row.measured.fpir.value {
                chart.dot((at, value), row.measured.fpir.ci95, class);
            }
            if i + 1 == sizes {
                let target = name.parse::<f64>().map(rate).unwrap_or_default();
                chart.word((sizes as f64, p.value), 0.0, &target, class);
            }
        }
    }
    chart.svg()
}

fn error_axes(language: Language, x: Word, y: Word, curves: &[&Curve]) -> (Axis, Axis) {
    let points = || curves.iter().flat_map(|c| &c.points);
    let least = points().map(|p| p.false_positive).fold(0.1, f64::min);
    let lowest = points().map(|p| p.ci95[0].max(1e-4)).fold(0.05, f64::min);
    let highest = points().map(|p| p.ci95[1]).fold(0.1, f64::max);
    (
        Axis::normal(least * 0.8, 0.41, &word(x, language)),
        Axis::normal(lowest * 0.8, (highest * 1.3).min(0.95), &word(y, language)),
    )
}

/// `dy` moves the label away from a neighbour's.
fn draw(chart: &mut Chart, curve: &Curve, class: &str, label: &str, dy: f64) {
    let band = curve
        .points
        .iter()
        .map(|p| (p.false_positive, p.ci95[0], p.ci95[1]));
    chart.band(&band.collect::<Vec<_>>(), class);
    let line = curve
        .points
        .iter()
        .map(|p| (p.false_positive, p.false_negative));
    chart.line(&line.collect::<Vec<_>>(), class);
    if let Some(p) = curve.points.first() {
        chart.word((p.false_positive, p.false_negative), dy, label, class);
    }
}

/// FNIR against FPIR, one line a size.
pub fn trade(report: &SearchReport, language: Language) -> String {
    let curves = report.by_n.iter().map(|s| &s.curve).collect::<Vec<_>>();
    let (x, y) = error_axes(language, Word::Fpir, Word::Fnir, &curves);
    let mut chart = Chart::new(&word(Word::TradeTitle, language), x, y, 440.0);
    for (i, size) in report.by_n.iter().enumerate() {
        draw(
            &mut chart,
            &size.curve,
            SERIES[i % 4],
            &format!("N = {}", size.n),
            [0.0, 9.0, -9.0, 0.0][i % 4],
        );
    }
    chart.svg()
}

/// FNMR against FMR.
pub fn one_to_one(report: &SearchReport, language: Language) -> String {
    let (x, y) = error_axes(language, Word::Fmr, Word::Fnmr, &[&report.one_to_one]);
    let mut chart = Chart::new(&word(Word::OneTitle, language), x, y, 420.0);
    draw(&mut chart, &report.one_to_one, "series1", &report.pack, 0.0);
    chart.svg()
}

/// Both heaps of scores, with the card's thresholds.
pub fn histogram(report: &SearchReport, thresholds: [f32; 2], language: Language) -> String {
    let h = &report.histogram;
    let say = |w| word(w, language);
    let used = |i: &usize| h.one_person[*i] + h.two_people[*i] > 0;
    let bins = h.one_person.len();
    let first = (0..bins).find(used).unwrap_or(0);
    let last = (0..bins).rev().find(used).unwrap_or(bins - 1);
    let edge = |i: usize| f64::from(h.from) + i as f64 * f64::from(h.step);
    let heaps = [
        (&h.two_people, "series2", Word::TwoPeople),
        (&h.one_person, "series1", Word::OnePerson),
    ];
    let share = |heap: &Vec<u64>, i: usize| heap[i] as f64 / heap.iter().sum::<u64>().max(1) as f64;
    let tallest = (first..=last).flat_map(|i| heaps.iter().map(move |(heap, ..)| share(heap, i)));
    let tallest = (tallest.fold(0.0, f64::max) * 20.0).ceil() / 20.0;
    let step = if edge(last) - edge(first) > 0.5 {
        0.2
    } else {
        0.05
    };
    let from = (edge(first) / step).floor() * step;
    let x = Axis::linear(
        from,
        from + ((edge(last + 1) - from) / step).ceil() * step,
        step,
        2,
        &say(Word::Score),
    );
    let mut y = Axis::linear(
        0.0,
        tallest,
        tallest / 4.0,
        3,
        &say(Word::ShareOfComparisons),
    );
    y.marks.iter_mut().for_each(|(v, text)| *text = rate(*v));
    let mut chart = Chart::new(&say(Word::HistogramTitle), x, y, 380.0);
    for (heap, class, name) in heaps {
        let bars = (first..=last)
            .map(|i| (edge(i), share(heap, i)))
            .collect::<Vec<_>>();
        chart.steps(&bars, f64::from(h.step), class);
        let top = bars.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some(top) = top {
            chart.word(
                (top.0 + 2.0 * f64::from(h.step), top.1),
                8.0,
                &say(name),
                class,
            );
        }
    }
    let marks = [
        (thresholds[0], Word::Possible),
        (thresholds[1], Word::Match),
    ];
    for (row, (threshold, name)) in marks.into_iter().enumerate() {
        chart.upright(
            f64::from(threshold),
            &format!("{} {threshold}", say(name)),
            row,
        );
    }
    chart.svg()
}

/// Score to false-match rate.
pub fn calibration(report: &SearchReport, language: Language) -> String {
    let Some(c) = report.calibration.as_ref().filter(|c| c.points.len() > 1) else {
        return String::new();
    };
    let say = |w| word(w, language);
    let (first, last) = (c.points[0].score, c.points[c.points.len() - 1].score);
    let step = if last - first > 0.3 { 0.1 } else { 0.02 };
    let from = (f64::from(first) / step).floor() * step;
    let to = (f64::from(last) / step).ceil() * step;
    let x = Axis::linear(from, to, step, 2, &say(Word::Score));
    let mut chart = Chart::new(
        &say(Word::CalibrationTitle),
        x,
        Axis::log(-10, 0, &say(Word::Fmr)),
        460.0,
    );
    let place = |p: &tapal_domain::calibration::RatePoint| f64::from(p.score);
    let band = c.points.iter().map(|p| (place(p), p.low, p.high));
    chart.band(&band.collect::<Vec<_>>(), "series1");
    let line = c.points.iter().map(|p| (place(p), p.fmr));
    chart.line(&line.collect::<Vec<_>>(), "series1");
    for p in c.points.iter().filter(|p| p.fmr >= c.counted_fmr * 0.999) {
        chart.dot((place(p), p.fmr), None, "series1");
    }
    chart.line(&[(from, c.trusted_fmr), (to, c.trusted_fmr)], "series2");
    chart.word(
        (from, c.trusted_fmr),
        12.0,
        &format!("{}: {}", say(Word::Beyond), rate(c.trusted_fmr)),
        "series2",
    );
    chart.svg()
}

/// FNIR by quality, one group of five dots a measure.
pub fn quality(report: &SearchReport, language: Language) -> String {
    let say = |w| word(w, language);
    let known = |bands: &&Bands| !bands.bands.is_empty();
    let all = report.quality.iter().filter(known).collect::<Vec<_>>();
    let mut x = Axis::linear(0.0, all.len() as f64, 1.0, 0, "");
    x.marks = all
        .iter()
        .enumerate()
        .map(|(i, b)| {
            let name = word(measure(b.measure), language);
            (
                i as f64 + 0.5,
                name.split(',').next().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let top = all
        .iter()
        .flat_map(|b| &b.bands)
        .filter_map(|b| b.fnir.ci95)
        .map(|c| c[1]);
    let top = (top.fold(0.02, f64::max) * 20.0).ceil() / 20.0;
    let mut y = Axis::linear(0.0, top, top / 5.0, 3, "FNIR");
    y.marks.iter_mut().for_each(|(v, text)| *text = rate(*v));
    let mut chart = Chart::new(&say(Word::QualityTitle), x, y, 360.0);
    for (i, bands) in all.iter().enumerate() {
        for (at, band) in bands.bands.iter().enumerate() {
            if let Some(value) = band.fnir.value {
                let x = i as f64 + 0.2 + 0.15 * at as f64;
                chart.dot((x, value), band.fnir.ci95, SERIES[i % 4]);
            }
        }
    }
    chart.svg()
}
