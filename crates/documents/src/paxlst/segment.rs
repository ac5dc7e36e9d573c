//! UN/EDIFACT as ISO 9735 writes it: service characters, segments, elements, components. Must not know a message, and
//! never panics whatever the bytes are.

use super::{Fault, Wrong};

/// Most bytes of an interchange.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;
/// Most segments.
const MOST_SEGMENTS: usize = 120_000;
/// Most elements of a segment, and components of an element.
const MOST_PARTS: usize = 40;
/// Most characters of a component.
const LONGEST: usize = 512;

/// The characters that separate.
#[derive(Clone, Copy)]
struct Marks {
    component: char,
    element: char,
    release: Option<char>,
    end: char,
}

/// Those of ISO 9735 where no UNA says otherwise.
const USUAL: Marks = Marks {
    component: ':',
    element: '+',
    release: Some('?'),
    end: '\'',
};

/// One segment.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its place in the interchange, from 1; UNA is not counted.
    pub n: usize,
    /// Three letters.
    pub tag: String,
    /// Elements after the tag, each of components.
    elements: Vec<Vec<String>>,
}

impl Segment {
    /// A component; empty where there is none.
    pub fn part(&self, element: usize, component: usize) -> &str {
        let found = self
            .elements
            .get(element)
            .and_then(|parts| parts.get(component));
        found.map_or("", String::as_str)
    }

    /// All components of an element.
    pub fn parts(&self, element: usize) -> &[String] {
        self.elements.get(element).map_or(&[], Vec::as_slice)
    }

    /// The first component of the first element: the qualifier of most segments.
    pub fn qualifier(&self) -> &str {
        self.part(0, 0)
    }
}

/// The segments of an interchange, or the one fault that stops all reading.
pub(super) fn segments(bytes: &[u8]) -> Result<Vec<Segment>, Fault> {
    if bytes.len() > MOST_BYTES {
        return Err(Fault::new(0, Wrong::TooLarge));
    }
    let text = decoded(bytes);
    let (marks, rest) = marks(&text)?;
    let mut reader = Reader {
        marks,
        found: Vec::new(),
        elements: vec![vec![String::new()]],
    };
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        reader.read(letter, &mut letters)?;
    }
    if reader.begun() {
        return Err(Fault::new(reader.found.len() + 1, Wrong::Unterminated));
    }
    Ok(reader.found)
}

/// UTF-8 where it is that, else ISO 8859-1 (level UNOC).
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn marks(text: &str) -> Result<(Marks, &str), Fault> {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']);
    let Some(rest) = text.strip_prefix("UNA") else {
        return Ok((USUAL, text));
    };
    let wrong = || Fault::new(0, Wrong::ServiceCharacters);
    let letters: Vec<char> = rest.chars().take(6).collect();
    let [component, element, _decimal, release, _reserved, end] = letters[..] else {
        return Err(wrong());
    };
    let all = [component, element, release, end];
    let plain = |c: &char| c.is_ascii_alphanumeric() || !c.is_ascii() || c.is_ascii_control();
    let twice = (0..4).any(|i| (0..i).any(|j| all[i] == all[j]));
    if twice || all.iter().any(plain) || [component, element, end].contains(&' ') {
        return Err(wrong());
    }
    let release = (release != ' ').then_some(release);
    let after: usize = letters.iter().map(|c| c.len_utf8()).sum();
    Ok((
        Marks {
            component,
            element,
            release,
            end,
        },
        rest.get(after..).unwrap_or_default(),
    ))
}

struct Reader {
    marks: Marks,
    found: Vec<Segment>,
    elements: Vec<Vec<String>>,
}

impl Reader {
    /// Whether a segment has begun and not ended.
    fn begun(&self) -> bool {
        self.elements
            .iter()
            .flatten()
            .any(|part| !part.trim().is_empty())
    }

    fn fault(&self, wrong: Wrong) -> Fault {
        Fault::new(self.found.len() + 1, wrong)
    }

    fn read(&mut self, letter: char, after: &mut std::str::Chars) -> Result<(), Fault> {
        let marks = self.marks;
        if Some(letter) == marks.release {
            let next = after.next().ok_or(self.fault(Wrong::Unterminated))?;
            return self.push(next);
        }
        if letter == marks.end {
            return self.end();
        }
        if letter == marks.element {
            self.elements.push(vec![String::new()]);
            return self.fits(self.elements.len());
        }
        if letter == marks.component {
            if let Some(parts) = self.elements.last_mut() {
                parts.push(String::new());
                let parts = parts.len();
                return self.fits(parts);
            }
            return Ok(());
        }
        // Line ends between and within segments carry nothing.
        match letter {
            '\r' | '\n' => Ok(()),
            _ => self.push(letter),
        }
    }

    fn fits(&self, parts: usize) -> Result<(), Fault> {
        match parts <= MOST_PARTS {
            true => Ok(()),
            false => Err(self.fault(Wrong::TooLarge)),
        }
    }

    fn push(&mut self, letter: char) -> Result<(), Fault> {
        let Some(part) = self.elements.last_mut().and_then(|parts| parts.last_mut()) else {
            return Ok(());
        };
        part.push(letter);
        match part.len() <= LONGEST {
            true => Ok(()),
            false => Err(self.fault(Wrong::TooLarge)),
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        if self.found.len() >= MOST_SEGMENTS {
            return Err(self.fault(Wrong::TooLarge));
        }
        let elements = std::mem::replace(&mut self.elements, vec![vec![String::new()]]);
        let mut elements = elements.into_iter();
        let tag = elements.next().and_then(|tag| tag.into_iter().next());
        let tag = tag.unwrap_or_default().trim().to_owned();
        if tag.len() != 3
            || !tag
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        {
            return Err(self.fault(Wrong::Tag));
        }
        self.found.push(Segment {
            n: self.found.len() + 1,
            tag,
            elements: elements.collect(),
        });
        Ok(())
    }
}
