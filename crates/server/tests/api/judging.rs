//! From an alert to two people's judgement.

use serde_json::json;
use tapal_domain::{entry::ListKind, role::Role, time::MINUTE_MS};

use crate::world::{NAME, ORDER, World, jpeg};

const BLIND: [&str; 8] = [
    NAME, ORDER, "wanted", "police", "0.4", "X1234567", "score", "\"list\"",
];

#[tokio::test]
async fn two_people_see_the_photographs_and_agree() {
    let world = World::new().await;
    let (rina, budi) = (world.officer("rina").await, world.officer("budi").await);
    let alert = world.raise(1).await;
    let queue = world.get("/api/v1/alerts", &rina).await.ok();
    assert_eq!(
        (&queue[0]["status"], &queue[0]["mine"]),
        (&json!("raised"), &json!("your_desk"))
    );
    assert_eq!(queue[0]["allowed"], json!(["acknowledge"]));
    let view = world.get(&alert, &rina).await.ok();
    assert_eq!(
        (&view["probes"], &view["enrolled"], &view["band"]),
        (&json!(2), &json!(1), &json!("possible"))
    );
    // FMR 1e-5 at 0.4, 1000 entries: about 1 in 100.
    assert_eq!(
        (&view["chance_one_in"], &view["chance_at_most"]),
        (&json!(100), &json!(false))
    );
    assert_eq!(
        world.get(&format!("{alert}/probes/1"), &rina).await.bytes,
        jpeg("probe two")
    );
    let enrolled = world.get(&format!("{alert}/enrolled/0"), &rina).await;
    assert_eq!(
        (enrolled.bytes, &enrolled.headers["cache-control"]),
        (jpeg("portrait"), &"private, no-store".parse().unwrap())
    );
    world
        .get(&format!("{alert}/probes/2"), &rina)
        .await
        .refused(404, "not_found");

    world
        .post(&format!("{alert}/acknowledgement"), &rina, json!({}))
        .await
        .ok();
    let mine = world.get("/api/v1/alerts", &budi).await.ok();
    assert_eq!(mine, json!([]), "taken by somebody else");
    world
        .opine(&alert, &rina, "same", "the scar over the left brow")
        .await
        .ok();
    assert_eq!(
        world.get("/api/v1/alerts", &budi).await.ok()[0]["mine"],
        "second_opinion"
    );
    assert_eq!(world.get("/api/v1/alerts", &rina).await.ok(), json!([]));

    let settled = world.opine(&alert, &budi, "same", "ears").await.ok();
    assert_eq!(settled["status"], "similar");
    assert_eq!(
        (
            &settled["entry"]["person"]["full_name"],
            &settled["entry"]["list"]
        ),
        (&json!(NAME), &json!("wanted"))
    );
    assert_eq!(
        settled["opinions"][0]["reason"],
        "the scar over the left brow"
    );
    assert_eq!(world.audited("alert.opinion_given").await.len(), 2);
    assert_eq!(
        world.audited("biometric.read").await.len(),
        3,
        "probe, enrolled, and the identity after the second opinion"
    );
}

#[tokio::test]
async fn what_a_judge_must_not_know_is_nowhere_in_the_replies() {
    let world = World::new().await;
    let (rina, budi) = (world.officer("rina").await, world.officer("budi").await);
    let alert = world.raise(1).await;
    world
        .post(&format!("{alert}/acknowledgement"), &rina, json!({}))
        .await
        .ok();
    world
        .opine(&alert, &rina, "different", "zzz-first-reason")
        .await
        .ok();
    for path in [
        alert.as_str(),
        "/api/v1/alerts",
        "/api/v1/alerts?queue=all",
        "/api/v1/cameras",
        "/api/v1/attempts",
    ] {
        let reply = world.get(path, &budi).await;
        assert!(reply.status.is_success(), "{path}");
        let text = reply.text();
        for word in BLIND.iter().chain(&["zzz-first-reason", "different"]) {
            // The camera's list of counters and the account's own words are not about the entry.
            assert!(!text.contains(word), "{path} tells {word}: {text}");
        }
    }
    let events = tapal_store::event::after(&world.state.db, 0, 1_000)
        .await
        .unwrap();
    let text = serde_json::to_string(&events).unwrap();
    assert!(
        !text.contains(NAME) && !text.contains("zzz") && !text.contains("different"),
        "{text}"
    );
}

#[tokio::test]
async fn the_same_person_twice_is_refused_and_both_tries_are_recorded() {
    let world = World::new().await;
    let rina = world.officer("rina").await;
    let alert = world.raise(1).await;
    world
        .post(&format!("{alert}/acknowledgement"), &rina, json!({}))
        .await
        .ok();
    world.opine(&alert, &rina, "same", "ears").await.ok();
    let refused = world
        .opine(&alert, &rina, "same", "ears")
        .await
        .refused(409, "same_officer");
    assert_eq!(refused["status"], "first_opinion");
    assert_eq!(world.audited("alert.opinion_given").await.len(), 1);
    let tries = world.audited("alert.action_refused").await;
    assert_eq!(tries.len(), 1);
    assert!(
        tries[0]["detail"]
            .as_str()
            .unwrap()
            .contains("same_officer")
    );
}

#[tokio::test]
async fn refusals_tell_the_present_state() {
    let world = World::new().await;
    let (rina, budi) = (world.officer("rina").await, world.officer("budi").await);
    let alert = world.raise(1).await;
    assert_eq!(
        world
            .opine(&alert, &rina, "same", "x")
            .await
            .refused(409, "not_allowed_now")["status"],
        "raised"
    );
    world
        .post(&format!("{alert}/acknowledgement"), &rina, json!({}))
        .await
        .ok();
    let late = world
        .post(&format!("{alert}/acknowledgement"), &budi, json!({}))
        .await
        .refused(409, "not_allowed_now");
    assert_eq!(late["status"], "acknowledged");
    world
        .opine(&alert, &rina, "same", "  ")
        .await
        .refused(422, "incomplete");
    world
        .opine(&alert, &rina, "certainly", "x")
        .await
        .refused(400, "bad_json");
    world
        .opine(&alert, &rina, "same", &"x".repeat(1_001))
        .await
        .refused(422, "reason_too_long");
}

#[tokio::test]
async fn a_disagreement_goes_to_a_supervisor_who_sees_both() {
    let world = World::new().await;
    let (rina, budi) = (world.officer("rina").await, world.officer("budi").await);
    let boss = world
        .person("sari", Role::Supervisor, Some(world.site), None)
        .await;
    let alert = world.raise(1).await;
    world
        .post(&format!("{alert}/acknowledgement"), &rina, json!({}))
        .await
        .ok();
    world.opine(&alert, &rina, "same", "brow").await.ok();
    let view = world.opine(&alert, &budi, "different", "ears").await.ok();
    assert_eq!(
        (&view["status"], &view["opinions"], &view["entry"]),
        (&json!("disagreed"), &json!(null), &json!(null))
    );
    let view = world.get(&alert, &boss).await.ok();
    assert_eq!(
        (
            view["opinions"].as_array().unwrap().len(),
            &view["mine"],
            &view["entry"]
        ),
        (2, &json!("disagreement"), &json!(null))
    );
    let judged = json!({ "opinion": "same", "reason": "scar" });
    world
        .post(&format!("{alert}/resolution"), &budi, judged.clone())
        .await
        .refused(403, "forbidden");
    world
        .post(
            &format!("{alert}/resolution"),
            &boss,
            json!({ "opinion": "cannot_tell", "reason": "x" }),
        )
        .await
        .refused(422, "incomplete");
    let view = world
        .post(&format!("{alert}/resolution"), &boss, judged)
        .await
        .ok();
    assert_eq!(
        (&view["status"], &view["entry"]["list"]),
        (&json!("similar"), &json!(ListKind::Wanted))
    );
}

#[tokio::test]
async fn nobody_takes_it_and_it_moves_up_then_ends_undecided() {
    let world = World::new().await;
    let rina = world.officer("rina").await;
    let boss = world
        .person("sari", Role::Supervisor, Some(world.site), None)
        .await;
    let centre = world
        .person("pusat", Role::CameraOperator, None, None)
        .await;
    let far = world
        .person("jauh", Role::CounterOfficer, Some(world.far_site), None)
        .await;
    let alert = world.raise(1).await;
    let queues = async || {
        let mut has = Vec::new();
        for person in [&rina, &boss, &centre, &far] {
            has.push(
                !world
                    .get("/api/v1/alerts", person)
                    .await
                    .ok()
                    .as_array()
                    .unwrap()
                    .is_empty(),
            );
        }
        has
    };
    assert_eq!(queues().await, [true, false, false, false]);
    for (wait_ms, expect) in [
        (20_000, [true, true, false, false]),
        (100_000, [true, true, true, false]),
    ] {
        world.pass(wait_ms);
        world.tick().await;
        assert_eq!(queues().await, expect, "after {wait_ms}");
    }
    world.get(&alert, &far).await.refused(404, "not_found");
    world.pass(30 * MINUTE_MS);
    // These people have been away too long.
    world
        .get("/api/v1/alerts", &rina)
        .await
        .refused(401, "not_signed_in");
    world.tick().await;
    let rina = world.sign_in("rina", crate::world::PASSWORD).await;
    let view = world.get(&alert, &rina).await.ok();
    assert_eq!(
        (&view["status"], &view["entry"], &view["allowed"]),
        (&json!("unresolved_expired"), &json!(null), &json!([]))
    );
}
