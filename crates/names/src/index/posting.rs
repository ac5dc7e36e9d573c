//! Which names are under a key: numbers of places, rising. Most keys hold one, which takes no memory of its own.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// The places under one key.
pub(super) enum Posting {
    One(u32),
    Many(Vec<u32>),
}

impl Posting {
    pub fn places(&self) -> &[u32] {
        match self {
            Posting::One(place) => std::slice::from_ref(place),
            Posting::Many(places) => places,
        }
    }
}

/// Keys are hashes already: this only spreads them.
#[derive(Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes
            .iter()
            .for_each(|byte| self.write_u32(u32::from(*byte)));
    }
    fn write_u32(&mut self, key: u32) {
        self.0 = (self.0 ^ u64::from(key)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// All keys.
#[derive(Default)]
pub(super) struct Postings(HashMap<u32, Posting, BuildHasherDefault<Spread>>);

impl Postings {
    pub fn get(&self, key: u32) -> &[u32] {
        self.0.get(&key).map_or(&[], Posting::places)
    }

    pub fn put(&mut self, key: u32, place: u32) {
        let Some(posting) = self.0.get_mut(&key) else {
            self.0.insert(key, Posting::One(place));
            return;
        };
        match posting {
            Posting::One(one) if *one == place => {}
            Posting::One(one) => {
                let (low, high) = (place.min(*one), place.max(*one));
                *posting = Posting::Many(vec![low, high]);
            }
            Posting::Many(places) => {
                // New places are usually the highest.
                if places.last().is_some_and(|last| *last < place) {
                    places.push(place);
                } else if let Err(at) = places.binary_search(&place) {
                    places.insert(at, place);
                }
            }
        }
    }

    pub fn remove(&mut self, key: u32, place: u32) {
        let gone = match self.0.get_mut(&key) {
            None => return,
            Some(Posting::One(one)) => *one == place,
            Some(Posting::Many(places)) => {
                if let Ok(at) = places.binary_search(&place) {
                    places.remove(at);
                }
                places.is_empty()
            }
        };
        if gone {
            self.0.remove(&key);
        }
    }

    /// Keys, and bytes they take.
    pub fn size(&self) -> (usize, usize) {
        let row = std::mem::size_of::<(u32, Posting)>() + 1;
        let heap = self.0.values().map(|posting| match posting {
            Posting::One(_) => 0,
            Posting::Many(places) => places.capacity() * 4 + 16,
        });
        (
            self.0.len(),
            self.0.capacity() * 8 / 7 * row + heap.sum::<usize>(),
        )
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_rise_and_go() {
        let mut postings = Postings::default();
        for place in [7, 3, 9, 3, 5] {
            postings.put(1, place);
        }
        assert_eq!(postings.get(1), [3, 5, 7, 9]);
        postings.remove(1, 5);
        postings.remove(1, 100);
        postings.remove(2, 3);
        assert_eq!(postings.get(1), [3, 7, 9]);
        [3, 7, 9]
            .iter()
            .for_each(|place| postings.remove(1, *place));
        assert!(postings.is_empty());
    }
}
