//! Encryption at rest: AES-256-GCM-SIV per record, bound to table, id and column, with a key kept outside the
//! database. Must not print keys or plaintext, and must never guess when a record does not open.

use std::{fs, io::Write, path::Path};

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

const FORMAT: u8 = 1;
const NONCE_LEN: usize = 12;

/// The key that opens sealed columns, and the one by which documents are found again.
pub struct Vault {
    records: Aes256GcmSiv,
    /// Its own key, so that a standby server can find documents by the centre's marks and still open nothing of the
    /// centre's. Data folders from before 0.5 have none: their documents are marked under the data key.
    documents: Option<(Aes256GcmSiv, Zeroizing<Vec<u8>>)>,
}

/// What [`Vault::mark`] is told of a travel document.
pub(crate) const DOCUMENT: &str = "document";

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(redacted)")
    }
}

impl Vault {
    /// Reads the key file and the key of documents beside it (`documents.key`), or makes both (mode 0600) at first run.
    pub fn open_or_create(path: &Path) -> Result<Self> {
        let documents = path.with_file_name("documents.key");
        let first = !path.exists();
        let vault = Self::from_key(&secret_file(path, 32)?)?;
        match first || documents.exists() {
            true => vault.with_documents_key(&secret_file(&documents, 32)?),
            false => Ok(vault),
        }
    }

    /// From 32 key bytes; documents are marked under the same key.
    pub fn from_key(key: &[u8]) -> Result<Self> {
        Ok(Self {
            records: cipher(key)?,
            documents: None,
        })
    }

    /// With a key of its own for documents, 32 bytes.
    pub fn with_documents_key(self, key: &[u8]) -> Result<Self> {
        let documents = Some((cipher(key)?, Zeroizing::new(key.to_vec())));
        Ok(Self { documents, ..self })
    }

    /// The key by which documents are found again: what a standby server is given when it enrols. `None` in a data
    /// folder from before there was one; such a centre cannot have standby servers.
    pub fn documents_key(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.documents.as_ref().map(|(_, key)| key.clone())
    }

    /// Encrypts one column of one record.
    pub fn seal(&self, table: &str, id: &str, column: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0u8; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|e| Error::Other(format!("no randomness: {e}")))?;
        let aad = format!("{table}:{id}:{column}");
        let payload = Payload {
            msg: plain,
            aad: aad.as_bytes(),
        };
        let sealed = self.records.encrypt(Nonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| Error::other("a record could not be encrypted"))?;
        let mut out = Vec::with_capacity(1 + NONCE_LEN + sealed.len());
        out.push(FORMAT);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// The same 16 bytes for the same text every time, which say nothing of it without the key: to find a record again
    /// by what is sealed in it. The tag of AES-GCM-SIV (RFC 8452) over the hash of the text, with a nonce of its own that
    /// no record uses; the cipher is safe when a nonce comes again.
    pub fn mark(&self, what: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let aad = format!("mark:{what}");
        let payload = Payload {
            msg: &Sha256::digest(plain),
            aad: aad.as_bytes(),
        };
        let nonce = [0u8; NONCE_LEN];
        let cipher = match &self.documents {
            Some((documents, _)) if what == DOCUMENT => documents,
            _ => &self.records,
        };
        let sealed = cipher.encrypt(Nonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| Error::other("a record could not be marked"))?;
        Ok(sealed[sealed.len().saturating_sub(16)..].to_vec())
    }

    /// Opens what [`Vault::seal`] made for the same table, id and column.
    pub fn open(
        &self,
        table: &str,
        id: &str,
        column: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let wrong = || {
            Error::Other(format!(
                "{table}.{column} of {id} does not open: wrong data key or damaged record"
            ))
        };
        let (head, body) = sealed.split_at_checked(1 + NONCE_LEN).ok_or_else(wrong)?;
        if head[0] != FORMAT {
            return Err(wrong());
        }
        let aad = format!("{table}:{id}:{column}");
        let payload = Payload {
            msg: body,
            aad: aad.as_bytes(),
        };
        self.records
            .decrypt(Nonce::from_slice(&head[1..]), payload)
            .map(Zeroizing::new)
            .map_err(|_| wrong())
    }
}

fn cipher(key: &[u8]) -> Result<Aes256GcmSiv> {
    Aes256GcmSiv::new_from_slice(key).map_err(|_| Error::other("the data key must have 32 bytes"))
}

/// Reads a secret of `len` bytes (hex text in a file), or makes a random one, readable by its owner only.
pub fn secret_file(path: &Path, len: usize) -> Result<Zeroizing<Vec<u8>>> {
    let told = |what: &str, e: &dyn std::fmt::Display| {
        Error::Other(format!("{what} the key file {}: {e}", path.display()))
    };
    match fs::read_to_string(path) {
        Ok(text) => {
            let bytes = from_hex(text.trim()).filter(|bytes| bytes.len() == len);
            bytes
                .map(Zeroizing::new)
                .ok_or_else(|| told("cannot use", &"it does not hold the expected hex digits"))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let mut secret = Zeroizing::new(vec![0u8; len]);
            getrandom::fill(&mut secret).map_err(|e| told("no randomness for", &e))?;
            write_private(path, hex(&secret).as_bytes()).map_err(|e| told("cannot write", &e))?;
            Ok(secret)
        }
        Err(e) => Err(told("cannot read", &e)),
    }
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

/// Lower-case hex text of bytes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Bytes of hex text; `None` when it is not hex.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_opens_only_in_its_own_place() {
        let vault = Vault::from_key(&[7; 32]).unwrap();
        let sealed = vault.seal("entry", "1", "identity", b"Contoh").unwrap();
        assert!(!sealed.windows(6).any(|w| w == b"Contoh"));
        assert_eq!(
            &vault.open("entry", "1", "identity", &sealed).unwrap()[..],
            b"Contoh"
        );
        for (table, id, column) in [
            ("alert", "1", "identity"),
            ("entry", "2", "identity"),
            ("entry", "1", "photo"),
        ] {
            assert!(
                vault.open(table, id, column, &sealed).is_err(),
                "{table}:{id}:{column}"
            );
        }
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            assert!(
                vault.open("entry", "1", "identity", &changed).is_err(),
                "byte {i}"
            );
        }
        assert!(
            Vault::from_key(&[8; 32])
                .unwrap()
                .open("entry", "1", "identity", &sealed)
                .is_err()
        );
        assert!(vault.open("entry", "1", "identity", b"").is_err());
    }

    #[test]
    fn a_mark_is_the_same_for_the_same_text_and_key_only() {
        let vault = Vault::from_key(&[7; 32]).unwrap();
        let mark = vault.mark("import_key", b"R-1").unwrap();
        assert_eq!(
            (mark.len(), &mark),
            (16, &vault.mark("import_key", b"R-1").unwrap())
        );
        assert_ne!(mark, vault.mark("import_key", b"R-2").unwrap());
        assert_ne!(mark, vault.mark("content", b"R-1").unwrap());
        let other = Vault::from_key(&[8; 32]).unwrap();
        assert_ne!(mark, other.mark("import_key", b"R-1").unwrap());
    }

    #[test]
    fn documents_are_found_by_a_key_of_their_own_that_opens_nothing() {
        let centre = Vault::from_key(&[7; 32]).unwrap();
        let centre = centre.with_documents_key(&[9; 32]).unwrap();
        let standby = Vault::from_key(&[8; 32]).unwrap();
        let standby = standby
            .with_documents_key(&centre.documents_key().unwrap())
            .unwrap();
        let mark = |vault: &Vault, what| vault.mark(what, b"UTO:L898902C3").unwrap();
        assert_eq!(mark(&centre, DOCUMENT), mark(&standby, DOCUMENT));
        assert_ne!(mark(&centre, "nik"), mark(&standby, "nik"));
        let sealed = centre.seal("holder", "1", "identity", b"Contoh").unwrap();
        assert!(standby.open("holder", "1", "identity", &sealed).is_err());
    }

    #[test]
    fn a_data_folder_from_before_keeps_its_marks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("records.key");
        secret_file(&path, 32).unwrap();
        assert!(
            Vault::open_or_create(&path)
                .unwrap()
                .documents_key()
                .is_none()
        );
        let fresh = dir.path().join("fresh");
        fs::create_dir(&fresh).unwrap();
        let open = || Vault::open_or_create(&fresh.join("records.key")).unwrap();
        let key = open().documents_key().unwrap();
        assert_eq!(key, open().documents_key().unwrap());
    }

    #[test]
    fn a_key_file_is_made_once_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data.key");
        let first = secret_file(&path, 32).unwrap();
        assert_eq!(first, secret_file(&path, 32).unwrap());
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions())
                & 0o777,
            0o600
        );
        fs::write(&path, "zz").unwrap();
        assert!(secret_file(&path, 32).is_err());
    }
}
