//! A centre on a free port with a site of given cameras and the rendered people enrolled, in a temporary folder,
//! with a node beside it in the same process: what measurements run on. The two still meet over HTTPS only.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use tapal_domain::{
    entry::ListKind,
    id::EntryId,
    site::{Direction, SiteKind},
    time::UtcMs,
};
use tapal_lane::{clock::SystemClock, node::Edge};
use tapal_server::{AppState, serve::Running};
use tapal_store::alert;

use crate::{
    centre,
    cmds::{edge, eval::truth::Truth},
    config::Config,
    inference::Inference,
    progress,
    seed::{self, CameraPlan, SitePlan},
};

/// A running measurement.
pub struct Bench {
    /// The centre.
    pub state: AppState,
    /// The node.
    pub edge: Edge,
    /// Whom each entry is about (`s001`).
    pub names: BTreeMap<EntryId, String>,
    running: Running,
    /// Last: dropped when nobody uses it any more.
    _folder: Temporary,
}

/// A folder that goes away with its owner, also when a measurement fails.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may never have been made.
        let _absent = std::fs::remove_dir_all(&self.0);
    }
}

/// One alert as the centre recorded it.
pub struct Seen {
    /// Whom it names.
    pub names: String,
    /// When the deciding frame was captured.
    pub captured_at: UtcMs,
    /// When the centre had recorded it and woken the consoles.
    pub received_at: UtcMs,
    /// Where the face was, as shares of the frame.
    pub face_box: [f32; 4],
    /// Cosine similarity, for the report on margins only.
    pub score: f32,
    /// Shots fused.
    pub shots: u32,
}

impl Bench {
    /// Starts centre and node and waits until the list is loaded.
    pub async fn start(
        config: &Config,
        open: &Inference,
        people: &Path,
        truth: &Truth,
        plans: Vec<CameraPlan>,
        loop_files: bool,
    ) -> Result<Self> {
        let name = format!("tapal-measure-{}-{}", std::process::id(), clock_ms());
        let folder = Temporary(std::env::temp_dir().join(name));
        let config = config.at(&folder.0.join("centre"), "127.0.0.1:0")?;
        let state = centre::open(&config, open).await?;
        let site = SitePlan {
            name: "Measurement",
            kind: SiteKind::Checkpoint,
            utc_offset_minutes: 420,
            lists: &ListKind::ALL,
            cameras: plans,
        };
        let made = seed::place(&state, &site).await?;
        let listed: Vec<_> = truth.identities.iter().filter(|i| i.watchlisted).collect();
        let mut bar = progress::Bar::new("enrolling the listed people", listed.len() as u64);
        let mut names = BTreeMap::new();
        for (n, identity) in listed.iter().enumerate() {
            match seed::person(&state, people, identity, ListKind::Wanted, n).await {
                Ok(entry) => {
                    names.insert(entry, identity.id.clone());
                }
                // Counts against us as a missed pass; the other people are still measured.
                Err(refused) => progress::say(&format!("not enrolled: {refused:#}")),
            }
            bar.set(n as u64 + 1);
        }
        let running = centre::serve(state.clone()).await?;
        let token = seed::node(&state, made.site, "measurement").await?;
        let ca = tapal_server::certificate::certificate_path(&config.data());
        let mut options = edge::options(
            &config,
            format!("https://localhost:{}", running.address.port()),
            ca,
        )?;
        options.data = folder.0.join("edge");
        options.token = Some(token);
        options.loop_files = loop_files;
        let edge =
            tokio::task::spawn_blocking(move || Edge::start(options, Arc::new(SystemClock::new())))
                .await??;
        Ok(Self {
            state,
            edge,
            names,
            running,
            _folder: folder,
        })
    }

    /// Every alert the centre has, oldest first.
    pub async fn alerts(&self) -> Result<Vec<Seen>> {
        let stored = alert::list(&self.state.db, &alert::Filter::default(), 100_000).await?;
        let mut seen: Vec<Seen> = stored
            .iter()
            .map(|alert| Seen {
                names: self.names.get(&alert.entry).cloned().unwrap_or_default(),
                captured_at: alert.captured_at,
                received_at: alert.received_at,
                face_box: alert.evidence.face_box,
                score: alert.evidence.score,
                shots: alert.evidence.shots,
            })
            .collect();
        seen.sort_by_key(|alert| alert.captured_at);
        Ok(seen)
    }

    /// Stops both and removes the folder.
    pub async fn stop(self) -> Result<()> {
        let Self {
            edge,
            running,
            _folder,
            ..
        } = self;
        tokio::task::spawn_blocking(move || edge.stop()).await?;
        running.stop().await;
        Ok(())
    }
}

/// A camera that plays a clip.
pub fn clip_camera(name: &str, file: &Path) -> CameraPlan {
    CameraPlan {
        name: name.into(),
        lane: format!("Lane of {name}"),
        desk: Some(format!("Desk of {name}")),
        direction: Direction::Arrival,
        source: format!("file:{}", file.display()),
        fps: 8.0,
        detect_width: 640,
    }
}

fn clock_ms() -> i64 {
    crate::clock::now().0
}
