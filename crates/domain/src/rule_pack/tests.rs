//! Every number and every cell of the law that the packs hold, so that a change of the data is seen.

use super::*;
use crate::site::{Direction, SiteKind};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

#[test]
fn both_packs_are_read_and_picked_by_day() {
    for text in TEXTS {
        read(text).unwrap();
    }
    let id = |on: &str| pack_for(day(on)).map(|pack| pack.id.as_str());
    assert_eq!(id("2011-05-04"), None);
    assert_eq!(id("2022-11-03"), Some("id-2021"));
    assert_eq!(id("2024-10-16"), Some("id-2021"));
    assert_eq!(id("2024-10-17"), Some("id-2025"));
    assert_eq!(
        by_id("id-2025").map(|pack| pack.effective_from),
        Some(day("2024-10-17"))
    );
}

#[test]
fn the_terms_of_the_law() {
    use OrderKind::*;
    let check =
        |pack: &str, kind: OrderKind, first: Term, extension: Option<(Term, Option<u32>, u32)>| {
            let rules = by_id(pack).unwrap().kind(kind).unwrap();
            let found = rules
                .extension
                .as_ref()
                .map(|e| (e.most, e.times, e.lead_days));
            assert_eq!((rules.first, found), (first, extension), "{pack} {kind:?}");
        };
    use Term::*;
    for pack in ["id-2021", "id-2025"] {
        check(pack, ExitBan, Months(6), Some((Months(6), Some(1), 3)));
        check(pack, UrgentExitBan, Days(20), None);
    }
    check("id-2021", EntryBan, Months(6), Some((Months(6), None, 0)));
    check(
        "id-2025",
        EntryBan,
        Months(120),
        Some((Months(120), Some(1), 0)),
    );
    for pack in all() {
        for (kind, rules) in &pack.kinds {
            assert_eq!(rules.lifetime, *kind == EntryBan, "{kind:?}");
            assert_eq!(rules.needs_photo, *kind != LostDocument, "{kind:?}");
            assert!(!rules.requesters.is_empty() && pack.reasons_for(*kind).next().is_some());
        }
        let clocks = &pack.clocks;
        assert_eq!(
            (clocks.notify_person_days, clocks.notify_minister_days),
            (7, 3)
        );
        assert_eq!(pack.kinds.len(), OrderKind::ALL.len());
    }
}

#[test]
fn who_may_cause_an_exit_ban() {
    let rules = by_id("id-2025").unwrap().kind(OrderKind::ExitBan).unwrap();
    use Agency::*;
    let expect = [
        Immigration,
        Finance,
        AttorneyGeneral,
        Police,
        Kpk,
        Bnn,
        OtherByStatute,
    ];
    assert_eq!(rules.requesters, expect);
}

#[test]
fn ten_grounds_of_refusal_and_no_pre_investigation() {
    for pack in all() {
        let refusals = pack
            .grounds
            .iter()
            .filter(|ground| ground.carries == Action::RefuseEntry);
        assert_eq!(refusals.count(), 10);
        assert!(
            pack.grounds
                .iter()
                .all(|ground| !ground.code.contains("pre_investigation"))
        );
    }
}

#[test]
fn what_was_not_read_has_no_false_citation() {
    let open = |source: &Source| source.citation.is_empty() && source.verified;
    for pack in all() {
        assert!(!pack.kinds.values().any(|rules| open(&rules.source)));
        assert!(!pack.reasons.iter().any(|reason| open(&reason.source)));
    }
}

#[test]
fn a_period_counts_its_first_and_its_last_day() {
    let check = |term: Term, first: &str, last: &str| {
        assert_eq!(term.last_day(day(first)), Some(day(last)))
    };
    check(Term::Months(6), "2022-11-03", "2023-05-03");
    check(Term::Months(6), "2025-08-31", "2026-02-28");
    check(Term::Days(20), "2026-01-01", "2026-01-20");
    assert_eq!(
        Term::Months(6).later(day("2023-05-03")),
        Some(day("2023-11-03"))
    );
    assert_eq!(
        Term::Days(20).later(day("2026-01-20")),
        Some(day("2026-02-09"))
    );
}

#[test]
fn every_cell_of_the_table() {
    use Action::*;
    use Direction::{Arrival, Departure, Neither};
    let check = |site, direction, citizen, cells: [&[Action]; 6]| {
        for pack in all() {
            for (subject, expect) in Subject::ALL.iter().zip(cells) {
                let standing = Standing {
                    citizen,
                    protected: false,
                };
                let found = pack.allowed((site, direction), standing, *subject);
                assert_eq!(
                    found, expect,
                    "{} {direction:?} citizen {citizen} {subject:?}",
                    pack.id
                );
            }
        }
    };
    let checkpoint = SiteKind::Checkpoint;
    check(
        checkpoint,
        Departure,
        true,
        [
            &[DeferDeparture],
            &[],
            &[HandOver],
            &[NotifyPolice],
            &[],
            &[DeferDeparture, SecondLine],
        ],
    );
    check(
        checkpoint,
        Arrival,
        true,
        [
            &[Log, NotifyAgency],
            &[],
            &[Admit, HandOver],
            &[Admit, NotifyPolice],
            &[],
            &[Verify, Admit],
        ],
    );
    check(
        checkpoint,
        Departure,
        false,
        [
            &[DeferDeparture],
            &[AllowDeparture],
            &[HandOver],
            &[NotifyPolice],
            &[Charge],
            &[SecondLine],
        ],
    );
    check(
        checkpoint,
        Arrival,
        false,
        [
            &[Log],
            &[RefuseEntry],
            &[HandOver],
            &[MayRefuseEntry, NotifyBureau],
            &[CheckEarlierBan],
            &[RefuseEntry, SecondLine],
        ],
    );
    for (citizen, direction) in [(true, Neither), (false, Arrival), (true, Departure)] {
        check(
            SiteKind::MonitoringSite,
            direction,
            citizen,
            [
                &[NotifyAgency],
                &[NotifyAgency],
                &[NotifyPolice],
                &[NotifyPolice, NotifyBureau],
                &[FieldCheck],
                &[NotifyAgency],
            ],
        );
    }
}

#[test]
fn no_pack_lets_a_citizen_be_refused_or_an_order_but_an_entry_ban_be_for_life() {
    let text = TEXTS[1];
    let row = |citizen: &str, action: &str| {
        format!(
            "{text}\n[[actions]]\nsite = \"checkpoint\"\ndirection = \"arrival\"\n{citizen}subject = \"wanted\"\nactions = [\"{action}\"]\n"
        )
    };
    for action in ["refuse_entry", "may_refuse_entry"] {
        let citizen = row("citizen = true\n", action);
        assert_eq!(read(&citizen), Err(BadPack::CitizenRefused));
        assert_eq!(read(&row("", action)), Err(BadPack::CitizenRefused));
        // Lawful, but the cell is there already.
        let foreigner = row("citizen = false\n", action);
        assert!(matches!(read(&foreigner), Err(BadPack::Cell(_))));
    }
    let elsewhere = format!(
        "{text}\n[[actions]]\nsite = \"monitoring_site\"\nsubject = \"wanted\"\nactions = [\"defer_departure\"]\n"
    );
    assert_eq!(read(&elsewhere), Err(BadPack::Elsewhere));
    let life = text.replacen(
        "first = { months = 6 }",
        "first = { months = 6 }\nlifetime = true",
        1,
    );
    assert_eq!(read(&life), Err(BadPack::Lifetime));
    assert!(matches!(read("id = 3"), Err(BadPack::Form(_))));
}

#[test]
fn a_pack_is_whole() {
    let text = TEXTS[1];
    let from = text.find("[[actions]]").unwrap();
    let end = from + text[from + 1..].find("[[actions]]").unwrap() + 1;
    let without = format!("{}{}", &text[..from], &text[end..]);
    assert!(matches!(read(&without), Err(BadPack::Cell(_))));
    let twice = text.replacen("code = \"tax_debt\"", "code = \"obligation\"", 1);
    assert_eq!(read(&twice), Err(BadPack::Twice("obligation".into())));
    let no_term = text.replacen("first = { days = 20 }", "first = { days = 0 }", 1);
    assert_eq!(read(&no_term), Err(BadPack::Empty("urgent_exit_ban")));
}

#[test]
fn who_is_protected_goes_to_the_safeguarding_path_and_nowhere_else() {
    for pack in all() {
        for (site, direction, citizen, subject) in action::cells() {
            let standing = Standing {
                citizen,
                protected: true,
            };
            let found = pack.allowed((site, direction), standing, subject);
            assert_eq!(found, [Action::Safeguard]);
        }
    }
}

#[test]
fn in_a_hall_with_both_directions_nobody_decides() {
    use Action::*;
    let pack = by_id("id-2025").unwrap();
    let place = (SiteKind::Checkpoint, Direction::Neither);
    let check = |citizen, expect: [&[Action]; 6]| {
        let standing = Standing {
            citizen,
            protected: false,
        };
        for (subject, expect) in Subject::ALL.iter().zip(expect) {
            let found = pack.allowed(place, standing, *subject);
            assert_eq!(found, expect, "{citizen} {subject:?}");
        }
    };
    let wanted: &[Action] = &[HandOver];
    let (both, log): (&[Action], &[Action]) = (&[NotifyBureau, NotifyPolice], &[Log]);
    check(
        true,
        [
            &[Log, NotifyAgency],
            &[],
            wanted,
            &[NotifyPolice],
            &[],
            &[Verify, SecondLine],
        ],
    );
    check(
        false,
        [
            log,
            &[],
            wanted,
            both,
            &[CheckEarlierBan, Charge],
            &[SecondLine],
        ],
    );
}

#[test]
fn the_floor_holds_for_a_pack_that_was_not_read_as_one() {
    let mut pack = by_id("id-2025").unwrap().clone();
    for row in &mut pack.actions {
        row.actions.push(Action::RefuseEntry);
    }
    let place = (SiteKind::Checkpoint, Direction::Arrival);
    let standing = |citizen| Standing {
        citizen,
        protected: false,
    };
    for subject in Subject::ALL {
        let found = pack.allowed(place, standing(true), *subject);
        assert!(!found.contains(&Action::RefuseEntry), "{subject:?}");
    }
    let found = pack.allowed(place, standing(false), Subject::Wanted);
    assert!(found.contains(&Action::RefuseEntry));
}
