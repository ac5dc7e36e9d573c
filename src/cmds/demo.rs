//! `tapal demo`: three sites on recorded, rendered clips through the true path: a centre, and one camera node a
//! site in a process of its own, which enrols and speaks HTTPS like any other. Everybody in it is invented.

mod counter;
mod day;
mod order;

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tapal_domain::{entry::ListKind, id::SiteId, role::Role, site::Direction, site::SiteKind};
use tapal_server::AppState;
use tapal_store::By;

use super::{Settings, eval::truth::Truth};
use crate::{
    background, centre, inference,
    node::Node,
    progress,
    seed::{self, AccountPlan, CameraPlan, SitePlan},
};

/// Arguments of `tapal demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Port of the pages.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Model pack.
    #[arg(long, value_name = "NAME")]
    pack: Option<String>,
    /// Inference engine: auto, rten or ort.
    #[arg(long)]
    engine: Option<String>,
    /// Folder of rendered people: groundtruth.json, portraits, clips.
    #[arg(long, value_name = "DIR")]
    people: Option<PathBuf>,
    /// Write address and sign-ins as JSON to a file only you can read, for browser tests.
    #[arg(long, value_name = "FILE")]
    sign_ins: Option<PathBuf>,
    /// Instead: turn a clock forward over an urgent exit ban of 20 days, and print what happens until its last receipt.
    #[arg(long)]
    fast_forward: bool,
}

/// One line of the printed sign-ins.
#[derive(serde::Serialize)]
struct SignIn {
    username: &'static str,
    password: String,
    role: Role,
    place: &'static str,
}

/// Runs it until Ctrl-C.
pub fn run(args: Args, mut settings: Settings) -> Result<()> {
    if args.fast_forward {
        return day::run();
    }
    if !settings.flags.iter().any(|(key, _)| *key == "data") {
        settings.flags.push(("data", "data/demo".into()));
    }
    let models = settings
        .flags
        .iter()
        .all(|(key, _)| *key != "models")
        .then(|| shared_models(&settings))
        .flatten();
    let config = settings
        .with("pack", args.pack)
        .with("engine", args.engine)
        .with("models", models)
        .with("listen", Some(format!("127.0.0.1:{}", args.port)))
        .load()?;
    crate::logging::start(config.text("log"));
    let people = std::fs::canonicalize(seed::people(args.people)?)?;
    let runtime = centre::runtime()?;
    let open = inference::open(&config)?;
    progress::say(&format!(
        "Model pack {} on {}.",
        open.pack.card().name,
        open.engine.name()
    ));
    let clips = quiet_clips(&people.join("clips"), &config.data().join("clips"))?;
    let state = runtime.block_on(centre::open_demo(&config, &open))?;
    let sites = runtime.block_on(sites(&state, &clips))?;
    let sign_ins = runtime.block_on(sign_ins(&state, &sites))?;
    runtime.block_on(list(&state, &people))?;
    if let Some(site) = sites.first() {
        runtime.block_on(counter::set_up(&state, *site, &people))?;
    }
    if let Some(site) = sites.first() {
        runtime.block_on(seed::proposal(&state, *site, "policy"))?;
    }
    runtime.block_on(async {
        let running = centre::serve(state.clone()).await?;
        let mut nodes = Vec::new();
        for (n, site) in sites.iter().enumerate() {
            let folder = config.data().join(format!("edge-{}", n + 1));
            nodes.push(
                Node::start(
                    &state,
                    &config,
                    *site,
                    &folder,
                    threads(&config, sites.len()),
                )
                .await?,
            );
        }
        let url = format!("https://localhost:{}", args.port);
        announce(&url, &sign_ins, &running.fingerprint);
        if let Some(file) = &args.sign_ins {
            let json =
                serde_json::to_vec_pretty(&serde_json::json!({"url": url, "sign_ins": sign_ins}))?;
            tapal_store::vault::write_private(file, &json)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        watch(&mut nodes).await;
        progress::say("Stopping.");
        for node in nodes {
            node.stop();
        }
        running.stop().await;
        anyhow::Ok(())
    })
}

/// The demonstration uses packs installed for the real data folder beside its own.
fn shared_models(settings: &Settings) -> Option<String> {
    let data = settings
        .flags
        .iter()
        .find(|(key, _)| *key == "data")
        .map(|(_, v)| PathBuf::from(v))?;
    let own = data.join("models");
    let beside = data.parent()?.join("models");
    (!own.exists() && beside.exists()).then(|| beside.display().to_string())
}

fn threads(config: &crate::config::Config, nodes: usize) -> usize {
    (config.threads() / nodes).max(1)
}

/// Makes the sites in an empty centre; otherwise finds the ones there are.
async fn sites(state: &AppState, clips: &Path) -> Result<Vec<SiteId>> {
    let mut sites: Vec<SiteId> = tapal_store::site::list(&state.db)
        .await?
        .iter()
        .map(|site| site.id)
        .collect();
    sites.sort();
    for plan in plans(clips).iter().skip(sites.len()) {
        sites.push(seed::place(state, plan).await?.site);
    }
    Ok(sites)
}

/// Puts the listed people on the list by orders, in an empty centre. A first start that was interrupted is finished by
/// the next one.
async fn list(state: &AppState, people: &Path) -> Result<()> {
    let truth = Truth::read(people)?;
    let listed: Vec<_> = truth.identities.iter().filter(|i| i.watchlisted).collect();
    let done = tapal_store::entry::list(&state.db, None, false, None, listed.len() as i64)
        .await?
        .len();
    if done == 0 {
        stand_by(state, people, &truth).await?;
    }
    let mut bar = progress::Bar::new("enrolling invented people", listed.len() as u64);
    for (n, identity) in listed.iter().enumerate().skip(done) {
        let list = list_for(&truth, identity, n);
        order::listed(state, people, identity, list, n).await?;
        bar.set(n as u64 + 1);
    }
    if done < listed.len() {
        order::others(state).await?;
    }
    Ok(())
}

/// The rendered people who are not listed are the background of the enrolment audit.
async fn stand_by(state: &AppState, people: &Path, truth: &Truth) -> Result<()> {
    let Some(enrol) = state.enrol.clone() else {
        return Ok(());
    };
    let others = truth.identities.iter().filter(|i| !i.watchlisted);
    let photos: Vec<_> = others
        .map(|i| vec![people.join(&i.portrait.file)])
        .collect();
    let (own, note) = (state.clone(), "rendered people of the demonstration");
    let make = move || {
        let (vault, data) = (own.db.vault(), &own.config.data_dir);
        background::install(enrol.as_ref(), &photos, note, vault, data)
    };
    let made = tokio::task::spawn_blocking(make).await??;
    let detail = serde_json::json!({"people": made.installed.people, "left_out": made.left_out.len(), "note": note,
        "sha256": made.installed.sha256});
    let (db, now) = (&state.db, state.clock.now());
    tapal_store::finding::background_installed(db, now, By::System, state.model_id(), detail)
        .await?;
    Ok(())
}

const EVERY_LIST: &[ListKind] = &ListKind::ALL;
const FERRY_LISTS: &[ListKind] = &[ListKind::Wanted, ListKind::RedNotice];

/// The three sites of the demonstration.
fn plans(clips: &Path) -> [SitePlan; 3] {
    let camera = |name: &str, lane: &str, desk: Option<&str>, direction, clip: &str| CameraPlan {
        name: name.into(),
        lane: lane.into(),
        desk: desk.map(str::to_owned),
        direction,
        source: format!("file:{}", clips.join(clip).display()),
        fps: 8.0,
        detect_width: 640,
    };
    let checkpoint = SiteKind::Checkpoint;
    [
        SitePlan {
            name: "Bandara Soekarno-Hatta",
            kind: checkpoint,
            utc_offset_minutes: 420,
            lists: EVERY_LIST,
            cameras: vec![camera(
                "Lajur 2, di atas meja 4",
                "Lajur 2",
                Some("Meja 4"),
                Direction::Arrival,
                "checkpoint_a.mp4",
            )],
        },
        SitePlan {
            name: "Pelabuhan Batam Centre",
            kind: checkpoint,
            utc_offset_minutes: 420,
            lists: EVERY_LIST,
            cameras: vec![camera(
                "Lajur 1, di atas meja 1",
                "Lajur 1",
                Some("Meja 1"),
                Direction::Departure,
                "checkpoint_b.mp4",
            )],
        },
        SitePlan {
            name: "Pelabuhan Gilimanuk",
            kind: SiteKind::MonitoringSite,
            utc_offset_minutes: 480,
            lists: FERRY_LISTS,
            cameras: vec![camera(
                "Pintu keluar dermaga",
                "Dermaga",
                None,
                Direction::Neither,
                "ferry_c.mp4",
            )],
        },
    ]
}

/// People of the ferry clip must be on a list that site may search; a citizen is never given an entry ban.
fn list_for(truth: &Truth, identity: &super::eval::truth::Identity, n: usize) -> ListKind {
    let at_the_ferry = truth.clips.iter().any(|(name, clip)| {
        name.contains("ferry") && clip.tracks.iter().any(|t| t.id == identity.id)
    });
    match (at_the_ferry, identity.nationality == "IDN", n % 2) {
        (true, true, _) => ListKind::Wanted,
        (true, false, _) | (_, false, 0) => ListKind::RedNotice,
        (_, false, _) => ListKind::EntryBan,
        (_, true, 0) => ListKind::ExitBan,
        (_, true, _) => ListKind::Wanted,
    }
}

/// The recordings are 12 seconds long. Played without a pause they would ring every few seconds, which no hall does:
/// each is followed by its empty last picture, so that a loop takes about a minute.
fn quiet_clips(from: &Path, to: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let mut making = Vec::new();
    for (name, quiet_s) in QUIET {
        let (clip, part) = (to.join(name), to.join(format!("part-{name}")));
        if clip.exists() {
            continue;
        }
        let child = Command::new("ffmpeg")
            .args(["-nostdin", "-loglevel", "error", "-y", "-i"])
            .arg(from.join(name))
            .args([
                "-vf",
                &format!("tpad=stop_mode=clone:stop_duration={quiet_s}"),
            ])
            .args([
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-crf",
                "18",
                "-g",
                "24",
            ])
            .arg(&part)
            .spawn()
            .context("ffmpeg was not found; install it: apt-get install ffmpeg")?;
        making.push((child, part, clip));
    }
    let mut bar = progress::Bar::new("preparing the recordings", making.len() as u64);
    for (n, (mut child, part, clip)) in making.into_iter().enumerate() {
        if !child.wait()?.success() {
            bail!(
                "ffmpeg could not prepare {}; its words are above",
                clip.display()
            );
        }
        std::fs::rename(&part, &clip)?;
        bar.set(n as u64 + 1);
    }
    std::fs::canonicalize(to).context("the prepared recordings have gone")
}

/// Seconds of empty hall after each recording; of different length, so that the sites do not ring together.
const QUIET: [(&str, u32); 3] = [
    ("checkpoint_a.mp4", 41),
    ("checkpoint_b.mp4", 47),
    ("ferry_c.mp4", 53),
];

/// New passwords for every start: none is stored, none is a default.
async fn sign_ins(state: &AppState, sites: &[SiteId]) -> Result<Vec<SignIn>> {
    let at = |n: usize| sites.get(n).copied();
    let plans: [(AccountPlan<'static>, &'static str); 16] = [
        plan(
            "rina",
            "Rina Siregar",
            Role::CounterOfficer,
            at(0),
            "Soekarno-Hatta",
        ),
        plan(
            "budi",
            "Budi Santoso",
            Role::SecondLineOfficer,
            at(0),
            "Soekarno-Hatta",
        ),
        plan(
            "sari",
            "Sari Wulandari",
            Role::Supervisor,
            at(0),
            "Soekarno-Hatta",
        ),
        plan(
            "yosef",
            "Yosef Manalu",
            Role::CounterOfficer,
            at(1),
            "Batam Centre",
        ),
        plan(
            "ningsih",
            "Ningsih Rahayu",
            Role::SecondLineOfficer,
            at(1),
            "Batam Centre",
        ),
        plan(
            "made",
            "Made Artawan",
            Role::CameraOperator,
            at(2),
            "Gilimanuk",
        ),
        plan(
            "wayan",
            "Wayan Sudarma",
            Role::CameraOperator,
            at(2),
            "Gilimanuk",
        ),
        plan(
            "dewi",
            "Dewi Lestari",
            Role::Supervisor,
            None,
            "command centre",
        ),
        plan(
            "clerk",
            "Ahmad Fauzi",
            Role::WatchlistClerk,
            None,
            "travel-ban list",
        ),
        liaison(plan(
            "liaison",
            "Sari Widodo",
            Role::AgencyLiaison,
            None,
            "police, its own orders",
        )),
        plan(
            "approver",
            "Ratna Dewi",
            Role::WatchlistApprover,
            None,
            "travel-ban list",
        ),
        plan(
            "approver2",
            "Bambang Nugroho",
            Role::WatchlistApprover,
            None,
            "travel-ban list, second person",
        ),
        plan(
            "policy",
            "Maria Tambunan",
            Role::PolicyAdmin,
            None,
            "sites and budgets",
        ),
        plan(
            "policy2",
            "Agus Prasetyo",
            Role::PolicyAdmin,
            None,
            "sites and budgets, second person",
        ),
        plan("auditor", "Hendra Gunawan", Role::Auditor, None, "audit"),
        plan(
            "admin",
            "Dian Permata",
            Role::SystemAdmin,
            None,
            "accounts and nodes",
        ),
    ];
    let mut out = Vec::new();
    for (plan, place) in plans {
        let password = seed::sign_in(state, &plan, false).await?;
        out.push(SignIn {
            username: plan.username,
            password,
            role: plan.role,
            place,
        });
    }
    Ok(out)
}

/// Of the police.
fn liaison(
    (plan, place): (AccountPlan<'static>, &'static str),
) -> (AccountPlan<'static>, &'static str) {
    let agency = Some(tapal_domain::entry::Agency::Police);
    (AccountPlan { agency, ..plan }, place)
}

fn plan(
    username: &'static str,
    display_name: &'static str,
    role: Role,
    site: Option<SiteId>,
    place: &'static str,
) -> (AccountPlan<'static>, &'static str) {
    (
        AccountPlan {
            username,
            display_name,
            role,
            site,
            desk: None,
            agency: None,
        },
        place,
    )
}

fn announce(url: &str, sign_ins: &[SignIn], fingerprint: &str) {
    progress::say("");
    progress::say(&format!("  Open  {url}"));
    progress::say(
        "  The certificate was made on this machine; your browser asks once. SHA-256 fingerprint:",
    );
    progress::say(&format!("  {fingerprint}"));
    progress::say("");
    progress::say("  Sign-ins, valid until the next start:");
    for sign_in in sign_ins {
        progress::say(&format!(
            "    {:<10} {:<30} {:<26} {}",
            sign_in.username,
            sign_in.password,
            sign_in.role.name(),
            sign_in.place
        ));
    }
    progress::say("");
    progress::say(
        "  Sign in as rina: an alert comes within seconds. Give the first opinion, then sign in as budi for the second.",
    );
    progress::say(
        "  A proposed false-alert budget waits at Soekarno-Hatta: policy proposed it, so only policy2 can decide.",
    );
    progress::say("  Ctrl-C stops everything.");
}

/// Restarts a node that died, until Ctrl-C.
async fn watch(nodes: &mut [Node]) {
    let stop = centre::stop_signal();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(Duration::from_millis(500)) => {
                for node in nodes.iter_mut() {
                    node.revive();
                }
            }
        }
    }
}
