//! Imports of orders from a file: where one stands, who may do what next, and what can be wrong with a row. Must not
//! decide about an order: each row becomes one, and [`crate::order`] judges it as if it had been typed.

use serde::{Deserialize, Serialize};

use crate::{id::AccountId, order::Gap, role::Permission, rule_pack::kind::names};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ImportFormat))]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Cells separated by comma, semicolon or tab; the first line holds headings.
    Csv,
    /// The first sheet of an Excel workbook; the first row holds headings.
    Xlsx,
    /// Notices as INTERPOL's public interface gives them: one, an array, a page, or one a line.
    Interpol,
    /// OpenSanctions `targets.simple.csv`; persons only.
    OpenSanctions,
}

names!(Format { Csv "csv", Xlsx "xlsx", Interpol "interpol", OpenSanctions "open_sanctions" });

impl Format {
    /// Whether a person says which column holds what; the others have names of their own.
    pub fn has_columns(self) -> bool {
        matches!(self, Self::Csv | Self::Xlsx)
    }
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ImportPhase))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The file is here; columns and what it does not say are to be given.
    Uploaded,
    /// Its rows are being read.
    Reading,
    /// Every row was read; nothing was recorded as an order.
    Preview,
    /// Orders are being recorded.
    Applying,
    /// Orders are recorded; another person decides.
    Applied,
    /// Photographs are being put beside their drafts.
    Attaching,
    /// Orders are being approved.
    Approving,
    /// Approved, as far as it could be.
    Approved,
    /// Orders are being ended.
    Undoing,
    /// Every order of it was ended.
    Undone,
    /// The file cannot be used.
    Failed,
    /// Thrown away before anything was recorded.
    Dropped,
}

names!(Phase {
    Uploaded "uploaded",
    Reading "reading",
    Preview "preview",
    Applying "applying",
    Applied "applied",
    Attaching "attaching",
    Approving "approving",
    Approved "approved",
    Undoing "undoing",
    Undone "undone",
    Failed "failed",
    Dropped "dropped",
});

impl Phase {
    /// Whether the centre is at work on it.
    pub fn works(self) -> bool {
        matches!(
            self,
            Self::Reading | Self::Applying | Self::Attaching | Self::Approving | Self::Undoing
        )
    }

    /// Where it stands when that work is done.
    pub fn done(self) -> Self {
        match self {
            Self::Reading => Self::Preview,
            Self::Applying | Self::Attaching => Self::Applied,
            Self::Approving => Self::Approved,
            Self::Undoing => Self::Undone,
            other => other,
        }
    }
}

/// What a person can do to an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Have the rows read.
    Read,
    /// Record the good rows as orders.
    Apply,
    /// Add photographs.
    Attach,
    /// Approve its orders.
    Approve,
    /// End its orders.
    Undo,
    /// Throw it away.
    Drop,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not from here.
    #[error("this cannot be done to an import that is {}", .0.name())]
    Phase(Phase),
    /// Two people are needed.
    #[error(
        "whoever handed in a file or had its orders recorded cannot decide about it; another person must"
    )]
    SamePerson,
}

impl Refused {
    /// Stable code for API clients.
    pub fn code(self) -> &'static str {
        match self {
            Self::Phase(_) => "import_phase",
            Self::SamePerson => "import_same_person",
        }
    }
}

impl Action {
    /// Who may.
    pub fn permission(self) -> Permission {
        match self {
            Self::Read | Self::Apply | Self::Attach | Self::Drop => Permission::DraftOrders,
            Self::Approve | Self::Undo => Permission::ApproveOrders,
        }
    }

    /// The phase it leads to.
    pub fn leads_to(self) -> Phase {
        match self {
            Self::Read => Phase::Reading,
            Self::Apply => Phase::Applying,
            Self::Attach => Phase::Attaching,
            Self::Approve => Phase::Approving,
            Self::Undo => Phase::Undoing,
            Self::Drop => Phase::Dropped,
        }
    }

    /// Where an import in `phase` stands after it, when `by` does it and `hands` handed it in or applied it.
    pub fn next(
        self,
        phase: Phase,
        by: AccountId,
        hands: &[Option<AccountId>],
    ) -> Result<Phase, Refused> {
        let recorded = matches!(phase, Phase::Applied | Phase::Approved);
        let from = match self {
            Self::Read => phase == Phase::Uploaded,
            Self::Apply => phase == Phase::Preview,
            Self::Attach | Self::Approve | Self::Undo => recorded,
            Self::Drop => matches!(phase, Phase::Uploaded | Phase::Preview | Phase::Failed),
        };
        // Work that rests after a fault goes on when the same is asked for again.
        if !from && phase != self.leads_to() {
            return Err(Refused::Phase(phase));
        }
        let decides = self.permission() == Permission::ApproveOrders;
        if decides && hands.contains(&Some(by)) {
            return Err(Refused::SamePerson);
        }
        Ok(self.leads_to())
    }
}

/// What a row is, compared with what is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ImportRowState))]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// Becomes an order.
    New,
    /// An order was made of the same row before; it says the same.
    Unchanged,
    /// An order was made of the same row before; it says something else. Nothing is done.
    Differs,
    /// Cannot become an order; the reasons are named.
    Broken,
}

names!(RowState { New "new", Unchanged "unchanged", Differs "differs", Broken "broken" });

/// What a cell may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ImportField))]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The row's own key at its source; the reference where there is none.
    SourceKey,
    /// Number of the order.
    Reference,
    /// Kind of the order.
    Kind,
    /// Its form.
    Form,
    /// The agency; must be the one of the batch.
    Agency,
    /// The day it bears.
    OrderedOn,
    /// Code of the reason.
    Reason,
    /// The reason in words.
    ReasonText,
    /// First day in force.
    FirstDay,
    /// Last day in force.
    LastDay,
    /// Name of the checkpoint of an urgent order.
    Checkpoint,
    /// Whole name.
    FullName,
    /// Given names, put before the family name.
    GivenName,
    /// Family name, where it stands apart.
    FamilyName,
    /// Other names, `;` between them.
    Aliases,
    /// Sex.
    Sex,
    /// Date or year of birth.
    BirthDate,
    /// Place of birth.
    BirthPlace,
    /// Nationality, two or three letters.
    Nationality,
    /// Document number.
    DocumentNumber,
    /// National id number.
    Nik,
    /// Address.
    Address,
    /// Occupation.
    Occupation,
}

names!(Field {
    SourceKey "source_key",
    Reference "reference",
    FullName "full_name",
    GivenName "given_name",
    FamilyName "family_name",
    Aliases "aliases",
    Sex "sex",
    BirthDate "birth_date",
    BirthPlace "birth_place",
    Nationality "nationality",
    DocumentNumber "document_number",
    Nik "nik",
    Address "address",
    Occupation "occupation",
    Kind "kind",
    Form "form",
    Agency "agency",
    OrderedOn "ordered_on",
    Reason "reason",
    ReasonText "reason_text",
    FirstDay "first_day",
    LastDay "last_day",
    Checkpoint "checkpoint",
});

/// One thing wrong with a row, and where. As text `bad_date:birth_date`, `gap_name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ImportFault))]
pub struct Fault {
    /// What, as a stable code.
    pub code: String,
    /// Which cell.
    pub field: Option<Field>,
}

impl Fault {
    /// A fault of a cell.
    pub fn at(code: &str, field: Field) -> Self {
        Fault {
            code: code.to_owned(),
            field: Some(field),
        }
    }

    /// A fault of the whole row.
    pub fn row(code: &str) -> Self {
        Fault {
            code: code.to_owned(),
            field: None,
        }
    }

    /// A gap of the order that a person cannot fill in afterwards.
    pub fn gap(gap: Gap) -> Self {
        let field = match gap {
            Gap::Reference => Some(Field::Reference),
            Gap::OrderedOn => Some(Field::OrderedOn),
            Gap::Name => Some(Field::FullName),
            Gap::Reason => Some(Field::Reason),
            Gap::Form => Some(Field::Form),
            Gap::TooLong | Gap::NoEnd | Gap::Over => Some(Field::LastDay),
            _ => None,
        };
        Fault {
            code: format!("gap_{}", gap.name()),
            field,
        }
    }
}

/// Whether an order with this gap may still be recorded as a draft, to be completed by a person: what a file often
/// does not say. What the file says wrongly breaks the row.
pub fn is_open(gap: Gap) -> bool {
    matches!(
        gap,
        Gap::Sex
            | Gap::BirthDate
            | Gap::BirthPlace
            | Gap::Nationality
            | Gap::Photo
            | Gap::ReasonText
            | Gap::Checkpoint
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn who(n: u128) -> AccountId {
        AccountId(Uuid::from_u128(n))
    }

    #[test]
    fn who_handed_in_a_file_never_decides_about_it() {
        let hands = [Some(who(1)), Some(who(2))];
        for action in [Action::Approve, Action::Undo] {
            for phase in [Phase::Applied, Phase::Approved] {
                for hand in [1, 2] {
                    let refused = action.next(phase, who(hand), &hands);
                    assert_eq!(refused, Err(Refused::SamePerson));
                }
                assert!(action.next(phase, who(3), &hands).is_ok());
            }
        }
    }

    #[test]
    fn nothing_is_approved_before_it_was_recorded_and_nothing_recorded_is_thrown_away() {
        for phase in Phase::ALL.iter().copied() {
            let again = |action: Action| action.leads_to() == phase;
            let may =
                |action: Action| !again(action) && action.next(phase, who(9), &[None]).is_ok();
            let recorded = matches!(phase, Phase::Applied | Phase::Approved);
            for action in [Action::Approve, Action::Undo, Action::Attach] {
                assert_eq!(may(action), recorded, "{action:?} {phase:?}");
            }
            assert_eq!(may(Action::Apply), phase == Phase::Preview);
            assert!(!may(Action::Drop) || !recorded);
            assert_eq!(phase.works(), phase.done() != phase);
        }
    }
}
