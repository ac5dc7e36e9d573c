//! From the letters of a document to those of its zone: transliteration (ICAO Doc 9303-3, section 6), the name field and how
//! a name too long for it is cut (9303-3, 4.6; 9303-4, 4.2.3), and whether a printed name and a zone agree. Must not turn
//! a zone back into letters (that cannot be done), nor decide for one form where the standard allows several.

mod table;
#[cfg(test)]
mod tests;

use unicode_normalization::UnicodeNormalization;

use table::{SHADDA, TEH_MARBUTA};

/// What cannot be written in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwritable(pub char);

impl std::fmt::Display for Unwritable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "U+{:04X} is in no transliteration table of ICAO Doc 9303-3",
            u32::from(self.0)
        )
    }
}

impl std::error::Error for Unwritable {}

/// The forms one letter may have in a zone, the recommended one first. `<` is a filler.
type Forms = Vec<String>;

/// Each letter of a name component with its forms.
fn letters(text: &str) -> Result<Vec<Forms>, Unwritable> {
    // A sharp s has a row as a capital only; other small letters become capital by themselves.
    let capital = text.nfc().flat_map(|letter| match letter {
        'ß' => vec!['ẞ'],
        'ı' => vec!['I'],
        letter => letter.to_uppercase().collect(),
    });
    let capital: Vec<char> = capital.collect::<String>().nfc().collect();
    let mut found: Vec<Forms> = Vec::with_capacity(capital.len());
    for (at, &letter) in capital.iter().enumerate() {
        let ends = capital.get(at + 1).is_none_or(|next| is_gap(*next));
        match letter {
            'A'..='Z' => found.push(vec![letter.to_string()]),
            letter if is_gap(letter) => found.push(vec!["<".into()]),
            // Left out, and the parts go together: O'CONNOR is OCONNOR. So are other signs (9303-3, 4.6).
            '\'' | '’' | '‘' | 'ʻ' | 'ʼ' | '`' | '´' | '.' | '"' | '(' | ')' | '\u{2bf}' => {
            }
            SHADDA => {
                // The letter before it twice; a document may leave it out.
                if let Some(before) = found.last_mut() {
                    let twice = before.iter().map(|form| form.repeat(2));
                    *before = twice.chain(before.clone()).collect();
                }
            }
            TEH_MARBUTA => {
                let (first, other) = if ends { ("XAH", "XTA") } else { ("XTA", "XAH") };
                found.push(vec![first.into(), other.into()]);
            }
            letter => found.push(of_table(letter)?),
        }
    }
    Ok(found)
}

/// What parts the components of a name.
fn is_gap(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            '-' | ',' | '<' | '\u{2010}' | '\u{2011}' | '\u{2013}' | '/'
        )
}

/// Of the tables; a letter with several signs (as Vietnamese has) by its letter without them.
fn of_table(letter: char) -> Result<Forms, Unwritable> {
    let own = |forms: Vec<&str>| forms.into_iter().map(str::to_owned).collect();
    if let Some(forms) = table::forms(letter) {
        return Ok(own(forms));
    }
    let bare: String = std::iter::once(letter)
        .nfd()
        .filter(|sign| !is_mark(*sign))
        .collect();
    let mut signs = bare.chars();
    match (signs.next(), signs.next()) {
        // A lone sign above or below.
        (None, _) => Ok(vec![String::new()]),
        (Some(base), None) if base.is_ascii_uppercase() => Ok(vec![base.to_string()]),
        (Some(base), None) if base != letter => {
            table::forms(base).map(own).ok_or(Unwritable(letter))
        }
        _ => Err(Unwritable(letter)),
    }
}

fn is_mark(sign: char) -> bool {
    matches!(sign, '\u{300}'..='\u{36f}')
}

/// A name component, or several, in the recommended form: letters A to Z, fillers between parts.
pub fn recommended(text: &str) -> Result<String, Unwritable> {
    let written: String = letters(text)?
        .iter()
        .filter_map(|forms| forms.first())
        .map(String::as_str)
        .collect();
    let parts = written.split('<').filter(|part| !part.is_empty());
    Ok(parts.collect::<Vec<_>>().join("<"))
}

/// Whether `zone` (with fillers, or blanks as a reading has them) is one of the forms `text` may have.
pub fn may_be(text: &str, zone: &str) -> Result<bool, Unwritable> {
    let zone = tidy(zone);
    Ok(matches(&parts(text)?.join_with_gaps(), zone.as_bytes()))
}

/// Components with their letters.
struct Parts(Vec<Vec<Forms>>);

impl Parts {
    fn join_with_gaps(&self) -> Vec<Forms> {
        self.0.join(&vec!["<".to_owned()])
    }
}

fn parts(text: &str) -> Result<Parts, Unwritable> {
    let all = letters(text)?;
    let gap = |forms: &Forms| forms.len() == 1 && forms.first().is_some_and(|form| form == "<");
    // A part of nothing but letters that are left out (a lone soft sign) is none, and no gap stands for it.
    let silent = |forms: &Forms| forms.iter().all(String::is_empty);
    let parts = all.split(gap).filter(|part| !part.iter().all(silent));
    Ok(Parts(parts.map(<[Forms]>::to_vec).collect()))
}

fn tidy(zone: &str) -> String {
    let gaps = zone.to_ascii_uppercase().replace(' ', "<");
    let parts = gaps.split('<').filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("<")
}

/// Whether a choice of forms spells `zone`: every place of it that can be reached, letter by letter.
fn matches(letters: &[Forms], zone: &[u8]) -> bool {
    reached(letters, zone).last().copied().unwrap_or(false)
}

/// Which beginnings of `zone` some choice of forms spells.
fn reached(letters: &[Forms], zone: &[u8]) -> Vec<bool> {
    let mut here = vec![false; zone.len() + 1];
    if let Some(start) = here.first_mut() {
        *start = true;
    }
    for forms in letters {
        let mut next = vec![false; zone.len() + 1];
        for (at, _) in here.iter().enumerate().filter(|(_, is)| **is) {
            for form in forms {
                let fits = zone
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with(form.as_bytes()));
                if let (true, Some(there)) = (fits, next.get_mut(at + form.len())) {
                    *there = true;
                }
            }
        }
        here = next;
    }
    here
}

/// Whether `zone` is the beginning, of one letter at least, of a form of these letters.
fn begins(letters: &[Forms], zone: &[u8]) -> bool {
    let up_to = |count: usize| letters.get(..count).is_some_and(|some| matches(some, zone));
    // A form of several letters may itself be cut.
    let within = |count: usize| {
        let (Some(some), Some(forms)) = (letters.get(..count), letters.get(count)) else {
            return false;
        };
        let places = reached(some, zone);
        places
            .iter()
            .enumerate()
            .filter(|(_, is)| **is)
            .any(|(at, _)| {
                let rest = zone.get(at..).unwrap_or_default();
                !rest.is_empty() && forms.iter().any(|form| form.as_bytes().starts_with(rest))
            })
    };
    !zone.is_empty() && (0..=letters.len()).any(|count| up_to(count) || within(count))
}

/// Whether a printed name and the name of a zone agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// The zone holds the whole name.
    Whole,
    /// The field is full, and what stands there is the name cut as the standard cuts it.
    Cut,
    /// They differ.
    Differs,
}

/// Compares a printed name with a zone's. `full` is [`crate::mrz::Reading::name_may_go_on`]: only then may a component be
/// cut, or later ones be missing.
pub fn agreement(
    printed: (&str, &str),
    zone: (&str, &str),
    full: bool,
) -> Result<Agreement, Unwritable> {
    if may_be(printed.0, zone.0)? && may_be(printed.1, zone.1)? {
        return Ok(Agreement::Whole);
    }
    let cut = |text: &str, zone: &str, must: bool| -> Result<bool, Unwritable> {
        let (own, zone) = (parts(text)?, tidy(zone));
        let found: Vec<&str> = zone.split('<').filter(|part| !part.is_empty()).collect();
        let enough = !must || !found.is_empty();
        let fits = found.len() <= own.0.len()
            && found
                .iter()
                .zip(&own.0)
                .all(|(found, own)| begins(own, found.as_bytes()));
        Ok(enough && fits)
    };
    if full && cut(printed.0, zone.0, true)? && cut(printed.1, zone.1, false)? {
        return Ok(Agreement::Cut);
    }
    Ok(Agreement::Differs)
}

/// The name field of `width` characters (39 in TD3 and MRV-A, 31 in TD2 and MRV-B, 30 in TD1): primary identifier, two fillers,
/// secondary identifier. Too long, components of the primary become initials, the last first, until one letter of the
/// secondary fits; the rest is cut at the width. A cut field ends with a letter, which says that there is more.
pub fn name_field(primary: &str, secondary: &str, width: usize) -> Result<String, Unwritable> {
    let (primary, secondary) = (recommended(primary)?, recommended(secondary)?);
    let whole = if secondary.is_empty() {
        primary.clone()
    } else {
        format!("{primary}<<{secondary}")
    };
    if whole.len() <= width {
        return Ok(format!("{whole:<<width$}"));
    }
    let mut parts: Vec<String> = primary.split('<').map(str::to_owned).collect();
    let room = |parts: &[String]| parts.join("<").len() + 3 <= width;
    for at in (1..parts.len()).rev() {
        if secondary.is_empty() || room(&parts) {
            break;
        }
        if let Some(part) = parts.get_mut(at) {
            part.truncate(1);
        }
    }
    let mut first = parts.join("<");
    if !secondary.is_empty() {
        first.truncate(width.saturating_sub(3));
        first = format!("{}<<{secondary}", first.trim_end_matches('<'));
    }
    Ok(cut_at(&first, width))
}

/// The first `width` characters, ending with a letter: where a filler would be last, the component before gives a letter
/// up for the first of the next.
fn cut_at(text: &str, width: usize) -> String {
    let field: String = text.chars().take(width).collect();
    if !field.ends_with('<') {
        return format!("{field:<<width$}");
    }
    let next = text.chars().skip(width).find(|letter| *letter != '<');
    let body = field.trim_end_matches('<');
    let gap = field.len() - body.len();
    match next.zip(body.len().checked_sub(1)) {
        Some((next, keep)) if keep > 0 => {
            let kept: String = body.chars().take(keep).collect();
            format!("{kept}{}{next}", "<".repeat(gap))
        }
        _ => field,
    }
}
