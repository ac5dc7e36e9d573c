//! What a node is told at its start, and why it may not start.

use std::path::{Path, PathBuf};

use tapal_vision::EngineChoice;

use crate::{
    centre::{ClientError, Https},
    identity::IdentityError,
    seal::SealError,
};

/// How to run a node.
#[derive(Clone)]
pub struct EdgeOptions {
    /// Folder of keys, cached list and spool; made if missing, for its owner only.
    pub data: PathBuf,
    /// The centre, such as `https://centre:8443`.
    pub centre: String,
    /// The centre's certificate, PEM; the only one trusted.
    pub certificate: PathBuf,
    /// One-time enrolment token; needed once.
    pub token: Option<String>,
    /// Folder of model packs.
    pub models: PathBuf,
    /// The pack to use.
    pub pack: String,
    /// The engine to use.
    pub engine: EngineChoice,
    /// Where an ONNX Runtime library may be.
    pub ort_library: Option<PathBuf>,
    /// Inference threads; by default one a core.
    pub threads: Option<usize>,
    /// Whether `file:` sources start again at their end. `tapal eval clips` plays them once.
    pub loop_files: bool,
    /// Whether decoders smooth block edges; without it decoding is a third cheaper and faces a little blocky.
    pub deblocking: bool,
    /// The ffmpeg program.
    pub ffmpeg: PathBuf,
}

impl EdgeOptions {
    /// Options with the usual values for everything that has one.
    pub fn new(
        data: PathBuf,
        centre: String,
        certificate: PathBuf,
        models: PathBuf,
        pack: String,
    ) -> Self {
        EdgeOptions {
            data,
            centre,
            certificate,
            token: None,
            models,
            pack,
            engine: EngineChoice::Auto,
            ort_library: None,
            threads: None,
            loop_files: true,
            deblocking: true,
            ffmpeg: PathBuf::from("ffmpeg"),
        }
    }

    pub(crate) fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or(cores).clamp(1, 64)
    }

    pub(crate) fn client(&self) -> Result<Https, EdgeError> {
        let pem = std::fs::read(&self.certificate).map_err(SealError::io(&self.certificate))?;
        Ok(Https::new(
            &self.centre,
            &pem,
            &self.certificate.display().to_string(),
        )?)
    }
}

impl std::fmt::Debug for EdgeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EdgeOptions({}, pack {})", self.centre, self.pack)
    }
}

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The models cannot be used.
    #[error(transparent)]
    Models(#[from] tapal_vision::PackError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Disk(#[from] SealError),
    /// The centre cannot be spoken to.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A thread died while starting.
    #[error("a thread died while the models were loaded; the machine may lack memory")]
    Thread,
}

/// Makes a folder for its owner only.
pub(crate) fn make_folder(path: &Path) -> Result<(), SealError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(SealError::io(path))
}
