//! Group labels: off until two people agree, copied once from the document after an alert ended as a different person,
//! compared only with passers-by counted. Who may do what is in `access`, for every route.

use serde_json::{Value, json};
use tapal_domain::{role::Role, time::DAY_MS};

use crate::world::{PASSWORD, Person, Reply, World};

const GROUND: &str = "Decree 7/2026, article 4";

struct Office {
    world: World,
    first: Person,
    second: Person,
    supervisor: Person,
    groups: String,
}

impl Office {
    async fn new() -> Self {
        let world = World::new().await;
        let first = world.person("first", Role::PolicyAdmin, None, None).await;
        let second = world.person("second", Role::PolicyAdmin, None, None).await;
        let supervisor = world
            .person("sari", Role::Supervisor, Some(world.site), None)
            .await;
        let groups = format!("/api/v1/sites/{}/groups", world.site);
        Self {
            world,
            first,
            second,
            supervisor,
            groups,
        }
    }

    async fn propose(&self, labels: Value) -> Reply {
        let body = json!({ "labels": labels, "legal_ground": GROUND });
        let path = format!("{}/proposals", self.groups);
        self.world.post(&path, &self.first, body).await
    }

    async fn decide(&self, who: &Person, decision: &str) -> Reply {
        let view = self.world.get(&self.groups, who).await.ok();
        let id = view["waiting"]["id"].as_str().unwrap();
        self.decide_on(who, decision, id).await
    }

    async fn decide_on(&self, who: &Person, decision: &str, id: &str) -> Reply {
        let path = format!("/api/v1/groups/proposals/{id}/decision");
        let body = json!({ "decision": decision, "reason": "read the decree" });
        self.world.post(&path, who, body).await
    }

    async fn in_force(&self) {
        self.propose(json!(["M", "F"])).await.ok();
        self.decide(&self.second, "approve").await.ok();
    }

    async fn count(&self, day: &str, label: &str, passers_by: u64) -> Reply {
        let body = json!({ "day": day, "label": label, "passers_by": passers_by });
        let path = format!("{}/counts", self.groups);
        self.world
            .call("PUT", &path, Some(&self.supervisor), Some(body))
            .await
    }

    /// Alert `n` judged by two officers, who are Rina and Budi.
    async fn judged(&self, n: u128, opinion: &str) -> String {
        let alert = self.world.raise(n).await;
        for name in ["rina", "budi"] {
            let officer = self.officer(name).await;
            self.world
                .post(&format!("{alert}/acknowledgement"), &officer, json!({}))
                .await;
            let given = self.world.opine(&alert, &officer, opinion, "ears").await;
            given.ok();
        }
        alert
    }

    async fn officer(&self, name: &str) -> Person {
        let known = tapal_store::account::find(&self.world.state.db, name);
        match known.await.unwrap() {
            Some(_) => self.world.sign_in(name, PASSWORD).await,
            None => self.world.officer(name).await,
        }
    }

    async fn label(&self, alert: &str, who: &Person, label: &str) -> Reply {
        let body = json!({ "label": label });
        self.world.post(&format!("{alert}/group"), who, body).await
    }

    async fn table(&self) -> Value {
        let path = format!("/api/v1/false-alerts?site={}", self.world.site);
        self.world.get(&path, &self.first).await.ok()["sites"][0]["groups"].clone()
    }
}

fn near(value: &Value, expect: f64) {
    let got = value.as_f64().unwrap();
    assert!(
        (got - expect).abs() <= expect * 1e-4 + 1e-12,
        "{got} {expect}"
    );
}

#[tokio::test]
async fn two_people_allow_labels_and_one_stops_them() {
    let office = Office::new().await;
    for (labels, code) in [
        (json!(["M"]), "group_number"),
        (json!(["M", "m"]), "group_twice"),
        (json!(["M", ""]), "group_label"),
    ] {
        office.propose(labels).await.refused(422, code);
    }
    let path = format!("{}/proposals", office.groups);
    let bare = json!({ "labels": ["M", "F"], "legal_ground": " " });
    let reply = office.world.post(&path, &office.first, bare).await;
    reply.refused(422, "group_ground");
    let proposed = office.propose(json!(["M", "F"])).await.ok();
    assert_eq!(proposed["in_force"], Value::Null);
    office
        .propose(json!(["A", "B"]))
        .await
        .refused(409, "proposal_waiting");
    for decision in ["approve", "reject"] {
        office
            .decide(&office.first, decision)
            .await
            .refused(409, "same_person");
    }
    office
        .decide(&office.second, "withdraw")
        .await
        .refused(409, "not_proposer");
    assert_eq!(office.world.audited("group.refused").await.len(), 3);
    let id = proposed["waiting"]["id"].as_str().unwrap();
    let view = office.decide(&office.second, "approve").await.ok();
    assert_eq!(view["in_force"]["labels"], json!(["M", "F"]));
    assert_eq!(view["in_force"]["legal_ground"], GROUND);
    assert_eq!(view["waiting"], Value::Null);
    office
        .decide_on(&office.second, "reject", id)
        .await
        .refused(409, "already_decided");
    // A new set replaces it only with the second person; until then the old one holds.
    office.propose(json!(["A", "B", "C"])).await.ok();
    let view = office.world.get(&office.groups, &office.first).await.ok();
    assert_eq!(view["in_force"]["labels"], json!(["M", "F"]));
    let view = office.decide(&office.second, "approve").await.ok();
    assert_eq!(view["in_force"]["labels"], json!(["A", "B", "C"]));
    // To stop one person is enough.
    let stop = office
        .world
        .call("DELETE", &office.groups, Some(&office.first), None);
    assert_eq!(stop.await.ok()["in_force"], Value::Null);
    let again = office
        .world
        .call("DELETE", &office.groups, Some(&office.first), None);
    again.await.refused(409, "no_groups");
    for (action, n) in [
        ("group.proposed", 2),
        ("group.approved", 2),
        ("group.ended", 1),
    ] {
        assert_eq!(office.world.audited(action).await.len(), n, "{action}");
    }
}

#[tokio::test]
async fn a_label_is_recorded_once_after_the_end_by_who_judged() {
    let office = Office::new().await;
    let alert = office.judged(1, "different").await;
    let rina = office.officer("rina").await;
    office
        .label(&alert, &rina, "M")
        .await
        .refused(409, "no_groups");
    office.propose(json!(["M", "F"])).await.ok();
    office
        .label(&alert, &rina, "M")
        .await
        .refused(409, "no_groups");
    office.decide(&office.second, "approve").await.ok();

    let similar = office.judged(2, "same").await;
    let open = office.world.raise(3).await;
    let rina = office.officer("rina").await;
    for alert in [&similar, &open] {
        office
            .label(alert, &rina, "M")
            .await
            .refused(409, "alert_not_false");
    }
    let tono = office.officer("tono").await;
    office
        .label(&alert, &tono, "M")
        .await
        .refused(409, "not_judge");
    for wrong in ["X", "m", ""] {
        office
            .label(&alert, &rina, wrong)
            .await
            .refused(422, "unknown_label");
    }
    let page = alert.replace("/api/v1", "");
    let asks = |person: Person| {
        let (office, page) = (&office, page.clone());
        async move { office.world.get(&page, &person).await.text() }
    };
    assert!(asks(rina.clone()).await.contains("name=\"label\""));
    assert!(!asks(tono.clone()).await.contains("name=\"label\""));
    office.label(&alert, &rina, "M").await.ok();
    let budi = office.officer("budi").await;
    for officer in [&rina, &budi] {
        office
            .label(&alert, officer, "F")
            .await
            .refused(409, "label_recorded");
    }
    assert!(!asks(rina.clone()).await.contains("name=\"label\""));
    let audited = office.world.audited("group.label_recorded").await;
    assert_eq!(audited.len(), 1);
    assert!(
        !audited[0].to_string().contains("\"M\""),
        "the audit record does not say which"
    );
}

#[tokio::test]
async fn passers_by_are_counted_by_label_and_day_and_a_correction_is_audited() {
    let office = Office::new().await;
    let day = "2026-11-20";
    office.count(day, "M", 10).await.refused(409, "no_groups");
    office.in_force().await;
    let today = office.world.now();
    let day_text = |at| tapal_server::console::when::Zone(420).iso_day(at);
    let (today, tomorrow) = (day_text(today), day_text(today + DAY_MS));
    for (day, label, n, code) in [
        (today.as_str(), "X", 5, "unknown_label"),
        (tomorrow.as_str(), "M", 5, "day_to_come"),
        ("soon", "M", 5, "bad_date"),
        (today.as_str(), "M", 1_000_001, "too_many_passers_by"),
    ] {
        office.count(day, label, n).await.refused(422, code);
    }
    office.count(&today, "M", 500).await.ok();
    let view = office.count(&today, "M", 700).await.ok();
    assert_eq!(
        view["counts"],
        json!([{ "day": today, "label": "M", "passers_by": 700 }])
    );
    let audited = office.world.audited("group.counted").await;
    assert_eq!(audited.len(), 2);
    let correction = audited[1].to_string().replace('\\', "");
    assert!(
        correction.contains("\"old\":500") && correction.contains("\"new\":700"),
        "{correction}"
    );
    // Another site's supervisor does not see it.
    let far = office.world.far_site;
    let stranger = office
        .world
        .person("far", Role::Supervisor, Some(far), None)
        .await;
    office
        .world
        .get(&office.groups, &stranger)
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn the_table_has_n_intervals_and_what_cannot_be_said() {
    let office = Office::new().await;
    assert_eq!(office.table().await, Value::Null);
    let address = format!("/false-alerts?site={}", office.world.site);
    let page = office.world.get(&address, &office.first).await.text();
    assert!(page.contains("False alerts by group are not recorded at this site."));
    office.in_force().await;
    let mut alerts = Vec::new();
    for n in 1..=4 {
        alerts.push(office.judged(n, "different").await);
    }
    let rina = office.officer("rina").await;
    for (alert, label) in alerts.iter().zip(["M", "M", "F"]) {
        office.label(alert, &rina, label).await.ok();
    }
    // Without passers-by there is no rate and no alert in the table.
    let table = office.table().await;
    assert_eq!(table["verdict"], "too_few");
    assert_eq!(table["rows"][0]["rate"], Value::Null);
    assert_eq!(table["rows"][0]["false_alerts"], 0);
    let today = tapal_server::console::when::Zone(420).iso_day(office.world.now());
    office.count(&today, "M", 2_000).await.ok();
    office.count(&today, "F", 900).await.ok();
    let table = office.table().await;
    let row = &table["rows"][0];
    assert_eq!(
        (&row["passers_by"], &row["false_alerts"]),
        (&json!(2_000), &json!(2))
    );
    near(&row["rate"]["value"], 0.001);
    near(&row["rate"]["low"], 0.242_21 / 2_000.0);
    near(&row["rate"]["high"], 7.224_69 / 2_000.0);
    assert_eq!(table["rows"][1]["false_alerts"], 1);
    assert_eq!(table["verdict"], "too_few", "900 are not enough");
    assert_eq!(table["unlabelled"], 1);
    near(&table["unlabelled_share"], 0.25);
    office.count(&today, "F", 1_000).await.ok();
    assert_eq!(office.table().await["verdict"], "no_difference_shown");
    let page = office.world.get(&address, &office.first).await.text();
    for words in [
        "1 (0.12–3.6)",
        "that is not proof that there is none",
        "1 of 4 false alerts of the days counted carry no label (25 %)",
        "who was never captured is not counted",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let rows = "/false-alerts/groups.csv";
    let file = office.world.get(rows, &office.first).await.text();
    let first = file.lines().nth(1).unwrap();
    assert!(
        first.starts_with("\"Soekarno-Hatta\",")
            && first
                .contains(",\"M\",2000,2,0.00100000,0.00012110,0.00361234,no_difference_shown,1"),
        "{file}"
    );
    assert_eq!(file.lines().count(), 3, "the other site records none");
    // Another set starts from nothing.
    office.propose(json!(["M", "F", "X"])).await.ok();
    office.decide(&office.second, "approve").await.ok();
    let table = office.table().await;
    assert_eq!(table["rows"][0]["passers_by"], 0);
}

#[tokio::test]
async fn the_pages_do_what_the_api_does() {
    let office = Office::new().await;
    let site = office.world.site;
    let page = format!("/sites/{site}/groups");
    let form = |path: String, who: &Person, body: &'static str| {
        let request = axum::http::Request::builder()
            .method("POST")
            .uri(path)
            .header("host", "localhost")
            .header("cookie", &who.cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        let body = format!("csrf={}&{body}", who.csrf);
        office
            .world
            .send(request.body(axum::body::Body::from(body)).unwrap())
    };
    let none = office.world.get(&page, &office.first).await.text();
    assert!(none.contains("No groups are recorded here"));
    let proposals = format!("{page}/proposals");
    let reply = form(
        proposals.clone(),
        &office.first,
        "labels=M&legal_ground=Decree+7",
    )
    .await;
    assert_eq!(reply.status, 422);
    assert!(reply.text().contains("Give 2 to 12 labels") && reply.text().contains("Decree 7"));
    let body = "labels=M%0D%0AF&legal_ground=Decree+7";
    assert_eq!(form(proposals, &office.first, body).await.status, 303);
    let view = office.world.get(&office.groups, &office.first).await.ok();
    let id = view["waiting"]["id"].as_str().unwrap().to_owned();
    let decision = format!("/groups/proposals/{id}/decision");
    let body = "decision=approve&reason=read+it";
    let own = form(decision.clone(), &office.first, body).await;
    assert_eq!(own.status, 409);
    assert_eq!(form(decision, &office.second, body).await.status, 303);
    let today = tapal_server::console::when::Zone(420).iso_day(office.world.now());
    let count = format!("{page}/counts");
    let reply = form(count, &office.supervisor, "day=soon&label=M&passers_by=12").await;
    assert_eq!(reply.status, 422);
    office.count(&today, "M", 1_234).await.ok();
    let alert = office.judged(1, "different").await.replace("/api/v1", "");
    let rina = office.officer("rina").await;
    let group = format!("{alert}/group");
    assert_eq!(form(group.clone(), &rina, "label=X").await.status, 422);
    assert_eq!(form(group, &rina, "label=F").await.status, 303);
    let shown = office.world.get(&alert, &rina).await.text();
    assert!(shown.contains("The group label of this alert is recorded."));
    let shown = office.world.get(&page, &office.supervisor).await.text();
    assert!(shown.contains("1,234") && shown.contains("approved by Officer second"));
    assert!(!shown.contains("style="), "no inline style");
    let stopped = form(format!("{page}/end"), &office.second, "").await;
    assert_eq!(stopped.status, 303);
}
