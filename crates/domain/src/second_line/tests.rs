//! The life of a case, cell by cell: what is offered, what waits for another person, what the bureau must be asked, and
//! what nobody does to whoever is protected.

use uuid::Uuid;

use super::*;
use crate::{
    crossing::{Detection, Nationality, Outcome, Unlawful},
    id::{CrossingId, SiteId},
    rule_pack,
    site::Direction,
    time::{HOUR_MS, MINUTE_MS},
};

const NOW: UtcMs = UtcMs(1_795_244_531_000);
const LONGEST: i64 = 8 * HOUR_MS;

fn officer(n: u128) -> AccountId {
    AccountId(Uuid::from_u128(n))
}

fn order(n: u128) -> OrderId {
    OrderId(Uuid::from_u128(n))
}

fn hit(n: u128, kind: OrderKind) -> Hit {
    let agency = match kind {
        OrderKind::RedNotice => Agency::InterpolBureau,
        OrderKind::Wanted => Agency::Police,
        _ => Agency::Kpk,
    };
    Hit {
        order: order(n),
        kind,
        agency,
    }
}

fn law(site: SiteKind) -> Law<'static> {
    let day = Day::at(NOW, 420);
    Law {
        pack: rule_pack::pack_for(day).unwrap(),
        site,
        day,
    }
}

const HERE: SiteKind = SiteKind::Checkpoint;

struct Desk {
    case: Case,
    at: UtcMs,
}

impl Desk {
    fn refers(nationality: &str, direction: Direction, reasons: &[Reason], hits: &[Hit]) -> Self {
        let referral = Referral {
            crossing: CrossingId(Uuid::from_u128(9)),
            site: SiteId(Uuid::from_u128(8)),
            lane: None,
            direction,
            traveller: Traveller {
                name: "Budi Contoh".into(),
                birth_date: "1984-07-30".into(),
                sex: "M".into(),
                nationality: Nationality::new(nationality).unwrap(),
                issuer: nationality.into(),
                document_number: "X1234567".into(),
            },
            reasons: reasons.to_vec(),
            text: String::new(),
            detection: Detection::Document,
            alert: None,
            hits: hits.to_vec(),
            holder: None,
        };
        let case = Case::open(CaseId(Uuid::from_u128(7)), referral, officer(1), NOW).unwrap();
        Desk { case, at: NOW }
    }

    fn try_at(&mut self, site: SiteKind, by: u128, action: Action) -> Result<(), Refused> {
        self.at = self.at + MINUTE_MS;
        let at = self.at;
        self.case
            .apply(action, Some(officer(by)), &law(site), at)
            .map(|_| ())
    }

    fn tries(&mut self, by: u128, action: Action) -> Result<(), Refused> {
        self.try_at(HERE, by, action)
    }

    #[track_caller]
    fn does(&mut self, by: u128, action: Action) {
        self.tries(by, action).unwrap();
    }

    fn acts(&self) -> Vec<Act> {
        self.case.offer(&law(HERE)).acts
    }

    fn contact(&mut self, agency: Agency, reached: bool) -> Result<(), Refused> {
        let answered = |text: &str| {
            if reached {
                text.to_owned()
            } else {
                String::new()
            }
        };
        let contact = Contact {
            agency,
            tried_at: self.at,
            channel: Channel::Telephone,
            person: answered("duty officer 12"),
            reached,
            answer: answered("the notice stands"),
        };
        self.tries(2, Action::Contact { contact })
    }
}

fn conclude(hit: bool, confirmed: &[OrderId]) -> Action {
    Action::Conclude {
        hit,
        confirmed: confirmed.to_vec(),
        text: "documents compared".into(),
    }
}

fn decide(act: Act, ground: Option<&str>) -> Action {
    Action::Decide {
        act,
        ground: ground.map(str::to_owned),
        stay_until: None,
        charge: None,
        receipt: None,
        text: "as found".into(),
        waits: false,
    }
}

fn receiver() -> Receiver {
    Receiver {
        agency: Agency::Police,
        name: "Perwira Contoh".into(),
        rank: String::new(),
        number: "77".into(),
        signature: Signature::Drawn {
            path: "M 10 10 L 20 30 L 40 10".into(),
        },
    }
}

fn interview(reason: Reason) -> Action {
    Action::Interview {
        reasons: vec![reason],
        text: "asked and looked".into(),
    }
}

/// A hit on one order, confirmed: what is offered then.
fn offered(nationality: &str, direction: Direction, kind: OrderKind) -> Offer {
    let mut desk = Desk::refers(nationality, direction, &[Reason::ListHit], &[hit(1, kind)]);
    desk.does(2, Action::Take);
    if kind == OrderKind::RedNotice {
        desk.contact(Agency::InterpolBureau, true).unwrap();
    }
    desk.does(2, conclude(true, &[order(1)]));
    desk.case.offer(&law(HERE))
}

#[test]
fn each_confirmed_list_offers_what_the_table_says() {
    use Act::*;
    use Direction::{Arrival, Departure};
    for (nationality, direction, kind, acts, hand_over) in [
        (
            "IDN",
            Departure,
            OrderKind::ExitBan,
            vec![DeferDeparture],
            false,
        ),
        (
            "IDN",
            Departure,
            OrderKind::UrgentExitBan,
            vec![DeferDeparture],
            false,
        ),
        ("IDN", Departure, OrderKind::Wanted, vec![HandOver], true),
        (
            "IDN",
            Departure,
            OrderKind::RedNotice,
            vec![AllowDeparture],
            false,
        ),
        (
            "IDN",
            Departure,
            OrderKind::LostDocument,
            vec![AllowDeparture, DeferDeparture],
            false,
        ),
        ("IDN", Arrival, OrderKind::ExitBan, vec![Admit], false),
        ("IDN", Arrival, OrderKind::Wanted, vec![Admit], true),
        ("IDN", Arrival, OrderKind::RedNotice, vec![Admit], false),
        ("IDN", Arrival, OrderKind::LostDocument, vec![Admit], false),
        (
            "UTO",
            Departure,
            OrderKind::ExitBan,
            vec![DeferDeparture],
            false,
        ),
        (
            "UTO",
            Departure,
            OrderKind::EntryBan,
            vec![AllowDeparture],
            false,
        ),
        ("UTO", Departure, OrderKind::Wanted, vec![HandOver], true),
        ("UTO", Arrival, OrderKind::ExitBan, vec![Admit], false),
        (
            "UTO",
            Arrival,
            OrderKind::EntryBan,
            vec![RefuseEntry],
            false,
        ),
        ("UTO", Arrival, OrderKind::Wanted, vec![HandOver], true),
        (
            "UTO",
            Arrival,
            OrderKind::RedNotice,
            vec![Admit, MayRefuseEntry],
            false,
        ),
        (
            "UTO",
            Arrival,
            OrderKind::LostDocument,
            vec![Admit, RefuseEntry],
            false,
        ),
    ] {
        let offer = offered(nationality, direction, kind);
        assert_eq!(
            (offer.acts, offer.hand_over),
            (acts, hand_over),
            "{nationality} {direction:?} {kind:?}"
        );
    }
}

#[test]
fn a_citizen_is_never_offered_a_refusal_of_entry() {
    for kind in OrderKind::ALL {
        for reason in Reason::ALL {
            let hits = [hit(1, *kind)];
            let mut desk = Desk::refers(
                "IDN",
                Direction::Arrival,
                &[Reason::ListHit, *reason],
                &hits,
            );
            desk.does(2, Action::Take);
            let _ = desk.contact(Agency::InterpolBureau, true);
            let _ = desk.tries(2, conclude(true, &[order(1)]));
            let refuses = |act: &Act| outcome(*act) == Some(Outcome::RefusedEntry);
            assert!(!desk.acts().iter().any(refuses), "{kind:?} {reason:?}");
            let tried = desk.tries(2, decide(Act::RefuseEntry, Some("no_valid_document")));
            assert!(
                matches!(tried, Err(Refused::NotOffered | Refused::Protected)),
                "{tried:?}"
            );
        }
    }
}

#[test]
fn a_deferral_needs_ground_and_another_person() {
    let mut desk = Desk::refers(
        "IDN",
        Direction::Departure,
        &[Reason::ListHit],
        &[hit(1, OrderKind::ExitBan)],
    );
    assert_eq!(
        desk.tries(2, conclude(true, &[order(1)])),
        Err(Refused::Status(Status::Opened))
    );
    desk.does(2, Action::Take);
    assert_eq!(
        desk.tries(2, decide(Act::DeferDeparture, None)),
        Err(Refused::NotOffered),
        "nothing was concluded"
    );
    desk.does(2, conclude(true, &[order(1)]));
    assert_eq!(
        desk.tries(2, decide(Act::AllowDeparture, None)),
        Err(Refused::NotOffered)
    );
    let tried = desk.tries(2, decide(Act::DeferDeparture, None));
    assert_eq!(tried, Err(Refused::Unlawful(Unlawful::NoGround)));
    let tried = desk.tries(2, decide(Act::DeferDeparture, Some("no_means")));
    assert_eq!(tried, Err(Refused::Unlawful(Unlawful::WrongGround)));
    desk.does(2, decide(Act::DeferDeparture, Some("on_exit_ban_list")));
    assert_eq!(desk.case.status(), Status::AwaitingAuthoriser);
    assert_eq!(desk.tries(2, Action::Authorise), Err(Refused::SamePerson));
    assert_eq!(
        desk.tries(3, Action::Close),
        Err(Refused::Status(Status::AwaitingAuthoriser))
    );
    desk.does(
        3,
        Action::Decline {
            text: "ask the agency first".into(),
        },
    );
    assert_eq!(
        (desk.case.status(), desk.case.decided()),
        (Status::Hit, None)
    );
    desk.does(2, decide(Act::DeferDeparture, Some("on_exit_ban_list")));
    desk.does(3, Action::Authorise);
    assert_eq!(desk.case.decided().unwrap().authorised_by, Some(officer(3)));
    desk.does(2, Action::Close);
    let decision = desk.case.decision(&law(HERE)).unwrap().unwrap();
    assert_eq!(decision.draft().outcome, Outcome::DeferredDeparture);
    assert_eq!(desk.case.allowed(&law(HERE)), []);
}

#[test]
fn the_national_bureau_is_heard_before_a_red_notice_is_a_hit() {
    let mut desk = Desk::refers(
        "UTO",
        Direction::Arrival,
        &[Reason::ListHit],
        &[hit(1, OrderKind::RedNotice)],
    );
    desk.does(2, Action::Take);
    assert_eq!(
        desk.tries(2, conclude(true, &[order(1)])),
        Err(Refused::BureauFirst)
    );
    desk.contact(Agency::Police, true).unwrap();
    desk.contact(Agency::InterpolBureau, false).unwrap();
    assert_eq!(
        desk.tries(2, conclude(true, &[order(1)])),
        Err(Refused::BureauFirst),
        "tried is not heard"
    );
    assert_eq!(
        desk.tries(2, decide(Act::MayRefuseEntry, Some("wanted_abroad"))),
        Err(Refused::NotOffered)
    );
    desk.contact(Agency::InterpolBureau, true).unwrap();
    desk.does(2, conclude(true, &[order(1)]));
    desk.does(2, decide(Act::MayRefuseEntry, Some("wanted_abroad")));
    assert_eq!(desk.case.status(), Status::AwaitingAuthoriser);
}

#[test]
fn whoever_is_protected_has_one_path_only() {
    for reason in Reason::ALL.iter().filter(|reason| reason.protects()) {
        let mut desk = Desk::refers(
            "UTO",
            Direction::Arrival,
            &[Reason::ListHit],
            &[hit(1, OrderKind::Wanted)],
        );
        desk.does(2, Action::Take);
        desk.does(2, conclude(true, &[order(1)]));
        desk.does(2, decide(Act::HandOver, None));
        desk.does(3, Action::Authorise);
        desk.does(2, interview(*reason));
        assert_eq!(
            (desk.case.status(), desk.case.decided()),
            (Status::Hit, None),
            "what was decided falls"
        );
        assert_eq!(desk.acts(), [Act::Safeguard]);
        assert!(!desk.case.offer(&law(HERE)).hand_over);
        for act in [
            Act::RefuseEntry,
            Act::DeferDeparture,
            Act::HandOver,
            Act::Admit,
        ] {
            assert_eq!(
                desk.tries(2, decide(act, Some("wanted_abroad"))),
                Err(Refused::Protected)
            );
        }
        assert_eq!(
            desk.tries(2, conclude(true, &[order(1)])),
            Err(Refused::Protected)
        );
        desk.does(2, decide(Act::Safeguard, None));
        let receiver = receiver();
        assert_eq!(
            desk.tries(2, Action::HandOver { receiver }),
            Err(Refused::Protected)
        );
        desk.does(2, Action::Close);
        assert_eq!(
            desk.case.decision(&law(HERE)),
            None,
            "the ledger says nothing"
        );
    }
}

#[test]
fn a_protected_person_referred_as_such_needs_no_conclusion() {
    let mut desk = Desk::refers("IDN", Direction::Departure, &[Reason::VictimIndicator], &[]);
    desk.does(2, Action::Take);
    assert_eq!(desk.acts(), [Act::Safeguard]);
    assert!(!desk.case.allowed(&law(HERE)).contains(&Kind::Conclude));
    assert_eq!(
        desk.tries(2, Action::Close),
        Err(Refused::Status(Status::Taken))
    );
    desk.does(2, decide(Act::Safeguard, None));
    desk.does(2, Action::Close);
}

#[test]
fn what_the_officer_finds_carries_a_deferral_with_its_ground() {
    let mut desk = Desk::refers(
        "IDN",
        Direction::Departure,
        &[Reason::NonProceduralWorker],
        &[],
    );
    desk.does(2, Action::Take);
    assert_eq!(
        desk.tries(2, conclude(true, &[order(5)])),
        Err(Refused::NothingConfirmed)
    );
    desk.does(2, conclude(true, &[]));
    assert_eq!(desk.acts(), [Act::AllowDeparture, Act::DeferDeparture]);
    desk.does(
        2,
        decide(Act::DeferDeparture, Some("suspected_non_procedural_worker")),
    );
    desk.does(3, Action::Authorise);
    desk.does(2, Action::Close);
}

#[test]
fn a_hit_of_nothing_is_no_hit() {
    let hits = [hit(1, OrderKind::ExitBan), hit(2, OrderKind::Wanted)];
    let mut desk = Desk::refers("IDN", Direction::Departure, &[Reason::ListHit], &hits);
    desk.does(2, Action::Take);
    assert_eq!(
        desk.tries(2, conclude(true, &[])),
        Err(Refused::NothingConfirmed)
    );
    assert_eq!(
        desk.tries(2, conclude(false, &[order(1)])),
        Err(Refused::NothingConfirmed)
    );
    assert_eq!(desk.case.cleared(), []);
    desk.does(2, conclude(true, &[order(1)]));
    assert_eq!(
        desk.case.cleared(),
        [order(2)],
        "who is not the person of the other order"
    );
    desk.does(2, conclude(false, &[]));
    assert_eq!(desk.case.cleared(), [order(1), order(2)]);
    assert_eq!(desk.acts(), [Act::AllowDeparture]);
    desk.does(2, decide(Act::AllowDeparture, None));
    assert_eq!(
        desk.case.status(),
        Status::Action,
        "letting pass needs no other person"
    );
}

#[test]
fn a_hand_over_is_signed_before_the_case_closes() {
    let mut desk = Desk::refers(
        "IDN",
        Direction::Arrival,
        &[Reason::ListHit],
        &[hit(1, OrderKind::Wanted)],
    );
    desk.does(2, Action::Take);
    desk.does(2, conclude(true, &[order(1)]));
    desk.does(2, decide(Act::Admit, None));
    assert_eq!(
        desk.case.status(),
        Status::AwaitingAuthoriser,
        "the hand-over waits for another person"
    );
    desk.does(3, Action::Authorise);
    assert_eq!(desk.tries(2, Action::Close), Err(Refused::NotDone));
    let mut unsigned = receiver();
    unsigned.signature = Signature::Drawn {
        path: "M 1 1".into(),
    };
    assert_eq!(
        desk.tries(2, Action::HandOver { receiver: unsigned }),
        Err(Refused::NotSigned)
    );
    desk.does(
        2,
        Action::HandOver {
            receiver: receiver(),
        },
    );
    assert_eq!(desk.case.status(), Status::HandedOver);
    desk.does(2, Action::Close);
    let decision = desk.case.decision(&law(HERE)).unwrap().unwrap();
    assert_eq!(decision.draft().outcome, Outcome::Entered);
    assert!(desk.case.custody().unwrap().1.is_some());
}

#[test]
fn signatures_are_strokes_inside_the_box_or_a_name_with_a_reason() {
    let drawn = |path: &str| Signature::Drawn { path: path.into() }.is_whole();
    assert!(drawn("M 0 0 L 600 200 M 5 5 L 6 6"));
    for bad in [
        "",
        "M 1 1",
        "L 1 1 L 2 2 L 3 3",
        "M 1 1 L 601 2 L 3 3",
        "M 1 1 L 2 201 L 3 3",
        "M 1 1 L 2 2 L 3",
        "M 1 1 L -2 2 L 3 3",
        "M 1 1 L 2 2 L 3 3 \"><script>",
        "M 1 1 C 2 2 L 3 3 L 4 4",
    ] {
        assert!(!drawn(bad), "{bad}");
    }
    assert!(!drawn(&"M 1 1 L 2 2 ".repeat(2_000)));
    let typed = |name: &str, why: &str| {
        let (name, why) = (name.into(), why.into());
        Signature::Typed { name, why }.is_whole()
    };
    assert!(typed("Perwira Contoh", "the pen is broken"));
    assert!(!typed("Perwira Contoh", "") && !typed("", "the pen is broken"));
}

#[test]
fn who_must_be_told_is_told_before_the_end() {
    let mut desk = Desk::refers(
        "IDN",
        Direction::Arrival,
        &[Reason::ListHit],
        &[hit(1, OrderKind::ExitBan)],
    );
    desk.does(2, Action::Take);
    desk.does(2, conclude(true, &[order(1)]));
    desk.does(2, decide(Act::Admit, None));
    assert_eq!(
        desk.tries(2, Action::Close),
        Err(Refused::Owed(vec![Act::NotifyAgency]))
    );
    desk.contact(Agency::Police, true).unwrap();
    assert!(desk.tries(2, Action::Close).is_err(), "another agency");
    desk.contact(Agency::Kpk, false).unwrap();
    desk.does(2, Action::Close);
}

#[test]
fn at_a_monitoring_site_nothing_is_decided_and_the_case_still_ends() {
    let elsewhere = SiteKind::MonitoringSite;
    let mut desk = Desk::refers(
        "UTO",
        Direction::Neither,
        &[Reason::ListHit],
        &[hit(1, OrderKind::Wanted)],
    );
    desk.try_at(elsewhere, 2, Action::Take).unwrap();
    desk.try_at(elsewhere, 2, conclude(true, &[order(1)]))
        .unwrap();
    let offer = desk.case.offer(&law(elsewhere));
    assert_eq!(
        (offer.acts, offer.duties),
        (vec![], vec![Act::NotifyPolice])
    );
    assert!(desk.try_at(elsewhere, 2, Action::Close).is_err());
    desk.contact(Agency::Police, true).unwrap();
    desk.try_at(elsewhere, 2, Action::Close).unwrap();
    assert_eq!(desk.case.decision(&law(elsewhere)), None);
}

#[test]
fn a_foreigner_enters_until_a_day_and_an_overstay_is_charged_with_a_receipt() {
    let mut desk = Desk::refers("UTO", Direction::Arrival, &[Reason::DocumentDoubt], &[]);
    desk.does(2, Action::Take);
    desk.does(2, conclude(false, &[]));
    assert_eq!(
        desk.tries(2, decide(Act::Admit, None)),
        Err(Refused::Unlawful(Unlawful::NoStay))
    );
    let stay = |until: Option<Day>| Action::Decide {
        act: Act::Admit,
        ground: None,
        stay_until: until,
        charge: None,
        receipt: None,
        text: String::new(),
        waits: true,
    };
    desk.does(2, stay(law(HERE).day.plus_days(29)));
    assert_eq!(desk.case.status(), Status::Action, "whatever was given");
    let mut paid = decide(Act::Admit, None);
    if let Action::Decide {
        charge, receipt, ..
    } = &mut paid
    {
        (*charge, *receipt) = (Some(5_000_000), Some("K-1".into()));
    }
    assert_eq!(desk.tries(2, paid), Err(Refused::NoReceipt));
}

#[test]
fn the_clock_begins_when_the_case_is_taken_and_warns_twice() {
    let mut desk = Desk::refers("IDN", Direction::Departure, &[Reason::DocumentDoubt], &[]);
    assert_eq!(desk.case.next_alarm(LONGEST), None);
    desk.does(2, Action::Take);
    let began = desk.case.custody().unwrap().0;
    let (soon, over) = (began + LONGEST / 100 * 80, began + LONGEST);
    assert_eq!(desk.case.next_alarm(LONGEST), Some((80, soon)));
    assert_eq!(desk.case.due(LONGEST, soon - 1), None);
    assert_eq!(
        desk.case.due(LONGEST, soon),
        Some(Action::Alarm { percent: 80 })
    );
    assert_eq!(
        desk.case.due(LONGEST, over),
        Some(Action::Alarm { percent: 100 }),
        "the higher one"
    );
    let alarm = |percent| Action::Alarm { percent };
    desk.case.apply(alarm(80), None, &law(HERE), soon).unwrap();
    assert_eq!(desk.case.next_alarm(LONGEST), Some((100, over)));
    assert_eq!(
        desk.tries(2, alarm(100)),
        Err(Refused::Status(Status::Taken)),
        "people give no alarm"
    );
    // Somebody else takes over: the person has been there all the same.
    desk.does(3, Action::Take);
    assert_eq!(
        (desk.case.custody(), desk.case.taken_by()),
        (Some((began, None)), Some(officer(3)))
    );
    desk.does(3, conclude(false, &[]));
    desk.does(3, decide(Act::AllowDeparture, None));
    desk.does(3, Action::Close);
    assert_eq!(desk.case.due(LONGEST, over), None, "the clock stands");
}

#[test]
fn a_case_reads_back_from_its_steps() {
    let mut desk = Desk::refers(
        "UTO",
        Direction::Arrival,
        &[Reason::ListHit],
        &[hit(1, OrderKind::Wanted)],
    );
    desk.does(2, Action::Take);
    desk.does(2, interview(Reason::ImposterDoubt));
    desk.does(2, conclude(true, &[order(1)]));
    desk.does(2, decide(Act::MayRefuseEntry, Some("false_statement")));
    desk.does(3, Action::Authorise);
    desk.does(
        2,
        Action::HandOver {
            receiver: receiver(),
        },
    );
    let text = serde_json::to_string(desk.case.steps()).unwrap();
    let steps: Vec<Step> = serde_json::from_str(&text).unwrap();
    assert_eq!(Case::replay(desk.case.id(), steps), Some(desk.case.clone()));
    assert!(Case::replay(desk.case.id(), desk.case.steps()[1..].to_vec()).is_none());
    let shown = format!("{:?}", desk.case);
    assert!(!shown.contains("Budi") && !shown.contains("X1234567") && !shown.contains("Perwira"));
}

#[test]
fn no_status_but_the_last_is_a_dead_end() {
    for status in Status::ALL {
        assert_eq!(
            status.allowed().is_empty(),
            *status == Status::Closed,
            "{status:?}"
        );
    }
    for kind in Kind::ALL {
        assert_eq!(kind.permission().is_none(), *kind == Kind::Alarm);
    }
}

#[test]
fn an_overstay_is_charged_or_let_go_by_two_people() {
    let mut desk = Desk::refers("UTO", Direction::Departure, &[Reason::Stay], &[]);
    desk.does(2, Action::Take);
    desk.does(2, conclude(true, &[]));
    let offer = desk.case.offer(&law(HERE));
    assert_eq!(
        offer.acts,
        [Act::AllowDeparture, Act::Charge, Act::DeferDeparture]
    );
    assert_eq!(offer.waits, [Act::AllowDeparture, Act::DeferDeparture]);
    let charged = |charge, receipt: Option<&str>| Action::Decide {
        act: Act::Charge,
        ground: None,
        stay_until: None,
        charge,
        receipt: receipt.map(str::to_owned),
        text: String::new(),
        waits: false,
    };
    for (charge, receipt) in [(None, None), (Some(0), Some("K-1")), (Some(5), None)] {
        assert_eq!(
            desk.tries(2, charged(charge, receipt)),
            Err(Refused::NoReceipt)
        );
    }
    desk.does(2, charged(Some(5_000_000), Some("K-1")));
    assert_eq!(desk.case.status(), Status::Action);
    desk.does(2, decide(Act::AllowDeparture, None));
    assert_eq!(desk.case.status(), Status::AwaitingAuthoriser);
    // At arrival an earlier ban is looked for, and nothing is charged.
    let mut desk = Desk::refers("UTO", Direction::Arrival, &[Reason::Stay], &[]);
    desk.does(2, Action::Take);
    desk.does(2, conclude(true, &[]));
    let offer = desk.case.offer(&law(HERE));
    assert_eq!(offer.acts, [Act::Admit, Act::MayRefuseEntry]);
    assert_eq!(offer.duties, [Act::CheckEarlierBan]);
    // A citizen never stays too long.
    let mut desk = Desk::refers("IDN", Direction::Departure, &[Reason::Stay], &[]);
    desk.does(2, Action::Take);
    desk.does(2, conclude(true, &[]));
    assert!(!desk.acts().contains(&Act::Charge));
}
