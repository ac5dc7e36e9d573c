//! A small world to test in: two sites, a few people, one listed person, one node each. Must not sleep or read a clock.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tapal_domain::{
    calibration::Calibration,
    day::Day,
    entry::{Agency, ListKind},
    id::{AlertId, CameraId, DeskId, EdgeId, EntryId, LaneId, SiteId, TrackId},
    role::Role,
    screening::{Band, Threshold},
    site::{Deployment, Direction, SiteKind},
    time::{DAY_MS, UtcMs},
    wire::{AlertReport, ShotQuality, header as wire_header, signed_text},
};
use tapal_server::{
    AppState, Clock, Model, OtherModel, PasswordCost, ServerConfig, account, camera,
    enrol::{Enrol, EnrolRefused, Enrolled},
    entry, routes, site,
};
use tapal_store::{By, Db, Vault, vault::hex};
use tower::ServiceExt;
use uuid::Uuid;

pub const NOON: i64 = 1_800_000_000_000;
pub const NAME: &str = "Zulkifli Rahasia";
pub const ORDER: &str = "KEP-777/RAHASIA";
pub const PASSWORD: &str = "perahu kecil di danau";
pub const MODEL: &str = "stub@00000001";

pub struct FixedClock {
    now: AtomicI64,
    ids: AtomicU64,
}

impl Clock for FixedClock {
    fn now(&self) -> UtcMs {
        UtcMs(self.now.load(Ordering::SeqCst))
    }
    fn new_uuid(&self) -> Uuid {
        let n = self.ids.fetch_add(1, Ordering::SeqCst);
        Uuid::from_u128((self.now().0 as u128) << 80 | 7 << 76 | 2 << 62 | u128::from(n))
    }
}

/// Takes anything that begins like a JPEG and names one way to fail.
pub struct StubEnrol;

impl Enrol for StubEnrol {
    fn enrol(&self, image: &[u8]) -> Result<Enrolled, EnrolRefused> {
        if !image.starts_with(&[0xff, 0xd8]) {
            return Err(EnrolRefused {
                code: "no_face",
                message: "no face was found".into(),
            });
        }
        let template = direction(image);
        let portrait_jpeg = jpeg("portrait");
        Ok(Enrolled {
            portrait_jpeg,
            template,
            quality: ShotQuality::default(),
        })
    }
    fn model_id(&self) -> &str {
        MODEL
    }
}

/// 512 values by hash: two pictures are nearly at right angles, like two people. A picture named `like X` with a
/// share, such as `like photo 0.9`, points that far to the direction of X.
fn direction(image: &[u8]) -> Vec<f32> {
    let plain = |bytes: &[u8]| -> Vec<f32> {
        let part = |n: u8| Sha256::digest([bytes, &[n][..]].concat()).to_vec();
        let values: Vec<f32> = (0..16)
            .flat_map(part)
            .map(|b| f32::from(b) - 127.5)
            .collect();
        let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt();
        values.into_iter().map(|v| v / norm).collect()
    };
    let text = String::from_utf8_lossy(image).into_owned();
    let alike = text.split_once("like ").and_then(|(_, rest)| {
        let (name, share) = rest.rsplit_once(' ')?;
        Some((plain(&jpeg(name)), share.parse::<f32>().ok()?))
    });
    let own = plain(image);
    match alike {
        None => own,
        Some((other, share)) => {
            let rest = (1.0 - share * share).sqrt();
            let mix = |(a, b): (&f32, &f32)| share * a + rest * b;
            other.iter().zip(&own).map(mix).collect()
        }
    }
}

pub fn jpeg(text: &str) -> Vec<u8> {
    [&[0xff, 0xd8, 0xff, 0xe0][..], b"JFIF-", text.as_bytes()].concat()
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.text()))
    }
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        if self.bytes.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert!(
            !body["message"].as_str().unwrap().is_empty()
                && body["request_id"].as_str().unwrap().len() == 32,
            "{body}"
        );
        body
    }
}

/// A signed-in person.
#[derive(Clone, Debug, Default)]
pub struct Person {
    pub username: String,
    pub cookie: String,
    pub csrf: String,
}

/// A camera node with its key.
pub struct Node {
    pub id: EdgeId,
    pub key: SigningKey,
    pub nonce: AtomicU64,
}

pub struct World {
    pub app: Router,
    pub state: AppState,
    pub clock: Arc<FixedClock>,
    pub dir: tempfile::TempDir,
    pub site: SiteId,
    pub desk: DeskId,
    pub camera: CameraId,
    pub far_site: SiteId,
    pub far_camera: CameraId,
    pub entry: EntryId,
    pub node: Node,
    pub far_node: Node,
}

pub fn model() -> Model {
    let threshold = |list| Threshold {
        list,
        possible: 0.4,
        strong: 0.6,
    };
    Model {
        pack: "stub".into(),
        demonstration: true,
        calibration: Calibration::counted(&[(0.3, 1e-4), (0.5, 1e-6)]),
        thresholds: ListKind::ALL.map(threshold).to_vec(),
        others: vec![OtherModel {
            pack: "larger".into(),
            calibration: Calibration::counted(&[(0.2, 1e-4), (0.6, 1e-9)]),
        }],
    }
}

pub fn deployment() -> Deployment {
    Deployment {
        decree: "IMI-01/2026".into(),
        purpose: "Find wanted persons".into(),
        lists: vec![ListKind::Wanted, ListKind::ExitBan],
        hours: "00:00-24:00".into(),
        dpia_reference: "DPIA-7".into(),
        sign_posted: true,
        valid_from: UtcMs(0),
        valid_to: UtcMs(NOON + 365 * DAY_MS),
    }
}

/// The day so many days after that of [`NOON`], at the world's sites (UTC+7).
pub fn local_day(days: i64) -> Day {
    Day::at(UtcMs(NOON + days * DAY_MS), 420)
}

/// Milliseconds from [`NOON`] to the instant at which an entry of [`entry_input`] is over at the world's sites.
pub fn over_after_ms() -> i64 {
    local_day(10).ends(420).since_ms(UtcMs(NOON))
}

pub fn entry_input(name: &str) -> Value {
    json!({ "list": "wanted", "full_name": name, "sex": "M", "birth_date": "1980-02-03", "nationality": "IDN",
        "document_number": "X1234567", "order_reference": ORDER, "agency": Agency::Police, "first_day": local_day(-1),
        "last_day": local_day(10), "photos": [STANDARD.encode(jpeg(name))] })
}

async fn make_site(state: &AppState, name: &str) -> SiteId {
    let input = site::SiteInput {
        name: name.into(),
        kind: SiteKind::Checkpoint,
        utc_offset_minutes: 420,
    };
    let id = site::add_by(state, By::System, input).await.unwrap();
    site::deploy_by(state, By::System, id, deployment())
        .await
        .unwrap();
    id
}

async fn make_camera(state: &AppState, site: SiteId, lane: Option<LaneId>) -> CameraId {
    let input = json!({ "name": "Lane 2", "lane": lane, "direction": "arrival", "source": "rtsp://viewer:hunter2@10.0.0.9/live" });
    camera::add_to(
        state,
        By::System,
        site,
        &serde_json::from_value(input).unwrap(),
    )
    .await
    .unwrap()
}

impl World {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock {
            now: AtomicI64::new(NOON),
            ids: AtomicU64::new(1),
        });
        let vault = Vault::open_or_create(&dir.path().join("data.key")).unwrap();
        let db = Db::open(&dir.path().join("tapal.db"), vault).await.unwrap();
        let mut config = ServerConfig::new(
            "127.0.0.1:0".parse().unwrap(),
            dir.path().to_owned(),
            model(),
        );
        config.password_cost = PasswordCost {
            memory_kib: 64,
            passes: 1,
        };
        let state = AppState::new(
            db,
            clock.clone(),
            SigningKey::from_bytes(&[9; 32]),
            config,
            Some(Arc::new(StubEnrol)),
        );
        let app = routes::app(state.clone());
        let (near, far) = (
            make_site(&state, "Soekarno-Hatta").await,
            make_site(&state, "Batam Centre").await,
        );
        let desk = site::add_desk_by(
            &state,
            By::System,
            near,
            &site::DeskInput {
                name: "Desk 1".into(),
            },
        )
        .await
        .unwrap();
        let lane = site::LaneInput {
            name: "Lane 2".into(),
            direction: Direction::Arrival,
            desk: Some(desk),
        };
        let lane = site::add_lane_by(&state, By::System, near, &lane)
            .await
            .unwrap();
        let (camera, far_camera) = (
            make_camera(&state, near, Some(lane)).await,
            make_camera(&state, far, None).await,
        );
        let input: entry::EntryInput = serde_json::from_value(entry_input(NAME)).unwrap();
        let entry = entry::record(&state, By::System, input, vec![jpeg("photo")])
            .await
            .unwrap();
        let blank = || Node {
            id: EdgeId(Uuid::nil()),
            key: SigningKey::from_bytes(&[1; 32]),
            nonce: AtomicU64::new(0),
        };
        let (site, far_site) = (near, far);
        let mut world = Self {
            app,
            state,
            clock,
            dir,
            site,
            desk,
            camera,
            far_site,
            far_camera,
            entry,
            node: blank(),
            far_node: blank(),
        };
        world.node = world.enrol_node(world.site, 11).await;
        world.far_node = world.enrol_node(world.far_site, 12).await;
        world
    }

    pub fn now(&self) -> UtcMs {
        self.clock.now()
    }

    pub fn pass(&self, ms: i64) {
        self.clock.now.fetch_add(ms, Ordering::SeqCst);
    }

    /// Runs the timers of this instant.
    pub async fn tick(&self) {
        tapal_server::jobs::run_due(&self.state, &mut Default::default(), self.now()).await;
    }

    pub async fn enrol_node(&self, site: SiteId, seed: u8) -> Node {
        let new = tapal_server::edge::NewEdge {
            site,
            name: format!("node {seed}"),
        };
        let announced = tapal_server::edge::announce(&self.state, By::System, &new)
            .await
            .unwrap();
        let key = SigningKey::from_bytes(&[seed; 32]);
        let public_key = STANDARD.encode(key.verifying_key().as_bytes());
        let reply = self
            .call(
                "POST",
                "/api/v1/edges/enrol",
                None,
                Some(json!({ "token": announced.token, "public_key": public_key })),
            )
            .await
            .ok();
        Node {
            id: reply["edge"].as_str().unwrap().parse().unwrap(),
            key,
            nonce: AtomicU64::new(0),
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let reply = self.app.clone().oneshot(request).await.unwrap();
        let (status, headers) = (reply.status(), reply.headers().clone());
        let bytes = reply
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec();
        Reply {
            status,
            headers,
            bytes,
        }
    }

    pub async fn call(
        &self,
        method: &str,
        path: &str,
        person: Option<&Person>,
        body: Option<Value>,
    ) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost");
        if let Some(person) = person {
            request = request
                .header(header::COOKIE, &person.cookie)
                .header("x-csrf-token", &person.csrf);
        }
        let body = match body {
            Some(value) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(value.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str, person: &Person) -> Reply {
        self.call("GET", path, Some(person), None).await
    }

    pub async fn post(&self, path: &str, person: &Person, body: Value) -> Reply {
        self.call("POST", path, Some(person), Some(body)).await
    }

    /// Opens an account and signs it in.
    pub async fn person(
        &self,
        username: &str,
        role: Role,
        site: Option<SiteId>,
        desk: Option<DeskId>,
    ) -> Person {
        let language = Some("en".to_owned());
        let input = account::AccountInput {
            agency: (role == Role::AgencyLiaison).then_some(Agency::Police),
            username: username.into(),
            display_name: format!("Officer {username}"),
            role,
            site,
            desk,
            language,
        };
        account::open_with(&self.state, By::System, input, PASSWORD, false)
            .await
            .unwrap();
        self.sign_in(username, PASSWORD).await
    }

    pub async fn officer(&self, username: &str) -> Person {
        self.person(
            username,
            Role::CounterOfficer,
            Some(self.site),
            Some(self.desk),
        )
        .await
    }

    pub async fn sign_in(&self, username: &str, password: &str) -> Person {
        let reply = self
            .call(
                "POST",
                "/api/v1/session",
                None,
                Some(json!({ "username": username, "password": password })),
            )
            .await;
        let cookie = reply.headers[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        Person {
            username: username.into(),
            cookie,
            csrf: reply.ok()["csrf"].as_str().unwrap().to_owned(),
        }
    }

    pub fn signed(&self, node: &Node, method: &str, path: &str, body: &str) -> Request<Body> {
        let nonce = format!("nonce-{:08}", node.nonce.fetch_add(1, Ordering::SeqCst));
        self.signed_as(node, method, path, body, self.now(), &nonce)
    }

    pub fn signed_as(
        &self,
        node: &Node,
        method: &str,
        path: &str,
        body: &str,
        at: UtcMs,
        nonce: &str,
    ) -> Request<Body> {
        let text = signed_text(method, path, at, nonce, &hex(&Sha256::digest(body)));
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(wire_header::EDGE, node.id.to_string())
            .header(wire_header::TIME, at.0)
            .header(wire_header::NONCE, nonce)
            .header(
                wire_header::SIGNATURE,
                STANDARD.encode(node.key.sign(text.as_bytes()).to_bytes()),
            )
            .body(Body::from(body.to_owned()))
            .unwrap()
    }

    pub async fn device(&self, node: &Node, method: &str, path: &str, body: Value) -> Reply {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.send(self.signed(node, method, path, &body)).await
    }

    pub fn report(&self, n: u128) -> AlertReport {
        AlertReport {
            id: AlertId(Uuid::from_u128((self.now().0 as u128) << 80 | n)),
            camera: self.camera,
            track: TrackId(Uuid::from_u128(n)),
            captured_at: self.now(),
            judged_at: self.now(),
            model_id: MODEL.into(),
            entry: self.entry,
            entry_version: 1,
            list_version: 1,
            gallery_size: 1_000,
            score: 0.4,
            threshold: 0.4,
            band: Band::Possible,
            others: vec![],
            shots: 3,
            quality: ShotQuality::default(),
            face_box: [0.4, 0.2, 0.1, 0.15],
            probes: vec![
                STANDARD.encode(jpeg("probe one")),
                STANDARD.encode(jpeg("probe two")),
            ],
        }
    }

    /// Raises alert `n` at the near site; its path.
    pub async fn raise(&self, n: u128) -> String {
        let report = self.report(n);
        let reply = self
            .device(
                &self.node,
                "POST",
                "/api/v1/alerts",
                serde_json::to_value(&report).unwrap(),
            )
            .await
            .ok();
        assert_eq!(reply, "recorded");
        format!("/api/v1/alerts/{}", report.id)
    }

    pub async fn opine(&self, alert: &str, person: &Person, opinion: &str, reason: &str) -> Reply {
        self.post(
            &format!("{alert}/opinions"),
            person,
            json!({ "opinion": opinion, "reason": reason }),
        )
        .await
    }

    /// Audit rows with this action, oldest first.
    pub async fn audited(&self, action: &str) -> Vec<Value> {
        let rows = tapal_store::audit::list(&self.state.db, None, None, 10_000)
            .await
            .unwrap();
        rows.into_iter()
            .rev()
            .filter(|row| row.action == action)
            .map(|row| serde_json::to_value(row).unwrap())
            .collect()
    }
}

impl World {
    /// Writes behind the program's back.
    pub async fn write(&self, sql: &'static str, values: Vec<tapal_store::db::Value>) -> u64 {
        let mut tx = self.state.db.begin(self.now()).await.unwrap();
        let rows = tx.run(sql, values).await.unwrap();
        tx.commit_unaudited(tapal_store::db::Unaudited::Telemetry)
            .await
            .unwrap();
        rows
    }

    /// Records one more listed person.
    pub async fn record_entry(&self, name: &str) -> EntryId {
        let input = serde_json::from_value(entry_input(name)).unwrap();
        let recorded = entry::record(&self.state, By::System, input, vec![jpeg(name)]).await;
        recorded.unwrap()
    }

    /// As if `clerk` had recorded it: what the orders of a clerk come to when they are approved.
    pub async fn record_by(&self, clerk: &Person, name: &str, photo: &str) -> EntryId {
        let account = tapal_store::account::find(&self.state.db, &clerk.username)
            .await
            .unwrap();
        let by = By::Account(account.unwrap().0.id);
        let input = serde_json::from_value(entry_input(name)).unwrap();
        entry::record(&self.state, by, input, vec![jpeg(photo)])
            .await
            .unwrap()
    }

    /// The only photograph.
    pub async fn photo_id(&self) -> String {
        let row = self
            .state
            .db
            .one("SELECT id FROM entry_photo", vec![])
            .await;
        row.unwrap().text("id").unwrap()
    }
}
