//! Enrolment with an installed model pack: decode, exactly one face, quality, template, portrait.

use std::sync::{Arc, Mutex, PoisonError};

use tapal_domain::wire::ShotQuality;
use tapal_vision::{
    Analyser, DetectSize, Engine, Face, Frame, ImageError, ImageLimits, Pack, PackError, Quality,
    QualityLimits, decode_image, encode_jpeg, portrait,
};

use super::{Enrol, EnrolRefused, Enrolled};

/// Faces smaller than this share of the largest one are bystanders in the background, not a second subject.
const BYSTANDER: f32 = 0.25;
/// JPEG quality of the portrait people look at.
const JPEG_QUALITY: u8 = 90;

/// Makes templates with a pack. One photograph at a time: enrolling is rare and memory stays bounded.
pub struct PackEnrol {
    model_id: String,
    analyser: Mutex<Analyser>,
}

impl PackEnrol {
    /// Loads the pack's networks.
    pub fn new(pack: &Pack, engine: &Arc<dyn Engine>) -> Result<Self, PackError> {
        let analyser = Analyser::new(pack, engine, DetectSize::default())?;
        Ok(Self {
            model_id: pack.card().model_id.clone(),
            analyser: Mutex::new(analyser),
        })
    }
}

impl Enrol for PackEnrol {
    fn enrol(&self, image: &[u8]) -> Result<Enrolled, EnrolRefused> {
        let frame = decode_image(image, &ImageLimits::default()).map_err(|e| {
            let code = match e {
                ImageError::TooManyBytes { .. } | ImageError::TooLarge { .. } => "too_large",
                ImageError::Unknown | ImageError::Damaged(_) => "not_an_image",
            };
            refuse(code, format!("The photograph cannot be read: {e}"))
        })?;
        let mut analyser = self.analyser.lock().unwrap_or_else(PoisonError::into_inner);
        let broken = |e: tapal_vision::EngineError| {
            refuse("engine", format!("The model could not be run: {e}"))
        };
        let faces = analyser.detect(&frame).map_err(broken)?;
        let face = the_one(&faces)?;
        if !whole_face_inside(&frame, face) {
            return Err(refuse("cut_off", advice("cut_off").into()));
        }
        let quality = Quality::measure(&frame, face);
        quality
            .verdict(&QualityLimits::enrolment())
            .map_err(|reason| refuse(code(reason), advice(code(reason)).into()))?;
        let crop = analyser.align(&frame, face);
        let template = analyser.embed(&[crop]).map_err(broken)?.pop();
        let template =
            template.ok_or_else(|| refuse("engine", "The model gave no template.".into()))?;
        Ok(Enrolled {
            portrait_jpeg: picture(&frame, face),
            template: template.values.to_vec(),
            quality: shot(&quality),
        })
    }

    fn model_id(&self) -> &str {
        &self.model_id
    }
}

fn picture(frame: &Frame, face: &Face) -> Vec<u8> {
    encode_jpeg(&portrait(frame, face), JPEG_QUALITY)
}

fn the_one(faces: &[Face]) -> Result<&Face, EnrolRefused> {
    let area = |f: &Face| f.bbox[2] * f.bbox[3];
    let largest = faces.iter().max_by(|a, b| area(a).total_cmp(&area(b)));
    let largest = largest.ok_or_else(|| {
        refuse(
            "no_face",
            "No face was found. Use a photograph with the whole face, seen from the front.".into(),
        )
    })?;
    if faces
        .iter()
        .filter(|f| area(f) >= BYSTANDER * area(largest))
        .count()
        > 1
    {
        return Err(refuse(
            "several_faces",
            "More than one face was found. Cut the photograph to the one person.".into(),
        ));
    }
    Ok(largest)
}

/// Whether forehead, chin and both cheeks are in the picture, judged from the eyes: a detector's box shrinks to what it
/// sees. In distances between the eyes: 0.9 to either side of their middle, 0.7 up, 1.5 down.
fn whole_face_inside(frame: &Frame, face: &Face) -> bool {
    let [left, right, ..] = face.landmarks;
    let (x, y) = ((left[0] + right[0]) / 2.0, (left[1] + right[1]) / 2.0);
    let apart = face.eye_distance();
    x - 0.9 * apart >= 0.0
        && x + 0.9 * apart <= frame.width as f32
        && y - 0.7 * apart >= 0.0
        && y + 1.5 * apart <= frame.height as f32
}

fn shot(quality: &Quality) -> ShotQuality {
    ShotQuality {
        eye_distance_px: quality.eye_distance_px,
        sharpness: quality.sharpness,
        exposure: quality.exposure,
        yaw_deg: quality.yaw_deg,
        pitch_deg: quality.pitch_deg,
        overall: quality.overall,
    }
}

fn refuse(code: &'static str, message: String) -> EnrolRefused {
    EnrolRefused { code, message }
}

fn code(reason: tapal_vision::Rejection) -> &'static str {
    tapal_domain::screening::NotSearched::from(reason).name()
}

/// What to do about a photograph that is not good enough.
fn advice(code: &str) -> &'static str {
    match code {
        "too_small" => {
            "The face is too small. Use a photograph with at least 40 pixels between the eyes."
        }
        "too_dark" => "The face is too dark. Use an evenly lit photograph.",
        "too_bright" => "The face is too bright. Use an evenly lit photograph.",
        "blurred" => "The photograph is not sharp. Use a sharper one.",
        "side_on" => "The face is turned to the side. Use a photograph from the front.",
        "too_steep" => {
            "The face is seen from too far above or below. Use a photograph at eye height."
        }
        "occluded" => "Part of the face is covered. Use a photograph that shows the whole face.",
        "cut_off" => "The face is cut off at the edge. Use a photograph with the whole head.",
        _ => "It is not certain that this is a face. Use a clearer photograph.",
    }
}

#[cfg(test)]
#[path = "with_pack_tests.rs"]
mod tests;
