//! What every handler gets: the database, the clock, keys, events, settings. Must not hold state of a noun.

use std::{net::SocketAddr, ops::Deref, path::PathBuf, sync::Arc};

use ed25519_dalek::SigningKey;
use tapal_domain::{alert::Timers, calibration::Calibration, screening::Threshold, time::HOUR_MS};
use tapal_store::Db;
use tokio::sync::Semaphore;

use crate::{
    clock::Clock,
    enrol::{Enrol, background::Shelf},
    event::hub::Hub,
    holder::outside::{Outside, Port},
    name_check::{list::NameList, rate::Rate},
    standby::link::{Link, Mode},
};

/// Settings of the centre. Few; everything else is rows edited in the console.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Address to listen on.
    pub addr: SocketAddr,
    /// Folder of database, keys and certificate.
    pub data_dir: PathBuf,
    /// Host names and addresses in the certificate besides localhost and the machine's own name.
    pub public_names: Vec<String>,
    /// Origins a browser may post from besides the one it addressed, such as behind a proxy.
    pub origins: Vec<String>,
    /// What the installed model pack says of itself.
    pub model: Model,
    /// Started by `tapal demo`: the start page says what is going on.
    pub demo: bool,
    /// When untaken alerts move on.
    pub timers: Timers,
    /// Milliseconds after which photographs of alerts without a hit, and attempts, are destroyed.
    pub retention_ms: i64,
    /// Milliseconds after the scheduled arrival until passengers nobody asked about are deleted.
    pub passenger_list_ms: i64,
    /// Argon2id cost; tests take less.
    pub password_cost: PasswordCost,
    /// Counts by nationality and reason below this number are hidden in reports for the public.
    pub small_count: u64,
    /// A registry elsewhere that is asked about documents, if one is set up.
    pub outside: Option<Outside>,
    /// The link to the centre; only at a standby server.
    pub link: Option<Arc<Link>>,
}

/// What is known of the model pack the centre enrols with.
#[derive(Clone, Debug)]
pub struct Model {
    /// Name of the pack.
    pub pack: String,
    /// For demonstration only: every page says so.
    pub demonstration: bool,
    /// What its scores mean.
    pub calibration: Calibration,
    /// Thresholds for lists a site has not set its own for; one a list.
    pub thresholds: Vec<Threshold>,
    /// Other installed packs that are for operation: asked when a budget is out of this one's reach.
    pub others: Vec<OtherModel>,
}

/// What is known of an installed pack that is not in use.
#[derive(Clone, Debug)]
pub struct OtherModel {
    /// Name of the pack.
    pub pack: String,
    /// What its scores mean.
    pub calibration: Calibration,
}

/// Cost of hashing a password.
#[derive(Clone, Copy, Debug)]
pub struct PasswordCost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
}

impl Default for PasswordCost {
    /// OWASP Password Storage Cheat Sheet: Argon2id, 19 MiB, 2 passes, 1 lane.
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
        }
    }
}

impl ServerConfig {
    /// Settings with defaults for everything but where data lives.
    pub fn new(addr: SocketAddr, data_dir: PathBuf, model: Model) -> Self {
        Self {
            addr,
            data_dir,
            public_names: Vec::new(),
            origins: Vec::new(),
            model,
            demo: false,
            timers: Timers::default(),
            retention_ms: 24 * HOUR_MS,
            passenger_list_ms: 24 * HOUR_MS,
            password_cost: PasswordCost::default(),
            small_count: 5,
            outside: None,
            link: None,
        }
    }
}

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// The contents of [`AppState`].
pub struct Parts {
    /// Stored data.
    pub db: Db,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// Signs list deltas and audit checkpoints.
    pub signing_key: SigningKey,
    /// Live events.
    pub hub: Hub,
    /// Settings.
    pub config: ServerConfig,
    /// Photograph to template; `None` while no model pack is installed.
    pub enrol: Option<Arc<dyn Enrol>>,
    /// People who are surely somebody else, for the enrolment audit.
    pub background: Shelf,
    /// Names of the orders in force, in memory.
    pub names: NameList,
    /// How often accounts ask for names.
    pub rate: Rate,
    /// Bounds password hashing to a few at a time.
    pub hashing: Arc<Semaphore>,
    /// The port to a registry elsewhere.
    pub outside: Option<Arc<Port>>,
}

impl AppState {
    /// From its parts.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        signing_key: SigningKey,
        config: ServerConfig,
        enrol: Option<Arc<dyn Enrol>>,
    ) -> Self {
        let hub = Hub::new(db.clone());
        let hashing = Arc::new(Semaphore::new(4));
        let outside = config.outside.as_ref().and_then(port);
        Self(Arc::new(Parts {
            db,
            clock,
            signing_key,
            hub,
            config,
            enrol,
            background: Shelf::default(),
            names: NameList::default(),
            rate: Rate::default(),
            hashing,
            outside,
        }))
    }

    /// The link to the centre, when this server goes on without it; `None` at a centre, and while the centre answers.
    pub fn without_centre(&self) -> Option<&Link> {
        let link = self.config.link.as_deref()?;
        Some(link).filter(|link| link.mode() != Mode::Centre)
    }

    /// Model id of the pack templates are made with; empty while no pack is installed.
    pub fn model_id(&self) -> &str {
        self.enrol.as_ref().map_or("", |enrol| enrol.model_id())
    }
}

/// A port with wrong settings is none: `tapal serve` checks them before, with words.
fn port(outside: &Outside) -> Option<Arc<Port>> {
    match Port::new(outside) {
        Ok(port) => Some(Arc::new(port)),
        Err(cause) => {
            tracing::error!(%cause, "the outside registry is not asked");
            None
        }
    }
}

impl Deref for AppState {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
