//! TLS as far as it is in the clear: records, alerts, and the handshake up to the keys.
//! RFC 8446 (1.3), RFC 5246 (1.2), RFC 4346 (1.1), RFC 2246 (1.0).

mod alert;
mod certificate;
mod client_hello;
mod extension;
mod handshake;
mod names;
mod record;
mod registry;
mod server_hello;
pub mod starttls;

pub use alert::Alert;
pub use certificate::{Certificate, CertificateRequest};
pub use client_hello::ClientHello;
pub use extension::{Extension, KeyShareEntry, ServerName};
pub use handshake::{
    HANDSHAKE_BYTES_MAX, Handshake, HandshakeError, HandshakeMessage, HandshakeReader,
    ServerHelloDone, ServerKeyExchange,
};
pub use names::RecordNames;
pub use record::{
    Content, PENDING_BYTES_MAX, PLAINTEXT_BYTES_MAX, Plaintext, RECORD_HEADER_BYTES,
    RECORD_PAYLOAD_BYTES_MAX, Record, RecordError, RecordReader, into_records,
};
pub use registry::{
    AlertDescription, AlertLevel, CipherSuite, ClientCertificateType, ContentType, ExtensionType,
    HandshakeType, NamedGroup, SignatureScheme, Version, is_grease,
};
pub use server_hello::{HELLO_RETRY_REQUEST_RANDOM, ServerHello};
