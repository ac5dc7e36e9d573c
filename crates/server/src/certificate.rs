//! The TLS certificate: made by us at the first run, so that nobody has to begin with certificates. An office with
//! its own puts `certificate.pem` and `certificate-key.pem` into the data folder. Must not be made twice.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tapal_store::vault::write_private;

/// A certificate and its key on disk.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// PEM of the certificate chain; nodes pin it.
    pub path: PathBuf,
    /// PEM of the private key, readable by its owner only.
    pub key_path: PathBuf,
    /// SHA-256 of the first certificate, `AB:CD:…`, as browsers show it.
    pub fingerprint: String,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Reading or writing failed.
    #[error("{path}: {cause}. Check that the data folder exists and can be written")]
    Io {
        /// Where.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// It could not be made, or is not PEM.
    #[error(
        "the certificate cannot be used: {0}. Remove certificate.pem and certificate-key.pem to have new ones made"
    )]
    Unusable(String),
}

/// Where the certificate of a data folder is.
pub fn certificate_path(data: &Path) -> PathBuf {
    data.join("certificate.pem")
}

/// The certificate of a data folder, made for `names` when there is none.
pub fn load_or_make(data: &Path, names: &[String]) -> Result<Certificate, CertificateError> {
    let (path, key_path) = (certificate_path(data), data.join("certificate-key.pem"));
    if !path.exists() || !key_path.exists() {
        let unusable = |e: rcgen::Error| CertificateError::Unusable(e.to_string());
        let mut names: Vec<String> = names.to_vec();
        names.extend(["localhost", "127.0.0.1", "::1"].map(String::from));
        names.extend(host_name());
        names.retain(|name| !name.trim().is_empty());
        names.sort();
        names.dedup();
        let key = rcgen::KeyPair::generate().map_err(unusable)?;
        let mut wanted = rcgen::CertificateParams::new(names).map_err(unusable)?;
        // A node whose clock battery is empty begins in 1970, and must reach us to be told the time.
        wanted.not_before = rcgen::date_time_ymd(1970, 1, 1);
        let made = wanted.self_signed(&key).map_err(unusable)?;
        let write = |path: &Path, text: String| {
            write_private(path, text.as_bytes()).map_err(|cause| CertificateError::Io {
                path: path.into(),
                cause,
            })
        };
        write(&key_path, key.serialize_pem())?;
        write(&path, made.pem())?;
    }
    let fingerprint = fingerprint(&path)?;
    Ok(Certificate {
        path,
        key_path,
        fingerprint,
    })
}

fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/etc/hostname").ok()?;
    let name = name.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (!name.is_empty() && name.chars().all(plain)).then(|| name.to_owned())
}

fn fingerprint(path: &Path) -> Result<String, CertificateError> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let pem = std::fs::read(path).map_err(|cause| CertificateError::Io {
        path: path.into(),
        cause,
    })?;
    let first = CertificateDer::from_pem_slice(&pem)
        .map_err(|e| CertificateError::Unusable(e.to_string()))?;
    Ok(Sha256::digest(&first)
        .iter()
        .map(|b| format!("{b:02X}"))
        .collect::<Vec<_>>()
        .join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = load_or_make(dir.path(), &["tapal.test".into()]).unwrap();
        let again = load_or_make(dir.path(), &[]).unwrap();
        assert_eq!(first.fingerprint, again.fingerprint);
        assert_eq!(first.fingerprint.len(), 95);
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&first.key_path)
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o600
        );
    }

    #[test]
    fn a_machine_whose_clock_begins_in_1970_takes_it() {
        use rustls::pki_types::{CertificateDer, pem::PemObject};
        let dir = tempfile::tempdir().unwrap();
        let made = load_or_make(dir.path(), &[]).unwrap();
        let pem = std::fs::read(made.path).unwrap();
        let der = CertificateDer::from_pem_slice(&pem).unwrap();
        let from = b"700101000000Z";
        assert!(der.windows(from.len()).any(|part| part == from));
    }

    #[test]
    fn a_broken_certificate_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("certificate.pem"), "nothing").unwrap();
        std::fs::write(dir.path().join("certificate-key.pem"), "nothing").unwrap();
        let error = load_or_make(dir.path(), &[]).unwrap_err().to_string();
        assert!(error.contains("Remove certificate.pem"), "{error}");
    }
}
