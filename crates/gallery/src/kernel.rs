//! int8 dot products, exact (integers): numkong's kernels where the processor has vector units, else plain Rust.
//! Must not know scores, bounds or entries.

use numkong::{Dot, PackedMatrix, Tensor, cap, capabilities};
use zeroize::Zeroize;

/// Rows that lie side by side in memory: 32 rows of 512 codes are 16 KiB and stay in the nearest cache.
pub(crate) const TILE: usize = 32;
/// Most probes one packed group holds.
pub(crate) const GROUP: usize = 32;

/// Which code multiplies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernel {
    /// The best this processor has, found at run time.
    #[default]
    Best,
    /// Plain Rust without any special instruction, for measuring and for processors without vector units.
    Portable,
}

impl Kernel {
    /// Falls back to plain Rust where the library would have nothing better.
    fn settled(self) -> Self {
        if capabilities::available() & !cap::SERIAL == 0 {
            Kernel::Portable
        } else {
            self
        }
    }

    /// What runs for a batch, in words for a report.
    pub fn name(self) -> &'static str {
        if self.settled() == Kernel::Portable {
            return "plain Rust";
        }
        let has = capabilities::available();
        // The order in which numkong prefers its int8 kernels.
        let known = [
            (cap::SME, "SME (numkong sme)"),
            (cap::NEONSDOT, "NEON dot product (numkong neonsdot)"),
            (cap::SAPPHIREAMX, "AMX int8 (numkong sapphireamx)"),
            (cap::ICELAKE, "AVX-512 VNNI (numkong icelake)"),
            (cap::ALDER, "AVX-VNNI (numkong alder)"),
            (cap::HASWELL, "AVX2 (numkong haswell)"),
        ];
        let best = known.iter().find(|(bit, _)| has & bit != 0);
        best.map_or("numkong, other", |(_, name)| name)
    }

    /// Whether vector instructions may be used at all.
    pub(crate) fn has_units(self) -> bool {
        self.settled() == Kernel::Best
    }

    /// Readies this thread: some processors want to be asked before their matrix unit is used.
    pub(crate) fn ready(self) -> Self {
        let kernel = self.settled();
        if kernel == Kernel::Best && capabilities::available() & cap::SAPPHIREAMX != 0 {
            capabilities::configure_thread();
        }
        kernel
    }

    /// Dot product of two code vectors of one length.
    pub(crate) fn dot(self, a: &[i8], b: &[i8]) -> i32 {
        match self {
            Kernel::Best => i8::dot(a, b).unwrap_or_else(|| plain(a, b)),
            Kernel::Portable => plain(a, b),
        }
    }
}

/// Widened first: the compiler then multiplies and adds pairs at once on any processor.
fn plain(a: &[i8], b: &[i8]) -> i32 {
    let pairs = a.iter().zip(b);
    pairs.map(|(x, y)| i32::from(*x) * i32::from(*y)).sum()
}

/// The codes of a fixed number of rows, in tiles.
#[derive(Clone)]
pub(crate) struct Codes {
    dimension: usize,
    pub tiles: Vec<Tensor<i8>>,
}

impl Codes {
    /// Room for `rows` rows, a multiple of [`TILE`]. `None` when there is no memory left.
    pub(crate) fn new(dimension: usize, rows: usize) -> Option<Self> {
        let tile = || Tensor::try_full(&[TILE, dimension], 0i8).ok();
        let tiles = (0..rows / TILE).map(|_| tile()).collect::<Option<_>>()?;
        Some(Codes { dimension, tiles })
    }

    pub(crate) fn row(&self, row: usize) -> &[i8] {
        let at = row % TILE * self.dimension;
        &self.tiles[row / TILE].as_slice()[at..at + self.dimension]
    }

    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [i8] {
        let at = row % TILE * self.dimension;
        &mut self.tiles[row / TILE].as_mut_slice()[at..at + self.dimension]
    }
}

impl Drop for Codes {
    fn drop(&mut self) {
        for tile in &mut self.tiles {
            tile.as_mut_slice().zeroize();
        }
    }
}

/// Up to [`GROUP`] probes laid out for multiplication with whole tiles.
pub(crate) struct Packed {
    codes: Tensor<i8>,
    packed: PackedMatrix<i8>,
    /// Columns of the result: the probes, padded to 4, 8, 16 or 32 with zeros.
    pub width: usize,
}

impl Packed {
    /// `None` when there is no memory left.
    pub(crate) fn new(probes: &[&[i8]], dimension: usize) -> Option<Self> {
        let width = probes.len().next_power_of_two().max(4);
        let mut codes = Tensor::try_full(&[width, dimension], 0i8).ok()?;
        for (to, from) in codes
            .as_mut_slice()
            .chunks_exact_mut(dimension.max(1))
            .zip(probes)
        {
            to.copy_from_slice(from);
        }
        let packed = PackedMatrix::try_pack(&codes).ok()?;
        Some(Packed {
            codes,
            packed,
            width,
        })
    }

    /// Room for the products of one tile.
    pub(crate) fn room(&self) -> Option<Tensor<i32>> {
        Tensor::try_full(&[TILE, self.width], 0i32).ok()
    }

    /// Products of every row of `tile` with every probe, row-major.
    pub(crate) fn multiply(&self, kernel: Kernel, tile: &Tensor<i8>, out: &mut Tensor<i32>) {
        if kernel == Kernel::Best && tile.try_dots_packed_into(&self.packed, out).is_ok() {
            return;
        }
        let dimension = self.codes.shape()[1];
        let rows = tile.as_slice().chunks_exact(dimension);
        for (row, products) in rows.zip(out.as_mut_slice().chunks_exact_mut(self.width)) {
            let probes = self.codes.as_slice().chunks_exact(dimension);
            for (probe, product) in probes.zip(products) {
                *product = plain(row, probe);
            }
        }
    }
}

impl Drop for Packed {
    fn drop(&mut self) {
        self.codes.as_mut_slice().zeroize();
        // The library gives no way to wipe its packed copy. Letting it go and packing zeros of the same shape puts
        // them into the same piece of memory with the usual allocator; it is no guarantee (see docs/design/search.md).
        if let Ok(zeros) = PackedMatrix::try_pack(&self.codes) {
            drop(std::mem::replace(&mut self.packed, zeros));
        }
        if let Ok(zeros) = PackedMatrix::try_pack(&self.codes) {
            std::hint::black_box(&zeros);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_kernel_counts_exactly(pairs in proptest::collection::vec((-127i8..=127, -127i8..=127), 1..700)) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
            let expect: i32 = a.iter().zip(&b).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum();
            prop_assert_eq!(Kernel::Best.ready().dot(&a, &b), expect);
            prop_assert_eq!(Kernel::Portable.dot(&a, &b), expect);
        }

        #[test]
        fn tiles_give_what_single_products_give(dimension in 1usize..700, probes in 1usize..=32, seed in any::<u32>()) {
            let code = |n: usize| ((n as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 13) as i8;
            let code = |n: usize| code(n).max(-127);
            let mut codes = Codes::new(dimension, TILE).unwrap();
            for row in 0..TILE {
                codes.row_mut(row).iter_mut().enumerate().for_each(|(i, c)| *c = code(row * dimension + i));
            }
            let held: Vec<Vec<i8>> = (0..probes).map(|p| (0..dimension).map(|i| code(p * 977 + i * 31)).collect()).collect();
            let packed = Packed::new(&held.iter().map(Vec::as_slice).collect::<Vec<_>>(), dimension).unwrap();
            for kernel in [Kernel::Best.ready(), Kernel::Portable] {
                let mut out = packed.room().unwrap();
                packed.multiply(kernel, &codes.tiles[0], &mut out);
                for row in 0..TILE {
                    for (p, probe) in held.iter().enumerate() {
                        prop_assert_eq!(out.as_slice()[row * packed.width + p], plain(codes.row(row), probe));
                    }
                }
            }
        }
    }
}
