//! Handshake messages, RFC 8446 section 4: a type, a length of three bytes, a body. One may
//! span records, and one record may hold several.

use serde::{Deserialize, Serialize};

use super::certificate::{Certificate, CertificateRequest};
use super::client_hello::ClientHello;
use super::record::into_records;
use super::registry::{ContentType, HandshakeType, Version};
use super::server_hello::ServerHello;
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

/// A chain of ten large certificates fits; a hello that claims 16 MB is an attack.
pub const HANDSHAKE_BYTES_MAX: usize = 128 * 1024;
/// Type and length.
const HANDSHAKE_HEADER_BYTES: usize = 4;

/// A handshake message whose body is not taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HandshakeMessage {
    /// What the body is.
    pub kind: HandshakeType,
    /// The body.
    pub body: Vec<u8>,
}

impl Layout for HandshakeMessage {
    const NAME: &'static str = "TLS handshake message";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.u8("type", &mut self.kind)?;
        wire.vector("body", 3, |wire| wire.rest("data", &mut self.body).map(drop))
    }
}

/// The handshake message around `body`.
pub(super) fn into_handshake(kind: HandshakeType, body: &[u8]) -> Vec<u8> {
    HandshakeMessage { kind, body: body.to_vec() }.encode()
}

/// A handshake message, its body read where the format is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Handshake {
    /// What the client offers.
    ClientHello(ClientHello),
    /// What the server chooses.
    ServerHello(ServerHello),
    /// The server's chain (up to TLS 1.2), or the client's.
    Certificate(Certificate),
    /// The server's share of the key exchange (up to TLS 1.2).
    ServerKeyExchange(ServerKeyExchange),
    /// The server wants a certificate from the client (up to TLS 1.2).
    CertificateRequest(CertificateRequest),
    /// The server has said all it has to say (up to TLS 1.2).
    ServerHelloDone(ServerHelloDone),
    /// Any other.
    Other(HandshakeMessage),
}

/// The server's share of the key exchange, opaque: its form depends on the suite.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServerKeyExchange {
    /// Parameters and signature.
    pub data: Vec<u8>,
}

impl Layout for ServerKeyExchange {
    const NAME: &'static str = "TLS ServerKeyExchange";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.rest("parameters and signature", &mut self.data).map(drop)
    }
}

/// The end of the server's first flight; its body is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServerHelloDone;

impl Layout for ServerHelloDone {
    const NAME: &'static str = "TLS ServerHelloDone";

    fn lay(&mut self, _wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        Ok(())
    }
}

impl Default for Handshake {
    fn default() -> Handshake {
        Handshake::Other(HandshakeMessage::default())
    }
}

impl Handshake {
    /// The type of the message.
    pub fn kind(&self) -> HandshakeType {
        match self {
            Handshake::ClientHello(_) => HandshakeType::ClientHello,
            Handshake::ServerHello(_) => HandshakeType::ServerHello,
            Handshake::Certificate(_) => HandshakeType::Certificate,
            Handshake::ServerKeyExchange(_) => HandshakeType::ServerKeyExchange,
            Handshake::CertificateRequest(_) => HandshakeType::CertificateRequest,
            Handshake::ServerHelloDone(_) => HandshakeType::ServerHelloDone,
            Handshake::Other(message) => message.kind,
        }
    }

    /// The message in as many records as it takes.
    pub fn into_record(&self, version: Version) -> Vec<u8> {
        into_records(ContentType::Handshake, version, &self.encode())
    }

    fn blank(kind: HandshakeType) -> Handshake {
        match kind {
            HandshakeType::ClientHello => Handshake::ClientHello(ClientHello::default()),
            HandshakeType::ServerHello => Handshake::ServerHello(ServerHello::default()),
            HandshakeType::Certificate => Handshake::Certificate(Certificate::default()),
            HandshakeType::ServerKeyExchange => {
                Handshake::ServerKeyExchange(ServerKeyExchange::default())
            }
            HandshakeType::CertificateRequest => {
                Handshake::CertificateRequest(CertificateRequest::default())
            }
            HandshakeType::ServerHelloDone => Handshake::ServerHelloDone(ServerHelloDone),
            _ => Handshake::Other(HandshakeMessage { kind, body: Vec::new() }),
        }
    }
}

impl Layout for Handshake {
    const NAME: &'static str = "TLS handshake message";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let mut kind = self.kind();
        wire.u8("type", &mut kind)?;
        wire.here().meaning(|| kind.to_string());
        if wire.is_reading() {
            *self = Handshake::blank(kind);
        }
        wire.vector("body", 3, |wire| match self {
            Handshake::ClientHello(hello) => hello.lay(wire),
            Handshake::ServerHello(hello) => hello.lay(wire),
            Handshake::Certificate(certificate) => certificate.lay(wire),
            Handshake::ServerKeyExchange(exchange) => exchange.lay(wire),
            Handshake::CertificateRequest(request) => request.lay(wire),
            Handshake::ServerHelloDone(done) => done.lay(wire),
            Handshake::Other(message) => wire.rest("data", &mut message.body).map(drop),
        })
    }
}

impl TryFrom<HandshakeMessage> for Handshake {
    type Error = DecodeError;

    fn try_from(message: HandshakeMessage) -> Result<Handshake, DecodeError> {
        Handshake::decode(&message.encode())
    }
}

/// Why no handshake message can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// A message says that it is longer than anyone needs.
    #[error("a {kind} of {length_bytes} bytes, at most {HANDSHAKE_BYTES_MAX} are taken")]
    TooLong {
        /// What kind of message it is.
        kind: HandshakeType,
        /// What its length field says.
        length_bytes: usize,
    },
    /// More was pushed than a reader keeps.
    #[error("more than {HANDSHAKE_BYTES_MAX} bytes of handshake wait to be read")]
    Overflow,
}

/// Takes handshake messages out of the payloads of records.
#[derive(Debug, Default)]
pub struct HandshakeReader {
    pending: Vec<u8>,
    overflow: bool,
}

impl HandshakeReader {
    /// A reader at the start of a handshake.
    pub fn new() -> HandshakeReader {
        HandshakeReader::default()
    }

    /// Adds the payload of the next handshake record. What would exceed the limit is dropped,
    /// and [`Self::next`] ends in [`HandshakeError::Overflow`] after the messages before that.
    pub fn push(&mut self, payload: &[u8]) {
        let room =
            (HANDSHAKE_HEADER_BYTES + HANDSHAKE_BYTES_MAX).saturating_sub(self.pending.len());
        self.overflow |= payload.len() > room;
        self.pending.extend_from_slice(&payload[..payload.len().min(room)]);
    }

    /// The next message that is complete; `None` when more is needed. An error is final.
    #[allow(clippy::should_implement_trait)] // a Result of an Option, as a stream needs it
    pub fn next(&mut self) -> Result<Option<HandshakeMessage>, HandshakeError> {
        if let Some(&[kind, high, middle, low]) = self.pending.first_chunk() {
            let length_bytes = u32::from_be_bytes([0, high, middle, low]) as usize;
            if length_bytes > HANDSHAKE_BYTES_MAX {
                return Err(HandshakeError::TooLong { kind: kind.into(), length_bytes });
            }
        }
        match HandshakeMessage::decode_prefix(&self.pending) {
            Ok((message, used_bytes)) => {
                self.pending.drain(..used_bytes);
                Ok(Some(message))
            }
            Err(_) if self.overflow => Err(HandshakeError::Overflow),
            Err(_) => Ok(None),
        }
    }
}
