//! The pack `starter`: a detector and a recogniser out of packages that npm and PyPI carry, made into ONNX here.
//! Good for a demonstration and small lists only. Conversion is exact and repeatable: its results are pinned.

mod archive;
mod boxes;
mod error;
mod fetch;
pub(crate) mod mtcnn;
mod nets;
mod pickle;
mod pixels;
mod resnet;
mod tfjs;
mod torch;
mod weights;

use std::fs;
use std::path::Path;
use std::sync::Arc;

pub use error::StarterError;

use crate::engine::Engine;
use crate::pack::{self, Installed, PackError, Progress, Source};
use fetch::{FACE_API, FACENET_PYTORCH, Package};

/// The pack's name.
pub const NAME: &str = "starter";

/// Installs the pack. Without `from` the packages are fetched by `npm` and `pip`; a folder that holds their
/// archives (as `npm pack` and `pip download` name them) is converted without fetching; any other folder, file
/// or address must hold the finished ONNX files, as for every pack. A failure leaves what was installed
/// before as it was.
///
/// # Errors
/// A missing or failing client, a missing archive, a wrong hash, a damaged file: each with the next step.
pub fn install(
    models_dir: &Path,
    from: Option<&Path>,
    engine: &Arc<dyn Engine>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Installed, StarterError> {
    match from {
        None => {
            let folder = models_dir.join(format!(".{NAME}.packages"));
            fs::create_dir_all(&folder).map_err(StarterError::io(&folder))?;
            let done = fetch_and_convert(models_dir, &folder, engine, progress);
            let cleared = fs::remove_dir_all(&folder).map_err(StarterError::io(&folder));
            let done = done?;
            cleared.map(|()| done)
        }
        Some(folder) if holds_an_archive(folder) => {
            convert_into(models_dir, folder, engine, progress)
        }
        Some(place) => {
            let source = Source::parse(&place.to_string_lossy());
            Ok(pack::install(models_dir, NAME, &source, engine, progress)?)
        }
    }
}

/// The commands that fetch the packages, for another machine: run both in one folder and give it with `--from`.
pub fn fetch_commands() -> [String; 2] {
    [FACENET_PYTORCH.command("."), FACE_API.command(".")]
}

fn holds_an_archive(folder: &Path) -> bool {
    [FACENET_PYTORCH, FACE_API]
        .iter()
        .any(|p| folder.join(p.archive).is_file())
}

fn fetch_and_convert(
    models_dir: &Path,
    folder: &Path,
    engine: &Arc<dyn Engine>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Installed, StarterError> {
    for package in [FACENET_PYTORCH, FACE_API] {
        progress(Progress::Fetching(package.title.to_owned()));
        package.fetch(folder)?;
    }
    convert_into(models_dir, folder, engine, progress)
}

fn convert_into(
    models_dir: &Path,
    folder: &Path,
    engine: &Arc<dyn Engine>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Installed, StarterError> {
    let mut read = |package: Package| {
        let bytes = package.read(folder)?;
        progress(Progress::Verified(package.title.to_owned()));
        Ok::<_, StarterError>(bytes)
    };
    let (wheel, npm) = (read(FACENET_PYTORCH)?, read(FACE_API)?);
    progress(Progress::Converting("weights to ONNX".to_owned()));
    let files = convert(&wheel, &npm)?;
    let card = pack::built_in()?.into_iter().find(|c| c.name == NAME);
    let card = card.ok_or_else(|| PackError::Unknown(NAME.to_owned()))?;
    Ok(pack::place(models_dir, &card, files, engine, progress)?)
}

/// Both archives to the pack's ONNX files, in the card's order: proposal, refinement and landmark net of the
/// detector, then the recogniser.
fn convert(wheel: &[u8], npm: &[u8]) -> Result<Vec<Vec<u8>>, StarterError> {
    let nets = [
        "facenet_pytorch/data/pnet.pt",
        "facenet_pytorch/data/rnet.pt",
        "facenet_pytorch/data/onet.pt",
    ];
    let [proposal, refinement, landmarks] = archive::from_zip(wheel, nets)?;
    let weights = [
        "package/model/face_recognition_model-weights_manifest.json",
        "package/model/face_recognition_model.bin",
    ];
    let [manifest, data] = archive::from_tgz(npm, weights)?;
    Ok(vec![
        nets::proposal(&torch::read(&proposal)?)?,
        nets::refinement(&torch::read(&refinement)?)?,
        nets::landmarks(&torch::read(&landmarks)?)?,
        resnet::recogniser(&tfjs::read(&manifest, &data)?)?,
    ])
}

#[cfg(test)]
mod tests;
