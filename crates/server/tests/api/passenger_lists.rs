//! Passenger lists: a carrier's key hands one in, each passenger is held against the orders by document and name, a person
//! decides, the carrier asks again; later orders are held against them too; and nobody is kept.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use tapal_domain::{
    day::Day,
    role::Role,
    time::{DAY_MS, HOUR_MS},
};
use tapal_server::{account, passenger_list::screen};
use tapal_store::{By, document, passenger_list};

use crate::{
    name_checks::{Hall, lost_document},
    orders::order_input,
    world::{PASSWORD, Person, Reply},
};

struct Port {
    hall: Hall,
    key: String,
    budi: Person,
}

/// A list of one message, with people as surname, given names, nationality, number.
fn list(reference: &str, people: &[(&str, &str, &str, &str)]) -> String {
    let mut body = vec![
        "UNH+1+PAXLST:D:02B:UN:IATA".to_owned(),
        "BGM+745".into(),
        "TDT+20+XC512+++XC".into(),
        "LOC+125+SIN".into(),
        "DTM+189:2701161005:201".into(),
        "LOC+87+CGK".into(),
        "DTM+232:2701161050:201".into(),
    ];
    for (n, (surname, given, nation, number)) in people.iter().enumerate() {
        body.extend([
            format!("NAD+FL+++{surname}:{given}"),
            "ATT+2++M".into(),
            "DTM+329:800203".into(),
            format!("NAT+2+{nation}"),
            format!("RFF+ABO:P{n}"),
            format!("DOC+P+{number}"),
            "DTM+36:300101".into(),
            format!("LOC+91+{nation}"),
        ]);
    }
    body.push(format!("CNT+42:{}", people.len()));
    body.push(format!("UNT+{}+1", body.len() + 1));
    format!(
        "UNB+UNOC:3+XCAIR+TAPAL+270115:0800+{reference}'{}'UNZ+1+{reference}'",
        body.join("'")
    )
}

const ORDINARY: (&str, &str, &str, &str) = ("BIASA", "ORANG", "UTO", "U1111111");

impl Port {
    async fn new() -> Self {
        let hall = Hall::new().await;
        let world = &hall.world;
        let admin = world.person("admin", Role::SystemAdmin, None, None).await;
        let budi = world
            .person("budi", Role::SecondLineOfficer, Some(world.site), None)
            .await;
        let input = account::AccountInput {
            username: "contoh.air".into(),
            display_name: "System of Contoh Air".into(),
            role: Role::Carrier,
            site: None,
            desk: None,
            agency: None,
            language: None,
        };
        let (carrier, _) = account::open_with(&world.state, By::System, input, PASSWORD, true)
            .await
            .unwrap();
        let path = format!("/api/v1/accounts/{carrier}/credentials");
        let made = world
            .post(
                &path,
                &admin,
                json!({ "label": "departure control", "days": 30 }),
            )
            .await
            .ok();
        Port {
            key: made["key"].as_str().unwrap().into(),
            hall,
            budi,
        }
    }

    async fn ask(&self, method: &str, path: &str, accept: &str, body: String) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header(header::ACCEPT, accept)
            .header(header::CONTENT_TYPE, "application/edifact");
        self.hall
            .world
            .send(request.body(Body::from(body)).unwrap())
            .await
    }

    async fn send(&self, text: &str) -> Reply {
        self.ask(
            "POST",
            "/api/v1/passenger-lists",
            "application/json",
            text.to_owned(),
        )
        .await
    }

    async fn answers(&self, id: &str) -> Vec<String> {
        let path = format!("/api/v1/passenger-lists/{id}/answers");
        let reply = self
            .ask("GET", &path, "application/json", String::new())
            .await
            .ok();
        answers_in(&reply)
    }

    async fn full(&self, id: &str) -> Value {
        self.hall
            .world
            .get(&format!("/api/v1/passenger-lists/{id}"), &self.budi)
            .await
            .ok()
    }

    async fn decide(&self, passenger: &Value, decision: &str, reason: &str) -> Reply {
        let path = format!(
            "/api/v1/passengers/{}/decision",
            passenger["id"].as_str().unwrap()
        );
        let body = json!({ "decision": decision, "reason": reason });
        self.hall.world.post(&path, &self.budi, body).await
    }
}

fn answers_in(list: &Value) -> Vec<String> {
    let people = list["people"].as_array().unwrap();
    people
        .iter()
        .map(|person| person["answer"].as_str().unwrap().to_owned())
        .collect()
}

fn id_of(reply: &Value) -> String {
    reply[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_answers_by_document_or_name_is_referred_and_a_person_says_no() {
    let port = Port::new().await;
    let world = &port.hall.world;
    port.hall
        .approved(lost_document("Pemilik Lama", "L2222222"))
        .await;
    let mut wanted = order_input("Buronan Contoh Jauh");
    wanted["kind"] = json!("wanted");
    wanted["reason"] = json!("fugitive");
    port.hall.approved(wanted).await;
    let people = [
        ORDINARY,
        ("LAIN", "NAMA", "UTO", "L2222222"),
        ("CONTOH JAUH", "BURONAN", "UTO", "U3333333"),
        ("CONTOH JAUH", "BURONAN", "IDN", "U4444444"),
    ];
    let reply = port.send(&list("REF1", &people)).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let reply = reply.json();
    assert_eq!(
        (&reply[0]["accepted"], &reply[0]["left_out"]),
        (&json!(4), &json!(0))
    );
    assert_eq!(
        answers_in(&reply[0]),
        ["board", "refer", "refer", "refer"],
        "a machine never says no"
    );
    let text = reply.to_string();
    assert!(
        !text.contains("Pemilik") && !text.contains("wanted") && !text.contains("verdict"),
        "why is not said: {text}"
    );
    let id = id_of(&reply);
    let full = port.full(&id).await;
    let seen = &full["people"];
    assert_eq!(
        (&seen[0]["advice"], &seen[3]["advice"]),
        (&json!("refer"), &json!("board")),
        "those to decide about first"
    );
    assert_eq!(seen[0]["hits"][0]["kind"], "lost_document");
    port.decide(&seen[3], "no_board", "because")
        .await
        .refused(422, "not_referred");
    port.decide(&seen[0], "no_board", "")
        .await
        .refused(422, "reason_missing");
    let of = |number: &str| {
        seen.as_array()
            .unwrap()
            .iter()
            .find(|one| one["document_number"] == number)
            .unwrap()
            .clone()
    };
    port.decide(&of("U4444444"), "no_board", "wanted by the police")
        .await
        .refused(422, "citizen_boards");
    assert_eq!(
        port.decide(&of("U4444444"), "board", "a citizen comes home")
            .await
            .status,
        204
    );
    assert_eq!(
        port.decide(
            &of("L2222222"),
            "no_board",
            "the document was reported stolen"
        )
        .await
        .status,
        204
    );
    assert_eq!(
        port.answers(&id).await,
        ["board", "no_board", "refer", "board"]
    );
    let rows = world.audited("passenger.decided").await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| !row.to_string().contains("stolen")));
    // A counter officer sees the list and decides nothing.
    let path = format!(
        "/api/v1/passengers/{}/decision",
        seen[0]["id"].as_str().unwrap()
    );
    let body = json!({ "decision": "board", "reason": "none" });
    world
        .post(&path, &port.hall.rina, body)
        .await
        .refused(403, "forbidden");
    let page = world
        .get(&format!("/passenger-lists/{id}"), &port.hall.rina)
        .await
        .text();
    assert!(
        page.contains("XC512")
            && page.contains("CONTOH JAUH BURONAN")
            && !page.contains("May not board"),
        "{page}"
    );
    let page = world.get("/passenger-lists", &port.budi).await.text();
    assert!(page.contains("one to look at"), "{page}");
}

#[tokio::test]
async fn the_same_interchange_is_taken_once() {
    let port = Port::new().await;
    let first = port.send(&list("REF1", &[ORDINARY])).await.ok();
    let again = port.send(&list("REF1", &[ORDINARY])).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, first));
    let other = list("REF1", &[ORDINARY, ("LAGI", "SATU", "UTO", "U9")]);
    port.send(&other).await.refused(409, "reference_taken");
    assert_eq!(
        port.hall
            .world
            .audited("passenger_list.received")
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn a_spoiled_list_is_refused_whole_and_who_cannot_be_used_is_counted() {
    let port = Port::new().await;
    let text = list("REF1", &[ORDINARY]).replace("CNT+42:1", "CNT+42:2");
    let refused = port.send(&text).await.refused(422, "bad_passenger_list");
    assert_eq!(refused["reasons"], json!(["18:people"]));
    port.send("hello").await.refused(422, "bad_passenger_list");
    let text = list("REF2", &[ORDINARY, ("TANPA", "NOMOR", "UTO", "")]);
    let reply = port.send(&text).await.ok();
    assert_eq!(
        (&reply[0]["accepted"], &reply[0]["left_out"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(reply[0]["faults"], json!(["17:document:person 2"]));
}

#[tokio::test]
async fn an_order_that_comes_later_is_held_against_those_who_have_not_arrived() {
    let port = Port::new().await;
    let world = &port.hall.world;
    let id = id_of(
        &port
            .send(&list(
                "REF1",
                &[("CONTOH BARU", "PENCURI", "UTO", "U5555555"), ORDINARY],
            ))
            .await
            .ok(),
    );
    let run = async || screen::run_due(&world.state, world.now()).await.unwrap();
    assert_eq!(run().await, 0);
    port.hall.approved(order_input("Pencuri Contoh Baru")).await;
    assert_eq!(run().await, 1);
    assert_eq!(run().await, 0, "once");
    assert_eq!(port.answers(&id).await, ["refer", "board"]);
    let seen = port.full(&id).await;
    port.decide(&seen["people"][0], "board", "somebody else by birth date")
        .await
        .ok();
    // Another order names the same person: what was decided no longer stands for it.
    let mut second = order_input("Pencuri Contoh Baru");
    second["reference"] = json!("R-2");
    port.hall.approved(second).await;
    assert_eq!(run().await, 1);
    assert_eq!(port.answers(&id).await, ["refer", "board"]);
}

#[tokio::test]
async fn nobody_is_kept_a_day_after_the_arrival_but_those_referred_for_a_month() {
    let port = Port::new().await;
    let world = &port.hall.world;
    port.hall
        .approved(lost_document("Pemilik Lama", "L2222222"))
        .await;
    let people = [ORDINARY, ("LAIN", "NAMA", "UTO", "L2222222")];
    let id = id_of(&port.send(&list("REF1", &people)).await.ok())
        .parse()
        .unwrap();
    let db = &world.state.db;
    let left = async || passenger_list::people(db, id).await.unwrap().len();
    let mark = |number: &str| document::mark(db.vault(), "UTO", number).unwrap();
    let day: Day = "2027-01-16".parse().unwrap();
    let expected = async |number: &str, day: Day| {
        passenger_list::expected(db, mark(number), day)
            .await
            .unwrap()
            .len()
    };
    assert_eq!(expected("U1111111", day).await, 1);
    assert_eq!(expected("U1111112", day).await, 0, "another document");
    assert_eq!(
        expected("U1111111", day.plus_days(3).unwrap()).await,
        0,
        "another day"
    );
    assert_eq!(left().await, 2);
    world.pass(DAY_MS);
    screen::run_due(&world.state, world.now()).await.unwrap();
    assert_eq!(left().await, 2, "not yet");
    world.pass(DAY_MS + 20 * HOUR_MS);
    screen::run_due(&world.state, world.now()).await.unwrap();
    assert_eq!((left().await, expected("U1111111", day).await), (1, 0));
    world.pass(31 * DAY_MS);
    screen::run_due(&world.state, world.now()).await.unwrap();
    assert_eq!(left().await, 0);
    assert!(passenger_list::lists(db, 10).await.unwrap().is_empty());
    world.state.db.close().await;
    let kept = std::fs::read(world.dir.path().join("tapal.db")).unwrap();
    let holds = |text: &[u8]| kept.windows(text.len()).any(|part| part == text);
    assert!(!holds(b"BIASA") && !holds(b"U1111111"));
}

#[tokio::test]
async fn a_key_of_a_carrier_opens_its_own_lists_only() {
    let port = Port::new().await;
    let world = &port.hall.world;
    let id = id_of(&port.send(&list("REF1", &[ORDINARY])).await.ok());
    for path in [
        "/api/v1/passenger-lists".to_owned(),
        format!("/api/v1/passenger-lists/{id}"),
        "/api/v1/orders".into(),
    ] {
        port.ask("GET", &path, "application/json", String::new())
            .await
            .refused(403, "forbidden");
    }
    let other = world.person("other.air", Role::Carrier, None, None).await;
    world
        .get(&format!("/api/v1/passenger-lists/{id}/answers"), &other)
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn the_answer_can_be_cusres() {
    let port = Port::new().await;
    port.hall
        .approved(lost_document("Pemilik Lama", "L2222222"))
        .await;
    let people = [ORDINARY, ("LAIN", "NAMA", "UTO", "L2222222")];
    let text = list("REF1", &people);
    let reply = port
        .ask(
            "POST",
            "/api/v1/passenger-lists",
            "application/edifact",
            text,
        )
        .await;
    assert_eq!(reply.status, 201);
    let text = reply.text();
    assert!(
        text.starts_with("UNA:+.? 'UNB+UNOC:3+TAPAL+XCAIR+270115:"),
        "{text}"
    );
    assert!(
        text.contains("'UNH+1+CUSRES:D:02B:UN:IATA'BGM+962'"),
        "{text}"
    );
    assert!(
        text.contains("'ERP+2'RFF+ABO:P0'RFF+ACT:1'ERC+0Z'ERP+2'RFF+ABO:P1'RFF+ACT:2'ERC+1Z'UNT+"),
        "{text}"
    );
    let segments: Vec<&str> = text.split('\'').collect();
    let unt = segments
        .iter()
        .position(|one| one.starts_with("UNT+"))
        .unwrap();
    let unh = segments
        .iter()
        .position(|one| one.starts_with("UNH+"))
        .unwrap();
    assert_eq!(
        segments[unt],
        format!("UNT+{}+1", unt - unh + 1),
        "the count is right"
    );
    assert!(text.ends_with("UNZ+1+REF1'") && !text.contains("NAMA"));
}
