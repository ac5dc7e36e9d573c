//! One inference thread's tools: detect, align, embed, with the networks of one pack.
//! It keeps no picture and no template between calls.

use std::sync::Arc;

use crate::detect::{self, DetectSize, Detector};
use crate::engine::{Engine, EngineError, Network, Tensor};
use crate::frame::{Crop, Face, Frame};
use crate::geometry;
use crate::pack::{Card, Channels, Pack, PackError, Role};
use crate::picture::Picture;
use crate::template::Template;

/// Largest number of crops in one run of the recogniser: bounds memory.
const LARGEST_BATCH: usize = 16;

/// The networks of one pack, loaded on one engine. Give each inference thread its own: one thread a
/// session and parallel sessions beat one session with many threads.
pub struct Analyser {
    card: Arc<Card>,
    model_id: Arc<str>,
    detector: Box<dyn Detector>,
    recogniser: Box<dyn Network>,
    /// The recogniser takes only this many crops at a time.
    fixed_batch: Option<usize>,
    size: DetectSize,
    resizer: fast_image_resize::Resizer,
}

impl Analyser {
    /// Loads the pack's networks and runs each once, so that a wrong shape shows now.
    pub fn new(pack: &Pack, engine: &Arc<dyn Engine>, size: DetectSize) -> Result<Self, PackError> {
        let card = pack.shared_card();
        let detector = detect::load(&card.detector, &pack.files(Role::Detector), engine)?;
        let files = pack.files(Role::Recogniser);
        let file = files
            .first()
            .ok_or_else(|| PackError::Card("it has no file with role `recogniser`".into()))?;
        let recogniser = engine.load(file, 1)?;
        let fixed_batch = recogniser.input_shape().first().copied().flatten();
        let model_id = Arc::from(card.model_id.as_str());
        let mut analyser = Analyser {
            card,
            model_id,
            detector,
            recogniser,
            fixed_batch,
            size,
            resizer: fast_image_resize::Resizer::new(),
        };
        let side = analyser.card.input_size;
        let grey = Crop {
            size: side,
            rgb: vec![100; side as usize * side as usize * 3],
        };
        analyser.run_recogniser(&[&grey])?;
        Ok(analyser)
    }

    /// The recogniser's stable id.
    pub fn model_id(&self) -> &Arc<str> {
        &self.model_id
    }

    /// The pack's card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The size at which frames are searched.
    pub fn detect_size(&self) -> DetectSize {
        self.size
    }

    /// Searches at another size from now on: a still photograph and a camera need different ones.
    pub fn set_detect_size(&mut self, size: DetectSize) {
        self.size = size;
    }

    /// Every face in the frame, best score first, in the frame's pixels.
    pub fn detect(&mut self, frame: &Frame) -> Result<Vec<Face>, EngineError> {
        self.detector.detect(frame, self.size)
    }

    /// Every face in a camera's picture, best score first, in the picture's pixels.
    pub fn detect_in(&mut self, picture: &Picture) -> Result<Vec<Face>, EngineError> {
        let (full, detail) = ((picture.width(), picture.height()), self.detector.detail());
        let (width, height) = match self.size {
            DetectSize::Longest(limit) => DetectSize::Longest(limit.saturating_mul(detail)),
            DetectSize::Full => DetectSize::Full,
        }
        .of(full.0, full.1);
        let small = picture.shrunk(&mut self.resizer, width, height);
        let small = small.ok_or_else(|| EngineError::Shape("a picture without area".into()))?;
        let mut faces = self.detector.detect(&small, self.size)?;
        let scale = [full.0 as f32 / width as f32, full.1 as f32 / height as f32];
        detect::enlarge(&mut faces, scale);
        Ok(faces)
    }

    /// The recogniser's view of one face, sampled from the full frame.
    pub fn align(&self, frame: &Frame, face: &Face) -> Crop {
        geometry::align(frame, face, &self.card.points(), self.card.input_size)
    }

    /// One template a crop, in order. Crops of any number; they may come from different cameras.
    pub fn embed(&mut self, crops: &[Crop]) -> Result<Vec<Template>, EngineError> {
        self.embed_all(&crops.iter().collect::<Vec<_>>())
    }

    /// [`Analyser::embed`] for crops that live in different places.
    pub fn embed_all(&mut self, crops: &[&Crop]) -> Result<Vec<Template>, EngineError> {
        let mut templates = Vec::with_capacity(crops.len());
        let batch = self
            .fixed_batch
            .unwrap_or(LARGEST_BATCH)
            .clamp(1, LARGEST_BATCH);
        for part in crops.chunks(batch) {
            templates.extend(self.embed_part(part)?);
        }
        Ok(templates)
    }

    fn embed_part(&mut self, crops: &[&Crop]) -> Result<Vec<Template>, EngineError> {
        let dimension = self.card.dimension;
        let mut values = self.run_recogniser(crops)?;
        if self.card.mirror {
            let mirrored = crops.iter().map(|c| mirror(c)).collect::<Vec<_>>();
            let other = self.run_recogniser(&mirrored.iter().collect::<Vec<_>>())?;
            let pairs = values
                .chunks_exact_mut(dimension)
                .zip(other.chunks_exact(dimension));
            for (mine, theirs) in pairs {
                let (a, b) = (norm(mine), norm(theirs));
                mine.iter_mut()
                    .zip(theirs)
                    .for_each(|(m, t)| *m = *m / a + t / b);
            }
        }
        let template = |v: &[f32]| {
            let made = Template::new(self.model_id.clone(), v.to_vec());
            made.ok_or_else(|| EngineError::Shape("the recogniser gave no usable numbers".into()))
        };
        values.chunks_exact(dimension).map(template).collect()
    }

    /// The raw output for up to one batch: `crops.len() * dimension` values.
    fn run_recogniser(&mut self, crops: &[&Crop]) -> Result<Vec<f32>, EngineError> {
        let rows = self.fixed_batch.unwrap_or(crops.len()).max(crops.len());
        let side = self.card.input_size as usize;
        let mut input = Tensor::zeros(&[rows, 3, side, side]);
        for (crop, out) in crops
            .iter()
            .zip(input.values.chunks_exact_mut(3 * side * side))
        {
            if crop.size as usize != side {
                return Err(EngineError::Shape(format!(
                    "a crop is {} px, the card says {side}",
                    crop.size
                )));
            }
            self.fill(crop, out);
        }
        let mut outputs = self.recogniser.run(&[input])?;
        let wanted = rows * self.card.dimension;
        let at = outputs.iter().position(|o| o.tensor.values.len() == wanted);
        let at = at.ok_or_else(|| {
            let shapes = outputs
                .iter()
                .map(|o| format!("{:?}", o.tensor.shape))
                .collect::<Vec<_>>();
            let (found, dimension) = (shapes.join(", "), self.card.dimension);
            EngineError::Shape(format!(
                "the recogniser gives {found}, the card says dimension {dimension}"
            ))
        })?;
        let mut values = outputs.swap_remove(at).tensor.values;
        values.truncate(crops.len() * self.card.dimension);
        Ok(values)
    }

    fn fill(&self, crop: &Crop, out: &mut [f32]) {
        let how = &self.card.preprocessing;
        let plane = out.len() / 3;
        for (i, pixel) in crop.rgb.chunks_exact(3).enumerate() {
            for c in 0..3 {
                let from = if how.channels == Channels::Rgb {
                    c
                } else {
                    2 - c
                };
                out[c * plane + i] = (f32::from(pixel[from]) - how.mean[c]) / how.divisor[c];
            }
        }
    }
}

impl std::fmt::Debug for Analyser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Analyser({}, {:?})", self.model_id, self.size)
    }
}

fn norm(values: &[f32]) -> f32 {
    values
        .iter()
        .map(|v| v * v)
        .sum::<f32>()
        .sqrt()
        .max(f32::EPSILON)
}

fn mirror(crop: &Crop) -> Crop {
    let mut rgb = Vec::with_capacity(crop.rgb.len());
    for line in crop.rgb.chunks_exact(crop.size as usize * 3) {
        line.chunks_exact(3)
            .rev()
            .for_each(|p| rgb.extend_from_slice(p));
    }
    Crop {
        size: crop.size,
        rgb,
    }
}
