//! Every photograph against every other, as one table of cosines. The templates are gone once it is made.

use std::sync::Mutex;

use super::{Embedded, EvalError, Folder};
use crate::{Quality, Template};

/// The table grows with the square: beyond this many photographs (1 GiB) people are left out at random.
pub const MOST_PHOTOGRAPHS: usize = 16_000;
/// Rows and columns compared at a time, so that both stay in the processor's cache.
const BLOCK: usize = 32;

/// Cosines of all photographs, row-major; negative infinity where one has no template.
pub struct Scores {
    n: usize,
    values: Vec<f32>,
}

impl Scores {
    /// Compares all templates, which are of one model and length, on `threads` threads.
    pub fn of(templates: &[Option<&Template>], threads: usize) -> Self {
        let n = templates.len();
        let mut values = vec![f32::NEG_INFINITY; n * n];
        let parts = values.chunks_mut((BLOCK * n).max(1)).enumerate();
        let parts = Mutex::new(parts);
        let work = || {
            loop {
                let part = parts.lock().unwrap_or_else(|e| e.into_inner()).next();
                let Some((at, rows)) = part else { break };
                compare(templates, at * BLOCK, rows);
            }
        };
        std::thread::scope(|scope| {
            (0..threads.max(1)).for_each(|_| {
                scope.spawn(work);
            });
        });
        Scores { n, values }
    }

    /// From a function of two photographs, for tests.
    #[cfg(test)]
    pub(super) fn from_fn(n: usize, score: impl Fn(usize, usize) -> f32) -> Self {
        let values = (0..n * n).map(|at| score(at / n, at % n)).collect();
        Scores { n, values }
    }

    /// One photograph against all.
    pub fn row(&self, photograph: usize) -> &[f32] {
        &self.values[photograph * self.n..(photograph + 1) * self.n]
    }
}

/// Fills whole rows, from photograph `first` on, block by block of columns.
fn compare(templates: &[Option<&Template>], first: usize, rows: &mut [f32]) {
    let n = templates.len();
    for columns in (0..n).step_by(BLOCK) {
        let columns = columns..(columns + BLOCK).min(n);
        for (row, out) in rows.chunks_exact_mut(n).enumerate() {
            let Some(a) = templates[first + row] else {
                continue;
            };
            for column in columns.clone() {
                if let Some(b) = templates[column] {
                    out[column] = dot(&a.values, &b.values);
                }
            }
        }
    }
}

/// Sixteen sums side by side, which the compiler turns into vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    let (whole_a, whole_b) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest = whole_a.remainder().iter().zip(whole_b.remainder());
    let rest = rest.map(|(x, y)| x * y).sum::<f32>();
    for (x, y) in whole_a.zip(whole_b) {
        for lane in 0..16 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// A folder as numbers: who is on each photograph, how good it is, how all compare. It holds no name and no picture.
pub struct Study {
    /// Number of people.
    pub people: usize,
    /// The person of each photograph.
    pub owner: Vec<usize>,
    /// Quality by photograph; `None` where no face was found.
    pub quality: Vec<Option<Quality>>,
    /// All against all.
    pub scores: Scores,
}

impl Study {
    /// From a folder and its templates. Refuses more photographs than fit into memory.
    pub fn of(folder: &Folder, embedded: &Embedded, threads: usize) -> Result<Self, EvalError> {
        let shots = folder.photographs.iter().map(|p| {
            let shot = embedded.shots.get(&p.path);
            shot.and_then(Option::as_ref)
        });
        let shots = shots.collect::<Vec<_>>();
        if shots.len() > MOST_PHOTOGRAPHS {
            return Err(EvalError::Empty(format!(
                "{} photographs are more than {MOST_PHOTOGRAPHS}, which would need more than 1 GiB; take a part of the people",
                shots.len()
            )));
        }
        let templates = shots.iter().map(|s| s.map(|s| &s.template));
        Ok(Study {
            people: folder.people.len(),
            owner: folder.photographs.iter().map(|p| p.person).collect(),
            quality: shots.iter().map(|s| s.map(|s| s.quality)).collect(),
            scores: Scores::of(&templates.collect::<Vec<_>>(), threads),
        })
    }

    /// Photographs with a template, by person.
    pub fn enrolled(&self) -> Vec<u32> {
        let mut counts = vec![0; self.people];
        for (owner, quality) in self.owner.iter().zip(&self.quality) {
            counts[*owner] += u32::from(quality.is_some());
        }
        counts
    }

    /// All photographs of each person, with or without a template.
    pub fn of_person(&self) -> Vec<Vec<usize>> {
        let mut of = vec![Vec::new(); self.people];
        for (photograph, owner) in self.owner.iter().enumerate() {
            of[*owner].push(photograph);
        }
        of
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_the_same_cosines_as_two_templates_alone() {
        let template = |i: usize| {
            let values = (0..37).map(|v| ((i * 31 + v * 17) % 23) as f32 - 11.0);
            Template::new("m".into(), values.collect()).unwrap()
        };
        let all = (0..70).map(template).collect::<Vec<_>>();
        let mut given = all.iter().map(Some).collect::<Vec<_>>();
        given[5] = None;
        let scores = Scores::of(&given, 3);
        for i in 0..70 {
            for j in 0..70 {
                let expect = match (given[i], given[j]) {
                    (Some(a), Some(b)) => a.cosine(b).unwrap(),
                    _ => f32::NEG_INFINITY,
                };
                let got = scores.row(i)[j];
                assert!(got == expect || (got - expect).abs() < 1e-5, "{i} {j}");
            }
        }
    }
}
