//! One camera: a supervised ffmpeg child, a watchdog, and a bounded queue of frames.
//! It knows nothing of faces.

pub mod ffmpeg;
pub mod pictures;
pub mod queue;
pub mod source;
pub mod supervisor;
pub mod watchdog;
