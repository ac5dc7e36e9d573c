//! Made-up templates shaped like real ones, for measuring speed and testing exactness; they say nothing about accuracy.
//!
//! A person is a random direction; views are that direction plus noise, cosine of two views .55 to .9. Directions and noise
//! have a falling spectrum (power of axis i as 1 / (1 + i / 60)^1.5), so that strangers' cosines spread by about .09, as those of the
//! face models measured here do and isotropic vectors (.044 at 512 values) do not. A fixed rotation (random signs and a
//! Walsh-Hadamard transform) then makes all values alike.

use crate::dot;

/// Makes templates; the same seed gives the same ones.
#[derive(Clone, Debug)]
pub struct Crowd {
    dimension: usize,
    seed: u64,
    spectrum: Vec<f32>,
    signs: Vec<f32>,
}

impl Crowd {
    /// People whose templates have `dimension` values.
    pub fn new(dimension: usize, seed: u64) -> Self {
        let wide = dimension.next_power_of_two();
        let mut random = Random::new(seed);
        // Stretched with the dimension, so that 128 values fall off as far as 512 do.
        let place = |i: usize| i as f32 * 512.0 / wide as f32;
        Crowd {
            dimension,
            seed,
            spectrum: (0..wide)
                .map(|i| (1.0 + place(i) / 60.0).powf(-0.75))
                .collect(),
            signs: (0..wide)
                .map(|_| if random.next() >> 63 == 1 { 1.0 } else { -1.0 })
                .collect(),
        }
    }

    /// View `view` of person `person`: a unit vector.
    pub fn template(&self, person: u64, view: u64) -> Vec<f32> {
        let name = |n: u64| self.seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut of_person = Random::new(name(person.wrapping_add(1)));
        let mut of_view =
            Random::new(name(person.wrapping_add(1)).rotate_left(23) ^ name(view + 7));
        let same = 0.55 + 0.35 * of_person.unit();
        let (keep, add) = (same.sqrt(), (1.0 - same).sqrt());
        let mut values: Vec<f32> = self
            .spectrum
            .iter()
            .map(|power| power * (keep * of_person.normal() + add * of_view.normal()))
            .collect();
        values
            .iter_mut()
            .zip(&self.signs)
            .for_each(|(v, s)| *v *= s);
        transform(&mut values);
        values.truncate(self.dimension);
        let length = dot(&values, &values).sqrt();
        values.iter_mut().for_each(|value| *value /= length);
        values
    }
}

/// Walsh-Hadamard, in place; the length is a power of two. Not scaled.
fn transform(values: &mut [f32]) {
    let mut half = 1;
    while half < values.len() {
        for pair in values.chunks_exact_mut(half * 2) {
            let (a, b) = pair.split_at_mut(half);
            for (a, b) in a.iter_mut().zip(b) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}

/// Xorshift: fast, and good enough to fill memory.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        let mixed = (seed ^ (seed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mut random = Random(mixed ^ (mixed >> 29) | 1);
        random.next();
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Sum of four uniform numbers: close to normal, variance 1.
    fn normal(&mut self) -> f32 {
        let bits = self.next();
        let sum: u64 = (0..4).map(|i| bits >> (16 * i) & 0xffff).sum();
        (sum as f32 / 65_535.0 - 2.0) * 3.0f32.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_of_one_are_close_and_strangers_are_not() {
        for dimension in [128, 512] {
            let crowd = Crowd::new(dimension, 5);
            let genuine: Vec<f32> = (0..200)
                .map(|p| dot(&crowd.template(p, 0), &crowd.template(p, 1)))
                .collect();
            let mean = genuine.iter().sum::<f32>() / 200.0;
            assert!((0.65..0.8).contains(&mean), "{mean}");
            let strangers: Vec<f32> = (0..2000)
                .map(|p| dot(&crowd.template(p, 0), &crowd.template(p + 1, 0)))
                .collect();
            let spread = (strangers.iter().map(|s| s * s).sum::<f32>() / 2000.0).sqrt();
            assert!((0.05..0.15).contains(&spread), "{dimension}: {spread}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_people() {
        let (a, b) = (Crowd::new(33, 1), Crowd::new(33, 1));
        assert_eq!(a.template(9, 2), b.template(9, 2));
        assert_ne!(a.template(9, 2), a.template(9, 3));
        assert!(crate::is_unit(&a.template(9, 2)));
    }
}
