//! What a server presents: certificates, leaf first, and the leaf's key.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Whether, and how, a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChainKind {
    /// Leaf and intermediate, valid for the name.
    #[default]
    Healthy,
    /// The leaf's validity is over.
    Expired,
    /// The leaf's validity has not begun.
    NotYetValid,
    /// The leaf is for another name.
    WrongName,
    /// One certificate, signed by its own key.
    SelfSigned,
    /// Leaf, intermediate and self-signed root of an authority that nobody trusts.
    UnknownRoot,
    /// The leaf without the intermediate; it says where that can be fetched.
    MissingIntermediate,
    /// The leaf's validity is over soon.
    ExpiresSoon,
}

/// A day of certificate time.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl ChainKind {
    /// Every kind.
    pub const ALL: [ChainKind; 8] = [
        ChainKind::Healthy,
        ChainKind::Expired,
        ChainKind::NotYetValid,
        ChainKind::WrongName,
        ChainKind::SelfSigned,
        ChainKind::UnknownRoot,
        ChainKind::MissingIntermediate,
        ChainKind::ExpiresSoon,
    ];

    /// First and last second of the leaf's validity, relative to now.
    pub(super) fn validity_s(self) -> (i64, i64) {
        const HOUR_S: i64 = 60 * 60;
        let days = |count: i64| count * DAY.as_secs() as i64;
        match self {
            ChainKind::Expired => (days(-93), days(-3)),
            ChainKind::NotYetValid => (days(7), days(97)),
            // An hour more, so that it stays eight whole days while it is looked at.
            ChainKind::ExpiresSoon => (days(-82), days(8) + HOUR_S),
            _ => (days(-1), days(89)),
        }
    }
}

/// Certificates, leaf first, as a server sends them, with the leaf's key.
#[derive(Debug)]
pub struct Chain {
    /// DER, leaf first.
    pub certificates: Vec<CertificateDer<'static>>,
    /// PKCS #8.
    pub key: PrivateKeyDer<'static>,
}

impl Clone for Chain {
    fn clone(&self) -> Self {
        Chain { certificates: self.certificates.clone(), key: self.key.clone_key() }
    }
}

impl Chain {
    /// The certificates as PEM, RFC 7468, leaf first.
    pub fn certificates_pem(&self) -> String {
        self.certificates.iter().map(|der| pem("CERTIFICATE", der)).collect()
    }

    /// The key as PEM.
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", self.key.secret_der())
    }
}

/// One PEM block, RFC 7468 section 2.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    const LINE: usize = 64;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut block = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(LINE));
        block.push_str(line);
        block.push('\n');
        rest = next;
    }
    block.push_str(&format!("-----END {label}-----\n"));
    block
}
