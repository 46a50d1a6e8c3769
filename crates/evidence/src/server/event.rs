//! One thing that happened on a server.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Endpoint, HttpExchange, Phase, Rule, Transport};
use crate::Layer;
use crate::observation::TcpInfo;

/// One thing that happened on a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerEvent {
    /// Monotonic time since the server began, in nanoseconds.
    pub at_ns: u64,
    /// The wall clock: nanoseconds since 1970, UTC.
    pub unix_ns: u64,
    /// The server's name, as its starter called it.
    pub server: Arc<str>,
    /// The number of the connection within the server, from 1.
    pub connection: Option<u64>,
    /// The server's end.
    pub local: Option<Endpoint>,
    /// The client's end.
    pub peer: Option<Endpoint>,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields say what their variant does")]
pub enum EventKind {
    // -- a server begins -----------------------------------------------------
    /// A socket was made.
    SocketCreated { family: String, socket_type: String },
    /// An option was asked for; the kernel may give another value.
    OptionSet { option: String, asked: String, effective: String },
    /// The socket has its address.
    Bound,
    /// A socket is being served.
    Listening { transport: Transport, backlog: Option<u32> },
    /// Every socket of the server is being served.
    Ready,
    /// What the server gave up or was confined to, or could not be.
    Confined { what: String, done: bool, detail: String },
    /// Something about the server as a whole, in words: a certificate's
    /// fingerprint, a URL to open.
    Note { text: String },

    // -- a connection begins -------------------------------------------------
    /// A connection was accepted and passed the limits.
    Accepted,
    /// Nothing more is accepted until a connection ends.
    AcceptPaused { connections: usize },
    /// `accept` failed; the loop goes on after the wait.
    AcceptFailed { errno: Option<i32>, error: String, back_off_ns: u64 },
    /// A proxy that is believed said for whom it speaks.
    ProxyHeader { version: u8, client: Option<Endpoint>, destination: Option<Endpoint> },
    /// A TLS handshake is done.
    TlsHandshake(TlsRecord),
    /// A TLS handshake failed.
    TlsFailed { error: String },
    /// New certificates are used from now on, or could not be.
    CertificateReloaded { done: bool, detail: String },

    // -- a conversation ------------------------------------------------------
    /// Bytes came. Told only where somebody wants such detail. `messages` are
    /// the TLS messages or HTTP/2 frames that they complete.
    Received {
        size_bytes: u64,
        first_bytes: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        messages: Option<Vec<String>>,
    },
    /// Bytes went. Told only where somebody wants such detail.
    Sent {
        size_bytes: u64,
        first_bytes: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        messages: Option<Vec<String>>,
    },
    /// The peer sends nothing more, and still reads.
    HalfClosed,
    /// A datagram came and was, or was not, answered.
    Datagram { received_bytes: u64, sent_bytes: Option<u64> },
    /// An HTTP request was answered.
    HttpRequest(Box<HttpExchange>),
    /// A DNS question was answered (or, without a code, was not).
    DnsQuery { question: String, rcode: Option<String>, duration_ns: u64 },
    /// A resolver asked another server.
    DnsUpstream { server: SocketAddr, question: String, outcome: String, duration_ns: u64 },
    /// A rule was broken; what was done about it stands in the words.
    Security { rule: Rule, phase: Phase, detail: String },
    /// So many more events of this rule were not told one by one: a flood of
    /// connections must not become a flood of events.
    Suppressed { rule: Rule, events: u64 },

    // -- the end -------------------------------------------------------------
    /// A connection ended.
    Closed(Box<ConnectionRecord>),
    /// The server stops: no new connection, peers are told.
    Stopping { open: usize },
    /// The server has stopped.
    Stopped { drained: usize, cut: usize },
}

impl EventKind {
    /// The layer that the event belongs to.
    pub fn layer(&self, transport: Transport) -> Layer {
        match self {
            EventKind::TlsHandshake(_)
            | EventKind::TlsFailed { .. }
            | EventKind::CertificateReloaded { .. } => Layer::Tls,
            EventKind::HttpRequest(_) => Layer::Http,
            EventKind::DnsQuery { .. } | EventKind::DnsUpstream { .. } => Layer::Dns,
            EventKind::Datagram { .. } => Layer::Udp,
            _ => transport.layer(),
        }
    }
}

/// What a TLS handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TlsRecord {
    /// `TLS 1.2`, `TLS 1.3`.
    pub version: String,
    /// IANA's name of the suite.
    pub cipher_suite: String,
    /// IANA's name of the group of the key exchange.
    pub group: Option<String>,
    /// The protocol that ALPN agreed on.
    pub alpn: Option<String>,
    /// The name that the client asked for (SNI).
    pub name: Option<String>,
    /// The subject of the client's certificate, where it showed one.
    pub client: Option<String>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
    /// From the first byte to the end of the handshake.
    pub duration_ns: u64,
}

/// The life of a connection, in one record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectionRecord {
    /// Why it ended.
    pub how: Closed,
    /// Bytes that came, below TLS.
    pub read_bytes: u64,
    /// Bytes that went, below TLS.
    pub written_bytes: u64,
    /// From accept to close.
    pub duration_ns: u64,
    /// `echo`, `HTTP/1.1`, `HTTP/2`, where a protocol was spoken.
    pub protocol: Option<String>,
    /// Requests or messages that were answered.
    pub requests: u64,
    /// What TLS agreed on.
    pub tls: Option<TlsRecord>,
    /// Who the client proved to be.
    pub user: Option<String>,
    /// The kernel's state of the connection just before it was closed.
    pub tcp: Option<TcpInfo>,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", content = "why", rename_all = "snake_case")]
pub enum Closed {
    /// The service was done with it.
    Finished,
    /// A limit of the server ended it.
    Cut(Cut),
    /// Reading, writing or the protocol failed.
    Failed(String),
    /// The service panicked; the message says why.
    Panicked(String),
}

/// The limit that ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cut {
    /// The peer never sent a byte.
    FirstByte,
    /// Nothing was sent or received for too long.
    Idle,
    /// The TLS handshake took too long.
    Handshake,
    /// The header of a request took too long.
    Header,
    /// A whole request took too long.
    Request,
    /// The peer took too slowly what was sent.
    SlowReader,
    /// The peer sent too slowly what it announced.
    SlowSender,
    /// The whole connection took too long.
    Connection,
    /// A rule of who may come, and how often.
    Refused,
    /// The server stopped and could wait no longer.
    Stop,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cut::FirstByte => "the peer sent nothing",
            Cut::Idle => "the connection was idle for too long",
            Cut::Handshake => "the TLS handshake took too long",
            Cut::Header => "the header of a request took too long",
            Cut::Request => "a request took too long",
            Cut::SlowReader => "the peer read too slowly",
            Cut::SlowSender => "the peer sent too slowly",
            Cut::Connection => "the connection lasted too long",
            Cut::Refused => "the client may not come, or not so often",
            Cut::Stop => "the server stopped",
        })
    }
}

impl std::error::Error for Cut {}
