//! False alerts counted beside their prediction: exactly once, at the thresholds and list of the moment; who sees what;
//! the alarm.

use serde_json::{Value, json};
use tapal_domain::{
    role::Role,
    time::{DAY_MS, MINUTE_MS},
};

use crate::world::{MODEL, World};

const BOOT: &str = "01900000-0000-7000-8000-000000000001";

/// Sends a health report in which the near camera has counted so much since its start.
async fn health(world: &World, boot: &str, seq: u64, destroyed: u64, matches: u64) {
    let counters = json!({ "frames": 0, "frames_dropped": 0, "frames_bad": 0, "persons": destroyed + matches + 5, "faces": 0,
        "not_searched": { "too_dark": 5 }, "searches": 99, "matches": matches, "merged": 3, "destroyed": destroyed });
    let camera = json!({ "camera": world.camera, "state": "live", "since": 0, "reason": null, "fps": 8.0, "frame_size": [1, 1],
        "restarts": 0, "last_frame_at": null, "counters": counters });
    let report = json!({ "boot": boot, "seq": seq, "sent_at": world.now(), "engine": "none", "pack": "stub", "model_id": MODEL,
        "demonstration": true, "list_version": 1, "gallery_size": 1, "refused": null, "spooled": 0, "cameras": [camera], "attempts": [] });
    let reply = world.device(&world.node, "POST", "/api/v1/edge/health", report);
    reply.await.ok();
}

async fn counted(world: &World) -> Value {
    let auditor = match world.clock_person().await {
        Some(person) => person,
        None => panic!("the auditor signs in"),
    };
    let path = format!("/api/v1/false-alerts?site={}", world.site);
    world.get(&path, &auditor).await.ok()["sites"][0].clone()
}

impl World {
    /// The auditor, opened at the first call.
    async fn clock_person(&self) -> Option<crate::world::Person> {
        let known = tapal_store::account::find(&self.state.db, "auditor")
            .await
            .ok()?;
        Some(match known {
            Some(_) => self.sign_in("auditor", crate::world::PASSWORD).await,
            None => self.person("auditor", Role::Auditor, None, None).await,
        })
    }

    /// Two officers find that alert `n` shows somebody else.
    async fn judge(&self, n: u128, opinion: &str) {
        let alert = self.raise(n).await;
        for name in ["rina", "budi"] {
            let known = tapal_store::account::find(&self.state.db, name)
                .await
                .unwrap();
            let officer = match known {
                Some(_) => self.sign_in(name, crate::world::PASSWORD).await,
                None => self.officer(name).await,
            };
            self.post(&format!("{alert}/acknowledgement"), &officer, json!({}))
                .await;
            self.opine(&alert, &officer, opinion, "ears").await.ok();
        }
    }
}

fn near(value: &Value, expect: f64) {
    let got = value.as_f64().unwrap();
    assert!(
        (got - expect).abs() <= expect * 0.02 + 1e-12,
        "{got} {expect}"
    );
}

#[tokio::test]
async fn searches_count_once_and_predict_at_the_thresholds_and_list_of_the_moment() {
    let world = World::new().await;
    // One template at 0.4, where the stub's calibration says 1e-5.
    health(&world, BOOT, 1, 900, 100).await;
    let first = counted(&world).await;
    assert_eq!(
        first["counted"]["searched"], 1_000,
        "passes found again are not new"
    );
    near(&first["counted"]["expected"], 1_000.0 * 1e-5);
    // The same report again, and a late one: nothing is added.
    health(&world, BOOT, 1, 900, 100).await;
    health(&world, BOOT, 0, 800, 90).await;
    assert_eq!(counted(&world).await["counted"], first["counted"]);
    // Another person is listed: from now on, and only from now on, twice the chance.
    world.record_entry("Orang Kedua").await;
    health(&world, BOOT, 2, 1_900, 100).await;
    let second = counted(&world).await;
    assert_eq!(second["counted"]["searched"], 2_000);
    near(
        &second["counted"]["expected"],
        1_000.0 * 1e-5 + 1_000.0 * 2e-5,
    );
    // The threshold goes up: a hundred times fewer.
    let thresholds: Vec<_> = tapal_domain::entry::ListKind::ALL
        .iter()
        .map(|list| json!({ "list": list, "possible": 0.5, "strong": 0.6 }))
        .collect();
    let thresholds: Vec<tapal_domain::screening::Threshold> =
        serde_json::from_value(json!(thresholds)).unwrap();
    by_hand(&world, thresholds).await;
    health(&world, BOOT, 3, 2_900, 100).await;
    near(
        &counted(&world).await["counted"]["expected"],
        0.03 + 1_000.0 * 2e-6,
    );
    // A node that starts again counts from zero.
    let boot = "01900000-0000-7000-8000-000000000002";
    health(&world, boot, 1, 10, 0).await;
    assert_eq!(counted(&world).await["counted"]["searched"], 3_010);
    // A held entry is searched by nobody, so it predicts nothing.
    let entries = tapal_store::finding::waiting(&world.state.db)
        .await
        .unwrap();
    assert_eq!(entries, 0);
}

#[tokio::test]
async fn thresholds_below_the_calibration_give_no_prediction_and_say_so() {
    let world = World::new().await;
    let threshold = json!([{ "list": "wanted", "possible": 0.2, "strong": 0.6 }]);
    let thresholds: Vec<tapal_domain::screening::Threshold> =
        serde_json::from_value(threshold).unwrap();
    by_hand(&world, thresholds).await;
    health(&world, BOOT, 1, 50, 0).await;
    let found = counted(&world).await;
    assert_eq!(found["counted"]["searched"], 50);
    assert_eq!(found["counted"]["predicted"], 0);
    assert_eq!(found["counted"]["predicted_rate"], Value::Null);
    let auditor = world.clock_person().await.unwrap();
    let page = world.get("/false-alerts", &auditor).await.text();
    assert!(page.contains("For 50 searches there was no prediction"));
}

#[tokio::test]
async fn alerts_count_as_officers_judged_them() {
    let world = World::new().await;
    health(&world, BOOT, 1, 995, 5).await;
    world.judge(1, "different").await;
    world.judge(2, "different").await;
    world.judge(3, "same").await;
    world.raise(4).await;
    let found = counted(&world).await;
    let counted = &found["cameras"][0]["counted"];
    for (key, expect) in [
        ("not_same", 2),
        ("similar", 1),
        ("open", 1),
        ("undecided", 0),
        ("non_mated", 999),
    ] {
        assert_eq!(counted[key], expect, "{key} {counted}");
    }
    near(&counted["rate"]["value"], 2.0 / 999.0);
    near(&counted["rate"]["high"], 7.2247 / 999.0);
    near(&counted["worst_rate"]["value"], 3.0 / 999.0);
    assert_eq!(found["days"][0]["counted"]["not_same"], 2);
    // Nobody decided the fourth: it is counted as such.
    world.pass(world.state.config.timers.expire_ms + 1);
    world.tick().await;
    assert_eq!(self::counted(&world).await["counted"]["undecided"], 1);
}

#[tokio::test]
async fn each_sees_the_own_site_and_nobody_a_score() {
    let world = World::new().await;
    health(&world, BOOT, 1, 1_000, 0).await;
    world.judge(1, "different").await;
    let rina = world.sign_in("rina", crate::world::PASSWORD).await;
    let own = world.get("/api/v1/false-alerts", &rina).await.ok();
    assert_eq!(own["sites"].as_array().unwrap().len(), 1);
    let far = world
        .person("far", Role::Supervisor, Some(world.far_site), None)
        .await;
    let path = format!("/api/v1/false-alerts?site={}", world.site);
    let other = world.get(&path, &far).await.ok();
    assert_eq!(other["sites"], json!([]), "not another's");
    assert_eq!(other["counted"]["searched"], 0);
    for (path, person) in [("/false-alerts", &rina), ("/false-alerts.csv", &rina)] {
        let text = world.get(path, person).await.text();
        assert!(text.contains("Lane 2"), "{text}");
        for secret in ["0.4", "0.6", "threshold\":", "Zulkifli", "score\":"] {
            assert!(!text.contains(secret), "{secret} in {path}");
        }
    }
    let json = own.to_string();
    assert!(
        !json.contains("possible") && !json.contains("score"),
        "{json}"
    );
    let clerk = world
        .person("clerk", Role::WatchlistClerk, None, None)
        .await;
    world
        .get("/api/v1/false-alerts", &clerk)
        .await
        .refused(403, "forbidden");
    for (query, status) in [
        ("from=2027-01-01&to=2026-01-01", "bad_range"),
        ("from=soon", "bad_date"),
    ] {
        world
            .get(&format!("/api/v1/false-alerts?{query}"), &rina)
            .await
            .refused(422, status);
    }
    assert_eq!(
        world.get("/false-alerts?from=soon", &rina).await.status,
        422
    );
}

#[tokio::test]
async fn an_alarm_is_raised_told_shown_and_cleared() {
    let world = World::new().await;
    health(&world, BOOT, 1, 1_000, 4).await;
    for n in 1..=2 {
        world.judge(n, "different").await;
    }
    world.tick().await;
    assert_eq!(
        world.audited("false_alert.alarm_raised").await.len(),
        0,
        "two are never one"
    );
    for n in 3..=4 {
        world.judge(n, "different").await;
    }
    world.tick().await;
    world.tick().await;
    let raised = world.audited("false_alert.alarm_raised").await;
    assert_eq!(
        raised.len(),
        2,
        "the camera and its site, once each: {raised:?}"
    );
    assert!(raised[0].to_string().contains("too_many"), "{raised:?}");
    let events = tapal_store::event::after(&world.state.db, 0, 10_000)
        .await
        .unwrap();
    let told = events
        .iter()
        .filter(|e| e.kind == "false_alert.alarm_raised");
    assert_eq!(told.count(), 2);
    let policy = world.person("policy", Role::PolicyAdmin, None, None).await;
    let page = world.get("/false-alerts", &policy).await.text();
    assert!(
        page.contains("More false alerts than predicted: Lane 2"),
        "{page}"
    );
    assert!(
        world
            .get("/", &policy)
            .await
            .text()
            .contains("False alerts have left the prediction")
    );
    // A week later the window holds other days.
    world.pass(8 * DAY_MS);
    world.tick().await;
    assert_eq!(world.audited("false_alert.alarm_cleared").await.len(), 2);
    world.pass(MINUTE_MS);
    let policy = world.sign_in("policy", crate::world::PASSWORD).await;
    assert!(
        !world
            .get("/", &policy)
            .await
            .text()
            .contains("have left the prediction")
    );
}

/// Sets thresholds by hand, as the machine's own setup does.
async fn by_hand(world: &World, thresholds: Vec<tapal_domain::screening::Threshold>) {
    let setting = tapal_domain::policy::Setting::Manual { thresholds };
    tapal_server::policy::set_up(&world.state, world.site, &setting)
        .await
        .unwrap();
}
