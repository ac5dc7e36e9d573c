//! False alerts by group label: what was counted in a site's days, and its words for the page of false alerts. Must not
//! say why groups differ.

use std::fmt::Display;

use tapal_domain::{
    group::{LEAST_PASSERS_BY, Table, Verdict, compare},
    id::SiteId,
};
use tapal_store::group;

use crate::{
    AppState,
    console::{Shell, Tone, words},
    error::ApiResult,
    policy::words::figure,
};

/// The table of a site over local days, both ends included; `None` where no labels may be recorded.
pub async fn table(state: &AppState, site: SiteId, from: i64, to: i64) -> ApiResult<Option<Table>> {
    let Some(set) = group::in_force(&state.db, site).await? else {
        return Ok(None);
    };
    let (counted, unlabelled) = group::tally(&state.db, &set, from, to).await?;
    Ok(Some(compare(counted, unlabelled)))
}

/// One label, in words.
pub struct GroupLine {
    /// The label.
    pub label: String,
    /// Passers-by counted.
    pub passers_by: String,
    /// False alerts.
    pub false_alerts: String,
    /// A thousand passers-by, with its interval.
    pub rate: String,
    /// What may be said.
    pub verdict: String,
    /// Its colour.
    pub tone: Tone,
}

/// The table as shown.
pub struct GroupTable {
    /// One a label.
    pub rows: Vec<GroupLine>,
    /// What may be concluded.
    pub means: String,
    /// How many false alerts carry no label.
    pub unlabelled: String,
}

impl GroupTable {
    /// In the reader's words.
    pub fn of(shell: &Shell, table: &Table) -> Self {
        let line = |row: &tapal_domain::group::Row| GroupLine {
            label: row.label.clone(),
            passers_by: shell.number(row.passers_by),
            false_alerts: shell.number(row.false_alerts),
            rate: row.rate.map_or_else(
                || "–".to_owned(),
                |rate| {
                    let part = |value: f64| figure(shell.lang, value * 1_000.0);
                    format!(
                        "{} ({}–{})",
                        part(rate.value),
                        part(rate.low),
                        part(rate.high)
                    )
                },
            ),
            verdict: shell.word("group-verdict", row.verdict.name()),
            tone: match row.verdict {
                Verdict::Differs => Tone::Amber,
                Verdict::TooFew | Verdict::NoDifferenceShown => Tone::Grey,
            },
        };
        let all: u64 = table.rows.iter().map(|row| row.false_alerts).sum();
        let share = table.unlabelled_share.unwrap_or(0.0) * 100.0;
        let values: [(&str, &dyn Display); 3] = [
            ("n", &shell.number(table.unlabelled)),
            ("all", &shell.number(all + table.unlabelled)),
            ("share", &figure(shell.lang, share)),
        ];
        Self {
            rows: table.rows.iter().map(line).collect(),
            means: shell.t1(
                &format!("group-means-{}", table.verdict.name()),
                "least",
                shell.number(LEAST_PASSERS_BY),
            ),
            unlabelled: words::text(shell.lang, "group-unlabelled", &values),
        }
    }
}
