//! The machine readable zone: TD1, TD2, TD3, MRV-A and MRV-B (ICAO Doc 9303, parts 3 to 7, eighth edition). Everything
//! wrong is named at once, each check digit with its own verdict. Must not mend what was read: a wrong character is said,
//! not guessed.

mod check;
mod date;
mod layout;
mod mend;
mod name;
pub mod photo;
#[cfg(test)]
mod tests;

use serde::Serialize;
use tapal_domain::day::Day;

pub use check::{Check, digit};
pub use layout::Format;

use layout::Layout;

/// Something wrong with what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Neither two lines of 44 or 36 characters nor three of 30.
    Size,
    /// A character that is not A to Z, 0 to 9 or `<`.
    Character,
    /// The first characters are no document of this size.
    Kind,
    /// No such issuing state or organisation.
    Issuer,
    /// No such nationality.
    Nationality,
    /// The name has another character than a letter, no letter first, or a filler too many.
    Name,
    /// The document number is empty, or has a filler first.
    Number,
    /// No date of birth, whatever is unknown of it.
    Birth,
    /// No date of expiry.
    Expiry,
    /// Sex is not M, F or `<`.
    Sex,
    /// A check digit does not agree.
    CheckDigit,
    /// The rest of a long document number does not end as it must.
    Overflow,
}

/// A document as read. `Debug` is redacted: it is a person's.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Whether nothing is wrong.
    pub valid: bool,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// Which of the five; none when the size is wrong.
    pub format: Option<Format>,
    /// Document code, such as `P` or `V`, without fillers.
    pub document: String,
    /// Issuing state or organisation.
    pub issuer: String,
    /// Primary identifier; parts apart by a blank.
    pub surname: String,
    /// Secondary identifier.
    pub given_names: String,
    /// The name fills its field, so that more of it may stand in the document.
    pub name_may_go_on: bool,
    /// Document number; inner fillers are kept.
    pub number: String,
    /// Nationality.
    pub nationality: String,
    /// `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, as far as it is known; empty when it is not.
    pub birth: String,
    /// `M`, `F` or `X`.
    pub sex: String,
    /// `YYYY-MM-DD`.
    pub expiry: String,
    /// Optional data: of the first line (TD1), else the only ones.
    pub optional: String,
    /// Optional data of the second line of TD1.
    pub optional_2: String,
    /// Each check digit.
    pub checks: Vec<Check>,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading")
            .field("valid", &self.valid)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// Reads the lines of one document. Blanks around a line go, small letters become capital; nothing else is mended. `today`
/// tells the century of a birth (never in the future) and of an expiry (nearest).
pub fn read(text: &str, today: Day) -> Reading {
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.trim().to_ascii_uppercase())
        .filter(|line| !line.is_empty())
        .collect();
    let mut reading = Reading::empty();
    let plain = |line: &String| {
        line.bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<')
    };
    let Some(format) = Format::of(&lines) else {
        reading.faults.push(Fault::Size);
        return reading;
    };
    if !lines.iter().all(plain) {
        reading.faults.push(Fault::Character);
        return reading;
    }
    reading.format = Some(format);
    fill(&mut reading, &lines.concat(), format.layout(), today);
    reading.faults.sort();
    reading.faults.dedup();
    reading.valid = reading.faults.is_empty();
    reading
}

impl Reading {
    fn empty() -> Self {
        Reading {
            valid: false,
            faults: Vec::new(),
            format: None,
            document: String::new(),
            issuer: String::new(),
            surname: String::new(),
            given_names: String::new(),
            name_may_go_on: false,
            number: String::new(),
            nationality: String::new(),
            birth: String::new(),
            sex: String::new(),
            expiry: String::new(),
            optional: String::new(),
            optional_2: String::new(),
            checks: Vec::new(),
        }
    }

    fn need(&mut self, there: bool, fault: Fault) {
        if !there {
            self.faults.push(fault);
        }
    }
}

fn fill(reading: &mut Reading, all: &str, layout: Layout, today: Day) {
    let of = |range: &std::ops::Range<usize>| all.get(range.clone()).unwrap_or_default();
    let bare = |text: &str| text.trim_end_matches('<').to_owned();
    reading.document = bare(of(&layout.document));
    reading.need(layout.is_document(of(&layout.document)), Fault::Kind);
    reading.issuer = bare(of(&layout.issuer));
    reading.need(crate::country::is_known(&reading.issuer), Fault::Issuer);
    reading.nationality = bare(of(&layout.nationality));
    let known = crate::country::is_known(&reading.nationality);
    reading.need(known, Fault::Nationality);
    match name::split(of(&layout.name)) {
        Some(name) => {
            reading.surname = name.primary;
            reading.given_names = name.secondary;
            reading.name_may_go_on = name.full;
        }
        None => reading.faults.push(Fault::Name),
    }
    match of(&layout.sex) {
        "M" => reading.sex = "M".into(),
        "F" => reading.sex = "F".into(),
        "<" => reading.sex = "X".into(),
        _ => reading.faults.push(Fault::Sex),
    }
    match date::birth(of(&layout.birth), today) {
        Some(birth) => reading.birth = birth,
        None => reading.faults.push(Fault::Birth),
    }
    match date::expiry(of(&layout.expiry), today) {
        Some(expiry) => reading.expiry = expiry,
        None => reading.faults.push(Fault::Expiry),
    }
    number(reading, all, &layout);
    for (name, range, at) in &layout.checks {
        // A number that overflows has its check digit elsewhere.
        if *name == "number" && !reading.checks.is_empty() {
            continue;
        }
        let covered = of(range);
        let found = all.get(*at..*at + 1).unwrap_or_default();
        // Without a personal number its check digit may be a filler (Doc 9303-4, 4.2.2.2).
        let may_be_blank = *name == "optional" && bare(covered).is_empty();
        let check = Check::new(name, covered, found, may_be_blank);
        reading.need(check.good, Fault::CheckDigit);
        reading.checks.push(check);
    }
    if let Some(range) = &layout.composite {
        let covered: String = range.iter().map(of).collect();
        let found = all.get(layout.composite_at..layout.composite_at + 1);
        let check = Check::new("composite", &covered, found.unwrap_or_default(), false);
        reading.need(check.good, Fault::CheckDigit);
        reading.checks.push(check);
    }
}

/// The document number, which goes on in the optional data when it is longer than nine characters (TD1 and TD2:
/// Doc 9303-5, 4.2.2 note j; 9303-6): a filler in the place of its check digit, the rest, the check digit, a filler.
fn number(reading: &mut Reading, all: &str, layout: &Layout) {
    let of = |range: &std::ops::Range<usize>| all.get(range.clone()).unwrap_or_default();
    let (first, optional) = (of(&layout.number), of(&layout.optional));
    let blank = all.get(layout.number.end..layout.number.end + 1) == Some("<");
    reading.optional = optional.trim_end_matches('<').to_owned();
    if let Some(second) = &layout.optional_2 {
        reading.optional_2 = of(second).trim_end_matches('<').to_owned();
    }
    reading.number = first.trim_end_matches('<').to_owned();
    reading.need(!first.starts_with('<'), Fault::Number);
    if !(layout.overflows && blank && !first.ends_with('<')) {
        return;
    }
    let Some((rest, after)) = optional.split_once('<') else {
        reading.faults.push(Fault::Overflow);
        return;
    };
    let Some((more, found)) = rest.split_at_checked(rest.len().saturating_sub(1)) else {
        reading.faults.push(Fault::Overflow);
        return;
    };
    if more.is_empty() {
        reading.faults.push(Fault::Overflow);
        return;
    }
    reading.number = format!("{first}{more}");
    reading.optional = after.trim_end_matches('<').to_owned();
    let check = Check::new("number", &reading.number, found, false);
    reading.need(check.good, Fault::CheckDigit);
    reading.checks.push(check);
}
