//! Sites and the deployment record without which a matcher may not run.
//! Must not hold cameras' live state: that is the edge's health report.

use serde::{Deserialize, Serialize};

use crate::{entry::ListKind, time::UtcMs};

/// What kind of place this is. At a monitoring site no entry or exit decision exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SiteKind {
    /// An immigration checkpoint (TPI): entry and exit are decided here.
    Checkpoint,
    /// A port without immigration control: alerts only.
    MonitoringSite,
}

/// Which way travellers of a lane walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the country.
    Arrival,
    /// Out of the country.
    Departure,
    /// Neither: a monitoring site, or a hall with both.
    Neither,
}

/// The legal basis of running face cameras at one site: decree, purpose, lists, term, DPIA, sign.
/// Enumerated data as R (Bridges) v South Wales Police [2020] EWCA Civ 1058 asks: who is listed, where it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deployment {
    /// Number of the authorising decree.
    pub decree: String,
    /// What the cameras are for, in one sentence.
    pub purpose: String,
    /// The lists this site may search, and no others.
    pub lists: Vec<ListKind>,
    /// Hours of use in the site's local time, as text for the sign ("00:00-24:00").
    pub hours: String,
    /// Reference of the data protection impact assessment (UU 27/2022 Art 34).
    pub dpia_reference: String,
    /// Whether the sign for travellers hangs at the site.
    pub sign_posted: bool,
    /// First instant it holds.
    pub valid_from: UtcMs,
    /// First instant it no longer holds.
    pub valid_to: UtcMs,
}

/// Why a matcher must not run at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotDeployed {
    /// No record at all.
    #[error("this site has no deployment record; fill it in on the site's page")]
    NoRecord,
    /// A mandatory field is empty.
    #[error(
        "the deployment record lacks its decree, purpose or DPIA reference; complete it on the site's page"
    )]
    Incomplete,
    /// No list is named.
    #[error("the deployment record names no list; name the lists this site may search")]
    NoLists,
    /// The sign for travellers is not posted.
    #[error("the deployment record says the sign for travellers is not posted")]
    NoSign,
    /// Before its first or after its last instant.
    #[error("the deployment record is not in force now; renew it on the site's page")]
    NotInForce,
}

/// Whether the matcher may run at `now`; the reason when it may not.
pub fn may_run(deployment: Option<&Deployment>, now: UtcMs) -> Result<&Deployment, NotDeployed> {
    let record = deployment.ok_or(NotDeployed::NoRecord)?;
    let filled = |text: &str| !text.trim().is_empty();
    if !(filled(&record.decree) && filled(&record.purpose) && filled(&record.dpia_reference)) {
        return Err(NotDeployed::Incomplete);
    }
    if record.lists.is_empty() {
        return Err(NotDeployed::NoLists);
    }
    if !record.sign_posted {
        return Err(NotDeployed::NoSign);
    }
    if now < record.valid_from || now >= record.valid_to {
        return Err(NotDeployed::NotInForce);
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Deployment {
        Deployment {
            decree: "IMI-01/2026".into(),
            purpose: "Find wanted persons at arrival".into(),
            lists: vec![ListKind::Wanted],
            hours: "00:00-24:00".into(),
            dpia_reference: "DPIA-7".into(),
            sign_posted: true,
            valid_from: UtcMs(100),
            valid_to: UtcMs(200),
        }
    }

    fn check(change: impl Fn(&mut Deployment), now: i64, expect: Option<NotDeployed>) {
        let mut record = record();
        change(&mut record);
        assert_eq!(may_run(Some(&record), UtcMs(now)).err(), expect);
    }

    #[test]
    fn a_matcher_runs_only_with_a_complete_record_in_force() {
        check(|_| {}, 100, None);
        check(|_| {}, 199, None);
        check(|_| {}, 99, Some(NotDeployed::NotInForce));
        check(|_| {}, 200, Some(NotDeployed::NotInForce));
        check(
            |r| r.decree = " ".into(),
            150,
            Some(NotDeployed::Incomplete),
        );
        check(
            |r| r.dpia_reference.clear(),
            150,
            Some(NotDeployed::Incomplete),
        );
        check(|r| r.lists.clear(), 150, Some(NotDeployed::NoLists));
        check(|r| r.sign_posted = false, 150, Some(NotDeployed::NoSign));
        assert_eq!(may_run(None, UtcMs(150)), Err(NotDeployed::NoRecord));
    }
}
