//! How long the centre takes for an alert and for an officer's action, with every commit on disk. Measured always,
//! judged only with TAPAL_TEST_FULL=1, because a shared machine may be slow.

use std::time::Instant;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::world::World;

fn p(ms: &mut [f64], share: f64) -> f64 {
    ms.sort_by(f64::total_cmp);
    ms[((ms.len() - 1) as f64 * share) as usize]
}

#[tokio::test]
async fn alerts_and_actions_are_quick() {
    let full = std::env::var("TAPAL_TEST_FULL").is_ok_and(|v| v == "1");
    let rounds = if full { 400 } else { 20 };
    let world = World::new().await;
    let rina = world.officer("rina").await;
    let probe = STANDARD.encode([&[0xff, 0xd8][..], &vec![7; 60_000]].concat());
    let (mut ingest, mut act, mut queue) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..rounds {
        let mut report = world.report(n);
        report.probes = vec![probe.clone(); 5];
        let body = serde_json::to_value(&report).unwrap();
        let start = Instant::now();
        world
            .device(&world.node, "POST", "/api/v1/alerts", body)
            .await
            .ok();
        ingest.push(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        world.get("/api/v1/alerts", &rina).await.ok();
        queue.push(start.elapsed().as_secs_f64() * 1e3);
        let alert = format!("/api/v1/alerts/{}", report.id);
        let start = Instant::now();
        world
            .post(&format!("{alert}/acknowledgement"), &rina, json!({}))
            .await
            .ok();
        world.opine(&alert, &rina, "same", "x").await.ok();
        act.push(start.elapsed().as_secs_f64() * 1e3 / 2.0);
    }
    for (what, ms) in [
        ("ingest", &mut ingest),
        ("queue", &mut queue),
        ("action", &mut act),
    ] {
        println!(
            "{what}: p50 {:.2} ms, p99 {:.2} ms over {rounds}",
            p(ms, 0.5),
            p(ms, 0.99)
        );
        assert!(!full || p(ms, 0.99) < 50.0, "{what} is slow");
    }
}
