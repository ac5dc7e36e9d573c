//! No log line, at any level, holds a name, a number, a photograph, a password or a token.

use std::sync::{Mutex, PoisonError};

use serde_json::json;
use tapal_domain::role::Role;

use crate::{
    orders::order_input,
    world::{NAME, ORDER, PASSWORD, World},
};

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Kept;

impl std::io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_personal_is_logged() {
    // For the whole program: the other tests' lines are searched too, as far as they ran.
    let all = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(|| Kept);
    let _ = all.try_init();
    let world = World::new().await;
    let (rina, budi) = (world.officer("rina").await, world.officer("budi").await);
    let clerk = world
        .person("clerk", Role::WatchlistClerk, None, None)
        .await;
    let mut broken = order_input(NAME);
    broken["subject"]["sex"] = json!(["not", NAME]);
    world
        .post("/api/v1/orders", &clerk, broken)
        .await
        .refused(400, "bad_json");
    world
        .post("/api/v1/orders", &clerk, order_input(NAME))
        .await
        .ok();
    let alert = world.raise(1).await;
    world
        .get(
            &format!("{alert}/probes/0?name={NAME}").replace(' ', "%20"),
            &rina,
        )
        .await;
    world
        .post(&format!("{alert}/acknowledgement"), &rina, json!({}))
        .await
        .ok();
    world
        .opine(&alert, &rina, "same", "a birthmark nobody else has")
        .await
        .ok();
    world
        .opine(&alert, &rina, "same", "a birthmark nobody else has")
        .await
        .refused(409, "same_officer");
    world.opine(&alert, &budi, "same", "ears").await.ok();
    let log = LINES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains("answered"), "the log was caught");
    for secret in [
        NAME,
        "Zulkifli",
        ORDER,
        "X1234567",
        "1980-02-03",
        "JFIF",
        "birthmark",
        "hunter2",
        PASSWORD,
        &rina.csrf,
        &rina.cookie,
    ] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
}
