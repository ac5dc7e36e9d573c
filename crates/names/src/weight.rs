//! The weight table: what each piece of evidence is worth, in natural log-odds, and the one threshold. Every number of the
//! comparison stands here. Must not compute anything about a name.

use crate::word::Word;

/// A comparison whose score reaches this is a match: as much for as against.
pub const THRESHOLD: f32 = 0.5;

/// Before anything is compared: two names are of two people until parts agree.
pub(crate) const START: f32 = -2.0;
/// What the best agreeing part is worth, the next best, and so on: a third part adds less than a second.
pub(crate) const SUPPORT: [f32; 6] = [3.0, 1.75, 1.0, 0.6, 0.4, 0.2];
/// Nothing was left over on either side and everything is spelled or sounds the same.
pub(crate) const WHOLE: f32 = 1.0;
/// A rare part that the other, shorter name simply lacks.
pub(crate) const ABSENT: f32 = -1.2;
/// Two parts left over, one on each side, and nothing alike.
pub(crate) const DIFFERS: f32 = -5.0;
/// The same, when one of them is a patronymic and the other is not.
pub(crate) const OTHER_ROLE: f32 = -3.0;
/// An initial, and a part that begins otherwise.
pub(crate) const INITIAL_DIFFERS: f32 = -4.0;
/// An initial that fits.
pub(crate) const INITIAL: f32 = 0.5;
/// Parts stand in another order, and no comma explains it.
pub(crate) const ORDER: f32 = -0.3;
/// `bin` in one, `binti` in the other.
pub(crate) const DESCENT: f32 = -1.0;
/// Parts less alike than this are not the same part.
pub(crate) const PAIR_AT: f32 = 0.7;
/// Joined or split words must be this much alike.
pub(crate) const JOIN_AT: f32 = 0.85;

/// How much of its worth a part keeps when it is not spelled the same: straight lines between these points.
const KEPT: [(f32, f32); 5] = [(0.7, 0.1), (0.75, 0.4), (0.8, 0.6), (0.9, 0.9), (0.97, 1.0)];

/// The share of a part's worth at a likeness of at least [`PAIR_AT`].
pub(crate) fn kept(likeness: f32) -> f32 {
    let mut lower = KEPT[0];
    for upper in KEPT {
        if likeness < upper.0 {
            let along = (likeness - lower.0) / (upper.0 - lower.0).max(f32::EPSILON);
            return lower.1 + along.clamp(0.0, 1.0) * (upper.1 - lower.1);
        }
        lower = upper;
    }
    1.0
}

/// What two leftover parts cost at a likeness below [`PAIR_AT`]: a little less where they are half alike.
pub(crate) fn differs(likeness: f32) -> f32 {
    let near = ((likeness - 0.5) / 0.2).clamp(0.0, 1.0);
    DIFFERS * (1.0 - 0.3 * near)
}

/// What a piece of evidence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It speaks for the same person.
    Supports,
    /// It speaks against.
    Contradicts,
    /// One side does not have it.
    Absent,
    /// It is no evidence: the start of the sum, or nothing to compare on either side.
    Neutral,
}

impl Verdict {
    /// Stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Verdict::Supports => "supports",
            Verdict::Contradicts => "contradicts",
            Verdict::Absent => "absent",
            Verdict::Neutral => "neutral",
        }
    }
}

/// What was compared. [`Feature::code`] is the stable name for API and language files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feature {
    /// Where the sum starts.
    Start,
    /// A part spelled the same, or a known spelling of the same name.
    SamePart,
    /// A part alike in sound or by a slip.
    AlikePart,
    /// Words joined here and apart there.
    JoinedParts,
    /// A short form: Bill, William.
    ShortForm,
    /// An initial that fits or does not.
    Initial,
    /// Two parts that have no counterpart, one in each name.
    OtherPart,
    /// A part only one name has.
    MissingPart,
    /// Nothing left over, everything the same.
    WholeName,
    /// Parts in another order.
    Order,
    /// bin against binti.
    Descent,
    /// Date of birth.
    Birth,
    /// Sex.
    Sex,
    /// Nationality.
    Nationality,
    /// A document number, exact.
    Document,
}

impl Feature {
    /// Every feature, for language files and descriptions.
    pub const ALL: [Feature; 15] = [
        Feature::Start,
        Feature::SamePart,
        Feature::AlikePart,
        Feature::JoinedParts,
        Feature::ShortForm,
        Feature::Initial,
        Feature::OtherPart,
        Feature::MissingPart,
        Feature::WholeName,
        Feature::Order,
        Feature::Descent,
        Feature::Birth,
        Feature::Sex,
        Feature::Nationality,
        Feature::Document,
    ];

    /// Stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Feature::Start => "start",
            Feature::SamePart => "same_part",
            Feature::AlikePart => "alike_part",
            Feature::JoinedParts => "joined_parts",
            Feature::ShortForm => "short_form",
            Feature::Initial => "initial",
            Feature::OtherPart => "other_part",
            Feature::MissingPart => "missing_part",
            Feature::WholeName => "whole_name",
            Feature::Order => "order",
            Feature::Descent => "descent",
            Feature::Birth => "birth_date",
            Feature::Sex => "sex",
            Feature::Nationality => "nationality",
            Feature::Document => "document_number",
        }
    }
}

/// One row of the table that explains a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// What was compared.
    pub feature: Feature,
    /// What it says.
    pub verdict: Verdict,
    /// Its part of the sum, natural log-odds.
    pub weight: f32,
    /// The part of the first name, in ASCII; empty where there is none. Personal data.
    pub left: Word,
    /// The part of the second name.
    pub right: Word,
}

impl Row {
    pub(crate) const fn of(feature: Feature, verdict: Verdict, weight: f32) -> Self {
        Row {
            feature,
            verdict,
            weight,
            left: Word::EMPTY,
            right: Word::EMPTY,
        }
    }

    pub(crate) const fn with(self, left: Word, right: Word) -> Self {
        Row {
            left,
            right,
            ..self
        }
    }
}

/// Log-odds to a score of 0 to 1.
#[must_use]
pub(crate) fn score(sum: f32) -> f32 {
    1.0 / (1.0 + (-sum).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_rises_and_ends_at_one() {
        let points: Vec<f32> = (0..=60).map(|i| kept(0.7 + i as f32 * 0.005)).collect();
        assert!(points.windows(2).all(|two| two[0] <= two[1]));
        assert_eq!((points[0], kept(1.0)), (0.1, 1.0));
        assert_eq!(differs(0.2), DIFFERS);
        assert!(differs(0.69) > DIFFERS && differs(0.69) < START);
    }

    #[test]
    fn one_contradiction_outweighs_all_parts_of_a_long_name() {
        let most: f32 = SUPPORT.iter().sum();
        assert!(START + most + DIFFERS < 0.0);
    }

    #[test]
    fn codes_are_one_each() {
        let codes: std::collections::HashSet<&str> =
            Feature::ALL.iter().map(|f| f.code()).collect();
        assert_eq!(codes.len(), Feature::ALL.len());
    }
}
