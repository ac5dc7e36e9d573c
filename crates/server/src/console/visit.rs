//! Who visits which page: fills the frame of a page from the session, the cookies and the database.
//! Must not decide rights: the guard did before.

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use tapal_domain::{
    id::SiteId,
    role::Permission,
    time::{SECOND_MS, UtcMs},
};
use tapal_store::{edge, event, site};

use super::{
    shell::{Alone, EdgeLine, NavLink, Notice, Shell, Theme, Tone, Who, nav},
    when::Zone,
    words::Lang,
};
use crate::{
    error::{ApiError, ApiResult},
    session::Session,
    standby::{alone, link::Mode},
    state::AppState,
};

/// A node not heard of for this long is called silent.
pub const SILENT_MS: i64 = 10 * SECOND_MS;

/// A signed-in visitor, as a handler argument.
pub struct Visit {
    /// Who.
    pub session: Session,
    /// Local time of the visitor's site.
    pub zone: Zone,
    base: Shell,
    done: Option<&'static str>,
}

impl Visit {
    /// The frame of a page.
    pub fn shell(&self, page: &'static str) -> Shell {
        let mut shell = self.base.clone();
        shell.page = page;
        shell.nav = nav(self.session.role, page, shell.waiting);
        if shell.alone.is_some() {
            // What waits for the centre is not offered.
            let goes_on = |link: &NavLink| alone::answers(&Method::GET, link.href);
            shell.nav.retain(goes_on);
        }
        shell
    }

    /// The frame of a page that also asks anew by itself.
    pub fn polling(&self, page: &'static str, poll_ms: u32) -> Shell {
        Shell {
            poll_ms,
            ..self.shell(page)
        }
    }

    /// The message about what was just done, from `?done=`.
    pub fn done(&self) -> Option<Notice> {
        self.done
            .map(|key| Notice::new(Tone::Green, self.base.t(key), ""))
    }
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let session = parts
            .extensions
            .get::<Session>()
            .cloned()
            .ok_or_else(ApiError::not_signed_in)?;
        let uri = parts.uri.clone();
        let base = frame(state, &session, &parts.headers, &uri).await?;
        Ok(Self {
            zone: base.zone,
            done: done(&uri),
            session,
            base,
        })
    }
}

/// A visitor who may not be signed in, as a handler argument: language and theme from cookies.
pub struct Outside(pub Shell);

impl FromRequestParts<AppState> for Outside {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        Ok(Self(outside(state, &parts.headers, &parts.uri)))
    }
}

/// The frame without anybody signed in.
pub fn outside(state: &AppState, headers: &HeaderMap, uri: &Uri) -> Shell {
    let lang = cookie(headers, LANGUAGE)
        .and_then(Lang::from_code)
        .unwrap_or_default();
    let mut shell = Shell::outside(
        lang,
        theme(headers),
        state.clock.now(),
        state.config.model.demonstration,
        "outside",
        path_of(uri),
    );
    shell.demo = state.config.demo;
    shell.alone = state.without_centre().map(|link| {
        let seen = link.seen();
        Alone {
            since: seen.since,
            heard_at: seen.heard_at,
            standing: link.standing(shell.now),
            catching_up: seen.mode == Mode::CatchingUp,
        }
    });
    shell
}

/// The frame of a signed-in person.
pub async fn frame(
    state: &AppState,
    session: &Session,
    headers: &HeaderMap,
    uri: &Uri,
) -> ApiResult<Shell> {
    let mut shell = outside(state, headers, uri);
    shell.lang = Lang::from_code(&session.language).unwrap_or_default();
    shell.who = Some(Who {
        name: session.display_name.clone(),
        role: session.role.name(),
    });
    shell.csrf = session.csrf.clone();
    if session.must_change {
        return Ok(shell);
    }
    if let Some(id) = session.site {
        let own = site::get(&state.db, id).await?;
        shell.zone = Zone(own.utc_offset_minutes);
        shell.place = Some(own.name);
        if let Some(desk) = session.desk {
            shell.desk = site::desks(&state.db, id)
                .await?
                .into_iter()
                .find(|known| known.id == desk)
                .map(|known| known.name);
        }
    }
    if session.may(Permission::ReadAlerts) || session.may(Permission::ReadSites) {
        shell.after = Some(event::head(&state.db).await?);
    }
    // Health of nodes is not copied: nothing is said of it while the centre does not answer.
    if session.may(Permission::ReadSites) && shell.alone.is_none() {
        shell.edge = edge_line(state, session.site, shell.now).await?;
    }
    if session.may(Permission::ReadAlerts) {
        shell.waiting = crate::alert::page::waiting(state, session).await?;
    }
    Ok(shell)
}

/// Whether all enrolled nodes were heard of, and since when the oldest of their lists is known to be current.
async fn edge_line(
    state: &AppState,
    own: Option<SiteId>,
    now: UtcMs,
) -> ApiResult<Option<EdgeLine>> {
    let nodes = edge::list(&state.db, own).await?;
    let sites = site::list(&state.db).await?;
    let mut line: Option<EdgeLine> = None;
    for node in nodes
        .iter()
        .filter(|node| node.enrolled_at.is_some() && node.retired_at.is_none())
    {
        let alive = node
            .health_at
            .is_some_and(|at| now.since_ms(at) < SILENT_MS);
        let wanted = sites
            .iter()
            .find(|site| site.id == node.site)
            .map_or(0, |site| site.list_version);
        let current = node
            .health
            .as_ref()
            .is_some_and(|health| health.list_version >= wanted);
        let list_at = node.health_at.filter(|_| current);
        line = Some(match line {
            None => EdgeLine {
                alive,
                list_at,
                behind: !current,
            },
            Some(all) => EdgeLine {
                alive: all.alive && alive,
                list_at: all.list_at.zip(list_at).map(|(a, b)| a.min(b)),
                behind: all.behind || !current,
            },
        });
    }
    Ok(line)
}

/// Cookie of the language, readable before signing in.
pub const LANGUAGE: &str = "tapal_language";
/// Cookie of the theme.
pub const THEME: &str = "tapal_theme";

fn theme(headers: &HeaderMap) -> Theme {
    cookie(headers, THEME)
        .and_then(Theme::from_code)
        .unwrap_or_default()
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// A cookie of a choice that is no secret, for a year.
pub fn choice_cookie(name: &str, value: &str) -> ApiResult<HeaderValue> {
    let text = format!("{name}={value}; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&text).map_err(ApiError::internal)
}

fn path_of(uri: &Uri) -> String {
    uri.path_and_query()
        .map_or("/".to_owned(), |path| path.as_str().to_owned())
}

/// What may be said after a redirect; nothing else can be put into the page by an address.
const DONE: [(&str, &str); 28] = [
    ("import-dropped", "import-dropped-notice"),
    ("drafted", "order-drafted-notice"),
    ("corrected", "order-corrected-notice"),
    ("order", "order-done-notice"),
    ("proposed", "policy-proposed-notice"),
    ("approved", "policy-approved-notice"),
    ("decided", "policy-decided-notice"),
    ("group-proposed", "group-proposed-notice"),
    ("group-approved", "group-approved-notice"),
    ("group-decided", "group-decided-notice"),
    ("group-ended", "group-ended-notice"),
    ("group-counted", "group-counted-notice"),
    ("held", "entry-held-notice"),
    ("judged", "finding-decided"),
    ("saved", "shell-saved"),
    ("site", "site-added"),
    ("camera", "camera-added"),
    ("entry", "entry-recorded-notice"),
    ("ended", "entry-ended-notice"),
    ("closed", "account-closed-notice"),
    ("key", "credential-ended-notice"),
    ("retired", "edge-retired-notice"),
    ("password", "session-changed"),
    ("referred", "desk-referred-notice"),
    ("case", "case-done-notice"),
    ("crossing-corrected", "crossing-corrected-notice"),
    ("standby-retired", "standby-retired-notice"),
    ("standby-settled", "standby-settled-notice"),
];

fn done(uri: &Uri) -> Option<&'static str> {
    let code = uri
        .query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("done="))?;
    DONE.into_iter()
        .find(|(known, _)| *known == code)
        .map(|(_, key)| key)
}

/// A page as a reply. Pages are personal: nothing on the way may keep them.
pub fn show(page: impl Template) -> ApiResult<Response> {
    show_as(StatusCode::OK, page)
}

/// A page with another status.
pub fn show_as(status: StatusCode, page: impl Template) -> ApiResult<Response> {
    let text = page.render().map_err(ApiError::internal)?;
    Ok((status, [(header::CACHE_CONTROL, "no-store")], Html(text)).into_response())
}

/// 303 to a page of ours.
pub fn see_other(path: impl AsRef<str>) -> ApiResult<Response> {
    let location = HeaderValue::from_str(path.as_ref()).map_err(ApiError::internal)?;
    Ok((
        StatusCode::SEE_OTHER,
        [
            (header::LOCATION, location),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ],
    )
        .into_response())
}

/// A path of this site to go back to; the start page for anything else.
pub fn own_path(path: &str) -> &str {
    // Browsers drop tabs and line ends from an address and read a backslash as a slash.
    let strange = |c: char| c == '\\' || c.is_control();
    let own = path.starts_with('/') && !path.starts_with("//") && !path.contains(strange);
    if own { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_paths_are_gone_back_to() {
        for (path, expect) in [
            ("/alerts?x=1", "/alerts?x=1"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil", "/"),
            ("/\t/evil.example", "/"),
            ("/\n/evil.example", "/"),
            ("/a\u{0}", "/"),
            ("/a\u{85}b", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_path(path), expect);
        }
    }

    #[test]
    fn an_address_cannot_put_words_into_a_page() {
        assert_eq!(
            done(&Uri::from_static("/sites?done=saved")),
            Some("shell-saved")
        );
        assert_eq!(done(&Uri::from_static("/sites?done=%3Cb%3E")), None);
    }
}
