//! How often one camera's pictures are searched for faces: rarely while nothing moves and nobody is there, always while
//! somebody new or fast is in view. Must not hold pixels, and must never let a person in view wait for a movement.

use tapal_vision::{Grid, Picture};

/// A still hall without anybody is searched this often, milliseconds.
const STILL_MS: i64 = 1_000;
/// Between two searches while something moves, or while somebody slow is being judged.
const CALM_MS: i64 = 240;
/// Between two searches while everybody in view has been looked at enough.
const KNOWN_MS: i64 = 360;
/// Pictures come at the source's own beat: this much early is in time.
const EARLY_MS: i64 = 20;

/// What a camera's people need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nobody is held in memory.
    Nobody,
    /// Everybody in view has been looked at enough; they are only followed, and better views taken.
    Known,
    /// Somebody is being judged, and moves little between two searches.
    Calm,
    /// Somebody is new, fast, or was not found a moment ago.
    Close,
}

/// When the next picture is searched.
#[derive(Debug, Default)]
pub struct Pace {
    /// As of the last search, so that slow movement adds up.
    seen: Option<(Grid, i64)>,
}

impl Pace {
    /// Whether to search this picture; if so, it counts as searched.
    pub fn is_due(&mut self, picture: &Picture, need: Need, uptime_ms: i64) -> bool {
        let Some((earlier, searched_ms)) = &self.seen else {
            self.seen = Some((Grid::of(picture), uptime_ms));
            return true;
        };
        let passed = uptime_ms - searched_ms + EARLY_MS;
        let mut grid = None;
        let due = match need {
            Need::Close => true,
            Need::Calm => passed >= CALM_MS,
            Need::Known => passed >= KNOWN_MS,
            Need::Nobody if passed >= STILL_MS => true,
            Need::Nobody if passed < CALM_MS => false,
            Need::Nobody => grid.insert(Grid::of(picture)).moved(earlier),
        };
        if due {
            let grid = grid.unwrap_or_else(|| Grid::of(picture));
            self.seen = Some((grid, uptime_ms));
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tapal_vision::Frame;

    /// A hall with a light square of `side` at `x`.
    fn hall(x: u32, side: u32) -> Picture {
        let mut frame = Frame::filled(640, 360, [90; 3]);
        for y in 100..100 + side {
            for column in x..x + side {
                let at = ((y * 640 + column) * 3) as usize;
                frame.rgb[at..at + 3].copy_from_slice(&[180; 3]);
            }
        }
        Picture::of(&frame)
    }

    /// Searches in two seconds of 8 pictures a second.
    fn searched(need: Need, x: impl Fn(i64) -> u32, side: u32) -> Vec<i64> {
        let mut pace = Pace::default();
        let times = (0..2_000).step_by(125);
        times
            .filter(|now| pace.is_due(&hall(x(*now), side), need, *now))
            .collect()
    }

    #[test]
    fn an_empty_still_hall_is_searched_once_a_second() {
        assert_eq!(searched(Need::Nobody, |_| 0, 0), [0, 1_000]);
        // A chair is no movement, however long it stands.
        assert_eq!(searched(Need::Nobody, |_| 200, 40), [0, 1_000]);
    }

    #[test]
    fn movement_is_searched_at_once_and_slow_movement_adds_up() {
        let enters = |now: i64| if now < 500 { 0 } else { 300 };
        assert_eq!(searched(Need::Nobody, enters, 24), [0, 500, 1_500]);
        // Two pixels a picture in 640: too little from one to the next, enough in half a second.
        let creeps = |now: i64| 200 + (now / 125) as u32 * 2;
        assert!(searched(Need::Nobody, creeps, 48).len() > 3);
    }

    #[test]
    fn whoever_is_in_view_needs_no_movement() {
        assert_eq!(searched(Need::Close, |_| 200, 40).len(), 16);
        assert_eq!(
            searched(Need::Calm, |_| 200, 40),
            [0, 250, 500, 750, 1_000, 1_250, 1_500, 1_750]
        );
        assert_eq!(
            searched(Need::Known, |_| 200, 40),
            [0, 375, 750, 1_125, 1_500, 1_875]
        );
    }

    #[test]
    fn a_picture_of_another_size_is_no_error() {
        let mut pace = Pace::default();
        let picture = |side| Picture::of(&Frame::filled(side, side, [9; 3]));
        assert!(pace.is_due(&picture(64), Need::Nobody, 0));
        assert!(!pace.is_due(&picture(32), Need::Nobody, 500));
    }
}
