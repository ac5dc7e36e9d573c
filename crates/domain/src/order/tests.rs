//! The dated facts of the law on orders, and random histories against what must never be.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    entry::{Agency, NotLawful, Person},
    id::SiteId,
    rule_pack::{OrderForm, OrderKind},
};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn who(n: u128) -> AccountId {
    AccountId(Uuid::from_u128(n))
}

const CLERK: u128 = 1;
const APPROVER: u128 = 2;
const OTHER: u128 = 3;

fn handed(kind: OrderKind, first: &str, last: Option<&str>) -> Handed {
    let foreign = kind == OrderKind::EntryBan;
    let pack = rule_pack::pack_for(day(first)).unwrap();
    let rules = pack.kind(kind).unwrap();
    Handed {
        kind,
        form: rules.forms[0],
        agency: rules.requesters[0],
        reference: "R-77/2022".into(),
        ordered_on: day(first),
        subject: Subject {
            person: Person {
                full_name: "Contoh Satu".into(),
                sex: "M".into(),
                birth_date: "1980".into(),
                nationality: if foreign { "UTO" } else { "IDN" }.into(),
                document_number: String::new(),
            },
            aliases: Vec::new(),
            birth_place: "Kota Contoh".into(),
            nik: String::new(),
            address: String::new(),
            occupation: String::new(),
        },
        reason: pack.reasons_for(kind).next().unwrap().code.clone(),
        reason_text: "A file at the agency.".into(),
        first_day: day(first),
        last_day: last.map(day),
        checkpoint: (kind == OrderKind::UrgentExitBan).then_some(SiteId(Uuid::from_u128(7))),
    }
}

fn draft(kind: OrderKind, first: &str, last: Option<&str>) -> Order {
    let contents = Contents::new(handed(kind, first, last)).unwrap();
    Order::draft(
        OrderId(Uuid::from_u128(1)),
        contents,
        who(CLERK),
        UtcMs(0),
        day(first),
    )
}

fn act(order: &mut Order, action: Action, by: u128, on: &str) -> Result<(), Refused> {
    order
        .apply(action, Some(who(by)), (UtcMs(0), day(on)), 1)
        .map(|_| ())
}

fn approved(kind: OrderKind, first: &str, last: &str) -> Order {
    let mut order = draft(kind, first, Some(last));
    act(&mut order, Action::Submit, CLERK, first).unwrap();
    act(&mut order, Action::Approve, APPROVER, first).unwrap();
    order
}

fn ask(received: &str, last: &str) -> Action {
    Action::RequestExtension {
        reference: "P-1".into(),
        received_on: day(received),
        last_day: day(last),
    }
}

#[test]
fn an_exit_ban_holds_six_months_and_once_six_more() {
    let mut order = approved(OrderKind::ExitBan, "2022-11-03", "2023-05-03");
    for (on, expect) in [
        ("2022-11-02", false),
        ("2022-11-03", true),
        ("2023-05-03", true),
        ("2023-05-04", false),
    ] {
        assert_eq!(order.in_force(day(on)), expect, "{on}");
    }
    // An alert on 2023-08-02 is actionable only if the extension exists.
    assert!(!order.in_force(day("2023-08-02")));
    act(
        &mut order,
        ask("2023-04-20", "2023-11-03"),
        CLERK,
        "2023-04-20",
    )
    .unwrap();
    assert!(
        !order.in_force(day("2023-08-02")),
        "asked for is not approved"
    );
    act(&mut order, Action::ApproveExtension, APPROVER, "2023-04-25").unwrap();
    assert!(order.in_force(day("2023-08-02")) && order.in_force(day("2023-11-03")));
    assert!(!order.in_force(day("2023-11-04")));
    let again = act(
        &mut order,
        ask("2023-10-01", "2024-05-03"),
        CLERK,
        "2023-10-01",
    );
    assert_eq!(again, Err(Refused::NoMoreExtensions));
}

#[test]
fn a_first_period_longer_than_the_law_allows_is_a_gap() {
    let check = |kind, first: &str, last: &str, expect: bool| {
        let mut order = draft(kind, first, Some(last));
        let refused = act(&mut order, Action::Submit, CLERK, first);
        let long = refused == Err(Refused::Incomplete(vec![Gap::TooLong]));
        assert_eq!(long, expect, "{kind:?} {first} to {last}: {refused:?}");
    };
    check(OrderKind::ExitBan, "2025-11-03", "2026-05-03", false);
    check(OrderKind::ExitBan, "2025-11-03", "2026-05-04", true);
    check(OrderKind::UrgentExitBan, "2026-01-01", "2026-01-20", false);
    check(OrderKind::UrgentExitBan, "2026-01-01", "2026-01-21", true);
    check(OrderKind::EntryBan, "2026-01-01", "2036-01-01", false);
    check(OrderKind::EntryBan, "2026-01-01", "2036-01-02", true);
}

#[test]
fn an_urgent_ban_is_never_extended() {
    let mut order = approved(OrderKind::UrgentExitBan, "2026-01-01", "2026-01-20");
    assert!(order.in_force(day("2026-01-20")) && !order.in_force(day("2026-01-21")));
    let refused = act(
        &mut order,
        ask("2026-01-05", "2026-02-01"),
        CLERK,
        "2026-01-05",
    );
    assert_eq!(refused, Err(Refused::NoMoreExtensions));
}

#[test]
fn an_extension_that_comes_two_days_before_the_end_is_refused_and_the_ban_lapses() {
    let order = approved(OrderKind::ExitBan, "2025-11-03", "2026-05-03");
    let mut late = order.clone();
    let refused = act(
        &mut late,
        ask("2026-05-01", "2026-11-03"),
        CLERK,
        "2026-05-01",
    );
    assert_eq!(refused, Err(Refused::TooLate { came: 2, lead: 3 }));
    assert_eq!(late, order, "nothing changed");
    assert_eq!(
        act(&mut late, Action::Lapse, CLERK, "2026-05-03"),
        Err(Refused::NotOver)
    );
    late.apply(Action::Lapse, None, (UtcMs(0), day("2026-05-04")), 0)
        .unwrap();
    assert_eq!(
        (late.status(), late.in_force(day("2026-05-03"))),
        (Status::Lapsed, false)
    );
    let mut in_time = order.clone();
    act(
        &mut in_time,
        ask("2026-04-30", "2026-11-03"),
        CLERK,
        "2026-04-30",
    )
    .unwrap();
    // Approved too late: the day is over.
    let refused = act(
        &mut in_time,
        Action::ApproveExtension,
        APPROVER,
        "2026-05-04",
    );
    assert_eq!(refused, Err(Refused::Status(Status::Lapsed)));
    let mut long = order;
    let refused = act(
        &mut long,
        ask("2026-04-01", "2026-11-04"),
        CLERK,
        "2026-04-01",
    );
    assert_eq!(refused, Err(Refused::BadLastDay("2026-11-03".into())));
}

#[test]
fn a_citizen_cannot_be_given_an_entry_ban() {
    let mut handed = handed(OrderKind::EntryBan, "2026-01-01", Some("2026-06-01"));
    for code in ["IDN", "idn"] {
        handed.subject.person.nationality = code.into();
        assert_eq!(
            Contents::new(handed.clone()),
            Err(NotLawful::EntryBanOnCitizen)
        );
        let json = serde_json::to_string(&handed).unwrap();
        assert!(
            serde_json::from_str::<Contents>(&json).is_err(),
            "the wire cannot smuggle it in"
        );
    }
}

#[test]
fn who_drafts_never_approves() {
    let mut order = draft(OrderKind::ExitBan, "2026-01-01", Some("2026-06-01"));
    act(&mut order, Action::Submit, OTHER, "2026-01-01").unwrap();
    for hand in [CLERK, OTHER] {
        assert_eq!(
            act(&mut order, Action::Approve, hand, "2026-01-01"),
            Err(Refused::SamePerson)
        );
    }
    let nobody = order.apply(Action::Approve, None, (UtcMs(0), day("2026-01-01")), 1);
    assert_eq!(
        nobody,
        Err(Refused::SamePerson),
        "a machine approves nothing"
    );
    act(&mut order, Action::Approve, APPROVER, "2026-01-02").unwrap();
    act(
        &mut order,
        ask("2026-02-01", "2026-09-01"),
        APPROVER,
        "2026-02-01",
    )
    .unwrap();
    assert_eq!(
        act(&mut order, Action::ApproveExtension, APPROVER, "2026-02-01"),
        Err(Refused::SamePerson)
    );
}

#[test]
fn a_lifetime_ban_needs_a_grave_reason_and_two_approvals() {
    let grave = |grave: bool| {
        let mut handed = handed(OrderKind::EntryBan, "2026-01-01", None);
        let pack = rule_pack::pack_for(day("2026-01-01")).unwrap();
        let mut reasons = pack.reasons_for(OrderKind::EntryBan);
        handed.reason = reasons
            .find(|reason| reason.grave == grave)
            .unwrap()
            .code
            .clone();
        let contents = Contents::new(handed).unwrap();
        Order::draft(
            OrderId(Uuid::from_u128(1)),
            contents,
            who(CLERK),
            UtcMs(0),
            day("2026-01-01"),
        )
    };
    let refused = act(&mut grave(false), Action::Submit, CLERK, "2026-01-01");
    assert_eq!(refused, Err(Refused::Incomplete(vec![Gap::NoEnd])));
    let mut order = grave(true);
    act(&mut order, Action::Submit, CLERK, "2026-01-01").unwrap();
    act(&mut order, Action::Approve, APPROVER, "2026-01-01").unwrap();
    assert_eq!(
        (order.status(), order.in_force(day("2026-01-02"))),
        (Status::AwaitingSecond, false)
    );
    assert_eq!(
        act(&mut order, Action::Approve, APPROVER, "2026-01-02"),
        Err(Refused::SamePerson)
    );
    act(&mut order, Action::Approve, OTHER, "2026-01-02").unwrap();
    assert!(order.in_force(day("2090-01-01")));
    // No other order lives without an end.
    let mut endless = draft(OrderKind::Wanted, "2026-01-01", None);
    let refused = act(&mut endless, Action::Submit, CLERK, "2026-01-01");
    assert_eq!(refused, Err(Refused::Incomplete(vec![Gap::NoEnd])));
}

#[test]
fn every_gap_is_named_at_once() {
    let mut handed = handed(OrderKind::UrgentExitBan, "2026-01-01", Some("2026-01-20"));
    let subject = &mut handed.subject;
    subject.person = Person {
        full_name: " ".into(),
        sex: "?".into(),
        birth_date: String::new(),
        nationality: "ID".into(),
        document_number: String::new(),
    };
    subject.birth_place.clear();
    (handed.reference, handed.reason) = (String::new(), "because".into());
    handed.reason_text.clear();
    handed.ordered_on = day("2026-01-02");
    (handed.agency, handed.form) = (Agency::InterpolBureau, OrderForm::Decision);
    handed.checkpoint = None;
    let contents = Contents::new(handed).unwrap();
    let pack = rule_pack::pack_for(day("2026-01-01"));
    let found = gaps(&contents, pack, 0, day("2026-02-01"));
    use Gap::*;
    for gap in [
        OrderedOn,
        ReasonText,
        Reference,
        Name,
        Sex,
        BirthDate,
        BirthPlace,
        Nationality,
        Photo,
        Reason,
        Requester,
        Over,
        Checkpoint,
    ] {
        assert!(found.contains(&gap), "{gap:?} in {found:?}");
    }
    assert_eq!(
        gaps(&contents, None, 1, day("2026-01-01")).last(),
        Some(&NoRules)
    );
}

#[test]
fn the_person_is_told_within_seven_days_and_the_minister_within_three() {
    let mut order = approved(OrderKind::ExitBan, "2026-01-01", "2026-06-01");
    let seen = |order: &Order, on: &str| -> Vec<(Duty, String, bool)> {
        let all = clocks(order, day(on));
        all.into_iter()
            .map(|c| (c.duty, c.due.to_string(), c.overdue))
            .collect()
    };
    let (person, minister) = (Duty::NotifyPerson, Duty::NotifyMinister);
    let expect = |p, m| {
        vec![
            (person, "2026-01-08".into(), p),
            (minister, "2026-01-04".into(), m),
        ]
    };
    assert_eq!(seen(&order, "2026-01-04"), expect(false, false));
    assert_eq!(seen(&order, "2026-01-05"), expect(false, true));
    assert_eq!(seen(&order, "2026-01-09"), expect(true, true));
    let told = |duty, on: &str| Action::Notify { duty, on: day(on) };
    act(&mut order, told(person, "2026-01-08"), CLERK, "2026-01-09").unwrap();
    assert_eq!(seen(&order, "2026-02-09"), expect(false, true));
    let tomorrow = act(
        &mut order,
        told(minister, "2026-02-10"),
        CLERK,
        "2026-02-09",
    );
    assert_eq!(tomorrow, Err(Refused::BadDay));
}

#[test]
fn an_objection_does_not_suspend_and_ends_the_order_when_it_is_upheld() {
    let mut order = approved(OrderKind::ExitBan, "2026-01-01", "2026-06-01");
    let object = || Action::Object {
        received_on: day("2026-02-01"),
        reference: "K-5".into(),
    };
    let answer = |upheld| Action::AnswerObjection {
        on: day("2026-02-10"),
        upheld,
        note: "looked into".into(),
    };
    assert_eq!(
        act(&mut order, answer(true), APPROVER, "2026-02-10"),
        Err(Refused::Objection)
    );
    act(&mut order, object(), CLERK, "2026-02-01").unwrap();
    assert!(order.in_force(day("2026-02-02")));
    assert_eq!(
        act(&mut order, object(), CLERK, "2026-02-03"),
        Err(Refused::Objection)
    );
    assert!(
        clocks(&order, day("2026-02-02"))
            .iter()
            .any(|c| c.duty == Duty::AnswerObjection)
    );
    let mut rejected = order.clone();
    act(&mut rejected, answer(false), APPROVER, "2026-02-10").unwrap();
    assert!(rejected.in_force(day("2026-02-11")));
    act(&mut order, answer(true), APPROVER, "2026-02-10").unwrap();
    assert_eq!(
        (order.status(), order.in_force(day("2026-02-11"))),
        (Status::Revoked, false)
    );
}

#[test]
fn what_was_due_is_recorded_also_after_the_end() {
    let mut order = approved(OrderKind::ExitBan, "2026-01-01", "2026-06-01");
    let object = Action::Object {
        received_on: day("2026-05-30"),
        reference: "K-5".into(),
    };
    act(&mut order, object, CLERK, "2026-05-30").unwrap();
    order
        .apply(Action::Lapse, None, (UtcMs(0), day("2026-06-02")), 0)
        .unwrap();
    let told = Action::Notify {
        duty: Duty::NotifyPerson,
        on: day("2026-06-02"),
    };
    act(&mut order, told, CLERK, "2026-06-03").unwrap();
    let answer = Action::AnswerObjection {
        on: day("2026-06-05"),
        upheld: true,
        note: "looked into".into(),
    };
    act(&mut order, answer, APPROVER, "2026-06-05").unwrap();
    assert_eq!(order.status(), Status::Lapsed, "it had ended already");
    assert!(
        clocks(&order, day("2026-07-30"))
            .iter()
            .all(|clock| clock.duty == Duty::NotifyMinister
                || !clock.overdue
                || clock.done.is_some())
    );
}

#[test]
fn a_letter_cannot_have_come_before_the_order() {
    let mut order = draft(OrderKind::ExitBan, "2026-01-01", Some("2026-06-01"));
    act(&mut order, Action::Submit, CLERK, "2026-01-01").unwrap();
    act(&mut order, Action::Approve, APPROVER, "2026-05-30").unwrap();
    let early = act(
        &mut order,
        ask("2026-05-20", "2026-11-01"),
        CLERK,
        "2026-05-31",
    );
    assert_eq!(early, Err(Refused::BadDay));
}

#[test]
fn an_acquittal_ends_it_and_the_requester_never_changes() {
    let mut order = approved(OrderKind::ExitBan, "2026-01-01", "2026-06-01");
    act(
        &mut order,
        Action::Acquit {
            reference: "PN-9".into(),
        },
        APPROVER,
        "2026-02-01",
    )
    .unwrap();
    assert!(!order.in_force(day("2026-02-02")));
    let again = act(
        &mut order,
        Action::Revoke {
            reference: "X-1".into(),
        },
        APPROVER,
        "2026-02-02",
    );
    assert_eq!(again, Err(Refused::Status(Status::Acquitted)));
    let mut order = draft(OrderKind::ExitBan, "2026-01-01", Some("2026-06-01"));
    let mut other = handed(OrderKind::ExitBan, "2026-01-01", Some("2026-06-01"));
    other.agency = Agency::ALL
        .into_iter()
        .find(|a| *a != other.agency)
        .unwrap();
    let contents = Box::new(Contents::new(other).unwrap());
    let refused = act(&mut order, Action::Draft { contents }, CLERK, "2026-01-01");
    assert_eq!(refused, Err(Refused::Immutable));
}

fn any_action() -> impl Strategy<Value = Action> {
    let days = 0i64..700;
    let later = |n: i64| day("2026-01-01").plus_days(n).unwrap();
    prop_oneof![
        Just(Action::Submit),
        Just(Action::Approve),
        Just(Action::Approve),
        Just(Action::ApproveExtension),
        Just(Action::Lapse),
        days.clone().prop_map(move |n| Action::Notify {
            duty: Duty::NotifyPerson,
            on: later(n)
        }),
        Just(Action::Return {
            note: "again".into()
        }),
        Just(Action::RefuseExtension {
            note: "no need".into()
        }),
        Just(Action::Revoke {
            reference: "X-1".into()
        }),
        Just(Action::Acquit {
            reference: "X-2".into()
        }),
        days.clone().prop_map(move |n| Action::Object {
            received_on: later(n),
            reference: "K-1".into()
        }),
        (days.clone(), any::<bool>()).prop_map(move |(n, upheld)| Action::AnswerObjection {
            on: later(n),
            upheld,
            note: "answer".into()
        }),
        (days.clone(), days).prop_map(move |(n, m)| Action::RequestExtension {
            reference: "P-1".into(),
            received_on: later(n),
            last_day: later(m)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// Whatever is tried by whomever, on whatever day: in force means that two people said so, that nothing ended it,
    /// and that the law's longest period is not over.
    #[test]
    fn no_history_keeps_an_order_beyond_the_law(
        kind in prop_oneof![Just(OrderKind::ExitBan), Just(OrderKind::UrgentExitBan)],
        length in 0i64..260,
        tries in proptest::collection::vec((any_action(), prop::option::weighted(0.95, 1u128..4), 0i64..30), 1..40),
    ) {
        let first = day("2026-01-01");
        let last = first.plus_days(length).unwrap().to_string();
        let mut order = draft(kind, "2026-01-01", Some(&last));
        let mut today = first;
        for (action, by, days) in tries {
            today = today.plus_days(days / 3).unwrap();
            let before = order.clone();
            if order.apply(action, by.map(who), (UtcMs(0), today), 1).is_err() {
                prop_assert_eq!(&order, &before, "a refused action changes nothing");
            }
            // As the store keeps them: through JSON.
            let kept = serde_json::to_string(order.steps()).unwrap();
            let again = Order::replay(order.id(), serde_json::from_str(&kept).unwrap());
            prop_assert_eq!(Some(&order), again.as_ref());
            let far = [first, today, today.plus_days(20).unwrap(), first.plus_days(181).unwrap(), first.plus_days(400).unwrap()];
            for on in far.into_iter().filter(|on| order.in_force(*on)) {
                let hands = |want: fn(&Action) -> bool| -> Vec<AccountId> {
                    order.steps().iter().filter(|s| want(&s.action)).filter_map(|s| s.by).collect()
                };
                let wrote = hands(|a| matches!(a, Action::Draft { .. } | Action::Submit));
                let approvers = hands(|a| *a == Action::Approve);
                prop_assert!(approvers.iter().any(|by| !wrote.contains(by)));
                let ended = |s: &Step| matches!(s.action, Action::Revoke { .. } | Action::Acquit { .. } | Action::Lapse | Action::AnswerObjection { upheld: true, .. });
                prop_assert!(!order.steps().iter().any(ended));
                let extended = order.steps().iter().any(|s| s.action == Action::ApproveExtension);
                let most = match (kind, extended) {
                    (OrderKind::UrgentExitBan, _) => first.plus_days(19),
                    (_, false) => first.plus_months(6),
                    (_, true) => first.plus_months(12),
                };
                prop_assert!(Some(on) <= most, "{} is beyond {:?}", on, most);
            }
        }
    }
}
