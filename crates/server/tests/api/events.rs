//! Live events: nothing is lost or doubled over a reconnect, and nobody is told what they may not know.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{Request, header},
};
use futures_util::StreamExt;
use serde_json::json;
use tapal_domain::role::Role;
use tower::ServiceExt;

use crate::world::{Person, World};

struct Console {
    body: BodyDataStream,
    text: String,
}

impl Console {
    async fn open(world: &World, person: &Person, last: Option<i64>) -> Self {
        let mut request = Request::builder()
            .uri("/api/v1/events")
            .header(header::COOKIE, &person.cookie);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let reply = world
            .app
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(reply.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self {
            body: reply.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next event as (id, kind, data).
    async fn next(&mut self) -> (i64, String, String) {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .unwrap_or_default()
                        .trim()
                        .to_owned()
                };
                if block.contains("event:") {
                    return (
                        field("id:").parse().unwrap(),
                        field("event:"),
                        field("data:"),
                    );
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.body.next())
                .await
                .expect("an event in time");
            self.text
                .push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn a_reconnect_replays_what_was_missed_and_nothing_twice() {
    let world = World::new().await;
    tokio::spawn(world.state.hub.clone().run());
    let rina = world.officer("rina").await;
    let mut console = Console::open(&world, &rina, None).await;
    let (mut last, hello, _) = console.next().await;
    assert_eq!(hello, "hello");
    let mut seen = Vec::new();
    for round in 0..6_u128 {
        world.raise(round * 3 + 1).await;
        let (id, kind, data) = console.next().await;
        assert_eq!(kind, "alert.raised");
        assert!(id > last && data.contains("\"alert\""), "{data}");
        last = id;
        seen.push(id);
        // The console is away for two alerts, then resumes.
        drop(console);
        world.raise(round * 3 + 2).await;
        console = Console::open(&world, &rina, Some(last)).await;
        world.raise(round * 3 + 3).await;
        assert_eq!(console.next().await.1, "hello");
        for _ in 0..2 {
            let (id, ..) = console.next().await;
            last = id;
            seen.push(id);
        }
    }
    let all: Vec<i64> = tapal_store::event::after(&world.state.db, 0, 1_000)
        .await
        .unwrap()
        .iter()
        .filter(|e| e.kind == "alert.raised")
        .map(|e| e.seq)
        .collect();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn events_keep_to_site_and_right() {
    let world = World::new().await;
    tokio::spawn(world.state.hub.clone().run());
    let far = world
        .person("jauh", Role::CounterOfficer, Some(world.far_site), None)
        .await;
    let admin = world.person("admin", Role::SystemAdmin, None, None).await;
    let policy = world.person("policy", Role::PolicyAdmin, None, None).await;
    let (mut far_console, mut admin_console) = (
        Console::open(&world, &far, Some(0)).await,
        Console::open(&world, &admin, Some(0)).await,
    );
    world.raise(1).await;
    for site in [world.site, world.far_site] {
        world
            .post(
                &format!("/api/v1/sites/{site}/desks"),
                &policy,
                json!({ "name": "Last desk" }),
            )
            .await
            .ok();
    }
    let head = tapal_store::event::head(&world.state.db).await.unwrap();
    for (console, own) in [
        (&mut far_console, Some(world.far_site)),
        (&mut admin_console, None),
    ] {
        assert_eq!(console.next().await.1, "hello");
        loop {
            let (id, kind, data) = console.next().await;
            assert!(
                !kind.starts_with("alert.") && !kind.starts_with("entry."),
                "{kind}"
            );
            assert!(
                own.is_none_or(|site| data.contains(&site.to_string())),
                "{data}"
            );
            if id == head {
                break;
            }
        }
    }
    let clerk = world
        .person("clerk", Role::WatchlistClerk, None, None)
        .await;
    world
        .get("/api/v1/events", &clerk)
        .await
        .refused(403, "forbidden");
}

#[tokio::test]
async fn a_console_that_is_too_far_behind_is_told_to_load_anew() {
    let world = World::new().await;
    let rina = world.officer("rina").await;
    world.raise(1).await;
    assert_eq!(
        Console::open(&world, &rina, Some(999_999))
            .await
            .next()
            .await
            .1,
        "stale"
    );
    world.pass(2 * tapal_domain::time::DAY_MS);
    world.tick().await;
    world.pass(1);
    let rina = world.sign_in("rina", crate::world::PASSWORD).await;
    world.raise(2).await;
    assert_eq!(
        Console::open(&world, &rina, Some(1)).await.next().await.1,
        "stale"
    );
}

#[tokio::test]
async fn a_console_behind_an_emptied_table_is_told_to_load_anew() {
    let world = World::new().await;
    let rina = world.officer("rina").await;
    world.raise(1).await;
    world.write("DELETE FROM event", vec![]).await;
    let head = tapal_store::event::head(&world.state.db).await.unwrap();
    for (last, expect) in [(head - 1, "stale"), (head, "hello")] {
        let mut console = Console::open(&world, &rina, Some(last)).await;
        assert_eq!(console.next().await.1, expect, "{last} of {head}");
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_session_however_busy_it_is() {
    let world = World::new().await;
    tokio::spawn(world.state.hub.clone().run());
    for (n, sql) in [
        (1, "DELETE FROM session"),
        (2, "UPDATE account SET site = NULL, desk = NULL"),
        (3, "UPDATE account SET must_change = 1"),
    ] {
        let rina = world.officer(&format!("rina{n}")).await;
        let mut console = Console::open(&world, &rina, None).await;
        assert_eq!(console.next().await.1, "hello");
        world.write(sql, vec![]).await;
        world.pass(59_999);
        world.raise(n * 2).await;
        assert_eq!(console.next().await.1, "alert.raised", "{sql}");
        world.pass(1);
        world.raise(n * 2 + 1).await;
        let end = tokio::time::timeout(Duration::from_secs(10), console.body.next()).await;
        assert!(end.unwrap().is_none(), "{sql}");
    }
}
