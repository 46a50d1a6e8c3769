//! What a server shows of itself: its certificate chain and key, from files or
//! made on the spot.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{AuthorityError, Chain};
use crate::watched;

/// Certificates that a server sends. Four is a long chain; a bundle of all
/// roots is the wrong file.
pub const CHAIN_LENGTH_MAX: usize = 16;

/// A certificate chain and the key of its leaf.
#[derive(Debug, Clone)]
pub struct Identity {
    chain: Chain,
    certified: Arc<CertifiedKey>,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    names: bool,
}

/// A server has no usable certificate and key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file has broken PEM.
    #[error("{path} is not PEM: {detail}")]
    NotPem {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// There is no certificate in the file.
    #[error("there is no certificate in {path}{}", if *.key_found { ", but a private key" } else { "" })]
    NoCertificate {
        /// Which file.
        path: PathBuf,
        /// Whether there is a key instead.
        key_found: bool,
    },
    /// There are too many certificates in the file.
    #[error("there are more than {CHAIN_LENGTH_MAX} certificates in {path}: that is no chain")]
    TooLong {
        /// Which file.
        path: PathBuf,
    },
    /// A certificate cannot be read.
    #[error("certificate {number} in {path} cannot be read: {detail}")]
    BadCertificate {
        /// Which file.
        path: PathBuf,
        /// Its place in the file, from 1.
        number: usize,
        /// What is wrong.
        detail: String,
    },
    /// There is no key in the file.
    #[error("there is no private key in {path}{}", if *.certificate_found { ", but a certificate" } else { "" })]
    NoKey {
        /// Which file.
        path: PathBuf,
        /// Whether there is a certificate instead.
        certificate_found: bool,
        /// Whether the certificate was to be in the same file.
        shared: bool,
    },
    /// The key is encrypted.
    #[error("the key in {path} is encrypted")]
    EncryptedKey {
        /// Which file.
        path: PathBuf,
    },
    /// The key is of a kind that TLS does not use.
    #[error("the key in {path} cannot be used: {detail}")]
    BadKey {
        /// Which file.
        path: PathBuf,
        /// What the library said.
        detail: String,
    },
    /// The key is not the leaf's.
    #[error("the key in {key} does not belong to the certificate in {certificate}")]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// The place of the certificate to which it does belong, from 1.
        belongs_to: Option<usize>,
    },
    /// A certificate could not be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl IdentityError {
    /// What to do about it, where that is known.
    pub fn remedy(&self) -> Option<String> {
        match self {
            IdentityError::EncryptedKey { path } => Some(format!(
                "a server starts without anybody who types; decrypt it for its eyes only:\n\
                 (umask 077; openssl pkey -in {} -out key.pem)",
                path.display()
            )),
            IdentityError::NoKey { certificate_found: true, shared: true, .. } => {
                Some("its key stands in another file: --tls CERT KEY".to_owned())
            }
            IdentityError::NoCertificate { key_found: true, .. }
            | IdentityError::NoKey { certificate_found: true, .. } => {
                Some("the certificate comes first, then its key".to_owned())
            }
            IdentityError::Mismatch { belongs_to: Some(number), certificate, .. } => Some(format!(
                "it belongs to certificate {number} in {}: the server's own must come first, then \
                 the one that issued it",
                certificate.display()
            )),
            IdentityError::NotPem { .. } => Some(
                "from DER: openssl x509 -inform DER -in FILE -out cert.pem, \
                 openssl pkey -inform DER -in FILE -out key.pem"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

impl Identity {
    /// Reads a PEM chain (leaf first) and the PEM key of the leaf: PKCS #8,
    /// PKCS #1 or SEC 1. Both may stand in one file.
    ///
    /// # Errors
    /// When a file cannot be read or used, or the two do not match.
    pub fn read(
        certificate: &Path,
        key: &Path,
        provider: &CryptoProvider,
    ) -> Result<Self, IdentityError> {
        let certificates = read_certificates(certificate)?;
        let secret = read_key(key, certificate == key)?;
        let bad_key = |error: &rustls::Error| IdentityError::BadKey {
            path: key.to_owned(),
            detail: error.to_string(),
        };
        let signing =
            provider.key_provider.load_private_key(secret.clone_key()).map_err(|e| bad_key(&e))?;
        let certified = CertifiedKey::new(certificates.clone(), signing);
        // Compared here: the library would refuse a certificate of version 1.
        if let Some(public) = certified.key.public_key() {
            let belongs_to = certificates.iter().position(|one| has_key(one, &public));
            if belongs_to != Some(0) {
                return Err(IdentityError::Mismatch {
                    certificate: certificate.to_owned(),
                    key: key.to_owned(),
                    belongs_to: belongs_to.map(|place| place + 1),
                });
            }
        }
        let chain = Chain { certificates, key: secret };
        Identity::of(chain, Arc::new(certified), certificate)
    }

    /// A certificate of its own making for these names and addresses.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn made_for(names: &[String], now_unix_s: i64) -> Result<Self, IdentityError> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let chain = super::authority::self_signed_chain(names, now_unix_s)?;
        let path = Path::new("the certificate made on the spot");
        let bad_key = |error: rustls::Error| IdentityError::BadKey {
            path: path.to_owned(),
            detail: error.to_string(),
        };
        let key = provider.key_provider.load_private_key(chain.key.clone_key()).map_err(bad_key)?;
        let certified = Arc::new(CertifiedKey::new(chain.certificates.clone(), key));
        Identity::of(chain, certified, path)
    }

    fn of(chain: Chain, certified: Arc<CertifiedKey>, path: &Path) -> Result<Self, IdentityError> {
        let mut validity = None;
        for (place, der) in chain.certificates.iter().enumerate() {
            let (_, parsed) =
                X509Certificate::from_der(der).map_err(|error| IdentityError::BadCertificate {
                    path: path.to_owned(),
                    number: place + 1,
                    detail: error.to_string(),
                })?;
            validity.get_or_insert_with(|| {
                let names = matches!(parsed.subject_alternative_name(), Ok(Some(_)));
                (parsed.validity().clone(), names)
            });
        }
        let Some((validity, names)) = validity else {
            return Err(IdentityError::NoCertificate { path: path.to_owned(), key_found: false });
        };
        Ok(Identity {
            chain,
            certified,
            not_before: validity.not_before.to_datetime(),
            not_after: validity.not_after.to_datetime(),
            names,
        })
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }

    /// The certificates, leaf first, and the key.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// SHA-256 of the leaf as `openssl x509 -fingerprint -sha256` writes it.
    pub fn fingerprint(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.leaf());
        let hex: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        format!("sha256 Fingerprint={}", hex.join(":"))
    }

    /// SHA-256 of the leaf's public key in base64, as `curl --pinnedpubkey
    /// sha256//...` and RFC 7469 have it.
    pub fn key_pin(&self) -> Option<String> {
        use base64::Engine as _;
        let (_, leaf) = X509Certificate::from_der(self.leaf()).ok()?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, leaf.public_key().raw);
        Some(base64::engine::general_purpose::STANDARD.encode(digest.as_ref()))
    }

    fn leaf(&self) -> &[u8] {
        self.chain.certificates.first().map_or(&[], |der| der)
    }

    /// Why clients will not take the certificate now, or not for long.
    pub fn warning(&self, now_unix_s: i64) -> Option<String> {
        /// Who renews by hand wants to know a week ahead.
        const SOON: time::Duration = time::Duration::days(7);
        let now = OffsetDateTime::from_unix_timestamp(now_unix_s).ok()?;
        let day = |moment: OffsetDateTime| moment.date().to_string();
        if now > self.not_after {
            Some(format!("the certificate expired on {}", day(self.not_after)))
        } else if now < self.not_before {
            Some(format!("the certificate is not valid before {}", day(self.not_before)))
        } else if self.not_after - now < SOON {
            Some(format!("the certificate expires on {}", day(self.not_after)))
        } else if !self.names {
            // RFC 9525 section 6.3: the common name does not count.
            Some("the certificate has no subjectAltName: many clients will not take it".to_owned())
        } else {
            None
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, IdentityError> {
    watched::read(path)
        .map_err(|source| IdentityError::Unreadable { path: path.to_owned(), source })
}

/// All certificates of a PEM file, at least one.
pub(super) fn read_certificates(
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let bytes = read_file(path)?;
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| not_pem(path, &error))?;
        if certificates.len() == CHAIN_LENGTH_MAX {
            return Err(IdentityError::TooLong { path: path.to_owned() });
        }
        certificates.push(certificate);
    }
    if certificates.is_empty() {
        if is_der(&bytes) {
            return Err(IdentityError::NotPem {
                path: path.to_owned(),
                detail: "it looks like DER".to_owned(),
            });
        }
        let key_found = contains(&bytes, b"PRIVATE KEY-----");
        return Err(IdentityError::NoCertificate { path: path.to_owned(), key_found });
    }
    Ok(certificates)
}

fn read_key(path: &Path, shared: bool) -> Result<PrivateKeyDer<'static>, IdentityError> {
    let bytes = read_file(path)?;
    // PKCS #8 says so in its label, RFC 7468 section 11; the older forms in a
    // header of RFC 1421 section 4.6.
    if contains(&bytes, b"ENCRYPTED PRIVATE KEY") || contains(&bytes, b"4,ENCRYPTED") {
        return Err(IdentityError::EncryptedKey { path: path.to_owned() });
    }
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) if is_der(&bytes) => Err(IdentityError::NotPem {
            path: path.to_owned(),
            detail: "it looks like DER".to_owned(),
        }),
        Err(pem::Error::NoItemsFound) => Err(IdentityError::NoKey {
            path: path.to_owned(),
            certificate_found: contains(&bytes, b"BEGIN CERTIFICATE"),
            shared,
        }),
        Err(error) => Err(not_pem(path, &error)),
    }
}

fn has_key(certificate: &CertificateDer<'_>, key: &[u8]) -> bool {
    X509Certificate::from_der(certificate).is_ok_and(|(_, parsed)| parsed.public_key().raw == key)
}

/// A DER file of this kind begins with a long SEQUENCE, X.690 section 8.9.
fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30) && bytes.get(1).is_some_and(|length| *length >= 0x80)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn not_pem(path: &Path, error: &pem::Error) -> IdentityError {
    let detail = match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            format!("{} is missing", String::from_utf8_lossy(end_marker))
        }
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is broken".to_owned(),
        pem::Error::Base64Decode(why) => format!("the base64 is broken ({why})"),
        other => other.to_string(),
    };
    IdentityError::NotPem { path: path.to_owned(), detail }
}
