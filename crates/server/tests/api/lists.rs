//! Entries, sites and cameras as people edit them.

use serde_json::json;
use tapal_domain::{
    role::Role,
    time::{DAY_MS, MINUTE_MS},
};

use crate::world::{NAME, World, over_after_ms};

#[tokio::test]
async fn reading_an_entry_is_recorded() {
    let world = World::new().await;
    let approver = world
        .person("approver", Role::WatchlistApprover, None, None)
        .await;
    let path = format!("/api/v1/entries/{}", world.entry);
    for _ in 0..3 {
        assert_eq!(
            world.get(&path, &approver).await.ok()["entry"]["person"]["full_name"],
            NAME
        );
    }
    world.pass(60_000);
    world.get(&path, &approver).await.ok();
    world.get(&format!("{path}/portraits/0"), &approver).await;
    world.get("/api/v1/entries", &approver).await.ok();
    assert_eq!(
        world.audited("biometric.read").await.len(),
        4,
        "once a minute and thing"
    );
}

#[tokio::test]
async fn what_lapses_leaves_by_itself_and_withdraws_its_alerts() {
    let world = World::new().await;
    world.pass(over_after_ms() - 5_000);
    let rina = world.officer("rina").await;
    let alert = world.raise(1).await;
    world.tick().await;
    assert_eq!(world.get(&alert, &rina).await.ok()["status"], "raised");
    world.pass(5_000);
    // Even before the job ran, the portrait is not shown any more.
    world
        .get(&format!("{alert}/enrolled/0"), &rina)
        .await
        .refused(404, "not_found");
    world.tick().await;
    assert_eq!(world.get(&alert, &rina).await.ok()["status"], "withdrawn");
    world
        .get(&format!("{alert}/probes/0"), &rina)
        .await
        .refused(404, "not_found");
    assert_eq!(
        (
            world.audited("entry.lapsed").await.len(),
            world.audited("alert.withdrawn").await.len()
        ),
        (1, 1)
    );
    assert_eq!(
        tapal_store::entry::get(&world.state.db, world.entry)
            .await
            .unwrap()
            .end_reason
            .as_deref(),
        Some("lapsed")
    );
}

#[tokio::test]
async fn sites_are_edited_with_clear_refusals() {
    let world = World::new().await;
    let policy = world.person("policy", Role::PolicyAdmin, None, None).await;
    let made = world
        .post(
            "/api/v1/sites",
            &policy,
            json!({ "name": "Gilimanuk", "kind": "monitoring_site", "utc_offset_minutes": 480 }),
        )
        .await
        .ok();
    let site = format!("/api/v1/sites/{}", made["id"].as_str().unwrap());
    let view = world.get(&site, &policy).await.ok();
    assert_eq!(
        (&view["not_deployed"], &view["name"]),
        (&json!("no_record"), &json!("Gilimanuk"))
    );
    world
        .post(
            "/api/v1/sites",
            &policy,
            json!({ "name": "Gilimanuk", "kind": "checkpoint", "utc_offset_minutes": 480 }),
        )
        .await
        .refused(409, "conflict");
    world
        .post(
            "/api/v1/sites",
            &policy,
            json!({ "name": "", "kind": "checkpoint", "utc_offset_minutes": 480 }),
        )
        .await
        .refused(422, "name_missing");
    world
        .post(
            "/api/v1/sites",
            &policy,
            json!({ "name": "X", "kind": "checkpoint", "utc_offset_minutes": 7 }),
        )
        .await
        .refused(422, "bad_offset");
    let mut record = serde_json::to_value(crate::world::deployment()).unwrap();
    record["sign_posted"] = json!(false);
    let view = world
        .call(
            "PUT",
            &format!("{site}/deployment"),
            Some(&policy),
            Some(record),
        )
        .await
        .ok();
    assert_eq!(view["not_deployed"], "no_sign");
    let desk = world
        .post(
            &format!("{site}/desks"),
            &policy,
            json!({ "name": "Pos 1" }),
        )
        .await
        .ok()["desks"][0]["id"]
        .clone();
    world
        .post(
            &format!("{site}/lanes"),
            &policy,
            json!({ "name": "L", "direction": "arrival", "desk": world.desk }),
        )
        .await
        .refused(404, "not_found");
    let lanes = world
        .post(
            &format!("{site}/lanes"),
            &policy,
            json!({ "name": "L", "direction": "arrival", "desk": desk }),
        )
        .await
        .ok();
    let lane = lanes["lanes"][0]["id"].clone();
    for (input, code) in [
        (json!({ "name": "C", "direction": "arrival" }), "bad_source"),
        (
            json!({ "name": "C", "direction": "arrival", "source": "ftp://x" }),
            "bad_source",
        ),
        (
            json!({ "name": "C", "direction": "arrival", "source": "file:a.mp4", "fps": 100.0 }),
            "bad_fps",
        ),
        (
            json!({ "name": "C", "direction": "arrival", "source": "file:a.mp4", "detect_width": 5 }),
            "bad_detect_width",
        ),
    ] {
        world
            .post(&format!("{site}/cameras"), &policy, input)
            .await
            .refused(422, code);
    }
    let input =
        json!({ "name": "C", "lane": lane, "direction": "arrival", "source": "rtsp://a:b@cam/1" });
    let camera = world
        .post(&format!("{site}/cameras"), &policy, input)
        .await
        .ok();
    assert_eq!(camera["source_shown"], "rtsp://***@cam/1");
    let path = format!("/api/v1/cameras/{}", camera["id"].as_str().unwrap());
    let changed = world
        .call(
            "PATCH",
            &path,
            Some(&policy),
            Some(json!({ "name": "C2", "direction": "arrival", "enabled": false })),
        )
        .await
        .ok();
    assert_eq!(
        (
            &changed["name"],
            &changed["source_shown"],
            &changed["enabled"]
        ),
        (&json!("C2"), &json!("rtsp://***@cam/1"), &json!(false))
    );
    assert!(
        world.get(&site, &policy).await.ok()["revision"]
            .as_i64()
            .unwrap()
            > made["revision"].as_i64().unwrap()
    );
}

#[tokio::test]
async fn a_site_account_edits_its_own_site_only() {
    let world = World::new().await;
    let policy = world
        .person("policy", Role::PolicyAdmin, Some(world.site), None)
        .await;
    world
        .get(&format!("/api/v1/sites/{}", world.far_site), &policy)
        .await
        .refused(404, "not_found");
    world
        .post(
            &format!("/api/v1/sites/{}/desks", world.far_site),
            &policy,
            json!({ "name": "X" }),
        )
        .await
        .refused(404, "not_found");
    world
        .post(
            "/api/v1/sites",
            &policy,
            json!({ "name": "X", "kind": "checkpoint", "utc_offset_minutes": 480 }),
        )
        .await
        .refused(403, "forbidden");
    assert_eq!(
        world
            .get("/api/v1/sites", &policy)
            .await
            .ok()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn nothing_of_an_ended_entry_is_shown_or_kept() {
    let world = World::new().await;
    let approver = world
        .person("approver", Role::WatchlistApprover, None, None)
        .await;
    let path = format!("/api/v1/entries/{}", world.entry);
    let portrait = format!("{path}/portraits/0");
    assert_eq!(world.get(&portrait, &approver).await.status, 200);
    let end = json!({ "reason": "acquitted" });
    world
        .post(&format!("{path}/end"), &approver, end)
        .await
        .ok();
    world
        .get(&portrait, &approver)
        .await
        .refused(410, "entry_not_in_force");
    let page = world
        .get(&format!("/entries/{}", world.entry), &approver)
        .await;
    assert!(!page.text().contains("/portraits/"));
    let count = async |sql| {
        let row = world.state.db.one(sql, vec![]).await.unwrap();
        row.int("n").unwrap()
    };
    let templates = "SELECT COUNT(*) AS n FROM entry_photo WHERE length(template_sealed) > 0";
    assert_eq!(count(templates).await, 0);
    for (wait_ms, left) in [(DAY_MS - 1, 1), (1, 0)] {
        world.pass(wait_ms);
        world.tick().await;
        let photos = "SELECT COUNT(*) AS n FROM entry_photo";
        assert_eq!(count(photos).await, left);
    }
}

#[tokio::test]
async fn one_unreadable_row_stops_no_job() {
    let world = World::new().await;
    let second = world.record_entry("Orang Kedua").await;
    world.raise(1).await;
    let readable = world.raise(2).await;
    let rina = world.officer("rina").await;
    let broken = "UPDATE alert SET evidence = '{}' WHERE id = (SELECT MIN(id) FROM alert)";
    assert_eq!(world.write(broken, vec![]).await, 1);
    let level = world.get(&readable, &rina).await.ok()["level"].clone();
    world.pass(5 * MINUTE_MS);
    world.tick().await;
    assert_ne!(world.get(&readable, &rina).await.ok()["level"], level);
    // The first entry cannot lapse, because an alert on it cannot be read; the second can.
    world.pass(over_after_ms());
    world.tick().await;
    let entry = tapal_store::entry::get(&world.state.db, second).await;
    assert_eq!(entry.unwrap().end_reason.as_deref(), Some("lapsed"));
}

#[tokio::test]
async fn who_judges_does_not_see_thresholds() {
    let world = World::new().await;
    let rina = world.officer("rina").await;
    let policy = world.person("policy", Role::PolicyAdmin, None, None).await;
    let path = format!("/api/v1/sites/{}", world.site);
    for (person, seen) in [(&rina, false), (&policy, true)] {
        let view = world.get(&path, person).await.ok();
        assert_eq!(!view["thresholds"].as_array().unwrap().is_empty(), seen);
        let page = world.get(&format!("/sites/{}", world.site), person).await;
        assert_eq!(page.text().contains("thresholds-title"), seen);
    }
}

#[tokio::test]
async fn a_site_administrator_keeps_to_its_own_accounts() {
    let world = World::new().await;
    let admin = world
        .person("admin", Role::SystemAdmin, Some(world.site), None)
        .await;
    for (name, site) in [
        ("near", Some(world.site)),
        ("far", Some(world.far_site)),
        ("global", None),
    ] {
        let own = site == Some(world.site);
        let input = |username: String| json!({ "username": username, "display_name": "x", "role": "counter_officer", "site": site });
        let made = world
            .post("/api/v1/accounts", &admin, input(format!("{name}-new")))
            .await;
        assert_eq!(made.status == 201, own, "{name}");
        world.person(name, Role::CounterOfficer, site, None).await;
        let known = tapal_store::account::find(&world.state.db, name).await;
        let path = format!("/api/v1/accounts/{}", known.unwrap().unwrap().0.id);
        let near = json!({ "display_name": "x", "role": "counter_officer", "site": world.site });
        for (method, path, body) in [
            ("PATCH", path.clone(), Some(near)),
            ("POST", format!("{path}/password"), Some(json!({}))),
            ("DELETE", path.clone(), None),
        ] {
            let reply = world.call(method, &path, Some(&admin), body).await;
            assert_eq!(reply.status.is_success(), own, "{name} {method}");
        }
    }
    let seen = world.get("/api/v1/accounts", &admin).await.ok();
    let seen = seen.as_array().unwrap();
    assert!(seen.iter().all(|one| one["site"] == json!(world.site)));
}
