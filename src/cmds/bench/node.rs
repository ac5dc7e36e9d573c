//! `tapal bench node DIR`: the clips of DIR looped on several cameras of one node, with the real centre beside it.
//! Reports capture-to-event latency, dropped frames, processor time a stream and how memory goes.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{
    bench_centre::{Bench, clip_camera},
    centre,
    cmds::{
        Settings,
        eval::truth::{Truth, percentile},
    },
    inference, logging, progress,
};

/// Arguments of `tapal bench node`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder with groundtruth.json, portraits/ and clips/.
    dir: PathBuf,
    /// Cameras.
    #[arg(long, default_value_t = 4)]
    cameras: usize,
    /// Minutes.
    #[arg(long, default_value_t = 2.0)]
    minutes: f64,
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

#[derive(Serialize)]
struct Report {
    pack: String,
    engine: String,
    cameras: usize,
    threads: usize,
    minutes: f64,
    frames: u64,
    frames_dropped: u64,
    fps_per_camera: f64,
    alerts: usize,
    persons: u64,
    capture_to_event_ms: Latency,
    /// Processor seconds a second and stream: node, centre and ffmpeg together.
    cpu_per_stream: f64,
    /// Of which this process: node and centre.
    cpu_per_stream_without_ffmpeg: f64,
    /// Resident memory of this process in MiB at each minute.
    memory_mib: Vec<u64>,
    /// Mean resident memory of the last quarter minus that of the second quarter, MiB; near 0 is flat.
    memory_growth_mib: i64,
}

#[derive(Serialize)]
struct Latency {
    p50: Option<i64>,
    p99: Option<i64>,
    max: Option<i64>,
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
    if args.cameras == 0 || truth.clips.is_empty() {
        bail!("give at least one camera and one clip");
    }
    let clips: Vec<_> = truth.clips.values().collect();
    let plans = (0..args.cameras).map(|n| {
        clip_camera(
            &format!("Camera {}", n + 1),
            &dir.join(&clips[n % clips.len()].file),
        )
    });
    let open = inference::open(&config)?;
    let runtime = centre::runtime()?;
    let report = runtime.block_on(async {
        let bench = Bench::start(&config, &open, &dir, &truth, plans.collect(), true).await?;
        let (own_before, all_before) = (cpu_s()?, cpu_with_children_s()?);
        let memory = watch(args.minutes).await;
        let (own, all) = (cpu_s()? - own_before, cpu_with_children_s()? - all_before);
        let alerts = bench.alerts().await?;
        let health = bench.edge.cameras();
        bench.stop().await?;
        let mut waits: Vec<i64> = alerts
            .iter()
            .map(|a| a.received_at.since_ms(a.captured_at))
            .collect();
        waits.sort_unstable();
        let sum = |of: fn(&tapal_domain::wire::Counters) -> u64| {
            health.iter().map(|h| of(&h.counters)).sum::<u64>()
        };
        let per = |cpu: f64| cpu / (args.minutes * 60.0) / args.cameras as f64;
        anyhow::Ok(Report {
            pack: open.pack.card().name.clone(),
            engine: open.engine.name(),
            cameras: args.cameras,
            threads: config.threads(),
            minutes: args.minutes,
            frames: sum(|c| c.frames),
            frames_dropped: sum(|c| c.frames_dropped),
            fps_per_camera: sum(|c| c.frames) as f64 / (args.minutes * 60.0) / args.cameras as f64,
            alerts: alerts.len(),
            persons: sum(|c| c.persons),
            capture_to_event_ms: Latency {
                p50: percentile(&waits, 0.5),
                p99: percentile(&waits, 0.99),
                max: waits.last().copied(),
            },
            cpu_per_stream: per(all),
            cpu_per_stream_without_ffmpeg: per(own),
            memory_growth_mib: growth(&memory),
            memory_mib: memory.iter().step_by(12).copied().collect(),
        })
    })?;
    if args.json {
        progress::result(&serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

/// Resident memory every 5 s, MiB.
async fn watch(minutes: f64) -> Vec<u64> {
    let steps = (minutes * 12.0).ceil().max(1.0) as u64;
    let mut bar = progress::Bar::new("running", steps);
    let mut memory = Vec::new();
    for step in 0..steps {
        tokio::time::sleep(Duration::from_secs(5)).await;
        memory.push(resident_mib());
        bar.set(step + 1);
    }
    memory
}

fn growth(memory: &[u64]) -> i64 {
    let quarter = memory.len() / 4;
    if quarter == 0 {
        return 0;
    }
    let mean = |part: &[u64]| part.iter().sum::<u64>() as i64 / part.len() as i64;
    mean(&memory[memory.len() - quarter..]) - mean(&memory[quarter..2 * quarter])
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

/// Processor seconds of a process (user and system), and of the children it has waited for.
pub(super) fn ticks(pid: &str) -> Option<(u64, u64, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold spaces and brackets; the numbers start after the last bracket.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |i: usize| fields.get(i).and_then(|text| text.parse::<u64>().ok());
    Some((
        number(11)? + number(12)?,
        number(13)? + number(14)?,
        u32::try_from(number(1)?).ok()?,
    ))
}

/// Clock ticks a second: 100 on every Linux Rust runs on.
const TICKS: f64 = 100.0;

fn cpu_s() -> Result<f64> {
    let (own, _, _) = ticks("self").context("cannot read /proc/self/stat")?;
    Ok(own as f64 / TICKS)
}

fn cpu_with_children_s() -> Result<f64> {
    let (own, waited, _) = ticks("self").context("cannot read /proc/self/stat")?;
    let me = std::process::id();
    let names = std::fs::read_dir("/proc")?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let children: u64 = names
        .filter_map(|pid| ticks(&pid))
        .filter(|(_, _, parent)| *parent == me)
        .map(|(cpu, _, _)| cpu)
        .sum();
    Ok((own + waited + children) as f64 / TICKS)
}

fn print(r: &Report) {
    let ms = |value: Option<i64>| value.map_or("-".into(), |ms| ms.to_string());
    for line in [
        format!(
            "{} cameras, {} threads, {} on {}, {} min",
            r.cameras, r.threads, r.pack, r.engine, r.minutes
        ),
        format!(
            "frames {} ({:.1}/s a camera), dropped {}",
            r.frames, r.fps_per_camera, r.frames_dropped
        ),
        format!("people {}, alerts {}", r.persons, r.alerts),
        format!(
            "capture to event p50 {} ms, p99 {} ms, max {} ms",
            ms(r.capture_to_event_ms.p50),
            ms(r.capture_to_event_ms.p99),
            ms(r.capture_to_event_ms.max)
        ),
        format!(
            "processor a stream {:.3} ({:.3} without ffmpeg)",
            r.cpu_per_stream, r.cpu_per_stream_without_ffmpeg
        ),
        format!(
            "memory {:?} MiB, growth {} MiB",
            r.memory_mib, r.memory_growth_mib
        ),
    ] {
        progress::result(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_compares_quarters() {
        for (memory, expect) in [
            (vec![5, 10, 10, 10], 0),
            (vec![5, 10, 12, 30], 20),
            (vec![1], 0),
            (vec![], 0),
        ] {
            assert_eq!(growth(&memory), expect, "{memory:?}");
        }
    }

    #[test]
    fn own_processor_time_and_memory_can_be_read() {
        assert!(
            cpu_s().unwrap() >= 0.0 && cpu_with_children_s().unwrap() >= 0.0 && resident_mib() > 0
        );
    }
}
