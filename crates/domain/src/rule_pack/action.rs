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
    /// Refuse entry or not, as the officer judges. Never a citizen.
    MayRefuseEntry,
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
    /// The path for whoever claims asylum, is a minor or may be a victim. It stands alone.
    Safeguard,
}

names!(Action {
    Admit "admit",
    AllowDeparture "allow_departure",
    RefuseEntry "refuse_entry",
    MayRefuseEntry "may_refuse_entry",
    DeferDeparture "defer_departure",
    HandOver "hand_over",
    NotifyAgency "notify_agency",
    NotifyPolice "notify_police",
    NotifyBureau "notify_bureau",
    Log "log",
    SecondLine "second_line",
    Verify "verify",
    Charge "charge",
    CheckEarlierBan "check_earlier_ban",
    FieldCheck "field_check",
    Safeguard "safeguard",
});

impl Action {
    fn refuses(self) -> bool {
        matches!(self, Self::RefuseEntry | Self::MayRefuseEntry)
    }

    /// Whether it decides about entry or exit.
    fn decides(self) -> bool {
        self.refuses()
            || matches!(
                self,
                Self::Admit | Self::AllowDeparture | Self::DeferDeparture
            )
    }
}

/// What of a person counts for what may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether the person is a citizen.
    pub citizen: bool,
    /// Whether an officer saw a claim of asylum, a minor, or signs of a victim of trafficking.
    pub protected: bool,
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
        self.citizen != Some(false) && self.actions.iter().any(|action| action.refuses())
    }

    /// Whether it decides about entry or exit where no such decision exists.
    pub(super) fn decides_elsewhere(&self) -> bool {
        self.site != SiteKind::Checkpoint && self.actions.iter().any(|action| action.decides())
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

/// A cell of the table: site, direction, citizen, subject.
pub(super) type Cell = (SiteKind, Direction, bool, Subject);

/// Every cell there must be.
pub(super) fn cells() -> impl Iterator<Item = Cell> {
    use Direction::{Arrival, Departure, Neither};
    let places = [
        (SiteKind::Checkpoint, Arrival),
        (SiteKind::Checkpoint, Departure),
        (SiteKind::MonitoringSite, Arrival),
        (SiteKind::MonitoringSite, Departure),
        (SiteKind::MonitoringSite, Neither),
    ];
    places.into_iter().flat_map(|(site, direction)| {
        [true, false].into_iter().flat_map(move |citizen| {
            Subject::ALL
                .iter()
                .map(move |subject| (site, direction, citizen, *subject))
        })
    })
}

impl Pack {
    /// How many rows cover a cell.
    pub(super) fn rows_of(&self, (site, direction, citizen, subject): Cell) -> usize {
        let covers = |row: &&Row| row.covers(site, direction, citizen, subject);
        self.actions.iter().filter(covers).count()
    }

    /// What an officer may do. Nothing where the case cannot arise; then nothing is done to the person. Whoever is
    /// protected goes to the safeguarding path, whatever a list says. In a checkpoint's hall with both directions
    /// nobody decides about entry or exit: what either direction allows besides.
    pub fn allowed(
        &self,
        (site, direction): (SiteKind, Direction),
        standing: Standing,
        subject: Subject,
    ) -> Vec<Action> {
        if standing.protected {
            return vec![Action::Safeguard];
        }
        let citizen = standing.citizen;
        if site == SiteKind::Checkpoint && direction == Direction::Neither {
            let mut all = self.cell((site, Direction::Arrival, citizen, subject));
            for action in self.cell((site, Direction::Departure, citizen, subject)) {
                if !all.contains(&action) {
                    all.push(action);
                }
            }
            all.retain(|action| !action.decides());
            return all;
        }
        self.cell((site, direction, citizen, subject))
    }

    fn cell(&self, (site, direction, citizen, subject): Cell) -> Vec<Action> {
        let row = self
            .actions
            .iter()
            .find(|row| row.covers(site, direction, citizen, subject));
        // The floor again, for a pack that did not come through `read`.
        let lawful = row.filter(|row| !(citizen && row.actions.iter().any(|one| one.refuses())));
        lawful.map_or(Vec::new(), |row| row.actions.clone())
    }
}
