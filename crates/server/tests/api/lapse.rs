//! An entry ends at each checkpoint at that checkpoint's midnight, and the centre shows which node proved it.

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
