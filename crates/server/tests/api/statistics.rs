//! Figures from the ledger: the published example to the last record, what a correction changes, who sees which numbers,
//! and that every form shows the same one.

use std::{collections::BTreeMap, io::Cursor};

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};
use tapal_domain::{id::AccountId, role::Role, time::DAY_MS};
use tapal_server::statistic::{job, set_up};
use uuid::Uuid;

use crate::world::{Person, World};

const YEAR: &str = "from=2026-01-01&to=2026-12-31";

/// The example's year at two checkpoints, seen from the 15th of January after it.
struct Year {
    world: World,
    auditor: Person,
}

impl Year {
    async fn new() -> Self {
        let world = World::new().await;
        let first = "2026-01-01".parse().unwrap();
        let officer = AccountId(Uuid::from_u128(77));
        let n = set_up::set_up(&world.state, officer, first, 2_000)
            .await
            .unwrap();
        assert!(n > 7_000);
        let auditor = world.person("auditor", Role::Auditor, None, None).await;
        Year { world, auditor }
    }

    async fn figures(&self, who: &Person, query: &str) -> BTreeMap<String, u64> {
        let path = format!("/api/v1/statistics?{query}");
        let reply = self.world.get(&path, who).await.ok();
        let figures = reply["figures"].as_array().unwrap();
        let pair = |one: &Value| {
            (
                one["figure"].as_str().unwrap().to_owned(),
                one["n"].as_u64().unwrap(),
            )
        };
        figures.iter().map(pair).collect()
    }

    async fn records(&self, who: &Person, query: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        let mut before = String::new();
        loop {
            let path = format!("/api/v1/statistics/records?{query}{before}");
            let page = self.world.get(&path, who).await.ok();
            all.extend(page["records"].as_array().unwrap().iter().cloned());
            match page["next"].as_i64() {
                Some(next) => before = format!("&before={next}"),
                None => return all,
            }
        }
    }
}

#[tokio::test]
async fn the_published_example_comes_out_of_the_ledger() {
    let year = Year::new().await;
    let path = format!("/api/v1/statistics?{YEAR}");
    let reply = year.world.get(&path, &year.auditor).await.ok();
    let figures = year.figures(&year.auditor, YEAR).await;
    for (figure, expect) in [
        ("refused_entries", 1_222),
        ("deferred_departures", 4_119),
        ("deferred_foreigners", 568),
        ("deferred_citizens", 3_551),
    ] {
        assert_eq!(figures[figure], expect, "{figure}");
    }
    let mut seen = 0;
    for breakdown in reply["breakdowns"].as_array().unwrap() {
        let rows = breakdown["rows"].as_array().unwrap();
        let sum: u64 = rows.iter().map(|row| row["n"].as_u64().unwrap()).sum();
        let figure = breakdown["figure"].as_str().unwrap();
        assert_eq!(
            (sum, breakdown["total"].as_u64().unwrap()),
            (figures[figure], figures[figure]),
            "{breakdown}"
        );
        let wide = matches!(
            breakdown["by"].as_str().unwrap(),
            "reason" | "nationality" | "detection" | "period"
        );
        if figure == "refused_entries" && wide {
            assert!(rows.len() > 3, "{breakdown}");
            seen += 1;
        }
    }
    assert_eq!(seen, 4);
    for figure in ["refused_entries", "deferred_foreigners"] {
        let records = year
            .records(&year.auditor, &format!("{YEAR}&figure={figure}"))
            .await;
        assert_eq!(records.len() as u64, figures[figure]);
        assert!(records.iter().all(|one| one["citizen"] == false));
        assert!(!records[0].to_string().contains("identity"));
    }
    // Again, from nothing: the same ledger.
    let again = Year::new().await;
    assert_eq!(again.figures(&again.auditor, YEAR).await, figures);
}

#[tokio::test]
async fn one_changed_record_changes_the_figure_and_the_audit_says_who() {
    let year = Year::new().await;
    let world = &year.world;
    let head = world.person("head", Role::Supervisor, None, None).await;
    let query = format!("{YEAR}&figure=refused_entries");
    let record = year.records(&head, &query).await.remove(7);
    let path = format!(
        "/api/v1/crossings/{}/corrections",
        record["id"].as_str().unwrap()
    );
    let body = |more: Value| {
        let mut body = json!({ "outcome": "entered", "stay_until": "2027-02-01", "reason": "The visa was found." });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let citizen = body(
        json!({ "outcome": "refused_entry", "nationality": "IDN", "ground": "no_visa", "stay_until": null }),
    );
    world
        .post(&path, &head, citizen)
        .await
        .refused(422, "citizen_refused");
    for (more, status, code) in [
        (json!({ "reason": "no" }), 422, "correction_reason"),
        (json!({ "stay_until": null }), 422, "no_stay"),
        (json!({ "outcome": "departed" }), 422, "wrong_way"),
        (
            json!({ "outcome": "refused_entry", "ground": "on_exit_ban_list", "stay_until": null }),
            422,
            "wrong_ground",
        ),
        (
            json!({ "outcome": "refused_entry", "ground": record["ground"], "stay_until": null }),
            422,
            "nothing_corrected",
        ),
    ] {
        world
            .post(&path, &head, body(more))
            .await
            .refused(status, code);
    }
    let made = world.post(&path, &head, body(json!({}))).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["corrects"], record["id"]);
    world
        .post(&path, &head, body(json!({})))
        .await
        .refused(409, "corrected_already");
    assert_eq!(year.figures(&head, YEAR).await["refused_entries"], 1_221);
    let then = format!("{YEAR}&as_of=2027-01-14");
    assert_eq!(year.figures(&head, &then).await["refused_entries"], 1_222);
    let now = world.now().0;
    for (as_of, expect) in [(now, 1_221), (now - 1, 1_222)] {
        let query = format!("{YEAR}&as_of={as_of}");
        assert_eq!(year.figures(&head, &query).await["refused_entries"], expect);
    }
    let me = world.get("/api/v1/session", &head).await.ok();
    let rows = world.audited("crossing.corrected").await;
    let text = rows[0].to_string();
    assert!(text.contains(me["account"].as_str().unwrap()), "{text}");
    assert!(text.contains(record["id"].as_str().unwrap()), "{text}");
    let one = world
        .get(
            &format!("/api/v1/crossings/{}", record["id"].as_str().unwrap()),
            &head,
        )
        .await
        .ok();
    assert_eq!(one["holds"], false);
    assert_eq!(one["chain"].as_array().unwrap().len(), 2);
    assert_eq!(one["chain"][1]["correction_reason"], "The visa was found.");
    // Struck out: it counts nowhere.
    let all = year.figures(&head, YEAR).await["crossings"];
    let path = format!(
        "/api/v1/crossings/{}/corrections",
        made.json()["id"].as_str().unwrap()
    );
    world
        .post(
            &path,
            &head,
            json!({ "outcome": "void", "reason": "Nobody stood there." }),
        )
        .await
        .ok();
    assert_eq!(year.figures(&head, YEAR).await["crossings"], all - 1);
}

#[tokio::test]
async fn every_form_shows_the_same_figure() {
    let year = Year::new().await;
    let world = &year.world;
    let figures = year.figures(&year.auditor, YEAR).await;
    let page = world
        .get(&format!("/statistics?{YEAR}"), &year.auditor)
        .await
        .text();
    for number in ["1,222", "4,119", "568", "3,551"] {
        assert!(page.contains(&format!(">{number}</a>")), "{number}");
    }
    let csv = world
        .get(&format!("/statistics.csv?{YEAR}"), &year.auditor)
        .await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let mut from_csv: BTreeMap<String, u64> = BTreeMap::new();
    let mut sums: BTreeMap<(String, String), u64> = BTreeMap::new();
    for line in csv::Reader::from_reader(&csv.bytes[3..]).records() {
        let line = line.unwrap();
        let n: u64 = line[7].parse().unwrap();
        match &line[1] {
            "" => drop(from_csv.insert(line[0].to_owned(), n)),
            by => *sums.entry((line[0].to_owned(), by.to_owned())).or_default() += n,
        }
    }
    assert_eq!(from_csv, figures);
    assert!(sums.len() > 20);
    for ((figure, by), sum) in sums {
        assert_eq!(sum, figures[&figure], "{figure} {by}");
    }
    let book = world
        .get(&format!("/statistics.xlsx?{YEAR}"), &year.auditor)
        .await;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(book.bytes)).unwrap();
    let first = book.worksheet_range_at(0).unwrap().unwrap();
    let numbers: Vec<u64> = first
        .rows()
        .filter_map(|row| match &row[1] {
            Data::Float(n) => Some(*n as u64),
            _ => None,
        })
        .collect();
    for n in figures.values() {
        assert!(numbers.contains(n), "{n} {numbers:?}");
    }
    assert!(book.sheet_names().len() > 20);
    let pdf = world
        .get(&format!("/statistics.pdf?{YEAR}"), &year.auditor)
        .await;
    assert!(pdf.bytes.starts_with(b"%PDF-1.7"));
    // Nothing is kept on the way.
    assert_eq!(pdf.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_checkpoint_sees_its_own_and_who_may_not_open_records_gets_no_address() {
    let year = Year::new().await;
    let world = &year.world;
    let (near, far) = (world.site, world.far_site);
    let here = world
        .person("here", Role::Supervisor, Some(near), None)
        .await;
    let there = world
        .person("there", Role::Supervisor, Some(far), None)
        .await;
    let (one, other) = (
        year.figures(&here, YEAR).await,
        year.figures(&there, YEAR).await,
    );
    assert_eq!(one["refused_entries"] + other["refused_entries"], 1_222);
    assert!(one["refused_entries"] > 0 && other["refused_entries"] > 0);
    assert_eq!(
        year.figures(&year.auditor, &format!("{YEAR}&site={far}"))
            .await,
        other
    );
    for path in ["statistics", "statistics/records", "crossings"] {
        let path = format!("/api/v1/{path}?{YEAR}&site={far}");
        world.get(&path, &here).await.refused(404, "not_found");
    }
    let record = year.records(&there, YEAR).await.remove(0);
    let path = format!("/api/v1/crossings/{}", record["id"].as_str().unwrap());
    world.get(&path, &here).await.refused(404, "not_found");
    let fix = json!({ "outcome": "void", "reason": "Somebody else's." });
    world
        .post(&format!("{path}/corrections"), &here, fix)
        .await
        .refused(404, "not_found");
    let plain = world.get(&path, &there).await.ok();
    assert_eq!(plain["identity"], Value::Null);
    assert_eq!(world.audited("biometric.read").await.len(), 0);
    let opened = world
        .get(&format!("{path}?identity=true"), &there)
        .await
        .ok();
    assert!(!opened["identity"]["name"].as_str().unwrap().is_empty());
    assert_eq!(
        world.audited("biometric.read").await.len(),
        1,
        "the look is recorded"
    );
    let policy = world.person("policy", Role::PolicyAdmin, None, None).await;
    let page = world
        .get(&format!("/statistics?{YEAR}"), &policy)
        .await
        .text();
    assert!(page.contains("1,222") && !page.contains("href=\"/crossings"));
    world
        .get("/api/v1/statistics/records", &policy)
        .await
        .refused(403, "forbidden");
    for (query, code) in [
        ("from=2026-02-30", "bad_date"),
        ("from=2026-02-02&to=2026-02-01", "bad_period"),
        ("from=1990-01-01&to=2026-02-01", "bad_period"),
        ("detection=stars", "bad_filter"),
        ("reason=%22%3E", "bad_filter"),
        ("nationality=1", "bad_filter"),
        ("as_of=tomorrow", "bad_date"),
        ("figure=people", "bad_filter"),
        ("by=hour", "bad_filter"),
    ] {
        let path = format!("/api/v1/statistics?{query}");
        world.get(&path, &year.auditor).await.refused(422, code);
        let page = world
            .get(&format!("/statistics?{query}"), &year.auditor)
            .await;
        assert_eq!(page.status, 422, "{query}");
    }
}

#[tokio::test]
async fn a_month_is_reported_once_and_never_changes() {
    let year = Year::new().await;
    let world = &year.world;
    assert_eq!(job::run_due(&world.state, world.now()).await.unwrap(), 12);
    assert_eq!(job::run_due(&world.state, world.now()).await.unwrap(), 0);
    assert_eq!(world.audited("statistic.report_made").await.len(), 12);
    let lines = world
        .get("/api/v1/statistics/reports", &year.auditor)
        .await
        .ok();
    assert_eq!(lines.as_array().unwrap().len(), 12);
    assert_eq!(lines[0]["month"], "2026-12");
    let mut total = 0;
    for line in lines.as_array().unwrap() {
        let path = format!(
            "/api/v1/statistics/reports/{}",
            line["month"].as_str().unwrap()
        );
        let report = world.get(&path, &year.auditor).await.ok();
        let own = report["breakdowns"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["figure"] == "refused_entries");
        total += own.unwrap()["total"].as_u64().unwrap();
    }
    assert_eq!(total, 1_222, "the months sum to the year");
    let head = world.person("head", Role::Supervisor, None, None).await;
    let query = "from=2026-03-01&to=2026-03-31&figure=refused_entries";
    let record = year.records(&head, query).await.remove(0);
    world.pass(DAY_MS);
    let head = world.sign_in("head", crate::world::PASSWORD).await;
    let auditor = world.sign_in("auditor", crate::world::PASSWORD).await;
    let path = format!(
        "/api/v1/crossings/{}/corrections",
        record["id"].as_str().unwrap()
    );
    world
        .post(
            &path,
            &head,
            json!({ "outcome": "void", "reason": "Typed twice." }),
        )
        .await
        .ok();
    let path = "/api/v1/statistics/reports/2026-03/verification";
    let checked = world.get(path, &auditor).await.ok();
    assert_eq!(checked["same"], true);
    assert_eq!(checked["hash"], checked["recomputed"]);
    let refused = checked["figures"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["figure"] == "refused_entries")
        .unwrap();
    assert_eq!(
        refused["now"].as_u64().unwrap() + 1,
        refused["then"].as_u64().unwrap()
    );
    // Seventy-two hours after the end of January, and not before.
    let due = job::due_at(&world.state, "2027-01".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(job::run_due(&world.state, due - 1).await.unwrap(), 0);
    assert_eq!(job::run_due(&world.state, due).await.unwrap(), 1);
}

#[tokio::test]
async fn the_public_reads_no_small_number_and_a_checkpoint_no_exact_report() {
    let year = Year::new().await;
    let world = &year.world;
    world.tick().await;
    let here = world
        .person("here", Role::Supervisor, Some(world.site), None)
        .await;
    let base = "/statistics/reports/2026-03";
    let public = world.get(&format!("{base}/report.csv"), &here).await;
    assert_eq!(public.status, 200, "{}", public.text());
    let exact = world
        .get(&format!("{base}/report.csv?exact=1"), &year.auditor)
        .await;
    let (mut hidden, mut small) = (0, 0);
    for line in csv::Reader::from_reader(&public.bytes[3..]).records() {
        let line = line.unwrap();
        if ["nationality", "reason"].contains(&&line[1]) {
            match line[7].parse::<u64>() {
                Ok(n) => assert!(n == 0 || n >= 5, "{line:?}"),
                Err(_) => hidden += 1,
            }
        }
    }
    for line in csv::Reader::from_reader(&exact.bytes[3..]).records() {
        let line = line.unwrap();
        let n: u64 = line[7].parse().unwrap();
        small += usize::from(&line[4] == "reason" && (1..5).contains(&n));
    }
    assert!(hidden > 0 && small > 0, "{hidden} {small}");
    for path in ["", "/report.csv?exact=1", "/report.pdf?exact=1"] {
        assert_eq!(
            world.get(&format!("{base}{path}"), &here).await.status,
            403,
            "{path}"
        );
    }
    for end in ["pdf", "xlsx"] {
        let file = world.get(&format!("{base}/report.{end}"), &here).await;
        assert_eq!(file.status, 200);
    }
    assert_eq!(
        world.get(&format!("{base}/report.exe"), &here).await.status,
        404
    );
    assert_eq!(
        world
            .get("/statistics/reports/2030-01/report.pdf", &here)
            .await
            .status,
        404
    );
    let list = world.get("/statistics/reports", &here).await.text();
    assert!(list.contains("/statistics/reports/2026-03/report.pdf") && !list.contains("exact=1"));
    let page = world.get(base, &year.auditor).await;
    assert_eq!(page.status, 200, "{}", page.text());
}

#[tokio::test]
async fn the_pages_of_the_ledger_open_correct_and_keep_who_closed() {
    let year = Year::new().await;
    let world = &year.world;
    let head = world.person("head", Role::Supervisor, None, None).await;
    let record = year
        .records(&head, &format!("{YEAR}&figure=refused_entries"))
        .await
        .remove(3);
    let path = format!("/crossings/{}", record["id"].as_str().unwrap());
    let list = world
        .get(&format!("/crossings?{YEAR}&outcome=refused_entry"), &head)
        .await
        .text();
    assert!(
        list.contains("outcome=refused_entry&#38;before="),
        "there are older ones"
    );
    let identity = world
        .get(&format!("/api/v1{path}?identity=true"), &head)
        .await
        .ok()["identity"]["name"]
        .clone();
    let name = identity.as_str().unwrap();
    let page = world.get(&path, &head).await.text();
    assert!(!page.contains(name) && page.contains("identity=true"));
    let open = world
        .get(&format!("{path}?identity=true"), &head)
        .await
        .text();
    assert!(open.contains(name));
    let form = |outcome: &str, reason: &str| {
        let fields = format!(
            "outcome={outcome}&ground=no_visa&direction=arrival&detection=rule&nationality=IDN&stay_until=&charge=&reason={reason}&csrf={}",
            head.csrf
        );
        axum::http::Request::builder()
            .method("POST")
            .uri(format!("{path}/corrections"))
            .header("host", "localhost")
            .header("cookie", &head.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(axum::body::Body::from(fields))
            .unwrap()
    };
    let refused = world
        .send(form("refused_entry", "A+citizen+after+all"))
        .await;
    assert_eq!(refused.status, 422);
    assert!(
        refused
            .text()
            .contains("A citizen cannot be refused entry.")
    );
    let done = world.send(form("entered", "A+citizen+after+all")).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let to = done.headers["location"].to_str().unwrap().to_owned();
    let page = world.get(&to, &head).await.text();
    assert!(page.contains("A citizen after all") && page.contains("Officer head"));
    let old = world.get(&path, &head).await.text();
    assert!(old.contains("another one stands for it") && !old.contains("textarea"));
}
