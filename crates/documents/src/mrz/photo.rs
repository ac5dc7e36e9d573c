//! A zone read from a photograph: the signs a reader of characters saw, put into their cells, mended by what may stand in
//! each field, and held against the check digits. Every mending is said; a zone that needed one is `corrected`, never simply
//! valid. Must not choose between two zones that are both possible.

use serde::Serialize;
use tapal_domain::day::Day;

use super::{Format, Reading, layout::Layout, mend::mended, read};

/// One sign as it was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// The sign, A to Z or 0 to 9.
    pub sign: char,
    /// Its middle, pixels from the left.
    pub middle: f32,
    /// How sure the reader is, 0 to 100.
    pub sure: f32,
}

/// One cell of a line that holds a sign; the other cells are fillers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Its column.
    pub column: usize,
    /// Its middle, pixels from the left.
    pub middle: f32,
}

/// One line: its cells, and what was seen in it from left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Cells with signs, from left to right.
    pub places: Vec<Place>,
    /// Signs.
    pub seen: Vec<Seen>,
}

/// How a zone was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As seen, nothing is wrong.
    Read,
    /// Nothing is wrong after the corrections listed: hold it against the document.
    Corrected,
    /// Something is wrong, or two zones are possible: read it again, or type it.
    Unsure,
}

/// A sign that was put in the place of the one seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Correction {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What was seen; `?` for nothing.
    pub seen: char,
    /// What stands there now.
    pub now: char,
}

/// How sure a field is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sureness {
    /// `name`, `number`, `nationality`, `birth`, `sex`, `expiry`, `issuer`, `optional`.
    pub of: &'static str,
    /// That of its least sure sign, 0 to 100.
    pub least: f32,
}

/// A zone from a photograph. `Debug` is redacted: it is a person's.
#[derive(Clone, PartialEq, Serialize)]
pub struct Photographed {
    /// How it was come by.
    pub state: State,
    /// The lines as they are taken.
    pub lines: Vec<String>,
    /// Their reading. Its `valid` says that the lines are whole, [`Photographed::state`] whether they are as seen.
    pub reading: Reading,
    /// What was put in the place of what was seen.
    pub corrections: Vec<Correction>,
    /// How sure each field is.
    pub sureness: Vec<Sureness>,
}

impl std::fmt::Debug for Photographed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Photographed")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Reads a zone of `columns` signs a line from what was seen.
pub fn photographed(lines: &[Line], columns: usize, today: Day) -> Photographed {
    let placed: Vec<Vec<(char, f32)>> = lines.iter().map(|line| place(line, columns)).collect();
    let seen: Vec<char> = placed.iter().flatten().map(|(sign, _)| *sign).collect();
    let sure: Vec<f32> = placed.iter().flatten().map(|(_, sure)| *sure).collect();
    let rows = |signs: &[char]| -> Vec<String> {
        signs
            .chunks(columns.max(1))
            .map(|row| row.iter().collect())
            .collect()
    };
    let format = Format::of(&rows(&seen));
    let (signs, only) = match format {
        Some(format) => mended(&seen, &format.layout()),
        None => (seen.clone(), false),
    };
    let reading = read(&rows(&signs).join("\n"), today);
    let corrections = seen
        .iter()
        .zip(&signs)
        .enumerate()
        .filter(|(_, (seen, now))| seen != now);
    let corrections: Vec<Correction> = corrections
        .map(|(at, (seen, now))| Correction {
            line: at / columns.max(1) + 1,
            column: at % columns.max(1) + 1,
            seen: *seen,
            now: *now,
        })
        .collect();
    let state = match (reading.valid && only, corrections.is_empty()) {
        (false, _) => State::Unsure,
        (true, true) => State::Read,
        (true, false) => State::Corrected,
    };
    // Also where a sign is unknown: then the reading has no format.
    let sureness = format.map_or_else(Vec::new, |format| sureness(&sure, &format.layout()));
    Photographed {
        state,
        lines: rows(&signs),
        reading,
        corrections,
        sureness,
    }
}

/// What was seen, cell by cell; `?` where nothing was. As many signs as cells go one to one, else by where they lie.
fn place(line: &Line, columns: usize) -> Vec<(char, f32)> {
    let mut cells = vec![('<', 100.0); columns];
    let chosen: Vec<(usize, Option<Seen>)> = if line.seen.len() == line.places.len() {
        line.places
            .iter()
            .zip(&line.seen)
            .map(|(place, seen)| (place.column, Some(*seen)))
            .collect()
    } else {
        aligned(line)
    };
    for (column, seen) in chosen {
        if let Some(cell) = cells.get_mut(column) {
            *cell = seen.map_or(('?', 0.0), |seen| (seen.sign, seen.sure));
        }
    }
    cells
}

/// The cheapest walk along cells and signs: a sign in a cell costs its distance in cells, leaving one out three quarters.
fn aligned(line: &Line) -> Vec<(usize, Option<Seen>)> {
    const LEFT_OUT: f32 = 0.75;
    let (cells, signs) = (&line.places, &line.seen);
    let gaps = cells.windows(2).map(|pair| pair[1].middle - pair[0].middle);
    let pitch = gaps.fold(f32::MAX, f32::min).max(1.0);
    let wide = signs.len() + 1;
    // The cost to come to (cells done, signs done), and how: 0 both, 1 a cell alone, 2 a sign alone.
    let mut cost = vec![(f32::MAX, 0u8); (cells.len() + 1) * wide];
    let of = |cost: &[(f32, u8)], c: usize, s: usize| {
        cost.get(c * wide + s).map_or(f32::MAX, |one| one.0)
    };
    for c in 0..=cells.len() {
        for s in 0..=signs.len() {
            let mut best = if c + s == 0 { (0.0, 0) } else { (f32::MAX, 0) };
            if let (Some(cell), Some(sign)) = (
                c.checked_sub(1).and_then(|c| cells.get(c)),
                s.checked_sub(1).and_then(|s| signs.get(s)),
            ) {
                let far = ((cell.middle - sign.middle).abs() / pitch).min(1.4);
                best = (of(&cost, c - 1, s - 1) + far, 0);
            }
            if c > 0 && of(&cost, c - 1, s) + LEFT_OUT < best.0 {
                best = (of(&cost, c - 1, s) + LEFT_OUT, 1);
            }
            if s > 0 && of(&cost, c, s - 1) + LEFT_OUT < best.0 {
                best = (of(&cost, c, s - 1) + LEFT_OUT, 2);
            }
            if let Some(slot) = cost.get_mut(c * wide + s) {
                *slot = best;
            }
        }
    }
    let (mut c, mut s, mut found) = (cells.len(), signs.len(), Vec::new());
    while c > 0 {
        let how = cost.get(c * wide + s).map_or(1, |one| one.1);
        let column = cells.get(c - 1).map_or(0, |cell| cell.column);
        match how {
            0 if s > 0 => {
                found.push((column, signs.get(s - 1).copied()));
                (c, s) = (c - 1, s - 1);
            }
            2 if s > 0 => s -= 1,
            _ => {
                found.push((column, None));
                c -= 1;
            }
        }
    }
    found
}

fn sureness(sure: &[f32], layout: &Layout) -> Vec<Sureness> {
    let fields = [
        ("issuer", &layout.issuer),
        ("name", &layout.name),
        ("number", &layout.number),
        ("nationality", &layout.nationality),
        ("birth", &layout.birth),
        ("sex", &layout.sex),
        ("expiry", &layout.expiry),
        ("optional", &layout.optional),
    ];
    let least = |range: &std::ops::Range<usize>| {
        sure.get(range.clone())
            .unwrap_or_default()
            .iter()
            .copied()
            .fold(100.0, f32::min)
    };
    fields
        .into_iter()
        .map(|(of, range)| Sureness {
            of,
            least: least(range),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
    const SECOND: &str = "L898902C36UTO7408122F1204159ZE184226B<<<<<10";

    fn today() -> Day {
        "2011-11-28".parse().unwrap()
    }

    /// A line as a reader that makes no mistakes sees it.
    fn line(text: &str) -> Line {
        let mut line = Line::default();
        for (column, sign) in text.chars().enumerate().filter(|(_, sign)| *sign != '<') {
            let middle = column as f32 * 20.0;
            line.places.push(Place { column, middle });
            if sign != '?' {
                line.seen.push(Seen {
                    sign,
                    middle,
                    sure: 90.0,
                });
            }
        }
        line
    }

    fn zone(first: &str, second: &str) -> Photographed {
        photographed(&[line(first), line(second)], 44, today())
    }

    #[test]
    fn what_is_seen_right_is_read_and_nothing_is_corrected() {
        let found = zone(FIRST, SECOND);
        assert_eq!((found.state, found.corrections.len()), (State::Read, 0));
        assert_eq!(
            (
                found.reading.surname.as_str(),
                found.reading.number.as_str()
            ),
            ("ERIKSSON", "L898902C3")
        );
        assert_eq!(found.lines, [FIRST, SECOND]);
    }

    #[test]
    fn a_digit_among_letters_is_corrected_and_said_so() {
        let found = zone(FIRST, &SECOND.replace("UTO7", "UT07"));
        assert_eq!(found.state, State::Corrected, "never simply valid");
        assert!(found.reading.valid);
        assert_eq!(
            found.corrections,
            [Correction {
                line: 2,
                column: 13,
                seen: '0',
                now: 'O'
            }]
        );
        let found = zone(
            &FIRST.replace("ERIKSSON", "ER1K550N"),
            &SECOND.replace("740812", "74O8IZ"),
        );
        assert_eq!(
            (found.state, found.corrections.len()),
            (State::Corrected, 7)
        );
        assert_eq!(found.lines, [FIRST, SECOND]);
    }

    #[test]
    fn a_number_is_corrected_by_its_digit_only_when_one_choice_fits() {
        let found = zone(FIRST, &SECOND.replace("L898902C3", "L8989O2C3"));
        assert_eq!(
            (found.state, found.reading.number.as_str()),
            (State::Corrected, "L898902C3")
        );
        let found = zone(FIRST, &SECOND.replace("L898902C3", "L8989XYC3"));
        assert_eq!(found.state, State::Unsure);
        assert!(!found.reading.valid, "what cannot be mended stays wrong");
    }

    #[test]
    fn a_sign_that_nobody_saw_stays_unknown() {
        let found = zone(FIRST, &SECOND.replace("L898902C3", "L89?902C3"));
        assert_eq!(found.state, State::Unsure);
        assert!(
            found.lines[1].starts_with("L89?902C3"),
            "its neighbours keep their places"
        );
        let least = found
            .sureness
            .iter()
            .find(|field| field.of == "birth")
            .map(|field| field.least);
        assert_eq!(least, Some(90.0));
    }

    #[test]
    fn a_sign_too_many_is_left_out() {
        let mut second = line(SECOND);
        second.seen.insert(
            5,
            Seen {
                sign: 'X',
                middle: 4.6 * 20.0,
                sure: 20.0,
            },
        );
        let found = photographed(&[line(FIRST), second], 44, today());
        assert_eq!(
            (found.state, found.lines[1].as_str()),
            (State::Read, SECOND)
        );
    }

    #[test]
    fn anything_is_read_without_a_panic() {
        for (lines, columns) in [
            (vec![], 44),
            (vec![Line::default()], 0),
            (vec![line("A"), line("B"), line("C")], 30),
        ] {
            assert_eq!(photographed(&lines, columns, today()).state, State::Unsure);
        }
    }
}
