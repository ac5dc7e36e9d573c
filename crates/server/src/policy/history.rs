//! What waits for a decision, old beside new, and what happened before, in words. Must not decide anything.

use std::collections::HashMap;

use tapal_domain::{
    id::{AccountId, SiteId},
    policy::{Budget, Setting},
    screening::Threshold,
};
use tapal_store::policy::{Figures, Proposal};

use super::{
    figures::{at_score, figures, lowest, mark},
    sheet::source,
    view::Stand,
    words,
};
use crate::{
    console::{Shell, Tone, Visit},
    error::ApiResult,
    state::AppState,
};

pub(super) struct Side {
    pub(super) setting: String,
    pub(super) possible: String,
    pub(super) strong: String,
    pub(super) per_day: String,
    pub(super) chance: String,
    pub(super) miss: String,
}

pub(super) struct Waiting {
    pub(super) id: String,
    pub(super) who: String,
    pub(super) when: String,
    pub(super) reason: String,
    pub(super) own: bool,
    pub(super) seen: String,
    pub(super) now: Side,
    pub(super) then: Side,
    pub(super) moved: String,
    pub(super) unreachable: String,
}

pub(super) struct Happened {
    pub(super) when: String,
    pub(super) who: String,
    pub(super) what: String,
    pub(super) tone: Tone,
    pub(super) icon: &'static str,
    pub(super) more: String,
    pub(super) reason: String,
}

fn side(
    state: &AppState,
    shell: &Shell,
    setting: String,
    thresholds: &[Threshold],
    n: u64,
    budget: Option<&Budget>,
) -> Side {
    let none = || "–".to_owned();
    let low = lowest(thresholds, &[]);
    let strong = thresholds.iter().map(|t| t.strong).min_by(f32::total_cmp);
    let (chance, miss) = low.map_or((None, None), |score| at_score(state, score, n));
    Side {
        setting,
        possible: low.map_or_else(none, |v| words::score(shell.lang, v)),
        strong: strong.map_or_else(none, |v| words::score(shell.lang, v)),
        per_day: chance
            .zip(budget)
            .map_or_else(none, |(c, b)| words::with_interval(shell, b.per_day(c))),
        chance: chance.map_or_else(none, |c| words::one_in(shell, c.value)),
        miss: miss.map_or_else(none, |m| words::share_interval(shell, m)),
    }
}

pub(super) fn waits(
    state: &AppState,
    shell: &Shell,
    visit: &Visit,
    stand: &Stand,
    proposal: &Proposal,
    names: &Names,
) -> Waiting {
    let now = figures(state, &proposal.setting, stand.templates);
    let of = |setting: &Setting| match setting {
        Setting::Budget(budget) => Some(*budget),
        Setting::Manual { .. } => None,
    };
    let proposed = of(&proposal.setting);
    // Both sides are told for the same passers-by, so that they can be compared.
    let people = proposed.or(stand.in_force.as_ref().and_then(|own| of(&own.setting)));
    let moved = !now.same_effect(&proposal.shown);
    Waiting {
        id: proposal.id.to_string(),
        who: names.of(proposal.proposed_by, shell),
        when: shell.full(&proposal.proposed_at),
        reason: proposal.reason.clone(),
        own: proposal.proposed_by == Some(visit.session.account),
        seen: mark(&now),
        now: side(
            state,
            shell,
            source(shell, stand),
            &stand.thresholds,
            stand.planned_for,
            people.as_ref(),
        ),
        then: side(
            state,
            shell,
            words::setting(shell, &proposal.setting),
            &now.thresholds,
            now.planned_for,
            people.as_ref(),
        ),
        moved: if moved {
            shell.t2(
                "policy-moved",
                ("then", &shell.number(proposal.shown.planned_for)),
                ("now", &shell.number(now.planned_for)),
            )
        } else {
            String::new()
        },
        unreachable: if now.kept {
            String::new()
        } else {
            shell.t("policy-unreachable-now")
        },
    }
}

/// Names of the people in the history.
pub(super) struct Names(HashMap<AccountId, String>);

impl Names {
    pub(super) async fn read(state: &AppState, proposals: &[Proposal]) -> ApiResult<Self> {
        let mut names = HashMap::new();
        for proposal in proposals {
            for id in [proposal.proposed_by, proposal.decided_by] {
                let Some(id) = id.filter(|id| !names.contains_key(id)) else {
                    continue;
                };
                names.insert(
                    id,
                    tapal_store::account::get(&state.db, id).await?.display_name,
                );
            }
        }
        Ok(Self(names))
    }

    pub(super) fn of(&self, id: Option<AccountId>, shell: &Shell) -> String {
        id.and_then(|id| self.0.get(&id).cloned())
            .unwrap_or_else(|| shell.t("policy-machine"))
    }
}

/// The audit record of the policy in words, newest first.
pub(super) async fn happened(
    state: &AppState,
    shell: &Shell,
    site: SiteId,
    proposals: &[Proposal],
    names: &Names,
) -> ApiResult<Vec<Happened>> {
    let subject = format!("policy:{site}");
    let rows = tapal_store::audit::list(&state.db, None, Some(&subject), 30).await?;
    let one = |row: &tapal_store::audit::Recorded| {
        let detail: serde_json::Value = serde_json::from_str(&row.detail).unwrap_or_default();
        let proposal = detail["proposal"].as_str().and_then(|id| id.parse().ok());
        let proposal = proposals.iter().find(|p| Some(p.id) == proposal);
        let who = row
            .actor
            .strip_prefix("account:")
            .and_then(|id| id.parse().ok());
        let (tone, icon) = match row.action.as_str() {
            "policy.approved" | "policy.set_up" => (Tone::Green, "circle-check"),
            "policy.rejected" | "policy.withdrawn" => (Tone::Grey, "circle-x"),
            "policy.refused" => (Tone::Amber, "shield-alert"),
            "policy.recomputed" => (recomputed_tone(&detail), "refresh-cw"),
            _ => (Tone::Grey, "scale"),
        };
        Happened {
            when: shell.full(&row.at),
            who: names.of(who, shell),
            what: what(shell, row, &detail),
            tone,
            icon,
            more: more(shell, &detail),
            reason: match (row.action.as_str(), proposal) {
                ("policy.proposed", Some(p)) => p.reason.clone(),
                ("policy.approved" | "policy.rejected" | "policy.withdrawn", Some(p)) => {
                    p.decision_reason.clone().unwrap_or_default()
                }
                _ => String::new(),
            },
        }
    };
    Ok(rows.iter().map(one).collect())
}

fn what(shell: &Shell, row: &tapal_store::audit::Recorded, detail: &serde_json::Value) -> String {
    let did = row.action.trim_start_matches("policy.");
    match detail["code"].as_str() {
        Some(code) => shell.word("policy-refused", code),
        None => shell.word("policy-did", did),
    }
}

fn recomputed_tone(detail: &serde_json::Value) -> Tone {
    match detail["after"]["kept"].as_bool() {
        Some(false) => Tone::Amber,
        _ => Tone::Grey,
    }
}

fn more(shell: &Shell, detail: &serde_json::Value) -> String {
    let figures = |value: &serde_json::Value| serde_json::from_value::<Figures>(value.clone()).ok();
    let lowest = |f: &Figures| {
        lowest(&f.thresholds, &[]).map_or("–".into(), |score| words::score(shell.lang, score))
    };
    if let (Some(before), Some(after)) = (figures(&detail["before"]), figures(&detail["after"])) {
        return words::say(
            shell,
            "policy-recomputed-more",
            &[
                ("n0", &shell.number(before.templates)),
                ("n1", &shell.number(after.templates)),
                ("t0", &lowest(&before)),
                ("t1", &lowest(&after)),
            ],
        );
    }
    let setting = serde_json::from_value::<Setting>(detail["setting"].clone()).ok();
    let at = figures(&detail["figures"]).or(figures(&detail["shown"]));
    match (setting, at) {
        (Some(setting), Some(figures)) => words::say(
            shell,
            "policy-set-more",
            &[
                ("setting", &words::setting(shell, &setting)),
                ("score", &lowest(&figures)),
                ("n", &shell.number(figures.planned_for)),
            ],
        ),
        _ => String::new(),
    }
}
