//! A list of people by name and document number, held in memory and asked in milliseconds: keys narrow a million names to
//! some hundreds, the comparison decides. Keeps nothing it was asked about; must not decide what a hit means.

mod asked;
mod key;
mod posting;
#[cfg(test)]
mod tests;

use std::{cmp::Reverse, collections::HashMap, hash::Hash};

use crate::{
    Comparison, DocumentNumber, Facts, Feature, Name, Row, Verdict,
    compare::left_over,
    compare_names,
    facts::rows,
    name::{Part, Role},
    weight::score,
    word::Word,
};
use asked::Asked;
use key::{keyed, keys};
use posting::Postings;

/// One person as a list or a traveller's papers describe them. Personal data: `Debug` is redacted.
#[derive(Clone, Default)]
pub struct Subject {
    /// The primary name and all others, as written.
    pub names: Vec<String>,
    /// Numbers of documents, as written.
    pub documents: Vec<String>,
    /// What else is known.
    pub facts: Facts,
}

impl Subject {
    /// Of names and numbers as written.
    #[must_use]
    pub fn new(names: Vec<String>, documents: Vec<String>, facts: Facts) -> Self {
        Subject {
            names,
            documents,
            facts,
        }
    }
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subject(redacted)")
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.names.zeroize();
        self.documents.zeroize();
    }
}

/// Somebody whose name is a match.
#[derive(Clone, Debug, PartialEq)]
pub struct NameHit<K> {
    /// Who.
    pub id: K,
    /// Which of the names asked for, from 0.
    pub asked: usize,
    /// Which of the listed names answered, from 0.
    pub listed: usize,
    /// Of the names alone, at or above [`crate::THRESHOLD`].
    pub name_score: f32,
    /// With what else is known; for the order of hits only.
    pub score: f32,
    /// The table: names, then date of birth, sex, nationality and document, each with what it says or that it was absent.
    pub rows: Vec<Row>,
}

/// Somebody with the same document number, whatever the name.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentHit<K> {
    /// Who.
    pub id: K,
    /// Which of the numbers asked for, from 0.
    pub asked: usize,
    /// The best score of the names; `None` when one side has no name. A low one says: this document, another name.
    pub name_score: Option<f32>,
    /// As in [`NameHit`], with the best names.
    pub rows: Vec<Row>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Screening<K> {
    /// By document number, in the order asked.
    pub documents: Vec<DocumentHit<K>>,
    /// By name, best first.
    pub names: Vec<NameHit<K>>,
    /// Names that were compared.
    pub compared: usize,
    /// Names under the same keys that were not compared because there were too many; the least alike by rare parts. When
    /// it is not 0, say so, and ask again with more of the name.
    pub left_out: usize,
    /// Hits by name beyond the limit.
    pub more: usize,
}

struct Listed<K> {
    id: K,
    which: u16,
    name: Name,
}

struct Held {
    places: Vec<u32>,
    documents: Vec<DocumentNumber>,
    facts: Facts,
}

/// The list. `K` names a person: an entry's id, a booking's.
pub struct Index<K> {
    listed: Vec<Option<Listed<K>>>,
    outline: Vec<Outline>,
    free: Vec<u32>,
    postings: Postings,
    people: HashMap<K, Held>,
    documents: HashMap<DocumentNumber, Vec<K>>,
    /// A part under whose keys there are at most so many names is enough alone.
    few: usize,
}

impl<K> Default for Index<K> {
    fn default() -> Self {
        Index {
            listed: Vec::new(),
            outline: Vec::new(),
            free: Vec::new(),
            postings: Postings::default(),
            people: HashMap::new(),
            documents: HashMap::new(),
            few: FEW,
        }
    }
}

impl<K> std::fmt::Debug for Index<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Index({} people, redacted)", self.people.len())
    }
}

/// At most so many names are compared for one name asked.
const MOST_COMPARED: usize = 6000;
/// See `Index::few`.
const FEW: usize = 3000;

impl<K: Copy + Eq + Hash + Ord> Index<K> {
    /// Puts a person on the list; one with the same id is replaced.
    pub fn put(&mut self, id: K, subject: &Subject) {
        self.remove(&id);
        let mut held = Held {
            places: Vec::with_capacity(subject.names.len()),
            documents: Vec::new(),
            facts: subject.facts,
        };
        for (which, written) in (0u16..).zip(&subject.names) {
            let name = Name::new(written);
            if !name.is_empty() {
                held.places.push(self.place(id, which, name));
            }
        }
        for number in subject
            .documents
            .iter()
            .filter_map(|written| DocumentNumber::of(written))
        {
            if !held.documents.contains(&number) {
                self.documents.entry(number.clone()).or_default().push(id);
                held.documents.push(number);
            }
        }
        self.people.insert(id, held);
    }

    fn place(&mut self, id: K, which: u16, name: Name) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.listed.push(None);
            self.outline.push(Outline::default());
            u32::try_from(self.listed.len() - 1).unwrap_or(u32::MAX)
        });
        for key in keys(&name) {
            self.postings.put(key.hash, place);
        }
        let outline = Outline::of(&name);
        let listed = Listed { id, which, name };
        if let Some(spot) = self.listed.get_mut(place as usize) {
            *spot = Some(listed);
        }
        if let Some(spot) = self.outline.get_mut(place as usize) {
            *spot = outline;
        }
        place
    }

    /// Takes a person off the list; `false` when nobody has this id. Names and numbers are wiped.
    pub fn remove(&mut self, id: &K) -> bool {
        let Some(held) = self.people.remove(id) else {
            return false;
        };
        for place in held.places {
            let spot = self.listed.get_mut(place as usize);
            if let Some(listed) = spot.and_then(Option::take) {
                for key in keys(&listed.name) {
                    self.postings.remove(key.hash, place);
                }
                self.free.push(place);
            }
        }
        for number in &held.documents {
            if let Some(owners) = self.documents.get_mut(number) {
                owners.retain(|owner| owner != id);
                if owners.is_empty() {
                    self.documents.remove(number);
                }
            }
        }
        true
    }

    /// People on the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Bytes the names and their keys take, without ids, documents and what the allocator adds: (names, keys).
    #[must_use]
    pub fn bytes(&self) -> (usize, usize) {
        let places = self.listed.capacity() * std::mem::size_of::<Option<Listed<K>>>();
        let parts = self
            .listed
            .iter()
            .flatten()
            .map(|listed| listed.name.heap_bytes());
        (places + parts.sum::<usize>(), self.postings.size().1)
    }

    /// Who on the list has one of these document numbers, or a name that matches one of these: at most `limit` by name.
    #[must_use]
    pub fn screen(&self, asked: &Subject, limit: usize) -> Screening<K> {
        let names: Vec<Name> = asked
            .names
            .iter()
            .map(|written| Name::new(written))
            .collect();
        let numbers: Vec<DocumentNumber> = asked
            .documents
            .iter()
            .filter_map(|written| DocumentNumber::of(written))
            .collect();
        let mut best: HashMap<K, (f32, usize, u32, Comparison)> = HashMap::new();
        let (mut compared, mut left_out) = (0, 0);
        for (which, name) in names.iter().enumerate() {
            let (places, beyond) = self.candidates(name);
            compared += places.len();
            left_out += beyond;
            for place in places {
                let Some(listed) = self.listed.get(place as usize).and_then(Option::as_ref) else {
                    continue;
                };
                if left_over(name, &listed.name) {
                    continue;
                }
                let found = compare_names(name, &listed.name);
                let better = |known: &(f32, usize, u32, Comparison)| known.0 < found.score;
                if found.is_match() && best.get(&listed.id).is_none_or(better) {
                    best.insert(listed.id, (found.score, which, place, found));
                }
            }
        }
        let mut hits: Vec<NameHit<K>> = best
            .into_iter()
            .map(|(id, (name_score, which, place, found))| {
                self.name_hit(id, name_score, which, place, found, asked, &numbers)
            })
            .collect();
        hits.sort_by(|x, y| y.score.total_cmp(&x.score).then(x.id.cmp(&y.id)));
        let more = hits.len().saturating_sub(limit);
        hits.truncate(limit);
        Screening {
            documents: self.document_hits(&numbers, &names, &asked.facts),
            names: hits,
            compared,
            left_out,
            more,
        }
    }

    #[allow(clippy::too_many_arguments)] // one place builds it
    fn name_hit(
        &self,
        id: K,
        name_score: f32,
        asked: usize,
        place: u32,
        found: Comparison,
        subject: &Subject,
        numbers: &[DocumentNumber],
    ) -> NameHit<K> {
        let listed = self
            .listed
            .get(place as usize)
            .and_then(Option::as_ref)
            .map_or(0, |listed| usize::from(listed.which));
        let mut table = found.rows;
        if let Some(held) = self.people.get(&id) {
            table.extend(rows(&subject.facts, &held.facts));
            table.push(document(numbers, &held.documents));
        }
        NameHit {
            id,
            asked,
            listed,
            name_score,
            score: score(table.iter().map(|row| row.weight).sum()),
            rows: table,
        }
    }

    fn document_hits(
        &self,
        numbers: &[DocumentNumber],
        names: &[Name],
        facts: &Facts,
    ) -> Vec<DocumentHit<K>> {
        let mut hits: Vec<DocumentHit<K>> = Vec::new();
        for (asked, number) in numbers.iter().enumerate() {
            for id in self.documents.get(number).into_iter().flatten() {
                let Some(held) = self
                    .people
                    .get(id)
                    .filter(|_| hits.iter().all(|hit| hit.id != *id))
                else {
                    continue;
                };
                let listed = held
                    .places
                    .iter()
                    .filter_map(|place| self.listed.get(*place as usize)?.as_ref());
                let found = listed
                    .flat_map(|listed| names.iter().map(|name| compare_names(name, &listed.name)));
                let best = found.max_by(|x, y| x.score.total_cmp(&y.score));
                let name_score = best.as_ref().map(|found| found.score);
                let mut table = best.map_or_else(Vec::new, |found| found.rows);
                table.extend(rows(facts, &held.facts));
                table.push(document(numbers, &held.documents));
                hits.push(DocumentHit {
                    id: *id,
                    asked,
                    name_score,
                    rows: table,
                });
            }
        }
        hits
    }

    /// Places worth comparing, rarest agreement first, and how many more there were.
    fn candidates(&self, name: &Name) -> (Vec<u32>, usize) {
        let asked = Asked::new(name, &self.postings, self.listed.len(), self.few);
        // Parts shared at all in the low half, exactly in the high half.
        let mut masks = vec![0u16; self.listed.len()];
        let mut seen = Vec::with_capacity(1024);
        for key in &asked.keys {
            let bits = u16::from(key.parts) << if key.exact { 8 } else { 0 } | u16::from(key.parts);
            for place in self.postings.get(key.hash) {
                if let Some(mask) = masks.get_mut(*place as usize) {
                    if *mask == 0 {
                        seen.push(*place);
                    }
                    *mask |= bits;
                }
            }
        }
        let mut ranked: Vec<(Reverse<i32>, u32)> =
            Vec::with_capacity(seen.len().min(MOST_COMPARED));
        for place in seen {
            let mask = masks.get(place as usize).copied().unwrap_or(0);
            let outline = self.outline.get(place as usize);
            if let Some(rank) = outline.and_then(|outline| asked.rank(mask, *outline)) {
                ranked.push((Reverse(rank), place));
            }
        }
        let beyond = ranked.len().saturating_sub(MOST_COMPARED);
        if beyond > 0 {
            ranked.select_nth_unstable(MOST_COMPARED);
            ranked.truncate(MOST_COMPARED);
        }
        (ranked.into_iter().map(|(_, place)| place).collect(), beyond)
    }
}

/// The document row: the same number, none the same, or absent. It has no weight: a number is a hit of its own.
fn document(asked: &[DocumentNumber], listed: &[DocumentNumber]) -> Row {
    let verdict = if asked.is_empty() || listed.is_empty() {
        Verdict::Absent
    } else if asked.iter().any(|number| listed.contains(number)) {
        Verdict::Supports
    } else {
        // People have several documents and get new ones.
        Verdict::Neutral
    };
    Row::of(Feature::Document, verdict, 0.0)
}

/// What can be said of a name without looking at it.
#[derive(Clone, Copy, Default)]
struct Outline {
    /// First letters of its parts, as written and as they sound: a bit a letter.
    letters: u32,
    /// First letters that stand alone.
    initials: u32,
    /// Parts.
    parts: u8,
    /// Parts with keys of their own.
    keyed: u8,
}

impl Outline {
    fn of(name: &Name) -> Self {
        let count = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        let first = |word: &Word| {
            word.bytes()
                .first()
                .map_or(0, |letter| 1u32 << letter.wrapping_sub(b'a').min(31))
        };
        let letters = |part: &Part| first(&part.text) | first(&part.sound);
        let initial = |part: &&Part| part.role == Role::Initial;
        Outline {
            letters: name.parts.iter().map(letters).fold(0, |all, own| all | own),
            initials: name
                .parts
                .iter()
                .filter(initial)
                .map(letters)
                .fold(0, |all, own| all | own),
            parts: count(name.parts.len()),
            keyed: count(name.parts.iter().filter(|part| keyed(part)).count()),
        }
    }

    /// Whether there are parts without keys: initials, and "servant of".
    fn loose(self) -> bool {
        self.parts > self.keyed
    }
}
