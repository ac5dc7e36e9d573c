//! `tapal bench search`: the exact 1:N search on made-up templates of real shape, against the memory's own speed and,
//! with `--peers`, against what people would use instead, all taking turns in one run. Says nothing about accuracy.

mod disk;
pub mod measure;
mod peers;
mod report;

use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use tapal_domain::{entry::ListKind, id::EntryId, time::UtcMs};
use tapal_gallery::{Effort, Gallery, Kernel, Listed, synthetic::Crowd};

use self::{
    measure::{Spread, Times, line_of, mib_of},
    peers::Peers,
    report::{
        Bandwidth, Changes, Exactness, Memory, Peer, PeerReport, Report, Search, Size, Skipped,
    },
};
use crate::{clock, progress};

/// Templates a person.
const VIEWS: u64 = 3;
const PROBES: usize = 64;
const BATCHES: [usize; 3] = [1, 8, 32];
const MODEL: &str = "made-up@1";
/// Above this HNSW takes minutes to build.
const MOST_HNSW: usize = 100_000;

/// Arguments of `tapal bench search`.
#[derive(clap::Args)]
pub struct Args {
    /// Templates; several sizes with commas.
    #[arg(long, value_delimiter = ',', default_value = "1000000")]
    n: Vec<usize>,
    /// Values a template.
    #[arg(long, default_value_t = 512)]
    dim: usize,
    /// Threads a search may use.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Candidates asked for.
    #[arg(long, default_value_t = 5)]
    k: usize,
    /// Rounds in which everything takes its turn.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Also without the processor's vector kernels.
    #[arg(long)]
    portable: bool,
    /// A Python with numpy and faiss-cpu (and usearch), to measure against.
    #[arg(long, value_name = "PYTHON")]
    peers: Option<PathBuf>,
    /// Leave out writing and reading a snapshot.
    #[arg(long)]
    no_snapshot: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(args: Args) -> Result<()> {
    if args.n.is_empty() || args.dim < 2 || args.dim > 4096 || args.k == 0 || args.rounds == 0 {
        bail!("give sizes, 2 to 4096 values, and at least one candidate and round");
    }
    let load = || {
        std::fs::read_to_string("/proc/loadavg")
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let load_before = load();
    let folder = std::env::temp_dir().join(format!("tapal-bench-search-{}", std::process::id()));
    std::fs::create_dir_all(&folder).context("cannot make a temporary folder")?;
    let kept = Temporary(folder);
    let (mut sizes, mut skipped) = (Vec::new(), Vec::new());
    for n in &args.n {
        match room(*n, &args) {
            Some(why) => {
                progress::say(&format!("{n} skipped: {why}"));
                skipped.push(Skipped { n: *n, why });
            }
            None => sizes.push(size(*n, &args, &kept.0)?),
        }
    }
    let report = Report {
        processor: line_of("/proc/cpuinfo", "model name").unwrap_or_default(),
        cores_allowed: line_of("/proc/self/status", "Cpus_allowed_list").unwrap_or_default(),
        load_before,
        load_after: load(),
        made_at_ms: clock::now().0,
        kernel: Kernel::Best.name(),
        threads: args.threads,
        dim: args.dim,
        k: args.k,
        shape: "made up: three views a person, cosine of two views .55 to .9, of strangers 0 +- .09; half the probes are new views of people listed",
        sizes,
        skipped,
    };
    if args.json {
        progress::result(&serde_json::to_string_pretty(&report)?);
    } else {
        report::print(&report);
    }
    Ok(())
}

/// A folder that goes away with its owner, also when a measurement fails.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _absent = std::fs::remove_dir_all(&self.0);
    }
}

/// Why a size does not fit the memory that is free now.
fn room(n: usize, args: &Args) -> Option<String> {
    let mib = |bytes: usize| (bytes >> 20) as u64;
    let ours = mib(n * (5 * args.dim + 300)) + 200;
    let theirs = if args.peers.is_some() {
        mib(n * args.dim * 6) + 500
    } else {
        0
    };
    let free = mib_of("/proc/meminfo", "MemAvailable")?;
    let need = ours + theirs + 500;
    (need > free).then(|| format!("needs {need} MiB of memory, {free} are free"))
}

/// Everything about one size.
fn size(n: usize, args: &Args, folder: &Path) -> Result<Size> {
    let available = mib_of("/proc/meminfo", "MemAvailable").unwrap_or(0);
    let crowd = Crowd::new(args.dim, 20_261_127);
    let people = (n as u64).div_ceil(VIEWS);
    let probes: Vec<Vec<f32>> = (0..PROBES as u64)
        .map(|i| {
            crowd.template(
                if i % 2 == 0 {
                    i * 7919 % people
                } else {
                    people + i
                },
                100 + i,
            )
        })
        .collect();
    let probes: Vec<&[f32]> = probes.iter().map(Vec::as_slice).collect();
    let vectors = args.peers.as_ref().map(|_| folder.join("vectors.f32"));
    let started = Instant::now();
    let gallery = fill(n, &crowd, vectors.as_deref(), &probes)?;
    let fill_s = started.elapsed().as_secs_f64();
    let gallery_mib = mib_of("/proc/self/status", "VmRSS").unwrap_or(0);
    let (mut peers, peers_reason) = start_peers(args, vectors.as_deref(), n);
    let mut bar = progress::Bar::new("plain f32 scan", n as u64);
    let bar = std::cell::RefCell::new(&mut bar);
    let truth = gallery.plain_scan(&probes, args.k, &|done| bar.borrow_mut().set(done));
    let mut rounds = Rounds::new(args, peers.as_ref(), n);
    rounds.run(args, &gallery, &probes, &truth, peers.as_mut())?;
    drop(peers);
    let exactness = exactness(&gallery, &probes, &truth, args)?;
    let changes = (args.threads == 1).then(|| changes(&gallery, &crowd, &probes));
    let entries = gallery.len();
    let snapshot = if args.no_snapshot {
        None
    } else {
        Some(disk::measure(
            gallery,
            &probes,
            args.k,
            &folder.join("gallery"),
        )?)
    };
    if let Some(vectors) = vectors {
        std::fs::remove_file(vectors)?;
    }
    Ok(Size {
        n,
        entries,
        fill_s,
        exactness,
        changes_while_searching: changes.transpose()?,
        snapshot,
        memory: Memory {
            gallery_mib,
            peak_mib: mib_of("/proc/self/status", "VmHWM").unwrap_or(0),
            available_before_mib: available,
        },
        peers_reason,
        ..rounds.report()
    })
}

/// Fills a gallery, and a file of the same vectors for the peers.
fn fill(n: usize, crowd: &Crowd, file: Option<&Path>, probes: &[&[f32]]) -> Result<Gallery> {
    let gallery = Gallery::new(MODEL, probes[0].len());
    let mut file = match file {
        Some(path) => Some(BufWriter::with_capacity(
            1 << 20,
            std::fs::File::create(path)?,
        )),
        None => None,
    };
    let mut bar = progress::Bar::new("making templates", n as u64);
    let mut made = 0u64;
    let mut write = |values: &[f32]| match &mut file {
        Some(file) => file.write_all(
            &values
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect::<Vec<u8>>(),
        ),
        None => Ok(()),
    };
    while made < n as u64 {
        let person = made / VIEWS;
        let views = VIEWS.min(n as u64 - made);
        let listed = person_of(crowd, person, (0..views).collect());
        for template in &listed.templates {
            write(template)?;
        }
        gallery.put(MODEL, &listed)?;
        made += views;
        bar.set(made);
    }
    for probe in probes {
        write(probe)?;
    }
    if let Some(mut file) = file {
        file.flush()?;
    }
    Ok(gallery)
}

fn person_of(crowd: &Crowd, person: u64, views: Vec<u64>) -> Listed {
    Listed {
        entry: EntryId(uuid::Uuid::from_u128(person.into())),
        entry_version: 1,
        list: ListKind::Wanted,
        in_force_from: UtcMs(0),
        in_force_to: UtcMs(i64::MAX),
        templates: views
            .iter()
            .map(|view| crowd.template(person, *view))
            .collect(),
    }
}

fn start_peers(args: &Args, vectors: Option<&Path>, n: usize) -> (Option<Peers>, Option<String>) {
    let (Some(python), Some(vectors)) = (&args.peers, vectors) else {
        return (None, Some("not asked for; give --peers PYTHON".into()));
    };
    let hnsw = if n <= MOST_HNSW { n } else { 0 };
    match Peers::start(python, vectors, [n, PROBES, args.dim, hnsw]) {
        Ok(peers) => (Some(peers), None),
        Err(error) => (None, Some(format!("{error:#}"))),
    }
}

/// What took its turn in every round.
struct Rounds {
    bytes: u64,
    stream: Times,
    ours: Vec<(usize, Times)>,
    portable: Vec<(usize, Times)>,
    peers: Vec<Rival>,
    versions: Option<serde_json::Value>,
}

/// A peer, and which of our batches it is held against.
struct Rival {
    name: &'static str,
    batch: usize,
    times: Times,
    right: usize,
    asked: usize,
}

impl Rounds {
    fn new(args: &Args, peers: Option<&Peers>, n: usize) -> Self {
        let times = |sizes: &[usize]| sizes.iter().map(|size| (*size, Times::default())).collect();
        let rival = |name, batch| Rival {
            name,
            batch,
            times: Times::default(),
            right: 0,
            asked: 0,
        };
        let mut rivals = Vec::new();
        if peers.is_some_and(|p| p.has("faiss")) {
            rivals.extend([rival("sq8", 1), rival("flat", 32)]);
        }
        if peers.is_some_and(|p| p.has("usearch")) && n <= MOST_HNSW {
            rivals.push(rival("hnsw", 1));
        }
        Rounds {
            bytes: 0,
            stream: Times::default(),
            ours: times(&BATCHES),
            portable: if args.portable {
                times(&[1, 32])
            } else {
                Vec::new()
            },
            peers: rivals,
            versions: peers.map(|p| p.ready.clone()),
        }
    }

    fn run(
        &mut self,
        args: &Args,
        gallery: &Gallery,
        probes: &[&[f32]],
        truth: &[Vec<(EntryId, f32)>],
        mut peers: Option<&mut Peers>,
    ) -> Result<()> {
        let mut bar = progress::Bar::new("rounds", args.rounds as u64);
        // One more than counted: the first warms up.
        for round in 0..=args.rounds {
            if round == 1 {
                self.forget();
            }
            self.bytes = self.stream.time(|| gallery.stream()).1;
            let of = |size: usize| {
                (0..size)
                    .map(|i| probes[(round + i) % PROBES])
                    .collect::<Vec<_>>()
            };
            let kernels = [
                (Kernel::Best, &mut self.ours),
                (Kernel::Portable, &mut self.portable),
            ];
            for (kernel, sizes) in kernels {
                let effort = Effort {
                    threads: args.threads,
                    kernel,
                };
                for (size, times) in sizes {
                    times.time(|| gallery.search_with(MODEL, &of(*size), args.k, effort))?;
                }
            }
            let Some(peers) = peers.as_deref_mut() else {
                bar.set(round as u64);
                continue;
            };
            for rival in &mut self.peers {
                let first = round % (PROBES - rival.batch);
                let answer = peers.ask(&format!("{} {first} {}", rival.name, rival.batch))?;
                rival.times.push(answer.ms, answer.cpu_ms);
                let expect = truth[first..]
                    .iter()
                    .map(|best| best.first().map(|b| b.0.0.as_u128()));
                let given = answer.top.iter().map(|row| Some(u128::from(row / VIEWS)));
                rival.asked += answer.top.len();
                rival.right += expect.zip(given).filter(|(a, b)| a == b).count();
            }
            bar.set(round as u64);
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.stream = Times::default();
        let all = self.ours.iter_mut().chain(&mut self.portable);
        all.for_each(|(_, times)| *times = Times::default());
        for rival in &mut self.peers {
            (rival.times, rival.right, rival.asked) = (Times::default(), 0, 0);
        }
    }

    fn search(&self, (batch, times): &(usize, Times)) -> Search {
        let timing = times.timing();
        Search {
            batch: *batch,
            timing,
            ms_per_query: timing.ms.map(|ms| ms.p50 / *batch as f64),
            to_bandwidth: Spread::ratios(&times.wall, &self.stream.wall),
            to_bandwidth_cpu: Spread::ratios(&times.cpu, &self.stream.cpu),
        }
    }

    fn peer(&self, name: &str) -> Option<Peer> {
        let rival = self.peers.iter().find(|rival| rival.name == name)?;
        let ours = &self.ours.iter().find(|(size, _)| *size == rival.batch)?.1;
        Some(Peer {
            timing: rival.times.timing(),
            ratio: Spread::ratios(&ours.wall, &rival.times.wall),
            ratio_cpu: Spread::ratios(&ours.cpu, &rival.times.cpu),
            top1_right: rival.right as f64 / rival.asked.max(1) as f64,
        })
    }

    /// The parts of the report that come from the rounds; the others are filled in by the caller.
    fn report(self) -> Size {
        let timing = self.stream.timing();
        let all: Vec<Search> = self.ours.iter().map(|ours| self.search(ours)).collect();
        let portable: Vec<Search> = self
            .portable
            .iter()
            .map(|times| self.search(times))
            .collect();
        Size {
            n: 0,
            entries: 0,
            fill_s: 0.0,
            bandwidth: Bandwidth {
                bytes: self.bytes,
                timing,
                // Processor time where it is long enough for the system's ticks: others may share the core.
                gb_per_s: [timing.cpu_ms, timing.ms]
                    .into_iter()
                    .flatten()
                    .find(|ms| ms.p50 >= 20.0 || Some(*ms) == timing.ms)
                    .map(|ms| self.bytes as f64 / ms.p50 / 1e6),
            },
            single: self.search(&self.ours[0]),
            batches: all,
            portable: (!portable.is_empty()).then_some(portable),
            exactness: Exactness {
                probes: 0,
                top1_identical: 0.0,
                topk_identical: 0.0,
            },
            changes_while_searching: None,
            snapshot: None,
            memory: Memory {
                gallery_mib: 0,
                peak_mib: 0,
                available_before_mib: 0,
            },
            peers: self.versions.clone().map(|versions| PeerReport {
                versions,
                sq8: self.peer("sq8"),
                flat_blas_32: self.peer("flat"),
                hnsw_i8: self.peer("hnsw"),
            }),
            peers_reason: None,
        }
    }
}

/// Every probe alone and all together, against the plain f32 scan: entries and scores.
fn exactness(
    gallery: &Gallery,
    probes: &[&[f32]],
    truth: &[Vec<(EntryId, f32)>],
    args: &Args,
) -> Result<Exactness> {
    let effort = Effort {
        threads: args.threads,
        kernel: Kernel::Best,
    };
    let together = gallery.search_with(MODEL, probes, args.k, effort)?;
    let (mut first, mut all) = (0, 0);
    for ((probe, together), truth) in probes.iter().zip(&together).zip(truth) {
        let alone = gallery.search_with(MODEL, &[probe], args.k, effort)?;
        let same = |n: usize| {
            let expect = &truth[..n.min(truth.len())];
            [together, &alone[0]].iter().all(|found| {
                let found: Vec<_> = found.iter().take(n).map(|c| (c.entry, c.score)).collect();
                found == expect
            })
        };
        first += usize::from(same(1));
        all += usize::from(same(args.k));
    }
    Ok(Exactness {
        probes: probes.len(),
        top1_identical: first as f64 / probes.len() as f64,
        topk_identical: all as f64 / probes.len() as f64,
    })
}

/// How long a change takes while another thread does nothing but search.
fn changes(gallery: &Gallery, crowd: &Crowd, probes: &[&[f32]]) -> Result<Changes> {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    let (stop, searches, mut times) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        Times::default(),
    );
    let first = gallery.len() as u64 + 1_000_000_000;
    let result: Result<()> = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let done = gallery.search(MODEL, &probes[..1], 1).is_ok();
                searches.fetch_add(usize::from(done), Ordering::Relaxed);
            }
        });
        // Until three searches have ended meanwhile, so that changes fall into every part of one.
        let mut change = || {
            for i in 0..20_000 {
                if searches.load(Ordering::Relaxed) >= 3 {
                    break;
                }
                let listed = person_of(crowd, first + i, vec![0]);
                times.time(|| gallery.put(MODEL, &listed))?;
                times.time(|| gallery.remove(listed.entry));
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            Ok(())
        };
        let result = change();
        stop.store(true, Ordering::Relaxed);
        result
    });
    result?;
    Ok(Changes {
        timing: times.timing(),
        changes: times.wall.len(),
        searches: searches.into_inner(),
    })
}
