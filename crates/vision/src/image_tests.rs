//! Pictures from outside, honest and hostile.

use std::io::Write;

use super::*;

fn picture(width: u32, height: u32) -> Frame {
    let mut frame = Frame::filled(width, height, [40, 90, 160]);
    for (i, pixel) in frame.rgb.chunks_exact_mut(3).enumerate() {
        pixel[0] = (i as u32 % width * 255 / width) as u8;
        pixel[1] = (i as u32 / width * 255 / height) as u8;
    }
    frame
}

fn png_of(frame: &Frame, chunks: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, frame.width, frame.height);
    encoder.set_color(ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    for (name, data) in chunks {
        writer
            .write_chunk(png::chunk::ChunkType(*name), data)
            .unwrap();
    }
    writer.write_image_data(&frame.rgb).unwrap();
    writer.finish().unwrap();
    bytes
}

fn decode(bytes: &[u8]) -> Result<Frame, ImageError> {
    decode_image(bytes, &ImageLimits::default())
}

#[test]
fn jpeg_and_png_come_back() {
    let frame = picture(64, 48);
    assert_eq!(decode(&png_of(&frame, &[])).unwrap().rgb, frame.rgb);
    let back = decode(&encode_jpeg(&frame, 95)).unwrap();
    assert_eq!((back.width, back.height), (64, 48));
    let worst = back
        .rgb
        .iter()
        .zip(&frame.rgb)
        .map(|(a, b)| a.abs_diff(*b))
        .max()
        .unwrap();
    assert!(worst < 24, "{worst}");
}

/// A JPEG with one EXIF segment that holds an orientation.
fn turned(frame: &Frame, orientation: u8) -> Vec<u8> {
    let plain = encode_jpeg(frame, 95);
    let tiff = [
        0x4d,
        0x4d,
        0,
        42,
        0,
        0,
        0,
        8,
        0,
        1,
        0x01,
        0x12,
        0,
        3,
        0,
        0,
        0,
        1,
        0,
        orientation,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    let length = (2 + 6 + tiff.len()) as u16;
    let mut bytes = plain[..2].to_vec();
    bytes.extend([0xff, 0xe1]);
    bytes.extend(length.to_be_bytes());
    bytes.extend(b"Exif\0\0");
    bytes.extend(tiff);
    bytes.extend(&plain[2..]);
    bytes
}

#[test]
fn orientation_is_honoured() {
    // One red corner; where it must end up for each orientation of a 32 x 16 picture.
    let mut frame = Frame::filled(32, 16, [0, 0, 255]);
    for y in 0..8usize {
        for x in 0..8usize {
            frame.rgb[(y * 32 + x) * 3..][..3].copy_from_slice(&[255, 0, 0]);
        }
    }
    let check = |orientation: u8, right: bool, bottom: bool| {
        let out = decode(&turned(&frame, orientation)).unwrap();
        let (w, h) = (i64::from(out.width), i64::from(out.height));
        assert_eq!(
            (w, h),
            if orientation >= 5 { (16, 32) } else { (32, 16) },
            "{orientation}"
        );
        let at = |right: bool, bottom: bool| {
            out.pixel(
                if right { w - 3 } else { 2 },
                if bottom { h - 3 } else { 2 },
            )
        };
        for (r, b) in [(false, false), (true, false), (false, true), (true, true)] {
            let red = at(r, b)[0] > 180;
            assert_eq!(red, (r, b) == (right, bottom), "{orientation}: {r} {b}");
        }
    };
    check(1, false, false);
    check(2, true, false);
    check(3, true, true);
    check(4, false, true);
    check(5, false, false);
    check(6, true, false);
    check(7, true, true);
    check(8, false, true);
}

#[test]
fn a_hundred_megapixel_header_is_refused_before_decoding() {
    let mut jpeg = encode_jpeg(&picture(16, 16), 90);
    let at = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap() + 5;
    jpeg[at..at + 4].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
    assert!(matches!(
        decode(&jpeg),
        Err(ImageError::TooLarge {
            width: 10_000,
            height: 10_000,
            ..
        })
    ));
    jpeg[at..at + 4].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    assert!(matches!(decode(&jpeg), Err(ImageError::TooLarge { .. })));
    let mut png = png_of(&picture(16, 16), &[]);
    png[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
    assert!(decode(&png).is_err());
}

#[test]
fn a_text_bomb_does_not_inflate() {
    // 64 MiB of zeros behind each of the compressed chunks: were one inflated, decoding would take seconds.
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&vec![0u8; 64 << 20]).unwrap();
    let packed = packer.finish().unwrap();
    let chunk = |head: &[u8]| [head, &packed].concat();
    let chunks = [
        (*b"zTXt", chunk(b"Comment\0\0")),
        (*b"iTXt", chunk(b"Comment\0\x01\0\0\0")),
        (*b"iCCP", chunk(b"profile\0\0")),
    ];
    let begun = std::time::Instant::now();
    let frame = picture(16, 16);
    let back = decode(&png_of(&frame, &chunks)).unwrap();
    assert_eq!(back.rgb, frame.rgb);
    assert!(begun.elapsed().as_millis() < 2_000);
}

#[test]
fn cut_and_garbled_pictures_are_errors() {
    for whole in [
        encode_jpeg(&picture(64, 48), 90),
        png_of(&picture(64, 48), &[]),
    ] {
        for keep in [
            0,
            1,
            2,
            8,
            20,
            whole.len() / 4,
            whole.len() / 2,
            whole.len() * 9 / 10,
        ] {
            let error = decode(&whole[..keep]).map(|f| format!("{f:?}"));
            assert!(error.is_err(), "{keep} of {} bytes: {error:?}", whole.len());
        }
    }
    for bytes in [
        &b""[..],
        b"GIF89a",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        &[0xff; 4096],
    ] {
        assert!(decode(bytes).is_err());
    }
    let limits = ImageLimits {
        bytes: 100,
        ..ImageLimits::default()
    };
    let error = decode_image(&encode_jpeg(&picture(64, 48), 90), &limits)
        .unwrap_err()
        .to_string();
    assert!(error.contains("at most 100 are taken"), "{error}");
}

proptest::proptest! {
    #[test]
    fn flipped_bytes_never_panic(at in 0usize..4000, value: u8, png: bool) {
        let frame = picture(48, 40);
        let mut bytes = if png { png_of(&frame, &[]) } else { encode_jpeg(&frame, 80) };
        let at = at % bytes.len();
        bytes[at] = value;
        let _ = decode(&bytes);
    }
}
