//! Who may do what: one table. The server's extractor enforces it; nothing else decides rights.
//! Must not be bypassed by a handler that checks a role by name.

use serde::{Deserialize, Serialize};

/// What an account is. Nobody holds both ends of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Watches cameras at a site or in the command centre; gives opinions.
    CameraOperator,
    /// Sits at a desk; gives opinions on the alerts of its lane.
    CounterOfficer,
    /// Checks further after two people found a similarity; gives opinions.
    SecondLineOfficer,
    /// Resolves disagreement and takes what nobody acknowledged.
    Supervisor,
    /// Files orders of its own agency, and sees no others.
    AgencyLiaison,
    /// Drafts orders.
    WatchlistClerk,
    /// Approves orders, never drafts.
    WatchlistApprover,
    /// Reads everything, changes nothing.
    Auditor,
    /// Watches over personal data; reads the records of processing.
    DataProtectionOfficer,
    /// Sets sites, cameras, thresholds, rule packs; never judges a face.
    PolicyAdmin,
    /// Opens and closes accounts and enrols devices; never sees a face.
    SystemAdmin,
    /// Keeps foreigners' records and permits.
    StayOfficer,
    /// Keeps citizens' records and passports.
    PassportDesk,
    /// A carrier's program: hands in passenger lists, and reads its own advice.
    Carrier,
    /// Another program of the authority: says who is in process with it, and reads nothing.
    ConnectedProgram,
}

/// One thing an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See alerts of its own site (all sites when the account has none), photographs included.
    ReadAlerts,
    /// Take an alert and give a first or second opinion.
    JudgeAlerts,
    /// Settle a disagreement of two opinions.
    ResolveAlerts,
    /// Enter how many people walked past, by group label and day (counts only).
    CountPassersBy,
    /// See recent attempts and their reasons (no faces).
    ReadAttempts,
    /// See sites, cameras and their health.
    ReadSites,
    /// Change sites, deployment records, cameras, lanes, desks, thresholds.
    EditSites,
    /// Propose and decide changes of the rule packs.
    EditRules,
    /// See list entries.
    ReadEntries,
    /// See orders of its own agency, or of all with the next one.
    ReadOrders,
    /// See the orders of every agency.
    ReadAllOrders,
    /// Write orders, hand them in, ask for more time.
    DraftOrders,
    /// Record that somebody was told, and that somebody objects.
    RecordOrders,
    /// Approve, refuse, return, extend and end orders that others wrote.
    ApproveOrders,
    /// End a list entry.
    EndEntries,
    /// Decide about an entry that the enrolment audit held back.
    DecideEntries,
    /// Open, change and close accounts.
    EditAccounts,
    /// Enrol and retire camera nodes.
    EditEdges,
    /// Ask the orders in force by name and document number.
    CheckNames,
    /// Say who is in process, and that the process is over.
    PutInProcess,
    /// Look at hits of new orders among people in process, and decide who they are.
    JudgeInProcess,
    /// Read the audit record.
    ReadAudit,
    /// Find a holder by document number; see documents, permits, portrait.
    ReadHolders,
    /// Change holders, their documents, permits and links.
    EditHolders,
    /// Record entries and exits at a desk, and refer to second line.
    RecordCrossings,
    /// Read the ledger of crossings (own site, or all without one).
    ReadCrossings,
    /// Correct a record of the ledger by another one.
    CorrectCrossings,
    /// Read figures made from the ledger; no person in them.
    ReadStatistics,
    /// See cases of second line.
    ReadCases,
    /// Work on a case of second line.
    WorkCases,
    /// Authorise a refusal, a deferral or a hand-over that another officer proposes.
    AuthoriseCases,
    /// See passenger lists and their advice.
    ReadPassengerLists,
    /// Decide about passengers that the pre-screening refers.
    JudgePassengers,
    /// Hand in passenger lists.
    SendPassengerLists,
    /// See standby servers, how old their copies are, and what was found when their records came in.
    ReadStandbys,
    /// Settle what was found.
    SettleFindings,
}

impl Role {
    /// Every role, in the order shown.
    pub const ALL: [Role; 15] = [
        Self::CameraOperator,
        Self::CounterOfficer,
        Self::SecondLineOfficer,
        Self::Supervisor,
        Self::AgencyLiaison,
        Self::WatchlistClerk,
        Self::WatchlistApprover,
        Self::Auditor,
        Self::DataProtectionOfficer,
        Self::PolicyAdmin,
        Self::SystemAdmin,
        Self::StayOfficer,
        Self::PassportDesk,
        Self::Carrier,
        Self::ConnectedProgram,
    ];

    /// The name used in JSON, SQL and translation keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::CameraOperator => "camera_operator",
            Self::CounterOfficer => "counter_officer",
            Self::SecondLineOfficer => "second_line_officer",
            Self::Supervisor => "supervisor",
            Self::AgencyLiaison => "agency_liaison",
            Self::WatchlistClerk => "watchlist_clerk",
            Self::WatchlistApprover => "watchlist_approver",
            Self::Auditor => "auditor",
            Self::DataProtectionOfficer => "data_protection_officer",
            Self::PolicyAdmin => "policy_admin",
            Self::SystemAdmin => "system_admin",
            Self::StayOfficer => "stay_officer",
            Self::PassportDesk => "passport_desk",
            Self::Carrier => "carrier",
            Self::ConnectedProgram => "connected_program",
        }
    }

    /// The role with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether this role may do this. The whole of access control.
    pub fn may(self, permission: Permission) -> bool {
        use Permission::*;
        let granted: &[Permission] = match self {
            Self::CameraOperator => &[ReadAlerts, JudgeAlerts, ReadAttempts, ReadSites],
            Self::CounterOfficer => &[
                ReadAlerts,
                JudgeAlerts,
                ReadAttempts,
                ReadSites,
                CheckNames,
                ReadHolders,
                RecordCrossings,
                ReadCrossings,
                ReadPassengerLists,
            ],
            Self::SecondLineOfficer => &[
                ReadAlerts,
                JudgeAlerts,
                ReadAttempts,
                ReadSites,
                CheckNames,
                JudgeInProcess,
                ReadHolders,
                RecordCrossings,
                ReadCrossings,
                ReadCases,
                WorkCases,
                ReadPassengerLists,
                JudgePassengers,
            ],
            Self::Supervisor => &[
                ReadAlerts,
                JudgeAlerts,
                ResolveAlerts,
                CountPassersBy,
                ReadAttempts,
                ReadSites,
                CheckNames,
                JudgeInProcess,
                ReadHolders,
                RecordCrossings,
                ReadCrossings,
                CorrectCrossings,
                ReadStatistics,
                ReadCases,
                WorkCases,
                AuthoriseCases,
                ReadPassengerLists,
                JudgePassengers,
                ReadStandbys,
                SettleFindings,
            ],
            Self::AgencyLiaison => &[ReadOrders, DraftOrders],
            Self::WatchlistClerk => &[
                ReadEntries,
                ReadOrders,
                ReadAllOrders,
                DraftOrders,
                RecordOrders,
                CheckNames,
            ],
            Self::WatchlistApprover => &[
                ReadEntries,
                EndEntries,
                DecideEntries,
                ReadOrders,
                ReadAllOrders,
                ApproveOrders,
                CheckNames,
            ],
            Self::Auditor => &[
                ReadAlerts,
                ReadAttempts,
                ReadSites,
                ReadEntries,
                ReadOrders,
                ReadAllOrders,
                ReadAudit,
                ReadHolders,
                ReadCrossings,
                ReadStatistics,
                ReadCases,
                ReadPassengerLists,
                ReadStandbys,
            ],
            Self::DataProtectionOfficer => &[ReadAttempts, ReadSites, ReadAudit, ReadStatistics],
            Self::PolicyAdmin => &[
                ReadAttempts,
                ReadSites,
                EditSites,
                EditRules,
                ReadStatistics,
            ],
            Self::SystemAdmin => &[ReadSites, EditAccounts, EditEdges, ReadStandbys],
            Self::StayOfficer | Self::PassportDesk => &[ReadSites, ReadHolders, EditHolders],
            Self::Carrier => &[SendPassengerLists],
            Self::ConnectedProgram => &[PutInProcess],
        };
        granted.contains(&permission)
    }
}

#[cfg(test)]
mod tests {
    use super::{Permission::*, Role::*, *};

    #[test]
    fn nobody_holds_both_ends_of_a_control() {
        for role in Role::ALL {
            assert!(
                !(role.may(DraftOrders) && role.may(JudgeAlerts)),
                "{role:?} could list a person and judge the match"
            );
            assert!(
                !(role.may(EditSites) && role.may(JudgeAlerts)),
                "{role:?} could set the threshold and judge the match"
            );
            assert!(
                !(role.may(EditRules) && (role.may(DraftOrders) || role.may(ApproveOrders))),
                "{role:?} could change the law and use it"
            );
            assert!(
                !(role.may(EditSites) && role.may(CountPassersBy)),
                "{role:?} could choose the groups and count them"
            );
            assert!(
                !(role.may(EditAccounts) && role.may(JudgeAlerts)),
                "{role:?} could open a second account and judge twice"
            );
            assert!(
                !(role.may(DraftOrders) && role.may(EndEntries)),
                "{role:?} drafts and ends"
            );
            assert!(
                !(role.may(DraftOrders) && role.may(DecideEntries)),
                "{role:?} could let its own entry out"
            );
            assert!(
                !(role.may(DraftOrders) && role.may(ApproveOrders)),
                "{role:?} could approve what its colleagues write, and write itself"
            );
        }
    }

    #[test]
    fn an_auditor_reads_and_changes_nothing() {
        for change in [
            JudgeAlerts,
            ResolveAlerts,
            CountPassersBy,
            EditSites,
            EditRules,
            DraftOrders,
            RecordOrders,
            ApproveOrders,
            EndEntries,
            DecideEntries,
            EditAccounts,
            EditEdges,
            PutInProcess,
            JudgeInProcess,
            EditHolders,
            RecordCrossings,
            CorrectCrossings,
            WorkCases,
            AuthoriseCases,
            JudgePassengers,
            SendPassengerLists,
            SettleFindings,
        ] {
            assert!(!Auditor.may(change), "{change:?}");
        }
        assert!(Auditor.may(ReadAudit) && Auditor.may(ReadAlerts));
    }

    #[test]
    fn a_liaison_sees_its_own_agency_only_and_approves_nothing() {
        for role in Role::ALL.into_iter().filter(|role| role.may(ReadOrders)) {
            assert_eq!(role.may(ReadAllOrders), role != AgencyLiaison, "{role:?}");
        }
        assert!(!AgencyLiaison.may(ReadEntries) && !AgencyLiaison.may(ReadAlerts));
    }

    #[test]
    fn a_liaison_asks_no_names_and_a_program_only_says_who_is_in_process() {
        assert!(!AgencyLiaison.may(CheckNames) && !AgencyLiaison.may(JudgeInProcess));
        for role in Role::ALL {
            assert_eq!(role.may(PutInProcess), role == ConnectedProgram, "{role:?}");
            assert!(
                !(role.may(DraftOrders) && role.may(JudgeInProcess)),
                "{role:?} could order and judge"
            );
        }
        for read in [ReadAlerts, ReadOrders, ReadEntries, CheckNames, ReadSites] {
            assert!(!ConnectedProgram.may(read), "{read:?}");
        }
    }

    #[test]
    fn who_keeps_the_registry_decides_nothing_at_a_counter() {
        for role in Role::ALL.into_iter().filter(|role| role.may(EditHolders)) {
            for other in [RecordCrossings, WorkCases, AuthoriseCases, DraftOrders] {
                assert!(!role.may(other), "{role:?} {other:?}");
            }
        }
        for role in Role::ALL {
            assert_eq!(role.may(SendPassengerLists), role == Carrier, "{role:?}");
        }
        assert!(!Carrier.may(ReadPassengerLists) && !Carrier.may(CheckNames));
    }

    #[test]
    fn only_a_supervisor_settles_a_disagreement() {
        for role in Role::ALL {
            assert_eq!(role.may(ResolveAlerts), role == Supervisor, "{role:?}");
        }
    }

    #[test]
    fn names_round_trip() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
    }
}
