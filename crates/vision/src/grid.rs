//! Whether anything moved since an earlier picture of the same camera: brightness on a coarse grid, so that looking costs
//! next to nothing. It knows nothing of people; a still person is for the tracks to remember.

use crate::picture::Picture;

const COLUMNS: usize = 80;
const ROWS: usize = 45;
/// A cell has changed when it differs by more than this share of its brightness ...
const SHARE: f32 = 0.06;
/// ... and by more than this, of 255 ...
const LEAST: f32 = 3.0;
/// ... and by more than this over the root of the pixels read in a cell: nearly five times what sensor noise of 7 a pixel
/// makes of the difference of two means.
const NOISE: f32 = 48.0;
/// So many cells must have changed. A head of 24 pixels in 1920 covers about this.
const CELLS: usize = 2;

/// Mean brightness of 80 x 45 cells.
#[derive(Clone, PartialEq)]
pub struct Grid {
    cells: Vec<f32>,
    level: f32,
    /// Pixels read in a cell.
    pixels: f32,
}

impl Grid {
    /// Reads every second row of a picture.
    pub fn of(picture: &Picture) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let luma = picture.luma();
        let columns = |c: usize| {
            c * width / COLUMNS..((c + 1) * width / COLUMNS).max(c * width / COLUMNS + 1)
        };
        let mut cells = vec![0.0; COLUMNS * ROWS];
        for (row, cells) in cells.chunks_exact_mut(COLUMNS).enumerate() {
            let top = row * height / ROWS;
            let rows = (top..((row + 1) * height / ROWS).max(top + 1)).step_by(2);
            let count = rows.len() as f32;
            for y in rows {
                let line = &luma[y * width..(y + 1) * width];
                for (c, cell) in cells.iter_mut().enumerate() {
                    let part = &line[columns(c).start.min(width - 1)..columns(c).end.min(width)];
                    let sum: u32 = part.iter().map(|v| u32::from(*v)).sum();
                    *cell += sum as f32 / part.len().max(1) as f32 / count;
                }
            }
        }
        let mut sorted = cells.clone();
        let (_, level, _) = sorted.select_nth_unstable_by(COLUMNS * ROWS / 2, f32::total_cmp);
        let level = level.max(1.0);
        let pixels = (width * height) as f32 / (2 * COLUMNS * ROWS) as f32;
        Grid {
            cells,
            level,
            pixels: pixels.max(1.0),
        }
    }

    /// Whether something moved between the two. Light that changes over the whole picture alike is no movement.
    pub fn moved(&self, earlier: &Grid) -> bool {
        let gain = (self.level / earlier.level).clamp(0.5, 2.0);
        let least = LEAST.max(NOISE / self.pixels.min(earlier.pixels).sqrt());
        let changed = self.cells.iter().zip(&earlier.cells).filter(|(now, then)| {
            let expected = **then * gain;
            (**now - expected).abs() > least.max(SHARE * expected)
        });
        changed.take(CELLS).count() == CELLS
    }
}

impl std::fmt::Debug for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Grid(level {:.0})", self.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: u32 = 640;
    const HEIGHT: u32 = 360;

    /// A hall with structure; a figure of `side` at `x`; light `gain`; noise of plus minus `noise`.
    fn hall(x: Option<u32>, side: u32, gain: f32, noise: u32, seed: u32) -> Picture {
        let mut bytes = vec![128; (WIDTH * HEIGHT * 3 / 2) as usize];
        let mut number = seed.wrapping_mul(2_654_435_761) | 1;
        for y in 0..HEIGHT {
            for column in 0..WIDTH {
                let wall = 70 + (column / 40 + y / 30) % 5 * 20;
                let inside =
                    |x: u32| (x..x + side).contains(&column) && (100..100 + side).contains(&y);
                let value = if x.is_some_and(inside) { 175 } else { wall };
                number ^= number << 13;
                number ^= number >> 17;
                number ^= number << 5;
                let shaken = number % (2 * noise + 1);
                let value = (value as f32 * gain) as u32 + shaken;
                bytes[(y * WIDTH + column) as usize] = value.saturating_sub(noise).min(255) as u8;
            }
        }
        Picture::new(WIDTH, HEIGHT, bytes).unwrap()
    }

    fn check(then: &Picture, now: &Picture, moved: bool, what: &str) {
        assert_eq!(Grid::of(now).moved(&Grid::of(then)), moved, "{what}");
    }

    #[test]
    fn people_move_noise_and_light_do_not() {
        let still = hall(None, 0, 1.0, 0, 1);
        check(&still, &hall(None, 0, 1.0, 0, 2), false, "nothing");
        check(
            &hall(None, 0, 1.0, 12, 3),
            &hall(None, 0, 1.0, 12, 4),
            false,
            "noise",
        );
        check(&still, &hall(None, 0, 0.85, 0, 5), false, "a lamp fails");
        check(
            &still,
            &hall(None, 0, 1.2, 0, 6),
            false,
            "the sun comes out",
        );
        check(
            &still,
            &hall(Some(300), 16, 1.0, 12, 7),
            true,
            "a small figure appears, in noise",
        );
        let there = hall(Some(300), 40, 1.0, 12, 8);
        check(
            &there,
            &hall(Some(300), 40, 1.0, 12, 9),
            false,
            "a figure stands",
        );
        check(
            &there,
            &hall(Some(306), 40, 1.0, 12, 10),
            true,
            "a figure moves by a seventh of itself",
        );
    }

    #[test]
    fn a_picture_smaller_than_the_grid_is_no_error() {
        let dot = Picture::new(2, 2, vec![9; 6]).unwrap();
        assert!(!Grid::of(&dot).moved(&Grid::of(&dot)));
    }
}
