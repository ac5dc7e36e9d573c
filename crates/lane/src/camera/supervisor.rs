//! Keeps one camera running: starts its decoder, feeds the watchdog, restarts with back-off, reports how it is.
//! One thread a camera plus one reader a child; a read that blocks never holds up the watchdog.

use std::io::BufReader;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tapal_domain::{
    id::CameraId,
    time::UtcMs,
    wire::{CameraConfig, CameraState},
};

use super::{
    ffmpeg::{self, Launch, Running},
    pictures::{ReadEnd, next_picture},
    queue::{Frames, Item},
    source::Source,
    watchdog::{Order, Patience, Watchdog},
};
use crate::clock::Clock;

/// How often the watchdog looks.
const LOOK: Duration = Duration::from_millis(100);

/// How a camera is, for health.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Its state.
    pub state: CameraState,
    /// Since when.
    pub since: UtcMs,
    /// Why it is down.
    pub reason: Option<&'static str>,
    /// Times it was restarted.
    pub restarts: u64,
    /// Last frame.
    pub last_frame_at: Option<UtcMs>,
    /// Width and height of the frames.
    pub frame_size: [u32; 2],
    /// Whether a recording played once came to its end.
    pub finished: bool,
}

/// What a supervisor works with.
#[derive(Clone)]
pub struct Surroundings {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where frames go.
    pub frames: Arc<Frames>,
    /// How decoders start.
    pub launch: Arc<dyn Launch>,
    /// Whether recordings start again at their end.
    pub loop_files: bool,
    /// Whether decoders smooth block edges; see [`Source::arguments`].
    pub deblocking: bool,
    /// The watchdog's patience.
    pub patience: Patience,
}

/// A running camera. Dropping it stops the camera and waits for its threads.
pub struct Supervisor {
    camera: CameraId,
    stop: Arc<AtomicBool>,
    condition: Arc<Mutex<Condition>>,
    bad_frames: Arc<AtomicU64>,
    frames: Arc<Frames>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Starts a camera.
    pub fn start(config: &CameraConfig, around: Surroundings) -> std::io::Result<Self> {
        let (camera, frames) = (config.camera, around.frames.clone());
        frames.open(camera);
        let condition = Arc::new(Mutex::new(Condition {
            state: CameraState::Starting,
            since: around.clock.now(),
            reason: None,
            restarts: 0,
            last_frame_at: None,
            frame_size: [0; 2],
            finished: false,
        }));
        let (stop, bad_frames) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let work = Work {
            camera,
            config: config.clone(),
            around,
            stop: stop.clone(),
            condition: condition.clone(),
            bad_frames: bad_frames.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("camera".into())
            .spawn(move || work.run())?;
        Ok(Supervisor {
            camera,
            stop,
            condition,
            bad_frames,
            frames,
            thread: Some(thread),
        })
    }

    /// How it is now.
    pub fn condition(&self) -> Condition {
        self.condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Pictures that could not be read since the start.
    pub fn bad_frames(&self) -> u64 {
        self.bad_frames.load(Ordering::Relaxed)
    }

    /// Frames dropped because the node was busy, since the start.
    pub fn dropped(&self) -> u64 {
        self.frames.dropped(self.camera)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by its own thread.
            let _ended = thread.join();
        }
        self.frames.close_line(self.camera);
    }
}

enum Event {
    Frame,
    End(ReadEnd),
}

struct Work {
    camera: CameraId,
    config: CameraConfig,
    around: Surroundings,
    stop: Arc<AtomicBool>,
    condition: Arc<Mutex<Condition>>,
    bad_frames: Arc<AtomicU64>,
}

impl Work {
    fn run(self) {
        let mut dog = Watchdog::new(self.around.patience);
        let Ok(source) = Source::parse(&self.config.source, self.around.loop_files) else {
            dog.ended(self.around.clock.uptime_ms(), "bad_source");
            return self.report(&dog);
        };
        let arguments = source.arguments(
            self.config.fps,
            self.config.detect_width,
            self.around.deblocking,
        );
        while !self.stop.load(Ordering::Relaxed) {
            match dog.tick(self.around.clock.uptime_ms()) {
                Order::Start => self.one_run(&source, &arguments, &mut dog),
                _ => std::thread::sleep(LOOK),
            }
            self.report(&dog);
        }
    }

    /// From the start of a decoder to its end.
    fn one_run(&self, source: &Source, arguments: &[String], dog: &mut Watchdog) {
        let clock = &self.around.clock;
        let mut child = match self.around.launch.launch(arguments) {
            Ok(child) => child,
            Err(error) => {
                let missing = error.kind() == std::io::ErrorKind::NotFound;
                return dog.ended(
                    clock.uptime_ms(),
                    if missing {
                        "ffmpeg_missing"
                    } else {
                        "ffmpeg_start"
                    },
                );
            }
        };
        dog.started(clock.uptime_ms());
        self.report(dog);
        let (events, heard) = mpsc::channel();
        let reader = self.read_pictures(child.as_mut(), events);
        let listener = self.listen(child.as_mut());
        let reason = self.watch(dog, &heard);
        let ended_well = child.end(reason == "ffmpeg_exit");
        let complaints = listener.and_then(|l| l.join().ok()).unwrap_or_default();
        // The child is gone, so its pipe is closed and the reader ends.
        if let Some(reader) = reader {
            let _ended = reader.join();
        }
        let (at, uptime_ms) = (clock.now(), clock.uptime_ms());
        self.around
            .frames
            .push(self.camera, Item::Gap { at, uptime_ms });
        match reason {
            "ffmpeg_exit" if source.ends() && ended_well => dog.finished(),
            "ffmpeg_exit" | "no_frames" => {
                dog.ended(uptime_ms, complaints.reason.unwrap_or(reason))
            }
            reason => dog.ended(uptime_ms, reason),
        }
        if !self.stop.load(Ordering::Relaxed) {
            tracing::info!(camera = %self.camera, reason = dog.reason(), "camera source ended");
        }
    }

    /// Until the child must end; why.
    fn watch(&self, dog: &mut Watchdog, heard: &Receiver<Event>) -> &'static str {
        loop {
            match heard.recv_timeout(LOOK) {
                Ok(Event::Frame) => dog.frame(self.around.clock.uptime_ms()),
                Ok(Event::End(ReadEnd::TooLarge)) => return "too_large",
                Ok(Event::End(ReadEnd::NotAPicture)) => return "bad_source",
                Ok(Event::End(ReadEnd::End)) | Err(RecvTimeoutError::Disconnected) => {
                    return "ffmpeg_exit";
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.report(dog);
            if self.stop.load(Ordering::Relaxed) {
                return "stopped";
            }
            if let Order::Kill(reason) = dog.tick(self.around.clock.uptime_ms()) {
                return reason;
            }
        }
    }

    fn read_pictures(
        &self,
        child: &mut dyn Running,
        events: Sender<Event>,
    ) -> Option<JoinHandle<()>> {
        let mut stream = BufReader::with_capacity(64 << 10, child.pictures()?);
        let (frames, clock, camera) = (
            self.around.frames.clone(),
            self.around.clock.clone(),
            self.camera,
        );
        let (condition, stop) = (self.condition.clone(), self.stop.clone());
        let read = move || {
            while !stop.load(Ordering::Relaxed) {
                match next_picture(&mut stream, frames.buffer(camera)) {
                    Ok(picture) => {
                        let (at, uptime_ms) = (clock.now(), clock.uptime_ms());
                        let mut condition =
                            condition.lock().unwrap_or_else(PoisonError::into_inner);
                        condition.last_frame_at = Some(at);
                        condition.frame_size = [picture.width(), picture.height()];
                        drop(condition);
                        frames.push(
                            camera,
                            Item::Frame {
                                picture,
                                at,
                                uptime_ms,
                            },
                        );
                        if events.send(Event::Frame).is_err() {
                            return;
                        }
                    }
                    Err(end) => {
                        // Nobody listens any more when the camera is being stopped.
                        let _nobody = events.send(Event::End(end));
                        return;
                    }
                }
            }
        };
        std::thread::Builder::new()
            .name("frames".into())
            .spawn(read)
            .ok()
    }

    fn listen(&self, child: &mut dyn Running) -> Option<JoinHandle<ffmpeg::Complaints>> {
        let (stream, bad) = (child.complaints()?, self.bad_frames.clone());
        let listen = move || {
            ffmpeg::listen(stream, || {
                bad.fetch_add(1, Ordering::Relaxed);
            })
        };
        std::thread::Builder::new()
            .name("complaints".into())
            .spawn(listen)
            .ok()
    }

    fn report(&self, dog: &Watchdog) {
        let mut condition = self
            .condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (state, reason) = (dog.state(), dog.reason());
        if (condition.state, condition.reason) != (state, reason) {
            condition.since = self.around.clock.now();
        }
        condition.state = state;
        condition.reason = reason;
        condition.restarts = dog.restarts();
        condition.finished = reason == Some("ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use std::collections::VecDeque;
    use std::io::Read;
    use tapal_domain::site::Direction;
    use uuid::Uuid;

    /// A decoder that says what the script says; `true` lets its stream hang at the end until it is killed.
    struct Script(Mutex<VecDeque<(Vec<u8>, &'static str, bool)>>);
    struct Scripted {
        bytes: Vec<u8>,
        said: &'static str,
        hangs: bool,
        killed: Arc<AtomicBool>,
    }
    struct Hanging(std::io::Cursor<Vec<u8>>, Arc<AtomicBool>);

    impl Read for Hanging {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            loop {
                match self.0.read(into)? {
                    0 if !self.1.load(Ordering::Relaxed) => std::thread::yield_now(),
                    n => return Ok(n),
                }
            }
        }
    }

    impl Running for Scripted {
        fn pictures(&mut self) -> Option<Box<dyn Read + Send>> {
            if !self.hangs {
                self.killed.store(true, Ordering::Relaxed);
            }
            Some(Box::new(Hanging(
                std::io::Cursor::new(std::mem::take(&mut self.bytes)),
                self.killed.clone(),
            )))
        }
        fn complaints(&mut self) -> Option<Box<dyn Read + Send>> {
            Some(Box::new(self.said.as_bytes()))
        }
        fn end(&mut self, _: bool) -> bool {
            !self.killed.swap(true, Ordering::Relaxed) || !self.hangs
        }
    }

    impl Launch for Script {
        fn launch(&self, _: &[String]) -> std::io::Result<Box<dyn Running>> {
            let next = self.0.lock().unwrap().pop_front();
            let (bytes, said, hangs) =
                next.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))?;
            Ok(Box::new(Scripted {
                bytes,
                said,
                hangs,
                killed: Arc::default(),
            }))
        }
    }

    fn config(source: &str) -> CameraConfig {
        CameraConfig {
            camera: CameraId(Uuid::from_u128(1)),
            name: "test".into(),
            lane: None,
            direction: Direction::Neither,
            source: source.into(),
            fps: 8.0,
            detect_width: 640,
            min_eye_distance_px: 20.0,
            enabled: true,
        }
    }

    /// Runs a script until the condition holds; gives the condition. The waits are a few milliseconds long.
    fn run(
        script: Vec<(&[u8], &'static str, bool)>,
        until: impl Fn(&Condition) -> bool,
    ) -> (Condition, u64) {
        let script = script
            .into_iter()
            .map(|(bytes, said, hangs)| (bytes.to_vec(), said, hangs))
            .collect();
        let frames = Arc::new(Frames::new());
        let patience = Patience {
            start_ms: 300,
            frame_ms: 200,
            back_off_ms: 5,
            most_back_off_ms: 10,
            healthy_ms: 1_000,
        };
        let around = Surroundings {
            clock: Arc::new(SystemClock::new()),
            frames,
            launch: Arc::new(Script(Mutex::new(script))),
            loop_files: true,
            deblocking: true,
            patience,
        };
        let supervisor = Supervisor::start(&config("rtsp://u:p@cam/1"), around).unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while !until(&supervisor.condition()) && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        (supervisor.condition(), supervisor.bad_frames())
    }

    const PICTURE: &[u8] = b"P5\n2 3\n255\nabcdef";

    #[test]
    fn a_child_that_ends_is_started_again_and_says_why() {
        let (condition, bad) = run(
            vec![
                (PICTURE, "error while decoding MB", false),
                (b"", "cam: Connection refused", false),
            ],
            |c| c.reason == Some("ffmpeg_missing"),
        );
        assert_eq!(
            (condition.state, condition.frame_size, bad),
            (CameraState::Down, [2, 2], 1)
        );
        assert!(condition.restarts >= 3);
    }

    #[test]
    fn a_child_that_sends_nothing_more_is_killed_and_replaced() {
        let (condition, _) = run(vec![(PICTURE, "", true), (PICTURE, "", true)], |c| {
            c.restarts == 1 && c.state == CameraState::Live
        });
        assert_eq!(
            (condition.state, condition.restarts),
            (CameraState::Live, 1)
        );
    }

    #[test]
    fn an_absurd_picture_ends_the_child() {
        let (condition, _) = run(vec![(b"P5\n90000 90000\n255\n", "", true)], |c| {
            c.reason == Some("too_large") || c.restarts > 1
        });
        assert!(condition.restarts >= 1);
    }
}
