//! A figure and its records are one; corrections move figures of now and leave those of then.

use tapal_domain::{
    crossing::{Decision, Draft, Nationality},
    id::{AccountId, CrossingId},
    rule_pack,
    site::SiteKind,
    statistic::{Dimension, Figure, split, total},
};
use uuid::Uuid;

use super::*;
use crate::{
    Vault,
    crossing::{Identity, NewCrossing, correct, record, seed},
    site,
};

const NOW: UtcMs = UtcMs(1_800_000_000_000);
const SITE: SiteId = SiteId(Uuid::from_u128(1));

async fn db() -> (tempfile::TempDir, Db) {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::open_or_create(&dir.path().join("data.key")).unwrap();
    let db = Db::open(&dir.path().join("tapal.db"), vault).await.unwrap();
    let new = site::NewSite {
        name: "Batam Centre".into(),
        kind: SiteKind::Checkpoint,
        utc_offset_minutes: 420,
    };
    site::add(&db, NOW, By::System, SITE, &new).await.unwrap();
    (dir, db)
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn crossing_of(n: u128, outcome: Outcome, on: &str, nationality: &str) -> NewCrossing {
    let direction = match outcome {
        Outcome::Entered | Outcome::RefusedEntry => Direction::Arrival,
        _ => Direction::Departure,
    };
    let nationality = Nationality::new(nationality).unwrap();
    let draft = Draft {
        outcome,
        direction,
        ground: match outcome {
            Outcome::RefusedEntry => Some("no_visa".into()),
            Outcome::DeferredDeparture => Some("on_exit_ban_list".into()),
            _ => None,
        },
        detection: Detection::Rule,
        stay_until: (outcome == Outcome::Entered && !nationality.citizen()).then(|| day(on)),
        charge: None,
        nationality,
    };
    let pack = rule_pack::by_id("id-2025").unwrap();
    NewCrossing {
        id: CrossingId(Uuid::from_u128(n)),
        site: SITE,
        lane: None,
        desk: None,
        at: day(on).starts(420),
        day: day(on),
        holder: None,
        identity: Identity {
            issuing_state: "UTO".into(),
            number: format!("L{n}"),
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

fn march() -> Filter {
    Filter::period(day("2026-03-01"), day("2026-03-31"))
}

async fn refused(db: &Db, cut: Cut) -> u64 {
    let cells = cells(db, &march(), cut, Grain::Month).await.unwrap();
    total(&cells, Figure::RefusedEntries)
}

#[tokio::test]
async fn a_correction_moves_the_figure_of_now_and_not_of_then() {
    let (_dir, db) = db().await;
    for n in 1..=3 {
        let new = crossing_of(n, Outcome::RefusedEntry, "2026-03-05", "MYS");
        record(&db, NOW, &new).await.unwrap();
    }
    let then = cut(&db, NOW).await.unwrap();
    assert_eq!(refused(&db, then).await, 3);
    let right = crossing_of(9, Outcome::Entered, "2026-03-05", "MYS");
    let wrong = CrossingId(Uuid::from_u128(2));
    correct(&db, NOW + 10, wrong, &right, "the visa was found")
        .await
        .unwrap();
    let now = cut(&db, NOW + 10).await.unwrap();
    assert_eq!((refused(&db, now).await, refused(&db, then).await), (2, 3));
    // The same instant in a longer ledger: what was recorded later is not read, nor does it correct.
    let again = cut(&db, NOW).await.unwrap();
    assert!(again.seq > then.seq);
    assert_eq!(refused(&db, again).await, 3);
    // The same instant, recorded after the cut: its place keeps it out.
    let late = crossing_of(10, Outcome::RefusedEntry, "2026-03-06", "CHN");
    record(&db, NOW, &late).await.unwrap();
    assert_eq!(refused(&db, then).await, 3);
    assert_eq!(refused(&db, cut(&db, NOW).await.unwrap()).await, 4);
    // Struck out: a correction of the correction that says nothing happened.
    let mut void = crossing_of(11, Outcome::HandedOver, "2026-03-06", "CHN");
    let mut draft = void.decision.draft().clone();
    (draft.outcome, draft.direction) = (Outcome::Void, Direction::Arrival);
    let pack = rule_pack::by_id("id-2025").unwrap();
    void.decision = Decision::new(draft, SiteKind::Checkpoint, day("2026-03-06"), pack).unwrap();
    correct(&db, NOW + 20, late.id, &void, "typed twice")
        .await
        .unwrap();
    assert_eq!(refused(&db, cut(&db, NOW + 20).await.unwrap()).await, 2);
}

#[tokio::test]
async fn every_condition_means_the_same_for_a_count_and_its_records() {
    let (_dir, db) = db().await;
    let outcomes = [
        Outcome::Entered,
        Outcome::Departed,
        Outcome::RefusedEntry,
        Outcome::DeferredDeparture,
    ];
    let mut all = Vec::new();
    for n in 0..60_u128 {
        let outcome = outcomes[n as usize % 4];
        let nationality = match outcome {
            Outcome::RefusedEntry => ["MYS", "CHN"][n as usize / 4 % 2],
            _ => ["IDN", "MYS", "CHN"][n as usize % 3],
        };
        let on = format!("2026-{:02}-{:02}", 2 + n % 3, 1 + n % 28);
        all.push(crossing_of(n + 1, outcome, &on, nationality));
    }
    seed(&db, NOW, &all).await.unwrap();
    let now = cut(&db, NOW).await.unwrap();
    assert_eq!(now.seq, 60);
    let whole = Filter::period(day("2026-02-01"), day("2026-04-30"));
    let filters = [
        whole.clone(),
        march(),
        Filter {
            site: Some(SITE),
            ..whole.clone()
        },
        Filter {
            site: Some(SiteId(Uuid::from_u128(2))),
            ..whole.clone()
        },
        Filter {
            direction: Some(Direction::Arrival),
            ..whole.clone()
        },
        Filter {
            nationality: Some("MYS".into()),
            ..whole.clone()
        },
        Filter {
            citizen: Some(true),
            ..whole.clone()
        },
        Filter {
            outcome: Some(Outcome::RefusedEntry),
            ..whole.clone()
        },
        Filter {
            reason: Some("no_visa".into()),
            ..whole.clone()
        },
        Filter {
            reason: Some("none".into()),
            ..whole.clone()
        },
        Filter {
            detection: Some(Detection::Face),
            ..whole.clone()
        },
    ];
    for filter in filters {
        let mut found = Vec::new();
        loop {
            let before = found.last().map(|row: &Crossing| row.seq);
            let page = records(&db, &filter, now, before, 7).await.unwrap();
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        let mut seqs: Vec<i64> = found.iter().map(|row| row.seq).collect();
        seqs.sort_unstable();
        seqs.dedup();
        assert_eq!(seqs.len(), found.len(), "no record on two pages");
        for grain in [Grain::Day, Grain::Month] {
            let cells = cells(&db, &filter, now, grain).await.unwrap();
            let n = total(&cells, Figure::Crossings);
            assert_eq!(n, found.len() as u64, "{filter:?} {grain:?}");
        }
    }
    let months = cells(&db, &whole, now, Grain::Month).await.unwrap();
    let months = split(&months, Figure::Crossings, Dimension::Period);
    let codes: Vec<_> = months
        .iter()
        .map(|row| (row.code.as_str(), row.n))
        .collect();
    assert_eq!(codes, [("2026-02", 20), ("2026-03", 20), ("2026-04", 20)]);
}

#[tokio::test]
async fn a_report_is_made_once_and_comes_out_the_same_ever_after() {
    let (_dir, db) = db().await;
    assert_eq!(next_month(&db).await.unwrap(), None);
    for n in 1..=4 {
        let new = crossing_of(n, Outcome::RefusedEntry, "2026-03-05", "MYS");
        record(&db, NOW, &new).await.unwrap();
    }
    let month = next_month(&db).await.unwrap().unwrap();
    assert_eq!(month.to_string(), "2026-03");
    let report_then = compute(&db, month, cut(&db, NOW + 1).await.unwrap())
        .await
        .unwrap();
    assert!(keep(&db, NOW + 1, &report_then).await.unwrap());
    let right = crossing_of(9, Outcome::Entered, "2026-03-05", "MYS");
    correct(
        &db,
        NOW + 2,
        CrossingId(Uuid::from_u128(1)),
        &right,
        "wrong person",
    )
    .await
    .unwrap();
    let now = compute(&db, month, cut(&db, NOW + 3).await.unwrap())
        .await
        .unwrap();
    assert!(!keep(&db, NOW + 3, &now).await.unwrap(), "once a month");
    assert_eq!(now.figure(Figure::RefusedEntries), 3);
    let kept = report(&db, month).await.unwrap();
    assert_eq!(kept.report, report_then);
    assert_eq!(kept.report.figure(Figure::RefusedEntries), 4);
    let again = compute(&db, month, kept.report.cut).await.unwrap();
    assert_eq!(fingerprint(&again).unwrap(), kept.hash);
    assert_ne!(fingerprint(&now).unwrap(), kept.hash);
    assert_eq!(next_month(&db).await.unwrap(), Some(month.next()));
    let lines = reports(&db).await.unwrap();
    assert_eq!((lines.len(), lines[0].month), (1, month));
    let mut tx = db.begin(NOW).await.unwrap();
    let change = tx
        .run("UPDATE statistic_report SET content = '{}'", args![])
        .await;
    assert!(change.is_err(), "a report is never changed");
}

#[tokio::test]
async fn counting_is_one_walk_through_the_index() {
    let (_dir, db) = db().await;
    let values = args_of(&march(), cut(&db, NOW).await.unwrap()).unwrap();
    let plan = db
        .all(concat!("EXPLAIN QUERY PLAN ", by_day!()), values)
        .await
        .unwrap();
    let lines: Vec<String> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
    let text = lines.join("\n");
    assert!(
        text.contains("SEARCH c USING COVERING INDEX crossing_statistic (day>? AND day<?)"),
        "{text}"
    );
    assert!(!text.contains("TEMP B-TREE"), "{text}");
}
