//! Asking by name and document number: who may, what an answer holds and when, what is recorded and what is not.

use serde_json::{Value, json};
use tapal_domain::{
    role::Role,
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};
use tapal_server::name_check::list;

use crate::{
    orders::order_input,
    world::{NAME, ORDER, Person, Reply, World, local_day},
};

/// A world whose list of names is loaded, with those who write and approve orders.
pub struct Hall {
    pub world: World,
    pub clerk: Person,
    pub approver: Person,
    pub rina: Person,
}

impl Hall {
    pub async fn new() -> Self {
        let world = World::new().await;
        let clerk = world
            .person("clerk", Role::WatchlistClerk, None, None)
            .await;
        let approver = world
            .person("approver", Role::WatchlistApprover, None, None)
            .await;
        let rina = world.officer("rina").await;
        list::load(&world.state).await.unwrap();
        Hall {
            world,
            clerk,
            approver,
            rina,
        }
    }

    /// Drafts and hands in; the order's address.
    pub async fn submitted(&self, input: Value) -> String {
        let made = self.world.post("/api/v1/orders", &self.clerk, input).await;
        let order = format!("/api/v1/orders/{}", made.ok()["id"].as_str().unwrap());
        let submission = format!("{order}/submission");
        self.world
            .post(&submission, &self.clerk, json!({}))
            .await
            .ok();
        order
    }

    pub async fn decide(&self, order: &str, decision: &str, note: &str) -> Value {
        let body = json!({ "decision": decision, "note": note });
        let path = format!("{order}/decision");
        self.world.post(&path, &self.approver, body).await.ok()
    }

    /// Drafts, hands in and approves; the order's address.
    pub async fn approved(&self, input: Value) -> String {
        let order = self.submitted(input).await;
        self.decide(&order, "approve", "").await;
        order
    }

    pub async fn ask(&self, who: &Person, question: Value) -> Reply {
        self.world.post("/api/v1/name-checks", who, question).await
    }

    pub async fn hits(&self, who: &Person, question: Value) -> Vec<Value> {
        let reply = self.ask(who, question).await.ok();
        reply["hits"].as_array().unwrap().clone()
    }
}

pub fn named(name: &str) -> Value {
    json!({ "names": [name], "purpose": "desk" })
}

/// A lost document of the police, from yesterday for ten days.
pub fn lost_document(name: &str, number: &str) -> Value {
    let mut input = order_input(name);
    input["kind"] = json!("lost_document");
    input["reason"] = json!("reported_stolen");
    input["subject"]["document_number"] = json!(number);
    input
}

#[tokio::test]
async fn nothing_is_answered_before_the_list_is_whole() {
    let world = World::new().await;
    let rina = world.officer("rina").await;
    let path = "/api/v1/name-checks";
    let reply = world.post(path, &rina, named(NAME)).await;
    assert_eq!(reply.headers["retry-after"], "3");
    reply.refused(503, "names_loading");
    let page = world.get("/name-checks", &rina).await.text();
    assert!(page.contains("The list is being loaded."), "{page}");
    assert!(world.audited("name_check.asked").await.is_empty());
    list::load(&world.state).await.unwrap();
    let reply = world.post(path, &rina, named(NAME)).await.ok();
    assert_eq!(
        (&reply["hits"][0]["name"], &reply["listed"]),
        (&json!(NAME), &json!(1)),
        "an entry without an order is listed too"
    );
}

#[tokio::test]
async fn an_approved_order_answers_at_once_and_an_ended_one_no_more() {
    let hall = Hall::new().await;
    let mut input = order_input("Soerjatmadja bin Wirya");
    input["subject"]["aliases"] = json!(["Pak Lembah Contoh"]);
    let order = hall.submitted(input).await;
    let ask = async || hall.hits(&hall.rina, named("SURYATMAJA WIRYA")).await;
    assert!(ask().await.is_empty(), "not approved");
    hall.decide(&order, "approve", "").await;
    let found = ask().await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0]["kind"], &found[0]["agency"]),
        (&json!("exit_ban"), &json!("police"))
    );
    let alias = hall.hits(&hall.rina, named("Lembah Contoh")).await;
    assert_eq!(
        alias[0]["name"], "Pak Lembah Contoh",
        "the name that answers"
    );
    hall.decide(&order, "revoke", "CABUT-1").await;
    assert!(ask().await.is_empty(), "revoked");
}

#[tokio::test]
async fn an_order_is_in_an_answer_on_its_days_at_that_place_only() {
    let hall = Hall::new().await;
    let mut input = order_input("Contoh Mendatang");
    input["first_day"] = json!(local_day(2));
    hall.approved(input).await;
    let ask = async || hall.hits(&hall.rina, named("Contoh Mendatang")).await.len();
    assert_eq!(ask().await, 0, "not begun");
    hall.world.pass(2 * DAY_MS);
    let rina = hall.world.sign_in("rina", crate::world::PASSWORD).await;
    assert_eq!(hall.hits(&rina, named("Contoh Mendatang")).await.len(), 1);
    // No timer has run: at midnight of the checkpoint it is over all the same.
    let end = local_day(10).ends(420).since_ms(hall.world.now());
    hall.world.pass(end - 1);
    let rina = hall.world.sign_in("rina", crate::world::PASSWORD).await;
    assert_eq!(hall.hits(&rina, named("Contoh Mendatang")).await.len(), 1);
    hall.world.pass(1);
    assert_eq!(hall.hits(&rina, named("Contoh Mendatang")).await.len(), 0);
    // Asked for no site, it must be in force in every zone of the country.
    hall.world.pass(-HOUR_MS);
    let clerk = hall.world.sign_in("clerk", crate::world::PASSWORD).await;
    assert_eq!(
        hall.hits(&clerk, named("Contoh Mendatang")).await.len(),
        0,
        "it is over in the east"
    );
    let mut here = named("Contoh Mendatang");
    here["site"] = json!(hall.world.site);
    assert_eq!(hall.hits(&clerk, here).await.len(), 1);
}

#[tokio::test]
async fn a_desk_sees_kind_agency_and_what_to_do_and_only_a_clerk_the_order() {
    let hall = Hall::new().await;
    let order = hall.approved(order_input("Contoh Rahmawati")).await;
    let mut question = named("Contoh Rahmawati");
    question["birth_date"] = json!("1980");
    question["sex"] = json!("M");
    let desk = hall.hits(&hall.rina, question.clone()).await;
    assert_eq!(desk[0]["order"], Value::Null);
    assert_eq!(desk[0]["verdict"], "likely");
    let advice = desk[0]["advice"].as_str().unwrap();
    assert!(advice.starts_with("May not leave the country."), "{advice}");
    let row = |feature: &str| {
        let rows = desk[0]["rows"].as_array().unwrap().iter();
        let mut rows = rows.filter(|row| row["feature"] == feature);
        rows.next().unwrap()["verdict"].clone()
    };
    assert_eq!(
        ["birth_date", "sex", "nationality", "document_number"].map(row),
        ["supports", "supports", "absent", "absent"]
    );
    let whole = hall.ask(&hall.rina, question.clone()).await.text();
    for secret in [
        ORDER,
        "A file at the agency",
        "criminal_case",
        "1980-02-03",
        "X1234567",
    ] {
        assert!(!whole.contains(secret), "{secret}");
    }
    let clerk = hall.hits(&hall.clerk, question).await;
    let id = order.rsplit('/').next().unwrap();
    assert_eq!(
        (&clerk[0]["order"]["id"], &clerk[0]["order"]["reference"]),
        (&json!(id), &json!(ORDER))
    );
}

#[tokio::test]
async fn a_document_hits_by_its_number_alone_and_its_owner_is_not_listed_by_name() {
    let hall = Hall::new().await;
    hall.approved(lost_document("Contoh Pemilik", "C 765-4321"))
        .await;
    let number = |name: &str, number: &str| {
        let names = if name.is_empty() { vec![] } else { vec![name] };
        json!({ "names": names, "documents": [number], "purpose": "desk" })
    };
    let stranger = hall
        .hits(&hall.rina, number("Orang Lain Sekali", "c7654321"))
        .await;
    assert_eq!(stranger.len(), 1);
    assert_eq!(
        (&stranger[0]["verdict"], &stranger[0]["kind"]),
        (&json!("document_other_name"), &json!("lost_document"))
    );
    let advice = stranger[0]["advice"].as_str().unwrap();
    assert!(advice.contains("lost or stolen"), "{advice}");
    let bare = hall.hits(&hall.rina, number("", "C7654321")).await;
    assert_eq!(
        (&bare[0]["verdict"], &bare[0]["name_score"]),
        (&json!("document"), &Value::Null)
    );
    for other in ["C7654322", "7654321", "C765432I"] {
        assert!(hall.hits(&hall.rina, number("", other)).await.is_empty());
    }
    assert!(
        hall.hits(&hall.rina, named("Contoh Pemilik"))
            .await
            .is_empty(),
        "the owner may travel with another document"
    );
    let mut notice = order_input("Contoh Pemberitahuan");
    notice["kind"] = json!("alert_only");
    notice["reason"] = json!("agency_notice");
    hall.approved(notice).await;
    let found = hall.hits(&hall.rina, named("Contoh Pemberitahuan")).await;
    assert_eq!(found[0]["kind"], "alert_only", "no camera list has it");
    let advice = found[0]["advice"].as_str().unwrap();
    assert!(advice.starts_with("Tell the agency, nothing else."));
}

#[tokio::test]
async fn who_may_ask_and_where() {
    let hall = Hall::new().await;
    let liaison = hall
        .world
        .person("liaison", Role::AgencyLiaison, None, None)
        .await;
    hall.ask(&liaison, named(NAME))
        .await
        .refused(403, "forbidden");
    let mut elsewhere = named(NAME);
    elsewhere["site"] = json!(hall.world.far_site);
    hall.ask(&hall.rina, elsewhere.clone())
        .await
        .refused(404, "not_found");
    hall.ask(&hall.clerk, elsewhere).await.ok();
    let refused = async |question: Value, code: &str| {
        hall.ask(&hall.rina, question).await.refused(422, code);
    };
    refused(named(" "), "nothing_asked").await;
    refused(named(&"x".repeat(201)), "too_long").await;
    let mut bad = named(NAME);
    bad["birth_date"] = json!("3 Feb");
    refused(bad, "bad_birth_date").await;
    let no_purpose = json!({ "names": [NAME] });
    hall.ask(&hall.rina, no_purpose)
        .await
        .refused(400, "bad_json");
}

#[tokio::test]
async fn a_question_is_recorded_and_what_was_asked_is_not() {
    let hall = Hall::new().await;
    let asked = "Tersembunyi Sekali";
    let question = json!({ "names": [asked], "documents": ["Z9988776"], "purpose": "second_line" });
    hall.ask(&hall.rina, question).await.ok();
    hall.ask(&hall.rina, named(NAME)).await.ok();
    let rows = hall.world.audited("name_check.asked").await;
    assert_eq!(rows.len(), 2);
    let detail: Value = serde_json::from_str(rows[0]["detail"].as_str().unwrap()).unwrap();
    let expect = json!({ "site": hall.world.site, "purpose": "second_line", "hits": 0, "documents": 0, "left_out": 0 });
    assert_eq!(detail, expect);
    let detail: Value = serde_json::from_str(rows[1]["detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["hits"], 1);
    assert!(rows[0]["actor"].as_str().unwrap().starts_with("account:"));
    for file in ["tapal.db", "tapal.db-wal"] {
        let bytes = std::fs::read(hall.world.dir.path().join(file)).unwrap_or_default();
        for secret in [asked, "Z9988776", "TERSEMBUNYI", "tersembunyi"] {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is kept in {file}");
        }
    }
}

#[tokio::test]
async fn an_account_that_asks_too_often_is_told_when_again() {
    let hall = Hall::new().await;
    for _ in 0..30 {
        hall.ask(&hall.rina, named("Siapa Saja")).await.ok();
    }
    let reply = hall.ask(&hall.rina, named("Siapa Saja")).await;
    assert_eq!(reply.headers["retry-after"], "60");
    reply.refused(429, "too_many_checks");
    hall.ask(&hall.clerk, named("Siapa Saja")).await.ok();
    let page = "names=Siapa&purpose=desk";
    let page = hall.form("/name-checks", &hall.rina, page).await;
    assert!(page.text().contains("Ask again in 60 seconds."));
    hall.world.pass(MINUTE_MS);
    hall.ask(&hall.rina, named("Siapa Saja")).await.ok();
    assert_eq!(hall.world.audited("name_check.asked").await.len(), 32);
}

impl Hall {
    /// Sends a form of a page.
    pub async fn form(&self, path: &str, who: &Person, fields: &str) -> Reply {
        let request = axum::http::Request::builder()
            .method("POST")
            .uri(path)
            .header("host", "localhost")
            .header("cookie", &who.cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        let body = format!("csrf={}&{fields}", who.csrf);
        self.world
            .send(request.body(axum::body::Body::from(body)).unwrap())
            .await
    }
}

#[tokio::test]
async fn the_page_asks_without_putting_the_name_into_an_address() {
    let hall = Hall::new().await;
    hall.approved(order_input("Contoh Rahmawati")).await;
    let empty = hall.world.get("/name-checks", &hall.rina).await.text();
    assert!(empty.contains("Nothing asked yet"));
    let fields =
        "names=Rahmawati+Contoh&birth_date=1984&sex=F&nationality=&documents=&purpose=desk";
    let page = hall.form("/name-checks", &hall.rina, fields).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    for part in [
        "One order in force",
        "Exit ban",
        "weight-bar__supports",
        "weight-bar__contradicts",
        "weight-bar__absent",
        "value=\"Rahmawati Contoh\"",
        "A hit decides nothing.",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("/orders/") && !text.contains(ORDER));
    let clerk = hall.form("/name-checks", &hall.clerk, fields).await.text();
    assert!(clerk.contains("/persons/") && clerk.contains(ORDER));
    let wrong = hall
        .form("/name-checks", &hall.rina, "names=&purpose=desk")
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("Give a name or a document number."));
}

#[tokio::test]
async fn the_list_in_memory_follows_every_way_an_order_changes() {
    let hall = Hall::new().await;
    let order = hall.submitted(order_input("Contoh Keliru")).await;
    hall.decide(&order, "return", "the name is wrong").await;
    let mut better = order_input("Contoh Benar Adanya");
    better.as_object_mut().unwrap().remove("photos");
    let corrected = hall
        .world
        .call("PUT", &order, Some(&hall.clerk), Some(better))
        .await;
    corrected.ok();
    let path = format!("{order}/submission");
    hall.world.post(&path, &hall.clerk, json!({})).await.ok();
    hall.decide(&order, "approve", "").await;
    assert!(
        hall.hits(&hall.rina, named("Contoh Keliru"))
            .await
            .is_empty()
    );
    assert_eq!(
        hall.hits(&hall.rina, named("Contoh Benar Adanya"))
            .await
            .len(),
        1
    );
    // An extension moves the day in the list too.
    let more =
        json!({ "reference": "P-1", "received_on": local_day(0), "last_day": local_day(40) });
    let path = format!("{order}/extension");
    hall.world.post(&path, &hall.clerk, more).await.ok();
    hall.decide(&order, "approve_extension", "").await;
    hall.world.pass(20 * DAY_MS);
    let rina = hall.world.sign_in("rina", crate::world::PASSWORD).await;
    assert_eq!(
        hall.hits(&rina, named("Contoh Benar Adanya")).await.len(),
        1
    );
    // An entry without an order leaves with its last day, also while no timer runs.
    assert!(hall.hits(&rina, named(NAME)).await.is_empty());
    hall.world.tick().await;
    hall.hits(&rina, named(NAME)).await;
    assert_eq!(hall.world.state.names.len(), 1);
}
