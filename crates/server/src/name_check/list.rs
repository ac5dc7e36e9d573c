//! The list of names in memory: loaded once at start in pages, brought up to date from the record of changes before
//! every answer. Must not answer before it is whole, nor keep anybody it was asked about.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use axum::http::StatusCode;
use tapal_domain::{day::Day, entry::Agency, order::Status, rule_pack::OrderKind};
use tapal_names::{Index, NameHit, Screening, Subject};
use tapal_store::name_check::{self, Line, Listed};
use tokio::sync::Mutex;

use super::subject::of_order;
use crate::{
    error::{ApiError, ApiResult},
    state::AppState,
};

/// What is kept of an order beside its names: enough to leave it out of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// What the order does.
    pub kind: OrderKind,
    /// Whose order it is.
    pub agency: Agency,
    /// Where it stands.
    pub status: Status,
    /// First day in force.
    pub first_day: Day,
    /// Last day in force; absent for life.
    pub last_day: Option<Day>,
}

/// The list.
#[derive(Default)]
pub struct NameList {
    inner: RwLock<Inner>,
    /// Held by whoever loads it or brings it up to date.
    turn: Mutex<()>,
}

#[derive(Default)]
struct Inner {
    approved: Index<Listed>,
    open: Index<Listed>,
    terms: HashMap<Listed, Term>,
    /// The newest change that is in it; nothing while it is being loaded.
    seen: Option<i64>,
    loaded: usize,
    expected: usize,
}

impl Inner {
    fn put(&mut self, line: &Line) {
        let subject = of_order(&line.subject);
        let (own, other) = match line.status.is_approved() {
            true => (&mut self.approved, &mut self.open),
            false => (&mut self.open, &mut self.approved),
        };
        other.remove(&line.who);
        own.put(line.who, &subject);
        let term = Term {
            kind: line.kind,
            agency: line.agency,
            status: line.status,
            first_day: line.first_day,
            last_day: line.last_day,
        };
        self.terms.insert(line.who, term);
    }

    fn remove(&mut self, who: Listed) {
        self.approved.remove(&who);
        self.open.remove(&who);
        self.terms.remove(&who);
    }
}

/// Which orders are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Approved ones.
    Approved,
    /// Those being written or waiting for approval.
    Open,
}

impl NameList {
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is whole.
    pub fn is_ready(&self) -> bool {
        self.read().seen.is_some()
    }

    /// How many approved orders and entries it holds.
    pub fn len(&self) -> usize {
        self.read().approved.len()
    }

    /// Whether nobody is on it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn loading(&self) -> ApiError {
        let (loaded, expected) = {
            let inner = self.read();
            (inner.loaded, inner.expected)
        };
        let mut error = ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "names_loading",
            format!(
                "the list is being loaded ({loaded} of about {expected}); ask again in a few seconds"
            ),
        );
        error.retry_after_s = Some(3);
        error
    }

    /// Who answers, at most `limit` by name, of those whom `keep` lets through; it is told whether
    /// they answer by name (or by document number). What it leaves out is in no count.
    pub fn screen(
        &self,
        among: Among,
        asked: &Subject,
        limit: usize,
        keep: impl Fn(Listed, &Term, bool) -> bool,
    ) -> Screening<Listed> {
        let inner = self.read();
        let index = match among {
            Among::Approved => &inner.approved,
            Among::Open => &inner.open,
        };
        let mut found = index.screen(asked, usize::MAX);
        let kept = |who: &Listed, by_name: bool| {
            let term = inner.terms.get(who);
            term.is_some_and(|term| keep(*who, term, by_name))
        };
        found.documents.retain(|hit| kept(&hit.id, false));
        found
            .names
            .retain(|hit: &NameHit<Listed>| kept(&hit.id, true));
        found.more = found.names.len().saturating_sub(limit);
        found.names.truncate(limit);
        found
    }
}

const PAGE: i64 = 2_000;

/// Loads it, once. Until it is whole, nothing is answered.
pub async fn load(state: &AppState) -> ApiResult<()> {
    let _turn = state.names.turn.lock().await;
    if state.names.is_ready() {
        return Ok(());
    }
    // What changes while it is read has a higher number, and is taken in afterwards.
    let head = name_check::head(&state.db).await?;
    let expected = usize::try_from(name_check::count(&state.db).await?).unwrap_or(0);
    *state.names.write() = Inner {
        expected,
        ..Inner::default()
    };
    let (mut order, mut entry) = (None, None);
    loop {
        let mut lines = name_check::orders(&state.db, order, PAGE).await?;
        match lines.last().map(|line| line.who) {
            Some(Listed::Order(last)) => order = Some(last),
            _ => {
                lines = name_check::entries(&state.db, entry, PAGE).await?;
                match lines.last().map(|line| line.who) {
                    Some(Listed::Entry(last)) => entry = Some(last),
                    _ => break,
                }
            }
        }
        let loaded = put(state, Vec::new(), lines).await?;
        if loaded / 20_000 > (loaded - loaded.min(PAGE as usize)) / 20_000 {
            tracing::info!(loaded, expected, "the list of names is being loaded");
        }
    }
    let loaded = {
        let mut inner = state.names.write();
        inner.seen = Some(head);
        inner.loaded
    };
    tracing::info!(loaded, "the list of names is loaded");
    Ok(())
}

/// Takes people off and puts others on, away from the threads that answer; how many were put on since loading began.
async fn put(state: &AppState, off: Vec<Listed>, on: Vec<Line>) -> ApiResult<usize> {
    let state = state.clone();
    let put = move || {
        let mut inner = state.names.write();
        off.into_iter().for_each(|who| inner.remove(who));
        on.iter().for_each(|line| inner.put(line));
        inner.loaded += on.len();
        inner.loaded
    };
    tokio::task::spawn_blocking(put)
        .await
        .map_err(ApiError::internal)
}

/// Takes in what changed since; 503 `names_loading` while it is being loaded.
pub async fn catch_up(state: &AppState) -> ApiResult<()> {
    let names = &state.names;
    let seen = || names.read().seen.ok_or_else(|| names.loading());
    if name_check::changes(&state.db, seen()?, 1).await?.is_empty() {
        return Ok(());
    }
    let _turn = names.turn.lock().await;
    loop {
        let changes = name_check::changes(&state.db, seen()?, PAGE).await?;
        let Some((last, _)) = changes.last().copied() else {
            return Ok(());
        };
        let these: Vec<Listed> = changes.into_iter().map(|(_, who)| who).collect();
        let lines = name_check::lines(&state.db, &these).await?;
        put(state, these, lines).await?;
        names.write().seen = Some(last);
    }
}

/// Loads it and keeps it current until the program ends, so that answers find little to do.
pub async fn keep(state: AppState) {
    let mut wakes = state.db.wakes();
    loop {
        let outcome = match state.names.is_ready() {
            false => load(&state).await,
            true => catch_up(&state).await,
        };
        match outcome {
            Ok(()) => {
                if wakes.changed().await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(
                    code = error.code,
                    "the list of names is not current; it is tried again"
                );
                tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            }
        }
    }
}
