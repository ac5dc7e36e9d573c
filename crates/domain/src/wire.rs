//! What camera nodes and the centre say to each other, over HTTPS, as JSON. Must stay backward compatible
//! within one API version. Bytes travel as standard base64 text. `Debug` of anything with a face is redacted.

use serde::{Deserialize, Serialize};

use crate::{
    entry::ListKind,
    id::{AlertId, AttemptId, BootId, CameraId, EdgeId, EntryId, LaneId, SiteId, TrackId},
    screening::{Band, NotSearched, Threshold},
    site::{Deployment, Direction, SiteKind},
    time::UtcMs,
};

/// Header names of a signed request. The signature covers
/// `tapal-1 \n METHOD \n path?query \n time-ms \n nonce \n hex(sha256(body))`, Ed25519, base64.
pub mod header {
    /// Edge id.
    pub const EDGE: &str = "tapal-edge";
    /// UTC milliseconds at sending.
    pub const TIME: &str = "tapal-time";
    /// Random text, never used twice.
    pub const NONCE: &str = "tapal-nonce";
    /// Base64 of the Ed25519 signature.
    pub const SIGNATURE: &str = "tapal-signature";
}

/// The text a request signature covers.
pub fn signed_text(
    method: &str,
    path_and_query: &str,
    time: UtcMs,
    nonce: &str,
    body_sha256_hex: &str,
) -> String {
    format!(
        "tapal-1\n{method}\n{path_and_query}\n{}\n{nonce}\n{body_sha256_hex}",
        time.0
    )
}

/// `POST /api/v1/edges/enrol`, unsigned: the one-time token proves the right to enrol.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolRequest {
    /// One-time token from the console.
    pub token: String,
    /// Base64 of the Ed25519 public key, 32 bytes.
    pub public_key: String,
}

/// Reply to an enrolment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolReply {
    /// The node's id from now on.
    pub edge: EdgeId,
    /// Its site.
    pub site: SiteId,
    /// Base64 of the centre's Ed25519 public key: list deltas are checked against it.
    pub centre_key: String,
}

/// `GET /api/v1/edge/config`: what this node must do. The node polls; `revision` says whether anything changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EdgeConfig {
    /// Grows with every change of the site, its cameras or policy.
    pub revision: i64,
    /// The site.
    pub site: SiteId,
    /// What kind of site.
    pub kind: SiteKind,
    /// Without it, and unless it holds now, the matcher refuses to start.
    pub deployment: Option<Deployment>,
    /// Cameras to run.
    pub cameras: Vec<CameraConfig>,
    /// Thresholds per list.
    pub thresholds: Vec<Threshold>,
    /// The model the centre enrols with; a node with another model must not search.
    pub model_id: String,
    /// The centre's clock when it answered, for skew.
    pub now: UtcMs,
}

/// One camera of a node.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CameraConfig {
    /// Its id.
    pub camera: CameraId,
    /// Name for logs and health, such as `Lane 2, above desk 4`.
    pub name: String,
    /// Lane it looks at.
    pub lane: Option<LaneId>,
    /// Which way people walk.
    pub direction: Direction,
    /// `rtsp://…`, `file:…` (looped) or `v4l2:/dev/video0`. May hold credentials: never log it.
    pub source: String,
    /// Frames analysed a second.
    pub fps: f32,
    /// Width in pixels at which faces are looked for; frames are decoded no larger than needed.
    pub detect_width: u32,
    /// Smallest distance between the eyes, in pixels of the decoded frame.
    pub min_eye_distance_px: f32,
    /// Switched off cameras are listed but not run.
    pub enabled: bool,
}

impl std::fmt::Debug for CameraConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CameraConfig({})", self.camera)
    }
}

/// `GET /api/v1/edge/list?since=<version>`: what changed on the lists this site may search.
/// The centre signs `body` (the JSON text of [`ListDelta`]) so that a cached copy can be checked again.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedDelta {
    /// JSON text of a [`ListDelta`].
    pub body: String,
    /// Base64 of the centre's Ed25519 signature over `body`.
    pub signature: String,
}

/// Changes from one list version to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListDelta {
    /// The site it is meant for.
    pub site: SiteId,
    /// Version it starts from; 0 means the whole list.
    pub since: i64,
    /// Version it leads to.
    pub version: i64,
    /// Model of all templates in it.
    pub model_id: String,
    /// New or changed entries.
    pub upserts: Vec<EntryTemplate>,
    /// Entries to remove; each must be answered by a [`RemovalReceipt`].
    pub removals: Vec<EntryId>,
    /// When the centre made it.
    pub made_at: UtcMs,
}

/// One entry as a node holds it: no name, no photograph, no order.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EntryTemplate {
    /// The entry.
    pub entry: EntryId,
    /// Its version.
    pub entry_version: u32,
    /// Its list.
    pub list: ListKind,
    /// First instant in force.
    pub in_force_from: UtcMs,
    /// First instant no longer in force.
    pub in_force_to: UtcMs,
    /// One base64 text a photograph: little-endian f32 values, L2-normalised.
    pub templates: Vec<String>,
}

impl std::fmt::Debug for EntryTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EntryTemplate({}, redacted)", self.entry)
    }
}

/// `POST /api/v1/edge/receipts`: proof that a template left this node. The request signature signs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RemovalReceipt {
    /// The entry removed.
    pub entry: EntryId,
    /// List version after the removal.
    pub version: i64,
    /// When it left memory and disk.
    pub removed_at: UtcMs,
}

/// Measures of the best shot, shown to officers. See the vision crate for their definitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShotQuality {
    /// Distance between the eyes, pixels.
    pub eye_distance_px: f32,
    /// 0 (blurred) to 1 (sharp).
    pub sharpness: f32,
    /// Mean luma, 0 to 1.
    pub exposure: f32,
    /// Degrees to the side.
    pub yaw_deg: f32,
    /// Degrees up or down.
    pub pitch_deg: f32,
    /// 0 to 1, all measures together.
    pub overall: f32,
}

/// Another entry that also reached its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OtherCandidate {
    /// The entry.
    pub entry: EntryId,
    /// Its score.
    pub score: f32,
}

/// `POST /api/v1/alerts`, signed: frozen evidence of one similarity. Delivered at least once, applied once (by id).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertReport {
    /// Made by the edge (UUIDv7).
    pub id: AlertId,
    /// Camera.
    pub camera: CameraId,
    /// The track.
    pub track: TrackId,
    /// When the deciding frame was captured.
    pub captured_at: UtcMs,
    /// When the edge judged it.
    pub judged_at: UtcMs,
    /// Model that made the template.
    pub model_id: String,
    /// The strongest entry.
    pub entry: EntryId,
    /// Its version at the edge.
    pub entry_version: u32,
    /// List version at the edge.
    pub list_version: i64,
    /// Entries searched.
    pub gallery_size: u64,
    /// Cosine similarity. Shown to nobody as a number; kept as evidence.
    pub score: f32,
    /// The threshold it passed.
    pub threshold: f32,
    /// Its band.
    pub band: Band,
    /// Others at or above their threshold, strongest first, at most 5.
    pub others: Vec<OtherCandidate>,
    /// Usable shots fused in the track so far.
    pub shots: u32,
    /// Quality of the deciding shot.
    pub quality: ShotQuality,
    /// Where the face was in the deciding frame: x, y, width, height as shares of the frame, 0 to 1.
    #[serde(default)]
    pub face_box: [f32; 4],
    /// Base64 JPEGs aligned by the eyes, 480 x 600, best first, 1 to 5.
    pub probes: Vec<String>,
}

impl std::fmt::Debug for AlertReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AlertReport({}, redacted)", self.id)
    }
}

/// Reply to an alert report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertReceived {
    /// New and recorded.
    Recorded,
    /// Known already: a resend.
    AlreadyRecorded,
    /// The entry is not in force at the centre: recorded as withdrawn, shown to nobody.
    Withdrawn,
}

/// `POST /api/v1/edge/health`, signed, every second or two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthReport {
    /// This start of the process.
    pub boot: BootId,
    /// Grows by one a report within a boot: a late report never overwrites a newer one.
    pub seq: u64,
    /// The node's clock.
    pub sent_at: UtcMs,
    /// Inference engine in use, such as `rten 0.27`.
    pub engine: String,
    /// Model pack in use.
    pub pack: String,
    /// Model id in use.
    pub model_id: String,
    /// Whether the pack is for demonstration only.
    pub demonstration: bool,
    /// Version of the list held.
    pub list_version: i64,
    /// Entries held.
    pub gallery_size: u64,
    /// Why the matcher does not run, if so (code of `NotDeployed` or `model_mismatch`).
    pub refused: Option<String>,
    /// Alerts waiting in the spool.
    pub spooled: u64,
    /// Each camera.
    pub cameras: Vec<CameraHealth>,
    /// Attempts since the last report, at most 500. Repeated until acknowledged; known by id.
    pub attempts: Vec<Attempt>,
    /// How far the machine's own clock was ahead of the centre's at its last word, in milliseconds; negative when
    /// behind. `sent_at` and all instants a node reports are in the centre's time.
    #[serde(default)]
    pub clock_ahead_ms: Option<i64>,
}

/// A node's machine clock further off than this is shown with what to do. Lists do not depend on it while the centre is
/// heard; after a restart without the link they would.
pub const CLOCK_OFF_MS: i64 = 60_000;

/// How a camera is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CameraState {
    /// Switched off in the console.
    Off,
    /// Connecting.
    Starting,
    /// Frames arrive.
    Live,
    /// No frames; restarting with back-off.
    Down,
}

/// One camera's health and counters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CameraHealth {
    /// The camera.
    pub camera: CameraId,
    /// Its state.
    pub state: CameraState,
    /// Since when.
    pub since: UtcMs,
    /// Why it is down, as a code (`no_frames`, `ffmpeg_exit`, `ffmpeg_missing`, `bad_source`, …).
    pub reason: Option<String>,
    /// Frames analysed in the last second or so.
    pub fps: f32,
    /// Width and height of the frames analysed.
    pub frame_size: [u32; 2],
    /// Times the source was restarted since boot.
    pub restarts: u64,
    /// Last frame.
    pub last_frame_at: Option<UtcMs>,
    /// Counters since boot.
    pub counters: Counters,
}

/// Counters of one camera since boot. `destroyed` proves the fate of those who did not match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Counters {
    /// Frames analysed.
    pub frames: u64,
    /// Frames dropped because the node was busy.
    pub frames_dropped: u64,
    /// Frames that could not be read.
    pub frames_bad: u64,
    /// People seen: tracks that ended or were decided.
    pub persons: u64,
    /// Usable shots taken.
    pub faces: u64,
    /// Tracks with no usable face, by reason.
    pub not_searched: std::collections::BTreeMap<NotSearched, u64>,
    /// Searches made.
    pub searches: u64,
    /// Tracks that raised an alert.
    pub matches: u64,
    /// Tracks whose person was already alerted in this pass (re-found after an occlusion).
    pub merged: u64,
    /// Tracks searched without a match whose crops and templates were destroyed.
    pub destroyed: u64,
}

/// What became of one track. No face, no template, no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt {
    /// Its id; a repeated report is recognised by it.
    pub id: AttemptId,
    /// Camera.
    pub camera: CameraId,
    /// When the track ended or was decided.
    pub at: UtcMs,
    /// How long the person was seen.
    pub seen_ms: u32,
    /// Usable shots.
    pub shots: u32,
    /// What became of it.
    pub outcome: AttemptOutcome,
}

/// The fate of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", content = "detail", rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// No usable face: the most frequent reason.
    NotSearched(NotSearched),
    /// Searched; below every threshold; destroyed.
    BelowThreshold,
    /// Would have reached a threshold, but the entry is not in force now; destroyed.
    NotInForce,
    /// The same person as an alert of this pass moments ago.
    Merged(AlertId),
    /// An alert was raised.
    Raised(AlertId),
}

/// Reply to a health report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthReply {
    /// Config revision now: pull when it is newer.
    pub revision: i64,
    /// List version now for this site: pull when it is newer.
    pub list_version: i64,
    /// Model the centre enrols with now: pull the configuration when it differs.
    #[serde(default)]
    pub model_id: String,
    /// The centre's clock.
    pub now: UtcMs,
    /// Start and number of the report it answers: a reply that was long under way would tell an old time.
    #[serde(default)]
    pub answers: Option<(BootId, u64)>,
}
