//! The servers on loopback, tried with own clients and with programs that
//! nobody here wrote.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // what should not happen ends the test; SKIP is said

mod accept;
mod auth;
mod dns;
mod ground;
mod http;
mod http_framing;
mod http_web;
mod policy;
mod proxy;
mod record;
mod small;
mod terminator;
mod tls;
