//! What a node keeps on disk that must not be read by others: sealed with AES-256-GCM-SIV, the pieces of large files
//! with AES-256-GCM under a key of their own; written so that a power cut leaves the old file or the new one, never
//! half of one.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use aes_gcm_siv::aead::{Aead, OsRng, Payload, rand_core::RngCore};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use ring::{aead, hkdf};
use zeroize::Zeroizing;

const NONCE: usize = 12;
const TAG: usize = 16;
/// Random bytes from which a piece's own key is made.
const SALT: usize = 32;

/// Why something could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The disk said no.
    #[error("{path}: {cause}. Check that the folder exists, may be written and has room")]
    Io {
        /// Where.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// Not sealed with this node's key, or changed since.
    #[error("{path} was damaged, changed, or belongs to another node")]
    Broken {
        /// Where.
        path: PathBuf,
    },
}

impl SealError {
    /// An [`SealError::Io`] about `path`.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> SealError + '_ {
        move |cause| SealError::Io {
            path: path.to_owned(),
            cause,
        }
    }
}

/// Seals and opens files with the node's key.
#[derive(Clone)]
pub struct Sealer {
    cipher: Aes256GcmSiv,
    pieces: hkdf::Prk,
}

impl Sealer {
    /// A sealer with this key.
    pub fn new(key: &[u8; 32]) -> Self {
        Sealer {
            cipher: Aes256GcmSiv::new(key.into()),
            pieces: hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key),
        }
    }

    /// Writes `plain` sealed, bound to `name`, durably: temporary file, fsync, rename, fsync of the folder.
    pub fn write(&self, path: &Path, name: &str, plain: &[u8]) -> Result<(), SealError> {
        write_durably(path, &self.seal(path, name, plain)?)
    }

    /// The sealed bytes.
    pub fn seal(&self, path: &Path, name: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        OsRng.fill_bytes(&mut nonce);
        let payload = Payload {
            msg: plain,
            aad: name.as_bytes(),
        };
        let sealed = self.cipher.encrypt(Nonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| SealError::Broken {
            path: path.to_owned(),
        })?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// The key of one piece (HKDF-Expand, RFC 5869): used once, so that its nonce may be nothing.
    fn key_of(&self, salt: &[u8]) -> Option<aead::LessSafeKey> {
        let info = [b"tapal piece 1".as_slice(), salt];
        let key = self.pieces.expand(&info, &aead::AES_256_GCM).ok()?;
        Some(aead::LessSafeKey::new(aead::UnboundKey::from(key)))
    }

    /// Seals a piece of a larger file in place, bound to `place`; salt and tag are added at its end. Whether it could
    /// be done. AES-256-GCM: several times as fast as GCM-SIV, which matters for gigabytes.
    pub fn seal_piece(&self, place: &[u8], piece: &mut Vec<u8>) -> bool {
        let mut salt = [0; SALT];
        OsRng.fill_bytes(&mut salt);
        let Some(key) = self.key_of(&salt) else {
            return false;
        };
        let nonce = aead::Nonce::assume_unique_for_key([0; NONCE]);
        let tag = key.seal_in_place_separate_tag(nonce, aead::Aad::from(place), piece);
        tag.is_ok_and(|tag| {
            piece.extend_from_slice(&salt);
            piece.extend_from_slice(tag.as_ref());
            true
        })
    }

    /// Undoes [`Sealer::seal_piece`]. `false`: changed since, at another place, or another key.
    pub fn open_piece(&self, place: &[u8], piece: &mut Vec<u8>) -> bool {
        let Some(length) = piece.len().checked_sub(SALT + TAG) else {
            return false;
        };
        let (sealed, end) = piece.split_at_mut(length);
        let (salt, tag) = end.split_at(SALT);
        let (Some(key), Ok(tag)) = (self.key_of(salt), aead::Tag::try_from(tag)) else {
            return false;
        };
        let nonce = aead::Nonce::assume_unique_for_key([0; NONCE]);
        let opened =
            key.open_in_place_separate_tag(nonce, aead::Aad::from(place), tag, sealed, 0..);
        let opened = opened.is_ok();
        piece.truncate(length);
        opened
    }

    /// Reads and opens a file. `None` when there is none.
    pub fn read(&self, path: &Path, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, SealError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(SealError::io(path)(error)),
        };
        let broken = || SealError::Broken {
            path: path.to_owned(),
        };
        let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or_else(broken)?;
        let payload = Payload {
            msg: sealed,
            aad: name.as_bytes(),
        };
        let plain = self
            .cipher
            .decrypt(Nonce::from_slice(nonce), payload)
            .map_err(|_| broken())?;
        Ok(Some(Zeroizing::new(plain)))
    }
}

/// Writes a file that is there whole or not at all, readable by its owner only.
pub fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), SealError> {
    let staging = path.with_extension("new");
    let mut file = private(&staging, true)?;
    file.write_all(bytes).map_err(SealError::io(&staging))?;
    file.sync_all().map_err(SealError::io(&staging))?;
    fs::rename(&staging, path).map_err(SealError::io(path))?;
    sync_folder(path)
}

/// Makes the folder's list of files durable.
pub fn sync_folder(path: &Path) -> Result<(), SealError> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(SealError::io(folder))
}

fn private(path: &Path, replace: bool) -> Result<File, SealError> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if replace {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    options.open(path).map_err(SealError::io(path))
}

/// The 32 secret bytes in a file; made at random, for its owner only, when there is no file yet.
pub fn secret(path: &Path) -> Result<Zeroizing<[u8; 32]>, SealError> {
    if !path.exists() {
        let mut fresh = Zeroizing::new([0; 32]);
        OsRng.fill_bytes(fresh.as_mut_slice());
        write_durably(path, fresh.as_slice())?;
        return Ok(fresh);
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(SealError::io(path))?);
    let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| SealError::Broken {
        path: path.to_owned(),
    })?;
    Ok(Zeroizing::new(key))
}

/// Sixteen random bytes as hexadecimal, for a nonce on the wire.
pub fn random_text() -> String {
    let mut bytes = [0u8; 16];
    OsRng.fill_bytes(&mut bytes);
    hex(&bytes)
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_sealed_opens_only_whole_with_its_name_and_key() {
        let folder = tempfile::tempdir().unwrap();
        let (path, sealer) = (folder.path().join("x"), Sealer::new(&[7; 32]));
        sealer.write(&path, "x", b"secret").unwrap();
        assert_eq!(
            sealer.read(&path, "x").unwrap().unwrap().as_slice(),
            b"secret"
        );
        assert!(!fs::read(&path).unwrap().windows(6).any(|w| w == b"secret"));
        assert!(sealer.read(&path, "y").is_err());
        assert!(Sealer::new(&[8; 32]).read(&path, "x").is_err());
        assert!(
            sealer
                .read(&folder.path().join("none"), "x")
                .unwrap()
                .is_none()
        );
        let mut bytes = fs::read(&path).unwrap();
        for cut in [0, 5, bytes.len() - 1] {
            fs::write(&path, &bytes[..cut]).unwrap();
            assert!(sealer.read(&path, "x").is_err());
        }
        bytes[14] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(
            sealer.read(&path, "x"),
            Err(SealError::Broken { .. })
        ));
    }

    #[test]
    fn a_piece_opens_at_its_place_only() {
        let sealer = Sealer::new(&[7; 32]);
        let mut piece = b"secret".to_vec();
        assert!(sealer.seal_piece(b"1", &mut piece));
        assert!(!piece.starts_with(b"secret"));
        for (key, place) in [(7, b"2"), (8, b"1")] {
            assert!(!Sealer::new(&[key; 32]).open_piece(place, &mut piece.clone()));
        }
        assert!(!sealer.open_piece(b"1", &mut piece[..20].to_vec()));
        let changed = |at: usize| {
            let mut piece = piece.clone();
            piece[at] ^= 1;
            piece
        };
        for at in 0..piece.len() {
            assert!(!sealer.open_piece(b"1", &mut changed(at)), "byte {at}");
        }
        assert!(sealer.open_piece(b"1", &mut piece));
        assert_eq!(piece, b"secret");
    }

    #[test]
    fn a_secret_is_made_once_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let first = secret(&path).unwrap();
        assert_eq!(secret(&path).unwrap(), first);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
