//! Cameras that break: server killed, decoder killed or frozen, damaged and absurd recordings, the node itself killed.
//! Real ffmpeg and a real RTSP server; takes a minute, so it runs only with TAPAL_TEST_FULL=1.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may fail loudly and say what it measured"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tapal_domain::{
    id::CameraId,
    site::Direction,
    wire::{CameraConfig, CameraState},
};
use tapal_lane::{
    camera::{
        ffmpeg::Ffmpeg,
        queue::Frames,
        supervisor::{Condition, Supervisor, Surroundings},
        watchdog::Patience,
    },
    clock::SystemClock,
};
use uuid::Uuid;

/// The goal for every fault.
const RECOVERY: Duration = Duration::from_secs(10);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn clip() -> String {
    root()
        .join("fixtures/people/clips/checkpoint_a.mp4")
        .display()
        .to_string()
}

/// Whether the slow tests run; says so when not.
fn full() -> bool {
    let full = std::env::var_os("TAPAL_TEST_FULL").is_some();
    if !full {
        println!(
            "skipped: set TAPAL_TEST_FULL=1 to run fault tests with ffmpeg and an RTSP server"
        );
    }
    full
}

struct Camera {
    supervisor: Supervisor,
    _frames: Arc<Frames>,
}

fn camera(source: &str) -> Camera {
    let config = CameraConfig {
        camera: CameraId(Uuid::from_u128(1)),
        name: "fault".into(),
        lane: None,
        direction: Direction::Neither,
        source: source.into(),
        fps: 8.0,
        detect_width: 640,
        min_eye_distance_px: 20.0,
        enabled: true,
    };
    let frames = Arc::new(Frames::new());
    let around = Surroundings {
        clock: Arc::new(SystemClock::new()),
        frames: frames.clone(),
        launch: Arc::new(Ffmpeg {
            program: "ffmpeg".into(),
        }),
        loop_files: true,
        deblocking: true,
        patience: Patience::default(),
    };
    Camera {
        supervisor: Supervisor::start(&config, around).unwrap(),
        _frames: frames,
    }
}

impl Camera {
    /// Waits until the condition holds; how long it took.
    fn until(&self, what: &str, most: Duration, holds: impl Fn(&Condition) -> bool) -> Duration {
        let started = Instant::now();
        loop {
            let condition = self.supervisor.condition();
            if holds(&condition) {
                println!("{what}: {:.1} s", started.elapsed().as_secs_f32());
                return started.elapsed();
            }
            assert!(
                started.elapsed() < most,
                "{what}: not within {most:?}: {condition:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn until_live(&self, what: &str, most: Duration) {
        self.until(what, most, |c| c.state == CameraState::Live);
    }
}

/// An RTSP server that is killed when dropped.
struct Server(Child);

impl Server {
    fn start(port: u16, codec: &str) -> Server {
        let script = root().join("tests/faults/rtsp_server.py");
        let mut child = Command::new("/usr/bin/python3")
            .args([
                script.display().to_string(),
                port.to_string(),
                clip(),
                codec.into(),
            ])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 with gir1.2-gst-rtsp-server-1.0 is needed");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line.trim(), "ready", "the RTSP server did not start");
        Server(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// The ffmpeg children of a process.
fn decoders(parent: u32) -> Vec<u32> {
    let field = |stat: &str| -> Option<(bool, u32)> {
        let (head, tail) = stat.rsplit_once(") ")?;
        Some((
            head.contains("(ffmpeg"),
            tail.split(' ').nth(1)?.parse().ok()?,
        ))
    };
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        field(&stat) == Some((true, parent))
    })
    .collect()
}

fn signal(name: &str, pid: u32) {
    assert!(
        Command::new("kill")
            .args([name, &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn faults_are_survived() {
    if !full() {
        return;
    }
    // One after the other: they count this process's decoders.
    for (n, codec) in ["h264", "h265", "mjpeg"].into_iter().enumerate() {
        a_server_is_killed_and_started_again(18_700 + n as u16, codec);
    }
    a_decoder_is_killed_then_frozen();
    damaged_missing_and_absurd_recordings_are_named();
    a_killed_node_leaves_no_decoder_behind();
}

fn a_server_is_killed_and_started_again(port: u16, codec: &str) {
    let server = Server::start(port, codec);
    let camera = camera(&format!("rtsp://user:secret@127.0.0.1:{port}/camera"));
    camera.until_live(&format!("{codec}: first frame"), RECOVERY);
    drop(server);
    camera.until(&format!("{codec}: loss noticed"), RECOVERY, |c| {
        c.state == CameraState::Down
    });
    // Long enough for the back-off to reach its longest wait.
    std::thread::sleep(Duration::from_secs(6));
    let _server = Server::start(port, codec);
    camera.until_live(
        &format!("{codec}: frames after the server is back"),
        RECOVERY,
    );
}

fn a_decoder_is_killed_then_frozen() {
    let camera = camera(&format!("file:{}", clip()));
    camera.until_live("file: first frame", RECOVERY);
    for name in ["-KILL", "-STOP"] {
        let before = camera.supervisor.condition().restarts;
        let pids = decoders(std::process::id());
        assert_eq!(pids.len(), 1);
        signal(name, pids[0]);
        let what = format!("frames again after ffmpeg got {name}");
        camera.until(&what, RECOVERY, |c| {
            c.restarts > before && c.state == CameraState::Live
        });
    }
    drop(camera);
    assert!(
        decoders(std::process::id()).is_empty(),
        "stopping a camera ends its decoder"
    );
}

fn damaged_missing_and_absurd_recordings_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (garbage, cut, huge) = (
        folder.path().join("garbage.mp4"),
        folder.path().join("cut.mp4"),
        folder.path().join("huge.mkv"),
    );
    let noise: Vec<u8> = (0..200_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    std::fs::File::create(&garbage)
        .unwrap()
        .write_all(&noise)
        .unwrap();
    let whole = std::fs::read(clip()).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 3]).unwrap();
    let made = Command::new("ffmpeg")
        .args([
            "-nostdin",
            "-loglevel",
            "error",
            "-f",
            "lavfi",
            "-i",
            "color=s=12000x9000:r=1",
            "-frames:v",
            "2",
        ])
        .args(["-c:v", "mjpeg", "-y"])
        .arg(&huge)
        .status();
    assert!(made.expect("ffmpeg is needed").success());
    for (path, reasons) in [
        (&garbage, &["bad_source"][..]),
        (&folder.path().join("gone.mp4"), &["file_missing"]),
        (&huge, &["too_large"]),
    ] {
        let camera = camera(&format!("file:{}", path.display()));
        let name = path.file_name().unwrap().to_str().unwrap();
        let named = |c: &Condition| {
            c.state == CameraState::Down && c.reason.is_some_and(|r| reasons.contains(&r))
        };
        camera.until(name, Duration::from_secs(15), named);
        println!("{name}: {:?}", camera.supervisor.condition().reason);
    }
    // What can still be read of a recording cut short is played.
    camera(&format!("file:{}", cut.display())).until_live("cut.mp4: plays what is there", RECOVERY);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:"))
        .unwrap()
        .trim()
        .trim_end_matches(" kB");
    let peak: u64 = peak.parse().unwrap();
    println!("most memory used by this process: {} MiB", peak >> 10);
    assert!(
        peak < 512 << 10,
        "an absurd picture must not fill the memory"
    );
}

fn a_killed_node_leaves_no_decoder_behind() {
    let mut helper = Command::new(std::env::current_exe().unwrap())
        .args(["helper_that_runs_a_camera", "--exact", "--nocapture"])
        .env("TAPAL_FAULT_HELPER", "1")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let decoder = loop {
        if let Some(pid) = decoders(helper.id()).first() {
            break *pid;
        }
        assert!(
            started.elapsed() < RECOVERY,
            "the helper started no decoder"
        );
        std::thread::sleep(Duration::from_millis(20));
    };
    std::thread::sleep(Duration::from_secs(1));
    helper.kill().unwrap();
    helper.wait().unwrap();
    let killed = Instant::now();
    while Path::new(&format!("/proc/{decoder}")).exists() {
        assert!(killed.elapsed() < RECOVERY, "ffmpeg outlives the node");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!(
        "ffmpeg ended {:.1} s after the node was killed",
        killed.elapsed().as_secs_f32()
    );
}

/// Not a test of its own: the process that is killed above.
#[test]
fn helper_that_runs_a_camera() {
    if std::env::var_os("TAPAL_FAULT_HELPER").is_some() {
        let _camera = camera(&format!("file:{}", clip()));
        std::thread::sleep(Duration::from_secs(60));
    }
}
