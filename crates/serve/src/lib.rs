//! Every server of plumb, on one hardened accept core.
//!
//! * [`core`]: accepts connections and datagrams on sockets that the caller
//!   bound, keeps the limits, tells what happens, stops gracefully;
//! * [`tls`]: a certificate authority, and TLS in front of any service;
//! * [`auth`]: who may: tokens, users, lock-out;
//! * [`raw`]: answers that no library gives: old versions, alerts, silence;
//! * [`dns`]: zones, an authority that serves them, a recursive resolver;
//! * [`http`]: a small site with inspection endpoints;
//! * [`echo`]: what comes goes back, or a reply to it;
//! * [`small`]: discard, daytime and greetings;
//! * [`proxy`]: an HTTP proxy (CONNECT and absolute-form).
//!
//! Servers own no address, no clock setting and no namespace: whoever starts
//! one binds its sockets and receives its events. What a fault changes while a
//! server runs stands in a [`Switch`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod auth;
pub mod core;
pub mod dns;
pub mod echo;
pub mod http;
pub mod proxy;
pub mod raw;
pub mod small;
mod switch;
pub mod tls;
pub mod watched;

pub use switch::Switch;
