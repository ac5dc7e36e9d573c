//! One person over several agencies' orders: which others the engine takes for the same, why, and what people decided.
//! Must not join orders, nor let a liaison learn that another agency's order exists.

pub mod page;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    id::{AccountId, OrderId},
    name_check::Verdict,
    order::Status,
    person::SamePerson,
    time::UtcMs,
};
use tapal_store::{
    name_check::Listed,
    order::Filed,
    person::{self, Decided},
};
use utoipa::ToSchema;

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
    extract::{At, Input},
    name_check::{
        Answer, NameCheckRow, answers,
        list::{self, Among},
        subject::of_order,
    },
    order::{OrderView, look, today},
};

/// An order, and all others that name the same person or may.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonView {
    /// The order itself.
    pub of: OrderView,
    /// Others in force or open, best first; those that people called one person first.
    pub others: Vec<PersonOrder>,
    /// Names that were not compared because there were too many; always 0 for a liaison.
    pub left_out: usize,
    /// Others beyond the first 20.
    pub more: usize,
}

/// Another order that may be about the same person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonOrder {
    /// The order.
    pub order: OrderView,
    /// In a word; absent where only people say so.
    pub verdict: Option<Verdict>,
    /// Likeness of the names alone, 0 to 1.
    pub name_score: Option<f32>,
    /// Why: one row a feature.
    pub rows: Vec<NameCheckRow>,
    /// What people decided last.
    pub decision: Option<SamePerson>,
    /// Who decided.
    pub decided_by: Option<AccountId>,
    /// When.
    pub decided_at: Option<UtcMs>,
}

/// A decision about two orders.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub struct PersonDecisionInput {
    /// The other order.
    pub other: OrderId,
    /// What.
    pub decision: SamePerson,
}

/// Most others shown.
const MOST: usize = 20;

/// Others that may be about the same person, before they are read.
pub(crate) struct Others {
    /// With their evidence, best first.
    pub found: Vec<Answer>,
    /// What people decided, by other order.
    pub decided: Vec<Decided>,
    /// See [`PersonView`].
    pub left_out: usize,
    /// See [`PersonView`].
    pub more: usize,
}

impl Others {
    fn decision(&self, other: OrderId) -> Option<Decided> {
        self.decided.iter().find(|one| one.other == other).copied()
    }

    /// How many may be the same person: those that people called another one do not count.
    pub(crate) fn count(&self) -> usize {
        let another = |answer: &&Answer| {
            let order = answer.who.order();
            let said = order.and_then(|order| self.decision(order));
            said.is_none_or(|said| said.decision != SamePerson::NotSame)
        };
        self.found.iter().filter(another).count() + self.more
    }
}

/// Looks for others of the same person among the orders this account may see. What it may not see is in no count.
pub(crate) async fn others(
    state: &AppState,
    session: &Session,
    filed: &Filed,
) -> ApiResult<Others> {
    let own = session.orders_of()?;
    list::catch_up(state).await?;
    let (id, day) = (filed.order.id(), today(state.clock.now()));
    let subject = of_order(&filed.order.contents().subject);
    let names = state.clone();
    let search = move || {
        let keep = |who: Listed, term: &list::Term, _: bool| {
            who.order().is_some_and(|order| order != id)
                && own.is_none_or(|own| own == term.agency)
                && term.last_day.is_none_or(|last| day <= last)
        };
        let both = [Among::Approved, Among::Open];
        both.map(|among| names.names.screen(among, &subject, MOST, keep))
    };
    let found = tokio::task::spawn_blocking(search)
        .await
        .map_err(ApiError::internal)?;
    let left_out = found.iter().map(|found| found.left_out).sum();
    let mut more = found.iter().map(|found| found.more).sum();
    let mut all: Vec<Answer> = found.iter().flat_map(answers).collect();
    all.sort_by(|x, y| {
        y.document
            .cmp(&x.document)
            .then(y.score.total_cmp(&x.score))
    });
    more += all.len().saturating_sub(MOST);
    all.truncate(MOST);
    Ok(Others {
        found: all,
        decided: person::decided(&state.db, id).await?,
        // It counts names of all agencies.
        left_out: if own.is_some() { 0 } else { left_out },
        more,
    })
}

/// The person behind an order; looking at each is recorded.
pub async fn view(state: &AppState, session: &Session, id: OrderId) -> ApiResult<PersonView> {
    let own = session.orders_of()?;
    let filed = tapal_store::order::get(&state.db, id, own).await?;
    let mut others = others(state, session, &filed).await?;
    let mut shown = Vec::with_capacity(others.found.len());
    // What people called one person is shown also where the engine would not find it.
    let known: Vec<OrderId> = others
        .found
        .iter()
        .filter_map(|one| one.who.order())
        .collect();
    let said = others
        .decided
        .iter()
        .filter(|one| one.decision == SamePerson::Same && !known.contains(&one.other));
    let said: Vec<OrderId> = said.map(|one| one.other).collect();
    for other in said {
        if let Some(order) = seen(state, session, other).await? {
            shown.push(person_order(&others, order, None));
        }
    }
    for answer in std::mem::take(&mut others.found) {
        let Some(other) = answer.who.order() else {
            continue;
        };
        if let Some(order) = seen(state, session, other).await? {
            shown.push(person_order(&others, order, Some(answer)));
        }
    }
    shown.sort_by_key(|one| one.decision != Some(SamePerson::Same));
    Ok(PersonView {
        of: look(state, session, id).await?,
        others: shown,
        left_out: others.left_out,
        more: others.more,
    })
}

/// An order as this account may see it, while it is neither refused nor over.
async fn seen(state: &AppState, session: &Session, id: OrderId) -> ApiResult<Option<OrderView>> {
    let view = match look(state, session, id).await {
        Ok(view) => view,
        Err(error) if error.http == StatusCode::NOT_FOUND => return Ok(None),
        Err(error) => return Err(error),
    };
    let over = matches!(
        view.status,
        Status::Refused | Status::Lapsed | Status::Revoked | Status::Acquitted
    );
    Ok((!over).then_some(view))
}

fn person_order(others: &Others, order: OrderView, answer: Option<Answer>) -> PersonOrder {
    let said = others.decision(order.id);
    PersonOrder {
        verdict: answer.as_ref().map(Answer::verdict),
        name_score: answer.as_ref().and_then(|answer| answer.name_score),
        rows: answer.map_or_else(Vec::new, |answer| answer.rows),
        decision: said.map(|said| said.decision),
        decided_by: said.map(|said| said.by),
        decided_at: said.map(|said| said.at),
        order,
    }
}

/// Records that two orders are about one person, or not, or that nobody knows.
pub async fn decide_by(
    state: &AppState,
    session: &Session,
    id: OrderId,
    input: PersonDecisionInput,
) -> ApiResult<()> {
    let own = session.orders_of()?;
    for order in [id, input.other] {
        tapal_store::order::get(&state.db, order, own).await?;
    }
    if id == input.other {
        return Err(ApiError::invalid(
            "same_order",
            "an order is always about its own person; name another order",
        ));
    }
    let now = state.clock.now();
    let pair = (id, input.other);
    Ok(person::decide(&state.db, now, session.account, pair, input.decision).await?)
}

/// An order and all others, in force or open, that name the same person or may, with the evidence. A liaison gets its own
/// agency's only. 503 `names_loading` for some seconds after a start.
#[utoipa::path(get, path = "/api/v1/persons/{id}", tag = "person", operation_id = "person_get", params(("id" = OrderId, Path)), responses((status = 200, body = PersonView)))]
pub async fn get(
    State(state): State<AppState>,
    session: Session,
    At(id): At<OrderId>,
) -> ApiResult<Json<PersonView>> {
    Ok(Json(view(&state, &session, id).await?))
}

/// Says whether two orders are about one person. It holds from both sides, joins nothing, and is taken back by another
/// decision.
#[utoipa::path(post, path = "/api/v1/persons/{id}/decisions", tag = "person", operation_id = "person_decide", params(("id" = OrderId, Path)), request_body = PersonDecisionInput, responses((status = 200, body = PersonView)))]
pub async fn decide(
    State(state): State<AppState>,
    session: Session,
    At(id): At<OrderId>,
    Input(input): Input<PersonDecisionInput>,
) -> ApiResult<Json<PersonView>> {
    decide_by(&state, &session, id, input).await?;
    Ok(Json(view(&state, &session, id).await?))
}
