//! Where a face will be: constant velocity in place and in the logarithm of its size (an alpha-beta filter, the
//! steady state of a Kalman filter). Must not hold pixels.

/// Share of a position error that is believed at once.
const ALPHA: f32 = 0.75;
/// Share of it that is put down to velocity.
const BETA: f32 = 0.35;
/// Nobody's path is foretold further than this, seconds: people stop and turn.
const HORIZON_S: f32 = 0.7;

/// A smoothed path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion {
    /// Centre x, centre y, logarithm of the side, at `at_ms`.
    now: [f32; 3],
    /// Their change a second.
    speed: [f32; 3],
    at_ms: i64,
}

/// A place and size: centre x, centre y, side.
pub type Place = [f32; 3];

/// The place of a box (left, top, width, height).
pub fn place(bbox: &[f32; 4]) -> Place {
    let side = (bbox[2].max(1.0) * bbox[3].max(1.0)).sqrt();
    [bbox[0] + bbox[2] / 2.0, bbox[1] + bbox[3] / 2.0, side]
}

impl Motion {
    /// A face seen for the first time.
    pub fn begin(seen: Place, at_ms: i64) -> Self {
        Motion {
            now: [seen[0], seen[1], seen[2].max(1.0).ln()],
            speed: [0.0; 3],
            at_ms,
        }
    }

    /// Where it should be at `at_ms`.
    pub fn foretell(&self, at_ms: i64) -> Place {
        let ahead = seconds(at_ms - self.at_ms).clamp(0.0, HORIZON_S);
        let [x, y, size] = std::array::from_fn(|i| self.now[i] + self.speed[i] * ahead);
        [x, y, size.exp()]
    }

    /// It was seen.
    pub fn see(&mut self, seen: Place, at_ms: i64) {
        let passed = seconds(at_ms - self.at_ms).max(0.001);
        let foretold = self.foretell(at_ms);
        let measured = [seen[0], seen[1], seen[2].max(1.0).ln()];
        let expected = [foretold[0], foretold[1], foretold[2].ln()];
        for i in 0..3 {
            let error = measured[i] - expected[i];
            self.now[i] = expected[i] + ALPHA * error;
            self.speed[i] += BETA * error / passed.clamp(0.05, 1.0);
        }
        self.at_ms = at_ms;
    }

    /// How fast it moves and grows, in its own sides a second.
    pub fn pace(&self) -> f32 {
        let [x, y, size] = self.speed;
        x.hypot(y) / self.now[2].exp() + size.abs()
    }

    /// When it was last seen.
    pub fn at_ms(&self) -> i64 {
        self.at_ms
    }
}

fn seconds(ms: i64) -> f32 {
    ms as f32 / 1000.0
}

/// How unlike two places are: distance in face sides plus difference of size. 0 is the same place.
pub fn unlike(a: Place, b: Place) -> f32 {
    let side = (a[2] + b[2]) / 2.0;
    (a[0] - b[0]).hypot(a[1] - b[1]) / side.max(1.0) + (a[2].max(1.0) / b[2].max(1.0)).ln().abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_walk_is_foretold() {
        let walk = |ms: i64| {
            [
                100.0 + 0.2 * ms as f32,
                50.0 + 0.05 * ms as f32,
                40.0 * (ms as f32 / 4000.0).exp(),
            ]
        };
        let mut motion = Motion::begin(walk(0), 0);
        for ms in (125..2000).step_by(125) {
            motion.see(walk(ms), ms);
        }
        assert!(unlike(motion.foretell(2_375), walk(2_375)) < 0.15);
    }

    #[test]
    fn a_lost_face_is_not_foretold_out_of_the_picture() {
        let mut motion = Motion::begin([0.0, 0.0, 40.0], 0);
        motion.see([50.0, 0.0, 40.0], 125);
        assert_eq!(motion.foretell(60_000), motion.foretell(1_000));
    }
}
