//! How well a pack tells people apart on a folder of photographs: TAR at fixed FAR with confidence bounds.
//! It reads photographs, counts and forgets; no template and no crop leaves this module.

mod rates;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde::Serialize;

pub use rates::{Accepted, calibration};
use rates::{Compared, accepted};

use crate::{
    Analyser, DetectSize, Engine, Face, Frame, ImageLimits, Pack, PackError, Template, decode_image,
};

/// The false accept rates reported.
pub const RATES: [f64; 3] = [1e-2, 1e-3, 1e-4];

/// Why an evaluation could not run.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A file or folder could not be read.
    #[error("{path}: {cause}. Check the path")]
    Io {
        /// Where.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// The pairs file is not `a<TAB>b<TAB>same`.
    #[error(
        "{path}, line {line}: expected `a<TAB>b<TAB>0 or 1`, paths below ROOT. Correct the line and run again"
    )]
    Pairs {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
    },
    /// Nothing to compare.
    #[error("there is nothing to compare: {0}")]
    Empty(String),
    /// The pack could not be used.
    #[error(transparent)]
    Pack(#[from] PackError),
}

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
    /// Mean milliseconds per photograph and thread: decode, detect, align, embed.
    pub ms_per_image: f64,
}

/// What to evaluate with.
pub struct Setup<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// The engine.
    pub engine: &'a Arc<dyn Engine>,
    /// Detection size: the real setting of the site.
    pub detect: DetectSize,
    /// Parallel analysers, one thread each.
    pub threads: usize,
}

/// Reads a pairs file: a header line, then `a<TAB>b<TAB>same`.
pub fn load_pairs(path: &Path) -> Result<Vec<Pair>, EvalError> {
    let text = fs::read_to_string(path).map_err(|e| EvalError::Io {
        path: path.into(),
        cause: e.to_string(),
    })?;
    let lines = text
        .lines()
        .enumerate()
        .filter(|(i, l)| !(l.trim().is_empty() || *i == 0 && l.starts_with("a\t")));
    let parse = |(i, line): (usize, &str)| {
        let wrong = || EvalError::Pairs {
            path: path.into(),
            line: i + 1,
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

/// Templates by path below a root, and how long they took.
pub struct Embedded {
    /// `None` where no face was found.
    pub templates: HashMap<String, Option<Template>>,
    /// Mean milliseconds per photograph and thread.
    pub ms_per_image: f64,
}

/// Embeds every named photograph below `root` on all threads of the setup. `progress` gets done and total.
pub fn embed(
    root: &Path,
    names: &[String],
    setup: &Setup<'_>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Embedded, EvalError> {
    let (next, out) = (AtomicUsize::new(0), Mutex::new(HashMap::new()));
    let spent = Mutex::new(0.0f64);
    let work = || -> Result<(), EvalError> {
        let mut analyser = Analyser::new(setup.pack, setup.engine, setup.detect)?;
        let begun = std::time::Instant::now();
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            let template = template_of(&root.join(name), &mut analyser)?;
            let mut out = out.lock().unwrap_or_else(|e| e.into_inner());
            out.insert(name.clone(), template);
            progress(out.len(), names.len());
        }
        *spent.lock().unwrap_or_else(|e| e.into_inner()) += begun.elapsed().as_secs_f64();
        Ok(())
    };
    let results = std::thread::scope(|scope| {
        let running = (0..setup.threads.max(1))
            .map(|_| scope.spawn(work))
            .collect::<Vec<_>>();
        running.into_iter().map(|t| t.join()).collect::<Vec<_>>()
    });
    for result in results {
        result.unwrap_or_else(|_| Err(EvalError::Empty("a worker stopped unexpectedly".into())))?;
    }
    let spent = spent.into_inner().unwrap_or_else(|e| e.into_inner());
    let templates = out.into_inner().unwrap_or_else(|e| e.into_inner());
    Ok(Embedded {
        templates,
        ms_per_image: spent * 1000.0 / names.len().max(1) as f64,
    })
}

fn template_of(path: &Path, analyser: &mut Analyser) -> Result<Option<Template>, EvalError> {
    let io = |cause: String| EvalError::Io {
        path: path.into(),
        cause,
    };
    let bytes = fs::read(path).map_err(|e| io(e.to_string()))?;
    let frame = decode_image(&bytes, &ImageLimits::default()).map_err(|e| io(e.to_string()))?;
    let faces = analyser.detect(&frame).map_err(PackError::from)?;
    let Some(face) = subject(&frame, &faces) else {
        return Ok(None);
    };
    let crop = analyser.align(&frame, face);
    let templates = analyser.embed(&[crop]).map_err(PackError::from)?;
    Ok(templates.into_iter().next())
}

/// The person a photograph is of: the largest face, discounted by its distance from the centre.
pub fn subject<'a>(frame: &Frame, faces: &'a [Face]) -> Option<&'a Face> {
    let (cx, cy) = (frame.width as f32 / 2.0, frame.height as f32 / 2.0);
    let weight = |f: &Face| {
        let [x, y, w, h] = f.bbox;
        let away = (x + w / 2.0 - cx).hypot(y + h / 2.0 - cy) / cx.hypot(cy);
        (w * h).sqrt() * (1.0 - away)
    };
    faces.iter().max_by(|a, b| weight(a).total_cmp(&weight(b)))
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
    let mut people = People::default();
    let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
    for pair in pairs {
        let template = |name: &str| embedded.templates.get(name).and_then(Option::as_ref);
        let score = template(&pair.a)
            .zip(template(&pair.b))
            .and_then(|(a, b)| a.cosine(b));
        let compared = Compared {
            score,
            person: people.number(&pair.a),
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
/// Also gives the impostor scores, highest first, for a calibration.
pub fn all_pairs(
    root: &Path,
    setup: &Setup<'_>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<(Report, Vec<f32>), EvalError> {
    let names = photographs(root)?;
    let embedded = embed(root, &names, setup, progress)?;
    let mut people = People::default();
    let known = names.iter().map(|n| {
        (
            people.number(n),
            embedded.templates.get(n).and_then(Option::as_ref),
        )
    });
    let known = known.collect::<Vec<_>>();
    let (mut genuine, mut impostor) = (Vec::new(), Vec::new());
    for (i, (person, a)) in known.iter().enumerate() {
        for (other, b) in &known[i + 1..] {
            let score = a.zip(*b).and_then(|(a, b)| a.cosine(b));
            let compared = Compared {
                score,
                person: *person,
            };
            if person == other {
                genuine.push(compared)
            } else {
                impostor.push(compared)
            }
        }
    }
    let result = report(setup, &embedded, &genuine, &impostor);
    let mut scores = impostor.iter().filter_map(|c| c.score).collect::<Vec<_>>();
    scores.sort_by(|a, b| b.total_cmp(a));
    Ok((result, scores))
}

fn photographs(root: &Path) -> Result<Vec<String>, EvalError> {
    let io = |path: &Path, e: std::io::Error| EvalError::Io {
        path: path.into(),
        cause: e.to_string(),
    };
    let mut names = Vec::new();
    for person in fs::read_dir(root).map_err(|e| io(root, e))? {
        let folder = person.map_err(|e| io(root, e))?.path();
        for photograph in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = photograph.path();
            let picture = path
                .extension()
                .is_some_and(|e| e == "jpg" || e == "jpeg" || e == "png");
            if let (true, Some(name)) =
                (picture, path.strip_prefix(root).ok().and_then(Path::to_str))
            {
                names.push(name.to_owned());
            }
        }
    }
    names.sort();
    if names.is_empty() {
        return Err(EvalError::Empty(format!(
            "{} holds no <identity>/<photograph>",
            root.display()
        )));
    }
    Ok(names)
}

#[derive(Default)]
struct People(BTreeMap<String, usize>);

impl People {
    /// The folder of a photograph is its person.
    fn number(&mut self, name: &str) -> usize {
        let folder = name.rsplit_once('/').map_or(name, |(folder, _)| folder);
        let next = self.0.len();
        *self.0.entry(folder.to_owned()).or_insert(next)
    }
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
        images: embedded.templates.len(),
        failures_to_enrol: embedded.templates.values().filter(|t| t.is_none()).count(),
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
