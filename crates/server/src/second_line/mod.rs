//! Second line: a desk refers a traveller, an officer looks further, another person authorises what is grave, the ledger
//! takes the end. Every name seen is recorded. Must not decide what may be done (the domain does), nor let an order that
//! is not in force be a hit.

pub mod api;
pub mod clock;
pub mod notice;
pub mod page;
pub mod set_up;
pub mod sheet;
mod view;

use axum::http::StatusCode;
use tapal_domain::{
    day::Day,
    id::{AccountId, CaseId, OrderId, SiteId},
    name_check::Here,
    role::Permission,
    rule_pack,
    second_line::{Action, Case, Hit, Kind, Law, Referral, Refused},
    time::{DAY_MS, MINUTE_MS, UtcMs},
};
use tapal_store::{
    By,
    crossing::{Identity, NewCrossing},
    name_check::{Line, Listed, lines},
    second_line::{self, Filed, With},
};

pub use view::{CaseOffer, CaseStep, CaseView, OfferedAct};

use crate::{
    AppState, Session,
    error::{ApiError, ApiResult},
};

/// Longest time in second line, ms, by the rule pack of the day.
fn longest_ms(law: &Law) -> i64 {
    i64::from(law.pack.second_line.custody_minutes) * MINUTE_MS
}

fn refused(why: &Refused) -> ApiError {
    if let Refused::Unlawful(unlawful) = why {
        return crate::desk::decide::unlawful(*unlawful);
    }
    let http = match why {
        Refused::Status(_) | Refused::SamePerson => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    ApiError::new(http, why.code(), why.to_string())
}

/// What holds at a site now.
pub(crate) async fn law(state: &AppState, site: SiteId, now: UtcMs) -> ApiResult<Law<'static>> {
    let site = tapal_store::site::get(&state.db, site).await?;
    let day = Day::at(now, site.utc_offset_minutes);
    let pack = rule_pack::pack_for(day)
        .ok_or_else(|| ApiError::internal("no rule pack holds on this day"))?;
    Ok(Law {
        pack,
        site: site.kind,
        day,
    })
}

fn not_in_force() -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "order_not_in_force",
        "an order of this referral is not in force here, or does not exist; only an order in force can be a hit",
    )
}

/// The orders as they stand, each in force at the site today.
async fn in_force(
    state: &AppState,
    site: SiteId,
    orders: &[OrderId],
    now: UtcMs,
) -> ApiResult<Vec<Hit>> {
    let who: Vec<Listed> = orders.iter().map(|order| Listed::Order(*order)).collect();
    let found = lines(&state.db, &who).await?;
    let site = tapal_store::site::get(&state.db, site).await?;
    let here = Here::at(now, site.utc_offset_minutes);
    let hit = |order: &OrderId| {
        let line = found.iter().find(|line| line.who == Listed::Order(*order));
        let holds = |line: &&Line| here.in_force(line.status, line.first_day, line.last_day);
        let line = line.filter(holds).ok_or_else(not_in_force)?;
        Ok(Hit {
            order: *order,
            kind: line.kind,
            agency: line.agency,
        })
    };
    orders.iter().map(hit).collect()
}

/// Refers a traveller to second line. The desk's page and the API call it. What `hits` say of an order is looked up
/// again: its id counts. Sent again with the same crossing it gives the case that is there already.
pub async fn open(
    state: &AppState,
    session: &Session,
    mut referral: Referral,
) -> ApiResult<CaseId> {
    session.require(Permission::RecordCrossings)?;
    session.require_site(referral.site)?;
    let now = state.clock.now();
    let orders: Vec<OrderId> = referral.hits.iter().map(|hit| hit.order).collect();
    referral.hits = in_force(state, referral.site, &orders, now).await?;
    if let Some(alert) = referral.alert {
        let alert = tapal_store::alert::get(&state.db, alert).await?;
        if alert.site != referral.site {
            return Err(ApiError::not_found());
        }
    }
    opened(state, referral, session.account, session.by()).await
}

async fn opened(
    state: &AppState,
    referral: Referral,
    account: AccountId,
    by: By,
) -> ApiResult<CaseId> {
    let now = state.clock.now();
    let id = CaseId(state.clock.new_uuid());
    let case = Case::open(id, referral, account, now).map_err(|why| refused(&why))?;
    Ok(second_line::open(&state.db, now, by, &case).await?)
}

/// Does one thing in a case. The end and the record of the ledger are one change; closing a closed case changes nothing.
pub async fn act_by(
    state: &AppState,
    session: &Session,
    id: CaseId,
    action: Action,
) -> ApiResult<Filed> {
    let permission = action.kind().permission().ok_or_else(ApiError::forbidden)?;
    session.require(permission)?;
    let filed = second_line::get(&state.db, id, session.site).await?;
    if action == Action::Close && filed.closed_at.is_some() {
        return Ok(filed);
    }
    if let Action::Conclude { confirmed, .. } = &action {
        let site = filed.case.referral().site;
        in_force(state, site, confirmed, state.clock.now()).await?;
    }
    act(state, filed, action, Some(session.account), session.by()).await
}

/// As [`act_by`], for the clock too. Whoever calls has checked the right.
pub(crate) async fn act(
    state: &AppState,
    filed: Filed,
    action: Action,
    account: Option<AccountId>,
    by: By,
) -> ApiResult<Filed> {
    let now = state.clock.now();
    let law = law(state, filed.case.referral().site, now).await?;
    let mut case = filed.case;
    let ends = action.kind() == Kind::Close;
    case.apply(action, account, &law, now)
        .map_err(|why| refused(&why))?;
    let crossing = match ends {
        true => crossing(&case, &law, account, now)?,
        false => None,
    };
    let cleared_ms = i64::from(law.pack.second_line.cleared_days) * DAY_MS;
    let with = With {
        crossing: crossing.as_ref(),
        cleared_until: ends.then_some(now + cleared_ms),
        alarm_at: case.next_alarm(longest_ms(&law)).map(|(_, at)| at),
    };
    second_line::record(&state.db, now, by, &case, with).await?;
    Ok(second_line::get(&state.db, case.id(), None).await?)
}

/// The record of the ledger that ends a case; none where nothing is decided.
fn crossing(
    case: &Case,
    law: &Law,
    closed_by: Option<AccountId>,
    now: UtcMs,
) -> ApiResult<Option<NewCrossing>> {
    let Some(decision) = case.decision(law) else {
        return Ok(None);
    };
    let decision = decision.map_err(|unlawful| refused(&Refused::Unlawful(unlawful)))?;
    let (referral, decided) = (case.referral(), case.decided());
    let person = &referral.traveller;
    let officer = decided.map(|one| one.by).or(closed_by);
    Ok(Some(NewCrossing {
        id: referral.crossing,
        site: referral.site,
        lane: referral.lane,
        desk: None,
        at: now,
        day: law.day,
        holder: referral.holder,
        identity: Identity {
            issuing_state: person.issuer.clone(),
            number: person.document_number.clone(),
            name: person.name.clone(),
            birth_date: person.birth_date.clone(),
            sex: person.sex.clone(),
        },
        decision,
        order: case
            .conclusion()
            .and_then(|one| one.confirmed.first().copied()),
        alert: referral.alert,
        case: Some(case.id()),
        permit: None,
        receipt: decided.and_then(|one| one.receipt.clone()),
        officer: officer.ok_or_else(ApiError::forbidden)?,
        authoriser: decided.and_then(|one| one.authorised_by),
    }))
}

/// One case in full; the look is recorded.
pub async fn look(state: &AppState, session: &Session, id: CaseId) -> ApiResult<CaseView> {
    Ok(seen(state, session, id).await?.1)
}

/// As [`look`], with what it was made from.
pub(crate) async fn seen(
    state: &AppState,
    session: &Session,
    id: CaseId,
) -> ApiResult<(Case, CaseView)> {
    session.require(Permission::ReadCases)?;
    let filed = second_line::get(&state.db, id, session.site).await?;
    let now = state.clock.now();
    tapal_store::look::record(
        &state.db,
        now,
        session.account,
        "second_line",
        id,
        "identity",
    )
    .await?;
    let law = law(state, filed.case.referral().site, now).await?;
    let case = filed.case.clone();
    Ok((case, view::of(filed, &law, now)))
}

/// Open cases, oldest first, or those closed last; at most 100. Looking at names is recorded once a minute.
pub async fn queue(state: &AppState, session: &Session, closed: bool) -> ApiResult<Vec<CaseView>> {
    session.require(Permission::ReadCases)?;
    let now = state.clock.now();
    let found = match closed {
        true => second_line::closed(&state.db, session.site, 100).await?,
        false => second_line::waiting(&state.db, session.site, 100).await?,
    };
    if !found.is_empty() {
        tapal_store::look::record(
            &state.db,
            now,
            session.account,
            "second_line",
            "all",
            "identities",
        )
        .await?;
    }
    let mut all = Vec::with_capacity(found.len());
    for filed in found {
        let law = law(state, filed.case.referral().site, now).await?;
        all.push(view::of(filed, &law, now));
    }
    Ok(all)
}
