//! From photographs to templates on all threads, through the real detection and alignment. It keeps no picture.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{EvalError, Setup};
use crate::{Analyser, Face, Frame, ImageLimits, PackError, Quality, Template, decode_image};

/// The person of one photograph: template and what was measured of the face.
#[derive(Clone, PartialEq)]
pub struct Shot {
    /// The face as numbers.
    pub template: Template,
    /// How usable it is.
    pub quality: Quality,
}

/// Shots by path below a root, and how long they took.
pub struct Embedded {
    /// `None` where no face was found.
    pub shots: HashMap<String, Option<Shot>>,
    /// Mean milliseconds per photograph and thread, of those not taken from the cache; 0 when all were.
    pub ms_per_image: f64,
    /// How many came from the cache.
    pub cached: usize,
}

impl Embedded {
    /// The template of one photograph, when a face was found.
    pub fn template(&self, name: &str) -> Option<&Template> {
        Some(&self.shots.get(name)?.as_ref()?.template)
    }
}

/// Embeds every named photograph below `root` on all threads of the setup. `progress` gets done and total.
pub fn embed(
    root: &Path,
    names: &[String],
    setup: &Setup<'_>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Embedded, EvalError> {
    if let Some(cache) = setup.cache {
        cache.check(root, names, setup)?;
    }
    let (next, out) = (AtomicUsize::new(0), Mutex::new(HashMap::new()));
    // Seconds spent, photographs computed.
    let spent = Mutex::new((0.0f64, 0usize));
    let work = || -> Result<(), EvalError> {
        let mut analyser = None;
        let (mut seconds, mut computed) = (0.0, 0);
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            let path = root.join(name);
            let bytes = fs::read(&path).map_err(|e| EvalError::io(&path, e))?;
            let known = setup.cache.and_then(|cache| cache.get(&bytes));
            let shot = match known {
                Some(shot) => shot,
                None => {
                    let analyser = match &mut analyser {
                        Some(analyser) => analyser,
                        none => none.insert(Analyser::new(setup.pack, setup.engine, setup.detect)?),
                    };
                    let begun = std::time::Instant::now();
                    let shot = shot_of(&path, &bytes, analyser)?;
                    seconds += begun.elapsed().as_secs_f64();
                    computed += 1;
                    if let Some(cache) = setup.cache {
                        cache.put(&bytes, shot.as_ref())?;
                    }
                    shot
                }
            };
            let mut out = out.lock().unwrap_or_else(|e| e.into_inner());
            out.insert(name.clone(), shot);
            progress(out.len(), names.len());
        }
        let mut spent = spent.lock().unwrap_or_else(|e| e.into_inner());
        *spent = (spent.0 + seconds, spent.1 + computed);
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
    let (seconds, computed) = spent.into_inner().unwrap_or_else(|e| e.into_inner());
    let shots = out.into_inner().unwrap_or_else(|e| e.into_inner());
    Ok(Embedded {
        cached: shots.len().saturating_sub(computed),
        shots,
        ms_per_image: seconds * 1000.0 / computed.max(1) as f64,
    })
}

/// The person of one photograph, or `None` when no face is found.
pub(super) fn shot_of(
    path: &Path,
    bytes: &[u8],
    analyser: &mut Analyser,
) -> Result<Option<Shot>, EvalError> {
    let frame = decode_image(bytes, &ImageLimits::default()).map_err(|e| EvalError::io(path, e))?;
    let faces = analyser.detect(&frame).map_err(PackError::from)?;
    let Some(face) = subject(&frame, &faces) else {
        return Ok(None);
    };
    let quality = Quality::measure(&frame, face);
    let crop = analyser.align(&frame, face);
    let templates = analyser.embed(&[crop]).map_err(PackError::from)?;
    let shot = |template| Shot { template, quality };
    Ok(templates.into_iter().next().map(shot))
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
