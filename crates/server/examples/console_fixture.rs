//! A real centre with invented, seeded data for looking at the console and for the browser tests, without a camera,
//! a model or an edge: alerts are taken in through the store as an edge's would be. Nothing of it is for use.
//!
//! `cargo run -p tapal-server --example console_fixture -- --port 8444 --sign-ins FILE [--every SECONDS] [--rows N]`

use std::{path::PathBuf, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::json;
use sha2::{Digest, Sha256};
use tapal_domain::{
    background::{Finding, PointCount},
    calibration::{Calibration, MissPoint, RatePoint},
    day::Day,
    entry::{Agency, Draft, Entry, ListKind, Person},
    id::{AlertId, AttemptId, BootId, CameraId, EdgeId, EntryId, SiteId, TrackId},
    policy::{Budget, Setting},
    role::Role,
    screening::{Band, NotSearched, Threshold},
    site::{Deployment, SiteKind},
    time::{DAY_MS, MINUTE_MS, UtcMs},
    wire::{
        AlertReport, Attempt, AttemptOutcome, CameraHealth, CameraState, Counters, EntryTemplate,
        HealthReport, OtherCandidate, RemovalReceipt, ShotQuality, signed_text,
    },
};
use tapal_server::{
    AppState, Model, ServerConfig, account, camera,
    enrol::{Enrol, EnrolRefused, Enrolled},
    serve, site,
};
use tapal_store::{By, edge, entry::NewPhoto, false_alert::Rates};
use uuid::Uuid;

type Done<T> = Result<T, Box<dyn std::error::Error>>;

/// Takes a portrait as it is: the seeded ones are aligned already.
struct StubEnrol;

impl Enrol for StubEnrol {
    fn enrol(&self, image: &[u8]) -> Result<Enrolled, EnrolRefused> {
        let refuse = |code, message: &str| {
            Err(EnrolRefused {
                code,
                message: message.into(),
            })
        };
        if !image.starts_with(&[0xff, 0xd8]) {
            return refuse("not_an_image", "the photograph cannot be read");
        }
        if image.len() < 4_000 {
            return refuse("blurred", "the photograph is blurred");
        }
        let template = Sha256::digest(image)
            .iter()
            .map(|b| f32::from(*b) / 255.0)
            .collect();
        Ok(Enrolled {
            portrait_jpeg: image.to_vec(),
            template,
            quality: quality(),
        })
    }
    fn model_id(&self) -> &str {
        MODEL
    }
}

const MODEL: &str = "stub@00000001";

fn quality() -> ShotQuality {
    ShotQuality {
        eye_distance_px: 42.0,
        sharpness: 0.7,
        exposure: 0.5,
        yaw_deg: 6.0,
        pitch_deg: 18.0,
        overall: 0.8,
    }
}

struct Options {
    port: u16,
    sign_ins: PathBuf,
    every: u64,
    rows: usize,
}

fn options() -> Done<Options> {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        args.iter()
            .position(|arg| arg == name)
            .and_then(|i| args.get(i + 1))
            .cloned()
    };
    Ok(Options {
        port: value("--port").unwrap_or("8444".into()).parse()?,
        sign_ins: value("--sign-ins")
            .ok_or("say where to write the sign-ins: --sign-ins FILE")?
            .into(),
        every: value("--every").unwrap_or("8".into()).parse()?,
        rows: value("--rows").unwrap_or("0".into()).parse()?,
    })
}

#[tokio::main]
async fn main() -> Done<()> {
    let options = options()?;
    let folder = std::env::temp_dir().join(format!("tapal-console-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let threshold = |list| Threshold {
        list,
        possible: 0.42,
        strong: 0.6,
    };
    let model = Model {
        pack: "stub".into(),
        demonstration: true,
        calibration: calibration(),
        thresholds: ListKind::ALL.map(threshold).to_vec(),
        others: Vec::new(),
    };
    let address = format!("127.0.0.1:{}", options.port).parse()?;
    let mut config = ServerConfig::new(address, folder.clone(), model);
    config.demo = true;
    let state = serve::open(config, Some(Arc::new(StubEnrol))).await?;
    let place = furnish(&state).await?;
    let entries = people(&state, options.rows).await?;
    lapsed(&state, place.site).await?;
    let sign_ins = accounts(&state, place.site).await?;
    budget(&state, place.site).await?;
    let running = serve::serve(state.clone()).await?;
    let url = format!("https://localhost:{}", running.address.port());
    std::fs::write(
        &options.sign_ins,
        serde_json::to_vec_pretty(&json!({ "url": url, "sign_ins": sign_ins }))?,
    )?;
    live(&state, &place, &entries, options.every).await?;
    running.stop().await;
    Ok(std::fs::remove_dir_all(folder)?)
}

/// A calibration with all its parts, so that every part of the policy page is seen.
fn calibration() -> Calibration {
    let point = |(score, fmr): (f32, f64)| RatePoint {
        score,
        fmr,
        low: fmr / 2.5,
        high: fmr * 2.5,
    };
    let miss = |(score, fnmr): (f32, f64)| MissPoint {
        score,
        fnmr,
        low: fnmr * 0.7,
        high: fnmr * 1.4,
    };
    Calibration {
        note: "Made up for the browser tests.".into(),
        counted_fmr: 1e-5,
        trusted_fmr: 1e-7,
        spread: 2.0,
        points: [
            (0.2, 1e-2),
            (0.3, 1e-4),
            (0.42, 1e-5),
            (0.52, 1e-6),
            (0.6, 1e-7),
            (0.66, 1e-8),
        ]
        .map(point)
        .to_vec(),
        misses: [
            (0.2, 0.004),
            (0.3, 0.01),
            (0.42, 0.025),
            (0.52, 0.05),
            (0.6, 0.09),
            (0.66, 0.14),
        ]
        .map(miss)
        .to_vec(),
    }
}

/// A budget in force at the first site; the other has none.
async fn budget(state: &AppState, site: SiteId) -> Done<()> {
    let budget = Budget {
        false_alerts_per_day: 1.0,
        passers_by_per_day: 20_000,
        shift_hours: 8.0,
    };
    let setting = Setting::Budget(budget);
    Ok(tapal_server::policy::set_up(state, site, &setting)
        .await
        .map_err(told)?)
}

struct Place {
    site: SiteId,
    cameras: [CameraId; 2],
    edge: EdgeId,
}

fn record(now: UtcMs) -> Deployment {
    Deployment {
        decree: "DEMO-01/2026 (invented)".into(),
        purpose: "Find persons on the named lists among those who pass".into(),
        lists: ListKind::ALL.to_vec(),
        hours: "00:00-24:00".into(),
        dpia_reference: "DPIA-DEMO-01".into(),
        sign_posted: true,
        valid_from: now - DAY_MS,
        valid_to: now + 365 * DAY_MS,
    }
}

async fn furnish(state: &AppState) -> Done<Place> {
    let add = |name: &str, kind| site::SiteInput {
        name: name.into(),
        kind,
        utc_offset_minutes: 420,
    };
    let here = site::add_by(
        state,
        By::System,
        add("Pelabuhan Batam Centre", SiteKind::Checkpoint),
    )
    .await
    .map_err(told)?;
    let _bare = site::add_by(
        state,
        By::System,
        add("Pelabuhan Gilimanuk", SiteKind::MonitoringSite),
    )
    .await
    .map_err(told)?;
    site::deploy_by(state, By::System, here, record(state.clock.now()))
        .await
        .map_err(told)?;
    let desk = site::add_desk_by(
        state,
        By::System,
        here,
        &site::DeskInput {
            name: "Meja 4".into(),
        },
    )
    .await
    .map_err(told)?;
    let lane = json!({ "name": "Lajur 2", "direction": "arrival", "desk": desk });
    let lane = site::add_lane_by(state, By::System, here, &serde_json::from_value(lane)?)
        .await
        .map_err(told)?;
    let mut cameras = Vec::new();
    for (name, lane) in [("Lajur 2, di atas meja 4", Some(lane)), ("Gerbang 1", None)] {
        let input = json!({ "name": name, "lane": lane, "direction": "arrival", "source": "rtsp://viewer:secret@10.0.0.9/live" });
        cameras.push(
            camera::add_to(state, By::System, here, &serde_json::from_value(input)?)
                .await
                .map_err(told)?,
        );
    }
    let (now, edge) = (state.clock.now(), EdgeId(state.clock.new_uuid()));
    let new = edge::NewEdge {
        id: edge,
        site: here,
        name: "Simpul Batam 1".to_owned(),
        token_hash: vec![7; 32],
        token_expires_at: now + DAY_MS,
    };
    edge::announce(&state.db, now, By::System, new).await?;
    edge::enrol(&state.db, now, &[7; 32], &[1; 32]).await?;
    Ok(Place {
        site: here,
        cameras: [cameras[0], cameras[1]],
        edge,
    })
}

fn told(error: tapal_server::ApiError) -> String {
    error.message
}

fn portrait(n: usize) -> Done<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/people/portraits");
    Ok(std::fs::read(
        folder.join(format!("s{:03}.jpg", n % 40 + 1)),
    )?)
}

/// Listed people: ordinary, a very long name, a name written from right to left, and as many rows as asked for.
async fn people(state: &AppState, rows: usize) -> Done<Vec<EntryId>> {
    let names = [
        "Teguh Hendra Prabasari",
        "Sukarno",
        "Raden Mas Panji Sosrokartono Kusumodiningrat Wiryonegoro Hadikusumo Brotodiningrat Natakusuma Surjosoemarno Tjokroadisoerjo",
        "محمد بن عبد الله الهاشمي",
    ];
    let mut made = Vec::new();
    for n in 0..names.len() + rows {
        let now = state.clock.now();
        let name = names
            .get(n)
            .map_or_else(|| format!("Orang Rekaan {n}"), |name| (*name).to_owned());
        let id = EntryId(state.clock.new_uuid());
        let entry = Entry::new(Draft {
            id,
            list: [ListKind::Wanted, ListKind::ExitBan][n % 2],
            person: Person {
                full_name: name,
                sex: "M".into(),
                birth_date: "1983-05-08".into(),
                nationality: "IDN".into(),
                document_number: "SP4522480".into(),
            },
            order_reference: format!("R-{n}/2026"),
            agency: Agency::Police,
            first_day: tapal_domain::day::Day::at(now - DAY_MS, 420),
            last_day: tapal_domain::day::Day::at(now + 100 * DAY_MS, 420),
            version: 1,
        })?;
        let photo = portrait(n)?;
        let photo = NewPhoto {
            id: state.clock.new_uuid(),
            portrait_jpeg: photo.clone(),
            photo,
            template: vec![0.5; 32],
            model_id: MODEL.into(),
            quality: quality(),
        };
        // The second of these invented people is held back, as if the audit had found an unusual resemblance.
        let finding = if n == 1 { held_back() } else { clear() };
        let (photos, findings) = ([photo], [finding]);
        tapal_store::entry::add_audited(&state.db, now, By::System, &entry, &photos, &findings)
            .await?;
        made.push(id);
    }
    made.truncate(names.len());
    made.remove(1);
    Ok(made)
}

/// An entry that ended ten minutes ago, with copies at five nodes: two proved that it is gone, one is late, one was
/// retired; and one node with a wrong clock.
async fn lapsed(state: &AppState, site: SiteId) -> Done<()> {
    let (now, id) = (state.clock.now(), EntryId(state.clock.new_uuid()));
    let ended_at = now - 10 * MINUTE_MS;
    let entry = Entry::new(Draft {
        id,
        list: ListKind::ExitBan,
        person: Person {
            full_name: "Bambang Rekaan Wicaksono".into(),
            sex: "M".into(),
            birth_date: "1979".into(),
            nationality: "IDN".into(),
            document_number: String::new(),
        },
        order_reference: "R-URGENT/2026".into(),
        agency: Agency::Kpk,
        first_day: Day::at(now - 19 * DAY_MS, 420),
        last_day: Day::at(now, 420),
        version: 1,
    })?;
    let photo = NewPhoto {
        id: state.clock.new_uuid(),
        portrait_jpeg: portrait(7)?,
        photo: portrait(7)?,
        template: vec![0.5; 32],
        model_id: MODEL.into(),
        quality: quality(),
    };
    tapal_store::entry::add_by(&state.db, ended_at - DAY_MS, By::System, &entry, &[photo]).await?;
    let upsert = EntryTemplate {
        entry: id,
        entry_version: 1,
        list: ListKind::ExitBan,
        in_force_from: entry.in_force_from(420),
        in_force_to: entry.in_force_to(420),
        templates: Vec::new(),
    };
    let mut nodes = Vec::new();
    for n in 1..=4_u8 {
        let node = EdgeId(state.clock.new_uuid());
        let new = edge::NewEdge {
            id: node,
            site,
            name: format!("Simpul contoh {n}"),
            token_hash: vec![40 + n; 32],
            token_expires_at: now + DAY_MS,
        };
        edge::announce(&state.db, now, By::System, new).await?;
        let key = SigningKey::from_bytes(&[n; 32]);
        let public = key.verifying_key().to_bytes();
        edge::enrol(&state.db, now, &[40 + n; 32], &public).await?;
        let handed_at = ended_at - DAY_MS;
        edge::hand_over(&state.db, handed_at, node, 1, std::slice::from_ref(&upsert)).await?;
        nodes.push((node, key));
    }
    tapal_store::entry::end(&state.db, ended_at, By::System, id, "revoked").await?;
    for (after_ms, (node, key)) in [250, 7_000].into_iter().zip(&nodes) {
        let receipt = RemovalReceipt {
            entry: id,
            version: 2,
            removed_at: ended_at + after_ms,
        };
        let body = serde_json::to_string(&receipt)?;
        let hash = tapal_store::vault::hex(&Sha256::digest(&body));
        let path = "/api/v1/edge/receipts";
        let text = signed_text("POST", path, receipt.removed_at, "fixture", &hash);
        let signature = STANDARD.encode(key.sign(text.as_bytes()).to_bytes());
        let proof = edge::Proof {
            text,
            signature,
            body,
        };
        edge::receive(&state.db, receipt.removed_at + 400, *node, &receipt, &proof).await?;
    }
    edge::retire(&state.db, now, By::System, nodes[3].0).await?;
    Ok(())
}

/// An invented finding of the enrolment audit that holds an entry back.
fn held_back() -> Finding {
    let point = |fmr, seen, expected, bound| PointCount {
        fmr,
        seen,
        expected,
        bound,
    };
    Finding {
        people: 400,
        points: vec![point(1e-2, 19, 4.0, 12), point(1e-3, 3, 0.4, 4)],
        ..Finding::default()
    }
}

/// An invented finding without anything unusual.
fn clear() -> Finding {
    let mut finding = held_back();
    for point in &mut finding.points {
        point.seen = 1;
    }
    finding
}

async fn accounts(state: &AppState, here: SiteId) -> Done<Vec<serde_json::Value>> {
    let plans = [
        ("rina", "Rina Siregar", Role::CounterOfficer, Some(here)),
        ("budi", "Budi Santoso", Role::SecondLineOfficer, Some(here)),
        ("sari", "Sari Wulandari", Role::Supervisor, Some(here)),
        ("dewi", "Dewi Lestari", Role::Supervisor, None),
        ("clerk", "Ahmad Fauzi", Role::WatchlistClerk, None),
        ("approver", "Ratna Dewi", Role::WatchlistApprover, None),
        ("policy", "Maria Tambunan", Role::PolicyAdmin, None),
        ("policy2", "Agus Prasetyo", Role::PolicyAdmin, None),
        ("auditor", "Hendra Gunawan", Role::Auditor, None),
        ("admin", "Lukman Hakim", Role::SystemAdmin, None),
    ];
    let mut out = Vec::new();
    for (username, display_name, role, site) in plans {
        let input = json!({ "username": username, "display_name": display_name, "role": role, "site": site, "language": "id" });
        let password = tapal_server::session::sign_in::one_time_password().map_err(told)?;
        account::open_with(
            state,
            By::System,
            serde_json::from_value(input)?,
            &password,
            false,
        )
        .await
        .map_err(told)?;
        out.push(json!({ "username": username, "password": password, "role": role, "place": "" }));
    }
    Ok(out)
}

/// Reports health every second and raises an alert every few seconds, until Ctrl-C.
async fn live(state: &AppState, place: &Place, entries: &[EntryId], every: u64) -> Done<()> {
    let boot = BootId(state.clock.new_uuid());
    let rates = Rates {
        model_id: MODEL,
        calibration: &state.config.model.calibration,
        thresholds: &state.config.model.thresholds,
    };
    for seq in 1_u64.. {
        edge::report(
            &state.db,
            state.clock.now(),
            place.edge,
            place.site,
            &health(state, place, boot, seq),
            &rates,
        )
        .await?;
        if every > 0 && seq % every == 1 {
            raise(state, place, entries, (seq / every) as usize).await?;
        }
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
    Ok(())
}

fn health(state: &AppState, place: &Place, boot: BootId, seq: u64) -> HealthReport {
    let now = state.clock.now();
    let counters = Counters {
        frames: seq * 8,
        persons: seq,
        faces: seq * 4,
        not_searched: [
            (NotSearched::TooDark, seq / 5),
            (NotSearched::SideOn, seq / 3),
        ]
        .into(),
        searches: seq,
        matches: seq / 9,
        destroyed: seq - seq / 9,
        ..Counters::default()
    };
    let camera = |(n, camera): (usize, &CameraId)| CameraHealth {
        camera: *camera,
        state: if n == 0 {
            CameraState::Live
        } else {
            CameraState::Down
        },
        since: now - 60_000,
        reason: (n == 1).then(|| "no_frames".to_owned()),
        fps: 8.0 + (seq % 3) as f32 * 0.3,
        frame_size: [1280, 720],
        restarts: n as u64,
        last_frame_at: Some(now - 100),
        counters: counters.clone(),
    };
    let outcomes = [
        AttemptOutcome::BelowThreshold,
        AttemptOutcome::NotSearched(NotSearched::SideOn),
        AttemptOutcome::BelowThreshold,
        AttemptOutcome::NotSearched(NotSearched::TooDark),
    ];
    let attempt = Attempt {
        id: AttemptId(state.clock.new_uuid()),
        camera: place.cameras[0],
        at: now,
        seen_ms: 3_800,
        shots: 4,
        outcome: outcomes[(seq % 4) as usize],
    };
    HealthReport {
        boot,
        seq,
        sent_at: now,
        engine: "none".into(),
        pack: "stub".into(),
        model_id: MODEL.into(),
        demonstration: true,
        list_version: 1_000_000,
        gallery_size: 4,
        refused: None,
        spooled: 0,
        cameras: place.cameras.iter().enumerate().map(camera).collect(),
        attempts: vec![attempt],
        clock_ahead_ms: Some(-3 * DAY_MS),
    }
}

async fn raise(state: &AppState, place: &Place, entries: &[EntryId], n: usize) -> Done<()> {
    let now = state.clock.now();
    let strong = n % 3 == 2;
    let report = AlertReport {
        id: AlertId(state.clock.new_uuid()),
        camera: place.cameras[0],
        track: TrackId(Uuid::nil()),
        captured_at: now - 400,
        judged_at: now - 300,
        model_id: MODEL.into(),
        entry: entries[n % entries.len()],
        entry_version: 1,
        list_version: 1,
        gallery_size: 1_000,
        score: if strong { 0.66 } else { 0.45 },
        threshold: 0.42,
        band: if strong { Band::Match } else { Band::Possible },
        others: vec![OtherCandidate {
            entry: entries[(n + 1) % entries.len()],
            score: 0.43,
        }],
        shots: 5,
        quality: quality(),
        face_box: [520.0, 210.0, 96.0, 128.0],
        probes: Vec::new(),
    };
    let probes: Vec<Vec<u8>> = (0..4)
        .map(|k| portrait(n % entries.len() + k * 10))
        .collect::<Done<_>>()?;
    tapal_store::alert::ingest(
        &state.db,
        now,
        place.edge,
        place.site,
        &report,
        &probes,
        &state.config.timers,
    )
    .await?;
    Ok(())
}
