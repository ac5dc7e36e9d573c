//! One holder's page in words: facts, documents, permits, portrait, comparison, links, history. Must not read pixels.

use askama::Template;
use tapal_domain::{
    day::Day,
    holder::{
        DocumentKind, DocumentStatus, Entries, PermitKind, PermitState, Stay, comparison::Band,
    },
    id::HolderId,
    person::SamePerson,
    role::Permission,
    stay::Presence,
};
use tapal_store::holder::{self, Linked, Record};

use super::{HolderDocumentView, HolderView, PermitView, compare::ComparisonView};
use crate::{
    console::{Notice, Shell, Tone, Visit},
    error::ApiResult,
    order::page::{Choice, choices, day_of},
    state::AppState,
};

pub(super) struct DocumentLine {
    id: String,
    number: String,
    kind: String,
    issuer: String,
    expires: String,
    status: String,
    tone: Tone,
    since: String,
    next: Vec<Choice>,
}

pub(super) struct PermitLine {
    id: String,
    index: String,
    kind: String,
    entries: String,
    period: String,
    stay: String,
    document: String,
    state: String,
    tone: Tone,
    live: bool,
}

pub(super) struct LinkLine {
    other: String,
    name: String,
    said: String,
    tone: Tone,
    why: String,
    who: String,
    same: bool,
}

pub(super) struct HistoryLine {
    at: String,
    what: String,
    who: String,
}

pub(super) struct Said {
    tone: Tone,
    icon: &'static str,
    title: String,
    text: String,
}

/// The page.
#[derive(Template)]
#[template(path = "holder/page.html")]
pub(super) struct HolderPage {
    shell: Shell,
    notice: Option<Notice>,
    id: String,
    name: String,
    citizen: bool,
    facts: Vec<(String, String)>,
    documents: Vec<DocumentLine>,
    permits: Vec<PermitLine>,
    stay: String,
    stays: bool,
    portrait: String,
    portrait_of: String,
    older: usize,
    said: Option<Said>,
    links: Vec<LinkLine>,
    former: Vec<(String, String)>,
    history: Vec<HistoryLine>,
    may_edit: bool,
    kinds: Vec<Choice>,
    permit_kinds: Vec<Choice>,
    entries: Vec<Choice>,
}

/// A holder's page; the look is recorded.
pub(super) async fn page(
    state: &AppState,
    visit: &Visit,
    id: HolderId,
    notice: Option<Notice>,
    said: Option<ComparisonView>,
) -> ApiResult<HolderPage> {
    let record = super::read_by(state, &visit.session, id).await?;
    let view = HolderView::of(state, &record).await?;
    let shell = visit.shell("holders");
    let mut links = Vec::with_capacity(view.linked.len());
    for linked in &view.linked {
        links.push(link_line(state, &shell, linked).await?);
    }
    let presence = super::extension::presence(state, id).await?;
    let portraits = holder::portraits(&state.db, id).await?;
    let former = holder::former(&state.db, id).await?;
    let former = former.iter().map(|(until, nationality, who)| {
        (
            format!("{} · {}", who.full_name, nationality.code()),
            shell.full(until),
        )
    });
    Ok(HolderPage {
        notice,
        id: id.to_string(),
        name: view.identity.full_name.clone(),
        citizen: view.citizen,
        facts: facts(&shell, &view),
        documents: view
            .documents
            .iter()
            .map(|one| document_line(&shell, one))
            .collect(),
        permits: view
            .permits
            .iter()
            .map(|one| permit_line(&shell, &view, one))
            .collect(),
        stay: crate::desk::sheet::presence(&shell, presence),
        stays: matches!(presence, Presence::Here { until: Some(_), .. }),
        portrait: portraits.first().map_or(String::new(), |one| {
            format!("/api/v1/holders/{id}/portraits/{}", one.n)
        }),
        portrait_of: portraits
            .first()
            .map_or(String::new(), |one| shell.day(one.created_at)),
        older: portraits.len().saturating_sub(1),
        said: said.map(|view| said_of(&shell, &view)),
        links,
        former: former.collect(),
        history: history(state, &shell, &record).await?,
        may_edit: visit.session.may(Permission::EditHolders),
        kinds: choices(
            &shell,
            "holder-kind",
            DocumentKind::ALL.iter().map(|kind| kind.name()),
            "passport",
        ),
        permit_kinds: choices(
            &shell,
            "permit-kind",
            PermitKind::ALL.iter().map(|kind| kind.name()),
            "visa",
        ),
        entries: choices(
            &shell,
            "permit-entries",
            Entries::ALL.iter().map(|one| one.name()),
            "single",
        ),
        shell,
    })
}

fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "–".into()
    } else {
        text.into()
    }
}

fn facts(shell: &Shell, view: &HolderView) -> Vec<(String, String)> {
    let who = &view.identity;
    let zone = if who.secondary.is_empty() {
        who.primary.clone()
    } else {
        format!("{} << {}", who.primary, who.secondary)
    };
    vec![
        (shell.t("holder-zone-name"), zone),
        (shell.t("holder-nationality"), view.nationality.clone()),
        (shell.t("entry-birth-date"), or_dash(&who.birth_date)),
        (shell.t("entry-sex"), shell.word("sex", &who.sex)),
        (shell.t("holder-nik"), or_dash(&who.nik)),
        (shell.t("holder-recorded"), shell.full(&view.created_at)),
    ]
}

/// The colour of a document's status.
pub fn tone(status: DocumentStatus) -> Tone {
    match status {
        DocumentStatus::Valid => Tone::Green,
        DocumentStatus::Lost | DocumentStatus::Stolen => Tone::Red,
        DocumentStatus::Replaced | DocumentStatus::Cancelled => Tone::Grey,
    }
}

fn document_line(shell: &Shell, view: &HolderDocumentView) -> DocumentLine {
    let next = DocumentStatus::ALL
        .iter()
        .filter(|next| view.status.may_become(**next));
    let since = shell.day(view.status_at);
    DocumentLine {
        id: view.id.to_string(),
        number: view.number.clone(),
        kind: shell.word("holder-kind", view.kind.name()),
        issuer: view.issuing_state.clone(),
        expires: view.expires.map_or("–".into(), |day| day_of(shell, day)),
        status: shell.word("holder-status", view.status.name()),
        tone: tone(view.status),
        since: if view.reference.is_empty() {
            since
        } else {
            format!("{since} · {}", view.reference)
        },
        next: choices(shell, "holder-status", next.map(|status| status.name()), ""),
    }
}

fn permit_line(shell: &Shell, view: &HolderView, permit: &PermitView) -> PermitLine {
    let day = |day: Day| day_of(shell, day);
    let document = view
        .documents
        .iter()
        .find(|one| Some(one.id) == permit.document);
    let used = permit.entries == Entries::Single && permit.entries_used > 0;
    let (key, tone) = match permit.state {
        PermitState::Cancelled => ("cancelled", Tone::Grey),
        PermitState::Issued if used => ("used", Tone::Grey),
        PermitState::Issued if permit.valid_until < Day::at(shell.now, shell.zone.0) => {
            ("over", Tone::Grey)
        }
        PermitState::Issued => ("issued", Tone::Green),
    };
    PermitLine {
        id: permit.id.to_string(),
        index: permit.index.clone(),
        kind: shell.word("permit-kind", permit.kind.name()),
        entries: shell.t2(
            "permit-entries-used",
            ("kind", &shell.word("permit-entries", permit.entries.name())),
            ("n", &permit.entries_used),
        ),
        period: shell.days(permit.valid_from, permit.valid_until),
        stay: match permit.stay {
            Stay::Days(days) => shell.t1("permit-stay-days", "n", days),
            Stay::Until(until) => shell.t1("permit-stay-until", "day", day(until)),
        },
        document: match (document, permit.one_document) {
            (Some(one), _) => one.number.clone(),
            (None, true) => shell.t("permit-document-other"),
            (None, false) => shell.t("permit-document-any"),
        },
        state: shell.word("permit-state", key),
        tone,
        live: permit.state == PermitState::Issued,
    }
}

async fn link_line(state: &AppState, shell: &Shell, linked: &Linked) -> ApiResult<LinkLine> {
    let name = holder::get(&state.db, linked.holder)
        .await?
        .holder
        .identity
        .full_name;
    let said = match linked.decision {
        Some(decision) => shell.word("person-decision", decision.name()),
        None => shell.t("holder-link-follows"),
    };
    let who = match linked.by.zip(linked.at) {
        Some((by, at)) => format!(
            "{}, {}",
            account_name(state, &format!("account:{by}")).await,
            shell.full(&at)
        ),
        None => String::new(),
    };
    Ok(LinkLine {
        other: linked.holder.to_string(),
        name,
        said,
        tone: if linked.same { Tone::Green } else { Tone::Grey },
        why: linked.reason.clone(),
        who,
        same: linked.decision == Some(SamePerson::Same),
    })
}

/// The shown name of an actor of the audit record; itself when it is no account.
async fn account_name(state: &AppState, actor: &str) -> String {
    let id = actor
        .strip_prefix("account:")
        .and_then(|id| id.parse().ok());
    match id {
        Some(id) => match tapal_store::account::get(&state.db, id).await {
            Ok(account) => account.display_name,
            Err(_) => actor.to_owned(),
        },
        None => actor.to_owned(),
    }
}

async fn history(state: &AppState, shell: &Shell, record: &Record) -> ApiResult<Vec<HistoryLine>> {
    let subject = format!("holder:{}", record.holder.id);
    let rows = tapal_store::audit::list(&state.db, None, Some(&subject), 30).await?;
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        lines.push(HistoryLine {
            at: shell.full(&row.at),
            what: shell.word("holder-did", row.action.replace('.', "-")),
            who: account_name(state, &row.actor).await,
        });
    }
    Ok(lines)
}

fn said_of(shell: &Shell, view: &ComparisonView) -> Said {
    let Some(band) = view.band else {
        return Said {
            tone: Tone::Amber,
            icon: "triangle-alert",
            title: shell.t("holder-compare-unusable"),
            text: unusable(shell, view),
        };
    };
    let (tone, icon) = match band {
        Band::SameLikely => (Tone::Green, "user-check"),
        Band::Unclear => (Tone::Amber, "circle-help"),
        Band::DifferentLikely => (Tone::Red, "user-x"),
    };
    let text = match view.chance_one_in {
        Some(n) if view.chance_at_most => shell.t1("holder-compare-at-most", "n", shell.number(n)),
        Some(n) => shell.t1("holder-compare-one-in", "n", shell.number(n)),
        None => shell.t("holder-compare-not-measured"),
    };
    Said {
        tone,
        icon,
        title: shell.word("comparison", band.name()),
        text,
    }
}

fn unusable(shell: &Shell, view: &ComparisonView) -> String {
    let reason = |code: &String| {
        let text = shell.word("photo", code);
        if text.starts_with('[') {
            view.advice.clone()
        } else {
            text
        }
    };
    view.reasons.first().map_or(view.advice.clone(), reason)
}
