//! `/api/v1/second-line/{id}/notice`: the paper that tells a person why entry was refused or departure deferred, by which
//! authority, until when, and how to object; in Indonesian, which counts, and English. Must not exist before another
//! person authorised the decision.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tapal_domain::{
    crossing::Outcome,
    id::CaseId,
    rule_pack,
    second_line::{Case, Hit},
    time::UtcMs,
};
use tapal_store::{second_line, site::Site};

use super::{CaseView, sheet::act_code};
use crate::{
    AppState, Session,
    alert::panel::in_groups,
    console::when::Zone,
    console::words::{Lang, text},
    error::{ApiError, ApiResult},
    extract::At,
    pdf::{Block, Letter, Part, Unset, set},
};

/// Whether there is a paper: an authorised refusal or deferral.
pub(super) fn is_told(view: &CaseView) -> bool {
    let decided = view.decided.as_ref();
    decided.is_some_and(|one| one.authorised_by.is_some() && told(one.outcome))
}

fn told(outcome: Option<Outcome>) -> bool {
    matches!(
        outcome,
        Some(Outcome::RefusedEntry | Outcome::DeferredDeparture)
    )
}

/// The paper to the person whose entry was refused or whose departure was deferred. The look is recorded.
#[utoipa::path(get, path = "/api/v1/second-line/{id}/notice", tag = "second_line", operation_id = "second_line_notice", params(("id" = CaseId, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf")))]
pub async fn notice(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CaseId>,
) -> ApiResult<Response> {
    let filed = second_line::get(&state.db, id, session.site).await?;
    let (case, now) = (filed.case, state.clock.now());
    let decided = case.decided().filter(|one| {
        one.authorised_by.is_some() && told(tapal_domain::second_line::outcome(one.act))
    });
    if decided.is_none() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "no_notice_yet",
            "there is a notice only for a refusal or a deferral that another person has authorised",
        ));
    }
    let site = tapal_store::site::get(&state.db, case.referral().site).await?;
    let letter = letter(&case, &site, now)?;
    let bytes = set(&letter).map_err(|error| match error {
        Unset::Letters => ApiError::invalid("letters_missing", error.to_string()),
        Unset::Library(_) => ApiError::internal(error),
    })?;
    tapal_store::look::record(&state.db, now, session.account, "second_line", id, "notice").await?;
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

fn letter(case: &Case, site: &Site, now: UtcMs) -> ApiResult<Letter> {
    let day = tapal_domain::day::Day::at(now, site.utc_offset_minutes);
    let mut english = part(case, site, Lang::En, now)?;
    english.blocks.insert(0, Block::NewPage);
    Ok(Letter {
        title: text(Lang::Id, &title(case), &[]),
        parts: vec![part(case, site, Lang::Id, now)?, english],
        foot: text(Lang::Id, "case-letter-foot", &[("id", &case.id())]),
        made_on: day.parts(),
    })
}

fn title(case: &Case) -> String {
    let act = case.decided().map(|one| one.act);
    match act.and_then(tapal_domain::second_line::outcome) {
        Some(Outcome::RefusedEntry) => "case-letter-title-refused".to_owned(),
        _ => "case-letter-title-deferred".to_owned(),
    }
}

/// The order a decision rests on, if one was confirmed.
fn order(case: &Case) -> Option<&Hit> {
    let confirmed = &case.conclusion()?.confirmed;
    let mut hits = case.referral().hits.iter();
    hits.find(|hit| confirmed.contains(&hit.order))
}

fn part(case: &Case, site: &Site, lang: Lang, now: UtcMs) -> ApiResult<Part> {
    let t = |key: &str| text(lang, key, &[]);
    let zone = Zone(site.utc_offset_minutes);
    let decided = case
        .decided()
        .ok_or_else(|| ApiError::internal("a notice without a decision"))?;
    let step = case
        .steps()
        .iter()
        .rev()
        .find(|step| step.action == tapal_domain::second_line::Action::Authorise);
    let at = step.map_or(now, |step| step.at);
    let day = tapal_domain::day::Day::at(at, site.utc_offset_minutes);
    let pack = rule_pack::pack_for(day)
        .ok_or_else(|| ApiError::internal("no rule pack holds on this day"))?;
    let ground = decided.ground.as_deref().and_then(|code| pack.ground(code));
    let law = ground
        .map(|ground| ground.source.citation.clone())
        .filter(|law| !law.is_empty());
    let checked = ground.is_some_and(|ground| ground.source.verified);
    let person = &case.referral().traveller;
    let facts = |all: Vec<(&str, String)>| {
        let given = all.into_iter().filter(|(_, value)| !value.is_empty());
        Block::Facts(given.map(|(key, value)| (t(key), value)).collect())
    };
    let authority = match order(case) {
        Some(hit) => t(&format!("agency-{}", hit.agency.name())),
        None => t("agency-immigration"),
    };
    let why = ground.map_or(String::new(), |ground| {
        t(&format!("crossing-ground-{}", ground.code))
    });
    let list = order(case).map_or(String::new(), |hit| {
        t(&format!("order-kind-{}", hit.kind.name()))
    });
    let title = title(case);
    let mut blocks = vec![
        Block::Heading(1, t(&title)),
        Block::Text(t(&format!("{title}-text"))),
        Block::Heading(2, t("letter-person")),
        facts(vec![
            ("entry-name", person.name.clone()),
            ("entry-birth-date", person.birth_date.clone()),
            ("entry-nationality", person.nationality.code().to_owned()),
            ("entry-document", in_groups(&person.document_number)),
        ]),
        Block::Heading(2, t("letter-why")),
        facts(vec![
            (
                "case-letter-decided",
                t(&format!("crossing-action-{}", act_code(decided.act))),
            ),
            ("case-letter-ground", why),
            ("case-letter-list", list),
            ("letter-law", law.unwrap_or_else(|| pack.title.clone())),
            ("letter-authority", authority),
            ("case-letter-where", site.name.clone()),
            ("case-letter-when", zone.full(lang, at)),
        ]),
        Block::Heading(2, t("case-letter-until")),
        Block::Text(t(&format!("{title}-until"))),
        Block::Heading(2, t("letter-objection")),
        Block::Text(text(
            lang,
            "case-letter-objection",
            &[("days", &pack.clocks.objection_reply_days)],
        )),
        Block::Heading(2, t("letter-received")),
        facts(vec![("letter-made", zone.full(lang, now))]),
        Block::Sign(vec![
            t("letter-officer"),
            t("letter-received-on"),
            t("letter-signature"),
        ]),
    ];
    if !checked || !pack.clocks.objection_source.verified {
        blocks.push(Block::Small(t("letter-unchecked")));
    }
    blocks.push(Block::Small(t("letter-language")));
    Ok(Part {
        language: lang.code(),
        blocks,
    })
}
