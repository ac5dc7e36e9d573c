//! Pictures out of a byte stream of ffmpeg's `pgmyuv`: each is a PGM (binary `P5`, 8 bit) half as high again as the
//! picture, with its colours below its brightness. Bounded: an absurd size is refused before a
//! byte is allocated for it, and buffers are used again so that frames are not copied and memory stays flat.

use std::io::{BufRead, Read};

use tapal_vision::Picture;
use zeroize::Zeroize;

use super::source::MOST_PIXELS;

/// Why no further frame can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadEnd {
    /// The stream ended between or within pictures.
    End,
    /// The bytes are no such picture.
    NotAPicture,
    /// The picture is larger than [`MOST_PIXELS`].
    TooLarge,
}

/// Reads the next picture into `buffer`, which becomes the picture's.
pub fn next_picture(stream: &mut impl BufRead, mut buffer: Vec<u8>) -> Result<Picture, ReadEnd> {
    let mut magic = [0; 2];
    stream.read_exact(&mut magic).map_err(|_| ReadEnd::End)?;
    if &magic != b"P5" {
        return Err(ReadEnd::NotAPicture);
    }
    let (width, rows, depth) = (number(stream)?, number(stream)?, number(stream)?);
    if depth != 255 || width == 0 || rows == 0 || rows % 3 != 0 {
        return Err(ReadEnd::NotAPicture);
    }
    let height = rows / 3 * 2;
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(ReadEnd::TooLarge);
    }
    buffer.resize(width as usize * rows as usize, 0);
    if stream.read_exact(&mut buffer).is_err() {
        buffer.zeroize();
        return Err(ReadEnd::End);
    }
    Picture::new(width, height, buffer).ok_or(ReadEnd::NotAPicture)
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
        let got = next_picture(&mut &bytes[..], Vec::new()).map(|p| (p.width(), p.height()));
        assert_eq!(got, expect, "{:?}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn pictures_are_read_and_nonsense_is_not() {
        check(b"P5\n2 3\n255\nabcdef", Ok((2, 2)));
        check(b"P5\n2 3\n255\nabcdefP5 more", Ok((2, 2)));
        check(b"", Err(ReadEnd::End));
        check(b"P5\n2 3\n255\nabc", Err(ReadEnd::End));
        check(b"P5\n0 3\n255\n", Err(ReadEnd::NotAPicture));
        check(b"P5\n2 3\n65535\nabcdef", Err(ReadEnd::NotAPicture));
        check(b"P6\n2 1\n255\nabcdef", Err(ReadEnd::NotAPicture));
        // A plain PGM, and sides that cannot be halved.
        check(b"P5\n2 1\n255\nab", Err(ReadEnd::NotAPicture));
        check(b"P5\n1 3\n255\nabc", Err(ReadEnd::NotAPicture));
        check(b"P5\n99999 99999\n255\n", Err(ReadEnd::TooLarge));
        check(b"P5\n9999999 1\n255\n", Err(ReadEnd::NotAPicture));
        check(b"P5  -", Err(ReadEnd::NotAPicture));
    }

    #[test]
    fn a_size_change_in_mid_stream_is_followed_and_buffers_are_used_again() {
        let mut stream: &[u8] = b"P5\n4 3\n255\nabcdefghijklP5\n2 3\n255\nuvwxyz";
        let first = next_picture(&mut stream, Vec::with_capacity(64)).unwrap();
        assert_eq!((first.width(), first.luma()), (4, &b"abcdefgh"[..]));
        let second = next_picture(&mut stream, first.into_bytes()).unwrap();
        assert_eq!((second.width(), second.luma()), (2, &b"uvwx"[..]));
        let bytes = second.into_bytes();
        assert_eq!((bytes.as_slice(), bytes.capacity()), (&b"uvwxyz"[..], 64));
    }
}
