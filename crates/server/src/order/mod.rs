//! Orders: drafting, handing in, deciding, extending, objecting, ending. Every name seen is recorded. Must not show a
//! liaison that another agency's order exists, nor change an entry but through its order.

pub mod api;
mod calendar;
mod form;
pub mod lapse;
pub mod notice;
pub mod page;
pub mod set_up;
pub mod sheet;
mod view;

use axum::http::StatusCode;
use tapal_domain::{
    day::Day,
    entry::{COUNTRY_OFFSETS, Draft, Entry},
    id::{AccountId, EntryId, OrderId},
    order::{Action, Contents, Handed, Order, Refused},
    time::UtcMs,
};
use tapal_store::{
    By,
    order::{self, Effect, Filed},
};

pub use view::{OrderStep, OrderView};

use crate::{
    AppState, Session,
    entry::{audit, input::enrol},
    error::{ApiError, ApiResult},
};

/// The last day of what has no end: a lifetime entry ban.
const NO_END: &str = "9999-12-30";

/// The day it is at the centre: where the country's day ends last, so that nothing ends before its time.
pub fn today(now: UtcMs) -> Day {
    Day::at(now, COUNTRY_OFFSETS.into_iter().min().unwrap_or(0))
}

fn refused(why: &Refused) -> ApiError {
    let mut error = ApiError::new(StatusCode::CONFLICT, why.code(), why.to_string());
    if let Refused::Incomplete(gaps) = why {
        error.reasons = gaps.iter().map(|gap| gap.name().to_owned()).collect();
    }
    error
}

/// What was handed in, tidied, if an order may say it and this person may file it.
fn contents(session: &Session, handed: Handed) -> ApiResult<Contents> {
    if session.orders_of()?.is_some_and(|own| own != handed.agency) {
        return Err(ApiError::invalid(
            "other_agency",
            "a liaison files orders of its own agency only",
        ));
    }
    lawful(handed)
}

/// What was handed in, tidied, if an order may say it.
pub(crate) fn lawful(mut handed: Handed) -> ApiResult<Contents> {
    let tidy = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let subject = &mut handed.subject;
    let person = &mut subject.person;
    person.full_name = tidy(&person.full_name);
    person.nationality = person.nationality.trim().to_uppercase();
    person.document_number = person.document_number.trim().to_uppercase();
    person.birth_date = person.birth_date.trim().to_owned();
    if !crate::entry::input::birth_date_ok(&person.birth_date) {
        return Err(ApiError::invalid(
            "bad_birth_date",
            "the birth date is YYYY-MM-DD, YYYY-MM, YYYY or empty",
        ));
    }
    subject.aliases = subject
        .aliases
        .iter()
        .map(|alias| tidy(alias))
        .filter(|alias| !alias.is_empty())
        .collect();
    handed.reference = tidy(&handed.reference);
    let short = [
        &handed.reference,
        &subject.person.full_name,
        &subject.person.document_number,
        &subject.birth_place,
        &subject.nik,
        &subject.occupation,
    ];
    let long = [&handed.reason_text, &subject.address];
    let fits = |text: &&String, most: usize| text.chars().count() <= most;
    let aliases = &subject.aliases;
    if !short.iter().all(|text| fits(text, 200))
        || !long.iter().all(|text| fits(text, 2_000))
        || aliases.len() > 20
        || !aliases.iter().all(|text| fits(&text, 200))
    {
        return Err(ApiError::invalid(
            "too_long",
            "names and numbers have at most 200 characters, reasons and addresses 2,000, and a person 20 other names",
        ));
    }
    Contents::new(handed)
        .map_err(|unlawful| ApiError::invalid(unlawful.code(), unlawful.to_string()))
}

/// Files a draft, with its first photographs.
pub async fn draft_by(
    state: &AppState,
    session: &Session,
    handed: Handed,
    photos: Vec<Vec<u8>>,
) -> ApiResult<OrderId> {
    let contents = contents(session, handed)?;
    let mut enrolled = Vec::new();
    for photo in photos {
        enrolled.push(enrol(state, photo).await?);
    }
    let (now, id) = (state.clock.now(), OrderId(state.clock.new_uuid()));
    let new = Order::draft(id, contents, session.account, now, today(now));
    order::file(&state.db, now, session.by(), &new).await?;
    for photo in &enrolled {
        order::add_photo(&state.db, now, session.by(), id, photo).await?;
    }
    Ok(id)
}

/// Adds a photograph, or puts it in the place of another, while the order is being written.
pub async fn photograph_by(
    state: &AppState,
    session: &Session,
    id: OrderId,
    photo: Vec<u8>,
    instead_of: Option<i64>,
) -> ApiResult<i64> {
    let filed = order::get(&state.db, id, session.orders_of()?).await?;
    let status = filed.order.status();
    if !matches!(
        status,
        tapal_domain::order::Status::Draft | tapal_domain::order::Status::Returned
    ) {
        return Err(refused(&Refused::Status(status)));
    }
    let (now, by) = (state.clock.now(), session.by());
    let photo = enrol(state, photo).await?;
    Ok(match instead_of {
        Some(old) => order::replace_photo(&state.db, now, by, id, old, &photo).await?,
        None => order::add_photo(&state.db, now, by, id, &photo).await?,
    })
}

/// Corrects a draft.
pub async fn correct_by(
    state: &AppState,
    session: &Session,
    id: OrderId,
    handed: Handed,
) -> ApiResult<Filed> {
    let contents = Box::new(contents(session, handed)?);
    act_by(state, session, id, Action::Draft { contents }).await
}

/// Does one thing to an order; the entry follows in the same change.
pub async fn act_by(
    state: &AppState,
    session: &Session,
    id: OrderId,
    action: Action,
) -> ApiResult<Filed> {
    let permission = action.permission().ok_or_else(ApiError::forbidden)?;
    session.require(permission)?;
    let filed = order::get(&state.db, id, session.orders_of()?).await?;
    act(state, filed, action, Some(session.account), session.by()).await
}

/// As [`act_by`], for the calendar and for orders that came in a file too. Whoever calls has checked the right.
pub(crate) async fn act(
    state: &AppState,
    filed: Filed,
    action: Action,
    account: Option<AccountId>,
    by: By,
) -> ApiResult<Filed> {
    let now = state.clock.now();
    let id = filed.order.id();
    let photos = order::photos(&state.db, id).await?;
    let kept = photos
        .iter()
        .filter(|photo| photo.replaced_at.is_none())
        .count();
    let mut order = filed.order.clone();
    order
        .apply(action, account, (now, today(now)), kept)
        .map_err(|why| refused(&why))?;
    let effect = effect(state, &filed, &order).await?;
    order::record(&state.db, now, by, &order, effect).await?;
    Ok(order::get(&state.db, id, None).await?)
}

/// What the step means for the entry.
async fn effect(state: &AppState, before: &Filed, after: &Order) -> ApiResult<Effect> {
    let (was, is) = (
        before.order.status().is_approved(),
        after.status().is_approved(),
    );
    let Some(entry) = before.entry else {
        return match (was, is, after.contents().kind.list()) {
            (false, true, Some(_)) => enter(state, before, after).await,
            _ => Ok(Effect::None),
        };
    };
    Ok(match (is, after.last_day()) {
        (false, _) if was => Effect::End(entry, end_reason(after)),
        (true, Some(last)) if Some(last) != before.order.last_day() => Effect::Extend(entry, last),
        _ => Effect::None,
    })
}

fn end_reason(order: &Order) -> &'static str {
    use tapal_domain::order::Status;
    match order.status() {
        Status::Acquitted => "acquitted",
        Status::Lapsed => "lapsed",
        _ => "revoked",
    }
}

async fn enter(state: &AppState, filed: &Filed, order: &Order) -> ApiResult<Effect> {
    let contents = order.contents();
    let Some(list) = contents.kind.list() else {
        return Ok(Effect::None);
    };
    let last_day = match order.last_day() {
        Some(day) => day,
        None => NO_END.parse().map_err(ApiError::internal)?,
    };
    let draft = Draft {
        id: EntryId(state.clock.new_uuid()),
        list,
        person: contents.subject.person.clone(),
        order_reference: contents.reference.clone(),
        agency: contents.agency,
        first_day: contents.first_day,
        last_day,
        version: 1,
    };
    let entry = Entry::new(draft)
        .map_err(|unlawful| ApiError::invalid(unlawful.code(), unlawful.to_string()))?;
    let id = filed.order.id();
    let photos = order::kept_photos(&state.db, id, || state.clock.new_uuid()).await?;
    let findings = audit::findings(state, list, None, &photos).await?;
    Ok(Effect::Enter(Box::new(entry), photos, findings))
}

/// One order in full; the look is recorded.
pub async fn look(state: &AppState, session: &Session, id: OrderId) -> ApiResult<OrderView> {
    Ok(seen(state, session, id).await?.1)
}

/// As [`look`], with what it was made from.
async fn seen(state: &AppState, session: &Session, id: OrderId) -> ApiResult<(Filed, OrderView)> {
    let filed = order::get(&state.db, id, session.orders_of()?).await?;
    let now = state.clock.now();
    tapal_store::look::record(&state.db, now, session.account, "order", id, "identity").await?;
    let photos = order::photos(&state.db, id).await?;
    let view = view::of(filed.clone(), photos, today(now));
    Ok((filed, view))
}
