//! Whose queue an open alert is in, and why. Must not decide what one may read or do: that is the role table
//! and `Alert::apply`; this only says who is asked.

use serde::{Deserialize, Serialize};

use super::{Alert, Kind, Level, Status};
use crate::{
    id::{AccountId, DeskId, SiteId},
    role::{Permission, Role},
};

/// Why an alert is in a person's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It came from a lane of your desk.
    YourDesk,
    /// It came from your site and no particular desk is asked, or you serve all desks.
    YourSite,
    /// You took it and have not given your opinion yet.
    TakenByYou,
    /// One opinion is given; a second person is needed.
    SecondOpinion,
    /// Nobody took it in time; you are the supervisor.
    Escalated,
    /// Nobody at the site took it in time; you are the command centre.
    CommandCentre,
    /// Two opinions differ; you settle it.
    Disagreement,
}

/// A person, as far as queues care.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    /// The account.
    pub account: AccountId,
    /// Its role.
    pub role: Role,
    /// Its site; `None` is the command centre.
    pub site: Option<SiteId>,
    /// Its desk; `None` serves all desks.
    pub desk: Option<DeskId>,
}

/// Why this alert, raised at `site` for `desk`, is in the queue of `who`; `None` when it is not.
pub fn mine(alert: &Alert, site: SiteId, desk: Option<DeskId>, who: &Who) -> Option<Why> {
    let here = who.site == Some(site);
    let centre = who.site.is_none() && alert.level() == Level::CommandCentre;
    let supervisor = who.role.may(Permission::ResolveAlerts);
    let judge = who.role.may(Permission::JudgeAlerts);
    match alert.status() {
        Status::Raised if judge && here => {
            if who.desk.is_some() && who.desk == desk {
                Some(Why::YourDesk)
            } else if supervisor {
                (alert.level() >= Level::Supervisor).then_some(Why::Escalated)
            } else {
                (who.desk.is_none() || desk.is_none()).then_some(Why::YourSite)
            }
        }
        Status::Raised => (judge && centre).then_some(Why::CommandCentre),
        Status::Acknowledged => {
            (alert.acknowledged_by() == Some(who.account)).then_some(Why::TakenByYou)
        }
        Status::FirstOpinion => (judge && (here || centre) && !alert.judged_by(who.account))
            .then_some(Why::SecondOpinion),
        Status::Disagreed => {
            let may_see = here || who.site.is_none();
            (supervisor && may_see && !alert.judged_by(who.account)).then_some(Why::Disagreement)
        }
        Status::NotSame | Status::Similar | Status::UnresolvedExpired | Status::Withdrawn => None,
    }
}

/// What this account may do to the alert now: the allowed-actions table, the role table and the two-person rule.
pub fn allowed(alert: &Alert, account: AccountId, role: Role) -> Vec<Kind> {
    let may = |kind: &Kind| match kind {
        Kind::Acknowledge => role.may(Permission::JudgeAlerts),
        Kind::Opine => role.may(Permission::JudgeAlerts) && !alert.judged_by(account),
        Kind::Resolve => role.may(Permission::ResolveAlerts) && !alert.judged_by(account),
        Kind::Raise | Kind::Release | Kind::Escalate | Kind::Expire | Kind::Withdraw => false,
    };
    alert
        .status()
        .allowed()
        .iter()
        .copied()
        .filter(may)
        .collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        alert::{Action, Actor},
        id::{AlertId, EdgeId},
        opinion::Opinion,
        time::UtcMs,
    };

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }
    fn who(n: u128, role: Role, site: Option<u128>, desk: Option<u128>) -> Who {
        Who {
            account: AccountId(id(n)),
            role,
            site: site.map(|n| SiteId(id(n))),
            desk: desk.map(|n| DeskId(id(n))),
        }
    }
    fn check(steps: &[(Action, Actor)], desk: Option<u128>, person: Who, expect: Option<Why>) {
        let mut alert = Alert::raise(AlertId(id(99)), EdgeId(id(98)), UtcMs(0));
        for (action, actor) in steps {
            alert.apply(action.clone(), *actor, UtcMs(1)).unwrap();
        }
        assert_eq!(
            mine(&alert, SiteId(id(7)), desk.map(|n| DeskId(id(n))), &person),
            expect,
            "{steps:?} {person:?}"
        );
    }

    #[test]
    fn an_untaken_alert_goes_to_the_desk_then_up() {
        use Role::*;
        let up = |to| (Action::Escalate { to }, Actor::Clock);
        let at_desk = who(1, CounterOfficer, Some(7), Some(5));
        let other_desk = who(1, CounterOfficer, Some(7), Some(6));
        let any_desk = who(1, CameraOperator, Some(7), None);
        let boss = who(1, Supervisor, Some(7), None);
        let centre = who(1, CameraOperator, None, None);
        let elsewhere = who(1, CounterOfficer, Some(8), None);
        let auditor = who(1, Auditor, Some(7), None);
        for (person, expect) in [
            (at_desk, Some(Why::YourDesk)),
            (other_desk, None),
            (any_desk, Some(Why::YourSite)),
            (boss, None),
            (centre, None),
            (elsewhere, None),
            (auditor, None),
        ] {
            check(&[], Some(5), person, expect);
        }
        check(&[], None, other_desk, Some(Why::YourSite));
        check(
            &[up(Level::Supervisor)],
            Some(5),
            boss,
            Some(Why::Escalated),
        );
        check(
            &[up(Level::Supervisor)],
            Some(5),
            at_desk,
            Some(Why::YourDesk),
        );
        check(&[up(Level::Supervisor)], Some(5), centre, None);
        check(
            &[up(Level::CommandCentre)],
            Some(5),
            centre,
            Some(Why::CommandCentre),
        );
        check(&[up(Level::CommandCentre)], Some(5), elsewhere, None);
    }

    #[test]
    fn the_second_opinion_is_asked_of_anybody_else_at_the_site() {
        use Role::*;
        let first = Actor::Account(AccountId(id(1)), CounterOfficer);
        let ack = (Action::Acknowledge, first);
        let opine = |opinion, by| {
            (
                Action::Opine {
                    opinion,
                    reason: "x".into(),
                },
                by,
            )
        };
        check(
            std::slice::from_ref(&ack),
            Some(5),
            who(1, CounterOfficer, Some(7), Some(5)),
            Some(Why::TakenByYou),
        );
        check(
            std::slice::from_ref(&ack),
            Some(5),
            who(2, CounterOfficer, Some(7), Some(5)),
            None,
        );
        let one = [ack, opine(Opinion::Same, first)];
        check(
            &one,
            Some(5),
            who(1, CounterOfficer, Some(7), Some(5)),
            None,
        );
        check(
            &one,
            Some(5),
            who(2, CounterOfficer, Some(7), Some(6)),
            Some(Why::SecondOpinion),
        );
        check(&one, Some(5), who(2, CounterOfficer, Some(8), None), None);
        let second = Actor::Account(AccountId(id(2)), Supervisor);
        let two = [&one[..], &[opine(Opinion::Different, second)]].concat();
        check(&two, Some(5), who(2, Supervisor, Some(7), None), None);
        check(
            &two,
            Some(5),
            who(3, Supervisor, Some(7), None),
            Some(Why::Disagreement),
        );
        check(&two, Some(5), who(3, CounterOfficer, Some(7), None), None);
    }
}
