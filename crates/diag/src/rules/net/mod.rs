//! Addresses, routes, hosts, path, segment size.

pub(crate) mod family;
pub(crate) mod host;
pub(crate) mod local;
pub(crate) mod loss;
pub(crate) mod mtu;
pub(crate) mod route;
pub(crate) mod silence;
