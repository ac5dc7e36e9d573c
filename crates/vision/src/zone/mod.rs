//! The machine readable zone in a photograph of a document's page: found, turned straight, laid over a grid of cells (the
//! zone has one pitch: ICAO Doc 9303-3, 4.3), its fillers told apart, and its other signs drawn in rows for a reader of
//! characters. Must not read a character, nor keep a picture: it is a person's.

mod grid;
mod straight;

use zeroize::Zeroize;

use crate::frame::Frame;
use grid::{Band, Grid};
use straight::Straight;

/// Columns of the picture that is worked on.
pub(crate) const WIDE: usize = 1600;
/// White around the rows of the picture for the reader, pixels.
const MARGIN: usize = 30;

/// A zone, ready for a reader of characters.
pub struct Zone {
    /// Columns of `pixels`.
    pub width: usize,
    /// Rows of `pixels`.
    pub height: usize,
    /// Grey, dark signs on white, row-major. Fillers are left out, so that a reader sees words.
    pub pixels: Vec<u8>,
    /// Signs a line: 44, 36 or 30.
    pub columns: usize,
    /// The lines, from the top.
    pub rows: Vec<Row>,
}

impl std::fmt::Debug for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Zone({} lines of {})", self.rows.len(), self.columns)
    }
}

impl Drop for Zone {
    fn drop(&mut self) {
        self.pixels.zeroize();
    }
}

/// One line of a zone in [`Zone::pixels`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// First row of pixels.
    pub top: usize,
    /// First row of pixels after it.
    pub bottom: usize,
    /// The cells that hold something else than a filler.
    pub cells: Vec<Cell>,
}

/// One cell that holds a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its column in the line, from 0.
    pub column: usize,
    /// First column of pixels.
    pub left: usize,
    /// First column of pixels after it.
    pub right: usize,
}

impl Zone {
    /// The zone of a page, when two or three lines over its width are found in it.
    pub fn find(frame: &Frame) -> Option<Self> {
        let straight = Straight::of(frame)?;
        let lines = straight.lines();
        let bands: Vec<Band> = lines.iter().map(|line| straight.band(*line)).collect();
        let grid = Grid::over(&bands)?;
        Some(draw(&bands, &grid))
    }

    /// The picture as PGM (`P5`), for a reader that is a program of its own.
    pub fn pgm(&self) -> Vec<u8> {
        let mut out = format!("P5\n{} {}\n255\n", self.width, self.height).into_bytes();
        out.extend_from_slice(&self.pixels);
        out
    }
}

/// Draws the signs of all lines in rows apart, a gap where fillers stood.
fn draw(bands: &[Band], grid: &Grid) -> Zone {
    let mut drawn: Vec<(Vec<u8>, usize, usize, Vec<Cell>)> = Vec::with_capacity(bands.len());
    for band in bands {
        let (pieces, cells, wide) = pieces(band, grid);
        let mut row = vec![255u8; wide * band.height];
        for (from, to, at) in pieces {
            for y in 0..band.height {
                for x in from..to {
                    if let Some(pixel) = row.get_mut(y * wide + at + x - from) {
                        *pixel = band.brightness(x, y);
                    }
                }
            }
        }
        drawn.push((row, wide, band.height, cells));
    }
    let width = drawn.iter().map(|(_, wide, ..)| *wide).max().unwrap_or(0) + 2 * MARGIN;
    let height = drawn
        .iter()
        .map(|(_, _, high, _)| high + MARGIN)
        .sum::<usize>()
        + MARGIN;
    let (mut pixels, mut rows, mut top) = (vec![255u8; width * height], Vec::new(), MARGIN);
    for (mut row, wide, high, cells) in drawn {
        for y in 0..high {
            let (from, to) = (y * wide, (top + y) * width + MARGIN);
            if let (Some(source), Some(target)) =
                (row.get(from..from + wide), pixels.get_mut(to..to + wide))
            {
                target.copy_from_slice(source);
            }
        }
        row.zeroize();
        let shifted = |cell: Cell| Cell {
            left: cell.left + MARGIN,
            right: cell.right + MARGIN,
            ..cell
        };
        rows.push(Row {
            top,
            bottom: top + high,
            cells: cells.into_iter().map(shifted).collect(),
        });
        top += high + MARGIN;
    }
    Zone {
        width,
        height,
        pixels,
        columns: grid.columns,
        rows,
    }
}

/// Parts of a band to draw (from, to, where), the cells they are, and how wide all is.
type Pieces = (Vec<(usize, usize, usize)>, Vec<Cell>, usize);

fn pieces(band: &Band, grid: &Grid) -> Pieces {
    let (mut pieces, mut cells, mut at, mut gap) = (Vec::new(), Vec::new(), 0, true);
    for column in 0..grid.columns {
        let (from, to) = grid.cell(column, band.width);
        if to <= from || band.is_filler(from, to) {
            if !gap {
                at += grid.pitch.max(1.0) as usize;
            }
            gap = true;
            continue;
        }
        pieces.push((from, to, at));
        cells.push(Cell {
            column,
            left: at,
            right: at + to - from,
        });
        at += to - from;
        gap = false;
    }
    (pieces, cells, at.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with lines of upright bars (no sign is a bar: it only has ink in each cell) and fillers.
    fn page(lines: &[&str], turn: f32) -> Frame {
        let (width, height) = (1200u32, 800u32);
        let mut frame = Frame::filled(width, height, [235; 3]);
        let columns = lines[0].len();
        let pitch = 1100.0 / columns as f32;
        let mut ink = |x: f32, y: f32| {
            let down = y + turn * (x - 600.0);
            for dy in 0..3 {
                for dx in 0..3 {
                    let (x, y) = (x as u32 + dx, down as u32 + dy);
                    if x < width && y < height {
                        let at = (y * width + x) as usize * 3;
                        frame.rgb[at..at + 3].fill(30);
                    }
                }
            }
        };
        for (n, line) in lines.iter().enumerate() {
            let top = 620.0 + 60.0 * n as f32;
            for (k, sign) in line.chars().enumerate() {
                let left = 50.0 + pitch * k as f32;
                for step in 0..24 {
                    let (along, step) = (step as f32 / 24.0, step as f32);
                    match sign {
                        '<' => {
                            let x = left + (2.0 * along - 1.0).abs() * pitch * 0.6;
                            ink(x + 2.0, top + step);
                        }
                        _ => {
                            ink(left + 2.0, top + step);
                            ink(left + pitch * 0.5, top + step);
                        }
                    }
                }
            }
        }
        frame
    }

    fn check(lines: &[&str], turn: f32) {
        let zone = Zone::find(&page(lines, turn)).unwrap();
        assert_eq!(
            (zone.rows.len(), zone.columns),
            (lines.len(), lines[0].len()),
            "{turn}"
        );
        for (row, line) in zone.rows.iter().zip(lines) {
            let signs: Vec<usize> = line
                .char_indices()
                .filter(|(_, sign)| *sign != '<')
                .map(|(at, _)| at)
                .collect();
            let found: Vec<usize> = row.cells.iter().map(|cell| cell.column).collect();
            assert_eq!(found, signs, "{turn}");
        }
        assert_eq!(zone.pixels.len(), zone.width * zone.height);
        assert!(zone.pgm().starts_with(b"P5\n"));
    }

    #[test]
    fn lines_are_found_turned_straight_and_their_fillers_are_told_apart() {
        let td3 = [
            "H<HHHHHHHHHHH<<HHHH<HHHHH<<<<<<<<<<<<<<<<<<<",
            "HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH<<<<<HH",
        ];
        let td1 = [
            "H<HHHHHHHHHHHHH<<<<<<<<<<<<<<<",
            "HHHHHHHHHHHHHHHHHH<<<<<<<<<<<H",
            "HHHHHHHH<<HHHH<HHHHH<<<<<<<<<<",
        ];
        for turn in [0.0, 0.035, -0.05] {
            check(&td3, turn);
            check(&td1, turn);
        }
    }

    #[test]
    fn a_page_without_a_zone_has_none() {
        assert!(Zone::find(&Frame::filled(800, 600, [200; 3])).is_none());
        assert!(Zone::find(&Frame::filled(3, 3, [0; 3])).is_none());
        assert!(
            Zone::find(&page(
                &["HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH"],
                0.0
            ))
            .is_none(),
            "one line is no zone"
        );
        assert!(
            !format!(
                "{:?}",
                Zone::find(&page(
                    &["HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH"; 2],
                    0.0
                ))
            )
            .contains('[')
        );
    }
}
