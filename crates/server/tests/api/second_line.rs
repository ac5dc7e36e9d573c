//! Second line: from the desk's referral to the record of the ledger, by two people, under the rules of each list; who is
//! cleared; who is protected; the clock.

use serde_json::{Value, json};
use tapal_domain::{
    id::{CaseId, CrossingId, OrderId},
    role::Role,
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};
use tapal_store::{crossing, document, second_line};
use uuid::Uuid;

use crate::{
    name_checks::{Hall, lost_document},
    orders::order_input,
    world::{Person, Reply, local_day},
};

struct Room {
    hall: Hall,
    /// Works on cases.
    budi: Person,
    /// Authorises.
    sari: Person,
    next: std::cell::Cell<u128>,
}

const STATE: &str = "IDN";
const NUMBER: &str = "X7654321";

impl Room {
    async fn new() -> Self {
        let hall = Hall::new().await;
        let world = &hall.world;
        let budi = world
            .person("budi", Role::SecondLineOfficer, Some(world.site), None)
            .await;
        let sari = world
            .person("sari", Role::Supervisor, Some(world.site), None)
            .await;
        Room {
            hall,
            budi,
            sari,
            next: std::cell::Cell::new(1),
        }
    }

    fn referral(
        &self,
        nationality: &str,
        direction: &str,
        reasons: &[&str],
        orders: &[OrderId],
    ) -> Value {
        let n = self.next.get();
        self.next.set(n + 1);
        json!({ "crossing": Uuid::from_u128(0xc0 + n), "site": self.hall.world.site, "direction": direction,
            "traveller": { "name": "Orang Contoh", "birth_date": "1980-02-03", "sex": "M", "nationality": nationality,
                "issuer": STATE, "document_number": NUMBER },
            "reasons": reasons, "text": "the name answers", "detection": "document", "orders": orders })
    }

    async fn open(&self, referral: &Value) -> String {
        let reply = self
            .hall
            .world
            .post("/api/v1/second-line", &self.hall.rina, referral.clone())
            .await
            .ok();
        reply["id"].as_str().unwrap().to_owned()
    }

    async fn post(&self, who: &Person, case: &str, what: &str, body: Value) -> Reply {
        let path = format!("/api/v1/second-line/{case}/{what}");
        self.hall.world.post(&path, who, body).await
    }

    async fn does(&self, case: &str, what: &str, body: Value) -> Value {
        self.post(&self.budi, case, what, body).await.ok()
    }

    /// An order in force of this kind, and the case of a traveller it may name, taken.
    async fn listed(&self, kind: &str, nationality: &str, direction: &str) -> (String, OrderId) {
        let mut input = order_input("Orang Contoh");
        input["kind"] = json!(kind);
        input["subject"]["nationality"] = json!(nationality);
        match kind {
            "wanted" => input["reason"] = json!("fugitive"),
            "entry_ban" => input["reason"] = json!("deported"),
            "red_notice" => {
                input["reason"] = json!("international_arrest_request");
                input["agency"] = json!("interpol_bureau");
                input["form"] = json!("request");
            }
            "lost_document" => input = lost_document("Orang Contoh", NUMBER),
            _ => {}
        }
        let order = self.hall.approved(input).await;
        let order: OrderId = order.rsplit('/').next().unwrap().parse().unwrap();
        let case = self
            .open(&self.referral(nationality, direction, &["list_hit"], &[order]))
            .await;
        self.does(&case, "taking", json!({})).await;
        (case, order)
    }

    async fn cleared(&self, number: &str) -> Vec<OrderId> {
        let db = &self.hall.world.state.db;
        let mark = document::mark(db.vault(), STATE, number).unwrap();
        second_line::cleared(db, mark, self.hall.world.now())
            .await
            .unwrap()
    }
}

fn concluded(hit: bool, orders: &[OrderId]) -> Value {
    json!({ "hit": hit, "confirmed": orders, "text": "documents compared" })
}

fn crossing_of(case: &Value) -> CrossingId {
    case["referral"]["crossing"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_departure_is_deferred_by_two_people_and_stands_in_the_ledger_once() {
    let room = Room::new().await;
    let world = &room.hall.world;
    let (case, order) = room.listed("exit_ban", "IDN", "departure").await;
    let view = room
        .does(&case, "conclusion", concluded(true, &[order]))
        .await;
    assert_eq!(view["offer"]["acts"][0]["act"], "defer_departure");
    let grounds = view["offer"]["acts"][0]["grounds"].as_array().unwrap();
    let listed = grounds
        .iter()
        .find(|ground| ground["code"] == "on_exit_ban_list")
        .unwrap();
    assert_eq!(
        (&listed["citation"], &listed["verified"]),
        (&json!("UU 6/2011 Art 16(1)c"), &json!(false))
    );
    let decision = |ground: Value| json!({ "act": "defer_departure", "ground": ground });
    room.post(&room.budi, &case, "decision", decision(Value::Null))
        .await
        .refused(422, "wrong_ground");
    let view = room
        .does(&case, "decision", decision(json!("on_exit_ban_list")))
        .await;
    assert_eq!(view["status"], "awaiting_authoriser");
    // Who decided has no right to authorise; a supervisor who decided has it and still may not.
    room.post(
        &room.budi,
        &case,
        "authorisation",
        json!({ "authorise": true }),
    )
    .await
    .refused(403, "forbidden");
    world
        .get(&format!("/api/v1/second-line/{case}/notice"), &room.budi)
        .await
        .refused(409, "no_notice_yet");
    room.post(
        &room.sari,
        &case,
        "authorisation",
        json!({ "authorise": true }),
    )
    .await
    .ok();
    assert_eq!(
        crossing::get(&world.state.db, crossing_of(&view)).await,
        Err(tapal_store::Error::NotFound)
    );
    let view = room.does(&case, "closure", json!({})).await;
    assert_eq!(
        (&view["status"], &view["allowed"]),
        (&json!("closed"), &json!([]))
    );
    let row = crossing::get(&world.state.db, crossing_of(&view))
        .await
        .unwrap();
    assert_eq!(row.outcome.name(), "deferred_departure");
    assert_eq!(row.ground.as_deref(), Some("on_exit_ban_list"));
    assert_eq!(
        (row.order, row.case),
        (Some(order), Some(case.parse::<CaseId>().unwrap()))
    );
    assert!(row.authoriser.is_some() && row.authoriser != Some(row.officer));
    // Sent again: nothing new.
    room.does(&case, "closure", json!({})).await;
    assert_eq!(world.audited("crossing.recorded").await.len(), 1);
    let notice = world
        .get(&format!("/api/v1/second-line/{case}/notice"), &room.budi)
        .await;
    assert!(
        notice.status.is_success() && notice.bytes.starts_with(b"%PDF-1."),
        "{}",
        notice.status
    );
    for row in world.audited("second_line.changed").await {
        let text = row.to_string();
        assert!(!text.contains("Contoh") && !text.contains(NUMBER) && !text.contains("compared"));
    }
}

#[tokio::test]
async fn a_supervisor_does_not_authorise_an_own_decision() {
    let room = Room::new().await;
    let (case, order) = room.listed("exit_ban", "IDN", "departure").await;
    room.does(&case, "conclusion", concluded(true, &[order]))
        .await;
    let decision = json!({ "act": "defer_departure", "ground": "on_exit_ban_list" });
    room.post(&room.sari, &case, "decision", decision)
        .await
        .ok();
    room.post(
        &room.sari,
        &case,
        "authorisation",
        json!({ "authorise": true }),
    )
    .await
    .refused(409, "case_same_person");
}

#[tokio::test]
async fn the_same_crossing_opens_one_case() {
    let room = Room::new().await;
    let world = &room.hall.world;
    let mut referral = room.referral("IDN", "departure", &["document_doubt"], &[]);
    let case = room.open(&referral).await;
    assert_eq!(room.open(&referral).await, case);
    referral["traveller"]["document_number"] = json!("OTHER1");
    world
        .post("/api/v1/second-line", &room.hall.rina, referral.clone())
        .await
        .refused(409, "conflict");
    referral["crossing"] = json!(Uuid::from_u128(0xff));
    referral["site"] = json!(world.far_site);
    world
        .post("/api/v1/second-line", &room.hall.rina, referral.clone())
        .await
        .refused(404, "not_found");
    referral["site"] = json!(world.site);
    referral["orders"] = json!([Uuid::from_u128(5)]);
    world
        .post("/api/v1/second-line", &room.hall.rina, referral.clone())
        .await
        .refused(409, "order_not_in_force");
    referral["orders"] = json!([]);
    referral["reasons"] = json!([]);
    world
        .post("/api/v1/second-line", &room.hall.rina, referral)
        .await
        .refused(422, "case_incomplete");
    assert_eq!(world.audited("second_line.opened").await.len(), 1);
    let far = world
        .person("far", Role::SecondLineOfficer, Some(world.far_site), None)
        .await;
    world
        .get(&format!("/api/v1/second-line/{case}"), &far)
        .await
        .refused(404, "not_found");
    assert_eq!(world.get("/api/v1/second-line", &far).await.ok(), json!([]));
}

#[tokio::test]
async fn the_bureau_is_heard_before_a_red_notice_is_a_hit() {
    let room = Room::new().await;
    let (case, order) = room.listed("red_notice", "UTO", "arrival").await;
    room.post(&room.budi, &case, "conclusion", concluded(true, &[order]))
        .await
        .refused(422, "case_bureau_first");
    let contact = |reached: bool| {
        let answer = if reached { "the notice stands" } else { "" };
        let person = if reached { "duty officer 7" } else { "" };
        json!({ "agency": "interpol_bureau", "channel": "system", "reached": reached, "person": person, "answer": answer })
    };
    room.does(&case, "contacts", contact(false)).await;
    room.post(&room.budi, &case, "conclusion", concluded(true, &[order]))
        .await
        .refused(422, "case_bureau_first");
    room.does(&case, "contacts", contact(true)).await;
    let view = room
        .does(&case, "conclusion", concluded(true, &[order]))
        .await;
    let acts: Vec<&Value> = view["offer"]["acts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|act| &act["act"])
        .collect();
    assert_eq!(acts, ["admit", "may_refuse_entry"]);
}

#[tokio::test]
async fn who_is_not_the_person_is_not_stopped_again_for_that_order_only() {
    let room = Room::new().await;
    let world = &room.hall.world;
    let (case, order) = room.listed("exit_ban", "IDN", "departure").await;
    room.does(&case, "conclusion", concluded(false, &[])).await;
    room.does(&case, "decision", json!({ "act": "allow_departure" }))
        .await;
    assert_eq!(room.cleared(NUMBER).await, [], "not before the end");
    let view = room.does(&case, "closure", json!({})).await;
    let row = crossing::get(&world.state.db, crossing_of(&view))
        .await
        .unwrap();
    assert_eq!((row.outcome.name(), row.order), ("departed", None));
    assert_eq!(room.cleared(NUMBER).await, [order]);
    assert_eq!(room.cleared("X7654322").await, [], "another document");
    // Another order is not cleared with it, and a later finding that it is the person takes the pair back.
    let mut input = order_input("Orang Contoh");
    input["reference"] = json!("R-2");
    let other = room.hall.approved(input).await;
    let other: OrderId = other.rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(room.cleared(NUMBER).await, [order]);
    let again = room
        .open(&room.referral("IDN", "departure", &["list_hit"], &[order, other]))
        .await;
    room.does(&again, "taking", json!({})).await;
    room.does(&again, "conclusion", concluded(true, &[order]))
        .await;
    let decision = json!({ "act": "defer_departure", "ground": "on_exit_ban_list" });
    room.does(&again, "decision", decision).await;
    room.post(
        &room.sari,
        &again,
        "authorisation",
        json!({ "authorise": true }),
    )
    .await
    .ok();
    room.does(&again, "closure", json!({})).await;
    assert_eq!(room.cleared(NUMBER).await, [other]);
    // The pair ends by itself.
    world.pass(180 * DAY_MS);
    assert_eq!(room.cleared(NUMBER).await, []);
    world.tick().await;
    assert_eq!(world.audited("cleared_pair.expired").await.len(), 1);
}

#[tokio::test]
async fn an_order_that_ended_is_no_hit() {
    let room = Room::new().await;
    let (case, order) = room.listed("exit_ban", "IDN", "departure").await;
    room.hall
        .decide(&format!("/api/v1/orders/{order}"), "revoke", "CABUT-1")
        .await;
    room.post(&room.budi, &case, "conclusion", concluded(true, &[order]))
        .await
        .refused(409, "order_not_in_force");
    room.does(&case, "conclusion", concluded(false, &[])).await;
}

#[tokio::test]
async fn whoever_is_protected_meets_the_safeguarding_path_only() {
    let room = Room::new().await;
    let world = &room.hall.world;
    let (case, order) = room.listed("wanted", "UTO", "arrival").await;
    room.does(&case, "conclusion", concluded(true, &[order]))
        .await;
    room.does(&case, "decision", json!({ "act": "hand_over" }))
        .await;
    room.post(
        &room.sari,
        &case,
        "authorisation",
        json!({ "authorise": true }),
    )
    .await
    .ok();
    let found = json!({ "reasons": ["asylum_claim"], "text": "asks for protection" });
    let view = room.does(&case, "interviews", found).await;
    assert_eq!(
        (&view["protected"], &view["decided"]),
        (&json!(true), &Value::Null)
    );
    let acts = view["offer"]["acts"].as_array().unwrap();
    assert_eq!((acts.len(), &acts[0]["act"]), (1, &json!("safeguard")));
    let receiver = json!({ "agency": "police", "name": "Perwira Contoh", "number": "1", "signature": { "form": "drawn", "path": "M 1 1 L 9 9 L 20 2" } });
    room.post(&room.budi, &case, "hand-over", receiver)
        .await
        .refused(409, "case_status");
    for act in ["hand_over", "refuse_entry", "defer_departure", "admit"] {
        let decision = json!({ "act": act, "ground": "wanted_abroad" });
        room.post(&room.budi, &case, "decision", decision)
            .await
            .refused(422, "case_protected");
    }
    room.does(
        &case,
        "decision",
        json!({ "act": "safeguard", "text": "brought to the protection officer" }),
    )
    .await;
    let view = room.does(&case, "closure", json!({})).await;
    let row = crossing::get(&world.state.db, crossing_of(&view)).await;
    assert_eq!(
        row,
        Err(tapal_store::Error::NotFound),
        "the ledger says nothing of it"
    );
    assert_eq!(room.cleared(NUMBER).await, []);
}

#[tokio::test]
async fn a_hand_over_is_signed_and_the_signature_is_sealed() {
    let room = Room::new().await;
    let world = &room.hall.world;
    let (case, order) = room.listed("wanted", "IDN", "arrival").await;
    room.does(&case, "conclusion", concluded(true, &[order]))
        .await;
    room.does(&case, "decision", json!({ "act": "admit" }))
        .await;
    room.post(
        &room.sari,
        &case,
        "authorisation",
        json!({ "authorise": true }),
    )
    .await
    .ok();
    room.post(&room.budi, &case, "closure", json!({}))
        .await
        .refused(422, "case_not_done");
    let receiver = |path: &str| json!({ "agency": "police", "name": "Perwira Contoh", "rank": "AKP", "number": "7701", "signature": { "form": "drawn", "path": path } });
    room.post(&room.budi, &case, "hand-over", receiver("M 1 1 <svg>"))
        .await
        .refused(422, "case_not_signed");
    let view = room
        .does(&case, "hand-over", receiver("M 11 12 L 213 114 L 115 16"))
        .await;
    assert_eq!(view["status"], "handed_over");
    assert!(view["custody_ended"].is_number());
    let page = world
        .get(&format!("/second-line/{case}"), &room.budi)
        .await
        .text();
    assert!(page.contains("M 11 12 L 213 114 L 115 16") && page.contains("Perwira Contoh"));
    room.does(&case, "closure", json!({})).await;
    world.state.db.close().await;
    let kept = std::fs::read(world.dir.path().join("tapal.db")).unwrap();
    let holds = |text: &[u8]| kept.windows(text.len()).any(|part| part == text);
    for text in [
        &b"L 213 114"[..],
        b"Perwira",
        b"Orang Contoh",
        NUMBER.as_bytes(),
        b"documents compared",
    ] {
        assert!(!holds(text), "{}", String::from_utf8_lossy(text));
    }
}

#[tokio::test]
async fn the_clock_rings_at_eighty_and_at_a_hundred_and_the_console_is_told() {
    let room = Room::new().await;
    let world = &room.hall.world;
    let case = room
        .open(&room.referral("IDN", "departure", &["document_doubt"], &[]))
        .await;
    let see = async || {
        tapal_store::second_line::get(&world.state.db, case.parse().unwrap(), None)
            .await
            .unwrap()
            .case
            .alarmed()
    };
    world.pass(30 * HOUR_MS);
    world.tick().await;
    assert_eq!(see().await, 0, "nobody has taken the case");
    let budi = world.sign_in("budi", crate::world::PASSWORD).await;
    room.post(&budi, &case, "taking", json!({})).await.ok();
    let alarms = async || {
        let events = tapal_store::event::after(&world.state.db, 0, 10_000)
            .await
            .unwrap();
        events
            .iter()
            .filter(|event| event.kind == "second_line.alarm")
            .count()
    };
    world.pass(8 * HOUR_MS / 100 * 80 - MINUTE_MS);
    world.tick().await;
    assert_eq!((see().await, alarms().await), (0, 0));
    world.pass(MINUTE_MS);
    world.tick().await;
    world.tick().await;
    assert_eq!((see().await, alarms().await), (80, 1), "once");
    world.pass(8 * HOUR_MS / 100 * 20);
    world.tick().await;
    assert_eq!((see().await, alarms().await), (100, 2));
    let budi = world.sign_in("budi", crate::world::PASSWORD).await;
    let page = world.get("/second-line", &budi).await.text();
    assert!(page.contains("longer than allowed"), "{page}");
}

#[tokio::test]
async fn a_citizen_is_refused_entry_by_no_way() {
    let room = Room::new().await;
    for kind in ["exit_ban", "wanted", "lost_document"] {
        let (case, order) = room.listed(kind, "IDN", "arrival").await;
        room.does(&case, "conclusion", concluded(true, &[order]))
            .await;
        for act in ["refuse_entry", "may_refuse_entry"] {
            let decision = json!({ "act": act, "ground": "no_valid_document" });
            room.post(&room.budi, &case, "decision", decision)
                .await
                .refused(422, "case_not_offered");
        }
    }
}

#[tokio::test]
async fn the_pages_lead_from_the_queue_to_the_end() {
    let room = Room::new().await;
    let world = &room.hall.world;
    let page = world.get("/second-line", &room.budi).await.text();
    assert!(page.contains("Nobody waits"));
    let case = room
        .open(&room.referral("UTO", "arrival", &["document_doubt"], &[]))
        .await;
    let page = world.get("/second-line", &room.budi).await.text();
    assert!(page.contains("Orang Contoh") && page.contains("doubt about the document"));
    let path = format!("/second-line/{case}");
    let form = async |what: &str, body: &str| {
        let body = format!("csrf={}&{body}", room.budi.csrf);
        let request = axum::http::Request::builder()
            .method("POST")
            .uri(format!("{path}/{what}"))
            .header("host", "localhost")
            .header("cookie", &room.budi.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(axum::body::Body::from(body))
            .unwrap();
        world.send(request).await
    };
    assert_eq!(form("taking", "").await.status, 303);
    assert_eq!(
        form("interviews", "text=no+reason+ticked").await.status,
        422
    );
    let reply = form(
        "interviews",
        "reason=document_doubt&reason=imposter_doubt&text=stamp+differs",
    )
    .await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let reply = form(
        "contacts",
        "agency=police&channel=telephone&ago=0&reached=no&person=&answer=",
    )
    .await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(
        form("conclusion", "hit=yes&text=the+stamp+is+false")
            .await
            .status,
        303
    );
    let page = world.get(&path, &room.budi).await.text();
    assert!(
        page.contains("May refuse entry") && page.contains("UU 6/2011 Art 13(1), not verified"),
        "{page}"
    );
    assert!(
        page.contains("face and document may not belong together") && page.contains("not reached")
    );
    let until = local_day(29);
    assert_eq!(form("decision", "act=admit").await.status, 422);
    assert_eq!(
        form("decision", &format!("act=admit&stay_until={until}"))
            .await
            .status,
        303
    );
    assert_eq!(form("closure", "").await.status, 303);
    let page = world
        .get("/second-line?closed=yes", &room.budi)
        .await
        .text();
    assert!(page.contains("Orang Contoh"));
    let words = tapal_server::console::Lang::ALL;
    assert_eq!(words.len(), 2);
    assert!(!page.contains('['), "a word without its text");
}
