//! A pack made by us in a few lines, so that every test runs without a real model, and pictures for it.
//! Its "faces" are squares of strong colours; it recognises no person.

use std::sync::Arc;

use tapal_domain::calibration::Calibration;

use crate::detect::{DetectorCard, DetectorKind};
use crate::frame::Frame;
use crate::onnx::{Dim, Graph, Window};
use crate::pack::{Card, Channels, ModelFile, Pack, Preprocessing, Role, Thresholds, sha256};

/// The stub's pack name.
pub const NAME: &str = "stub";
const DIMENSION: usize = 64;
const SIDE: i64 = 112;
/// Light and dark patches a side of an invented face.
const PATCHES: u32 = 8;

/// xorshift64*: the same numbers everywhere and always.
struct Numbers(u64);

impl Numbers {
    fn new(seed: u64) -> Self {
        Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// -1 to 1.
    fn signed(&mut self) -> f32 {
        (self.next() % 20_001) as f32 / 10_000.0 - 1.0
    }
}

/// The stub pack. See [`Pack::stub`].
pub(crate) fn pack() -> Pack {
    let files = [
        (Role::Detector, "detector.onnx", detector()),
        (Role::Recogniser, "recogniser.onnx", recogniser()),
    ];
    let described = files.iter().map(|(role, name, bytes)| ModelFile {
        role: *role,
        name: (*name).to_owned(),
        sha256: sha256(bytes),
        bytes: bytes.len() as u64,
        origin: "made by Tapal".into(),
        licence: "Apache-2.0".into(),
    });
    let described = described.collect::<Vec<_>>();
    let card = card(described);
    Pack::from_parts(
        card,
        files
            .into_iter()
            .map(|(role, _, bytes)| (role, Arc::from(bytes)))
            .collect(),
    )
}

/// The stub's card, in the form of any other.
fn card(files: Vec<ModelFile>) -> Card {
    let model_id = format!("stub@{}", &files[1].sha256[..8]);
    Card {
        name: NAME.into(),
        title: "Test stub: coloured squares, no people".into(),
        demonstration: true,
        licence: "Apache-2.0".into(),
        recogniser: NAME.into(),
        model_id,
        dimension: DIMENSION,
        input_size: SIDE as u32,
        mirror: false,
        landmarks: None,
        preprocessing: Preprocessing {
            channels: Channels::Rgb,
            mean: [127.5; 3],
            divisor: [127.5; 3],
        },
        detector: DetectorCard {
            kind: DetectorKind::Blobs,
            score: 0.3,
            overlap: 0.3,
            smallest_px: None,
        },
        thresholds: Thresholds {
            possible: 0.8,
            r#match: 0.9,
            note: "Invented.".into(),
        },
        files,
        calibration: Calibration {
            note: "Invented: the stub knows no people.".into(),
            ..Calibration::counted(&[(0.6, 1e-2), (0.8, 1e-4)])
        },
        quality: None,
    }
}

/// mask = (largest channel - smallest channel) / 255, from the three differences and their negatives.
fn detector() -> Vec<u8> {
    let mut g = Graph::new("stub_detector");
    let picture = [
        Dim::Fixed(1),
        Dim::Fixed(3),
        Dim::Named("height"),
        Dim::Named("width"),
    ];
    let x = g.input("picture", &picture);
    #[rustfmt::skip]
    let differences = [
        1.0, -1.0, 0.0, -1.0, 1.0, 0.0, 1.0, 0.0, -1.0,
        -1.0, 0.0, 1.0, 0.0, 1.0, -1.0, 0.0, -1.0, 1.0,
    ];
    let first = g.weights(&[6, 3, 1, 1], &differences);
    let second = g.weights(&[1, 6, 1, 1], &[0.5 / 255.0; 6]);
    let y = g.conv(&x, &first, None, Window::square(1, 1));
    let y = g.relu(&y);
    let y = g.conv(&y, &second, None, Window::square(1, 1));
    g.output(
        "mask",
        &y,
        &[
            Dim::Fixed(1),
            Dim::Fixed(1),
            Dim::Named("height"),
            Dim::Named("width"),
        ],
    );
    g.into_bytes()
}

/// An 8 x 8 picture of the crop, projected at random to 64 values. Each projection sums to zero in every
/// channel, so that the pattern counts and not the colour; the small bias keeps an even crop from being nothing.
fn recogniser() -> Vec<u8> {
    let mut g = Graph::new("stub_recogniser");
    let x = g.input(
        "crop",
        &[
            Dim::Named("n"),
            Dim::Fixed(3),
            Dim::Fixed(SIDE),
            Dim::Fixed(SIDE),
        ],
    );
    let mut numbers = Numbers::new(20_260_101);
    let mut values = (0..192 * DIMENSION)
        .map(|_| numbers.signed())
        .collect::<Vec<_>>();
    for output in 0..DIMENSION {
        for channel in 0..3 {
            let cells = (channel * 64..channel * 64 + 64).map(|cell| cell * DIMENSION + output);
            let mean = cells.clone().map(|at| values[at]).sum::<f32>() / 64.0;
            cells.for_each(|at| values[at] -= mean);
        }
    }
    let weights = g.weights(&[192, DIMENSION as i64], &values);
    let bias = g.weights(&[DIMENSION as i64], &[1e-3; DIMENSION]);
    let y = g.average_pool(&x, Window::square(14, 14));
    let y = g.flatten(&y);
    let y = g.gemm(&y, &weights, &bias, false);
    g.output(
        "template",
        &y,
        &[Dim::Named("n"), Dim::Fixed(DIMENSION as i64)],
    );
    g.into_bytes()
}

/// One invented face in a test picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StubFace {
    /// Who it is: the same number looks the same, two numbers look different.
    pub person: u64,
    /// Left edge in pixels.
    pub x: u32,
    /// Top edge in pixels.
    pub y: u32,
    /// Side in pixels.
    pub side: u32,
}

/// A grey picture with invented faces in it, which the stub pack finds and tells apart.
pub fn scene(width: u32, height: u32, faces: &[StubFace]) -> Frame {
    let mut frame = Frame::filled(width, height, [120, 120, 120]);
    for face in faces {
        let colours = colours(face.person);
        for dy in 0..face.side.min(height.saturating_sub(face.y)) {
            for dx in 0..face.side.min(width.saturating_sub(face.x)) {
                let (column, row) = (dx * PATCHES / face.side, dy * PATCHES / face.side);
                let at = ((face.y + dy) * width + face.x + dx) as usize * 3;
                let colour = colours[(row * PATCHES + column) as usize];
                frame.rgb[at..at + 3].copy_from_slice(&colour);
            }
        }
    }
    frame
}

/// A pattern of one strong colour, light and dark at random: eyes, cheeks and mouth are of one colour, so the
/// quality measures find nothing to complain about.
fn colours(person: u64) -> Vec<[u8; 3]> {
    let mut numbers = Numbers::new(person.wrapping_add(7));
    let colour = |light: bool| if light { [250, 112, 75] } else { [150, 67, 45] };
    (0..PATCHES * PATCHES)
        .map(|_| colour(numbers.next() & 4 == 0))
        .collect()
}
