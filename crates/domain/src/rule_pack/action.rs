//! What an officer may do: direction, person and list give the actions. Must not let a citizen be refused entry,
//! whatever a pack says.

use serde::{Deserialize, Serialize};

use super::{Pack, kind::names};
use crate::site::{Direction, SiteKind};

/// Why somebody is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An exit ban in force.
    ExitBan,
    /// An entry ban in force.
    EntryBan,
    /// Wanted.
    Wanted,
    /// A red notice that the bureau confirmed.
    RedNotice,
    /// Stayed longer than permitted.
    Overstay,
    /// A document reported lost or stolen.
    LostDocument,
}

names!(Subject {
    ExitBan "exit_ban",
    EntryBan "entry_ban",
    Wanted "wanted",
    RedNotice "red_notice",
    Overstay "overstay",
    LostDocument "lost_document",
});

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Let in.
    Admit,
    /// Let out.
    AllowDeparture,
    /// Refuse entry. Never a citizen.
    RefuseEntry,
    /// Defer the departure.
    DeferDeparture,
    /// Hand over to the authority concerned.
    HandOver,
    /// Tell the requesting agency.
    NotifyAgency,
    /// Tell the police.
    NotifyPolice,
    /// Tell the national bureau of INTERPOL, and wait for its word.
    NotifyBureau,
    /// Record it, nothing more.
    Log,
    /// Second line.
    SecondLine,
    /// Check document and person.
    Verify,
    /// Overstay charge, or the deportation path.
    Charge,
    /// Look for an earlier ban.
    CheckEarlierBan,
    /// A check in the field.
    FieldCheck,
}

/// One cell of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// At a checkpoint or elsewhere.
    pub site: SiteKind,
    /// Which way; absent where it makes no difference.
    pub direction: Option<Direction>,
    /// Citizen or foreigner; absent where it makes no difference.
    pub citizen: Option<bool>,
    /// Why.
    pub subject: Subject,
    /// What may be done; nothing where the case cannot arise.
    pub actions: Vec<Action>,
}

impl Row {
    /// Whether it breaks the floor.
    pub(super) fn refuses_a_citizen(&self) -> bool {
        self.citizen != Some(false) && self.actions.contains(&Action::RefuseEntry)
    }

    /// Whether it decides about entry or exit where no such decision exists.
    pub(super) fn decides_elsewhere(&self) -> bool {
        use Action::*;
        let decides = |action: &Action| {
            matches!(
                action,
                Admit | AllowDeparture | RefuseEntry | DeferDeparture
            )
        };
        self.site != SiteKind::Checkpoint && self.actions.iter().any(decides)
    }

    fn covers(
        &self,
        site: SiteKind,
        direction: Direction,
        citizen: bool,
        subject: Subject,
    ) -> bool {
        self.site == site
            && self.subject == subject
            && self.direction.is_none_or(|own| own == direction)
            && self.citizen.is_none_or(|own| own == citizen)
    }
}

impl Pack {
    /// What an officer may do. Nothing where the case cannot arise; then nothing is done to the person.
    pub fn allowed(
        &self,
        (site, direction): (SiteKind, Direction),
        citizen: bool,
        subject: Subject,
    ) -> &[Action] {
        let row = self
            .actions
            .iter()
            .find(|row| row.covers(site, direction, citizen, subject));
        // The floor again, for a pack that did not come through `read`.
        let lawful = row.filter(|row| !(citizen && row.actions.contains(&Action::RefuseEntry)));
        lawful.map_or(&[], |row| &row.actions)
    }
}
