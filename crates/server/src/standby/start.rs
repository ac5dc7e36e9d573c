//! Starts a standby server: enrols it once with its centre, opens its data folder, serves its checkpoint. Must not know
//! where settings come from, and never prints the token or a key.

use std::{path::Path, sync::Arc};

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use tapal_domain::{
    id::{SiteId, StandbyId},
    standby::{StandbyEnrolReply, StandbyEnrolRequest},
};
use tapal_store::{
    Db, Vault, standby,
    vault::{from_hex, hex, secret_file, write_private},
};

use super::{
    https::{ClientError, Https},
    link::Link,
    upstream::{Identity, Upstream},
};
use crate::{
    clock::Clock,
    enrol::Enrol,
    serve::{StartError, prepare},
    state::{AppState, ServerConfig},
};

/// Which standby server a data folder is, beside its keys.
const WHO: &str = "standby.json";

/// Where the centre is, and how to become its standby server.
pub struct Centre {
    /// Such as `https://centre:8443`.
    pub url: String,
    /// Its certificate, PEM; no other is trusted.
    pub pem: Vec<u8>,
    /// Where that came from, for messages.
    pub pem_name: String,
    /// One-time token; needed once.
    pub token: Option<String>,
}

/// Why a standby server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StandbyError {
    /// As any server.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The centre's address or certificate.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// It was never enrolled and has no token.
    #[error(
        "this data folder is not enrolled yet: make a token on the console's page of standby servers and give it once as TAPAL_ENROL"
    )]
    NoToken,
    /// The centre did not enrol it.
    #[error("the centre did not enrol this server: {0}")]
    Refused(String),
    /// What is in the data folder cannot be used.
    #[error("the data folder cannot be used: {0}")]
    Folder(String),
}

impl From<tapal_store::Error> for StandbyError {
    fn from(error: tapal_store::Error) -> Self {
        Self::Folder(error.to_string())
    }
}

#[derive(Serialize, Deserialize)]
struct Who {
    standby: StandbyId,
    site: SiteId,
    centre: String,
}

/// A standby server that can be served.
pub struct Standby {
    /// The server; its link is in its settings.
    pub state: AppState,
    /// The link.
    pub link: Arc<Link>,
    /// The way to the centre.
    pub https: Https,
    /// Who signs.
    pub identity: Identity,
}

/// Opens the data folder of a standby server; enrols it at the first run.
pub async fn open(
    config: ServerConfig,
    centre: &Centre,
    enrol: Option<Arc<dyn Enrol>>,
    clock: Arc<dyn Clock>,
) -> Result<Standby, StandbyError> {
    let keys = prepare(&config.data_dir)?;
    let https = Https::new(&centre.url, &centre.pem, &centre.pem_name)?;
    let key = signing_key(&keys.join("standby.key"))?;
    let who = match read_who(&config.data_dir)? {
        Some(who) => who,
        None => enrol_once(&config.data_dir, &keys, centre, &https, &key).await?,
    };
    let vault = Vault::open_or_create(&keys.join("records.key"))?;
    let db = Db::open_standby(&config.data_dir.join("tapal.db"), vault).await?;
    standby::become_standby(&db, clock.now(), who.standby, who.site).await?;
    let own = standby::own(&db).await?;
    let own = own.ok_or_else(|| StandbyError::Folder("it does not know itself".into()))?;
    let link = Arc::new(Link::new(&own));
    let signs = signing_key(&keys.join("centre.key"))?;
    let config = ServerConfig {
        link: Some(link.clone()),
        ..config
    };
    let state = AppState::new(db, clock, signs, config, enrol);
    crate::rule_pack::keep::load(&state)
        .await
        .map_err(|error| StartError::RulePacks(error.message))?;
    let identity = Identity {
        id: who.standby,
        key,
    };
    Ok(Standby {
        state,
        link,
        https,
        identity,
    })
}

fn signing_key(path: &Path) -> Result<SigningKey, StandbyError> {
    let seed = secret_file(path, 32)?;
    let mut key = [0_u8; 32];
    key.copy_from_slice(&seed);
    Ok(SigningKey::from_bytes(&key))
}

fn read_who(data: &Path) -> Result<Option<Who>, StandbyError> {
    let path = data.join(WHO);
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| StandbyError::Folder(format!("{} is damaged", path.display()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StandbyError::Folder(format!("{}: {e}", path.display()))),
    }
}

/// The key of documents is written before the data folder is opened for the first time, the name last: a run that is cut
/// off in between enrols again with the same key.
async fn enrol_once(
    data: &Path,
    keys: &Path,
    centre: &Centre,
    https: &Https,
    key: &SigningKey,
) -> Result<Who, StandbyError> {
    let token = centre.token.clone().ok_or(StandbyError::NoToken)?;
    let request = StandbyEnrolRequest {
        token: token.trim().to_owned(),
        public_key: STANDARD.encode(key.verifying_key().as_bytes()),
    };
    let body = serde_json::to_vec(&request).map_err(|e| StandbyError::Folder(e.to_string()))?;
    let path = "/api/v1/standbys/enrol";
    let reply = https
        .send(Method::POST, path, Vec::new(), Bytes::from(body))
        .await;
    let reply = reply.map_err(|error| StandbyError::Refused(error.to_string()))?;
    if reply.status != 200 {
        #[derive(Deserialize)]
        struct Says {
            message: String,
        }
        let says = serde_json::from_slice::<Says>(&reply.body);
        let says = says.map_or_else(|_| format!("status {}", reply.status), |says| says.message);
        return Err(StandbyError::Refused(says));
    }
    let strange =
        || StandbyError::Refused("its reply cannot be read; do both run the same version?".into());
    let enrolled: StandbyEnrolReply = serde_json::from_slice(&reply.body).map_err(|_| strange())?;
    let documents = from_hex(&enrolled.documents_key).filter(|key| key.len() == 32);
    let documents = documents.ok_or_else(strange)?;
    let folder = |path: &Path| {
        let path = path.display().to_string();
        move |e: std::io::Error| StandbyError::Folder(format!("{path}: {e}"))
    };
    let file = keys.join("documents.key");
    write_private(&file, hex(&documents).as_bytes()).map_err(folder(&file))?;
    let who = Who {
        standby: enrolled.standby,
        site: enrolled.site,
        centre: centre.url.clone(),
    };
    let text = serde_json::to_string(&who).map_err(|e| StandbyError::Folder(e.to_string()))?;
    let file = data.join(WHO);
    write_private(&file, text.as_bytes()).map_err(folder(&file))?;
    Ok(who)
}
