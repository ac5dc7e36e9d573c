//! One alert in words: band and its measured meaning, quality, stage, what is asked of this person, and, once it may
//! be shown, the entry and what to do next. Must take everything from the view model.

use tapal_domain::{
    alert::{Action, Alert, Kind, Level, Status, queue::Why},
    entry::{Agency, ListKind},
    opinion::Opinion,
    role::Permission,
    screening::Band,
    wire::ShotQuality,
};

use super::{
    html::{EntryCard, HistoryStep, OpinionCard, Panel, REASONS, Reason},
    page,
    view::{AlertView, EntryView, OpinionView},
};
use crate::{
    console::{Shell, Tone},
    session::Session,
};

/// The word of a band.
pub fn band_word(shell: &Shell, band: Band) -> String {
    shell.t(match band {
        Band::Unknown => "band-unknown",
        Band::Possible => "band-possible",
        Band::Match => "band-match",
    })
}

/// The end of the key of a reason to be in a queue.
pub fn why_code(why: Why) -> &'static str {
    match why {
        Why::YourDesk => "your_desk",
        Why::YourSite => "site",
        Why::TakenByYou => "taken",
        Why::SecondOpinion => "second",
        Why::Escalated => "escalated",
        Why::CommandCentre => "centre",
        Why::Disagreement => "disagreed",
    }
}

/// The colour of a status.
pub fn stage_tone(status: Status) -> Tone {
    match status {
        Status::Raised | Status::Acknowledged | Status::FirstOpinion => Tone::Amber,
        Status::Disagreed => Tone::Violet,
        Status::NotSame => Tone::Green,
        Status::Similar => Tone::Red,
        Status::UnresolvedExpired | Status::Withdrawn => Tone::Grey,
    }
}

/// Colour and icon in a queue: red only for what nobody has taken and is strong.
pub fn queue_look(view: &AlertView) -> (Tone, &'static str) {
    match view.status {
        Status::Raised if view.band == Band::Match => (Tone::Red, "octagon-alert"),
        Status::Raised => (Tone::Amber, "bell-ring"),
        Status::Disagreed => (Tone::Violet, "scale"),
        status => (stage_tone(status), "user-check"),
    }
}

/// Everything the template shows of one alert.
pub fn panel(shell: &Shell, session: &Session, view: &AlertView, life: &Alert) -> Panel {
    let (probes, enrolled, others) = page::photos(shell, view);
    let allowed = |kind: Kind| view.allowed.contains(&kind);
    let (may_opine, may_resolve) = (allowed(Kind::Opine), allowed(Kind::Resolve));
    let (tone, icon) = look(view);
    let (waiting, waiting_text) = waiting(shell, session, view);
    let settled = settled_key(view);
    Panel {
        id: view.id.to_string(),
        tone,
        icon,
        band: band_word(shell, view.band),
        meaning: meaning(shell, view),
        over: !view.status.is_open(),
        stage: shell.word("stage", view.status.name()),
        stage_tone: stage_tone(view.status),
        due_at: view.next_due_at,
        then: page::at_zero(shell, view),
        probes,
        enrolled,
        others,
        site: view.site_name.clone(),
        camera: view.camera_name.clone(),
        lane: view.lane_name.clone().unwrap_or_default(),
        seen_at: shell.full(&view.captured_at),
        shots: shell.t1("alert-shots-count", "n", view.shots),
        quality: quality(shell, &view.quality),
        history: history(shell, view, life),
        opinions: opinions(shell, view),
        entry: view.entry.as_ref().map(|entry| entry_card(shell, entry)),
        next_steps: view
            .entry
            .as_ref()
            .map(|entry| next_steps(shell, entry))
            .unwrap_or_default(),
        settled: settled.map(|key| shell.t(&key)).unwrap_or_default(),
        settled_text: settled_key(view)
            .map(|key| shell.t(&format!("{key}-text")))
            .unwrap_or_default(),
        may_acknowledge: allowed(Kind::Acknowledge),
        may_opine,
        may_resolve,
        question: question(shell, view),
        rule: rule(shell, view),
        reasons: REASONS
            .iter()
            .zip(4..)
            .map(|(code, key)| Reason {
                code,
                key,
                text: shell.word("reason", code),
            })
            .collect(),
        waiting,
        waiting_text,
        chosen: String::new(),
        why: String::new(),
        typed: String::new(),
        group: None,
    }
}

/// Red for a strong similarity that waits, or a similar one; then by status.
fn look(view: &AlertView) -> (Tone, &'static str) {
    match (view.status, view.band) {
        (Status::Similar, _) => (Tone::Red, "shield-alert"),
        (Status::NotSame, _) => (Tone::Green, "circle-check"),
        (Status::Disagreed, _) => (Tone::Violet, "scale"),
        (Status::UnresolvedExpired | Status::Withdrawn, _) => (Tone::Grey, "hourglass"),
        (_, Band::Match) => (Tone::Red, "octagon-alert"),
        _ => (Tone::Amber, "triangle-alert"),
    }
}

fn meaning(shell: &Shell, view: &AlertView) -> String {
    match view.chance_one_in {
        None => shell.t("alert-chance-unknown"),
        Some(n) if n < 10 => shell.t("alert-chance-common"),
        Some(n) => {
            let key = if view.chance_at_most {
                "alert-chance-at-most"
            } else {
                "alert-chance"
            };
            shell.t1(key, "n", shell.number(n))
        }
    }
}

/// Quality in words: overall, then what an officer should allow for.
fn quality(shell: &Shell, quality: &ShotQuality) -> String {
    let overall = match quality.overall {
        q if q >= 0.66 => "quality-good",
        q if q >= 0.33 => "quality-fair",
        _ => "quality-poor",
    };
    let mut words = vec![shell.t(overall)];
    let degrees = |value: f32| value.abs().round() as i64;
    if quality.yaw_deg.abs() >= 10.0 {
        words.push(shell.t1("quality-yaw", "n", degrees(quality.yaw_deg)));
    }
    if quality.pitch_deg.abs() >= 10.0 {
        words.push(shell.t1("quality-pitch", "n", degrees(quality.pitch_deg)));
    }
    if quality.sharpness < 0.3 {
        words.push(shell.t("quality-blurred"));
    }
    if quality.exposure < 0.25 {
        words.push(shell.t("quality-dark"));
    } else if quality.exposure > 0.8 {
        words.push(shell.t("quality-bright"));
    }
    words.push(shell.t1("quality-small", "n", quality.eye_distance_px.round() as i64));
    words.join(" · ")
}

/// What happened when; never what anybody thought of it, and no judge's name while another must still judge.
fn history(shell: &Shell, view: &AlertView, life: &Alert) -> Vec<HistoryStep> {
    // Only the last taker's name is known here; an earlier one gave no opinion and the alert went on.
    let taken = |step: &tapal_domain::alert::Step| step.action == Action::Acknowledge;
    let last_taken = life.steps().iter().rposition(taken);
    let step = |(n, step): (usize, &tapal_domain::alert::Step)| {
        let key = match &step.action {
            Action::Raise => "step-raise",
            Action::Acknowledge => "step-acknowledge",
            Action::Release => "step-release",
            Action::Escalate { to: Level::Desk } => "step-escalate-desk",
            Action::Escalate {
                to: Level::Supervisor,
            } => "step-escalate-supervisor",
            Action::Escalate {
                to: Level::CommandCentre,
            } => "step-escalate-command_centre",
            Action::Opine { .. } => "step-opine",
            Action::Resolve { .. } => "step-resolve-done",
            Action::Expire => "step-expire",
            Action::Withdraw => "step-withdraw",
        };
        let who = match &step.action {
            Action::Acknowledge if last_taken == Some(n) => {
                view.acknowledged_by.clone().unwrap_or_default()
            }
            _ => String::new(),
        };
        HistoryStep {
            clock: shell.clock(step.at),
            what: shell.t(key),
            who,
        }
    };
    life.steps().iter().enumerate().map(step).collect()
}

fn opinions(shell: &Shell, view: &AlertView) -> Vec<OpinionCard> {
    let mut n = 0;
    let card = |opinion: &OpinionView| {
        let title = if opinion.resolution {
            "opinion-resolution-title"
        } else {
            n += 1;
            if n == 1 {
                "opinion-first-title"
            } else {
                "opinion-second-title"
            }
        };
        OpinionCard {
            title: shell.t2(
                "opinion-by",
                ("title", &shell.t(title)),
                ("who", &opinion.by),
            ),
            answer: shell.word("opinion", opinion_code(opinion.opinion)),
            reason: reason_words(shell, &opinion.reason),
        }
    };
    view.opinions.iter().flatten().map(card).collect()
}

fn opinion_code(opinion: Opinion) -> &'static str {
    match opinion {
        Opinion::Same => "same",
        Opinion::Different => "different",
        Opinion::CannotTell => "cannot_tell",
    }
}

/// A stored reason `[code] own words` in the reader's language.
fn reason_words(shell: &Shell, stored: &str) -> String {
    let coded = stored
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    match coded.filter(|(code, _)| REASONS.contains(code)) {
        None => stored.to_owned(),
        Some((code, "")) => shell.word("reason", code),
        Some((code, own)) => format!("{}; {}", shell.word("reason", code), own.trim()),
    }
}

fn entry_card(shell: &Shell, entry: &EntryView) -> EntryCard {
    let person = &entry.person;
    EntryCard {
        list: shell.word("list", entry.list.name()),
        name: person.full_name.clone(),
        birth_date: or_dash(&person.birth_date),
        sex: sex(shell, &person.sex),
        nationality: person.nationality.clone(),
        document: or_dash(&in_groups(&person.document_number)),
        order: entry.order_reference.clone(),
        agency: shell.word("agency", entry.agency.name()),
        in_force: shell.days(entry.first_day, entry.last_day),
    }
}

/// The word of a sex as in ICAO Doc 9303.
pub fn sex(shell: &Shell, code: &str) -> String {
    shell.word("sex", if matches!(code, "M" | "F") { code } else { "X" })
}

/// The text, or a dash for nothing.
pub fn or_dash(text: &str) -> String {
    if text.trim().is_empty() {
        "–".to_owned()
    } else {
        text.to_owned()
    }
}

/// A document number in groups of three, to be read aloud.
pub fn in_groups(number: &str) -> String {
    let chars: Vec<char> = number.chars().filter(|c| !c.is_whitespace()).collect();
    chars
        .chunks(3)
        .map(|group| group.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}

fn next_steps(shell: &Shell, entry: &EntryView) -> Vec<String> {
    let mut steps = vec![shell.t("next-1"), shell.t("next-2"), shell.t("next-3")];
    if entry.list == ListKind::RedNotice || entry.agency == Agency::InterpolBureau {
        steps.push(shell.t("next-interpol"));
    }
    steps.push(shell.t1(
        "next-4",
        "agency",
        shell.word("agency", entry.agency.name()),
    ));
    steps
}

fn settled_key(view: &AlertView) -> Option<String> {
    let over = matches!(
        view.status,
        Status::NotSame | Status::UnresolvedExpired | Status::Withdrawn | Status::Similar
    );
    over.then(|| format!("settled-{}", view.status.name()))
}

fn question(shell: &Shell, view: &AlertView) -> String {
    shell.t(match view.status {
        Status::Disagreed => "question-resolve",
        Status::FirstOpinion => "question-second",
        _ => "question-first",
    })
}

fn rule(shell: &Shell, view: &AlertView) -> String {
    match view.status {
        Status::Disagreed => shell.t("rule-resolve"),
        Status::FirstOpinion => shell.t("rule-second"),
        _ if !view.acknowledged_by_me => match &view.acknowledged_by {
            Some(name) => shell.t1("rule-taken-by", "who", name),
            None => shell.t("rule-first"),
        },
        _ => shell.t("rule-first"),
    }
}

fn waiting(shell: &Shell, session: &Session, view: &AlertView) -> (String, String) {
    let key = if !session.may(Permission::JudgeAlerts) {
        "waiting-reader"
    } else {
        match view.status {
            Status::FirstOpinion if view.judged_by_me => "waiting-second",
            Status::Disagreed => "waiting-supervisor",
            Status::Acknowledged => "waiting-taken",
            _ => "waiting-not-yours",
        }
    };
    (shell.t(key), shell.t(&format!("{key}-text")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{Lang, shell::Theme};

    fn shell(lang: Lang) -> Shell {
        Shell::outside(
            lang,
            Theme::System,
            tapal_domain::time::UtcMs(0),
            false,
            "alerts",
            "/".into(),
        )
    }

    #[test]
    fn a_stored_reason_is_read_in_the_reader_s_language() {
        for (stored, en, id) in [
            ("[ears]", "ears", "telinga"),
            (
                "[marks] scar on the chin",
                "mark, scar, mole; scar on the chin",
                "tanda, parut, tahi lalat; scar on the chin",
            ),
            ("plain words", "plain words", "plain words"),
            ("[unknown] x", "[unknown] x", "[unknown] x"),
        ] {
            assert_eq!(reason_words(&shell(Lang::En), stored), en);
            assert_eq!(reason_words(&shell(Lang::Id), stored), id);
        }
    }

    #[test]
    fn document_numbers_are_grouped() {
        assert_eq!(in_groups("SP4522480"), "SP4 522 480");
        assert_eq!(or_dash(&in_groups("")), "–");
    }
}
