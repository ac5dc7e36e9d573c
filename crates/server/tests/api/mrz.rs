//! Machine readable zones over HTTP: lines, and photographs of rendered specimens through tesseract. Skipped without that
//! program, unless the full tests are asked for.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::json;
use tapal_domain::day::Day;
use tapal_server::mrz::{from_photograph, reader};

use crate::world::{Person, Reply, World, jpeg};

const FIRST: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
const SECOND: &str = "L898902C36UTO7408122F1204159ZE184226B<<<<<10";
const CARD: [&str; 3] = [
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
];

/// Whether photographs can be read here; in a full run they must be.
fn can_read() -> bool {
    let there = reader::is_there();
    let full = std::env::var("TAPAL_TEST_FULL").is_ok_and(|value| value == "1");
    assert!(
        there || !full,
        "install the package tesseract-ocr for the full tests"
    );
    there
}

fn specimen(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/specimens");
    std::fs::read(format!("{folder}/{name}.jpg")).unwrap()
}

async fn send(world: &World, person: &Person, image: Vec<u8>) -> Reply {
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/mrz")
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "image/jpeg")
        .header(header::COOKIE, &person.cookie)
        .header("x-csrf-token", &person.csrf);
    world.send(request.body(Body::from(image)).unwrap()).await
}

#[tokio::test]
async fn lines_are_read_with_the_verdict_of_each_digit() {
    let world = World::new().await;
    let officer = world.officer("rina").await;
    let read = world
        .post(
            "/api/v1/mrz/lines",
            &officer,
            json!({ "lines": format!("{FIRST}\n{SECOND}") }),
        )
        .await
        .ok();
    assert_eq!(
        (
            read["valid"].as_bool(),
            read["surname"].as_str(),
            read["number"].as_str()
        ),
        (Some(true), Some("ERIKSSON"), Some("L898902C3"))
    );
    let wrong = SECOND.replace("UTO7408122", "UTO7408123");
    let read = world
        .post(
            "/api/v1/mrz/lines",
            &officer,
            json!({ "lines": format!("{FIRST}\n{wrong}") }),
        )
        .await
        .ok();
    assert_eq!(
        (read["valid"].as_bool(), read["faults"][0].as_str()),
        (Some(false), Some("check_digit"))
    );
    world
        .post(
            "/api/v1/mrz/lines",
            &officer,
            json!({ "lines": "X".repeat(2_000) }),
        )
        .await
        .refused(422, "too_long");
}

#[tokio::test]
async fn a_photograph_without_a_zone_is_told_what_to_do() {
    let world = World::new().await;
    let officer = world.officer("rina").await;
    send(&world, &officer, jpeg("no picture at all"))
        .await
        .refused(422, "not_an_image");
    let portrait = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/people/portraits"
    );
    let face = std::fs::read_dir(portrait)
        .unwrap()
        .filter_map(Result::ok)
        .map(|one| one.path())
        .find(|path| {
            path.extension()
                .is_some_and(|kind| kind == "jpg" || kind == "png")
        });
    let refused = send(&world, &officer, std::fs::read(face.unwrap()).unwrap())
        .await
        .refused(422, "no_zone");
    assert!(refused["message"].as_str().unwrap().contains("type them"));
}

#[tokio::test]
async fn rendered_specimens_are_read_and_what_was_mended_is_said() {
    if !can_read() {
        return;
    }
    let today: Day = "2011-11-28".parse().unwrap();
    for (name, lines) in [
        ("td3-straight", &[FIRST, SECOND][..]),
        ("td3-turned-blurred", &[FIRST, SECOND]),
        ("td3-turned-shaded", &[FIRST, SECOND]),
        ("td1-turned", &CARD),
    ] {
        let found = from_photograph(specimen(name), today).await.unwrap();
        assert_eq!(found.lines, lines, "{name}");
        assert!(found.reading.valid, "{name}");
        let honest = found.state == said_so(&found);
        assert!(
            honest,
            "{name}: a zone is `read` only when nothing was corrected"
        );
        assert!(
            found
                .sureness
                .iter()
                .any(|field| field.of == "number" && field.least > 0.0),
            "{name}"
        );
    }
}

fn said_so(
    found: &tapal_documents::mrz::photo::Photographed,
) -> tapal_documents::mrz::photo::State {
    use tapal_documents::mrz::photo::State::{Corrected, Read};
    if found.corrections.is_empty() {
        Read
    } else {
        Corrected
    }
}
