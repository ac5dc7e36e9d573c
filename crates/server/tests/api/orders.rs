//! Orders from a draft to their end, who may do what to them, and what a liaison must never learn.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tapal_domain::{entry::Agency, id::EntryId, role::Role, time::DAY_MS};
use tapal_server::account;
use tapal_store::By;

use crate::world::{NAME, ORDER, PASSWORD, Person, World, jpeg, local_day};

/// A complete exit ban of the police, from yesterday for ten days.
pub fn order_input(name: &str) -> Value {
    json!({ "kind": "exit_ban", "form": "request", "agency": "police", "reference": ORDER, "ordered_on": local_day(-1),
        "subject": { "full_name": name, "sex": "M", "birth_date": "1980-02-03", "birth_place": "Kota Contoh",
            "nationality": "IDN", "document_number": "x1234567" },
        "reason": "criminal_case", "reason_text": "A file at the agency.", "first_day": local_day(-1), "last_day": local_day(10),
        "photos": [STANDARD.encode(jpeg(name))] })
}

struct Office {
    world: World,
    clerk: Person,
    approver: Person,
}

impl Office {
    async fn new() -> Self {
        let world = World::new().await;
        let clerk = world
            .person("clerk", Role::WatchlistClerk, None, None)
            .await;
        let approver = world
            .person("approver", Role::WatchlistApprover, None, None)
            .await;
        Office {
            world,
            clerk,
            approver,
        }
    }

    /// Drafts an order; its address.
    async fn draft(&self, by: &Person, input: Value) -> String {
        let made = self.world.post("/api/v1/orders", by, input).await.ok();
        format!("/api/v1/orders/{}", made["id"].as_str().unwrap())
    }

    async fn act(&self, who: &Person, order: &str, what: &str, body: Value) -> crate::world::Reply {
        self.world.post(&format!("{order}/{what}"), who, body).await
    }

    async fn decide(&self, order: &str, decision: &str, note: &str) -> crate::world::Reply {
        let body = json!({ "decision": decision, "note": note });
        self.act(&self.approver, order, "decision", body).await
    }

    /// Drafts, hands in and approves.
    async fn approved(&self, name: &str) -> String {
        let order = self.draft(&self.clerk, order_input(name)).await;
        self.act(&self.clerk, &order, "submission", json!({}))
            .await
            .ok();
        self.decide(&order, "approve", "").await.ok();
        order
    }

    async fn on_the_node(&self, entry: &Value) -> bool {
        let reply = self
            .world
            .device(
                &self.world.node,
                "GET",
                "/api/v1/edge/list?since=0",
                Value::Null,
            )
            .await
            .ok();
        let list: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
        let upserts = list["upserts"].as_array().unwrap();
        upserts.iter().any(|one| one["entry"] == *entry)
    }
}

#[tokio::test]
async fn an_order_is_in_force_only_when_another_person_approved_it() {
    let office = Office::new().await;
    let order = office
        .draft(&office.clerk, order_input("Contoh Kedua"))
        .await;
    let look = async || office.world.get(&order, &office.clerk).await.ok();
    assert_eq!(
        (&look().await["status"], &look().await["entry"]),
        (&json!("draft"), &Value::Null)
    );
    office
        .decide(&order, "approve", "")
        .await
        .refused(409, "order_status");
    office
        .act(&office.clerk, &order, "submission", json!({}))
        .await
        .ok();
    office
        .act(
            &office.clerk,
            &order,
            "decision",
            json!({ "decision": "approve" }),
        )
        .await
        .refused(403, "forbidden");
    assert_eq!(
        office.world.audited("entry.added").await.len(),
        1,
        "only the world's own"
    );
    let approved = office.decide(&order, "approve", "").await.ok();
    assert_eq!(
        (&approved["status"], &approved["in_force_today"]),
        (&json!("approved"), &json!(true))
    );
    assert!(office.on_the_node(&approved["entry"]).await);
    assert_eq!(office.world.audited("order.changed").await.len(), 2);
    // The entry is not ended apart from its order.
    let entry = format!(
        "/api/v1/entries/{}/end",
        approved["entry"].as_str().unwrap()
    );
    office
        .world
        .post(&entry, &office.approver, json!({ "reason": "revoked" }))
        .await
        .refused(409, "entry_has_order");
    let ended = office.decide(&order, "revoke", "CABUT-1").await.ok();
    assert_eq!(ended["status"], "revoked");
    assert!(!office.on_the_node(&approved["entry"]).await);
    let entry: EntryId = approved["entry"].as_str().unwrap().parse().unwrap();
    let entry = tapal_store::entry::get(&office.world.state.db, entry)
        .await
        .unwrap();
    assert_eq!(entry.end_reason.as_deref(), Some("revoked"));
}

#[tokio::test]
async fn an_order_needs_law_and_completeness() {
    let office = Office::new().await;
    let add = async |change: &dyn Fn(&mut Value)| {
        let mut input = order_input("Contoh Kedua");
        change(&mut input);
        office
            .world
            .post("/api/v1/orders", &office.clerk, input)
            .await
    };
    add(&|o| o["kind"] = json!("entry_ban"))
        .await
        .refused(422, "entry_ban_on_citizen");
    add(&|o| o["last_day"] = json!(local_day(-5)))
        .await
        .refused(422, "period_empty");
    add(&|o| o["subject"]["birth_date"] = json!("3 Feb"))
        .await
        .refused(422, "bad_birth_date");
    add(&|o| o["photos"] = json!(["!"]))
        .await
        .refused(422, "not_an_image");
    add(&|o| o["agency"] = json!("nobody"))
        .await
        .refused(400, "bad_json");
    add(&|o| o["reference"] = json!("x".repeat(201)))
        .await
        .refused(422, "too_long");
    let refused = add(&|o| o["photos"] = json!(["bm8gZmFjZQ=="]))
        .await
        .refused(422, "photo_refused");
    assert_eq!(refused["reasons"], json!(["no_face"]));
    let made = add(&|o| {
        o["photos"] = json!([]);
        o["subject"]["birth_place"] = json!("");
        o["last_day"] = json!(local_day(400));
        o["agency"] = json!("interpol_bureau");
    });
    let made = made.await.ok();
    let expect = json!(["birth_place", "photo", "requester", "too_long"]);
    assert_eq!(made["gaps"], expect);
    let order = format!("/api/v1/orders/{}", made["id"].as_str().unwrap());
    let refused = office
        .act(&office.clerk, &order, "submission", json!({}))
        .await
        .refused(409, "order_incomplete");
    assert_eq!(refused["reasons"], expect, "every gap at once");
}

#[tokio::test]
async fn a_photograph_is_replaced_without_losing_the_old_one() {
    let office = Office::new().await;
    let order = office
        .draft(&office.clerk, order_input("Contoh Foto"))
        .await;
    let photo = json!({ "photo": STANDARD.encode(jpeg("better")), "instead_of": 0 });
    let added = office
        .act(&office.clerk, &order, "photos", photo.clone())
        .await
        .ok();
    assert_eq!(added["n"], 1);
    let view = office.world.get(&order, &office.clerk).await.ok();
    assert!(
        view["photos"][0]["replaced_at"].is_i64() && view["photos"][1]["replaced_at"].is_null()
    );
    office
        .world
        .get(&format!("{order}/portraits/0"), &office.clerk)
        .await;
    office
        .act(&office.clerk, &order, "submission", json!({}))
        .await
        .ok();
    office
        .act(&office.clerk, &order, "photos", photo)
        .await
        .refused(409, "order_status");
    let approved = office.decide(&order, "approve", "").await.ok();
    let entry = format!("/api/v1/entries/{}", approved["entry"].as_str().unwrap());
    let entry = office.world.get(&entry, &office.clerk).await.ok();
    assert_eq!(entry["photos"], 1, "the entry has the one that counts");
}

#[tokio::test]
async fn an_extension_moves_the_entry_and_a_late_one_lets_it_lapse() {
    let office = Office::new().await;
    let order = office.approved("Contoh Lama").await;
    let ask = |received: i64, last: i64| json!({ "reference": "P-1", "received_on": local_day(received), "last_day": local_day(last) });
    let entry = office.world.get(&order, &office.clerk).await.ok()["entry"].clone();
    office
        .act(&office.clerk, &order, "extension", ask(1, 40))
        .await
        .refused(409, "bad_day");
    office
        .act(&office.clerk, &order, "extension", ask(0, 40))
        .await
        .ok();
    let last = async || {
        let path = format!("/api/v1/entries/{}", entry.as_str().unwrap());
        office.world.get(&path, &office.clerk).await.ok()["entry"]["last_day"].clone()
    };
    assert_eq!(last().await, json!(local_day(10)), "asked for is not given");
    office.decide(&order, "approve_extension", "").await.ok();
    assert_eq!(last().await, json!(local_day(40)));
    let late = office.approved("Contoh Terlambat").await;
    office.world.pass(8 * DAY_MS);
    let office = Office {
        clerk: office.world.sign_in("clerk", PASSWORD).await,
        approver: office.world.sign_in("approver", PASSWORD).await,
        world: office.world,
    };
    office
        .act(&office.clerk, &late, "extension", ask(8, 40))
        .await
        .refused(409, "extension_too_late");
    office.world.pass(4 * DAY_MS);
    office.world.tick().await;
    let clerk = office.world.sign_in("clerk", PASSWORD).await;
    let status = async |order: &str| office.world.get(order, &clerk).await.ok()["status"].clone();
    assert_eq!(
        (status(&late).await, status(&order).await),
        (json!("lapsed"), json!("approved"))
    );
}

#[tokio::test]
async fn an_order_ends_when_its_entry_is_refused() {
    let office = Office::new().await;
    let order = office.approved("Contoh Ditolak").await;
    let entry = office.world.get(&order, &office.clerk).await.ok()["entry"].clone();
    let entry: EntryId = entry.as_str().unwrap().parse().unwrap();
    let now = office.world.now();
    tapal_store::entry::end(&office.world.state.db, now, By::System, entry, "refused")
        .await
        .unwrap();
    office.world.tick().await;
    let view = office.world.get(&order, &office.clerk).await.ok();
    assert_eq!(
        (&view["status"], &view["steps"][3]["action"]),
        (&json!("revoked"), &json!("entry_ended"))
    );
}

#[tokio::test]
async fn an_objection_and_the_notifications_have_their_clocks() {
    let office = Office::new().await;
    let order = office.approved("Contoh Keberatan").await;
    let told = json!({ "duty": "notify_person", "on": local_day(0) });
    let view = office
        .act(&office.clerk, &order, "notifications", told)
        .await
        .ok();
    assert_eq!(view["clocks"][0]["done"], json!(local_day(0)));
    assert_eq!(
        view["clocks"][1],
        json!({ "duty": "notify_minister", "due": local_day(3), "done": null, "overdue": false })
    );
    let object = json!({ "received_on": local_day(0), "reference": "K-1" });
    let view = office
        .act(&office.clerk, &order, "objections", object)
        .await
        .ok();
    assert_eq!(
        (&view["in_force_today"], &view["clocks"][2]["duty"]),
        (&json!(true), &json!("answer_objection"))
    );
    let view = office
        .decide(&order, "uphold_objection", "the wrong person")
        .await
        .ok();
    assert_eq!(view["status"], "revoked");
    assert!(!office.on_the_node(&view["entry"]).await);
}

#[tokio::test]
async fn a_liaison_cannot_learn_of_another_agencys_order() {
    let office = Office::new().await;
    let world = &office.world;
    // The world's liaisons are of the police.
    let police = world.person("polri", Role::AgencyLiaison, None, None).await;
    let input = account::AccountInput {
        username: "kemenkeu".into(),
        display_name: "Liaison".into(),
        role: Role::AgencyLiaison,
        site: None,
        desk: None,
        agency: Some(Agency::Finance),
        language: Some("en".into()),
    };
    account::open_with(&world.state, By::System, input, PASSWORD, false)
        .await
        .unwrap();
    let finance = world.sign_in("kemenkeu", PASSWORD).await;
    let order = office.draft(&police, order_input(NAME)).await;
    assert_eq!(world.get(&order, &police).await.ok()["status"], "draft");
    // By id, picture, list, page and every change: as if it were not there.
    let missing = "/api/v1/orders/01890000-0000-7000-8000-000000000001";
    let nothing = world.get(missing, &finance).await;
    let hidden = world.get(&order, &finance).await;
    assert_eq!(
        (hidden.status, hidden.json()["code"].clone()),
        (nothing.status, nothing.json()["code"].clone())
    );
    for path in [format!("{order}/portraits/0"), order.replace("/api/v1", "")] {
        assert_eq!(world.get(&path, &finance).await.status, 404, "{path}");
    }
    assert_eq!(world.get("/api/v1/orders", &finance).await.ok(), json!([]));
    assert!(!world.get("/orders", &finance).await.text().contains(NAME));
    let photo = json!({ "photo": STANDARD.encode(jpeg("x")) });
    let more =
        json!({ "reference": "P-1", "received_on": local_day(0), "last_day": local_day(40) });
    for (what, body) in [
        ("submission", json!({})),
        ("photos", photo),
        ("extension", more),
    ] {
        office
            .act(&finance, &order, what, body)
            .await
            .refused(404, "not_found");
    }
    let mut foreign = order_input(NAME);
    world
        .call("PUT", &order, Some(&finance), Some(foreign.clone()))
        .await
        .refused(422, "other_agency");
    foreign["agency"] = json!("finance");
    world
        .call("PUT", &order, Some(&finance), Some(foreign))
        .await
        .refused(404, "not_found");
    world
        .post("/api/v1/orders", &finance, order_input(NAME))
        .await
        .refused(422, "other_agency");
    // It reads no entries at all.
    world
        .get("/api/v1/entries", &finance)
        .await
        .refused(403, "forbidden");
    office
        .act(&police, &order, "submission", json!({}))
        .await
        .ok();
    office.decide(&order, "approve", "").await.ok();
}

#[tokio::test]
async fn reading_orders_is_recorded_and_their_contents_are_sealed() {
    let office = Office::new().await;
    let order = office.draft(&office.clerk, order_input(NAME)).await;
    office.world.get(&order, &office.approver).await.ok();
    office
        .world
        .get(&format!("{order}/portraits/0"), &office.approver)
        .await;
    assert!(office.world.audited("biometric.read").await.len() >= 3);
    let file = std::fs::read(office.world.dir.path().join("tapal.db")).unwrap_or_default();
    let wal = std::fs::read(office.world.dir.path().join("tapal.db-wal")).unwrap_or_default();
    for secret in [NAME, ORDER, "Kota Contoh", "X1234567"] {
        let found = |bytes: &[u8]| {
            bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        assert!(
            !found(&file) && !found(&wal),
            "{secret} lies open on the disk"
        );
    }
    assert!(file.len() + wal.len() > 10_000);
}

#[tokio::test]
async fn a_corrected_draft_is_shown_beside_what_was_handed_back() {
    let office = Office::new().await;
    let order = office
        .draft(&office.clerk, order_input("Contoh Semula"))
        .await;
    office
        .act(&office.clerk, &order, "submission", json!({}))
        .await
        .ok();
    office
        .decide(&order, "return", "the name is not that of the letter")
        .await
        .ok();
    let mut better = order_input("Contoh Sesudah");
    better.as_object_mut().unwrap().remove("photos");
    office
        .world
        .call("PUT", &order, Some(&office.clerk), Some(better.clone()))
        .await
        .ok();
    better["agency"] = json!("kpk");
    office
        .world
        .call("PUT", &order, Some(&office.clerk), Some(better))
        .await
        .refused(409, "order_immutable");
    office
        .act(&office.clerk, &order, "submission", json!({}))
        .await
        .ok();
    let page = office
        .world
        .get(&order.replace("/api/v1", ""), &office.approver)
        .await
        .text();
    for part in [
        "<del><bdi>Contoh Semula</bdi></del>",
        "<ins><bdi>Contoh Sesudah</bdi></ins>",
        "the name is not that of the letter",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let own = office
        .world
        .get(&order.replace("/api/v1", ""), &office.clerk)
        .await
        .text();
    assert!(
        !own.contains("value=\"approve\""),
        "the writer is not offered an approval"
    );
}

#[tokio::test]
async fn a_person_under_a_ban_is_told_by_letter_and_a_wanted_one_is_not() {
    let office = Office::new().await;
    let draft = office
        .draft(&office.clerk, order_input("Contoh Kesembilan"))
        .await;
    let letter = format!("{draft}/notice");
    office
        .world
        .get(&letter, &office.clerk)
        .await
        .refused(409, "not_in_force");
    let order = office.approved("Contoh Kesepuluh").await;
    let letter = format!("{order}/notice");
    let reply = office.world.get(&letter, &office.clerk).await;
    assert_eq!(reply.headers["content-type"], "application/pdf");
    assert!(reply.bytes.starts_with(b"%PDF-1.7"));
    let looks = office.world.audited("biometric.read").await;
    assert!(looks.iter().any(|look| look.to_string().contains("notice")));
    let mut wanted = order_input("Contoh Kesebelas");
    wanted["kind"] = json!("wanted");
    wanted["reason"] = json!("fugitive");
    let order = office.draft(&office.clerk, wanted).await;
    office
        .act(&office.clerk, &order, "submission", json!({}))
        .await
        .ok();
    office.decide(&order, "approve", "").await.ok();
    office
        .world
        .get(&format!("{order}/notice"), &office.clerk)
        .await
        .refused(422, "no_notice");
    let police = office
        .world
        .person("polri", Role::AgencyLiaison, None, None)
        .await;
    office
        .world
        .get(&letter, &police)
        .await
        .refused(403, "forbidden");
}

#[tokio::test]
async fn photographs_of_an_order_that_is_over_are_destroyed_and_others_are_not() {
    let office = Office::new().await;
    let over = office.approved("Contoh Keduabelas").await;
    let live = office.approved("Contoh Ketigabelas").await;
    office.decide(&over, "revoke", "letter 7").await.ok();
    let now = || office.world.now();
    let destroy = async |at| {
        tapal_store::retention::destroy(&office.world.state.db, at, DAY_MS)
            .await
            .unwrap()
    };
    assert_eq!(destroy(now() + (DAY_MS - 1)).await.order_photos, 0);
    assert_eq!(destroy(now() + DAY_MS).await.order_photos, 1);
    // From the tables: sessions of that day are over, too.
    let photos = async |order: &str| {
        let id = order.rsplit('/').next().unwrap().parse().unwrap();
        let found = tapal_store::order::photos(&office.world.state.db, id).await;
        found.unwrap().len()
    };
    assert_eq!((photos(&over).await, photos(&live).await), (0, 1));
}
