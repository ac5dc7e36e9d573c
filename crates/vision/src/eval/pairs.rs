//! 1:1 on listed pairs or on all of a folder: TAR at fixed FAR with confidence bounds over people.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::rates::{Accepted, Compared, accepted};
use super::{Embedded, EvalError, Folder, RATES, Setup, Study, embed};
use crate::DetectSize;

/// Two photographs and whether they show one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Path below the root.
    pub a: String,
    /// Path below the root.
    pub b: String,
    /// One person.
    pub same: bool,
}

/// The result of one evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The pack.
    pub pack: String,
    /// Its recogniser.
    pub model_id: String,
    /// The engine that ran.
    pub engine: String,
    /// Detection size.
    pub detect: DetectSize,
    /// Photographs used.
    pub images: usize,
    /// Photographs without a usable face. Their genuine pairs count as refused, their impostor pairs too.
    pub failures_to_enrol: usize,
    /// Pairs of one person.
    pub n_genuine: usize,
    /// Pairs of two people.
    pub n_impostor: usize,
    /// TAR per FAR.
    pub tar: Vec<Accepted>,
    /// Mean milliseconds per photograph and thread: decode, detect, align, embed. 0 when all came from the cache.
    pub ms_per_image: f64,
}

/// Reads a pairs file: a header line, then `a<TAB>b<TAB>same`.
pub fn load_pairs(path: &Path) -> Result<Vec<Pair>, EvalError> {
    let text = fs::read_to_string(path).map_err(|e| EvalError::io(path, e))?;
    let lines = text
        .lines()
        .enumerate()
        .filter(|(i, l)| !(l.trim().is_empty() || *i == 0 && l.starts_with("a\t")));
    let parse = |(i, line): (usize, &str)| {
        let wrong = || EvalError::Line {
            path: path.into(),
            line: i + 1,
            expected: "a<TAB>b<TAB>0 or 1, paths below ROOT",
        };
        let parts = line.split('\t').collect::<Vec<_>>();
        let [a, b, same] = parts[..] else {
            return Err(wrong());
        };
        let same = match same.trim() {
            "1" => true,
            "0" => false,
            _ => return Err(wrong()),
        };
        Ok(Pair {
            a: a.to_owned(),
            b: b.to_owned(),
            same,
        })
    };
    lines.map(parse).collect()
}

/// Evaluates the pairs of a file.
pub fn pairs(
    root: &Path,
    pairs: &[Pair],
    setup: &Setup<'_>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Report, EvalError> {
    if pairs.is_empty() {
        return Err(EvalError::Empty("the pairs file has no pairs".into()));
    }
    let mut names = pairs
        .iter()
        .flat_map(|p| [p.a.clone(), p.b.clone()])
        .collect::<Vec<_>>();
    names.sort();
    names.dedup();
    let embedded = embed(root, &names, setup, progress)?;
    let folder = Folder::of(names);
    let mut owners = folder.photographs.iter().map(|p| (&p.path, p.person));
    let owners = owners.by_ref().collect::<std::collections::HashMap<_, _>>();
    let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
    for pair in pairs {
        let (a, b) = (embedded.template(&pair.a), embedded.template(&pair.b));
        let compared = Compared {
            score: a.zip(b).and_then(|(a, b)| a.cosine(b)),
            person: owners.get(&pair.a).copied().unwrap_or_default(),
        };
        if pair.same {
            genuine.push(compared)
        } else {
            impostor.push(compared)
        }
    }
    Ok(report(setup, &embedded, &genuine, &impostor))
}

/// Every pair of the photographs `root/<identity>/<photograph>`: genuine within, impostor between people.
pub fn all_pairs(
    root: &Path,
    setup: &Setup<'_>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Report, EvalError> {
    let folder = Folder::read(root)?;
    let names = folder.photographs.iter().map(|p| p.path.clone());
    let embedded = embed(root, &names.collect::<Vec<_>>(), setup, progress)?;
    let study = Study::of(&folder, &embedded, setup.threads)?;
    let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
    for (i, person) in study.owner.iter().enumerate() {
        let row = study.scores.row(i);
        for (j, other) in study.owner.iter().enumerate().skip(i + 1) {
            let compared = Compared {
                score: Some(row[j]).filter(|s| s.is_finite()),
                person: *person,
            };
            if person == other {
                genuine.push(compared)
            } else {
                impostor.push(compared)
            }
        }
    }
    Ok(report(setup, &embedded, &genuine, &impostor))
}

fn report(
    setup: &Setup<'_>,
    embedded: &Embedded,
    genuine: &[Compared],
    impostor: &[Compared],
) -> Report {
    let card = setup.pack.card();
    Report {
        pack: card.name.clone(),
        model_id: card.model_id.clone(),
        engine: setup.engine.name(),
        detect: setup.detect,
        images: embedded.shots.len(),
        failures_to_enrol: embedded.shots.values().filter(|t| t.is_none()).count(),
        n_genuine: genuine.len(),
        n_impostor: impostor.len(),
        tar: RATES
            .iter()
            .map(|far| accepted(*far, genuine, impostor))
            .collect(),
        ms_per_image: embedded.ms_per_image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(
            file.path(),
            "a\tb\tsame\nx/1.jpg\tx/2.jpg\t1\nx/1.jpg y/2.jpg 0\n",
        )
        .unwrap();
        assert!(
            load_pairs(file.path())
                .unwrap_err()
                .to_string()
                .contains("line 3")
        );
        fs::write(file.path(), "a\tb\tsame\nx/1.jpg\tx/2.jpg\t1\n").unwrap();
        assert_eq!(
            load_pairs(file.path()).unwrap(),
            [Pair {
                a: "x/1.jpg".into(),
                b: "x/2.jpg".into(),
                same: true
            }]
        );
    }
}
