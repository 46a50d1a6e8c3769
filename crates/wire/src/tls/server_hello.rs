//! The ServerHello, RFC 8446 section 4.1.3; the same on the wire since TLS 1.0.

use serde::{Deserialize, Serialize};

use super::extension::{Extension, Sender, lay_extensions};
use super::registry::{CipherSuite, ExtensionType, Version};
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

/// RFC 8446 section 4.1.3: the SHA-256 of "HelloRetryRequest". A ServerHello with this random
/// asks for another ClientHello.
pub const HELLO_RETRY_REQUEST_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a server chooses: the body of the handshake message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerHello {
    /// The version chosen, up to TLS 1.2; TLS 1.3 writes TLS 1.2 here.
    pub legacy_version: Version,
    /// 32 random bytes; the last eight may say that a higher version was possible.
    pub random: [u8; 32],
    /// The session's name, or an echo of the client's.
    pub session_id: Vec<u8>,
    /// The suite chosen.
    pub cipher_suite: CipherSuite,
    /// The compression chosen: 0, none.
    pub compression: u8,
    /// The extensions, in the order of the wire.
    pub extensions: Vec<Extension>,
}

impl Default for ServerHello {
    fn default() -> ServerHello {
        ServerHello {
            legacy_version: Version::Tls12,
            random: [0; 32],
            session_id: Vec::new(),
            cipher_suite: CipherSuite::default(),
            compression: 0,
            extensions: Vec::new(),
        }
    }
}

impl ServerHello {
    /// Reads the body of a handshake message.
    pub fn decode(body: &[u8]) -> Result<ServerHello, DecodeError> {
        <ServerHello as Layout>::decode(body)
    }

    /// Writes the body of the handshake message.
    pub fn encode(&self) -> Vec<u8> {
        <ServerHello as Layout>::encode(self)
    }

    /// The version that both will speak.
    pub fn version(&self) -> Version {
        let chosen = self.extensions.iter().find_map(|extension| match extension {
            Extension::SelectedVersion(version) => Some(*version),
            _ => None,
        });
        chosen.unwrap_or(self.legacy_version)
    }

    /// True when it asks the client to try again with another group or a cookie.
    pub fn is_retry_request(&self) -> bool {
        self.random == HELLO_RETRY_REQUEST_RANDOM
    }

    /// The extension of that kind.
    pub fn extension(&self, kind: ExtensionType) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.kind() == kind)
    }
}

impl Layout for ServerHello {
    const NAME: &'static str = "TLS ServerHello";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.u16("legacy version", &mut self.legacy_version)?;
        wire.array("random", &mut self.random)?
            .meaning_if(self.random == HELLO_RETRY_REQUEST_RANDOM, || "HelloRetryRequest")
            .meaning_if(self.random.ends_with(b"DOWNGRD\x01"), || "the server can do TLS 1.3")
            .meaning_if(self.random.ends_with(b"DOWNGRD\x00"), || "the server can do TLS 1.2");
        wire.vector("session id", 1, |wire| wire.rest("id", &mut self.session_id).map(drop))?;
        wire.u16("cipher suite", &mut self.cipher_suite)?;
        wire.u8("compression method", &mut self.compression)?
            .meaning_if(self.compression == 0, || "none")
            .anomaly(self.compression != 0, || "compression leaks secrets (CRIME)");
        lay_extensions(wire, &mut self.extensions, Sender::Server)
    }
}
