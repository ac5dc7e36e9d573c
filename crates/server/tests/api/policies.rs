//! Policy by budget over HTTP: two people, the figures they saw, what the model cannot keep, and thresholds that
//! follow the list. Must not need a model: the calibration is made up (0.3 is 1e-4 a comparison, 0.5 is 1e-6).

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use tapal_domain::{role::Role, time::MINUTE_MS};

use crate::world::{Person, Reply, World};

/// 1 in 10,000 against ten templates: 1e-5 a comparison, a threshold of 0.4.
fn budget(x: f64, y: u64) -> Value {
    json!({ "kind": "budget", "false_alerts_per_day": x, "passers_by_per_day": y })
}

struct Office {
    world: World,
    first: Person,
    second: Person,
    policy: String,
}

impl Office {
    async fn new() -> Self {
        let world = World::new().await;
        let first = world.person("first", Role::PolicyAdmin, None, None).await;
        let second = world.person("second", Role::PolicyAdmin, None, None).await;
        let policy = format!("/api/v1/sites/{}/policy", world.site);
        Self {
            world,
            first,
            second,
            policy,
        }
    }

    async fn propose(&self, setting: Value) -> Reply {
        let body = json!({ "setting": setting, "reason": "fewer false alerts" });
        let path = format!("{}/proposals", self.policy);
        self.world.post(&path, &self.first, body).await
    }

    /// The waiting proposal: its path to decide on, and what was seen.
    async fn waiting(&self) -> (String, String) {
        let view = self.world.get(&self.policy, &self.first).await.ok();
        let one = &view["proposals"][0];
        assert_eq!(one["decision"], Value::Null, "{view}");
        let id = one["id"].as_str().unwrap();
        let path = format!("/api/v1/policy/proposals/{id}/decision");
        (path, one["seen"].as_str().unwrap().to_owned())
    }

    async fn decide(&self, who: &Person, decision: &str, path: &str, seen: &str) -> Reply {
        let body = json!({ "decision": decision, "reason": "looked at the figures", "seen": seen });
        self.world.post(path, who, body).await
    }

    async fn in_force(&self, setting: Value) {
        self.propose(setting).await.ok();
        let (path, seen) = self.waiting().await;
        self.decide(&self.second, "approve", &path, &seen)
            .await
            .ok();
    }

    async fn grow(&self, entries: usize) {
        for n in 0..entries {
            self.world.record_entry(&format!("Orang {n}")).await;
        }
    }

    /// Threshold of the first list as the node gets it.
    async fn at_the_node(&self) -> f64 {
        let node = &self.world.node;
        let path = "/api/v1/edge/config";
        let config = self.world.device(node, "GET", path, Value::Null).await.ok();
        config["thresholds"][0]["possible"].as_f64().unwrap()
    }

    async fn revision(&self) -> i64 {
        let site = tapal_store::site::get(&self.world.state.db, self.world.site).await;
        site.unwrap().revision
    }

    /// Actions of the policy's audit record, oldest first.
    async fn audited(&self) -> Vec<String> {
        let subject = format!("policy:{}", self.world.site);
        let rows = tapal_store::audit::list(&self.world.state.db, None, Some(&subject), 100).await;
        let mut actions: Vec<String> = rows.unwrap().into_iter().map(|row| row.action).collect();
        actions.reverse();
        actions
    }
}

fn near(value: &Value, expect: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expect).abs() < 2e-4, "{value} is not {expect}");
}

#[tokio::test]
async fn two_people_set_a_budget_and_nodes_get_its_threshold() {
    let office = Office::new().await;
    let view = office.world.get(&office.policy, &office.first).await.ok();
    assert_eq!(view["source"], "suggested");
    near(&view["thresholds"][0]["possible"], 0.4);

    office.propose(budget(1.0, 20_000)).await.ok();
    office
        .propose(budget(1.0, 10_000))
        .await
        .refused(409, "proposal_waiting");
    let (path, seen) = office.waiting().await;
    let before = office.revision().await;
    for decision in ["approve", "reject"] {
        office
            .decide(&office.first, decision, &path, &seen)
            .await
            .refused(409, "same_person");
    }
    office
        .decide(&office.second, "withdraw", &path, &seen)
        .await
        .refused(409, "not_proposer");
    office
        .decide(&office.second, "approve", &path, "another")
        .await
        .refused(409, "figures_changed");
    assert_eq!(office.revision().await, before, "nothing changed yet");

    let view = office
        .decide(&office.second, "approve", &path, &seen)
        .await
        .ok();
    assert_eq!(
        (&view["source"], &view["kept"]),
        (&json!("budget"), &json!(true))
    );
    // 5e-6 a comparison lies at 0.4 + 0.1 x log10(2).
    near(&view["thresholds"][0]["possible"], 0.4301);
    assert!(view["expected"]["per_day"]["value"].as_f64().unwrap() <= 1.0);
    near(
        &view["expected"]["per_shift"]["value"],
        view["expected"]["per_day"]["value"].as_f64().unwrap() / 3.0,
    );
    assert!((office.at_the_node().await - 0.4301).abs() < 2e-4);
    assert!(
        office.revision().await > before,
        "the node pulls its configuration"
    );
    office
        .decide(&office.second, "approve", &path, &seen)
        .await
        .refused(409, "already_decided");
    assert_eq!(
        office.audited().await,
        [
            "policy.proposed",
            "policy.refused",
            "policy.refused",
            "policy.refused",
            "policy.approved"
        ]
    );
}

#[tokio::test]
async fn a_proposal_is_taken_back_by_its_proposer_or_rejected_by_another() {
    let office = Office::new().await;
    for (who, decision) in [(&office.first, "withdraw"), (&office.second, "reject")] {
        office.propose(budget(1.0, 10_000)).await.ok();
        let (path, _) = office.waiting().await;
        let short = json!({ "decision": decision, "reason": " ", "seen": "" });
        office
            .world
            .post(&path, who, short)
            .await
            .refused(422, "reason_missing");
        let view = office.decide(who, decision, &path, "").await.ok();
        assert_eq!(view["source"], "suggested");
        assert_eq!(view["proposals"][0]["decision"], decision);
    }
}

#[tokio::test]
async fn an_approval_is_of_the_figures_that_were_seen() {
    let office = Office::new().await;
    office.propose(budget(1.0, 10_000)).await.ok();
    let (path, seen) = office.waiting().await;
    office.grow(20).await;
    office
        .decide(&office.second, "approve", &path, &seen)
        .await
        .refused(409, "figures_changed");
    let (path, fresh) = office.waiting().await;
    assert_ne!(seen, fresh);
    let view = office
        .decide(&office.second, "approve", &path, &fresh)
        .await
        .ok();
    // 21 templates: 4.76e-6 a comparison.
    near(&view["thresholds"][0]["possible"], 0.4323);
    let page = office
        .world
        .get(
            &format!("/sites/{}/policy", office.world.site),
            &office.first,
        )
        .await;
    assert!(page.text().contains("looked at the figures"));
}

#[tokio::test]
async fn a_budget_out_of_reach_is_refused_with_what_could_be_kept_and_by_whom() {
    let office = Office::new().await;
    let refused = office
        .propose(budget(0.05, 10_000))
        .await
        .refused(422, "budget_unreachable");
    assert_eq!(refused["reasons"], json!(["larger"]));
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains("0.10 false alerts a day") && message.contains("larger"),
        "{message}"
    );

    let path = format!(
        "{}/preview?false_alerts_per_day=0.05&passers_by_per_day=10000",
        office.policy
    );
    let tried = office.world.get(&path, &office.first).await.ok();
    assert_eq!(tried["reachable"], false);
    assert_eq!(tried["could"], json!(["larger"]));
    near(&tried["smallest_per_day"], 0.1);
    near(&tried["plan"]["possible"], 0.5);

    let path = path.replace("0.05", "1");
    let tried = office.world.get(&path, &office.first).await.ok();
    assert_eq!(
        (&tried["reachable"], &tried["planned_for"]),
        (&json!(true), &json!(10))
    );
    let growth = tried["growth"].as_array().unwrap();
    for (row, expect) in growth.iter().zip([0.4, 0.4301, 0.4699, 0.5]) {
        near(&row["possible"], expect);
    }
    for wrong in [budget(0.0, 1_000), budget(5.0, 4), budget(1.0, 0)] {
        office.propose(wrong).await.refused(422, "bad_budget");
    }
    assert_eq!(office.audited().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_threshold_follows_the_list() {
    let office = Office::new().await;
    office.in_force(budget(1.0, 10_000)).await;
    let (before, revision) = (office.at_the_node().await, office.revision().await);
    office.grow(20).await;
    office.world.pass(MINUTE_MS);
    office.world.tick().await;
    let grown = office.at_the_node().await;
    assert!((grown - 0.4323).abs() < 2e-4 && grown > before, "{grown}");
    assert!(office.revision().await > revision);
    let rows = office.audited().await;
    assert_eq!(rows.last().unwrap(), "policy.recomputed");
    let subject = format!("policy:{}", office.world.site);
    let newest = tapal_store::audit::list(&office.world.state.db, None, Some(&subject), 1).await;
    let newest = &newest.unwrap()[0];
    assert_eq!(newest.actor, "clock");
    let detail: Value = serde_json::from_str(&newest.detail).unwrap();
    assert_eq!(
        (
            &detail["before"]["templates"],
            &detail["after"]["templates"]
        ),
        (&json!(1), &json!(21))
    );
    // Nothing more to do: no row, no revision.
    let revision = office.revision().await;
    office.world.tick().await;
    assert_eq!(
        (office.audited().await, office.revision().await),
        (rows, revision)
    );
}

#[tokio::test]
async fn no_node_is_given_a_grown_list_before_its_threshold() {
    let office = Office::new().await;
    office.in_force(budget(1.0, 10_000)).await;
    office.grow(20).await;
    // No timer ran: asking for the list computes the threshold first.
    let node = &office.world.node;
    let list = office
        .world
        .device(node, "GET", "/api/v1/edge/list", Value::Null)
        .await
        .ok();
    assert!(list["body"].as_str().unwrap().len() > 1_000);
    assert!((office.at_the_node().await - 0.4323).abs() < 2e-4);
}

#[tokio::test]
async fn a_list_that_outgrows_the_budget_is_said_to_everybody_and_never_in_silence() {
    let office = Office::new().await;
    office.in_force(budget(0.2, 10_000)).await;
    let sari = office
        .world
        .person("sari", Role::Supervisor, Some(office.world.site), None)
        .await;
    let start = office.world.get("/", &sari).await.text();
    assert!(!start.contains("Budget not kept"));
    office.grow(20).await;
    office.world.tick().await;
    // The strictest trusted threshold holds: 1e-6 a comparison, 21 templates, 10,000 people.
    assert_eq!(office.at_the_node().await, 0.5);
    let view = office.world.get(&office.policy, &office.first).await.ok();
    assert_eq!(view["kept"], false);
    let seen = office.world.get(&office.policy, &sari).await.ok();
    assert_eq!(seen["kept"], false);
    let site = format!("/sites/{}", office.world.site);
    for (path, who) in [
        ("/".to_owned(), &sari),
        (site.clone(), &sari),
        (format!("{site}/policy"), &sari),
        (format!("{site}/policy"), &office.first),
        (site, &office.first),
    ] {
        let page = office.world.get(&path, who).await.text();
        assert!(
            page.contains("Budget not kept: expected 0.21 false alerts a day"),
            "{path}"
        );
    }
    // The list becomes short again: the budget is kept, and that is recorded too.
    office
        .world
        .write(
            "UPDATE entry SET last_day = '2020-01-01', in_force_to = $1 WHERE id <> $2",
            vec![(office.world.now() + 1).into(), office.world.entry.into()],
        )
        .await;
    office.world.pass(MINUTE_MS);
    office.world.tick().await;
    let view = office.world.get(&office.policy, &office.first).await.ok();
    assert_eq!(view["kept"], true);
    let rows = office.audited().await;
    assert_eq!(
        rows.iter()
            .filter(|row| *row == "policy.recomputed")
            .count(),
        2
    );
}

#[tokio::test]
async fn thresholds_by_hand_need_two_people_too_and_stay() {
    let office = Office::new().await;
    let direct = format!("/api/v1/sites/{}/thresholds", office.world.site);
    let good = json!([{ "list": "wanted", "possible": 0.5, "strong": 0.75 }]);
    office
        .world
        .call("PUT", &direct, Some(&office.first), Some(good.clone()))
        .await
        .refused(404, "not_found");
    for wrong in [
        json!([]),
        json!([{ "list": "wanted", "possible": 0.8, "strong": 0.75 }]),
        json!([{ "list": "wanted", "possible": 0.01, "strong": 0.75 }]),
        json!([good[0], good[0]]),
    ] {
        office
            .propose(json!({ "kind": "manual", "thresholds": wrong }))
            .await
            .refused(422, "bad_threshold");
    }
    office
        .in_force(json!({ "kind": "manual", "thresholds": good }))
        .await;
    let view = office.world.get(&office.policy, &office.first).await.ok();
    assert_eq!(view["source"], "manual");
    assert_eq!(
        view["expected"]["per_shift"],
        Value::Null,
        "nothing is promised"
    );
    let rows = office.audited().await;
    office.grow(20).await;
    office.world.tick().await;
    assert_eq!(office.at_the_node().await, 0.5);
    assert_eq!(office.audited().await, rows);
}

#[tokio::test]
async fn who_judges_sees_only_what_a_shift_may_expect() {
    let office = Office::new().await;
    office.in_force(budget(1.0, 10_000)).await;
    let rina = office.world.officer("rina").await;
    let admin = office
        .world
        .person("admin", Role::SystemAdmin, None, None)
        .await;
    let page = format!("/sites/{}/policy", office.world.site);
    for who in [&rina, &admin] {
        let view = office.world.get(&office.policy, who).await.ok();
        assert!(view["expected"]["per_shift"]["value"].as_f64().unwrap() > 0.0);
        for hidden in ["source", "setting", "templates", "changed_at"] {
            assert_eq!(view[hidden], Value::Null, "{hidden}");
        }
        assert_eq!(
            (&view["thresholds"], &view["proposals"]),
            (&json!([]), &json!([]))
        );
        let preview = format!(
            "{}/preview?false_alerts_per_day=1&passers_by_per_day=1000",
            office.policy
        );
        office
            .world
            .get(&preview, who)
            .await
            .refused(403, "forbidden");
        let text = office.world.get(&page, who).await.text();
        assert!(
            text.contains("Expected false alerts per shift: 0.33"),
            "{text}"
        );
        assert!(!text.contains("0.4") && !text.contains("policy-chart"));
    }
    let attempts = office.world.get("/attempts", &rina).await.text();
    assert!(attempts.contains("Expected false alerts per shift"));
    let auditor = office
        .world
        .person("audit", Role::Auditor, None, None)
        .await;
    let text = office.world.get(&page, &auditor).await.text();
    assert!(text.contains("policy-chart") && !text.contains("propose-reason"));
    let body = json!({ "setting": budget(1.0, 10_000), "reason": "none" });
    let path = format!("{}/proposals", office.policy);
    office
        .world
        .post(&path, &auditor, body)
        .await
        .refused(403, "forbidden");
}

#[tokio::test]
async fn an_administrator_of_another_site_neither_proposes_nor_decides() {
    let office = Office::new().await;
    let far = office
        .world
        .person("far", Role::PolicyAdmin, Some(office.world.far_site), None)
        .await;
    office.propose(budget(1.0, 10_000)).await.ok();
    let (path, seen) = office.waiting().await;
    office
        .decide(&far, "approve", &path, &seen)
        .await
        .refused(404, "not_found");
    office
        .world
        .get(&office.policy, &far)
        .await
        .refused(404, "not_found");
    let body = json!({ "setting": budget(1.0, 10_000), "reason": "none of mine" });
    let path = format!("{}/proposals", office.policy);
    office
        .world
        .post(&path, &far, body)
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn the_forms_do_the_same_without_a_script() {
    let office = Office::new().await;
    let site = office.world.site;
    let page = format!("/sites/{site}/policy");
    let send = |who: &Person, path: String, fields: String| {
        let request = Request::builder()
            .method("POST")
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::COOKIE, &who.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = Body::from(format!("csrf={}&{fields}", who.csrf));
        office.world.send(request.body(body).unwrap())
    };
    let tried = format!("{page}?false_alerts_per_day=0.05&passers_by_per_day=10000&shift_hours=8");
    let text = office.world.get(&tried, &office.first).await.text();
    assert!(text.contains("cannot keep that budget") && text.contains("larger"));
    assert!(!text.contains("Propose this budget"));
    let tried = tried.replace("0.05", "x");
    let text = office.world.get(&tried, &office.first).await.text();
    assert!(text.contains("A budget is a number of false alerts"));

    let fields = "kind=budget&false_alerts_per_day=1&passers_by_per_day=10000&shift_hours=8&reason=quieter+hall";
    let reply = send(&office.first, format!("{page}/proposals"), fields.into()).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let (path, seen) = office.waiting().await;
    let path = path.replace("/api/v1", "");
    let form = |seen: &str| format!("decision=approve&seen={seen}&reason=agreed");
    let reply = send(&office.first, path.clone(), form(&seen)).await;
    assert_eq!(reply.status, 409);
    assert!(reply.text().contains("another policy administrator must"));
    let reply = send(&office.second, path, form(&seen)).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    let text = office.world.get(&page, &office.second).await.text();
    assert!(
        text.contains("quieter hall")
            && text.contains("At most 1 false alert a day with 10,000 passers-by")
    );
}
