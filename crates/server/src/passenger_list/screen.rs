//! Holding passengers against the orders in force: when their list comes, and again when an order comes into force before
//! they arrive. Must not take back that somebody was referred.

use std::time::Duration;

use tapal_domain::{
    id::PassengerId,
    name_check::{Here, answers_to_a_name},
    passenger_list::Advice,
    time::UtcMs,
};
use tapal_store::passenger_list::{self, PassengerHit, Who};

use crate::{
    error::{ApiError, ApiResult},
    name_check::{
        answers,
        list::{self, Among},
        subject::Asked,
    },
    state::AppState,
};

/// Most listed people kept for a passenger.
const MOST_HITS: usize = 10;

/// The same people with whom each may be, away from the threads that serve.
pub(super) async fn all(state: &AppState, people: Vec<Who>, now: UtcMs) -> ApiResult<Vec<Who>> {
    let state = state.clone();
    let screen = move || {
        let here = Here::anywhere(now);
        let one = |who| with_hits(&state, who, here);
        people.into_iter().map(one).collect()
    };
    tokio::task::spawn_blocking(screen)
        .await
        .map_err(ApiError::internal)
}

fn with_hits(state: &AppState, mut who: Who, here: Here) -> Who {
    let name = format!("{} {}", who.surname, who.given_names);
    let nationality = match who.nationality.as_str() {
        "D" => "DEU",
        code => code,
    };
    let asked = Asked {
        names: vec![name.trim().to_owned()],
        birth_date: who.birth_date.clone(),
        sex: who.sex.clone(),
        nationality: nationality.to_owned(),
        documents: who.documents.clone(),
    };
    let found = state.names.screen(
        Among::Approved,
        &asked.subject(),
        MOST_HITS,
        |_, term, by_name| {
            here.in_force(term.status, term.first_day, term.last_day)
                && (!by_name || answers_to_a_name(term.kind))
        },
    );
    let hits = answers(&found).into_iter().take(MOST_HITS);
    who.hits = hits
        .map(|answer| PassengerHit::new(answer.who, answer.verdict()))
        .collect();
    who
}

/// What the pre-screening says.
pub(super) fn advice(who: &Who) -> Advice {
    let verdicts: Vec<_> = who.hits.iter().map(|hit| hit.verdict).collect();
    Advice::of(&verdicts)
}

/// Lists a turn.
const TURN: i64 = 20;

/// Screens lists again that were screened before the list of orders changed; how many passengers are referred since.
/// Deletes who is over.
pub async fn run_due(state: &AppState, now: UtcMs) -> ApiResult<usize> {
    passenger_list::expire(&state.db, now).await?;
    let mut found = 0;
    loop {
        let head = tapal_store::name_check::head(&state.db).await?;
        let due = passenger_list::to_screen(&state.db, now, head, TURN).await?;
        if due.is_empty() {
            return Ok(found);
        }
        list::catch_up(state).await?;
        for list in due {
            let people = passenger_list::people(&state.db, list).await?;
            let ids: Vec<PassengerId> = people.iter().map(|one| one.id).collect();
            let asked: Vec<Who> = people.into_iter().map(|one| one.who).collect();
            let old: Vec<Vec<PassengerHit>> = asked.iter().map(|who| who.hits.clone()).collect();
            let fresh = all(state, asked, now).await?;
            let mut referred = Vec::new();
            for ((id, who), old) in ids.into_iter().zip(fresh).zip(old) {
                let newly = who
                    .hits
                    .iter()
                    .any(|hit| old.iter().all(|known| known.id != hit.id));
                if newly && advice(&who) == Advice::Refer {
                    referred.push((id, who));
                }
            }
            found += referred.len();
            passenger_list::screened(&state.db, now, list, head, &referred).await?;
        }
    }
}

/// Runs until the program ends: after every change, and once a minute.
pub async fn run(state: AppState) {
    let mut wakes = state.db.wakes();
    loop {
        match run_due(&state, state.clock.now()).await {
            Ok(_) => {}
            Err(error) if error.code == "names_loading" => {
                tokio::time::sleep(Duration::from_secs(3)).await
            }
            Err(error) => {
                tracing::error!(
                    code = error.code,
                    "passengers were not screened again; it is tried again"
                );
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
        tokio::select! {
            woken = wakes.changed() => if woken.is_err() { return },
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
        }
    }
}
