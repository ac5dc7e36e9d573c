//! The alert's rules as tables, and a random walk that must never reach an illegal state.

use proptest::prelude::*;

use super::*;

fn id(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}
fn officer(n: u128) -> Actor {
    Actor::Account(AccountId(id(n)), Role::CounterOfficer)
}
fn supervisor(n: u128) -> Actor {
    Actor::Account(AccountId(id(n)), Role::Supervisor)
}
fn opine(opinion: Opinion) -> Action {
    Action::Opine {
        opinion,
        reason: "ears".into(),
    }
}
fn resolve(opinion: Opinion) -> Action {
    Action::Resolve {
        opinion,
        reason: "scar".into(),
    }
}
fn raised() -> Alert {
    Alert::raise(AlertId(id(99)), EdgeId(id(98)), UtcMs(1_000))
}

/// Applies steps and checks the status after all and the last result.
fn check(steps: &[(Action, Actor)], status: Status, last: Result<(), &str>) {
    let mut alert = raised();
    let mut result = Ok(());
    for (action, actor) in steps {
        result = alert
            .apply(action.clone(), *actor, UtcMs(2_000))
            .map(|_| ())
            .map_err(Refused::code);
    }
    assert_eq!((alert.status(), result), (status, last), "{steps:?}");
}

#[test]
fn two_people_judge_and_agree() {
    use Opinion::*;
    let ack = (Action::Acknowledge, officer(1));
    check(std::slice::from_ref(&ack), Status::Acknowledged, Ok(()));
    check(
        &[ack.clone(), (opine(Same), officer(1))],
        Status::FirstOpinion,
        Ok(()),
    );
    check(
        &[
            ack.clone(),
            (opine(Same), officer(1)),
            (opine(Same), officer(2)),
        ],
        Status::Similar,
        Ok(()),
    );
    check(
        &[
            ack.clone(),
            (opine(Different), officer(1)),
            (opine(Different), officer(2)),
        ],
        Status::NotSame,
        Ok(()),
    );
    check(
        &[
            ack.clone(),
            (opine(Same), officer(1)),
            (opine(Different), officer(2)),
        ],
        Status::Disagreed,
        Ok(()),
    );
    check(
        &[
            ack.clone(),
            (opine(CannotTell), officer(1)),
            (opine(CannotTell), officer(2)),
        ],
        Status::Disagreed,
        Ok(()),
    );
}

#[test]
fn one_person_has_one_say() {
    use Opinion::*;
    let start = [(Action::Acknowledge, officer(1)), (opine(Same), officer(1))];
    check(
        &[&start[..], &[(opine(Same), officer(1))]].concat(),
        Status::FirstOpinion,
        Err("same_officer"),
    );
    // Nor a supervisor who already gave one of the two opinions.
    let disagreed = [&start[..], &[(opine(Different), supervisor(2))]].concat();
    check(
        &[&disagreed[..], &[(resolve(Same), supervisor(2))]].concat(),
        Status::Disagreed,
        Err("same_officer"),
    );
    check(
        &[&disagreed[..], &[(resolve(Same), supervisor(3))]].concat(),
        Status::Similar,
        Ok(()),
    );
    check(
        &[&disagreed[..], &[(resolve(Different), supervisor(3))]].concat(),
        Status::NotSame,
        Ok(()),
    );
    check(
        &[&disagreed[..], &[(resolve(CannotTell), supervisor(3))]].concat(),
        Status::Disagreed,
        Err("incomplete"),
    );
    check(
        &[&disagreed[..], &[(resolve(Same), officer(3))]].concat(),
        Status::Disagreed,
        Err("not_yours"),
    );
}

#[test]
fn refusals_name_their_reason() {
    use Opinion::*;
    check(
        &[(opine(Same), officer(1))],
        Status::Raised,
        Err("not_allowed_now"),
    );
    check(
        &[(Action::Acknowledge, Actor::Clock)],
        Status::Raised,
        Err("not_yours"),
    );
    check(
        &[(Action::Expire, officer(1))],
        Status::Raised,
        Err("not_yours"),
    );
    let auditor = Actor::Account(AccountId(id(5)), Role::Auditor);
    check(
        &[(Action::Acknowledge, auditor)],
        Status::Raised,
        Err("not_yours"),
    );
    let empty = Action::Opine {
        opinion: Same,
        reason: " ".into(),
    };
    check(
        &[(Action::Acknowledge, officer(1)), (empty, officer(1))],
        Status::Acknowledged,
        Err("incomplete"),
    );
}

#[test]
fn nobody_took_it() {
    let mut alert = raised();
    let timers = Timers::default();
    for (after_ms, expect) in [
        (0, None),
        (19_999, None),
        (
            20_000,
            Some(Action::Escalate {
                to: Level::Supervisor,
            }),
        ),
        (
            120_000,
            Some(Action::Escalate {
                to: Level::CommandCentre,
            }),
        ),
        (30 * MINUTE_MS, Some(Action::Expire)),
    ] {
        let now = UtcMs(1_000 + after_ms);
        assert_eq!(alert.due(&timers, now), expect, "after {after_ms} ms");
        if let Some(action) = expect {
            assert!(alert.apply(action, Actor::Clock, now).is_ok());
            assert_eq!(alert.due(&timers, now), None, "once");
        }
    }
    assert_eq!(
        alert.status(),
        Status::UnresolvedExpired,
        "a time-out never says no match"
    );
}

#[test]
fn a_taken_alert_waits_for_its_officer_but_not_for_ever() {
    let mut alert = raised();
    let timers = Timers::default();
    let taken = UtcMs(2_000);
    assert!(alert.apply(Action::Acknowledge, officer(1), taken).is_ok());
    assert_eq!(
        alert.next_due_at(&timers),
        Some(taken + timers.command_centre_ms)
    );
    assert_eq!(
        alert.due(&timers, taken + (timers.command_centre_ms - 1)),
        None
    );
    let late = taken + timers.command_centre_ms;
    assert_eq!(alert.due(&timers, late), Some(Action::Release));
    assert!(alert.apply(Action::Release, Actor::Clock, late).is_ok());
    assert_eq!(
        (alert.status(), alert.acknowledged_by()),
        (Status::Raised, None)
    );
    // By now the command centre is due to see it, and anybody may take it.
    let up = Action::Escalate {
        to: Level::CommandCentre,
    };
    assert_eq!(alert.due(&timers, late), Some(up));
    assert!(alert.apply(Action::Acknowledge, officer(2), late).is_ok());
    assert_eq!(alert.acknowledged_by(), Some(AccountId(id(2))));
    assert_eq!(
        alert.due(&timers, UtcMs(1_000 + timers.expire_ms)),
        Some(Action::Expire)
    );
}

#[test]
fn only_the_clock_releases_and_only_before_an_opinion() {
    let ack = (Action::Acknowledge, officer(1));
    check(
        &[ack.clone(), (Action::Release, officer(1))],
        Status::Acknowledged,
        Err("not_yours"),
    );
    let opined = [
        ack,
        (opine(Opinion::Same), officer(1)),
        (Action::Release, Actor::Clock),
    ];
    check(&opined, Status::FirstOpinion, Err("not_allowed_now"));
}

#[test]
fn the_entry_is_revealed_only_when_two_people_found_it_similar() {
    use Opinion::*;
    let mut alert = raised();
    assert!(!alert.may_reveal_entry());
    for (action, actor, reveal) in [
        (Action::Acknowledge, officer(1), false),
        (opine(Same), officer(1), false),
        (opine(Same), officer(2), true),
    ] {
        assert!(alert.apply(action, actor, UtcMs(3_000)).is_ok());
        assert_eq!(alert.may_reveal_entry(), reveal);
    }
}

fn any_step() -> impl Strategy<Value = (Action, Actor)> {
    let opinion = prop_oneof![
        Just(Opinion::Same),
        Just(Opinion::Different),
        Just(Opinion::CannotTell)
    ];
    let level = prop_oneof![
        Just(Level::Desk),
        Just(Level::Supervisor),
        Just(Level::CommandCentre)
    ];
    let action = prop_oneof![
        Just(Action::Raise),
        Just(Action::Acknowledge),
        Just(Action::Release),
        level.prop_map(|to| Action::Escalate { to }),
        (opinion.clone(), "[a-z]{0,3}")
            .prop_map(|(opinion, reason)| Action::Opine { opinion, reason }),
        (opinion, "[a-z]{0,3}").prop_map(|(opinion, reason)| Action::Resolve { opinion, reason }),
        Just(Action::Expire),
        Just(Action::Withdraw),
    ];
    let actor = prop_oneof![
        Just(Actor::Clock),
        Just(Actor::Edge(EdgeId(id(7)))),
        (1..4_u128, 0..Role::ALL.len())
            .prop_map(|(n, role)| Actor::Account(AccountId(id(n)), Role::ALL[role])),
    ];
    (action, actor)
}

proptest! {
    #[test]
    fn no_walk_settles_without_two_people(steps in proptest::collection::vec(any_step(), 0..40)) {
        let mut alert = raised();
        for (i, (action, actor)) in steps.into_iter().enumerate() {
            let before = alert.clone();
            if alert.apply(action, actor, UtcMs(i as i64)).is_err() {
                prop_assert_eq!(&before, &alert, "a refusal changes nothing");
            }
        }
        let people: std::collections::HashSet<_> = alert.opinions().map(|(by, _)| by).collect();
        prop_assert_eq!(people.len(), alert.opinions().count(), "one say each");
        if matches!(alert.status(), Status::Similar | Status::NotSame) {
            prop_assert_eq!(people.len(), 2);
        }
        prop_assert!(alert.steps().windows(2).all(|w| w[0].at <= w[1].at));
        let json = serde_json::to_string(alert.steps()).unwrap();
        prop_assert_eq!(Alert::from_steps(alert.id(), serde_json::from_str(&json).unwrap()), Some(alert));
    }
}
