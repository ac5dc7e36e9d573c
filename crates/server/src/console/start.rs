//! `/`: what a newcomer clicks, by role, and how the sites stand. Must not show anybody.

use askama::Template;
use axum::{extract::State, response::Response};
use tapal_domain::{
    role::{Permission, Role},
    site::may_run,
};
use tapal_store::{alert, camera, site};

use super::{Notice, Shell, Visit, show};
use crate::{error::ApiResult, state::AppState};

/// One line of what to do.
struct StepLine {
    href: &'static str,
    link: String,
    text: String,
}

/// One site.
pub struct SiteLine {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What kind, in words.
    pub kind: String,
    /// May the matcher run, in words.
    pub state: String,
    /// Colour of that.
    pub tone: super::Tone,
    /// Icon of that.
    pub icon: &'static str,
    /// Cameras, counted.
    pub cameras: String,
    /// Open alerts, counted.
    pub open: String,
    /// What is wrong with its false-alert budget; empty while it is kept.
    pub broken: String,
}

#[derive(Template)]
#[template(path = "start.html")]
struct StartPage {
    shell: Shell,
    notice: Option<Notice>,
    who_name: String,
    steps: Vec<StepLine>,
    sites: Vec<SiteLine>,
}

/// `GET /`.
pub async fn page(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let shell = visit.polling("start", 5_000);
    let sites = if visit.session.may(Permission::ReadSites) {
        site_lines(&state, &visit, &shell).await?
    } else {
        Vec::new()
    };
    let alarm = crate::false_alert::page::standing(&state, &visit, &shell).await?;
    show(StartPage {
        notice: visit.done().or(alarm),
        who_name: visit.session.display_name.clone(),
        steps: steps(&shell, visit.session.role),
        sites,
        shell,
    })
}

/// The sites this person may see, with how they stand.
pub async fn site_lines(
    state: &AppState,
    visit: &Visit,
    shell: &Shell,
) -> ApiResult<Vec<SiteLine>> {
    let cameras = camera::list(&state.db, visit.session.site).await?;
    let open = if visit.session.may(Permission::ReadAlerts) {
        let filter = alert::Filter {
            site: visit.session.site,
            open_only: true,
            ..alert::Filter::default()
        };
        alert::list(&state.db, &filter, 500).await?
    } else {
        Vec::new()
    };
    let mut lines = Vec::new();
    for own in crate::site::visible(state, &visit.session).await? {
        let record = site::deployment(&state.db, own.id).await?;
        let runs = may_run(record.as_ref(), shell.now).is_ok();
        lines.push(SiteLine {
            kind: shell.t(&format!("site-kind-{}", kind_code(own.kind))),
            state: shell.t(if runs { "site-running" } else { "site-stopped" }),
            tone: if runs {
                super::Tone::Green
            } else {
                super::Tone::Amber
            },
            icon: if runs {
                "circle-check"
            } else {
                "triangle-alert"
            },
            cameras: shell.number(
                cameras
                    .iter()
                    .filter(|camera| camera.site == own.id)
                    .count() as u64,
            ),
            open: shell.number(open.iter().filter(|alert| alert.site == own.id).count() as u64),
            broken: crate::policy::page::line(state, shell, own.id)
                .await?
                .broken,
            id: own.id.to_string(),
            name: own.name,
        });
    }
    Ok(lines)
}

/// The name of a kind of site in JSON and translation keys.
pub fn kind_code(kind: tapal_domain::site::SiteKind) -> &'static str {
    match kind {
        tapal_domain::site::SiteKind::Checkpoint => "checkpoint",
        tapal_domain::site::SiteKind::MonitoringSite => "monitoring_site",
    }
}

/// At most five lines: address, key of the link (`<key>-link`) and of the text.
fn steps(shell: &Shell, role: Role) -> Vec<StepLine> {
    let lines: &[(&str, &str)] = match role {
        Role::CameraOperator | Role::CounterOfficer | Role::SecondLineOfficer => &[
            ("/alerts", "step-alerts"),
            ("", "step-take"),
            ("", "step-judge"),
            ("", "step-second"),
            ("/attempts", "step-attempts"),
        ],
        Role::Supervisor => &[
            ("/alerts", "step-alerts"),
            ("", "step-resolve"),
            ("", "step-judge"),
            ("/cameras", "step-cameras"),
            ("/attempts", "step-attempts"),
        ],
        Role::WatchlistClerk => &[
            ("/orders/new", "step-order-new"),
            ("/orders", "step-orders"),
            ("/entries", "step-entries"),
            ("", "step-lapse"),
            ("", "step-no-judge"),
        ],
        Role::AgencyLiaison => &[
            ("/orders/new", "step-order-new"),
            ("/orders", "step-orders"),
            ("", "step-own-agency"),
            ("", "step-lapse"),
        ],
        Role::WatchlistApprover => &[
            ("/orders", "step-orders"),
            ("", "step-approve"),
            ("", "step-lapse"),
            ("", "step-no-judge"),
        ],
        Role::Auditor => &[
            ("/audit", "step-audit"),
            ("", "step-verify"),
            ("/entries", "step-entries"),
            ("/attempts", "step-attempts"),
            ("", "step-read-only"),
        ],
        Role::DataProtectionOfficer => &[
            ("/audit", "step-audit"),
            ("", "step-verify"),
            ("/attempts", "step-attempts"),
            ("/sites", "step-sites"),
            ("", "step-no-face"),
        ],
        Role::PolicyAdmin => &[
            ("/sites", "step-sites"),
            ("", "step-deployment"),
            ("/cameras", "step-cameras"),
            ("/attempts", "step-attempts"),
            ("", "step-no-face"),
        ],
        Role::StayOfficer | Role::PassportDesk => &[("/sites", "step-sites")],
        Role::Carrier => &[("", "step-carrier")],
        Role::ConnectedProgram => &[("", "step-connected")],
        Role::SystemAdmin => &[
            ("/accounts", "step-accounts"),
            ("/edges", "step-edges"),
            ("/cameras", "step-cameras"),
            ("", "step-no-face"),
        ],
    };
    let line = |(href, key): &(&'static str, &str)| StepLine {
        href,
        link: if href.is_empty() {
            String::new()
        } else {
            shell.t(&format!("{key}-link"))
        },
        text: shell.t(key),
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{Lang, shell::Theme};

    #[test]
    fn every_role_gets_at_most_five_lines_in_both_languages() {
        for lang in Lang::ALL {
            let shell = Shell::outside(
                lang,
                Theme::System,
                tapal_domain::time::UtcMs(0),
                false,
                "start",
                "/".into(),
            );
            for role in Role::ALL {
                let lines = steps(&shell, role);
                assert!((1..=5).contains(&lines.len()), "{role:?}");
                assert!(
                    lines
                        .iter()
                        .all(|line| !line.text.starts_with('[') && !line.link.starts_with('[')),
                    "{role:?}"
                );
            }
        }
    }
}
