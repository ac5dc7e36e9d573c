//! The audit of a new template against people who are surely somebody else, before its entry goes into force.
//! Some faces resemble many others ("lambs", Doddington et al. 1998): each raises false alerts for as long as it is
//! listed. Must not decide about the entry: it finds and explains in numbers, a person decides.

use serde::{Deserialize, Serialize};

use crate::{
    calibration::Calibration,
    count,
    id::{AccountId, EntryId},
};

/// Fewer people than this are no background. At 30, somebody matched twenty times as often as others is found in 85
/// of 100 cases; with 10 people in 14 of 100, which would be reassurance without ground.
pub const LEAST: u64 = 30;

/// Rates of one comparison at which resemblance is counted.
pub const POINTS: [f64; 2] = [1e-2, 1e-3];

/// A count is odd when chance alone brings it about at most this often (one-sided 99.9 %).
pub const CHANCE: f64 = 1e-3;

/// How much the people of a background resemble one another: pairs by score, in steps of 1/200 from -1 to 1.
/// A background can be more alike than the people a calibration was made with; then that is what a new face is
/// held against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likeness {
    pairs: u64,
    steps: Vec<u64>,
}

const STEPS: usize = 400;

fn step(score: f32) -> usize {
    // A score that is not a number counts as the lowest.
    (((score.clamp(-1.0, 1.0) + 1.0) * 200.0) as usize).min(STEPS - 1)
}

impl Default for Likeness {
    fn default() -> Self {
        Self {
            pairs: 0,
            steps: vec![0; STEPS],
        }
    }
}

impl Likeness {
    /// Counts the scores of pairs of different people.
    pub fn of(scores: impl IntoIterator<Item = f32>) -> Self {
        let mut all = Self::default();
        for score in scores {
            all.steps[step(score)] += 1;
            all.pairs += 1;
        }
        all
    }

    /// Share of pairs at or above a score; the whole step of the score counts, so that it errs upwards.
    pub fn rate(&self, score: f32) -> f64 {
        let above: u64 = self.steps.iter().skip(step(score)).sum();
        above as f64 / self.pairs.max(1) as f64
    }

    /// Whether its parts fit together.
    pub fn is_whole(&self) -> bool {
        self.steps.len() == STEPS && self.steps.iter().sum::<u64>() == self.pairs
    }
}

/// How one template stands at one working point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PointCount {
    /// Rate of one comparison of two different people at this point.
    pub fmr: f64,
    /// People of the background who reach the point's score.
    pub seen: u64,
    /// How many would be expected.
    pub expected: f64,
    /// The least count that is odd.
    pub bound: u64,
}

impl PointCount {
    /// Whether more people resemble this face than chance explains.
    pub fn is_odd(&self) -> bool {
        self.seen >= self.bound
    }
}

/// Why there was no count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotCounted {
    /// Fewer than [`LEAST`] people to compare with.
    TooFew,
    /// The model has no calibration that reaches a working point.
    NoCalibration,
}

/// What the audit of one photograph found. Numbers only: no score, no template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// People it was compared with.
    pub people: u64,
    /// Why resemblance was not counted, if so.
    pub not_counted: Option<NotCounted>,
    /// The count at each working point.
    pub points: Vec<PointCount>,
    /// People of the installed background who would raise an alert with this entry.
    pub alerts: u64,
    /// Other live entries that would: somebody who looks alike, or the same person listed twice. Strongest first.
    pub resembles: Vec<EntryId>,
}

impl Finding {
    /// Whether a person must decide before the entry goes out.
    pub fn is_flagged(&self) -> bool {
        self.is_lamb() || self.alerts > 0 || !self.resembles.is_empty()
    }

    /// Whether more people resemble this face than chance explains.
    pub fn is_lamb(&self) -> bool {
        self.points.iter().any(PointCount::is_odd)
    }
}

/// What one template was compared with: cosine similarities, one a person.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// With the people of the installed background.
    pub background: Vec<f32>,
    /// With the other live entries.
    pub entries: Vec<(EntryId, f32)>,
}

/// Most entries named in a finding.
const NAMED: usize = 5;

/// Judges what a new template was compared with. `threshold` is the lowest score that raises an alert with its entry
/// anywhere. An entry that reaches it may be the same person and is named instead of counted as somebody else.
pub fn audit(
    calibration: &Calibration,
    likeness: Option<&Likeness>,
    compared: &Compared,
    threshold: f32,
) -> Finding {
    let mut alike: Vec<(EntryId, f32)> = compared
        .entries
        .iter()
        .filter(|(_, score)| *score >= threshold)
        .copied()
        .collect();
    alike.sort_by(|a, b| b.1.total_cmp(&a.1));
    let others = compared.entries.iter().map(|(_, score)| *score);
    let scores: Vec<f32> = others
        .filter(|score| *score < threshold)
        .chain(compared.background.iter().copied())
        .collect();
    let mut finding = Finding {
        people: scores.len() as u64,
        alerts: compared
            .background
            .iter()
            .filter(|score| **score >= threshold)
            .count() as u64,
        resembles: alike.into_iter().map(|(id, _)| id).take(NAMED).collect(),
        ..Finding::default()
    };
    if finding.people < LEAST {
        finding.not_counted = Some(NotCounted::TooFew);
        return finding;
    }
    let counted = |fmr: &f64| point(calibration, likeness, &scores, *fmr);
    finding.points = POINTS.iter().filter_map(counted).collect();
    finding.not_counted = finding
        .points
        .is_empty()
        .then_some(NotCounted::NoCalibration);
    finding
}

fn point(
    calibration: &Calibration,
    likeness: Option<&Likeness>,
    scores: &[f32],
    fmr: f64,
) -> Option<PointCount> {
    let score = calibration.score_for(fmr)?;
    let by_table = calibration.fmr(score)?.high;
    let by_people = likeness.map_or(0.0, |likeness| likeness.rate(score));
    let expected = scores.len() as f64 * by_table.max(by_people);
    Some(PointCount {
        fmr,
        seen: scores.iter().filter(|own| **own >= score).count() as u64,
        expected,
        bound: count::bound(expected, CHANCE),
    })
}

/// Why somebody may not decide about a held entry, besides lacking the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayNotDecide {
    /// Who recorded an entry never lets it out.
    OwnEntry,
    /// A decision needs its reason.
    NoReason,
}

/// Whether this account may decide about an entry that another recorded. `recorded_by` is `None` for the program.
pub fn may_decide(
    recorded_by: Option<AccountId>,
    account: AccountId,
    reason: &str,
) -> Result<(), MayNotDecide> {
    if recorded_by == Some(account) {
        return Err(MayNotDecide::OwnEntry);
    }
    if reason.trim().is_empty() {
        return Err(MayNotDecide::NoReason);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Calibration {
        Calibration::counted(&[(0.1, 1e-1), (0.2, 1e-2), (0.3, 1e-3), (0.5, 1e-5)])
    }

    fn id(n: u128) -> EntryId {
        EntryId(uuid::Uuid::from_u128(n))
    }

    /// A background of `people`, of whom so many reach the scores of the two working points.
    fn seen(people: usize, percent: usize, permille: usize) -> Compared {
        let mut background = vec![0.0; people - percent];
        background.extend(vec![0.25; percent - permille]);
        background.extend(vec![0.35; permille]);
        Compared {
            background,
            entries: Vec::new(),
        }
    }

    fn lamb(compared: &Compared) -> bool {
        audit(&table(), None, compared, 0.5).is_lamb()
    }

    #[test]
    fn more_resemblance_than_chance_explains_is_flagged() {
        // 1,000 people: 10 and 1 are expected; 22 and 6 are the first that are odd.
        for (people, percent, permille, expect) in [
            (1_000, 10, 1, false),
            (1_000, 21, 5, false),
            (1_000, 22, 0, true),
            (1_000, 6, 6, true),
            (30, 3, 0, false),
            (30, 4, 0, true),
            (30, 2, 2, true),
        ] {
            let compared = seen(people, percent, permille);
            assert_eq!(lamb(&compared), expect, "{people} {percent} {permille}");
        }
        let finding = audit(&table(), None, &seen(1_000, 22, 0), 0.5);
        let point = finding.points[0];
        assert_eq!((point.seen, point.bound), (22, 22));
        assert!((point.expected - 10.0).abs() < 0.01);
    }

    #[test]
    fn too_few_people_and_no_calibration_are_said() {
        let few = audit(&table(), None, &seen(29, 20, 20), 0.5);
        assert_eq!(few.not_counted, Some(NotCounted::TooFew));
        assert!(!few.is_flagged(), "no ground for a flag");
        let none = audit(&Calibration::default(), None, &seen(100, 50, 50), 0.5);
        assert_eq!(none.not_counted, Some(NotCounted::NoCalibration));
        assert!(!none.is_flagged());
    }

    #[test]
    fn who_would_raise_an_alert_is_flagged_even_with_a_small_background() {
        let mut compared = seen(5, 0, 0);
        compared.background[0] = 0.5;
        let found = audit(&table(), None, &compared, 0.5);
        assert_eq!((found.alerts, found.is_flagged()), (1, true));
        compared.background[0] = 0.499;
        assert!(!audit(&table(), None, &compared, 0.5).is_flagged());
    }

    #[test]
    fn an_entry_alike_is_named_and_not_counted_as_somebody_else() {
        let compared = Compared {
            background: vec![0.0; 30],
            entries: vec![(id(1), 0.55), (id(2), 0.9), (id(3), 0.1)],
        };
        let found = audit(&table(), None, &compared, 0.5);
        assert_eq!(found.resembles, [id(2), id(1)], "strongest first");
        assert_eq!((found.people, found.points[0].seen), (31, 0));
        assert!(found.is_flagged() && !found.is_lamb());
    }

    #[test]
    fn a_background_that_is_alike_raises_what_is_expected() {
        // Each tenth pair of these people reaches 0.25: then 4 of 30 are nothing odd.
        let likeness = Likeness::of((0..1_000).map(|n| if n % 10 == 0 { 0.25 } else { 0.0 }));
        assert!(likeness.is_whole());
        assert!((likeness.rate(0.2) - 0.1).abs() < 1e-9);
        let found = audit(&table(), Some(&likeness), &seen(30, 4, 0), 0.5);
        assert!((found.points[0].expected - 3.0).abs() < 1e-9);
        assert!(!found.is_lamb());
        assert!(audit(&table(), Some(&likeness), &seen(30, 11, 0), 0.5).is_lamb());
    }

    #[test]
    fn the_least_background_finds_a_lamb_of_twenty_times_the_rate_in_most_cases() {
        let power = |people: u64| {
            let usual = people as f64 * POINTS[0];
            count::at_least(count::bound(usual, CHANCE), 20.0 * usual)
        };
        assert!((0.84..0.86).contains(&power(LEAST)), "{}", power(LEAST));
        assert!((0.30..0.35).contains(&power(10)), "{}", power(10));
    }

    #[test]
    fn an_ordinary_face_is_seldom_flagged() {
        // 20,000 ordinary faces against 500 people, by a plain generator: at most 2 in 1,000 by both points together.
        let mut state = 9_u64;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut flagged = 0;
        for _ in 0..20_000 {
            let (mut percent, mut permille) = (0, 0);
            for _ in 0..500 {
                let u = uniform();
                percent += usize::from(u < 1e-2);
                permille += usize::from(u < 1e-3);
            }
            flagged += usize::from(lamb(&seen(500, percent, permille)));
        }
        assert!(flagged <= 40, "{flagged} of 20,000");
    }

    #[test]
    fn who_recorded_an_entry_never_lets_it_out() {
        let person = |n| AccountId(uuid::Uuid::from_u128(n));
        for (by, account, reason, expect) in [
            (Some(1), 2, "checked", Ok(())),
            (None, 2, "checked", Ok(())),
            (Some(2), 2, "checked", Err(MayNotDecide::OwnEntry)),
            (Some(1), 2, "  ", Err(MayNotDecide::NoReason)),
        ] {
            let got = may_decide(by.map(person), person(account), reason);
            assert_eq!(got, expect);
        }
    }
}
