//! Active operations that yield evidence.
//!
//! Every operation takes a [`Scope`] (where to record, for which hop, why),
//! records what it saw as [`plumb_evidence::Observation`]s, and returns what
//! the next step of a walk needs. "The network said no" is an observation,
//! never an `Err`; errors are for what could not be measured.
//!
//! * [`recorder`]: the one stream of events;
//! * [`scope`]: recorder, hop, purpose, and how this run reaches the network;
//! * [`policy`]: the one retry and deadline policy, and every duration;
//! * [`local`]: interfaces, routes, neighbours, the resolver's configuration;
//! * [`resolve`]: what the system answers, DNS exchanges, the delegation walk;
//! * [`dial`]: connections as RFC 8305 opens them;
//! * [`connection`]: an open connection that counts what passes;
//! * [`handshake`], [`trust`], [`certificate`], [`issuer`]: TLS with the chain
//!   kept;
//! * [`hello`]: the raw ClientHello ladder;
//! * [`exchange`], [`body`], [`proxy`], [`way`], [`decode`]: HTTP on a stream of
//!   our own;
//! * [`http`]: a client for programs: redirects, cookies, retries, downloads;
//! * [`starttls`]: the plain beginning of protocols that change to TLS;
//! * [`udp`]: one datagram and what comes back;
//! * [`plain`], [`path`], [`segment`]: what further probes ask.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod body;
pub mod certificate;
mod client;
pub mod connection;
pub mod credentials;
pub mod decode;
pub mod dial;
pub mod exchange;
pub mod handshake;
pub mod hello;
pub mod http;
pub mod issuer;
mod kernel;
pub mod local;
pub mod path;
pub mod plain;
pub mod policy;
pub mod proxy;
pub mod recorder;
mod redact;
pub mod resolve;
pub mod scope;
pub mod segment;
pub mod starttls;
pub mod trust;
pub mod udp;
pub mod way;

pub use connection::Connection;
pub use policy::{Deadline, Retry};
pub use recorder::{Recorder, Stall};
pub use scope::{AddressMap, Family, Network, Scope, Stop};
