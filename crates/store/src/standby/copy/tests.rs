//! Copies hold what a fresh copy would hold, whatever happened at the centre; what is owed to it is not written over.

use std::collections::BTreeMap;

use tapal_domain::{
    crossing::{Decision, Detection, Draft, Nationality, Outcome},
    holder::{
        DocumentKind, DocumentStatus, Entries, Identity, Permit, PermitKind, PermitState, Stay,
    },
    id::{AccountId, CrossingId, HolderId, PermitId},
    person::SamePerson,
    rule_pack,
    site::{Direction, SiteKind},
    time::{DAY_MS, HOUR_MS},
    wire::ShotQuality,
};
use uuid::Uuid;

use super::*;
use crate::{
    crossing::{self, NewCrossing},
    entry::NewPhoto,
    holder::{self, NewDocument},
    standby::{self, NewStandby},
};

const NOW: UtcMs = UtcMs(1_795_278_600_000);
const HERE: SiteId = SiteId(Uuid::from_u128(1));
const THERE: SiteId = SiteId(Uuid::from_u128(2));
const CLERK: AccountId = AccountId(Uuid::from_u128(5));

fn text(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

fn holder_id(n: u128) -> HolderId {
    HolderId(Uuid::from_u128(100 + n))
}

async fn run(db: &Db, now: UtcMs, sql: &'static str, values: Vec<Value>) {
    let mut tx = db.begin(now).await.unwrap();
    tx.run(sql, values).await.unwrap();
    tx.commit_unaudited(Unaudited::Telemetry).await.unwrap();
}

async fn count(db: &Db, sql: &'static str, values: Vec<Value>) -> i64 {
    db.one(sql, values).await.unwrap().int("n").unwrap()
}

/// A centre with two sites, and standby servers of the first one.
struct Rig {
    dir: tempfile::TempDir,
    centre: Db,
    made: u8,
}

impl Rig {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::from_key(&[7; 32]).unwrap();
        let vault = vault.with_documents_key(&[3; 32]).unwrap();
        // Without references, so that a history can be made of single rows.
        let centre = Db::open_standby(&dir.path().join("centre.db"), vault)
            .await
            .unwrap();
        for (site, name) in [(HERE, "Here"), (THERE, "There")] {
            let sql = "INSERT INTO site (id, name, kind, utc_offset_minutes, revision, list_version, created_at) VALUES ($1, $2, 'checkpoint', 420, 5, 9, 0)";
            run(&centre, NOW, sql, args![site, name]).await;
        }
        Self {
            dir,
            centre,
            made: 0,
        }
    }

    /// A standby server that holds nothing yet, the one before it retired.
    async fn standby(&mut self, now: UtcMs) -> Db {
        self.made += 1;
        let id = StandbyId(Uuid::from_u128(u128::from(self.made)));
        for one in standby::list(&self.centre, Some(HERE)).await.unwrap() {
            if one.retired_at.is_none() {
                standby::retire(&self.centre, now, By::System, one.id)
                    .await
                    .unwrap();
            }
        }
        let token_hash = vec![self.made; 32];
        let new = NewStandby {
            id,
            site: HERE,
            name: "S".into(),
            token_hash: token_hash.clone(),
            token_expires_at: now + HOUR_MS,
        };
        standby::announce(&self.centre, now, By::System, new)
            .await
            .unwrap();
        standby::enrol(&self.centre, now, &token_hash, &[self.made; 32])
            .await
            .unwrap();
        let vault = Vault::from_key(&[9; 32]).unwrap();
        let vault = vault.with_documents_key(&[3; 32]).unwrap();
        let file = self.dir.path().join(format!("standby{}.db", self.made));
        let db = Db::open_standby(&file, vault).await.unwrap();
        standby::become_standby(&db, now, id, HERE).await.unwrap();
        db
    }

    /// Copies until nothing more waits, in pages of `most`.
    async fn pull(&self, to: &Db, now: UtcMs, most: usize) -> Applied {
        let mut all = Applied::default();
        loop {
            let after = standby::own(to).await.unwrap().unwrap().upto;
            let page = copies(&self.centre, HERE, after, most, now).await.unwrap();
            // As it travels.
            let page: Copies = from_json(&to_json(&page).unwrap()).unwrap();
            let done = apply(to, &page).await.unwrap();
            all.written += done.written;
            all.kept_back += done.kept_back;
            if !page.more {
                return all;
            }
        }
    }

    async fn foreigner(&self, n: u128, number: &str) {
        let nation = Nationality::new("UTO").unwrap();
        holder::add(&self.centre, NOW, By::System, holder_id(n), &nation, &who())
            .await
            .unwrap();
        let paper = paper(holder_id(n), 500 + n, number);
        holder::add_document(&self.centre, NOW, By::System, &paper)
            .await
            .unwrap();
    }
}

fn who() -> Identity {
    let identity = Identity {
        primary: "CONTOH".into(),
        secondary: "ANNA".into(),
        full_name: "Anna Contoh".into(),
        sex: "F".into(),
        birth_date: "1984-07-30".into(),
        nik: String::new(),
    };
    identity.checked().unwrap()
}

fn paper(holder: HolderId, id: u128, number: &str) -> NewDocument {
    NewDocument {
        id: Uuid::from_u128(id),
        holder,
        kind: DocumentKind::Passport,
        issuing_state: "UTO".into(),
        number: number.into(),
        expires: Some("2031-04-15".parse().unwrap()),
    }
}

fn permit(n: u128, holder: HolderId, until: Day) -> Permit {
    Permit {
        id: PermitId(Uuid::from_u128(n)),
        holder,
        kind: PermitKind::Visa,
        index: "B1".into(),
        entries: Entries::Single,
        valid_from: "2026-01-01".parse().unwrap(),
        valid_until: until,
        stay: Stay::Days(30),
        sites: vec![],
        document: None,
        state: PermitState::Issued,
    }
}

fn crossed(
    n: u128,
    outcome: Outcome,
    at: UtcMs,
    holder: Option<HolderId>,
    number: &str,
) -> NewCrossing {
    let day = Day::at(at, 420);
    let draft = Draft {
        outcome,
        direction: match outcome {
            Outcome::Entered => Direction::Arrival,
            _ => Direction::Departure,
        },
        nationality: Nationality::new("UTO").unwrap(),
        ground: None,
        detection: Detection::None,
        stay_until: (outcome == Outcome::Entered).then(|| Day::at(at + 29 * DAY_MS, 420)),
        charge: None,
    };
    let pack = rule_pack::by_id("id-2025").unwrap();
    NewCrossing {
        id: CrossingId(Uuid::from_u128(n)),
        site: HERE,
        lane: None,
        desk: None,
        at,
        day,
        holder,
        identity: crossing::Identity {
            issuing_state: "UTO".into(),
            number: number.into(),
            name: "Anna Contoh".into(),
            birth_date: "1984-07-30".into(),
            sex: "F".into(),
        },
        decision: Decision::new(draft, SiteKind::Checkpoint, day, pack).unwrap(),
        order: None,
        alert: None,
        case: None,
        permit: None,
        receipt: None,
        officer: CLERK,
        authoriser: None,
    }
}

/// Every copied row of a database, opened, in an order of its own.
async fn held(db: &Db) -> BTreeMap<&'static str, Vec<String>> {
    let mut all = BTreeMap::new();
    for table in shape::all().iter().flat_map(|shape| shape.tables) {
        let select = format!("SELECT 1, {} FROM {}", table.columns.join(", "), table.name);
        let select: &'static str = Box::leak(select.into_boxed_str());
        let to = For::site(db, HERE, NOW).await.unwrap();
        let mut rows = Vec::new();
        for row in db.all(select, args![]).await.unwrap() {
            rows.push(format!("{:?}", plain(db.vault(), &to, table, &row)));
        }
        rows.sort();
        all.insert(table.name, rows);
    }
    all
}

fn plain(vault: &Vault, to: &For, table: &Table, row: &Row) -> Vec<String> {
    let cells = cells(vault, to, table, row).unwrap();
    cells.iter().map(|cell| to_json(cell).unwrap()).collect()
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u128 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u128::from((self.0 >> 33) % sides)
    }
}

fn sealed(db: &Db, table: &str, id: &str, column: &str) -> Vec<u8> {
    db.vault().seal(table, id, column, id.as_bytes()).unwrap()
}

/// One thing that may happen at a centre.
async fn happens(db: &Db, now: UtcMs, dice: &mut Dice, serial: u128) {
    let (n, site) = (dice.roll(5), if dice.roll(2) == 0 { HERE } else { THERE });
    let id = text(n + 1_000);
    match dice.roll(24) {
        0 => {
            run(
                db,
                now,
                "UPDATE site SET name = $1 WHERE id = $2",
                args![format!("S{serial}"), site],
            )
            .await
        }
        1 => {
            let sql = "INSERT INTO desk (id, site, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = excluded.name";
            run(db, now, sql, args![id, HERE, format!("D{serial}")]).await;
            let sql = "INSERT OR REPLACE INTO camera (id, site, name, direction, source_sealed, source_shown, fps, detect_width, min_eye_distance_px, enabled) \
                       VALUES ($1, $2, $1, 'arrival', $3, 'rtsp', 5.5, 640, 20.25, 1)";
            run(
                db,
                now,
                sql,
                args![
                    text(n + 1_100),
                    HERE,
                    sealed(db, "camera", &text(n + 1_100), "source")
                ],
            )
            .await;
        }
        2 => {
            let sql = "INSERT INTO account (id, username, display_name, role, site, language, password_hash, must_change, created_at) \
                       VALUES ($1, $1, 'X', 'counter_officer', $2, 'id', $3, 0, 0) ON CONFLICT (id) DO UPDATE SET site = excluded.site, password_hash = excluded.password_hash";
            run(db, now, sql, args![&id, site, format!("hash{serial}")]).await;
            run(db, now, "DELETE FROM session WHERE account = $1", args![id]).await;
        }
        3 => {
            let sql = "INSERT OR REPLACE INTO session (token_hash, account, csrf, created_at, seen_at) VALUES ($1, $2, 'c', $3, $3)";
            run(
                db,
                now,
                sql,
                args![vec![n as u8; 32], text(dice.roll(5) + 1_000), now],
            )
            .await;
        }
        4 => {
            run(
                db,
                now,
                "DELETE FROM session WHERE token_hash = $1",
                args![vec![n as u8; 32]],
            )
            .await
        }
        5 => {
            let status = ["draft", "approved"][dice.roll(2) as usize];
            let sql = "INSERT OR IGNORE INTO orders (id, kind, agency, status, first_day, steps, created_at, changed_at) VALUES ($1, 'wanted', 'police', $2, '2026-01-01', 1, 0, 0)";
            let order = text(2_000 + serial);
            run(db, now, sql, args![&order, status]).await;
            let sql = "INSERT INTO order_step (of, n, at, action, step_sealed) VALUES ($1, 0, 0, 'draft', $2)";
            run(
                db,
                now,
                sql,
                args![
                    &order,
                    sealed(db, "order_step", &format!("{order}:0"), "step")
                ],
            )
            .await;
        }
        6 => {
            let status =
                ["approved", "lapsed", "extension_requested", "revoked"][dice.roll(4) as usize];
            let sql = "UPDATE orders SET status = $1 WHERE id = (SELECT id FROM orders ORDER BY (rowid * $2) % 7 LIMIT 1)";
            run(db, now, sql, args![status, serial as i64]).await;
        }
        7 => {
            let entry = text(3_000 + serial);
            let sql = "INSERT INTO entry (id, list, agency, in_force_from, in_force_to, version, identity_sealed, created_at, created_by) VALUES ($1, 'wanted', 'police', 0, 9, 1, $2, 0, 'x')";
            run(
                db,
                now,
                sql,
                args![&entry, sealed(db, "entry", &entry, "identity")],
            )
            .await;
            let sql = "INSERT INTO entry_photo (id, entry, n, model_id, quality, photo_sealed, portrait_sealed, template_sealed, created_at) VALUES ($1, $1, 0, 'm', '{}', $2, $3, $4, 0)";
            let photo = |column| sealed(db, "entry_photo", &entry, column);
            run(
                db,
                now,
                sql,
                args![&entry, photo("photo"), photo("portrait"), photo("template")],
            )
            .await;
        }
        8 => {
            let sql = "UPDATE entry SET ended_at = $1 WHERE id = (SELECT id FROM entry ORDER BY (rowid * $2) % 7 LIMIT 1)";
            run(db, now, sql, args![now, serial as i64]).await;
        }
        9 => {
            let sql = "DELETE FROM entry_photo WHERE id = (SELECT id FROM entry_photo ORDER BY (rowid * $1) % 7 LIMIT 1)";
            run(db, now, sql, args![serial as i64]).await;
        }
        10 => {
            let nation = Nationality::new(["UTO", "IDN"][dice.roll(2) as usize]).unwrap();
            let added = holder::add(db, now, By::System, holder_id(n), &nation, &who()).await;
            if added.is_err() {
                holder::change(db, now, By::System, holder_id(n), &nation, &who())
                    .await
                    .unwrap();
            }
        }
        11 => {
            let paper = paper(holder_id(n), 4_000 + serial, &format!("A{}", dice.roll(6)));
            let _ = holder::add_document(db, now, By::System, &paper).await;
        }
        12 => {
            let rows = db
                .all("SELECT id, holder FROM holder_document", args![])
                .await
                .unwrap();
            if let Some(row) = rows.get(dice.roll(rows.len().max(1) as u64) as usize) {
                let status = [
                    DocumentStatus::Lost,
                    DocumentStatus::Valid,
                    DocumentStatus::Cancelled,
                ][dice.roll(3) as usize];
                let (of, id) = (row.id("holder").unwrap(), row.id("id").unwrap());
                let _ = holder::set_status(db, now, By::System, of, id, status, "LP/1").await;
            }
        }
        13 => {
            let until = Day::at(now + dice.roll(4) as i64 * DAY_MS, 420);
            let _ = holder::add_permit(
                db,
                now,
                By::System,
                &permit(5_000 + serial, holder_id(n), until),
            )
            .await;
        }
        14 => {
            let say = if dice.roll(2) == 0 {
                SamePerson::Same
            } else {
                SamePerson::NotSame
            };
            if dice.roll(6) == 0 {
                let _ = holder::decide(
                    db,
                    now,
                    CLERK,
                    (holder_id(n), holder_id(dice.roll(5))),
                    say,
                    "why",
                )
                .await;
            }
        }
        15 => {
            let photo = NewPhoto {
                id: Uuid::from_u128(6_000 + serial),
                photo: b"photo".to_vec(),
                portrait_jpeg: vec![1],
                template: vec![0.5],
                model_id: "stub".into(),
                quality: ShotQuality::default(),
            };
            let _ = holder::add_portrait(db, now, By::System, holder_id(n), &photo).await;
        }
        16 | 17 => {
            let outcome = if dice.roll(2) == 0 {
                Outcome::Entered
            } else {
                Outcome::Departed
            };
            let new = crossed(7_000 + serial, outcome, now, Some(holder_id(n)), "A1");
            crossing::record(db, now, &new).await.unwrap();
        }
        18 => {
            let row = db.first("SELECT id, holder FROM crossing c WHERE NOT EXISTS (SELECT 1 FROM crossing k WHERE k.corrects = c.id) LIMIT 1", args![]).await.unwrap();
            if let Some(row) = row {
                let new = crossed(
                    7_000 + serial,
                    Outcome::Departed,
                    now,
                    row.opt_id("holder").unwrap(),
                    "A1",
                );
                crossing::correct(db, now, row.id("id").unwrap(), &new, "typed wrongly")
                    .await
                    .unwrap();
            }
        }
        19 => {
            let sql = "INSERT OR IGNORE INTO stay_extension (entry, n, until, reference, officer, at) SELECT id, 0, '2027-01-01', 'R', 'x', 0 FROM crossing WHERE outcome = 'entered' LIMIT 1";
            run(db, now, sql, args![]).await;
        }
        20 => {
            let case = text(8_000 + n);
            let sql = "INSERT INTO second_line (id, crossing, site, direction, document_mark, status, protected, steps, alarmed, opened_at, changed_at) \
                       VALUES ($1, $1, $2, 'arrival', $3, 'waiting', 0, 1, 0, $4, $4) ON CONFLICT (id) DO UPDATE SET steps = steps + 1, closed_at = NULL";
            run(db, now, sql, args![&case, site, vec![n as u8; 16], now]).await;
            let sql = "INSERT INTO second_line_step (of, n, at, action, step_sealed) SELECT $1, $2, 0, 'referral', $3";
            let step = sealed(db, "second_line_step", &format!("{case}:{serial}"), "step");
            run(db, now, sql, args![&case, serial as i64, step]).await;
        }
        21 => {
            run(
                db,
                now,
                "UPDATE second_line SET closed_at = $1 WHERE id = $2",
                args![now, text(8_000 + n)],
            )
            .await;
            let sql = "INSERT INTO cleared_pair (document_mark, order_id, case_id, until) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (document_mark, order_id) DO UPDATE SET case_id = excluded.case_id, until = excluded.until";
            run(
                db,
                now,
                sql,
                args![
                    vec![dice.roll(3) as u8; 16],
                    text(dice.roll(3)),
                    text(8_000 + n),
                    now
                ],
            )
            .await;
        }
        22 => {
            run(
                db,
                now,
                "DELETE FROM cleared_pair WHERE document_mark = $1",
                args![vec![n as u8; 16]],
            )
            .await
        }
        _ => {
            let alert = text(9_000 + n);
            let sql = "INSERT INTO alert (id, site, camera, edge, entry, received_at, captured_at, status, level, probes, evidence) \
                       VALUES ($1, $2, 'c', 'e', 'x', $3, $3, 'raised', 'desk', 1, '{}') ON CONFLICT (id) DO UPDATE SET ended_at = excluded.received_at, status = 'not_same'";
            run(db, now, sql, args![&alert, site, now]).await;
            let sql =
                "INSERT OR IGNORE INTO alert_probe (alert, n, photo_sealed) VALUES ($1, 0, $2)";
            let photo = sealed(db, "alert_probe", &format!("{alert}:0"), "photo");
            run(db, now, sql, args![&alert, photo]).await;
        }
    }
}

#[tokio::test]
async fn whatever_happened_copies_hold_what_a_fresh_copy_holds() {
    for seed in 1..=5 {
        let (mut dice, mut now) = (Dice(seed), NOW);
        let mut rig = Rig::new().await;
        for serial in 0..40 {
            happens(&rig.centre, now, &mut dice, serial).await;
        }
        let standby = rig.standby(now).await;
        for serial in 40..400 {
            happens(&rig.centre, now, &mut dice, serial).await;
            match dice.roll(12) {
                0 => now = now + (dice.roll(40) as i64) * HOUR_MS,
                1 => {
                    let most = 1 + dice.roll(9) as usize;
                    rig.pull(&standby, now, most).await;
                }
                2 => {
                    tidy(&standby, now).await.unwrap();
                }
                _ => {}
            }
        }
        rig.pull(&standby, now, 1_000).await;
        tidy(&standby, now).await.unwrap();
        // As if there had never been one: enrolment alone says what there is.
        run(&rig.centre, now, "DELETE FROM standby_change", args![]).await;
        let fresh = rig.standby(now).await;
        rig.pull(&fresh, now, 1_000).await;
        let (held, expected) = (held(&standby).await, held(&fresh).await);
        for (table, rows) in &expected {
            assert_eq!(&held[table], rows, "seed {seed}, {table}");
        }
        assert!(
            ["holder", "crossing", "orders", "entry", "second_line"]
                .iter()
                .all(|table| !expected[table].is_empty()),
            "seed {seed}"
        );
    }
}

#[tokio::test]
async fn who_is_copied_and_who_is_not() {
    let mut rig = Rig::new().await;
    let standby = rig.standby(NOW).await;
    let citizen = Nationality::new("IDN").unwrap();
    for n in [1, 2] {
        holder::add(&rig.centre, NOW, By::System, holder_id(n), &citizen, &who())
            .await
            .unwrap();
        holder::add_document(
            &rig.centre,
            NOW,
            By::System,
            &paper(holder_id(n), 500 + n, &format!("C{n}")),
        )
        .await
        .unwrap();
    }
    let lost = Uuid::from_u128(502);
    holder::set_status(
        &rig.centre,
        NOW,
        By::System,
        holder_id(2),
        lost,
        DocumentStatus::Lost,
        "LP/1",
    )
    .await
    .unwrap();
    for (n, number) in [(3, "F3"), (4, "F4"), (5, "F5")] {
        rig.foreigner(n, number).await;
    }
    let today = Day::at(NOW, 420);
    holder::add_permit(
        &rig.centre,
        NOW,
        By::System,
        &permit(11, holder_id(3), today),
    )
    .await
    .unwrap();
    crossing::record(
        &rig.centre,
        NOW,
        &crossed(21, Outcome::Entered, NOW, Some(holder_id(4)), "F4"),
    )
    .await
    .unwrap();
    rig.pull(&standby, NOW, 1_000).await;
    let there = async |n: u128| {
        let sql = "SELECT COUNT(*) AS n FROM holder WHERE id = $1";
        count(&standby, sql, args![holder_id(n)]).await == 1
    };
    assert!(!there(1).await, "a citizen whose documents are in order");
    assert!(there(2).await, "a citizen whose document is lost");
    assert!(there(3).await, "a permit");
    assert!(there(4).await, "in the country");
    assert!(!there(5).await, "neither here nor with a permit");
    let leaves = crossed(22, Outcome::Departed, NOW + 1, Some(holder_id(4)), "F4");
    crossing::record(&rig.centre, NOW + 1, &leaves)
        .await
        .unwrap();
    rig.pull(&standby, NOW + 1, 1_000).await;
    assert!(!there(4).await, "left");
    assert_eq!(
        count(&standby, "SELECT COUNT(*) AS n FROM crossing", args![]).await,
        0
    );
    assert_eq!(tidy(&standby, NOW + 1).await.unwrap(), 0);
    assert_eq!(
        tidy(&standby, NOW + 2 * DAY_MS).await.unwrap(),
        1,
        "the permit ran out"
    );
    assert!(!there(3).await);
}

#[tokio::test]
async fn sealed_columns_are_sealed_anew_and_what_is_left_out_is_empty() {
    let mut rig = Rig::new().await;
    let standby = rig.standby(NOW).await;
    rig.foreigner(1, "F1").await;
    crossing::record(
        &rig.centre,
        NOW,
        &crossed(21, Outcome::Entered, NOW, Some(holder_id(1)), "F1"),
    )
    .await
    .unwrap();
    let photo = NewPhoto {
        id: Uuid::from_u128(31),
        photo: b"as handed in".to_vec(),
        portrait_jpeg: vec![1, 2],
        template: vec![0.5],
        model_id: "stub".into(),
        quality: ShotQuality::default(),
    };
    holder::add_portrait(&rig.centre, NOW, By::System, holder_id(1), &photo)
        .await
        .unwrap();
    for (n, site) in [(1, HERE), (2, THERE)] {
        let sql = "INSERT INTO account (id, username, display_name, role, site, language, password_hash, must_change, created_at) VALUES ($1, $1, 'X', 'counter_officer', $2, 'id', 'hash', 0, 0)";
        run(&rig.centre, NOW, sql, args![text(n), site]).await;
    }
    rig.pull(&standby, NOW, 1_000).await;
    let id = holder_id(1).to_string();
    let stored = standby
        .one("SELECT identity_sealed FROM holder", args![])
        .await
        .unwrap()
        .blob("identity_sealed")
        .unwrap();
    assert!(
        standby
            .vault()
            .open("holder", &id, "identity", &stored)
            .is_ok()
    );
    assert!(
        rig.centre
            .vault()
            .open("holder", &id, "identity", &stored)
            .is_err()
    );
    let kept = rig
        .centre
        .one("SELECT identity_sealed FROM holder", args![])
        .await
        .unwrap()
        .blob("identity_sealed")
        .unwrap();
    assert!(
        standby
            .vault()
            .open("holder", &id, "identity", &kept)
            .is_err()
    );
    let row = standby
        .one(
            "SELECT id, photo_sealed, portrait_sealed FROM holder_portrait",
            args![],
        )
        .await
        .unwrap();
    let open = |column: &str, name: &str| {
        standby
            .vault()
            .open(
                "holder_portrait",
                &row.text("id").unwrap(),
                name,
                &row.blob(column).unwrap(),
            )
            .unwrap()
    };
    assert_eq!(
        (
            open("photo_sealed", "photo").len(),
            &open("portrait_sealed", "portrait")[..]
        ),
        (0, &[1, 2][..])
    );
    let rows = standby
        .all("SELECT password_hash FROM account ORDER BY id", args![])
        .await
        .unwrap();
    let hashes: Vec<String> = rows
        .iter()
        .map(|row| row.text("password_hash").unwrap())
        .collect();
    assert_eq!(hashes, ["hash", "!"], "passwords of this checkpoint only");
    let found = holder::by_document(&standby, "UTO", "F1").await.unwrap();
    assert!(found.is_some(), "documents are found by the centre's marks");
}

#[tokio::test]
async fn what_is_owed_is_not_written_over_and_the_copy_is_not_lost() {
    let mut rig = Rig::new().await;
    let standby = rig.standby(NOW).await;
    rig.foreigner(1, "F1").await;
    let entered = crossed(21, Outcome::Entered, NOW, Some(holder_id(1)), "F1");
    crossing::record(&rig.centre, NOW, &entered).await.unwrap();
    rig.pull(&standby, NOW, 1_000).await;
    // Alone, the traveller leaves here; at the centre something else is recorded about the same person.
    let left = crossed(
        22,
        Outcome::Departed,
        NOW + HOUR_MS,
        Some(holder_id(1)),
        "F1",
    );
    crossing::record(&standby, NOW + HOUR_MS, &left)
        .await
        .unwrap();
    holder::add_permit(
        &rig.centre,
        NOW,
        By::System,
        &permit(11, holder_id(1), Day::at(NOW + 90 * DAY_MS, 420)),
    )
    .await
    .unwrap();
    // The centre gets the record, but its reply is lost: nothing is confirmed when its copy comes.
    crossing::record(&rig.centre, NOW + 2 * HOUR_MS, &left)
        .await
        .unwrap();
    let done = rig.pull(&standby, NOW + 2 * HOUR_MS, 1_000).await;
    assert_eq!((done.written, done.kept_back), (0, 1));
    let seqs = async || {
        let rows = standby
            .all("SELECT seq FROM crossing ORDER BY at", args![])
            .await
            .unwrap();
        rows.iter()
            .map(|row| row.int("seq").unwrap())
            .collect::<Vec<_>>()
    };
    assert!(seqs().await[1] > 1_000_000, "its own record stands");
    assert_eq!(
        tidy(&standby, NOW + 2 * HOUR_MS).await.unwrap(),
        0,
        "what is owed does not go either"
    );
    // Handed in again, it is known there: nothing changes at the centre, and the copy comes out of what was kept.
    for (seq, ..) in standby::waiting(&standby, 10).await.unwrap() {
        standby::confirmed(&standby, NOW, seq).await.unwrap();
    }
    let done = rig.pull(&standby, NOW + 2 * HOUR_MS, 1_000).await;
    assert_eq!((done.written, done.kept_back), (1, 0));
    assert_eq!(seqs().await, [1, 2], "as the centre has it");
    assert_eq!(
        count(&standby, "SELECT COUNT(*) AS n FROM permit", args![]).await,
        1
    );
    assert_eq!(
        count(
            &standby,
            "SELECT COUNT(*) AS n FROM standby_kept_back",
            args![]
        )
        .await,
        0
    );
}

#[tokio::test]
async fn what_the_centre_did_not_record_gives_way_to_what_it_has() {
    let mut rig = Rig::new().await;
    let standby = rig.standby(NOW).await;
    let own = standby::own(&standby).await.unwrap().unwrap();
    rig.foreigner(1, "F1").await;
    let entered = crossed(21, Outcome::Entered, NOW, Some(holder_id(1)), "F1");
    crossing::record(&rig.centre, NOW, &entered).await.unwrap();
    rig.pull(&standby, NOW, 1_000).await;
    let left = crossed(
        22,
        Outcome::Departed,
        NOW + HOUR_MS,
        Some(holder_id(1)),
        "F1",
    );
    crossing::record(&standby, NOW + HOUR_MS, &left)
        .await
        .unwrap();
    // A pair that was cleared in a case of its own.
    let case = text(8_001);
    let sql = "INSERT INTO second_line (id, crossing, site, direction, document_mark, status, protected, steps, alarmed, opened_at, changed_at) \
               VALUES ($1, $1, $2, 'arrival', $3, 'closed', 0, 1, 0, 0, 0)";
    run(&standby, NOW, sql, args![&case, HERE, vec![1; 16]]).await;
    let sql = "INSERT INTO cleared_pair (document_mark, order_id, case_id, until) VALUES ($1, 'o', $2, 9)";
    run(&standby, NOW, sql, args![vec![1; 16], &case]).await;
    let sql = "INSERT INTO standby_finding (id, standby, site, kind, noun, of, detail, found_at) VALUES ($1, $2, $3, 'unlawful', $4, $5, '{}', 0)";
    run(
        &rig.centre,
        NOW,
        sql,
        args![text(1), own.id, HERE, "crossing", left.id],
    )
    .await;
    run(
        &rig.centre,
        NOW,
        sql,
        args![text(2), own.id, HERE, "case", &case],
    )
    .await;
    let done = rig.pull(&standby, NOW, 1_000).await;
    assert_eq!(done.kept_back, 2, "as long as it is not confirmed");
    for (seq, ..) in standby::waiting(&standby, 10).await.unwrap() {
        standby::confirmed(&standby, NOW, seq).await.unwrap();
    }
    rig.pull(&standby, NOW, 1_000).await;
    let rows = standby
        .all("SELECT id FROM crossing", args![])
        .await
        .unwrap();
    let ids: Vec<CrossingId> = rows.iter().map(|row| row.id("id").unwrap()).collect();
    assert_eq!(ids, [entered.id]);
    assert_eq!(
        count(&standby, "SELECT COUNT(*) AS n FROM second_line", args![]).await,
        0
    );
    assert_eq!(
        count(&standby, "SELECT COUNT(*) AS n FROM cleared_pair", args![]).await,
        0,
        "nobody stays cleared by it"
    );
}

#[tokio::test]
async fn a_holder_the_centre_knew_already_takes_the_place_of_the_one_recorded_here() {
    let mut rig = Rig::new().await;
    let standby = rig.standby(NOW).await;
    rig.foreigner(1, "F1").await;
    rig.pull(&standby, NOW, 1_000).await;
    assert!(
        holder::by_document(&standby, "UTO", "F1")
            .await
            .unwrap()
            .is_none(),
        "neither here nor with a permit"
    );
    let new = crossed(22, Outcome::Entered, NOW, Some(holder_id(9)), "F1");
    let nation = Nationality::new("UTO").unwrap();
    let paper = paper(holder_id(9), 599, "F1");
    crossing::record_with_holder(&standby, NOW, &new, (&nation, &who(), &paper))
        .await
        .unwrap();
    // Handed in: the record names the one the registry has.
    let named = NewCrossing {
        holder: Some(holder_id(1)),
        ..new
    };
    crossing::record(&rig.centre, NOW, &named).await.unwrap();
    for (seq, ..) in standby::waiting(&standby, 10).await.unwrap() {
        standby::confirmed(&standby, NOW, seq).await.unwrap();
    }
    rig.pull(&standby, NOW, 1_000).await;
    tidy(&standby, NOW).await.unwrap();
    let found = holder::by_document(&standby, "UTO", "F1")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.holder.id, holder_id(1));
    assert_eq!(
        count(&standby, "SELECT COUNT(*) AS n FROM holder", args![]).await,
        1
    );
    assert_eq!(
        count(&standby, "SELECT COUNT(*) AS n FROM crossing", args![]).await,
        1
    );
}

#[tokio::test]
async fn a_page_ends_and_leads_on_and_writing_is_for_standby_servers_only() {
    let mut rig = Rig::new().await;
    let standby = rig.standby(NOW).await;
    let page = copies(&rig.centre, HERE, 0, 1, NOW).await.unwrap();
    assert_eq!((page.bundles.len(), page.more), (1, true));
    let rest = copies(&rig.centre, HERE, page.upto, 10, NOW).await.unwrap();
    assert_eq!((rest.bundles.len(), rest.more), (1, false));
    assert_eq!(
        copies(&rig.centre, HERE, rest.upto, 10, NOW)
            .await
            .unwrap()
            .bundles
            .len(),
        0
    );
    assert_eq!(
        copies(&rig.centre, HERE, 1_000_000, 10, NOW)
            .await
            .unwrap()
            .bundles
            .len(),
        2,
        "a centre put back begins again"
    );
    assert!(matches!(
        apply(&rig.centre, &page).await,
        Err(Error::Conflict(_))
    ));
    // A page that does not fit is not written at all.
    let mut wrong = copies(&rig.centre, HERE, 0, 10, NOW).await.unwrap();
    wrong.bundles[1].tables.as_mut().unwrap()[0].columns[0] = "other".into();
    assert!(apply(&standby, &wrong).await.is_err());
    assert_eq!(
        count(&standby, "SELECT COUNT(*) AS n FROM site", args![]).await,
        0
    );
    assert_eq!(standby::own(&standby).await.unwrap().unwrap().upto, 0);
    // Append-only tables stay so while no copies are written.
    rig.foreigner(1, "F1").await;
    crossing::record(
        &rig.centre,
        NOW,
        &crossed(21, Outcome::Entered, NOW, Some(holder_id(1)), "F1"),
    )
    .await
    .unwrap();
    rig.pull(&standby, NOW, 10).await;
    let mut tx = standby.begin(NOW).await.unwrap();
    assert!(tx.run("DELETE FROM crossing", args![]).await.is_err());
}

#[tokio::test]
async fn the_list_of_names_hears_of_what_came_what_is_listed_otherwise_now_and_what_went() {
    let mut rig = Rig::new().await;
    let standby = rig.standby(NOW).await;
    let heard = async |after: i64| {
        let sql = "SELECT seq, of FROM name_change WHERE seq > $1 ORDER BY of";
        let rows = standby.all(sql, args![after]).await.unwrap();
        let last = rows.iter().map(|row| row.int("seq").unwrap()).max();
        let of: Vec<String> = rows.iter().map(|row| row.text("of").unwrap()).collect();
        (last.unwrap_or(after), of)
    };
    let (entry, order) = (text(1), text(2));
    let sql = "INSERT INTO entry (id, list, agency, in_force_from, in_force_to, version, identity_sealed, created_at, created_by) VALUES ($1, 'wanted', 'police', 0, 9, 1, $2, 0, 'x')";
    let identity = sealed(&rig.centre, "entry", &entry, "identity");
    run(&rig.centre, NOW, sql, args![&entry, identity]).await;
    rig.pull(&standby, NOW, 1).await;
    let (seen, of) = heard(0).await;
    assert_eq!(of, [&*entry]);
    // The order of an entry that is there: from now on the person is listed by the order.
    let sql = "INSERT INTO orders (id, kind, agency, status, first_day, steps, created_at, changed_at, entry) VALUES ($1, 'wanted', 'police', 'approved', '2026-01-01', 0, 0, 0, $2)";
    run(&rig.centre, NOW, sql, args![&order, &entry]).await;
    rig.pull(&standby, NOW, 1).await;
    let (seen, of) = heard(seen).await;
    assert_eq!(of, [&*entry, &*order]);
    run(
        &rig.centre,
        NOW,
        "UPDATE orders SET status = 'revoked'",
        args![],
    )
    .await;
    run(&rig.centre, NOW, "UPDATE entry SET ended_at = 1", args![]).await;
    rig.pull(&standby, NOW, 1).await;
    assert_eq!(heard(seen).await.1, [&*entry, &*order]);
    assert_eq!(
        count(&standby, "SELECT COUNT(*) AS n FROM orders", args![]).await,
        0
    );
    assert_eq!(
        count(
            &standby,
            "SELECT COUNT(*) AS n FROM in_process_due",
            args![]
        )
        .await,
        0
    );
}

#[tokio::test]
async fn the_laws_data_comes_when_it_was_decided() {
    let mut rig = Rig::new().await;
    let standby = rig.standby(NOW).await;
    let sql = "INSERT INTO rule_pack_proposal (id, pack, text, reason, proposed_by, proposed_at) VALUES ('p', 'id-2025', 't', 'r', 'x', 0)";
    run(&rig.centre, NOW, sql, args![]).await;
    let pull = async |after: i64| {
        let page = copies(&rig.centre, HERE, after, 10, NOW).await.unwrap();
        (page.upto, apply(&standby, &page).await.unwrap().rules)
    };
    let held = "SELECT COUNT(*) AS n FROM rule_pack_proposal WHERE decision = 'approve'";
    let (upto, _) = pull(0).await;
    assert_eq!(
        count(
            &standby,
            "SELECT COUNT(*) AS n FROM rule_pack_proposal",
            args![]
        )
        .await,
        0,
        "not decided"
    );
    run(
        &rig.centre,
        NOW,
        "UPDATE rule_pack_proposal SET decision = 'approve', decided_at = 5",
        args![],
    )
    .await;
    let (upto, rules) = pull(upto).await;
    assert_eq!((rules, count(&standby, held, args![]).await), (true, 1));
    assert!(!pull(upto).await.1);
}

#[tokio::test]
async fn a_page_holds_about_four_mebibytes() {
    let mut rig = Rig::new().await;
    rig.standby(NOW).await;
    for n in 1..=12_u128 {
        let entry = text(n);
        let sql = "INSERT INTO entry (id, list, agency, in_force_from, in_force_to, version, identity_sealed, created_at, created_by) VALUES ($1, 'wanted', 'police', 0, 9, 1, $2, 0, 'x')";
        run(
            &rig.centre,
            NOW,
            sql,
            args![&entry, sealed(&rig.centre, "entry", &entry, "identity")],
        )
        .await;
        let sql = "INSERT INTO entry_photo (id, entry, n, model_id, quality, photo_sealed, portrait_sealed, template_sealed, created_at) VALUES ($1, $1, 0, 'm', '{}', $2, $3, $4, 0)";
        let photo = |column, bytes: usize| {
            rig.centre
                .vault()
                .seal("entry_photo", &entry, column, &vec![1; bytes])
                .unwrap()
        };
        run(
            &rig.centre,
            NOW,
            sql,
            args![
                &entry,
                photo("photo", 9),
                photo("portrait", 600_000),
                photo("template", 2_048)
            ],
        )
        .await;
    }
    let (mut after, mut pages) = (0, 0);
    loop {
        let page = copies(&rig.centre, HERE, after, 1_000, NOW).await.unwrap();
        assert!(to_json(&page).unwrap().len() < 6 << 20);
        (after, pages) = (page.upto, pages + 1);
        if !page.more {
            break;
        }
    }
    assert!((2..=4).contains(&pages), "{pages}");
}

/// How long a first copy takes, and what the record of changes costs the centre at each crossing. Minutes long:
/// `cargo test --workspace --lib what_copies_cost -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "minutes long; prints how long a first copy takes and what changes cost"]
async fn what_copies_cost() {
    const MANY: u128 = 20_000;
    let mut rig = Rig::new().await;
    let nation = Nationality::new("UTO").unwrap();
    for chunk in 0..MANY / 2_000 {
        let mut tx = rig.centre.begin(NOW).await.unwrap();
        for n in chunk * 2_000 + 1..=(chunk + 1) * 2_000 {
            holder::add_in(&mut tx, holder_id(1_000_000 + n), &nation, &who())
                .await
                .unwrap();
            holder::add_document_in(
                &mut tx,
                &paper(holder_id(1_000_000 + n), 2_000_000 + n, &format!("X{n}")),
            )
            .await
            .unwrap();
            let new = crossed(
                3_000_000 + n,
                Outcome::Entered,
                NOW,
                Some(holder_id(1_000_000 + n)),
                &format!("X{n}"),
            );
            crossing::record_in(&mut tx, &new).await.unwrap();
            let order = text(4_000_000 + n);
            let sql = "INSERT INTO orders (id, kind, agency, status, first_day, steps, created_at, changed_at) VALUES ($1, 'wanted', 'police', 'approved', '2026-01-01', 3, 0, 0)";
            tx.run(sql, args![&order]).await.unwrap();
            for step in 0..3_i64 {
                let plain = vec![b'x'; if step == 0 { 900 } else { 150 }];
                let step_sealed = rig
                    .centre
                    .vault()
                    .seal("order_step", &format!("{order}:{step}"), "step", &plain)
                    .unwrap();
                let sql = "INSERT INTO order_step (of, n, at, action, step_sealed) VALUES ($1, $2, 0, 'draft', $3)";
                tx.run(sql, args![&order, step, step_sealed]).await.unwrap();
            }
        }
        tx.commit_unaudited(Unaudited::Telemetry).await.unwrap();
    }
    let begun = std::time::Instant::now();
    let standby = rig.standby(NOW).await;
    let enrolled = begun.elapsed();
    let (mut reading, mut writing, mut pages, mut bytes, mut after) = (0.0, 0.0, 0, 0, 0);
    loop {
        let at = std::time::Instant::now();
        let page = copies(&rig.centre, HERE, after, 4_000, NOW).await.unwrap();
        let text = to_json(&page).unwrap();
        reading += at.elapsed().as_secs_f64();
        let at = std::time::Instant::now();
        let page: Copies = from_json(&text).unwrap();
        apply(&standby, &page).await.unwrap();
        writing += at.elapsed().as_secs_f64();
        (pages, bytes, after) = (pages + 1, bytes + text.len(), page.upto);
        if !page.more {
            break;
        }
    }
    let total = reading + writing;
    println!(
        "{MANY} orders and {MANY} foreigners: enrolled in {:.1} s; {pages} pages, {} MiB, {total:.1} s (centre {reading:.1}, standby {writing:.1}); 200,000 of each at this pace {:.0} s",
        enrolled.as_secs_f64(),
        bytes >> 20,
        total * 10.0
    );
    let at = std::time::Instant::now();
    tidy(&standby, NOW).await.unwrap();
    println!(
        "tidy over {MANY} holders: {:.2} s",
        at.elapsed().as_secs_f64()
    );
    // The same crossings at one centre, in turns: with a standby server, and as if it were retired.
    let mut ratios = Vec::new();
    for round in 0..16_u128 {
        let mut took = [0.0; 2];
        for part in 0..2_u128 {
            let with = (round + part).is_multiple_of(2);
            let sql = "UPDATE standby SET retired_at = $1";
            run(&rig.centre, NOW, sql, args![(!with).then_some(NOW)]).await;
            let at = std::time::Instant::now();
            for n in 0..150 {
                let id = 9_000_000 + (round * 2 + part) * 1_000 + n;
                let new = crossed(
                    id,
                    Outcome::Entered,
                    NOW,
                    Some(holder_id(1_000_000 + n)),
                    "Y1",
                );
                crossing::record(&rig.centre, NOW, &new).await.unwrap();
            }
            took[usize::from(with)] = at.elapsed().as_secs_f64();
        }
        ratios.push(took[1] / took[0]);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "crossing::record with a standby server enrolled, against none: {:.3} of the time (least {:.3}, most {:.3}, 16 rounds of 150)",
        (ratios[7] + ratios[8]) / 2.0,
        ratios[0],
        ratios[15]
    );
}
