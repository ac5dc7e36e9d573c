//! The traveller's sheet as it is shown: who, may they pass and why, what may be done, and what speaks for and against.
//! Must not decide anything: it puts the assessment into words.

use tapal_domain::{
    crossing::Choice as MenuChoice,
    day::Day,
    id::CrossingId,
    rule_pack::{Action, Subject},
    second_line::Reason,
    site::Direction,
    stay::{Presence, Route},
};
use tapal_store::{crossing, document as mark};

use super::{
    assess::{Assessment, Hit, Judged, LaneAlert, Place, Registry, Weight},
    document::Document,
};
use crate::{
    console::{Shell, Tone},
    error::ApiResult,
    name_check::{
        page::look,
        weights::{WeightLine, lines},
    },
    order::page::day_of,
    state::AppState,
};

/// A choice that is recorded at the desk.
pub struct Mark {
    /// Outcome code.
    pub outcome: &'static str,
    /// On the button.
    pub name: String,
    /// Whether a receipt is needed first.
    pub receipt: bool,
}

/// A choice of the law that is carried out in second line, or besides.
pub struct Lawful {
    /// What.
    pub name: String,
    /// Because of which list.
    pub subject: String,
    /// Articles and grounds that carry it.
    pub grounds: Vec<(String, String)>,
}

/// How a foreigner may stay.
pub struct BasisLine {
    /// Its code.
    pub code: String,
    /// In words, with the last day.
    pub name: String,
    /// Whether it is the first.
    pub chosen: bool,
}

/// A listed person.
pub struct HitLine {
    /// From 0.
    pub n: usize,
    /// For the form.
    pub key: String,
    /// The listed name.
    pub name: String,
    /// What the order does.
    pub kind: String,
    /// Whose it is.
    pub agency: String,
    /// In a word.
    pub verdict: String,
    /// Its colour.
    pub tone: Tone,
    /// Its icon.
    pub icon: &'static str,
    /// Face, number, name: the feature, its code and its word.
    pub evidence: Vec<(String, &'static str, String)>,
    /// What it means here.
    pub means: String,
    /// Whether the officer may say it is somebody else.
    pub ask: bool,
    /// Likeness of the names in words.
    pub score: String,
    /// Why.
    pub rows: Vec<WeightLine>,
}

/// An alert of the lane.
pub struct AlertLine {
    /// Its id.
    pub id: String,
    /// When, ago.
    pub ago: String,
    /// Where it stands.
    pub status: String,
    /// What it means here.
    pub means: String,
    /// Whether the officer has to say something.
    pub ask: bool,
    /// Whether it is this traveller's.
    pub linked: bool,
}

/// One earlier crossing.
pub struct PastLine {
    /// The day there.
    pub day: String,
    /// What.
    pub outcome: String,
    /// Where.
    pub site: String,
}

/// The sheet.
pub struct Sheet {
    /// Under which the decision will be recorded.
    pub id: String,
    /// Name in reading order.
    pub name: String,
    /// Number, in groups.
    pub number: String,
    /// Issuing state.
    pub issuing_state: String,
    /// Whose citizen.
    pub nationality: String,
    /// Citizen or foreigner, in a word.
    pub citizen: String,
    /// Birth, as far as known.
    pub birth: String,
    /// Sex, in a word.
    pub sex: String,
    /// Last day of validity.
    pub expiry: String,
    /// Whether it is over.
    pub expired: bool,
    /// Whether a machine read it.
    pub read: bool,
    /// Whether from a photograph.
    pub photographed: bool,
    /// May they pass: colour, icon, sentence.
    pub tone: Tone,
    /// Icon.
    pub icon: &'static str,
    /// Sentence.
    pub answer: String,
    /// Why.
    pub why: Vec<String>,
    /// Recorded here; at most one.
    pub mark: Option<Mark>,
    /// Everything else the law says.
    pub lawful: Vec<Lawful>,
    /// How the foreigner may stay.
    pub bases: Vec<BasisLine>,
    /// Permits that do not serve, in words.
    pub refusals: Vec<String>,
    /// What the registry says: colour and words.
    pub registry: (Tone, String),
    /// The holder's page; empty without one.
    pub holder: String,
    /// The portrait's address; empty without one.
    pub portrait: String,
    /// Where a live picture is compared with it.
    pub comparison: String,
    /// Reasons for second line: code, words, whether ticked.
    pub reasons: Vec<(&'static str, String, bool)>,
    /// Where the ledger says the person is.
    pub stay: String,
    /// On which passenger list, in words; may be empty.
    pub announced: String,
    /// Entries without exit, in words; may be empty.
    pub missing: String,
    /// Overstay in words; may be empty.
    pub overstay: String,
    /// Listed people.
    pub hits: Vec<HitLine>,
    /// Names left out, in words; may be empty.
    pub left_out: String,
    /// Alerts of the lane.
    pub alerts: Vec<AlertLine>,
    /// Earlier crossings, newest first.
    pub past: Vec<PastLine>,
    /// Whether the protected path was chosen.
    pub protected: bool,
    /// What was said, to be sent again.
    pub others: String,
    /// The linked alert.
    pub alert: String,
    /// Alerts of others.
    pub alert_others: String,
}

/// Earlier crossings that are shown.
const PAST: usize = 5;

/// Puts the assessment into words.
pub async fn sheet(
    state: &AppState,
    shell: &Shell,
    place: &Place,
    document: &Document,
    found: &Assessment,
    judged: &Judged,
    id: CrossingId,
) -> ApiResult<Sheet> {
    let mark = mark::mark(state.db.vault(), &document.issuing_state, &document.number)?;
    let sites = tapal_store::site::list(&state.db).await?;
    let past = crossing::by_document(&state.db, mark, PAST).await?;
    let past = past.iter().map(|one| PastLine {
        day: day_of(shell, one.day),
        outcome: shell.word("crossing-outcome", one.outcome.name()),
        site: sites
            .iter()
            .find(|site| site.id == one.site)
            .map_or(String::new(), |site| site.name.clone()),
    });
    let citizen = document.nationality.citizen();
    let (tone, icon, answer) = answer(shell, found, place.direction);
    let join = |all: Vec<String>| all.join(" ");
    Ok(Sheet {
        id: id.to_string(),
        name: document.name(),
        number: grouped(&document.number),
        issuing_state: document.issuing_state.clone(),
        nationality: document.nationality.code().to_owned(),
        citizen: shell.t(if citizen {
            "desk-citizen"
        } else {
            "desk-foreigner"
        }),
        birth: birth(shell, &document.birth_date),
        sex: match document.sex.as_str() {
            "" => shell.t("name-check-unknown"),
            code => shell.word("sex", code),
        },
        expiry: document
            .expiry
            .map_or(String::new(), |last| day_of(shell, last)),
        expired: found.expired,
        read: document.read,
        photographed: document.photographed,
        tone,
        icon,
        answer,
        why: why(shell, place, document, found, judged),
        mark: found
            .menu
            .choices
            .iter()
            .find_map(|one| at_desk(shell, one)),
        lawful: found
            .menu
            .choices
            .iter()
            .filter(|one| one.records.is_none() && one.action != Action::SecondLine)
            .map(|one| lawful(shell, place, one))
            .collect(),
        bases: bases(shell, found),
        refusals: found
            .refusals
            .iter()
            .map(|(index, why)| {
                let why = shell.word("desk-permit", why.name());
                shell.t2("desk-permit", ("index", index), ("why", &why))
            })
            .collect(),
        registry: registry(shell, found, citizen),
        holder: found
            .holder
            .map_or(String::new(), |id| format!("/holders/{id}")),
        portrait: match (found.holder, found.portrait) {
            (Some(id), Some(n)) => format!("/api/v1/holders/{id}/portraits/{n}"),
            _ => String::new(),
        },
        comparison: found.holder.map_or(String::new(), |id| {
            format!("/api/v1/holders/{id}/comparison")
        }),
        reasons: reasons(shell, found, judged),
        stay: presence(shell, found.presence),
        announced: found.announced.as_ref().map_or(String::new(), |list| {
            let advice = match list.decision {
                Some(decision) => shell.word("desk-announced", decision.name()),
                None => shell.word("desk-announced", list.advice.name()),
            };
            shell.t2(
                "desk-announced",
                ("journey", &list.journey),
                ("advice", &advice),
            )
        }),
        missing: match found.exits_missing.as_slice() {
            [] => String::new(),
            days => shell.t1(
                "desk-exits-missing",
                "days",
                join(days.iter().map(|day| day_of(shell, *day)).collect()),
            ),
        },
        overstay: overstay(shell, found),
        hits: found
            .hits
            .iter()
            .enumerate()
            .map(|(n, hit)| hit_line(shell, n, hit))
            .collect(),
        left_out: match found.left_out {
            0 => String::new(),
            n => shell.t1("name-check-left-out", "n", n),
        },
        alerts: found
            .alerts
            .iter()
            .map(|alert| alert_line(shell, alert))
            .collect(),
        past: past.collect(),
        protected: judged.protected,
        others: join(judged.others.iter().cloned().collect()),
        alert: judged.alert.map_or(String::new(), |id| id.to_string()),
        alert_others: join(
            judged
                .alert_others
                .iter()
                .map(ToString::to_string)
                .collect(),
        ),
    })
}

fn registry(shell: &Shell, found: &Assessment, citizen: bool) -> (Tone, String) {
    match (found.registry, citizen) {
        (Registry::Agrees, _) => (Tone::Green, shell.t("desk-registry-agrees")),
        (Registry::Differs, _) => (Tone::Red, shell.t("desk-registry-differs")),
        (Registry::Unknown, _) if found.alone => (Tone::Amber, shell.t("desk-registry-alone")),
        (Registry::Unknown, true) => (Tone::Amber, shell.t("desk-registry-unknown-citizen")),
        (Registry::Unknown, false) => (Tone::Grey, shell.t("desk-registry-unknown")),
    }
}

/// Reasons for second line, those that what is known suggests ticked.
fn reasons(
    shell: &Shell,
    found: &Assessment,
    judged: &Judged,
) -> Vec<(&'static str, String, bool)> {
    let suggested = suggested(found);
    let reasons = Reason::ALL.iter();
    let reasons = reasons.filter(|reason| !judged.protected || reason.protects());
    let line = |reason: &Reason| {
        let words = shell.word("case-reason", reason.name());
        (reason.name(), words, suggested.contains(reason))
    };
    reasons.map(line).collect()
}

/// What second line would look at, by what is known.
pub fn suggested(found: &Assessment) -> Vec<Reason> {
    let mut all = Vec::new();
    let hit = |hit: &Hit| matches!(hit.weight, Weight::Counts | Weight::Doubt { .. });
    if found.hits.iter().any(hit) || found.face_list.is_some() {
        all.push(Reason::ListHit);
    }
    let lost = found.subjects.contains(&Subject::LostDocument);
    if lost || found.expired || found.registry == Registry::Differs {
        all.push(Reason::DocumentDoubt);
    }
    let settled = matches!(
        found.overstay.map(|over| over.route),
        Some(Route::Officer | Route::Propose)
    );
    if settled || (!found.refusals.is_empty() && found.bases.is_empty()) {
        all.push(Reason::Stay);
    }
    all
}

/// Document numbers are read out in groups of three.
fn grouped(number: &str) -> String {
    let signs: Vec<char> = number.chars().collect();
    let groups: Vec<String> = signs
        .chunks(3)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}

fn birth(shell: &Shell, text: &str) -> String {
    match text.parse::<Day>() {
        Ok(day) => day_of(shell, day),
        Err(_) if text.is_empty() => shell.t("name-check-unknown"),
        Err(_) => text.to_owned(),
    }
}

fn answer(shell: &Shell, found: &Assessment, direction: Direction) -> (Tone, &'static str, String) {
    let way = match direction {
        Direction::Departure => "departure",
        _ => "arrival",
    };
    let asks = found
        .hits
        .iter()
        .any(|hit| hit.weight == Weight::Doubt { at_desk: true })
        || found
            .alerts
            .iter()
            .any(|alert| !alert.other && !alert.linked);
    if found.menu.passes && found.overstay.is_some() {
        (Tone::Amber, "scale", shell.t("desk-answer-charge"))
    } else if found.menu.passes {
        (
            Tone::Green,
            "circle-check",
            shell.word("desk-answer-pass", way),
        )
    } else if asks {
        (Tone::Amber, "circle-help", shell.t("desk-answer-ask"))
    } else {
        (
            Tone::Red,
            "octagon-alert",
            shell.word("desk-answer-stop", way),
        )
    }
}

fn why(
    shell: &Shell,
    place: &Place,
    document: &Document,
    found: &Assessment,
    judged: &Judged,
) -> Vec<String> {
    let mut all = Vec::new();
    if judged.protected {
        all.push(shell.t("desk-why-protected"));
    }
    if found.old_copies {
        all.push(shell.t("desk-why-copies"));
    }
    if found.held {
        all.push(shell.t("desk-why-held"));
    }
    for subject in &found.subjects {
        all.push(shell.word("desk-why", subject.name()));
    }
    if found
        .hits
        .iter()
        .any(|hit| matches!(hit.weight, Weight::Doubt { .. }))
    {
        all.push(shell.t("desk-why-doubt"));
    }
    if found
        .alerts
        .iter()
        .any(|alert| alert.linked && alert.status.is_open())
    {
        all.push(shell.t("desk-why-alert-open"));
    } else if found
        .alerts
        .iter()
        .any(|alert| !alert.other && !alert.linked)
    {
        all.push(shell.t("desk-why-alert"));
    }
    if found.registry == Registry::Differs {
        all.push(shell.t("desk-why-registry"));
    }
    if found.expired {
        all.push(shell.t("desk-why-expired"));
    }
    let foreign = !document.nationality.citizen();
    if foreign && place.direction == Direction::Arrival && found.bases.is_empty() {
        all.push(shell.t("desk-why-no-basis"));
    }
    let over = overstay(shell, found);
    if !over.is_empty() {
        all.push(over);
    }
    all
}

fn overstay(shell: &Shell, found: &Assessment) -> String {
    let Some(over) = found.overstay else {
        return String::new();
    };
    match over.route {
        Route::Charge { amount } => shell.t2(
            "desk-overstay-charge",
            ("n", &over.days),
            ("amount", &shell.number(amount)),
        ),
        Route::Officer => shell.t1("desk-overstay-officer", "n", over.days),
        Route::Propose => shell.t1("desk-overstay-propose", "n", over.days),
    }
}

/// Where the ledger says a person is, in words.
pub fn presence(shell: &Shell, presence: Presence) -> String {
    let day = |day: Day| day_of(shell, day);
    match presence {
        Presence::Unknown => shell.t("desk-presence-unknown"),
        Presence::Left { day: left } => shell.t1("desk-presence-left", "day", day(left)),
        Presence::Here {
            arrived,
            until: Some(until),
        } => shell.t2(
            "desk-presence-here",
            ("arrived", &day(arrived)),
            ("until", &day(until)),
        ),
        Presence::Here {
            arrived,
            until: None,
        } => shell.t1("desk-presence-home", "day", day(arrived)),
        Presence::NoExitRecorded { arrived, until } => shell.t2(
            "desk-presence-no-exit",
            ("arrived", &day(arrived)),
            ("until", &day(until)),
        ),
    }
}

fn at_desk(shell: &Shell, choice: &MenuChoice) -> Option<Mark> {
    let outcome = choice.records?;
    Some(Mark {
        outcome: outcome.name(),
        name: shell.word("desk-mark", choice.action.name()),
        receipt: choice.action == Action::Charge,
    })
}

fn lawful(shell: &Shell, place: &Place, choice: &MenuChoice) -> Lawful {
    let carries = match choice.action {
        Action::MayRefuseEntry => Action::RefuseEntry,
        action => action,
    };
    let grounds = place.pack.grounds.iter();
    let grounds = grounds.filter(|ground| ground.carries == carries);
    Lawful {
        name: shell.word("crossing-action", choice.action.name()),
        subject: choice.subject.map_or(String::new(), |subject| {
            shell.word("crossing-subject", subject.name())
        }),
        grounds: grounds
            .map(|ground| {
                let name = shell.word("crossing-ground", &ground.code);
                (name, ground.source.citation.clone())
            })
            .collect(),
    }
}

fn bases(shell: &Shell, found: &Assessment) -> Vec<BasisLine> {
    let line = |(n, basis): (usize, &super::assess::Basis)| {
        let name = match basis.code.strip_prefix("visit:") {
            Some(visit) => shell.word_or_other("crossing-visit", visit),
            None => basis.name.clone(),
        };
        BasisLine {
            code: basis.code.clone(),
            name: shell.t2(
                "desk-basis",
                ("name", &name),
                ("day", &day_of(shell, basis.until)),
            ),
            chosen: n == 0,
        }
    };
    found.bases.iter().enumerate().map(line).collect()
}

fn hit_line(shell: &Shell, n: usize, hit: &Hit) -> HitLine {
    let (tone, icon) = look(hit.verdict);
    let says = |feature: &str, says: super::assess::Says| {
        let name = shell.word("desk-evidence", feature);
        (name, says.name(), shell.word("desk-says", says.name()))
    };
    let (means, ask) = match hit.weight {
        Weight::Counts => ("counts", false),
        Weight::Doubt { at_desk: true } => ("ask", true),
        Weight::Doubt { at_desk: false } => ("second-line", false),
        Weight::Other => ("other", false),
        Weight::Cleared => ("cleared", false),
        Weight::Shown => ("shown", false),
    };
    HitLine {
        n,
        key: hit.key.clone(),
        name: hit.name.clone(),
        kind: shell.word("order-kind", hit.kind.name()),
        agency: shell.word("agency", hit.agency.name()),
        verdict: shell.word("name-check-verdict", hit.verdict.name()),
        tone,
        icon,
        evidence: vec![
            says("face", hit.face),
            says("number", hit.number),
            says("name", hit.by_name),
        ],
        means: shell.word("desk-hit", means),
        ask,
        score: hit.score.map_or(String::new(), |score| {
            shell.t1("name-check-score", "n", (score * 100.0).round() as u32)
        }),
        rows: lines(shell, &hit.rows),
    }
}

fn alert_line(shell: &Shell, alert: &LaneAlert) -> AlertLine {
    let means = match (alert.linked, alert.other, alert.status.is_open()) {
        (true, _, true) => "waits",
        (true, _, false) => "counts",
        (false, true, _) => "other",
        (false, false, _) => "ask",
    };
    AlertLine {
        id: alert.id.to_string(),
        ago: shell.ago(&alert.seen_at),
        status: shell.word("stage", alert.status.name()),
        means: shell.word("desk-alert", means),
        ask: !alert.linked && !alert.other,
        linked: alert.linked,
    }
}
