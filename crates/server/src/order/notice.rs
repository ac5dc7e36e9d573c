//! `/api/v1/orders/{id}/notice`: the letter that tells a person why they may not leave or enter, by whose authority, until
//! when, and how to object; in Indonesian, which counts, and English (UU 6/2011 Art 95; UU 24/2009 on the language).
//! Must not exist for a list that its person is not told of, such as the wanted list.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tapal_domain::{
    id::OrderId,
    order::Order,
    rule_pack::{self, OrderKind, Pack},
    time::UtcMs,
};
use tapal_store::order;

use super::today;
use crate::{
    AppState, Session,
    alert::panel::in_groups,
    console::when::Zone,
    console::words::{Lang, text},
    error::{ApiError, ApiResult},
    extract::At,
    pdf::{Block, Letter, Part, Unset, set},
};

/// Whether the person an order of this kind is about is told by letter.
pub fn is_told(kind: OrderKind) -> bool {
    matches!(
        kind,
        OrderKind::ExitBan | OrderKind::UrgentExitBan | OrderKind::EntryBan
    )
}

/// The letter to the person an exit or entry ban in force is about. The look is recorded.
#[utoipa::path(get, path = "/api/v1/orders/{id}/notice", tag = "order", operation_id = "order_notice", params(("id" = OrderId, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf")))]
pub async fn notice(
    State(state): State<AppState>,
    session: Session,
    At(id): At<OrderId>,
) -> ApiResult<Response> {
    let filed = order::get(&state.db, id, session.orders_of()?).await?;
    let (order, now) = (filed.order, state.clock.now());
    if !is_told(order.contents().kind) {
        return Err(ApiError::invalid(
            "no_notice",
            "there is no letter for this kind of order: its person is not told",
        ));
    }
    if !order.status().is_approved() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "not_in_force",
            "there is a letter only for an order that was approved and has not ended",
        ));
    }
    let pack = rule_pack::pack_for(order.contents().ordered_on)
        .ok_or_else(|| ApiError::internal("an approved order without a rule pack"))?;
    let letter = letter(&order, pack, now);
    let bytes = set(&letter).map_err(|error| match error {
        Unset::Letters => ApiError::invalid("letters_missing", error.to_string()),
        Unset::Library(_) => ApiError::internal(error),
    })?;
    tapal_store::look::record(&state.db, now, session.account, "order", id, "notice").await?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf"),
        (
            header::CONTENT_DISPOSITION,
            "inline; filename=\"notice.pdf\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bytes).into_response())
}

fn letter(order: &Order, pack: &Pack, now: UtcMs) -> Letter {
    let made = today(now);
    let part = |lang| part(order, pack, lang, now);
    let mut english = part(Lang::En);
    english.blocks.insert(0, Block::NewPage);
    Letter {
        title: title(order, Lang::Id),
        parts: vec![part(Lang::Id), english],
        foot: text(Lang::Id, "letter-foot", &[("id", &order.id())]),
        made_on: made.parts(),
    }
}

fn title(order: &Order, lang: Lang) -> String {
    text(
        lang,
        &format!("letter-title-{}", order.contents().kind.name()),
        &[],
    )
}

fn part(order: &Order, pack: &Pack, lang: Lang, now: UtcMs) -> Part {
    let (contents, clocks) = (order.contents(), &pack.clocks);
    let (subject, kind) = (&contents.subject, contents.kind.name());
    let t = |key: &str| text(lang, key, &[]);
    let day = |day: tapal_domain::day::Day| Zone(0).day(lang, day.starts(0));
    let until = order.last_day().map_or_else(|| t("letter-lifetime"), day);
    let facts = |all: Vec<(&str, String)>| {
        let given = all.into_iter().filter(|(_, value)| !value.is_empty());
        Block::Facts(given.map(|(key, value)| (t(key), value)).collect())
    };
    let rules = pack.kinds.get(&contents.kind);
    let sources = rules.map(|rules| &rules.source);
    let law = sources
        .map(|source| source.citation.clone())
        .filter(|citation| !citation.is_empty())
        .unwrap_or_else(|| pack.title.clone());
    let checked = sources.is_some_and(|source| source.verified) && clocks.objection_source.verified;
    let mut blocks = vec![
        Block::Heading(1, title(order, lang)),
        Block::Text(t(&format!("letter-text-{kind}"))),
        Block::Heading(2, t("letter-person")),
        facts(vec![
            ("entry-name", subject.person.full_name.clone()),
            ("order-aliases", subject.aliases.join(" · ")),
            ("order-birth-place", subject.birth_place.clone()),
            ("entry-birth-date", subject.person.birth_date.clone()),
            ("entry-nationality", subject.person.nationality.clone()),
            ("entry-document", in_groups(&subject.person.document_number)),
        ]),
        Block::Heading(2, t("letter-why")),
        facts(vec![
            (
                "letter-authority",
                t(&format!("agency-{}", contents.agency.name())),
            ),
            ("entry-order", contents.reference.clone()),
            ("order-ordered-on", day(contents.ordered_on)),
            (
                "order-reason-label",
                t(&format!("order-reason-{}", contents.reason)),
            ),
            ("order-reason-text", contents.reason_text.clone()),
            ("letter-law", law),
            ("entry-from", day(contents.first_day)),
            ("entry-to", until),
        ]),
        Block::Text(t("letter-ends")),
        Block::Heading(2, t("letter-objection")),
        Block::Text(text(
            lang,
            "letter-objection-text",
            &[("days", &clocks.objection_reply_days)],
        )),
        Block::Heading(2, t("letter-received")),
        facts(vec![(
            "letter-made",
            Zone(0).day(lang, today(now).starts(0)),
        )]),
        Block::Sign(vec![
            t("letter-officer"),
            t("letter-received-on"),
            t("letter-signature"),
        ]),
    ];
    if !checked {
        blocks.push(Block::Small(t("letter-unchecked")));
    }
    blocks.push(Block::Small(t("letter-language")));
    Part {
        language: match lang {
            Lang::Id => "id",
            Lang::En => "en",
        },
        blocks,
    }
}
