//! Keys of an agency's own system: what they open, and that they end.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use tapal_domain::{entry::Agency, role::Role, time::DAY_MS};
use tapal_server::account;
use tapal_store::By;

use crate::{
    orders::order_input,
    world::{PASSWORD, Person, Reply, World},
};

struct Machine {
    world: World,
    admin: Person,
    account: String,
    key: String,
    id: String,
}

async fn ask(world: &World, key: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json");
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    world.send(request.body(body).unwrap()).await
}

impl Machine {
    async fn new(days: u16) -> Self {
        let world = World::new().await;
        let admin = world.person("admin", Role::SystemAdmin, None, None).await;
        let input = account::AccountInput {
            username: "police.system".into(),
            display_name: "System of the police".into(),
            role: Role::AgencyLiaison,
            site: None,
            desk: None,
            agency: Some(Agency::Police),
            language: None,
        };
        let (account, _) = account::open_with(&world.state, By::System, input, PASSWORD, true)
            .await
            .unwrap();
        let made = world
            .post(
                &format!("/api/v1/accounts/{account}/credentials"),
                &admin,
                json!({ "label": "gateway", "days": days }),
            )
            .await
            .ok();
        Machine {
            key: made["key"].as_str().unwrap().into(),
            id: made["id"].as_str().unwrap().into(),
            account: account.to_string(),
            world,
            admin,
        }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        ask(&self.world, &self.key, method, path, body).await
    }
}

#[tokio::test]
async fn a_key_files_and_reads_the_orders_of_its_agency_and_nothing_else() {
    let machine = Machine::new(30).await;
    let order = order_input("Contoh Kelima");
    let made = machine
        .ask("POST", "/api/v1/orders", Some(order.clone()))
        .await
        .ok();
    let mut others = order;
    others["agency"] = json!("kpk");
    machine
        .ask("POST", "/api/v1/orders", Some(others))
        .await
        .refused(422, "other_agency");
    let mine = machine.ask("GET", "/api/v1/orders", None).await.ok();
    assert_eq!(mine[0]["id"], made["id"]);
    for (method, path) in [
        ("GET", "/api/v1/entries"),
        ("GET", "/api/v1/accounts"),
        ("GET", "/api/v1/session"),
        ("DELETE", "/api/v1/session"),
        ("PUT", "/api/v1/session/password"),
        ("GET", "/orders"),
        ("GET", "/password"),
    ] {
        let reply = machine.ask(method, path, Some(json!({}))).await;
        assert_eq!(reply.status, 403, "{method} {path}");
    }
}

#[tokio::test]
async fn a_key_ends_on_its_day_and_when_a_person_ends_it() {
    let machine = Machine::new(30).await;
    machine.world.pass(30 * DAY_MS - 1);
    machine.ask("GET", "/api/v1/orders", None).await.ok();
    machine.world.pass(1);
    machine
        .ask("GET", "/api/v1/orders", None)
        .await
        .refused(401, "not_signed_in");

    let machine = Machine::new(30).await;
    let path = format!("/api/v1/credentials/{}", machine.id);
    let reply = machine
        .world
        .call("DELETE", &path, Some(&machine.admin), None)
        .await;
    assert_eq!(reply.status, 204);
    machine
        .ask("GET", "/api/v1/orders", None)
        .await
        .refused(401, "not_signed_in");
    assert_eq!(machine.world.audited("credential.made").await.len(), 1);
    assert_eq!(machine.world.audited("credential.ended").await.len(), 1);
}

#[tokio::test]
async fn a_key_ends_with_its_account() {
    let machine = Machine::new(30).await;
    let path = format!("/api/v1/accounts/{}", machine.account);
    let reply = machine
        .world
        .call("DELETE", &path, Some(&machine.admin), None)
        .await;
    assert_eq!(reply.status, 204);
    machine
        .ask("GET", "/api/v1/orders", None)
        .await
        .refused(401, "not_signed_in");
}

#[tokio::test]
async fn a_key_is_shown_once_kept_nowhere_and_made_for_agencies_only() {
    let machine = Machine::new(30).await;
    let path = format!("/api/v1/accounts/{}/credentials", machine.account);
    let listed = machine.world.get(&path, &machine.admin).await.ok();
    assert!(!listed.to_string().contains(&machine.key));
    assert!(
        !machine.world.audited("credential.made").await[0]
            .to_string()
            .contains(&machine.key)
    );
    let officer = machine.world.officer("rina").await;
    let me = machine.world.get("/api/v1/session", &officer).await.ok();
    let path = format!(
        "/api/v1/accounts/{}/credentials",
        me["account"].as_str().unwrap()
    );
    let ask = json!({ "label": "gateway", "days": 30 });
    machine
        .world
        .post(&path, &machine.admin, ask)
        .await
        .refused(422, "not_an_agency");
    for days in [0, 367] {
        let path = format!("/api/v1/accounts/{}/credentials", machine.account);
        let ask = json!({ "label": "gateway", "days": days });
        machine
            .world
            .post(&path, &machine.admin, ask)
            .await
            .refused(422, "bad_days");
    }
}

#[tokio::test]
async fn a_wrong_key_is_nobody_even_beside_a_good_cookie() {
    let world = World::new().await;
    ask(&world, "tapal_wrong", "GET", "/api/v1/orders", None)
        .await
        .refused(401, "not_signed_in");
    let clerk = world
        .person("clerk", Role::WatchlistClerk, None, None)
        .await;
    let request = Request::builder()
        .uri("/api/v1/orders")
        .header(header::COOKIE, &clerk.cookie)
        .header(header::AUTHORIZATION, "Bearer tapal_wrong");
    world
        .send(request.body(Body::empty()).unwrap())
        .await
        .refused(401, "not_signed_in");
}
