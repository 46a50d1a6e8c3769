//! The ClientHello, RFC 8446 section 4.1.2; the same on the wire since TLS 1.0.
//!
//! ```text
//! | version 2 | random 32 | session id <0..32> | cipher suites <2..2^16-2> |
//! | compression methods <1..255> | extensions <0..2^16-1> |
//! ```

use serde::{Deserialize, Serialize};

use super::extension::{Extension, Sender, lay_extensions};
use super::handshake::into_handshake;
use super::record::into_records;
use super::registry::{CipherSuite, ContentType, ExtensionType, HandshakeType, Version, is_grease};
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

/// What a client offers: the body of the handshake message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientHello {
    /// The highest version before TLS 1.3, which writes TLS 1.2 here.
    pub legacy_version: Version,
    /// 32 random bytes.
    pub random: [u8; 32],
    /// The session to resume, or anything, at most 32 bytes.
    pub session_id: Vec<u8>,
    /// The suites offered, the most wanted first.
    pub cipher_suites: Vec<CipherSuite>,
    /// Compression methods: 0, none, and nothing else since TLS 1.3.
    pub compression: Vec<u8>,
    /// The extensions, in the order of the wire.
    pub extensions: Vec<Extension>,
}

impl Default for ClientHello {
    fn default() -> ClientHello {
        ClientHello {
            legacy_version: Version::Tls12,
            random: [0; 32],
            session_id: Vec::new(),
            cipher_suites: Vec::new(),
            compression: vec![0],
            extensions: Vec::new(),
        }
    }
}

impl ClientHello {
    /// Reads the body of a handshake message.
    pub fn decode(body: &[u8]) -> Result<ClientHello, DecodeError> {
        <ClientHello as Layout>::decode(body)
    }

    /// Writes the body of the handshake message.
    pub fn encode(&self) -> Vec<u8> {
        <ClientHello as Layout>::encode(self)
    }

    /// The record (or records) that begin a connection. Their version is TLS 1.0, which servers
    /// of any age accept (RFC 8446 section 5.1); SSL 3.0 in a hello that offers no more.
    pub fn into_record(&self) -> Vec<u8> {
        let version = self.legacy_version.min(Version::Tls10);
        let message = into_handshake(HandshakeType::ClientHello, &self.encode());
        into_records(ContentType::Handshake, version, &message)
    }

    /// The extension of that kind.
    pub fn extension(&self, kind: ExtensionType) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.kind() == kind)
    }

    /// The host name of SNI.
    pub fn server_name(&self) -> Option<&[u8]> {
        match self.extension(ExtensionType::ServerName)? {
            Extension::ServerName(names) => {
                names.iter().find(|name| name.kind == 0).map(|name| name.name.as_slice())
            }
            _ => None,
        }
    }

    /// The versions offered, GREASE left out: those of `supported_versions`, or all from TLS
    /// 1.0 up to the legacy one.
    pub fn versions(&self) -> Vec<Version> {
        match self.extension(ExtensionType::SupportedVersions) {
            Some(Extension::SupportedVersions(versions)) => {
                versions.iter().copied().filter(|version| !is_grease(version.number())).collect()
            }
            _ => [Version::Tls12, Version::Tls11, Version::Tls10, Version::Ssl30]
                .into_iter()
                .filter(|version| version.number() <= self.legacy_version.number())
                .collect(),
        }
    }
}

impl Layout for ClientHello {
    const NAME: &'static str = "TLS ClientHello";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.u16("legacy version", &mut self.legacy_version)?;
        wire.array("random", &mut self.random)?;
        wire.vector("session id", 1, |wire| {
            let too_long = wire.remaining_bytes() > 32;
            wire.rest("id", &mut self.session_id)?.anomaly(too_long, || "longer than 32 bytes");
            Ok(())
        })?;
        wire.vector("cipher suites", 2, |wire| {
            wire.each(&mut self.cipher_suites, |wire, suite| {
                wire.u16("cipher suite", suite)?
                    .meaning_if(is_grease(suite.number()), || "GREASE, RFC 8701");
                Ok(())
            })
        })?;
        wire.vector("compression methods", 1, |wire| {
            wire.rest("methods", &mut self.compression)?
                .meaning_if(self.compression == [0], || "none")
                .anomaly(!self.compression.contains(&0), || "does not offer none (0)");
            Ok(())
        })?;
        lay_extensions(wire, &mut self.extensions, Sender::Client)
    }
}
