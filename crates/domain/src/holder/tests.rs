//! The registry's rules: what can be recorded, and which permit serves.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::id::{PermitId, SiteId};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn identity() -> Identity {
    Identity {
        primary: "Contoh".into(),
        secondary: "anna  maria".into(),
        full_name: " Anna María  Contoh".into(),
        sex: "f".into(),
        birth_date: "1984-07".into(),
        nik: "3171 0147 0784 0001".into(),
    }
}

#[test]
fn somebody_is_recorded_tidily_or_told_what_to_do() {
    let kept = identity().checked().unwrap();
    assert_eq!(
        (kept.primary.as_str(), kept.secondary.as_str()),
        ("CONTOH", "ANNA MARIA")
    );
    assert_eq!(
        (kept.full_name.as_str(), kept.nik.as_str()),
        ("Anna María Contoh", "3171014707840001")
    );
    let one_name = Identity {
        primary: "SUKARNO".into(),
        secondary: String::new(),
        ..identity()
    };
    assert!(one_name.checked().is_ok(), "one name is a whole name");
    let check = |change: fn(&mut Identity), expect: NotAHolder| {
        let mut wrong = identity();
        change(&mut wrong);
        let found = wrong.checked().err();
        assert_eq!(found, Some(expect));
        assert!(!expect.code().is_empty());
    };
    check(|who| who.primary = " ".into(), NotAHolder::Name);
    check(|who| who.full_name = String::new(), NotAHolder::Name);
    check(|who| who.full_name = "x".repeat(201), NotAHolder::Name);
    check(|who| who.primary = "Müller".into(), NotAHolder::Identifier);
    check(|who| who.sex = "W".into(), NotAHolder::Sex);
    check(|who| who.birth_date = "1984-13".into(), NotAHolder::Birth);
    check(|who| who.birth_date = "84".into(), NotAHolder::Birth);
    check(|who| who.nik = "123".into(), NotAHolder::Nik);
}

#[test]
fn a_nik_that_does_not_fit_the_birth_date_is_kept() {
    let who = Identity {
        birth_date: "1990-01-01".into(),
        ..identity()
    };
    assert!(who.checked().is_ok());
}

#[test]
fn a_document_is_over_for_good_and_a_loss_can_be_taken_back() {
    use DocumentStatus::{Cancelled, Lost, Replaced, Stolen, Valid};
    for (from, to, may) in [
        (Valid, Lost, true),
        (Valid, Replaced, true),
        (Lost, Valid, true),
        (Lost, Stolen, true),
        (Stolen, Cancelled, true),
        (Valid, Valid, false),
        (Replaced, Valid, false),
        (Cancelled, Lost, false),
    ] {
        assert_eq!(from.may_become(to), may, "{from:?} {to:?}");
    }
}

fn voa(issued: &str) -> Permit {
    let issued = day(issued);
    Permit {
        id: PermitId(Uuid::from_u128(1)),
        holder: HolderId(Uuid::from_u128(2)),
        kind: PermitKind::Visa,
        index: "B1".into(),
        entries: Entries::Single,
        valid_from: issued,
        valid_until: last_day_of_use(issued, 90).unwrap(),
        stay: Stay::Days(30),
        sites: Vec::new(),
        document: Some(vec![1, 2, 3]),
        state: PermitState::Issued,
    }
}

fn arriving(on: &str) -> Arriving<'static> {
    Arriving {
        day: day(on),
        site: SiteId(Uuid::from_u128(7)),
        document: &[1, 2, 3],
        entries_used: 0,
    }
}

#[test]
fn an_evoa_serves_on_day_90_after_issue_and_not_on_day_91() {
    let permit = voa("2026-01-01");
    permit.check().unwrap();
    assert_eq!(
        permit.serves(&arriving("2026-04-01")),
        Ok(day("2026-04-30")),
        "day 90: 30 days"
    );
    assert_eq!(
        permit.serves(&arriving("2026-04-02")),
        Err(PermitRefusal::Expired),
        "day 91"
    );
    assert_eq!(
        permit.serves(&arriving("2025-12-31")),
        Err(PermitRefusal::NotYet)
    );
}

#[test]
fn each_reason_stands_for_itself() {
    let check = |change: fn(&mut Permit, &mut Arriving<'static>),
                 expect: Result<Day, PermitRefusal>| {
        let (mut permit, mut arrival) = (voa("2026-01-01"), arriving("2026-02-01"));
        change(&mut permit, &mut arrival);
        assert_eq!(permit.serves(&arrival), expect);
    };
    let last = Ok(day("2026-03-02"));
    check(|_, _| (), last);
    check(
        |permit, _| permit.state = PermitState::Cancelled,
        Err(PermitRefusal::Cancelled),
    );
    check(
        |_, arrival| arrival.entries_used = 1,
        Err(PermitRefusal::UsedUp),
    );
    check(
        |permit, arrival| {
            permit.entries = Entries::Multiple;
            arrival.entries_used = 40;
        },
        last,
    );
    check(
        |_, arrival| arrival.document = &[9],
        Err(PermitRefusal::OtherDocument),
    );
    check(|permit, _| permit.document = None, last);
    check(
        |permit, _| permit.sites = vec![SiteId(Uuid::from_u128(8))],
        Err(PermitRefusal::OtherSite),
    );
    check(
        |permit, _| permit.sites = vec![SiteId(Uuid::from_u128(7))],
        last,
    );
    check(
        |permit, _| permit.stay = Stay::Until("2026-01-31".parse().unwrap()),
        Err(PermitRefusal::NoStayLeft),
    );
    check(
        |permit, _| permit.stay = Stay::Until("2026-02-01".parse().unwrap()),
        Ok(day("2026-02-01")),
    );
}

#[test]
fn a_permit_that_says_nothing_is_not_recorded() {
    let check = |change: fn(&mut Permit), expect: NotAPermit| {
        let mut permit = voa("2026-01-01");
        change(&mut permit);
        assert_eq!(permit.check(), Err(expect));
    };
    check(|permit| permit.index = "B 1".into(), NotAPermit::Index);
    check(|permit| permit.index = String::new(), NotAPermit::Index);
    check(
        |permit| permit.valid_until = "2025-12-31".parse().unwrap(),
        NotAPermit::Days,
    );
    check(|permit| permit.stay = Stay::Days(0), NotAPermit::Stay);
    check(
        |permit| permit.stay = Stay::Until("2025-12-31".parse().unwrap()),
        NotAPermit::Stay,
    );
}

#[test]
fn an_issuing_state_is_a_code() {
    assert_eq!(issuing_state(" d<< ").as_deref(), Ok("D"));
    assert_eq!(issuing_state("utopia"), Err(NotADocument::Issuer));
    assert_eq!(issuing_state("<<<"), Err(NotADocument::Issuer));
}

proptest! {
    #[test]
    fn no_number_of_letters_and_digits_is_refused_for_its_pattern(number in "[A-Z0-9]{1,24}") {
        let kept = document_number(&number);
        prop_assert_eq!(kept.as_deref(), Ok(number.as_str()));
        let spaced = format!(" {}- {} ", &number[..1], number[1..].to_lowercase());
        prop_assert_eq!(document_number(&spaced).unwrap(), number);
    }

    #[test]
    fn a_pair_is_the_same_from_both_sides(a in 0u128..9, b in 0u128..9) {
        let (a, b) = (HolderId(Uuid::from_u128(a)), HolderId(Uuid::from_u128(b)));
        prop_assert_eq!(pair(a, b), pair(b, a));
        prop_assert_eq!(pair(a, b).is_none(), a == b);
    }
}
