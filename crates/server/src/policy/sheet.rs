//! The parts of the policy page: figures, curve, and the answer of the what-if form. Must not compute a threshold.

use tapal_domain::{calibration::Standing, entry::ListKind, policy::Budget, screening::Threshold};

use super::{
    chart::{self, Chart},
    view,
    view::{Preview, Source, Stand},
    words,
};
use crate::{console::Shell, state::AppState};

/// One figure with its name.
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) note: String,
}

pub(super) struct GrowthRow {
    pub(super) templates: String,
    pub(super) possible: String,
    pub(super) per_day: String,
    pub(super) miss: String,
}

pub(super) struct PreviewBlock {
    pub(super) reachable: bool,
    pub(super) refused: String,
    pub(super) smallest: String,
    pub(super) could: String,
    pub(super) facts: Vec<Fact>,
    pub(super) growth: Vec<GrowthRow>,
    pub(super) has_miss: bool,
}

pub(super) struct ThresholdRow {
    pub(super) code: &'static str,
    pub(super) name: String,
    pub(super) possible: String,
    pub(super) strong: String,
    pub(super) possible_shown: String,
    pub(super) strong_shown: String,
}

pub(super) struct Label {
    pub(super) at: i64,
    pub(super) text: String,
}

pub(super) struct Drawing {
    pub(super) chart: Chart,
    pub(super) ticks: Vec<Label>,
    pub(super) scores: Vec<Label>,
    pub(super) shares: Vec<Label>,
    pub(super) chosen: String,
    pub(super) budget: String,
    pub(super) rows: Vec<[String; 3]>,
    pub(super) caption: String,
    pub(super) note: String,
}

pub(super) fn source(shell: &Shell, stand: &Stand) -> String {
    match (stand.source, &stand.in_force) {
        (Source::Budget, Some(own)) => words::setting(shell, &own.setting),
        (Source::Manual, Some(own)) => {
            shell.t1("policy-source-manual", "day", shell.day(own.changed_at))
        }
        (_, Some(_)) => shell.t("policy-source-other-model"),
        (_, None) => shell.t("policy-source-suggested"),
    }
}

pub(super) fn facts(shell: &Shell, stand: &Stand) -> Vec<Fact> {
    let fact = |key: &str, value: String, note: String| Fact {
        name: shell.t(key),
        value,
        note,
    };
    let e = &stand.expected;
    let mut out = Vec::new();
    if let Some(shift) = e.per_shift {
        out.push(fact(
            "policy-per-shift",
            words::with_interval(shell, shift),
            String::new(),
        ));
    }
    if let Some(day) = e.per_day {
        out.push(fact(
            "policy-per-day",
            words::with_interval(shell, day),
            String::new(),
        ));
    }
    if let Some(chance) = e.per_passer_by {
        let note = words::standing(shell, chance.standing);
        out.push(fact(
            "policy-chance",
            words::one_in(shell, chance.value),
            note,
        ));
    } else {
        out.push(fact(
            "policy-chance",
            "–".into(),
            shell.t("policy-no-calibration"),
        ));
    }
    match e.miss {
        Some(miss) => {
            let note = match miss.standing {
                Standing::Beyond => shell.t("policy-miss-beyond"),
                _ => String::new(),
            };
            out.push(fact(
                "policy-miss",
                words::share_interval(shell, miss),
                note,
            ));
        }
        None => out.push(fact(
            "policy-miss",
            "–".into(),
            shell.t("policy-miss-unknown"),
        )),
    }
    let lists = stand
        .lists
        .iter()
        .map(|list| shell.word("list", list.name()));
    let lists = lists.collect::<Vec<_>>().join(", ");
    out.push(match lists.is_empty() {
        true => fact("policy-lists", "–".into(), shell.t("policy-lists-none")),
        false => fact("policy-lists", lists, String::new()),
    });
    let size = shell.t2(
        "policy-size-for",
        ("n", &shell.number(stand.templates)),
        ("planned", &shell.number(stand.planned_for)),
    );
    out.push(fact("policy-size", shell.number(stand.templates), size));
    out
}

pub(super) fn threshold_rows(shell: &Shell, thresholds: &[Threshold]) -> Vec<ThresholdRow> {
    let row = |list: ListKind| {
        let own = thresholds.iter().find(|t| t.list == list);
        let text = |value: Option<f32>| value.map(|v| format!("{v:.4}")).unwrap_or_default();
        let shown =
            |value: Option<f32>| value.map_or("–".into(), |v| words::score(shell.lang, v));
        ThresholdRow {
            code: list.name(),
            name: shell.word("list", list.name()),
            possible: text(own.map(|t| t.possible)),
            strong: text(own.map(|t| t.strong)),
            possible_shown: shown(own.map(|t| t.possible)),
            strong_shown: shown(own.map(|t| t.strong)),
        }
    };
    ListKind::ALL.into_iter().map(row).collect()
}

pub(super) fn drawing(
    state: &AppState,
    shell: &Shell,
    stand: &Stand,
    budget: Option<&Budget>,
) -> Option<Drawing> {
    let calibration = &state.config.model.calibration;
    let n = stand.planned_for;
    let chart = chart::chart(calibration, n, stand.lowest, budget)?;
    let label = |at: i64, text: String| Label { at, text };
    let rows = calibration.points.iter().map(|point| {
        let chance = calibration.fpir(point.score, n).map_or(0.0, |e| e.value);
        let miss = calibration.miss(point.score);
        [
            words::score(shell.lang, point.score),
            words::one_in(shell, chance),
            miss.map_or("–".into(), |miss| words::share(shell.lang, miss.value)),
        ]
    });
    let ticks = chart.ticks.iter();
    let scores = chart.scores.iter();
    let shares = chart.misses.iter().flat_map(|misses| &misses.ticks);
    Some(Drawing {
        ticks: ticks
            .map(|t| label(t.at, words::one_in_short(shell, t.value)))
            .collect(),
        scores: scores
            .map(|t| {
                label(
                    t.at,
                    words::score(shell.lang, ((t.value * 1e3).round() / 1e3) as f32),
                )
            })
            .collect(),
        shares: shares
            .map(|t| label(t.at, words::share(shell.lang, t.value)))
            .collect(),
        chosen: stand
            .lowest
            .map(|score| {
                shell.t1(
                    "policy-chart-chosen",
                    "score",
                    words::score(shell.lang, score),
                )
            })
            .unwrap_or_default(),
        budget: budget
            .map(|budget| {
                shell.t1(
                    "policy-chart-budget",
                    "one",
                    words::one_in_short(shell, budget.fpir()),
                )
            })
            .unwrap_or_default(),
        rows: rows.collect(),
        caption: shell.t2(
            "policy-chart-caption",
            ("n", &shell.number(n)),
            ("model", &state.config.model.pack),
        ),
        note: calibration.note.clone(),
        chart,
    })
}

pub(super) fn preview_block(shell: &Shell, tried: &Preview) -> PreviewBlock {
    let figure = |value: f64| words::figure(shell.lang, value);
    let mut facts = Vec::new();
    if let Some(plan) = &tried.plan {
        let mut add = |key: &str, value: String, note: String| {
            facts.push(Fact {
                name: shell.t(key),
                value,
                note,
            });
        };
        let possible = words::score(shell.lang, plan.possible);
        add(
            "policy-threshold",
            possible,
            words::standing(shell, plan.per_passer_by.standing),
        );
        let strong = words::score(shell.lang, plan.strong);
        add(
            "policy-threshold-strong",
            strong,
            words::strong(shell, plan.strong_is),
        );
        let none = String::new;
        add(
            "policy-per-shift",
            words::with_interval(shell, plan.per_shift),
            none(),
        );
        add(
            "policy-per-day",
            words::with_interval(shell, plan.per_day),
            none(),
        );
        add(
            "policy-chance",
            words::one_in(shell, plan.per_passer_by.value),
            none(),
        );
        match plan.miss {
            Some(miss) => add("policy-miss", words::share_interval(shell, miss), none()),
            None => add("policy-miss", "–".into(), shell.t("policy-miss-unknown")),
        }
    }
    let row = |growth: &view::Growth| GrowthRow {
        templates: shell.number(growth.templates),
        possible: growth.possible.map_or_else(
            || shell.t("policy-growth-unreachable"),
            |score| words::score(shell.lang, score),
        ),
        per_day: growth.per_day.map_or("–".into(), |e| figure(e.value)),
        miss: growth
            .miss
            .map_or("–".into(), |e| words::share(shell.lang, e.value)),
    };
    PreviewBlock {
        reachable: tried.reachable,
        refused: match tried.plan {
            Some(_) => shell.t("policy-unreachable"),
            None => shell.t("policy-no-calibration"),
        },
        smallest: tried
            .smallest_per_day
            .map(|x| {
                // Rounded up: the number told must itself be reachable.
                let up = words::figure(shell.lang, x * 1.05);
                shell.t2(
                    "policy-smallest",
                    ("x", &up),
                    ("y", &shell.number(tried.budget.passers_by_per_day)),
                )
            })
            .unwrap_or_default(),
        could: match tried.could.as_slice() {
            [] => shell.t("policy-could-none"),
            packs => shell.t1("policy-could", "packs", packs.join(", ")),
        },
        has_miss: tried.growth.iter().any(|growth| growth.miss.is_some()),
        growth: tried.growth.iter().map(row).collect(),
        facts,
    }
}
