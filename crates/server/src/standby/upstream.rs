//! How a standby server speaks to its centre: one signed request, one reply. Must not know what is said.

use std::{future::Future, pin::Pin};

use axum::http::Method;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};
use tapal_domain::{
    id::StandbyId,
    time::UtcMs,
    wire::{header, signed_text},
};
use tapal_store::vault::hex;

/// A reply, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Its body.
    pub body: Bytes,
}

/// No reply came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the centre cannot be reached: {0}")]
pub struct Unreachable(pub String);

/// What a request gives in the end.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Reply, Unreachable>> + Send + 'a>>;

/// The centre, or a test's stand-in.
pub trait Upstream: Send + Sync {
    /// One request with these extra headers; `path` includes the query.
    fn send<'a>(
        &'a self,
        method: Method,
        path: &'a str,
        headers: Vec<(&'static str, String)>,
        body: Bytes,
    ) -> Answer<'a>;
}

/// The key a standby server enrolled.
pub struct Identity {
    /// Which one.
    pub id: StandbyId,
    /// Its key.
    pub key: SigningKey,
}

impl Identity {
    /// The headers that sign one request; `nonce` is never used twice.
    pub fn sign(
        &self,
        (method, path): (&Method, &str),
        (now, nonce): (UtcMs, String),
        body: &[u8],
    ) -> Vec<(&'static str, String)> {
        let text = signed_text(
            method.as_str(),
            path,
            now,
            &nonce,
            &hex(&Sha256::digest(body)),
        );
        let signature = STANDARD.encode(self.key.sign(text.as_bytes()).to_bytes());
        vec![
            (header::EDGE, self.id.to_string()),
            (header::TIME, now.0.to_string()),
            (header::NONCE, nonce),
            (header::SIGNATURE, signature),
        ]
    }
}
