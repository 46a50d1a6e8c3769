//! What a server tells about itself.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_evidence::Layer;

use super::Transport;

/// One thing that happened on a server.
#[derive(Debug, Clone)]
pub struct ServerEvent {
    /// When, on the monotonic clock.
    pub at: Instant,
    /// The server's name, as its starter called it.
    pub server: Arc<str>,
    /// The number of the connection within the server, from 1.
    pub connection: Option<u64>,
    /// The server's end.
    pub local: Option<SocketAddr>,
    /// The client's end.
    pub peer: Option<SocketAddr>,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields say what their variant does")]
pub enum EventKind {
    /// A socket is being served.
    Listening { transport: Transport },
    /// A connection was accepted and passed the limits.
    Accepted,
    /// A connection was accepted and closed at once: its client has too many.
    ClientLimit { connections: usize },
    /// Nothing more is accepted until a connection ends.
    AcceptPaused { connections: usize },
    /// `accept` failed; the loop goes on after `back_off`.
    AcceptFailed { errno: Option<i32>, error: String, back_off: Duration },
    /// Datagrams were dropped: too many are being answered.
    DatagramLimit { in_flight: usize },
    /// A TLS handshake is done.
    TlsHandshake {
        version: String,
        cipher_suite: String,
        alpn: Option<String>,
        name: Option<String>,
    },
    /// A TLS handshake failed.
    TlsFailed { error: String },
    /// An HTTP request was answered.
    HttpRequest { method: String, target: String, host: String, status: u16, duration: Duration },
    /// A DNS question was answered (or, without a code, was not).
    DnsQuery { question: String, rcode: Option<String>, duration: Duration },
    /// A resolver asked another server.
    DnsUpstream { server: SocketAddr, question: String, outcome: String, duration: Duration },
    /// A connection ended.
    Closed { how: Closed, read_bytes: u64, written_bytes: u64, duration: Duration },
    /// The server stops: no new connection, peers are told.
    Stopping,
    /// The server has stopped.
    Stopped { drained: usize, cut: usize },
}

impl EventKind {
    /// The layer that the event belongs to.
    pub fn layer(&self, transport: Transport) -> Layer {
        match self {
            EventKind::TlsHandshake { .. } | EventKind::TlsFailed { .. } => Layer::Tls,
            EventKind::HttpRequest { .. } => Layer::Http,
            EventKind::DnsQuery { .. } | EventKind::DnsUpstream { .. } => Layer::Dns,
            EventKind::DatagramLimit { .. } => Layer::Udp,
            _ => transport.layer(),
        }
    }
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The peer never sent a byte.
    FirstByte,
    /// Nothing was sent or received for too long.
    Idle,
    /// The TLS handshake took too long.
    Handshake,
    /// The whole connection took too long.
    Connection,
    /// The server stopped and could wait no longer.
    Stop,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cut::FirstByte => "the peer sent nothing",
            Cut::Idle => "the connection was idle for too long",
            Cut::Handshake => "the TLS handshake took too long",
            Cut::Connection => "the connection lasted too long",
            Cut::Stop => "the server stopped",
        })
    }
}

/// Where events go. It is called on the server's own tasks and must not block.
pub trait EventSink: Send + Sync + 'static {
    /// Takes one event.
    fn event(&self, event: ServerEvent);
}

/// A sink that drops everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Forget;

impl EventSink for Forget {
    fn event(&self, _: ServerEvent) {}
}

impl<F: Fn(ServerEvent) + Send + Sync + 'static> EventSink for F {
    fn event(&self, event: ServerEvent) {
        self(event);
    }
}

/// A full channel loses the event rather than making the server wait.
impl EventSink for tokio::sync::mpsc::Sender<ServerEvent> {
    fn event(&self, event: ServerEvent) {
        let _ = self.try_send(event);
    }
}

/// A sink together with whom its events are about.
#[derive(Clone)]
pub struct Events {
    pub(super) sink: Arc<dyn EventSink>,
    pub(super) server: Arc<str>,
    pub(super) connection: Option<u64>,
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: Option<SocketAddr>,
}

impl Events {
    /// Events of the server called `server`.
    pub fn new(server: impl Into<Arc<str>>, sink: impl EventSink) -> Self {
        let sink = Arc::new(sink);
        Events { sink, server: server.into(), connection: None, local: None, peer: None }
    }

    /// Tells that `kind` happened now.
    pub fn emit(&self, kind: EventKind) {
        self.sink.event(ServerEvent {
            at: Instant::now(),
            server: Arc::clone(&self.server),
            connection: self.connection,
            local: self.local,
            peer: self.peer,
            kind,
        });
    }

    pub(super) fn at(&self, local: SocketAddr) -> Self {
        Events { local: Some(local), ..self.clone() }
    }

    pub(super) fn between(&self, connection: Option<u64>, peer: SocketAddr) -> Self {
        Events { connection, peer: Some(peer), ..self.clone() }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("server", &self.server)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}
