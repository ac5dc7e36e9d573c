//! Who is copied and how; and that what is owed to the centre is not written over, nor a copy lost.

mod cost;
mod history;
mod rig;

use tapal_domain::{
    crossing::{Nationality, Outcome},
    holder::DocumentStatus,
    id::CrossingId,
    time::{DAY_MS, HOUR_MS},
    wire::ShotQuality,
};
use uuid::Uuid;

use self::rig::*;
use super::*;
use crate::{
    audit::By,
    crossing::{self, NewCrossing},
    db::to_json,
    entry::NewPhoto,
    holder, standby,
};

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
    // As long as that is not confirmed, the person recorded here keeps the document.
    let done = rig.pull(&standby, NOW, 1_000).await;
    assert_eq!(done.kept_back, 1);
    let found = holder::by_document(&standby, "UTO", "F1").await.unwrap();
    assert_eq!(found.unwrap().holder.id, holder_id(9));
    rig.pull(&standby, NOW, 1_000).await;
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
