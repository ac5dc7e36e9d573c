//! Asking the list by name or document number: what for, which orders may be in the answer, and how often one account
//! may ask. Must not compare names (the crate `names` does) nor keep what was asked.

use serde::{Deserialize, Serialize};

use crate::{
    day::Day,
    entry::COUNTRY_OFFSETS,
    order::Status,
    rule_pack::OrderKind,
    time::{HOUR_MS, MINUTE_MS, UtcMs},
};

/// What a name is asked for; recorded with every question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = NameCheckPurpose))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A traveller stands at a desk.
    Desk,
    /// Further checks after a similarity.
    SecondLine,
    /// An application for a visa.
    Visa,
    /// An application for a passport.
    Passport,
    /// An order is being written or approved.
    Order,
}

impl Purpose {
    /// Every purpose, in the order shown.
    pub const ALL: [Purpose; 5] = [
        Self::Desk,
        Self::SecondLine,
        Self::Visa,
        Self::Passport,
        Self::Order,
    ];

    /// The name used in JSON, audit rows and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::SecondLine => "second_line",
            Self::Visa => "visa",
            Self::Passport => "passport",
            Self::Order => "order",
        }
    }

    /// The purpose with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// The days it is where somebody asks: one at a site, all of the country's where no site is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Here {
    /// The earliest day it is: for what begins.
    pub earliest: Day,
    /// The latest day it is: for what ends.
    pub latest: Day,
}

impl Here {
    /// At a site whose clocks are `utc_offset_minutes` ahead of UTC.
    pub fn at(now: UtcMs, utc_offset_minutes: i64) -> Self {
        let day = Day::at(now, utc_offset_minutes);
        Here {
            earliest: day,
            latest: day,
        }
    }

    /// Anywhere in the country: in doubt for the person.
    pub fn anywhere(now: UtcMs) -> Self {
        let days = COUNTRY_OFFSETS.map(|offset| Day::at(now, offset));
        let first = Day::at(now, COUNTRY_OFFSETS[0]);
        Here {
            earliest: days.into_iter().min().unwrap_or(first),
            latest: days.into_iter().max().unwrap_or(first),
        }
    }

    /// Whether a period that two people approved holds here now; `last_day` is absent for life.
    pub fn in_force(self, status: Status, first_day: Day, last_day: Option<Day>) -> bool {
        status.is_approved()
            && first_day <= self.earliest
            && last_day.is_none_or(|last| self.latest <= last)
    }
}

/// Whether an order of this kind answers to a name alone. A lost document's owner may travel: only its number answers.
pub fn answers_to_a_name(kind: OrderKind) -> bool {
    kind != OrderKind::LostDocument
}

/// What an answer says of one listed person, in a word. None of them is a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = NameCheckVerdict))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The same document number, and no other name.
    Document,
    /// The same document number, but another name: somebody else's document, or a new name.
    DocumentOtherName,
    /// The name agrees, and what else is known does not speak against it.
    Likely,
    /// The name agrees; little else is known.
    Possible,
    /// The name agrees, but birth, sex or nationality speak against it.
    Doubtful,
}

impl Verdict {
    /// Every verdict, in the order shown.
    pub const ALL: [Verdict; 5] = [
        Self::Document,
        Self::DocumentOtherName,
        Self::Likely,
        Self::Possible,
        Self::Doubtful,
    ];

    /// The name used in JSON and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::DocumentOtherName => "document_other_name",
            Self::Likely => "likely",
            Self::Possible => "possible",
            Self::Doubtful => "doubtful",
        }
    }

    /// From the scores, 0 to 1: of the names alone (`None` where there are none to compare), and with what else is known.
    pub fn of(document: bool, name_score: Option<f32>, score: f32) -> Self {
        match (document, name_score) {
            (true, Some(names)) if names < 0.5 => Self::DocumentOtherName,
            (true, _) => Self::Document,
            (false, _) if score >= 0.95 => Self::Likely,
            (false, _) if score >= 0.5 => Self::Possible,
            (false, _) => Self::Doubtful,
        }
    }
}

/// At most so many questions of one account in a minute.
pub const MOST_A_MINUTE: usize = 30;
/// At most so many in an hour.
pub const MOST_AN_HOUR: usize = 400;

/// Milliseconds until an account may ask again; `None` when it may now. `asked` holds its questions of the last hour,
/// oldest first.
pub fn wait_ms(asked: &[UtcMs], now: UtcMs) -> Option<i64> {
    let over = |most: usize, span: i64| {
        let at = asked.len().checked_sub(most)?;
        let left = span - now.since_ms(*asked.get(at)?);
        (left > 0).then_some(left)
    };
    over(MOST_A_MINUTE, MINUTE_MS).max(over(MOST_AN_HOUR, HOUR_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn an_order_is_in_an_answer_on_its_days_of_that_place_only() {
        // 2026-11-21T16:30:00Z: still the 21st in Jakarta, the 22nd in Denpasar and Jayapura.
        let now = UtcMs(1_795_278_600_000);
        let (first, last) = (day("2026-11-01"), Some(day("2026-11-21")));
        let holds = |here: Here, status| here.in_force(status, first, last);
        assert!(holds(Here::at(now, 420), Status::Approved));
        assert!(holds(Here::at(now, 420), Status::ExtensionRequested));
        assert!(!holds(Here::at(now, 480), Status::Approved));
        assert!(
            !holds(Here::anywhere(now), Status::Approved),
            "over somewhere"
        );
        let begins = |here: Here| here.in_force(Status::Approved, day("2026-11-22"), None);
        assert!(begins(Here::at(now, 540)));
        assert!(!begins(Here::at(now, 420)) && !begins(Here::anywhere(now)));
        for status in Status::ALL.into_iter().filter(|s| !s.is_approved()) {
            assert!(!holds(Here::at(now, 420), status), "{status:?}");
        }
    }

    #[test]
    fn an_account_asks_so_often_and_is_told_when_again() {
        let now = UtcMs(10 * HOUR_MS);
        let asked = |n: i64, every: i64| -> Vec<UtcMs> {
            (0..n).rev().map(|i| now - (1 + i) * every).collect()
        };
        assert_eq!(wait_ms(&[], now), None);
        assert_eq!(wait_ms(&asked(29, 1_000), now), None);
        assert_eq!(wait_ms(&asked(30, 1_000), now), Some(30_000));
        assert_eq!(wait_ms(&asked(30, 2_000), now), None, "the first is over");
        assert_eq!(wait_ms(&asked(400, 8_000), now), Some(HOUR_MS - 3_200_000));
        assert_eq!(wait_ms(&asked(399, 8_000), now), None);
    }

    #[test]
    fn a_document_is_its_own_verdict_and_birth_never_makes_a_hit() {
        for (document, names, score, expect) in [
            (true, Some(0.1), 0.1, Verdict::DocumentOtherName),
            (true, Some(0.9), 0.9, Verdict::Document),
            (true, None, 0.5, Verdict::Document),
            (false, Some(0.96), 0.99, Verdict::Likely),
            (false, Some(0.9), 0.9, Verdict::Possible),
            (false, Some(0.9), 0.2, Verdict::Doubtful),
        ] {
            assert_eq!(Verdict::of(document, names, score), expect);
        }
    }

    #[test]
    fn the_owner_of_a_lost_document_is_not_listed_by_name() {
        for kind in OrderKind::ALL {
            let expect = *kind != OrderKind::LostDocument;
            assert_eq!(answers_to_a_name(*kind), expect, "{kind:?}");
        }
    }

    #[test]
    fn names_round_trip() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::from_name(purpose.name()), Some(purpose));
        }
    }
}
