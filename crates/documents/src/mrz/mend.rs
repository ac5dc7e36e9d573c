//! Signs of a zone mended by what may stand in each field and by the check digits. Must not choose between two mendings that
//! both fit, nor touch a field whose digit agrees.

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
    let mut set = |range: std::ops::Range<usize>, kind: Kind| {
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

/// What else a sign of a field of letters and digits may be.
fn others(sign: char) -> &'static [char] {
    match sign {
        '0' => &['O', '9', 'Q', 'D'],
        'O' => &['0', '9', 'Q', 'D'],
        'Q' => &['9', '0', 'O'],
        'D' => &['0', 'O'],
        '1' => &['I', 'L', '7'],
        'I' => &['1', 'L', '9'],
        'L' => &['1', 'I'],
        '2' => &['Z'],
        'Z' => &['2'],
        '5' => &['S'],
        'S' => &['5'],
        '6' => &['G'],
        'G' => &['6'],
        '8' => &['B'],
        'B' => &['8'],
        '9' => &['Q', 'O', '0'],
        '7' => &['1', 'T'],
        'V' => &['Y', 'U'],
        'U' => &['V'],
        _ => &[],
    }
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
        only &= mend(
            &mut signs,
            &layout.composite,
            layout.composite_at,
            range,
            *at,
        );
    }
    (signs, only)
}

/// Tries other signs in a field whose digit does not agree: one or two of them, kept only when one choice alone agrees with
/// the field's digit (and, where it can tell, with the composite one).
fn mend(
    signs: &mut [char],
    composite: &Option<Vec<std::ops::Range<usize>>>,
    composite_at: usize,
    range: &std::ops::Range<usize>,
    at: usize,
) -> bool {
    let text = |signs: &[char], range: &std::ops::Range<usize>| -> String {
        signs
            .get(range.clone())
            .unwrap_or_default()
            .iter()
            .collect()
    };
    let agrees = |signs: &[char], covered: &str, at: usize| {
        let found = signs.get(at).copied().unwrap_or('?');
        digit(covered).to_string() == found.to_string()
            || (found == '<' && covered.trim_matches('<').is_empty())
    };
    let field_agrees = |signs: &[char]| agrees(signs, &text(signs, range), at);
    if field_agrees(signs) {
        return true;
    }
    let all_agree = |signs: &[char]| {
        let Some(parts) = composite else { return true };
        let covered: String = parts.iter().map(|part| text(signs, part)).collect();
        agrees(signs, &covered, composite_at)
    };
    let mut fits: Vec<Vec<char>> = Vec::new();
    let mut consider = |changed: Vec<char>| {
        if field_agrees(&changed) && !fits.contains(&changed) {
            fits.push(changed);
        }
    };
    let swaps: Vec<(usize, char)> = range
        .clone()
        .flat_map(|at| {
            others(signs.get(at).copied().unwrap_or('?'))
                .iter()
                .map(move |other| (at, *other))
        })
        .collect();
    for (n, (at, other)) in swaps.iter().enumerate() {
        let one = with(signs, *at, *other);
        for (second, other) in swaps.iter().skip(n + 1).filter(|(second, _)| second != at) {
            consider(with(&one, *second, *other));
        }
        consider(one);
    }
    let changes = |fit: &Vec<char>| fit.iter().zip(signs.iter()).filter(|(a, b)| a != b).count();
    let fewest = fits.iter().map(changes).min();
    fits.retain(|fit| Some(changes(fit)) == fewest);
    if fits.len() > 1 && fits.iter().any(|fit| all_agree(fit)) {
        fits.retain(|fit| all_agree(fit));
    }
    match fits.as_slice() {
        [fit] => {
            signs.copy_from_slice(fit);
            true
        }
        _ => false,
    }
}

fn with(signs: &[char], at: usize, sign: char) -> Vec<char> {
    let mut changed = signs.to_vec();
    if let Some(place) = changed.get_mut(at) {
        *place = sign;
    }
    changed
}
