//! `tapal demo --fast-forward`: an urgent exit ban of twenty days, from its order to the last receipt, by a clock that is
//! turned forward. A true centre over HTTPS and a true node in each zone of the country; only time, the face and the
//! person are invented. Needs no model pack and no camera.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use anyhow::{Result, anyhow, bail};
use tapal_domain::{
    day::Day,
    entry::{Agency, Draft, Entry, ListKind, Person},
    id::{EntryId, SiteId},
    removal::{CopyState, Tally},
    site::{Deployment, SiteKind},
    time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, UtcMs},
};
use tapal_lane::{
    clock::FixedClock,
    node::{ByHand, EdgeOptions},
};
use tapal_server::{
    AppState, Clock, ServerConfig, certificate,
    enrol::{Enrol, EnrolRefused, Enrolled},
    site,
};
use tapal_store::{By, entry};
use tapal_vision::Pack;
use uuid::Uuid;

use crate::{centre, progress, seed};

/// 3 November 2023, 09:00 in Jakarta.
const START: UtcMs = UtcMs(1_698_976_800_000);
const DAYS: i64 = 20;

/// The three sites: name, minutes ahead of UTC, name of the zone.
const PLACES: [(&str, i64, &str); 3] = [
    ("Jakarta", 420, "WIB"),
    ("Denpasar", 480, "WITA"),
    ("Jayapura", 540, "WIT"),
];

/// The centre's clock, turned by hand.
struct Turned {
    now: AtomicI64,
    ids: AtomicU64,
}

impl Clock for Turned {
    fn now(&self) -> UtcMs {
        UtcMs(self.now.load(Ordering::SeqCst))
    }
    fn new_uuid(&self) -> Uuid {
        let n = self.ids.fetch_add(1, Ordering::SeqCst);
        Uuid::from_u128((self.now().0 as u128) << 80 | 7 << 76 | 2 << 62 | u128::from(n))
    }
}

/// Names the model and takes no photograph: the face is invented.
struct NoPhotographs(String);

impl Enrol for NoPhotographs {
    fn enrol(&self, _: &[u8]) -> Result<Enrolled, EnrolRefused> {
        Err(EnrolRefused {
            code: "no_face",
            message: "no photographs here".into(),
        })
    }
    fn model_id(&self) -> &str {
        &self.0
    }
}

struct Place {
    name: &'static str,
    offset: i64,
    zone: &'static str,
    node: ByHand,
    clock: Arc<FixedClock>,
    /// Whether its line to the centre works.
    linked: bool,
    held: bool,
}

struct Play {
    clock: Arc<Turned>,
    state: AppState,
    places: Vec<Place>,
    entry: EntryId,
    template: Vec<f32>,
    told: Mutex<usize>,
}

/// Plays it in a folder that is removed afterwards, and prints what happens.
pub fn run() -> Result<()> {
    let name = format!("tapal-fast-forward-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let played = play(&folder);
    // It may never have been made.
    let _absent = std::fs::remove_dir_all(&folder);
    played
}

fn play(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let runtime = centre::runtime()?;
    let clock = Arc::new(Turned {
        now: AtomicI64::new(START.0),
        ids: AtomicU64::new(1),
    });
    let state = runtime.block_on(open(folder, clock.clone()))?;
    let running = runtime.block_on(centre::serve(state.clone()))?;
    let address = format!("https://localhost:{}", running.address.port());
    let mut places = Vec::new();
    for (name, offset, zone) in PLACES {
        let token = runtime.block_on(async {
            let site = make_site(&state, name, offset).await?;
            seed::node(&state, site, name).await
        })?;
        let certificate = certificate::certificate_path(folder);
        let mut options = EdgeOptions::new(
            folder.join(name),
            address.clone(),
            certificate,
            folder.into(),
            "stub".into(),
        );
        (options.token, options.threads) = (Some(token), Some(1));
        // Jayapura's machine clock is three days slow: nothing may depend on it.
        let machine = Arc::new(FixedClock::at(UtcMs(MINUTE_MS)));
        machine.set_wall(match name {
            "Jayapura" => START - 3 * DAY_MS,
            _ => START,
        });
        let node = ByHand::start(options, machine.clone(), &Pack::stub())?;
        places.push(Place {
            name,
            offset,
            zone,
            node,
            clock: machine,
            linked: true,
            held: false,
        });
    }
    let entry = EntryId(clock.new_uuid());
    let mut play = Play {
        clock,
        state,
        places,
        entry,
        template: face(),
        told: Mutex::new(0),
    };
    let outcome = play.days(&runtime);
    runtime.block_on(running.stop());
    outcome
}

async fn open(folder: &Path, clock: Arc<Turned>) -> Result<AppState> {
    let model = centre::model(Pack::stub().card(), Vec::new());
    let config = ServerConfig::new("127.0.0.1:0".parse()?, folder.to_owned(), model);
    let enrol = NoPhotographs(Pack::stub().card().model_id.clone());
    Ok(tapal_server::serve::open_at(config, Some(Arc::new(enrol)), clock).await?)
}

async fn make_site(state: &AppState, name: &str, utc_offset_minutes: i64) -> Result<SiteId> {
    let input = site::SiteInput {
        name: name.into(),
        kind: SiteKind::Checkpoint,
        utc_offset_minutes,
    };
    let wrong = |error: tapal_server::error::ApiError| anyhow!("{}", error.message);
    let id = site::add_by(state, By::System, input)
        .await
        .map_err(wrong)?;
    let record = Deployment {
        decree: "DEMO-1".into(),
        purpose: "Demonstration of a lapse".into(),
        lists: vec![ListKind::ExitBan],
        hours: "00:00-24:00".into(),
        dpia_reference: "DEMO-DPIA".into(),
        sign_posted: true,
        valid_from: UtcMs(0),
        valid_to: START + 365 * DAY_MS,
    };
    let deployed = site::deploy_by(state, By::System, id, record).await;
    deployed.map_err(wrong)?;
    Ok(id)
}

/// An invented face: one direction among many.
fn face() -> Vec<f32> {
    let wide = Pack::stub().card().dimension;
    (0..wide).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect()
}

/// The midnight after the last day, there.
fn last_end(offset: i64) -> UtcMs {
    Day::at(START, 420).starts(offset) + DAYS * DAY_MS
}

impl Play {
    fn now(&self) -> UtcMs {
        self.clock.now()
    }

    fn turn(&self, ms: i64) {
        self.clock.now.fetch_add(ms, Ordering::SeqCst);
        for place in &self.places {
            place.clock.advance(ms);
        }
    }

    fn say(&self, (offset, zone): (i64, &str), what: &str) {
        let day = Day::at(self.now(), offset);
        let ms = self.now().since_ms(day.starts(offset));
        let (h, m, s) = (ms / HOUR_MS, ms / MINUTE_MS % 60, ms / SECOND_MS % 60);
        progress::result(&format!("{day} {h:02}:{m:02}:{s:02} {zone:<4}  {what}"));
    }

    fn days(&mut self, runtime: &tokio::runtime::Runtime) -> Result<()> {
        let last = runtime.block_on(self.order())?;
        self.say(
            (420, "WIB"),
            &format!("Centre: urgent exit ban recorded, {DAYS} days; its last day is {last}"),
        );
        self.look(runtime)?;
        // Four looks a day until two hours before the first midnight of the last night.
        let first_midnight = last.ends(540);
        while self.now() + 6 * HOUR_MS < first_midnight - 2 * HOUR_MS {
            self.turn(6 * HOUR_MS);
            self.look(runtime)?;
        }
        self.turn((first_midnight - 2 * HOUR_MS).since_ms(self.now()));
        self.look(runtime)?;
        for (name, offset, _) in PLACES.iter().rev() {
            if *name == "Denpasar" {
                self.turn((last.ends(*offset) - 10 * MINUTE_MS).since_ms(self.now()));
                self.look(runtime)?;
                self.link(name, false);
            }
            let midnight = last.ends(*offset);
            self.turn((midnight - 3 * SECOND_MS).since_ms(self.now()));
            for _ in 0..10 {
                self.look(runtime)?;
                self.turn(SECOND_MS);
            }
        }
        self.turn(10 * MINUTE_MS);
        self.look(runtime)?;
        self.link("Denpasar", true);
        for _ in 0..3 {
            self.turn(SECOND_MS);
            self.look(runtime)?;
        }
        let copies = runtime.block_on(self.copies())?;
        let tally = Tally::of(copies.iter().map(|copy| copy.state));
        if tally.gone != PLACES.len() || copies.iter().any(|copy| copy.verified != Some(true)) {
            bail!("not every node proved that the entry is gone");
        }
        for copy in &copies {
            if let CopyState::Gone { at } = copy.state {
                let late = at.since_ms(copy.due_at);
                progress::result(&format!(
                    "{}: gone {late} ms after its own midnight, signature of the receipt checked",
                    copy.edge_name
                ));
            }
        }
        progress::result(&format!(
            "Gone from {} of {} nodes.",
            tally.gone, tally.nodes
        ));
        Ok(())
    }

    /// Records the order. Its last day.
    async fn order(&self) -> Result<Day> {
        let first = Day::at(self.now(), 420);
        let last = first
            .plus_days(DAYS - 1)
            .ok_or_else(|| anyhow!("no such day"))?;
        let entry = Entry::new(Draft {
            id: self.entry,
            list: ListKind::ExitBan,
            person: Person {
                full_name: "Orang Rekaan".into(),
                sex: "X".into(),
                birth_date: String::new(),
                nationality: "IDN".into(),
                document_number: String::new(),
            },
            order_reference: "DEMO/URGENT/1".into(),
            agency: Agency::Kpk,
            first_day: first,
            last_day: last,
            version: 1,
        })?;
        let photo = entry::NewPhoto {
            id: self.clock.new_uuid(),
            photo: vec![0],
            portrait_jpeg: vec![0],
            template: self.template.clone(),
            model_id: Pack::stub().card().model_id.clone(),
            quality: Default::default(),
        };
        entry::add_by(&self.state.db, self.now(), By::System, &entry, &[photo]).await?;
        Ok(last)
    }

    fn link(&mut self, name: &str, up: bool) {
        let what = if up { "back" } else { "cut" };
        for place in self.places.iter_mut().filter(|place| place.name == name) {
            place.linked = up;
        }
        let place = self.places.iter().find(|place| place.name == name);
        if let Some(place) = place {
            self.say(
                (place.offset, place.zone),
                &format!("{name}: line to the centre {what}"),
            );
        }
    }

    /// One look: the centre's jobs, then each node's keeper, talk and camera.
    fn look(&mut self, runtime: &tokio::runtime::Runtime) -> Result<()> {
        let now = self.now();
        runtime.block_on(tapal_server::jobs::run_due(
            &self.state,
            &mut Default::default(),
            now,
        ));
        let mut changes = Vec::new();
        for place in &mut self.places {
            place.node.keep();
            if place.linked {
                // The first word of a machine with a wrong clock is refused, and teaches it the time.
                if let Err(first) = place.node.talk()
                    && let Err(again) = place.node.talk()
                {
                    bail!("{}: {first}; again: {again}", place.name);
                }
            }
            let refused = place.node.keep();
            let found = !place.node.matches(&self.template).is_empty();
            let lawful = now < last_end(place.offset);
            if found && !lawful {
                bail!("{}: a lapsed order matched", place.name);
            }
            if let Some(why) = refused {
                bail!("{}: nothing is searched: {why}", place.name);
            }
            if found != place.held {
                place.held = found;
                let what = match found {
                    true => "from now on the person before the camera raises an alert",
                    false => "midnight: the same person raises no alert any more",
                };
                let held = place.node.holds();
                changes.push((
                    place.offset,
                    place.zone,
                    format!("{}: {what}; templates held: {held}", place.name),
                ));
            }
        }
        for (offset, zone, what) in changes {
            self.say((offset, zone), &what);
        }
        self.receipts(runtime)
    }

    async fn copies(&self) -> Result<Vec<tapal_store::edge::EntryCopy>> {
        Ok(tapal_store::edge::copies(&self.state.db, self.now(), self.entry).await?)
    }

    fn receipts(&self, runtime: &tokio::runtime::Runtime) -> Result<()> {
        let tally = Tally::of(
            runtime
                .block_on(self.copies())?
                .iter()
                .map(|copy| copy.state),
        );
        let news = tally.gone * 10 + tally.late;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told != news {
            *told = news;
            let late = match tally.late {
                0 => String::new(),
                n => format!(", late: {n}"),
            };
            let what = format!(
                "Centre: gone from {} of {} nodes{late}",
                tally.gone, tally.nodes
            );
            self.say((420, "WIB"), &what);
        }
        Ok(())
    }
}
