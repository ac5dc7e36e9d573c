//! An invented ledger: one year in which 1,222 entries were refused and 4,119 departures deferred, 568 of them of
//! foreigners and 3,551 of citizens, as the published example says, among ordinary crossings. The same plan gives the same
//! ledger. Everybody in it is invented. Must not be called from a route.

use std::collections::BTreeMap;

use tapal_domain::{
    crossing::{Decision, Detection, Draft, HOME, Nationality, Outcome},
    day::Day,
    id::{AccountId, CrossingId, HolderId, SiteId},
    rule_pack,
    site::{Direction, SiteKind},
    time::{HOUR_MS, SECOND_MS, UtcMs},
};
use tapal_names::synthetic::{Dice, name};
use tapal_store::crossing::{self, Identity, NewCrossing};
use uuid::Uuid;

use crate::{
    AppState,
    error::{ApiError, ApiResult},
};

/// Entries refused in the example's year.
pub const REFUSED: u64 = 1_222;
/// Departures of foreigners deferred.
pub const DEFERRED_FOREIGNERS: u64 = 568;
/// Departures of citizens deferred.
pub const DEFERRED_CITIZENS: u64 = 3_551;
/// Travellers handed over.
const HANDED_OVER: u64 = 63;

/// Where nationalities come from, and how often.
const PEOPLE: [(&str, usize); 24] = [
    ("MYS", 180),
    ("SGP", 150),
    ("AUS", 130),
    ("CHN", 120),
    ("IND", 80),
    ("KOR", 50),
    ("JPN", 45),
    ("GBR", 40),
    ("USA", 38),
    ("FRA", 30),
    ("D", 28),
    ("NLD", 25),
    ("PHL", 22),
    ("VNM", 20),
    ("THA", 18),
    ("TLS", 15),
    ("RUS", 14),
    ("BGD", 12),
    ("PAK", 9),
    ("NGA", 7),
    ("LKA", 5),
    ("IRN", 4),
    ("UKR", 3),
    ("XXA", 1),
];

/// Why entry is refused, how often, and what brings it up.
const REFUSALS: [(&str, usize, &[Detection]); 10] = [
    ("no_visa", 340, &[Detection::Rule]),
    ("no_means", 230, &[Detection::Officer]),
    (
        "on_entry_ban_list",
        190,
        &[
            Detection::Face,
            Detection::Document,
            Detection::Document,
            Detection::Name,
        ],
    ),
    ("false_statement", 150, &[Detection::Officer]),
    (
        "no_valid_document",
        120,
        &[Detection::Rule, Detection::Document],
    ),
    (
        "wanted_abroad",
        70,
        &[Detection::Face, Detection::Name, Detection::PassengerList],
    ),
    (
        "prostitution_or_trafficking",
        50,
        &[Detection::Officer, Detection::PassengerList],
    ),
    ("part_in_activities_against_state", 30, &[Detection::Name]),
    (
        "organised_crime_network",
        27,
        &[Detection::Face, Detection::PassengerList],
    ),
    ("danger_to_health", 15, &[Detection::Officer]),
];

const FOREIGN_DEFERRALS: [(&str, usize, &[Detection]); 4] = [
    (
        "on_exit_ban_list",
        300,
        &[Detection::Face, Detection::Document, Detection::Name],
    ),
    ("no_valid_document_departure", 120, &[Detection::Rule]),
    (
        "needed_for_investigation",
        90,
        &[Detection::Document, Detection::Name],
    ),
    ("document_doubt", 58, &[Detection::Officer]),
];

const HOME_DEFERRALS: [(&str, usize, &[Detection]); 5] = [
    (
        "suspected_non_procedural_worker",
        2_700,
        &[Detection::Officer],
    ),
    (
        "on_exit_ban_list",
        430,
        &[Detection::Face, Detection::Document, Detection::Name],
    ),
    ("no_valid_document_departure", 220, &[Detection::Rule]),
    (
        "needed_for_investigation",
        120,
        &[Detection::Document, Detection::Face],
    ),
    ("document_doubt", 81, &[Detection::Officer]),
];

/// A checkpoint of the plan.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its id.
    pub site: SiteId,
    /// Minutes east of UTC.
    pub utc_offset_minutes: i64,
}

/// What is made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The checkpoints; the first is the busiest.
    pub places: Vec<Place>,
    /// Who decided everything.
    pub officer: AccountId,
    /// The first day.
    pub first: Day,
    /// How many days.
    pub days: u32,
    /// How many people cross again and again.
    pub travellers: u64,
}

/// What happens to one traveller.
struct Case {
    outcome: Outcome,
    nationality: &'static str,
    ground: Option<&'static str>,
    detection: Detection,
    charge: Option<u64>,
}

fn drawn<T: Copy>(dice: &mut Dice, all: &[T], weight: impl Fn(&T) -> usize) -> Option<T> {
    let sum: usize = all.iter().map(&weight).sum();
    let mut at = dice.roll(sum.max(1));
    for one in all {
        match at.checked_sub(weight(one)) {
            Some(rest) => at = rest,
            None => return Some(*one),
        }
    }
    all.last().copied()
}

fn foreigner(dice: &mut Dice) -> &'static str {
    drawn(dice, &PEOPLE, |one| one.1).map_or("MYS", |one| one.0)
}

fn stopped(
    outcome: Outcome,
    nationality: &'static str,
    reasons: &[(&'static str, usize, &'static [Detection])],
    dice: &mut Dice,
) -> Case {
    let reason = drawn(dice, reasons, |one| one.1);
    let all = reason.map_or(&[Detection::Officer][..], |one| one.2);
    Case {
        outcome,
        nationality,
        ground: reason.map(|one| one.0),
        detection: all[dice.roll(all.len())],
        charge: None,
    }
}

impl Plan {
    /// The example's year with so many ordinary crossings, in the order they were decided.
    pub fn example(&self, ordinary: u64) -> ApiResult<Vec<NewCrossing>> {
        let mut dice = Dice::new(1_222);
        let mut all = Vec::new();
        let mut n = 0;
        let mut add = |case: Case, dice: &mut Dice| {
            n += 1;
            let day = dice.roll(self.days as usize) as i64;
            self.one(n, self.travellers + n, day, case, dice)
                .map(|one| all.push(one))
        };
        for _ in 0..REFUSED {
            let people = foreigner(&mut dice);
            let case = stopped(Outcome::RefusedEntry, people, &REFUSALS, &mut dice);
            add(case, &mut dice)?;
        }
        for _ in 0..DEFERRED_FOREIGNERS {
            let people = foreigner(&mut dice);
            let case = stopped(
                Outcome::DeferredDeparture,
                people,
                &FOREIGN_DEFERRALS,
                &mut dice,
            );
            add(case, &mut dice)?;
        }
        for _ in 0..DEFERRED_CITIZENS {
            let case = stopped(Outcome::DeferredDeparture, HOME, &HOME_DEFERRALS, &mut dice);
            add(case, &mut dice)?;
        }
        for at in 0..HANDED_OVER {
            let nationality = if at % 3 == 0 {
                foreigner(&mut dice)
            } else {
                HOME
            };
            let case = Case {
                outcome: Outcome::HandedOver,
                nationality,
                ground: None,
                detection: [Detection::Face, Detection::Document][dice.roll(2)],
                charge: None,
            };
            add(case, &mut dice)?;
        }
        for at in 0..ordinary {
            all.push(self.ordinary(at)?);
        }
        all.sort_by_key(|one| (one.at, one.id));
        Ok(all)
    }

    /// The ordinary crossing with this number: the same people come and go, round after round.
    pub fn ordinary(&self, n: u64) -> ApiResult<NewCrossing> {
        let (who, round) = (n % self.travellers, n / self.travellers);
        let day = (round * 13 + who * 7) % u64::from(self.days.max(1));
        self.ordinary_on(n, day as i64)
    }

    /// The crossing with this number on a day of the plan: one in 800 is refused, one in 250 deferred, as at a busy
    /// checkpoint; the others are ordinary.
    pub fn any_on(&self, n: u64, day: i64) -> ApiResult<NewCrossing> {
        let mut dice = Dice::new(n ^ 0x5eed);
        let who = self.travellers + n;
        let case = match n {
            n if n.is_multiple_of(800) => {
                let people = foreigner(&mut dice);
                stopped(Outcome::RefusedEntry, people, &REFUSALS, &mut dice)
            }
            n if n.is_multiple_of(250) => {
                stopped(Outcome::DeferredDeparture, HOME, &HOME_DEFERRALS, &mut dice)
            }
            _ => return self.ordinary_on(n, day),
        };
        self.one(n, who, day, case, &mut dice)
    }

    fn ordinary_on(&self, n: u64, day: i64) -> ApiResult<NewCrossing> {
        let (who, round) = (n % self.travellers, n / self.travellers);
        let mut own = Dice::new(who);
        let citizen = own.roll(100) < 55;
        let nationality = if citizen { HOME } else { foreigner(&mut own) };
        let mut dice = Dice::new(n.wrapping_mul(31) ^ 7);
        // Citizens leave first and come home, foreigners come first and leave.
        let arrives = (round % 2 == 0) != citizen;
        let overstayed = !arrives && !citizen && dice.roll(60) == 0;
        let case = Case {
            outcome: if arrives {
                Outcome::Entered
            } else {
                Outcome::Departed
            },
            nationality,
            ground: None,
            detection: if overstayed {
                Detection::Rule
            } else {
                Detection::None
            },
            charge: overstayed.then(|| (dice.roll(20) as u64 + 1) * 1_000_000),
        };
        self.one(100_000_000 + n, who, day, case, &mut dice)
    }

    fn one(
        &self,
        n: u64,
        who: u64,
        day: i64,
        case: Case,
        dice: &mut Dice,
    ) -> ApiResult<NewCrossing> {
        let places = &self.places;
        let weights: Vec<usize> = (0..places.len()).collect();
        let place = drawn(dice, &weights, |at| 6usize.saturating_sub(*at).max(1));
        let place = place.and_then(|at| places.get(at));
        let place = place.ok_or_else(|| {
            ApiError::invalid("no_checkpoint", "there is no checkpoint; add a site first")
        })?;
        let day = self.first.plus_days(day).unwrap_or(self.first);
        // Between 5 in the morning and 11 in the evening.
        let of_day = 5 * HOUR_MS + dice.roll(18 * 3_600) as i64 * SECOND_MS;
        let at = day.starts(place.utc_offset_minutes) + of_day;
        let direction = match case.outcome {
            Outcome::Entered | Outcome::RefusedEntry => Direction::Arrival,
            Outcome::HandedOver if dice.roll(2) == 0 => Direction::Arrival,
            _ => Direction::Departure,
        };
        let nationality = Nationality::new(case.nationality).map_err(ApiError::internal)?;
        let stays = case.outcome == Outcome::Entered && !nationality.citizen();
        let stay_until = day.plus_days(29).filter(|_| stays);
        let draft = Draft {
            outcome: case.outcome,
            direction,
            ground: case.ground.map(str::to_owned),
            detection: case.detection,
            stay_until,
            charge: case.charge,
            nationality,
        };
        let pack = rule_pack::pack_for(day)
            .ok_or_else(|| ApiError::internal("a day without a rule pack"))?;
        let decision = Decision::new(draft, SiteKind::Checkpoint, day, pack)
            .map_err(crate::desk::decide::unlawful)?;
        Ok(NewCrossing {
            id: CrossingId(id(at, n)),
            site: place.site,
            lane: None,
            desk: None,
            at,
            day,
            holder: Some(holder(who)),
            identity: Identity {
                issuing_state: case.nationality.into(),
                number: number(who),
                name: name(who),
                birth_date: format!(
                    "{}-{:02}-{:02}",
                    1950 + who % 55,
                    1 + who % 12,
                    1 + who % 28
                ),
                sex: if who.is_multiple_of(2) { "F" } else { "M" }.into(),
            },
            receipt: case.charge.map(|_| format!("INV-{n}")),
            decision,
            order: None,
            alert: None,
            case: None,
            permit: None,
            officer: self.officer,
            authoriser: None,
        })
    }
}

/// The holder of a traveller of the plan.
pub fn holder(who: u64) -> HolderId {
    HolderId(Uuid::from_u128(
        (8 << 112) | (7 << 76) | (2 << 62) | u128::from(who),
    ))
}

/// The document number of a traveller of the plan.
pub fn number(who: u64) -> String {
    format!("X{who:08}")
}

/// A UUID version 7 of an instant and a number.
fn id(at: UtcMs, n: u64) -> Uuid {
    Uuid::from_u128((u128::from(at.0.unsigned_abs()) << 80) | (7 << 76) | (2 << 62) | u128::from(n))
}

/// Records the example's year, each day at its end: from `first` to the day before its next return. The year must be over.
pub async fn set_up(
    state: &AppState,
    officer: AccountId,
    first: Day,
    ordinary: u64,
) -> ApiResult<usize> {
    let sites = tapal_store::site::list(&state.db).await?;
    let places = sites
        .iter()
        .filter(|site| site.kind == SiteKind::Checkpoint)
        .map(|site| Place {
            site: site.id,
            utc_offset_minutes: site.utc_offset_minutes,
        });
    let next = first.plus_months(12).unwrap_or(first);
    let days = u32::try_from(next.since(first)).unwrap_or(365);
    let plan = Plan {
        places: places.collect(),
        officer,
        first,
        days,
        travellers: (ordinary / 6).max(1),
    };
    let all = plan.example(ordinary)?;
    let now = state.clock.now();
    let n = all.len();
    let mut days: BTreeMap<Day, Vec<NewCrossing>> = BTreeMap::new();
    for one in all {
        days.entry(one.day).or_default().push(one);
    }
    for (day, mut own) in days {
        own.sort_by_key(|one| (one.at, one.id));
        // The last checkpoint's day is over an hour later.
        let end = UtcMs(day.ends(super::HEAD_OFFICE).0.min(now.0));
        let recorded = if end.0 >= now.0 { now } else { end + -1 };
        crossing::seed(&state.db, recorded, &own).await?;
    }
    Ok(n)
}
