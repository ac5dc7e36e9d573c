//! Lines of a zone and the one grid over them: where each cell lies, and whether it holds a filler. Must not read any other
//! sign.

use zeroize::Zeroize;

/// Columns of pixels with less ink than this share of the height are specks, not signs.
const SPECK: f32 = 0.2;

/// One line, straight.
pub(super) struct Band {
    pub width: usize,
    pub height: usize,
    ink: Vec<bool>,
    grey: Vec<u8>,
    dark: f32,
    bright: f32,
}

impl Drop for Band {
    fn drop(&mut self) {
        self.ink.zeroize();
        self.grey.zeroize();
    }
}

impl Band {
    /// Both planes have `width` columns.
    pub fn new(width: usize, ink: Vec<bool>, grey: Vec<u8>) -> Self {
        let mut sorted = grey.clone();
        sorted.sort_unstable();
        let at =
            |share: usize| f32::from(sorted.get(sorted.len() * share / 100).copied().unwrap_or(0));
        let (dark, bright) = (at(2), at(60));
        sorted.zeroize();
        Band {
            width,
            height: ink.len() / width.max(1),
            ink,
            grey,
            dark,
            bright,
        }
    }

    /// A pixel with the paper white and the ink black.
    pub fn brightness(&self, x: usize, y: usize) -> u8 {
        let value = f32::from(self.grey.get(y * self.width + x).copied().unwrap_or(255));
        ((value - self.dark) / (self.bright - self.dark).max(1.0) * 255.0).clamp(0.0, 255.0) as u8
    }

    fn is_ink(&self, x: usize, y: usize) -> bool {
        self.ink.get(y * self.width + x).copied().unwrap_or(false)
    }

    /// Ink a column; specks left out.
    fn columns(&self) -> Vec<f32> {
        let count = |x: usize| (0..self.height).filter(|y| self.is_ink(x, *y)).count() as f32;
        let mut columns: Vec<f32> = (0..self.width).map(count).collect();
        let mut x = 0;
        while x < columns.len() {
            let end = columns
                .iter()
                .skip(x)
                .position(|ink| *ink == 0.0)
                .map_or(columns.len(), |n| x + n);
            if let Some(run) = columns.get_mut(x..end) {
                let tallest = run.iter().copied().fold(0.0, f32::max);
                if run.len() < 3 || tallest < SPECK * self.height as f32 {
                    run.fill(0.0);
                }
            }
            x = end + 1;
        }
        columns
    }

    /// Whether columns `from..to` hold a filler, or nothing: its left part is ink in the middle only, its right part above and
    /// below but not in the middle. No letter or digit of OCR-B is so.
    pub fn is_filler(&self, from: usize, to: usize) -> bool {
        let inked: Vec<(usize, usize)> = (0..self.height)
            .flat_map(|y| (from..to).map(move |x| (x, y)))
            .filter(|(x, y)| self.is_ink(*x, *y))
            .collect();
        if inked.len() < 4 {
            return true;
        }
        let bounds = |of: fn(&(usize, usize)) -> usize| {
            let values = || inked.iter().map(of);
            (values().min().unwrap_or(0), values().max().unwrap_or(0) + 1)
        };
        let ((left, right), (top, bottom)) = (bounds(|p| p.0), bounds(|p| p.1));
        let (wide, high) = (right - left, bottom - top);
        if wide < 4 || high < 4 || wide * 10 < high * 3 {
            return false;
        }
        let third = ((wide as f32 * 0.3).round() as usize).max(1);
        let share = |xs: (usize, usize), ys: (f32, f32)| {
            let row = |share: f32, up: bool| {
                let rows = high as f32 * share;
                top + if up { rows.ceil() } else { rows.floor() } as usize
            };
            let (from, to) = (row(ys.0, false), row(ys.1, true).min(bottom));
            let all = ((xs.1 - xs.0) * to.saturating_sub(from)).max(1);
            let ink = inked
                .iter()
                .filter(|(x, y)| (xs.0..xs.1).contains(x) && (from..to).contains(y))
                .count();
            ink as f32 / all as f32
        };
        let of_left = || {
            inked
                .iter()
                .filter(|(x, _)| *x < left + third)
                .map(|(_, y)| *y - top)
        };
        let (first, last) = (
            of_left().min().unwrap_or(0) as f32,
            of_left().max().unwrap_or(0) as f32,
        );
        let (span, middle) = (
            (last - first + 1.0) / high as f32,
            (first + last) / 2.0 / high as f32,
        );
        let end = (right - third, right);
        span < 0.62
            && (0.3..0.7).contains(&middle)
            && share(end, (0.38, 0.62)) < 0.12
            && share(end, (0.0, 0.3)) > 0.05
            && share(end, (0.7, 1.0)) > 0.05
    }
}

/// Where the cells lie; the same in all lines.
pub(super) struct Grid {
    pub columns: usize,
    pub pitch: f32,
    offset: f32,
}

impl Grid {
    /// The grid whose borders touch the least ink and that leaves the least outside. `None` without two lines or without ink.
    pub fn over(bands: &[Band]) -> Option<Self> {
        let counts: &[usize] = match bands.len() {
            2 => &[44, 36],
            3 => &[30],
            _ => return None,
        };
        let lines: Vec<Vec<f32>> = bands.iter().map(Band::columns).collect();
        let width = lines.first()?.len();
        let sum: Vec<f32> = (0..width)
            .map(|x| lines.iter().filter_map(|line| line.get(x)).sum())
            .collect();
        let total: f32 = sum.iter().sum();
        let ends: Option<Vec<(usize, usize)>> = lines.iter().map(|line| extent(line)).collect();
        let (ends, mut best) = (ends?, None::<(f32, Grid)>);
        for (first, last) in ends.iter().flat_map(|a| ends.iter().map(|b| (a.0, b.1))) {
            let long = last.saturating_sub(first) as f32;
            if long < width as f32 * 0.4 {
                continue;
            }
            for grid in guesses(counts, first as f32, long) {
                let cost = grid.cost(&sum, total);
                if best.as_ref().is_none_or(|(lowest, _)| cost < *lowest) {
                    best = Some((cost, grid));
                }
            }
        }
        best.map(|(_, grid)| grid)
    }

    fn border(&self, n: usize) -> isize {
        (self.offset + self.pitch * n as f32).round() as isize
    }

    /// Columns of pixels of a cell, first and first after.
    pub fn cell(&self, column: usize, width: usize) -> (usize, usize) {
        let within = |border: isize| usize::try_from(border).unwrap_or(0).min(width);
        (within(self.border(column)), within(self.border(column + 1)))
    }

    fn cost(&self, sum: &[f32], total: f32) -> f32 {
        let ink = |x: isize| usize::try_from(x).ok().and_then(|x| sum.get(x)).copied();
        let (mut touched, mut borders) = (0.0, 0usize);
        for n in 0..=self.columns {
            let x = self.border(n);
            if let (Some(a), Some(b), Some(c)) = (ink(x - 1), ink(x), ink(x + 1)) {
                touched += (a + b + c) / 3.0;
                borders += 1;
            }
        }
        let (from, to) = self.cell(0, sum.len());
        let end = self.cell(self.columns - 1, sum.len()).1.max(to);
        let inside: f32 = sum.get(from..end).unwrap_or_default().iter().sum();
        let mean = total / (self.columns as f32 * self.pitch);
        touched / borders.max(1) as f32 / mean + 3.0 * (1.0 - inside / total)
    }
}

/// Grids near an extent: a sign is narrower than its cell by a tenth to six tenths.
fn guesses(counts: &[usize], first: f32, long: f32) -> impl Iterator<Item = Grid> + '_ {
    let between = |a: f32, b: f32, n: usize| a + (b - a) * n as f32 / 11.0;
    counts.iter().flat_map(move |&columns| {
        let pitch = move |n| {
            between(
                long / (columns as f32 - 0.1),
                long / (columns as f32 - 0.6),
                n,
            )
        };
        (0..12).flat_map(move |p| {
            let pitch = pitch(p);
            (0..12).map(move |o| Grid {
                columns,
                pitch,
                offset: between(first - 0.5 * pitch, first + 0.05 * pitch, o),
            })
        })
    })
}

/// First column with ink and first column after the last.
fn extent(line: &[f32]) -> Option<(usize, usize)> {
    let first = line.iter().position(|ink| *ink > 0.0)?;
    let last = line.iter().rposition(|ink| *ink > 0.0)?;
    Some((first, last + 1))
}
