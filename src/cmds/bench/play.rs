//! One recording through the node's own path on one thread, with media time as the clock: what was concluded and what each
//! stage cost. It measures; it must not decide anything.

use std::{
    collections::BTreeMap,
    io::BufReader,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tapal_domain::{
    entry::ListKind,
    id::{CameraId, EntryId},
    screening::Threshold,
    site::Direction,
    time::UtcMs,
    wire::{AttemptOutcome, CameraConfig},
};
use tapal_gallery::{Gallery, Listed};
use tapal_lane::{
    camera::{
        ffmpeg::{Ffmpeg, Launch, Running},
        pictures::{ReadEnd, next_picture},
        queue::{Frames, Item},
        source::Source,
    },
    clock::{Clock, FixedClock},
    watch::{Lists, Outcome},
    worker::{Outlet, Room, StageTimes, processor_us},
};
use tapal_vision::{Analyser, DetectSize, ImageLimits, decode_image};
use uuid::Uuid;

use super::node::ticks;
use crate::{
    cmds::eval::truth::{Clip, Raised, Score, Truth},
    inference::Inference,
};

/// A recording and the list it is searched against.
pub struct Play<'a> {
    open: &'a Inference,
    source: String,
    video_s: Option<f64>,
    truth: Option<(Truth, String)>,
    names: BTreeMap<EntryId, String>,
    gallery: Arc<Gallery>,
}

/// One stage's cost.
#[derive(Clone, Debug, Serialize)]
pub struct StageCost {
    /// Its name.
    pub stage: String,
    /// Processor milliseconds a second of video.
    pub ms_per_video_s: f64,
    /// Times it ran.
    pub runs: u64,
    /// Processor milliseconds a run.
    pub ms_per_run: f64,
}

/// An alert, without its face.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// Whom it names (`s001`), or empty for a random template.
    pub names: String,
    /// Similarity.
    pub score: f32,
    /// Views fused.
    pub shots: u32,
    /// When the deciding picture was taken, seconds from the start.
    pub at_s: f64,
    #[serde(skip)]
    place: [f32; 4],
}

/// What is known about the clip.
#[derive(Clone, Debug, Serialize)]
pub struct Against {
    /// Alerts against the listed passes.
    #[serde(flatten)]
    pub score: Score,
    /// People concluded after at least one search: alert, no match, or the same as before.
    pub searched_passes: u64,
    /// People of whom no view was usable.
    pub not_searched: u64,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Length of the recording, seconds.
    pub video_s: f64,
    /// Pictures taken from the decoder.
    pub frames: u64,
    /// Of these, searched for faces.
    pub searched: u64,
    /// Views embedded.
    pub views: u64,
    /// People concluded.
    pub persons: u64,
    /// Alerts.
    pub alerts: Vec<Found>,
    /// Against the ground truth, when there is one.
    pub truth: Option<Against>,
    /// Wall time, seconds.
    pub wall_s: f64,
    /// Processor seconds of ffmpeg.
    pub decode_cpu_s: f64,
    /// Processor seconds of this process.
    pub own_cpu_s: f64,
    /// By stage; `other` is what no stage accounts for.
    pub stages: Vec<StageCost>,
}

#[derive(Default)]
struct Notes(Mutex<(Vec<Found>, u64, u64)>, BTreeMap<EntryId, String>);

impl Outlet for Notes {
    fn concluded(&self, _: CameraId, outcome: Outcome) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Outcome::Raise(raised) => notes.0.push(Found {
                names: self.1.get(&raised.best.entry).cloned().unwrap_or_default(),
                score: raised.best.score,
                shots: raised.shots,
                at_s: raised.captured_at.0 as f64 / 1000.0,
                place: raised.face_box,
            }),
            Outcome::Attempt(attempt) => match attempt.outcome {
                AttemptOutcome::NotSearched(_) => notes.2 += 1,
                _ => notes.1 += 1,
            },
        }
    }
}

impl<'a> Play<'a> {
    /// Fills the list: random templates, and the listed people of the ground truth.
    pub fn prepare(
        open: &'a Inference,
        clip: &Path,
        truth: Option<&Path>,
        templates: usize,
    ) -> Result<Self> {
        let clip = std::fs::canonicalize(clip)
            .with_context(|| format!("there is no recording {}", clip.display()))?;
        let card = open.pack.card();
        let gallery = Gallery::new(card.model_id.clone(), card.dimension);
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        for n in 0..templates {
            let values = numbers.direction(card.dimension);
            gallery.put(&card.model_id, &listed(n as u128 + 1_000_000, values))?;
        }
        let (mut names, mut known) = (BTreeMap::new(), None);
        if let Some(dir) = truth_folder(&clip, truth) {
            let truth = Truth::read(&dir)?;
            let stem = clip
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let of = |name: &&String| {
                let name = Path::new(name)
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy();
                stem.starts_with(name.as_ref())
            };
            let Some(name) = truth.clips.keys().find(of).cloned() else {
                bail!(
                    "{} knows no clip whose name {stem} begins with",
                    dir.join("groundtruth.json").display()
                );
            };
            names = enrol(open, &truth, &dir, &gallery)?;
            known = Some((truth, name));
        }
        Ok(Play {
            open,
            video_s: length_s(&clip),
            source: format!("file:{}", clip.display()),
            truth: known,
            names,
            gallery: Arc::new(gallery),
        })
    }

    /// Plays it once.
    pub fn once(&self, fps: f32, detect_width: u32, deblocking: bool) -> Result<Run> {
        let config = CameraConfig {
            camera: CameraId(Uuid::from_u128(1)),
            name: "bench".into(),
            lane: None,
            direction: Direction::Neither,
            source: self.source.clone(),
            fps,
            detect_width,
            min_eye_distance_px: 20.0,
            enabled: true,
        };
        let clock = Arc::new(FixedClock::at(UtcMs(0)));
        let notes = Arc::new(Notes(Mutex::default(), self.names.clone()));
        let frames = Arc::new(Frames::new());
        frames.open(config.camera);
        let mut room = Room::new(
            frames,
            clock.clone(),
            self.open.pack.card().clone(),
            notes.clone(),
            1,
        );
        room.times.processor = true;
        room.lists = RwLock::new(Some(Arc::new(self.lists())));
        room.watch(&config);
        let mut analyser =
            Analyser::new(&self.open.pack, &self.open.engine, DetectSize::default())?;
        let arguments =
            Source::parse(&config.source, false)?.arguments_unpaced(fps, detect_width, deblocking);
        let (own, waited, _) = ticks("self").context("cannot read /proc/self/stat")?;
        let began = std::time::Instant::now();
        let mut child = Ffmpeg {
            program: "ffmpeg".into(),
        }
        .launch(&arguments)
        .context("ffmpeg cannot be started")?;
        let (pictures, read_us) = drive(
            &room,
            &mut analyser,
            child.as_mut(),
            &clock,
            (config.camera, fps),
        )?;
        child.end(true);
        let wall_s = began.elapsed().as_secs_f64();
        let (own_after, waited_after, _) = ticks("self").context("cannot read /proc/self/stat")?;
        let video_s = self.video_s.unwrap_or(pictures as f64 / f64::from(fps));
        let mut run = Run {
            video_s,
            frames: pictures,
            searched: room.times.of(tapal_lane::worker::Stage::Detect).1,
            views: room.times.of(tapal_lane::worker::Stage::Embed).1,
            persons: 0,
            alerts: Vec::new(),
            truth: None,
            wall_s,
            decode_cpu_s: (waited_after - waited) as f64 / 100.0,
            own_cpu_s: (own_after - own) as f64 / 100.0,
            stages: Vec::new(),
        };
        run.stages = stages(&run, &room.times, read_us);
        let notes = notes.0.lock().unwrap_or_else(PoisonError::into_inner);
        run.persons = notes.1 + notes.2;
        run.alerts.clone_from(&notes.0);
        run.truth = self.truth.as_ref().and_then(|(truth, name)| {
            let clip = truth.clips.get(name)?;
            let raised: Vec<Raised> = notes
                .0
                .iter()
                .map(|found| on_the_clip(found, clip))
                .collect();
            Some(Against {
                score: truth.score(clip, &raised),
                searched_passes: notes.1,
                not_searched: notes.2,
            })
        });
        Ok(run)
    }

    fn lists(&self) -> Lists {
        let suggested = &self.open.pack.card().thresholds;
        Lists {
            gallery: self.gallery.clone(),
            lists: vec![ListKind::Wanted],
            thresholds: vec![Threshold {
                list: ListKind::Wanted,
                possible: suggested.possible,
                strong: suggested.r#match,
            }],
            version: 1,
        }
    }
}

/// Takes every picture through the worker; gives their number and the processor time of reading them.
fn drive(
    room: &Room,
    analyser: &mut Analyser,
    child: &mut dyn Running,
    clock: &FixedClock,
    (camera, fps): (CameraId, f32),
) -> Result<(u64, u64)> {
    let stream = child.pictures().context("ffmpeg has no output")?;
    let mut stream = BufReader::with_capacity(64 << 10, stream);
    let (mut pictures, mut read_us) = (0_u64, 0);
    loop {
        let before = processor_us();
        let picture = match next_picture(&mut stream, room.frames.buffer(camera)) {
            Ok(picture) => picture,
            Err(ReadEnd::End) => break,
            Err(end) => bail!(
                "the decoder sent no picture ({end:?}); is this a video that ffmpeg can read?"
            ),
        };
        read_us += processor_us().saturating_sub(before);
        // Pictures are the first of each 1/fps s.
        let due_ms = (pictures as f64 * 1000.0 / f64::from(fps)) as i64;
        clock.advance(due_ms - clock.uptime_ms());
        pictures += 1;
        let (at, uptime_ms) = (clock.now(), clock.uptime_ms());
        let item = Item::Frame {
            picture,
            at,
            uptime_ms,
        };
        room.work_off(analyser, vec![(camera, item)]);
    }
    if pictures == 0 {
        bail!("the recording gave no picture; is it a video that ffmpeg can read?");
    }
    let (at, uptime_ms) = (clock.now(), clock.uptime_ms());
    room.work_off(analyser, vec![(camera, Item::Gap { at, uptime_ms })]);
    Ok((pictures, read_us))
}

fn stages(run: &Run, times: &StageTimes, read_us: u64) -> Vec<StageCost> {
    let cost = |stage: String, us: f64, runs: u64| StageCost {
        stage,
        ms_per_video_s: us / 1000.0 / run.video_s,
        runs,
        ms_per_run: us / 1000.0 / runs.max(1) as f64,
    };
    let mut list = vec![
        cost("decode".into(), run.decode_cpu_s * 1e6, run.frames),
        cost("read".into(), read_us as f64, run.frames),
    ];
    let mut known = read_us as f64;
    for stage in StageTimes::ALL {
        let (us, runs) = times.of(stage);
        known += us as f64;
        list.push(cost(format!("{stage:?}").to_lowercase(), us as f64, runs));
    }
    list.push(cost(
        "other".into(),
        (run.own_cpu_s * 1e6 - known).max(0.0),
        run.frames,
    ));
    list
}

fn on_the_clip(found: &Found, clip: &Clip) -> Raised {
    Raised {
        names: found.names.clone(),
        frame: found.at_s * clip.fps,
        face_box: found.place,
    }
}

fn truth_folder(clip: &Path, given: Option<&Path>) -> Option<PathBuf> {
    let beside = clip.ancestors().skip(1).take(2).map(Path::to_path_buf);
    let mut places = given.map(Path::to_path_buf).into_iter().chain(beside);
    match given {
        // Asked for: an error when it is not there.
        Some(_) => places.next(),
        None => places.find(|dir| dir.join("groundtruth.json").is_file()),
    }
}

fn listed(number: u128, values: Vec<f32>) -> Listed {
    Listed {
        entry: EntryId(Uuid::from_u128(number)),
        entry_version: 1,
        list: ListKind::Wanted,
        in_force_from: UtcMs(0),
        in_force_to: UtcMs(i64::MAX),
        templates: vec![values],
    }
}

fn enrol(
    open: &Inference,
    truth: &Truth,
    dir: &Path,
    gallery: &Gallery,
) -> Result<BTreeMap<EntryId, String>> {
    let mut analyser = Analyser::new(&open.pack, &open.engine, DetectSize::default())?;
    let mut names = BTreeMap::new();
    let wanted = truth.identities.iter().filter(|i| i.watchlisted);
    for (n, person) in wanted.enumerate() {
        let file = dir.join(&person.portrait.file);
        let bytes =
            std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let picture = decode_image(&bytes, &ImageLimits::default())?;
        let found = analyser.detect(&picture)?;
        let face = found
            .first()
            .with_context(|| format!("no face in the portrait of {}", person.id))?;
        let crop = analyser.align(&picture, face);
        let template = analyser.embed(&[crop])?.pop().context("no template")?;
        let entry = listed(n as u128 + 1, template.values.clone());
        names.insert(entry.entry, person.id.clone());
        gallery.put(analyser.model_id(), &entry)?;
    }
    Ok(names)
}

/// Length of a recording as ffprobe says; `None` when it does not.
fn length_s(clip: &Path) -> Option<f64> {
    let out = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "format=duration",
            "-of",
            "csv=p=0",
        ])
        .arg(clip)
        .output()
        .ok()?;
    String::from_utf8_lossy(&out.stdout)
        .trim()
        .parse()
        .ok()
        .filter(|s: &f64| *s > 0.0)
}

/// xorshift64*: the same list every time.
pub(super) struct Numbers(pub u64);

impl Numbers {
    fn signed(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    /// A direction at random: each value is nearly normal.
    fn direction(&mut self, dimension: usize) -> Vec<f32> {
        let mut value = || (0..4).map(|_| self.signed()).sum::<f32>();
        let values: Vec<f32> = (0..dimension).map(|_| value()).collect();
        let norm = values
            .iter()
            .map(|v| v * v)
            .sum::<f32>()
            .sqrt()
            .max(f32::EPSILON);
        values.into_iter().map(|v| v / norm).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_directions_are_of_length_one_and_differ() {
        let mut numbers = Numbers(7);
        let (a, b) = (numbers.direction(512), numbers.direction(512));
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        assert!((dot(&a, &a) - 1.0).abs() < 1e-4 && dot(&a, &b).abs() < 0.25);
    }

    #[test]
    fn the_truth_beside_the_clip_is_found_and_an_asked_for_one_is_not_replaced() {
        let folder = std::env::temp_dir().join(format!("tapal-truth-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("clips")).unwrap();
        std::fs::write(folder.join("groundtruth.json"), "{}").unwrap();
        let clip = folder.join("clips/a.mp4");
        assert_eq!(truth_folder(&clip, None), Some(folder.clone()));
        assert_eq!(
            truth_folder(&clip, Some(Path::new("gone"))),
            Some("gone".into())
        );
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(truth_folder(Path::new("/nowhere/at/all.mp4"), None), None);
    }
}
