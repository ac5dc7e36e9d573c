//! Templates of earlier runs by content of the photograph, so that a second evaluation starts at once.
//! They are biometrics: one file a model, readable by its owner only, named by hashes, never by people; deleting it
//! loses nothing but time. Only photographs of an evaluation set ever come here, never those of a list or a camera.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use super::embed::shot_of;
use super::{EvalError, Setup, Shot};
use crate::{Analyser, DetectSize, Quality, Template};

/// Raised when what a record holds, or how templates are made from photographs, changes.
const FORMAT: u32 = 1;
const HASH: usize = 32;
const MEASURES: usize = 11;
/// So many cached photographs are computed again at each start.
const PROBES: usize = 8;
/// Two engines and two runs agree far better than this.
const SAME: f32 = 0.9999;

type Key = [u8; HASH];

/// The cache of one pack, engine and detection size.
pub struct Cache {
    path: PathBuf,
    model_id: Arc<str>,
    dimension: usize,
    known: Mutex<HashMap<Key, Option<Shot>>>,
    file: Mutex<File>,
}

impl Cache {
    /// Opens or makes the cache in `folder` (mode 0700, file 0600). Records of another form are left out.
    pub fn open(folder: &Path, setup: &Setup<'_>) -> Result<Self, EvalError> {
        let (card, detect) = (setup.pack.card(), setup.detect);
        let detect = match detect {
            DetectSize::Longest(n) => n.to_string(),
            DetectSize::Full => "full".into(),
        };
        let engine = setup.engine.name();
        let about = format!("{FORMAT}|{}|{engine}|{detect}", card.model_id);
        let name = crate::pack::sha256(about.as_bytes());
        let path = folder.join(format!("{}.templates", &name[..16]));
        let io = |e: std::io::Error| EvalError::io(&path, e);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(io)?;
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(&path);
        let file = file.map_err(io)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))
            .map_err(io)?;
        let mut cache = Cache {
            model_id: card.model_id.as_str().into(),
            dimension: card.dimension,
            known: Mutex::default(),
            file: Mutex::new(file),
            path,
        };
        let mut bytes = fs::read(&cache.path).map_err(|e| EvalError::io(&cache.path, e))?;
        let known = bytes
            .chunks_exact(cache.record_len())
            .filter_map(|record| cache.read(record))
            .collect();
        // A record cut off by a kill would shift all later ones: the whole part is kept, the rest goes.
        let whole = bytes.len() - bytes.len() % cache.record_len();
        if whole < bytes.len() {
            cache.truncate(whole as u64)?;
        }
        bytes.zeroize();
        cache.known = Mutex::new(known);
        Ok(cache)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn record_len(&self) -> usize {
        HASH + 4 + (MEASURES + self.dimension) * 4
    }

    fn truncate(&self, len: u64) -> Result<(), EvalError> {
        let file = self.file.lock().unwrap_or_else(|e| e.into_inner());
        file.set_len(len).map_err(|e| EvalError::io(&self.path, e))
    }

    fn read(&self, record: &[u8]) -> Option<(Key, Option<Shot>)> {
        let (key, rest) = record.split_first_chunk::<HASH>()?;
        let mut numbers = rest
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        if numbers.next()? != 1.0 {
            return Some((*key, None));
        }
        let measures = numbers.by_ref().take(MEASURES).collect::<Vec<_>>();
        let template = Template::new(self.model_id.clone(), numbers.collect())?;
        let quality = quality(measures.try_into().ok()?);
        Some((*key, Some(Shot { template, quality })))
    }

    /// What is known of a photograph; the inner `None` means that it shows no face.
    pub fn get(&self, bytes: &[u8]) -> Option<Option<Shot>> {
        let known = self.known.lock().unwrap_or_else(|e| e.into_inner());
        known.get(&key(bytes)).cloned()
    }

    /// Adds one photograph.
    pub fn put(&self, bytes: &[u8], shot: Option<&Shot>) -> Result<(), EvalError> {
        let mut record = Vec::with_capacity(self.record_len());
        record.extend_from_slice(&key(bytes));
        let found = f32::from(u8::from(shot.is_some()));
        record.extend_from_slice(&found.to_le_bytes());
        if let Some(shot) = shot {
            let numbers = measures(&shot.quality);
            let numbers = numbers.iter().chain(&shot.template.values);
            numbers.for_each(|v| record.extend_from_slice(&v.to_le_bytes()));
        }
        record.resize(self.record_len(), 0);
        let mut file = self.file.lock().unwrap_or_else(|e| e.into_inner());
        let written = file.write_all(&record);
        record.zeroize();
        written.map_err(|e| EvalError::io(&self.path, e))
    }

    /// Computes a few cached photographs again; when one differs, our own code has changed and the cache is emptied.
    pub(super) fn check(
        &self,
        root: &Path,
        names: &[String],
        setup: &Setup<'_>,
    ) -> Result<(), EvalError> {
        let step = (names.len() / PROBES).max(1);
        let mut analyser = None;
        for name in names.iter().step_by(step).take(PROBES) {
            let path = root.join(name);
            let bytes = fs::read(&path).map_err(|e| EvalError::io(&path, e))?;
            let Some(known) = self.get(&bytes) else {
                continue;
            };
            let analyser = match &mut analyser {
                Some(analyser) => analyser,
                none => none.insert(Analyser::new(setup.pack, setup.engine, setup.detect)?),
            };
            let now = shot_of(&path, &bytes, analyser)?;
            let same = match (&known, &now) {
                (Some(a), Some(b)) => a.template.cosine(&b.template).is_some_and(|c| c > SAME),
                (a, b) => a.is_none() && b.is_none(),
            };
            if !same {
                self.known.lock().unwrap_or_else(|e| e.into_inner()).clear();
                return self.truncate(0);
            }
        }
        Ok(())
    }
}

fn key(bytes: &[u8]) -> Key {
    Sha256::digest(bytes).into()
}

fn measures(q: &Quality) -> [f32; MEASURES] {
    [
        q.eye_distance_px,
        q.sharpness,
        q.exposure,
        q.contrast,
        q.yaw_deg,
        q.pitch_deg,
        q.roll_deg,
        q.occlusion,
        q.inside,
        q.detector_score,
        q.overall,
    ]
}

fn quality(m: [f32; MEASURES]) -> Quality {
    let [
        eye_distance_px,
        sharpness,
        exposure,
        contrast,
        yaw_deg,
        pitch_deg,
        roll_deg,
        occlusion,
        inside,
        detector_score,
        overall,
    ] = m;
    Quality {
        eye_distance_px,
        sharpness,
        exposure,
        contrast,
        yaw_deg,
        pitch_deg,
        roll_deg,
        occlusion,
        inside,
        detector_score,
        overall,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{StubFace, scene};
    use crate::{EngineChoice, Pack, encode_jpeg, engine, eval::embed};

    fn photograph(root: &Path, name: &str, person: u64) {
        let face = StubFace {
            person,
            x: 40,
            y: 40,
            side: 120,
        };
        let frame = scene(200, 200, &[face]);
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, encode_jpeg(&frame, 90)).unwrap();
    }

    #[test]
    fn a_second_run_computes_nothing_and_a_torn_record_is_dropped() {
        let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let names = ["a/1.jpg", "b/1.jpg", "c/1.jpg"].map(str::to_owned);
        (0..3).for_each(|i| photograph(root.path(), &names[i], i as u64));
        let (pack, engine) = (Pack::stub(), engine(EngineChoice::Rten, None).unwrap());
        let mut setup = Setup {
            pack: &pack,
            engine: &engine,
            detect: DetectSize::default(),
            threads: 1,
            cache: None,
        };
        let folder = data.path().join("eval-cache");
        let cache = Cache::open(&folder, &setup).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(cache.path())), (0o700, 0o600));
        setup.cache = Some(&cache);
        let first = embed(root.path(), &names, &setup, &|_, _| ()).unwrap();
        assert_eq!(first.cached, 0);
        let path = cache.path().to_owned();
        let whole = fs::metadata(&path).unwrap().len();
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(&[1; 99])
            .unwrap();
        setup.cache = None;
        let again = Cache::open(&folder, &setup).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), whole);
        setup.cache = Some(&again);
        let second = embed(root.path(), &names, &setup, &|_, _| ()).unwrap();
        assert_eq!(second.cached, 3);
        for name in &names {
            let [a, b] = [&first, &second].map(|run| run.shots[name].as_ref().unwrap());
            assert_eq!(a.quality, b.quality, "{name}");
            // Made a unit vector once more when read: the last digit may differ.
            assert!(
                a.template.cosine(&b.template).unwrap() > 0.999_999,
                "{name}"
            );
        }
        // A photograph under another name is the same photograph.
        fs::rename(root.path().join("a/1.jpg"), root.path().join("a/2.jpg")).unwrap();
        let renamed = ["a/2.jpg".to_owned()];
        let third = embed(root.path(), &renamed, &setup, &|_, _| ()).unwrap();
        assert_eq!(third.cached, 1);
    }

    #[test]
    fn a_cache_that_no_longer_tells_the_truth_is_emptied() {
        let (root, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let names = ["a/1.jpg".to_owned()];
        photograph(root.path(), &names[0], 1);
        let (pack, engine) = (Pack::stub(), engine(EngineChoice::Rten, None).unwrap());
        let mut setup = Setup {
            pack: &pack,
            engine: &engine,
            detect: DetectSize::default(),
            threads: 1,
            cache: None,
        };
        let cache = Cache::open(data.path(), &setup).unwrap();
        let bytes = fs::read(root.path().join(&names[0])).unwrap();
        cache.put(&bytes, None).unwrap();
        let cache = Cache::open(data.path(), &setup).unwrap();
        setup.cache = Some(&cache);
        let now = embed(root.path(), &names, &setup, &|_, _| ()).unwrap();
        assert!(now.shots[&names[0]].is_some());
        assert_eq!(now.cached, 0);
    }
}
