//! The ledger records once, never changes, and reads what holds.

use tapal_domain::{
    crossing::{Decision, Detection, Draft, Nationality, Outcome},
    day::Day,
    id::{AccountId, CrossingId, HolderId, SiteId},
    rule_pack,
    site::{Direction, SiteKind},
    stay::{self, Mark, Presence},
    time::UtcMs,
};
use uuid::Uuid;

use super::*;
use crate::Vault;

const NOW: UtcMs = UtcMs(1_795_278_600_000);

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

async fn db() -> (tempfile::TempDir, Db) {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::from_key(&[7; 32]).unwrap();
    let db = Db::open(&dir.path().join("t.db"), vault).await.unwrap();
    let mut tx = db.begin(NOW).await.unwrap();
    let sql = "INSERT INTO site (id, name, kind, utc_offset_minutes, revision, list_version, created_at) VALUES ($1, 'Here', 'checkpoint', 420, 1, 0, 0)";
    tx.run(sql, args![SiteId(Uuid::from_u128(1))])
        .await
        .unwrap();
    tx.commit(Note::new(By::System, "site.added", "site", 1))
        .await
        .unwrap();
    (dir, db)
}

fn crossing(n: u128, outcome: Outcome, on: &str, until: Option<&str>) -> NewCrossing {
    let arrival = matches!(outcome, Outcome::Entered | Outcome::RefusedEntry);
    let draft = Draft {
        outcome,
        direction: if arrival {
            Direction::Arrival
        } else {
            Direction::Departure
        },
        nationality: Nationality::new("UTO").unwrap(),
        ground: (outcome == Outcome::RefusedEntry).then(|| "no_visa".into()),
        detection: Detection::None,
        stay_until: until.map(day),
        charge: None,
    };
    let pack = rule_pack::by_id("id-2025").unwrap();
    NewCrossing {
        id: CrossingId(Uuid::from_u128(n)),
        site: SiteId(Uuid::from_u128(1)),
        lane: None,
        desk: None,
        at: day(on).starts(420),
        day: day(on),
        holder: Some(HolderId(Uuid::from_u128(9))),
        identity: Identity {
            issuing_state: "UTO".into(),
            number: "L898902C3".into(),
            name: "Anna Contoh".into(),
            birth_date: "1974-08-12".into(),
            sex: "F".into(),
        },
        decision: Decision::new(draft, SiteKind::Checkpoint, day(on), pack).unwrap(),
        order: None,
        alert: None,
        case: None,
        permit: None,
        receipt: None,
        officer: AccountId(Uuid::from_u128(5)),
        authoriser: None,
    }
}

#[tokio::test]
async fn a_resend_is_the_same_record_and_another_content_is_refused() {
    let (_dir, db) = db().await;
    let new = crossing(1, Outcome::Entered, "2026-11-01", Some("2026-11-30"));
    assert_eq!(record(&db, NOW, &new).await.unwrap(), Recorded::New);
    assert_eq!(record(&db, NOW + 5, &new).await.unwrap(), Recorded::Again);
    let other = crossing(1, Outcome::Entered, "2026-11-01", Some("2026-12-30"));
    assert!(matches!(
        record(&db, NOW, &other).await,
        Err(Error::Conflict(_))
    ));
    let kept = get(&db, new.id).await.unwrap();
    assert_eq!(
        (kept.seq, kept.stay_until, kept.recorded_at),
        (1, Some(day("2026-11-30")), NOW)
    );
    assert_eq!(identity(&db, new.id).await.unwrap(), new.identity);
    let audit = db
        .all(
            "SELECT seq FROM audit WHERE action = 'crossing.recorded'",
            args![],
        )
        .await
        .unwrap();
    assert_eq!(audit.len(), 1);
}

#[tokio::test]
async fn a_correction_stands_for_the_record_and_the_ledger_is_never_changed() {
    let (_dir, db) = db().await;
    let wrong = crossing(1, Outcome::Entered, "2026-11-01", Some("2026-11-30"));
    record(&db, NOW, &wrong).await.unwrap();
    let right = crossing(2, Outcome::Entered, "2026-11-01", Some("2026-12-30"));
    correct(&db, NOW + 1, wrong.id, &right, "wrong visa read")
        .await
        .unwrap();
    let again = crossing(3, Outcome::Entered, "2026-11-01", Some("2026-12-31"));
    assert!(
        matches!(
            correct(&db, NOW, wrong.id, &again, "late").await,
            Err(Error::Conflict(_))
        ),
        "one record stands for it, not two"
    );
    let ids = |rows: Vec<Crossing>| {
        rows.iter()
            .map(|row| row.id.0.as_u128())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(by_holder(&db, HolderId(Uuid::from_u128(9)), 9)
            .await
            .unwrap()),
        [2]
    );
    let mark = document::mark(db.vault(), "UTO", "L898902C3").unwrap();
    assert_eq!(ids(by_document(&db, mark, 9).await.unwrap()), [2]);
    for id in [wrong.id, right.id] {
        assert_eq!(ids(chain(&db, id).await.unwrap()), [1, 2]);
    }
    assert!(!current(&db, wrong.id).await.unwrap() && current(&db, right.id).await.unwrap());
    for sql in [
        "UPDATE crossing SET outcome = 'departed'",
        "DELETE FROM crossing",
    ] {
        let mut tx = db.begin(NOW).await.unwrap();
        assert!(tx.run(sql, args![]).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn not_even_the_table_takes_a_citizens_refusal() {
    let (_dir, db) = db().await;
    let new = crossing(1, Outcome::RefusedEntry, "2026-11-01", None);
    record(&db, NOW, &new).await.unwrap();
    let mut tx = db.begin(NOW).await.unwrap();
    let sql = "INSERT INTO crossing (id, seq, site, direction, at, day, identity_sealed, citizen, nationality, outcome, detection, officer, recorded_at, content_hash) \
               SELECT 'x', 2, site, direction, at, day, identity_sealed, 1, 'IDN', outcome, detection, officer, recorded_at, content_hash FROM crossing";
    assert!(tx.run(sql, args![]).await.is_err());
}

#[tokio::test]
async fn the_stay_comes_from_the_marks() {
    let (_dir, db) = db().await;
    let holder = HolderId(Uuid::from_u128(9));
    for (n, outcome, on, until) in [
        (1, Outcome::Entered, "2026-01-01", Some("2026-01-30")),
        (2, Outcome::Departed, "2026-01-20", None),
        (3, Outcome::RefusedEntry, "2026-02-01", None),
        (4, Outcome::Entered, "2026-03-01", Some("2026-03-30")),
    ] {
        record(&db, NOW, &crossing(n, outcome, on, until))
            .await
            .unwrap();
    }
    let mark = document::mark(db.vault(), "UTO", "L898902C3").unwrap();
    let found = marks(&db, &[holder], mark.clone(), 9).await.unwrap();
    assert_eq!(found, marks(&db, &[], mark, 9).await.unwrap());
    let found: Vec<Mark> = found.iter().map(|entry| entry.mark).collect();
    assert_eq!(found.len(), 3);
    let here = stay::presence(&found, day("2026-03-30"));
    assert_eq!(
        here,
        Presence::Here {
            arrived: day("2026-03-01"),
            until: Some(day("2026-03-30"))
        }
    );
}

#[tokio::test]
async fn more_time_stays_with_the_stay_when_its_entry_is_corrected() {
    let (_dir, db) = db().await;
    let entry = crossing(1, Outcome::Entered, "2023-09-29", Some("2023-10-28"));
    record(&db, NOW, &entry).await.unwrap();
    let (officer, until) = (AccountId(Uuid::from_u128(6)), day("2023-11-27"));
    let more = Extension {
        entry: entry.id,
        until,
        reference: "IT-1".into(),
    };
    extend(&db, NOW, officer, &more).await.unwrap();
    let last = |marks: Marks| marks.last().map(|entry| entry.mark);
    let found = marks(&db, &[HolderId(Uuid::from_u128(9))], Vec::new(), 9).await;
    let longer = Mark::Entry {
        day: day("2023-09-29"),
        until: Some(until),
    };
    assert_eq!(last(found.unwrap()), Some(longer));
    let right = crossing(2, Outcome::Entered, "2023-09-29", Some("2023-10-27"));
    correct(&db, NOW + 1, entry.id, &right, "wrong day read")
        .await
        .unwrap();
    let again = extend(&db, NOW, officer, &more).await;
    assert!(
        matches!(again, Err(Error::Conflict(_))),
        "a corrected record is extended no more"
    );
    for holders in [
        &[HolderId(Uuid::from_u128(9)), HolderId(Uuid::from_u128(10))][..],
        &[],
    ] {
        let mark = document::mark(db.vault(), "UTO", "L898902C3").unwrap();
        let found = marks(&db, holders, mark, 9).await.unwrap();
        assert_eq!((found.len(), last(found)), (1, Some(longer)));
    }
}
