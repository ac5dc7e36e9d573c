//! Fills an empty centre with invented sites, people and orders, for the demonstration and for measuring.
//! Everybody in it is rendered, not real. Must not run on a centre that holds data already.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use tapal_domain::{
    day::Day,
    entry::{Agency, Draft, Entry, ListKind, Person},
    id::{AccountId, CameraId, DeskId, EntryId, LaneId, SiteId},
    policy::{Budget, Setting},
    role::Role,
    site::{Deployment, Direction, SiteKind},
    time::DAY_MS,
};
use tapal_server::{AppState, policy::figures};
use tapal_store::{
    By, account, camera, entry,
    site::{self, Desk, Lane, NewSite},
};

use crate::cmds::eval::truth::Identity;

/// One site to make.
pub struct SitePlan {
    /// Name.
    pub name: &'static str,
    /// Kind.
    pub kind: SiteKind,
    /// Minutes east of UTC.
    pub utc_offset_minutes: i64,
    /// Lists its deployment record names.
    pub lists: &'static [ListKind],
    /// Cameras.
    pub cameras: Vec<CameraPlan>,
}

/// One camera to make, with a lane and a desk of its own.
pub struct CameraPlan {
    /// Name of the camera.
    pub name: String,
    /// Name of the lane.
    pub lane: String,
    /// Name of the desk, at a checkpoint.
    pub desk: Option<String>,
    /// Which way people walk.
    pub direction: Direction,
    /// Source as the camera page takes it.
    pub source: String,
    /// Frames analysed a second.
    pub fps: f32,
    /// Width at which faces are looked for.
    pub detect_width: u32,
}

/// A site that was made.
pub struct Made {
    /// Its id.
    pub site: SiteId,
    /// Its cameras, as planned.
    pub cameras: Vec<CameraId>,
    /// Its desks, one a camera that has one.
    pub desks: Vec<DeskId>,
}

/// Makes a site with deployment record, lanes, desks and cameras.
pub async fn place(state: &AppState, plan: &SitePlan) -> Result<Made> {
    let (db, now, by) = (&state.db, state.clock.now(), By::System);
    let id = SiteId(state.clock.new_uuid());
    let new = NewSite {
        name: plan.name.into(),
        kind: plan.kind,
        utc_offset_minutes: plan.utc_offset_minutes,
    };
    site::add(db, now, by, id, &new).await?;
    let record = Deployment {
        decree: "DEMO-01/2026 (invented)".into(),
        purpose:
            "Find persons on the named lists among those who pass, for a decision by two officers"
                .into(),
        lists: plan.lists.to_vec(),
        hours: "00:00-24:00".into(),
        dpia_reference: "DPIA-DEMO-01".into(),
        sign_posted: true,
        valid_from: now - DAY_MS,
        valid_to: now + 365 * DAY_MS,
    };
    site::deploy(db, now, by, id, &record).await?;
    let mut made = Made {
        site: id,
        cameras: Vec::new(),
        desks: Vec::new(),
    };
    for plan in &plan.cameras {
        let desk = match &plan.desk {
            Some(name) => {
                let desk = Desk {
                    id: DeskId(state.clock.new_uuid()),
                    site: id,
                    name: name.clone(),
                };
                site::add_desk(db, now, by, &desk).await?;
                made.desks.push(desk.id);
                Some(desk.id)
            }
            None => None,
        };
        let lane = Lane {
            id: LaneId(state.clock.new_uuid()),
            site: id,
            name: plan.lane.clone(),
            direction: plan.direction,
            desk,
        };
        site::add_lane(db, now, by, &lane).await?;
        let new = camera::NewCamera {
            id: CameraId(state.clock.new_uuid()),
            site: id,
            lane: Some(lane.id),
            name: plan.name.clone(),
            direction: plan.direction,
            source: Some(plan.source.clone()),
            fps: plan.fps,
            detect_width: plan.detect_width,
            min_eye_distance_px: 20.0,
            enabled: true,
        };
        camera::add(db, now, by, &new).await?;
        made.cameras.push(new.id);
    }
    Ok(made)
}

/// Enrols an invented person from a portrait; an error names the file and the reason, never the person.
pub async fn person(
    state: &AppState,
    folder: &Path,
    identity: &Identity,
    list: ListKind,
    n: usize,
) -> Result<EntryId> {
    let file = folder.join(&identity.portrait.file);
    let photo = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let enrol = state
        .enrol
        .clone()
        .context("no model pack is installed; run `tapal models install starter`")?;
    let model_id = enrol.model_id().to_owned();
    let bytes = photo.clone();
    let enrolled = tokio::task::spawn_blocking(move || enrol.enrol(&bytes)).await?;
    let enrolled =
        enrolled.map_err(|e| anyhow!("{}: {} ({})", file.display(), e.message, e.code))?;
    let now = state.clock.now();
    let id = EntryId(state.clock.new_uuid());
    let draft = Draft {
        id,
        list,
        person: Person {
            full_name: identity.full_name.clone(),
            sex: identity.sex.clone(),
            birth_date: identity.birth_date.clone(),
            nationality: identity.nationality.clone(),
            document_number: identity.passport_number.clone(),
        },
        order_reference: format!("DEMO/{:03}/2026", n + 1),
        agency: agency_for(list, n),
        first_day: Day::at(now - 30 * DAY_MS, 420),
        last_day: Day::at(now + 150 * DAY_MS, 420),
        version: 1,
    };
    let entry = Entry::new(draft)?;
    let photo = entry::NewPhoto {
        id: state.clock.new_uuid(),
        photo,
        portrait_jpeg: enrolled.portrait_jpeg,
        template: enrolled.template,
        model_id,
        quality: enrolled.quality,
    };
    let photos = [photo];
    let findings = tapal_server::entry::audit::findings(state, list, None, &photos)
        .await
        .map_err(|e| anyhow!("{}", e.message))?;
    // Rendered people resemble one another more than real ones do. One held entry shows what that is; were all of
    // them held, the demonstration would find nobody.
    let another = tapal_store::finding::waiting(&state.db).await? > 0;
    let recorded = match another && findings.iter().any(|found| found.is_flagged()) {
        true => &[][..],
        false => &findings[..],
    };
    entry::add_audited(&state.db, now, By::System, &entry, &photos, recorded).await?;
    Ok(id)
}

/// The agency behind an entry of a list.
pub fn agency_for(list: ListKind, n: usize) -> Agency {
    match list {
        ListKind::ExitBan => [Agency::AttorneyGeneral, Agency::Finance, Agency::Kpk][n % 3],
        ListKind::EntryBan => Agency::Immigration,
        ListKind::Wanted => Agency::Police,
        ListKind::RedNotice => Agency::InterpolBureau,
    }
}

/// Lets a node enrol once; returns its token.
pub async fn node(state: &AppState, site: SiteId, name: &str) -> Result<String> {
    let new = tapal_server::edge::NewEdge {
        site,
        name: name.into(),
    };
    let announced = tapal_server::edge::announce(state, By::System, &new).await;
    Ok(announced.map_err(|e| anyhow!("{}", e.message))?.token)
}

/// One account of the demonstration.
pub struct AccountPlan<'a> {
    /// Name to sign in with.
    pub username: &'a str,
    /// Name shown.
    pub display_name: &'a str,
    /// Role.
    pub role: Role,
    /// Site; `None` for the command centre.
    pub site: Option<SiteId>,
    /// Desk.
    pub desk: Option<DeskId>,
    /// Agency of a liaison.
    pub agency: Option<Agency>,
}

/// Opens an account, or gives an existing one a new password; returns the password, which is stored nowhere.
pub async fn sign_in(
    state: &AppState,
    plan: &AccountPlan<'_>,
    must_change: bool,
) -> Result<String> {
    let refused = |e: tapal_server::ApiError| anyhow!("{}", e.message);
    let password = tapal_server::session::sign_in::one_time_password().map_err(refused)?;
    let hash = tapal_server::session::sign_in::hash(state, password.clone())
        .await
        .map_err(refused)?;
    let now = state.clock.now();
    match account::find(&state.db, plan.username).await? {
        Some((known, _)) => {
            account::set_password(&state.db, now, By::System, known.id, &hash, must_change).await?
        }
        None => {
            let new = account::NewAccount {
                id: AccountId(state.clock.new_uuid()),
                username: plan.username.into(),
                display_name: plan.display_name.into(),
                role: plan.role,
                site: plan.site,
                desk: plan.desk,
                agency: plan.agency,
                language: "id".into(),
            };
            account::open(&state.db, now, By::System, &new, &hash, must_change).await?;
        }
    }
    Ok(password)
}

/// Budgets to propose in the demonstration, strictest first: the first that the model can keep, and that is no
/// stricter than the pack's own suggestion, so that whoever approves it still sees the alerts.
const BUDGETS: [(f64, u64); 6] = [
    (1.0, 20_000),
    (1.0, 10_000),
    (1.0, 5_000),
    (1.0, 3_000),
    (1.0, 1_500),
    (2.0, 1_500),
];

/// Leaves one false-alert budget waiting for a second person at a site where nothing was proposed yet. Without a
/// calibration that can keep any, nothing is proposed.
pub async fn proposal(state: &AppState, site: SiteId, username: &str) -> Result<()> {
    if !tapal_store::policy::proposals(&state.db, site, 1)
        .await?
        .is_empty()
    {
        return Ok(());
    }
    let Some((account, _)) = account::find(&state.db, username).await? else {
        return Ok(());
    };
    let templates = figures::templates(state, site)
        .await
        .map_err(|e| anyhow!("{}", e.message))?;
    let suggested = state.config.model.thresholds.iter().map(|t| t.possible);
    let suggested = suggested.fold(f32::MIN, f32::max);
    for (false_alerts_per_day, passers_by_per_day) in BUDGETS {
        let setting = Setting::Budget(Budget {
            false_alerts_per_day,
            passers_by_per_day,
            shift_hours: 8.0,
        });
        let planned = figures::figures(state, &setting, templates);
        if planned.thresholds.iter().any(|t| t.possible > suggested) {
            continue;
        }
        let reason =
            "First budget of this hall, from the count of passengers (invented)".to_owned();
        let input = tapal_server::policy::ProposalInput { setting, reason };
        match tapal_server::policy::propose_as(state, account.id, site, input).await {
            Err(refused) if refused.code == "budget_unreachable" => {}
            Err(refused) => return Err(anyhow!("{}", refused.message)),
            Ok(_) => return Ok(()),
        }
    }
    Ok(())
}

/// The folder of rendered people: given, or beside the working directory, or where the program was built.
pub fn people(given: Option<PathBuf>) -> Result<PathBuf> {
    let candidates = given.map_or_else(
        || {
            vec![
                PathBuf::from("fixtures/people"),
                PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/people")),
            ]
        },
        |dir| vec![dir],
    );
    let found = candidates
        .iter()
        .find(|dir| dir.join("groundtruth.json").is_file());
    found.cloned().with_context(|| {
        format!(
            "{} has no groundtruth.json; give the folder with --people DIR",
            candidates[0].display()
        )
    })
}
