//! From a picture to faces, their quality and templates, behind one `Engine` seam.
//! It knows nothing of people, lists or decisions, keeps no state between calls and writes no face to disk.

pub mod onnx;
