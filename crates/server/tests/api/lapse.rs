//! An entry ends at each checkpoint at that checkpoint's midnight, and the centre shows which node proved it.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tapal_domain::{
    role::Role,
    time::{HOUR_MS, MINUTE_MS},
    wire::ListDelta,
};

use crate::world::{Node, World, local_day, over_after_ms};

/// A world whose far site is in Jayapura, two hours ahead of the near one.
async fn world() -> World {
    let world = World::new().await;
    let policy = world.person("policy", Role::PolicyAdmin, None, None).await;
    let path = format!("/api/v1/sites/{}", world.far_site);
    let east = json!({ "name": "Jayapura", "kind": "checkpoint", "utc_offset_minutes": 540 });
    let changed = world.call("PATCH", &path, Some(&policy), Some(east));
    changed.await.ok();
    world
}

async fn pull(world: &World, node: &Node, since: i64) -> ListDelta {
    let path = format!("/api/v1/edge/list?since={since}");
    let reply = world.device(node, "GET", &path, Value::Null).await.ok();
    serde_json::from_str(reply["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn each_node_gets_the_instants_of_its_own_place() {
    let world = world().await;
    for (node, offset) in [(&world.node, 420), (&world.far_node, 540)] {
        let list = pull(&world, node, 0).await;
        let [held] = &list.upserts[..] else {
            panic!("one entry")
        };
        assert_eq!(held.in_force_from, local_day(-1).starts(offset));
        assert_eq!(held.in_force_to, local_day(10).ends(offset));
    }
}

#[tokio::test]
async fn a_site_that_moves_to_another_zone_gets_its_list_anew() {
    let world = World::new().await;
    let before = pull(&world, &world.far_node, 0).await;
    let admin = world.person("admin", Role::PolicyAdmin, None, None).await;
    let path = format!("/api/v1/sites/{}", world.far_site);
    let change = json!({ "name": "Jayapura", "kind": "checkpoint", "utc_offset_minutes": 540 });
    world
        .call("PATCH", &path, Some(&admin), Some(change))
        .await
        .ok();
    let after = pull(&world, &world.far_node, before.version).await;
    let change = after.upserts[0]
        .in_force_to
        .since_ms(before.upserts[0].in_force_to);
    assert_eq!(change, -2 * HOUR_MS);
}

#[tokio::test]
async fn at_half_past_eleven_in_jakarta_it_matches_there_and_no_longer_in_jayapura() {
    let world = world().await;
    world.pass(over_after_ms() - 30 * MINUTE_MS);
    let report = |camera, n| {
        let mut report = world.report(n);
        report.camera = camera;
        serde_json::to_value(report).unwrap()
    };
    for (node, camera, n, expect) in [
        (&world.node, world.camera, 1, "recorded"),
        (&world.far_node, world.far_camera, 2, "withdrawn"),
    ] {
        let path = "/api/v1/alerts";
        let reply = world.device(node, "POST", path, report(camera, n)).await;
        assert_eq!(reply.ok(), expect);
    }
    assert_eq!(pull(&world, &world.node, 0).await.upserts.len(), 1);
    assert_eq!(pull(&world, &world.far_node, 0).await.upserts.len(), 0);
}

#[tokio::test]
async fn an_open_alert_is_withdrawn_at_the_midnight_of_its_site() {
    let world = world().await;
    world.pass(over_after_ms() - 2 * HOUR_MS - 1);
    for (node, camera, n) in [
        (&world.node, world.camera, 1),
        (&world.far_node, world.far_camera, 2),
    ] {
        let mut report = world.report(n);
        report.camera = camera;
        let body = serde_json::to_value(report).unwrap();
        let reply = world.device(node, "POST", "/api/v1/alerts", body).await;
        assert_eq!(reply.ok(), "recorded");
    }
    let withdrawn = async || world.audited("alert.withdrawn").await.len();
    world.tick().await;
    assert_eq!(withdrawn().await, 0);
    world.pass(1);
    world.tick().await;
    assert_eq!(withdrawn().await, 1, "the one in Jayapura");
    assert_eq!(world.audited("entry.lapsed").await.len(), 0);
    world.pass(2 * HOUR_MS);
    world.tick().await;
    assert_eq!(withdrawn().await, 2, "and the one in Jakarta");
    assert_eq!(world.audited("entry.lapsed").await.len(), 1);
}

/// The entry's page and API answer, as an approver sees them.
async fn removal(world: &World) -> (Value, String) {
    static SEEN: AtomicU64 = AtomicU64::new(0);
    let name = format!("approver{}", SEEN.fetch_add(1, Ordering::Relaxed));
    let role = Role::WatchlistApprover;
    let who = world.person(&name, role, None, None).await;
    let path = format!("/api/v1/entries/{}", world.entry);
    let detail = world.get(&path, &who).await.ok();
    let page = world.get(&format!("/entries/{}", world.entry), &who).await;
    (detail["removal"].clone(), page.text())
}

/// Sends a receipt and gives what was signed.
async fn prove(world: &World, node: &Node, version: i64, removed_at: i64) {
    let receipt = json!({ "entry": world.entry, "version": version, "removed_at": removed_at });
    let path = "/api/v1/edge/receipts";
    world.device(node, "POST", path, receipt).await.ok();
}

#[tokio::test]
async fn the_page_says_which_node_proved_it_which_is_late_and_which_was_retired() {
    let world = World::new().await;
    let third = world.enrol_node(world.site, 13).await;
    let (none, page) = removal(&world).await;
    assert_eq!(none["nodes"], 0);
    assert!(page.contains("No node was given this entry."), "{page}");
    for node in [&world.node, &world.far_node, &third] {
        pull(&world, node, 0).await;
    }
    let (held, page) = removal(&world).await;
    assert_eq!(
        (&held["nodes"], &held["copies"][0]["state"]),
        (&json!(3), &json!("held"))
    );
    assert!(page.contains("On 3 nodes, as it should be"));
    // It lapses; one node says so after seven seconds.
    world.pass(over_after_ms());
    world.tick().await;
    let lapsed_at = world.now().0;
    world.pass(8_000);
    prove(&world, &world.node, 2, lapsed_at + 7_000).await;
    let (partly, page) = removal(&world).await;
    assert_eq!((&partly["gone"], &partly["late"]), (&json!(1), &json!(0)));
    assert!(page.contains("Gone from 1 of 3 nodes") && page.contains("receipt awaited"));
    assert_eq!(world.audited("entry.removal_late").await.len(), 0);
    // Five minutes later the others are late, once each.
    world.pass(5 * MINUTE_MS);
    for _ in 0..2 {
        world.tick().await;
    }
    let (late, page) = removal(&world).await;
    assert_eq!((&late["gone"], &late["late"]), (&json!(1), &json!(2)));
    assert!(page.contains("late: 2"));
    assert_eq!(world.audited("entry.removal_late").await.len(), 2);
    let technician = world.person("tech", Role::SystemAdmin, None, None).await;
    let edges = world.get("/edges", &technician).await.text();
    assert_eq!(edges.matches("Removals not proven in time: 1").count(), 2);
    // One proves it late, one is retired without.
    prove(&world, &world.far_node, 2, lapsed_at + 3_000).await;
    tapal_store::edge::retire(
        &world.state.db,
        world.now(),
        tapal_store::By::System,
        third.id,
    )
    .await
    .unwrap();
    let (end, page) = removal(&world).await;
    let counts = ["nodes", "gone", "late", "retired"].map(|name| end[name].clone());
    assert_eq!(counts, [json!(3), json!(2), json!(0), json!(1)]);
    assert!(page.contains("node retired") && page.contains("signature checked"));
    assert!(
        !world
            .get("/edges", &technician)
            .await
            .text()
            .contains("Removals not proven")
    );
}

#[tokio::test]
async fn gone_from_all_nodes_is_said_with_the_second() {
    let world = World::new().await;
    for node in [&world.node, &world.far_node] {
        pull(&world, node, 0).await;
    }
    world.pass(over_after_ms());
    world.tick().await;
    let midnight = world.now().0;
    world.pass(8_000);
    prove(&world, &world.node, 2, midnight + 250).await;
    prove(&world, &world.far_node, 2, midnight + 7_000).await;
    let (all, page) = removal(&world).await;
    assert_eq!(
        (&all["gone"], &all["last_gone_at"]),
        (&json!(2), &json!(midnight + 7_000))
    );
    assert!(
        page.contains("Gone from 2 of 2 nodes at 26 Jan 2027, 00:00:07 WIB"),
        "{page}"
    );
}

#[tokio::test]
async fn a_receipt_can_be_checked_later_and_a_changed_one_does_not_pass() {
    let world = World::new().await;
    pull(&world, &world.node, 0).await;
    world.pass(over_after_ms());
    world.tick().await;
    prove(&world, &world.node, 2, world.now().0).await;
    let verified = async || removal(&world).await.0["copies"][0]["verified"].clone();
    assert_eq!(verified().await, json!(true));
    for (n, change) in [
        "UPDATE receipt SET removed_at = removed_at - 60000",
        "UPDATE receipt SET removed_at = removed_at + 60000, body = replace(body, 'version\":2', 'version\":3')",
        "UPDATE receipt SET body = replace(body, 'version\":3', 'version\":2')",
    ]
    .into_iter()
    .enumerate()
    {
        world.write(change, vec![]).await;
        world.pass(1);
        assert_eq!(verified().await, json!(n == 2), "{change}");
    }
    let checked = async || {
        tapal_store::edge::check_receipts(&world.state.db)
            .await
            .unwrap()
    };
    assert_eq!((checked().await.good, checked().await.bad.len()), (1, 0));
    // Signed by another node.
    world
        .write(
            "UPDATE edge SET public_key = (SELECT o.public_key FROM edge o WHERE o.id <> edge.id)",
            vec![],
        )
        .await;
    world.pass(1);
    assert_eq!(verified().await, json!(false));
    assert_eq!(checked().await.bad, [(world.node.id, world.entry)]);
}

#[tokio::test]
async fn a_template_handed_over_again_is_not_gone_and_a_lost_list_is_accounted_for() {
    let world = World::new().await;
    let first = pull(&world, &world.node, 0).await;
    prove(&world, &world.node, first.version, world.now().0).await;
    assert_eq!(removal(&world).await.0["gone"], 1);
    // The node dropped it by a clock that ran ahead, and pulled the whole list again.
    world.pass(1_000);
    pull(&world, &world.node, 0).await;
    world.pass(1_000);
    assert_eq!(removal(&world).await.0["gone"], 0);
    assert_eq!(
        world.audited("entry.removal_proven").await.len(),
        1,
        "the record keeps the first receipt"
    );
    // It ends; the node lost its list and asks for the whole: it must answer for the copy all the same.
    world.pass(over_after_ms());
    world.tick().await;
    let whole = pull(&world, &world.node, 0).await;
    assert_eq!((whole.since, whole.removals), (0, vec![world.entry]));
    prove(&world, &world.node, whole.version, world.now().0).await;
    assert_eq!(pull(&world, &world.node, 0).await.removals, []);
}

#[tokio::test]
async fn a_node_with_a_wrong_clock_is_told_the_time_and_shown() {
    let world = World::new().await;
    let wrong = world.now() + 3 * HOUR_MS;
    let request = world.signed_as(
        &world.node,
        "GET",
        "/api/v1/edge/config",
        "",
        wrong,
        "nonce-wrong-clock",
    );
    let refused = world.send(request).await.refused(401, "clock_skew");
    assert_eq!(refused["reasons"], json!([world.now().0.to_string()]));
    let admin = world.person("admin", Role::SystemAdmin, None, None).await;
    for (ahead_ms, expect) in [
        (3 * HOUR_MS, Some("3 hours ahead")),
        (-50 * HOUR_MS, Some("2 days behind")),
        (90_000, Some("1 minutes ahead")),
        (60_000, None),
    ] {
        let mut report = crate::device::health(
            &world,
            1,
            1 + (ahead_ms + 50 * HOUR_MS) as u64,
            0,
            json!([]),
        );
        report.boot =
            tapal_domain::id::BootId(uuid::Uuid::from_u128(ahead_ms.unsigned_abs().into()));
        report.clock_ahead_ms = Some(ahead_ms);
        world.pass(2 * MINUTE_MS);
        let body = serde_json::to_value(&report).unwrap();
        world
            .device(&world.node, "POST", "/api/v1/edge/health", body)
            .await
            .ok();
        let page = world.get("/edges", &admin).await.text();
        assert_eq!(
            page.contains("Set it by NTP"),
            expect.is_some(),
            "{ahead_ms}"
        );
        assert!(
            expect.is_none_or(|words| page.contains(words)),
            "{ahead_ms}: {page}"
        );
    }
}
