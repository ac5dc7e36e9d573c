//! One person under two names: label noise of public sets, which would pass for the rarest false matches.
//! It marks suspects by rule or reads a list that somebody made; results are always reported with and without them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::compare::Doubles;
use super::{Compared, EvalError, Folder, Study};

/// Pairs of numbers of people, and where they come from.
#[derive(Clone, Default)]
pub struct SamePeople {
    /// Lower number first.
    pub pairs: Doubles,
    /// `list` or `rule`.
    pub source: &'static str,
}

/// So many pairs of strangers as high as this one would be expected in the whole study.
const EXPECTED: f64 = 0.05;
/// Middle score of all comparisons of the two: strangers reach it this rarely.
const MIDDLE: f64 = 1e-4;
/// The tail of strangers is fitted to this share of the highest comparisons.
const SHARE: f64 = 1e-3;
/// Fewer comparisons than this say nothing about a tail.
const LEAST: usize = 30;

/// Suspects by rule. Two people are taken for one when (a) one of their comparisons is so high that fewer than one in
/// twenty such studies of strangers would have any like it, by an exponential tail fitted to all of this one, and (b) the
/// median of all comparisons of the two is at least the score which one in 10,000 strangers reach. With few
/// photographs or a weak model no pair is high enough for (a): then nobody is suspected.
pub fn suspects(study: &Study, compared: &Compared) -> SamePeople {
    let mut pairs = Doubles::new();
    let Some((limit, middle)) = limits(compared) else {
        return SamePeople {
            pairs,
            source: "rule",
        };
    };
    let mut all = HashMap::<(u32, u32), Vec<f32>>::new();
    let high = compared
        .strangers
        .iter()
        .take_while(|c| f64::from(c.score) >= limit);
    high.for_each(|c| {
        all.entry((c.a, c.b)).or_default();
    });
    for (i, a) in study.owner.iter().enumerate() {
        for (j, b) in study.owner.iter().enumerate().skip(i + 1) {
            let pair = (*a.min(b) as u32, *a.max(b) as u32);
            if let Some(scores) = all.get_mut(&pair) {
                scores.push(study.scores.row(i)[j]);
            }
        }
    }
    for (pair, mut scores) in all {
        scores.sort_by(f32::total_cmp);
        if scores
            .get(scores.len() / 2)
            .is_some_and(|s| f64::from(*s) >= middle)
        {
            pairs.insert(pair);
        }
    }
    SamePeople {
        pairs,
        source: "rule",
    }
}

/// The score of (a) and that of (b): an exponential tail over the score that one comparison in 1,000 reaches, its scale
/// from the median excess, which a few suspects cannot move.
fn limits(compared: &Compared) -> Option<(f64, f64)> {
    let above = (compared.n_strangers * SHARE) as usize;
    let score = |at: usize| compared.strangers.get(at).map(|c| f64::from(c.score));
    let (from, half) = (score(above)?, score(above / 2)?);
    let scale = (half - from) / std::f64::consts::LN_2;
    let at = |rate: f64| from + scale * (SHARE / rate).ln().max(0.0);
    (above >= LEAST && scale > 0.0).then(|| (at(EXPECTED / compared.n_strangers), at(MIDDLE)))
}

/// Reads a list: `identity<TAB>identity` a line. People who are not in the folder are skipped.
pub fn load_same_people(path: &Path, folder: &Folder) -> Result<SamePeople, EvalError> {
    let text = fs::read_to_string(path).map_err(|e| EvalError::io(path, e))?;
    let mut pairs = Doubles::new();
    for (at, line) in text
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.trim().is_empty())
    {
        let cells = line.split('\t').map(str::trim).collect::<Vec<_>>();
        let [a, b] = cells[..] else {
            return Err(EvalError::Line {
                path: path.into(),
                line: at + 1,
                expected: "identity<TAB>identity",
            });
        };
        if let (Some(a), Some(b)) = (folder.person(a), folder.person(b)) {
            pairs.insert((a.min(b) as u32, a.max(b) as u32));
        }
    }
    Ok(SamePeople {
        pairs,
        source: "list",
    })
}
