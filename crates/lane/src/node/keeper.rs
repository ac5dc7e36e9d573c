//! Keeps the node lawful and its cameras as configured: four times a second it asks whether the matcher may run,
//! drops entries whose order ended, and starts and stops cameras. Must not talk to the centre.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tapal_domain::{
    id::CameraId,
    site::{Deployment, may_run},
    wire::{CameraConfig, CameraHealth, CameraState, EdgeConfig},
};

use super::{Node, Running};
use crate::{
    camera::{
        ffmpeg::Ffmpeg,
        supervisor::{Supervisor, Surroundings},
        watchdog::Patience,
    },
    watch::Lists,
    worker::lock,
};

const LOOK: Duration = Duration::from_millis(250);
/// Over how long frames a second are counted.
const FPS_OVER_MS: i64 = 2_000;

impl Node {
    pub(crate) fn keep(self: &Arc<Self>) {
        while !self.stop.load(Ordering::Relaxed) {
            self.keep_once();
            std::thread::sleep(LOOK);
        }
    }

    pub(crate) fn keep_once(self: &Arc<Self>) {
        if let Err(error) = self.reckoning.keep() {
            tracing::error!(%error, "the time cannot be kept; after a restart the centre must say it");
        }
        let (up_to, now) = (self.reckoning.drop_up_to(), self.clock.now());
        match lock(&self.list).lapse(up_to, now) {
            Ok(0) => {}
            Ok(entries) => tracing::info!(entries, "entries whose order ended left this node"),
            Err(error) => tracing::error!(%error, "the cached list cannot be written"),
        }
        let config = lock(&self.config).clone();
        let verdict = self.may_match(config.as_ref());
        let mut refused = lock(&self.refused);
        if *refused != verdict.as_ref().err().cloned() {
            tracing::info!(
                reason = verdict.as_ref().err(),
                "whether the matcher runs has changed"
            );
        }
        *refused = verdict.as_ref().err().cloned();
        drop(refused);
        match (verdict, config) {
            (Ok(deployment), Some(config)) => {
                self.allow(&deployment, &config);
                self.run_cameras(&config.cameras);
            }
            (_, config) => {
                *self
                    .room
                    .lists
                    .write()
                    .unwrap_or_else(PoisonError::into_inner) = None;
                self.stop_cameras();
                self.list_off(config.map(|config| config.cameras).unwrap_or_default());
            }
        }
        self.count_frames();
    }

    /// The deployment under which the matcher may run now, or the code of the reason why not.
    fn may_match(&self, config: Option<&EdgeConfig>) -> Result<Deployment, String> {
        let config = config.ok_or("no_config")?;
        if config.model_id != self.gallery.model_id() {
            return Err("model_mismatch".into());
        }
        if self.reckoning.is_lost() {
            return Err("clock_lost".into());
        }
        let deployment =
            may_run(config.deployment.as_ref(), self.clock.now()).map_err(|reason| {
                serde_json::to_value(reason)
                    .ok()
                    .and_then(|v| v.as_str().map(str::to_owned))
                    .unwrap_or_default()
            })?;
        if !lock(&self.list).is_known() {
            return Err("no_list".into());
        }
        let (now, uptime_ms) = (self.clock.now(), self.clock.uptime_ms());
        if !lock(&self.freshness).is_young(now, uptime_ms) {
            return Err("list_too_old".into());
        }
        Ok(deployment.clone())
    }

    fn allow(&self, deployment: &Deployment, config: &EdgeConfig) {
        let lists = Lists {
            gallery: self.gallery.clone(),
            lists: deployment.lists.clone(),
            thresholds: config.thresholds.clone(),
            version: lock(&self.list).version(),
        };
        *self
            .room
            .lists
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(lists));
    }

    /// Starts what should run and does not, stops what should not, restarts what changed.
    fn run_cameras(&self, wanted: &[CameraConfig]) {
        let mut cameras = lock(&self.cameras);
        let wanted: BTreeMap<CameraId, &CameraConfig> =
            wanted.iter().map(|c| (c.camera, c)).collect();
        cameras.retain(|camera, running| {
            let keep = wanted.contains_key(camera);
            if !keep {
                running.halt();
                self.room.stop(*camera);
            }
            keep
        });
        for (camera, config) in wanted {
            let running = cameras
                .entry(camera)
                .or_insert_with(|| Running::new(config));
            let changed = running.config != *config;
            if running.supervisor.is_some() && (changed || !config.enabled) {
                running.halt();
                self.room.stop(camera);
            }
            running.config = config.clone();
            if running.supervisor.is_none() && config.enabled && !self.stop.load(Ordering::Relaxed)
            {
                self.room.watch(config);
                match Supervisor::start(config, self.surroundings()) {
                    Ok(supervisor) => running.supervisor = Some(supervisor),
                    Err(error) => {
                        tracing::error!(%camera, %error, "a camera's thread cannot be started")
                    }
                }
            }
        }
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            clock: self.clock.clone(),
            frames: self.room.frames.clone(),
            launch: Arc::new(Ffmpeg {
                program: self.options.ffmpeg.clone(),
            }),
            loop_files: self.options.loop_files,
            deblocking: self.options.deblocking,
            patience: Patience::default(),
        }
    }

    /// Stops every camera; whoever was in view is let go.
    pub(crate) fn stop_cameras(&self) {
        let mut cameras = lock(&self.cameras);
        for (camera, running) in cameras
            .iter_mut()
            .filter(|(_, running)| running.supervisor.is_some())
        {
            running.halt();
            self.room.stop(*camera);
        }
    }

    /// Cameras that may not run are still listed.
    fn list_off(&self, wanted: Vec<CameraConfig>) {
        let mut cameras = lock(&self.cameras);
        cameras.retain(|camera, _| wanted.iter().any(|c| c.camera == *camera));
        for config in wanted {
            let running = cameras
                .entry(config.camera)
                .or_insert_with(|| Running::new(&config));
            running.config = config;
        }
    }

    fn count_frames(&self) {
        let now = self.clock.uptime_ms();
        for (camera, running) in lock(&self.cameras).iter_mut() {
            let (before, at) = running.frames_then;
            if now - at < FPS_OVER_MS {
                continue;
            }
            let frames = self
                .room
                .watched(*camera)
                .map_or(0, |w| lock(&w).watch.counters().frames);
            running.fps = frames.saturating_sub(before) as f32 * 1000.0 / (now - at) as f32;
            running.frames_then = (frames, now);
        }
    }

    pub(crate) fn camera_health(&self) -> Vec<CameraHealth> {
        let now = self.clock.now();
        let cameras = lock(&self.cameras);
        cameras
            .iter()
            .map(|(camera, running)| self.health_of(*camera, running, now))
            .collect()
    }

    fn health_of(
        &self,
        camera: CameraId,
        running: &Running,
        now: tapal_domain::time::UtcMs,
    ) -> CameraHealth {
        let watched = self.room.watched(camera);
        let (mut counters, bad) = watched.map_or_else(Default::default, |watched| {
            let watched = lock(&watched);
            (watched.watch.counters().clone(), watched.bad_frames)
        });
        counters.frames_dropped =
            running.dropped_before + running.supervisor.as_ref().map_or(0, Supervisor::dropped);
        counters.frames_bad = bad
            + running.bad_before
            + running
                .supervisor
                .as_ref()
                .map_or(0, Supervisor::bad_frames);
        let condition = running.supervisor.as_ref().map(Supervisor::condition);
        CameraHealth {
            camera,
            state: condition.as_ref().map_or(CameraState::Off, |c| c.state),
            since: condition.as_ref().map_or(now, |c| c.since),
            reason: condition.as_ref().and_then(|c| c.reason).map(str::to_owned),
            fps: if condition
                .as_ref()
                .is_some_and(|c| c.state == CameraState::Live)
            {
                running.fps
            } else {
                0.0
            },
            frame_size: condition.as_ref().map_or([0; 2], |c| c.frame_size),
            restarts: running.restarts_before + condition.as_ref().map_or(0, |c| c.restarts),
            last_frame_at: condition.as_ref().and_then(|c| c.last_frame_at),
            counters,
        }
    }
}

impl Running {
    fn new(config: &CameraConfig) -> Self {
        Running {
            config: config.clone(),
            supervisor: None,
            dropped_before: 0,
            bad_before: 0,
            restarts_before: 0,
            frames_then: (0, 0),
            fps: 0.0,
        }
    }

    fn halt(&mut self) {
        if let Some(supervisor) = self.supervisor.take() {
            self.dropped_before += supervisor.dropped();
            self.bad_before += supervisor.bad_frames();
            self.restarts_before += supervisor.condition().restarts;
        }
    }
}
