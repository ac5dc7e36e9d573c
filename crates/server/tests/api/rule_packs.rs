//! Changes of the law's data: two people, whole packs only, and what was decided before stays.

use serde_json::{Value, json};
use tapal_domain::{role::Role, rule_pack};

use crate::world::{Person, World};

/// A pack for a far day, so that no other test meets it.
fn far(id: &str, from: &str) -> String {
    let text = rule_pack::shipped_text("id-2025").unwrap();
    text.replacen("id = \"id-2025\"", &format!("id = \"{id}\""), 1)
        .replacen(
            "effective_from = \"2024-10-17\"",
            &format!("effective_from = \"{from}\""),
            1,
        )
}

async fn propose(world: &World, who: &Person, text: &str) -> crate::world::Reply {
    let body = json!({ "text": text, "reason": "a new decree" });
    world.post("/api/v1/rule-packs/proposals", who, body).await
}

async fn decide(world: &World, who: &Person, id: &Value, what: &str) -> crate::world::Reply {
    let path = format!(
        "/api/v1/rule-packs/proposals/{}/decision",
        id.as_str().unwrap()
    );
    let body = json!({ "decision": what, "reason": "read the decree" });
    world.post(&path, who, body).await
}

async fn ids(world: &World, who: &Person) -> Vec<String> {
    let packs = world.get("/api/v1/rule-packs", who).await.ok();
    let packs = packs.as_array().unwrap();
    packs
        .iter()
        .map(|pack| pack["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_pack_is_in_place_only_when_another_person_approved_it() {
    let world = World::new().await;
    let one = world.person("one", Role::PolicyAdmin, None, None).await;
    let other = world.person("other", Role::PolicyAdmin, None, None).await;
    let made = propose(&world, &one, &far("id-test-a", "2100-01-01"))
        .await
        .ok();
    propose(&world, &other, &far("id-test-a", "2100-01-02"))
        .await
        .refused(409, "proposal_waiting");
    assert!(!ids(&world, &one).await.contains(&"id-test-a".into()));
    decide(&world, &one, &made["id"], "approve")
        .await
        .refused(409, "same_person");
    decide(&world, &other, &made["id"], "withdraw")
        .await
        .refused(409, "not_proposer");
    assert_eq!(world.audited("rule_pack.refused").await.len(), 2);
    decide(&world, &other, &made["id"], "approve").await.ok();
    assert!(ids(&world, &one).await.contains(&"id-test-a".into()));
    decide(&world, &other, &made["id"], "reject")
        .await
        .refused(409, "already_decided");
    assert_eq!(world.audited("rule_pack.approved").await.len(), 1);
    // Another instance, or the next start, reads the same.
    tapal_server::rule_pack::keep::load(&world.state)
        .await
        .unwrap();
    assert!(ids(&world, &one).await.contains(&"id-test-a".into()));
}

#[tokio::test]
async fn a_pack_below_the_floor_or_not_whole_is_refused_with_the_reason() {
    let world = World::new().await;
    let one = world.person("one", Role::PolicyAdmin, None, None).await;
    let good = far("id-test-b", "2101-01-01");
    let citizen = good.replacen(
        "actions = [\"log\", \"notify_agency\"]",
        "actions = [\"refuse_entry\"]",
        1,
    );
    assert_ne!(citizen, good);
    let reply = propose(&world, &one, &citizen).await;
    assert!(reply.text().contains("citizen"), "{}", reply.text());
    reply.refused(422, "bad_pack");
    propose(&world, &one, "id = 3")
        .await
        .refused(422, "bad_pack");
    let same_day = far("id-test-b", "2024-10-17");
    propose(&world, &one, &same_day)
        .await
        .refused(422, "bad_pack");
    let shipped = rule_pack::shipped_text("id-2021").unwrap();
    propose(&world, &one, shipped)
        .await
        .refused(422, "no_change");
    // And the pages say it, too, with what was typed.
    let page = world.get("/rule-packs/id-2025", &one).await;
    assert!(page.text().contains("effective_from"));
}
