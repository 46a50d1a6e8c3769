//! Datagrams.

pub(crate) mod port;
