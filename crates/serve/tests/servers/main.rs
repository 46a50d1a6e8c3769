//! The servers on loopback, tried with own clients and with programs that
//! nobody here wrote.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // what should not happen ends the test; SKIP is said

mod accept;
mod dns;
mod ground;
mod http;
mod proxy;
mod small;
mod tls;
