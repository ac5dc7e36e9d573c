//! How long the list of names takes to load, and how quickly the whole way from a request to its reply answers. Not run by
//! itself: `cargo test --test api name_load -- --ignored --nocapture`; `TAPAL_NAMES=1000000` for another size.

use std::time::Instant;

use serde_json::json;
use tapal_domain::{
    id::{AccountId, OrderId},
    order::{Contents, Handed, Order},
    role::Role,
    time::UtcMs,
};
use tapal_names::synthetic::{Dice, WAYS, name, otherwise};
use tapal_server::{in_process::rescreen, name_check::list};
use tapal_store::db::{Unaudited, Value};
use uuid::Uuid;

use crate::{
    orders::order_input,
    world::{World, local_day},
};

fn order(n: u64, world: &World) -> Order {
    let mut input = order_input(&name(n));
    input["subject"]["document_number"] = json!(format!("X{n:07}"));
    input["subject"]["birth_date"] = json!(format!("{}", 1950 + n % 50));
    let handed: Handed = serde_json::from_value(input).unwrap();
    let id = OrderId(Uuid::from_u128(1 << 100 | u128::from(n)));
    let by = AccountId(Uuid::from_u128(1));
    Order::draft(
        id,
        Contents::new(handed).unwrap(),
        by,
        world.now(),
        local_day(0),
    )
}

/// Approved orders, written behind the program's back: what is measured is the reading.
async fn fill(world: &World, orders: u64) {
    let mut tx = world.state.db.begin(world.now()).await.unwrap();
    for n in 0..orders {
        let order = order(n, world);
        let (id, now) = (order.id().to_string(), world.now());
        let step = serde_json::to_vec(&order.steps()[0]).unwrap();
        let sealed = tx
            .vault()
            .seal("order_step", &format!("{id}:0"), "step", &step);
        let text = |text: &str| Value::Text(text.to_owned());
        let values = vec![
            text(&id),
            text(&local_day(-1).to_string()),
            text(&local_day(10).to_string()),
            now.into(),
        ];
        let sql = "INSERT INTO orders (id, kind, agency, status, first_day, last_day, steps, created_at, changed_at) \
                   VALUES ($1, 'exit_ban', 'police', 'approved', $2, $3, 1, $4, $4)";
        tx.run(sql, values).await.unwrap();
        let sql = "INSERT INTO order_step (of, n, at, account, action, step_sealed) VALUES ($1, 0, $2, NULL, 'draft', $3)";
        let values = vec![text(&id), now.into(), Value::Blob(sealed.unwrap())];
        tx.run(sql, values).await.unwrap();
    }
    // Only the measured list: nobody is in process.
    tx.run("DELETE FROM in_process_due", vec![]).await.unwrap();
    tx.commit_unaudited(Unaudited::Telemetry).await.unwrap();
}

fn line(what: &str, mut ms: Vec<f64>) {
    ms.sort_by(f64::total_cmp);
    let at = |share: f64| ms[((ms.len() - 1) as f64 * share) as usize];
    println!(
        "{what}: n {}, p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
        ms.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}

#[tokio::test]
#[ignore = "a measurement, not a check"]
#[allow(clippy::disallowed_methods, reason = "it measures time")]
async fn name_load() {
    let orders: u64 = std::env::var("TAPAL_NAMES").map_or(100_000, |n| n.parse().unwrap());
    let world = World::new().await;
    let began = Instant::now();
    fill(&world, orders).await;
    println!(
        "{orders} orders written in {:.1} s",
        began.elapsed().as_secs_f64()
    );
    let began = Instant::now();
    list::load(&world.state).await.unwrap();
    println!("loaded in {:.2} s", began.elapsed().as_secs_f64());
    assert_eq!(world.state.names.len() as u64, orders + 1);
    let mut people = Vec::new();
    for n in 0..12 {
        let officer = format!("officer-{n}");
        people.push(
            world
                .person(&officer, Role::CounterOfficer, Some(world.site), None)
                .await,
        );
    }
    let (mut listed, mut stranger, mut document) = (Vec::new(), Vec::new(), Vec::new());
    let (mut found, mut dice) = (0, Dice::new(7));
    for n in 0..1_500_u64 {
        // Twelve accounts in turn: none of them asks too often.
        world.pass(2_000);
        let who = dice.roll(orders as usize) as u64;
        let (question, times) = match n % 3 {
            0 => {
                let asked = otherwise(&name(who), n as usize % WAYS.len(), &mut dice);
                (
                    json!({ "names": [asked], "birth_date": "1970", "purpose": "desk" }),
                    &mut listed,
                )
            }
            1 => (
                json!({ "names": [name(orders * 10 + n)], "purpose": "desk" }),
                &mut stranger,
            ),
            _ => (
                json!({ "documents": [format!("X{who:07}")], "purpose": "desk" }),
                &mut document,
            ),
        };
        let person = &people[n as usize % people.len()];
        let began = Instant::now();
        let reply = world.post("/api/v1/name-checks", person, question).await;
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
        let hits = reply.ok()["hits"].as_array().unwrap().len();
        found += usize::from(n % 3 == 2 && hits == 1);
    }
    assert_eq!(found, document.len(), "every document number hits once");
    line("a listed name written otherwise", listed);
    line("a name that is not listed", stranger);
    line("a document number", document);
    world.pass(0);
    let began = Instant::now();
    assert_eq!(
        rescreen::run_due(&world.state, UtcMs(world.now().0))
            .await
            .unwrap(),
        0
    );
    println!(
        "nothing due: {:.1} ms",
        began.elapsed().as_secs_f64() * 1_000.0
    );
}
