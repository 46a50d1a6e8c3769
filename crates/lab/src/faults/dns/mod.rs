//! Faults of the dns layer.

pub(super) mod authority_silent;
pub(super) mod cname_loop;
pub(super) mod dangling_cname;
pub(super) mod lame_delegation;
pub(super) mod malformed;
pub(super) mod no_address;
pub(super) mod nxdomain;
pub(super) mod refused;
pub(super) mod resolver_port_closed;
pub(super) mod resolver_silent;
pub(super) mod servfail;
pub(super) mod slow_resolver;
pub(super) mod truncated;
pub(super) mod udp_blocked;
