//! Poor photographs are refused, each for its own reason: rendered people made worse by code. Needs the standard pack
//! beside the project; says why it is skipped, and fails instead when TAPAL_TEST_FULL=1.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

use tapal_vision::{
    EngineChoice, Frame, ImageLimits, Pack, Source, decode_image, encode_jpeg, engine, pack,
};

use super::PackEnrol;
use crate::{
    console::{Lang, words},
    enrol::Enrol,
};

fn beside(what: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(what)
}

fn enrolment() -> Option<PackEnrol> {
    let models = beside("models");
    if !models.exists() {
        println!("skipped: ../shared/models is not here");
        return None;
    }
    let (dir, built_in) = (
        tempfile::tempdir().unwrap(),
        engine(EngineChoice::Rten, None).unwrap(),
    );
    let source = Source::Folder(models);
    pack::install(dir.path(), "standard", &source, &built_in, &mut |_| ()).unwrap();
    let pack = Pack::open(dir.path(), "standard").unwrap();
    Some(PackEnrol::new(&pack, &built_in).unwrap())
}

fn portrait(n: usize) -> Frame {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/people/portraits");
    let bytes = std::fs::read(folder.join(format!("s{n:03}.jpg"))).unwrap();
    decode_image(&bytes, &ImageLimits::default()).unwrap()
}

fn each(mut frame: Frame, of: impl Fn(f32) -> f32) -> Frame {
    for value in &mut frame.rgb {
        *value = of(f32::from(*value)).clamp(0.0, 255.0) as u8;
    }
    frame
}

/// The picture at other pixels: `from` says which pixel of the old one stands at a place of the new one.
fn redrawn(old: &Frame, width: u32, height: u32, from: impl Fn(u32, u32) -> (u32, u32)) -> Frame {
    let mut new = Frame::filled(width, height, [120, 120, 120]);
    for y in 0..height {
        for x in 0..width {
            let (a, b) = from(x, y);
            let (to, at) = (
                (y * width + x) as usize * 3,
                (b * old.width + a) as usize * 3,
            );
            if a < old.width && b < old.height {
                new.rgb[to..to + 3].copy_from_slice(&old.rgb[at..at + 3]);
            }
        }
    }
    new
}

fn copy(old: &Frame) -> Frame {
    redrawn(old, old.width, old.height, |x, y| (x, y))
}

fn shrunk(old: &Frame, by: u32) -> Frame {
    redrawn(old, old.width / by, old.height / by, |x, y| {
        (x * by, y * by)
    })
}

/// Each pixel the mean of its neighbourhood, along rows and columns, twice.
fn blurred(old: &Frame, radius: usize) -> Frame {
    let mut frame = copy(old);
    let (width, height) = (old.width as usize, old.height as usize);
    for _ in 0..2 {
        for (lines, length, along, across) in
            [(height, width, 3, width * 3), (width, height, width * 3, 3)]
        {
            for start in (0..lines).flat_map(|line| (0..3).map(move |c| line * across + c)) {
                let mut sums = vec![0_u32];
                for n in 0..length {
                    sums.push(sums[n] + u32::from(frame.rgb[start + n * along]));
                }
                for n in 0..length {
                    let (from, to) = (n.saturating_sub(radius), (n + radius + 1).min(length));
                    let mean = (sums[to] - sums[from]) / (to - from) as u32;
                    frame.rgb[start + n * along] = mean as u8;
                }
            }
        }
    }
    frame
}

/// The code a picture is refused with; `taken` when it is not.
fn told(enrol: &PackEnrol, frame: &Frame) -> &'static str {
    match enrol.enrol(&encode_jpeg(frame, 95)) {
        Ok(_) => "taken",
        Err(refused) => refused.code,
    }
}

#[test]
fn a_poor_photograph_is_refused_for_its_reason() {
    let Some(enrol) = enrolment() else { return };
    let good = portrait(1);
    let (width, height) = (good.width, good.height);
    let two = redrawn(&good, width * 2, height, |x, y| (x % width, y));
    let half = redrawn(&good, width / 2, height, |x, y| (x + width / 2, y));
    // The forehead is outside.
    let cut = redrawn(&good, width, height - 215, |x, y| (x, y + 215));
    let mut masked = copy(&good);
    for y in height * 55 / 100..height * 80 / 100 {
        for x in width / 5..width * 4 / 5 {
            let at = (y * width + x) as usize * 3;
            masked.rgb[at..at + 3].copy_from_slice(&[40, 120, 230]);
        }
    }
    let nobody = Frame::filled(width, height, [120, 130, 140]);
    for (what, frame, codes) in [
        ("as it is", &good, &["taken"][..]),
        ("nobody", &nobody, &["no_face"]),
        ("two beside one another", &two, &["several_faces"]),
        ("far too small", &shrunk(&good, 6), &["too_small"]),
        ("dark", &each(copy(&good), |v| v * 0.13), &["too_dark"]),
        (
            "bright",
            &each(copy(&good), |v| v * 1.9 + 60.0),
            &["too_bright"],
        ),
        ("blurred", &blurred(&portrait(8), 7), &["blurred"]),
        ("half outside", &half, &["cut_off", "low_confidence"]),
        (
            "forehead outside",
            &cut,
            &["cut_off", "no_face", "low_confidence"],
        ),
        ("mouth covered", &masked, &["occluded", "low_confidence"]),
    ] {
        let code = told(&enrol, frame);
        assert!(codes.contains(&code), "{what}: {code}");
    }
    for (bytes, code) in [
        (b"no picture".to_vec(), "not_an_image"),
        (vec![0xff; (32 << 20) + 1], "too_large"),
        (encode_jpeg(&good, 90)[..2_000].to_vec(), "not_an_image"),
    ] {
        assert_eq!(enrol.enrol(&bytes).unwrap_err().code, code);
    }
}

#[test]
fn a_face_from_the_side_is_refused() {
    let (Some(enrol), Ok(folder)) = (enrolment(), std::fs::read_dir(beside("synthetic/probes")))
    else {
        return;
    };
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let codes = paths.iter().map(|path| {
        let refused = enrol.enrol(&std::fs::read(path).unwrap());
        refused.err().map_or("taken", |refused| refused.code)
    });
    let side_on = codes.filter(|code| *code == "side_on").take(1).count();
    assert_eq!(side_on, 1, "of all poses none is from the side");
}

#[test]
fn every_reason_has_a_sentence_that_says_what_to_do_in_both_languages() {
    for code in [
        "no_face",
        "several_faces",
        "not_an_image",
        "too_large",
        "too_small",
        "too_dark",
        "too_bright",
        "blurred",
        "side_on",
        "too_steep",
        "occluded",
        "cut_off",
        "low_confidence",
    ] {
        for lang in Lang::ALL {
            let text = words::text(lang, &format!("photo-{code}"), &[]);
            assert!(!text.starts_with('['), "{code} {lang:?}");
            let sentences = text.matches(['.', ':']).count();
            assert!(sentences >= 2, "{code} {lang:?} says what to do: {text}");
        }
    }
}

#[test]
fn every_rendered_portrait_is_taken() {
    let Some(enrol) = enrolment() else { return };
    for n in 1..=40 {
        assert_eq!(told(&enrol, &portrait(n)), "taken", "s{n:03}");
    }
}
