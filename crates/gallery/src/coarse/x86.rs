//! The first look's arithmetic for AVX-512 and AVX2, through safe functions. Must give what plain Rust gives.

use core::arch::x86_64::{__m256, __m256i, __m512i, _CMP_GE_OQ, _MM_HINT_T1};
use pulp::{
    NullaryFnOnce,
    bytemuck::cast,
    x86::{V3, V4},
};

use super::{Coarse, CoarseProbe, GROUP, LINE, LINES_A_SUM, Line, ROWS, WALKS};

/// Rows ahead of the one being multiplied that are asked for: the processor by itself stops at the end of a page.
const AHEAD: usize = 8;

/// Asks for the memory and does not wait for it.
#[inline(always)]
pub(super) fn fetch<T>(simd: V3, items: &[T]) {
    let each = (LINE / size_of::<T>()).max(1);
    for item in items.iter().step_by(each) {
        simd.sse
            ._mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(item).cast());
    }
}

/// The product of every row with the probe. Not a closure: only what is inlined whole is compiled with the instructions.
pub(super) struct Scan<'a, S> {
    pub simd: S,
    pub coarse: &'a Coarse,
    pub probe: &'a CoarseProbe,
    pub out: &'a mut [i32; ROWS],
}

/// Which rows may reach the bar: bit `i` of a mask is row `i` of its group.
pub(super) struct Sift<'a, S> {
    pub simd: S,
    pub products: &'a [i32; ROWS],
    pub errors: &'a [f32],
    pub probe: &'a CoarseProbe,
    pub bar: f32,
    pub masks: &'a mut [u16; ROWS / GROUP],
}

/// What the scan needs of a processor.
pub(super) trait Units: Copy {
    /// The product of at most [`LINES_A_SUM`] lines.
    fn multiply(self, row: &[Line], low: &[Line], high: &[Line]) -> i32;
    /// For each row whether [`CoarseProbe::most`] is at least the bar, in the same steps.
    fn reach(
        self,
        products: &[i32; GROUP],
        errors: &[f32; GROUP],
        probe: &CoarseProbe,
        bar: f32,
    ) -> u16;
    fn narrow(self) -> V3;
}

impl<S: Units> NullaryFnOnce for Sift<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let groups = self.products.as_chunks::<GROUP>().0.iter();
        let groups = groups.zip(self.errors.as_chunks::<GROUP>().0);
        for (mask, (products, errors)) in self.masks.iter_mut().zip(groups) {
            *mask = self.simd.reach(products, errors, self.probe, self.bar);
        }
    }
}

impl<S: Units> NullaryFnOnce for Scan<'_, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (rows, _) = self.coarse.lines.as_chunks::<LINES_A_SUM>();
        let probe = (
            <&[Line; LINES_A_SUM]>::try_from(self.probe.low.as_slice()).ok(),
            <&[Line; LINES_A_SUM]>::try_from(self.probe.high.as_slice()).ok(),
        );
        if let (Some(low), Some(high), true) = (probe.0, probe.1, rows.len() == ROWS) {
            // Up to 512 values: the probe stays in registers, and nothing is looked up.
            for first in 0..ROWS / WALKS {
                for walk in 0..WALKS {
                    let row = walk * (ROWS / WALKS) + first;
                    // Past the end it asks for the last row again, which costs nothing.
                    fetch(self.simd.narrow(), &rows[(row + AHEAD).min(ROWS - 1)]);
                    self.out[row] = self.simd.multiply(&rows[row], low, high);
                }
            }
            return;
        }
        for first in 0..ROWS / WALKS {
            for walk in 0..WALKS {
                let row = walk * (ROWS / WALKS) + first;
                let ahead = self.coarse.row((row + AHEAD).min(ROWS - 1));
                fetch(self.simd.narrow(), ahead);
                self.out[row] = product(self.simd, self.coarse.row(row), self.probe);
            }
        }
    }
}

#[inline(always)]
fn product<S: Units>(simd: S, row: &[Line], probe: &CoarseProbe) -> i32 {
    let mut total = 0;
    let (rows, row) = row.as_chunks::<LINES_A_SUM>();
    let (lows, low) = probe.low.as_chunks::<LINES_A_SUM>();
    let (highs, high) = probe.high.as_chunks::<LINES_A_SUM>();
    for ((row, low), high) in rows.iter().zip(lows).zip(highs) {
        // A known length: the usual 512 values become one straight run.
        total += simd.multiply(row, low, high);
    }
    if !row.is_empty() {
        total += simd.multiply(row, low, high);
    }
    total
}

impl Units for V4 {
    #[inline(always)]
    fn multiply(self, row: &[Line], low: &[Line], high: &[Line]) -> i32 {
        let (f, bw) = (self.avx512f, self.avx512bw);
        let (half, ones) = (f._mm512_set1_epi8(15), f._mm512_set1_epi16(1));
        let mut sums = [f._mm512_setzero_si512(); 2];
        for ((row, low), high) in row.iter().zip(low).zip(high) {
            let row: __m512i = cast(row.0);
            let (x, y) = (
                f._mm512_and_si512(row, half),
                f._mm512_and_si512(bw._mm512_srli_epi16::<4>(row), half),
            );
            let x = bw._mm512_maddubs_epi16(x, cast(low.0));
            let y = bw._mm512_maddubs_epi16(y, cast(high.0));
            sums = [
                bw._mm512_add_epi16(sums[0], x),
                bw._mm512_add_epi16(sums[1], y),
            ];
        }
        // Each sum nearly fills 16 bits: widened before they are added.
        let low = bw._mm512_madd_epi16(sums[0], ones);
        let high = bw._mm512_madd_epi16(sums[1], ones);
        f._mm512_reduce_add_epi32(f._mm512_add_epi32(low, high))
    }

    #[inline(always)]
    fn reach(
        self,
        products: &[i32; GROUP],
        errors: &[f32; GROUP],
        probe: &CoarseProbe,
        bar: f32,
    ) -> u16 {
        let f = self.avx512f;
        let all = |value| f._mm512_set1_ps(value);
        let products: __m512i = cast(*products);
        let doubled = f._mm512_sub_epi32(
            f._mm512_add_epi32(products, products),
            f._mm512_set1_epi32(probe.shift),
        );
        let near = f._mm512_mul_ps(f._mm512_cvtepi32_ps(doubled), all(probe.unit));
        let error = f._mm512_mul_ps(cast(*errors), all(probe.each));
        let most = f._mm512_add_ps(f._mm512_add_ps(near, all(probe.once)), error);
        f._mm512_cmp_ps_mask::<_CMP_GE_OQ>(most, all(bar))
    }

    #[inline(always)]
    fn narrow(self) -> V3 {
        *self
    }
}

impl Units for V3 {
    #[inline(always)]
    fn multiply(self, row: &[Line], low: &[Line], high: &[Line]) -> i32 {
        let (avx, avx2) = (self.avx, self.avx2);
        let (half, ones) = (avx._mm256_set1_epi8(15), avx._mm256_set1_epi16(1));
        let mut sums = [avx._mm256_setzero_si256(); 2];
        for ((row, low), high) in row.iter().zip(low).zip(high) {
            let row: [__m256i; 2] = cast(row.0);
            let low: [__m256i; 2] = cast(low.0);
            let high: [__m256i; 2] = cast(high.0);
            for part in 0..2 {
                let x = avx2._mm256_and_si256(row[part], half);
                let y = avx2._mm256_srli_epi16::<4>(row[part]);
                let x = avx2._mm256_maddubs_epi16(x, low[part]);
                let y = avx2._mm256_maddubs_epi16(avx2._mm256_and_si256(y, half), high[part]);
                sums = [
                    avx2._mm256_add_epi16(sums[0], x),
                    avx2._mm256_add_epi16(sums[1], y),
                ];
            }
        }
        let low = avx2._mm256_madd_epi16(sums[0], ones);
        let high = avx2._mm256_madd_epi16(sums[1], ones);
        let lanes: [i32; 8] = cast(avx2._mm256_add_epi32(low, high));
        (lanes[0] + lanes[1] + lanes[2] + lanes[3]) + (lanes[4] + lanes[5] + lanes[6] + lanes[7])
    }

    #[inline(always)]
    fn reach(
        self,
        products: &[i32; GROUP],
        errors: &[f32; GROUP],
        probe: &CoarseProbe,
        bar: f32,
    ) -> u16 {
        let (avx, avx2) = (self.avx, self.avx2);
        let all = |value| avx._mm256_set1_ps(value);
        let products: [__m256i; 2] = cast(*products);
        let errors: [__m256; 2] = cast(*errors);
        let mut mask = 0;
        for part in [1, 0] {
            let doubled = avx2._mm256_add_epi32(products[part], products[part]);
            let doubled = avx2._mm256_sub_epi32(doubled, avx._mm256_set1_epi32(probe.shift));
            let near = avx._mm256_mul_ps(avx._mm256_cvtepi32_ps(doubled), all(probe.unit));
            let error = avx._mm256_mul_ps(errors[part], all(probe.each));
            let most = avx._mm256_add_ps(avx._mm256_add_ps(near, all(probe.once)), error);
            let reached = avx._mm256_cmp_ps::<_CMP_GE_OQ>(most, all(bar));
            mask = mask << 8 | avx._mm256_movemask_ps(reached) as u16;
        }
        mask
    }

    #[inline(always)]
    fn narrow(self) -> V3 {
        self
    }
}
