//! The orders of the demonstration: one for each listed person, and some at other stages. All invented, and written and
//! approved by two of its accounts. Must not run on a centre that holds orders already.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use tapal_domain::{
    day::Day,
    entry::{Agency, ListKind, Person},
    id::AccountId,
    order::{Handed, Subject},
    rule_pack::{OrderForm, OrderKind},
};
use tapal_server::{
    AppState,
    order::{
        set_up::{Goes, set_up},
        today,
    },
};
use tapal_store::account;

use crate::{cmds::eval::truth::Identity, seed::agency_for};

async fn hands(state: &AppState) -> Result<(AccountId, AccountId)> {
    let find = async |name: &str| {
        let found = account::find(&state.db, name).await?;
        anyhow::Ok(
            found
                .context("the demonstration's accounts are missing")?
                .0
                .id,
        )
    };
    Ok((find("clerk").await?, find("approver").await?))
}

fn day(from: Day, days: i64) -> Result<Day> {
    from.plus_days(days).context("the calendar ends here")
}

fn kind_of(list: ListKind) -> (OrderKind, OrderForm, &'static str) {
    match list {
        ListKind::ExitBan => (OrderKind::ExitBan, OrderForm::Decision, "corruption_case"),
        ListKind::EntryBan => (OrderKind::EntryBan, OrderForm::Decision, "deported"),
        ListKind::Wanted => (OrderKind::Wanted, OrderForm::Request, "fugitive"),
        ListKind::RedNotice => (
            OrderKind::RedNotice,
            OrderForm::Request,
            "international_arrest_request",
        ),
    }
}

/// The approved order of a listed person; an error names the file and the reason, never the person. Periods end on
/// different days, so that the calendar has something to show.
pub async fn listed(
    state: &AppState,
    folder: &Path,
    identity: &Identity,
    list: ListKind,
    n: usize,
) -> Result<()> {
    let file = folder.join(&identity.portrait.file);
    let photo = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let now = today(state.clock.now());
    let (kind, form, reason) = kind_of(list);
    let agency = match kind {
        OrderKind::ExitBan => Agency::Kpk,
        _ => agency_for(list, n),
    };
    let handed = Handed {
        kind,
        form,
        agency,
        reference: format!("DEMO/{:03}/2026", n + 1),
        ordered_on: day(now, -30)?,
        subject: Subject {
            person: Person {
                full_name: identity.full_name.clone(),
                sex: identity.sex.clone(),
                birth_date: identity.birth_date.clone(),
                nationality: identity.nationality.clone(),
                document_number: identity.passport_number.clone(),
            },
            aliases: Vec::new(),
            birth_place: "Kota Contoh".into(),
            nik: String::new(),
            address: String::new(),
            occupation: String::new(),
        },
        reason: reason.into(),
        reason_text: "Invented for the demonstration.".into(),
        first_day: day(now, -30)?,
        last_day: Some(day(now, 140 - 11 * (n as i64 % 12))?),
        checkpoint: None,
    };
    set_up(
        state,
        hands(state).await?,
        handed,
        Some(photo),
        Goes::Approved,
    )
    .await
    .map(|_| ())
    .map_err(|e| anyhow!("{}: {} ({:?})", file.display(), e.message, e.reasons))
}

/// An order without a face, at another stage of its life.
struct Other {
    kind: OrderKind,
    agency: Agency,
    reason: &'static str,
    name: &'static str,
    document: &'static str,
    goes: Goes,
}

/// Two lost documents and a draft that still lacks something.
pub async fn others(state: &AppState) -> Result<()> {
    let others = [
        Other {
            kind: OrderKind::LostDocument,
            agency: Agency::Immigration,
            reason: "reported_lost",
            name: "Contoh Pemegang Paspor",
            document: "X0000001",
            goes: Goes::Approved,
        },
        Other {
            kind: OrderKind::LostDocument,
            agency: Agency::Police,
            reason: "reported_stolen",
            name: "Contoh Pelapor",
            document: "X0000002",
            goes: Goes::Submitted,
        },
        Other {
            kind: OrderKind::AlertOnly,
            agency: Agency::Police,
            reason: "agency_notice",
            name: "Contoh Tanpa Foto",
            document: "X0000003",
            goes: Goes::Draft,
        },
    ];
    let now = today(state.clock.now());
    for (n, other) in others.into_iter().enumerate() {
        let handed = Handed {
            kind: other.kind,
            form: OrderForm::Request,
            agency: other.agency,
            reference: format!("DEMO/{}/2026", 900 + n),
            ordered_on: now,
            subject: Subject {
                person: Person {
                    full_name: other.name.into(),
                    sex: "F".into(),
                    birth_date: "1990".into(),
                    nationality: "IDN".into(),
                    document_number: other.document.into(),
                },
                aliases: Vec::new(),
                birth_place: "Kota Contoh".into(),
                nik: String::new(),
                address: String::new(),
                occupation: String::new(),
            },
            reason: other.reason.into(),
            reason_text: "Invented for the demonstration.".into(),
            first_day: now,
            last_day: Some(day(now, 300)?),
            checkpoint: None,
        };
        set_up(state, hands(state).await?, handed, None, other.goes)
            .await
            .map_err(|e| anyhow!("{} ({:?})", e.message, e.reasons))?;
    }
    Ok(())
}
