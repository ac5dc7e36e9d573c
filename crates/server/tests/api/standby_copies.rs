//! Copies of the centre at a standby server: a desk there sees the same, what ended is gone, who has no business there is
//! not there, and a line that is cut changes nothing.

use axum::{
    body::Body,
    http::{Method, Request},
};
use bytes::Bytes;
use serde_json::{Value, json};
use tapal_domain::{
    crossing::Nationality,
    holder::{DocumentKind, DocumentStatus, Identity},
    id::{HolderId, LaneId},
    role::Role,
    standby::Standing,
    time::{DAY_MS, MINUTE_MS},
};
use tapal_server::{
    name_check::list,
    standby::{
        pull::{PullError, pull},
        upstream::{Answer, Reply as Said, Upstream},
    },
};
use tapal_store::{By, db::Value as Sql, holder, standby};
use uuid::Uuid;

use crate::{
    crossings::{Desk, passport},
    name_checks::lost_document,
    orders::order_input,
    standby_world::StandbyWorld,
    world::{PASSWORD, Person, World, local_day},
};

/// What the desk's page says of a traveller; the id that the next decision would get is left out.
async fn sheet(world: &World, who: &Person, lane: LaneId, document: &Value) -> String {
    let mut body = format!("csrf={}&lane={lane}", who.csrf);
    for (name, value) in document.as_object().unwrap() {
        let value = value.as_str().unwrap();
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        body.push_str(&format!("&{name}={value}"));
    }
    let request = Request::builder()
        .method("POST")
        .uri("/desk")
        .header("host", "localhost")
        .header("cookie", &who.cookie)
        .header("content-type", "application/x-www-form-urlencoded");
    let reply = world.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let page = reply.text();
    let main = page[page.find("<main").unwrap()..].to_owned();
    let id = r#"name="id" value=""#;
    match main.split_once(id) {
        Some((_, rest)) => main.replace(&rest[..36], "THE-ID"),
        None => main,
    }
}

async fn foreigner(world: &World, n: u128, number: &str) -> HolderId {
    let id = HolderId(Uuid::from_u128(n));
    let identity = Identity {
        primary: "EXEMPLE".into(),
        secondary: "ANNE".into(),
        full_name: "Anne Exemple".into(),
        sex: "F".into(),
        birth_date: "1991-05-06".into(),
        nik: String::new(),
    };
    let paper = holder::NewDocument {
        id: Uuid::from_u128(n + 1),
        holder: id,
        kind: DocumentKind::Passport,
        issuing_state: "FRA".into(),
        number: number.into(),
        expires: Some("2035-01-01".parse().unwrap()),
    };
    let nation = Nationality::new("FRA").unwrap();
    let who = (&nation, &identity.checked().unwrap());
    holder::add_with(&world.state.db, world.now(), By::System, id, who, &paper)
        .await
        .unwrap();
    id
}

/// An order of this kind in force, about somebody of this name, number and nationality.
async fn order(desk: &Desk, kind: &str, reason: &str, who: (&str, &str, &str)) -> String {
    let mut input = order_input(who.0);
    input["kind"] = json!(kind);
    input["reason"] = json!(reason);
    input["reference"] = json!(format!("R/{kind}/{}", who.1));
    input["subject"]["document_number"] = json!(who.1);
    input["subject"]["nationality"] = json!(who.2);
    input["subject"]["sex"] = json!("F");
    input["subject"]["birth_date"] = json!("1991-05-06");
    desk.hall.approved(input).await
}

/// Opens a case about the bearer of an Indonesian passport; its address.
async fn case(world: &World, who: &Person, site: &str, number: &str, orders: &[&str]) -> String {
    let orders: Vec<&str> = orders
        .iter()
        .map(|order| order.rsplit('/').next().unwrap())
        .collect();
    let referral = json!({ "crossing": world.state.clock.new_uuid(), "site": site, "direction": "departure",
        "traveller": { "name": "Orang Contoh", "birth_date": "1991-05-06", "sex": "F", "nationality": "IDN", "issuer": "IDN",
            "document_number": number },
        "reasons": ["list_hit"], "text": "the name answers", "detection": "document", "orders": orders });
    let made = world.post("/api/v1/second-line", who, referral).await.ok();
    format!("/api/v1/second-line/{}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_desk_beside_a_standby_server_sees_what_it_would_see_at_the_centre() {
    let desk = Desk::new().await;
    let world = &desk.hall.world;
    let beside = StandbyWorld::ready(world).await;
    let mut travellers = Vec::new();
    // An ordinary foreigner in the country, who leaves; and one with a visa, who comes.
    let here = passport("MYS", "K00000001", "CONTOH", "SITI");
    desk.record(desk.crossing(1, "entered", here.clone()))
        .await
        .ok();
    travellers.push(("in the country", desk.departure, here, true));
    let clerk = world.person("izin", Role::StayOfficer, None, None).await;
    let with_visa = foreigner(world, 0xf1, "F1111111").await;
    let visa = json!({ "kind": "visa", "index": "b1", "entries": "single", "valid_from": local_day(-5), "use_within_days": 90,
        "stay": { "days": 30 } });
    world
        .post(
            &format!("/api/v1/holders/{with_visa}/permits"),
            &clerk,
            visa,
        )
        .await
        .ok();
    travellers.push((
        "with a visa",
        desk.arrival,
        passport("FRA", "F1111111", "EXEMPLE", "ANNE"),
        true,
    ));
    // Lists: an exit ban, an entry ban, a wanted person by number and by name, a lost document by order and by the registry.
    order(
        &desk,
        "exit_ban",
        "criminal_case",
        ("Murni Larangan", "E1111111", "IDN"),
    )
    .await;
    travellers.push((
        "exit ban",
        desk.departure,
        passport("IDN", "E1111111", "LARANGAN", "MURNI"),
        false,
    ));
    order(
        &desk,
        "entry_ban",
        "deported",
        ("Greta Beispiel", "G1111111", "AUT"),
    )
    .await;
    travellers.push((
        "entry ban",
        desk.arrival,
        passport("AUT", "G1111111", "BEISPIEL", "GRETA"),
        false,
    ));
    order(
        &desk,
        "wanted",
        "fugitive",
        ("Wulan Buronan", "W1111111", "IDN"),
    )
    .await;
    travellers.push((
        "wanted by number",
        desk.departure,
        passport("IDN", "W1111111", "BURONAN", "WULAN"),
        false,
    ));
    travellers.push((
        "wanted by name",
        desk.departure,
        passport("IDN", "W2222222", "BURONAN", "WULAN"),
        false,
    ));
    desk.hall
        .approved(lost_document("Hilang Samaran", "L1111111"))
        .await;
    travellers.push((
        "lost by order",
        desk.departure,
        passport("IDN", "L1111111", "SAMARAN", "HILANG"),
        false,
    ));
    let loser = foreigner(world, 0xf5, "F5555555").await;
    let (db, now) = (&world.state.db, world.now());
    let paper = Uuid::from_u128(0xf6);
    holder::set_status(
        db,
        now,
        By::System,
        loser,
        paper,
        DocumentStatus::Stolen,
        "LP/1",
    )
    .await
    .unwrap();
    travellers.push((
        "stolen in the registry",
        desk.departure,
        passport("FRA", "F5555555", "EXEMPLE", "ANNE"),
        false,
    ));
    // In second line elsewhere; and cleared for an order whose name is the traveller's.
    let far = world
        .person("jauh", Role::CounterOfficer, Some(world.far_site), None)
        .await;
    case(world, &far, &world.far_site.to_string(), "S1111111", &[]).await;
    travellers.push((
        "in second line elsewhere",
        desk.departure,
        passport("IDN", "S1111111", "LAIN", "DIA"),
        false,
    ));
    let named = order(
        &desk,
        "exit_ban",
        "criminal_case",
        ("Ratna Serupa", "R1111111", "IDN"),
    )
    .await;
    let budi = world
        .person("budi", Role::SecondLineOfficer, Some(world.site), None)
        .await;
    let path = case(
        world,
        &desk.officer,
        &world.site.to_string(),
        "R2222222",
        &[&named],
    )
    .await;
    for (what, body) in [
        ("taking", json!({})),
        (
            "conclusion",
            json!({ "hit": false, "confirmed": [], "text": "documents compared" }),
        ),
        ("decision", json!({ "act": "allow_departure" })),
        ("closure", json!({})),
    ] {
        world
            .post(&format!("{path}/{what}"), &budi, body)
            .await
            .ok();
    }
    travellers.push((
        "cleared",
        desk.departure,
        passport("IDN", "R2222222", "SERUPA", "RATNA"),
        true,
    ));
    travellers.push((
        "the cleared name with another passport",
        desk.departure,
        passport("IDN", "R3333333", "SERUPA", "RATNA"),
        false,
    ));
    travellers.push((
        "unknown",
        desk.departure,
        passport("IDN", "U1111111", "BIASA", "ORANG"),
        true,
    ));
    beside.pull().await.unwrap();
    for (who, lane, document, passes) in travellers {
        let mut centre = sheet(world, &desk.officer, lane, &document).await;
        let mut standby = sheet(&beside.standby, &desk.officer, lane, &document).await;
        if who == "cleared" {
            // A citizen's own crossings are not copied: the sheet without what stood in the ledger.
            for page in [&mut centre, &mut standby] {
                *page = page.split_off(page.find("desk__answer").unwrap());
            }
        }
        assert_eq!(standby, centre, "{who}");
        let offered = centre.contains(r#"action="/desk/crossings""#);
        assert_eq!(offered, passes, "{who}: {centre}");
    }
}

#[tokio::test]
async fn what_ended_at_the_centre_is_gone_and_citizens_in_order_never_come() {
    let desk = Desk::new().await;
    let world = &desk.hall.world;
    let beside = StandbyWorld::ready(world).await;
    let banned = order(
        &desk,
        "exit_ban",
        "criminal_case",
        ("Murni Larangan", "E1111111", "IDN"),
    )
    .await;
    let document = passport("IDN", "E1111111", "LARANGAN", "MURNI");
    let here = passport("MYS", "K00000001", "CONTOH", "SITI");
    desk.record(desk.crossing(1, "entered", here.clone()))
        .await
        .ok();
    desk.record(desk.crossing(2, "entered", passport("IDN", "C1234567", "CONTOH", "ANNA")))
        .await
        .ok();
    beside.pull().await.unwrap();
    let offered = async || {
        let page = sheet(&beside.standby, &desk.officer, desk.departure, &document).await;
        page.contains(r#"action="/desk/crossings""#)
    };
    let rows = async |sql: &'static str| {
        beside
            .standby
            .state
            .db
            .all(sql, Vec::<Sql>::new())
            .await
            .unwrap()
            .len()
    };
    assert!(!offered().await);
    assert_eq!(rows("SELECT id FROM holder").await, 1, "the foreigner");
    assert_eq!(rows("SELECT id FROM crossing WHERE citizen = 1").await, 0);
    let entries = rows("SELECT id FROM entry WHERE ended_at IS NULL").await;
    let listed = world.get(&banned, &desk.hall.clerk).await.ok();
    let entry = listed["entry"].as_str().unwrap().to_owned();
    tapal_store::entry::end(
        &world.state.db,
        world.now(),
        By::System,
        entry.parse().unwrap(),
        "revoked",
    )
    .await
    .unwrap();
    world.tick().await;
    desk.record(desk.crossing(3, "departed", here)).await.ok();
    beside.pull().await.unwrap();
    list::catch_up(&beside.standby.state).await.unwrap();
    assert!(offered().await, "the order is over");
    assert_eq!(rows("SELECT id FROM entry").await, entries - 1);
    assert_eq!(
        rows("SELECT id FROM holder").await,
        0,
        "left, and no permit"
    );
    assert_eq!(rows("SELECT id FROM crossing").await, 0);
}

#[tokio::test]
async fn people_of_the_checkpoint_are_signed_in_in_both_places_and_others_in_none() {
    let centre = World::new().await;
    let beside = StandbyWorld::ready(&centre).await;
    let near = centre.officer("rina").await;
    let far = centre
        .person("jauh", Role::CounterOfficer, Some(centre.far_site), None)
        .await;
    let session = "/api/v1/session";
    assert_eq!(
        beside.standby.get(session, &near).await.status,
        401,
        "not copied yet"
    );
    beside.pull().await.unwrap();
    assert_eq!(
        beside.standby.get(session, &near).await.ok()["username"],
        "rina"
    );
    assert_eq!(beside.standby.get(session, &far).await.status, 401);
    beside.standby.sign_in("rina", PASSWORD).await;
    let body = json!({ "username": "jauh", "password": PASSWORD });
    beside
        .standby
        .call("POST", session, None, Some(body))
        .await
        .refused(401, "wrong_sign_in");
    // Signed out at the centre is signed out here.
    centre.call("DELETE", session, Some(&near), None).await.ok();
    beside.pull().await.unwrap();
    assert_eq!(beside.standby.get(session, &near).await.status, 401);
}

#[tokio::test]
async fn alerts_cases_and_people_of_the_registry_are_read_as_at_the_centre() {
    let desk = Desk::new().await;
    let world = &desk.hall.world;
    let beside = StandbyWorld::ready(world).await;
    let alert = world.raise(1).await;
    let mut elsewhere = serde_json::to_value(world.report(2)).unwrap();
    elsewhere["camera"] = json!(world.far_camera);
    let sent = world
        .device(&world.far_node, "POST", "/api/v1/alerts", elsewhere)
        .await;
    assert_eq!(sent.ok(), "recorded");
    let budi = world
        .person("budi", Role::SecondLineOfficer, Some(world.site), None)
        .await;
    let room = case(
        world,
        &desk.officer,
        &world.site.to_string(),
        "S1111111",
        &[],
    )
    .await;
    world
        .post(&format!("{room}/taking"), &budi, json!({}))
        .await
        .ok();
    let clerk = world
        .person("izin", Role::StayOfficer, Some(world.site), None)
        .await;
    let person = foreigner(world, 0xf1, "F1111111").await;
    let visa = json!({ "kind": "visa", "index": "b1", "entries": "single", "valid_from": local_day(-5), "use_within_days": 90,
        "stay": { "days": 30 } });
    let person = format!("/api/v1/holders/{person}");
    world
        .post(&format!("{person}/permits"), &clerk, visa)
        .await
        .ok();
    beside.pull().await.unwrap();
    for (who, path) in [
        (&desk.hall.rina, alert.clone()),
        (&desk.hall.rina, format!("{alert}/probes/1")),
        (&desk.hall.rina, format!("{alert}/enrolled/0")),
        (&desk.hall.rina, "/api/v1/alerts".to_owned()),
        (&budi, room),
        (&budi, "/api/v1/second-line".to_owned()),
        (&clerk, person),
    ] {
        let (centre, standby) = (
            world.get(&path, who).await,
            beside.standby.get(&path, who).await,
        );
        assert_eq!(centre.status, 200, "{path}: {}", centre.text());
        assert_eq!(standby.status, 200, "{path}: {}", standby.text());
        assert_eq!(standby.text(), centre.text(), "{path}");
    }
    let db = &beside.standby.state.db;
    let alerts = db
        .all("SELECT id FROM alert", Vec::<Sql>::new())
        .await
        .unwrap();
    assert_eq!(alerts.len(), 1, "of this checkpoint only");
}

#[tokio::test]
async fn what_was_recorded_here_stands_until_it_is_confirmed_and_the_copy_comes_by_the_next_pull() {
    let desk = Desk::new().await;
    let world = &desk.hall.world;
    let here = passport("MYS", "K00000001", "CONTOH", "SITI");
    desk.record(desk.crossing(1, "entered", here.clone()))
        .await
        .ok();
    let beside = StandbyWorld::ready(world).await;
    beside.cut(true);
    let leaves = desk.crossing(2, "departed", here.clone());
    beside
        .standby
        .post("/api/v1/crossings", &desk.officer, leaves)
        .await
        .ok();
    beside.cut(false);
    // At the centre the same person's record changes meanwhile.
    world
        .write("UPDATE holder SET changed_at = changed_at + 1", vec![])
        .await;
    let db = &beside.standby.state.db;
    let crossings = async || {
        db.all("SELECT id FROM crossing", Vec::<Sql>::new())
            .await
            .unwrap()
            .len()
    };
    assert_eq!(beside.pull().await.unwrap().kept_back, 1);
    assert_eq!(
        (beside.pull().await.unwrap().written, crossings().await),
        (0, 2)
    );
    for (seq, ..) in standby::waiting(db, 10).await.unwrap() {
        standby::confirmed(db, world.now(), seq).await.unwrap();
    }
    assert_eq!(
        (beside.pull().await.unwrap().written, crossings().await),
        (1, 1),
        "as the centre has it"
    );
    assert_eq!(beside.pull().await.unwrap(), Default::default());
}

/// Says one thing, whatever is asked.
struct Says(u16, Value);

impl Upstream for Says {
    fn send<'a>(
        &'a self,
        _: Method,
        _: &'a str,
        _: Vec<(&'static str, String)>,
        _: Bytes,
    ) -> Answer<'a> {
        let said = Said {
            status: self.0,
            body: Bytes::from(self.1.to_string()),
        };
        Box::pin(async move { Ok(said) })
    }
}

#[tokio::test]
async fn without_a_whole_answer_copies_stay_as_they_are_and_the_error_says_why() {
    let centre = World::new().await;
    let beside = StandbyWorld::beside(&centre).await;
    let own = async || {
        standby::own(&beside.standby.state.db)
            .await
            .unwrap()
            .unwrap()
    };
    beside.cut(true);
    assert!(matches!(
        beside.pull().await,
        Err(PullError::Unreachable(_))
    ));
    let before = own().await;
    assert_eq!(
        (before.upto, before.complete, before.heard_at),
        (0, false, None)
    );
    beside.cut(false);
    beside.pull().await.unwrap();
    let copied = own().await;
    assert_eq!(
        (copied.complete, copied.heard_at),
        (true, Some(centre.now()))
    );
    centre.pass(10 * MINUTE_MS);
    let state = &beside.standby.state;
    let skew = json!({ "code": "clock_skew", "message": "", "reasons": [(centre.now() - 7 * MINUTE_MS).0.to_string()] });
    for (status, body, expect) in [
        (401, skew, PullError::ClockSkew(7)),
        (
            503,
            json!({ "code": "unavailable" }),
            PullError::Refused(503, "unavailable".into()),
        ),
        (
            502,
            json!("proxy"),
            PullError::Refused(502, "without a code".into()),
        ),
        (
            200,
            json!({ "bundles": [] }),
            PullError::NotUnderstood("not a page of copies"),
        ),
    ] {
        let told = pull(state, &Says(status, body), &beside.identity).await;
        assert_eq!(told, Err(expect));
    }
    let nowhere =
        json!({ "upto": copied.upto, "more": true, "bundles": [], "now": centre.now().0 });
    assert!(matches!(
        pull(state, &Says(200, nowhere), &beside.identity).await,
        Err(PullError::NotUnderstood(_))
    ));
    assert_eq!(own().await, copied);
    assert_eq!(
        Standing::of(copied.heard_at, copied.complete, centre.now()),
        Standing::Aged
    );
    standby::retire(
        &centre.state.db,
        centre.now(),
        By::System,
        beside.identity.id,
    )
    .await
    .unwrap();
    assert_eq!(beside.pull().await, Err(PullError::NotEnrolled));
}

#[tokio::test]
async fn polling_is_noted_and_audited_once_and_is_for_the_standby_server_only() {
    let centre = World::new().await;
    let beside = StandbyWorld::beside(&centre).await;
    for _ in 0..3 {
        beside.pull().await.unwrap();
        centre.pass(DAY_MS / 100);
    }
    assert_eq!(centre.audited("standby.copied").await.len(), 1);
    let seen = standby::list(&centre.state.db, None).await.unwrap();
    let own = standby::own(&beside.standby.state.db)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(seen[0].upto, own.upto);
    assert_eq!(seen[0].heard_at, Some(centre.now() - DAY_MS / 100));
    let path = "/api/v1/standby/copies?after=0";
    centre
        .device(&centre.node, "GET", path, Value::Null)
        .await
        .refused(401, "not_this_node");
    let officer = centre.officer("rina").await;
    centre
        .get(path, &officer)
        .await
        .refused(401, "not_this_node");
}
