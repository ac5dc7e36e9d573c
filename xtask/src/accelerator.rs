//! The accelerator: ONNX Runtime's shared library out of its pip package, put where `tapal` looks for it.
//! It is never needed: without it the built-in engine does the same work more slowly.

use std::fs;
use std::path::{Path, PathBuf};

use crate::place::Place;
use crate::step::Steps;
use crate::wheel::{Wheel, fetch};

/// crates/vision/src/engine/ort.rs says which versions can be driven; this is the one that is measured.
const PINNED: Wheel = Wheel {
    name: "onnxruntime",
    version: "1.31.1",
    python: Some(["3.11", "cp", "cp311"]),
    files: &[
        (
            "x86_64",
            "manylinux_2_28_x86_64",
            "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
        ),
        (
            "aarch64",
            "manylinux_2_28_aarch64",
            "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
        ),
    ],
};

/// The library in a data folder, when it is there.
pub fn library(data: &Path) -> Option<PathBuf> {
    Some(data.join(format!("libonnxruntime.so.{}", PINNED.version))).filter(|path| path.is_file())
}

/// Fetches the library into the data folder unless it is there; says which engine will run.
pub fn prepare(place: &Place, steps: &mut Steps, data: &Path) {
    if library(data).is_some() {
        return;
    }
    steps.optional(
        "fetch the accelerator (ONNX Runtime)",
        "the built-in engine runs instead",
        |log| {
            let from = fetch(place, &PINNED, log)?;
            let name = format!("libonnxruntime.so.{}", PINNED.version);
            place_library(
                &from.join("onnxruntime/capi").join(&name),
                &data.join(&name),
            )
            .map_err(|e| e.to_string())?;
            let _ = fs::remove_dir_all(place.work.join("fetch-onnxruntime"));
            Ok(format!("ONNX Runtime {}", PINNED.version))
        },
    );
}

/// By copy and rename: the data folder may be another disk, and a half file must not carry the name.
fn place_library(from: &Path, to: &Path) -> std::io::Result<()> {
    let part = to.with_extension("part");
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, &part)?;
    fs::rename(part, to)
}
