//! Conversion on small made-up weights always; on the real packages with TAPAL_TEST_FULL=1.

use super::weights::{Array, Weights};
use super::*;
use crate::detect::{DetectSize, Detector};
use crate::engine::{EngineChoice, Tensor, engine, output};
use crate::frame::Frame;

/// Weights of any shape that look random and are always the same.
fn invented(shapes: &[(String, Vec<usize>)]) -> Weights {
    let mut state = 7u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f32::from((state >> 16) as u16) / 65_536.0 - 0.5) * 0.1
    };
    let made = shapes.iter().map(|(name, shape)| {
        let values = (0..shape.iter().product::<usize>())
            .map(|_| next())
            .collect();
        (
            name.clone(),
            Array {
                shape: shape.clone(),
                values,
            },
        )
    });
    Weights(made.collect())
}

fn layers(parts: &[(&str, &[usize])]) -> Vec<(String, Vec<usize>)> {
    let each = parts.iter().flat_map(|(name, shape)| {
        let weight = (format!("{name}.weight"), shape.to_vec());
        let bias = (!name.starts_with("prelu")).then(|| (format!("{name}.bias"), vec![shape[0]]));
        [Some(weight), bias]
    });
    each.flatten().collect()
}

fn refinement_weights() -> Weights {
    invented(&layers(&[
        ("conv1", &[28, 3, 3, 3]),
        ("prelu1", &[28]),
        ("conv2", &[48, 28, 3, 3]),
        ("prelu2", &[48]),
        ("conv3", &[64, 48, 2, 2]),
        ("prelu3", &[64]),
        ("dense4", &[128, 576]),
        ("prelu4", &[128]),
        ("dense5_1", &[2, 128]),
        ("dense5_2", &[4, 128]),
    ]))
}

fn proposal_weights() -> Weights {
    invented(&layers(&[
        ("conv1", &[10, 3, 3, 3]),
        ("prelu1", &[10]),
        ("conv2", &[16, 10, 3, 3]),
        ("prelu2", &[16]),
        ("conv3", &[32, 16, 3, 3]),
        ("prelu3", &[32]),
        ("conv4_1", &[2, 32, 1, 1]),
        ("conv4_2", &[4, 32, 1, 1]),
    ]))
}

fn landmark_weights() -> Weights {
    invented(&layers(&[
        ("conv1", &[32, 3, 3, 3]),
        ("prelu1", &[32]),
        ("conv2", &[64, 32, 3, 3]),
        ("prelu2", &[64]),
        ("conv3", &[64, 64, 3, 3]),
        ("prelu3", &[64]),
        ("conv4", &[128, 64, 2, 2]),
        ("prelu4", &[128]),
        ("dense5", &[256, 1152]),
        ("prelu5", &[256]),
        ("dense6_1", &[2, 256]),
        ("dense6_2", &[4, 256]),
        ("dense6_3", &[10, 256]),
    ]))
}

/// Nets that say yes to everything: `yes` is added to the score of "face".
fn eager(mut weights: Weights, layer: &str) -> Weights {
    weights.0.insert(
        format!("{layer}.bias"),
        Array {
            shape: vec![2],
            values: vec![-9.0, 9.0],
        },
    );
    weights
}

fn detector_files() -> [Arc<[u8]>; 3] {
    let made = [
        nets::proposal(&eager(proposal_weights(), "conv4_1")),
        nets::refinement(&eager(refinement_weights(), "dense5_1")),
        nets::landmarks(&eager(landmark_weights(), "dense6_1")),
    ];
    made.map(|bytes| Arc::from(bytes.unwrap()))
}

#[test]
fn a_frame_of_any_shape_is_searched_within_bounds() {
    let engine = engine(EngineChoice::Rten, None).unwrap();
    let mut detector = mtcnn::Mtcnn::load(&card().detector, &detector_files(), &engine).unwrap();
    let mut check = |width: u32, height: u32, some: bool| {
        let frame = Frame::filled(width, height, [90, 120, 150]);
        let faces = detector.detect(&frame, DetectSize::default()).unwrap();
        assert_eq!(!faces.is_empty(), some, "{width} x {height}");
        assert!(faces.len() <= 256, "{width} x {height}");
        let numbers = faces
            .iter()
            .flat_map(|f| f.bbox.iter().chain(f.landmarks.iter().flatten()));
        assert!(numbers.into_iter().all(|v| v.is_finite()));
        assert!(faces.iter().all(|f| f.score > 0.99));
    };
    check(1, 1, false);
    check(2000, 3, false);
    check(60, 80, true);
    check(1280, 720, true);
}

#[test]
fn detector_files_in_the_wrong_order_or_number_are_refused() {
    let engine = engine(EngineChoice::Rten, None).unwrap();
    let card = card().detector;
    let [proposal, refinement, landmarks] = detector_files();
    let swapped = [proposal.clone(), landmarks, refinement];
    assert!(mtcnn::Mtcnn::load(&card, &swapped, &engine).is_err());
    let error = mtcnn::Mtcnn::load(&card, &[proposal], &engine)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("three files"), "{error}");
}

fn resnet_weights() -> Weights {
    let mut shapes = vec![("fc".to_owned(), vec![256, 128])];
    let mut add = |name: &str, sides: [usize; 3]| {
        let [inputs, outputs, kernel] = sides;
        shapes.push((
            format!("{name}/conv/filters"),
            vec![kernel, kernel, inputs, outputs],
        ));
        for tail in ["conv/bias", "scale/weights", "scale/biases"] {
            shapes.push((format!("{name}/{tail}"), vec![outputs]));
        }
    };
    add("conv32_down", [3, 32, 7]);
    let blocks = [
        "32_1", "32_2", "32_3", "64_down", "64_1", "64_2", "64_3", "128_down", "128_1", "128_2",
    ];
    let last = ["256_down", "256_1", "256_2", "256_down_out"];
    let mut inputs = 32;
    for name in blocks.iter().chain(&last) {
        let outputs = name.split('_').next().unwrap().parse().unwrap();
        add(&format!("conv{name}/conv1"), [inputs, outputs, 3]);
        add(&format!("conv{name}/conv2"), [outputs, outputs, 3]);
        inputs = outputs;
    }
    invented(&shapes)
}

#[test]
fn nets_of_invented_weights_run_and_repeat() {
    let engine = engine(EngineChoice::Rten, None).unwrap();
    let bytes = nets::refinement(&refinement_weights()).unwrap();
    assert_eq!(bytes, nets::refinement(&refinement_weights()).unwrap());
    let mut net = engine.load(&bytes, 1).unwrap();
    let outputs = net.run(&[Tensor::zeros(&[3, 3, 24, 24])]).unwrap();
    assert_eq!(output(&outputs, "reg").unwrap().shape, [3, 4]);
    let prob = output(&outputs, "prob").unwrap();
    assert!((prob.values[0] + prob.values[1] - 1.0).abs() < 1e-5);

    let bytes = resnet::recogniser(&resnet_weights()).unwrap();
    assert_eq!(bytes, resnet::recogniser(&resnet_weights()).unwrap());
    let mut net = engine.load(&bytes, 1).unwrap();
    let outputs = net.run(&[Tensor::zeros(&[2, 3, 150, 150])]).unwrap();
    assert_eq!(output(&outputs, "embedding").unwrap().shape, [2, 128]);
}

#[test]
fn a_missing_or_misshapen_weight_is_named() {
    let mut weights = refinement_weights();
    weights.0.remove("dense4.bias");
    assert!(
        nets::refinement(&weights)
            .unwrap_err()
            .to_string()
            .contains("`dense4.bias`")
    );
    let mut weights = resnet_weights();
    weights.0.insert(
        "fc".into(),
        Array {
            shape: vec![128, 256],
            values: vec![0.0; 128 * 256],
        },
    );
    assert!(
        resnet::recogniser(&weights)
            .unwrap_err()
            .to_string()
            .contains("`fc`")
    );
}

#[test]
fn packages_without_the_weights_are_refused() {
    let wheel = archive::tests::whl(&[("facenet_pytorch/data/pnet.pt", b"x")]);
    let npm = archive::tests::tgz(&[("package/package.json", b"{}")]);
    let error = convert(&wheel, &npm).unwrap_err().to_string();
    assert!(error.contains("rnet.pt"), "{error}");
    let nets = ["pnet", "rnet", "onet"].map(|n| format!("facenet_pytorch/data/{n}.pt"));
    let wheel = archive::tests::whl(&[(&nets[0], b"x"), (&nets[1], b"x"), (&nets[2], b"x")]);
    assert!(
        convert(&wheel, &npm)
            .unwrap_err()
            .to_string()
            .contains("face_recognition_model")
    );
}

#[test]
fn a_folder_with_a_wrong_archive_installs_nothing() {
    let (models, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(folder.path().join(FACE_API.archive), b"cut short").unwrap();
    fs::write(folder.path().join(FACENET_PYTORCH.archive), b"cut short").unwrap();
    let engine = engine(EngineChoice::Rten, None).unwrap();
    let error = install(models.path(), Some(folder.path()), &engine, &mut |_| ()).unwrap_err();
    assert!(matches!(error, StarterError::WrongHash { .. }), "{error}");
    assert_eq!(fs::read_dir(models.path()).unwrap().count(), 0);
}

/// Share of the face's size left around it. dlib trained with 0.25; 0.20 measured best with MTCNN's points.
const MARGIN: f32 = 0.2;
/// dlib's mean face in the unit square: eye centres, nose tip, mouth corners.
const MEAN_FACE: [[f32; 2]; 5] = [
    [0.2255, 0.2160],
    [0.7547, 0.2160],
    [0.490127, 0.515625],
    [0.254149, 0.780233],
    [0.726104, 0.780233],
];

fn card() -> pack::Card {
    pack::built_in()
        .unwrap()
        .into_iter()
        .find(|c| c.name == NAME)
        .unwrap()
}

#[test]
fn the_card_says_what_the_nets_are() {
    let card = card();
    assert!(card.demonstration);
    assert_eq!(
        (card.input_size, card.dimension),
        (resnet::SIDE, resnet::DIMENSION)
    );
    let points = MEAN_FACE.map(|p| p.map(|v| (v + MARGIN) / (1.0 + 2.0 * MARGIN) * 150.0));
    for (want, got) in points.iter().flatten().zip(card.points().iter().flatten()) {
        assert!((want - got).abs() < 1e-3, "{want} {got}");
    }
}

/// Fetches the real packages, converts and installs them; the pinned hashes prove the conversion.
#[test]
fn the_real_packages_give_the_pinned_models() {
    if std::env::var_os("TAPAL_TEST_FULL").is_none() {
        println!("skipped: fetches packages; set TAPAL_TEST_FULL=1");
        return;
    }
    let (models, packages) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for package in [FACENET_PYTORCH, FACE_API] {
        package.fetch(packages.path()).unwrap();
    }
    let [wheel, npm] = [FACENET_PYTORCH, FACE_API].map(|p| p.read(packages.path()).unwrap());
    let found = convert(&wheel, &npm).unwrap();
    let found = found
        .iter()
        .map(|b| (pack::sha256(b), b.len() as u64))
        .collect::<Vec<_>>();
    let pinned = card()
        .files
        .iter()
        .map(|f| (f.sha256.clone(), f.bytes))
        .collect::<Vec<_>>();
    assert_eq!(found, pinned);

    let engine = engine(EngineChoice::Rten, None).unwrap();
    let done = install(models.path(), None, &engine, &mut |p| println!("{p}")).unwrap();
    assert!(done.model_id.starts_with("face-api-resnet@"));
    assert_eq!(
        fs::read_dir(models.path()).unwrap().count(),
        1,
        "the fetched packages are removed again"
    );
    install(models.path(), Some(packages.path()), &engine, &mut |_| ()).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    install(elsewhere.path(), Some(&done.folder), &engine, &mut |_| ()).unwrap();
    let checks = pack::verify(elsewhere.path(), NAME).unwrap();
    assert!(checks.iter().all(|f| f.state == pack::FileState::Right));
    rendered_people_are_told_apart(models.path(), &engine);
}

/// One face in each portrait of the fixtures, five points in order, and no two people above the match line.
fn rendered_people_are_told_apart(models: &Path, engine: &Arc<dyn Engine>) {
    let pack = crate::Pack::open(models, NAME).unwrap();
    let mut analyser = crate::Analyser::new(&pack, engine, DetectSize::default()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/people/portraits");
    let mut templates: Vec<crate::Template> = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let bytes = fs::read(entry.path()).unwrap();
        let frame = crate::decode_image(&bytes, &crate::ImageLimits::default()).unwrap();
        let faces = analyser.detect(&frame).unwrap();
        assert_eq!(faces.len(), 1, "{:?}", entry.file_name());
        let [left, right, nose, mouth_left, mouth_right] = faces[0].landmarks;
        assert!(
            left[0] < right[0]
                && mouth_left[0] < mouth_right[0]
                && left[1] < nose[1]
                && nose[1] < mouth_left[1]
        );
        let crop = analyser.align(&frame, &faces[0]);
        templates.extend(analyser.embed(&[crop]).unwrap());
    }
    assert!(templates.len() >= 10);
    for (i, a) in templates.iter().enumerate() {
        let highest = templates[..i]
            .iter()
            .filter_map(|b| a.cosine(b))
            .fold(-1.0, f32::max);
        assert!(highest < pack.card().thresholds.r#match, "{highest}");
    }
}
