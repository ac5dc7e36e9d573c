//! Kinds and forms of orders. Must not hold a rule: those are data of the packs.

use serde::{Deserialize, Serialize};

use crate::entry::ListKind;

macro_rules! names {
    ($type:ident { $($variant:ident $name:literal),+ $(,)? }) => {
        impl $type {
            /// Every one, in the order shown.
            pub const ALL: &[$type] = &[$(Self::$variant),+];

            /// The name used in JSON, SQL and translation keys.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The one with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}
pub(crate) use names;

/// What an order does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// Cegah: the person may not leave.
    ExitBan,
    /// Pencegahan mendesak: the same at once, by direct request to a checkpoint, for days.
    UrgentExitBan,
    /// Tangkal: the foreigner may not enter.
    EntryBan,
    /// DPO: wanted by police or prosecutor.
    Wanted,
    /// INTERPOL red notice.
    RedNotice,
    /// The agency is told, nothing else.
    AlertOnly,
    /// A document reported lost or stolen; no face is looked for.
    LostDocument,
}

names!(OrderKind {
    ExitBan "exit_ban",
    UrgentExitBan "urgent_exit_ban",
    EntryBan "entry_ban",
    Wanted "wanted",
    RedNotice "red_notice",
    AlertOnly "alert_only",
    LostDocument "lost_document",
});

impl OrderKind {
    /// The face list an approval puts the person on; none where no face is looked for.
    pub fn list(self) -> Option<ListKind> {
        match self {
            Self::ExitBan | Self::UrgentExitBan => Some(ListKind::ExitBan),
            Self::EntryBan => Some(ListKind::EntryBan),
            Self::Wanted => Some(ListKind::Wanted),
            Self::RedNotice => Some(ListKind::RedNotice),
            Self::AlertOnly | Self::LostDocument => None,
        }
    }
}

/// In which form the requester acts (UU 6/2011 Art 91(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderForm {
    /// Keputusan.
    Decision,
    /// Perintah.
    Order,
    /// Permintaan.
    Request,
}

names!(OrderForm {
    Decision "decision",
    Order "order",
    Request "request",
});
