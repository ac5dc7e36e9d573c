//! Two names held against each other: which part answers which, what each is worth, and the sum. Pure; must not know about
//! lists, documents or who asks.

use crate::{
    likeness::{Likeness, can_pair, initial_of, joined, likeness, with_particle},
    name::{MOST_PARTS, Name, Part, Role},
    weight::{
        ABSENT, DESCENT, Feature, INITIAL, INITIAL_DIFFERS, JOIN_AT, ORDER, OTHER_ROLE, PAIR_AT,
        Row, START, SUPPORT, THRESHOLD, Verdict, WHOLE, differs, kept, score,
    },
};

/// The score of two names and the table that explains it.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// 0 to 1; [`THRESHOLD`] and more is a match.
    pub score: f32,
    /// The rows; their weights add up to the log-odds of the score.
    pub rows: Vec<Row>,
}

impl Comparison {
    /// Whether the score reaches the shipped threshold.
    #[must_use]
    pub fn is_match(&self) -> bool {
        self.score >= THRESHOLD
    }

    pub(crate) fn of(rows: Vec<Row>) -> Self {
        let score = score(rows.iter().map(|row| row.weight).sum());
        Comparison { score, rows }
    }
}

/// Compares two names as written. To compare one with many, prepare each once and use [`compare_names`].
#[must_use]
pub fn compare(a: &str, b: &str) -> Comparison {
    compare_names(&Name::new(a), &Name::new(b))
}

/// Compares two prepared names. Symmetric but for the sides of the rows.
#[must_use]
pub fn compare_names(a: &Name, b: &Name) -> Comparison {
    let mut pairing = Pairing::new(a, b);
    pairing.whole_parts();
    pairing.joined_parts();
    pairing.short_first();
    pairing.initials();
    Comparison::of(pairing.rows())
}

/// Whether a part of the shorter name certainly answers none of the other, which then has one left too: a contradiction.
/// Quicker than the comparison, and never true of a match.
pub(crate) fn left_over(a: &Name, b: &Name) -> bool {
    let (short, long) = if a.parts.len() <= b.parts.len() {
        (a, b)
    } else {
        (b, a)
    };
    if !a.parts.iter().chain(&b.parts).all(full) {
        return false;
    }
    let alone = |part: &Part| !long.parts.iter().any(|other| can_pair(part, other));
    let Some(part) = short.parts.iter().find(|part| alone(part)) else {
        return false;
    };
    let all = [true; SIZE];
    let cut = short
        .parts
        .first()
        .zip(long.parts.first())
        .is_some_and(|(x, y)| beginning(x, y));
    !cut && apart(&long.parts, &all, part).is_none()
        && !long
            .parts
            .iter()
            .any(|other| apart(&short.parts, &all, other).is_some())
}

/// Parts that agree.
struct Agreement {
    feature: Feature,
    left: usize,
    right: usize,
    /// Parts of the name that has more of them.
    parts: usize,
    /// Share of a rare part's worth: likeness and how common the part is.
    worth: f32,
    likeness: f32,
}

const SIZE: usize = MOST_PARTS + 4;

struct Pairing<'n> {
    a: &'n Name,
    b: &'n Name,
    free_a: [bool; SIZE],
    free_b: [bool; SIZE],
    likeness: [[f32; SIZE]; SIZE],
    agreed: Vec<Agreement>,
}

impl<'n> Pairing<'n> {
    fn new(a: &'n Name, b: &'n Name) -> Self {
        let mut free_a = [false; SIZE];
        let mut free_b = [false; SIZE];
        free_a[..a.parts.len()].fill(true);
        free_b[..b.parts.len()].fill(true);
        Pairing {
            a,
            b,
            free_a,
            free_b,
            likeness: [[0.0; SIZE]; SIZE],
            agreed: Vec::with_capacity(6),
        }
    }

    /// Pairs whole parts, the most alike first; among equals the rarer, then those that stand at the same place.
    fn whole_parts(&mut self) {
        let mut found: Vec<(f32, usize, usize, Likeness)> = Vec::with_capacity(8);
        for (i, x) in self.a.parts.iter().enumerate() {
            for (j, y) in self.b.parts.iter().enumerate() {
                if !full(x) || !full(y) {
                    continue;
                }
                let like = likeness(x, y);
                self.likeness[i][j] = like.score;
                if like.score >= PAIR_AT {
                    let rank = like.score + f32::from(x.weight.min(y.weight)) / 1e5
                        - i.abs_diff(j) as f32 / 1e6;
                    found.push((rank, i, j, like));
                }
            }
        }
        found.sort_unstable_by(|x, y| y.0.total_cmp(&x.0));
        for (_, i, j, like) in found {
            if self.free_a[i] && self.free_b[j] {
                let feature = match like.score {
                    _ if like.short_form => Feature::ShortForm,
                    s if s >= 0.97 => Feature::SamePart,
                    _ => Feature::AlikePart,
                };
                self.agree(feature, i, j, like.score);
            }
        }
    }

    fn agree(&mut self, feature: Feature, left: usize, right: usize, likeness: f32) {
        (self.free_a[left], self.free_b[right]) = (false, false);
        let weight = self.a.parts[left].weight.min(self.b.parts[right].weight);
        self.agreed.push(Agreement {
            feature,
            left,
            right,
            parts: 1,
            worth: kept(likeness) * f32::from(weight) / 1000.0,
            likeness,
        });
    }

    /// One word that answers several is worth as much as they.
    fn agree_joined(&mut self, left: usize, right: usize, parts: usize, likeness: f32) {
        self.agree(Feature::JoinedParts, left, right, likeness);
        if let Some(agreed) = self.agreed.last_mut() {
            agreed.parts = parts;
        }
    }

    /// Two or three words here that are one word there, and a particle written with its word.
    fn joined_parts(&mut self) {
        for i in 0..self.a.parts.len() {
            if let Some((from, span, like)) = self.free_a[i]
                .then(|| apart(&self.b.parts, &self.free_b, &self.a.parts[i]))
                .flatten()
            {
                self.free_b[from..from + span].fill(false);
                self.agree_joined(i, from, span, like);
            }
        }
        for j in 0..self.b.parts.len() {
            if let Some((from, span, like)) = self.free_b[j]
                .then(|| apart(&self.a.parts, &self.free_a, &self.b.parts[j]))
                .flatten()
            {
                self.free_a[from..from + span].fill(false);
                self.agree_joined(from, j, span, like);
            }
        }
    }

    /// A first name cut short: Ben, Benjamin.
    fn short_first(&mut self) {
        let (Some(x), Some(y)) = (self.a.parts.first(), self.b.parts.first()) else {
            return;
        };
        if self.free_a[0] && self.free_b[0] && full(x) && full(y) && beginning(x, y) {
            self.agree(Feature::ShortForm, 0, 0, 0.8);
        }
    }

    /// Initials against parts that are left.
    fn initials(&mut self) {
        for i in 0..self.a.parts.len() {
            for j in 0..self.b.parts.len() {
                let (x, y) = (&self.a.parts[i], &self.b.parts[j]);
                let fits = match (full(x), full(y)) {
                    (true, true) => false,
                    (false, _) => initial_of(x, y),
                    (true, false) => initial_of(y, x),
                };
                if fits && self.free_a[i] && self.free_b[j] {
                    (self.free_a[i], self.free_b[j]) = (false, false);
                    self.agreed.push(Agreement {
                        feature: Feature::Initial,
                        left: i,
                        right: j,
                        parts: 1,
                        worth: 0.0,
                        likeness: 0.9,
                    });
                }
            }
        }
    }

    fn rows(&mut self) -> Vec<Row> {
        let mut rows = Vec::with_capacity(10);
        rows.push(Row::of(Feature::Start, Verdict::Neutral, START));
        self.agreed.sort_by(|x, y| y.worth.total_cmp(&x.worth));
        let mut place = 0;
        for agreed in &self.agreed {
            let weight = if agreed.feature == Feature::Initial {
                INITIAL
            } else {
                let first = place;
                place += agreed.parts;
                agreed.worth
                    * (first..place)
                        .map(|at| SUPPORT[at.min(SUPPORT.len() - 1)])
                        .sum::<f32>()
            };
            let words = (
                self.a.parts[agreed.left].text,
                self.b.parts[agreed.right].text,
            );
            rows.push(Row::of(agreed.feature, Verdict::Supports, weight).with(words.0, words.1));
        }
        let left = self.leftovers(&mut rows);
        if !left
            && !self.agreed.is_empty()
            && self.agreed.iter().all(|agreed| agreed.likeness >= 0.96)
        {
            rows.push(Row::of(Feature::WholeName, Verdict::Supports, WHOLE));
        }
        if self.turned() && !self.a.comma && !self.b.comma {
            rows.push(Row::of(Feature::Order, Verdict::Contradicts, ORDER));
        }
        if let (Some(x), Some(y)) = (self.a.descent, self.b.descent)
            && x != y
        {
            rows.push(Row::of(Feature::Descent, Verdict::Contradicts, DESCENT));
        }
        rows
    }

    /// Rows of the parts nothing answers; whether there were any.
    fn leftovers(&mut self, rows: &mut Vec<Row>) -> bool {
        let any = self.free_a.contains(&true) || self.free_b.contains(&true);
        while let Some((i, j)) = self.next_contradiction() {
            (self.free_a[i], self.free_b[j]) = (false, false);
            let (x, y) = (&self.a.parts[i], &self.b.parts[j]);
            let (feature, weight) = if !full(x) || !full(y) {
                (Feature::Initial, INITIAL_DIFFERS)
            } else if (x.role == Role::Patronymic) != (y.role == Role::Patronymic) {
                (Feature::OtherPart, OTHER_ROLE)
            } else {
                (Feature::OtherPart, differs(self.likeness[i][j]))
            };
            rows.push(Row::of(feature, Verdict::Contradicts, weight).with(x.text, y.text));
        }
        let absent = |part: &Part| {
            Row::of(
                Feature::MissingPart,
                Verdict::Absent,
                ABSENT * f32::from(part.weight.max(300)) / 1000.0,
            )
        };
        for (part, _) in self
            .a
            .parts
            .iter()
            .zip(self.free_a)
            .filter(|(_, free)| *free)
        {
            rows.push(absent(part).with(part.text, crate::Word::EMPTY));
        }
        for (part, _) in self
            .b
            .parts
            .iter()
            .zip(self.free_b)
            .filter(|(_, free)| *free)
        {
            rows.push(absent(part).with(crate::Word::EMPTY, part.text));
        }
        any
    }

    /// The two leftover parts that answer each other best: same role, then most alike, then nearest place.
    fn next_contradiction(&self) -> Option<(usize, usize)> {
        let mut best = None;
        for (i, x) in self
            .a
            .parts
            .iter()
            .enumerate()
            .filter(|(i, _)| self.free_a[*i])
        {
            for (j, y) in self
                .b
                .parts
                .iter()
                .enumerate()
                .filter(|(j, _)| self.free_b[*j])
            {
                if x.role == Role::MaybeTitle || y.role == Role::MaybeTitle {
                    continue;
                }
                let rank = f32::from(u8::from(x.role == y.role)) * 2.0 + self.likeness[i][j]
                    - i.abs_diff(j) as f32 / 1e3;
                if best.is_none_or(|(most, _, _)| rank > most) {
                    best = Some((rank, i, j));
                }
            }
        }
        best.map(|(_, i, j)| (i, j))
    }

    fn turned(&self) -> bool {
        self.agreed.iter().any(|x| {
            self.agreed
                .iter()
                .any(|y| x.left < y.left && x.right > y.right)
        })
    }
}

fn full(part: &Part) -> bool {
    !matches!(part.role, Role::Initial | Role::MaybeTitle)
}

/// Ben for Benjamin: a first name cut short, when neither is a common name of its own.
fn beginning(x: &Part, y: &Part) -> bool {
    let (short, long) = if x.text.len() < y.text.len() {
        (x, y)
    } else {
        (y, x)
    };
    short.text.len() >= 3
        && long.text.len() >= short.text.len() + 2
        && !short.distinct
        && short.role == long.role
        && long.text.bytes().starts_with(short.text.bytes())
}

/// Which free neighbours together are this part: first, how many, how alike.
fn apart(parts: &[Part], free: &[bool; SIZE], whole: &Part) -> Option<(usize, usize, f32)> {
    if whole.text.len() < 4 {
        return None;
    }
    let mut best: Option<(usize, usize, f32)> = None;
    for from in 0..parts.len() {
        for span in 1..=3.min(parts.len() - from) {
            if !free[from..from + span].iter().all(|free| *free) {
                break;
            }
            let like = if span == 1 {
                with_particle(&parts[from], whole)
            } else {
                let turned = if span == 2 {
                    joined([&parts[from + 1], &parts[from]], whole)
                } else {
                    0.0
                };
                joined(&parts[from..from + span], whole).max(turned)
            };
            if like >= JOIN_AT && best.is_none_or(|(_, _, most)| like > most) {
                best = Some((from, span, like));
            }
        }
    }
    best
}

#[cfg(test)]
mod tests;
