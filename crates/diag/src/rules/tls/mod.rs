//! Handshakes and certificates.

pub(crate) mod cert;
pub(crate) mod client_cert;
pub(crate) mod hello;
mod ladder;
pub(crate) mod refusal;

pub(crate) use ladder::{Ladder, looks_like_tls};
