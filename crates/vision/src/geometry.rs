//! Similarity transforms from five points, and warps by them: the recogniser's crop and the portrait people see.
//! It only moves pixels; it finds and judges nothing.

use crate::frame::{Crop, Face, Frame};

/// Where the five points lie in a 112 x 112 crop (InsightFace/ArcFace convention, scaled for other sizes).
pub const ARCFACE_112: [[f32; 2]; 5] = [
    [38.2946, 51.6963],
    [73.5318, 51.5014],
    [56.0252, 71.7366],
    [41.5493, 92.3655],
    [70.7299, 92.2041],
];

/// Portrait size and eye places; the console lays probe and enrolled photograph over each other by them.
pub const PORTRAIT: (u32, u32) = (480, 600);
/// Image-left and image-right eye in a portrait.
pub const PORTRAIT_EYES: [[f32; 2]; 2] = [[180.0, 250.0], [300.0, 250.0]];

/// Rotation, one scale and a shift: (x, y) -> (a x - b y + tx, b x + a y + ty).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// Scale times cosine.
    pub a: f32,
    /// Scale times sine.
    pub b: f32,
    /// Shift in x.
    pub tx: f32,
    /// Shift in y.
    pub ty: f32,
}

impl Similarity {
    /// The least-squares similarity that takes `from` to `to` (Umeyama 1991 without reflection, which for
    /// two dimensions has this closed form). `None` when the points coincide or are not finite.
    pub fn estimate(from: &[[f32; 2]], to: &[[f32; 2]]) -> Option<Self> {
        let n = from.len().min(to.len()) as f64;
        if n < 2.0 {
            return None;
        }
        let mean = |points: &[[f32; 2]], axis: usize| {
            points.iter().map(|p| f64::from(p[axis])).sum::<f64>() / n
        };
        let (fx, fy, tx, ty) = (mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1));
        let (mut dot, mut cross, mut spread) = (0.0, 0.0, 0.0);
        for (f, t) in from.iter().zip(to) {
            let (x, y) = (f64::from(f[0]) - fx, f64::from(f[1]) - fy);
            let (u, v) = (f64::from(t[0]) - tx, f64::from(t[1]) - ty);
            dot += x * u + y * v;
            cross += x * v - y * u;
            spread += x * x + y * y;
        }
        let (a, b) = (dot / spread, cross / spread);
        let found = Similarity {
            a: a as f32,
            b: b as f32,
            tx: (tx - a * fx + b * fy) as f32,
            ty: (ty - b * fx - a * fy) as f32,
        };
        let usable = spread > 1e-6 && a.is_finite() && b.is_finite() && a.hypot(b) > 1e-6;
        usable.then_some(found)
    }

    /// Where a point lands.
    pub fn apply(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [
            self.a * x - self.b * y + self.tx,
            self.b * x + self.a * y + self.ty,
        ]
    }

    /// The transform back.
    pub fn inverse(&self) -> Self {
        let d = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / d, -self.b / d);
        Similarity {
            a,
            b,
            tx: -(a * self.tx - b * self.ty),
            ty: -(b * self.tx + a * self.ty),
        }
    }

    /// How much it enlarges.
    pub fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }
}

/// What a warp shows outside the source frame.
#[derive(Clone, Copy)]
enum Outside {
    /// Black, as the recognisers were trained.
    Black,
    /// The grey mean of the nearest border pixel.
    EdgeGrey,
}

/// The crop a recogniser reads: `points` are the five places in a crop of `size` pixels.
/// Sampled bilinearly from the full frame. Landmarks that span no area give a black crop, which embeds to
/// a template that matches nobody.
pub fn align(frame: &Frame, face: &Face, points: &[[f32; 2]; 5], size: u32) -> Crop {
    let rgb = match Similarity::estimate(&face.landmarks, points) {
        Some(to_crop) => warp(frame, &to_crop.inverse(), size, size, Outside::Black),
        None => vec![0; size as usize * size as usize * 3],
    };
    Crop { size, rgb }
}

/// The part of the frame that [`align`] reads: left, top, right, bottom. `None` when the landmarks span no area.
pub fn reach(face: &Face, points: &[[f32; 2]; 5], size: u32) -> Option<[f32; 4]> {
    let back = Similarity::estimate(&face.landmarks, points)?.inverse();
    let side = size as f32;
    let corners = [[0.0, 0.0], [side, 0.0], [0.0, side], [side, side]].map(|c| back.apply(c));
    let least = |axis: usize| {
        corners
            .iter()
            .map(|c| c[axis])
            .fold(f32::INFINITY, f32::min)
    };
    let most = |axis: usize| {
        corners
            .iter()
            .map(|c| c[axis])
            .fold(f32::NEG_INFINITY, f32::max)
    };
    Some([least(0), least(1), most(0), most(1)])
}

/// The five ArcFace places for a crop of `size` pixels.
pub fn arcface_points(size: u32) -> [[f32; 2]; 5] {
    ARCFACE_112.map(|p| p.map(|v| v * size as f32 / 112.0))
}

/// A 480 x 600 picture of one face for people to look at, eyes always at (180, 250) and (300, 250).
/// Places outside the frame are filled with the grey of the nearest border pixel, so that nothing invented
/// looks like skin or background.
pub fn portrait(frame: &Frame, face: &Face) -> Frame {
    let (width, height) = PORTRAIT;
    let eyes = [face.landmarks[0], face.landmarks[1]];
    let rgb = match Similarity::estimate(&eyes, &PORTRAIT_EYES) {
        Some(to_portrait) => {
            let back = to_portrait.inverse();
            // Shrinking by more than two would skip source pixels: sample finer and average.
            let over = back.scale().ceil().clamp(1.0, 4.0) as u32;
            supersampled(frame, &back, width, height, over)
        }
        None => vec![128; width as usize * height as usize * 3],
    };
    Frame { width, height, rgb }
}

fn supersampled(frame: &Frame, back: &Similarity, width: u32, height: u32, over: u32) -> Vec<u8> {
    if over == 1 {
        return warp(frame, back, width, height, Outside::EdgeGrey);
    }
    let step = 1.0 / over as f32;
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let mut sum = [0.0f32; 3];
            for j in 0..over {
                for i in 0..over {
                    let offset = |k: u32| (k as f32 + 0.5) * step - 0.5;
                    let at = back.apply([x as f32 + offset(i), y as f32 + offset(j)]);
                    let colour = sample(frame, at, Outside::EdgeGrey);
                    sum.iter_mut().zip(colour).for_each(|(s, c)| *s += c);
                }
            }
            rgb.extend(sum.map(|s| (s * step * step + 0.5) as u8));
        }
    }
    rgb
}

fn warp(frame: &Frame, back: &Similarity, width: u32, height: u32, outside: Outside) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let colour = sample(frame, back.apply([x as f32, y as f32]), outside);
            rgb.extend(colour.map(|c| (c + 0.5) as u8));
        }
    }
    rgb
}

fn sample(frame: &Frame, [x, y]: [f32; 2], outside: Outside) -> [f32; 3] {
    let (right, bottom) = (frame.width as f32, frame.height as f32);
    let beyond = x <= -1.0 || y <= -1.0 || x >= right || y >= bottom;
    if let (true, Outside::Black) = (beyond, outside) {
        return [0.0; 3];
    }
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = (x - x0, y - y0);
    let (x0, y0) = (x0 as i64, y0 as i64);
    if let (true, Outside::EdgeGrey) = (beyond, outside) {
        let [r, g, b] = frame.pixel(x0, y0).map(f32::from);
        return [luma(r, g, b); 3];
    }
    let at = |dx: i64, dy: i64| {
        let (px, py) = (x0 + dx, y0 + dy);
        let inside =
            px >= 0 && py >= 0 && px < i64::from(frame.width) && py < i64::from(frame.height);
        match (inside, outside) {
            (false, Outside::Black) => [0.0; 3],
            _ => frame.pixel(px, py).map(f32::from),
        }
    };
    let (p, q, r, s) = (at(0, 0), at(1, 0), at(0, 1), at(1, 1));
    std::array::from_fn(|c| {
        let top = p[c] + (q[c] - p[c]) * fx;
        let low = r[c] + (s[c] - r[c]) * fx;
        top + (low - top) * fy
    })
}

/// Brightness as the eye weighs it (ITU-R BT.601), in the unit of its inputs.
pub(crate) fn luma(r: f32, g: f32, b: f32) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn face_at(landmarks: [[f32; 2]; 5]) -> Face {
        Face {
            bbox: [0.0, 0.0, 100.0, 100.0],
            landmarks,
            score: 0.9,
        }
    }

    proptest! {
        #[test]
        fn recovers_a_known_similarity(angle in -3.1f32..3.1, scale in 0.05f32..20.0, tx in -500f32..500.0, ty in -500f32..500.0) {
            let known = Similarity { a: scale * angle.cos(), b: scale * angle.sin(), tx, ty };
            let to = ARCFACE_112.map(|p| known.apply(p));
            let found = Similarity::estimate(&ARCFACE_112, &to).unwrap();
            for p in ARCFACE_112 {
                let (want, got) = (known.apply(p), found.apply(p));
                prop_assert!((want[0] - got[0]).abs() < 0.02 && (want[1] - got[1]).abs() < 0.02);
                let back = found.inverse().apply(got);
                prop_assert!((back[0] - p[0]).abs() < 0.05 && (back[1] - p[1]).abs() < 0.05);
            }
        }
    }

    #[test]
    fn degenerate_points_give_no_transform() {
        assert!(Similarity::estimate(&[[5.0, 5.0]; 5], &ARCFACE_112).is_none());
        assert!(Similarity::estimate(&[[f32::NAN; 2]; 5], &ARCFACE_112).is_none());
        let frame = Frame::filled(20, 20, [9, 9, 9]);
        assert_eq!(
            align(&frame, &face_at([[1.0, 1.0]; 5]), &ARCFACE_112, 112).rgb,
            vec![0; 112 * 112 * 3]
        );
        assert_eq!(
            portrait(&frame, &face_at([[f32::NAN; 2]; 5])).rgb.len(),
            480 * 600 * 3
        );
    }

    #[test]
    fn aligned_face_is_the_frame_itself_when_already_in_place() {
        let mut frame = Frame::filled(112, 112, [0, 0, 0]);
        for (i, v) in frame.rgb.iter_mut().enumerate() {
            *v = (i * 7 % 251) as u8;
        }
        assert_eq!(
            align(&frame, &face_at(ARCFACE_112), &ARCFACE_112, 112).rgb,
            frame.rgb
        );
    }

    #[test]
    fn portrait_puts_the_eyes_in_place_and_fills_with_grey() {
        let mut frame = Frame::filled(200, 200, [200, 40, 40]);
        let mut mark =
            |x: usize, y: usize| frame.rgb[(y * 200 + x) * 3..][..3].copy_from_slice(&[0, 255, 0]);
        for (x, y) in [
            (80, 100),
            (81, 100),
            (80, 101),
            (81, 101),
            (79, 100),
            (80, 99),
        ] {
            mark(x, y);
        }
        let points = [
            [80.0, 100.0],
            [120.0, 100.0],
            [100.0, 120.0],
            [85.0, 140.0],
            [115.0, 140.0],
        ];
        let out = portrait(&frame, &face_at(points));
        assert_eq!(out.pixel(180, 250), [0, 255, 0]);
        let corner = out.pixel(0, 400);
        assert_eq!(corner, [200, 40, 40], "inside the frame the colour stays");
        let small = portrait(
            &Frame::filled(50, 50, [200, 40, 40]),
            &face_at([
                [15.0, 20.0],
                [35.0, 20.0],
                [25.0, 25.0],
                [21.0, 30.0],
                [29.0, 30.0],
            ]),
        );
        let [r, g, b] = small.pixel(0, 599);
        assert!(r == g && g == b, "outside the frame it is grey");
    }
}
