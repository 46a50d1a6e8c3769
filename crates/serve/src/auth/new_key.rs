//! Keys and random texts that are made here.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use rcgen::{KeyPair, PublicKeyData};

use super::jwt_key::algorithm_name;
use crate::tls::pem;

/// A text of base64url from this many random bytes. Nothing, if the system
/// has no random numbers.
pub fn random_text(bytes: usize) -> Option<String> {
    let mut random = vec![0; bytes];
    aws_lc_rs::rand::fill(&mut random).ok()?;
    Some(URL_SAFE_NO_PAD.encode(random))
}

/// A key that was made, as files hold it.
#[derive(Clone)]
pub struct NewKey {
    /// A secret in a line of text, or a private key in PEM.
    pub key: String,
    /// The public key in PEM, where there is one.
    pub public: Option<String>,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl NewKey {
    /// A key for this algorithm.
    ///
    /// # Errors
    /// In words, when it cannot be made here.
    pub fn make(algorithm: Algorithm) -> Result<Self, String> {
        /// As long as the longest hash: RFC 7518 section 3.2 for HS512.
        const SECRET_BYTES: usize = 64;
        let kind = match algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
                let secret =
                    random_text(SECRET_BYTES).ok_or("the system gives no random numbers")?;
                return Ok(NewKey { key: format!("{secret}\n"), public: None });
            }
            Algorithm::ES256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Algorithm::ES384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Algorithm::EdDSA => &rcgen::PKCS_ED25519,
            other => {
                return Err(format!(
                    "keys for {} are made by openssl: openssl genrsa -out private.pem 3072",
                    algorithm_name(other)
                ));
            }
        };
        let pair = KeyPair::generate_for(kind).map_err(|error| error.to_string())?;
        Ok(NewKey {
            key: pem("PRIVATE KEY", &pair.serialize_der()),
            public: Some(pem("PUBLIC KEY", &pair.subject_public_key_info())),
        })
    }

    /// Writes the key to `path`, for its owner alone, and the public key beside
    /// it. Nothing is overwritten.
    ///
    /// # Errors
    /// What the system said.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        write(path, &self.key, 0o600)?;
        if let Some(public) = &self.public {
            let mut name = path.as_os_str().to_owned();
            name.push(".pub");
            write(&PathBuf::from(name), public, 0o644)?;
        }
        Ok(())
    }
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())
}
