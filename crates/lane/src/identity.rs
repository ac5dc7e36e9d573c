//! Who this node is: its keys, the centre it enrolled with, and the one-time enrolment.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use tapal_domain::{
    id::{EdgeId, SiteId},
    wire::{EnrolReply, EnrolRequest},
};

use crate::{
    centre::{Https, Method, Unreachable},
    seal::{self, SealError, Sealer},
};

/// Why the node has no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Never enrolled, and no token was given.
    #[error(
        "this node is not enrolled; make a token on the console's page of camera nodes and start with --token TOKEN"
    )]
    NotEnrolled,
    /// The centre refused the token.
    #[error("the centre refused the enrolment (status {status}): {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The centre's words.
        message: String,
    },
    /// The centre did not answer.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// The reply or the stored identity makes no sense.
    #[error(
        "the identity cannot be read: {0}. Delete identity.json in the data folder and enrol again"
    )]
    Malformed(String),
    /// The disk said no.
    #[error(transparent)]
    Disk(#[from] SealError),
}

#[derive(Serialize, Deserialize)]
struct Stored {
    edge: EdgeId,
    site: SiteId,
    centre_key: String,
}

/// The node's identity.
pub struct Identity {
    /// Its id.
    pub edge: EdgeId,
    /// Its site.
    pub site: SiteId,
    /// Signs requests.
    pub key: SigningKey,
    /// Checks lists.
    pub centre_key: VerifyingKey,
}

/// The key that seals files of this node, beside its signing key.
pub fn sealer(folder: &Path) -> Result<Sealer, SealError> {
    Ok(Sealer::new(&*seal::secret(&folder.join("seal.key"))?))
}

impl Identity {
    /// The stored identity, or a new one enrolled with `token`.
    pub fn open(folder: &Path, centre: &Https, token: Option<&str>) -> Result<Self, IdentityError> {
        let key = SigningKey::from_bytes(&*seal::secret(&folder.join("signing.key"))?);
        let path = folder.join("identity.json");
        let stored = match std::fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json)
                .map_err(|e| IdentityError::Malformed(e.to_string()))?,
            Err(_) => {
                let stored = enrol(centre, token.ok_or(IdentityError::NotEnrolled)?, &key)?;
                let json = serde_json::to_vec_pretty(&stored)
                    .map_err(|e| IdentityError::Malformed(e.to_string()))?;
                seal::write_durably(&path, &json)?;
                stored
            }
        };
        let bytes = STANDARD
            .decode(&stored.centre_key)
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let centre_key = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        let centre_key = centre_key
            .ok_or_else(|| IdentityError::Malformed("the centre's key is no key".into()))?;
        Ok(Identity {
            edge: stored.edge,
            site: stored.site,
            key,
            centre_key,
        })
    }
}

fn enrol(centre: &Https, token: &str, key: &SigningKey) -> Result<Stored, IdentityError> {
    let public_key = STANDARD.encode(key.verifying_key().as_bytes());
    let request = EnrolRequest {
        token: token.trim().into(),
        public_key,
    };
    let body = serde_json::to_vec(&request).map_err(|e| IdentityError::Malformed(e.to_string()))?;
    let reply = centre.send(Method::Post, "/api/v1/edges/enrol", &[], &body)?;
    if !(200..300).contains(&reply.status) {
        let said: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let message = said["message"]
            .as_str()
            .unwrap_or("no reason given")
            .chars()
            .take(300)
            .collect();
        return Err(IdentityError::Refused {
            status: reply.status,
            message,
        });
    }
    let reply: EnrolReply =
        serde_json::from_slice(&reply.body).map_err(|e| IdentityError::Malformed(e.to_string()))?;
    Ok(Stored {
        edge: reply.edge,
        site: reply.site,
        centre_key: reply.centre_key,
    })
}
