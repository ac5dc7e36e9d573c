//! Charts as inline SVG without colours of their own: the page's style names them, light and dark. No script.

use std::fmt::Write;

use super::scale::Axis;

const WIDTH: f64 = 640.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 96.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 48.0;

/// A chart in the making.
pub struct Chart {
    x: Axis,
    y: Axis,
    height: f64,
    body: String,
    name: String,
}

/// Text that may stand inside markup.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

impl Chart {
    /// `name` is what a screen reader says instead of the picture.
    pub fn new(name: &str, x: Axis, y: Axis, height: f64) -> Self {
        Chart {
            x,
            y,
            height,
            body: String::new(),
            name: name.into(),
        }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + self.x.at(value) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        self.height - BOTTOM - self.y.at(value) * (self.height - TOP - BOTTOM)
    }

    fn put(&mut self, markup: std::fmt::Arguments<'_>) {
        let _ = self.body.write_fmt(markup);
    }

    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let place = |(i, (x, y)): (usize, (f64, f64))| {
            let (x, y) = (self.x(x), self.y(y));
            format!("{}{x:.1} {y:.1}", if i == 0 { "M" } else { "L" })
        };
        points.enumerate().map(place).collect()
    }

    /// A line; `class` is its colour, `series1` to `series4`.
    pub fn line(&mut self, points: &[(f64, f64)], class: &str) {
        let path = self.path(points.iter().copied());
        self.put(format_args!("<path class=\"line {class}\" d=\"{path}\"/>"));
    }

    /// The area between two lines over the same x.
    pub fn band(&mut self, points: &[(f64, f64, f64)], class: &str) {
        let low = points.iter().map(|(x, low, _)| (*x, *low));
        let high = points.iter().rev().map(|(x, _, high)| (*x, *high));
        let path = self.path(low.chain(high));
        self.put(format_args!("<path class=\"band {class}\" d=\"{path}Z\"/>"));
    }

    /// Steps from the bottom, `width` wide each.
    pub fn steps(&mut self, bins: &[(f64, f64)], width: f64, class: &str) {
        let base = self.height - BOTTOM;
        let mut path = String::new();
        for (x, y) in bins {
            let (left, right, top) = (self.x(*x), self.x(x + width), self.y(*y));
            let _ = write!(path, "M{left:.1} {base:.1}V{top:.1}H{right:.1}V{base:.1}Z");
        }
        self.put(format_args!("<path class=\"bars {class}\" d=\"{path}\"/>"));
    }

    /// A dot with a whisker up and down.
    pub fn dot(&mut self, at: (f64, f64), ends: Option<[f64; 2]>, class: &str) {
        let (x, y) = (self.x(at.0), self.y(at.1));
        if let Some([low, high]) = ends {
            let (low, high) = (self.y(low), self.y(high));
            self.put(format_args!(
                "<path class=\"line {class}\" d=\"M{x:.1} {low:.1}V{high:.1}\"/>"
            ));
        }
        self.put(format_args!(
            "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"
        ));
    }

    /// A thick upright bar from one value to another: a predicted interval, with a stroke at its value.
    pub fn range(&mut self, x: f64, ends: [f64; 2], value: f64, class: &str) {
        let x = self.x(x);
        let (low, high, value) = (self.y(ends[0]), self.y(ends[1]), self.y(value));
        self.put(format_args!(
            "<rect class=\"band {class}\" x=\"{:.1}\" y=\"{high:.1}\" width=\"18\" height=\"{:.1}\"/><path class=\"line {class}\" d=\"M{:.1} {value:.1}h18\"/>",
            x - 9.0,
            (low - high).max(1.0),
            x - 9.0
        ));
    }

    /// An upright line at a value of x, with a word at its top.
    pub fn upright(&mut self, x: f64, word: &str, row: usize) {
        let (x, bottom) = (self.x(x), self.height - BOTTOM);
        let y = TOP + 10.0 + row as f64 * 15.0;
        self.put(format_args!(
            "<path class=\"mark\" d=\"M{x:.1} {TOP}V{bottom:.1}\"/><text x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            x + 4.0,
            escape(word)
        ));
    }

    /// A word beside a point, `dy` pixels lower.
    pub fn word(&mut self, at: (f64, f64), dy: f64, word: &str, class: &str) {
        let (x, y) = (self.x(at.0) + 8.0, self.y(at.1) + dy + 4.0);
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            escape(word)
        ));
    }

    /// The finished picture.
    pub fn svg(self) -> String {
        let (right, bottom) = (WIDTH - RIGHT, self.height - BOTTOM);
        let mut axes = String::new();
        for (value, text) in &self.x.marks {
            let x = self.x(*value);
            let _ = write!(
                axes,
                "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom:.1}\"/><text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 17.0,
                escape(text)
            );
        }
        for (value, text) in &self.y.marks {
            let y = self.y(*value);
            let _ = write!(
                axes,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right:.1}\"/><text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                y + 4.0,
                escape(text)
            );
        }
        let (middle, half) = ((LEFT + right) / 2.0, (TOP + bottom) / 2.0);
        let _ = write!(
            axes,
            "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text><text transform=\"translate(14 {half:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            self.height - 8.0,
            escape(&self.x.title),
            escape(&self.y.title)
        );
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{}\">{axes}{}</svg>",
            self.height,
            escape(&self.name),
            self.body
        )
    }
}
