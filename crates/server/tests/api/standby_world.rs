//! A standby server beside a world: its own database, key and router in this process, and a line to the centre that a test
//! can cut. Must not sleep, and speaks to the centre by signed requests only.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tapal_domain::{id::StandbyId, time::HOUR_MS};
use tapal_server::{
    AppState, PasswordCost, ServerConfig,
    name_check::list,
    routes,
    standby::{
        pull::{PullError, Pulled, pull},
        upstream::{Answer, Identity, Reply, Unreachable, Upstream},
    },
};
use tapal_store::{By, Db, Vault, standby};
use tower::ServiceExt;
use uuid::Uuid;

use crate::world::{Node, StubEnrol, World, model};

/// The centre's router behind a line that can be cut.
pub struct Line {
    centre: Router,
    /// No request reaches the centre.
    pub cut: AtomicBool,
    /// The centre gets requests, but no reply comes back.
    pub deaf: AtomicBool,
}

impl Upstream for Line {
    fn send<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        headers: Vec<(&'static str, String)>,
        body: Bytes,
    ) -> Answer<'a> {
        Box::pin(async move {
            let gone = || Unreachable("the line is cut".into());
            if self.cut.load(Ordering::SeqCst) {
                return Err(gone());
            }
            let mut request = Request::builder().method(method).uri(path);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let json = "application/json";
            let request = request.header("content-type", json).body(Body::from(body));
            let reply = self.centre.clone().oneshot(request.unwrap()).await.unwrap();
            let status = reply.status().as_u16();
            let body = reply.into_body().collect().await.unwrap().to_bytes();
            match self.deaf.load(Ordering::SeqCst) {
                true => Err(gone()),
                false => Ok(Reply { status, body }),
            }
        })
    }
}

/// A standby server of the near site of a world, which is its centre. `standby` is a world too, so that whatever can be
/// asked of the centre can be asked here; it shares the clock, the ids and the people's cookies.
pub struct StandbyWorld {
    /// The standby server.
    pub standby: World,
    /// The key it enrolled.
    pub identity: Identity,
    /// Its way to the centre.
    pub line: Line,
}

impl StandbyWorld {
    /// Announced and enrolled at the centre, nothing copied yet.
    pub async fn beside(centre: &World) -> Self {
        let identity = enrolled(centre, 77).await;
        Self::with(centre, identity).await
    }

    /// Another data folder with this identity: what a fresh copy would hold.
    pub async fn with(centre: &World, identity: Identity) -> Self {
        let standby = blank(centre, identity.id).await;
        let line = Line {
            centre: centre.app.clone(),
            cut: AtomicBool::new(false),
            deaf: AtomicBool::new(false),
        };
        Self {
            standby,
            identity,
            line,
        }
    }

    /// Enrolled, everything copied, the list of names loaded.
    pub async fn ready(centre: &World) -> Self {
        let world = Self::beside(centre).await;
        world.pull().await.unwrap();
        list::load(&world.standby.state).await.unwrap();
        world
    }

    pub async fn pull(&self) -> Result<Pulled, PullError> {
        pull(&self.standby.state, &self.line, &self.identity).await
    }

    pub fn cut(&self, cut: bool) {
        self.line.cut.store(cut, Ordering::SeqCst);
    }
}

/// Announces and enrols a standby server of the near site with the key of `seed`.
pub async fn enrolled(centre: &World, seed: u8) -> Identity {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let id = StandbyId(Uuid::from_u128(u128::from(seed) << 64 | 7 << 76 | 2 << 62));
    let token_hash = Sha256::digest([seed]).to_vec();
    let new = standby::NewStandby {
        id,
        site: centre.site,
        name: "Hall".into(),
        token_hash: token_hash.clone(),
        token_expires_at: centre.now() + HOUR_MS,
    };
    let (db, now) = (&centre.state.db, centre.now());
    standby::announce(db, now, By::System, new).await.unwrap();
    let public = key.verifying_key();
    standby::enrol(db, now, &token_hash, public.as_bytes())
        .await
        .unwrap();
    Identity { id, key }
}

async fn blank(centre: &World, id: StandbyId) -> World {
    let dir = tempfile::tempdir().unwrap();
    let documents = centre.state.db.vault().documents_key().unwrap();
    let vault = Vault::from_key(&[u8::MAX; 32]).unwrap();
    let vault = vault.with_documents_key(&documents).unwrap();
    let db = Db::open_standby(&dir.path().join("tapal.db"), vault)
        .await
        .unwrap();
    standby::become_standby(&db, centre.now(), id, centre.site)
        .await
        .unwrap();
    let addr = "127.0.0.1:0".parse().unwrap();
    let mut config = ServerConfig::new(addr, dir.path().to_owned(), model());
    config.password_cost = PasswordCost {
        memory_kib: 64,
        passes: 1,
    };
    let key = SigningKey::from_bytes(&[8; 32]);
    let enrol = Some(Arc::new(StubEnrol) as _);
    let state = AppState::new(db, centre.clock.clone(), key, config, enrol);
    let node = |of: &Node| Node {
        id: of.id,
        key: of.key.clone(),
        nonce: AtomicU64::new(1_000_000),
    };
    World {
        app: routes::app(state.clone()),
        state,
        clock: centre.clock.clone(),
        dir,
        site: centre.site,
        desk: centre.desk,
        camera: centre.camera,
        far_site: centre.far_site,
        far_camera: centre.far_camera,
        entry: centre.entry,
        node: node(&centre.node),
        far_node: node(&centre.far_node),
    }
}
