//! The accelerator: ONNX Runtime, loaded from a shared library at run time.
//! A missing, foreign or too old library is an error here, never a panic or a hang: its version is read
//! from the file before it is loaded, and loading happens once, guarded, on a thread with a deadline.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::Duration;

use ::ort::environment::Environment;
use ::ort::session::{Session, SessionInputValue, builder::GraphOptimizationLevel};
use ::ort::value::TensorRef;

use super::{Engine, EngineError, NamedTensor, Network, Tensor};

/// The oldest and newest minor versions of ONNX Runtime 1.x that the pinned `ort` was built for.
const MINORS: std::ops::RangeInclusive<u32> = 17..=31;
const LOADING_LIMIT: Duration = Duration::from_secs(20);
/// A shared library larger than this is not ours to read.
const LARGEST_LIBRARY: u64 = 2 << 30;

/// Why ONNX Runtime is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LibraryError {
    /// Nobody said where it is.
    #[error(
        "no library was found. Put libonnxruntime.so into the data folder or set ORT_DYLIB_PATH"
    )]
    NotFound,
    /// The file cannot be read.
    #[error("{path} cannot be read ({cause}). Check the path and the rights")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// The file is something else.
    #[error(
        "{path} is no ONNX Runtime library. Take libonnxruntime.so from the PyPI package `onnxruntime`"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The library is older or newer than what `ort` was built for.
    #[error("{path} is ONNX Runtime {found}; Tapal works with 1.17 to 1.31. Install one of these")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: String,
    },
    /// The library was loaded but would not start.
    #[error("{path} would not start: {cause}. Use the engine `rten`, or another library")]
    Start {
        /// The file.
        path: PathBuf,
        /// What it said.
        cause: String,
    },
}

/// ONNX Runtime, loaded.
pub(super) struct OrtEngine {
    version: String,
    environment: Environment,
}

impl OrtEngine {
    /// Loads the library at `place` (file or folder), or the one `ORT_DYLIB_PATH` names.
    /// The first call decides for the whole process: the library cannot be changed afterwards.
    pub(super) fn open(place: Option<&Path>) -> Result<Self, LibraryError> {
        static LOADED: OnceLock<(String, Environment)> = OnceLock::new();
        static LOADING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = LOADING
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let (version, environment) = match LOADED.get() {
            Some(done) => done.clone(),
            None => {
                let path = find(place)?;
                let version = library_version(&path)?;
                let environment = start(path)?;
                LOADED.get_or_init(|| (version, environment)).clone()
            }
        };
        Ok(OrtEngine {
            version,
            environment,
        })
    }

    fn error(&self, cause: impl ToString) -> EngineError {
        EngineError::Load {
            engine: self.name(),
            cause: cause.to_string(),
        }
    }
}

fn find(place: Option<&Path>) -> Result<PathBuf, LibraryError> {
    let named = std::env::var_os("ORT_DYLIB_PATH")
        .filter(|v| !v.is_empty())
        .map(PathBuf::from);
    let places = place.map(Path::to_path_buf).into_iter().chain(named);
    for path in places {
        if path.is_file() {
            return Ok(path);
        }
        if let Some(inside) = newest_inside(&path) {
            return Ok(inside);
        }
    }
    Err(LibraryError::NotFound)
}

/// `libonnxruntime.so`, `libonnxruntime.so.1.31.1`, or the macOS and Windows names, in a folder.
fn newest_inside(folder: &Path) -> Option<PathBuf> {
    let names = fs::read_dir(folder)
        .ok()?
        .filter_map(|e| e.ok()?.file_name().into_string().ok());
    let is_library = |name: &String| {
        name == "onnxruntime.dll"
            || name.starts_with("libonnxruntime.so")
            || (name.starts_with("libonnxruntime.") && name.ends_with(".dylib"))
    };
    names.filter(is_library).max().map(|name| folder.join(name))
}

/// The version of an ONNX Runtime library, read from the file without loading it: the linker stamps
/// `VERS_1.31.1` on the exported symbol. Errors when it is no such library or not one we can drive.
pub fn library_version(path: &Path) -> Result<String, LibraryError> {
    let unreadable = |e: std::io::Error| LibraryError::Unreadable {
        path: path.to_owned(),
        cause: e.to_string(),
    };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    let foreign = || LibraryError::Foreign {
        path: path.to_owned(),
    };
    if size > LARGEST_LIBRARY {
        return Err(foreign());
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    if !contains(&bytes, b"OrtGetApiBase") {
        return Err(foreign());
    }
    let found = stamped_version(&bytes)
        .or_else(|| version_in_name(path))
        .ok_or_else(foreign)?;
    let mut parts = found.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    match (parts.next(), parts.next()) {
        (Some(1), Some(minor)) if MINORS.contains(&minor) => Ok(found),
        _ => Err(LibraryError::Version {
            path: path.to_owned(),
            found,
        }),
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|w| w == needle)
}

fn stamped_version(bytes: &[u8]) -> Option<String> {
    let at = bytes.windows(7).position(|w| w == b"VERS_1.")? + 5;
    let text = bytes[at..]
        .iter()
        .take(16)
        .take_while(|b| b.is_ascii_digit() || **b == b'.');
    Some(text.map(|b| char::from(*b)).collect())
}

fn version_in_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    Some(name[digits..].trim_end_matches(".dylib").to_owned())
}

fn start(path: PathBuf) -> Result<Environment, LibraryError> {
    let failed = |cause: String| LibraryError::Start {
        path: path.clone(),
        cause,
    };
    let (send, receive) = mpsc::channel();
    let library = path.clone();
    let loading = std::thread::Builder::new()
        .name("ort-load".into())
        .spawn(move || {
            let begun = std::panic::catch_unwind(|| {
                let builder = ::ort::init_from(&library).map_err(|e| e.to_string())?;
                let quiet = builder.with_name("tapal").with_telemetry(false);
                let environment = quiet.build().map_err(|e| e.to_string())?;
                environment.set_log_level(::ort::logging::LogLevel::Fatal);
                Ok(environment)
            });
            // The receiver may have given up: then nobody wants the answer.
            let _ =
                send.send(begun.unwrap_or_else(|_| Err("it panicked while starting".to_owned())));
        });
    loading.map_err(|e| failed(e.to_string()))?;
    match receive.recv_timeout(LOADING_LIMIT) {
        Ok(answer) => answer.map_err(failed),
        Err(_) => Err(failed("it did not start in 20 s".into())),
    }
}

impl Engine for OrtEngine {
    fn name(&self) -> String {
        format!("onnxruntime {}", self.version)
    }

    fn load(&self, bytes: &[u8], threads: usize) -> Result<Box<dyn Network>, EngineError> {
        let session = Session::builder(&self.environment)
            .and_then(|b| Ok(b.with_optimization_level(GraphOptimizationLevel::All)?))
            .and_then(|b| Ok(b.with_intra_threads(threads.max(1))?))
            .and_then(|b| Ok(b.with_inter_threads(1)?))
            // Waiting threads must sleep, not spin: other cameras share these cores.
            .and_then(|b| Ok(b.with_config_entry("session.intra_op.allow_spinning", "0")?))
            .and_then(|mut b| b.commit_from_memory(bytes))
            .map_err(|e| self.error(e))?;
        if session.inputs().is_empty() || session.outputs().is_empty() {
            return Err(self.error("it has no input or no output"));
        }
        Ok(Box::new(OrtNetwork {
            session,
            engine: self.name(),
        }))
    }
}

struct OrtNetwork {
    session: Session,
    engine: String,
}

impl OrtNetwork {
    fn failed(engine: &str, cause: impl ToString) -> EngineError {
        EngineError::Run {
            engine: engine.to_owned(),
            cause: cause.to_string(),
        }
    }
}

impl Network for OrtNetwork {
    fn input_shape(&self) -> Vec<Option<usize>> {
        let shape = self
            .session
            .inputs()
            .first()
            .and_then(|i| i.dtype().tensor_shape());
        let sides = shape.map(|s| s.iter().map(|n| usize::try_from(*n).ok()).collect());
        sides.unwrap_or_default()
    }

    fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<NamedTensor>, EngineError> {
        let engine = &self.engine;
        let failed = |cause: ::ort::Error| Self::failed(engine, cause);
        let names = self
            .session
            .inputs()
            .iter()
            .map(|i| i.name().to_owned())
            .collect::<Vec<_>>();
        let mut values: Vec<(Cow<'_, str>, SessionInputValue<'_>)> =
            Vec::with_capacity(inputs.len());
        for (name, input) in names.into_iter().zip(inputs) {
            let view = TensorRef::from_array_view((input.shape.clone(), input.values.as_slice()));
            values.push((name.into(), view.map_err(failed)?.into()));
        }
        let results = self.session.run(values).map_err(failed)?;
        let named = results.iter().map(|(name, value)| {
            let (shape, values) = value.try_extract_tensor::<f32>().map_err(failed)?;
            let shape = shape
                .iter()
                .map(|n| usize::try_from(*n).unwrap_or(0))
                .collect();
            let tensor = Tensor {
                shape,
                values: values.to_vec(),
            };
            Ok(NamedTensor {
                name: name.to_owned(),
                tensor,
            })
        });
        named.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn a_library_is_judged_before_it_is_loaded() {
        let check = |name: &str, bytes: &[u8], want: Result<&str, &str>| {
            let (_folder, path) = library(name, bytes);
            let got = library_version(&path).map_err(|e| e.to_string());
            match (got, want) {
                (Ok(version), Ok(wanted)) => assert_eq!(version, wanted),
                (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
                (got, want) => panic!("{name}: {got:?}, wanted {want:?}"),
            }
        };
        check("a.so", b"..OrtGetApiBase\0VERS_1.31.1\0", Ok("1.31.1"));
        check(
            "a.so",
            b"..OrtGetApiBase\0VERS_1.16.3\0",
            Err("1.17 to 1.31"),
        );
        check(
            "a.so",
            b"..OrtGetApiBase\0VERS_1.99.0\0",
            Err("1.17 to 1.31"),
        );
        check("libonnxruntime.so.1.20.0", b"OrtGetApiBase", Ok("1.20.0"));
        check("a.so", b"OrtGetApiBase", Err("no ONNX Runtime library"));
        check(
            "a.so",
            b"\x7fELF something else VERS_1.31.1",
            Err("no ONNX Runtime library"),
        );
        check("a.so", b"", Err("no ONNX Runtime library"));
    }

    #[test]
    fn a_file_that_lies_about_itself_is_an_error_not_a_crash() {
        let (_folder, path) = library("libonnxruntime.so", b"OrtGetApiBase VERS_1.31.1");
        let error = start(path).err().unwrap().to_string();
        assert!(error.contains("would not start"), "{error}");
    }
}
