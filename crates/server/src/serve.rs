//! Opens a centre and serves it over HTTPS. Must not know where settings come from.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum_server::{Handle, tls_rustls::RustlsConfig};
use ed25519_dalek::SigningKey;
use tapal_store::{Db, Vault, vault::secret_file};
use tokio::task::JoinHandle;

use crate::{
    certificate::{self, CertificateError},
    clock::{Clock, SystemClock},
    enrol::Enrol,
    entry, import, in_process, jobs, name_check, passenger_list, routes,
    standby::{keep::Keeper, proxy, start::Standby},
    state::{AppState, ServerConfig},
};

/// Why a centre cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made.
    #[error("the data folder {0} cannot be made: {1}. Choose another with --data")]
    DataFolder(std::path::PathBuf, std::io::Error),
    /// Database or keys.
    #[error("the data folder cannot be used: {0}")]
    Store(#[from] tapal_store::Error),
    /// The rule packs.
    #[error("the approved rule packs cannot be read: {0}")]
    RulePacks(String),
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The address is taken or not ours.
    #[error(
        "cannot listen on {0}: {1}. Another centre may be running; choose another address with --listen"
    )]
    Listen(SocketAddr, std::io::Error),
}

/// Opens database and keys of the data folder; everything is made at the first run.
pub async fn open(
    config: ServerConfig,
    enrol: Option<Arc<dyn Enrol>>,
) -> Result<AppState, StartError> {
    open_at(config, enrol, Arc::new(SystemClock)).await
}

/// As [`open`], by another clock: for demonstrations and tests by virtual time.
pub async fn open_at(
    config: ServerConfig,
    enrol: Option<Arc<dyn Enrol>>,
    clock: Arc<dyn Clock>,
) -> Result<AppState, StartError> {
    let data = config.data_dir.clone();
    let keys = prepare(&data)?;
    let vault = Vault::open_or_create(&keys.join("records.key"))?;
    let seed = secret_file(&keys.join("centre.key"), 32)?;
    let mut key = [0_u8; 32];
    key.copy_from_slice(&seed);
    let signing_key = SigningKey::from_bytes(&key);
    let db = Db::open(&data.join("tapal.db"), vault).await?;
    let state = AppState::new(db, clock, signing_key, config, enrol);
    crate::rule_pack::keep::load(&state)
        .await
        .map_err(|error| StartError::RulePacks(error.message))?;
    Ok(state)
}

/// Makes the data folder and that of its keys, for their owner only; the folder of keys.
pub(crate) fn prepare(data: &std::path::Path) -> Result<std::path::PathBuf, StartError> {
    let keys = data.join("keys");
    let failed = |e| StartError::DataFolder(data.to_owned(), e);
    std::fs::create_dir_all(&keys).map_err(failed)?;
    private_folder(data)
        .and_then(|()| private_folder(&keys))
        .map_err(failed)?;
    Ok(keys)
}

#[cfg(unix)]
fn private_folder(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}
#[cfg(not(unix))]
fn private_folder(_: &std::path::Path) -> std::io::Result<()> {
    Ok(())
}

/// A centre that listens.
pub struct Running {
    /// The address it got (its port is real even when 0 was asked for).
    pub address: SocketAddr,
    /// SHA-256 of its certificate, as browsers show it.
    pub fingerprint: String,
    handle: Handle<SocketAddr>,
    server: JoinHandle<std::io::Result<()>>,
    others: Vec<JoinHandle<()>>,
    state: AppState,
}

/// Listens and runs the jobs; returns once connections are accepted.
pub async fn serve(state: AppState) -> Result<Running, StartError> {
    let mut running = listen(state.clone(), routes::app(state.clone())).await?;
    import::work::take_up(&state).await;
    running.others.extend([
        tokio::spawn(jobs::run(state.clone())),
        tokio::spawn(entry::reenrol::reenrol(state.clone())),
        tokio::spawn(import::work::run(state.clone())),
        tokio::spawn(in_process::rescreen::run(state.clone())),
        tokio::spawn(passenger_list::screen::run(state)),
    ]);
    Ok(running)
}

/// Listens for a checkpoint: hands on while the centre answers, and goes on alone while it does not.
pub async fn serve_standby(standby: Standby) -> Result<Running, StartError> {
    let Standby {
        state,
        link,
        https,
        identity,
    } = standby;
    let app = proxy::app(state.clone(), link.clone(), Arc::new(https.clone()));
    let mut running = listen(state.clone(), app).await?;
    let keeper = Keeper::new(state, link, Arc::new(https), identity);
    running.others.push(tokio::spawn(keeper.run()));
    Ok(running)
}

/// What a centre and a standby server have in common.
async fn listen(state: AppState, app: axum::Router) -> Result<Running, StartError> {
    // A second provider from another crate's defaults must not be able to take over.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate =
        certificate::load_or_make(&state.config.data_dir, &state.config.public_names)?;
    let tls = RustlsConfig::from_pem_file(&certificate.path, &certificate.key_path)
        .await
        .map_err(|e| CertificateError::Unusable(e.to_string()))?;
    let asked = state.config.addr;
    let taken = |e| StartError::Listen(asked, e);
    let listener = std::net::TcpListener::bind(asked).map_err(taken)?;
    listener.set_nonblocking(true).map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let server = axum_server::from_tcp_rustls(listener, tls)
        .map_err(taken)?
        .handle(handle.clone())
        .serve(service);
    let others = vec![
        tokio::spawn(state.hub.clone().run()),
        tokio::spawn(name_check::list::keep(state.clone())),
    ];
    Ok(Running {
        address,
        fingerprint: certificate.fingerprint,
        handle,
        server: tokio::spawn(server),
        others,
        state,
    })
}

impl Running {
    /// Stops: a second for requests under way, then the audit head is signed and the database closed.
    pub async fn stop(self) {
        self.handle.graceful_shutdown(Some(Duration::from_secs(1)));
        let _ = self.server.await;
        for task in self.others {
            task.abort();
        }
        jobs::checkpoint(&self.state, self.state.clock.now()).await;
        self.state.db.close().await;
    }
}
