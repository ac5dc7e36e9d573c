//! A camera's picture as decoders give it: brightness at every pixel, colour at every second one (YUV 4:2:0). Faces are
//! found in a small RGB copy, and only the patch around a face ever becomes RGB at full size.
//! It shows people: moved, never copied whole, prints no pixels, wiped when dropped.

use std::fmt;

use fast_image_resize as fir;
use zeroize::Zeroize;

use crate::frame::Frame;

/// A YUV 4:2:0 picture, 8 bit, ITU-R BT.601 matrix, brightness 16..235 (what ffmpeg's `yuv420p` means).
/// Layout of ffmpeg's `pgmyuv`: `height` rows of Y, then `height / 2` rows that hold U in their left and V in their right half.
pub struct Picture {
    width: u32,
    height: u32,
    bytes: Vec<u8>,
}

impl Picture {
    /// A picture around `bytes`; `None` when a side is odd or zero, or the length is not `width * height * 3 / 2`.
    pub fn new(width: u32, height: u32, bytes: Vec<u8>) -> Option<Self> {
        let pixels = (width as usize).checked_mul(height as usize)?;
        let even = width.is_multiple_of(2) && height.is_multiple_of(2);
        (even && pixels > 0 && bytes.len() == pixels.checked_mul(3)? / 2).then_some(Picture {
            width,
            height,
            bytes,
        })
    }

    /// The same from RGB, an odd last row or column left out: drawn pictures take a camera's way in tests.
    pub fn of(frame: &Frame) -> Self {
        let (width, height) = (frame.width & !1, frame.height & !1);
        let mut bytes = Vec::with_capacity((width * height) as usize * 3 / 2);
        let weigh = |p: [u8; 3], k: [i32; 3], from: i32| {
            let sum: i32 = p.iter().zip(k).map(|(v, k)| i32::from(*v) * k).sum();
            ((sum + 128) / 256 + from).clamp(0, 255) as u8
        };
        for y in 0..i64::from(height) {
            bytes
                .extend((0..i64::from(width)).map(|x| weigh(frame.pixel(x, y), [66, 129, 25], 16)));
        }
        for y in (0..i64::from(height)).step_by(2) {
            for k in [[-38, -74, 112], [112, -94, -18]] {
                let line = (0..i64::from(width)).step_by(2);
                bytes.extend(line.map(|x| weigh(frame.pixel(x, y), k, 128)));
            }
        }
        Picture {
            width,
            height,
            bytes,
        }
    }

    /// Columns.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Brightness, row-major, `width * height` bytes.
    pub fn luma(&self) -> &[u8] {
        &self.bytes[..self.width as usize * self.height as usize]
    }

    /// Takes the bytes out, so that a buffer can be used again for the next picture.
    pub fn into_bytes(mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    fn chroma(&self) -> &[u8] {
        &self.bytes[self.width as usize * self.height as usize..]
    }

    /// The pixels from `x0`, `y0` up to but not including `x1`, `y1`, as RGB; parts outside the picture are left out.
    /// `None` when nothing is left.
    pub fn patch(&self, [x0, y0, x1, y1]: [u32; 4]) -> Option<Frame> {
        let (x1, y1) = (x1.min(self.width) as usize, y1.min(self.height) as usize);
        let (x0, y0, width) = (x0 as usize, y0 as usize, self.width as usize);
        if x0 >= x1 || y0 >= y1 {
            return None;
        }
        let (luma, chroma) = (self.luma(), self.chroma());
        let mut rgb = vec![0; (x1 - x0) * (y1 - y0) * 3];
        for (y, out) in (y0..y1).zip(rgb.chunks_exact_mut((x1 - x0) * 3)) {
            let line = &luma[y * width + x0..y * width + x1];
            let (u, v) = chroma[y / 2 * width..(y / 2 + 1) * width].split_at(width / 2);
            for (i, (l, pixel)) in line.iter().zip(out.chunks_exact_mut(3)).enumerate() {
                let at = (x0 + i) / 2;
                pixel.copy_from_slice(&colour(*l, u[at], v[at]));
            }
        }
        Frame::new((x1 - x0) as u32, (y1 - y0) as u32, rgb)
    }

    /// The whole picture in RGB at `width` x `height` (antialiased). `None` when a side is zero.
    pub fn shrunk(&self, resizer: &mut fir::Resizer, width: u32, height: u32) -> Option<Frame> {
        if (width, height) == (self.width, self.height) {
            return self.patch([0, 0, width, height]);
        }
        let (w, h) = (self.width, self.height);
        let half = |left: f64| Some([left, f64::from(w / 2), f64::from(h / 2)]);
        let y = plane(resizer, self.luma(), [w, h], None, [width, height])?;
        let u = plane(
            resizer,
            self.chroma(),
            [w, h / 2],
            half(0.0),
            [width, height],
        )?;
        let right = half(f64::from(w / 2));
        let v = plane(resizer, self.chroma(), [w, h / 2], right, [width, height])?;
        let mut rgb = vec![0; y.len() * 3];
        let colours = y.iter().zip(&u).zip(&v);
        for (pixel, ((y, u), v)) in rgb.chunks_exact_mut(3).zip(colours) {
            pixel.copy_from_slice(&colour(*y, *u, *v));
        }
        Frame::new(width, height, rgb)
    }
}

/// One plane at another size; `part`: left edge, width and height of the part that counts.
fn plane(
    resizer: &mut fir::Resizer,
    bytes: &[u8],
    [width, height]: [u32; 2],
    part: Option<[f64; 3]>,
    to: [u32; 2],
) -> Option<Vec<u8>> {
    let source = fir::images::ImageRef::new(width, height, bytes, fir::PixelType::U8).ok()?;
    let mut out = fir::images::Image::new(to[0], to[1], fir::PixelType::U8);
    let mut how = fir::ResizeOptions::new()
        .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
    if let Some([left, width, height]) = part {
        how = how.crop(left, 0.0, width, height);
    }
    resizer.resize(&source, &mut out, &how).ok()?;
    Some(out.into_vec())
}

/// ITU-R BT.601, in 1/256.
#[inline]
fn colour(y: u8, u: u8, v: u8) -> [u8; 3] {
    let c = (i32::from(y) - 16) * 298 + 128;
    let (d, e) = (i32::from(u) - 128, i32::from(v) - 128);
    let byte = |v: i32| (v >> 8).clamp(0, 255) as u8;
    [
        byte(c + 409 * e),
        byte(c - 100 * d - 208 * e),
        byte(c + 516 * d),
    ]
}

impl Drop for Picture {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Left half one colour, right half another.
    fn halves(width: u32, height: u32, colours: [[u8; 3]; 2]) -> Frame {
        let mut frame = Frame::filled(width, height, colours[0]);
        for (i, pixel) in frame.rgb.chunks_exact_mut(3).enumerate() {
            if i as u32 % width >= width / 2 {
                pixel.copy_from_slice(&colours[1]);
            }
        }
        frame
    }

    fn near(got: &Frame, x: i64, y: i64, want: [u8; 3]) {
        let off = got
            .pixel(x, y)
            .iter()
            .zip(want)
            .any(|(a, b)| a.abs_diff(b) > 4);
        assert!(!off, "{:?} at {x}, {y}, wanted {want:?}", got.pixel(x, y));
    }

    #[test]
    fn colours_survive_the_way_there_and_back() {
        let colours = [[250, 112, 75], [20, 60, 200]];
        let picture = Picture::of(&halves(64, 48, colours));
        let patch = picture.patch([20, 11, 44, 21]).unwrap();
        assert_eq!((patch.width, patch.height), (24, 10));
        near(&patch, 0, 0, colours[0]);
        near(&patch, 11, 9, colours[0]);
        near(&patch, 12, 0, colours[1]);
        let small = picture.shrunk(&mut fir::Resizer::new(), 16, 12).unwrap();
        near(&small, 2, 6, colours[0]);
        near(&small, 13, 6, colours[1]);
        let same = picture.shrunk(&mut fir::Resizer::new(), 64, 48).unwrap();
        near(&same, 40, 40, colours[1]);
    }

    #[test]
    fn a_patch_ends_where_the_picture_ends() {
        let picture = Picture::of(&Frame::filled(8, 6, [90; 3]));
        let size = |part| picture.patch(part).map(|p| (p.width, p.height));
        assert_eq!(size([4, 2, 99, 99]), Some((4, 4)));
        assert_eq!(size([8, 0, 99, 99]), None);
        assert_eq!(size([3, 3, 3, 5]), None);
        assert_eq!(size([5, 1, 2, 5]), None);
    }

    #[test]
    fn only_whole_pictures_are_taken() {
        let check = |w, h, n: usize, want| {
            assert_eq!(Picture::new(w, h, vec![0; n]).is_some(), want, "{w}x{h}");
        };
        check(4, 2, 12, true);
        check(4, 2, 11, false);
        check(3, 2, 9, false);
        check(4, 3, 18, false);
        check(0, 0, 0, false);
        check(u32::MAX, u32::MAX, 0, false);
    }
}
