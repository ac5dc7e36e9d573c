//! The camera node: keys, lists, cameras, inference threads, spool and the talk with the centre, started and
//! stopped as one. It decides nothing itself: `watch` does, under the rules of `tapal_domain`.

mod by_hand;
#[cfg(test)]
mod history_tests;
mod keeper;
mod options;
mod talk;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::VerifyingKey;
use tapal_domain::{
    id::{BootId, CameraId, EdgeId, SiteId},
    wire::{AlertReport, Attempt, CameraConfig, CameraHealth, EdgeConfig, OtherCandidate},
};
use tapal_gallery::Gallery;
use tapal_vision::{Analyser, DetectSize, Engine, Pack};

use crate::{
    camera::{queue::Frames, supervisor::Supervisor},
    centre::{Centre, Signed},
    clock::Clock,
    freshness::Freshness,
    identity::{self, Identity},
    list::HeldList,
    reckoning::Reckoning,
    seal::{SealError, Sealer},
    sender,
    spool::Spool,
    watch::{Outcome, Raised},
    worker::{Outlet, Room, StageTimes, lock},
};

pub use by_hand::ByHand;
pub use options::{EdgeError, EdgeOptions};

/// Attempts kept for the centre while it cannot be reached.
const ATTEMPTS_KEPT: usize = 5_000;
/// Alerts kept in memory while the disk takes none.
const ALERTS_IN_MEMORY: usize = 100;

/// Everything the node's threads share.
pub(crate) struct Node {
    pub clock: Arc<dyn Clock>,
    pub options: EdgeOptions,
    pub boot: BootId,
    pub engine_name: String,
    pub room: Arc<Room>,
    pub gallery: Arc<Gallery>,
    pub list: Mutex<HeldList>,
    pub freshness: Mutex<Freshness>,
    pub sealer: Sealer,
    pub config: Mutex<Option<EdgeConfig>>,
    pub cameras: Mutex<BTreeMap<CameraId, Running>>,
    pub refused: Mutex<Option<String>>,
    pub desk: Arc<Desk>,
    pub spool: Arc<Spool>,
    pub centre: Box<dyn Centre>,
    pub stop: Arc<AtomicBool>,
    /// The node's time: `clock` is the same.
    pub reckoning: Arc<Reckoning>,
}

/// A camera the node runs, or ran: counters go on over restarts.
pub(crate) struct Running {
    pub config: CameraConfig,
    pub supervisor: Option<Supervisor>,
    pub dropped_before: u64,
    pub bad_before: u64,
    pub restarts_before: u64,
    pub frames_then: (u64, i64),
    pub fps: f32,
}

/// Takes outcomes from the inference threads: alerts to the spool, attempts to the next health report.
pub(crate) struct Desk {
    pub attempts: Mutex<VecDeque<Attempt>>,
    pub in_memory: Mutex<VecDeque<AlertReport>>,
    pub alerts: Mutex<Vec<Noted>>,
    spool: Arc<Spool>,
    model_id: String,
    clock: Arc<dyn Clock>,
}

/// That an alert was raised, without its face: for counting and measuring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noted {
    /// Its id.
    pub alert: tapal_domain::id::AlertId,
    /// Camera.
    pub camera: CameraId,
    /// Frame to judgement and durable spool, milliseconds.
    pub spooled_after_ms: i64,
}

impl Outlet for Desk {
    fn concluded(&self, camera: CameraId, outcome: Outcome) {
        match outcome {
            Outcome::Attempt(attempt) => {
                let mut attempts = lock(&self.attempts);
                if attempts.len() == ATTEMPTS_KEPT {
                    attempts.pop_front();
                }
                attempts.push_back(attempt);
            }
            Outcome::Raise(raised) => self.keep(camera, *raised),
        }
    }
}

impl Desk {
    fn keep(&self, camera: CameraId, raised: Raised) {
        let (alert, captured_at) = (raised.alert, raised.captured_at);
        let report = report(camera, raised, &self.model_id, self.clock.as_ref());
        if let Err(error) = self.spool.put(&report) {
            tracing::error!(%alert, %error, "an alert cannot be written to disk; it is kept in memory until it is sent");
            let mut held = lock(&self.in_memory);
            if held.len() == ALERTS_IN_MEMORY {
                tracing::error!("too many alerts in memory: the oldest is lost");
                held.pop_front();
            }
            held.push_back(report);
            self.spool.stir();
        }
        tracing::info!(%alert, %camera, "alert raised");
        let spooled_after_ms = self.clock.now().since_ms(captured_at);
        let mut alerts = lock(&self.alerts);
        // For measurements only: bounded.
        if alerts.len() < 100_000 {
            alerts.push(Noted {
                alert,
                camera,
                spooled_after_ms,
            });
        }
    }
}

fn report(camera: CameraId, raised: Raised, model_id: &str, clock: &dyn Clock) -> AlertReport {
    AlertReport {
        id: raised.alert,
        camera,
        track: raised.track,
        captured_at: raised.captured_at,
        judged_at: clock.now(),
        model_id: model_id.into(),
        entry: raised.best.entry,
        entry_version: raised.best.entry_version,
        list_version: raised.list_version,
        gallery_size: raised.gallery_size,
        score: raised.best.score,
        threshold: raised.threshold,
        band: raised.band,
        others: raised
            .others
            .iter()
            .map(|c| OtherCandidate {
                entry: c.entry,
                score: c.score,
            })
            .collect(),
        shots: raised.shots,
        quality: raised.quality,
        face_box: raised.face_box,
        probes: raised
            .portraits
            .iter()
            .map(|jpeg| STANDARD.encode(jpeg))
            .collect(),
    }
}

/// A running camera node. Dropping it stops it.
pub struct Edge {
    node: Arc<Node>,
    threads: Vec<JoinHandle<()>>,
}

impl Edge {
    /// Starts the node: keys, enrolment if needed, models, cached list, threads. Returns when it runs.
    pub fn start(options: EdgeOptions, clock: Arc<dyn Clock>) -> Result<Edge, EdgeError> {
        let pack = Pack::open(&options.models, &options.pack)?;
        let (engine, fallback) =
            tapal_vision::engine_with_reason(options.engine, options.ort_library.as_deref())
                .map_err(tapal_vision::PackError::from)?;
        tracing::info!(
            engine = engine.name(),
            pack = pack.card().name,
            reason = fallback,
            "models loaded"
        );
        let analysers = analysers(&pack, &engine, options.threads())?;
        options::make_folder(&options.data)?;
        let https = options.client()?;
        let identity = Identity::open(&options.data, &https, options.token.as_deref())?;
        let (edge, centre_key) = ((identity.site, identity.edge), identity.centre_key);
        let sealer = identity::sealer(&options.data)?;
        let reckoning = Arc::new(Reckoning::open(&options.data, sealer, edge, clock));
        let centre = Box::new(Signed {
            https,
            edge: identity.edge,
            key: identity.key,
            clock: reckoning.clone(),
        });
        let node = Arc::new(assemble(
            options,
            reckoning,
            &pack,
            engine.name(),
            (edge, centre_key),
            centre,
        )?);
        let threads = start_threads(&node, analysers)?;
        Ok(Edge { node, threads })
    }

    /// Each camera, as health reports it.
    pub fn cameras(&self) -> Vec<CameraHealth> {
        self.node.camera_health()
    }

    /// Why the matcher does not run, if so.
    pub fn refused(&self) -> Option<String> {
        lock(&self.node.refused).clone()
    }

    /// Alerts raised since the start.
    pub fn alerts(&self) -> Vec<Noted> {
        lock(&self.node.desk.alerts).clone()
    }

    /// Time spent a stage.
    pub fn times(&self) -> &StageTimes {
        &self.node.room.times
    }

    /// Alerts still on their way to the centre.
    pub fn waiting(&self) -> usize {
        self.node.spool.len() + lock(&self.node.desk.in_memory).len()
    }

    /// Whether every camera was a recording played once, all came to their end, and everything is worked off and
    /// delivered. For `tapal eval clips`.
    pub fn finished(&self) -> bool {
        let cameras = lock(&self.node.cameras);
        let ended = |running: &Running| {
            running
                .supervisor
                .as_ref()
                .is_some_and(|s| s.condition().finished)
        };
        let all_ended = !cameras.is_empty() && cameras.values().all(ended);
        drop(cameras);
        all_ended && self.node.room.frames.is_idle() && self.waiting() == 0
    }

    /// Entries held.
    pub fn gallery_size(&self) -> usize {
        self.node.gallery.len()
    }

    /// Stops cameras, then threads; what is spooled stays spooled.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.node.stop.store(true, Ordering::Relaxed);
        self.node.stop_cameras();
        self.node.room.frames.close();
        self.node.spool.stir();
        for thread in self.threads.drain(..) {
            // A panic there was reported by its own thread.
            let _ended = thread.join();
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a node until `stop` says so. Blocks.
pub fn run(
    options: EdgeOptions,
    clock: Arc<dyn Clock>,
    stop: &AtomicBool,
) -> Result<(), EdgeError> {
    let edge = Edge::start(options, clock)?;
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    edge.stop();
    Ok(())
}

/// One analyser a thread, loaded side by side.
fn analysers(
    pack: &Pack,
    engine: &Arc<dyn Engine>,
    threads: usize,
) -> Result<Vec<Analyser>, EdgeError> {
    let load = || Analyser::new(pack, engine, DetectSize::default());
    let loaded: Vec<_> = std::thread::scope(|scope| {
        let loading: Vec<_> = (0..threads).map(|_| scope.spawn(load)).collect();
        loading.into_iter().map(|thread| thread.join()).collect()
    });
    loaded
        .into_iter()
        .map(|made| Ok(made.map_err(|_| EdgeError::Thread)??))
        .collect()
}

fn assemble(
    options: EdgeOptions,
    reckoning: Arc<Reckoning>,
    pack: &Pack,
    engine_name: String,
    (edge, centre_key): ((SiteId, EdgeId), VerifyingKey),
    centre: Box<dyn Centre>,
) -> Result<Node, EdgeError> {
    let card = pack.card();
    let sealer = identity::sealer(&options.data)?;
    let clock: Arc<dyn Clock> = reckoning.clone();
    let gallery = Arc::new(Gallery::new(card.model_id.clone(), card.dimension));
    let list = HeldList::open(
        &options.data,
        sealer.clone(),
        centre_key,
        edge,
        gallery.clone(),
    )?;
    let freshness = Freshness::open(
        &options.data,
        sealer.clone(),
        edge,
        clock.now(),
        clock.uptime_ms(),
    );
    let spool = Arc::new(Spool::open(&options.data.join("spool"), sealer.clone())?);
    let desk = Arc::new(Desk {
        attempts: Mutex::default(),
        in_memory: Mutex::default(),
        alerts: Mutex::default(),
        spool: spool.clone(),
        model_id: card.model_id.clone(),
        clock: clock.clone(),
    });
    let frames = Arc::new(Frames::new());
    let room = Room::new(
        frames,
        clock.clone(),
        card.clone(),
        desk.clone(),
        options.threads(),
    );
    let node = Node {
        boot: BootId(clock.id()),
        clock,
        options,
        engine_name,
        room: Arc::new(room),
        gallery,
        list: Mutex::new(list),
        freshness: Mutex::new(freshness),
        sealer,
        config: Mutex::new(None),
        cameras: Mutex::new(BTreeMap::new()),
        refused: Mutex::new(None),
        desk,
        spool,
        centre,
        stop: Arc::new(AtomicBool::new(false)),
        reckoning,
    };
    node.load_config();
    Ok(node)
}

fn start_threads(
    node: &Arc<Node>,
    analysers: Vec<Analyser>,
) -> Result<Vec<JoinHandle<()>>, SealError> {
    let mut threads = Vec::new();
    let mut start = |name: &str, work: Box<dyn FnOnce() + Send>| {
        let thread = std::thread::Builder::new().name(name.into()).spawn(work);
        thread
            .map(|thread| threads.push(thread))
            .map_err(SealError::io(&node.options.data))
    };
    for mut analyser in analysers {
        let room = node.room.clone();
        start("inference", Box::new(move || room.work(&mut analyser)))?;
    }
    let (sending, keeping, talking) = (node.clone(), node.clone(), node.clone());
    start(
        "sender",
        Box::new(move || {
            sender::run(
                &sending.spool,
                sending.centre.as_ref(),
                &sending.stop,
                &|| {
                    sending.send_from_memory();
                    if let Err(error) = sending.spool.forget_refused(sending.clock.now()) {
                        tracing::error!(%error, "a refused alert cannot be deleted");
                    }
                },
            );
        }),
    )?;
    start("keeper", Box::new(move || keeping.keep()))?;
    start("talk", Box::new(move || talking.talk()))?;
    Ok(threads)
}
