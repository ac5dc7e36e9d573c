//! The seam to the vision crate: one photograph in, one template and portrait out, or reasons why not.
//! Must not keep a photograph.

pub mod background;
pub mod with_pack;

use tapal_domain::wire::ShotQuality;

/// A usable photograph, ready to be stored encrypted. `Debug` is redacted.
pub struct Enrolled {
    /// JPEG, 480 x 600, aligned by the eyes.
    pub portrait_jpeg: Vec<u8>,
    /// L2-normalised template.
    pub template: Vec<f32>,
    /// Its measures.
    pub quality: ShotQuality,
}

impl std::fmt::Debug for Enrolled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolled(redacted)")
    }
}

/// Why a photograph cannot be used: a code (`no_face`, `several_faces`, `not_an_image`, `too_large`, or a
/// reason of `NotSearched` such as `blurred`) and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolRefused {
    /// Stable code.
    pub code: &'static str,
    /// What to do, in English.
    pub message: String,
}

/// Makes templates. Blocking; callers use a thread made for that.
pub trait Enrol: Send + Sync + 'static {
    /// Exactly one face of good quality, or why not.
    fn enrol(&self, image: &[u8]) -> Result<Enrolled, EnrolRefused>;
    /// Stable id of the model of its templates.
    fn model_id(&self) -> &str;
}
