//! One person over several orders: shown before an approval, decided by people, and no way for a liaison to learn of
//! another agency's order.

use serde_json::{Value, json};
use tapal_domain::{entry::Agency, role::Role};
use tapal_server::account;
use tapal_store::By;

use crate::{
    name_checks::Hall,
    orders::order_input,
    world::{PASSWORD, Person},
};

fn of_agency(name: &str, agency: &str, birth: &str) -> Value {
    let mut input = order_input(name);
    input["agency"] = json!(agency);
    input["subject"]["birth_date"] = json!(birth);
    input["subject"]["document_number"] = json!("");
    if agency == "kpk" {
        input["reason"] = json!("corruption_case");
    }
    input
}

fn id_of(order: &str) -> &str {
    order.rsplit('/').next().unwrap()
}

impl Hall {
    async fn person(&self, who: &Person, order: &str) -> Value {
        let path = format!("/api/v1/persons/{}", id_of(order));
        self.world.get(&path, who).await.ok()
    }

    async fn liaison(&self, username: &str, agency: Agency) -> Person {
        let input = account::AccountInput {
            username: username.into(),
            display_name: username.into(),
            role: Role::AgencyLiaison,
            site: None,
            desk: None,
            agency: Some(agency),
            language: Some("en".into()),
        };
        account::open_with(&self.world.state, By::System, input, PASSWORD, false)
            .await
            .unwrap();
        self.world.sign_in(username, PASSWORD).await
    }
}

#[tokio::test]
async fn others_of_the_same_person_are_shown_before_an_approval() {
    let hall = Hall::new().await;
    let first = hall
        .approved(of_agency("Soerjatmadja Wirya", "police", "1980-02-03"))
        .await;
    let second = hall
        .submitted(of_agency("Suryatmaja Wirya", "police", "1980"))
        .await;
    hall.submitted(of_agency("Orang Yang Lain", "police", "1980"))
        .await;
    let page = hall
        .world
        .get(&second.replace("/api/v1", ""), &hall.approver)
        .await
        .text();
    assert!(page.contains("One other order, in force or open, names this person"));
    let view = hall.person(&hall.approver, &second).await;
    let others = view["others"].as_array().unwrap();
    assert_eq!(others.len(), 1);
    assert_eq!(others[0]["order"]["id"], id_of(&first));
    assert_eq!(others[0]["order"]["status"], "approved");
    assert!(others[0]["rows"].as_array().unwrap().len() > 3);
    // Both ways, and while it is open.
    let view = hall.person(&hall.clerk, &first).await;
    assert_eq!(view["others"][0]["order"]["id"], id_of(&second));
    assert_eq!(view["others"][0]["order"]["status"], "submitted");
    let page = format!("/persons/{}", id_of(&second));
    let page = hall.world.get(&page, &hall.approver).await.text();
    assert!(page.contains("Soerjatmadja Wirya") && page.contains("weight-bar"));
    hall.decide(&second, "refuse", "the same as another").await;
    assert_eq!(
        hall.person(&hall.clerk, &first).await["others"],
        json!([]),
        "what was refused is gone"
    );
}

#[tokio::test]
async fn a_person_decides_and_takes_it_back_and_nothing_is_joined() {
    let hall = Hall::new().await;
    let first = hall
        .approved(of_agency("Soerjatmadja Wirya", "police", "1980"))
        .await;
    let second = hall
        .submitted(of_agency("Suryatmaja Wirya", "police", "1980"))
        .await;
    let decide = async |who: &Person, from: &str, other: &str, decision: &str| {
        let path = format!("/api/v1/persons/{}/decisions", id_of(from));
        let body = json!({ "other": id_of(other), "decision": decision });
        hall.world.post(&path, who, body).await
    };
    let said = decide(&hall.approver, &second, &first, "not_same")
        .await
        .ok();
    assert_eq!(said["others"][0]["decision"], "not_same");
    let page = second.replace("/api/v1", "");
    let text = hall.world.get(&page, &hall.approver).await.text();
    assert!(!text.contains("names this person"), "decided: not counted");
    // The other side says the same, and may say otherwise.
    let view = hall.person(&hall.clerk, &first).await;
    assert_eq!(view["others"][0]["decision"], "not_same");
    decide(&hall.clerk, &first, &second, "same").await.ok();
    let view = hall.person(&hall.approver, &second).await;
    assert_eq!(view["others"][0]["decision"], "same");
    decide(&hall.clerk, &first, &second, "undecided").await.ok();
    let rows = hall.world.audited("person.decided").await;
    assert_eq!(rows.len(), 3);
    // Each stays its own order.
    hall.decide(&first, "revoke", "CABUT-1").await;
    let second = hall.world.get(&second, &hall.clerk).await.ok();
    assert_eq!(second["status"], "submitted");
    let id = second["id"].as_str().unwrap();
    decide(&hall.clerk, id, id, "same")
        .await
        .refused(422, "same_order");
    let nobody = uuid::Uuid::from_u128(9).to_string();
    decide(&hall.clerk, id, &nobody, "same")
        .await
        .refused(404, "not_found");
    for role in [Role::AgencyLiaison, Role::Auditor, Role::Supervisor] {
        let other = hall
            .world
            .person(&role.name().replace("_", "-"), role, None, None)
            .await;
        decide(&other, id, &nobody, "same")
            .await
            .refused(403, "forbidden");
    }
    let form = format!("other={id}&decision=same");
    let reply = hall
        .form(
            &format!("/persons/{}/decisions", id_of(&first)),
            &hall.clerk,
            &form,
        )
        .await;
    assert_eq!(reply.status, 303);
    // What people called one person is shown although the engine might not find it.
    let view = hall.person(&hall.clerk, &first).await;
    assert_eq!(view["others"][0]["decision"], "same");
}

#[tokio::test]
async fn a_liaison_learns_nothing_of_other_agencies() {
    let hall = Hall::new().await;
    let kpk = hall.liaison("kpk", Agency::Kpk).await;
    let own = of_agency("Soerjatmadja Wirya", "kpk", "1980");
    let made = hall.world.post("/api/v1/orders", &kpk, own).await.ok();
    let own = made["id"].as_str().unwrap().to_owned();
    let alone = hall.person(&kpk, &own).await;
    let alone_page = hall.world.get(&format!("/persons/{own}"), &kpk).await;
    let alone_order = hall.world.get(&format!("/orders/{own}"), &kpk).await;
    // Now others name the same person: in force and open, by name and by number.
    let other = hall
        .approved(of_agency("Suryatmaja Wirya", "police", "1980"))
        .await;
    for n in 0..3 {
        let name = ["Suryatmaja Wirya", "Wirya Soeryatmaja", "Suryatmadja Wirya"][n];
        hall.submitted(of_agency(name, "police", "1980")).await;
    }
    let clerk = hall.person(&hall.clerk, &own).await;
    assert_eq!(clerk["others"].as_array().unwrap().len(), 4);
    // A decision of the clerk about its order and a hidden one is hidden too.
    let path = format!("/api/v1/persons/{own}/decisions");
    let body = json!({ "other": id_of(&other), "decision": "same" });
    hall.world.post(&path, &hall.clerk, body).await.ok();
    assert_eq!(
        hall.person(&kpk, &own).await,
        alone,
        "nothing has changed for it"
    );
    let strip = |text: String| -> String {
        let known: Vec<&str> = text
            .lines()
            .filter(|line| !line.contains("data-now") && !line.contains("csrf"))
            .collect();
        known.join("\n")
    };
    for (path, before) in [
        (format!("/persons/{own}"), alone_page),
        (format!("/orders/{own}"), alone_order),
    ] {
        let after = hall.world.get(&path, &kpk).await;
        assert_eq!(strip(after.text()), strip(before.text()), "{path}");
    }
    // Another agency's order: as one that does not exist.
    let hidden = hall
        .world
        .get(&format!("/api/v1/persons/{}", id_of(&other)), &kpk)
        .await;
    hidden.refused(404, "not_found");
    hall.world
        .post(
            "/api/v1/name-checks",
            &kpk,
            json!({ "names": ["Suryatmaja Wirya"], "purpose": "order" }),
        )
        .await
        .refused(403, "forbidden");
    hall.world
        .get("/api/v1/in-process", &kpk)
        .await
        .refused(403, "forbidden");
}
