//! Random histories of a centre: what the copies hold in the end is what a fresh copy would hold.

use tapal_domain::{
    crossing::{Nationality, Outcome},
    holder::DocumentStatus,
    person::SamePerson,
    time::{DAY_MS, HOUR_MS},
    wire::ShotQuality,
};
use uuid::Uuid;

use super::super::*;
use super::rig::*;
use crate::{audit::By, crossing, entry::NewPhoto, holder};

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
