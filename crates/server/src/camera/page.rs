//! `/cameras` and `/cameras/{id}`: health in words, live counters, what became of everybody. Must not show a source
//! with its credentials.

use askama::Template;
use axum::{extract::State, response::Response};
use tapal_domain::{
    id::CameraId,
    site::Direction,
    time::UtcMs,
    wire::{CameraState, Counters},
};
use tapal_store::edge::{self, Edge};

use super::CameraView;
use crate::{
    console::{Shell, Tone, Visit, show, visit::SILENT_MS, when::Zone},
    error::{ApiError, ApiResult},
    extract::At,
    state::AppState,
};

/// One camera on the overview.
pub struct Tile {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Site.
    pub site: String,
    /// State in a word.
    pub state: String,
    /// Colour of the state.
    pub tone: Tone,
    /// Icon of the state.
    pub icon: &'static str,
    /// Why it does not run; empty when it does.
    pub reason: String,
    /// Source without credentials.
    pub source: String,
    persons: String,
    searches: String,
    matches: String,
    fps: String,
}

#[derive(Template)]
#[template(path = "camera/list.html")]
struct CamerasPage {
    shell: Shell,
    tiles: Vec<Tile>,
}

struct Detail {
    id: String,
    name: String,
    site: String,
    direction: String,
    state: String,
    tone: Tone,
    icon: &'static str,
    since: Option<UtcMs>,
    reason: String,
    reason_next: String,
    fps: String,
    fps_raw: f32,
    frame_size: String,
    last_frame: Option<UtcMs>,
    engine: String,
    pack: String,
    restarts: String,
    heard: Option<UtcMs>,
    gallery: String,
    spooled: String,
    source: String,
}

struct Figure {
    name: String,
    value: String,
}

#[derive(Template)]
#[template(path = "camera/page.html")]
struct CameraPage {
    shell: Shell,
    camera: Detail,
    figures: Vec<Figure>,
    missed: Vec<Figure>,
}

/// `GET /cameras`.
pub async fn list(State(state): State<AppState>, visit: Visit) -> ApiResult<Response> {
    let shell = visit.polling("cameras", 2_000);
    let tiles = tiles(&state, &visit, &shell, None).await?;
    show(CamerasPage { shell, tiles })
}

/// The cameras this person may see, of one site or of all.
pub async fn tiles(
    state: &AppState,
    visit: &Visit,
    shell: &Shell,
    site: Option<tapal_domain::id::SiteId>,
) -> ApiResult<Vec<Tile>> {
    let sites = crate::site::visible(state, &visit.session).await?;
    let nodes = edge::list(&state.db, visit.session.site).await?;
    let views = super::views(state, &visit.session, site).await?;
    let tile = |view: CameraView| {
        let site = sites
            .iter()
            .find(|site| site.id == view.camera.site)
            .map(|site| site.name.clone())
            .unwrap_or_default();
        let (word, tone, icon) = look(shell, &view);
        let health = view.seen.as_ref().map(|seen| &seen.health);
        Tile {
            id: view.camera.id.to_string(),
            reason: reason(shell, &view, node_of(&nodes, &view)),
            site,
            state: word,
            tone,
            icon,
            persons: shell.number(view.today.persons),
            searches: shell.number(view.today.searches),
            matches: shell.number(view.today.matches),
            fps: shell.decimal(
                health
                    .filter(|_| is_live(shell, &view))
                    .map_or(0.0, |health| health.fps),
            ),
            source: view.camera.source_shown,
            name: view.camera.name,
        }
    };
    Ok(views.into_iter().map(tile).collect())
}

fn node_of<'a>(nodes: &'a [Edge], view: &CameraView) -> Option<&'a Edge> {
    let seen = view.seen.as_ref()?;
    nodes.iter().find(|node| node.id == seen.edge)
}

fn is_silent(shell: &Shell, view: &CameraView) -> bool {
    view.seen
        .as_ref()
        .is_some_and(|seen| shell.now.since_ms(seen.at) > SILENT_MS)
}

fn is_live(shell: &Shell, view: &CameraView) -> bool {
    !is_silent(shell, view)
        && view
            .seen
            .as_ref()
            .is_some_and(|seen| seen.health.state == CameraState::Live)
}

/// State as word, colour and icon. A silent node says nothing true about its cameras, so it comes first.
fn look(shell: &Shell, view: &CameraView) -> (String, Tone, &'static str) {
    let (key, tone, icon) = match &view.seen {
        _ if !view.camera.enabled => ("camera-off", Tone::Grey, "video-off"),
        None => ("camera-unknown", Tone::Grey, "circle-dot"),
        Some(_) if is_silent(shell, view) => ("camera-silent", Tone::Red, "plug"),
        Some(seen) => match seen.health.state {
            CameraState::Off => ("camera-off", Tone::Grey, "video-off"),
            CameraState::Starting => ("camera-starting", Tone::Amber, "loader-circle"),
            CameraState::Live => ("camera-live", Tone::Green, "video"),
            CameraState::Down => ("camera-down", Tone::Red, "video-off"),
        },
    };
    (shell.t(key), tone, icon)
}

fn reason(shell: &Shell, view: &CameraView, node: Option<&Edge>) -> String {
    let refused = node
        .and_then(|node| node.health.as_ref())
        .and_then(|health| health.refused.as_deref());
    if let Some(code) = refused {
        return shell.word_or_other("refused", code);
    }
    let health = view.seen.as_ref().map(|seen| &seen.health);
    match health
        .filter(|health| health.state != CameraState::Live)
        .and_then(|health| health.reason.as_deref())
    {
        Some(code) => shell.word_or_other("camera-reason", code),
        None => String::new(),
    }
}

/// `GET /cameras/{id}`.
pub async fn one(
    State(state): State<AppState>,
    visit: Visit,
    At(id): At<CameraId>,
) -> ApiResult<Response> {
    let mut shell = visit.polling("cameras", 2_000);
    let views = super::views(&state, &visit.session, None).await?;
    let view = views
        .into_iter()
        .find(|view| view.camera.id == id)
        .ok_or_else(ApiError::not_found)?;
    let site = tapal_store::site::get(&state.db, view.camera.site).await?;
    shell.zone = Zone(site.utc_offset_minutes);
    let nodes = edge::list(&state.db, Some(site.id)).await?;
    let missed = view.today.not_searched.iter().filter(|(_, n)| **n > 0);
    let missed = missed
        .map(|(reason, n)| Figure {
            name: shell.word("not-searched", reason.name()),
            value: shell.number(*n),
        })
        .collect();
    let figures = figures(&shell, &view.today);
    let camera = detail(&shell, view, site.name, &nodes);
    show(CameraPage {
        camera,
        figures,
        missed,
        shell,
    })
}

fn figures(shell: &Shell, c: &Counters) -> Vec<Figure> {
    let missed: u64 = c.not_searched.values().sum();
    let all = [
        ("camera-persons", c.persons),
        ("camera-faces", c.faces),
        ("camera-missed", missed),
        ("camera-searches", c.searches),
        ("camera-matches", c.matches),
        ("camera-destroyed", c.destroyed),
        ("camera-merged", c.merged),
        ("camera-frames", c.frames),
        ("camera-dropped", c.frames_dropped),
        ("camera-bad", c.frames_bad),
    ];
    all.into_iter()
        .map(|(key, n)| Figure {
            name: shell.t(key),
            value: shell.number(n),
        })
        .collect()
}

fn detail(shell: &Shell, view: CameraView, site: String, nodes: &[Edge]) -> Detail {
    let (word, tone, icon) = look(shell, &view);
    let reason = reason(shell, &view, node_of(nodes, &view));
    let node = node_of(nodes, &view).and_then(|node| node.health.as_ref());
    let seen = view.seen.as_ref();
    let live = is_live(shell, &view);
    let [width, height] = seen.map_or([0, 0], |seen| seen.health.frame_size);
    let fps = seen.filter(|_| live).map_or(0.0, |seen| seen.health.fps);
    let gallery = |health: &tapal_domain::wire::HealthReport| {
        shell.t2(
            "camera-gallery-of",
            ("n", &shell.number(health.gallery_size)),
            ("v", &health.list_version),
        )
    };
    Detail {
        id: view.camera.id.to_string(),
        site,
        direction: direction(shell, view.camera.direction),
        state: word,
        tone,
        icon,
        since: seen.map(|seen| seen.health.since),
        reason_next: shell.t("camera-reason-next"),
        reason,
        fps: shell.decimal(fps),
        fps_raw: fps,
        frame_size: format!("{width} × {height}"),
        last_frame: seen.and_then(|seen| seen.health.last_frame_at),
        engine: node.map_or_else(|| "–".into(), |health| health.engine.clone()),
        pack: node.map_or_else(|| "–".into(), |health| health.pack.clone()),
        restarts: shell.number(seen.map_or(0, |seen| seen.health.restarts)),
        heard: seen.map(|seen| seen.at),
        gallery: node.map_or_else(|| "–".into(), gallery),
        spooled: shell.number(node.map_or(0, |health| health.spooled)),
        source: view.camera.source_shown,
        name: view.camera.name,
    }
}

/// The word of a direction.
pub fn direction(shell: &Shell, direction: Direction) -> String {
    shell.t(match direction {
        Direction::Arrival => "direction-arrival",
        Direction::Departure => "direction-departure",
        Direction::Neither => "direction-neither",
    })
}
