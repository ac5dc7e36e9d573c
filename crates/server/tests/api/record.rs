//! The audit record, encryption at rest, and what retention destroys.

use serde_json::json;
use tapal_domain::{
    role::Role,
    time::{DAY_MS, HOUR_MS},
    wire::OtherCandidate,
};
use tapal_store::audit;

use crate::world::{NAME, NOON, ORDER, World};

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

#[tokio::test]
async fn nothing_personal_is_readable_on_disk() {
    let world = World::new().await;
    let (rina, budi) = (world.officer("rina").await, world.officer("budi").await);
    let alert = world.raise(1).await;
    world
        .post(&format!("{alert}/acknowledgement"), &rina, json!({}))
        .await
        .ok();
    world
        .opine(&alert, &rina, "same", "a birthmark nobody else has")
        .await
        .ok();
    world.opine(&alert, &budi, "same", "ears").await.ok();
    world.state.db.close().await;
    for file in std::fs::read_dir(world.dir.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let secrets: [&[u8]; 8] = [
            NAME.as_bytes(),
            ORDER.as_bytes(),
            b"X1234567",
            b"1980-02-03",
            b"JFIF",
            &[0xff, 0xd8, 0xff, 0xe0],
            b"birthmark",
            b"hunter2",
        ];
        for secret in secrets {
            assert!(
                !contains(&bytes, secret),
                "{} holds {}",
                path.display(),
                String::from_utf8_lossy(secret)
            );
        }
    }
}

#[tokio::test]
async fn photographs_of_people_without_a_hit_are_destroyed_after_a_day() {
    let world = World::new().await;
    let (rina, budi) = (world.officer("rina").await, world.officer("budi").await);
    let mut paths = Vec::new();
    for (n, opinion) in [(1, "different"), (2, "same")] {
        let alert = world.raise(n).await;
        world
            .post(&format!("{alert}/acknowledgement"), &rina, json!({}))
            .await
            .ok();
        world.opine(&alert, &rina, opinion, "x").await.ok();
        world.opine(&alert, &budi, opinion, "x").await.ok();
        paths.push(alert);
    }
    for (wait_ms, cleared) in [(24 * HOUR_MS - 1, false), (1, true)] {
        world.pass(wait_ms);
        world.tick().await;
        let rina = world.sign_in("rina", crate::world::PASSWORD).await;
        let view = world.get(&paths[0], &rina).await.ok();
        assert_eq!(
            (&view["photos_destroyed"], &view["probes"]),
            (&json!(cleared), &json!(if cleared { 0 } else { 2 }))
        );
        assert_eq!(
            world
                .get(&format!("{}/probes/0", paths[0]), &rina)
                .await
                .status
                == 404,
            cleared
        );
        assert_eq!(
            world
                .get(&format!("{}/enrolled/0", paths[0]), &rina)
                .await
                .status
                == 404,
            cleared
        );
        assert_eq!(
            world
                .get(&format!("{}/probes/0", paths[1]), &rina)
                .await
                .status,
            200,
            "a hit stays"
        );
    }
    let row = world.audited("retention.destroyed").await.pop().unwrap();
    assert!(
        row["detail"].as_str().unwrap().contains("\"probes\":2"),
        "{row}"
    );
}

#[tokio::test]
async fn any_change_of_the_record_is_found() {
    let world = World::new().await;
    world.raise(1).await;
    let auditor = world.person("auditor", Role::Auditor, None, None).await;
    tapal_server::jobs::checkpoint(&world.state, world.now()).await;
    let verdict = world.get("/api/v1/audit/verification", &auditor).await.ok();
    assert_eq!(verdict["fault"], json!(null));
    let rows = verdict["rows"].as_i64().unwrap();
    assert_eq!(verdict["checkpoint"].as_i64(), Some(rows));
    // The program itself cannot change a row.
    for sql in [
        "UPDATE audit SET actor = 'x' WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 1",
        "DELETE FROM alert_step",
        "UPDATE alert_step SET at = 0",
    ] {
        let mut tx = world.state.db.begin(world.now()).await.unwrap();
        assert!(tx.run(sql, vec![]).await.is_err(), "{sql}");
    }
    // Somebody with the file can; every way is found.
    let drop_rules = [
        "DROP TRIGGER audit_no_update",
        "DROP TRIGGER audit_no_delete",
    ];
    let mut tx = world.state.db.begin(world.now()).await.unwrap();
    for sql in drop_rules {
        tx.run(sql, vec![]).await.unwrap();
    }
    tx.commit_unaudited(tapal_store::db::Unaudited::Telemetry)
        .await
        .unwrap();
    let attack = async |sql: &'static str, seq: i64, undo: &'static str| {
        let run = async |sql: &'static str| {
            let mut tx = world.state.db.begin(world.now()).await.unwrap();
            tx.run(sql, vec![seq.into()]).await.unwrap();
            tx.commit_unaudited(tapal_store::db::Unaudited::Telemetry)
                .await
                .unwrap();
        };
        run(sql).await;
        let found = tapal_server::audit::check(&world.state, |_| {})
            .await
            .unwrap();
        assert!(found.fault.is_some(), "{sql} on {seq}");
        run(undo).await;
        assert_eq!(
            tapal_server::audit::check(&world.state, |_| {})
                .await
                .unwrap()
                .fault,
            None,
            "undone {sql}"
        );
    };
    for seq in 1..=rows {
        attack(
            "UPDATE audit SET at = at + 1 WHERE seq = $1",
            seq,
            "UPDATE audit SET at = at - 1 WHERE seq = $1",
        )
        .await;
        attack(
            "UPDATE audit SET actor = actor || 'x' WHERE seq = $1",
            seq,
            "UPDATE audit SET actor = substr(actor, 1, length(actor) - 1) WHERE seq = $1",
        )
        .await;
        attack(
            "UPDATE audit SET detail = detail || ' ' WHERE seq = $1",
            seq,
            "UPDATE audit SET detail = substr(detail, 1, length(detail) - 1) WHERE seq = $1",
        )
        .await;
        attack(
            "UPDATE audit SET seq = -seq WHERE seq = $1",
            seq,
            "UPDATE audit SET seq = -seq WHERE seq = -$1",
        )
        .await;
    }
    let mut tx = world.state.db.begin(world.now()).await.unwrap();
    tx.run("DELETE FROM audit WHERE seq = $1", vec![rows.into()])
        .await
        .unwrap();
    tx.commit_unaudited(tapal_store::db::Unaudited::Telemetry)
        .await
        .unwrap();
    let cut = tapal_server::audit::check(&world.state, |_| {})
        .await
        .unwrap();
    assert!(cut.fault.unwrap().contains("cut off"));
    // And the job does not sign over it.
    tapal_server::jobs::checkpoint(&world.state, world.now()).await;
    assert!(
        tapal_server::audit::check(&world.state, |_| {})
            .await
            .unwrap()
            .fault
            .is_some()
    );
    let path = world.dir.path().join(tapal_server::jobs::CHECKPOINT_FILE);
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replace(&format!("\"seq\":{rows}"), "\"seq\":1");
    std::fs::write(&path, text).unwrap();
    assert!(
        tapal_server::audit::check(&world.state, |_| {})
            .await
            .unwrap()
            .fault
            .unwrap()
            .contains("damaged")
    );
}

#[tokio::test]
async fn a_chain_of_many_rows_is_walked_in_pages() {
    let world = World::new().await;
    for n in 0..5_u32 {
        let note = audit::Note::new(audit::By::System, "test.noted", "test", n);
        audit::record(&world.state.db, world.now(), note)
            .await
            .unwrap();
    }
    let mut seen = 0;
    let verdict = audit::verify(&world.state.db, None, |rows| seen = rows)
        .await
        .unwrap();
    assert_eq!((verdict.fault, verdict.rows), (None, seen));
    assert!(seen > 10 && world.now().0 == NOON && DAY_MS > 0);
}

#[tokio::test]
async fn a_database_opens_again_and_keeps_its_version() {
    let world = World::new().await;
    let file = world.dir.path().join("tapal.db");
    world.state.db.close().await;
    let open = async || {
        tapal_store::Db::open(
            &file,
            tapal_store::Vault::open_or_create(&world.dir.path().join("data.key")).unwrap(),
        )
        .await
    };
    let db = open().await.unwrap();
    let mut tx = db.begin(world.now()).await.unwrap();
    tx.run(
        "INSERT INTO migration (version, sha256) VALUES (99, x'00')",
        vec![],
    )
    .await
    .unwrap();
    tx.commit_unaudited(tapal_store::db::Unaudited::Telemetry)
        .await
        .unwrap();
    db.close().await;
    assert!(open().await.unwrap_err().to_string().contains("newer"));
}

#[tokio::test]
async fn a_hit_keeps_its_evidence_and_forgets_who_else_looked_alike() {
    let world = World::new().await;
    let other = world.record_entry("Orang Kedua").await;
    let (rina, budi) = (world.officer("rina").await, world.officer("budi").await);
    let mut report = world.report(1);
    report.others = vec![OtherCandidate {
        entry: other,
        score: 0.41,
    }];
    let body = serde_json::to_value(&report).unwrap();
    world
        .device(&world.node, "POST", "/api/v1/alerts", body)
        .await
        .ok();
    let alert = format!("/api/v1/alerts/{}", report.id);
    world
        .post(&format!("{alert}/acknowledgement"), &rina, json!({}))
        .await
        .ok();
    world.opine(&alert, &rina, "same", "x").await.ok();
    world.opine(&alert, &budi, "same", "x").await.ok();
    for (wait_ms, others) in [(24 * HOUR_MS - 1, 1), (1, 0)] {
        world.pass(wait_ms);
        world.tick().await;
        let stored = tapal_store::alert::get(&world.state.db, report.id).await;
        let stored = stored.unwrap();
        assert_eq!(
            (stored.evidence.others.len(), stored.destroyed_at),
            (others, None)
        );
        let probe = tapal_store::alert::probe(&world.state.db, report.id, 0).await;
        assert!(probe.is_ok());
    }
}
