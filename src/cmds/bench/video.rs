//! `tapal bench video CLIP`: one recording as fast as one core can, through the node's own path (ffmpeg, pictures, worker,
//! watch, search), and what each stage costs in processor time. Media time is the clock, so what is concluded does not
//! depend on the machine. Must not play in real time; `tapal eval clips` does.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tapal_vision::detect::DetectorKind;

use super::play::{Play, Run};
use crate::{cmds::Settings, inference, logging, progress};

/// The peer: an ordinary Python pipeline on the same models.
const PEER: &str = include_str!("../../../tests/peers/video.py");

/// Arguments of `tapal bench video`.
#[derive(clap::Args)]
pub struct Args {
    /// The recording.
    clip: PathBuf,
    /// Folder with groundtruth.json and portraits/: listed people are enrolled and decisions scored.
    #[arg(long, value_name = "DIR")]
    truth: Option<PathBuf>,
    /// Model pack.
    #[arg(long, value_name = "NAME")]
    pack: Option<String>,
    /// Inference engine: auto, rten or ort.
    #[arg(long)]
    engine: Option<String>,
    /// Random templates on the list.
    #[arg(long, default_value_t = 10_000)]
    templates: usize,
    /// Pictures a second handed over by the decoder.
    #[arg(long, default_value_t = 8.0)]
    fps: f32,
    /// Longer side, in pixels, at which faces are searched.
    #[arg(long, default_value_t = 640)]
    detect_width: u32,
    /// Run everything, peers too, on this core (with `taskset`).
    #[arg(long, value_name = "CORE")]
    pin: Option<u32>,
    /// Rounds; with peers, each round runs everything once.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// A Python with onnxruntime, numpy and opencv: also run the usual pipeline, plain and tuned.
    #[arg(long, value_name = "PYTHON")]
    peers: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Least, middle and largest of the rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Spread {
    min: f64,
    median: f64,
    max: f64,
}

#[derive(Serialize)]
struct Report {
    clip: String,
    pack: String,
    engine: String,
    fps: f32,
    detect_width: u32,
    deblocking: bool,
    templates: usize,
    /// Of the last round; all rounds conclude the same.
    run: Run,
    /// Processor seconds a second of video, over the rounds.
    cpu_s_per_video_s: Spread,
    /// Of which ffmpeg.
    decode_per_video_s: Spread,
    /// Of which this process: what is left after decoding.
    ours_per_video_s: Spread,
    streams_per_core: f64,
    peers: Option<Peers>,
}

/// The usual pipeline, and how many times ours it costs, round by round.
#[derive(Serialize)]
struct Peers {
    /// Every frame, 1280 wide.
    plain_per_video_s: Spread,
    /// Every fifth frame, 640 wide.
    tuned_per_video_s: Spread,
    plain_over_ours: Spread,
    tuned_over_ours: Spread,
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    if let Some(core) = args.pin
        && std::env::var_os(PINNED).is_none()
    {
        return pinned(core);
    }
    let settings = settings
        .with("pack", args.pack.clone())
        .with("engine", args.engine.clone());
    let config = settings.load()?;
    let deblocking = config.text("deblocking") == "on";
    logging::start("warn");
    let open = inference::open(&config)?;
    let play = Play::prepare(&open, &args.clip, args.truth.as_deref(), args.templates)?;
    let folder = config.models().join(inference::pack_name(&config)?);
    if args.peers.is_some() && open.pack.card().detector.kind != DetectorKind::Yunet {
        bail!(
            "the Python pipeline knows the pack `standard` only: add `--pack standard` or leave `--peers` out"
        );
    }
    let (mut runs, mut plain, mut tuned) = (Vec::new(), Vec::new(), Vec::new());
    let rounds = args.rounds.max(1);
    let mut bar = progress::Bar::new("rounds", rounds as u64);
    for round in 0..rounds {
        runs.push(play.once(args.fps, args.detect_width, deblocking)?);
        if let Some(python) = &args.peers {
            tuned.push(peer(python, &args, &folder, 5, 640)?);
            plain.push(peer(python, &args, &folder, 1, 1280)?);
        }
        bar.set(round as u64 + 1);
    }
    let per = |of: &dyn Fn(&Run) -> f64| spread(runs.iter().map(|r| of(r) / r.video_s).collect());
    let all = per(&|r| r.decode_cpu_s + r.own_cpu_s);
    let over = |peer: &[f64]| {
        let ours = runs
            .iter()
            .map(|r| (r.decode_cpu_s + r.own_cpu_s) / r.video_s);
        spread(peer.iter().zip(ours).map(|(p, o)| p / o).collect())
    };
    let peers = args.peers.is_some().then(|| Peers {
        plain_over_ours: over(&plain),
        tuned_over_ours: over(&tuned),
        plain_per_video_s: spread(plain.clone()),
        tuned_per_video_s: spread(tuned.clone()),
    });
    let report = Report {
        clip: args
            .clip
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default(),
        pack: open.pack.card().name.clone(),
        engine: open.engine.name(),
        fps: args.fps,
        detect_width: args.detect_width,
        deblocking,
        templates: args.templates,
        cpu_s_per_video_s: all,
        decode_per_video_s: per(&|r| r.decode_cpu_s),
        ours_per_video_s: per(&|r| r.own_cpu_s),
        streams_per_core: 1.0 / all.median,
        run: runs.pop().context("no round was run")?,
        peers,
    };
    if args.json {
        progress::result(&serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

const PINNED: &str = "TAPAL_BENCH_PINNED";

/// The same command again under `taskset`: children inherit the core.
fn pinned(core: u32) -> Result<()> {
    let status = Command::new("taskset")
        .args(["-c", &core.to_string()])
        .arg(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(PINNED, "1")
        .status()
        .context("`taskset` is missing; install util-linux or leave `--pin` out")?;
    if !status.success() {
        bail!("the pinned run failed");
    }
    Ok(())
}

/// Processor seconds a second of video of the Python pipeline.
fn peer(
    python: &PathBuf,
    args: &Args,
    models: &std::path::Path,
    every: u32,
    width: u32,
) -> Result<f64> {
    let out = Command::new(python)
        .args(["-c", PEER])
        .arg(&args.clip)
        .arg("--detector")
        .arg(models.join("yunet_n_dynamic.onnx"))
        .arg("--recogniser")
        .arg(models.join("edgeface_xs.onnx"))
        .args(["--every", &every.to_string(), "--width", &width.to_string()])
        .args(["--templates", &args.templates.to_string()])
        .output()
        .with_context(|| format!("{} cannot be started", python.display()))?;
    let said: serde_json::Value = serde_json::from_slice(&out.stdout).with_context(|| {
        let words = String::from_utf8_lossy(&out.stderr);
        let last = words.lines().last().unwrap_or("nothing").to_owned();
        format!("the Python pipeline failed ({last}); it needs numpy, onnxruntime and opencv-python-headless")
    })?;
    said["cpu_s_per_video_s"]
        .as_f64()
        .context("the Python pipeline did not say what it cost")
}

fn spread(mut values: Vec<f64>) -> Spread {
    values.sort_by(f64::total_cmp);
    let at = |i: usize| values.get(i).copied().unwrap_or(0.0);
    Spread {
        min: at(0),
        median: at(values.len() / 2),
        max: at(values.len().saturating_sub(1)),
    }
}

fn print(r: &Report) {
    let show = |s: &Spread| format!("{:.3} ({:.3} to {:.3})", s.median, s.min, s.max);
    let run = &r.run;
    progress::result(&format!(
        "{}: {} on {}, {} pictures a second, searched {} wide",
        r.clip, r.pack, r.engine, r.fps, r.detect_width
    ));
    progress::result(&format!(
        "{:.1} s, {} pictures, {} searched, {} views embedded, {} people, {} alerts",
        run.video_s,
        run.frames,
        run.searched,
        run.views,
        run.persons,
        run.alerts.len()
    ));
    if let Some(truth) = &run.truth {
        progress::result(&format!(
            "truth: {} passes, {} concluded with a search; listed {}, alerts a listed pass {:.2}, false {}",
            truth.score.passes,
            truth.searched_passes,
            truth.score.watchlisted_passes,
            truth.score.alerts_per_watchlisted_pass,
            truth.score.false_alerts
        ));
    }
    progress::result("stage           ms/video-s   runs   ms/run");
    for row in &run.stages {
        progress::result(&format!(
            "{:<14} {:>11.1} {:>6} {:>8.2}",
            row.stage, row.ms_per_video_s, row.runs, row.ms_per_run
        ));
    }
    progress::result(&format!(
        "CPU-s a video second {}; decode {}, ours {}; streams a core {:.1}",
        show(&r.cpu_s_per_video_s),
        show(&r.decode_per_video_s),
        show(&r.ours_per_video_s),
        r.streams_per_core
    ));
    if let Some(peers) = &r.peers {
        progress::result(&format!(
            "plain Python {}: {} times ours; tuned {}: {} times ours",
            show(&peers.plain_per_video_s),
            show(&peers.plain_over_ours),
            show(&peers.tuned_per_video_s),
            show(&peers.tuned_over_ours)
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_round_is_the_figure() {
        let of = |values: &[f64]| {
            let s = spread(values.to_vec());
            (s.min, s.median, s.max)
        };
        assert_eq!(of(&[3.0, 1.0, 2.0]), (1.0, 2.0, 3.0));
        assert_eq!(of(&[5.0]), (5.0, 5.0, 5.0));
        assert_eq!(of(&[]), (0.0, 0.0, 0.0));
    }
}
