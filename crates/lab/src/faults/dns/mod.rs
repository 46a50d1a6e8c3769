//! Faults of the dns layer.

pub(super) mod dangling_cname;
pub(super) mod lame_delegation;
pub(super) mod nxdomain;
pub(super) mod servfail;
pub(super) mod slow_resolver;
pub(super) mod truncated;
pub(super) mod udp_blocked;
