//! Frames of all cameras on their way to the inference threads: a short line a camera, oldest dropped and counted
//! when it is full, cameras served in turn, one camera's frames always in order and by one thread at a time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tapal_domain::{id::CameraId, time::UtcMs};
use tapal_vision::Picture;

/// Frames a camera that may wait while another is worked on. More would only add delay.
const LINE: usize = 1;

/// What a camera sends.
#[derive(Debug)]
pub enum Item {
    /// A frame.
    Frame {
        /// The pixels; moved, never copied.
        picture: Picture,
        /// When it came out of the decoder, wall time.
        at: UtcMs,
        /// The same instant as uptime.
        uptime_ms: i64,
    },
    /// The source stopped: whoever was seen is gone. Never dropped.
    Gap {
        /// When, wall time.
        at: UtcMs,
        /// When, uptime.
        uptime_ms: i64,
    },
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Item>,
    busy: bool,
    dropped: u64,
    spare: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Lines {
    cameras: BTreeMap<CameraId, Line>,
    last: Option<CameraId>,
    closed: bool,
}

/// The queue all cameras and inference threads share.
#[derive(Default)]
pub struct Frames {
    lines: Mutex<Lines>,
    ready: Condvar,
}

impl Frames {
    /// An empty queue without cameras.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a camera's line.
    pub fn open(&self, camera: CameraId) {
        self.lock().cameras.entry(camera).or_default();
    }

    /// Closes a camera's line; what waits in it is dropped.
    pub fn close_line(&self, camera: CameraId) {
        self.lock().cameras.remove(&camera);
    }

    /// Wakes every thread and ends their work.
    pub fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    /// Puts something in a camera's line. A full line loses its oldest frame.
    pub fn push(&self, camera: CameraId, item: Item) {
        let mut lines = self.lock();
        let Some(line) = lines.cameras.get_mut(&camera) else {
            return;
        };
        line.waiting.push_back(item);
        let frames = line
            .waiting
            .iter()
            .filter(|i| matches!(i, Item::Frame { .. }))
            .count();
        if frames > LINE
            && let Some(oldest) = line
                .waiting
                .iter()
                .position(|i| matches!(i, Item::Frame { .. }))
            && let Some(Item::Frame { picture, .. }) = line.waiting.remove(oldest)
        {
            line.dropped += 1;
            line.keep(picture.into_bytes());
        }
        drop(lines);
        self.ready.notify_one();
    }

    /// Waits for work and takes the next item of each of up to `most` cameras, in turn; none of these cameras is
    /// given to anybody else until [`Frames::done`]. `None` when the queue is closed.
    pub fn take(&self, threads: usize) -> Option<Vec<(CameraId, Item)>> {
        let mut lines = self.lock();
        loop {
            if lines.closed {
                return None;
            }
            let ready: Vec<CameraId> = lines.in_turn();
            if !ready.is_empty() {
                // With more cameras waiting than threads, several share one run of the recogniser.
                let share = ready.len().div_ceil(threads.max(1)).clamp(1, 4);
                return Some(
                    ready
                        .into_iter()
                        .take(share)
                        .filter_map(|camera| lines.start(camera))
                        .collect(),
                );
            }
            lines = self
                .ready
                .wait(lines)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A camera's item is worked off.
    pub fn done(&self, camera: CameraId) {
        let mut lines = self.lock();
        if let Some(line) = lines.cameras.get_mut(&camera) {
            line.busy = false;
        }
        drop(lines);
        self.ready.notify_one();
    }

    /// A frame's buffer may be used again.
    pub fn give_back(&self, camera: CameraId, buffer: Vec<u8>) {
        if let Some(line) = self.lock().cameras.get_mut(&camera) {
            line.keep(buffer);
        }
    }

    /// A buffer for the next frame.
    pub fn buffer(&self, camera: CameraId) -> Vec<u8> {
        self.lock()
            .cameras
            .get_mut(&camera)
            .and_then(|line| line.spare.pop())
            .unwrap_or_default()
    }

    /// Frames dropped so far for a camera since its line was opened.
    pub fn dropped(&self, camera: CameraId) -> u64 {
        self.lock()
            .cameras
            .get(&camera)
            .map_or(0, |line| line.dropped)
    }

    /// Whether nothing waits and nobody works.
    pub fn is_idle(&self) -> bool {
        self.lock()
            .cameras
            .values()
            .all(|line| line.waiting.is_empty() && !line.busy)
    }
}

impl Lines {
    /// Cameras with work that nobody has, starting behind the one served last.
    fn in_turn(&self) -> Vec<CameraId> {
        let ready = |(camera, line): (&CameraId, &Line)| {
            (!line.busy && !line.waiting.is_empty()).then_some(*camera)
        };
        let ready: Vec<CameraId> = self.cameras.iter().filter_map(ready).collect();
        let behind = ready
            .iter()
            .position(|camera| self.last.is_none_or(|last| *camera > last))
            .unwrap_or(0);
        ready[behind..]
            .iter()
            .chain(&ready[..behind])
            .copied()
            .collect()
    }

    fn start(&mut self, camera: CameraId) -> Option<(CameraId, Item)> {
        let line = self.cameras.get_mut(&camera)?;
        let item = line.waiting.pop_front()?;
        line.busy = true;
        self.last = Some(camera);
        Some((camera, item))
    }
}

impl Line {
    fn keep(&mut self, buffer: Vec<u8>) {
        if self.spare.len() < 3 {
            self.spare.push(buffer);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.spare);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tapal_vision::Frame;
    use uuid::Uuid;

    fn camera(n: u128) -> CameraId {
        CameraId(Uuid::from_u128(n))
    }

    fn frame(at: i64) -> Item {
        Item::Frame {
            picture: Picture::of(&Frame::filled(2, 2, [0; 3])),
            at: UtcMs(at),
            uptime_ms: at,
        }
    }

    fn taken(frames: &Frames, threads: usize) -> Vec<(u128, i64)> {
        let at = |item: &Item| match item {
            Item::Frame { at, .. } => at.0,
            Item::Gap { at, .. } => -at.0,
        };
        frames
            .take(threads)
            .unwrap()
            .iter()
            .map(|(camera, item)| (camera.0.as_u128(), at(item)))
            .collect()
    }

    #[test]
    fn a_full_line_drops_its_oldest_frame_and_never_a_gap() {
        let frames = Frames::new();
        frames.open(camera(1));
        frames.push(
            camera(1),
            Item::Gap {
                at: UtcMs(1),
                uptime_ms: 1,
            },
        );
        for at in 2..7 {
            frames.push(camera(1), frame(at));
        }
        assert_eq!(frames.dropped(camera(1)), 4);
        for expect in [-1, 6] {
            assert_eq!(taken(&frames, 1), [(1, expect)]);
            frames.done(camera(1));
        }
        assert!(frames.is_idle());
    }

    #[test]
    fn cameras_are_served_in_turn_and_one_camera_by_one_thread() {
        let frames = Frames::new();
        for n in 1..4 {
            frames.open(camera(n));
            frames.push(camera(n), frame(1));
        }
        assert_eq!(taken(&frames, 4), [(1, 1)]);
        assert_eq!(taken(&frames, 4), [(2, 1)]);
        frames.push(camera(1), frame(2));
        frames.push(camera(2), frame(2));
        frames.done(camera(1));
        frames.give_back(camera(1), Vec::with_capacity(3));
        assert_eq!(frames.buffer(camera(1)).capacity(), 3);
        assert_eq!(taken(&frames, 1), [(3, 1), (1, 2)]);
        frames.done(camera(2));
        assert_eq!(taken(&frames, 4), [(2, 2)]);
    }

    #[test]
    fn closing_ends_the_work_and_unknown_cameras_do_no_harm() {
        let frames = Frames::new();
        frames.push(camera(9), frame(1));
        frames.done(camera(9));
        frames.close();
        assert!(frames.take(1).is_none());
    }
}
