//! Where a server's events go.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use plumb_evidence::server::{
    Closed, ConnectionRecord, Cut, Endpoint, EventKind, HttpExchange, Phase, Rule, ServerEvent,
    TlsRecord, Transport,
};

use plumb_wire::conversation::{Conversation, Side};

use super::throttle::Throttle;

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

/// A sink together with whom its events are about. Cloning is cheap.
#[derive(Clone)]
pub struct Events(Arc<About>);

/// Whom events are about.
struct About {
    origin: Arc<Origin>,
    connection: Option<NonZeroU64>,
    /// Mostly that of the listening socket, and then the same.
    local: Option<Arc<Endpoint>>,
    peer: Option<Endpoint>,
    /// Names what passes on the connection, where bytes are wanted.
    conversation: Option<Box<Mutex<Conversation>>>,
}

/// What all events of a server have in common.
struct Origin {
    began: Instant,
    server: Arc<str>,
    throttle: Throttle,
    wants_bytes: bool,
    sink: Box<dyn EventSink>,
}

/// Bytes of a read or write that an event shows. What people want to see of a
/// conversation is its beginning.
const SHOWN_BYTES_MAX: usize = 4096;

impl Events {
    /// Events of the server called `server`, whose time begins now.
    pub fn new(server: impl Into<Arc<str>>, sink: impl EventSink) -> Self {
        let origin = Origin {
            began: Instant::now(),
            server: server.into(),
            throttle: Throttle::default(),
            wants_bytes: sink.wants_bytes(),
            sink: Box::new(sink),
        };
        Events(Arc::new(About {
            origin: Arc::new(origin),
            connection: None,
            local: None,
            peer: None,
            conversation: None,
        }))
    }

    /// Tells that `kind` happened now.
    pub fn emit(&self, kind: EventKind) {
        let About { origin, connection, local, peer, .. } = &*self.0;
        if let EventKind::TlsHandshake(record) = &kind {
            self.begin_inside(record);
        }
        origin.sink.event(ServerEvent {
            at_ns: nanoseconds(origin.began.elapsed()),
            unix_ns: plumb_sys::clock::unix_ns(),
            server: Arc::clone(&origin.server),
            connection: connection.map(NonZeroU64::get),
            local: local.as_deref().cloned(),
            peer: peer.clone(),
            kind,
        });
    }

    /// Tells that a rule was broken in this phase. Of each rule so many are
    /// told in a second; what is more is counted and told later.
    pub fn security(&self, rule: Rule, phase: Phase, detail: impl Into<String>) {
        let second = self.0.origin.began.elapsed().as_secs();
        let verdict = self.0.origin.throttle.check(rule, second);
        if verdict.untold > 0 {
            self.emit(EventKind::Suppressed { rule, events: verdict.untold });
        }
        if verdict.tell {
            self.emit(EventKind::Security { rule, phase, detail: detail.into() });
        }
    }

    /// Tells of what was counted and not told.
    pub(super) fn flush_suppressed(&self) {
        for (rule, events) in self.0.origin.throttle.take_untold() {
            self.emit(EventKind::Suppressed { rule, events });
        }
    }

    /// Whether every read and write is to be told.
    pub fn wants_bytes(&self) -> bool {
        self.0.origin.wants_bytes
    }

    /// Tells of bytes that came, where that is wanted.
    pub fn received(&self, bytes: &[u8]) {
        if self.wants_bytes() {
            let size_bytes = bytes.len() as u64;
            let messages = self.messages(Side::Client, bytes);
            self.emit(EventKind::Received { size_bytes, first_bytes: shown(bytes), messages });
        }
    }

    /// Tells of bytes that went, where that is wanted.
    pub fn sent(&self, bytes: &[u8]) {
        if self.wants_bytes() {
            let size_bytes = bytes.len() as u64;
            let messages = self.messages(Side::Server, bytes);
            self.emit(EventKind::Sent { size_bytes, first_bytes: shown(bytes), messages });
        }
    }

    fn messages(&self, side: Side, bytes: &[u8]) -> Option<Vec<String>> {
        let conversation = self.0.conversation.as_ref()?;
        conversation.lock().unwrap_or_else(PoisonError::into_inner).passed(side, bytes)
    }

    /// From here on what is inside TLS is told.
    fn begin_inside(&self, record: &TlsRecord) {
        if let Some(conversation) = &self.0.conversation {
            *conversation.lock().unwrap_or_else(PoisonError::into_inner) =
                match record.alpn.as_deref() {
                    Some("h2") => Conversation::http2(),
                    _ => Conversation::new(),
                };
        }
    }

    /// Tells that the peer sends nothing more, where that is wanted.
    pub fn half_closed(&self) {
        if self.wants_bytes() {
            self.emit(EventKind::HalfClosed);
        }
    }

    /// The number of the connection, from 1.
    pub fn connection(&self) -> Option<u64> {
        self.0.connection.map(NonZeroU64::get)
    }

    pub(super) fn at(&self, local: Option<Endpoint>) -> Self {
        let About { origin, connection, peer, .. } = &*self.0;
        Events(Arc::new(About {
            origin: Arc::clone(origin),
            connection: *connection,
            local: local.map(Arc::new),
            peer: peer.clone(),
            conversation: None,
        }))
    }

    pub(super) fn between(
        &self,
        connection: Option<u64>,
        local: Option<Endpoint>,
        peer: Endpoint,
    ) -> Self {
        let shared = self.0.local.as_ref().filter(|own| local.as_ref() == Some(own));
        Events(Arc::new(About {
            origin: Arc::clone(&self.0.origin),
            connection: connection.and_then(NonZeroU64::new),
            local: shared.map(Arc::clone).or_else(|| local.map(Arc::new)),
            peer: Some(peer),
            conversation: self.wants_bytes().then(Box::default),
        }))
    }

    pub(super) fn local(&self) -> Option<&Endpoint> {
        self.0.local.as_deref()
    }
}

/// The beginning of `bytes` as text: what is no printable ASCII is escaped.
fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(SHOWN_BYTES_MAX)].escape_ascii().to_string()
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("server", &self.0.origin.server)
            .field("connection", &self.0.connection)
            .finish_non_exhaustive()
    }
}

/// A duration as events have it.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
