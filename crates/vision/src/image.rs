//! Photographs from outside: JPEG and PNG bytes to pixels and back, with limits checked before decoding.
//! Hostile bytes give an error, never a panic and never more memory than the limits allow.

use std::io::Cursor;

use png::{ColorType, Transformations};
use serde::{Deserialize, Serialize};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::frame::Frame;

/// What is accepted. All are checked from the header, before any pixel is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageLimits {
    /// Largest file.
    pub bytes: usize,
    /// Longest side in pixels.
    pub side: u32,
    /// Most pixels.
    pub pixels: u64,
}

impl Default for ImageLimits {
    /// 32 MiB, 12,000 pixels a side, 25 megapixels: any camera or scanner, no bomb.
    fn default() -> Self {
        ImageLimits {
            bytes: 32 << 20,
            side: 12_000,
            pixels: 25_000_000,
        }
    }
}

/// Why a picture was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Not a JPEG or PNG.
    #[error(
        "this is neither a JPEG nor a PNG picture. Save the photograph as JPEG or PNG and try again"
    )]
    Unknown,
    /// The file is too large.
    #[error(
        "the file has {bytes} bytes, at most {limit} are taken. Save the photograph smaller and try again"
    )]
    TooManyBytes {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The picture is too large.
    #[error(
        "the picture is {width} x {height} pixels, at most {pixels} pixels and {side} a side are taken. Save it smaller and try again"
    )]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// The pixel limit.
        pixels: u64,
        /// The side limit.
        side: u32,
    },
    /// Truncated or damaged.
    #[error("the picture is damaged or cut short ({0}). Export or scan it again")]
    Damaged(String),
}

/// Reads a JPEG or PNG to upright RGB (EXIF orientation honoured, transparency laid over white).
/// Memory stays under about 12 bytes a pixel within `limits`.
pub fn decode_image(bytes: &[u8], limits: &ImageLimits) -> Result<Frame, ImageError> {
    if bytes.len() > limits.bytes {
        return Err(ImageError::TooManyBytes {
            bytes: bytes.len(),
            limit: limits.bytes,
        });
    }
    match bytes {
        [0xff, 0xd8, 0xff, ..] => decode_jpeg(bytes, limits),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => decode_png(bytes, limits),
        _ => Err(ImageError::Unknown),
    }
}

fn within(width: u32, height: u32, limits: &ImageLimits) -> Result<(), ImageError> {
    let pixels = u64::from(width) * u64::from(height);
    if width == 0 || height == 0 {
        return Err(ImageError::Damaged("it has no pixels".into()));
    }
    if width > limits.side || height > limits.side || pixels > limits.pixels {
        return Err(ImageError::TooLarge {
            width,
            height,
            pixels: limits.pixels,
            side: limits.side,
        });
    }
    Ok(())
}

fn framed(width: u32, height: u32, rgb: Vec<u8>) -> Result<Frame, ImageError> {
    Frame::new(width, height, rgb).ok_or_else(|| ImageError::Damaged("pixels are missing".into()))
}

fn decode_jpeg(bytes: &[u8], limits: &ImageLimits) -> Result<Frame, ImageError> {
    let damaged = |e: zune_jpeg::errors::DecodeErrors| ImageError::Damaged(e.to_string());
    let options = DecoderOptions::new_safe()
        .set_strict_mode(true)
        .set_max_width(u16::MAX.into())
        .set_max_height(u16::MAX.into())
        .jpeg_set_max_scans(64)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let info = decoder
        .info()
        .ok_or_else(|| ImageError::Damaged("it has no header".into()))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    within(width, height, limits)?;
    let rgb = decoder.decode().map_err(damaged)?;
    let turn = decoder.exif().map_or(1, |raw| orientation(raw));
    Ok(upright(framed(width, height, rgb)?, turn))
}

fn decode_png(bytes: &[u8], limits: &ImageLimits) -> Result<Frame, ImageError> {
    let damaged = |e: png::DecodingError| ImageError::Damaged(e.to_string());
    let budget = usize::try_from(limits.pixels.saturating_mul(8)).unwrap_or(usize::MAX);
    let mut decoder =
        png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: budget });
    // Compressed text and colour profiles are where bombs hide; we need neither.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let header = decoder.read_header_info().map_err(damaged)?;
    within(header.width, header.height, limits)?;
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = reader.info().size();
    let turn = reader
        .info()
        .exif_metadata
        .as_deref()
        .map_or(1, orientation);
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| ImageError::Damaged("its size is absurd".into()))?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels).map_err(damaged)?;
    pixels.truncate(info.buffer_size());
    let over_white =
        |v: u8, alpha: u8| (u32::from(v) * u32::from(alpha) / 255 + 255 - u32::from(alpha)) as u8;
    let rgb = match info.color_type {
        ColorType::Rgb => pixels,
        ColorType::Grayscale => pixels.iter().flat_map(|v| [*v; 3]).collect(),
        ColorType::GrayscaleAlpha => pixels
            .chunks_exact(2)
            .flat_map(|p| [over_white(p[0], p[1]); 3])
            .collect(),
        ColorType::Rgba => pixels
            .chunks_exact(4)
            .flat_map(|p| [p[0], p[1], p[2]].map(|v| over_white(v, p[3])))
            .collect(),
        ColorType::Indexed => return Err(ImageError::Damaged("its palette is missing".into())),
    };
    Ok(upright(framed(width, height, rgb)?, turn))
}

/// The EXIF orientation, 1 to 8; 1 when it is absent or unreadable.
fn orientation(raw: &[u8]) -> u32 {
    let raw = raw.strip_prefix(b"Exif\0\0").unwrap_or(raw).to_vec();
    let read = exif::Reader::new().read_raw(raw).ok();
    let field = read
        .as_ref()
        .and_then(|e| e.get_field(exif::Tag::Orientation, exif::In::PRIMARY));
    field
        .and_then(|f| f.value.get_uint(0))
        .filter(|v| (1..=8).contains(v))
        .unwrap_or(1)
}

/// Turns and mirrors a picture so that up is up (EXIF orientation 1 to 8).
fn upright(frame: Frame, orientation: u32) -> Frame {
    if orientation == 1 {
        return frame;
    }
    let (w, h) = (i64::from(frame.width), i64::from(frame.height));
    let (width, height) = if orientation >= 5 { (h, w) } else { (w, h) };
    let mut rgb = Vec::with_capacity(frame.rgb.len());
    for y in 0..height {
        for x in 0..width {
            let (sx, sy) = match orientation {
                2 => (w - 1 - x, y),
                3 => (w - 1 - x, h - 1 - y),
                4 => (x, h - 1 - y),
                5 => (y, x),
                6 => (y, h - 1 - x),
                7 => (w - 1 - y, h - 1 - x),
                _ => (w - 1 - y, x),
            };
            rgb.extend(frame.pixel(sx, sy));
        }
    }
    Frame {
        width: width as u32,
        height: height as u32,
        rgb,
    }
}

/// Writes a JPEG. `quality` 1 to 100; 90 for evidence. A frame JPEG cannot hold (a side over 65,535) gives
/// no bytes.
pub fn encode_jpeg(frame: &Frame, quality: u8) -> Vec<u8> {
    let (Ok(width), Ok(height)) = (u16::try_from(frame.width), u16::try_from(frame.height)) else {
        return Vec::new();
    };
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, quality.clamp(1, 100));
    match encoder.encode(&frame.rgb, width, height, jpeg_encoder::ColorType::Rgb) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
