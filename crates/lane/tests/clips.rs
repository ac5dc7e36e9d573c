//! The rendered clips through real ffmpeg, tracker, models and search: one alert a watchlisted pass, none for others.
//! Needs a model pack beside the repository and ffmpeg; says so and passes when they are missing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may fail loudly and say what it measured"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use serde_json::Value;
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
        ffmpeg::Ffmpeg,
        queue::Frames,
        supervisor::{Supervisor, Surroundings},
        watchdog::Patience,
    },
    clock::{Clock, SystemClock},
    watch::{Lists, Outcome},
    worker::{Outlet, Room, StageTimes},
};
use tapal_vision::{
    Analyser, DetectSize, Engine, EngineChoice, ImageLimits, Pack, decode_image, engine,
};
use uuid::Uuid;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[derive(Default)]
struct Seen {
    alerts: Vec<(CameraId, u128, f32, [f32; 4], u32, i64)>,
    outcomes: Vec<(CameraId, AttemptOutcome)>,
}

struct Notes(Mutex<Seen>, Arc<SystemClock>);

impl Outlet for Notes {
    fn concluded(&self, camera: CameraId, outcome: Outcome) {
        let mut seen = self.0.lock().unwrap();
        match outcome {
            Outcome::Attempt(attempt) => seen.outcomes.push((camera, attempt.outcome)),
            Outcome::Raise(raised) => {
                assert!((1..=5).contains(&raised.portraits.len()));
                let late = self.1.now().since_ms(raised.captured_at);
                let entry = raised.best.entry.0.as_u128();
                seen.alerts.push((
                    camera,
                    entry,
                    raised.best.score,
                    raised.face_box,
                    raised.shots,
                    late,
                ));
            }
        }
    }
}

/// Installed packs to test: (models folder, pack).
fn packs() -> Vec<(PathBuf, &'static str)> {
    let folder = std::env::var_os("TAPAL_MODELS")
        .map_or_else(|| root().join("target/models"), PathBuf::from);
    ["standard", "starter"]
        .into_iter()
        .filter(|p| folder.join(p).is_dir())
        .map(|p| (folder.clone(), p))
        .collect()
}

fn gallery(analyser: &mut Analyser, people: &Value, dir: &Path, dimension: usize) -> Gallery {
    let gallery = Gallery::new(analyser.model_id().to_string(), dimension);
    for (n, person) in people["identities"].as_array().unwrap().iter().enumerate() {
        if person["watchlisted"] != true {
            continue;
        }
        let bytes = std::fs::read(dir.join(person["portrait"]["file"].as_str().unwrap())).unwrap();
        let picture = decode_image(&bytes, &ImageLimits::default()).unwrap();
        let face = analyser.detect(&picture).unwrap()[0];
        let crop = analyser.align(&picture, &face);
        let template = analyser.embed(&[crop]).unwrap().remove(0);
        let listed = Listed {
            entry: EntryId(Uuid::from_u128(n as u128 + 1)),
            entry_version: 1,
            list: ListKind::Wanted,
            in_force_from: UtcMs(0),
            in_force_to: UtcMs(i64::MAX),
            templates: vec![template.values.clone()],
        };
        gallery.put(analyser.model_id(), &listed).unwrap();
    }
    gallery
}

fn camera(n: usize, source: String) -> CameraConfig {
    CameraConfig {
        camera: CameraId(Uuid::from_u128(n as u128)),
        name: "clip".into(),
        lane: None,
        direction: Direction::Neither,
        source,
        fps: std::env::var("TAPAL_FPS").map_or(8.0, |fps| fps.parse().unwrap()),
        detect_width: 640,
        min_eye_distance_px: 20.0,
        enabled: true,
    }
}

fn run(models: &Path, pack: &str) {
    let dir = root().join("fixtures/people");
    let people: Value =
        serde_json::from_slice(&std::fs::read(dir.join("groundtruth.json")).unwrap()).unwrap();
    let pack = Pack::open(models, pack).unwrap();
    let choice = std::env::var("TAPAL_ENGINE").map_or(EngineChoice::Auto, |e| e.parse().unwrap());
    let engine: Arc<dyn Engine> = engine(choice, None).unwrap();
    let threads = 3;
    let mut analysers: Vec<Analyser> = (0..threads)
        .map(|_| Analyser::new(&pack, &engine, DetectSize::default()).unwrap())
        .collect();
    let gallery = gallery(&mut analysers[0], &people, &dir, pack.card().dimension);
    let suggested = &pack.card().thresholds;
    let (possible, strong) = (suggested.possible, suggested.r#match);
    let thresholds = vec![Threshold {
        list: ListKind::Wanted,
        possible,
        strong,
    }];
    let lists = Lists {
        gallery: Arc::new(gallery),
        lists: vec![ListKind::Wanted],
        thresholds,
        version: 1,
    };

    let clock = Arc::new(SystemClock::new());
    let frames = Arc::new(Frames::new());
    let notes = Arc::new(Notes(Mutex::default(), clock.clone()));
    let mut room = Room::new(
        frames.clone(),
        clock.clone(),
        pack.card().clone(),
        notes.clone(),
        threads,
    );
    room.lists = RwLock::new(Some(Arc::new(lists)));
    let clips: Vec<&String> = people["clips"].as_object().unwrap().keys().collect();
    std::thread::scope(|scope| {
        for mut analyser in analysers {
            let room = &room;
            scope.spawn(move || room.work(&mut analyser));
        }
        let around = Surroundings {
            clock: clock.clone(),
            frames: frames.clone(),
            launch: Arc::new(Ffmpeg {
                program: "ffmpeg".into(),
            }),
            loop_files: false,
            deblocking: true,
            patience: Patience::default(),
        };
        let supervisors: Vec<Supervisor> = clips
            .iter()
            .enumerate()
            .map(|(n, clip)| {
                let config = camera(n, format!("file:{}", dir.join(clip).display()));
                room.watch(&config);
                Supervisor::start(&config, around.clone()).unwrap()
            })
            .collect();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !(supervisors.iter().all(|s| s.condition().finished) && frames.is_idle())
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_millis(50));
        }
        let dropped: u64 = supervisors.iter().map(Supervisor::dropped).sum();
        println!(
            "{} on {}: dropped {dropped}",
            pack.card().name,
            engine.name()
        );
        drop(supervisors);
        frames.close();
    });
    for stage in StageTimes::ALL {
        let (us, runs) = room.times.of(stage);
        println!("{stage:?}: {runs} runs, {} us each", us / runs.max(1));
    }
    for (n, clip) in clips.iter().enumerate() {
        let watched = room.watched(CameraId(Uuid::from_u128(n as u128))).unwrap();
        println!("{clip}: {:?}", watched.lock().unwrap().watch.counters());
    }
    check(&people, &clips, &notes.0.lock().unwrap());
}

fn check(people: &Value, clips: &[&String], seen: &Seen) {
    let identities = people["identities"].as_array().unwrap();
    for (n, clip) in clips.iter().enumerate() {
        let here = |camera: &CameraId| camera.0.as_u128() == n as u128;
        let mut alerts: BTreeMap<String, usize> = BTreeMap::new();
        for (camera, entry, score, place, shots, late) in &seen.alerts {
            if here(camera) {
                let name = identities[*entry as usize - 1]["id"].as_str().unwrap();
                println!(
                    "{clip}: alert {name} score {score:.3} after {shots} shots at {place:.2?}, {late} ms"
                );
                *alerts.entry(name.into()).or_default() += 1;
            }
        }
        let listed = |id: &str| {
            identities
                .iter()
                .any(|i| i["id"] == id && i["watchlisted"] == true)
        };
        let passes = people["clips"][*clip]["tracks"].as_array().unwrap();
        let expect: BTreeMap<String, usize> = passes
            .iter()
            .filter_map(|t| t["id"].as_str())
            .filter(|id| listed(id))
            .map(|id| (id.into(), 1))
            .collect();
        let outcomes: Vec<_> = seen
            .outcomes
            .iter()
            .filter(|(camera, _)| here(camera))
            .map(|(_, o)| o)
            .collect();
        println!("{clip}: {} passes, outcomes {outcomes:?}", passes.len());
        assert_eq!(alerts, expect, "{clip}");
    }
}

#[test]
fn each_watchlisted_pass_gives_one_alert_and_nobody_else_any() {
    let packs = packs();
    if packs.is_empty() {
        println!("skipped: no model pack installed (set TAPAL_MODELS to a folder of packs)");
        return;
    }
    for (models, pack) in packs {
        run(&models, pack);
    }
}
