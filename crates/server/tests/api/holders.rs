//! The registry over HTTP: found by exact number only, never searched by a face; one to one with nothing kept; links
//! taken back; the registry elsewhere over real HTTP, misbehaving.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use tapal_domain::role::{Permission, Role};
use tapal_server::{
    holder::{
        outside::{Outside, Port},
        simulator,
    },
    routes::{self, Access},
};

use crate::world::{Person, World, jpeg};

const NUMBER: &str = "X7654321";
const WHO: &str = "Rahmawati Samaran";

fn who(nationality: &str) -> Value {
    json!({ "nationality": nationality, "identity": { "primary": "SAMARAN", "secondary": "RAHMAWATI", "full_name": WHO,
        "sex": "F", "birth_date": "1984-07-30", "nik": "3171014707840001" } })
}

fn passport(number: &str) -> Value {
    json!({ "kind": "passport", "issuing_state": "UTO", "number": number, "expires": "2031-04-15" })
}

impl World {
    async fn holder(&self, clerk: &Person, nationality: &str, number: &str) -> String {
        let made = self
            .post("/api/v1/holders", clerk, who(nationality))
            .await
            .ok();
        let path = format!("/api/v1/holders/{}", made["id"].as_str().unwrap());
        self.post(&format!("{path}/documents"), clerk, passport(number))
            .await
            .ok();
        path
    }

    async fn image(
        &self,
        method: &str,
        path: &str,
        person: &Person,
        bytes: Vec<u8>,
    ) -> crate::world::Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "image/jpeg")
            .header(header::COOKIE, &person.cookie)
            .header("x-csrf-token", &person.csrf);
        self.send(request.body(Body::from(bytes)).unwrap()).await
    }
}

#[tokio::test]
async fn somebody_is_found_by_exact_number_and_every_look_is_recorded() {
    let world = World::new().await;
    let clerk = world.person("clerk", Role::PassportDesk, None, None).await;
    let officer = world.officer("rina").await;
    let path = world.holder(&clerk, "IDN", NUMBER).await;
    let look = |body: Value| world.post("/api/v1/holders/lookups", &officer, body);
    let found = look(json!({ "issuing_state": "uto", "number": " x76-54321" }))
        .await
        .ok();
    assert_eq!(
        (
            found[0]["citizen"].as_bool(),
            found[0]["identity"]["full_name"].as_str()
        ),
        (Some(true), Some(WHO))
    );
    assert_eq!(found[0]["asked"], found[0]["documents"][0]["id"]);
    assert_eq!(
        look(json!({ "nik": "3171 0147 0784 0001" }))
            .await
            .ok()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for body in [
        json!({ "issuing_state": "UTO", "number": "X765432" }),
        json!({ "nik": "3171014707840009" }),
    ] {
        assert_eq!(look(body).await.ok(), json!([]));
    }
    look(json!({})).await.refused(422, "nothing_asked");
    look(json!({ "issuing_state": "UTO", "number": "X1", "nik": "3171014707840001" }))
        .await
        .refused(422, "nothing_asked");
    let reply = look(json!({ "full_name": WHO })).await;
    assert_eq!(reply.status, 400, "there is no search by name");
    assert_eq!(
        world.audited("biometric.read").await.len(),
        2,
        "the clerk's look and the officer's, once a minute each"
    );
    assert_eq!(world.get(&path, &officer).await.ok()["id"], found[0]["id"]);
    world
        .post("/api/v1/holders", &officer, who("IDN"))
        .await
        .refused(403, "forbidden");
}

#[test]
fn no_route_lists_holders_or_finds_one_by_a_face() {
    let of_holders = routes::table()
        .into_iter()
        .filter(|route| route.path.contains("/holders"));
    for route in of_holders {
        let reads = matches!(
            route.access,
            Access::Needs(Permission::ReadHolders | Permission::EditHolders)
        );
        assert!(reads, "{} {}", route.method, route.path);
        let picture = route.body_limit > 1024 * 1024;
        assert!(
            !picture || route.path.contains("{id}"),
            "{} takes a picture without naming a holder",
            route.path
        );
        let lists = route.method == "GET" && route.path == "/api/v1/holders";
        assert!(!lists, "holders are never listed");
    }
}

#[tokio::test]
async fn a_number_is_recorded_once_and_the_refusal_says_what_to_do() {
    let world = World::new().await;
    let clerk = world.person("clerk", Role::StayOfficer, None, None).await;
    let path = world.holder(&clerk, "UTO", NUMBER).await;
    let other = world.holder(&clerk, "UTO", "OTHER1").await;
    let documents = format!("{other}/documents");
    let refused = world
        .post(&documents, &clerk, passport(NUMBER))
        .await
        .refused(409, "document_known");
    assert!(refused["message"].as_str().unwrap().contains("look it up"));
    let id = world.get(&path, &clerk).await.ok()["documents"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let status = format!("{path}/documents/{id}/status");
    let say = |status_code: &str| json!({ "status": status_code, "reference": "LP/7/2026" });
    world
        .call("PUT", &status, Some(&clerk), Some(say("replaced")))
        .await
        .ok();
    world
        .call("PUT", &status, Some(&clerk), Some(say("valid")))
        .await
        .refused(409, "holder_state");
    world.post(&documents, &clerk, passport(NUMBER)).await.ok();
    for (field, value, code) in [
        ("number", "", "holder_number"),
        ("number", "Ä1", "holder_number"),
        ("issuing_state", "??", "holder_issuer"),
    ] {
        let mut wrong = passport("A1");
        wrong[field] = json!(value);
        world
            .post(&documents, &clerk, wrong)
            .await
            .refused(422, code);
    }
    let mut wrong = who("UTO");
    wrong["identity"]["nik"] = json!("12");
    world
        .post("/api/v1/holders", &clerk, wrong)
        .await
        .refused(422, "bad_nik");
    world
        .post("/api/v1/holders", &clerk, who("??"))
        .await
        .refused(422, "bad_nationality");
}

#[tokio::test]
async fn an_evoa_is_recorded_with_the_days_it_may_be_used_and_a_citizen_gets_none() {
    let world = World::new().await;
    let clerk = world.person("clerk", Role::StayOfficer, None, None).await;
    let path = world.holder(&clerk, "UTO", NUMBER).await;
    let document = world.get(&path, &clerk).await.ok()["documents"][0]["id"].clone();
    let evoa = |days: u32| {
        json!({ "kind": "visa", "index": "b1", "entries": "single", "valid_from": "2026-01-01",
        "use_within_days": days, "stay": { "days": 30 }, "document": document })
    };
    let permits = format!("{path}/permits");
    let made = world.post(&permits, &clerk, evoa(90)).await.ok();
    let permit = &made["permits"][0];
    assert_eq!(
        (
            permit["index"].as_str(),
            permit["valid_until"].as_str(),
            permit["entries_used"].as_i64()
        ),
        (Some("B1"), Some("2026-04-01"), Some(0))
    );
    assert_eq!(permit["document"], document);
    let mut wrong = evoa(90);
    wrong["valid_until"] = json!("2026-02-01");
    world
        .post(&permits, &clerk, wrong)
        .await
        .refused(422, "permit_days");
    let mut wrong = evoa(90);
    wrong["document"] = json!("01890000-0000-7000-8000-000000000000");
    world
        .post(&permits, &clerk, wrong)
        .await
        .refused(422, "permit_document");
    let cancel = format!("{permits}/{}", permit["id"].as_str().unwrap());
    assert_eq!(
        world.call("DELETE", &cancel, Some(&clerk), None).await.ok()["permits"][0]["state"],
        "cancelled"
    );
    world
        .call("DELETE", &cancel, Some(&clerk), None)
        .await
        .refused(409, "holder_state");
    let citizen = world.holder(&clerk, "IDN", "C1").await;
    let mut any = evoa(90);
    any["document"] = Value::Null;
    world
        .post(&format!("{citizen}/permits"), &clerk, any)
        .await
        .refused(422, "permit_citizen");
}

#[tokio::test]
async fn a_live_face_is_compared_with_one_portrait_and_nothing_of_it_is_kept() {
    let world = World::new().await;
    let clerk = world.person("clerk", Role::PassportDesk, None, None).await;
    let officer = world.officer("rina").await;
    let path = world.holder(&clerk, "IDN", NUMBER).await;
    let at = format!("{path}/comparison");
    world
        .image("POST", &at, &officer, jpeg("live"))
        .await
        .refused(409, "no_portrait");
    let portrait = format!("{path}/portrait");
    world
        .image("PUT", &portrait, &clerk, b"no picture".to_vec())
        .await
        .refused(422, "photo_refused");
    let view = world
        .image("PUT", &portrait, &clerk, jpeg("kept"))
        .await
        .ok();
    assert_eq!(view["portrait"]["n"], 0);
    let before = tapal_store::holder::portraits(
        &world.state.db,
        view["id"].as_str().unwrap().parse().unwrap(),
    )
    .await
    .unwrap();
    for (share, band, known) in [
        ("0.9", "same_likely", true),
        ("0.4", "same_likely", true),
        ("0.05", "unclear", false),
    ] {
        let said = world
            .image("POST", &at, &officer, jpeg(&format!("like kept {share}")))
            .await
            .ok();
        assert_eq!(
            (said["band"].as_str(), said["chance_one_in"].is_u64()),
            (Some(band), known),
            "{share}"
        );
        assert!(said.get("score").is_none(), "a band, no score");
    }
    let said = world
        .image("POST", &at, &officer, b"no picture".to_vec())
        .await
        .ok();
    assert_eq!(
        (&said["band"], &said["reasons"]),
        (&Value::Null, &json!(["no_face"]))
    );
    let after = tapal_store::holder::portraits(
        &world.state.db,
        view["id"].as_str().unwrap().parse().unwrap(),
    )
    .await
    .unwrap();
    assert_eq!(before, after, "the live picture is nobody's portrait");
    let told = world.audited("holder.compared").await;
    assert_eq!(
        told.len(),
        4,
        "each comparison once, the one without a band too"
    );
    assert!(told[0]["detail"].as_str().unwrap().contains("same_likely"));
    assert!(
        told.iter()
            .all(|row| !row["detail"].as_str().unwrap().contains("score"))
    );
    // A picture of the portrait goes out only after the look was recorded.
    let looks = world.audited("biometric.read").await.len();
    let picture = world.get(&format!("{path}/portraits/0"), &officer).await;
    assert_eq!(
        (
            picture.status.as_u16(),
            picture.headers["content-type"].to_str().unwrap()
        ),
        (200, "image/jpeg")
    );
    assert_eq!(world.audited("biometric.read").await.len(), looks + 1);
}

#[tokio::test]
async fn a_link_is_said_and_taken_back_and_both_records_stay() {
    let world = World::new().await;
    let clerk = world.person("clerk", Role::PassportDesk, None, None).await;
    let (one, other) = (
        world.holder(&clerk, "IDN", "A1").await,
        world.holder(&clerk, "IDN", "B1").await,
    );
    let id = other.rsplit('/').next().unwrap().to_owned();
    let links = format!("{one}/links");
    let say =
        |decision: &str, why: &str| json!({ "other": id, "decision": decision, "reason": why });
    world
        .post(&links, &clerk, say("same", ""))
        .await
        .refused(422, "link_reason");
    let view = world
        .post(&links, &clerk, say("same", "one NIK"))
        .await
        .ok();
    assert_eq!(
        (
            view["linked"][0]["same"].as_bool(),
            view["linked"][0]["reason"].as_str()
        ),
        (Some(true), Some("one NIK"))
    );
    assert_eq!(
        world.get(&other, &clerk).await.ok()["linked"][0]["same"],
        true
    );
    let view = world
        .post(&links, &clerk, say("not_same", "twins"))
        .await
        .ok();
    assert_eq!(view["linked"][0]["same"], false);
    assert_eq!(
        view["documents"].as_array().unwrap().len(),
        1,
        "nothing was joined"
    );
    let own = json!({ "other": one.rsplit('/').next(), "decision": "same", "reason": "myself" });
    world
        .post(&links, &clerk, own)
        .await
        .refused(422, "same_holder");
    assert_eq!(world.audited("holder.link_decided").await.len(), 2);
}

#[tokio::test]
async fn the_pages_show_a_holder_and_hide_what_a_role_may_not_do() {
    let world = World::new().await;
    let clerk = world.person("clerk", Role::StayOfficer, None, None).await;
    let officer = world.officer("rina").await;
    let path = world
        .holder(&clerk, "UTO", NUMBER)
        .await
        .replace("/api/v1", "");
    let own = world.get(&path, &clerk).await.text();
    assert!(own.contains(WHO) && own.contains(NUMBER) && own.contains(&format!("{path}/permits")));
    let seen = world.get(&path, &officer).await.text();
    assert!(
        seen.contains(WHO) && !seen.contains(&format!("{path}/permits")),
        "an officer changes nothing"
    );
    let form = |body: String| {
        let request = Request::builder()
            .method("POST")
            .uri("/holders")
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, &officer.cookie);
        request
            .body(Body::from(format!("csrf={}&{body}", officer.csrf)))
            .unwrap()
    };
    let found = world
        .send(form(format!("issuing_state=UTO&number={NUMBER}")))
        .await;
    assert_eq!(
        (
            found.status.as_u16(),
            found.headers[header::LOCATION].to_str().unwrap()
        ),
        (303, path.as_str())
    );
    let nobody = world
        .send(form("issuing_state=UTO&number=NONE1".into()))
        .await;
    assert!(nobody.status.is_success() && nobody.text().contains("Nobody with this number here"));
}

/// A registry of the fixtures behind a real socket.
async fn simulated(token: &str) -> String {
    let file = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/registry/holders.json"
    ))
    .unwrap();
    let router = simulator::router(&file, token).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(simulator::serve(listener, router));
    format!("http://{address}")
}

impl World {
    /// From now on the centre asks the registry at `url`.
    fn ask_at(&mut self, url: &str, token: &str) {
        let mut config = self.state.config.clone();
        config.outside = Some(Outside {
            url: url.into(),
            token: token.into(),
            pem: Vec::new(),
            limit: Duration::from_millis(400),
        });
        let (db, key) = (self.state.db.clone(), self.state.signing_key.clone());
        self.state = tapal_server::AppState::new(db, self.clock.clone(), key, config, None);
        self.app = routes::app(self.state.clone());
    }
}

/// An address where nobody listens.
fn nobody_listens() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    format!("http://{free}")
}

async fn said(world: &World, officer: &Person, number: &str) -> Value {
    let body = json!({ "issuing_state": "UTO", "number": number });
    world
        .post("/api/v1/holders/outside", officer, body)
        .await
        .ok()
}

#[tokio::test]
async fn the_registry_elsewhere_answers_over_http_and_its_silence_is_never_not_found() {
    let url = simulated("secret").await;
    let mut world = World::new().await;
    world.ask_at(&url, "secret");
    let officer = world.officer("rina").await;
    let found = said(&world, &officer, "L898902C3").await;
    assert_eq!(
        (found["state"].as_str(), found["kept"].as_bool()),
        (Some("found"), Some(false))
    );
    assert_eq!(found["record"]["holder"]["primary"], "ERIKSSON");
    assert_eq!(
        said(&world, &officer, "NOBODY1").await["state"],
        "not_found"
    );
    // Asked again at once: the kept answer with its age; later: asked anew, unchanged by its ETag.
    world.pass(5_000);
    let again = said(&world, &officer, "L898902C3").await;
    assert_eq!(
        (again["kept"].as_bool(), again["age_ms"].as_i64()),
        (Some(true), Some(5_000))
    );
    world.pass(60_000);
    let anew = said(&world, &officer, "L898902C3").await;
    assert_eq!(
        (
            anew["kept"].as_bool(),
            anew["age_ms"].as_i64(),
            anew["record"].is_object()
        ),
        (Some(false), Some(0), true)
    );
    for (number, reason) in [("F0000002", "busy"), ("F0000003", "wrong_answer")] {
        let view = said(&world, &officer, number).await;
        assert_eq!(
            (view["state"].as_str(), view["reason"].as_str()),
            (Some("not_answered"), Some(reason)),
            "{number}"
        );
    }
    // Anything that answers resets the count of failures in a row.
    assert_eq!(
        said(&world, &officer, "NOBODY2").await["state"],
        "not_found"
    );
    for (number, reason) in [
        ("F0000004", "wrong_answer"),
        ("F0000005", "wrong_answer"),
        ("F0000006", "wrong_answer"),
    ] {
        let view = said(&world, &officer, number).await;
        assert_eq!(
            (view["state"].as_str(), view["reason"].as_str()),
            (Some("not_answered"), Some(reason)),
            "{number}"
        );
    }
    // Three failures in a row: it rests, what was said last is shown with its age, and after the rest it is asked again.
    world.pass(10_000);
    let resting = said(&world, &officer, "NOBODY3").await;
    assert_eq!(
        (resting["state"].as_str(), resting["reason"].as_str()),
        (Some("not_answered"), Some("resting"))
    );
    world.pass(55_000);
    assert_eq!(
        said(&world, &officer, "NOBODY3").await["state"],
        "not_found",
        "after the rest one question tries"
    );
    let rows = world.audited("holder.asked_outside").await;
    assert!(
        rows.len() > 8
            && rows
                .iter()
                .all(|row| !row.to_string().contains("L898902C3")),
        "recorded, without the number"
    );
}

#[tokio::test]
async fn a_slow_registry_a_wrong_credential_and_nobody_listening_are_told_apart() {
    let url = simulated("secret").await;
    let mut world = World::new().await;
    let officer = world.officer("rina").await;
    assert_eq!(
        said(&world, &officer, "L898902C3").await["state"],
        "not_set_up"
    );
    for (url, token, number, reason) in [
        (url.clone(), "secret", "F0000001", "timeout"),
        (url, "wrong", "L898902C3", "credential"),
        (nobody_listens(), "", "L898902C3", "unreachable"),
    ] {
        world.ask_at(&url, token);
        let view = said(&world, &officer, number).await;
        assert_eq!(
            (view["state"].as_str(), view["reason"].as_str()),
            (Some("not_answered"), Some(reason))
        );
        assert!(view["record"].is_null());
    }
}

#[tokio::test]
async fn what_was_said_last_is_shown_with_its_age_when_the_registry_falls_silent() {
    let url = simulated("").await;
    let mut world = World::new().await;
    world.ask_at(&url, "");
    let officer = world.officer("rina").await;
    said(&world, &officer, "L898902C3").await;
    world.ask_at(&nobody_listens(), "");
    world.pass(1_200_000);
    let view = said(&world, &officer, "L898902C3").await;
    assert_eq!(
        (
            view["state"].as_str(),
            view["kept"].as_bool(),
            view["age_ms"].as_i64()
        ),
        (Some("not_answered"), Some(true), Some(1_200_000))
    );
    assert_eq!(view["record"]["holder"]["primary"], "ERIKSSON");
}

#[test]
fn a_port_is_made_only_for_an_address_it_can_trust() {
    let outside = |url: &str| Outside {
        url: url.into(),
        token: String::new(),
        pem: Vec::new(),
        limit: Duration::from_secs(1),
    };
    assert!(Port::new(&outside("http://127.0.0.1:8470")).is_ok());
    assert!(
        Port::new(&outside("http://registry.example")).is_err(),
        "no plain HTTP to elsewhere"
    );
    assert!(
        Port::new(&outside("https://registry.example")).is_err(),
        "no certificate to trust"
    );
}
