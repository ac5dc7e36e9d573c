//! The registry keeps what was recorded, finds by exact number only, and joins nothing.

use tapal_domain::{
    holder::{Entries, Identity, PermitKind, last_day_of_use},
    id::{AccountId, PermitId},
    wire::ShotQuality,
};

use super::*;
use crate::{entry::NewPhoto, vault::Vault};

const NOW: UtcMs = UtcMs(1_795_278_600_000);
const CLERK: AccountId = AccountId(Uuid::from_u128(77));

async fn db() -> (tempfile::TempDir, Db) {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::from_key(&[7; 32]).unwrap();
    let db = Db::open(&dir.path().join("t.db"), vault).await.unwrap();
    (dir, db)
}

fn by() -> By {
    By::Account(CLERK)
}

fn id(n: u128) -> HolderId {
    HolderId(Uuid::from_u128(n))
}

fn who(primary: &str, nik: &str) -> Identity {
    let identity = Identity {
        primary: primary.into(),
        secondary: "ANNA".into(),
        full_name: format!("Anna {primary}"),
        sex: "F".into(),
        birth_date: "1984-07-30".into(),
        nik: nik.into(),
    };
    identity.checked().unwrap()
}

fn nation(code: &str) -> Nationality {
    Nationality::new(code).unwrap()
}

fn document(n: u128, holder: HolderId, number: &str) -> NewDocument {
    NewDocument {
        id: Uuid::from_u128(n),
        holder,
        kind: DocumentKind::Passport,
        issuing_state: "UTO".into(),
        number: number.into(),
        expires: Some("2031-04-15".parse().unwrap()),
    }
}

async fn three(db: &Db) {
    for n in 1..=3 {
        add(db, NOW, by(), id(n), &nation("UTO"), &who("CONTOH", ""))
            .await
            .unwrap();
    }
}

async fn actions(db: &Db) -> Vec<String> {
    let rows = db
        .all("SELECT action FROM audit ORDER BY seq", args![])
        .await
        .unwrap();
    rows.iter().map(|row| row.text("action").unwrap()).collect()
}

#[tokio::test]
async fn a_holder_is_found_by_exact_document_number_and_nothing_is_readable_in_the_file() {
    let (dir, db) = db().await;
    let nik = "3171014707840001";
    add(&db, NOW, by(), id(1), &nation("IDN"), &who("RAHASIA", nik))
        .await
        .unwrap();
    add_document(&db, NOW, by(), &document(5, id(1), "L898902C3"))
        .await
        .unwrap();
    let found = by_document(&db, "uto", "L89-8902 C3<")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.holder.id, found.holder.citizen()), (id(1), true));
    assert_eq!(
        found.document().map(|one| one.number.as_str()),
        Some("L898902C3")
    );
    assert_eq!(found.holder.identity, who("RAHASIA", nik));
    for (state, number) in [
        ("UTO", "L898902C"),
        ("UTO", "L898902C33"),
        ("IDN", "L898902C3"),
    ] {
        assert!(
            by_document(&db, state, number).await.unwrap().is_none(),
            "{state} {number}"
        );
    }
    assert_eq!(by_nik(&db, nik).await.unwrap(), [id(1)]);
    assert_eq!(by_nik(&db, "3171014707840002").await.unwrap(), []);
    assert_eq!(
        actions(&db).await,
        ["holder.added", "holder.document_added"]
    );
    db.close().await;
    let file = std::fs::read(dir.path().join("t.db")).unwrap();
    for secret in ["RAHASIA", "L898902C3", nik, "1984-07-30"] {
        assert!(
            !file
                .windows(secret.len())
                .any(|part| part == secret.as_bytes()),
            "{secret}"
        );
    }
}

#[tokio::test]
async fn never_two_live_documents_of_one_state_and_number() {
    let (_dir, db) = db().await;
    three(&db).await;
    add_document(&db, NOW, by(), &document(5, id(1), "A1"))
        .await
        .unwrap();
    let again = add_document(&db, NOW, by(), &document(6, id(2), "A1")).await;
    assert_eq!(again, Err(Error::Conflict(DOCUMENT_KNOWN.into())));
    let lost = DocumentStatus::Lost;
    set_status(&db, NOW, by(), id(1), Uuid::from_u128(5), lost, "LP/7/2026")
        .await
        .unwrap();
    assert!(
        add_document(&db, NOW, by(), &document(6, id(2), "A1"))
            .await
            .is_err(),
        "a lost one is still about"
    );
    let found = by_document(&db, "UTO", "A1").await.unwrap().unwrap();
    assert_eq!(
        found
            .document()
            .map(|one| (one.status, one.reference.as_str())),
        Some((lost, "LP/7/2026"))
    );
    let over = DocumentStatus::Cancelled;
    set_status(&db, NOW + 1, by(), id(1), Uuid::from_u128(5), over, "")
        .await
        .unwrap();
    let back = set_status(
        &db,
        NOW,
        by(),
        id(1),
        Uuid::from_u128(5),
        DocumentStatus::Valid,
        "",
    )
    .await;
    assert!(matches!(back, Err(Error::Conflict(_))));
    add_document(&db, NOW + 2, by(), &document(6, id(2), "A1"))
        .await
        .unwrap();
    let found = by_document(&db, "UTO", "A1").await.unwrap().unwrap();
    assert_eq!(found.holder.id, id(2), "the live one goes first");
    let elsewhere = set_status(&db, NOW, by(), id(1), Uuid::from_u128(6), lost, "").await;
    assert_eq!(
        elsewhere,
        Err(Error::NotFound),
        "a document is changed with its own holder only"
    );
}

#[tokio::test]
async fn a_changed_identity_keeps_the_former_one_and_the_table_keeps_citizen_and_nationality_together()
 {
    let (_dir, db) = db().await;
    add(&db, NOW, by(), id(1), &nation("UTO"), &who("LAMA", ""))
        .await
        .unwrap();
    change(&db, NOW + 9, by(), id(1), &nation("IDN"), &who("BARU", ""))
        .await
        .unwrap();
    let now = get(&db, id(1)).await.unwrap().holder;
    assert_eq!(
        (now.identity.primary.as_str(), now.citizen(), now.changed_at),
        ("BARU", true, NOW + 9)
    );
    let before = former(&db, id(1)).await.unwrap();
    assert_eq!(before, [(NOW + 9, nation("UTO"), who("LAMA", ""))]);
    assert_eq!(
        change(&db, NOW, by(), id(9), &nation("UTO"), &who("X", "")).await,
        Err(Error::NotFound)
    );
    for sql in [
        "UPDATE holder SET citizen = 0",
        "DELETE FROM holder_former",
        "UPDATE holder_former SET until = 0",
    ] {
        let mut tx = db.begin(NOW).await.unwrap();
        assert!(tx.run(sql, args![]).await.is_err(), "{sql}");
    }
}

fn evoa(n: u128, holder: HolderId) -> Permit {
    let issued = "2026-11-01".parse().unwrap();
    Permit {
        id: PermitId(Uuid::from_u128(n)),
        holder,
        kind: PermitKind::Visa,
        index: "B1".into(),
        entries: Entries::Single,
        valid_from: issued,
        valid_until: last_day_of_use(issued, 90).unwrap(),
        stay: Stay::Days(30),
        sites: vec![],
        document: Some(vec![1; 16]),
        state: PermitState::Issued,
    }
}

#[tokio::test]
async fn permits_come_back_as_they_were_recorded() {
    let (_dir, db) = db().await;
    three(&db).await;
    let itas = Permit {
        kind: PermitKind::StayPermit,
        index: "ITAS".into(),
        entries: Entries::Multiple,
        stay: Stay::Until("2027-10-31".parse().unwrap()),
        document: None,
        sites: vec![tapal_domain::id::SiteId(Uuid::from_u128(3))],
        ..evoa(12, id(1))
    };
    for permit in [evoa(11, id(1)), itas.clone()] {
        add_permit(&db, NOW, by(), &permit).await.unwrap();
    }
    assert_eq!(permits(&db, id(1)).await.unwrap(), [itas, evoa(11, id(1))]);
    assert!(
        add_permit(&db, NOW, by(), &evoa(13, id(9))).await.is_err(),
        "nobody's permit"
    );
    let cancel =
        |of: HolderId, n: u128| cancel_permit(&db, NOW, by(), of, PermitId(Uuid::from_u128(n)));
    assert_eq!(cancel(id(2), 11).await, Err(Error::NotFound));
    cancel(id(1), 11).await.unwrap();
    assert!(matches!(cancel(id(1), 11).await, Err(Error::Conflict(_))));
    assert_eq!(
        permit(&db, PermitId(Uuid::from_u128(11)))
            .await
            .unwrap()
            .state,
        PermitState::Cancelled
    );
}

fn photo(n: u128, value: f32) -> NewPhoto {
    NewPhoto {
        id: Uuid::from_u128(n),
        photo: b"photo".to_vec(),
        portrait_jpeg: vec![n as u8],
        template: vec![value, 0.5],
        model_id: "stub".into(),
        quality: ShotQuality::default(),
    }
}

#[tokio::test]
async fn a_replaced_portrait_is_history_and_the_newest_is_compared() {
    let (_dir, db) = db().await;
    three(&db).await;
    assert!(live_template(&db, id(1)).await.unwrap().is_none());
    for (n, value) in [(1, 0.25), (2, 0.75)] {
        add_portrait(&db, NOW, by(), id(1), &photo(n, value))
            .await
            .unwrap();
    }
    let (model, template) = live_template(&db, id(1)).await.unwrap().unwrap();
    assert_eq!((model.as_str(), &template[..]), ("stub", &[0.75, 0.5][..]));
    assert_eq!(portraits(&db, id(1)).await.unwrap().len(), 2);
    assert_eq!(&portrait(&db, id(1), 0).await.unwrap()[..], [1]);
    assert_eq!(
        get(&db, id(1)).await.unwrap().portrait.map(|one| one.n),
        Some(1)
    );
    assert_eq!(
        add_portrait(&db, NOW, by(), id(9), &photo(3, 0.0)).await,
        Err(Error::NotFound)
    );
}

#[tokio::test]
async fn links_are_said_followed_and_taken_back_and_nothing_is_joined() {
    let (_dir, db) = db().await;
    three(&db).await;
    let say = |a, b, what, why| decide(&db, NOW, CLERK, (id(a), id(b)), what, why);
    say(2, 1, SamePerson::Same, "one NIK").await.unwrap();
    say(2, 3, SamePerson::Same, "same portrait").await.unwrap();
    let seen = linked(&db, id(1)).await.unwrap();
    let short: Vec<_> = seen
        .iter()
        .map(|one| (one.holder, one.decision, one.same, one.reason.as_str()))
        .collect();
    assert_eq!(
        short,
        [
            (id(2), Some(SamePerson::Same), true, "one NIK"),
            (id(3), None, true, "")
        ]
    );
    assert_eq!(
        get(&db, id(3)).await.unwrap().linked.len(),
        2,
        "from every side"
    );
    // Un-merge: the pair is taken back, and whoever followed from it goes too.
    say(1, 2, SamePerson::NotSame, "two people").await.unwrap();
    let seen = linked(&db, id(1)).await.unwrap();
    let short: Vec<_> = seen
        .iter()
        .map(|one| (one.holder, one.same, one.reason.as_str()))
        .collect();
    assert_eq!(short, [(id(2), false, "two people")]);
    assert_eq!(
        get(&db, id(1)).await.unwrap().holder.identity,
        who("CONTOH", ""),
        "both stayed as they were"
    );
    assert!(matches!(
        say(1, 1, SamePerson::Same, "").await,
        Err(Error::Conflict(_))
    ));
    assert_eq!(say(1, 9, SamePerson::Same, "").await, Err(Error::NotFound));
    for sql in [
        "UPDATE holder_link SET decision = 'same'",
        "DELETE FROM holder_link",
    ] {
        let mut tx = db.begin(NOW).await.unwrap();
        assert!(tx.run(sql, args![]).await.is_err(), "{sql}");
    }
    assert_eq!(
        actions(&db)
            .await
            .iter()
            .filter(|action| *action == "holder.link_decided")
            .count(),
        3
    );
}

#[tokio::test]
async fn an_answer_from_outside_is_kept_sealed_with_its_age() {
    let (_dir, db) = db().await;
    let answer = Answered {
        json: "{\"a\":1}".into(),
        etag: Some("\"7\"".into()),
        found: true,
        asked_at: NOW,
    };
    let note = || Note::new(by(), "holder.asked_outside", "desk", 1);
    keep_answer(&db, note(), "UTO", "A1", &answer)
        .await
        .unwrap();
    assert_eq!(
        last_answer(&db, "UTO", "a-1").await.unwrap(),
        Some(answer.clone())
    );
    assert_eq!(last_answer(&db, "UTO", "A2").await.unwrap(), None);
    let later = Answered {
        json: String::new(),
        found: false,
        etag: None,
        asked_at: NOW + 5,
    };
    keep_answer(&db, note(), "UTO", "A1", &later).await.unwrap();
    assert_eq!(last_answer(&db, "UTO", "A1").await.unwrap(), Some(later));
}

/// A million holders with a document each, then look-ups of those who are there and of those who are not, one after another.
/// Minutes long: `cargo test --workspace --lib a_million_holders -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "minutes long; prints how long a look-up takes"]
async fn a_million_holders() {
    const MANY: u128 = 1_000_000;
    let (dir, db) = db().await;
    let number = |n: u128| format!("X{n:08}");
    for chunk in 0..MANY / 50_000 {
        let mut tx = db.begin(NOW).await.unwrap();
        for n in chunk * 50_000 + 1..=(chunk + 1) * 50_000 {
            add_in(&mut tx, id(n), &nation("UTO"), &who("CONTOH", ""))
                .await
                .unwrap();
            let new = document(MANY + n, id(n), &number(n));
            add_document_in(&mut tx, &new).await.unwrap();
        }
        tx.commit(Note::new(By::System, "holder.measured", "holder", chunk))
            .await
            .unwrap();
    }
    let mut took: Vec<f64> = Vec::new();
    for k in 0..4_000u128 {
        let n = k * 7_919 % (MANY * 2) + 1;
        let before = std::time::Instant::now();
        let found = by_document(&db, "UTO", &number(n)).await.unwrap();
        took.push(before.elapsed().as_secs_f64() * 1e3);
        assert_eq!(found.is_some(), n <= MANY);
    }
    took.sort_by(f64::total_cmp);
    let at = |share: usize| took[took.len() * share / 100];
    let file = std::fs::metadata(dir.path().join("t.db")).unwrap().len();
    println!(
        "look-ups among {MANY} holders: p50 {:.2} ms, p99 {:.2} ms, most {:.2} ms; file {} MiB",
        at(50),
        at(99),
        took[took.len() - 1],
        file >> 20
    );
}
