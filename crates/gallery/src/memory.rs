//! Memory for the exact values of a block. Where they fill whole large pages (2 MiB) the system is asked for those: a list
//! of a million is then in place after a thousand page faults instead of half a million. Must not know what the values mean.

use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;
use pulp::bytemuck::{cast_slice, cast_slice_mut};
use zeroize::Zeroize;

/// A large page of the usual processors.
const LARGE: usize = 2 << 20;

/// A fixed number of f32, zero at first, wiped when dropped. A copy is as the original.
pub(crate) struct Values(Memory);

enum Memory {
    Plain(Vec<f32>),
    Large(MmapMut),
}

impl Values {
    /// `None` when there is no memory left.
    pub(crate) fn new(values: usize) -> Option<Self> {
        let bytes = values.checked_mul(size_of::<f32>())?;
        if bytes == 0 || !bytes.is_multiple_of(LARGE) {
            let mut plain = Vec::new();
            plain.try_reserve_exact(values).ok()?;
            plain.resize(values, 0.0);
            return Some(Values(Memory::Plain(plain)));
        }
        let memory = MmapMut::map_anon(bytes).ok()?;
        // Without large pages it goes with small ones.
        #[cfg(target_os = "linux")]
        drop(memory.advise(memmap2::Advice::HugePage));
        Some(Values(Memory::Large(memory)))
    }
}

impl Deref for Values {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.0 {
            Memory::Plain(values) => values,
            // A mapping begins at a page, so the cast fits.
            Memory::Large(bytes) => cast_slice(bytes),
        }
    }
}

impl DerefMut for Values {
    fn deref_mut(&mut self) -> &mut [f32] {
        match &mut self.0 {
            Memory::Plain(values) => values,
            Memory::Large(bytes) => cast_slice_mut(bytes),
        }
    }
}

impl Clone for Values {
    fn clone(&self) -> Self {
        match Values::new(self.len()) {
            Some(mut copy) => {
                copy.copy_from_slice(self);
                copy
            }
            None => Values(Memory::Plain(self.to_vec())),
        }
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl Zeroize for Values {
    fn zeroize(&mut self) {
        self.deref_mut().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_memory_is_zero_copied_and_wiped() {
        for (values, large) in [
            (0, false),
            (33, false),
            (LARGE / 4, true),
            (LARGE / 4 + 1, false),
            (LARGE, true),
        ] {
            let mut memory = Values::new(values).unwrap();
            assert_eq!(matches!(memory.0, Memory::Large(_)), large, "{values}");
            assert_eq!(memory.len(), values);
            assert!(memory.iter().all(|value| *value == 0.0));
            (0..values).for_each(|at| memory[at] = at as f32);
            let mut copy = memory.clone();
            assert!(*copy == *memory);
            copy.zeroize();
            assert!(copy.iter().all(|value| *value == 0.0));
            assert!(
                memory
                    .iter()
                    .enumerate()
                    .all(|(at, value)| *value == at as f32)
            );
        }
        assert!(Values::new(usize::MAX).is_none());
    }
}
