//! What an officer says of two photographs, and what two such statements amount to.
//! Must not know about scores: people judge faces, not numbers.

use serde::{Deserialize, Serialize};

/// One person's answer to "is this the same person?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// Same person.
    Same,
    /// Different person.
    Different,
    /// The photographs do not allow an answer.
    CannotTell,
}

/// What two opinions amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both say same: similar, never "positive" yet.
    Similar,
    /// Both say different.
    NotSame,
    /// Anything else: a supervisor, a third person, decides.
    Disagreed,
}

/// Combines two opinions. Two people who cannot tell do not clear anyone: that is for the supervisor too.
pub fn combine(first: Opinion, second: Opinion) -> Outcome {
    match (first, second) {
        (Opinion::Same, Opinion::Same) => Outcome::Similar,
        (Opinion::Different, Opinion::Different) => Outcome::NotSame,
        _ => Outcome::Disagreed,
    }
}

#[cfg(test)]
mod tests {
    use super::{Opinion::*, *};

    #[test]
    fn only_agreement_settles() {
        for (first, second, expect) in [
            (Same, Same, Outcome::Similar),
            (Different, Different, Outcome::NotSame),
            (Same, Different, Outcome::Disagreed),
            (Different, Same, Outcome::Disagreed),
            (CannotTell, CannotTell, Outcome::Disagreed),
            (Same, CannotTell, Outcome::Disagreed),
            (CannotTell, Different, Outcome::Disagreed),
        ] {
            assert_eq!(combine(first, second), expect, "{first:?} {second:?}");
        }
    }
}
