//! An order that comes into force is held against everybody in process, once, in the background; who is over is
//! deleted. Must not stand in the way of the timers: it has a task of its own.

use std::time::Duration;

use tapal_domain::{
    id::{InProcessHitId, OrderId, SiteId},
    name_check::Here,
    time::UtcMs,
};
use tapal_store::{
    in_process::{self, Found, Held, Of},
    name_check::{self, Line, Listed},
};

use super::{answer_of, asked_of};
use crate::{
    error::{ApiError, ApiResult},
    name_check::subject::of_order,
    state::AppState,
};

const PAGE: i64 = 1_000;

/// Deletes who is over, and holds every order that has begun everywhere in the country against those who are left; how
/// many orders.
pub async fn run_due(state: &AppState, now: UtcMs) -> ApiResult<usize> {
    in_process::expire(&state.db, now).await?;
    let due = in_process::due(&state.db, Here::anywhere(now).earliest).await?;
    for order in &due {
        one(state, now, *order).await?;
    }
    Ok(due.len())
}

async fn one(state: &AppState, now: UtcMs, order: OrderId) -> ApiResult<()> {
    let lines = name_check::lines(&state.db, &[Listed::Order(order)]).await?;
    let here = Here::anywhere(now);
    let in_force = |line: &Line| here.in_force(line.status, line.first_day, line.last_day);
    let Some(line) = lines.into_iter().find(in_force) else {
        // It ended before it was looked at.
        return Ok(in_process::done(&state.db, now, order, 0, &[]).await?);
    };
    let (mut hits, mut after, mut looked) = (Vec::new(), None, 0);
    loop {
        let page = in_process::page(&state.db, now, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        looked += page.len();
        let line = line.clone();
        let found = tokio::task::spawn_blocking(move || matches(&line, &page))
            .await
            .map_err(ApiError::internal)??;
        hits.extend(found.into_iter().map(|(of, site)| Found {
            id: InProcessHitId(state.clock.new_uuid()),
            of,
            listed: Listed::Order(order),
            site,
        }));
    }
    hits.extend(alerts(state, &line, &mut looked).await?);
    Ok(in_process::done(&state.db, now, order, looked, &hits).await?)
}

type Where = (Of, Option<SiteId>);

fn matches(line: &Line, page: &[Held]) -> ApiResult<Vec<Where>> {
    let mut found = Vec::new();
    for held in page {
        if answer_of(line, &asked_of(&held.subject)?.subject()).is_some() {
            found.push((Of::Person(held.id), held.site));
        }
    }
    Ok(found)
}

/// Alerts not yet decided whose person this order names too.
async fn alerts(state: &AppState, line: &Line, looked: &mut usize) -> ApiResult<Vec<Found>> {
    let open = in_process::open_alerts(&state.db).await?;
    let mut who: Vec<Listed> = open.iter().map(|(.., listed)| *listed).collect();
    who.sort_unstable();
    who.dedup();
    let lines = name_check::lines(&state.db, &who).await?;
    let mut found = Vec::new();
    for (alert, site, listed) in open {
        let Some(about) = lines.iter().find(|one| one.who == listed) else {
            continue;
        };
        *looked += 1;
        if listed != line.who && answer_of(line, &of_order(&about.subject)).is_some() {
            found.push(Found {
                id: InProcessHitId(state.clock.new_uuid()),
                of: Of::Alert(alert),
                listed: line.who,
                site: Some(site),
            });
        }
    }
    Ok(found)
}

/// Runs until the program ends: after every change, and once a minute.
pub async fn run(state: AppState) {
    let mut wakes = state.db.wakes();
    loop {
        if let Err(error) = run_due(&state, state.clock.now()).await {
            tracing::error!(
                code = error.code,
                "new orders were not held against the people in process; it is tried again"
            );
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        tokio::select! {
            woken = wakes.changed() => if woken.is_err() { return },
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
        }
    }
}
