//! A thousand records over a line that loses requests and replies and repeats itself: none is lost, none is doubled.

use std::sync::atomic::Ordering;

use tapal_domain::{
    crossing::{Decision, Detection, Draft, Nationality, Outcome},
    day::Day,
    holder::DocumentKind,
    id::{AccountId, HolderId},
    rule_pack,
    site::{Direction, SiteKind},
    standby::HandedIn,
    time::UtcMs,
};
use tapal_store::{
    crossing::{self, Identity, NewCrossing},
    holder::NewDocument,
    standby::handed,
};
use uuid::Uuid;

use crate::standby_records::{Pair, count, id, over};

/// A small generator of its own, so that a failure comes again: the same numbers every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn invented(pair: &Pair, officer: AccountId, n: u32, at: UtcMs) -> NewCrossing {
    let foreigner = n.is_multiple_of(5);
    let day = Day::at(at, 420);
    let nationality = Nationality::new(if foreigner { "MYS" } else { "IDN" }).unwrap();
    let draft = Draft {
        outcome: Outcome::Entered,
        direction: Direction::Arrival,
        nationality: nationality.clone(),
        ground: None,
        detection: Detection::None,
        stay_until: foreigner.then_some(day),
        charge: None,
    };
    NewCrossing {
        id: id(n),
        site: pair.centre().site,
        lane: Some(pair.desk.arrival),
        desk: None,
        at,
        day,
        holder: foreigner.then(|| HolderId(Uuid::from_u128(0x5000 + u128::from(n)))),
        identity: Identity {
            issuing_state: nationality.code().into(),
            number: format!("P{n:07}"),
            name: format!("Orang Contoh {n}"),
            birth_date: "1990-01-01".into(),
            sex: "M".into(),
        },
        decision: Decision::new(
            draft,
            SiteKind::Checkpoint,
            day,
            rule_pack::pack_for(day).unwrap(),
        )
        .unwrap(),
        order: None,
        alert: None,
        case: None,
        permit: None,
        receipt: None,
        officer,
        authoriser: None,
    }
}

async fn put(pair: &Pair, new: &NewCrossing) {
    let (db, now) = (&pair.alone().state.db, new.at);
    let Some(holder) = new.holder else {
        crossing::record(db, now, new).await.unwrap();
        return;
    };
    let who = tapal_domain::holder::Identity {
        primary: "CONTOH".into(),
        secondary: "ORANG".into(),
        full_name: new.identity.name.clone(),
        sex: "M".into(),
        birth_date: "1990-01-01".into(),
        nik: String::new(),
    };
    let paper = NewDocument {
        id: Uuid::from_u128(holder.0.as_u128() << 32),
        holder,
        kind: DocumentKind::Passport,
        issuing_state: "MYS".into(),
        number: new.identity.number.clone(),
        expires: None,
    };
    let nationality = Nationality::new("MYS").unwrap();
    crossing::record_with_holder(db, now, new, (&nationality, &who, &paper))
        .await
        .unwrap();
}

#[tokio::test]
async fn of_a_thousand_records_none_is_lost_or_doubled_whatever_happens_on_the_line() {
    let pair = Pair::new().await;
    let officer = tapal_store::account::find(&pair.centre().state.db, "dewi").await;
    let officer = officer.unwrap().unwrap().0.id;
    let mut dice = Dice(20_261_128);
    let mut old: Vec<HandedIn> = Vec::new();
    let (mut lost, mut deaf, mut repeats) = (0, 0, 0);
    for n in 1..=1_000_u32 {
        let at = pair.centre().now();
        put(&pair, &invented(&pair, officer, n, at)).await;
        if dice.roll(12) > 0 {
            continue;
        }
        pair.centre().pass(20_000);
        if dice.roll(3) == 0 {
            old.push(over(pair.records().await));
        }
        let fault = dice.roll(4);
        pair.beside.cut(fault == 0);
        pair.beside.line.deaf.store(fault == 1, Ordering::SeqCst);
        let done = pair.push().await;
        assert_eq!(done.is_err(), fault < 2, "{done:?}");
        (lost, deaf) = (lost + u32::from(fault == 0), deaf + u32::from(fault == 1));
        pair.beside.cut(false);
        pair.beside.line.deaf.store(false, Ordering::SeqCst);
        // A retry of long ago arrives late, in another order.
        if !old.is_empty() && dice.roll(2) == 0 {
            let mut late = old.swap_remove(dice.roll(old.len() as u64) as usize);
            late.records.reverse();
            assert_eq!(pair.hand(&late).await.0, 200);
            repeats += 1;
        }
    }
    pair.push().await.unwrap();
    assert!(
        lost > 5 && deaf > 5 && repeats > 5,
        "{lost} {deaf} {repeats}"
    );
    assert_eq!(pair.waiting().await, 0);
    let all = "SELECT COUNT(*) AS n FROM crossing";
    assert_eq!(count(pair.centre(), all).await, 1_000);
    let own = "SELECT COUNT(DISTINCT document_mark) AS n FROM crossing";
    assert_eq!(count(pair.centre(), own).await, 1_000);
    assert_eq!(
        count(pair.centre(), "SELECT COUNT(*) AS n FROM holder").await,
        200
    );
    assert_eq!(
        pair.centre().audited("crossing.recorded").await.len(),
        1_000
    );
    assert_eq!(pair.kinds().await, []);
    let db = &pair.centre().state.db;
    let whole = tapal_store::audit::verify(db, None, |_| {}).await.unwrap();
    assert_eq!(whole.fault, None);
    let kept = handed::verify(db, pair.beside.identity.id).await.unwrap();
    let last = count(pair.alone(), "SELECT MAX(seq) AS n FROM audit").await;
    assert_eq!((kept.rows, kept.fault), (last, None));
}
