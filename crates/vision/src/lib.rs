//! From a picture to faces, their quality and templates, behind one `Engine` seam.
//! It knows nothing of people, lists or decisions, keeps no state between calls and writes no face to disk.

mod analyser;
pub mod detect;
pub mod engine;
pub mod eval;
mod frame;
pub mod geometry;
mod grid;
mod image;
pub mod onnx;
pub mod pack;
mod picture;
mod quality;
pub mod starter;
pub mod stub;
mod template;
#[cfg(test)]
mod tests;
pub mod zone;

pub use analyser::Analyser;
pub use detect::{DetectSize, Detector};
pub use engine::{
    Engine, EngineChoice, EngineError, NamedTensor, Network, Tensor, engine, engine_with_reason,
};
pub use frame::{Crop, Face, Frame};
pub use geometry::portrait;
pub use grid::Grid;
pub use image::{ImageError, ImageLimits, decode_image, encode_jpeg};
pub use pack::{Card, Pack, PackError, Source};
pub use picture::Picture;
pub use quality::{Quality, QualityLimits, Rejection};
pub use template::Template;
