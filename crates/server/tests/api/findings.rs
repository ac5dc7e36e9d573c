//! The enrolment audit: what it flags, that a held entry is on no node, and who lets it out.

use serde_json::{Value, json};
use tapal_domain::{entry::ListKind, id::EntryId, role::Role};
use tapal_server::enrol::background::Background;

use crate::world::{MODEL, NAME, NOON, Person, StubEnrol, World, jpeg, over_after_ms};
use tapal_server::enrol::Enrol;

/// Records an entry with one photograph; its detail.
async fn record(world: &World, clerk: &Person, name: &str, photo: &str) -> Value {
    let id = world.record_by(clerk, name, photo).await;
    world
        .get(&format!("/api/v1/entries/{id}"), clerk)
        .await
        .ok()
}

fn id(detail: &Value) -> EntryId {
    detail["entry"]["id"].as_str().unwrap().parse().unwrap()
}

async fn on_the_node(world: &World, entry: EntryId) -> bool {
    let reply = world
        .device(&world.node, "GET", "/api/v1/edge/list?since=0", Value::Null)
        .await
        .ok();
    reply["body"].as_str().unwrap().contains(&entry.to_string())
}

/// Installs a background in which so many of the people resemble whoever has the photograph `photo`.
fn install(world: &World, photo: &str, people: usize, alike: usize) {
    let template = |n: usize| {
        let picture = match n < alike {
            true => jpeg(&format!("{n} like {photo} 0.35")),
            false => jpeg(&format!("somebody {n}")),
        };
        StubEnrol.enrol(&picture).unwrap().template
    };
    let made = Background::new(MODEL, "rendered", (0..people).map(template).collect()).unwrap();
    made.install(world.state.db.vault(), world.dir.path())
        .unwrap();
}

#[tokio::test]
async fn a_photograph_like_another_entry_is_held_until_somebody_decides() {
    let world = World::new().await;
    let clerk = world
        .person("clerk", Role::WatchlistClerk, None, None)
        .await;
    let approver = world
        .person("approver", Role::WatchlistApprover, None, None)
        .await;
    let version =
        |reply: &Value| -> Value { serde_json::from_str(reply["body"].as_str().unwrap()).unwrap() };
    let list = async || {
        let path = "/api/v1/edge/list?since=1";
        let reply = world.device(&world.node, "GET", path, Value::Null).await;
        version(&reply.ok())
    };
    let before = list().await["version"].clone();
    // The same person enrolled twice looks just like this.
    let twin = record(&world, &clerk, "Kembaran", "like photo 0.95").await;
    assert_eq!(twin["held_at"], world.now().0, "{twin}");
    assert_eq!(twin["in_force_now"], false);
    let finding = &twin["audit"][0]["finding"];
    assert_eq!(finding["resembles"], json!([world.entry]));
    assert_eq!(finding["not_counted"], "too_few");
    let twin = id(&twin);
    assert!(!on_the_node(&world, twin).await);
    let delta = list().await;
    assert_eq!(delta["version"], before, "nothing moved for the node");
    assert_eq!(delta["removals"], json!([]));
    // Should a node raise it all the same, nobody is shown anything.
    let mut report = world.report(1);
    report.entry = twin;
    let sent = serde_json::to_value(&report).unwrap();
    let reply = world.device(&world.node, "POST", "/api/v1/alerts", sent);
    assert_eq!(reply.await.ok(), "withdrawn");
    // A list that a site begins to search does not bring it either.
    let mut record = crate::world::deployment();
    for lists in [vec![ListKind::ExitBan], crate::world::deployment().lists] {
        record.lists = lists;
        let by = tapal_store::By::System;
        tapal_server::site::deploy_by(&world.state, by, world.site, record.clone())
            .await
            .unwrap();
    }
    assert!(!on_the_node(&world, twin).await);

    let path = format!("/api/v1/entries/{twin}/decision");
    let yes = json!({ "accept": true, "reason": "Two orders about one person, both in force" });
    world
        .post(&path, &clerk, yes.clone())
        .await
        .refused(403, "forbidden");
    world
        .post(&path, &approver, json!({ "accept": true, "reason": "  " }))
        .await
        .refused(422, "reason_missing");
    assert!(!on_the_node(&world, twin).await);
    let decided = world.post(&path, &approver, yes.clone()).await.ok();
    assert_eq!(
        (&decided["held_at"], &decided["in_force_now"]),
        (&Value::Null, &json!(true))
    );
    assert!(on_the_node(&world, twin).await);
    world
        .post(&path, &approver, yes)
        .await
        .refused(409, "not_held");
    assert_eq!(world.audited("entry.audit_accepted").await.len(), 1);
    assert_eq!(world.audited("entry.decision_refused").await.len(), 1);
    let audit = world.audited("entry.audit_accepted").await;
    assert!(
        !audit[0].to_string().contains("Two orders"),
        "no words of people"
    );
}

#[tokio::test]
async fn a_lamb_is_held_and_a_refused_one_ends_without_a_trace_on_the_nodes() {
    let world = World::new().await;
    let clerk = world
        .person("clerk", Role::WatchlistClerk, None, None)
        .await;
    let approver = world
        .person("approver", Role::WatchlistApprover, None, None)
        .await;
    // The stub's calibration says 1 in 10,000 at 0.3: of 60 people hardly one is expected, 2 are odd.
    install(&world, "lamb", 60, 3);
    let ordinary = record(&world, &clerk, "Orang Biasa", "ordinary").await;
    assert_eq!(ordinary["held_at"], Value::Null, "{ordinary}");
    let finding = &ordinary["audit"][0]["finding"];
    assert_eq!(
        (&finding["people"], &finding["not_counted"]),
        (&json!(61), &Value::Null)
    );
    let lamb = record(&world, &clerk, "Domba", "lamb").await;
    assert_ne!(lamb["held_at"], Value::Null, "{lamb}");
    let finding = &lamb["audit"][0]["finding"];
    assert_eq!(finding["points"][0]["seen"], 3);
    assert_eq!(
        (&finding["alerts"], &finding["resembles"]),
        (&json!(0), &json!([]))
    );
    let lamb = id(&lamb);
    let page = world
        .get(&format!("/entries/{lamb}"), &approver)
        .await
        .text();
    assert!(
        page.contains("held back") && page.contains("Let it go out"),
        "{page}"
    );
    assert!(!page.contains("0.35"), "no score");
    let clerks = world.get(&format!("/entries/{lamb}"), &clerk).await.text();
    assert!(!clerks.contains("Let it go out"));
    let list = world.get("/entries", &clerk).await.text();
    assert!(list.contains("Entries that wait for a decision: 1"));
    let path = format!("/api/v1/entries/{lamb}/decision");
    let no = json!({ "accept": false, "reason": "A better photograph is on its way" });
    let refused = world.post(&path, &approver, no).await.ok();
    assert_eq!(refused["end_reason"], "refused");
    assert!(!on_the_node(&world, lamb).await);
    let delta = world
        .device(&world.node, "GET", "/api/v1/edge/list?since=1", Value::Null)
        .await
        .ok();
    assert!(!delta["body"].as_str().unwrap().contains(&lamb.to_string()));
    assert_eq!(world.audited("entry.audit_refused").await.len(), 1);
    let page = world
        .get(&format!("/entries/{lamb}"), &approver)
        .await
        .text();
    assert!(
        page.contains("A better photograph is on its way") && page.contains("Officer approver")
    );
}

#[tokio::test]
async fn somebody_of_the_background_who_would_raise_an_alert_holds_the_entry() {
    let world = World::new().await;
    let clerk = world
        .person("clerk", Role::WatchlistClerk, None, None)
        .await;
    let picture = jpeg("the one like target 0.6");
    let template = StubEnrol.enrol(&picture).unwrap().template;
    let made = Background::new(MODEL, "one", vec![template]).unwrap();
    made.install(world.state.db.vault(), world.dir.path())
        .unwrap();
    let found = record(&world, &clerk, "Sasaran", "target").await;
    assert_eq!(found["audit"][0]["finding"]["alerts"], 1);
    assert_ne!(found["held_at"], Value::Null);
    // A damaged background is no background: it is said, and nothing is held for it.
    let folder = world.dir.path().join("background");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    std::fs::write(file.path(), b"damaged").unwrap();
    let found = record(&world, &clerk, "Orang Lain", "other").await;
    assert_eq!(found["audit"][0]["finding"]["not_counted"], "too_few");
}

#[tokio::test]
async fn who_recorded_an_entry_never_lets_it_out_even_with_another_role() {
    let world = World::new().await;
    let clerk = world
        .person("clerk", Role::WatchlistClerk, None, None)
        .await;
    let twin = id(&record(&world, &clerk, "Kembaran", "like photo 0.95").await);
    let role = tapal_store::db::Value::from("watchlist_approver");
    let changed = world
        .write(
            "UPDATE account SET role = $1 WHERE username = 'clerk'",
            vec![role],
        )
        .await;
    assert_eq!(changed, 1);
    let path = format!("/api/v1/entries/{twin}/decision");
    let yes = json!({ "accept": true, "reason": "mine" });
    world
        .post(&path, &clerk, yes)
        .await
        .refused(409, "own_entry");
    assert!(!on_the_node(&world, twin).await);
}

#[tokio::test]
async fn a_held_entry_that_lapses_or_ends_leaves_quietly() {
    let world = World::new().await;
    let clerk = world
        .person("clerk", Role::WatchlistClerk, None, None)
        .await;
    let twin = record(&world, &clerk, "Kembaran", "like photo 0.95").await;
    world.pass(over_after_ms() + NOON - world.now().0);
    world.tick().await;
    let approver = world
        .person("approver", Role::WatchlistApprover, None, None)
        .await;
    let path = format!("/api/v1/entries/{}", id(&twin));
    let lapsed = world.get(&path, &approver).await.ok();
    assert_eq!(
        (&lapsed["end_reason"], &lapsed["held_at"]),
        (&json!("lapsed"), &Value::Null)
    );
    let yes = json!({ "accept": true, "reason": "late" });
    let reply = world
        .post(&format!("{path}/decision"), &approver, yes)
        .await;
    reply.refused(409, "not_held");
    assert_ne!(NAME, "Kembaran");
}
