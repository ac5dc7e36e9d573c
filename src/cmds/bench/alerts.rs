//! `tapal bench alerts`: one centre, many open consoles, alerts from enrolled nodes over HTTPS. Reports how long
//! until every console has heard of an alert, and until the page it then fetches shows it.
//! Nodes, consoles and centre share this machine, so the figures include the load the consoles themselves make.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use tapal_domain::{
    entry::ListKind,
    id::{AlertId, EntryId, TrackId},
    role::Role,
    screening::Band,
    site::{Direction, SiteKind},
    wire::{AlertReport, ShotQuality},
};
use tapal_lane::{
    centre::{Centre, Https, Method, Signed, agent},
    clock::{Clock, SystemClock},
    identity::Identity,
};
use tapal_server::{AppState, session::sign_in::sign_in as start_session};

use crate::{
    centre,
    cmds::{
        Settings,
        eval::truth::{Truth, percentile},
    },
    inference, logging, progress,
    seed::{self, AccountPlan, CameraPlan, Made, SitePlan},
};

/// Arguments of `tapal bench alerts`.
#[derive(clap::Args)]
pub struct Args {
    /// Open consoles, spread evenly over the sites.
    #[arg(long, default_value_t = 500)]
    consoles: usize,
    /// Sites. With 1 every console hears of every alert: the worst case.
    #[arg(long, default_value_t = 20)]
    sites: usize,
    /// Alerts, one site after the other.
    #[arg(long, default_value_t = 40)]
    alerts: usize,
    /// Milliseconds between two alerts.
    #[arg(long, default_value_t = 2_000)]
    every_ms: u64,
    /// Folder with groundtruth.json and portraits/; the rendered people by default.
    #[arg(long, value_name = "DIR")]
    people: Option<PathBuf>,
    /// Model pack.
    #[arg(long, value_name = "NAME")]
    pack: Option<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Serialize)]
struct Report {
    consoles: usize,
    sites: usize,
    alerts: usize,
    /// Consoles that should have been told of an alert, over all alerts.
    deliveries_due: usize,
    /// Of which were told.
    deliveries: usize,
    /// From the start of the node's request until a console had the event, ms.
    heard_ms: Spread,
    /// The same until the page fetched for it showed the alert, ms.
    shown_ms: Spread,
    /// The node's own wait for its receipt, ms.
    receipt_ms: Spread,
}

#[derive(Serialize)]
struct Spread {
    p50: Option<i64>,
    p99: Option<i64>,
    max: Option<i64>,
}

impl Spread {
    fn of(mut ms: Vec<i64>) -> Self {
        ms.sort_unstable();
        Self {
            p50: percentile(&ms, 0.5),
            p99: percentile(&ms, 0.99),
            max: ms.last().copied(),
        }
    }
}

/// When each alert was sent, by its id.
type Sent = Arc<Mutex<HashMap<String, Instant>>>;

enum Said {
    Open,
    Heard(i64),
    Shown(i64),
    Failed(String),
}

/// One site of the measurement, as handed to its node and consoles.
struct Place {
    made: Made,
    cookie: String,
    token: String,
    folder: PathBuf,
}

/// Runs it.
pub fn run(args: Args, settings: Settings) -> Result<()> {
    if args.sites == 0 || args.consoles < args.sites || args.alerts == 0 {
        bail!("give at least one alert, one site, and a console for each site");
    }
    let config = settings.with("pack", args.pack.clone()).load()?;
    logging::start("error");
    let people = seed::people(args.people.clone())?;
    let open = inference::open(&config)?;
    let folder = std::env::temp_dir().join(format!("tapal-bench-alerts-{}", std::process::id()));
    let own = config.at(&folder.join("centre"), "127.0.0.1:0")?;
    let json = args.json;
    let report = centre::runtime()?.block_on(async {
        let state = centre::open(&own, &open).await?;
        let entry = listed(&state, &people).await?;
        let running = centre::serve(state.clone()).await?;
        let base = format!("https://localhost:{}", running.address.port());
        let pem = std::fs::read(tapal_server::certificate::certificate_path(&own.data()))?;
        let mut places = Vec::new();
        for n in 0..args.sites {
            places.push(place(&state, n, folder.join(format!("node-{n}"))).await?);
        }
        let model = state.model_id().to_owned();
        let work = move || measure(&args, &base, &pem, &model, entry, &places);
        let report = tokio::task::spawn_blocking(work).await?;
        running.stop().await;
        report
    });
    // It may never have been made.
    let _absent = std::fs::remove_dir_all(&folder);
    let report = report?;
    if json {
        progress::result(&serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

async fn listed(state: &AppState, people: &Path) -> Result<EntryId> {
    let truth = Truth::read(people)?;
    let first = truth.identities.first().context("there are no people")?;
    seed::person(state, people, first, ListKind::Wanted, 0).await
}

/// A site with one camera, lane and desk, an officer's session and a token for its node.
async fn place(state: &AppState, n: usize, folder: PathBuf) -> Result<Place> {
    let name: &'static str = Box::leak(format!("Site {}", n + 1).into_boxed_str());
    let plan = SitePlan {
        name,
        kind: SiteKind::Checkpoint,
        utc_offset_minutes: 420,
        lists: &ListKind::ALL,
        cameras: vec![CameraPlan {
            name: "Camera".into(),
            lane: "Lane".into(),
            desk: Some("Desk".into()),
            direction: Direction::Arrival,
            source: "file:none".into(),
            fps: 8.0,
            detect_width: 640,
        }],
    };
    let made = seed::place(state, &plan).await?;
    let username = format!("officer-{n}");
    let account = AccountPlan {
        username: &username,
        display_name: "Officer",
        role: Role::CounterOfficer,
        site: Some(made.site),
        desk: made.desks.first().copied(),
        agency: None,
    };
    let password = seed::sign_in(state, &account, false).await?;
    let signed_in = start_session(state, &username, &password, None).await;
    let signed_in = signed_in.map_err(|e| anyhow!("{}", e.message))?;
    let cookie = signed_in.cookie.to_str()?.split(';').next();
    Ok(Place {
        cookie: cookie.unwrap_or_default().to_owned(),
        token: seed::node(state, made.site, "bench").await?,
        made,
        folder,
    })
}

fn measure(
    args: &Args,
    base: &str,
    pem: &[u8],
    model_id: &str,
    entry: EntryId,
    places: &[Place],
) -> Result<Report> {
    let sent = Sent::default();
    let (say, said) = mpsc::channel();
    let mut due = vec![0; places.len()];
    for n in 0..args.consoles {
        let at = n % places.len();
        due[at] += 1;
        let console = Console {
            base: base.into(),
            pem: pem.into(),
            cookie: places[at].cookie.clone(),
            sent: sent.clone(),
            say: say.clone(),
        };
        // A console is a thread that mostly waits: a small stack is enough.
        std::thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(move || console.run())?;
    }
    drop(say);
    let mut bar = progress::Bar::new("opening consoles", args.consoles as u64);
    for n in 0..args.consoles {
        match said.recv_timeout(Duration::from_secs(60)) {
            Ok(Said::Open) => bar.set(n as u64 + 1),
            Ok(Said::Failed(why)) => bail!("a console could not be opened: {why}"),
            _ => bail!(
                "only {n} of {} consoles opened within a minute",
                args.consoles
            ),
        }
    }
    let mut bar = progress::Bar::new("raising alerts", args.alerts as u64);
    let (mut receipt, mut deliveries_due) = (Vec::new(), 0);
    for n in 0..args.alerts {
        let at = n % places.len();
        receipt.push(raise(base, pem, &places[at], model_id, entry, &sent)?);
        deliveries_due += due[at];
        std::thread::sleep(Duration::from_millis(args.every_ms));
        bar.set(n as u64 + 1);
    }
    let (mut heard, mut shown) = (Vec::new(), Vec::new());
    // What has not come within ten seconds counts as missing.
    while shown.len() < deliveries_due {
        match said.recv_timeout(Duration::from_secs(10)) {
            Ok(Said::Heard(ms)) => heard.push(ms),
            Ok(Said::Shown(ms)) => shown.push(ms),
            Ok(Said::Failed(why)) => progress::say(&format!("a console gave up: {why}")),
            Ok(Said::Open) => {}
            Err(_) => break,
        }
    }
    Ok(Report {
        consoles: args.consoles,
        sites: args.sites,
        alerts: args.alerts,
        deliveries_due,
        deliveries: shown.len(),
        heard_ms: Spread::of(heard),
        shown_ms: Spread::of(shown),
        receipt_ms: Spread::of(receipt),
    })
}

/// One alert of a site's node, enrolled at its first; gives the milliseconds until its receipt.
fn raise(
    base: &str,
    pem: &[u8],
    place: &Place,
    model_id: &str,
    entry: EntryId,
    sent: &Sent,
) -> Result<i64> {
    std::fs::create_dir_all(&place.folder)?;
    let https = Https::new(base, pem, "certificate")?;
    let identity = Identity::open(&place.folder, &https, Some(&place.token))?;
    let clock = Arc::new(SystemClock::new());
    let (id, track) = (AlertId(clock.id()), TrackId(clock.id()));
    let now = clock.now();
    let node = Signed {
        https,
        edge: identity.edge,
        key: identity.key,
        clock,
    };
    let report = AlertReport {
        id,
        camera: *place.made.cameras.first().context("a site has a camera")?,
        track,
        captured_at: now,
        judged_at: now,
        model_id: model_id.into(),
        entry,
        entry_version: 1,
        list_version: 1,
        gallery_size: 1,
        score: 0.99,
        threshold: 0.9,
        band: Band::Match,
        others: Vec::new(),
        shots: 5,
        quality: ShotQuality::default(),
        face_box: [0.4, 0.3, 0.1, 0.2],
        // As large as five real shots.
        probes: vec![STANDARD.encode([&[0xff, 0xd8][..], &vec![7; 60_000]].concat()); 5],
    };
    let body = serde_json::to_vec(&report)?;
    let begun = Instant::now();
    lock(sent).insert(id.to_string(), begun);
    let reply = node.send(Method::Post, "/api/v1/alerts", &body)?;
    if reply.status >= 300 {
        bail!(
            "the centre refused an alert: {}",
            String::from_utf8_lossy(&reply.body)
        );
    }
    Ok(ms_since(begun))
}

/// One open console: listens to events as a page does, and fetches the page at an alert.
struct Console {
    base: String,
    pem: Vec<u8>,
    cookie: String,
    sent: Sent,
    say: mpsc::Sender<Said>,
}

impl Console {
    fn run(self) {
        if let Err(why) = self.listen() {
            // Nobody listens any more at the end of the measurement.
            let _ended = self.say.send(Said::Failed(format!("{why:#}")));
        }
    }

    fn listen(&self) -> Result<()> {
        let agent = agent(&self.pem, "certificate", None)?;
        let url = format!("{}/api/v1/events", self.base);
        let reply = agent.get(&url).header("cookie", &self.cookie).call()?;
        if reply.status().as_u16() != 200 {
            bail!("status {}", reply.status());
        }
        let lines = BufReader::new(reply.into_body().into_reader()).lines();
        let pages = Https::new(&self.base, &self.pem, "certificate")?;
        let mut kind = String::new();
        for line in lines {
            let line = line?;
            if let Some(name) = line.strip_prefix("event: ").or(line.strip_prefix("event:")) {
                kind = name.trim().to_owned();
                if kind == "hello" {
                    self.say.send(Said::Open)?;
                }
            } else if line.starts_with("data:") && kind == "alert.raised" {
                self.alerted(&pages, &line)?;
            }
        }
        bail!("the stream of events ended")
    }

    fn alerted(&self, pages: &Https, data: &str) -> Result<()> {
        let found = lock(&self.sent)
            .iter()
            .find(|(id, _)| data.contains(id.as_str()))
            .map(|(id, begun)| (id.clone(), *begun));
        let Some((id, begun)) = found else {
            return Ok(());
        };
        self.say.send(Said::Heard(ms_since(begun)))?;
        // A page waits this long for more of the same burst.
        std::thread::sleep(Duration::from_millis(20));
        let headers = [
            ("cookie", self.cookie.clone()),
            ("x-tapal-quiet", "1".into()),
        ];
        let page = pages.send(Method::Get, &format!("/alerts/{id}"), &headers, b"")?;
        if page.status != 200 || !String::from_utf8_lossy(&page.body).contains(&id) {
            bail!("the page did not show the alert (status {})", page.status);
        }
        self.say.send(Said::Shown(ms_since(begun)))?;
        Ok(())
    }
}

fn ms_since(begun: Instant) -> i64 {
    i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn print(r: &Report) {
    let ms = |value: Option<i64>| value.map_or("-".into(), |ms| ms.to_string());
    let line = |what: &str, s: &Spread| {
        format!(
            "{what} p50 {} ms, p99 {} ms, max {} ms",
            ms(s.p50),
            ms(s.p99),
            ms(s.max)
        )
    };
    for text in [
        format!(
            "{} consoles at {} sites, {} alerts: {} of {} deliveries",
            r.consoles, r.sites, r.alerts, r.deliveries, r.deliveries_due
        ),
        line("node's receipt ", &r.receipt_ms),
        line("event at console", &r.heard_ms),
        line("alert on page   ", &r.shown_ms),
    ] {
        progress::result(&text);
    }
}
