//! Entries and exits over HTTP: what a desk may record, once, and what it may not.

use serde_json::{Value, json};
use tapal_domain::{id::LaneId, role::Role, site::Direction, time::DAY_MS};
use tapal_server::{name_check::list, site};
use tapal_store::By;

use crate::{
    name_checks::{Hall, lost_document},
    orders::order_input,
    world::{Person, Reply, local_day},
};

/// A hall with an arrival and a departure lane, and an officer at the desk.
pub struct Desk {
    pub hall: Hall,
    pub officer: Person,
    pub arrival: LaneId,
    pub departure: LaneId,
}

impl Desk {
    pub async fn new() -> Self {
        let hall = Hall::new().await;
        let officer = hall
            .world
            .person("dewi", Role::CounterOfficer, Some(hall.world.site), None)
            .await;
        let lane = async |name: &str, direction| {
            let input = site::LaneInput {
                name: name.into(),
                direction,
                desk: None,
            };
            site::add_lane_by(&hall.world.state, By::System, hall.world.site, &input)
                .await
                .unwrap()
        };
        let arrival = lane("Arrival 7", Direction::Arrival).await;
        let departure = lane("Departure 8", Direction::Departure).await;
        Desk {
            hall,
            officer,
            arrival,
            departure,
        }
    }

    /// Lets so much time pass; somebody else sits there then.
    async fn pass(&mut self, ms: i64, username: &str) {
        let world = &self.hall.world;
        world.pass(ms);
        self.officer = world
            .person(username, Role::CounterOfficer, Some(world.site), None)
            .await;
    }

    /// Id of the holder of a document in the registry.
    async fn holder_of(&self, state: &str, number: &str) -> String {
        let db = &self.hall.world.state.db;
        let found = tapal_store::holder::by_document(db, state, number).await;
        found.unwrap().unwrap().holder.id.to_string()
    }

    pub async fn record(&self, body: Value) -> Reply {
        self.hall
            .world
            .post("/api/v1/crossings", &self.officer, body)
            .await
    }

    pub fn crossing(&self, n: u32, outcome: &str, document: Value) -> Value {
        let lane = match outcome {
            "departed" | "deferred_departure" => self.departure,
            _ => self.arrival,
        };
        json!({ "id": format!("01900000-0000-7000-8000-{n:012}"), "lane": lane, "outcome": outcome, "document": document })
    }
}

pub fn passport(state: &str, number: &str, surname: &str, given: &str) -> Value {
    json!({ "issuing_state": state, "nationality": state, "number": number, "surname": surname, "given_names": given,
        "birth_date": "1991-05-06", "sex": "F", "expiry": "2035-01-01" })
}

#[tokio::test]
async fn a_decision_is_recorded_once_and_an_id_names_one_decision() {
    let desk = Desk::new().await;
    let body = desk.crossing(1, "entered", passport("IDN", "C1234567", "CONTOH", "ANNA"));
    let done = desk.record(body.clone()).await;
    assert_eq!(done.status, 201, "{}", done.text());
    let again = desk.record(body).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["again"], true);
    let other = desk.crossing(1, "entered", passport("IDN", "C1234568", "CONTOH", "ANNA"));
    desk.record(other).await.refused(409, "id_taken");
    assert_eq!(desk.hall.world.audited("crossing.recorded").await.len(), 1);
}

#[tokio::test]
async fn a_citizen_is_never_refused_entry_and_a_desk_refuses_nobody() {
    let desk = Desk::new().await;
    let citizen = passport("IDN", "C1234567", "CONTOH", "ANNA");
    for (n, lane) in [(1, desk.arrival), (2, desk.departure)] {
        let mut body = desk.crossing(n, "refused_entry", citizen.clone());
        body["lane"] = json!(lane);
        desk.record(body).await.refused(422, "citizen_refused");
    }
    let foreigner = passport("FRA", "12AB34567", "EXEMPLE", "ANNE");
    for (n, outcome) in [
        (3, "refused_entry"),
        (4, "deferred_departure"),
        (5, "handed_over"),
        (6, "void"),
    ] {
        let body = desk.crossing(n, outcome, foreigner.clone());
        desk.record(body).await.refused(409, "second_line_needed");
    }
    let body = desk.crossing(7, "entered", foreigner);
    desk.record(body).await.refused(409, "not_offered");
}

#[tokio::test]
async fn who_may_not_leave_is_not_let_out_and_comes_home() {
    let desk = Desk::new().await;
    let mut order = order_input("ANNA CONTOH");
    order["subject"]["document_number"] = json!("C1234567");
    let order = desk.hall.approved(order).await;
    list::catch_up(&desk.hall.world.state).await.unwrap();
    let document = passport("IDN", "C1234567", "CONTOH", "ANNA");
    let body = desk.crossing(1, "departed", document.clone());
    desk.record(body).await.refused(409, "not_offered");
    let body = desk.crossing(2, "entered", document);
    assert_eq!(desk.record(body).await.status, 201);
    let rows = desk.hall.world.audited("crossing.recorded").await;
    let id = order.rsplit('/').next().unwrap();
    assert!(
        rows[0].to_string().contains(id),
        "the order is named in the record"
    );
}

#[tokio::test]
async fn a_stay_is_counted_from_the_day_of_arrival_and_an_overstay_is_paid() {
    let mut desk = Desk::new().await;
    let document = passport("MYS", "K00000001", "CONTOH", "SITI");
    let done = desk
        .record(desk.crossing(1, "entered", document.clone()))
        .await;
    assert_eq!(
        done.json()["stay_until"],
        json!(local_day(29)),
        "{}",
        done.text()
    );
    // Day 30 is the last lawful one; 59 days later the charge, 60 an officer.
    desk.pass(29 * DAY_MS, "eka").await;
    desk.record(desk.crossing(2, "departed", document.clone()))
        .await
        .ok();
    desk.record(desk.crossing(3, "entered", document.clone()))
        .await
        .ok();
    desk.pass((29 + 59) * DAY_MS, "fajar").await;
    let body = desk.crossing(4, "departed", document.clone());
    desk.record(body.clone())
        .await
        .refused(409, "receipt_missing");
    let mut paid = body;
    paid["receipt"] = json!("SIMPONI-1");
    desk.record(paid).await.ok();
    let row = &desk.hall.world.state.db;
    let id = "01900000-0000-7000-8000-000000000004".parse().unwrap();
    let kept = tapal_store::crossing::get(row, id).await.unwrap();
    assert_eq!(
        (kept.charge, kept.receipt.as_deref()),
        (Some(59_000_000), Some("SIMPONI-1"))
    );
    desk.record(desk.crossing(5, "entered", document.clone()))
        .await
        .ok();
    desk.pass((29 + 60) * DAY_MS, "gita").await;
    let mut body = desk.crossing(6, "departed", document);
    body["receipt"] = json!("SIMPONI-2");
    desk.record(body).await.refused(409, "not_offered");
}

#[tokio::test]
async fn a_doubt_is_judged_first() {
    let desk = Desk::new().await;
    let mut order = order_input("ANNA CONTOH");
    order["subject"]["document_number"] = json!("C7777777");
    let order = desk.hall.approved(order).await;
    list::catch_up(&desk.hall.world.state).await.unwrap();
    let key = format!("order:{}", order.rsplit('/').next().unwrap());
    // Little else is known of whoever holds this document.
    let mut document = passport("IDN", "C1234567", "CONTOH", "ANNE");
    document["birth_date"] = json!("");
    document["sex"] = json!("");
    let body = desk.crossing(1, "departed", document);
    desk.record(body.clone()).await.refused(409, "not_offered");
    let mut judged = body;
    judged["others"] = json!([key]);
    let reply = desk.record(judged).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    assert_eq!(desk.hall.world.audited("desk.judged_other").await.len(), 1);
}

#[tokio::test]
async fn who_agrees_in_name_and_birth_goes_to_second_line() {
    let desk = Desk::new().await;
    let mut order = order_input("ANNA CONTOH");
    order["subject"]["document_number"] = json!("C7777777");
    order["subject"]["birth_date"] = json!("1991-05-06");
    order["subject"]["sex"] = json!("F");
    let order = desk.hall.approved(order).await;
    list::catch_up(&desk.hall.world.state).await.unwrap();
    let mut body = desk.crossing(1, "departed", passport("IDN", "C1234567", "CONTOH", "ANNA"));
    body["others"] = json!([format!("order:{}", order.rsplit('/').next().unwrap())]);
    desk.record(body).await.refused(409, "not_offered");
}

#[tokio::test]
async fn a_lost_document_counts_whoever_holds_it() {
    let desk = Desk::new().await;
    desk.hall
        .approved(lost_document("BUDI LAIN", "C1234567"))
        .await;
    list::catch_up(&desk.hall.world.state).await.unwrap();
    let document = passport("IDN", "C1234567", "CONTOH", "ANNA");
    let body = desk.crossing(1, "departed", document.clone());
    desk.record(body).await.refused(409, "not_offered");
    let body = desk.crossing(2, "entered", document);
    assert_eq!(desk.record(body).await.status, 201, "a citizen comes home");
}

#[tokio::test]
async fn an_alert_of_the_lane_is_answered_first() {
    let desk = Desk::new().await;
    let world = &desk.hall.world;
    let alert = world.raise(1).await;
    let id = alert.rsplit('/').next().unwrap();
    let lanes = tapal_store::site::lanes(&world.state.db, world.site)
        .await
        .unwrap();
    let lane = lanes.iter().find(|lane| lane.name == "Lane 2").unwrap().id;
    let mut body = desk.crossing(1, "entered", passport("IDN", "C1234567", "CONTOH", "ANNA"));
    // The other lane does not care.
    desk.record(body.clone()).await.ok();
    body["id"] = json!("01900000-0000-7000-8000-000000000002");
    body["lane"] = json!(lane);
    desk.record(body.clone()).await.refused(409, "not_offered");
    let mut linked = body.clone();
    linked["alert"] = json!(id);
    desk.record(linked).await.refused(409, "not_offered");
    body["alert_others"] = json!([id]);
    desk.record(body.clone()).await.ok();
    assert_eq!(world.audited("desk.judged_other").await.len(), 1);
    // Once somebody is referred with it, the next traveller is not asked about it.
    let mut next = body;
    next["id"] = json!("01900000-0000-7000-8000-000000000003");
    next["document"] = passport("IDN", "C7654321", "LAIN", "BUDI");
    next["alert_others"] = json!([]);
    desk.record(next.clone()).await.refused(409, "not_offered");
    let referral = json!({ "crossing": "01900000-0000-7000-8000-000000000004", "site": world.site, "direction": "arrival",
        "traveller": { "name": "Orang Contoh", "birth_date": "1980-02-03", "sex": "M", "nationality": "IDN", "issuer": "IDN",
            "document_number": "X7654321" },
        "reasons": ["list_hit"], "text": "", "detection": "face", "orders": [], "alert": id });
    world
        .post("/api/v1/second-line", &desk.officer, referral)
        .await
        .ok();
    desk.record(next).await.ok();
}

#[tokio::test]
async fn what_cannot_be_used_is_said() {
    let desk = Desk::new().await;
    let check = async |document: Value, code: &str| {
        let body = desk.crossing(1, "entered", document);
        desk.record(body).await.refused(422, code);
    };
    let zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<11";
    check(json!({ "mrz": zone }), "mrz_invalid").await;
    check(json!({}), "number_missing").await;
    check(
        json!({ "number": "1", "surname": "A", "issuing_state": "QQQ" }),
        "bad_issuer",
    )
    .await;
    let mut expired = passport("FRA", "12AB34567", "EXEMPLE", "ANNE");
    expired["expiry"] = json!("soon");
    check(expired, "bad_expiry_date").await;
    let mut home = passport("IDN", "C1234567", "CONTOH", "ANNA");
    home["expiry"] = json!("2020-01-01");
    desk.record(desk.crossing(2, "departed", home.clone()))
        .await
        .refused(409, "not_offered");
    desk.record(desk.crossing(3, "entered", home)).await.ok();
    let elsewhere = desk
        .hall
        .world
        .person(
            "budi",
            Role::CounterOfficer,
            Some(desk.hall.world.far_site),
            None,
        )
        .await;
    let body = desk.crossing(4, "entered", passport("IDN", "C1234567", "CONTOH", "ANNA"));
    let reply = desk
        .hall
        .world
        .post("/api/v1/crossings", &elsewhere, body)
        .await;
    reply.refused(404, "not_found");
}

impl Desk {
    /// Sends the form of a page.
    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut body = format!("csrf={}", self.officer.csrf);
        for (name, value) in fields {
            let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            body.push_str(&format!("&{name}={value}"));
        }
        let request = axum::http::Request::builder()
            .method("POST")
            .uri(path)
            .header("host", "localhost")
            .header("cookie", &self.officer.cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(axum::body::Body::from(body)).unwrap();
        self.hall.world.send(request).await
    }

    /// The stay officer records a holder from France with a passport; the address of the record.
    async fn holder(&self, clerk: &Person, number: &str) -> String {
        let world = &self.hall.world;
        let who = json!({ "nationality": "FRA", "identity": { "primary": "EXEMPLE", "secondary": "ANNE", "full_name": "Anne Exemple",
            "sex": "F", "birth_date": "1991-05-06" } });
        let made = world.post("/api/v1/holders", clerk, who).await.ok();
        let path = format!("/api/v1/holders/{}", made["id"].as_str().unwrap());
        let paper = json!({ "kind": "passport", "issuing_state": "FRA", "number": number, "expires": "2035-01-01" });
        world
            .post(&format!("{path}/documents"), clerk, paper)
            .await
            .ok();
        path
    }
}

#[tokio::test]
async fn the_form_of_the_page_refuses_no_citizen_either() {
    let desk = Desk::new().await;
    let lane = desk.arrival.to_string();
    let fields = [
        ("lane", lane.as_str()),
        ("id", "01900000-0000-7000-8000-000000000001"),
        ("outcome", "refused_entry"),
        ("issuing_state", "IDN"),
        ("nationality", "IDN"),
        ("number", "C1234567"),
        ("surname", "CONTOH"),
        ("given_names", "ANNA"),
        ("birth_date", "1991-05-06"),
        ("sex", "F"),
    ];
    let reply = desk.form("/desk/crossings", &fields).await;
    assert_eq!(reply.status, 422, "{}", reply.text());
    assert!(
        desk.hall
            .world
            .audited("crossing.recorded")
            .await
            .is_empty()
    );
    let mut admitted = fields;
    admitted[2].1 = "entered";
    let reply = desk.form("/desk/crossings", &admitted).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
}

#[tokio::test]
async fn a_visa_serves_until_its_last_day_of_use_and_once() {
    let mut desk = Desk::new().await;
    let clerk = desk
        .hall
        .world
        .person("visa", Role::StayOfficer, None, None)
        .await;
    for (number, index) in [("20FR00301", "B1"), ("20FR00302", "B2")] {
        let path = desk.holder(&clerk, number).await;
        // Issued today: on day 90 after it serves, on day 91 it does not.
        let visa = json!({ "kind": "visa", "index": index, "entries": "single", "valid_from": local_day(0),
            "valid_until": local_day(90), "stay": { "days": 30 }, "sites": [] });
        desk.hall
            .world
            .post(&format!("{path}/permits"), &clerk, visa)
            .await
            .ok();
    }
    let of = |number: &str| passport("FRA", number, "EXEMPLE", "ANNE");
    desk.pass(90 * DAY_MS, "eka").await;
    let done = desk
        .record(desk.crossing(1, "entered", of("20FR00301")))
        .await;
    assert_eq!(done.status, 201, "{}", done.text());
    assert_eq!(done.json()["stay_until"], json!(local_day(90 + 29)));
    desk.record(desk.crossing(2, "departed", of("20FR00301")))
        .await
        .ok();
    let again = desk
        .record(desk.crossing(3, "entered", of("20FR00301")))
        .await;
    again.refused(409, "not_offered");
    desk.pass(DAY_MS, "fajar").await;
    let late = desk
        .record(desk.crossing(4, "entered", of("20FR00302")))
        .await;
    late.refused(409, "not_offered");
}

#[tokio::test]
async fn a_newcomer_is_recorded_with_the_entry_and_a_record_that_differs_is_a_doubt() {
    let desk = Desk::new().await;
    let document = passport("MYS", "K00000001", "CONTOH", "SITI");
    desk.record(desk.crossing(1, "entered", document.clone()))
        .await
        .ok();
    let db = &desk.hall.world.state.db;
    let found = tapal_store::holder::by_document(db, "MYS", "K00000001")
        .await
        .unwrap()
        .unwrap();
    let id = "01900000-0000-7000-8000-000000000001".parse().unwrap();
    assert_eq!(
        tapal_store::crossing::get(db, id).await.unwrap().holder,
        Some(found.holder.id)
    );
    desk.record(desk.crossing(2, "departed", document.clone()))
        .await
        .ok();
    let mut other = document;
    other["surname"] = json!("LAIN");
    let reply = desk.record(desk.crossing(3, "entered", other)).await;
    reply.refused(409, "not_offered");
}

#[tokio::test]
async fn who_second_line_cleared_is_not_stopped_again_for_that_order() {
    let desk = Desk::new().await;
    let mut order = order_input("ANNA CONTOH");
    order["subject"]["document_number"] = json!("C7777777");
    order["subject"]["birth_date"] = json!("1991-05-06");
    order["subject"]["sex"] = json!("F");
    desk.hall.approved(order).await;
    list::catch_up(&desk.hall.world.state).await.unwrap();
    let lane = desk.departure.to_string();
    let fields = [
        ("lane", lane.as_str()),
        ("id", "01900000-0000-7000-8000-000000000009"),
        ("list_hit", "1"),
        ("issuing_state", "IDN"),
        ("nationality", "IDN"),
        ("number", "C1234567"),
        ("surname", "CONTOH"),
        ("given_names", "ANNA"),
        ("birth_date", "1991-05-06"),
        ("sex", "F"),
    ];
    for _ in 0..2 {
        let referred = desk.form("/desk/referrals", &fields).await;
        assert_eq!(referred.status, 303, "{}", referred.text());
    }
    let world = &desk.hall.world;
    let budi = world
        .person("budi", Role::SecondLineOfficer, Some(world.site), None)
        .await;
    let cases = world.get("/api/v1/second-line", &budi).await.ok();
    assert_eq!(cases.as_array().unwrap().len(), 1, "sent twice, one case");
    let case = format!("/api/v1/second-line/{}", cases[0]["id"].as_str().unwrap());
    world
        .post(&format!("{case}/taking"), &budi, json!({}))
        .await
        .ok();
    let none = json!({ "hit": false, "confirmed": [], "text": "somebody else of the same name" });
    world
        .post(&format!("{case}/conclusion"), &budi, none)
        .await
        .ok();
    let passes = json!({ "act": "allow_departure" });
    world
        .post(&format!("{case}/decision"), &budi, passes)
        .await
        .ok();
    world
        .post(&format!("{case}/closure"), &budi, json!({}))
        .await
        .ok();
    // Back home, and out again: nobody asks about that order.
    let document = passport("IDN", "C1234567", "CONTOH", "ANNA");
    desk.record(desk.crossing(1, "entered", document.clone()))
        .await
        .ok();
    desk.record(desk.crossing(2, "departed", document))
        .await
        .ok();
    // The same name with another passport is asked about.
    let another = passport("IDN", "C1234599", "CONTOH", "ANNA");
    desk.record(desk.crossing(3, "departed", another))
        .await
        .refused(409, "not_offered");
}

#[tokio::test]
async fn whoever_is_in_second_line_passes_no_other_desk_and_what_was_said_is_carried() {
    let desk = Desk::new().await;
    let lane = desk.arrival.to_string();
    let fields = [
        ("lane", lane.as_str()),
        ("id", "01900000-0000-7000-8000-000000000009"),
        ("document_doubt", "1"),
        ("issuing_state", "IDN"),
        ("nationality", "IDN"),
        ("number", "C1234567"),
        ("surname", "CONTOH"),
        ("given_names", "ANNA"),
        ("birth_date", "1991-05-06"),
        ("sex", "F"),
    ];
    let mut protects = fields.to_vec();
    protects.push(("protect", "1"));
    let page = desk.form("/desk", &protects).await.text();
    let carried = r#"name="protected" value="1""#;
    assert!(page.contains(carried) && !page.contains(r#"action="/desk/crossings""#));
    let mut again = fields.to_vec();
    again.extend([("protected", "1"), ("other", "order:x")]);
    assert!(desk.form("/desk", &again).await.text().contains(carried));
    assert_eq!(desk.form("/desk/referrals", &fields).await.status, 303);
    let document = passport("IDN", "C1234567", "CONTOH", "ANNA");
    desk.record(desk.crossing(1, "entered", document))
        .await
        .refused(409, "not_offered");
    let other = passport("IDN", "C1234568", "CONTOH", "ANNA");
    desk.record(desk.crossing(2, "entered", other)).await.ok();
}

#[tokio::test]
async fn a_stay_is_made_longer_by_a_decision_before_it_is_over() {
    let mut desk = Desk::new().await;
    let document = passport("MYS", "K00000001", "CONTOH", "SITI");
    desk.record(desk.crossing(1, "entered", document.clone()))
        .await
        .ok();
    let holder = desk.holder_of("MYS", "K00000001").await;
    let clerk = desk
        .hall
        .world
        .person("stays", Role::StayOfficer, None, None)
        .await;
    let path = format!("/api/v1/holders/{holder}/extensions");
    let more = |until: i64| json!({ "until": local_day(until), "reference": "IT-30/2026" });
    let world = &desk.hall.world;
    // The last day is day 29 counted from 0; the published case: 30 days more.
    for (until, code) in [(29, "stay_not_later"), (29 + 367, "stay_too_long")] {
        world
            .post(&path, &clerk, more(until))
            .await
            .refused(409, code);
    }
    let mut unnamed = more(59);
    unnamed["reference"] = json!(" ");
    world
        .post(&path, &clerk, unnamed)
        .await
        .refused(422, "extension_reference");
    let done = world.post(&path, &clerk, more(59)).await.ok();
    assert_eq!(done["until"], json!(local_day(59)));
    assert_eq!(world.audited("stay.extended").await.len(), 1);
    desk.pass(59 * DAY_MS, "eka").await;
    desk.record(desk.crossing(2, "departed", document.clone()))
        .await
        .ok();
    let world = &desk.hall.world;
    let clerk = world.person("stays2", Role::StayOfficer, None, None).await;
    world
        .post(&path, &clerk, more(90))
        .await
        .refused(409, "stay_not_here");
}

#[tokio::test]
async fn two_passports_of_one_person_are_one_stay() {
    let mut desk = Desk::new().await;
    let (first, second) = (
        passport("MYS", "K00000001", "CONTOH", "SITI"),
        passport("MYS", "K00000002", "CONTOH", "SITI"),
    );
    desk.record(desk.crossing(1, "entered", first)).await.ok();
    desk.record(desk.crossing(2, "entered", second.clone()))
        .await
        .ok();
    desk.pass(20 * DAY_MS, "eka").await;
    desk.record(desk.crossing(3, "departed", second.clone()))
        .await
        .ok();
    desk.record(desk.crossing(4, "entered", second.clone()))
        .await
        .ok();
    let (one, other) = (
        desk.holder_of("MYS", "K00000001").await,
        desk.holder_of("MYS", "K00000002").await,
    );
    let world = &desk.hall.world;
    let clerk = world.person("stays", Role::StayOfficer, None, None).await;
    let link = json!({ "other": other, "decision": "same", "reason": "same fingerprints" });
    world
        .post(&format!("/api/v1/holders/{one}/links"), &clerk, link)
        .await
        .ok();
    // With the first passport: its own stay is long over, that of the person is not.
    desk.pass(25 * DAY_MS, "fajar").await;
    let leaves = passport("MYS", "K00000001", "CONTOH", "SITI");
    let done = desk.record(desk.crossing(5, "departed", leaves)).await;
    assert_eq!(done.status, 201, "{}", done.text());
}
