//! The accept core: what every server has in common.
//!
//! ```text
//! bound socket -> accept loop: room? -> proxy's header -> may it come? how often?
//!                   how many? -> Conversation (limits, record) -> Service
//! ```
//!
//! A [`Server`] takes sockets that somebody else bound (in whatever network
//! namespace), so it needs no privilege and knows no address. A service sees a
//! stream whose reads and writes fail when a limit has passed, and a
//! [`Context`] that says who the peer is and when to stop, and takes what only
//! the service knows into the connection's [`Ledger`]. A panic in one service
//! ends one connection.

mod accept;
pub mod access;
mod alarm;
mod close;
mod connection;
mod event;
mod gate;
mod ledger;
pub mod lend;
mod limits;
mod listener;
pub mod pace;
mod policy;
mod proxied;
pub mod rate;
mod receive;
mod refuse;
mod rewind;
mod server;
mod socket;
mod stream;
mod throttle;

pub(crate) use close::{LINGER, LINGER_BYTES_MAX, close_gently};
pub(crate) use event::nanoseconds;
pub use event::{
    Closed, ConnectionRecord, Cut, Endpoint, EventKind, EventSink, Events, Forget, HttpExchange,
    Phase, Rule, ServerEvent, TlsRecord, Transport,
};
pub use ledger::{Ledger, Working};
pub use limits::{Limits, WhenFull};
pub use policy::{Policy, Proxies};
pub use refuse::Refusal;
pub use rewind::Rewind;
pub use server::{
    Context, Datagram, DatagramService, ServeError, Server, Service, StopReport, unconnected,
};
pub use stream::{Io, Stream};
