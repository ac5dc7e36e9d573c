//! What camera nodes may say and hear.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::Signature;
use serde_json::{Value, json};
use tapal_domain::{
    id::{BootId, EntryId},
    role::Role,
    screening::NotSearched,
    time::{DAY_MS, MINUTE_MS},
    wire::{CameraHealth, CameraState, Counters, EdgeConfig, HealthReport, ListDelta, SignedDelta},
};

use crate::world::{MODEL, Node, World};

#[tokio::test]
async fn a_token_enrols_one_key_once() {
    let world = World::new().await;
    let admin = world.person("admin", Role::SystemAdmin, None, None).await;
    let made = world
        .post(
            "/api/v1/edges",
            &admin,
            json!({ "site": world.site, "name": "Hall" }),
        )
        .await
        .ok();
    let key = |n: u8| {
        STANDARD.encode(
            ed25519_dalek::SigningKey::from_bytes(&[n; 32])
                .verifying_key()
                .as_bytes(),
        )
    };
    let enrol = async |token: &str, key: String| {
        world
            .call(
                "POST",
                "/api/v1/edges/enrol",
                None,
                Some(json!({ "token": token, "public_key": key })),
            )
            .await
    };
    let token = made["token"].as_str().unwrap();
    enrol("nonsense", key(21)).await.refused(403, "bad_token");
    enrol(token, "AAAA".into()).await.refused(422, "bad_key");
    let first = enrol(token, key(21)).await.ok();
    assert_eq!(first["edge"], made["edge"]);
    assert_eq!(
        enrol(token, key(21)).await.ok(),
        first,
        "a lost reply may be asked for again"
    );
    enrol(token, key(22)).await.refused(403, "bad_token");
    let late = world
        .post(
            "/api/v1/edges",
            &admin,
            json!({ "site": world.site, "name": "Late" }),
        )
        .await
        .ok();
    world.pass(DAY_MS);
    enrol(late["token"].as_str().unwrap(), key(23))
        .await
        .refused(403, "bad_token");
}

#[tokio::test]
async fn only_fresh_whole_requests_of_a_living_node_count() {
    let world = World::new().await;
    let node = &world.node;
    let path = "/api/v1/edge/config";
    let replay = || world.signed_as(node, "GET", path, "", world.now(), "nonce-replay");
    world.send(replay()).await.ok();
    world.send(replay()).await.refused(401, "replayed");
    for off_ms in [-6 * MINUTE_MS, 6 * MINUTE_MS] {
        let skewed = world
            .send(world.signed_as(node, "GET", path, "", world.now() + off_ms, "nonce-skewed"))
            .await
            .refused(401, "clock_skew");
        assert!(
            skewed["message"]
                .as_str()
                .unwrap()
                .contains(&world.now().0.to_string())
        );
    }
    let mut tampered = world.signed(node, "POST", "/api/v1/edge/receipts", "{\"a\":1}");
    *tampered.body_mut() = axum::body::Body::from("{\"a\":2}");
    world.send(tampered).await.refused(401, "not_this_node");
    let mut moved = world.signed(node, "GET", "/api/v1/edge/list?since=0", "");
    *moved.uri_mut() = "/api/v1/edge/list?since=1".parse().unwrap();
    world.send(moved).await.refused(401, "not_this_node");
    let stranger = Node {
        id: node.id,
        key: ed25519_dalek::SigningKey::from_bytes(&[77; 32]),
        nonce: Default::default(),
    };
    world
        .device(&stranger, "GET", path, Value::Null)
        .await
        .refused(401, "not_this_node");
    let admin = world.person("admin", Role::SystemAdmin, None, None).await;
    world
        .call(
            "DELETE",
            &format!("/api/v1/edges/{}", node.id),
            Some(&admin),
            None,
        )
        .await
        .ok();
    world
        .device(node, "GET", path, Value::Null)
        .await
        .refused(401, "not_this_node");
}

#[tokio::test]
async fn a_node_gets_its_own_site_only() {
    let world = World::new().await;
    let config: EdgeConfig = serde_json::from_value(
        world
            .device(&world.node, "GET", "/api/v1/edge/config", Value::Null)
            .await
            .ok(),
    )
    .unwrap();
    assert_eq!(
        (config.site, config.cameras.len(), config.model_id.as_str()),
        (world.site, 1, MODEL)
    );
    assert_eq!(
        config.cameras[0].source, "rtsp://viewer:hunter2@10.0.0.9/live",
        "the node needs it in full"
    );
    assert_eq!(config.thresholds.len(), 4);
    let reader = world.person("policy", Role::PolicyAdmin, None, None).await;
    for path in [
        "/api/v1/cameras".to_owned(),
        format!("/api/v1/sites/{}", world.site),
    ] {
        assert!(
            !world.get(&path, &reader).await.text().contains("hunter2"),
            "{path}"
        );
    }
}

async fn delta(world: &World, since: i64) -> ListDelta {
    let path = format!("/api/v1/edge/list?since={since}");
    let signed: SignedDelta = serde_json::from_value(
        world
            .device(&world.node, "GET", &path, Value::Null)
            .await
            .ok(),
    )
    .unwrap();
    let signature = Signature::from_slice(&STANDARD.decode(&signed.signature).unwrap()).unwrap();
    world
        .state
        .signing_key
        .verifying_key()
        .verify_strict(signed.body.as_bytes(), &signature)
        .unwrap();
    assert!(!signed.body.contains(crate::world::NAME));
    serde_json::from_str(&signed.body).unwrap()
}

#[tokio::test]
async fn a_list_reaches_the_node_by_deltas_and_leaves_with_a_receipt() {
    let world = World::new().await;
    let whole = delta(&world, 0).await;
    assert_eq!(
        (
            whole.since,
            whole.upserts.len(),
            whole.removals.len(),
            whole.model_id.as_str()
        ),
        (0, 1, 0, MODEL)
    );
    assert_eq!(whole.upserts[0].templates.len(), 1);
    assert_eq!(
        STANDARD
            .decode(&whole.upserts[0].templates[0])
            .unwrap()
            .len(),
        512 * 4
    );
    assert_eq!(
        delta(&world, 999).await.since,
        0,
        "an unknown version gets the whole list"
    );
    let unchanged = delta(&world, whole.version).await;
    assert_eq!(
        (
            unchanged.since,
            unchanged.upserts.len(),
            unchanged.removals.len()
        ),
        (whole.version, 0, 0)
    );

    let approver = world
        .person("approver", Role::WatchlistApprover, None, None)
        .await;
    world
        .post(
            &format!("/api/v1/entries/{}/end", world.entry),
            &approver,
            json!({ "reason": "revoked" }),
        )
        .await
        .ok();
    let after = delta(&world, whole.version).await;
    assert_eq!(
        (after.removals.as_slice(), after.upserts.len()),
        (&[world.entry][..], 0)
    );
    assert!(after.version > whole.version && delta(&world, 0).await.upserts.is_empty());
    let receipt =
        json!({ "entry": world.entry, "version": after.version, "removed_at": world.now() });
    for _ in 0..2 {
        world
            .device(
                &world.node,
                "POST",
                "/api/v1/edge/receipts",
                receipt.clone(),
            )
            .await
            .ok();
    }
    assert_eq!(world.audited("entry.removal_proven").await.len(), 1);
    let detail = world
        .get(&format!("/api/v1/entries/{}", world.entry), &approver)
        .await
        .ok();
    let removal = &detail["removal"];
    assert_eq!(
        (&removal["nodes"], &removal["gone"]),
        (&json!(1), &json!(1))
    );
    let copy = &removal["copies"][0];
    assert_eq!(
        (&copy["edge"], &copy["state"], &copy["verified"]),
        (&json!(world.node.id), &json!("gone"), &json!(true))
    );
}

#[tokio::test]
async fn a_list_no_longer_searched_leaves_the_node() {
    let world = World::new().await;
    let before = delta(&world, 0).await.version;
    let policy = world.person("policy", Role::PolicyAdmin, None, None).await;
    let mut record = serde_json::to_value(crate::world::deployment()).unwrap();
    record["lists"] = json!(["exit_ban"]);
    world
        .call(
            "PUT",
            &format!("/api/v1/sites/{}/deployment", world.site),
            Some(&policy),
            Some(record),
        )
        .await
        .ok();
    assert_eq!(delta(&world, before).await.removals, [world.entry]);
}

#[tokio::test]
async fn an_alert_sent_again_is_recorded_once() {
    let world = World::new().await;
    let report = serde_json::to_value(world.report(1)).unwrap();
    for expect in ["recorded", "already_recorded", "already_recorded"] {
        assert_eq!(
            world
                .device(&world.node, "POST", "/api/v1/alerts", report.clone())
                .await
                .ok(),
            expect
        );
    }
    let raised = tapal_store::event::after(&world.state.db, 0, 1_000)
        .await
        .unwrap()
        .into_iter()
        .filter(|e| e.kind == "alert.raised")
        .count();
    assert_eq!((raised, world.audited("alert.raised").await.len()), (1, 1));
}

#[tokio::test]
async fn an_alert_that_can_never_be_recorded_says_so() {
    let world = World::new().await;
    let send = async |node: &Node, change: &dyn Fn(&mut Value)| {
        let mut report = serde_json::to_value(world.report(1)).unwrap();
        change(&mut report);
        world.device(node, "POST", "/api/v1/alerts", report).await
    };
    send(&world.far_node, &|_| {})
        .await
        .refused(422, "alert_refused");
    send(&world.node, &|r| r["camera"] = json!(world.far_camera))
        .await
        .refused(422, "alert_refused");
    send(&world.node, &|r| {
        r["entry"] = json!(EntryId(uuid::Uuid::from_u128(5)))
    })
    .await
    .refused(422, "alert_refused");
    send(&world.node, &|r| r["probes"] = json!([]))
        .await
        .refused(422, "bad_probes");
    send(&world.node, &|r| r["probes"] = json!(["bm90IGEganBlZw=="]))
        .await
        .refused(422, "bad_probes");
    send(&world.node, &|_| {}).await.ok();
    send(&world.far_node, &|r| r["camera"] = json!(world.far_camera))
        .await
        .refused(422, "alert_refused");
}

#[tokio::test]
async fn an_alert_on_an_entry_not_in_force_is_withdrawn_and_shown_to_nobody() {
    let world = World::new().await;
    let rina = world.officer("rina").await;
    world.pass(crate::world::over_after_ms());
    let rina = {
        drop(rina);
        world.sign_in("rina", crate::world::PASSWORD).await
    };
    let report = world.report(1);
    let reply = world
        .device(
            &world.node,
            "POST",
            "/api/v1/alerts",
            serde_json::to_value(&report).unwrap(),
        )
        .await
        .ok();
    assert_eq!(reply, "withdrawn");
    assert_eq!(
        world.get("/api/v1/alerts?queue=all", &rina).await.ok(),
        json!([])
    );
    world
        .get(&format!("/api/v1/alerts/{}", report.id), &rina)
        .await
        .refused(404, "not_found");
    assert_eq!(
        tapal_store::alert::probe(&world.state.db, report.id, 0)
            .await
            .unwrap_err(),
        tapal_store::Error::NotFound,
        "no photograph is kept"
    );
}

pub fn health(world: &World, boot: u128, seq: u64, persons: u64, attempts: Value) -> HealthReport {
    let counters = Counters {
        persons,
        not_searched: [(NotSearched::TooDark, persons)].into(),
        ..Default::default()
    };
    let camera = |camera| CameraHealth {
        camera,
        state: CameraState::Live,
        since: world.now(),
        reason: None,
        fps: 8.0,
        frame_size: [1280, 720],
        restarts: 0,
        last_frame_at: Some(world.now()),
        counters: counters.clone(),
    };
    HealthReport {
        boot: BootId(uuid::Uuid::from_u128(boot)),
        seq,
        sent_at: world.now(),
        engine: "stub".into(),
        pack: "stub".into(),
        model_id: MODEL.into(),
        demonstration: true,
        list_version: 1,
        gallery_size: 1,
        refused: None,
        spooled: 0,
        cameras: vec![camera(world.camera), camera(world.far_camera)],
        attempts: serde_json::from_value(attempts).unwrap(),
        clock_ahead_ms: None,
    }
}

#[tokio::test]
async fn counters_add_up_over_restarts_and_late_reports_change_nothing() {
    let world = World::new().await;
    let rina = world.officer("rina").await;
    let attempt = json!([{ "id": uuid::Uuid::from_u128(9), "camera": world.camera, "at": world.now(), "seen_ms": 900, "shots": 0,
        "outcome": { "outcome": "not_searched", "detail": "too_dark" } }]);
    for (boot, seq, persons, expect) in [
        (1, 1, 5, 5),
        (1, 2, 8, 8),
        (1, 1, 6, 8),
        (1, 2, 8, 8),
        (2, 1, 1, 9),
        (2, 2, 4, 12),
        (1, 3, 9, 12),
    ] {
        let report =
            serde_json::to_value(health(&world, boot, seq, persons, attempt.clone())).unwrap();
        let reply = world
            .device(&world.node, "POST", "/api/v1/edge/health", report)
            .await
            .ok();
        assert_eq!(reply["now"], json!(world.now()));
        let cameras = world.get("/api/v1/cameras", &rina).await.ok();
        assert_eq!(
            cameras[0]["today"]["persons"], expect,
            "boot {boot} seq {seq}"
        );
        assert_eq!(cameras[0]["today"]["not_searched"]["too_dark"], expect);
    }
    let attempts = world.get("/api/v1/attempts", &rina).await.ok();
    assert_eq!(attempts.as_array().unwrap().len(), 1);
    assert_eq!(
        attempts[0]["outcome"],
        json!({ "outcome": "not_searched", "detail": "too_dark" })
    );
    // What it said of another site's camera is not believed.
    let far = world
        .person("jauh", Role::CounterOfficer, Some(world.far_site), None)
        .await;
    assert_eq!(
        world.get("/api/v1/cameras", &far).await.ok()[0]["seen"],
        Value::Null
    );
}

#[tokio::test]
async fn a_health_reply_names_the_model_of_the_centre() {
    let world = World::new().await;
    let report = serde_json::to_value(health(&world, 1, 1, 1, json!([]))).unwrap();
    let reply = world
        .device(&world.node, "POST", "/api/v1/edge/health", report)
        .await
        .ok();
    assert_eq!(reply["model_id"], MODEL);
}

#[tokio::test]
async fn after_a_pack_change_entries_are_left_out_until_enrolled_again() {
    let world = World::new().await;
    let before = delta(&world, 0).await;
    world
        .write("UPDATE entry_photo SET model_id = 'old@1'", vec![])
        .await;
    assert_eq!(delta(&world, 0).await.upserts, []);
    let clerk = world
        .person("clerk", Role::WatchlistClerk, None, None)
        .await;
    let warned = async || {
        let page = world.get("/entries", &clerk).await.text();
        page.contains("Entries without a template")
    };
    assert!(warned().await);
    tapal_server::entry::reenrol::reenrol(world.state.clone()).await;
    let after = delta(&world, before.version).await;
    assert!(after.version > before.version && !warned().await);
    assert_eq!(
        (after.upserts[0].entry, &after.upserts[0].templates),
        (world.entry, &before.upserts[0].templates)
    );
    assert_eq!(world.audited("entry.re_enrolled").await.len(), 1);
    // A second start finds nothing to do.
    tapal_server::entry::reenrol::reenrol(world.state.clone()).await;
    assert_eq!(world.audited("entry.re_enrolled").await.len(), 1);
}

#[tokio::test]
async fn a_photograph_the_new_model_refuses_stays_counted() {
    let world = World::new().await;
    let sealed = world
        .state
        .db
        .vault()
        .seal("entry_photo", &world.photo_id().await, "photo", b"no face")
        .unwrap();
    world
        .write(
            "UPDATE entry_photo SET model_id = 'old@1', photo_sealed = $1",
            vec![sealed.into()],
        )
        .await;
    tapal_server::entry::reenrol::reenrol(world.state.clone()).await;
    let missing = tapal_server::entry::reenrol::missing(&world.state).await;
    assert_eq!(missing.unwrap(), 1);
}

#[tokio::test]
async fn a_site_administrator_keeps_to_its_own_nodes() {
    let world = World::new().await;
    let admin = world
        .person("admin", Role::SystemAdmin, Some(world.site), None)
        .await;
    let node = json!({ "site": world.far_site, "name": "n" });
    world
        .post("/api/v1/edges", &admin, node)
        .await
        .refused(404, "not_found");
    let retire = async |node: &Node| {
        let path = format!("/api/v1/edges/{}", node.id);
        world.call("DELETE", &path, Some(&admin), None).await
    };
    retire(&world.far_node).await.refused(404, "not_found");
    retire(&world.node).await.ok();
}
