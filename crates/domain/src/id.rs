//! Identifiers: one newtype over UUIDv7 per noun, so a camera can never be passed for a desk.
//! Must not make ids: they come from the edge of the program, with the clock.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A place with cameras: a checkpoint or a monitoring site.
    SiteId,
    /// One camera.
    CameraId,
    /// One lane that travellers walk through.
    LaneId,
    /// One officer's desk.
    DeskId,
    /// One camera node (the `tapal edge` process of a site).
    EdgeId,
    /// One lawful order, from its draft to its end.
    OrderId,
    /// One entry on a lawful list: one order about one person.
    EntryId,
    /// One alert: one person, one pass, one decision. Made by the edge, so a resend is recognised.
    AlertId,
    /// One person seen by one camera from appearing to leaving. Never outlives the pass.
    TrackId,
    /// One attempt: what the edge did about one track.
    AttemptId,
    /// One proposed change of a site's policy, or of the group labels recorded there.
    ProposalId,
    /// One person in process: a booking, an application, a gate in use.
    InProcessId,
    /// One hit of a new order among the people in process.
    InProcessHitId,
    /// One user account.
    AccountId,
    /// One key of an agency's own system.
    CredentialId,
    /// One person with travel documents, in the registry.
    HolderId,
    /// One visa or stay permit.
    PermitId,
    /// One record of the ledger of crossings. Made where it was decided, so a resend is recognised.
    CrossingId,
    /// One case of second line.
    CaseId,
    /// One list of passengers that a carrier handed in.
    PassengerListId,
    /// One person on such a list.
    PassengerId,
    /// One file of orders that was handed in.
    ImportId,
    /// One standby server: the copy of the centre that a checkpoint goes on with when the centre cannot be reached.
    StandbyId,
    /// Something a person must look at after a standby server handed in what it recorded.
    FindingId,
    /// One start of one edge process; counters restart with it.
    BootId,
}
