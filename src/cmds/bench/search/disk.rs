//! Writing a snapshot and coming back from it, sealed as a node seals it.

use std::{path::Path, process::Command, sync::Mutex, time::Instant};

use anyhow::{Result, bail};
use tapal_gallery::{
    Gallery,
    snapshot::{self, Stamp},
};
use tapal_lane::seal::Sealer;

use super::{MODEL, measure::Spread, report::Snapshot};
use crate::{clock, progress};

const LOADS: usize = 3;

/// Writes `gallery`, lets go of it, and loads it again: what a node does when it starts.
pub fn measure(gallery: Gallery, probes: &[&[f32]], k: usize, path: &Path) -> Result<Snapshot> {
    let sealer = Sealer::new(&[7; 32]);
    let (rows, dimension) = (gallery.templates() as u64, gallery.dimension());
    let expect = gallery.search(MODEL, &probes[..1], k)?;
    let stamp = Stamp {
        build: env!("CARGO_PKG_VERSION").into(),
        made_at: clock::now(),
    };
    let bar = Mutex::new(progress::Bar::new("writing a snapshot", rows));
    let show = |done| {
        if let Ok(mut bar) = bar.lock() {
            bar.set(done);
        }
    };
    let started = Instant::now();
    snapshot::write(
        &gallery,
        path,
        &stamp,
        &|at, piece| sealer.seal_piece(at, piece),
        &show,
    )?;
    let write_s = started.elapsed().as_secs_f64();
    drop(gallery);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let load = || -> Result<f64> {
        let started = Instant::now();
        let open: snapshot::Seal<'_> = &|at, piece| sealer.open_piece(at, piece);
        let (again, _) = snapshot::load(path, MODEL, dimension, open, threads, &|_| ())?;
        let seconds = started.elapsed().as_secs_f64();
        if again.search(MODEL, &probes[..1], k)? != expect {
            bail!("the snapshot does not answer as the gallery did");
        }
        Ok(seconds)
    };
    let dropped = drop_from_cache(path).then(load).transpose()?;
    let mut warm = Vec::new();
    for _ in 0..LOADS {
        warm.push(load()?);
    }
    let bytes = std::fs::metadata(path)?.len();
    std::fs::remove_file(path)?;
    let Some(load_s) = Spread::of(warm) else {
        bail!("nothing was loaded");
    };
    Ok(Snapshot {
        bytes,
        threads,
        write_s,
        load_s,
        load_dropped_s: dropped,
        page_cache: "load_s: the file lay in the page cache; load_dropped_s: the system was asked to drop it before",
        cipher: "AES-256-GCM, pieces of 1,024 templates",
    })
}

/// Asks the system to forget the file's pages; `dd` is the plain program that can.
fn drop_from_cache(path: &Path) -> bool {
    let mut from = std::ffi::OsString::from("if=");
    from.push(path);
    let asked = Command::new("dd")
        .arg(from)
        .args(["iflag=nocache", "count=0", "status=none"])
        .status();
    asked.is_ok_and(|status| status.success())
}
