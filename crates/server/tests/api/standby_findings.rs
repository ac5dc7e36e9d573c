//! What people do about standby servers: announcing, enrolling, retiring, settling what was found; and the audit record that
//! each hands in.

use serde_json::{Value, json};
use tapal_domain::role::Role;
use tapal_server::name_check::list;
use tapal_store::standby::{handed, outbox};

use crate::{
    orders::order_input,
    standby_records::{Pair, citizen, count, id, over},
    world::World,
};

#[tokio::test]
async fn a_rewritten_audit_record_is_refused_and_said_once() {
    let pair = Pair::new().await;
    pair.record(pair.desk.crossing(1, "entered", citizen(1)))
        .await
        .ok();
    let rows = outbox::audit(&pair.alone().state.db, 0, 100).await.unwrap();
    let mut handed = over(pair.records().await);
    handed.audit = rows.clone();
    handed.audit[1].action.push('x');
    for _ in 0..2 {
        let (status, reply) = pair.hand(&handed).await;
        assert_eq!((status, &reply["code"]), (409, &json!("audit_broken")));
    }
    assert_eq!(pair.centre().audited("standby.audit_broken").await.len(), 1);
    assert_eq!(
        count(pair.centre(), "SELECT COUNT(*) AS n FROM crossing").await,
        0
    );
    handed.audit = rows;
    assert_eq!(pair.hand(&handed).await.0, 200);
    assert_eq!(pair.hand(&handed).await.0, 200);
    // A row that was taken before cannot come again as another one.
    handed.audit[0].hash = "00".repeat(32);
    assert_eq!(pair.hand(&handed).await.0, 409);
    let (db, own) = (&pair.centre().state.db, pair.beside.identity.id);
    assert_eq!(handed::verify(db, own).await.unwrap().fault, None);
    let auditor = pair
        .centre()
        .person("auditor", Role::Auditor, None, None)
        .await;
    let path = format!("/api/v1/standbys/{own}/audit");
    let shown = pair.centre().get(&path, &auditor).await.ok();
    assert_eq!(shown["verdict"]["fault"], Value::Null);
    assert_eq!(shown["rows"].as_array().unwrap().len(), handed.audit.len());
    // A row that was slipped in behind the last hand-over is seen.
    let slipped = "INSERT INTO standby_audit SELECT standby, seq + 1, at, actor, action, subject, detail, hash \
                   FROM standby_audit ORDER BY seq DESC LIMIT 1";
    pair.centre().write(slipped, vec![]).await;
    let shown = pair.centre().get(&path, &auditor).await.ok();
    assert!(shown["verdict"]["fault"].is_string(), "{shown}");
}

#[tokio::test]
async fn a_finding_is_settled_with_a_reason_by_somebody_who_had_no_part_in_the_record() {
    let pair = Pair::new().await;
    let world = pair.centre();
    let sari = world
        .person("sari", Role::Supervisor, Some(world.site), None)
        .await;
    let rudi = world
        .person("rudi", Role::Supervisor, Some(world.site), None)
        .await;
    let far = world
        .person("far", Role::Supervisor, Some(world.far_site), None)
        .await;
    pair.beside.pull().await.unwrap();
    let mut order = order_input("ANNA CONTOH");
    order["subject"]["document_number"] = json!("C0000001");
    pair.desk.hall.approved(order).await;
    list::catch_up(&world.state).await.unwrap();
    let body = pair.desk.crossing(1, "departed", citizen(1));
    pair.alone()
        .post("/api/v1/crossings", &sari, body)
        .await
        .ok();
    pair.push().await.unwrap();
    let all = world.get("/api/v1/standbys/findings", &rudi).await.ok();
    let path = format!(
        "/api/v1/standbys/findings/{}/settlement",
        all[0]["id"].as_str().unwrap()
    );
    let reason = json!({ "reason": "spoke to the traveller" });
    world
        .post(&path, &sari, reason.clone())
        .await
        .refused(409, "own_record");
    world
        .post(&path, &far, reason.clone())
        .await
        .refused(404, "not_found");
    world
        .post(&path, &rudi, json!({ "reason": " " }))
        .await
        .refused(422, "no_reason");
    world.post(&path, &rudi, reason.clone()).await.ok();
    world
        .post(&path, &rudi, reason)
        .await
        .refused(409, "conflict");
    let all = world.get("/api/v1/standbys/findings", &rudi).await.ok();
    assert_eq!(all[0]["reason"], "spoke to the traveller");
    assert_eq!(
        world.get("/api/v1/standbys/findings", &far).await.ok(),
        json!([])
    );
    assert_eq!(world.audited("standby.settlement_refused").await.len(), 2);
    // Whoever may not read the ledger is told neither lists nor reasons.
    let admin = world.person("admin", Role::SystemAdmin, None, None).await;
    let all = world.get("/api/v1/standbys/findings", &admin).await.ok();
    assert_eq!(
        (&all[0]["detail"], &all[0]["reason"]),
        (&json!({}), &Value::Null)
    );
    // The page says it in words, with the link to the record.
    for (person, sees) in [(&rudi, true), (&admin, false)] {
        let text = world.get("/standbys", person).await.text();
        assert_eq!(text.contains(&format!("/crossings/{}", id(1))), sees);
    }
}

#[tokio::test]
async fn a_server_is_announced_once_a_checkpoint_enrolled_by_its_token_and_retired() {
    let world = World::new().await;
    let admin = world
        .person("admin", Role::SystemAdmin, Some(world.site), None)
        .await;
    let body = json!({ "site": world.site, "name": "Hall" });
    let far = json!({ "site": world.far_site, "name": "Hall" });
    world
        .post("/api/v1/standbys", &admin, far)
        .await
        .refused(404, "not_found");
    let made = world
        .post("/api/v1/standbys", &admin, body.clone())
        .await
        .ok();
    world
        .post("/api/v1/standbys", &admin, body)
        .await
        .refused(409, "standby_refused");
    let key = |seed: u8| {
        use base64::Engine as _;
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key();
        base64::engine::general_purpose::STANDARD.encode(key.as_bytes())
    };
    let enrol = |token: &Value, seed| json!({ "token": token, "public_key": key(seed) });
    let path = "/api/v1/standbys/enrol";
    let token = &made["token"];
    let bad = json!({ "token": token, "public_key": "AAAA" });
    world
        .call("POST", path, None, Some(bad))
        .await
        .refused(422, "bad_key");
    world
        .call("POST", path, None, Some(enrol(&json!("guess"), 3)))
        .await
        .refused(403, "bad_token");
    let reply = world.call("POST", path, None, Some(enrol(token, 3))).await;
    assert_eq!(reply.headers["cache-control"], "no-store");
    let first = reply.ok();
    assert_eq!(
        (
            &first["site"],
            first["documents_key"].as_str().unwrap().len()
        ),
        (&json!(world.site), 64)
    );
    // A reply can be lost: the same key again; never another one.
    assert_eq!(
        world
            .call("POST", path, None, Some(enrol(token, 3)))
            .await
            .ok(),
        first
    );
    world
        .call("POST", path, None, Some(enrol(token, 4)))
        .await
        .refused(403, "bad_token");
    let all = world.get("/api/v1/standbys", &admin).await.ok();
    assert!(all[0]["enrolled_at"].is_i64() && all[0].get("public_key").is_none());
    let own = format!("/api/v1/standbys/{}", made["standby"].as_str().unwrap());
    world.call("DELETE", &own, Some(&admin), None).await.ok();
    world
        .call("DELETE", &own, Some(&admin), None)
        .await
        .refused(404, "not_found");
    for lang in ["id", "en"] {
        world.call("GET", "/standbys", Some(&admin), None).await;
        let text = world.get("/standbys", &admin).await.text();
        assert!(!text.contains("[standby-"), "{lang}: {text}");
    }
}
