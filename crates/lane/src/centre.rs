//! Speaking to the centre: HTTPS to one pinned certificate, every request signed with the node's key.
//! Must not know what is said: paths and bytes only.

use std::sync::Arc;
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};
use tapal_domain::{
    id::EdgeId,
    wire::{header, signed_text},
};
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use crate::{clock::Clock, seal};

/// Largest reply read: a whole list of some hundred thousand templates.
const MOST_REPLY: u64 = 512 << 20;

/// A reply, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// No reply came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the centre cannot be reached: {0}")]
pub struct Unreachable(pub String);

/// The centre, or a test's stand-in.
pub trait Centre: Send + Sync {
    /// One request; `path` includes the query.
    fn send(&self, method: Method, path: &str, body: &[u8]) -> Result<Reply, Unreachable>;
}

/// What is used of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET, without a body.
    Get,
    /// POST of JSON.
    Post,
}

impl Method {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not one we speak to.
    #[error("the centre's address must look like https://host:port; it is {0}")]
    Address(String),
    /// There is no certificate to trust.
    #[error(
        "{0} holds no certificate; copy the centre's certificate file here (`tapal serve` prints where it is)"
    )]
    NoCertificate(String),
}

/// The connection to one centre. Cheap to clone; connections are kept open.
#[derive(Clone)]
pub struct Https {
    agent: ureq::Agent,
    base: String,
}

/// An HTTP client that trusts only the certificates in `pem` and gives up after `limit` (never when `None`).
pub fn agent(
    pem: &[u8],
    pem_name: &str,
    limit: Option<Duration>,
) -> Result<ureq::Agent, ClientError> {
    let certificates: Vec<_> = parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(ClientError::NoCertificate(pem_name.into()));
    }
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::new_with_certs(&certificates))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_connect(Some(Duration::from_secs(3)))
        .timeout_global(limit)
        .build();
    Ok(config.into())
}

impl Https {
    /// A client for `base` (such as `https://centre:8443`) that trusts only the certificates in `pem`.
    pub fn new(base: &str, pem: &[u8], pem_name: &str) -> Result<Self, ClientError> {
        let base = base.trim_end_matches('/').to_owned();
        if !base.starts_with("https://") || base.len() < 10 {
            return Err(ClientError::Address(base));
        }
        let agent = agent(pem, pem_name, Some(Duration::from_secs(10)))?;
        Ok(Https { agent, base })
    }

    /// Sends with these extra headers.
    pub fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Result<Reply, Unreachable> {
        let url = format!("{}{path}", self.base);
        // The cause may name the address, never a credential: the centre's address holds none.
        let failed = |error: ureq::Error| Unreachable(error.to_string());
        let mut response = match method {
            Method::Get => {
                let request = headers
                    .iter()
                    .fold(self.agent.get(&url), |r, (name, value)| {
                        r.header(*name, value)
                    });
                request.call().map_err(failed)?
            }
            Method::Post => {
                let request = self
                    .agent
                    .post(&url)
                    .header("content-type", "application/json");
                let request = headers
                    .iter()
                    .fold(request, |r, (name, value)| r.header(*name, value));
                request.send(body).map_err(failed)?
            }
        };
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(MOST_REPLY)
            .read_to_vec()
            .map_err(failed)?;
        Ok(Reply { status, body })
    }
}

/// A node that signs what it says.
pub struct Signed {
    /// The connection.
    pub https: Https,
    /// The node's id.
    pub edge: EdgeId,
    /// The node's key.
    pub key: SigningKey,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Centre for Signed {
    fn send(&self, method: Method, path: &str, body: &[u8]) -> Result<Reply, Unreachable> {
        let (time, nonce) = (self.clock.now(), seal::random_text());
        let text = signed_text(
            method.name(),
            path,
            time,
            &nonce,
            &seal::hex(&Sha256::digest(body)),
        );
        let signature = STANDARD.encode(self.key.sign(text.as_bytes()).to_bytes());
        let headers = [
            (header::EDGE, self.edge.to_string()),
            (header::TIME, time.0.to_string()),
            (header::NONCE, nonce),
            (header::SIGNATURE, signature),
        ];
        self.https.send(method, path, &headers, body)
    }
}
