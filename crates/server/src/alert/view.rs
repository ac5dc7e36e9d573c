//! What a client may see of an alert. The list, the name, the order, the agency and the score are not in it, and
//! no opinion before both are given. Must be the only way an alert leaves the server.

use std::collections::HashMap;

use serde::Serialize;
use tapal_domain::{
    alert::{
        Action, Actor, Kind, Level, Status,
        queue::{self, Who, Why},
    },
    day::Day,
    entry::{Agency, ListKind, Person},
    id::{AccountId, AlertId, CameraId, DeskId, EntryId, LaneId, SiteId},
    opinion::Opinion,
    role::Permission,
    screening::Band,
    time::UtcMs,
    wire::ShotQuality,
};
use tapal_store::{account, alert::Stored, camera, entry, site};
use utoipa::ToSchema;

use crate::{AppState, Session, error::ApiResult};

/// One alert as one person may see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AlertView {
    /// Its id.
    pub id: AlertId,
    /// Where it stands.
    pub status: Status,
    /// The highest level that sees it.
    pub level: Level,
    /// Site.
    pub site: SiteId,
    /// Name of the site.
    pub site_name: String,
    /// Local time of the site, minutes east of UTC.
    pub utc_offset_minutes: i64,
    /// Camera.
    pub camera: CameraId,
    /// Name of the camera.
    pub camera_name: String,
    /// Lane.
    pub lane: Option<LaneId>,
    /// Name of the lane.
    pub lane_name: Option<String>,
    /// Desk.
    pub desk: Option<DeskId>,
    /// Name of the desk.
    pub desk_name: Option<String>,
    /// When the deciding frame was captured.
    pub captured_at: UtcMs,
    /// When the centre recorded it.
    pub received_at: UtcMs,
    /// The next instant at which a timer acts.
    pub next_due_at: Option<UtcMs>,
    /// How strong the similarity is.
    pub band: Band,
    /// About one in this many passers-by on no list looks this similar to somebody on a list of this size; `null`
    /// when that was not measured for this model. Two significant digits.
    pub chance_one_in: Option<u64>,
    /// The similarity is beyond what was measured: the chance is at most that.
    pub chance_at_most: bool,
    /// Entries searched.
    pub gallery_size: u64,
    /// Shots fused.
    pub shots: u32,
    /// Quality of the deciding shot.
    pub quality: ShotQuality,
    /// Probes that can be fetched, from 0.
    pub probes: i64,
    /// Enrolled portraits that can be fetched, from 0.
    pub enrolled: i64,
    /// Other candidates whose portraits can be fetched, from 0.
    pub others: usize,
    /// Whether the photographs were destroyed since.
    pub photos_destroyed: bool,
    /// Shown name of who took it.
    pub acknowledged_by: Option<String>,
    /// Whether you took it.
    pub acknowledged_by_me: bool,
    /// Opinions given so far; not what they say.
    pub opinions_given: usize,
    /// Whether one of them is yours.
    pub judged_by_me: bool,
    /// What you may do now.
    pub allowed: Vec<Kind>,
    /// Why it is in your queue; `null` when it is not.
    pub mine: Option<Why>,
    /// What was said; only for who settles a disagreement, and after the end.
    pub opinions: Option<Vec<OpinionView>>,
    /// Who the entry is about; only after two people found the photographs similar.
    pub entry: Option<EntryView>,
}

/// One opinion or resolution.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpinionView {
    /// When.
    pub at: UtcMs,
    /// Shown name of who gave it.
    pub by: String,
    /// The answer.
    pub opinion: Opinion,
    /// Why.
    pub reason: String,
    /// Whether it settled a disagreement.
    pub resolution: bool,
}

/// The entry, once it may be shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// Its id.
    pub id: EntryId,
    /// Its list.
    pub list: ListKind,
    /// Who it is about.
    pub person: Person,
    /// Number of the order.
    pub order_reference: String,
    /// The responsible requester.
    pub agency: Agency,
    /// First day in force.
    pub first_day: Day,
    /// Last day in force, by the calendar of the alert's site.
    pub last_day: Day,
}

/// Names for ids, loaded once a request.
pub struct Names {
    sites: HashMap<SiteId, (String, i64)>,
    cameras: HashMap<CameraId, String>,
    lanes: HashMap<LaneId, String>,
    desks: HashMap<DeskId, String>,
}

impl Names {
    /// Loads them.
    pub async fn load(state: &AppState) -> ApiResult<Self> {
        let (lanes, desks) = site::place_names(&state.db).await?;
        Ok(Self {
            sites: site::list(&state.db)
                .await?
                .into_iter()
                .map(|s| (s.id, (s.name, s.utc_offset_minutes)))
                .collect(),
            cameras: camera::list(&state.db, None)
                .await?
                .into_iter()
                .map(|c| (c.id, c.name))
                .collect(),
            lanes,
            desks,
        })
    }
}

/// As the queue rule sees the session.
pub fn who(session: &Session) -> Who {
    Who {
        account: session.account,
        role: session.role,
        site: session.site,
        desk: session.desk,
    }
}

/// Why the alert is in this person's queue.
pub fn mine(stored: &Stored, session: &Session) -> Option<Why> {
    queue::mine(&stored.life, stored.site, stored.desk, &who(session))
}

/// Two significant digits of "one in N", so that the number is not a score in disguise.
pub fn one_in(chance: f64) -> Option<u64> {
    if !(chance > 0.0 && chance <= 1.0) {
        return None;
    }
    let n = (1.0 / chance).max(1.0);
    let step = 10f64.powf(n.log10().floor() - 1.0).max(1.0);
    Some(((n / step).round() * step) as u64)
}

fn chance(state: &AppState, stored: &Stored) -> (Option<u64>, bool) {
    let evidence = &stored.evidence;
    if evidence.model_id != state.model_id() {
        return (None, false);
    }
    let calibration = &state.config.model.calibration;
    let chance = calibration.fpir(evidence.score, evidence.gallery_size);
    let last = calibration.points.last();
    (
        chance.and_then(|chance| one_in(chance.value)),
        last.is_some_and(|last| evidence.score >= last.score),
    )
}

/// What needs no further reading: for lists.
pub fn summary(state: &AppState, names: &Names, session: &Session, stored: &Stored) -> AlertView {
    let life = &stored.life;
    let (site_name, utc_offset_minutes) =
        names.sites.get(&stored.site).cloned().unwrap_or_default();
    let (chance_one_in, chance_at_most) = chance(state, stored);
    AlertView {
        id: life.id(),
        status: life.status(),
        level: life.level(),
        site: stored.site,
        site_name,
        utc_offset_minutes,
        camera: stored.camera,
        camera_name: names
            .cameras
            .get(&stored.camera)
            .cloned()
            .unwrap_or_default(),
        lane: stored.lane,
        lane_name: stored.lane.and_then(|lane| names.lanes.get(&lane).cloned()),
        desk: stored.desk,
        desk_name: stored.desk.and_then(|desk| names.desks.get(&desk).cloned()),
        captured_at: stored.captured_at,
        received_at: stored.received_at,
        next_due_at: life.next_due_at(&state.config.timers),
        band: stored.evidence.band,
        chance_one_in,
        chance_at_most,
        gallery_size: stored.evidence.gallery_size,
        shots: stored.evidence.shots,
        quality: stored.evidence.quality,
        probes: if stored.destroyed_at.is_some() {
            0
        } else {
            stored.probes
        },
        enrolled: 0,
        others: stored.evidence.others.len(),
        photos_destroyed: stored.destroyed_at.is_some(),
        acknowledged_by: None,
        acknowledged_by_me: life.acknowledged_by() == Some(session.account),
        opinions_given: life.opinions().count(),
        judged_by_me: life.judged_by(session.account),
        allowed: queue::allowed(life, session.account, session.role),
        mine: mine(stored, session),
        opinions: None,
        entry: None,
    }
}

/// One alert in full, as far as this person may see it.
pub async fn full(state: &AppState, session: &Session, stored: &Stored) -> ApiResult<AlertView> {
    let mut view = summary(state, &Names::load(state).await?, session, stored);
    let life = &stored.life;
    if let Some(account) = life.acknowledged_by() {
        view.acknowledged_by = Some(account::get(&state.db, account).await?.display_name);
    }
    if super::photo::enrolled_may_be_shown(state, stored, stored.entry).await? {
        view.enrolled = entry::photos(&state.db, stored.entry).await?.len() as i64;
    }
    if opinions_may_be_shown(session, stored) {
        view.opinions = Some(opinions(state, stored).await?);
    }
    if life.may_reveal_entry() {
        view.entry = revealed(state, session, stored).await?;
    }
    Ok(view)
}

fn opinions_may_be_shown(session: &Session, stored: &Stored) -> bool {
    match stored.life.status() {
        Status::Raised | Status::Acknowledged | Status::FirstOpinion => false,
        Status::Disagreed => {
            session.may(Permission::ResolveAlerts) && !stored.life.judged_by(session.account)
        }
        // An alert that ended after one opinion stays closed to those who might have been second.
        Status::UnresolvedExpired | Status::Withdrawn => stored.life.opinions().count() == 2,
        Status::NotSame | Status::Similar => true,
    }
}

async fn opinions(state: &AppState, stored: &Stored) -> ApiResult<Vec<OpinionView>> {
    let mut views = Vec::new();
    for step in stored.life.steps() {
        let (opinion, reason, resolution) = match &step.action {
            Action::Opine { opinion, reason } => (*opinion, reason.clone(), false),
            Action::Resolve { opinion, reason } => (*opinion, reason.clone(), true),
            _ => continue,
        };
        let by = match step.actor {
            Actor::Account(account, _) => name_of(state, account).await?,
            Actor::Edge(_) | Actor::Clock => continue,
        };
        views.push(OpinionView {
            at: step.at,
            by,
            opinion,
            reason,
            resolution,
        });
    }
    Ok(views)
}

async fn name_of(state: &AppState, account: AccountId) -> ApiResult<String> {
    Ok(account::get(&state.db, account).await?.display_name)
}

/// An entry no longer in force is not shown, even after a hit. Reading it is recorded.
async fn revealed(
    state: &AppState,
    session: &Session,
    stored: &Stored,
) -> ApiResult<Option<EntryView>> {
    let now = state.clock.now();
    let recorded = entry::get(&state.db, stored.entry).await?;
    let zone = site::get(&state.db, stored.site).await?.utc_offset_minutes;
    if !recorded.in_force_at(now, zone) {
        return Ok(None);
    }
    tapal_store::look::record(
        &state.db,
        now,
        session.account,
        "entry",
        stored.entry,
        "identity",
    )
    .await?;
    let entry = recorded.entry;
    Ok(Some(EntryView {
        id: entry.id(),
        list: entry.list(),
        person: entry.person().clone(),
        order_reference: entry.order_reference().to_owned(),
        agency: entry.agency(),
        first_day: entry.first_day(),
        last_day: entry.last_day(),
    }))
}

#[cfg(test)]
mod tests {
    use super::one_in;

    #[test]
    fn one_in_has_two_digits() {
        for (chance, expect) in [
            (0.5, Some(2)),
            (1.0 / 12_345.0, Some(12_000)),
            (1.0 / 99.6, Some(100)),
            (0.0, None),
            (1.0, Some(1)),
            (f64::NAN, None),
            (1.5, None),
        ] {
            assert_eq!(one_in(chance), expect, "{chance}");
        }
    }
}
