//! The exact search: int8 scan with a proven error bound, then f32 for every row that could still be among the
//! best. Its answer is the one a plain f32 scan gives. Must not know thresholds of a decision, or time.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use numkong::Tensor;
use zeroize::Zeroize;

use crate::block::{Block, Extent, ROWS, Rows};
use crate::coarse::{CoarseProbe, Fast};
use crate::kernel::{GROUP, Kernel, Packed, TILE};
use crate::quantise::{Bound, Scale, dot, quantise};

/// Up to so many probes one product at a time is as fast as whole tiles.
const FEW: usize = 3;
/// A scan of few probes walks so many places of a block at once: more memory pages are under way at a time.
const WALKS: usize = 8;

/// Most rows of a block whose codes are asked for ahead; more are looked at at once, for they would not stay near.
const MOST_LATE: usize = 128;

/// How to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Threads, at least 1; they share the pass.
    pub threads: usize,
    /// Which code multiplies.
    pub kernel: Kernel,
}

impl Default for Effort {
    fn default() -> Self {
        Effort {
            threads: 1,
            kernel: Kernel::Best,
        }
    }
}

/// Where a row lies: block and row in it.
type Place = (u32, u32);

/// One query, shared by all threads.
struct Probe<'a> {
    values: &'a [f32],
    codes: Vec<i8>,
    scale: Scale,
    bound: Bound,
    coarse: CoarseProbe,
    /// The score below which a row cannot be among the `k` best any more, as far as any thread knows.
    bar: AtomicU32,
}

/// What one thread found for one query.
#[derive(Default)]
struct Found {
    /// The `k` best lower bounds so far, one a slot, best first.
    floor: Vec<(u32, f32)>,
    /// Rows that may be among the best, with their upper bound.
    open: Vec<(Place, f32)>,
}

/// The best row of each of the `k` best entries, by true score, for each query. Ties go to the lower slot.
pub(crate) fn search(
    rows: &Rows,
    queries: &[&[f32]],
    k: usize,
    effort: Effort,
) -> Vec<Vec<(Place, f32)>> {
    if k == 0 || queries.is_empty() {
        return vec![Vec::new(); queries.len()];
    }
    let probes: Vec<Probe<'_>> = queries.iter().map(|values| Probe::new(values)).collect();
    let next = AtomicUsize::new(0);
    let pass = || Pass::new(&probes, k, effort.kernel).run(&rows.blocks, &next);
    let threads = effort.threads.clamp(1, rows.blocks.len().max(1));
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(pass)).collect();
        let mut all = vec![pass()];
        for other in others {
            match other.join() {
                Ok(found) => all.push(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    let settle = |(at, probe): (usize, &Probe<'_>)| {
        let parts = all.iter_mut().map(|found| std::mem::take(&mut found[at]));
        settle(rows, probe, parts, k)
    };
    probes.iter().enumerate().map(settle).collect()
}

impl<'a> Probe<'a> {
    fn new(values: &'a [f32]) -> Self {
        let mut codes = vec![0; values.len()];
        let scale = quantise(values, &mut codes);
        Probe {
            values,
            coarse: CoarseProbe::new(&codes, scale),
            codes,
            scale,
            bound: Bound::of(scale, values.len()),
            bar: AtomicU32::new(key(f32::NEG_INFINITY)),
        }
    }

    fn bar(&self) -> f32 {
        unkey(self.bar.load(Ordering::Relaxed))
    }

    /// No row of a block with a product below this can reach the bar. Never too high: divided by the step that makes
    /// it least, and rounded down by more than f32 loses.
    fn least(&self, extent: Extent) -> i32 {
        let needed = self.bar() - self.bound.row(extent.most_error);
        let step = if needed > 0.0 {
            extent.most_step
        } else {
            extent.least_step
        };
        let least = f64::from(needed) / (f64::from(step) * f64::from(self.scale.step));
        // A bar of minus infinity gives the least i32 there is.
        (least - least.abs() * 1e-6).floor() as i32
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        self.codes.zeroize();
    }
}

/// A number whose order as an integer is that of the score.
fn key(score: f32) -> u32 {
    let bits = score.to_bits();
    bits ^ if bits >> 31 == 1 { u32::MAX } else { 1 << 31 }
}

fn unkey(key: u32) -> f32 {
    f32::from_bits(key ^ if key >> 31 == 1 { 1 << 31 } else { u32::MAX })
}

impl Found {
    /// Looks closer at a row whose product is not too low.
    fn consider(&mut self, probe: &Probe<'_>, block: &Block, place: Place, product: i32, k: usize) {
        let scale = block.scales[place.1 as usize];
        let near = product as f32 * scale.step * probe.scale.step;
        let bound = probe.bound.row(scale.error);
        if near + bound < probe.bar() {
            return;
        }
        self.open.push((place, near + bound));
        self.raise_floor(block.owners[place.1 as usize].slot, near - bound, k);
        if self.floor.len() == k
            && let Some((_, least)) = self.floor.last()
        {
            probe.bar.fetch_max(key(*least), Ordering::Relaxed);
        }
        // Keeps memory small on a long list whose scores creep up.
        if self.open.len() >= 8192 && self.open.len().is_power_of_two() {
            let bar = probe.bar();
            self.open.retain(|(_, most)| *most >= bar);
        }
    }

    fn raise_floor(&mut self, slot: u32, least: f32, k: usize) {
        match self.floor.iter_mut().find(|(s, _)| *s == slot) {
            Some(held) => held.1 = held.1.max(least),
            None => self.floor.push((slot, least)),
        }
        self.floor.sort_by(|a, b| b.1.total_cmp(&a.1));
        self.floor.truncate(k);
    }
}

/// One thread's pass over the blocks.
struct Pass<'a> {
    probes: &'a [Probe<'a>],
    k: usize,
    kernel: Kernel,
    fast: Option<Fast>,
    found: Vec<Found>,
    /// What the first look left of the block before, one a probe.
    late: Vec<Late<'a>>,
    /// Room for the next.
    spare: Vec<u16>,
    groups: Vec<(Packed, Tensor<i32>)>,
}

/// Rows of a block that the first look left, and whose codes are on their way.
#[derive(Default)]
struct Late<'a> {
    block: Option<(&'a Block, u32)>,
    left: Vec<u16>,
}

impl<'a> Pass<'a> {
    fn new(probes: &'a [Probe<'a>], k: usize, kernel: Kernel) -> Self {
        let codes: Vec<&[i8]> = probes.iter().map(|p| p.codes.as_slice()).collect();
        let group = |codes: &[&[i8]]| {
            let packed = Packed::new(codes, codes.first()?.len())?;
            let room = packed.room()?;
            Some((packed, room))
        };
        let many = (codes.len() > FEW).then(|| codes.chunks(GROUP).map(group).collect());
        Pass {
            probes,
            k,
            kernel: kernel.ready(),
            fast: kernel.has_units().then(Fast::find).flatten(),
            found: probes.iter().map(|_| Found::default()).collect(),
            late: probes.iter().map(|_| Late::default()).collect(),
            spare: Vec::new(),
            // Without memory for whole tiles it goes one product at a time.
            groups: many.flatten().unwrap_or_default(),
        }
    }

    fn run(mut self, blocks: &'a [std::sync::Arc<Block>], next: &AtomicUsize) -> Vec<Found> {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(block) = blocks.get(at) else {
                for at in 0..self.late.len() {
                    let late = std::mem::take(&mut self.late[at]);
                    self.look(late, at);
                }
                return self.found;
            };
            if self.groups.is_empty() {
                for probe in 0..self.probes.len() {
                    match self.fast {
                        Some(fast) => self.one_coarse(fast, block, at as u32, probe),
                        None => self.one(block, at as u32, probe),
                    }
                }
            } else {
                self.many(block, at as u32);
            }
        }
    }

    /// One probe, one product at a time.
    fn one(&mut self, block: &Block, number: u32, at: usize) {
        let (probe, found) = (&self.probes[at], &mut self.found[at]);
        let mut least = probe.least(block.extent);
        for first in 0..ROWS / WALKS {
            for walk in 0..WALKS {
                let row = walk * (ROWS / WALKS) + first;
                if row >= block.rows() {
                    break;
                }
                let product = self.kernel.dot(block.codes.row(row), &probe.codes);
                if product >= least {
                    found.consider(probe, block, (number, row as u32), product, self.k);
                    least = probe.least(block.extent);
                }
            }
        }
    }

    /// One probe: half-byte codes first, int8 for the rows they cannot rule out. Those lie far apart in memory: they are
    /// asked for now and looked at after the next block.
    fn one_coarse(&mut self, fast: Fast, block: &'a Block, number: u32, at: usize) {
        let probe = &self.probes[at];
        let mut left = std::mem::take(&mut self.spare);
        let bar = probe.bar();
        fast.sift(&block.coarse, block.rows(), &probe.coarse, bar, &mut left);
        let late = left.len() <= MOST_LATE;
        if late {
            left.iter()
                .for_each(|row| fast.fetch(block.codes.row(usize::from(*row))));
        }
        let fresh = Late {
            block: Some((block, number)),
            left,
        };
        let before = std::mem::replace(&mut self.late[at], fresh);
        self.look(before, at);
        if !late {
            let fresh = std::mem::take(&mut self.late[at]);
            self.look(fresh, at);
        }
    }

    /// Looks at the int8 codes of what the first look has left.
    fn look(&mut self, mut late: Late<'a>, at: usize) {
        let (probe, found) = (&self.probes[at], &mut self.found[at]);
        if let Some((block, number)) = late.block {
            for row in &late.left {
                let product = self
                    .kernel
                    .dot(block.codes.row(usize::from(*row)), &probe.codes);
                found.consider(probe, block, (number, u32::from(*row)), product, self.k);
            }
        }
        late.left.clear();
        self.spare = late.left;
    }

    /// All probes, a tile at a time, so that a tile is read from memory once.
    fn many(&mut self, block: &Block, number: u32) {
        let tiles = block.rows().div_ceil(TILE);
        let mut first = 0;
        let mut bars: Vec<[i32; GROUP]> = Vec::with_capacity(self.groups.len());
        for (packed, _) in &self.groups {
            let end = (first + GROUP).min(self.probes.len());
            bars.push(bars_of(
                &self.probes[first..end],
                packed.width,
                block.extent,
            ));
            first = end;
        }
        for (tile_at, tile) in block.codes.tiles[..tiles].iter().enumerate() {
            for (group, ((packed, out), bars)) in self.groups.iter_mut().zip(&mut bars).enumerate()
            {
                packed.multiply(self.kernel, tile, out);
                let first = group * GROUP;
                for (line, products) in out.as_slice().chunks_exact(GROUP).enumerate() {
                    if !any_reaches(products, bars) {
                        continue;
                    }
                    for (i, product) in products.iter().enumerate() {
                        let row = tile_at * TILE + (line * GROUP + i) / packed.width;
                        if *product < bars[i] || row >= block.rows() {
                            continue;
                        }
                        let at = first + i % packed.width;
                        let (probe, place) = (&self.probes[at], (number, row as u32));
                        self.found[at].consider(probe, block, place, *product, self.k);
                        let least = probe.least(block.extent);
                        let lanes = bars.iter_mut().skip(i % packed.width);
                        lanes.step_by(packed.width).for_each(|bar| *bar = least);
                    }
                }
            }
        }
    }
}

/// The least product of each probe, repeated until the lanes are full; padding is never reached.
fn bars_of(probes: &[Probe<'_>], width: usize, extent: Extent) -> [i32; GROUP] {
    std::array::from_fn(|lane| {
        probes
            .get(lane % width)
            .map_or(i32::MAX, |probe| probe.least(extent))
    })
}

/// Plain enough for the compiler to use vector comparisons.
fn any_reaches(products: &[i32], bars: &[i32; GROUP]) -> bool {
    let hits = products
        .iter()
        .zip(bars)
        .map(|(p, bar)| i32::from(p >= bar));
    hits.fold(0, |any, hit| any | hit) != 0
}

/// Scores what is still open by f32 and ranks it.
fn settle(
    rows: &Rows,
    probe: &Probe<'_>,
    parts: impl Iterator<Item = Found>,
    k: usize,
) -> Vec<(Place, f32)> {
    let (mut merged, mut open) = (Found::default(), Vec::new());
    for part in parts {
        for (slot, least) in part.floor {
            merged.raise_floor(slot, least, k);
        }
        open.extend(part.open);
    }
    let bar = match merged.floor.last() {
        Some((_, least)) if merged.floor.len() == k => least.max(probe.bar()),
        _ => f32::NEG_INFINITY,
    };
    let mut best: Vec<(u32, Place, f32)> = open
        .iter()
        .filter(|(_, most)| *most >= bar)
        .map(|(place, _)| {
            let block = &rows.blocks[place.0 as usize];
            let row = place.1 as usize;
            (
                block.owners[row].slot,
                *place,
                dot(block.exact(row), probe.values),
            )
        })
        .collect();
    best.sort_by(|a, b| a.0.cmp(&b.0).then(b.2.total_cmp(&a.2)));
    best.dedup_by_key(|(slot, _, _)| *slot);
    best.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
    best.truncate(k);
    best.into_iter()
        .map(|(_, place, score)| (place, score))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_keep_the_order_of_scores(a in -2.0f32..2.0, b in -2.0f32..2.0) {
            prop_assert_eq!(unkey(key(a)), a);
            prop_assert_eq!(a < b, key(a) < key(b));
            prop_assert!(key(f32::NEG_INFINITY) < key(a));
        }
    }
}
