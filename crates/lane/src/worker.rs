//! The inference threads: frames in, outcomes out. A frame that breaks something is counted and skipped; it never
//! stops a camera.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use tapal_domain::{
    id::CameraId,
    wire::{CameraConfig, Counters},
};
use tapal_vision::{Analyser, Card, Crop, DetectSize, Picture};

use crate::{
    camera::queue::{Frames, Item},
    clock::Clock,
    pace::Pace,
    watch::{Lists, Outcome, Taken, Watch},
};

/// One camera's people and how its frames are looked at.
pub struct Watched {
    /// The people.
    pub watch: Watch,
    pace: Pace,
    config: CameraConfig,
    /// Frames that could not be analysed.
    pub bad_frames: u64,
}

/// Where outcomes go.
pub trait Outlet: Send + Sync {
    /// Something was concluded at a camera.
    fn concluded(&self, camera: CameraId, outcome: Outcome);
}

/// Time spent a stage, for measurements: microseconds and runs.
#[derive(Debug, Default)]
pub struct StageTimes {
    stages: [(AtomicU64, AtomicU64); 5],
    /// Count the process's processor time instead of the time that passed: fair on a busy machine, but only right with
    /// one inference thread.
    pub processor: bool,
}

/// The measured stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Whether a frame is worth a search.
    Motion,
    /// Finding faces in a frame.
    Detect,
    /// Following them and measuring quality, a frame.
    Track,
    /// Templates, a view.
    Embed,
    /// Search, judgement and portraits, a frame.
    Judge,
}

/// When a stage began.
#[derive(Clone, Copy, Debug)]
enum Start {
    Passed(Instant),
    Processor(u64),
}

impl StageTimes {
    /// Stages in order.
    pub const ALL: [Stage; 5] = [
        Stage::Motion,
        Stage::Detect,
        Stage::Track,
        Stage::Embed,
        Stage::Judge,
    ];

    fn start(&self) -> Start {
        match self.processor {
            true => Start::Processor(processor_us()),
            false => Start::Passed(Instant::now()),
        }
    }

    fn add(&self, stage: Stage, since: Start, runs: usize) {
        let (spent, count) = &self.stages[stage as usize];
        let us = match since {
            Start::Passed(since) => u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX),
            Start::Processor(since) => processor_us().saturating_sub(since),
        };
        spent.fetch_add(us, Ordering::Relaxed);
        count.fetch_add(runs as u64, Ordering::Relaxed);
    }

    /// Microseconds and runs of a stage so far.
    pub fn of(&self, stage: Stage) -> (u64, u64) {
        let (spent, count) = &self.stages[stage as usize];
        (spent.load(Ordering::Relaxed), count.load(Ordering::Relaxed))
    }
}

/// Processor time of this process's living threads so far, microseconds (an engine may compute on threads of its
/// own); 0 where Linux does not say.
pub fn processor_us() -> u64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    let spent = threads.flatten().filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    spent.sum::<u64>() / 1_000
}

/// What the inference threads share.
pub struct Room {
    /// The queue.
    pub frames: Arc<Frames>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The pack's card.
    pub card: Card,
    /// What may be searched; `None` while the matcher may not run.
    pub lists: RwLock<Option<Arc<Lists>>>,
    /// Where outcomes go.
    pub outlet: Arc<dyn Outlet>,
    /// Inference threads.
    pub threads: usize,
    /// Time spent.
    pub times: StageTimes,
    watched: Mutex<BTreeMap<CameraId, Arc<Mutex<Watched>>>>,
}

impl Room {
    /// A room without cameras.
    pub fn new(
        frames: Arc<Frames>,
        clock: Arc<dyn Clock>,
        card: Card,
        outlet: Arc<dyn Outlet>,
        threads: usize,
    ) -> Self {
        Room {
            frames,
            clock,
            card,
            lists: RwLock::new(None),
            outlet,
            threads,
            times: StageTimes::default(),
            watched: Mutex::new(BTreeMap::new()),
        }
    }

    /// Begins, or goes on, to watch a camera.
    pub fn watch(&self, config: &CameraConfig) {
        let mut watched = lock(&self.watched);
        let (watch, bad_frames) = match watched.get(&config.camera) {
            Some(old) => {
                let old = lock(old);
                (Watch::after(config, &self.card, &old.watch), old.bad_frames)
            }
            None => (Watch::new(config, &self.card, Counters::default()), 0),
        };
        let fresh = Watched {
            watch,
            pace: Pace::default(),
            config: config.clone(),
            bad_frames,
        };
        watched.insert(config.camera, Arc::new(Mutex::new(fresh)));
    }

    /// The people of a camera.
    pub fn watched(&self, camera: CameraId) -> Option<Arc<Mutex<Watched>>> {
        lock(&self.watched).get(&camera).cloned()
    }

    /// What may be searched now.
    pub fn lists(&self) -> Option<Arc<Lists>> {
        self.lists
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The camera stops: whoever is in view is judged, or let go unsearched when the matcher may not run.
    pub fn stop(&self, camera: CameraId) {
        let Some(watched) = self.watched(camera) else {
            return;
        };
        let uptime_ms = self.clock.uptime_ms();
        lock(&watched).pace = Pace::default();
        let outcomes = match self.lists() {
            Some(lists) => lock(&watched)
                .watch
                .gap(&lists, self.clock.as_ref(), uptime_ms),
            None => lock(&watched).watch.dismiss(self.clock.as_ref(), uptime_ms),
        };
        outcomes
            .into_iter()
            .for_each(|outcome| self.outlet.concluded(camera, outcome));
    }

    /// Works until the queue is closed.
    pub fn work(&self, analyser: &mut Analyser) {
        while let Some(items) = self.frames.take(self.threads) {
            let cameras: Vec<CameraId> = items.iter().map(|(camera, _)| *camera).collect();
            let done = catch_unwind(AssertUnwindSafe(|| self.work_off(analyser, items)));
            if done.is_err() {
                tracing::error!("a frame broke the analysis; it was skipped");
                cameras.iter().for_each(|camera| self.start_afresh(*camera));
            }
            cameras.iter().for_each(|camera| self.frames.done(*camera));
        }
    }

    /// After a panic the camera's people may be in any state: begin again, keep counting.
    fn start_afresh(&self, camera: CameraId) {
        if let Some(watched) = self.watched(camera) {
            let config = lock(&watched).config.clone();
            lock(&watched).bad_frames += 1;
            self.watch(&config);
        }
    }

    /// One frame each of one or several cameras; their views share one run of the recogniser.
    pub fn work_off(&self, analyser: &mut Analyser, items: Vec<(CameraId, Item)>) {
        let mut looked = Vec::new();
        for (camera, item) in items {
            match item {
                Item::Gap { .. } => self.stop(camera),
                Item::Frame {
                    picture,
                    at,
                    uptime_ms,
                } => {
                    if let Some(watched) = self.watched(camera)
                        && self.lists().is_some()
                        && self.is_due(&watched, &picture, uptime_ms)
                    {
                        looked.push(self.look(analyser, camera, watched, &picture, at, uptime_ms));
                    }
                    self.frames.give_back(camera, picture.into_bytes());
                }
            }
        }
        let crops: Vec<&Crop> = looked.iter().flat_map(|l| &l.crops).collect();
        let started = self.times.start();
        let mut templates = match analyser.embed_all(&crops) {
            Ok(templates) => templates.into_iter(),
            Err(error) => {
                tracing::warn!(%error, "views could not be embedded");
                looked.iter().for_each(|l| lock(&l.watched).bad_frames += 1);
                Vec::new().into_iter()
            }
        };
        if !crops.is_empty() {
            self.times.add(Stage::Embed, started, crops.len());
        }
        for Looked {
            camera,
            watched,
            taken,
            crops,
            uptime_ms,
        } in looked
        {
            // Wiped here, before anything is searched.
            drop(crops);
            let views: Vec<_> = taken.into_iter().zip(&mut templates).collect();
            let started = self.times.start();
            let Some(lists) = self.lists() else {
                continue;
            };
            let outcomes =
                lock(&watched)
                    .watch
                    .settle(views, &lists, self.clock.as_ref(), uptime_ms);
            outcomes
                .into_iter()
                .for_each(|outcome| self.outlet.concluded(camera, outcome));
            self.times.add(Stage::Judge, started, 1);
        }
    }

    /// Whether a picture is worth the search for faces; counted when not.
    fn is_due(&self, watched: &Mutex<Watched>, picture: &Picture, uptime_ms: i64) -> bool {
        let started = self.times.start();
        let mut people = lock(watched);
        let need = people.watch.need(uptime_ms);
        let due = people.pace.is_due(picture, need, uptime_ms);
        if !due {
            people.watch.pass_over();
        }
        self.times.add(Stage::Motion, started, 1);
        due
    }

    fn look(
        &self,
        analyser: &mut Analyser,
        camera: CameraId,
        watched: Arc<Mutex<Watched>>,
        picture: &Picture,
        at: tapal_domain::time::UtcMs,
        uptime_ms: i64,
    ) -> Looked {
        let width = lock(&watched).config.detect_width.clamp(160, 4096);
        analyser.set_detect_size(DetectSize::Longest(width));
        let started = self.times.start();
        let faces = analyser.detect_in(picture);
        self.times.add(Stage::Detect, started, 1);
        let started = self.times.start();
        let mut people = lock(&watched);
        let taken = match &faces {
            Ok(faces) => people.watch.look(picture, faces, at, uptime_ms),
            Err(error) => {
                tracing::warn!(%camera, %error, "a frame could not be searched for faces");
                people.bad_frames += 1;
                Vec::new()
            }
        };
        drop(people);
        let crops = taken.iter().map(|view| view.align(analyser)).collect();
        self.times.add(Stage::Track, started, 1);
        Looked {
            camera,
            watched,
            taken,
            crops,
            uptime_ms,
        }
    }
}

struct Looked {
    camera: CameraId,
    watched: Arc<Mutex<Watched>>,
    taken: Vec<Taken>,
    crops: Vec<Crop>,
    uptime_ms: i64,
}

/// A lock whose holder panicked is still a lock: the panic was counted where it was caught.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
