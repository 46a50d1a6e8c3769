//! The accept core: what every server has in common.
//!
//! ```text
//! bound socket -> accept loop -> gate (connections in all, per client)
//!                                  -> Stream (deadlines, counters) -> Service
//! ```
//!
//! A [`Server`] takes sockets that somebody else bound (in whatever network
//! namespace), so it needs no privilege and knows no address. A service sees a
//! stream whose reads and writes fail when a deadline passes, and a
//! [`Context`] that says who the peer is and when to stop. A panic in one
//! service ends one connection.

mod accept;
mod event;
mod gate;
mod limits;
mod receive;
mod server;
mod stream;

pub(crate) use event::nanoseconds;
pub use event::{
    Closed, ConnectionRecord, Cut, Endpoint, EventKind, EventSink, Events, Forget, HttpExchange,
    Phase, Rule, ServerEvent, TlsRecord, Transport,
};
pub use limits::Limits;
pub use server::{
    Context, Datagram, DatagramService, ServeError, Server, Service, StopReport, unconnected,
};
pub use stream::{Io, Rewind, Stream};
pub(crate) use stream::{LINGER, LINGER_BYTES_MAX, close_gently};
