//! Faults of the net layer.

pub(super) mod blackhole_route;
pub(super) mod dead_host;
pub(super) mod forwarding_off;
pub(super) mod host_filtered;
pub(super) mod host_rejected;
pub(super) mod ipv6_broken;
pub(super) mod mtu_blackhole;
pub(super) mod mtu_reduced;
pub(super) mod no_default_route;
pub(super) mod no_return_route;
pub(super) mod prohibit_route;
pub(super) mod router_rate_limited;
pub(super) mod router_silent;
pub(super) mod routing_loop;
pub(super) mod unreachable_route;
