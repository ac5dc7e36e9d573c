//! Passenger lists of carriers: what the pre-screening advises, what a person may decide, what the carrier is told, how
//! long it is kept. A machine never says that somebody may not board. Must not compare names.

use serde::{Deserialize, Serialize};

use crate::{
    crossing::Nationality,
    day::Day,
    name_check::Verdict,
    rule_pack::kind::names,
    time::{DAY_MS, UtcMs},
};

/// What the pre-screening says of a passenger. There is no third word: only a person says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PassengerAdvice))]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Nothing answers.
    Board,
    /// A person looks first.
    Refer,
}

names!(Advice {
    Board "board",
    Refer "refer",
});

impl Advice {
    /// By document number and name. A name alone whose details speak against it refers nobody.
    pub fn of(verdicts: &[Verdict]) -> Self {
        let refers = |verdict: &Verdict| *verdict != Verdict::Doubtful;
        match verdicts.iter().any(refers) {
            true => Self::Refer,
            false => Self::Board,
        }
    }
}

/// What a person decided about somebody who was referred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PassengerDecision))]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// May board.
    Board,
    /// May not board. Never a citizen.
    NoBoard,
}

names!(Decision {
    Board "board",
    NoBoard "no_board",
});

/// What the carrier is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PassengerAnswer))]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// May board.
    Board,
    /// Ask again: a person looks first.
    Refer,
    /// A person said no.
    NoBoard,
}

names!(Answer {
    Board "board",
    Refer "refer",
    NoBoard "no_board",
});

impl Answer {
    /// From advice and decision.
    pub fn of(advice: Advice, decision: Option<Decision>) -> Self {
        match (advice, decision) {
            (_, Some(Decision::NoBoard)) => Self::NoBoard,
            (Advice::Board, _) | (_, Some(Decision::Board)) => Self::Board,
            (Advice::Refer, None) => Self::Refer,
        }
    }
}

/// Why a decision is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody asked.
    #[error("only a passenger whom the pre-screening refers is decided about")]
    NotReferred,
    /// The floor: a citizen comes home.
    #[error(
        "a citizen cannot be kept from boarding; at the checkpoint the rule table says what is done"
    )]
    Citizen,
    /// No reason.
    #[error("say why, in 3 to 500 characters")]
    NoReason,
}

impl Refused {
    /// Stable code for API clients.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotReferred => "not_referred",
            Self::Citizen => "citizen_boards",
            Self::NoReason => "reason_missing",
        }
    }
}

/// Whether a person may decide this about a passenger.
pub fn may_decide(
    advice: Advice,
    nationality: Option<&Nationality>,
    decision: Decision,
    reason: &str,
) -> Result<(), Refused> {
    if advice != Advice::Refer {
        return Err(Refused::NotReferred);
    }
    if decision == Decision::NoBoard && nationality.is_some_and(Nationality::citizen) {
        return Err(Refused::Citizen);
    }
    let said = (3..=500).contains(&reason.trim().chars().count());
    said.then_some(()).ok_or(Refused::NoReason)
}

/// Nothing is believed to arrive later than this.
const LONGEST_AHEAD_MS: i64 = 4 * DAY_MS;
/// Where no arrival is given, it is taken to be by then.
const UNKNOWN_AHEAD_MS: i64 = 2 * DAY_MS;
/// So long are passengers kept who were referred: while a case may still ask for them. To be checked with the law.
pub const KEEP_REFERRED_MS: i64 = 30 * DAY_MS;

/// When passengers nobody asked about are deleted: `keep_ms` after the scheduled arrival (`YYYY-MM-DDTHH:MM`, by the
/// clocks of the place, which are `utc_offset_minutes` ahead).
pub fn expires_at(arrives: &str, utc_offset_minutes: i64, now: UtcMs, keep_ms: i64) -> UtcMs {
    let arrival = instant(arrives, utc_offset_minutes);
    let arrival = arrival.filter(|at| at.since_ms(now) <= LONGEST_AHEAD_MS);
    let arrival = arrival.unwrap_or(now + UNKNOWN_AHEAD_MS);
    // A list that comes late is kept for a while all the same.
    arrival.max(now) + keep_ms
}

fn instant(text: &str, utc_offset_minutes: i64) -> Option<UtcMs> {
    let (day, time) = text.split_once('T')?;
    let (hour, minute) = time.split_once(':')?;
    let day: Day = day.parse().ok()?;
    let minutes = hour.parse::<i64>().ok()? * 60 + minute.parse::<i64>().ok()?;
    Some(day.starts(utc_offset_minutes) + minutes * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR_MS;

    #[test]
    fn a_machine_boards_or_refers_and_only_a_person_says_no() {
        assert_eq!(Advice::of(&[]), Advice::Board);
        assert_eq!(Advice::of(&[Verdict::Doubtful]), Advice::Board);
        for verdict in [
            Verdict::Document,
            Verdict::DocumentOtherName,
            Verdict::Likely,
            Verdict::Possible,
        ] {
            assert_eq!(
                Advice::of(&[Verdict::Doubtful, verdict]),
                Advice::Refer,
                "{verdict:?}"
            );
        }
        for advice in Advice::ALL {
            assert_ne!(Answer::of(*advice, None), Answer::NoBoard, "{advice:?}");
        }
        assert_eq!(
            Answer::of(Advice::Refer, Some(Decision::NoBoard)),
            Answer::NoBoard
        );
        assert_eq!(
            Answer::of(Advice::Refer, Some(Decision::Board)),
            Answer::Board
        );
        assert_eq!(Answer::of(Advice::Refer, None), Answer::Refer);
    }

    #[test]
    fn a_citizen_is_never_kept_from_boarding() {
        let nation = |code: &str| Nationality::new(code).unwrap();
        let decide = |code: &str, decision| {
            may_decide(
                Advice::Refer,
                Some(&nation(code)),
                decision,
                "wanted abroad",
            )
        };
        assert_eq!(decide("IDN", Decision::NoBoard), Err(Refused::Citizen));
        assert_eq!(decide("IDN", Decision::Board), Ok(()));
        assert_eq!(decide("UTO", Decision::NoBoard), Ok(()));
        let refused = may_decide(
            Advice::Board,
            Some(&nation("UTO")),
            Decision::NoBoard,
            "wanted abroad",
        );
        assert_eq!(refused, Err(Refused::NotReferred));
        let refused = may_decide(Advice::Refer, None, Decision::NoBoard, " a ");
        assert_eq!(refused, Err(Refused::NoReason));
    }

    #[test]
    fn passengers_are_kept_until_a_while_after_the_arrival() {
        // 2026-11-21T07:02:11Z
        let now = UtcMs(1_795_244_531_000);
        let keep = 24 * HOUR_MS;
        let arrival = "2026-11-22".parse::<Day>().unwrap().starts(420) + 10 * HOUR_MS + 50 * 60_000;
        assert_eq!(
            expires_at("2026-11-22T10:50", 420, now, keep),
            arrival + keep
        );
        assert_eq!(
            expires_at("2026-11-20T10:50", 420, now, keep),
            now + keep,
            "late"
        );
        for unknown in ["", "2027-11-22T10:50", "tomorrow"] {
            assert_eq!(
                expires_at(unknown, 420, now, keep),
                now + UNKNOWN_AHEAD_MS + keep,
                "{unknown}"
            );
        }
    }
}
