//! The card of a pack: what each file is, how pixels become numbers, what a score means, under which licence.
//! Cards are data: nothing here opens a model or decides about a person.

use serde::{Deserialize, Serialize};

use tapal_domain::calibration::Calibration;

use super::PackError;
use crate::detect::DetectorCard;
use crate::geometry::arcface_points;
use crate::quality::QualityLimits;

/// The card's file name in an added pack's folder.
pub(super) const FILE_NAME: &str = "card.toml";
const BUILT_IN: &str = include_str!("../../../../models/models.toml");

/// Everything known about a pack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The pack's name on the command line and its folder: lower-case letters, digits, hyphens.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Good for showing and testing only: every console page says so.
    #[serde(default)]
    pub demonstration: bool,
    /// What the licences allow, as their authors state it.
    pub licence: String,
    /// The recogniser's name; with its file's hash it makes the model id.
    pub recogniser: String,
    /// `recogniser@first 8 hex digits of its SHA-256`; worked out when the card is read.
    #[serde(default)]
    pub model_id: String,
    /// Values in a template.
    pub dimension: usize,
    /// Pixels a side of the aligned crop.
    pub input_size: u32,
    /// Add the mirrored crop's template: twice the cost, a little more accurate.
    #[serde(default)]
    pub mirror: bool,
    /// Where the five points lie in the crop; the ArcFace places when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landmarks: Option<[[f32; 2]; 5]>,
    /// How a pixel becomes a number.
    pub preprocessing: Preprocessing,
    /// How faces are found.
    pub detector: DetectorCard,
    /// Suggested bands for a list of about 1,000.
    pub thresholds: Thresholds,
    /// The model files.
    #[serde(rename = "file")]
    pub files: Vec<ModelFile>,
    /// What a score means: measured rates with intervals, and how far they may be trusted.
    #[serde(default)]
    pub calibration: Calibration,
    /// Quality limits where this pack needs others than the usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityLimits>,
}

/// Channel order of the network's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// (pixel 0..255 - mean) / divisor, per channel in the network's order, planes after each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// Channel order.
    pub channels: Channels,
    /// Subtracted.
    pub mean: [f32; 3],
    /// Divided by.
    pub divisor: [f32; 3],
}

/// Suggested cosine thresholds. Policy per site and list overrides them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// From here on a candidate is shown as possible.
    pub possible: f32,
    /// From here on it is shown as a match.
    pub r#match: f32,
    /// How they were chosen.
    #[serde(default)]
    pub note: String,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Finds faces.
    Detector,
    /// Makes templates.
    Recogniser,
    /// Tells a live face from a picture of one.
    Liveness,
}

/// One pinned file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// What it is for.
    pub role: Role,
    /// File name, without folders.
    pub name: String,
    /// Lower-case hexadecimal. May be empty in a card given to `models add`, which then fills it in.
    #[serde(default)]
    pub sha256: String,
    /// Size; filled in by `models add` too.
    #[serde(default)]
    pub bytes: u64,
    /// Where the weights come from: project and commit.
    pub origin: String,
    /// Licence of the weights as their author states it, and what the training data adds.
    pub licence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BuiltIn {
    #[serde(rename = "pack")]
    packs: Vec<Card>,
}

/// The cards that come with Tapal.
pub fn built_in() -> Result<Vec<Card>, PackError> {
    let all: BuiltIn =
        toml::from_str(BUILT_IN).map_err(|e| PackError::Card(format!("models.toml: {e}")))?;
    all.packs.into_iter().map(Card::checked).collect()
}

/// A name that can be a folder and nothing else.
pub(super) fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.len() <= 64 && !name.starts_with('-') && name.chars().all(plain)
}

fn is_plain_file(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 128 && !name.starts_with('.') && name.chars().all(plain)
}

impl Card {
    /// Reads one card (TOML) and checks it.
    pub fn parse(text: &str) -> Result<Card, PackError> {
        let card: Card = toml::from_str(text).map_err(|e| PackError::Card(e.to_string()))?;
        card.checked()
    }

    /// Checks what the types cannot say and works out the model id.
    pub(crate) fn checked(mut self) -> Result<Card, PackError> {
        self.check_numbers().map_err(PackError::Card)?;
        let hash = self.check_files().map_err(PackError::Card)?;
        self.model_id = format!("{}@{hash}", self.recogniser);
        Ok(self)
    }

    fn check_numbers(&self) -> Result<(), String> {
        if self.dimension == 0 || self.dimension > 4096 || !(16..=1024).contains(&self.input_size) {
            return Err("dimension must be 1 to 4096 and input_size 16 to 1024".into());
        }
        if self.preprocessing.divisor.iter().any(|d| !d.is_normal()) {
            return Err("preprocessing.divisor must not be zero".into());
        }
        let bands = &self.thresholds;
        if !(-1.0 <= bands.possible && bands.possible <= bands.r#match && bands.r#match <= 1.0) {
            return Err("thresholds must be cosines with possible <= match".into());
        }
        self.calibration.check().map_err(str::to_owned)
    }

    /// The first digits of the recogniser's hash.
    fn check_files(&self) -> Result<String, String> {
        if !is_plain_name(&self.name) {
            return Err(format!(
                "`{}` is no pack name (a-z, 0-9, hyphen)",
                self.name
            ));
        }
        if let Some(file) = self.files.iter().find(|f| !is_plain_file(&f.name)) {
            return Err(format!("`{}` is no plain file name", file.name));
        }
        if !self.files.iter().any(|f| f.role == Role::Detector) {
            return Err("at least one file must have the role `detector`".into());
        }
        let recognisers = self
            .files
            .iter()
            .filter(|f| f.role == Role::Recogniser)
            .collect::<Vec<_>>();
        let [recogniser] = recognisers[..] else {
            return Err("exactly one file must have the role `recogniser`".into());
        };
        Ok(recogniser.sha256.get(..8).unwrap_or("unpinned").to_owned())
    }

    /// Where the five points lie in the aligned crop.
    pub fn points(&self) -> [[f32; 2]; 5] {
        self.landmarks
            .unwrap_or_else(|| arcface_points(self.input_size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_cards_are_sound() {
        let cards = built_in().unwrap();
        let standard = cards.iter().find(|c| c.name == "standard").unwrap();
        assert_eq!(standard.model_id, "edgeface-xs@e48d35ab");
        assert!(!standard.demonstration);
        for card in &cards {
            assert!(
                card.files
                    .iter()
                    .all(|f| f.sha256.len() == 64 && f.bytes > 0),
                "{}",
                card.name
            );
        }
    }

    #[test]
    fn a_card_that_contradicts_itself_is_refused() {
        let good = toml::to_string(crate::stub::pack().card()).unwrap();
        assert!(Card::parse(&good).is_ok());
        let check = |from: &str, to: &str, part: &str| {
            assert!(good.contains(from), "{from} in {good}");
            let error = Card::parse(&good.replacen(from, to, 1))
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{error}");
        };
        check("name = \"stub\"", "name = \"../evil\"", "no pack name");
        check("recogniser.onnx", "../../etc/passwd", "no plain file name");
        check("dimension = 64", "dimension = 0", "dimension");
        check(
            "role = \"detector\"",
            "role = \"recogniser\"",
            "at least one",
        );
        check("title", "tittle", "unknown field");
    }
}
