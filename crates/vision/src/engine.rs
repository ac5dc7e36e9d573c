//! The seam between Tapal and whatever runs a network: two backends, one trait.
//! It moves numbers only and must not know what a face is.

mod ort;
mod rten;

use std::path::Path;
use std::sync::Arc;

pub use self::ort::{LibraryError, library_version};

/// A dense f32 array.
#[derive(Clone, PartialEq)]
pub struct Tensor {
    /// Sides, outermost first.
    pub shape: Vec<usize>,
    /// Row-major values, as many as the product of the sides.
    pub values: Vec<f32>,
}

impl Tensor {
    /// A tensor of zeros.
    pub fn zeros(shape: &[usize]) -> Self {
        Tensor {
            shape: shape.to_vec(),
            values: vec![0.0; shape.iter().product()],
        }
    }
}

impl std::fmt::Debug for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tensor{:?}", self.shape)
    }
}

/// An output with the name the model gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// The output's name in the model.
    pub name: String,
    /// Its values.
    pub tensor: Tensor,
}

/// What went wrong between us and a backend.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The model could not be read.
    #[error(
        "{engine} cannot load this model: {cause}. The file is damaged or uses an operator the engine lacks: run `tapal models verify`, or try the other engine"
    )]
    Load {
        /// Which backend.
        engine: String,
        /// Its own words.
        cause: String,
    },
    /// The model stopped while running.
    #[error(
        "{engine} failed while running the model: {cause}. This frame is skipped; if it repeats, run `tapal models verify`"
    )]
    Run {
        /// Which backend.
        engine: String,
        /// Its own words.
        cause: String,
    },
    /// The model answered with something its card does not promise.
    #[error(
        "the model does not do what its card says: {0}. Check `kind`, `input_size` and `dimension` in the card, or install the pack again"
    )]
    Shape(String),
    /// The ONNX Runtime library was asked for and cannot be used.
    #[error("the ONNX Runtime library cannot be used: {0}")]
    Library(#[from] LibraryError),
}

/// A backend that can load ONNX models.
pub trait Engine: Send + Sync {
    /// Name and version, such as `rten 0.27`.
    fn name(&self) -> String;
    /// Loads a model to run on `threads` threads of its own.
    fn load(&self, bytes: &[u8], threads: usize) -> Result<Box<dyn Network>, EngineError>;
}

/// A loaded model. One thread owns it.
pub trait Network: Send {
    /// Declared sides of the first input; `None` for a side known only at run time.
    fn input_shape(&self) -> Vec<Option<usize>>;
    /// Runs on inputs in the model's order and gives every output.
    fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<NamedTensor>, EngineError>;
}

/// Which backend to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// ONNX Runtime when a usable library is found, else the built-in engine.
    #[default]
    Auto,
    /// The built-in pure-Rust engine.
    Rten,
    /// ONNX Runtime, or an error.
    Ort,
}

impl std::str::FromStr for EngineChoice {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(EngineChoice::Auto),
            "rten" => Ok(EngineChoice::Rten),
            "ort" => Ok(EngineChoice::Ort),
            other => Err(format!("`{other}` is no engine; use auto, rten or ort")),
        }
    }
}

/// The engine for `choice`. `ort_library` is a library file, or a folder that may hold one; without it
/// `ORT_DYLIB_PATH` is looked at. Only [`EngineChoice::Ort`] can fail; [`EngineChoice::Auto`] falls back
/// (see [`engine_with_reason`] to learn why).
pub fn engine(
    choice: EngineChoice,
    ort_library: Option<&Path>,
) -> Result<Arc<dyn Engine>, EngineError> {
    engine_with_reason(choice, ort_library).map(|(engine, _)| engine)
}

/// Like [`engine`], with the reason why the accelerator is not used when it is not: for `tapal doctor`.
pub fn engine_with_reason(
    choice: EngineChoice,
    ort_library: Option<&Path>,
) -> Result<(Arc<dyn Engine>, Option<String>), EngineError> {
    let built_in = || -> Arc<dyn Engine> { Arc::new(rten::RtenEngine) };
    match choice {
        EngineChoice::Rten => Ok((built_in(), Some("the built-in engine was asked for".into()))),
        EngineChoice::Ort => Ok((Arc::new(ort::OrtEngine::open(ort_library)?), None)),
        EngineChoice::Auto => Ok(match ort::OrtEngine::open(ort_library) {
            Ok(engine) => (Arc::new(engine), None),
            Err(error) => (built_in(), Some(error.to_string())),
        }),
    }
}

/// Finds an output by name.
pub(crate) fn output<'a>(
    outputs: &'a [NamedTensor],
    name: &str,
) -> Result<&'a Tensor, EngineError> {
    let found = outputs.iter().find(|o| o.name == name).map(|o| &o.tensor);
    found.ok_or_else(|| EngineError::Shape(format!("there is no output `{name}`")))
}
