//! Pixels and faces: a camera frame, a found face and the aligned crop a recogniser reads.
//! These hold people's faces: they are moved, never copied, print no pixels and wipe their memory when dropped.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// An RGB8 picture, row-major, three bytes a pixel.
pub struct Frame {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

impl Frame {
    /// A frame around `rgb`; `None` when the length is not `width * height * 3` or a side is zero.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Option<Self> {
        let bytes = (width as usize)
            .checked_mul(height as usize)?
            .checked_mul(3)?;
        (bytes > 0 && bytes == rgb.len()).then_some(Frame { width, height, rgb })
    }

    /// A frame of one colour.
    pub fn filled(width: u32, height: u32, colour: [u8; 3]) -> Self {
        let pixels = width as usize * height as usize;
        Frame {
            width,
            height,
            rgb: colour.repeat(pixels),
        }
    }

    /// Takes the bytes out, so that a buffer can be used again for the next frame.
    pub fn into_rgb(mut self) -> Vec<u8> {
        std::mem::take(&mut self.rgb)
    }

    /// The colour at a column and row, clamped to the border.
    pub(crate) fn pixel(&self, x: i64, y: i64) -> [u8; 3] {
        let x = x.clamp(0, i64::from(self.width) - 1) as usize;
        let y = y.clamp(0, i64::from(self.height) - 1) as usize;
        let at = (y * self.width as usize + x) * 3;
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        self.rgb.zeroize();
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({}x{})", self.width, self.height)
    }
}

/// A face found in a frame, in that frame's pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Face {
    /// Left, top, width, height.
    pub bbox: [f32; 4],
    /// Image-left eye, image-right eye, nose tip, image-left and image-right mouth corner (ArcFace order).
    pub landmarks: [[f32; 2]; 5],
    /// How sure the detector is, 0 to 1.
    pub score: f32,
}

impl Face {
    /// Pixels between the eyes.
    pub fn eye_distance(&self) -> f32 {
        let [left, right, ..] = self.landmarks;
        (right[0] - left[0]).hypot(right[1] - left[1])
    }

    /// The share of the box that lies inside a frame of this size, 0 to 1.
    pub fn share_inside(&self, width: u32, height: u32) -> f32 {
        let [x, y, w, h] = self.bbox;
        if w <= 0.0 || h <= 0.0 {
            return 0.0;
        }
        let across = (x + w).min(width as f32) - x.max(0.0);
        let down = (y + h).min(height as f32) - y.max(0.0);
        (across.max(0.0) * down.max(0.0)) / (w * h)
    }
}

/// An aligned square face, RGB8 row-major: the recogniser's input before normalisation.
pub struct Crop {
    /// Pixels a side; the pack says which (112 or 150).
    pub size: u32,
    /// `size * size * 3` bytes.
    pub rgb: Vec<u8>,
}

impl Drop for Crop {
    fn drop(&mut self) {
        self.rgb.zeroize();
    }
}

impl fmt::Debug for Crop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crop({0}x{0})", self.size)
    }
}
