//! Where copies of an entry are, for its page: gone from so many of so many nodes, and which node is late. Must not call
//! a copy gone without the node's receipt.

use serde::Serialize;
use tapal_domain::{
    id::EntryId,
    removal::{CopyState, Tally},
    time::UtcMs,
};
use tapal_store::edge::{self, EntryCopy};
use utoipa::ToSchema;

use crate::{
    AppState,
    console::{Shell, Tone, when::Zone},
    error::ApiResult,
};

/// Copies of an entry's templates at camera nodes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Removal {
    /// All together.
    #[serde(flatten)]
    pub tally: Tally,
    /// Each node that was ever given one, by site and name.
    pub copies: Vec<EntryCopy>,
}

/// Reads them; signatures of receipts are checked again.
pub async fn of(state: &AppState, entry: EntryId, now: UtcMs) -> ApiResult<Removal> {
    let copies = edge::copies(&state.db, now, entry).await?;
    let tally = Tally::of(copies.iter().map(|copy| copy.state));
    Ok(Removal { tally, copies })
}

/// A line of the table.
pub(super) struct Line {
    pub(super) node: String,
    pub(super) site: String,
    pub(super) state: String,
    pub(super) tone: Tone,
    /// Local time of the node's site.
    pub(super) when: String,
    pub(super) proof: String,
}

/// The part of the entry's page.
pub(super) struct Card {
    /// One word of how it stands.
    pub(super) state: String,
    pub(super) title: String,
    pub(super) tone: Tone,
    pub(super) lines: Vec<Line>,
    pub(super) any_retired: bool,
}

pub(super) fn card(shell: &Shell, removal: &Removal) -> Card {
    let (title, tone) = headline(shell, removal);
    let state = match tone {
        Tone::Green => "removal-state-gone",
        Tone::Red => "removal-state-late",
        Tone::Amber => "removal-state-waiting",
        _ => "removal-state-held",
    };
    Card {
        state: match removal.copies.is_empty() {
            true => shell.t("removal-proof-none"),
            false => shell.t(state),
        },
        title,
        tone,
        lines: removal
            .copies
            .iter()
            .map(|copy| line(shell, copy))
            .collect(),
        any_retired: removal.tally.retired > 0,
    }
}

fn headline(shell: &Shell, removal: &Removal) -> (String, Tone) {
    let tally = &removal.tally;
    let of = |key| shell.t2(key, ("gone", &tally.gone), ("nodes", &tally.nodes));
    let due = removal.copies.iter().any(|copy| {
        matches!(
            copy.state,
            CopyState::Waiting { .. } | CopyState::Late { .. }
        )
    });
    match tally.last_gone_at {
        _ if tally.nodes == 0 => (shell.t("removal-none"), Tone::Grey),
        Some(at) if tally.gone == tally.nodes => (
            format!("{} {}", of("removal-gone"), shell.full(&at)),
            Tone::Green,
        ),
        _ if tally.late > 0 => {
            let late = shell.t1("removal-late-count", "n", tally.late);
            (format!("{}; {late}", of("removal-partly")), Tone::Red)
        }
        _ if due || tally.gone > 0 => (of("removal-partly"), Tone::Amber),
        _ if tally.retired == tally.nodes => (of("removal-partly"), Tone::Amber),
        _ => (
            shell.t1("removal-held", "n", tally.nodes - tally.retired),
            Tone::Grey,
        ),
    }
}

fn line(shell: &Shell, copy: &EntryCopy) -> Line {
    let zone = Zone(copy.utc_offset_minutes);
    let (key, tone, at) = match copy.state {
        CopyState::Held => ("removal-state-held", Tone::Grey, copy.handed_at),
        CopyState::Waiting { since } => ("removal-state-waiting", Tone::Amber, since),
        CopyState::Late { since } => ("removal-state-late", Tone::Red, since),
        CopyState::Gone { at } => ("removal-state-gone", Tone::Green, at),
        CopyState::Retired { at } => ("removal-state-retired", Tone::Amber, at),
    };
    let proof = match copy.verified {
        Some(true) => "removal-proof-good",
        Some(false) => "removal-proof-bad",
        None if matches!(copy.state, CopyState::Gone { .. }) => "removal-proof-old",
        None => "removal-proof-none",
    };
    let text = zone.full(shell.lang, at);
    Line {
        node: copy.edge_name.clone(),
        site: copy.site_name.clone(),
        state: shell.t(key),
        tone,
        when: match copy.state {
            CopyState::Gone { .. } => text,
            _ => shell.t1("removal-since", "when", text),
        },
        proof: shell.t(proof),
    }
}
