//! The frame of every page: language, theme, place, navigation, state of the line. Must not read the database:
//! `frame` fills it.

use std::fmt::Display;

use tapal_domain::{
    day::Day,
    role::{Permission, Role},
    standby::Standing,
    time::UtcMs,
};

use super::{
    assets,
    when::{Zone, clock_text},
    words::{self, Lang},
};

/// Light, dark, or as the device says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Always light.
    Light,
    /// Always dark.
    Dark,
    /// As the device.
    #[default]
    System,
}

impl Theme {
    /// The word in cookies and `data-theme`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }

    /// The theme with this word.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Light, Self::Dark, Self::System]
            .into_iter()
            .find(|theme| theme.code() == code)
    }
}

/// The meaning of a colour. An icon and a word always go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Needs you.
    Amber,
    /// Act now.
    Red,
    /// Settled.
    Green,
    /// Supervision.
    Violet,
    /// Neither.
    Grey,
}

impl Tone {
    /// The end of its class name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Amber => "amber",
            Self::Red => "red",
            Self::Green => "green",
            Self::Violet => "violet",
            Self::Grey => "grey",
        }
    }

    /// The icon of a message in this tone.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Amber => "triangle-alert",
            Self::Red => "circle-alert",
            Self::Green => "circle-check",
            Self::Violet => "scale",
            Self::Grey => "info",
        }
    }
}

impl Display for Tone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// A calm message in the page.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Its tone.
    pub tone: Tone,
    /// What happened.
    pub title: String,
    /// What it means and what to do; may be empty.
    pub text: String,
}

impl Notice {
    /// A message.
    pub fn new(tone: Tone, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            tone,
            title: title.into(),
            text: text.into(),
        }
    }
}

/// Who is signed in, as shown.
#[derive(Clone, Debug)]
pub struct Who {
    /// Name.
    pub name: String,
    /// Role code.
    pub role: &'static str,
}

/// One link of the navigation.
#[derive(Clone, Debug)]
pub struct NavLink {
    /// Address.
    pub href: &'static str,
    /// Translation key.
    pub key: &'static str,
    /// Icon.
    pub icon: &'static str,
    /// Whether it is this page or above it.
    pub current: bool,
    /// How many things wait there.
    pub count: usize,
    /// Whether it stands in the menu "more": the first ones of a role stand in the head.
    pub more: bool,
}

/// Links that stand in the head; the others are one press further.
const IN_THE_HEAD: usize = 6;

/// State of the nodes this person depends on.
#[derive(Clone, Copy, Debug)]
pub struct EdgeLine {
    /// Whether all of them were heard of just now.
    pub alive: bool,
    /// When the oldest of their lists was known to be current.
    pub list_at: Option<UtcMs>,
    /// Whether a node holds an older list than the centre's.
    pub behind: bool,
}

/// This server goes on without the centre.
#[derive(Clone, Copy, Debug)]
pub struct Alone {
    /// Since when; `None` when it has not heard of the centre since it was started.
    pub since: Option<UtcMs>,
    /// When its copies were last the centre's.
    pub heard_at: Option<UtcMs>,
    /// What they are good for.
    pub standing: Standing,
    /// Whether the centre answers again and is being handed what was recorded here.
    pub catching_up: bool,
}

impl Alone {
    /// The colour of its message.
    pub fn tone(&self) -> Tone {
        match self.standing.decides() {
            true => Tone::Amber,
            false => Tone::Red,
        }
    }
}

/// What every template has as `shell`.
#[derive(Clone, Debug)]
pub struct Shell {
    /// Language.
    pub lang: Lang,
    /// Theme.
    pub theme: Theme,
    /// Name of the page for styles and scripts.
    pub page: &'static str,
    /// Path and query of this page, to come back to.
    pub path: String,
    /// Who is signed in.
    pub who: Option<Who>,
    /// CSRF token of the session; empty when nobody is signed in.
    pub csrf: String,
    /// Site, by name.
    pub place: Option<String>,
    /// Desk, by name.
    pub desk: Option<String>,
    /// Navigation.
    pub nav: Vec<NavLink>,
    /// Alerts that wait for this person.
    pub waiting: usize,
    /// Whether the model pack is for demonstration only.
    pub demonstration: bool,
    /// Whether this is `tapal demo`.
    pub demo: bool,
    /// The centre's time when the page was made.
    pub now: UtcMs,
    /// Number of the last event the page knows of; `None` without live events.
    pub after: Option<i64>,
    /// How often the page asks anew by itself, milliseconds; 0 for never.
    pub poll_ms: u32,
    /// Nodes.
    pub edge: Option<EdgeLine>,
    /// Set at a standby server while the centre does not answer.
    pub alone: Option<Alone>,
    /// Local time zone.
    pub zone: Zone,
}

impl Shell {
    /// A frame without anybody signed in.
    pub fn outside(
        lang: Lang,
        theme: Theme,
        now: UtcMs,
        demonstration: bool,
        page: &'static str,
        path: String,
    ) -> Self {
        Self {
            lang,
            theme,
            page,
            path,
            who: None,
            csrf: String::new(),
            place: None,
            desk: None,
            nav: Vec::new(),
            waiting: 0,
            demonstration,
            demo: false,
            now,
            after: None,
            poll_ms: 0,
            edge: None,
            alone: None,
            zone: Zone::default(),
        }
    }

    /// Whether some links stand in the menu "more".
    pub fn has_more(&self) -> bool {
        self.nav.iter().any(|link| link.more)
    }

    /// Whether this page is one of them.
    pub fn current_is_more(&self) -> bool {
        self.nav.iter().any(|link| link.more && link.current)
    }

    /// A word.
    pub fn t(&self, key: &str) -> String {
        words::text(self.lang, key, &[])
    }

    /// A word with one value.
    pub fn t1(&self, key: &str, name: &str, value: impl Display) -> String {
        words::text(self.lang, key, &[(name, &value)])
    }

    /// A word with two values.
    pub fn t2(&self, key: &str, a: (&str, &dyn Display), b: (&str, &dyn Display)) -> String {
        words::text(self.lang, key, &[a, b])
    }

    /// The word of a code: `word("role", "supervisor")` is the key `role-supervisor`.
    pub fn word(&self, kind: &str, code: impl Display) -> String {
        words::text(self.lang, &format!("{kind}-{code}"), &[])
    }

    /// The word of a code that an outside program chose; `other` with `$code` when it is not known.
    pub fn word_or_other(&self, kind: &str, code: &str) -> String {
        let text = self.word(kind, code);
        if text.starts_with('[') {
            self.t1(&format!("{kind}-other"), "code", code)
        } else {
            text
        }
    }

    /// A whole number in the language's form.
    pub fn number(&self, value: impl TryInto<u64>) -> String {
        words::number(self.lang, value.try_into().unwrap_or(0))
    }

    /// A number with one decimal.
    pub fn decimal(&self, value: impl Into<f64>) -> String {
        words::decimal(self.lang, value.into())
    }

    /// `14:02:11`.
    pub fn clock(&self, at: UtcMs) -> String {
        self.zone.clock(at)
    }

    /// `21 Nov 2026, 14:02:11 WIB`.
    pub fn full(&self, at: &UtcMs) -> String {
        self.zone.full(self.lang, *at)
    }

    /// `21 Nov 2026`.
    pub fn day(&self, at: UtcMs) -> String {
        self.zone.day(self.lang, at)
    }

    /// `3 Nov 2026 – 22 Nov 2026`: days of the calendar of each checkpoint, both included.
    pub fn days(&self, first: Day, last: Day) -> String {
        let civil = Zone(0);
        let day = |day: Day| civil.day(self.lang, day.starts(0));
        format!("{} – {}", day(first), day(last))
    }

    /// How long ago, as `00:12`.
    pub fn ago(&self, at: &UtcMs) -> String {
        clock_text(self.now.since_ms(*at))
    }

    /// How long from now, as `00:14`.
    pub fn left(&self, at: &UtcMs) -> String {
        clock_text(at.since_ms(self.now) + 999)
    }

    /// The address of an embedded file.
    pub fn asset(&self, name: &str) -> &'static str {
        assets::address(name)
    }

    /// An icon of the sprite; decoration only, a word stands beside it.
    pub fn icon(&self, name: impl Display) -> String {
        format!(
            r#"<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{name}"/></svg>"#,
            assets::address("icons.svg")
        )
    }

    /// The mark of Tapal.
    pub fn mark(&self) -> String {
        format!(
            r#"<img class="mark" src="{}" alt="" width="22" height="22">"#,
            assets::address("mark.svg")
        )
    }

    /// The hidden field that proves a form is ours.
    pub fn csrf_field(&self) -> String {
        // The token is hexadecimal or base64url text made by the server: nothing in it needs escaping.
        format!(r#"<input type="hidden" name="csrf" value="{}">"#, self.csrf)
    }
}

/// The navigation of a role, in order of work.
pub fn nav(role: Role, page: &str, waiting: usize) -> Vec<NavLink> {
    use Permission::*;
    let all: [(
        &'static str,
        &'static str,
        &'static str,
        &str,
        Option<Permission>,
    ); 22] = [
        ("/", "nav-start", "house", "start", None),
        (
            "/desk",
            "nav-desk",
            "keyboard",
            "desk",
            Some(RecordCrossings),
        ),
        ("/audit", "nav-audit", "archive", "audit", Some(ReadAudit)),
        (
            "/alerts",
            "nav-alerts",
            "scan-face",
            "alerts",
            Some(ReadAlerts),
        ),
        (
            "/second-line",
            "nav-second-line",
            "shield-alert",
            "second-line",
            Some(ReadCases),
        ),
        (
            "/name-checks",
            "nav-name-checks",
            "user-check",
            "name-checks",
            Some(CheckNames),
        ),
        (
            "/holders",
            "nav-holders",
            "file-text",
            "holders",
            Some(ReadHolders),
        ),
        (
            "/passenger-lists",
            "nav-passenger-lists",
            "list",
            "passenger-lists",
            Some(ReadPassengerLists),
        ),
        (
            "/in-process",
            "nav-in-process",
            "hourglass",
            "in-process",
            Some(JudgeInProcess),
        ),
        (
            "/crossings",
            "nav-crossings",
            "list",
            "crossings",
            Some(ReadCrossings),
        ),
        (
            "/statistics",
            "nav-statistics",
            "file-text",
            "statistics",
            Some(ReadStatistics),
        ),
        ("/orders", "nav-orders", "gavel", "orders", Some(ReadOrders)),
        (
            "/imports",
            "nav-imports",
            "layers",
            "imports",
            Some(ReadOrders),
        ),
        (
            "/entries",
            "nav-entries",
            "id-card",
            "entries",
            Some(ReadEntries),
        ),
        (
            "/attempts",
            "nav-attempts",
            "history",
            "attempts",
            Some(ReadAttempts),
        ),
        (
            "/false-alerts",
            "nav-false-alerts",
            "chart-column",
            "false-alerts",
            Some(ReadAttempts),
        ),
        (
            "/cameras",
            "nav-cameras",
            "video",
            "cameras",
            Some(ReadSites),
        ),
        ("/sites", "nav-sites", "map-pin", "sites", Some(ReadSites)),
        (
            "/rule-packs",
            "nav-rule-packs",
            "scale",
            "rule-packs",
            Some(EditRules),
        ),
        ("/edges", "nav-edges", "server", "edges", Some(EditEdges)),
        (
            "/accounts",
            "nav-accounts",
            "users",
            "accounts",
            Some(EditAccounts),
        ),
        (
            "/standbys",
            "nav-standbys",
            "wifi",
            "standbys",
            Some(ReadStandbys),
        ),
    ];
    all.into_iter()
        .filter(|(.., needs)| needs.is_none_or(|permission| role.may(permission)))
        .map(|(href, key, icon, name, _)| NavLink {
            href,
            key,
            icon,
            current: page == name,
            count: if name == "alerts" { waiting } else { 0 },
            more: false,
        })
        .enumerate()
        .map(|(n, link)| NavLink {
            more: n >= IN_THE_HEAD,
            ..link
        })
        .collect()
}
