//! Where a server's events go.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use plumb_evidence::server::{
    Closed, ConnectionRecord, Cut, Endpoint, EventKind, HttpExchange, Phase, Rule, ServerEvent,
    TlsRecord, Transport,
};

/// Where events go. It is called on the server's own tasks and must not block.
pub trait EventSink: Send + Sync + 'static {
    /// Takes one event.
    fn event(&self, event: ServerEvent);

    /// Whether to tell of every read and write as well, with the first bytes.
    fn wants_bytes(&self) -> bool {
        false
    }
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
    pub(super) began: Instant,
    pub(super) sink: Arc<dyn EventSink>,
    pub(super) server: Arc<str>,
    pub(super) connection: Option<u64>,
    pub(super) local: Option<Endpoint>,
    pub(super) peer: Option<Endpoint>,
}

impl Events {
    /// Events of the server called `server`, whose time begins now.
    pub fn new(server: impl Into<Arc<str>>, sink: impl EventSink) -> Self {
        Events {
            began: Instant::now(),
            sink: Arc::new(sink),
            server: server.into(),
            connection: None,
            local: None,
            peer: None,
        }
    }

    /// Tells that `kind` happened now.
    pub fn emit(&self, kind: EventKind) {
        self.sink.event(ServerEvent {
            at_ns: nanoseconds(self.began.elapsed()),
            unix_ns: plumb_sys::clock::unix_ns(),
            server: Arc::clone(&self.server),
            connection: self.connection,
            local: self.local.clone(),
            peer: self.peer.clone(),
            kind,
        });
    }

    /// Tells that a rule was broken in this phase.
    pub fn security(&self, rule: Rule, phase: Phase, detail: impl Into<String>) {
        self.emit(EventKind::Security { rule, phase, detail: detail.into() });
    }

    /// Whether every read and write is to be told.
    pub fn wants_bytes(&self) -> bool {
        self.sink.wants_bytes()
    }

    pub(super) fn at(&self, local: Endpoint) -> Self {
        Events { local: Some(local), ..self.clone() }
    }

    pub(super) fn between(&self, connection: Option<u64>, peer: Endpoint) -> Self {
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

/// A duration as events have it.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
