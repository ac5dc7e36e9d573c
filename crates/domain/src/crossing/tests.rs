//! Every cell of the rule table, the floor, and what a desk may do.

use super::*;
use crate::{
    rule_pack::{self, Standing, Subject},
    stay::{self, Overstay, Route},
};
use Direction::{Arrival, Departure, Neither};
use proptest::prelude::*;

fn pack() -> &'static Pack {
    rule_pack::by_id("id-2025").unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn draft(outcome: Outcome, direction: Direction, nationality: &str) -> Draft {
    Draft {
        outcome,
        direction,
        nationality: Nationality::new(nationality).unwrap(),
        ground: None,
        detection: Detection::None,
        stay_until: None,
        charge: None,
    }
}

fn judge(draft: Draft) -> Result<Decision, Unlawful> {
    Decision::new(draft, SiteKind::Checkpoint, day("2026-11-28"), pack())
}

#[test]
fn a_citizen_is_never_refused_entry_whatever_stands_in_the_draft() {
    for ground in [
        None,
        Some("no_visa"),
        Some("on_exit_ban_list"),
        Some("nothing"),
    ] {
        for direction in [Arrival, Departure, Neither] {
            for site in [SiteKind::Checkpoint, SiteKind::MonitoringSite] {
                let mut citizen = draft(Outcome::RefusedEntry, direction, "IDN");
                citizen.ground = ground.map(str::to_owned);
                let judged = Decision::new(citizen, site, day("2026-11-28"), pack());
                assert_eq!(judged, Err(Unlawful::CitizenRefused));
            }
        }
    }
}

#[test]
fn a_decision_has_its_way_its_ground_and_its_stay() {
    use Outcome::*;
    let check = |draft: Draft, expect: Option<Unlawful>| {
        assert_eq!(judge(draft.clone()).err(), expect, "{draft:?}");
    };
    let with = |mut draft: Draft, ground: &str| {
        draft.ground = Some(ground.into());
        draft
    };
    let until = |mut draft: Draft, last: &str| {
        draft.stay_until = Some(day(last));
        draft
    };
    let paid = |mut draft: Draft| {
        draft.charge = Some(1);
        draft
    };
    check(draft(Entered, Arrival, "IDN"), None);
    check(draft(Departed, Departure, "IDN"), None);
    check(draft(Entered, Departure, "IDN"), Some(Unlawful::WrongWay));
    check(draft(Departed, Arrival, "IDN"), Some(Unlawful::WrongWay));
    check(draft(Entered, Neither, "IDN"), Some(Unlawful::NoWay));
    check(draft(Entered, Arrival, "MYS"), Some(Unlawful::NoStay));
    check(
        until(draft(Entered, Arrival, "MYS"), "2026-11-27"),
        Some(Unlawful::NoStay),
    );
    check(until(draft(Entered, Arrival, "MYS"), "2026-11-28"), None);
    check(
        until(draft(Entered, Arrival, "IDN"), "2026-12-28"),
        Some(Unlawful::Superfluous),
    );
    check(
        draft(RefusedEntry, Arrival, "MYS"),
        Some(Unlawful::NoGround),
    );
    check(with(draft(RefusedEntry, Arrival, "MYS"), "no_visa"), None);
    check(
        with(draft(RefusedEntry, Arrival, "MYS"), "on_exit_ban_list"),
        Some(Unlawful::WrongGround),
    );
    check(
        with(draft(RefusedEntry, Departure, "MYS"), "no_visa"),
        Some(Unlawful::WrongWay),
    );
    check(
        draft(DeferredDeparture, Departure, "IDN"),
        Some(Unlawful::NoGround),
    );
    check(
        with(
            draft(DeferredDeparture, Departure, "IDN"),
            "on_exit_ban_list",
        ),
        None,
    );
    check(
        with(
            draft(DeferredDeparture, Departure, "IDN"),
            "suspected_non_procedural_worker",
        ),
        None,
    );
    check(
        with(draft(Departed, Departure, "MYS"), "no_visa"),
        Some(Unlawful::Superfluous),
    );
    check(paid(draft(Departed, Departure, "MYS")), None);
    check(
        paid(draft(Departed, Departure, "IDN")),
        Some(Unlawful::Superfluous),
    );
    check(draft(HandedOver, Arrival, "IDN"), None);
    let elsewhere = Decision::new(
        draft(Entered, Arrival, "IDN"),
        SiteKind::MonitoringSite,
        day("2026-11-28"),
        pack(),
    );
    assert_eq!(elsewhere, Err(Unlawful::Elsewhere));
}

#[test]
fn nationalities_are_codes_of_documents() {
    for (code, expect) in [
        ("IDN", Some("IDN")),
        ("D<<", Some("D")),
        (" mys ", Some("MYS")),
    ] {
        assert_eq!(
            Nationality::new(code).ok().as_ref().map(Nationality::code),
            expect
        );
    }
    for code in ["", "<<<", "ABCD", "I1N", "ID N"] {
        assert!(Nationality::new(code).is_err(), "{code}");
    }
}

/// The actions of the desk's menu besides second line, and whether it lets pass.
fn at(direction: Direction, citizen: bool, subject: Subject) -> (Vec<Action>, bool) {
    let overstay = Overstay {
        days: 59,
        route: Route::Charge { amount: 59_000_000 },
    };
    let listed = (subject != Subject::Overstay).then_some(subject);
    let stands = Stands {
        place: (SiteKind::Checkpoint, direction),
        standing: Standing {
            citizen,
            protected: false,
        },
        subjects: listed.as_slice(),
        overstay: (subject == Subject::Overstay).then_some(overstay),
        basis: true,
        doubt: false,
        expired: false,
    };
    let menu = menu(pack(), stands);
    let (last, others) = menu.choices.split_last().unwrap();
    assert_eq!(
        (last.action, last.records),
        (Action::SecondLine, None),
        "always a way to second line"
    );
    (
        others.iter().map(|choice| choice.action).collect(),
        menu.passes,
    )
}

#[test]
fn every_cell_at_a_desk() {
    use Action::*;
    use Subject::*;
    let check = |direction, citizen, subject, actions: &[Action], passes| {
        let expect = (actions.to_vec(), passes);
        assert_eq!(
            at(direction, citizen, subject),
            expect,
            "{direction:?} {citizen} {subject:?}"
        );
    };
    check(Departure, true, ExitBan, &[DeferDeparture], false);
    check(Departure, true, EntryBan, &[AllowDeparture], true);
    check(Departure, true, Wanted, &[HandOver], false);
    check(Departure, true, RedNotice, &[NotifyPolice], false);
    check(Departure, true, Overstay, &[AllowDeparture], true);
    check(Departure, true, LostDocument, &[DeferDeparture], false);
    check(Arrival, true, ExitBan, &[Admit, Log, NotifyAgency], true);
    check(Arrival, true, EntryBan, &[Admit], true);
    check(Arrival, true, Wanted, &[HandOver], false);
    check(Arrival, true, RedNotice, &[Admit, NotifyPolice], true);
    check(Arrival, true, Overstay, &[Admit], true);
    check(Arrival, true, LostDocument, &[Admit, Verify], true);
    check(Departure, false, ExitBan, &[DeferDeparture], false);
    check(Departure, false, EntryBan, &[AllowDeparture], true);
    check(Departure, false, Wanted, &[HandOver], false);
    check(Departure, false, RedNotice, &[NotifyPolice], false);
    check(Departure, false, Overstay, &[Charge], true);
    check(Departure, false, LostDocument, &[], false);
    check(Arrival, false, ExitBan, &[Admit, Log], true);
    check(Arrival, false, EntryBan, &[RefuseEntry], false);
    check(Arrival, false, Wanted, &[HandOver], false);
    check(
        Arrival,
        false,
        RedNotice,
        &[MayRefuseEntry, NotifyBureau],
        false,
    );
    check(Arrival, false, Overstay, &[Admit], true);
    check(Arrival, false, LostDocument, &[RefuseEntry], false);
}

fn stands(direction: Direction, citizen: bool) -> Stands<'static> {
    Stands {
        place: (SiteKind::Checkpoint, direction),
        standing: Standing {
            citizen,
            protected: false,
        },
        subjects: &[],
        overstay: None,
        basis: true,
        doubt: false,
        expired: false,
    }
}

#[test]
fn a_foreigner_needs_a_basis_a_doubt_needs_an_officer_the_protected_go_apart() {
    let check = |stands: Stands, first: Action, passes: bool| {
        let menu = menu(pack(), stands);
        assert_eq!(
            (menu.choices[0].action, menu.passes),
            (first, passes),
            "{stands:?}"
        );
    };
    check(stands(Arrival, false), Action::Admit, true);
    check(
        Stands {
            basis: false,
            ..stands(Arrival, false)
        },
        Action::SecondLine,
        false,
    );
    check(
        Stands {
            basis: false,
            ..stands(Arrival, true)
        },
        Action::Admit,
        true,
    );
    check(
        Stands {
            basis: false,
            ..stands(Departure, false)
        },
        Action::AllowDeparture,
        true,
    );
    check(
        Stands {
            doubt: true,
            ..stands(Arrival, true)
        },
        Action::SecondLine,
        false,
    );
    let protected = Standing {
        citizen: false,
        protected: true,
    };
    check(
        Stands {
            standing: protected,
            ..stands(Arrival, false)
        },
        Action::Safeguard,
        false,
    );
    let elsewhere = (SiteKind::MonitoringSite, Neither);
    check(
        Stands {
            place: elsewhere,
            ..stands(Arrival, true)
        },
        Action::SecondLine,
        false,
    );
}

#[test]
fn an_expired_passport_brings_a_citizen_home_and_nobody_else_further() {
    for (direction, citizen, passes) in [
        (Arrival, true, true),
        (Arrival, false, false),
        (Departure, true, false),
        (Departure, false, false),
    ] {
        let expired = Stands {
            expired: true,
            ..stands(direction, citizen)
        };
        let menu = menu(pack(), expired);
        assert_eq!(menu.passes, passes, "{direction:?} {citizen}");
        let verify = |choice: &Choice| choice.action == Action::Verify;
        assert!(menu.choices.iter().any(verify));
    }
}

#[test]
fn a_long_overstay_is_not_paid_at_the_desk() {
    let long = |days: i64| {
        let last = day("2026-01-01");
        let overstay = stay::overstay(last, last.plus_days(days).unwrap(), pack());
        let menu = menu(
            pack(),
            Stands {
                overstay,
                ..stands(Departure, false)
            },
        );
        (menu.choices[0].action, menu.choices[0].records, menu.passes)
    };
    assert_eq!(long(59), (Action::Charge, Some(Outcome::Departed), true));
    assert_eq!(long(60), (Action::Charge, None, false));
    assert_eq!(long(61), (Action::Charge, None, false));
    assert_eq!(
        long(0),
        (Action::AllowDeparture, Some(Outcome::Departed), true)
    );
}

proptest! {
    #[test]
    fn no_draft_makes_a_citizens_refusal(
        outcome in prop::sample::select(Outcome::ALL), arrival in any::<bool>(),
        ground in prop::option::of("[a-z_]{1,12}"), until in prop::option::of(0i64..400), charge in prop::option::of(0u64..9),
    ) {
        let mut draft = draft(outcome, if arrival { Arrival } else { Departure }, "IDN");
        (draft.ground, draft.charge) = (ground, charge);
        draft.stay_until = until.map(|days| day("2026-11-28").plus_days(days).unwrap());
        if let Ok(decision) = judge(draft) {
            prop_assert_ne!(decision.draft().outcome, Outcome::RefusedEntry);
            prop_assert_eq!(decision.draft().stay_until, None);
        }
    }

    #[test]
    fn more_lists_never_let_more_pass(all in prop::collection::vec(prop::sample::select(Subject::ALL), 0..5), citizen in any::<bool>(), arrival in any::<bool>()) {
        let direction = if arrival { Arrival } else { Departure };
        let subjects = all;
        let mut before = true;
        for n in 0..=subjects.len() {
            let menu = menu(pack(), Stands { subjects: &subjects[..n], ..stands(direction, citizen) });
            prop_assert!(before || !menu.passes);
            prop_assert!(!citizen || menu.choices.iter().all(|choice| choice.action != Action::RefuseEntry));
            before = menu.passes;
        }
    }
}
