//! Keys of JSON Web Tokens, and the algorithms that each may be used with.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RsaKeyPair,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::{PemObject, SectionKind};
use x509_parser::asn1_rs;
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate};

use crate::watched;

/// RFC 7518 section 3.2: a key as long as the hash, at least.
pub const SECRET_BYTES_MIN: usize = 32;

/// What kind of key it is. Each kind has algorithms of its own, so that a
/// public key can never be taken for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Bytes that both sides know.
    Secret,
    /// RSA.
    Rsa,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// EdDSA on Curve25519.
    Ed25519,
}

impl KeyKind {
    /// The algorithms of this kind, RFC 7518 section 3.1; the first is used
    /// unless another is asked for.
    pub fn algorithms(self) -> &'static [Algorithm] {
        use Algorithm::{
            ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512,
        };
        match self {
            KeyKind::Secret => &[HS256, HS384, HS512],
            KeyKind::Rsa => &[RS256, RS384, RS512, PS256, PS384, PS512],
            KeyKind::P256 => &[ES256],
            KeyKind::P384 => &[ES384],
            KeyKind::Ed25519 => &[EdDSA],
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            KeyKind::Secret => "a shared secret",
            KeyKind::Rsa => "an RSA key",
            KeyKind::P256 => "an ECDSA key on P-256",
            KeyKind::P384 => "an ECDSA key on P-384",
            KeyKind::Ed25519 => "an Ed25519 key",
        }
    }
}

/// The algorithm of this name, RFC 7518 section 3.1 and RFC 8037.
pub fn algorithm(name: &str) -> Option<Algorithm> {
    Algorithm::from_str(name).ok()
}

/// The name of an algorithm, as headers have it.
pub fn algorithm_name(algorithm: Algorithm) -> String {
    format!("{algorithm:?}")
}

/// A key that makes or checks tokens.
#[derive(Clone)]
pub struct Key {
    kind: KeyKind,
    decoding: DecodingKey,
    encoding: Option<EncodingKey>,
    secret_bytes: Option<usize>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A key for tokens cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is empty.
    #[error("there is no key in {path}: it is empty")]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// The key is encrypted.
    #[error("the key in {path} is encrypted; decrypt it: openssl pkey -in {path} -out key.pem")]
    Encrypted {
        /// Which file.
        path: PathBuf,
    },
    /// It is a key of a kind that tokens do not use, or broken.
    #[error("the key in {path} cannot be used for tokens: {detail}")]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The algorithm is for another kind of key.
    #[error("{algorithm} does not go with {} ({path}): it takes {}", kind.words(), names(kind.algorithms()))]
    WrongAlgorithm {
        /// Which file.
        path: PathBuf,
        /// What was asked for.
        algorithm: String,
        /// What the key is.
        kind: KeyKind,
    },
}

fn names(algorithms: &[Algorithm]) -> String {
    let names: Vec<String> = algorithms.iter().map(|one| algorithm_name(*one)).collect();
    names.join(", ")
}

impl Key {
    /// Reads a key: PEM (a public or private key, or a certificate), or else
    /// the whole file as a secret, less the end of its last line.
    ///
    /// # Errors
    /// When the file cannot be read or is no key that tokens can use.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let bytes = watched::read(path)
            .map_err(|source| KeyError::Unreadable { path: path.to_owned(), source })?;
        let text = bytes.trim_ascii_start();
        if text.starts_with(b"-----BEGIN ") {
            return Key::from_pem(text).map_err(|wrong| wrong.of(path));
        }
        let secret = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let secret = secret.strip_suffix(b"\r").unwrap_or(secret);
        if secret.is_empty() {
            return Err(KeyError::Empty { path: path.to_owned() });
        }
        Ok(Key::from_secret(secret))
    }

    /// A shared secret.
    pub fn from_secret(secret: &[u8]) -> Self {
        Key {
            kind: KeyKind::Secret,
            decoding: DecodingKey::from_secret(secret),
            encoding: Some(EncodingKey::from_secret(secret)),
            secret_bytes: Some(secret.len()),
        }
    }

    fn from_pem(text: &[u8]) -> Result<Self, Wrong> {
        if text.windows(9).any(|part| part == b"ENCRYPTED") {
            return Err(Wrong::Encrypted);
        }
        let (kind, der) = <(SectionKind, Vec<u8>)>::from_pem_slice(text)
            .map_err(|error| Wrong::Other(format!("it is not PEM ({error})")))?;
        match kind {
            SectionKind::PublicKey => Key::from_public(&der),
            SectionKind::Certificate => {
                let (_, parsed) = X509Certificate::from_der(&der).map_err(broken)?;
                Key::from_public(parsed.public_key().raw)
            }
            SectionKind::RsaPrivateKey | SectionKind::PrivateKey | SectionKind::EcPrivateKey => {
                let key = PrivateKeyDer::from_pem_slice(text).map_err(broken)?;
                Key::from_private(&key)
            }
            other => Err(Wrong::Other(format!("{other:?} is no key"))),
        }
    }

    /// A public key as SubjectPublicKeyInfo, RFC 5280 section 4.1.
    fn from_public(der: &[u8]) -> Result<Self, Wrong> {
        let (_, info) = SubjectPublicKeyInfo::from_der(der).map_err(broken)?;
        let algorithm = info.algorithm.algorithm.to_id_string();
        let curve =
            info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        let curve = curve.map(|oid| oid.to_id_string());
        let kind = match (algorithm.as_str(), curve.as_deref()) {
            // rsaEncryption; id-ecPublicKey with secp256r1, secp384r1; id-Ed25519
            ("1.2.840.113549.1.1.1", _) => KeyKind::Rsa,
            ("1.2.840.10045.2.1", Some("1.2.840.10045.3.1.7")) => KeyKind::P256,
            ("1.2.840.10045.2.1", Some("1.3.132.0.34")) => KeyKind::P384,
            ("1.3.101.112", _) => KeyKind::Ed25519,
            _ => return Err(Wrong::Other("it is not RSA, P-256, P-384 or Ed25519".to_owned())),
        };
        Ok(Key::of_public(kind, &info.subject_public_key.data, None))
    }

    fn of_public(kind: KeyKind, public: &[u8], encoding: Option<EncodingKey>) -> Self {
        let decoding = match kind {
            KeyKind::Secret => DecodingKey::from_secret(public),
            KeyKind::Rsa => DecodingKey::from_rsa_der(public),
            KeyKind::P256 | KeyKind::P384 => DecodingKey::from_ec_der(public),
            KeyKind::Ed25519 => DecodingKey::from_ed_der(public),
        };
        Key { kind, decoding, encoding, secret_bytes: None }
    }

    fn from_private(key: &PrivateKeyDer<'_>) -> Result<Self, Wrong> {
        let der = key.secret_der();
        if let Ok(pair) = rsa(key) {
            let encoding = EncodingKey::from_rsa_der(pkcs1(key).unwrap_or(der));
            return Ok(Key::of_public(KeyKind::Rsa, pair.public_key().as_ref(), Some(encoding)));
        }
        for (kind, algorithm) in [
            (KeyKind::P256, &ECDSA_P256_SHA256_FIXED_SIGNING),
            (KeyKind::P384, &ECDSA_P384_SHA384_FIXED_SIGNING),
        ] {
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, der)
                .or_else(|_| EcdsaKeyPair::from_private_key_der(algorithm, der));
            let Ok(pair) = pair else { continue };
            let pkcs8 = pair.to_pkcs8v1().map_err(broken)?;
            let encoding = EncodingKey::from_ec_der(pkcs8.as_ref());
            return Ok(Key::of_public(kind, pair.public_key().as_ref(), Some(encoding)));
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            let encoding = EncodingKey::from_ed_der(der);
            return Ok(Key::of_public(
                KeyKind::Ed25519,
                pair.public_key().as_ref(),
                Some(encoding),
            ));
        }
        Err(Wrong::Other("it is not RSA (2048 bits or more), P-256, P-384 or Ed25519".to_owned()))
    }

    /// What kind of key it is.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Whether it can make tokens, and not only check them.
    pub fn can_sign(&self) -> bool {
        self.encoding.is_some()
    }

    /// Why one should think again about this key.
    pub fn warning(&self) -> Option<String> {
        let bytes = self.secret_bytes.filter(|bytes| *bytes < SECRET_BYTES_MIN)?;
        Some(format!(
            "the secret has {bytes} bytes and RFC 7518 wants {SECRET_BYTES_MIN}: who has one token \
             can try secrets until one fits (openssl rand -base64 48 makes a good one)"
        ))
    }

    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }

    pub(super) fn encoding(&self) -> Option<&EncodingKey> {
        self.encoding.as_ref()
    }
}

/// The key of a file, with its algorithms: those asked for, if they go with it.
///
/// # Errors
/// When the file is no key, or an algorithm is for another kind.
pub fn read_pinned(
    path: &Path,
    algorithms: &[Algorithm],
) -> Result<(Key, Vec<Algorithm>), KeyError> {
    let key = Key::read(path)?;
    let own = key.kind().algorithms();
    if let Some(wrong) = algorithms.iter().find(|one| !own.contains(one)) {
        return Err(KeyError::WrongAlgorithm {
            path: path.to_owned(),
            algorithm: algorithm_name(*wrong),
            kind: key.kind(),
        });
    }
    let pinned = if algorithms.is_empty() { own[..1].to_vec() } else { algorithms.to_vec() };
    Ok((key, pinned))
}

enum Wrong {
    Encrypted,
    Other(String),
}

impl Wrong {
    fn of(self, path: &Path) -> KeyError {
        let path = path.to_owned();
        match self {
            Wrong::Encrypted => KeyError::Encrypted { path },
            Wrong::Other(detail) => KeyError::Unusable { path, detail },
        }
    }
}

fn broken(error: impl std::fmt::Display) -> Wrong {
    Wrong::Other(format!("it is broken ({error})"))
}

fn rsa(key: &PrivateKeyDer<'_>) -> Result<RsaKeyPair, aws_lc_rs::error::KeyRejected> {
    match key {
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => RsaKeyPair::from_pkcs8(key.secret_der()),
    }
}

/// The RSAPrivateKey inside a PrivateKeyInfo, RFC 5208 section 5.
fn pkcs1<'a>(key: &'a PrivateKeyDer<'_>) -> Option<&'a [u8]> {
    let PrivateKeyDer::Pkcs8(key) = key else { return None };
    let (_, info) = asn1_rs::Any::from_der(key.secret_pkcs8_der()).ok()?;
    let (rest, _version) = asn1_rs::Any::from_der(info.data).ok()?;
    let (rest, _algorithm) = asn1_rs::Any::from_der(rest).ok()?;
    let (_, octets) = asn1_rs::Any::from_der(rest).ok()?;
    Some(octets.data)
}
