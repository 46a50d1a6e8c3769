//! Ports and connections.

pub(crate) mod accepted;
pub(crate) mod local;
pub(crate) mod port;
