//! Signing in and out, throttling, one-time passwords.

use axum::http::header;
use serde_json::{Value, json};
use tapal_domain::{role::Role, time::MINUTE_MS};

use crate::world::{PASSWORD, World};

async fn try_sign_in(world: &World, username: &str, password: &str) -> crate::world::Reply {
    world
        .call(
            "POST",
            "/api/v1/session",
            None,
            Some(json!({ "username": username, "password": password })),
        )
        .await
}

#[tokio::test]
async fn a_session_starts_and_ends() {
    let world = World::new().await;
    let rina = world.officer("rina").await;
    let reply = try_sign_in(&world, " RINA ", PASSWORD).await;
    let cookie = reply.headers[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    for part in [
        "__Host-tapal=",
        "Secure",
        "HttpOnly",
        "SameSite=Strict",
        "Path=/",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(
        world.get("/api/v1/session", &rina).await.ok()["username"],
        "rina"
    );
    world
        .call("DELETE", "/api/v1/session", Some(&rina), None)
        .await
        .ok();
    world
        .get("/api/v1/session", &rina)
        .await
        .refused(401, "not_signed_in");
}

#[tokio::test]
async fn a_session_ends_when_idle_and_at_its_age() {
    let world = World::new().await;
    let idle = world.officer("rina").await;
    let busy = world.officer("budi").await;
    for _ in 0..29 {
        world.pass(25 * MINUTE_MS);
        if world.now().0 - crate::world::NOON < 12 * 60 * MINUTE_MS {
            world.get("/api/v1/session", &busy).await.ok();
        }
        if world.now().0 - crate::world::NOON > 30 * MINUTE_MS {
            world
                .get("/api/v1/session", &idle)
                .await
                .refused(401, "not_signed_in");
        }
    }
    world
        .get("/api/v1/session", &busy)
        .await
        .refused(401, "not_signed_in");
}

#[tokio::test]
async fn wrong_name_and_wrong_password_look_alike_and_slow_down() {
    let world = World::new().await;
    world.officer("rina").await;
    let without_id = |mut body: Value| {
        body["request_id"] = Value::Null;
        body
    };
    for _ in 0..3 {
        let wrong = without_id(
            try_sign_in(&world, "rina", "wrong")
                .await
                .refused(401, "wrong_sign_in"),
        );
        assert_eq!(
            wrong,
            without_id(
                try_sign_in(&world, "nobody", "wrong")
                    .await
                    .refused(401, "wrong_sign_in")
            )
        );
    }
    for name in ["rina", "nobody"] {
        let reply = try_sign_in(&world, name, PASSWORD).await;
        assert_eq!(reply.headers[header::RETRY_AFTER], "2");
        reply.refused(429, "wait");
    }
    world.pass(2_000);
    try_sign_in(&world, "rina", PASSWORD).await.ok();
    assert_eq!(
        world.audited("session.refused").await.len(),
        6,
        "a real account or not"
    );
}

#[tokio::test]
async fn a_one_time_password_opens_nothing_but_its_change() {
    let world = World::new().await;
    let admin = world.person("admin", Role::SystemAdmin, None, None).await;
    let input = json!({ "username": "baru", "display_name": "Baru", "role": "counter_officer", "site": world.site, "language": "en" });
    let made = world
        .post("/api/v1/accounts", &admin, input.clone())
        .await
        .ok();
    let once = made["password"].as_str().unwrap().to_owned();
    world
        .post("/api/v1/accounts", &admin, input)
        .await
        .refused(409, "username_taken");
    let new = world.sign_in("baru", &once).await;
    assert_eq!(
        world.get("/api/v1/session", &new).await.ok()["must_change"],
        true
    );
    world
        .get("/api/v1/alerts", &new)
        .await
        .refused(403, "password_change_needed");
    let change = async |old: &str, to: &str| {
        world
            .call(
                "PUT",
                "/api/v1/session/password",
                Some(&new),
                Some(json!({ "old": old, "new": to })),
            )
            .await
    };
    change(&once, "short").await.refused(422, "weak_password");
    change("wrong", "a sentence of my own")
        .await
        .refused(403, "wrong_password");
    change(&once, &once).await.refused(422, "password_same");
    change(&once, "a sentence of my own").await.ok();
    world
        .get("/api/v1/session", &new)
        .await
        .refused(401, "not_signed_in");
    let again = world.sign_in("baru", "a sentence of my own").await;
    world.get("/api/v1/alerts", &again).await.ok();
    let id = made["account"].as_str().unwrap();
    world
        .call(
            "DELETE",
            &format!("/api/v1/accounts/{id}"),
            Some(&admin),
            None,
        )
        .await
        .ok();
    world
        .get("/api/v1/alerts", &again)
        .await
        .refused(401, "not_signed_in");
    try_sign_in(&world, "baru", "a sentence of my own")
        .await
        .refused(401, "wrong_sign_in");
}

#[tokio::test]
async fn the_count_of_a_shared_address_falls_again() {
    use tapal_store::{account, session};
    let world = World::new().await;
    world.officer("rina").await;
    let db = &world.state.db;
    let (rina, _) = account::find(db, "rina").await.unwrap().unwrap();
    let names = [account::throttle_name("rina"), "net:10.0.0.1".to_owned()];
    for _ in 0..20 {
        account::sign_in_failed(db, world.now(), &names, None)
            .await
            .unwrap();
    }
    let counts = async || {
        let mut counts = [0, 0];
        for (count, name) in counts.iter_mut().zip(&names) {
            *count = account::failures(db, name, world.now()).await.unwrap().0;
        }
        counts
    };
    assert_eq!(counts().await, [20, 20]);
    world.pass(10 * MINUTE_MS);
    assert_eq!(counts().await, [20, 10]);
    account::sign_in_failed(db, world.now(), &names, None)
        .await
        .unwrap();
    assert_eq!(counts().await, [21, 11]);
    session::start(db, world.now(), rina.id, &[7; 32], "x", &names)
        .await
        .unwrap();
    assert_eq!(counts().await, [0, 5]);
}
