//! `tapal eval clips DIR`: every clip once, in real time, through the real camera node and the real centre, with the
//! watchlisted identities enrolled from their portraits; alerts are scored against the ground truth.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tapal_domain::{
    time::UtcMs,
    wire::{CameraHealth, CameraState},
};

use super::truth::{Clip, Raised, Score, Truth, percentile};
use crate::{
    bench_centre::{Bench, Seen, clip_camera},
    centre,
    cmds::Settings,
    config::Config,
    inference::{self, Inference},
    logging, progress,
};

/// Arguments of `tapal eval clips`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder with groundtruth.json, portraits/ and clips/.
    dir: PathBuf,
    /// Model pack.
    #[arg(long, value_name = "NAME")]
    pack: Option<String>,
    /// Inference engine: auto, rten or ort.
    #[arg(long)]
    engine: Option<String>,
    /// Inference threads; by default one a core.
    #[arg(long)]
    threads: Option<usize>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Latency in milliseconds.
#[derive(Debug, Serialize)]
struct Latency {
    p50: Option<i64>,
    p99: Option<i64>,
}

/// One clip's result.
#[derive(Debug, Serialize)]
struct Row {
    clip: String,
    #[serde(flatten)]
    score: Score,
    capture_to_event_ms: Latency,
    alert_scores: Vec<f32>,
    alert_shots: Vec<u32>,
    frames: u64,
    frames_dropped: u64,
    persons: u64,
    not_searched: u64,
    destroyed: u64,
}

/// The whole result.
#[derive(Debug, Serialize)]
struct Report {
    pack: String,
    model_id: String,
    engine: String,
    threads: usize,
    watchlisted: usize,
    clips: Vec<Row>,
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    let settings = settings
        .with("pack", args.pack)
        .with("engine", args.engine)
        .with("threads", args.threads);
    let config = settings.load()?;
    logging::start(if config.text("log") == "info" {
        "warn"
    } else {
        config.text("log")
    });
    let dir = std::fs::canonicalize(&args.dir)
        .with_context(|| format!("there is no folder {}", args.dir.display()))?;
    let truth = Truth::read(&dir)?;
    if truth.clips.is_empty() {
        bail!("{} names no clips", dir.join("groundtruth.json").display());
    }
    let open = inference::open(&config)?;
    let runtime = centre::runtime()?;
    let mut rows = Vec::new();
    for (name, clip) in &truth.clips {
        progress::say(&format!(
            "{name} ({} of {})",
            rows.len() + 1,
            truth.clips.len()
        ));
        rows.push(runtime.block_on(one(&config, &open, &dir, &truth, name, clip))?);
    }
    let report = Report {
        pack: open.pack.card().name.clone(),
        model_id: open.pack.card().model_id.clone(),
        engine: open.engine.name(),
        threads: config.threads(),
        watchlisted: truth.identities.iter().filter(|i| i.watchlisted).count(),
        clips: rows,
    };
    if args.json {
        progress::result(&serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

/// Plays one clip. A fresh centre each time, so that no clip profits from another.
async fn one(
    config: &Config,
    open: &Inference,
    dir: &std::path::Path,
    truth: &Truth,
    name: &str,
    clip: &Clip,
) -> Result<Row> {
    let plan = clip_camera(name, &dir.join(&clip.file));
    let bench = Bench::start(config, open, dir, truth, vec![plan], false).await?;
    let began = play(&bench, clip).await?;
    let alerts = bench.alerts().await?;
    let counters = bench
        .edge
        .cameras()
        .first()
        .map(|camera| camera.counters.clone())
        .unwrap_or_default();
    bench.stop().await?;
    let raised: Vec<Raised> = alerts
        .iter()
        .map(|alert| on_the_clip(alert, began, clip.fps))
        .collect();
    let mut waits: Vec<i64> = alerts
        .iter()
        .map(|a| a.received_at.since_ms(a.captured_at))
        .collect();
    waits.sort_unstable();
    Ok(Row {
        clip: name.into(),
        score: truth.score(clip, &raised),
        capture_to_event_ms: Latency {
            p50: percentile(&waits, 0.5),
            p99: percentile(&waits, 0.99),
        },
        alert_scores: alerts.iter().map(|a| a.score).collect(),
        alert_shots: alerts.iter().map(|a| a.shots).collect(),
        frames: counters.frames,
        frames_dropped: counters.frames_dropped,
        persons: counters.persons,
        not_searched: counters.not_searched.values().sum(),
        destroyed: counters.destroyed,
    })
}

/// Failed starts of the decoder after which a clip that gave no frame is given up.
const FAILED_STARTS: u64 = 3;

/// Waits for the end of the clip; returns when its first frame was captured.
async fn play(bench: &Bench, clip: &Clip) -> Result<UtcMs> {
    let mut bar = progress::Bar::new("  playing", u64::from(clip.frames_total));
    let length_ms = (f64::from(clip.frames_total) / clip.fps * 1000.0) as i64;
    let deadline = crate::clock::now() + length_ms + 60_000;
    let mut began = None;
    while !bench.edge.finished() {
        let now = crate::clock::now();
        let camera = bench.edge.cameras().into_iter().next();
        if began.is_none() {
            began = camera
                .as_ref()
                .filter(|c| c.state == CameraState::Live)
                .map(|c| c.since);
        }
        if let Some(began) = began {
            bar.set((now.since_ms(began) as f64 / 1000.0 * clip.fps).max(0.0) as u64);
        }
        let failed = |c: &CameraHealth| c.restarts >= FAILED_STARTS;
        let hopeless = began.is_none() && camera.as_ref().is_some_and(failed);
        if hopeless || now > deadline {
            let why = bench
                .edge
                .refused()
                .or_else(|| camera.and_then(|c| c.reason))
                .unwrap_or_else(|| "it never ended".into());
            bail!("{} was not played to its end: {why}", clip.file);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let began = began.with_context(|| {
        format!(
            "{} gave no frame; is it a video that ffmpeg can read?",
            clip.file
        )
    })?;
    // Passes that were cut away would count as missed, and nobody would know why.
    let played_ms = crate::clock::now().since_ms(began);
    if played_ms < length_ms * 3 / 4 {
        bail!(
            "{} ended after {:.1} s of {:.1} s: it is cut short or damaged. Copy it again",
            clip.file,
            played_ms as f64 / 1000.0,
            length_ms as f64 / 1000.0
        );
    }
    bar.set(u64::from(clip.frames_total));
    Ok(began)
}

fn on_the_clip(alert: &Seen, began: UtcMs, fps: f64) -> Raised {
    let frame = alert.captured_at.since_ms(began) as f64 / 1000.0 * fps;
    Raised {
        names: alert.names.clone(),
        frame,
        face_box: alert.face_box,
    }
}

fn print(report: &Report) {
    progress::result(&format!(
        "{} on {}, {} on the list",
        report.model_id, report.engine, report.watchlisted
    ));
    for row in &report.clips {
        let s = &row.score;
        let ms = |value: Option<i64>| value.map_or("-".into(), |ms| ms.to_string());
        progress::result(&format!(
            "{:<24} passes {}, listed {}, alerts {}, per listed pass {:.2}, false {}, capture to event p50 {} ms, p99 {} ms",
            row.clip,
            s.passes,
            s.watchlisted_passes,
            s.alerts,
            s.alerts_per_watchlisted_pass,
            s.false_alerts,
            ms(row.capture_to_event_ms.p50),
            ms(row.capture_to_event_ms.p99),
        ));
    }
}
