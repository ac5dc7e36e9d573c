//! Boxes as MTCNN passes them from net to net: corners, score, and the corrections the nets ask for.
//! Plain geometry; it knows no network.

/// A candidate in frame pixels. Sides count pixels inclusively (`+ 1`), as the nets were trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// Left, top, right, bottom.
    pub(super) corners: [f32; 4],
    pub(super) score: f32,
    /// By which share of the box each corner should move, as the net that scored it says.
    pub(super) shift: [f32; 4],
    pub(super) landmarks: [[f32; 2]; 5],
}

/// How much overlap is too much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Overlap {
    /// Shared area over joint area.
    Union(f32),
    /// Shared area over the smaller box: also drops a box inside another.
    Smaller(f32),
}

impl Candidate {
    pub(super) fn new(corners: [f32; 4], score: f32, shift: [f32; 4]) -> Self {
        Candidate {
            corners,
            score,
            shift,
            landmarks: [[0.0; 2]; 5],
        }
    }

    pub(super) fn is_finite(&self) -> bool {
        self.corners.iter().all(|v| v.is_finite())
            && self.landmarks.iter().flatten().all(|v| v.is_finite())
    }

    /// Moves each corner by its share of the box; `extra` is 1 where sides are counted inclusively.
    pub(super) fn shifted(mut self, extra: f32) -> Self {
        let [left, top, right, bottom] = self.corners;
        let (w, h) = (right - left + extra, bottom - top + extra);
        let [a, b, c, d] = self.shift;
        self.corners = [left + a * w, top + b * h, right + c * w, bottom + d * h];
        self
    }

    /// The square around the same centre with the longer side.
    pub(super) fn squared(mut self) -> Self {
        let [left, top, right, bottom] = self.corners;
        let (w, h) = (right - left, bottom - top);
        let side = w.max(h);
        let (x, y) = (left + (w - side) * 0.5, top + (h - side) * 0.5);
        self.corners = [x, y, x + side, y + side];
        self
    }

    fn area(&self) -> f32 {
        let [left, top, right, bottom] = self.corners;
        (right - left + 1.0) * (bottom - top + 1.0)
    }

    fn overlaps(&self, other: &Self, limit: Overlap) -> bool {
        let (a, b) = (&self.corners, &other.corners);
        let across = (a[2].min(b[2]) - a[0].max(b[0]) + 1.0).max(0.0);
        let down = (a[3].min(b[3]) - a[1].max(b[1]) + 1.0).max(0.0);
        let shared = across * down;
        match limit {
            Overlap::Union(most) => shared > most * (self.area() + other.area() - shared),
            Overlap::Smaller(most) => shared > most * self.area().min(other.area()),
        }
    }
}

/// Keeps the best of overlapping candidates, best first (greedy).
pub(super) fn thin(mut candidates: Vec<Candidate>, limit: Overlap) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Candidate> = Vec::with_capacity(candidates.len().min(64));
    for candidate in candidates {
        if !kept.iter().any(|k| k.overlaps(&candidate, limit)) {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_and_shifts_keep_the_centre() {
        let made = Candidate::new([10.0, 20.0, 30.0, 60.0], 0.9, [0.25, 0.0, -0.25, 0.5]).squared();
        assert_eq!(made.corners, [0.0, 20.0, 40.0, 60.0]);
        assert_eq!(made.shifted(0.0).corners, [10.0, 20.0, 30.0, 80.0]);
    }

    #[test]
    fn thinning_knows_two_measures() {
        let inner = Candidate::new([10.0, 10.0, 19.0, 19.0], 0.8, [0.0; 4]);
        let outer = Candidate::new([0.0, 0.0, 39.0, 39.0], 0.9, [0.0; 4]);
        let check = |limit: Overlap, left: usize| {
            assert_eq!(thin(vec![inner, outer], limit).len(), left, "{limit:?}");
        };
        check(Overlap::Union(0.5), 2);
        check(Overlap::Smaller(0.5), 1);
        assert_eq!(
            thin(vec![inner, outer], Overlap::Smaller(0.5))[0].score,
            0.9
        );
    }
}
