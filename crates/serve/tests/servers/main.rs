//! The servers on loopback, tried with own clients and with programs that
//! nobody here wrote.

mod accept;
mod dns;
mod ground;
mod http;
mod proxy;
mod small;
mod tls;
