//! What `tapal bench search` reports, as JSON and as a table.

use serde::Serialize;

use super::measure::{Spread, Timing};
use crate::progress;

#[derive(Serialize)]
pub struct Report {
    pub processor: String,
    pub cores_allowed: String,
    pub load_before: String,
    pub load_after: String,
    pub made_at_ms: i64,
    pub kernel: &'static str,
    pub threads: usize,
    pub dim: usize,
    pub k: usize,
    pub shape: &'static str,
    pub sizes: Vec<Size>,
    pub skipped: Vec<Skipped>,
}

#[derive(Serialize)]
pub struct Skipped {
    pub n: usize,
    pub why: String,
}

/// One size of gallery.
#[derive(Serialize)]
pub struct Size {
    pub n: usize,
    pub entries: usize,
    pub fill_s: f64,
    /// Reading all codes once on one thread, without arithmetic.
    pub bandwidth: Bandwidth,
    pub single: Search,
    pub batches: Vec<Search>,
    /// The same without any vector instruction beyond the compiler's target.
    pub portable: Option<Vec<Search>>,
    pub exactness: Exactness,
    pub changes_while_searching: Option<Changes>,
    pub snapshot: Option<Snapshot>,
    pub memory: Memory,
    pub peers: Option<PeerReport>,
    pub peers_reason: Option<String>,
}

#[derive(Serialize)]
pub struct Bandwidth {
    pub bytes: u64,
    pub timing: Timing,
    /// Of the median of processor time; by the clock below 20 ms, where the system counts too coarsely.
    pub gb_per_s: Option<f64>,
}

#[derive(Serialize)]
pub struct Search {
    pub batch: usize,
    pub timing: Timing,
    /// Median by the clock.
    pub ms_per_query: Option<f64>,
    /// Time against reading the codes once, round by round; 1 is the memory's limit.
    pub to_bandwidth: Option<Spread>,
    pub to_bandwidth_cpu: Option<Spread>,
}

#[derive(Serialize)]
pub struct Exactness {
    pub probes: usize,
    pub top1_identical: f64,
    pub topk_identical: f64,
}

#[derive(Serialize)]
pub struct Changes {
    /// Putting or removing an entry while another thread searches without pause.
    pub timing: Timing,
    pub changes: usize,
    pub searches: usize,
}

#[derive(Serialize)]
pub struct Snapshot {
    pub bytes: u64,
    pub threads: usize,
    pub write_s: f64,
    /// From opening the file to a gallery that answers, the file in the page cache.
    pub load_s: Spread,
    /// The same after the file was dropped from the page cache; null where that could not be done.
    pub load_dropped_s: Option<f64>,
    pub page_cache: &'static str,
    pub cipher: &'static str,
}

#[derive(Serialize)]
pub struct Memory {
    pub gallery_mib: u64,
    pub peak_mib: u64,
    pub available_before_mib: u64,
}

/// Ratios are ours to theirs in the same round.
#[derive(Serialize)]
pub struct PeerReport {
    pub versions: serde_json::Value,
    pub sq8: Option<Peer>,
    pub flat_blas_32: Option<Peer>,
    pub hnsw_i8: Option<Peer>,
}

#[derive(Serialize)]
pub struct Peer {
    pub timing: Timing,
    pub ratio: Option<Spread>,
    pub ratio_cpu: Option<Spread>,
    /// Share of answers whose first is the f32 scan's first.
    pub top1_right: f64,
}

fn spread(of: Option<Spread>) -> String {
    of.map_or("-".into(), |s| {
        format!("{:.2} / {:.2} / {:.2}", s.min, s.p50, s.max)
    })
}

/// A table for people: least / middle / most.
pub fn print(report: &Report) {
    let line = |text: String| progress::result(&text);
    line(format!(
        "{}; cores {}; {} threads; {}; {} values; k = {}",
        report.processor, report.cores_allowed, report.threads, report.kernel, report.dim, report.k
    ));
    for size in &report.sizes {
        line(format!("{} templates of {} people", size.n, size.entries));
        let read = &size.bandwidth;
        line(format!(
            "  read all codes        ms {}  ({:.1} GB/s)",
            spread(read.timing.ms),
            read.gb_per_s.unwrap_or(0.0)
        ));
        let searches = std::iter::once(&size.single).chain(&size.batches);
        let portable = size.portable.iter().flatten();
        let named = searches
            .map(|s| ("", s))
            .chain(portable.map(|s| (" portable", s)));
        for (name, search) in named {
            line(format!(
                "  batch of {:2}{name:9}    ms {}  cpu {}  to reading {}",
                search.batch,
                spread(search.timing.ms),
                spread(search.timing.cpu_ms),
                spread(search.to_bandwidth)
            ));
        }
        line(format!(
            "  same as f32           first {:.4}, first {} {:.4} of {} probes",
            size.exactness.top1_identical,
            report.k,
            size.exactness.topk_identical,
            size.exactness.probes
        ));
        if let Some(changes) = &size.changes_while_searching {
            line(format!(
                "  a change in a search  ms {}",
                spread(changes.timing.ms)
            ));
        }
        if let Some(kept) = &size.snapshot {
            line(format!(
                "  snapshot              {} MB, written in {:.1} s, loaded in s {}, from disk {:?}",
                kept.bytes / 1_000_000,
                kept.write_s,
                spread(Some(kept.load_s)),
                kept.load_dropped_s
            ));
        }
        if let Some(peers) = &size.peers {
            let named = [
                ("FAISS SQ8, 1", &peers.sq8),
                ("FAISS FlatIP BLAS, 32", &peers.flat_blas_32),
                ("usearch HNSW i8, 1", &peers.hnsw_i8),
            ];
            for (name, peer) in named {
                let Some(peer) = peer else { continue };
                line(format!(
                    "  {name:21} ms {}  ours to theirs {}  (cpu {})  first right {:.3}",
                    spread(peer.timing.ms),
                    spread(peer.ratio),
                    spread(peer.ratio_cpu),
                    peer.top1_right
                ));
            }
        }
        line(format!(
            "  memory                {} MiB, peak {} MiB",
            size.memory.gallery_mib, size.memory.peak_mib
        ));
        if let Some(why) = &size.peers_reason {
            line(format!("  no peers: {why}"));
        }
    }
    for skipped in &report.skipped {
        line(format!("{} skipped: {}", skipped.n, skipped.why));
    }
}
