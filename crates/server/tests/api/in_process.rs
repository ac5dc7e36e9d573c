//! People in process: looked at when they come and when an order comes into force, by a person, and deleted when the
//! process is over.

use serde_json::{Value, json};
use tapal_domain::{
    role::Role,
    time::{DAY_MS, HOUR_MS},
};
use tapal_server::in_process::rescreen;

use crate::{
    name_checks::{Hall, lost_document},
    orders::order_input,
    world::{ORDER, Person, local_day},
};

struct Counter {
    hall: Hall,
    program: Person,
    sari: Person,
}

impl Counter {
    async fn new() -> Self {
        let hall = Hall::new().await;
        let world = &hall.world;
        let program = world
            .person("visa", Role::ConnectedProgram, None, None)
            .await;
        let sari = world
            .person("sari", Role::Supervisor, Some(world.site), None)
            .await;
        Counter {
            hall,
            program,
            sari,
        }
    }

    fn input(&self, reference: &str, name: &str) -> Value {
        json!({ "kind": "visa", "reference": reference, "who": { "names": [name], "birth_date": "1980-02-03" },
            "site": self.hall.world.site, "expires_at": self.hall.world.now().0 + 5 * DAY_MS })
    }

    async fn put(&self, reference: &str, name: &str) -> Value {
        let input = self.input(reference, name);
        let reply = self
            .hall
            .world
            .post("/api/v1/in-process", &self.program, input);
        reply.await.ok()
    }

    async fn rescreen(&self) -> usize {
        rescreen::run_due(&self.hall.world.state, self.hall.world.now())
            .await
            .unwrap()
    }

    async fn waiting(&self, who: &Person) -> Vec<Value> {
        let reply = self.hall.world.get("/api/v1/in-process", who).await.ok();
        reply.as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn a_new_order_is_held_against_those_in_process_and_a_person_decides() {
    let counter = Counter::new().await;
    let (hall, world) = (&counter.hall, &counter.hall.world);
    let put = counter.put("V-1", "Suryatmaja Wirya").await;
    assert_eq!(put["to_look_at"], false);
    counter.put("V-2", "Orang Yang Lain").await;
    let order = hall.submitted(order_input("Soerjatmadja Wirya")).await;
    counter.rescreen().await;
    assert!(
        counter.waiting(&counter.sari).await.is_empty(),
        "not approved"
    );
    hall.decide(&order, "approve", "").await;
    assert_eq!(counter.rescreen().await, 1);
    assert_eq!(counter.rescreen().await, 0, "once");
    let waiting = counter.waiting(&counter.sari).await;
    assert_eq!(waiting.len(), 1);
    let person = &waiting[0]["person"];
    assert_eq!(
        (&person["reference"], &person["order_kind"]),
        (&json!("V-1"), &json!("exit_ban"))
    );
    assert!(person["rows"].as_array().unwrap().len() > 3);
    // Told by an event with ids only, to those who judge them.
    let events = tapal_store::event::after(&world.state.db, 0, 1_000)
        .await
        .unwrap();
    let told: Vec<_> = events
        .iter()
        .filter(|event| event.kind == "in_process.found")
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].payload.as_object().unwrap().len(), 1);
    let page = world.get("/in-process", &counter.sari).await.text();
    assert!(page.contains("Visa V-1") && page.contains("weight-bar"));
    let looked = world.audited("biometric.read").await;
    assert!(
        looked
            .iter()
            .any(|row| row["subject"].as_str().unwrap().starts_with("in_process:"))
    );
    // Another site's officer sees nothing of it.
    let far = world
        .person("far", Role::Supervisor, Some(world.far_site), None)
        .await;
    assert!(counter.waiting(&far).await.is_empty());
    let decision = format!(
        "/api/v1/in-process/hits/{}/decision",
        waiting[0]["id"].as_str().unwrap()
    );
    let body = |decision: &str| json!({ "decision": decision });
    world
        .post(&decision, &far, body("same"))
        .await
        .refused(404, "not_found");
    world
        .post(&decision, &counter.sari, body("seen"))
        .await
        .refused(422, "bad_decision");
    world
        .post(&decision, &counter.sari, body("same"))
        .await
        .ok();
    assert!(counter.waiting(&counter.sari).await.is_empty());
    world
        .post(&decision, &counter.sari, body("another"))
        .await
        .refused(404, "not_found");
    assert_eq!(world.audited("in_process.decided").await.len(), 1);
    let screened = world.audited("in_process.screened").await;
    let detail: Value = serde_json::from_str(screened[0]["detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail, json!({ "looked": 2, "hits": 1 }));
}

#[tokio::test]
async fn somebody_who_comes_is_held_against_the_list_and_the_reason_is_not_told() {
    let counter = Counter::new().await;
    let (hall, world) = (&counter.hall, &counter.hall.world);
    hall.approved(order_input("Soerjatmadja Wirya")).await;
    counter.rescreen().await;
    let input = counter.input("V-1", "Suryatmaja Wirya");
    let reply = world
        .post("/api/v1/in-process", &counter.program, input)
        .await;
    let put = reply.ok();
    assert_eq!(put["to_look_at"], true);
    assert_eq!(put.as_object().unwrap().len(), 2, "nothing but that");
    assert_eq!(counter.waiting(&counter.sari).await.len(), 1);
    // The same number again replaces who it was; the owner of a lost document is nobody.
    let put = counter.put("V-1", "Orang Yang Lain").await;
    assert_eq!(put["to_look_at"], false);
    assert!(counter.waiting(&counter.sari).await.is_empty());
    hall.approved(lost_document("Contoh Pemilik", "C7654321"))
        .await;
    assert_eq!(
        counter.put("V-3", "Contoh Pemilik").await["to_look_at"],
        false
    );
    let mut input = counter.input("V-4", "Contoh Pemilik");
    input["who"]["documents"] = json!(["C7654321"]);
    let reply = world
        .post("/api/v1/in-process", &counter.program, input)
        .await;
    assert_eq!(reply.ok()["to_look_at"], true);
    // What it reads: nothing.
    for path in [
        "/api/v1/in-process",
        "/api/v1/orders",
        "/api/v1/entries",
        "/api/v1/alerts",
    ] {
        world
            .get(path, &counter.program)
            .await
            .refused(403, "forbidden");
    }
}

#[tokio::test]
async fn who_is_over_is_deleted_and_a_lapsed_order_is_shown_no_more() {
    let counter = Counter::new().await;
    let (hall, world) = (&counter.hall, &counter.hall.world);
    let bad = async |change: &dyn Fn(&mut Value), code: &str| {
        let mut input = counter.input("V-9", "Contoh Siapa");
        change(&mut input);
        world
            .post("/api/v1/in-process", &counter.program, input)
            .await
            .refused(422, code);
    };
    bad(&|i| i["expires_at"] = json!(world.now().0), "bad_expiry").await;
    bad(
        &|i| i["expires_at"] = json!(world.now().0 + 400 * DAY_MS),
        "bad_expiry",
    )
    .await;
    bad(&|i| i["reference"] = json!(" "), "reference_missing").await;
    bad(&|i| i["who"] = json!({}), "nothing_asked").await;
    hall.approved(order_input("Soerjatmadja Wirya")).await;
    let put = counter.put("V-1", "Suryatmaja Wirya").await;
    counter.put("V-2", "Suryatmaja Wirya").await;
    assert_eq!(counter.waiting(&counter.sari).await.len(), 2);
    let one = format!("/api/v1/in-process/{}", put["id"].as_str().unwrap());
    world
        .call("DELETE", &one, Some(&counter.program), None)
        .await
        .ok();
    world
        .call("DELETE", &one, Some(&counter.program), None)
        .await
        .refused(404, "not_found");
    assert_eq!(counter.waiting(&counter.sari).await.len(), 1);
    world.pass(5 * DAY_MS);
    let sari = world.sign_in("sari", crate::world::PASSWORD).await;
    assert!(
        counter.waiting(&sari).await.is_empty(),
        "over before any timer runs"
    );
    counter.rescreen().await;
    let left = async |sql: &'static str| {
        let row = world.state.db.one(sql, vec![]).await.unwrap();
        row.int("n").unwrap()
    };
    assert_eq!(left("SELECT COUNT(*) AS n FROM in_process").await, 0);
    assert_eq!(left("SELECT COUNT(*) AS n FROM in_process_hit").await, 0);
    assert_eq!(world.audited("in_process.expired").await.len(), 1);
    // An order that is over at the site is not shown, though no timer has run.
    let program = world.sign_in("visa", crate::world::PASSWORD).await;
    let mut input = counter.input("V-5", "Suryatmaja Wirya");
    input["expires_at"] = json!(world.now().0 + 30 * DAY_MS);
    world.post("/api/v1/in-process", &program, input).await.ok();
    assert_eq!(counter.waiting(&sari).await.len(), 1);
    world.pass(local_day(10).ends(420).since_ms(world.now()));
    let sari = world.sign_in("sari", crate::world::PASSWORD).await;
    assert!(counter.waiting(&sari).await.is_empty());
    world.tick().await;
    counter.rescreen().await;
    assert_eq!(left("SELECT COUNT(*) AS n FROM in_process_hit").await, 0);
    assert_eq!(left("SELECT COUNT(*) AS n FROM in_process").await, 1);
}

#[tokio::test]
async fn an_order_that_begins_later_is_held_against_them_when_it_begins_everywhere() {
    let counter = Counter::new().await;
    let (hall, world) = (&counter.hall, &counter.hall.world);
    counter.put("V-1", "Suryatmaja Wirya").await;
    let mut input = order_input("Soerjatmadja Wirya");
    input["first_day"] = json!(local_day(2));
    hall.approved(input).await;
    assert_eq!(counter.rescreen().await, 0);
    world.pass(local_day(2).starts(420).since_ms(world.now()) - 1);
    assert_eq!(counter.rescreen().await, 0, "begun in the east only");
    world.pass(1);
    assert_eq!(counter.rescreen().await, 1);
    let sari = world.sign_in("sari", crate::world::PASSWORD).await;
    assert_eq!(counter.waiting(&sari).await.len(), 1);
}

#[tokio::test]
async fn an_alert_that_is_not_decided_says_only_that_another_order_names_its_person() {
    let counter = Counter::new().await;
    let (hall, world) = (&counter.hall, &counter.hall.world);
    let alert = world.raise(1).await;
    hall.approved(order_input(crate::world::NAME)).await;
    assert_eq!(counter.rescreen().await, 1);
    let waiting = counter.waiting(&counter.sari).await;
    assert_eq!(waiting.len(), 1);
    assert!(alert.ends_with(waiting[0]["alert"].as_str().unwrap()));
    assert_eq!(waiting[0]["person"], Value::Null);
    let page = world.get("/in-process", &counter.sari).await.text();
    // Opinions are blind to the list: neither name nor kind is told here.
    for secret in [crate::world::NAME, ORDER, "Exit ban", "Wanted"] {
        assert!(!page.contains(secret), "{secret}");
    }
    let decision = format!(
        "/api/v1/in-process/hits/{}/decision",
        waiting[0]["id"].as_str().unwrap()
    );
    world
        .post(&decision, &counter.sari, json!({ "decision": "same" }))
        .await
        .refused(422, "bad_decision");
    let id = waiting[0]["id"].as_str().unwrap();
    let form = format!("/in-process/hits/{id}/decision");
    let reply = hall.form(&form, &counter.sari, "decision=seen").await;
    assert_eq!(reply.status, 303);
    assert!(counter.waiting(&counter.sari).await.is_empty());
    world.pass(HOUR_MS);
}

#[tokio::test]
async fn people_in_process_lie_sealed() {
    let counter = Counter::new().await;
    counter.put("V-1", "Tersembunyi Sekali").await;
    for file in ["tapal.db", "tapal.db-wal"] {
        let path = counter.hall.world.dir.path().join(file);
        let bytes = std::fs::read(path).unwrap_or_default();
        let secret = b"Tersembunyi";
        assert!(
            !bytes.windows(secret.len()).any(|part| part == secret),
            "{file}"
        );
    }
}
