//! A page as ink and paper, turned so that its lines lie level. Must not look for signs.

use zeroize::Zeroize;

use super::{WIDE, grid::Band};
use crate::frame::Frame;

/// Steepest lines looked for, rows a column.
const STEEPEST: f32 = 0.12;
/// Darker than this share of the brightness around is ink.
const INK: f32 = 0.80;
/// Over this many stripes the ink of a line must be spread.
const STRIPES: usize = 40;
/// In how many of them at least.
const SPREAD: usize = 11;

/// The page, [`WIDE`] columns.
pub(super) struct Straight {
    height: usize,
    grey: Vec<u8>,
    ink: Vec<bool>,
}

impl Drop for Straight {
    fn drop(&mut self) {
        self.grey.zeroize();
        self.ink.zeroize();
    }
}

impl Straight {
    /// `None` for a picture that cannot hold a page.
    pub fn of(frame: &Frame) -> Option<Self> {
        let (wide, high) = (frame.width as usize, frame.height as usize);
        if wide < 200 || high < 60 || high > wide * 4 {
            return None;
        }
        let height = (high * WIDE).div_ceil(wide);
        let mut grey = scaled(frame, height);
        let ink = inked(&grey, height);
        let slope = slope(&ink, height);
        let straight = Straight {
            height,
            ink: sheared(&ink, height, slope, false),
            grey: sheared(&grey, height, slope, 255),
        };
        grey.zeroize();
        Some(straight)
    }

    /// The lowest two or three lines that are alike and go over the width: first row and first row after.
    pub fn lines(&self) -> Vec<(usize, usize)> {
        let spread = |y: usize| {
            let row = self.ink.get(y * WIDE..(y + 1) * WIDE).unwrap_or_default();
            row.chunks(WIDE / STRIPES)
                .filter(|stripe| stripe.contains(&true))
                .count()
                > SPREAD
        };
        let (mut runs, mut start): (Vec<(usize, usize)>, Option<usize>) = (Vec::new(), None);
        for y in 0..=self.height {
            match (y < self.height && spread(y), start) {
                (true, None) => start = Some(y),
                (false, Some(from)) => {
                    runs.push((from, y));
                    start = None;
                }
                _ => {}
            }
        }
        runs.retain(|(from, to)| (10..=90).contains(&(to - from)));
        let mut lines: Vec<(usize, usize)> = Vec::new();
        for run in runs.into_iter().rev() {
            let Some(below) = lines.last() else {
                lines.push(run);
                continue;
            };
            let (own, tall) = (run.1 - run.0, below.1 - below.0);
            let alike = own.abs_diff(tall) * 100 <= 35 * tall + 200;
            let near = (below.0 - run.1) * 10 < tall * 22;
            if !(alike && near && lines.len() < 3) {
                break;
            }
            lines.push(run);
        }
        lines.reverse();
        lines
    }

    /// A line with a quarter of its height around it.
    pub fn band(&self, (from, to): (usize, usize)) -> Band {
        let around = ((to - from) / 4).max(2);
        let (top, bottom) = (from.saturating_sub(around), (to + around).min(self.height));
        let part = top * WIDE..bottom * WIDE;
        let grey = self.grey.get(part.clone()).unwrap_or_default().to_vec();
        Band::new(WIDE, self.ink.get(part).unwrap_or_default().to_vec(), grey)
    }
}

/// Brightness, [`WIDE`] columns: the mean of the pixels under each where there are more, else between its neighbours.
fn scaled(frame: &Frame, height: usize) -> Vec<u8> {
    let step = frame.width as f32 / WIDE as f32;
    let grey = |x: i64, y: i64| {
        let [r, g, b] = frame.pixel(x, y);
        (f32::from(r) * 0.299) + (f32::from(g) * 0.587) + (f32::from(b) * 0.114)
    };
    let at = |x: usize, y: usize| {
        let (cx, cy) = ((x as f32 + 0.5) * step - 0.5, (y as f32 + 0.5) * step - 0.5);
        if step > 1.5 {
            let reach = (step / 2.0).floor() as i64;
            let (cx, cy) = (cx.round() as i64, cy.round() as i64);
            let near = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy)));
            let sum: f32 = near.map(|(dx, dy)| grey(cx + dx, cy + dy)).sum();
            return sum / ((2 * reach + 1) * (2 * reach + 1)) as f32;
        }
        let (x0, y0) = (cx.floor(), cy.floor());
        let (fx, fy, x0, y0) = (cx - x0, cy - y0, x0 as i64, y0 as i64);
        let above = grey(x0, y0) * (1.0 - fx) + grey(x0 + 1, y0) * fx;
        let below = grey(x0, y0 + 1) * (1.0 - fx) + grey(x0 + 1, y0 + 1) * fx;
        above * (1.0 - fy) + below * fy
    };
    let rows = (0..height).flat_map(|y| (0..WIDE).map(move |x| (x, y)));
    rows.map(|(x, y)| at(x, y).round().clamp(0.0, 255.0) as u8)
        .collect()
}

/// What is darker than its surroundings (mean over a square, by summed areas).
fn inked(grey: &[u8], height: usize) -> Vec<bool> {
    let reach = WIDE / 80;
    let mut sums = vec![0u64; (WIDE + 1) * (height + 1)];
    for y in 0..height {
        let mut row = 0u64;
        for x in 0..WIDE {
            row += u64::from(grey.get(y * WIDE + x).copied().unwrap_or(255));
            let above = sums.get(y * (WIDE + 1) + x + 1).copied().unwrap_or(0);
            if let Some(sum) = sums.get_mut((y + 1) * (WIDE + 1) + x + 1) {
                *sum = above + row;
            }
        }
    }
    let sum = |x: usize, y: usize| sums.get(y * (WIDE + 1) + x).copied().unwrap_or(0);
    let is_ink = |(at, value): (usize, &u8)| {
        let (x, y) = (at % WIDE, at / WIDE);
        let (l, r) = (x.saturating_sub(reach), (x + reach + 1).min(WIDE));
        let (t, b) = (y.saturating_sub(reach), (y + reach + 1).min(height));
        let mean = (sum(r, b) + sum(l, t)).saturating_sub(sum(l, b) + sum(r, t)) as f32
            / ((r - l) * (b - t)) as f32;
        f32::from(*value) < mean * INK
    };
    grey.iter().enumerate().map(is_ink).collect()
}

/// By which slope the rows of ink stand out most: the squared steps between rows, coarse, then fine.
fn slope(ink: &[bool], height: usize) -> f32 {
    let steps =
        |from: f32, step: f32, count: usize| (0..count).map(move |n| from + step * n as f32);
    let best = |slopes: &mut dyn Iterator<Item = f32>| {
        let judged = slopes.map(|slope| (sharpness(ink, height, slope), slope));
        judged
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(0.0, |(_, slope)| slope)
    };
    let coarse = best(&mut steps(-STEEPEST, 0.005, 49));
    best(&mut steps(coarse - 0.005, 0.001, 11))
}

fn shift(x: usize, slope: f32) -> isize {
    ((x as f32 - WIDE as f32 / 2.0) * slope).round() as isize
}

fn sharpness(ink: &[bool], height: usize, slope: f32) -> f32 {
    let mut rows = vec![0u32; height];
    for x in (0..WIDE).step_by(2) {
        let down = shift(x, slope);
        for y in 0..height {
            let to = y as isize - down;
            let is = ink.get(y * WIDE + x).copied().unwrap_or(false);
            if let (true, Ok(to)) = (is, usize::try_from(to))
                && let Some(row) = rows.get_mut(to)
            {
                *row += 1;
            }
        }
    }
    let lower = rows.get(height / 3..).unwrap_or_default();
    lower
        .windows(2)
        .map(|pair| pair[0].abs_diff(pair[1]).pow(2) as f32)
        .sum()
}

/// Each column moved by the slope.
fn sheared<T: Copy>(plane: &[T], height: usize, slope: f32, blank: T) -> Vec<T> {
    let of = |at: usize| {
        let (x, y) = (at % WIDE, at / WIDE);
        let from = usize::try_from(y as isize + shift(x, slope))
            .ok()
            .filter(|from| *from < height);
        from.and_then(|from| plane.get(from * WIDE + x))
            .copied()
            .unwrap_or(blank)
    };
    (0..WIDE * height).map(of).collect()
}
