//! Cameras: what they are, their health, today's counters. Must not send a source with its credentials.

pub mod page;

use std::collections::HashMap;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    id::{CameraId, LaneId, SiteId},
    site::Direction,
    time::DAY_MS,
    wire::Counters,
};
use tapal_store::{
    By,
    camera::{self, Camera, NewCamera, Seen},
};
use utoipa::ToSchema;

use crate::{
    AppState, Session,
    edge::OfSite,
    error::{ApiError, ApiResult},
    extract::{At, Input, Params},
};

/// A camera with its health and what it counted today (UTC).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CameraView {
    /// The camera.
    #[serde(flatten)]
    pub camera: Camera,
    /// Its last report; `null` before the first.
    pub seen: Option<Seen>,
    /// Counters of today.
    pub today: Counters,
}

/// Cameras of the account's site or, without one, of the site asked for or of all.
pub async fn views(
    state: &AppState,
    session: &Session,
    site: Option<SiteId>,
) -> ApiResult<Vec<CameraView>> {
    let site = session.site.or(site);
    let day = state.clock.now().0.div_euclid(DAY_MS);
    let mut seen: HashMap<CameraId, Seen> = camera::seen(&state.db, site)
        .await?
        .into_iter()
        .map(|seen| (seen.health.camera, seen))
        .collect();
    let mut today: HashMap<CameraId, Counters> = camera::counted(&state.db, site, day)
        .await?
        .into_iter()
        .collect();
    let cameras = camera::list(&state.db, site).await?;
    let view = |camera: Camera| CameraView {
        seen: seen.remove(&camera.id),
        today: today.remove(&camera.id).unwrap_or_default(),
        camera,
    };
    Ok(cameras.into_iter().map(view).collect())
}

/// Cameras with health and counters.
#[utoipa::path(get, path = "/api/v1/cameras", tag = "camera", params(OfSite), responses((status = 200, body = Vec<CameraView>)))]
pub async fn list(
    State(state): State<AppState>,
    session: Session,
    Params(of): Params<OfSite>,
) -> ApiResult<Json<Vec<CameraView>>> {
    Ok(Json(views(&state, &session, of.site).await?))
}

/// A camera as handed in.
#[derive(Clone, Deserialize, ToSchema)]
pub struct CameraInput {
    /// Name, unique in the site.
    pub name: String,
    /// Lane it looks at.
    pub lane: Option<LaneId>,
    /// Which way people walk.
    pub direction: Direction,
    /// `rtsp://`, `rtsps://`, `http(s)://` (MJPEG), `file:` (looped) or `v4l2:/dev/video0`; leave it out to keep the stored one.
    pub source: Option<String>,
    /// Frames analysed a second, 1 to 30; 8 when left out.
    pub fps: Option<f32>,
    /// Width at which faces are looked for, 160 to 3840; 640 when left out.
    pub detect_width: Option<u32>,
    /// Smallest distance between the eyes in pixels, 8 to 400; 24 when left out.
    pub min_eye_distance_px: Option<f32>,
    /// Whether it runs; true when left out.
    pub enabled: Option<bool>,
}

/// Checks a name of a site's part.
pub fn name_of(text: &str) -> ApiResult<String> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 80 {
        return Err(ApiError::invalid(
            "name_missing",
            "give a name of 1 to 80 characters",
        ));
    }
    Ok(name.to_owned())
}

fn checked_source(source: &str) -> ApiResult<String> {
    let source = source.trim();
    let rest = [
        "rtsp://",
        "rtsps://",
        "http://",
        "https://",
        "file:",
        "v4l2:/dev/video",
    ]
    .iter()
    .find_map(|scheme| source.strip_prefix(scheme));
    let plain = !source
        .chars()
        .any(|c| c.is_control() || c == ' ' && !source.starts_with("file:"));
    if plain && source.len() <= 1_000 && rest.is_some_and(|rest| !rest.is_empty()) {
        return Ok(source.to_owned());
    }
    Err(ApiError::invalid(
        "bad_source",
        "a source begins with rtsp://, rtsps://, http:// or https:// (MJPEG), file: (a clip, looped) or v4l2:/dev/video",
    ))
}

fn within<T: PartialOrd + Copy>(
    value: Option<T>,
    default: T,
    low: T,
    high: T,
    code: &'static str,
    message: &str,
) -> ApiResult<T> {
    let value = value.unwrap_or(default);
    if value >= low && value <= high {
        Ok(value)
    } else {
        Err(ApiError::invalid(code, message))
    }
}

impl CameraInput {
    /// Checks every field, with a message a person understands.
    pub fn checked(&self, id: CameraId, site: SiteId) -> ApiResult<NewCamera> {
        Ok(NewCamera {
            id,
            site,
            lane: self.lane,
            name: name_of(&self.name)?,
            direction: self.direction,
            source: self
                .source
                .as_deref()
                .filter(|s| !s.trim().is_empty())
                .map(checked_source)
                .transpose()?,
            fps: within(
                self.fps,
                8.0,
                1.0,
                30.0,
                "bad_fps",
                "frames a second must be 1 to 30",
            )?,
            detect_width: within(
                self.detect_width,
                640,
                160,
                3840,
                "bad_detect_width",
                "the detection width must be 160 to 3840 pixels",
            )?,
            min_eye_distance_px: within(
                self.min_eye_distance_px,
                24.0,
                8.0,
                400.0,
                "bad_eye_distance",
                "the smallest eye distance must be 8 to 400 pixels",
            )?,
            enabled: self.enabled.unwrap_or(true),
        })
    }
}

/// Records a camera; its id.
pub async fn add_to(
    state: &AppState,
    by: By,
    site: SiteId,
    input: &CameraInput,
) -> ApiResult<CameraId> {
    let new = input.checked(CameraId(state.clock.new_uuid()), site)?;
    if new.source.is_none() {
        return Err(ApiError::invalid(
            "bad_source",
            "say where the video comes from",
        ));
    }
    camera::add(&state.db, state.clock.now(), by, &new).await?;
    Ok(new.id)
}

/// Records a camera of a site.
#[utoipa::path(post, path = "/api/v1/sites/{id}/cameras", tag = "camera", params(("id" = SiteId, Path)), request_body = CameraInput,
    responses((status = 201, body = Camera)))]
pub async fn add(
    State(state): State<AppState>,
    session: Session,
    At(site): At<SiteId>,
    Input(input): Input<CameraInput>,
) -> ApiResult<(StatusCode, Json<Camera>)> {
    session.require_site(site)?;
    let id = add_to(&state, session.by(), site, &input).await?;
    Ok((StatusCode::CREATED, Json(camera::get(&state.db, id).await?)))
}

/// Changes a camera.
#[utoipa::path(patch, path = "/api/v1/cameras/{id}", tag = "camera", params(("id" = CameraId, Path)), request_body = CameraInput,
    responses((status = 200, body = Camera)))]
pub async fn change(
    State(state): State<AppState>,
    session: Session,
    At(id): At<CameraId>,
    Input(input): Input<CameraInput>,
) -> ApiResult<Json<Camera>> {
    let site = camera::get(&state.db, id).await?.site;
    session.require_site(site)?;
    camera::change(
        &state.db,
        state.clock.now(),
        session.by(),
        &input.checked(id, site)?,
    )
    .await?;
    Ok(Json(camera::get(&state.db, id).await?))
}

#[cfg(test)]
mod tests {
    use super::checked_source;

    #[test]
    fn only_known_sources_are_taken() {
        for (source, good) in [
            ("rtsp://u:p@10.0.0.5:554/live", true),
            ("rtsps://cam/1", true),
            ("http://cam/mjpg", true),
            ("file:clips/hall one.mp4", true),
            ("v4l2:/dev/video0", true),
            ("v4l2:/etc/passwd", false),
            ("rtsp://", false),
            ("concat:a|b", false),
            ("-i /etc/passwd", false),
            ("rtsp://cam/1 -f null", false),
            ("rtsp://cam/\n1", false),
        ] {
            assert_eq!(checked_source(source).is_ok(), good, "{source}");
        }
    }
}
