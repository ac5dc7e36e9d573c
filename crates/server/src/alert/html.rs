//! What the alert pages show, as words ready for the templates. Must not hold the list category, the name, the
//! order or an opinion before the view model gives them.

use askama::Template;
use tapal_domain::time::UtcMs;

use crate::{
    console::{Notice, Shell, Tone},
    group::ask::GroupAsk,
};

/// One row of my queue.
pub struct QueueItem {
    /// Alert id.
    pub id: String,
    /// Colour of its state.
    pub tone: Tone,
    /// Icon of its state.
    pub icon: &'static str,
    /// When seen, local time.
    pub clock: String,
    /// Lane or camera.
    pub place: String,
    /// Band or stage.
    pub what: String,
    /// Why it is mine.
    pub why: String,
    /// Next timer.
    pub due_at: Option<UtcMs>,
    /// Whether it is the one shown.
    pub current: bool,
    /// What a screen reader says when it arrives.
    pub announce: String,
    /// Whether it must be acted on now.
    pub urgent: bool,
}

/// One photograph.
pub struct Photo {
    /// Address.
    pub src: String,
    /// `shot 2 of 5`.
    pub label: String,
}

/// One opinion, shown only to those who may see it.
pub struct OpinionCard {
    /// First, second, supervisor's; by whom.
    pub title: String,
    /// Same, different, cannot tell.
    pub answer: String,
    /// Why.
    pub reason: String,
}

/// The entry, only after both opinions said same.
pub struct EntryCard {
    /// List.
    pub list: String,
    /// Name.
    pub name: String,
    /// Birth date.
    pub birth_date: String,
    /// Sex.
    pub sex: String,
    /// Nationality.
    pub nationality: String,
    /// Document number, in groups.
    pub document: String,
    /// Order reference.
    pub order: String,
    /// Requesting agency.
    pub agency: String,
    /// Period.
    pub in_force: String,
}

/// One step of its life, without opinions.
pub struct HistoryStep {
    /// Local time.
    pub clock: String,
    /// What.
    pub what: String,
    /// Who, when that may be known.
    pub who: String,
}

/// A reason offered with a key.
pub struct Reason {
    /// Stable code, stored.
    pub code: &'static str,
    /// Key on the keyboard.
    pub key: u8,
    /// Word.
    pub text: String,
}

/// The codes of the reasons offered, keys 4 to 9. Stored as `[code] own words`.
pub const REASONS: [&str; 6] = [
    "eyes",
    "nose_mouth",
    "ears",
    "face_shape",
    "marks",
    "poor_photo",
];

/// One alert.
pub struct Panel {
    /// Alert id.
    pub id: String,
    /// Colour of the band.
    pub tone: Tone,
    /// Icon of the band.
    pub icon: &'static str,
    /// Possible match, strong match.
    pub band: String,
    /// What the band means at this list size.
    pub meaning: String,
    /// Whether it is over.
    pub over: bool,
    /// Where it stands.
    pub stage: String,
    /// Colour of that.
    pub stage_tone: Tone,
    /// Next timer.
    pub due_at: Option<UtcMs>,
    /// What happens then.
    pub then: String,
    /// Shots of the person seen now.
    pub probes: Vec<Photo>,
    /// Photographs of the entry.
    pub enrolled: Vec<Photo>,
    /// Weaker candidates.
    pub others: Vec<Photo>,
    /// Site.
    pub site: String,
    /// Camera.
    pub camera: String,
    /// Lane; may be empty.
    pub lane: String,
    /// When seen, local time with zone.
    pub seen_at: String,
    /// Shots used.
    pub shots: String,
    /// Quality in words.
    pub quality: String,
    /// Its life so far.
    pub history: Vec<HistoryStep>,
    /// Opinions this person may see.
    pub opinions: Vec<OpinionCard>,
    /// The entry, when revealed.
    pub entry: Option<EntryCard>,
    /// What to do next, when similar.
    pub next_steps: Vec<String>,
    /// Heading when it is over; empty while open.
    pub settled: String,
    /// What that means.
    pub settled_text: String,
    /// Whether this person may take it.
    pub may_acknowledge: bool,
    /// Whether this person may give an opinion now.
    pub may_opine: bool,
    /// Whether this person may settle the disagreement now.
    pub may_resolve: bool,
    /// The question above the buttons.
    pub question: String,
    /// What this person must know about it.
    pub rule: String,
    /// Reasons offered.
    pub reasons: Vec<Reason>,
    /// Heading when there is nothing to do for this person.
    pub waiting: String,
    /// What that means.
    pub waiting_text: String,
    /// Opinion chosen in a form that came back.
    pub chosen: String,
    /// Reason chosen in a form that came back.
    pub why: String,
    /// Own words in a form that came back.
    pub typed: String,
    /// The group label as in the document: asked for, or recorded; `None` when it is not this person's to say.
    pub group: Option<GroupAsk>,
}

/// `/alerts` and `/alerts/{id}`.
#[derive(Template)]
#[template(path = "alert/page.html")]
pub struct AlertPage {
    /// Frame.
    pub shell: Shell,
    /// My queue.
    pub queue: Vec<QueueItem>,
    /// Why nothing was raised lately, in one line.
    pub reasons: String,
    /// The alert shown.
    pub alert: Option<Panel>,
    /// Message above the decision.
    pub notice: Option<Notice>,
}

/// One row of recent alerts.
pub struct RecentRow {
    /// Alert id.
    pub id: String,
    /// When seen.
    pub when: String,
    /// Site.
    pub site: String,
    /// Camera.
    pub camera: String,
    /// Band.
    pub band: String,
    /// State.
    pub status: String,
    /// Colour of the state.
    pub tone: Tone,
}

/// `/alerts/recent`.
#[derive(Template)]
#[template(path = "alert/recent.html")]
pub struct RecentPage {
    /// Frame.
    pub shell: Shell,
    /// Alerts, newest first.
    pub rows: Vec<RecentRow>,
}
