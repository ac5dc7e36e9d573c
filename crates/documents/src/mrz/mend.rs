//! Signs of a zone mended by what may stand in each field and by the check digits. Must not choose between two mendings that
//! both fit, nor touch a field whose digit agrees.

use std::ops::Range;

use super::{check::digit, layout::Layout};

/// What may stand in a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Digit,
    Sex,
    Either,
}

fn kinds(layout: &Layout, count: usize) -> Vec<Kind> {
    let mut kinds = vec![Kind::Either; count];
    let mut set = |range: Range<usize>, kind: Kind| {
        if let Some(cells) = kinds.get_mut(range) {
            cells.fill(kind);
        }
    };
    for letters in [
        &layout.document,
        &layout.issuer,
        &layout.name,
        &layout.nationality,
    ] {
        set(letters.clone(), Kind::Letter);
    }
    for digits in [&layout.birth, &layout.expiry] {
        set(digits.clone(), Kind::Digit);
    }
    set(layout.sex.clone(), Kind::Sex);
    for (_, _, at) in &layout.checks {
        set(*at..*at + 1, Kind::Digit);
    }
    if layout.composite.is_some() {
        set(layout.composite_at..layout.composite_at + 1, Kind::Digit);
    }
    kinds
}

/// The digit that looks like a letter.
fn as_digit(sign: char) -> char {
    match sign {
        'O' | 'Q' | 'D' | 'U' => '0',
        'I' | 'L' => '1',
        'Z' => '2',
        'A' => '4',
        'S' => '5',
        'G' => '6',
        'T' | 'Y' => '7',
        'B' => '8',
        other => other,
    }
}

/// The letter that looks like a digit.
fn as_letter(sign: char) -> char {
    match sign {
        '0' => 'O',
        '1' => 'I',
        '2' => 'Z',
        '4' => 'A',
        '5' => 'S',
        '6' => 'G',
        '7' => 'T',
        '8' => 'B',
        other => other,
    }
}

/// What else a sign may be, by how readers misread OCR-B: few choices, because one digit cannot tell many apart.
fn others(seen: char, digits_only: bool) -> &'static [char] {
    match (seen, digits_only) {
        ('O' | 'Q' | 'D', true) => &['0', '9'],
        (_, true) => &[],
        ('0', _) => &['O'],
        ('O', _) => &['0', '9'],
        ('Q', _) => &['9', '0', 'O'],
        ('D', _) => &['0', 'O'],
        ('1', _) => &['I'],
        ('I', _) => &['1'],
        ('2', _) => &['Z'],
        ('Z', _) => &['2'],
        ('5', _) => &['S'],
        ('S', _) => &['5'],
        ('8', _) => &['B'],
        ('B', _) => &['8'],
        _ => &[],
    }
}

/// Two of these in one field may both be wrong; of other signs only one.
fn is_round(seen: char) -> bool {
    matches!(seen, '0' | 'O' | 'Q' | 'D')
}

/// The signs mended, and whether no other mending was possible.
pub(super) fn mended(seen: &[char], layout: &Layout) -> (Vec<char>, bool) {
    let by_kind = |(sign, kind): (&char, Kind)| match kind {
        Kind::Letter => as_letter(*sign),
        Kind::Digit => as_digit(*sign),
        Kind::Sex if matches!(sign, 'P' | 'E') => 'F',
        Kind::Sex if matches!(sign, 'N' | 'H') => 'M',
        _ => *sign,
    };
    let mut signs: Vec<char> = seen
        .iter()
        .zip(kinds(layout, seen.len()))
        .map(by_kind)
        .collect();
    let mut only = true;
    for (name, range, at) in &layout.checks {
        // A long number goes on in the optional data, and so does its digit: the reading judges it.
        if *name == "number" && layout.overflows && signs.get(*at) == Some(&'<') {
            continue;
        }
        only &= mend(&mut signs, seen, layout, range, *at);
    }
    (signs, only)
}

fn text(signs: &[char], range: &Range<usize>) -> String {
    signs
        .get(range.clone())
        .unwrap_or_default()
        .iter()
        .collect()
}

fn agrees(signs: &[char], covered: &str, at: usize) -> bool {
    let found = signs.get(at).copied().unwrap_or('?');
    let blank = found == '<' && covered.trim_matches('<').is_empty();
    blank || digit(covered).to_string() == found.to_string()
}

/// Whether the digit over several fields agrees, where there is one.
fn all_agree(signs: &[char], layout: &Layout) -> bool {
    let Some(parts) = &layout.composite else {
        return true;
    };
    let covered: String = parts.iter().map(|part| text(signs, part)).collect();
    agrees(signs, &covered, layout.composite_at)
}

/// Tries other signs in a field whose digit does not agree, kept only when one choice alone agrees with the field's digit (and,
/// where that can tell, with the digit over all). A field with a sign that nobody saw is left as it is.
fn mend(
    signs: &mut [char],
    seen: &[char],
    layout: &Layout,
    range: &Range<usize>,
    at: usize,
) -> bool {
    if agrees(signs, &text(signs, range), at) {
        return true;
    }
    if text(signs, range).contains('?') {
        return false;
    }
    let digits_only = *range == layout.birth || *range == layout.expiry;
    let mut fits = tried(signs, seen, range, digits_only);
    fits.retain(|fit| agrees(fit, &text(fit, range), at));
    let changes = |fit: &Vec<char>| fit.iter().zip(signs.iter()).filter(|(a, b)| a != b).count();
    let fewest = fits.iter().map(changes).min();
    fits.retain(|fit| Some(changes(fit)) == fewest);
    if fits.len() > 1 && fits.iter().any(|fit| all_agree(fit, layout)) {
        fits.retain(|fit| all_agree(fit, layout));
    }
    match fits.as_slice() {
        [fit] => {
            signs.copy_from_slice(fit);
            true
        }
        _ => false,
    }
}

/// Every other spelling of a field: one sign changed, or two round ones.
fn tried(signs: &[char], seen: &[char], range: &Range<usize>, digits_only: bool) -> Vec<Vec<char>> {
    let was = |at: usize| seen.get(at).copied().unwrap_or('?');
    let swaps: Vec<(usize, char)> = range
        .clone()
        .flat_map(|at| {
            others(was(at), digits_only)
                .iter()
                .map(move |other| (at, *other))
        })
        .filter(|(at, other)| signs.get(*at) != Some(other))
        .collect();
    let mut tried = Vec::new();
    for (n, (at, other)) in swaps.iter().enumerate() {
        let one = with(signs, *at, *other);
        let later = swaps.iter().skip(n + 1).filter(|(second, _)| second != at);
        for (second, other) in
            later.filter(|(second, _)| is_round(was(*at)) && is_round(was(*second)))
        {
            tried.push(with(&one, *second, *other));
        }
        tried.push(one);
    }
    tried
}

fn with(signs: &[char], at: usize, sign: char) -> Vec<char> {
    let mut changed = signs.to_vec();
    if let Some(place) = changed.get_mut(at) {
        *place = sign;
    }
    changed
}
