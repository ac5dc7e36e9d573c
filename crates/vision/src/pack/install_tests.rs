//! Installing packs: every way it can go wrong says what to do and leaves the disk as it was.

use std::sync::Arc;

use super::*;
use crate::engine::{EngineChoice, engine};
use crate::onnx::{Dim, Graph};

fn built_in_engine() -> Arc<dyn Engine> {
    engine(EngineChoice::Rten, None).unwrap()
}

/// A folder with the stub's files and a card called `own`, changed by `edit`.
fn own_pack(edit: impl Fn(String) -> String) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let stub = Pack::stub();
    let mut card = stub.card().clone();
    card.name = "own".into();
    for (file, role) in card
        .files
        .iter_mut()
        .zip([Role::Detector, Role::Recogniser])
    {
        fs::write(folder.path().join(&file.name), &*stub.files(role)[0]).unwrap();
        file.sha256.clear();
    }
    let path = folder.path().join("own.toml");
    fs::write(&path, edit(toml::to_string(&card).unwrap())).unwrap();
    (folder, path)
}

fn add_to(models: &Path, card: &Path) -> Result<Installed, PackError> {
    add(models, card, &built_in_engine(), &mut |_| ())
}

fn install_from(models: &Path, name: &str, from: &Source) -> Result<Installed, PackError> {
    install(models, name, from, &built_in_engine(), &mut |_| ())
}

#[test]
fn an_added_pack_can_be_listed_verified_opened_and_used() {
    let models = tempfile::tempdir().unwrap();
    let (_folder, card) = own_pack(|text| text);
    let done = add_to(models.path(), &card).unwrap();
    assert_eq!(done.name, "own");
    let listed = list(models.path()).unwrap();
    let own = listed.iter().find(|l| l.name == "own").unwrap();
    assert_eq!((own.built_in, own.state.clone()), (false, State::Installed));
    assert!(
        listed
            .iter()
            .any(|l| l.name == "standard" && l.state == State::Missing)
    );
    assert!(info(models.path(), "own").unwrap().installed);
    let pack = Pack::open(models.path(), "own").unwrap();
    assert_eq!(pack.card().model_id, Pack::stub().card().model_id);
    Analyser::new(&pack, &built_in_engine(), DetectSize::default()).unwrap();
}

#[test]
fn a_card_that_does_not_fit_its_model_is_refused_and_nothing_is_left() {
    let check = |from: &str, to: &str, part: &str| {
        let models = tempfile::tempdir().unwrap();
        let (_folder, card) = own_pack(|text| text.replacen(from, to, 1));
        let error = add_to(models.path(), &card).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        assert_eq!(fs::read_dir(models.path()).unwrap().count(), 0, "{part}");
    };
    check(
        "dimension = 64",
        "dimension = 128",
        "card says dimension 128",
    );
    check("input_size = 112", "input_size = 150", "");
    check("kind = \"blobs\"", "kind = \"yunet\"", "no output `cls_8`");
    check(
        "name = \"own\"",
        "name = \"standard\"",
        "taken by a built-in pack",
    );
    check("detector.onnx", "other.onnx", "does not hold other.onnx");
    check("sha256 = \"\"", "sha256 = \"00\"", "SHA-256");
}

#[test]
fn truncated_and_foreign_models_are_refused() {
    let stub = Pack::stub();
    let whole = stub.files(Role::Recogniser)[0].to_vec();
    let mut no_output = Graph::new("empty");
    no_output.input("x", &[Dim::Named("n")]);
    let cases = [
        &whole[..whole.len() / 2],
        &whole[..40],
        b"",
        b"not a model at all",
        &no_output.into_bytes(),
    ];
    for bytes in cases {
        let models = tempfile::tempdir().unwrap();
        let (folder, card) = own_pack(|text| text);
        fs::write(folder.path().join("recogniser.onnx"), bytes).unwrap();
        let error = add_to(models.path(), &card).unwrap_err();
        assert!(matches!(error, PackError::Engine(_)), "{error}");
        assert_eq!(fs::read_dir(models.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_changed_byte_after_installation_is_noticed() {
    let models = tempfile::tempdir().unwrap();
    let (_folder, card) = own_pack(|text| text);
    add_to(models.path(), &card).unwrap();
    let file = models.path().join("own/recogniser.onnx");
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let states = verify(models.path(), "own").unwrap();
    assert_eq!(
        states.iter().map(|s| s.state).collect::<Vec<_>>(),
        [FileState::Right, FileState::Wrong]
    );
    let error = Pack::open(models.path(), "own").unwrap_err().to_string();
    assert!(
        error.contains("SHA-256") && error.contains("tapal models install own"),
        "{error}"
    );
    fs::remove_file(&file).unwrap();
    assert!(
        Pack::open(models.path(), "own")
            .unwrap_err()
            .to_string()
            .contains("is not installed")
    );
}

#[test]
fn an_unknown_pack_names_the_next_step() {
    let models = tempfile::tempdir().unwrap();
    for name in ["nothing", "../etc", ""] {
        let error = Pack::open(models.path(), name).unwrap_err().to_string();
        assert!(error.contains("tapal models list"), "{error}");
    }
    let error = Pack::open(models.path(), "standard")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("tapal models install standard --from"),
        "{error}"
    );
}

#[test]
fn a_source_without_the_right_files_installs_nothing() {
    let (models, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let check = |from: &Source, part: &str| {
        let error = install_from(models.path(), "standard", from)
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{error}");
        assert_eq!(fs::read_dir(models.path()).unwrap().count(), 0);
    };
    let folder = Source::Folder(source.path().into());
    check(&folder, "does not hold yunet_n_dynamic.onnx");
    let file = source.path().join("yunet_n_dynamic.onnx");
    fs::write(&file, b"something else").unwrap();
    check(&folder, "is not the file the pack `standard` pins");
    check(&Source::File(file), "does not hold yunet_n_dynamic.onnx");
    check(
        &Source::File(source.path().join("absent.onnx")),
        "absent.onnx",
    );
    // Beside the folder it packs: an archive that swallows itself would fill the disk.
    let elsewhere = tempfile::tempdir().unwrap();
    let tar = elsewhere.path().join("pack.tar");
    fs::write(&tar, b"no archive").unwrap();
    check(&Source::File(tar.clone()), "pack.tar");
    let mut builder = tar::Builder::new(fs::File::create(&tar).unwrap());
    builder.append_dir_all("models", source.path()).unwrap();
    builder.finish().unwrap();
    check(&Source::File(tar), "is not the file");
}

#[test]
fn sources_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        Source::parse("https://host/x.tar"),
        Source::Url("https://host/x.tar".into())
    );
    assert_eq!(
        Source::parse(folder.path().to_str().unwrap()),
        Source::Folder(folder.path().into())
    );
    assert_eq!(Source::parse("x.onnx"), Source::File("x.onnx".into()));
}
