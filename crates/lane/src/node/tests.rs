//! The node against a centre made of memory: when it may search, what it pulls, what it keeps, and that nobody who
//! is on no list leaves a trace.

use std::sync::Mutex;

use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use tapal_domain::{
    entry::ListKind,
    id::{EntryId, SiteId},
    screening::Threshold,
    site::{Deployment, Direction, SiteKind},
    time::UtcMs,
    wire::{
        AttemptOutcome, CameraState, EntryTemplate, HealthReply, HealthReport, ListDelta,
        RemovalReceipt, SignedDelta,
    },
};
use tapal_vision::stub::{StubFace, scene};
use tapal_vision::{EngineChoice, Picture, engine};
use uuid::Uuid;

use super::*;
use crate::camera::queue::Item;
use crate::centre::{Method, Reply, Unreachable};
use crate::clock::FixedClock;
use crate::watch::Watch;
use tapal_domain::wire::Counters;

/// What the centre knows and has heard.
struct Book {
    up: bool,
    /// Its uptime is the true time.
    clock: Option<Arc<FixedClock>>,
    config: EdgeConfig,
    delta: ListDelta,
    heard: Vec<HealthReport>,
    receipts: Vec<RemovalReceipt>,
    asked: Vec<String>,
    /// Status of replies to alerts, and the alerts themselves.
    alerts: (u16, Vec<tapal_domain::id::AlertId>),
}

#[derive(Clone)]
struct MemoryCentre(Arc<Mutex<Book>>);

fn key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

fn json(value: &impl serde::Serialize) -> Result<Reply, Unreachable> {
    Ok(Reply {
        status: 200,
        body: serde_json::to_vec(value).unwrap(),
    })
}

impl Centre for MemoryCentre {
    fn send(&self, _: Method, path: &str, body: &[u8]) -> Result<Reply, Unreachable> {
        let mut book = self.0.lock().unwrap();
        if !book.up {
            return Err(Unreachable("switched off".into()));
        }
        book.asked.push(path.into());
        match path.split('?').next().unwrap() {
            "/api/v1/edge/health" => {
                let report: HealthReport = serde_json::from_slice(body).unwrap();
                let answers = Some((report.boot, report.seq));
                book.heard.push(report);
                let (revision, list_version) = (book.config.revision, book.delta.version);
                json(&HealthReply {
                    revision,
                    list_version,
                    model_id: book.config.model_id.clone(),
                    now: UtcMs(book.clock.as_ref().map_or(1_000, |clock| clock.uptime_ms())),
                    answers,
                })
            }
            "/api/v1/edge/config" => json(&book.config),
            "/api/v1/edge/list" => {
                let body = serde_json::to_string(&book.delta).unwrap();
                let signature = STANDARD.encode(key().sign(body.as_bytes()).to_bytes());
                json(&SignedDelta { body, signature })
            }
            "/api/v1/edge/receipts" => {
                book.receipts.push(serde_json::from_slice(body).unwrap());
                Ok(Reply {
                    status: 204,
                    body: Vec::new(),
                })
            }
            "/api/v1/alerts" => {
                let report: AlertReport = serde_json::from_slice(body).unwrap();
                book.alerts.1.push(report.id);
                Ok(Reply {
                    status: book.alerts.0,
                    body: Vec::new(),
                })
            }
            other => panic!("asked for {other}"),
        }
    }
}

fn site() -> SiteId {
    SiteId(Uuid::from_u128(9))
}

fn deployment() -> Deployment {
    Deployment {
        decree: "IMI-01/2026".into(),
        purpose: "Find wanted persons".into(),
        lists: vec![ListKind::Wanted],
        hours: "00:00-24:00".into(),
        dpia_reference: "DPIA-7".into(),
        sign_posted: true,
        valid_from: UtcMs(0),
        valid_to: UtcMs(1_000_000),
    }
}

fn camera() -> CameraConfig {
    CameraConfig {
        camera: CameraId(Uuid::from_u128(1)),
        name: "hall".into(),
        lane: None,
        direction: Direction::Neither,
        source: "file:none".into(),
        fps: 8.0,
        detect_width: 1280,
        min_eye_distance_px: 10.0,
        enabled: false,
    }
}

fn entry(n: u128, template: &[f32]) -> EntryTemplate {
    let bytes: Vec<u8> = template.iter().flat_map(|v| v.to_le_bytes()).collect();
    EntryTemplate {
        entry: EntryId(Uuid::from_u128(n)),
        entry_version: 1,
        list: ListKind::Wanted,
        in_force_from: UtcMs(0),
        in_force_to: UtcMs(10_000_000),
        templates: vec![STANDARD.encode(bytes)],
    }
}

fn centre(upserts: Vec<EntryTemplate>) -> MemoryCentre {
    let model_id = Pack::stub().card().model_id.clone();
    let config = EdgeConfig {
        revision: 3,
        site: site(),
        kind: SiteKind::Checkpoint,
        deployment: Some(deployment()),
        cameras: vec![camera()],
        thresholds: vec![Threshold {
            list: ListKind::Wanted,
            possible: 0.97,
            strong: 0.99,
        }],
        model_id: model_id.clone(),
        now: UtcMs(1_000),
    };
    let delta = ListDelta {
        site: site(),
        since: 0,
        version: 7,
        model_id,
        upserts,
        removals: Vec::new(),
        made_at: UtcMs(7),
    };
    let (heard, receipts, asked) = (Vec::new(), Vec::new(), Vec::new());
    MemoryCentre(Arc::new(Mutex::new(Book {
        up: true,
        clock: None,
        config,
        delta,
        heard,
        receipts,
        asked,
        alerts: (200, Vec::new()),
    })))
}

fn node(folder: &std::path::Path, centre: &MemoryCentre, clock: &Arc<FixedClock>) -> Arc<Node> {
    let mut options = EdgeOptions::new(
        folder.into(),
        "https://test".into(),
        "none".into(),
        "none".into(),
        "stub".into(),
    );
    options.threads = Some(1);
    centre.0.lock().unwrap().clock = Some(clock.clone());
    let edge = ((site(), EdgeId(Uuid::from_u128(4))), key().verifying_key());
    let centre = Box::new(centre.clone());
    let clock: Arc<dyn Clock> = clock.clone();
    let sealer = crate::identity::sealer(folder).unwrap();
    let reckoning = Reckoning::open(folder, sealer, edge.0, clock);
    let reckoning = Arc::new(reckoning);
    Arc::new(
        assemble(
            options,
            reckoning,
            &Pack::stub(),
            "test".into(),
            edge,
            centre,
        )
        .unwrap(),
    )
}

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(UtcMs(1_000)))
}

fn unit(at: usize) -> Vec<f32> {
    (0..Pack::stub().card().dimension)
        .map(|i| if i == at { 1.0 } else { 0.0 })
        .collect()
}

/// Whether the matcher runs after the config was changed so, at `now`; the reason when not.
fn check(change: impl Fn(&mut EdgeConfig), advance: i64, expect: Option<&str>) {
    let (folder, centre, clock) = (tempfile::tempdir().unwrap(), centre(vec![]), clock());
    change(&mut centre.0.lock().unwrap().config);
    let node = node(folder.path(), &centre, &clock);
    node.exchange(1).unwrap();
    clock.advance(advance);
    node.keep_once();
    assert_eq!(lock(&node.refused).as_deref(), expect);
    assert_eq!(node.room.lists().is_some(), expect.is_none());
    assert_eq!(node.camera_health()[0].state, CameraState::Off);
}

#[test]
fn the_matcher_runs_only_under_a_deployment_record_and_with_the_centres_model() {
    check(|_| {}, 0, None);
    check(|c| c.deployment = None, 0, Some("no_record"));
    check(
        |c| c.deployment.as_mut().unwrap().sign_posted = false,
        0,
        Some("no_sign"),
    );
    check(|_| {}, 1_000_000, Some("not_in_force"));
    check(|c| c.model_id = "other@1".into(), 0, Some("model_mismatch"));
}

#[test]
fn a_record_that_ends_stops_a_running_matcher() {
    let (folder, centre, clock) = (tempfile::tempdir().unwrap(), centre(vec![]), clock());
    let node = node(folder.path(), &centre, &clock);
    node.keep_once();
    assert_eq!(lock(&node.refused).as_deref(), Some("no_config"));
    node.exchange(1).unwrap();
    node.keep_once();
    assert!(node.room.lists().is_some());
    clock.advance(999_000);
    node.keep_once();
    assert_eq!(lock(&node.refused).as_deref(), Some("not_in_force"));
    assert!(node.room.lists().is_none());
}

#[test]
fn config_and_list_are_pulled_when_the_centre_says_so_and_survive_a_restart_without_it() {
    let (folder, centre, clock) = (
        tempfile::tempdir().unwrap(),
        centre(vec![entry(1, &unit(0))]),
        clock(),
    );
    let first = node(folder.path(), &centre, &clock);
    first.exchange(1).unwrap();
    first.exchange(2).unwrap();
    let asked = centre.0.lock().unwrap().asked.join(" ");
    assert_eq!(asked.matches("config").count(), 1, "{asked}");
    assert_eq!(asked.matches("list?since=0").count(), 1, "{asked}");
    // A change of both.
    {
        let mut book = centre.0.lock().unwrap();
        book.config.revision = 4;
        book.delta = ListDelta {
            since: 7,
            version: 8,
            upserts: vec![entry(2, &unit(1))],
            removals: vec![EntryId(Uuid::from_u128(1))],
            made_at: UtcMs(8),
            ..book.delta.clone()
        };
    }
    first.exchange(3).unwrap();
    let book = centre.0.lock().unwrap();
    assert_eq!(
        book.receipts
            .iter()
            .map(|r| r.entry.0.as_u128())
            .collect::<Vec<_>>(),
        [1]
    );
    assert!(
        book.asked
            .iter()
            .any(|path| path == "/api/v1/edge/list?since=7")
    );
    drop(book);
    drop(first);

    centre.0.lock().unwrap().up = false;
    let again = node(folder.path(), &centre, &clock);
    assert!(again.exchange(1).is_err());
    again.keep_once();
    assert_eq!(lock(&again.refused).as_deref(), None);
    assert_eq!(again.gallery.entries(), [EntryId(Uuid::from_u128(2))]);
    assert_eq!(lock(&again.config).as_ref().unwrap().revision, 4);
}

#[test]
fn attempts_are_reported_until_acknowledged() {
    let (folder, centre, clock) = (tempfile::tempdir().unwrap(), centre(vec![]), clock());
    let node = node(folder.path(), &centre, &clock);
    let attempt = |n: u128| Attempt {
        id: tapal_domain::id::AttemptId(Uuid::from_u128(n)),
        camera: camera().camera,
        at: UtcMs(1),
        seen_ms: 1,
        shots: 1,
        outcome: AttemptOutcome::BelowThreshold,
    };
    for n in 0..3 {
        node.desk
            .concluded(camera().camera, Outcome::Attempt(attempt(n)));
    }
    centre.0.lock().unwrap().up = false;
    assert!(node.exchange(1).is_err());
    centre.0.lock().unwrap().up = true;
    node.exchange(2).unwrap();
    node.exchange(3).unwrap();
    let heard: Vec<usize> = centre
        .0
        .lock()
        .unwrap()
        .heard
        .iter()
        .map(|r| r.attempts.len())
        .collect();
    assert_eq!(heard, [3, 0]);
}

#[test]
fn a_centre_that_changes_its_model_stops_the_matcher_and_a_second_change_starts_it_again() {
    let (folder, centre, clock) = (tempfile::tempdir().unwrap(), centre(vec![]), clock());
    let node = node(folder.path(), &centre, &clock);
    let same = Pack::stub().card().model_id.clone();
    let mut seq = 0;
    // The revision stays as it is; only the model changes.
    for (model, refused) in [
        (same.as_str(), None),
        ("other@1", Some("model_mismatch")),
        (same.as_str(), None),
    ] {
        centre.0.lock().unwrap().config.model_id = model.into();
        seq += 1;
        node.exchange(seq).unwrap();
        node.keep_once();
        assert_eq!(lock(&node.refused).as_deref(), refused);
    }
}

#[test]
fn a_list_the_centre_has_not_confirmed_for_too_long_is_not_searched() {
    let (folder, centre, clock) = (tempfile::tempdir().unwrap(), centre(vec![]), clock());
    let deployment = |d: &mut Deployment| d.valid_to = UtcMs(i64::MAX);
    deployment(centre.0.lock().unwrap().config.deployment.as_mut().unwrap());
    let first = node(folder.path(), &centre, &clock);
    first.exchange(1).unwrap();
    centre.0.lock().unwrap().up = false;
    let check = |node: &Arc<Node>, refused: Option<&str>| {
        node.keep_once();
        assert_eq!(lock(&node.refused).as_deref(), refused);
    };
    clock.advance(crate::freshness::LIST_LIMIT_MS);
    assert!(first.exchange(2).is_err());
    check(&first, None);
    clock.advance(1);
    check(&first, Some("list_too_old"));
    let again = node(folder.path(), &centre, &clock);
    check(&again, Some("list_too_old"));
    centre.0.lock().unwrap().up = true;
    again.exchange(1).unwrap();
    check(&again, None);
}

#[test]
fn a_list_of_another_model_makes_the_node_look_at_its_config_again() {
    let (folder, centre, clock) = (tempfile::tempdir().unwrap(), centre(vec![]), clock());
    let node = node(folder.path(), &centre, &clock);
    node.exchange(1).unwrap();
    {
        let mut book = centre.0.lock().unwrap();
        book.asked.clear();
        book.delta.model_id = "other@1".into();
        book.delta.version = 8;
    }
    assert!(node.exchange(2).is_err());
    let book = centre.0.lock().unwrap();
    assert!(book.asked.iter().any(|path| path == "/api/v1/edge/config"));
}

/// Two alerts the disk does not take; the centre answers `status`. What is left in memory, in the spool and aside
/// after the disk works again.
fn check_unwritable(status: u16, expect: (usize, usize, u64)) {
    let (folder, centre, clock) = (tempfile::tempdir().unwrap(), centre(vec![]), clock());
    let node = node(folder.path(), &centre, &clock);
    centre.0.lock().unwrap().alerts.0 = status;
    // Folders in the place of the temporary files: they cannot be written.
    let blocked: Vec<_> = (1..=2)
        .map(|n| {
            folder
                .path()
                .join(format!("spool/{}.new", Uuid::from_u128(n)))
        })
        .collect();
    for (n, path) in (1..=2).zip(&blocked) {
        std::fs::create_dir(path).unwrap();
        let report = crate::spool::tests::report(n);
        assert!(node.spool.put(&report).is_err());
        lock(&node.desk.in_memory).push_back(report);
    }
    // In another thread: a lock held for too long would hang the test.
    let (done, ended) = std::sync::mpsc::channel();
    let send = || {
        let (node, done) = (node.clone(), done.clone());
        std::thread::spawn(move || {
            node.send_from_memory();
            done.send(()).unwrap();
        });
        ended
            .recv_timeout(std::time::Duration::from_secs(10))
            .expect("the sender hangs");
    };
    send();
    assert!(!centre.0.lock().unwrap().alerts.1.is_empty());
    assert!(status < 300 || lock(&node.desk.in_memory).len() == 2);
    blocked
        .iter()
        .for_each(|path| std::fs::remove_dir(path).unwrap());
    send();
    let left = lock(&node.desk.in_memory).len();
    assert_eq!(
        (left, node.spool.len(), node.spool.refused()),
        expect,
        "{status}"
    );
}

#[test]
fn alerts_a_full_disk_did_not_take_are_sent_or_set_aside_never_lost() {
    check_unwritable(200, (0, 0, 0));
    check_unwritable(404, (0, 0, 2));
    check_unwritable(422, (0, 0, 2));
    check_unwritable(500, (2, 0, 0));
}

/// Log lines, caught.
#[derive(Clone, Default)]
struct Caught(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Caught {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Every byte below a folder.
fn bytes_below(folder: &std::path::Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            all.extend(bytes_below(&entry.path()));
        } else {
            all.extend(std::fs::read(entry.path()).unwrap());
        }
    }
    all
}

#[test]
fn ten_thousand_strangers_leave_nothing_but_numbers() {
    let strangers: u64 = if std::env::var_os("TAPAL_TEST_FULL").is_some() {
        10_000
    } else {
        1_000
    };
    const A_FRAME: u64 = 10;
    let (folder, centre, clock) = (
        tempfile::tempdir().unwrap(),
        centre(vec![entry(1, &unit(0))]),
        clock(),
    );
    let caught = Caught::default();
    let writer = caught.clone();
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone());
    let mut marks: Vec<Vec<u8>> = Vec::new();
    tracing::subscriber::with_default(log.finish(), || {
        let node = node(folder.path(), &centre, &clock);
        node.exchange(1).unwrap();
        node.keep_once();
        let engine = engine(EngineChoice::Rten, None).unwrap();
        let mut analyser = Analyser::new(&Pack::stub(), &engine, DetectSize::default()).unwrap();
        let camera = camera().camera;
        node.room.watch(&super::tests::camera());
        for first in (0..strangers).step_by(A_FRAME as usize) {
            let face = |i: u64| StubFace {
                person: 100 + first + i,
                x: 10 + 62 * i as u32,
                y: 20,
                side: 48,
            };
            let faces: Vec<StubFace> = (0..A_FRAME).map(face).collect();
            for _ in 0..2 {
                clock.advance(125);
                let (at, uptime_ms) = (clock.now(), clock.uptime_ms());
                let picture = Picture::of(&scene(640, 96, &faces));
                node.room.work_off(
                    &mut analyser,
                    vec![(
                        camera,
                        Item::Frame {
                            picture,
                            at,
                            uptime_ms,
                        },
                    )],
                );
            }
            let (at, uptime_ms) = (clock.now(), clock.uptime_ms());
            node.room
                .work_off(&mut analyser, vec![(camera, Item::Gap { at, uptime_ms })]);
            lock(&node.desk.attempts).clear();
            if first == 0 {
                let picture = Picture::of(&scene(640, 96, &faces));
                let found = analyser.detect_in(&picture).unwrap();
                let (at, uptime_ms) = (clock.now(), clock.uptime_ms());
                let mut watch = Watch::new(
                    &super::tests::camera(),
                    &node.room.card,
                    Counters::default(),
                );
                let taken = watch.look(&picture, &found, at, uptime_ms);
                assert_eq!(taken.len(), faces.len());
                let crops: Vec<_> = taken.iter().map(|t| t.align(&analyser)).collect();
                for template in analyser.embed(&crops).unwrap() {
                    let bytes: Vec<u8> = template.values[..4]
                        .iter()
                        .flat_map(|v| v.to_le_bytes())
                        .collect();
                    marks.push(STANDARD.encode(&bytes[..12]).into_bytes());
                    marks.push(bytes);
                }
            }
        }
        let watched = node.room.watched(camera).unwrap();
        let watched = lock(&watched);
        let counters = watched.watch.counters();
        assert_eq!(
            (counters.destroyed, counters.persons, counters.matches),
            (strangers, strangers, 0)
        );
        assert!(counters.searches >= strangers);
        assert_eq!(watched.watch.people(), 0, "nobody is left in memory");
        assert!(node.spool.is_empty());
    });
    let mut everything = bytes_below(folder.path());
    everything.extend(caught.0.lock().unwrap().iter());
    marks.extend([vec![0xff, 0xd8, 0xff], b"JFIF".to_vec(), b"/9j/".to_vec()]);
    for mark in &marks {
        assert!(
            !everything.windows(mark.len()).any(|w| w == mark),
            "a trace was left"
        );
    }
}
