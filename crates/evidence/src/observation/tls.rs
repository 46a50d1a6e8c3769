//! What can be seen of a TLS handshake and of certificates.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::base64_bytes;

/// One handshake of the walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TlsHandshake {
    pub connection: u32,
    pub server_name: Option<String>,
    pub alpn_offered: Vec<String>,
    pub outcome: TlsOutcome,
    /// `TLSv1.2`, `TLSv1.3`.
    pub version: Option<String>,
    pub cipher_suite: Option<String>,
    pub group: Option<String>,
    pub alpn: Option<String>,
    /// The chain as the server sent it, kept although it may not verify.
    pub chain: Vec<Certificate>,
    pub trust: Option<Trust>,
    /// The server asked for a client certificate.
    pub client_certificate_requested: bool,
    pub client_certificate_sent: bool,
    /// The names of the authorities that the server named, if it did.
    pub client_certificate_authorities: Vec<String>,
    pub hello_bytes: u32,
    pub received_bytes: u64,
    /// The first bytes that came, at most 64: what a plaintext server says.
    pub first_bytes: Vec<u8>,
    pub start_ns: u64,
    pub duration_ns: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum TlsOutcome {
    Done,
    /// The chain did not verify; see `trust`.
    Untrusted,
    /// The peer sent an alert (RFC 8446 section 6).
    Alert {
        code: u8,
        name: String,
    },
    /// What came is not TLS.
    NotTls,
    /// The peer broke a rule, or cannot do what we can.
    Protocol {
        text: String,
    },
    /// End of stream before the handshake was complete.
    Closed,
    Reset,
    /// No (further) answer within the time-out.
    TimedOut,
    /// Ended by plumb when probes had told enough.
    Abandoned,
}

/// Whether the chain verifies against this host's roots at the wall clock of
/// the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    pub result: TrustResult,
    /// Where the roots came from.
    pub store: String,
    pub roots: u32,
    /// The roots hold a certificate whose subject is the issuer of the last
    /// certificate of the chain that was sent.
    pub last_issuer_in_store: bool,
    /// The leaf itself is among the roots.
    pub leaf_in_store: bool,
    /// With the name check left out, the chain verifies.
    pub path_ok: bool,
    /// All that is wrong, each judged as if nothing else were; `result` is the
    /// first of it. Empty where the chain is trusted.
    #[serde(default)]
    pub failures: Vec<TrustResult>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "trust", rename_all = "snake_case")]
pub enum TrustResult {
    Trusted,
    Expired,
    NotYetValid,
    WrongName,
    UnknownIssuer,
    WrongPurpose,
    Revoked,
    BadSignature,
    Other { text: String },
}

/// What a certificate says (RFC 5280), with its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// Subject alternative names: `dns:www.example.com`, `ip:10.0.0.1`.
    pub names: Vec<String>,
    pub common_name: Option<String>,
    pub serial: String,
    pub not_before_unix_s: i64,
    pub not_after_unix_s: i64,
    pub key: String,
    pub signature_algorithm: String,
    pub is_authority: bool,
    /// Subject equals issuer and the signature verifies with its own key.
    pub self_signed: bool,
    pub subject_key_id: Option<String>,
    pub authority_key_id: Option<String>,
    pub extended_key_usage: Vec<String>,
    /// Authority information access: where the issuer's certificate lies.
    pub issuer_urls: Vec<String>,
    pub sha256: String,
    #[serde(with = "base64_bytes")]
    pub der: Vec<u8>,
}

/// One raw ClientHello of the prober, or other bytes in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloProbe {
    pub address: SocketAddr,
    pub variant: HelloVariant,
    pub sent_bytes: u32,
    pub outcome: HelloOutcome,
    /// Whether the peer's TCP acknowledged all that was sent.
    pub acked: Option<bool>,
    pub duration_ns: u64,
}

/// The rungs of the ladder: what differs from the hello of the walk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "hello", rename_all = "snake_case")]
pub enum HelloVariant {
    /// A hello like the walk's.
    Same,
    /// Below 300 bytes: no post-quantum key share.
    Small,
    /// Without a server name.
    NoServerName,
    /// With another server name.
    OtherServerName { name: String },
    /// Offers this version at most (`TLSv1.0` to `TLSv1.3`) with every suite
    /// known for it.
    MaxVersion { version: String },
    /// Plain bytes, no TLS at all: a line of HTTP.
    PlainBytes,
    /// Connects and sends nothing: does the peer end the connection by itself?
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum HelloOutcome {
    ServerHello {
        version: String,
        cipher_suite: String,
    },
    Alert {
        code: u8,
        name: String,
    },
    /// Something came that is not TLS.
    OtherBytes {
        first_bytes: Vec<u8>,
    },
    Closed,
    Reset,
    Silent,
    ConnectFailed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum IssuerResult {
    /// The certificate came; with it the chain verifies, or not.
    Fetched {
        certificate: Box<Certificate>,
        completes_chain: bool,
    },
    Failed {
        text: String,
    },
}
