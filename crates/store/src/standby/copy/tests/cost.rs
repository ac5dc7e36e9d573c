//! What copies cost: the first one, and the record of changes at the centre. A measurement, not a check.

use tapal_domain::{
    crossing::{Nationality, Outcome},
    standby::Copies,
};

use super::super::*;
use super::rig::*;
use crate::{
    crossing,
    db::{Unaudited, from_json, to_json},
    holder,
};

/// How long a first copy takes, and what the record of changes costs the centre at each crossing. Minutes long:
/// `cargo test --workspace --lib what_copies_cost -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "minutes long; prints how long a first copy takes and what changes cost"]
async fn what_copies_cost() {
    const MANY: u128 = 20_000;
    let mut rig = Rig::new().await;
    let nation = Nationality::new("UTO").unwrap();
    for chunk in 0..MANY / 2_000 {
        let mut tx = rig.centre.begin(NOW).await.unwrap();
        for n in chunk * 2_000 + 1..=(chunk + 1) * 2_000 {
            holder::add_in(&mut tx, holder_id(1_000_000 + n), &nation, &who())
                .await
                .unwrap();
            holder::add_document_in(
                &mut tx,
                &paper(holder_id(1_000_000 + n), 2_000_000 + n, &format!("X{n}")),
            )
            .await
            .unwrap();
            let new = crossed(
                3_000_000 + n,
                Outcome::Entered,
                NOW,
                Some(holder_id(1_000_000 + n)),
                &format!("X{n}"),
            );
            crossing::record_in(&mut tx, &new).await.unwrap();
            let order = text(4_000_000 + n);
            let sql = "INSERT INTO orders (id, kind, agency, status, first_day, steps, created_at, changed_at) VALUES ($1, 'wanted', 'police', 'approved', '2026-01-01', 3, 0, 0)";
            tx.run(sql, args![&order]).await.unwrap();
            for step in 0..3_i64 {
                let plain = vec![b'x'; if step == 0 { 900 } else { 150 }];
                let step_sealed = rig
                    .centre
                    .vault()
                    .seal("order_step", &format!("{order}:{step}"), "step", &plain)
                    .unwrap();
                let sql = "INSERT INTO order_step (of, n, at, action, step_sealed) VALUES ($1, $2, 0, 'draft', $3)";
                tx.run(sql, args![&order, step, step_sealed]).await.unwrap();
            }
        }
        tx.commit_unaudited(Unaudited::Telemetry).await.unwrap();
    }
    let begun = std::time::Instant::now();
    let standby = rig.standby(NOW).await;
    let enrolled = begun.elapsed();
    let (mut reading, mut writing, mut pages, mut bytes, mut after) = (0.0, 0.0, 0, 0, 0);
    loop {
        let at = std::time::Instant::now();
        let page = copies(&rig.centre, HERE, after, 4_000, NOW).await.unwrap();
        let text = to_json(&page).unwrap();
        reading += at.elapsed().as_secs_f64();
        let at = std::time::Instant::now();
        let page: Copies = from_json(&text).unwrap();
        apply(&standby, &page).await.unwrap();
        writing += at.elapsed().as_secs_f64();
        (pages, bytes, after) = (pages + 1, bytes + text.len(), page.upto);
        if !page.more {
            break;
        }
    }
    let total = reading + writing;
    println!(
        "{MANY} orders and {MANY} foreigners: enrolled in {:.1} s; {pages} pages, {} MiB, {total:.1} s (centre {reading:.1}, standby {writing:.1}); 200,000 of each at this pace {:.0} s",
        enrolled.as_secs_f64(),
        bytes >> 20,
        total * 10.0
    );
    let at = std::time::Instant::now();
    tidy(&standby, NOW).await.unwrap();
    println!(
        "tidy over {MANY} holders: {:.2} s",
        at.elapsed().as_secs_f64()
    );
    // The same crossings at one centre, in turns: with a standby server, and as if it were retired.
    let mut ratios = Vec::new();
    for round in 0..16_u128 {
        let mut took = [0.0; 2];
        for part in 0..2_u128 {
            let with = (round + part).is_multiple_of(2);
            let sql = "UPDATE standby SET retired_at = $1";
            run(&rig.centre, NOW, sql, args![(!with).then_some(NOW)]).await;
            let at = std::time::Instant::now();
            for n in 0..150 {
                let id = 9_000_000 + (round * 2 + part) * 1_000 + n;
                let new = crossed(
                    id,
                    Outcome::Entered,
                    NOW,
                    Some(holder_id(1_000_000 + n)),
                    "Y1",
                );
                crossing::record(&rig.centre, NOW, &new).await.unwrap();
            }
            took[usize::from(with)] = at.elapsed().as_secs_f64();
        }
        ratios.push(took[1] / took[0]);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "crossing::record with a standby server enrolled, against none: {:.3} of the time (least {:.3}, most {:.3}, 16 rounds of 150)",
        (ratios[7] + ratios[8]) / 2.0,
        ratios[0],
        ratios[15]
    );
}
