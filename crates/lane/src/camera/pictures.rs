//! Frames out of a byte stream of PPM pictures (binary `P6`, 8 bit). Bounded: an absurd size is refused before a
//! byte is allocated for it, and buffers are used again so that frames are not copied and memory stays flat.

use std::io::{BufRead, Read};

use tapal_vision::Frame;
use zeroize::Zeroize;

use super::source::MOST_PIXELS;

/// Why no further frame can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadEnd {
    /// The stream ended between or within pictures.
    End,
    /// The bytes are no PPM picture.
    NotAPicture,
    /// The picture is larger than [`MOST_PIXELS`].
    TooLarge,
}

/// Reads the next picture into `buffer`, which becomes the frame's.
pub fn next_frame(stream: &mut impl BufRead, mut buffer: Vec<u8>) -> Result<Frame, ReadEnd> {
    let mut magic = [0; 2];
    stream.read_exact(&mut magic).map_err(|_| ReadEnd::End)?;
    if &magic != b"P6" {
        return Err(ReadEnd::NotAPicture);
    }
    let (width, height, depth) = (number(stream)?, number(stream)?, number(stream)?);
    if depth != 255 || width == 0 || height == 0 {
        return Err(ReadEnd::NotAPicture);
    }
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(ReadEnd::TooLarge);
    }
    buffer.resize(width as usize * height as usize * 3, 0);
    if stream.read_exact(&mut buffer).is_err() {
        buffer.zeroize();
        return Err(ReadEnd::End);
    }
    Frame::new(width, height, buffer).ok_or(ReadEnd::NotAPicture)
}

/// A decimal number after white space, and the one white space byte behind it.
fn number(stream: &mut impl Read) -> Result<u32, ReadEnd> {
    let (mut value, mut digits, mut seen) = (0u32, 0, 0);
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).map_err(|_| ReadEnd::End)?;
        seen += 1;
        match byte[0] {
            digit @ b'0'..=b'9' if digits < 6 => {
                value = value * 10 + u32::from(digit - b'0');
                digits += 1;
            }
            b' ' | b'\n' | b'\r' | b'\t' if digits > 0 => return Ok(value),
            b' ' | b'\n' | b'\r' | b'\t' if seen < 16 => {}
            _ => return Err(ReadEnd::NotAPicture),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: Result<(u32, u32), ReadEnd>) {
        let got = next_frame(&mut &bytes[..], Vec::new()).map(|f| (f.width, f.height));
        assert_eq!(got, expect, "{:?}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn pictures_are_read_and_nonsense_is_not() {
        check(b"P6\n2 1\n255\nabcdef", Ok((2, 1)));
        check(b"", Err(ReadEnd::End));
        check(b"P6\n2 1\n255\nabc", Err(ReadEnd::End));
        check(b"P6\n0 1\n255\n", Err(ReadEnd::NotAPicture));
        check(b"P6\n2 1\n65535\nabcdef", Err(ReadEnd::NotAPicture));
        check(b"P5\n2 1\n255\nab", Err(ReadEnd::NotAPicture));
        check(b"P6\n99999 99999\n255\n", Err(ReadEnd::TooLarge));
        check(b"P6\n9999999 1\n255\n", Err(ReadEnd::NotAPicture));
        check(b"P6  -", Err(ReadEnd::NotAPicture));
    }

    #[test]
    fn a_size_change_in_mid_stream_is_followed_and_buffers_are_used_again() {
        let mut stream: &[u8] = b"P6\n2 1\n255\nabcdefP6\n1 1\n255\nxyz";
        let first = next_frame(&mut stream, Vec::with_capacity(64)).unwrap();
        let second = next_frame(&mut stream, first.into_rgb()).unwrap();
        assert_eq!(
            (second.width, second.rgb.as_slice(), second.rgb.capacity()),
            (1, &b"xyz"[..], 64)
        );
    }
}
